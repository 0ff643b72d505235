package wechat

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"
	"unicode/utf8"
)

// FuzzCallback sends bodies with good signatures, sealed and plain, so that they
// reach the decoder, and the same body unsealed to the safe mode.
func FuzzCallback(f *testing.F) {
	for _, push := range []string{
		aText, "", "<xml>", "{}", `{"MsgType":"event","List":[{},[],null,1.5e300]}`, "<xml><MsgType>text</MsgType></xml>",
		eventXML("subscribe", "<EventKey>qrscene_</EventKey>"), eventXML("location_select", "<SendLocationInfo/>"),
		eventXML("pic_weixin", "<SendPicsInfo><PicList><item/></PicList></SendPicsInfo>"),
		messageXML("location", "<Location_X>NaN</Location_X>"), "<xml><Encrypt><![CDATA[AAAA]]></Encrypt></xml>", `{"Encrypt":"AAAA"}`,
		`<?xml version="1.0"?><!-- --><xml a="b"><a/>&#x41;&bad;]]></xml>`,
	} {
		f.Add([]byte(push))
	}
	h := &recorder{reply: TextReply{"好"}}
	plain := newTestCallback(f, Compatible, newInbox(), h.handle, CallbackOptions{})
	safe := newTestCallback(f, Safe, newInbox(), h.handle, CallbackOptions{})
	f.Fuzz(func(t *testing.T, body []byte) {
		for name, w := range map[string]*httptest.ResponseRecorder{
			"plain":  serve(plain, newSender("").push(t, string(body))),
			"sealed": serve(safe, newSender(testAESKey).push(t, string(body))),
			"bare": serve(safe, func() *http.Request {
				r := newSender("").push(t, string(body))
				r.URL.RawQuery += "&" + url.Values{"encrypt_type": {"aes"}, "msg_signature": {"x"}}.Encode()
				return r
			}()),
		} {
			if w.Code >= 500 {
				t.Errorf("%s: %d for %q", name, w.Code, body)
			}
			if name == "bare" && w.Code == 200 {
				t.Errorf("unsigned body accepted: %q", body)
			}
		}
		if m, err := decode(testAppID, body); err == nil {
			if len(m.Key) > 64 || len(m.OpenID) > 64 || !utf8.ValidString(m.Raw) || len(m.Raw) > len(body) {
				t.Errorf("%q is not fit for storing: %+v", body, m)
			}
			again, err := decode(testAppID, []byte(m.Raw))
			if err != nil || utf8.Valid(body) && again.Key != m.Key {
				t.Errorf("%q cannot be taken up again: %v", body, err)
			}
		}
	})
}
