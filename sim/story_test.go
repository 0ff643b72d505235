package sim

import (
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// The whole story of an official account in each mode: menu, follow with a
// welcome, a conversation, a template message and its result.
func TestStory(t *testing.T) {
	for _, mode := range []Mode{Plain, Compatible, Safe} {
		t.Run(string(mode), func(t *testing.T) {
			w := newWorld(t, mode)
			see := w.watch()
			w.answer(func(p pushed) (int, string) {
				var text string
				switch {
				case p.Event == "subscribe":
					text = "欢迎 <a href=\"" + w.dev.URL + "/\">进入</a>"
				case p.MsgType == "text":
					text = "收到：" + p.Content
				case p.Event == "CLICK":
					text = "点了 " + p.EventKey
				default:
					return http.StatusOK, "success"
				}
				if mode == Safe {
					return http.StatusOK, sealed(textReply(p, text))
				}
				return http.StatusOK, textReply(p, text)
			})
			w.ok("/cgi-bin/menu/create", m{"button": []m{
				{"name": "首页", "type": "view", "url": w.dev.URL + "/home?a=1"},
				{"name": "更多", "sub_button": []m{{"name": "帮助", "type": "click", "key": "HELP"}}},
			}})

			w.chat("u1", "follow", m{})
			p := w.push()
			if p.MsgType != "event" || p.Event != "subscribe" || p.ToUserName != testOrigin || p.FromUserName != w.openID("u1") || p.Query.Get("openid") != w.openID("u1") || p.Query.Get("from") != "wechat" {
				t.Errorf("subscribe: %+v", p)
			}
			if plain := strings.Contains(p.Raw, "<Event>"); plain == (mode == Safe) {
				t.Errorf("clear fields in the body: %v", plain)
			}
			if e := see(bubble("account")); !strings.Contains(e.Message.Text, "欢迎") {
				t.Errorf("welcome: %+v", e.Message)
			}

			w.chat("u1", "messages", m{"type": "text", "text": "有黄芪吗 ]]> &"})
			if p := w.push(); p.Content != "有黄芪吗 ]]> &" || p.MsgId < 1<<53 {
				t.Errorf("text: %+v", p)
			}
			if e := see(bubble("account")); e.Message.Text != "收到：有黄芪吗 ]]> &" {
				t.Errorf("reply: %+v", e.Message)
			}

			if out := w.chat("u1", "menu", m{"path": []int{0}}); !strings.HasSuffix(out["open"].(string), "/home?a=1") || strings.HasPrefix(out["open"].(string), w.dev.URL) {
				t.Errorf("view opens %v", out)
			}
			if p := w.push(); p.Event != "VIEW" || p.EventKey != w.dev.URL+"/home?a=1" {
				t.Errorf("view: %+v", p)
			}
			w.chat("u1", "menu", m{"path": []int{1, 0}})
			if p := w.push(); p.Event != "CLICK" || p.EventKey != "HELP" {
				t.Errorf("click: %+v", p)
			}
			if e := see(bubble("account")); e.Message.Text != "点了 HELP" {
				t.Errorf("click reply: %+v", e.Message)
			}

			out := w.ok("/cgi-bin/message/template/send", quoteMessage(w, nil))
			if p := w.push(); p.Event != "TEMPLATESENDJOBFINISH" || p.Status != "success" || out["msgid"] != jsonNumber(p.MsgID) {
				t.Errorf("result: %+v for %v", p, out)
			}
			last := w.messages("u1")
			want := &TemplateCard{Title: "报价提醒", URL: w.dev.URL + "/quote/1", Lines: []TemplateLine{{"品种", "黄芪 统货"}, {"金额", "18.5元"}, {"时间", "2026年7月1日 12:00"}}}
			if diff := cmp.Diff(want, last[len(last)-1].Template); diff != "" {
				t.Error(diff)
			}
			w.chat("u1", "unfollow", m{})
			if p := w.push(); p.Event != "unsubscribe" {
				t.Errorf("unsubscribe: %+v", p)
			}
		})
	}
}

// quoteMessage is a template message that is right but for the given changes.
func quoteMessage(w *world, change m) m {
	body := m{"touser": w.openID("u1"), "template_id": testTpl, "url": w.dev.URL + "/quote/1", "data": m{
		"first": m{"value": "您好"}, "thing1": m{"value": "黄芪 统货", "color": "#173177"}, "amount2": m{"value": "18.5元"},
		"time3": m{"value": "2026年7月1日 12:00"}, "remark": m{"value": "请查看"},
	}}
	for k, v := range change {
		body[k] = v
	}
	return body
}

// A user who switched template messages off is told of by the result event.
func TestMutedTemplate(t *testing.T) {
	w := newWorld(t, Plain)
	w.follow("u1")
	w.chat("u1", "mute", m{"muted": true})
	w.ok("/cgi-bin/message/template/send", quoteMessage(w, nil))
	if p := w.push(); p.Status != "failed:user block" {
		t.Errorf("status %q", p.Status)
	}
	for _, b := range w.messages("u1") {
		if b.Type == "template" {
			t.Error("the card was shown")
		}
	}
}

// The same client_msg_id is sent once in ten minutes.
func TestClientMsgID(t *testing.T) {
	w := newWorld(t, Plain)
	w.follow("u1")
	body := quoteMessage(w, m{"client_msg_id": "d-1"})
	first := w.ok("/cgi-bin/message/template/send", body)["msgid"]
	if again := w.ok("/cgi-bin/message/template/send", body)["msgid"]; again != first {
		t.Errorf("msgid %v after %v", again, first)
	}
	cards := func() (n int) {
		for _, b := range w.messages("u1") {
			if b.Type == "template" {
				n++
			}
		}
		return n
	}
	if cards() != 1 {
		t.Errorf("%d cards", cards())
	}
	w.s.Advance(dedupeWindow)
	if later := w.ok("/cgi-bin/message/template/send", body)["msgid"]; later == first || cards() != 2 {
		t.Errorf("after the window: %v, %d cards", later, cards())
	}
}

// A user who does not follow can neither write nor tap the menu.
func TestStrangerCannotWrite(t *testing.T) {
	w := newWorld(t, Plain)
	for path, body := range map[string]m{"messages": {"type": "text", "text": "hi"}, "menu": {"path": []int{0}}} {
		if out := w.call(http.MethodPost, "/sim/api/users/u1/chats/"+testApp+"/"+path, body); out["error"] == nil {
			t.Errorf("%s was accepted", path)
		}
	}
}
