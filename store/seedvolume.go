package store

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"time"

	sq "github.com/Masterminds/squirrel"

	"github.com/xunjia/xunjia"
)

// volumeBatch is how many purchases a transaction holds, which TiDB wants small.
const volumeBatch = 1000

// SeedVolume adds very many purchases of one to three lines each, spread over
// three years up to now, each with the given number of quotes, and one
// notification: the load of a benchmark. It adds the sample data first and as
// many made-up people as such a market has; their names begin with 压测. Quotes
// per purchase are at most as many as they. Nobody else may write meanwhile: it
// chooses the ids itself. progress, unless nil, is told after every thousand how
// many purchases there are.
func (s *Store) SeedVolume(ctx context.Context, purchases, quotes int, progress func(done int)) error {
	if _, err := s.Seed(ctx, nil); err != nil {
		return err
	}
	v, err := s.newVolume(ctx, purchases)
	if err != nil {
		return err
	}
	v.quotes = min(quotes, len(v.samples)+len(v.people)-1)
	begin, end := s.dialect.bulk()
	if err := s.pragmas(ctx, begin); err != nil {
		return err
	}
	return errors.Join(s.addVolume(ctx, v, purchases, progress), s.pragmas(context.WithoutCancel(ctx), end))
}

// pragmas changes the writer's connection; on SQLite it has only one.
func (s *Store) pragmas(ctx context.Context, list []string) error {
	for _, p := range list {
		if _, err := s.writer.ExecContext(ctx, p); err != nil {
			return fmt.Errorf("store: %s: %w", p, err)
		}
	}
	return nil
}

func (s *Store) addVolume(ctx context.Context, v volume, purchases int, progress func(done int)) error {
	for from := 0; from < purchases; from += volumeBatch {
		to := min(from+volumeBatch, purchases)
		// A copy, so that a second try makes the same rows.
		part := v
		err := s.runTx(ctx, func(tx *tx) error {
			part = v
			return part.add(ctx, tx, from, to)
		})
		if err != nil {
			return err
		}
		v = part
		if progress != nil {
			progress(to)
		}
	}
	return nil
}

// newVolume learns what is there already.
func (s *Store) newVolume(ctx context.Context, purchases int) (v volume, err error) {
	v.total, v.areas = purchases, volumeAreas()
	if v.goods, err = all(ctx, s.db, selectCategories().Where(sq.NotEq{"units": "[]"}).OrderBy("id"), scanCategory); err != nil {
		return v, err
	}
	if v.samples, err = all(ctx, s.db, selectUsers().Where(sq.NotEq{"registered_at": 0}).
		Where(sq.Lt{"phone": volumePhone(0)}).OrderBy("id").Limit(50), scanUser); err != nil {
		return v, err
	}
	if v.people, err = s.seedVolumePeople(ctx, min(max(purchases/500, 20), 2000), v.goods, v.areas); err != nil {
		return v, err
	}
	for table, id := range map[string]*int64{"purchase": &v.purchase, "purchase_line": &v.line, "quote": &v.quote} {
		if *id, err = one(ctx, s.db, sq.Select("COALESCE(MAX(id), 0)").From(table), scanInt); err != nil {
			return v, err
		}
	}
	return v, nil
}

// volumePhone is the number of a made-up person, above those of the samples.
func volumePhone(n int) xunjia.Phone { return xunjia.Phone(fmt.Sprintf("1991%07d", n)) }

