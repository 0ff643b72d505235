package store_test

import (
	"context"
	"database/sql"
	"fmt"
	"sync/atomic"
	"testing"

	"github.com/xunjia/xunjia"
	"github.com/xunjia/xunjia/store"
)

// owners makes n members of the company of the market's buyer, all of whom may
// accept, and gives it the purchase.
func (m market) owners(t *testing.T, n int) []xunjia.User {
	t.Helper()
	list := make([]xunjia.User, n)
	for i := range list {
		list[i] = m.user(t, 300+i, "负责人")
		change(t, m.Store, "UPDATE users SET company_id = 88, company_role = ? WHERE id = ?", xunjia.CompanyOwner, list[i].ID)
	}
	return list
}

func (m market) ofCompany(t *testing.T, names ...string) xunjia.Purchase {
	t.Helper()
	p := m.publish(t, names...)
	change(t, m.Store, "UPDATE purchase SET company_id = 88 WHERE id = ?", p.ID)
	return p
}

// naiveAccept reads what is left of the line and then writes, without a lock.
func naiveAccept(ctx context.Context, s *store.Store, quoteID int64, quantity xunjia.Quantity) error {
	return s.RunTx(ctx, func(tx *store.Tx) error {
		var line int64
		var accepted, asked xunjia.Quantity
		if err := tx.QueryRowContext(ctx, "SELECT l.id, l.accepted, l.quantity FROM purchase_line l JOIN quote q ON q.line_id = l.id WHERE q.id = ?", quoteID).
			Scan(&line, &accepted, &asked); err != nil {
			return err
		}
		if accepted+quantity > asked {
			return xunjia.Errorf(xunjia.Conflict, "不够")
		}
		if _, err := tx.ExecContext(ctx, "UPDATE quote SET state = 1, accepted = ? WHERE id = ?", quantity, quoteID); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, "UPDATE purchase_line SET accepted = accepted + ? WHERE id = ?", quantity, line)
		return err
	})
}

// A naive accept must give away more than the line asks for: otherwise the
// tests below could not notice it. MariaDB's default isolation refuses to
// overwrite what changed since it was read, so only the other one shows it.
func TestGivingAwayTooMuchIsNoticed(t *testing.T) {
	noticed := false
	eachIsolation(t, func(t *testing.T, m market, stores [2]*store.Store) {
		for range 10 {
			p := m.publish(t, "黄连")
			quotes := make([]xunjia.Quote, 20)
			for i := range quotes {
				quotes[i] = m.quote(t, p, m.user(t, 100+i, "供应商").ID, 100)
			}
			atOnce(t, stores, len(quotes), xunjia.Conflict, func(s *store.Store, i int) error {
				return naiveAccept(t.Context(), s, quotes[i].ID, 60_000)
			})
			if l := m.line(t, p.ID); l.Accepted > l.Quantity {
				noticed = true
				return
			}
		}
	})
	if !noticed {
		t.Error("a naive accept never gave away too much")
	}
}

// 50 members of a company accept a quote each of one line at once: exactly as
// many win as the quantity allows.
func TestAcceptsShareTheLine(t *testing.T) {
	eachIsolation(t, func(t *testing.T, m market, stores [2]*store.Store) {
		owners := m.owners(t, 50)
		for _, c := range []struct {
			name     string
			quantity func(i int) xunjia.Quantity
			winners  int // 0: as many as fit
			want     xunjia.Quantity
		}{
			{"each the whole", func(int) xunjia.Quantity { return 100_000 }, 1, 100_000},
			{"each what is left", func(int) xunjia.Quantity { return 0 }, 1, 100_000},
			{"each a seventh", func(int) xunjia.Quantity { return 14_000 }, 7, 98_000},
			{"various parts", func(i int) xunjia.Quantity { return xunjia.Quantity(1000 * (1 + i%9)) }, 0, 0},
		} {
			p := m.ofCompany(t, "黄连")
			quotes := make([]xunjia.Quote, len(owners))
			for i := range quotes {
				quotes[i] = m.quote(t, p, m.user(t, 100+i, "供应商").ID, 100)
			}
			winners := atOnce(t, stores, len(quotes), xunjia.Conflict, func(s *store.Store, i int) error {
				_, err := s.AnswerQuote(t.Context(), quotes[i].ID, owners[i].ID,
					xunjia.Answer{Action: xunjia.Accept, Revision: 1, Version: 1, Quantity: c.quantity(i)})
				return err
			})
			l := m.line(t, p.ID)
			switch {
			case c.winners > 0 && (winners != c.winners || l.Accepted != c.want):
				t.Errorf("%s: %d won, %v given away; want %d, %v", c.name, winners, l.Accepted, c.winners, c.want)
			case c.winners == 0 && l.Left() >= 9000:
				t.Errorf("%s: %v left, although everybody asked for less", c.name, l.Left())
			}
			m.balanced(t, l.ID)
			if n := events(t, m.Store, xunjia.QuoteAccepted, p.ID); n != winners {
				t.Errorf("%s: %d events, %d won", c.name, n, winners)
			}
		}
	})
}

