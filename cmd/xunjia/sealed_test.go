package main

import (
	"bytes"
	"context"
	"database/sql"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/net/html"

	"github.com/xunjia/xunjia"
	"github.com/xunjia/xunjia/config"
	"github.com/xunjia/xunjia/handlers"
)

// sealedName is who made the sealed offer.
const sealedName = "绝无仅有药业合作社"

// sealedMarks are pieces of a sealed offer; none of them may be found.
func sealedMarks() []string {
	return []string{"7731.31", "773131", "7,731.31", "偏偏这一句", "又是那一句", sealedName}
}

// pushRow is a row of the console's deliveries that says that somebody was told of
// a new purchase.
var pushRow = regexp.MustCompile(`<tr>(?:<td>[^/]*</td>)?<td class="lead-cell"><a href="/admin/deliveries/\d+">新的采购需求</a></td>.*?</tr>`)

// found lists the texts that hold a piece of the sealed offer.
func found(texts map[string]string) []string {
	var where []string
	for name, text := range texts {
		if name == "/admin/deliveries" {
			text = pushRow.ReplaceAllString(text, "") // whom the purchase was pushed to
		}
		for _, mark := range sealedMarks() {
			if mark == sealedName && (strings.HasSuffix(name, "/invite") || strings.HasPrefix(name, "/admin/push/")) {
				continue // whom he may invite, and who was told, whether they have quoted or not
			}
			if strings.Contains(text, mark) {
				where = append(where, name+" tells "+mark)
			}
		}
	}
	slices.Sort(where)
	return where
}

// lockedLog is a log that is read while it is written.
type lockedLog struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (l *lockedLog) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.Write(p)
}

func (l *lockedLog) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.String()
}

// TestSealedPricesStaySealed looks for the price of a sealed quote wherever the
// buyer and staff can look before the deadline: on every page, in every notice,
// event, delivery, short message, card, log line and inbox row.
func TestSealedPricesStaySealed(t *testing.T) {
	log := &lockedLog{}
	w := sealedWorld(t, log)
	w.register(t, "13911110003", sealedName)
	buyer, supplier := w.member(t, "19900000001"), w.member(t, "13911110003")
	p := buyer.publish(t, "mode", "2")
	if p.Mode != xunjia.SealedMode { // the form does not offer the mode
		w.run(t, "UPDATE purchase SET mode = ? WHERE id = ?", int(xunjia.SealedMode), p.ID)
	}
	line := fmt.Sprintf("/lines/%d/quote", p.Lines[0].ID)
	for _, price := range []string{"7731.30", "7731.31"} { // made, and revised
		says(t, supplier.get(t, line), http.StatusOK)
		if a := supplier.post(t, line, "price", price, "quality", "偏偏这一句", "explanation", "又是那一句"); a.StatusCode != http.StatusSeeOther {
			t.Fatalf("not quoted: %s", a)
		}
	}
	quote, err := w.store.QuoteOf(t.Context(), p.Lines[0].ID, supplier.id)
	if err != nil {
		t.Fatal(err)
	}
	a := buyer.get(t, xunjia.PurchasePath(p.ID))
	says(t, a, http.StatusOK, "密封报价")
	w.settle(t)
	if own := supplier.get(t, xunjia.QuotePath(quote.ID)); len(found(map[string]string{"his own": own.body})) == 0 {
		t.Error("the supplier does not find his own price: the check notices nothing")
	}

	texts := w.everything(t, buyer, p, quote)
	for name, most := range map[string]string{"inbox": "收到一份密封报价", "delivery": "密封"} {
		if !strings.Contains(texts[name], most) {
			t.Errorf("%s lacks %q: %.300s", name, most, texts[name])
		}
	}
	texts["log"] = log.String()
	if where := found(texts); len(where) > 0 {
		t.Errorf("%d leaks:\n%s", len(where), strings.Join(where, "\n"))
	}
	t.Logf("%d texts were read", len(texts))

	// A planted leak is found, in the inbox and on the page that shows it.
	w.run(t, "UPDATE notification SET text = '报价 7731.31 元' WHERE receiver = ?", buyer.id)
	if where := found(w.everything(t, buyer, p, quote)); len(where) < 2 {
		t.Errorf("a planted leak was found in %v only", where)
	}

	// At the deadline the buyer sees all of it.
	w.clock.advance(73 * time.Hour)
	says(t, buyer.get(t, xunjia.PurchasePath(p.ID)+"/compare"), http.StatusOK, "7731.31")
	says(t, buyer.get(t, xunjia.PurchasePath(p.ID)+"/opening"), http.StatusOK, "7731.31", sealedName)
}

