package sim

import (
	"context"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"
)

// Followers, chats, menus, pictures and the inbox survive a restart; ids that
// are drawn afterwards are new ones.
func TestRestart(t *testing.T) {
	dir := t.TempDir()
	keep := func(o *Options) { o.Dir = dir }
	w := newWorld(t, Plain, keep)
	w.follow("u1")
	w.ok("/cgi-bin/menu/create", m{"button": []m{{"name": "a", "type": "click", "key": "k"}}})
	w.sendPicture("u1")
	w.push()
	w.client(http.MethodPost, "/users", m{"id": "u9", "nickname": "新人"})
	token := w.token()
	media := w.messages("u1")
	if err := w.s.Close(); err != nil {
		t.Fatal(err)
	}

	again := newWorld(t, Plain, keep)
	again.s.mu.Lock()
	c := again.s.st.account(testApp).contacts["u1"]
	followed, menu, drawn := c.followed, len(c.acc.menu.buttons), again.s.st.random(64)
	again.s.mu.Unlock()
	if !followed || menu != 1 || again.s.st.user("u9") == nil {
		t.Errorf("followed %v, %d buttons", followed, menu)
	}
	if again.try(token) != 0 {
		t.Error("the token was lost")
	}
	now := again.messages("u1")
	if len(now) != len(media) {
		t.Fatalf("%d messages, had %d", len(now), len(media))
	}
	picture := now[len(now)-1].MediaURL
	resp, err := http.Get(picture)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if resp.StatusCode != http.StatusOK || !strings.HasPrefix(picture, again.s.URL()) {
		t.Errorf("picture %s: %d", picture, resp.StatusCode)
	}
	if strings.Contains(picture, drawn) {
		t.Error("the same id was drawn twice")
	}
}

func TestFaults(t *testing.T) {
	w := newWorld(t, Plain)
	token := w.token()
	ip := "/cgi-bin/getcallbackip?access_token=" + token
	w.client(http.MethodPost, "/faults", m{"path": "/cgi-bin/getcallback*", "kind": "errcode", "errcode": -1, "count": 2})
	for i, want := range []int{-1, -1, 0} {
		if out := w.call(http.MethodGet, ip, nil); code(out) != want {
			t.Errorf("call %d: %v", i, out)
		}
	}
	w.client(http.MethodPost, "/faults", m{"path": "/cgi-bin/getcallbackip", "kind": "status", "status": 503, "count": 1})
	resp, err := http.Get(w.s.URL() + ip)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if resp.StatusCode != http.StatusServiceUnavailable {
		t.Errorf("status %d", resp.StatusCode)
	}
	w.client(http.MethodPost, "/faults", m{"path": "/cgi-bin/getcallbackip", "kind": "timeout", "ms": 1})
	if resp, err := http.Get(w.s.URL() + ip); err == nil {
		resp.Body.Close()
		t.Error("a hung call was answered")
	}
	w.client(http.MethodDelete, "/faults", nil)
	w.client(http.MethodPost, "/faults", m{"path": "/cgi-bin/getcallbackip", "kind": "errcode", "errcode": 45011, "share": 0.5})
	failed := 0
	for range 200 {
		if code(w.call(http.MethodGet, ip, nil)) == 45011 {
			failed++
		}
	}
	if failed < 60 || failed > 140 {
		t.Errorf("%d of 200 failed at a share of one half", failed)
	}
	w.client(http.MethodDelete, "/faults", nil)
	if w.try(token) != 0 {
		t.Error("the fault outlived its removal")
	}
	for _, bad := range []m{{"path": "/x", "kind": "dance"}, {"kind": "errcode"}, {"path": "/x", "kind": "status", "status": 99}, {"path": "/x", "kind": "latency", "share": 2}} {
		if out := w.call(http.MethodPost, "/sim/api/faults", bad); out["error"] == nil {
			t.Errorf("%v was accepted", bad)
		}
	}
}

