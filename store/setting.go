package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	sq "github.com/Masterminds/squirrel"

	"github.com/xunjia/xunjia"
)

// pushSetting names the settings of pushes.
const pushSetting = "push"

// PushSettings is what staff have decided about pushes, or else what holds by
// default.
func (s *Store) PushSettings(ctx context.Context) (xunjia.PushSettings, error) {
	return pushSettings(ctx, s.db)
}

func pushSettings(ctx context.Context, r runner) (xunjia.PushSettings, error) {
	p := xunjia.DefaultPushSettings()
	text, err := one(ctx, r, sq.Select("value").From("setting").Where(sq.Eq{"name": pushSetting}), scanString)
	if errors.Is(err, sql.ErrNoRows) {
		return p, nil
	}
	if err == nil {
		// What is not in the text, being newer than it, keeps its default.
		err = json.Unmarshal([]byte(text), &p)
	}
	return p, err
}

// SavePushSettings changes the settings of pushes, on a staff member's behalf.
// The error is Invalid with the fields to blame.
func (s *Store) SavePushSettings(ctx context.Context, by int64, p xunjia.PushSettings) error {
	if err := p.Check(); err != nil {
		return err
	}
	value, err := json.Marshal(p)
	if err != nil {
		return fmt.Errorf("store: settings: %w", err)
	}
	return s.runTx(ctx, func(tx *tx) error {
		// The row must be there to be locked.
		if _, err := exec(ctx, tx, sq.Insert("setting").Columns("name", "value", "staff_id", "updated_at").
			Values(pushSetting, "{}", 0, 0).Suffix(s.dialect.upsert([]string{"name"}))); err != nil {
			return err
		}
		old, err := pushSettings(ctx, tx)
		if err != nil {
			return err
		}
		changes := old.Changes(p)
		if len(changes) == 0 {
			return nil
		}
		if _, err := exec(ctx, tx, sq.Update("setting").Set("value", string(value)).Set("staff_id", by).
			Set("updated_at", millis(tx.now)).Where(sq.Eq{"name": pushSetting})); err != nil {
			return err
		}
		return tx.audit(ctx, xunjia.Audit{Staff: by, Action: "push.settings", Target: "setting:" + pushSetting, Detail: strings.Join(changes, "；")})
	})
}
