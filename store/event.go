package store

import (
	"context"
	"database/sql"
	"errors"
	"math/rand/v2"
	"strings"
	"time"

	sq "github.com/Masterminds/squirrel"

	"github.com/xunjia/xunjia"
)

// addEvent writes that something happened, in the transaction that made it
// happen, and answers its id. CreatedAt is the transaction's time. Everyone
// concerned is told soon after the commit, by package outbox.
func (t *tx) addEvent(ctx context.Context, e xunjia.Event) (int64, error) {
	return t.insertEvent(ctx, e, true)
}

// insertEvent writes an event; one that is not active needs no telling any more.
func (t *tx) insertEvent(ctx context.Context, e xunjia.Event, active bool) (int64, error) {
	// next_at is 0, at once: this host's clock may be ahead of the database's,
	// which decides when an event is due.
	return insert(ctx, t, sq.Insert("event").SetMap(map[string]any{
		"kind": string(e.Kind), "actor": e.Actor, "purchase_id": e.PurchaseID, "line_id": e.LineID,
		"quote_id": e.QuoteID, "subject": e.Subject, "created_at": millis(t.now), "lane": int(e.Kind.Lane()), "active": flag(active),
		"next_at": 0, "owner": "", "attempt": 0, "told_to": 0, "reason": "",
	}))
}

// flag is how truth is stored.
func flag(b bool) int {
	if b {
		return 1
	}
	return 0
}

// DatabaseTime is the database's clock, which leases are measured by: the
// clocks of several hosts differ.
func (s *Store) DatabaseTime(ctx context.Context) (time.Time, error) { return s.dbNow(ctx) }

// EventClaim asks for the oldest event of a lane that is due.
type EventClaim struct {
	Lane  xunjia.Lane
	Owner string    // token of the lease, fresh for every claim
	Now   time.Time // by the database
	Until time.Time // end of the lease
}

// EventJob is an event under a lease.
type EventJob struct {
	Event   xunjia.Event
	Owner   string
	Attempt int   // claims so far
	ToldTo  int64 // user id: recipients up to this one have been told
}

// claimChoice is how many candidates a claim looks at for every row it takes, so
// that claimers on several instances rarely want the same ones.
const claimChoice = 8

// ClaimEvent leases the oldest due event; false when there is none. It reads
// candidates without locking and takes one by compare-and-swap, so that
// claimers never wait for one another.
func (s *Store) ClaimEvent(ctx context.Context, c EventClaim) (EventJob, bool, error) {
	due := sq.Eq{"active": 1, "lane": int(c.Lane)}
	ids, err := all(ctx, s.db, sq.Select("id").From("event").Where(due).
		Where(sq.LtOrEq{"next_at": millis(c.Now)}).OrderBy("next_at", "id").Limit(claimChoice), scanInt)
	if err != nil {
		return EventJob{}, false, err
	}
	for _, id := range ids {
		n, err := s.write(ctx, sq.Update("event").Set("owner", c.Owner).Set("next_at", millis(c.Until)).
			Set("attempt", sq.Expr("attempt + 1")).
			Where(sq.Eq{"id": id}).Where(stillDue, millis(c.Now)))
		if err != nil {
			return EventJob{}, false, err
		}
		if n == 0 {
			continue // another claimer took it
		}
		job, err := one(ctx, s.db, selectEventJob().Where(sq.Eq{"id": id, "owner": c.Owner}), scanEventJob)
		if errors.Is(err, sql.ErrNoRows) {
			continue
		}
		return job, err == nil, err
	}
	return EventJob{}, false, nil
}

// stillDue is the compare of the compare-and-swap. The sums keep the server from
// reading the index of due rows, which would lock the gaps between them: the
// rows are found by their primary key.
const stillDue = "active + 0 = 1 AND next_at + 0 <= ?"

func selectEventJob() sq.SelectBuilder {
	return sq.Select("id", "kind", "actor", "purchase_id", "line_id", "quote_id", "subject", "created_at", "owner", "attempt", "told_to").
		From("event")
}

func scanEventJob(row scanner) (EventJob, error) {
	var j EventJob
	var created int64
	err := row.Scan(&j.Event.ID, &j.Event.Kind, &j.Event.Actor, &j.Event.PurchaseID, &j.Event.LineID,
		&j.Event.QuoteID, &j.Event.Subject, &created, &j.Owner, &j.Attempt, &j.ToldTo)
	j.Event.CreatedAt = moment(created)
	return j, err
}

// Told is what a batch of recipients is told of one event.
type Told struct {
	EventID       int64
	Owner         string
	Notifications []xunjia.Notification // at most one for each receiver
	Deliveries    []xunjia.Delivery     // at most one for each recipient and channel; new, so without ids
	To            int64                 // the batch's highest user id
	Until         time.Time             // the lease's new end
	Done          bool                  // nobody is left to be told
	Round         *RoundTold            // of a purchase that is pushed; nil for other events
}

