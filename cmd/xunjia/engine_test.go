package main

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/xunjia/xunjia"
	"github.com/xunjia/xunjia/config"
	"github.com/xunjia/xunjia/store/storetest"
)

// wire stands between the program and the simulated platform: it remembers every
// template message, and loses some of the answers.
type wire struct {
	to    *httputil.ReverseProxy
	lossy int // every so many answers one is lost; 0: none

	mu    sync.Mutex
	sends map[string]*sent // by client_msg_id
	calls int
}

// sent is a template message as the platform knows it.
type sent struct {
	openID, url string
	calls       int
	lost        int             // answers that never came
	messages    map[string]bool // ids of the messages that the fan got
}

const templateSend = "/cgi-bin/message/template/send"

func (x *wire) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path != templateSend {
		x.to.ServeHTTP(w, r)
		return
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	var in struct {
		OpenID string `json:"touser"`
		URL    string `json:"url"`
		ID     string `json:"client_msg_id"`
	}
	_ = json.Unmarshal(body, &in)
	answer := httptest.NewRecorder()
	x.to.ServeHTTP(answer, r)
	var out struct {
		Code int         `json:"errcode"`
		ID   json.Number `json:"msgid"`
	}
	_ = json.Unmarshal(answer.Body.Bytes(), &out)
	x.mu.Lock()
	m := x.sends[in.ID]
	if m == nil {
		m = &sent{openID: in.OpenID, url: in.URL, messages: map[string]bool{}}
		x.sends[in.ID] = m
	}
	m.calls++
	x.calls++
	if out.Code == 0 && out.ID != "" {
		m.messages[out.ID.String()] = true
	}
	lose := x.lossy > 0 && x.calls%x.lossy == 0
	if lose {
		m.lost++
	}
	x.mu.Unlock()
	if lose {
		panic(http.ErrAbortHandler)
	}
	maps.Copy(w.Header(), answer.Header())
	w.WriteHeader(answer.Code)
	_, _ = w.Write(answer.Body.Bytes())
}

// toldTwice counts the messages that somebody got of one and the same delivery
// beyond the first. A delivery is known by the address that its message leads
// to, which is its own.
func (x *wire) toldTwice() int {
	x.mu.Lock()
	defer x.mu.Unlock()
	got := map[string]int{}
	for _, m := range x.sends {
		got[m.openID+" "+m.url] += len(m.messages)
	}
	twice := 0
	for _, n := range got {
		twice += max(0, n-1)
	}
	return twice
}

// acked are the quotes that clients were told of: supplier and line → id.
type acked struct {
	mu sync.Mutex
	m  map[[2]int64]int64
}

// missing counts the acknowledged quotes that the database does not have.
func (a *acked) missing(t *testing.T, db *sql.DB) int {
	t.Helper()
	rows, err := db.QueryContext(t.Context(), "SELECT supplier_id, line_id, id FROM quote")
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	stored := map[[2]int64]int64{}
	for rows.Next() {
		var key [2]int64
		var id int64
		if err := rows.Scan(&key[0], &key[1], &id); err != nil {
			t.Fatal(err)
		}
		stored[key] = id
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	n := 0
	for key, id := range a.m {
		if stored[key] != id {
			n++
		}
	}
	return n
}

// built builds the program as users have it: the race detector would make every
// start longer than the pauses between the kills.
func built(t *testing.T) (file string) {
	t.Helper()
	file = filepath.Join(t.TempDir(), "xunjia")
	if out, err := exec.CommandContext(t.Context(), "go", "build", "-o", file, ".").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return file
}

// server is the program in a process of its own, which is killed and started
// again.
type server struct {
	file string
	vars []string
	dir  string
	url  string

	mu    sync.Mutex
	cmd   *exec.Cmd
	kills int
}

// start waits until the program is ready.
func (s *server) start() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	var log bytes.Buffer
	s.cmd = exec.Command(s.file)
	s.cmd.Env, s.cmd.Dir, s.cmd.Stderr = s.vars, s.dir, &log
	if err := s.cmd.Start(); err != nil {
		return err
	}
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for end := time.Now().Add(patience); time.Now().Before(end); <-tick.C {
		if res, err := http.Get(s.url + "/readyz"); err == nil {
			_ = res.Body.Close()
			if res.StatusCode == http.StatusOK {
				return nil
			}
		}
	}
	_ = s.cmd.Process.Kill()
	_ = s.cmd.Wait()
	return fmt.Errorf("the program was not ready in %v: %s", patience, log.String())
}

func (s *server) kill() {
	s.mu.Lock()
	defer s.mu.Unlock()
	_ = s.cmd.Process.Kill() // SIGKILL
	_ = s.cmd.Wait()
	s.kills++
}

// How much is quoted, and how often the program dies meanwhile.
const (
	killSuppliers = 50
	killClients   = 16
	killEvery     = 3 * time.Second
)

