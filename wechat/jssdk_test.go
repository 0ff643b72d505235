package wechat

import (
	"context"
	"encoding/json"
	"testing"

	"github.com/xunjia/xunjia"
)

func TestPageSignatureVectors(t *testing.T) {
	for name, v := range vectors(t, "jssdk") {
		for _, c := range v.Cases {
			if got := signPage(c.Ticket, c.NonceStr, c.Timestamp, c.URL); got != c.Signature {
				t.Errorf("%s: %s: %s, want %s", name, c.URL, got, c.Signature)
			}
		}
	}
}

// wx.config reads these names; silenceper's are app_id and nonce_str.
func TestJSConfigSpeaksTheSDKsNames(t *testing.T) {
	got, err := json.Marshal(JSConfig{AppID: "a", Timestamp: 1, NonceStr: "n", Signature: "s"})
	if want := `{"appId":"a","timestamp":1,"nonceStr":"n","signature":"s"}`; err != nil || string(got) != want {
		t.Errorf("%s, %v", got, err)
	}
}

func TestJSConfigSignsOwnPagesOnly(t *testing.T) {
	p, a := newAccount(t)
	p.on("/cgi-bin/ticket/getticket", `{"errcode":0,"errmsg":"ok","ticket":"tick","expires_in":7200}`)
	for page, ours := range map[string]bool{
		"https://x.example.com/purchases/1?from=a%3Ab": true,
		"http://x.example.com/#top":                    true,
		"https://x.example.com.evil.test/":             false,
		"https://evil.test/x.example.com":              false,
		"https://x.example.com@evil.test/":             false,
		"//x.example.com/":                             false,
		"javascript:alert(1)":                          false,
		"":                                             false,
	} {
		c, err := a.JSConfig(context.Background(), page)
		if !ours {
			if xunjia.ErrorCode(err) != xunjia.Invalid {
				t.Errorf("%s: %v", page, err)
			}
			continue
		}
		if err != nil || c.Signature != signPage("tick", c.NonceStr, c.Timestamp, page) || c.AppID != testAppID || c.NonceStr == "" {
			t.Errorf("%s: %+v, %v", page, c, err)
		}
	}
}
