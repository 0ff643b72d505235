package store

import (
	"context"
	"database/sql"
	"errors"
	"time"

	sq "github.com/Masterminds/squirrel"

	"github.com/xunjia/xunjia"
)

// ownerLogin is the login name of the first member of staff, until he chooses
// another; the first link that is used makes him.
const ownerLogin = "owner"

// CreateAdminLink answers the secret of a link that logs the owner in once,
// within ttl. Whoever can run the program on the server may have one.
func (s *Store) CreateAdminLink(ctx context.Context, ttl time.Duration) (token string, err error) {
	token, now := newToken(), s.now()
	_, err = s.write(ctx, insertLink(token, 0, now, ttl))
	if err != nil {
		return "", err
	}
	return token, nil
}

// insertLink makes a link for a member of staff; 0 means the owner.
func insertLink(token string, staff int64, now time.Time, ttl time.Duration) sq.InsertBuilder {
	return sq.Insert("admin_link").Columns("id", "for_staff", "created_at", "expires_at").
		Values(hashToken(token), staff, millis(now), millis(now.Add(ttl)))
}

func errLinkUsed() error {
	return xunjia.Errorf(xunjia.Unauthorized, "链接已使用或已过期，请重新生成")
}

// UseAdminLink answers whom a link logs in: the member of staff it was made
// for, or the owner, who is created when there is none. The error is
// Unauthorized when the link is unknown, used or too old, or its staff is
// disabled.
func (s *Store) UseAdminLink(ctx context.Context, token string) (staffID int64, err error) {
	id := hashToken(token)
	err = s.runTx(ctx, func(tx *tx) error {
		n, err := exec(ctx, tx, sq.Update("admin_link").Set("used_at", millis(tx.now)).
			Where(sq.Eq{"id": id, "used_at": 0}).Where(sq.Gt{"expires_at": millis(tx.now)}))
		if err != nil {
			return err
		}
		if n == 0 {
			return errLinkUsed()
		}
		staffID, err = one(ctx, tx, sq.Select("for_staff").From("admin_link").Where(sq.Eq{"id": id}), scanInt)
		if err != nil {
			return err
		}
		if staffID == 0 {
			if staffID, err = s.owner(ctx, tx); err != nil {
				return err
			}
		} else if staff, err := oneStaff(ctx, tx, selectStaff.Where(sq.Eq{"id": staffID})); err != nil || staff.Disabled {
			return errLinkUsed()
		}
		_, err = exec(ctx, tx, sq.Update("admin_link").Set("staff_id", staffID).Where(sq.Eq{"id": id}))
		return err
	})
	return staffID, err
}

// owner answers the id of the first owner, who is made when there is none.
func (s *Store) owner(ctx context.Context, tx *tx) (int64, error) {
	find := sq.Select("id").From("staff").Where(sq.Eq{"role": xunjia.OwnerRole, "disabled": 0}).OrderBy("id").Limit(1).Suffix(s.dialect.forUpdate())
	id, err := one(ctx, tx, find, scanInt)
	if !errors.Is(err, sql.ErrNoRows) {
		return id, err
	}
	id, err = insert(ctx, tx, sq.Insert("staff").Columns("login", "role", "created_at").
		Values(ownerLogin, xunjia.OwnerRole, millis(tx.now)))
	if isDuplicate(err) { // another link at the same moment
		return one(ctx, tx, find, scanInt)
	}
	return id, err
}
