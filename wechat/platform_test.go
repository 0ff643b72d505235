package wechat

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/xunjia/xunjia"
)

const (
	testAppID  = "wx0123456789abcdef"
	testSecret = "s3cret-of-the-account"
)

// platform plays api.weixin.qq.com: it lends tokens as stable_token does, and
// refuses calls with another one.
type platform struct {
	*httptest.Server

	mu       sync.Mutex
	current  string // what stable_token hands out
	accepted string // what calls are accepted with
	serial   int
	fetches  int // stable_token without force
	forced   int
	calls    []call // with an accepted token, or below /sns/
	answers  map[string]string
	handlers map[string]http.HandlerFunc // instead of everything else
}

// call is one accepted call.
type call struct {
	path, query, body string
}

func newPlatform(t *testing.T) *platform {
	p := &platform{answers: map[string]string{}, handlers: map[string]http.HandlerFunc{}}
	p.rotate()
	p.Server = httptest.NewServer(p)
	t.Cleanup(p.Close)
	return p
}

// rotate makes a new token the only good one.
func (p *platform) rotate() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.issue()
}

func (p *platform) issue() {
	p.serial++
	p.current = fmt.Sprintf("token-%d", p.serial)
	p.accepted = p.current
}

// revokeSilently makes calls fail although stable_token hands out the same.
func (p *platform) revokeSilently() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.accepted = "none"
}

func (p *platform) on(path, answer string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.answers[path] = answer
}

func (p *platform) handle(path string, h http.HandlerFunc) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.handlers[path] = h
}

func (p *platform) counts() (fetches, forced, calls int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.fetches, p.forced, len(p.calls)
}

func (p *platform) last() call {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.calls) == 0 {
		return call{}
	}
	return p.calls[len(p.calls)-1]
}

func (p *platform) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	p.mu.Lock()
	handler := p.handlers[r.URL.Path]
	p.mu.Unlock()
	if handler != nil {
		handler(w, r)
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if r.URL.Path == "/cgi-bin/stable_token" {
		var in struct {
			Secret string `json:"secret"`
			Force  bool   `json:"force_refresh"`
		}
		json.Unmarshal(body, &in)
		switch {
		case in.Secret != testSecret:
			io.WriteString(w, `{"errcode":40125,"errmsg":"invalid appsecret `+in.Secret+` rid: r-1"}`)
			return
		case in.Force:
			p.forced++
			p.issue()
		default:
			p.fetches++
		}
		fmt.Fprintf(w, `{"access_token":%q,"expires_in":7200}`, p.current)
		return
	}
	query := r.URL.Query()
	if r.URL.Path[:5] != "/sns/" && query.Get("access_token") != p.accepted {
		fmt.Fprintf(w, `{"errcode":40001,"errmsg":"invalid credential, access_token=%s is not latest rid: r-2"}`, query.Get("access_token"))
		return
	}
	query.Del("access_token")
	p.calls = append(p.calls, call{r.URL.Path, query.Encode(), string(body)})
	if a, ok := p.answers[r.URL.Path]; ok {
		io.WriteString(w, a)
		return
	}
	io.WriteString(w, `{"errcode":0,"errmsg":"ok"}`)
}

// memoryStore is a CredentialStore as SQL would be, shared by accounts.
type memoryStore struct {
	mu    sync.Mutex
	clock func() time.Time
	rows  map[string]*credentialRow
	down  error
	saves int
}

type credentialRow struct {
	c     xunjia.Credential
	owner string
	until time.Time
}

func newMemoryStore(clock func() time.Time) *memoryStore {
	return &memoryStore{clock: clock, rows: map[string]*credentialRow{}}
}

func (s *memoryStore) setDown(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.down = err
}

func (s *memoryStore) row(appID, kind string) *credentialRow {
	r := s.rows[appID+"/"+kind]
	if r == nil {
		r = &credentialRow{}
		s.rows[appID+"/"+kind] = r
	}
	return r
}

func (s *memoryStore) Credential(_ context.Context, appID, kind string) (xunjia.Credential, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.down != nil {
		return xunjia.Credential{}, s.down
	}
	r := s.row(appID, kind)
	if r.c.Value == "" {
		return xunjia.Credential{}, xunjia.Errorf(xunjia.NotFound, "没有凭证")
	}
	return r.c, nil
}

func (s *memoryStore) ClaimCredential(_ context.Context, appID, kind, stale, owner string, lease time.Duration) (bool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.down != nil {
		return false, s.down
	}
	r := s.row(appID, kind)
	if r.c.Value != "" && r.c.Value != stale || s.clock().Before(r.until) {
		return false, nil
	}
	r.owner, r.until = owner, s.clock().Add(lease)
	return true, nil
}

func (s *memoryStore) SaveCredential(_ context.Context, appID, kind, owner string, c xunjia.Credential) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.down != nil {
		return s.down
	}
	if c.Value == "" {
		return errors.New("a credential needs a value")
	}
	r := s.row(appID, kind)
	if r.owner != owner {
		return xunjia.Errorf(xunjia.Conflict, "别的实例在更新凭证")
	}
	s.saves++
	*r = credentialRow{c: c}
	return nil
}

// fakeClock is a clock that a test moves.
type fakeClock struct {
	mu  sync.Mutex
	now time.Time
}

func newClock() *fakeClock {
	return &fakeClock{now: time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC)}
}

func (c *fakeClock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *fakeClock) add(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// quiet drops the log.
func quiet() *slog.Logger { return slog.New(slog.DiscardHandler) }

// account makes an account that calls p.
func (p *platform) account(t *testing.T, store CredentialStore, clock *fakeClock) *Account {
	t.Helper()
	a, err := New(Config{
		AppID: testAppID, Secret: testSecret, Hosts: Hosts{API: p.URL}, PageHosts: []string{"x.example.com"},
	}, store, Options{Clock: clock.Now, Log: quiet()})
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// newAccount makes a platform and one account on it.
func newAccount(t *testing.T) (*platform, *Account) {
	p, clock := newPlatform(t), newClock()
	return p, p.account(t, newMemoryStore(clock.Now), clock)
}
