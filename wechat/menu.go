package wechat

import (
	"context"
	"errors"
	"net/url"
	"strconv"
	"unicode/utf8"

	"github.com/silenceper/wechat/v2/officialaccount/menu"
	"github.com/xunjia/xunjia"
)

// Button is a menu button, with or without sub-buttons.
type Button = menu.Button

// Menu is what fans see below the chat.
type Menu struct {
	ID      string // of a conditional menu, for DeleteConditionalMenu
	TagID   int64  // of the fans who see a conditional menu; 0 for the default one
	Buttons []*Button
}

// ValidateMenu checks the platform's limits, which it itself answers with a
// dozen different codes: 1–3 buttons with 1–5 sub-buttons; names up to 16 bytes
// (sub-buttons 60), keys 128 bytes, addresses 1,024 bytes. The error is Invalid.
func ValidateMenu(buttons []*Button) error {
	if len(buttons) < 1 || len(buttons) > 3 {
		return xunjia.Errorf(xunjia.Invalid, "一级菜单要有 1 到 3 个按钮")
	}
	for _, b := range buttons {
		if err := validateName(b, 16); err != nil {
			return err
		}
		if len(b.SubButtons) == 0 {
			if err := validateAction(b); err != nil {
				return err
			}
			continue
		}
		if len(b.SubButtons) > 5 {
			return xunjia.Errorf(xunjia.Invalid, "“%s”下面最多 5 个按钮", b.Name)
		}
		for _, sub := range b.SubButtons {
			if err := validateName(sub, 60); err != nil {
				return err
			}
			if len(sub.SubButtons) > 0 {
				return xunjia.Errorf(xunjia.Invalid, "菜单最多两级")
			}
			if err := validateAction(sub); err != nil {
				return err
			}
		}
	}
	return nil
}

func validateName(b *Button, most int) error {
	switch {
	case b == nil || b.Name == "":
		return xunjia.Errorf(xunjia.Invalid, "按钮没有名称")
	case !utf8.ValidString(b.Name) || len(b.Name) > most:
		return xunjia.Errorf(xunjia.Invalid, "按钮名称“%s”太长，最多 %d 个汉字", b.Name, most/3)
	}
	return nil
}

// validateAction checks what a button without sub-buttons does.
func validateAction(b *Button) error {
	switch b.Type {
	case "view":
		return validateURL(b)
	case "miniprogram":
		if b.AppID == "" || b.PagePath == "" {
			return xunjia.Errorf(xunjia.Invalid, "“%s”没有填写小程序和页面", b.Name)
		}
		return validateURL(b)
	case "click", "scancode_push", "scancode_waitmsg", "pic_sysphoto", "pic_photo_or_album", "pic_weixin", "location_select":
		if b.Key == "" || len(b.Key) > 128 {
			return xunjia.Errorf(xunjia.Invalid, "“%s”的 KEY 要有 1 到 128 个字节", b.Name)
		}
	case "media_id", "view_limited":
		if b.MediaID == "" {
			return xunjia.Errorf(xunjia.Invalid, "“%s”没有选择素材", b.Name)
		}
	default:
		return xunjia.Errorf(xunjia.Invalid, "“%s”没有选择动作", b.Name)
	}
	return nil
}

func validateURL(b *Button) error {
	u, err := url.Parse(b.URL)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" || len(b.URL) > 1024 {
		return xunjia.Errorf(xunjia.Invalid, "“%s”的网址要以 http:// 或 https:// 开头，1024 个字节以内", b.Name)
	}
	return nil
}

// CreateMenu replaces the default menu. Fans see it after up to five minutes.
func (a *Account) CreateMenu(ctx context.Context, buttons []*Button) error {
	if err := ValidateMenu(buttons); err != nil {
		return err
	}
	return a.post(ctx, "/cgi-bin/menu/create", map[string]any{"button": buttons}, nil)
}

// DeleteMenu removes the default menu and with it every conditional one.
func (a *Account) DeleteMenu(ctx context.Context) error {
	return a.get(ctx, "/cgi-bin/menu/delete", nil, nil)
}

// CreateConditionalMenu adds a menu for the fans with a tag, the one condition
// that the platform still has, and answers its id. Of several that match, the
// newest counts. There must be a default menu first. silenceper's MatchRule has
// no tag and drops the id.
func (a *Account) CreateConditionalMenu(ctx context.Context, buttons []*Button, tagID int64) (id string, err error) {
	if err := ValidateMenu(buttons); err != nil {
		return "", err
	}
	in := map[string]any{
		"button": buttons, "matchrule": map[string]string{"tag_id": strconv.FormatInt(tagID, 10)},
	}
	var out struct {
		ID looseInt `json:"menuid"`
	}
	err = a.post(ctx, "/cgi-bin/menu/addconditional", in, &out)
	return strconv.FormatInt(int64(out.ID), 10), err
}

// DeleteConditionalMenu removes one by its id.
func (a *Account) DeleteConditionalMenu(ctx context.Context, id string) error {
	return a.post(ctx, "/cgi-bin/menu/delconditional", map[string]string{"menuid": id}, nil)
}

// Menus answers the default menu and the conditional ones, without any error
// when there is none: both results are empty then.
func (a *Account) Menus(ctx context.Context) (menu Menu, conditional []Menu, err error) {
	type answer struct {
		Buttons []*Button `json:"button"`
		ID      looseInt  `json:"menuid"`
		Rule    struct {
			TagID   looseInt `json:"tag_id"`
			GroupID looseInt `json:"group_id"` // what tag_id was called
		} `json:"matchrule"`
	}
	var out struct {
		Menu        answer   `json:"menu"`
		Conditional []answer `json:"conditionalmenu"`
	}
	err = a.get(ctx, "/cgi-bin/menu/get", nil, &out)
	if e, ok := errors.AsType[*APIError](err); ok && e.Code == 46003 {
		return Menu{}, nil, nil
	}
	if err != nil {
		return Menu{}, nil, err
	}
	convert := func(m answer) Menu {
		tag := m.Rule.TagID
		if tag == 0 {
			tag = m.Rule.GroupID
		}
		return Menu{ID: strconv.FormatInt(int64(m.ID), 10), TagID: int64(tag), Buttons: m.Buttons}
	}
	for _, m := range out.Conditional {
		conditional = append(conditional, convert(m))
	}
	return convert(out.Menu), conditional, nil
}

// MatchMenu answers the buttons that one fan sees.
func (a *Account) MatchMenu(ctx context.Context, openID string) ([]*Button, error) {
	var out struct {
		Buttons []*Button `json:"button"`
	}
	err := a.post(ctx, "/cgi-bin/menu/trymatch", map[string]string{"user_id": openID}, &out)
	return out.Buttons, err
}
