package store

import (
	"context"
	"database/sql"
	"errors"

	sq "github.com/Masterminds/squirrel"
)

// Spend takes one from the budget of a name for a day (as xunjia.Day writes
// it) and answers false, taking nothing, when limit was spent already. It holds
// over all instances and restarts. A fault is an error: whoever guards money
// must then refuse.
func (s *Store) Spend(ctx context.Context, name string, day int, limit int64) (bool, error) {
	_, ok, err := s.Charge(ctx, name, day, 1, limit)
	return ok, err
}

// Charge is Spend of any amount; one below zero gives back. used is what the day
// comes to with it, which of many callers at once exactly one learns for each
// amount.
func (s *Store) Charge(ctx context.Context, name string, day int, amount, limit int64) (used int64, ok bool, err error) {
	if amount > limit {
		return 0, false, nil
	}
	counter := sq.Eq{"name": name, "day": day}
	take := sq.Update("counter").Set("used", sq.Expr("used + ?", amount)).Where(counter).Where(sq.LtOrEq{"used": limit - amount})
	charge := func() (known bool, err error) {
		err = s.runTx(ctx, func(tx *tx) error {
			n, err := exec(ctx, tx, take)
			if err != nil {
				return err
			}
			ok = n == 1
			used, err = one(ctx, tx, sq.Select("used").From("counter").Where(counter), scanInt)
			if known = !errors.Is(err, sql.ErrNoRows); !known {
				return nil
			}
			return err
		})
		return known, err
	}
	known, err := charge()
	if err == nil && !known {
		// The first of the day. Outside the transaction: many that make the same
		// row in theirs would be each other's deadlock.
		if _, err = s.write(ctx, s.dialect.insertIgnore(sq.Insert("counter").Columns("name", "day", "used").Values(name, day, 0))); err == nil {
			_, err = charge()
		}
	}
	if err != nil {
		return 0, false, err
	}
	return used, ok, nil
}

// Spent answers how much of a budget was used on a day.
func (s *Store) Spent(ctx context.Context, name string, day int) (int64, error) {
	used, err := one(ctx, s.db, sq.Select("used").From("counter").Where(sq.Eq{"name": name, "day": day}), scanInt)
	if errors.Is(err, sql.ErrNoRows) {
		return 0, nil
	}
	return used, err
}