// killLines is on how many lines each supplier quotes, and how often the program
// dies at least: 2,000 quotes in all, and 10,000 for `make engine`.
func killLines() (lines, kills int) {
	if os.Getenv("XUNJIA_TEST_FULL") != "" {
		return xunjia.WeeklyQuotesCertified, 8
	}
	return 40, 2
}

// Thousands of quotes by 16 clients, while the program is killed every three
// seconds and the platform loses answers: nothing that was acknowledged is lost,
// no quote is there twice, and the buyer hears of each exactly once.
func TestKilledWhileQuoting(t *testing.T) { // alone: it takes all that the machine has
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := listener.Addr().String()
	_ = listener.Close()
	dsn := storetest.MariaDB(t)
	set := map[string]string{
		"XUNJIA_LISTEN": addr, "XUNJIA_OPS_LISTEN": "off", "XUNJIA_SIM_LISTEN": "127.0.0.1:0", "XUNJIA_LOG_LEVEL": "error",
		"XUNJIA_DATA_DIR": t.TempDir(), "XUNJIA_SECRET": strings.Repeat("only for tests ", 3), "XUNJIA_TRUSTED_PROXIES": "127.0.0.1",
		"XUNJIA_DATABASE_DRIVER": "mysql", "XUNJIA_DATABASE_DSN": dsn, "XUNJIA_REDIS_URL": storetest.Redis(t), "XUNJIA_WECHAT_RATE": "10000",
	}
	vars := func() (list []string) {
		for k, v := range set {
			list = append(list, k+"="+v)
		}
		return list
	}
	cfg, err := config.Load("", vars())
	if err != nil {
		t.Fatal(err)
	}
	platform, err := startSimulator(context.Background(), &cfg, []byte(cfg.Secret), slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = platform.Close() })
	target, err := url.Parse(platform.URL())
	if err != nil {
		t.Fatal(err)
	}
	wire := &wire{to: httputil.NewSingleHostReverseProxy(target), lossy: 50, sends: map[string]*sent{}}
	between := httptest.NewServer(wire)
	t.Cleanup(between.Close)
	w, m := cfg.WeChat, cfg.SMS
	maps.Copy(set, map[string]string{
		"XUNJIA_WECHAT_APP_ID": w.AppID, "XUNJIA_WECHAT_SECRET": string(w.Secret), "XUNJIA_WECHAT_TOKEN": string(w.Token),
		"XUNJIA_WECHAT_AES_KEY": string(w.AESKey), "XUNJIA_WECHAT_ORIGINAL_ID": w.OriginalID, "XUNJIA_WECHAT_API_HOST": between.URL,
		"XUNJIA_WECHAT_OPEN_HOST": w.OpenHost, "XUNJIA_WECHAT_MP_HOST": w.MPHost,
		"XUNJIA_SMS_PROVIDER": m.Provider, "XUNJIA_SMS_SIGN": m.Sign, "XUNJIA_SMS_ENDPOINT": m.Endpoint, "XUNJIA_SMS_ACCESS_KEY_ID": m.AccessKeyID,
		"XUNJIA_SMS_ACCESS_KEY_SECRET": string(m.AccessKeySecret), "XUNJIA_SMS_TEMPLATES_CODE": m.Templates.Code, "XUNJIA_SMS_TEMPLATES_QUOTE": m.Templates.Quote,
		"XUNJIA_SMS_TEMPLATES_PURCHASE": m.Templates.Purchase, "XUNJIA_SMS_TEMPLATES_RESULT": m.Templates.Result,
	})
	s := &server{file: built(t), vars: vars(), dir: t.TempDir(), url: "http://" + addr}
	if err := s.start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.kill)

	db, lines, suppliers := killCast(t, dsn, platform.URL(), s.url)
	quoted := &acked{m: map[[2]int64]int64{}}
	done := make(chan struct{})
	var killing sync.WaitGroup
	killing.Go(func() {
		for {
			select {
			case <-done:
				return
			case <-time.After(killEvery): // of service
				s.kill()
				if err := s.start(); err != nil {
					t.Error(err)
				}
			}
		}
	})
	type task struct {
		who  *quoter
		line int64
	}
	tasks := make(chan task)
	var clients sync.WaitGroup
	var retries atomic.Int64
	for range killClients {
		clients.Go(func() {
			for job := range tasks {
				id, tries := job.who.insist(t, job.line)
				retries.Add(int64(tries - 1))
				quoted.mu.Lock()
				quoted.m[[2]int64{job.who.id, job.line}] = id
				quoted.mu.Unlock()
			}
		})
	}
	began := time.Now()
	for _, line := range lines {
		for _, who := range suppliers {
			tasks <- task{who, line}
		}
	}
	close(tasks)
	clients.Wait()
	took := time.Since(began)
	close(done)
	killing.Wait()

	all, ours := len(lines)*len(suppliers), fmt.Sprintf("quote WHERE line_id >= %d", lines[0])
	count := func(query string) (n int) {
		t.Helper()
		if err := db.QueryRowContext(t.Context(), query).Scan(&n); err != nil {
			t.Fatalf("%s: %v", query, err)
		}
		return n
	}
	settled := func() bool {
		return count("SELECT COUNT(*) FROM event WHERE active = 1")+count("SELECT COUNT(*) FROM delivery WHERE active = 1") == 0
	}
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for end := time.Now().Add(5 * time.Minute); !settled(); <-tick.C {
		if time.Now().After(end) {
			t.Fatalf("%d events and %d deliveries are still waiting", count("SELECT COUNT(*) FROM event WHERE active = 1"), count("SELECT COUNT(*) FROM delivery WHERE active = 1"))
		}
	}
	t.Logf("%d quotes in %v, %d kills, %d tries again, %d template messages sent", all, took.Round(time.Second), s.kills, retries.Load(), wire.calls)
	if _, least := killLines(); s.kills < least {
		t.Errorf("killed %d times only", s.kills)
	}
	if len(quoted.m) != all || quoted.missing(t, db) != 0 {
		t.Errorf("%d quotes acknowledged, %d of them lost", len(quoted.m), quoted.missing(t, db))
	}
	for what, got := range map[string]int{
		"quotes":                          count("SELECT COUNT(*) FROM " + ours),
		"quotes of different pairs":       count("SELECT COUNT(*) FROM (SELECT supplier_id, line_id FROM " + ours + " GROUP BY supplier_id, line_id) q"),
		"events":                          count("SELECT COUNT(*) FROM event WHERE kind = 'quote.created'"),
		"quotes with an event":            count("SELECT COUNT(DISTINCT quote_id) FROM event WHERE kind = 'quote.created'"),
		"inbox rows":                      count("SELECT COUNT(*) FROM notification n JOIN event e ON e.id = n.event_id WHERE e.kind = 'quote.created'"),
		"deliveries":                      count("SELECT COUNT(*) FROM delivery WHERE kind = 'quote.created'"),
		"deliveries that have been taken": count("SELECT COUNT(*) FROM delivery WHERE kind = 'quote.created' AND channel = 'wechat' AND state IN ('sent', 'delivered')"),
		"client_msg_ids":                  len(wire.sends),
	} {
		if got != all {
			t.Errorf("%d %s, want %d", got, what, all)
		}
	}
	unheard, unexplained := 0, 0
	for _, m := range wire.sends {
		if len(m.messages) == 0 {
			unheard++
		}
		unexplained += max(0, m.calls-1-m.lost)
	}
	// A send under way at a kill is repeated, too.
	if most := s.kills * 64; unheard != 0 || unexplained > most {
		t.Errorf("%d messages never arrived, %d were repeated without a lost answer, want at most %d", unheard, unexplained, most)
	}
	if n := wire.toldTwice(); n != 0 {
		t.Errorf("the buyer was told %d times again", n)
	}

	// Both detectors see what they are there for.
	first := slices.MinFunc(slices.Collect(maps.Keys(quoted.m)), func(a, b [2]int64) int { return slices.Compare(a[:], b[:]) })
	if _, err := db.ExecContext(t.Context(), "DELETE FROM quote WHERE id = ?", quoted.m[first]); err != nil {
		t.Fatal(err)
	}
	if n := quoted.missing(t, db); n != 1 {
		t.Errorf("after a quote was deleted %d are missing, want 1", n)
	}
	if _, err := db.ExecContext(t.Context(), "UPDATE delivery SET created_at = created_at + 1, state = 'pending', active = 1, attempt = 0, first_try_at = 0, next_at = 0, owner = '' WHERE id = "+
		"(SELECT id FROM (SELECT MAX(id) AS id FROM delivery WHERE kind = 'quote.created') d)"); err != nil { // another client_msg_id
		t.Fatal(err)
	}
	await(t, "the planted second message", settled)
	if n := wire.toldTwice(); n != 1 {
		t.Errorf("after a planted second message %d were told twice, want 1", n)
	}
}

