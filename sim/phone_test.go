package sim

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"
)

// tab is a desktop browser that shows a phone: it keeps no cookies of its own.
type tab struct {
	w    *world
	base string
	c    *http.Client
}

func (w *world) phone(user string) *tab {
	base := w.s.phoneURL(user, testApp)
	return &tab{w, base, &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}}
}

func (b *tab) do(method, address string, body string, header ...string) (*http.Response, string) {
	b.w.t.Helper()
	if strings.HasPrefix(address, "/") {
		address = b.base + address
	}
	req, err := http.NewRequestWithContext(b.w.t.Context(), method, address, strings.NewReader(body))
	if err != nil {
		b.w.t.Fatal(err)
	}
	if method == http.MethodPost {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		req.Header.Set("Origin", b.base)
	}
	for i := 0; i < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	resp, err := b.c.Do(req)
	if err != nil {
		b.w.t.Fatal(err)
	}
	defer resp.Body.Close()
	raw, _ := io.ReadAll(resp.Body)
	return resp, string(raw)
}

// oauthSite is a developer's site that wants to know its visitor: it binds the
// state to a cookie and exchanges the code over HTTP as any backend does.
type oauthSite struct {
	w      *world
	scope  string
	issuer string // origin of the authorize page in its links
}

func (o *oauthSite) ServeHTTP(rw http.ResponseWriter, r *http.Request) {
	switch r.URL.Path {
	case "/me":
		if c, err := r.Cookie("openid"); err == nil {
			_, _ = fmt.Fprintf(rw, "you are %s, agent %s", c.Value, r.UserAgent())
			return
		}
		http.SetCookie(rw, &http.Cookie{Name: "state", Value: "s123", Path: "/", HttpOnly: true})
		back := "http://" + r.Host + "/back?next=%2Fme"
		http.Redirect(rw, r, o.issuer+"/connect/oauth2/authorize?appid="+testApp+"&redirect_uri="+url.QueryEscape(back)+"&response_type=code&scope="+o.scope+"&state=s123#wechat_redirect", http.StatusFound)
	case "/back":
		c, err := r.Cookie("state")
		if err != nil || c.Value != r.FormValue("state") {
			http.Error(rw, "state", http.StatusForbidden)
			return
		}
		if r.FormValue("code") == "" {
			_, _ = io.WriteString(rw, "refused")
			return
		}
		out := o.w.call(http.MethodGet, "/sns/oauth2/access_token?appid="+testApp+"&secret="+testSecret+"&grant_type=authorization_code&code="+r.FormValue("code"), nil)
		raw, _ := json.Marshal(out)
		if out["is_snapshotuser"] != nil {
			rw.Header().Set("Content-Type", "text/html")
			_, _ = fmt.Fprintf(rw, "<html><head></head><body>%s</body></html>", raw)
			return
		}
		if code(out) != 0 {
			http.Error(rw, string(raw), http.StatusBadRequest)
			return
		}
		http.SetCookie(rw, &http.Cookie{Name: "openid", Value: out["openid"].(string), Path: "/"})
		http.SetCookie(rw, &http.Cookie{Name: "grant", Value: out["access_token"].(string), Path: "/"})
		http.Redirect(rw, r, r.FormValue("next"), http.StatusSeeOther)
	default:
		http.NotFound(rw, r)
	}
}

// follow walks redirects and never leaves the phone.
func (b *tab) walk(address string) (*http.Response, string) {
	b.w.t.Helper()
	for range 10 {
		resp, body := b.do(http.MethodGet, address, "")
		if resp.StatusCode < 300 || resp.StatusCode >= 400 {
			return resp, body
		}
		address = resp.Header.Get("Location")
		if !strings.HasPrefix(address, "/") && !strings.HasPrefix(address, b.base) {
			b.w.t.Fatalf("redirected to %s", address)
		}
	}
	b.w.t.Fatal("too many redirects")
	return nil, ""
}

// snsapi_base passes silently; two phones in one browser stay two people.
func TestOAuthBase(t *testing.T) {
	for _, issuer := range []string{"https://open.weixin.qq.com", "sim"} {
		w := newWorld(t, Plain)
		if issuer == "sim" {
			issuer = w.s.URL()
		}
		w.pages(&oauthSite{w, "snsapi_base", issuer})
		for _, user := range []string{"u1", "u2", "u1"} {
			_, body := w.phone(user).walk("/me")
			if !strings.Contains(body, w.openID(user)) || !strings.Contains(body, "MicroMessenger/8.") {
				t.Errorf("%s at %s: %q", user, issuer, body)
			}
		}
	}
}

