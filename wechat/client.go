package wechat

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"sync/atomic"
)

// maxAnswer is the largest answer that is read: media have up to 10 MB, the
// longest JSON, ten thousand openids, 300 KB.
const maxAnswer = 12 << 20

// APIError is a refusal by the platform: an answer with an errcode.
type APIError struct {
	API     string // the path, "/cgi-bin/message/template/send"
	Code    int    // errcode
	Message string // errmsg without the request id, secrets removed
	RID     string // the platform's request id, for its support; may be empty
}

func (e *APIError) Error() string {
	return fmt.Sprintf("wechat: %s: %d %s (rid %s)", e.API, e.Code, e.Message, e.RID)
}

// CallError is a call without a usable answer: no connection, time-out, HTTP
// status other than 200, or something that is not the platform's JSON.
type CallError struct {
	API    string // the path
	Sent   bool   // the request may have arrived, so it may have been carried out
	Status int    // HTTP status, 0 without an answer
	Err    error  // secrets removed
}

func (e *CallError) Error() string {
	if e.Status != 0 {
		return fmt.Sprintf("wechat: %s: HTTP %d: %v", e.API, e.Status, e.Err)
	}
	return fmt.Sprintf("wechat: %s: %v", e.API, e.Err)
}

func (e *CallError) Unwrap() error { return e.Err }

// hostMap sends requests for the platform's hosts to the configured ones and
// refuses every other host, so that nothing leaves a test or a simulation.
type hostMap struct {
	bases map[string]*url.URL // "https://api.weixin.qq.com" → configured base
	next  http.RoundTripper
}

func newHostMap(h Hosts, next http.RoundTripper) (*hostMap, error) {
	m := &hostMap{bases: map[string]*url.URL{}, next: next}
	for host, base := range map[string]string{apiHost: h.API, openHost: h.Open, mpHost: h.MP} {
		u, err := url.Parse(base)
		if err != nil {
			return nil, fmt.Errorf("wechat: host %s: %w", host, err)
		}
		m.bases[host] = u
	}
	return m, nil
}

// RoundTrip implements http.RoundTripper.
func (m *hostMap) RoundTrip(r *http.Request) (*http.Response, error) {
	base, known := m.bases[r.URL.Scheme+"://"+r.URL.Host]
	if !known {
		return nil, fmt.Errorf("host %s does not belong to the platform", r.URL.Host)
	}
	r = r.Clone(r.Context())
	r.URL.Scheme, r.URL.Host, r.Host = base.Scheme, base.Host, base.Host
	r.URL.Path = base.Path + r.URL.Path
	return m.next.RoundTrip(r)
}

// request is one call. in, when not nil, is sent as JSON, or as it is when it is
// a *form; out, when not nil, receives the answer's JSON, or the answer itself
// when it is a *Media.
type request struct {
	method string
	path   string
	query  url.Values
	in     any
	out    any
}

// form is a body that is no JSON.
type form struct {
	contentType string
	body        []byte
}

// get makes a GET call with the access token.
func (a *Account) get(ctx context.Context, path string, query url.Values, out any) error {
	return a.call(ctx, request{method: http.MethodGet, path: path, query: query, out: out})
}

// post makes a POST call with the access token.
func (a *Account) post(ctx context.Context, path string, in, out any) error {
	return a.call(ctx, request{method: http.MethodPost, path: path, in: in, out: out})
}

// call makes a call with the access token. A token that the platform refuses is
// replaced once and the call is made again: refused calls were not carried out.
func (a *Account) call(ctx context.Context, r request) error {
	token, err := a.tokens.value(ctx)
	if err != nil {
		return err
	}
	err = a.once(ctx, r.with(token))
	if refused, ok := errors.AsType[*APIError](err); ok && refusesToken(refused.Code) {
		if token, err = a.tokens.replace(ctx, token); err != nil {
			return err
		}
		err = a.once(ctx, r.with(token))
	}
	return explain(err)
}

// with adds the token to the query of a copy.
func (r request) with(token string) request {
	query := url.Values{"access_token": {token}}
	for k, v := range r.query {
		query[k] = v
	}
	r.query = query
	return r
}

// once makes one HTTP request and reads one answer. Its errors are *APIError
// and *CallError.
func (a *Account) once(ctx context.Context, r request) error {
	start := a.clock()
	err := a.send(ctx, r)
	a.observe(r.path, a.clock().Sub(start), err)
	return err
}

