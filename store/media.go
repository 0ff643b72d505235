package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	sq "github.com/Masterminds/squirrel"

	"github.com/xunjia/xunjia"
)

// alive is media that is not about to be deleted.
func alive() sq.Eq { return sq.Eq{"media.doomed_at": 0} }

func selectMedia() sq.SelectBuilder {
	return sq.Select("media.media_key", "media.owner_id", "media.name", "media.mime", "media.width", "media.height", "media.pages",
		"media.bytes", "media.focal_x", "media.focal_y", "media.crop_version", "media.created_at", "media.used_at").From("media")
}

func scanMedia(row scanner) (xunjia.Media, error) { return scanMediaAnd(row) }

// scanMediaAnd reads the columns of selectMedia and what stands after them.
func scanMediaAnd(row scanner, more ...any) (m xunjia.Media, err error) {
	var created, used int64
	err = row.Scan(append([]any{&m.Key, &m.OwnerID, &m.Name, &m.MIME, &m.Width, &m.Height, &m.Pages,
		&m.Bytes, &m.Focus.X, &m.Focus.Y, &m.CropVersion, &created, &used}, more...)...)
	m.CreatedAt, m.UsedAt = moment(created), moment(used)
	return m, err
}

func errNoMedia() error { return xunjia.Errorf(xunjia.NotFound, "图片不存在，可能已删除") }

// CreateMedia notes an uploaded picture or file; a zero CreatedAt becomes now,
// and the focus is the centre. The error is Conflict when its key is taken.
func (s *Store) CreateMedia(ctx context.Context, m xunjia.Media) error {
	if m.CreatedAt.IsZero() {
		m.CreatedAt = s.now()
	}
	_, err := s.write(ctx, sq.Insert("media").
		Columns("media_key", "owner_id", "name", "mime", "width", "height", "pages", "bytes", "created_at").
		Values(m.Key, m.OwnerID, m.Name, m.MIME, m.Width, m.Height, m.Pages, m.Bytes, millis(m.CreatedAt)))
	if isDuplicate(err) {
		return xunjia.Errorf(xunjia.Conflict, "图片已存在")
	}
	return err
}

// Media answers a picture or a file by its key, or NotFound.
func (s *Store) Media(ctx context.Context, key string) (xunjia.Media, error) {
	m, err := one(ctx, s.db, selectMedia().Where(sq.Eq{"media.media_key": key}).Where(alive()), scanMedia)
	if errors.Is(err, sql.ErrNoRows) {
		return m, errNoMedia()
	}
	return m, err
}

// MediaByKey answers those of the keys that exist.
func (s *Store) MediaByKey(ctx context.Context, keys []string) (map[string]xunjia.Media, error) {
	found := make(map[string]xunjia.Media, len(keys))
	if len(keys) == 0 {
		return found, nil
	}
	list, err := all(ctx, s.db, selectMedia().Where(sq.Eq{"media.media_key": keys}).Where(alive()), scanMedia)
	for _, m := range list {
		found[m.Key] = m
	}
	return found, err
}

// SaveFocus notes what the crops of a picture show now, and that blobs of the
// new version hold them; was is the version that staff saw. The error is
// NotFound for an unknown key and for a file, and Conflict when somebody else
// has changed the crops meanwhile.
func (s *Store) SaveFocus(ctx context.Context, key string, f xunjia.Focus, was, version, staff int64) error {
	if err := f.Check(); err != nil {
		return err
	}
	if xunjia.IsFile(key) {
		return errNoMedia()
	}
	return s.runTx(ctx, func(tx *tx) error {
		n, err := exec(ctx, tx, sq.Update("media").Set("focal_x", f.X).Set("focal_y", f.Y).Set("crop_version", version).
			Where(sq.Eq{"media_key": key, "crop_version": was, "doomed_at": 0}))
		if err != nil {
			return err
		}
		if n == 0 {
			_, err := one(ctx, tx, selectMedia().Where(sq.Eq{"media.media_key": key}).Where(alive()), scanMedia)
			if errors.Is(err, sql.ErrNoRows) {
				return errNoMedia()
			}
			if err != nil {
				return err
			}
			return xunjia.Errorf(xunjia.Conflict, "别的同事刚刚改过这张图片，请刷新后再改")
		}
		return tx.audit(ctx, xunjia.Audit{Staff: staff, Action: "media.cropped", Target: "media:" + key,
			Detail: fmt.Sprintf("裁切中心改为左起 %.1f%%、上起 %.1f%%", float64(f.X)/10, float64(f.Y)/10)})
	})
}

// useMedia notes in the transaction of a form that it uses media: where limits
// whose it may be. It answers the keys that may be used; what is doomed, or
// somebody else's, is not among them. Writing the rows is what keeps them from
// being doomed until the form is saved: see DoomMedia.
func (s *Store) useMedia(ctx context.Context, tx *tx, keys []string, where sq.Eq) (map[string]bool, error) {
	usable := make(map[string]bool, len(keys))
	if len(keys) == 0 {
		return usable, nil
	}
	if _, err := exec(ctx, tx, sq.Update("media").Set("used_at", millis(tx.now)).
		Where(sq.Eq{"media_key": keys}).Where(alive()).Where(where)); err != nil {
		return nil, err
	}
	// A locking read sees what the UPDATE saw, which may be newer than what the
	// transaction read first.
	found, err := all(ctx, tx, sq.Select("media_key").From("media").Where(sq.Eq{"media_key": keys}).Where(alive()).Where(where).
		Suffix(s.dialect.forUpdate()), scanString)
	for _, k := range found {
		usable[k] = true
	}
	return usable, err
}
