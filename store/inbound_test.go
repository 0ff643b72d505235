package store_test

import (
	"testing"
	"time"

	"github.com/xunjia/xunjia"
	"github.com/xunjia/xunjia/store"
	"github.com/xunjia/xunjia/store/storetest"
)

func saveInbound(t *testing.T, s *store.Store, key string) {
	t.Helper()
	if fresh, err := s.SaveInbound(t.Context(), xunjia.Inbound{AppID: "wx", Key: key, OpenID: "o", Kind: "text", Body: "x"}); !fresh || err != nil {
		t.Fatal(fresh, err)
	}
}

// A push that fails every time is taken up again and again, with growing pauses,
// and then left for a human.
func TestInboundStopsAfterSomeAttempts(t *testing.T) {
	c := newClock()
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		ctx := t.Context()
		saveInbound(t, s, "m:1")
		var claimed []time.Duration
		begin := c.now()
		for range 24 * 60 { // a day, minute by minute
			c.advance(time.Minute)
			if _, ok, err := s.ClaimInbound(ctx, "me"); err != nil {
				t.Fatal(err)
			} else if ok {
				claimed = append(claimed, c.now().Sub(begin))
			}
		}
		if len(claimed) != store.MaxInboundAttempts {
			t.Errorf("claimed %d times, at %v; want %d", len(claimed), claimed, store.MaxInboundAttempts)
		}
		for i := 2; i < len(claimed); i++ {
			if claimed[i]-claimed[i-1] < claimed[i-1]-claimed[i-2] {
				t.Errorf("the pauses do not grow: %v", claimed)
			}
		}
		if n, err := s.StuckInbound(ctx); n != 1 || err != nil {
			t.Errorf("StuckInbound = %d, %v; want 1", n, err)
		}
	}, c.option)
}

// The last attempt may still succeed.
func TestInboundHandledAtLast(t *testing.T) {
	c := newClock()
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		saveInbound(t, s, "m:1")
		for claims := 0; claims < store.MaxInboundAttempts; c.advance(time.Hour) {
			if _, ok, err := s.ClaimInbound(t.Context(), "me"); err != nil {
				t.Fatal(err)
			} else if ok {
				claims++
			}
		}
		if err := s.MarkInbound(t.Context(), "wx", "m:1"); err != nil {
			t.Fatal(err)
		}
		if n, err := s.StuckInbound(t.Context()); n != 0 || err != nil {
			t.Errorf("StuckInbound = %d, %v; want 0", n, err)
		}
	}, c.option)
}

// Many instances that look at the same moment take up each push once.
func TestInboundIsClaimedOnce(t *testing.T) {
	c := newClock()
	stores := twoInstances(t, c.option)
	const pushes = 3
	for _, key := range []string{"m:1", "m:2", "m:3"} {
		saveInbound(t, stores[0], key)
	}
	c.advance(2 * time.Minute)
	won := crowd(t, stores, func(s *store.Store, _ int) (bool, error) {
		_, ok, err := s.ClaimInbound(t.Context(), "me")
		return ok, err
	})
	if won > pushes || won == 0 {
		t.Errorf("%d claims of %d pushes", won, pushes)
	}
	for range pushes { // who looked at the same candidates in vain finds the rest
		if _, ok, err := stores[1].ClaimInbound(t.Context(), "me"); err != nil {
			t.Fatal(err)
		} else if ok {
			won++
		}
	}
	if won != pushes {
		t.Errorf("%d claims of %d pushes at last", won, pushes)
	}
}

func TestPruneInbound(t *testing.T) {
	c := newClock()
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		ctx := t.Context()
		for _, key := range []string{"old", "older", "waiting"} {
			saveInbound(t, s, key)
		}
		for _, key := range []string{"old", "older"} {
			if err := s.MarkInbound(ctx, "wx", key); err != nil {
				t.Fatal(err)
			}
		}
		c.advance(time.Hour)
		saveInbound(t, s, "new")
		if err := s.MarkInbound(ctx, "wx", "new"); err != nil {
			t.Fatal(err)
		}
		prune := func(limit, want int) {
			t.Helper()
			if n, err := s.PruneInbound(ctx, c.now().Add(-time.Minute), limit); n != want || err != nil {
				t.Errorf("PruneInbound = %d, %v; want %d", n, err, want)
			}
		}
		prune(1, 1)
		prune(10, 1)
		prune(10, 0)
		for key, fresh := range map[string]bool{"old": true, "new": false, "waiting": false} {
			if got, err := s.SaveInbound(ctx, xunjia.Inbound{AppID: "wx", Key: key, Body: "x"}); got != fresh || err != nil {
				t.Errorf("%s is fresh: %v, %v; want %v", key, got, err, fresh)
			}
		}
	}, c.option)
}
