package store

import (
	"context"
	"database/sql"
	"errors"
	"time"

	sq "github.com/Masterminds/squirrel"

	"github.com/xunjia/xunjia"
)

// DealView is a deal with everything that its page shows.
type DealView struct {
	Deal     xunjia.Deal
	Purchase xunjia.Purchase // with its lines
	Line     xunjia.Line
	Quote    xunjia.Quote
	Buyer    xunjia.User
	Supplier xunjia.User
}

// DealPhoto is a picture that a side added.
type DealPhoto struct {
	Side xunjia.Side
	xunjia.Attachment
	At time.Time
}

// DealStep is a change of the draft.
type DealStep struct {
	Version int
	Side    xunjia.Side
	Changes []string
	At      time.Time
}

// DealHistory is what has happened around a deal: at most MaxDealPhotos
// pictures of each side, the newest 50 changes, both ratings.
type DealHistory struct {
	Photos  []DealPhoto
	Steps   []DealStep // newest first
	Ratings []xunjia.Rating
}

// Deal finds a deal for one of its sides; NotFound for everybody else.
func (s *Store) Deal(ctx context.Context, id, viewer int64) (DealView, xunjia.Side, error) {
	d, err := one(ctx, s.db, selectDeals().Where(sq.Eq{"id": id}), scanDeal)
	if errors.Is(err, sql.ErrNoRows) {
		return DealView{}, 0, errNoDeal()
	}
	if err != nil {
		return DealView{}, 0, err
	}
	u, err := s.User(ctx, viewer)
	if xunjia.ErrorCode(err) == xunjia.NotFound {
		return DealView{}, 0, errNoDeal()
	}
	if err != nil {
		return DealView{}, 0, err
	}
	side, err := d.SideOf(u, xunjia.See)
	if err != nil {
		return DealView{}, 0, err
	}
	views, err := s.dealViews(ctx, []xunjia.Deal{d})
	if err != nil {
		return DealView{}, 0, err
	}
	return views[0], side, nil
}

// dealViews loads what belongs to deals, through their quotes.
func (s *Store) dealViews(ctx context.Context, deals []xunjia.Deal) ([]DealView, error) {
	if len(deals) == 0 {
		return nil, nil
	}
	ids := make([]int64, len(deals))
	for i, d := range deals {
		ids[i] = d.QuoteID
	}
	quotes, err := all(ctx, s.db, selectQuotes().Where(sq.Eq{"id": ids}), scanQuote)
	if err != nil {
		return nil, err
	}
	list, err := s.quoteViews(ctx, quotes, 0) // of accepted quotes, which are open
	if err != nil {
		return nil, err
	}
	byQuote := make(map[int64]QuoteView, len(list))
	for _, v := range list {
		byQuote[v.Quote.ID] = v
	}
	views := make([]DealView, len(deals))
	for i, d := range deals {
		v := byQuote[d.QuoteID]
		views[i] = DealView{Deal: d, Purchase: v.Purchase, Line: v.Line, Quote: v.Quote, Buyer: v.Buyer, Supplier: v.Supplier}
	}
	return views, nil
}

// DealHistory answers what happened around a deal. The caller has checked who
// asks, see Deal.
func (s *Store) DealHistory(ctx context.Context, id int64) (h DealHistory, err error) {
	h.Photos, err = all(ctx, s.db, sq.Select("side", "media", "type", "created_at").From("deal_attachment").Where(sq.Eq{"deal_id": id}).
		OrderBy("id").Limit(2*xunjia.MaxDealPhotos), func(row scanner) (p DealPhoto, err error) {
		var at int64
		err = row.Scan(&p.Side, &p.Media, &p.Type, &at)
		p.At = moment(at)
		return p, err
	})
	if err != nil {
		return h, err
	}
	h.Steps, err = all(ctx, s.db, sq.Select("version", "side", "changes", "created_at").From("deal_change").Where(sq.Eq{"deal_id": id}).
		OrderBy("version DESC").Limit(50), func(row scanner) (p DealStep, err error) {
		var at int64
		var changes string
		if err := row.Scan(&p.Version, &p.Side, &changes, &at); err != nil {
			return p, err
		}
		p.At = moment(at)
		p.Changes, err = parseList[string](changes)
		return p, err
	})
	if err != nil {
		return h, err
	}
	h.Ratings, err = all(ctx, s.db, selectRatings().Where(sq.Eq{"deal_id": id}).OrderBy("side"), scanRating)
	return h, err
}

func selectRatings() sq.SelectBuilder {
	return sq.Select("deal_id", "side", "rater_id", "rated_id", "stars", "comment", "created_at").From("deal_rating")
}

func scanRating(row scanner) (r xunjia.Rating, err error) {
	var at int64
	err = row.Scan(&r.DealID, &r.Side, &r.RaterID, &r.RatedID, &r.Stars, &r.Comment, &at)
	r.CreatedAt = moment(at)
	return r, err
}

// RatingsOf lists what others said about a user, newest first.
func (s *Store) RatingsOf(ctx context.Context, userID int64, page xunjia.Page) (list xunjia.List[xunjia.Rating], err error) {
	k, err := newKeyset(page)
	if err != nil {
		return list, err
	}
	rows, err := all(ctx, s.db, k.apply(selectRatings(), s.dialect, "created_at", "deal_id", pin{"rated_id", userID}), scanRating)
	if err != nil {
		return list, err
	}
	return cut(k, rows, func(r xunjia.Rating) (time.Time, int64) { return r.CreatedAt, r.DealID }), nil
}

// DealsOf tells whose deals are listed: those that a user sells, those that he
// buys himself, or those of his company.
type DealsOf string

// The lists.
const (
	DealsSold    DealsOf = "sold"
	DealsBought  DealsOf = "bought"
	DealsCompany DealsOf = "company"
)

// Deals lists somebody's deals, newest first. A list of a company is empty for
// who is in none; an unknown list is Invalid.
func (s *Store) Deals(ctx context.Context, u xunjia.User, of DealsOf, page xunjia.Page) (list xunjia.List[DealView], err error) {
	var by pin
	switch {
	case of == DealsSold:
		by = pin{"supplier_id", u.ID}
	case of == DealsBought:
		by = pin{"buyer_id", u.ID}
	case of == DealsCompany && u.CompanyID == 0:
		return list, nil
	case of == DealsCompany:
		by = pin{"company_id", u.CompanyID}
	default:
		return list, xunjia.Errorf(xunjia.Invalid, "没有这个列表")
	}
	k, err := newKeyset(page)
	if err != nil {
		return list, err
	}
	q := selectDeals()
	if of == DealsBought { // what he published for a company that he has left is not his
		q = q.Where(sq.Eq{"company_id": []int64{0, u.CompanyID}})
	}
	rows, err := all(ctx, s.db, k.apply(q, s.dialect, "created_at", "id", by), scanDeal)
	if err != nil {
		return list, err
	}
	deals := cut(k, rows, func(d xunjia.Deal) (time.Time, int64) { return d.CreatedAt, d.ID })
	list.Next = deals.Next
	list.Items, err = s.dealViews(ctx, deals.Items)
	return list, err
}
