package handlers

import (
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/xunjia/xunjia"
	"github.com/xunjia/xunjia/templates"
)

// loginsShown is how many of one's own logins the account page shows.
const loginsShown = 10

func (s *Site) showAdminAccount(c *gin.Context) error {
	staff := visitOf(c).staff
	f := templates.Form{Values: url.Values{"login": {staff.Login}, "name": {staff.Name}}}
	return s.renderAdminAccount(c, http.StatusOK, &templates.AdminAccountPage{Form: f})
}

func (s *Site) renderAdminAccount(c *gin.Context, code int, p *templates.AdminAccountPage) error {
	staff := visitOf(c).staff
	p.Title, p.Staff = "我的账号", staff
	if p.Form.Values == nil {
		p.Form.Values = url.Values{"login": {staff.Login}, "name": {staff.Name}}
	}
	logins, err := s.Store.StaffLogins(c.Request.Context(), staff.ID, xunjia.Page{Limit: loginsShown})
	if err != nil {
		return err
	}
	p.Logins = logins.Items
	return s.renderAdmin(c, code, p)
}

// saveAdminAccount changes one's own login name and name.
func (s *Site) saveAdminAccount(c *gin.Context) error {
	f := s.form(c)
	err := s.Store.SetOwnAccount(c.Request.Context(), visitOf(c).staff.ID, strings.TrimSpace(f.Value("login")), strings.TrimSpace(f.Value("name")))
	if err != nil {
		if !formErrors(&f, err) {
			return err
		}
		return s.renderAdminAccount(c, status(known(err).Code), &templates.AdminAccountPage{Form: f})
	}
	s.flash(c, "已保存")
	s.redirect(c, "/admin/account")
	return nil
}

// savePassword changes one's own password; the old one is asked for when there
// is one. Every other browser is logged out.
func (s *Site) savePassword(c *gin.Context) error {
	f := templates.Form{Errors: map[string]string{}}
	err := s.changePassword(c, c.PostForm("old"), c.PostForm("password"), c.PostForm("again"))
	if err != nil {
		if !formErrors(&f, err) {
			return err
		}
		return s.renderAdminAccount(c, status(known(err).Code), &templates.AdminAccountPage{Password: f})
	}
	s.flash(c, "密码已修改，其他设备已退出登录")
	s.redirect(c, "/admin/account")
	return nil
}

func (s *Site) changePassword(c *gin.Context, old, password, again string) error {
	ctx, v := c.Request.Context(), visitOf(c)
	if err := xunjia.CheckPassword(password, v.staff.Login); err != nil {
		return err
	}
	if again != password {
		wrong := xunjia.FieldErrors{}
		wrong.Add("again", "两次填写的密码不一样")
		return wrong.Err()
	}
	stored, err := s.Store.StaffPassword(ctx, v.staff.ID)
	if err != nil {
		return err
	}
	if stored != "" {
		if err := s.checkOldPassword(c, old, stored); err != nil {
			return err
		}
	}
	hash, err := s.passwords.hash(ctx, password)
	if err != nil {
		return err
	}
	return s.Store.SetOwnPassword(ctx, v.staff.ID, stored, hash, v.staffSession.ID)
}

// checkOldPassword counts as a login, so that a borrowed browser is no place to
// guess at leisure.
func (s *Site) checkOldPassword(c *gin.Context, old, stored string) error {
	ctx, v := c.Request.Context(), visitOf(c)
	login, ip := "old\x00"+v.staff.Login, clientIP(c)
	if old == "" || len(old) > longestPassword {
		return wrongOld("请填写现在的密码")
	}
	// Nobody can solve a captcha here; the lock alone holds.
	if _, _, err := s.Store.BeginStaffLogin(ctx, login, ip, true); err != nil {
		return err
	}
	ok, err := s.passwords.matches(ctx, old, stored)
	if err != nil {
		return err
	}
	if !ok {
		return wrongOld("现在的密码不正确")
	}
	return s.Store.ForgiveStaffLogin(ctx, login, ip)
}

func wrongOld(text string) error {
	wrong := xunjia.FieldErrors{}
	wrong.Add("old", "%s", text)
	return wrong.Err()
}

// leaveEverywhere logs out in every browser, this one included.
func (s *Site) leaveEverywhere(c *gin.Context) error {
	if err := s.Store.EndStaffSessions(c.Request.Context(), visitOf(c).staff.ID); err != nil {
		return err
	}
	s.setCookie(c, staffCookie, "", -time.Second)
	s.flash(c, "所有设备都已退出登录")
	s.redirect(c, "/admin/login")
	return nil
}
