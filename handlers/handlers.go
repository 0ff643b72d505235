// Package handlers is the website: pages for buyers and suppliers, the first
// page of the admin console, OAuth and the answers to what fans write. It is
// the only package that knows gin; it calls store, wechat, sms, media and
// templates and decides nothing that a root type can decide. Begin with
// routes.go, the table of contents.
package handlers

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/prometheus/client_golang/prometheus"

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
	// ConfirmSMS notes what the SMS provider reported about a sent message.
	ConfirmSMS(ctx context.Context, r sms.Report) error
	// Resend queues a delivery again that came to nothing, on a staff member's
	// behalf.
	Resend(ctx context.Context, by, id int64) error
	// Content is what a delivery says, for staff.
	Content(d xunjia.Delivery) xunjia.DeliveryContent
}

// Options is everything that the website needs.
type Options struct {
	Store    *store.Store
	Account  *wechat.Account // OAuth and late replies; nil: nobody comes from WeChat
	WeChat   wechat.Config   // of the same account, for its pushes
	Codes    *sms.Codes
	Captchas *sms.Captchas
	Outbox   Outbox
	Watch    *Watch           // what the account's status page shows; nil: the site watches its own callback only
	Pictures *media.Processor // nil: one with limits from MaxUpload
	Blobs    media.Blobs

	BaseURL        string // "https://b2b.example.com": decides cookies, links and redirects
	Master         []byte // the master key; form tokens are derived from it
	DataDir        string // pushes are kept below it while the database is down; "": they are not
	SMSToken       string // secret part of the addresses that the SMS provider reports to; "": none
	ICP            string // number in the footer; "" for none
	TrustedProxies []string
	SMSCodes       int64 // codes a day, shown to staff; 0: not shown
	SMSBudget      int64 // what short messages may cost in a day, in 厘, shown to staff; 0: no limit
	PurchaseSMS    bool  // short messages about new requests can be sent
	MaxUpload      int64 // bytes of one picture; 0: 10 MiB
	Development    bool  // shows /debug/pages

	Registry prometheus.Registerer // nil: metrics are not published
	Clock    func() time.Time      // nil: time.Now
	Log      *slog.Logger          // nil: slog.Default()
}

// Site is the website, an http.Handler.
type Site struct {
	Options
	secure        bool // BaseURL is https
	templates     *templates.Set
	tokens        formTokens
	links         *xunjia.ClickLinks
	foreign       *http.CrossOriginProtection
	pushes        *wechat.Callback // nil without an account
	talk          *Conversation    // nil without an account
	ready         readiness
	badges        badges
	subscriptions subscriptions
	spool         *wechat.Spool // nil: pushes are not kept while the database is down
	passwords     *passwords
	fansWanted    chan struct{} // a sync of fans was asked for
	draining      atomic.Bool
	seconds       *prometheus.HistogramVec
	router        *router
}

// New builds the website. It calls nobody.
func New(o Options) (*Site, error) {
	if o.Store == nil || o.Codes == nil || o.Captchas == nil || o.Outbox == nil || o.Blobs == nil {
		return nil, errors.New("handlers: store, codes, captchas, outbox and blobs are required")
	}
	base, err := url.Parse(o.BaseURL)
	if err != nil || base.Host == "" {
		return nil, errors.New("handlers: no base URL")
	}
	s := &Site{Options: o.complete(), secure: base.Scheme == "https", foreign: http.NewCrossOriginProtection(), fansWanted: make(chan struct{}, 1)}
	// Behind a proxy that hides the host, Origin still names the public one.
	if err := s.foreign.AddTrustedOrigin(base.Scheme + "://" + base.Host); err != nil {
		return nil, fmt.Errorf("handlers: %w", err)
	}
	if s.templates, err = templates.Load(); err != nil {
		return nil, err
	}
	if s.tokens, err = newFormTokens(o.Master); err != nil {
		return nil, err
	}
	if s.links, err = xunjia.NewClickLinks(o.Master); err != nil {
		return nil, fmt.Errorf("handlers: %w", err)
	}
	if s.passwords, err = newPasswords(); err != nil {
		return nil, err
	}
	if s.seconds, err = newMetrics(o.Registry); err != nil {
		return nil, err
	}
	if s.pushes, err = s.newCallback(); err != nil {
		return nil, err
	}
	gin.SetMode(gin.ReleaseMode)
	if s.router, err = newRouter(s); err != nil {
		return nil, err
	}
	s.routes(s.router)
	return s, nil
}

// complete fills in what was left out.
func (o Options) complete() Options {
	o.BaseURL = strings.TrimRight(o.BaseURL, "/")
	if o.MaxUpload <= 0 {
		o.MaxUpload = 10 << 20
	}
	if o.Pictures == nil {
		o.Pictures = media.New(media.Limits{Bytes: o.MaxUpload})
	}
	if o.Clock == nil {
		o.Clock = time.Now
	}
	if o.Watch == nil {
		o.Watch = NewWatch(o.Clock)
	}
	if o.Log == nil {
		o.Log = slog.Default()
	}
	return o
}

// ServeHTTP implements http.Handler.
func (s *Site) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.router.engine.ServeHTTP(w, r) }

// Drain makes /readyz answer 503, so that load balancers send nobody here any
// more. Requests are still served.
func (s *Site) Drain() { s.draining.Store(true) }

// Routes lists every METHOD PATH with its audience, in the order of routes.go.
func Routes() []string {
	gin.SetMode(gin.ReleaseMode)
	s := &Site{Options: Options{Development: true, SMSToken: "-"}, pushes: &wechat.Callback{}}
	s.router = &router{site: s, engine: gin.New()}
	s.routes(s.router)
	lines := make([]string, 0, len(s.router.table))
	for _, r := range s.router.table {
		lines = append(lines, r.method+" "+r.path+" ("+r.audience+")")
	}
	return lines
}
