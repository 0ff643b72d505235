package xunjia

import (
	"slices"
	"time"
)

// PricePeriod is a calendar month or week in China over which prices are
// gathered: 202611 is November 2026, 20261123 the week that begins on that
// Monday.
type PricePeriod int

// MonthOf is the month of a moment.
func MonthOf(t time.Time) PricePeriod { return PricePeriod(Day(t) / 100) }

// WeekOf is the week of a moment.
func WeekOf(t time.Time) PricePeriod {
	t = t.In(China())
	return PricePeriod(Day(t.AddDate(0, 0, -(int(t.Weekday())+6)%7)))
}

// Weekly tells weeks from months.
func (p PricePeriod) Weekly() bool { return p > 999_999 }

// Bounds are the period's first moment and the first one after it.
func (p PricePeriod) Bounds() (from, to time.Time) {
	if !p.Weekly() {
		from = time.Date(int(p)/100, time.Month(p%100), 1, 0, 0, 0, 0, China())
		return from, from.AddDate(0, 1, 0)
	}
	from = time.Date(int(p)/10_000, time.Month(p/100%100), int(p%100), 0, 0, 0, 0, China())
	return from, from.AddDate(0, 0, 7)
}

// Fewer prices than these say too much about single suppliers.
const (
	minPrices    = 5
	minSuppliers = 3
)

// PricePoint is what a unit of a category cost in a period, with freight and
// invoice.
type PricePoint struct {
	Period    PricePeriod
	N         int // prices
	Suppliers int // who named them
	Median    Fen
	Low, High Fen // the middle half lies between them
}

// Public tells whether the point may be shown: it must not give away what a
// single supplier asked.
func (p PricePoint) Public() bool { return p.N >= minPrices && p.Suppliers >= minSuppliers }

// NewPricePoint summarises the prices of a period.
func NewPricePoint(period PricePeriod, prices []Fen, suppliers int) PricePoint {
	p := PricePoint{Period: period, N: len(prices), Suppliers: suppliers}
	if len(prices) == 0 {
		return p
	}
	sorted := slices.Sorted(slices.Values(prices))
	at := func(quarter int) Fen { // between two neighbours, the mean of both
		i := quarter * (len(sorted) - 1)
		lower, rest := i/4, i%4
		if rest == 0 {
			return sorted[lower]
		}
		return sorted[lower] + Fen(scale(int64(sorted[lower+1]-sorted[lower]), int64(rest), 4))
	}
	p.Low, p.Median, p.High = at(1), at(2), at(3)
	return p
}

// PriceUnit is the unit in which prices of goods that are sold by u are
// gathered: one for all weights.
func (u Unit) PriceUnit() Unit {
	if u.Weighs() {
		return "公斤"
	}
	return u
}

// Quoted tells whether a quote counts for the price history: withdrawn offers
// do not, and sealed ones stay between the two sides.
func (q Quote) Quoted(p Purchase) bool { return q.State != Withdrawn && p.Mode != SealedMode }

// PriceSample is one offer as somebody who made or got it remembers it.
type PriceSample struct {
	QuoteID int64
	Price   Fen // landed, per unit
	Unit    Unit
	At      time.Time
}

// PriceTrend is the price history of a category in one unit, oldest first.
type PriceTrend struct {
	CategoryID    int64
	Unit          Unit
	Months, Weeks []PricePoint
}

// Latest is the newest point, by weeks if there are any; false when there is
// none.
func (t PriceTrend) Latest() (PricePoint, bool) {
	for _, list := range [][]PricePoint{t.Weeks, t.Months} {
		if n := len(list); n > 0 {
			return list[n-1], true
		}
	}
	return PricePoint{}, false
}
