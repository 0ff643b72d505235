package templates

import (
	"strconv"
	"time"

	"github.com/xunjia/xunjia"
)

// QuoteHistoryPage lists every offer that a quote has been, the newest first.
type QuoteHistoryPage struct {
	Layout
	Quote     xunjia.Quote
	Line      xunjia.Line
	Revisions []Revision
}

// Template implements Page.
func (*QuoteHistoryPage) Template() string { return "quote_history" }

// Revision is one offer with what it changed.
type Revision struct {
	Number  int
	Version int // of the purchase
	At      time.Time
	Price   string
	Changes []OfferChange
}

// OfferChange is one field of an offer before and after.
type OfferChange struct{ Name, Before, After string }

// NewRevision tells an offer by how it differs from the one before; nil for the
// first.
func NewRevision(number, version int, at time.Time, o xunjia.Offer, before *xunjia.Offer) Revision {
	r := Revision{Number: number, Version: version, At: at, Price: QuotedPrice(o)}
	if before == nil {
		return r
	}
	old := OfferFacts(*before)
	for i, fact := range OfferFacts(o) {
		if fact.Text != old[i].Text {
			r.Changes = append(r.Changes, OfferChange{Name: fact.Name, Before: old[i].Text, After: fact.Text})
		}
	}
	return r
}

// OfferFact is a field of an offer in words.
type OfferFact struct{ Name, Text string }

// OfferFacts says all that an offer says but for its pictures, always in the
// same order.
func OfferFacts(o xunjia.Offer) []OfferFact {
	quantity := func(q xunjia.Quantity, none string) string {
		if q == 0 {
			return none
		}
		return q.String() + string(o.Unit)
	}
	lead := "现货"
	if o.LeadDays > 0 {
		lead = strconv.Itoa(o.LeadDays) + " 天"
	}
	valid := "不限"
	if !o.ValidUntil.IsZero() {
		valid = fullTime(o.ValidUntil.Add(-time.Second))
	}
	photos := "没有"
	if n := len(o.Attachments); n > 0 {
		photos = strconv.Itoa(n) + " 个"
	}
	return []OfferFact{
		{"价格", QuotedPrice(o)}, {"可供数量", quantity(o.Available, "全部")}, {"起订量", quantity(o.MinQuantity, "不限")}, {"备货", lead},
		{"样品", o.Sample.String()}, {"有效期至", valid}, {"货品质量", o.Quality}, {"报价说明", o.Explanation}, {"照片和文件", photos},
	}
}

func historySample(p xunjia.Purchase, now time.Time) *QuoteHistoryPage {
	q := sampleQuotes(now)[0].Quote
	first, second := q.Offer, q.Offer
	first.Price, first.ValidUntil = q.Price+1200, now.Add(72*time.Hour)
	second.LeadDays, second.Quality = 3, "统货，水分 12% 以内"
	page := &QuoteHistoryPage{Layout: sampleLayout("报价记录", ""), Quote: q, Line: p.Lines[0]}
	page.Revisions = []Revision{NewRevision(2, 2, now, second, &first), NewRevision(1, 1, now.Add(-26*time.Hour), first, nil)}
	return page
}
