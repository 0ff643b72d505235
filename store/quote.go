package store

import (
	"context"
	"database/sql"
	"errors"

	sq "github.com/Masterminds/squirrel"

	"github.com/xunjia/xunjia"
)

func selectQuotes() sq.SelectBuilder {
	return sq.Select("id", "line_id", "purchase_id", "supplier_id", "price", "unit", "quality", "explanation", "state",
		"status", "message", "revision", "version", "created_at", "updated_at", "answered_at").From("quote")
}

func scanQuote(row scanner) (q xunjia.Quote, err error) {
	var created, updated, answered int64
	err = row.Scan(&q.ID, &q.LineID, &q.PurchaseID, &q.SupplierID, &q.Price, &q.Unit, &q.Quality, &q.Explanation, &q.State,
		&q.Status, &q.Message, &q.Revision, &q.Version, &created, &updated, &answered)
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
// disabled user, Conflict once quoting is over or the quote was accepted.
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
		// The purchase's lock keeps this read true: a locking one would lock
		// the gap in which other suppliers' quotes are about to be inserted.
		old, err := s.quoteOf(ctx, tx, lineID, supplierID)
		missing := xunjia.ErrorCode(err) == xunjia.NotFound
		if err != nil && !missing {
			return err
		}
		if !missing && o.Repeats(old) {
			q, fresh = old, false
			return nil
		}
		if err := p.CanQuote(line, supplierID, tx.now); err != nil {
			return err
		}
		if err := active(ctx, tx, supplierID); err != nil {
			return err
		}
		if err := checkAttachments(ctx, tx, supplierID, o.Attachments, old.Attachments); err != nil {
			return err
		}
		fresh = true
		if missing {
			q, err = createQuote(ctx, tx, p, line, supplierID, o)
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
func checkAttachments(ctx context.Context, tx *tx, supplierID int64, wanted, kept []xunjia.Attachment) error {
	own, err := ownMedia(ctx, tx, supplierID, mediaKeys(wanted))
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
	q := xunjia.Quote{
		LineID: l.ID, PurchaseID: p.ID, SupplierID: supplierID, Price: o.Price, Unit: l.Unit,
		Quality: o.Quality, Explanation: o.Explanation, Attachments: o.Attachments,
		State: xunjia.Pending, Status: xunjia.DefaultQuote, Revision: 1, Version: p.Version,
		CreatedAt: tx.now, UpdatedAt: tx.now,
	}
	var err error
	q.ID, err = insert(ctx, tx, sq.Insert("quote").SetMap(map[string]any{
		"line_id": q.LineID, "purchase_id": q.PurchaseID, "supplier_id": q.SupplierID, "price": q.Price, "unit": q.Unit,
		"quality": q.Quality, "explanation": q.Explanation, "state": q.State, "status": q.Status, "message": "",
		"revision": q.Revision, "version": q.Version, "created_at": millis(q.CreatedAt), "updated_at": millis(q.UpdatedAt),
		"answered_at": 0,
	}))
	if err != nil {
		return q, err
	}
	if err := saveOffer(ctx, tx, q); err != nil {
		return q, err
	}
	if err := countQuote(ctx, tx, q, 1); err != nil {
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
	n, err := exec(ctx, tx, sq.Update("quote").SetMap(map[string]any{
		"price": q.Price, "quality": q.Quality, "explanation": q.Explanation, "state": q.State, "message": q.Message,
		"revision": q.Revision, "version": q.Version, "updated_at": millis(q.UpdatedAt), "answered_at": millis(q.AnsweredAt),
	}).Where(sq.Eq{"id": q.ID, "state": old.State, "revision": old.Revision}))
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
	_, err := exec(ctx, tx, sq.Insert("quote_revision").SetMap(map[string]any{
		"quote_id": q.ID, "revision": q.Revision, "version": q.Version, "price": q.Price, "quality": q.Quality,
		"explanation": q.Explanation, "attachments": jsonList(q.Attachments), "created_at": millis(tx.now),
	}))
	return err
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

// AnswerQuote accepts or refuses a quote: see Quote.Answered for the rule. The
// revision that the buyer saw is part of his answer, so a changed offer is a
// Conflict; so is a quote that somebody has answered already.
func (s *Store) AnswerQuote(ctx context.Context, quoteID, by int64, a xunjia.Answer) (q xunjia.Quote, err error) {
	return s.changeQuote(ctx, quoteID, func(tx *tx, p xunjia.Purchase, old xunjia.Quote) (xunjia.Quote, error) {
		q, err := old.Answered(p, by, a, tx.now)
		if err != nil {
			return q, err
		}
		kind := xunjia.QuoteAccepted
		if q.State == xunjia.Refused {
			kind = xunjia.QuoteRefused
		}
		_, err = tx.addEvent(ctx, quoteEvent(kind, q, by))
		return q, err
	})
}

// WithdrawQuote takes a pending quote back. It is NotFound for anybody but its
// supplier and Conflict once it was answered.
func (s *Store) WithdrawQuote(ctx context.Context, quoteID, supplierID int64) (q xunjia.Quote, err error) {
	return s.changeQuote(ctx, quoteID, func(tx *tx, _ xunjia.Purchase, old xunjia.Quote) (xunjia.Quote, error) {
		q, err := old.TakenBack(supplierID, tx.now)
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

// changeQuote locks a quote's purchase and the quote, asks change for the new
// state and writes it if the quote still is what change saw.
func (s *Store) changeQuote(ctx context.Context, id int64, change func(*tx, xunjia.Purchase, xunjia.Quote) (xunjia.Quote, error)) (q xunjia.Quote, err error) {
	// Which purchase a quote belongs to never changes.
	purchaseID, err := one(ctx, s.db, sq.Select("purchase_id").From("quote").Where(sq.Eq{"id": id}), scanInt)
	if errors.Is(err, sql.ErrNoRows) {
		return q, errNoQuote()
	}
	if err != nil {
		return q, err
	}
	err = s.runTx(ctx, func(tx *tx) error {
		p, err := s.lockPurchase(ctx, tx, purchaseID)
		if err != nil {
			return err
		}
		old, err := one(ctx, tx, selectQuotes().Where(sq.Eq{"id": id}).Suffix(s.dialect.forUpdate()), scanQuote)
		if err != nil {
			return err
		}
		if q, err = change(tx, p, old); err != nil {
			return err
		}
		n, err := exec(ctx, tx, sq.Update("quote").SetMap(map[string]any{
			"state": q.State, "message": q.Message, "updated_at": millis(q.UpdatedAt), "answered_at": millis(q.AnsweredAt),
		}).Where(sq.Eq{"id": id, "state": old.State, "revision": old.Revision}))
		if err == nil && n == 0 {
			err = errQuoteChanged()
		}
		return err
	})
	if err != nil {
		return xunjia.Quote{}, err
	}
	list := []xunjia.Quote{q}
	err = s.addAttachments(ctx, list)
	return list[0], err
}
