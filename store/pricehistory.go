package store

import (
	"context"
	"maps"
	"slices"
	"time"

	sq "github.com/Masterminds/squirrel"

	"github.com/xunjia/xunjia"
)

// How the price history is made: RollPrices, a regular job, goes through the
// quotes in the order of their last change, keeps one row of price_sample for
// each that counts, and makes the points of the weeks and months that this
// touches anew. Pages read points and samples only.

const (
	// rollAfter is how old a change must be: a transaction that began before may
	// still commit until then, with a time that the job has passed.
	rollAfter = time.Minute
	// maxPointPrices bounds how many prices one point is made of.
	maxPointPrices = 20_000
	// trendMonths is how far back a trend goes.
	trendMonths = 12
	// firstWeek is above the numbers of months and below those of weeks.
	firstWeek = 1_000_000
)

// pricePlace is where a sample counts.
type pricePlace struct {
	category int64
	unit     xunjia.Unit
	period   xunjia.PricePeriod
}

type priceSample struct {
	quoteID, categoryID, supplierID, buyerID, createdAt int64
	unit                                                xunjia.Unit
	price                                               xunjia.Fen
	counts                                              bool
}

func (p priceSample) places() [2]pricePlace {
	at := moment(p.createdAt)
	return [2]pricePlace{{p.categoryID, p.unit, xunjia.WeekOf(at)}, {p.categoryID, p.unit, xunjia.MonthOf(at)}}
}

// RollPrices takes up to limit changed quotes into the price history and tells
// how many it took. Several instances may do it at once: each change is taken by
// one of them.
func (s *Store) RollPrices(ctx context.Context, limit int) (int, error) {
	var at, id int64
	if _, err := one(ctx, s.db, sq.Select("updated_at", "quote_id").From("price_mark").Where(sq.Eq{"name": "quote"}),
		func(row scanner) (struct{}, error) { return struct{}{}, row.Scan(&at, &id) }); err != nil {
		return 0, err
	}
	quotes, err := all(ctx, s.db, selectQuotes().Where(sq.GtOrEq{"updated_at": at}).
		Where(sq.Or{sq.Gt{"updated_at": at}, sq.Gt{"id": id}}).Where(sq.Lt{"updated_at": millis(s.now().Add(-rollAfter))}).
		OrderBy("updated_at", "id").Limit(uint64(max(limit, 0))), scanQuote)
	if err != nil || len(quotes) == 0 {
		return 0, err
	}
	samples, err := s.priceSamples(ctx, quotes)
	if err != nil {
		return 0, err
	}
	last := quotes[len(quotes)-1]
	done := 0
	err = s.runTx(ctx, func(tx *tx) error {
		n, err := exec(ctx, tx, sq.Update("price_mark").Set("updated_at", millis(last.UpdatedAt)).Set("quote_id", last.ID).
			Where(sq.Eq{"name": "quote", "updated_at": at, "quote_id": id}))
		if err != nil || n == 0 {
			done = 0 // another instance took them
			return err
		}
		done = len(quotes)
		return s.roll(ctx, tx, samples)
	})
	return done, err
}

// rollAgain makes RollPrices begin again from a time: quotes are being written
// as of the past.
func rollAgain(ctx context.Context, tx *tx, from time.Time) error {
	_, err := exec(ctx, tx, sq.Update("price_mark").Set("updated_at", millis(from)).Set("quote_id", 0).
		Where(sq.Eq{"name": "quote"}).Where(sq.GtOrEq{"updated_at": millis(from)}))
	return err
}

// priceSamples turns quotes into samples, whether they count or not.
func (s *Store) priceSamples(ctx context.Context, quotes []xunjia.Quote) ([]priceSample, error) {
	var purchaseIDs, lineIDs []int64
	for _, q := range quotes {
		purchaseIDs, lineIDs = append(purchaseIDs, q.PurchaseID), append(lineIDs, q.LineID)
	}
	purchases, lines := map[int64]xunjia.Purchase{}, map[int64]xunjia.Line{}
	list, err := all(ctx, s.db, selectPurchases().Where(sq.Eq{"id": purchaseIDs}), scanPurchase)
	for _, p := range list {
		purchases[p.ID] = p
	}
	if err != nil {
		return nil, err
	}
	found, err := all(ctx, s.db, selectLines().Where(sq.Eq{"id": lineIDs}), scanLine)
	for _, l := range found {
		lines[l.ID] = l
	}
	if err != nil {
		return nil, err
	}
	samples := make([]priceSample, 0, len(quotes))
	for _, q := range quotes {
		p, l := purchases[q.PurchaseID], lines[q.LineID]
		landed := q.Landed(p.Terms, l)
		unit := l.Unit.PriceUnit()
		samples = append(samples, priceSample{quoteID: q.ID, categoryID: l.CategoryID, supplierID: q.SupplierID, buyerID: p.BuyerID,
			createdAt: millis(q.CreatedAt), unit: unit, price: landed.Per(unit), counts: landed.Known() && q.Quoted(p)})
	}
	return samples, nil
}

