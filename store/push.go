package store

import (
	"context"
	"database/sql"
	"errors"
	"slices"
	"time"

	sq "github.com/Masterminds/squirrel"

	"github.com/xunjia/xunjia"
)

// pushColumns names the columns of a new push, in pushRow's order.
var pushColumns = []string{"line_id", "supplier_id", "round_id", "score", "why", "created_at"}

func pushRow(p xunjia.Push) []any {
	return []any{p.LineID, p.SupplierID, p.RoundID, p.Score, shorten(p.Why), millis(p.CreatedAt)}
}

// pushLoads reads what people were pushed lately; who was never pushed is
// missing.
func pushLoads(ctx context.Context, r runner, ids []int64, suffix string) (map[int64]xunjia.PushLoad, error) {
	loads := make(map[int64]xunjia.PushLoad, len(ids))
	_, err := all(ctx, r, sq.Select("supplier_id", "day_count", "week_count", "ignored", "pushed_at", "reacted_at", "reply").
		From("push_load").Where(sq.Eq{"supplier_id": ids}).Suffix(suffix), func(row scanner) (struct{}, error) {
		var id, pushed, reacted, reply int64
		var l xunjia.PushLoad
		err := row.Scan(&id, &l.DayCount, &l.WeekCount, &l.Ignored, &pushed, &reacted, &reply)
		l.PushedAt, l.ReactedAt, l.Reply = moment(pushed), moment(reacted), time.Duration(reply)*time.Millisecond
		loads[id] = l
		return struct{}{}, err
	})
	return loads, err
}

var pushLoadColumns = []string{"supplier_id", "day_count", "week_count", "ignored", "pushed_at", "reacted_at", "reply"}

func pushLoadRow(id int64, l xunjia.PushLoad) []any {
	return []any{id, l.DayCount, l.WeekCount, l.Ignored, millis(l.PushedAt), millis(l.ReactedAt), l.Reply.Milliseconds()}
}

// lockLoads reads what people were pushed lately, so that nobody else counts
// for them until the end of the transaction. The rows of fresh, who may have
// none, are made first: what is not there cannot be locked.
func (s *Store) lockLoads(ctx context.Context, tx *tx, ids, fresh []int64) (map[int64]xunjia.PushLoad, error) {
	if s.dialect == mysqlDialect && len(fresh) > 0 { // on SQLite the transaction is alone
		rows := make([][]any, len(fresh))
		for i, id := range fresh {
			rows[i] = pushLoadRow(id, xunjia.PushLoad{})
		}
		if err := s.upsertRows(ctx, tx, "push_load", pushLoadColumns, rows, "supplier_id"); err != nil {
			return nil, err
		}
	}
	return pushLoads(ctx, tx, ids, s.dialect.forUpdate())
}

// upsertRows inserts rows whose key is their first column, and sets the named
// columns of those that exist.
func (s *Store) upsertRows(ctx context.Context, tx *tx, table string, columns []string, rows [][]any, set ...string) error {
	all := insertAll(table, columns, rows)
	query, args, err := all.ToSql()
	if err != nil {
		return err
	}
	_, err = exec(ctx, tx, statement{query + " " + s.dialect.upsert(columns[:1], set...), args})
	return err
}

// RoundTold is what a batch adds to a round of pushes.
type RoundTold struct {
	RoundID   int64
	Pushes    []xunjia.Push
	Fresh     []int64 // those of the suppliers who have never been pushed
	Settings  xunjia.PushSettings
	Now       time.Time // by the database
	Exhausted bool      // with the event done: nobody is left for another round
}

