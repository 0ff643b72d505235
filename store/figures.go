package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"slices"
	"time"

	sq "github.com/Masterminds/squirrel"

	"github.com/xunjia/xunjia"
)

// figuresAge is how old figures may be that are shown; looked counts how many of
// the newest purchases and quotes the clock of answers looks at.
const (
	figuresAge    = time.Hour
	lookPurchases = 100
	lookQuotes    = 1000
)

// Figures are what is publicly known of how somebody does business, counted anew
// when they are older than an hour.
func (s *Store) Figures(ctx context.Context, userID int64) (f xunjia.Figures, err error) {
	now := s.now()
	var content string
	var at int64
	_, err = one(ctx, s.db, sq.Select("content", "counted_at").From("user_figures").Where(sq.Eq{"user_id": userID}), func(row scanner) (struct{}, error) {
		return struct{}{}, row.Scan(&content, &at)
	})
	if err == nil && moment(at).After(now.Add(-figuresAge)) {
		return f, json.Unmarshal([]byte(content), &f)
	}
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return f, err
	}
	if f, err = s.countFigures(ctx, userID, now); err != nil {
		return f, err
	}
	counted, err := json.Marshal(f)
	if err != nil {
		return f, err
	}
	_, err = s.write(ctx, sq.Insert("user_figures").Columns("user_id", "content", "counted_at").Values(userID, string(counted), millis(now)).
		Suffix(s.dialect.upsert([]string{"user_id"}, "content", "counted_at")))
	return f, err
}

// countFigures counts, each number by one range of an index.
func (s *Store) countFigures(ctx context.Context, userID int64, now time.Time) (f xunjia.Figures, err error) {
	for _, c := range []struct {
		into  *int
		query sq.SelectBuilder
	}{
		{&f.Quotes, sq.Select("COUNT(*)").From("quote").Where(sq.Eq{"supplier_id": userID}).Where(sq.NotEq{"state": xunjia.Withdrawn})},
		{&f.Chosen, sq.Select("COUNT(*)").From("quote").Where(sq.Eq{"supplier_id": userID, "state": xunjia.Accepted})},
		{&f.Purchases, sq.Select("COUNT(*)").From("purchase").Where(sq.Eq{"buyer_id": userID})},
		{&f.Sold, sq.Select("COUNT(*)").From("deal").Where(sq.Eq{"supplier_id": userID, "state": xunjia.CompletedDeal})},
		{&f.Bought, sq.Select("COUNT(*)").From("deal").Where(sq.Eq{"buyer_id": userID, "state": xunjia.CompletedDeal})},
	} {
		n, err := one(ctx, s.db, c.query, scanInt)
		if err != nil {
			return f, err
		}
		*c.into = int(n)
	}
	var stars sql.NullInt64
	_, err = one(ctx, s.db, sq.Select("COUNT(*)", "SUM(stars)").From("deal_rating").Where(sq.Eq{"rated_id": userID}), func(row scanner) (struct{}, error) {
		return struct{}{}, row.Scan(&f.Ratings, &stars)
	})
	f.Stars = int(stars.Int64)
	if err != nil {
		return f, err
	}
	return f, s.countAnswers(ctx, userID, now, &f)
}

// countAnswers looks at the quotes on the buyer's newest purchases.
func (s *Store) countAnswers(ctx context.Context, userID int64, now time.Time, f *xunjia.Figures) error {
	purchases, err := all(ctx, s.db, sq.Select("id").From("purchase").Where(sq.Eq{"buyer_id": userID}).
		OrderBy("published_at DESC", "id DESC").Limit(lookPurchases), scanInt)
	if err != nil || len(purchases) == 0 {
		return err
	}
	var hours []int
	_, err = all(ctx, s.db, sq.Select("state", "created_at", "answered_at").From("quote").Where(sq.Eq{"purchase_id": purchases}).
		Where(sq.NotEq{"state": xunjia.Withdrawn}).OrderBy("id DESC").Limit(lookQuotes), func(row scanner) (struct{}, error) {
		var state xunjia.QuoteState
		var created, answered int64
		if err := row.Scan(&state, &created, &answered); err != nil {
			return struct{}{}, err
		}
		switch {
		case answered > 0:
			f.Answered++
			f.Due++
			hours = append(hours, int(moment(answered).Sub(moment(created)).Hours()))
		case state != xunjia.Pending || moment(created).Before(now.Add(-xunjia.AnswerTime)):
			f.Due++
		}
		return struct{}{}, nil
	})
	if len(hours) > 0 {
		slices.Sort(hours)
		f.AnswerHours = hours[len(hours)/2]
	}
	return err
}

// Showcase is what somebody shows of himself: pictures of his goods, and a few
// words.
func (s *Store) Showcase(ctx context.Context, userID int64) (xunjia.Showcase, error) {
	text, err := one(ctx, s.db, sq.Select("introduction").From("users").Where(sq.Eq{"id": userID}), scanString)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return xunjia.Showcase{}, err
	}
	pictures, err := all(ctx, s.db, sq.Select("media").From("showcase").Where(sq.Eq{"user_id": userID}).OrderBy("position"), scanString)
	return xunjia.Showcase{Text: text, Pictures: pictures}, err
}

// SaveShowcase replaces what the user shows of himself: see Showcase.Validate;
// Invalid on pictures that are not his.
func (s *Store) SaveShowcase(ctx context.Context, userID int64, c xunjia.Showcase) error {
	if err := c.Validate(); err != nil {
		return err
	}
	return s.runTx(ctx, func(tx *tx) error {
		if _, err := active(ctx, tx, userID); err != nil {
			return err
		}
		own, err := s.useMedia(ctx, tx, c.Pictures, sq.Eq{"owner_id": userID})
		if err != nil {
			return err
		}
		if _, err := exec(ctx, tx, sq.Update("users").Set("introduction", c.Text).Where(sq.Eq{"id": userID})); err != nil {
			return err
		}
		if _, err := exec(ctx, tx, sq.Delete("showcase").Where(sq.Eq{"user_id": userID})); err != nil {
			return err
		}
		for i, key := range c.Pictures {
			if !own[key] || xunjia.IsPrivate(key) || xunjia.IsFile(key) {
				return xunjia.FieldErrors{"pictures": "有图片已失效，请重新上传"}.Err()
			}
			if _, err := exec(ctx, tx, sq.Insert("showcase").Columns("user_id", "position", "media").Values(userID, i, key)); err != nil {
				return err
			}
		}
		return nil
	})
}
