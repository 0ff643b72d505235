package sim

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// jsonAccount makes the pushes of the account JSON.
func jsonAccount(o *Options) { o.Accounts[0].Format = JSON }

// Pushes in JSON have the names and kinds of values of the XML ones; lists of
// subscription events stand at the top.
func TestJSONPushes(t *testing.T) {
	for _, mode := range []Mode{Plain, Compatible, Safe} {
		t.Run(string(mode), func(t *testing.T) {
			w := newWorld(t, mode, jsonAccount)
			w.follow("u1")
			w.chat("u1", "messages", m{"type": "text", "text": "黄连<b>"})
			p := w.push()
			got := decodeObject(t, p.XML)
			if id, _ := got["MsgId"].(json.Number); id == "" || got["Content"] != "黄连<b>" || got["MsgType"] != "text" || got["FromUserName"] != w.openID("u1") {
				t.Errorf("text: %s", p.XML)
			}
			envelope := decodeObject(t, p.Raw)
			if _, sealed := envelope["Encrypt"]; sealed != (mode != Plain) {
				t.Errorf("envelope in mode %s: %s", mode, p.Raw)
			}
			if _, clear := envelope["Content"]; clear != (mode != Safe) {
				t.Errorf("clear fields in mode %s: %s", mode, p.Raw)
			}
		})
	}
}

func TestJSONLists(t *testing.T) {
	w := newWorld(t, Plain, jsonAccount)
	w.follow("u1")
	first := w.ok("/wxaapi/newtmpl/addtemplate", m{"tid": "100001", "kidList": []int{1, 2}})["priTmplId"].(string)
	second := w.ok("/wxaapi/newtmpl/addtemplate", m{"tid": "100002", "kidList": []int{1, 2}})["priTmplId"].(string)
	entry := func(id, status string) m {
		return m{"TemplateId": id, "SubscribeStatusString": status, "PopupScene": "1"}
	}
	w.chat("u1", "subscribe-msg", m{"accept": []string{first}})
	if diff := cmp.Diff(any(entry(first, "accept")), decodeObject(t, w.push().XML)["List"]); diff != "" {
		t.Errorf("one template (-want +got):\n%s", diff)
	}
	w.chat("u1", "subscribe-msg", m{"accept": []string{first}, "reject": []string{second}})
	if diff := cmp.Diff(any([]any{entry(first, "accept"), entry(second, "reject")}), decodeObject(t, w.push().XML)["List"]); diff != "" {
		t.Errorf("two templates (-want +got):\n%s", diff)
	}
	w.ok("/cgi-bin/menu/create", m{"button": []m{{"type": "pic_weixin", "name": "发图", "key": "PIC"}}})
	w.chat("u1", "menu", m{"path": []int{0}, "images": []string{"a1", "b2"}})
	want := m{"Count": json.Number("2"), "PicList": []any{m{"PicMd5Sum": "a1"}, m{"PicMd5Sum": "b2"}}}
	if diff := cmp.Diff(any(want), decodeObject(t, w.push().XML)["SendPicsInfo"]); diff != "" {
		t.Errorf("pictures (-want +got):\n%s", diff)
	}
}

func decodeObject(t *testing.T, text string) m {
	t.Helper()
	out := m{}
	d := json.NewDecoder(strings.NewReader(text))
	d.UseNumber()
	if err := d.Decode(&out); err != nil {
		t.Fatalf("%v in %s", err, text)
	}
	return out
}

// Replies may be JSON too, whatever the pushes are.
func TestJSONReplies(t *testing.T) {
	clear := func(p pushed) string {
		return fmt.Sprintf(`{"ToUserName":%q,"FromUserName":%q,"CreateTime":%d,"MsgType":"text","Content":"收到"}`, p.FromUserName, p.ToUserName, p.CreateTime)
	}
	for mode, reply := range map[Mode]func(pushed) string{
		Plain: clear,
		Safe: func(p pushed) string {
			c, _ := newMsgCipher(testAES, testApp)
			secret := c.encrypt([]byte("0123456789abcdef"), []byte(clear(p)))
			return fmt.Sprintf(`{"Encrypt":%q,"MsgSignature":%q,"TimeStamp":1409735669,"Nonce":"n1"}`, secret, sign(testToken, "1409735669", "n1", secret))
		},
	} {
		t.Run(string(mode), func(t *testing.T) {
			w := newWorld(t, mode, jsonAccount)
			w.follow("u1")
			until := w.watch()
			w.answer(func(p pushed) (int, string) { return http.StatusOK, reply(p) })
			w.chat("u1", "messages", m{"type": "text", "text": "在吗"})
			if e := until(func(e event) bool { return bubble("account")(e) || bubble("system")(e) }); e.Message.Text != "收到" {
				t.Errorf("the chat shows %+v", e.Message)
			}
		})
	}
}