// 50 members accept one quote at once: one of them does.
func TestOneQuoteIsAcceptedOnce(t *testing.T) {
	eachIsolation(t, func(t *testing.T, m market, stores [2]*store.Store) {
		owners := m.owners(t, 50)
		p := m.ofCompany(t, "黄连")
		q := m.quote(t, p, m.supplier.ID, 100)
		winners := atOnce(t, stores, len(owners), xunjia.Conflict, func(s *store.Store, i int) error {
			_, err := s.AnswerQuote(t.Context(), q.ID, owners[i].ID, xunjia.Answer{Action: xunjia.Accept, Revision: 1, Quantity: 10_000})
			return err
		})
		if l := m.line(t, p.ID); winners != 1 || l.Accepted != 10_000 {
			t.Errorf("%d won, %v given away", winners, l.Accepted)
		}
		m.balanced(t, q.LineID)
	})
}

// Accepting, taking back, withdrawing, revising, countering, taking the
// counter-offer, refusing and concluding, all at once, round after round: no
// answer stands to something that is not there.
func TestEverythingAtOnce(t *testing.T) {
	eachIsolation(t, func(t *testing.T, m market, stores [2]*store.Store) {
		outcomes := map[string]int{}
		for round := range 200 {
			p := m.publish(t, "黄连")
			line := p.Lines[0].ID
			a, b := m.quote(t, p, m.supplier.ID, 100), m.quote(t, p, m.next.ID, 100)
			if _, err := m.CounterQuote(t.Context(), a.ID, m.buyer.ID, xunjia.Counter{Price: 90}, 1); err != nil {
				t.Fatal(err)
			}
			deeds := []func(ctx context.Context, s *store.Store) error{
				func(ctx context.Context, s *store.Store) error {
					_, err := s.AnswerQuote(ctx, a.ID, m.buyer.ID, xunjia.Answer{Action: xunjia.Accept, Revision: 1, Price: 100, Quantity: 60_000})
					return err
				},
				func(ctx context.Context, s *store.Store) error {
					_, err := s.AnswerQuote(ctx, b.ID, m.buyer.ID, xunjia.Answer{Action: xunjia.Accept, Revision: 1, Price: 100, Quantity: 60_000})
					return err
				},
				func(ctx context.Context, s *store.Store) error {
					_, err := s.WithdrawQuote(ctx, a.ID, m.supplier.ID, "")
					return err
				},
				func(ctx context.Context, s *store.Store) error {
					_, _, err := s.SubmitQuote(ctx, line, m.supplier.ID, xunjia.Offer{Price: 95})
					return err
				},
				func(ctx context.Context, s *store.Store) error {
					_, err := s.CounterQuote(ctx, a.ID, m.buyer.ID, xunjia.Counter{Price: 80}, 1)
					return err
				},
				func(ctx context.Context, s *store.Store) error {
					_, err := s.AcceptCounter(ctx, a.ID, m.supplier.ID, 90)
					return err
				},
				func(ctx context.Context, s *store.Store) error {
					_, err := s.UndoAnswer(ctx, a.ID, m.buyer.ID)
					return err
				},
				func(ctx context.Context, s *store.Store) error {
					_, err := s.RefuseQuotes(ctx, p.ID, m.buyer.ID, map[int64]int{b.ID: 1}, "价格高")
					return err
				},
				func(ctx context.Context, s *store.Store) error {
					_, err := s.ConcludeLine(ctx, line, m.buyer.ID)
					return err
				},
			}
			var accepted atomic.Int64
			atOnce(t, stores, len(deeds), xunjia.Conflict, func(s *store.Store, i int) error {
				i = (i + round) % len(deeds) // everybody goes first now and then
				err := deeds[i](t.Context(), s)
				if err == nil && i < 2 {
					accepted.Add(1)
				}
				return err
			})
			m.balanced(t, line)
			m.answeredAsShown(t, p.ID)
			q, err := m.QuoteOf(t.Context(), line, m.supplier.ID)
			if err != nil {
				t.Fatal(err)
			}
			outcomes[fmt.Sprint(q.State, " ", q.Price)]++
			if q.State == xunjia.Accepted && (q.Price != 100 || q.Revision != 1) {
				t.Errorf("round %d: an offer that the buyer had not seen was accepted: %+v", round, q)
			}
		}
		t.Logf("outcomes: %v", outcomes)
		if len(outcomes) < 3 {
			t.Errorf("the rounds were too alike: %v", outcomes)
		}
	})
}

