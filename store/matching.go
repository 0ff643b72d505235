package store

import (
	"context"
	"maps"
	"slices"
	"time"

	sq "github.com/Masterminds/squirrel"

	"github.com/xunjia/xunjia"
)

// MatchQuery asks for suppliers who may be told of lines of a purchase.
type MatchQuery struct {
	Purchase xunjia.Purchase
	Buyer    xunjia.User
	Lines    []xunjia.Line // of the purchase
	Settings xunjia.PushSettings
	AppID    string // of the official account whose fans are reached
	Now      time.Time
	After    int64 // next of the part before; 0 for the beginning
	Limit    int   // people who are looked at
}

// Matched is a candidate with where he is reached.
type Matched struct {
	xunjia.Candidate
	Phone  xunjia.Phone
	OpenID string // of an identity that follows the account; "" for none

	Preferences xunjia.Preferences
}

// Recipient is the candidate as somebody who is told.
func (m Matched) Recipient(lines []xunjia.Line) Recipient {
	r := Recipient{ID: m.ID, Phone: m.Phone, OpenID: m.OpenID, Preferences: m.Preferences}
	for _, l := range lines {
		if slices.Contains(m.Lines, l.ID) {
			r.Categories = append(r.Categories, l.CategoryID)
		}
	}
	return r
}

// following is one category whose followers are candidates for a line.
type following struct {
	line int64
	near xunjia.Nearness
}

// matchCategories lists, for every category that matters, which lines its
// followers are candidates for: the lines of that category itself, of one that
// goes by the same name, and of those in the group.
func (s *Store) matchCategories(ctx context.Context, lines []xunjia.Line) (map[int64][]following, error) {
	list, err := s.Categories(ctx)
	if err != nil {
		return nil, err
	}
	byID, names := map[int64]xunjia.Category{}, map[string][]int64{}
	for _, c := range list {
		byID[c.ID] = c
		for _, n := range append([]string{c.Name}, c.Aliases...) {
			names[n] = append(names[n], c.ID)
		}
	}
	out := map[int64][]following{}
	for _, l := range lines {
		near := map[int64]xunjia.Nearness{}
		c := byID[l.CategoryID]
		for up := c.ParentID; up != 0 && near[up] == 0; up = byID[up].ParentID {
			near[up] = xunjia.GroupGoods
		}
		for _, n := range append([]string{c.Name}, c.Aliases...) {
			for _, id := range names[n] {
				near[id] = xunjia.AliasGoods
			}
		}
		near[l.CategoryID] = xunjia.SameGoods
		for id, n := range near {
			out[id] = append(out[id], following{l.ID, n})
		}
	}
	return out, nil
}

// CountFollowers counts who follows goods of the lines, up to a limit.
func (s *Store) CountFollowers(ctx context.Context, lines []xunjia.Line, limit int) (int, error) {
	categories, err := s.matchCategories(ctx, lines)
	if err != nil || len(categories) == 0 {
		return 0, err
	}
	n, err := one(ctx, s.db, sq.Select("COUNT(*)").FromSelect(
		sq.Select("DISTINCT user_id").From("user_category").Where(sq.Eq{"category_id": slices.Sorted(maps.Keys(categories))}).Limit(uint64(limit)), "f"), scanInt)
	return int(n), err
}

// matcher finds the candidates of one purchase, part by part.
type matcher struct {
	s          *Store
	q          MatchQuery
	categories map[int64][]following
	lines      []int64
}

func (s *Store) newMatcher(ctx context.Context, q MatchQuery) (*matcher, error) {
	m := &matcher{s: s, q: q}
	for _, l := range q.Lines {
		m.lines = append(m.lines, l.ID)
	}
	if len(m.lines) == 0 {
		return m, nil
	}
	var err error
	m.categories, err = s.matchCategories(ctx, q.Lines)
	return m, err
}

