package sim

import (
	"context"
	"errors"
	"fmt"
	"log"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync"
	"time"
)

// phoneKey names the in-app browser of one user for one account's pages.
type phoneKey struct{ userID, appID string }

// phone is a user's in-app browser: a reverse proxy on its own loopback port
// in front of the account's web address. It reaches no other host.
type phone struct {
	s    *Server
	key  phoneKey
	base string // http://127.0.0.1:port
	srv  *http.Server

	mu       sync.Mutex
	jar      http.CookieJar
	snapshot *snapshot // not nil while the snapshot page is shown
}

// snapshot remembers how to leave the snapshot page (使用完整服务).
type snapshot struct {
	authorize string // the query of the OAuth link
	before    http.CookieJar
}

// userAgent is that of WeChat on Android.
const userAgent = "Mozilla/5.0 (Linux; Android 14; SIM-10 Build/UP1A; wv) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 " +
	"Chrome/126.0.6478.188 Mobile Safari/537.36 XWEB/1260183 MMWEBSDK/20240404 MicroMessenger/8.0.50.2701(0x28003252) " +
	"WeChat/arm64 Weixin NetType/WIFI Language/zh_CN ABI/arm64"

// startPhones opens the in-app browsers that are still missing.
func (s *Server) startPhones() error {
	s.mu.Lock()
	var keys []phoneKey
	for _, u := range s.st.users {
		for _, a := range s.st.accounts {
			keys = append(keys, phoneKey{u.ID, a.AppID})
		}
	}
	s.mu.Unlock()
	s.phoneMu.Lock()
	defer s.phoneMu.Unlock()
	for _, k := range keys {
		if s.phones[k] != nil {
			continue
		}
		p, err := s.newPhone(k)
		if err != nil {
			return err
		}
		s.phones[k] = p
	}
	return nil
}

// newPhone listens and serves; Server.phoneMu is held.
func (s *Server) newPhone(k phoneKey) (*phone, error) {
	port := 0
	if s.opt.PhonePort > 0 {
		port = s.opt.PhonePort + len(s.phones)
	}
	ln, err := new(net.ListenConfig).Listen(s.ctx, "tcp", net.JoinHostPort(s.host, fmt.Sprint(port)))
	if err != nil {
		return nil, fmt.Errorf("sim: phone of %s: %w", k.userID, err)
	}
	p := &phone{s: s, key: k, base: "http://" + publicAddr(ln.Addr()), jar: newJar()}
	p.srv = &http.Server{Handler: p.handler(), ReadHeaderTimeout: 10 * time.Second, BaseContext: func(net.Listener) context.Context { return s.ctx }}
	s.work.Go(func() { _ = p.srv.Serve(ln) })
	return p, nil
}

func newJar() http.CookieJar {
	jar, _ := cookiejar.New(nil)
	return jar
}

// stopPhones closes the browsers of a removed user.
func (s *Server) stopPhones(userID string) {
	s.phoneMu.Lock()
	defer s.phoneMu.Unlock()
	for k, p := range s.phones {
		if k.userID == userID {
			_ = p.srv.Close()
			delete(s.phones, k)
		}
	}
}

// phoneURL is the origin of a browser; with an unknown account that of the
// user's first, "" when there is none. Server.mu may be held.
func (s *Server) phoneURL(userID, appID string) string {
	s.phoneMu.Lock()
	defer s.phoneMu.Unlock()
	if p := s.phones[phoneKey{userID, appID}]; p != nil {
		return p.base
	}
	return ""
}

// openOn maps an address onto the user's in-app browser when it belongs to an
// account's web address (appID first) or is an OAuth link; other addresses stay
// as they are. Server.mu is held.
func (s *Server) openOn(userID, appID, raw string) string {
	u, err := url.Parse(strings.TrimSpace(raw))
	if err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https") {
		return ""
	}
	rest := u.EscapedPath()
	if u.RawQuery != "" {
		rest += "?" + u.RawQuery
	}
	if u.Fragment != "" {
		rest += "#" + u.EscapedFragment()
	}
	if strings.HasPrefix(u.Path, "/connect/oauth2/") {
		if s.st.account(u.Query().Get("appid")) != nil {
			appID = u.Query().Get("appid")
		}
		return s.phoneURL(userID, appID) + rest
	}
	accounts := s.st.accounts
	if first := s.st.account(appID); first != nil {
		accounts = append([]*account{first}, accounts...)
	}
	for _, a := range accounts {
		if web, err := url.Parse(a.WebURL); err == nil && a.WebURL != "" && sameHost(u, web) {
			return s.phoneURL(userID, a.AppID) + rest
		}
	}
	return u.String()
}

// handler serves the browser's own pages and proxies the rest.
func (p *phone) handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /connect/oauth2/authorize", p.serveAuthorize)
	mux.HandleFunc("POST /connect/oauth2/authorize", p.serveConsent)
	mux.HandleFunc("POST /connect/full", p.leaveSnapshot)
	p.sdkRoutes(mux)
	mux.Handle("/", p.proxy())
	return mux
}

// web is the account's web address now; it may change while the phone runs.
func (p *phone) web() *url.URL {
	p.s.mu.Lock()
	defer p.s.mu.Unlock()
	a := p.s.st.account(p.key.appID)
	if a == nil || a.WebURL == "" {
		return nil
	}
	u, err := url.Parse(originOf(a.WebURL))
	if err != nil {
		return nil
	}
	return u
}

// cookies is the jar in use.
func (p *phone) cookies() http.CookieJar {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.jar
}

type webKey struct{}

// proxy forwards to the web address as the in-app browser would fetch it.
func (p *phone) proxy() http.Handler {
	rp := &httputil.ReverseProxy{
		FlushInterval:  -1,
		Rewrite:        p.rewriteRequest,
		ModifyResponse: p.rewriteResponse,
		ErrorLog:       log.New(discard{}, "", 0),
		ErrorHandler: func(w http.ResponseWriter, r *http.Request, err error) {
			if errors.Is(err, context.Canceled) {
				return
			}
			renderPage(w, http.StatusBadGateway, "message", messagePage{"网页打不开", "开发者的网站没有回应：" + p.target(r).Host})
		},
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		web := p.web()
		if web == nil {
			renderPage(w, http.StatusNotFound, "message", messagePage{"没有网页", "这个公众号还没有填写网页地址"})
			return
		}
		rp.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), webKey{}, web)))
	})
}

func (p *phone) target(r *http.Request) *url.URL {
	u, _ := r.Context().Value(webKey{}).(*url.URL)
	return u
}

type discard struct{}

func (discard) Write(b []byte) (int, error) { return len(b), nil }

// resetPhones empties the storage of every browser and closes those of people
// and accounts that are gone.
func (s *Server) resetPhones() {
	s.mu.Lock()
	live := map[phoneKey]bool{}
	for _, u := range s.st.users {
		for _, a := range s.st.accounts {
			live[phoneKey{u.ID, a.AppID}] = true
		}
	}
	s.mu.Unlock()
	s.phoneMu.Lock()
	for k, p := range s.phones {
		if !live[k] {
			_ = p.srv.Close()
			delete(s.phones, k)
			continue
		}
		p.mu.Lock()
		p.jar, p.snapshot = newJar(), nil
		p.mu.Unlock()
	}
	s.phoneMu.Unlock()
	_ = s.startPhones()
}
