package templates

import (
	"strconv"

	"github.com/xunjia/xunjia"
)

// Script is as for PublishPage.
func (*CounterPage) Script() string { return businessScript }

// Script is as for PublishPage.
func (*RefuseQuotesPage) Script() string { return businessScript }

// refusals are reasons to pick instead of typing.
func refusals() []string {
	return []string{"价格高", "质量不符", "数量不够", "交期太长"}
}

// QuoteAnswerPage is the form with which a buyer accepts or refuses. With the
// script its middle is shown in a dialog on the page before.
type QuoteAnswerPage struct {
	Layout
	Quote    xunjia.Quote
	Line     xunjia.Line
	Purchase xunjia.Purchase
	Supplier xunjia.User
	Accept   bool
	Form     Form // message, quantity
}

// Template implements Page.
func (*QuoteAnswerPage) Template() string { return "quote_answer" }

// Do is the value of the field do.
func (p *QuoteAnswerPage) Do() string {
	if p.Accept {
		return string(xunjia.Accept)
	}
	return string(xunjia.Refuse)
}

// Landed is what the offer comes to.
func (p *QuoteAnswerPage) Landed() xunjia.Landed { return p.Quote.Landed(p.Purchase.Terms, p.Line) }

// Stale tells whether the request has changed since the supplier read it. Its
// line has not, or the offer could not be accepted.
func (p *QuoteAnswerPage) Stale() bool { return p.Accept && p.Quote.Unconfirmed(p.Purchase, p.Line) }

// Total is what the whole line comes to.
func (p *QuoteAnswerPage) Total() string { return group(bigFen(p.Landed().Total(p.Line.Quantity))) }

// AsQuoted writes the price with what it includes.
func (p *QuoteAnswerPage) AsQuoted() string { return QuotedPrice(p.Quote.Offer) }

// Most is how much can be accepted, in the line's unit.
func (p *QuoteAnswerPage) Most() xunjia.Quantity { return p.Quote.Most(p.Line) }

// Quantity is what stands in the field: as typed, or the most.
func (p *QuoteAnswerPage) Quantity() string {
	if p.Form.Values.Has("quantity") {
		return p.Form.Value("quantity")
	}
	return p.Most().String()
}

// Phrases are answers to pick instead of typing.
func (p *QuoteAnswerPage) Phrases() []string {
	if p.Accept {
		return []string{"请尽快安排发货", "先寄样品，合格后发大货", "请联系我签合同"}
	}
	return append(refusals(), "已选其他供应商")
}

// CounterPage is the form with which a buyer names the price that he would
// accept.
type CounterPage struct {
	Layout
	Quote    xunjia.Quote
	Line     xunjia.Line
	Purchase xunjia.Purchase
	Supplier xunjia.User
	Form     Form // price, message
}

// Template implements Page.
func (*CounterPage) Template() string { return "quote_counter" }

// Phrases are messages to pick instead of typing.
func (*CounterPage) Phrases() []string {
	return []string{"量大，能否优惠", "长期合作", "同样质量有更低的报价"}
}

// RefuseQuotesPage is the form with which a buyer refuses several quotes for one
// reason.
type RefuseQuotesPage struct {
	Layout
	Purchase xunjia.Purchase
	Line     int64 // 0: quotes of every line
	Quotes   []RefusableQuote
	More     int  // that have to wait for the next time
	Form     Form // quote (several: id-revision), message
}

// Template implements Page.
func (*RefuseQuotesPage) Template() string { return "refuse_quotes" }

// RefusableQuote is a quote to choose.
type RefusableQuote struct {
	xunjia.Quote
	Line     xunjia.Line
	Supplier xunjia.User
	Chosen   bool
}

// Value is that of its box: which offer of it the buyer saw.
func (q RefusableQuote) Value() string {
	return strconv.FormatInt(q.ID, 10) + "-" + strconv.Itoa(q.Revision)
}

// Phrases are reasons to pick instead of typing.
func (*RefuseQuotesPage) Phrases() []string { return append(refusals(), "已选其他供应商") }
