package handlers

import (
	"context"
	"crypto/rand"
	"net/http"
	"strconv"
	"strings"

	"github.com/gin-gonic/gin"

	"github.com/xunjia/xunjia"
	"github.com/xunjia/xunjia/templates"
)

// announcements lists what staff told many people at once.
func (s *Site) announcements(c *gin.Context) error {
	ctx := c.Request.Context()
	p := &templates.AdminAnnouncementsPage{}
	p.Title = "系统通知"
	list, err := s.Store.Announcements(ctx, xunjia.Page{After: c.Query("after")})
	if err != nil {
		return err
	}
	p.Next = nextPage(c, list.Next)
	if p.Rows, err = s.announcementRows(ctx, list.Items...); err != nil {
		return err
	}
	return s.renderAdmin(c, http.StatusOK, p)
}

// announcementRows adds who sent the announcements, and to whom.
func (s *Site) announcementRows(ctx context.Context, list ...xunjia.Announcement) ([]templates.AnnouncementRow, error) {
	staff, err := s.Store.StaffNames(ctx)
	if err != nil {
		return nil, err
	}
	goods, err := s.Store.Categories(ctx)
	if err != nil {
		return nil, err
	}
	names := map[int64]string{}
	for _, c := range goods {
		names[c.ID] = c.Name
	}
	rows := make([]templates.AnnouncementRow, 0, len(list))
	for _, a := range list {
		rows = append(rows, templates.AnnouncementRow{Announcement: a, Who: staff[a.StaffID], Audience: a.To.Name(names[a.To.CategoryID])})
	}
	return rows, nil
}

func (s *Site) newAnnouncement(c *gin.Context) error {
	return s.renderNewAnnouncement(c, http.StatusOK, templates.Form{})
}

func (s *Site) renderNewAnnouncement(c *gin.Context, status int, f templates.Form) error {
	goods, err := s.Store.Categories(c.Request.Context())
	if err != nil {
		return err
	}
	p := &templates.AdminAnnouncementNewPage{Form: f, Goods: goods}
	p.Title = "发布系统通知"
	return s.renderAdmin(c, status, p)
}

// announcementOf reads the form; it complains on the field that is wrong.
func (s *Site) announcementOf(ctx context.Context, f templates.Form) (a xunjia.Announcement, category string, err error) {
	a = xunjia.Announcement{Title: f.Value("title"), Text: newlines(f.Value("text")), To: xunjia.AnnouncementAudience{Province: xunjia.Area(f.Value("province"))}}
	if kind := f.Value("kind"); kind != "" {
		n, err := strconv.Atoi(kind)
		if a.To.Kind = xunjia.BusinessKind(n); err != nil || n == 0 {
			a.To.Kind = -1 // refused by Check
		}
	}
	a, err = a.Check()
	if name := strings.TrimSpace(f.Value("category")); name != "" && err == nil {
		goods, failed := s.Store.Categories(ctx)
		if failed != nil {
			return a, "", failed
		}
		for _, g := range goods {
			if g.Name == name {
				a.To.CategoryID, category = g.ID, name
			}
		}
		if category == "" {
			complaint := xunjia.FieldErrors{}
			complaint.Add("category", "没有叫“%s”的品种，请从列表中选择", name)
			err = complaint.Err()
		}
	}
	return a, category, err
}

// previewAnnouncement shows what will be told to how many before it is.
func (s *Site) previewAnnouncement(c *gin.Context) error {
	ctx := c.Request.Context()
	f := s.form(c)
	a, category, err := s.announcementOf(ctx, f)
	if err == nil && f.Value("edit") != "" {
		return s.renderNewAnnouncement(c, http.StatusOK, f)
	}
	if err != nil {
		if !formErrors(&f, err) {
			return err
		}
		return s.renderNewAnnouncement(c, status(xunjia.ErrorCode(err)), f)
	}
	p := &templates.AdminAnnouncementPreviewPage{Form: f, Announcement: a, Audience: a.To.Name(category), Once: rand.Text()}
	p.Title = "确认系统通知"
	if p.Reach, err = s.Store.AnnouncementReach(ctx, a.To); err != nil {
		return err
	}
	return s.renderAdmin(c, http.StatusOK, p)
}

func (s *Site) announce(c *gin.Context) error {
	ctx := c.Request.Context()
	f := s.form(c)
	a, _, err := s.announcementOf(ctx, f)
	if err == nil {
		a.StaffID = visitOf(c).staff.ID
		a, err = s.Store.Announce(ctx, a, f.Value("once"))
	}
	if err != nil {
		if !formErrors(&f, err) {
			return err
		}
		return s.renderNewAnnouncement(c, status(xunjia.ErrorCode(err)), f)
	}
	s.Outbox.Wake()
	s.flash(c, "通知已发布，正在送到收件箱")
	s.redirect(c, "/admin"+xunjia.AnnouncementPath(a.ID))
	return nil
}

func (s *Site) adminAnnouncement(c *gin.Context) error {
	return s.renderAnnouncement(c, http.StatusOK, "")
}

func (s *Site) renderAnnouncement(c *gin.Context, status int, complaint string) error {
	ctx := c.Request.Context()
	id, err := idParam(c)
	if err != nil {
		return err
	}
	a, err := s.Store.Announcement(ctx, id)
	if err != nil {
		return err
	}
	rows, err := s.announcementRows(ctx, a)
	if err != nil {
		return err
	}
	p := &templates.AdminAnnouncementPage{AnnouncementRow: rows[0], Complaint: complaint}
	if p.Told, p.Read, p.More, err = s.Store.AnnouncementFigures(ctx, a); err != nil {
		return err
	}
	p.Title = a.Title
	return s.renderAdmin(c, status, p)
}

func (s *Site) withdrawAnnouncement(c *gin.Context) error {
	id, err := idParam(c)
	if err != nil {
		return err
	}
	err = s.Store.WithdrawAnnouncement(c.Request.Context(), visitOf(c).staff.ID, id)
	if xunjia.ErrorCode(err) == xunjia.Conflict {
		return s.renderAnnouncement(c, http.StatusConflict, known(err).Message)
	}
	if err != nil {
		return err
	}
	s.flash(c, "通知已撤回，收件箱里的很快会消失")
	s.redirect(c, "/admin"+xunjia.AnnouncementPath(id))
	return nil
}

// announcement shows it to somebody who was told of it.
func (s *Site) announcement(c *gin.Context) error {
	id, err := idParam(c)
	if err != nil {
		return err
	}
	p := &templates.AnnouncementPage{}
	if p.Announcement, err = s.Store.AnnouncementTo(c.Request.Context(), id, visitOf(c).user.ID); err != nil {
		return err
	}
	p.Title, p.Tab = "系统通知", templates.InboxTab
	return s.render(c, http.StatusOK, p)
}
