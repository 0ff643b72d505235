package xunjia

import (
	"testing"

	"pgregory.net/rapid"
)

func TestLanded(t *testing.T) {
	invoice, none := Terms{Invoice: "增值税专用发票（9%）"}, Terms{Invoice: "不需要发票"}
	line := Line{Quantity: 500_000, Unit: "公斤"}
	for _, c := range []struct {
		name      string
		offer     Offer
		terms     Terms
		line      Line
		price     Fen // per unit of the line
		total     Fen // of the whole line
		noInvoice bool
	}{
		{"as it is", Offer{Price: 286_50, Unit: "公斤"}, none, line, 286_50, 143_250_00, false},
		{"no wish for an invoice", Offer{Price: 286_50, Unit: "公斤", TaxRate: 900}, Terms{}, line, 286_50, 143_250_00, false},
		{"bare, with tax", Offer{Price: 100_00, Unit: "公斤", TaxRate: 900}, invoice, line, 109_00, 54_500_00, false},
		{"bare, no invoice", Offer{Price: 100_00, Unit: "公斤"}, invoice, line, 100_00, 50_000_00, true},
		{"taxed", Offer{Price: 100_00, Unit: "公斤", Kind: TaxedPrice, TaxRate: 900}, invoice, line, 100_00, 50_000_00, false},
		{"delivered", Offer{Price: 100_00, Unit: "公斤", Kind: DeliveredPrice, Freight: 500_00}, invoice, line, 100_00, 50_000_00, false},
		{"freight over the line", Offer{Price: 100_00, Unit: "公斤", Freight: 500_00}, none, line, 101_00, 50_500_00, false},
		{"freight over what there is", Offer{Price: 100_00, Unit: "公斤", Freight: 500_00, Available: 250_000}, none, line, 102_00, 51_000_00, false},
		{"more than is asked for", Offer{Price: 100_00, Unit: "公斤", Freight: 500_00, Available: 900_000}, none, line, 101_00, 50_500_00, false},
		{"freight is not taxed", Offer{Price: 100_00, Unit: "公斤", TaxRate: 1000, Freight: 500_00}, invoice, line, 111_00, 55_500_00, false},
		{"per jin", Offer{Price: 50_00, Unit: "斤"}, none, line, 100_00, 50_000_00, false},
		{"per tonne", Offer{Price: 100_000_00, Unit: "吨"}, none, line, 100_00, 50_000_00, false},
		{"per gram", Offer{Price: 10, Unit: "克"}, none, line, 100_00, 50_000_00, false},
		{"available in tonnes", Offer{Price: 100_00, Unit: "公斤", Freight: 500_00, Available: 1_000}, none, line, 600_00, 300_000_00, false},
		{"available in another unit", Offer{Price: 50_00, Unit: "斤", Freight: 500_00, Available: 500_000}, none, line, 102_00, 51_000_00, false},
		{"per tonne, line in jin", Offer{Price: 1, Unit: "吨"}, none, Line{Quantity: 2_000_000, Unit: "斤"}, 0, 1, false},
		{"pieces", Offer{Price: 12_00, Unit: "只", Freight: 100}, none, Line{Quantity: 100_000, Unit: "只"}, 12_01, 1_201_00, false},
		{"a third of a fen", Offer{Price: 1, Unit: "只", Freight: 1}, none, Line{Quantity: 3_000, Unit: "只"}, 1, 4, false},
	} {
		l := c.offer.Landed(c.terms, c.line)
		if !l.Known() || l.Price() != c.price || l.Total(c.line.Quantity) != c.total || l.NoInvoice != c.noInvoice {
			t.Errorf("%s: known %v, price %v, total %v, no invoice %v", c.name, l.Known(), l.Price(), l.Total(c.line.Quantity), l.NoInvoice)
		}
	}
	for _, c := range []struct{ offer, line Unit }{{"袋", "公斤"}, {"公斤", "袋"}, {"袋", "只"}, {"", "公斤"}} {
		l := Offer{Price: 1, Unit: c.offer}.Landed(none, Line{Quantity: 1000, Unit: c.line})
		if l.Known() || l.Price() != 0 || l.Total(1000) != 0 || l.NoInvoice {
			t.Errorf("%s for %s: %+v", c.offer, c.line, l)
		}
	}
}

func TestWantsInvoice(t *testing.T) {
	for text, want := range map[string]bool{"": false, "不需要发票": false, "增值税普通发票": true, "增值税专用发票（9%）": true} {
		if got := (Terms{Invoice: text}).WantsInvoice(); got != want {
			t.Errorf("%q: %v", text, got)
		}
	}
}

