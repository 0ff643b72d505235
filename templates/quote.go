package templates

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"time"

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
	Form     Form // price, unit, kind, tax_rate, freight, lead_days, min_quantity, available, valid, valid_at, sample, quality, explanation, photos.1 … photos.5; errors also on attachments and valid_until

	Now        time.Time
	Certified  bool // the supplier is
	QuotaLeft  int  // new quotes that he can make this week
	Quota      int  // of these in a week
	CanDecline bool
}

// UnitOption is a unit that the price can be for.
type UnitOption struct {
	Option
	Grams int64
}

// Units are those that the line's unit converts into; none when it is the only
// one.
func (p *QuoteNewPage) Units() []UnitOption {
	if !p.Line.Unit.Weighs() {
		return nil
	}
	units := xunjia.WeightUnits()
	if !slices.Contains(units, p.Line.Unit) {
		units = append(units, p.Line.Unit)
	}
	chosen := cmp.Or(p.Form.Value("unit"), string(p.Line.Unit))
	var list []UnitOption
	for _, u := range units {
		list = append(list, UnitOption{Option{Value: string(u), Text: string(u), Selected: string(u) == chosen}, u.Grams()})
	}
	return list
}

// Kinds are what a price can include.
func (p *QuoteNewPage) Kinds() []Option { return numbered(xunjia.PriceKinds(), p.Form.Value("kind")) }

// Samples are what can be said of samples.
func (p *QuoteNewPage) Samples() []Option {
	return numbered(xunjia.SampleOffers(), p.Form.Value("sample"))
}

// numbered are options whose values are the numbers; the first one is chosen
// when none is.
func numbered[T interface {
	~int
	fmt.Stringer
}](all []T, chosen string) []Option {
	if chosen == "" {
		chosen = strconv.Itoa(int(all[0]))
	}
	list := make([]Option, len(all))
	for i, v := range all {
		value := strconv.Itoa(int(v))
		list[i] = Option{Value: value, Text: v.String(), Selected: value == chosen}
	}
	return list
}

// ValidAt is the choice of an exact day; ValidAlways that of no limit.
const (
	ValidAlways = "0"
	ValidAt     = "at"
)

// Validities are until when the offer can hold: days from today, or a day.
func (p *QuoteNewPage) Validities() []Option {
	list := []Option{{Value: "3", Text: "3 天"}, {Value: "7", Text: "7 天"}, {Value: "15", Text: "15 天"}, {Value: "30", Text: "30 天"},
		{Value: ValidAlways, Text: "不限"}, {Value: ValidAt, Text: "指定日期"}}
	chosen := cmp.Or(p.Form.Value("valid"), "15")
	for i := range list {
		list[i].Selected = list[i].Value == chosen
	}
	return list
}

// FirstDay and LastDay bound the exact day.
func (p *QuoteNewPage) FirstDay() string { return p.Now.In(xunjia.China()).Format(time.DateOnly) }

// LastDay is the last day that can be chosen.
func (p *QuoteNewPage) LastDay() string {
	return p.Now.In(xunjia.China()).Add(xunjia.MaxValidity).AddDate(0, 0, -1).Format(time.DateOnly)
}

// QuotaCertified is how many new quotes a certified supplier has in a week.
func (*QuoteNewPage) QuotaCertified() int { return xunjia.WeeklyQuotesCertified }

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
	unit := xunjia.Unit(cmp.Or(p.Form.Value("unit"), string(p.Line.Unit)))
	return err == nil && p.Line.CapPrice > 0 && unit.Converts(p.Line.Unit) && unit.Price(price, p.Line.Unit) > p.Line.CapPrice
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
	Expired     bool           // the offer no longer holds, and nobody has answered it
	CanRenew    bool           // the reader may make it valid for longer

	OtherCertified bool // whom the reader deals with
	Ask            SubscriptionAsk
}

// Template implements Page.
func (*QuotePage) Template() string { return "quote" }

// Facts are what the offer says besides its price and pictures.
func (p *QuotePage) Facts() []OfferFact {
	all := OfferFacts(p.Quote.Offer)
	return all[1 : len(all)-1]
}

// Changes counts how often the offer was changed.
func (p *QuotePage) Changes() int { return p.Quote.Revision - 1 }

// Stale tells whether the purchase has changed since the quote was made or
// confirmed, and it still waits for an answer.
func (p *QuotePage) Stale() bool {
	return p.Quote.Unconfirmed(p.Purchase, p.Line)
}

// ValidText is until when the offer holds.
func (p *QuotePage) ValidText() string {
	if p.Quote.ValidUntil.IsZero() {
		return "不限"
	}
	return fullTime(p.Quote.ValidUntil.Add(-time.Second))
}

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
