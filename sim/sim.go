// Package sim plays the outside world of a WeChat official account in one
// process: the platform's HTTP API and OAuth pages, the WeChat app of several
// simulated users (chat client and in-app browser), and the Aliyun SMS gateway
// with an inbox. It speaks the platform's protocols only and imports nothing of
// the application, so any official-account backend in any language can use it.
// Start at New and at the route table in api.go.
package sim

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"sync"
	"sync/atomic"
	"time"
)

// Mode is how the platform writes its pushes to the developer's server.
type Mode string

// The three modes of the platform's console (消息加解密方式).
const (
	Plain      Mode = "plain"      // 明文模式
	Compatible Mode = "compatible" // 兼容模式: plain fields and Encrypt side by side
	Safe       Mode = "safe"       // 安全模式: Encrypt only, replies must be encrypted
)

// Format is how the clear text of a push is written. Passive replies may use
// either one, whatever the pushes use.
type Format string

// The two formats of the platform's console (数据格式).
const (
	XML  Format = "xml"
	JSON Format = "json"
)

// Account is one simulated official account with its console settings.
type Account struct {
	AppID      string     `json:"app_id"`
	Secret     string     `json:"secret"`
	OriginalID string     `json:"original_id"` // gh_…; made from the seed when empty
	Name       string     `json:"name"`
	Token      string     `json:"token"`
	AESKey     string     `json:"aes_key"` // EncodingAESKey, 43 characters; needed unless Mode is Plain
	Mode       Mode       `json:"mode"`
	Format     Format     `json:"format"`     // of the pushes; XML when empty
	ServerURL  string     `json:"server_url"` // receives the pushes; empty: the account has no server
	WebURL     string     `json:"web_url"`    // origin of the developer's pages, also the OAuth and JS domain
	Templates  []Template `json:"templates"`

	// SilentFollowers makes snsapi_userinfo ask no followers who come from the
	// account's chat or menu, as the platform does; false asks everybody, which
	// shows the consent page more often.
	SilentFollowers bool `json:"silent_followers"`
}

// Template is one entry of the account's template library. Content holds the
// fields as the platform writes them: "报价人:{{thing1.DATA}}\n…".
type Template struct {
	ID      string `json:"template_id"`
	Title   string `json:"title"`
	Content string `json:"content"`
	Example string `json:"example"`
}

// User is one simulated WeChat user.
type User struct {
	ID       string `json:"id"` // made up when empty
	Nickname string `json:"nickname"`
	Phone    string `json:"phone"` // mainland mobile number: his SMS arrive in the inbox under it
}

// Options configures a Server. The zero value is usable: one demonstration
// account and two users on a free loopback port.
type Options struct {
	Addr        string // host:port; an empty host means 127.0.0.1, port 0 a free port
	AllowRemote bool   // permits an Addr that is no loopback address
	PhonePort   int    // first port of the users' in-app browsers; 0: free ports
	Dir         string // keeps followers, chats, menus and the inbox over restarts; empty: nothing is kept

	Accounts []Account
	Users    []User
	Seed     int64            // equal seeds give equal openids, tokens and codes for equal calls
	Clock    func() time.Time // nil: time.Now
	Log      *slog.Logger     // nil: silent

	AccessKeyID     string // Aliyun credentials the SMS gateway accepts; empty: testId
	AccessKeySecret string // empty: testSecret
	SMSSigns        []string
	SMSTemplates    map[string]string // template code → text with ${name}
	SMSReportURL    string            // where the gateway reports what arrived; empty: nowhere
	SMSReplyURL     string            // where it passes on what people answer; empty: nowhere

	// PushTimeout replaces the platform's 5 seconds for one push; tests
	// shorten it. 0 means 5 s.
	PushTimeout time.Duration
}

// Server is a running simulator. All its state is in memory.
type Server struct {
	opt    Options
	log    *slog.Logger
	skew   atomic.Int64 // nanoseconds of time travel
	routes map[string]route
	root   http.Handler
	hub    *hub
	client *http.Client // delivers pushes

	mu sync.Mutex // guards everything below
	st *state

	phoneMu sync.Mutex
	phones  map[phoneKey]*phone

	slots    chan struct{} // one per push under way
	inFlight atomic.Int64  // pushes being delivered
	started  atomic.Bool
	base     string // http://host:port, set by Start
	host     string // listening host
	srv      *http.Server
	ctx      context.Context //nolint:containedctx // the life of the server, for what it does in the background
	stop     context.CancelFunc
	work     sync.WaitGroup
}

