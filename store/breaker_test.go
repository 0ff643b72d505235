package store

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
)

func TestBreaker(t *testing.T) {
	now := time.Unix(0, 0)
	b := &breaker{clock: func() time.Time { return now }}
	ctx := t.Context()
	tried := false
	call := func(answer error) bool {
		tried = false
		_ = b.run(ctx, func(context.Context) error { tried = true; return answer })
		return tried
	}
	down := errors.New("connection refused")
	for range breakerFailures - 1 {
		call(down)
	}
	call(redis.Nil) // Redis answered: it lives
	for range breakerFailures {
		if !call(down) {
			t.Fatal("opened too early")
		}
	}
	if call(nil) {
		t.Fatal("not open after five failures in a row")
	}
	now = now.Add(breakerPause - 1)
	if call(nil) {
		t.Fatal("closed before its pause was over")
	}
	now = now.Add(1)
	if !call(down) || call(nil) {
		t.Fatal("after the pause exactly one may try")
	}
	now = now.Add(breakerPause)
	if first, second := call(nil), call(nil); !first || !second {
		t.Fatal("a success must close it")
	}
	gone, cancel := context.WithCancel(ctx)
	cancel()
	for range 2 * breakerFailures {
		_ = b.run(gone, func(ctx context.Context) error { return ctx.Err() })
	}
	if !call(nil) {
		t.Error("callers that left opened it")
	}
}
