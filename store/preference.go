package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"time"

	sq "github.com/Masterminds/squirrel"

	"github.com/xunjia/xunjia"
)

// Preferences is what the user chose; the defaults for somebody who chose
// nothing.
func (s *Store) Preferences(ctx context.Context, userID int64) (xunjia.Preferences, error) {
	chosen, err := s.preferencesOf(ctx, s.db, []int64{userID})
	if err != nil {
		return xunjia.Preferences{}, err
	}
	if p, ok := chosen[userID]; ok {
		return p, nil
	}
	return xunjia.DefaultPreferences(s.quiet), nil
}

// preferencesOf are the preferences of those of the users who chose any.
func (s *Store) preferencesOf(ctx context.Context, r runner, users []int64) (map[int64]xunjia.Preferences, error) {
	chosen := map[int64]xunjia.Preferences{}
	_, err := all(ctx, r, sq.Select("user_id", "content").From("preference").Where(sq.Eq{"user_id": users}),
		func(row scanner) (struct{}, error) {
			var id int64
			p, err := s.scanPreferences(row, &id)
			chosen[id] = p
			return struct{}{}, err
		})
	return chosen, err
}

// scanPreferences reads into before what the row holds before the content.
func (s *Store) scanPreferences(row scanner, before ...any) (xunjia.Preferences, error) {
	p := xunjia.DefaultPreferences(s.quiet)
	var content string
	if err := row.Scan(append(before, &content)...); err != nil {
		return p, err
	}
	return p, json.Unmarshal([]byte(content), &p)
}

// ChangePreferences lets change alter what the user chose, keeps the outcome if
// it is valid and answers it. An error of change changes nothing. The change may
// be made twice.
func (s *Store) ChangePreferences(ctx context.Context, userID int64, change func(*xunjia.Preferences) error) (p xunjia.Preferences, err error) {
	err = s.runTx(ctx, func(tx *tx) error {
		if _, err := active(ctx, tx, userID); err != nil {
			return err
		}
		p, err = s.lockPreferences(ctx, tx, userID)
		if err != nil {
			return err
		}
		digest := p.Digest
		if err := change(&p); err != nil {
			return err
		}
		if err := p.Validate(); err != nil {
			return err
		}
		content, err := json.Marshal(p)
		if err != nil {
			return err
		}
		u := sq.Update("preference").Set("content", string(content)).Set("digest_at", p.Digest).Set("updated_at", millis(tx.now))
		if p.Digest != digest { // what came before was told one by one
			u = u.Set("digested_at", millis(tx.now))
		}
		_, err = exec(ctx, tx, u.Where(sq.Eq{"user_id": userID}))
		return err
	})
	return p, err
}

// UnsubscribeSMS ends short messages, but for codes, to whoever has the phone; it
// fails with NotFound when nobody has.
func (s *Store) UnsubscribeSMS(ctx context.Context, phone xunjia.Phone) error {
	id, err := one(ctx, s.db, sq.Select("id").From("users").Where(sq.Eq{"phone": string(phone)}), scanInt)
	if errors.Is(err, sql.ErrNoRows) || phone == "" {
		return xunjia.Errorf(xunjia.NotFound, "没有找到这个手机号")
	}
	if err != nil {
		return err
	}
	_, err = s.ChangePreferences(ctx, id, func(p *xunjia.Preferences) error {
		p.NoSMS = true
		return nil
	})
	return err
}

// lockPreferences makes sure that the user has a row, and locks it.
func (s *Store) lockPreferences(ctx context.Context, tx *tx, userID int64) (xunjia.Preferences, error) {
	p := xunjia.DefaultPreferences(s.quiet)
	content, err := json.Marshal(p)
	if err != nil {
		return p, err
	}
	if _, err := exec(ctx, tx, sq.Insert("preference").Columns("user_id", "content", "digest_at", "digested_at", "updated_at").
		Values(userID, string(content), p.Digest, millis(tx.now), millis(tx.now)).Suffix(s.dialect.upsert([]string{"user_id"}))); err != nil {
		return p, err
	}
	return one(ctx, tx, sq.Select("content").From("preference").Where(sq.Eq{"user_id": userID}).Suffix(s.dialect.forUpdate()),
		func(row scanner) (xunjia.Preferences, error) { return s.scanPreferences(row) })
}

