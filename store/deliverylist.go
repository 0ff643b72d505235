package store

import (
	"context"
	"database/sql"
	"errors"
	"slices"
	"strconv"
	"time"

	sq "github.com/Masterminds/squirrel"

	"github.com/xunjia/xunjia"
)

// DeliveryFilter chooses deliveries for the console; what is zero does not
// matter.
type DeliveryFilter struct {
	States    []xunjia.DeliveryState
	Channel   xunjia.Channel
	Kind      xunjia.EventKind
	Recipient int64
	Phone     xunjia.Phone // of whoever is no user: codes
	Purchase  int64
	From      time.Time // made at or after
	Until     time.Time // and before
}

// The list is read by windows of the primary key, so that no filter, however
// rare what it finds, reads more than this for a page.
const (
	deliveryWindow = 50_000 // rows
	deliveryLooks  = 6      // windows
)

// Deliveries lists deliveries, newest first. A page may hold fewer than asked
// for, even none, and still have a next one: what matches is far back then.
// Payloads are left out, and so are deliveries that would tell who has quoted on
// a purchase whose quotes are sealed.
func (s *Store) Deliveries(ctx context.Context, f DeliveryFilter, p xunjia.Page) (xunjia.List[xunjia.Delivery], error) {
	list, err := s.deliveries(ctx, f, p)
	if err != nil {
		return list, err
	}
	sealed, err := s.sealedEvents(ctx, list.Items)
	list.Items = slices.DeleteFunc(list.Items, func(d xunjia.Delivery) bool { return tellsSealed(d, sealed) })
	return list, err
}

// sealedEvents answers which of the deliveries' events are about purchases whose
// quotes are sealed, with their buyers.
func (s *Store) sealedEvents(ctx context.Context, list []xunjia.Delivery) (map[int64]int64, error) {
	sealed := map[int64]int64{}
	if len(list) == 0 {
		return sealed, nil
	}
	ids := make([]int64, len(list))
	for i, d := range list {
		ids[i] = d.EventID
	}
	now := s.now()
	_, err := all(ctx, s.db, sq.Select("e.id", "p.buyer_id", "p.deadline", "p.ended_at").From("event e").Join("purchase p ON p.id = e.purchase_id").
		Where(sq.Eq{"e.id": ids, "p.mode": int(xunjia.SealedMode)}), func(row scanner) (struct{}, error) {
		var event, buyer, deadline, ended int64
		err := row.Scan(&event, &buyer, &deadline, &ended)
		if (xunjia.Purchase{Terms: xunjia.Terms{Mode: xunjia.SealedMode, Deadline: moment(deadline)}, EndedAt: moment(ended)}).Hidden(now) {
			sealed[event] = buyer
		}
		return struct{}{}, err
	})
	return sealed, err
}

// tellsSealed tells that the delivery shows that its recipient has quoted.
func tellsSealed(d xunjia.Delivery, sealed map[int64]int64) bool {
	buyer, hidden := sealed[d.EventID]
	return hidden && d.Recipient != buyer && d.Kind.TellsWhoQuoted()
}

func (s *Store) deliveries(ctx context.Context, f DeliveryFilter, p xunjia.Page) (xunjia.List[xunjia.Delivery], error) {
	var list xunjia.List[xunjia.Delivery]
	limit := p.Limit
	if limit <= 0 {
		limit = xunjia.PageSize
	}
	low, high, err := s.deliveryRange(ctx, f, p.After)
	if err != nil {
		return list, err
	}
	window := int64(deliveryWindow)
	if f.Recipient != 0 || f.Purchase != 0 { // an index finds these
		window = high
	}
	for range deliveryLooks {
		if high < low {
			break
		}
		from := max(low, high-window+1)
		rows, err := all(ctx, s.db, f.apply(selectDelivery()).Where(sq.GtOrEq{"id": from}).Where(sq.LtOrEq{"id": high}).
			OrderBy("id DESC").Limit(uint64(limit-len(list.Items))+1), scanDelivery)
		if err != nil {
			return list, err
		}
		for _, d := range rows {
			if len(list.Items) == limit {
				list.Next = strconv.FormatInt(list.Items[limit-1].ID, 10)
				return list, nil
			}
			d.Payload = ""
			list.Items = append(list.Items, d)
		}
		high = from - 1
	}
	if high >= low {
		list.Next = strconv.FormatInt(high+1, 10)
	}
	return list, nil
}

