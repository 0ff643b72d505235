package store_test

import (
	"fmt"
	"sync"
	"testing"

	"github.com/xunjia/xunjia"
	"github.com/xunjia/xunjia/store"
)

// edit is a draft of the purchase as it is, with a change.
func edit(p xunjia.Purchase, change func(*xunjia.Draft)) xunjia.Draft {
	d := xunjia.Draft{Terms: p.Terms}
	for _, l := range p.Lines {
		if l.Editable() {
			d.Lines = append(d.Lines, l)
		}
	}
	change(&d)
	return d
}

// saw is what a member sees of the purchase who opens it now.
func saw(p xunjia.Purchase) xunjia.SeenPurchase {
	return xunjia.SeenPurchase{Version: p.Version, Deadline: p.Deadline}
}

func TestEditPurchase(t *testing.T) {
	eachMarket(t, func(t *testing.T, m market) {
		ctx := t.Context()
		p := m.publish(t, "黄连", "当归")
		q := m.quote(t, p, m.supplier.ID, 100)
		same := edit(p, func(*xunjia.Draft) {})
		if got, changes, err := m.EditPurchase(ctx, p.ID, m.buyer.ID, saw(p), same); err != nil || len(changes) != 0 || got.Version != 1 {
			t.Errorf("nothing changed: %+v, %v", changes, err)
		}
		_, _, err := m.EditPurchase(ctx, p.ID, m.supplier.ID, saw(p), same)
		wantCode(t, "a stranger", err, xunjia.NotFound)
		_, _, err = m.EditPurchase(ctx, 999, m.buyer.ID, saw(p), same)
		wantCode(t, "nothing", err, xunjia.NotFound)
		_, _, err = m.EditPurchase(ctx, p.ID, m.buyer.ID, saw(p), edit(p, func(d *xunjia.Draft) { d.Lines[0].Quantity = -1 }))
		wantCode(t, "a wrong quantity", err, xunjia.Invalid)

		picture := m.picture(t, "edit", m.buyer.ID)
		got, changes, err := m.EditPurchase(ctx, p.ID, m.buyer.ID, saw(p), edit(p, func(d *xunjia.Draft) {
			d.Payment, d.Lines[0].Quantity, d.Lines[0].Images = "月结 30 天", 700_000, []xunjia.Attachment{picture}
			d.Lines = append(d.Lines[:1], xunjia.Line{CategoryID: m.goods["三七"].ID, Quantity: 5000, Unit: "公斤"})
		}))
		if err != nil || got.Version != 2 || len(got.Lines) != 3 || len(changes) != 5 {
			t.Fatalf("version %d, %d lines, %v, %v", got.Version, len(got.Lines), changes, err)
		}
		if l := got.Lines[0]; l.Quantity != 700_000 || l.Version != 2 || l.QuoteCount != 1 || len(l.Images) != 1 {
			t.Errorf("the changed line %+v", l)
		}
		if l := got.Lines[1]; l.Name != "三七" || l.Version != 2 || l.ID == 0 {
			t.Errorf("the new line %+v", l)
		}
		if l := got.Lines[2]; l.Status != xunjia.Closed || l.Reason != xunjia.RemovedLine {
			t.Errorf("the line left out %+v", l)
		}
		versions, err := m.Versions(ctx, p.ID)
		if err != nil || len(versions) != 2 || len(versions[0].Changes) != 5 || versions[1].Changes != nil {
			t.Errorf("%+v, %v", versions, err)
		}
		if n := events(t, m.Store, xunjia.PurchaseEdited, p.ID); n != 1 {
			t.Errorf("%d events", n)
		}
		e := xunjia.Event{Kind: xunjia.PurchaseEdited, Actor: m.buyer.ID, PurchaseID: p.ID, Subject: 2}
		f, err := m.EventFacts(ctx, e)
		if err != nil || len(f.Changes) != 5 {
			t.Errorf("the notice knows %v, %v", f.Changes, err)
		}
		if people, _, err := m.Audience(ctx, e, store.AudienceQuery{Facts: f, Limit: 10}); err != nil || len(people) != 1 || people[0].ID != m.supplier.ID {
			t.Errorf("told: %+v, %v", people, err)
		}

		// The quote waits for its supplier before it can be accepted.
		accept := xunjia.Answer{Action: xunjia.Accept, Revision: 1}
		_, err = m.AnswerQuote(ctx, q.ID, m.buyer.ID, accept)
		wantCode(t, "accepted unconfirmed", err, xunjia.Conflict)
		_, err = m.ConfirmQuote(ctx, q.ID, m.supplier.ID, 1)
		wantCode(t, "confirmed for the old version", err, xunjia.Conflict)
		_, err = m.ConfirmQuote(ctx, q.ID, m.buyer.ID, 2)
		wantCode(t, "confirmed by the buyer", err, xunjia.NotFound)
		for range 2 {
			if _, err := m.ConfirmQuote(ctx, q.ID, m.supplier.ID, 2); err != nil {
				t.Fatal(err)
			}
		}
		if n := events(t, m.Store, xunjia.QuoteConfirmed, p.ID); n != 1 {
			t.Errorf("the buyer is told %d times", n)
		}
		if _, err := m.AnswerQuote(ctx, q.ID, m.buyer.ID, accept); err != nil {
			t.Error(err)
		}
		// What was accepted stays, however the rest is edited.
		got, _, err = m.EditPurchase(ctx, p.ID, m.buyer.ID, saw(got), edit(m.reload(t, p.ID), func(d *xunjia.Draft) { d.Remark = "急用" }))
		if err != nil || got.Lines[0].Accepted+got.Lines[1].Accepted == 0 {
			t.Errorf("%+v, %v", got.Lines, err)
		}
	})
}