func TestLandedCompare(t *testing.T) {
	line := Line{Quantity: 3_000_000, Unit: "克"}
	of := func(o Offer) Landed { return o.Landed(Terms{}, line) }
	for _, c := range []struct {
		name   string
		a, b   Offer
		want   int
		beyond int
	}{
		{"a fen for a tonne, in grams", Offer{Price: 1000, Unit: "吨"}, Offer{Price: 1001, Unit: "吨"}, -1, -1},
		{"the same in other units", Offer{Price: 100_00, Unit: "公斤"}, Offer{Price: 50_00, Unit: "斤"}, 0, 0},
		{"dearer by 5.2 %", Offer{Price: 105_20, Unit: "公斤"}, Offer{Price: 100_00, Unit: "公斤"}, 1, 52},
		{"cheaper by half", Offer{Price: 50_00, Unit: "公斤"}, Offer{Price: 100_00, Unit: "公斤"}, -1, -500},
		{"freight below a fen each", Offer{Price: 1, Unit: "克", Freight: 1}, Offer{Price: 1, Unit: "克"}, 1, 0},
		{"one cannot be compared", Offer{Price: 1, Unit: "公斤"}, Offer{Price: 1, Unit: "袋"}, -1, 0},
		{"nor the other", Offer{Price: 1, Unit: "袋"}, Offer{Price: 1, Unit: "公斤"}, 1, 0},
		{"neither can", Offer{Price: 2, Unit: "袋"}, Offer{Price: 1, Unit: "袋"}, 0, 0},
	} {
		if got := of(c.a).Compare(of(c.b)); got != c.want {
			t.Errorf("%s: %d", c.name, got)
		}
		if got := of(c.a).Beyond(of(c.b)); got != c.beyond {
			t.Errorf("%s: beyond by %d", c.name, got)
		}
	}
}

func weight() *rapid.Generator[Unit] {
	return rapid.SampledFrom([]Unit{"克", "两", "斤", "公斤", "千克", "吨"})
}

// offered is an offer by weight.
func offered() *rapid.Generator[Offer] {
	return rapid.Custom(func(t *rapid.T) Offer {
		return Offer{
			Price: Fen(rapid.Int64Range(1, int64(MaxPrice)).Draw(t, "price")), Unit: weight().Draw(t, "unit"),
			Kind: rapid.SampledFrom(PriceKinds()).Draw(t, "kind"), TaxRate: rapid.IntRange(0, MaxTaxRate).Draw(t, "tax"),
			Freight:   Fen(rapid.Int64Range(0, int64(MaxPrice)).Draw(t, "freight")),
			Available: Quantity(rapid.Int64Range(0, int64(MaxQuantity)).Draw(t, "available")),
		}
	})
}

// In whatever unit the line asks for the same quantity, the order is the same.
func TestUnitsDoNotDecide(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b := offered().Draw(t, "a"), offered().Draw(t, "b")
		terms := Terms{Invoice: rapid.SampledFrom([]string{"", "增值税普通发票"}).Draw(t, "invoice")}
		tonnes := Quantity(rapid.Int64Range(1, 1000).Draw(t, "thousandths of a tonne"))
		var want, beyond int
		for i, u := range []Unit{"吨", "公斤", "斤", "两", "克"} {
			line := Line{Unit: u, Quantity: Unit("吨").Quantity(tonnes, u)}
			la, lb := a.Landed(terms, line), b.Landed(terms, line)
			if i == 0 {
				want, beyond = la.Compare(lb), la.Beyond(lb)
			}
			if got := la.Compare(lb); got != want || got != -lb.Compare(la) {
				t.Fatalf("%s: %d, in tonnes %d", u, got, want)
			}
			if got := la.Beyond(lb); got != beyond {
				t.Fatalf("%s: beyond by %d, in tonnes %d", u, got, beyond)
			}
		}
		// The same offer said in another unit is the same offer.
		per := Unit("吨")
		line := Line{Unit: "公斤", Quantity: Unit("吨").Quantity(tonnes, "公斤")}
		x := Offer{Price: a.Price, Unit: "克", Kind: a.Kind, TaxRate: a.TaxRate, Freight: a.Freight}
		x.Price = min(x.Price, MaxPrice/1_000_000)
		y := x
		y.Unit, y.Price = per, x.Price*1_000_000
		if got := x.Landed(terms, line).Compare(y.Landed(terms, line)); got != 0 {
			t.Fatalf("the same offer per gram and per tonne: %d", got)
		}
	})
}

// A higher price, more freight, less to spread it over: nothing of it lowers
// the landed price, and no invoice never makes an offer dearer.
func TestMoreNeverCostsLess(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		o := offered().Draw(t, "offer")
		terms := Terms{Invoice: rapid.SampledFrom([]string{"", "增值税普通发票"}).Draw(t, "invoice")}
		line := Line{Unit: weight().Draw(t, "line"), Quantity: Quantity(rapid.Int64Range(1, int64(MaxQuantity)).Draw(t, "quantity"))}
		base := o.Landed(terms, line)
		for name, change := range map[string]func(*Offer){
			"price": func(o *Offer) { o.Price += Fen(rapid.Int64Range(0, int64(MaxPrice-o.Price)).Draw(t, "more")) },
			"freight": func(o *Offer) {
				o.Freight += Fen(rapid.Int64Range(0, int64(MaxPrice-o.Freight)).Draw(t, "more freight"))
			},
			"tax": func(o *Offer) { o.TaxRate = rapid.IntRange(o.TaxRate, MaxTaxRate).Draw(t, "more tax") },
			"available": func(o *Offer) {
				if o.Available > 1 {
					o.Available -= Quantity(rapid.Int64Range(0, int64(o.Available-1)).Draw(t, "less"))
				}
			},
		} {
			more := o
			change(&more)
			if more.Landed(terms, line).Compare(base) < 0 {
				t.Fatalf("%s: %+v is cheaper than %+v", name, more, o)
			}
		}
		if bare := o.Landed(Terms{}, line); bare.Compare(base) > 0 {
			t.Fatalf("without an invoice dearer: %+v", o)
		}
	})
}
