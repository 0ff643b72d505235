package sms_test

import (
	"context"
	"crypto/hmac"
	"crypto/sha1"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"sort"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/xunjia/xunjia/sms"
)

const testSecret = "secret-for-tests"

// gateway plays Aliyun: it checks the RPC v1 signature and answers as told.
type gateway struct {
	*httptest.Server
	calls atomic.Int64
	mu    sync.Mutex
	last  url.Values
}

// newGateway answers every properly signed call with answer.
func newGateway(t *testing.T, answer http.HandlerFunc) *gateway {
	t.Helper()
	g := &gateway{}
	g.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		g.calls.Add(1)
		_ = r.ParseForm()
		if signature(r.Method, r.Form) != r.Form.Get("Signature") {
			w.WriteHeader(http.StatusBadRequest)
			_, _ = io.WriteString(w, `{"Code":"SignatureDoesNotMatch","Message":"server string to sign is: POST&%2F&PhoneNumbers%3D`+r.Form.Get("PhoneNumbers")+`","RequestId":"R"}`)
			return
		}
		g.mu.Lock()
		g.last = r.Form
		g.mu.Unlock()
		answer(w, r)
	}))
	t.Cleanup(g.Close)
	return g
}

// signature is Aliyun's RPC v1: HMAC-SHA1 over the sorted, percent-encoded
// parameters.
func signature(method string, form url.Values) string {
	escape := func(s string) string { return strings.ReplaceAll(url.QueryEscape(s), "+", "%20") }
	var pairs []string
	for key := range form {
		if key != "Signature" {
			pairs = append(pairs, escape(key)+"="+escape(form.Get(key)))
		}
	}
	sort.Strings(pairs)
	mac := hmac.New(sha1.New, []byte(testSecret+"&"))
	mac.Write([]byte(method + "&%2F&" + escape(strings.Join(pairs, "&"))))
	return base64.StdEncoding.EncodeToString(mac.Sum(nil))
}

// says answers with a status and body.
func says(status int, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}
}

func client(t *testing.T, endpoint, secret string) *sms.Aliyun {
	t.Helper()
	a, err := sms.NewAliyun(sms.AliyunOptions{
		AccessKeyID: "id-for-tests", AccessKeySecret: secret, Endpoint: endpoint, Sign: "询价通", Timeout: 5 * time.Second,
	})
	if err != nil {
		t.Fatal(err)
	}
	return a
}

var letter = sms.Message{
	Phone: "19900001234", Template: "SMS_000000001", OutID: "delivery-7",
	Params: map[string]string{"code": "602113", "name": `当归 "一等"&*~+`},
}

// shows fails when the error holds what belongs to the recipient only.
func shows(t *testing.T, err error) {
	t.Helper()
	text := err.Error() + sms.Explain(err)
	for _, secret := range []string{string(letter.Phone), "602113", "当归", url.QueryEscape("当归"), testSecret} {
		if strings.Contains(text, secret) {
			t.Errorf("the error shows %q: %s", secret, text)
		}
	}
}

func TestSendSpeaksAliyunsProtocol(t *testing.T) {
	g := newGateway(t, says(200, `{"Code":"OK","Message":"OK","BizId":"biz-1","RequestId":"req-1"}`))
	bizID, err := client(t, g.URL, testSecret).Send(t.Context(), letter)
	if err != nil || bizID != "biz-1" {
		t.Fatalf("sent %q, %v", bizID, err)
	}
	var params map[string]string
	if err := json.Unmarshal([]byte(g.last.Get("TemplateParam")), &params); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(letter.Params, params); diff != "" {
		t.Error(diff)
	}
	for key, want := range map[string]string{
		"Action": "SendSms", "Version": "2017-05-25", "PhoneNumbers": "19900001234", "SignName": "询价通",
		"TemplateCode": "SMS_000000001", "OutId": "delivery-7", "RegionId": "cn-hangzhou", "AccessKeyId": "id-for-tests",
	} {
		if got := g.last.Get(key); got != want {
			t.Errorf("%s is %q, want %q", key, got, want)
		}
	}
}

