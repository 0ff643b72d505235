package xunjia_test

import (
	"errors"
	"testing"
	"time"

	"github.com/xunjia/xunjia"
)

func TestSearchValidate(t *testing.T) {
	for _, c := range []struct {
		name     string
		in, want xunjia.Search
		field    string // that is wrong
	}{
		{"empty", xunjia.Search{}, xunjia.Search{}, ""},
		{"spaces", xunjia.Search{Text: "  黄连 \t 统货 "}, xunjia.Search{Text: "黄连 统货"}, ""},
		{"unknown values", xunjia.Search{Within: "x", Cap: "y", Area: "999999"}, xunjia.Search{}, ""},
		{"a county is its city", xunjia.Search{Area: "510104"}, xunjia.Search{Area: "510100"}, ""},
		{"a province", xunjia.Search{Area: "510000"}, xunjia.Search{Area: "510000"}, ""},
		{"a price range has caps", xunjia.Search{Cap: xunjia.NoCap, MinCap: 1}, xunjia.Search{Cap: xunjia.WithCap, MinCap: 1}, ""},
		{"ended", xunjia.Search{Ended: true, EndingSoon: true, Quotable: true, Within: xunjia.EndsToday}, xunjia.Search{Ended: true}, ""},
		{"long", xunjia.Search{Text: string(make([]rune, 41))}, xunjia.Search{}, "q"},
		{"range", xunjia.Search{MinCap: 2, MaxCap: 1}, xunjia.Search{}, "max"},
		{"only a least price", xunjia.Search{MinCap: 2}, xunjia.Search{MinCap: 2, Cap: xunjia.WithCap}, ""},
		{"below nothing", xunjia.Search{MinCap: -1}, xunjia.Search{}, "min"},
		{"above everything", xunjia.Search{MaxCap: xunjia.MaxPrice + 1}, xunjia.Search{}, "max"},
	} {
		got := c.in
		err := got.Validate()
		if c.field == "" && (err != nil || got != c.want) {
			t.Errorf("%s: %+v, %v", c.name, got, err)
		}
		if e, ok := errors.AsType[*xunjia.Error](err); c.field != "" && (!ok || e.Fields[c.field] == "") {
			t.Errorf("%s: %v does not blame %s", c.name, err, c.field)
		}
	}
}

func TestDeadlineWithin(t *testing.T) {
	now := time.Date(2026, 11, 23, 23, 0, 0, 0, xunjia.China())
	for w, want := range map[xunjia.DeadlineWithin]time.Time{
		xunjia.AnyDeadline: {},
		xunjia.EndsToday:   time.Date(2026, 11, 24, 0, 0, 0, 0, xunjia.China()),
		xunjia.EndsIn3Days: now.Add(72 * time.Hour),
		xunjia.EndsIn7Days: now.Add(168 * time.Hour),
	} {
		if got := w.Until(now.UTC()); !got.Equal(want) {
			t.Errorf("%q: %v", w, got)
		}
	}
}

func TestSearchNumber(t *testing.T) {
	for text, want := range map[string]string{
		"2026112300000017": "2026112300000017", " ２０２６112300000017": "2026112300000017",
		"黄连": "", "20261123": "", "202611230000001x": "", "202611230000000000000000": "",
	} {
		if got, ok := (xunjia.Search{Text: text}).Number(); got != want || ok != (want != "") {
			t.Errorf("%q: %q, %v", text, got, ok)
		}
	}
}

func TestListed(t *testing.T) {
	buyer, other := xunjia.User{ID: 1}, xunjia.User{ID: 2}
	for _, mode := range xunjia.PurchaseModes() {
		p := xunjia.Purchase{BuyerID: 1, Terms: xunjia.Terms{Mode: mode}}
		if !p.Listed(buyer) {
			t.Errorf("%s: hidden from its buyer", mode)
		}
		if p.Listed(other) != (mode != xunjia.InvitedMode) || p.Listed(xunjia.User{}) != p.Listed(other) {
			t.Errorf("%s: for others %v", mode, p.Listed(other))
		}
	}
}
