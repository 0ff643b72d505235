package store_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/xunjia/xunjia"
	"github.com/xunjia/xunjia/store"
)

func TestSubmitQuote(t *testing.T) {
	eachMarket(t, func(t *testing.T, m market) {
		ctx := t.Context()
		p := m.publish(t, "黄连", "当归")
		line := p.Lines[1]
		a, b := m.picture(t, "a", m.supplier.ID), m.picture(t, "b", m.supplier.ID)
		offer := xunjia.Offer{Price: 6850, Quality: " 无硫 ", Explanation: "含税", Attachments: []xunjia.Attachment{a}}
		created := m.clock.now().UTC()
		q, fresh, err := m.SubmitQuote(ctx, line.ID, m.supplier.ID, offer)
		if err != nil || !fresh {
			t.Fatal(fresh, err)
		}
		want := xunjia.Quote{ID: q.ID, LineID: line.ID, PurchaseID: p.ID, SupplierID: m.supplier.ID, Offer: xunjia.Offer{Price: 6850, Unit: "公斤", Quality: "无硫", Explanation: "含税", Attachments: []xunjia.Attachment{a}}, Revision: 1, Version: 1, CreatedAt: created, UpdatedAt: created}
		checkQuote(t, m, q, want)

		m.clock.advance(time.Minute)
		again, fresh, err := m.SubmitQuote(ctx, line.ID, m.supplier.ID, offer)
		if err != nil || fresh {
			t.Errorf("again: %v, %v", fresh, err)
		}
		checkQuote(t, m, again, want)

		offer.Price, offer.Attachments = 6600, []xunjia.Attachment{b, a}
		revised, fresh, err := m.SubmitQuote(ctx, line.ID, m.supplier.ID, offer)
		if err != nil || !fresh {
			t.Fatal(fresh, err)
		}
		want.Price, want.Attachments, want.Revision, want.UpdatedAt = 6600, []xunjia.Attachment{b, a}, 2, created.Add(time.Minute)
		checkQuote(t, m, revised, want)

		if n := rows(t, m.Store, "quote_revision WHERE quote_id = ?", q.ID); n != 2 {
			t.Errorf("%d revisions in the history", n)
		}
		checkCounts(t, m, p.ID, 1, map[xunjia.EventKind]int{xunjia.QuoteCreated: 1, xunjia.QuoteRevised: 1})
		m.quote(t, p, m.supplier.ID, 100) // the other line
		m.quote(t, p, m.next.ID, 90)
		checkCounts(t, m, p.ID, 3, map[xunjia.EventKind]int{xunjia.QuoteCreated: 3, xunjia.QuoteRevised: 1})
		got, err := m.Purchase(ctx, p.ID)
		if err != nil || got.Lines[0].QuoteCount != 2 || got.Lines[1].QuoteCount != 1 {
			t.Errorf("%+v, %v", got.Lines, err)
		}
	})
}

// checkQuote checks an operation's result and what is stored.
func checkQuote(t *testing.T, m market, got, want xunjia.Quote) {
	t.Helper()
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("result (-want +got):\n%s", d)
	}
	stored, err := m.QuoteOf(t.Context(), want.LineID, want.SupplierID)
	if d := cmp.Diff(want, stored); err != nil || d != "" {
		t.Errorf("stored: %v (-want +got):\n%s", err, d)
	}
}

func checkCounts(t *testing.T, m market, purchaseID int64, quotes int, want map[xunjia.EventKind]int) {
	t.Helper()
	p, err := m.Purchase(t.Context(), purchaseID)
	if err != nil || p.QuoteCount != quotes {
		t.Errorf("%d quotes counted, want %d (%v)", p.QuoteCount, quotes, err)
	}
	for _, kind := range []xunjia.EventKind{xunjia.QuoteCreated, xunjia.QuoteRevised, xunjia.QuoteWithdrawn, xunjia.QuoteAccepted, xunjia.QuoteRefused} {
		if n := events(t, m.Store, kind, purchaseID); n != want[kind] {
			t.Errorf("%d events %s, want %d", n, kind, want[kind])
		}
	}
}

