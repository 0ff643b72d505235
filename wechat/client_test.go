package wechat

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/xunjia/xunjia"
)

// everyCall is each method that calls the platform, with arguments that pass.
func everyCall() map[string]func(context.Context, *Account) error {
	buttons := []*Button{{Type: "click", Name: "我的", Key: "my"}}
	return map[string]func(context.Context, *Account) error{
		"/cgi-bin/message/template/send": func(ctx context.Context, a *Account) error {
			_, err := a.SendTemplate(ctx, anyMessage(1))
			return err
		},
		"/cgi-bin/template/get_all_private_template": func(ctx context.Context, a *Account) error {
			_, err := a.PrivateTemplates(ctx)
			return err
		},
		"/cgi-bin/template/api_add_template": func(ctx context.Context, a *Account) error {
			_, err := a.AddTemplate(ctx, "43216", []string{"采购品种"})
			return err
		},
		"/cgi-bin/template/del_private_template": func(ctx context.Context, a *Account) error { return a.DeleteTemplate(ctx, "t") },
		"/cgi-bin/message/subscribe/bizsend": func(ctx context.Context, a *Account) error {
			return a.SendSubscription(ctx, Subscription{OpenID: "o", TemplateID: "t"})
		},
		"/wxaapi/newtmpl/gettemplate": func(ctx context.Context, a *Account) error {
			_, err := a.SubscriptionTemplates(ctx)
			return err
		},
		"/wxaapi/newtmpl/addtemplate": func(ctx context.Context, a *Account) error {
			_, err := a.AddSubscriptionTemplate(ctx, "1", []int{1, 2}, "场景")
			return err
		},
		"/wxaapi/newtmpl/deltemplate": func(ctx context.Context, a *Account) error { return a.DeleteSubscriptionTemplate(ctx, "t") },
		"/cgi-bin/message/custom/send": func(ctx context.Context, a *Account) error {
			return a.SendReply(ctx, "o", TextReply{"你好"})
		},
		"/cgi-bin/message/custom/typing": func(ctx context.Context, a *Account) error { return a.SetTyping(ctx, "o", true) },
		"/cgi-bin/menu/create":           func(ctx context.Context, a *Account) error { return a.CreateMenu(ctx, buttons) },
		"/cgi-bin/menu/delete":           func(ctx context.Context, a *Account) error { return a.DeleteMenu(ctx) },
		"/cgi-bin/menu/addconditional": func(ctx context.Context, a *Account) error {
			_, err := a.CreateConditionalMenu(ctx, buttons, 2)
			return err
		},
		"/cgi-bin/menu/delconditional": func(ctx context.Context, a *Account) error { return a.DeleteConditionalMenu(ctx, "1") },
		"/cgi-bin/menu/get": func(ctx context.Context, a *Account) error {
			_, _, err := a.Menus(ctx)
			return err
		},
		"/cgi-bin/menu/trymatch": func(ctx context.Context, a *Account) error {
			_, err := a.MatchMenu(ctx, "o")
			return err
		},
		"/cgi-bin/user/info": func(ctx context.Context, a *Account) error {
			_, err := a.Fan(ctx, "o")
			return err
		},
		"/cgi-bin/user/info/batchget": func(ctx context.Context, a *Account) error {
			_, err := a.Fans(ctx, []string{"o"})
			return err
		},
		"/cgi-bin/user/get": func(ctx context.Context, a *Account) error {
			_, _, err := a.FanIDs(ctx, "o")
			return err
		},
		"/cgi-bin/user/info/updateremark": func(ctx context.Context, a *Account) error { return a.SetRemark(ctx, "o", "老王") },
		"/cgi-bin/tags/get": func(ctx context.Context, a *Account) error {
			_, err := a.Tags(ctx)
			return err
		},
		"/cgi-bin/tags/create": func(ctx context.Context, a *Account) error {
			_, err := a.CreateTag(ctx, "供应商")
			return err
		},
		"/cgi-bin/tags/update":                   func(ctx context.Context, a *Account) error { return a.RenameTag(ctx, 2, "x") },
		"/cgi-bin/tags/delete":                   func(ctx context.Context, a *Account) error { return a.DeleteTag(ctx, 2) },
		"/cgi-bin/tags/members/batchtagging":     func(ctx context.Context, a *Account) error { return a.AddTag(ctx, 2, []string{"o"}) },
		"/cgi-bin/tags/members/batchuntagging":   func(ctx context.Context, a *Account) error { return a.RemoveTag(ctx, 2, []string{"o"}) },
		"/cgi-bin/tags/members/batchblacklist":   func(ctx context.Context, a *Account) error { return a.Block(ctx, []string{"o"}) },
		"/cgi-bin/tags/members/batchunblacklist": func(ctx context.Context, a *Account) error { return a.Unblock(ctx, []string{"o"}) },
		"/cgi-bin/user/tag/get": func(ctx context.Context, a *Account) error {
			_, _, err := a.TaggedFanIDs(ctx, 2, "")
			return err
		},
		"/cgi-bin/tags/members/getblacklist": func(ctx context.Context, a *Account) error {
			_, _, err := a.Blacklist(ctx, "")
			return err
		},
		"/cgi-bin/changeopenid": func(ctx context.Context, a *Account) error {
			_, err := a.Migrate(ctx, "wx-old", []string{"o"})
			return err
		},
		"/cgi-bin/qrcode/create": func(ctx context.Context, a *Account) error {
			_, err := a.CreateQR(ctx, "invite:9", time.Hour)
			return err
		},
		"/cgi-bin/media/upload": func(ctx context.Context, a *Account) error {
			_, err := a.UploadMedia(ctx, "image", "a.jpg", []byte("jpeg"))
			return err
		},
		"/cgi-bin/clear_quota": func(ctx context.Context, a *Account) error { return a.ClearQuota(ctx) },
		"/cgi-bin/ticket/getticket": func(ctx context.Context, a *Account) error {
			_, err := a.JSConfig(ctx, "https://x.example.com/")
			return err
		},
	}
}

