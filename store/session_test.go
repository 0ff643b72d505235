package store_test

import (
	"context"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/redis/go-redis/v9"

	"github.com/xunjia/xunjia"
	"github.com/xunjia/xunjia/store"
	"github.com/xunjia/xunjia/store/storetest"
)

func openRedis(t *testing.T, url string) redis.UniversalClient {
	t.Helper()
	client, err := store.OpenRedis(url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { client.Close() })
	return client
}

// eachCache runs f without a cache, with the embedded Redis, with a real one
// and with one that is down; sessions must behave alike.
func eachCache(t *testing.T, f func(t *testing.T, cache func(*store.Options))) {
	t.Helper()
	with := func(c redis.UniversalClient) func(*store.Options) {
		return func(o *store.Options) { o.Cache = c }
	}
	t.Run("no cache", func(t *testing.T) { f(t, func(*store.Options) {}) })
	t.Run("embedded redis", func(t *testing.T) {
		client, shut, err := store.EmbeddedRedis(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(shut)
		f(t, with(client))
	})
	t.Run("redis", func(t *testing.T) { f(t, with(openRedis(t, storetest.Redis(t)))) })
	t.Run("redis down", func(t *testing.T) { f(t, with(openRedis(t, "redis://127.0.0.1:1"))) })
}

func start(t *testing.T, s *store.Store, sess xunjia.Session) (token string, _ xunjia.Session) {
	t.Helper()
	token, got, err := s.StartSession(t.Context(), sess)
	if err != nil {
		t.Fatal(err)
	}
	return token, got
}

func live(t *testing.T, s *store.Store, what, token string) xunjia.Session {
	t.Helper()
	got, err := s.SessionByToken(t.Context(), token)
	if err != nil {
		t.Errorf("%s: %v, want a live session", what, err)
	}
	return got
}

func dead(t *testing.T, s *store.Store, what, token string) {
	t.Helper()
	_, err := s.SessionByToken(t.Context(), token)
	wantCode(t, what, err, xunjia.Unauthorized)
}

func TestSessionLife(t *testing.T) {
	eachCache(t, func(t *testing.T, cache func(*store.Options)) {
		c := newClock()
		storetest.Each(t, func(t *testing.T, s *store.Store) {
			ctx := t.Context()
			guest, g := start(t, s, xunjia.Session{Kind: xunjia.GuestSession, IdentityID: 4})
			want := xunjia.Session{ID: g.ID, Kind: xunjia.GuestSession, IdentityID: 4, CreatedAt: c.now().UTC(),
				LastSeenAt: c.now().UTC(), ExpiresAt: c.now().UTC().Add(24 * time.Hour)}
			if diff := cmp.Diff(want, g); diff != "" {
				t.Errorf("new session (-want +got):\n%s", diff)
			}
			for range 2 { // from SQL, from the cache
				if diff := cmp.Diff(want, live(t, s, "guest", guest)); diff != "" || g.ID == guest || len(guest) < 50 {
					t.Errorf("session (-want +got):\n%s", diff)
				}
			}
			user, u, err := s.RotateSession(ctx, guest, xunjia.Session{Kind: xunjia.UserSession, UserID: 8, IdentityID: 4})
			if err != nil || u.UserID != 8 || u.ID == g.ID {
				t.Fatalf("RotateSession = %+v, %v", u, err)
			}
			dead(t, s, "the guest after login", guest)
			if got := live(t, s, "the user", user); got.UserID != 8 {
				t.Errorf("session of user %d, want 8", got.UserID)
			}
			_, _, err = s.RotateSession(ctx, guest, xunjia.Session{Kind: xunjia.UserSession, UserID: 8})
			wantCode(t, "rotating a dead session", err, xunjia.Unauthorized)
			dead(t, s, "no token", "")
			dead(t, s, "the stored hash as token", u.ID)

			phone, _ := start(t, s, xunjia.Session{Kind: xunjia.UserSession, UserID: 8})
			other, _ := start(t, s, xunjia.Session{Kind: xunjia.UserSession, UserID: 9})
			live(t, s, "second device", phone)
			if err := s.EndSession(ctx, user); err != nil {
				t.Fatal(err)
			}
			dead(t, s, "after logout", user)
			live(t, s, "the other device after logout", phone)
			if err := s.EndSessionsOf(ctx, 8); err != nil {
				t.Fatal(err)
			}
			dead(t, s, "logged out everywhere", phone)
			live(t, s, "another user", other)
			if err := s.EndSession(ctx, "unknown"); err != nil {
				t.Errorf("ending an unknown session: %v", err)
			}
		}, c.option, cache)
	})
}

func TestSessionExpires(t *testing.T) {
	for _, tt := range []struct {
		kind        xunjia.SessionKind
		idle, total time.Duration
	}{
		{xunjia.GuestSession, 24 * time.Hour, 24 * time.Hour},
		{xunjia.UserSession, 7 * 24 * time.Hour, 30 * 24 * time.Hour},
		{xunjia.StaffSession, 30 * time.Minute, 12 * time.Hour},
	} {
		t.Run(string(tt.kind), func(t *testing.T) {
			c := newClock()
			storetest.Each(t, func(t *testing.T, s *store.Store) {
				idle, _ := start(t, s, xunjia.Session{Kind: tt.kind})
				c.advance(tt.idle - time.Second)
				busy, _ := start(t, s, xunjia.Session{Kind: tt.kind})
				began := c.now()
				c.advance(time.Second)
				dead(t, s, "unused", idle)
				_, _, err := s.RotateSession(t.Context(), idle, xunjia.Session{Kind: xunjia.UserSession, UserID: 1})
				wantCode(t, "rotating it", err, xunjia.Unauthorized)
				for c.now().Sub(began) < tt.total {
					live(t, s, "used all the time", busy)
					c.advance(tt.idle / 2)
				}
				dead(t, s, "at its absolute end", busy)

				n, err := s.PruneSessions(t.Context(), 1)
				if err != nil || n != 1 {
					t.Errorf("PruneSessions(1) = %d, %v", n, err)
				}
				fresh, _ := start(t, s, xunjia.Session{Kind: tt.kind})
				if n, err = s.PruneSessions(t.Context(), 100); err != nil || n != 1 {
					t.Errorf("PruneSessions(100) = %d, %v; want the other dead one", n, err)
				}
				live(t, s, "after pruning", fresh)
			}, c.option)
		})
	}
}

// A page with twenty requests must not write twenty times.
func TestSessionIsTouchedOnceAMinute(t *testing.T) {
	eachCache(t, func(t *testing.T, cache func(*store.Options)) {
		c := newClock()
		s := storetest.Open(t, "sqlite", storetest.SQLite(t), c.option, cache)
		token, _ := start(t, s, xunjia.Session{Kind: xunjia.UserSession, UserID: 1})
		seen := func() string { return strs(t, s.DB(), "SELECT CAST(last_seen_at AS TEXT) FROM session")[0] }
		first := seen()
		c.advance(59 * time.Second)
		live(t, s, "after 59 s", token)
		if seen() != first {
			t.Error("written within the minute")
		}
		// The cache counts real time: let it forget, as it would have by now.
		var o store.Options
		if cache(&o); o.Cache != nil {
			_ = o.Cache.FlushAll(t.Context()).Err() // one of them is down
		}
		c.advance(time.Second)
		if got := live(t, s, "after 60 s", token); !got.LastSeenAt.Equal(c.now()) || seen() == first {
			t.Error("not written after a minute")
		}
	})
}

func TestCacheIsUsedAndLosable(t *testing.T) {
	cache := openRedis(t, storetest.Redis(t))
	dsn := storetest.MariaDB(t)
	option := func(o *store.Options) { o.Cache = cache }
	a, b := storetest.Open(t, "mysql", dsn, option), storetest.Open(t, "mysql", dsn, option)
	user, _ := start(t, a, xunjia.Session{Kind: xunjia.UserSession, UserID: 1})
	staff, _ := start(t, a, xunjia.Session{Kind: xunjia.StaffSession, StaffID: 1})
	live(t, a, "user", user)
	live(t, a, "staff", staff)
	// Behind the program's back, to see who asks SQL.
	change(t, a, "UPDATE session SET expires_at = 1")
	live(t, b, "a user comes from the cache", user)
	dead(t, b, "staff never do", staff)
	change(t, a, "UPDATE session SET expires_at = 9999999999999")

	if err := cache.FlushAll(t.Context()).Err(); err != nil {
		t.Fatal(err)
	}
	live(t, b, "user after FLUSHALL", user)
	live(t, b, "staff after FLUSHALL", staff)

	if err := a.EndSession(t.Context(), user); err != nil {
		t.Fatal(err)
	}
	dead(t, b, "ended by another instance", user)
}

// A request reads a session from SQL; before it puts the copy into the cache,
// the session ends. The copy must not bring it back.
func TestEndedSessionStaysEnded(t *testing.T) {
	cache := openRedis(t, storetest.Redis(t))
	dsn := storetest.SQLite(t)
	s := storetest.Open(t, "sqlite", dsn, func(o *store.Options) { o.Cache = cache })
	late := &endBeforeFill{}
	cache.AddHook(late)
	for _, end := range []func(token string) error{
		func(token string) error { return s.EndSession(context.Background(), token) },
		func(string) error { return s.EndSessionsOf(context.Background(), 1) },
		func(token string) error {
			_, _, err := s.RotateSession(context.Background(), token, xunjia.Session{Kind: xunjia.UserSession})
			return err
		},
	} {
		token, _ := start(t, s, xunjia.Session{Kind: xunjia.UserSession, UserID: 1})
		late.end = sync.OnceFunc(func() {
			if err := end(token); err != nil {
				t.Error(err)
			}
		})
		live(t, s, "while it ends", token)
		dead(t, s, "afterwards", token)
	}
}

// endBeforeFill runs end just before the cache is filled.
type endBeforeFill struct{ end func() }

func (h *endBeforeFill) DialHook(next redis.DialHook) redis.DialHook { return next }

func (h *endBeforeFill) ProcessHook(next redis.ProcessHook) redis.ProcessHook {
	return func(ctx context.Context, cmd redis.Cmder) error {
		if cmd.Name() == "set" {
			h.end()
		}
		return next(ctx, cmd)
	}
}

func (h *endBeforeFill) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return next
}

