package handlers

import (
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/gin-gonic/gin"

	"github.com/xunjia/xunjia"
	"github.com/xunjia/xunjia/templates"
)

// formTokens proves that a form was shown by us to this very session. It
// stands beside the check of Sec-Fetch-Site and Origin, because old WebViews
// send neither.
type formTokens struct{ key []byte }

func newFormTokens(master []byte) (formTokens, error) {
	if len(master) < 32 {
		return formTokens{}, errors.New("handlers: the master key needs at least 32 bytes")
	}
	key, err := hkdf.Key(sha256.New, master, nil, "xunjia form token v1", 32)
	if err != nil {
		return formTokens{}, fmt.Errorf("handlers: %w", err)
	}
	return formTokens{key}, nil
}

const tokenLength = 16

func (t formTokens) mac(session string) []byte {
	h := hmac.New(sha256.New, t.key)
	h.Write([]byte(session))
	return h.Sum(nil)[:tokenLength]
}

// make writes the token under a fresh mask, so that compressed pages do not
// give it away (BREACH).
func (t formTokens) make(session string) string {
	mask := make([]byte, tokenLength, 2*tokenLength)
	rand.Read(mask)
	masked := make([]byte, tokenLength)
	subtle.XORBytes(masked, t.mac(session), mask)
	return base64.RawURLEncoding.EncodeToString(append(mask, masked...))
}

func (t formTokens) valid(session, token string) bool {
	data, err := base64.RawURLEncoding.DecodeString(token)
	if err != nil || len(data) != 2*tokenLength || session == "" {
		return false
	}
	mac := make([]byte, tokenLength)
	subtle.XORBytes(mac, data[:tokenLength], data[tokenLength:])
	return hmac.Equal(mac, t.mac(session))
}

// guard checks that a request which changes something comes from our own form
// in this browser, and parses the form.
func (s *Site) guard(c *gin.Context) error { return s.guardFor(c, visitOf(c).session.ID) }

func (s *Site) guardStaff(c *gin.Context) error { return s.guardFor(c, visitOf(c).staffSession.ID) }

func (s *Site) guardFor(c *gin.Context, session string) error {
	switch c.Request.Method {
	case http.MethodGet, http.MethodHead, http.MethodOptions:
		return nil
	}
	if err := s.foreign.Check(c.Request); err != nil {
		return &xunjia.Error{Code: xunjia.Forbidden, Message: "这个请求来自别的网站，已拒绝", Err: err}
	}
	if err := parseForm(c); err != nil {
		return err
	}
	token := c.GetHeader("X-Form-Token")
	if token == "" {
		token = c.Request.PostFormValue("form_token")
	}
	if !s.tokens.valid(session, token) {
		return xunjia.Errorf(xunjia.Forbidden, "页面放得太久了，请返回刷新后再提交")
	}
	return nil
}

func parseForm(c *gin.Context) error {
	var err error
	if strings.HasPrefix(c.GetHeader("Content-Type"), "multipart/form-data") {
		err = c.Request.ParseMultipartForm(1 << 20)
	} else {
		err = c.Request.ParseForm()
	}
	if _, tooLarge := errors.AsType[*http.MaxBytesError](err); tooLarge {
		return err
	}
	if err != nil {
		return &xunjia.Error{Code: xunjia.Invalid, Message: "提交的内容不完整，请再试一次", Err: err}
	}
	return nil
}

// form is what was typed.
func (s *Site) form(c *gin.Context) templates.Form {
	return templates.Form{Values: c.Request.PostForm, Errors: map[string]string{}}
}
