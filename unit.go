package xunjia

import "math/bits"

// Grams is the weight of one unit; 0 for units that count pieces, which convert
// into nothing but themselves, as units of weight do into one another.
func (u Unit) Grams() int64 {
	switch u {
	case "克":
		return 1
	case "两":
		return 50
	case "斤":
		return 500
	case "公斤", "千克":
		return 1000
	case "吨":
		return 1_000_000
	}
	return 0
}

// WeightUnits lists the units of weight that forms offer, the usual one first.
func WeightUnits() []Unit { return []Unit{"公斤", "斤", "吨", "克"} }

// Weighs tells units of weight from units that count pieces; of pieces there
// are whole numbers only.
func (u Unit) Weighs() bool { return u.Grams() > 0 }

// Converts tells whether amounts and prices in u can be expressed in v.
func (u Unit) Converts(v Unit) bool { return u == v || u.Weighs() && v.Weighs() }

// Quantity expresses an amount of u in v, rounded to a thousandth of v. The
// units must convert.
func (u Unit) Quantity(q Quantity, v Unit) Quantity {
	if u == v {
		return q
	}
	return Quantity(scale(int64(q), u.Grams(), v.Grams()))
}

// Price expresses a price per u as one per v, rounded to a fen. The units must
// convert.
func (u Unit) Price(p Fen, v Unit) Fen {
	if u == v {
		return p
	}
	return Fen(scale(int64(p), v.Grams(), u.Grams()))
}

// Times is what a quantity costs at a price per unit, rounded to a fen.
func (f Fen) Times(q Quantity) Fen { return Fen(scale(int64(f), int64(q), 1000)) }

// scale is n·by/over rounded half up, for n ≥ 0 and by, over > 0. Results
// beyond int64 become its largest value.
func scale(n, by, over int64) int64 {
	const most = 1<<63 - 1
	hi, lo := bits.Mul64(uint64(n), uint64(by))
	lo, carry := bits.Add64(lo, uint64(over)/2, 0)
	hi += carry
	if hi >= uint64(over) {
		return most
	}
	quo, _ := bits.Div64(hi, lo, uint64(over))
	return int64(min(quo, most))
}