// MatchBatches hands out the candidates for the lines, in the order of their
// ids, in parts of at most q.Limit, until all were seen or use fails. next is
// where the following part begins, 0 at the end. A candidate follows goods of a
// line and has not muted them, is not disabled, is not on the buyer's side, has
// not been told of the line, has not quoted on it, was not invited to the
// purchase and has room for one push more.
func (s *Store) MatchBatches(ctx context.Context, q MatchQuery, use func(part []Matched, next int64) error) error {
	m, err := s.newMatcher(ctx, q)
	if err != nil {
		return err
	}
	for {
		part, next, err := m.part(ctx)
		if err != nil {
			return err
		}
		if err := use(part, next); err != nil || next == 0 {
			return err
		}
		m.q.After = next
	}
}

// part reads one part of the candidates.
func (m *matcher) part(ctx context.Context) ([]Matched, int64, error) {
	found, next, err := m.followers(ctx)
	if err != nil || len(found) == 0 {
		return nil, next, err
	}
	ids := slices.Sorted(maps.Keys(found))
	people, err := m.people(ctx, ids)
	if err != nil {
		return nil, 0, err
	}
	if err := m.exclude(ctx, found, ids[0], ids[len(ids)-1]); err != nil {
		return nil, 0, err
	}
	list := make([]Matched, 0, len(people))
	for _, id := range ids {
		c, ok := people[id]
		if ok {
			m.mute(found[id], c.Preferences)
		}
		if !ok || len(found[id]) == 0 || c.Load.Room(m.q.Settings, m.q.Now) == 0 {
			continue
		}
		c.Lines = slices.Sorted(maps.Keys(found[id]))
		c.Near = slices.Min(slices.Collect(maps.Values(found[id])))
		list = append(list, *c)
	}
	return list, next, nil
}

// followers are people after q.After with the lines whose goods they follow.
// Each category's followers are read in order, by a query that is one range of
// an index, and merged here: one query over all categories would sort them all
// again for every part.
func (m *matcher) followers(ctx context.Context) (map[int64]map[int64]xunjia.Nearness, int64, error) {
	found := map[int64]map[int64]xunjia.Nearness{}
	full := false
	for _, category := range slices.Sorted(maps.Keys(m.categories)) {
		users, err := all(ctx, m.s.db, sq.Select("user_id").From("user_category").
			Where(sq.Eq{"category_id": category}).Where(sq.Gt{"user_id": m.q.After}).
			OrderBy("user_id").Limit(uint64(m.q.Limit)), scanInt)
		if err != nil {
			return nil, 0, err
		}
		full = full || len(users) == m.q.Limit
		for _, u := range users {
			if found[u] == nil {
				found[u] = map[int64]xunjia.Nearness{}
			}
			for _, f := range m.categories[category] {
				if near := found[u][f.line]; near == 0 || f.near < near {
					found[u][f.line] = f.near
				}
			}
		}
	}
	// Of a user beyond the limit some categories may not have been read yet.
	var next int64
	if len(found) > m.q.Limit || full {
		users := slices.Sorted(maps.Keys(found))
		for _, u := range users[min(m.q.Limit, len(users)):] {
			delete(found, u)
		}
		next = users[min(m.q.Limit, len(users))-1]
	}
	return found, next, nil
}

