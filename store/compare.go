package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strconv"
	"strings"

	sq "github.com/Masterminds/squirrel"

	"github.com/xunjia/xunjia"
)

// MaxQuotesShown bounds how many quotes of one purchase are compared at a time.
const MaxQuotesShown = 500

// maxResults bounds how many quotes of a line are ranked.
const maxResults = 5000

// QuotesOfPurchase lists the first quotes of a purchase for its buyer's side: see
// CompareQuotes.
func (s *Store) QuotesOfPurchase(ctx context.Context, purchaseID, viewer int64) ([]QuoteView, error) {
	c, err := s.CompareQuotes(ctx, purchaseID, viewer, "")
	return c.Items, err
}

// Comparison is a part of the quotes of a purchase.
type Comparison struct {
	xunjia.List[QuoteView]
	Left int // how many come after
}

// CompareQuotes lists the quotes of a purchase for its buyer's side, line by line
// and cheapest first as quoted; withdrawn ones are among them. It is NotFound for
// anybody else. It answers MaxQuotesShown at most and goes on after Next. Sealed
// ones come in no telling order, see QuoteView; the first look at them after the
// deadline is recorded.
func (s *Store) CompareQuotes(ctx context.Context, purchaseID, viewer int64, after string) (c Comparison, err error) {
	p, err := one(ctx, s.db, selectPurchases().Where(sq.Eq{"id": purchaseID}), scanPurchase)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return c, err
	}
	u, userErr := s.User(ctx, viewer)
	if userErr != nil && xunjia.ErrorCode(userErr) != xunjia.NotFound {
		return c, userErr
	}
	if err != nil || userErr != nil {
		return c, errNoPurchase()
	}
	if err := p.Allows(u, xunjia.See); err != nil {
		return c, err
	}
	// While prices are hidden, the order must not give them away, nor the cursor.
	hidden := p.Hidden(s.now())
	order := []string{"line_id", "price", "id"}
	if hidden {
		order = []string{"line_id", "id"}
	} else if err := s.noteOpening(ctx, p, u); err != nil {
		return c, err
	}
	from, err := parseCompareCursor(after, hidden)
	if err != nil {
		return c, err
	}
	list, err := all(ctx, s.db, selectQuotes().Where(sq.Eq{"purchase_id": purchaseID}).Where(from).
		OrderBy(order...).Limit(MaxQuotesShown), scanQuote)
	if err != nil {
		return c, err
	}
	if n := len(list); n == MaxQuotesShown {
		last := list[n-1]
		if hidden {
			last.Price = 0
		}
		left, err := one(ctx, s.db, sq.Select("COUNT(*)").From("quote").Where(sq.Eq{"purchase_id": purchaseID}).
			Where(beyond(last.LineID, int64(last.Price), last.ID, hidden)), scanInt)
		if err != nil {
			return c, err
		}
		if c.Left = int(left); left > 0 {
			c.Next = fmt.Sprintf("%d-%d-%d", last.LineID, last.Price, last.ID)
		}
	}
	c.Items, err = s.quoteViews(ctx, list, viewer)
	return c, err
}

// beyond is what comes after a quote in the order of CompareQuotes.
func beyond(line, price, id int64, hidden bool) sq.Sqlizer {
	if hidden {
		return sq.And{sq.GtOrEq{"line_id": line}, sq.Or{sq.Gt{"line_id": line}, sq.Gt{"id": id}}}
	}
	return sq.And{sq.GtOrEq{"line_id": line}, sq.Or{
		sq.Gt{"line_id": line}, sq.Gt{"price": price}, sq.And{sq.Eq{"price": price}, sq.Gt{"id": id}}}}
}

func parseCompareCursor(after string, hidden bool) (sq.Sqlizer, error) {
	if after == "" {
		return sq.And{}, nil
	}
	parts := strings.Split(after, "-")
	var n [3]int64
	for i := range n {
		var err error
		if len(parts) != len(n) {
			err = strconv.ErrSyntax
		} else {
			n[i], err = strconv.ParseInt(parts[i], 10, 64)
		}
		if err != nil {
			return nil, xunjia.Errorf(xunjia.Invalid, "列表的位置无效，请从第一页看起")
		}
	}
	return beyond(n[0], n[1], n[2], hidden), nil
}

// QuoteResult tells how a quote did against the others of its line; NotFound
// when it was withdrawn. The caller has checked who asks, see Quote.
func (s *Store) QuoteResult(ctx context.Context, v QuoteView) (xunjia.Result, error) {
	results, err := s.results(ctx, v.Purchase, v.Line)
	if err != nil {
		return xunjia.Result{}, err
	}
	r, ok := results[v.Quote.ID]
	if !ok {
		return r, errNoQuote()
	}
	return r, nil
}

// results ranks the quotes of a line, by quote id.
func (s *Store) results(ctx context.Context, p xunjia.Purchase, l xunjia.Line) (map[int64]xunjia.Result, error) {
	quotes, err := all(ctx, s.db, selectQuotes().Where(sq.Eq{"purchase_id": p.ID, "line_id": l.ID}).
		OrderBy("price", "id").Limit(maxResults), scanQuote)
	if err != nil {
		return nil, err
	}
	return xunjia.Results(p.Terms, l, quotes), nil
}

// losers are the suppliers who quoted on the event's line and were not chosen.
func (s *Store) losers(ctx context.Context, e xunjia.Event, q AudienceQuery) ([]Recipient, int64, error) {
	people, err := all(ctx, s.db, sq.Select("supplier_id", "id").From("quote").
		Where(sq.Eq{"line_id": e.LineID, "state": []xunjia.QuoteState{xunjia.Refused, xunjia.NotChosen}}).
		Where(sq.Gt{"supplier_id": q.After}).OrderBy("supplier_id").Limit(uint64(q.Limit)),
		func(row scanner) (r Recipient, err error) {
			err = row.Scan(&r.ID, &r.QuoteID)
			return r, err
		})
	if err != nil || len(people) < q.Limit {
		return people, 0, err
	}
	return people, people[len(people)-1].ID, nil
}
