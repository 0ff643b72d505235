package store

import (
	"testing"
	"time"

	"github.com/xunjia/xunjia"
)

func TestInitials(t *testing.T) {
	for name, want := range map[string]string{
		"黄连": "hl", "当归": "dg", "白芍": "bs", "三七": "sq", "牡丹皮": "mdp", "阿胶": "aj", "杜仲": "dz", "A级 甘草2号": "ajgc2h", "黄芪": "h", "": "",
	} {
		if got := initials(name); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
}

func TestBroken(t *testing.T) {
	for text, want := range map[string]bool{
		"黄连 统货": false, "": false, "café": false, "Ø12 规格": false, "一级\n无硫": false,
		"é»„è¿ž": true, "\xe9\xbb": true, "黄\ufffd": true, "黄\x00连": true,
	} {
		if got := broken(oldRow{"name": text}) != ""; got != want {
			t.Errorf("%q: %v", text, got)
		}
	}
}

func TestOldPurchase(t *testing.T) {
	published := time.Date(2026, 1, 10, 0, 0, 0, 0, time.UTC)
	row := func(change oldRow) oldRow {
		r := oldRow{"createtime": "1768003200", "status": "1", "term": "7", "areaid": "510104"}
		for k, v := range change {
			r[k] = v
		}
		return r
	}
	for _, c := range []struct {
		name   string
		change oldRow
		after  time.Duration
		status xunjia.PurchaseStatus
		reason bool
	}{
		{"open", nil, 24 * time.Hour, xunjia.WaitingForQuote, false},
		{"at its deadline", nil, 7 * 24 * time.Hour, xunjia.QuotingEnded, false},
		{"all year", oldRow{"term": "0"}, 300 * 24 * time.Hour, xunjia.WaitingForQuote, false},
		{"closed", oldRow{"status": "0"}, time.Hour, xunjia.Closed, false},
		{"purchased", oldRow{"status": "3"}, time.Hour, xunjia.Purchased, false},
		{"no time", oldRow{"createtime": "2016-01-13"}, time.Hour, 0, true},
		{"no status", oldRow{"status": ""}, time.Hour, 0, true},
		{"no term", oldRow{"term": "一周"}, time.Hour, 0, true},
		{"endless", oldRow{"term": "9999"}, time.Hour, 0, true},
	} {
		p, _, reason := converter{now: published.Add(c.after)}.purchase(row(c.change))
		if (reason != "") != c.reason || reason == "" && p.Status != c.status {
			t.Errorf("%s: %v, %q", c.name, p.Status, reason)
		}
		if p.EndedAt.After(published.Add(c.after)) {
			t.Errorf("%s: ends in the future", c.name)
		}
	}
}

func TestOldLine(t *testing.T) {
	for _, c := range []struct {
		name, quantity, unit, price string
		want                        xunjia.Line
		reason                      bool
	}{
		{"kilogram", "500", "KG", "80.5", xunjia.Line{Quantity: 500_000, Unit: "公斤", CapPrice: 8050}, false},
		{"no cap", "1.5", "吨", "0", xunjia.Line{Quantity: 1500, Unit: "吨"}, false},
		{"no unit", "20", "", "", xunjia.Line{Quantity: 20_000, Unit: "公斤"}, false},
		{"cap that is none", "20", "斤", "-3", xunjia.Line{Quantity: 20_000, Unit: "斤"}, false},
		{"words", "若干", "斤", "", xunjia.Line{}, true},
		{"nothing", "0", "斤", "", xunjia.Line{}, true},
	} {
		l, _, _, reason := converter{}.line(oldRow{"quantity": c.quantity, "unit": c.unit, "price": c.price, "status": "1"}, xunjia.QuotingEnded)
		if (reason != "") != c.reason {
			t.Errorf("%s: %q", c.name, reason)
		}
		if !c.reason && (l.Quantity != c.want.Quantity || l.Unit != c.want.Unit || l.CapPrice != c.want.CapPrice || l.Status != xunjia.QuotingEnded) {
			t.Errorf("%s: %+v", c.name, l)
		}
	}
}
