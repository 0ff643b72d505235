package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/xunjia/xunjia"
	"github.com/xunjia/xunjia/handlers"
)

// twice taps every button that does something again and again: one thing comes
// of it, and everybody hears of it once.
func (m market) twice(t *testing.T) {
	draft := m.buyer.draft(t)
	form := m.buyer.filled(draft...)
	before := m.read(t)
	first := m.buyer.post(t, "/purchases/new", draft...)
	count, one := m.buyer.mash(t, "/purchases/new", form)
	if count[http.StatusSeeOther] != crowd || one[http.StatusSeeOther].to() != first.to() {
		t.Errorf("publish: statuses %v, to %s and %s", count, first.to(), one[http.StatusSeeOther].to())
	}
	draft = m.buyer.draft(t) // a fresh form, and nobody first
	count, one = m.buyer.mash(t, "/purchases/new", m.buyer.filled(draft...))
	if after := m.read(t); count[http.StatusSeeOther] != crowd || len(after.Purchases) != len(before.Purchases)+2 ||
		after.Rows["purchase_line"] != before.Rows["purchase_line"]+2 {
		t.Errorf("publish: statuses %v, %d purchases more, want 2", count, len(after.Purchases)-len(before.Purchases))
	}
	p, err := m.store.Purchase(t.Context(), number(t, one[http.StatusSeeOther].to()))
	if err != nil {
		t.Fatal(err)
	}

	path := fmt.Sprintf("/lines/%d/quote", p.Lines[0].ID)
	m.supplier.get(t, path)
	form = m.supplier.filled("price", "286.50", "quality", "今年新货")
	count, _ = m.supplier.mash(t, path, form)
	q, err := m.store.QuoteOf(t.Context(), p.Lines[0].ID, m.supplier.id)
	if err != nil || count[http.StatusSeeOther] != crowd || q.Revision != 1 {
		t.Fatalf("quote: statuses %v, quote %+v, %v", count, q, err)
	}
	refused := m.second.quote(t, p.Lines[0].ID, "312")

	answer := xunjia.QuotePath(q.ID) + "/answer"
	m.buyer.get(t, answer+"?do=accept")
	m.once(t, answer, m.buyer.filled("do", "accept", "message", "请先寄样品"), "这条报价已接受")
	m.buyer.get(t, xunjia.QuotePath(refused)+"/answer?do=refuse")
	m.once(t, xunjia.QuotePath(refused)+"/answer", m.buyer.filled("do", "refuse", "message", "价格偏高"), "这条报价已拒绝")
	end := xunjia.PurchasePath(p.ID) + "/end"
	m.buyer.get(t, end)
	m.once(t, end, m.buyer.filled(), "采购单现在是“报价结束”")

	notices := m.read(t).Notices
	for _, c := range []struct {
		v     *visitor
		kind  xunjia.NotificationType
		title string
		want  int
	}{
		{m.buyer, xunjia.PurchasingNotice, "收到报价：黄连", 2},
		{m.supplier, xunjia.SellingNotice, "已接受", 1}, {m.second, xunjia.SellingNotice, "未接受", 1},
		{m.supplier, xunjia.SellingNotice, "采购单报价已结束", 1}, {m.second, xunjia.SellingNotice, "采购单报价已结束", 1},
	} {
		told := 0
		for id, notice := range notices {
			if before.Notices[id] == "" && strings.HasPrefix(notice, fmt.Sprint(c.v.id)+" ") && strings.Contains(notice, c.title) {
				told++
			}
		}
		if told != c.want {
			t.Errorf("%s was told %q %d times, want %d", c.v.phone, c.title, told, c.want)
		}
	}
}

