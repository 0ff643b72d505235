package sim

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"
)

const (
	testApp    = "wx5100000000000001"
	testSecret = "5100000000000000000000000000000a"
	testOrigin = "gh_510000000001"
	testToken  = "spamtest"
	testAES    = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"
	testTpl    = "tplQuote"
)

// pushed is what the developer's server received, decrypted.
type pushed struct {
	Query url.Values
	Raw   string // body as sent
	XML   string // body in clear
	ToUserName, FromUserName, MsgType, Event, EventKey, Content,
	Ticket, Status, MediaId, PicUrl, Encrypt string
	MsgId, MsgID, CreateTime int64
}

// world is a simulator with a developer's server in front of it.
type world struct {
	t     *testing.T
	s     *Server
	clock *testClock
	dev   *httptest.Server
	got   chan pushed

	mu    sync.Mutex
	reply func(pushed) (int, string) // what the callback answers; nil: success
	web   http.Handler               // everything else on the developer's server
	mode  Mode
}

type testClock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *testClock) Now() time.Time { c.mu.Lock(); defer c.mu.Unlock(); return c.now }

// newWorld starts one account in a mode, with two users.
func newWorld(t *testing.T, mode Mode, edit ...func(*Options)) *world {
	t.Helper()
	w := &world{t: t, got: make(chan pushed, 1000), mode: mode, clock: &testClock{now: time.Now()}}
	w.dev = httptest.NewServer(http.HandlerFunc(w.serveDeveloper))
	t.Cleanup(w.dev.Close)
	o := Options{
		Seed: 7, Clock: w.clock.Now, PushTimeout: 3 * time.Second,
		Accounts: []Account{{
			AppID: testApp, Secret: testSecret, OriginalID: testOrigin, Name: "测试号", Token: testToken, AESKey: testAES, Mode: mode,
			ServerURL: w.dev.URL + "/callback?from=wechat", WebURL: w.dev.URL,
			Templates: []Template{{ID: testTpl, Title: "报价提醒", Content: "{{first.DATA}}\n品种:{{thing1.DATA}}\n金额:{{amount2.DATA}}\n时间:{{time3.DATA}}\n{{remark.DATA}}"}},
		}},
		Users:        []User{{ID: "u1", Nickname: "王采购", Phone: "13800000001"}, {ID: "u2", Nickname: "李供应", Phone: "13800000002"}},
		SMSTemplates: map[string]string{"SMS_1": "您的验证码为${code}，5分钟内有效。", "SMS_2": "您有新的询价：${name}。"},
		SMSSigns:     []string{"询价通"},
	}
	for _, e := range edit {
		e(&o)
	}
	s, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	w.s = s
	return w
}

// serveDeveloper verifies a push as a careful backend would and answers it.
func (w *world) serveDeveloper(rw http.ResponseWriter, r *http.Request) {
	w.mu.Lock()
	reply, web := w.reply, w.web
	w.mu.Unlock()
	if r.URL.Path != "/callback" {
		if web == nil {
			http.NotFound(rw, r)
			return
		}
		web.ServeHTTP(rw, r)
		return
	}
	q := r.URL.Query()
	if sign(testToken, q.Get("timestamp"), q.Get("nonce")) != q.Get("signature") {
		http.Error(rw, "bad signature", http.StatusForbidden)
		return
	}
	if r.Method == http.MethodGet {
		_, _ = io.WriteString(rw, q.Get("echostr"))
		return
	}
	body, _ := io.ReadAll(r.Body)
	p := pushed{Query: q, Raw: string(body), XML: string(body)}
	if q.Get("encrypt_type") == "aes" {
		var env struct{ Encrypt string }
		_ = unmarshalPush(body, &env)
		if sign(testToken, q.Get("timestamp"), q.Get("nonce"), env.Encrypt) != q.Get("msg_signature") {
			http.Error(rw, "bad msg_signature", http.StatusForbidden)
			return
		}
		c, _ := newMsgCipher(testAES, testApp)
		clear, err := c.decrypt(env.Encrypt)
		if err != nil {
			http.Error(rw, err.Error(), http.StatusForbidden)
			return
		}
		p.XML = string(clear)
	}
	if err := unmarshalPush([]byte(p.XML), &p); err != nil {
		http.Error(rw, err.Error(), http.StatusBadRequest)
		return
	}
	w.got <- p
	status, answer := http.StatusOK, "success"
	if reply != nil {
		status, answer = reply(p)
	}
	rw.WriteHeader(status)
	_, _ = io.WriteString(rw, answer)
}

// unmarshalPush reads either format.
func unmarshalPush(raw []byte, into any) error {
	if bytes.HasPrefix(raw, []byte("{")) {
		return json.Unmarshal(raw, into)
	}
	return xml.Unmarshal(raw, into)
}

func (w *world) answer(f func(pushed) (int, string)) {
	w.mu.Lock()
	w.reply = f
	w.mu.Unlock()
}

func (w *world) pages(h http.Handler) {
	w.mu.Lock()
	w.web = h
	w.mu.Unlock()
}

// push waits for the next delivery.
func (w *world) push() pushed {
	w.t.Helper()
	select {
	case p := <-w.got:
		return p
	case <-time.After(10 * time.Second):
		w.t.Fatal("no push arrived")
		return pushed{}
	}
}

// until waits for an event of the hub; watch before acting.
func (w *world) watch() func(ok func(event) bool) event {
	ch := w.s.hub.subscribe()
	w.t.Cleanup(func() { w.s.hub.unsubscribe(ch) })
	return func(ok func(event) bool) event {
		w.t.Helper()
		deadline := time.After(15 * time.Second)
		for {
			select {
			case e := <-ch:
				if ok(e) {
					return e
				}
			case <-deadline:
				w.t.Fatal("no such event")
			}
		}
	}
}

