package store_test

import (
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/xunjia/xunjia"
	"github.com/xunjia/xunjia/store"
)

func manyLines(t *testing.T, m market, n int) xunjia.Purchase {
	t.Helper()
	names := make([]string, n)
	for i := range names {
		names[i] = "黄连"
	}
	return m.publish(t, names...)
}

// Quotes that come at once on different lines never exceed the week's, and none
// of them is refused for nothing.
func TestQuotaIsExact(t *testing.T) {
	eachIsolation(t, func(t *testing.T, m market, stores [2]*store.Store) {
		p := manyLines(t, m, 30)
		change(t, m.Store, "INSERT INTO quote_quota (user_id, week, used) VALUES (?, ?, ?)", m.supplier.ID, xunjia.Week(m.clock.now()), xunjia.WeeklyQuotes-2)
		made := atOnce(t, stores, 30, xunjia.RateLimited, func(s *store.Store, i int) error {
			_, _, err := s.SubmitQuote(t.Context(), p.Lines[i].ID, m.supplier.ID, xunjia.Offer{Price: 100})
			return err
		})
		if n := rows(t, m.Store, "quote WHERE supplier_id = ?", m.supplier.ID); made != 2 || n != 2 {
			t.Errorf("%d quotes made and %d stored; 2 were left of the week", made, n)
		}
		if n, err := m.QuotesThisWeek(t.Context(), m.supplier.ID); err != nil || n != xunjia.WeeklyQuotes {
			t.Errorf("%d counted, %v", n, err)
		}
	})
}

// Twenty taps on one button are one quote and one of the week's.
func TestSameQuoteCountsOnce(t *testing.T) {
	eachIsolation(t, func(t *testing.T, m market, stores [2]*store.Store) {
		p := m.publish(t, "黄连")
		var fresh atomic.Int32
		atOnce(t, stores, 20, "", func(s *store.Store, _ int) error {
			_, is, err := s.SubmitQuote(t.Context(), p.Lines[0].ID, m.supplier.ID, xunjia.Offer{Price: 100})
			if is {
				fresh.Add(1)
			}
			return err
		})
		if fresh.Load() != 1 || rows(t, m.Store, "quote_revision r JOIN quote q ON q.id = r.quote_id WHERE q.purchase_id = ?", p.ID) != 1 {
			t.Errorf("%d were new", fresh.Load())
		}
		if n, _ := m.QuotesThisWeek(t.Context(), m.supplier.ID); n != 1 {
			t.Errorf("%d of the week's are used", n)
		}
		// Changing it costs nothing; neither does what is refused.
		if _, _, err := m.SubmitQuote(t.Context(), p.Lines[0].ID, m.supplier.ID, xunjia.Offer{Price: 90}); err != nil {
			t.Fatal(err)
		}
		if _, _, err := m.SubmitQuote(t.Context(), p.Lines[0].ID, m.next.ID, xunjia.Offer{Price: 90, Unit: "件"}); xunjia.ErrorCode(err) != xunjia.Invalid {
			t.Errorf("pieces of something that is weighed: %v", err)
		}
		if n, _ := m.QuotesThisWeek(t.Context(), m.supplier.ID); n != 1 {
			t.Errorf("%d of the week's are used", n)
		}
		if n, _ := m.QuotesThisWeek(t.Context(), m.next.ID); n != 0 {
			t.Errorf("%d used by an offer that was refused", n)
		}
	})
}

func TestDeclineLine(t *testing.T) {
	eachMarket(t, func(t *testing.T, m market) {
		ctx := t.Context()
		p := m.publish(t, "黄连", "当归")
		line := p.Lines[0].ID
		for i, reason := range []string{"没有这种货", "数量太少"} {
			if err := m.DeclineLine(ctx, line, m.supplier.ID, reason); err != nil {
				t.Fatalf("%d: %v", i, err)
			}
		}
		if n := events(t, m.Store, xunjia.LineDeclined, p.ID); n != 1 {
			t.Errorf("the buyer is told %d times", n)
		}
		list, err := m.Declines(ctx, p.ID)
		if err != nil || len(list) != 1 || list[0].Reason != "数量太少" || list[0].Supplier.ID != m.supplier.ID {
			t.Errorf("%+v, %v", list, err)
		}
		if mine, _ := m.DeclinesOf(ctx, p.ID, m.supplier.ID); len(mine) != 1 || mine[line] == "" {
			t.Errorf("his own: %v", mine)
		}
		wantCode(t, "own purchase", m.DeclineLine(ctx, line, m.buyer.ID, "没有货"), xunjia.Forbidden)
		wantCode(t, "no line", m.DeclineLine(ctx, 999, m.supplier.ID, "没有货"), xunjia.NotFound)
		wantCode(t, "no reason", m.DeclineLine(ctx, line, m.supplier.ID, ""), xunjia.Invalid)
		// Quoting takes it back, and then declining is not possible.
		if _, _, err := m.SubmitQuote(ctx, line, m.supplier.ID, xunjia.Offer{Price: 100}); err != nil {
			t.Fatal(err)
		}
		if n := rows(t, m.Store, "line_decline"); n != 0 {
			t.Errorf("%d declines beside a quote", n)
		}
		wantCode(t, "with a quote", m.DeclineLine(ctx, line, m.supplier.ID, "没有货"), xunjia.Conflict)
	})
}

