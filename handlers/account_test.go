package handlers

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	qrcode "github.com/skip2/go-qrcode"

	"github.com/xunjia/xunjia"
	"github.com/xunjia/xunjia/sim"
	"github.com/xunjia/xunjia/wechat"
)

const (
	simApp    = "wx0123456789abcdef"
	simSecret = "0123456789abcdef0123456789abcdef"
)

// simWorld is a website with an official account at the simulator.
type simWorld struct {
	*world
	sim *sim.Server
}

// newSimWorld starts both; fan and other are its users.
func newSimWorld(t *testing.T) *simWorld {
	t.Helper()
	w := &simWorld{}
	w.world = newWorld(t, func(o *Options) {
		var err error
		w.sim, err = sim.New(sim.Options{
			Addr:     "127.0.0.1:0",
			Accounts: []sim.Account{{AppID: simApp, Secret: simSecret, OriginalID: "gh_0123456789ab", Name: "询价通", Token: "token", Mode: sim.Plain, ServerURL: o.BaseURL + "/wechat/callback", WebURL: o.BaseURL}},
			Users:    []sim.User{{ID: "fan", Nickname: "老陈", Phone: "13900000001"}, {ID: "other", Nickname: "小王", Phone: "13900000002"}},
		})
		if err != nil {
			t.Fatal(err)
		}
		if err := w.sim.Start(t.Context()); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = w.sim.Close() })
		cfg := wechat.Config{AppID: simApp, Secret: simSecret, Token: "token", Mode: wechat.Plain,
			Hosts: wechat.Hosts{API: w.sim.URL(), Open: w.sim.URL(), MP: w.sim.URL()}, PageHosts: []string{strings.TrimPrefix(o.BaseURL, "http://")}}
		if o.Account, err = wechat.New(cfg, o.Store, wechat.Options{Log: o.Log}); err != nil {
			t.Fatal(err)
		}
		o.WeChat = cfg
	})
	return w
}

// ask calls the simulator's JSON API.
func (w *simWorld) ask(method, path string, in any) map[string]any {
	w.t.Helper()
	body, _ := json.Marshal(in)
	r, err := http.NewRequest(method, w.sim.URL()+"/sim/api"+path, bytes.NewReader(body))
	if err != nil {
		w.t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		w.t.Fatal(err)
	}
	defer res.Body.Close()
	data, _ := io.ReadAll(res.Body)
	if res.StatusCode >= 300 {
		w.t.Fatalf("simulator: %s %s: %d %s", method, path, res.StatusCode, data)
	}
	out := map[string]any{}
	_ = json.Unmarshal(data, &out)
	return out
}

// follow makes a user a fan and answers who he is here.
func (w *simWorld) follow(user string) xunjia.Identity {
	w.t.Helper()
	w.ask(http.MethodPost, "/users/"+user+"/chats/"+simApp+"/follow", map[string]any{})
	var i xunjia.Identity
	w.eventually("following", func() bool {
		var err error
		i, err = w.store.IdentityByOpenID(w.t.Context(), simApp, w.openID(user))
		return err == nil && i.Subscribed
	})
	return i
}

func (w *simWorld) openID(user string) string {
	w.t.Helper()
	for _, u := range w.ask(http.MethodGet, "/state", nil)["users"].([]any) {
		u := u.(map[string]any)
		if u["id"] == user {
			id, _ := u["chats"].(map[string]any)[simApp].(map[string]any)["openid"].(string)
			return id
		}
	}
	return ""
}

// scan lets a user scan what a picture says.
func (w *simWorld) scan(user, text string) {
	w.t.Helper()
	w.ask(http.MethodPost, "/users/"+user+"/scan", map[string]string{"text": text, "app_id": simApp})
}

// said waits for a message of the account to a user that matches, and answers
// the first group of it.
func (w *simWorld) said(user, pattern string) string {
	w.t.Helper()
	re, found := regexp.MustCompile(pattern), ""
	w.eventually("message "+pattern, func() bool {
		list, _ := w.ask(http.MethodGet, "/users/"+user+"/chats/"+simApp+"/messages?limit=20", nil)["messages"].([]any)
		for i := len(list) - 1; i >= 0; i-- {
			text, _ := json.Marshal(list[i])
			var m sim.Message
			_ = json.Unmarshal(text, &m)
			all := m.Text + m.Title + m.Description + m.URL + fmt.Sprint(m.Articles)
			if g := re.FindStringSubmatch(all); g != nil && m.From == "account" {
				found = g[len(g)-1]
				return true
			}
		}
		return false
	})
	return found
}

// eventually waits for what the simulator's pushes bring about.
func (w *simWorld) eventually(what string, ok func() bool) {
	w.t.Helper()
	deadline := time.After(5 * time.Second)
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for !ok() {
		select {
		case <-tick.C:
		case <-deadline:
			w.t.Fatalf("waited in vain for %s", what)
		}
	}
}

// json asks as a script does.
func (b *browser) json(path string) map[string]any {
	b.t.Helper()
	r, err := http.NewRequest(http.MethodGet, b.url+path, nil)
	if err != nil {
		b.t.Fatal(err)
	}
	r.Header.Set("Accept", "application/json")
	a := b.do(r)
	out := map[string]any{"status": float64(a.StatusCode)}
	if err := json.Unmarshal([]byte(a.body), &out); err != nil {
		b.t.Fatalf("%s: %d %s", path, a.StatusCode, a.body)
	}
	return out
}

// code is the code for a PC that a browser has just been answered.
func (w *simWorld) code(b *browser, watch any) xunjia.PCScan {
	w.t.Helper()
	u, err := url.Parse(fmt.Sprint(watch))
	if err != nil {
		w.t.Fatal(err)
	}
	p, err := w.store.PCScan(w.t.Context(), strings.TrimPrefix(u.Path, "/login/scan/"), b.session().ID)
	if err != nil {
		w.t.Fatal(err)
	}
	return p
}

// mustQR is some picture.
func (s *Site) mustQR(t *testing.T) []byte {
	t.Helper()
	png, err := qrcode.Encode("a picture", qrcode.Medium, 300)
	if err != nil {
		t.Fatal(err)
	}
	return png
}
