package store

import (
	"context"
	"database/sql"
	"errors"

	sq "github.com/Masterminds/squirrel"

	"github.com/xunjia/xunjia"
)

// noteDevice remembers in which browsers a user has logged in, by what they say of
// themselves, and tells him when it is a new one; his first browser is none.
func (s *Store) noteDevice(ctx context.Context, tx *tx, sess xunjia.Session) error {
	if sess.Kind != xunjia.UserSession || sess.UserID == 0 {
		return nil
	}
	agent := clip(sess.Agent, xunjia.MaxAgent)
	n, err := exec(ctx, tx, s.dialect.insertIgnore(sq.Insert("known_device").Columns("user_id", "agent", "name", "ip", "created_at").
		Values(sess.UserID, hashToken(agent), agent, clip(sess.IP, 45), millis(tx.now))))
	if err != nil || n == 0 {
		return err
	}
	known, err := all(ctx, tx, sq.Select("id").From("known_device").Where(sq.Eq{"user_id": sess.UserID}).OrderBy("id DESC").Limit(2), scanInt)
	if err != nil || len(known) < 2 {
		return err
	}
	_, err = tx.addEvent(ctx, xunjia.Event{Kind: xunjia.DeviceLogin, Actor: sess.UserID, Subject: known[0]})
	return err
}

// loginOf is the login from a new device that an event tells of.
func (s *Store) loginOf(ctx context.Context, id int64) (xunjia.Login, error) {
	l, err := one(ctx, s.db, sq.Select("name", "ip", "created_at").From("known_device").Where(sq.Eq{"id": id}), func(row scanner) (l xunjia.Login, err error) {
		var agent string
		var at int64
		err = row.Scan(&agent, &l.IP, &at)
		l.Device, l.At = xunjia.DeviceName(agent), moment(at)
		return l, err
	})
	if errors.Is(err, sql.ErrNoRows) {
		return l, nil
	}
	return l, err
}
