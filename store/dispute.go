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

func selectDisputes() sq.SelectBuilder {
	return sq.Select("id", "deal_id", "side", "state", "reason", "respond_until", "result", "staff_id", "created_at", "closed_at").From("dispute")
}

func scanDispute(row scanner) (d xunjia.Dispute, err error) {
	var respond, created, closed int64
	err = row.Scan(&d.ID, &d.DealID, &d.Side, &d.State, &d.Reason, &respond, &d.Result, &d.StaffID, &created, &closed)
	d.RespondUntil, d.CreatedAt, d.ClosedAt = moment(respond), moment(created), moment(closed)
	return d, err
}

func errNoDispute() error { return xunjia.Errorf(xunjia.NotFound, "没有找到这个争议") }

// addEntries loads what was said in disputes.
func addEntries(ctx context.Context, r runner, list []xunjia.Dispute) error {
	index := make(map[int64]int, len(list))
	ids := make([]int64, len(list))
	for i, d := range list {
		index[d.ID], ids[i] = i, d.ID
	}
	if len(ids) == 0 {
		return nil
	}
	type entry struct {
		dispute int64
		xunjia.DisputeEntry
	}
	rows, err := all(ctx, r, sq.Select("dispute_id", "side", "user_id", "text", "media", "created_at").From("dispute_entry").
		Where(sq.Eq{"dispute_id": ids}).OrderBy("dispute_id", "created_at", "id"), func(row scanner) (e entry, err error) {
		var media string
		var at int64
		if err := row.Scan(&e.dispute, &e.Side, &e.UserID, &e.Text, &media, &at); err != nil {
			return e, err
		}
		e.CreatedAt = moment(at)
		e.Media, err = parseList[string](media)
		return e, err
	})
	for _, e := range rows {
		d := &list[index[e.dispute]]
		d.Entries = append(d.Entries, e.DisputeEntry)
	}
	return err
}

// DisputesOf lists the disputes about a deal, newest first; the last one is the
// only one that can be open. The caller has checked who asks, see Deal.
func (s *Store) DisputesOf(ctx context.Context, dealID int64) ([]xunjia.Dispute, error) {
	list, err := all(ctx, s.db, selectDisputes().Where(sq.Eq{"deal_id": dealID}).OrderBy("created_at DESC", "id DESC").Limit(20), scanDispute)
	if err != nil {
		return nil, err
	}
	return list, addEntries(ctx, s.db, list)
}

// OpenDispute opens a dispute about a deal with what the side says and its
// evidence: see Deal.Disputed for the rule. The pictures are the user's own.
func (s *Store) OpenDispute(ctx context.Context, dealID, by int64, e xunjia.DisputeEntry) (xunjia.Deal, error) {
	if err := e.Validate(); err != nil {
		return xunjia.Deal{}, err
	}
	return s.changeDeal(ctx, dealID, by, xunjia.Decide, func(tx *tx, t dealTable) (xunjia.Deal, error) {
		d, err := t.deal.Disputed(tx.now)
		if err != nil {
			return d, err
		}
		id, err := insert(ctx, tx, sq.Insert("dispute").SetMap(map[string]any{"deal_id": dealID, "side": t.side, "state": xunjia.OpenDispute,
			"reason": e.Text, "respond_until": millis(tx.now.Add(xunjia.ResponseTime)), "result": "", "staff_id": 0,
			"created_at": millis(tx.now), "closed_at": 0}))
		if err != nil {
			return d, err
		}
		if err := s.addEntry(ctx, tx, id, t.side, by, e); err != nil {
			return d, err
		}
		_, err = tx.addEvent(ctx, dealEvent(xunjia.DealDisputed, d, by))
		return d, err
	})
}

func (s *Store) addEntry(ctx context.Context, tx *tx, dispute int64, side xunjia.Side, by int64, e xunjia.DisputeEntry) error {
	own, err := s.useMedia(ctx, tx, e.Media, sq.Eq{"owner_id": by})
	if err != nil {
		return err
	}
	if slices.ContainsFunc(e.Media, func(key string) bool { return !own[key] }) {
		return xunjia.FieldErrors{"media": "有凭证已失效，请重新上传"}.Err()
	}
	_, err = exec(ctx, tx, sq.Insert("dispute_entry").SetMap(map[string]any{"dispute_id": dispute, "side": side, "user_id": by,
		"text": e.Text, "media": jsonList(e.Media), "created_at": millis(tx.now)}))
	return err
}