// deliveryRange is the ids that a page may show.
func (s *Store) deliveryRange(ctx context.Context, f DeliveryFilter, after string) (low, high int64, err error) {
	low = 1
	if !f.From.IsZero() {
		if low, err = s.firstSince(ctx, "delivery", "created_at", f.From); err != nil {
			return 0, 0, err
		}
	}
	switch {
	case after != "":
		if high, err = strconv.ParseInt(after, 10, 64); err != nil {
			return 0, 0, xunjia.Errorf(xunjia.Invalid, "没有这一页")
		}
		high--
	case !f.Until.IsZero():
		high, err = s.firstSince(ctx, "delivery", "created_at", f.Until)
		high--
	default:
		high, err = one(ctx, s.db, sq.Select("COALESCE(MAX(id), 0)").From("delivery"), scanInt)
	}
	return low, high, err
}

func (f DeliveryFilter) apply(q sq.SelectBuilder) sq.SelectBuilder {
	equal := sq.Eq{}
	for column, value := range map[string]string{"channel": string(f.Channel), "kind": string(f.Kind), "address": string(f.Phone)} {
		if value != "" {
			equal[column] = value
		}
	}
	if f.Recipient != 0 {
		equal["recipient"] = f.Recipient
	}
	if len(f.States) > 0 {
		names := make([]string, len(f.States))
		for i, st := range f.States {
			names[i] = string(st)
		}
		equal["state"] = names
	}
	if len(equal) > 0 {
		q = q.Where(equal)
	}
	if f.Purchase != 0 {
		q = q.Where("event_id IN (SELECT e.id FROM event e WHERE e.purchase_id = ?)", f.Purchase)
	}
	return q
}

// DeliveryView is a delivery with what led to it.
type DeliveryView struct {
	xunjia.Delivery
	Event  xunjia.Event
	Others []xunjia.Delivery   // of the same event to the same person
	Notice xunjia.Notification // his row in the inbox; zero when there is none
}

// Delivery reads one for the console; NotFound, also for one that would tell who
// has quoted on a purchase whose quotes are sealed.
func (s *Store) Delivery(ctx context.Context, id int64) (v DeliveryView, err error) {
	v.Delivery, err = one(ctx, s.db, selectDelivery().Where(sq.Eq{"id": id}), scanDelivery)
	if errors.Is(err, sql.ErrNoRows) {
		return v, xunjia.Errorf(xunjia.NotFound, "没有找到这条投递")
	}
	if err != nil {
		return v, err
	}
	sealed, err := s.sealedEvents(ctx, []xunjia.Delivery{v.Delivery})
	if err != nil {
		return v, err
	}
	if tellsSealed(v.Delivery, sealed) {
		return DeliveryView{}, xunjia.Errorf(xunjia.NotFound, "这条投递和密封报价有关，开标以后才能查看")
	}
	job, err := one(ctx, s.db, selectEventJob().Where(sq.Eq{"id": v.EventID}), scanEventJob)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return v, err
	}
	v.Event = job.Event
	if _, hidden := sealed[v.EventID]; hidden {
		v.Event.Actor, v.Event.QuoteID = 0, 0
	}
	if v.Recipient == 0 {
		return v, nil
	}
	if v.Others, err = all(ctx, s.db, selectDelivery().Where(sq.Eq{"event_id": v.EventID, "recipient": v.Recipient}).
		Where(sq.NotEq{"id": id}).OrderBy("id"), scanDelivery); err != nil {
		return v, err
	}
	v.Notice, err = one(ctx, s.db, selectNotifications().Where(sq.Eq{"event_id": v.EventID, "receiver": v.Recipient}), scanNotification)
	if errors.Is(err, sql.ErrNoRows) {
		err = nil
	}
	return v, err
}

// SMSCount counts short messages of one kind and state.
type SMSCount struct {
	Kind     xunjia.EventKind
	State    xunjia.DeliveryState
	Count    int
	Segments int
	Cost     int64 // in 厘
}

