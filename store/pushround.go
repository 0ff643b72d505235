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

func selectRounds() sq.SelectBuilder {
	return sq.Select("id", "purchase_id", "number", "event_id", "state", "wanted", "exhausted", "reason", "staff_id", "created_at", "told_at",
		"next_at", "counted_at", "matched", "capped", "sent", "delivered", "clicked", "quoted", "declined", "accepted").From("push_round")
}

func scanRound(row scanner) (r xunjia.PushRound, err error) {
	var created, told, next, counted int64
	c := &r.Counts
	err = row.Scan(&r.ID, &r.PurchaseID, &r.Number, &r.EventID, &r.State, &r.Wanted, &r.Exhausted, &r.Reason, &r.StaffID, &created, &told,
		&next, &counted, &c.Matched, &c.Capped, &c.Sent, &c.Delivered, &c.Clicked, &c.Quoted, &c.Declined, &c.Accepted)
	r.CreatedAt, r.ToldAt, r.NextAt, r.CountedAt = moment(created), moment(told), moment(next), moment(counted)
	return r, err
}

// OpenRound answers the round that an event tells of. The first one of a
// purchase begins with it; want is asked then how many people it is for.
func (s *Store) OpenRound(ctx context.Context, e xunjia.Event, now time.Time, want func() (int, error)) (xunjia.PushRound, error) {
	read := func() (xunjia.PushRound, error) {
		return one(ctx, s.db, selectRounds().Where(sq.Eq{"event_id": e.ID}), scanRound)
	}
	r, err := read()
	if !errors.Is(err, sql.ErrNoRows) {
		return r, err
	}
	wanted, err := want()
	if err != nil {
		return r, err
	}
	reason := "采购单发布"
	if wanted == 0 {
		reason += "，推送给全部关注者"
	}
	_, err = s.write(ctx, insertRound(xunjia.PushRound{PurchaseID: e.PurchaseID, Number: 1, EventID: e.ID, Wanted: wanted, Reason: reason, CreatedAt: now}))
	if err != nil && !isDuplicate(err) {
		return r, err
	}
	return read()
}

func insertRound(r xunjia.PushRound) sq.InsertBuilder {
	return sq.Insert("push_round").SetMap(map[string]any{
		"purchase_id": r.PurchaseID, "number": r.Number, "event_id": r.EventID, "state": xunjia.RoundRunning, "wanted": r.Wanted,
		"reason": shorten(r.Reason), "staff_id": r.StaffID, "created_at": millis(r.CreatedAt), "count_at": millis(r.CreatedAt),
	})
}

// RoundPushed counts the people whom a round has told.
func (s *Store) RoundPushed(ctx context.Context, roundID int64) (int, error) {
	n, err := one(ctx, s.db, sq.Select("COUNT(DISTINCT supplier_id)").From("push").Where(sq.Eq{"round_id": roundID}), scanInt)
	return int(n), err
}

// SteerRounds judges up to limit rounds whose time has come: see
// PushSettings.Steer. It answers how many there were. Several instances may do
// it at once.
func (s *Store) SteerRounds(ctx context.Context, now time.Time, limit int) (int, error) {
	settings, err := s.PushSettings(ctx)
	if err != nil {
		return 0, err
	}
	due, err := all(ctx, s.db, selectRounds().Where(sq.Eq{"state": xunjia.RoundWaiting}).Where(sq.LtOrEq{"next_at": millis(now)}).
		OrderBy("next_at", "id").Limit(uint64(limit)), scanRound)
	if err != nil {
		return 0, err
	}
	for _, r := range due {
		if err := s.countRound(ctx, r, now); err != nil {
			return 0, err
		}
		if err := s.steer(ctx, r.ID, settings, now); err != nil {
			return 0, err
		}
	}
	return len(due), nil
}

func (s *Store) steer(ctx context.Context, roundID int64, settings xunjia.PushSettings, now time.Time) error {
	return s.runTx(ctx, func(tx *tx) error {
		r, err := one(ctx, tx, selectRounds().Where(sq.Eq{"id": roundID}).Suffix(s.dialect.forUpdate()), scanRound)
		if err != nil {
			return err
		}
		if r.State != xunjia.RoundWaiting || r.NextAt.After(now) {
			return nil // another instance was faster
		}
		p, err := s.purchaseIn(ctx, tx, r.PurchaseID)
		if err != nil {
			return err
		}
		step := settings.Steer(p, r, now)
		switch step.Action {
		case xunjia.FollowRound:
			return s.follow(ctx, tx, p, r, xunjia.PushRound{Wanted: step.Size, Reason: step.Reason, CreatedAt: now})
		case xunjia.StopRound:
			return moveRound(ctx, tx, r, step.Action, sq.Update("push_round").Set("reason", shorten(step.Reason)))
		}
		_, err = exec(ctx, tx, sq.Update("push_round").Set("next_at", millis(now.Add(settings.Wait()))).Where(sq.Eq{"id": r.ID, "state": r.State}))
		return err
	})
}