func TestSubmitQuoteRefuses(t *testing.T) {
	eachMarket(t, func(t *testing.T, m market) {
		ctx := t.Context()
		open := m.publish(t, "黄连")
		ended := m.publish(t, "黄连")
		if _, err := m.EndPurchase(ctx, ended.ID, m.buyer.ID); err != nil {
			t.Fatal(err)
		}
		closed := m.publish(t, "黄连")
		change(t, m.Store, "UPDATE purchase SET status = 0 WHERE id = ?", closed.ID)
		lineClosed := m.publish(t, "黄连", "当归")
		change(t, m.Store, "UPDATE purchase_line SET status = 0 WHERE id = ?", lineClosed.Lines[0].ID)
		accepted := m.publish(t, "黄连")
		q := m.quote(t, accepted, m.supplier.ID, 100)
		if _, err := m.AnswerQuote(ctx, q.ID, m.buyer.ID, xunjia.Answer{Action: xunjia.Accept, Revision: 1}); err != nil {
			t.Fatal(err)
		}
		due := m.draft("黄连")
		due.Deadline = m.clock.now().Add(xunjia.MinDeadline)
		late, _, err := m.PublishPurchase(ctx, m.buyer.ID, due)
		if err != nil {
			t.Fatal(err)
		}
		m.clock.advance(xunjia.MinDeadline)
		disabled := m.user(t, 9, "停用的人")
		change(t, m.Store, "UPDATE users SET disabled = 1 WHERE id = ?", disabled.ID)
		foreign := m.picture(t, "foreign", m.buyer.ID)

		before := written(t, m.Store)
		offer := func(change func(*xunjia.Offer)) xunjia.Offer {
			o := xunjia.Offer{Price: 100, Quality: "好货"}
			change(&o)
			return o
		}
		good := offer(func(*xunjia.Offer) {})
		for _, c := range []struct {
			name     string
			line     int64
			supplier int64
			offer    xunjia.Offer
			want     xunjia.Code
			field    string
		}{
			{"unknown line", 99999, m.supplier.ID, good, xunjia.NotFound, ""},
			{"line 0", 0, m.supplier.ID, good, xunjia.NotFound, ""},
			{"own purchase", open.Lines[0].ID, m.buyer.ID, good, xunjia.Forbidden, ""},
			{"ended", ended.Lines[0].ID, m.supplier.ID, good, xunjia.Conflict, ""},
			{"closed", closed.Lines[0].ID, m.supplier.ID, good, xunjia.Conflict, ""},
			{"closed line", lineClosed.Lines[0].ID, m.supplier.ID, good, xunjia.Conflict, ""},
			{"at the deadline", late.Lines[0].ID, m.supplier.ID, good, xunjia.Conflict, ""},
			{"accepted already", accepted.Lines[0].ID, m.supplier.ID, good, xunjia.Conflict, ""},
			{"price 0", open.Lines[0].ID, m.supplier.ID, offer(func(o *xunjia.Offer) { o.Price = 0 }), xunjia.Invalid, "price"},
			{"price -1", open.Lines[0].ID, m.supplier.ID, offer(func(o *xunjia.Offer) { o.Price = -1 }), xunjia.Invalid, "price"},
			{"price beyond the limit", open.Lines[0].ID, m.supplier.ID, offer(func(o *xunjia.Offer) { o.Price = xunjia.MaxPrice + 1 }), xunjia.Invalid, "price"},
			{"endless text", open.Lines[0].ID, m.supplier.ID, offer(func(o *xunjia.Offer) { o.Quality = strings.Repeat("好", 10_000) }), xunjia.Invalid, "quality"},
			{"somebody else's picture", open.Lines[0].ID, m.supplier.ID, offer(func(o *xunjia.Offer) { o.Attachments = []xunjia.Attachment{foreign} }), xunjia.Invalid, "attachments"},
			{"picture that is none", open.Lines[0].ID, m.supplier.ID, offer(func(o *xunjia.Offer) { o.Attachments = []xunjia.Attachment{{Media: "x", Type: 1}} }), xunjia.Invalid, "attachments"},
			{"disabled supplier", open.Lines[0].ID, disabled.ID, good, xunjia.Forbidden, ""},
			{"nobody", open.Lines[0].ID, 99999, good, xunjia.NotFound, ""},
		} {
			_, fresh, err := m.SubmitQuote(ctx, c.line, c.supplier, c.offer)
			wantCode(t, c.name, err, c.want)
			wantField(t, c.name, err, c.field)
			if fresh {
				t.Errorf("%s: fresh", c.name)
			}
			if d := cmp.Diff(before, written(t, m.Store)); d != "" {
				t.Errorf("%s left something behind:\n%s", c.name, d)
			}
		}
	})
}

