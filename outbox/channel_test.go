package outbox

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/xunjia/xunjia"
	"github.com/xunjia/xunjia/sms"
	"github.com/xunjia/xunjia/store"
	"github.com/xunjia/xunjia/wechat"
)

func TestBusyPlatform(t *testing.T) {
	each(t, newFakeTime, func(t *testing.T, w *world) {
		const people = 200
		w.people(people, true, 1)
		random := rand.New(rand.NewPCG(1, 2))
		w.wx.answer = func(int, wechat.TemplateMessage) (bool, error) {
			switch n := random.IntN(100); {
			case n < 30:
				return false, apiError(-1)
			case n < 35: // delivered, but the answer is lost
				return true, lost()
			}
			return true, nil
		}
		w.publish(1)
		w.untilQuiet(w.outbox())
		if len(w.wx.delivered) != people {
			t.Errorf("%d messages arrived, want %d", len(w.wx.delivered), people)
		}
		if n := w.count("delivery WHERE state = 'dead'"); n != 0 {
			t.Errorf("%d dead", n)
		}
		if n := w.count("delivery WHERE state <> 'sent'"); n != 0 {
			t.Errorf("%d not sent", n)
		}
		if n := w.count("delivery WHERE attempt > ?", maxAttempts); n != 0 {
			t.Errorf("%d tried more than %d times", n, maxAttempts)
		}
	})
}

func TestUnreachableFanGetsSMS(t *testing.T) {
	for _, test := range []struct {
		name  string
		world func(w *world)
		state xunjia.DeliveryState // of the delivery by WeChat
		why   string
	}{
		{"not a fan any more", func(w *world) {
			w.wx.answer = func(int, wechat.TemplateMessage) (bool, error) { return false, apiError(43004) }
		}, xunjia.DeliveryFailed, "没有关注"},
		{"content refused by the platform", func(w *world) {
			w.wx.answer = func(int, wechat.TemplateMessage) (bool, error) { return false, apiError(47003) }
		}, xunjia.DeliveryFailed, "不符合要求"},
		{"no such template", func(w *world) { w.wx.missing = xunjia.TemplateNewPurchase },
			xunjia.DeliverySkipped, "没有标题为"},
		{"content refused before queuing", func(w *world) {
			w.exec("UPDATE users SET name = '' WHERE id = ?", w.buyer)
		}, xunjia.DeliverySkipped, "采购商"},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := newWorld(t, "sqlite", newFakeTime())
			person := w.people(1, true, 1)[0]
			test.world(w)
			o := w.outbox()
			w.publish(1)
			w.untilQuiet(o)
			if len(w.sms.delivered) != 1 || string(w.sms.delivered[0].Phone) != phoneOf(person) {
				t.Errorf("short messages %+v, want one to %s", w.sms.delivered, phoneOf(person))
			}
			if len(w.wx.delivered) != 0 {
				t.Errorf("%d template messages arrived", len(w.wx.delivered))
			}
			if n := w.count("delivery WHERE channel = 'wechat' AND state = ? AND reason LIKE ?", string(test.state), "%"+test.why+"%"); n != 1 {
				t.Errorf("no delivery by WeChat that is %s because of %s", test.state, test.why)
			}
			if test.state == xunjia.DeliverySkipped && len(w.wx.calls) != 0 {
				t.Error("the platform was asked")
			}
		})
	}
}

func TestSporadicTemplateError(t *testing.T) {
	w := newWorld(t, "sqlite", newFakeTime())
	w.people(1, true, 1)
	w.wx.answer = func(call int, _ wechat.TemplateMessage) (bool, error) {
		if call == 1 {
			return false, apiError(40037)
		}
		return true, nil
	}
	w.publish(1)
	w.untilQuiet(w.outbox())
	if len(w.wx.delivered) != 1 || len(w.sms.calls) != 0 {
		t.Errorf("%d template and %d short messages, want 1 and 0", len(w.wx.delivered), len(w.sms.calls))
	}
}

