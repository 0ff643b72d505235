package handlers

import (
	"math"
	"net/http"
	"strconv"

	"github.com/gin-gonic/gin"

	"github.com/xunjia/xunjia"
	"github.com/xunjia/xunjia/templates"
)

func (s *Site) showPasswordLogin(c *gin.Context) error {
	returnTo := s.safeReturn(c.Query("return"))
	if visitOf(c).loggedIn() {
		s.redirect(c, s.nextStep(c, returnTo))
		return nil
	}
	return s.renderPasswordLogin(c, http.StatusOK, &templates.LoginPasswordPage{Return: returnTo})
}

// renderPasswordLogin shows the form, with a fresh captcha when one is needed.
func (s *Site) renderPasswordLogin(c *gin.Context, code int, p *templates.LoginPasswordPage) error {
	if err := s.needSession(c); err != nil {
		return err
	}
	if p.Captcha {
		id, err := s.Captchas.New(c.Request.Context(), visitOf(c).session.ID)
		if err != nil {
			return err
		}
		p.CaptchaID = id
	}
	p.Title, p.Plain, p.Wide, p.Back, p.Scan = "密码登录", true, true, "/", s.Account != nil
	return s.render(c, code, p)
}

func (s *Site) passwordLogin(c *gin.Context) error {
	f := s.form(c)
	p := &templates.LoginPasswordPage{Form: f, Return: s.safeReturn(f.Value("return"))}
	name, err := xunjia.ParseLoginName(f.Value("login"))
	if err == nil && f.Value("do") != "captcha" {
		if err = s.tryPassword(c, name, f.Value("password")); err == nil {
			s.redirect(c, s.nextStep(c, p.Return))
			return nil
		}
	}
	if err != nil && !formErrors(&p.Form, err) {
		return err
	}
	e := known(err)
	if len(e.Fields) > 0 {
		p.Form.Message = ""
	}
	if e.RetryAfter > 0 {
		c.Header("Retry-After", strconv.Itoa(int(math.Ceil(e.RetryAfter.Seconds()))))
	}
	if name != (xunjia.LoginName{}) {
		if p.Captcha, err = s.Store.NeedCaptcha(c.Request.Context(), name, clientIP(c)); err != nil {
			return err
		}
	}
	p.Form.Values.Del("captcha")
	return s.renderPasswordLogin(c, status(e.Code), p)
}

func errWrongPassword() error {
	return xunjia.Errorf(xunjia.Invalid, "手机号、邮箱或密码不正确")
}

// tryPassword logs in by a password. Whoever fails cannot tell a name that
// nobody has from a wrong password, neither by words nor by time.
func (s *Site) tryPassword(c *gin.Context, name xunjia.LoginName, password string) error {
	ctx, v := c.Request.Context(), visitOf(c)
	if password == "" {
		return xunjia.FieldErrors{"password": "请填写密码"}.Err()
	}
	if len(password) > longestPassword {
		return errWrongPassword()
	}
	ip := clientIP(c)
	needed, err := s.Store.NeedCaptcha(ctx, name, ip)
	if err != nil {
		return err
	}
	if needed {
		if err := s.Captchas.Verify(ctx, c.PostForm("captcha_id"), v.session.ID, c.PostForm("captcha")); err != nil {
			return err
		}
	}
	try, err := s.Store.BeginPasswordLogin(ctx, name, ip, needed)
	if err != nil {
		return err
	}
	ok, err := s.passwords.matches(ctx, password, try.Hash)
	if err != nil {
		return err
	}
	if !ok {
		return errWrongPassword()
	}
	identity, err := s.bindQuietly(c, try.UserID)
	if err != nil {
		return err
	}
	token, session, err := s.Store.LogInByPassword(ctx, try, v.token, s.described(c, xunjia.Session{IdentityID: identity}))
	if err != nil {
		return err
	}
	v.token, v.session = token, session
	s.setCookie(c, "sid", token, session.Kind.Absolute())
	v.user, err = s.Store.User(ctx, session.UserID)
	return err
}

// bindQuietly ties the WeChat in which somebody logs in to his account, so that
// notices reach it, unless it is another account's: then it counts for nothing.
func (s *Site) bindQuietly(c *gin.Context, userID int64) (identityID int64, err error) {
	id := visitOf(c).session.IdentityID
	if id == 0 {
		return 0, nil
	}
	err = s.Store.BindIdentity(c.Request.Context(), id, userID)
	switch xunjia.ErrorCode(err) {
	case "":
		return id, nil
	case xunjia.Conflict, xunjia.NotFound, xunjia.Forbidden:
		return 0, nil
	}
	return 0, err
}
