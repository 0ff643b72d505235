package outbox

import (
	"context"
	"database/sql"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	_ "github.com/go-sql-driver/mysql"

	"github.com/xunjia/xunjia"
	"github.com/xunjia/xunjia/sms"
	"github.com/xunjia/xunjia/store"
	"github.com/xunjia/xunjia/store/storetest"
	"github.com/xunjia/xunjia/wechat"
)

const appID = "wx1234567890abcdef"

// codes maps every kind of SMS to a provider's code that names it.
var codes = map[string]string{
	xunjia.SMSCode: "SMS_code", xunjia.SMSNewPurchase: "SMS_purchase",
	xunjia.SMSNewQuote: "SMS_quote", xunjia.SMSQuoteAnswer: "SMS_answer",
}

// fakeTime is the database's clock and everybody's, moved by the test.
type fakeTime struct {
	mu sync.Mutex
	t  time.Time
}

func newFakeTime() *fakeTime {
	return &fakeTime{t: time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC)}
}

func (f *fakeTime) now() time.Time {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.t
}

func (f *fakeTime) advance(d time.Duration) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.t = f.t.Add(d)
}

// world is a database, people, and the channels that reach them.
type world struct {
	t      testing.TB
	driver string
	dsn    string
	time   *fakeTime // nil: real time
	store  *store.Store
	db     *sql.DB
	wx     *fakeWeChat
	sms    *fakeSMS
	box    *sms.Box
	buyer  int64
}

// each runs f in a world on each engine.
func each(t *testing.T, clock func() *fakeTime, f func(t *testing.T, w *world)) {
	for _, driver := range []string{"sqlite", "mysql"} {
		t.Run(driver, func(t *testing.T) { f(t, newWorld(t, driver, clock())) })
	}
}

func realTime() *fakeTime { return nil }

func newWorld(t testing.TB, driver string, clock *fakeTime) *world {
	t.Helper()
	w := &world{t: t, driver: driver, time: clock}
	name := driver
	if driver == "mysql" {
		w.dsn = storetest.MariaDB(t)
	} else {
		w.dsn = storetest.SQLite(t)
	}
	w.store = w.open()
	dsn := w.dsn
	if driver == "sqlite" {
		dsn = "file:" + w.dsn + "?_busy_timeout=5000&_journal_mode=WAL&_synchronous=FULL"
	}
	var err error
	if w.db, err = sql.Open(name, dsn); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { w.db.Close() })
	if w.box, err = sms.NewBox([]byte(strings.Repeat("k", 32))); err != nil {
		t.Fatal(err)
	}
	w.wx, w.sms = newFakeWeChat(w.clock()), &fakeSMS{}
	w.exec("INSERT INTO category (id, parent_id, position, name, initials, units, specs, origins) VALUES " +
		`(1, 0, 1, '黄连', 'hl', '["公斤"]', '[]', '[]'), (2, 0, 2, '当归', 'dg', '["公斤"]', '[]', '[]')`)
	w.buyer = w.people(1, false)[0]
	w.pushSettings(`{"FirstSize": 0, "DayCap": 1000000, "WeekCap": 1000000}`) // the first round is for everybody
	return w
}

// pushSettings decides about rounds, as JSON.
func (w *world) pushSettings(value string) {
	w.t.Helper()
	w.exec("DELETE FROM setting")
	w.exec("INSERT INTO setting (name, value, staff_id, updated_at) VALUES ('push', ?, 0, 0)", value)
}

// clock is the time of the world.
func (w *world) clock() func() time.Time {
	if w.time == nil {
		return time.Now
	}
	return w.time.now
}

// open opens another instance's store.
func (w *world) open(options ...func(*store.Options)) *store.Store {
	if w.time != nil {
		options = append(options, func(o *store.Options) { o.Clock = w.time.now })
	}
	return storetest.Open(w.t, w.driver, w.dsn, options...)
}

func (w *world) exec(query string, args ...any) {
	w.t.Helper()
	if _, err := w.db.ExecContext(w.t.Context(), query, args...); err != nil {
		w.t.Fatalf("%.80s: %v", query, err)
	}
}

