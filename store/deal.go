package store

import (
	"context"
	"database/sql"
	"errors"

	sq "github.com/Masterminds/squirrel"

	"github.com/xunjia/xunjia"
)

func selectDeals() sq.SelectBuilder {
	return sq.Select("id", "number", "quote_id", "purchase_id", "line_id", "buyer_id", "supplier_id", "company_id", "state", "price", "unit",
		"quantity", "total", "kind", "freight", "delivery_at", "payment_at", "terms", "buyer_confirmed_at", "supplier_confirmed_at",
		"version", "created_at", "updated_at", "concluded_at", "completed_at", "cancel_side", "cancel_reason").From("deal")
}

func scanDeal(row scanner) (d xunjia.Deal, err error) {
	var delivery, payment, buyer, supplier, created, updated, concluded, completed int64
	err = row.Scan(&d.ID, &d.Number, &d.QuoteID, &d.PurchaseID, &d.LineID, &d.BuyerID, &d.SupplierID, &d.CompanyID, &d.State, &d.Price, &d.Unit,
		&d.Quantity, &d.Total, &d.Kind, &d.Freight, &delivery, &payment, &d.Terms, &buyer, &supplier,
		&d.Version, &created, &updated, &concluded, &completed, &d.CancelSide, &d.CancelReason)
	d.DeliveryAt, d.PaymentAt = moment(delivery), moment(payment)
	d.BuyerConfirmedAt, d.SupplierConfirmedAt, d.ConcludedAt = moment(buyer), moment(supplier), moment(concluded)
	d.CreatedAt, d.UpdatedAt, d.CompletedAt = moment(created), moment(updated), moment(completed)
	return d, err
}

func errNoDeal() error { return xunjia.Errorf(xunjia.NotFound, "没有找到这笔成交") }

// insertDeal writes the draft of a deal under a fresh number. A number that is
// taken fails as a duplicate: the whole operation is tried again.
func insertDeal(ctx context.Context, tx *tx, d xunjia.Deal) error {
	_, err := exec(ctx, tx, sq.Insert("deal").SetMap(map[string]any{
		"number": "D" + numbered(tx.now), "quote_id": d.QuoteID, "purchase_id": d.PurchaseID, "line_id": d.LineID,
		"buyer_id": d.BuyerID, "supplier_id": d.SupplierID, "company_id": d.CompanyID, "state": d.State, "price": d.Price,
		"unit": d.Unit, "quantity": d.Quantity, "total": d.Total, "kind": d.Kind, "freight": d.Freight,
		"delivery_at": millis(d.DeliveryAt), "payment_at": millis(d.PaymentAt), "terms": d.Terms,
		"buyer_confirmed_at": millis(d.BuyerConfirmedAt), "supplier_confirmed_at": millis(d.SupplierConfirmedAt),
		"version": d.Version, "created_at": millis(d.CreatedAt), "updated_at": millis(d.UpdatedAt), "concluded_at": millis(d.ConcludedAt),
	}))
	return err
}

// deleteDraftDeal removes the deal of a quote that nobody has confirmed; it is
// a Conflict when somebody has.
func deleteDraftDeal(ctx context.Context, tx *tx, quoteID int64) error {
	n, err := exec(ctx, tx, sq.Delete("deal").Where(sq.Eq{
		"quote_id": quoteID, "state": xunjia.DraftDeal, "buyer_confirmed_at": 0, "supplier_confirmed_at": 0,
	}))
	if err == nil && n == 0 {
		err = xunjia.Errorf(xunjia.Conflict, "成交单已有一方确认，不能再撤销答复")
	}
	return err
}

// DealOfQuote finds the deal that came of a quote, for both sides of the quote;
// NotFound when there is none. The caller has checked who asks, see Quote.
func (s *Store) DealOfQuote(ctx context.Context, quoteID int64) (xunjia.Deal, error) {
	d, err := one(ctx, s.db, selectDeals().Where(sq.Eq{"quote_id": quoteID}), scanDeal)
	if errors.Is(err, sql.ErrNoRows) {
		return d, errNoDeal()
	}
	return d, err
}
