package handlers

import (
	"bytes"
	"context"
	"crypto/sha1" // the platform signs with it
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"flag"
	"io"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"golang.org/x/net/html"

	"github.com/xunjia/xunjia"
	"github.com/xunjia/xunjia/media"
	"github.com/xunjia/xunjia/sms"
	"github.com/xunjia/xunjia/store"
	"github.com/xunjia/xunjia/store/storetest"
)

var update = flag.Bool("update", false, "write the golden files anew")

// recorder is an outbox that remembers instead of sending.
type recorder struct {
	mu        sync.Mutex
	codes     map[xunjia.Phone]string
	sent      int
	confirmed []string
	unknown   bool // ConfirmDelivery and ConfirmSMS answer NotFound
	reports   []sms.Report
	failed    []int64 // deliveries that can be sent again
}

func (r *recorder) Wake() {}

func (r *recorder) SendCode(_ context.Context, phone xunjia.Phone, code string) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.codes[phone] = code
	r.sent++
	return nil
}

func (r *recorder) Content(d xunjia.Delivery) xunjia.DeliveryContent {
	return xunjia.DeliveryContent{Title: "标题", Text: d.Payload}
}

func (r *recorder) ConfirmSMS(_ context.Context, report sms.Report) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.unknown {
		return xunjia.Errorf(xunjia.NotFound, "没有找到这条消息")
	}
	r.reports = append(r.reports, report)
	return nil
}

func (r *recorder) ConfirmDelivery(_ context.Context, channel xunjia.Channel, id string, ok bool, reason string) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.unknown {
		return xunjia.Errorf(xunjia.NotFound, "没有这条通知")
	}
	r.confirmed = append(r.confirmed, string(channel)+" "+id+" "+reason)
	return nil
}

func (r *recorder) Resend(_ context.Context, _, id int64) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !slices.Contains(r.failed, id) {
		return xunjia.Errorf(xunjia.Conflict, "这条消息没有失败，不用重发")
	}
	r.failed = slices.DeleteFunc(r.failed, func(one int64) bool { return one == id })
	return nil
}

func (r *recorder) code(phone xunjia.Phone) string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.codes[phone]
}

// world is a website on a real store and an embedded Redis.
type world struct {
	t      *testing.T
	site   *Site
	store  *store.Store
	file   string // the store's database
	redis  redis.UniversalClient
	outbox *recorder
	log    *syncBuffer
	url    string
}

