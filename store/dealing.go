package store

import (
	"context"
	"database/sql"
	"errors"

	sq "github.com/Masterminds/squirrel"

	"github.com/xunjia/xunjia"
)

// dealTable is what lies on the table when somebody does something with a deal,
// all of it locked.
type dealTable struct {
	table
	deal xunjia.Deal
	side xunjia.Side // of who does it
}

// changeDeal locks a deal with all that it belongs to, asks change for its new
// state and writes it if the deal still is what change saw. It is NotFound for
// strangers and Forbidden for members who lack the right.
func (s *Store) changeDeal(ctx context.Context, id, by int64, right xunjia.Right, change func(*tx, dealTable) (xunjia.Deal, error)) (d xunjia.Deal, err error) {
	// Which purchase a deal belongs to never changes.
	purchaseID, err := one(ctx, s.db, sq.Select("purchase_id").From("deal").Where(sq.Eq{"id": id}), scanInt)
	if errors.Is(err, sql.ErrNoRows) {
		return d, errNoDeal()
	}
	if err != nil {
		return d, err
	}
	err = s.runTx(ctx, func(tx *tx) error {
		t, err := s.lockDeal(ctx, tx, id, purchaseID)
		if err != nil {
			return err
		}
		if t.by, err = active(ctx, tx, by); err != nil {
			return err
		}
		if t.side, err = t.deal.SideOf(t.by, right); err != nil {
			return err
		}
		if d, err = change(tx, t); err != nil {
			return err
		}
		return saveDeal(ctx, tx, t.deal, d)
	})
	if err != nil {
		return xunjia.Deal{}, err
	}
	return d, nil
}

// lockDeal locks in the order of every operation: purchase, line, quote, deal.
func (s *Store) lockDeal(ctx context.Context, tx *tx, id, purchaseID int64) (t dealTable, err error) {
	if t.purchase, err = s.lockPurchase(ctx, tx, purchaseID); err != nil {
		return t, err
	}
	// A draft is gone once its answer was undone; the purchase's lock keeps
	// this read true.
	d, err := one(ctx, tx, selectDeals().Where(sq.Eq{"id": id}), scanDeal)
	if errors.Is(err, sql.ErrNoRows) {
		return t, errNoDeal()
	}
	if err != nil {
		return t, err
	}
	lock := s.dialect.forUpdate()
	if t.line, err = one(ctx, tx, selectLines().Where(sq.Eq{"id": d.LineID}).Suffix(lock), scanLine); err != nil {
		return t, err
	}
	if t.quote, err = one(ctx, tx, selectQuotes().Where(sq.Eq{"id": d.QuoteID}).Suffix(lock), scanQuote); err != nil {
		return t, err
	}
	t.deal, err = one(ctx, tx, selectDeals().Where(sq.Eq{"id": id}).Suffix(lock), scanDeal)
	return t, err
}

func saveDeal(ctx context.Context, tx *tx, old, d xunjia.Deal) error {
	n, err := exec(ctx, tx, sq.Update("deal").SetMap(map[string]any{
		"state": d.State, "price": d.Price, "quantity": d.Quantity, "total": d.Total, "freight": d.Freight,
		"delivery_at": millis(d.DeliveryAt), "payment_at": millis(d.PaymentAt), "terms": d.Terms,
		"buyer_confirmed_at": millis(d.BuyerConfirmedAt), "supplier_confirmed_at": millis(d.SupplierConfirmedAt),
		"version": d.Version, "updated_at": millis(d.UpdatedAt), "concluded_at": millis(d.ConcludedAt),
		"completed_at": millis(d.CompletedAt), "cancel_side": d.CancelSide, "cancel_reason": d.CancelReason,
	}).Where(sq.Eq{"id": old.ID, "state": old.State, "version": old.Version}))
	if err == nil && n == 0 {
		err = xunjia.Errorf(xunjia.Conflict, "成交单刚刚有变化，请刷新后再试")
	}
	return err
}

func dealEvent(kind xunjia.EventKind, d xunjia.Deal, actor int64) xunjia.Event {
	return xunjia.Event{Kind: kind, Actor: actor, PurchaseID: d.PurchaseID, LineID: d.LineID, QuoteID: d.QuoteID, Subject: d.ID}
}

