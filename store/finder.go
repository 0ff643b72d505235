package store

import (
	"context"
	"math"
	"strconv"
	"strings"

	sq "github.com/Masterminds/squirrel"

	"github.com/xunjia/xunjia"
)

// The values of the computed column listing, of a purchase and of a line.
const (
	listedOpen = 1
	listedOver = 2
)

// Bounds of the work for one part of a list.
const (
	maxScan    = 2000 // rows that are looked at; then the visitor decides whether to go on
	firstScan  = 100  // rows that are looked at before the first are compared
	maxSources = 48   // parts of an index that are merged
)

// finder looks for listed purchases. What an index knows chooses the candidates,
// in the order of the list; what no index knows is asked of the candidates, a
// bounded number of them for each part of the list. So a part costs the same
// whatever the table holds.
type finder struct {
	listing    int
	rising     bool         // the nearest deadline first, instead of the newest
	categories []int64      // a line in one of them; nil: in any
	area       xunjia.Area  // province or city; "": any
	purchase   []sq.Sqlizer // conditions on the purchase p
	line       []sq.Sqlizer // conditions on one and the same line l
	unquotedBy int64        // on one and the same line: the user has no quote for it; 0: does not matter
	without    []int64      // no open line in one of these categories
}

// found is a part of a list; with stopped the search ended before the list did,
// as enough was looked at for now, and Next goes on there.
type found struct {
	xunjia.List[xunjia.Purchase]
	stopped bool
}

// candidate is where a purchase stands in the list.
type candidate struct{ at, id int64 }

// source is a part of an index, in the order of the list.
type source struct {
	table, id string
	pins      []pin
}

// sources are the parts of the indexes whose merger holds every candidate.
func (f finder) sources() []source {
	place := func(pins ...pin) []pin {
		if f.area != "" && (!f.rising || len(pins) == 1) { // no index of lines has all three
			pins = append(pins, pin{"province", string(f.area[:2])})
		}
		return pins
	}
	if f.categories == nil || len(f.categories) > maxSources {
		return []source{{"purchase", "id", place(pin{"listing", f.listing})}}
	}
	list := make([]source, len(f.categories))
	for i, c := range f.categories {
		list[i] = source{"purchase_line", "purchase_id", place(pin{"category_id", c}, pin{"listing", f.listing})}
	}
	return list
}

// asksMore tells whether the sources alone do not decide.
func (f finder) asksMore() bool {
	return len(f.categories) > maxSources || len(f.purchase)+len(f.line)+len(f.without) > 0 || f.unquotedBy != 0 ||
		f.area != "" && (f.rising || f.area.Province() != f.area)
}

// find reads a part of the list.
func (s *Store) find(ctx context.Context, f finder, page xunjia.Page) (list found, err error) {
	k, err := newKeyset(page)
	if err != nil {
		return list, err
	}
	if f.categories != nil && len(f.categories) == 0 {
		return list, nil
	}
	now := millis(s.now())
	k.rising = f.rising
	if f.rising && f.listing == listedOpen && k.at <= now { // begins after what is over by now
		k.at, k.id = now, math.MaxInt64
	}
	step, scanned := k.limit+1, 0
	if f.asksMore() {
		step = max(step, firstScan)
	}
	var hits []candidate
	next := k
	for {
		step = min(step, maxScan-scanned)
		part, err := s.candidates(ctx, f, next, step, now)
		if err != nil {
			return list, err
		}
		scanned += len(part)
		matching, err := s.matching(ctx, f, part)
		if err != nil {
			return list, err
		}
		hits = append(hits, matching...)
		if len(part) < step || len(hits) > k.limit {
			break
		}
		next.at, next.id = part[len(part)-1].at, part[len(part)-1].id
		if scanned >= maxScan {
			list.stopped, list.Next = true, next.cursor()
			break
		}
		step *= 3
	}
	if len(hits) > k.limit {
		hits = hits[:k.limit]
		k.at, k.id = hits[k.limit-1].at, hits[k.limit-1].id
		list.stopped, list.Next = false, k.cursor()
	}
	list.Items, err = s.purchasesOf(ctx, hits)
	return list, err
}

// candidates reads the next n rows of the merged sources.
func (s *Store) candidates(ctx context.Context, f finder, k keyset, n int, now int64) ([]candidate, error) {
	q, err := f.statement(s.dialect, k, n, now)
	if err != nil {
		return nil, err
	}
	return all(ctx, s.db, q, func(row scanner) (c candidate, err error) {
		err = row.Scan(&c.at, &c.id)
		return c, err
	})
}

