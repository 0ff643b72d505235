package store

import (
	"context"
	"time"

	sq "github.com/Masterminds/squirrel"

	"github.com/xunjia/xunjia"
)

// changePurchase locks a purchase with its lines and the user, lets change
// write what it wants, and answers the purchase afterwards.
func (s *Store) changePurchase(ctx context.Context, id, by int64, change func(*tx, xunjia.Purchase, []xunjia.Line, xunjia.User) error) (xunjia.Purchase, error) {
	err := s.runTx(ctx, func(tx *tx) error {
		p, err := s.lockPurchase(ctx, tx, id)
		if err != nil {
			return err
		}
		u, err := active(ctx, tx, by)
		if err != nil {
			return err
		}
		lines, err := s.lockLines(ctx, tx, id)
		if err != nil {
			return err
		}
		return change(tx, p, lines, u)
	})
	if err != nil {
		return xunjia.Purchase{}, err
	}
	return s.Purchase(ctx, id)
}

func (s *Store) lockLines(ctx context.Context, tx *tx, purchaseID int64) ([]xunjia.Line, error) {
	return all(ctx, tx, selectLines().Where(sq.Eq{"purchase_id": purchaseID}).OrderBy("position").Suffix(s.dialect.forUpdate()), scanLine)
}

// ClosePurchase ends a purchase without a result; everybody who quoted is told
// the reason. See Purchase.CanClose and CheckReason for the rules.
func (s *Store) ClosePurchase(ctx context.Context, id, by int64, reason string) (xunjia.Purchase, error) {
	reason, err := xunjia.CheckReason(reason)
	if err != nil {
		return xunjia.Purchase{}, err
	}
	return s.changePurchase(ctx, id, by, func(tx *tx, p xunjia.Purchase, _ []xunjia.Line, u xunjia.User) error {
		if err := p.CanClose(u); err != nil {
			return err
		}
		return closePurchase(ctx, tx, p, reason, by)
	})
}

// ClosePurchaseByStaff closes a purchase that breaks the rules of the site. It
// is audited.
func (s *Store) ClosePurchaseByStaff(ctx context.Context, id, staffID int64, reason string) error {
	reason, err := xunjia.CheckReason(reason)
	if err != nil {
		return err
	}
	return s.runTx(ctx, func(tx *tx) error {
		p, err := s.lockPurchase(ctx, tx, id)
		if err != nil {
			return err
		}
		if _, err := p.Status.After(xunjia.Close); err != nil {
			return err
		}
		if err := closePurchase(ctx, tx, p, reason, 0); err != nil {
			return err
		}
		return tx.audit(ctx, xunjia.Audit{Staff: staffID, Action: "purchase.close", Target: p.Number, Detail: reason})
	})
}

// closePurchase closes a locked purchase and those of its lines that are not
// settled; they have no reason of their own, so that they open again with it.
func closePurchase(ctx context.Context, tx *tx, p xunjia.Purchase, reason string, by int64) error {
	if err := setStatus(ctx, tx, p, xunjia.Closed, endOf(p, tx.now), reason); err != nil {
		return err
	}
	if _, err := exec(ctx, tx, sq.Update("purchase_line").Set("status", xunjia.Closed).
		Where(sq.Eq{"purchase_id": p.ID, "status": []xunjia.PurchaseStatus{xunjia.WaitingForQuote, xunjia.QuotingEnded}})); err != nil {
		return err
	}
	_, err := tx.addEvent(ctx, xunjia.Event{Kind: xunjia.PurchaseClosed, Actor: by, PurchaseID: p.ID})
	return err
}

// endOf is when quoting ended: at the deadline if that has passed, now if not,
// or as it is written.
func endOf(p xunjia.Purchase, now time.Time) time.Time {
	switch {
	case !p.EndedAt.IsZero():
		return p.EndedAt
	case now.Before(p.Deadline):
		return now
	}
	return p.Deadline
}

// setStatus moves a purchase if it still has the status that was read.
func setStatus(ctx context.Context, tx *tx, p xunjia.Purchase, status xunjia.PurchaseStatus, ended time.Time, reason string) error {
	n, err := exec(ctx, tx, sq.Update("purchase").Set("status", status).Set("ended_at", millis(ended)).Set("reason", reason).
		Where(sq.Eq{"id": p.ID, "status": p.Status}))
	if err == nil && n == 0 {
		err = xunjia.Errorf(xunjia.Conflict, "采购单刚刚有变化，请刷新后再试")
	}
	return err
}

