package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	sq "github.com/Masterminds/squirrel"

	"github.com/xunjia/xunjia"
)

// sendingFor is how long a message may be on its way before nobody knows what
// came of it; a call takes seconds.
const sendingFor = 2 * time.Minute

// BeginAnswer takes one message out of a fan's window for what staff want to
// send, and records it as being sent. It happens once per formKey: with fresh
// false m is what the first time made of it, and nothing is to be sent. The error
// is Conflict, in words for staff, when the window is shut.
func (s *Store) BeginAnswer(ctx context.Context, conversation int64, formKey string, m xunjia.ChatMessage) (begun xunjia.ChatMessage, fresh bool, err error) {
	err = s.runTx(ctx, func(tx *tx) error {
		fresh = false
		c, err := s.lockConversation(ctx, tx, sq.Eq{"id": conversation})
		if errors.Is(err, sql.ErrNoRows) {
			return errNoConversation()
		}
		if err != nil {
			return err
		}
		key := "f:" + formKey
		begun, err = one(ctx, tx, selectMessages().Where(sq.Eq{"conversation_id": c.ID, "once_key": key}), scanMessage)
		if !errors.Is(err, sql.ErrNoRows) {
			return err
		}
		window, ok := c.Window.Spend(tx.now)
		if !ok {
			return xunjia.Errorf(xunjia.Conflict, "%s", c.Window.Closed(tx.now))
		}
		m.Conversation, m.Direction, m.Way, m.State, m.At = c.ID, xunjia.ToFan, xunjia.CustomerWay, xunjia.MessageSending, tx.now
		if m.At.Before(c.LastAt) {
			m.At = c.LastAt
		}
		if m.Media != "" {
			usable, err := s.useMedia(ctx, tx, []string{m.Media}, sq.Eq{})
			if err != nil {
				return err
			}
			if !usable[m.Media] {
				return xunjia.FieldErrors{"image": "图片已失效，请重新选择"}.Err()
			}
		}
		if m.ID, err = insertMessage(ctx, tx, m, key, millis(tx.now.Add(sendingFor))); err != nil {
			return err
		}
		c.Window, c.Unread, c.LastAt, c.LastText = window, 0, m.At, "我："+m.Text
		if err := updateConversation(ctx, tx, c); err != nil {
			return err
		}
		begun, fresh = m, true
		return tx.audit(ctx, xunjia.Audit{Staff: m.Staff, Action: "conversation.answered", Target: fmt.Sprintf("conversation:%d", c.ID)})
	})
	return begun, fresh, err
}

// QueuedMessage is a message to be sent and to whom.
type QueuedMessage struct {
	xunjia.ChatMessage
	AppID  string
	OpenID string
}

// ClaimMessage takes up the queued message that is due longest, for whose fan the
// window has room; those without room are skipped. Nobody else gets it: what
// FinishMessage does not end within two minutes counts as unknown and is not
// sent again. ok is false when nothing is due.
func (s *Store) ClaimMessage(ctx context.Context, appID string) (m QueuedMessage, ok bool, err error) {
	now := s.now()
	if _, err := s.write(ctx, sq.Update("conversation_message").Set("state", string(xunjia.MessageUnknown)).
		Set("reason", "发送时中断，不知道对方是否收到").Set("due_at", 0).
		Where(sq.Eq{"state": string(xunjia.MessageSending)}).Where(sq.LtOrEq{"due_at": millis(now)})); err != nil {
		return m, false, err
	}
	due, err := all(ctx, s.db, sq.Select("m.id", "c.app_id", "c.open_id").From("conversation_message m").
		Join("conversation c ON c.id = m.conversation_id").
		Where(sq.Eq{"m.state": string(xunjia.MessageQueued), "c.app_id": appID}).Where(sq.LtOrEq{"m.due_at": millis(now)}).
		OrderBy("m.due_at", "m.id").Limit(8), func(row scanner) (q QueuedMessage, err error) {
		err = row.Scan(&q.ID, &q.AppID, &q.OpenID)
		return q, err
	})
	if err != nil {
		return m, false, err
	}
	for _, q := range due {
		q.ChatMessage, ok, err = s.claimMessage(ctx, q.AppID, q.OpenID, sq.Eq{"id": q.ID}, xunjia.MessageQueued)
		if err != nil || ok {
			return q, ok, err
		}
	}
	return m, false, nil
}

