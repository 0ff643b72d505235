package store_test

import (
	"testing"
	"time"

	"github.com/xunjia/xunjia/store"
	"github.com/xunjia/xunjia/store/storetest"
)

// With Redis somebody counts once a day; without it, or when it is down, every
// look counts.
func TestCountView(t *testing.T) {
	redis, stop, err := store.EmbeddedRedis(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(stop)
	c := newClock()
	with := storetest.Open(t, "sqlite", storetest.SQLite(t), c.option, func(o *store.Options) { o.Cache = redis })
	m := openMarket(t, with, c)
	p := m.publish(t, "黄连")
	views := func(want int) {
		t.Helper()
		if got, err := m.Purchase(t.Context(), p.ID); err != nil || got.ViewCount != want {
			t.Errorf("%d views, want %d, %v", got.ViewCount, want, err)
		}
	}
	look := func(viewers ...string) {
		t.Helper()
		for _, v := range viewers {
			if err := m.CountView(t.Context(), p.ID, v); err != nil {
				t.Fatal(err)
			}
		}
	}
	look("user 1", "user 1", "user 2", "user 1", "address 127.0.0.1 Mozilla")
	views(3)
	c.advance(24 * time.Hour)
	look("user 1", "user 1")
	views(4)
	other := m.publish(t, "黄连")
	if err := m.CountView(t.Context(), other.ID, "user 1"); err != nil {
		t.Fatal(err)
	}
	if got, _ := m.Purchase(t.Context(), other.ID); got.ViewCount != 1 {
		t.Errorf("another purchase has %d views", got.ViewCount)
	}
	stop()
	look("user 1", "user 1")
	views(6)
	if err := m.CountView(t.Context(), 99999, "user 1"); err != nil {
		t.Error(err)
	}
	eachMarket(t, func(t *testing.T, m market) {
		p := m.publish(t, "黄连")
		for range 2 {
			if err := m.CountView(t.Context(), p.ID, "user 1"); err != nil {
				t.Fatal(err)
			}
		}
		if got, err := m.Purchase(t.Context(), p.ID); err != nil || got.ViewCount != 2 {
			t.Errorf("without Redis %d views, %v", got.ViewCount, err)
		}
	})
}
