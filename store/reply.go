package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"

	sq "github.com/Masterminds/squirrel"

	"github.com/xunjia/xunjia"
)

// maxRules bounds the automatic replies: all of them are kept in memory.
const maxRules = 500

func selectReplyRules() sq.SelectBuilder {
	return sq.Select("id", "kind", "name", "words", "matching", "priority", "enabled", "random", "from_minute", "until_minute",
		"first_day", "last_day", "version", "updated_by", "updated_at").From("reply_rule")
}

func scanReplyRule(row scanner) (r xunjia.ReplyRule, err error) {
	var words string
	var updated int64
	if err := row.Scan(&r.ID, &r.Trigger, &r.Name, &words, &r.Matching, &r.Priority, &r.Enabled, &r.Random,
		&r.Hours.From, &r.Hours.Until, &r.Days.First, &r.Days.Last, &r.Version, &r.UpdatedBy, &updated); err != nil {
		return r, err
	}
	r.UpdatedAt = moment(updated)
	r.Words, err = parseList[string](words)
	return r, err
}

// ReplyRules lists every automatic reply with its answers, the highest priority
// first. Images have the account's media id where the platform still keeps it at
// this moment.
func (s *Store) ReplyRules(ctx context.Context, appID string) ([]xunjia.ReplyRule, error) {
	return s.replyRules(ctx, appID, nil)
}

// ReplyRule finds one, or NotFound.
func (s *Store) ReplyRule(ctx context.Context, appID string, id int64) (xunjia.ReplyRule, error) {
	list, err := s.replyRules(ctx, appID, sq.Eq{"id": id})
	if err == nil && len(list) == 0 {
		err = errNoRule()
	}
	if err != nil {
		return xunjia.ReplyRule{}, err
	}
	return list[0], nil
}

func errNoRule() error { return xunjia.Errorf(xunjia.NotFound, "没有找到这条自动回复") }

func (s *Store) replyRules(ctx context.Context, appID string, where sq.Sqlizer) ([]xunjia.ReplyRule, error) {
	q := selectReplyRules().OrderBy("priority DESC", "id").Limit(maxRules)
	if where != nil {
		q = q.Where(where)
	}
	list, err := all(ctx, s.db, q, scanReplyRule)
	if err != nil || len(list) == 0 {
		return nil, err
	}
	at := make(map[int64]int, len(list))
	ids := make([]int64, len(list))
	for i, r := range list {
		at[r.ID], ids[i] = i, r.ID
	}
	_, err = all(ctx, s.db, sq.Select("r.rule_id", "r.kind", "r.content", "r.media_key", "r.media_id", "r.title", "r.description", "r.url").
		Column("COALESCE(m.media_id, '')").From("reply r").
		LeftJoin("reply_media m ON m.media_key = r.media_key AND m.app_id = ? AND m.expires_at > ?", appID, millis(s.now())).
		Where(sq.Eq{"r.rule_id": ids}).OrderBy("r.rule_id", "r.position"),
		func(row scanner) (struct{}, error) {
			var rule int64
			var a xunjia.ReplyAnswer
			var kept string
			err := row.Scan(&rule, &a.Kind, &a.Text, &a.Media, &a.MediaID, &a.Title, &a.Description, &a.URL, &kept)
			if kept != "" {
				a.MediaID = kept
			}
			if i, ok := at[rule]; ok && err == nil {
				list[i].Answers = append(list[i].Answers, a)
			}
			return struct{}{}, err
		})
	return list, err
}

// SaveReplyRule stores a rule that Check accepts and answers its id. A new one,
// with ID 0, is made once per formKey; an existing one must still have the
// Version that staff saw: otherwise the error is Conflict.
func (s *Store) SaveReplyRule(ctx context.Context, r xunjia.ReplyRule, formKey string, staff int64) (id int64, err error) {
	if err := r.Check(); err != nil {
		return 0, err
	}
	err = s.runTx(ctx, func(tx *tx) error {
		action := "reply.changed"
		id = r.ID
		set := map[string]any{
			"kind": string(r.Trigger), "name": r.Name, "words": jsonList(r.Words), "matching": string(r.Matching),
			"priority": r.Priority, "enabled": flag(r.Enabled), "random": flag(r.Random),
			"from_minute": r.Hours.From, "until_minute": r.Hours.Until, "first_day": r.Days.First, "last_day": r.Days.Last,
			"version": r.Version + 1, "updated_by": staff, "updated_at": millis(tx.now),
		}
		if id == 0 {
			action = "reply.created"
			set["form_key"], set["created_at"] = formKey, millis(tx.now)
			id, err = insert(ctx, tx, sq.Insert("reply_rule").SetMap(set))
			if isDuplicate(err) { // the same form again: it is saved already
				id, err = one(ctx, tx, sq.Select("id").From("reply_rule").Where(sq.Eq{"form_key": formKey}), scanInt)
				return err
			}
			if err != nil {
				return err
			}
		} else if err := changeRule(ctx, tx, r, sq.Update("reply_rule").SetMap(set)); err != nil {
			return err
		}
		if err := s.useReplyPictures(ctx, tx, r); err != nil {
			return err
		}
		if _, err := exec(ctx, tx, sq.Delete("reply").Where(sq.Eq{"rule_id": id})); err != nil {
			return err
		}
		add := sq.Insert("reply").Columns("rule_id", "position", "kind", "content", "media_key", "media_id", "title", "description", "url")
		for i, a := range r.Answers {
			if a.Media != "" {
				a.MediaID = "" // the platform's goes to reply_media
			}
			add = add.Values(id, i, string(a.Kind), a.Text, a.Media, a.MediaID, a.Title, a.Description, a.URL)
		}
		if _, err := exec(ctx, tx, add); err != nil {
			return err
		}
		return tx.audit(ctx, xunjia.Audit{Staff: staff, Action: action, Target: ruleTarget(id), Detail: describeRule(r)})
	})
	return id, err
}

