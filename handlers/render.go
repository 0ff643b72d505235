package handlers

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/gin-gonic/gin"

	"github.com/xunjia/xunjia/templates"
)

// render shows a page. It fills in the Layout: who the visitor is, what is
// unread, the token of forms.
func (s *Site) render(c *gin.Context, status int, p templates.Page) error {
	s.fill(c, p.Base())
	var buf bytes.Buffer
	if err := s.templates.Render(&buf, p); err != nil {
		return err
	}
	writeCompressed(c, status, "text/html; charset=utf-8", buf.Bytes())
	return nil
}

func (s *Site) fill(c *gin.Context, l *templates.Layout) {
	v := visitOf(c)
	l.RequestID, l.ICP, l.Path, l.WeChat = v.requestID, s.ICP, c.Request.URL.Path, inWeChat(c)
	l.LoggedIn, l.User = v.loggedIn(), v.user
	l.SDK = l.WeChat && s.Account != nil
	s.fillShare(c, l)
	if l.FormToken == "" && v.session.ID != "" {
		l.FormToken = s.tokens.make(v.session.ID)
	}
	if v.loggedIn() && !l.Plain && v.err == nil {
		// A page without its badge is better than none.
		counts, err := s.Store.UnreadCounts(c.Request.Context(), v.user.ID)
		if err != nil {
			s.Log.WarnContext(c.Request.Context(), "unread count not read", "error", err, "request_id", v.requestID)
		}
		for _, n := range counts {
			l.Unread += n
		}
	}
	if l.Flash.Text == "" {
		if text := s.takeFlash(c); text != "" {
			l.Flash.Text = text
		}
	}
}

// compressFrom is the size from which compressing pays, in bytes.
const compressFrom = 1 << 10

func writeCompressed(c *gin.Context, status int, contentType string, body []byte) {
	c.Header("Vary", "Accept-Encoding")
	if len(body) >= compressFrom && strings.Contains(c.GetHeader("Accept-Encoding"), "gzip") {
		var buf bytes.Buffer
		w := gzip.NewWriter(&buf)
		if _, err := w.Write(body); err == nil && w.Close() == nil {
			c.Header("Content-Encoding", "gzip")
			body = buf.Bytes()
		}
	}
	c.Header("Content-Length", fmt.Sprint(len(body)))
	if c.Request.Method == http.MethodHead {
		c.Header("Content-Type", contentType)
		c.Status(status)
		return
	}
	c.Data(status, contentType, body)
}

// redirect sends the browser to another page of ours, by GET.
func (s *Site) redirect(c *gin.Context, path string) {
	c.Header("Cache-Control", "no-store")
	c.Redirect(http.StatusSeeOther, path)
}

// flash keeps a short message for the next page.
func (s *Site) flash(c *gin.Context, text string) {
	s.setCookie(c, "flash", url.QueryEscape(text), time.Minute)
}

func (s *Site) takeFlash(c *gin.Context) string {
	escaped := s.cookie(c, "flash")
	if escaped == "" {
		return ""
	}
	s.setCookie(c, "flash", "", -time.Second)
	text, err := url.QueryUnescape(escaped)
	if err != nil || utf8.RuneCountInString(text) > 60 || !utf8.ValidString(text) {
		return ""
	}
	return text
}
