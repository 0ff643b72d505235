package sms

import (
	"errors"
	"fmt"
	"strings"
)

// Class is what an error of Send means for the message.
type Class int

// The classes of failure.
const (
	Retry         Class = iota + 1 // not sent; the same request may succeed later
	NotNow                         // not sent; this phone has had too many, wait for its window
	Stop                           // not sent; no message will pass until staff act: alarm
	Configuration                  // not sent; signature or template is wrong: staff act on this kind of message
	Permanent                      // not sent; this message to this phone can never pass
	Ambiguous                      // perhaps sent; never send again by itself
)

// String names the class for logs and metrics.
func (c Class) String() string {
	names := [...]string{"", "retry", "not_now", "stop", "configuration", "permanent", "ambiguous"}
	if c < Retry || int(c) >= len(names) {
		return fmt.Sprintf("class(%d)", int(c))
	}
	return names[c]
}

// The codes of failures that the provider did not name.
const (
	codeUnreachable = "client.unreachable" // the request never left this machine
	codeNoAnswer    = "client.no_answer"   // it left, and no answer came in time
	codeBadAnswer   = "client.bad_answer"  // an answer came that says neither yes nor no
)

// Error is every failure of Aliyun.Send. Its text holds neither the phone nor
// the parameters of the message.
type Error struct {
	Code      string // the provider's: "isv.BUSINESS_LIMIT_CONTROL", or "client.no_answer"
	Message   string // the provider's words
	RequestID string // the provider's, for its support
	Status    int    // of HTTP; 0 when there was no answer
}

func (e *Error) Error() string {
	text := "sms: " + e.Code
	if e.Message != "" {
		text += ": " + e.Message
	}
	if e.RequestID != "" {
		text += " (request " + e.RequestID + ")"
	}
	return text
}

// meaning is one row of the table below.
type meaning struct {
	class Class
	text  string // for staff
}