// useReplyPictures keeps the pictures of a rule from being deleted; the error
// is Invalid when one is gone.
func (s *Store) useReplyPictures(ctx context.Context, tx *tx, r xunjia.ReplyRule) error {
	var keys []string
	for _, a := range r.Answers {
		if a.Media != "" {
			keys = append(keys, a.Media)
		}
	}
	usable, err := s.useMedia(ctx, tx, keys, sq.Eq{})
	if err != nil {
		return err
	}
	wrong := xunjia.FieldErrors{}
	for i, a := range r.Answers {
		if a.Media != "" && (!usable[a.Media] || xunjia.IsFile(a.Media)) {
			wrong.Add(fmt.Sprintf("answers.%d.media", i), "图片已经不在了，请重新选择")
		}
	}
	return wrong.Err()
}

// changeRule updates one row, guarded by its version.
func changeRule(ctx context.Context, tx *tx, r xunjia.ReplyRule, u sq.UpdateBuilder) error {
	n, err := exec(ctx, tx, u.Where(sq.Eq{"id": r.ID, "version": r.Version}))
	if err != nil || n > 0 {
		return err
	}
	if _, err := one(ctx, tx, sq.Select("id").From("reply_rule").Where(sq.Eq{"id": r.ID}), scanInt); errors.Is(err, sql.ErrNoRows) {
		return errNoRule()
	} else if err != nil {
		return err
	}
	return xunjia.Errorf(xunjia.Conflict, "别的同事刚刚修改过这条回复，请刷新后再改")
}

func ruleTarget(id int64) string { return fmt.Sprintf("reply:%d", id) }

// describeRule is what colleagues read in the audit log.
func describeRule(r xunjia.ReplyRule) string {
	text := r.Trigger.Name() + "「" + r.Name + "」"
	if r.Trigger == xunjia.OnKeyword {
		text += "，关键词：" + strings.Join(r.Words, "、")
	}
	return fmt.Sprintf("%s，%d 条回复", text, len(r.Answers))
}

// EnableReplyRule switches a rule on or off.
func (s *Store) EnableReplyRule(ctx context.Context, id int64, enabled bool, staff int64) error {
	return s.runTx(ctx, func(tx *tx) error {
		n, err := exec(ctx, tx, sq.Update("reply_rule").Set("enabled", flag(enabled)).Set("version", sq.Expr("version + 1")).
			Set("updated_by", staff).Set("updated_at", millis(tx.now)).Where(sq.Eq{"id": id}))
		if err != nil {
			return err
		}
		if n == 0 {
			return errNoRule()
		}
		action := "reply.disabled"
		if enabled {
			action = "reply.enabled"
		}
		return tx.audit(ctx, xunjia.Audit{Staff: staff, Action: action, Target: ruleTarget(id)})
	})
}

// DeleteReplyRule removes a rule for good.
func (s *Store) DeleteReplyRule(ctx context.Context, id int64, staff int64) error {
	return s.runTx(ctx, func(tx *tx) error {
		r, err := one(ctx, tx, selectReplyRules().Where(sq.Eq{"id": id}).Suffix(s.dialect.forUpdate()), scanReplyRule)
		if errors.Is(err, sql.ErrNoRows) {
			return errNoRule()
		}
		if err != nil {
			return err
		}
		for table, column := range map[string]string{"reply": "rule_id", "reply_rule": "id"} {
			if _, err := exec(ctx, tx, sq.Delete(table).Where(sq.Eq{column: id})); err != nil {
				return err
			}
		}
		return tx.audit(ctx, xunjia.Audit{Staff: staff, Action: "reply.deleted", Target: ruleTarget(id), Detail: describeRule(r)})
	})
}

// ReplyMediaID answers the platform's id of a picture of ours that is good for
// longer than margin; "" when there is none.
func (s *Store) ReplyMediaID(ctx context.Context, appID, mediaKey string, margin time.Duration) (string, error) {
	id, err := one(ctx, s.db, sq.Select("media_id").From("reply_media").Where(sq.Eq{"app_id": appID, "media_key": mediaKey}).
		Where(sq.Gt{"expires_at": millis(s.now().Add(margin))}), scanString)
	if errors.Is(err, sql.ErrNoRows) {
		return "", nil
	}
	return id, err
}

// SaveReplyMedia notes that the platform keeps a picture of ours until expires.
func (s *Store) SaveReplyMedia(ctx context.Context, appID, mediaKey, mediaID string, expires time.Time) error {
	_, err := s.write(ctx, sq.Insert("reply_media").Columns("app_id", "media_key", "media_id", "expires_at").
		Values(appID, mediaKey, mediaID, millis(expires)).
		Suffix(s.dialect.upsert([]string{"app_id", "media_key"}, "media_id", "expires_at")))
	return err
}

// StaleReplyMedia lists pictures that rules use and that the platform keeps for
// no longer than margin.
func (s *Store) StaleReplyMedia(ctx context.Context, appID string, margin time.Duration) ([]string, error) {
	return all(ctx, s.db, sq.Select("DISTINCT r.media_key").From("reply r").
		Join("reply_rule rule ON rule.id = r.rule_id AND rule.enabled = 1").
		LeftJoin("reply_media m ON m.media_key = r.media_key AND m.app_id = ?", appID).
		Where(sq.Eq{"r.kind": string(xunjia.ImageAnswer)}).
		Where(sq.Or{sq.Eq{"m.expires_at": nil}, sq.LtOrEq{"m.expires_at": millis(s.now().Add(margin))}}).
		Limit(maxRules), scanString)
}
