package templates

import (
	"cmp"
	"net/url"
	"slices"
	"strconv"
	"time"

	"github.com/xunjia/xunjia"
)

// CompareSort is an order of offers.
type CompareSort string

// The orders.
const (
	SortByPrice CompareSort = "price" // landed, the cheapest first
	SortByLead  CompareSort = "lead"  // the fastest first
	SortByTime  CompareSort = "time"  // who offered first
)

// CompareSorts lists every order as pages offer it.
func CompareSorts() []CompareSort { return []CompareSort{SortByPrice, SortByLead, SortByTime} }

// String is the order's Chinese name.
func (s CompareSort) String() string {
	switch s {
	case SortByLead:
		return "交期"
	case SortByTime:
		return "报价时间"
	}
	return "到手价"
}

// ComparePage sets the quotes of a purchase side by side for its buyer. While
// quotes are sealed it shows who quoted and nothing else.
type ComparePage struct {
	Layout
	Purchase    xunjia.Purchase
	Status      xunjia.PurchaseStatus // now
	Left        string
	Sealed      bool
	Names       []string // masked, of who quoted, while sealed
	Lines       []CompareLine
	Rows        []CompareRow // suppliers × lines
	Pending     int          // quotes that wait for an answer
	Sort        CompareSort
	More        int    // quotes that are not shown
	Next        string // where they begin; "" at the end
	CanConclude bool
	CanEnd      bool
}

// Template implements Page.
func (*ComparePage) Template() string { return "compare" }

// Sorts lists the orders.
func (*ComparePage) Sorts() []CompareSort { return CompareSorts() }

// SortHref is the address of the page in that order.
func (p *ComparePage) SortHref(s CompareSort) string { return p.href(s, "") }

// NextHref is the address of the quotes that are not shown.
func (p *ComparePage) NextHref() string { return p.href(p.Sort, p.Next) }

func (p *ComparePage) href(s CompareSort, after string) string {
	q := url.Values{}
	if s != SortByPrice {
		q.Set("sort", string(s))
	}
	if after != "" {
		q.Set("after", after)
	}
	href := xunjia.PurchasePath(p.Purchase.ID) + "/compare"
	if len(q) > 0 {
		href += "?" + q.Encode()
	}
	return href
}

// Matrix tells whether the overview says more than the lists.
func (p *ComparePage) Matrix() bool { return len(p.Lines) > 1 && len(p.Rows) > 1 }

// CompareLine is a line with its offers.
type CompareLine struct {
	xunjia.Line
	Quotes      []CompareQuote
	Live        int // quotes that stand
	Pending     int // quotes that wait for an answer
	Declines    []CompareDecline
	CanConclude bool
}

// CompareDecline is a supplier who does not quote on a line.
type CompareDecline struct{ Name, Reason string }

// CompareQuote is one quote of a line.
type CompareQuote struct {
	xunjia.Quote
	Supplier   xunjia.User
	Landed     xunjia.Landed
	Best       bool // lowest landed price of several that stand
	Fastest    bool // shortest lead time of several that stand
	Certified  bool
	Expired    bool // and nobody has answered it
	Old        bool // made for an older version of the purchase
	CanAccept  bool
	CanRefuse  bool
	CanCounter bool
	CanUndo    bool
	Total      string
	AgainstCap string
	LineUnit   xunjia.Unit
}

// Stands tells whether the quote is still in the race.
func (q CompareQuote) Stands() bool {
	return q.State == xunjia.Accepted || q.State == xunjia.Pending && !q.Expired
}

// CanDecide tells whether there is anything for the reader to do.
func (q CompareQuote) CanDecide() bool {
	return q.CanAccept || q.CanRefuse || q.CanCounter || q.CanUndo
}

// AsQuoted writes the price as it was quoted; "" when it says nothing new.
func (q CompareQuote) AsQuoted() string {
	if q.Landed.Known() && q.Landed.Price() == q.Price && q.LineUnit == q.Unit && q.Kind == xunjia.BarePrice && q.Freight == 0 {
		return ""
	}
	return QuotedPrice(q.Offer)
}

// Taken is how much of the line an accepted quote has.
func (q CompareQuote) Taken() string { return q.Accepted.String() + string(q.LineUnit) }

