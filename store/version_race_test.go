package store_test

import (
	"sync"
	"testing"
	"time"

	"github.com/xunjia/xunjia"
	"github.com/xunjia/xunjia/store"
)

// together runs everything at once; whatever fails must fail because somebody else
// was faster.
func together(t *testing.T, run ...func() error) []error {
	t.Helper()
	errs := make([]error, len(run))
	var wg sync.WaitGroup
	start := make(chan struct{})
	for i, f := range run {
		wg.Go(func() {
			<-start
			errs[i] = f()
		})
	}
	close(start)
	wg.Wait()
	for i, err := range errs {
		if code := xunjia.ErrorCode(err); code != "" && code != xunjia.Conflict && code != xunjia.Invalid {
			t.Errorf("%d: %v", i, err)
		}
	}
	return errs
}

// A confirmation is for the version that the supplier saw, never for one that was
// saved while he tapped; so is an offer.
func TestConfirmAgainstEdit(t *testing.T) {
	eachIsolation(t, func(t *testing.T, m market, stores [2]*store.Store) {
		won := map[bool]int{}
		for round := range 30 {
			p := m.publish(t, "黄连")
			first, second := m.user(t, 100+round, "供应商"), m.user(t, 200+round, "供应商") // a week's quotes are counted
			q := m.quote(t, p, first.ID, 100)
			p, _, err := m.EditPurchase(t.Context(), p.ID, m.buyer.ID, saw(p), edit(p, func(d *xunjia.Draft) { d.Lines[0].Quantity = 600_000 }))
			if err != nil {
				t.Fatal(err)
			}
			errs := together(t,
				func() error {
					_, _, err := stores[0].EditPurchase(t.Context(), p.ID, m.buyer.ID, saw(p), edit(p, func(d *xunjia.Draft) { d.Lines[0].Quantity = 700_000 }))
					return err
				},
				func() error {
					_, err := stores[1].ConfirmQuote(t.Context(), q.ID, first.ID, 2)
					return err
				},
				func() error {
					_, _, err := stores[round%2].SubmitQuote(t.Context(), p.Lines[0].ID, second.ID, xunjia.Offer{Price: 90, Seen: 2})
					return err
				})
			if errs[0] != nil {
				t.Errorf("round %d: the edit lost to a confirmation: %v", round, errs[0])
			}
			now, err := m.QuoteOf(t.Context(), q.LineID, q.SupplierID)
			if want := map[bool]int{true: 2, false: 1}[errs[1] == nil]; err != nil || now.Version != want {
				t.Errorf("round %d: the quote stands for version %d, want %d (%v, %v)", round, now.Version, want, errs[1], err)
			}
			won[errs[1] == nil]++
			offer, err := m.QuoteOf(t.Context(), q.LineID, second.ID)
			if (err == nil) != (errs[2] == nil) || err == nil && offer.Version != 2 {
				t.Errorf("round %d: the new offer stands for version %d (%v, %v)", round, offer.Version, errs[2], err)
			}
		}
		if won[true] == 0 || won[false] == 0 {
			t.Logf("only one order was seen: %v", won)
		}
	})
}

// An edit against everything that ends a line: nothing stays open in a closed
// purchase, nothing is accepted on a line that was taken out, and a line that was
// closed for a reason keeps it.
func TestEditAgainstClosing(t *testing.T) {
	eachIsolation(t, func(t *testing.T, m market, stores [2]*store.Store) {
		for round := range 36 {
			p := m.publish(t, "黄连", "当归")
			q := m.quote(t, p, m.user(t, 100+round, "供应商").ID, 100)
			change := func(d *xunjia.Draft) { // both lines go
				d.Lines = []xunjia.Line{{CategoryID: m.goods["三七"].ID, Quantity: 5000, Unit: "公斤"}}
			}
			if round%3 == 2 {
				change = func(d *xunjia.Draft) { d.Remark = "急用" }
			}
			end := func() error {
				_, err := stores[1].ClosePurchase(t.Context(), p.ID, m.buyer.ID, "不买了")
				return err
			}
			if round%3 > 0 {
				end = func() error {
					_, err := stores[1].CloseLine(t.Context(), p.Lines[0].ID, m.buyer.ID, "不买了")
					return err
				}
			}
			errs := together(t,
				func() error {
					if round%2 == 1 { // so that it is not always the first
						if _, err := stores[0].Purchase(t.Context(), p.ID); err != nil {
							return err
						}
					}
					_, _, err := stores[0].EditPurchase(t.Context(), p.ID, m.buyer.ID, saw(p), edit(p, change))
					return err
				},
				end,
				func() error {
					if round%4 > 1 {
						if _, err := stores[1].Purchase(t.Context(), p.ID); err != nil {
							return err
						}
					}
					_, err := stores[1].AnswerQuote(t.Context(), q.ID, m.buyer.ID, xunjia.Answer{Action: xunjia.Accept, Revision: 1})
					return err
				})
			after := m.reload(t, p.ID)
			line, err := after.Line(p.Lines[0].ID)
			if err != nil {
				t.Fatal(err)
			}
			now, err := m.QuoteOf(t.Context(), q.LineID, q.SupplierID)
			if err != nil {
				t.Fatal(err)
			}
			if now.State == xunjia.Accepted && line.Status == xunjia.Closed && line.Reason != "" {
				t.Errorf("round %d: accepted on a line that was closed: %s", round, line.Reason)
			}
			if round%3 > 0 && errs[1] == nil && line.Reason != "不买了" {
				t.Errorf("round %d: the reason of the closed line is %q", round, line.Reason)
			}
			for _, l := range after.Lines {
				if after.Status == xunjia.Closed && l.Status == xunjia.WaitingForQuote {
					t.Errorf("round %d: %s waits for quotes in a closed purchase (%v)", round, l.Name, errs)
				}
			}
		}
	})
}

