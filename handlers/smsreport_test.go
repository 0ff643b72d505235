package handlers

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/xunjia/xunjia"
	"github.com/xunjia/xunjia/sms"
)

func TestSMSReports(t *testing.T) {
	w := newWorld(t, nil)
	b := w.browser()
	push := func(path, body string) answer {
		t.Helper()
		r, err := http.NewRequest(http.MethodPost, w.url+path, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Content-Type", "application/json;charset=utf-8")
		return b.do(r)
	}
	body := func(at time.Time) string {
		return `[{"phone_number":"13900001234","report_time":"` + at.In(xunjia.China()).Format(time.DateTime) + `","success":true,"biz_id":"1^0","out_id":"7-k"}]`
	}
	now := time.Now()
	a := push("/sms/secret-part/reports", body(now))
	if wantStatus(t, a, http.StatusOK); !strings.Contains(a.body, `"code":0`) {
		t.Errorf("answered %s", a.body)
	}
	if diff := cmp.Diff([]sms.Report{{Phone: "13900001234", BizID: "1^0", OutID: "7-k", Delivered: true}}, ignoreTime(w.outbox.reports)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	// A fresh report about an unknown message comes again, an old one does not.
	w.outbox.unknown = true
	wantStatus(t, push("/sms/secret-part/reports", body(now)), http.StatusServiceUnavailable)
	wantStatus(t, push("/sms/secret-part/reports", body(now.Add(-time.Hour))), http.StatusOK)
	wantStatus(t, push("/sms/secret-part/reports", "no"), http.StatusUnprocessableEntity)
	wantStatus(t, push("/sms/guess/reports", body(now)), http.StatusForbidden)

	user := registered(t, w, newPhone, "新用户")
	wantStatus(t, push("/sms/guess/replies", `[{"phone_number":"`+string(newPhone)+`","content":"T"}]`), http.StatusForbidden)
	wantStatus(t, push("/sms/secret-part/replies", `[{"phone_number":"`+string(newPhone)+`","content":"谢谢"}]`), http.StatusOK)
	if p, err := w.store.Preferences(t.Context(), user.ID); err != nil || p.NoSMS {
		t.Errorf("thanks unsubscribed: %+v, %v", p, err)
	}
	wantStatus(t, push("/sms/secret-part/replies", `[{"phone_number":"13012341234","content":"TD"},{"phone_number":"+86`+string(newPhone)+`","content":"td"}]`), http.StatusOK)
	if p, err := w.store.Preferences(t.Context(), user.ID); err != nil || !p.NoSMS {
		t.Errorf("not unsubscribed: %+v, %v", p, err)
	}
}

func ignoreTime(list []sms.Report) []sms.Report {
	for i := range list {
		list[i].At = time.Time{}
	}
	return list
}
