package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	sq "github.com/Masterminds/squirrel"

	"github.com/xunjia/xunjia"
)

// maxChatText bounds what is kept of a message's text, in bytes.
const maxChatText = 2 << 10

// ConversationPush is what a fan did and what he is answered.
type ConversationPush struct {
	AppID   string
	OpenID  string
	Key     string // of the push; the same push is recorded once
	Opening xunjia.Opening
	Waits   bool // somebody should look at it: a message, as opposed to an event
	Message xunjia.ChatMessage
	// Answers are what he is told: the first one in the answer to the push,
	// the others as customer messages from DueAt on.
	Answers []xunjia.ChatMessage
	DueAt   time.Time
}

// RecordPush writes down a push and its answers and marks it as handled. fresh is
// false, and nothing changes, when it was recorded before: then it has been
// answered too.
func (s *Store) RecordPush(ctx context.Context, p ConversationPush) (fresh bool, err error) {
	if p.AppID == "" || p.OpenID == "" || p.Key == "" {
		return false, errors.New("store: a conversation needs its account, fan and push")
	}
	err = s.runTx(ctx, func(tx *tx) error {
		fresh = false
		c, err := s.beginConversation(ctx, tx, p.AppID, p.OpenID)
		if err != nil {
			return err
		}
		// The platform's clock may be ahead of ours; an answer never comes
		// before its question.
		in := p.Message
		in.Conversation, in.Direction, in.Way, in.State = c.ID, xunjia.FromFan, xunjia.PushWay, xunjia.MessageDone
		if in.At.IsZero() {
			in.At = tx.now
		}
		if _, err = insertMessage(ctx, tx, in, p.Key, 0); isDuplicate(err) {
			return nil
		} else if err != nil {
			return err
		}
		answered := tx.now
		if in.At.After(answered) {
			answered = in.At
		}
		for i, a := range p.Answers {
			a.Conversation, a.Direction, a.At = c.ID, xunjia.ToFan, answered
			a.Way, a.State = xunjia.PassiveWay, xunjia.MessageDone
			var due time.Time
			if i > 0 {
				a.Way, a.State, due = xunjia.CustomerWay, xunjia.MessageQueued, p.DueAt
			}
			if _, err := insertMessage(ctx, tx, a, answerKey(p.Key, i), millis(due)); err != nil {
				return err
			}
		}
		c.Window = c.Window.Opened(p.Opening, in.At)
		if !in.At.Before(c.LastAt) {
			c.LastAt, c.LastText = in.At, in.Text
		}
		if p.Waits {
			c.Unread++
		}
		if err := updateConversation(ctx, tx, c); err != nil {
			return err
		}
		fresh = true
		_, err = exec(ctx, tx, markInbound(p.AppID, p.Key, tx.now))
		return err
	})
	return fresh, err
}

// answerKey is the once_key of the nth answer to a push.
func answerKey(push string, n int) string { return fmt.Sprintf("%s/%d", push, n) }

// beginConversation answers the conversation with a fan, locked; it is made when
// there is none.
func (s *Store) beginConversation(ctx context.Context, tx *tx, appID, openID string) (xunjia.Conversation, error) {
	fan := sq.Eq{"app_id": appID, "open_id": openID}
	c, err := s.lockConversation(ctx, tx, fan)
	if !errors.Is(err, sql.ErrNoRows) {
		return c, err
	}
	_, err = exec(ctx, tx, sq.Insert("conversation").
		Columns("app_id", "open_id", "last_text", "last_at", "unread", "waiting", "talked_at", "talk_used", "tapped_at", "tap_used").
		Values(appID, openID, "", 0, 0, 0, 0, 0, 0, 0).Suffix(s.dialect.upsert([]string{"app_id", "open_id"})))
	if err != nil {
		return c, err
	}
	return s.lockConversation(ctx, tx, fan)
}

// lockConversation locks one and then reads it: reading it with the lock would
// lock the fan's identity too.
func (s *Store) lockConversation(ctx context.Context, tx *tx, where sq.Eq) (xunjia.Conversation, error) {
	id, err := one(ctx, tx, sq.Select("id").From("conversation").Where(where).Suffix(s.dialect.forUpdate()), scanInt)
	if err != nil {
		return xunjia.Conversation{}, err
	}
	return one(ctx, tx, selectConversation().Where(sq.Eq{"c.id": id}), scanConversation)
}

