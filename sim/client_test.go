package sim

import (
	"bytes"
	"encoding/json"
	"image/png"
	"net/http"
	"strings"
	"testing"
)

// What the chat list tells: only the account's messages count as unread, and
// links read as their text.
func TestChatList(t *testing.T) {
	w := newWorld(t, Plain)
	w.follow("u1")
	w.chat("u1", "messages", m{"type": "text", "text": "1 < 2"})
	view := func() chatView {
		raw, _ := json.Marshal(w.client(http.MethodGet, "/state", nil))
		var s stateView
		if err := json.Unmarshal(raw, &s); err != nil {
			t.Fatal(err)
		}
		return s.Users[0].Chats[testApp]
	}
	if v := view(); v.Unread != 0 || v.LastText != "1 < 2" {
		t.Errorf("after the user's own words: %d unread, %q", v.Unread, v.LastText)
	}
	w.ok("/cgi-bin/message/custom/send", m{"touser": w.openID("u1"), "msgtype": "text", "text": m{"content": `欢迎，<a href="http://x.example/">点这里</a>`}})
	if v := view(); v.Unread != 1 || v.LastText != "欢迎，点这里" {
		t.Errorf("after a reply: %d unread, %q", v.Unread, v.LastText)
	}
}

// A choice of a menu message comes back with the number of the choice.
func TestMenuMessageChoice(t *testing.T) {
	w := newWorld(t, Plain)
	w.follow("u1")
	w.chat("u1", "messages", m{"type": "text", "text": "满意", "bizmsgmenuid": 101})
	if p := w.push(); !strings.Contains(p.XML, "<bizmsgmenuid><![CDATA[101]]></bizmsgmenuid>") || p.Content != "满意" {
		t.Errorf("pushed %s", p.XML)
	}
}

// 对方正在输入 ends by itself after 15 seconds and with the next message.
func TestTypingEnds(t *testing.T) {
	w := newWorld(t, Plain)
	w.follow("u1")
	w.chat("u1", "messages", m{"type": "text", "text": "在吗"})
	typing := m{"touser": w.openID("u1"), "command": "Typing"}
	w.ok("/cgi-bin/message/custom/typing", typing)
	if out := w.api("/cgi-bin/message/custom/typing", typing); code(out) != 45081 {
		t.Errorf("typing while typing: %v", out)
	}
	w.s.Advance(typingLasts)
	w.ok("/cgi-bin/message/custom/typing", typing)
	w.ok("/cgi-bin/message/custom/send", m{"touser": w.openID("u1"), "msgtype": "text", "text": m{"content": "在"}})
	w.ok("/cgi-bin/message/custom/typing", typing)
}

// Reading a code for a page follows nobody and counts no scan.
func TestScanDecodeOnly(t *testing.T) {
	w := newWorld(t, Plain)
	made := w.ok("/cgi-bin/qrcode/create", m{"action_name": "QR_STR_SCENE", "action_info": m{"scene": m{"scene_str": "desk"}}})
	if out := w.client(http.MethodPost, "/users/u1/scan", m{"text": made["url"], "decode": true}); out["text"] != made["url"] || out["kind"] != "text" {
		t.Errorf("decoded %v", out)
	}
	if len(w.messages("u1")) != 0 {
		t.Error("decoding left a trace in the chat")
	}
	if out := w.client(http.MethodPost, "/users/u1/scan", m{"text": made["url"]}); out["kind"] != "account" {
		t.Errorf("scanned %v", out)
	}
}

// Who is asked on the consent page of snsapi_userinfo.
func TestSilentFollowers(t *testing.T) {
	for name, c := range map[string]struct {
		silent, follows, fromMenu bool
		later                     bool
		asks                      bool
	}{
		"a follower from the menu":              {silent: true, follows: true, fromMenu: true, asks: false},
		"a follower with the address":           {silent: true, follows: true, asks: true},
		"a follower the next day":               {silent: true, follows: true, fromMenu: true, later: true, asks: true},
		"a follower from the menu, ask anybody": {follows: true, fromMenu: true, asks: true},
		"a stranger from a card":                {silent: true, fromMenu: true, asks: true},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, Plain, func(o *Options) { o.Accounts[0].SilentFollowers = c.silent })
			w.pages(&oauthSite{w, "snsapi_userinfo", "https://open.weixin.qq.com"})
			if c.follows {
				w.follow("u1")
			}
			if c.fromMenu {
				w.client(http.MethodPost, "/users/u1/open", m{"url": w.dev.URL + "/me", "app_id": testApp})
			}
			if c.later {
				w.s.Advance(visitLasts)
			}
			_, page := w.phone("u1").walk("/me")
			if asked := strings.Contains(page, "sim-allow"); asked != c.asks {
				t.Errorf("asked %v: %s", asked, page)
			}
		})
	}
}

// People have pictures that a backend can decode, accounts the first letter of
// their name; the same in every place.
func TestAvatars(t *testing.T) {
	w := newWorld(t, Plain)
	state := w.client(http.MethodGet, "/state", nil)
	seen := map[string]bool{}
	for _, u := range state["users"].([]any) {
		_, picture := w.phone("u1").do(http.MethodGet, u.(m)["avatar_url"].(string), "")
		if _, err := png.Decode(strings.NewReader(picture)); err != nil {
			t.Errorf("%v: %v", u.(m)["id"], err)
		}
		seen[picture] = true
	}
	if len(seen) != 2 {
		t.Error("two people look alike")
	}
	for size, want := range map[string]int{"46": 46, "132": 132, "0": 640} {
		_, picture := w.phone("u1").do(http.MethodGet, w.s.URL()+"/mmopen/abc/"+size, "")
		if c, err := png.DecodeConfig(bytes.NewReader([]byte(picture))); err != nil || c.Width != want {
			t.Errorf("size %s: %d pixels, %v", size, c.Width, err)
		}
	}
	_, tile := w.phone("u1").do(http.MethodGet, state["accounts"].([]any)[0].(m)["avatar_url"].(string), "")
	if !strings.Contains(tile, ">测</text>") {
		t.Errorf("the account's picture: %s", tile)
	}
}
