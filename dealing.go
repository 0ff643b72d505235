package xunjia

import (
	"strings"
	"time"
)

// Side tells whose part somebody takes in a deal. The numbers are stored.
type Side int

// The sides.
const (
	BuyerSide    Side = 1
	SupplierSide Side = 2
)

// String is the side's Chinese name.
func (s Side) String() string {
	if s == BuyerSide {
		return "采购商"
	}
	return "供应商"
}

// Other is the opposite side.
func (s Side) Other() Side { return BuyerSide + SupplierSide - s }

// Limits of deals.
const (
	MaxDealPhotos    = 12                   // of each side
	CompleteWindow   = 180 * 24 * time.Hour // a confirmed deal can be disputed, counted from its confirmation
	DisputeWindow    = 30 * 24 * time.Hour  // a completed one, counted from its completion
	RatingWindow     = 90 * 24 * time.Hour  // deals are rated, counted from their confirmation
	ResponseTime     = 72 * time.Hour       // the other side has to answer a dispute, before staff may settle it
	maxDealText      = 500
	maxRatingComment = 200
)

// SideOf tells on which side of the deal the user is: NotFound for strangers,
// Forbidden for a member of the buying company whose role lacks the right.
func (d Deal) SideOf(u User, right Right) (Side, error) {
	if u.ID != 0 && u.ID == d.SupplierID {
		return SupplierSide, nil
	}
	p := Purchase{BuyerID: d.BuyerID, CompanyID: d.CompanyID}
	if !p.Of(u) {
		return 0, Errorf(NotFound, "没有找到这笔成交")
	}
	return BuyerSide, p.Allows(u, right)
}

// Partner is the user on the other side; for the supplier's the one who
// published the request.
func (d Deal) Partner(s Side) int64 {
	if s == BuyerSide {
		return d.SupplierID
	}
	return d.BuyerID
}

// ConfirmedBy tells whether the side has confirmed the deal as it stands.
func (d Deal) ConfirmedBy(s Side) bool {
	if s == BuyerSide {
		return !d.BuyerConfirmedAt.IsZero()
	}
	return !d.SupplierConfirmedAt.IsZero()
}

// unseen complains when the deal is no longer the one that somebody saw.
func (d Deal) unseen(version int) error {
	if version != d.Version {
		return Errorf(Conflict, "对方刚刚修改了成交单，请看过新的内容再操作")
	}
	return nil
}

// Confirmed is the deal after a side said yes to the version that it saw; with
// the second yes it is a deal. Saying yes twice is a Conflict.
func (d Deal) Confirmed(s Side, version int, now time.Time) (Deal, error) {
	state, err := d.State.After(ConfirmDeal)
	if err != nil {
		return d, err
	}
	if err := d.unseen(version); err != nil {
		return d, err
	}
	if d.ConfirmedBy(s) {
		return d, Errorf(Conflict, "您已经确认过了，正在等%s确认", s.Other())
	}
	if s == BuyerSide {
		d.BuyerConfirmedAt = now
	} else {
		d.SupplierConfirmedAt = now
	}
	d.UpdatedAt = now
	if d.ConfirmedBy(s.Other()) {
		d.State, d.ConcludedAt = state, now
	}
	return d, nil
}

// DealChange is what a side wants to change about a draft.
type DealChange struct {
	Version    int // of the deal that it saw
	Price      Fen
	Quantity   Quantity
	Freight    Fen
	DeliveryAt time.Time
	PaymentAt  time.Time // zero: not agreed
	Terms      string
}

