package store

import (
	"context"
	"database/sql"
	"errors"
	"math"
	"time"

	sq "github.com/Masterminds/squirrel"

	"github.com/xunjia/xunjia"
)

// MaxInboundBody is how many bytes a push may have.
const MaxInboundBody = 64 << 10

// How pushes are taken up again. A handler works at most 40 s, so within a
// minute whoever received a push has finished it or has died.
const (
	inboundGrace = time.Minute
	inboundLease = time.Minute
	// MaxInboundAttempts is how often a push that fails is taken up again; then
	// it stays unhandled for StuckInbound to show. With the pauses between them
	// the attempts stretch over half a day.
	MaxInboundAttempts = 8
	never              = math.MaxInt64
	inboundCandidates  = 8
)

// inboundPause is how long a push rests after an attempt, its lease included:
// 2, 4, 10, 28 minutes, … up to 4 hours.
func inboundPause(attempt int) time.Duration {
	pause := inboundLease
	for range attempt {
		pause *= 3
	}
	return inboundLease + min(pause/3, 4*time.Hour)
}

// SaveInbound stores a push before it is handled. fresh is false when the
// platform delivered it before: whoever got true handles it. A ReceivedAt of
// zero becomes now; a body over 64 KiB is TooLarge.
func (s *Store) SaveInbound(ctx context.Context, in xunjia.Inbound) (fresh bool, err error) {
	if in.AppID == "" || in.Key == "" {
		return false, errors.New("store: a push needs its account and key")
	}
	if len(in.Body) > MaxInboundBody {
		return false, xunjia.Errorf(xunjia.TooLarge, "消息过大")
	}
	now := s.now()
	if in.ReceivedAt.IsZero() {
		in.ReceivedAt = now
	}
	// From now, not from ReceivedAt: a push out of the spool is old already.
	_, err = s.write(ctx, sq.Insert("inbound").
		Columns("app_id", "dedupe_key", "open_id", "kind", "event", "body", "received_at", "next_at").
		Values(in.AppID, in.Key, in.OpenID, in.Kind, in.Event, in.Body, millis(in.ReceivedAt), millis(now.Add(inboundGrace))))
	if isDuplicate(err) {
		return false, nil
	}
	return err == nil, err
}

// MarkInbound notes that a push was handled; a second time changes nothing, and
// costs no more than reading: RecordPush has marked most of them already. The
// error is NotFound when there is no such push.
func (s *Store) MarkInbound(ctx context.Context, appID, key string) error {
	handled, err := one(ctx, s.db, sq.Select("handled_at").From("inbound").Where(sq.Eq{"app_id": appID, "dedupe_key": key}), scanInt)
	if errors.Is(err, sql.ErrNoRows) {
		return xunjia.Errorf(xunjia.NotFound, "没有这条消息")
	}
	if err != nil || handled != 0 {
		return err
	}
	_, err = s.write(ctx, markInbound(appID, key, s.now()))
	return err
}

func markInbound(appID, key string, now time.Time) sq.UpdateBuilder {
	return sq.Update("inbound").Set("handled_at", millis(now)).Where(sq.Eq{"app_id": appID, "dedupe_key": key, "handled_at": 0})
}

// ClaimInbound takes up the push that has waited longest among those nobody
// finished: their instance died or their handler failed. It belongs to owner for
// a minute; MarkInbound ends that. One that is not marked comes again after a
// pause that grows, MaxInboundAttempts times in all. ok is false when there is
// none.
func (s *Store) ClaimInbound(ctx context.Context, owner string) (in xunjia.Inbound, ok bool, err error) {
	now, err := s.dbNow(ctx)
	if err != nil {
		return in, false, err
	}
	type candidate struct {
		xunjia.Inbound
		id      int64
		attempt int
	}
	list, err := all(ctx, s.db, sq.Select("app_id", "dedupe_key", "open_id", "kind", "event", "body", "received_at", "id", "attempt").
		From("inbound").Where(sq.Eq{"handled_at": 0}).Where(sq.LtOrEq{"next_at": millis(now)}).
		OrderBy("next_at", "id").Limit(inboundCandidates), func(row scanner) (c candidate, err error) {
		var received int64
		err = row.Scan(&c.AppID, &c.Key, &c.OpenID, &c.Kind, &c.Event, &c.Body, &received, &c.id, &c.attempt)
		c.ReceivedAt = moment(received)
		return c, err
	})
	if err != nil {
		return in, false, err
	}
	for _, c := range list {
		next := int64(never)
		if c.attempt+1 < MaxInboundAttempts {
			next = millis(now.Add(inboundPause(c.attempt + 1)))
		}
		n, err := s.write(ctx, sq.Update("inbound").
			Set("attempt", c.attempt+1).Set("next_at", next).Set("owner", owner).
			Where(sq.Eq{"id": c.id, "attempt": c.attempt, "handled_at": 0}))
		if err != nil {
			return in, false, err
		}
		if n > 0 {
			return c.Inbound, true, nil
		}
	}
	return in, false, nil
}

// StuckInbound counts pushes that failed every time: something in them, or in
// the program, needs a human.
func (s *Store) StuckInbound(ctx context.Context) (int, error) {
	n, err := one(ctx, s.db, sq.Select("COUNT(*)").From("inbound").Where(sq.Eq{"handled_at": 0, "next_at": int64(never)}), scanInt)
	return int(n), err
}

// PruneInbound deletes up to limit pushes that were handled before the given
// moment and, of those that failed every time, as many that were received
// before it. It answers how many there were. A push is dedupe information until
// then: the platform repeats within 15 s, its replays are refused after minutes.
func (s *Store) PruneInbound(ctx context.Context, before time.Time, limit int) (int, error) {
	n, err := s.write(ctx, sq.Delete("inbound").Where("id IN (SELECT id FROM (SELECT id FROM inbound"+
		" WHERE handled_at > 0 AND handled_at < ? ORDER BY handled_at LIMIT ?) q)", millis(before), limit))
	if err != nil {
		return 0, err
	}
	m, err := s.write(ctx, sq.Delete("inbound").Where("id IN (SELECT id FROM (SELECT id FROM inbound"+
		" WHERE handled_at = 0 AND next_at = ? AND received_at < ? LIMIT ?) q)", int64(never), millis(before), limit))
	return int(n + m), err
}