// openDispute is the open dispute of a locked deal; Conflict when there is none.
func openDispute(ctx context.Context, tx *tx, dealID int64) (xunjia.Dispute, error) {
	d, err := one(ctx, tx, selectDisputes().Where(sq.Eq{"deal_id": dealID, "state": xunjia.OpenDispute}), scanDispute)
	if errors.Is(err, sql.ErrNoRows) {
		return d, xunjia.Errorf(xunjia.Conflict, "这笔成交没有处理中的争议")
	}
	if err != nil {
		return d, err
	}
	list := []xunjia.Dispute{d}
	err = addEntries(ctx, tx, list)
	return list[0], err
}

// SpeakInDispute adds what a side says to the open dispute of a deal, at most
// MaxDisputeEntries times each.
func (s *Store) SpeakInDispute(ctx context.Context, dealID, by int64, e xunjia.DisputeEntry) error {
	if err := e.Validate(); err != nil {
		return err
	}
	_, err := s.changeDeal(ctx, dealID, by, xunjia.Decide, func(tx *tx, t dealTable) (xunjia.Deal, error) {
		dispute, err := openDispute(ctx, tx, dealID)
		if err != nil {
			return t.deal, err
		}
		if dispute.Spoken(t.side) >= xunjia.MaxDisputeEntries {
			return t.deal, xunjia.Errorf(xunjia.Conflict, "每方最多说明 %d 次", xunjia.MaxDisputeEntries)
		}
		if err := s.addEntry(ctx, tx, dispute.ID, t.side, by, e); err != nil {
			return t.deal, err
		}
		_, err = tx.addEvent(ctx, dealEvent(xunjia.DealDisputed, t.deal, by))
		return t.deal, err
	})
	return err
}

// WithdrawDispute takes the open dispute of a deal back; only the side that
// opened it may. The deal is what it was before.
func (s *Store) WithdrawDispute(ctx context.Context, dealID, by int64) (xunjia.Deal, error) {
	return s.changeDeal(ctx, dealID, by, xunjia.Decide, func(tx *tx, t dealTable) (xunjia.Deal, error) {
		dispute, err := openDispute(ctx, tx, dealID)
		if err != nil {
			return t.deal, err
		}
		if dispute.Side != t.side {
			return t.deal, xunjia.Errorf(xunjia.Forbidden, "只有提出争议的一方可以撤回")
		}
		d, err := t.deal.Resumed(tx.now)
		if err != nil {
			return d, err
		}
		state, err := dispute.State.After(xunjia.WithdrawDispute)
		if err != nil {
			return d, err
		}
		if err := closeDispute(ctx, tx, dispute.ID, state, "", 0); err != nil {
			return d, err
		}
		_, err = tx.addEvent(ctx, dealEvent(xunjia.DisputeSettled, d, by))
		return d, err
	})
}

func closeDispute(ctx context.Context, tx *tx, id int64, state xunjia.DisputeState, result string, staff int64) error {
	n, err := exec(ctx, tx, sq.Update("dispute").Set("state", state).Set("result", result).Set("staff_id", staff).
		Set("closed_at", millis(tx.now)).Where(sq.Eq{"id": id, "state": xunjia.OpenDispute}))
	if err == nil && n == 0 {
		err = xunjia.Errorf(xunjia.Conflict, "争议已经处理完了")
	}
	return err
}

