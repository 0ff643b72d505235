package outbox

import (
	"context"
	"errors"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/xunjia/xunjia"
	"github.com/xunjia/xunjia/sms"
	"github.com/xunjia/xunjia/store"
	"github.com/xunjia/xunjia/wechat"
)

func TestFollowersHearOfAPurchaseOnce(t *testing.T) {
	each(t, newFakeTime, func(t *testing.T, w *world) {
		fans := w.people(3, true, 1, 2)
		strangers := w.people(2, false, 2)
		w.people(2, true) // follow nothing
		w.exec("INSERT INTO user_category (user_id, category_id) VALUES (?, 1)", w.buyer)
		w.exec("UPDATE users SET disabled = 1 WHERE id = ?", fans[2])
		o := w.outbox(func(o *Options) { o.Batch = 2 })
		p := w.publish(1, 2)
		work(t, o)

		var told []string
		for _, m := range w.wx.delivered {
			told = append(told, m.OpenID+" "+m.URL+" "+m.Data["thing0"])
		}
		slices.Sort(told) // several are sent at once
		path := " https://b2b.example.com" + xunjia.PurchasePath(p.ID)
		want := []string{openIDOf(fans[0]) + path + " 黄连、当归", openIDOf(fans[1]) + path + " 黄连、当归"}
		if diff := cmp.Diff(want, told); diff != "" {
			t.Errorf("template messages (-want +got):\n%s", diff)
		}
		phones := map[xunjia.Phone]string{}
		for _, m := range w.sms.delivered {
			phones[m.Phone] += m.Template + " " + m.Params["name"]
		}
		if diff := cmp.Diff(map[xunjia.Phone]string{
			xunjia.Phone(phoneOf(strangers[0])): "SMS_purchase 当归",
			xunjia.Phone(phoneOf(strangers[1])): "SMS_purchase 当归",
		}, phones); diff != "" {
			t.Errorf("short messages (-want +got):\n%s", diff)
		}
		if n := w.count("notification WHERE receiver IN (?, ?, ?, ?)", fans[0], fans[1], strangers[0], strangers[1]); n != 4 {
			t.Errorf("%d rows in inboxes, want 4", n)
		}
		if n := w.count("notification"); n != 4 {
			t.Errorf("%d rows in all inboxes, want 4: not the buyer's, nobody's twice", n)
		}
	})
}

func TestBuyerAndSuppliersHearOfQuotes(t *testing.T) {
	each(t, newFakeTime, func(t *testing.T, w *world) {
		ctx := t.Context()
		suppliers := w.people(2, true)
		w.exec("INSERT INTO wechat_identity (user_id, app_id, open_id, subscribed, created_at) VALUES (?, ?, 'buyer', 1, 1)", w.buyer, appID)
		o := w.outbox()
		p := w.publish(1)
		q := w.quote(p, suppliers[0])
		other := w.quote(p, suppliers[1])
		work(t, o)
		if _, err := w.store.AnswerQuote(ctx, q.ID, w.buyer, xunjia.Answer{Action: xunjia.Accept, Message: "成交", Revision: 1}); err != nil {
			t.Fatal(err)
		}
		if _, err := w.store.AnswerQuote(ctx, other.ID, w.buyer, xunjia.Answer{Action: xunjia.Refuse, Message: "太贵了", Revision: 1}); err != nil {
			t.Fatal(err)
		}
		work(t, o)
		w.time.advance(4 * 24 * time.Hour)
		if err := o.endDuePurchases(ctx); err != nil {
			t.Fatal(err)
		}
		work(t, o)

		heard := map[string]int{}
		for _, m := range w.wx.delivered {
			heard[m.OpenID+" "+strings.TrimPrefix(m.TemplateID, "template-")]++
		}
		one, two := openIDOf(suppliers[0]), openIDOf(suppliers[1])
		if diff := cmp.Diff(map[string]int{
			"buyer " + xunjia.TemplateNewQuote: 2, "buyer " + xunjia.TemplatePurchaseEnded: 1,
			one + " " + xunjia.TemplateQuoteAnswer: 1, one + " " + xunjia.TemplatePurchaseEnded: 1,
			two + " " + xunjia.TemplateQuoteAnswer: 1, two + " " + xunjia.TemplatePurchaseEnded: 1,
		}, heard); diff != "" {
			t.Errorf("template messages (-want +got):\n%s", diff)
		}
		if n := w.count("notification WHERE receiver = ? AND type = 1", suppliers[0]); n != 2 {
			t.Errorf("%d selling notices of the first supplier, want 2: accepted, ended", n)
		}
		if n := w.count("notification WHERE receiver = ? AND type = 2", w.buyer); n != 3 {
			t.Errorf("%d purchasing notices of the buyer, want 3: two quotes, ended", n)
		}
	})
}

