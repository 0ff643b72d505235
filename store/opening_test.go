package store_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/xunjia/xunjia"
	"github.com/xunjia/xunjia/store"
)

// secret is an offer whose every part would give it away.
func secret() xunjia.Offer {
	return xunjia.Offer{Price: 777_31, Freight: 555_31, TaxRate: 931, LeadDays: 131, Quality: "一口价777.31", Explanation: "到手777.31元"}
}

// discloses tells whether something that was answered says anything of secret.
func discloses(t *testing.T, v any) bool {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range []string{"77731", "777.31", "55531", "931", "131,"} {
		if strings.Contains(string(b), s) {
			return true
		}
	}
	return false
}

// Before the deadline no read of the buyer's side answers a price, nor who is
// cheaper, nor a name; the supplier reads his own.
func TestSealedQuotesAreHidden(t *testing.T) {
	eachMarket(t, func(t *testing.T, m market) {
		ctx := t.Context()
		p := m.publishAs(t, xunjia.SealedMode, "黄连")
		dear, _, err := m.SubmitQuote(ctx, p.Lines[0].ID, m.supplier.ID, secret())
		if err != nil {
			t.Fatal(err)
		}
		cheap := m.quote(t, p, m.next.ID, 100)
		if !discloses(t, dear) {
			t.Fatal("the check notices nothing")
		}
		m.clock.advance(p.Deadline.Sub(m.clock.now()) - time.Millisecond)
		list, err := m.QuotesOfPurchase(ctx, p.ID, m.buyer.ID)
		if err != nil || len(list) != 2 {
			t.Fatal(len(list), err)
		}
		if list[0].Quote.ID != dear.ID || !list[0].Hidden || list[0].Supplier.Name == m.supplier.Name || list[0].Supplier.Phone != "" {
			t.Errorf("sorted by price, or open: %+v", list[0])
		}
		c, err := m.CompareQuotes(ctx, p.ID, m.buyer.ID, "")
		if err != nil {
			t.Fatal(err)
		}
		one, err := m.Quote(ctx, dear.ID, m.buyer.ID)
		if err != nil {
			t.Fatal(err)
		}
		facts, err := m.EventFacts(ctx, xunjia.Event{Kind: xunjia.QuoteCreated, PurchaseID: p.ID, QuoteID: dear.ID})
		if err != nil || !facts.Sealed {
			t.Fatal(facts.Sealed, err)
		}
		notice, told := xunjia.NoticeFor(xunjia.QuoteCreated, facts, m.buyer.ID, m.clock.now())
		for what, v := range map[string]any{"list": list, "comparison": c, "quote": one, "facts": facts, "notice": notice} {
			if discloses(t, v) {
				t.Errorf("%s tells a price: %+v", what, v)
			}
		}
		if !told || strings.Contains(notice.Title+notice.Text, m.supplier.Name) {
			t.Errorf("notice: %v, %+v", told, notice)
		}
		if own, err := m.Quote(ctx, dear.ID, m.supplier.ID); err != nil || own.Hidden || own.Quote.Price != dear.Price {
			t.Errorf("the supplier reads %+v, %v", own, err)
		}
		if own, err := m.QuotesBy(ctx, m.supplier.ID, xunjia.Page{}); err != nil || own.Items[0].Hidden || own.Items[0].Quote.Price != dear.Price {
			t.Errorf("the supplier lists %+v, %v", own, err)
		}
		_, err = m.OpenSealed(ctx, p.ID, m.buyer.ID)
		wantCode(t, "opened early", err, xunjia.Conflict)
		_, err = m.EndPurchase(ctx, p.ID, m.buyer.ID)
		wantCode(t, "ended early", err, xunjia.Conflict)
		if n := rows(t, m.Store, "purchase_opening"); n != 0 {
			t.Errorf("%d records", n)
		}

		m.clock.advance(time.Millisecond)
		list, err = m.QuotesOfPurchase(ctx, p.ID, m.buyer.ID)
		if err != nil || list[0].Quote.ID != cheap.ID || list[1].Quote.Price != dear.Price || list[0].Hidden || list[1].Supplier.Name != m.supplier.Name {
			t.Errorf("at the deadline: %+v, %v", list, err)
		}
		if n := rows(t, m.Store, "purchase_opening WHERE purchase_id = ? AND opened_by = ?", p.ID, m.buyer.ID); n != 1 {
			t.Errorf("%d records after comparing", n)
		}
		_, err = m.OpenSealed(ctx, p.ID, m.supplier.ID)
		wantCode(t, "the record for a supplier", err, xunjia.NotFound)
		first, err := m.OpenSealed(ctx, p.ID, m.buyer.ID)
		if err != nil || len(first.Rows) != 2 || first.Rows[0].QuoteID != cheap.ID || first.Rows[1].Price != dear.Price || !first.OpenedAt.Equal(p.Deadline) {
			t.Fatalf("%+v, %v", first, err)
		}
		// It never changes, whatever happens to the quotes.
		m.clock.advance(time.Hour)
		if _, err := m.WithdrawQuote(ctx, dear.ID, m.supplier.ID, ""); err != nil {
			t.Fatal(err)
		}
		again, err := m.OpenSealed(ctx, p.ID, m.buyer.ID)
		if err != nil || len(again.Rows) != 2 || again.Rows[1].Withdrawn || !again.OpenedAt.Equal(first.OpenedAt) {
			t.Errorf("later: %+v, %v", again, err)
		}
		_, err = m.ReopenPurchase(ctx, p.ID, m.buyer.ID, m.clock.now().Add(48*time.Hour))
		wantCode(t, "reopened after opening", err, xunjia.Conflict)
	})
}

