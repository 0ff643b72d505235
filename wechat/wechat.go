// Package wechat is the official account (公众号): callback, OAuth, access token,
// JS-SDK, messages, menus, fans, QR codes. Begin with New for calls to the
// platform and NewCallback for its pushes. It imports the root package and parts
// of silenceper/wechat/v2, neither gin nor SQL.
//
// silenceper supplies the wire types, the signature and the encryption. Its calls
// are not used: they take no context, lose the error code, put tokens into error
// texts and find the network through process-wide variables, which two accounts
// in one process would fight for. Its root package, which turns on debug logging
// for the process, and its server, which logs every push, stay out of the program.
package wechat

import (
	"encoding/base64"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/xunjia/xunjia"
)

// Mode says how pushes are protected; it must equal the mode chosen in the
// platform's console.
type Mode string

// The modes. Only Safe protects the body: in the others the signature covers
// token, timestamp and nonce, so who saw one push can sign any body for as long
// as the freshness window lasts.
const (
	Plain      Mode = "plain"      // 明文模式: encrypted pushes are refused
	Compatible Mode = "compatible" // 兼容模式: both are accepted, the ciphertext counts when there is one
	Safe       Mode = "safe"       // 安全模式: plain pushes are refused
)

// Config is one official account.
type Config struct {
	AppID  string
	Secret string // AppSecret, for calls to the platform
	Token  string // the callback's token, 3 to 32 letters and digits
	AESKey string // EncodingAESKey, 43 characters; may be empty in Plain mode
	// PreviousAESKey is accepted beside AESKey after a rotation: the platform
	// may push with either for a while. Empty when there was none.
	PreviousAESKey string
	Mode           Mode
	Hosts          Hosts
	// PageHosts are the hosts (as in a URL, with a port if any) whose pages
	// JSConfig signs. Without one it signs nothing.
	PageHosts []string
}

// Hosts are the base URLs of the platform, the only thing that differs between
// the real one and a simulator. An empty one is the real platform's.
type Hosts struct {
	API  string // https://api.weixin.qq.com, called by this program
	Open string // https://open.weixin.qq.com, opened by the fan's browser
	MP   string // https://mp.weixin.qq.com, opened by the fan's browser
}

// The platform's hosts.
const (
	apiHost  = "https://api.weixin.qq.com"
	openHost = "https://open.weixin.qq.com"
	mpHost   = "https://mp.weixin.qq.com"
)

// Options are the seams of an Account; the zero value is for production.
type Options struct {
	Clock     func() time.Time  // default time.Now
	Log       *slog.Logger      // default slog.Default()
	Timeout   time.Duration     // of one HTTP request; default 5 s
	Transport http.RoundTripper // default a clone of http.DefaultTransport
	// Observe is told of every request to the platform after it ended; err is
	// nil, *APIError or *CallError. It must return at once.
	Observe func(api string, took time.Duration, err error)
}

// Account makes calls to the platform. It is safe for concurrent use.
type Account struct {
	cfg     Config
	clock   func() time.Time
	log     *slog.Logger
	client  *http.Client
	timeout time.Duration
	observe func(api string, took time.Duration, err error)
	tokens  *keeper
	tickets *keeper
	store   CredentialStore
}

// New makes an account whose token and ticket are kept in store, shared by all
// instances. It calls nobody.
func New(cfg Config, store CredentialStore, opts Options) (*Account, error) {
	cfg, err := cfg.complete()
	if err != nil {
		return nil, err
	}
	if cfg.Secret == "" {
		return nil, fmt.Errorf("wechat: no AppSecret")
	}
	if store == nil {
		return nil, fmt.Errorf("wechat: no credential store")
	}
	if opts.Clock == nil {
		opts.Clock = time.Now
	}
	if opts.Log == nil {
		opts.Log = slog.Default()
	}
	if opts.Timeout <= 0 {
		opts.Timeout = 5 * time.Second
	}
	if opts.Transport == nil {
		opts.Transport = http.DefaultTransport.(*http.Transport).Clone()
	}
	if opts.Observe == nil {
		opts.Observe = func(string, time.Duration, error) {}
	}
	mapped, err := newHostMap(cfg.Hosts, opts.Transport)
	if err != nil {
		return nil, err
	}
	a := &Account{cfg: cfg, clock: opts.Clock, log: opts.Log, timeout: opts.Timeout, observe: opts.Observe, store: store}
	a.client = &http.Client{
		Transport:     mapped,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	a.tokens = newKeeper(cfg.AppID, accessToken, store, a.fetchToken, a.clock, a.log)
	a.tickets = newKeeper(cfg.AppID, jsTicket, store, a.fetchTicket, a.clock, a.log)
	return a, nil
}

// AppID is the account's public id.
func (a *Account) AppID() string { return a.cfg.AppID }

// complete fills defaults and refuses what cannot work.
func (c Config) complete() (Config, error) {
	if c.AppID == "" {
		return c, fmt.Errorf("wechat: no AppID")
	}
	if c.Mode == "" {
		c.Mode = Safe
	}
	if c.Mode != Plain && c.Mode != Compatible && c.Mode != Safe {
		return c, fmt.Errorf("wechat: unknown mode %q", c.Mode)
	}
	for _, h := range []struct {
		host *string
		real string
	}{{&c.Hosts.API, apiHost}, {&c.Hosts.Open, openHost}, {&c.Hosts.MP, mpHost}} {
		if *h.host == "" {
			*h.host = h.real
		}
		*h.host = strings.TrimRight(*h.host, "/")
		u, err := url.Parse(*h.host)
		if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
			return c, fmt.Errorf("wechat: %q is no base URL", *h.host)
		}
	}
	for _, key := range []string{c.AESKey, c.PreviousAESKey} {
		if _, err := decodeAESKey(key); key != "" && err != nil {
			return c, err
		}
	}
	return c, nil
}

// decodeAESKey turns the console's 43 characters into the 32 bytes they mean.
func decodeAESKey(s string) ([]byte, error) {
	key, err := base64.StdEncoding.DecodeString(s + "=")
	if err != nil || len(s) != 43 || len(key) != 32 {
		return nil, fmt.Errorf("wechat: an EncodingAESKey has 43 letters and digits")
	}
	return key, nil
}

// unavailable is the failure of a dependency as a user sees it.
func unavailable(message string, err error) error {
	return &xunjia.Error{Code: xunjia.Unavailable, Message: message, Err: err}
}
