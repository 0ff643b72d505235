package gosdk

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"image"
	"image/png"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/ArtisanCloud/PowerLibs/v3/object"
	"github.com/ArtisanCloud/PowerWeChat/v3/src/kernel/messages"
	"github.com/ArtisanCloud/PowerWeChat/v3/src/kernel/power"
	"github.com/ArtisanCloud/PowerWeChat/v3/src/officialAccount"
	menu "github.com/ArtisanCloud/PowerWeChat/v3/src/officialAccount/menu/request"
	template "github.com/ArtisanCloud/PowerWeChat/v3/src/officialAccount/templateMessage/request"

	"github.com/xunjia/xunjia/sim"
)

const (
	secret     = "5100000000000000000000000000000a"
	templateID = "tplOrder"
	webURL     = "http://127.0.0.1:9" // nothing listens: only its name matters
)

// hosts sends what is meant for the platform to the simulator. It is all that
// an SDK with addresses of its own needs.
type hosts struct {
	sim  *url.URL
	next http.RoundTripper
}

func (h hosts) RoundTrip(r *http.Request) (*http.Response, error) {
	if strings.HasSuffix(r.URL.Hostname(), ".weixin.qq.com") {
		r = r.Clone(r.Context())
		r.URL.Scheme, r.URL.Host, r.Host = h.sim.Scheme, h.sim.Host, ""
	}
	return h.next.RoundTrip(r)
}

// world is a simulator with PowerWeChat in front of it.
type world struct {
	t      *testing.T
	sim    *sim.Server
	app    *officialAccount.OfficialAccount
	appID  string
	openID string // of u1, who follows
}

