// Package handlers is the website: pages for buyers and suppliers, the first
// page of the admin console, OAuth and the answers to what fans write. It is
// the only package that knows gin; it calls store, wechat, sms, media and
// templates and decides nothing that a root type can decide. Begin with
// routes.go, the table of contents.
package handlers

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/xunjia/xunjia"
	"github.com/xunjia/xunjia/media"
	"github.com/xunjia/xunjia/sms"
	"github.com/xunjia/xunjia/store"
	"github.com/xunjia/xunjia/templates"
	"github.com/xunjia/xunjia/wechat"
)

// Outbox is the part of the outbox that pages use; tests put a recorder in its
// place.
type Outbox interface {
	// Wake tells that an event has just been written.
	Wake()
	// SendCode queues a verification code before everything else.
	SendCode(ctx context.Context, phone xunjia.Phone, code string) error
	// ConfirmDelivery notes what the channel reported about a sent message.
	ConfirmDelivery(ctx context.Context, channel xunjia.Channel, messageID string, ok bool, reason string) error
}

// Options is everything that the website needs.
type Options struct {
	Store    *store.Store
	Account  *wechat.Account // OAuth; nil: nobody comes from WeChat
	Callback http.Handler    // the account's pushes, from wechat.NewCallback; nil: no such route
	Codes    *sms.Codes
	Captchas *sms.Captchas
	Outbox   Outbox
	Pictures *media.Processor
	Blobs    media.Blobs

	BaseURL        string // "https://b2b.example.com": decides cookies, links and redirects
	Secret         []byte // the master key; form tokens are derived from it
	ICP            string // number in the footer; "" for none
	TrustedProxies []string
	MaxUpload      int64 // bytes of one picture; 0: 10 MiB
	Development    bool  // shows /debug/pages

	Draining func() bool      // true while shutting down: /readyz answers 503; nil: never
	Clock    func() time.Time // nil: time.Now
	Log      *slog.Logger     // nil: slog.Default()
}

// site is the website, built once by New.
type site struct {
	Options
	host      string // of BaseURL
	secure    bool   // BaseURL is https
	templates *templates.Set
	tokens    formTokens
	foreign   *http.CrossOriginProtection
	ready     readiness
	router    *router
}

// New builds the website. It calls nobody.
func New(o Options) (http.Handler, error) {
	s, err := newSite(o)
	if err != nil {
		return nil, err
	}
	return s.router.engine, nil
}

func newSite(o Options) (*site, error) {
	if o.Store == nil || o.Codes == nil || o.Captchas == nil || o.Outbox == nil || o.Pictures == nil || o.Blobs == nil {
		return nil, errors.New("handlers: store, codes, captchas, outbox, pictures and blobs are required")
	}
	base, err := url.Parse(o.BaseURL)
	if err != nil || base.Host == "" {
		return nil, errors.New("handlers: no base URL")
	}
	o.BaseURL = strings.TrimRight(o.BaseURL, "/")
	if o.MaxUpload <= 0 {
		o.MaxUpload = 10 << 20
	}
	if o.Clock == nil {
		o.Clock = time.Now
	}
	if o.Log == nil {
		o.Log = slog.Default()
	}
	s := &site{Options: o, host: base.Host, secure: base.Scheme == "https", foreign: http.NewCrossOriginProtection()}
	if err := s.foreign.AddTrustedOrigin(base.Scheme + "://" + base.Host); err != nil {
		return nil, err
	}
	if s.templates, err = templates.Load(); err != nil {
		return nil, err
	}
	if s.tokens, err = newFormTokens(o.Secret); err != nil {
		return nil, err
	}
	gin.SetMode(gin.ReleaseMode)
	if s.router, err = newRouter(s); err != nil {
		return nil, err
	}
	s.routes(s.router)
	return s, nil
}

// Routes lists every METHOD PATH with its audience, in the order of routes.go.
func Routes() []string {
	s := &site{}
	s.router = &router{site: s, engine: gin.New()}
	s.routes(s.router)
	lines := make([]string, 0, len(s.router.table))
	for _, r := range s.router.table {
		lines = append(lines, r.method+" "+r.path+" ("+r.audience+")")
	}
	return lines
}