func TestEveryCallReachesItsPathAndTellsTypedErrors(t *testing.T) {
	for path, do := range everyCall() {
		p, a := newAccount(t)
		p.on(path, `{"errcode":48001,"errmsg":"api unauthorized rid: 5f-1","ticket":"t","expires_in":1}`)
		err := do(context.Background(), a)
		var api *APIError
		if !errors.As(err, &api) || api.Code != 48001 || api.RID != "5f-1" || api.API != path || api.Message != "api unauthorized" {
			t.Errorf("%s: %v", path, err)
		}
		if Classify(err) != Configuration || xunjia.ErrorCode(err) != xunjia.Unavailable {
			t.Errorf("%s: class %s, code %s", path, Classify(err), xunjia.ErrorCode(err))
		}
		if got := p.last().path; got != path {
			t.Errorf("called %s, want %s", got, path)
		}
		p.rotate() // the token in memory is refused now
		if path == "/cgi-bin/ticket/getticket" {
			continue // its failure is remembered for a second
		}
		p.on(path, `{"errcode":"0","errmsg":"ok"}`)
		if err := do(context.Background(), a); err != nil {
			t.Errorf("%s after a revocation: %v", path, err)
		}
	}
}

func TestNoSecretInAnyError(t *testing.T) {
	p, clock := newPlatform(t), newClock()
	good := p.account(t, newMemoryStore(clock.Now), clock)
	if err := send(good, 1); err != nil {
		t.Fatal(err)
	}
	wrong, _ := New(Config{AppID: testAppID, Secret: "another-s3cret", Hosts: Hosts{API: p.URL}},
		newMemoryStore(clock.Now), Options{Clock: clock.Now, Log: quiet()})
	var log bytes.Buffer
	logged, _ := New(Config{AppID: testAppID, Secret: testSecret, Hosts: Hosts{API: "http://127.0.0.1:1"}},
		newMemoryStore(clock.Now), Options{Clock: clock.Now, Log: slog.New(slog.NewTextHandler(&log, nil))})
	_, exchangeErr := logged.Exchange(context.Background(), "the-code")
	var texts []string
	add := func(err error) {
		if err == nil {
			t.Error("no error")
			return
		}
		texts = append(texts, err.Error(), StaffText(err))
	}
	add(send(wrong, 1))
	add(send(logged, 1))
	add(exchangeErr)
	for name, answer := range map[string]http.HandlerFunc{
		"500":     func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusInternalServerError) },
		"garbage": func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, "<html>"+r.URL.String()) },
		"hang up": func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) },
		"redirect": func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "http://evil.test/"+r.URL.RawQuery, http.StatusFound)
		},
		"echo": func(w http.ResponseWriter, r *http.Request) {
			json.NewEncoder(w).Encode(map[string]any{"errcode": 40003, "errmsg": "bad url " + r.URL.String()})
		},
	} {
		p.handle("/cgi-bin/message/template/send", answer)
		err := send(good, 1)
		if err == nil {
			t.Errorf("%s: no error", name)
		}
		add(err)
	}
	for _, text := range append(texts, log.String()) {
		for _, secret := range []string{testSecret, "another-s3cret", "token-1", "the-code"} {
			if strings.Contains(text, secret) {
				t.Errorf("%q tells %s", text, secret)
			}
		}
	}
}