// SMSSince counts the short messages that were sent since a moment, those made
// since then that came to nothing without being sent, and those that wait.
func (s *Store) SMSSince(ctx context.Context, since time.Time) ([]SMSCount, error) {
	first, err := s.firstSince(ctx, "delivery", "created_at", since)
	if err != nil {
		return nil, err
	}
	var counts []SMSCount
	for _, which := range []sq.Sqlizer{ // an index for each
		sq.GtOrEq{"sent_at": millis(since)},
		sq.And{sq.Eq{"state": []string{string(xunjia.DeliveryFailed), string(xunjia.DeliveryUnknown), string(xunjia.DeliveryDead)}, "sent_at": 0},
			sq.GtOrEq{"id": first}},
		sq.Eq{"active": 1},
	} {
		part, err := all(ctx, s.db, sq.Select("kind", "state", "COUNT(*)", "SUM(segments)", "SUM(cost)").From("delivery").
			Where(sq.Eq{"channel": string(xunjia.SMSChannel)}).Where(which).GroupBy("kind", "state"), func(row scanner) (c SMSCount, err error) {
			return c, row.Scan(&c.Kind, &c.State, &c.Count, &c.Segments, &c.Cost)
		})
		if err != nil {
			return nil, err
		}
		counts = append(counts, part...)
	}
	return counts, nil
}

// SpentByDay is what was taken from a budget on each day from the given one on,
// by day; days without spending are absent.
func (s *Store) SpentByDay(ctx context.Context, name string, from int) (map[int]int64, error) {
	spent := map[int]int64{}
	_, err := all(ctx, s.db, sq.Select("day", "used").From("counter").Where(sq.Eq{"name": name}).Where(sq.GtOrEq{"day": from}),
		func(row scanner) (struct{}, error) {
			var day int
			var used int64
			err := row.Scan(&day, &used)
			spent[day] = used
			return struct{}{}, err
		})
	return spent, err
}

// DeadEvent is an event that not everybody could be told of.
type DeadEvent struct {
	xunjia.Event
	ToldTo int64 // user id: recipients up to this one have been told
	Reason string
}

// DeadEvents lists the events that were given up, newest first.
func (s *Store) DeadEvents(ctx context.Context, p xunjia.Page) (list xunjia.List[DeadEvent], err error) {
	limit := p.Limit
	if limit <= 0 {
		limit = xunjia.PageSize
	}
	q := sq.Select("id", "kind", "actor", "purchase_id", "line_id", "quote_id", "subject", "created_at", "told_to", "reason").
		From("event").Where(sq.Eq{"dead": 1}).OrderBy("id DESC").Limit(uint64(limit) + 1)
	if p.After != "" {
		before, err := strconv.ParseInt(p.After, 10, 64)
		if err != nil {
			return list, xunjia.Errorf(xunjia.Invalid, "没有这一页")
		}
		q = q.Where(sq.Lt{"id": before})
	}
	list.Items, err = all(ctx, s.db, q, func(row scanner) (e DeadEvent, err error) {
		var created int64
		err = row.Scan(&e.ID, &e.Kind, &e.Actor, &e.PurchaseID, &e.LineID, &e.QuoteID, &e.Subject, &created, &e.ToldTo, &e.Reason)
		e.CreatedAt = moment(created)
		return e, err
	})
	if len(list.Items) > limit {
		list.Items = list.Items[:limit]
		list.Next = strconv.FormatInt(list.Items[limit-1].ID, 10)
	}
	return list, err
}

// RetryEvent goes on telling of an event that was given up, from where it
// stopped. It fails with NotFound, and with Conflict when it was not given up.
func (s *Store) RetryEvent(ctx context.Context, by, id int64) error {
	return s.runTx(ctx, func(tx *tx) error {
		n, err := exec(ctx, tx, sq.Update("event").Set("active", 1).Set("dead", 0).Set("attempt", 0).Set("owner", "").
			Set("next_at", 0).Set("reason", "").Where(sq.Eq{"id": id, "dead": 1}))
		if err != nil {
			return err
		}
		if n > 0 {
			return tx.audit(ctx, xunjia.Audit{Staff: by, Action: "delivery.retried", Target: "event:" + strconv.FormatInt(id, 10), Detail: "继续通知一个被放弃的事件"})
		}
		if _, err := one(ctx, tx, sq.Select("id").From("event").Where(sq.Eq{"id": id}), scanInt); errors.Is(err, sql.ErrNoRows) {
			return xunjia.Errorf(xunjia.NotFound, "没有找到这个事件")
		} else if err != nil {
			return err
		}
		return xunjia.Errorf(xunjia.Conflict, "这个事件没有被放弃，不用重试")
	})
}
