package xunjia

import (
	"cmp"
	"strings"
)

// WantsInvoice tells whether the buyer asks for an invoice, so that a bare
// price is not all that he pays.
func (t Terms) WantsInvoice() bool { return t.Invoice != "" && !strings.HasPrefix(t.Invoice, "不") }

// Landed is what a unit of the goods costs the buyer once it is with him, with
// the invoice that he asks for: what offers are compared by. The zero value is
// of an offer in a unit that does not convert.
type Landed struct {
	NoInvoice bool // he asks for one and the supplier gives none
	known     bool
	unit      Unit  // of the line
	milli     int64 // thousandths of a fen for a tonne, or for a piece
}

// Prices of weight are compared for a tonne, which every unit of weight goes
// into: neither the unit of an offer nor that of the line decides by rounding.
const perTonne Unit = "吨"

// one is a tonne or a piece in atoms: what prices are compared for.
func (u Unit) one() int64 {
	if u.Weighs() {
		return perTonne.atoms(1000)
	}
	return u.atoms(1000)
}

// atoms expresses a quantity in thousandths of a gram, or of a piece.
func (u Unit) atoms(q Quantity) int64 { return int64(q) * max(u.Grams(), 1) }

// Landed adds to the price what an invoice costs, when the buyer asks for one
// and the price is bare, and the share of the freight, which is spread over
// what the line asks for or the supplier can deliver, whichever is less.
func (o Offer) Landed(t Terms, l Line) Landed {
	landed, ok := o.Unit.landed(o.Price, l.Unit)
	if !ok {
		return Landed{}
	}
	if t.WantsInvoice() && o.Kind == BarePrice {
		landed.NoInvoice = o.TaxRate == 0
		landed.milli = scale(landed.milli, int64(10_000+o.TaxRate), 10_000)
	}
	if o.Kind == DeliveredPrice || o.Freight <= 0 {
		return landed
	}
	over := l.Unit.atoms(l.Quantity)
	if o.Available > 0 {
		over = min(over, o.Unit.atoms(o.Available))
	}
	share := scale(int64(o.Freight)*1000, l.Unit.one(), max(over, 1))
	if landed.milli += share; landed.milli < 0 { // beyond what a number holds
		landed.milli = 1<<63 - 1
	}
	return landed
}

// landed is a price per u as one that is compared with others for a line in
// unit l; false when the units do not convert.
func (u Unit) landed(p Fen, l Unit) (Landed, bool) {
	switch {
	case u == l && !u.Weighs():
		return Landed{known: true, unit: l, milli: int64(p) * 1000}, true
	case u.Weighs() && l.Weighs():
		return Landed{known: true, unit: l, milli: scale(int64(p)*1000, perTonne.Grams(), u.Grams())}, true
	}
	return Landed{}, false
}

// Known tells whether the offer can be compared with others.
func (a Landed) Known() bool { return a.known }

// Compare orders offers, the cheapest first and those that cannot be compared
// last.
func (a Landed) Compare(b Landed) int {
	if a.known != b.known {
		if a.known {
			return -1
		}
		return 1
	}
	return cmp.Compare(a.milli, b.milli)
}

// Price is the landed price per unit of the line, rounded to a fen.
func (a Landed) Price() Fen { return a.Per(a.unit) }

// Per is the landed price per unit u, which converts into the line's, rounded to
// a fen.
func (a Landed) Per(u Unit) Fen {
	if !a.known {
		return 0
	}
	return Fen(scale(a.milli, u.atoms(1000), 1000*a.unit.one()))
}

// Total is what the quantity, in the line's unit, costs, rounded to a fen.
func (a Landed) Total(q Quantity) Fen {
	if !a.known {
		return 0
	}
	return Fen(scale(a.milli, a.unit.atoms(q), 1000*a.unit.one()))
}

// Beyond is how far a lies above b, in tenths of a percent; negative below. It
// is 0 when one of them is unknown.
func (a Landed) Beyond(b Landed) int {
	switch {
	case !a.known || !b.known || b.milli == 0:
		return 0
	case a.milli < b.milli:
		return -int(scale(b.milli-a.milli, 1000, b.milli))
	}
	return int(scale(a.milli-b.milli, 1000, b.milli))
}
