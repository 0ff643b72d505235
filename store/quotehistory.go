package store

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	sq "github.com/Masterminds/squirrel"

	"github.com/xunjia/xunjia"
)

// Revision is one offer in a quote's history.
type Revision struct {
	xunjia.Offer
	Revision  int
	Version   int // of the purchase that it was made for
	CreatedAt time.Time
}

// maxRevisions bounds how many revisions are listed.
const maxRevisions = 100

// QuoteHistory lists the newest revisions of a quote, for those who see the
// quote: see Quote. While prices are hidden it is a Conflict for everybody but
// the supplier.
func (s *Store) QuoteHistory(ctx context.Context, quoteID, viewer int64) (v QuoteView, list []Revision, err error) {
	if v, err = s.Quote(ctx, quoteID, viewer); err != nil {
		return v, nil, err
	}
	if v.Quote.SupplierID != viewer && v.Purchase.Hidden(s.now()) {
		return v, nil, xunjia.Errorf(xunjia.Conflict, "密封报价到截止时才能打开")
	}
	list, err = all(ctx, s.db, sq.Select("price", "unit", "kind", "tax_rate", "freight", "lead_days", "min_quantity", "available",
		"valid_until", "sample", "quality", "explanation", "attachments", "revision", "version", "created_at").From("quote_revision").
		Where(sq.Eq{"quote_id": quoteID}).OrderBy("revision DESC").Limit(maxRevisions), scanRevision)
	return v, list, err
}

func scanRevision(row scanner) (r Revision, err error) {
	var valid, created int64
	var attachments string
	if err := row.Scan(&r.Price, &r.Unit, &r.Kind, &r.TaxRate, &r.Freight, &r.LeadDays, &r.MinQuantity, &r.Available,
		&valid, &r.Sample, &r.Quality, &r.Explanation, &attachments, &r.Revision, &r.Version, &created); err != nil {
		return r, err
	}
	r.ValidUntil, r.CreatedAt = moment(valid), moment(created)
	if err := json.Unmarshal([]byte(attachments), &r.Attachments); err != nil {
		return r, fmt.Errorf("store: attachments of a revision: %w", err)
	}
	return r, nil
}

// RenewQuote makes an offer valid until another moment, as a revision: see
// Quote.Renewed for the rule. That quoting has ended does not matter.
func (s *Store) RenewQuote(ctx context.Context, quoteID, supplierID int64, until time.Time) (xunjia.Quote, error) {
	return s.reviseOwn(ctx, quoteID, supplierID, func(t table, now time.Time) (xunjia.Offer, error) {
		return t.quote.Renewed(t.purchase, t.line, supplierID, until, now)
	})
}

// Quoter is somebody who quoted on a purchase, for the list that everybody sees.
type Quoter struct {
	Supplier xunjia.User
	Lines    int // on how many lines
	At       time.Time
}

// MaxQuoters bounds the list of who quoted.
const MaxQuoters = 20

// Quoters lists who quoted on a purchase last and did not withdraw. Names must be
// masked before strangers see them.
func (s *Store) Quoters(ctx context.Context, purchaseID int64) ([]Quoter, error) {
	var ids []int64
	list, err := all(ctx, s.db, sq.Select("supplier_id", "COUNT(*)", "MIN(created_at)").From("quote").
		Where(sq.Eq{"purchase_id": purchaseID}).Where(sq.NotEq{"state": xunjia.Withdrawn}).
		GroupBy("supplier_id").OrderBy("MIN(created_at) DESC").Limit(MaxQuoters), func(row scanner) (q Quoter, err error) {
		var id, at int64
		err = row.Scan(&id, &q.Lines, &at)
		ids = append(ids, id)
		q.At = moment(at)
		return q, err
	})
	if err != nil || len(list) == 0 {
		return nil, err
	}
	people, err := s.Users(ctx, ids)
	for i, id := range ids {
		list[i].Supplier = people[id]
	}
	return list, err
}