// killCast makes a buyer who follows the account, his lines, and the suppliers
// with their sessions.
func killCast(t *testing.T, dsn, platform, site string) (db *sql.DB, lines []int64, suppliers []*quoter) {
	t.Helper()
	ctx := t.Context()
	st := storetest.Open(t, "mysql", dsn)
	db, err := sql.Open("mysql", dsn)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	at, err := url.Parse(site)
	if err != nil {
		t.Fatal(err)
	}
	buyer, err := st.RegisterPhone(ctx, "19900000001", 0)
	if err != nil {
		t.Fatal(err)
	}
	res, err := http.Post(platform+"/sim/api/users/buyer/chats/"+simAppID+"/follow", "application/json", nil)
	if err != nil {
		t.Fatal(err)
	}
	_ = res.Body.Close()
	openID := ""
	await(t, "the buyer to be known", func() bool {
		_ = db.QueryRowContext(ctx, "SELECT open_id FROM wechat_identity WHERE app_id = ? AND subscribed = 1", simAppID).Scan(&openID)
		return openID != ""
	})
	if _, err := db.ExecContext(ctx, "UPDATE wechat_identity SET user_id = ? WHERE open_id = ?", buyer.ID, openID); err != nil {
		t.Fatal(err)
	}
	// Nobody else is to hear of the purchases.
	if _, err := db.ExecContext(ctx, "DELETE FROM user_category"); err != nil {
		t.Fatal(err)
	}
	goods, err := st.SearchCategories(ctx, "黄连", 1)
	if err != nil {
		t.Fatal(err)
	}
	for want, _ := killLines(); len(lines) < want; {
		d := xunjia.Draft{Terms: xunjia.Terms{Area: "510104", Deadline: time.Now().Add(10 * 24 * time.Hour)}}
		for i := range min(xunjia.MaxLines, want-len(lines)) {
			d.Lines = append(d.Lines, xunjia.Line{CategoryID: goods[0].ID, Spec: fmt.Sprintf("统货%d", len(lines)+i), Quantity: 500_000, Unit: "公斤"})
		}
		p, _, err := st.PublishPurchase(ctx, buyer.ID, d)
		if err != nil {
			t.Fatal(err)
		}
		for _, l := range p.Lines {
			lines = append(lines, l.ID)
		}
	}
	for i := range killSuppliers {
		phone := xunjia.Phone(fmt.Sprintf("138%08d", i))
		res, err := db.ExecContext(ctx, "INSERT INTO users (phone, kind, name, area, disabled, created_at, registered_at, certified_until) VALUES (?, 6, ?, '510104', 0, 1, 1, ?)",
			string(phone), fmt.Sprintf("药商%d", i), time.Now().AddDate(1, 0, 0).UnixMilli())
		if err != nil {
			t.Fatal(err)
		}
		id, err := res.LastInsertId()
		if err != nil {
			t.Fatal(err)
		}
		token, _, err := st.StartSession(ctx, xunjia.Session{Kind: xunjia.UserSession, UserID: id})
		if err != nil {
			t.Fatal(err)
		}
		jar, _ := cookiejar.New(nil)
		jar.SetCookies(at, []*http.Cookie{{Name: "sid", Value: token, Path: "/"}})
		suppliers = append(suppliers, &quoter{id: id, visitor: visitor{base: site, host: fmt.Sprintf("10.9.%d.1", i), http: &http.Client{
			Jar: jar, Timeout: 20 * time.Second, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		}}})
	}
	return db, lines, suppliers
}

