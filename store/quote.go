package store

import (
	"context"
	"maps"

	sq "github.com/Masterminds/squirrel"

	"github.com/xunjia/xunjia"
)

func selectQuotes() sq.SelectBuilder {
	return sq.Select("id", "line_id", "purchase_id", "supplier_id", "price", "unit", "kind", "tax_rate", "freight", "lead_days",
		"min_quantity", "available", "valid_until", "sample", "quality", "explanation", "state", "status", "message", "withdrawal", "accepted",
		"counter_price", "counter_message", "countered_at", "revision", "version", "created_at", "updated_at", "answered_at").From("quote")
}

func scanQuote(row scanner) (q xunjia.Quote, err error) {
	var valid, countered, created, updated, answered int64
	err = row.Scan(&q.ID, &q.LineID, &q.PurchaseID, &q.SupplierID, &q.Price, &q.Unit, &q.Kind, &q.TaxRate, &q.Freight, &q.LeadDays,
		&q.MinQuantity, &q.Available, &valid, &q.Sample, &q.Quality, &q.Explanation, &q.State, &q.Status, &q.Message, &q.Withdrawal, &q.Accepted,
		&q.Counter.Price, &q.Counter.Message, &countered, &q.Revision, &q.Version, &created, &updated, &answered)
	q.ValidUntil, q.Counter.At = moment(valid), moment(countered)
	q.CreatedAt, q.UpdatedAt, q.AnsweredAt = moment(created), moment(updated), moment(answered)
	return q, err
}

func errNoQuote() error { return xunjia.Errorf(xunjia.NotFound, "没有找到这条报价") }

func errQuoteChanged() error {
	return xunjia.Errorf(xunjia.Conflict, "这条报价刚刚有变化，请刷新后再试")
}

// SubmitQuote makes a supplier's offer for a line. He has one quote for each
// line: the same offer again changes nothing and fresh is false, another one
// revises the quote. The error is Invalid with the fields to blame, NotFound
// for an unknown line or supplier, Forbidden on the own purchase or for a
// disabled user, Conflict once quoting is over or the quote was accepted, and
// RateLimited when the week's new quotes are used up.
func (s *Store) SubmitQuote(ctx context.Context, lineID, supplierID int64, o xunjia.Offer) (q xunjia.Quote, fresh bool, err error) {
	if err := o.Validate(); err != nil {
		return q, false, err
	}
	purchaseID, err := s.purchaseIDOfLine(ctx, lineID)
	if err != nil {
		return q, false, err
	}
	err = s.runTx(ctx, func(tx *tx) error {
		p, err := s.lockPurchase(ctx, tx, purchaseID)
		if err != nil {
			return err
		}
		line, err := one(ctx, tx, selectLines().Where(sq.Eq{"id": lineID}).Suffix(s.dialect.forUpdate()), scanLine)
		if err != nil {
			return err
		}
		if o.Unit == "" {
			o.Unit = line.Unit
		}
		// The purchase's lock keeps this read true: a locking one would lock
		// the gap in which other suppliers' quotes are about to be inserted.
		old, err := s.quoteOf(ctx, tx, lineID, supplierID)
		missing := xunjia.ErrorCode(err) == xunjia.NotFound
		if err != nil && !missing {
			return err
		}
		if !missing && o.Repeats(old) && !o.Reaffirms(old, p) {
			q, fresh = old, false
			return nil
		}
		supplier, err := active(ctx, tx, supplierID)
		if err != nil {
			return err
		}
		if o.Reaffirms(old, p) {
			fresh = true
			q, err = confirmQuote(ctx, tx, table{p, line, old, supplier}, o.Seen)
			return err
		}
		if err := s.admit(ctx, tx, p, supplier); err != nil {
			return err
		}
		if err := p.CanQuote(line, supplier, tx.now); err != nil {
			return err
		}
		if err := o.CheckSeen(p); err != nil {
			return err
		}
		if err := o.CheckFor(line, tx.now); err != nil {
			return err
		}
		if err := s.checkAttachments(ctx, tx, supplierID, o.Attachments, old.Attachments); err != nil {
			return err
		}
		fresh = true
		if missing {
			if err := s.chargeQuota(ctx, tx, supplier); err != nil {
				return err
			}
			if q, err = createQuote(ctx, tx, p, line, supplierID, o); err == nil {
				err = s.pushQuoted(ctx, tx, lineID, supplierID)
			}
		} else {
			q, err = reviseQuote(ctx, tx, p, old, o)
		}
		return err
	})
	if err != nil {
		return xunjia.Quote{}, false, err
	}
	return q, fresh, nil
}

