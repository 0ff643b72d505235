package handlers

import (
	"context"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/gin-gonic/gin"

	"github.com/xunjia/xunjia"
	"github.com/xunjia/xunjia/templates"
)

// fanFilter reads the list's filters.
func fanFilter(c *gin.Context) xunjia.FanFilter {
	f := xunjia.FanFilter{Query: strings.TrimSpace(c.Query("q"))}
	yes, no := true, false
	switch c.Query("state") {
	case "following":
		f.Following = &yes
	case "gone":
		f.Following = &no
	case "blocked":
		f.Blocked = &yes
	}
	switch c.Query("registered") {
	case "yes":
		f.Registered = &yes
	case "no":
		f.Registered = &no
	}
	f.Tag, _ = strconv.ParseInt(c.Query("tag"), 10, 64)
	return f
}

func (s *Site) listFans(c *gin.Context) error {
	ctx := c.Request.Context()
	appID, err := s.needAccount()
	if err != nil {
		return err
	}
	p := &templates.AdminFansPage{Form: templates.Form{Values: c.Request.URL.Query()}}
	p.Title, p.CanEdit = "粉丝", visitOf(c).staff.Role.Can(xunjia.EditFans)
	filter := fanFilter(c)
	list, err := s.Store.Fans(ctx, appID, filter, xunjia.Page{After: c.Query("after")})
	if err != nil {
		return err
	}
	p.Fans = list.Items
	if list.Next != "" {
		q := c.Request.URL.Query()
		q.Set("after", list.Next)
		p.Next = "/admin/fans?" + q.Encode()
	}
	p.Filtered = filter != (xunjia.FanFilter{})
	if p.Tags, err = s.Store.FanTags(ctx, appID); err != nil {
		return err
	}
	if p.Sync, err = s.Store.FanSync(ctx, appID); err != nil {
		return err
	}
	return s.renderAdmin(c, http.StatusOK, p)
}

// startFanSync asks for all fans; the work is done in the background.
func (s *Site) startFanSync(c *gin.Context) error {
	appID, err := s.needAccount()
	if err != nil {
		return err
	}
	if err := s.Store.StartFanSync(c.Request.Context(), appID, visitOf(c).staff.ID); err != nil && xunjia.ErrorCode(err) != xunjia.Conflict {
		return err
	}
	s.wakeFanSync()
	s.redirect(c, "/admin/fans")
	return nil
}

// fanOfParam reads the fan that the address names.
func (s *Site) fanOfParam(c *gin.Context) (appID string, f xunjia.Fan, err error) {
	if appID, err = s.needAccount(); err != nil {
		return "", f, err
	}
	id, err := idParam(c)
	if err != nil {
		return "", f, err
	}
	f, err = s.Store.Fan(c.Request.Context(), appID, id)
	return appID, f, err
}

// fanDeliveries is how many notifications a fan's page lists.
const fanDeliveries = 10

func (s *Site) showFan(c *gin.Context) error {
	appID, f, err := s.fanOfParam(c)
	if err != nil {
		return err
	}
	return s.renderFan(c, http.StatusOK, appID, f, templates.Form{Values: url.Values{"remark": {f.Remark}}, Errors: map[string]string{}})
}

func (s *Site) renderFan(c *gin.Context, status int, appID string, f xunjia.Fan, form templates.Form) error {
	ctx := c.Request.Context()
	p := &templates.AdminFanPage{Fan: f, Form: form, CanEdit: visitOf(c).staff.Role.Can(xunjia.EditFans)}
	p.Title = f.Called()
	if visitOf(c).staff.Role.Can(xunjia.ReadConversations) {
		talk, err := s.Store.ConversationWith(ctx, appID, f.OpenID)
		if err != nil && xunjia.ErrorCode(err) != xunjia.NotFound {
			return err
		}
		p.Talk = talk.ID
	}
	tags, err := s.Store.FanTags(ctx, appID)
	if err != nil {
		return err
	}
	has := map[int64]bool{}
	for _, id := range f.Tags {
		has[id] = true
	}
	for _, t := range tags {
		if has[t.ID] {
			p.Has = append(p.Has, t)
		} else {
			p.More = append(p.More, t)
		}
	}
	if f.UserID != 0 {
		sent, err := s.Store.DeliveriesTo(ctx, f.UserID, fanDeliveries)
		if err != nil {
			return err
		}
		for _, d := range sent {
			p.Sent = append(p.Sent, templates.FanDelivery{Kind: d.Kind.Spec().Name, Channel: d.Channel.Name(), State: deliveryWord(d.State), Reason: d.Reason, At: d.CreatedAt})
		}
	}
	return s.renderAdmin(c, status, p)
}