// Changed is the draft with the change, confirmed by who made it and by nobody
// else. room is how much the line still allows, in the deal's unit, what this
// deal takes included. The error is Invalid with the fields to blame (price,
// quantity, freight, delivery_at, payment_at, terms) or Conflict; a change that
// changes nothing is Invalid, too.
func (d Deal) Changed(s Side, c DealChange, room Quantity, now time.Time) (Deal, error) {
	state, err := d.State.After(ChangeDeal)
	if err != nil {
		return d, err
	}
	if err := d.unseen(c.Version); err != nil {
		return d, err
	}
	f := FieldErrors{}
	c.Terms = strings.TrimSpace(c.Terms)
	if c.Price <= 0 || c.Price > MaxPrice {
		f.Add("price", "单价应大于 0，不超过一千万元")
	}
	switch {
	case c.Quantity <= 0:
		f.Add("quantity", "数量必须大于 0")
	case !d.Unit.Weighs() && c.Quantity%1000 != 0:
		f.Add("quantity", "按“%s”成交时，数量必须是整数", d.Unit)
	case c.Quantity > room:
		f.Add("quantity", "最多还能成交 %s%s", room, d.Unit)
	}
	if c.Freight < 0 || c.Freight > MaxPrice {
		f.Add("freight", "运费应在 0 到一千万元之间")
	}
	checkDealDay(f, "delivery_at", c.DeliveryAt, now)
	if !c.PaymentAt.IsZero() {
		checkDealDay(f, "payment_at", c.PaymentAt, now)
	}
	checkText(f, "terms", c.Terms, maxDealText)
	if err := f.Err(); err != nil {
		return d, err
	}
	next := d
	next.Price, next.Quantity, next.Freight, next.DeliveryAt, next.PaymentAt, next.Terms = c.Price, c.Quantity, c.Freight, c.DeliveryAt, c.PaymentAt, c.Terms
	next.Total = c.Price.Times(c.Quantity)
	if next == d {
		return d, Errorf(Invalid, "没有修改任何内容")
	}
	next.State, next.Version, next.UpdatedAt = state, d.Version+1, now
	next.BuyerConfirmedAt, next.SupplierConfirmedAt = time.Time{}, time.Time{}
	if s == BuyerSide {
		next.BuyerConfirmedAt = now
	} else {
		next.SupplierConfirmedAt = now
	}
	return next, nil
}

func checkDealDay(f FieldErrors, field string, day, now time.Time) {
	if day.Before(DayStart(now)) || day.After(now.Add(MaxDeadline)) {
		f.Add(field, "请选择今天到一年以内的日期")
	}
}

// Cancelled is the deal after a side wants it cancelled. A draft is off at once;
// of a confirmed deal both sides must want it, so the first wish is only noted
// (false). The reason is told to the other side.
func (d Deal) Cancelled(s Side, reason string, now time.Time) (next Deal, off bool, err error) {
	state, err := d.State.After(CancelDeal)
	if err != nil {
		return d, false, err
	}
	reason = strings.TrimSpace(reason)
	f := FieldErrors{}
	if len([]rune(reason)) < minRefusalLength {
		f.Add("reason", "请告诉对方取消的原因")
	}
	checkText(f, "reason", reason, MaxAnswerLength)
	if err := f.Err(); err != nil {
		return d, false, err
	}
	d.UpdatedAt = now
	if d.State == DraftDeal || d.CancelSide == s.Other() {
		d.State, d.CancelReason = state, reason
		if d.CancelSide == 0 {
			d.CancelSide = s
		}
		return d, true, nil
	}
	if d.CancelSide == s {
		return d, false, Errorf(Conflict, "您已经提出取消，正在等%s同意", s.Other())
	}
	d.CancelSide, d.CancelReason = s, reason
	return d, false, nil
}

// Kept is the deal after a side took its wish to cancel back, or the other side
// refused it.
func (d Deal) Kept(now time.Time) (Deal, error) {
	if d.State != ConfirmedDeal || d.CancelSide == 0 {
		return d, Errorf(Conflict, "现在没有等待同意的取消")
	}
	d.CancelSide, d.CancelReason, d.UpdatedAt = 0, "", now
	return d, nil
}

// Completed is the deal after the buyer's side has got the goods.
func (d Deal) Completed(s Side, now time.Time) (Deal, error) {
	if s != BuyerSide {
		return d, Errorf(Forbidden, "由采购商在收到货后确认完成")
	}
	state, err := d.State.After(CompleteDeal)
	if err != nil {
		return d, err
	}
	d.State, d.CompletedAt, d.UpdatedAt = state, now, now
	d.CancelSide, d.CancelReason = 0, ""
	return d, nil
}

