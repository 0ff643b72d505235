package handlers

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/gin-gonic/gin"

	"github.com/xunjia/xunjia"
	"github.com/xunjia/xunjia/media"
	"github.com/xunjia/xunjia/templates"
)

// listMedia shows the newest pictures and files. The owner is named by his phone
// or his number.
func (s *Site) listMedia(c *gin.Context) error {
	ctx := c.Request.Context()
	p := &templates.AdminMediaPage{Form: templates.Form{Values: c.Request.URL.Query(), Errors: map[string]string{}}}
	p.Title = "图片和文件"
	filter, ok := mediaFilter(p.Form)
	if !ok {
		p.Form.Errors["owner"] = "请填写 11 位手机号或用户编号"
		return s.renderAdmin(c, http.StatusUnprocessableEntity, p)
	}
	p.Filtered = filter != (xunjia.MediaFilter{})
	list, err := s.Store.MediaList(ctx, filter, xunjia.Page{After: c.Query("after"), Limit: 24})
	if err != nil {
		return err
	}
	var owners []int64
	for _, m := range list.Items {
		owners = append(owners, m.OwnerID)
	}
	people, err := s.Store.Users(ctx, owners)
	if err != nil {
		return err
	}
	for _, m := range list.Items {
		p.Rows = append(p.Rows, templates.MediaRow{Media: m.Media, Uses: m.Uses, Owner: people[m.OwnerID]})
	}
	if list.Next != "" {
		q := c.Request.URL.Query()
		q.Set("after", list.Next)
		p.Next = "/admin/media?" + q.Encode()
	}
	return s.renderAdmin(c, http.StatusOK, p)
}

// mediaFilter reads the list's filters; false when the owner is none.
func mediaFilter(form templates.Form) (f xunjia.MediaFilter, ok bool) {
	if use := xunjia.MediaUse(form.Value("use")); slices.Contains(xunjia.MediaUses(), use) {
		f.Use = use
	}
	owner := strings.TrimSpace(form.Value("owner"))
	if owner == "" {
		return f, true
	}
	if phone, err := xunjia.ParsePhone(owner); err == nil {
		f.Phone = phone
		return f, true
	}
	id, err := strconv.ParseInt(owner, 10, 64)
	f.OwnerID = id
	return f, err == nil && id > 0
}

func (s *Site) showMedia(c *gin.Context) error {
	m, err := s.publicMedia(c)
	if err != nil {
		return err
	}
	values := url.Values{"x": {strconv.Itoa(m.Focus.X)}, "y": {strconv.Itoa(m.Focus.Y)}, "version": {strconv.FormatInt(m.CropVersion, 10)}}
	return s.renderMedia(c, http.StatusOK, m, templates.Form{Values: values, Errors: map[string]string{}})
}

func (s *Site) renderMedia(c *gin.Context, status int, m xunjia.Media, form templates.Form) error {
	p := &templates.AdminMediaOnePage{Media: m, Form: form}
	p.Title = "图片"
	if xunjia.IsFile(m.Key) {
		p.Title = m.Name
	}
	people, err := s.Store.Users(c.Request.Context(), []int64{m.OwnerID})
	if err != nil {
		return err
	}
	p.Owner = people[m.OwnerID]
	return s.renderAdmin(c, status, p)
}

// saveFocus makes the crops anew around the point that staff chose.
func (s *Site) saveFocus(c *gin.Context) error {
	ctx, f := c.Request.Context(), s.form(c)
	m, err := s.Store.Media(ctx, c.Param("key"))
	if err != nil {
		return err
	}
	number := func(field string) int {
		n, err := strconv.Atoi(strings.TrimSpace(f.Value(field)))
		if err != nil {
			return -1
		}
		return n
	}
	focus := xunjia.Focus{X: number("x"), Y: number("y")}
	if err = focus.Check(); err == nil && f.Value("version") != strconv.FormatInt(m.CropVersion, 10) {
		err = xunjia.Errorf(xunjia.Conflict, "别的同事刚刚改过这张图片，请刷新后再改")
	}
	if err == nil {
		err = s.recrop(ctx, m, focus, visitOf(c).staff.ID)
	}
	if err != nil {
		if !formErrors(&f, err) {
			return err
		}
		return s.renderMedia(c, status(xunjia.ErrorCode(err)), m, f)
	}
	s.flash(c, "裁切已更新")
	s.redirect(c, "/admin/media/"+m.Key)
	return nil
}

// recrop writes new crops under new names, then the row that names them, and
// deletes the old ones; whatever is interrupted, the row names crops that are
// there. What is left behind the sweep of blobs finds.
func (s *Site) recrop(ctx context.Context, m xunjia.Media, focus xunjia.Focus, staff int64) error {
	if xunjia.IsFile(m.Key) {
		return errNoPage()
	}
	original, err := s.Blobs.Open(ctx, media.Name(m.Key, media.Original))
	if err != nil {
		return err
	}
	defer original.Close()
	crops, err := s.Pictures.Recrop(ctx, original, media.Focus{X: float64(focus.X) / 1000, Y: float64(focus.Y) / 1000})
	if err != nil {
		return err
	}
	version := m.NextCrop(s.Clock())
	if err := media.SaveCrops(ctx, s.Blobs, m.Key, version, crops); err != nil {
		return err
	}
	obsolete := m.CropVersion
	err = s.Store.SaveFocus(ctx, m.Key, focus, m.CropVersion, version, staff)
	if err != nil {
		obsolete = version
	}
	// Not when nobody knows whether it was saved.
	if code := xunjia.ErrorCode(err); err == nil || code == xunjia.Conflict || code == xunjia.NotFound {
		if gone := media.RemoveCrops(context.WithoutCancel(ctx), s.Blobs, m.Key, obsolete); gone != nil {
			s.Log.WarnContext(ctx, "crops left behind", "error", gone)
		}
	}
	return err
}

// publicMedia is the media of the address, unless it is private.
func (s *Site) publicMedia(c *gin.Context) (xunjia.Media, error) {
	key := c.Param("key")
	if xunjia.IsPrivate(key) {
		return xunjia.Media{}, errNoPage()
	}
	return s.Store.Media(c.Request.Context(), key)
}