// TestAnswers holds the table of what an answer means, and that nothing is ever
// sent twice by itself.
func TestAnswers(t *testing.T) {
	word := func(code string) string {
		return `{"Code":"` + code + `","Message":"19900001234 602113 refused","RequestId":"req-1"}`
	}
	for name, tt := range map[string]struct {
		answer http.HandlerFunc
		want   sms.Class
		code   string
	}{
		"limit, with 200":   {says(200, word("isv.BUSINESS_LIMIT_CONTROL")), sms.NotNow, "isv.BUSINESS_LIMIT_CONTROL"},
		"system error":      {says(200, word("isp.SYSTEM_ERROR")), sms.Retry, "isp.SYSTEM_ERROR"},
		"no money":          {says(200, word("isv.AMOUNT_NOT_ENOUGH")), sms.Stop, "isv.AMOUNT_NOT_ENOUGH"},
		"template":          {says(200, word("isv.SMS_TEMPLATE_ILLEGAL")), sms.Configuration, "isv.SMS_TEMPLATE_ILLEGAL"},
		"number":            {says(200, word("isv.MOBILE_NUMBER_ILLEGAL")), sms.Permanent, "isv.MOBILE_NUMBER_ILLEGAL"},
		"new isv code":      {says(200, word("isv.SOMETHING_NEW")), sms.Permanent, "isv.SOMETHING_NEW"},
		"throttled":         {says(400, word("Throttling.User")), sms.Retry, "Throttling.User"},
		"unknown key":       {says(404, word("InvalidAccessKeyId.NotFound")), sms.Stop, "InvalidAccessKeyId.NotFound"},
		"no right":          {says(403, word("NoPermission")), sms.Stop, "NoPermission"},
		"unavailable":       {says(503, word("ServiceUnavailable")), sms.Retry, "ServiceUnavailable"},
		"new code, 400":     {says(400, word("MissingWhatever")), sms.Permanent, "MissingWhatever"},
		"new code, 500":     {says(500, word("Whatever")), sms.Ambiguous, "Whatever"},
		"HTML from a proxy": {says(502, "<html>bad gateway"), sms.Ambiguous, "client.bad_answer"},
		"HTML with 200":     {says(200, "<html>welcome"), sms.Ambiguous, "client.bad_answer"},
		"empty":             {says(200, ""), sms.Ambiguous, "client.bad_answer"},
		"truncated":         {says(200, `{"Code":"O`), sms.Ambiguous, "client.bad_answer"},
		"no code":           {says(200, `{"BizId":"1"}`), sms.Ambiguous, "client.bad_answer"},
		"number for a code": {says(500, `{"Code":500}`), sms.Ambiguous, "client.bad_answer"},
		"list":              {says(200, `[]`), sms.Ambiguous, "client.bad_answer"},
		"ten megabytes":     {says(200, `{"Code":"`+strings.Repeat("x", 10<<20)+`"}`), sms.Ambiguous, "client.bad_answer"},
		"redirect": {func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "/again", http.StatusTemporaryRedirect)
		}, sms.Ambiguous, "client.bad_answer"},
		"connection cut": {func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, sms.Ambiguous, "client.no_answer"},
		"cut within the answer": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "99")
			_, _ = io.WriteString(w, `{"Code":"OK"`)
			_ = http.NewResponseController(w).Flush()
			panic(http.ErrAbortHandler)
		}, sms.Ambiguous, "client.bad_answer"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			g := newGateway(t, tt.answer)
			bizID, err := client(t, g.URL, testSecret).Send(t.Context(), letter)
			e, ok := errors.AsType[*sms.Error](err)
			if !ok || bizID != "" {
				t.Fatalf("sent %q, %v", bizID, err)
			}
			if got := sms.Classify(err); got != tt.want || e.Code != tt.code {
				t.Errorf("%s (%s), want %s (%s)", got, e.Code, tt.want, tt.code)
			}
			if g.calls.Load() != 1 {
				t.Errorf("%d calls, want 1", g.calls.Load())
			}
			if sms.Explain(err) == "" {
				t.Error("staff are told nothing")
			}
			shows(t, err)
		})
	}
}

