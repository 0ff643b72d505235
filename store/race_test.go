package store_test

import (
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/xunjia/xunjia"
	"github.com/xunjia/xunjia/store"
	"github.com/xunjia/xunjia/store/storetest"
)

// eachIsolation runs f on two instances that share a MariaDB: with its default
// isolation, where the server also refuses to overwrite what changed since it
// was read, and with one that guards nothing.
func eachIsolation(t *testing.T, f func(t *testing.T, m market, stores [2]*store.Store)) {
	t.Helper()
	for name, parameter := range map[string]string{"default": "", "read committed": "?tx_isolation='READ-COMMITTED'"} {
		t.Run(name, func(t *testing.T) {
			c := newClock()
			dsn := storetest.MariaDB(t) + parameter
			a := storetest.Open(t, "mysql", dsn, c.option)
			b := storetest.Open(t, "mysql", dsn, c.option)
			f(t, openMarket(t, a, c), [2]*store.Store{a, b})
		})
	}
}

// atOnce runs f n times, by turns on both instances, and tells how often it
// succeeded; every failure must be of the wanted code.
func atOnce(t *testing.T, stores [2]*store.Store, n int, otherwise xunjia.Code, f func(s *store.Store, i int) error) int {
	t.Helper()
	var wg sync.WaitGroup
	var won atomic.Int64
	start := make(chan struct{})
	for i := range n {
		wg.Go(func() {
			<-start
			err := f(stores[i%2], i)
			if err == nil {
				won.Add(1)
			} else if xunjia.ErrorCode(err) != otherwise {
				t.Errorf("%d: %v, want code %q", i, err, otherwise)
			}
		})
	}
	close(start)
	wg.Wait()
	return int(won.Load())
}

// A naive answer, which reads the state and then writes it, must show more than
// one winner: otherwise the tests below could not notice a race.
func TestRaceIsNoticed(t *testing.T) {
	eachIsolation(t, func(t *testing.T, m market, stores [2]*store.Store) {
		p := m.publish(t, "黄连")
		for round := range 20 {
			q := m.quote(t, p, m.user(t, 100+round, "供应商").ID, 100)
			winners := atOnce(t, stores, 50, xunjia.Conflict, func(s *store.Store, i int) error {
				seen, err := s.QuoteOf(t.Context(), q.LineID, q.SupplierID)
				if err != nil {
					return err
				}
				if _, err := seen.State.After(xunjia.Accept); err != nil {
					return err
				}
				_, err = s.Writer().ExecContext(t.Context(), "UPDATE quote SET state = 1 WHERE id = ?", q.ID)
				return err
			})
			if winners > 1 {
				return
			}
		}
		t.Error("a naive answer won once only in every round")
	})
}

func TestOneAnswerWins(t *testing.T) {
	eachIsolation(t, func(t *testing.T, m market, stores [2]*store.Store) {
		for range 5 {
			q := m.quote(t, m.publish(t, "黄连"), m.supplier.ID, 100)
			winners := atOnce(t, stores, 50, xunjia.Conflict, func(s *store.Store, i int) error {
				a := xunjia.Answer{Action: xunjia.Accept, Revision: 1}
				if i%3 == 0 {
					a = xunjia.Answer{Action: xunjia.Refuse, Message: "价格偏高", Revision: 1}
				}
				_, err := s.AnswerQuote(t.Context(), q.ID, m.buyer.ID, a)
				return err
			})
			if winners != 1 {
				t.Errorf("%d answers won", winners)
			}
			if n := rows(t, m.Store, "event WHERE quote_id = ? AND kind IN ('quote.accepted', 'quote.refused')", q.ID); n != 1 {
				t.Errorf("%d events", n)
			}
		}
	})
}

func TestDoubleSubmits(t *testing.T) {
	eachIsolation(t, func(t *testing.T, m market, stores [2]*store.Store) {
		p := m.publish(t, "黄连")
		picture := m.picture(t, "a", m.supplier.ID)
		offer := xunjia.Offer{Price: 100, Attachments: []xunjia.Attachment{picture}}
		var fresh atomic.Int64
		var ids sync.Map
		won := atOnce(t, stores, 20, "", func(s *store.Store, i int) error {
			q, isFresh, err := s.SubmitQuote(t.Context(), p.Lines[0].ID, m.supplier.ID, offer)
			if isFresh {
				fresh.Add(1)
			}
			ids.Store(q.ID, true)
			return err
		})
		distinct := 0
		ids.Range(func(any, any) bool { distinct++; return true })
		if won != 20 || fresh.Load() != 1 || distinct != 1 {
			t.Errorf("%d succeeded, %d fresh, %d quotes", won, fresh.Load(), distinct)
		}
		if n := rows(t, m.Store, "quote WHERE purchase_id = ?", p.ID); n != 1 {
			t.Errorf("%d quotes", n)
		}
		if n := rows(t, m.Store, "quote_revision r JOIN quote q ON q.id = r.quote_id WHERE q.purchase_id = ?", p.ID); n != 1 {
			t.Errorf("%d revisions", n)
		}
		checkCounts(t, m, p.ID, 1, map[xunjia.EventKind]int{xunjia.QuoteCreated: 1})
	})
}

func TestManySuppliersQuoteAtOnce(t *testing.T) {
	eachIsolation(t, func(t *testing.T, m market, stores [2]*store.Store) {
		// Two purchases, whose quotes lie side by side in the indexes.
		purchases := []xunjia.Purchase{m.publish(t, "黄连"), m.publish(t, "当归")}
		suppliers := make([]xunjia.User, 30)
		for i := range suppliers {
			suppliers[i] = m.user(t, 100+i, "供应商")
		}
		won := atOnce(t, stores, 60, "", func(s *store.Store, i int) error {
			_, _, err := s.SubmitQuote(t.Context(), purchases[i%2].Lines[0].ID, suppliers[i/2].ID, xunjia.Offer{Price: 100})
			return err
		})
		if won != 60 {
			t.Errorf("%d quotes", won)
		}
		for _, p := range purchases {
			checkCounts(t, m, p.ID, 30, map[xunjia.EventKind]int{xunjia.QuoteCreated: 30})
		}
	})
}

