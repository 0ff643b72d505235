package handlers

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/xunjia/xunjia"
	"github.com/xunjia/xunjia/sim"
	"github.com/xunjia/xunjia/wechat"
)

// newTemplateWorld has an account with a template of the right title, one that
// staff must choose, and one whose kinds do not fit.
func newTemplateWorld(t *testing.T) *simWorld {
	t.Helper()
	w := &simWorld{}
	w.world = newWorld(t, func(o *Options) {
		var err error
		account := sim.Account{AppID: simApp, Secret: simSecret, OriginalID: "gh_0123456789ab", Name: "询价通", Token: "token", Mode: sim.Plain,
			ServerURL: o.BaseURL + "/wechat/callback", WebURL: o.BaseURL, Templates: []sim.Template{
				{ID: "right", Title: xunjia.TemplateNewQuote, Content: "报价品种:{{thing1.DATA}}\n报价金额:{{amount2.DATA}}\n供应商:{{thing3.DATA}}\n报价时间:{{time4.DATA}}\n"},
				{ID: "other-title", Title: "采购需求提醒", Content: "采购品种:{{thing1.DATA}}\n采购商:{{thing2.DATA}}\n"},
				{ID: "unfit", Title: xunjia.TemplateQuoteAnswer, Content: "报价品种:{{thing1.DATA}}\n处理时间:{{phrase2.DATA}}\n"},
			}}
		w.sim, err = sim.New(sim.Options{Addr: "127.0.0.1:0", Accounts: []sim.Account{account}, Users: []sim.User{{ID: "fan", Nickname: "老陈", Phone: "13900000001"}}})
		if err != nil {
			t.Fatal(err)
		}
		if err := w.sim.Start(t.Context()); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = w.sim.Close() })
		o.Watch = NewWatch(time.Now)
		o.WeChat = wechat.Config{AppID: simApp, Secret: simSecret, Token: "token", Mode: wechat.Plain, Hosts: wechat.Hosts{API: w.sim.URL(), Open: w.sim.URL(), MP: w.sim.URL()}}
		if o.Account, err = wechat.New(o.WeChat, o.Store, wechat.Options{Log: o.Log, Observe: o.Watch.Call}); err != nil {
			t.Fatal(err)
		}
	})
	return w
}

func TestMessageTemplates(t *testing.T) {
	w := newTemplateWorld(t)
	b := w.at(w.hire("boss", xunjia.OperatorRole, goodPassword))
	page := func(title string) string { return "/admin/templates/" + url.PathEscape(title) }
	contains(t, b.get("/admin/templates"), xunjia.TemplateNewPurchase, "缺少模板", "正常", "不能发送", "处理时间只能是 5 个以内的汉字")
	contains(t, b.get(page(xunjia.TemplateNewPurchase)), "公众号里没有这个模板", "采购品种、采购数量、收货地区、截止时间、采购商", "采购需求提醒")
	contains(t, b.get(page(xunjia.TemplateQuoteAnswer)), "不能发送", "只能是 5 个以内的汉字")
	contains(t, b.get(page(xunjia.TemplateNewQuote)), "川源药材行", "amount2", "68.50元")
	wantStatus(t, b.get(page("没有这种")), http.StatusNotFound)

	b.get(page(xunjia.TemplateNewPurchase))
	a := b.post(page(xunjia.TemplateNewPurchase), "template", "somebody-elses")
	wantStatus(t, a, http.StatusUnprocessableEntity)
	contains(t, a, "公众号里没有这个模板，请刷新后重新选择")
	redirects(t, b.post(page(xunjia.TemplateNewPurchase), "template", "other-title"), page(xunjia.TemplateNewPurchase))
	a = b.get(page(xunjia.TemplateNewPurchase))
	contains(t, a, "模板里没有、因此不显示的内容：采购数量、收货地区、截止时间", "已保存")
	contains(t, b.get("/admin/templates"), "员工指定")

	// To nobody, to a stranger, and to a fan, who sees it in his chat.
	b.get(page(xunjia.TemplateNewPurchase))
	wantStatus(t, b.post(page(xunjia.TemplateNewPurchase)+"/test", "openid", ""), http.StatusUnprocessableEntity)
	a = b.post(page(xunjia.TemplateNewPurchase)+"/test", "openid", "oNobodyInParticular0000000001")
	wantStatus(t, a, http.StatusUnprocessableEntity)
	contains(t, a, "oNobodyInParticular0000000001", "openid 不正确")
	fan := w.follow("fan")
	redirects(t, b.post(page(xunjia.TemplateNewPurchase)+"/test", "openid", fan.OpenID), page(xunjia.TemplateNewPurchase))
	log, err := w.store.Audits(t.Context(), xunjia.AuditFilter{Action: "template."}, xunjia.Page{})
	if err != nil || len(log.Items) != 2 || log.Items[0].Action != "template.tested" || strings.Contains(log.Items[0].Detail, fan.OpenID) {
		t.Errorf("audit log %+v, %v", log.Items, err)
	}
	b.get(page(xunjia.TemplateNewPurchase))
	redirects(t, b.post(page(xunjia.TemplateNewPurchase), "template", ""), page(xunjia.TemplateNewPurchase))
	contains(t, b.get("/admin/templates"), "缺少模板")
}

