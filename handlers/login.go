package handlers

import (
	"bytes"
	"math"
	"net/http"

	"github.com/gin-gonic/gin"

	"github.com/xunjia/xunjia"
	"github.com/xunjia/xunjia/sms"
	"github.com/xunjia/xunjia/templates"
)

// codeWait is how long to wait before asking for another code, in seconds; the
// limit itself is in package sms.
const codeWait = 60

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
	s.newCaptcha(c, p)
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

// newCaptcha puts a fresh picture on the page. Without Redis there is none and
// codes are not sent either.
func (s *Site) newCaptcha(c *gin.Context, p *templates.LoginPage) {
	id, err := s.Captchas.New(c.Request.Context(), visitOf(c).session.ID)
	if err != nil {
		visitOf(c).err = err
		p.Form.Message = known(err).Message
	}
	p.CaptchaID = id
	if p.Form.Values != nil {
		p.Form.Values.Del("captcha")
	}
}

// provePhone handles the form's three buttons.
func (s *Site) provePhone(c *gin.Context, register bool) error {
	f := s.form(c)
	p := &templates.LoginPage{Form: f, Register: register, Return: s.safeReturn(f.Value("return")), CaptchaID: f.Value("captcha_id")}
	var err error
	switch f.Value("do") {
	case "captcha":
		s.newCaptcha(c, p)
		return s.answerPhone(c, p, nil)
	case "code":
		err = s.sendCode(c, p)
	default:
		err = s.checkCode(c, p)
		if err == nil {
			s.redirect(c, s.nextStep(c, p.Return))
			return nil
		}
		s.newCaptcha(c, p)
	}
	return s.answerPhone(c, p, err)
}

// answerPhone shows the form again or, to the script, says what changed.
func (s *Site) answerPhone(c *gin.Context, p *templates.LoginPage, err error) error {
	code := http.StatusOK
	if err != nil {
		e := known(err)
		if e.RetryAfter > 0 && e.Code == xunjia.RateLimited {
			p.Wait = int(math.Ceil(e.RetryAfter.Seconds()))
			if p.Wait > 10*codeWait {
				p.Wait = 0 // hours: a countdown does not help
			}
		}
		if !formErrors(&p.Form, err) {
			if e.Code != xunjia.Unavailable {
				return err
			}
			visitOf(c).err = e
			p.Form.Message = e.Message
		} else if len(e.Fields) == 0 {
			p.Form.Errors["code"], p.Form.Message = e.Message, ""
		} else {
			p.Form.Message = ""
		}
		code = status(e.Code)
	}
	if !wantsJSON(c) {
		return s.renderPhone(c, code, p)
	}
	c.JSON(code, gin.H{"ok": p.Sent, "message": p.Form.Message, "fields": p.Form.Errors, "wait": p.Wait, "captcha": p.CaptchaID})
	return nil
}

// purpose is what a code of the form permits.
func purpose(p *templates.LoginPage) sms.Purpose {
	if p.Register {
		return sms.Register
	}
	return sms.Login
}

// sendCode checks phone and captcha and queues a code. The answer is the same
// whether the phone is known.
func (s *Site) sendCode(c *gin.Context, p *templates.LoginPage) error {
	ctx, v := c.Request.Context(), visitOf(c)
	phone, err := xunjia.ParsePhone(p.Form.Value("phone"))
	if err != nil {
		return err // the captcha is still good
	}
	captcha := s.Captchas.Verify(ctx, p.CaptchaID, v.session.ID, p.Form.Value("captcha"))
	s.newCaptcha(c, p)
	if captcha != nil {
		return captcha
	}
	code, err := s.Codes.Issue(ctx, sms.Request{Phone: phone, Purpose: purpose(p), Browser: v.session.ID, IP: clientIP(c), LoggedIn: v.loggedIn()})
	if err != nil {
		return err
	}
	if err := s.Outbox.SendCode(ctx, phone, code); err != nil {
		return err
	}
	p.Sent, p.Wait = "验证码已发送到 "+phone.Masked()+"，5 分钟内有效", codeWait
	return nil
}

// checkCode verifies the code and logs its owner in.
func (s *Site) checkCode(c *gin.Context, p *templates.LoginPage) error {
	ctx, v := c.Request.Context(), visitOf(c)
	phone, err := xunjia.ParsePhone(p.Form.Value("phone"))
	if err != nil {
		return err
	}
	if err := s.Codes.Verify(ctx, phone, purpose(p), v.session.ID, p.Form.Value("code")); err != nil {
		return err
	}
	identity := v.session.IdentityID
	user, err := s.Store.RegisterPhone(ctx, phone, identity)
	if err != nil {
		return err
	}
	return s.logIn(c, user, identity)
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