// ClaimLateAnswer takes up the answer to a push that came too late to be given at
// once. known is false when the push is not recorded; then, or when ok is true,
// it is to be sent now.
func (s *Store) ClaimLateAnswer(ctx context.Context, appID, openID, key string) (m xunjia.ChatMessage, known, ok bool, err error) {
	c, err := s.ConversationWith(ctx, appID, openID)
	if xunjia.ErrorCode(err) == xunjia.NotFound {
		return m, false, false, nil
	}
	if err != nil {
		return m, false, false, err
	}
	where := sq.Eq{"conversation_id": c.ID, "once_key": answerKey(key, 0)}
	m, err = one(ctx, s.db, selectMessages().Where(where), scanMessage)
	if errors.Is(err, sql.ErrNoRows) {
		return m, false, false, nil
	}
	if err != nil {
		return m, false, false, err
	}
	m, ok, err = s.claimMessage(ctx, appID, openID, where, xunjia.MessageDone)
	return m, true, ok, err
}

// claimMessage moves one message from a state to sending, if the window has room,
// and otherwise to skipped.
func (s *Store) claimMessage(ctx context.Context, appID, openID string, where sq.Eq, from xunjia.MessageState) (m xunjia.ChatMessage, ok bool, err error) {
	err = s.runTx(ctx, func(tx *tx) error {
		ok = false
		c, err := s.lockConversation(ctx, tx, sq.Eq{"app_id": appID, "open_id": openID})
		if err != nil {
			return err
		}
		to, reason := xunjia.MessageSending, ""
		window, room := c.Window.Spend(tx.now)
		if !room {
			to, reason = xunjia.MessageSkipped, c.Window.Closed(tx.now)
		}
		n, err := exec(ctx, tx, sq.Update("conversation_message").Set("state", string(to)).Set("reason", reason).
			Set("way", string(xunjia.CustomerWay)).Set("due_at", millis(tx.now.Add(sendingFor))).
			Where(where).Where(sq.Eq{"state": string(from)}))
		if err != nil || n == 0 || !room {
			return err
		}
		if m, err = one(ctx, tx, selectMessages().Where(where), scanMessage); err != nil {
			return err
		}
		ok, c.Window = true, window
		return updateConversation(ctx, tx, c)
	})
	return m, ok, err
}

// SendResult is what the platform made of a message.
type SendResult struct {
	State  xunjia.MessageState // sent, failed or unknown
	Reason string              // Chinese
	Shut   bool                // the platform says that the window is shut or used up
}

// FinishMessage records what came of a message that was being sent. One that was
// refused gives its place in the window back, unless the window is shut.
func (s *Store) FinishMessage(ctx context.Context, m xunjia.ChatMessage, r SendResult) error {
	return s.runTx(ctx, func(tx *tx) error {
		c, err := s.lockConversation(ctx, tx, sq.Eq{"id": m.Conversation})
		if err != nil {
			return err
		}
		n, err := exec(ctx, tx, sq.Update("conversation_message").Set("state", string(r.State)).Set("reason", shorten(r.Reason)).
			Set("due_at", 0).Where(sq.Eq{"id": m.ID, "state": string(xunjia.MessageSending)}))
		if err != nil || n == 0 || r.State != xunjia.MessageFailed {
			return err
		}
		if r.Shut {
			c.Window = c.Window.Shut()
		} else {
			c.Window = c.Window.Returned(tx.now)
		}
		return updateConversation(ctx, tx, c)
	})
}
