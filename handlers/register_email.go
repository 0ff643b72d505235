package handlers

import (
	"net/http"

	"github.com/gin-gonic/gin"

	"github.com/xunjia/xunjia"
	"github.com/xunjia/xunjia/templates"
)

func (s *Site) showRegisterEmail(c *gin.Context) error {
	returnTo := s.safeReturn(c.Query("return"))
	if visitOf(c).loggedIn() {
		s.redirect(c, s.nextStep(c, returnTo))
		return nil
	}
	if err := s.needSession(c); err != nil {
		return err
	}
	p := &templates.RegisterEmailPage{Return: returnTo}
	s.newCaptcha(c, &p.CodeForm)
	return s.renderRegisterEmail(c, http.StatusOK, p)
}

func (s *Site) renderRegisterEmail(c *gin.Context, code int, p *templates.RegisterEmailPage) error {
	p.Title, p.Plain, p.Wide, p.Back = "注册", true, true, "/"
	return s.render(c, code, p)
}

// registerEmail keeps an e-mail and a password in the browser's session until a
// phone is proved. Whether the address is known is not told here.
func (s *Site) registerEmail(c *gin.Context) error {
	if visitOf(c).loggedIn() {
		s.redirect(c, "/me/security")
		return nil
	}
	p := &templates.RegisterEmailPage{CodeForm: s.codeForm(c)}
	p.Return = s.safeReturn(p.Form.Value("return"))
	var err error
	if p.Form.Value("do") != "captcha" {
		if err = s.draftCredential(c, &p.CodeForm); err == nil {
			path := "/register?with=email"
			if p.Return != "/" {
				path = withReturn("/register", p.Return) + "&with=email"
			}
			s.redirect(c, path)
			return nil
		}
	}
	s.newCaptcha(c, &p.CodeForm)
	return s.answerCode(c, &p.CodeForm, err, func(code int) error { return s.renderRegisterEmail(c, code, p) })
}

func (s *Site) draftCredential(c *gin.Context, f *templates.CodeForm) error {
	ctx, v := c.Request.Context(), visitOf(c)
	email, err := xunjia.ParseEmail(f.Form.Value("email"))
	if err != nil {
		return err
	}
	password := f.Form.Value("password")
	if err := xunjia.CheckNewPassword(password, f.Form.Value("again"), "", email); err != nil {
		return err
	}
	if err := s.Captchas.Verify(ctx, f.CaptchaID, v.session.ID, f.Form.Value("captcha")); err != nil {
		return err
	}
	hash, err := s.passwords.hash(ctx, password)
	if err != nil {
		return err
	}
	return s.Store.DraftCredential(ctx, v.session.ID, email, hash)
}
