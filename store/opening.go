package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	sq "github.com/Masterminds/squirrel"

	"github.com/xunjia/xunjia"
)

func scanOpening(row scanner) (o xunjia.OpeningRecord, err error) {
	var at int64
	var content string
	if err := row.Scan(&o.PurchaseID, &at, &o.OpenedBy, &content); err != nil {
		return o, err
	}
	o.OpenedAt = moment(at)
	if err := json.Unmarshal([]byte(content), &o.Rows); err != nil {
		return o, fmt.Errorf("store: opening record: %w", err)
	}
	return o, nil
}

func readOpening(ctx context.Context, r runner, purchaseID int64) (xunjia.OpeningRecord, error) {
	return one(ctx, r, sq.Select("purchase_id", "opened_at", "opened_by", "content").From("purchase_opening").
		Where(sq.Eq{"purchase_id": purchaseID}), scanOpening)
}

// OpenSealed answers the record of a sealed purchase for its buyer's side, and
// writes it when this is the first look: see Purchase.CanOpen for the rule.
func (s *Store) OpenSealed(ctx context.Context, purchaseID, viewer int64) (o xunjia.OpeningRecord, err error) {
	err = s.runTx(ctx, func(tx *tx) error {
		p, err := s.lockPurchase(ctx, tx, purchaseID)
		if err != nil {
			return err
		}
		u, err := active(ctx, tx, viewer)
		if err != nil {
			return err
		}
		if err := p.CanOpen(u, tx.now); err != nil {
			return err
		}
		o, err = readOpening(ctx, tx, purchaseID)
		if !errors.Is(err, sql.ErrNoRows) {
			return err
		}
		o, err = s.writeOpening(ctx, tx, p, viewer)
		return err
	})
	return o, err
}

// noteOpening records that the user, of the buyer's side, looks at quotes that
// were sealed; it does nothing for other purchases and at later looks.
func (s *Store) noteOpening(ctx context.Context, p xunjia.Purchase, u xunjia.User) error {
	if p.Mode != xunjia.SealedMode {
		return nil
	}
	_, err := one(ctx, s.db, sq.Select("purchase_id").From("purchase_opening").Where(sq.Eq{"purchase_id": p.ID}), scanInt)
	if errors.Is(err, sql.ErrNoRows) {
		_, err = s.OpenSealed(ctx, p.ID, u.ID)
	}
	return err
}

func (s *Store) writeOpening(ctx context.Context, tx *tx, p xunjia.Purchase, by int64) (o xunjia.OpeningRecord, err error) {
	if p.Lines, err = all(ctx, tx, selectLines().Where(sq.Eq{"purchase_id": p.ID}).OrderBy("position"), scanLine); err != nil {
		return o, err
	}
	quotes, err := all(ctx, tx, selectQuotes().Where(sq.Eq{"purchase_id": p.ID}).OrderBy("line_id", "id").Limit(maxResults), scanQuote)
	if err != nil {
		return o, err
	}
	names, submitted := map[int64]string{}, map[int64]time.Time{}
	for batch := range slices.Chunk(quotes, 500) {
		var ids, suppliers []int64
		for _, q := range batch {
			ids, suppliers = append(ids, q.ID), append(suppliers, q.SupplierID)
		}
		users, err := all(ctx, tx, selectUsers().Where(sq.Eq{"id": suppliers}), scanUser)
		if err != nil {
			return o, err
		}
		for _, u := range users {
			names[u.ID] = u.Name
		}
		// The last revision is the newest.
		if _, err := all(ctx, tx, sq.Select("quote_id", "created_at").From("quote_revision").Where(sq.Eq{"quote_id": ids}).
			OrderBy("quote_id", "revision"), func(row scanner) (struct{}, error) {
			var id, at int64
			err := row.Scan(&id, &at)
			submitted[id] = moment(at)
			return struct{}{}, err
		}); err != nil {
			return o, err
		}
	}
	o = xunjia.NewOpening(p, quotes, by, names, submitted, tx.now)
	_, err = exec(ctx, tx, sq.Insert("purchase_opening").Columns("purchase_id", "opened_at", "opened_by", "content").
		Values(p.ID, millis(o.OpenedAt), o.OpenedBy, jsonList(o.Rows)))
	return o, err
}