// quoter is a supplier, who may quote on several lines at once.
type quoter struct {
	visitor
	id int64

	mu    sync.Mutex
	token string // of the forms of his session; "" before he has seen one
}

var quotePlace = regexp.MustCompile(`/quotes/(\d+)`)

// insist quotes on a line again and again until the site says that it has the
// quote, as the page's script does. It answers the quote's id.
func (q *quoter) insist(t *testing.T, line int64) (id int64, tries int) {
	path := fmt.Sprintf("%s/lines/%d/quote", q.base, line)
	pause := time.NewTicker(50 * time.Millisecond)
	defer pause.Stop()
	for tries = 1; tries < 1000; tries++ {
		if token := q.formToken(path); token != "" {
			form := url.Values{"form_token": {token}, "price": {"286.5"}, "quality": {"今年新货"}, "explanation": {"现货"}}
			r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, path, strings.NewReader(form.Encode()))
			if err != nil {
				t.Error(err)
				return 0, tries
			}
			r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			a, err := q.send(r)
			switch {
			case err != nil: // killed before the answer
			case a.StatusCode == http.StatusSeeOther && quotePlace.MatchString(a.to()):
				_, _ = fmt.Sscan(quotePlace.FindStringSubmatch(a.to())[1], &id)
				return id, tries
			case a.StatusCode < http.StatusInternalServerError:
				t.Errorf("refused: %s", a)
				return 0, tries
			}
		}
		<-pause.C
	}
	t.Errorf("line %d: never acknowledged", line)
	return 0, tries
}

// formToken reads the hidden field of the form, "" when the site is away.
func (q *quoter) formToken(path string) string {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.token != "" {
		return q.token
	}
	r, err := http.NewRequest(http.MethodGet, path, nil)
	if err != nil {
		return ""
	}
	if a, err := q.send(r); err == nil && a.StatusCode == http.StatusOK {
		q.token = hidden(a.body).Get("form_token")
	}
	return q.token
}
