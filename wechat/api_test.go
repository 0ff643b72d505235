package wechat

import (
	"context"
	"encoding/json"
	"errors"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/xunjia/xunjia"
)

// sent checks the last call's path and JSON body.
func (p *platform) sent(t *testing.T, path, want string) {
	t.Helper()
	got := p.last()
	if got.path != path {
		t.Errorf("called %s, want %s", got.path, path)
	}
	var g, w any
	if err := json.Unmarshal([]byte(got.body), &g); err != nil {
		t.Errorf("%s: body %q", path, got.body)
	}
	if err := json.Unmarshal([]byte(want), &w); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(w, g); diff != "" {
		t.Errorf("%s: %s", path, diff)
	}
}

func TestAuthorizeURL(t *testing.T) {
	_, a := newAccount(t)
	got := a.AuthorizeURL("https://x.example.com/wx?to=/a&b=c", ScopeBase, "s-1")
	want := "https://open.weixin.qq.com/connect/oauth2/authorize?appid=" + testAppID +
		"&redirect_uri=https%3A%2F%2Fx.example.com%2Fwx%3Fto%3D%2Fa%26b%3Dc&response_type=code&scope=snsapi_base&state=s-1#wechat_redirect"
	if got != want {
		t.Error(got)
	}
	simulated, err := New(Config{AppID: "wx1", Secret: "s", Hosts: Hosts{Open: "http://127.0.0.1:8081/sim/"}}, newMemoryStore(nil), Options{})
	if err != nil {
		t.Fatal(err)
	}
	if got := simulated.AuthorizeURL("http://x/", ScopeUserInfo, "s"); !strings.HasPrefix(got, "http://127.0.0.1:8081/sim/connect/oauth2/authorize?appid=wx1&") {
		t.Error(got)
	}
}

func TestExchange(t *testing.T) {
	for name, c := range map[string]struct {
		token, info string
		want        OAuthIdentity
		calls       int
	}{
		"silent": {
			`{"access_token":"u","openid":"o-1","scope":"snsapi_base"}`, ``,
			OAuthIdentity{OpenID: "o-1", Scope: "snsapi_base"}, 1,
		},
		"with consent": {
			`{"access_token":"u","openid":"o-1","scope":"snsapi_userinfo","unionid":""}`,
			"{\"openid\":\"o-1\",\"nickname\":\"王\x02掌柜\",\"headimgurl\":\"http://a\",\"unionid\":\"un\",\"sex\":0,\"privilege\":[]}",
			OAuthIdentity{OpenID: "o-1", UnionID: "un", Scope: "snsapi_userinfo", Nickname: "王 掌柜", Avatar: "http://a"}, 2,
		},
		"snapshot page": {
			`{"access_token":"u","openid":"o-virtual","scope":"snsapi_userinfo","is_snapshotuser":1}`, `{"nickname":"x"}`,
			OAuthIdentity{OpenID: "o-virtual", Scope: "snsapi_userinfo", Snapshot: true}, 1,
		},
		"profile refused": {
			`{"access_token":"u","openid":"o-1","scope":"snsapi_userinfo","unionid":"un"}`, `{"errcode":48001,"errmsg":"no"}`,
			OAuthIdentity{OpenID: "o-1", UnionID: "un", Scope: "snsapi_userinfo"}, 2,
		},
	} {
		p, a := newAccount(t)
		p.on("/sns/oauth2/access_token", c.token)
		p.on("/sns/userinfo", c.info)
		got, err := a.Exchange(context.Background(), "code")
		if diff := cmp.Diff(c.want, got); diff != "" || err != nil {
			t.Errorf("%s: %v %s", name, err, diff)
		}
		if fetches, _, calls := p.counts(); calls != c.calls || fetches != 0 {
			t.Errorf("%s: %d calls and %d tokens, want %d and 0", name, calls, fetches, c.calls)
		}
	}
}

