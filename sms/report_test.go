package sms_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/xunjia/xunjia"
	"github.com/xunjia/xunjia/sms"
)

func TestParseReports(t *testing.T) {
	got, err := sms.ParseReports([]byte(`[
		{"phone_number":"13900001234","send_time":"2026-11-26 08:00:00","report_time":"2026-11-26 08:00:05","success":true,
		 "err_code":"DELIVERED","err_msg":"用户接收成功","sms_size":"2","biz_id":"900^0","out_id":"7-ab"},
		{"phone_number":"8613900001235","report_time":"soon","success":false,"err_code":"MOBILE_NOT_ON_SERVICE","err_msg":"停机","sms_size":1,"biz_id":"901^0"}]`))
	if err != nil {
		t.Fatal(err)
	}
	want := []sms.Report{
		{Phone: "13900001234", BizID: "900^0", OutID: "7-ab", Delivered: true, Segments: 2, At: time.Date(2026, 11, 26, 0, 0, 5, 0, time.UTC)},
		{Phone: "13900001235", BizID: "901^0", Segments: 1, Reason: "运营商没有送达：停机（MOBILE_NOT_ON_SERVICE）"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	for _, body := range []string{``, `{}`, `[1]`, `[{"success":"yes"}]`, `null x`, `<xml/>`} {
		if _, err := sms.ParseReports([]byte(body)); xunjia.ErrorCode(err) != xunjia.Invalid {
			t.Errorf("%q is read as reports: %v", body, err)
		}
	}
}

func TestParseReplies(t *testing.T) {
	got, err := sms.ParseReplies([]byte(`[{"phone_number":"+8613900001234","send_time":"2026-11-26 08:00:00","content":"TD","sign_name":"询价通","dest_code":"1","sequence_id":1234567890}]`))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]sms.Reply{{Phone: "13900001234", Text: "TD"}}, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
