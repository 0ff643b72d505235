package sim

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"
)

// What the developer's server answers decides what the user sees.
func TestPassiveReplies(t *testing.T) {
	wrap := func(p pushed, inner string) string {
		return "<xml><ToUserName>" + p.FromUserName + "</ToUserName><FromUserName>" + p.ToUserName + "</FromUserName><CreateTime>1</CreateTime>" + inner + "</xml>"
	}
	article := "<item><Title>题</Title><Description>述</Description><PicUrl>http://p/1</PicUrl><Url>http://u/1</Url></item>"
	good := func(p pushed) string { return textReply(p, "好") }
	tests := []struct {
		name  string
		mode  Mode
		reply func(w *world, p pushed) string
		from  string // who speaks next: account, system (fault bubble) or nobody
		check func(*Message) bool
	}{
		{"success", Plain, func(*world, pushed) string { return "success" }, "", nil},
		{"empty", Plain, func(*world, pushed) string { return "" }, "", nil},
		{"text", Plain, func(_ *world, p pushed) string { return good(p) }, "account", func(m *Message) bool { return m.Text == "好" }},
		{"image", Plain, func(_ *world, p pushed) string {
			return wrap(p, "<MsgType>image</MsgType><Image><MediaId>"+p.MediaId+"</MediaId></Image>")
		}, "account", func(m *Message) bool { return m.Type == "image" && m.MediaURL != "" }},
		{"news", Plain, func(_ *world, p pushed) string {
			return wrap(p, "<MsgType>news</MsgType><ArticleCount>2</ArticleCount><Articles>"+article+article+"</Articles>")
		}, "account", func(m *Message) bool { return len(m.Articles) == 1 && m.Articles[0].URL == "http://u/1" }},
		{"music", Plain, func(_ *world, p pushed) string {
			return wrap(p, "<MsgType>music</MsgType><Music><Title>歌</Title><MusicUrl>http://m/1</MusicUrl></Music>")
		}, "account", func(m *Message) bool { return m.Title == "歌" && m.MediaURL == "http://m/1" }},
		{"hand over", Plain, func(_ *world, p pushed) string { return wrap(p, "<MsgType>transfer_customer_service</MsgType>") }, "", nil},
		{"json", Plain, func(*world, pushed) string { return `{"a":1}` }, "system", nil},
		{"unknown type", Plain, func(_ *world, p pushed) string { return wrap(p, "<MsgType>dance</MsgType>") }, "system", nil},
		{"unknown media", Plain, func(_ *world, p pushed) string {
			return wrap(p, "<MsgType>voice</MsgType><Voice><MediaId>x</MediaId></Voice>")
		}, "system", nil},
		{"wrong recipient", Plain, func(_ *world, p pushed) string {
			return strings.Replace(good(p), p.FromUserName, "oSomebody", 1)
		}, "system", nil},
		{"too long", Plain, func(_ *world, p pushed) string { return textReply(p, strings.Repeat("字", 700)) }, "system", nil},
		{"encrypted in plain mode", Plain, func(_ *world, p pushed) string { return sealed(good(p)) }, "system", nil},
		{"encrypted", Safe, func(_ *world, p pushed) string { return sealed(good(p)) }, "account", nil},
		{"encrypted empty", Safe, func(*world, pushed) string { return sealed("success") }, "", nil},
		{"clear in safe mode", Safe, func(_ *world, p pushed) string { return good(p) }, "system", nil},
		{"bad signature", Safe, func(_ *world, p pushed) string {
			return strings.Replace(sealed(good(p)), "<Nonce>n1", "<Nonce>n2", 1)
		}, "system", nil},
		{"clear in compatible mode", Compatible, func(_ *world, p pushed) string { return good(p) }, "account", nil},
		{"encrypted in compatible mode", Compatible, func(_ *world, p pushed) string { return sealed(good(p)) }, "account", nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t, tt.mode)
			w.follow("u1")
			see := w.watch()
			w.answer(func(p pushed) (int, string) {
				if p.Content == "end" {
					reply := textReply(p, "end")
					if tt.mode == Safe {
						reply = sealed(reply)
					}
					return http.StatusOK, reply
				}
				return http.StatusOK, tt.reply(w, p)
			})
			w.sendPicture("u1")
			if p := w.push(); p.MsgType != "image" || p.PicUrl == "" {
				t.Fatalf("push: %+v", p)
			}
			w.waitRecorded(2) // subscribe and image: the reply has been dealt with
			w.chat("u1", "messages", m{"type": "text", "text": "end"})
			e := see(func(e event) bool {
				return e.Kind == "message" && e.Message.From != "user" && e.Message.Type != "event"
			})
			switch {
			case tt.from == "" && e.Message.Text != "end":
				t.Errorf("somebody spoke: %+v", e.Message)
			case tt.from != "" && e.Message.From != tt.from:
				t.Errorf("%s spoke: %+v", e.Message.From, e.Message)
			case tt.from == "system" && (e.Message.Text != faultBubble || e.Message.Note == ""):
				t.Errorf("no fault bubble: %+v", e.Message)
			case tt.check != nil && !tt.check(e.Message):
				t.Errorf("wrong bubble: %+v", e.Message)
			}
		})
	}
}

