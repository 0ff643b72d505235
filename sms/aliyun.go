package sms

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/netip"
	"net/url"
	"strings"
	"sync/atomic"
	"time"

	"github.com/aliyun/alibaba-cloud-sdk-go/sdk"
	"github.com/aliyun/alibaba-cloud-sdk-go/sdk/auth/credentials"
	sdkerrors "github.com/aliyun/alibaba-cloud-sdk-go/sdk/errors"
	"github.com/aliyun/alibaba-cloud-sdk-go/services/dysmsapi"
)

const (
	aliyunHost     = "dysmsapi.aliyuncs.com"
	aliyunRegion   = "cn-hangzhou"
	defaultTimeout = 5 * time.Second
	maxAnswer      = 64 << 10 // bytes; the provider's answers are under one KiB
)

// AliyunOptions says how to reach Aliyun.
type AliyunOptions struct {
	AccessKeyID     string
	AccessKeySecret string
	Endpoint        string        // host, https://host, or http:// for a loopback address; empty: dysmsapi.aliyuncs.com
	Region          string        // empty: cn-hangzhou
	Sign            string        // the reviewed signature, without brackets
	Timeout         time.Duration // upper bound of one call; 0: 5 s
}

// Aliyun is the Sender of 阿里云短信服务. It is safe for concurrent use.
type Aliyun struct {
	o            AliyunOptions
	scheme, host string
	transport    http.RoundTripper
}

// NewAliyun checks the options; the error is for the operator.
func NewAliyun(o AliyunOptions) (*Aliyun, error) {
	if o.AccessKeyID == "" || o.AccessKeySecret == "" || o.Sign == "" {
		return nil, errors.New("sms: access key id, access key secret and sign are needed")
	}
	if o.Region == "" {
		o.Region = aliyunRegion
	}
	if o.Timeout <= 0 {
		o.Timeout = defaultTimeout
	}
	scheme, host, err := endpoint(o.Endpoint)
	if err != nil {
		return nil, err
	}
	// Phone and code travel in the request line, so a proxy would see them on
	// plain HTTP; ProxyFromEnvironment never applies to loopback, and HTTPS is
	// tunnelled.
	transport := &http.Transport{
		Proxy:                  http.ProxyFromEnvironment,
		DialContext:            (&net.Dialer{Timeout: 3 * time.Second}).DialContext,
		TLSHandshakeTimeout:    3 * time.Second,
		MaxIdleConnsPerHost:    8,
		IdleConnTimeout:        10 * time.Second, // a stale connection makes a send ambiguous
		MaxResponseHeaderBytes: maxAnswer,
		ForceAttemptHTTP2:      false,
	}
	return &Aliyun{o: o, scheme: scheme, host: host, transport: transport}, nil
}

// endpoint reads the configured address. The SDK's own default is plain HTTP,
// which would show codes to everybody on the way.
func endpoint(s string) (scheme, host string, err error) {
	if s == "" {
		return "https", aliyunHost, nil
	}
	if !strings.Contains(s, "://") {
		s = "https://" + s
	}
	u, err := url.Parse(s)
	if err != nil || u.Host == "" || strings.Trim(u.Path, "/") != "" || u.RawQuery != "" {
		return "", "", fmt.Errorf("sms: endpoint %q is no address of a server", s)
	}
	ip, _ := netip.ParseAddr(u.Hostname())
	loopback := u.Hostname() == "localhost" || ip.IsLoopback()
	if u.Scheme != "https" && (u.Scheme != "http" || !loopback) {
		return "", "", fmt.Errorf("sms: endpoint %q must be https; http is for loopback only", s)
	}
	return u.Scheme, u.Host, nil
}