func TestAnswerQuote(t *testing.T) {
	eachMarket(t, func(t *testing.T, m market) {
		ctx := t.Context()
		p := m.publish(t, "黄连")
		good, dear := m.quote(t, p, m.supplier.ID, 100), m.quote(t, p, m.next.ID, 200)
		m.clock.advance(time.Minute)
		got, err := m.AnswerQuote(ctx, good.ID, m.buyer.ID, xunjia.Answer{Action: xunjia.Accept, Message: " 请发样品 ", Revision: 1})
		if err != nil {
			t.Fatal(err)
		}
		good.State, good.Message, good.Accepted, good.AnsweredAt = xunjia.Accepted, "请发样品", 100_000, m.clock.now().UTC()
		checkQuote(t, m, got, good)
		// Answering goes on after the end, but not without a reason.
		if _, err := m.EndPurchase(ctx, p.ID, m.buyer.ID); err != nil {
			t.Fatal(err)
		}
		before := written(t, m.Store)
		refuse := xunjia.Answer{Action: xunjia.Refuse, Message: "价格偏高", Revision: 1}
		for _, c := range []struct {
			name   string
			quote  int64
			by     int64
			answer xunjia.Answer
			want   xunjia.Code
		}{
			{"unknown quote", 99999, m.buyer.ID, refuse, xunjia.NotFound},
			{"by its supplier", dear.ID, m.next.ID, refuse, xunjia.NotFound},
			{"by another supplier", dear.ID, m.supplier.ID, refuse, xunjia.NotFound},
			{"by nobody", dear.ID, 0, refuse, xunjia.NotFound},
			{"without a reason", dear.ID, m.buyer.ID, xunjia.Answer{Action: xunjia.Refuse, Revision: 1}, xunjia.Invalid},
			{"of another revision", dear.ID, m.buyer.ID, xunjia.Answer{Action: xunjia.Accept, Revision: 2}, xunjia.Conflict},
			{"with a supplier's action", dear.ID, m.buyer.ID, xunjia.Answer{Action: xunjia.Withdraw, Revision: 1}, xunjia.Invalid},
			{"accepted already", good.ID, m.buyer.ID, xunjia.Answer{Action: xunjia.Accept, Revision: 1}, xunjia.Conflict},
		} {
			_, err := m.AnswerQuote(ctx, c.quote, c.by, c.answer)
			wantCode(t, c.name, err, c.want)
			if d := cmp.Diff(before, written(t, m.Store)); d != "" {
				t.Errorf("%s left something behind:\n%s", c.name, d)
			}
		}
		got, err = m.AnswerQuote(ctx, dear.ID, m.buyer.ID, refuse)
		if err != nil {
			t.Fatal(err)
		}
		dear.State, dear.Message, dear.AnsweredAt = xunjia.Refused, "价格偏高", m.clock.now().UTC()
		checkQuote(t, m, got, dear)
		checkCounts(t, m, p.ID, 2, map[xunjia.EventKind]int{xunjia.QuoteCreated: 2, xunjia.QuoteAccepted: 1, xunjia.QuoteRefused: 1})

		other := m.publish(t, "当归")
		q := m.quote(t, other, m.supplier.ID, 100)
		change(t, m.Store, "UPDATE purchase SET status = 0 WHERE id = ?", other.ID)
		_, err = m.AnswerQuote(ctx, q.ID, m.buyer.ID, xunjia.Answer{Action: xunjia.Accept, Revision: 1})
		wantCode(t, "closed purchase", err, xunjia.Conflict)
	})
}