func TestOAuthConsent(t *testing.T) {
	w := newWorld(t, Plain)
	w.pages(&oauthSite{w, "snsapi_userinfo", "https://open.weixin.qq.com"})
	b := w.phone("u1")
	resp, page := b.walk("/me")
	if !strings.Contains(page, "允许") || !strings.Contains(page, "王采购") || !strings.Contains(page, "测试号") {
		t.Fatalf("consent page: %s", page)
	}
	query := url.QueryEscape(resp.Request.URL.RawQuery)

	if resp, _ := b.do(http.MethodPost, "/connect/oauth2/authorize", "answer=allow&query="+query, "Origin", "http://evil.example"); resp.StatusCode != http.StatusForbidden {
		t.Errorf("a foreign site answered the consent page: %d", resp.StatusCode)
	}
	resp, _ = b.do(http.MethodPost, "/connect/oauth2/authorize", "answer=deny&query="+query)
	if _, body := b.walk(resp.Header.Get("Location")); body != "refused" {
		t.Errorf("after refusing: %q", body)
	}
	resp, _ = b.do(http.MethodPost, "/connect/oauth2/authorize", "answer=allow&query="+query)
	back := resp.Header.Get("Location")
	if _, body := b.walk(back); !strings.Contains(body, w.openID("u1")) {
		t.Fatalf("after consent: %q", body)
	}
	// The same code again, as a double load does.
	if _, body := b.walk(back); !strings.Contains(body, "40163") {
		t.Errorf("second use of the code: %q", body)
	}
	grant := w.cookie("u1", "grant")
	info := w.call(http.MethodGet, "/sns/userinfo?access_token="+grant+"&openid="+w.openID("u1")+"&lang=zh_CN", nil)
	if info["nickname"] != "王采购" || info["unionid"] == nil || !strings.HasPrefix(info["headimgurl"].(string), "http") {
		t.Errorf("userinfo: %v", info)
	}
	if out := w.call(http.MethodGet, "/sns/userinfo?access_token="+grant+"&openid="+w.openID("u2"), nil); code(out) != 40003 {
		t.Errorf("somebody else's openid: %v", out)
	}
	w.s.Advance(webTokenLife)
	if out := w.call(http.MethodGet, "/sns/auth?access_token="+grant+"&openid="+w.openID("u1"), nil); code(out) != 42001 {
		t.Errorf("ended grant: %v", out)
	}
}

// cookie reads the phone's jar.
func (w *world) cookie(user, name string) string {
	w.s.phoneMu.Lock()
	p := w.s.phones[phoneKey{user, testApp}]
	w.s.phoneMu.Unlock()
	u, _ := url.Parse(w.dev.URL + "/")
	for _, c := range p.cookies().Cookies(u) {
		if c.Name == name {
			return c.Value
		}
	}
	return ""
}

// A code lives five minutes; the refresh token brings a new grant.
func TestOAuthLifetimes(t *testing.T) {
	w := newWorld(t, Plain)
	exchange := func() m {
		w.s.mu.Lock()
		back := w.s.issueCode(&authorizeRequest{acc: w.s.st.account(testApp), redirect: "http://x/", scope: "snsapi_base"}, w.s.st.user("u1"), false)
		w.s.mu.Unlock()
		u, _ := url.Parse(back)
		w.s.Advance(4 * time.Minute)
		return w.call(http.MethodGet, "/sns/oauth2/access_token?appid="+testApp+"&secret="+testSecret+"&grant_type=authorization_code&code="+u.Query().Get("code"), nil)
	}
	out := exchange()
	if out["openid"] != w.openID("u1") || out["unionid"] != nil || out["is_snapshotuser"] != nil {
		t.Fatalf("grant: %v", out)
	}
	if info := w.call(http.MethodGet, "/sns/userinfo?access_token="+out["access_token"].(string)+"&openid="+w.openID("u1"), nil); code(info) != 48001 {
		t.Errorf("userinfo with snsapi_base: %v", info)
	}
	refresh := "/sns/oauth2/refresh_token?appid=" + testApp + "&grant_type=refresh_token&refresh_token=" + out["refresh_token"].(string)
	w.s.Advance(29 * 24 * time.Hour)
	again := w.call(http.MethodGet, refresh, nil)
	if again["openid"] != w.openID("u1") || again["access_token"] == out["access_token"] {
		t.Errorf("refreshed: %v", again)
	}
	w.s.Advance(24 * time.Hour)
	if late := w.call(http.MethodGet, refresh, nil); code(late) != 42002 {
		t.Errorf("after 30 days: %v", late)
	}
}