// deliveryWord is every state of a delivery in Chinese.
func deliveryWord(state xunjia.DeliveryState) string {
	switch state {
	case xunjia.DeliveryPending:
		return "等待发送"
	case xunjia.DeliverySending:
		return "正在发送"
	case xunjia.DeliverySent:
		return "已发送"
	case xunjia.DeliveryDelivered:
		return "已送达"
	case xunjia.DeliverySkipped:
		return "不需要发送"
	}
	return stateName(state)
}

// changeFan handles the buttons of a fan's page: at the platform first, then
// noted here.
func (s *Site) changeFan(c *gin.Context) error {
	ctx := c.Request.Context()
	appID, f, err := s.fanOfParam(c)
	if err != nil {
		return err
	}
	form, staff := s.form(c), visitOf(c).staff.ID
	call, cancel := context.WithTimeout(ctx, publishTime)
	defer cancel()
	note := context.WithoutCancel(ctx)
	said := ""
	switch form.Value("do") {
	case "remark":
		remark := strings.TrimSpace(form.Value("remark"))
		if err := xunjia.ValidateRemark(remark); err != nil {
			formErrors(&form, err)
			return s.renderFan(c, http.StatusUnprocessableEntity, appID, f, form)
		}
		if err = s.Account.SetRemark(call, f.OpenID, remark); err == nil {
			err, said = s.Store.SetFanRemark(note, appID, f.ID, staff, remark), "备注已保存"
		}
	case "block":
		if err = s.Account.Block(call, []string{f.OpenID}); err == nil {
			err, said = s.Store.SetFanBlocked(note, appID, f.ID, staff, true), "已加入黑名单，他发来的消息不再收到"
		}
	case "unblock":
		if err = s.Account.Unblock(call, []string{f.OpenID}); err == nil {
			err, said = s.Store.SetFanBlocked(note, appID, f.ID, staff, false), "已移出黑名单"
		}
	case "tag", "untag":
		err = s.tagFans(c, form.Value("do") == "tag", []xunjia.Fan{f})
		said = "标签已更新"
	default:
		return xunjia.Errorf(xunjia.Invalid, "没有这个操作")
	}
	if err != nil {
		return staffError(err)
	}
	s.flash(c, said)
	s.redirect(c, "/admin/fans/"+strconv.FormatInt(f.ID, 10))
	return nil
}

// tagFans puts the form's tag on up to 50 fans, or takes it off.
func (s *Site) tagFans(c *gin.Context, on bool, fans []xunjia.Fan) error {
	ctx := c.Request.Context()
	appID := s.Account.AppID()
	id, err := strconv.ParseInt(c.PostForm("tag"), 10, 64)
	if err != nil {
		return xunjia.Errorf(xunjia.Invalid, "请选择标签")
	}
	if _, err := s.Store.FanTag(ctx, appID, id); err != nil {
		return err
	}
	var openIDs []string
	var ids []int64
	for _, f := range fans {
		openIDs, ids = append(openIDs, f.OpenID), append(ids, f.ID)
	}
	call, cancel := context.WithTimeout(ctx, publishTime)
	defer cancel()
	change := s.Account.RemoveTag
	if on {
		change = s.Account.AddTag
	}
	if err := change(call, id, openIDs); err != nil {
		return err
	}
	return s.Store.TagFans(context.WithoutCancel(ctx), appID, visitOf(c).staff.ID, id, ids, on)
}