func TestAccountHealth(t *testing.T) {
	w := newTemplateWorld(t)
	b := w.at(w.hire("boss", xunjia.OperatorRole, goodPassword))
	a := b.get("/admin/health")
	contains(t, a, simApp, "还没有取过", "启动以来没有接口错误", "正常")
	w.follow("fan")
	b.get("/admin/templates")                    // fetches the token
	b.get("/wechat/callback?signature=forged")   // is refused
	b.get("/wechat/callback?" + signed("token")) // has no echostr
	b.get("/admin/templates/" + url.PathEscape(xunjia.TemplateNewQuote))
	b.post("/admin/templates/"+url.PathEscape(xunjia.TemplateNewQuote)+"/test", "openid", "oNobodyInParticular0000000001")
	a = b.get("/admin/health")
	contains(t, a, "还有", "签名不正确 1", "不是微信的请求 1", "openid 不正确", "/cgi-bin/message/template/send", "内回答")
	if token, err := w.store.Credential(t.Context(), simApp, "access_token"); err != nil || strings.Contains(a.body, token.Value) {
		t.Errorf("the page shows the token, or there is none: %v", err)
	}
	if strings.Contains(a.body, "还没有取过，第一次用到时自动获取</dd>") && strings.Count(a.body, "还没有取过") > 1 {
		t.Error("the token is still unknown")
	}
	// Redis down is said on the page instead of replacing it.
	if err := w.redis.Close(); err != nil {
		t.Fatal(err)
	}
	a = b.get("/admin/health")
	wantStatus(t, a, http.StatusOK)
	contains(t, a, "text-danger")
}

func TestWatchForgets(t *testing.T) {
	now := time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC)
	w := NewWatch(func() time.Time { return now })
	for i := range pushesKept + 10 {
		w.Push(time.Duration(i)*time.Millisecond, "")
	}
	for range errorsKept + 5 {
		w.Call("/a", time.Second, http.ErrHandlerTimeout)
	}
	for range 1000 {
		w.Push(0, "something a stranger made up "+now.String())
		now = now.Add(time.Millisecond)
	}
	got := w.pushStats()
	if got.count != pushesKept || got.max != (pushesKept+9)*time.Millisecond || got.p50 >= got.p95 || len(got.refused) != 1 || len(w.lastErrors()) != errorsKept {
		t.Errorf("%+v, %d errors", got, len(w.lastErrors()))
	}
	now = now.Add(pushWindow)
	if got := w.pushStats(); got.count != 0 || got.max != 0 {
		t.Errorf("after an hour: %+v", got)
	}
}
