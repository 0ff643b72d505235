package store

import (
	"context"
	"strings"
	"time"

	sq "github.com/Masterminds/squirrel"

	"github.com/xunjia/xunjia"
)

// Publish is PublishPurchase with a source of public numbers that a test knows.
func (s *Store) Publish(ctx context.Context, buyerID int64, d xunjia.Draft, number func(time.Time) string) (xunjia.Purchase, bool, error) {
	return s.publish(ctx, buyerID, d, number)
}

// MediaColumns is every column that mediaPlaces or mediaElsewhere names, as
// table.column.
func MediaColumns() map[string]bool {
	columns := map[string]bool{}
	for _, p := range mediaPlaces() {
		columns[p.table+"."+p.column] = true
	}
	for c := range mediaElsewhere() {
		columns[c] = true
	}
	return columns
}

// RollAgain is rollAgain as an importer calls it.
func (s *Store) RollAgain(ctx context.Context, from time.Time) error {
	return s.runTx(ctx, func(tx *tx) error { return rollAgain(ctx, tx, from) })
}

// SearchPlan is how SQLite reads the candidates of a search.
func (s *Store) SearchPlan(ctx context.Context, q xunjia.Search, after string) (string, error) {
	f := finder{listing: listedOpen, rising: q.EndingSoon, area: q.Area}
	if q.Category != 0 {
		f.categories = []int64{q.Category}
	}
	k, err := newKeyset(xunjia.Page{After: after})
	if err != nil {
		return "", err
	}
	k.rising = f.rising
	stmt, err := f.statement(s.dialect, k, 20, millis(s.now()))
	if err != nil {
		return "", err
	}
	return s.plan(ctx, stmt)
}

// CheckPlan is how SQLite compares candidates with the rest of a search.
func (s *Store) CheckPlan(ctx context.Context, q xunjia.Search, viewer xunjia.User) (string, error) {
	f := finder{listing: listedOpen, area: q.Area}
	if q.Category != 0 {
		f.categories = []int64{q.Category}
	}
	if _, err := s.words(ctx, q.Text, &f); err != nil {
		return "", err
	}
	s.conditions(q, viewer, &f)
	return s.plan(ctx, f.check([]int64{1, 2, 3}))
}

func (s *Store) plan(ctx context.Context, q sq.Sqlizer) (string, error) {
	query, args, err := q.ToSql()
	if err != nil {
		return "", err
	}
	lines, err := all(ctx, s.db, statement{"EXPLAIN QUERY PLAN " + query, args}, func(row scanner) (detail string, err error) {
		var id, parent, unused int
		err = row.Scan(&id, &parent, &unused, &detail)
		return detail, err
	})
	return strings.Join(lines, "\n"), err
}
