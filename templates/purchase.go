package templates

import (
	"time"

	"github.com/xunjia/xunjia"
)

// PurchasePage is one purchase for everybody: guests, suppliers, its buyer.
type PurchasePage struct {
	Layout
	Purchase  xunjia.Purchase
	Status    xunjia.PurchaseStatus // now
	Left      string                // 还剩 2 天; "" once quoting is over
	BuyerName string                // as the reader may see it
	Buyer     xunjia.User

	BuyerCertified bool

	Mine   bool // the reader is the buyer
	Lines  []PurchaseLine
	Trends []CategoryTrend // of the lines' categories, for members
	Ask    SubscriptionAsk
	Can    PurchaseActions

	Invitation    xunjia.Invitation // of the reader
	Questions     []QuestionRow     // the newest ones
	MoreQuestions bool
	Quoters       []Quoter // the last ones, names masked; none while quotes are sealed
	MoreQuoters   bool
	CanAsk        bool
}

// PurchaseActions are what the reader can do with his purchase now.
type PurchaseActions struct{ End, Close, Extend, Reopen, Invite, Opening, Edit, Copy bool }

// Any tells whether there is something to do.
func (a PurchaseActions) Any() bool { return a != PurchaseActions{} }

// Template implements Page.
func (*PurchasePage) Template() string { return "purchase" }

// Quoter is somebody who quoted, as everybody may know it.
type Quoter struct {
	Name  string // masked
	Lines int
	At    time.Time
}

// PurchaseLine is a line of PurchasePage with the reader's own quote for it.
type PurchaseLine struct {
	xunjia.Line
	Quote  xunjia.Quote // ID 0 when the reader has made none
	Open   bool         // takes quotes now, from others than the buyer
	Revise bool         // the reader may change his quote
	Closes bool         // the reader may close it by itself

	Declined string // why the reader does not quote on it; "" when he did not say so
}

// Open tells whether the purchase takes quotes.
func (p *PurchasePage) Open() bool { return p.Status == xunjia.WaitingForQuote }

// EndedAt is when quoting ended, also when the clock job has not come by yet.
func (p *PurchasePage) EndedAt() time.Time {
	if p.Purchase.EndedAt.IsZero() {
		return p.Purchase.Deadline
	}
	return p.Purchase.EndedAt
}

// Explanation says why nobody can quote any more.
func (p *PurchasePage) Explanation() string {
	switch {
	case p.Status == xunjia.Closed && p.Mine:
		return "您已关闭这张采购单，供应商不能再报价。"
	case p.Status == xunjia.Closed:
		return "采购商关闭了这张采购单，不能再报价。"
	case p.Status == xunjia.QuotingEnded && p.Mine:
		return "报价已结束。请比价后答复每一位供应商，接受或说明不合适的原因。"
	case p.Status == xunjia.QuotingEnded:
		return "报价已结束，采购商正在比价。已报价的供应商会收到结果通知。"
	case p.Status == xunjia.Purchased:
		return "采购已经完成，感谢各位供应商的报价。"
	}
	return ""
}

// ConfirmPage asks once more before something that cannot be undone. With the
// script its middle is shown in a dialog on the page before.
type ConfirmPage struct {
	Layout
	Heading string
	Text    string
	Points  []string // what follows from it
	Action  string   // where the form goes
	Button  string
	TestID  string
}

// Template implements Page.
func (*ConfirmPage) Template() string { return "confirm" }
