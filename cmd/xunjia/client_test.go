package main

import (
	"bytes"
	"context"
	"database/sql"
	"fmt"
	"io"
	"io/fs"
	"mime/multipart"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
	"unicode"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/net/html"

	"github.com/xunjia/xunjia"
	"github.com/xunjia/xunjia/store/storetest"
)

// world is the running program and the people of a test who use it.
type world struct {
	*app
	clock  *clock
	sql    *sql.DB // a look at the database beside the program
	people []*visitor
	hosts  int
}

// onBoth runs f on SQLite with the embedded Redis and on MariaDB with a real one.
func onBoth(t *testing.T, f func(*testing.T, *world)) {
	t.Run("sqlite", func(t *testing.T) { f(t, newWorld(t, nil)) })
	t.Run("mariadb", func(t *testing.T) {
		f(t, newWorld(t, map[string]string{
			"XUNJIA_DATABASE_DRIVER": "mysql",
			"XUNJIA_DATABASE_DSN":    storetest.MariaDB(t),
			"XUNJIA_REDIS_URL":       storetest.Redis(t),
		}))
	})
}

func newWorld(t *testing.T, set map[string]string) *world {
	t.Helper()
	// The test plays the proxy, so that every visitor has an address of his own
	// and the limits per network stay out of the way.
	all := map[string]string{"XUNJIA_TRUSTED_PROXIES": "127.0.0.1", "XUNJIA_LOG_LEVEL": "error"}
	for k, v := range set {
		all[k] = v
	}
	w := &world{clock: &clock{}}
	w.app = startApp(t, w.clock.now, all)
	var err error
	if w.sql, err = sql.Open(w.cfg.Database.Driver, string(w.cfg.Database.DSN)); err != nil {
		t.Fatal(err)
	}
	w.sql.SetMaxIdleConns(0) // a server that was down must not be noticed twice
	t.Cleanup(func() { _ = w.sql.Close() })
	return w
}

// visitor is somebody with a browser that runs no scripts.
type visitor struct {
	w     *world
	base  string // of the site, as he reaches it
	host  string // his address
	http  *http.Client
	form  url.Values // hidden fields of his last page
	phone xunjia.Phone
	id    int64 // of the user, once registered
}

func (w *world) visitor() *visitor {
	jar, _ := cookiejar.New(nil) // which never fails
	w.hosts++
	return &visitor{
		w: w, base: w.url, host: fmt.Sprintf("10.%d.%d.1", w.hosts/256, w.hosts%256), form: url.Values{},
		http: &http.Client{Jar: jar, Timeout: time.Minute, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }},
	}
}

// answer is an answer of the site.
type answer struct {
	*http.Response
	body string
	took time.Duration
}

// to is where the answer leads, without the site's address.
func (p answer) to() string { return p.Header.Get("Location") }

// text is what a reader sees.
func (p answer) text() string {
	if !strings.HasPrefix(p.Header.Get("Content-Type"), "text/html") {
		return p.body
	}
	doc, err := html.Parse(strings.NewReader(p.body))
	if err != nil {
		return p.body
	}
	var b strings.Builder
	for n := range doc.Descendants() {
		if n.Type == html.TextNode {
			b.WriteString(strings.TrimSpace(n.Data) + " ")
		}
	}
	return b.String()
}

func (p answer) String() string {
	return fmt.Sprintf("%s %s → %d %s\n%.300s", p.Request.Method, p.Request.URL.RequestURI(), p.StatusCode, p.to(), p.text())
}

