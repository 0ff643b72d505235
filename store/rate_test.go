package store_test

import (
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/xunjia/xunjia/store"
	"github.com/xunjia/xunjia/store/storetest"
)

// rateWorlds runs f with the embedded Redis and with a real one.
func rateWorlds(t *testing.T, f func(t *testing.T, client redis.UniversalClient)) {
	t.Run("embedded", func(t *testing.T) {
		client, shut, err := store.EmbeddedRedis(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		defer shut()
		f(t, client)
	})
	t.Run("redis", func(t *testing.T) {
		client, err := store.OpenRedis(storetest.Redis(t))
		if err != nil {
			t.Fatal(err)
		}
		defer client.Close()
		f(t, client)
	})
}

// Several instances together never take more than the bucket holds and what
// flows into it meanwhile.
func TestRatesAreShared(t *testing.T) {
	rateWorlds(t, func(t *testing.T, client redis.UniversalClient) {
		const perSecond, instances, askers = 50, 3, 4
		began := time.Now()
		var taken atomic.Int64
		var wg sync.WaitGroup
		for range instances {
			r := store.NewRates(client)
			for range askers {
				wg.Go(func() {
					for range 40 {
						taken.Add(int64(r.Take(t.Context(), "x", perSecond, 3, 0)))
					}
				})
			}
		}
		wg.Wait()
		most := perSecond + perSecond*time.Since(began).Seconds() + 1
		if got := taken.Load(); float64(got) > most || got < perSecond {
			t.Errorf("%d tokens taken, want %d to %.0f", got, perSecond, most)
		}
	})
}

func TestRates(t *testing.T) {
	rateWorlds(t, func(t *testing.T, client redis.UniversalClient) {
		const slow = 0.001 // nothing flows in while the test runs
		ctx, r := t.Context(), store.NewRates(client)
		take := func(name string, want, reserve, expect int) {
			t.Helper()
			if got := r.Take(ctx, name, 40, want, reserve); got > expect+2 || got < expect {
				t.Errorf("took %d of %s, want %d", got, name, expect)
			}
		}
		take("a", 100, 30, 10) // others are left 30
		take("a", 100, 0, 30)
		take("b", 5, 0, 5) // a bucket of its own
		r.Use(ctx, "c", 40, 60)
		take("c", 1, 0, 0) // overdrawn
		r.Use(ctx, "c", 40, -60)
		take("c", 40, 0, 40) // given back
		if got := r.Take(ctx, "d", slow, 1, 0); got != 0 {
			t.Errorf("took %d of a bucket that holds less than one", got)
		}
		take("e", 0, 0, 0)
	})
}

// Without Redis an instance goes on at a quarter of the rate.
func TestRatesWithoutRedis(t *testing.T) {
	client, shut, err := store.EmbeddedRedis(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	shut()
	r := store.NewRates(client)
	total := 0
	began := time.Now()
	for range 10 {
		total += r.Take(t.Context(), "x", 40, 40, 0)
	}
	if most := 10 + int(10*time.Since(began).Seconds()) + 1; total < 10 || total > most {
		t.Errorf("%d tokens without Redis, want 10 to %d", total, most)
	}
}