// A deadline that a colleague puts off meanwhile is not taken back by somebody who
// changed something else, and both orders keep both.
func TestEditAgainstExtending(t *testing.T) {
	eachIsolation(t, func(t *testing.T, m market, stores [2]*store.Store) {
		for round := range 20 {
			p := m.publish(t, "黄连")
			later := p.Deadline.Add(72 * time.Hour)
			errs := together(t,
				func() error {
					_, _, err := stores[0].EditPurchase(t.Context(), p.ID, m.buyer.ID, saw(p), edit(p, func(d *xunjia.Draft) { d.Remark = "急用" }))
					return err
				},
				func() error { _, err := stores[1].ExtendPurchase(t.Context(), p.ID, m.buyer.ID, later); return err })
			after := m.reload(t, p.ID)
			if errs[0] != nil || errs[1] != nil || after.Remark != "急用" || !after.Deadline.Equal(later) {
				t.Errorf("round %d: %q until %v, want %v (%v)", round, after.Remark, after.Deadline, later, errs)
			}
		}
	})
}

func TestWhatAnEditorSaw(t *testing.T) {
	eachMarket(t, func(t *testing.T, m market) {
		ctx := t.Context()
		m.found(t)
		m.join(t, m.next.ID, xunjia.CompanyBuyer)
		p := m.publish(t, "黄连", "当归")
		before := saw(p)
		later := p.Deadline.Add(72 * time.Hour)
		if _, err := m.ExtendPurchase(ctx, p.ID, m.buyer.ID, later); err != nil {
			t.Fatal(err)
		}
		// Two members, two deadlines: the second is told.
		_, _, err := m.EditPurchase(ctx, p.ID, m.next.ID, before, edit(p, func(d *xunjia.Draft) { d.Deadline = p.Deadline.Add(24 * time.Hour) }))
		wantCode(t, "another deadline", err, xunjia.Conflict)
		got, changes, err := m.EditPurchase(ctx, p.ID, m.next.ID, before, edit(p, func(d *xunjia.Draft) { d.Remark = "急用" }))
		if err != nil || len(changes) != 1 || !got.Deadline.Equal(later) {
			t.Fatalf("%v, until %v, %v", changes, got.Deadline, err)
		}
		// Putting off is no edit of the one who saves next.
		versions, err := m.Versions(ctx, p.ID)
		if err != nil || len(versions) != 2 || versions[0].EditorID != m.next.ID || len(versions[0].Changes) != 1 {
			t.Errorf("%+v, %v", versions, err)
		}
		_, _, err = m.EditPurchase(ctx, p.ID, m.buyer.ID, before, edit(p, func(d *xunjia.Draft) { d.Payment = "月结 30 天" }))
		wantCode(t, "an older version", err, xunjia.Conflict)
		old, err := m.PurchaseSeen(ctx, got, before)
		if err != nil {
			t.Fatal(err)
		}
		if missed := old.Changes(got); len(missed) != 2 { // remark and deadline
			t.Errorf("the other is told of %v", missed)
		}
		_, err = m.PurchaseSeen(ctx, got, xunjia.SeenPurchase{Version: 9})
		wantCode(t, "a version that is not there", err, xunjia.NotFound)
	})
}

