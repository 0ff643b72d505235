package handlers

import (
	"bytes"
	"net/http"

	"github.com/gin-gonic/gin"

	"github.com/xunjia/xunjia"
	"github.com/xunjia/xunjia/sms"
	"github.com/xunjia/xunjia/templates"
)

// showLogin and showRegister show the same form: outside WeChat a phone is how
// one logs in, and a phone that nobody knows registers.
func (s *Site) showLogin(c *gin.Context) error    { return s.showPhone(c, false) }
func (s *Site) showRegister(c *gin.Context) error { return s.showPhone(c, true) }
func (s *Site) login(c *gin.Context) error        { return s.provePhone(c, false) }
func (s *Site) register(c *gin.Context) error     { return s.provePhone(c, true) }

func (s *Site) showPhone(c *gin.Context, register bool) error {
	returnTo := s.safeReturn(c.Query("return"))
	if visitOf(c).loggedIn() {
		s.redirect(c, s.nextStep(c, returnTo))
		return nil
	}
	// Inside WeChat the account comes first, so that the phone is tied to it and
	// notices reach the chat; who has refused that goes on without.
	if s.Account != nil && inWeChat(c) && visitOf(c).session.IdentityID == 0 && c.Query("phone") != "1" {
		s.redirect(c, withReturn("/oauth/start", returnTo))
		return nil
	}
	if err := s.needSession(c); err != nil {
		return err
	}
	p := &templates.LoginPage{Register: register, Return: returnTo}
	if register && c.Query("with") == "email" {
		email, err := s.Store.DraftedEmail(c.Request.Context(), visitOf(c).session.ID)
		if xunjia.ErrorCode(err) == xunjia.NotFound {
			s.redirect(c, withReturn("/register/email", returnTo))
			return nil
		}
		if err != nil {
			return err
		}
		p.Email = email.Masked()
	}
	s.newCaptcha(c, &p.CodeForm)
	return s.renderPhone(c, http.StatusOK, p)
}

// renderPhone shows the form.
func (s *Site) renderPhone(c *gin.Context, status int, p *templates.LoginPage) error {
	p.Title, p.Plain, p.Wide, p.Back = "登录", true, true, "/"
	p.Scan = s.Account != nil && !p.Register
	if p.Register {
		p.Title = "注册"
	}
	return s.render(c, status, p)
}

// provePhone handles the form's three buttons.
func (s *Site) provePhone(c *gin.Context, register bool) error {
	p := &templates.LoginPage{CodeForm: s.codeForm(c), Register: register}
	p.Return = s.safeReturn(p.Form.Value("return"))
	withEmail := register && p.Form.Value("with") == "email"
	if withEmail {
		email, err := s.Store.DraftedEmail(c.Request.Context(), visitOf(c).session.ID)
		if xunjia.ErrorCode(err) == xunjia.NotFound {
			s.flash(c, known(err).Message)
			s.redirect(c, withReturn("/register/email", p.Return))
			return nil
		}
		if err != nil {
			return err
		}
		p.Email = email.Masked()
	}
	purpose := sms.Login
	if register {
		purpose = sms.Register
	}
	return s.handleCode(c, &p.CodeForm, codeSteps{
		purpose: purpose,
		phone:   typedPhone(&p.CodeForm),
		show:    func(code int) error { return s.renderPhone(c, code, p) },
		done:    func(phone xunjia.Phone) error { return s.phoneProved(c, phone, withEmail, p.Return) },
	})
}

// phoneProved logs the owner of a phone in, with the e-mail and password that
// wait in his browser if he came from there.
func (s *Site) phoneProved(c *gin.Context, phone xunjia.Phone, withEmail bool, returnTo string) error {
	ctx, v := c.Request.Context(), visitOf(c)
	identity := v.session.IdentityID
	var user xunjia.User
	var err error
	if withEmail {
		var taken bool
		user, taken, err = s.Store.RegisterEmail(ctx, v.session.ID, phone, identity)
		if err == nil && taken {
			s.flash(c, "这个邮箱已被其他账号使用，请用手机号和密码登录")
		}
	} else {
		user, err = s.Store.RegisterPhone(ctx, phone, identity)
	}
	if err != nil {
		return err
	}
	if err := s.logIn(c, user, identity); err != nil {
		return err
	}
	s.redirect(c, s.nextStep(c, returnTo))
	return nil
}

// captcha draws the picture of a captcha.
func (s *Site) captcha(c *gin.Context) error {
	var buf bytes.Buffer
	if err := s.Captchas.WritePNG(c.Request.Context(), &buf, c.Param("id"), visitOf(c).session.ID); err != nil {
		return err
	}
	c.Data(http.StatusOK, "image/png", buf.Bytes())
	return nil
}