func (m market) reload(t *testing.T, id int64) xunjia.Purchase {
	t.Helper()
	p, err := m.Purchase(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// Members who edit the same version at once do not overwrite each other: one is
// saved, the others hear that somebody was faster.
func TestEditsDoNotOverwrite(t *testing.T) {
	eachIsolation(t, func(t *testing.T, m market, stores [2]*store.Store) {
		m.found(t)
		m.join(t, m.supplier.ID, xunjia.CompanyBuyer)
		p := m.publish(t, "黄连")
		for round := range 5 {
			now := m.reload(t, p.ID)
			n := atOnce(t, stores, 20, xunjia.Conflict, func(s *store.Store, i int) error {
				by := []int64{m.buyer.ID, m.supplier.ID}[i%2]
				_, _, err := s.EditPurchase(t.Context(), p.ID, by, saw(now), edit(now, func(d *xunjia.Draft) { d.Remark = fmt.Sprintf("第 %d 轮 %d", round, i) }))
				return err
			})
			if after := m.reload(t, p.ID); n != 1 || after.Version != now.Version+1 {
				t.Fatalf("round %d: %d edits were saved, version %d after %d", round, n, after.Version, now.Version)
			}
		}
	})
}

// An edit against quotes, answers and confirmations: nothing is accepted that its
// supplier did not offer for the line as it is.
func TestEditAgainstAnswers(t *testing.T) {
	eachIsolation(t, func(t *testing.T, m market, stores [2]*store.Store) {
		for round := range 12 {
			p := m.publish(t, "黄连", "当归")
			q := m.quote(t, p, m.supplier.ID, 100)
			var wg sync.WaitGroup
			start := make(chan struct{})
			run := func(f func() error) {
				wg.Go(func() {
					<-start
					switch err := f(); xunjia.ErrorCode(err) {
					case "", xunjia.Conflict, xunjia.Invalid:
					default:
						t.Errorf("round %d: %v", round, err)
					}
				})
			}
			run(func() error {
				_, _, err := stores[0].EditPurchase(t.Context(), p.ID, m.buyer.ID, saw(p), edit(p, func(d *xunjia.Draft) {
					if round%2 == 0 {
						d.Lines[0].Quantity = 900_000
					} else {
						d.Lines = d.Lines[1:] // the quoted line goes
					}
				}))
				return err
			})
			run(func() error {
				_, err := stores[1].AnswerQuote(t.Context(), q.ID, m.buyer.ID, xunjia.Answer{Action: xunjia.Accept, Revision: 1})
				return err
			})
			run(func() error {
				_, err := stores[1].ConfirmQuote(t.Context(), q.ID, m.supplier.ID, 1)
				return err
			})
			run(func() error {
				_, _, err := stores[0].SubmitQuote(t.Context(), p.Lines[0].ID, m.next.ID, xunjia.Offer{Price: 90})
				return err
			})
			close(start)
			wg.Wait()
			after := m.reload(t, p.ID)
			line, err := after.Line(p.Lines[0].ID)
			if err != nil {
				t.Fatal(err)
			}
			v, err := m.Quote(t.Context(), q.ID, m.buyer.ID)
			if err != nil {
				t.Fatal(err)
			}
			if v.Quote.State == xunjia.Accepted && (line.Status == xunjia.Closed || v.Quote.Version < line.Version) {
				t.Errorf("round %d: a quote for version %d was accepted on a line %s of version %d", round, v.Quote.Version, line.Status, line.Version)
			}
		}
	})
}
