package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/redis/go-redis/v9"

	"github.com/xunjia/xunjia"
	"github.com/xunjia/xunjia/config"
	"github.com/xunjia/xunjia/handlers"
	"github.com/xunjia/xunjia/media"
	"github.com/xunjia/xunjia/outbox"
	"github.com/xunjia/xunjia/sim"
	"github.com/xunjia/xunjia/sms"
	"github.com/xunjia/xunjia/store"
	"github.com/xunjia/xunjia/wechat"
)

const (
	adminLinkLifetime = 30 * time.Minute
	liPerYuan         = 1000             // money for short messages is counted in 厘
	drainTime         = 3 * time.Second  // between "not ready" and no longer listening, for load balancers
	shutdownTime      = 10 * time.Second // for requests that are under way
)

// app is the running program. Everything in it is made by start and ended by
// close; two of them can run in one process.
type app struct {
	cfg      config.Config
	log      *slog.Logger
	clock    func() time.Time
	url      string // of the web site, as users reach it
	store    *store.Store
	redis    redis.UniversalClient
	sim      *sim.Server // nil with the real platform
	account  *wechat.Account
	outbox   *outbox.Outbox
	site     *handlers.Site
	registry *prometheus.Registry

	failed  chan error // a listener or a worker that ended by itself
	closers []func()   // run by close, last one first
}

// start builds and starts everything. When it fails, what had been started is
// stopped again.
func start(ctx context.Context, cfg config.Config, log *slog.Logger, clock func() time.Time) (*app, error) {
	a := &app{cfg: cfg, log: log, clock: clock, failed: make(chan error, 4), registry: prometheus.NewRegistry()}
	if err := a.start(ctx); err != nil {
		a.close()
		return nil, err
	}
	return a, nil
}

func (a *app) start(ctx context.Context) error {
	cfg := a.cfg
	a.registry.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	for _, w := range cfg.Warnings() {
		a.log.Warn(w)
	}
	if err := os.MkdirAll(cfg.DataDir, 0o700); err != nil {
		return err
	}
	master, err := masterKey(cfg)
	if err != nil {
		return err
	}
	listener, err := a.listen(ctx, cfg.Listen, "XUNJIA_LISTEN")
	if err != nil {
		return err
	}
	a.url = a.cfg.BaseURL
	if a.url == "" {
		a.url = "http://" + listener.Addr().String()
		a.cfg.BaseURL = a.url
	}
	if err := a.openData(ctx); err != nil {
		return err
	}
	if cfg.SimNeeded() {
		if a.sim, err = startSimulator(ctx, &a.cfg, master, a.log); err != nil {
			return explainPort(err, cfg.Sim.Listen, "XUNJIA_SIM_LISTEN")
		}
		a.onClose(func() { _ = a.sim.Close() })
	}
	if err := a.build(master); err != nil {
		return err
	}
	a.work(ctx)
	return a.serve(listener)
}

// openData opens Redis and the database; a development environment also
// brings the schema up to date and fills an empty database with samples.
func (a *app) openData(ctx context.Context) error {
	var err error
	if a.cfg.Redis.Embedded() {
		var stop func()
		if a.redis, stop, err = store.EmbeddedRedis(ctx); err != nil {
			return err
		}
		a.onClose(stop)
	} else if a.redis, err = store.OpenRedis(string(a.cfg.Redis.URL)); err != nil {
		return err
	}
	a.onClose(func() { _ = a.redis.Close() })
	if a.store, err = openStore(ctx, a.cfg, a.redis, a.log, a.clock); err != nil {
		return err
	}
	a.onClose(func() { _ = a.store.Close() })
	if a.cfg.Production() {
		return a.store.CheckSchema(ctx)
	}
	if err := a.store.CheckSchema(ctx); err != nil {
		if err := a.store.Migrate(ctx); err != nil {
			return err
		}
	}
	if !a.cfg.SeedEmpty() {
		return nil
	}
	return seedEmpty(ctx, a.store, a.cfg)
}

