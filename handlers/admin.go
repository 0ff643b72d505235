package handlers

import (
	"net/http"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/xunjia/xunjia"
	"github.com/xunjia/xunjia/templates"
)

// staffCookie is apart from the users' cookie: one browser may be both.
const staffCookie = "staff"

// recogniseStaff lets staff in only.
func (s *Site) recogniseStaff(c *gin.Context) error {
	token, err := c.Cookie(s.cookieName(staffCookie))
	if err == nil && token != "" {
		session, err := s.Store.SessionByToken(c.Request.Context(), token)
		if err == nil && session.StaffID != 0 {
			visitOf(c).staff = session
			return nil
		}
		if err != nil && xunjia.ErrorCode(err) != xunjia.Unauthorized {
			return err
		}
	}
	return xunjia.Errorf(xunjia.Unauthorized, "请用管理员链接进入后台")
}

// renderAdminError shows an error in the console's dress.
func (s *Site) renderAdminError(c *gin.Context, err error) {
	e, v := known(err), visitOf(c)
	if wantsJSON(c) {
		s.renderError(c, err)
		return
	}
	if code := status(e.Code); code >= 500 || e.Err != nil {
		v.err = e
	}
	p := &templates.AdminMessagePage{Heading: e.Message, Text: "在服务器上运行 xunjia admin link，可以得到一个新的一次性链接。"}
	if e.Code != xunjia.Unauthorized {
		p.Text = "请返回重试。"
	}
	if renderErr := s.renderAdmin(c, status(e.Code), p); renderErr != nil {
		v.err = renderErr
		c.String(status(e.Code), "系统出了点问题，编号 %s\n", v.requestID)
	}
}

// renderAdmin shows a page of the console; forms in it carry the token of the
// staff session.
func (s *Site) renderAdmin(c *gin.Context, status int, p templates.Page) error {
	l := p.Base()
	if id := visitOf(c).staff.ID; id != "" {
		l.FormToken = s.tokens.make(id)
	} else {
		l.Plain = true
	}
	return s.render(c, status, p)
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
	if err != nil {
		switch xunjia.ErrorCode(err) {
		case xunjia.NotFound, xunjia.Unauthorized, xunjia.Invalid, xunjia.Conflict:
			err = &xunjia.Error{Code: xunjia.Unauthorized, Message: "这个链接已经用过或已失效", Err: err}
		}
		s.renderAdminError(c, err)
		return nil
	}
	token, _, err := s.Store.StartSession(ctx, xunjia.Session{Kind: xunjia.StaffSession, StaffID: staffID})
	if err != nil {
		return err
	}
	s.setCookie(c, staffCookie, token, xunjia.StaffSession.Absolute())
	s.redirect(c, "/admin")
	return nil
}

func (s *Site) leaveAdmin(c *gin.Context) error {
	if token, err := c.Cookie(s.cookieName(staffCookie)); err == nil {
		if err := s.Store.EndSession(c.Request.Context(), token); err != nil {
			return err
		}
	}
	s.setCookie(c, staffCookie, "", -time.Second)
	s.redirect(c, "/")
	return nil
}

func (s *Site) dashboard(c *gin.Context) error {
	p := &templates.AdminDashboardPage{}
	p.Title = "概况"
	return s.renderAdmin(c, http.StatusOK, p)
}
