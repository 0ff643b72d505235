package store

import (
	"context"
	"database/sql"
	"errors"
	"time"

	sq "github.com/Masterminds/squirrel"

	"github.com/xunjia/xunjia"
)

// Credentials are stored in the clear: who can read this database can also
// read everything that they give access to, and all of them expire in hours.

// Credential answers what was saved last for an account, expired or not. The
// error is NotFound when nothing was.
func (s *Store) Credential(ctx context.Context, appID, kind string) (xunjia.Credential, error) {
	c, err := one(ctx, s.db, sq.Select("value", "expires_at").From("wechat_credential").
		Where(sq.Eq{"app_id": appID, "kind": kind}).Where(sq.NotEq{"value": ""}),
		func(row scanner) (c xunjia.Credential, err error) {
			var expires int64
			err = row.Scan(&c.Value, &expires)
			c.ExpiresAt = moment(expires)
			return c, err
		})
	if errors.Is(err, sql.ErrNoRows) {
		return c, xunjia.Errorf(xunjia.NotFound, "尚未取得微信凭证")
	}
	return c, err
}

// ClaimCredential answers true to one caller among all instances, who may then
// fetch a new value: the stored value equals stale, or nothing is stored, and
// nobody holds a live lease. Leases are on the host's clock; hosts whose clocks
// differ may fetch twice, but SaveCredential accepts the last claim only.
func (s *Store) ClaimCredential(ctx context.Context, appID, kind, stale, owner string, lease time.Duration) (bool, error) {
	if owner == "" {
		return false, errors.New("store: a claim needs an owner")
	}
	now := s.now()
	n, err := s.write(ctx, sq.Update("wechat_credential").
		Set("owner", owner).Set("lease_until", millis(now.Add(lease))).
		Where(sq.Eq{"app_id": appID, "kind": kind, "value": []string{stale, ""}}).
		Where(sq.LtOrEq{"lease_until": millis(now)}))
	if err != nil || n == 1 {
		return n == 1, err
	}
	// Not ours, or the very first claim: then one INSERT succeeds.
	_, err = s.write(ctx, sq.Insert("wechat_credential").
		Columns("app_id", "kind", "owner", "lease_until").
		Values(appID, kind, owner, millis(now.Add(lease))))
	if isDuplicate(err) {
		return false, nil
	}
	return err == nil, err
}

// SaveCredential stores what owner fetched and ends its lease. The error is
// Conflict, and nothing is stored, when somebody else has claimed meanwhile.
func (s *Store) SaveCredential(ctx context.Context, appID, kind, owner string, c xunjia.Credential) error {
	if owner == "" || c.Value == "" {
		return errors.New("store: a credential needs an owner and a value")
	}
	n, err := s.write(ctx, sq.Update("wechat_credential").
		Set("value", c.Value).Set("expires_at", millis(c.ExpiresAt)).Set("owner", "").Set("lease_until", 0).
		Where(sq.Eq{"app_id": appID, "kind": kind, "owner": owner}))
	if err == nil && n == 0 {
		return xunjia.Errorf(xunjia.Conflict, "微信凭证已被其他实例更新")
	}
	return err
}
