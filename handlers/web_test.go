package handlers

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"image"
	"image/jpeg"
	"image/png"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/xunjia/xunjia"
	"github.com/xunjia/xunjia/store"
)

// A form counts only when we showed it to this session, on this site.
func TestForgedForms(t *testing.T) {
	w := newWorld(t, nil)
	other := w.member(2)
	other.get("/inbox")
	other.get("/me")
	foreign := other.form.Get("form_token")
	for _, c := range []struct {
		name string
		edit func(*browser, *http.Request) *http.Request
		want int
	}{
		{"as it is", func(_ *browser, r *http.Request) *http.Request { return r }, http.StatusSeeOther},
		{"no token", func(b *browser, _ *http.Request) *http.Request { return b.request("/logout", "form_token", "") }, http.StatusForbidden},
		{"another session's token", func(b *browser, _ *http.Request) *http.Request {
			return b.request("/logout", "form_token", foreign)
		}, http.StatusForbidden},
		{"from another site", func(_ *browser, r *http.Request) *http.Request {
			r.Header.Set("Origin", "https://evil.example.com")
			return r
		}, http.StatusForbidden},
		{"marked as cross-site", func(_ *browser, r *http.Request) *http.Request {
			r.Header.Set("Sec-Fetch-Site", "cross-site")
			return r
		}, http.StatusForbidden},
		{"from this site", func(b *browser, r *http.Request) *http.Request {
			r.Header.Set("Origin", b.url)
			return r
		}, http.StatusSeeOther},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := w.member(1)
			b.get("/me")
			a := b.do(c.edit(b, b.request("/logout")))
			wantStatus(t, a, c.want)
			if in := b.get("/me").StatusCode == http.StatusOK; in != (c.want == http.StatusForbidden) {
				t.Errorf("still logged in: %v", in)
			}
		})
	}
}

func TestFormTokensDiffer(t *testing.T) {
	tokens, err := newFormTokens([]byte(strings.Repeat("k", 32)))
	if err != nil {
		t.Fatal(err)
	}
	a, b := tokens.make("s1"), tokens.make("s1")
	if a == b {
		t.Error("two pages carry the same token, which compression gives away")
	}
	for _, c := range []struct {
		session, token string
		want           bool
	}{{"s1", a, true}, {"s1", b, true}, {"s2", a, false}, {"", tokens.make(""), false}, {"s1", "", false}, {"s1", "!!", false}, {"s1", a[:20], false}} {
		if got := tokens.valid(c.session, c.token); got != c.want {
			t.Errorf("valid(%q, %q) = %v", c.session, c.token, got)
		}
	}
	if _, err := newFormTokens([]byte("short")); err == nil {
		t.Error("a short key is accepted")
	}
}

// What breaks is told in one plain sentence with a number; the cause is in the
// log, once, and without what was typed.
func TestErrorsAreTold(t *testing.T) {
	w := newWorld(t, nil)
	pages := w.site.router.audience("page", w.site.page, class{body: 100})
	pages.get("/test/broken", func(*gin.Context) error { return errors.New("secret-cause") })
	pages.get("/test/panic", func(*gin.Context) error { panic("secret-value") })
	pages.get("/test/limited", func(*gin.Context) error {
		return &xunjia.Error{Code: xunjia.RateLimited, Message: "太快了", RetryAfter: 1500 * time.Millisecond}
	})
	pages.get("/test/down", func(*gin.Context) error {
		return &xunjia.Error{Code: xunjia.Unavailable, Message: "数据库没有响应", Err: errors.New("secret-dial")}
	})
	pages.get("/test/slow", func(*gin.Context) error { return context.DeadlineExceeded })
	for path, want := range map[string]int{"/test/broken": 500, "/test/panic": 500, "/test/limited": 429, "/test/down": 503, "/test/slow": 503} {
		a := w.browser().get(path + "?phone=13900001111")
		wantStatus(t, a, want)
		id := a.Header.Get("X-Request-Id")
		if strings.Contains(a.body, "secret") || id == "" || !strings.Contains(a.body, id) {
			t.Errorf("%s: page tells the cause or lacks the number %q", path, id)
		}
		line := lineWith(w.log.String(), id)
		if strings.Count(w.log.String(), id) != 1 {
			t.Errorf("%s: logged %d times", path, strings.Count(w.log.String(), id))
		}
		if strings.Contains(line, "13900001111") || strings.Contains(line, "secret-value") {
			t.Errorf("%s: the log tells too much: %s", path, line)
		}
		if want >= 500 && path != "/test/panic" && path != "/test/slow" && !strings.Contains(line, "secret-") {
			t.Errorf("%s: the log lacks the cause: %s", path, line)
		}
	}
	if got := w.browser().get("/test/limited").Header.Get("Retry-After"); got != "2" {
		t.Errorf("Retry-After %q, want 2", got)
	}
	r, _ := http.NewRequest(http.MethodGet, w.url+"/test/broken", nil)
	r.Header.Set("Accept", "application/json")
	r.Header.Set("X-Request-Id", "from-the-proxy-1")
	a := w.browser().do(r)
	var body struct {
		Code    string
		ID      string `json:"request_id"`
		Message string
	}
	if err := json.Unmarshal([]byte(a.body), &body); err != nil || body.Code != "internal" || body.ID != "from-the-proxy-1" || body.Message == "" {
		t.Errorf("JSON error %s, %v", a.body, err)
	}
}

