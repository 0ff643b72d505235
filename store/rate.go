package store

import (
	"context"
	_ "embed" // for the script
	"math"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"
	"golang.org/x/time/rate"
)

//go:embed rate.lua
var rateSource string

var rateScript = redis.NewScript(rateSource)

// withoutRedis is the share of a rate that one instance uses while Redis, which
// knows what the others use, is not there.
const withoutRedis = 0.25

// Rates are token buckets: one for each name, shared by every instance through
// Redis and its clock, each with the tokens of one second. It is safe for
// concurrent use.
type Rates struct {
	redis redis.UniversalClient

	mu    sync.Mutex
	alone map[string]*rate.Limiter // used while Redis is down
}

// NewRates shares the buckets with everybody on the same Redis.
func NewRates(client redis.UniversalClient) *Rates {
	return &Rates{redis: client, alone: map[string]*rate.Limiter{}}
}

// Take takes up to want tokens from the bucket of a name, which fills with
// perSecond tokens a second and holds as many, and answers how many it got.
// reserve tokens are left for others.
func (r *Rates) Take(ctx context.Context, name string, perSecond float64, want, reserve int) int {
	if want <= 0 {
		return 0
	}
	got, err := r.run(ctx, name, perSecond, want, reserve)
	if err == nil {
		return got
	}
	l := r.limiter(name, perSecond)
	now := time.Now()
	got = max(0, min(want, int(l.TokensAt(now))-int(float64(reserve)*withoutRedis)))
	l.AllowN(now, got)
	return got
}

// Use takes n tokens whether they are there or not: what cannot wait does not,
// and everything else waits the longer for it. n below zero gives tokens back.
func (r *Rates) Use(ctx context.Context, name string, perSecond float64, n int) {
	if n == 0 {
		return
	}
	if _, err := r.run(ctx, name, perSecond, n, -math.MaxInt32); err != nil {
		r.limiter(name, perSecond).AllowN(time.Now(), max(0, n))
	}
}

func (r *Rates) run(ctx context.Context, name string, perSecond float64, want, reserve int) (int, error) {
	return rateScript.Run(ctx, r.redis, []string{"{rate}:" + name}, perSecond, want, reserve).Int()
}

func (r *Rates) limiter(name string, perSecond float64) *rate.Limiter {
	r.mu.Lock()
	defer r.mu.Unlock()
	l := r.alone[name]
	if l == nil {
		l = rate.NewLimiter(rate.Limit(perSecond*withoutRedis), int(math.Ceil(perSecond*withoutRedis)))
		r.alone[name] = l
	}
	return l
}