func start(t *testing.T, secret string) *world {
	t.Helper()
	// PowerWeChat keeps tokens and tickets in one memory for the whole process:
	// every test has an account of its own.
	appID := fmt.Sprintf("wx%016x", sha256.Sum256([]byte(t.Name())))[:18]
	server, err := sim.New(sim.Options{
		Seed: 1,
		Accounts: []sim.Account{{
			AppID: appID, Secret: "5100000000000000000000000000000a", Token: "token", WebURL: webURL,
			Templates: []sim.Template{{ID: templateID, Title: "订单状态通知", Content: "订单编号:{{character_string1.DATA}}\n备注:{{thing2.DATA}}"}},
		}},
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := server.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	address, err := url.Parse(server.URL())
	if err != nil {
		t.Fatal(err)
	}
	usual := http.DefaultTransport
	http.DefaultTransport = hosts{address, usual}
	t.Cleanup(func() {
		http.DefaultTransport = usual
		_ = server.Close()
	})
	w := &world{t: t, sim: server, appID: appID}
	w.app, err = officialAccount.NewOfficialAccount(&officialAccount.UserConfig{
		AppID: appID, Secret: secret, Token: "token", Log: officialAccount.Log{File: os.DevNull, Error: os.DevNull},
	})
	if err != nil {
		t.Fatal(err)
	}
	w.post("/sim/api/users/u1/chats/"+w.appID+"/follow", `{}`)
	var state struct {
		Users []struct {
			Chats map[string]struct{ OpenID string }
		}
	}
	if err := json.Unmarshal(w.get(server.URL()+"/sim/api/state"), &state); err != nil {
		t.Fatal(err)
	}
	w.openID = state.Users[0].Chats[w.appID].OpenID
	return w
}

func (w *world) get(address string) []byte {
	w.t.Helper()
	res, err := http.Get(address)
	if err != nil {
		w.t.Fatal(err)
	}
	defer res.Body.Close()
	raw, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode != http.StatusOK {
		w.t.Fatalf("%s: %s %v", address, res.Status, err)
	}
	return raw
}

// post is the user doing something on his phone.
func (w *world) post(path, body string) {
	w.t.Helper()
	res, err := http.Post(w.sim.URL()+path, "application/json", strings.NewReader(body))
	if err != nil {
		w.t.Fatal(err)
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		raw, _ := io.ReadAll(res.Body)
		w.t.Fatalf("%s: %s", path, raw)
	}
}

// lastMessage is the newest bubble of the chat.
func (w *world) lastMessage() string {
	w.t.Helper()
	return string(w.get(w.sim.URL() + "/sim/api/users/u1/chats/" + w.appID + "/messages?limit=1"))
}

// want fails when a call did not end with the error code.
func want(t *testing.T, what string, got any, err error, code int) {
	t.Helper()
	raw, _ := json.Marshal(got)
	var out struct {
		ErrCode int    `json:"errcode"`
		ErrMsg  string `json:"errmsg"`
	}
	_ = json.Unmarshal(raw, &out)
	if err != nil || out.ErrCode != code {
		t.Errorf("%s: %s, %v; want errcode %d", what, raw, err, code)
	}
	if code != 0 && !strings.Contains(out.ErrMsg, "rid: ") {
		t.Errorf("%s: no rid in %q", what, out.ErrMsg)
	}
}

func TestToken(t *testing.T) {
	w := start(t, secret)
	token, err := w.app.AccessToken.GetToken(t.Context(), true)
	if err != nil || token.AccessToken == "" || token.ExpiresIn != 7200 {
		t.Errorf("token %+v, %v", token, err)
	}
	if out, err := start(t, "wrong").app.AccessToken.GetToken(t.Context(), true); err == nil && (out.AccessToken != "" || out.ErrCode != 40125) {
		t.Errorf("a wrong secret got %+v", out)
	} else if err != nil && !strings.Contains(err.Error(), "40125") {
		t.Errorf("a wrong secret: %v", err)
	}
}

func TestMenu(t *testing.T) {
	w := start(t, secret)
	buttons := []*menu.Button{
		{Type: "click", Name: "今日行情", Key: "TODAY"},
		{Name: "我的", SubButtons: []menu.SubButton{{Type: "view", Name: "订单", URL: webURL + "/orders"}}},
	}
	out, err := w.app.Menu.Create(t.Context(), buttons)
	want(t, "create", out, err, 0)
	got, err := w.app.Menu.Get(t.Context())
	if raw, _ := json.Marshal(got); err != nil || !strings.Contains(string(raw), "今日行情") || !strings.Contains(string(raw), webURL+"/orders") {
		t.Errorf("get: %s, %v", raw, err)
	}
	out, err = w.app.Menu.Create(t.Context(), []*menu.Button{{Type: "click", Name: "这个菜单名字实在太长了", Key: "K"}})
	want(t, "too long a name", out, err, 40018)
	gone, err := w.app.Menu.Delete(t.Context())
	want(t, "delete", gone, err, 0)
	got, err = w.app.Menu.Get(t.Context())
	want(t, "get without a menu", got, err, 46003)
}

func TestTemplate(t *testing.T) {
	w := start(t, secret)
	message := func(id, number string) *template.RequestTemlateMessage {
		return &template.RequestTemlateMessage{ToUser: w.openID, TemplateID: id, URL: webURL + "/orders/1", Data: &power.HashMap{
			"character_string1": &power.HashMap{"value": number}, "thing2": &power.HashMap{"value": "已发货"},
		}}
	}
	out, err := w.app.TemplateMessage.Send(t.Context(), message(templateID, "D20260101"))
	want(t, "send", out, err, 0)
	if out.MsgID == 0 || !strings.Contains(w.lastMessage(), "D20260101") {
		t.Errorf("msgid %d, the chat shows %s", out.MsgID, w.lastMessage())
	}
	out, err = w.app.TemplateMessage.Send(t.Context(), message("nothing", "D1"))
	want(t, "unknown template", out, err, 40037)
	out, err = w.app.TemplateMessage.Send(t.Context(), message(templateID, "中文不是字符串"))
	want(t, "wrong field", out, err, 47003)
	list, err := w.app.TemplateMessage.GetPrivateTemplates(t.Context())
	if err != nil || len(list.TemplateList) != 1 || list.TemplateList[0].TemplateID != templateID {
		t.Errorf("list %+v, %v", list, err)
	}
}

func TestUser(t *testing.T) {
	w := start(t, secret)
	out, err := w.app.User.Get(t.Context(), w.openID, "zh_CN")
	if err != nil || out.Subscribe != 1 || out.OpenID != w.openID || out.SubscribeScene != "ADD_SCENE_SEARCH" {
		t.Errorf("info %+v, %v", out, err)
	}
	list, err := w.app.User.List(t.Context(), "")
	if err != nil || list.Total != 1 || list.Data.OpenID[0] != w.openID {
		t.Errorf("list %+v, %v", list, err)
	}
	out, err = w.app.User.Get(t.Context(), "nobody", "zh_CN")
	want(t, "unknown openid", out, err, 40003)
}

func TestQRCode(t *testing.T) {
	w := start(t, secret)
	out, err := w.app.QRCode.Temporary(t.Context(), "desk-7", 600)
	if err != nil || out.Ticket == "" || out.ExpireSeconds != 600 {
		t.Fatalf("create %+v, %v", out, err)
	}
	picture, err := http.Get(w.app.QRCode.URL(out.Ticket))
	if err != nil {
		t.Fatal(err)
	}
	defer picture.Body.Close()
	if _, kind, err := image.DecodeConfig(picture.Body); err != nil {
		t.Errorf("showqrcode: %s %v", kind, err)
	}
	w.post("/sim/api/users/u2/scan", fmt.Sprintf(`{"text":%q}`, out.Url))
	if raw := w.get(w.sim.URL() + "/sim/api/users/u2/chats/" + w.appID + "/messages"); !bytes.Contains(raw, []byte("你已关注")) {
		t.Errorf("after the scan: %s", raw)
	}
	// PowerWeChat's type has no errcode; a scene that is too long leaves no ticket.
	if out, err := w.app.QRCode.Temporary(t.Context(), strings.Repeat("x", 65), 600); err != nil || out.Ticket != "" {
		t.Errorf("too long a scene: %+v, %v", out, err)
	}
	if log := w.get(w.sim.URL() + "/sim/api/requests?limit=1&kind=api"); !bytes.Contains(log, []byte(`"errcode":40053`)) {
		t.Errorf("too long a scene ended as %s", log)
	}
}

func TestOAuth(t *testing.T) {
	w := start(t, secret)
	w.app.OAuth.SetScopes([]string{"snsapi_userinfo"})
	link, err := w.app.OAuth.Redirect(webURL + "/back")
	if err != nil {
		t.Fatal(err)
	}
	user, err := w.app.OAuth.UserFromCode(w.consent(link))
	if err != nil || user.GetOpenID() != w.openID || user.GetNickname() != "王采购" || !strings.HasPrefix(user.GetAvatar(), "http") {
		t.Fatalf("user %+v, %v", user, err)
	}
	if _, err := png.DecodeConfig(bytes.NewReader(w.get(user.GetAvatar()))); err != nil {
		t.Errorf("avatar: %v", err)
	}
	if _, err := w.app.OAuth.UserFromCode("wrong"); err == nil || !strings.Contains(err.Error(), "invalid code") {
		t.Errorf("a wrong code: %v", err)
	}
}

// consent opens an authorisation link on the phone of u1, allows it and answers
// the code that comes back.
func (w *world) consent(link string) string {
	w.t.Helper()
	var opened struct{ Open string }
	res, err := http.Post(w.sim.URL()+"/sim/api/users/u1/open", "application/json", strings.NewReader(fmt.Sprintf(`{"url":%q}`, link)))
	if err != nil {
		w.t.Fatal(err)
	}
	defer res.Body.Close()
	if err := json.NewDecoder(res.Body).Decode(&opened); err != nil {
		w.t.Fatal(err)
	}
	page := w.get(opened.Open)
	query := regexp.MustCompile(`name="query" value="([^"]*)"`).FindSubmatch(page)
	if query == nil {
		w.t.Fatalf("no consent page at %s: %s", opened.Open, page)
	}
	address, err := url.Parse(opened.Open)
	if err != nil {
		w.t.Fatal(err)
	}
	stay := http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	form := url.Values{"answer": {"allow"}, "query": {strings.ReplaceAll(string(query[1]), "&amp;", "&")}}
	back, err := stay.PostForm(address.Scheme+"://"+address.Host+"/connect/oauth2/authorize", form)
	if err != nil {
		w.t.Fatal(err)
	}
	defer back.Body.Close()
	to, err := back.Location()
	if err != nil || to.Query().Get("code") == "" {
		w.t.Fatalf("%s to %v, %v", back.Status, to, err)
	}
	return to.Query().Get("code")
}

func TestCustomMessage(t *testing.T) {
	w := start(t, secret)
	send := func(text string) any {
		out, err := w.app.CustomerService.Message(t.Context(), messages.NewText(text)).SetTo(w.openID).Send(t.Context())
		if err != nil {
			t.Errorf("%s: %v", text, err)
		}
		return out
	}
	w.post("/sim/api/users/u1/chats/"+w.appID+"/messages", `{"type":"text","text":"在吗"}`)
	want(t, "send", send("在的，请讲"), nil, 0)
	if !strings.Contains(w.lastMessage(), "在的，请讲") {
		t.Errorf("the chat shows %s", w.lastMessage())
	}
	w.sim.Advance(49 * 60 * 60 * 1e9)
	want(t, "after 49 hours", send("还在吗"), nil, 45015)
}

func TestMaterial(t *testing.T) {
	w := start(t, secret)
	var picture bytes.Buffer
	if err := png.Encode(&picture, image.NewGray(image.Rect(0, 0, 8, 8))); err != nil {
		t.Fatal(err)
	}
	file := func(name string, data []byte) string {
		path := filepath.Join(t.TempDir(), name)
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	out, err := w.app.Material.UploadImage(t.Context(), file("a.png", picture.Bytes()))
	want(t, "upload", out, err, 0)
	if out.MediaID == "" || !strings.HasPrefix(out.URL, "http") {
		t.Errorf("uploaded %+v", out)
	}
	if back, err := w.app.Material.Get(t.Context(), out.MediaID); err != nil {
		t.Error(err)
	} else if raw, _ := io.ReadAll(back.Body); !bytes.Equal(raw, picture.Bytes()) {
		t.Errorf("got %d bytes back, sent %d", len(raw), picture.Len())
	}
	out, err = w.app.Material.UploadImage(t.Context(), file("a.txt", []byte("no picture")))
	want(t, "no picture", out, err, 40005)
}

func TestTicket(t *testing.T) {
	w := start(t, secret)
	config, err := w.app.JSSDK.ConfigSignature(t.Context(), webURL+"/orders?id=1", "nonce", 1700000000)
	if err != nil {
		t.Fatal(err)
	}
	var answer struct{ ErrMsg string }
	check := func(c *object.HashMap) string {
		t.Helper()
		raw, _ := json.Marshal(map[string]any{"appId": (*c)["appId"], "timestamp": (*c)["timestamp"], "nonceStr": (*c)["nonceStr"], "signature": (*c)["signature"], "pages": []string{webURL + "/orders?id=1"}})
		res, err := http.Post(w.phone()+"/__wechat/config", "application/json", bytes.NewReader(raw))
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		if err := json.NewDecoder(res.Body).Decode(&answer); err != nil {
			t.Fatal(err)
		}
		return answer.ErrMsg
	}
	if got := check(config); got != "config:ok" {
		t.Errorf("wx.config with the SDK's signature: %s", got)
	}
	(*config)["signature"] = w.app.JSSDK.GetTicketSignature("wrong", "nonce", 1700000000, webURL)
	if got := check(config); got != "config:invalid signature" {
		t.Errorf("wx.config with a wrong signature: %s", got)
	}
	_, err = w.app.JSSDK.GetTicket(context.Background(), true, "nothing")
	if err == nil || !strings.Contains(err.Error(), "rid: ") {
		t.Errorf("a ticket of no type: %v", err)
	}
}

// phone is the address of u1's in-app browser.
func (w *world) phone() string {
	var state struct {
		Users []struct {
			BrowserURL string `json:"browser_url"`
		}
	}
	if err := json.Unmarshal(w.get(w.sim.URL()+"/sim/api/state"), &state); err != nil {
		w.t.Fatal(err)
	}
	return state.Users[0].BrowserURL
}
