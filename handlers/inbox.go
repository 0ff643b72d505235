package handlers

import (
	"net/http"
	"slices"
	"strconv"

	"github.com/gin-gonic/gin"

	"github.com/xunjia/xunjia"
	"github.com/xunjia/xunjia/templates"
)

// inbox shows one tab; without a choice the first one with something unread.
func (s *Site) inbox(c *gin.Context) error {
	ctx, user := c.Request.Context(), visitOf(c).user.ID
	counts, err := s.Store.UnreadCounts(ctx, user)
	if err != nil {
		return err
	}
	p := &templates.InboxPage{Counts: counts}
	p.Title, p.Tab = "消息", templates.InboxTab
	if p.Type, err = noticeType(c.Query("type")); err != nil {
		p.Type = xunjia.PurchasingNotice
		for _, t := range xunjia.NotificationTypes() {
			if counts[t] > 0 {
				p.Type = t
				break
			}
		}
	}
	list, err := s.Store.Notifications(ctx, user, p.Type, xunjia.Page{After: c.Query("after")})
	if err != nil {
		return err
	}
	p.Items, p.Next = list.Items, list.Next
	return s.render(c, http.StatusOK, p)
}

// openNotification marks a notification as read and leads to its page.
func (s *Site) openNotification(c *gin.Context) error {
	ctx, user := c.Request.Context(), visitOf(c).user.ID
	id, err := idParam(c)
	if err != nil {
		return err
	}
	n, err := s.Store.Notification(ctx, id, user)
	if err != nil {
		return err
	}
	if err := s.Store.ReadNotification(ctx, id, user); err != nil {
		return err
	}
	path := s.safeReturn(n.Path)
	if path == "/" {
		path = "/inbox?type=" + strconv.Itoa(int(n.Type))
	}
	s.redirect(c, path)
	return nil
}

func (s *Site) readAll(c *gin.Context) error {
	t, err := noticeType(c.PostForm("type"))
	if err != nil {
		return err
	}
	if err := s.Store.ReadAll(c.Request.Context(), visitOf(c).user.ID, t); err != nil {
		return err
	}
	s.redirect(c, "/inbox?type="+strconv.Itoa(int(t)))
	return nil
}

func noticeType(text string) (xunjia.NotificationType, error) {
	n, err := strconv.Atoi(text)
	if t := xunjia.NotificationType(n); err == nil && slices.Contains(xunjia.NotificationTypes(), t) {
		return t, nil
	}
	return 0, xunjia.Errorf(xunjia.Invalid, "没有这类消息")
}

// idParam reads the number :id of the path; anything else is a page that does
// not exist.
func idParam(c *gin.Context) (int64, error) {
	id, err := strconv.ParseInt(c.Param("id"), 10, 64)
	if err != nil || id <= 0 {
		return 0, errNoPage()
	}
	return id, nil
}