// tellRound stores the pushes of a batch and answers who turned out to have no
// room: what other purchases pushed to him meanwhile filled his day. The rows
// of the people are locked, so the caps hold however many workers push at once.
func (s *Store) tellRound(ctx context.Context, tx *tx, t RoundTold, done bool) (full map[int64]bool, err error) {
	full = map[int64]bool{}
	byPerson, ids := map[int64]int{}, []int64{}
	for _, p := range t.Pushes {
		if byPerson[p.SupplierID]++; byPerson[p.SupplierID] == 1 {
			ids = append(ids, p.SupplierID)
		}
	}
	slices.Sort(ids) // every worker locks in the same order
	var rows [][]any
	if len(ids) > 0 {
		status, err := one(ctx, tx, sq.Select("p.status").From("push_round r").Join("purchase p ON p.id = r.purchase_id").Where(sq.Eq{"r.id": t.RoundID}), scanInt)
		if err != nil {
			return nil, err
		}
		if xunjia.PurchaseStatus(status) != xunjia.WaitingForQuote { // closed while people are told; the next try sees it
			return nil, leaseLost()
		}
		loads, err := s.lockLoads(ctx, tx, ids, t.Fresh)
		if err != nil {
			return nil, err
		}
		var counted [][]any
		for _, id := range ids {
			l := loads[id]
			if l.Room(t.Settings, t.Now) == 0 {
				full[id] = true
				continue
			}
			counted = append(counted, pushLoadRow(id, l.Pushed(byPerson[id], t.Now)))
		}
		if len(counted) > 0 {
			if err := s.upsertRows(ctx, tx, "push_load", pushLoadColumns, counted, pushLoadColumns[1:5]...); err != nil {
				return nil, err
			}
		}
		for _, p := range t.Pushes {
			if !full[p.SupplierID] {
				rows = append(rows, pushRow(p))
			}
		}
		if err := insertRows(ctx, tx, "push", pushColumns, rows); err != nil {
			return nil, err
		}
	}
	u := sq.Update("push_round").Set("matched", sq.Expr("matched + ?", len(rows))).Set("capped", sq.Expr("capped + ?", len(t.Pushes)-len(rows))).
		Set("count_at", millis(t.Now))
	if done {
		to, err := xunjia.RoundRunning.After(xunjia.FinishRound)
		if err != nil {
			return nil, err
		}
		u = u.Set("state", to).Set("told_at", millis(t.Now)).Set("next_at", millis(t.Now.Add(t.Settings.Wait()))).Set("exhausted", flag(t.Exhausted))
	}
	n, err := exec(ctx, tx, u.Where(sq.Eq{"id": t.RoundID, "state": xunjia.RoundRunning}))
	if err == nil && n == 0 {
		err = leaseLost() // it was stopped
	}
	return full, err
}

// Click notes that the message of a delivery was opened, unless the visitor does
// not count, and answers the page that it leads to. NotFound when the delivery,
// or what it told, is not kept any more.
func (s *Store) Click(ctx context.Context, delivery int64, counts bool) (path string, err error) {
	type row struct{ event, recipient, clicked int64 }
	d, err := one(ctx, s.db, sq.Select("event_id", "recipient", "clicked_at").From("delivery").Where(sq.Eq{"id": delivery}), func(r scanner) (d row, err error) {
		err = r.Scan(&d.event, &d.recipient, &d.clicked)
		return d, err
	})
	if errors.Is(err, sql.ErrNoRows) {
		return "", errNoMessage()
	}
	if err != nil {
		return "", err
	}
	// His account may have become a part of another one since.
	whose := sq.Or{sq.Eq{"receiver": d.recipient}, sq.Expr("receiver = (SELECT merged_into FROM users WHERE id = ?)", d.recipient)}
	path, err = one(ctx, s.db, sq.Select("path").From("notification").Where(sq.Eq{"event_id": d.event}).Where(whose).Limit(1), scanString)
	if errors.Is(err, sql.ErrNoRows) || err == nil && path == "" {
		return "", errNoMessage()
	}
	if err != nil || !counts || d.clicked != 0 {
		return path, err
	}
	return path, s.noteClick(ctx, delivery, d.event, d.recipient)
}

func errNoMessage() error {
	return xunjia.Errorf(xunjia.NotFound, "没有找到这条消息，可能已经过期")
}

// noteClick notes the first click of a delivery, on the pushes that it told of
// too.
func (s *Store) noteClick(ctx context.Context, delivery, event, recipient int64) error {
	return s.runTx(ctx, func(tx *tx) error {
		n, err := exec(ctx, tx, sq.Update("delivery").Set("clicked_at", millis(tx.now)).Where(sq.Eq{"id": delivery, "clicked_at": 0}))
		if err != nil || n == 0 {
			return err
		}
		lines, err := all(ctx, tx, sq.Select("l.id").From("push_round r").Join("purchase_line l ON l.purchase_id = r.purchase_id").
			Where(sq.Eq{"r.event_id": event}), scanInt)
		if err != nil || len(lines) == 0 {
			return err
		}
		n, err = exec(ctx, tx, sq.Update("push").Set("clicked_at", millis(tx.now)).
			Where(sq.Eq{"line_id": lines, "supplier_id": recipient, "clicked_at": 0}).
			Where("round_id = (SELECT id FROM push_round WHERE event_id = ?)", event))
		if err != nil || n == 0 {
			return err
		}
		return s.changeLoad(ctx, tx, recipient, func(l xunjia.PushLoad) xunjia.PushLoad { return l.Reacted(tx.now) })
	})
}

