package handlers

import (
	"net/http"

	"github.com/gin-gonic/gin"

	"github.com/xunjia/xunjia"
	"github.com/xunjia/xunjia/sms"
	"github.com/xunjia/xunjia/templates"
)

func (s *Site) showForgot(c *gin.Context) error {
	if err := s.needSession(c); err != nil {
		return err
	}
	p := &templates.ForgotPage{Return: s.safeReturn(c.Query("return"))}
	s.newCaptcha(c, &p.CodeForm)
	return s.renderForgot(c, http.StatusOK, p)
}

func (s *Site) renderForgot(c *gin.Context, code int, p *templates.ForgotPage) error {
	p.Title, p.Plain, p.Wide, p.Back = "忘记密码", true, true, "/login/password"
	return s.render(c, code, p)
}

// forgot sets a new password for the owner of a phone. Whether the phone is
// known is told to its owner alone, who has proved it.
func (s *Site) forgot(c *gin.Context) error {
	p := &templates.ForgotPage{CodeForm: s.codeForm(c)}
	p.Return = s.safeReturn(p.Form.Value("return"))
	password := p.Form.Value("password")
	return s.handleCode(c, &p.CodeForm, codeSteps{
		purpose: sms.Reset,
		phone:   typedPhone(&p.CodeForm),
		check: func(phone xunjia.Phone) error {
			return xunjia.CheckNewPassword(password, p.Form.Value("again"), phone, "")
		},
		done: func(phone xunjia.Phone) error { return s.resetPassword(c, phone, password, p.Return) },
		show: func(code int) error { return s.renderForgot(c, code, p) },
	})
}

func (s *Site) resetPassword(c *gin.Context, phone xunjia.Phone, password, returnTo string) error {
	ctx := c.Request.Context()
	hash, err := s.passwords.hash(ctx, password)
	if err != nil {
		return err
	}
	user, err := s.Store.ResetPassword(ctx, phone, hash)
	if xunjia.ErrorCode(err) == xunjia.NotFound {
		return xunjia.FieldErrors{"phone": "这个手机号还没有注册，请先注册"}.Err()
	}
	if err != nil {
		return err
	}
	if err := s.logIn(c, user, 0); err != nil {
		return err
	}
	s.flash(c, "密码已修改，其他设备已退出登录")
	s.redirect(c, s.nextStep(c, returnTo))
	return nil
}
