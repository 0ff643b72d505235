package store

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"slices"
	"time"

	sq "github.com/Masterminds/squirrel"

	"github.com/xunjia/xunjia"
)

// QuoteView is a quote with everything that a page shows beside it. While its
// purchase is sealed, Hidden is set for everybody but its supplier: the offer is
// empty and the supplier's name masked, so that no page can give them away.
type QuoteView struct {
	Quote    xunjia.Quote
	Hidden   bool
	Purchase xunjia.Purchase // with all its lines
	Line     xunjia.Line     // the one that the quote is for
	Supplier xunjia.User
	Buyer    xunjia.User
}

// Quote finds a quote for its buyer's side or its supplier; for anybody else it
// is NotFound. The buyer's first look at a sealed one is recorded.
func (s *Store) Quote(ctx context.Context, id, viewer int64) (QuoteView, error) {
	v, err := s.quoteView(ctx, id, viewer)
	if err != nil || viewer == v.Quote.SupplierID {
		return v, err
	}
	u, err := s.User(ctx, viewer)
	if xunjia.ErrorCode(err) == xunjia.NotFound || err == nil && !v.Purchase.Of(u) {
		err = errNoQuote()
	}
	if err == nil && !v.Hidden {
		err = s.noteOpening(ctx, v.Purchase, u)
	}
	if err != nil {
		return QuoteView{}, err
	}
	return v, nil
}

func (s *Store) quoteView(ctx context.Context, id, viewer int64) (QuoteView, error) {
	q, err := one(ctx, s.db, selectQuotes().Where(sq.Eq{"id": id}), scanQuote)
	if errors.Is(err, sql.ErrNoRows) {
		return QuoteView{}, errNoQuote()
	}
	if err != nil {
		return QuoteView{}, err
	}
	views, err := s.quoteViews(ctx, []xunjia.Quote{q}, viewer)
	if err != nil {
		return QuoteView{}, err
	}
	return views[0], nil
}

// QuoteOf finds the supplier's quote for a line; NotFound when he made none.
func (s *Store) QuoteOf(ctx context.Context, lineID, supplierID int64) (xunjia.Quote, error) {
	return s.quoteOf(ctx, s.db, lineID, supplierID)
}

func (s *Store) quoteOf(ctx context.Context, r runner, lineID, supplierID int64) (xunjia.Quote, error) {
	q, err := one(ctx, r, selectQuotes().Where(sq.Eq{"line_id": lineID, "supplier_id": supplierID}), scanQuote)
	if errors.Is(err, sql.ErrNoRows) {
		return q, errNoQuote()
	}
	if err != nil {
		return q, err
	}
	list := []xunjia.Quote{q}
	err = addAttachments(ctx, r, list)
	return list[0], err
}

// QuotesForLines finds the supplier's quotes for several lines, by line and
// without their attachments. Lines that he did not quote for are left out.
func (s *Store) QuotesForLines(ctx context.Context, lineIDs []int64, supplierID int64) (map[int64]xunjia.Quote, error) {
	list, err := all(ctx, s.db, selectQuotes().Where(sq.Eq{"line_id": lineIDs, "supplier_id": supplierID}), scanQuote)
	if err != nil {
		return nil, err
	}
	byLine := make(map[int64]xunjia.Quote, len(list))
	for _, q := range list {
		byLine[q.LineID] = q
	}
	return byLine, nil
}

// QuotesBy lists what the supplier quoted, newest first.
func (s *Store) QuotesBy(ctx context.Context, supplierID int64, page xunjia.Page) (list xunjia.List[QuoteView], err error) {
	return s.quotes(ctx, supplierID, page, [][]pin{{{"supplier_id", supplierID}}})
}

// QuotesIn lists what the supplier quoted and is in one of the states, newest
// first.
func (s *Store) QuotesIn(ctx context.Context, supplierID int64, states []xunjia.QuoteState, page xunjia.Page) (xunjia.List[QuoteView], error) {
	parts := make([][]pin, len(states))
	for i, state := range states {
		parts[i] = []pin{{"supplier_id", supplierID}, {"state", state}}
	}
	return s.quotes(ctx, supplierID, page, parts)
}

