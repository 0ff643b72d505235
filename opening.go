package xunjia

import (
	"cmp"
	"slices"
	"time"
)

// Sealed is what may be known of an offer while prices are hidden: its unit. The
// texts and pictures may name the price, so they are hidden too.
func (o Offer) Sealed() Offer { return Offer{Unit: o.Unit} }

// Sealed is what may be known of a quote while prices are hidden.
func (q Quote) Sealed() Quote {
	q.Offer, q.Message, q.Counter = q.Offer.Sealed(), "", Counter{}
	return q
}

// OpeningRecord is the record of a sealed purchase: what lay in the envelopes when the
// buyer's side looked at them first. It is written once and never changes.
type OpeningRecord struct {
	PurchaseID int64
	OpenedAt   time.Time // of the first look
	OpenedBy   int64     // user id
	Rows       []OpeningRow
}

// OpeningRow is one quote as it was when it was opened.
type OpeningRow struct {
	LineID      int64
	QuoteID     int64
	SupplierID  int64
	Supplier    string // his name then
	Price       Fen    // as quoted, per unit
	Unit        Unit
	Landed      Fen // per unit of the line; 0 when units do not convert
	Revision    int
	SubmittedAt time.Time // of the revision
	Withdrawn   bool
}

// NewOpening makes the record of a purchase with its lines: line by line, the
// lowest landed price first, withdrawn quotes last. names and submitted tell, by
// supplier and by quote, who quoted and when.
func NewOpening(p Purchase, quotes []Quote, by int64, names map[int64]string, submitted map[int64]time.Time, now time.Time) OpeningRecord {
	o := OpeningRecord{PurchaseID: p.ID, OpenedAt: now, OpenedBy: by}
	type entry struct {
		position int
		landed   Landed
		OpeningRow
	}
	entries := make([]entry, 0, len(quotes))
	for _, q := range quotes {
		l, err := p.Line(q.LineID)
		if err != nil {
			continue
		}
		landed := q.Landed(p.Terms, l)
		e := entry{l.Position, landed, OpeningRow{
			LineID: q.LineID, QuoteID: q.ID, SupplierID: q.SupplierID, Supplier: names[q.SupplierID], Price: q.Price, Unit: q.Unit,
			Revision: q.Revision, SubmittedAt: submitted[q.ID], Withdrawn: q.State == Withdrawn,
		}}
		if landed.Known() {
			e.Landed = landed.Price()
		}
		entries = append(entries, e)
	}
	slices.SortStableFunc(entries, func(a, b entry) int {
		return cmp.Or(cmp.Compare(a.position, b.position), compareBool(a.Withdrawn, b.Withdrawn), a.landed.Compare(b.landed),
			a.SubmittedAt.Compare(b.SubmittedAt), cmp.Compare(a.QuoteID, b.QuoteID))
	})
	for _, e := range entries {
		o.Rows = append(o.Rows, e.OpeningRow)
	}
	return o
}

func compareBool(a, b bool) int {
	switch {
	case a == b:
		return 0
	case b:
		return -1
	}
	return 1
}

// CanOpen tells why the user may not see the record of the purchase: see Allows;
// NotFound when it is not sealed, Conflict while it is.
func (p Purchase) CanOpen(u User, now time.Time) error {
	if err := p.Allows(u, See); err != nil {
		return err
	}
	if p.Mode != SealedMode {
		return Errorf(NotFound, "这张采购单不是密封报价，没有开标记录")
	}
	if p.Hidden(now) {
		if p.StatusAt(now) == Closed {
			return Errorf(Conflict, "采购单在截止前关闭，密封报价不再打开")
		}
		return Errorf(Conflict, "密封报价到 %s 截止时才能打开", FullTime(p.Deadline))
	}
	return nil
}
