package xunjia

import "testing"

func TestUnits(t *testing.T) {
	for _, c := range []struct {
		from, to Unit
		quantity Quantity
		want     Quantity
		price    Fen
		per      Fen
	}{
		{"公斤", "公斤", 500_000, 500_000, 6850, 6850},
		{"斤", "公斤", 1_000_000, 500_000, 3425, 6850},
		{"吨", "公斤", 1_500, 1_500_000, 68_500_00, 6850},
		{"公斤", "吨", 500_000, 500, 6850, 68_500_00},
		{"公斤", "斤", 1, 2, 6851, 3426}, // half a fen is rounded up
		{"克", "公斤", 1_499, 1, 1, 1000},
		{"千克", "公斤", 2_000, 2_000, 99, 99},
		{"两", "斤", 10_000, 1_000, 10, 100},
		{"吨", "克", MaxQuantity, 100_000_000_000_000_000, MaxPrice, 1000},
	} {
		if !c.from.Converts(c.to) || !c.to.Converts(c.from) {
			t.Errorf("%s does not convert into %s", c.from, c.to)
		}
		if got := c.from.Quantity(c.quantity, c.to); got != c.want {
			t.Errorf("%d %s = %d %s, want %d", c.quantity, c.from, got, c.to, c.want)
		}
		if got := c.from.Price(c.price, c.to); got != c.per {
			t.Errorf("%d per %s = %d per %s, want %d", c.price, c.from, got, c.to, c.per)
		}
	}
	for _, pair := range [][2]Unit{{"箱", "公斤"}, {"公斤", "袋"}, {"箱", "袋"}} {
		if pair[0].Converts(pair[1]) {
			t.Errorf("%s converts into %s", pair[0], pair[1])
		}
	}
	if !Unit("箱").Converts("箱") || Unit("箱").Weighs() {
		t.Error("a box is a piece, and converts into itself")
	}
	for _, u := range WeightUnits() {
		if !u.Weighs() {
			t.Errorf("%s does not weigh", u)
		}
	}
}

func TestTimes(t *testing.T) {
	for _, c := range []struct {
		price Fen
		q     Quantity
		want  Fen
	}{{6850, 500_000, 3_425_000}, {1, 1, 0}, {1, 500, 1}, {3, 1_500, 5}, {MaxPrice, MaxQuantity, 100_000_000_000_000_000}} {
		if got := c.price.Times(c.q); got != c.want {
			t.Errorf("%d × %d = %d, want %d", c.price, c.q, got, c.want)
		}
	}
	if got := scale(1<<62, 1<<62, 1); got != 1<<63-1 {
		t.Errorf("an overflow gives %d", got)
	}
}