// A Redis that accepts connections and never answers costs a few requests a
// fraction of a second each; then nobody asks it any more.
func TestBlackHoleRedis(t *testing.T) {
	hole, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer hole.Close()
	var mu sync.Mutex
	var conns []net.Conn
	go func() {
		for {
			c, err := hole.Accept()
			if err != nil {
				return
			}
			mu.Lock()
			conns = append(conns, c)
			mu.Unlock()
		}
	}()
	count := func() int { mu.Lock(); defer mu.Unlock(); return len(conns) }
	cache := openRedis(t, "redis://"+hole.Addr().String())
	s := storetest.Open(t, "sqlite", storetest.SQLite(t), func(o *store.Options) { o.Cache = cache })
	token, _ := start(t, s, xunjia.Session{Kind: xunjia.UserSession, UserID: 1})
	for range 5 { // each reads and fills the cache
		began := time.Now()
		live(t, s, "black hole", token)
		if d := time.Since(began); d > 2*time.Second { // 2 × 0.25 s on an idle machine
			t.Errorf("a request took %v", d)
		}
	}
	tried := count()
	if tried == 0 {
		t.Fatal("redis was never tried")
	}
	for range 100 {
		live(t, s, "breaker open", token)
	}
	// A pause of the breaker may end in between and let one try through.
	if n := count() - tried; n > 2 {
		t.Errorf("%d connections for 100 requests after the breaker opened", n)
	}
	if err := s.EndSession(t.Context(), token); err != nil {
		t.Error(err)
	}
	dead(t, s, "ended while Redis is a black hole", token)
}

func TestRedisComesBack(t *testing.T) {
	server := storetest.StartRedis(t)
	cache := openRedis(t, "redis://"+server.Addr)
	s := storetest.Open(t, "sqlite", storetest.SQLite(t), func(o *store.Options) { o.Cache = cache })
	token, sess := start(t, s, xunjia.Session{Kind: xunjia.UserSession, UserID: 1})
	live(t, s, "redis up", token)
	resume := server.Pause(t)
	for range 10 {
		live(t, s, "redis paused", token)
	}
	resume()
	server.Kill(t)
	live(t, s, "redis down", token)
	server.Start(t)
	deadline := time.Now().Add(20 * time.Second)
	for {
		live(t, s, "redis back", token)
		if n, err := cache.Exists(t.Context(), "session:"+sess.ID).Result(); err == nil && n == 1 {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("the cache is not used again")
		}
		time.Sleep(20 * time.Millisecond) // polls a foreign process
	}
}
