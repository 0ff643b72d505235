package store

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"errors"
	"time"

	sq "github.com/Masterminds/squirrel"
	"github.com/redis/go-redis/v9"

	"github.com/xunjia/xunjia"
)

// touchEvery is how exactly LastSeenAt is kept, and how long a session is
// cached at most.
const touchEvery = time.Minute

// newToken is a secret of 260 random bits for a cookie or a link. Only its hash
// is stored, so a copy of the database opens no session.
func newToken() string { return rand.Text() + rand.Text() }

func hashToken(token string) string {
	sum := sha256.Sum256([]byte(token))
	return hex.EncodeToString(sum[:])
}

var sessionColumns = []string{"id", "kind", "user_id", "identity_id", "staff_id", "created_at", "last_seen_at", "expires_at", "ip", "agent"}

func scanSession(row scanner) (s xunjia.Session, err error) {
	var created, seen, expires int64
	err = row.Scan(&s.ID, &s.Kind, &s.UserID, &s.IdentityID, &s.StaffID, &created, &seen, &expires, &s.IP, &s.Agent)
	s.CreatedAt, s.LastSeenAt, s.ExpiresAt = moment(created), moment(seen), moment(expires)
	return s, err
}

// begin gives a session a token and its times.
func begin(s xunjia.Session, now time.Time) (token string, _ xunjia.Session) {
	token = newToken()
	s.ID = hashToken(token)
	s.CreatedAt, s.LastSeenAt, s.ExpiresAt = now, now, now.Add(s.Kind.Absolute())
	return token, s
}

// diesAt is when the session ends if it is not used again.
func diesAt(s xunjia.Session) int64 {
	return min(millis(s.ExpiresAt), millis(s.LastSeenAt.Add(s.Kind.Idle())))
}

func insertSession(s xunjia.Session) sq.InsertBuilder {
	return sq.Insert("session").Columns(append(sessionColumns, "dies_at")...).
		Values(s.ID, s.Kind, s.UserID, s.IdentityID, s.StaffID,
			millis(s.CreatedAt), millis(s.LastSeenAt), millis(s.ExpiresAt), clip(s.IP, 45), clip(s.Agent, xunjia.MaxAgent), diesAt(s))
}

func errNoSession() error {
	return xunjia.Errorf(xunjia.Unauthorized, "登录已过期，请重新登录")
}

// StartSession stores a new session; of s, Kind, the three ids, IP and Agent count.
// The token goes into the cookie and is not kept.
func (s *Store) StartSession(ctx context.Context, sess xunjia.Session) (token string, _ xunjia.Session, err error) {
	token, sess = begin(sess, s.now())
	if _, err := s.write(ctx, insertSession(sess)); err != nil {
		return "", xunjia.Session{}, err
	}
	return token, sess, nil
}

// SessionByToken answers the live session of a cookie and notes, at most once a
// minute, that it was used. The error is Unauthorized when there is none.
// Sessions of users and guests may come from the cache; those of staff never
// do, so that ending one works at once everywhere.
func (s *Store) SessionByToken(ctx context.Context, token string) (xunjia.Session, error) {
	id, now := hashToken(token), s.now()
	if sess, ended, ok := s.cache.session(ctx, id); ended || ok && !sess.Live(now) {
		return xunjia.Session{}, errNoSession()
	} else if ok {
		return sess, nil
	}
	sess, err := one(ctx, s.db, sq.Select(sessionColumns...).From("session").Where(sq.Eq{"id": id}), scanSession)
	if errors.Is(err, sql.ErrNoRows) || err == nil && !sess.Live(now) {
		return xunjia.Session{}, errNoSession()
	}
	if err != nil {
		return xunjia.Session{}, err
	}
	if now.Sub(sess.LastSeenAt) >= touchEvery {
		touched := sess
		touched.LastSeenAt = now
		n, err := s.write(ctx, sq.Update("session").Set("last_seen_at", millis(now)).Set("dies_at", diesAt(touched)).
			Where(sq.Eq{"id": id, "last_seen_at": millis(sess.LastSeenAt)}))
		if err != nil {
			s.log.WarnContext(ctx, "session not touched", "error", err)
		}
		if n == 0 { // or another request touched it first, or it has just ended
			return sess, nil
		}
		sess = touched
	}
	s.cache.remember(ctx, sess, sess.LastSeenAt.Add(touchEvery).Sub(now))
	return sess, nil
}

// RotateSession replaces the session of oldToken by a new one, as every login
// must: a token that somebody planted before is then worth nothing. The error
// is Unauthorized when the old one is gone already.
func (s *Store) RotateSession(ctx context.Context, oldToken string, next xunjia.Session) (token string, _ xunjia.Session, err error) {
	old := hashToken(oldToken)
	var sess xunjia.Session
	err = s.runTx(ctx, func(tx *tx) error {
		n, err := exec(ctx, tx, sq.Delete("session").Where(sq.Eq{"id": old}).Where(sq.Gt{"dies_at": millis(tx.now)}))
		if err != nil {
			return err
		}
		if n == 0 {
			return errNoSession()
		}
		token, sess = begin(next, tx.now)
		if _, err := exec(ctx, tx, insertSession(sess)); err != nil {
			return err
		}
		return s.noteDevice(ctx, tx, sess)
	})
	if err != nil {
		return "", xunjia.Session{}, err
	}
	s.cache.end(ctx, old)
	return token, sess, nil
}