// QuotedPrice writes an offer's price with what it includes: 68.50元/公斤 不含税，
// 开票加 9%，运费 500.00元.
func QuotedPrice(o xunjia.Offer) string {
	s := o.Price.String() + "元/" + string(o.Unit) + " " + o.Kind.String()
	if o.Kind == xunjia.BarePrice && o.TaxRate > 0 {
		s += "，开票加 " + strconv.FormatFloat(float64(o.TaxRate)/100, 'f', -1, 64) + "%"
	}
	if o.Kind != xunjia.DeliveredPrice && o.Freight > 0 {
		s += "，运费 " + o.Freight.String() + "元"
	}
	return s
}

// LeadText writes a lead time: 现货, 3天.
func LeadText(days int) string {
	if days == 0 {
		return "现货"
	}
	return strconv.Itoa(days) + "天"
}

// Lead is the lead time in words.
func (q CompareQuote) Lead() string { return LeadText(q.LeadDays) }

// CompareRow is a supplier's offers, one cell for each line.
type CompareRow struct {
	Supplier  xunjia.User
	Certified bool
	Cells     []CompareQuote // ID 0 where he made none
	Quoted    int            // offers that stand
	Complete  bool           // he offers every line, in full
	Best      bool           // lowest total of several that are complete
	Total     string
	total     xunjia.Fen
	lead      int
	first     time.Time
}

// NewComparePage arranges the quotes for the reader.
func NewComparePage(p xunjia.Purchase, quotes []CompareQuote, by xunjia.User, sort CompareSort, now time.Time) *ComparePage {
	page := &ComparePage{Purchase: p, Status: p.StatusAt(now), Left: LeftOf(p, now), Sort: sort, CanEnd: p.CanEnd(by, now) == nil}
	if !slices.Contains(CompareSorts(), sort) {
		page.Sort = SortByPrice
	}
	if page.Sealed = p.Hidden(now); page.Sealed {
		page.seal(quotes)
		return page
	}
	concludes := p.CanConclude(by, now) == nil
	column := map[int64]int{}
	for i, l := range p.Lines {
		_, err := l.Concluded()
		line := CompareLine{Line: l, CanConclude: concludes && err == nil && l.Accepted > 0}
		page.CanConclude = page.CanConclude || line.CanConclude
		page.Lines = append(page.Lines, line)
		column[l.ID] = i
	}
	for _, q := range quotes {
		i, ok := column[q.LineID]
		if !ok {
			continue
		}
		line := &page.Lines[i]
		q.judge(p, line.Line, by, now)
		if q.State == xunjia.Pending {
			line.Pending++
			page.Pending++
		}
		if q.Stands() {
			line.Live++
		}
		line.Quotes = append(line.Quotes, q)
	}
	for i := range page.Lines {
		page.Lines[i].mark()
		page.Lines[i].order(page.Sort)
	}
	page.rows()
	return page
}

// seal names who quoted, each once, and leaves everything else out.
func (p *ComparePage) seal(quotes []CompareQuote) {
	seen := map[int64]bool{}
	for _, q := range quotes {
		if q.State == xunjia.Withdrawn || seen[q.SupplierID] {
			continue
		}
		seen[q.SupplierID] = true
		p.Names = append(p.Names, q.Supplier.MaskedName())
	}
	slices.Sort(p.Names) // not in the order of prices
}

// judge asks the rules what the offer costs and what the reader may do with it.
func (q *CompareQuote) judge(p xunjia.Purchase, l xunjia.Line, by xunjia.User, now time.Time) {
	q.Landed, q.LineUnit = q.Offer.Landed(p.Terms, l), l.Unit
	q.Certified, q.Old = q.Supplier.Certified(now), q.Version < p.Version
	q.Expired = q.State == xunjia.Pending && q.Offer.Expired(now)
	if q.Landed.Known() {
		q.Total = group(bigFen(q.Landed.Total(l.Quantity)))
		q.AgainstCap = AgainstCap(q.Landed.Price(), l.CapPrice)
	}
	q.CanAccept, q.CanRefuse, q.CanCounter, q.CanUndo = Deeds(q.Quote, p, l, by, now)
}

// Deeds tells what the user on the buyer's side may do with a quote now.
func Deeds(q xunjia.Quote, p xunjia.Purchase, l xunjia.Line, by xunjia.User, now time.Time) (accept, refuse, counter, undo bool) {
	_, err := q.Answered(p, by, xunjia.Answer{Action: xunjia.Accept, Revision: q.Revision}, now)
	if accept = err == nil; accept {
		_, err = q.Share(l, 0)
		accept = err == nil && q.CheckCurrent(l) == nil
	}
	_, err = q.Answered(p, by, xunjia.Answer{Action: xunjia.Refuse, Message: "价格高", Revision: q.Revision}, now)
	refuse = err == nil
	_, err = q.Countered(p, by, xunjia.Counter{Price: q.Price - 1}, q.Revision, now)
	counter = err == nil
	_, err = q.AnswerUndone(p, l, by, now)
	return accept, refuse, counter, err == nil
}

