package main

import (
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/xunjia/xunjia"
	"github.com/xunjia/xunjia/store/storetest"
)

// follower is a simulated WeChat user who follows the account and registers in
// the browser inside his WeChat.
func (w *world) follower(t *testing.T, user, name string, categories ...string) *visitor {
	t.Helper()
	var state struct {
		Users []struct {
			ID         string `json:"id"`
			Phone      string `json:"phone"`
			BrowserURL string `json:"browser_url"`
		} `json:"users"`
	}
	w.simJSON(t, "/sim/api/state", &state)
	v := w.visitor()
	for _, u := range state.Users {
		if u.ID == user {
			v.base, v.phone = u.BrowserURL, xunjia.Phone(u.Phone)
		}
	}
	w.follow(t, user)
	a := v.travel(t, v.get(t, "/me"))
	if !strings.Contains(a.body, `id="sim-allow"`) {
		t.Fatalf("WeChat does not ask: %s", a)
	}
	a = v.travel(t, v.post(t, "/connect/oauth2/authorize", "answer", "allow"))
	says(t, a, http.StatusOK, "图形验证码")
	code := v.askCode(t, "/register")
	v.travel(t, v.post(t, "/register", "do", "next", "phone", string(v.phone), "code", code))
	v.travel(t, v.post(t, "/register/profile", "do", "next", "kind", "1", "name", name, "province", "440000", "city", "441900"))
	form := v.filled("do", "next")
	for _, c := range categories {
		form.Add("category", w.category(t, c))
	}
	v.travel(t, v.do(t, v.sending("/register/categories", form)))
	says(t, v.get(t, "/me"), http.StatusOK, name)
	u, err := w.store.RegisterPhone(t.Context(), v.phone, 0)
	if err != nil {
		t.Fatal(err)
	}
	v.id = u.ID
	w.people = append(w.people, v)
	return v
}

// travel follows redirects.
func (v *visitor) travel(t *testing.T, a answer) answer {
	t.Helper()
	for range 12 {
		if a.StatusCode != http.StatusSeeOther && a.StatusCode != http.StatusFound {
			return a
		}
		next, err := a.Location()
		if err != nil {
			t.Fatal(err)
		}
		a = v.get(t, next.String())
	}
	t.Fatalf("redirects without end: %s", a)
	return a
}

func (a *app) follow(t *testing.T, user string) {
	t.Helper()
	a.simPost(t, "/sim/api/users/"+user+"/chats/"+simAppID+"/follow", nil)
}

// bubble is a message in a simulated chat.
type bubble struct {
	From     string `json:"from"`
	Text     string `json:"text"`
	Template *struct {
		Title string `json:"title"`
		URL   string `json:"url"`
	} `json:"template"`
}

func (a *app) chat(t *testing.T, user string) []bubble {
	t.Helper()
	var chat struct {
		Messages []bubble `json:"messages"`
	}
	a.simJSON(t, "/sim/api/users/"+user+"/chats/"+simAppID+"/messages?limit=500", &chat)
	return chat.Messages
}

// heard counts the account's messages with a text in somebody's chat, and how
// often the platform told him that the account is out of order.
func (a *app) heard(t *testing.T, user, text string) (times, faults int) {
	t.Helper()
	for _, b := range a.chat(t, user) {
		switch {
		case b.From == "account" && strings.Contains(b.Text, text):
			times++
		case b.From == "system" && strings.Contains(b.Text, "故障"):
			faults++
		}
	}
	return times, faults
}

// cards counts the template messages about a purchase.
func (a *app) cards(t *testing.T, user string, p xunjia.Purchase) (n int) {
	t.Helper()
	for _, b := range a.chat(t, user) {
		if b.Template != nil && a.leadsTo(t, b.Template.URL, xunjia.PurchasePath(p.ID)) {
			n++
		}
	}
	return n
}

// leadsTo tells whether the short address in a message is one of a page.
func (a *app) leadsTo(t *testing.T, address, path string) bool {
	t.Helper()
	master, err := masterKey(a.cfg)
	if err != nil {
		t.Fatal(err)
	}
	links, err := xunjia.NewClickLinks(master)
	if err != nil {
		t.Fatal(err)
	}
	delivery, ok := links.Delivery(strings.TrimPrefix(address, a.url+xunjia.ClickPath))
	if !ok {
		return false
	}
	got, err := a.store.Click(t.Context(), delivery, false)
	return err == nil && got == path
}

// addFan makes another simulated WeChat user.
func (a *app) addFan(t *testing.T, id string) string {
	t.Helper()
	a.simPost(t, "/sim/api/users", map[string]string{"id": id, "nickname": id})
	return id
}

