package handlers

import (
	"context"
	"net/http"
	"sync"
	"time"

	"github.com/gin-gonic/gin"
)

// readiness remembers for a second what the database said, so that probes cost
// nothing.
type readiness struct {
	mu  sync.Mutex
	at  time.Time
	err error
}

const readinessLife = time.Second

// livez says that the process runs; it touches nothing.
func (s *Site) livez(c *gin.Context) error {
	c.String(http.StatusOK, "ok\n")
	return nil
}

// readyz says whether this instance should get requests. Why not stands in the
// log: strangers read this page too.
func (s *Site) readyz(c *gin.Context) error {
	c.Header("Cache-Control", "no-store")
	if s.draining.Load() {
		c.String(http.StatusServiceUnavailable, "draining\n")
		return nil
	}
	v := visitOf(c)
	code, word := http.StatusOK, "ok\n"
	if v.err = s.databaseReady(c.Request.Context()); v.err != nil {
		code, word = http.StatusServiceUnavailable, "unavailable\n"
	}
	c.String(code, "%s", word)
	return nil
}

func (s *Site) databaseReady(ctx context.Context) error {
	r := &s.ready
	r.mu.Lock()
	defer r.mu.Unlock()
	if now := s.Clock(); r.at.IsZero() || now.Sub(r.at) >= readinessLife {
		ctx, cancel := context.WithTimeout(ctx, 1500*time.Millisecond)
		defer cancel()
		if r.err = s.Store.Ping(ctx); r.err == nil {
			r.err = s.Store.CheckSchema(ctx)
		}
		r.at = now
	}
	return r.err
}