// ConfirmDeal says yes to the version of a deal that somebody saw. With the
// second side's yes the quote is successful, and the line is concluded once
// confirmed deals cover all that it asks for. See Deal.Confirmed for the rule.
func (s *Store) ConfirmDeal(ctx context.Context, id, by int64, version int) (xunjia.Deal, error) {
	return s.changeDeal(ctx, id, by, xunjia.Decide, func(tx *tx, t dealTable) (xunjia.Deal, error) {
		d, err := t.deal.Confirmed(t.side, version, tx.now)
		if err != nil {
			return d, err
		}
		if d.State == xunjia.ConfirmedDeal {
			if _, err := exec(ctx, tx, sq.Update("quote").Set("status", xunjia.SuccessfulQuote).
				Where(sq.Eq{"id": d.QuoteID, "state": xunjia.Accepted})); err != nil {
				return d, err
			}
			if err := concludeCovered(ctx, tx, t, by); err != nil {
				return d, err
			}
		}
		_, err = tx.addEvent(ctx, dealEvent(xunjia.DealConfirmed, d, by))
		return d, err
	})
}

// concludeCovered concludes the line when nothing of it is left to buy and no
// other deal of it still waits for a yes.
func concludeCovered(ctx context.Context, tx *tx, t dealTable, by int64) error {
	if !t.line.Covered() {
		return nil
	}
	open, err := one(ctx, tx, sq.Select("COUNT(*)").From("deal").Where(sq.Eq{"line_id": t.line.ID, "state": xunjia.DraftDeal}).
		Where(sq.NotEq{"id": t.deal.ID}), scanInt)
	if err != nil || open > 0 {
		return err
	}
	return concludeLine(ctx, tx, t.purchase, t.line, by)
}

// ChangeDeal changes a draft; both sides have to confirm it again, who changed
// it has. What it takes of the line changes with it, never beyond what the line
// asks for. See Deal.Changed for the rule.
func (s *Store) ChangeDeal(ctx context.Context, id, by int64, c xunjia.DealChange) (xunjia.Deal, error) {
	return s.changeDeal(ctx, id, by, xunjia.Decide, func(tx *tx, t dealTable) (xunjia.Deal, error) {
		d, err := t.deal.Changed(t.side, c, t.deal.Room(t.line, t.quote), tx.now)
		if err != nil {
			return d, err
		}
		takes := d.Unit.Quantity(d.Quantity, t.line.Unit)
		n, err := exec(ctx, tx, sq.Update("purchase_line").Set("accepted", sq.Expr("accepted + ?", takes-t.quote.Accepted)).
			Where(sq.Eq{"id": t.line.ID}).Where("accepted + ? <= quantity", takes-t.quote.Accepted))
		if err == nil && n == 0 {
			err = xunjia.FieldErrors{"quantity": "超过了采购单还需要的数量"}.Err()
		}
		if err != nil {
			return d, err
		}
		if _, err := exec(ctx, tx, sq.Update("quote").Set("accepted", takes).Where(sq.Eq{"id": d.QuoteID, "state": xunjia.Accepted})); err != nil {
			return d, err
		}
		if _, err := exec(ctx, tx, sq.Insert("deal_change").SetMap(map[string]any{"deal_id": d.ID, "version": d.Version, "side": t.side,
			"user_id": by, "changes": jsonList(t.deal.Diff(d)), "created_at": millis(tx.now)})); err != nil {
			return d, err
		}
		_, err = tx.addEvent(ctx, dealEvent(xunjia.DealChanged, d, by))
		return d, err
	})
}

// CancelDeal cancels a draft, or notes that a side wants a confirmed deal
// cancelled until the other one does as well. What the deal took of the line is
// free again, and the supplier may offer anew. See Deal.Cancelled for the rule.
func (s *Store) CancelDeal(ctx context.Context, id, by int64, reason string) (xunjia.Deal, error) {
	return s.changeDeal(ctx, id, by, xunjia.Decide, func(tx *tx, t dealTable) (xunjia.Deal, error) {
		d, off, err := t.deal.Cancelled(t.side, reason, tx.now)
		if err != nil {
			return d, err
		}
		if off {
			if err := callOff(ctx, tx, t, d.CancelReason); err != nil {
				return d, err
			}
		}
		_, err = tx.addEvent(ctx, dealEvent(xunjia.DealCancelled, d, by))
		return d, err
	})
}

func callOff(ctx context.Context, tx *tx, t dealTable, reason string) error {
	q, err := t.quote.CalledOff(reason, tx.now)
	if err != nil {
		return err
	}
	if err := saveState(ctx, tx, t.quote, q); err != nil {
		return err
	}
	n, err := exec(ctx, tx, sq.Update("purchase_line").Set("accepted", sq.Expr("accepted - ?", t.quote.Accepted)).
		Where(sq.Eq{"id": t.line.ID}).Where("accepted >= ?", t.quote.Accepted))
	if err == nil && n == 0 {
		err = errQuoteChanged()
	}
	return err
}