func TestQuoteHistory(t *testing.T) {
	eachMarket(t, func(t *testing.T, m market) {
		ctx := t.Context()
		p := m.publish(t, "黄连")
		var q xunjia.Quote
		for i := range 3 {
			var err error
			if q, _, err = m.SubmitQuote(ctx, p.Lines[0].ID, m.supplier.ID, xunjia.Offer{Price: xunjia.Fen(100 - i), ValidUntil: m.clock.now().Add(time.Hour)}); err != nil {
				t.Fatal(err)
			}
		}
		for _, reader := range []int64{m.supplier.ID, m.buyer.ID} {
			_, list, err := m.QuoteHistory(ctx, q.ID, reader)
			if err != nil || len(list) != 3 || list[0].Price != 98 || list[2].Revision != 1 {
				t.Errorf("%+v, %v", list, err)
			}
		}
		_, _, err := m.QuoteHistory(ctx, q.ID, m.next.ID)
		wantCode(t, "somebody else's", err, xunjia.NotFound)

		// The offer expires, is not accepted, and is renewed by its supplier.
		m.clock.advance(time.Hour)
		accept := xunjia.Answer{Action: xunjia.Accept, Revision: 3}
		_, err = m.AnswerQuote(ctx, q.ID, m.buyer.ID, accept)
		wantCode(t, "expired", err, xunjia.Conflict)
		_, err = m.RenewQuote(ctx, q.ID, m.buyer.ID, m.clock.now().Add(time.Hour))
		wantCode(t, "renewed by the buyer", err, xunjia.NotFound)
		_, err = m.RenewQuote(ctx, q.ID, m.supplier.ID, m.clock.now())
		wantCode(t, "renewed until now", err, xunjia.Invalid)
		if q, err = m.RenewQuote(ctx, q.ID, m.supplier.ID, m.clock.now().Add(time.Hour)); err != nil || q.Revision != 4 || q.Price != 98 {
			t.Fatalf("%+v, %v", q, err)
		}
		accept.Revision = 4
		if _, err := m.AnswerQuote(ctx, q.ID, m.buyer.ID, accept); err != nil {
			t.Error(err)
		}
	})
}

func TestQuoters(t *testing.T) {
	eachMarket(t, func(t *testing.T, m market) {
		ctx := t.Context()
		p := m.publish(t, "黄连", "当归")
		m.quote(t, p, m.supplier.ID, 100)
		if _, _, err := m.SubmitQuote(ctx, p.Lines[1].ID, m.supplier.ID, xunjia.Offer{Price: 100}); err != nil {
			t.Fatal(err)
		}
		m.clock.advance(time.Minute)
		gone := m.quote(t, p, m.next.ID, 100)
		list, err := m.Quoters(ctx, p.ID)
		if got := fmt.Sprint(len(list), list[0].Supplier.ID, list[1].Lines); err != nil || got != fmt.Sprint(2, m.next.ID, 2) {
			t.Errorf("%s, %v", got, err)
		}
		if _, err := m.WithdrawQuote(ctx, gone.ID, m.next.ID, "货已售出"); err != nil {
			t.Fatal(err)
		}
		if list, err := m.Quoters(ctx, p.ID); err != nil || len(list) != 1 {
			t.Errorf("with one taken back: %+v, %v", list, err)
		}
		if v, err := m.Quote(ctx, gone.ID, m.buyer.ID); err != nil || v.Quote.Withdrawal != "货已售出" {
			t.Errorf("why: %q, %v", v.Quote.Withdrawal, err)
		}
	})
}