// answeredAsShown checks that answers stand to what is there: the newest
// revision in the history says what the quote says, no counter-offer outlives
// the offer that it was made to, and nothing waits in a settled line.
func (m market) answeredAsShown(t *testing.T, purchaseID int64) {
	t.Helper()
	var history, quote sql.NullInt64
	if err := m.DB().QueryRowContext(t.Context(), "SELECT COUNT(*), SUM(CASE WHEN r.price = q.price THEN 1 ELSE 0 END) FROM quote q"+
		" JOIN quote_revision r ON r.quote_id = q.id AND r.revision = q.revision WHERE q.purchase_id = ?", purchaseID).Scan(&history, &quote); err != nil {
		t.Fatal(err)
	}
	if n := rows(t, m.Store, "quote WHERE purchase_id = ?", purchaseID); int64(n) != history.Int64 || history != quote {
		t.Errorf("purchase %d: %d quotes, %d with their revision, %d as it says", purchaseID, n, history.Int64, quote.Int64)
	}
	for what, from := range map[string]string{
		"a counter-offer to a later revision": "quote WHERE purchase_id = ? AND counter_price > 0 AND revision > 1",
		"an answer without its time":          "quote WHERE purchase_id = ? AND state IN (1, 2, 4) AND answered_at = 0",
		"a pending quote with an answer":      "quote WHERE purchase_id = ? AND state IN (0, 3) AND (answered_at > 0 OR accepted > 0)",
		"a pending quote in a settled line":   "quote q JOIN purchase_line l ON l.id = q.line_id WHERE q.purchase_id = ? AND q.state = 0 AND l.status = 3",
		"a settled line without a purchase":   "purchase p JOIN purchase_line l ON l.purchase_id = p.id WHERE p.id = ? AND l.status = 3 AND p.status <> 3",
		"a settled line that nobody has":      "purchase_line WHERE purchase_id = ? AND status = 3 AND accepted = 0",
	} {
		if n := rows(t, m.Store, from, purchaseID); n != 0 {
			t.Errorf("purchase %d: %s", purchaseID, what)
		}
	}
}

// Two instances take the same changes into the price history: each once.
func TestRollingAtOnce(t *testing.T) {
	eachIsolation(t, func(t *testing.T, m market, stores [2]*store.Store) {
		m.roll(t)
		p := m.publish(t, "黄连")
		for i := range 30 {
			m.quote(t, p, m.user(t, 100+i, "供应商").ID, xunjia.Fen(100+i))
		}
		m.clock.advance(5 * 60e9)
		var taken atomic.Int64
		atOnce(t, stores, 6, "", func(s *store.Store, _ int) error {
			for {
				n, err := s.RollPrices(t.Context(), 7)
				taken.Add(int64(n))
				if err != nil || n == 0 && rows(t, s, "price_sample WHERE category_id = ? AND created_at >= ?", m.goods["黄连"].ID, m.clock.now().Add(-6*60e9).UnixMilli()) == 30 {
					return err
				}
			}
		})
		if taken.Load() != 30 {
			t.Errorf("%d were taken", taken.Load())
		}
		if n := rows(t, m.Store, "price_point WHERE category_id = ? AND period = 202611 AND n >= 30", m.goods["黄连"].ID); n != 1 {
			t.Errorf("%d points", n)
		}
	})
}