func lineWith(log, text string) string {
	for line := range strings.Lines(log) {
		if strings.Contains(line, text) {
			return line
		}
	}
	return ""
}

// Bodies over the limit are refused before they are read.
func TestBodyLimit(t *testing.T) {
	w := newWorld(t, nil)
	b := w.browser()
	b.get("/login")
	a := b.post("/login", "phone", strings.Repeat("1", 300<<10))
	wantStatus(t, a, http.StatusRequestEntityTooLarge)
	contains(t, a, "内容太大了")
}

// A full class answers 503 at once and recovers.
func TestOverload(t *testing.T) {
	w := newWorld(t, nil)
	slots := make(chan struct{}, 1)
	entered, leave := make(chan struct{}), make(chan struct{})
	pages := w.site.router.audience("page", w.site.page, class{body: 100, slots: slots})
	pages.get("/test/busy", func(c *gin.Context) error {
		if c.Query("wait") != "" {
			close(entered)
			<-leave
		}
		c.String(http.StatusOK, "done")
		return nil
	})
	first := make(chan int)
	go func() {
		res, err := http.Get(w.url + "/test/busy?wait=1")
		if err != nil {
			first <- 0
			return
		}
		res.Body.Close()
		first <- res.StatusCode
	}()
	<-entered
	a := w.browser().get("/test/busy")
	wantStatus(t, a, http.StatusServiceUnavailable)
	if a.Header.Get("Retry-After") != "1" {
		t.Errorf("Retry-After %q", a.Header.Get("Retry-After"))
	}
	close(leave)
	if got := <-first; got != http.StatusOK {
		t.Errorf("the one inside: status %d", got)
	}
	wantStatus(t, w.browser().get("/test/busy"), http.StatusOK)
}

