package store

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/maintnotifications"
)

// redisPatience bounds every command, connecting included. go-redis's own
// defaults make a request wait 5 seconds for a Redis that does not answer.
const redisPatience = 250 * time.Millisecond

// After breakerFailures failures in a row commands fail at once for
// breakerPause; then one is let through to see.
const (
	breakerFailures = 5
	breakerPause    = 2 * time.Second
)

// errRedisSkipped is the error of a command that was not tried.
var errRedisSkipped = errors.New("store: redis failed a moment ago, not tried")

// OpenRedis makes a client that fails fast: a command takes 0.25 seconds at
// most, so blocking ones do not work, and none while Redis has just failed
// repeatedly. url is redis://user:password@host:6379/0, rediss:// or unix://.
// It does not connect yet.
func OpenRedis(url string) (redis.UniversalClient, error) {
	o, err := redis.ParseURL(url)
	if err != nil {
		return nil, fmt.Errorf("store: Redis URL: %w", err)
	}
	return newRedis(o), nil
}

func newRedis(o *redis.Options) *redis.Client {
	o.DialTimeout = 300 * time.Millisecond
	o.ReadTimeout = 200 * time.Millisecond
	o.WriteTimeout = 200 * time.Millisecond
	o.PoolTimeout = 200 * time.Millisecond
	o.MaxRetries = -1 // a retry would double the wait
	o.DialerRetries = 1
	o.ContextTimeoutEnabled = true
	// Fewer round trips when connecting; nothing of RESP3 is used.
	o.Protocol = 2
	o.DisableIdentity = true
	o.MaintNotificationsConfig = &maintnotifications.Config{Mode: maintnotifications.ModeDisabled}
	c := redis.NewClient(o)
	c.AddHook(&breaker{clock: time.Now})
	return c
}

// EmbeddedRedis runs a Redis inside this process, without a port and without
// persistence: what is in it may be lost at any time. Call shut at the end.
func EmbeddedRedis(ctx context.Context) (client redis.UniversalClient, shut func(), err error) {
	m := miniredis.NewMiniRedis()
	c := newRedis(&redis.Options{
		Addr:   "embedded",
		Dialer: func(context.Context, string, string) (net.Conn, error) { return m.Dial() },
	})
	if err := c.Ping(ctx).Err(); err != nil {
		c.Close()
		m.Close()
		return nil, nil, fmt.Errorf("store: embedded redis: %w", err)
	}
	// Keys expire only when its time is moved.
	stop, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		tick := time.NewTicker(100 * time.Millisecond)
		defer tick.Stop()
		last := time.Now()
		for {
			select {
			case <-stop:
				return
			case <-tick.C:
				now := time.Now()
				m.FastForward(now.Sub(last))
				last = now
			}
		}
	}()
	return c, sync.OnceFunc(func() {
		close(stop)
		<-stopped
		c.Close()
		m.Close()
	}), nil
}

// breaker keeps a dead Redis from costing every request its time-out.
type breaker struct {
	clock func() time.Time

	mu       sync.Mutex
	failures int       // in a row
	until    time.Time // commands are skipped until then
}

// allow tells whether to try now. When the pause is over, one command tries and
// the others go on being skipped until it has succeeded.
func (b *breaker) allow() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.failures < breakerFailures {
		return true
	}
	now := b.clock()
	if now.Before(b.until) {
		return false
	}
	b.until = now.Add(breakerPause)
	return true
}

// report counts failures of the connection; an error that Redis answered is an
// answer, and a caller that went away says nothing.
func (b *breaker) report(ctx context.Context, err error) {
	_, answered := errors.AsType[redis.Error](err)
	b.mu.Lock()
	defer b.mu.Unlock()
	switch {
	case err == nil || answered:
		b.failures = 0
	case ctx.Err() != nil:
	default:
		b.failures++
		if b.failures >= breakerFailures {
			b.until = b.clock().Add(breakerPause)
		}
	}
}

// guarded marks the context of a command that the breaker has let through.
type guarded struct{}

// run tries do within redisPatience. A command that needs a new connection runs
// the commands of the handshake in its own context; they belong to it.
func (b *breaker) run(ctx context.Context, do func(context.Context) error) error {
	if ctx.Value(guarded{}) != nil {
		return do(ctx)
	}
	if !b.allow() {
		return errRedisSkipped
	}
	bounded, cancel := context.WithTimeout(context.WithValue(ctx, guarded{}, true), redisPatience)
	defer cancel()
	err := do(bounded)
	b.report(ctx, err)
	return err
}

// DialHook leaves connecting as it is.
func (b *breaker) DialHook(next redis.DialHook) redis.DialHook { return next }

// ProcessHook guards single commands.
func (b *breaker) ProcessHook(next redis.ProcessHook) redis.ProcessHook {
	return func(ctx context.Context, cmd redis.Cmder) error {
		return b.run(ctx, func(ctx context.Context) error { return next(ctx, cmd) })
	}
}

// ProcessPipelineHook guards pipelines and MULTI.
func (b *breaker) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return func(ctx context.Context, cmds []redis.Cmder) error {
		err := b.run(ctx, func(ctx context.Context) error { return next(ctx, cmds) })
		if errors.Is(err, errRedisSkipped) {
			for _, c := range cmds {
				c.SetErr(err)
			}
		}
		return err
	}
}