func TestUnusableAnswersAreClassified(t *testing.T) {
	p, a := newAccount(t)
	for name, c := range map[string]struct {
		answer http.HandlerFunc
		class  Class
	}{
		"HTML":             {func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "<html>busy</html>") }, Ambiguous},
		"empty":            {func(http.ResponseWriter, *http.Request) {}, Ambiguous},
		"cut JSON":         {func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, `{"errcode":0,"msgi`) }, Ambiguous},
		"wrong type":       {func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, `{"errcode":0,"msgid":{}}`) }, Ambiguous},
		"list":             {func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, `[]`) }, Ambiguous},
		"hang up":          {func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, Ambiguous},
		"502":              {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusBadGateway) }, Ambiguous},
		"503":              {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusServiceUnavailable) }, Retry},
		"404":              {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNotFound) }, Retry},
		"endless":          {endless, Ambiguous},
		"errcode as text":  {func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, `{"errcode":"43004","errmsg":"x"}`) }, RecipientPermanent},
		"errmsg as number": {func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, `{"errcode":45009,"errmsg":1}`) }, Quota},
		"control chars": {func(w http.ResponseWriter, _ *http.Request) {
			io.WriteString(w, "{\"errcode\":43101,\"errmsg\":\"a\x01b\"}")
		}, RecipientPermanent},
	} {
		p.handle("/cgi-bin/message/template/send", c.answer)
		err := send(a, 1)
		if got := Classify(err); got != c.class {
			t.Errorf("%s: %s (%v), want %s", name, got, err, c.class)
		}
		if StaffText(err) == "" {
			t.Errorf("%s: nothing to tell staff", name)
		}
	}
}

// endless writes more than is ever read.
func endless(w http.ResponseWriter, _ *http.Request) {
	chunk := bytes.Repeat([]byte(" "), 1<<20)
	for range maxAnswer>>20 + 1 {
		if _, err := w.Write(chunk); err != nil {
			return
		}
	}
}

func TestTimeoutBeforeAndAfterSending(t *testing.T) {
	p, clock := newPlatform(t), newClock()
	store := newMemoryStore(clock.Now)
	if err := send(p.account(t, store, clock), 1); err != nil { // a token for the others
		t.Fatal(err)
	}
	stop := make(chan struct{})
	defer close(stop)
	p.handle("/cgi-bin/message/template/send", func(_ http.ResponseWriter, r *http.Request) {
		select {
		case <-r.Context().Done():
		case <-stop:
		}
	})
	slow, _ := New(Config{AppID: testAppID, Secret: testSecret, Hosts: Hosts{API: p.URL}}, store,
		Options{Clock: clock.Now, Log: quiet(), Timeout: 50 * time.Millisecond})
	if err := send(slow, 1); Classify(err) != Ambiguous || !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("no answer: %s, %v", Classify(err), err)
	}
	closed, _ := net.Listen("tcp", "127.0.0.1:0")
	closed.Close()
	nobody, _ := New(Config{AppID: testAppID, Secret: testSecret, Hosts: Hosts{API: "http://" + closed.Addr().String()}}, store,
		Options{Clock: clock.Now, Log: quiet()})
	if err := send(nobody, 1); Classify(err) != Retry {
		t.Errorf("nobody there: %s, %v", Classify(err), err)
	}
}

// Two accounts in one process reach two platforms; no other host is reached.
func TestHostMap(t *testing.T) {
	p1, a1 := newAccount(t)
	p2, a2 := newAccount(t)
	if err := errors.Join(send(a1, 1), send(a2, 2), send(a1, 3)); err != nil {
		t.Fatal(err)
	}
	_, _, n1 := p1.counts()
	_, _, n2 := p2.counts()
	if n1 != 2 || n2 != 1 {
		t.Errorf("sent %d and %d, want 2 and 1", n1, n2)
	}
	m, err := newHostMap(Hosts{API: p1.URL + "/wx", Open: openHost, MP: mpHost}, roundTrip(func(r *http.Request) (*http.Response, error) {
		return &http.Response{StatusCode: http.StatusOK, Body: http.NoBody, Header: http.Header{"X-Url": {r.URL.String()}}}, nil
	}))
	if err != nil {
		t.Fatal(err)
	}
	for target, want := range map[string]string{
		"https://api.weixin.qq.com/cgi-bin/x?a=1":  p1.URL + "/wx/cgi-bin/x?a=1",
		"https://mp.weixin.qq.com/y":               "https://mp.weixin.qq.com/y",
		"http://api.weixin.qq.com/plain":           "",
		"https://api.weixin.qq.com:444/port":       "",
		"https://api.weixin.qq.com.evil.test/":     "",
		"http://169.254.169.254/latest/meta-data/": "",
	} {
		res, err := m.RoundTrip(httptest.NewRequest(http.MethodGet, target, nil))
		if want == "" {
			if err == nil {
				t.Errorf("%s was let through to %s", target, res.Header.Get("X-Url"))
			}
			continue
		}
		if err != nil || res.Header.Get("X-Url") != want {
			t.Errorf("%s: %v", target, err)
		}
	}
}

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func TestTemplateBodyOnTheWire(t *testing.T) {
	p, a := newAccount(t)
	p.on("/cgi-bin/message/template/send", `{"errcode":0,"errmsg":"ok","msgid":200228332}`)
	m := TemplateMessage{OpenID: "o", TemplateID: "t", URL: "https://x/?a=1&b=2", Data: map[string]string{"thing1": "<黄连>"}, ClientMsgID: "d-1"}
	id, err := a.SendTemplate(context.Background(), m)
	if err != nil || id != "200228332" {
		t.Fatalf("%q, %v", id, err)
	}
	want := `{"touser":"o","template_id":"t","url":"https://x/?a=1&b=2","data":{"thing1":{"value":"<黄连>"}},"client_msg_id":"d-1"}`
	if diff := cmp.Diff(want, strings.TrimSpace(p.last().body)); diff != "" {
		t.Error(diff)
	}
	for _, id := range []string{"", strings.Repeat("x", 33)} {
		m.ClientMsgID = id
		if _, err := a.SendTemplate(context.Background(), m); xunjia.ErrorCode(err) != xunjia.Invalid {
			t.Errorf("client_msg_id %q: %v", id, err)
		}
	}
}

