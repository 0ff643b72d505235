package handlers

import (
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/xunjia/xunjia"
	"github.com/xunjia/xunjia/store"
	"github.com/xunjia/xunjia/templates"
)

// staffCookie is apart from the users' cookie: one browser may be both.
const staffCookie = "staff"

// How staff came in, for the login log.
const (
	byPassword = "密码"
	byLink     = "一次性链接"
)

func (s *Site) showAdminLogin(c *gin.Context) error {
	if s.recogniseStaff(c) == nil {
		s.redirect(c, s.safeConsole(c.Query("return")))
		return nil
	}
	return s.renderAdminLogin(c, http.StatusOK, &templates.AdminLoginPage{Return: c.Query("return")})
}

// renderAdminLogin shows the form, with a fresh captcha when one is needed.
func (s *Site) renderAdminLogin(c *gin.Context, code int, p *templates.AdminLoginPage) error {
	if err := s.needSession(c); err != nil {
		return err
	}
	p.Title, p.Plain, p.Return = "登录", true, s.safeConsole(p.Return)
	if p.Captcha {
		id, err := s.Captchas.New(c.Request.Context(), visitOf(c).session.ID)
		if err != nil {
			return err
		}
		p.CaptchaID = id
	}
	return s.render(c, code, p)
}

func (s *Site) adminLogin(c *gin.Context) error {
	ctx, f := c.Request.Context(), s.form(c)
	login := strings.TrimSpace(f.Value("login"))
	p := &templates.AdminLoginPage{Form: f, Return: f.Value("return")}
	password := f.Value("password")
	f.Values.Del("password") // never sent back
	err := s.tryStaff(c, login, password)
	if err == nil {
		s.redirect(c, s.safeConsole(p.Return))
		return nil
	}
	if !formErrors(&p.Form, err) {
		return err
	}
	needed, broken := s.Store.NeedStaffCaptcha(ctx, login, clientIP(c))
	if broken != nil {
		return broken
	}
	p.Captcha = needed
	p.Form.Values.Del("captcha")
	return s.renderAdminLogin(c, status(known(err).Code), p)
}

func errWrongLogin() error { return xunjia.Errorf(xunjia.Invalid, "登录名或密码不正确") }

// longestPassword is what is hashed at most, in bytes.
const longestPassword = 1 << 10

// tryStaff logs in by name and password. Whoever fails cannot tell a name that
// nobody has from a wrong password, neither by words nor by time.
func (s *Site) tryStaff(c *gin.Context, login, password string) error {
	ctx := c.Request.Context()
	if login == "" || password == "" {
		return xunjia.Errorf(xunjia.Invalid, "请填写登录名和密码")
	}
	if len(login) > 100 || len(password) > longestPassword {
		return errWrongLogin()
	}
	ip := clientIP(c)
	needed, err := s.Store.NeedStaffCaptcha(ctx, login, ip)
	if err != nil {
		return err
	}
	if needed {
		if err := s.Captchas.Verify(ctx, c.PostForm("captcha_id"), visitOf(c).session.ID, c.PostForm("captcha")); err != nil {
			return err
		}
	}
	staff, hash, err := s.Store.BeginStaffLogin(ctx, login, ip, needed)
	if err != nil {
		return err
	}
	ok, err := s.passwords.matches(ctx, password, hash)
	if err != nil {
		return err
	}
	e := store.StaffEntry{StaffID: staff, Login: login, Hash: hash, IP: ip, Agent: c.Request.UserAgent(), How: byPassword}
	if !ok {
		if err := s.Store.FailStaffLogin(ctx, e, "登录名或密码不正确"); err != nil {
			return err
		}
		return errWrongLogin()
	}
	return s.admit(c, e)
}

// admit starts a session of staff in this browser, in place of an older one.
func (s *Site) admit(c *gin.Context, e store.StaffEntry) error {
	e.OldToken = s.cookie(c, staffCookie)
	token, _, err := s.Store.FinishStaffLogin(c.Request.Context(), e)
	if err != nil {
		return err
	}
	s.setCookie(c, staffCookie, token, xunjia.StaffSession.Absolute())
	return nil
}

func (s *Site) showAdminEnter(c *gin.Context) error {
	if err := s.needSession(c); err != nil {
		return err
	}
	p := &templates.AdminEnterPage{Token: c.Query("token")}
	p.Title, p.Plain = "进入管理后台", true
	// The address holds the token: nobody we link to may see it.
	c.Header("Referrer-Policy", "same-origin")
	return s.render(c, http.StatusOK, p)
}

func (s *Site) adminEnter(c *gin.Context) error {
	ctx := c.Request.Context()
	staffID, err := s.Store.UseAdminLink(ctx, c.PostForm("token"))
	if err == nil {
		err = s.admit(c, store.StaffEntry{StaffID: staffID, IP: clientIP(c), Agent: c.Request.UserAgent(), How: byLink})
	}
	if err != nil {
		switch xunjia.ErrorCode(err) {
		case xunjia.NotFound, xunjia.Unauthorized, xunjia.Invalid, xunjia.Conflict:
			err = &xunjia.Error{Code: xunjia.Unauthorized, Message: "这个链接已经用过或已失效", Err: err}
		}
		s.renderAdminError(c, err)
		return nil
	}
	staff, err := s.Store.Staff(ctx, staffID)
	if err != nil {
		return err
	}
	if !staff.HasPassword {
		s.flash(c, "已进入后台，请设置登录名和密码")
		s.redirect(c, "/admin/account")
		return nil
	}
	s.redirect(c, "/admin")
	return nil
}

func (s *Site) leaveAdmin(c *gin.Context) error {
	if err := s.Store.EndSession(c.Request.Context(), s.cookie(c, staffCookie)); err != nil {
		return err
	}
	s.setCookie(c, staffCookie, "", -time.Second)
	s.redirect(c, "/admin/login")
	return nil
}

// safeConsole answers path when it is a page of the console, and its first page
// otherwise.
func (s *Site) safeConsole(path string) string {
	u, err := url.Parse(path)
	if err != nil || len(path) > 1024 || u.Host != "" || u.Scheme != "" || u.Opaque != "" || strings.ContainsAny(path, "\\\r\n") {
		return "/admin"
	}
	for _, t := range s.router.table {
		if t.method == http.MethodGet && t.audience == audienceStaff && matches(t.path, u.Path) {
			return u.RequestURI()
		}
	}
	return "/admin"
}