// count counts rows: count("delivery WHERE state = 'sent'").
func (w *world) count(from string, args ...any) int {
	w.t.Helper()
	var n int
	if err := w.db.QueryRowContext(w.t.Context(), "SELECT COUNT(*) FROM "+from, args...).Scan(&n); err != nil {
		w.t.Fatalf("%s: %v", from, err)
	}
	return n
}

// people registers n users, fans of the account or not, who follow the
// categories.
func (w *world) people(n int, fans bool, categories ...int64) []int64 {
	w.t.Helper()
	first := int64(w.count("users") + 1)
	ids := make([]int64, n)
	users, identities, follows := [][]any{}, [][]any{}, [][]any{}
	for i := range ids {
		id := first + int64(i)
		ids[i] = id
		users = append(users, []any{id, phoneOf(id), 6, fmt.Sprintf("药商%d", id), "510104", 0, 1, 1})
		if fans {
			identities = append(identities, []any{id, appID, openIDOf(id), 1, 1})
		}
		for _, c := range categories {
			follows = append(follows, []any{id, c})
		}
	}
	w.insert("users (id, phone, kind, name, area, disabled, created_at, registered_at)", users)
	w.insert("wechat_identity (user_id, app_id, open_id, subscribed, created_at)", identities)
	w.insert("user_category (user_id, category_id)", follows)
	return ids
}

func phoneOf(id int64) string  { return fmt.Sprintf("139%08d", id) }
func openIDOf(id int64) string { return fmt.Sprintf("openid-%d", id) }

// insert inserts many rows in few statements.
func (w *world) insert(into string, rows [][]any) {
	w.t.Helper()
	for len(rows) > 0 {
		part := rows[:min(500, len(rows))]
		rows = rows[len(part):]
		one := "(" + strings.TrimSuffix(strings.Repeat("?,", len(part[0])), ",") + ")"
		var args []any
		for _, r := range part {
			args = append(args, r...)
		}
		w.exec("INSERT INTO "+into+" VALUES "+strings.TrimSuffix(strings.Repeat(one+",", len(part)), ","), args...)
	}
}

// publish publishes a purchase of the buyer's for categories.
func (w *world) publish(categories ...int64) xunjia.Purchase {
	w.t.Helper()
	d := xunjia.Draft{Terms: xunjia.Terms{Area: "510104", Deadline: w.clock()().Add(3 * 24 * time.Hour)}}
	for _, c := range categories {
		d.Lines = append(d.Lines, xunjia.Line{CategoryID: c, Spec: "统货", Quantity: 500_000, Unit: "公斤"})
	}
	p, _, err := w.store.PublishPurchase(w.t.Context(), w.buyer, d)
	if err != nil {
		w.t.Fatal(err)
	}
	return p
}

// quote submits a supplier's offer for the first line.
func (w *world) quote(p xunjia.Purchase, supplier int64) xunjia.Quote {
	w.t.Helper()
	q, _, err := w.store.SubmitQuote(w.t.Context(), p.Lines[0].ID, supplier, xunjia.Offer{Price: 6850})
	if err != nil {
		w.t.Fatal(err)
	}
	return q
}

// outbox makes an instance, with its templates read.
func (w *world) outbox(change ...func(*Options)) *Outbox {
	w.t.Helper()
	opts := Options{
		Store: w.store, WeChat: w.wx, AppID: appID, SMS: w.sms, Box: w.box, SMSCode: codes,
		BaseURL: "https://b2b.example.com/", Clock: w.clock(), Log: slog.New(slog.DiscardHandler),
	}
	for _, c := range change {
		c(&opts)
	}
	o, err := New(opts)
	if err != nil {
		w.t.Fatal(err)
	}
	if err := o.templates.refresh(w.t.Context()); err != nil {
		w.t.Fatal(err)
	}
	return o
}

// work does everything that is due and answers how much that was.
func work(t testing.TB, o *Outbox) int {
	t.Helper()
	ctx, done := t.Context(), 0
	for again := true; again; {
		again = false
		for _, e := range o.expanders {
			worked, err := o.expandNext(ctx, e.lane)
			if err != nil {
				t.Fatal(err)
			}
			again = again || worked
		}
		for _, q := range o.queues {
			n, err := o.dispatch(ctx, q, q.size)
			if err != nil {
				t.Fatal(err)
			}
			q.pending.Wait()
			done += n
			again = again || n > 0
		}
	}
	return done
}

