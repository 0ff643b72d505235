package store

import (
	"context"
	"database/sql"
	"errors"

	sq "github.com/Masterminds/squirrel"

	"github.com/xunjia/xunjia"
)

// NotificationOrigin is where a notification came from: its event, zero once
// that is pruned, and what was sent of it besides. Addresses and payloads are
// left out. For anybody but the receiver it is NotFound.
func (s *Store) NotificationOrigin(ctx context.Context, id, receiver int64) (n xunjia.Notification, e xunjia.Event, sent []xunjia.Delivery, err error) {
	if n, err = s.Notification(ctx, id, receiver); err != nil {
		return n, e, nil, err
	}
	e, err = one(ctx, s.db, sq.Select("e.id", "e.kind", "e.purchase_id", "e.line_id", "e.quote_id").From("notification n").
		Join("event e ON e.id = n.event_id").Where(sq.Eq{"n.id": id}), func(row scanner) (e xunjia.Event, err error) {
		err = row.Scan(&e.ID, &e.Kind, &e.PurchaseID, &e.LineID, &e.QuoteID)
		return e, err
	})
	if errors.Is(err, sql.ErrNoRows) {
		return n, xunjia.Event{}, nil, nil
	}
	if err != nil {
		return n, e, nil, err
	}
	sent, err = all(ctx, s.db, selectDelivery().Where(sq.Eq{"event_id": e.ID, "recipient": receiver}).OrderBy("id"), scanDelivery)
	for i := range sent {
		sent[i].Address, sent[i].Payload = "", ""
	}
	return n, e, sent, err
}