// CloseLine closes one line; who quoted on it is told the reason. With its last
// line the purchase is settled, see Purchase.SettledBy.
func (s *Store) CloseLine(ctx context.Context, lineID, by int64, reason string) (xunjia.Purchase, error) {
	reason, err := xunjia.CheckReason(reason)
	if err != nil {
		return xunjia.Purchase{}, err
	}
	id, err := s.purchaseIDOfLine(ctx, lineID)
	if err != nil {
		return xunjia.Purchase{}, err
	}
	return s.changePurchase(ctx, id, by, func(tx *tx, p xunjia.Purchase, lines []xunjia.Line, u xunjia.User) error {
		if err := p.CanClose(u); err != nil {
			return err
		}
		for i, l := range lines {
			if l.ID != lineID {
				continue
			}
			if lines[i], err = l.Closed(reason); err != nil {
				return err
			}
			if _, err := exec(ctx, tx, sq.Update("purchase_line").Set("status", lines[i].Status).Set("reason", reason).
				Where(sq.Eq{"id": l.ID, "status": l.Status})); err != nil {
				return err
			}
		}
		if status, settled := p.SettledBy(lines); settled {
			if err := setStatus(ctx, tx, p, status, endOf(p, tx.now), reason); err != nil {
				return err
			}
		}
		_, err := tx.addEvent(ctx, xunjia.Event{Kind: xunjia.LineClosed, Actor: by, PurchaseID: id, LineID: lineID})
		return err
	})
}

// ExtendPurchase puts the deadline off; everybody who quoted is told. See
// Purchase.CanExtend for the rule.
func (s *Store) ExtendPurchase(ctx context.Context, id, by int64, deadline time.Time) (xunjia.Purchase, error) {
	return s.changePurchase(ctx, id, by, func(tx *tx, p xunjia.Purchase, _ []xunjia.Line, u xunjia.User) error {
		if err := p.CanExtend(u, deadline, tx.now); err != nil {
			return err
		}
		n, err := exec(ctx, tx, sq.Update("purchase").Set("deadline", millis(deadline)).Where(sq.Eq{"id": id, "status": xunjia.WaitingForQuote}))
		if err != nil {
			return err
		}
		if n == 0 {
			return xunjia.Errorf(xunjia.Conflict, "采购单刚刚有变化，请刷新后再试")
		}
		if _, err := exec(ctx, tx, sq.Update("purchase_line").Set("deadline", millis(deadline)).Where(sq.Eq{"purchase_id": id})); err != nil {
			return err
		}
		_, err = tx.addEvent(ctx, xunjia.Event{Kind: xunjia.PurchaseExtended, Actor: by, PurchaseID: id})
		return err
	})
}

// ReopenPurchase lets suppliers quote again, until a new deadline, on the lines
// that were not settled by themselves; everybody who quoted is told. See
// Purchase.CanReopen and Line.Reopens for the rules; it is a Conflict when no
// line is left.
func (s *Store) ReopenPurchase(ctx context.Context, id, by int64, deadline time.Time) (xunjia.Purchase, error) {
	return s.changePurchase(ctx, id, by, func(tx *tx, p xunjia.Purchase, lines []xunjia.Line, u xunjia.User) error {
		if err := p.CanReopen(u, deadline, tx.now); err != nil {
			return err
		}
		var ids []int64
		for _, l := range lines {
			if l.Reopens() || p.Status == xunjia.WaitingForQuote && l.Status == xunjia.WaitingForQuote {
				ids = append(ids, l.ID)
			}
		}
		if len(ids) == 0 {
			return xunjia.Errorf(xunjia.Conflict, "没有可以重新开放的品种，请复制一份重新发布")
		}
		if p.Status == xunjia.WaitingForQuote { // the clock's job has not come by yet
			p.Status = xunjia.QuotingEnded
			if _, err := exec(ctx, tx, sq.Update("purchase").Set("status", p.Status).Where(sq.Eq{"id": id, "status": xunjia.WaitingForQuote})); err != nil {
				return err
			}
		}
		if err := setStatus(ctx, tx, p, xunjia.WaitingForQuote, time.Time{}, ""); err != nil {
			return err
		}
		if _, err := exec(ctx, tx, sq.Update("purchase").Set("deadline", millis(deadline)).Where(sq.Eq{"id": id})); err != nil {
			return err
		}
		if _, err := exec(ctx, tx, sq.Update("purchase_line").Set("status", xunjia.WaitingForQuote).Where(sq.Eq{"id": ids})); err != nil {
			return err
		}
		if _, err := exec(ctx, tx, sq.Update("purchase_line").Set("deadline", millis(deadline)).Where(sq.Eq{"purchase_id": id})); err != nil {
			return err
		}
		if err := resumeRounds(ctx, tx, id); err != nil {
			return err
		}
		_, err := tx.addEvent(ctx, xunjia.Event{Kind: xunjia.PurchaseReopened, Actor: by, PurchaseID: id})
		return err
	})
}
