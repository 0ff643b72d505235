package store

import (
	"context"
	"database/sql"
	"errors"
	"slices"
	"time"

	sq "github.com/Masterminds/squirrel"

	"github.com/xunjia/xunjia"
)

// accept gives a just accepted quote its share of the line and drafts the deal.
// The guard counts for itself: quotes of a line never add up to more than the
// line asks for.
func accept(ctx context.Context, tx *tx, t table, q xunjia.Quote, wanted xunjia.Quantity) (xunjia.Quote, error) {
	err := t.quote.CheckCurrent(t.line)
	if err != nil {
		return q, err
	}
	if q.Accepted, err = q.Share(t.line, wanted); err != nil {
		return q, err
	}
	n, err := exec(ctx, tx, sq.Update("purchase_line").Set("accepted", sq.Expr("accepted + ?", q.Accepted)).
		Where(sq.Eq{"id": t.line.ID}).Where("accepted + ? <= quantity", q.Accepted))
	if err != nil {
		return q, err
	}
	if n == 0 {
		return q, errQuoteChanged()
	}
	return q, insertDeal(ctx, tx, xunjia.NewDeal(t.purchase, t.line, q, tx.now))
}

// UndoAnswer takes an answer back: see Quote.AnswerUndone for the rule. The
// quantity is free again and the draft of the deal is gone; it is a Conflict
// when somebody has confirmed it.
func (s *Store) UndoAnswer(ctx context.Context, quoteID, by int64) (xunjia.Quote, error) {
	return s.changeQuote(ctx, quoteID, by, func(tx *tx, t table) (xunjia.Quote, error) {
		q, err := t.quote.AnswerUndone(t.purchase, t.line, t.by, tx.now)
		if err != nil {
			return q, err
		}
		if t.quote.State == xunjia.Accepted {
			if err := release(ctx, tx, t.quote); err != nil {
				return q, err
			}
		}
		_, err = tx.addEvent(ctx, quoteEvent(xunjia.AnswerUndone, q, by))
		return q, err
	})
}

// release gives back what an accepted quote had of its line.
func release(ctx context.Context, tx *tx, q xunjia.Quote) error {
	if err := deleteDraftDeal(ctx, tx, q.ID); err != nil {
		return err
	}
	n, err := exec(ctx, tx, sq.Update("purchase_line").Set("accepted", sq.Expr("accepted - ?", q.Accepted)).
		Where(sq.Eq{"id": q.LineID}).Where("accepted >= ?", q.Accepted))
	if err == nil && n == 0 {
		err = errQuoteChanged()
	}
	return err
}

// CounterQuote tells the supplier which price the buyer would accept instead,
// for the revision that he saw: see Quote.Countered for the rule.
func (s *Store) CounterQuote(ctx context.Context, quoteID, by int64, c xunjia.Counter, revision int) (xunjia.Quote, error) {
	return s.changeQuote(ctx, quoteID, by, func(tx *tx, t table) (xunjia.Quote, error) {
		q, err := t.quote.Countered(t.purchase, t.by, c, revision, tx.now)
		if err != nil {
			return q, err
		}
		_, err = tx.addEvent(ctx, quoteEvent(xunjia.QuoteCountered, q, by))
		return q, err
	})
}

// AcceptCounter revises a quote to the price that its buyer named, the one that
// the supplier saw: see Quote.CounterTaken for the rule.
func (s *Store) AcceptCounter(ctx context.Context, quoteID, supplierID int64, price xunjia.Fen) (xunjia.Quote, error) {
	return s.reviseOwn(ctx, quoteID, supplierID, func(t table, now time.Time) (xunjia.Offer, error) {
		return t.quote.CounterTaken(t.purchase, t.line, supplierID, price, now)
	})
}