// A refused code is the visitor's business: no token is refreshed for it.
func TestExchangeErrors(t *testing.T) {
	for answer, code := range map[string]xunjia.Code{
		`{"errcode":40029,"errmsg":"invalid code rid: 1"}`:   xunjia.Unauthorized,
		`{"errcode":40163,"errmsg":"code been used rid: 1"}`: xunjia.Unauthorized,
		`{"errcode":40001,"errmsg":"invalid credential"}`:    xunjia.Unavailable,
		`{"errcode":40125,"errmsg":"invalid appsecret"}`:     xunjia.Unavailable,
		`{}`:     xunjia.Unavailable,
		`<html>`: xunjia.Unavailable,
	} {
		p, a := newAccount(t)
		p.on("/sns/oauth2/access_token", answer)
		_, err := a.Exchange(context.Background(), "code")
		if xunjia.ErrorCode(err) != code {
			t.Errorf("%s: %v", answer, err)
		}
		if fetches, _, calls := p.counts(); fetches != 0 || calls != 1 {
			t.Errorf("%s: %d token fetches, %d calls", answer, fetches, calls)
		}
	}
	p, a := newAccount(t)
	if _, err := a.Exchange(context.Background(), ""); xunjia.ErrorCode(err) != xunjia.Unauthorized {
		t.Errorf("no code: %v", err)
	}
	if _, _, calls := p.counts(); calls != 0 {
		t.Error("the platform was asked about an empty code")
	}
}

func TestPrivateTemplates(t *testing.T) {
	p, a := newAccount(t)
	p.on("/cgi-bin/template/get_all_private_template", `{"template_list":[{"template_id":"T1","title":"收到报价通知","content":"报价品种:{{thing1.DATA}}\n报价金额:{{amount2.DATA}}\n{{keyword3.DATA}}","example":"e"}]}`)
	got, err := a.PrivateTemplates(context.Background())
	want := []PrivateTemplate{{
		ID: "T1", Title: "收到报价通知", Content: "报价品种:{{thing1.DATA}}\n报价金额:{{amount2.DATA}}\n{{keyword3.DATA}}", Example: "e",
		Fields: []TemplateField{{"报价品种", "thing1", "thing"}, {"报价金额", "amount2", "amount"}, {"", "keyword3", "keyword"}},
	}}
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Errorf("%v %s", err, diff)
	}
}

func TestSubscriptions(t *testing.T) {
	p, a := newAccount(t)
	ctx := context.Background()
	p.on("/wxaapi/newtmpl/gettemplate", `{"errcode":0,"errmsg":"ok","data":[{"priTmplId":"S1","title":"到货","content":"品种:{{thing2.DATA}}\n","example":"","type":2},{"priTmplId":"S2","title":"行情","content":"","type":3}]}`)
	list, err := a.SubscriptionTemplates(ctx)
	if err != nil || len(list) != 2 || list[0].LongTerm || !list[1].LongTerm || list[0].Fields[0].Key != "thing2" {
		t.Errorf("%+v, %v", list, err)
	}
	if err := a.SendSubscription(ctx, Subscription{OpenID: "o", TemplateID: "S1", Page: "https://x/", Data: map[string]string{"thing2": "黄连"}}); err != nil {
		t.Fatal(err)
	}
	p.sent(t, "/cgi-bin/message/subscribe/bizsend", `{"touser":"o","template_id":"S1","page":"https://x/","data":{"thing2":{"value":"黄连"}}}`)
	if _, err := a.AddSubscriptionTemplate(ctx, "1", []int{1}, ""); xunjia.ErrorCode(err) != xunjia.Invalid {
		t.Errorf("one keyword: %v", err)
	}
}

