package xunjia

import (
	"testing"
	"time"
)

func draftDeal() Deal {
	return Deal{ID: 1, BuyerID: 1, SupplierID: 2, Price: 6850, Unit: "公斤", Quantity: 100_000, Total: 685_000, DeliveryAt: DayStart(noon()), Version: 1}
}

func confirmedDeal() Deal {
	d := draftDeal()
	d.State, d.BuyerConfirmedAt, d.SupplierConfirmedAt, d.ConcludedAt = ConfirmedDeal, noon(), noon(), noon()
	return d
}

func TestSideOf(t *testing.T) {
	company := draftDeal()
	company.CompanyID = 5
	for _, c := range []struct {
		name string
		d    Deal
		u    User
		want Side
		code Code
	}{
		{"buyer", draftDeal(), User{ID: 1}, BuyerSide, ""},
		{"supplier", draftDeal(), User{ID: 2}, SupplierSide, ""},
		{"stranger", draftDeal(), User{ID: 3}, 0, NotFound},
		{"guest", draftDeal(), User{}, 0, NotFound},
		{"approver", company, User{ID: 9, CompanyID: 5, CompanyRole: CompanyApprover}, BuyerSide, ""},
		{"viewer", company, User{ID: 9, CompanyID: 5, CompanyRole: CompanyViewer}, BuyerSide, Forbidden},
		{"publisher who left", company, User{ID: 1}, 0, NotFound},
	} {
		got, err := c.d.SideOf(c.u, Decide)
		if got != c.want || ErrorCode(err) != c.code {
			t.Errorf("%s: %v, %v", c.name, got, err)
		}
	}
	if BuyerSide.Other() != SupplierSide || SupplierSide.Other() != BuyerSide || draftDeal().Partner(BuyerSide) != 2 || draftDeal().Partner(SupplierSide) != 1 {
		t.Error("the other side")
	}
}

func TestDealConfirmed(t *testing.T) {
	d, err := draftDeal().Confirmed(SupplierSide, 1, noon())
	if err != nil || d.State != DraftDeal || !d.ConcludedAt.IsZero() || !d.ConfirmedBy(SupplierSide) || d.ConfirmedBy(BuyerSide) {
		t.Fatalf("the first yes: %+v, %v", d, err)
	}
	if _, err := d.Confirmed(SupplierSide, 1, noon()); ErrorCode(err) != Conflict {
		t.Errorf("the same side again: %v", err)
	}
	if _, err := d.Confirmed(BuyerSide, 2, noon()); ErrorCode(err) != Conflict {
		t.Errorf("another version: %v", err)
	}
	d, err = d.Confirmed(BuyerSide, 1, noon().Add(time.Hour))
	if err != nil || d.State != ConfirmedDeal || !d.ConcludedAt.Equal(noon().Add(time.Hour)) {
		t.Errorf("the second yes: %+v, %v", d, err)
	}
	for _, s := range DealStates()[1:] {
		d := draftDeal()
		d.State = s
		if _, err := d.Confirmed(BuyerSide, 1, noon()); ErrorCode(err) != Conflict {
			t.Errorf("%s: %v", s, err)
		}
	}
}

