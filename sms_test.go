package xunjia

import (
	"strings"
	"testing"
)

func TestSMSSegments(t *testing.T) {
	for n, want := range map[int]int{0: 1, 1: 1, 70: 1, 71: 2, 134: 2, 135: 3} {
		if got := SMSSegments(strings.Repeat("药", n)); got != want {
			t.Errorf("%d characters are %d messages, want %d", n, got, want)
		}
	}
}

func TestSMSText(t *testing.T) {
	got := SMSText(SMSNewPurchase, "询价通", "https://b2b.example.com", map[string]string{
		"name": "黄连", "quantity": "500公斤", "deadline": "11月26日 18:00", "link": "k/abc"})
	want := "【询价通】有人求购黄连 500公斤，11月26日 18:00截止报价，点 https://b2b.example.com/k/abc 查看并报价，退订回T。"
	if got != want {
		t.Errorf("got %s", got)
	}
	for _, s := range SMSSpecs() {
		if SMSText(s.Key, "", "", nil) == "" || SMSName(s.Key) != s.Name {
			t.Errorf("%s has no text", s.Key)
		}
	}
	if SMSText("other", "", "", nil) != "" {
		t.Error("an unknown kind has a text")
	}
}

func TestUnsubscribesSMS(t *testing.T) {
	for _, text := range []string{"T", "td", " TD ", "ｔｄ", "退订", "退订。", "n"} {
		if !UnsubscribesSMS(text) {
			t.Errorf("%q does not unsubscribe", text)
		}
	}
	for _, text := range []string{"", "你好", "不要退订", "NO", "TT"} {
		if UnsubscribesSMS(text) {
			t.Errorf("%q unsubscribes", text)
		}
	}
}
