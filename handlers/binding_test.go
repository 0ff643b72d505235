package handlers

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/xunjia/xunjia"
)

// consent opens an OAuth address on a user's simulated phone, gives an answer
// ("allow", "deny", "snapshot") and tells where the phone is sent, on our site.
func (w *simWorld) consent(user, address, answer string) string {
	w.t.Helper()
	u, err := url.Parse(address)
	if err != nil || u.Path != "/connect/oauth2/authorize" {
		w.t.Fatalf("not sent to WeChat but to %q", address)
	}
	base := ""
	for _, s := range w.ask(http.MethodGet, "/state", nil)["users"].([]any) {
		if s := s.(map[string]any); s["id"] == user {
			base, _ = s["browser_url"].(string)
		}
	}
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	res, err := client.Get(base + u.RequestURI())
	if err == nil && res.StatusCode == http.StatusOK {
		res.Body.Close()
		res, err = client.PostForm(base+u.Path, url.Values{"query": {u.RawQuery}, "answer": {answer}})
	}
	if err != nil {
		w.t.Fatal(err)
	}
	res.Body.Close()
	back, err := url.Parse(res.Header.Get("Location"))
	if err != nil || back.Path == "" {
		w.t.Fatalf("the phone is not sent back: %d", res.StatusCode)
	}
	return back.RequestURI()
}

// A user binds his WeChat inside WeChat, cannot take somebody else's, and gives
// it up again.
func TestBindInWeChat(t *testing.T) {
	w := newSimWorld(t)
	ctx := t.Context()
	me := w.member(1)
	me.agent = w.weChat().agent
	contains(t, me.get("/me/wechat"), "还没有绑定微信", "/me/wechat/bind")
	a := me.get("/me/wechat/bind")
	wantStatus(t, a, http.StatusSeeOther)
	back := w.consent("fan", a.to(), "allow")
	redirects(t, me.get(back), "/me/wechat")
	contains(t, me.get("/me/wechat"), "已绑定微信", "老陈")
	i, err := w.store.IdentityByOpenID(ctx, simApp, w.openID("fan"))
	if err != nil || i.UserID != 1 {
		t.Fatalf("%+v, %v", i, err)
	}
	redirects(t, me.get(back), "/me/wechat") // loaded again: nothing breaks

	other := w.member(2)
	other.agent = me.agent
	// Perhaps both accounts are his: he may prove it and merge them.
	redirects(t, other.get(w.consent("fan", other.get("/me/wechat/bind").to(), "allow")), "/me/merge")
	contains(t, other.get("/me/merge"), "已经有您的另一个账号", "证明另一个账号也是您的")
	if i, err := w.store.IdentityByOpenID(ctx, simApp, w.openID("fan")); err != nil || i.UserID != 1 {
		t.Fatalf("%+v, %v", i, err)
	}
	// A state of another browser binds nothing.
	stolen := w.consent("other", me.get("/me/wechat/bind").to(), "allow")
	redirects(t, other.get(stolen), "/me/wechat")
	if i, err := w.store.IdentityOfUser(ctx, simApp, 2); xunjia.ErrorCode(err) != xunjia.NotFound {
		t.Errorf("bound by another's state: %+v, %v", i, err)
	}
	redirects(t, other.get(w.consent("other", other.get("/me/wechat/bind").to(), "deny")), "/me/wechat")
	contains(t, other.get(w.consent("other", other.get("/me/wechat/bind").to(), "snapshot")), "使用完整服务")
	if i, err := w.store.IdentityOfUser(ctx, simApp, 2); xunjia.ErrorCode(err) != xunjia.NotFound {
		t.Errorf("bound by a snapshot: %+v, %v", i, err)
	}

	// A second one may be bound, and each of them given up.
	redirects(t, me.get(w.consent("other", me.get("/me/wechat/bind").to(), "allow")), "/me/wechat")
	second, err := w.store.IdentityByOpenID(ctx, simApp, w.openID("other"))
	if err != nil || second.UserID != 1 {
		t.Fatalf("%+v, %v", second, err)
	}
	contains(t, me.get("/me/wechat"), "老陈", "小王")
	for _, id := range []string{"", "abc", "99999"} {
		wantStatus(t, me.get("/me/wechat?do=unbind&id="+id), http.StatusNotFound)
		me.get("/me")
		wantStatus(t, me.post("/me/wechat/unbind", "id", id), http.StatusNotFound)
	}
	other.get("/me")
	wantStatus(t, other.post("/me/wechat/unbind", "id", jsonNumber(i.ID)), http.StatusNotFound)
	for _, id := range []int64{i.ID, second.ID} {
		contains(t, me.get("/me/wechat?do=unbind&id="+jsonNumber(id)), "解除绑定？")
		redirects(t, me.post("/me/wechat/unbind"), "/me/wechat")
	}
	contains(t, me.get("/me/wechat"), "还没有绑定微信", "已解除绑定")
	if me.session().UserID != 1 {
		t.Error("unbinding logged him out")
	}
}