func TestErrorTable(t *testing.T) {
	for code := -1; code < 300_000; code++ {
		r, known := ruleFor(code)
		if !known {
			continue
		}
		if r.text == "" || r.class == "" || strings.HasSuffix(r.text, "。") {
			t.Errorf("%d: %+v", code, r)
		}
	}
	for code, class := range map[int]Class{
		-1: Retry, 45011: Retry, 40001: RefreshToken, 40014: RefreshToken, 42001: RefreshToken, 45009: Quota,
		40013: Configuration, 40125: Configuration, 40164: Configuration, 40243: Configuration, 48001: Configuration, 50002: Configuration,
		40003: RecipientPermanent, 43004: RecipientPermanent, 43101: RecipientPermanent, 45015: RecipientPermanent, 45047: RecipientPermanent,
		40037: PayloadPermanent, 47001: PayloadPermanent, 47003: PayloadPermanent, 41030: PayloadPermanent, 45002: PayloadPermanent,
		40029: RestartOAuth, 40163: RestartOAuth, 42003: RestartOAuth, 999999: Retry,
	} {
		err := explain(&APIError{API: "/x", Code: code, Message: "m", RID: "r"})
		if got := Classify(err); got != class {
			t.Errorf("%d: %s, want %s", code, got, class)
		}
		if text := StaffText(err); !strings.Contains(text, "rid r") {
			t.Errorf("%d: %s", code, text)
		}
	}
	if c := Classify(&APIError{API: "/cgi-bin/stable_token", Code: 40001}); c != Configuration {
		t.Errorf("40001 while fetching a token: %s", c)
	}
	if Classify(nil) != "" || StaffText(nil) != "" {
		t.Error("nil is an error")
	}
	evening := time.Date(2026, 11, 23, 23, 0, 0, 0, xunjia.China())
	if got := RetryAfter(&APIError{Code: 45009}, evening); got != time.Hour+30*time.Second {
		t.Errorf("the daily quota comes back after %v", got)
	}
	if got := RetryAfter(&APIError{Code: 45011}, evening); got != time.Minute {
		t.Errorf("the minute's quota comes back after %v", got)
	}
	if got := RetryAfter(&APIError{Code: 43004}, evening); got != 0 {
		t.Errorf("43004: %v", got)
	}
}

func TestRedirectsAreNotFollowed(t *testing.T) {
	p, a := newAccount(t)
	p.handle("/cgi-bin/message/template/send", func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, apiHost+"/elsewhere", http.StatusFound)
	})
	p.handle("/elsewhere", func(http.ResponseWriter, *http.Request) { t.Error("followed") })
	e, ok := errors.AsType[*CallError](send(a, 1))
	if !ok || e.Status != http.StatusFound {
		t.Errorf("%v", e)
	}
}

// Texts of the platform may hold tokens that this call does not know.
func TestRedactsForeignTokens(t *testing.T) {
	_, a := newAccount(t)
	got := a.redactText(`Get "https://h/x?access_token=92_abc&openid=o&secret=s": refused, refresh_token=r1`, request{})
	want := `Get "https://h/x?access_token=***&openid=o&secret=***": refused, refresh_token=***`
	if got != want {
		t.Error(got)
	}
}
