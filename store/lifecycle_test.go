package store_test

import (
	"sync/atomic"
	"testing"
	"time"

	"github.com/xunjia/xunjia"
	"github.com/xunjia/xunjia/store"
)

func TestClosePurchase(t *testing.T) {
	eachMarket(t, func(t *testing.T, m market) {
		ctx := t.Context()
		p := m.publish(t, "黄连", "当归")
		q := m.quote(t, p, m.supplier.ID, 6850)
		if _, err := m.ClosePurchase(ctx, p.ID, m.buyer.ID, ""); xunjia.ErrorCode(err) != xunjia.Invalid {
			t.Errorf("without a reason: %v", err)
		}
		if _, err := m.ClosePurchase(ctx, p.ID, m.supplier.ID, "不要了"); xunjia.ErrorCode(err) != xunjia.NotFound {
			t.Errorf("by a stranger: %v", err)
		}
		got, err := m.ClosePurchase(ctx, p.ID, m.buyer.ID, "计划取消")
		if err != nil || got.Status != xunjia.Closed || got.Reason != "计划取消" || !got.EndedAt.Equal(m.clock.now()) || got.Lines[1].Status != xunjia.Closed {
			t.Fatalf("%+v, %v", got, err)
		}
		if n := events(t, m.Store, xunjia.PurchaseClosed, p.ID); n != 1 {
			t.Errorf("%d events", n)
		}
		if _, err := m.AnswerQuote(ctx, q.ID, m.buyer.ID, xunjia.Answer{Action: xunjia.Accept, Revision: 1}); xunjia.ErrorCode(err) != xunjia.Conflict {
			t.Errorf("answered on a closed purchase: %v", err)
		}
		// Open again, with what was quoted.
		deadline := m.clock.now().Add(72 * time.Hour)
		got, err = m.ReopenPurchase(ctx, p.ID, m.buyer.ID, deadline)
		if err != nil || got.Status != xunjia.WaitingForQuote || got.Reason != "" || !got.EndedAt.IsZero() || !got.Deadline.Equal(deadline) || got.Lines[0].Status != xunjia.WaitingForQuote {
			t.Fatalf("reopened %+v, %v", got, err)
		}
		if v, err := m.Quote(ctx, q.ID, m.buyer.ID); err != nil || v.Quote.State != xunjia.Pending {
			t.Errorf("the quote is %+v, %v", v.Quote, err)
		}
		if _, err := m.AnswerQuote(ctx, q.ID, m.buyer.ID, xunjia.Answer{Action: xunjia.Accept, Revision: 1}); err != nil {
			t.Errorf("answered after reopening: %v", err)
		}
	})
}

func TestCloseLine(t *testing.T) {
	eachMarket(t, func(t *testing.T, m market) {
		ctx := t.Context()
		p := m.publish(t, "黄连", "当归")
		got, err := m.CloseLine(ctx, p.Lines[0].ID, m.buyer.ID, "已经买到")
		if err != nil || got.Status != xunjia.WaitingForQuote || got.Lines[0].Status != xunjia.Closed || got.Lines[0].Reason != "已经买到" || got.Lines[1].Status != xunjia.WaitingForQuote {
			t.Fatalf("%+v, %v", got, err)
		}
		if _, _, err := m.SubmitQuote(ctx, p.Lines[0].ID, m.supplier.ID, xunjia.Offer{Price: 100}); xunjia.ErrorCode(err) != xunjia.Conflict {
			t.Errorf("quoted on a closed line: %v", err)
		}
		if _, err := m.CloseLine(ctx, p.Lines[0].ID, m.buyer.ID, "再来一次"); xunjia.ErrorCode(err) != xunjia.Conflict {
			t.Errorf("closed twice: %v", err)
		}
		got, err = m.CloseLine(ctx, p.Lines[1].ID, m.buyer.ID, "也不要了")
		if err != nil || got.Status != xunjia.Closed || got.Reason != "也不要了" {
			t.Errorf("the last line: %+v, %v", got, err)
		}
		if _, err := m.ReopenPurchase(ctx, p.ID, m.buyer.ID, m.clock.now().Add(72*time.Hour)); xunjia.ErrorCode(err) != xunjia.Conflict {
			t.Errorf("lines closed by themselves were opened: %v", err)
		}
	})
}

func TestClosePurchaseByStaff(t *testing.T) {
	eachMarket(t, func(t *testing.T, m market) {
		p := m.publish(t, "黄连")
		if err := m.ClosePurchaseByStaff(t.Context(), p.ID, 9, "内容违规"); err != nil {
			t.Fatal(err)
		}
		if n := rows(t, m.Store, "audit WHERE staff_id = 9 AND action = 'purchase.close' AND target = ?", p.Number); n != 1 {
			t.Errorf("%d lines of audit", n)
		}
		if err := m.ClosePurchaseByStaff(t.Context(), p.ID, 9, "内容违规"); xunjia.ErrorCode(err) != xunjia.Conflict {
			t.Errorf("closed twice: %v", err)
		}
	})
}