// sealedWorld is a world whose log can be read.
func sealedWorld(t *testing.T, log *lockedLog) *world {
	t.Helper()
	cfg, err := config.Load("", []string{"XUNJIA_LISTEN=127.0.0.1:0", "XUNJIA_OPS_LISTEN=off", "XUNJIA_SIM_LISTEN=127.0.0.1:0",
		"XUNJIA_TRUSTED_PROXIES=127.0.0.1", "XUNJIA_DATA_DIR=" + t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	w := &world{clock: &clock{}}
	if w.app, err = start(context.Background(), cfg, slog.New(slog.NewTextHandler(log, &slog.HandlerOptions{Level: slog.LevelDebug})), w.clock.now); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(w.close)
	if w.sql, err = sql.Open(w.cfg.Database.Driver, string(w.cfg.Database.DSN)+"?_pragma=busy_timeout(5000)"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = w.sql.Close() })
	return w
}

// register makes a supplier of 黄连 whom nobody knows yet.
func (w *world) register(t *testing.T, phone xunjia.Phone, name string) {
	t.Helper()
	u, err := w.store.RegisterPhone(t.Context(), phone, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.store.SaveProfile(t.Context(), u.ID, xunjia.Profile{Kind: xunjia.Cooperative, Name: name, Area: "500240"}); err != nil {
		t.Fatal(err)
	}
	found, err := w.store.SearchCategories(t.Context(), "黄连", 1)
	if err != nil || len(found) != 1 {
		t.Fatal(found, err)
	}
	if _, err := w.store.FollowCategories(t.Context(), u.ID, []int64{found[0].ID}); err != nil {
		t.Fatal(err)
	}
}

func (w *world) run(t *testing.T, query string, args ...any) {
	t.Helper()
	if _, err := w.sql.ExecContext(t.Context(), query, args...); err != nil {
		t.Fatal(err)
	}
}

// everything is all that the buyer and staff can read: every page of the table
// of routes, as both of them, with the ids of what is sealed, and every row that
// the program wrote, but for those of the offer itself.
func (w *world) everything(t *testing.T, buyer *visitor, p xunjia.Purchase, q xunjia.Quote) map[string]string {
	t.Helper()
	texts := map[string]string{}
	link, err := w.store.CreateAdminLink(t.Context(), time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	staff := w.visitor()
	staff.get(t, "/admin/enter?token="+link)
	leads(t, staff.post(t, "/admin/enter"), "/admin/account")
	notices, err := w.store.Notifications(t.Context(), buyer.id, xunjia.PurchasingNotice, xunjia.Page{Limit: 100})
	if err != nil || len(notices.Items) == 0 {
		t.Fatal(len(notices.Items), err)
	}
	read := func(v *visitor, path string) {
		if _, seen := texts[path]; seen || strings.Contains(path, "/oauth/") || strings.Contains(path, "/start") || strings.HasPrefix(path, "/debug/") {
			return
		}
		a := v.get(t, path)
		texts[path] = a.body + a.to()
		for _, next := range links(a) {
			if _, seen := texts[next]; !seen {
				b := v.get(t, next)
				texts[next] = b.body + b.to()
			}
		}
	}
	for _, r := range handlers.Routes() {
		method, rest, _ := strings.Cut(r, " ")
		path, _, _ := strings.Cut(rest, " ")
		if method != http.MethodGet {
			continue
		}
		id := p.ID
		switch {
		case strings.HasPrefix(path, "/lines/"):
			id = p.Lines[0].ID
		case strings.HasPrefix(path, "/quotes/"):
			id = q.ID
		case strings.HasPrefix(path, "/inbox/"):
			id = notices.Items[0].ID
		}
		path = strings.NewReplacer(":id", fmt.Sprint(id), ":category", fmt.Sprint(p.Lines[0].CategoryID)).Replace(path)
		if strings.Contains(path, ":") {
			continue
		}
		if strings.HasPrefix(path, "/admin") {
			read(staff, path)
		} else {
			read(buyer, path)
		}
	}
	for _, path := range []string{"/compare?sort=lead", "/compare?sort=time", "/refuse?line=" + fmt.Sprint(p.Lines[0].ID)} {
		read(buyer, xunjia.PurchasePath(p.ID)+path)
	}
	read(buyer, xunjia.QuotePath(q.ID)+"/answer?do=refuse")
	read(buyer, "/inbox?type=2")
	read(staff, "/admin/purchases?q="+p.Number)
	texts["inbox"] = w.dump(t, "SELECT title, content, text, path FROM notification WHERE receiver = ?", buyer.id)
	texts["delivery"] = w.dump(t, "SELECT payload, reason, channel, kind FROM delivery WHERE recipient = ?", buyer.id)
	texts["event"] = w.dump(t, "SELECT kind, reason, owner, quote_id FROM event WHERE purchase_id = ?", p.ID)
	texts["audit"] = w.dump(t, "SELECT action, target, detail, staff_id FROM audit WHERE id > ?", 0)
	texts["prices"] = w.dump(t, "SELECT quote_id, unit, price, supplier_id FROM price_sample WHERE quote_id = ?", q.ID)
	texts["opening"] = w.dump(t, "SELECT purchase_id, opened_at, opened_by, content FROM purchase_opening WHERE purchase_id = ?", p.ID)
	for i, m := range w.messages(t, buyer.phone) {
		texts[fmt.Sprint("sms ", i)] = m.Text
	}
	return texts
}

// dump is what a query answers, a line for each row.
func (w *world) dump(t *testing.T, query string, args ...any) string {
	t.Helper()
	rows, err := w.sql.QueryContext(t.Context(), query, args...)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	columns, err := rows.Columns()
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	for rows.Next() {
		v := make([]string, len(columns))
		into := make([]any, len(v))
		for i := range v {
			into[i] = &v[i]
		}
		if err := rows.Scan(into...); err != nil {
			t.Fatal(err)
		}
		fmt.Fprintln(&b, strings.Join(v, " "))
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// links are the pages of ours that a page leads to.
func links(a answer) []string {
	doc, err := html.Parse(strings.NewReader(a.body))
	if err != nil {
		return nil
	}
	set := map[string]bool{}
	for n := range doc.Descendants() {
		for _, attr := range n.Attr {
			path, _, _ := strings.Cut(attr.Val, "#")
			if n.Data == "a" && attr.Key == "href" && strings.HasPrefix(path, "/") && !strings.HasPrefix(path, "//") && !strings.Contains(path, "/wechat/") {
				set[path] = true
			}
		}
	}
	return slices.Sorted(maps.Keys(set))
}