func TestAmbiguousAnswers(t *testing.T) {
	w := newWorld(t, "sqlite", newFakeTime())
	w.people(1, true, 1)
	w.people(1, false, 1)
	w.wx.answer = func(int, wechat.TemplateMessage) (bool, error) { return true, lost() }
	w.sms.answer = func(int, sms.Message) (bool, error) { return true, &sms.Error{Code: "client.no_answer"} }
	begin := w.time.now()
	w.publish(1)
	o := w.outbox(func(o *Options) { o.Random = func() float64 { return 0.9 } })
	var last time.Time
	calls := 0
	for range 300 {
		work(t, o)
		if len(w.wx.calls) > calls {
			calls, last = len(w.wx.calls), w.time.now()
		}
		w.time.advance(5 * time.Second)
	}
	if calls < 3 || last.Sub(begin) >= 8*time.Minute {
		t.Errorf("%d tries by WeChat, the last after %v; want several, all within 8 minutes", calls, last.Sub(begin))
	}
	if len(w.wx.delivered) != 1 {
		t.Errorf("%d template messages arrived, want 1", len(w.wx.delivered))
	}
	if len(w.sms.calls) != 1 {
		t.Errorf("%d tries by SMS, want 1", len(w.sms.calls))
	}
	if n := w.count("delivery WHERE state = 'unknown'"); n != 2 {
		t.Errorf("%d deliveries unknown, want 2", n)
	}
}

func TestQuotaParksWeChatOnly(t *testing.T) {
	each(t, newFakeTime, func(t *testing.T, w *world) {
		w.people(50, true, 1)
		w.people(5, false, 1)
		exhausted := true
		w.wx.answer = func(int, wechat.TemplateMessage) (bool, error) {
			if exhausted {
				return false, apiError(45009)
			}
			return true, nil
		}
		w.publish(1)
		a, b := w.outbox(), w.outbox() // two instances
		work(t, a)
		first := len(w.wx.calls)
		if first > 16 {
			t.Errorf("%d calls before the channel was parked, want at most those under way", first)
		}
		if len(w.sms.delivered) != 5 {
			t.Errorf("%d short messages, want 5: another channel", len(w.sms.delivered))
		}
		const minutes = 10
		for range minutes * 60 / 5 {
			for _, o := range []*Outbox{a, b} {
				if err := o.readStops(t.Context()); err != nil {
					t.Fatal(err)
				}
				work(t, o)
			}
			w.time.advance(5 * time.Second)
		}
		if probes := len(w.wx.calls) - first; probes < minutes/2 || probes > minutes {
			t.Errorf("%d probes in %d minutes of two instances", probes, minutes)
		}
		exhausted = false
		w.untilQuiet(b)
		if len(w.wx.delivered) != 50 {
			t.Errorf("%d template messages arrived after the reset, want 50", len(w.wx.delivered))
		}
		if n := w.count("channel_stop"); n != 0 {
			t.Error("the channel is still stopped")
		}
	})
}

func TestWrongTemplateDoesNotHoldUpCodes(t *testing.T) {
	w := newWorld(t, "sqlite", newFakeTime())
	w.people(6, false, 1)
	w.sms.answer = func(_ int, m sms.Message) (bool, error) {
		if m.Template == "SMS_purchase" {
			return false, &sms.Error{Code: "isv.SMS_TEMPLATE_ILLEGAL", Status: 200}
		}
		return true, nil
	}
	o := w.outbox()
	w.publish(1)
	work(t, o)
	if err := o.SendCode(t.Context(), "13900001111", "482913"); err != nil {
		t.Fatal(err)
	}
	work(t, o)
	if len(w.sms.delivered) != 1 || w.sms.delivered[0].Params["code"] != "482913" {
		t.Errorf("arrived %+v, want the code", w.sms.delivered)
	}
	w.sms.answer = nil
	w.untilQuiet(o)
	if len(w.sms.delivered) != 7 {
		t.Errorf("%d short messages once the template is right, want 7", len(w.sms.delivered))
	}
}

