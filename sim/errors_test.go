package sim

import (
	"net/http"
	"regexp"
	"strings"
	"testing"
)

// Wrong parameters get the platform's codes, and every errmsg ends with a rid.
func TestErrorCodes(t *testing.T) {
	w := newWorld(t, Plain)
	w.follow("u1")
	token := w.token()
	u1, stranger := w.openID("u1"), w.openID("u2")
	data := func(key, value string) m {
		d := m{"thing1": m{"value": "黄芪"}, "amount2": m{"value": "18元"}, "time3": m{"value": "12:00"}}
		d[key] = m{"value": value}
		return m{"data": d}
	}
	button := func(n int) []m {
		var out []m
		for range n {
			out = append(out, m{"name": "a", "type": "click", "key": "k"})
		}
		return out
	}
	one := func(b m) m { return m{"button": []m{b}} }
	const at = "?access_token="
	send, create := "/cgi-bin/message/template/send"+at+token, "/cgi-bin/menu/create"+at+token
	tests := []struct {
		name, address string
		body          any
		want          int
		errmsg        string
	}{
		{"no token", "/cgi-bin/menu/get", nil, 41001, "access_token missing"},
		{"unknown token", "/cgi-bin/menu/get" + at + "x", nil, 40001, "invalid credential"},
		{"unknown path", "/cgi-bin/nothing" + at + token, nil, 40066, ""},
		{"get for post", "/cgi-bin/menu/create" + at + token, nil, 43002, ""},
		{"post for get", "/cgi-bin/token", m{}, 43001, ""},
		{"empty body", send, "", 44002, ""},
		{"no json", send, "{", 47001, ""},
		{"token: no appid", "/cgi-bin/token?grant_type=client_credential", nil, 41002, ""},
		{"token: no secret", "/cgi-bin/token?grant_type=client_credential&appid=" + testApp, nil, 41004, ""},
		{"token: appid", "/cgi-bin/token?grant_type=client_credential&appid=wx0&secret=x", nil, 40013, ""},
		{"token: secret", "/cgi-bin/token?grant_type=client_credential&appid=" + testApp + "&secret=x", nil, 40125, ""},
		{"token: grant", "/cgi-bin/token?appid=" + testApp + "&secret=" + testSecret, nil, 40002, ""},
		{"stable: secret", "/cgi-bin/stable_token", m{"grant_type": "client_credential", "appid": testApp, "secret": "x"}, 40125, ""},
		{"ticket: type", "/cgi-bin/ticket/getticket" + at + token + "&type=x", nil, 40097, ""},

		{"template: openid", send, quoteMessage(w, m{"touser": "oNobody"}), 40003, ""},
		{"template: id", send, quoteMessage(w, m{"template_id": "x"}), 40037, ""},
		{"template: not subscribed", send, quoteMessage(w, m{"touser": stranger}), 43004, ""},
		{"template: no value", send, quoteMessage(w, data("thing1", "")), 47003, "data.thing1.value is empty"},
		{"template: long thing", send, quoteMessage(w, data("thing1", strings.Repeat("字", 21))), 47003, "data.thing1.value invalid"},
		{"template: amount", send, quoteMessage(w, data("amount2", "面议")), 47003, "data.amount2.value invalid"},
		{"template: time", send, quoteMessage(w, data("time3", "明天")), 47003, "data.time3.value invalid"},

		{"menu: none", "/cgi-bin/menu/get" + at + token, nil, 46003, ""},
		{"menu: no button", create, m{"button": []m{}}, 40016, ""},
		{"menu: four buttons", create, m{"button": button(4)}, 40016, ""},
		{"menu: name", create, one(m{"name": "一二三四五六", "type": "click", "key": "k"}), 40018, ""},
		{"menu: key", create, one(m{"name": "a", "type": "click", "key": strings.Repeat("k", 129)}), 40019, ""},
		{"menu: url", create, one(m{"name": "a", "type": "view", "url": "javascript:x"}), 40020, ""},
		{"menu: type", create, one(m{"name": "a", "type": "dance"}), 40017, ""},
		{"menu: six sub buttons", create, one(m{"name": "a", "sub_button": button(6)}), 40023, ""},
		{"menu: sub type", create, one(m{"name": "a", "sub_button": []m{{"name": "b", "type": "x"}}}), 40024, ""},
		{"menu: sub url", create, one(m{"name": "a", "sub_button": []m{{"name": "b", "type": "view", "url": "x"}}}), 40027, ""},

		{"user: no openid", "/cgi-bin/user/info" + at + token, nil, 41009, ""},
		{"user: openid", "/cgi-bin/user/info" + at + token + "&openid=x", nil, 40003, ""},
		{"custom: openid", "/cgi-bin/message/custom/send" + at + token, m{"touser": "x", "msgtype": "text", "text": m{"content": "a"}}, 40003, ""},
		{"custom: type", "/cgi-bin/message/custom/send" + at + token, m{"touser": u1, "msgtype": "dance"}, 40008, ""},
		{"custom: media", "/cgi-bin/message/custom/send" + at + token, m{"touser": u1, "msgtype": "image", "image": m{"media_id": "x"}}, 40007, ""},
		{"custom: never wrote", "/cgi-bin/message/custom/send" + at + token, m{"touser": stranger, "msgtype": "text", "text": m{"content": "a"}}, 45015, ""},
		{"media: none", "/cgi-bin/media/upload" + at + token + "&type=image", m{}, 41005, ""},
		{"media: id", "/cgi-bin/media/get" + at + token + "&media_id=x", nil, 40007, ""},

		{"oauth: no code", "/sns/oauth2/access_token?appid=" + testApp + "&secret=" + testSecret + "&grant_type=authorization_code", nil, 41008, ""},
		{"oauth: code", "/sns/oauth2/access_token?appid=" + testApp + "&secret=" + testSecret + "&grant_type=authorization_code&code=x", nil, 40029, ""},
		{"oauth: secret", "/sns/oauth2/access_token?appid=" + testApp + "&secret=x&grant_type=authorization_code&code=x", nil, 40125, ""},
		{"oauth: refresh", "/sns/oauth2/refresh_token?appid=" + testApp + "&grant_type=refresh_token&refresh_token=x", nil, 40030, ""},
		{"oauth: userinfo", "/sns/userinfo?access_token=x&openid=x", nil, 40001, ""},
	}
	rid := regexp.MustCompile(` rid: [0-9a-f]{8}-[0-9a-f]{8}-[0-9a-f]{8}$`)
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			method := http.MethodPost
			if tt.body == nil {
				method = http.MethodGet
			}
			out := w.call(method, tt.address, tt.body)
			msg, _ := out["errmsg"].(string)
			if code(out) != tt.want || !strings.Contains(msg, tt.errmsg) {
				t.Errorf("got %v, want %d %s", out, tt.want, tt.errmsg)
			}
			if !rid.MatchString(msg) {
				t.Errorf("errmsg %q has no rid", msg)
			}
		})
	}
}

