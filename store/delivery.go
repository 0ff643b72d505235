package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	sq "github.com/Masterminds/squirrel"

	"github.com/xunjia/xunjia"
)

// deliveryColumns names the columns of a new delivery, in deliveryRow's order.
var deliveryColumns = []string{"event_id", "kind", "recipient", "channel", "lane", "state", "active", "address", "payload",
	"attempt", "first_try_at", "next_at", "expires_at", "owner", "message_id", "reason", "created_at", "sent_at"}

func deliveryRow(event int64, d xunjia.Delivery) []any {
	return []any{event, string(d.Kind), d.Recipient, string(d.Channel), int(d.Lane), string(d.State), flag(!d.State.Final()),
		d.Address, d.Payload, d.Attempt, millis(d.FirstTryAt), millis(d.NextAt), millis(d.ExpiresAt), "", "",
		shorten(d.Reason), millis(d.CreatedAt), 0}
}

// selectDelivery reads deliveries for scanDelivery.
func selectDelivery() sq.SelectBuilder {
	return sq.Select("id", "event_id", "kind", "recipient", "channel", "lane", "state", "address", "payload",
		"attempt", "first_try_at", "next_at", "expires_at", "owner", "message_id", "reason", "created_at", "sent_at", "segments", "cost").From("delivery")
}

func scanDelivery(row scanner) (d xunjia.Delivery, err error) {
	var first, next, expires, created, sent int64
	err = row.Scan(&d.ID, &d.EventID, &d.Kind, &d.Recipient, &d.Channel, &d.Lane, &d.State, &d.Address, &d.Payload,
		&d.Attempt, &first, &next, &expires, &d.Owner, &d.MessageID, &d.Reason, &created, &sent, &d.Segments, &d.Cost)
	d.FirstTryAt, d.NextAt, d.ExpiresAt = moment(first), moment(next), moment(expires)
	d.CreatedAt, d.SentAt = moment(created), moment(sent)
	return d, err
}

// DeliveryClaim asks for deliveries of one channel and lane that are due.
type DeliveryClaim struct {
	Channel xunjia.Channel
	Lane    xunjia.Lane
	Owner   string    // token of the lease, fresh for every claim
	Now     time.Time // by the database
	Until   time.Time // end of the lease
	Limit   int
}

// ClaimDeliveries leases up to Limit deliveries. Each is sending now, with one
// more attempt, and FirstTryAt is Now unless an earlier try is in doubt. Like
// ClaimEvent it locks nothing that others wait for.
func (s *Store) ClaimDeliveries(ctx context.Context, c DeliveryClaim) ([]xunjia.Delivery, error) {
	now := millis(c.Now)
	due := sq.Eq{"active": 1, "channel": string(c.Channel), "lane": int(c.Lane)}
	ids, err := all(ctx, s.db, sq.Select("id").From("delivery").Where(due).Where(sq.LtOrEq{"next_at": now}).
		OrderBy("next_at", "id").Limit(uint64(c.Limit)*claimChoice), scanInt)
	if err != nil || len(ids) == 0 {
		return nil, err
	}
	ids = randomWindow(ids, c.Limit)
	// One transaction: a claim whose answer gets lost must not have happened, or
	// a short message would count as perhaps sent.
	var claimed []xunjia.Delivery
	err = s.runTx(ctx, func(tx *tx) error {
		claimed = nil
		n, err := exec(ctx, tx, sq.Update("delivery").
			Set("owner", c.Owner).Set("state", string(xunjia.DeliverySending)).Set("next_at", millis(c.Until)).
			Set("attempt", sq.Expr("attempt + 1")).
			Set("first_try_at", sq.Expr("CASE WHEN first_try_at = 0 THEN ? ELSE first_try_at END", now)).
			Where(sq.Eq{"id": ids}).Where(stillDue, now))
		if err != nil || n == 0 {
			return err
		}
		claimed, err = all(ctx, tx, selectDelivery().Where(sq.Eq{"id": ids, "owner": c.Owner}).OrderBy("id"), scanDelivery)
		return err
	})
	return claimed, err
}