// mark finds the best of several offers that stand: by price, those that give
// the invoice that is asked for before those that do not, and by lead time.
func (l *CompareLine) mark() {
	if l.Live < 2 {
		return
	}
	price, lead := -1, -1
	for i, q := range l.Quotes {
		if !q.Stands() {
			continue
		}
		if q.Landed.Known() && (price < 0 || q.cheaper(l.Quotes[price]) < 0) {
			price = i
		}
		if lead < 0 || q.LeadDays < l.Quotes[lead].LeadDays {
			lead = i
		}
	}
	slowest := 0
	for _, q := range l.Quotes {
		if q.Stands() {
			slowest = max(slowest, q.LeadDays)
		}
	}
	for i := range l.Quotes {
		q := &l.Quotes[i]
		q.Best = q.Stands() && price >= 0 && q.cheaper(l.Quotes[price]) == 0
		q.Fastest = q.Stands() && q.LeadDays == l.Quotes[lead].LeadDays && q.LeadDays < slowest
	}
}

func (q CompareQuote) cheaper(other CompareQuote) int {
	if q.Landed.NoInvoice != other.Landed.NoInvoice {
		if other.Landed.NoInvoice {
			return -1
		}
		return 1
	}
	return q.Landed.Compare(other.Landed)
}

// order sorts the offers; those that do not stand come last.
func (l *CompareLine) order(by CompareSort) {
	slices.SortStableFunc(l.Quotes, func(a, b CompareQuote) int {
		if a.Stands() != b.Stands() {
			if a.Stands() {
				return -1
			}
			return 1
		}
		switch by {
		case SortByLead:
			return cmp.Or(cmp.Compare(a.LeadDays, b.LeadDays), a.Landed.Compare(b.Landed))
		case SortByTime:
			return cmp.Or(a.CreatedAt.Compare(b.CreatedAt), cmp.Compare(a.ID, b.ID))
		}
		return a.Landed.Compare(b.Landed)
	})
}

// rows arranges the offers by supplier.
func (p *ComparePage) rows() {
	row := map[int64]int{}
	for i := range p.Lines {
		for _, q := range p.Lines[i].Quotes {
			r, ok := row[q.SupplierID]
			if !ok {
				r, row[q.SupplierID] = len(p.Rows), len(p.Rows)
				p.Rows = append(p.Rows, CompareRow{Supplier: q.Supplier, Certified: q.Certified, Cells: make([]CompareQuote, len(p.Lines)), first: q.CreatedAt, Complete: true})
			}
			p.Rows[r].Cells[i] = q
		}
	}
	complete, best := 0, xunjia.Fen(-1)
	for r := range p.Rows {
		row := &p.Rows[r]
		for i, q := range row.Cells {
			row.add(q, p.Lines[i].Line)
		}
		row.Total = group(bigFen(row.total))
		if row.Complete {
			if complete++; best < 0 || row.total < best {
				best = row.total
			}
		}
	}
	for r := range p.Rows {
		p.Rows[r].Best = complete > 1 && p.Rows[r].Complete && p.Rows[r].total == best
	}
	slices.SortStableFunc(p.Rows, func(a, b CompareRow) int {
		switch p.Sort {
		case SortByLead:
			return cmp.Or(cmp.Compare(b.Quoted, a.Quoted), cmp.Compare(a.lead, b.lead), cmp.Compare(a.total, b.total))
		case SortByTime:
			return a.first.Compare(b.first)
		}
		return cmp.Or(cmp.Compare(b.Quoted, a.Quoted), cmp.Compare(a.total, b.total))
	})
}

// add counts a cell of the row.
func (r *CompareRow) add(q CompareQuote, l xunjia.Line) {
	if q.ID == 0 || !q.Stands() || !q.Landed.Known() {
		r.Complete = false
		return
	}
	full := l
	full.Accepted = 0
	if q.Most(full) < l.Quantity {
		r.Complete = false
	}
	r.Quoted++
	if r.total += q.Landed.Total(l.Quantity); r.total < 0 { // absurd prices
		r.total = 1<<63 - 1
	}
	r.lead = max(r.lead, q.LeadDays)
	if q.CreatedAt.Before(r.first) {
		r.first = q.CreatedAt
	}
}