func (a *Account) send(ctx context.Context, r request) error {
	ctx, cancel := context.WithTimeout(ctx, a.timeout)
	defer cancel()
	var sent atomic.Bool
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{GotConn: func(httptrace.GotConnInfo) { sent.Store(true) }})
	req, err := r.http(ctx)
	if err != nil {
		return &CallError{API: r.path, Err: err}
	}
	res, err := a.client.Do(req)
	if err != nil {
		// The text of *url.Error holds the URL and with it token or secret.
		if e, ok := errors.AsType[*url.Error](err); ok {
			err = e.Err
		}
		return &CallError{API: r.path, Sent: sent.Load(), Err: a.redact(err, r)}
	}
	defer res.Body.Close()
	body, err := io.ReadAll(io.LimitReader(res.Body, maxAnswer+1))
	switch {
	case res.StatusCode != http.StatusOK:
		return &CallError{API: r.path, Sent: true, Status: res.StatusCode, Err: errors.New(http.StatusText(res.StatusCode))}
	case err != nil:
		return &CallError{API: r.path, Sent: true, Err: a.redact(err, r)}
	case len(body) > maxAnswer:
		return &CallError{API: r.path, Sent: true, Err: errors.New("answer is too long")}
	}
	if media, ok := r.out.(*Media); ok && !json.Valid(body) {
		*media = Media{Content: body, ContentType: res.Header.Get("Content-Type")}
		return nil
	}
	return a.decode(body, r)
}

// http builds the request for the platform's own host; the host map redirects.
func (r request) http(ctx context.Context) (*http.Request, error) {
	var body io.Reader
	contentType := "application/json; charset=utf-8"
	switch in := r.in.(type) {
	case nil:
	case *form:
		body, contentType = bytes.NewReader(in.body), in.contentType
	default:
		var buf bytes.Buffer
		enc := json.NewEncoder(&buf)
		enc.SetEscapeHTML(false) // the platform shows \u0026 as it is
		if err := enc.Encode(in); err != nil {
			return nil, err
		}
		body = &buf
	}
	req, err := http.NewRequestWithContext(ctx, r.method, apiHost+r.path+"?"+r.query.Encode(), body)
	if err != nil {
		return nil, err
	}
	if body != nil {
		req.Header.Set("Content-Type", contentType)
	}
	return req, nil
}

// decode reads the platform's JSON. Control characters, which reach it through
// nicknames, are replaced: JSON forbids them inside strings.
func (a *Account) decode(body []byte, r request) error {
	for i, b := range body {
		if b < ' ' {
			body[i] = ' '
		}
	}
	var status struct {
		Code    looseInt        `json:"errcode"`
		Message json.RawMessage `json:"errmsg"`
	}
	if err := json.Unmarshal(body, &status); err != nil {
		return &CallError{API: r.path, Sent: true, Err: errors.New("answer is not the platform's JSON")}
	}
	if status.Code != 0 {
		var text string
		if json.Unmarshal(status.Message, &text) != nil {
			text = string(status.Message)
		}
		text, rid := splitRID(a.redactText(text, r))
		return &APIError{API: r.path, Code: int(status.Code), Message: text, RID: rid}
	}
	if r.out == nil {
		return nil
	}
	if err := json.Unmarshal(body, r.out); err != nil {
		return &CallError{API: r.path, Sent: true, Err: errors.New("answer has fields of another type")}
	}
	return nil
}

// looseInt is a number that some proxies and old interfaces send as a string.
type looseInt int64

// UnmarshalJSON accepts 40001, "40001", null and "".
func (n *looseInt) UnmarshalJSON(b []byte) error {
	s := strings.Trim(string(b), `"`)
	if s == "" || s == "null" {
		return nil
	}
	v, err := strconv.ParseInt(s, 10, 64)
	*n = looseInt(v)
	return err
}

// splitRID cuts the request id off an errmsg: "invalid openid rid: 5f-…".
func splitRID(s string) (text, rid string) {
	text, rid, _ = strings.Cut(s, "rid:")
	return strings.TrimRight(strings.TrimSpace(text), ","), strings.TrimSpace(rid)
}

// secretParam finds credentials in the query of any URL inside a text.
var secretParam = regexp.MustCompile(`((?:access_token|secret|refresh_token|code|ticket)=)[^&\s"]+`)

// redactText removes the secret and the tokens of r from a text.
func (a *Account) redactText(s string, r request) string {
	secrets := []string{a.cfg.Secret, r.query.Get("access_token"), r.query.Get("secret"), r.query.Get("code")}
	for _, secret := range secrets {
		if secret != "" {
			s = strings.ReplaceAll(s, secret, "***")
		}
	}
	return secretParam.ReplaceAllString(s, "${1}***")
}

// redact keeps err, which Classify may look into, unless its text tells a
// secret.
func (a *Account) redact(err error, r request) error {
	if clean := a.redactText(err.Error(), r); clean != err.Error() {
		return errors.New(clean)
	}
	return err
}