// build makes the parts that are neither data nor listeners.
func (a *app) build(master []byte) error {
	blobs, closeBlobs, err := openBlobs(a.cfg)
	if err != nil {
		return err
	}
	a.onClose(closeBlobs)
	accountConfig := wechatConfig(a.cfg)
	watch := handlers.NewWatch(a.clock)
	if a.account, err = wechat.New(accountConfig, a.store, wechat.Options{Log: a.log, Clock: a.clock, Observe: watch.Call}); err != nil {
		return err
	}
	codes, err := sms.NewCodes(sms.CodesOptions{
		Redis: a.redis, Budget: a.store, Master: master, Log: a.log,
		GlobalPerMinute: a.cfg.SMS.GlobalPerMinute, DailyCodes: a.cfg.SMS.DailyCodes, DailyCost: a.cfg.SMS.DailyBudget * liPerYuan, Now: a.clock,
	})
	if err != nil {
		return err
	}
	box, err := sms.NewBox(master)
	if err != nil {
		return err
	}
	sender, err := sms.NewAliyun(sms.AliyunOptions{
		AccessKeyID: a.cfg.SMS.AccessKeyID, AccessKeySecret: string(a.cfg.SMS.AccessKeySecret),
		Endpoint: a.cfg.SMS.Endpoint, Region: a.cfg.SMS.Region, Sign: a.cfg.SMS.Sign,
	})
	if err != nil {
		return err
	}
	links, err := xunjia.NewClickLinks(master)
	if err != nil {
		return err
	}
	a.outbox, err = outbox.New(outbox.Options{
		Store: a.store, WeChat: a.account, SMS: sender, Box: box, SMSCode: smsTemplates(a.cfg),
		SMSSign: a.cfg.SMS.Sign, SMSPrice: a.cfg.SMS.Price, SMSBudget: a.cfg.SMS.DailyBudget * liPerYuan,
		Rates: store.NewRates(a.redis),
		PerSecond: map[xunjia.Channel]float64{
			xunjia.WeChatChannel: a.cfg.WeChat.Rate, xunjia.SubscriptionChannel: a.cfg.WeChat.Rate, xunjia.SMSChannel: a.cfg.SMS.Rate,
		},
		AppID: accountConfig.AppID, BaseURL: a.url, Links: links, Log: a.log, Registry: a.registry,
	})
	if err != nil {
		return err
	}
	smsToken, err := smsCallbackToken(master)
	if err != nil {
		return err
	}
	a.site, err = handlers.New(handlers.Options{
		Store: a.store, Account: a.account, WeChat: accountConfig, Outbox: a.outbox, Watch: watch, SMSCodes: a.cfg.SMS.DailyCodes, SMSBudget: a.cfg.SMS.DailyBudget * liPerYuan, PurchaseSMS: a.cfg.SMS.Templates.Purchase != "",
		Codes: codes, Captchas: sms.NewCaptchas(a.redis),
		Pictures: media.New(media.Limits{Bytes: a.cfg.Media.MaxBytes}), Blobs: blobs, MaxUpload: a.cfg.Media.MaxBytes,
		Master: master, BaseURL: a.url, DataDir: a.cfg.DataDir, SMSToken: smsToken,
		TrustedProxies: a.cfg.TrustedProxies, ICP: a.cfg.ICP, Development: !a.cfg.Production(),
		Log: a.log, Registry: a.registry, Clock: a.clock,
	})
	return err
}

// work runs the outbox, and publishes the menu of a simulated account.
func (a *app) work(ctx context.Context) {
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	var workers sync.WaitGroup
	workers.Go(func() {
		if err := a.outbox.Run(ctx); err != nil && ctx.Err() == nil {
			a.failed <- fmt.Errorf("outbox: %w", err)
		}
	})
	workers.Go(func() { a.site.Run(ctx) })
	if a.cfg.WeChat.AppID == simAppID {
		workers.Go(func() {
			if err := a.site.PublishMenu(ctx); err != nil && ctx.Err() == nil {
				a.log.Warn("menu not published", "err", err)
			}
		})
	}
	a.onClose(func() {
		cancel()
		workers.Wait()
	})
}

// listen opens a port and explains in plain words why it cannot.
func (a *app) listen(ctx context.Context, address, variable string) (net.Listener, error) {
	var lc net.ListenConfig
	l, err := lc.Listen(ctx, "tcp", address)
	if err != nil {
		return nil, explainPort(err, address, variable)
	}
	a.onClose(func() { _ = l.Close() })
	return l, nil
}

