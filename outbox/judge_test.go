package outbox

import (
	"fmt"
	"testing"
	"time"

	"github.com/xunjia/xunjia"
	"github.com/xunjia/xunjia/sms"
)

var start = time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC)

func TestAfter(t *testing.T) {
	const (
		wx   = xunjia.WeChatChannel
		text = xunjia.SMSChannel
	)
	fresh := time.Duration(0) // no earlier try is in doubt
	for _, test := range []struct {
		name    string
		channel xunjia.Channel
		attempt int
		age     time.Duration // of the delivery
		doubt   time.Duration // how long ago the first try began whose end nobody knows
		answer  answer
		want    xunjia.DeliveryState
		kept    int  // attempts that count afterwards
		doubts  bool // afterwards
	}{
		{"taken", wx, 1, 0, fresh, answer{meaning: accepted}, xunjia.DeliverySent, 1, true},
		{"refused for good", wx, 1, 0, fresh, answer{meaning: refused}, xunjia.DeliveryFailed, 1, true},
		{"busy", wx, 1, 0, fresh, answer{meaning: notSent}, xunjia.DeliveryPending, 1, false},
		{"busy at the eleventh try", wx, 11, time.Hour, fresh, answer{meaning: notSent}, xunjia.DeliveryPending, 11, false},
		{"busy at the last try", wx, 12, time.Hour, fresh, answer{meaning: notSent}, xunjia.DeliveryDead, 12, false},
		{"busy after a day", wx, 3, 25 * time.Hour, fresh, answer{meaning: notSent}, xunjia.DeliveryDead, 3, false},
		{"busy at the first try after a day", wx, 1, 25 * time.Hour, fresh, answer{meaning: notSent}, xunjia.DeliveryPending, 1, false},
		{"stopped does not count", wx, 12, 25 * time.Hour, fresh, answer{meaning: blocked, wait: time.Minute}, xunjia.DeliveryPending, 11, false},
		{"answer lost", wx, 1, 0, fresh, answer{meaning: doubtful}, xunjia.DeliveryPending, 1, true},
		{"answer lost again", wx, 3, time.Minute, time.Minute, answer{meaning: doubtful}, xunjia.DeliveryPending, 3, true},
		{"answer lost too long ago", wx, 3, time.Hour, 8 * time.Minute, answer{meaning: doubtful}, xunjia.DeliveryUnknown, 3, true},
		{"busy, but an earlier answer was lost too long ago", wx, 3, time.Hour, 8 * time.Minute, answer{meaning: notSent}, xunjia.DeliveryUnknown, 3, true},
		{"stopped, and an earlier answer was lost", wx, 3, time.Hour, 7*time.Minute + 30*time.Second, answer{meaning: blocked, wait: time.Minute}, xunjia.DeliveryUnknown, 2, true},
		{"taken after a lost answer", wx, 2, time.Minute, time.Minute, answer{meaning: accepted}, xunjia.DeliverySent, 2, true},
		{"SMS answer lost", text, 1, 0, fresh, answer{meaning: doubtful}, xunjia.DeliveryUnknown, 1, true},
		{"SMS busy", text, 1, 0, fresh, answer{meaning: notSent}, xunjia.DeliveryPending, 1, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			now := start.Add(test.age)
			d := xunjia.Delivery{Channel: test.channel, Attempt: test.attempt, CreatedAt: start, FirstTryAt: now.Add(-test.doubt)}
			out := after(d, test.answer, now, now, 0.5)
			if out.State != test.want || out.Attempt != test.kept || !out.FirstTryAt.IsZero() != test.doubts {
				t.Errorf("%s with %d attempts, in doubt %v; want %s with %d, %v",
					out.State, out.Attempt, !out.FirstTryAt.IsZero(), test.want, test.kept, test.doubts)
			}
			if out.State == xunjia.DeliveryPending && !out.NextAt.After(now) {
				t.Error("tried again at once")
			}
		})
	}
}