func TestFieldRules(t *testing.T) {
	han := func(n int) string { return strings.Repeat("字", n) }
	for _, tt := range []struct {
		key, value string
		ok         bool
	}{
		{"thing1", han(20), true}, {"thing1", han(21), false},
		{"number2", "12.50", true}, {"number2", "12 元", false}, {"number2", strings.Repeat("1", 33), false},
		{"letter3", "abcDEF", true}, {"letter3", "abc1", false},
		{"symbol4", "!!!", true}, {"symbol4", "a!", false}, {"symbol4", "!!!!!!", false},
		{"character_string5", "CG2026-001", true}, {"character_string5", "采购1", false}, {"character_string5", strings.Repeat("a", 33), false},
		{"time6", "12:30", true}, {"time6", "2026年7月1日 12:30", true}, {"time6", "12:30~13:30", true}, {"time6", "25:00", false}, {"time6", "2026-07-01", false},
		{"date7", "2026年7月1日", true}, {"date7", "2026-07-01", true}, {"date7", "2026-07-01 12:00", true}, {"date7", "2026-13-01", false}, {"date7", "七月", false},
		{"amount8", "￥18.50", true}, {"amount8", "18.5元", true}, {"amount8", "18.5元/公斤", false}, {"amount8", "12345678901", false},
		{"phone_number9", "0558-5121234", true}, {"phone_number9", "电话", false}, {"phone_number9", strings.Repeat("1", 18), false},
		{"car_number10", "皖S12345", true}, {"car_number10", "皖S12345678", false},
		{"name11", "张三", true}, {"name11", han(11), false}, {"name11", "John Smith", true}, {"name11", strings.Repeat("a", 21), false},
		{"phrase12", "已接受", true}, {"phrase12", "已接受报价了", false}, {"phrase12", "ok", false},
		{"const13", "任意", true}, {"keyword1", strings.Repeat("长", 100), true},
	} {
		if got := fieldOK(tt.key, tt.value); got != tt.ok {
			t.Errorf("%s = %q: %v, want %v", tt.key, tt.value, got, tt.ok)
		}
	}
}
