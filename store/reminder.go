package store

import (
	"context"
	"errors"
	"fmt"
	"time"

	sq "github.com/Masterminds/squirrel"

	"github.com/xunjia/xunjia"
)

// due is somebody's turn that he is to be reminded of: number tells the reminders
// of the same apart.
type due struct {
	event  xunjia.Event
	of     int64 // what it is about, by the kind
	number int64
}

// Remind writes the events that remind people of what is their turn: requests
// about to end, quotes about to expire, quotes that nobody answered, deals that
// wait for a yes. Each is told once, however many instances ask; up to limit of a
// kind at a time. It answers how many there were.
func (s *Store) Remind(ctx context.Context, limit int) (int, error) {
	now, told := s.now(), 0
	var errs []error
	for _, find := range []func(context.Context, time.Time, int) ([]due, error){s.endingSoon, s.expiringSoon, s.unanswered, s.unconfirmed} {
		list, err := find(ctx, now, limit)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		for _, d := range list {
			done, err := s.remind(ctx, d)
			if err != nil {
				errs = append(errs, err)
				break
			}
			if done {
				told++
			}
		}
	}
	return told, errors.Join(errs...)
}

// remind writes the event unless it was written before.
func (s *Store) remind(ctx context.Context, d due) (done bool, err error) {
	err = s.runTx(ctx, func(tx *tx) error {
		done = false
		n, err := exec(ctx, tx, s.dialect.insertIgnore(sq.Insert("reminder").Columns("kind", "subject", "number", "created_at").
			Values(string(d.event.Kind), d.of, d.number, millis(tx.now))))
		if err != nil || n == 0 {
			return err
		}
		done = true
		_, err = tx.addEvent(ctx, d.event)
		return err
	})
	return done, err
}

// notReminded leaves out what somebody was reminded of already; id and number are
// expressions of the query.
func notReminded(kind xunjia.EventKind, id, number string) sq.Sqlizer {
	return sq.Expr(fmt.Sprintf("NOT EXISTS (SELECT 1 FROM reminder r WHERE r.kind = ? AND r.subject = %s AND r.number = %s)", id, number), string(kind))
}

// endingSoon are purchases whose deadline is near, but for those that never had
// much time.
func (s *Store) endingSoon(ctx context.Context, now time.Time, limit int) ([]due, error) {
	return all(ctx, s.db, sq.Select("id", "deadline").From("purchase").
		Where(sq.Eq{"status": xunjia.WaitingForQuote}).Where(sq.Gt{"deadline": millis(now)}).
		Where(sq.LtOrEq{"deadline": millis(now.Add(xunjia.EndingSoon))}).
		Where("deadline - published_at >= ?", 2*xunjia.EndingSoon.Milliseconds()).
		Where(notReminded(xunjia.PurchaseEnding, "purchase.id", "purchase.deadline")).OrderBy("deadline", "id").Limit(uint64(limit)),
		func(row scanner) (d due, err error) {
			err = row.Scan(&d.of, &d.number) // one that is put off ends soon again
			d.event = xunjia.Event{Kind: xunjia.PurchaseEnding, PurchaseID: d.of}
			return d, err
		})
}

// expiringSoon are quotes that wait for an answer and are valid for little longer.
func (s *Store) expiringSoon(ctx context.Context, now time.Time, limit int) ([]due, error) {
	return all(ctx, s.db, sq.Select("id", "revision", "purchase_id", "line_id").From("quote").
		Where(sq.Eq{"state": xunjia.Pending}).Where(sq.Gt{"valid_until": millis(now)}).
		Where(sq.LtOrEq{"valid_until": millis(now.Add(xunjia.ExpiringSoon))}).
		Where("valid_until - updated_at >= ?", 2*xunjia.ExpiringSoon.Milliseconds()).
		Where(notReminded(xunjia.QuoteExpiring, "quote.id", "quote.revision")).OrderBy("valid_until", "id").Limit(uint64(limit)),
		func(row scanner) (d due, err error) {
			err = row.Scan(&d.of, &d.number, &d.event.PurchaseID, &d.event.LineID)
			d.event.Kind, d.event.QuoteID = xunjia.QuoteExpiring, d.of
			return d, err
		})
}

// lookBack is how old something may be that people are reminded of.
const lookBack = 7 * 24 * time.Hour