// tagChosen tags the fans that are ticked in the list.
func (s *Site) tagChosen(c *gin.Context) error {
	appID, err := s.needAccount()
	if err != nil {
		return err
	}
	var fans []xunjia.Fan
	for _, text := range c.PostFormArray("fan") {
		id, err := strconv.ParseInt(text, 10, 64)
		if err != nil || len(fans) >= xunjia.MaxTagging {
			return xunjia.Errorf(xunjia.Invalid, "一次最多选择 %d 位粉丝", xunjia.MaxTagging)
		}
		f, err := s.Store.Fan(c.Request.Context(), appID, id)
		if err != nil {
			return err
		}
		fans = append(fans, f)
	}
	if len(fans) == 0 {
		return xunjia.Errorf(xunjia.Invalid, "请先选择粉丝")
	}
	if err := s.tagFans(c, c.PostForm("do") != "untag", fans); err != nil {
		return staffError(err)
	}
	s.flash(c, "已更新 "+strconv.Itoa(len(fans))+" 位粉丝的标签")
	s.redirect(c, "/admin/fans")
	return nil
}

func (s *Site) showTags(c *gin.Context) error {
	return s.renderTags(c, http.StatusOK, templates.Form{Errors: map[string]string{}})
}

func (s *Site) renderTags(c *gin.Context, status int, f templates.Form) error {
	appID, err := s.needAccount()
	if err != nil {
		return err
	}
	p := &templates.AdminTagsPage{Form: f, Most: xunjia.MaxTags, CanEdit: visitOf(c).staff.Role.Can(xunjia.EditFans)}
	p.Title = "粉丝标签"
	if p.Tags, err = s.Store.FanTags(c.Request.Context(), appID); err != nil {
		return err
	}
	p.Asked, _ = strconv.ParseInt(c.Query("delete"), 10, 64)
	return s.renderAdmin(c, status, p)
}

// saveTag makes, renames or deletes a tag, at the platform first.
func (s *Site) saveTag(c *gin.Context) error {
	ctx := c.Request.Context()
	appID, err := s.needAccount()
	if err != nil {
		return err
	}
	f, staff := s.form(c), visitOf(c).staff.ID
	call, cancel := context.WithTimeout(ctx, publishTime)
	defer cancel()
	note := context.WithoutCancel(ctx)
	tag := xunjia.FanTag{Name: strings.TrimSpace(f.Value("name"))}
	do := f.Value("do")
	if do != "create" {
		id, _ := strconv.ParseInt(f.Value("tag"), 10, 64)
		known, err := s.Store.FanTag(ctx, appID, id)
		if err != nil {
			return err
		}
		if known.System() {
			return xunjia.Errorf(xunjia.Forbidden, "这是微信自带的标签，不能修改")
		}
		tag.ID, tag.Fans = known.ID, known.Fans
	}
	if do != "delete" {
		if err := xunjia.ValidateTagName(tag.Name); err != nil {
			formErrors(&f, err)
			return s.renderTags(c, http.StatusUnprocessableEntity, f)
		}
	}
	switch do {
	case "create":
		made, err := s.Account.CreateTag(call, tag.Name)
		if err != nil {
			return staffError(err)
		}
		tag.ID = int64(made.ID)
		err = s.Store.SaveFanTag(note, appID, staff, tag)
		if err != nil {
			return err
		}
	case "rename":
		if err := s.Account.RenameTag(call, tag.ID, tag.Name); err != nil {
			return staffError(err)
		}
		if err := s.Store.SaveFanTag(note, appID, staff, tag); err != nil {
			return err
		}
	case "delete":
		if err := s.Account.DeleteTag(call, tag.ID); err != nil {
			return staffError(err)
		}
		if err := s.Store.RemoveFanTag(note, appID, staff, tag.ID); err != nil {
			return err
		}
	default:
		return xunjia.Errorf(xunjia.Invalid, "没有这个操作")
	}
	s.flash(c, "标签已更新")
	s.redirect(c, "/admin/fans/tags")
	return nil
}
