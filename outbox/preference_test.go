package outbox

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/xunjia/xunjia"
	"github.com/xunjia/xunjia/wechat"
)

// chooses lets a user change what he wants to hear.
func (w *world) chooses(user int64, change func(*xunjia.Preferences)) {
	w.t.Helper()
	if _, err := w.store.ChangePreferences(w.t.Context(), user, func(p *xunjia.Preferences) error {
		change(p)
		return nil
	}); err != nil {
		w.t.Fatal(err)
	}
}

// reason is why the delivery to a user over a channel was skipped or waits.
func (w *world) reason(user int64, c xunjia.Channel) (state xunjia.DeliveryState, reason string, next time.Time) {
	w.t.Helper()
	var at int64
	if err := w.db.QueryRowContext(w.t.Context(), "SELECT state, reason, next_at FROM delivery WHERE recipient = ? AND channel = ?", user, string(c)).
		Scan(&state, &reason, &at); err != nil {
		w.t.Fatalf("delivery to %d by %s: %v", user, c, err)
	}
	return state, reason, time.UnixMilli(at)
}

func TestThePersonDecides(t *testing.T) {
	each(t, newFakeTime, func(t *testing.T, w *world) {
		fans := w.people(5, true, 1)
		off, night, digest, muted, plain, noSMS := fans[0], fans[1], fans[2], fans[3], fans[4], w.people(1, false, 1)[0]
		now := w.time.now()
		local := now.In(xunjia.China())
		minute := local.Hour()*60 + local.Minute()
		w.chooses(off, func(p *xunjia.Preferences) {
			p.Off = map[xunjia.EventKind][]xunjia.Channel{xunjia.PurchasePublished: {xunjia.WeChatChannel}}
		})
		w.chooses(night, func(p *xunjia.Preferences) { p.Quiet = xunjia.Quiet{From: minute, To: (minute + 60) % (24 * 60)} })
		w.chooses(digest, func(p *xunjia.Preferences) { p.Digest = (minute + 30) % (24 * 60) })
		w.chooses(muted, func(p *xunjia.Preferences) { p.Categories = []int64{1} })
		w.chooses(noSMS, func(p *xunjia.Preferences) { p.NoSMS = true })
		o := w.outbox()
		w.time.advance(time.Second) // after the choices
		w.publish(1)
		work(t, o)

		if !slices.Equal(w.reached(), []int64{plain}) {
			t.Errorf("WeChat reached %v, not only %d", w.reached(), plain)
		}
		if got := w.sms.delivered; len(got) != 1 || got[0].Phone != xunjia.Phone(phoneOf(off)) {
			t.Errorf("SMS reached %v, not only who wants no WeChat", got)
		}
		if state, reason, _ := w.reason(off, xunjia.WeChatChannel); state != xunjia.DeliverySkipped || !strings.Contains(reason, "不要这类消息的微信通知；改发短信") {
			t.Errorf("off: %s, %q", state, reason)
		}
		state, reason, next := w.reason(night, xunjia.WeChatChannel)
		if wait := next.Sub(now); state != xunjia.DeliveryPending || wait <= 59*time.Minute-time.Second || wait > time.Hour+time.Second || !strings.Contains(reason, "免打扰") {
			t.Errorf("quiet: %s, %q, in %v", state, reason, wait)
		}
		if state, reason, _ := w.reason(digest, xunjia.WeChatChannel); state != xunjia.DeliverySkipped || !strings.Contains(reason, "每日汇总") {
			t.Errorf("digest: %s, %q", state, reason)
		}
		if n := w.count("notification WHERE receiver = ?", muted); n != 0 {
			t.Errorf("who muted the category has %d messages", n)
		}
		if _, reason, _ := w.reason(noSMS, xunjia.WeChatChannel); !strings.Contains(reason, "没有关注公众号；收件人退订了短信") {
			t.Errorf("no SMS: %q", reason)
		}

		w.time.advance(time.Hour)
		if err := o.makeDigests(t.Context()); err != nil {
			t.Fatal(err)
		}
		work(t, o)
		if got := w.reached(); !slices.Contains(got, night) || !slices.Contains(got, digest) || len(got) != 3 {
			t.Errorf("after the quiet time and the digest WeChat reached %v", got)
		}
		if n := w.count("notification WHERE receiver = ? AND title = '今天有 1 条消息'", digest); n != 1 {
			t.Errorf("%d digests, want 1", n)
		}
		if err := o.makeDigests(t.Context()); err != nil {
			t.Fatal(err)
		}
		if n := w.count("event WHERE kind = 'digest.due'"); n != 1 {
			t.Errorf("%d digests in one day", n)
		}
	})
}

// reached are the users whom template messages reached, in their order.
func (w *world) reached() []int64 {
	var ids []int64
	for id := range int64(w.count("users") + 1) {
		if slices.ContainsFunc(w.wx.delivered, func(m wechat.TemplateMessage) bool { return m.OpenID == openIDOf(id) }) {
			ids = append(ids, id)
		}
	}
	return ids
}
