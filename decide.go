package xunjia

import (
	"strings"
	"time"
)

// MaxRefusals is how many quotes can be refused at once.
const MaxRefusals = 50

// sees tells why the answer is not about what lies on the table: prices are
// sealed, or the offer or the request has changed since the buyer looked.
func (a Answer) sees(q Quote, p Purchase, now time.Time) error {
	switch {
	case p.Hidden(now):
		return Errorf(Conflict, "密封报价到截止时才能打开，现在还不能答复")
	case q.State != Pending: // then that is what he should read
		return nil
	case a.Revision != q.Revision, a.Price != 0 && a.Price != q.Price:
		return Errorf(Conflict, "供应商刚刚修改了报价，请看过新的报价再答复")
	case a.Version != 0 && a.Version != p.Version:
		return Errorf(Conflict, "采购单刚刚有修改，请看过新的要求再答复")
	}
	return nil
}

// Left is how much of the line has not been accepted yet.
func (l Line) Left() Quantity { return max(l.Quantity-l.Accepted, 0) }

// Most is how much of the line can be accepted from the offer, in the line's
// unit: what is left, or what the supplier can deliver if that is less.
func (o Offer) Most(l Line) Quantity {
	if o.Available == 0 || !o.Unit.Converts(l.Unit) {
		return l.Left()
	}
	return min(l.Left(), floor(o.Available, o.Unit, l.Unit))
}

// floor expresses a quantity of u in v, rounded down.
func floor(q Quantity, u, v Unit) Quantity {
	return Quantity(u.atoms(q) / max(v.Grams(), 1))
}

// Share is how much of the line the buyer accepts when he wants a quantity of
// it, in the line's unit; 0 means the most that is possible. It fails with
// Conflict when nothing, or not that much, is left, and with Invalid when the
// supplier does not sell as little or cannot deliver as much; the field is
// quantity.
func (o Offer) Share(l Line, wanted Quantity) (Quantity, error) {
	switch {
	case l.Status == Closed:
		return 0, Errorf(Conflict, "这个品种已关闭，不能再接受报价")
	case l.Status == Purchased:
		return 0, Errorf(Conflict, "这个品种已完成采购，不能再接受报价")
	case !o.Unit.Converts(l.Unit):
		return 0, Errorf(Conflict, "报价单位是“%s”，采购单位是“%s”，不能换算，请让供应商按采购单位重新报价", o.Unit, l.Unit)
	case l.Left() == 0:
		return 0, Errorf(Conflict, "这个品种的数量已经全部接受给其他报价了")
	}
	if wanted == 0 {
		wanted = o.Most(l)
	}
	if wanted > l.Left() {
		left := l.Left().String() + string(l.Unit)
		return 0, &Error{Code: Conflict, Message: "这个品种只剩 " + left + " 没有定", Fields: map[string]string{"quantity": "最多还能接受 " + left}}
	}
	f := FieldErrors{}
	switch {
	case wanted <= 0:
		f.Add("quantity", "接受的数量必须大于 0")
	case !l.Unit.Weighs() && wanted%1000 != 0:
		f.Add("quantity", "按“%s”采购时，数量必须是整数", l.Unit)
	case o.MinQuantity > 0 && l.Unit.atoms(wanted) < o.Unit.atoms(o.MinQuantity):
		f.Add("quantity", "供应商的起订量是 %s%s", o.MinQuantity, o.Unit)
	case o.Available > 0 && l.Unit.atoms(wanted) > o.Unit.atoms(o.Available):
		f.Add("quantity", "供应商只能供 %s%s", o.Available, o.Unit)
	}
	return wanted, f.Err()
}

// UndoUntil is until when the buyer can take his answer back; zero when there
// is none.
func (q Quote) UndoUntil() time.Time {
	if _, err := q.State.After(UndoAnswer); err != nil || q.AnsweredAt.IsZero() {
		return time.Time{}
	}
	return q.AnsweredAt.Add(UndoWindow)
}

