package store_test

import (
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/xunjia/xunjia/store"
)

// The embedded Redis forgets by itself, runs scripts and knows the time.
func TestEmbeddedRedis(t *testing.T) {
	client, shut, err := store.EmbeddedRedis(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer shut()
	ctx := t.Context()
	if err := client.Set(ctx, "short", 1, 150*time.Millisecond).Err(); err != nil {
		t.Fatal(err)
	}
	if err := client.Set(ctx, "long", 1, time.Hour).Err(); err != nil {
		t.Fatal(err)
	}
	deadline := time.Now().Add(10 * time.Second)
	for client.Get(ctx, "short").Err() != redis.Nil {
		if time.Now().After(deadline) {
			t.Fatal("a key outlives its time")
		}
		time.Sleep(10 * time.Millisecond) // its clock is the real one
	}
	if got, err := client.Eval(ctx, "return redis.call('GET', KEYS[1])", []string{"long"}).Text(); err != nil || got != "1" {
		t.Errorf("script = %q, %v", got, err)
	}
	if got, err := client.Time(ctx).Result(); err != nil || time.Since(got).Abs() > 5*time.Second {
		t.Errorf("TIME = %v, %v", got, err)
	}
	shut()
	if err := client.Ping(ctx).Err(); err == nil {
		t.Error("answers after it was shut")
	}
	shut() // a second time does nothing
}

func TestOpenRedisRefusesNonsense(t *testing.T) {
	if _, err := store.OpenRedis("http://localhost"); err == nil {
		t.Error("opened http://")
	}
}
