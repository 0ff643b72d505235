package handlers

import (
	"context"
	"errors"
	"math"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/gin-gonic/gin"

	"github.com/xunjia/xunjia"
	"github.com/xunjia/xunjia/templates"
)

func errNoPage() error { return xunjia.Errorf(xunjia.NotFound, "没有找到这个页面") }

// methodNotAllowed is a code of HTTP alone, so it lives here.
const methodNotAllowed xunjia.Code = "method_not_allowed"

// clientGone is for visitors who left before the answer: nobody's fault, and
// nobody reads it but the access log. The status is nginx's.
const (
	clientGone       xunjia.Code = "client_gone"
	statusClientGone int         = 499
)

func errNoMethod() error { return xunjia.Errorf(methodNotAllowed, "这个地址不能这样访问") }

// status is the one map from codes to HTTP.
func status(code xunjia.Code) int {
	switch code {
	case xunjia.Invalid:
		return http.StatusUnprocessableEntity
	case xunjia.Unauthorized:
		return http.StatusUnauthorized
	case xunjia.Forbidden:
		return http.StatusForbidden
	case xunjia.NotFound:
		return http.StatusNotFound
	case methodNotAllowed:
		return http.StatusMethodNotAllowed
	case xunjia.Conflict:
		return http.StatusConflict
	case xunjia.RateLimited:
		return http.StatusTooManyRequests
	case xunjia.TooLarge:
		return http.StatusRequestEntityTooLarge
	case xunjia.Unavailable:
		return http.StatusServiceUnavailable
	case clientGone:
		return statusClientGone
	default:
		return http.StatusInternalServerError
	}
}

// known turns any error into one that can be shown: foreign ones become
// internal, with a sentence that gives nothing away.
func known(err error) *xunjia.Error {
	if tooLarge, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return &xunjia.Error{Code: xunjia.TooLarge, Message: "内容太大了，请减少后再提交", Err: tooLarge}
	}
	e, ok := errors.AsType[*xunjia.Error](err)
	switch {
	case !ok && errors.Is(err, context.DeadlineExceeded):
		return &xunjia.Error{Code: xunjia.Unavailable, Message: "系统有点忙，请稍后再试", Err: err}
	case !ok || e.Code == xunjia.Internal:
		return &xunjia.Error{Code: xunjia.Internal, Message: "系统出了点问题，我们已经记录下来，请稍后再试", Err: err}
	}
	return e
}

// renderError answers with an error, as a page or as JSON, and keeps it for
// the access log when it is not the visitor's doing.
func (s *Site) renderError(c *gin.Context, err error) {
	e, v := known(err), visitOf(c)
	if errors.Is(err, context.Canceled) && c.Request.Context().Err() != nil {
		e = &xunjia.Error{Code: clientGone, Message: "页面已经离开", Err: err}
	}
	if code := status(e.Code); code >= 500 || e.Err != nil {
		v.err = e
	}
	if e.RetryAfter > 0 {
		c.Header("Retry-After", strconv.Itoa(int(math.Ceil(e.RetryAfter.Seconds()))))
	}
	c.Header("Cache-Control", "no-store")
	if wantsJSON(c) {
		c.JSON(status(e.Code), problem(e, v))
		return
	}
	p := &templates.MessagePage{Icon: "alert-circle", Kind: "warn", Heading: e.Message, ShowID: true, Links: []templates.Link{{Href: "/", Text: "回到首页"}}}
	p.Title = "提示"
	switch e.Code {
	case xunjia.NotFound:
		p.Icon, p.Kind = "search", ""
		p.Text = "它可能已经被删除，或者网址不完整。"
	case xunjia.Internal, xunjia.Unavailable:
		p.Icon, p.Kind = "tool", "bad"
		p.Links = append(p.Links, templates.Link{Href: here(c), Text: "再试一次"})
	case xunjia.Unauthorized:
		p.Icon = "lock"
		p.Links = []templates.Link{{Href: s.loginPath(c, here(c)), Text: "去登录"}, {Href: "/", Text: "回到首页"}}
	case xunjia.Invalid:
		p.Links = []templates.Link{{Href: here(c), Text: "返回修改"}, {Href: "/", Text: "回到首页"}}
		for _, text := range e.Fields {
			p.Text = text
			break
		}
	}
	if renderErr := s.render(c, status(e.Code), p); renderErr != nil {
		v.err = errors.Join(e, renderErr)
		c.String(status(e.Code), "系统出了点问题，请稍后再试。编号 %s\n", v.requestID)
	}
}

// problem is an error in JSON.
func problem(e *xunjia.Error, v *visit) gin.H {
	body := gin.H{"code": string(e.Code), "message": e.Message, "request_id": v.requestID}
	if len(e.Fields) > 0 {
		body["fields"] = e.Fields
	}
	if e.RetryAfter > 0 {
		body["wait"] = int(math.Ceil(e.RetryAfter.Seconds()))
	}
	return body
}

// here is the page that a link "again" leads to: this one for GET, otherwise
// the one whose form was sent.
func here(c *gin.Context) string {
	if c.Request.Method == http.MethodGet || c.Request.Method == http.MethodHead {
		return c.Request.URL.RequestURI()
	}
	if u, err := url.Parse(c.Request.Referer()); err == nil && u.Host == c.Request.Host && strings.HasPrefix(u.Path, "/") {
		return u.RequestURI()
	}
	return "/"
}

func wantsJSON(c *gin.Context) bool {
	return strings.Contains(c.GetHeader("Accept"), "application/json")
}

// formErrors puts an error beside the fields of a form. It answers false for
// errors that are no business of the form: those are returned to the adapter.
func formErrors(f *templates.Form, err error) bool {
	e, ok := errors.AsType[*xunjia.Error](err)
	if !ok {
		return false
	}
	switch e.Code {
	case xunjia.Invalid, xunjia.Conflict, xunjia.RateLimited, xunjia.TooLarge, xunjia.Forbidden:
	default:
		return false
	}
	if f.Errors == nil {
		f.Errors = map[string]string{}
	}
	for field, text := range e.Fields {
		f.Errors[field] = text
	}
	f.Message = e.Message
	return true
}
