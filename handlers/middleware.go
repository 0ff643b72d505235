package handlers

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"regexp"
	"runtime/debug"
	"strconv"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/xunjia/xunjia"
)

// visit is what is known about a request and who makes it.
type visit struct {
	requestID string
	err       error // for the log; set where the error is rendered

	loaded  bool // the session was looked up
	token   string
	session xunjia.Session // Kind "" without one
	user    xunjia.User    // ID 0 for a guest

	staff        xunjia.Staff // ID 0 outside the console
	staffSession xunjia.Session
}

// loggedIn tells whether the visitor has an account, complete or not.
func (v *visit) loggedIn() bool { return v.user.ID != 0 }

const visitKey = "visit"

func visitOf(c *gin.Context) *visit { return c.MustGet(visitKey).(*visit) }

// proxyID is a request id as a proxy may have set it.
var proxyID = regexp.MustCompile(`^[A-Za-z0-9_.-]{8,64}$`)

// observe gives every request an id, survives panics and writes the access
// log: one line, without queries and bodies, with the error if there was one.
func (s *Site) observe(c *gin.Context) {
	start := s.Clock()
	v := &visit{requestID: c.GetHeader("X-Request-Id")}
	if !proxyID.MatchString(v.requestID) {
		v.requestID = rand.Text()[:16]
	}
	c.Set(visitKey, v)
	c.Header("X-Request-Id", v.requestID)
	func() {
		defer func() {
			if p := recover(); p != nil {
				v.err = fmt.Errorf("panic: %T at %s", p, debug.Stack()) // not the value: it may hold what was typed
				if err, ok := p.(error); ok && errors.Is(err, http.ErrAbortHandler) {
					v.err = err
				}
				if !c.Writer.Written() {
					s.renderError(c, &xunjia.Error{Code: xunjia.Internal, Err: v.err})
				}
				c.Abort()
			}
		}()
		c.Next()
	}()
	status, took := c.Writer.Status(), s.Clock().Sub(start)
	s.seconds.WithLabelValues(c.Request.Method, c.FullPath(), strconv.Itoa(status)).Observe(took.Seconds())
	level := slog.LevelInfo
	switch {
	case status >= 500:
		level = slog.LevelError
	case c.FullPath() == "/livez" || c.FullPath() == "/readyz" || c.FullPath() == "/assets/:name":
		level = slog.LevelDebug
	}
	path := c.Request.URL.Path
	if token := c.Param("token"); token != "" { // whoever knows it can use it
		path = strings.ReplaceAll(path, token, ":token")
	}
	attrs := []slog.Attr{
		slog.String("method", c.Request.Method), slog.String("route", c.FullPath()), slog.String("path", path),
		slog.Int("status", status), slog.Int("bytes", max(0, c.Writer.Size())),
		slog.Int64("ms", took.Milliseconds()), slog.String("request_id", v.requestID),
	}
	if v.user.ID != 0 {
		attrs = append(attrs, slog.Int64("user", v.user.ID))
	}
	if v.err != nil {
		attrs = append(attrs, slog.String("error", v.err.Error()))
	}
	s.Log.LogAttrs(context.WithoutCancel(c.Request.Context()), level, "request", attrs...)
}

// headers are the same on every answer; handlers of pictures tighten them.
func (s *Site) headers(c *gin.Context) {
	h := c.Writer.Header()
	policy := "default-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
	if s.Account != nil && inWeChat(c) {
		policy += "; script-src 'self' https://res.wx.qq.com" // the JS-SDK
	}
	h.Set("Content-Security-Policy", policy)
	h.Set("X-Content-Type-Options", "nosniff")
	// Not no-referrer: on plain HTTP it makes browsers send "Origin: null"
	// with our own forms, which the cross-origin check must refuse.
	h.Set("Referrer-Policy", "strict-origin-when-cross-origin")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Permissions-Policy", "camera=(), microphone=(), geolocation=()")
	if s.secure {
		h.Set("Strict-Transport-Security", "max-age=31536000")
	}
}

// slotWait is how long a request may queue for a slot of its class.
const slotWait = 100 * time.Millisecond

const slotErrorKey = "slot-error"

// bounded applies the limits of a class. When every slot stays taken, the
// adapter answers 503 at once: waiting longer would only lengthen the queue.
func bounded(k class) gin.HandlerFunc {
	return func(c *gin.Context) {
		c.Request.Body = http.MaxBytesReader(c.Writer, c.Request.Body, k.body)
		if k.timeout > 0 {
			ctx, cancel := context.WithTimeout(c.Request.Context(), k.timeout)
			defer cancel()
			c.Request = c.Request.WithContext(ctx)
		}
		if k.slots != nil {
			timer := time.NewTimer(slotWait)
			defer timer.Stop()
			select {
			case k.slots <- struct{}{}:
				defer func() { <-k.slots }()
			case <-timer.C:
				c.Set(slotErrorKey, &xunjia.Error{Code: xunjia.Unavailable, Message: "现在访问的人太多，请稍后再试", RetryAfter: time.Second})
			}
		}
		c.Next()
	}
}

// overloaded is the error that bounded left, or nil.
func overloaded(c *gin.Context) error {
	if err, ok := c.Get(slotErrorKey); ok {
		return err.(error)
	}
	return nil
}
