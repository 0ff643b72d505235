package handlers

import (
	"net/http"
	"net/url"

	"github.com/gin-gonic/gin"

	"github.com/xunjia/xunjia"
)

// public serves everybody the same: no session, no cookies.
func (s *Site) public(h handler) gin.HandlerFunc {
	return func(c *gin.Context) {
		if err := first(c, overloaded, h); err != nil {
			s.renderError(c, err)
		}
	}
}

// page serves anybody and knows the user when there is one.
func (s *Site) page(h handler) gin.HandlerFunc {
	return func(c *gin.Context) {
		c.Header("Cache-Control", "no-store")
		if err := first(c, overloaded, s.recognise, s.guard, h); err != nil {
			s.renderError(c, err)
		}
	}
}

// member serves registered users. Others are led through login and
// registration and come back to the page afterwards.
func (s *Site) member(h handler) gin.HandlerFunc {
	return func(c *gin.Context) {
		c.Header("Cache-Control", "no-store")
		err := first(c, overloaded, s.recognise)
		if err == nil {
			v := visitOf(c)
			switch {
			case v.user.Disabled:
				err = xunjia.Errorf(xunjia.Forbidden, "您的账号已停用，如有疑问请联系客服")
			case !v.loggedIn() || v.user.Step() != xunjia.StepDone:
				if c.Request.Method == http.MethodGet && !wantsJSON(c) {
					s.redirect(c, s.nextStep(c, c.Request.URL.RequestURI()))
					return
				}
				err = xunjia.Errorf(xunjia.Unauthorized, "请先登录")
			default:
				err = first(c, s.guard, h)
			}
		}
		if err != nil {
			s.renderError(c, err)
		}
	}
}

// lost serves addresses that do not exist, in the visitor's own layout.
func (s *Site) lost(why func() error) gin.HandlerFunc {
	return func(c *gin.Context) {
		err := why()
		if broken := s.recognise(c); broken != nil {
			err = broken
		}
		s.renderError(c, err)
	}
}

// staff serves the admin console.
func (s *Site) staff(h handler) gin.HandlerFunc {
	return func(c *gin.Context) {
		c.Header("Cache-Control", "no-store")
		if err := first(c, overloaded, s.recogniseStaff, s.guardStaff, h); err != nil {
			s.renderAdminError(c, err)
		}
	}
}

// callback serves machines; their handlers answer for themselves.
func (s *Site) callback(h handler) gin.HandlerFunc {
	return func(c *gin.Context) {
		if err := first(c, overloaded, h); err != nil {
			e := known(err)
			visitOf(c).err = e
			c.Header("Retry-After", "1")
			c.String(status(e.Code), "%s", e.Code)
		}
	}
}

// first runs the steps until one fails.
func first(c *gin.Context, steps ...handler) error {
	for _, step := range steps {
		if err := step(c); err != nil {
			return err
		}
	}
	return nil
}

// nextStep is the page that brings the visitor nearer to being a member.
func (s *Site) nextStep(c *gin.Context, returnTo string) string {
	v := visitOf(c)
	if !v.loggedIn() {
		return s.loginPath(c, returnTo)
	}
	switch v.user.Step() {
	case xunjia.StepProfile:
		return withReturn("/register/profile", returnTo)
	case xunjia.StepCategories:
		return withReturn("/register/categories", returnTo)
	default:
		return s.safeReturn(returnTo)
	}
}

// loginPath is where somebody without an account begins: WeChat's OAuth inside
// WeChat, otherwise the phone.
func (s *Site) loginPath(c *gin.Context, returnTo string) string {
	if s.Account == nil || !inWeChat(c) {
		return withReturn("/login", returnTo)
	}
	if v := visitOf(c); v.session.IdentityID != 0 {
		return withReturn("/register", returnTo)
	}
	return withReturn("/oauth/start", returnTo)
}

func withReturn(path, returnTo string) string {
	if returnTo == "" || returnTo == "/" {
		return path
	}
	return path + "?" + url.Values{"return": {returnTo}}.Encode()
}

// safeReturn answers path when it is a page of this site that a visitor may be
// sent to, and the first page otherwise.
func (s *Site) safeReturn(path string) string {
	const home = "/"
	if len(path) > 1024 || len(path) == 0 || path[0] != '/' {
		return home
	}
	for _, r := range path {
		if r < ' ' || r == '\\' || r == 0x7f {
			return home
		}
	}
	if len(path) > 1 && path[1] == '/' {
		return home
	}
	u, err := url.Parse(path)
	if err != nil || u.Host != "" || u.Scheme != "" || !s.router.leadsTo(u.Path) {
		return home
	}
	switch u.Path {
	case "/login", "/login/password", "/login/forgot", "/register/email", "/oauth/start", "/oauth/return", "/register", "/register/profile", "/register/categories", "/admin/enter":
		return home
	}
	return path
}
