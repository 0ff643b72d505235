package outbox

import (
	"strings"
	"testing"
	"time"

	"github.com/xunjia/xunjia"
	"github.com/xunjia/xunjia/store"
	"github.com/xunjia/xunjia/wechat"
)

// quoteSubscription is a template of the library that carries a quote.
func quoteSubscription() wechat.SubscriptionTemplate {
	return wechat.SubscriptionTemplate{PrivateTemplate: wechat.PrivateTemplate{ID: "sub", Title: "新报价提醒", Fields: []wechat.TemplateField{
		{Label: "报价品种", Key: "thing1", Kind: "thing"}, {Label: "供应商", Key: "thing2", Kind: "thing"},
	}}}
}

// agree makes the buyer agree to so many messages.
func (w *world) agree(openID string, follows bool, credits int64) {
	w.t.Helper()
	w.exec("INSERT INTO wechat_identity (user_id, app_id, open_id, subscribed, created_at) VALUES (?, ?, ?, ?, 1)", w.buyer, appID, openID, follows)
	if err := w.store.ChangeCredits(w.t.Context(), appID, openID, "key-"+openID, []store.CreditChange{{TemplateID: "sub", Add: credits}}); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) credits(openID string) int64 {
	w.t.Helper()
	n, err := w.store.Credits(w.t.Context(), appID, openID, "sub")
	if err != nil {
		w.t.Fatal(err)
	}
	return n
}

func TestSubscriptionTakesOver(t *testing.T) {
	for _, test := range []struct {
		name          string
		follows       bool
		credits       int64
		prepare       func(w *world)
		template, sub int // messages of each kind, of two quotes
		texts         int
		left          int64
		why           string // of a delivery
	}{
		{"a fan gets template messages", true, 2, nil, 2, 0, 0, 2, ""},
		{"a stranger spends what he agreed to", false, 1, nil, 0, 1, 1, 0, ""},
		{"not a fan any more", true, 2, func(w *world) {
			w.wx.answer = func(int, wechat.TemplateMessage) (bool, error) { return false, apiError(43004) }
		}, 0, 2, 0, 0, "没有关注"},
		{"no template message in the account", true, 2, func(w *world) { w.wx.missing = xunjia.TemplateNewQuote }, 0, 2, 0, 0, "改发订阅通知"},
		{"used up after all", false, 2, func(w *world) { w.wx.consent = apiError(43101) }, 0, 0, 2, 0, "一次性订阅已经用完"},
		{"refused, and not spent", false, 2, func(w *world) { w.wx.consent = apiError(47003) }, 0, 0, 2, 2, "不符合要求"},
		{"the answer is lost", false, 2, func(w *world) { w.wx.consent = lost() }, 0, 2, 0, 0, ""},
		{"not wanted by WeChat", false, 2, func(w *world) {
			if _, err := w.store.ChangePreferences(w.t.Context(), w.buyer, func(p *xunjia.Preferences) error {
				p.Off = map[xunjia.EventKind][]xunjia.Channel{xunjia.QuoteCreated: {xunjia.WeChatChannel}}
				return nil
			}); err != nil {
				w.t.Fatal(err)
			}
		}, 0, 0, 2, 2, ""},
		{"fields that are not ours", false, 2, func(w *world) { w.wx.subscriptions[0].Fields[0].Label = "订单号" }, 0, 0, 2, 2, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			each(t, newFakeTime, func(t *testing.T, w *world) {
				suppliers := w.people(2, false)
				w.agree("buyer", test.follows, test.credits)
				w.wx.subscriptions = []wechat.SubscriptionTemplate{quoteSubscription()}
				if test.prepare != nil {
					test.prepare(w)
				}
				o := w.outbox()
				p := w.publish(1)
				w.untilQuiet(o)
				for _, s := range suppliers {
					w.quote(p, s)
					w.untilQuiet(o)
				}
				arrived := len(w.wx.subscribed)
				if w.wx.consent != nil && wechat.Classify(w.wx.consent) != wechat.Ambiguous {
					arrived = 0
				}
				if len(w.wx.delivered) != test.template || arrived != test.sub || len(w.sms.delivered) != test.texts {
					t.Errorf("%d template messages, %d subscription notifications and %d short messages, want %d, %d and %d",
						len(w.wx.delivered), arrived, len(w.sms.delivered), test.template, test.sub, test.texts)
				}
				if n := w.credits("buyer"); n != test.left {
					t.Errorf("%d consents left, want %d", n, test.left)
				}
				if test.why != "" && w.count("delivery WHERE reason LIKE ?", "%"+test.why+"%") == 0 {
					t.Errorf("no delivery says %q", test.why)
				}
				for _, m := range w.wx.subscribed {
					if m.OpenID != "buyer" || m.TemplateID != "sub" || m.Data["thing1"] == "" || !strings.HasPrefix(m.Page, "https://b2b.example.com/") {
						t.Errorf("sent %+v", m)
					}
				}
			})
		})
	}
}

// A worker that dies after asking the platform never asks again: nothing would
// keep the second message from arriving.
func TestSubscriptionIsNeverRepeated(t *testing.T) {
	each(t, newFakeTime, func(t *testing.T, w *world) {
		w.agree("buyer", false, 3)
		w.wx.subscriptions = []wechat.SubscriptionTemplate{quoteSubscription()}
		supplier := w.people(1, false)[0]
		o := w.outbox()
		p := w.publish(1)
		w.untilQuiet(o)
		dying := w.outbox(func(o *Options) { o.Store = &forgetful{Store: w.store, left: 1} })
		w.quote(p, supplier)
		work(t, dying)
		w.time.advance(5 * time.Minute)
		w.untilQuiet(o)
		if len(w.wx.subscribed) != 1 || len(w.sms.delivered) != 0 {
			t.Errorf("%d notifications and %d short messages, want the one", len(w.wx.subscribed), len(w.sms.delivered))
		}
		if n := w.count("delivery WHERE channel = 'subscription' AND state = 'unknown'"); n != 1 {
			t.Error("the delivery does not tell that its end is unknown")
		}
	})
}

// Whoever the platform says does not follow is not asked for again.
func TestNotFollowingIsNoted(t *testing.T) {
	each(t, newFakeTime, func(t *testing.T, w *world) {
		w.people(2, true, 1)
		w.wx.answer = func(_ int, m wechat.TemplateMessage) (bool, error) {
			if m.OpenID == openIDOf(2) {
				return false, apiError(43004)
			}
			return true, nil
		}
		o := w.outbox()
		w.publish(1)
		w.untilQuiet(o)
		calls := len(w.wx.calls)
		if n := w.count("wechat_identity WHERE subscribed = 0"); n != 1 {
			t.Fatalf("%d identities do not follow, want 1", n)
		}
		w.publish(1)
		w.untilQuiet(o)
		if got := len(w.wx.calls) - calls; got != 1 {
			t.Errorf("the platform was asked for %d people, want 1", got)
		}
	})
}