// meanings is what the codes mean: help.aliyun.com/document_detail/101346.html
// for isv and isp, the common errors of the gateway for the rest. A code that is
// absent is looked up again without its last ".part", so "isv" and "Throttling"
// stand for whole families.
var meanings = map[string]meaning{
	codeUnreachable: {Retry, "连不上短信平台，稍后自动重试"},
	codeNoAnswer:    {Ambiguous, "短信平台没有及时回答，可能已经发出；为免重复，不会自动重发"},
	codeBadAnswer:   {Ambiguous, "短信平台的回答看不懂，可能已经发出；为免重复，不会自动重发"},

	"isp.SYSTEM_ERROR":   {Retry, "短信平台内部错误，稍后自动重试"},
	"ServiceUnavailable": {Retry, "短信平台暂时不可用，稍后自动重试"},
	"InternalError":      {Retry, "短信平台内部错误，稍后自动重试"},
	"Throttling":         {Retry, "调用短信平台太快，稍后自动重试"},
	"SignatureNonceUsed": {Retry, "请求随机数重复，稍后自动重试"},

	"isv.BUSINESS_LIMIT_CONTROL": {NotNow, "这个号码收短信太频繁，被平台限流，请稍后再发"},

	"isv.AMOUNT_NOT_ENOUGH":     {Stop, "短信账户余额不足，请充值"},
	"isv.OUT_OF_SERVICE":        {Stop, "短信业务已停机，请检查账户"},
	"isv.DAY_LIMIT_CONTROL":     {Stop, "达到短信控制台设置的每日上限"},
	"isv.MONTH_LIMIT_CONTROL":   {Stop, "达到短信控制台设置的每月上限"},
	"isv.ACCOUNT_ABNORMAL":      {Stop, "短信账户异常，请联系阿里云"},
	"isv.ACCOUNT_NOT_EXISTS":    {Stop, "短信账户不存在，请检查 AccessKey"},
	"isv.PRODUCT_UN_SUBSCRIPT":  {Stop, "没有开通短信服务"},
	"isv.PRODUCT_UNSUBSCRIBE":   {Stop, "没有开通短信服务"},
	"isv.DENY_IP_RANGE":         {Stop, "本机 IP 不在短信平台允许的范围内"},
	"isp.RAM_PERMISSION_DENY":   {Stop, "AccessKey 没有发送短信的权限"},
	"SignatureDoesNotMatch":     {Stop, "AccessKey Secret 不对"},
	"IncompleteSignature":       {Stop, "AccessKey Secret 不对"},
	"InvalidAccessKeyId":        {Stop, "AccessKey ID 不存在或已停用"},
	"InvalidTimeStamp":          {Stop, "服务器时间与短信平台相差太多，请校时"},
	"Forbidden":                 {Stop, "AccessKey 没有发送短信的权限"},
	"NoPermission":              {Stop, "AccessKey 没有发送短信的权限"},
	"isv.SMS_SIGNATURE_ILLEGAL": {Configuration, "短信签名不存在或没有通过审核"},
	"isv.SIGN_STATE_ILLEGAL":    {Configuration, "短信签名状态不可用，可能没有完成实名报备"},
	"isv.SMS_SIGN_ILLEGAL":      {Configuration, "短信签名不合法"},
	"isv.SMS_TEMPLATE_ILLEGAL":  {Configuration, "短信模板不存在或没有通过审核"},
	"isv.TEMPLATE_PARAMS_ILLEGAL": {Configuration,
		"短信模板的变量与发送的内容对不上"},
	"isv.SMS_SIGNATURE_SCENE_ILLEGAL": {Configuration, "短信签名的适用场景与模板类型不符"},
	"isv.EXTEND_CODE_ERROR":           {Configuration, "短信扩展码不可用"},

	"isv.MOBILE_NUMBER_ILLEGAL":         {Permanent, "手机号不合法"},
	"isv.MOBILE_COUNT_OVER_LIMIT":       {Permanent, "手机号数量超过上限"},
	"isv.TEMPLATE_MISSING_PARAMETERS":   {Permanent, "短信模板的变量没有给全"},
	"isv.INVALID_PARAMETERS":            {Permanent, "短信参数不合法"},
	"isv.INVALID_JSON_PARAM":            {Permanent, "短信变量不是合法的 JSON"},
	"isv.PARAM_LENGTH_LIMIT":            {Permanent, "短信变量太长"},
	"isv.PARAM_NOT_SUPPORT_URL":         {Permanent, "短信变量里不能有网址"},
	"isv.BLACK_KEY_CONTROL_LIMIT":       {Permanent, "短信内容含有平台禁止的词"},
	"isv.SMS_CONTENT_ILLEGAL":           {Permanent, "短信内容不合规"},
	"isv.DOMESTIC_NUMBER_NOT_SUPPORTED": {Permanent, "这个模板不支持国内号码"},
	"isv":                               {Permanent, "短信平台拒绝了这条短信"},
	"isp":                               {Retry, "短信平台内部错误，稍后自动重试"},
}

// lookup finds the row for err. Whatever is unknown is judged by the HTTP
// status: a refusal that the provider put into words was not sent, anything
// else may have been.
func lookup(err error) meaning {
	e, ok := errors.AsType[*Error](err)
	if !ok {
		return meanings[codeBadAnswer]
	}
	for code := e.Code; code != ""; {
		if m, ok := meanings[code]; ok {
			return m
		}
		dot := strings.LastIndexByte(code, '.')
		if dot < 0 {
			break
		}
		code = code[:dot]
	}
	if e.Code != "" && e.Status < 500 {
		return meaning{Permanent, "短信平台拒绝了这条短信：" + e.Code}
	}
	return meanings[codeBadAnswer]
}

// Classify tells what an error of Send means: 0 for nil, Ambiguous for whatever
// is unknown.
func Classify(err error) Class {
	if err == nil {
		return 0
	}
	return lookup(err).class
}

// Explain tells staff in Chinese what an error of Send means; "" for nil.
func Explain(err error) string {
	if err == nil {
		return ""
	}
	return lookup(err).text
}
