package store_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/xunjia/xunjia"
)

// roll takes every change into the price history.
func (m market) roll(t *testing.T) {
	t.Helper()
	m.clock.advance(2 * time.Minute)
	for {
		n, err := m.RollPrices(t.Context(), 7)
		if err != nil {
			t.Fatal(err)
		}
		if n == 0 {
			return
		}
	}
}

// trend answers what the public sees of the category.
func (m market) trend(t *testing.T, name string) []xunjia.PriceTrend {
	t.Helper()
	id := m.goods[name].ID
	trends, err := m.PriceTrends(t.Context(), []int64{id, 99999})
	if err != nil {
		t.Fatal(err)
	}
	return trends[id]
}

func TestPriceHistory(t *testing.T) {
	eachMarket(t, func(t *testing.T, m market) {
		change(t, m.Store, "DELETE FROM quote") // of the sample data
		m.roll(t)
		// Two requests in different units, with an invoice and without.
		d := m.draft("黄连")
		d.Lines[0].Unit, d.Lines[0].Quantity = "吨", 1000
		tonnes, _, err := m.PublishPurchase(t.Context(), m.buyer.ID, d)
		if err != nil {
			t.Fatal(err)
		}
		d = m.draft("黄连")
		d.Invoice = "增值税普通发票"
		kilos, _, err := m.PublishPurchase(t.Context(), m.buyer.ID, d)
		if err != nil {
			t.Fatal(err)
		}
		submit := func(p xunjia.Purchase, supplier xunjia.User, o xunjia.Offer) xunjia.Quote {
			q, _, err := m.SubmitQuote(t.Context(), p.Lines[0].ID, supplier.ID, o)
			if err != nil {
				t.Fatal(err)
			}
			return q
		}
		third := m.user(t, 3, "供应商丙")
		submit(tonnes, m.supplier, xunjia.Offer{Price: 100_000_00})
		submit(tonnes, m.next, xunjia.Offer{Price: 110_000_00})
		submit(kilos, m.supplier, xunjia.Offer{Price: 100_00, TaxRate: 900}) // 109 with the invoice
		cheap := submit(kilos, m.next, xunjia.Offer{Price: 90_00, Kind: xunjia.TaxedPrice})
		m.roll(t)
		if got := m.trend(t, "黄连"); got != nil {
			t.Errorf("shown with four prices: %+v", got)
		}
		submit(tonnes, third, xunjia.Offer{Price: 120_000_00})
		m.roll(t)
		point := xunjia.PricePoint{N: 5, Suppliers: 3, Low: 100_00, Median: 109_00, High: 110_00}
		month, week := point, point
		month.Period, week.Period = 202611, 20261123
		want := []xunjia.PriceTrend{{CategoryID: m.goods["黄连"].ID, Unit: "公斤", Months: []xunjia.PricePoint{month}, Weeks: []xunjia.PricePoint{week}}}
		if diff := cmp.Diff(want, m.trend(t, "黄连")); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
		// Somebody revises: the point follows. Somebody withdraws: it is hidden again.
		submit(kilos, m.next, xunjia.Offer{Price: 300_00, Kind: xunjia.TaxedPrice})
		m.roll(t)
		if got := m.trend(t, "黄连"); len(got) != 1 || got[0].Months[0].Median != 110_00 {
			t.Errorf("after a revision: %+v", got)
		}
		if _, err := m.WithdrawQuote(t.Context(), cheap.ID, m.next.ID, ""); err != nil {
			t.Fatal(err)
		}
		m.roll(t)
		if got := m.trend(t, "黄连"); got != nil {
			t.Errorf("after a withdrawal: %+v", got)
		}
		quoted, got, err := m.OwnPrices(t.Context(), m.supplier.ID, m.goods["黄连"].ID)
		if err != nil || len(quoted) != 2 || len(got) != 0 || quoted[0].Unit != "公斤" {
			t.Errorf("own: %+v, %+v, %v", quoted, got, err)
		}
		if _, got, err = m.OwnPrices(t.Context(), m.buyer.ID, m.goods["黄连"].ID); err != nil || len(got) != 4 {
			t.Errorf("got: %+v, %v", got, err)
		}
		if quoted, got, err := m.OwnPrices(t.Context(), m.buyer.ID, m.goods["当归"].ID); err != nil || len(quoted)+len(got) != 0 {
			t.Errorf("of other goods: %+v, %+v, %v", quoted, got, err)
		}
	})
}

// What is older than a year is not shown, and sealed prices never are.
func TestPriceHistoryLeavesOut(t *testing.T) {
	eachMarket(t, func(t *testing.T, m market) {
		change(t, m.Store, "DELETE FROM quote")
		m.roll(t)
		d := m.draft("黄连")
		d.Mode = xunjia.SealedMode
		sealed, _, err := m.PublishPurchase(t.Context(), m.buyer.ID, d)
		if err != nil {
			t.Fatal(err)
		}
		open := m.publish(t, "当归")
		for i := range 6 {
			supplier := m.user(t, 10+i, "供应商").ID
			m.quote(t, sealed, supplier, 100)
			m.quote(t, open, supplier, 100)
		}
		m.roll(t)
		if got := m.trend(t, "黄连"); got != nil {
			t.Errorf("sealed: %+v", got)
		}
		if got := m.trend(t, "当归"); len(got) != 1 {
			t.Errorf("open: %+v", got)
		}
		m.clock.advance(366 * 24 * time.Hour)
		if got := m.trend(t, "当归"); got != nil {
			t.Errorf("a year later: %+v", got)
		}
	})
}

// What has just happened waits: another transaction may commit an older time.
func TestRollWaits(t *testing.T) {
	eachMarket(t, func(t *testing.T, m market) {
		m.roll(t)
		m.quote(t, m.publish(t, "黄连"), m.supplier.ID, 100)
		if n, err := m.RollPrices(t.Context(), 100); err != nil || n != 0 {
			t.Errorf("%d at once, %v", n, err)
		}
		m.clock.advance(2 * time.Minute)
		if n, err := m.RollPrices(t.Context(), 100); err != nil || n != 1 {
			t.Errorf("%d later, %v", n, err)
		}
	})
}

// Quotes that are written as of the past count too.
func TestRollAgain(t *testing.T) {
	eachMarket(t, func(t *testing.T, m market) {
		q := m.quote(t, m.publish(t, "黄连"), m.supplier.ID, 100)
		m.roll(t)
		change(t, m.Store, "DELETE FROM price_sample WHERE quote_id = ?", q.ID)
		if n, err := m.RollPrices(t.Context(), 100); err != nil || n != 0 {
			t.Errorf("%d without a reason, %v", n, err)
		}
		if err := m.RollAgain(t.Context(), q.UpdatedAt); err != nil {
			t.Fatal(err)
		}
		m.roll(t)
		if n := rows(t, m.Store, "price_sample WHERE quote_id = ?", q.ID); n != 1 {
			t.Errorf("%d samples", n)
		}
	})
}