func TestRepliesAsCustomerMessages(t *testing.T) {
	p, a := newAccount(t)
	ctx := context.Background()
	for _, c := range []struct {
		r    Reply
		want string
	}{
		{TextReply{"您好"}, `{"touser":"o","msgtype":"text","text":{"content":"您好"}}`},
		{ImageReply{"m"}, `{"touser":"o","msgtype":"image","image":{"media_id":"m"}}`},
		{VoiceReply{"m"}, `{"touser":"o","msgtype":"voice","voice":{"media_id":"m"}}`},
		{VideoReply{"m", "th", "t", "d"}, `{"touser":"o","msgtype":"video","video":{"media_id":"m","thumb_media_id":"th","title":"t","description":"d"}}`},
		{MusicReply{"t", "d", "u", "h", "th"}, `{"touser":"o","msgtype":"music","music":{"title":"t","description":"d","musicurl":"u","hqmusicurl":"h","thumb_media_id":"th"}}`},
		{NewsReply{[]Article{{"t", "d", "p", "u"}, {Title: "second"}}}, `{"touser":"o","msgtype":"news","news":{"articles":[{"title":"t","description":"d","url":"u","picurl":"p"}]}}`},
	} {
		if err := a.SendReply(ctx, "o", c.r); err != nil {
			t.Errorf("%T: %v", c.r, err)
		}
		p.sent(t, "/cgi-bin/message/custom/send", c.want)
	}
	for _, r := range []Reply{nil, TextReply{" "}, NewsReply{}, TransferReply{}} {
		if err := a.SendReply(ctx, "o", r); xunjia.ErrorCode(err) != xunjia.Invalid {
			t.Errorf("%#v: %v", r, err)
		}
	}
}