// KeepDeal ends the wait for the other side's agreement to a cancellation: the
// deal stays. See Deal.Kept for the rule.
func (s *Store) KeepDeal(ctx context.Context, id, by int64) (xunjia.Deal, error) {
	return s.changeDeal(ctx, id, by, xunjia.Decide, func(tx *tx, t dealTable) (xunjia.Deal, error) {
		d, err := t.deal.Kept(tx.now)
		if err != nil {
			return d, err
		}
		_, err = tx.addEvent(ctx, dealEvent(xunjia.DealKept, d, by))
		return d, err
	})
}

// CompleteDeal notes that the goods have come: see Deal.Completed for the rule.
func (s *Store) CompleteDeal(ctx context.Context, id, by int64) (xunjia.Deal, error) {
	return s.changeDeal(ctx, id, by, xunjia.Decide, func(tx *tx, t dealTable) (xunjia.Deal, error) {
		d, err := t.deal.Completed(t.side, tx.now)
		if err != nil {
			return d, err
		}
		_, err = tx.addEvent(ctx, dealEvent(xunjia.DealCompleted, d, by))
		return d, err
	})
}

// AddDealPhotos adds pictures of a side to a deal that is not cancelled: of the
// goods that were loaded or came, of papers. They are the user's own; more than
// MaxDealPhotos of a side are Invalid. The same picture twice is one.
func (s *Store) AddDealPhotos(ctx context.Context, id, by int64, photos []xunjia.Attachment) error {
	_, err := s.changeDeal(ctx, id, by, xunjia.Manage, func(tx *tx, t dealTable) (xunjia.Deal, error) {
		if t.deal.State == xunjia.CancelledDeal {
			return t.deal, xunjia.Errorf(xunjia.Conflict, "成交已取消，不能再上传照片")
		}
		have, err := all(ctx, tx, sq.Select("media").From("deal_attachment").Where(sq.Eq{"deal_id": id, "side": t.side}), scanString)
		if err != nil {
			return t.deal, err
		}
		own, err := s.useMedia(ctx, tx, mediaKeys(photos), sq.Eq{"owner_id": by})
		if err != nil {
			return t.deal, err
		}
		known := map[string]bool{}
		for _, key := range have {
			known[key] = true
		}
		for _, at := range photos {
			if known[at.Media] {
				continue
			}
			known[at.Media] = true
			if !own[at.Media] {
				return t.deal, xunjia.FieldErrors{"photos": "有图片已失效，请重新上传"}.Err()
			}
			if len(known) > xunjia.MaxDealPhotos {
				return t.deal, xunjia.FieldErrors{"photos": "最多上传 12 张照片"}.Err()
			}
			if _, err := exec(ctx, tx, sq.Insert("deal_attachment").SetMap(map[string]any{"deal_id": id, "side": t.side, "user_id": by,
				"media": at.Media, "type": at.Type, "created_at": millis(tx.now)})); err != nil && !isDuplicate(err) {
				return t.deal, err
			}
		}
		return t.deal, nil
	})
	return err
}

// RateDeal writes what a side says about the other; once for each side, a
// second time is a Conflict. See Deal.CanRate and Rating.Validate for the rules.
func (s *Store) RateDeal(ctx context.Context, id, by int64, r xunjia.Rating) error {
	if err := r.Validate(); err != nil {
		return err
	}
	_, err := s.changeDeal(ctx, id, by, xunjia.Decide, func(tx *tx, t dealTable) (xunjia.Deal, error) {
		if err := t.deal.CanRate(tx.now); err != nil {
			return t.deal, err
		}
		_, err := exec(ctx, tx, sq.Insert("deal_rating").SetMap(map[string]any{"deal_id": id, "side": t.side, "rater_id": by,
			"rated_id": t.deal.Partner(t.side), "stars": r.Stars, "comment": r.Comment, "created_at": millis(tx.now)}))
		if isDuplicate(err) {
			return t.deal, xunjia.Errorf(xunjia.Conflict, "您已经评价过这笔成交了")
		}
		if err != nil {
			return t.deal, err
		}
		_, err = tx.addEvent(ctx, dealEvent(xunjia.DealRated, t.deal, by))
		return t.deal, err
	})
	return err
}