// The deadline is exact: what is submitted a millisecond before it counts, at
// the deadline nothing does, and lists, pages and the clock's job agree.
func TestDeadlineIsExact(t *testing.T) {
	eachMarket(t, func(t *testing.T, m market) {
		ctx := t.Context()
		p := m.publish(t, "黄连")
		listed := func() bool {
			list, err := m.OpenPurchases(ctx, xunjia.Page{Limit: 100})
			if err != nil {
				t.Fatal(err)
			}
			for _, l := range list.Items {
				if l.ID == p.ID {
					return true
				}
			}
			return false
		}
		m.clock.advance(p.Deadline.Sub(m.clock.now()) - time.Millisecond)
		m.quote(t, p, m.supplier.ID, 6850)
		if got, _ := m.Purchase(ctx, p.ID); got.StatusAt(m.clock.now()) != xunjia.WaitingForQuote || !listed() {
			t.Error("ended a millisecond early")
		}
		m.clock.advance(time.Millisecond)
		if _, _, err := m.SubmitQuote(ctx, p.Lines[0].ID, m.next.ID, xunjia.Offer{Price: 100}); xunjia.ErrorCode(err) != xunjia.Conflict {
			t.Errorf("quoted at the deadline: %v", err)
		}
		if got, _ := m.Purchase(ctx, p.ID); got.StatusAt(m.clock.now()) != xunjia.QuotingEnded || listed() {
			t.Error("still open at the deadline")
		}
		if _, err := m.ExtendPurchase(ctx, p.ID, m.buyer.ID, m.clock.now().Add(72*time.Hour)); xunjia.ErrorCode(err) != xunjia.Conflict {
			t.Errorf("extended at the deadline: %v", err)
		}
		if n, err := m.EndDuePurchases(ctx, 100); err != nil || n == 0 {
			t.Errorf("the job ended %d, %v", n, err)
		}
		if got, _ := m.Purchase(ctx, p.ID); got.Status != xunjia.QuotingEnded || !got.EndedAt.Equal(p.Deadline) {
			t.Errorf("the job wrote %+v", got)
		}
		// Reopening needs no job before it.
		second := m.publish(t, "黄连")
		m.clock.advance(25 * time.Hour)
		deadline := m.clock.now().Add(48 * time.Hour)
		got, err := m.ReopenPurchase(ctx, second.ID, m.buyer.ID, deadline)
		if err != nil || got.StatusAt(m.clock.now()) != xunjia.WaitingForQuote || !got.Deadline.Equal(deadline) {
			t.Errorf("reopened before the job came: %+v, %v", got, err)
		}
	})
}

// Extending against the clock's job, and quoting at the deadline, on two
// instances: whatever wins, a purchase that is open has its new deadline, and
// one that has ended took no quote after.
func TestDeadlineRace(t *testing.T) {
	eachIsolation(t, func(t *testing.T, m market, stores [2]*store.Store) {
		ctx := t.Context()
		for round := range 15 {
			p := m.publish(t, "黄连")
			m.clock.advance(p.Deadline.Sub(m.clock.now()) - time.Millisecond)
			later := p.Deadline.Add(48 * time.Hour)
			var extended atomic.Bool
			atOnce(t, stores, 6, xunjia.Conflict, func(s *store.Store, i int) error {
				switch i {
				case 0:
					m.clock.advance(time.Millisecond)
					_, err := s.EndDuePurchases(ctx, 100)
					return err
				case 1, 2:
					_, err := s.ExtendPurchase(ctx, p.ID, m.buyer.ID, later)
					if err == nil {
						extended.Store(true)
					}
					if xunjia.ErrorCode(err) == xunjia.Invalid { // the other one was faster
						return xunjia.Errorf(xunjia.Conflict, "extended")
					}
					return err
				default:
					_, _, err := s.SubmitQuote(ctx, p.Lines[0].ID, m.user(t, 1000+round*10+i, "供应商").ID, xunjia.Offer{Price: 100})
					return err
				}
			})
			got, err := m.Purchase(ctx, p.ID)
			if err != nil {
				t.Fatal(err)
			}
			if open := got.StatusAt(m.clock.now()) == xunjia.WaitingForQuote; open != extended.Load() || open && !got.Deadline.Equal(later) {
				t.Errorf("round %d: extended %v, but %s until %s", round, extended.Load(), got.Status, got.Deadline)
			}
			if got.Lines[0].Status != got.Status {
				t.Errorf("round %d: purchase %s, line %s", round, got.Status, got.Lines[0].Status)
			}
		}
	})
}