// Closed before the deadline, the envelopes stay shut for ever.
func TestSealedAndClosed(t *testing.T) {
	eachMarket(t, func(t *testing.T, m market) {
		ctx := t.Context()
		p := m.publishAs(t, xunjia.SealedMode, "黄连")
		if _, _, err := m.SubmitQuote(ctx, p.Lines[0].ID, m.supplier.ID, secret()); err != nil {
			t.Fatal(err)
		}
		if _, err := m.ClosePurchase(ctx, p.ID, m.buyer.ID, "不买了"); err != nil {
			t.Fatal(err)
		}
		m.clock.advance(48 * time.Hour)
		list, err := m.QuotesOfPurchase(ctx, p.ID, m.buyer.ID)
		if err != nil || len(list) != 1 || discloses(t, list) {
			t.Errorf("%+v, %v", list, err)
		}
		_, err = m.OpenSealed(ctx, p.ID, m.buyer.ID)
		wantCode(t, "opened", err, xunjia.Conflict)
	})
}

// Parts of a long comparison do not give prices away by their addresses.
func TestSealedCursor(t *testing.T) {
	eachMarket(t, func(t *testing.T, m market) {
		ctx := t.Context()
		p := m.publishAs(t, xunjia.SealedMode, "黄连")
		first := m.quote(t, p, m.supplier.ID, 777_31)
		if _, err := m.Writer().ExecContext(ctx, "INSERT INTO quote (line_id, purchase_id, supplier_id, price, unit, quality, explanation, state, status, message, revision, version, created_at, updated_at, answered_at)"+
			" SELECT line_id, purchase_id, 100000 + n.i, price + n.i, unit, quality, explanation, state, status, message, revision, version, created_at, updated_at, answered_at FROM quote, ("+numbers(store.MaxQuotesShown)+") n WHERE id = ?", first.ID); err != nil {
			t.Fatal(err)
		}
		c, err := m.CompareQuotes(ctx, p.ID, m.buyer.ID, "")
		if err != nil || c.Left != 1 || len(c.Items) != store.MaxQuotesShown || !strings.Contains(c.Next, "-0-") {
			t.Fatalf("%d shown, %d left, next %q, %v", len(c.Items), c.Left, c.Next, err)
		}
		last, err := m.CompareQuotes(ctx, p.ID, m.buyer.ID, c.Next)
		if err != nil || len(last.Items) != 1 || last.Next != "" {
			t.Errorf("%d in the last part, %q, %v", len(last.Items), last.Next, err)
		}
	})
}

// numbers is a query of the numbers 1 to n as i.
func numbers(n int) string {
	rows := make([]string, n)
	for i := range rows {
		rows[i] = fmt.Sprintf("SELECT %d AS i", i+1)
	}
	return strings.Join(rows, " UNION ALL ")
}

// Many look first at once, on two instances: one record, the same for all.
func TestOpeningRace(t *testing.T) {
	eachIsolation(t, func(t *testing.T, m market, stores [2]*store.Store) {
		for range 5 {
			p := m.publishAs(t, xunjia.SealedMode, "黄连")
			for i := range 5 {
				m.quote(t, p, m.user(t, 300+i, "供应商").ID, xunjia.Fen(100+i))
			}
			m.clock.advance(p.Deadline.Sub(m.clock.now()))
			var records sync.Map
			won := atOnce(t, stores, 12, "", func(s *store.Store, i int) error {
				if i%3 == 0 {
					_, err := s.CompareQuotes(t.Context(), p.ID, m.buyer.ID, "")
					return err
				}
				m.clock.advance(time.Millisecond)
				o, err := s.OpenSealed(t.Context(), p.ID, m.buyer.ID)
				records.Store(o.OpenedAt, len(o.Rows))
				return err
			})
			distinct := 0
			records.Range(func(_, n any) bool { distinct++; return n == 5 })
			if won != 12 || distinct != 1 {
				t.Errorf("%d looked, %d different records", won, distinct)
			}
		}
	})
}