// Send implements Sender. Every error is an *Error, and nothing is tried twice.
func (a *Aliyun) Send(ctx context.Context, m Message) (bizID string, err error) {
	params, err := json.Marshal(m.Params)
	if err != nil || len(m.Params) == 0 {
		params = []byte("{}")
	}
	ctx, cancel := context.WithTimeout(ctx, a.o.Timeout)
	defer cancel()
	if ctx.Err() != nil {
		return "", &Error{Code: codeUnreachable, Message: ctx.Err().Error()}
	}
	call := &call{ctx: ctx, base: a.transport}

	// The SDK asserts types of foreign JSON without looking, so an answer of
	// another shape makes it panic.
	defer func() {
		if recover() != nil {
			bizID, err = "", &Error{Code: codeBadAnswer, Message: "answer of an unknown shape", Status: call.status}
		}
	}()

	client, err := a.client(call)
	if err != nil {
		return "", &Error{Code: codeUnreachable, Message: "client cannot be built"}
	}
	request := dysmsapi.CreateSendSmsRequest()
	request.Scheme, request.Domain = a.scheme, a.host
	request.PhoneNumbers = string(m.Phone)
	request.SignName = a.o.Sign
	request.TemplateCode = m.Template
	request.TemplateParam = string(params)
	request.OutId = m.OutID
	response, err := client.SendSms(request)
	if err != nil {
		return "", clean(call.failure(err), m)
	}
	// The gateway answers 200 without an error whatever became of the message.
	switch response.Code {
	case "OK":
		return response.BizId, nil
	case "":
		return "", &Error{Code: codeBadAnswer, Message: "answer without a code", Status: call.status}
	}
	return "", clean(&Error{
		Code: response.Code, Message: response.Message, RequestID: response.RequestId, Status: call.status,
	}, m)
}

// client builds an SDK client for one call: a shared one would change its own
// time-outs during every call, which is a data race. The SDK's constructor is
// avoided for the same reason: it fills a global map of hosts without a lock.
func (a *Aliyun) client(call *call) (*dysmsapi.Client, error) {
	config := sdk.NewConfig().WithScheme(strings.ToUpper(a.scheme)).WithAutoRetry(false).WithMaxRetryTime(0)
	config.Transport = call
	client := new(dysmsapi.Client)
	err := client.InitWithOptions(a.o.Region, config,
		credentials.NewStaticAKCredentialsProvider(a.o.AccessKeyID, a.o.AccessKeySecret))
	if err != nil {
		return nil, err
	}
	client.SetReadTimeout(a.o.Timeout + time.Second) // ours comes first
	return client, nil
}

// clean takes what the provider quoted from the request out of its words.
func clean(e *Error, m Message) *Error {
	if strings.HasPrefix(e.Code, "SignatureDoesNotMatch") || strings.HasPrefix(e.Code, "IncompleteSignature") {
		e.Message = "" // it quotes the whole request
		return e
	}
	e.Message = strings.ReplaceAll(e.Message, string(m.Phone), m.Phone.Masked())
	for _, value := range m.Params {
		if len(value) >= 4 {
			e.Message = strings.ReplaceAll(e.Message, value, "***")
		}
	}
	return e
}

// call carries the caller's deadline into the SDK, which knows no context, and
// notes how far the request came.
type call struct {
	ctx    context.Context //nolint:containedctx // lives as long as one call of the SDK
	base   http.RoundTripper
	wrote  atomic.Bool // the request left this machine, or may have
	status int
}

// RoundTrip implements http.RoundTripper.
func (c *call) RoundTrip(r *http.Request) (*http.Response, error) {
	ctx := httptrace.WithClientTrace(c.ctx, &httptrace.ClientTrace{
		WroteHeaders: func() { c.wrote.Store(true) },
	})
	response, err := c.base.RoundTrip(r.WithContext(ctx))
	if err != nil {
		return nil, err
	}
	c.status = response.StatusCode
	if c.status >= 300 && c.status < 400 {
		_ = response.Body.Close()
		return nil, errors.New("redirected") // the SDK would follow and send twice
	}
	response.Body = struct {
		io.Reader
		io.Closer
	}{io.LimitReader(response.Body, maxAnswer), response.Body}
	return response, nil
}

// failure makes the typed error of what the SDK reports.
func (c *call) failure(err error) *Error {
	if server, ok := errors.AsType[*sdkerrors.ServerError](err); ok && server.ErrorCode() != "" {
		return &Error{
			Code: server.ErrorCode(), Message: server.Message(), RequestID: server.RequestId(), Status: server.HttpStatus(),
		}
	}
	if !c.wrote.Load() {
		return &Error{Code: codeUnreachable, Message: cause(err)}
	}
	if c.status == 0 {
		return &Error{Code: codeNoAnswer, Message: cause(err)}
	}
	return &Error{Code: codeBadAnswer, Message: fmt.Sprintf("HTTP %d", c.status), Status: c.status}
}

// cause is the reason of a network error without the address, which holds the
// phone and the code.
func cause(err error) string {
	if e, ok := errors.AsType[*url.Error](err); ok {
		return e.Err.Error()
	}
	return "request failed"
}