// seedVolumePeople adds people until there are as many as wanted, and answers
// them. Each follows a few categories.
func (s *Store) seedVolumePeople(ctx context.Context, wanted int, goods []xunjia.Category, areas []xunjia.Area) (people []xunjia.User, err error) {
	err = s.runTx(ctx, func(tx *tx) error {
		find := func() (err error) {
			people, err = all(ctx, tx, selectUsers().Where(sq.GtOrEq{"phone": volumePhone(0)}).
				Where(sq.Lt{"phone": volumePhone(wanted)}).OrderBy("phone"), scanUser)
			return err
		}
		if err := find(); err != nil {
			return err
		}
		old := len(people)
		var rows, follows [][]any
		registered := millis(tx.now.Add(-4 * 365 * 24 * time.Hour))
		for n := old; n < wanted; n++ {
			rows = append(rows, []any{volumePhone(n), 1 + n%10, fmt.Sprintf("压测药商%04d", n+1), areas[n*31%len(areas)], 0, registered, registered})
		}
		if err := insertRows(ctx, tx, "users", []string{"phone", "kind", "name", "area", "disabled", "created_at", "registered_at"}, rows); err != nil {
			return err
		}
		if err := find(); err != nil {
			return err
		}
		for n, u := range people[old:] {
			for k := range min(5, len(goods)) {
				follows = append(follows, []any{u.ID, goods[(n+k*13)%len(goods)].ID})
			}
		}
		return insertRows(ctx, tx, "user_category", []string{"user_id", "category_id"}, follows)
	})
	return people, err
}

// volumeAreas lists every county.
func volumeAreas() (counties []xunjia.Area) {
	for _, province := range xunjia.Area("").Children() {
		for _, city := range province.Children() {
			counties = append(counties, city.Children()...)
		}
	}
	return counties
}

// volume makes rows; the ids are the highest ones used so far.
type volume struct {
	goods                 []xunjia.Category
	samples, people       []xunjia.User
	areas                 []xunjia.Area
	total, quotes         int
	purchase, line, quote int64
}

