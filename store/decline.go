package store

import (
	"context"
	"database/sql"
	"errors"

	sq "github.com/Masterminds/squirrel"

	"github.com/xunjia/xunjia"
)

func scanDecline(row scanner) (d xunjia.LineDecline, err error) {
	var at int64
	err = row.Scan(&d.LineID, &d.SupplierID, &d.Reason, &at)
	d.CreatedAt = moment(at)
	return d, err
}

func selectDeclines() sq.SelectBuilder {
	return sq.Select("line_id", "supplier_id", "reason", "created_at").From("line_decline")
}

// DeclineLine notes that a supplier does not quote on a line, and why: see
// Purchase.CheckDecline for the rule. Saying it again changes the reason and
// tells nobody anew; a quote takes it back.
func (s *Store) DeclineLine(ctx context.Context, lineID, supplierID int64, reason string) error {
	purchaseID, err := s.purchaseIDOfLine(ctx, lineID)
	if err != nil {
		return err
	}
	return s.runTx(ctx, func(tx *tx) error {
		p, err := s.lockPurchase(ctx, tx, purchaseID)
		if err != nil {
			return err
		}
		line, err := one(ctx, tx, selectLines().Where(sq.Eq{"id": lineID}).Suffix(s.dialect.forUpdate()), scanLine)
		if err != nil {
			return err
		}
		supplier, err := active(ctx, tx, supplierID)
		if err != nil {
			return err
		}
		if err := s.admit(ctx, tx, p, supplier); err != nil {
			return err
		}
		q, err := s.quoteOf(ctx, tx, lineID, supplierID)
		if err != nil && xunjia.ErrorCode(err) != xunjia.NotFound {
			return err
		}
		reason, err := p.CheckDecline(line, q, supplier, reason, tx.now)
		if err != nil {
			return err
		}
		n, err := exec(ctx, tx, sq.Update("line_decline").Set("reason", reason).Where(sq.Eq{"line_id": lineID, "supplier_id": supplierID}))
		if err != nil || n > 0 {
			return err
		}
		if _, err := exec(ctx, tx, sq.Insert("line_decline").Columns("line_id", "supplier_id", "purchase_id", "reason", "created_at").
			Values(lineID, supplierID, purchaseID, reason, millis(tx.now))); err != nil {
			return err
		}
		if err := pushDeclined(ctx, tx, []int64{lineID}, supplierID); err != nil {
			return err
		}
		_, err = tx.addEvent(ctx, xunjia.Event{Kind: xunjia.LineDeclined, Actor: supplierID, PurchaseID: purchaseID, LineID: lineID})
		return err
	})
}

// undecline forgets that a supplier declined a line on which he quotes now.
func undecline(ctx context.Context, tx *tx, lineID, supplierID int64) error {
	_, err := exec(ctx, tx, sq.Delete("line_decline").Where(sq.Eq{"line_id": lineID, "supplier_id": supplierID}))
	return err
}

// DeclineOf is a supplier's word on a line; zero when he said none.
func (s *Store) DeclineOf(ctx context.Context, lineID, supplierID int64) (xunjia.LineDecline, error) {
	d, err := one(ctx, s.db, selectDeclines().Where(sq.Eq{"line_id": lineID, "supplier_id": supplierID}), scanDecline)
	if errors.Is(err, sql.ErrNoRows) {
		return xunjia.LineDecline{}, nil
	}
	return d, err
}

// MaxDeclinesShown bounds how many declines of a purchase are listed.
const MaxDeclinesShown = 200

// DeclineView is a decline with who said it.
type DeclineView struct {
	xunjia.LineDecline
	Supplier xunjia.User
}

// Declines lists the newest declines of a purchase, for its buyer's side.
func (s *Store) Declines(ctx context.Context, purchaseID int64) ([]DeclineView, error) {
	list, err := all(ctx, s.db, selectDeclines().Where(sq.Eq{"purchase_id": purchaseID}).OrderBy("created_at DESC").Limit(MaxDeclinesShown), scanDecline)
	if err != nil || len(list) == 0 {
		return nil, err
	}
	ids := make([]int64, len(list))
	for i, d := range list {
		ids[i] = d.SupplierID
	}
	people, err := s.Users(ctx, ids)
	views := make([]DeclineView, len(list))
	for i, d := range list {
		views[i] = DeclineView{d, people[d.SupplierID]}
	}
	return views, err
}

// DeclinesOf are the reasons that a supplier gave for not quoting on lines of a
// purchase, by the line's id.
func (s *Store) DeclinesOf(ctx context.Context, purchaseID, supplierID int64) (map[int64]string, error) {
	reasons := map[int64]string{}
	if supplierID == 0 {
		return reasons, nil
	}
	_, err := all(ctx, s.db, selectDeclines().Where(sq.Eq{"purchase_id": purchaseID, "supplier_id": supplierID}).Limit(MaxDeclinesShown),
		func(row scanner) (struct{}, error) {
			d, err := scanDecline(row)
			reasons[d.LineID] = d.Reason
			return struct{}{}, err
		})
	return reasons, err
}
