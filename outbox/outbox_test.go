package outbox

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/xunjia/xunjia"
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
		if n := w.count("notification WHERE type = 2"); n != 4 {
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
		const people = 50
		w.people(people, true, 1)
		host := func(skew time.Duration) *Outbox {
			wrong := func() time.Time { return time.Now().Add(skew) }
			s := w.store
			if w.driver == "mysql" { // a SQLite file belongs to one process
				s = w.open(func(o *store.Options) { o.Clock = wrong })
			}
			return w.outbox(func(o *Options) { o.Store, o.Clock = skewed{s, w.store}, wrong })
		}
		ahead, behind := host(time.Minute), host(-time.Minute)
		for round, pair := range [][2]*Outbox{{ahead, behind}, {behind, ahead}} {
			// The second host works while a message of the first is under way.
			w.wx.answer = func(call int, _ wechat.TemplateMessage) (bool, error) {
				if call == round*people+1 {
					w.wx.mu.Unlock()
					defer w.wx.mu.Lock()
					work(t, pair[1])
				}
				return true, nil
			}
			w.publish(1)
			if worked, err := pair[0].expandNext(t.Context(), xunjia.MassLane); !worked || err != nil {
				t.Fatal(worked, err)
			}
			// Due for so long that both hosts think so.
			w.exec("UPDATE delivery SET next_at = 1 WHERE state = 'pending'")
			work(t, pair[0])
			if n := (round + 1) * people; len(w.wx.calls) != n || len(w.wx.delivered) != n {
				t.Errorf("%d calls, %d messages, want %d of each", len(w.wx.calls), len(w.wx.delivered), n)
			}
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
		const people = 103
		w.people(people, true, 1, 2)
		w.publish(1, 2)
		killed := w.outbox(func(o *Options) { o.Store, o.Batch = &dying{w.store, 3}, 10 })
		if _, err := killed.expandNext(t.Context(), xunjia.MassLane); err == nil {
			t.Fatal("the fan-out was not interrupted")
		}
		if n := w.count("notification WHERE type = 2"); n != 30 {
			t.Fatalf("%d told before the interruption, want 30", n)
		}
		o := w.outbox(func(o *Options) { o.Batch = 10 })
		if worked, err := o.expandNext(t.Context(), xunjia.MassLane); worked || err != nil {
			t.Fatalf("event taken while its lease lasts: %v, %v", worked, err)
		}
		w.time.advance(time.Minute)
		work(t, o)
		if n := w.count("notification WHERE type = 2"); n != people {
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
	if len(w.wx.calls) != 0 || w.count("notification WHERE type = 2") != 0 {
		t.Errorf("%d messages, %d inbox rows about a request that takes no quotes", len(w.wx.calls), w.count("notification WHERE type = 2"))
	}
}

// Staff's choice of a template counts; one that the account no longer has does
// not.
func TestStaffChooseTemplate(t *testing.T) {
	clock := newFakeTime()
	w := newWorld(t, "sqlite", clock)
	o := w.outbox()
	chosen := "template-" + xunjia.TemplateNewQuote
	for _, c := range []struct{ choice, want string }{
		{chosen, chosen}, {"gone", "template-" + xunjia.TemplateNewPurchase}, {"", "template-" + xunjia.TemplateNewPurchase},
	} {
		if err := w.store.BindTemplate(t.Context(), 1, appID, xunjia.TemplateBinding{Title: xunjia.TemplateNewPurchase, TemplateID: c.choice}); err != nil {
			t.Fatal(err)
		}
		clock.advance(bindingsEvery)
		if err := o.templates.refresh(t.Context()); err != nil {
			t.Fatal(err)
		}
		if got, err := o.templates.titled(xunjia.TemplateNewPurchase); err != nil || got.ID != c.want {
			t.Errorf("choice %q: template %q, %v; want %q", c.choice, got.ID, err, c.want)
		}
	}
}

func TestTemplatesKnownLate(t *testing.T) {
	w := newWorld(t, "sqlite", newFakeTime())
	w.people(1, true, 1)
	o := w.outbox()
	o.templates.byTitle, o.templates.due = nil, time.Time{} // as after a start without WeChat
	w.publish(1)
	work(t, o)
	if w.count("notification WHERE type = 2") != 1 || len(w.wx.calls) != 0 {
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
