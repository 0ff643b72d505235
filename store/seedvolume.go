package store

import (
	"context"
	"fmt"
	"time"

	sq "github.com/Masterminds/squirrel"

	"github.com/xunjia/xunjia"
)

// SeedVolume adds very many purchases of one or two lines each, spread over
// three years up to now, with quotes for the first line and their
// notifications: a benchmark's load. It adds the sample data first and uses
// their people; quotes per purchase are at most as many as they. Nobody else
// may write meanwhile: it chooses the ids itself.
func (s *Store) SeedVolume(ctx context.Context, purchases, quotes int) error {
	if _, err := s.Seed(ctx, nil); err != nil {
		return err
	}
	v := volume{total: purchases}
	var err error
	if v.goods, err = all(ctx, s.db, selectCategories().Where(sq.NotEq{"units": "[]"}).OrderBy("id"), scanCategory); err != nil {
		return err
	}
	if v.users, err = all(ctx, s.db, selectUsers().Where(sq.NotEq{"registered_at": 0}).OrderBy("id").Limit(100), scanUser); err != nil {
		return err
	}
	v.quotes = min(quotes, len(v.users)-1)
	for table, id := range map[string]*int64{"purchase": &v.purchase, "purchase_line": &v.line, "quote": &v.quote} {
		if *id, err = one(ctx, s.db, sq.Select("COALESCE(MAX(id), 0)").From(table), scanInt); err != nil {
			return err
		}
	}
	const batch = 1000 // purchases in a transaction, which TiDB wants small
	for from := 0; from < purchases; from += batch {
		// A copy, so that a second try makes the same rows.
		part := v
		err := s.runTx(ctx, func(tx *tx) error {
			part = v
			return part.add(ctx, tx, from, min(from+batch, purchases))
		})
		if err != nil {
			return err
		}
		v = part
	}
	return nil
}

// volume makes rows; the ids are the highest ones used so far.
type volume struct {
	goods                 []xunjia.Category
	users                 []xunjia.User
	total, quotes         int
	purchase, line, quote int64
}

// columns of the tables that volume fills, in the order of its rows.
func volumeColumns() map[string][]string {
	return map[string][]string{
		"purchase": {"id", "number", "buyer_id", "draft_key", "status", "version", "area", "invoice", "payment", "remark",
			"deadline", "reason", "quote_count", "view_count", "published_at", "ended_at"},
		"purchase_line": {"id", "purchase_id", "position", "category_id", "name", "spec", "quantity", "unit", "quality",
			"origin", "cap_price", "status", "quote_count", "published_at", "deadline"},
		"quote": {"id", "line_id", "purchase_id", "supplier_id", "price", "unit", "quality", "explanation", "state", "status",
			"message", "revision", "version", "created_at", "updated_at", "answered_at"},
		"notification": {"type", "status", "sender", "receiver", "title", "content", "text", "path", "created_at"},
	}
}

// add writes the purchases numbered from up to, not including, to.
func (v *volume) add(ctx context.Context, tx *tx, from, to int) error {
	rows := map[string][][]any{}
	for i := from; i < to; i++ {
		v.one(rows, tx.now, i)
	}
	for table, columns := range volumeColumns() {
		if err := insertRows(ctx, tx, table, columns, rows[table]); err != nil {
			return err
		}
	}
	return nil
}

func (v *volume) one(rows map[string][][]any, now time.Time, i int) {
	const span = 3 * 365 * 24 * time.Hour
	terms := []time.Duration{3, 7, 7, 15, 15, 30, 30, 30, 30, 365} // days
	published := now.Add(-span / time.Duration(v.total) * time.Duration(v.total-i))
	deadline := published.Add(terms[i%len(terms)] * 24 * time.Hour)
	status, ended := xunjia.WaitingForQuote, time.Time{}
	if !deadline.After(now) {
		status, ended = []xunjia.PurchaseStatus{xunjia.QuotingEnded, xunjia.Purchased, xunjia.Closed}[i%3], deadline
	}
	v.purchase++
	buyer := v.users[i%len(v.users)]
	rows["purchase"] = append(rows["purchase"], []any{v.purchase, fmt.Sprintf("%d9%08d", xunjia.Day(published), v.purchase%100_000_000),
		buyer.ID, fmt.Sprintf("volume-%d", v.purchase), status, 1, buyer.Area, "增值税专用发票", "货到付款", "压力测试数据", millis(deadline), "",
		v.quotes, i % 1000, millis(published), millis(ended)})
	first := v.line + 1
	for position := range 1 + i%2 {
		c := v.goods[(i*7919+position)%len(v.goods)]
		v.line++
		count := v.quotes
		if position > 0 {
			count = 0
		}
		rows["purchase_line"] = append(rows["purchase_line"], []any{v.line, v.purchase, position, c.ID, c.Name, c.Specs[0],
			int64(1+i%500) * 1000, c.Units[0], "无硫，过检，水分合格", c.Origins[0], 0, status, count, millis(published), millis(deadline)})
	}
	for k := range v.quotes {
		v.quote++
		supplier := v.users[(i+1+k)%len(v.users)]
		at := published.Add(time.Duration(k+1) * time.Minute)
		rows["quote"] = append(rows["quote"], []any{v.quote, first, v.purchase, supplier.ID, 1000 + (i*31+k*17)%50_000,
			v.goods[(i*7919)%len(v.goods)].Units[0], "好货", "现货", xunjia.Pending, xunjia.DefaultQuote, "", 1, 1,
			millis(at), millis(at), 0})
		rows["notification"] = append(rows["notification"], []any{xunjia.PurchasingNotice, xunjia.Unread, supplier.ID, buyer.ID, "收到报价",
			fmt.Sprint(first), "压力测试数据", xunjia.PurchasePath(v.purchase), millis(at)})
	}
}
