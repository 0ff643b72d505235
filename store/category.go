package store

import (
	"context"
	"slices"
	"strings"

	sq "github.com/Masterminds/squirrel"

	"github.com/xunjia/xunjia"
)

func selectCategories() sq.SelectBuilder {
	return sq.Select("id", "parent_id", "name", "initials", "units", "specs", "origins").From("category")
}

func scanCategory(row scanner) (c xunjia.Category, err error) {
	var units, specs, origins string
	if err := row.Scan(&c.ID, &c.ParentID, &c.Name, &c.Initials, &units, &specs, &origins); err != nil {
		return c, err
	}
	if c.Units, err = parseList[xunjia.Unit](units); err != nil {
		return c, err
	}
	if c.Specs, err = parseList[string](specs); err != nil {
		return c, err
	}
	c.Origins, err = parseList[string](origins)
	return c, err
}

// Categories lists the whole tree, every group before what is below it, in
// the order of forms. Groups have no units.
func (s *Store) Categories(ctx context.Context) ([]xunjia.Category, error) {
	return s.categories(ctx, s.db, selectCategories().OrderBy("parent_id", "position", "id"))
}

// Category finds a category by id; NotFound when there is none.
func (s *Store) Category(ctx context.Context, id int64) (xunjia.Category, error) {
	list, err := s.categories(ctx, s.db, selectCategories().Where(sq.Eq{"id": id}))
	if err != nil {
		return xunjia.Category{}, err
	}
	if len(list) == 0 {
		return xunjia.Category{}, xunjia.Errorf(xunjia.NotFound, "没有找到这个品种")
	}
	return list[0], nil
}

// categories runs q and adds the aliases.
func (s *Store) categories(ctx context.Context, r runner, q sq.SelectBuilder) ([]xunjia.Category, error) {
	list, err := all(ctx, r, q, scanCategory)
	if err != nil || len(list) == 0 {
		return nil, err
	}
	index := make(map[int64]int, len(list))
	ids := make([]int64, len(list))
	for i, c := range list {
		index[c.ID], ids[i] = i, c.ID
	}
	type alias struct {
		category int64
		name     string
	}
	aliases, err := all(ctx, r, sq.Select("category_id", "alias").From("category_alias").
		Where(sq.Eq{"category_id": ids}).OrderBy("category_id", "position"),
		func(row scanner) (a alias, err error) {
			err = row.Scan(&a.category, &a.name)
			return a, err
		})
	if err != nil {
		return nil, err
	}
	for _, a := range aliases {
		c := &list[index[a.category]]
		c.Aliases = append(c.Aliases, a.name)
	}
	return list, nil
}

// maxSearch bounds what a search answers.
const maxSearch = 50

// SearchCategories finds goods, no groups, whose name, alias or pinyin initials
// begin with q: an exact name first, then names, aliases, initials. An empty q
// finds nothing. A limit of 0 or above 50 means 50.
func (s *Store) SearchCategories(ctx context.Context, q string, limit int) ([]xunjia.Category, error) {
	q = strings.TrimSpace(q)
	if q == "" {
		return nil, nil
	}
	if limit <= 0 || limit > maxSearch {
		limit = maxSearch
	}
	// The ranges use the index on both engines, and no character of q has a
	// meaning in them, as it would have in LIKE.
	prefix := func(column, q string) sq.Sqlizer {
		return sq.And{sq.GtOrEq{column: q}, sq.Lt{column: q + "\U0010FFFF"}}
	}
	found := sq.Select("id").Column("CASE WHEN name = ? THEN 0 ELSE 1 END AS grade", q).From("category").Where(prefix("name", q)).
		SuffixExpr(sq.Expr("UNION ALL ?", sq.Select("category_id", "2").From("category_alias").Where(prefix("alias", q)))).
		SuffixExpr(sq.Expr("UNION ALL ?", sq.Select("id", "3").From("category").Where(prefix("initials", strings.ToLower(q)))))
	ids, err := all(ctx, s.db, sq.Select("f.id").FromSelect(found, "f").Join("category c ON c.id = f.id").
		Where(sq.NotEq{"c.units": "[]"}).GroupBy("f.id").OrderBy("MIN(f.grade)", "f.id").Limit(uint64(limit)), scanInt)
	if err != nil || len(ids) == 0 {
		return nil, err
	}
	list, err := s.categories(ctx, s.db, selectCategories().Where(sq.Eq{"id": ids}))
	slices.SortFunc(list, func(a, b xunjia.Category) int {
		return slices.Index(ids, a.ID) - slices.Index(ids, b.ID)
	})
	return list, err
}