// mostDigested is how many messages a digest counts at most.
const mostDigested = 100

// MakeDigests writes the events of up to limit daily digests that are due, and
// answers how many there were. Whom nothing was kept for is not told anything.
func (s *Store) MakeDigests(ctx context.Context, limit int) (int, error) {
	now := s.now()
	local := now.In(xunjia.China())
	due := sq.And{
		sq.GtOrEq{"digest_at": 0}, sq.LtOrEq{"digest_at": local.Hour()*60 + local.Minute()},
		sq.Expr("digested_at < ? + digest_at * 60000", millis(xunjia.DayStart(now))),
	}
	users, err := all(ctx, s.db, sq.Select("user_id").From("preference").Where(due).OrderBy("digest_at", "digested_at").Limit(uint64(limit)), scanInt)
	for _, user := range users {
		if err := s.makeDigest(ctx, user, due); err != nil {
			return 0, err
		}
	}
	return len(users), err
}

func (s *Store) makeDigest(ctx context.Context, userID int64, due sq.Sqlizer) error {
	return s.runTx(ctx, func(tx *tx) error {
		since, err := one(ctx, tx, sq.Select("digested_at").From("preference").Where(sq.Eq{"user_id": userID}).
			Suffix(s.dialect.forUpdate()), scanInt)
		if err != nil {
			return err
		}
		n, err := exec(ctx, tx, sq.Update("preference").Set("digested_at", millis(tx.now)).Where(sq.Eq{"user_id": userID}).Where(due))
		if err != nil || n == 0 { // another instance made it
			return err
		}
		d, err := digest(ctx, tx, userID, moment(since), tx.now)
		if err != nil || d.Count == 0 {
			return err
		}
		_, err = tx.addEvent(ctx, xunjia.Event{Kind: xunjia.DigestDue, Actor: userID, Subject: since})
		return err
	})
}

// digest is what was kept for the user between two moments and is still unread.
func digest(ctx context.Context, r runner, userID int64, after, until time.Time) (d xunjia.Digest, err error) {
	titles, err := all(ctx, r, sq.Select("n.title").From("notification n").Join("event e ON e.id = n.event_id").
		Where(sq.Eq{"n.receiver": userID, "n.type": xunjia.PurchasingNotice, "n.status": xunjia.Unread, "e.kind": string(xunjia.PurchasePublished)}).
		Where(sq.Gt{"n.created_at": millis(after)}).Where(sq.LtOrEq{"n.created_at": millis(until)}).
		OrderBy("n.created_at DESC", "n.id DESC").Limit(mostDigested), scanString)
	if errors.Is(err, sql.ErrNoRows) {
		err = nil
	}
	const shown = 3
	return xunjia.Digest{Count: len(titles), Titles: titles[:min(shown, len(titles))]}, err
}

// mergePreferences keeps what the kept account chose, or else what the shut one
// did. Whoever unsubscribed from SMS with either stays so.
func (s *Store) mergePreferences(ctx context.Context, tx *tx, kept xunjia.User, gone int64) error {
	chosen, err := s.preferencesOf(ctx, tx, []int64{kept.ID, gone})
	if err != nil {
		return err
	}
	theirs, ok := chosen[gone]
	if !ok {
		return nil
	}
	own, both := chosen[kept.ID]
	if !both {
		_, err := exec(ctx, tx, sq.Update("preference").Set("user_id", kept.ID).Where(sq.Eq{"user_id": gone}))
		return err
	}
	own.NoSMS = own.NoSMS || theirs.NoSMS
	content, err := json.Marshal(own)
	if err != nil {
		return err
	}
	if _, err := exec(ctx, tx, sq.Update("preference").Set("content", string(content)).Where(sq.Eq{"user_id": kept.ID})); err != nil {
		return err
	}
	_, err = exec(ctx, tx, sq.Delete("preference").Where(sq.Eq{"user_id": gone}))
	return err
}
