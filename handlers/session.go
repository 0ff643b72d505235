package handlers

import (
	"net/http"
	"net/netip"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/xunjia/xunjia"
)

// recognise finds out who asks. An unknown or expired cookie makes a guest.
func (s *Site) recognise(c *gin.Context) error {
	v, ctx := visitOf(c), c.Request.Context()
	v.loaded = true
	token := s.cookie(c, "sid")
	if token == "" {
		return nil
	}
	session, err := s.Store.SessionByToken(ctx, token)
	if xunjia.ErrorCode(err) == xunjia.Unauthorized {
		return nil
	}
	if err != nil {
		return err
	}
	v.token, v.session = token, session
	if session.UserID == 0 {
		return nil
	}
	user, err := s.Store.User(ctx, session.UserID)
	if xunjia.ErrorCode(err) == xunjia.NotFound {
		return nil
	}
	v.user = user
	return err
}

// needSession gives a guest a session, because a form token, a captcha and a
// code are bound to one.
func (s *Site) needSession(c *gin.Context) error {
	v := visitOf(c)
	if v.session.ID != "" {
		return nil
	}
	return s.startSession(c, xunjia.Session{Kind: xunjia.GuestSession})
}

// startSession makes a new session, in place of the old one if there is one:
// whoever knew the old token does not know the new. The old one may just have
// been replaced by another window of the same browser.
func (s *Site) startSession(c *gin.Context, session xunjia.Session) error {
	v, ctx := visitOf(c), c.Request.Context()
	session = s.described(c, session)
	err := error(xunjia.Errorf(xunjia.Unauthorized, "没有登录"))
	old := v.token
	if old != "" {
		v.token, v.session, err = s.Store.RotateSession(ctx, old, session)
	}
	if xunjia.ErrorCode(err) == xunjia.Unauthorized {
		v.token, v.session, err = s.Store.StartSession(ctx, session)
	}
	if err != nil {
		return err
	}
	s.setCookie(c, "sid", v.token, session.Kind.Absolute())
	return nil
}

// described is the session with what its owner recognises it by.
func (s *Site) described(c *gin.Context, session xunjia.Session) xunjia.Session {
	session.IP, session.Agent = clientIP(c).String(), strings.ToValidUTF8(c.Request.UserAgent(), "")
	return session
}

// logIn makes the user the visitor.
func (s *Site) logIn(c *gin.Context, user xunjia.User, identityID int64) error {
	if user.Disabled {
		return xunjia.Errorf(xunjia.Forbidden, "您的账号已停用，如有疑问请联系客服")
	}
	err := s.startSession(c, xunjia.Session{Kind: xunjia.UserSession, UserID: user.ID, IdentityID: identityID})
	visitOf(c).user = user
	return err
}

func (s *Site) logout(c *gin.Context) error {
	v := visitOf(c)
	if v.token != "" {
		if err := s.Store.EndSession(c.Request.Context(), v.token); err != nil {
			return err
		}
	}
	s.setCookie(c, "sid", "", -time.Second)
	s.flash(c, "已退出登录")
	s.redirect(c, "/")
	return nil
}

// cookieName has the prefix that binds a cookie to this host and to HTTPS,
// where there is HTTPS.
func (s *Site) cookieName(name string) string {
	if s.secure {
		return "__Host-" + name
	}
	return name
}

// cookie is what setCookie set, "" for nothing.
func (s *Site) cookie(c *gin.Context, name string) string {
	cookie, err := c.Request.Cookie(s.cookieName(name))
	if err != nil {
		return ""
	}
	return cookie.Value
}

// setCookie sets a cookie that scripts cannot read; a life below zero removes it.
func (s *Site) setCookie(c *gin.Context, name, value string, life time.Duration) {
	http.SetCookie(c.Writer, &http.Cookie{ // #nosec G124 -- on plain HTTP a secure cookie would not come back
		Name: s.cookieName(name), Value: value, Path: "/", MaxAge: int(life / time.Second),
		Secure: s.secure, HttpOnly: true, SameSite: http.SameSiteLaxMode,
	})
}

// inWeChat tells whether the browser is WeChat's.
func inWeChat(c *gin.Context) bool { return strings.Contains(c.Request.UserAgent(), "MicroMessenger/") }

// clientIP is the visitor's address as told by a trusted proxy at most.
func clientIP(c *gin.Context) netip.Addr {
	addr, err := netip.ParseAddr(c.ClientIP())
	if err != nil {
		return netip.IPv4Unspecified()
	}
	return addr.Unmap()
}