// TestRedisOutage: without Redis pages and callbacks go on, nobody is logged
// out, and no code leaves the house because nothing would limit them.
func TestRedisOutage(t *testing.T) {
	t.Parallel()
	redis.SetLogger(silence{})
	server := storetest.StartRedis(t)
	w := newWorld(t, map[string]string{"XUNJIA_REDIS_URL": "redis://" + server.Addr})
	m := w.member(t, "19900000001")
	half, gone, guest := w.visitor(), w.member(t, "19900000007"), w.visitor()
	half.phone = "13911110031"
	code := half.askCode(t, "/register")
	leads(t, half.post(t, "/register", "do", "next", "phone", string(half.phone), "code", code), "/register/profile")
	site, _ := url.Parse(gone.base)
	cookies := gone.http.Jar.Cookies(site)
	gone.get(t, "/me")
	leads(t, gone.post(t, "/logout"), "/")
	gone.http.Jar, _ = cookiejar.New(nil)
	gone.http.Jar.SetCookies(site, cookies)

	t.Run("emptied", func(t *testing.T) {
		if err := w.redis.FlushAll(t.Context()).Err(); err != nil {
			t.Fatal(err)
		}
		says(t, m.get(t, "/me"), http.StatusOK)
		says(t, half.get(t, "/register/profile"), http.StatusOK)
		leads(t, gone.get(t, "/me"), "/login?return=%2Fme")
	})
	for _, c := range []struct {
		name, phone string
		down        func() (up func())
	}{
		{"killed", "13911110041", func() func() { server.Kill(t); return func() { server.Start(t) } }},
		{"paused", "13911110042", func() func() { return server.Pause(t) }},
	} {
		t.Run(c.name, func(t *testing.T) {
			guest.get(t, "/login")
			before := w.read(t)
			up := c.down()
			up = sync.OnceFunc(up)
			defer up()
			for _, path := range []string{"/", "/me", "/inbox", "/purchases", "/purchases/new"} {
				if a := m.get(t, path); a.StatusCode != http.StatusOK || a.took > 3*time.Second {
					t.Errorf("%s after %s", a, a.took)
				}
			}
			leads(t, gone.get(t, "/me"), "/login?return=%2Fme")
			published := m.publish(t)
			fan := w.addFan(t, "fan-"+c.name)
			w.follow(t, fan)
			await(t, "the welcome", func() bool { n, _ := w.heard(t, fan, "欢迎关注"); return n == 1 })

			for _, do := range []string{"code", "next"} {
				a := guest.post(t, "/login", "do", do, "phone", "13911110032", "captcha", "12345", "code", "123456")
				says(t, a, http.StatusServiceUnavailable, "暂时不可用，请稍后再试")
				keeps(t, a, `value="13911110032"`)
			}
			says(t, guest.get(t, "/login"), http.StatusOK, "图形验证码暂时不可用")
			says(t, m.get(t, xunjia.PurchasePath(published.ID)), http.StatusOK)
			w.settle(t)
			for _, message := range w.messages(t, "13911110032") {
				t.Errorf("a code was sent: %s", message.Text)
			}
			if after := w.count(t, "SELECT COUNT(*) FROM users"); after != before.Rows["users"] {
				t.Errorf("%d users more", after-before.Rows["users"])
			}

			up()
			await(t, "captchas", func() bool { guest.get(t, "/login"); return guest.form.Get("captcha_id") != "" })
			back := w.visitor()
			back.phone = xunjia.Phone(c.phone)
			code := back.askCode(t, "/login")
			leads(t, back.post(t, "/login", "do", "next", "phone", string(back.phone), "code", code), "/register/profile")
			says(t, m.get(t, "/me"), http.StatusOK)
		})
	}
}

// bounded is the longest that an answer may take while the database is down.
const bounded = 15 * time.Second

