package store_test

import (
	"testing"
	"time"

	"github.com/xunjia/xunjia"
	"github.com/xunjia/xunjia/store"
)

// deal publishes, quotes and accepts part of the line.
func (m market) deal(t *testing.T, supplier int64, part xunjia.Quantity) (xunjia.Purchase, xunjia.Deal) {
	t.Helper()
	p := m.publish(t, "黄连")
	return p, m.dealOn(t, p, supplier, part)
}

func (m market) dealOn(t *testing.T, p xunjia.Purchase, supplier int64, part xunjia.Quantity) xunjia.Deal {
	t.Helper()
	q := m.quote(t, p, supplier, 6850)
	if _, err := m.AnswerQuote(t.Context(), q.ID, m.buyer.ID, xunjia.Answer{Action: xunjia.Accept, Revision: 1, Quantity: part}); err != nil {
		t.Fatal(err)
	}
	d, err := m.DealOfQuote(t.Context(), q.ID)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// consistent checks that what deals take is what quotes and the line say.
func (m market) consistent(t *testing.T, p xunjia.Purchase) {
	t.Helper()
	p, err := m.Purchase(t.Context(), p.ID)
	if err != nil {
		t.Fatal(err)
	}
	views, err := m.QuotesOfPurchase(t.Context(), p.ID, m.buyer.ID)
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range p.Lines {
		var sum xunjia.Quantity
		for _, v := range views {
			if v.Quote.LineID == l.ID {
				sum += v.Quote.Accepted
				d, err := m.DealOfQuote(t.Context(), v.Quote.ID)
				standing := err == nil && d.State != xunjia.CancelledDeal
				if standing != (v.Quote.State == xunjia.Accepted) || standing && d.Unit.Quantity(d.Quantity, l.Unit) != v.Quote.Accepted {
					t.Errorf("quote %+v against deal %+v", v.Quote, d)
				}
			}
		}
		if sum != l.Accepted || sum > l.Quantity {
			t.Errorf("quotes take %s of line %d, which says %s of %s", sum, l.ID, l.Accepted, l.Quantity)
		}
	}
}

func TestDealFromDraftToRating(t *testing.T) {
	eachMarket(t, func(t *testing.T, m market) {
		ctx := t.Context()
		p, d := m.deal(t, m.supplier.ID, 40_000)
		if d.State != xunjia.DraftDeal || d.Quantity != 40_000 || d.Total != 6850*40 {
			t.Fatalf("draft %+v", d)
		}
		change := xunjia.DealChange{Version: 1, Price: 6600, Quantity: 60_000, DeliveryAt: d.DeliveryAt, Terms: "先样后货"}
		d, err := m.ChangeDeal(ctx, d.ID, m.supplier.ID, change)
		if err != nil || d.Version != 2 || !d.ConfirmedBy(xunjia.SupplierSide) {
			t.Fatalf("changed %+v, %v", d, err)
		}
		m.consistent(t, p)
		change.Version, change.Quantity = 2, 100_001
		if _, err := m.ChangeDeal(ctx, d.ID, m.buyer.ID, change); xunjia.ErrorCode(err) != xunjia.Invalid {
			t.Errorf("more than the line asks for: %v", err)
		}
		if _, err := m.ConfirmDeal(ctx, d.ID, m.buyer.ID, 1); xunjia.ErrorCode(err) != xunjia.Conflict {
			t.Errorf("an unseen version: %v", err)
		}
		if err := m.RateDeal(ctx, d.ID, m.buyer.ID, xunjia.Rating{Stars: 5}); xunjia.ErrorCode(err) != xunjia.Conflict {
			t.Errorf("rated before it is a deal: %v", err)
		}
		if d, err = m.ConfirmDeal(ctx, d.ID, m.buyer.ID, 2); err != nil || d.State != xunjia.ConfirmedDeal {
			t.Fatalf("confirmed %+v, %v", d, err)
		}
		v, err := m.Quote(ctx, d.QuoteID, m.supplier.ID)
		if err != nil || v.Quote.Status != xunjia.SuccessfulQuote || v.Line.Status != xunjia.WaitingForQuote {
			t.Errorf("quote %+v of line %+v, %v", v.Quote, v.Line, err)
		}
		for by, stars := range map[int64]int{m.buyer.ID: 5, m.supplier.ID: 4} {
			if err := m.RateDeal(ctx, d.ID, by, xunjia.Rating{Stars: stars, Comment: "守信"}); err != nil {
				t.Fatal(err)
			}
			if err := m.RateDeal(ctx, d.ID, by, xunjia.Rating{Stars: 1}); xunjia.ErrorCode(err) != xunjia.Conflict {
				t.Errorf("rated twice: %v", err)
			}
		}
		said, err := m.RatingsOf(ctx, m.supplier.ID, xunjia.Page{})
		if err != nil || len(said.Items) != 1 || said.Items[0].Stars != 5 || said.Items[0].RaterID != m.buyer.ID {
			t.Errorf("ratings %+v, %v", said, err)
		}
		if _, err := m.CompleteDeal(ctx, d.ID, m.supplier.ID); xunjia.ErrorCode(err) != xunjia.Forbidden {
			t.Errorf("completed by the supplier: %v", err)
		}
		if d, err = m.CompleteDeal(ctx, d.ID, m.buyer.ID); err != nil || d.State != xunjia.CompletedDeal {
			t.Errorf("completed %+v, %v", d, err)
		}
		h, err := m.DealHistory(ctx, d.ID)
		if err != nil || len(h.Steps) != 1 || len(h.Steps[0].Changes) != 3 || len(h.Ratings) != 2 {
			t.Errorf("history %+v, %v", h, err)
		}
		m.consistent(t, p)
	})
}

// The line is concluded, and the losers are told, when confirmed deals cover it.
func TestConfirmedDealsConcludeTheLine(t *testing.T) {
	eachMarket(t, func(t *testing.T, m market) {
		ctx := t.Context()
		p, first := m.deal(t, m.supplier.ID, 40_000)
		second := m.dealOn(t, p, m.next.ID, 60_000)
		loser := m.quote(t, p, m.user(t, 77, "落选").ID, 9900)
		for _, d := range []xunjia.Deal{first, second} {
			if got, _ := m.Purchase(ctx, p.ID); got.Status != xunjia.WaitingForQuote {
				t.Fatalf("purchase is %s before everything is confirmed", got.Status)
			}
			for _, by := range []int64{m.buyer.ID, d.SupplierID} {
				if _, err := m.ConfirmDeal(ctx, d.ID, by, 1); err != nil {
					t.Fatal(err)
				}
			}
		}
		got, err := m.Purchase(ctx, p.ID)
		if err != nil || got.Status != xunjia.Purchased || got.Lines[0].Status != xunjia.Purchased {
			t.Errorf("purchase %+v, %v", got, err)
		}
		v, err := m.Quote(ctx, loser.ID, m.buyer.ID)
		if err != nil || v.Quote.State != xunjia.NotChosen || events(t, m.Store, xunjia.LineConcluded, p.ID) != 1 {
			t.Errorf("the loser's quote %+v, %v", v.Quote, err)
		}
		m.consistent(t, p)
	})
}

func TestCancelledDealGivesBack(t *testing.T) {
	eachMarket(t, func(t *testing.T, m market) {
		ctx := t.Context()
		p, d := m.deal(t, m.supplier.ID, 100_000)
		if _, err := m.CancelDeal(ctx, d.ID, m.supplier.ID, ""); xunjia.ErrorCode(err) != xunjia.Invalid {
			t.Errorf("without a reason: %v", err)
		}
		d, err := m.CancelDeal(ctx, d.ID, m.supplier.ID, "仓库进水了")
		if err != nil || d.State != xunjia.CancelledDeal {
			t.Fatalf("cancelled %+v, %v", d, err)
		}
		m.consistent(t, p)
		v, err := m.Quote(ctx, d.QuoteID, m.supplier.ID)
		if err != nil || v.Quote.State != xunjia.Refused || v.Quote.Message != "成交已取消：仓库进水了" || v.Line.Accepted != 0 {
			t.Errorf("quote %+v of line %+v, %v", v.Quote, v.Line, err)
		}
		if _, err := m.ConfirmDeal(ctx, d.ID, m.buyer.ID, 1); xunjia.ErrorCode(err) != xunjia.Conflict {
			t.Errorf("confirmed afterwards: %v", err)
		}
		// Both must want a confirmed one cancelled.
		other := m.dealOn(t, p, m.next.ID, 100_000)
		for _, by := range []int64{m.buyer.ID, m.next.ID} {
			if other, err = m.ConfirmDeal(ctx, other.ID, by, 1); err != nil {
				t.Fatal(err)
			}
		}
		for i, by := range []int64{m.buyer.ID, m.next.ID} {
			if other, err = m.CancelDeal(ctx, other.ID, by, "商量好了"); err != nil || (other.State == xunjia.CancelledDeal) != (i == 1) {
				t.Errorf("%d: %+v, %v", i, other, err)
			}
		}
		m.consistent(t, p)
	})
}

func TestDealIsForItsSides(t *testing.T) {
	eachMarket(t, func(t *testing.T, m market) {
		ctx := t.Context()
		p, d := m.deal(t, m.supplier.ID, 40_000)
		stranger := m.next.ID
		before := written(t, m.Store)
		for name, err := range map[string]error{
			"see":     func() error { _, _, err := m.Deal(ctx, d.ID, stranger); return err }(),
			"confirm": func() error { _, err := m.ConfirmDeal(ctx, d.ID, stranger, 1); return err }(),
			"change":  func() error { _, err := m.ChangeDeal(ctx, d.ID, stranger, xunjia.DealChange{Version: 1}); return err }(),
			"cancel":  func() error { _, err := m.CancelDeal(ctx, d.ID, stranger, "随便"); return err }(),
			"rate":    m.RateDeal(ctx, d.ID, stranger, xunjia.Rating{Stars: 1}),
			"dispute": func() error {
				_, err := m.OpenDispute(ctx, d.ID, stranger, xunjia.DisputeEntry{Text: "我不是其中一方"})
				return err
			}(),
			"unknown": func() error { _, err := m.ConfirmDeal(ctx, 1<<40, m.buyer.ID, 1); return err }(),
			"nobody":  func() error { _, _, err := m.Deal(ctx, d.ID, 0); return err }(),
		} {
			if xunjia.ErrorCode(err) != xunjia.NotFound {
				t.Errorf("%s: %v", name, err)
			}
		}
		for table, n := range written(t, m.Store) {
			if n != before[table] {
				t.Errorf("%s changed", table)
			}
		}
		photo := m.picture(t, "dealphoto", m.supplier.ID)
		if err := m.AddDealPhotos(ctx, d.ID, m.buyer.ID, []xunjia.Attachment{photo}); xunjia.ErrorCode(err) != xunjia.Invalid {
			t.Errorf("a foreign picture: %v", err)
		}
		for range 2 {
			if err := m.AddDealPhotos(ctx, d.ID, m.supplier.ID, []xunjia.Attachment{photo}); err != nil {
				t.Fatal(err)
			}
		}
		if h, err := m.DealHistory(ctx, d.ID); err != nil || len(h.Photos) != 1 || h.Photos[0].Side != xunjia.SupplierSide {
			t.Errorf("history %+v, %v", h, err)
		}
		v, side, err := m.Deal(ctx, d.ID, m.supplier.ID)
		if err != nil || side != xunjia.SupplierSide || v.Purchase.ID != p.ID || v.Buyer.ID != m.buyer.ID || v.Line.Name != "黄连" {
			t.Errorf("view %+v, %v", v, err)
		}
		for of, want := range map[store.DealsOf]int{store.DealsBought: 1, store.DealsSold: 0, store.DealsCompany: 0} {
			if list, err := m.Deals(ctx, m.buyer, of, xunjia.Page{}); err != nil || len(list.Items) != want {
				t.Errorf("%s: %d, %v", of, len(list.Items), err)
			}
		}
		if _, err := m.Deals(ctx, m.buyer, "other", xunjia.Page{}); xunjia.ErrorCode(err) != xunjia.Invalid {
			t.Errorf("an unknown list: %v", err)
		}
	})
}

func TestDisputeAboutADeal(t *testing.T) {
	eachMarket(t, func(t *testing.T, m market) {
		ctx := t.Context()
		_, d := m.deal(t, m.supplier.ID, 40_000)
		say := xunjia.DisputeEntry{Text: "到货含量不够，和样品不一致"}
		if _, err := m.OpenDispute(ctx, d.ID, m.buyer.ID, say); xunjia.ErrorCode(err) != xunjia.Conflict {
			t.Errorf("about a draft: %v", err)
		}
		for _, by := range []int64{m.buyer.ID, m.supplier.ID} {
			if _, err := m.ConfirmDeal(ctx, d.ID, by, 1); err != nil {
				t.Fatal(err)
			}
		}
		open := func() store.DisputeView {
			t.Helper()
			if _, err := m.OpenDispute(ctx, d.ID, m.buyer.ID, say); err != nil {
				t.Fatal(err)
			}
			list, err := m.Disputes(ctx, xunjia.OpenDispute, xunjia.Page{})
			if err != nil || len(list.Items) != 1 || list.Items[0].Deal.State != xunjia.DisputedDeal || list.Items[0].Supplier.ID != m.supplier.ID {
				t.Fatalf("disputes %+v, %v", list, err)
			}
			return list.Items[0]
		}
		v := open()
		if _, err := m.OpenDispute(ctx, d.ID, m.supplier.ID, say); xunjia.ErrorCode(err) != xunjia.Conflict {
			t.Errorf("a second dispute: %v", err)
		}
		if _, err := m.WithdrawDispute(ctx, d.ID, m.supplier.ID); xunjia.ErrorCode(err) != xunjia.Forbidden {
			t.Errorf("withdrawn by the other side: %v", err)
		}
		if d, err := m.WithdrawDispute(ctx, d.ID, m.buyer.ID); err != nil || d.State != xunjia.ConfirmedDeal {
			t.Errorf("withdrawn %+v, %v", d, err)
		}
		if err := m.SettleDispute(ctx, 1, v.ID, "按八折结算"); xunjia.ErrorCode(err) != xunjia.Conflict {
			t.Errorf("settled after it was withdrawn: %v", err)
		}
		v = open()
		if err := m.SettleDispute(ctx, 1, v.ID, "按八折结算"); xunjia.ErrorCode(err) != xunjia.Conflict {
			t.Errorf("settled before the other side could answer: %v", err)
		}
		if err := m.SpeakInDispute(ctx, d.ID, m.supplier.ID, xunjia.DisputeEntry{Text: "检测报告显示合格"}); err != nil {
			t.Fatal(err)
		}
		if err := m.SettleDispute(ctx, 1, v.ID, "短"); xunjia.ErrorCode(err) != xunjia.Invalid {
			t.Errorf("a result without words: %v", err)
		}
		if err := m.SettleDispute(ctx, 1, v.ID, "按八折结算"); err != nil {
			t.Fatal(err)
		}
		if err := m.SettleDispute(ctx, 2, v.ID, "按九折结算"); xunjia.ErrorCode(err) != xunjia.Conflict {
			t.Errorf("settled twice: %v", err)
		}
		v, err := m.Dispute(ctx, v.ID)
		if err != nil || v.Dispute.State != xunjia.SettledDispute || v.Result != "按八折结算" || len(v.Entries) != 2 || v.Deal.State != xunjia.CompletedDeal {
			t.Errorf("settled %+v, %v", v, err)
		}
		if rows(t, m.Store, "audit WHERE action = 'dispute.settle' AND detail = '按八折结算'") != 1 {
			t.Error("not audited")
		}
		m.clock.advance(xunjia.DisputeWindow + time.Hour)
		if _, err := m.OpenDispute(ctx, d.ID, m.buyer.ID, say); xunjia.ErrorCode(err) != xunjia.Conflict {
			t.Errorf("a month after completion: %v", err)
		}
	})
}

// Both sides confirm, change and cancel at once, on two instances: whatever
// wins, the books agree and nothing was agreed to unseen.
func TestDealRace(t *testing.T) {
	eachIsolation(t, func(t *testing.T, m market, stores [2]*store.Store) {
		ctx := t.Context()
		for round := range 12 {
			p, d := m.deal(t, m.supplier.ID, 50_000)
			change := xunjia.DealChange{Version: 1, Price: 6000, Quantity: 80_000, DeliveryAt: d.DeliveryAt}
			atOnce(t, stores, 8, xunjia.Conflict, func(s *store.Store, i int) error {
				var err error
				switch i {
				case 0, 1:
					_, err = s.ConfirmDeal(ctx, d.ID, m.buyer.ID, 1)
				case 2, 3:
					_, err = s.ConfirmDeal(ctx, d.ID, m.supplier.ID, 1)
				case 4, 5:
					_, err = s.ChangeDeal(ctx, d.ID, m.buyer.ID, change)
				case 6:
					_, err = s.CancelDeal(ctx, d.ID, m.supplier.ID, "没货了")
				case 7:
					_, err = s.UndoAnswer(ctx, d.QuoteID, m.buyer.ID)
				}
				if xunjia.ErrorCode(err) == xunjia.NotFound && i < 8 {
					return xunjia.Errorf(xunjia.Conflict, "undone")
				}
				return err
			})
			got, err := m.DealOfQuote(ctx, d.QuoteID)
			if err == nil && got.State == xunjia.ConfirmedDeal && got.Version == 1 && got.Price != 6850 {
				t.Errorf("round %d: confirmed what nobody saw: %+v", round, got)
			}
			m.consistent(t, p)
		}
	})
}
