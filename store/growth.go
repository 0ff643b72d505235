package store

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"slices"
	"time"

	sq "github.com/Masterminds/squirrel"

	"github.com/xunjia/xunjia"
)

// AwardGrowth gives and takes the growth points that an event is worth. Every
// event does so once, however often it is asked for; facts that have changed
// since are read again under a lock. Whoever reaches a level or does a task that
// counts once is told by an event of its own.
func (s *Store) AwardGrowth(ctx context.Context, e xunjia.Event, f xunjia.Facts) error {
	if len(xunjia.Awards(e, f)) == 0 && len(xunjia.Forfeits(e, f)) == 0 {
		return nil
	}
	return s.runTx(ctx, func(tx *tx) error {
		f := f
		if e.QuoteID != 0 {
			q, err := one(ctx, tx, selectQuotes().Where(sq.Eq{"id": e.QuoteID}).Suffix(s.dialect.forUpdate()), scanQuote)
			if err != nil {
				return err
			}
			q.Attachments = f.Quote.Attachments
			f.Quote = q
		}
		awards, forfeits := xunjia.Awards(e, f), xunjia.Forfeits(e, f)
		byUser := func(a, b xunjia.Award) int { return cmp.Compare(a.UserID, b.UserID) }
		slices.SortStableFunc(awards, byUser)
		slices.SortStableFunc(forfeits, byUser)
		for _, a := range awards {
			if err := s.award(ctx, tx, e, a); err != nil {
				return err
			}
		}
		for _, a := range forfeits {
			if err := s.forfeit(ctx, tx, e, a); err != nil {
				return err
			}
		}
		return nil
	})
}

// lockGrowth is somebody's points; his row is the lock for his entries.
func (s *Store) lockGrowth(ctx context.Context, tx *tx, userID int64) (points int, err error) {
	_, err = exec(ctx, tx, sq.Insert("growth_account").Columns("user_id", "points", "updated_at").Values(userID, 0, millis(tx.now)).
		Suffix(s.dialect.upsert([]string{"user_id"})))
	if err != nil {
		return 0, err
	}
	n, err := one(ctx, tx, sq.Select("points").From("growth_account").Where(sq.Eq{"user_id": userID}).Suffix(s.dialect.forUpdate()), scanInt)
	return int(n), err
}

func (s *Store) award(ctx context.Context, tx *tx, e xunjia.Event, a xunjia.Award) error {
	spec := a.Task.Spec()
	points, err := s.lockGrowth(ctx, tx, a.UserID)
	if err != nil {
		return err
	}
	held, err := s.held(ctx, tx, a)
	if err != nil || held > 0 {
		return err
	}
	earned, err := s.earned(ctx, tx, a)
	if err != nil || !spec.Open(earned) {
		return err
	}
	done, err := s.enter(ctx, tx, e, a, spec.Points)
	if err != nil || !done {
		return err
	}
	if spec.Once {
		if _, err := tx.addEvent(ctx, xunjia.Event{Kind: xunjia.TaskDone, Actor: a.UserID, Subject: int64(a.Task)}); err != nil {
			return err
		}
	}
	if level := xunjia.LevelAt(points + spec.Points); level > xunjia.LevelAt(points) {
		_, err = tx.addEvent(ctx, xunjia.Event{Kind: xunjia.LevelReached, Actor: a.UserID, Subject: int64(level)})
	}
	return err
}

func (s *Store) forfeit(ctx context.Context, tx *tx, e xunjia.Event, a xunjia.Award) error {
	if _, err := s.lockGrowth(ctx, tx, a.UserID); err != nil {
		return err
	}
	held, err := s.held(ctx, tx, a)
	if err != nil || held <= 0 {
		return err
	}
	_, err = s.enter(ctx, tx, e, a, -held)
	return err
}

// held is what the user has for this very thing now.
func (s *Store) held(ctx context.Context, tx *tx, a xunjia.Award) (int, error) {
	n, err := one(ctx, tx, sq.Select("COALESCE(SUM(points), 0)").From("growth_entry").
		Where(sq.Eq{"user_id": a.UserID, "task": a.Task, "subject": a.Subject}), scanInt)
	return int(n), err
}