// SettleDispute closes a dispute with the words of staff, who are audited: see
// Dispute.CanSettle for when they may. The result is Invalid without at least
// five characters.
func (s *Store) SettleDispute(ctx context.Context, staffID, id int64, result string) error {
	e := xunjia.DisputeEntry{Text: result}
	if err := e.Validate(); err != nil {
		return xunjia.FieldErrors{"result": "请写清处理结果，5 到 500 个字"}.Err()
	}
	dealID, err := one(ctx, s.db, sq.Select("deal_id").From("dispute").Where(sq.Eq{"id": id}), scanInt)
	if errors.Is(err, sql.ErrNoRows) {
		return errNoDispute()
	}
	if err != nil {
		return err
	}
	purchaseID, err := one(ctx, s.db, sq.Select("purchase_id").From("deal").Where(sq.Eq{"id": dealID}), scanInt)
	if err != nil {
		return err
	}
	return s.runTx(ctx, func(tx *tx) error {
		t, err := s.lockDeal(ctx, tx, dealID, purchaseID)
		if err != nil {
			return err
		}
		dispute, err := openDispute(ctx, tx, dealID)
		if err != nil {
			return err
		}
		if dispute.ID != id {
			return xunjia.Errorf(xunjia.Conflict, "争议已经处理完了")
		}
		if err := dispute.CanSettle(tx.now); err != nil {
			return err
		}
		d := t.deal
		if d.State, err = d.State.After(xunjia.SettleDeal); err != nil {
			return err
		}
		d.UpdatedAt = tx.now
		if d.CompletedAt.IsZero() {
			d.CompletedAt = tx.now
		}
		if err := closeDispute(ctx, tx, id, xunjia.SettledDispute, e.Text, staffID); err != nil {
			return err
		}
		if err := saveDeal(ctx, tx, t.deal, d); err != nil {
			return err
		}
		if err := tx.audit(ctx, xunjia.Audit{Staff: staffID, Action: "dispute.settle", Target: d.Number, Detail: e.Text}); err != nil {
			return err
		}
		_, err = tx.addEvent(ctx, dealEvent(xunjia.DisputeSettled, d, 0))
		return err
	})
}

// DisputeView is a dispute with its deal.
type DisputeView struct {
	xunjia.Dispute
	DealView
}

// Disputes lists disputes in a state for staff, newest first.
func (s *Store) Disputes(ctx context.Context, state xunjia.DisputeState, page xunjia.Page) (list xunjia.List[DisputeView], err error) {
	k, err := newKeyset(page)
	if err != nil {
		return list, err
	}
	rows, err := all(ctx, s.db, k.apply(selectDisputes(), s.dialect, "created_at", "id", pin{"state", state}), scanDispute)
	if err != nil {
		return list, err
	}
	part := cut(k, rows, func(d xunjia.Dispute) (time.Time, int64) { return d.CreatedAt, d.ID })
	list.Next = part.Next
	list.Items, err = s.disputeViews(ctx, part.Items)
	return list, err
}

// CountOpenDisputes tells how many disputes wait for staff, a hundred at most.
func (s *Store) CountOpenDisputes(ctx context.Context) (int, error) {
	ids, err := all(ctx, s.db, sq.Select("id").From("dispute").Where(sq.Eq{"state": xunjia.OpenDispute}).Limit(100), scanInt)
	return len(ids), err
}

// Dispute finds a dispute for staff; NotFound when there is none.
func (s *Store) Dispute(ctx context.Context, id int64) (DisputeView, error) {
	d, err := one(ctx, s.db, selectDisputes().Where(sq.Eq{"id": id}), scanDispute)
	if errors.Is(err, sql.ErrNoRows) {
		return DisputeView{}, errNoDispute()
	}
	if err != nil {
		return DisputeView{}, err
	}
	views, err := s.disputeViews(ctx, []xunjia.Dispute{d})
	if err != nil {
		return DisputeView{}, err
	}
	return views[0], nil
}

func (s *Store) disputeViews(ctx context.Context, disputes []xunjia.Dispute) ([]DisputeView, error) {
	if len(disputes) == 0 {
		return nil, nil
	}
	if err := addEntries(ctx, s.db, disputes); err != nil {
		return nil, err
	}
	ids := make([]int64, len(disputes))
	for i, d := range disputes {
		ids[i] = d.DealID
	}
	deals, err := all(ctx, s.db, selectDeals().Where(sq.Eq{"id": ids}), scanDeal)
	if err != nil {
		return nil, err
	}
	loaded, err := s.dealViews(ctx, deals)
	if err != nil {
		return nil, err
	}
	byID := make(map[int64]DealView, len(loaded))
	for _, v := range loaded {
		byID[v.Deal.ID] = v
	}
	views := make([]DisputeView, len(disputes))
	for i, d := range disputes {
		views[i] = DisputeView{Dispute: d, DealView: byID[d.DealID]}
	}
	return views, nil
}