// TestDatabaseOutage: without the database every page says so within a bounded
// time, pushes of the platform are kept, and afterwards all is as it was.
func TestDatabaseOutage(t *testing.T) {
	t.Parallel()
	server := storetest.StartMariaDB(t, false)
	w := newWorld(t, map[string]string{"XUNJIA_DATABASE_DRIVER": "mysql", "XUNJIA_DATABASE_DSN": server.DSN(t)})
	m := w.member(t, "19900000001")
	guest := w.visitor()
	for _, c := range []struct {
		name string
		down func() (up func())
	}{
		{"paused", func() func() { return server.Pause(t) }},
		{"killed", func() func() { server.Kill(t); return func() { server.Start(t) } }},
	} {
		t.Run(c.name, func(t *testing.T) {
			draft := m.draft(t)
			form := m.filled(draft...)
			before := w.read(t)
			fan := w.addFan(t, "fan-"+c.name)
			w.follow(t, fan)
			await(t, "the welcome", func() bool { n, _ := w.heard(t, fan, "欢迎关注"); return n == 1 })
			up := sync.OnceFunc(c.down())
			defer up()
			says(t, guest.get(t, "/livez"), http.StatusOK)
			w.simPost(t, "/sim/api/users/"+fan+"/chats/"+simAppID+"/messages", map[string]string{"type": "text", "text": "帮助"})
			var asked sync.WaitGroup
			for _, r := range []*http.Request{
				m.request(http.MethodGet, "/", nil), m.request(http.MethodGet, "/me", nil), m.request(http.MethodGet, "/purchases", nil),
				m.request(http.MethodGet, "/inbox", nil), m.sending("/purchases/new", form), m.sending("/logout", form),
				guest.request(http.MethodGet, "/purchases/1", nil),
			} {
				v := *m
				if r.URL.Path == "/purchases/1" {
					v = *guest
				}
				asked.Go(func() {
					a, err := v.send(r)
					if err != nil {
						t.Errorf("no answer: %v", err)
						return
					}
					says(t, a, http.StatusServiceUnavailable, "请稍后再试")
					if a.took > bounded {
						t.Errorf("after %s: %s", a.took, a)
					}
				})
			}
			await(t, "the push to be kept", func() bool { return w.files(t, "spool") == 1 })
			asked.Wait()
			await(t, "not ready", func() bool { return guest.get(t, "/readyz").StatusCode == http.StatusServiceUnavailable })
			says(t, guest.get(t, "/livez"), http.StatusOK)

			up()
			await(t, "ready", func() bool { return guest.get(t, "/readyz").StatusCode == http.StatusOK })
			says(t, m.get(t, "/me"), http.StatusOK)
			await(t, "an empty spool", func() bool { return w.files(t, "spool") == 0 })
			// A push whose row a server that was only slow has written after all is
			// taken up a minute later.
			w.clock.advance(2 * time.Minute)
			answered := func() bool { n, _ := w.heard(t, fan, "询价通怎么用"); return n > 0 }
			await(t, "the answer", answered)
			// The same form again: the purchase is there once, whatever became of it before.
			a := m.do(t, m.sending("/purchases/new", form))
			if a.StatusCode != http.StatusSeeOther {
				t.Fatalf("not published: %s", a)
			}
			if n := len(w.read(t).Purchases) - len(before.Purchases); n != 1 {
				t.Errorf("%d purchases more, want 1", n)
			}
			if n, faults := w.heard(t, fan, "询价通怎么用"); n != 1 || faults != 0 {
				t.Errorf("%d answers, %d complaints of the platform", n, faults)
			}
		})
	}
}

// TestPlatformFaults: whatever the platform answers, a card arrives once in the
// end or waits with its reason; short messages go their own way.
func TestPlatformFaults(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	m := w.member(t, "19900000001")
	w.follower(t, "supplier", "岷山药材商行", "黄连")
	reader := xunjia.Phone("19900000007") // follows 黄连, but not the account
	const send = "/cgi-bin/message/template/send"
	for _, c := range []struct {
		name  string
		fault map[string]any
	}{
		{"busy", map[string]any{"path": send, "kind": "errcode", "errcode": -1, "count": 2}},
		{"garbage", map[string]any{"path": send, "kind": "garbage", "count": 1}},
		{"no answer", map[string]any{"path": send, "kind": "timeout", "ms": 10_000, "count": 1}},
		{"bad gateway", map[string]any{"path": send, "kind": "status", "status": 502, "count": 1}},
		{"token refused", map[string]any{"path": send, "kind": "errcode", "errcode": 40001, "count": 1}},
		{"slow", map[string]any{"path": send, "kind": "latency", "ms": 1000, "count": 1}},
	} {
		t.Run(c.name, func(t *testing.T) {
			sms := len(w.messages(t, reader))
			w.simPost(t, "/sim/api/faults", c.fault)
			p := m.publish(t)
			await(t, "the short message", func() bool { return len(w.messages(t, reader)) > sms })
			await(t, "the card", func() bool { return w.cards(t, "supplier", p) > 0 })
			w.settle(t)
			if n := w.cards(t, "supplier", p); n != 1 {
				t.Errorf("%d cards", n)
			}
			var faults struct {
				Faults []struct{ Hits int } `json:"faults"`
			}
			if w.simJSON(t, "/sim/api/faults", &faults); len(faults.Faults) != 0 {
				t.Errorf("the fault did not happen: %+v", faults)
			}
		})
	}
	t.Run("quota", func(t *testing.T) {
		sms := len(w.messages(t, reader))
		w.simPost(t, "/sim/api/faults", map[string]any{"path": send, "kind": "errcode", "errcode": 45009})
		p := m.publish(t)
		await(t, "the short message", func() bool { return len(w.messages(t, reader)) > sms })
		await(t, "the channel to be stopped", func() bool {
			stops, err := w.store.Stops(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			return len(stops) == 1 && stops[0].Name == string(xunjia.WeChatChannel) && strings.Contains(stops[0].Reason, "次数已用完")
		})
		// Codes go out as before.
		v := w.visitor()
		v.phone = "13911110051"
		v.askCode(t, "/login")
		if n := w.cards(t, "supplier", p); n != 0 {
			t.Errorf("%d cards", n)
		}
		// The quota is there again: the card goes out when the next minute has tried.
		r := v.request(http.MethodDelete, w.sim.URL()+"/sim/api/faults", nil)
		res, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		_, _ = io.Copy(io.Discard, res.Body)
		_ = res.Body.Close()
		w.clock.advance(5 * time.Minute)
		await(t, "the card", func() bool { return w.cards(t, "supplier", p) == 1 })
	})
}
