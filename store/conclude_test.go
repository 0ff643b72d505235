package store_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/xunjia/xunjia"
	"github.com/xunjia/xunjia/store"
)

func TestConclude(t *testing.T) {
	eachMarket(t, func(t *testing.T, m market) {
		ctx := t.Context()
		p := m.publish(t, "黄连", "当归", "党参")
		third := m.user(t, 3, "供应商丙")
		won := m.quote(t, p, m.supplier.ID, 100)
		lost := m.quote(t, p, m.next.ID, 105)
		refused := m.quote(t, p, third.ID, 90)
		gone := m.quote(t, p, m.user(t, 4, "供应商丁").ID, 80)
		if _, err := m.WithdrawQuote(ctx, gone.ID, gone.SupplierID, ""); err != nil {
			t.Fatal(err)
		}
		if _, err := m.AnswerQuote(ctx, refused.ID, m.buyer.ID, xunjia.Answer{Action: xunjia.Refuse, Message: "质量不符", Revision: 1}); err != nil {
			t.Fatal(err)
		}
		second, _, err := m.SubmitQuote(ctx, p.Lines[1].ID, m.next.ID, xunjia.Offer{Price: 50})
		if err != nil {
			t.Fatal(err)
		}
		before := written(t, m.Store)
		_, err = m.ConcludeLine(ctx, p.Lines[0].ID, m.buyer.ID)
		wantCode(t, "nothing accepted", err, xunjia.Conflict)
		_, err = m.ConcludePurchase(ctx, p.ID, m.buyer.ID)
		wantCode(t, "nothing accepted at all", err, xunjia.Conflict)
		for who, by := range map[string]int64{"supplier": m.supplier.ID, "nobody": 0} {
			_, err = m.ConcludeLine(ctx, p.Lines[0].ID, by)
			wantCode(t, "line by "+who, err, xunjia.NotFound)
			_, err = m.ConcludePurchase(ctx, p.ID, by)
			wantCode(t, "purchase by "+who, err, xunjia.NotFound)
		}
		_, err = m.ConcludeLine(ctx, 99999, m.buyer.ID)
		wantCode(t, "unknown line", err, xunjia.NotFound)
		if d := cmp.Diff(before, written(t, m.Store)); d != "" {
			t.Errorf("left something behind:\n%s", d)
		}

		if err := m.accept(t, won, 60_000); err != nil {
			t.Fatal(err)
		}
		m.clock.advance(time.Minute)
		got, err := m.ConcludeLine(ctx, p.Lines[0].ID, m.buyer.ID)
		if err != nil || got.Status != xunjia.WaitingForQuote || got.Lines[0].Status != xunjia.Purchased || got.Lines[1].Status != xunjia.WaitingForQuote {
			t.Fatalf("%v: %+v", err, got)
		}
		lost.State, lost.AnsweredAt = xunjia.NotChosen, m.clock.now().UTC()
		checkQuote(t, m, lost, lost)
		_, err = m.ConcludeLine(ctx, p.Lines[0].ID, m.buyer.ID)
		wantCode(t, "twice", err, xunjia.Conflict)
		_, err = m.UndoAnswer(ctx, won.ID, m.buyer.ID)
		wantCode(t, "undo in a concluded line", err, xunjia.Conflict)
		m.balanced(t, p.Lines[0].ID)
		checkLosers(t, m, p, got.Lines[0], map[int64]string{m.next.ID: "比成交价高 5.0%", third.ID: "比成交价低 10.0%"})

		// The rest: one line was never sold, one nobody quoted for.
		got, err = m.ConcludePurchase(ctx, p.ID, m.buyer.ID)
		if err != nil || got.Status != xunjia.Purchased || got.Lines[1].Status != xunjia.Closed || got.Lines[2].Status != xunjia.Closed || !got.EndedAt.Equal(m.clock.now().UTC()) {
			t.Errorf("%v: %+v", err, got)
		}
		if q, err := m.QuoteOf(ctx, second.LineID, m.next.ID); err != nil || q.State != xunjia.NotChosen {
			t.Errorf("%+v, %v", q, err)
		}
		if n := events(t, m.Store, xunjia.LineConcluded, p.ID); n != 3 {
			t.Errorf("%d events", n)
		}
		_, err = m.ConcludePurchase(ctx, p.ID, m.buyer.ID)
		wantCode(t, "again", err, xunjia.Conflict)
	})
}

// checkLosers checks who hears that the line is concluded, and with which result.
func checkLosers(t *testing.T, m market, p xunjia.Purchase, l xunjia.Line, want map[int64]string) {
	t.Helper()
	e := xunjia.Event{Kind: xunjia.LineConcluded, PurchaseID: p.ID, LineID: l.ID}
	facts, err := m.EventFacts(t.Context(), e)
	if err != nil {
		t.Fatal(err)
	}
	got := map[int64]string{}
	after := int64(0)
	for {
		people, next, err := m.Audience(t.Context(), e, store.AudienceQuery{Facts: facts, AppID: "wx", After: after, Limit: 1})
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range people {
			if _, twice := got[r.ID]; twice {
				t.Errorf("user %d is told twice", r.ID)
			}
			got[r.ID] = facts.Results[r.QuoteID].Distance()
		}
		if after = next; next == 0 {
			break
		}
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("told (-want +got):\n%s", d)
	}
}