// syncBuffer is a log that tests read while requests write.
type syncBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (b *syncBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

func (b *syncBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}

// sampleDatabase is a SQLite file with the sample data, made once: it takes
// longer than most tests.
var sampleDatabase = sync.OnceValues(func() ([]byte, error) {
	dir, err := os.MkdirTemp("", "xunjia")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	file, ctx := filepath.Join(dir, "sample.db"), context.Background()
	s, err := store.Open(ctx, store.Options{Driver: "sqlite", DSN: file, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		return nil, err
	}
	err = s.Migrate(ctx)
	if err == nil {
		_, err = s.Seed(ctx, nil)
	}
	// Closing moves the write-ahead log into the file.
	if err := errors.Join(err, s.Close()); err != nil {
		return nil, err
	}
	return os.ReadFile(file)
})

// newWorld starts a website with sample data; change edits its options.
func newWorld(t *testing.T, change func(*Options)) *world {
	t.Helper()
	rdb, stop, err := store.EmbeddedRedis(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(stop)
	w := &world{t: t, redis: rdb, outbox: &recorder{codes: map[xunjia.Phone]string{}}, log: &syncBuffer{}}
	seeded, err := sampleDatabase()
	if err != nil {
		t.Fatal(err)
	}
	file := storetest.SQLite(t)
	if err := os.WriteFile(file, seeded, 0o600); err != nil {
		t.Fatal(err)
	}
	w.file, w.store = file, storetest.Open(t, "sqlite", file)
	log := slog.New(slog.NewTextHandler(w.log, nil))
	master := []byte("a master key of at least 32 bytes!")
	codes, err := sms.NewCodes(sms.CodesOptions{Redis: rdb, Budget: w.store, Master: master, GlobalPerMinute: 1000, DailyCodes: 1000, Log: log})
	if err != nil {
		t.Fatal(err)
	}
	blobs, err := media.OpenLocal(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = blobs.Close() })
	server := httptest.NewUnstartedServer(nil)
	w.url = "http://" + server.Listener.Addr().String()
	o := Options{
		Store: w.store, Codes: codes, Captchas: sms.NewCaptchas(rdb), Outbox: w.outbox, Blobs: blobs, SMSToken: "secret-part",
		BaseURL: w.url, Master: master, Log: log, ICP: "京ICP备00000000号", Development: true,
	}
	if change != nil {
		change(&o)
	}
	if w.site, err = New(o); err != nil {
		t.Fatal(err)
	}
	server.Config.Handler = w.site
	server.Start()
	t.Cleanup(server.Close)
	return w
}

// browser is somebody at a website: cookies, and the form of the last page.
type browser struct {
	*world
	http  *http.Client
	agent string
	form  url.Values // hidden fields of the last page's forms
}

func (w *world) browser() *browser {
	jar, err := cookiejar.New(nil)
	if err != nil {
		w.t.Fatal(err)
	}
	return &browser{world: w, form: url.Values{}, agent: "Mozilla/5.0 test", http: &http.Client{
		Jar:           jar,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// weChat is a browser inside WeChat.
func (w *world) weChat() *browser {
	b := w.browser()
	b.agent = "Mozilla/5.0 (Linux; Android 14) Chrome/142.0 Mobile MicroMessenger/8.0.66"
	return b
}

// member is the browser of a user of the sample data who is logged in.
func (w *world) member(user int64) *browser {
	w.t.Helper()
	b := w.browser()
	token, _, err := w.store.StartSession(w.t.Context(), xunjia.Session{Kind: xunjia.UserSession, UserID: user})
	if err != nil {
		w.t.Fatal(err)
	}
	u, _ := url.Parse(w.url)
	b.http.Jar.SetCookies(u, []*http.Cookie{{Name: "sid", Value: token, Path: "/"}})
	return b
}

// answer is a response with its body read.
type answer struct {
	*http.Response
	body string
}

// to is where the answer redirects, without the site's address.
func (a answer) to() string { return a.Header.Get("Location") }

func (b *browser) do(r *http.Request) answer {
	b.t.Helper()
	r.Header.Set("User-Agent", b.agent)
	res, err := b.http.Do(r)
	if err != nil {
		b.t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		b.t.Fatal(err)
	}
	a := answer{res, string(body)}
	if strings.HasPrefix(res.Header.Get("Content-Type"), "text/html") {
		b.remember(a.body)
	}
	return a
}

// remember keeps the hidden fields of a page's forms.
func (b *browser) remember(page string) {
	doc, err := html.Parse(strings.NewReader(page))
	if err != nil {
		b.t.Fatal(err)
	}
	b.form = url.Values{}
	for n := range doc.Descendants() {
		if n.Type != html.ElementNode || n.Data != "input" {
			continue
		}
		attr := map[string]string{}
		for _, a := range n.Attr {
			attr[a.Key] = a.Val
		}
		if attr["type"] == "hidden" {
			b.form.Set(attr["name"], attr["value"])
		}
	}
}

func (b *browser) get(path string) answer {
	b.t.Helper()
	if !strings.HasPrefix(path, "http") {
		path = b.url + path
	}
	r, err := http.NewRequest(http.MethodGet, path, nil)
	if err != nil {
		b.t.Fatal(err)
	}
	return b.do(r)
}

// post sends the last page's form with some fields filled in: name, value, …
func (b *browser) post(path string, fields ...string) answer {
	b.t.Helper()
	return b.do(b.request(path, fields...))
}

func (b *browser) request(path string, fields ...string) *http.Request {
	b.t.Helper()
	values := url.Values{}
	for k, v := range b.form {
		values[k] = v
	}
	for i := 0; i+1 < len(fields); i += 2 {
		if strings.HasPrefix(fields[i], "+") {
			values.Add(fields[i][1:], fields[i+1])
		} else {
			values.Set(fields[i], fields[i+1])
		}
	}
	r, err := http.NewRequest(http.MethodPost, b.url+path, strings.NewReader(values.Encode()))
	if err != nil {
		b.t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return r
}

// session is the browser's session.
func (b *browser) session() xunjia.Session {
	b.t.Helper()
	u, _ := url.Parse(b.url)
	for _, c := range b.http.Jar.Cookies(u) {
		if c.Name == "sid" {
			s, err := b.store.SessionByToken(b.t.Context(), c.Value)
			if err != nil {
				b.t.Fatal(err)
			}
			return s
		}
	}
	return xunjia.Session{}
}

// captcha reads the picture on the last page, as a person would.
func (b *browser) captcha() string {
	b.t.Helper()
	sum := sha256.Sum256([]byte(b.form.Get("captcha_id") + "\x00" + b.session().ID))
	keys, err := b.redis.Keys(b.t.Context(), "*captcha:"+hex.EncodeToString(sum[:16])).Result()
	if err != nil || len(keys) != 1 {
		b.t.Fatalf("captcha: keys %v, error %v", keys, err)
	}
	digits, err := b.redis.Get(b.t.Context(), keys[0]).Result()
	if err != nil {
		b.t.Fatal(err)
	}
	return digits
}

// contains reports text that a page lacks.
func contains(t *testing.T, a answer, texts ...string) {
	t.Helper()
	for _, text := range texts {
		if !strings.Contains(a.body, text) {
			t.Errorf("%s %s (%d) does not say %q", a.Request.Method, a.Request.URL.Path, a.StatusCode, text)
		}
	}
}

// status reports another status than the one wanted.
func wantStatus(t *testing.T, a answer, want int) {
	t.Helper()
	if a.StatusCode != want {
		t.Errorf("%s %s: status %d, want %d\n%.400s", a.Request.Method, a.Request.URL, a.StatusCode, want, a.body)
	}
}

// redirects reports a redirect elsewhere than wanted.
func redirects(t *testing.T, a answer, want string) {
	t.Helper()
	wantStatus(t, a, http.StatusSeeOther)
	if a.to() != want {
		t.Errorf("%s %s redirects to %q, want %q", a.Request.Method, a.Request.URL.Path, a.to(), want)
	}
}

// signed is the query of a push, as the platform signs it.
func signed(token string) string {
	parts := []string{token, strconv.FormatInt(time.Now().Unix(), 10), "nonce"}
	q := url.Values{"timestamp": {parts[1]}, "nonce": {parts[2]}}
	slices.Sort(parts)
	sum := sha1.Sum([]byte(strings.Join(parts, "")))
	q.Set("signature", hex.EncodeToString(sum[:]))
	return q.Encode()
}