// The snapshot page runs under a virtual openid, is told in the token answer,
// and leads back through 使用完整服务.
func TestSnapshot(t *testing.T) {
	w := newWorld(t, Plain)
	w.pages(&oauthSite{w, "snsapi_userinfo", "https://open.weixin.qq.com"})
	b := w.phone("u1")
	resp, _ := b.walk("/me")
	query := url.QueryEscape(resp.Request.URL.RawQuery)
	resp, _ = b.do(http.MethodPost, "/connect/oauth2/authorize", "answer=snapshot&query="+query)
	_, body := b.walk(resp.Header.Get("Location"))
	if !strings.Contains(body, `"is_snapshotuser":1`) || strings.Contains(body, w.openID("u1")) || !strings.Contains(body, "使用完整服务") {
		t.Fatalf("snapshot page: %s", body)
	}
	resp, _ = b.do(http.MethodPost, "/connect/full", "")
	if _, page := b.walk(resp.Header.Get("Location")); !strings.Contains(page, "允许") {
		t.Errorf("after 使用完整服务: %s", page)
	}
}

func TestAuthorizeComplaints(t *testing.T) {
	w := newWorld(t, Plain)
	link := func(change ...string) string {
		q := url.Values{"appid": {testApp}, "redirect_uri": {w.dev.URL + "/back"}, "response_type": {"code"}, "scope": {"snsapi_base"}, "state": {"s"}}
		for i := 0; i < len(change); i += 2 {
			q.Set(change[i], change[i+1])
		}
		return "/connect/oauth2/authorize?" + q.Encode()
	}
	b := w.phone("u1")
	if resp, _ := b.do(http.MethodGet, link(), ""); resp.StatusCode != http.StatusFound {
		t.Errorf("a right link: %d", resp.StatusCode)
	}
	for want, address := range map[string]string{
		"10003": link("redirect_uri", "http://evil.example/"), "10005": link("scope", "all"), "10013": link("appid", "wx0"), "10004": link("response_type", "token"),
	} {
		if resp, page := b.do(http.MethodGet, address, ""); resp.StatusCode != http.StatusOK || !strings.Contains(page, want) {
			t.Errorf("want %s: %d %s", want, resp.StatusCode, page)
		}
	}
	resp, page := b.do(http.MethodGet, w.s.URL()+link(), "")
	if resp.StatusCode != http.StatusOK || !strings.Contains(page, "请在微信客户端打开链接") {
		t.Errorf("outside of WeChat: %d", resp.StatusCode)
	}
}

// Pages arrive fit for the frame, and the site sees its own address.
func TestProxyRewrites(t *testing.T) {
	w := newWorld(t, Plain)
	var seen *http.Request
	var form string
	w.pages(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		raw, _ := io.ReadAll(r.Body)
		seen, form = r.Clone(context.Background()), string(raw)
		rw.Header().Set("Content-Type", "text/html; charset=utf-8")
		rw.Header().Set("X-Frame-Options", "DENY")
		rw.Header().Set("Content-Security-Policy", "default-src 'self'; frame-ancestors 'none'; img-src 'self'")
		_, _ = io.WriteString(rw, `<html><head><title>t</title></head><body><a href="`+w.dev.URL+`/x">`+w.dev.URL+`</a><a href="https://open.weixin.qq.com/connect/oauth2/authorize?a">o</a><script src="https://res.wx.qq.com/open/js/jweixin-1.6.0.js"></script></body></html>`)
	}))
	b := w.phone("u1")
	resp, page := b.do(http.MethodPost, "/sign?url="+url.QueryEscape(b.base+"/p?a=1"), "url="+url.QueryEscape(b.base+"/q"), "Cookie", "leak=1", "Referer", b.base+"/p")
	for _, want := range []string{`href="` + b.base + `/x"`, `>` + w.dev.URL + `<`, `src="/__wechat/jweixin.js"`, `<head><script src="/__wechat/bridge.js"`, b.base + `/connect/oauth2/authorize?a`} {
		if !strings.Contains(page, want) {
			t.Errorf("page lacks %s:\n%s", want, page)
		}
	}
	if resp.Header.Get("X-Frame-Options") != "" || strings.Contains(resp.Header.Get("Content-Security-Policy"), "frame-ancestors") {
		t.Errorf("headers: %v", resp.Header)
	}
	if seen.Header.Get("Origin") != w.dev.URL || seen.Header.Get("Referer") != w.dev.URL+"/p" || "http://"+seen.Host != w.dev.URL || seen.Header.Get("Cookie") != "" {
		t.Errorf("the site saw host %s, %v", seen.Host, seen.Header)
	}
	if got := seen.URL.Query().Get("url"); got != w.dev.URL+"/p?a=1" || form != "url="+url.QueryEscape(w.dev.URL+"/q") {
		t.Errorf("addresses: %q, %q", got, form)
	}
}

