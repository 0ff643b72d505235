package handlers

import (
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

// codeForm is what was typed into a form that asks for a code.
func (s *Site) codeForm(c *gin.Context) templates.CodeForm {
	f := s.form(c)
	return templates.CodeForm{Form: f, CaptchaID: f.Value("captcha_id")}
}

// codeSteps is what differs between the forms that prove a phone.
type codeSteps struct {
	purpose sms.Purpose
	phone   func() (xunjia.Phone, error)   // to whom the code goes
	check   func(phone xunjia.Phone) error // what else was typed, before the code is used up; nil: nothing
	done    func(phone xunjia.Phone) error // goes on with a proved phone, and redirects
	show    func(code int) error           // renders the form again
}

// typedPhone reads the phone from the form's field.
func typedPhone(f *templates.CodeForm) func() (xunjia.Phone, error) {
	return func() (xunjia.Phone, error) { return xunjia.ParsePhone(f.Form.Value("phone")) }
}

// handleCode handles the three buttons of such a form: another picture, a code,
// and going on.
func (s *Site) handleCode(c *gin.Context, f *templates.CodeForm, steps codeSteps) error {
	var err error
	switch f.Form.Value("do") {
	case "captcha":
		s.newCaptcha(c, f)
	case "code":
		err = s.sendCode(c, f, steps)
	default:
		if err = s.checkCode(c, f, steps); err == nil {
			return nil
		}
		s.newCaptcha(c, f)
	}
	return s.answerCode(c, f, err, steps.show)
}

// newCaptcha puts a fresh picture on the page. Without Redis there is none and
// codes are not sent either.
func (s *Site) newCaptcha(c *gin.Context, f *templates.CodeForm) {
	id, err := s.Captchas.New(c.Request.Context(), visitOf(c).session.ID)
	if err != nil {
		visitOf(c).err = err
		f.Form.Message = known(err).Message
	}
	f.CaptchaID = id
	if f.Form.Values != nil {
		f.Form.Values.Del("captcha")
	}
}

// sendCode checks phone and captcha and queues a code. The answer is the same
// whether the phone is known.
func (s *Site) sendCode(c *gin.Context, f *templates.CodeForm, steps codeSteps) error {
	ctx, v := c.Request.Context(), visitOf(c)
	phone, err := steps.phone()
	if err != nil {
		return err // the captcha is still good
	}
	captcha := s.Captchas.Verify(ctx, f.CaptchaID, v.session.ID, f.Form.Value("captcha"))
	s.newCaptcha(c, f)
	if captcha != nil {
		return captcha
	}
	code, err := s.Codes.Issue(ctx, sms.Request{Phone: phone, Purpose: steps.purpose, Browser: v.session.ID, IP: clientIP(c), LoggedIn: v.loggedIn()})
	if err != nil {
		return err
	}
	if err := s.Outbox.SendCode(ctx, phone, code); err != nil {
		return err
	}
	f.Sent, f.Wait = "验证码已发送到 "+phone.Masked()+"，5 分钟内有效", codeWait
	return nil
}

// checkCode verifies the code and goes on.
func (s *Site) checkCode(c *gin.Context, f *templates.CodeForm, steps codeSteps) error {
	phone, err := steps.phone()
	if err != nil {
		return err
	}
	if steps.check != nil {
		if err := steps.check(phone); err != nil {
			return err
		}
	}
	if err := s.Codes.Verify(c.Request.Context(), phone, steps.purpose, visitOf(c).session.ID, f.Form.Value("code")); err != nil {
		return err
	}
	return steps.done(phone)
}

// answerCode shows the form again or, to the script, says what changed.
func (s *Site) answerCode(c *gin.Context, f *templates.CodeForm, err error, show func(code int) error) error {
	code := http.StatusOK
	if err != nil {
		e := known(err)
		if e.RetryAfter > 0 && e.Code == xunjia.RateLimited {
			f.Wait = int(math.Ceil(e.RetryAfter.Seconds()))
			if f.Wait > 10*codeWait {
				f.Wait = 0 // hours: a countdown does not help
			}
		}
		if !formErrors(&f.Form, err) {
			if e.Code != xunjia.Unavailable {
				return err
			}
			visitOf(c).err = e
			f.Form.Message = e.Message
		} else if len(e.Fields) == 0 {
			f.Form.Errors["code"], f.Form.Message = e.Message, ""
		} else {
			f.Form.Message = ""
		}
		code = status(e.Code)
	}
	if !wantsJSON(c) {
		return show(code)
	}
	c.JSON(code, gin.H{"ok": f.Sent, "message": f.Form.Message, "fields": f.Form.Errors, "wait": f.Wait, "captcha": f.CaptchaID})
	return nil
}