// Tell stores what a batch of recipients is told and where to go on, in one
// transaction. It fails with Conflict when the lease was lost: somebody else
// goes on then. Who has been told already is not told again.
func (s *Store) Tell(ctx context.Context, t Told) error {
	return s.runTx(ctx, func(tx *tx) error {
		u := sq.Update("event").Set("told_to", t.To).Set("next_at", millis(t.Until)).Set("attempt", 0)
		if t.Done {
			u = u.Set("active", 0).Set("owner", "").Set("reason", "")
		}
		n, err := exec(ctx, tx, u.Where(sq.Eq{"id": t.EventID, "owner": t.Owner}))
		if err != nil {
			return err
		}
		if n == 0 {
			return leaseLost()
		}
		var full map[int64]bool // who has no room for a push any more
		if t.Round != nil {
			if full, err = s.tellRound(ctx, tx, *t.Round, t.Done); err != nil {
				return err
			}
		}
		notes := make([][]any, 0, len(t.Notifications))
		for _, v := range t.Notifications {
			if !full[v.Receiver] {
				notes = append(notes, []any{t.EventID, int(v.Type), int(v.Status), v.Sender, v.Receiver, v.Title, v.Content, v.Text, v.Path,
					v.Purchase, millis(v.CreatedAt)})
			}
		}
		if err := insertRows(ctx, tx, "notification", notificationRow, notes); err != nil {
			return err
		}
		rows := make([][]any, 0, len(t.Deliveries))
		for _, d := range t.Deliveries {
			if !full[d.Recipient] {
				rows = append(rows, deliveryRow(t.EventID, d))
			}
		}
		return insertRows(ctx, tx, "delivery", deliveryColumns, rows)
	})
}

func leaseLost() error {
	return xunjia.Errorf(xunjia.Conflict, "这项工作已由别的进程接手")
}

// notificationRow names the columns of an inbox row that tells of an event;
// (event_id, receiver) is unique.
var notificationRow = []string{"event_id", "type", "status", "sender", "receiver", "title", "content", "text", "path", "purchase_id", "created_at"}

// insertRows inserts rows in few statements and skips those whose key is taken.
// Plain INSERTs, not IGNORE, which would squeeze values that do not fit.
func insertRows(ctx context.Context, r runner, table string, columns []string, rows [][]any) error {
	const most = 20_000 // placeholders in a statement; SQLite allows 32,766
	per := max(1, most/len(columns))
	for len(rows) > 0 {
		part := rows[:min(per, len(rows))]
		rows = rows[len(part):]
		_, err := exec(ctx, r, insertAll(table, columns, part))
		if isDuplicate(err) && len(part) > 1 {
			for i := range part {
				if _, err = exec(ctx, r, insertAll(table, columns, part[i:i+1])); err != nil && !isDuplicate(err) {
					return err
				}
			}
			continue
		}
		if err != nil && !isDuplicate(err) {
			return err
		}
	}
	return nil
}

// insertAll is INSERT … VALUES (…), (…), …; written by hand because a builder
// takes longer over a thousand rows than the database does.
func insertAll(table string, columns []string, rows [][]any) sq.Sqlizer {
	var b strings.Builder
	b.WriteString("INSERT INTO " + table + " (" + strings.Join(columns, ", ") + ") VALUES ")
	row := "(" + strings.Repeat("?, ", len(columns)-1) + "?)"
	args := make([]any, 0, len(rows)*len(columns))
	for i, values := range rows {
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString(row)
		args = append(args, values...)
	}
	return statement{b.String(), args}
}

// statement is SQL that is finished already.
type statement struct {
	query string
	args  []any
}

// ToSql implements sq.Sqlizer.
func (s statement) ToSql() (string, []any, error) { return s.query, s.args, nil }

// Postponed gives an event back.
type Postponed struct {
	EventID int64
	Owner   string
	NextAt  time.Time
	Dead    bool   // not tried again
	Reason  string // for staff
}

// PostponeEvent ends the lease of an event that could not be told to everybody.
// Nothing happens when the lease was lost.
func (s *Store) PostponeEvent(ctx context.Context, p Postponed) error {
	_, err := s.write(ctx, sq.Update("event").Set("owner", "").Set("next_at", millis(p.NextAt)).
		Set("active", flag(!p.Dead)).Set("dead", flag(p.Dead)).Set("reason", shorten(p.Reason)).Where(sq.Eq{"id": p.EventID, "owner": p.Owner}))
	return err
}

// QueuedCode is a verification code on its way.
type QueuedCode struct {
	Phone     xunjia.Phone
	Payload   string    // with the sealed code, see package outbox
	At        time.Time // by the database
	ExpiresAt time.Time
}

// QueueCode writes the event of a requested code and its delivery in one
// transaction, so that the code need not wait to be told to anybody.
func (s *Store) QueueCode(ctx context.Context, c QueuedCode) error {
	return s.runTx(ctx, func(tx *tx) error {
		id, err := tx.insertEvent(ctx, xunjia.Event{Kind: xunjia.CodeRequested}, false)
		if err != nil {
			return err
		}
		return insertRows(ctx, tx, "delivery", deliveryColumns, [][]any{deliveryRow(id, xunjia.Delivery{
			Kind: xunjia.CodeRequested, Channel: xunjia.SMSChannel, Lane: xunjia.UrgentLane,
			State: xunjia.DeliveryPending, Address: string(c.Phone), Payload: c.Payload,
			NextAt: c.At, ExpiresAt: c.ExpiresAt, CreatedAt: c.At,
		})})
	})
}

// randomWindow picks n neighbours of list at random: neighbours, so that the
// oldest rows are not left behind for long.
func randomWindow(list []int64, n int) []int64 {
	if len(list) <= n {
		return list
	}
	from := rand.IntN(len(list) - n + 1) // #nosec G404 -- spreads the workers
	return list[from : from+n]
}

// shorten cuts a reason to what its column holds.
func shorten(s string) string {
	const most = 300
	if r := []rune(s); len(r) > most {
		return string(r[:most-1]) + "…"
	}
	return s
}