func bubble(from string) func(event) bool {
	return func(e event) bool { return e.Kind == "message" && e.Message.From == from && e.Message.Type != "event" }
}

type m = map[string]any

// call sends a request and decodes the JSON answer.
func (w *world) call(method, address string, body any) m {
	w.t.Helper()
	var r io.Reader
	switch b := body.(type) {
	case nil:
	case string:
		r = strings.NewReader(b)
	default:
		raw, _ := json.Marshal(b)
		r = bytes.NewReader(raw)
	}
	req, err := http.NewRequestWithContext(w.t.Context(), method, w.s.URL()+address, r)
	if err != nil {
		w.t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		w.t.Fatal(err)
	}
	defer resp.Body.Close()
	raw, _ := io.ReadAll(resp.Body)
	out := m{}
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	if err := d.Decode(&out); err != nil {
		w.t.Fatalf("%s %s: %v in %q", method, address, err, raw)
	}
	return out
}

// api calls the platform with a valid token.
func (w *world) api(path string, body any) m {
	w.t.Helper()
	method := http.MethodPost
	if body == nil {
		method = http.MethodGet
	}
	sep := "?"
	if strings.Contains(path, "?") {
		sep = "&"
	}
	return w.call(method, path+sep+"access_token="+w.token(), body)
}

// ok is api for calls that must succeed.
func (w *world) ok(path string, body any) m {
	w.t.Helper()
	out := w.api(path, body)
	if c := code(out); c != 0 {
		w.t.Fatalf("%s: %v", path, out)
	}
	return out
}

func (w *world) token() string {
	w.t.Helper()
	out := w.call(http.MethodPost, "/cgi-bin/stable_token", m{"grant_type": "client_credential", "appid": testApp, "secret": testSecret})
	s, _ := out["access_token"].(string)
	if s == "" {
		w.t.Fatalf("no token: %v", out)
	}
	return s
}

func code(out m) int {
	n, _ := out["errcode"].(json.Number)
	c, _ := n.Int64()
	return int(c)
}

func (w *world) client(method, path string, body any) m {
	w.t.Helper()
	out := w.call(method, "/sim/api"+path, body)
	if e := out["error"]; e != nil {
		w.t.Fatalf("%s %s: %v", method, path, e)
	}
	return out
}

func (w *world) chat(user, action string, body any) m {
	w.t.Helper()
	return w.client(http.MethodPost, "/users/"+user+"/chats/"+testApp+"/"+action, body)
}

// follow subscribes a user and takes the push away.
func (w *world) follow(user string) {
	w.t.Helper()
	w.chat(user, "follow", m{})
	if p := w.push(); p.Event != "subscribe" {
		w.t.Fatalf("got %q, want subscribe", p.Event)
	}
}

func (w *world) openID(user string) string {
	w.s.mu.Lock()
	defer w.s.mu.Unlock()
	return w.s.st.account(testApp).contacts[user].openID
}

// messages of a chat, newest last.
func (w *world) messages(user string) []Message {
	w.t.Helper()
	raw, _ := json.Marshal(w.client(http.MethodGet, "/users/"+user+"/chats/"+testApp+"/messages", nil)["messages"])
	var out []Message
	if err := json.Unmarshal(raw, &out); err != nil {
		w.t.Fatal(err)
	}
	return out
}

// textReply answers in clear.
func textReply(p pushed, text string) string {
	return fmt.Sprintf("<xml><ToUserName><![CDATA[%s]]></ToUserName><FromUserName><![CDATA[%s]]></FromUserName><CreateTime>%d</CreateTime><MsgType><![CDATA[text]]></MsgType><Content><![CDATA[%s]]></Content></xml>",
		p.FromUserName, p.ToUserName, p.CreateTime, strings.ReplaceAll(text, "]]>", "]]]]><![CDATA[>"))
}

// sealed encrypts a reply as the safe mode wants it.
func sealed(xmlText string) string {
	c, _ := newMsgCipher(testAES, testApp)
	secret := c.encrypt([]byte("0123456789abcdef"), []byte(xmlText))
	return fmt.Sprintf("<xml><Encrypt><![CDATA[%s]]></Encrypt><MsgSignature>%s</MsgSignature><TimeStamp>1409735669</TimeStamp><Nonce>n1</Nonce></xml>",
		secret, sign(testToken, "1409735669", "n1", secret))
}

func jsonNumber(n int64) json.Number { return json.Number(fmt.Sprint(n)) }

// sendPicture lets a user send a picture.
func (w *world) sendPicture(user string) {
	w.t.Helper()
	body, kind := multipartBody(w.t, m{"type": "image"}, "file", "a.png", identicon("a", 60))
	req, _ := http.NewRequestWithContext(w.t.Context(), http.MethodPost, w.s.URL()+"/sim/api/users/"+user+"/chats/"+testApp+"/messages", body)
	req.Header.Set("Content-Type", kind)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		w.t.Fatal(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		raw, _ := io.ReadAll(resp.Body)
		w.t.Fatalf("%d %s", resp.StatusCode, raw)
	}
}

func multipartBody(t *testing.T, fields m, part, name string, data []byte) (io.Reader, string) {
	t.Helper()
	var b bytes.Buffer
	mw := multipart.NewWriter(&b)
	for k, v := range fields {
		_ = mw.WriteField(k, fmt.Sprint(v))
	}
	f, err := mw.CreateFormFile(part, name)
	if err != nil {
		t.Fatal(err)
	}
	_, _ = f.Write(data)
	_ = mw.Close()
	return &b, mw.FormDataContentType()
}