// checkAttachments checks that the pictures are the supplier's own, or on his
// quote already.
func (s *Store) checkAttachments(ctx context.Context, tx *tx, supplierID int64, wanted, kept []xunjia.Attachment) error {
	own, err := s.useMedia(ctx, tx, mediaKeys(wanted), sq.Eq{"owner_id": supplierID})
	if err != nil {
		return err
	}
	for _, k := range mediaKeys(kept) {
		own[k] = true
	}
	for _, k := range mediaKeys(wanted) {
		if !own[k] {
			return xunjia.FieldErrors{"attachments": "有图片已失效，请重新上传"}.Err()
		}
	}
	return nil
}

func createQuote(ctx context.Context, tx *tx, p xunjia.Purchase, l xunjia.Line, supplierID int64, o xunjia.Offer) (xunjia.Quote, error) {
	o.Seen = 0
	q := xunjia.Quote{
		LineID: l.ID, PurchaseID: p.ID, SupplierID: supplierID, Offer: o,
		State: xunjia.Pending, Status: xunjia.DefaultQuote, Revision: 1, Version: p.Version,
		CreatedAt: tx.now, UpdatedAt: tx.now,
	}
	var err error
	row := merge(offerColumns(q.Offer), stateColumns(q))
	maps.Copy(row, map[string]any{"line_id": q.LineID, "purchase_id": q.PurchaseID, "supplier_id": q.SupplierID,
		"revision": q.Revision, "version": q.Version, "created_at": millis(q.CreatedAt)})
	q.ID, err = insert(ctx, tx, sq.Insert("quote").SetMap(row))
	if err != nil {
		return q, err
	}
	if err := saveOffer(ctx, tx, q); err != nil {
		return q, err
	}
	if err := countQuote(ctx, tx, q, 1); err != nil {
		return q, err
	}
	if err := invitationQuoted(ctx, tx, p.ID, supplierID); err != nil {
		return q, err
	}
	if err := undecline(ctx, tx, l.ID, supplierID); err != nil {
		return q, err
	}
	_, err = tx.addEvent(ctx, quoteEvent(xunjia.QuoteCreated, q, supplierID))
	return q, err
}

func reviseQuote(ctx context.Context, tx *tx, p xunjia.Purchase, old xunjia.Quote, o xunjia.Offer) (xunjia.Quote, error) {
	q, err := old.Revised(o, p, tx.now)
	if err != nil {
		return q, err
	}
	n, err := exec(ctx, tx, sq.Update("quote").SetMap(merge(offerColumns(q.Offer), stateColumns(q))).
		Set("revision", q.Revision).Set("version", q.Version).
		Where(sq.Eq{"id": q.ID, "state": old.State, "revision": old.Revision}))
	if err != nil {
		return q, err
	}
	if n == 0 {
		return q, errQuoteChanged()
	}
	if _, err := exec(ctx, tx, sq.Delete("quote_attachment").Where(sq.Eq{"quote_id": q.ID})); err != nil {
		return q, err
	}
	if err := saveOffer(ctx, tx, q); err != nil {
		return q, err
	}
	if old.State == xunjia.Withdrawn {
		if err := countQuote(ctx, tx, q, 1); err != nil {
			return q, err
		}
		if err := undecline(ctx, tx, q.LineID, q.SupplierID); err != nil {
			return q, err
		}
	}
	_, err = tx.addEvent(ctx, quoteEvent(xunjia.QuoteRevised, q, q.SupplierID))
	return q, err
}

// saveOffer writes the offer's pictures and its row in the quote's history.
func saveOffer(ctx context.Context, tx *tx, q xunjia.Quote) error {
	if len(q.Attachments) > 0 {
		rows := sq.Insert("quote_attachment").Columns("quote_id", "position", "media", "type")
		for i, at := range q.Attachments {
			rows = rows.Values(q.ID, i, at.Media, at.Type)
		}
		if _, err := exec(ctx, tx, rows); err != nil {
			return err
		}
	}
	row := offerColumns(q.Offer)
	maps.Copy(row, map[string]any{"quote_id": q.ID, "revision": q.Revision, "version": q.Version,
		"attachments": jsonList(q.Attachments), "created_at": millis(tx.now)})
	_, err := exec(ctx, tx, sq.Insert("quote_revision").SetMap(row))
	return err
}

// offerColumns are the columns that a quote and its history have in common.
func offerColumns(o xunjia.Offer) map[string]any {
	return map[string]any{
		"price": o.Price, "unit": o.Unit, "kind": o.Kind, "tax_rate": o.TaxRate, "freight": o.Freight, "lead_days": o.LeadDays,
		"min_quantity": o.MinQuantity, "available": o.Available, "valid_until": millis(o.ValidUntil), "sample": o.Sample,
		"quality": o.Quality, "explanation": o.Explanation,
	}
}

