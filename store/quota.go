package store

import (
	"context"
	"database/sql"
	"errors"

	sq "github.com/Masterminds/squirrel"

	"github.com/xunjia/xunjia"
)

// QuotesThisWeek counts the new quotes that the user made since Monday.
func (s *Store) QuotesThisWeek(ctx context.Context, userID int64) (int, error) {
	n, err := one(ctx, s.db, sq.Select("used").From("quote_quota").Where(sq.Eq{"user_id": userID, "week": xunjia.Week(s.now())}), scanInt)
	if errors.Is(err, sql.ErrNoRows) {
		return 0, nil
	}
	return int(n), err
}

// chargeQuota counts a new quote, or fails with RateLimited when the week's are
// used up. The counter's row is the lock between a supplier's quotes.
func (s *Store) chargeQuota(ctx context.Context, tx *tx, u xunjia.User) error {
	key := sq.Eq{"user_id": u.ID, "week": xunjia.Week(tx.now)}
	if _, err := exec(ctx, tx, sq.Insert("quote_quota").Columns("user_id", "week", "used").Values(u.ID, key["week"], 0).
		Suffix(s.dialect.upsert([]string{"user_id", "week"}))); err != nil {
		return err
	}
	n, err := exec(ctx, tx, sq.Update("quote_quota").Set("used", sq.Expr("used + 1")).Where(key).
		Where(sq.Lt{"used": u.QuoteQuota(tx.now)}))
	if err != nil || n > 0 {
		return err
	}
	return u.CheckQuota(u.QuoteQuota(tx.now), tx.now)
}
