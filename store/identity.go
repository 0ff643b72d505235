package store

import (
	"context"
	"database/sql"
	"errors"
	"time"

	sq "github.com/Masterminds/squirrel"

	"github.com/xunjia/xunjia"
)

func selectIdentity() sq.SelectBuilder {
	return sq.Select("id", "user_id", "app_id", "open_id", "union_id", "nickname", "avatar_url",
		"subscribed", "consented", "created_at").From("wechat_identity")
}

func scanIdentity(row scanner) (i xunjia.Identity, err error) {
	var created int64
	err = row.Scan(&i.ID, &i.UserID, &i.AppID, &i.OpenID, &i.UnionID, &i.Nickname, &i.AvatarURL,
		&i.Subscribed, &i.Consented, &created)
	i.CreatedAt = moment(created)
	return i, err
}

// identity reads one, turning its absence into NotFound.
func (s *Store) identity(ctx context.Context, where sq.Eq) (xunjia.Identity, error) {
	i, err := one(ctx, s.db, selectIdentity().Where(where), scanIdentity)
	if errors.Is(err, sql.ErrNoRows) {
		return i, xunjia.Errorf(xunjia.NotFound, "没有找到这个微信身份")
	}
	return i, err
}

// SaveIdentity notes what the platform told about an openid and answers what is
// known of it now. Of an identity that exists, the union id, nickname and avatar
// change only when they are given, consent is never taken back, and its user
// and whether it follows stay: see SetSubscribed.
func (s *Store) SaveIdentity(ctx context.Context, i xunjia.Identity) (xunjia.Identity, error) {
	if i.AppID == "" || i.OpenID == "" {
		return xunjia.Identity{}, xunjia.Errorf(xunjia.Invalid, "微信身份不完整")
	}
	var set []string
	for _, c := range []struct {
		column string
		given  bool
	}{
		{"union_id", i.UnionID != ""}, {"nickname", i.Nickname != ""},
		{"avatar_url", i.AvatarURL != ""}, {"consented", i.Consented},
	} {
		if c.given {
			set = append(set, c.column)
		}
	}
	_, err := s.write(ctx, sq.Insert("wechat_identity").
		Columns("user_id", "app_id", "open_id", "union_id", "nickname", "avatar_url", "subscribed", "consented", "created_at").
		Values(i.UserID, i.AppID, i.OpenID, i.UnionID, truncate(i.Nickname, 128), truncate(i.AvatarURL, 512),
			i.Subscribed, i.Consented, millis(s.now())).
		Suffix(s.dialect.upsert([]string{"app_id", "open_id"}, set...)))
	if err != nil {
		return xunjia.Identity{}, err
	}
	return s.IdentityByOpenID(ctx, i.AppID, i.OpenID)
}

// Identity answers one by its id, or NotFound.
func (s *Store) Identity(ctx context.Context, id int64) (xunjia.Identity, error) {
	return s.identity(ctx, sq.Eq{"id": id})
}

// IdentityByOpenID answers the one of an openid, or NotFound.
func (s *Store) IdentityByOpenID(ctx context.Context, appID, openID string) (xunjia.Identity, error) {
	return s.identity(ctx, sq.Eq{"app_id": appID, "open_id": openID})
}

// SetSubscribed notes that an openid follows the account or stopped to. Pushes
// arrive out of order: at is the push's own time, and what is older than the
// last one noted changes nothing. An unknown openid is made known.
func (s *Store) SetSubscribed(ctx context.Context, appID, openID string, subscribed bool, at time.Time) error {
	if appID == "" || openID == "" {
		return xunjia.Errorf(xunjia.Invalid, "微信身份不完整")
	}
	update := sq.Update("wechat_identity").Set("subscribed", subscribed).Set("subscribed_at", millis(at)).
		Where(sq.Eq{"app_id": appID, "open_id": openID}).Where(sq.LtOrEq{"subscribed_at": millis(at)})
	n, err := s.write(ctx, update)
	if err != nil || n > 0 {
		return err
	}
	_, err = s.write(ctx, sq.Insert("wechat_identity").
		Columns("app_id", "open_id", "subscribed", "subscribed_at", "created_at").
		Values(appID, openID, subscribed, millis(at), millis(s.now())))
	if isDuplicate(err) {
		// Known after all: with a later time, or made a moment ago.
		_, err = s.write(ctx, update)
	}
	return err
}

// truncate cuts a text that somebody else chose to n characters.
func truncate(s string, n int) string {
	if r := []rune(s); len(r) > n {
		return string(r[:n])
	}
	return s
}
