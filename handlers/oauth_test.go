package handlers

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/xunjia/xunjia"
	"github.com/xunjia/xunjia/wechat"
)

// platform plays the part of WeChat that OAuth and the callback need: codes
// that work once, and a list of what was sent.
type platform struct {
	*httptest.Server
	mu    sync.Mutex
	codes map[string]map[string]any // code → answer of sns/oauth2/access_token
	calls map[string]int
}

func newPlatform(t *testing.T) *platform {
	p := &platform{codes: map[string]map[string]any{}, calls: map[string]int{}}
	p.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.calls[r.URL.Path]++
		var out any = map[string]any{"errcode": 0, "errmsg": "ok"}
		switch r.URL.Path {
		case "/cgi-bin/stable_token":
			out = map[string]any{"access_token": "token", "expires_in": 7200}
		case "/sns/oauth2/access_token":
			code := r.URL.Query().Get("code")
			out = map[string]any{"errcode": 40163, "errmsg": "code been used"}
			if a, ok := p.codes[code]; ok {
				out = a
				delete(p.codes, code)
			}
		case "/sns/userinfo":
			out = map[string]any{"openid": r.URL.Query().Get("openid"), "nickname": "老陈", "headimgurl": ""}
		}
		_ = json.NewEncoder(w).Encode(out)
	}))
	t.Cleanup(p.Close)
	return p
}

// grant makes a code for an openid.
func (p *platform) grant(code, openID, scope string, more ...string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	a := map[string]any{"access_token": "user token", "openid": openID, "scope": scope}
	for _, m := range more {
		a[m] = 1
	}
	p.codes[code] = a
}

// newAccountWorld is a website with an official account.
func newAccountWorld(t *testing.T) (*world, *platform) {
	t.Helper()
	p := newPlatform(t)
	return newWorld(t, func(o *Options) {
		cfg := wechat.Config{AppID: "wx0123456789abcdef", Secret: "secret", Token: "token", Mode: wechat.Plain,
			Hosts: wechat.Hosts{API: p.URL, Open: "https://open.example.com", MP: p.URL}}
		account, err := wechat.New(cfg, o.Store, wechat.Options{Log: o.Log})
		if err != nil {
			t.Fatal(err)
		}
		o.Account, o.WeChat, o.DataDir = account, cfg, t.TempDir()
	}), p
}

// authorize follows a redirect to the platform and comes back with a code; it
// checks what was asked for.
func (b *browser) authorize(a answer, scope, code string) answer {
	b.t.Helper()
	wantStatus(b.t, a, http.StatusSeeOther)
	u, err := url.Parse(a.to())
	if err != nil || u.Host != "open.example.com" {
		b.t.Fatalf("not sent to WeChat but to %q", a.to())
	}
	if got := u.Query().Get("scope"); got != scope {
		b.t.Errorf("scope %q, want %q", got, scope)
	}
	back, err := url.Parse(u.Query().Get("redirect_uri"))
	if err != nil || !strings.HasPrefix(u.Query().Get("redirect_uri"), b.url+"/oauth/return") {
		b.t.Fatalf("WeChat would return to %q", u.Query().Get("redirect_uri"))
	}
	q := back.Query()
	q.Set("state", u.Query().Get("state"))
	if code != "" {
		q.Set("code", code)
	}
	back.RawQuery = q.Encode()
	return b.get(back.String())
}

// A new fan: silently, then with consent, then registration; the next time he
// is logged in silently.
func TestOAuth(t *testing.T) {
	w, p := newAccountWorld(t)
	b := w.weChat()
	a := b.get("/inbox?type=1")
	redirects(t, a, "/oauth/start?return=%2Finbox%3Ftype%3D1")
	p.grant("code1", "openid-new", "snsapi_base")
	a = b.authorize(b.get(a.to()), "snsapi_base", "code1")
	guest := b.session()
	p.grant("code2", "openid-new", "snsapi_userinfo")
	a = b.authorize(a, "snsapi_userinfo", "code2")
	redirects(t, a, "/register?return=%2Finbox%3Ftype%3D1")
	if s := b.session(); s.IdentityID == 0 || s.ID == guest.ID {
		t.Errorf("session %+v after consent, %+v before", s, guest)
	}
	// He need not consent twice.
	redirects(t, b.get("/me"), "/register?return=%2Fme")
	b.askCode(a.to(), newPhone)
	a = b.post("/register", "do", "next", "phone", string(newPhone), "code", w.outbox.code(newPhone))
	redirects(t, a, "/register/profile?return=%2Finbox%3Ftype%3D1")
	identity, err := w.store.IdentityByOpenID(t.Context(), "wx0123456789abcdef", "openid-new")
	if err != nil || identity.UserID == 0 || identity.Nickname != "老陈" || !identity.Consented {
		t.Fatalf("identity %+v, %v", identity, err)
	}

	again := w.weChat()
	p.grant("code3", "openid-new", "snsapi_base")
	a = again.authorize(again.get("/oauth/start?return=%2Fme"), "snsapi_base", "code3")
	redirects(t, a, "/register/profile?return=%2Fme")
	if s := again.session(); s.UserID != identity.UserID || s.IdentityID != identity.ID {
		t.Errorf("session of the second visit: %+v", s)
	}
}

