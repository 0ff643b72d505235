package templates

import (
	"strconv"

	"github.com/xunjia/xunjia"
)

// AdminPurchasesPage lists every purchase for staff.
type AdminPurchasesPage struct {
	Layout
	Query  string // beginning of a number, or the buyer's phone
	Status string
	Rows   []AdminPurchaseRow
	Next   string // address of the next part
}

// Template implements Page.
func (*AdminPurchasesPage) Template() string { return "admin/purchases" }

// Statuses are the choices of the filter.
func (*AdminPurchasesPage) Statuses() []Option {
	list := make([]Option, 0, len(xunjia.PurchaseStatuses()))
	for _, s := range []xunjia.PurchaseStatus{xunjia.WaitingForQuote, xunjia.QuotingEnded, xunjia.Purchased, xunjia.Closed} {
		list = append(list, Option{Value: strconv.Itoa(int(s)), Text: s.String()})
	}
	return list
}

// AdminPurchaseRow is one purchase of the list.
type AdminPurchaseRow struct {
	xunjia.Purchase
	Now   xunjia.PurchaseStatus
	Buyer xunjia.User
}

// AdminPurchasePage is one purchase for staff, without what was quoted.
type AdminPurchasePage struct {
	Layout
	Purchase  xunjia.Purchase
	Now       xunjia.PurchaseStatus
	Buyer     xunjia.User
	Versions  []VersionRow // none while it was not edited
	Questions []AdminQuestionRow
	Next      string // of the questions
	CanClose  bool
	CanHide   bool
	Form      Form // reason; about: "close" or the question's Key
}

// Template implements Page.
func (*AdminPurchasePage) Template() string { return "admin/purchase" }

// AdminQuestionRow is a question with who asked.
type AdminQuestionRow struct {
	xunjia.Question
	Asker xunjia.User
}

// Key tells the question's form from others on the page.
func (q AdminQuestionRow) Key() string { return "question-" + strconv.FormatInt(q.ID, 10) }
