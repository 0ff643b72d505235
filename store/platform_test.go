package store_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/xunjia/xunjia"
	"github.com/xunjia/xunjia/store"
	"github.com/xunjia/xunjia/store/storetest"
)

// clock is a time that a test moves.
type clock struct{ ms atomic.Int64 }

func newClock() *clock {
	c := &clock{}
	c.ms.Store(time.Date(2026, 11, 23, 2, 0, 0, 0, time.UTC).UnixMilli())
	return c
}

func (c *clock) now() time.Time          { return time.UnixMilli(c.ms.Load()) }
func (c *clock) advance(d time.Duration) { c.ms.Add(d.Milliseconds()) }
func (c *clock) set(t time.Time)         { c.ms.Store(t.UnixMilli()) }

// option sets the clock; real ones are finer than what is stored.
func (c *clock) option(o *store.Options) {
	o.Clock = func() time.Time { return c.now().Add(456 * time.Microsecond) }
}

func wantCode(t *testing.T, what string, err error, want xunjia.Code) {
	t.Helper()
	if xunjia.ErrorCode(err) != want {
		t.Errorf("%s: error %v, want code %q", what, err, want)
	}
}

// twoInstances are two stores on one MariaDB, where races show that SQLite's
// single writer hides.
func twoInstances(t *testing.T, options ...func(*store.Options)) [2]*store.Store {
	t.Helper()
	dsn := storetest.MariaDB(t)
	return [2]*store.Store{storetest.Open(t, "mysql", dsn, options...), storetest.Open(t, "mysql", dsn, options...)}
}

// crowd runs f 50 times on each instance at once and counts the true answers.
func crowd(t *testing.T, stores [2]*store.Store, f func(s *store.Store, i int) (bool, error)) (won int) {
	t.Helper()
	var wg sync.WaitGroup
	var n atomic.Int64
	start := make(chan struct{})
	for i := range 100 {
		wg.Go(func() {
			<-start
			ok, err := f(stores[i%2], i)
			if err != nil {
				t.Errorf("%d: %v", i, err)
			}
			if ok {
				n.Add(1)
			}
		})
	}
	close(start)
	wg.Wait()
	return int(n.Load())
}

// but makes a refusal an ordinary answer.
func but(code xunjia.Code, err error) (bool, error) {
	if xunjia.ErrorCode(err) == code {
		return false, nil
	}
	return err == nil, err
}

func TestIdentity(t *testing.T) {
	c := newClock()
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		ctx := t.Context()
		save := func(i xunjia.Identity) xunjia.Identity {
			t.Helper()
			i.AppID, i.OpenID = "wx1", "oA"
			got, err := s.SaveIdentity(ctx, i)
			if err != nil {
				t.Fatal(err)
			}
			return got
		}
		silent := save(xunjia.Identity{})
		want := xunjia.Identity{ID: silent.ID, AppID: "wx1", OpenID: "oA", CreatedAt: c.now().UTC()}
		if diff := cmp.Diff(want, silent); diff != "" || silent.ID == 0 {
			t.Errorf("silent login (-want +got):\n%s", diff)
		}
		change(t, s, "UPDATE wechat_identity SET user_id = 7 WHERE id = ?", silent.ID)
		want.UserID, want.Nickname, want.AvatarURL, want.UnionID, want.Consented = 7, "张三", "https://a/1", "u", true
		if diff := cmp.Diff(want, save(xunjia.Identity{UserID: 9, Nickname: "张三", AvatarURL: "https://a/1", UnionID: "u", Consented: true})); diff != "" {
			t.Errorf("consent (-want +got):\n%s", diff)
		}
		if diff := cmp.Diff(want, save(xunjia.Identity{})); diff != "" {
			t.Errorf("a silent login later takes nothing back (-want +got):\n%s", diff)
		}
		if got := save(xunjia.Identity{Nickname: strings.Repeat("长", 200)}); got.Nickname != strings.Repeat("长", 128) {
			t.Errorf("long nickname stored as %d bytes", len(got.Nickname))
		}
		if got, err := s.Identity(ctx, silent.ID); err != nil || got.OpenID != "oA" {
			t.Errorf("Identity = %+v, %v", got, err)
		}
		_, err := s.Identity(ctx, silent.ID+1)
		wantCode(t, "unknown id", err, xunjia.NotFound)
		_, err = s.IdentityByOpenID(ctx, "wx2", "oA")
		wantCode(t, "other account", err, xunjia.NotFound)
		_, err = s.SaveIdentity(ctx, xunjia.Identity{AppID: "wx1"})
		wantCode(t, "no openid", err, xunjia.Invalid)
	}, c.option)
}

