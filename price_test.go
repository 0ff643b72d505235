package xunjia

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestPricePeriods(t *testing.T) {
	at := func(s string) time.Time {
		v, err := time.ParseInLocation("2006-01-02 15:04:05", s, China())
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	for _, c := range []struct {
		at          string
		month, week PricePeriod
	}{
		{"2026-11-23 00:00:00", 202611, 20261123}, // a Monday
		{"2026-11-22 23:59:59", 202611, 20261116},
		{"2026-11-29 12:00:00", 202611, 20261123},
		{"2026-12-01 00:00:00", 202612, 20261130},
		{"2027-01-01 08:00:00", 202701, 20261228},
	} {
		m := at(c.at)
		if MonthOf(m) != c.month || WeekOf(m) != c.week || MonthOf(m).Weekly() || !WeekOf(m).Weekly() {
			t.Errorf("%s: %d, %d", c.at, MonthOf(m), WeekOf(m))
		}
		for _, p := range []PricePeriod{c.month, c.week} {
			if from, to := p.Bounds(); m.Before(from) || !m.Before(to) {
				t.Errorf("%s is not between %v and %v", c.at, from, to)
			}
		}
	}
	// UTC evenings are the next day in China.
	if got := WeekOf(time.Date(2026, 11, 22, 16, 0, 0, 0, time.UTC)); got != 20261123 {
		t.Errorf("%d", got)
	}
}

func TestPricePoint(t *testing.T) {
	for _, c := range []struct {
		prices []Fen
		want   PricePoint
	}{
		{nil, PricePoint{Period: 202611}},
		{[]Fen{5}, PricePoint{Period: 202611, N: 1, Low: 5, Median: 5, High: 5}},
		{[]Fen{9, 1, 5}, PricePoint{Period: 202611, N: 3, Low: 3, Median: 5, High: 7}},
		{[]Fen{40, 10, 30, 20}, PricePoint{Period: 202611, N: 4, Low: 18, Median: 25, High: 33}},
		{[]Fen{1, 1, 1, 1, 100}, PricePoint{Period: 202611, N: 5, Low: 1, Median: 1, High: 1}},
	} {
		if d := cmp.Diff(c.want, NewPricePoint(202611, c.prices, 0)); d != "" {
			t.Errorf("%v (-want +got):\n%s", c.prices, d)
		}
	}
	for _, c := range []struct {
		n, suppliers int
		want         bool
	}{{5, 3, true}, {4, 4, false}, {5, 2, false}, {100, 1, false}, {0, 0, false}} {
		if got := (PricePoint{N: c.n, Suppliers: c.suppliers}).Public(); got != c.want {
			t.Errorf("%d prices of %d suppliers: %v", c.n, c.suppliers, got)
		}
	}
}

func TestQuoted(t *testing.T) {
	for _, c := range []struct {
		state QuoteState
		mode  PurchaseMode
		want  bool
	}{
		{Pending, OpenMode, true}, {Refused, OpenMode, true}, {Accepted, InvitedMode, true}, {NotChosen, OpenMode, true},
		{Withdrawn, OpenMode, false}, {Accepted, SealedMode, false}, {Pending, SealedMode, false},
	} {
		if got := (Quote{State: c.state}).Quoted(Purchase{Terms: Terms{Mode: c.mode}}); got != c.want {
			t.Errorf("%s, %s: %v", c.state, c.mode, got)
		}
	}
	if Unit("斤").PriceUnit() != "公斤" || Unit("袋").PriceUnit() != "袋" {
		t.Error("units of prices")
	}
}
