package store_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/xunjia/xunjia"
)

// line reads the purchase's first line.
func (m market) line(t *testing.T, purchaseID int64) xunjia.Line {
	t.Helper()
	p, err := m.Purchase(t.Context(), purchaseID)
	if err != nil {
		t.Fatal(err)
	}
	return p.Lines[0]
}

// balanced checks what must hold of a line whatever was done to it: it has given
// away what its accepted quotes have, never more than it asks for, and exactly
// they have a deal.
func (m market) balanced(t *testing.T, lineID int64) {
	t.Helper()
	var accepted, quantity, given int64
	if err := m.DB().QueryRowContext(t.Context(), "SELECT accepted, quantity, (SELECT COALESCE(SUM(q.accepted), 0) FROM quote q"+
		" WHERE q.line_id = l.id AND q.state = 1) FROM purchase_line l WHERE l.id = ?", lineID).Scan(&accepted, &quantity, &given); err != nil {
		t.Fatal(err)
	}
	if accepted != given || accepted > quantity {
		t.Errorf("line %d asks for %d, has given away %d, its quotes have %d", lineID, quantity, accepted, given)
	}
	if n := rows(t, m.Store, "quote WHERE line_id = ? AND (state = 1) <> (accepted > 0)", lineID); n != 0 {
		t.Errorf("line %d: %d quotes with a quantity that does not fit their state", lineID, n)
	}
	deals := rows(t, m.Store, "deal d JOIN quote q ON q.id = d.quote_id WHERE q.line_id = ? AND q.state = 1 AND d.price = q.price", lineID)
	if all, wanted := rows(t, m.Store, "deal WHERE line_id = ?", lineID), rows(t, m.Store, "quote WHERE line_id = ? AND state = 1", lineID); deals != wanted || all != wanted {
		t.Errorf("line %d: %d accepted quotes, %d deals, %d of them theirs", lineID, wanted, all, deals)
	}
}

func (m market) accept(t *testing.T, q xunjia.Quote, quantity xunjia.Quantity) error {
	t.Helper()
	_, err := m.AnswerQuote(t.Context(), q.ID, m.buyer.ID, xunjia.Answer{Action: xunjia.Accept, Revision: q.Revision, Quantity: quantity})
	return err
}

// Several quotes of a line are accepted for parts of it, together never more
// than it asks for; each drafts its deal.
func TestAcceptingParts(t *testing.T) {
	eachMarket(t, func(t *testing.T, m market) {
		p := m.publish(t, "黄连")
		a := m.quote(t, p, m.supplier.ID, 100)
		b := m.quote(t, p, m.next.ID, 200)
		c := m.quote(t, p, m.user(t, 3, "供应商丙").ID, 300)
		if err := m.accept(t, a, 60_000); err != nil {
			t.Fatal(err)
		}
		before := written(t, m.Store)
		wantCode(t, "more than is left", m.accept(t, b, 40_001), xunjia.Conflict)
		wantCode(t, "less than nothing", m.accept(t, b, -1), xunjia.Invalid)
		_, err := m.AnswerQuote(t.Context(), b.ID, m.buyer.ID, xunjia.Answer{Action: xunjia.Accept, Revision: 1, Version: 2})
		wantCode(t, "another version", err, xunjia.Conflict)
		_, err = m.AnswerQuote(t.Context(), b.ID, m.buyer.ID, xunjia.Answer{Action: xunjia.Accept, Revision: 1, Price: 199})
		wantCode(t, "another price", err, xunjia.Conflict)
		if d := cmp.Diff(before, written(t, m.Store)); d != "" {
			t.Errorf("what was refused left something behind:\n%s", d)
		}
		if err := m.accept(t, b, 0); err != nil {
			t.Fatal(err)
		}
		if l := m.line(t, p.ID); l.Accepted != 100_000 || l.Left() != 0 {
			t.Errorf("accepted %v", l.Accepted)
		}
		wantCode(t, "nothing left", m.accept(t, c, 1000), xunjia.Conflict)
		m.balanced(t, p.Lines[0].ID)
		d, err := m.DealOfQuote(t.Context(), b.ID)
		if err != nil {
			t.Fatal(err)
		}
		now := m.clock.now().UTC()
		want := xunjia.Deal{ID: d.ID, Number: d.Number, QuoteID: b.ID, PurchaseID: p.ID, LineID: b.LineID, BuyerID: m.buyer.ID, SupplierID: m.next.ID,
			Price: 200, Unit: "公斤", Quantity: 40_000, Total: 8000, DeliveryAt: xunjia.DayStart(now).UTC(), Terms: "收货地区：四川省成都市",
			Version: 1, CreatedAt: now, UpdatedAt: now}
		if diff := cmp.Diff(want, d); diff != "" || len(d.Number) != 17 {
			t.Errorf("number %q (-want +got):\n%s", d.Number, diff)
		}
		_, err = m.DealOfQuote(t.Context(), c.ID)
		wantCode(t, "no deal", err, xunjia.NotFound)
	})
}

