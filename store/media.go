package store

import (
	"context"
	"database/sql"
	"errors"

	sq "github.com/Masterminds/squirrel"

	"github.com/xunjia/xunjia"
)

// CreateMedia notes an uploaded picture; a zero CreatedAt becomes now. The
// error is Conflict when its key is taken.
func (s *Store) CreateMedia(ctx context.Context, m xunjia.Media) error {
	if m.CreatedAt.IsZero() {
		m.CreatedAt = s.now()
	}
	_, err := s.write(ctx, sq.Insert("media").
		Columns("media_key", "owner_id", "mime", "width", "height", "bytes", "created_at").
		Values(m.Key, m.OwnerID, m.MIME, m.Width, m.Height, m.Bytes, millis(m.CreatedAt)))
	if isDuplicate(err) {
		return xunjia.Errorf(xunjia.Conflict, "图片已存在")
	}
	return err
}

// Media answers a picture by its key, or NotFound.
func (s *Store) Media(ctx context.Context, key string) (xunjia.Media, error) {
	m, err := one(ctx, s.db, sq.Select("media_key", "owner_id", "mime", "width", "height", "bytes", "created_at").
		From("media").Where(sq.Eq{"media_key": key}), scanMedia)
	if errors.Is(err, sql.ErrNoRows) {
		return m, xunjia.Errorf(xunjia.NotFound, "图片不存在")
	}
	return m, err
}

func scanMedia(row scanner) (m xunjia.Media, err error) {
	var created int64
	err = row.Scan(&m.Key, &m.OwnerID, &m.MIME, &m.Width, &m.Height, &m.Bytes, &created)
	m.CreatedAt = moment(created)
	return m, err
}