// unanswered are purchases on which quoting ended a day ago, or two, and where
// quotes still wait for an answer.
func (s *Store) unanswered(ctx context.Context, now time.Time, limit int) (list []due, err error) {
	for number := int64(xunjia.MaxReminders); number >= 1; number-- {
		part, err := all(ctx, s.db, sq.Select("id").From("purchase").
			Where(sq.Eq{"status": xunjia.QuotingEnded}).Where(sq.Gt{"ended_at": millis(now.Add(-lookBack))}).
			Where(sq.LtOrEq{"ended_at": millis(now.Add(-time.Duration(number) * xunjia.ReminderGap))}).
			Where(sq.Expr("EXISTS (SELECT 1 FROM quote q WHERE q.purchase_id = purchase.id AND q.state = ?)", xunjia.Pending)).
			Where(notReminded(xunjia.QuotesWaiting, "purchase.id", fmt.Sprint(number))).OrderBy("ended_at", "id").Limit(uint64(limit)),
			func(row scanner) (d due, err error) {
				err = row.Scan(&d.of)
				d.number, d.event = number, xunjia.Event{Kind: xunjia.QuotesWaiting, PurchaseID: d.of, Subject: number}
				return d, err
			})
		if err != nil {
			return nil, err
		}
		list = append(list, part...)
	}
	return list, nil
}

// unconfirmed are deals that have waited a day for a yes.
func (s *Store) unconfirmed(ctx context.Context, now time.Time, limit int) ([]due, error) {
	return all(ctx, s.db, sq.Select("id", "version", "purchase_id", "line_id", "quote_id").From("deal").
		Where(sq.Eq{"state": xunjia.DraftDeal}).Where(sq.Gt{"updated_at": millis(now.Add(-lookBack))}).
		Where(sq.LtOrEq{"updated_at": millis(now.Add(-xunjia.ReminderGap))}).
		Where(notReminded(xunjia.DealWaiting, "deal.id", "deal.version")).OrderBy("updated_at", "id").Limit(uint64(limit)),
		func(row scanner) (d due, err error) {
			err = row.Scan(&d.of, &d.number, &d.event.PurchaseID, &d.event.LineID, &d.event.QuoteID)
			d.event.Kind, d.event.Subject = xunjia.DealWaiting, d.of
			return d, err
		})
}

// waitingFacts count what a buyer has not answered, with the lowest price of the
// line that has waited longest.
func (s *Store) waitingFacts(ctx context.Context, f *xunjia.Facts) error {
	list, err := all(ctx, s.db, selectQuotes().Where(sq.Eq{"purchase_id": f.Purchase.ID, "state": xunjia.Pending}).
		OrderBy("created_at", "id").Limit(MaxQuotesShown), scanQuote)
	if err != nil {
		return err
	}
	f.Waiting.Count = len(list)
	var best xunjia.Quote
	for _, q := range list {
		if q.LineID != list[0].LineID {
			continue
		}
		line, err := f.Purchase.Line(q.LineID)
		if err != nil {
			return err
		}
		if best.ID == 0 || q.Landed(f.Purchase.Terms, line).Compare(best.Landed(f.Purchase.Terms, line)) < 0 {
			best, f.Line = q, line
		}
	}
	if best.ID != 0 && !f.Purchase.Hidden(f.Event.CreatedAt) {
		f.Waiting.Lowest = best.PriceText()
	}
	return nil
}

// lookers are the suppliers who looked at the purchase after they were told of it,
// and have neither quoted nor declined.
func (s *Store) lookers(ctx context.Context, q AudienceQuery) ([]Recipient, int64, error) {
	lines := make([]int64, 0, len(q.Facts.Purchase.Lines))
	for _, l := range q.Facts.Purchase.Lines {
		lines = append(lines, l.ID)
	}
	people, err := all(ctx, s.db, sq.Select("supplier_id").Distinct().From("push").
		Where(sq.Eq{"line_id": lines, "quoted_at": 0, "declined_at": 0}).Where(sq.Gt{"clicked_at": 0}).
		Where(sq.Gt{"supplier_id": q.After}).OrderBy("supplier_id").Limit(uint64(q.Limit)), func(row scanner) (r Recipient, err error) {
		err = row.Scan(&r.ID)
		return r, err
	})
	if err != nil {
		return nil, 0, err
	}
	var next int64
	if len(people) == q.Limit {
		next = people[len(people)-1].ID
	}
	if q.After == 0 {
		people = append(people, buyers(q.Facts)...)
	}
	return people, next, nil
}

// waitingSides are those of a deal who have not said yes.
func waitingSides(f xunjia.Facts) []Recipient {
	var people []Recipient
	if !f.Deal.ConfirmedBy(xunjia.BuyerSide) {
		people = append(people, buyers(f)...)
	}
	if !f.Deal.ConfirmedBy(xunjia.SupplierSide) {
		people = append(people, Recipient{ID: f.Quote.SupplierID})
	}
	return people
}