// purchaseIn reads a purchase with its lines inside a transaction.
func (s *Store) purchaseIn(ctx context.Context, tx *tx, id int64) (xunjia.Purchase, error) {
	p, err := one(ctx, tx, selectPurchases().Where(sq.Eq{"id": id}), scanPurchase)
	if errors.Is(err, sql.ErrNoRows) {
		return p, errNoPurchase()
	}
	if err != nil {
		return p, err
	}
	p.Lines, err = all(ctx, tx, selectLines().Where(sq.Eq{"purchase_id": id}).OrderBy("position"), scanLine)
	return p, err
}

// follow begins the round after r.
func (s *Store) follow(ctx context.Context, tx *tx, p xunjia.Purchase, r, next xunjia.PushRound) error {
	if err := moveRound(ctx, tx, r, xunjia.FollowRound, sq.Update("push_round")); err != nil {
		return err
	}
	var err error
	next.PurchaseID, next.Number = p.ID, r.Number+1
	next.EventID, err = tx.addEvent(ctx, xunjia.Event{Kind: xunjia.PurchasePublished, Actor: p.BuyerID, PurchaseID: p.ID, Subject: int64(next.Number)})
	if err != nil {
		return err
	}
	_, err = exec(ctx, tx, insertRound(next))
	return err
}

// moveRound changes the state of a round as the action does.
func moveRound(ctx context.Context, tx *tx, r xunjia.PushRound, a xunjia.RoundAction, u sq.UpdateBuilder) error {
	to, err := r.State.After(a)
	if err != nil {
		return err
	}
	n, err := exec(ctx, tx, u.Set("state", to).Where(sq.Eq{"id": r.ID, "state": r.State}))
	if err == nil && n == 0 {
		err = xunjia.Errorf(xunjia.Conflict, "这一轮推送刚刚有变化，请刷新后再试")
	}
	return err
}

// NextRoundByStaff begins the next round of a purchase at once, on a staff
// member's behalf. Conflict while a round runs and when the purchase takes no
// quotes; Invalid on the field "size".
func (s *Store) NextRoundByStaff(ctx context.Context, purchaseID, by int64, size int) error {
	if size < 1 || size > xunjia.MaxRoundSize {
		wrong := xunjia.FieldErrors{}
		wrong.Add("size", "请填写 1 到 %d 的人数", xunjia.MaxRoundSize)
		return wrong.Err()
	}
	return s.staffRound(ctx, purchaseID, func(tx *tx, p xunjia.Purchase, r xunjia.PushRound) error {
		if status := p.StatusAt(tx.now); status != xunjia.WaitingForQuote {
			return xunjia.Errorf(xunjia.Conflict, "采购单现在是“%s”，不能再推送", status)
		}
		if err := s.follow(ctx, tx, p, r, xunjia.PushRound{Wanted: size, Reason: "人工推送", StaffID: by, CreatedAt: tx.now}); err != nil {
			return err
		}
		return tx.audit(ctx, xunjia.Audit{Staff: by, Action: "push.next", Target: fmt.Sprintf("purchase:%d", p.ID),
			Detail: fmt.Sprintf("推送采购单 %s 第 %d 轮，%d 人", p.Number, r.Number+1, size)})
	})
}

// StopRoundsByStaff ends the rounds of a purchase, on a staff member's behalf.
func (s *Store) StopRoundsByStaff(ctx context.Context, purchaseID, by int64) error {
	return s.staffRound(ctx, purchaseID, func(tx *tx, p xunjia.Purchase, r xunjia.PushRound) error {
		u := sq.Update("push_round").Set("reason", "人工停止").Set("staff_id", by)
		if err := moveRound(ctx, tx, r, xunjia.StopRound, u); err != nil {
			return err
		}
		return tx.audit(ctx, xunjia.Audit{Staff: by, Action: "push.stopped", Target: fmt.Sprintf("purchase:%d", p.ID),
			Detail: fmt.Sprintf("停止推送采购单 %s，第 %d 轮", p.Number, r.Number)})
	})
}