// The buyer accepts the offer that he saw while its supplier makes it dearer:
// either the old offer is accepted and cannot be changed any more, or the new
// one is pending.
func TestAcceptAgainstRevise(t *testing.T) {
	eachIsolation(t, func(t *testing.T, m market, stores [2]*store.Store) {
		outcomes := map[xunjia.QuoteState]int{}
		for round := range 25 {
			supplier := m.supplier.ID
			q := m.quote(t, m.publish(t, "黄连"), supplier, 100)
			won := atOnce(t, stores, 2, xunjia.Conflict, func(s *store.Store, i int) error {
				if (i+round)%2 == 0 {
					_, err := s.AnswerQuote(t.Context(), q.ID, m.buyer.ID, xunjia.Answer{Action: xunjia.Accept, Revision: 1})
					return err
				}
				_, _, err := s.SubmitQuote(t.Context(), q.LineID, supplier, xunjia.Offer{Price: 999})
				return err
			})
			got, err := m.QuoteOf(t.Context(), q.LineID, supplier)
			if err != nil {
				t.Fatal(err)
			}
			outcomes[got.State]++
			switch {
			case won != 1:
				t.Errorf("%d succeeded", won)
			case got.State == xunjia.Accepted && (got.Price != 100 || got.Revision != 1):
				t.Errorf("an offer that the buyer had not seen was accepted: %+v", got)
			case got.State == xunjia.Pending && (got.Price != 999 || got.Revision != 2):
				t.Errorf("pending: %+v", got)
			}
		}
		t.Logf("outcomes: %v", outcomes)
	})
}

func TestQuotesAgainstTheEnd(t *testing.T) {
	eachIsolation(t, func(t *testing.T, m market, stores [2]*store.Store) {
		for round := range 5 {
			p := m.publish(t, "黄连")
			var ended atomic.Int64
			atOnce(t, stores, 20, xunjia.Conflict, func(s *store.Store, i int) error {
				if i >= 10 && i < 13 {
					_, err := s.EndPurchase(t.Context(), p.ID, m.buyer.ID)
					if err == nil {
						ended.Add(1)
					}
					return err
				}
				_, _, err := s.SubmitQuote(t.Context(), p.Lines[0].ID, m.supplier.ID, xunjia.Offer{Price: xunjia.Fen(100 + i)})
				return err
			})
			if ended.Load() != 1 || events(t, m.Store, xunjia.PurchaseEnded, p.ID) != 1 {
				t.Errorf("round %d: ended %d times, %d events", round, ended.Load(), events(t, m.Store, xunjia.PurchaseEnded, p.ID))
			}
			// Nobody quoted after the end: events are in the order of commits.
			if n := rows(t, m.Store, "event e JOIN event f ON f.purchase_id = e.purchase_id AND f.kind = 'purchase.ended' AND e.id > f.id"+
				" WHERE e.purchase_id = ? AND e.kind <> 'purchase.ended'", p.ID); n != 0 {
				t.Errorf("round %d: %d quotes after the end", round, n)
			}
		}
	})
}

func TestDuePurchasesEndOnce(t *testing.T) {
	eachIsolation(t, func(t *testing.T, m market, stores [2]*store.Store) {
		if _, err := m.EndDuePurchases(t.Context(), 1000); err != nil {
			t.Fatal(err)
		}
		var ids []int64
		for range 30 {
			ids = append(ids, m.publish(t, "黄连", "当归").ID)
		}
		m.clock.advance(24 * time.Hour)
		var ended atomic.Int64
		atOnce(t, stores, 8, "", func(s *store.Store, _ int) error {
			for {
				n, err := s.EndDuePurchases(t.Context(), 7)
				ended.Add(int64(n))
				if err != nil || n == 0 && rows(t, s, "purchase WHERE status = 1 AND deadline <= ?", m.clock.now().UnixMilli()) == 0 {
					return err
				}
			}
		})
		if ended.Load() < 30 {
			t.Errorf("%d were ended, want at least 30", ended.Load())
		}
		for _, id := range ids {
			if n := events(t, m.Store, xunjia.PurchaseEnded, id); n != 1 {
				t.Errorf("purchase %d: %d events", id, n)
			}
		}
	})
}

func TestDoublePublish(t *testing.T) {
	eachIsolation(t, func(t *testing.T, m market, stores [2]*store.Store) {
		for round := range 3 {
			d := m.draft("黄连", "当归")
			d.Key = fmt.Sprint("form-", round)
			before := rows(t, m.Store, "purchase")
			var fresh atomic.Int64
			won := atOnce(t, stores, 20, "", func(s *store.Store, _ int) error {
				p, isFresh, err := s.PublishPurchase(t.Context(), m.buyer.ID, d)
				if isFresh {
					fresh.Add(1)
				}
				if err == nil && len(p.Lines) != 2 {
					return fmt.Errorf("purchase %d has %d lines", p.ID, len(p.Lines))
				}
				return err
			})
			if n := rows(t, m.Store, "purchase") - before; won != 20 || fresh.Load() != 1 || n != 1 {
				t.Errorf("%d succeeded, %d fresh, %d purchases", won, fresh.Load(), n)
			}
			if n := rows(t, m.Store, "event WHERE kind = 'purchase.published'"); n != round+1 {
				t.Errorf("%d events after round %d", n, round)
			}
		}
	})
}