// Coming back twice, with a used code or another browser's state never logs
// anybody in and never ends in an error loop.
func TestOAuthReturnedTwice(t *testing.T) {
	w, p := newAccountWorld(t)
	if _, err := w.store.RegisterPhone(t.Context(), newPhone, bound(t, w, "openid-known")); err != nil {
		t.Fatal(err)
	}
	b := w.weChat()
	a := b.get("/oauth/start?return=%2Fme")
	p.grant("good", "openid-known", "snsapi_base")
	first := b.authorize(a, "snsapi_base", "good")
	redirects(t, first, "/register/profile?return=%2Fme")
	second := b.authorize(a, "snsapi_base", "good") // the same address again
	redirects(t, second, "/oauth/start?again=1&return=%2Fme")
	redirects(t, b.get(second.to()), "/register/profile?return=%2Fme")

	thief := w.weChat()
	thief.get("/register?phone=1")
	stolen := b2(t, w)
	a = thief.authorize(stolen, "snsapi_base", "good")
	redirects(t, a, "/oauth/start?again=1&return=%2Fme")
	if s := thief.session(); s.UserID != 0 {
		t.Error("another browser's state logged in")
	}
	// The second time in a row it is said, not tried again.
	a = thief.authorize(thief.get(a.to()), "snsapi_base", "used code")
	if a.StatusCode != http.StatusUnauthorized {
		t.Errorf("a used code: status %d to %q", a.StatusCode, a.to())
	}
	if id := a.Header.Get("X-Request-Id"); id == "" || !strings.Contains(a.body, id) {
		t.Errorf("the page lacks the request id %q", id)
	}
}

// b2 begins OAuth in a browser that is forgotten.
func b2(t *testing.T, w *world) answer {
	t.Helper()
	return w.weChat().get("/oauth/start?return=%2Fme")
}

func bound(t *testing.T, w *world, openID string) int64 {
	t.Helper()
	i, err := w.store.SaveIdentity(t.Context(), xunjia.Identity{AppID: "wx0123456789abcdef", OpenID: openID, Consented: true})
	if err != nil {
		t.Fatal(err)
	}
	return i.ID
}

func TestOAuthDenied(t *testing.T) {
	w, _ := newAccountWorld(t)
	b := w.weChat()
	a := b.authorize(b.get("/oauth/start?return=%2Fme&ask=1"), "snsapi_userinfo", "")
	wantStatus(t, a, http.StatusOK)
	contains(t, a, "您没有同意授权", "/oauth/start?ask=1&amp;return=%2Fme", "先随便看看", "/register?phone=1&amp;return=%2Fme")
	wantStatus(t, b.get("/register?phone=1&return=%2Fme"), http.StatusOK)
}

// Inside WeChat registration begins with the account there, however one came to
// it: a phone alone would never be told anything in the chat.
func TestRegistrationInsideWeChatKnowsTheFan(t *testing.T) {
	w, p := newAccountWorld(t)
	for _, page := range []string{"/register", "/login"} {
		b := w.weChat()
		redirects(t, b.get(page+"?return=%2Fme"), "/oauth/start?return=%2Fme")
		p.grant("code", "openid-"+page, "snsapi_userinfo")
		a := b.authorize(b.get("/oauth/start?ask=1&return=%2Fme"), "snsapi_userinfo", "code")
		redirects(t, a, "/register?return=%2Fme")
		wantStatus(t, b.get(a.to()), http.StatusOK)
	}
	wantStatus(t, w.browser().get("/register"), http.StatusOK)
}

// The ids of a snapshot page belong to nobody.
func TestSnapshotVisitorGetsNoIdentity(t *testing.T) {
	w, p := newAccountWorld(t)
	b := w.weChat()
	p.grant("snap", "openid-virtual", "snsapi_userinfo", "is_snapshotuser")
	a := b.authorize(b.get("/oauth/start?ask=1"), "snsapi_userinfo", "snap")
	contains(t, a, "使用完整服务")
	if _, err := w.store.IdentityByOpenID(t.Context(), "wx0123456789abcdef", "openid-virtual"); xunjia.ErrorCode(err) != xunjia.NotFound {
		t.Errorf("identity of a snapshot visitor: %v", err)
	}
	if s := b.session(); s.IdentityID != 0 {
		t.Errorf("session %+v", s)
	}
}

// A link to us cannot send people elsewhere after login.
func TestOAuthReturnsToThisSiteOnly(t *testing.T) {
	w, p := newAccountWorld(t)
	for _, evil := range []string{"//evil.example.com", "https://evil.example.com/me", `/\evil.example.com`} {
		b := w.weChat()
		p.grant("code", "openid-new", "snsapi_userinfo")
		a := b.authorize(b.get("/oauth/start?ask=1&return="+url.QueryEscape(evil)), "snsapi_userinfo", "code")
		redirects(t, a, "/register")
	}
}

