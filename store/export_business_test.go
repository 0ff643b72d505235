package store

import (
	"context"
	"strings"
	"time"

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
	stmt.query = "EXPLAIN QUERY PLAN " + stmt.query
	lines, err := all(ctx, s.db, stmt, func(row scanner) (detail string, err error) {
		var id, parent, unused int
		err = row.Scan(&id, &parent, &unused, &detail)
		return detail, err
	})
	return strings.Join(lines, "\n"), err
}
