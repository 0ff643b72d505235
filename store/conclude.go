package store

import (
	"context"
	"slices"

	sq "github.com/Masterminds/squirrel"

	"github.com/xunjia/xunjia"
)

// ConcludeLine finishes a line of which something was accepted: what nobody
// answered is not chosen, and everybody who quoted hears how it ended. It is
// NotFound for strangers, Forbidden for members who may not, Conflict when
// nothing was accepted or it is settled already.
func (s *Store) ConcludeLine(ctx context.Context, lineID, by int64) (xunjia.Purchase, error) {
	purchaseID, err := s.purchaseIDOfLine(ctx, lineID)
	if err != nil {
		return xunjia.Purchase{}, err
	}
	err = s.runTx(ctx, func(tx *tx) error {
		p, lines, err := s.lockToConclude(ctx, tx, purchaseID, by)
		if err != nil {
			return err
		}
		i := slices.IndexFunc(lines, func(l xunjia.Line) bool { return l.ID == lineID })
		if lines[i].Accepted == 0 {
			return errNothingAccepted()
		}
		return concludeLine(ctx, tx, p, lines[i], by)
	})
	if err != nil {
		return xunjia.Purchase{}, err
	}
	return s.Purchase(ctx, purchaseID)
}

// ConcludePurchase finishes every line that is not settled yet; those of which
// nothing was accepted are closed. It fails as ConcludeLine does.
func (s *Store) ConcludePurchase(ctx context.Context, id, by int64) (xunjia.Purchase, error) {
	err := s.runTx(ctx, func(tx *tx) error {
		p, lines, err := s.lockToConclude(ctx, tx, id, by)
		if err != nil {
			return err
		}
		if !slices.ContainsFunc(lines, func(l xunjia.Line) bool { return l.Accepted > 0 }) {
			return errNothingAccepted()
		}
		for _, l := range lines {
			if _, err := l.Concluded(); err != nil {
				continue // settled before
			}
			if err := concludeLine(ctx, tx, p, l, by); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return xunjia.Purchase{}, err
	}
	return s.Purchase(ctx, id)
}

func errNothingAccepted() error {
	return xunjia.Errorf(xunjia.Conflict, "还没有接受任何报价。不再采购的话，请关闭采购单")
}

func (s *Store) lockToConclude(ctx context.Context, tx *tx, id, by int64) (xunjia.Purchase, []xunjia.Line, error) {
	p, err := s.lockPurchase(ctx, tx, id)
	if err != nil {
		return p, nil, err
	}
	user, err := active(ctx, tx, by)
	if err != nil {
		return p, nil, err
	}
	if err := p.CanConclude(user, tx.now); err != nil {
		return p, nil, err
	}
	lines, err := all(ctx, tx, selectLines().Where(sq.Eq{"purchase_id": id}).OrderBy("position").Suffix(s.dialect.forUpdate()), scanLine)
	return p, lines, err
}

// concludeLine settles a line of a locked purchase, passes over what nobody
// answered, settles the purchase with its last line and writes the event. It is
// a Conflict when the line is settled already.
func concludeLine(ctx context.Context, tx *tx, p xunjia.Purchase, line xunjia.Line, by int64) error {
	status, err := line.Concluded()
	if err != nil {
		return err
	}
	u := sq.Update("purchase_line").Set("status", status)
	if status == xunjia.Closed { // by itself, so that it does not open again
		u = u.Set("reason", "采购已完成，没有接受这个品种的报价")
	}
	n, err := exec(ctx, tx, u.Where(sq.Eq{"id": line.ID, "status": line.Status}))
	if err != nil {
		return err
	}
	if n == 0 {
		return xunjia.Errorf(xunjia.Conflict, "这个品种刚刚有变化，请刷新后再试")
	}
	if err := passOver(ctx, tx, line.ID); err != nil {
		return err
	}
	if _, err := tx.addEvent(ctx, xunjia.Event{Kind: xunjia.LineConcluded, Actor: by, PurchaseID: p.ID, LineID: line.ID}); err != nil {
		return err
	}
	return concludeIfSettled(ctx, tx, p)
}

// passOver marks the pending quotes of a line as not chosen, in batches.
func passOver(ctx context.Context, tx *tx, lineID int64) error {
	to, err := xunjia.Pending.After(xunjia.PassOver)
	if err != nil {
		return err
	}
	ids, err := all(ctx, tx, sq.Select("id").From("quote").Where(sq.Eq{"line_id": lineID, "state": xunjia.Pending}).OrderBy("id"), scanInt)
	if err != nil {
		return err
	}
	for batch := range slices.Chunk(ids, 200) {
		if _, err := exec(ctx, tx, sq.Update("quote").Set("state", to).Set("answered_at", millis(tx.now)).
			Where(sq.Eq{"id": batch, "state": xunjia.Pending})); err != nil {
			return err
		}
	}
	return nil
}

// concludeIfSettled settles a purchase none of whose lines waits for anything:
// see Purchase.SettledBy.
func concludeIfSettled(ctx context.Context, tx *tx, p xunjia.Purchase) error {
	lines, err := all(ctx, tx, selectLines().Where(sq.Eq{"purchase_id": p.ID}), scanLine)
	if err != nil {
		return err
	}
	status, settled := p.SettledBy(lines)
	if !settled {
		return nil
	}
	return setStatus(ctx, tx, p, status, endOf(p, tx.now), "")
}