// columns of the tables that volume fills, in the order of its rows.
func volumeColumns() map[string][]string {
	return map[string][]string{
		"purchase": {"id", "number", "buyer_id", "draft_key", "status", "version", "area", "mode", "invoice", "payment", "remark",
			"deadline", "reason", "quote_count", "view_count", "published_at", "ended_at"},
		"purchase_line": {"id", "purchase_id", "position", "category_id", "name", "spec", "quantity", "unit", "quality",
			"origin", "cap_price", "status", "quote_count", "published_at", "deadline", "area", "mode"},
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

// volumeActive is how many made-up people are about at a time: few enough for
// the ends of their parts of the indexes to stay in memory.
const volumeActive = 100

// person is somebody who is about when purchase i is published.
func (v *volume) person(i, n int) xunjia.User {
	active := min(volumeActive, len(v.people))
	if n %= len(v.samples) + active; n < len(v.samples) {
		return v.samples[n]
	}
	return v.people[(i/volumeBatch*volumeActive+n-len(v.samples))%len(v.people)]
}

// category prefers the first ones, as a market does.
func (v *volume) category(r *rand.Rand) xunjia.Category {
	f := r.Float64()
	return v.goods[int(f*f*f*float64(len(v.goods)))]
}

// usualPrice is a category's price per unit: from 3 to 300 yuan.
func usualPrice(c xunjia.Category) float64 {
	h := fnv.New32a()
	h.Write([]byte(c.Name))
	price := 300.0
	for n := h.Sum32() % 100; n >= 5; n -= 5 {
		price *= 1.27
	}
	return price
}

// place is a market for a half of all purchases.
func (v *volume) place(r *rand.Rand) xunjia.Area {
	markets := []xunjia.Area{"341602", "341602", "341602", "130683", "510106", "341600", "450902"}
	if n := r.IntN(2 * len(markets)); n < len(markets) {
		return markets[n]
	}
	return v.areas[r.IntN(len(v.areas))]
}

func (v *volume) one(rows map[string][][]any, now time.Time, i int) {
	const span = 3 * 365 * 24 * time.Hour
	r := rand.New(rand.NewPCG(uint64(i), uint64(v.total)))         // #nosec G404 -- the same rows on every run
	terms := []time.Duration{3, 7, 7, 15, 15, 30, 30, 30, 30, 365} // days
	published := now.Add(-span / time.Duration(v.total) * time.Duration(v.total-i))
	deadline := published.Add(terms[r.IntN(len(terms))]*24*time.Hour + time.Duration(r.IntN(600))*time.Minute)
	status, ended := xunjia.WaitingForQuote, time.Time{}
	switch n := r.IntN(20); {
	case !deadline.After(now):
		status, ended = []xunjia.PurchaseStatus{xunjia.QuotingEnded, xunjia.Purchased, xunjia.Purchased, xunjia.Closed}[n%4], deadline
	case n == 0:
		status, ended = xunjia.Closed, now
	}
	mode := xunjia.OpenMode
	switch n := r.IntN(100); {
	case n < 3:
		mode = xunjia.InvitedMode
	case n < 8:
		mode = xunjia.SealedMode
	}
	v.purchase++
	who := r.IntN(1 << 20)
	buyer, area := v.person(i, who), v.place(r)
	counted := v.lines(rows, r, volumePurchase{id: v.purchase, i: i, who: who, buyer: buyer, area: area, mode: mode, status: status, published: published, deadline: deadline})
	rows["purchase"] = append(rows["purchase"], []any{v.purchase, fmt.Sprintf("%d9%08d", xunjia.Day(published), v.purchase%100_000_000),
		buyer.ID, fmt.Sprintf("volume-%d", v.purchase), status, 1, area, mode, "增值税专用发票", "货到付款", "压力测试数据", millis(deadline), "",
		counted, i % 1000, millis(published), millis(ended)})
}

// volumePurchase is what lines and quotes need of their purchase.
type volumePurchase struct {
	id                  int64
	i, who              int
	buyer               xunjia.User
	area                xunjia.Area
	mode                xunjia.PurchaseMode
	status              xunjia.PurchaseStatus
	published, deadline time.Time
}

// lines adds the lines of a purchase with their quotes and counts those that
// stand.
func (v *volume) lines(rows map[string][][]any, r *rand.Rand, p volumePurchase) (counted int) {
	lines := []int{1, 1, 1, 1, 1, 1, 2, 2, 2, 3}[r.IntN(10)]
	for position := range lines {
		c := v.category(r)
		v.line++
		capPrice := 0
		if r.IntN(5) < 2 {
			capPrice = int(usualPrice(c) * (1 + 0.3*r.Float64()))
		}
		standing := 0
		for k := range v.quotes {
			if k%lines == position && v.offer(rows, r, p, c, k) {
				standing++
			}
		}
		counted += standing
		rows["purchase_line"] = append(rows["purchase_line"], []any{v.line, p.id, position, c.ID, c.Name, c.Specs[r.IntN(len(c.Specs))],
			int64(1+r.IntN(500)) * 1000, c.Units[0], "无硫，过检，水分合格", c.Origins[r.IntN(len(c.Origins))], capPrice, p.status, standing,
			millis(p.published), millis(p.deadline), p.area, p.mode})
	}
	return counted
}

// offer adds quote k of a purchase for its newest line and tells whether it
// stands.
func (v *volume) offer(rows map[string][][]any, r *rand.Rand, p volumePurchase, c xunjia.Category, k int) bool {
	v.quote++
	supplier := v.person(p.i, p.who+1+k)
	at := p.published.Add(time.Duration(k+1) * p.deadline.Sub(p.published) / time.Duration(v.quotes+1) / 4)
	state, status, message, answered := xunjia.Pending, xunjia.DefaultQuote, "", time.Time{}
	switch n := r.IntN(20); {
	case n == 0:
		state = xunjia.Withdrawn
	case p.status == xunjia.Purchased && k == 0:
		state, status, message = xunjia.Accepted, xunjia.SuccessfulQuote, "请尽快发货"
	case p.status == xunjia.Purchased:
		state = xunjia.NotChosen
	case n < 4:
		state, message = xunjia.Refused, "价格偏高"
	}
	if state != xunjia.Pending && state != xunjia.Withdrawn {
		answered = at.Add(time.Hour)
	}
	rows["quote"] = append(rows["quote"], []any{v.quote, v.line, p.id, supplier.ID, int(usualPrice(c) * (0.85 + 0.35*r.Float64())),
		c.Units[0], "好货", "现货", state, status, message, 1, 1, millis(at), millis(at), millis(answered)})
	if k == 0 {
		rows["notification"] = append(rows["notification"], []any{xunjia.PurchasingNotice, xunjia.Unread, supplier.ID, p.buyer.ID, "收到报价",
			fmt.Sprint(v.line), "压力测试数据", xunjia.PurchasePath(p.id), millis(at)})
	}
	return state != xunjia.Withdrawn
}