func TestWithdrawQuote(t *testing.T) {
	eachMarket(t, func(t *testing.T, m market) {
		ctx := t.Context()
		p := m.publish(t, "黄连")
		picture := m.picture(t, "a", m.supplier.ID)
		offer := xunjia.Offer{Price: 100, Attachments: []xunjia.Attachment{picture}}
		q, _, err := m.SubmitQuote(ctx, p.Lines[0].ID, m.supplier.ID, offer)
		if err != nil {
			t.Fatal(err)
		}
		for who, by := range map[string]int64{"buyer": m.buyer.ID, "another supplier": m.next.ID, "nobody": 0} {
			_, err := m.WithdrawQuote(ctx, q.ID, by, "")
			wantCode(t, who, err, xunjia.NotFound)
		}
		m.clock.advance(time.Minute)
		got, err := m.WithdrawQuote(ctx, q.ID, m.supplier.ID, "")
		if err != nil {
			t.Fatal(err)
		}
		q.State, q.UpdatedAt = xunjia.Withdrawn, m.clock.now().UTC()
		checkQuote(t, m, got, q)
		checkCounts(t, m, p.ID, 0, map[xunjia.EventKind]int{xunjia.QuoteCreated: 1, xunjia.QuoteWithdrawn: 1})
		_, err = m.WithdrawQuote(ctx, q.ID, m.supplier.ID, "")
		wantCode(t, "again", err, xunjia.Conflict)
		_, err = m.AnswerQuote(ctx, q.ID, m.buyer.ID, xunjia.Answer{Action: xunjia.Accept, Revision: 1})
		wantCode(t, "accept a withdrawn quote", err, xunjia.Conflict)

		again, fresh, err := m.SubmitQuote(ctx, p.Lines[0].ID, m.supplier.ID, offer)
		if err != nil || !fresh || again.ID != q.ID || again.Revision != 2 || again.State != xunjia.Pending {
			t.Errorf("quoted again: %+v %v %v", again, fresh, err)
		}
		checkCounts(t, m, p.ID, 1, map[xunjia.EventKind]int{xunjia.QuoteCreated: 1, xunjia.QuoteWithdrawn: 1, xunjia.QuoteRevised: 1})
	})
}

func TestQuoteViews(t *testing.T) {
	eachMarket(t, func(t *testing.T, m market) {
		ctx := t.Context()
		p := m.publish(t, "黄连", "当归")
		dear := m.quote(t, p, m.supplier.ID, 200)
		cheap := m.quote(t, p, m.next.ID, 100)
		second, _, err := m.SubmitQuote(ctx, p.Lines[1].ID, m.supplier.ID, xunjia.Offer{Price: 50})
		if err != nil {
			t.Fatal(err)
		}
		p, err = m.Purchase(ctx, p.ID)
		if err != nil {
			t.Fatal(err)
		}
		view := func(q xunjia.Quote, l int, supplier xunjia.User) store.QuoteView {
			return store.QuoteView{Quote: q, Purchase: p, Line: p.Lines[l], Supplier: supplier, Buyer: m.buyer}
		}
		want := []store.QuoteView{view(cheap, 0, m.next), view(dear, 0, m.supplier), view(second, 1, m.supplier)}
		got, err := m.QuotesOfPurchase(ctx, p.ID, m.buyer.ID)
		if d := cmp.Diff(want, got); err != nil || d != "" {
			t.Errorf("%v (-want +got):\n%s", err, d)
		}
		for _, viewer := range []int64{m.buyer.ID, m.next.ID} {
			got, err := m.Quote(ctx, cheap.ID, viewer)
			if d := cmp.Diff(want[0], got); err != nil || d != "" {
				t.Errorf("seen by %d: %v (-want +got):\n%s", viewer, err, d)
			}
		}
		mine, err := m.QuotesBy(ctx, m.supplier.ID, xunjia.Page{Limit: 1})
		if d := cmp.Diff(want[2:], mine.Items); err != nil || d != "" || mine.Next == "" {
			t.Errorf("mine: %v %q (-want +got):\n%s", err, mine.Next, d)
		}
		mine, err = m.QuotesBy(ctx, m.supplier.ID, xunjia.Page{Limit: 1, After: mine.Next})
		if d := cmp.Diff(want[1:2], mine.Items); err != nil || d != "" || mine.Next != "" {
			t.Errorf("mine, second part: %v %q (-want +got):\n%s", err, mine.Next, d)
		}

		for who, viewer := range map[string]int64{"another supplier": m.supplier.ID, "nobody": 0, "unknown": 99999} {
			_, err := m.Quote(ctx, cheap.ID, viewer)
			wantCode(t, "seen by "+who, err, xunjia.NotFound)
			_, err = m.QuotesOfPurchase(ctx, p.ID, viewer)
			wantCode(t, "compared by "+who, err, xunjia.NotFound)
		}
		_, err = m.Quote(ctx, 99999, m.buyer.ID)
		wantCode(t, "unknown quote", err, xunjia.NotFound)
		_, err = m.QuoteOf(ctx, p.Lines[1].ID, m.next.ID)
		wantCode(t, "quote that was not made", err, xunjia.NotFound)
		_, _, err = m.PurchaseOfLine(ctx, 99999)
		wantCode(t, "unknown line", err, xunjia.NotFound)
		_, err = m.Purchase(ctx, 99999)
		wantCode(t, "unknown purchase", err, xunjia.NotFound)
	})
}
