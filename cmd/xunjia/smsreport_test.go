package main

import (
	"net/http"
	"strings"
	"testing"

	"github.com/xunjia/xunjia"
)

// What becomes of a short message comes back from the provider, and whoever
// answers one with T gets no more.
func TestShortMessagesComeBack(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, w *world) {
		buyer := w.member(t, "19900000001")
		reader := xunjia.Phone("19900000007") // follows 黄连, but not the account
		state := func(p xunjia.Purchase) string {
			rows := w.dump(t, "SELECT d.state, d.reason, d.cost > 0 FROM delivery d JOIN event e ON e.id = d.event_id "+
				"WHERE e.purchase_id = ? AND d.channel = 'sms' AND d.address = ?", p.ID, string(reader))
			return rows
		}
		first := buyer.publish(t)
		await(t, "the report of success", func() bool { return strings.Contains(state(first), "delivered") })
		if got := state(first); strings.Contains(got, "0\n") {
			t.Errorf("nothing was paid: %s", got)
		}

		w.simPost(t, "/sim/api/faults", map[string]any{"path": "aliyun/SmsReport", "kind": "errcode", "errmsg": "MOBILE_NOT_ON_SERVICE"})
		second := buyer.publish(t)
		await(t, "the report of failure", func() bool {
			got := state(second)
			return strings.Contains(got, "failed") && strings.Contains(got, "MOBILE_NOT_ON_SERVICE")
		})

		w.simPost(t, "/sim/api/sms/reply", map[string]any{"phone": string(reader), "text": "T"})
		third := buyer.publish(t)
		await(t, "a reason instead of a message", func() bool {
			rows := w.dump(t, "SELECT d.state, d.reason FROM delivery d JOIN event e ON e.id = d.event_id JOIN users u ON u.id = d.recipient "+
				"WHERE e.purchase_id = ? AND u.phone = ?", third.ID, string(reader))
			return strings.Contains(rows, "skipped") && strings.Contains(rows, "收件人退订了短信")
		})
	})
}

// The provider's pushes are believed at the secret address only, and never say
// anything about a message that is not theirs.
func TestForgedSMSReports(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, w *world) {
		master, err := masterKey(w.cfg)
		if err != nil {
			t.Fatal(err)
		}
		token, err := smsCallbackToken(master)
		if err != nil {
			t.Fatal(err)
		}
		send := func(path, body string) int {
			t.Helper()
			v := w.visitor()
			r := v.request(http.MethodPost, path, strings.NewReader(body))
			r.Header.Set("Content-Type", "application/json")
			return v.do(t, r).StatusCode
		}
		buyer := w.member(t, "19900000001")
		buyer.publish(t)
		w.settle(t)
		reader := xunjia.Phone("19900000007")
		id := w.dump(t, "SELECT MAX(id) FROM delivery WHERE channel = 'sms' AND address = ?", string(reader))
		before := w.dump(t, "SELECT state, reason FROM delivery ORDER BY id")
		report := `[{"phone_number":"19900000007","report_time":"2020-01-01 00:00:00","success":false,"err_code":"X","biz_id":"1^0","out_id":"` + strings.TrimSpace(id) + `-forged"}]`
		for _, c := range []struct {
			path, body string
			want       int
		}{
			{"/sms/wrong/reports", report, http.StatusForbidden},
			{"/sms/wrong/replies", `[{"phone_number":"19900000007","content":"T"}]`, http.StatusForbidden},
			{"/sms/" + token + "/reports", report, http.StatusOK}, // old: the provider need not come again
			{"/sms/" + token + "/reports", `{"a":1}`, http.StatusUnprocessableEntity},
			{"/sms/" + token + "/reports", "[" + strings.Repeat(" ", 2<<20) + "]", http.StatusRequestEntityTooLarge},
			{"/sms/" + token + "/replies", `[{"phone_number":"10000000000","content":"T"},{"phone_number":"19900000007","content":"好的"}]`, http.StatusOK},
		} {
			if got := send(c.path, c.body); got != c.want {
				t.Errorf("%s %.80s: %d, want %d", strings.ReplaceAll(c.path, token, "…"), c.body, got, c.want)
			}
		}
		if after := w.dump(t, "SELECT state, reason FROM delivery ORDER BY id"); after != before {
			t.Errorf("forged reports changed deliveries:\n%s\n%s", before, after)
		}
		if n := w.count(t, "SELECT COUNT(*) FROM preference"); n != 0 {
			t.Errorf("%d people have preferences nobody chose", n)
		}
	})
}
