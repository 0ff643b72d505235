package handlers

import (
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/xunjia/xunjia"
	"github.com/xunjia/xunjia/store"
	"github.com/xunjia/xunjia/store/storetest"
	"github.com/xunjia/xunjia/wechat"
)

// asked is the template that a page asks for, "" when it asks nothing.
func asked(a answer) string {
	g := regexp.MustCompile(`<wx-open-subscribe [^>]*template="([^"]*)"`).FindStringSubmatch(a.body)
	if g == nil {
		return ""
	}
	return g[1]
}

// subscription adds a template of the simulator's library to the account; the
// website reads the list anew.
func (w *simWorld) subscription(tid string) string {
	w.t.Helper()
	id, err := w.site.Account.AddSubscriptionTemplate(w.t.Context(), tid, []int{1, 2}, "采购询价")
	if err != nil {
		w.t.Fatal(err)
	}
	later := w.site.Clock().Add(subscriptionsLife)
	w.site.Clock = func() time.Time { return later }
	return id
}

// inWeChat is the browser of a user in the WeChat of a fan.
func (w *simWorld) inWeChat(user int64, fan xunjia.Identity) *browser {
	w.t.Helper()
	b := w.weChat()
	token, _, err := w.store.StartSession(w.t.Context(), xunjia.Session{Kind: xunjia.UserSession, UserID: user, IdentityID: fan.ID})
	if err != nil {
		w.t.Fatal(err)
	}
	u, _ := url.Parse(w.url)
	b.http.Jar.SetCookies(u, []*http.Cookie{{Name: "sid", Value: token, Path: "/"}})
	return b
}

// newSimMarket has a buyer and a supplier in WeChat.
func newSimMarket(t *testing.T) (*simWorld, *market) {
	t.Helper()
	w := newSimWorld(t)
	m := &market{world: w.world, id: map[*browser]int64{}}
	for _, who := range []struct {
		fan   string
		phone xunjia.Phone
		b     **browser
	}{{"fan", "19900000001", &m.buyer}, {"other", "19900000007", &m.supplier}} {
		u, err := w.store.RegisterPhone(t.Context(), who.phone, 0)
		if err != nil {
			t.Fatal(err)
		}
		*who.b = w.inWeChat(u.ID, w.follow(who.fan))
		m.id[*who.b] = u.ID
	}
	return w, m
}

// After publishing the buyer is asked for new quotes, after quoting the
// supplier for the answer: inside WeChat, while there is something to wait for,
// and when the account has a template for it.
func TestAskForMessages(t *testing.T) {
	w, m := newSimMarket(t)
	p := m.publish()
	path := xunjia.PurchasePath(p.ID)
	if id := asked(m.buyer.get(path)); id != "" {
		t.Errorf("asked for %q, which the account does not have", id)
	}
	forQuotes := w.subscription("100001")
	quote := xunjia.QuotePath(m.quote(m.supplier, p.Lines[0].ID, "286").ID)
	if id := asked(m.supplier.get(quote)); id != "" {
		t.Errorf("asked for %q, which tells of new quotes, not of answers", id)
	}
	forAnswer := w.subscription("100002")

	desk := w.member(m.id[m.buyer])
	for _, c := range []struct {
		who, path, want string
		b               *browser
	}{
		{"the buyer", path, forQuotes, m.buyer},
		{"the supplier", quote, forAnswer, m.supplier},
		{"the buyer outside WeChat", path, "", desk},
		{"the supplier, of somebody else's purchase", path, "", m.supplier},
		{"the buyer, of a supplier's quote", quote, "", m.buyer},
	} {
		a := c.b.get(c.path)
		wantStatus(t, a, http.StatusOK)
		if got := asked(a); got != c.want {
			t.Errorf("%s is asked for %q, want %q", c.who, got, c.want)
		}
		policy := a.Header.Get("Content-Security-Policy")
		if strings.Contains(policy, "webcompt:") != (c.want != "") {
			t.Errorf("%s: policy %q", c.who, policy)
		}
	}

	if _, err := w.store.EndPurchase(t.Context(), p.ID, m.id[m.buyer]); err != nil {
		t.Fatal(err)
	}
	if id := asked(m.buyer.get(path)); id != "" {
		t.Errorf("the buyer is asked for %q when nobody can quote any more", id)
	}
}

// The card waits hidden for the JS-SDK, and the browser is allowed to draw what
// is in it.
func TestAskIsHiddenWithoutSDK(t *testing.T) {
	w, m := newSimMarket(t)
	w.subscription("100001")
	a := m.buyer.get(xunjia.PurchasePath(m.publish().ID))
	if !regexp.MustCompile(`<section [^>]*data-wx-ask[^>]* hidden>`).MatchString(a.body) {
		t.Error("the card is not there, or shows before the SDK is ready")
	}
	contains(t, a, `<script type="text/wxtag-template"><button class="wx-ask-button">有新报价时通知我</button></script>`)
	style := regexp.MustCompile(`<script type="text/wxtag-template" slot="style"><style>(.*)</style></script>`).FindStringSubmatch(a.body)
	if style == nil {
		t.Fatal("the button has no style sheet")
	}
	sum := sha256.Sum256([]byte(style[1]))
	if policy := a.Header.Get("Content-Security-Policy"); !strings.Contains(policy, "'sha256-"+base64.StdEncoding.EncodeToString(sum[:])+"'") {
		t.Errorf("the policy refuses the button's style sheet: %s", policy)
	}
}