// Rating is what one side says about the other after a deal.
type Rating struct {
	DealID    int64
	Side      Side // who rates
	RaterID   int64
	RatedID   int64
	Stars     int // 1 to 5
	Comment   string
	CreatedAt time.Time
}

// Validate trims the rating and reports the fields that are wrong.
func (r *Rating) Validate() error {
	f := FieldErrors{}
	r.Comment = strings.TrimSpace(r.Comment)
	if r.Stars < 1 || r.Stars > 5 {
		f.Add("stars", "请选择 1 到 5 颗星")
	}
	checkText(f, "comment", r.Comment, maxRatingComment)
	return f.Err()
}

// CanRate tells why the deal cannot be rated now: both sides must have
// confirmed it, not longer ago than RatingWindow.
func (d Deal) CanRate(now time.Time) error {
	switch {
	case d.ConcludedAt.IsZero() || d.State == CancelledDeal:
		return Errorf(Conflict, "双方确认成交后才能评价")
	case now.Sub(d.ConcludedAt) > RatingWindow:
		return Errorf(Conflict, "成交已超过 90 天，不能再评价")
	}
	return nil
}

// DisputeState is how far a dispute has come. The numbers are stored.
type DisputeState int

// The states.
const (
	OpenDispute      DisputeState = 0 // 处理中
	SettledDispute   DisputeState = 1 // 已裁定, by staff
	WithdrawnDispute DisputeState = 2 // 已撤回, by who opened it
)

// DisputeStates lists every state.
func DisputeStates() []DisputeState {
	return []DisputeState{OpenDispute, SettledDispute, WithdrawnDispute}
}

// String is the state's Chinese name.
func (s DisputeState) String() string {
	switch s {
	case OpenDispute:
		return "处理中"
	case SettledDispute:
		return "已裁定"
	case WithdrawnDispute:
		return "已撤回"
	}
	return ""
}

// DisputeAction moves a dispute.
type DisputeAction string

// The actions.
const (
	SettleDispute   DisputeAction = "settle"   // by staff
	WithdrawDispute DisputeAction = "withdraw" // by the side that opened it
)

// DisputeActions lists every action.
func DisputeActions() []DisputeAction { return []DisputeAction{SettleDispute, WithdrawDispute} }

// After is the transition table of disputes.
func (s DisputeState) After(a DisputeAction) (DisputeState, error) {
	switch {
	case s == OpenDispute && a == SettleDispute:
		return SettledDispute, nil
	case s == OpenDispute && a == WithdrawDispute:
		return WithdrawnDispute, nil
	}
	return s, Errorf(Conflict, "争议%s，不能进行这个操作", s)
}

// Dispute is a disagreement about a deal that staff settle.
type Dispute struct {
	ID           int64
	DealID       int64
	Side         Side // that opened it
	State        DisputeState
	Reason       string
	RespondUntil time.Time // the other side's time to answer
	Result       string    // in words, once it is settled
	StaffID      int64     // who settled it
	CreatedAt    time.Time
	ClosedAt     time.Time // zero while it is open
	Entries      []DisputeEntry
}

// DisputeEntry is what a side says in a dispute, with its evidence.
type DisputeEntry struct {
	Side      Side
	UserID    int64
	Text      string
	Media     []string // keys of pictures and files
	CreatedAt time.Time
}

// MaxDisputeEntries bounds how often a side speaks in a dispute.
const MaxDisputeEntries = 10

// Validate trims the entry and reports the fields that are wrong: text, media.
func (e *DisputeEntry) Validate() error {
	f := FieldErrors{}
	e.Text = strings.TrimSpace(e.Text)
	if len([]rune(e.Text)) < 5 {
		f.Add("text", "请把情况说清楚，至少 5 个字")
	}
	checkText(f, "text", e.Text, maxDealText)
	if len(e.Media) > MaxImagesPerLine {
		f.Add("media", "最多 %d 个凭证", MaxImagesPerLine)
	}
	return f.Err()
}