func (s *Store) changeLoad(ctx context.Context, tx *tx, id int64, change func(xunjia.PushLoad) xunjia.PushLoad) error {
	loads, err := s.lockLoads(ctx, tx, []int64{id}, []int64{id})
	if err != nil {
		return err
	}
	return s.upsertRows(ctx, tx, "push_load", pushLoadColumns, [][]any{pushLoadRow(id, change(loads[id]))}, pushLoadColumns[1:]...)
}

// pushQuoted notes that somebody quoted on a line that he was told of.
func (s *Store) pushQuoted(ctx context.Context, tx *tx, lineID, supplierID int64) error {
	n, err := exec(ctx, tx, sq.Update("push").Set("quoted_at", millis(tx.now)).
		Where(sq.Eq{"line_id": lineID, "supplier_id": supplierID, "quoted_at": 0}))
	if err != nil || n == 0 {
		return err
	}
	clicked, err := one(ctx, tx, sq.Select("clicked_at").From("push").Where(sq.Eq{"line_id": lineID, "supplier_id": supplierID}), scanInt)
	if err != nil {
		return err
	}
	return s.changeLoad(ctx, tx, supplierID, func(l xunjia.PushLoad) xunjia.PushLoad {
		if clicked != 0 {
			l = l.Replied(tx.now.Sub(moment(clicked)))
		}
		return l.Reacted(tx.now)
	})
}

// pushDeclined notes that somebody does not want to quote on lines that he was
// told of.
func pushDeclined(ctx context.Context, tx *tx, lines []int64, supplierID int64) error {
	_, err := exec(ctx, tx, sq.Update("push").Set("declined_at", millis(tx.now)).
		Where(sq.Eq{"line_id": lines, "supplier_id": supplierID, "declined_at": 0}))
	return err
}

// WithdrawPushes skips up to limit messages about a purchase that wait to be
// sent, for a reason in words, and answers how many there were. Those that are
// under way, or may have arrived already, stay as they are.
func (s *Store) WithdrawPushes(ctx context.Context, purchaseID int64, reason string, limit int) (int, error) {
	waiting := sq.Eq{"d.active": 1, "d.state": string(xunjia.DeliveryPending), "d.first_try_at": 0}
	ids, err := all(ctx, s.db, sq.Select("d.id").From("push_round r").Join("delivery d ON d.event_id = r.event_id").
		Where(sq.Eq{"r.purchase_id": purchaseID}).Where(waiting).Limit(uint64(limit)), scanInt)
	if err != nil || len(ids) == 0 {
		return 0, err
	}
	n, err := s.write(ctx, sq.Update("delivery").Set("state", string(xunjia.DeliverySkipped)).Set("active", 0).
		Set("owner", "").Set("reason", shorten(reason)).
		Where(sq.Eq{"id": ids, "active": 1, "state": string(xunjia.DeliveryPending), "first_try_at": 0}))
	return int(n), err
}

// PrunePushes deletes up to limit pushes of rounds that began before the given
// moment, and answers how many there were. The rounds keep their counts.
func (s *Store) PrunePushes(ctx context.Context, before time.Time, limit int) (int, error) {
	// The oldest rounds come first by id.
	old, err := all(ctx, s.db, sq.Select("p.line_id", "p.supplier_id").From("push p").Join("push_round r ON r.id = p.round_id").
		Where(sq.Lt{"r.created_at": millis(before)}).
		Where("p.round_id = (SELECT MIN(round_id) FROM push)").Limit(uint64(limit)), func(row scanner) (k [2]int64, err error) {
		err = row.Scan(&k[0], &k[1])
		return k, err
	})
	if err != nil || len(old) == 0 {
		return 0, err
	}
	key := sq.Or{}
	for _, k := range old {
		key = append(key, sq.Eq{"line_id": k[0], "supplier_id": k[1]})
	}
	n, err := s.write(ctx, sq.Delete("push").Where(key))
	return int(n), err
}
