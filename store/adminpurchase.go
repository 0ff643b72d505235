package store

import (
	"context"
	"database/sql"
	"errors"
	"time"

	sq "github.com/Masterminds/squirrel"

	"github.com/xunjia/xunjia"
)

// PurchaseFilter is what staff looks for. Zero fields do not matter.
type PurchaseFilter struct {
	Number string // its beginning
	Phone  xunjia.Phone
	Status *xunjia.PurchaseStatus // now, by the one clock of Purchase.StatusAt
}

// PurchasesForStaff lists every purchase that the filter lets through, newest
// first.
func (s *Store) PurchasesForStaff(ctx context.Context, f PurchaseFilter, page xunjia.Page) (list xunjia.List[xunjia.Purchase], err error) {
	k, err := newKeyset(page)
	if err != nil {
		return list, err
	}
	q, now := selectPurchases(), millis(s.now())
	var pins []pin
	if f.Phone != "" {
		buyer, err := one(ctx, s.db, sq.Select("id").From("users").Where(sq.Eq{"phone": f.Phone}), scanInt)
		if errors.Is(err, sql.ErrNoRows) {
			return list, nil
		}
		if err != nil {
			return list, err
		}
		pins = append(pins, pin{"buyer_id", buyer})
	}
	if f.Number != "" {
		q = q.Where(sq.Like{"number": likeText(f.Number) + "%"})
	}
	if f.Status != nil {
		switch *f.Status {
		case xunjia.WaitingForQuote:
			q = q.Where("deadline + 0 > ?", now)
			fallthrough
		case xunjia.Closed, xunjia.Purchased:
			if len(pins) == 0 {
				pins = append(pins, pin{"status", *f.Status})
			} else {
				q = q.Where(sq.Eq{"status": *f.Status})
			}
		default: // by the clock or by its job
			q = q.Where(sq.Or{sq.Eq{"status": xunjia.QuotingEnded}, sq.And{sq.Eq{"status": xunjia.WaitingForQuote}, sq.Expr("deadline + 0 <= ?", now)}})
		}
	}
	rows, err := all(ctx, s.db, k.apply(q, s.dialect, "published_at", "id", pins...), scanPurchase)
	if err != nil {
		return list, err
	}
	list = cut(k, rows, func(p xunjia.Purchase) (time.Time, int64) { return p.PublishedAt, p.ID })
	return list, s.addLines(ctx, list.Items, false)
}