// waitRecorded waits until so many pushes are in the request log and no push is
// being dealt with.
func (w *world) waitRecorded(n int) {
	w.t.Helper()
	for range 1000 {
		w.s.mu.Lock()
		have := 0
		for _, e := range w.s.st.log.entries {
			if e.Kind == "push" {
				have++
			}
		}
		w.s.mu.Unlock()
		if have >= n && w.s.inFlight.Load() == 0 {
			return
		}
		time.Sleep(2 * time.Millisecond)
	}
	w.t.Fatalf("fewer than %d pushes recorded", n)
}

// A server that fails gets three tries with one MsgId, then the user reads the
// fault bubble; one that recovers in time answers normally.
func TestPushRetries(t *testing.T) {
	for _, tt := range []struct {
		name string
		bad  int // failing tries
		tell string
	}{{"recovers at the third try", 2, "好"}, {"never answers", 3, faultBubble}} {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t, Plain)
			w.follow("u1")
			see := w.watch()
			n := 0
			w.answer(func(p pushed) (int, string) {
				if n++; n <= tt.bad {
					return http.StatusInternalServerError, "oops"
				}
				return http.StatusOK, textReply(p, "好")
			})
			w.chat("u1", "messages", m{"type": "text", "text": "在吗"})
			ids := map[int64]bool{}
			for range 3 {
				ids[w.push().MsgId] = true
			}
			e := see(func(e event) bool { return e.Kind == "message" && e.Message.From != "user" })
			if e.Message.Text != tt.tell || len(ids) != 1 {
				t.Errorf("%q after ids %v", e.Message.Text, ids)
			}
			select {
			case p := <-w.got:
				t.Errorf("a fourth try: %+v", p)
			default:
			}
		})
	}
}

// Slow answers are cut off; the event of an unsubscribe never shows a bubble.
func TestPushTimeout(t *testing.T) {
	w := newWorld(t, Plain, func(o *Options) { o.PushTimeout = 50 * time.Millisecond })
	w.follow("u1")
	see := w.watch()
	release := make(chan struct{})
	w.answer(func(p pushed) (int, string) { <-release; return http.StatusOK, textReply(p, "迟到") })
	defer close(release)
	w.chat("u1", "messages", m{"type": "text", "text": "在吗"})
	if e := see(func(e event) bool { return e.Kind == "message" && e.Message.From == "system" }); e.Message.Text != faultBubble {
		t.Errorf("%+v", e.Message)
	}
	reqs := w.client(http.MethodGet, "/requests?kind=push&limit=3", nil)["requests"].([]any)
	for i, r := range reqs {
		e := r.(m)
		if fmt.Sprint(e["try"]) != fmt.Sprint(3-i) || fmt.Sprint(e["status"]) != "0" {
			t.Errorf("log entry %v", e)
		}
	}
}

// The console's check of a server address.
func TestVerifyServer(t *testing.T) {
	w := newWorld(t, Safe)
	if err := w.s.VerifyServer(t.Context(), testApp); err != nil {
		t.Error(err)
	}
	a := w.s.opt.Accounts[0]
	a.Token = "other"
	if err := w.s.SetAccount(a); err != nil {
		t.Fatal(err)
	}
	if err := w.s.VerifyServer(t.Context(), testApp); err == nil {
		t.Error("a wrong token passed")
	}
}

// A blacklisted fan is heard by nobody.
func TestBlacklist(t *testing.T) {
	w := newWorld(t, Plain)
	w.follow("u1")
	w.ok("/cgi-bin/tags/members/batchblacklist", m{"openid_list": []string{w.openID("u1")}})
	w.chat("u1", "messages", m{"type": "text", "text": "听得见吗"})
	w.ok("/cgi-bin/tags/members/batchunblacklist", m{"openid_list": []string{w.openID("u1")}})
	w.chat("u1", "messages", m{"type": "text", "text": "现在呢"})
	if p := w.push(); p.Content != "现在呢" {
		t.Errorf("pushed %q", p.Content)
	}
}
