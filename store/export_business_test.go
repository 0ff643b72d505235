package store

import (
	"context"
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
