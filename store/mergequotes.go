package store

import (
	"cmp"
	"context"
	"slices"

	sq "github.com/Masterminds/squirrel"

	"github.com/xunjia/xunjia"
)

// mergeQuotes moves a merged account's quotes. Where both have quoted on a line,
// xunjia.MergedQuotes decides; the other quote remains with the shut account,
// withdrawn if it still waited. Quotes that turn out to be on one's own purchase
// are withdrawn. Purchases have been moved before.
func (s *Store) mergeQuotes(ctx context.Context, tx *tx, kept xunjia.User, gone int64) error {
	quotes, err := all(ctx, tx, selectQuotes().Where(sq.Eq{"supplier_id": []int64{kept.ID, gone}}).OrderBy("id").Suffix(tx.lock), scanQuote)
	if err != nil {
		return err
	}
	byLine := map[int64][]xunjia.Quote{}
	for _, q := range quotes {
		byLine[q.LineID] = append(byLine[q.LineID], q)
	}
	withdrawn := map[int64]bool{}
	var losers []int64
	for _, pair := range byLine {
		if len(pair) < 2 {
			continue
		}
		_, goes, err := xunjia.MergedQuotes(pair[0], pair[1])
		if err != nil {
			return err
		}
		losers = append(losers, goes.ID)
		withdrawn[goes.ID] = goes.State == xunjia.Pending
	}
	own, err := ownPurchases(ctx, tx, kept, quotes)
	if err != nil {
		return err
	}
	for _, q := range quotes {
		if own[q.PurchaseID] && q.State == xunjia.Pending {
			withdrawn[q.ID] = true
		}
	}
	// Purchases are locked one after another, in the order of their ids.
	slices.SortFunc(quotes, func(a, b xunjia.Quote) int {
		return cmp.Or(cmp.Compare(a.PurchaseID, b.PurchaseID), cmp.Compare(a.ID, b.ID))
	})
	for _, q := range quotes {
		if withdrawn[q.ID] {
			if err := withdrawMerged(ctx, tx, q, kept.ID); err != nil {
				return err
			}
		}
	}
	return moveQuotes(ctx, tx, kept.ID, gone, losers)
}

// ownPurchases tells which purchases of the quotes are those of the merged user.
func ownPurchases(ctx context.Context, tx *tx, kept xunjia.User, quotes []xunjia.Quote) (map[int64]bool, error) {
	own := map[int64]bool{}
	ids := make([]int64, 0, len(quotes))
	for _, q := range quotes {
		if q.State == xunjia.Pending {
			ids = append(ids, q.PurchaseID)
		}
	}
	if len(ids) == 0 {
		return own, nil
	}
	slices.Sort(ids)
	list, err := all(ctx, tx, selectPurchases().Where(sq.Eq{"id": slices.Compact(ids)}).OrderBy("id").Suffix(tx.lock), scanPurchase)
	for _, p := range list {
		own[p.ID] = p.Of(kept)
	}
	return own, err
}

func withdrawMerged(ctx context.Context, tx *tx, q xunjia.Quote, by int64) error {
	taken, err := q.TakenBack(q.SupplierID, "", tx.now)
	if err != nil {
		return err
	}
	n, err := exec(ctx, tx, sq.Update("quote").SetMap(stateColumns(taken)).Where(sq.Eq{"id": q.ID, "state": q.State, "revision": q.Revision}))
	if err != nil {
		return err
	}
	if n == 0 {
		return errQuoteChanged()
	}
	if err := countQuote(ctx, tx, taken, -1); err != nil {
		return err
	}
	_, err = tx.addEvent(ctx, quoteEvent(xunjia.QuoteWithdrawn, taken, by))
	return err
}

// moveQuotes gives the kept account all quotes but the losers, which the other
// one keeps.
func moveQuotes(ctx context.Context, tx *tx, kept, gone int64, losers []int64) error {
	if len(losers) > 0 {
		// Nobody's for a moment: a supplier has one quote for a line.
		if _, err := exec(ctx, tx, sq.Update("quote").Set("supplier_id", -gone).Where(sq.Eq{"id": losers})); err != nil {
			return err
		}
	}
	if _, err := exec(ctx, tx, sq.Update("quote").Set("supplier_id", kept).Where(sq.Eq{"supplier_id": gone})); err != nil {
		return err
	}
	if len(losers) == 0 {
		return nil
	}
	_, err := exec(ctx, tx, sq.Update("quote").Set("supplier_id", gone).Where(sq.Eq{"id": losers}))
	return err
}