// Disputed is the deal after a side opened a dispute, within the time limits.
func (d Deal) Disputed(now time.Time) (Deal, error) {
	state, err := d.State.After(DisputeDeal)
	if err != nil {
		return d, err
	}
	if d.State == ConfirmedDeal && now.Sub(d.ConcludedAt) > CompleteWindow {
		return d, Errorf(Conflict, "成交已超过 180 天，不能再提出争议")
	}
	if d.State == CompletedDeal && now.Sub(d.CompletedAt) > DisputeWindow {
		return d, Errorf(Conflict, "完成已超过 30 天，不能再提出争议")
	}
	d.State, d.UpdatedAt = state, now
	return d, nil
}

// CanSettle tells why staff may not settle the dispute yet: the other side has
// ResponseTime to answer, unless it has.
func (t Dispute) CanSettle(now time.Time) error {
	if _, err := t.State.After(SettleDispute); err != nil {
		return err
	}
	for _, e := range t.Entries {
		if e.Side == t.Side.Other() {
			return nil
		}
	}
	if now.Before(t.RespondUntil) {
		return Errorf(Conflict, "%s可以在 %s 前说明情况，之后才能裁定", t.Side.Other(), ShortTime(t.RespondUntil))
	}
	return nil
}

// Resumed is the deal after its dispute was withdrawn, what it was before.
func (d Deal) Resumed(now time.Time) (Deal, error) {
	action := DropDispute
	if !d.CompletedAt.IsZero() {
		action = SettleDeal
	}
	state, err := d.State.After(action)
	if err != nil {
		return d, err
	}
	d.State, d.UpdatedAt = state, now
	return d, nil
}

// Diff tells in words what the next state of a draft changes about it.
func (d Deal) Diff(next Deal) []string {
	day := func(t time.Time) string {
		if t.IsZero() {
			return "未约定"
		}
		return t.In(China()).Format("2006-01-02")
	}
	var lines []string
	for _, c := range []struct{ label, old, new string }{
		{"单价", d.Price.String() + "元/" + string(d.Unit), next.Price.String() + "元/" + string(next.Unit)},
		{"数量", d.Quantity.String() + string(d.Unit), next.Quantity.String() + string(next.Unit)},
		{"运费", d.Freight.String() + "元", next.Freight.String() + "元"},
		{"交货日期", day(d.DeliveryAt), day(next.DeliveryAt)},
		{"付款日期", day(d.PaymentAt), day(next.PaymentAt)},
		{"约定", d.Terms, next.Terms},
	} {
		switch {
		case c.old == c.new:
		case c.label == "约定":
			lines = append(lines, "约定内容有修改")
		default:
			lines = append(lines, c.label+" "+c.old+" → "+c.new)
		}
	}
	return lines
}

// CalledOff is the quote after its deal was cancelled for the reason.
func (q Quote) CalledOff(reason string, now time.Time) (Quote, error) {
	state, err := q.State.After(CallOff)
	if err != nil {
		return q, err
	}
	q.State, q.Status, q.Accepted, q.AnsweredAt = state, DefaultQuote, 0, now
	q.Message = "成交已取消：" + reason
	return q, nil
}

// Room is how much a changed deal may take of its line, in the deal's unit:
// what it takes now, and what nobody has.
func (d Deal) Room(l Line, q Quote) Quantity {
	return l.Unit.Quantity(l.Quantity-l.Accepted+q.Accepted, d.Unit)
}

// Spoken counts what a side has said in the dispute.
func (t Dispute) Spoken(s Side) int {
	n := 0
	for _, e := range t.Entries {
		if e.Side == s {
			n++
		}
	}
	return n
}

// Covered tells whether nothing is left to buy of a line that is not settled.
func (l Line) Covered() bool {
	_, err := l.Concluded()
	return err == nil && l.Accepted >= l.Quantity
}
