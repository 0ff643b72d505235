package handlers

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/xunjia/xunjia"
	"github.com/xunjia/xunjia/templates"
	"github.com/xunjia/xunjia/wechat"
)

// menuLookTime bounds how long a page waits for what the platform has.
const menuLookTime = 3 * time.Second

// publishTime bounds a change at the platform.
const publishTime = 6 * time.Second

// needAccount answers the account's id, or why the page makes no sense.
func (s *Site) needAccount() (string, error) {
	if s.Account == nil {
		return "", xunjia.Errorf(xunjia.Unavailable, "还没有配置公众号")
	}
	return s.Account.AppID(), nil
}

// staffError shows what the platform said to staff, in their language.
func staffError(err error) error {
	_, refused := errors.AsType[*wechat.APIError](err)
	_, silent := errors.AsType[*wechat.CallError](err)
	if !refused && !silent {
		return err
	}
	return &xunjia.Error{Code: xunjia.Unavailable, Message: wechat.StaffText(err), Err: err}
}

func (s *Site) showMenu(c *gin.Context) error {
	ctx := c.Request.Context()
	appID, err := s.needAccount()
	if err != nil {
		return err
	}
	draft, err := s.Store.MenuDraft(ctx, appID)
	if xunjia.ErrorCode(err) == xunjia.NotFound {
		draft.Buttons, err = s.firstDraft(ctx, appID)
	}
	if err != nil {
		return err
	}
	return s.renderMenu(c, http.StatusOK, fillMenu(draft.Buttons))
}

// firstDraft is where editing begins: with what was published last, or else
// what the platform has, or else the default menu.
func (s *Site) firstDraft(ctx context.Context, appID string) ([]xunjia.MenuButton, error) {
	last, err := s.Store.PublishedMenu(ctx, appID)
	if xunjia.ErrorCode(err) != xunjia.NotFound {
		return last.Buttons, err
	}
	if actual, _, err := s.actualMenus(ctx); err == nil && len(actual.Buttons) > 0 {
		return menuOf(actual.Buttons), nil
	}
	return menuOf(DefaultMenu(s.BaseURL)), nil
}

func (s *Site) actualMenus(ctx context.Context) (wechat.Menu, []wechat.Menu, error) {
	ctx, cancel := context.WithTimeout(ctx, menuLookTime)
	defer cancel()
	return s.Account.Menus(ctx)
}

// renderMenu shows the editor with a form as it is.
func (s *Site) renderMenu(c *gin.Context, status int, f templates.Form) error {
	ctx := c.Request.Context()
	appID, err := s.needAccount()
	if err != nil {
		return err
	}
	p := &templates.AdminMenuPage{Form: f}
	p.Title = "自定义菜单"
	p.Preview, _ = parseMenu(f)
	if c.GetHeader("HX-Request") == "" { // a preview needs neither
		list, err := s.Store.MenuVersions(ctx, appID, xunjia.Page{After: c.Query("after")})
		if err != nil {
			return err
		}
		if p.Versions, err = s.menuRows(ctx, list.Items); err != nil {
			return err
		}
		p.Next = list.Next
		if p.Actual, err = s.compareMenu(ctx, appID); err != nil {
			return err
		}
	}
	return s.renderAdmin(c, status, p)
}

func (s *Site) menuRows(ctx context.Context, list []xunjia.MenuVersion) ([]templates.MenuRow, error) {
	names, err := s.Store.StaffNames(ctx)
	if err != nil {
		return nil, err
	}
	rows := make([]templates.MenuRow, len(list))
	for i, m := range list {
		rows[i] = templates.MenuRow{MenuVersion: m, Who: names[m.Staff]}
		if m.Staff == 0 {
			rows[i].Who = "系统"
		}
	}
	return rows, nil
}

// compareMenu looks at what fans really see.
func (s *Site) compareMenu(ctx context.Context, appID string) (templates.ActualMenu, error) {
	var a templates.ActualMenu
	last, err := s.Store.PublishedMenu(ctx, appID)
	if err != nil && xunjia.ErrorCode(err) != xunjia.NotFound {
		return a, err
	}
	actual, _, err := s.actualMenus(ctx)
	if err != nil {
		a.Problem = wechat.StaffText(err)
		return a, nil
	}
	a.Known, a.Number, a.Buttons = true, last.Number, menuOf(actual.Buttons)
	a.Differs = !xunjia.SameMenu(a.Buttons, last.Buttons)
	return a, nil
}

