package store

import (
	"context"
	"database/sql"
	"errors"
	"time"

	sq "github.com/Masterminds/squirrel"

	"github.com/xunjia/xunjia"
)

// Overview is what the console's first page counts.
type Overview struct {
	Users           int
	NewUsers        int // since the given moment, as the next two
	NewPurchases    int
	NewQuotes       int
	OpenPurchases   int // waiting for quotes
	DeliveriesToday []Backlog
}

// Overview counts since a moment, the beginning of the day as a rule. Its cost
// grows with what happened since then and the number of users, not with the
// history.
func (s *Store) Overview(ctx context.Context, since time.Time) (o Overview, err error) {
	if o.Users, err = s.count(ctx, sq.Select("COUNT(*)").From("users")); err != nil {
		return o, err
	}
	if o.OpenPurchases, err = s.count(ctx, sq.Select("COUNT(*)").From("purchase").Where(sq.Eq{"status": xunjia.WaitingForQuote}).
		Where(sq.Gt{"deadline": millis(s.now())})); err != nil {
		return o, err
	}
	for _, part := range []struct {
		n             *int
		table, column string
	}{{&o.NewUsers, "users", "created_at"}, {&o.NewPurchases, "purchase", "published_at"}, {&o.NewQuotes, "quote", "created_at"}} {
		from, err := s.firstSince(ctx, part.table, part.column, since)
		if err != nil {
			return o, err
		}
		if *part.n, err = s.count(ctx, sq.Select("COUNT(*)").From(part.table).Where(sq.GtOrEq{"id": from}).
			Where(sq.GtOrEq{part.column: millis(since)})); err != nil {
			return o, err
		}
	}
	o.DeliveriesToday, err = s.DeliveriesSince(ctx, since)
	return o, err
}

// DeliveriesSince counts the deliveries made since a moment by channel and
// state; Lane stays 0.
func (s *Store) DeliveriesSince(ctx context.Context, since time.Time) ([]Backlog, error) {
	from, err := s.firstSince(ctx, "delivery", "created_at", since)
	if err != nil {
		return nil, err
	}
	return all(ctx, s.db, sq.Select("channel", "state", "COUNT(*)").From("delivery").Where(sq.GtOrEq{"id": from}).
		GroupBy("channel", "state").OrderBy("channel", "state"), func(row scanner) (b Backlog, err error) {
		return b, row.Scan(&b.Channel, &b.State, &b.Count)
	})
}

func (s *Store) count(ctx context.Context, q sq.Sqlizer) (int, error) {
	n, err := one(ctx, s.db, q, scanInt)
	return int(n), err
}

// firstSince looks up, by halving, the id from which on rows are as new as
// since: ids grow with the time, so no index of the time is needed. On a
// cluster, where ids of instances interleave, a few rows at the border may be
// on the wrong side.
func (s *Store) firstSince(ctx context.Context, table, column string, since time.Time) (int64, error) {
	top, err := one(ctx, s.db, sq.Select("COALESCE(MAX(id), 0)").From(table), scanInt)
	if err != nil {
		return 0, err
	}
	low, high := int64(1), top+1 // the answer lies in between
	for low < high {
		middle := low + (high-low)/2
		at, err := one(ctx, s.db, sq.Select(column).From(table).Where(sq.GtOrEq{"id": middle}).OrderBy("id").Limit(1), scanInt)
		if err != nil && !errors.Is(err, sql.ErrNoRows) {
			return 0, err
		}
		if err != nil || at >= millis(since) {
			high = middle
		} else {
			low = middle + 1
		}
	}
	return low, nil
}
