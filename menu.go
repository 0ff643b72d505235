package xunjia

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// MenuAction is what a button of the account's menu does when it is tapped; the
// values are the platform's.
type MenuAction string

// The actions that the console offers. Mini programs and articles need things
// that this program does not manage.
const (
	MenuView       MenuAction = "view"               // opens the address Value
	MenuClick      MenuAction = "click"              // pushes Value; the answer comes in the chat
	MenuScan       MenuAction = "scancode_push"      // scans; WeChat shows the result
	MenuScanWait   MenuAction = "scancode_waitmsg"   // scans; the answer comes in the chat
	MenuPhoto      MenuAction = "pic_sysphoto"       // takes a picture
	MenuPhotoAlbum MenuAction = "pic_photo_or_album" // takes or chooses one
	MenuAlbum      MenuAction = "pic_weixin"         // chooses one of WeChat's album
	MenuPlace      MenuAction = "location_select"    // chooses a place on the map
	MenuMedia      MenuAction = "media_id"           // sends the material Value
)

// MenuActions lists the actions in the order in which forms offer them.
func MenuActions() []MenuAction {
	return []MenuAction{MenuView, MenuClick, MenuScan, MenuScanWait, MenuPhoto, MenuPhotoAlbum, MenuAlbum, MenuPlace, MenuMedia}
}

// String is the action's Chinese name, "" for an unknown one.
func (a MenuAction) String() string {
	switch a {
	case MenuView:
		return "打开网页"
	case MenuClick:
		return "聊天里回复"
	case MenuScan:
		return "扫一扫"
	case MenuScanWait:
		return "扫一扫并等待回复"
	case MenuPhoto:
		return "拍照"
	case MenuPhotoAlbum:
		return "拍照或从相册选择"
	case MenuAlbum:
		return "从微信相册选择"
	case MenuPlace:
		return "选择位置"
	case MenuMedia:
		return "发送素材"
	}
	return ""
}

// Code is the action as it is stored and sent.
func (a MenuAction) Code() string { return string(a) }

// ValueName says what Value of a button with this action is.
func (a MenuAction) ValueName() string {
	switch a {
	case MenuView:
		return "网址"
	case MenuMedia:
		return "素材编号 media_id"
	}
	return "KEY"
}

// MenuButton is one button. With Sub it only opens them, and Action and Value
// do not count.
type MenuButton struct {
	Name   string       `json:"name"`
	Action MenuAction   `json:"action,omitempty"`
	Value  string       `json:"value,omitempty"` // address, key or material, by Action
	Sub    []MenuButton `json:"sub,omitempty"`
}

// The platform's limits of a menu (自定义菜单创建接口), in buttons and bytes.
const (
	MaxMenuButtons    = 3
	MaxMenuSubButtons = 5
	maxMenuName       = 16
	maxMenuSubName    = 60
	maxMenuKey        = 128
	maxMenuURL        = 1024
)

// Equal tells whether fans see and get the same.
func (b MenuButton) Equal(o MenuButton) bool {
	if b.Name != o.Name || !slices.EqualFunc(b.Sub, o.Sub, MenuButton.Equal) {
		return false
	}
	return len(b.Sub) > 0 || b.Action == o.Action && b.Value == o.Value
}

// SameMenu tells whether two menus are Equal, button by button.
func SameMenu(a, b []MenuButton) bool { return slices.EqualFunc(a, b, MenuButton.Equal) }

// ValidateMenu checks a menu against the platform's limits. The error is
// Invalid; its fields are "b0", "b0.name", "b0.1.value": the button, the
// sub-button, what is wrong of it. "menu" is the menu as a whole.
func ValidateMenu(buttons []MenuButton) error {
	f := FieldErrors{}
	if len(buttons) == 0 {
		f.Add("menu", "至少要有一个按钮")
	}
	if len(buttons) > MaxMenuButtons {
		f.Add("menu", "一级菜单最多 %d 个按钮", MaxMenuButtons)
	}
	for i, b := range buttons {
		field := fmt.Sprintf("b%d", i)
		validateMenuName(f, field, b.Name, maxMenuName)
		if len(b.Sub) == 0 {
			validateMenuAction(f, field, b)
			continue
		}
		if len(b.Sub) > MaxMenuSubButtons {
			f.Add(field, "一个菜单下面最多 %d 个子按钮", MaxMenuSubButtons)
		}
		for j, sub := range b.Sub {
			field := fmt.Sprintf("b%d.%d", i, j)
			validateMenuName(f, field, sub.Name, maxMenuSubName)
			if len(sub.Sub) > 0 {
				f.Add(field, "菜单最多两级")
				continue
			}
			validateMenuAction(f, field, sub)
		}
	}
	return f.Err()
}

func validateMenuName(f FieldErrors, field, name string, most int) {
	switch {
	case strings.TrimSpace(name) == "":
		f.Add(field+".name", "请填写名称")
	case !utf8.ValidString(name):
		f.Add(field+".name", "名称里有无法识别的字符")
	case len(name) > most:
		f.Add(field+".name", "名称太长：%d 个字节，最多 %d 个（%d 个汉字或 %d 个字母）", len(name), most, most/3, most)
	}
}

func validateMenuAction(f FieldErrors, field string, b MenuButton) {
	switch {
	case b.Action.String() == "":
		f.Add(field+".action", "请选择点击后做什么")
	case b.Value == "":
		f.Add(field+".value", "请填写%s", b.Action.ValueName())
	case b.Action == MenuView:
		u, err := url.Parse(b.Value)
		if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
			f.Add(field+".value", "网址要以 http:// 或 https:// 开头")
		} else if len(b.Value) > maxMenuURL {
			f.Add(field+".value", "网址太长：%d 个字节，最多 %d 个", len(b.Value), maxMenuURL)
		}
	case len(b.Value) > maxMenuKey && b.Action != MenuMedia:
		f.Add(field+".value", "KEY 太长：%d 个字节，最多 %d 个", len(b.Value), maxMenuKey)
	}
}

// MenuState is where a version of the menu stands.
type MenuState string

// The states.
const (
	MenuDraft      MenuState = "draft"      // being edited; staff move it nowhere, publishing copies it
	MenuPublishing MenuState = "publishing" // handed to the platform, whose answer is not noted yet
	MenuPublished  MenuState = "published"  // the platform took it
	MenuFailed     MenuState = "failed"     // the platform refused it
)

// String is the state's Chinese name.
func (s MenuState) String() string {
	switch s {
	case MenuDraft:
		return "草稿"
	case MenuPublishing:
		return "结果未知"
	case MenuPublished:
		return "已发布"
	case MenuFailed:
		return "发布失败"
	}
	return string(s)
}

// MenuVersion is a menu as it was handed to the platform, or the draft.
type MenuVersion struct {
	ID          int64
	Number      int64 // from 1; 0 for the draft
	State       MenuState
	Buttons     []MenuButton
	Staff       int64  // who published or saved it; 0: the program at its first start
	Origin      int64  // the number of the version that this one repeats; 0 for none
	Reason      string // why it failed
	CreatedAt   time.Time
	PublishedAt time.Time
}

// ConditionalMenu is a menu for the fans with a tag.
type ConditionalMenu struct {
	ID        int64
	MenuID    string // the platform's id
	TagID     int64
	Buttons   []MenuButton
	Staff     int64
	CreatedAt time.Time
}