func insertMessage(ctx context.Context, tx *tx, m xunjia.ChatMessage, onceKey string, due int64) (id int64, err error) {
	answer := ""
	if m.Answer.Kind != "" {
		b, err := json.Marshal(m.Answer)
		if err != nil {
			return 0, fmt.Errorf("store: %w", err)
		}
		answer = string(b)
	}
	return insert(ctx, tx, sq.Insert("conversation_message").
		Columns("conversation_id", "once_key", "direction", "way", "kind", "content", "media", "answer", "staff_id", "state", "reason", "created_at", "due_at").
		Values(m.Conversation, onceKey, string(m.Direction), string(m.Way), truncate(m.Kind, 32), cutBytes(m.Text, maxChatText),
			truncate(m.Media, 256), answer, m.Staff, string(m.State), shorten(m.Reason), millis(m.At), due))
}

// updateConversation writes what changes of a locked conversation.
func updateConversation(ctx context.Context, tx *tx, c xunjia.Conversation) error {
	_, err := exec(ctx, tx, sq.Update("conversation").
		Set("last_text", truncate(strings.ReplaceAll(c.LastText, "\n", " "), 80)).Set("last_at", millis(c.LastAt)).
		Set("unread", c.Unread).Set("waiting", flag(c.Unread > 0)).
		Set("talked_at", millis(c.Window.TalkedAt)).Set("talk_used", c.Window.TalkUsed).
		Set("tapped_at", millis(c.Window.TappedAt)).Set("tap_used", c.Window.TapUsed).
		Where(sq.Eq{"id": c.ID}))
	return err
}

// cutBytes cuts a text to n bytes without breaking a character.
func cutBytes(s string, n int) string {
	if len(s) <= n {
		return s
	}
	const more = "…"
	n -= len(more)
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n] + more
}

func selectConversation() sq.SelectBuilder {
	return sq.Select("c.id", "c.app_id", "c.open_id", "c.last_text", "c.last_at", "c.unread",
		"c.talked_at", "c.talk_used", "c.tapped_at", "c.tap_used",
		"COALESCE(i.id, 0)", "COALESCE(i.user_id, 0)", "COALESCE(i.nickname, '')", "COALESCE(i.avatar_url, '')",
		"COALESCE(i.remark, '')", "COALESCE(i.subscribed, 0)", "COALESCE(i.subscribed_at, 0)").
		From("conversation c").LeftJoin("wechat_identity i ON i.app_id = c.app_id AND i.open_id = c.open_id")
}

func scanConversation(row scanner) (c xunjia.Conversation, err error) {
	var last, talked, tapped, told int64
	i := &c.Identity
	err = row.Scan(&c.ID, &c.AppID, &c.OpenID, &c.LastText, &last, &c.Unread, &talked, &c.Window.TalkUsed, &tapped, &c.Window.TapUsed,
		&i.ID, &i.UserID, &i.Nickname, &i.AvatarURL, &c.Remark, &i.Subscribed, &told)
	i.AppID, i.OpenID = c.AppID, c.OpenID
	c.LastAt, c.Window.TalkedAt, c.Window.TappedAt = moment(last), moment(talked), moment(tapped)
	// Somebody of whom the platform never told whether he follows does: he writes.
	c.Window.Gone = told > 0 && !i.Subscribed
	return c, err
}

// ConversationFilter narrows the list of conversations; zero fields narrow
// nothing.
type ConversationFilter struct {
	Waiting bool   // with messages that nobody has seen
	Search  string // part of the nickname or remark, or the end of the openid
}

// Conversations lists conversations, the newest message first.
func (s *Store) Conversations(ctx context.Context, f ConversationFilter, p xunjia.Page) (xunjia.List[xunjia.Conversation], error) {
	k, err := newKeyset(p)
	if err != nil {
		return xunjia.List[xunjia.Conversation]{}, err
	}
	q := selectConversation()
	if f.Search != "" {
		like := escapeLike(f.Search)
		// '!' because a backslash means something else in each engine's literals.
		q = q.Where("(i.nickname LIKE ? ESCAPE '!' OR i.remark LIKE ? ESCAPE '!' OR c.open_id LIKE ? ESCAPE '!')",
			"%"+like+"%", "%"+like+"%", "%"+like)
	}
	var pins []pin
	if f.Waiting {
		pins = append(pins, pin{"c.waiting", 1})
	}
	rows, err := all(ctx, s.db, k.apply(q, s.dialect, "c.last_at", "c.id", pins...), scanConversation)
	if err != nil {
		return xunjia.List[xunjia.Conversation]{}, err
	}
	return cut(k, rows, func(c xunjia.Conversation) (time.Time, int64) { return c.LastAt, c.ID }), nil
}

