package handlers

import (
	"net/http"
	"net/url"
	"strings"

	"github.com/gin-gonic/gin"

	"github.com/xunjia/xunjia"
	"github.com/xunjia/xunjia/sms"
	"github.com/xunjia/xunjia/templates"
)

const securityPath = "/me/security"

// security shows how the visitor logs in, and where.
func (s *Site) security(c *gin.Context) error {
	ctx, v := c.Request.Context(), visitOf(c)
	email, has, err := s.Store.PasswordOf(ctx, v.user.ID)
	if err != nil {
		return err
	}
	sessions, err := s.Store.Devices(ctx, v.user.ID)
	if err != nil {
		return err
	}
	p := &templates.SecurityPage{Phone: v.user.Phone.Masked(), Email: email.Masked(), HasPassword: has, Bindable: s.Account != nil}
	if p.Bindable {
		bound, err := s.Store.IdentitiesOfUser(ctx, s.Account.AppID(), v.user.ID)
		if err != nil {
			return err
		}
		p.Bound = len(bound)
	}
	for _, d := range sessions {
		ip := d.IP
		if ip == "" { // older than this page
			ip = "网络地址未知"
		}
		p.Devices = append(p.Devices, templates.Device{
			Name: xunjia.DeviceName(d.Agent), Phone: strings.Contains(d.Agent, "Mobile"), IP: ip, Since: d.CreatedAt, Seen: d.LastSeenAt, Here: d.ID == v.session.ID,
		})
	}
	p.Title, p.Tab, p.Back = "安全设置", templates.MeTab, "/me"
	return s.render(c, http.StatusOK, p)
}

// endOtherDevices logs the visitor out everywhere else.
func (s *Site) endOtherDevices(c *gin.Context) error {
	v := visitOf(c)
	if err := s.Store.EndOtherSessions(c.Request.Context(), v.user.ID, v.session.ID); err != nil {
		return err
	}
	s.flash(c, "其他设备已退出登录")
	s.redirect(c, securityPath)
	return nil
}

// proved lets in who has just shown who he is; others are asked first (false)
// and come back to the page.
func (s *Site) proved(c *gin.Context, page string) (bool, error) {
	ok, err := s.Store.Proved(c.Request.Context(), visitOf(c).session.ID)
	if err == nil && !ok {
		s.redirect(c, withReturn(securityPath+"/prove", page))
	}
	return ok, err
}

// provedReturn is where somebody goes on: a page that wants a proof.
func (s *Site) provedReturn(path string) string {
	if path = s.safeReturn(path); strings.HasPrefix(path, securityPath+"/") || strings.HasPrefix(path, "/me/merge") {
		return path
	}
	return securityPath
}

func (s *Site) showProve(c *gin.Context) error {
	p := &templates.ProvePage{Return: s.provedReturn(c.Query("return"))}
	ok, err := s.Store.Proved(c.Request.Context(), visitOf(c).session.ID)
	if err != nil {
		return err
	}
	if ok {
		s.redirect(c, p.Return)
		return nil
	}
	s.newCaptcha(c, &p.CodeForm)
	return s.renderProve(c, http.StatusOK, p)
}

func (s *Site) renderProve(c *gin.Context, code int, p *templates.ProvePage) error {
	v := visitOf(c)
	_, has, err := s.Store.PasswordOf(c.Request.Context(), v.user.ID)
	if err != nil {
		return err
	}
	p.HasPassword, p.Phone = has, v.user.Phone.Masked()
	p.Title, p.Tab, p.Back = "验证身份", templates.MeTab, securityPath
	return s.render(c, code, p)
}

// prove takes the password or a code to the visitor's own phone.
func (s *Site) prove(c *gin.Context) error {
	p := &templates.ProvePage{CodeForm: s.codeForm(c)}
	p.Return = s.provedReturn(p.Form.Value("return"))
	show := func(code int) error { return s.renderProve(c, code, p) }
	if p.Form.Value("do") == "password" {
		err := s.provePassword(c, p.Form.Value("password"))
		if err == nil {
			s.redirect(c, p.Return)
			return nil
		}
		if e := known(err); e.Code == xunjia.RateLimited {
			err = &xunjia.Error{Code: e.Code, Message: e.Message, RetryAfter: e.RetryAfter, Fields: map[string]string{"password": e.Message}}
		}
		s.newCaptcha(c, &p.CodeForm)
		return s.answerCode(c, &p.CodeForm, err, show)
	}
	v := visitOf(c)
	return s.handleCode(c, &p.CodeForm, codeSteps{
		purpose: sms.Prove,
		phone:   func() (xunjia.Phone, error) { return xunjia.ParsePhone(string(v.user.Phone)) },
		done: func(xunjia.Phone) error {
			if err := s.Store.Prove(c.Request.Context(), v.session.ID, v.user.ID); err != nil {
				return err
			}
			s.redirect(c, p.Return)
			return nil
		},
		show: show,
	})
}

// provePassword counts as a login, so that a borrowed browser is no place to
// guess at leisure.
func (s *Site) provePassword(c *gin.Context, password string) error {
	ctx, v := c.Request.Context(), visitOf(c)
	if password == "" || len(password) > longestPassword {
		return xunjia.FieldErrors{"password": "请填写登录密码"}.Err()
	}
	try, err := s.Store.BeginPasswordProof(ctx, v.user.ID, clientIP(c))
	if err != nil {
		return err
	}
	ok, err := s.passwords.matches(ctx, password, try.Hash)
	if err != nil {
		return err
	}
	if !ok {
		return xunjia.FieldErrors{"password": "密码不正确"}.Err()
	}
	return s.Store.ProveByPassword(ctx, v.session.ID, try)
}

