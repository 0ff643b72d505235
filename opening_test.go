package xunjia

import (
	"testing"
	"time"
)

// Whole offers disappear, because texts and pictures may name the price.
func TestSealed(t *testing.T) {
	q := Quote{ID: 9, SupplierID: 2, Offer: Offer{Price: 28600, Unit: "公斤", Freight: 100, TaxRate: 900, Kind: TaxedPrice, LeadDays: 3, MinQuantity: 1, Available: 2,
		ValidUntil: noon(), Sample: FreeSample, Quality: "286元", Explanation: "一口价 286", Attachments: []Attachment{{Media: "a"}}},
		Message: "286?", Counter: Counter{Price: 1, Message: "280"}, Revision: 2, State: Pending}
	got := q.Sealed()
	if !got.Offer.Equal(Offer{Unit: "公斤"}) || got.Counter != (Counter{}) || got.Message != "" {
		t.Errorf("%+v", got)
	}
	if got.ID != 9 || got.SupplierID != 2 || got.Revision != 2 {
		t.Errorf("more than the offer is gone: %+v", got)
	}
}

func TestCanOpen(t *testing.T) {
	deadline := noon().Add(time.Hour)
	buyer := User{ID: 1}
	for _, c := range []struct {
		name  string
		mode  PurchaseMode
		state PurchaseStatus
		ended time.Time
		now   time.Time
		by    User
		want  Code
	}{
		{"sealed, before", SealedMode, WaitingForQuote, time.Time{}, deadline.Add(-time.Millisecond), buyer, Conflict},
		{"sealed, at the deadline", SealedMode, WaitingForQuote, time.Time{}, deadline, buyer, ""},
		{"sealed, ended", SealedMode, QuotingEnded, deadline, deadline.Add(time.Hour), buyer, ""},
		{"sealed, bought", SealedMode, Purchased, deadline, deadline.Add(time.Hour), buyer, ""},
		{"sealed, closed before", SealedMode, Closed, noon(), deadline.Add(time.Hour), buyer, Conflict},
		{"open", OpenMode, QuotingEnded, deadline, deadline, buyer, NotFound},
		{"invited", InvitedMode, QuotingEnded, deadline, deadline, buyer, NotFound},
		{"a stranger", SealedMode, QuotingEnded, deadline, deadline, User{ID: 2}, NotFound},
		{"a guest", SealedMode, QuotingEnded, deadline, deadline, User{}, NotFound},
	} {
		p := Purchase{BuyerID: 1, Status: c.state, EndedAt: c.ended, Terms: Terms{Mode: c.mode, Deadline: deadline}}
		if got := ErrorCode(p.CanOpen(c.by, c.now)); got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}

// Line by line, by what the goods cost with freight and tax; withdrawn last.
func TestOpeningOrder(t *testing.T) {
	p := Purchase{ID: 7, Lines: []Line{{ID: 5, Unit: "公斤", Quantity: 100_000}, {ID: 6, Position: 1, Unit: "公斤", Quantity: 100_000}}}
	offer := func(id, line int64, price, freight Fen, unit Unit, state QuoteState) Quote {
		return Quote{ID: id, LineID: line, SupplierID: id + 10, Offer: Offer{Price: price, Freight: freight, Unit: unit}, State: state, Revision: int(id)}
	}
	quotes := []Quote{
		offer(1, 6, 100, 0, "公斤", Pending), offer(2, 5, 300, 0, "公斤", Pending), offer(3, 5, 100, 0, "公斤", Withdrawn),
		offer(4, 5, 200, 0, "件", Pending), offer(5, 5, 120, 0, "斤", Accepted), offer(6, 5, 210, 5000, "公斤", Refused), offer(7, 99, 1, 0, "公斤", Pending),
	}
	at := map[int64]time.Time{5: noon()}
	o := NewOpening(p, quotes, 1, map[int64]string{15: "甲"}, at, noon().Add(time.Hour))
	var ids []int64
	for _, r := range o.Rows {
		ids = append(ids, r.QuoteID)
	}
	want := []int64{5, 6, 2, 4, 3, 1} // 240, 260, 300 for a kilogram; in pieces; withdrawn; the next line
	if len(ids) != len(want) {
		t.Fatalf("order %v, want %v", ids, want)
	}
	for i := range want {
		if ids[i] != want[i] {
			t.Fatalf("order %v, want %v", ids, want)
		}
	}
	first := o.Rows[0]
	if first.Landed != 240 || first.Price != 120 || first.Supplier != "甲" || first.Revision != 5 || !first.SubmittedAt.Equal(noon()) || o.OpenedBy != 1 {
		t.Errorf("%+v", first)
	}
	if o.Rows[3].Landed != 0 || !o.Rows[4].Withdrawn {
		t.Errorf("%+v", o.Rows)
	}
}
