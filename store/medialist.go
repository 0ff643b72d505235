package store

import (
	"context"
	"encoding/base64"
	"encoding/binary"

	sq "github.com/Masterminds/squirrel"

	"github.com/xunjia/xunjia"
)

// mediaCursor is a place in the media, newest first. It is a keyset whose tie
// is broken by the key, as media has no number.
type mediaCursor struct {
	at  int64 // 0: the beginning
	key string
}

func cursorOf(m xunjia.Media) mediaCursor { return mediaCursor{millis(m.CreatedAt), m.Key} }

// apply limits q to what comes after the cursor.
func (c mediaCursor) apply(q sq.SelectBuilder, limit int) sq.SelectBuilder {
	if c.at != 0 {
		q = q.Where(sq.LtOrEq{"media.created_at": c.at}).Where(sq.Or{sq.Lt{"media.created_at": c.at}, sq.Lt{"media.media_key": c.key}})
	}
	return q.OrderBy("media.created_at DESC", "media.media_key DESC").Limit(uint64(max(limit, 0)))
}

func (c mediaCursor) String() string {
	return base64.RawURLEncoding.EncodeToString(append(binary.BigEndian.AppendUint64(nil, uint64(c.at)), c.key...))
}

// parseMediaCursor reads what String wrote; others are Invalid.
func parseMediaCursor(text string) (mediaCursor, error) {
	if text == "" {
		return mediaCursor{}, nil
	}
	b, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil || len(b) < 8 || len(b) > 72 {
		return mediaCursor{}, xunjia.Errorf(xunjia.Invalid, "列表的位置无效，请从第一页看起")
	}
	return mediaCursor{int64(binary.BigEndian.Uint64(b)), string(b[8:])}, nil
}

// MediaRow is a picture or a file with where it is used.
type MediaRow struct {
	xunjia.Media
	Uses []xunjia.MediaUse
}

// selectMediaUses adds to selectMedia one column for each use.
func selectMediaUses() sq.SelectBuilder {
	q := selectMedia()
	for _, u := range usesOfMedia() {
		q = q.Column(sq.Alias(usedAs(false, u), "in_"+string(u)))
	}
	return q
}

// usesOfMedia are the uses that the list shows but for UsedNowhere.
func usesOfMedia() []xunjia.MediaUse {
	return []xunjia.MediaUse{xunjia.UsedInPurchases, xunjia.UsedInQuotes, xunjia.UsedInDeals, xunjia.UsedInShowcases, xunjia.UsedInReplies}
}

func scanMediaRow(row scanner) (r MediaRow, err error) {
	uses := usesOfMedia()
	used := make([]bool, len(uses))
	more := make([]any, len(uses))
	for i := range used {
		more[i] = &used[i]
	}
	r.Media, err = scanMediaAnd(row, more...)
	for i, u := range uses {
		if used[i] {
			r.Uses = append(r.Uses, u)
		}
	}
	return r, err
}

// MediaList answers a part of the pictures and files, newest first. Private ones
// are not among them.
func (s *Store) MediaList(ctx context.Context, f xunjia.MediaFilter, p xunjia.Page) (list xunjia.List[MediaRow], err error) {
	cursor, err := parseMediaCursor(p.After)
	if err != nil {
		return list, err
	}
	limit := p.Limit
	if limit <= 0 {
		limit = xunjia.PageSize
	}
	limit = min(limit, maxPage)
	q := selectMediaUses().Where(alive()).Where(sq.Expr("SUBSTR(media.media_key, 1, ?) <> ?", len(xunjia.PrivatePrefix), xunjia.PrivatePrefix))
	if f.OwnerID != 0 {
		q = q.Where(sq.Eq{"media.owner_id": f.OwnerID})
	}
	if f.Phone != "" {
		q = q.Where(sq.Expr("media.owner_id IN (?)", sq.Select("id").From("users").Where(sq.Eq{"phone": f.Phone})))
	}
	switch f.Use {
	case "":
	case xunjia.UsedNowhere:
		q = q.Where(sq.Expr("NOT (?)", usedAs(false)))
	default:
		q = q.Where(usedAs(false, f.Use))
	}
	if list.Items, err = all(ctx, s.db, cursor.apply(q, limit+1), scanMediaRow); err != nil {
		return list, err
	}
	if len(list.Items) > limit {
		list.Items = list.Items[:limit]
		list.Next = cursorOf(list.Items[limit-1].Media).String()
	}
	return list, nil
}
