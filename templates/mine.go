package templates

import (
	"time"

	"github.com/xunjia/xunjia"
)

// MyPurchasesPage lists what the user asked for.
type MyPurchasesPage struct {
	Layout
	Purchases []PurchaseCard
	Next      string // for the next page; "" at the end
	First     bool   // of the pages
}

// Template implements Page.
func (*MyPurchasesPage) Template() string { return "my_purchases" }

// MyQuotesPage lists what the user quoted.
type MyQuotesPage struct {
	Layout
	Quotes []MyQuote
	Next   string // for the next page; "" at the end
	First  bool   // of the pages
}

// Template implements Page.
func (*MyQuotesPage) Template() string { return "my_quotes" }

// MyQuote is a quote with what it is for.
type MyQuote struct {
	xunjia.Quote
	Line     xunjia.Line
	Purchase xunjia.Purchase
	Status   xunjia.PurchaseStatus // of the purchase now
	Left     string
	Buyer    string
}

// Href is the address of the quote's page.
func (q MyQuote) Href() string { return xunjia.QuotePath(q.ID) }

// LeftOf writes how long a purchase still takes quotes; "" once it is over.
func LeftOf(p xunjia.Purchase, now time.Time) string {
	if p.StatusAt(now) != xunjia.WaitingForQuote {
		return ""
	}
	return Left(p.Deadline.Sub(now))
}