// The list that could not be read is asked for again later, not by every page.
func TestAskWithoutPlatform(t *testing.T) {
	w, m := newSimMarket(t)
	path := xunjia.PurchasePath(m.publish().ID)
	fault := map[string]any{"path": "/wxaapi/newtmpl/gettemplate", "kind": "errcode", "errcode": 48001}
	want := w.subscription("100001")
	w.ask(http.MethodPost, "/faults", fault)
	if id := asked(m.buyer.get(path)); id != "" {
		t.Errorf("asked for %q, which nobody told", id)
	}
	w.ask(http.MethodDelete, "/faults", nil)
	if id := asked(m.buyer.get(path)); id != "" {
		t.Errorf("asked for %q at once", id)
	}
	later := w.site.Clock().Add(subscriptionsLife)
	w.site.Clock = func() time.Time { return later }
	if id := asked(m.buyer.get(path)); id != want {
		t.Errorf("asked for %q later, want %q", id, want)
	}
}

// A yes in the dialogue is one message that the account may send; until it is
// sent nobody is asked again. A no changes nothing.
func TestAskedAndAnswered(t *testing.T) {
	w, m := newSimMarket(t)
	path := xunjia.PurchasePath(m.publish().ID)
	id := w.subscription("100001")
	openID := w.openID("fan")
	say := func(what string) {
		t.Helper()
		w.ask(http.MethodPost, "/users/fan/chats/"+simApp+"/subscribe-msg", map[string]any{what: []string{id}})
	}
	credits := func() int64 {
		t.Helper()
		n, err := w.store.Credits(t.Context(), simApp, openID, id)
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	say("reject")
	say("accept")
	w.eventually("the credit", func() bool { return credits() > 0 })
	if n := credits(); n != 1 {
		t.Errorf("%d credits after a no and a yes", n)
	}
	if got := asked(m.buyer.get(path)); got != "" {
		t.Error("asked again, though he has agreed")
	}
	if ok, err := w.store.TakeCredit(t.Context(), simApp, openID, id); !ok || err != nil {
		t.Fatalf("%v, %v", ok, err)
	}
	if got := asked(m.buyer.get(path)); got != id {
		t.Errorf("asked for %q after the message was sent, want %q", got, id)
	}
}

// A push that is handled again, even much later, counts its scan once.
func TestScanHandledAgain(t *testing.T) {
	w := newSimWorld(t)
	boss := w.at(w.hire("boss", xunjia.OwnerRole, goodPassword))
	boss.get("/admin/qrcodes/new")
	wantStatus(t, boss.post("/admin/qrcodes/new", "label", "展位", "action", "text", "reply", "您好", "days", "7"), http.StatusSeeOther)
	codes, err := w.store.QRCodes(t.Context(), simApp, "展", xunjia.Page{})
	if err != nil || len(codes.Items) != 1 {
		t.Fatalf("%+v, %v", codes.Items, err)
	}
	q := codes.Items[0]
	now := time.Now().Truncate(time.Second)
	push := func(at time.Time) {
		t.Helper()
		m := wechat.Message{AppID: simApp, OpenID: "scanner", Key: fmt.Sprint(at.Unix()), Kind: "event", Event: "SCAN", At: at, Body: wechat.Scan{Scene: q.Scene}}
		if _, err := w.site.talk.Answer(t.Context(), m); err != nil {
			t.Fatal(err)
		}
	}
	count := func(want int64, last time.Time) {
		t.Helper()
		if q, err = w.store.QRCode(t.Context(), simApp, q.ID); err != nil || q.Scans != want || !q.ScannedAt.Equal(last) {
			t.Errorf("%d scans, the last at %v, want %d, %v (%v)", q.Scans, q.ScannedAt, want, last, err)
		}
	}
	push(now)
	w.site.talk.Scenes.(*scans).clock = func() time.Time { return now.Add(time.Hour) }
	push(now)
	count(1, now)
	push(now.Add(2 * time.Second)) // he scans again
	count(2, now.Add(2*time.Second))
}

// Staff see on the account's page that a push was given up.
func TestHealthTellsOfStuckPushes(t *testing.T) {
	now := time.Now()
	var s *store.Store
	w := newWorld(t, func(o *Options) {
		s = storetest.Open(t, "sqlite", storetest.SQLite(t), func(o *store.Options) { o.Clock = func() time.Time { return now } })
		o.Store = s
	})
	w.store = s
	page := func() string {
		t.Helper()
		a := w.at(w.hire(fmt.Sprint("boss", now.Unix()), xunjia.OperatorRole, goodPassword)).get("/admin/health")
		wantStatus(t, a, http.StatusOK)
		return regexp.MustCompile(`放弃处理的推送</span><span[^>]*>([^<]*)<`).FindString(a.body)
	}
	if got := page(); !strings.Contains(got, "没有") {
		t.Errorf("before: %q", got)
	}
	if _, err := s.SaveInbound(t.Context(), xunjia.Inbound{AppID: simApp, Key: "m:1", OpenID: "fan", Kind: "text", Body: "<xml/>"}); err != nil {
		t.Fatal(err)
	}
	for range store.MaxInboundAttempts {
		now = now.Add(5 * time.Hour) // longer than any pause
		if _, ok, err := s.ClaimInbound(t.Context(), "me"); !ok || err != nil {
			t.Fatalf("not taken up: %v", err)
		}
	}
	if got := page(); !strings.Contains(got, "1 条") || !strings.Contains(got, "text-danger") {
		t.Errorf("after: %q", got)
	}
}