// What suppliers say they saw decides what their quotes stand for.
func TestQuotesOfAnEditedPurchase(t *testing.T) {
	eachMarket(t, func(t *testing.T, m market) {
		ctx := t.Context()
		p := m.publish(t, "黄连")
		line := p.Lines[0].ID
		offer := xunjia.Offer{Price: 100, Seen: 1, ValidUntil: m.clock.now().Add(48 * time.Hour)}
		q, fresh, err := m.SubmitQuote(ctx, line, m.supplier.ID, offer)
		if err != nil || !fresh || q.Version != 1 {
			t.Fatalf("%+v, %v", q, err)
		}
		if p, _, err = m.EditPurchase(ctx, p.ID, m.buyer.ID, saw(p), edit(p, func(d *xunjia.Draft) { d.Lines[0].Quantity = 900_000 })); err != nil {
			t.Fatal(err)
		}
		// The tap on a bad line arrives again, after the edit.
		if q, fresh, err = m.SubmitQuote(ctx, line, m.supplier.ID, offer); err != nil || fresh || q.Version != 1 {
			t.Errorf("sent again: version %d, fresh %v, %v", q.Version, fresh, err)
		}
		cheaper := offer
		cheaper.Price = 90
		_, _, err = m.SubmitQuote(ctx, line, m.supplier.ID, cheaper)
		wantCode(t, "another price for what is gone", err, xunjia.Conflict)
		_, _, err = m.SubmitQuote(ctx, line, m.next.ID, cheaper)
		wantCode(t, "a first offer for what is gone", err, xunjia.Conflict)
		// A longer validity is no confirmation.
		if q, err = m.RenewQuote(ctx, q.ID, m.supplier.ID, offer.ValidUntil.Add(24*time.Hour)); err != nil || q.Version != 1 || q.Revision != 2 {
			t.Errorf("renewed: %+v, %v", q, err)
		}
		// The same offer from a form that shows the new requirements is one.
		offer.Seen, offer.ValidUntil = 2, q.ValidUntil
		for i, want := range []bool{true, false} {
			if q, fresh, err = m.SubmitQuote(ctx, line, m.supplier.ID, offer); err != nil || fresh != want || q.Version != 2 || q.Revision != 2 {
				t.Errorf("confirmed by the form, %d: version %d, revision %d, fresh %v, %v", i, q.Version, q.Revision, fresh, err)
			}
		}
		if n := events(t, m.Store, xunjia.QuoteConfirmed, p.ID); n != 1 {
			t.Errorf("the buyer is told %d times", n)
		}
		// A line that was taken out is confirmed by nobody.
		if _, _, err = m.EditPurchase(ctx, p.ID, m.buyer.ID, saw(p), edit(p, func(d *xunjia.Draft) {
			d.Lines = []xunjia.Line{{CategoryID: m.goods["三七"].ID, Quantity: 5000, Unit: "公斤"}}
		})); err != nil {
			t.Fatal(err)
		}
		_, err = m.ConfirmQuote(ctx, q.ID, m.supplier.ID, 3)
		wantCode(t, "confirmed on a line taken out", err, xunjia.Conflict)
	})
}

// A sealed price stays sealed when it was taken back: the mode cannot be changed.
func TestEditKeepsWithdrawnPricesSealed(t *testing.T) {
	eachMarket(t, func(t *testing.T, m market) {
		ctx := t.Context()
		p := m.publish(t, "黄连")
		p, _, err := m.EditPurchase(ctx, p.ID, m.buyer.ID, saw(p), edit(p, func(d *xunjia.Draft) { d.Mode = xunjia.SealedMode }))
		if err != nil || p.Mode != xunjia.SealedMode {
			t.Fatalf("%v, %v", p.Mode, err)
		}
		q := m.quote(t, p, m.supplier.ID, 100)
		if _, err := m.WithdrawQuote(ctx, q.ID, m.supplier.ID, ""); err != nil {
			t.Fatal(err)
		}
		_, _, err = m.EditPurchase(ctx, p.ID, m.buyer.ID, saw(p), edit(p, func(d *xunjia.Draft) { d.Mode = xunjia.OpenMode }))
		wantCode(t, "opened by an edit", err, xunjia.Invalid)
	})
}

// Copies of the purchase's columns on its lines follow an edit: searches find it by
// what it says now.
func TestSearchFollowsEdits(t *testing.T) {
	eachMarket(t, func(t *testing.T, m market) {
		ctx := t.Context()
		p := m.publish(t, "黄连")
		found := func(q xunjia.Search) bool {
			t.Helper()
			res, err := m.SearchPurchases(ctx, q, xunjia.User{}, xunjia.Page{Limit: 20})
			if err != nil {
				t.Fatal(err)
			}
			for _, item := range res.Items {
				if item.ID == p.ID {
					return true
				}
			}
			return false
		}
		there, here := xunjia.Search{Area: p.Area}, xunjia.Search{Area: "530000"}
		if !found(there) || found(here) || !found(xunjia.Search{Text: "黄连"}) {
			t.Fatal("not found by what it says")
		}
		var err error
		p, _, err = m.EditPurchase(ctx, p.ID, m.buyer.ID, saw(p), edit(p, func(d *xunjia.Draft) {
			d.Area, d.Deadline = "530102", d.Deadline.Add(48*time.Hour)
			d.Lines[0] = xunjia.Line{CategoryID: m.goods["三七"].ID, Quantity: 5000, Unit: "公斤"}
		}))
		if err != nil {
			t.Fatal(err)
		}
		if found(there) || !found(here) || !found(xunjia.Search{Text: "三七"}) {
			t.Errorf("found in the old area %v, in the new %v, by the new goods %v", found(there), found(here), found(xunjia.Search{Text: "三七"}))
		}
		var lines int
		row := m.DB().QueryRowContext(ctx, "SELECT COUNT(*) FROM purchase_line l JOIN purchase p ON p.id = l.purchase_id WHERE p.id = ? AND (l.deadline <> p.deadline OR l.mode <> p.mode OR l.area <> p.area OR l.published_at <> p.published_at)", p.ID)
		if err := row.Scan(&lines); err != nil || lines != 0 {
			t.Errorf("%d lines differ from their purchase (%v)", lines, err)
		}
	})
}
