package sim

import (
	"crypto/hmac"
	"crypto/sha1"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Limits of verification messages per number and sign, notifications per
// number, sign and template. [comm + developer.aliyun.com/ask/218440]
const (
	codePerMinute   = 1
	codePerHour     = 5
	codePerDay      = 10 // rolling 24 hours
	noticePerDay    = 50
	maxNumbers      = 1000 // of one SendSms [gk]
	maxVariable     = 35   // characters of one template variable [gk]
	aliyunClockSkew = 15 * time.Minute
)

// Patterns of numbers, of ${name} in templates, and of codes without a variable.
var (
	mobile   = regexp.MustCompile(`^(\+?86)?1[3-9]\d{9}$`)
	variable = regexp.MustCompile(`\$\{(\w+)\}`)
	digits   = regexp.MustCompile(`\d{4,8}`)
)

// SMS is one message in the inbox.
type SMS struct {
	ID           int64             `json:"id"`
	Phone        string            `json:"phone"`
	Sign         string            `json:"sign"`
	TemplateCode string            `json:"template_code"`
	Text         string            `json:"text"`
	Params       map[string]string `json:"params"`
	Code         string            `json:"code,omitempty"` // the verification code, when there is one
	At           int64             `json:"at"`
	Status       string            `json:"status"` // delivered
	BizID        string            `json:"biz_id"`
	OutID        string            `json:"out_id,omitempty"`
}

type smsState struct {
	sent   []*SMS            // the inbox, oldest first
	recent map[string][]*SMS // by number, of the last day, for the limits
	nonces map[string]time.Time
}

// keptSMS bounds the inbox.
const keptSMS = 20_000

func newSMSState() smsState {
	return smsState{recent: map[string][]*SMS{}, nonces: map[string]time.Time{}}
}

// add files a message into the inbox.
func (st *smsState) add(m *SMS, now time.Time) {
	if len(st.sent) >= keptSMS {
		st.sent = slices.Delete(st.sent, 0, keptSMS/4)
	}
	st.sent = append(st.sent, m)
	st.recent[m.Phone] = append(slices.DeleteFunc(st.recent[m.Phone], func(old *SMS) bool {
		return now.Sub(time.UnixMilli(old.At)) >= 24*time.Hour
	}), m)
}

// aliyunError is the gateway's own refusal, with an HTTP status.
type aliyunError struct {
	status        int
	code, message string
}

// serveAliyun plays dysmsapi.aliyuncs.com, RPC style with signature version 1.0.
func (s *Server) serveAliyun(w http.ResponseWriter, r *http.Request) {
	begin := time.Now()
	r.Body = http.MaxBytesReader(w, r.Body, 1<<20)
	if err := r.ParseForm(); err != nil {
		http.Error(w, "bad request", http.StatusBadRequest)
		return
	}
	action := r.Form.Get("Action")
	entry := RequestLog{Kind: "sms", Method: r.Method, Path: "aliyun/" + action, Query: redactQuery(cloneValues(r.Form))}
	if f := s.drawFault(entry.Path, ""); f != nil && s.aliyunFault(w, r, f, &entry) {
		entry.MS = time.Since(begin).Milliseconds()
		s.record(entry)
		return
	}
	status, out := s.runAliyun(r, action) //nolint:contextcheck // reports outlive the call
	body := marshal(out)
	entry.Status, entry.Response, entry.ErrMsg = status, excerpt(body), codeUnlessOK(out)
	entry.MS = time.Since(begin).Milliseconds()
	writeAliyun(w, status, body)
	s.record(entry)
}

// runAliyun checks and executes one call.
func (s *Server) runAliyun(r *http.Request, action string) (status int, out map[string]any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now, id := s.now(), s.requestID()
	ae := s.checkAliyun(r)
	if ae == nil {
		switch action {
		case "SendSms":
			out = s.sendSMS(r.Form, now)
		case "SendBatchSms":
			out = s.sendBatchSMS(r.Form, now)
		case "QuerySendDetails":
			out = s.querySMS(r.Form)
		default:
			ae = &aliyunError{http.StatusNotFound, "InvalidAction.NotFound", "Specified api is not found, please check your url and method."}
		}
	}
	status = http.StatusOK
	if ae != nil {
		status = ae.status
		out = map[string]any{"HostId": "dysmsapi.aliyuncs.com", "Code": ae.code, "Message": ae.message, "Recommend": ""}
	}
	out["RequestId"] = id
	return status, out
}

func writeAliyun(w http.ResponseWriter, status int, body []byte) {
	w.Header().Set("Content-Type", "application/json;charset=utf-8")
	w.WriteHeader(status)
	_, _ = w.Write(body)
}

func codeUnlessOK(out map[string]any) string {
	if c, _ := out["Code"].(string); c != "OK" {
		return c
	}
	return ""
}

func cloneValues(v url.Values) url.Values { return maps.Clone(v) }

// aliyunFault plays a scripted failure; false lets the call go on.
func (s *Server) aliyunFault(w http.ResponseWriter, r *http.Request, f *Fault, entry *RequestLog) bool {
	entry.Fault = f.Kind
	switch f.Kind {
	case "latency":
		s.pause(r, f.MS)
		return false
	case "timeout":
		s.pause(r, max(f.MS, 1))
		hangUp(w)
	case "garbage":
		entry.Status = http.StatusOK
		_, _ = w.Write([]byte("{\"Code\":\x00"))
	case "status":
		entry.Status = f.Status
		writeAliyun(w, f.Status, marshal(map[string]any{"Code": "ServiceUnavailable", "Message": "The request has failed due to a temporary failure of the server."}))
	default:
		entry.Status, entry.ErrMsg = http.StatusOK, f.ErrMsg
		writeAliyun(w, http.StatusOK, marshal(map[string]any{"Code": f.ErrMsg, "Message": f.ErrMsg, "RequestId": "00000000-0000-0000-0000-000000000000"}))
	}
	return true
}

// requestID looks like Alibaba's: an upper-case UUID.
func (s *Server) requestID() string {
	return fmt.Sprintf("%08X-%04X-%04X-%04X-%012X", s.st.rng.Uint32(), s.st.rng.Uint32()&0xffff, s.st.rng.Uint32()&0xffff, s.st.rng.Uint32()&0xffff, s.st.rng.Uint64()&0xffffffffffff)
}

// checkAliyun verifies credentials, age, nonce and signature of a call.
func (s *Server) checkAliyun(r *http.Request) *aliyunError {
	f := r.Form
	if f.Get("AccessKeyId") != s.opt.AccessKeyID {
		return &aliyunError{http.StatusNotFound, "InvalidAccessKeyId.NotFound", "Specified access key is not found."}
	}
	now := s.opt.Clock()
	at, err := time.Parse("2006-01-02T15:04:05Z", f.Get("Timestamp"))
	if err != nil {
		return &aliyunError{http.StatusBadRequest, "InvalidTimeStamp.Format", "Specified time stamp or date value is not well formatted."}
	}
	if at.Before(now.Add(-aliyunClockSkew)) || at.After(now.Add(aliyunClockSkew)) {
		return &aliyunError{http.StatusBadRequest, "InvalidTimeStamp.Expired", "Specified time stamp or date value is expired."}
	}
	if f.Get("SignatureMethod") != "HMAC-SHA1" || f.Get("SignatureVersion") != "1.0" {
		return &aliyunError{http.StatusBadRequest, "IncompleteSignature", "The request signature does not conform to Aliyun standards."}
	}
	want := aliyunSignature(r.Method, f, s.opt.AccessKeySecret)
	if !hmac.Equal([]byte(want), []byte(f.Get("Signature"))) {
		return &aliyunError{http.StatusBadRequest, "SignatureDoesNotMatch", "Specified signature is not matched with our calculation."}
	}
	for n, t := range s.st.sms.nonces {
		if now.Sub(t) > 2*aliyunClockSkew {
			delete(s.st.sms.nonces, n)
		}
	}
	nonce := f.Get("SignatureNonce")
	if _, used := s.st.sms.nonces[nonce]; used || nonce == "" {
		return &aliyunError{http.StatusBadRequest, "SignatureNonceUsed", "Specified signature nonce was used already."}
	}
	s.st.sms.nonces[nonce] = now
	return nil
}

// aliyunSignature is the RPC signature, version 1.0.
// [off] help.aliyun.com/document_detail/315526.html
func aliyunSignature(method string, f url.Values, secret string) string {
	var parts []string
	for _, k := range slices.Sorted(maps.Keys(f)) {
		if k != "Signature" {
			parts = append(parts, aliyunEscape(k)+"="+aliyunEscape(f.Get(k)))
		}
	}
	text := method + "&" + aliyunEscape("/") + "&" + aliyunEscape(strings.Join(parts, "&"))
	mac := hmac.New(sha1.New, []byte(secret+"&"))
	mac.Write([]byte(text))
	return base64.StdEncoding.EncodeToString(mac.Sum(nil))
}

func aliyunEscape(s string) string {
	return strings.NewReplacer("+", "%20", "*", "%2A", "%7E", "~").Replace(url.QueryEscape(s))
}

func refuse(code, message string) map[string]any {
	return map[string]any{"Code": code, "Message": message}
}

// sendSMS is SendSms; business failures are HTTP 200. Server.mu is held.
func (s *Server) sendSMS(f url.Values, now time.Time) map[string]any {
	numbers := strings.Split(f.Get("PhoneNumbers"), ",")
	if len(numbers) > maxNumbers {
		return refuse("isv.MOBILE_COUNT_OVER_LIMIT", "手机号码数量超过限制")
	}
	var batch []*SMS
	for _, number := range numbers {
		m, bad := s.composeSMS(strings.TrimSpace(number), f.Get("SignName"), f.Get("TemplateCode"), f.Get("TemplateParam"), now)
		if bad != nil {
			return bad
		}
		m.OutID = f.Get("OutId")
		batch = append(batch, m)
	}
	return s.acceptSMS(batch, now)
}

// sendBatchSMS is SendBatchSms: one sign and set of parameters per number.
func (s *Server) sendBatchSMS(f url.Values, now time.Time) map[string]any {
	var numbers, signs []string
	var params []json.RawMessage
	if json.Unmarshal([]byte(f.Get("PhoneNumberJson")), &numbers) != nil || json.Unmarshal([]byte(f.Get("SignNameJson")), &signs) != nil {
		return refuse("isv.INVALID_JSON_PARAM", "JSON参数不合法")
	}
	if raw := f.Get("TemplateParamJson"); raw != "" && json.Unmarshal([]byte(raw), &params) != nil {
		return refuse("isv.INVALID_JSON_PARAM", "JSON参数不合法")
	}
	if len(numbers) == 0 || len(numbers) > 100 || len(signs) != len(numbers) || (len(params) > 0 && len(params) != len(numbers)) { // ≤100 pairs [gk]
		return refuse("isv.INVALID_PARAMETERS", "参数格式不正确")
	}
	var batch []*SMS
	for i, number := range numbers {
		param := ""
		if len(params) > 0 {
			param = string(params[i])
		}
		m, bad := s.composeSMS(number, signs[i], f.Get("TemplateCode"), param, now)
		if bad != nil {
			return bad
		}
		batch = append(batch, m)
	}
	return s.acceptSMS(batch, now)
}

// acceptSMS delivers what was composed.
func (s *Server) acceptSMS(batch []*SMS, now time.Time) map[string]any {
	biz := fmt.Sprintf("%d%d^0", 100000+s.st.rng.IntN(900000), now.UnixNano()/1000)
	for _, m := range batch {
		m.ID, m.BizID, m.At, m.Status = s.st.next(), biz, now.UnixMilli(), "delivered"
		s.st.sms.add(m, now)
		e := event{Kind: "sms", SMS: m}
		for _, u := range s.st.users {
			if u.Phone == m.Phone {
				e.User = u.ID
			}
		}
		s.hub.publish(e)
	}
	s.reportSMS(batch, now)
	return map[string]any{"Code": "OK", "Message": "OK", "BizId": biz}
}

// composeSMS checks one message and renders its text.
func (s *Server) composeSMS(number, signName, template, params string, now time.Time) (*SMS, map[string]any) {
	if !mobile.MatchString(number) {
		return nil, refuse("isv.MOBILE_NUMBER_ILLEGAL", "手机号码格式错误")
	}
	if signName == "" || (len(s.opt.SMSSigns) > 0 && !slices.Contains(s.opt.SMSSigns, signName)) {
		return nil, refuse("isv.SMS_SIGNATURE_ILLEGAL", "该账号下找不到对应签名")
	}
	text, ok := s.opt.SMSTemplates[template]
	if !ok {
		return nil, refuse("isv.SMS_TEMPLATE_ILLEGAL", "该账号下找不到对应模板")
	}
	values, bad := smsValues(params)
	if bad != nil {
		return nil, bad
	}
	m := &SMS{Phone: number[len(number)-11:], Sign: signName, TemplateCode: template, Params: values}
	var lacking, long bool
	text = variable.ReplaceAllStringFunc(text, func(v string) string {
		name := v[2 : len(v)-1]
		value, ok := values[name]
		lacking = lacking || !ok || value == ""
		long = long || len([]rune(value)) > maxVariable
		return value
	})
	switch {
	case lacking:
		return nil, refuse("isv.TEMPLATE_MISSING_PARAMETERS", "模板缺少变量")
	case long:
		return nil, refuse("isv.PARAM_LENGTH_LIMIT", "参数超出长度限制")
	}
	m.Text = "【" + signName + "】" + text
	verification := strings.Contains(s.opt.SMSTemplates[template], "验证码")
	if verification {
		if m.Code = values["code"]; m.Code == "" {
			m.Code = digits.FindString(text)
		}
	}
	if bad := s.limitSMS(m, verification, now); bad != nil {
		return nil, bad
	}
	return m, nil
}

// smsValues decodes TemplateParam; numbers are accepted as text.
func smsValues(params string) (map[string]string, map[string]any) {
	values := map[string]string{}
	if params == "" {
		return values, nil
	}
	var raw map[string]jsonText
	if json.Unmarshal([]byte(params), &raw) != nil {
		return nil, refuse("isv.INVALID_JSON_PARAM", "JSON参数不合法，只接受字符串值")
	}
	for k, v := range raw {
		values[k] = string(v)
	}
	return values, nil
}

// limitSMS is the flow control; the Message tells which limit was hit.
func (s *Server) limitSMS(m *SMS, verification bool, now time.Time) map[string]any {
	var minute, hour, day, same int
	for _, old := range s.st.sms.recent[m.Phone] {
		age := now.Sub(time.UnixMilli(old.At))
		if old.Sign != m.Sign || age >= 24*time.Hour {
			continue
		}
		if old.TemplateCode == m.TemplateCode {
			same++
		}
		if old.Code == "" {
			continue
		}
		day++
		if age < time.Hour {
			hour++
		}
		if age < time.Minute {
			minute++
		}
	}
	over := func(what string, n int) map[string]any {
		return refuse("isv.BUSINESS_LIMIT_CONTROL", "触发"+what+"流控Permits:"+strconv.Itoa(n))
	}
	switch {
	case !verification && same >= noticePerDay:
		return over("天级", noticePerDay)
	case !verification:
		return nil
	case minute >= codePerMinute:
		return over("分钟级", codePerMinute)
	case hour >= codePerHour:
		return over("小时级", codePerHour)
	case day >= codePerDay:
		return over("天级", codePerDay)
	}
	return nil
}

// querySMS is QuerySendDetails.
func (s *Server) querySMS(f url.Values) map[string]any {
	size, _ := strconv.Atoi(f.Get("PageSize"))
	page, _ := strconv.Atoi(f.Get("CurrentPage"))
	day := f.Get("SendDate")
	if size < 1 || size > 50 || page < 1 || len(day) != 8 || f.Get("PhoneNumber") == "" { // PageSize ≤ 50 [gk]
		return refuse("isv.INVALID_PARAMETERS", "参数格式不正确")
	}
	zone := time.FixedZone("CST", 8*3600)
	list := []map[string]any{}
	for _, m := range slices.Backward(s.st.sms.sent) {
		at := time.UnixMilli(m.At).In(zone)
		if m.Phone != f.Get("PhoneNumber") || at.Format("20060102") != day || (f.Get("BizId") != "" && f.Get("BizId") != m.BizID) {
			continue
		}
		stamp := at.Format("2006-01-02 15:04:05")
		list = append(list, map[string]any{
			"PhoneNum": m.Phone, "TemplateCode": m.TemplateCode, "Content": m.Text, "OutId": m.OutID,
			"SendDate": stamp, "ReceiveDate": stamp, "SendStatus": 3, "ErrCode": "DELIVERED",
		})
	}
	total := len(list)
	from := min((page-1)*size, total)
	return map[string]any{
		"Code": "OK", "Message": "OK", "TotalCount": strconv.Itoa(total),
		"SmsSendDetailDTOs": map[string]any{"SmsSendDetailDTO": list[from:min(from+size, total)]},
	}
}

// clientSMS is the inbox, newest first.
func (s *Server) clientSMS(r *http.Request) (any, error) {
	limit := 100
	if n, err := strconv.Atoi(r.FormValue("limit")); err == nil && n > 0 {
		limit = n
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	out := []*SMS{}
	for _, m := range slices.Backward(s.st.sms.sent) {
		if len(out) >= limit {
			break
		}
		if p := r.FormValue("phone"); p == "" || p == m.Phone {
			out = append(out, m)
		}
	}
	return map[string]any{"messages": out}, nil
}