// saveMenu handles the editor's buttons: preview, move, save, and save to
// publish.
func (s *Site) saveMenu(c *gin.Context) error {
	ctx := c.Request.Context()
	appID, err := s.needAccount()
	if err != nil {
		return err
	}
	f := s.form(c)
	buttons, at := parseMenu(f)
	switch do := f.Value("do"); do {
	case "save", "publish":
		if do == "publish" {
			if err := xunjia.ValidateMenu(buttons); err != nil {
				menuErrors(&f, err, at)
				return s.renderMenu(c, http.StatusUnprocessableEntity, f)
			}
		}
		if len(c.Request.PostForm.Encode()) > 60<<10 {
			return xunjia.Errorf(xunjia.TooLarge, "菜单太大了")
		}
		if err := s.Store.SaveMenuDraft(ctx, appID, visitOf(c).staff.ID, buttons); err != nil {
			return err
		}
		if do == "publish" {
			s.redirect(c, "/admin/menu/versions/0")
			return nil
		}
		s.flash(c, "草稿已保存，粉丝看到的菜单没有变")
		s.redirect(c, "/admin/menu")
		return nil
	case "", "preview":
	default:
		moveSlot(f, do)
		buttons, at = parseMenu(f)
	}
	if err := xunjia.ValidateMenu(buttons); err != nil {
		menuErrors(&f, err, at)
		f.Message = ""
	}
	return s.renderMenu(c, http.StatusOK, f)
}

// menuOfParam reads the version that the address names; 0 is the draft.
func (s *Site) menuOfParam(c *gin.Context) (appID string, m xunjia.MenuVersion, err error) {
	if appID, err = s.needAccount(); err != nil {
		return "", m, err
	}
	number, err := strconv.ParseInt(c.Param("number"), 10, 64)
	if err != nil || number < 0 {
		return "", m, errNoPage()
	}
	m, err = s.Store.MenuVersion(c.Request.Context(), appID, number)
	return appID, m, err
}

// showMenuVersion shows a version, or the draft, beside what fans see now, and
// asks whether to publish it.
func (s *Site) showMenuVersion(c *gin.Context) error {
	appID, m, err := s.menuOfParam(c)
	if err != nil {
		return err
	}
	rows, err := s.menuRows(c.Request.Context(), []xunjia.MenuVersion{m})
	if err != nil {
		return err
	}
	p := &templates.AdminMenuVersionPage{Row: rows[0]}
	if p.Actual, err = s.compareMenu(c.Request.Context(), appID); err != nil {
		return err
	}
	p.Title = fmt.Sprintf("菜单第 %d 版", m.Number)
	if m.Number == 0 {
		p.Title = "发布菜单"
	}
	return s.renderAdmin(c, http.StatusOK, p)
}

// publishMenu hands a version, or the draft, to the platform.
func (s *Site) publishMenu(c *gin.Context) error {
	appID, m, err := s.menuOfParam(c)
	if err != nil {
		return err
	}
	next, err := s.publishVersion(c.Request.Context(), appID, visitOf(c).staff.ID, m.Number, m.Buttons)
	if err != nil {
		return staffError(err)
	}
	s.flash(c, fmt.Sprintf("第 %d 版已发布，粉丝最晚 5 分钟后看到", next.Number))
	s.redirect(c, "/admin/menu")
	return nil
}

// publishVersion notes a version, hands it to the platform and notes the answer.
func (s *Site) publishVersion(ctx context.Context, appID string, staff, origin int64, buttons []xunjia.MenuButton) (xunjia.MenuVersion, error) {
	m, err := s.Store.BeginMenuVersion(ctx, appID, staff, origin, buttons)
	if err != nil {
		return m, err
	}
	call, cancel := context.WithTimeout(ctx, publishTime)
	defer cancel()
	refused := s.Account.CreateMenu(call, platformMenu(buttons))
	reason := ""
	if refused != nil {
		reason = wechat.StaffText(refused)
	}
	// Whoever asked may have hung up meanwhile; the answer must be noted anyhow.
	if err := s.Store.FinishMenuVersion(context.WithoutCancel(ctx), m.ID, reason); err != nil {
		return m, err
	}
	return m, refused
}

// PublishMenu makes sure that the account has a menu: the last published
// version, or the default one as the first version. A menu that is there stays.
func (s *Site) PublishMenu(ctx context.Context) error {
	appID, err := s.needAccount()
	if err != nil {
		return err
	}
	last, err := s.Store.PublishedMenu(ctx, appID)
	if xunjia.ErrorCode(err) == xunjia.NotFound {
		_, err = s.publishVersion(ctx, appID, 0, 0, menuOf(DefaultMenu(s.BaseURL)))
		return err
	}
	if err != nil {
		return err
	}
	actual, _, err := s.Account.Menus(ctx)
	if err != nil || len(actual.Buttons) > 0 {
		return err
	}
	return s.Account.CreateMenu(ctx, platformMenu(last.Buttons))
}
