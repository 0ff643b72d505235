package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	sq "github.com/Masterminds/squirrel"

	"github.com/xunjia/xunjia"
)

// mediaPlace is a column that holds keys of media. used is the SELECT of its
// rows for the row of media that a query stands on.
type mediaPlace struct {
	table, column string
	use           xunjia.MediaUse
	used          string
	usedOwnerless string // instead of used, for media of nobody, which may be in anybody's rows; "": the same
}

// mediaPlaces is every column in which a key of media may stand. Whoever adds
// one adds it here with an index: what is in none of them is deleted. A form
// that fills the column calls useMedia in its transaction.
func mediaPlaces() []mediaPlace {
	column := func(table, column string, use xunjia.MediaUse) mediaPlace {
		return mediaPlace{table: table, column: column, use: use,
			used: fmt.Sprintf("SELECT 1 FROM %s WHERE %s.%s = media.media_key", table, table, column)}
	}
	const inRevisions = "SELECT 1 FROM quote_revision r JOIN quote q ON q.id = r.quote_id WHERE r.attachments LIKE CONCAT('%\"', media.media_key, '\"%')"
	const inDisputes = "SELECT 1 FROM dispute_entry e WHERE e.media LIKE CONCAT('%\"', media.media_key, '\"%')"
	return []mediaPlace{
		column("purchase_attachment", "media", xunjia.UsedInPurchases),
		column("purchase_draft_media", "media", xunjia.UsedInPurchases),
		column("quote_attachment", "media", xunjia.UsedInQuotes),
		// Suppliers attach what is theirs, so that few quotes are looked into.
		{table: "quote_revision", column: "attachments", use: xunjia.UsedInQuotes,
			used: inRevisions + " AND q.supplier_id = media.owner_id", usedOwnerless: inRevisions},
		column("deal_attachment", "media", xunjia.UsedInDeals),
		{table: "dispute_entry", column: "media", use: xunjia.UsedInDeals,
			used: inDisputes + " AND e.user_id = media.owner_id", usedOwnerless: inDisputes},
		column("certification_document", "media", xunjia.UsedInCertifications),
		column("showcase", "media", xunjia.UsedInShowcases),
		column("reply", "media_key", xunjia.UsedInReplies),
		column("conversation_message", "media", xunjia.UsedInReplies),
	}
}

// mediaElsewhere names columns that look as if they belonged to mediaPlaces and
// do not, with the reason.
func mediaElsewhere() map[string]string {
	return map[string]string{
		"media.media_key":       "the media itself",
		"reply_media.media_key": "what the platform keeps of a picture; it goes when the picture goes",
		"reply_media.media_id":  "an id of the platform",
		"reply.media_id":        "an id of the platform",
	}
}

// usedAs is the condition that media is used in one of the ways; all of them
// when none is named.
func usedAs(ownerless bool, uses ...xunjia.MediaUse) sq.Sqlizer {
	var used sq.Or
	for _, p := range mediaPlaces() {
		wanted := len(uses) == 0
		for _, u := range uses {
			wanted = wanted || u == p.use
		}
		if !wanted {
			continue
		}
		rows := p.used
		if ownerless && p.usedOwnerless != "" {
			rows = p.usedOwnerless
		}
		used = append(used, sq.Expr("EXISTS ("+rows+")"))
	}
	return used
}

// MediaSweep says how far DoomMedia has come.
type MediaSweep struct {
	cursor mediaCursor
	Done   bool // everything was seen once
	Seen   int
	Doomed int
}

// DoomMedia looks at up to limit pictures and files, the newest first, from
// where the sweep has come to, and dooms those that were uploaded 48 hours ago
// and are used nowhere: no form can use them any more, and DoomedMedia lists
// them. Several instances may sweep at once.
func (s *Store) DoomMedia(ctx context.Context, from MediaSweep, limit int) (MediaSweep, error) {
	if from.Done {
		from = MediaSweep{}
	}
	cutoff := millis(s.now().Add(-xunjia.MediaGrace))
	type candidate struct {
		xunjia.Media
		used bool
	}
	q := selectMedia().Column(sq.Alias(usedAs(false), "used")).Where(alive()).
		Where(sq.Lt{"media.created_at": cutoff}).Where(sq.Lt{"media.used_at": cutoff})
	list, err := all(ctx, s.db, from.cursor.apply(q, limit), func(row scanner) (c candidate, err error) {
		c.Media, err = scanMediaAnd(row, &c.used)
		return c, err
	})
	if err != nil {
		return from, err
	}
	next := MediaSweep{cursor: from.cursor, Done: len(list) < limit, Seen: from.Seen + len(list), Doomed: from.Doomed}
	for _, c := range list {
		if !c.used {
			doomed, err := s.doom(ctx, c.Key)
			if err != nil {
				return next, err
			}
			if doomed {
				next.Doomed++
			}
		}
		next.cursor = cursorOf(c.Media)
	}
	return next, nil
}

// doom dooms one picture if it is still abandoned and unused. It waits for the
// forms that are using it, and then sees what they have written; those that
// come later find it doomed.
func (s *Store) doom(ctx context.Context, key string) (doomed bool, err error) {
	err = s.runTx(ctx, func(tx *tx) error {
		doomed = false
		m, err := one(ctx, tx, selectMedia().Where(sq.Eq{"media.media_key": key}).Where(alive()).Suffix(s.dialect.forUpdate()), scanMedia)
		if errors.Is(err, sql.ErrNoRows) {
			return nil // another instance was faster
		}
		if err != nil || !m.Abandoned(tx.now) {
			return err
		}
		used, err := all(ctx, tx, sq.Select("media.media_key").From("media").Where(sq.Eq{"media.media_key": key}).Where(usedAs(m.OwnerID == 0)), scanString)
		if err != nil || len(used) > 0 {
			return err
		}
		n, err := exec(ctx, tx, sq.Update("media").Set("doomed_at", millis(tx.now)).Where(sq.Eq{"media_key": key, "doomed_at": 0}))
		doomed = n > 0
		return err
	})
	return doomed, err
}

// DoomedMedia lists up to limit pictures and files whose blobs are to be
// deleted, and after them, by ForgetMedia, their rows.
func (s *Store) DoomedMedia(ctx context.Context, limit int) ([]xunjia.Media, error) {
	return all(ctx, s.db, selectMedia().Where(sq.Gt{"media.doomed_at": 0}).
		OrderBy("media.doomed_at", "media.media_key").Limit(uint64(max(limit, 0))), scanMedia)
}

// ForgetMedia deletes the row of something doomed; once more does nothing.
func (s *Store) ForgetMedia(ctx context.Context, key string) error {
	return s.runTx(ctx, func(tx *tx) error {
		n, err := exec(ctx, tx, sq.Delete("media").Where(sq.Eq{"media_key": key}).Where(sq.Gt{"doomed_at": 0}))
		if err != nil || n == 0 {
			return err
		}
		_, err = exec(ctx, tx, sq.Delete("reply_media").Where(sq.Eq{"media_key": key}))
		return err
	})
}

// CropVersions answers the version of the crops of those keys that have a row,
// doomed or not.
func (s *Store) CropVersions(ctx context.Context, keys []string) (map[string]int64, error) {
	versions := make(map[string]int64, len(keys))
	if len(keys) == 0 {
		return versions, nil
	}
	_, err := all(ctx, s.db, sq.Select("media_key", "crop_version").From("media").Where(sq.Eq{"media_key": keys}), func(row scanner) (struct{}, error) {
		var key string
		var version int64
		err := row.Scan(&key, &version)
		versions[key] = version
		return struct{}{}, err
	})
	return versions, err
}
