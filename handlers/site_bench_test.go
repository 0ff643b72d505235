package handlers

import (
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"
	"time"

	"github.com/xunjia/xunjia/media"
	"github.com/xunjia/xunjia/sms"
	"github.com/xunjia/xunjia/store"
	"github.com/xunjia/xunjia/wechat"
)

// benchSite is a website on s at a loopback port, with the access log of
// production written to nowhere. Everything is real but the outbox; change
// edits the options.
func benchSite(b *testing.B, s *store.Store, clock func() time.Time, change func(*Options)) (site *Site, url string) {
	b.Helper()
	rdb, stop, err := store.EmbeddedRedis(b.Context())
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(stop)
	log := slog.New(slog.NewJSONHandler(nowhere{}, nil))
	master := []byte("a master key of at least 32 bytes!")
	codes, err := sms.NewCodes(sms.CodesOptions{Redis: rdb, Budget: s, Master: master, GlobalPerMinute: 1000, DailyCodes: 1000, Log: log})
	if err != nil {
		b.Fatal(err)
	}
	blobs, err := media.OpenLocal(b.TempDir())
	if err != nil {
		b.Fatal(err)
	}
	server := httptest.NewUnstartedServer(nil)
	o := Options{
		Store: s, Codes: codes, Captchas: sms.NewCaptchas(rdb), Outbox: &recorder{}, Blobs: blobs,
		BaseURL: "http://" + server.Listener.Addr().String(),
		Master:  master, DataDir: b.TempDir(), Log: log, Clock: clock,
	}
	if change != nil {
		change(&o)
	}
	if site, err = New(o); err != nil {
		b.Fatal(err)
	}
	server.Config.Handler = site
	server.Start()
	b.Cleanup(func() {
		server.Close()
		if err := blobs.Close(); err != nil {
			b.Error(err)
		}
	})
	return site, o.BaseURL
}

// nowhere is a log that is written but not kept. A handler on io.Discard is
// recognised by slog and does nothing at all.
type nowhere struct{}

func (nowhere) Write(p []byte) (int, error) { return len(p), nil }

// withAccount configures the callback of an official account.
func withAccount(b *testing.B, mode wechat.Mode) func(*Options) {
	cfg := wechat.Config{AppID: "wx1234567890abcdef", Secret: "secret", Token: "callbacktoken", Mode: mode}
	if mode == wechat.Safe {
		cfg.AESKey = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"
	}
	return func(o *Options) {
		o.WeChat = cfg
		var err error
		if o.Account, err = wechat.New(cfg, o.Store, wechat.Options{Log: o.Log}); err != nil {
			b.Fatal(err)
		}
	}
}

// median is the middle one of some measurements; others on the machine disturb
// it less than a mean.
func median[T float64 | time.Duration](values []T) T {
	return slices.Sorted(slices.Values(values))[len(values)/2]
}

// serveLoopback serves h until the benchmark ends.
func serveLoopback(b *testing.B, h http.Handler) (address string) {
	b.Helper()
	server := httptest.NewServer(h)
	b.Cleanup(server.Close)
	return server.Listener.Addr().String()
}
