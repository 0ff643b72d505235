package store

import (
	"context"
	"slices"
	"strings"

	sq "github.com/Masterminds/squirrel"

	"github.com/xunjia/xunjia"
)

// SearchResult is a part of what a search finds.
type SearchResult struct {
	xunjia.List[xunjia.Purchase]
	// Stopped: enough was looked at for one page; Next goes on from there, and
	// there may or may not be more.
	Stopped bool
	Goods   []xunjia.Category // what a word of the text was taken for
}

// SearchPurchases lists the requests that a search asks for, as the viewer may
// see them; the zero User is a guest, who follows nothing and has quoted nothing.
// The search must be valid. Invalid is a cursor that is none.
func (s *Store) SearchPurchases(ctx context.Context, q xunjia.Search, viewer xunjia.User, page xunjia.Page) (res SearchResult, err error) {
	if number, ok := q.Number(); ok {
		res.Items, err = s.purchaseByNumber(ctx, number, viewer)
		return res, err
	}
	f := finder{listing: listedOpen, rising: q.EndingSoon, area: q.Area}
	if q.Ended {
		f.listing = listedOver
	}
	if q.Category != 0 {
		if f.categories, err = s.goodsBelow(ctx, q.Category); err != nil {
			return res, err
		}
	}
	if q.Followed {
		followed, err := s.FollowedCategories(ctx, viewer.ID)
		if err != nil {
			return res, err
		}
		f.categories = both(f.categories, followed)
	}
	if res.Goods, err = s.words(ctx, q.Text, &f); err != nil {
		return res, err
	}
	s.conditions(q, viewer, &f)
	list, err := s.find(ctx, f, page)
	res.List, res.Stopped = list.List, list.stopped
	return res, err
}

// conditions adds what no index knows.
func (s *Store) conditions(q xunjia.Search, viewer xunjia.User, f *finder) {
	if until := q.Within.Until(s.now()); !until.IsZero() {
		f.purchase = append(f.purchase, sq.LtOrEq{"p.deadline": millis(until)})
	}
	if q.Quotable && viewer.ID != 0 {
		f.unquotedBy = viewer.ID
		f.purchase = append(f.purchase, sq.NotEq{"p.buyer_id": viewer.ID})
		if viewer.CompanyID != 0 {
			f.purchase = append(f.purchase, sq.NotEq{"p.company_id": viewer.CompanyID})
		}
	}
	switch q.Cap {
	case xunjia.WithCap:
		f.line = append(f.line, sq.Gt{"l.cap_price": 0})
	case xunjia.NoCap:
		f.line = append(f.line, sq.Eq{"l.cap_price": 0})
	}
	if q.MinCap > 0 {
		f.line = append(f.line, sq.GtOrEq{"l.cap_price": int64(q.MinCap)})
	}
	if q.MaxCap > 0 {
		f.line = append(f.line, sq.LtOrEq{"l.cap_price": int64(q.MaxCap)})
	}
}

// words turns the text into conditions: the first word that names goods chooses
// them, the others must stand in what a line says about its goods.
func (s *Store) words(ctx context.Context, text string, f *finder) (goods []xunjia.Category, err error) {
	for _, w := range strings.Fields(text) {
		if goods == nil {
			named, err := s.SearchCategories(ctx, w, 0)
			if err != nil {
				return nil, err
			}
			if f.categories != nil {
				named = slices.DeleteFunc(named, func(c xunjia.Category) bool { return !slices.Contains(f.categories, c.ID) })
			}
			if len(named) > 0 {
				goods, f.categories = named, nil
				for _, c := range named {
					f.categories = append(f.categories, c.ID)
				}
				continue
			}
		}
		f.line = append(f.line, sq.Expr("(INSTR(l.spec, ?) > 0 OR INSTR(l.quality, ?) > 0 OR INSTR(l.origin, ?) > 0 OR INSTR(l.name, ?) > 0)", w, w, w, w))
	}
	return goods, nil
}

// both answers what is in both lists; nil stands for everything.
func both(a, b []int64) []int64 {
	if a == nil {
		return append([]int64{}, b...)
	}
	return slices.DeleteFunc(a, func(id int64) bool { return !slices.Contains(b, id) })
}

// goodsBelow lists the goods of a group, or the goods themselves; never nil.
func (s *Store) goodsBelow(ctx context.Context, id int64) ([]int64, error) {
	type node struct {
		id    int64
		goods bool
	}
	read := func(where sq.Sqlizer) ([]node, error) {
		return all(ctx, s.db, sq.Select("id", "units").From("category").Where(where).OrderBy("id"), func(row scanner) (n node, err error) {
			var units string
			err = row.Scan(&n.id, &units)
			n.goods = units != "[]"
			return n, err
		})
	}
	goods := []int64{}
	level, err := read(sq.Eq{"id": id})
	for range 5 { // no tree is deeper
		var groups []int64
		for _, n := range level {
			if n.goods {
				goods = append(goods, n.id)
			} else {
				groups = append(groups, n.id)
			}
		}
		if err != nil || len(groups) == 0 {
			break
		}
		level, err = read(sq.Eq{"parent_id": groups})
	}
	return goods, err
}

func (s *Store) purchaseByNumber(ctx context.Context, number string, viewer xunjia.User) ([]xunjia.Purchase, error) {
	list, err := all(ctx, s.db, selectPurchases().Where(sq.Eq{"number": number}), scanPurchase)
	if err != nil {
		return nil, err
	}
	list = slices.DeleteFunc(list, func(p xunjia.Purchase) bool { return !p.Listed(viewer) })
	return list, s.addLines(ctx, list, false)
}