func TestMinimumAndAvailable(t *testing.T) {
	eachMarket(t, func(t *testing.T, m market) {
		p := m.publish(t, "黄连")
		q, _, err := m.SubmitQuote(t.Context(), p.Lines[0].ID, m.supplier.ID, xunjia.Offer{Price: 100, MinQuantity: 20_000, Available: 50_000})
		if err != nil {
			t.Fatal(err)
		}
		for quantity, code := range map[xunjia.Quantity]xunjia.Code{19_999: xunjia.Invalid, 50_001: xunjia.Invalid} {
			err := m.accept(t, q, quantity)
			wantCode(t, quantity.String(), err, code)
			wantField(t, quantity.String(), err, "quantity")
		}
		if err := m.accept(t, q, 0); err != nil {
			t.Fatal(err)
		}
		if l := m.line(t, p.ID); l.Accepted != 50_000 {
			t.Errorf("accepted %v", l.Accepted)
		}
		m.balanced(t, p.Lines[0].ID)
	})
}

func TestUndoAnswer(t *testing.T) {
	eachMarket(t, func(t *testing.T, m market) {
		ctx := t.Context()
		p := m.publish(t, "黄连")
		q := m.quote(t, p, m.supplier.ID, 100)
		if err := m.accept(t, q, 60_000); err != nil {
			t.Fatal(err)
		}
		for who, by := range map[string]int64{"supplier": m.supplier.ID, "stranger": m.next.ID, "nobody": 0} {
			_, err := m.UndoAnswer(ctx, q.ID, by)
			wantCode(t, who, err, xunjia.NotFound)
		}
		m.clock.advance(xunjia.UndoWindow - time.Second)
		got, err := m.UndoAnswer(ctx, q.ID, m.buyer.ID)
		if err != nil {
			t.Fatal(err)
		}
		checkQuote(t, m, got, q)
		if l := m.line(t, p.ID); l.Accepted != 0 || rows(t, m.Store, "deal") != rows(t, m.Store, "deal WHERE line_id <> ?", l.ID) {
			t.Errorf("%v still accepted", l.Accepted)
		}
		if n := events(t, m.Store, xunjia.AnswerUndone, p.ID); n != 1 {
			t.Errorf("%d events", n)
		}
		_, err = m.UndoAnswer(ctx, q.ID, m.buyer.ID)
		wantCode(t, "again", err, xunjia.Conflict)

		// Refused and taken back, accepted again and too late.
		if _, err := m.AnswerQuote(ctx, q.ID, m.buyer.ID, xunjia.Answer{Action: xunjia.Refuse, Message: "价格高", Revision: 1}); err != nil {
			t.Fatal(err)
		}
		if got, err = m.UndoAnswer(ctx, q.ID, m.buyer.ID); err != nil || got.State != xunjia.Pending || got.Message != "" {
			t.Errorf("%+v, %v", got, err)
		}
		if err := m.accept(t, q, 0); err != nil {
			t.Fatal(err)
		}
		before := written(t, m.Store)
		change(t, m.Store, "UPDATE deal SET supplier_confirmed_at = 1 WHERE quote_id = ?", q.ID)
		_, err = m.UndoAnswer(ctx, q.ID, m.buyer.ID)
		wantCode(t, "confirmed by one side", err, xunjia.Conflict)
		change(t, m.Store, "UPDATE deal SET supplier_confirmed_at = 0 WHERE quote_id = ?", q.ID)
		m.clock.advance(xunjia.UndoWindow)
		_, err = m.UndoAnswer(ctx, q.ID, m.buyer.ID)
		wantCode(t, "too late", err, xunjia.Conflict)
		if d := cmp.Diff(before, written(t, m.Store)); d != "" {
			t.Errorf("left something behind:\n%s", d)
		}
		m.balanced(t, p.Lines[0].ID)
		_, err = m.UndoAnswer(ctx, 99999, m.buyer.ID)
		wantCode(t, "unknown", err, xunjia.NotFound)
	})
}