// What a script of the page fetches arrives as it was sent.
func TestProxyLeavesFragments(t *testing.T) {
	w := newWorld(t, Plain)
	w.pages(http.HandlerFunc(func(rw http.ResponseWriter, _ *http.Request) {
		rw.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, _ = io.WriteString(rw, "<tr><td>1</td></tr>")
	}))
	if _, body := w.phone("u1").do(http.MethodGet, "/rows", ""); body != "<tr><td>1</td></tr>" {
		t.Errorf("fragment: %q", body)
	}
}

// The proxy reaches the account's site and nothing else.
func TestProxyStaysHome(t *testing.T) {
	w := newWorld(t, Plain)
	var hit string
	w.pages(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { hit = r.Host + r.URL.Path }))
	b := w.phone("u1")
	for _, path := range []string{"//evil.example/x", "/http://evil.example/"} {
		hit = ""
		if resp, _ := b.do(http.MethodGet, b.base+path, ""); resp.StatusCode == http.StatusOK && !strings.HasPrefix("http://"+hit, w.dev.URL) {
			t.Errorf("%s reached %q", path, hit)
		}
	}
	out := w.client(http.MethodPost, "/users/u1/open", m{"url": "http://169.254.169.254/latest"})
	if out["open"] != "http://169.254.169.254/latest" {
		t.Errorf("a foreign address was mapped onto the phone: %v", out)
	}
	if out := w.call(http.MethodPost, "/sim/api/users/u1/open", m{"url": "javascript:alert(1)"}); out["error"] == nil {
		t.Error("javascript: was opened")
	}
}

// wx.config passes with the current ticket over the page's address, and only then.
func TestSDKConfig(t *testing.T) {
	w := newWorld(t, Plain)
	ticket := w.ok("/cgi-bin/ticket/getticket?type=jsapi", nil)["ticket"].(string)
	b := w.phone("u1")
	config := func(signed string, pages ...string) string {
		raw, _ := json.Marshal(m{"appId": testApp, "timestamp": 1700000000, "nonceStr": "n", "signature": jsSignature(ticket, "n", "1700000000", signed), "pages": pages})
		_, body := b.do(http.MethodPost, "/__wechat/config", string(raw), "Content-Type", "application/json")
		return body
	}
	for name, tt := range map[string]struct {
		signed string
		pages  []string
		want   string
	}{
		"public address":        {w.dev.URL + "/p?a=1", []string{b.base + "/p?a=1#x"}, "config:ok"},
		"entry address":         {w.dev.URL + "/entry", []string{b.base + "/p", b.base + "/entry"}, "config:ok"},
		"signed with fragment":  {w.dev.URL + "/p#x", []string{b.base + "/p#x"}, "config:invalid signature"},
		"signed another page":   {w.dev.URL + "/other", []string{b.base + "/p"}, "config:invalid signature"},
		"signed as the browser": {b.base + "/p", []string{b.base + "/p"}, "config:ok"},
	} {
		if got := config(tt.signed, tt.pages...); !strings.Contains(got, tt.want) {
			t.Errorf("%s: %s", name, got)
		}
	}
	w.s.Advance(2 * time.Hour)
	if got := config(w.dev.URL+"/p", b.base+"/p"); !strings.Contains(got, "invalid signature") {
		t.Errorf("with an ended ticket: %s", got)
	}
	// A picture chosen in the page can be fetched by the server.
	_, body := b.do(http.MethodPost, "/__wechat/upload", string(identicon("x", 40)), "Content-Type", "image/png")
	var up struct{ ServerID string }
	_ = json.Unmarshal([]byte(body), &up)
	resp, err := http.Get(w.s.URL() + "/cgi-bin/media/get?access_token=" + w.token() + "&media_id=" + up.ServerID)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if resp.Header.Get("Content-Type") != "image/png" || !strings.Contains(resp.Header.Get("Content-Disposition"), ".png") {
		t.Errorf("media/get: %v", resp.Header)
	}
}
