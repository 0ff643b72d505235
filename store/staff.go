package store

import (
	"context"
	"database/sql"
	"errors"
	"time"

	sq "github.com/Masterminds/squirrel"

	"github.com/xunjia/xunjia"
)

// The first staff member, who is made by the first link that is used.
const (
	ownerLogin = "owner"
	ownerRole  = "owner"
)

// CreateAdminLink answers the secret of a link that logs the first staff member
// in once, within ttl. Whoever can run the program on the server may have one.
func (s *Store) CreateAdminLink(ctx context.Context, ttl time.Duration) (token string, err error) {
	token, now := newToken(), s.now()
	_, err = s.write(ctx, sq.Insert("admin_link").Columns("id", "created_at", "expires_at").
		Values(hashToken(token), millis(now), millis(now.Add(ttl))))
	if err != nil {
		return "", err
	}
	return token, nil
}

// UseAdminLink answers whom a link logs in: the owner, who is created when
// there is none. The error is Unauthorized when the link is unknown, used or
// too old.
func (s *Store) UseAdminLink(ctx context.Context, token string) (staffID int64, err error) {
	id := hashToken(token)
	err = s.runTx(ctx, func(tx *tx) error {
		n, err := exec(ctx, tx, sq.Update("admin_link").Set("used_at", millis(tx.now)).
			Where(sq.Eq{"id": id, "used_at": 0}).Where(sq.Gt{"expires_at": millis(tx.now)}))
		if err != nil {
			return err
		}
		if n == 0 {
			return xunjia.Errorf(xunjia.Unauthorized, "链接已使用或已过期，请重新生成")
		}
		if staffID, err = s.owner(ctx, tx); err != nil {
			return err
		}
		_, err = exec(ctx, tx, sq.Update("admin_link").Set("staff_id", staffID).Where(sq.Eq{"id": id}))
		return err
	})
	return staffID, err
}

// owner answers the id of the owner, who is made when missing.
func (s *Store) owner(ctx context.Context, tx *tx) (int64, error) {
	find := sq.Select("id").From("staff").Where(sq.Eq{"login": ownerLogin}).Suffix(s.dialect.forUpdate())
	id, err := one(ctx, tx, find, scanInt)
	if !errors.Is(err, sql.ErrNoRows) {
		return id, err
	}
	id, err = insert(ctx, tx, sq.Insert("staff").Columns("login", "role", "created_at").
		Values(ownerLogin, ownerRole, millis(tx.now)))
	if isDuplicate(err) { // another link at the same moment
		return one(ctx, tx, find, scanInt)
	}
	return id, err
}