// once mashes the buyer's button: one tap counts, the others read how things
// stand.
func (m market) once(t *testing.T, path string, form url.Values, otherwise string) {
	t.Helper()
	count, one := m.buyer.mash(t, path, form)
	if count[http.StatusSeeOther] != 1 || count[http.StatusConflict] != crowd-1 {
		t.Errorf("%s: statuses %v, want one redirect and %d conflicts", path, count, crowd-1)
	}
	if p, ok := one[http.StatusConflict]; ok {
		says(t, p, http.StatusConflict, otherwise)
	}
}

// forgedForms sends every form of the site without its token, with that of
// another session and from another site.
func (m market) forgedForms(t *testing.T) {
	p := m.buyer.publish(t)
	quote := m.supplier.quote(t, p.Lines[0].ID, "286")
	other := m.buyer.publish(t)
	ids := map[string]int64{"purchases": p.ID, "quotes": quote, "lines": other.Lines[0].ID, "admin": 1}
	token, err := m.store.CreateAdminLink(t.Context(), time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	staff := m.visitor()
	staff.get(t, "/admin/enter?token="+token)
	staff.post(t, "/admin/enter")
	says(t, staff.get(t, "/admin"), http.StatusOK)
	m.stranger.get(t, "/me/profile")
	foreign := m.stranger.form.Get("form_token")
	forms := 0
	m.unchanged(t, func() {
		for _, line := range handlers.Routes() {
			method, pattern, audience := route(line)
			if method == http.MethodGet || audience == "callback" {
				continue
			}
			forms++
			v, mine := m.buyer, "/me/profile"
			switch {
			case audience == "staff":
				v, mine = staff, "/admin"
			case strings.HasPrefix(pattern, "/lines/"), strings.HasSuffix(pattern, "/withdraw"):
				v = m.supplier
			}
			v.get(t, mine)
			own := v.form.Get("form_token")
			path := strings.Replace(pattern, ":id", fmt.Sprint(ids[strings.Split(pattern, "/")[1]]), 1)
			typed := url.Values{
				"do": {"accept"}, "revision": {"1"}, "message": {"好的"}, "price": {"1"}, "type": {"2"},
				"kind": {"7"}, "name": {"被改的名字"}, "province": {"440000"}, "city": {"441900"}, "category": {"1"},
			}
			for name, edit := range map[string]func(*http.Request, url.Values){
				"no token":      func(*http.Request, url.Values) {},
				"a wrong token": func(_ *http.Request, f url.Values) { f.Set("form_token", own[:20]+"AAAA"+own[24:]) },
				"another's":     func(_ *http.Request, f url.Values) { f.Set("form_token", foreign) },
				"another site": func(r *http.Request, f url.Values) {
					f.Set("form_token", own)
					r.Header.Set("Origin", "https://evil.example.com")
				},
				"no site": func(r *http.Request, f url.Values) { f.Set("form_token", own); r.Header.Set("Origin", "null") },
				"marked as cross-site": func(r *http.Request, f url.Values) {
					f.Set("form_token", own)
					r.Header.Set("Sec-Fetch-Site", "cross-site")
				},
			} {
				form, r := url.Values{}, v.sending(path, nil)
				for k, values := range typed {
					form[k] = values
				}
				edit(r, form)
				signed := v.sending(path, form)
				signed.Header = r.Header
				a := v.do(t, signed)
				if a.StatusCode != http.StatusForbidden {
					t.Errorf("%s: %s", name, a)
				}
				says(t, a, a.StatusCode)
			}
		}
	})
	if forms < 15 {
		t.Errorf("%d forms were tried", forms)
	}
	for v, path := range map[*visitor]string{m.buyer: "/me", m.supplier: "/me", staff: "/admin"} {
		says(t, v.get(t, path), http.StatusOK) // nobody was logged out
	}
}

// strangers come to the pages of members before they are one.
func (m market) strangers(t *testing.T) {
	p := m.buyer.publish(t)
	quote := m.supplier.quote(t, p.Lines[0].ID, "286")
	ids := map[string]int64{"purchases": p.ID, "quotes": quote, "lines": p.Lines[0].ID, "inbox": 1}
	half := m.visitor() // has proved a phone and nothing else
	half.phone = "13911110021"
	code := half.askCode(t, "/register")
	leads(t, half.post(t, "/register", "do", "next", "phone", string(half.phone), "code", code), "/register/profile")
	m.unchanged(t, func() {
		for _, line := range handlers.Routes() {
			method, pattern, audience := route(line)
			path := strings.Replace(pattern, ":id", fmt.Sprint(ids[strings.Split(pattern, "/")[1]]), 1)
			for v, first := range map[*visitor]string{m.visitor(): "/login", half: "/register/profile"} {
				switch {
				case audience == "staff":
					v.get(t, "/register")
					m.notStaff(t, v, method, path)
				case audience != "member":
				case method == http.MethodGet:
					leads(t, v.get(t, path), first+"?return="+url.QueryEscape(path))
				default:
					v.get(t, first)
					says(t, v.post(t, path, "do", "accept", "price", "1"), http.StatusUnauthorized, "请先")
				}
			}
			if audience == "staff" {
				m.buyer.get(t, "/me/profile")
				m.notStaff(t, m.buyer, method, path)
			}
		}
	})
}

// notStaff asks for a page of the console.
func (m market) notStaff(t *testing.T, v *visitor, method, path string) {
	t.Helper()
	var a answer
	if method == http.MethodGet {
		a = v.get(t, path)
	} else {
		a = v.post(t, path)
	}
	toLogin := a.StatusCode == http.StatusSeeOther && strings.HasPrefix(a.to(), "/admin/login")
	if !toLogin && a.StatusCode != http.StatusUnauthorized && a.StatusCode != http.StatusForbidden {
		t.Errorf("not for this visitor: %s", a)
	}
	says(t, a, a.StatusCode)
}

// TestForgedPushes sends the callback what the platform never would.
func TestForgedPushes(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		genuine := w.capturePush(t, "buyer")
		callback := func(edit func(q url.Values, body []byte) []byte) answer {
			q, body := url.Values{}, bytes.Clone(genuine.body)
			for k, v := range genuine.query {
				q[k] = slices.Clone(v)
			}
			body = edit(q, body)
			v := w.visitor()
			return v.do(t, v.request(http.MethodPost, "/wechat/callback?"+q.Encode(), bytes.NewReader(body)))
		}
		before := w.rows(t)
		for _, c := range []struct {
			name string
			edit func(q url.Values, body []byte) []byte
			want int
		}{
			{"nothing", func(q url.Values, _ []byte) []byte { clear(q); return nil }, http.StatusForbidden},
			{"no signature", func(q url.Values, b []byte) []byte { q.Del("signature"); return b }, http.StatusForbidden},
			{"wrong signature", func(q url.Values, b []byte) []byte { q.Set("signature", strings.Repeat("0", 40)); return b }, http.StatusForbidden},
			{"another time", func(q url.Values, b []byte) []byte { q.Set("timestamp", "1700000000"); return b }, http.StatusForbidden},
			{"another nonce", func(q url.Values, b []byte) []byte { q.Set("nonce", "1"); return b }, http.StatusForbidden},
			{"no message signature", func(q url.Values, b []byte) []byte { q.Del("msg_signature"); return b }, http.StatusForbidden},
			{"another's message signature", func(q url.Values, b []byte) []byte { q.Set("msg_signature", q.Get("signature")); return b }, http.StatusForbidden},
			{"ciphertext changed", func(_ url.Values, b []byte) []byte {
				return bytes.Replace(b, []byte("<Encrypt><![CDATA["), []byte("<Encrypt><![CDATA[AAAA"), 1)
			}, http.StatusForbidden},
			{"in clear", func(q url.Values, _ []byte) []byte {
				q.Del("encrypt_type")
				return []byte("<xml><FromUserName>forged</FromUserName><CreateTime>1</CreateTime><MsgType>event</MsgType><Event>subscribe</Event></xml>")
			}, http.StatusForbidden},
			{"no XML", func(url.Values, []byte) []byte { return []byte("{\"a\":") }, http.StatusBadRequest},
			{"entities", func(url.Values, []byte) []byte {
				return []byte(`<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]><xml><Encrypt>&a;</Encrypt></xml>`)
			}, http.StatusBadRequest},
			{"65 KB", func(_ url.Values, b []byte) []byte { return append(b, bytes.Repeat([]byte(" "), 65<<10)...) }, http.StatusRequestEntityTooLarge},
			{"20 MB", func(_ url.Values, b []byte) []byte { return append(b, bytes.Repeat([]byte(" "), 20<<20)...) }, http.StatusRequestEntityTooLarge},
		} {
			if a := callback(c.edit); a.StatusCode != c.want || a.took > 4500*time.Millisecond {
				t.Errorf("%s: want status %d: %s (%s)", c.name, c.want, a, a.took)
			}
		}
		v := w.visitor()
		if a := v.get(t, "/wechat/callback?echostr=hello&signature=x&timestamp=1&nonce=1"); a.StatusCode != http.StatusForbidden || strings.Contains(a.body, "hello") {
			t.Errorf("the address is verified for anybody: %s", a)
		}
		if diff := cmp.Diff(before, w.rows(t)); diff != "" || w.files(t, "spool") != 0 {
			t.Errorf("something was stored (-before +after):\n%s", diff)
		}

		// As it was, it counts; again, it does not; later, it is refused.
		whole := func(_ url.Values, b []byte) []byte { return b }
		if a := callback(whole); a.StatusCode != http.StatusOK {
			t.Errorf("the genuine one: %s", a)
		}
		stored := w.rows(t)
		if cmp.Equal(before, stored) {
			t.Error("nothing was stored of the genuine one")
		}
		for range 3 {
			if a := callback(whole); a.StatusCode != http.StatusOK || a.body != "success" {
				t.Errorf("again: %s", a)
			}
		}
		w.clock.advance(11 * time.Minute)
		if a := callback(whole); a.StatusCode != http.StatusForbidden {
			t.Errorf("eleven minutes later: %s", a)
		}
		if diff := cmp.Diff(stored, w.rows(t)); diff != "" {
			t.Errorf("a replay was stored (-before +after):\n%s", diff)
		}
	})
}