// rid/get finds the failed call again, and the log hides secrets.
func TestRequestLog(t *testing.T) {
	w := newWorld(t, Plain)
	out := w.api("/cgi-bin/user/info?openid=nobody", nil)
	_, rid, _ := strings.Cut(out["errmsg"].(string), "rid: ")
	req := w.ok("/cgi-bin/openapi/rid/get", m{"rid": rid})["request"].(m)
	if !strings.Contains(req["request_url"].(string), "openid=nobody") || !strings.Contains(req["response_body"].(string), "40003") {
		t.Errorf("rid/get: %v", req)
	}
	w.call(http.MethodGet, "/cgi-bin/token?grant_type=client_credential&appid="+testApp+"&secret="+testSecret, nil)
	for _, e := range w.client(http.MethodGet, "/requests?kind=api", nil)["requests"].([]any) {
		if q, _ := e.(m)["query"].(string); strings.Contains(q, testSecret) {
			t.Errorf("the log shows the secret: %s", q)
		}
	}
}

func TestResetAndClock(t *testing.T) {
	w := newWorld(t, Plain)
	w.follow("u1")
	w.client(http.MethodPost, "/users", m{"nickname": "新人"})
	before := w.client(http.MethodGet, "/state", nil)
	w.client(http.MethodPost, "/clock", m{"advance_ms": 3600_000})
	if out := w.call(http.MethodPost, "/sim/api/clock", m{"advance_ms": -1}); out["error"] == nil {
		t.Error("time went backwards")
	}
	if len(before["users"].([]any)) != 3 {
		t.Errorf("users: %v", before["users"])
	}
	w.client(http.MethodPost, "/reset", m{})
	after := w.client(http.MethodGet, "/state", nil)
	if len(after["users"].([]any)) != 2 || w.s.skew.Load() != 0 {
		t.Errorf("after reset: %v", after["users"])
	}
	if u := after["users"].([]any)[0].(m); u["chats"].(m)[testApp].(m)["followed"] != false || u["browser_url"] != before["users"].([]any)[0].(m)["browser_url"] {
		t.Errorf("after reset: %v", u)
	}
}

// Foreign web sites can neither read nor bend the simulator.
func TestClientIsGuarded(t *testing.T) {
	w := newWorld(t, Plain)
	do := func(edit func(*http.Request)) int {
		req, _ := http.NewRequestWithContext(t.Context(), http.MethodPost, w.s.URL()+"/sim/api/reset", strings.NewReader("{}"))
		edit(req)
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		return resp.StatusCode
	}
	if got := do(func(r *http.Request) { r.Header.Set("Origin", "http://evil.example") }); got != http.StatusForbidden {
		t.Errorf("cross-origin: %d", got)
	}
	if got := do(func(r *http.Request) { r.Host = "evil.example" }); got != http.StatusMisdirectedRequest {
		t.Errorf("foreign host: %d", got)
	}
	if got := do(func(*http.Request) {}); got != http.StatusOK {
		t.Errorf("own: %d", got)
	}
}

func TestOptionsRefused(t *testing.T) {
	account := func(edit func(*Account)) Options {
		a := Account{AppID: "wx1", Secret: "s"}
		edit(&a)
		return Options{Accounts: []Account{a}}
	}
	for name, o := range map[string]Options{
		"remote address": {Addr: "0.0.0.0:0"},
		"no port":        {Addr: "127.0.0.1"},
		"no app id":      account(func(a *Account) { a.AppID = "" }),
		"safe, no key":   account(func(a *Account) { a.Mode = Safe }),
		"unknown mode":   account(func(a *Account) { a.Mode = "loud" }),
		"web address":    account(func(a *Account) { a.WebURL = "ftp://x" }),
	} {
		if _, err := New(o); err == nil {
			t.Errorf("%s was accepted", name)
		}
	}
	if s, err := New(Options{Addr: ":0"}); err != nil || s.opt.Addr != "127.0.0.1:0" {
		t.Errorf("an address without host listens on %v, %v", s, err)
	}
}

// Many people and calls at once; the race detector watches.
func TestConcurrentUse(t *testing.T) {
	w := newWorld(t, Safe)
	go func() {
		for {
			select {
			case <-w.got:
			case <-t.Context().Done():
				return
			}
		}
	}()
	w.chat("u1", "follow", m{})
	token := w.token()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 5 {
				if ctx.Err() != nil {
					return
				}
				w.chat("u1", "messages", m{"type": "text", "text": "在"})
				w.call(http.MethodPost, "/cgi-bin/message/template/send?access_token="+token, quoteMessage(w, nil))
				w.client(http.MethodGet, "/state", nil)
				w.client(http.MethodGet, "/requests", nil)
				w.phone("u2").do(http.MethodGet, "/x", "")
			}
		})
	}
	wg.Wait()
}