// From a PC: the code, the phone's yes, and the page goes on.
func TestBindFromPC(t *testing.T) {
	w := newSimWorld(t)
	fan := w.follow("fan")
	pc := w.member(1)
	contains(t, pc.get("/me/wechat"), "用微信扫码绑定")
	code := pc.json("/me/wechat/scan")
	w.scan("fan", w.code(pc, code["watch"]).URL)
	token := w.said("fan", `绑定到询价通账号[\s\S]*/scan/([A-Z2-7]+)"`)
	phone := w.weChat()
	contains(t, phone.get("/scan/"+token), "绑定这个微信？")
	contains(t, phone.post("/scan/"+token, "do", "yes"), "绑定成功")
	if answer := pc.json(code["watch"].(string)); answer["next"] != "/me/wechat" {
		t.Errorf("%v", answer)
	}
	if i, err := w.store.IdentityOfUser(t.Context(), simApp, 1); err != nil || i.ID != fan.ID {
		t.Errorf("%+v, %v", i, err)
	}
	if pc.session().UserID != 1 || phone.session().UserID != 0 {
		t.Error("binding changed who is logged in")
	}
	// Somebody else's: the question is answered with the conflict.
	second := w.member(2)
	code = second.json("/me/wechat/scan")
	w.scan("fan", w.code(second, code["watch"]).URL)
	var a answer
	w.eventually("a new question", func() bool {
		next := w.said("fan", `绑定到询价通账号[\s\S]*/scan/([A-Z2-7]+)"`)
		if next == token {
			return false
		}
		phone.get("/scan/" + next)
		a = phone.post("/scan/"+next, "do", "yes")
		return true
	})
	wantStatus(t, a, http.StatusConflict)
	contains(t, a, "已经绑定了另一个账号")
}

// Against the simulator: login, a code that is spent, no consent, a snapshot.
func TestOAuthAtTheSimulator(t *testing.T) {
	w := newSimWorld(t)
	b := w.weChat()
	base := w.consent("fan", b.get("/oauth/start?return=%2Fme").to(), "") // silent: not asked
	ask := b.get(base).to()
	if !strings.Contains(ask, "snsapi_userinfo") {
		t.Fatalf("not asked: %s", ask)
	}
	contains(t, b.get(w.consent("fan", ask, "deny")), "您没有同意授权")
	b2 := w.weChat()
	back := w.consent("fan", b2.get("/oauth/start?ask=1&return=%2Fme").to(), "allow")
	redirects(t, b2.get(back), "/register?return=%2Fme")
	redirects(t, b2.get(back), "/oauth/start?again=1&return=%2Fme")
	thief := w.weChat()
	thief.get("/register?phone=1")
	redirects(t, thief.get(back), "/oauth/start?again=1&return=%2Fme")
	if s := thief.session(); s.IdentityID != 0 {
		t.Errorf("the thief is %+v", s)
	}
	before, err := w.store.Fans(t.Context(), simApp, xunjia.FanFilter{}, xunjia.Page{})
	if err != nil {
		t.Fatal(err)
	}
	b3 := w.weChat()
	contains(t, b3.get(w.consent("other", b3.get("/oauth/start?ask=1").to(), "snapshot")), "使用完整服务")
	if after, err := w.store.Fans(t.Context(), simApp, xunjia.FanFilter{}, xunjia.Page{}); err != nil || len(after.Items) != len(before.Items) {
		t.Errorf("a snapshot visitor became an identity: %d, %v", len(after.Items), err)
	}
}

// Only our own pages are signed, and only inside WeChat the SDK is loaded.
func TestJSConfig(t *testing.T) {
	w := newSimWorld(t)
	b := w.browser()
	page := w.url + "/purchases/1?a=1"
	answer := b.json("/wechat/jsconfig?url=" + url.QueryEscape(page+"#top") + "&entry=" + url.QueryEscape(w.url+"/"))
	for _, name := range []string{"url", "entry"} {
		signed, _ := answer[name].(map[string]any)
		if signed["appId"] != simApp || len(signed["signature"].(string)) != 40 {
			t.Errorf("%s: %v", name, signed)
		}
	}
	for _, foreign := range []string{"https://evil.example.com/", "", "javascript:alert(1)"} {
		wantStatus(t, b.get("/wechat/jsconfig?url="+url.QueryEscape(foreign)), http.StatusUnprocessableEntity)
	}
	inside, outside := w.weChat().get("/purchases/1"), b.get("/purchases/1")
	contains(t, inside, "https://res.wx.qq.com/open/js/jweixin-1.6.0.js", `property="og:title" content="采购：`, `property="og:image"`)
	if policy := inside.Header.Get("Content-Security-Policy"); !strings.Contains(policy, "script-src 'self' https://res.wx.qq.com") {
		t.Errorf("policy %q", policy)
	}
	if strings.Contains(outside.body, "jweixin") || strings.Contains(outside.Header.Get("Content-Security-Policy"), "res.wx.qq.com") {
		t.Error("the SDK is loaded outside WeChat")
	}
}

// A picture chosen with the SDK is kept like an upload; nonsense is refused.
func TestWeChatPicture(t *testing.T) {
	w := newSimWorld(t)
	id, err := w.site.Account.UploadMedia(t.Context(), "image", "a.png", w.site.mustQR(t))
	if err != nil {
		t.Fatal(err)
	}
	me := w.member(1)
	me.get("/me")
	a := me.post("/media/wechat", "server_id", id)
	wantStatus(t, a, http.StatusOK)
	contains(t, a, `"key":`, `"url":"/media/`)
	wantStatus(t, me.post("/media/wechat", "server_id", "unknown"), http.StatusUnprocessableEntity)
	me.get("/me")
	wantStatus(t, me.post("/media/wechat", "server_id", ""), http.StatusUnprocessableEntity)
}