func TestCounterAndUndoReachTheSupplier(t *testing.T) {
	eachMarket(t, func(t *testing.T, m market) {
		p := m.publish(t, "黄连")
		q := m.quote(t, p, m.supplier.ID, 100)
		for _, kind := range []xunjia.EventKind{xunjia.QuoteCountered, xunjia.AnswerUndone} {
			e := xunjia.Event{Kind: kind, Actor: m.buyer.ID, PurchaseID: p.ID, LineID: q.LineID, QuoteID: q.ID}
			facts, err := m.EventFacts(t.Context(), e)
			if err != nil {
				t.Fatal(err)
			}
			people, next, err := m.Audience(t.Context(), e, store.AudienceQuery{Facts: facts, AppID: "wx", Limit: 10})
			if err != nil || next != 0 || len(people) != 1 || people[0].ID != m.supplier.ID {
				t.Errorf("%s: %+v, %d, %v", kind, people, next, err)
			}
		}
	})
}

func TestQuoteResult(t *testing.T) {
	eachMarket(t, func(t *testing.T, m market) {
		p := m.publish(t, "黄连")
		won, lost := m.quote(t, p, m.supplier.ID, 100), m.quote(t, p, m.next.ID, 120)
		if err := m.accept(t, won, 0); err != nil {
			t.Fatal(err)
		}
		if _, err := m.ConcludeLine(t.Context(), won.LineID, m.buyer.ID); err != nil {
			t.Fatal(err)
		}
		for id, want := range map[int64]xunjia.Result{
			won.ID:  {Price: 100, Rank: 1, Of: 2, Won: true, Sold: true},
			lost.ID: {Price: 120, Rank: 2, Of: 2, Sold: true, Beyond: 200},
		} {
			v, err := m.Quote(t.Context(), id, m.buyer.ID)
			if err != nil {
				t.Fatal(err)
			}
			got, err := m.QuoteResult(t.Context(), v)
			if d := cmp.Diff(want, got); err != nil || d != "" {
				t.Errorf("%v (-want +got):\n%s", err, d)
			}
		}
		if p, err := m.Purchase(t.Context(), p.ID); err != nil || p.Status != xunjia.Purchased {
			t.Errorf("with its last line: %v, %v", p.Status, err)
		}
	})
}

// More quotes than are shown at a time: the rest comes after, none twice.
func TestCompareInParts(t *testing.T) {
	eachMarket(t, func(t *testing.T, m market) {
		ctx := t.Context()
		p := m.publish(t, "黄连")
		q := m.quote(t, p, m.supplier.ID, 100)
		for i := range store.MaxQuotesShown + 20 {
			change(t, m.Store, "INSERT INTO quote (line_id, purchase_id, supplier_id, price, unit, quality, explanation, state, status, message, revision, version, created_at, updated_at, answered_at)"+
				" VALUES (?, ?, ?, ?, '公斤', '', '', 0, 0, '', 1, 1, 1, 1, 0)", q.LineID, p.ID, 100_000+i, 50+i%100)
		}
		c, err := m.CompareQuotes(ctx, p.ID, m.buyer.ID, "")
		if err != nil || len(c.Items) != store.MaxQuotesShown || c.Left != 21 || c.Next == "" {
			t.Fatalf("%d quotes, %d left, %v", len(c.Items), c.Left, err)
		}
		rest, err := m.CompareQuotes(ctx, p.ID, m.buyer.ID, c.Next)
		if err != nil || len(rest.Items) != 21 || rest.Left != 0 || rest.Next != "" {
			t.Fatalf("%d quotes, %d left, %v", len(rest.Items), rest.Left, err)
		}
		seen := map[int64]bool{}
		last := xunjia.Fen(0)
		for _, v := range append(c.Items, rest.Items...) {
			if seen[v.Quote.ID] || v.Quote.Price < last {
				t.Fatalf("quote %d twice or out of order", v.Quote.ID)
			}
			seen[v.Quote.ID], last = true, v.Quote.Price
		}
		for _, wrong := range []string{"x", "1-2", "1-2-x", "1-2-3-4", "---"} {
			_, err := m.CompareQuotes(ctx, p.ID, m.buyer.ID, wrong)
			wantCode(t, wrong, err, xunjia.Invalid)
		}
		_, err = m.CompareQuotes(ctx, p.ID, m.supplier.ID, "")
		wantCode(t, "by a supplier", err, xunjia.NotFound)
	})
}