// earned counts what the limits of a task are about. What was taken back counts
// for the day, so that undoing and doing again gains nothing.
func (s *Store) earned(ctx context.Context, tx *tx, a xunjia.Award) (e xunjia.Earned, err error) {
	mine := sq.Select("COUNT(*)").From("growth_entry").Where(sq.Eq{"user_id": a.UserID, "task": a.Task}).Where(sq.Gt{"points": 0})
	for _, c := range []struct {
		into  *int
		query sq.SelectBuilder
	}{
		{&e.Ever, sq.Select("COALESCE(SUM(CASE WHEN points > 0 THEN 1 ELSE -1 END), 0)").From("growth_entry").
			Where(sq.Eq{"user_id": a.UserID, "task": a.Task})},
		{&e.Today, mine.Where(sq.GtOrEq{"created_at": millis(xunjia.DayStart(tx.now))})},
		{&e.Pair, mine.Where(sq.Eq{"partner_id": a.Partner}).Where(sq.Gt{"created_at": millis(tx.now.Add(-xunjia.PairWindow))})},
	} {
		n, err := one(ctx, tx, c.query, scanInt)
		if err != nil {
			return e, err
		}
		*c.into = int(n)
	}
	return e, nil
}

// enter writes an entry and the sum; false when the event has written it before.
func (s *Store) enter(ctx context.Context, tx *tx, e xunjia.Event, a xunjia.Award, points int) (bool, error) {
	_, err := one(ctx, tx, sq.Select("id").From("growth_entry").Where(sq.Eq{"event_id": e.ID, "user_id": a.UserID, "task": a.Task}), scanInt)
	if !errors.Is(err, sql.ErrNoRows) {
		return false, err
	}
	if _, err := exec(ctx, tx, sq.Insert("growth_entry").SetMap(map[string]any{"user_id": a.UserID, "task": a.Task, "subject": a.Subject,
		"partner_id": a.Partner, "points": points, "event_id": e.ID, "created_at": millis(tx.now)})); err != nil {
		return false, err
	}
	_, err = exec(ctx, tx, sq.Update("growth_account").Set("points", sq.Expr("points + ?", points)).Set("updated_at", millis(tx.now)).
		Where(sq.Eq{"user_id": a.UserID}))
	return err == nil, err
}

// Growth is how far somebody has grown.
type Growth struct {
	Points int
	Ever   map[xunjia.Task]int // how often each task has earned points
	Today  map[xunjia.Task]int
}

// Growth answers somebody's points and what they came from; zero for a user who
// has none.
func (s *Store) Growth(ctx context.Context, userID int64) (g Growth, err error) {
	n, err := one(ctx, s.db, sq.Select("points").From("growth_account").Where(sq.Eq{"user_id": userID}), scanInt)
	if errors.Is(err, sql.ErrNoRows) {
		return g, nil
	}
	g = Growth{Points: int(n), Ever: map[xunjia.Task]int{}, Today: map[xunjia.Task]int{}}
	if err != nil {
		return g, err
	}
	since := millis(xunjia.DayStart(s.now()))
	_, err = all(ctx, s.db, sq.Select("task", "SUM(CASE WHEN points > 0 THEN 1 ELSE -1 END)").
		Column("SUM(CASE WHEN points > 0 AND created_at >= ? THEN 1 ELSE 0 END)", since).
		From("growth_entry").Where(sq.Eq{"user_id": userID}).GroupBy("task"), func(row scanner) (struct{}, error) {
		var task xunjia.Task
		var ever, today int
		err := row.Scan(&task, &ever, &today)
		g.Ever[task], g.Today[task] = ever, today
		return struct{}{}, err
	})
	return g, err
}

// GrowthEntry is a line of somebody's points ledger.
type GrowthEntry struct {
	ID        int64
	Task      xunjia.Task
	Points    int // below 0: taken back
	CreatedAt time.Time
}

// GrowthEntries lists what somebody earned, newest first.
func (s *Store) GrowthEntries(ctx context.Context, userID int64, page xunjia.Page) (list xunjia.List[GrowthEntry], err error) {
	k, err := newKeyset(page)
	if err != nil {
		return list, err
	}
	rows, err := all(ctx, s.db, k.apply(sq.Select("id", "task", "points", "created_at").From("growth_entry"), s.dialect,
		"created_at", "id", pin{"user_id", userID}), func(row scanner) (e GrowthEntry, err error) {
		var created int64
		err = row.Scan(&e.ID, &e.Task, &e.Points, &created)
		e.CreatedAt = moment(created)
		return e, err
	})
	if err != nil {
		return list, err
	}
	return cut(k, rows, func(e GrowthEntry) (time.Time, int64) { return e.CreatedAt, e.ID }), nil
}