// untilQuiet works and lets time pass until nothing is left to do.
func (w *world) untilQuiet(o *Outbox) {
	w.t.Helper()
	for range 1000 {
		work(w.t, o)
		if w.count("delivery WHERE active = 1") == 0 && w.count("event WHERE active = 1") == 0 {
			return
		}
		w.time.advance(2 * time.Second)
	}
	w.t.Fatal("there is still something to do after 2000 seconds")
}

// fakeWeChat is the platform: it sends once per fan and client_msg_id within
// ten minutes, and answers what answer says.
type fakeWeChat struct {
	now func() time.Time

	mu        sync.Mutex
	seen      map[string]time.Time // fan and client_msg_id → when it was sent
	calls     []wechat.TemplateMessage
	delivered []wechat.TemplateMessage
	missing   string // title of a template that the account lacks
	// answer decides about a call, the first being 1: deliver it or not, and
	// what the caller hears. nil delivers everything.
	answer func(call int, m wechat.TemplateMessage) (deliver bool, err error)

	subscriptions []wechat.SubscriptionTemplate // of the account
	subscribed    []wechat.Subscription         // calls
	consent       error                         // what they are answered
}

func newFakeWeChat(now func() time.Time) *fakeWeChat {
	return &fakeWeChat{now: now, seen: map[string]time.Time{}}
}

func (f *fakeWeChat) PrivateTemplates(context.Context) ([]wechat.PrivateTemplate, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	var list []wechat.PrivateTemplate
	for _, spec := range xunjia.TemplateSpecs() {
		if spec.Title == f.missing {
			continue
		}
		p := wechat.PrivateTemplate{ID: "template-" + spec.Title, Title: spec.Title}
		for i, label := range spec.Labels {
			p.Fields = append(p.Fields, wechat.TemplateField{Label: label, Key: fmt.Sprintf("thing%d", i), Kind: "thing"})
		}
		list = append(list, p)
	}
	return list, nil
}

func (f *fakeWeChat) SendTemplate(_ context.Context, m wechat.TemplateMessage) (string, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.calls = append(f.calls, m)
	deliver, err := true, error(nil)
	if f.answer != nil {
		deliver, err = f.answer(len(f.calls), m)
	}
	key := m.OpenID + " " + m.ClientMsgID
	if sent, again := f.seen[key]; deliver && (!again || f.now().Sub(sent) >= 10*time.Minute) {
		f.seen[key] = f.now()
		f.delivered = append(f.delivered, m)
	}
	if err != nil {
		return "", err
	}
	return "msg-" + m.ClientMsgID, nil
}

func (f *fakeWeChat) SubscriptionTemplates(context.Context) ([]wechat.SubscriptionTemplate, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.subscriptions, nil
}

func (f *fakeWeChat) SendSubscription(_ context.Context, m wechat.Subscription) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.subscribed = append(f.subscribed, m)
	return f.consent
}

// fakeSMS is the provider, which sends whatever it is given.
type fakeSMS struct {
	mu        sync.Mutex
	calls     []sms.Message
	delivered []sms.Message
	answer    func(call int, m sms.Message) (deliver bool, err error)
	arrived   func(m sms.Message) // called outside the lock
}

func (f *fakeSMS) Send(_ context.Context, m sms.Message) (string, error) {
	f.mu.Lock()
	f.calls = append(f.calls, m)
	deliver, err := true, error(nil)
	if f.answer != nil {
		deliver, err = f.answer(len(f.calls), m)
	}
	if deliver {
		f.delivered = append(f.delivered, m)
	}
	n := len(f.calls)
	arrived := f.arrived
	f.mu.Unlock()
	if deliver && arrived != nil {
		arrived(m)
	}
	return fmt.Sprint("biz-", n), err
}

// apiError is a refusal by the platform.
func apiError(code int) error {
	return &wechat.APIError{API: "/cgi-bin/message/template/send", Code: code, Message: "refused"}
}

// lost is an answer that never came.
func lost() error {
	return &wechat.CallError{API: "/cgi-bin/message/template/send", Sent: true, Err: context.DeadlineExceeded}
}
