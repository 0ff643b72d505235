package xunjia

import (
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
)

// QuoteActions lists every action.
func QuoteActions() []QuoteAction {
	return []QuoteAction{Accept, Refuse, Withdraw, Revise, PassOver, UndoAnswer}
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
	case a == UndoAnswer && (s == Accepted || s == Refused):
		return Pending, nil
	}
	return s, Errorf(Conflict, "这条报价%s，不能进行这个操作", s)
}

// Limits of a quote form.
const (
	MaxImagesPerQuote  = 12
	MaxAnswerLength    = 200
	minRefusalLength   = 2
	maxQuoteTextLength = 500
)

// Quote is one supplier's offer for one line.
type Quote struct {
	ID          int64
	LineID      int64
	PurchaseID  int64
	SupplierID  int64
	Price       Fen // per unit
	Unit        Unit
	Quality     string
	Explanation string
	State       QuoteState
	Status      QuoteStatus
	Message     string // the buyer's reply
	Revision    int    // from 1, grows with every change of the offer
	Version     int    // of the purchase that the offer was made for
	CreatedAt   time.Time
	UpdatedAt   time.Time
	AnsweredAt  time.Time // zero while pending
	Attachments []Attachment
}

// PriceText writes the price with its unit: 68.50元/公斤.
func (q Quote) PriceText() string { return q.Price.String() + "元/" + string(q.Unit) }

// Answer is what a buyer says to a quote.
type Answer struct {
	Action   QuoteAction // Accept or Refuse
	Message  string
	Revision int // of the offer that the buyer saw; a newer one is not answered unseen
}

// Answered is the quote after the buyer's answer. It fails with NotFound for
// anybody but the buyer, with Invalid for a refusal without a reason, with
// Conflict when the state does not permit it or the offer has changed.
func (q Quote) Answered(p Purchase, by int64, a Answer, now time.Time) (Quote, error) {
	if by != p.BuyerID || q.PurchaseID != p.ID {
		return q, Errorf(NotFound, "没有找到这条报价")
	}
	if s := p.Status; s == Closed {
		return q, Errorf(Conflict, "采购单已关闭，不能再答复报价")
	}
	if a.Revision != q.Revision {
		return q, Errorf(Conflict, "供应商刚刚修改了报价，请看过新的报价再答复")
	}
	if a.Action != Accept && a.Action != Refuse {
		return q, Errorf(Invalid, "请选择接受或拒绝")
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

// Offer is a quote as a supplier typed it.
type Offer struct {
	Price       Fen
	Quality     string
	Explanation string
	Attachments []Attachment
}

// Repeats tells whether the offer says what the quote says already and the
// quote still stands or has been answered: a second tap on the button, not a
// revision. A withdrawn quote is made again by the same offer.
func (o Offer) Repeats(q Quote) bool {
	return q.State != Withdrawn && o.Price == q.Price && o.Quality == q.Quality &&
		o.Explanation == q.Explanation && slices.Equal(o.Attachments, q.Attachments)
}

// Revised is the quote with a new offer of its supplier, pending again. It
// fails with Conflict once the quote was accepted or passed over.
func (q Quote) Revised(o Offer, p Purchase, now time.Time) (Quote, error) {
	state, err := q.State.After(Revise)
	if err != nil {
		return q, err
	}
	q.State, q.Message, q.AnsweredAt = state, "", time.Time{}
	q.Price, q.Quality, q.Explanation, q.Attachments = o.Price, o.Quality, o.Explanation, o.Attachments
	q.Revision, q.Version, q.UpdatedAt = q.Revision+1, p.Version, now
	return q, nil
}

// TakenBack is the quote after its supplier withdrew it. It fails with NotFound
// for anybody else and with Conflict once the quote was answered.
func (q Quote) TakenBack(by int64, now time.Time) (Quote, error) {
	if by != q.SupplierID {
		return q, Errorf(NotFound, "没有找到这条报价")
	}
	state, err := q.State.After(Withdraw)
	if err != nil {
		return q, err
	}
	q.State, q.UpdatedAt = state, now
	return q, nil
}

// Validate trims the offer and reports every field that is wrong: price,
// quality, explanation, attachments.
func (o *Offer) Validate() error {
	f := FieldErrors{}
	o.Quality, o.Explanation = strings.TrimSpace(o.Quality), strings.TrimSpace(o.Explanation)
	switch {
	case o.Price <= 0:
		f.Add("price", "报价必须大于 0")
	case o.Price > MaxPrice:
		f.Add("price", "报价不能超过一千万元")
	}
	checkText(f, "quality", o.Quality, maxQuoteTextLength)
	checkText(f, "explanation", o.Explanation, maxQuoteTextLength)
	if len(o.Attachments) > MaxImagesPerQuote {
		f.Add("attachments", "最多 %d 张图片", MaxImagesPerQuote)
	}
	for _, at := range o.Attachments {
		if at.Type.String() == "" {
			f.Add("attachments", "请给每张图片选择类型")
		}
	}
	return f.Err()
}
