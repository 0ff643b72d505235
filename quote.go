package xunjia

import (
	"reflect"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// QuoteState is the answer to a quote. The numbers are stored; 0 to 2 come
// from the replaced system.
type QuoteState int

// The states. QuoteAction tells who moves a quote between them.
const (
	Pending   QuoteState = 0 // 待答复
	Accepted  QuoteState = 1 // 已接受
	Refused   QuoteState = 2 // 已拒绝
	Withdrawn QuoteState = 3 // 已撤回, by the supplier
	NotChosen QuoteState = 4 // 未中选
)

// QuoteStates lists every state.
func QuoteStates() []QuoteState {
	return []QuoteState{Pending, Accepted, Refused, Withdrawn, NotChosen}
}

// String is the state's Chinese name.
func (s QuoteState) String() string {
	switch s {
	case Pending:
		return "待答复"
	case Accepted:
		return "已接受"
	case Refused:
		return "已拒绝"
	case Withdrawn:
		return "已撤回"
	case NotChosen:
		return "未中选"
	}
	return ""
}

// QuoteStatus tells whether a deal came of a quote. The numbers are stored.
type QuoteStatus int

// The statuses.
const (
	DefaultQuote    QuoteStatus = 0 // 默认
	SuccessfulQuote QuoteStatus = 1 // 成功
)

// QuoteAction moves a quote from one state to another.
type QuoteAction string

// The actions.
const (
	Accept     QuoteAction = "accept"      // by the buyer
	Refuse     QuoteAction = "refuse"      // by the buyer, with a reason
	Withdraw   QuoteAction = "withdraw"    // by the supplier
	Revise     QuoteAction = "revise"      // by the supplier; a withdrawn or refused quote is pending again
	PassOver   QuoteAction = "pass_over"   // when the purchase is concluded without it
	UndoAnswer QuoteAction = "undo_answer" // by the buyer, within UndoWindow
	CallOff    QuoteAction = "call_off"    // when its deal is cancelled; the supplier may offer anew
)

// QuoteActions lists every action.
func QuoteActions() []QuoteAction {
	return []QuoteAction{Accept, Refuse, Withdraw, Revise, PassOver, UndoAnswer, CallOff}
}

// UndoWindow is how long a buyer can take an answer back.
const UndoWindow = 10 * time.Minute

// After is the transition table of quotes: the state that the action leads
// to, or a Conflict that says why it is not possible.
func (s QuoteState) After(a QuoteAction) (QuoteState, error) {
	switch {
	case s == Pending && a == Accept:
		return Accepted, nil
	case s == Pending && a == Refuse:
		return Refused, nil
	case s == Pending && a == PassOver:
		return NotChosen, nil
	case s == Pending && a == Withdraw:
		return Withdrawn, nil
	case a == Revise && (s == Pending || s == Refused || s == Withdrawn):
		return Pending, nil
	case s == Accepted && a == CallOff:
		return Refused, nil
	case a == UndoAnswer && (s == Accepted || s == Refused):
		return Pending, nil
	}
	return s, Errorf(Conflict, "这条报价%s，不能进行这个操作", s)
}

// Limits of a quote form.
const (
	MaxImagesPerQuote  = 12
	MaxAnswerLength    = 200
	MaxTaxRate         = 2000 // 20 %
	MaxLeadDays        = 365
	minRefusalLength   = 2
	maxQuoteTextLength = 500
)

// Quote is one supplier's offer for one line.
type Quote struct {
	ID         int64
	LineID     int64
	PurchaseID int64
	SupplierID int64
	Offer
	State      QuoteState
	Status     QuoteStatus
	Message    string   // the buyer's reply
	Withdrawal string   // why the supplier took it back, if he said so
	Accepted   Quantity // in the line's unit; 0 unless the state is Accepted
	Counter    Counter
	Revision   int // from 1, grows with every change of the offer
	Version    int // of the purchase that the offer was made for
	CreatedAt  time.Time
	UpdatedAt  time.Time
	AnsweredAt time.Time // zero while pending
}

// Counter is the price that the buyer would accept instead of the one quoted.
type Counter struct {
	Price   Fen // per unit of the offer; 0: there is none
	Message string
	At      time.Time
}

// PriceText writes the price with its unit: 68.50元/公斤.
func (q Quote) PriceText() string { return q.Price.String() + "元/" + string(q.Unit) }

// FullPrice writes the price with its unit and what it includes:
// 68.50元/公斤（含税）.
func (q Quote) FullPrice() string { return q.PriceText() + "（" + q.Kind.String() + "）" }

// Answer is what a buyer says to a quote.
type Answer struct {
	Action   QuoteAction // Accept or Refuse
	Message  string
	Revision int      // of the offer that the buyer saw; a newer one is not answered unseen
	Quantity Quantity // to accept, in the line's unit; 0: as much as possible, see Offer.Share
	Version  int      // of the purchase that the buyer saw; 0: any
	Price    Fen      // that the buyer saw; 0: that of the revision
}

// Answered is the quote after the buyer's answer. It fails with NotFound for
// anybody but the buyer's side, Forbidden for a member who may not decide, with
// Invalid for a refusal without a reason, with Conflict when the state does not
// permit it or the offer has changed.
func (q Quote) Answered(p Purchase, by User, a Answer, now time.Time) (Quote, error) {
	if !p.Of(by) || q.PurchaseID != p.ID {
		return q, Errorf(NotFound, "没有找到这条报价")
	}
	right := Manage
	if a.Action == Accept || p.Allows(by, Manage) != nil {
		right = Decide
	}
	if err := p.Allows(by, right); err != nil {
		return q, err
	}
	if s := p.Status; s == Closed {
		return q, Errorf(Conflict, "采购单已关闭，不能再答复报价")
	}
	if err := a.sees(q, p, now); err != nil {
		return q, err
	}
	if a.Action != Accept && a.Action != Refuse {
		return q, Errorf(Invalid, "请选择接受或拒绝")
	}
	if a.Action == Accept && q.State == Pending && q.Expired(now) {
		return q, Errorf(Conflict, "这条报价已在 %s 过期，请联系供应商更新有效期", ShortTime(q.ValidUntil))
	}
	f := FieldErrors{}
	a.Message = strings.TrimSpace(a.Message)
	checkText(f, "message", a.Message, MaxAnswerLength)
	if a.Action == Refuse && utf8.RuneCountInString(a.Message) < minRefusalLength {
		f.Add("message", "请告诉供应商拒绝的原因")
	}
	if err := f.Err(); err != nil {
		return q, err
	}
	state, err := q.State.After(a.Action)
	if err != nil {
		return q, err
	}
	q.State, q.Message, q.AnsweredAt = state, a.Message, now
	return q, nil
}

// PriceKind tells what a price includes. The numbers are stored.
type PriceKind int

// The kinds.
const (
	BarePrice      PriceKind = 0 // 不含税
	TaxedPrice     PriceKind = 1 // 含税
	DeliveredPrice PriceKind = 2 // 含税到货价: tax and freight
)

// PriceKinds lists every kind in the order of forms.
func PriceKinds() []PriceKind { return []PriceKind{BarePrice, TaxedPrice, DeliveredPrice} }

// String is the kind's Chinese name.
func (k PriceKind) String() string {
	switch k {
	case BarePrice:
		return "不含税"
	case TaxedPrice:
		return "含税"
	case DeliveredPrice:
		return "含税到货价"
	}
	return ""
}

// SampleOffer tells whether a supplier sends a sample. The numbers are stored.
type SampleOffer int

// The offers.
const (
	NoSample   SampleOffer = 0 // 不提供样品
	FreeSample SampleOffer = 1 // 免费寄样
	PaidSample SampleOffer = 2 // 收费寄样
)

// SampleOffers lists every offer in the order of forms.
func SampleOffers() []SampleOffer { return []SampleOffer{NoSample, FreeSample, PaidSample} }

// String is the offer's Chinese name.
func (s SampleOffer) String() string {
	switch s {
	case NoSample:
		return "不提供样品"
	case FreeSample:
		return "免费寄样"
	case PaidSample:
		return "收费寄样"
	}
	return ""
}

// Offer is what a supplier offers for a line, as he typed it.
type Offer struct {
	Price       Fen // per unit
	Unit        Unit
	Kind        PriceKind
	TaxRate     int       // of a bare price, in hundredths of a percent: what an invoice adds; 0: no invoice
	Freight     Fen       // for all that is offered together; 0: none, or included
	LeadDays    int       // until the goods leave; 0: at once
	MinQuantity Quantity  // the least that is sold, in Unit; 0: any
	Available   Quantity  // what he can deliver, in Unit; 0: all that is asked for
	ValidUntil  time.Time // the offer cannot be accepted from then on; zero: no limit
	Sample      SampleOffer
	Quality     string
	Explanation string
	Attachments []Attachment
	Seen        int // version of the purchase that the supplier saw; 0: the newest
}

// CheckSeen complains, with Conflict, when the request has changed since the supplier looked: he
// shall not offer for what he has not read.
func (o Offer) CheckSeen(p Purchase) error {
	if o.Seen != 0 && o.Seen != p.Version {
		return Errorf(Conflict, "采购商刚刚修改了要求，请看过新的要求再提交")
	}
	return nil
}

// Reaffirms tells whether the same offer, sent again, says that the quote holds
// for the edited request, which the supplier has seen.
func (o Offer) Reaffirms(q Quote, p Purchase) bool {
	return o.Repeats(q) && q.State == Pending && q.Version < p.Version && o.Seen == p.Version
}

// Repeats tells whether the offer says what the quote says already and the
// quote still stands or has been answered: a second tap on the button, not a
// revision. A withdrawn quote is made again by the same offer.
func (o Offer) Repeats(q Quote) bool {
	return q.State != Withdrawn && o.Equal(q.Offer)
}

// Equal tells whether two offers say the same.
func (o Offer) Equal(p Offer) bool {
	a, b := o, p
	a.Attachments, b.Attachments = nil, nil
	a.Seen, b.Seen = 0, 0
	a.ValidUntil, b.ValidUntil = time.Time{}, time.Time{}
	return reflect.DeepEqual(a, b) && o.ValidUntil.Equal(p.ValidUntil) && slices.EqualFunc(o.Attachments, p.Attachments, Attachment.Same)
}

// Revised is the quote with a new offer of its supplier, pending again, for the
// purchase as it is. It fails with Conflict once the quote was accepted or passed
// over.
func (q Quote) Revised(o Offer, p Purchase, now time.Time) (Quote, error) {
	state, err := q.State.After(Revise)
	if err != nil {
		return q, err
	}
	q.State, q.Message, q.Withdrawal, q.AnsweredAt, q.Counter = state, "", "", time.Time{}, Counter{}
	q.Offer, q.Seen = o, 0
	q.Revision, q.Version, q.UpdatedAt = q.Revision+1, p.Version, now
	return q, nil
}

// TakenBack is the quote after its supplier withdrew it and perhaps said why. It
// fails with NotFound for anybody else, with Conflict once the quote was answered
// and with Invalid for a reason that is too long.
func (q Quote) TakenBack(by int64, reason string, now time.Time) (Quote, error) {
	if by != q.SupplierID {
		return q, Errorf(NotFound, "没有找到这条报价")
	}
	state, err := q.State.After(Withdraw)
	if err != nil {
		return q, err
	}
	f := FieldErrors{}
	q.Withdrawal = strings.TrimSpace(reason)
	checkText(f, "reason", q.Withdrawal, MaxAnswerLength)
	q.State, q.UpdatedAt = state, now
	return q, f.Err()
}

// Renewed is the same offer, valid until another moment. It fails with NotFound
// for anybody but its supplier, with Conflict once the quote was answered or the
// request is settled, and with Invalid as Offer.CheckFor does.
func (q Quote) Renewed(p Purchase, l Line, by int64, until, now time.Time) (Offer, error) {
	switch {
	case by != q.SupplierID:
		return Offer{}, Errorf(NotFound, "没有找到这条报价")
	case p.Status == Closed || l.Status == Closed:
		return Offer{}, Errorf(Conflict, "采购已关闭，不用再更新有效期")
	case p.Status == Purchased || l.Status == Purchased:
		return Offer{}, Errorf(Conflict, "采购已完成，不用再更新有效期")
	case q.State != Pending:
		return Offer{}, Errorf(Conflict, "这条报价%s，不能再更新有效期", q.State)
	}
	o := q.Offer
	o.ValidUntil = until
	return o, o.CheckFor(l, now)
}

// MaxValidity is how long an offer can be valid.
const MaxValidity = 366 * 24 * time.Hour

// CheckFor tells what is wrong with the offer for this line and at this moment:
// Invalid with the fields unit and valid_until.
func (o Offer) CheckFor(l Line, now time.Time) error {
	f := FieldErrors{}
	if o.Unit != "" && !o.Unit.Converts(l.Unit) {
		f.Add("unit", "采购单位是“%s”，不能按“%s”报价", l.Unit, o.Unit)
	}
	switch {
	case o.ValidUntil.IsZero():
	case o.Expired(now):
		f.Add("valid_until", "有效期要晚于现在")
	case o.ValidUntil.After(now.Add(MaxValidity)):
		f.Add("valid_until", "有效期最长一年")
	}
	return f.Err()
}

func (o Offer) checkQuantities(f FieldErrors) {
	for _, q := range []struct {
		field string
		value Quantity
	}{{"min_quantity", o.MinQuantity}, {"available", o.Available}} {
		switch {
		case q.value < 0 || q.value > MaxQuantity:
			f.Add(q.field, "数量应在 0 到一亿之间")
		case !o.Unit.Weighs() && q.value%1000 != 0:
			f.Add(q.field, "按“%s”报价时，数量必须是整数", o.Unit)
		}
	}
	if o.Available > 0 && o.MinQuantity > o.Available {
		f.Add("min_quantity", "起订量不能超过可供数量")
	}
}

// Validate trims the offer and reports every field that is wrong: price,
// kind, tax_rate, freight, lead_days, min_quantity, available, sample, quality,
// explanation, attachments.
func (o *Offer) Validate() error {
	f := FieldErrors{}
	o.Quality, o.Explanation = strings.TrimSpace(o.Quality), strings.TrimSpace(o.Explanation)
	switch {
	case o.Price <= 0:
		f.Add("price", "报价必须大于 0")
	case o.Price > MaxPrice:
		f.Add("price", "报价不能超过一千万元")
	}
	switch {
	case o.Kind.String() == "":
		f.Add("kind", "请选择价格类型")
	case o.TaxRate < 0 || o.TaxRate > MaxTaxRate:
		f.Add("tax_rate", "开票加点应在 0 到 %d 之间", MaxTaxRate/100)
	}
	if o.Freight < 0 || o.Freight > MaxPrice {
		f.Add("freight", "运费应在 0 到一千万元之间")
	}
	if o.LeadDays < 0 || o.LeadDays > MaxLeadDays {
		f.Add("lead_days", "备货天数应在 0 到 %d 之间", MaxLeadDays)
	}
	o.checkQuantities(f)
	if o.Sample.String() == "" {
		f.Add("sample", "请选择是否提供样品")
	}
	checkText(f, "quality", o.Quality, maxQuoteTextLength)
	checkText(f, "explanation", o.Explanation, maxQuoteTextLength)
	if len(o.Attachments) > MaxImagesPerQuote {
		f.Add("attachments", "最多 %d 张图片", MaxImagesPerQuote)
	}
	for _, at := range o.Attachments {
		at.check(f, "attachments")
	}
	return f.Err()
}