func TestCounterOffers(t *testing.T) {
	eachMarket(t, func(t *testing.T, m market) {
		ctx := t.Context()
		p := m.publish(t, "黄连")
		picture := m.picture(t, "a", m.supplier.ID)
		q, _, err := m.SubmitQuote(ctx, p.Lines[0].ID, m.supplier.ID, xunjia.Offer{Price: 100, Quality: "新货", LeadDays: 3, Attachments: []xunjia.Attachment{picture}})
		if err != nil {
			t.Fatal(err)
		}
		_, err = m.AcceptCounter(ctx, q.ID, m.supplier.ID, 90)
		wantCode(t, "there is none", err, xunjia.Conflict)
		for who, by := range map[string]int64{"supplier": m.supplier.ID, "stranger": m.next.ID} {
			_, err = m.CounterQuote(ctx, q.ID, by, xunjia.Counter{Price: 90}, 1)
			wantCode(t, who, err, xunjia.NotFound)
		}
		_, err = m.CounterQuote(ctx, q.ID, m.buyer.ID, xunjia.Counter{Price: 100}, 1)
		wantField(t, "not lower", err, "price")
		got, err := m.CounterQuote(ctx, q.ID, m.buyer.ID, xunjia.Counter{Price: 90, Message: " 量大 "}, 1)
		if err != nil {
			t.Fatal(err)
		}
		want := q
		want.Counter = xunjia.Counter{Price: 90, Message: "量大", At: m.clock.now().UTC()}
		checkQuote(t, m, got, want)
		// Quoting ends; the counter-offer still stands.
		if _, err := m.EndPurchase(ctx, p.ID, m.buyer.ID); err != nil {
			t.Fatal(err)
		}
		_, err = m.AcceptCounter(ctx, q.ID, m.supplier.ID, 85)
		wantCode(t, "another price than he saw", err, xunjia.Conflict)
		_, err = m.AcceptCounter(ctx, q.ID, m.buyer.ID, 90)
		wantCode(t, "by the buyer", err, xunjia.NotFound)
		_, err = m.AcceptCounter(ctx, 99999, m.buyer.ID, 90)
		wantCode(t, "unknown", err, xunjia.NotFound)
		m.clock.advance(time.Minute)
		taken, err := m.AcceptCounter(ctx, q.ID, m.supplier.ID, 90)
		if err != nil {
			t.Fatal(err)
		}
		want.Price, want.Revision, want.Counter, want.UpdatedAt = 90, 2, xunjia.Counter{}, m.clock.now().UTC()
		checkQuote(t, m, taken, want)
		_, err = m.AcceptCounter(ctx, q.ID, m.supplier.ID, 90)
		wantCode(t, "twice", err, xunjia.Conflict)
		checkCounts(t, m, p.ID, 1, map[xunjia.EventKind]int{xunjia.QuoteCreated: 1, xunjia.QuoteRevised: 1})
		if n := events(t, m.Store, xunjia.QuoteCountered, p.ID); n != 1 {
			t.Errorf("%d events", n)
		}
		if n := rows(t, m.Store, "quote_revision WHERE quote_id = ?", q.ID); n != 2 {
			t.Errorf("%d revisions", n)
		}
	})
}

// A revision of the supplier makes the counter-offer void.
func TestRevisingVoidsTheCounter(t *testing.T) {
	eachMarket(t, func(t *testing.T, m market) {
		p := m.publish(t, "黄连")
		q := m.quote(t, p, m.supplier.ID, 100)
		if _, err := m.CounterQuote(t.Context(), q.ID, m.buyer.ID, xunjia.Counter{Price: 90}, 1); err != nil {
			t.Fatal(err)
		}
		q = m.quote(t, p, m.supplier.ID, 95)
		if q.Counter.Price != 0 {
			t.Errorf("the counter-offer stands: %+v", q.Counter)
		}
		_, err := m.AcceptCounter(t.Context(), q.ID, m.supplier.ID, 90)
		wantCode(t, "void", err, xunjia.Conflict)
		_, err = m.CounterQuote(t.Context(), q.ID, m.buyer.ID, xunjia.Counter{Price: 90}, 1)
		wantCode(t, "of the offer before", err, xunjia.Conflict)
	})
}

