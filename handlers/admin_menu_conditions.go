package handlers

import (
	"context"
	"net/http"
	"strconv"
	"strings"

	"github.com/gin-gonic/gin"

	"github.com/xunjia/xunjia"
	"github.com/xunjia/xunjia/templates"
	"github.com/xunjia/xunjia/wechat"
)

func (s *Site) showConditions(c *gin.Context) error {
	return s.renderConditions(c, http.StatusOK, &templates.AdminConditionsPage{})
}

// renderConditions lists the menus for tags.
func (s *Site) renderConditions(c *gin.Context, status int, p *templates.AdminConditionsPage) error {
	ctx := c.Request.Context()
	appID, err := s.needAccount()
	if err != nil {
		return err
	}
	p.Title = "个性化菜单"
	if p.Tags, err = s.Store.FanTags(ctx, appID); err != nil {
		return err
	}
	names := map[int64]string{}
	for _, t := range p.Tags {
		names[t.ID] = t.Name
	}
	staff, err := s.Store.StaffNames(ctx)
	if err != nil {
		return err
	}
	menus, err := s.Store.ConditionalMenus(ctx, appID)
	if err != nil {
		return err
	}
	_, actual, lookErr := s.actualMenus(ctx)
	if lookErr != nil {
		p.Problem = wechat.StaffText(lookErr)
	}
	there := map[string]bool{}
	for _, m := range actual {
		there[m.ID] = true
	}
	ours := map[string]bool{}
	for _, m := range menus {
		ours[m.MenuID] = true
		tag := names[m.TagID]
		if tag == "" {
			tag = "标签 " + strconv.FormatInt(m.TagID, 10)
		}
		p.Menus = append(p.Menus, templates.ConditionRow{ConditionalMenu: m, Tag: tag, Who: staff[m.Staff], Missing: lookErr == nil && !there[m.MenuID]})
	}
	for _, m := range actual {
		if !ours[m.ID] {
			p.Foreign++
		}
	}
	if p.Draft, err = s.draftButtons(ctx, appID); err != nil {
		return err
	}
	return s.renderAdmin(c, status, p)
}

func (s *Site) draftButtons(ctx context.Context, appID string) ([]xunjia.MenuButton, error) {
	draft, err := s.Store.MenuDraft(ctx, appID)
	if xunjia.ErrorCode(err) == xunjia.NotFound {
		return s.firstDraft(ctx, appID)
	}
	return draft.Buttons, err
}

// addCondition gives the fans with a tag the draft as their menu.
func (s *Site) addCondition(c *gin.Context) error {
	ctx := c.Request.Context()
	appID, err := s.needAccount()
	if err != nil {
		return err
	}
	p := &templates.AdminConditionsPage{Form: s.form(c)}
	tag, err := strconv.ParseInt(p.Form.Value("tag"), 10, 64)
	if err == nil {
		_, err = s.Store.FanTag(ctx, appID, tag)
	}
	if err != nil {
		p.Form.Errors["tag"] = "请选择标签"
		return s.renderConditions(c, http.StatusUnprocessableEntity, p)
	}
	buttons, err := s.draftButtons(ctx, appID)
	if err != nil {
		return err
	}
	if err := xunjia.ValidateMenu(buttons); err != nil {
		p.Form.Errors["tag"] = "草稿还不能发布，请先改好草稿"
		return s.renderConditions(c, http.StatusUnprocessableEntity, p)
	}
	call, cancel := context.WithTimeout(ctx, publishTime)
	defer cancel()
	id, err := s.Account.CreateConditionalMenu(call, platformMenu(buttons), tag)
	if err != nil {
		return staffError(err)
	}
	_, err = s.Store.AddConditionalMenu(context.WithoutCancel(ctx), appID, xunjia.ConditionalMenu{MenuID: id, TagID: tag, Buttons: buttons, Staff: visitOf(c).staff.ID})
	if err != nil {
		return err
	}
	s.flash(c, "已生效，有这个标签的粉丝最晚 5 分钟后看到")
	s.redirect(c, "/admin/menu/conditions")
	return nil
}

// removeCondition deletes one, at the platform first.
func (s *Site) removeCondition(c *gin.Context) error {
	ctx := c.Request.Context()
	appID, err := s.needAccount()
	if err != nil {
		return err
	}
	id, err := idParam(c)
	if err != nil {
		return err
	}
	menus, err := s.Store.ConditionalMenus(ctx, appID)
	if err != nil {
		return err
	}
	for _, m := range menus {
		if m.ID != id {
			continue
		}
		call, cancel := context.WithTimeout(ctx, publishTime)
		defer cancel()
		if err := s.Account.DeleteConditionalMenu(call, m.MenuID); err != nil {
			// One that is gone already, for instance with the default menu.
			_, actual, lookErr := s.actualMenus(ctx)
			if lookErr != nil || hasMenu(actual, m.MenuID) {
				return staffError(err)
			}
		}
		if err := s.Store.RemoveConditionalMenu(context.WithoutCancel(ctx), appID, id, visitOf(c).staff.ID); err != nil {
			return err
		}
		s.flash(c, "已删除，这些粉丝会看到默认菜单")
		s.redirect(c, "/admin/menu/conditions")
		return nil
	}
	return errNoPage()
}

func hasMenu(menus []wechat.Menu, id string) bool {
	for _, m := range menus {
		if m.ID == id {
			return true
		}
	}
	return false
}

// matchMenu shows the menu that one fan sees.
func (s *Site) matchMenu(c *gin.Context) error {
	ctx := c.Request.Context()
	p := &templates.AdminConditionsPage{}
	openID := strings.TrimSpace(c.Query("fan"))
	p.Match.Fan = openID
	if openID == "" {
		return s.renderConditions(c, http.StatusOK, p)
	}
	appID, err := s.needAccount()
	if err != nil {
		return err
	}
	if id, err := strconv.ParseInt(openID, 10, 64); err == nil {
		fan, err := s.Store.Fan(ctx, appID, id)
		if err == nil {
			openID = fan.OpenID
		} else if xunjia.ErrorCode(err) != xunjia.NotFound {
			return err
		}
	}
	call, cancel := context.WithTimeout(ctx, menuLookTime)
	defer cancel()
	buttons, err := s.Account.MatchMenu(call, openID)
	if err != nil {
		p.Match.Problem = wechat.StaffText(err)
	}
	p.Match.Buttons = menuOf(buttons)
	return s.renderConditions(c, http.StatusOK, p)
}