// forgetful loses the outcome of the first sends, as a crash between sending
// and recording does.
type forgetful struct {
	*store.Store
	mu   sync.Mutex
	left int
}

func (f *forgetful) SettleDelivery(ctx context.Context, o store.Outcome) (bool, error) {
	f.mu.Lock()
	f.left--
	crash := f.left >= 0
	f.mu.Unlock()
	if crash {
		return false, errors.New("crashed")
	}
	return f.Store.SettleDelivery(ctx, o)
}

func TestCrashBetweenSendingAndRecording(t *testing.T) {
	each(t, newFakeTime, func(t *testing.T, w *world) {
		w.people(1, true, 1)
		w.people(1, false, 1)
		crashing := w.outbox(func(o *Options) { o.Store = &forgetful{Store: w.store, left: 2} })
		w.publish(1)
		work(t, crashing)
		next := w.outbox()
		if n := work(t, next); n != 0 {
			t.Fatalf("%d deliveries taken while the lease of the crashed worker lasts", n)
		}
		w.time.advance(time.Minute)
		work(t, next)

		if len(w.wx.calls) != 2 || w.wx.calls[0].ClientMsgID != w.wx.calls[1].ClientMsgID {
			t.Errorf("template calls %+v, want 2 with one client_msg_id", w.wx.calls)
		}
		if len(w.wx.delivered) != 1 {
			t.Errorf("%d template messages arrived, want 1", len(w.wx.delivered))
		}
		if len(w.sms.calls) != 1 {
			t.Errorf("%d short messages, want 1: never again after a crash", len(w.sms.calls))
		}
		if n := w.count("delivery WHERE channel = 'wechat' AND state = 'sent'"); n != 1 {
			t.Error("the template message is not recorded as sent")
		}
		if n := w.count("delivery WHERE channel = 'sms' AND state = 'unknown'"); n != 1 {
			t.Error("the short message is not recorded as unknown")
		}
	})
}

func TestLateOutcomeIsDropped(t *testing.T) {
	each(t, newFakeTime, func(t *testing.T, w *world) {
		w.people(1, true, 1)
		o, other := w.outbox(), w.outbox()
		w.publish(1)
		// While the first worker waits for the answer its lease runs out, and
		// the second one sends.
		w.wx.answer = func(call int, _ wechat.TemplateMessage) (bool, error) {
			if call == 1 {
				w.wx.mu.Unlock()
				defer w.wx.mu.Lock()
				w.time.advance(time.Minute)
				work(t, other)
				return true, apiError(43004)
			}
			return true, nil
		}
		work(t, o)
		if n := w.count("delivery WHERE state = 'sent' AND attempt = 2"); n != 1 {
			t.Error("the stale answer replaced the outcome of the worker that has the lease")
		}
		if n := w.count("delivery"); n != 1 {
			t.Errorf("%d deliveries, want 1: no SMS after a stale answer", n)
		}
	})
}

// skewed is a store of a host whose clock is wrong; the database's is right.
type skewed struct {
	*store.Store
	db *store.Store
}

func (s skewed) DatabaseTime(ctx context.Context) (time.Time, error) { return s.db.DatabaseTime(ctx) }

func TestClocksOfHostsDiffer(t *testing.T) {
	each(t, realTime, func(t *testing.T, w *world) {
		w.people(300, true, 1)
		var hosts []*Outbox
		var stores []*store.Store
		for _, skew := range []time.Duration{time.Minute, -time.Minute} {
			wrong := func() time.Time { return time.Now().Add(skew) }
			s := w.store
			if w.driver == "mysql" { // a SQLite file belongs to one process
				s = w.open(func(o *store.Options) { o.Clock = wrong })
			}
			stores = append(stores, s)
			hosts = append(hosts, w.outbox(func(o *Options) { o.Store, o.Clock = skewed{s, w.store}, wrong }))
		}
		d := xunjia.Draft{Area: "510104", Deadline: time.Now().Add(3 * 24 * time.Hour),
			Lines: []xunjia.Line{{CategoryID: 1, Quantity: 1000, Unit: "公斤"}}}
		if _, _, err := stores[0].PublishPurchase(t.Context(), w.buyer, d); err != nil {
			t.Fatal(err)
		}
		var wg sync.WaitGroup
		for _, o := range hosts {
			wg.Go(func() { work(t, o) })
		}
		wg.Wait()
		for _, o := range hosts { // what one told after the other had finished
			work(t, o)
		}
		if len(w.wx.calls) != 300 || len(w.wx.delivered) != 300 {
			t.Errorf("%d calls, %d messages, want 300 and 300", len(w.wx.calls), len(w.wx.delivered))
		}
	})
}