// quotes merges parts of an index of the viewer's own quotes, each with pins of
// its own.
func (s *Store) quotes(ctx context.Context, viewer int64, page xunjia.Page, parts [][]pin) (list xunjia.List[QuoteView], err error) {
	k, err := newKeyset(page)
	if err != nil {
		return list, err
	}
	var rows []xunjia.Quote
	for _, by := range parts {
		part, err := all(ctx, s.db, k.apply(selectQuotes(), s.dialect, "created_at", "id", by...), scanQuote)
		if err != nil {
			return list, err
		}
		rows = append(rows, part...)
	}
	slices.SortFunc(rows, func(a, b xunjia.Quote) int {
		return cmp.Or(b.CreatedAt.Compare(a.CreatedAt), cmp.Compare(b.ID, a.ID))
	})
	quotes := cut(k, rows, func(q xunjia.Quote) (time.Time, int64) { return q.CreatedAt, q.ID })
	list.Next = quotes.Next
	list.Items, err = s.quoteViews(ctx, quotes.Items, viewer)
	return list, err
}

// quoteViews loads what belongs to the quotes, in a number of queries that does
// not depend on how many they are, and takes away what the viewer may not know
// yet.
func (s *Store) quoteViews(ctx context.Context, quotes []xunjia.Quote, viewer int64) ([]QuoteView, error) {
	if len(quotes) == 0 {
		return nil, nil
	}
	if err := s.addAttachments(ctx, quotes); err != nil {
		return nil, err
	}
	var purchaseIDs, userIDs []int64
	for _, q := range quotes {
		purchaseIDs = append(purchaseIDs, q.PurchaseID)
		userIDs = append(userIDs, q.SupplierID)
	}
	slices.Sort(purchaseIDs)
	list, err := all(ctx, s.db, selectPurchases().Where(sq.Eq{"id": slices.Compact(purchaseIDs)}), scanPurchase)
	if err != nil {
		return nil, err
	}
	// One purchase is shown in full, many in a list with a picture each.
	if err := s.addLines(ctx, list, len(list) == 1); err != nil {
		return nil, err
	}
	purchases := make(map[int64]xunjia.Purchase, len(list))
	for _, p := range list {
		purchases[p.ID] = p
		userIDs = append(userIDs, p.BuyerID)
	}
	slices.Sort(userIDs)
	users, err := s.Users(ctx, slices.Compact(userIDs))
	if err != nil {
		return nil, err
	}
	now := s.now()
	views := make([]QuoteView, len(quotes))
	for i, q := range quotes {
		p := purchases[q.PurchaseID]
		line, err := p.Line(q.LineID)
		if err != nil {
			return nil, err
		}
		views[i] = QuoteView{Quote: q, Purchase: p, Line: line, Supplier: users[q.SupplierID], Buyer: users[p.BuyerID]}
		if viewer != q.SupplierID && p.Hidden(now) {
			views[i].seal()
		}
	}
	return views, nil
}

// seal takes away what nobody but the supplier may know.
func (v *QuoteView) seal() {
	v.Hidden, v.Quote = true, v.Quote.Sealed()
	v.Supplier = xunjia.User{ID: v.Supplier.ID, Name: v.Supplier.MaskedName()}
}

func (s *Store) addAttachments(ctx context.Context, quotes []xunjia.Quote) error {
	return addAttachments(ctx, s.db, quotes)
}

func addAttachments(ctx context.Context, r runner, quotes []xunjia.Quote) error {
	ids := make([]int64, len(quotes))
	for i, q := range quotes {
		ids[i] = q.ID
	}
	byQuote, err := attachments(ctx, r, sq.Select("quote_id", "media", "type").From("quote_attachment").
		Where(sq.Eq{"quote_id": ids}).OrderBy("quote_id", "position"))
	for i := range quotes {
		quotes[i].Attachments = byQuote[quotes[i].ID]
	}
	return err
}