func TestSubscribed(t *testing.T) {
	c := newClock()
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		at := c.now()
		for _, step := range []struct {
			name       string
			subscribed bool
			after      time.Duration
			want       bool
		}{
			{"first, unknown", true, 0, true},
			{"unsubscribes", false, 10 * time.Second, false},
			{"late redelivery of the first", true, 0, false},
			{"returns", true, 20 * time.Second, true},
			{"late redelivery of the second", false, 10 * time.Second, true},
		} {
			if err := s.SetSubscribed(t.Context(), "wx", "o", step.subscribed, at.Add(step.after)); err != nil {
				t.Fatal(err)
			}
			i, err := s.IdentityByOpenID(t.Context(), "wx", "o")
			if err != nil || i.Subscribed != step.want {
				t.Errorf("%s: subscribed = %v (%v), want %v", step.name, i.Subscribed, err, step.want)
			}
		}
	}, c.option)
}

func TestSubscribedInAnyOrder(t *testing.T) {
	stores, at := twoInstances(t), newClock().now()
	crowd(t, stores, func(s *store.Store, i int) (bool, error) {
		// The newest of all, number 99, says that the fan left.
		return true, s.SetSubscribed(context.Background(), "wx", "o", i != 99, at.Add(time.Duration(i)*time.Second))
	})
	i, err := stores[0].IdentityByOpenID(t.Context(), "wx", "o")
	if err != nil || i.Subscribed {
		t.Errorf("subscribed = %v (%v), want the newest push to win", i.Subscribed, err)
	}
}

func TestOAuthState(t *testing.T) {
	c := newClock()
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		ctx := t.Context()
		o := xunjia.OAuthState{State: "st", SessionID: "me", ReturnTo: "/p/1?a=b", Scope: "snsapi_base", CreatedAt: c.now().UTC()}
		if err := s.CreateOAuthState(ctx, o); err != nil {
			t.Fatal(err)
		}
		_, err := s.UseOAuthState(ctx, "st", "stranger")
		wantCode(t, "another browser", err, xunjia.Unauthorized)
		got, err := s.UseOAuthState(ctx, "st", "me")
		if diff := cmp.Diff(o, got); err != nil || diff != "" {
			t.Errorf("UseOAuthState: %v (-want +got):\n%s", err, diff)
		}
		_, err = s.UseOAuthState(ctx, "st", "me")
		wantCode(t, "second use", err, xunjia.Unauthorized)

		o.State = "late"
		if err := s.CreateOAuthState(ctx, o); err != nil {
			t.Fatal(err)
		}
		c.advance(xunjia.OAuthStateLifetime)
		_, err = s.UseOAuthState(ctx, "late", "me")
		wantCode(t, "after five minutes", err, xunjia.Unauthorized)
	}, c.option)
}

func TestOAuthStateIsUsedOnce(t *testing.T) {
	stores := twoInstances(t)
	if err := stores[0].CreateOAuthState(t.Context(), xunjia.OAuthState{State: "st", SessionID: "me"}); err != nil {
		t.Fatal(err)
	}
	won := crowd(t, stores, func(s *store.Store, _ int) (bool, error) {
		_, err := s.UseOAuthState(context.Background(), "st", "me")
		return but(xunjia.Unauthorized, err)
	})
	if won != 1 {
		t.Errorf("%d uses, want 1", won)
	}
}