// statement merges the sources after the place k: their next n rows, each of
// time and id.
func (f finder) statement(d dialect, k keyset, n int, now int64) (statement, error) {
	at, order := "published_at", " DESC"
	if f.rising {
		at, order = "deadline", ""
	}
	k.limit = n - 1 // apply asks for one more
	var union strings.Builder
	var args []any
	for i, from := range f.sources() {
		// Two lines of a purchase can be of one category. The pinned columns are
		// named so that the server finds the distinct ones by the index.
		columns := []string{at, from.id}
		for _, p := range from.pins {
			columns = append(columns, p.column)
		}
		q := sq.Select(columns...).From(from.table)
		if from.table != "purchase" {
			q = q.Distinct()
		}
		if f.listing == listedOpen && !f.rising {
			// The sum keeps the server from reading the index of deadlines and
			// sorting everything that is open.
			q = q.Where("deadline + 0 > ?", now)
		}
		text, values, err := k.apply(q, d, at, from.id, from.pins...).ToSql()
		if err != nil {
			return statement{}, err
		}
		if i > 0 {
			union.WriteString(" UNION ALL ")
		}
		union.WriteString("SELECT " + at + " AS at, " + from.id + " AS id FROM (" + text + ") AS c" + strconv.Itoa(i))
		args = append(args, values...)
	}
	return statement{"SELECT at, id FROM (" + union.String() + ") AS u GROUP BY at, id ORDER BY at" + order + ", id" + order +
		" LIMIT " + strconv.Itoa(n), args}, nil
}

// matching leaves out the candidates that do not fulfil the other conditions.
func (s *Store) matching(ctx context.Context, f finder, list []candidate) ([]candidate, error) {
	if len(list) == 0 || !f.asksMore() {
		return list, nil
	}
	ids := make([]int64, len(list))
	for i, c := range list {
		ids[i] = c.id
	}
	kept, err := s.idSet(ctx, f.check(ids))
	if err != nil || len(f.without) == 0 {
		return keep(list, kept, true), err
	}
	dropped, err := s.idSet(ctx, sq.Select("purchase_id").Distinct().From("purchase_line").
		Where(sq.Eq{"purchase_id": ids, "listing + 0": listedOpen, "category_id + 0": f.without}))
	return keep(keep(list, kept, true), dropped, false), err
}

// check selects those of the purchases that fulfil the conditions. Both engines
// must begin with the ids: hence the joins, as MariaDB would compute all that
// EXISTS, and the sums, which keep SQLite from reading all that is open in a
// category.
func (f finder) check(ids []int64) sq.SelectBuilder {
	q := sq.Select("p.id").From("purchase p").Where(sq.Eq{"p.id": ids})
	if f.area != "" {
		first, last := string(f.area), string(f.area[:4])+"99"
		if f.area.Province() == f.area {
			last = string(f.area[:2]) + "9999"
		}
		q = q.Where(sq.GtOrEq{"p.area": first}).Where(sq.LtOrEq{"p.area": last})
	}
	for _, c := range f.purchase {
		q = q.Where(c)
	}
	if len(f.line) > 0 || f.unquotedBy != 0 || len(f.categories) > maxSources {
		q = q.Distinct().Join("purchase_line l ON l.purchase_id = p.id").Where(sq.Eq{"l.listing + 0": f.listing})
		if f.categories != nil {
			q = q.Where(sq.Eq{"l.category_id + 0": f.categories})
		}
		for _, c := range f.line {
			q = q.Where(c)
		}
	}
	if f.unquotedBy != 0 {
		q = q.LeftJoin("quote q ON q.line_id = l.id AND q.supplier_id = ? AND q.state <> ?", f.unquotedBy, xunjia.Withdrawn).
			Where(sq.Eq{"q.id": nil})
	}
	return q
}

func (s *Store) idSet(ctx context.Context, q sq.Sqlizer) (map[int64]bool, error) {
	ids, err := all(ctx, s.db, q, scanInt)
	set := make(map[int64]bool, len(ids))
	for _, id := range ids {
		set[id] = true
	}
	return set, err
}

// keep answers those of the list that are in the set, or are not.
func keep(list []candidate, set map[int64]bool, in bool) []candidate {
	var kept []candidate
	for _, c := range list {
		if set[c.id] == in {
			kept = append(kept, c)
		}
	}
	return kept
}

// purchasesOf loads the purchases in the order of the list, their lines with the
// first image only.
func (s *Store) purchasesOf(ctx context.Context, list []candidate) ([]xunjia.Purchase, error) {
	if len(list) == 0 {
		return nil, nil
	}
	ids := make([]int64, len(list))
	for i, c := range list {
		ids[i] = c.id
	}
	rows, err := all(ctx, s.db, selectPurchases().Where(sq.Eq{"id": ids}), scanPurchase)
	if err != nil {
		return nil, err
	}
	byID := make(map[int64]xunjia.Purchase, len(rows))
	for _, p := range rows {
		byID[p.ID] = p
	}
	purchases := make([]xunjia.Purchase, 0, len(rows))
	for _, id := range ids {
		if p, ok := byID[id]; ok {
			purchases = append(purchases, p)
		}
	}
	return purchases, s.addLines(ctx, purchases, false)
}