// push sends what the platform would: signed, in plain mode.
func (w *world) push(body string) answer {
	w.t.Helper()
	b := w.browser()
	r, err := http.NewRequest(http.MethodPost, w.url+"/wechat/callback?"+signed("token"), strings.NewReader(body))
	if err != nil {
		w.t.Fatal(err)
	}
	return b.do(r)
}

func TestConversation(t *testing.T) {
	w, _ := newAccountWorld(t)
	event := func(openID, event, more string) string {
		return "<xml><ToUserName>gh_1</ToUserName><FromUserName>" + openID + "</FromUserName><CreateTime>" +
			jsonNumber(time.Now().Unix()) + "</CreateTime><MsgType>event</MsgType><Event>" + event + "</Event>" + more + "</xml>"
	}
	text := func(id, content string) string {
		return "<xml><ToUserName>gh_1</ToUserName><FromUserName>fan</FromUserName><CreateTime>" + jsonNumber(time.Now().Unix()) +
			"</CreateTime><MsgType>text</MsgType><Content>" + content + "</Content><MsgId>" + id + "</MsgId></xml>"
	}
	a := w.push(event("fan", "subscribe", ""))
	wantStatus(t, a, http.StatusOK)
	contains(t, a, "欢迎关注询价通", w.url+"/purchases/new")
	if i, err := w.store.IdentityByOpenID(t.Context(), "wx0123456789abcdef", "fan"); err != nil || !i.Subscribed {
		t.Errorf("after subscribe: %+v, %v", i, err)
	}
	contains(t, w.push(text("1", "帮助")), "询价通怎么用")
	contains(t, w.push(text("2", "你好")), "小助手")
	contains(t, w.push(text("3", "我的报价")), "/register")
	contains(t, w.push(event("fan2", "CLICK", "<EventKey>help</EventKey>")), "询价通怎么用")
	w.push(event("fan3", "TEMPLATESENDJOBFINISH", "<MsgID>200</MsgID><Status>failed:user block</Status>"))
	w.outbox.mu.Lock()
	if got := strings.Join(w.outbox.confirmed, ";"); got != "wechat 200 failed:user block" {
		t.Errorf("confirmed %q", got)
	}
	w.outbox.mu.Unlock()

	a = w.browser().get("/wechat/callback?" + signed("wrong") + "&echostr=1")
	wantStatus(t, a, http.StatusForbidden)
	a = w.browser().get("/wechat/callback?" + signed("token") + "&echostr=hello")
	if a.body != "hello" {
		t.Errorf("URL verification answered %q", a.body)
	}
}

// An unsubscription that is older than the subscription does not count.
func TestUnsubscribe(t *testing.T) {
	w, _ := newAccountWorld(t)
	talk := &Conversation{Store: w.store, Outbox: w.outbox, BaseURL: w.url, Clock: time.Now}
	now := time.Now()
	for _, m := range []wechat.Message{
		{AppID: "wx", OpenID: "fan", At: now, Body: wechat.Subscribe{}},
		{AppID: "wx", OpenID: "fan", At: now.Add(-time.Hour), Body: wechat.Unsubscribe{}},
	} {
		if _, err := talk.Answer(t.Context(), m); err != nil {
			t.Fatal(err)
		}
	}
	if i, _ := w.store.IdentityByOpenID(t.Context(), "wx", "fan"); !i.Subscribed {
		t.Error("the older event won")
	}
	if _, err := talk.Answer(t.Context(), wechat.Message{AppID: "wx", OpenID: "fan", At: now.Add(time.Hour), Body: wechat.Unsubscribe{}}); err != nil {
		t.Fatal(err)
	}
	if i, _ := w.store.IdentityByOpenID(t.Context(), "wx", "fan"); i.Subscribed {
		t.Error("still subscribed")
	}
}

// A result that comes before our own note of the message is tried again; one
// that never was ours is let go.
func TestResultOfUnknownMessage(t *testing.T) {
	w, _ := newAccountWorld(t)
	w.outbox.unknown = true
	talk := &Conversation{Store: w.store, Outbox: w.outbox, BaseURL: w.url, Clock: time.Now}
	m := wechat.Message{AppID: "wx", OpenID: "fan", At: time.Now(), Body: wechat.TemplateResult{MsgID: "1"}}
	if _, err := talk.Answer(t.Context(), m); err == nil {
		t.Error("a fresh result was dropped")
	}
	m.At = time.Now().Add(-time.Hour)
	if _, err := talk.Answer(t.Context(), m); err != nil {
		t.Errorf("an old result is still tried: %v", err)
	}
}

func TestPublishMenu(t *testing.T) {
	w, p := newAccountWorld(t)
	if err := w.site.PublishMenu(t.Context()); err != nil {
		t.Fatal(err)
	}
	if p.calls["/cgi-bin/menu/create"] != 1 {
		t.Errorf("calls: %v", p.calls)
	}
}