func TestCredential(t *testing.T) {
	c := newClock()
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		ctx := t.Context()
		claim := func(stale, owner string, want bool) {
			t.Helper()
			ok, err := s.ClaimCredential(ctx, "wx", "token", stale, owner, 10*time.Second)
			if err != nil || ok != want {
				t.Errorf("claim of %s over %q = %v, %v; want %v", owner, stale, ok, err, want)
			}
		}
		save := func(owner, value string) error {
			return s.SaveCredential(ctx, "wx", "token", owner, xunjia.Credential{Value: value, ExpiresAt: c.now().Add(time.Hour)})
		}
		holds := func(want string) {
			t.Helper()
			got, err := s.Credential(ctx, "wx", "token")
			if err != nil || got.Value != want || !got.ExpiresAt.Equal(c.now().Add(time.Hour)) {
				t.Errorf("Credential = %+v, %v; want %q", got, err, want)
			}
		}
		_, err := s.Credential(ctx, "wx", "token")
		wantCode(t, "nothing yet", err, xunjia.NotFound)
		claim("anything", "a", true)
		_, err = s.Credential(ctx, "wx", "token")
		wantCode(t, "claimed, not saved", err, xunjia.NotFound)
		claim("", "b", false)
		wantCode(t, "save without a claim", save("b", "x"), xunjia.Conflict)
		if err := save("a", "one"); err != nil {
			t.Fatal(err)
		}
		holds("one")
		wantCode(t, "the lease ended with the first save", save("a", "x"), xunjia.Conflict)
		claim("older", "b", false)
		claim("one", "b", true)
		claim("one", "c", false)
		c.advance(10 * time.Second) // b died
		claim("one", "c", true)
		wantCode(t, "b comes back too late", save("b", "x"), xunjia.Conflict)
		if err := save("c", "two"); err != nil {
			t.Fatal(err)
		}
		holds("two")
		if ok, err := s.ClaimCredential(ctx, "wx", "ticket", "", "d", time.Second); !ok || err != nil {
			t.Errorf("another kind: %v, %v", ok, err)
		}
	}, c.option)
}

func TestCredentialIsClaimedOnce(t *testing.T) {
	stores := twoInstances(t)
	for _, stale := range []string{"", "one", "two"} { // the first time there is no row
		owners := make(chan string, 100)
		won := crowd(t, stores, func(s *store.Store, i int) (bool, error) {
			owner := fmt.Sprintf("o%d", i)
			ok, err := s.ClaimCredential(context.Background(), "wx", "token", stale, owner, time.Minute)
			if ok {
				owners <- owner
			}
			return ok, err
		})
		if won != 1 {
			t.Fatalf("over %q: %d claims, want 1", stale, won)
		}
		next := map[string]string{"": "one", "one": "two", "two": "three"}[stale]
		if err := stores[1].SaveCredential(t.Context(), "wx", "token", <-owners, xunjia.Credential{Value: next}); err != nil {
			t.Fatal(err)
		}
	}
}

