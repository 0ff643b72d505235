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

func selectDrafts() sq.SelectBuilder {
	return sq.Select("id", "user_id", "form_key", "title", "content", "version", "created_at", "updated_at").From("purchase_draft")
}

func scanDraft(row scanner) (d xunjia.SavedDraft, err error) {
	var created, updated int64
	err = row.Scan(&d.ID, &d.UserID, &d.Key, &d.Title, &d.Content, &d.Version, &created, &updated)
	d.CreatedAt, d.UpdatedAt = moment(created), moment(updated)
	return d, err
}

// SaveDraft keeps a form that is not finished. d.Version is the version that the
// window knows, 0 for none: when another window has saved since, that is a
// Conflict and nothing is written, unless overwrite is set. Publishing the form
// ends its draft; saving it later is a Conflict too. Other errors are those of
// SavedDraft.Check, and Conflict for more than MaxDrafts.
func (s *Store) SaveDraft(ctx context.Context, userID int64, d xunjia.SavedDraft, overwrite bool) (saved xunjia.SavedDraft, err error) {
	if err := d.Check(); err != nil {
		return saved, err
	}
	err = s.runTx(ctx, func(tx *tx) error {
		if _, err := active(ctx, tx, userID); err != nil { // the lock between his windows
			return err
		}
		_, err := one(ctx, tx, sq.Select("id").From("purchase").Where(sq.Eq{"buyer_id": userID, "draft_key": d.Key}), scanInt)
		if !errors.Is(err, sql.ErrNoRows) {
			if err == nil {
				err = xunjia.Errorf(xunjia.Conflict, "这张采购单已经发布，不用再存草稿")
			}
			return err
		}
		saved, err = one(ctx, tx, selectDrafts().Where(sq.Eq{"user_id": userID, "form_key": d.Key}).Suffix(s.dialect.forUpdate()), scanDraft)
		switch {
		case errors.Is(err, sql.ErrNoRows):
			saved, err = s.insertDraft(ctx, tx, userID, d)
		case err == nil && saved.Version != d.Version && !overwrite:
			return xunjia.Errorf(xunjia.Conflict, "这份草稿在别的窗口里有更新的内容")
		case err == nil:
			saved.Title, saved.Content, saved.Version, saved.UpdatedAt = d.Title, d.Content, saved.Version+1, tx.now
			_, err = exec(ctx, tx, sq.Update("purchase_draft").Set("title", d.Title).Set("content", d.Content).
				Set("version", saved.Version).Set("updated_at", millis(tx.now)).Where(sq.Eq{"id": saved.ID}))
		}
		if err != nil {
			return err
		}
		return s.keepDraftMedia(ctx, tx, saved.ID, userID, d.Media)
	})
	return saved, err
}

func (s *Store) insertDraft(ctx context.Context, tx *tx, userID int64, d xunjia.SavedDraft) (xunjia.SavedDraft, error) {
	n, err := one(ctx, tx, sq.Select("COUNT(*)").From("purchase_draft").Where(sq.Eq{"user_id": userID}), scanInt)
	if err != nil {
		return d, err
	}
	if n >= xunjia.MaxDrafts {
		return d, xunjia.Errorf(xunjia.Conflict, "草稿已有 %d 份，请先发布或删除几份", n)
	}
	d.UserID, d.Version, d.CreatedAt, d.UpdatedAt = userID, 1, tx.now, tx.now
	d.ID, err = insert(ctx, tx, sq.Insert("purchase_draft").Columns("user_id", "form_key", "title", "content", "version", "created_at", "updated_at").
		Values(userID, d.Key, d.Title, d.Content, 1, millis(tx.now), millis(tx.now)))
	return d, err
}

// keepDraftMedia notes which of the user's media the draft names.
func (s *Store) keepDraftMedia(ctx context.Context, tx *tx, id, userID int64, keys []string) error {
	if _, err := exec(ctx, tx, sq.Delete("purchase_draft_media").Where(sq.Eq{"draft_id": id})); err != nil {
		return err
	}
	const most = xunjia.MaxLines * xunjia.MaxImagesPerLine * 2
	keys = slices.Compact(slices.Sorted(slices.Values(keys[:min(len(keys), most)])))
	own, err := s.useMedia(ctx, tx, keys, sq.Eq{"owner_id": userID})
	if err != nil {
		return err
	}
	for _, key := range keys {
		if !own[key] {
			continue // a colleague's, of a copied purchase, or gone: publishing tells
		}
		if _, err := exec(ctx, tx, sq.Insert("purchase_draft_media").Columns("draft_id", "media").Values(id, key)); err != nil {
			return err
		}
	}
	return nil
}

// Drafts lists the user's drafts, the latest saved first, without their contents.
func (s *Store) Drafts(ctx context.Context, userID int64, page xunjia.Page) (list xunjia.List[xunjia.SavedDraft], err error) {
	k, err := newKeyset(page)
	if err != nil {
		return list, err
	}
	rows, err := all(ctx, s.db, k.apply(selectDrafts(), s.dialect, "updated_at", "id", pin{"user_id", userID}), scanDraft)
	if err != nil {
		return list, err
	}
	list = cut(k, rows, func(d xunjia.SavedDraft) (time.Time, int64) { return d.UpdatedAt, d.ID })
	for i := range list.Items {
		list.Items[i].Content = ""
	}
	return list, nil
}

// CountDrafts counts the user's drafts.
func (s *Store) CountDrafts(ctx context.Context, userID int64) (int, error) {
	n, err := one(ctx, s.db, sq.Select("COUNT(*)").From("purchase_draft").Where(sq.Eq{"user_id": userID}), scanInt)
	return int(n), err
}

// SavedDraft finds a draft of its user; NotFound for anybody else's.
func (s *Store) SavedDraft(ctx context.Context, id, userID int64) (xunjia.SavedDraft, error) {
	d, err := one(ctx, s.db, selectDrafts().Where(sq.Eq{"id": id, "user_id": userID}), scanDraft)
	if errors.Is(err, sql.ErrNoRows) {
		err = xunjia.Errorf(xunjia.NotFound, "没有找到这份草稿，可能已经发布或删除")
	}
	return d, err
}

// DeleteDraft removes a draft; one that is gone, or somebody else's, is NotFound.
func (s *Store) DeleteDraft(ctx context.Context, id, userID int64) error {
	return s.runTx(ctx, func(tx *tx) error {
		n, err := exec(ctx, tx, sq.Delete("purchase_draft").Where(sq.Eq{"id": id, "user_id": userID}))
		if err == nil && n == 0 {
			err = xunjia.Errorf(xunjia.NotFound, "没有找到这份草稿，可能已经发布或删除")
		}
		if err != nil {
			return err
		}
		_, err = exec(ctx, tx, sq.Delete("purchase_draft_media").Where(sq.Eq{"draft_id": id}))
		return err
	})
}

// endDraft removes the draft of a form that is published.
func endDraft(ctx context.Context, tx *tx, userID int64, key string) error {
	id, err := one(ctx, tx, sq.Select("id").From("purchase_draft").Where(sq.Eq{"user_id": userID, "form_key": key}).Suffix(tx.lock), scanInt)
	if errors.Is(err, sql.ErrNoRows) {
		return nil
	}
	if err != nil {
		return err
	}
	if _, err := exec(ctx, tx, sq.Delete("purchase_draft_media").Where(sq.Eq{"draft_id": id})); err != nil {
		return err
	}
	_, err = exec(ctx, tx, sq.Delete("purchase_draft").Where(sq.Eq{"id": id}))
	return err
}
