package store

import (
	"context"
	"database/sql"
	"errors"

	sq "github.com/Masterminds/squirrel"

	"github.com/xunjia/xunjia"
)

// MoveReport counts what MoveIdentities did.
type MoveReport struct {
	Moved   int // have their new openid now
	Already int // had it before
	Refused int // the new openid is bound to another user
}

// IdentitiesAfter lists up to limit identities of an account by their ids.
func (s *Store) IdentitiesAfter(ctx context.Context, appID string, after int64, limit int) ([]xunjia.Identity, error) {
	return all(ctx, s.db, selectIdentity().Where(sq.Eq{"app_id": appID}).Where(sq.Gt{"id": after}).
		OrderBy("id").Limit(uint64(max(0, limit))), scanIdentity)
}

// MoveIdentities gives identities of a former account their openids of the new
// one, with user, union id and name; the old ones stay. moved maps old openids
// to new ones. It may be repeated.
func (s *Store) MoveIdentities(ctx context.Context, from, to string, moved map[string]string) (MoveReport, error) {
	return s.moveIdentities(ctx, from, to, moved, false)
}

// errDry undoes a move that was only tried.
var errDry = errors.New("store: only tried")

// TryMoveIdentities tells what MoveIdentities would do and changes nothing.
func (s *Store) TryMoveIdentities(ctx context.Context, from, to string, moved map[string]string) (MoveReport, error) {
	report, err := s.moveIdentities(ctx, from, to, moved, true)
	if errors.Is(err, errDry) {
		err = nil
	}
	return report, err
}

func (s *Store) moveIdentities(ctx context.Context, from, to string, moved map[string]string, dry bool) (report MoveReport, err error) {
	old := make([]string, 0, len(moved))
	for id := range moved {
		old = append(old, id)
	}
	if len(old) == 0 {
		return report, nil
	}
	err = s.runTx(ctx, func(tx *tx) error {
		report = MoveReport{}
		list, err := all(ctx, tx, selectIdentity().Where(sq.Eq{"app_id": from, "open_id": old}).OrderBy("id").Suffix(s.dialect.forUpdate()), scanIdentity)
		if err != nil {
			return err
		}
		for _, i := range list {
			if err := s.moveIdentity(ctx, tx, i, to, moved[i.OpenID], &report); err != nil {
				return err
			}
		}
		if dry {
			return errDry
		}
		return nil
	})
	return report, err
}

func (s *Store) moveIdentity(ctx context.Context, tx *tx, i xunjia.Identity, to, openID string, report *MoveReport) error {
	known, err := one(ctx, tx, selectIdentity().Where(sq.Eq{"app_id": to, "open_id": openID}).Suffix(s.dialect.forUpdate()), scanIdentity)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		_, err = exec(ctx, tx, sq.Insert("wechat_identity").
			Columns("user_id", "app_id", "open_id", "union_id", "nickname", "avatar_url", "subscribed", "consented", "created_at").
			Values(i.UserID, to, openID, i.UnionID, i.Nickname, i.AvatarURL, i.Subscribed, i.Consented, millis(tx.now)))
		report.Moved++
		return err
	case err != nil:
		return err
	case known.UserID == i.UserID || i.UserID == 0:
		report.Already++
		return nil
	case known.UserID != 0:
		report.Refused++
		return nil
	}
	// He came to the new account before the move and is a stranger there.
	n, err := exec(ctx, tx, sq.Update("wechat_identity").Set("user_id", i.UserID).Where(sq.Eq{"id": known.ID, "user_id": 0}))
	if n > 0 {
		report.Moved++
	}
	return err
}