func TestRefuseQuotes(t *testing.T) {
	eachMarket(t, func(t *testing.T, m market) {
		ctx := t.Context()
		p := m.publish(t, "黄连")
		revisions := map[int64]int{}
		var quotes []xunjia.Quote
		for i := range 5 {
			q := m.quote(t, p, m.user(t, 10+i, "供应商").ID, xunjia.Fen(100+i))
			quotes = append(quotes, q)
			revisions[q.ID] = 1
		}
		other := m.quote(t, m.publish(t, "黄连"), m.supplier.ID, 100)
		if err := m.accept(t, quotes[0], 0); err != nil {
			t.Fatal(err)
		}
		m.quote(t, p, quotes[1].SupplierID, 50) // changed since
		before := written(t, m.Store)
		many := map[int64]int{}
		for i := range int64(xunjia.MaxRefusals + 1) {
			many[i] = 1
		}
		for _, c := range []struct {
			name   string
			p, by  int64
			ids    map[int64]int
			reason string
			want   xunjia.Code
		}{
			{"none", p.ID, m.buyer.ID, nil, "价格高", xunjia.Invalid},
			{"too many", p.ID, m.buyer.ID, many, "价格高", xunjia.Invalid},
			{"no reason", p.ID, m.buyer.ID, revisions, " ", xunjia.Invalid},
			{"by a supplier", p.ID, quotes[0].SupplierID, revisions, "价格高", xunjia.NotFound},
			{"by nobody", p.ID, 0, revisions, "价格高", xunjia.NotFound},
			{"unknown purchase", 99999, m.buyer.ID, revisions, "价格高", xunjia.NotFound},
			{"of another purchase", p.ID, m.buyer.ID, map[int64]int{quotes[2].ID: 1, other.ID: 1}, "价格高", xunjia.NotFound},
		} {
			_, err := m.RefuseQuotes(ctx, c.p, c.by, c.ids, c.reason)
			wantCode(t, c.name, err, c.want)
			if d := cmp.Diff(before, written(t, m.Store)); d != "" {
				t.Errorf("%s left something behind:\n%s", c.name, d)
			}
		}
		n, err := m.RefuseQuotes(ctx, p.ID, m.buyer.ID, revisions, " 价格高 ")
		if err != nil || n != 3 {
			t.Errorf("%d refused, %v", n, err)
		}
		if n := rows(t, m.Store, "quote WHERE purchase_id = ? AND state = 2 AND message = '价格高' AND answered_at > 0", p.ID); n != 3 {
			t.Errorf("%d are refused", n)
		}
		checkCounts(t, m, p.ID, 5, map[xunjia.EventKind]int{xunjia.QuoteCreated: 5, xunjia.QuoteRevised: 1, xunjia.QuoteAccepted: 1, xunjia.QuoteRefused: 3})
		n, err = m.RefuseQuotes(ctx, p.ID, m.buyer.ID, revisions, "价格高")
		if err != nil || n != 0 {
			t.Errorf("again: %d refused, %v", n, err)
		}
		change(t, m.Store, "UPDATE purchase SET status = 0 WHERE id = ?", p.ID)
		_, err = m.RefuseQuotes(ctx, p.ID, m.buyer.ID, revisions, "价格高")
		wantCode(t, "closed", err, xunjia.Conflict)
	})
}

// What a company's members may do, by their roles.
func TestMembersDecide(t *testing.T) {
	eachMarket(t, func(t *testing.T, m market) {
		ctx := t.Context()
		p := m.publish(t, "黄连")
		change(t, m.Store, "UPDATE purchase SET company_id = 77 WHERE id = ?", p.ID)
		member := map[xunjia.CompanyRole]int64{}
		for i, role := range xunjia.CompanyRoles() {
			member[role] = m.user(t, 20+i, "成员").ID
			change(t, m.Store, "UPDATE users SET company_id = 77, company_role = ? WHERE id = ?", role, member[role])
		}
		q := m.quote(t, p, m.supplier.ID, 100)
		accept := xunjia.Answer{Action: xunjia.Accept, Revision: 1}
		_, err := m.AnswerQuote(ctx, q.ID, member[xunjia.CompanyBuyer], accept)
		wantCode(t, "accept without the right", err, xunjia.Forbidden)
		_, err = m.CounterQuote(ctx, q.ID, member[xunjia.CompanyApprover], xunjia.Counter{Price: 90}, 1)
		wantCode(t, "counter without the right", err, xunjia.Forbidden)
		_, err = m.RefuseQuotes(ctx, p.ID, member[xunjia.CompanyViewer], map[int64]int{q.ID: 1}, "价格高")
		wantCode(t, "refuse without the right", err, xunjia.Forbidden)
		if _, err := m.CounterQuote(ctx, q.ID, member[xunjia.CompanyBuyer], xunjia.Counter{Price: 90}, 1); err != nil {
			t.Error(err)
		}
		if _, err := m.AnswerQuote(ctx, q.ID, member[xunjia.CompanyApprover], accept); err != nil {
			t.Error(err)
		}
		_, err = m.UndoAnswer(ctx, q.ID, member[xunjia.CompanyBuyer])
		wantCode(t, "undo without the right", err, xunjia.Forbidden)
		_, err = m.ConcludePurchase(ctx, p.ID, member[xunjia.CompanyBuyer])
		wantCode(t, "conclude without the right", err, xunjia.Forbidden)
		_, err = m.ConcludePurchase(ctx, p.ID, m.supplier.ID)
		wantCode(t, "conclude by the supplier", err, xunjia.NotFound)
		if d, err := m.DealOfQuote(ctx, q.ID); err != nil || d.CompanyID != 77 || d.BuyerID != m.buyer.ID {
			t.Errorf("%+v, %v", d, err)
		}
		if _, err := m.ConcludePurchase(ctx, p.ID, member[xunjia.CompanyApprover]); err != nil {
			t.Error(err)
		}
	})
}