func TestHeaders(t *testing.T) {
	w := newWorld(t, func(o *Options) { o.BaseURL = "https://b2b.example.com" })
	b := w.browser()
	a := b.get("/login")
	for name, want := range map[string]string{
		"X-Content-Type-Options": "nosniff", "Referrer-Policy": "strict-origin-when-cross-origin",
		"Strict-Transport-Security": "max-age=31536000", "Cache-Control": "no-store",
	} {
		if got := a.Header.Get(name); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	csp := a.Header.Get("Content-Security-Policy")
	if !strings.Contains(csp, "frame-ancestors 'none'") || strings.Contains(csp, "unsafe") {
		t.Errorf("Content-Security-Policy: %q", csp)
	}
	cookie := a.Header.Get("Set-Cookie")
	for _, part := range []string{"__Host-sid=", "Path=/", "HttpOnly", "Secure", "SameSite=Lax"} {
		if !strings.Contains(cookie, part) {
			t.Errorf("cookie %q lacks %s", cookie, part)
		}
	}
	if c := newWorld(t, nil).browser().get("/login").Header.Get("Set-Cookie"); !strings.HasPrefix(c, "sid=") || strings.Contains(c, "Secure") {
		t.Errorf("cookie on http: %q", c)
	}
	if got := b.get("/"); got.Header.Get("Set-Cookie") != "" {
		t.Errorf("the first page sets a cookie for strangers: %q", got.Header.Get("Set-Cookie"))
	}
}

// The first page is small: HTML, style sheet and script together.
func TestFirstPageWeight(t *testing.T) {
	w := newWorld(t, nil)
	total := 0
	for _, path := range []string{"/", asset(t, w, "h5.css"), asset(t, w, "app.js"), "/favicon.svg"} {
		r, _ := http.NewRequest(http.MethodGet, w.url+path, nil)
		r.Header.Set("Accept-Encoding", "gzip")
		res, err := http.DefaultTransport.RoundTrip(r)
		if err != nil {
			t.Fatal(err)
		}
		var buf bytes.Buffer
		if _, err := buf.ReadFrom(res.Body); err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		total += buf.Len()
		if res.Header.Get("Content-Encoding") != "gzip" && buf.Len() > 1<<10 {
			t.Errorf("%s is not compressed", path)
		}
	}
	if total > 60<<10 {
		t.Errorf("the first page costs %d bytes", total)
	}
}

func asset(t *testing.T, w *world, entry string) string {
	t.Helper()
	address, err := w.site.templates.Asset(entry)
	if err != nil {
		t.Fatal(err)
	}
	return address
}

func TestHealth(t *testing.T) {
	now := time.Now()
	var s *store.Store
	w := newWorld(t, func(o *Options) { o.Clock = func() time.Time { return now }; s = o.Store })
	b := w.browser()
	wantStatus(t, b.get("/livez"), http.StatusOK)
	wantStatus(t, b.get("/readyz"), http.StatusOK)
	w.site.Drain()
	wantStatus(t, b.get("/readyz"), http.StatusServiceUnavailable)
	w.site.draining.Store(false)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	wantStatus(t, b.get("/readyz"), http.StatusOK) // remembered for a second
	now = now.Add(2 * time.Second)
	wantStatus(t, b.get("/readyz"), http.StatusServiceUnavailable)
	wantStatus(t, b.get("/livez"), http.StatusOK)
}

// notify puts a notification of a real event into a user's inbox.
func notify(t *testing.T, w *world, user int64, path string) xunjia.Notification {
	t.Helper()
	ctx := t.Context()
	now, err := w.store.DatabaseTime(ctx)
	if err != nil {
		t.Fatal(err)
	}
	id := somePurchase(t, w)
	p, err := w.store.Purchase(ctx, id)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.store.EndPurchase(ctx, id, p.BuyerID); err != nil {
		t.Fatal(err)
	}
	job, ok, err := w.store.ClaimEvent(ctx, store.EventClaim{Lane: xunjia.DirectLane, Owner: path, Now: now.Add(time.Hour), Until: now.Add(2 * time.Hour)})
	if err != nil || !ok {
		t.Fatalf("no event: %v", err)
	}
	err = w.store.Tell(ctx, store.Told{EventID: job.Event.ID, Owner: path, Done: true, Notifications: []xunjia.Notification{
		{Type: xunjia.PurchasingNotice, Receiver: user, Title: "收到报价：黄连", Text: "有人报价", Path: path, CreatedAt: now.Add(time.Hour)},
	}})
	if err != nil {
		t.Fatal(err)
	}
	list, err := w.store.Notifications(ctx, user, xunjia.PurchasingNotice, xunjia.Page{})
	if err != nil || len(list.Items) == 0 {
		t.Fatalf("inbox: %v", err)
	}
	return list.Items[0]
}

func somePurchase(t *testing.T, w *world) int64 {
	t.Helper()
	list, err := w.store.OpenPurchases(t.Context(), xunjia.Page{})
	if err != nil || len(list.Items) == 0 {
		t.Fatalf("no purchase: %v", err)
	}
	return list.Items[0].ID
}

func TestInbox(t *testing.T) {
	w := newWorld(t, nil)
	user, err := w.store.RegisterPhone(t.Context(), newPhone, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.store.SaveProfile(t.Context(), user.ID, xunjia.Profile{Kind: xunjia.Trader, Name: "新用户", Area: "510106"}); err != nil {
		t.Fatal(err)
	}
	cats, err := w.store.SearchCategories(t.Context(), "黄", 1)
	if err != nil || len(cats) == 0 {
		t.Fatal(err)
	}
	if _, err := w.store.FollowCategories(t.Context(), user.ID, []int64{cats[0].ID}); err != nil {
		t.Fatal(err)
	}
	b := w.member(user.ID)
	contains(t, b.get("/inbox"), "还没有消息")
	n := notify(t, w, user.ID, "/me")
	second := notify(t, w, user.ID, "//evil.example.com")

	a := b.get("/inbox")
	contains(t, a, "收到报价：黄连", "2 条未读", "全部已读")
	contains(t, b.get("/me"), "2 条未读")
	wantStatus(t, w.member(1).get("/inbox/"+jsonNumber(n.ID)), http.StatusNotFound)
	wantStatus(t, b.get("/inbox/abc"), http.StatusNotFound)
	redirects(t, b.get("/inbox/"+jsonNumber(n.ID)), "/me")
	contains(t, b.get("/me"), "1 条未读")
	redirects(t, b.get("/inbox/"+jsonNumber(second.ID)), "/inbox?type=2")

	notify(t, w, user.ID, "/me")
	b.get("/inbox?type=2")
	redirects(t, b.post("/inbox/read-all", "type", "2"), "/inbox?type=2")
	if strings.Contains(b.get("/me").body, "条未读") {
		t.Error("still unread")
	}
	b.get("/me")
	wantStatus(t, b.post("/inbox/read-all", "type", "9"), 422)
	wantStatus(t, b.get("/inbox?type=2&after=nonsense"), 422)
}

// upload sends a file to /media as the script does.
func (b *browser) upload(data []byte) answer {
	b.t.Helper()
	return b.uploadAs("a.jpg", data)
}

func (b *browser) uploadAs(name string, data []byte) answer {
	b.t.Helper()
	var body bytes.Buffer
	m := multipart.NewWriter(&body)
	_ = m.WriteField("form_token", b.form.Get("form_token"))
	part, _ := m.CreateFormFile("file", name)
	_, _ = part.Write(data)
	_ = m.Close()
	r, err := http.NewRequest(http.MethodPost, b.url+"/media", &body)
	if err != nil {
		b.t.Fatal(err)
	}
	r.Header.Set("Content-Type", m.FormDataContentType())
	r.Header.Set("Accept", "application/json")
	return b.do(r)
}

func TestPictures(t *testing.T) {
	w := newWorld(t, func(o *Options) { o.MaxUpload = 1 << 20 })
	b := w.member(1)
	b.get("/me")
	var good, bomb bytes.Buffer
	if err := jpeg.Encode(&good, image.NewRGBA(image.Rect(0, 0, 90, 60)), nil); err != nil {
		t.Fatal(err)
	}
	if err := png.Encode(&bomb, image.NewGray(image.Rect(0, 0, 9000, 4))); err != nil {
		t.Fatal(err)
	}
	a := b.upload(good.Bytes())
	wantStatus(t, a, http.StatusOK)
	var made struct{ Key, URL string }
	if err := json.Unmarshal([]byte(a.body), &made); err != nil || made.Key == "" {
		t.Fatalf("answer %s: %v", a.body, err)
	}
	if m, err := w.store.Media(t.Context(), made.Key); err != nil || m.OwnerID != 1 || m.Width != 90 {
		t.Errorf("media %+v, %v", m, err)
	}
	for _, variant := range []string{"original", "pc?v=0", "mobile?v=0"} {
		p := w.browser().get("/media/" + made.Key + "/" + variant)
		wantStatus(t, p, http.StatusOK)
		if p.Header.Get("Content-Type") != "image/jpeg" || !strings.Contains(p.Header.Get("Cache-Control"), "immutable") ||
			!strings.Contains(p.Header.Get("Content-Security-Policy"), "sandbox") || p.Header.Get("Set-Cookie") != "" {
			t.Errorf("%s: headers %v", variant, p.Header)
		}
	}
	for _, path := range []string{"/media/" + made.Key + "/huge", "/media/nokey/pc", "/media/..%2f..%2fx/pc"} {
		wantStatus(t, w.browser().get(path), http.StatusNotFound)
	}
	for name, c := range map[string]struct {
		data []byte
		want int
	}{
		"text":      {[]byte("<script>no picture</script>"), 422},
		"empty":     {nil, 422},
		"too wide":  {bomb.Bytes(), http.StatusRequestEntityTooLarge},
		"too large": {bytes.Repeat([]byte("x"), 2<<20), http.StatusRequestEntityTooLarge},
	} {
		b.get("/me")
		a := b.upload(c.data)
		wantStatus(t, a, c.want)
		if !strings.Contains(a.body, `"message":"`) {
			t.Errorf("%s: %s", name, a.body)
		}
	}
	wantStatus(t, w.browser().upload(good.Bytes()), http.StatusUnauthorized)
}

// Pictures that come with a form are stored once, and complaints name the field.
func TestPicturesInForms(t *testing.T) {
	w := newWorld(t, nil)
	var keys []string
	var failed error
	w.site.router.audience(audienceMember, w.site.member, class{body: 8 << 20}).post("/test/form", func(c *gin.Context) error {
		keys, failed = w.site.uploads(c, w.site.form(c), "images", 2)
		c.Status(http.StatusNoContent)
		return nil
	})
	b := w.member(1)
	b.get("/me")
	var good bytes.Buffer
	if err := jpeg.Encode(&good, image.NewRGBA(image.Rect(0, 0, 40, 40)), nil); err != nil {
		t.Fatal(err)
	}
	send := func(files ...[]byte) {
		var body bytes.Buffer
		m := multipart.NewWriter(&body)
		_ = m.WriteField("form_token", b.form.Get("form_token"))
		_ = m.WriteField("images", "earlier")
		for _, f := range files {
			part, _ := m.CreateFormFile("images_file", "a.jpg")
			_, _ = part.Write(f)
		}
		_ = m.Close()
		r := httptest.NewRequest(http.MethodPost, w.url+"/test/form", &body)
		r.RequestURI = ""
		r.Header.Set("Content-Type", m.FormDataContentType())
		wantStatus(t, b.do(r), http.StatusNoContent)
	}
	send(good.Bytes())
	if failed != nil || len(keys) != 2 || keys[0] != "earlier" {
		t.Errorf("keys %v, %v", keys, failed)
	}
	send([]byte("nonsense"))
	if e := known(failed); failed == nil || e.Fields["images"] == "" {
		t.Errorf("error %v", failed)
	}
	send(good.Bytes(), good.Bytes())
	if e := known(failed); failed == nil || e.Fields["images"] == "" {
		t.Errorf("too many: %v", failed)
	}
}

func TestAdminLink(t *testing.T) {
	w := newWorld(t, nil)
	token, err := w.store.CreateAdminLink(t.Context(), time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	b := w.browser()
	redirects(t, b.get("/admin"), "/admin/login")
	// Opening the link, as a chat program's preview does, does not use it up.
	b.get("/admin/enter?token=" + token)
	contains(t, b.get("/admin/enter?token="+token), "这个链接只能使用一次")
	redirects(t, b.post("/admin/enter"), "/admin/account") // there is no password yet
	a := b.get("/admin")
	wantStatus(t, a, http.StatusOK)
	contains(t, a, "概况", "今天的报价")
	wantStatus(t, b.post("/admin/deliveries/999/resend"), http.StatusNotFound)

	again := w.browser()
	again.get("/admin/enter?token=" + token)
	a = again.post("/admin/enter")
	wantStatus(t, a, http.StatusUnauthorized)
	contains(t, a, "这个链接已经用过或已失效")

	b.get("/admin")
	redirects(t, b.post("/admin/leave"), "/admin/login")
	redirects(t, b.get("/admin"), "/admin/login")
	if strings.Contains(w.log.String(), token) {
		t.Error("the token stands in the log")
	}
}

// Without Redis members go on; codes are not sent, because nothing would limit them.
func TestRedisDown(t *testing.T) {
	w := newWorld(t, nil)
	b := w.member(1)
	wantStatus(t, b.get("/me"), http.StatusOK)
	if err := w.redis.Close(); err != nil {
		t.Fatal(err)
	}
	wantStatus(t, b.get("/me"), http.StatusOK)
	guest := w.browser()
	a := guest.get("/login")
	wantStatus(t, a, http.StatusOK)
	contains(t, a, "图形验证码暂时不可用")
	a = guest.post("/login", "do", "code", "phone", string(newPhone), "captcha", "12345")
	wantStatus(t, a, http.StatusServiceUnavailable)
	if w.outbox.sent != 0 {
		t.Error("a code was sent without limits")
	}
}

func TestDebugPages(t *testing.T) {
	w := newWorld(t, nil)
	contains(t, w.browser().get("/debug/pages"), "/debug/pages/inbox")
	wantStatus(t, w.browser().get("/debug/pages/admin~dashboard"), http.StatusOK)
	production := newWorld(t, func(o *Options) { o.Development = false })
	wantStatus(t, production.browser().get("/debug/pages"), http.StatusNotFound)
}