func TestInbound(t *testing.T) {
	c := newClock()
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		ctx := t.Context()
		first := xunjia.Inbound{AppID: "wx", Key: "m:1", OpenID: "o", Kind: "event", Event: "CLICK",
			Body: "<xml>黄连</xml>", ReceivedAt: c.now().UTC()}
		second := first
		second.Key, second.ReceivedAt = "m:2", c.now().UTC().Add(time.Second)
		save := func(in xunjia.Inbound, want bool) {
			t.Helper()
			if fresh, err := s.SaveInbound(ctx, in); err != nil || fresh != want {
				t.Errorf("SaveInbound(%s, %s) = %v, %v; want %v", in.AppID, in.Key, fresh, err, want)
			}
		}
		save(second, true)
		save(first, true)
		save(first, false)
		other := first
		other.AppID = "wx2"
		save(other, true)
		pending := func(want ...xunjia.Inbound) {
			t.Helper()
			for _, w := range want {
				got, ok, err := s.ClaimInbound(ctx, "me")
				if diff := cmp.Diff(w, got); err != nil || !ok || diff != "" {
					t.Errorf("ClaimInbound: %v, %v (-want +got):\n%s", ok, err, diff)
				}
			}
			if got, ok, err := s.ClaimInbound(ctx, "me"); ok || err != nil {
				t.Errorf("ClaimInbound: %v, %v; want nothing more", got, err)
			}
		}
		pending()
		if err := s.MarkInbound(ctx, "wx2", "m:1"); err != nil {
			t.Fatal(err)
		}
		c.advance(61 * time.Second)
		pending(second, first)
		if err := s.MarkInbound(ctx, "wx", "m:1"); err != nil {
			t.Fatal(err)
		}
		c.advance(2 * time.Minute)
		pending(second)
		save(first, false)
		wantCode(t, "unknown push", s.MarkInbound(ctx, "wx", "m:9"), xunjia.NotFound)

		first.Key, first.Body = "m:3", strings.Repeat("药", store.MaxInboundBody/3)
		save(first, true)
		first.Key, first.Body = "m:4", strings.Repeat("a", store.MaxInboundBody+1)
		_, err := s.SaveInbound(ctx, first)
		wantCode(t, "body over the limit", err, xunjia.TooLarge)
	}, c.option)
}

func TestInboundIsFreshOnce(t *testing.T) {
	stores := twoInstances(t)
	const messages, deliveries = 1000, 5
	var fresh [messages]atomic.Int64
	var wg sync.WaitGroup
	work := make(chan int)
	for i := range 32 {
		wg.Go(func() {
			for m := range work {
				ok, err := stores[i%2].SaveInbound(context.Background(), xunjia.Inbound{AppID: "wx", Key: fmt.Sprintf("m:%d", m), Body: "x"})
				if err != nil {
					t.Errorf("message %d: %v", m, err)
				}
				if ok {
					fresh[m].Add(1)
				}
			}
		})
	}
	for m := range messages {
		for range deliveries {
			work <- m
		}
	}
	close(work)
	wg.Wait()
	for m := range fresh {
		if n := fresh[m].Load(); n != 1 {
			t.Errorf("message %d was fresh %d times", m, n)
		}
	}
}

func TestSpend(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		for _, step := range []struct {
			name  string
			day   int
			limit int64
			want  bool
		}{
			{"sms", 20261123, 0, false}, // nothing is allowed
			{"sms", 20261123, 2, true},
			{"sms", 20261123, 2, true},
			{"sms", 20261123, 2, false},
			{"sms", 20261123, 3, true}, // the limit was raised
			{"sms", 20261124, 1, true}, // a new day
			{"other", 20261123, 1, true},
		} {
			if got, err := s.Spend(t.Context(), step.name, step.day, step.limit); err != nil || got != step.want {
				t.Errorf("%+v: %v, %v", step, got, err)
			}
		}
	})
}

