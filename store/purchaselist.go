package store

import (
	"context"
	"strconv"
	"strings"
	"time"

	sq "github.com/Masterminds/squirrel"

	"github.com/xunjia/xunjia"
)

// OpenPurchases lists the purchases that suppliers can quote on now, newest
// first. Lines come with their first image only, as in every list.
func (s *Store) OpenPurchases(ctx context.Context, page xunjia.Page) (xunjia.List[xunjia.Purchase], error) {
	// The sum keeps the server from reading the index of deadlines and sorting
	// everything that is open.
	return s.purchases(ctx, page, selectPurchases().Where("deadline + 0 > ?", millis(s.now())), pin{"status", xunjia.WaitingForQuote})
}

// PurchasesOf lists what the buyer published, newest first.
func (s *Store) PurchasesOf(ctx context.Context, buyerID int64, page xunjia.Page) (xunjia.List[xunjia.Purchase], error) {
	return s.purchases(ctx, page, selectPurchases(), pin{"buyer_id", buyerID})
}

func (s *Store) purchases(ctx context.Context, page xunjia.Page, q sq.SelectBuilder, by pin) (list xunjia.List[xunjia.Purchase], err error) {
	k, err := newKeyset(page)
	if err != nil {
		return list, err
	}
	rows, err := all(ctx, s.db, k.apply(q, s.dialect, "published_at", "id", by), scanPurchase)
	if err != nil {
		return list, err
	}
	list = cut(k, rows, purchaseKey)
	return list, s.addLines(ctx, list.Items, false)
}

func purchaseKey(p xunjia.Purchase) (time.Time, int64) { return p.PublishedAt, p.ID }

// OpenPurchasesFollowedBy lists the open purchases with a line in a
// category that the user follows, newest first.
func (s *Store) OpenPurchasesFollowedBy(ctx context.Context, userID int64, page xunjia.Page) (list xunjia.List[xunjia.Purchase], err error) {
	k, err := newKeyset(page)
	if err != nil {
		return list, err
	}
	categories, err := s.FollowedCategories(ctx, userID)
	if err != nil || len(categories) == 0 {
		return list, err
	}
	// Each category's newest lines come from an index; merging them costs the
	// same however many lines there are. One query over all of the categories
	// would sort everything open in them.
	now := millis(s.now())
	var union strings.Builder
	var args []any
	for i, c := range categories {
		q, values, err := k.apply(sq.Select("DISTINCT category_id", "status", "published_at", "purchase_id").
			From("purchase_line").Where("deadline + 0 > ?", now), s.dialect, "published_at", "purchase_id",
			pin{"category_id", c}, pin{"status", xunjia.WaitingForQuote}).ToSql()
		if err != nil {
			return list, err
		}
		if i > 0 {
			union.WriteString(" UNION ALL ")
		}
		union.WriteString("SELECT published_at, purchase_id FROM (" + q + ") AS c" + strconv.Itoa(i))
		args = append(args, values...)
	}
	ids, err := all(ctx, s.db, statement{"SELECT purchase_id FROM (" + union.String() + ") AS u" +
		" GROUP BY published_at, purchase_id ORDER BY published_at DESC, purchase_id DESC" +
		" LIMIT " + strconv.Itoa(k.limit+1), args}, scanInt)
	if err != nil || len(ids) == 0 {
		return list, err
	}
	rows, err := all(ctx, s.db, selectPurchases().Where(sq.Eq{"id": ids}).OrderBy("published_at DESC", "id DESC"), scanPurchase)
	if err != nil {
		return list, err
	}
	list = cut(k, rows, purchaseKey)
	return list, s.addLines(ctx, list.Items, false)
}