// roll writes samples and makes the points that they touch anew.
func (s *Store) roll(ctx context.Context, tx *tx, samples []priceSample) error {
	ids := make([]int64, len(samples))
	for i, p := range samples {
		ids[i] = p.quoteID
	}
	// Where they counted before, a point loses them.
	old, err := all(ctx, tx, sq.Select("category_id", "unit", "created_at").From("price_sample").Where(sq.Eq{"quote_id": ids}),
		func(row scanner) (p priceSample, err error) {
			err = row.Scan(&p.categoryID, &p.unit, &p.createdAt)
			return p, err
		})
	if err != nil {
		return err
	}
	if _, err := exec(ctx, tx, sq.Delete("price_sample").Where(sq.Eq{"quote_id": ids})); err != nil {
		return err
	}
	touched := map[pricePlace]bool{}
	for _, p := range old {
		for _, place := range p.places() {
			touched[place] = true
		}
	}
	var rows [][]any
	for _, p := range samples {
		if !p.counts {
			continue
		}
		for _, place := range p.places() {
			touched[place] = true
		}
		rows = append(rows, []any{p.quoteID, p.categoryID, string(p.unit), int64(p.price), p.supplierID, p.buyerID, p.createdAt})
	}
	if err := insertRows(ctx, tx, "price_sample",
		[]string{"quote_id", "category_id", "unit", "price", "supplier_id", "buyer_id", "created_at"}, rows); err != nil {
		return err
	}
	for place := range maps.Keys(touched) {
		if err := s.rollPoint(ctx, tx, place); err != nil {
			return err
		}
	}
	return nil
}

// rollPoint makes one point anew from its samples.
func (s *Store) rollPoint(ctx context.Context, tx *tx, place pricePlace) error {
	from, to := place.period.Bounds()
	suppliers := map[int64]bool{}
	prices, err := all(ctx, tx, sq.Select("price", "supplier_id").From("price_sample").
		Where(sq.Eq{"category_id": place.category, "unit": place.unit}).
		Where(sq.GtOrEq{"created_at": millis(from)}).Where(sq.Lt{"created_at": millis(to)}).Limit(maxPointPrices),
		func(row scanner) (price xunjia.Fen, err error) {
			var supplier int64
			err = row.Scan(&price, &supplier)
			suppliers[supplier] = true
			return price, err
		})
	if err != nil {
		return err
	}
	p := xunjia.NewPricePoint(place.period, prices, len(suppliers))
	_, err = exec(ctx, tx, sq.Insert("price_point").SetMap(map[string]any{
		"category_id": place.category, "unit": place.unit, "period": p.Period, "n": p.N, "suppliers": p.Suppliers,
		"median": p.Median, "low": p.Low, "high": p.High, "updated_at": millis(tx.now),
	}).Suffix(s.dialect.upsert([]string{"category_id", "unit", "period"}, "n", "suppliers", "median", "low", "high", "updated_at")))
	return err
}

// PriceTrends answers the price history of the last 12 months by category, the
// unit with most points first. Points that would give somebody away are left
// out, and so are categories without points.
func (s *Store) PriceTrends(ctx context.Context, categoryIDs []int64) (map[int64][]xunjia.PriceTrend, error) {
	since := s.now().AddDate(0, -trendMonths, 0)
	type row struct {
		category int64
		unit     xunjia.Unit
		xunjia.PricePoint
	}
	rows, err := all(ctx, s.db, sq.Select("category_id", "unit", "period", "n", "suppliers", "median", "low", "high").From("price_point").
		Where(sq.Eq{"category_id": categoryIDs}).Where(sq.Or{
		sq.And{sq.Gt{"period": xunjia.MonthOf(since)}, sq.Lt{"period": firstWeek}}, sq.Gt{"period": xunjia.WeekOf(since)},
	}).OrderBy("category_id", "unit", "period"),
		func(r scanner) (v row, err error) {
			err = r.Scan(&v.category, &v.unit, &v.Period, &v.N, &v.Suppliers, &v.Median, &v.Low, &v.High)
			return v, err
		})
	if err != nil {
		return nil, err
	}
	trends := map[int64][]xunjia.PriceTrend{}
	for _, r := range rows {
		if !r.Public() {
			continue
		}
		list := trends[r.category]
		if n := len(list); n == 0 || list[n-1].Unit != r.unit {
			list = append(list, xunjia.PriceTrend{CategoryID: r.category, Unit: r.unit})
		}
		t := &list[len(list)-1]
		if r.Period.Weekly() {
			t.Weeks = append(t.Weeks, r.PricePoint)
		} else {
			t.Months = append(t.Months, r.PricePoint)
		}
		trends[r.category] = list
	}
	for _, list := range trends {
		slices.SortStableFunc(list, func(a, b xunjia.PriceTrend) int { return len(b.Weeks) - len(a.Weeks) })
	}
	return trends, nil
}

// OwnPrices answers the latest prices that the user himself quoted and got for a
// category, newest first.
func (s *Store) OwnPrices(ctx context.Context, userID, categoryID int64) (quoted, got []xunjia.PriceSample, err error) {
	if quoted, err = s.ownPrices(ctx, "supplier_id", userID, categoryID); err != nil {
		return nil, nil, err
	}
	got, err = s.ownPrices(ctx, "buyer_id", userID, categoryID)
	return quoted, got, err
}

func (s *Store) ownPrices(ctx context.Context, side string, userID, categoryID int64) ([]xunjia.PriceSample, error) {
	return all(ctx, s.db, sq.Select("quote_id", "unit", "price", "created_at").From("price_sample").
		Where(sq.Eq{side: userID, "category_id": categoryID}).OrderBy("created_at DESC", "quote_id DESC").Limit(10),
		func(row scanner) (p xunjia.PriceSample, err error) {
			var at int64
			err = row.Scan(&p.QuoteID, &p.Unit, &p.Price, &at)
			p.At = moment(at)
			return p, err
		})
}