func TestCodeIsSealedErasedAndExpires(t *testing.T) {
	each(t, newFakeTime, func(t *testing.T, w *world) {
		o := w.outbox()
		if err := o.SendCode(t.Context(), "13900001111", "482913"); err != nil {
			t.Fatal(err)
		}
		if n := w.count("delivery WHERE payload LIKE '%482913%'"); n != 0 {
			t.Error("the database shows the code")
		}
		work(t, o)
		if len(w.sms.delivered) != 1 || w.sms.delivered[0].Params["code"] != "482913" || w.sms.delivered[0].Template != "SMS_code" {
			t.Errorf("arrived %+v, want the code", w.sms.delivered)
		}
		if n := w.count("delivery WHERE payload = ''"); n != 1 {
			t.Error("the sealed code is still there after it was sent")
		}
		// A provider that is down longer than the code lives.
		w.sms.answer = func(int, sms.Message) (bool, error) { return false, &sms.Error{Code: "isp.SYSTEM_ERROR"} }
		if err := o.SendCode(t.Context(), "13900002222", "111111"); err != nil {
			t.Fatal(err)
		}
		for range 70 {
			work(t, o)
			w.time.advance(5 * time.Second)
		}
		w.sms.answer = nil
		w.untilQuiet(o)
		if len(w.sms.delivered) != 1 {
			t.Error("a code arrived that has expired")
		}
		if n := w.count("delivery WHERE payload = '' AND state <> 'sent'"); n != 1 {
			t.Error("the sealed code is still there after it expired")
		}
	})
}

func TestPlatformReportsTheResult(t *testing.T) {
	each(t, newFakeTime, func(t *testing.T, w *world) {
		w.people(2, true, 1)
		o := w.outbox()
		w.publish(1)
		work(t, o)
		for i, m := range w.wx.delivered {
			for range 2 { // the platform may push its report again
				if err := o.ConfirmDelivery(t.Context(), xunjia.WeChatChannel, "msg-"+m.ClientMsgID, i == 0, "用户拒收"); err != nil {
					t.Fatal(err)
				}
			}
		}
		work(t, o)
		if n := w.count("delivery WHERE state = 'delivered'"); n != 1 {
			t.Errorf("%d delivered, want 1", n)
		}
		if n := w.count("delivery WHERE state = 'failed' AND reason = '用户拒收'"); n != 1 {
			t.Errorf("%d failed, want 1", n)
		}
		if len(w.sms.delivered) != 1 {
			t.Errorf("%d short messages, want 1 for who refuses template messages", len(w.sms.delivered))
		}
		err := o.ConfirmDelivery(t.Context(), xunjia.WeChatChannel, "msg-unheard-of", true, "")
		if xunjia.ErrorCode(err) != xunjia.NotFound {
			t.Errorf("report about an unknown message: %v, want NotFound", err)
		}
	})
}

func TestStaffResend(t *testing.T) {
	each(t, newFakeTime, func(t *testing.T, w *world) {
		w.people(1, true, 1)
		w.wx.answer = func(int, wechat.TemplateMessage) (bool, error) { return false, apiError(-1) }
		o := w.outbox()
		w.publish(1)
		for range 90 {
			work(t, o)
			w.time.advance(2 * time.Minute)
		}
		dead, err := w.store.Deliveries(t.Context(), store.DeliveryFilter{States: []xunjia.DeliveryState{xunjia.DeliveryDead}}, xunjia.Page{})
		if err != nil || len(dead.Items) != 1 || dead.Items[0].Attempt != maxAttempts {
			t.Fatalf("dead deliveries %+v, %v, want one after %d tries", dead, err, maxAttempts)
		}
		w.wx.answer = nil
		if err := o.Resend(t.Context(), 1, dead.Items[0].ID); err != nil {
			t.Fatal(err)
		}
		work(t, o)
		if len(w.wx.delivered) != 1 {
			t.Error("the message did not arrive")
		}
		if err := o.Resend(t.Context(), 1, dead.Items[0].ID); xunjia.ErrorCode(err) != xunjia.Conflict {
			t.Errorf("resending what has arrived: %v, want Conflict", err)
		}
		if err := o.Resend(t.Context(), 1, 99999); xunjia.ErrorCode(err) != xunjia.NotFound {
			t.Errorf("resending what is not there: %v, want NotFound", err)
		}
	})
}
