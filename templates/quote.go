package templates

import (
	"fmt"
	"strconv"

	"github.com/xunjia/xunjia"
)

// QuoteNewPage is the form with which a supplier quotes on a line or revises
// his quote.
type QuoteNewPage struct {
	Layout
	Purchase xunjia.Purchase
	Line     xunjia.Line
	Buyer    string
	Left     string
	Old      xunjia.Quote // ID 0 for a new one
	Trends   []CategoryTrend
	Form     Form // price, quality, explanation, photos.1 … photos.5; errors also on attachments
}

// Template implements Page.
func (*QuoteNewPage) Template() string { return "quote_new" }

// PhotoField is one of the typed upload fields.
type PhotoField struct {
	xunjia.AttachmentType
	Name, Hint, TestID string
	Files              bool // takes PDFs too
}

// PhotoName is the name of the upload field for a type.
func PhotoName(t xunjia.AttachmentType) string { return "photos." + strconv.Itoa(int(t)) }

// Photos are the upload fields, one for each type.
func (*QuoteNewPage) Photos() []PhotoField {
	hints := map[xunjia.AttachmentType]string{
		xunjia.HandHeld: "拿在手里拍，看大小和干湿", xunjia.Detail: "近拍断面和表面", xunjia.Bulk: "整堆或整包的样子",
		xunjia.TestReport: "含量、水分、农残报告，照片或 PDF", xunjia.OtherFile: "资质、包装、产地等",
	}
	var fields []PhotoField
	for _, t := range xunjia.AttachmentTypes() {
		f := PhotoField{AttachmentType: t, Name: PhotoName(t), Hint: hints[t], TestID: "quote-file", Files: t == xunjia.TestReport}
		if t != xunjia.HandHeld {
			f.TestID = fmt.Sprintf("quote-file-%d", int(t))
		}
		fields = append(fields, f)
	}
	return fields
}

// DraftKey names what the browser keeps while the form is being filled in. A
// revision of something else is another draft.
func (p *QuoteNewPage) DraftKey() string {
	return fmt.Sprintf("%sr%d", draftPrefix(p.User.ID, p.Line.ID), p.Old.Revision)
}

func draftPrefix(user, line int64) string { return fmt.Sprintf("xunjia-quote-u%d-l%d-", user, line) }

// Above tells whether the price typed last is above the cap.
func (p *QuoteNewPage) Above() bool {
	price, err := xunjia.ParseFen(p.Form.Value("price"))
	return err == nil && p.Line.CapPrice > 0 && price > p.Line.CapPrice
}

// QuotePage is one quote, for its supplier and its buyer.
type QuotePage struct {
	Layout
	Quote       xunjia.Quote
	Line        xunjia.Line
	Purchase    xunjia.Purchase
	Status      xunjia.PurchaseStatus // of the purchase now
	Supplier    xunjia.User
	Buyer       xunjia.User
	Mine        bool // the reader is the supplier
	CanAccept   bool
	CanRefuse   bool
	CanCounter  bool
	CanUndo     bool
	CanRevise   bool
	CanWithdraw bool
	CanTake     bool           // the counter-offer
	Deal        *xunjia.Deal   // drafted from the quote; nil when there is none
	Result      *xunjia.Result // once the line is concluded, for its supplier; nil before
	UndoLeft    string         // how long the answer can be taken back
	Ask         SubscriptionAsk
}

// Template implements Page.
func (*QuotePage) Template() string { return "quote" }

// Other is whom the reader deals with.
func (p *QuotePage) Other() xunjia.User {
	if p.Mine {
		return p.Buyer
	}
	return p.Supplier
}

// CanAct tells whether there is anything for the reader to do.
func (p *QuotePage) CanAct() bool {
	return p.CanAccept || p.CanRefuse || p.CanCounter || p.CanRevise || p.CanWithdraw || p.CanTake
}

// Landed is what the offer comes to for the buyer.
func (p *QuotePage) Landed() xunjia.Landed { return p.Quote.Landed(p.Purchase.Terms, p.Line) }

// perLine is the price as quoted, per unit of the line.
func (p *QuotePage) perLine() xunjia.Landed {
	return xunjia.Offer{Price: p.Quote.Price, Unit: p.Quote.Unit}.Landed(xunjia.Terms{}, p.Line)
}

// Total is the price of the whole quantity; "" when the units do not convert.
func (p *QuotePage) Total() string {
	if !p.perLine().Known() {
		return ""
	}
	return group(bigFen(p.perLine().Total(p.Line.Quantity)))
}

// AgainstCap compares the price with the cap.
func (p *QuotePage) AgainstCap() string {
	if !p.perLine().Known() {
		return ""
	}
	return AgainstCap(p.perLine().Price(), p.Line.CapPrice)
}

// DraftPrefix names the drafts that this quote makes needless.
func (p *QuotePage) DraftPrefix() string { return draftPrefix(p.Quote.SupplierID, p.Quote.LineID) }

// Heading says how the quote stands, from the reader's side.
func (p *QuotePage) Heading() string {
	switch p.Quote.State {
	case xunjia.Accepted:
		if p.Mine {
			return "恭喜，采购商接受了您的报价"
		}
		return "您接受了这条报价"
	case xunjia.Refused:
		if p.Mine {
			return "采购商没有接受这条报价"
		}
		return "您拒绝了这条报价"
	case xunjia.Withdrawn:
		if p.Mine {
			return "您撤回了这条报价"
		}
		return "供应商撤回了这条报价"
	case xunjia.NotChosen:
		return "这条报价没有中选"
	}
	if p.Mine {
		return "报价已送达，等待采购商答复"
	}
	return "这条报价等您答复"
}

// HeadingIcon is the drawing beside the heading.
func (p *QuotePage) HeadingIcon() string {
	switch p.Quote.State {
	case xunjia.Accepted:
		return "circle-check"
	case xunjia.Pending:
		return "clock"
	}
	return "info-circle"
}
