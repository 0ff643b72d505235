package handlers

import (
	"net/http"
	"testing"
	"time"
)

// Answers to the question for subscription notifications are counted, several
// in one push as well; switching a template off takes what was left.
func TestSubscriptionCredits(t *testing.T) {
	w, _ := newAccountWorld(t)
	const app, fan = "wx0123456789abcdef", "fan"
	event := func(second int64, name, list string) {
		t.Helper()
		a := w.push("<xml><ToUserName>gh_1</ToUserName><FromUserName>" + fan + "</FromUserName><CreateTime>" + jsonNumber(time.Now().Unix()-second) +
			"</CreateTime><MsgType>event</MsgType><Event>" + name + "</Event>" + list + "</xml>")
		wantStatus(t, a, http.StatusOK)
	}
	item := func(template, status string) string {
		return "<List><TemplateId>" + template + "</TemplateId><SubscribeStatusString>" + status + "</SubscribeStatusString><PopupScene>1</PopupScene></List>"
	}
	want := func(template string, n int64) {
		t.Helper()
		if got, err := w.store.Credits(t.Context(), app, fan, template); err != nil || got != n {
			t.Errorf("%s: %d credits, want %d (%v)", template, got, n, err)
		}
	}
	event(3, "subscribe_msg_popup_event", "<SubscribeMsgPopupEvent>"+item("t1", "accept")+item("t2", "accept")+item("t3", "reject")+"</SubscribeMsgPopupEvent>")
	event(2, "subscribe_msg_popup_event", "<SubscribeMsgPopupEvent>"+item("t1", "accept")+"</SubscribeMsgPopupEvent>")
	want("t1", 2)
	want("t2", 1)
	want("t3", 0)
	event(1, "subscribe_msg_change_event", "<SubscribeMsgChangeEvent>"+item("t1", "reject")+"</SubscribeMsgChangeEvent>")
	want("t1", 0)
	want("t2", 1)
}
