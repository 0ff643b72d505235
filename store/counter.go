package store

import (
	"context"

	sq "github.com/Masterminds/squirrel"
)

// Spend takes one from the budget of a name for a day (as xunjia.Day writes
// it) and answers false, taking nothing, when limit was spent already. It holds
// over all instances and restarts. A fault is an error: whoever guards money
// must then refuse.
func (s *Store) Spend(ctx context.Context, name string, day int, limit int64) (bool, error) {
	if limit <= 0 {
		return false, nil
	}
	take := sq.Update("counter").Set("used", sq.Expr("used + 1")).
		Where(sq.Eq{"name": name, "day": day}).Where(sq.Lt{"used": limit})
	n, err := s.write(ctx, take)
	if err != nil || n == 1 {
		return n == 1, err
	}
	// Spent, or the first of the day.
	_, err = s.write(ctx, sq.Insert("counter").Columns("name", "day", "used").Values(name, day, 1))
	if !isDuplicate(err) {
		return err == nil, err
	}
	n, err = s.write(ctx, take)
	return n == 1, err
}
