package templates

import (
	"math/big"
	"time"

	"github.com/xunjia/xunjia"
)

// ComparePage sets the quotes of a purchase side by side for its buyer.
type ComparePage struct {
	Layout
	Purchase xunjia.Purchase
	Status   xunjia.PurchaseStatus // now
	Left     string
	Lines    []CompareLine
	Rows     []CompareRow // suppliers × lines, for wide screens
	Pending  int          // quotes that wait for an answer
}

// Template implements Page.
func (*ComparePage) Template() string { return "compare" }

// Matrix tells whether the overview says more than the lists.
func (p *ComparePage) Matrix() bool { return len(p.Lines) > 1 && len(p.Rows) > 1 }

// CompareLine is a line with its quotes, cheapest first.
type CompareLine struct {
	xunjia.Line
	Quotes []CompareQuote
	Live   int // quotes that stand
}

// CompareQuote is one quote of a line.
type CompareQuote struct {
	xunjia.Quote
	Supplier   xunjia.User
	Best       bool // cheapest of several that stand
	CanAnswer  bool
	Total      string
	AgainstCap string
}

// Stands tells whether the quote is still in the race.
func (q CompareQuote) Stands() bool { return q.State == xunjia.Pending || q.State == xunjia.Accepted }

// CompareRow is a supplier's quotes, one cell for each line.
type CompareRow struct {
	Supplier xunjia.User
	Cells    []CompareQuote // ID 0 where he made none
	Quoted   int
	Total    string
}

// NewComparePage arranges the quotes, which come line by line and cheapest
// first.
func NewComparePage(p xunjia.Purchase, quotes []CompareQuote, now time.Time) *ComparePage {
	page := &ComparePage{Purchase: p, Status: p.StatusAt(now), Left: LeftOf(p, now)}
	column := map[int64]int{}
	for i, l := range p.Lines {
		page.Lines = append(page.Lines, CompareLine{Line: l})
		column[l.ID] = i
	}
	row, sums := map[int64]int{}, []*big.Int{}
	for _, q := range quotes {
		i, ok := column[q.LineID]
		if !ok {
			continue
		}
		line := &page.Lines[i]
		q.Total, q.AgainstCap = Total(q.Price, line.Quantity), AgainstCap(q.Price, line.CapPrice)
		q.CanAnswer = q.State == xunjia.Pending && p.Status != xunjia.Closed
		if q.CanAnswer {
			page.Pending++
		}
		if q.Stands() {
			line.Live++
		}
		line.Quotes = append(line.Quotes, q)
	}
	for i := range page.Lines {
		page.Lines[i].markBest()
		for _, q := range page.Lines[i].Quotes {
			r, ok := row[q.SupplierID]
			if !ok {
				r, row[q.SupplierID] = len(page.Rows), len(page.Rows)
				page.Rows = append(page.Rows, CompareRow{Supplier: q.Supplier, Cells: make([]CompareQuote, len(page.Lines))})
				sums = append(sums, new(big.Int))
			}
			page.Rows[r].Cells[i] = q
			if q.Stands() {
				page.Rows[r].Quoted++
				sums[r].Add(sums[r], fen(q.Price, page.Lines[i].Quantity))
			}
		}
	}
	for r := range page.Rows {
		page.Rows[r].Total = group(sums[r])
	}
	return page
}

// markBest marks the lowest price among several quotes that stand, and moves
// those that do not stand to the end.
func (l *CompareLine) markBest() {
	var standing, others []CompareQuote
	for _, q := range l.Quotes {
		if !q.Stands() {
			others = append(others, q)
			continue
		}
		q.Best = l.Live > 1 && (len(standing) == 0 || q.Price == standing[0].Price)
		standing = append(standing, q)
	}
	l.Quotes = append(standing, others...)
}