func explainPort(err error, address, variable string) error {
	if errors.Is(err, syscall.EADDRINUSE) {
		return fmt.Errorf("地址 %s 已被别的程序占用，可以用环境变量 %s 换一个，例如 %s=127.0.0.1:8180", address, variable, variable)
	}
	return err
}

// serve answers on the site's listener and on the one for operators.
func (a *app) serve(l net.Listener) error {
	a.serveOn(l, a.site, "web")
	if a.cfg.OpsListen == "off" {
		return nil
	}
	ops, err := a.listen(context.Background(), a.cfg.OpsListen, "XUNJIA_OPS_LISTEN")
	if err != nil {
		return err
	}
	a.serveOn(ops, opsHandler(a.registry), "ops")
	return nil
}

func (a *app) serveOn(l net.Listener, h http.Handler, name string) {
	srv := &http.Server{
		Handler:           h,
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       30 * time.Second, // a picture over a slow phone
		WriteTimeout:      40 * time.Second,
		IdleTimeout:       60 * time.Second,
		MaxHeaderBytes:    16 << 10,
		ErrorLog:          slog.NewLogLogger(a.log.Handler(), slog.LevelDebug),
	}
	go func() {
		if err := srv.Serve(l); err != nil && !errors.Is(err, http.ErrServerClosed) {
			a.failed <- fmt.Errorf("%s: %w", name, err)
		}
	}()
	a.onClose(func() {
		ctx, cancel := context.WithTimeout(context.Background(), shutdownTime)
		defer cancel()
		if err := srv.Shutdown(ctx); err != nil {
			_ = srv.Close()
		}
	})
}

func (a *app) onClose(f func()) { a.closers = append(a.closers, f) }

// close ends everything in the reverse order of its start: first the site says
// that it is not ready, then requests under way are finished, then messages
// under way, then the data is closed.
func (a *app) close() {
	if a.site != nil {
		a.site.Drain()
		if a.cfg.Production() {
			time.Sleep(drainTime)
		}
	}
	for i := len(a.closers) - 1; i >= 0; i-- {
		a.closers[i]()
	}
	a.closers = nil
}

// withStore opens the database, whose schema must be up to date.
func withStore(ctx context.Context, env environment, f func(*store.Store, config.Config) error) error {
	cfg, err := env.load()
	if err != nil {
		return err
	}
	st, err := openStore(ctx, cfg, nil, newLogger(cfg), time.Now)
	if err != nil {
		return err
	}
	defer st.Close()
	if err := st.CheckSchema(ctx); err != nil {
		return err
	}
	return f(st, cfg)
}

func openStore(ctx context.Context, cfg config.Config, cache redis.UniversalClient, log *slog.Logger, clock func() time.Time) (*store.Store, error) {
	quiet, err := xunjia.ParseQuiet(cfg.QuietHours)
	if err != nil {
		return nil, err
	}
	return store.Open(ctx, store.Options{
		Driver: cfg.Database.Driver, DSN: string(cfg.Database.DSN), MaxOpen: cfg.Database.MaxOpen, Cache: cache, Log: log, Clock: clock,
		Quiet: quiet,
	})
}

func newLogger(cfg config.Config) *slog.Logger {
	var level slog.Level
	_ = level.UnmarshalText([]byte(cfg.Log.Level)) // checked by config
	options := &slog.HandlerOptions{Level: level}
	if cfg.Log.Format == "json" {
		return slog.New(slog.NewJSONHandler(os.Stderr, options))
	}
	return slog.New(slog.NewTextHandler(os.Stderr, options))
}

func smsTemplates(cfg config.Config) map[string]string {
	t := cfg.SMS.Templates
	return map[string]string{"code": t.Code, "purchase": t.Purchase, "quote": t.Quote, "result": t.Result, "reminder": t.Reminder}
}

// wechatConfig is the account as package wechat wants it.
func wechatConfig(cfg config.Config) wechat.Config {
	w := cfg.WeChat
	host := strings.TrimPrefix(strings.TrimPrefix(cfg.BaseURL, "https://"), "http://")
	return wechat.Config{
		AppID: w.AppID, Secret: string(w.Secret), Token: string(w.Token),
		AESKey: string(w.AESKey), PreviousAESKey: string(w.PreviousAESKey), Mode: wechat.Mode(w.Mode),
		Hosts:     wechat.Hosts{API: w.APIHost, Open: w.OpenHost, MP: w.MPHost},
		PageHosts: []string{host},
	}
}