func TestBefore(t *testing.T) {
	now := start.Add(time.Hour)
	lease := now.Add(11 * time.Second)
	for _, test := range []struct {
		name string
		d    xunjia.Delivery
		want xunjia.DeliveryState // "" is sent
	}{
		{"fresh", xunjia.Delivery{FirstTryAt: now, NextAt: lease}, ""},
		{"lease nearly over", xunjia.Delivery{FirstTryAt: now, NextAt: now.Add(time.Second)}, xunjia.DeliveryPending},
		{"expired", xunjia.Delivery{FirstTryAt: now, NextAt: lease, ExpiresAt: now}, xunjia.DeliverySkipped},
		{"not yet expired", xunjia.Delivery{FirstTryAt: now, NextAt: lease, ExpiresAt: now.Add(time.Millisecond)}, ""},
		{"in doubt", xunjia.Delivery{FirstTryAt: now.Add(-7 * time.Minute), NextAt: lease, Channel: xunjia.WeChatChannel}, ""},
		{"in doubt for long", xunjia.Delivery{FirstTryAt: now.Add(-8 * time.Minute), NextAt: lease, Channel: xunjia.WeChatChannel}, xunjia.DeliveryUnknown},
		{"SMS in doubt", xunjia.Delivery{FirstTryAt: now.Add(-time.Second), NextAt: lease, Channel: xunjia.SMSChannel}, xunjia.DeliveryUnknown},
	} {
		t.Run(test.name, func(t *testing.T) {
			test.d.Attempt = 1
			out, done := before(test.d, now, now, 2*time.Second)
			if done != (test.want != "") || out.State != test.want {
				t.Errorf("%v %q, want %q", done, out.State, test.want)
			}
			if out.State == xunjia.DeliveryPending && (out.Attempt != 0 || !out.FirstTryAt.IsZero()) {
				t.Error("a delivery that was put back counts as tried")
			}
		})
	}
}

func TestBackoff(t *testing.T) {
	for attempt, want := range map[int]time.Duration{
		1: time.Second, 2: 2 * time.Second, 5: 16 * time.Second, 10: 512 * time.Second, 11: 15 * time.Minute, 99: 15 * time.Minute,
	} {
		if got := backoff(attempt, 1); got != want {
			t.Errorf("after %d tries at most %v, want %v", attempt, got, want)
		}
		if got := backoff(attempt, 0); got != 0 {
			t.Errorf("after %d tries at least %v, want 0: full jitter", attempt, got)
		}
	}
}

func TestJudge(t *testing.T) {
	for _, test := range []struct {
		answer answer
		want   string
	}{
		{judgeWeChat(xunjia.WeChatChannel, "1", nil, 1, start), "accepted"},
		{judgeWeChat(xunjia.WeChatChannel, "", apiError(-1), 1, start), "not sent"},
		{judgeWeChat(xunjia.WeChatChannel, "", apiError(45011), 1, start), "blocked wechat"},
		{judgeWeChat(xunjia.WeChatChannel, "", apiError(45009), 1, start), "blocked wechat"},
		{judgeWeChat(xunjia.WeChatChannel, "", apiError(48001), 1, start), "blocked wechat alarm"},
		{judgeWeChat(xunjia.WeChatChannel, "", apiError(40164), 1, start), "blocked wechat alarm"},
		{judgeWeChat(xunjia.WeChatChannel, "", apiError(43004), 1, start), "refused"},
		{judgeWeChat(xunjia.WeChatChannel, "", apiError(40003), 1, start), "refused"},
		{judgeWeChat(xunjia.WeChatChannel, "", apiError(47003), 1, start), "refused"},
		{judgeWeChat(xunjia.WeChatChannel, "", apiError(40037), 1, start), "not sent"},
		{judgeWeChat(xunjia.WeChatChannel, "", apiError(40037), 2, start), "refused"},
		{judgeWeChat(xunjia.WeChatChannel, "", apiError(42001), 1, start), "not sent"},
		{judgeWeChat(xunjia.WeChatChannel, "", lost(), 1, start), "doubtful"},
		{judgeSMS("1", nil, "code"), "accepted"},
		{judgeSMS("", &sms.Error{Code: "isp.SYSTEM_ERROR"}, "code"), "not sent"},
		{judgeSMS("", &sms.Error{Code: "isv.BUSINESS_LIMIT_CONTROL"}, "code"), "not sent"},
		{judgeSMS("", &sms.Error{Code: "isv.AMOUNT_NOT_ENOUGH"}, "code"), "blocked sms alarm"},
		{judgeSMS("", &sms.Error{Code: "isv.SMS_TEMPLATE_ILLEGAL"}, "code"), "blocked sms/code alarm"},
		{judgeSMS("", &sms.Error{Code: "isv.MOBILE_NUMBER_ILLEGAL"}, "code"), "refused"},
		{judgeSMS("", &sms.Error{Code: "client.no_answer"}, "code"), "doubtful"},
	} {
		got := map[meaning]string{accepted: "accepted", notSent: "not sent", blocked: "blocked", refused: "refused", doubtful: "doubtful"}[test.answer.meaning]
		if test.answer.stop != "" {
			got += " " + test.answer.stop
		}
		if test.answer.alarm {
			got += " alarm"
		}
		if got != test.want {
			t.Errorf("%s: %s, want %s", fmt.Sprint(test.answer.reason), got, test.want)
		}
	}
}