// Yesterday's budget must survive the cleaning, last year's must not.
func TestOldRowsArePruned(t *testing.T) {
	c := newClock()
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		ctx := t.Context()
		for _, day := range []int{0, 20251123, 20251124, 20261122, xunjia.Day(c.now())} {
			if _, err := s.Spend(ctx, "sms", day, 9); err != nil {
				t.Fatal(err)
			}
		}
		if err := s.CreateOAuthState(ctx, xunjia.OAuthState{State: "old", SessionID: "x"}); err != nil {
			t.Fatal(err)
		}
		c.advance(xunjia.OAuthStateLifetime)
		if err := s.CreateOAuthState(ctx, xunjia.OAuthState{State: "new", SessionID: "x"}); err != nil {
			t.Fatal(err)
		}
		for _, want := range []string{"0 20251124 20261122 20261123", "0 20261122 20261123", "0 20261122 20261123"} {
			if _, err := s.PruneSessions(ctx, 1); err != nil {
				t.Fatal(err)
			}
			if got := strings.Join(strs(t, s.DB(), "SELECT CAST(day AS CHAR) FROM counter"), " "); got != want {
				t.Errorf("days left: %s, want %s", got, want)
			}
		}
		if got := strs(t, s.DB(), "SELECT state FROM oauth_state"); len(got) != 1 || got[0] != "new" {
			t.Errorf("states left: %q", got)
		}
	}, c.option)
}

func TestSpendNeverExceedsTheLimit(t *testing.T) {
	won := crowd(t, twoInstances(t), func(s *store.Store, _ int) (bool, error) {
		return s.Spend(context.Background(), "sms", 20261123, 30)
	})
	if won != 30 {
		t.Errorf("%d spent of 30", won)
	}
}

func TestMedia(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		ctx := t.Context()
		m := xunjia.Media{Key: "k1", OwnerID: 3, MIME: "image/jpeg", Width: 4000, Height: 3000, Bytes: 1 << 20,
			Focus: xunjia.FocusCentre(), CreatedAt: newClock().now().UTC()}
		if err := s.CreateMedia(ctx, m); err != nil {
			t.Fatal(err)
		}
		got, err := s.Media(ctx, "k1")
		if diff := cmp.Diff(m, got); err != nil || diff != "" {
			t.Errorf("Media: %v (-want +got):\n%s", err, diff)
		}
		wantCode(t, "taken key", s.CreateMedia(ctx, m), xunjia.Conflict)
		_, err = s.Media(ctx, "K1") // keys are compared exactly
		wantCode(t, "unknown key", err, xunjia.NotFound)
	})
}

func TestAdminLink(t *testing.T) {
	c := newClock()
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		ctx := t.Context()
		link := func() string {
			t.Helper()
			token, err := s.CreateAdminLink(ctx, time.Hour)
			if err != nil {
				t.Fatal(err)
			}
			return token
		}
		first, second, third := link(), link(), link()
		owner, err := s.UseAdminLink(ctx, first)
		if err != nil || owner == 0 {
			t.Fatal(owner, err)
		}
		_, err = s.UseAdminLink(ctx, first)
		wantCode(t, "second use", err, xunjia.Unauthorized)
		if again, err := s.UseAdminLink(ctx, second); err != nil || again != owner {
			t.Errorf("second link: staff %d, %v; want the owner %d", again, err, owner)
		}
		c.advance(time.Hour)
		_, err = s.UseAdminLink(ctx, third)
		wantCode(t, "after its time", err, xunjia.Unauthorized)
		_, err = s.UseAdminLink(ctx, "guess")
		wantCode(t, "unknown", err, xunjia.Unauthorized)
	}, c.option)
}

func TestAdminLinkRace(t *testing.T) {
	stores := twoInstances(t)
	var tokens [10]string
	for i := range tokens {
		var err error
		if tokens[i], err = stores[0].CreateAdminLink(t.Context(), time.Hour); err != nil {
			t.Fatal(err)
		}
	}
	// Ten people try each of ten links.
	won := crowd(t, stores, func(s *store.Store, i int) (bool, error) {
		_, err := s.UseAdminLink(context.Background(), tokens[i/10])
		return but(xunjia.Unauthorized, err)
	})
	if staff := strs(t, stores[0].DB(), "SELECT login FROM staff"); won != len(tokens) || len(staff) != 1 {
		t.Errorf("%d uses of %d links made staff %q; want one each and one owner", won, len(tokens), staff)
	}
}