// people loads who the candidates are: without those who are disabled or on the
// buyer's side.
func (m *matcher) people(ctx context.Context, ids []int64) (map[int64]*Matched, error) {
	people := make(map[int64]*Matched, len(ids))
	company := m.q.Purchase.CompanyID
	if company == 0 {
		company = m.q.Buyer.CompanyID
	}
	_, err := all(ctx, m.s.db, sq.Select("id", "phone", "area", "kind", "company_id", "certified_until", "registered_at").From("users").
		Where(sq.Eq{"id": ids, "disabled": 0}), func(row scanner) (struct{}, error) {
		var c Matched
		var companyID, certified, registered int64
		err := row.Scan(&c.ID, &c.Phone, &c.Area, &c.Kind, &companyID, &certified, &registered)
		c.CertifiedUntil, c.RegisteredAt = moment(certified), moment(registered)
		if c.ID != m.q.Purchase.BuyerID && (company == 0 || companyID != company) {
			people[c.ID] = &c
		}
		return struct{}{}, err
	})
	if err != nil {
		return nil, err
	}
	fans, err := m.s.fansAmong(ctx, m.q.AppID, ids)
	if err != nil {
		return nil, err
	}
	chosen, err := m.s.preferencesOf(ctx, m.s.db, ids)
	if err != nil {
		return nil, err
	}
	loads, err := pushLoads(ctx, m.s.db, ids, "")
	if err != nil {
		return nil, err
	}
	_, err = all(ctx, m.s.db, sq.Select("user_id", "MAX(last_seen_at)").From("session").
		Where(sq.Eq{"user_id": ids}).GroupBy("user_id"), func(row scanner) (struct{}, error) {
		var id, at int64
		err := row.Scan(&id, &at)
		if c, ok := people[id]; ok {
			c.ActiveAt = moment(at)
		}
		return struct{}{}, err
	})
	for id, c := range people {
		c.OpenID, c.Load, c.Preferences = fans[id], loads[id], xunjia.DefaultPreferences(m.s.quiet)
		if p, ok := chosen[id]; ok {
			c.Preferences = p
		}
	}
	return people, err
}

// mute takes out what the person does not want to hear of.
func (m *matcher) mute(lines map[int64]xunjia.Nearness, p xunjia.Preferences) {
	for _, l := range m.q.Lines {
		if p.Mutes(l.CategoryID) || p.Silences(xunjia.PurchasePublished) {
			delete(lines, l.ID)
		}
	}
}

// exclude takes out of what was found, from one user to another, whatever
// somebody must not be told of.
func (m *matcher) exclude(ctx context.Context, found map[int64]map[int64]xunjia.Nearness, from, to int64) error {
	for _, q := range m.exclusions() {
		_, err := all(ctx, m.s.db, q.Where(sq.GtOrEq{"supplier_id": from}).Where(sq.LtOrEq{"supplier_id": to}), func(row scanner) (struct{}, error) {
			var line, user int64
			err := row.Scan(&line, &user)
			if line == 0 {
				delete(found, user)
			} else {
				delete(found[user], line)
			}
			return struct{}{}, err
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// exclusions select who must not be told: pairs of a line, 0 for all of them,
// and a supplier_id. Each is one range of an index.
func (m *matcher) exclusions() []sq.SelectBuilder {
	return []sq.SelectBuilder{
		sq.Select("line_id", "supplier_id").From("push").Where(sq.Eq{"line_id": m.lines}),
		sq.Select("line_id", "supplier_id").From("quote").Where(sq.Eq{"line_id": m.lines}),
		sq.Select("line_id", "supplier_id").From("line_decline").Where(sq.Eq{"line_id": m.lines}),
		// Those who were invited have been told, and those who declined said no.
		sq.Select("0", "supplier_id").From("invitation").Where(sq.Eq{"purchase_id": m.q.Purchase.ID}),
	}
}

// Chosen is somebody who was selected, with why he was.
type Chosen struct {
	Matched
	xunjia.Rank
}

// Choose looks at all candidates for the lines and keeps the best, whatever
// their number, in the memory of those who are wanted. each hears of every
// part; the chosen come best first.
func (s *Store) Choose(ctx context.Context, q MatchQuery, selection *xunjia.Selection, each func(part []Matched) error) ([]Chosen, error) {
	reach := map[int64]Matched{} // of those who may be chosen
	err := s.MatchBatches(ctx, q, func(part []Matched, _ int64) error {
		for _, m := range part {
			if selection.Add(m.Candidate, q.Purchase, q.Now) {
				reach[m.ID] = m
			}
		}
		if len(reach) > 2*selection.Size()+q.Limit {
			kept := make(map[int64]Matched, selection.Size())
			for _, r := range selection.Kept() { // the others fell out again
				kept[r.ID] = reach[r.ID]
			}
			reach = kept
		}
		return each(part)
	})
	if err != nil {
		return nil, err
	}
	var list []Chosen
	for _, r := range selection.Chosen() {
		list = append(list, Chosen{reach[r.ID], r.Rank})
	}
	return list, nil
}
