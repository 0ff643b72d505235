package store

import (
	"context"
	"database/sql"
	"errors"
	"maps"
	"slices"

	sq "github.com/Masterminds/squirrel"
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

// addPermits adds which subscription notifications the people still permit.
func (s *Store) addPermits(ctx context.Context, appID string, people []Recipient) error {
	byID := make(map[int64]int, len(people))
	for i, r := range people {
		byID[r.ID] = i
	}
	owners := map[string]int64{} // by openid
	_, err := all(ctx, s.db, sq.Select("user_id", "app_id", "open_id").From("wechat_identity").Where(sq.Eq{"user_id": slices.Collect(maps.Keys(byID))}),
		func(row scanner) (struct{}, error) { // see fansAmong for what is compared here
			var user int64
			var app, openID string
			err := row.Scan(&user, &app, &openID)
			if app == appID {
				owners[openID] = user
			}
			return struct{}{}, err
		})
	if err != nil || len(owners) == 0 {
		return err
	}
	_, err = all(ctx, s.db, sq.Select("open_id", "template_id").From("subscription_credit").
		Where(sq.Eq{"app_id": appID, "open_id": slices.Collect(maps.Keys(owners))}).Where(sq.Gt{"credits": 0}),
		func(row scanner) (struct{}, error) {
			var openID, template string
			err := row.Scan(&openID, &template)
			r := &people[byID[owners[openID]]]
			if r.Permits == nil {
				r.Permits = map[string]string{}
			}
			r.Permits[template] = openID
			return struct{}{}, err
		})
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