func (s *Site) showSetPassword(c *gin.Context) error {
	if ok, err := s.proved(c, securityPath+"/password"); !ok {
		return err
	}
	return s.renderSetPassword(c, http.StatusOK, &templates.SetPasswordPage{})
}

func (s *Site) renderSetPassword(c *gin.Context, code int, p *templates.SetPasswordPage) error {
	email, has, err := s.Store.PasswordOf(c.Request.Context(), visitOf(c).user.ID)
	if err != nil {
		return err
	}
	p.Title, p.Tab, p.Back, p.Email = "设置密码", templates.MeTab, securityPath, email != ""
	if has {
		p.Title = "修改密码"
	}
	return s.render(c, code, p)
}

func (s *Site) setPassword(c *gin.Context) error {
	ctx, v := c.Request.Context(), visitOf(c)
	if ok, err := s.proved(c, securityPath+"/password"); !ok {
		return err
	}
	p := &templates.SetPasswordPage{Form: s.form(c)}
	password := p.Form.Value("password")
	email, _, err := s.Store.PasswordOf(ctx, v.user.ID)
	if err != nil {
		return err
	}
	if err := xunjia.CheckNewPassword(password, p.Form.Value("again"), v.user.Phone, email); err != nil {
		formErrors(&p.Form, err)
		p.Form.Message = ""
		return s.renderSetPassword(c, status(known(err).Code), p)
	}
	hash, err := s.passwords.hash(ctx, password)
	if err != nil {
		return err
	}
	if err := s.Store.SetPassword(ctx, v.session.ID, v.user.ID, hash); err != nil {
		return err
	}
	s.flash(c, "密码已保存，其他设备已退出登录")
	s.redirect(c, securityPath)
	return nil
}

func (s *Site) showSetEmail(c *gin.Context) error {
	if ok, err := s.proved(c, securityPath+"/email"); !ok {
		return err
	}
	return s.renderSetEmail(c, http.StatusOK, &templates.SetEmailPage{Form: templates.Form{Values: url.Values{}}})
}

func (s *Site) renderSetEmail(c *gin.Context, code int, p *templates.SetEmailPage) error {
	email, has, err := s.Store.PasswordOf(c.Request.Context(), visitOf(c).user.ID)
	if err != nil {
		return err
	}
	p.Title, p.Tab, p.Back, p.Email, p.HasPassword = "登录邮箱", templates.MeTab, securityPath, email.Masked(), has
	return s.render(c, code, p)
}

func (s *Site) setEmail(c *gin.Context) error {
	ctx, v := c.Request.Context(), visitOf(c)
	if ok, err := s.proved(c, securityPath+"/email"); !ok {
		return err
	}
	p := &templates.SetEmailPage{Form: s.form(c)}
	email, err := xunjia.ParseEmail(p.Form.Value("email"))
	if err == nil {
		err = s.Store.SetEmail(ctx, v.session.ID, v.user.ID, email)
	}
	if err != nil {
		if !formErrors(&p.Form, err) {
			return err
		}
		p.Form.Message = ""
		return s.renderSetEmail(c, status(known(err).Code), p)
	}
	s.flash(c, "登录邮箱已保存")
	s.redirect(c, securityPath)
	return nil
}

func (s *Site) showSetPhone(c *gin.Context) error {
	if ok, err := s.proved(c, securityPath+"/phone"); !ok {
		return err
	}
	p := &templates.SetPhonePage{}
	s.newCaptcha(c, &p.CodeForm)
	return s.renderSetPhone(c, http.StatusOK, p)
}

func (s *Site) renderSetPhone(c *gin.Context, code int, p *templates.SetPhonePage) error {
	p.Phone = visitOf(c).user.Phone.Masked()
	p.Title, p.Tab, p.Back = "更换手机号", templates.MeTab, securityPath
	if p.Merge {
		p.Title = "合并账号"
	}
	return s.render(c, code, p)
}

// setPhone changes the phone. One that has an account leads to the question
// whether both are the visitor's.
func (s *Site) setPhone(c *gin.Context) error {
	if ok, err := s.proved(c, securityPath+"/phone"); !ok {
		return err
	}
	p := &templates.SetPhonePage{CodeForm: s.codeForm(c)}
	return s.handleCode(c, &p.CodeForm, codeSteps{
		purpose: sms.Bind,
		phone:   anotherPhone(c, &p.CodeForm),
		done:    func(phone xunjia.Phone) error { return s.changePhone(c, phone) },
		show:    func(code int) error { return s.renderSetPhone(c, code, p) },
	})
}

// changePhone gives the visitor a phone that he has proved, unless it leads to
// another account.
func (s *Site) changePhone(c *gin.Context, phone xunjia.Phone) error {
	ctx, v := c.Request.Context(), visitOf(c)
	owner, err := s.Store.UserOfPhone(ctx, phone)
	if err == nil && owner.ID != v.user.ID {
		return s.askMerge(c, owner.ID, true)
	}
	if err != nil && xunjia.ErrorCode(err) != xunjia.NotFound {
		return err
	}
	if err := s.Store.SetPhone(ctx, v.session.ID, v.user.ID, phone); err != nil {
		return err
	}
	s.flash(c, "手机号已更换，以后用新手机号登录")
	s.redirect(c, securityPath)
	return nil
}

// anotherPhone is typedPhone, but for the visitor's own.
func anotherPhone(c *gin.Context, f *templates.CodeForm) func() (xunjia.Phone, error) {
	return func() (xunjia.Phone, error) {
		phone, err := xunjia.ParsePhone(f.Form.Value("phone"))
		if err == nil && phone == visitOf(c).user.Phone {
			return "", xunjia.FieldErrors{"phone": "这就是您现在的手机号"}.Err()
		}
		return phone, err
	}
}