// staffRound runs what staff do with the last round of a purchase.
func (s *Store) staffRound(ctx context.Context, purchaseID int64, do func(tx *tx, p xunjia.Purchase, r xunjia.PushRound) error) error {
	return s.runTx(ctx, func(tx *tx) error {
		r, err := one(ctx, tx, selectRounds().Where(sq.Eq{"purchase_id": purchaseID}).OrderBy("number DESC").Limit(1).Suffix(s.dialect.forUpdate()), scanRound)
		missing := errors.Is(err, sql.ErrNoRows)
		if err != nil && !missing {
			return err
		}
		p, err := s.purchaseIn(ctx, tx, purchaseID)
		if err != nil {
			return err
		}
		if missing {
			return xunjia.Errorf(xunjia.Conflict, "这个采购单没有推送，或者第一轮还没有开始")
		}
		return do(tx, p, r)
	})
}

// resumeRounds lets the rounds of a purchase that takes quotes again go on;
// there may be new followers.
func resumeRounds(ctx context.Context, tx *tx, purchaseID int64) error {
	to, err := xunjia.RoundStopped.After(xunjia.ResumeRound)
	if err != nil {
		return err
	}
	_, err = exec(ctx, tx, sq.Update("push_round").Set("state", to).Set("next_at", millis(tx.now)).Set("exhausted", 0).
		Where(sq.Eq{"purchase_id": purchaseID, "state": xunjia.RoundStopped}))
	return err
}

// How long a round is counted again and again, ever more rarely.
const (
	countRoundsFor = 14 * 24 * time.Hour
	countSoonest   = 15 * time.Second
)

// CountRounds counts up to limit rounds anew whose time for that has come, and
// answers how many there were.
func (s *Store) CountRounds(ctx context.Context, now time.Time, limit int) (int, error) {
	due, err := all(ctx, s.db, selectRounds().Where(sq.Gt{"count_at": 0}).Where(sq.LtOrEq{"count_at": millis(now)}).
		OrderBy("count_at", "id").Limit(uint64(limit)), scanRound)
	if err != nil {
		return 0, err
	}
	for _, r := range due {
		if err := s.countRound(ctx, r, now); err != nil {
			return 0, err
		}
	}
	return len(due), nil
}

// countRound counts what became of a round's pushes. A message that was opened
// has arrived, whether the channel said so or not.
func (s *Store) countRound(ctx context.Context, r xunjia.PushRound, now time.Time) error {
	var c xunjia.PushCounts
	// Looked up for each push: a planner that joins may begin with the deliveries
	// of the event and read the whole round for each of them.
	const delivery = "COALESCE(SUM(EXISTS (SELECT 1 FROM delivery d WHERE d.event_id = ? AND d.recipient = p.supplier_id AND "
	q := sq.Select("COUNT(*)", "COALESCE(SUM(p.clicked_at > 0), 0)", "COALESCE(SUM(p.quoted_at > 0), 0)", "COALESCE(SUM(p.declined_at > 0), 0)").
		Column(sq.Expr("COALESCE(SUM(p.quoted_at > 0 AND EXISTS (SELECT 1 FROM quote q WHERE q.line_id = p.line_id AND q.supplier_id = p.supplier_id"+
			" AND q.state = ?)), 0)", int(xunjia.Accepted))).
		Column(sq.Expr(delivery+"d.state IN ('sent', 'delivered'))), 0)", r.EventID)).
		Column(sq.Expr(delivery+"(d.state = 'delivered' OR d.clicked_at > 0))), 0)", r.EventID)).
		From("push p").Where(sq.Eq{"p.round_id": r.ID})
	if _, err := one(ctx, s.db, q, func(row scanner) (struct{}, error) {
		return struct{}{}, row.Scan(&c.Matched, &c.Clicked, &c.Quoted, &c.Declined, &c.Accepted, &c.Sent, &c.Delivered)
	}); err != nil {
		return err
	}
	age := now.Sub(r.CreatedAt)
	next := millis(now.Add(max(countSoonest, age/8)))
	if age > countRoundsFor {
		next = 0
	}
	u := sq.Update("push_round").Set("sent", c.Sent).Set("delivered", c.Delivered).Set("clicked", c.Clicked).Set("quoted", c.Quoted).
		Set("declined", c.Declined).Set("accepted", c.Accepted).Set("counted_at", millis(now)).Set("count_at", next)
	if r.State != xunjia.RoundRunning { // otherwise Tell counts them
		u = u.Set("matched", c.Matched)
	}
	_, err := s.write(ctx, u.Where(sq.Eq{"id": r.ID, "state": r.State}))
	return err
}