func TestMenuLimits(t *testing.T) {
	click := func(name string) *Button { return &Button{Type: "click", Name: name, Key: "k"} }
	three := []*Button{click("一"), click("二"), click("三")}
	for name, c := range map[string]struct {
		menu []*Button
		ok   bool
	}{
		"three buttons":       {three, true},
		"five sub-buttons":    {[]*Button{{Name: "我的", SubButtons: []*Button{click("1"), click("2"), click("3"), click("4"), click("5")}}}, true},
		"long sub-name":       {[]*Button{{Name: "我的", SubButtons: []*Button{click(strings.Repeat("名", 20))}}}, true},
		"view":                {[]*Button{{Type: "view", Name: "商城", URL: "https://x/?a=1&b=2"}}, true},
		"mini program":        {[]*Button{{Type: "miniprogram", Name: "程序", URL: "https://x/", AppID: "wx", PagePath: "p"}}, true},
		"none":                {nil, false},
		"four":                {append(three, click("四")), false},
		"six sub-buttons":     {[]*Button{{Name: "我的", SubButtons: []*Button{click("1"), click("2"), click("3"), click("4"), click("5"), click("6")}}}, false},
		"no name":             {[]*Button{click("")}, false},
		"nil":                 {[]*Button{nil}, false},
		"long name":           {[]*Button{click("超过五个汉字")}, false},
		"sub-name too long":   {[]*Button{{Name: "我的", SubButtons: []*Button{click(strings.Repeat("名", 21))}}}, false},
		"three levels":        {[]*Button{{Name: "我的", SubButtons: []*Button{{Name: "a", SubButtons: three}}}}, false},
		"no key":              {[]*Button{{Type: "click", Name: "a"}}, false},
		"long key":            {[]*Button{{Type: "click", Name: "a", Key: strings.Repeat("k", 129)}}, false},
		"no address":          {[]*Button{{Type: "view", Name: "a"}}, false},
		"relative address":    {[]*Button{{Type: "view", Name: "a", URL: "/mine"}}, false},
		"script":              {[]*Button{{Type: "view", Name: "a", URL: "javascript:alert(1)"}}, false},
		"long address":        {[]*Button{{Type: "view", Name: "a", URL: "https://x/" + strings.Repeat("a", 1024)}}, false},
		"no page":             {[]*Button{{Type: "miniprogram", Name: "a", URL: "https://x/", AppID: "wx"}}, false},
		"no media":            {[]*Button{{Type: "media_id", Name: "a"}}, false},
		"no action":           {[]*Button{{Name: "a"}}, false},
		"action of its own":   {[]*Button{{Type: "dance", Name: "a"}}, false},
		"sub-button is empty": {[]*Button{{Name: "a", SubButtons: []*Button{{}}}}, false},
	} {
		if err := ValidateMenu(c.menu); (err == nil) != c.ok {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestMenus(t *testing.T) {
	p, a := newAccount(t)
	ctx := context.Background()
	buttons := []*Button{{Type: "view", Name: "商城", URL: "https://x/?a=1&b=2"}}
	p.on("/cgi-bin/menu/addconditional", `{"menuid":"208379533"}`)
	id, err := a.CreateConditionalMenu(ctx, buttons, 2)
	if err != nil || id != "208379533" {
		t.Errorf("%q, %v", id, err)
	}
	if !strings.Contains(p.last().body, "?a=1&b=2") {
		t.Errorf("the address was escaped: %s", p.last().body)
	}
	p.sent(t, "/cgi-bin/menu/addconditional", `{"button":[{"type":"view","name":"商城","url":"https://x/?a=1&b=2"}],"matchrule":{"tag_id":"2"}}`)
	p.on("/cgi-bin/menu/get", `{"menu":{"button":[{"type":"click","name":"a","key":"k","sub_button":[]}],"menuid":1},"conditionalmenu":[{"button":[],"matchrule":{"group_id":"2"},"menuid":208379533}]}`)
	menu, conditional, err := a.Menus(ctx)
	if err != nil || menu.ID != "1" || menu.Buttons[0].Key != "k" || len(conditional) != 1 || conditional[0].TagID != 2 || conditional[0].ID != "208379533" {
		t.Errorf("%+v %+v %v", menu, conditional, err)
	}
	p.on("/cgi-bin/menu/get", `{"errcode":46003,"errmsg":"menu no exist rid: 1"}`)
	if menu, conditional, err := a.Menus(ctx); err != nil || menu.Buttons != nil || conditional != nil {
		t.Errorf("without a menu: %+v %v", menu, err)
	}
	if err := a.CreateMenu(ctx, nil); xunjia.ErrorCode(err) != xunjia.Invalid {
		t.Errorf("empty menu: %v", err)
	}
}

func TestFans(t *testing.T) {
	p, a := newAccount(t)
	ctx := context.Background()
	p.on("/cgi-bin/user/info", `{"subscribe":1,"openid":"o","subscribe_time":4102444800,"remark":"老王","tagid_list":[2,100],"subscribe_scene":"ADD_SCENE_QR_CODE","qr_scene_str":"invite:9","nickname":""}`)
	fan, err := a.Fan(ctx, "o")
	want := Fan{
		OpenID: "o", Subscribed: true, Since: time.Unix(4102444800, 0), Remark: "老王", Tags: []int64{2, 100},
		Source: "ADD_SCENE_QR_CODE", Scene: "invite:9",
	}
	if diff := cmp.Diff(want, fan); diff != "" || err != nil {
		t.Errorf("a fan since 2100: %v %s", err, diff)
	}
	p.on("/cgi-bin/user/get", `{"total":2,"count":2,"data":{"openid":["o1","o2"]},"next_openid":"o2"}`)
	ids, next, err := a.FanIDs(ctx, "")
	if err != nil || len(ids) != 2 || next != "o2" {
		t.Errorf("%v %q %v", ids, next, err)
	}
	p.on("/cgi-bin/user/get", `{"total":2,"count":0,"next_openid":""}`)
	if ids, next, err := a.FanIDs(ctx, "o2"); err != nil || len(ids) != 0 || next != "" {
		t.Errorf("last page: %v %q %v", ids, next, err)
	}
	if q, _ := url.ParseQuery(p.last().query); q.Get("next_openid") != "o2" {
		t.Errorf("query %s", p.last().query)
	}
	p.on("/cgi-bin/changeopenid", `{"errcode":0,"errmsg":"ok","result_list":[{"ori_openid":"a","new_openid":"b","err_msg":"ok"},{"ori_openid":"c","err_msg":"ori_openid error"}]}`)
	moved, err := a.Migrate(ctx, "wx-old", []string{"a", "c"})
	if diff := cmp.Diff(map[string]string{"a": "b"}, moved); diff != "" || err != nil {
		t.Errorf("%v %s", err, diff)
	}
	many := make([]string, 101)
	_, e1 := a.Fans(ctx, many)
	_, e2 := a.Migrate(ctx, "wx-old", many)
	for _, err := range []error{e1, e2, a.AddTag(ctx, 1, many[:51]), a.RemoveTag(ctx, 1, nil), a.Block(ctx, many[:21]), a.Unblock(ctx, many)} {
		if xunjia.ErrorCode(err) != xunjia.Invalid {
			t.Errorf("too many or none: %v", err)
		}
	}
}

func TestQRCodes(t *testing.T) {
	p, a := newAccount(t)
	ctx := context.Background()
	p.on("/cgi-bin/qrcode/create", `{"ticket":"g+/=","expire_seconds":3600,"url":"http://weixin.qq.com/q/kZ"}`)
	qr, err := a.CreateQR(ctx, "invite:9", time.Hour)
	want := QRCode{Ticket: "g+/=", URL: "http://weixin.qq.com/q/kZ", Life: time.Hour, ImageURL: mpHost + "/cgi-bin/showqrcode?ticket=g%2B%2F%3D"}
	if diff := cmp.Diff(want, qr); diff != "" || err != nil {
		t.Errorf("%v %s", err, diff)
	}
	p.sent(t, "/cgi-bin/qrcode/create", `{"expire_seconds":3600,"action_name":"QR_STR_SCENE","action_info":{"scene":{"scene_str":"invite:9"}}}`)
	if _, err := a.CreateQR(ctx, "staff:1", 0); err != nil {
		t.Fatal(err)
	}
	p.sent(t, "/cgi-bin/qrcode/create", `{"action_name":"QR_LIMIT_STR_SCENE","action_info":{"scene":{"scene_str":"staff:1"}}}`)
	for _, bad := range []struct {
		scene string
		life  time.Duration
	}{{"", time.Hour}, {strings.Repeat("s", 65), time.Hour}, {"s", time.Second}, {"s", MaxQRLife + 1}, {"s", -1}} {
		if _, err := a.CreateQR(ctx, bad.scene, bad.life); xunjia.ErrorCode(err) != xunjia.Invalid {
			t.Errorf("%+v: %v", bad, err)
		}
	}
}

func TestNewRefusesWhatCannotWork(t *testing.T) {
	store := newMemoryStore(nil)
	for name, cfg := range map[string]Config{
		"no app":    {Secret: "s"},
		"no secret": {AppID: "a"},
		"bad mode":  {AppID: "a", Secret: "s", Mode: "aes"},
		"bad host":  {AppID: "a", Secret: "s", Hosts: Hosts{API: "api.weixin.qq.com"}},
		"ftp":       {AppID: "a", Secret: "s", Hosts: Hosts{MP: "ftp://x"}},
	} {
		if _, err := New(cfg, store, Options{}); err == nil {
			t.Errorf("%s was accepted", name)
		}
	}
	if _, err := New(Config{AppID: "a", Secret: "s"}, nil, Options{}); err == nil {
		t.Error("no store was accepted")
	}
	handle := func(context.Context, Message) (Reply, error) { return nil, errors.New("unused") }
	for name, cfg := range map[string]Config{
		"no token": {AppID: "a", Mode: Plain},
		"no key":   {AppID: "a", Token: "t", Mode: Safe},
		"half key": {AppID: "a", Token: "t", AESKey: "abc"},
	} {
		if _, err := NewCallback(cfg, newInbox(), handle, CallbackOptions{}); err == nil {
			t.Errorf("callback, %s, was accepted", name)
		}
	}
	if _, err := NewCallback(Config{AppID: "a", Token: "t", Mode: Plain}, newInbox(), nil, CallbackOptions{}); err == nil {
		t.Error("no handler was accepted")
	}
}
