package sim

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/silenceper/wechat/v2/cache"
	"github.com/silenceper/wechat/v2/officialaccount"
	"github.com/silenceper/wechat/v2/officialaccount/basic"
	"github.com/silenceper/wechat/v2/officialaccount/config"
	"github.com/silenceper/wechat/v2/officialaccount/material"
	"github.com/silenceper/wechat/v2/officialaccount/message"
	"github.com/silenceper/wechat/v2/util"
)

// A widely used SDK works against the simulator; only the host differs.
func TestForeignSDK(t *testing.T) {
	w := newWorld(t, Safe)
	util.SetURIModifier(func(uri string) string {
		u, err := url.Parse(uri)
		if err != nil {
			return uri
		}
		return w.s.URL() + u.RequestURI()
	})
	t.Cleanup(func() { util.SetURIModifier(nil) })
	oa := officialaccount.NewOfficialAccount(&config.Config{
		AppID: testApp, AppSecret: testSecret, Token: testToken, EncodingAESKey: testAES, Cache: cache.NewMemory(), UseStableAK: true,
	})

	// Its message server answers in the safe mode.
	own := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		srv := oa.GetServer(r, rw)
		srv.SetMessageHandler(func(msg *message.MixMessage) *message.Reply {
			return &message.Reply{MsgType: message.MsgTypeText, MsgData: message.NewText("SDK 收到 " + msg.Content + string(msg.Event))}
		})
		if srv.Serve() == nil {
			_ = srv.Send()
		}
	}))
	t.Cleanup(own.Close)
	a := w.s.opt.Accounts[0]
	a.ServerURL = own.URL
	if err := w.s.SetAccount(a); err != nil {
		t.Fatal(err)
	}
	if err := w.s.VerifyServer(t.Context(), testApp); err != nil {
		t.Error(err)
	}
	see := w.watch()
	w.chat("u1", "follow", m{})
	if e := see(bubble("account")); e.Message.Text != "SDK 收到 subscribe" {
		t.Errorf("follow: %+v", e.Message)
	}
	w.chat("u1", "messages", m{"type": "text", "text": "你好"})
	if e := see(bubble("account")); e.Message.Text != "SDK 收到 你好" {
		t.Errorf("text: %+v", e.Message)
	}

	if err := oa.GetMenu().SetMenuByJSON(`{"button":[{"name":"首页","type":"view","url":"https://example.com/"}]}`); err != nil {
		t.Error(err)
	}
	if got, err := oa.GetMenu().GetMenu(); err != nil || got.Menu.Button[0].Name != "首页" {
		t.Errorf("menu: %+v, %v", got, err)
	}
	openID := w.openID("u1")
	item := func(v string) *message.TemplateDataItem { return &message.TemplateDataItem{Value: v} }
	id, err := oa.GetTemplate().Send(&message.TemplateMessage{ToUser: openID, TemplateID: testTpl, Data: map[string]*message.TemplateDataItem{
		"thing1": item("黄芪"), "amount2": item("18元"), "time3": item("12:00"),
	}})
	if err != nil || id == 0 {
		t.Errorf("template: %d, %v", id, err)
	}
	if _, err = oa.GetTemplate().Send(&message.TemplateMessage{ToUser: openID, TemplateID: "x"}); err == nil || !strings.Contains(err.Error(), "40037") {
		t.Errorf("template: %v", err)
	}
	if list, err := oa.GetTemplate().List(); err != nil || len(list) != 1 {
		t.Errorf("templates: %v, %v", list, err)
	}
	if err := oa.GetCustomerMessageManager().Send(message.NewCustomerTextMessage(openID, "客服")); err != nil {
		t.Error(err)
	}
	if info, err := oa.GetUser().GetUserInfo(openID); err != nil || info.Subscribe != 1 || info.UnionID == "" {
		t.Errorf("user: %+v, %v", info, err)
	}
	if ids, err := oa.GetUser().ListAllUserOpenIDs(); err != nil || len(ids) != 1 {
		t.Errorf("users: %v, %v", ids, err)
	}
	tag, err := oa.GetUser().CreateTag("供应商")
	if err != nil {
		t.Fatal(err)
	}
	if err := oa.GetUser().BatchTag([]string{openID}, tag.ID); err != nil {
		t.Error(err)
	}
	if ids, err := oa.GetUser().UserTidList(openID); err != nil || len(ids) != 1 {
		t.Errorf("tags: %v, %v", ids, err)
	}
	if ticket, err := oa.GetBasic().GetQRTicket(basic.NewTmpQrRequest(time.Hour, "invite")); err != nil || ticket.Ticket == "" {
		t.Errorf("qr: %+v, %v", ticket, err)
	}
	if cfg, err := oa.GetJs().GetConfig("https://example.com/"); err != nil || cfg.Signature == "" {
		t.Errorf("js: %+v, %v", cfg, err)
	}
	if up, err := oa.GetMaterial().MediaUploadFromReader(material.MediaTypeImage, "a.png", bytes.NewReader(identicon("a", 40))); err != nil || up.MediaID == "" {
		t.Errorf("media: %+v, %v", up, err)
	}
	if ips, err := oa.GetBasic().GetCallbackIP(); err != nil || len(ips) == 0 {
		t.Errorf("ips: %v, %v", ips, err)
	}

	w.s.mu.Lock()
	back := w.s.issueCode(&authorizeRequest{acc: w.s.st.account(testApp), redirect: "http://x/", scope: "snsapi_userinfo"}, w.s.st.user("u1"), false)
	w.s.mu.Unlock()
	u, _ := url.Parse(back)
	grant, err := oa.GetOauth().GetUserAccessToken(u.Query().Get("code"))
	if err != nil || grant.OpenID != openID {
		t.Fatalf("oauth: %+v, %v", grant, err)
	}
	if info, err := oa.GetOauth().GetUserInfo(grant.AccessToken, grant.OpenID, ""); err != nil || info.Nickname != "王采购" {
		t.Errorf("userinfo: %+v, %v", info, err)
	}
}