func TestBusyPlatform(t *testing.T) {
	each(t, newFakeTime, func(t *testing.T, w *world) {
		const people = 400
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
	for range 2000 {
		work(t, o)
		if len(w.wx.calls) > calls {
			calls, last = len(w.wx.calls), w.time.now()
		}
		w.time.advance(time.Second)
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
		for range 400 {
			work(t, o)
			w.time.advance(time.Second)
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
		for range 3 * 3600 / 60 {
			work(t, o)
			w.time.advance(time.Minute)
		}
		dead, err := w.store.Deliveries(t.Context(), []xunjia.DeliveryState{xunjia.DeliveryDead}, xunjia.Page{})
		if err != nil || len(dead.Items) != 1 || dead.Items[0].Attempt != maxAttempts {
			t.Fatalf("dead deliveries %+v, %v, want one after %d tries", dead, err, maxAttempts)
		}
		w.wx.answer = nil
		if err := o.Resend(t.Context(), dead.Items[0].ID); err != nil {
			t.Fatal(err)
		}
		work(t, o)
		if len(w.wx.delivered) != 1 {
			t.Error("the message did not arrive")
		}
		if err := o.Resend(t.Context(), dead.Items[0].ID); xunjia.ErrorCode(err) != xunjia.Conflict {
			t.Errorf("resending what has arrived: %v, want Conflict", err)
		}
		if err := o.Resend(t.Context(), 99999); xunjia.ErrorCode(err) != xunjia.NotFound {
			t.Errorf("resending what is not there: %v, want NotFound", err)
		}
	})
}

// dying stops telling people after a number of batches, and cannot even give
// the event back: the process was killed.
type dying struct {
	*store.Store
	batches int
}

func (d *dying) Tell(ctx context.Context, t store.Told) error {
	if d.batches--; d.batches < 0 {
		return errors.New("killed")
	}
	return d.Store.Tell(ctx, t)
}

func (d *dying) PostponeEvent(context.Context, store.Postponed) error { return nil }

func TestInterruptedFanOutGoesOn(t *testing.T) {
	each(t, newFakeTime, func(t *testing.T, w *world) {
		const people = 1030
		w.people(people, true, 1, 2)
		w.publish(1, 2)
		killed := w.outbox(func(o *Options) { o.Store, o.Batch = &dying{w.store, 3}, 100 })
		if _, err := killed.expandNext(t.Context(), xunjia.MassLane); err == nil {
			t.Fatal("the fan-out was not interrupted")
		}
		if n := w.count("notification"); n != 300 {
			t.Fatalf("%d told before the interruption, want 300", n)
		}
		o := w.outbox(func(o *Options) { o.Batch = 100 })
		if worked, err := o.expandNext(t.Context(), xunjia.MassLane); worked || err != nil {
			t.Fatalf("event taken while its lease lasts: %v, %v", worked, err)
		}
		w.time.advance(time.Minute)
		work(t, o)
		if n := w.count("notification"); n != people {
			t.Errorf("%d in inboxes, want %d", n, people)
		}
		if len(w.wx.calls) != people || len(w.wx.delivered) != people {
			t.Errorf("%d calls, %d messages, want %d", len(w.wx.calls), len(w.wx.delivered), people)
		}
	})
}

func TestEndedPurchaseIsNotAnnounced(t *testing.T) {
	w := newWorld(t, "sqlite", newFakeTime())
	w.people(3, true, 1)
	p := w.publish(1)
	if _, err := w.store.EndPurchase(t.Context(), p.ID, w.buyer); err != nil {
		t.Fatal(err)
	}
	w.untilQuiet(w.outbox())
	if len(w.wx.calls) != 0 || w.count("notification") != 0 {
		t.Errorf("%d messages, %d inbox rows about a request that takes no quotes", len(w.wx.calls), w.count("notification"))
	}
}

func TestTemplatesKnownLate(t *testing.T) {
	w := newWorld(t, "sqlite", newFakeTime())
	w.people(1, true, 1)
	o := w.outbox()
	o.templates.byTitle, o.templates.due = nil, time.Time{} // as after a start without WeChat
	w.publish(1)
	work(t, o)
	if w.count("notification") != 1 || len(w.wx.calls) != 0 {
		t.Fatal("the inbox must not wait for WeChat, and nothing is sent with an unknown template")
	}
	if err := o.templates.refresh(t.Context()); err != nil {
		t.Fatal(err)
	}
	w.untilQuiet(o)
	if len(w.wx.delivered) != 1 || w.wx.delivered[0].Data["thing0"] != "黄连" {
		t.Errorf("arrived %+v, want the filled message", w.wx.delivered)
	}
}