// Outcome is what became of a leased delivery.
type Outcome struct {
	ID         int64
	Owner      string // token of the lease
	State      xunjia.DeliveryState
	NextAt     time.Time // of a pending one
	Attempt    int
	FirstTryAt time.Time
	MessageID  string
	Reason     string
	SentAt     time.Time
	Segments   int   // of a short message, see xunjia.SMSSegments
	Cost       int64 // of a short message, in 厘
	Secret     bool  // the payload is erased once the state is final
	// Fallback is queued beside a delivery that failed, skipping a recipient
	// who has been told over that channel already; nil for none. An empty
	// Address stands for the recipient's phone.
	Fallback *xunjia.Delivery
}

// SettleDelivery records an outcome and ends the lease. It answers false, and
// records nothing, when the lease was lost: another worker has the delivery.
func (s *Store) SettleDelivery(ctx context.Context, o Outcome) (bool, error) {
	u := sq.Update("delivery").Set("owner", "").Set("state", string(o.State)).Set("active", flag(!o.State.Final())).
		Set("next_at", millis(o.NextAt)).Set("attempt", o.Attempt).Set("first_try_at", millis(o.FirstTryAt)).
		Set("message_id", o.MessageID).Set("reason", shorten(o.Reason)).Set("sent_at", millis(o.SentAt)).
		Set("segments", o.Segments).Set("cost", o.Cost)
	if o.Secret && o.State.Final() {
		u = u.Set("payload", "")
	}
	u = u.Where(sq.Eq{"id": o.ID, "owner": o.Owner})
	if o.Fallback == nil {
		n, err := s.write(ctx, u)
		return n > 0, err
	}
	kept := false
	err := s.runTx(ctx, func(tx *tx) error {
		n, err := exec(ctx, tx, u)
		if kept = n > 0; err != nil || !kept {
			return err
		}
		return tx.addFallback(ctx, *o.Fallback)
	})
	return kept, err
}

// addFallback queues a delivery that takes over from another one.
func (t *tx) addFallback(ctx context.Context, d xunjia.Delivery) error {
	if d.Address == "" {
		phone, err := one(ctx, t, sq.Select("phone").From("users").Where(sq.Eq{"id": d.Recipient, "disabled": 0}), scanString)
		if errors.Is(err, sql.ErrNoRows) || err == nil && phone == "" {
			return nil
		}
		if err != nil {
			return err
		}
		d.Address = phone
	}
	return insertRows(ctx, t, "delivery", deliveryColumns, [][]any{deliveryRow(d.EventID, d)})
}

// Confirmation is a channel's report about a message that it took earlier.
type Confirmation struct {
	Channel   xunjia.Channel
	MessageID string
	// DeliveryID names the delivery when the report does, which it can even if
	// the answer to sending was lost; 0 when it does not.
	DeliveryID int64
	OK         bool
	Reason     string // Chinese, why it failed
	Segments   int    // of a short message, as it was billed; 0: not told
	// Ours tells whether the report is about this delivery; nil: it is.
	Ours func(xunjia.Delivery) bool
	// Fallback makes the delivery that takes over when this one failed.
	Fallback func(xunjia.Delivery) (xunjia.Delivery, bool)
}

// ConfirmDelivery moves a delivery that was sent, or of which nobody knew
// whether it was, to delivered or failed. Repeated reports change nothing. It
// fails with NotFound when the message is not known: perhaps the answer to
// sending it has not been recorded yet.
func (s *Store) ConfirmDelivery(ctx context.Context, c Confirmation) error {
	which := sq.Eq{"message_id": c.MessageID, "channel": string(c.Channel)}
	if c.DeliveryID != 0 {
		which = sq.Eq{"id": c.DeliveryID, "channel": string(c.Channel)}
	}
	return s.runTx(ctx, func(tx *tx) error {
		d, err := one(ctx, tx, selectDelivery().Where(which).Suffix(s.dialect.forUpdate()), scanDelivery)
		switch {
		case errors.Is(err, sql.ErrNoRows), c.MessageID == "", err == nil && c.Ours != nil && !c.Ours(d):
			return xunjia.Errorf(xunjia.NotFound, "没有找到这条消息")
		case err != nil:
			return err
		case d.State == xunjia.DeliverySending:
			return xunjia.Errorf(xunjia.NotFound, "这条消息正在发送")
		case d.State != xunjia.DeliverySent && d.State != xunjia.DeliveryUnknown:
			return nil
		}
		u := sq.Update("delivery").Set("state", string(xunjia.DeliveryDelivered)).Set("message_id", c.MessageID)
		if !c.OK {
			u = u.Set("state", string(xunjia.DeliveryFailed))
		}
		if c.Segments > 0 && d.Segments > 0 {
			u = u.Set("segments", c.Segments).Set("cost", d.Cost/int64(d.Segments)*int64(c.Segments))
		}
		_, err = exec(ctx, tx, u.Set("reason", shorten(c.Reason)).Where(sq.Eq{"id": d.ID, "state": string(d.State)}))
		if err != nil || c.OK || c.Fallback == nil {
			return err
		}
		if next, ok := c.Fallback(d); ok {
			return tx.addFallback(ctx, next)
		}
		return nil
	})
}