// New checks the options and builds a simulator that is not listening yet.
// The error names the setting that cannot be used.
func New(o Options) (*Server, error) {
	host, err := listenHost(&o)
	if err != nil {
		return nil, err
	}
	if o.Clock == nil {
		o.Clock = time.Now
	}
	if o.Log == nil {
		o.Log = slog.New(slog.NewTextHandler(io.Discard, nil))
	}
	if o.PushTimeout == 0 {
		o.PushTimeout = pushTimeout
	}
	if o.AccessKeyID == "" {
		o.AccessKeyID, o.AccessKeySecret = "testId", "testSecret"
	}
	if len(o.Accounts) == 0 {
		o.Accounts = []Account{demoAccount()}
	}
	if len(o.Users) == 0 {
		o.Users = []User{{ID: "u1", Nickname: "王采购", Phone: "13800000001"}, {ID: "u2", Nickname: "李供应", Phone: "13800000002"}}
	}
	s := &Server{opt: o, log: o.Log, host: host, hub: newHub(), slots: make(chan struct{}, pushesAtOnce), phones: map[phoneKey]*phone{}}
	s.client = &http.Client{
		Transport:     &http.Transport{MaxIdleConnsPerHost: pushesAtOnce, IdleConnTimeout: time.Minute},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	s.ctx, s.stop = context.WithCancel(context.Background())
	s.routes = routeTable()
	if s.st, err = newState(o); err != nil {
		return nil, err
	}
	s.root = s.handler()
	return s, nil
}

// demoAccount is what a simulator without configuration serves.
func demoAccount() Account {
	return Account{
		AppID: "wx51a0000000000001", Secret: "51a00000000000000000000000000001", OriginalID: "gh_51a000000001",
		Name: "演示公众号", Token: "simtoken", AESKey: "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG", Mode: Plain, SilentFollowers: true,
	}
}

// listenHost settles the address: loopback unless remote use was asked for.
func listenHost(o *Options) (string, error) {
	if o.Addr == "" {
		o.Addr = "127.0.0.1:0"
	}
	host, port, err := net.SplitHostPort(o.Addr)
	if err != nil {
		return "", fmt.Errorf("sim: address %q: %w", o.Addr, err)
	}
	if host == "" {
		host = "127.0.0.1"
	}
	o.Addr = net.JoinHostPort(host, port)
	if !o.AllowRemote && !isLoopback(host) {
		return "", fmt.Errorf("sim: address %q is no loopback address; remote use must be allowed explicitly", o.Addr)
	}
	return host, nil
}

func isLoopback(host string) bool {
	if host == "localhost" {
		return true
	}
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.Unmap().IsLoopback()
}

// Start listens and returns as soon as requests are answered. The simulator
// stops when ctx is done or Close is called.
func (s *Server) Start(ctx context.Context) error {
	if s.started.Swap(true) {
		return errors.New("sim: already started")
	}
	ln, err := new(net.ListenConfig).Listen(ctx, "tcp", s.opt.Addr)
	if err != nil {
		return fmt.Errorf("sim: %w", err)
	}
	s.base = "http://" + publicAddr(ln.Addr())
	if s.opt.Dir != "" {
		if err := s.restore(); err != nil {
			return errors.Join(err, ln.Close())
		}
		s.work.Go(s.keepSaving)
	}
	s.srv = &http.Server{Handler: s.root, ReadHeaderTimeout: 10 * time.Second, BaseContext: func(net.Listener) context.Context { return s.ctx }}
	s.work.Go(func() { _ = s.srv.Serve(ln) })
	if err := s.startPhones(); err != nil {
		return errors.Join(err, s.Close())
	}
	context.AfterFunc(ctx, func() { _ = s.Close() })
	return nil
}

// publicAddr is the address a browser on this machine uses.
func publicAddr(a net.Addr) string {
	ap, err := netip.ParseAddrPort(a.String())
	if err != nil || !ap.Addr().IsUnspecified() {
		return a.String()
	}
	return fmt.Sprintf("127.0.0.1:%d", ap.Port())
}

// URL is the origin of the simulator, "http://127.0.0.1:8081", after Start.
func (s *Server) URL() string { return s.base }

// Close stops listening, breaks off pushes and waits for everything to end.
func (s *Server) Close() error {
	s.stop()
	var err error
	if s.srv != nil {
		err = s.srv.Close()
	}
	s.phoneMu.Lock()
	for _, p := range s.phones {
		_ = p.srv.Close()
	}
	s.phoneMu.Unlock()
	s.work.Wait()
	s.client.CloseIdleConnections()
	return err
}

// SetAccount adds an account or replaces the settings of the one with the same
// AppID; followers, chats, tokens and menus stay. An empty Templates list keeps
// the library as it is.
func (s *Server) SetAccount(a Account) error {
	s.mu.Lock()
	err := s.st.setAccount(a)
	s.mu.Unlock()
	if err != nil {
		return err
	}
	if s.started.Load() {
		err = s.startPhones()
	}
	s.hub.publish(event{Kind: "state"})
	return err
}

// now is the platform's time: the clock plus the time travelled so far.
func (s *Server) now() time.Time {
	return s.opt.Clock().Add(time.Duration(s.skew.Load()))
}

// originOf reduces an address to scheme://host[:port]; "" when it has none.
func originOf(raw string) string {
	u, err := url.Parse(raw)
	if err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https") {
		return ""
	}
	return u.Scheme + "://" + u.Host
}