// EndSession logs one browser out; a token that is unknown is no error.
func (s *Store) EndSession(ctx context.Context, token string) error {
	id := hashToken(token)
	if _, err := s.write(ctx, sq.Delete("session").Where(sq.Eq{"id": id})); err != nil {
		return err
	}
	s.cache.end(ctx, id)
	return nil
}

// EndSessionsOf logs a user out everywhere.
func (s *Store) EndSessionsOf(ctx context.Context, userID int64) error {
	return s.EndOtherSessions(ctx, userID, "")
}

// maxDevices bounds the list of a user's browsers.
const maxDevices = 50

// Devices lists the browsers in which a user is logged in, the one that was
// used last first; at most 50.
func (s *Store) Devices(ctx context.Context, userID int64) ([]xunjia.Session, error) {
	if userID == 0 {
		return nil, nil
	}
	return all(ctx, s.db, sq.Select(sessionColumns...).From("session").Where(sq.Eq{"user_id": userID}).
		Where(sq.Gt{"dies_at": millis(s.now())}).OrderBy("last_seen_at DESC", "id").Limit(maxDevices), scanSession)
}

// EndOtherSessions logs a user out everywhere but in one browser, the session
// keep.
func (s *Store) EndOtherSessions(ctx context.Context, userID int64, keep string) error {
	var ended []string
	err := s.runTx(ctx, func(tx *tx) (err error) {
		ended, err = endSessions(ctx, tx, userID, keep)
		return err
	})
	if err != nil {
		return err
	}
	s.cache.end(ctx, ended...)
	return nil
}

// endSessions deletes a user's sessions but for one, "" for none, and answers
// their ids, which the cache must hear of after the commit.
func endSessions(ctx context.Context, tx *tx, userID int64, keep string) ([]string, error) {
	if userID == 0 {
		return nil, nil // guests and staff
	}
	ids, err := all(ctx, tx, sq.Select("id").From("session").Where(sq.Eq{"user_id": userID}).Where(sq.NotEq{"id": keep}).
		Suffix(tx.lock), scanString)
	if err != nil || len(ids) == 0 {
		return nil, err
	}
	_, err = exec(ctx, tx, sq.Delete("session").Where(sq.Eq{"id": ids}))
	return ids, err
}

// countersKept is how many days the counters of a day are kept.
const countersKept = 31

// PruneSessions removes up to limit dead sessions and answers how many there
// were; with them go as many OAuth states that are too old, counters of days
// long past, old lines about logins, and drafts that nobody finished.
func (s *Store) PruneSessions(ctx context.Context, limit int) (int, error) {
	now := s.now()
	n, err := s.write(ctx, sq.Delete("session").Where("id IN (SELECT id FROM (SELECT id FROM session"+
		" WHERE dies_at <= ? ORDER BY dies_at LIMIT ?) q)", millis(now), limit))
	if err != nil {
		return 0, err
	}
	if _, err := s.write(ctx, sq.Delete("oauth_state").Where("state IN (SELECT state FROM (SELECT state FROM oauth_state"+
		" WHERE created_at <= ? ORDER BY created_at LIMIT ?) q)", millis(now.Add(-xunjia.OAuthStateLifetime)), limit)); err != nil {
		return 0, err
	}
	_, err = s.write(ctx, sq.Delete("counter").Where("(name, day) IN (SELECT name, day FROM (SELECT name, day FROM counter"+
		" WHERE day > 0 AND day < ? ORDER BY day LIMIT ?) q)", xunjia.Day(now.AddDate(0, 0, -countersKept)), limit))
	if err != nil {
		return int(n), err
	}
	if err := s.pruneLogins(ctx, now, limit); err != nil {
		return int(n), err
	}
	return int(n), s.pruneDrafts(ctx, now, limit)
}

// sessionCache keeps sessions in Redis for a minute. A nil cache and a Redis
// that fails behave alike: the answer comes from SQL. When Redis cannot be
// reached at the moment a session ends, other instances that have it cached may
// take it for live until that minute is over.
type sessionCache struct{ client redis.UniversalClient }

// ended stands for a session that is over. It stays longer than any copy read
// from SQL before, so that a slow request cannot bring the session back.
const ended = "-"

func cacheKey(id string) string { return "session:" + id }

// session answers what is known: nothing, a session, or that it has ended.
func (c *sessionCache) session(ctx context.Context, id string) (s xunjia.Session, over, ok bool) {
	if c == nil {
		return s, false, false
	}
	v, err := c.client.Get(ctx, cacheKey(id)).Result()
	if err != nil {
		return s, false, false
	}
	if v == ended {
		return s, true, false
	}
	if json.Unmarshal([]byte(v), &s) != nil {
		return xunjia.Session{}, false, false
	}
	return s, false, true
}

// remember caches a session read from SQL unless it has ended meanwhile.
func (c *sessionCache) remember(ctx context.Context, s xunjia.Session, ttl time.Duration) {
	if c == nil || s.Kind == xunjia.StaffSession || ttl < time.Millisecond {
		return
	}
	v, err := json.Marshal(s)
	if err != nil {
		return
	}
	_ = c.client.SetNX(ctx, cacheKey(s.ID), v, ttl).Err() // SQL remains the authority
}

func (c *sessionCache) end(ctx context.Context, ids ...string) {
	if c == nil || len(ids) == 0 {
		return
	}
	// The session is over in SQL; a browser that hung up must not keep the copy alive.
	ctx = context.WithoutCancel(ctx)
	_, _ = c.client.Pipelined(ctx, func(p redis.Pipeliner) error {
		for _, id := range ids {
			p.Set(ctx, cacheKey(id), ended, 2*touchEvery)
		}
		return nil
	})
}