func TestDealChanged(t *testing.T) {
	d := draftDeal()
	d.BuyerConfirmedAt = noon()
	same := DealChange{Version: 1, Price: d.Price, Quantity: d.Quantity, DeliveryAt: d.DeliveryAt}
	for _, c := range []struct {
		name   string
		change func(*DealChange)
		field  string
		code   Code
	}{
		{"price", func(c *DealChange) { c.Price = 6500 }, "", ""},
		{"less", func(c *DealChange) { c.Quantity = 50_000 }, "", ""},
		{"all that is left", func(c *DealChange) { c.Quantity = 120_000 }, "", ""},
		{"payment day", func(c *DealChange) { c.PaymentAt = DayStart(noon()).AddDate(0, 1, 0) }, "", ""},
		{"nothing", func(*DealChange) {}, "", Invalid},
		{"unseen", func(c *DealChange) { c.Price, c.Version = 6500, 0 }, "", Conflict},
		{"no price", func(c *DealChange) { c.Price = 0 }, "price", Invalid},
		{"no quantity", func(c *DealChange) { c.Quantity = 0 }, "quantity", Invalid},
		{"too much", func(c *DealChange) { c.Quantity = 120_001 }, "quantity", Invalid},
		{"freight", func(c *DealChange) { c.Freight = -1 }, "freight", Invalid},
		{"yesterday", func(c *DealChange) { c.DeliveryAt = noon().AddDate(0, 0, -1) }, "delivery_at", Invalid},
		{"in two years", func(c *DealChange) { c.PaymentAt = noon().AddDate(2, 0, 0) }, "payment_at", Invalid},
		{"control characters", func(c *DealChange) { c.Terms = "a\x00" }, "terms", Invalid},
	} {
		change := same
		c.change(&change)
		got, err := d.Changed(SupplierSide, change, 120_000, noon())
		if ErrorCode(err) != c.code {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		if err != nil {
			if e := err.(*Error); c.field != "" && e.Fields[c.field] == "" {
				t.Errorf("%s: fields %v", c.name, e.Fields)
			}
			continue
		}
		if got.Version != 2 || got.ConfirmedBy(BuyerSide) || !got.ConfirmedBy(SupplierSide) || got.Total != got.Price.Times(got.Quantity) {
			t.Errorf("%s: %+v", c.name, got)
		}
	}
	if _, err := confirmedDeal().Changed(BuyerSide, same, 1, noon()); ErrorCode(err) != Conflict {
		t.Errorf("a confirmed deal was changed: %v", err)
	}
	pieces := d
	pieces.Unit = "箱"
	if _, err := pieces.Changed(BuyerSide, DealChange{Version: 1, Price: 1, Quantity: 1500, DeliveryAt: d.DeliveryAt}, 9000, noon()); ErrorCode(err) != Invalid {
		t.Errorf("one and a half boxes: %v", err)
	}
}

func TestDealCancelled(t *testing.T) {
	if d, off, err := draftDeal().Cancelled(SupplierSide, "没货了", noon()); err != nil || !off || d.State != CancelledDeal || d.CancelSide != SupplierSide {
		t.Errorf("draft: %+v %v %v", d, off, err)
	}
	if _, _, err := draftDeal().Cancelled(SupplierSide, " ", noon()); ErrorCode(err) != Invalid {
		t.Errorf("without a reason: %v", err)
	}
	d, off, err := confirmedDeal().Cancelled(BuyerSide, "计划变了", noon())
	if err != nil || off || d.State != ConfirmedDeal || d.CancelSide != BuyerSide {
		t.Fatalf("the first wish: %+v %v %v", d, off, err)
	}
	if _, _, err := d.Cancelled(BuyerSide, "计划变了", noon()); ErrorCode(err) != Conflict {
		t.Errorf("the same side again: %v", err)
	}
	if kept, err := d.Kept(noon()); err != nil || kept.CancelSide != 0 || kept.CancelReason != "" {
		t.Errorf("kept: %+v, %v", kept, err)
	}
	if _, err := confirmedDeal().Kept(noon()); ErrorCode(err) != Conflict {
		t.Errorf("nothing to keep: %v", err)
	}
	if d, off, err = d.Cancelled(SupplierSide, "同意", noon()); err != nil || !off || d.State != CancelledDeal || d.CancelSide != BuyerSide {
		t.Errorf("both: %+v %v %v", d, off, err)
	}
	if _, _, err := d.Cancelled(BuyerSide, "再来", noon()); ErrorCode(err) != Conflict {
		t.Errorf("twice: %v", err)
	}
}

func TestDealCompleted(t *testing.T) {
	if d, err := confirmedDeal().Completed(BuyerSide, noon()); err != nil || d.State != CompletedDeal || !d.CompletedAt.Equal(noon()) {
		t.Errorf("%+v, %v", d, err)
	}
	if _, err := confirmedDeal().Completed(SupplierSide, noon()); ErrorCode(err) != Forbidden {
		t.Errorf("by the supplier: %v", err)
	}
	if _, err := draftDeal().Completed(BuyerSide, noon()); ErrorCode(err) != Conflict {
		t.Errorf("a draft: %v", err)
	}
}

func TestCanRate(t *testing.T) {
	cancelled := confirmedDeal()
	cancelled.State = CancelledDeal
	for _, c := range []struct {
		name  string
		d     Deal
		after time.Duration
		want  Code
	}{
		{"draft", draftDeal(), 0, Conflict}, {"confirmed", confirmedDeal(), time.Hour, ""}, {"cancelled", cancelled, time.Hour, Conflict},
		{"on the last day", confirmedDeal(), RatingWindow, ""}, {"late", confirmedDeal(), RatingWindow + 1, Conflict},
	} {
		if got := ErrorCode(c.d.CanRate(noon().Add(c.after))); got != c.want {
			t.Errorf("%s: %q", c.name, got)
		}
	}
	for stars, want := range map[int]Code{0: Invalid, 1: "", 5: "", 6: Invalid} {
		r := Rating{Stars: stars, Comment: " 好 "}
		if got := ErrorCode(r.Validate()); got != want || r.Comment != "好" {
			t.Errorf("%d stars: %q", stars, got)
		}
	}
}

func TestDisputes(t *testing.T) {
	completed := confirmedDeal()
	completed.State, completed.CompletedAt = CompletedDeal, noon()
	for _, c := range []struct {
		name  string
		d     Deal
		after time.Duration
		want  Code
	}{
		{"draft", draftDeal(), 0, Conflict}, {"confirmed", confirmedDeal(), CompleteWindow, ""}, {"confirmed long ago", confirmedDeal(), CompleteWindow + 1, Conflict},
		{"completed", completed, DisputeWindow, ""}, {"completed long ago", completed, DisputeWindow + 1, Conflict},
	} {
		if d, err := c.d.Disputed(noon().Add(c.after)); ErrorCode(err) != c.want || err == nil && d.State != DisputedDeal {
			t.Errorf("%s: %+v, %v", c.name, d, err)
		}
	}
	for _, d := range []Deal{confirmedDeal(), completed} {
		before := d.State
		disputed, err := d.Disputed(noon())
		if err != nil {
			t.Fatal(err)
		}
		if back, err := disputed.Resumed(noon()); err != nil || back.State != before {
			t.Errorf("%s: withdrawn gives %s, %v", before, back.State, err)
		}
		if _, err := d.Resumed(noon()); before != ConfirmedDeal && ErrorCode(err) != Conflict {
			t.Errorf("%s: resumed without a dispute: %v", before, err)
		}
	}
	open := Dispute{Side: BuyerSide, RespondUntil: noon().Add(ResponseTime), Entries: []DisputeEntry{{Side: BuyerSide}}}
	answered := open
	answered.Entries = append(answered.Entries, DisputeEntry{Side: SupplierSide})
	settled := open
	settled.State = SettledDispute
	for _, c := range []struct {
		name  string
		d     Dispute
		after time.Duration
		want  Code
	}{
		{"unanswered", open, 0, Conflict}, {"unanswered, time is up", open, ResponseTime, ""}, {"answered", answered, 0, ""}, {"settled", settled, ResponseTime, Conflict},
	} {
		if got := ErrorCode(c.d.CanSettle(noon().Add(c.after))); got != c.want {
			t.Errorf("%s: %q", c.name, got)
		}
	}
	for text, want := range map[string]Code{"货不对板，含量不够": "", "不好": Invalid, "": Invalid} {
		e := DisputeEntry{Text: text}
		if got := ErrorCode(e.Validate()); got != want {
			t.Errorf("%q: %q", text, got)
		}
	}
}

func TestCovered(t *testing.T) {
	for _, c := range []struct {
		status   PurchaseStatus
		accepted Quantity
		want     bool
	}{{WaitingForQuote, 500, true}, {QuotingEnded, 500, true}, {WaitingForQuote, 499, false}, {Closed, 500, false}, {Purchased, 500, false}} {
		if got := (Line{Status: c.status, Quantity: 500, Accepted: c.accepted}).Covered(); got != c.want {
			t.Errorf("%s with %d of 500: %v", c.status, c.accepted, got)
		}
	}
}
