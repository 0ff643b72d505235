package templates

import (
	"net/url"
	"time"

	"github.com/xunjia/xunjia"
)

// MyPurchasesPage lists what the user asked for.
type MyPurchasesPage struct {
	Layout
	Purchases []PurchaseCard
	Status    string // the chosen one of the tabs
	Next      string // for the next page; "" at the end
	First     bool   // of the pages

	HasCompany bool             // the reader is in a company
	Company    bool             // these are its purchases, not only his own
	Publishers map[int64]string // of a company's purchases, by user id
}

// Path is the address of the list.
func (p *MyPurchasesPage) Path() string {
	if p.Company {
		return "/me/company/purchases"
	}
	return "/me/purchases"
}

// Export is the name of the list's workbook.
func (p *MyPurchasesPage) Export() string {
	if p.Company {
		return "company"
	}
	return "purchases"
}

// Tabs are the states to choose from.
func (*MyPurchasesPage) Tabs() []Option {
	return []Option{{Text: "全部"}, {Value: "open", Text: "报价中"}, {Value: "ended", Text: "已结束"}, {Value: "done", Text: "已成交"}, {Value: "closed", Text: "已关闭"}}
}

// More leads to the next page.
func (p *MyPurchasesPage) More() More {
	return moreAt(p.Path(), url.Values{"status": {p.Status}}, p.Next)
}

// Template implements Page.
func (*MyPurchasesPage) Template() string { return "my_purchases" }

// MyQuotesPage lists what the user quoted.
type MyQuotesPage struct {
	Layout
	Quotes []MyQuote
	State  string // the chosen one of the tabs
	Next   string // for the next page; "" at the end
	First  bool   // of the pages
}

// Tabs are the answers to choose from.
func (*MyQuotesPage) Tabs() []Option {
	return []Option{{Text: "全部"}, {Value: "pending", Text: "待答复"}, {Value: "accepted", Text: "已接受"}, {Value: "refused", Text: "未接受"}, {Value: "withdrawn", Text: "已撤回"}}
}

// More leads to the next page.
func (p *MyQuotesPage) More() More {
	return moreAt("/me/quotes", url.Values{"state": {p.State}}, p.Next)
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

// Stale tells whether the purchase has changed since, and the supplier has not
// confirmed his quote.
func (q MyQuote) Stale() bool {
	return q.Unconfirmed(q.Purchase, q.Line)
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