// send makes a request and remembers the hidden fields of a page.
func (v *visitor) send(r *http.Request) (answer, error) {
	r.Header.Set("X-Forwarded-For", v.host)
	began := time.Now()
	res, err := v.http.Do(r)
	if err != nil {
		return answer{}, err
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	return answer{Response: res, body: string(body), took: time.Since(began)}, err
}

func (v *visitor) do(t *testing.T, r *http.Request) answer {
	t.Helper()
	p, err := v.send(r)
	if err != nil {
		t.Fatal(err)
	}
	if strings.HasPrefix(p.Header.Get("Content-Type"), "text/html") {
		v.form = hidden(p.body)
	}
	return p
}

// hidden reads the hidden fields of a page's forms.
func hidden(page string) url.Values {
	values := url.Values{}
	doc, err := html.Parse(strings.NewReader(page))
	if err != nil {
		return values
	}
	for n := range doc.Descendants() {
		attr := map[string]string{}
		for _, a := range n.Attr {
			attr[a.Key] = a.Val
		}
		if n.Type == html.ElementNode && n.Data == "input" && attr["type"] == "hidden" {
			values.Set(attr["name"], attr["value"])
		}
	}
	return values
}

func (v *visitor) request(method, path string, body io.Reader) *http.Request {
	if !strings.HasPrefix(path, "http") {
		path = v.base + path
	}
	r, err := http.NewRequestWithContext(context.Background(), method, path, body)
	if err != nil {
		panic(err) // an address that the test made up is wrong
	}
	return r
}

func (v *visitor) get(t *testing.T, path string) answer {
	t.Helper()
	return v.do(t, v.request(http.MethodGet, path, nil))
}

// filled is the last page's form with fields filled in: name, value, …
func (v *visitor) filled(fields ...string) url.Values {
	values := url.Values{}
	for k, have := range v.form {
		values[k] = have
	}
	for i := 0; i+1 < len(fields); i += 2 {
		values.Set(fields[i], fields[i+1])
	}
	return values
}

func (v *visitor) sending(path string, values url.Values) *http.Request {
	r := v.request(http.MethodPost, path, strings.NewReader(values.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return r
}

// post sends the last page's form with fields filled in.
func (v *visitor) post(t *testing.T, path string, fields ...string) answer {
	t.Helper()
	return v.do(t, v.sending(path, v.filled(fields...)))
}

// crowd is how many taps on a button come at the same time.
const crowd = 20

// mash sends one form many times at once and answers how often each status came,
// with one answer of each.
func (v *visitor) mash(t *testing.T, path string, values url.Values) (count map[int]int, one map[int]answer) {
	t.Helper()
	site, _ := url.Parse(v.base)
	cookies := v.http.Jar.Cookies(site)
	var mu sync.Mutex
	var taps sync.WaitGroup
	count, one = map[int]int{}, map[int]answer{}
	begin := make(chan struct{})
	for range crowd {
		taps.Go(func() {
			// Every tap leaves with the cookies of the page it is on.
			alone := *v
			alone.http = &http.Client{Timeout: time.Minute, CheckRedirect: v.http.CheckRedirect}
			r := v.sending(path, values)
			for _, c := range cookies {
				r.AddCookie(c)
			}
			<-begin
			p, err := alone.send(r)
			mu.Lock()
			defer mu.Unlock()
			if err != nil {
				t.Errorf("POST %s: %v", path, err)
				return
			}
			count[p.StatusCode]++
			one[p.StatusCode] = p
			if len(p.Cookies()) > 0 && p.StatusCode == http.StatusSeeOther {
				v.http.Jar.SetCookies(site, p.Cookies())
			}
		})
	}
	close(begin)
	taps.Wait()
	return count, one
}

// file is a picture that comes with a form.
type file struct {
	field string
	data  []byte
}

// upload sends the last page's form with files, as a browser does.
func (v *visitor) upload(t *testing.T, path string, files []file, fields ...string) answer {
	t.Helper()
	var body bytes.Buffer
	m := multipart.NewWriter(&body)
	for k, values := range v.filled(fields...) {
		for _, value := range values {
			_ = m.WriteField(k, value)
		}
	}
	for _, f := range files {
		part, _ := m.CreateFormFile(f.field, "照片.jpg")
		_, _ = part.Write(f.data)
	}
	_ = m.Close()
	r := v.request(http.MethodPost, path, &body)
	r.Header.Set("Content-Type", m.FormDataContentType())
	return v.do(t, r)
}

// says reports an answer with another status, one that does not tell the
// visitor in Chinese what is wrong, and one that gives internals away.
func says(t *testing.T, p answer, status int, texts ...string) {
	t.Helper()
	if p.StatusCode != status {
		t.Errorf("want status %d: %s", status, p)
		return
	}
	shown := p.text()
	for _, text := range texts {
		if !strings.Contains(shown, text) {
			t.Errorf("does not say %q: %s", text, p)
		}
	}
	if status >= 400 && !strings.ContainsFunc(shown, func(r rune) bool { return unicode.Is(unicode.Han, r) }) {
		t.Errorf("says nothing in Chinese: %s", p)
	}
	for _, leak := range []string{"store:", "sql:", "redis:", "driver:", "dial tcp", "panic", "goroutine", "Error 1", "context "} {
		if strings.Contains(p.body, leak) {
			t.Errorf("shows %q: %s", leak, p)
		}
	}
	if id := p.Header.Get("X-Request-Id"); status >= 400 && (len(id) < 8 || strings.Contains(p.body, `class="card message"`) && !strings.Contains(shown, id)) {
		t.Errorf("the request id %q is not on the page: %s", id, p)
	}
}

// keeps reports what was typed and is not in the form any more.
func keeps(t *testing.T, p answer, typed ...string) {
	t.Helper()
	for _, text := range typed {
		if !strings.Contains(html.UnescapeString(p.body), text) {
			t.Errorf("what was typed is lost, %q: %s", text, p)
		}
	}
}

// leads reports an answer that leads elsewhere.
func leads(t *testing.T, p answer, to string) {
	t.Helper()
	if p.StatusCode != http.StatusSeeOther || p.to() != to {
		t.Errorf("want a redirect to %s: %s", to, p)
	}
}

// askCode opens the form and has a code sent; it answers the code.
func (v *visitor) askCode(t *testing.T, form string) string {
	t.Helper()
	before := len(v.w.messages(t, v.phone))
	eye := v.eye(t)
	eye.forgetCaptchas()
	says(t, v.get(t, form), http.StatusOK)
	says(t, v.post(t, form, "do", "code", "phone", string(v.phone), "captcha", eye.captcha()), http.StatusOK, "验证码已发送到")
	await(t, "a code for "+string(v.phone), func() bool { return len(v.w.messages(t, v.phone)) > before })
	return v.w.messages(t, v.phone)[0].Code
}

// eye reads captchas.
func (v *visitor) eye(t *testing.T) *person {
	return &person{tab: tab{t: t, ctx: t.Context()}, app: v.w.app}
}

// member is a user of the sample data who logs in with his phone.
func (w *world) member(t *testing.T, phone xunjia.Phone) *visitor {
	t.Helper()
	v := w.visitor()
	v.phone = phone
	code := v.askCode(t, "/login")
	leads(t, v.post(t, "/login", "do", "next", "phone", string(phone), "code", code), "/")
	u, err := w.store.RegisterPhone(t.Context(), phone, 0)
	if err != nil {
		t.Fatal(err)
	}
	v.id = u.ID
	w.people = append(w.people, v)
	return v
}

// category is the id of a category of the sample data.
func (w *world) category(t *testing.T, name string) string {
	t.Helper()
	found, err := w.store.SearchCategories(t.Context(), name, 1)
	if err != nil || len(found) != 1 {
		t.Fatalf("category %s: %v, %v", name, found, err)
	}
	return fmt.Sprint(found[0].ID)
}

// draft opens the form of a purchase and answers it filled in.
func (v *visitor) draft(t *testing.T, edit ...string) []string {
	t.Helper()
	says(t, v.get(t, "/purchases/new"), http.StatusOK)
	return append([]string{
		"do", "publish", "lines.0.category", v.w.category(t, "黄连"), "lines.0.spec", "统货", "lines.0.quantity", "500", "lines.0.unit", "公斤",
		"lines.0.quality", "无硫，过检", "province", "340000", "city", "341600", "district", "341602", "deadline", "3", "remark", "样品先寄",
	}, edit...)
}

// publish publishes a purchase of one line.
func (v *visitor) publish(t *testing.T, edit ...string) xunjia.Purchase {
	t.Helper()
	p := v.post(t, "/purchases/new", v.draft(t, edit...)...)
	if p.StatusCode != http.StatusSeeOther {
		t.Fatalf("not published: %s", p)
	}
	purchase, err := v.w.store.Purchase(t.Context(), number(t, p.to()))
	if err != nil {
		t.Fatal(err)
	}
	return purchase
}

// quote quotes on a line and answers the quote's id.
func (v *visitor) quote(t *testing.T, line int64, price string) int64 {
	t.Helper()
	path := fmt.Sprintf("/lines/%d/quote", line)
	says(t, v.get(t, path), http.StatusOK)
	p := v.post(t, path, "price", price, "quality", "今年新货", "explanation", "现货")
	if p.StatusCode != http.StatusSeeOther {
		t.Fatalf("not quoted: %s", p)
	}
	return number(t, p.to())
}

// ledger is all that the people of a test own and were told.
type ledger struct {
	Users      []xunjia.User
	Categories [][]int64
	Purchases  map[int64]xunjia.Purchase
	Quotes     map[int64]xunjia.Quote
	Notices    map[int64]string
	Rows       map[string]int // of every table
	Pictures   int            // files of pictures
	Messages   int            // by SMS
}

// read waits until nothing is on its way any more and reads the ledger.
func (w *world) read(t *testing.T) ledger {
	t.Helper()
	ctx, most := t.Context(), xunjia.Page{Limit: 1000}
	w.settle(t)
	l := ledger{Purchases: map[int64]xunjia.Purchase{}, Quotes: map[int64]xunjia.Quote{}, Notices: map[int64]string{}}
	check := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	for _, v := range w.people {
		u, err := w.store.User(ctx, v.id)
		check(err)
		categories, err := w.store.FollowedCategories(ctx, v.id)
		check(err)
		l.Users, l.Categories = append(l.Users, u), append(l.Categories, categories)
		asked, err := w.store.PurchasesOf(ctx, v.id, most)
		check(err)
		for _, p := range asked.Items {
			whole, err := w.store.Purchase(ctx, p.ID)
			check(err)
			whole.ViewCount = 0
			l.Purchases[p.ID] = whole
		}
		quoted, err := w.store.QuotesBy(ctx, v.id, most)
		check(err)
		for _, q := range quoted.Items {
			l.Quotes[q.Quote.ID] = q.Quote
		}
		for _, kind := range []xunjia.NotificationType{xunjia.SellingNotice, xunjia.PurchasingNotice} {
			list, err := w.store.Notifications(ctx, v.id, kind, most)
			check(err)
			for _, n := range list.Items {
				l.Notices[n.ID] = fmt.Sprint(n.Receiver, n.Status, n.Title)
			}
		}
	}
	var state struct {
		Messages int `json:"sms_count"`
	}
	w.simJSON(t, "/sim/api/state", &state)
	l.Rows, l.Messages, l.Pictures = w.rows(t), state.Messages, w.files(t, "media")
	return l
}

// settle waits until everybody has been told of everything.
func (w *world) settle(t *testing.T) {
	t.Helper()
	await(t, "an empty outbox", func() bool {
		return w.count(t, "SELECT COUNT(*) FROM event WHERE active = 1")+w.count(t, "SELECT COUNT(*) FROM delivery WHERE active = 1") == 0
	})
}

// fleeting are tables whose rows come and go beside the business, or are written
// by regular jobs some time after it.
const fleeting = " session oauth_state wechat_credential counter goose_db_version login_attempt template_binding price_mark price_point price_sample "

// rows counts the rows of every table that is not fleeting, so that nothing
// half-written escapes.
func (w *world) rows(t *testing.T) map[string]int {
	t.Helper()
	query := "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
	if w.cfg.Database.Driver == "mysql" {
		query = "SELECT table_name FROM information_schema.tables WHERE table_schema = DATABASE()"
	}
	list, err := w.sql.QueryContext(t.Context(), query)
	if err != nil {
		t.Fatal(err)
	}
	defer list.Close()
	rows := map[string]int{}
	for list.Next() {
		var name string
		if err := list.Scan(&name); err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(fleeting, " "+name+" ") {
			rows[name] = 0
		}
	}
	if err := list.Err(); err != nil {
		t.Fatal(err)
	}
	for name := range rows {
		rows[name] = w.count(t, "SELECT COUNT(*) FROM "+name)
	}
	return rows
}

func (w *world) count(t *testing.T, query string) (n int) {
	t.Helper()
	if err := w.sql.QueryRowContext(t.Context(), query).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

// files counts what is in a folder of the program's data.
func (w *world) files(t *testing.T, folder string) (n int) {
	t.Helper()
	err := filepath.WalkDir(filepath.Join(w.cfg.DataDir, folder), func(_ string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			n++
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// unchanged reports what do has left behind.
func (w *world) unchanged(t *testing.T, do func()) {
	t.Helper()
	before := w.read(t)
	do()
	if diff := cmp.Diff(before, w.read(t)); diff != "" {
		t.Errorf("something was written (-before +after):\n%s", diff)
	}
}
