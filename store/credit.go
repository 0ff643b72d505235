package store

import (
	"context"
	"database/sql"
	"errors"

	sq "github.com/Masterminds/squirrel"

	"github.com/xunjia/xunjia"
)

// CreditChange is what one push says about a subscription template of a fan.
type CreditChange struct {
	TemplateID string
	Add        int64 // he agreed so many times
	Clear      bool  // he wants no more: what was left is gone
}

// ChangeCredits notes what a fan agreed to, or took back, in one push. A push
// counts once, however often it is handled.
func (s *Store) ChangeCredits(ctx context.Context, appID, openID, eventKey string, changes []CreditChange) error {
	if appID == "" || openID == "" || eventKey == "" {
		return errors.New("store: credits need account, openid and the push's key")
	}
	return s.runTx(ctx, func(tx *tx) error {
		fresh, err := exec(ctx, tx, s.dialect.insertIgnore(sq.Insert("subscription_event").
			Columns("app_id", "event_key", "created_at").Values(appID, eventKey, millis(tx.now))))
		if err != nil || fresh == 0 {
			return err
		}
		for _, c := range changes {
			if err := s.changeCredit(ctx, tx, appID, openID, c); err != nil {
				return err
			}
		}
		return nil
	})
}

func (s *Store) changeCredit(ctx context.Context, tx *tx, appID, openID string, c CreditChange) error {
	who := sq.Eq{"app_id": appID, "open_id": openID, "template_id": c.TemplateID}
	set := sq.Update("subscription_credit").Set("credits", sq.Expr("credits + ?", c.Add))
	if c.Clear {
		set = sq.Update("subscription_credit").Set("credits", 0)
	}
	n, err := exec(ctx, tx, set.Set("updated_at", millis(tx.now)).Where(who))
	if err != nil || n > 0 || c.Clear {
		return err
	}
	_, err = exec(ctx, tx, sq.Insert("subscription_credit").Columns("app_id", "open_id", "template_id", "credits", "updated_at").
		Values(appID, openID, c.TemplateID, c.Add, millis(tx.now)))
	if isDuplicate(err) { // another push at the same moment
		_, err = exec(ctx, tx, set.Set("updated_at", millis(tx.now)).Where(who))
	}
	return err
}

// TakeCredit takes one of a fan's credits for a template and answers false when
// there is none. Take it before sending; ReturnCredit when the platform did not
// send.
func (s *Store) TakeCredit(ctx context.Context, appID, openID, templateID string) (bool, error) {
	n, err := s.write(ctx, sq.Update("subscription_credit").Set("credits", sq.Expr("credits - 1")).Set("updated_at", millis(s.now())).
		Where(sq.Eq{"app_id": appID, "open_id": openID, "template_id": templateID}).Where(sq.Gt{"credits": 0}))
	return n == 1, err
}

// ReturnCredit gives back a credit that was taken for nothing.
func (s *Store) ReturnCredit(ctx context.Context, appID, openID, templateID string) error {
	_, err := s.write(ctx, sq.Update("subscription_credit").Set("credits", sq.Expr("credits + 1")).Set("updated_at", millis(s.now())).
		Where(sq.Eq{"app_id": appID, "open_id": openID, "template_id": templateID}))
	return err
}

// Credits counts what a fan still permits for a template.
func (s *Store) Credits(ctx context.Context, appID, openID, templateID string) (int64, error) {
	n, err := one(ctx, s.db, sq.Select("credits").From("subscription_credit").
		Where(sq.Eq{"app_id": appID, "open_id": openID, "template_id": templateID}), scanInt)
	if errors.Is(err, sql.ErrNoRows) {
		return 0, nil
	}
	return n, err
}

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
func (s *Store) MoveIdentities(ctx context.Context, from, to string, moved map[string]string) (report MoveReport, err error) {
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
