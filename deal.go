package xunjia

import (
	"strings"
	"time"
)

// DealState is how far a deal has come. The numbers are stored.
type DealState int

// The states. DealAction tells who moves a deal between them.
const (
	DraftDeal     DealState = 0 // 待确认: one side at most has confirmed it
	ConfirmedDeal DealState = 1 // 已确认, by both sides
	CompletedDeal DealState = 2 // 已完成
	DisputedDeal  DealState = 3 // 有争议
	CancelledDeal DealState = 4 // 已取消
)

// DealStates lists every state.
func DealStates() []DealState {
	return []DealState{DraftDeal, ConfirmedDeal, CompletedDeal, DisputedDeal, CancelledDeal}
}

// String is the state's Chinese name.
func (s DealState) String() string {
	switch s {
	case DraftDeal:
		return "待确认"
	case ConfirmedDeal:
		return "已确认"
	case CompletedDeal:
		return "已完成"
	case DisputedDeal:
		return "有争议"
	case CancelledDeal:
		return "已取消"
	}
	return ""
}

// DealAction moves a deal from one state to another.
type DealAction string

// The actions.
const (
	ConfirmDeal  DealAction = "confirm"  // by the second side; the first one's leaves it a draft
	ChangeDeal   DealAction = "change"   // by either side; both have to confirm again
	CancelDeal   DealAction = "cancel"   // by either side before both have confirmed, afterwards by both
	CompleteDeal DealAction = "complete" // by the buyer, when the goods and the money have changed hands
	DisputeDeal  DealAction = "dispute"  // by either side
	SettleDeal   DealAction = "settle"   // by staff
	DropDispute  DealAction = "drop"     // by the side that opened the dispute
)

// DealActions lists every action.
func DealActions() []DealAction {
	return []DealAction{ConfirmDeal, ChangeDeal, CancelDeal, CompleteDeal, DisputeDeal, SettleDeal, DropDispute}
}

// After is the transition table of deals: the state that the action leads to,
// or a Conflict that says why it is not possible.
func (s DealState) After(a DealAction) (DealState, error) {
	switch {
	case s == DraftDeal && a == ConfirmDeal:
		return ConfirmedDeal, nil
	case s == DraftDeal && a == ChangeDeal:
		return DraftDeal, nil
	case a == CancelDeal && (s == DraftDeal || s == ConfirmedDeal):
		return CancelledDeal, nil
	case s == ConfirmedDeal && a == CompleteDeal:
		return CompletedDeal, nil
	case a == DisputeDeal && (s == ConfirmedDeal || s == CompletedDeal):
		return DisputedDeal, nil
	case s == DisputedDeal && a == SettleDeal:
		return CompletedDeal, nil
	case s == DisputedDeal && a == DropDispute:
		return ConfirmedDeal, nil
	}
	return s, Errorf(Conflict, "这笔成交%s，不能进行这个操作", s)
}

// Deal is what was really bought: drafted from an accepted quote, confirmed by
// both sides.
type Deal struct {
	ID                  int64
	Number              string // public, unique
	QuoteID             int64
	PurchaseID          int64
	LineID              int64
	BuyerID             int64 // who published the purchase
	SupplierID          int64
	CompanyID           int64 // whose members look after it on the buyer's side; 0: the buyer alone
	State               DealState
	Price               Fen // per unit
	Unit                Unit
	Quantity            Quantity
	Total               Fen // of the goods: neither freight nor the tax on a bare price
	Kind                PriceKind
	Freight             Fen       // for the quantity together
	DeliveryAt          time.Time // by when the goods leave
	PaymentAt           time.Time // by when they are paid; zero until the sides agree
	Terms               string    // payment, invoice and delivery, in words
	BuyerConfirmedAt    time.Time // zero: not yet
	SupplierConfirmedAt time.Time // zero: not yet
	Version             int       // grows with every change
	CreatedAt           time.Time
	UpdatedAt           time.Time
	ConcludedAt         time.Time // when both had confirmed; zero before
	CompletedAt         time.Time // zero before
	CancelSide          Side      // that wants a confirmed deal cancelled, or cancelled it; 0: neither
	CancelReason        string
}

// NewDeal drafts the deal of a quote of which the quantity Accepted of the line
// was just accepted, without its id and number. Price and quantity are in the
// offer's unit if the quantity can be said in it exactly, else in the line's.
func NewDeal(p Purchase, l Line, q Quote, now time.Time) Deal {
	d := Deal{
		QuoteID: q.ID, PurchaseID: p.ID, LineID: l.ID, BuyerID: p.BuyerID, SupplierID: q.SupplierID, CompanyID: p.CompanyID,
		Price: q.Price, Unit: q.Unit, Quantity: l.Unit.Quantity(q.Accepted, q.Unit), Kind: q.Kind, Freight: q.Freight,
		DeliveryAt: DayStart(now).AddDate(0, 0, q.LeadDays), Terms: p.dealTerms(), Version: 1, CreatedAt: now, UpdatedAt: now,
	}
	d.Total = d.Price.Times(d.Quantity)
	if q.Unit.atoms(d.Quantity) != l.Unit.atoms(q.Accepted) {
		landed, _ := q.Unit.landed(q.Price, l.Unit)
		d.Price, d.Unit, d.Quantity, d.Total = landed.Price(), l.Unit, q.Accepted, landed.Total(q.Accepted)
	}
	if d.Kind == DeliveredPrice {
		d.Freight = 0
	}
	return d
}

// dealTerms writes down what the buyer asked for besides the goods.
func (p Purchase) dealTerms() string {
	var lines []string
	for _, t := range []struct{ label, text string }{
		{"付款方式", p.Payment}, {"发票", p.Invoice}, {"交货方式", p.Delivery}, {"收货地区", p.Area.Name()},
	} {
		if t.text != "" {
			lines = append(lines, t.label+"："+t.text)
		}
	}
	return strings.Join(lines, "\n")
}