// stateColumns are what an answer, a counter-offer or a withdrawal changes.
func stateColumns(q xunjia.Quote) map[string]any {
	return map[string]any{
		"state": q.State, "status": q.Status, "message": q.Message, "withdrawal": q.Withdrawal, "accepted": q.Accepted, "counter_price": q.Counter.Price,
		"counter_message": q.Counter.Message, "countered_at": millis(q.Counter.At), "updated_at": millis(q.UpdatedAt),
		"answered_at": millis(q.AnsweredAt),
	}
}

// merge adds the columns of b to those of a.
func merge(a, b map[string]any) map[string]any {
	maps.Copy(a, b)
	return a
}

// countQuote keeps the number of quotes that stand, on the line and on the
// purchase.
func countQuote(ctx context.Context, tx *tx, q xunjia.Quote, by int) error {
	change := sq.Expr("quote_count + ?", by)
	if _, err := exec(ctx, tx, sq.Update("purchase").Set("quote_count", change).Where(sq.Eq{"id": q.PurchaseID})); err != nil {
		return err
	}
	_, err := exec(ctx, tx, sq.Update("purchase_line").Set("quote_count", change).Where(sq.Eq{"id": q.LineID}))
	return err
}

func quoteEvent(kind xunjia.EventKind, q xunjia.Quote, actor int64) xunjia.Event {
	return xunjia.Event{Kind: kind, Actor: actor, PurchaseID: q.PurchaseID, LineID: q.LineID, QuoteID: q.ID}
}

// AnswerQuote accepts or refuses a quote: see Quote.Answered and Offer.Share for
// the rules. The revision that the buyer saw is part of his answer, so a changed
// offer is a Conflict; so is a quote that somebody has answered already, and a
// line of which less is left than is to be accepted. Accepting drafts the deal.
func (s *Store) AnswerQuote(ctx context.Context, quoteID, by int64, a xunjia.Answer) (q xunjia.Quote, err error) {
	change := func(tx *tx, t table) (xunjia.Quote, error) {
		q, err := t.quote.Answered(t.purchase, t.by, a, tx.now)
		if err != nil {
			return q, err
		}
		kind := xunjia.QuoteRefused
		if q.State == xunjia.Accepted {
			kind = xunjia.QuoteAccepted
			if q, err = accept(ctx, tx, t, q, a.Quantity); err != nil {
				return q, err
			}
		}
		_, err = tx.addEvent(ctx, quoteEvent(kind, q, by))
		return q, err
	}
	for range 5 { // the number of the deal may be taken
		if q, err = s.changeQuote(ctx, quoteID, by, change); !isDuplicate(err) {
			break
		}
	}
	return q, err
}

// WithdrawQuote takes a pending quote back, for a reason if one is given. It is
// NotFound for anybody but its supplier and Conflict once it was answered.
func (s *Store) WithdrawQuote(ctx context.Context, quoteID, supplierID int64, reason string) (q xunjia.Quote, err error) {
	return s.changeQuote(ctx, quoteID, supplierID, func(tx *tx, t table) (xunjia.Quote, error) {
		q, err := t.quote.TakenBack(supplierID, reason, tx.now)
		if err != nil {
			return q, err
		}
		if err := countQuote(ctx, tx, q, -1); err != nil {
			return q, err
		}
		_, err = tx.addEvent(ctx, quoteEvent(xunjia.QuoteWithdrawn, q, supplierID))
		return q, err
	})
}

// table is what lies on the table when somebody does something with a quote,
// all of it locked.
type table struct {
	purchase xunjia.Purchase // without its lines
	line     xunjia.Line     // without its images
	quote    xunjia.Quote    // without its attachments
	by       xunjia.User     // who does it
}

// changeQuote locks a quote's purchase, line and the quote, asks change for the
// new state and writes it if the quote still is what change saw.
func (s *Store) changeQuote(ctx context.Context, id, by int64, change func(*tx, table) (xunjia.Quote, error)) (q xunjia.Quote, err error) {
	purchaseID, err := s.purchaseIDOfQuote(ctx, id)
	if err != nil {
		return q, err
	}
	err = s.runTx(ctx, func(tx *tx) error {
		var t table
		var err error
		if t.purchase, err = s.lockPurchase(ctx, tx, purchaseID); err != nil {
			return err
		}
		if t.quote, err = one(ctx, tx, selectQuotes().Where(sq.Eq{"id": id}).Suffix(s.dialect.forUpdate()), scanQuote); err != nil {
			return err
		}
		if t.line, err = one(ctx, tx, selectLines().Where(sq.Eq{"id": t.quote.LineID}).Suffix(s.dialect.forUpdate()), scanLine); err != nil {
			return err
		}
		if t.by, err = active(ctx, tx, by); err != nil {
			return err
		}
		if q, err = change(tx, t); err != nil {
			return err
		}
		return saveState(ctx, tx, t.quote, q)
	})
	if err != nil {
		return xunjia.Quote{}, err
	}
	list := []xunjia.Quote{q}
	err = s.addAttachments(ctx, list)
	return list[0], err
}