func TestAWrongSecretStopsEverything(t *testing.T) {
	g := newGateway(t, says(200, `{"Code":"OK"}`))
	_, err := client(t, g.URL, "another-secret").Send(t.Context(), letter)
	if got := sms.Classify(err); got != sms.Stop {
		t.Errorf("%v is %s, want stop", err, got)
	}
	shows(t, err)
}

func TestTheCallersContextEndsTheCall(t *testing.T) {
	hold := make(chan struct{})
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	g := newGateway(t, func(http.ResponseWriter, *http.Request) { cancel(); <-hold })
	t.Cleanup(func() { close(hold) })
	begin := time.Now()
	_, err := client(t, g.URL, testSecret).Send(ctx, letter)
	if took := time.Since(begin); took > 2*time.Second {
		t.Errorf("took %s after the caller gave up", took)
	}
	if got := sms.Classify(err); got != sms.Ambiguous || g.calls.Load() != 1 {
		t.Errorf("%v is %s after %d calls, want ambiguous after 1", err, got, g.calls.Load())
	}
	shows(t, err)

	_, err = client(t, g.URL, testSecret).Send(ctx, letter) // over before it begins
	if got := sms.Classify(err); got != sms.Retry || g.calls.Load() != 1 {
		t.Errorf("%v is %s after %d calls, want retry after 1", err, got, g.calls.Load())
	}
}

func TestUnreachableIsSafeToRetry(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := listener.Addr().String()
	_ = listener.Close()
	_, err = client(t, "http://"+address, testSecret).Send(t.Context(), letter)
	if got := sms.Classify(err); got != sms.Retry {
		t.Errorf("%v is %s, want retry", err, got)
	}
	shows(t, err)
}

// TestATLSFailureIsSafeToRetry also shows that certificates are verified.
func TestATLSFailureIsSafeToRetry(t *testing.T) {
	var calls atomic.Int64
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { calls.Add(1) }))
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.StartTLS()
	defer server.Close()
	_, err := client(t, server.URL, testSecret).Send(t.Context(), letter)
	if got := sms.Classify(err); got != sms.Retry || calls.Load() != 0 {
		t.Errorf("%v is %s after %d calls, want retry after none", err, got, calls.Load())
	}
}

func TestManyAtOnce(t *testing.T) {
	g := newGateway(t, func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, `{"Code":"OK","BizId":"`+r.Form.Get("OutId")+`"}`)
	})
	a := client(t, g.URL, testSecret)
	var group sync.WaitGroup
	for i := range 50 {
		group.Go(func() {
			m := letter
			m.OutID = string(phone(i))
			if bizID, err := a.Send(context.Background(), m); err != nil || bizID != m.OutID {
				t.Errorf("sent %s, got receipt %q, %v", m.OutID, bizID, err)
			}
		})
	}
	group.Wait()
}

func TestOnlyHTTPSLeavesTheMachine(t *testing.T) {
	for endpoint, ok := range map[string]bool{
		"":                      true,
		"dysmsapi.aliyuncs.com": true,
		"https://dysmsapi.ap-southeast-1.aliyuncs.com": true,
		"http://127.0.0.1:8081":                        true,
		"http://[::1]:8081":                            true,
		"http://localhost:8081":                        true,
		"http://dysmsapi.aliyuncs.com":                 false,
		"http://127.0.0.1.example.com":                 false,
		"ftp://127.0.0.1":                              false,
		"https://dysmsapi.aliyuncs.com/path":           false,
		"https://":                                     false,
	} {
		_, err := sms.NewAliyun(sms.AliyunOptions{AccessKeyID: "i", AccessKeySecret: "s", Sign: "询价通", Endpoint: endpoint})
		if (err == nil) != ok {
			t.Errorf("%q: error %v, want accepted %v", endpoint, err, ok)
		}
	}
	if _, err := sms.NewAliyun(sms.AliyunOptions{AccessKeyID: "i", AccessKeySecret: "s"}); err == nil {
		t.Error("accepted without a sign")
	}
}