// ResendDelivery makes a delivery that came to nothing due again, as if it were
// new. It fails with NotFound, and with Conflict when it was sent, is still
// under way, or has no content any more.
func (s *Store) ResendDelivery(ctx context.Context, by, id int64, now time.Time) error {
	return s.runTx(ctx, func(tx *tx) error {
		n, err := exec(ctx, tx, sq.Update("delivery").
			Set("state", string(xunjia.DeliveryPending)).Set("active", 1).Set("attempt", 0).Set("first_try_at", 0).
			Set("next_at", millis(now)).Set("expires_at", 0).Set("owner", "").Set("message_id", "").Set("reason", "").
			Where(sq.Eq{"id": id, "state": []string{string(xunjia.DeliveryFailed), string(xunjia.DeliverySkipped),
				string(xunjia.DeliveryUnknown), string(xunjia.DeliveryDead)}}).
			Where(sq.NotEq{"payload": ""}))
		if err != nil {
			return err
		}
		if n > 0 {
			return tx.audit(ctx, xunjia.Audit{Staff: by, Action: "delivery.resent", Target: fmt.Sprintf("delivery:%d", id), Detail: "重新发送一条通知"})
		}
		if _, err := one(ctx, tx, sq.Select("id").From("delivery").Where(sq.Eq{"id": id}), scanInt); errors.Is(err, sql.ErrNoRows) {
			return xunjia.Errorf(xunjia.NotFound, "没有找到这条投递")
		} else if err != nil {
			return err
		}
		return xunjia.Errorf(xunjia.Conflict, "这条投递已经发出、正在发送或内容已清除，不能重发")
	})
}

// Backlog counts the deliveries of one channel, lane and state.
type Backlog struct {
	Channel xunjia.Channel
	Lane    xunjia.Lane
	State   xunjia.DeliveryState
	Count   int
}

// Backlog counts deliveries that wait or are dead, for the operator.
func (s *Store) Backlog(ctx context.Context) ([]Backlog, error) {
	return all(ctx, s.db, sq.Select("channel", "lane", "state", "COUNT(*)").From("delivery").
		Where(sq.Eq{"state": []string{string(xunjia.DeliveryPending), string(xunjia.DeliverySending), string(xunjia.DeliveryDead)}}).
		GroupBy("channel", "lane", "state"), func(row scanner) (b Backlog, err error) {
		err = row.Scan(&b.Channel, &b.Lane, &b.State, &b.Count)
		return b, err
	})
}

// PruneOutbox deletes up to limit deliveries, and as many events, that are done
// with and were made before the given moment, and answers how many there were.
func (s *Store) PruneOutbox(ctx context.Context, before time.Time, limit int) (int, error) {
	total := 0
	for _, table := range []string{"delivery", "event"} {
		// The oldest rows come first by id; asking for old ones would read the
		// whole table whenever there is none.
		var ids []int64
		_, err := all(ctx, s.db, sq.Select("id", "active", "created_at").From(table).OrderBy("id").Limit(uint64(limit)),
			func(row scanner) (struct{}, error) {
				var id, active, created int64
				err := row.Scan(&id, &active, &created)
				if active == 0 && created < millis(before) {
					ids = append(ids, id)
				}
				return struct{}{}, err
			})
		if err != nil {
			return total, err
		}
		if len(ids) == 0 {
			continue
		}
		n, err := s.write(ctx, sq.Delete(table).Where(sq.Eq{"id": ids}))
		total += int(n)
		if err != nil {
			return total, err
		}
	}
	return total, nil
}