// escapeLike makes a text mean itself in LIKE … ESCAPE '!'.
func escapeLike(s string) string {
	return strings.NewReplacer("!", "!!", "%", "!%", "_", "!_").Replace(s)
}

// WaitingConversations counts conversations with messages that nobody has seen.
func (s *Store) WaitingConversations(ctx context.Context) (int, error) {
	n, err := one(ctx, s.db, sq.Select("COUNT(*)").From("conversation").Where(sq.Eq{"waiting": 1}), scanInt)
	return int(n), err
}

func errNoConversation() error { return xunjia.Errorf(xunjia.NotFound, "没有找到这个会话") }

// Conversation finds one, or NotFound.
func (s *Store) Conversation(ctx context.Context, id int64) (xunjia.Conversation, error) {
	return s.conversation(ctx, sq.Eq{"c.id": id})
}

// ConversationWith finds the one with a fan, or NotFound when there is none yet.
func (s *Store) ConversationWith(ctx context.Context, appID, openID string) (xunjia.Conversation, error) {
	return s.conversation(ctx, sq.Eq{"c.app_id": appID, "c.open_id": openID})
}

func (s *Store) conversation(ctx context.Context, where sq.Eq) (xunjia.Conversation, error) {
	c, err := one(ctx, s.db, selectConversation().Where(where), scanConversation)
	if errors.Is(err, sql.ErrNoRows) {
		return c, errNoConversation()
	}
	return c, err
}

// ReadConversation notes that staff have seen everything in it.
func (s *Store) ReadConversation(ctx context.Context, id int64) error {
	_, err := s.write(ctx, sq.Update("conversation").Set("unread", 0).Set("waiting", 0).Where(sq.Eq{"id": id, "waiting": 1}))
	return err
}

func selectMessages() sq.SelectBuilder {
	return sq.Select("id", "conversation_id", "direction", "way", "kind", "content", "media", "answer", "staff_id", "state", "reason", "created_at").
		From("conversation_message")
}

func scanMessage(row scanner) (m xunjia.ChatMessage, err error) {
	var answer string
	var at int64
	if err := row.Scan(&m.ID, &m.Conversation, &m.Direction, &m.Way, &m.Kind, &m.Text, &m.Media, &answer, &m.Staff, &m.State, &m.Reason, &at); err != nil {
		return m, err
	}
	m.At = moment(at)
	if answer != "" {
		err = json.Unmarshal([]byte(answer), &m.Answer)
	}
	return m, err
}

// ChatMessages lists the messages of a conversation, newest first.
func (s *Store) ChatMessages(ctx context.Context, conversation int64, p xunjia.Page) (xunjia.List[xunjia.ChatMessage], error) {
	k, err := newKeyset(p)
	if err != nil {
		return xunjia.List[xunjia.ChatMessage]{}, err
	}
	rows, err := all(ctx, s.db, k.apply(selectMessages(), s.dialect, "created_at", "id", pin{"conversation_id", conversation}), scanMessage)
	if err != nil {
		return xunjia.List[xunjia.ChatMessage]{}, err
	}
	return cut(k, rows, func(m xunjia.ChatMessage) (time.Time, int64) { return m.At, m.ID }), nil
}

// ChatMessage finds a message of a conversation, or NotFound.
func (s *Store) ChatMessage(ctx context.Context, conversation, id int64) (xunjia.ChatMessage, error) {
	m, err := one(ctx, s.db, selectMessages().Where(sq.Eq{"id": id, "conversation_id": conversation}), scanMessage)
	if errors.Is(err, sql.ErrNoRows) {
		return m, xunjia.Errorf(xunjia.NotFound, "没有找到这条消息")
	}
	return m, err
}

// PruneConversations deletes up to limit messages that are older than the given
// moment and answers how many there were. The conversations stay.
func (s *Store) PruneConversations(ctx context.Context, before time.Time, limit int) (int, error) {
	n, err := s.write(ctx, sq.Delete("conversation_message").Where("id IN (SELECT id FROM (SELECT id FROM conversation_message"+
		" WHERE created_at < ? ORDER BY created_at LIMIT ?) q)", millis(before), limit))
	return int(n), err
}