// push is a request of the platform.
type push struct {
	query url.Values
	body  []byte
}

// capturePush has the platform send the push of somebody who begins to follow
// to another address.
func (w *world) capturePush(t *testing.T, user string) push {
	t.Helper()
	caught := make(chan push, 1)
	trap := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		select {
		case caught <- push{r.URL.Query(), body}:
		default:
		}
		_, _ = io.WriteString(rw, "success")
	}))
	defer trap.Close()
	w.simPost(t, "/sim/api/accounts", map[string]any{"app_id": simAppID, "server_url": trap.URL})
	w.simPost(t, "/sim/api/users/"+user+"/chats/"+simAppID+"/follow", nil)
	defer w.simPost(t, "/sim/api/accounts", map[string]any{"app_id": simAppID, "server_url": w.url + "/wechat/callback"})
	select {
	case p := <-caught:
		return p
	case <-time.After(patience):
		t.Fatal("the platform pushes nothing")
		return push{}
	}
}

// simPost tells the simulator something.
func (a *app) simPost(t *testing.T, path string, in any) {
	t.Helper()
	body, err := json.Marshal(in)
	if err != nil {
		t.Fatal(err)
	}
	r, err := http.NewRequestWithContext(context.Background(), http.MethodPost, a.sim.URL()+path, bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		text, _ := io.ReadAll(res.Body)
		t.Fatalf("%s: %s: %s", path, res.Status, text)
	}
}