// reviseOwn revises a quote to the offer that its supplier makes of it, with
// everything locked that next looks at.
func (s *Store) reviseOwn(ctx context.Context, quoteID, supplierID int64, next func(t table, now time.Time) (xunjia.Offer, error)) (q xunjia.Quote, err error) {
	purchaseID, err := s.purchaseIDOfQuote(ctx, quoteID)
	if err != nil {
		return q, err
	}
	err = s.runTx(ctx, func(tx *tx) error {
		var t table
		var err error
		if t.purchase, err = s.lockPurchase(ctx, tx, purchaseID); err != nil {
			return err
		}
		old, err := one(ctx, tx, selectQuotes().Where(sq.Eq{"id": quoteID}).Suffix(s.dialect.forUpdate()), scanQuote)
		if err != nil {
			return err
		}
		if t.line, err = one(ctx, tx, selectLines().Where(sq.Eq{"id": old.LineID}).Suffix(s.dialect.forUpdate()), scanLine); err != nil {
			return err
		}
		list := []xunjia.Quote{old}
		if err := addAttachments(ctx, tx, list); err != nil {
			return err
		}
		t.quote = list[0]
		if t.by, err = active(ctx, tx, supplierID); err != nil {
			return err
		}
		o, err := next(t, tx.now)
		if err != nil {
			return err
		}
		// A longer validity or another price says nothing about an edited request.
		t.purchase.Version = t.quote.Version
		q, err = reviseQuote(ctx, tx, t.purchase, t.quote, o)
		return err
	})
	if err != nil {
		return xunjia.Quote{}, err
	}
	return q, nil
}

// purchaseIDOfQuote never changes, so it may be read before a transaction.
func (s *Store) purchaseIDOfQuote(ctx context.Context, id int64) (int64, error) {
	purchaseID, err := one(ctx, s.db, sq.Select("purchase_id").From("quote").Where(sq.Eq{"id": id}), scanInt)
	if errors.Is(err, sql.ErrNoRows) {
		return 0, errNoQuote()
	}
	return purchaseID, err
}

// RefuseQuotes refuses several quotes of a purchase for one reason, at most
// MaxRefusals; revisions tells by quote id which offer the buyer saw. Those that
// have changed or were answered meanwhile are left as they are: refused tells
// how many were not. It is NotFound when a quote is none of the purchase's, and
// otherwise fails as AnswerQuote does.
func (s *Store) RefuseQuotes(ctx context.Context, purchaseID, by int64, revisions map[int64]int, reason string) (refused int, err error) {
	if n := len(revisions); n == 0 || n > xunjia.MaxRefusals {
		return 0, xunjia.Errorf(xunjia.Invalid, "请选择 1 到 %d 条报价", xunjia.MaxRefusals)
	}
	ids := make([]int64, 0, len(revisions))
	for id := range revisions {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	err = s.runTx(ctx, func(tx *tx) error {
		refused = 0
		p, err := s.lockPurchase(ctx, tx, purchaseID)
		if err != nil {
			return err
		}
		user, err := active(ctx, tx, by)
		if err != nil {
			return err
		}
		if err := p.Allows(user, xunjia.See); err != nil {
			return err
		}
		quotes, err := all(ctx, tx, selectQuotes().Where(sq.Eq{"id": ids, "purchase_id": purchaseID}).
			OrderBy("id").Suffix(s.dialect.forUpdate()), scanQuote)
		if err != nil {
			return err
		}
		if len(quotes) != len(ids) {
			return errNoQuote()
		}
		for _, old := range quotes {
			q, err := old.Answered(p, user, xunjia.Answer{Action: xunjia.Refuse, Message: reason, Revision: revisions[old.ID]}, tx.now)
			if xunjia.ErrorCode(err) == xunjia.Conflict && p.Status != xunjia.Closed && !p.Hidden(tx.now) {
				continue
			}
			if err != nil {
				return err
			}
			if err := saveState(ctx, tx, old, q); err != nil {
				return err
			}
			if _, err := tx.addEvent(ctx, quoteEvent(xunjia.QuoteRefused, q, by)); err != nil {
				return err
			}
			refused++
		}
		return nil
	})
	if err != nil {
		return 0, err
	}
	return refused, nil
}

// saveState writes what an answer changes, if the quote still is what it was.
func saveState(ctx context.Context, tx *tx, old, q xunjia.Quote) error {
	n, err := exec(ctx, tx, sq.Update("quote").SetMap(stateColumns(q)).
		Where(sq.Eq{"id": old.ID, "state": old.State, "revision": old.Revision}))
	if err == nil && n == 0 {
		err = errQuoteChanged()
	}
	return err
}
