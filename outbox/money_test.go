package outbox

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/xunjia/xunjia"
	"github.com/xunjia/xunjia/sms"
	"github.com/xunjia/xunjia/store"
)

func TestSMSBudget(t *testing.T) {
	each(t, newFakeTime, func(t *testing.T, w *world) {
		const price = 2 * 45 // the text is long enough for two
		w.people(5, false, 1)
		var log bytes.Buffer
		o := w.outbox(func(o *Options) {
			o.SMSPrice, o.SMSBudget, o.Workers = price/2, 4*price, 1
			o.Log = slog.New(slog.NewTextHandler(&log, nil))
		})
		day := xunjia.Day(w.time.now())
		spent := func() int64 {
			t.Helper()
			n, err := w.store.Spent(t.Context(), xunjia.SMSCostCounter, day)
			if err != nil {
				t.Fatal(err)
			}
			return n
		}
		// The first message is surely not sent: its price comes back.
		w.sms.answer = func(call int, _ sms.Message) (bool, error) {
			if call == 1 {
				return false, &sms.Error{Code: "isv.MOBILE_NUMBER_ILLEGAL"}
			}
			return true, nil
		}
		w.publish(1)
		work(t, o)
		work(t, o)
		if n := w.count("delivery WHERE state = 'sent' AND segments = 2 AND cost = ?", price); n != 4 {
			t.Errorf("%d sent and paid, want 4", n)
		}
		if n := w.count("delivery WHERE state = 'failed' AND cost = 0"); n != 1 {
			t.Errorf("%d failed for nothing, want 1", n)
		}
		if got := spent(); got != 4*price {
			t.Errorf("spent %d, want %d", got, 4*price)
		}
		for _, want := range []string{"used_percent=50", "used_percent=80", "used_percent=100"} {
			if n := strings.Count(log.String(), want); n != 1 {
				t.Errorf("%s is said %d times:\n%s", want, n, log.String())
			}
		}

		// Whoever is told next waits for the morning; codes go on.
		late := w.people(1, false, 2)[0]
		w.publish(2)
		work(t, o)
		if n := w.count("delivery WHERE recipient = ? AND state = 'pending' AND attempt = 0 AND reason LIKE '%预算已用完，计划 11月24日 09:00%'", late); n != 1 {
			t.Error("the notice beyond the budget does not wait for the morning")
		}
		if err := o.SendCode(t.Context(), "13900001234", "123456"); err != nil {
			t.Fatal(err)
		}
		work(t, o)
		if n := w.count("delivery WHERE kind = ? AND state = 'sent' AND cost = ?", string(xunjia.CodeRequested), price/2); n != 1 {
			t.Error("the code is not sent and paid")
		}
		w.time.advance(17 * time.Hour) // 18:00 to 11:00 in China
		work(t, o)
		if n := w.count("delivery WHERE recipient = ? AND state = 'sent'", late); n != 1 {
			t.Error("the notice is not sent the next morning")
		}
		if got := spent(); got != 4*price+price/2 {
			t.Errorf("the first day's spending became %d", got)
		}
	})
}

// A notice of no use the next morning is not kept.
func TestSMSBudgetSkipsWhatExpires(t *testing.T) {
	w := newWorld(t, "sqlite", newFakeTime())
	w.people(1, false, 1)
	o := w.outbox(func(o *Options) { o.SMSPrice, o.SMSBudget = 45, 1 })
	p := w.publish(1)
	w.exec("UPDATE purchase SET deadline = ? WHERE id = ?", w.time.now().Add(time.Hour).UnixMilli(), p.ID)
	work(t, o)
	if n := w.count("delivery WHERE state = 'skipped' AND reason LIKE '%预算已用完%'"); n != 1 || len(w.sms.calls) != 0 {
		t.Errorf("%d skipped, %d sent", n, len(w.sms.calls))
	}
}

// What staff pause waits, but for codes, and goes on when they say so.
func TestPausedChannel(t *testing.T) {
	each(t, newFakeTime, func(t *testing.T, w *world) {
		w.people(1, true, 1)
		w.people(1, false, 1)
		o := w.outbox()
		for _, ch := range []xunjia.Channel{xunjia.SMSChannel, xunjia.WeChatChannel} {
			if err := w.store.PauseChannel(t.Context(), 1, store.PauseName(ch), "换签名"); err != nil {
				t.Fatal(err)
			}
		}
		if err := o.readStops(t.Context()); err != nil {
			t.Fatal(err)
		}
		w.publish(1)
		if err := o.SendCode(t.Context(), "13900001234", "123456"); err != nil {
			t.Fatal(err)
		}
		work(t, o)
		if len(w.sms.delivered) != 1 || w.sms.delivered[0].Template != "SMS_code" || len(w.wx.delivered) != 0 {
			t.Fatalf("sent %+v and %d template messages, want the code alone", w.sms.delivered, len(w.wx.delivered))
		}
		for _, ch := range []xunjia.Channel{xunjia.SMSChannel, xunjia.WeChatChannel} {
			if err := w.store.ResumePaused(t.Context(), 1, store.PauseName(ch)); err != nil {
				t.Fatal(err)
			}
		}
		if err := o.readStops(t.Context()); err != nil {
			t.Fatal(err)
		}
		work(t, o)
		if len(w.sms.delivered) != 2 || len(w.wx.delivered) != 1 {
			t.Errorf("%d short and %d template messages once it goes on, want 2 and 1", len(w.sms.delivered), len(w.wx.delivered))
		}
	})
}
