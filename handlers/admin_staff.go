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

// staffLinkLife is how long a one-time link for a colleague is good for.
const staffLinkLife = 24 * time.Hour

func (s *Site) staffList(c *gin.Context) error {
	p := &templates.AdminStaffPage{Search: strings.TrimSpace(c.Query("q"))}
	p.Title = "员工账号"
	list, err := s.Store.StaffList(c.Request.Context(), p.Search, xunjia.Page{After: c.Query("after")})
	if err != nil {
		return err
	}
	p.Items, p.Next = list.Items, nextPage(c, list.Next)
	p.CanAdd = len(manageable(visitOf(c).staff.Role)) > 0
	return s.renderAdmin(c, http.StatusOK, p)
}

// nextPage is the address of the part after, with the filters of this one; ""
// at the end.
func nextPage(c *gin.Context, after string) string {
	if after == "" {
		return ""
	}
	q := c.Request.URL.Query()
	q.Set("after", after)
	return c.Request.URL.Path + "?" + q.Encode()
}

// manageable lists the roles that a role may give.
func manageable(by xunjia.Role) []templates.Option {
	var list []templates.Option
	for _, role := range xunjia.Roles() {
		if by.Manages(role) {
			list = append(list, templates.Option{Value: string(role), Text: role.String()})
		}
	}
	return list
}

func (s *Site) showNewStaff(c *gin.Context) error {
	return s.renderNewStaff(c, http.StatusOK, templates.Form{Values: url.Values{"role": {string(xunjia.ServiceRole)}}})
}

func (s *Site) renderNewStaff(c *gin.Context, code int, f templates.Form) error {
	p := &templates.AdminStaffNewPage{Form: f, Roles: manageable(visitOf(c).staff.Role)}
	p.Title = "新建员工账号"
	return s.renderAdmin(c, code, p)
}

func (s *Site) createStaff(c *gin.Context) error {
	f := s.form(c)
	next := xunjia.Staff{Login: strings.TrimSpace(f.Value("login")), Name: strings.TrimSpace(f.Value("name")), Role: xunjia.Role(f.Value("role"))}
	_, link, err := s.Store.CreateStaff(c.Request.Context(), visitOf(c).staff.ID, next, staffLinkLife)
	if err != nil {
		if !formErrors(&f, err) {
			return err
		}
		return s.renderNewStaff(c, status(known(err).Code), f)
	}
	return s.showStaffLink(c, next, link)
}

// showStaffLink shows a one-time link, once.
func (s *Site) showStaffLink(c *gin.Context, staff xunjia.Staff, link string) error {
	p := &templates.AdminStaffLinkPage{Staff: staff, Link: s.BaseURL + "/admin/enter?" + url.Values{"token": {link}}.Encode(), Hours: int(staffLinkLife.Hours())}
	p.Title = "一次性链接"
	c.Header("Referrer-Policy", "same-origin")
	return s.renderAdmin(c, http.StatusOK, p)
}

func (s *Site) showStaff(c *gin.Context) error {
	staff, err := s.staffParam(c)
	if err != nil {
		return err
	}
	f := templates.Form{Values: url.Values{"name": {staff.Name}, "role": {string(staff.Role)}}}
	if staff.Disabled {
		f.Values.Set("disabled", "1")
	}
	return s.renderStaff(c, http.StatusOK, staff, f)
}

// staffParam is the member of staff whom the address names.
func (s *Site) staffParam(c *gin.Context) (xunjia.Staff, error) {
	id, err := idParam(c)
	if err != nil {
		return xunjia.Staff{}, err
	}
	return s.Store.Staff(c.Request.Context(), id)
}

func (s *Site) renderStaff(c *gin.Context, code int, staff xunjia.Staff, f templates.Form) error {
	me := visitOf(c).staff
	p := &templates.AdminStaffOnePage{Form: f, Staff: staff, Roles: manageable(me.Role), CanChange: me.Role.Manages(staff.Role), Self: me.ID == staff.ID}
	p.Title = staff.Called()
	logins, err := s.Store.StaffLogins(c.Request.Context(), staff.ID, xunjia.Page{After: c.Query("after")})
	if err != nil {
		return err
	}
	p.Logins, p.Next = logins.Items, nextPage(c, logins.Next)
	return s.renderAdmin(c, code, p)
}

func (s *Site) saveStaff(c *gin.Context) error {
	staff, err := s.staffParam(c)
	if err != nil {
		return err
	}
	f := s.form(c)
	next := staff
	next.Name, next.Role, next.Disabled = strings.TrimSpace(f.Value("name")), xunjia.Role(f.Value("role")), f.Value("disabled") != ""
	if err := s.Store.ChangeStaff(c.Request.Context(), visitOf(c).staff.ID, next); err != nil {
		if !formErrors(&f, err) {
			return err
		}
		return s.renderStaff(c, status(known(err).Code), staff, f)
	}
	s.flash(c, "已保存")
	s.redirect(c, "/admin/staff")
	return nil
}

func (s *Site) resetStaff(c *gin.Context) error {
	staff, err := s.staffParam(c)
	if err != nil {
		return err
	}
	if staff.ID == visitOf(c).staff.ID {
		return xunjia.Errorf(xunjia.Conflict, "自己的密码请在“我的账号”里修改")
	}
	link, err := s.Store.ResetStaff(c.Request.Context(), visitOf(c).staff.ID, staff.ID, staffLinkLife)
	if err != nil {
		return err
	}
	return s.showStaffLink(c, staff, link)
}

// staffLogins is the login log of everybody.
func (s *Site) staffLogins(c *gin.Context) error {
	ctx := c.Request.Context()
	list, err := s.Store.StaffLogins(ctx, 0, xunjia.Page{After: c.Query("after")})
	if err != nil {
		return err
	}
	names, err := s.Store.StaffNames(ctx)
	if err != nil {
		return err
	}
	p := &templates.AdminLoginsPage{Items: list.Items, Names: names, Next: nextPage(c, list.Next)}
	p.Title = "登录日志"
	return s.renderAdmin(c, http.StatusOK, p)
}
