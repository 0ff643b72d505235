package xunjia

import (
	"errors"
	"maps"
	"slices"
	"strings"
	"testing"
)

func TestValidateMenu(t *testing.T) {
	ok := MenuButton{Name: "帮助", Action: MenuClick, Value: "help"}
	many := func(n int) []MenuButton { return slices.Repeat([]MenuButton{ok}, n) }
	with := func(change func(*MenuButton)) []MenuButton {
		b := ok
		change(&b)
		return []MenuButton{b}
	}
	for _, c := range []struct {
		name  string
		menu  []MenuButton
		field string // "" when it is fine
	}{
		{"one", many(1), ""}, {"three", many(3), ""}, {"none", nil, "menu"}, {"four", many(4), "menu"},
		{"16 bytes", with(func(b *MenuButton) { b.Name = "一二三四五a" }), ""},
		{"17 bytes", with(func(b *MenuButton) { b.Name = "一二三四五ab" }), "b0.name"},
		{"no name", with(func(b *MenuButton) { b.Name = " " }), "b0.name"},
		{"broken name", with(func(b *MenuButton) { b.Name = "\xff" }), "b0.name"},
		{"no action", with(func(b *MenuButton) { b.Action = "" }), "b0.action"},
		{"unknown action", with(func(b *MenuButton) { b.Action = "miniprogram" }), "b0.action"},
		{"no key", with(func(b *MenuButton) { b.Value = "" }), "b0.value"},
		{"128 bytes of key", with(func(b *MenuButton) { b.Value = strings.Repeat("k", 128) }), ""},
		{"129 bytes of key", with(func(b *MenuButton) { b.Value = strings.Repeat("k", 129) }), "b0.value"},
		{"address", with(func(b *MenuButton) { b.Action, b.Value = MenuView, "https://a.cn/x" }), ""},
		{"no address", with(func(b *MenuButton) { b.Action, b.Value = MenuView, "a.cn/x" }), "b0.value"},
		{"script", with(func(b *MenuButton) { b.Action, b.Value = MenuView, "javascript:alert(1)" }), "b0.value"},
		{"1024 bytes of address", with(func(b *MenuButton) { b.Action, b.Value = MenuView, "https://a.cn/"+strings.Repeat("x", 1011) }), ""},
		{"1025 bytes of address", with(func(b *MenuButton) { b.Action, b.Value = MenuView, "https://a.cn/"+strings.Repeat("x", 1012) }), "b0.value"},
		{"five below", []MenuButton{{Name: "我的", Sub: many(5)}}, ""},
		{"six below", []MenuButton{{Name: "我的", Sub: many(6)}}, "b0"},
		{"60 bytes below", []MenuButton{{Name: "我的", Sub: with(func(b *MenuButton) { b.Name = strings.Repeat("字", 20) })}}, ""},
		{"63 bytes below", []MenuButton{{Name: "我的", Sub: with(func(b *MenuButton) { b.Name = strings.Repeat("字", 21) })}}, "b0.0.name"},
		{"three levels", []MenuButton{{Name: "我的", Sub: []MenuButton{{Name: "更多", Sub: many(1)}}}}, "b0.0"},
		{"material", with(func(b *MenuButton) { b.Action, b.Value = MenuMedia, "m1" }), ""},
	} {
		err := ValidateMenu(c.menu)
		var got string
		if e, ok := errors.AsType[*Error](err); ok {
			got = strings.Join(slices.Sorted(maps.Keys(e.Fields)), " ")
		}
		if got != c.field {
			t.Errorf("%s: complaint about %q (%v), want %q", c.name, got, err, c.field)
		}
	}
	for _, a := range MenuActions() {
		if a.String() == "" || a.ValueName() == "" {
			t.Errorf("%q has no name", a.Code())
		}
	}
}

func TestNewQR(t *testing.T) {
	ok := NewQR{Label: "展位", Action: QRText, Reply: "您好", Days: 7}
	for _, c := range []struct {
		name   string
		change func(*NewQR)
		field  string
	}{
		{"fine", func(*NewQR) {}, ""},
		{"permanent", func(n *NewQR) { n.Days = 0 }, ""},
		{"30 days", func(n *NewQR) { n.Days = 30 }, ""},
		{"31 days", func(n *NewQR) { n.Days = 31 }, "days"},
		{"negative", func(n *NewQR) { n.Days = -1 }, "days"},
		{"no label", func(n *NewQR) { n.Label = " " }, "label"},
		{"long label", func(n *NewQR) { n.Label = strings.Repeat("字", 21) }, "label"},
		{"no reply", func(n *NewQR) { n.Reply = "" }, "reply"},
		{"long reply", func(n *NewQR) { n.Reply = strings.Repeat("字", 301) }, "reply"},
		{"no action", func(n *NewQR) { n.Action = "" }, "action"},
		{"no purchase", func(n *NewQR) { n.Action = QRPurchase }, "target"},
		{"purchase", func(n *NewQR) { n.Action, n.Target, n.Reply = QRPurchase, 3, "" }, ""},
	} {
		n := ok
		c.change(&n)
		err := n.Validate()
		var got string
		if e, ok := errors.AsType[*Error](err); ok {
			got = strings.Join(slices.Sorted(maps.Keys(e.Fields)), " ")
		}
		if got != c.field {
			t.Errorf("%s: complaint about %q, want %q", c.name, got, c.field)
		}
	}
}