// AnswerUndone is the quote after the buyer took his answer back. It fails with
// NotFound for anybody but the buyer's side, Forbidden for a member who may not
// give that answer, Conflict once UndoWindow is over or the line is settled.
func (q Quote) AnswerUndone(p Purchase, l Line, by User, now time.Time) (Quote, error) {
	if !p.Of(by) || q.PurchaseID != p.ID {
		return q, Errorf(NotFound, "没有找到这条报价")
	}
	right := Decide
	if q.State == Refused && p.Allows(by, Manage) == nil {
		right = Manage
	}
	if err := p.Allows(by, right); err != nil {
		return q, err
	}
	state, err := q.State.After(UndoAnswer)
	if err != nil {
		return q, err
	}
	switch {
	case p.Status == Closed || l.Status == Closed:
		return q, Errorf(Conflict, "采购已关闭，不能再撤销答复")
	case l.Status == Purchased:
		return q, Errorf(Conflict, "采购已完成，不能再撤销答复")
	case !now.Before(q.UndoUntil()):
		return q, Errorf(Conflict, "答复已超过 %d 分钟，不能再撤销", int(UndoWindow.Minutes()))
	}
	q.State, q.Message, q.AnsweredAt, q.Accepted = state, "", time.Time{}, 0
	return q, nil
}

// Countered is the quote after the buyer named the price that he would accept,
// for the revision that he saw. It fails as Answered does; only a pending quote
// can be countered, and only below its price: the fields are price and message.
func (q Quote) Countered(p Purchase, by User, c Counter, revision int, now time.Time) (Quote, error) {
	if !p.Of(by) || q.PurchaseID != p.ID {
		return q, Errorf(NotFound, "没有找到这条报价")
	}
	if err := p.Allows(by, Manage); err != nil {
		return q, err
	}
	switch {
	case p.Status == Closed:
		return q, Errorf(Conflict, "采购单已关闭，不能再还价")
	case p.Status == Purchased:
		return q, Errorf(Conflict, "采购已完成，不能再还价")
	case q.State != Pending:
		return q, Errorf(Conflict, "这条报价%s，不能再还价", q.State)
	}
	if err := (Answer{Revision: revision}).sees(q, p, now); err != nil {
		return q, err
	}
	f := FieldErrors{}
	c.Message = strings.TrimSpace(c.Message)
	checkText(f, "message", c.Message, MaxAnswerLength)
	switch {
	case c.Price <= 0:
		f.Add("price", "还价必须大于 0")
	case c.Price >= q.Price:
		f.Add("price", "还价应低于供应商的报价 %s", q.PriceText())
	}
	c.At = now
	if err := f.Err(); err != nil {
		return q, err
	}
	q.Counter = c
	return q, nil
}

// CounterTaken is the offer of a supplier who accepts the buyer's counter-offer
// at the price that he saw. It fails with NotFound for anybody else, and with
// Conflict when there is none, when it has changed, or when the request or the
// line is settled, or the offer has expired; that quoting has ended does not matter.
func (q Quote) CounterTaken(p Purchase, l Line, by int64, price Fen, now time.Time) (Offer, error) {
	switch {
	case by != q.SupplierID:
		return Offer{}, Errorf(NotFound, "没有找到这条报价")
	case p.Status == Closed || l.Status == Closed:
		return Offer{}, Errorf(Conflict, "采购已关闭，不能再接受还价")
	case p.Status == Purchased || l.Status == Purchased:
		return Offer{}, Errorf(Conflict, "采购已完成，不能再接受还价")
	case q.State != Pending || q.Counter.Price == 0:
		return Offer{}, Errorf(Conflict, "这条报价现在没有还价")
	case q.Counter.Price != price:
		return Offer{}, Errorf(Conflict, "采购商刚刚修改了还价，请看过再决定")
	case q.Expired(now):
		return Offer{}, Errorf(Conflict, "您的报价已在 %s 过期，请先更新有效期", ShortTime(q.ValidUntil))
	}
	o := q.Offer
	o.Price = price
	return o, nil
}

// CanConclude tells why the user may not finish the purchase now: see Allows;
// Conflict when it is over already or still sealed.
func (p Purchase) CanConclude(by User, now time.Time) error {
	if err := p.Allows(by, Decide); err != nil {
		return err
	}
	if p.Hidden(now) {
		return Errorf(Conflict, "密封报价到截止时才能打开，现在还不能完成采购")
	}
	_, err := p.StatusAt(now).After(Conclude)
	return err
}

// Concluded is the line's state once it is settled: purchased when something of
// it was accepted, otherwise closed. It fails with Conflict when it is settled
// already.
func (l Line) Concluded() (PurchaseStatus, error) {
	if l.Accepted == 0 {
		return l.Status.After(Close)
	}
	return l.Status.After(Conclude)
}

// Expired tells whether the offer no longer holds.
func (o Offer) Expired(now time.Time) bool {
	return !o.ValidUntil.IsZero() && !now.Before(o.ValidUntil)
}

// Certified tells whether the user's certification holds.
func (u User) Certified(now time.Time) bool { return now.Before(u.CertifiedUntil) }
