package sim

import (
	"errors"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/aliyun/alibaba-cloud-sdk-go/sdk"
	"github.com/aliyun/alibaba-cloud-sdk-go/sdk/auth/credentials"
	aliyun "github.com/aliyun/alibaba-cloud-sdk-go/sdk/errors"
	"github.com/aliyun/alibaba-cloud-sdk-go/services/dysmsapi"
)

// aliyun is Alibaba's own SDK, pointed at the simulator.
func (w *world) aliyun(secret string) *dysmsapi.Client {
	w.t.Helper()
	c, err := dysmsapi.NewClientWithOptions("cn-hangzhou", sdk.NewConfig().WithScheme("HTTP"), credentials.NewAccessKeyCredential("testId", secret))
	if err != nil {
		w.t.Fatal(err)
	}
	c.Domain = strings.TrimPrefix(w.s.URL(), "http://")
	return c
}

func sms(phone, sign, template, params string) *dysmsapi.SendSmsRequest {
	r := dysmsapi.CreateSendSmsRequest()
	r.PhoneNumbers, r.SignName, r.TemplateCode, r.TemplateParam = phone, sign, template, params
	return r
}

func TestSendSMS(t *testing.T) {
	w := newWorld(t, Plain)
	see := w.watch()
	c := w.aliyun("testSecret")
	resp, err := c.SendSms(sms("13800000001", "询价通", "SMS_1", `{"code":"482 913*~+"}`))
	if err != nil || resp.Code != "OK" || resp.BizId == "" {
		t.Fatalf("%v %+v", err, resp)
	}
	e := see(func(e event) bool { return e.Kind == "sms" })
	if e.User != "u1" || e.SMS.Text != "【询价通】您的验证码为482 913*~+，5分钟内有效。" || e.SMS.Code != "482 913*~+" {
		t.Errorf("%+v %+v", e, e.SMS)
	}
	inbox := w.client(http.MethodGet, "/sms?phone=13800000001", nil)["messages"].([]any)
	if len(inbox) != 1 || inbox[0].(m)["template_code"] != "SMS_1" {
		t.Errorf("inbox %v", inbox)
	}
	q := dysmsapi.CreateQuerySendDetailsRequest()
	q.PhoneNumber, q.SendDate, q.PageSize, q.CurrentPage, q.BizId = "13800000001", w.s.now().In(time.FixedZone("CST", 8*3600)).Format("20060102"), "10", "1", resp.BizId
	details, err := c.QuerySendDetails(q)
	if err != nil || details.TotalCount != "1" || details.SmsSendDetailDTOs.SmsSendDetailDTO[0].SendStatus != 3 {
		t.Errorf("details: %v %+v", err, details)
	}
}

// Business refusals are HTTP 200 without an error.
func TestSMSRefusals(t *testing.T) {
	w := newWorld(t, Plain)
	c := w.aliyun("testSecret")
	for _, tt := range []struct{ phone, sign, template, params, want string }{
		{"12345", "询价通", "SMS_1", `{"code":"1"}`, "isv.MOBILE_NUMBER_ILLEGAL"},
		{"13800000001", "别人", "SMS_1", `{"code":"1"}`, "isv.SMS_SIGNATURE_ILLEGAL"},
		{"13800000001", "询价通", "SMS_9", `{"code":"1"}`, "isv.SMS_TEMPLATE_ILLEGAL"},
		{"13800000001", "询价通", "SMS_1", `{}`, "isv.TEMPLATE_MISSING_PARAMETERS"},
		{"13800000001", "询价通", "SMS_1", `{`, "isv.INVALID_JSON_PARAM"},
		{"13800000001", "询价通", "SMS_2", `{"name":"` + strings.Repeat("长", 36) + `"}`, "isv.PARAM_LENGTH_LIMIT"},
	} {
		resp, err := c.SendSms(sms(tt.phone, tt.sign, tt.template, tt.params))
		if err != nil || resp.Code != tt.want {
			t.Errorf("%v: %v %+v", tt, err, resp)
		}
	}
	_, err := w.aliyun("wrong").SendSms(sms("13800000001", "询价通", "SMS_1", `{"code":"1"}`))
	if se, ok := errors.AsType[*aliyun.ServerError](err); !ok || se.ErrorCode() != "SignatureDoesNotMatch" {
		t.Errorf("a wrong secret: %v", err)
	}
	if n := len(w.client(http.MethodGet, "/sms", nil)["messages"].([]any)); n != 0 {
		t.Errorf("%d messages in the inbox", n)
	}
}

// Codes: one a minute, five an hour, ten a day, for a number and a sign.
func TestSMSLimits(t *testing.T) {
	w := newWorld(t, Plain)
	c := w.aliyun("testSecret")
	send := func(phone, template string) string {
		t.Helper()
		resp, err := c.SendSms(sms(phone, "询价通", template, `{"code":"1234","name":"n"}`))
		if err != nil {
			t.Fatal(err)
		}
		return resp.Code + " " + resp.Message
	}
	must := func(want, got string) {
		t.Helper()
		if !strings.Contains(got, want) {
			t.Errorf("got %q, want %q", got, want)
		}
	}
	must("OK", send("13800000001", "SMS_1"))
	must("isv.BUSINESS_LIMIT_CONTROL 触发分钟级流控Permits:1", send("13800000001", "SMS_1"))
	must("OK", send("13800000002", "SMS_1")) // another number
	must("OK", send("13800000001", "SMS_2")) // a notice
	for range 4 {
		w.s.Advance(time.Minute)
		must("OK", send("13800000001", "SMS_1"))
	}
	w.s.Advance(time.Minute)
	must("触发小时级流控Permits:5", send("13800000001", "SMS_1"))
	for range 5 {
		w.s.Advance(time.Hour)
		must("OK", send("13800000001", "SMS_1"))
	}
	w.s.Advance(time.Hour)
	must("触发天级流控Permits:10", send("13800000001", "SMS_1"))
	w.s.Advance(24 * time.Hour)
	must("OK", send("13800000001", "SMS_1"))
}

// A replayed or old request is refused.
func TestSMSReplay(t *testing.T) {
	w := newWorld(t, Plain)
	q := url.Values{"Action": {"SendSms"}, "AccessKeyId": {"testId"}, "Timestamp": {w.clock.now.UTC().Format("2006-01-02T15:04:05Z")}, "SignatureMethod": {"HMAC-SHA1"},
		"SignatureVersion": {"1.0"}, "SignatureNonce": {"n1"}, "PhoneNumbers": {"13800000001"}, "SignName": {"询价通"}, "TemplateCode": {"SMS_2"}, "TemplateParam": {`{"name":"a b"}`}, "Format": {"JSON"}}
	send := func() m {
		q.Set("Signature", aliyunSignature(http.MethodGet, q, "testSecret"))
		return w.call(http.MethodGet, "/?"+q.Encode(), nil)
	}
	if out := send(); out["Code"] != "OK" {
		t.Fatalf("first: %v", out)
	}
	if out := send(); out["Code"] != "SignatureNonceUsed" {
		t.Errorf("replayed: %v", out)
	}
	q.Set("Timestamp", w.clock.now.Add(-time.Hour).UTC().Format("2006-01-02T15:04:05Z"))
	if out := send(); out["Code"] != "InvalidTimeStamp.Expired" {
		t.Errorf("old: %v", out)
	}
}
