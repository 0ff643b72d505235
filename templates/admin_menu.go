package templates

import (
	"strconv"
	"time"

	"github.com/xunjia/xunjia"
)

// AdminMenuPage edits the account's menu. Its form has a slot for every button
// that the platform allows: b0.name, b0.action, b0.value, b0.0.name, …
type AdminMenuPage struct {
	Layout
	Form     Form
	Preview  []xunjia.MenuButton
	Actual   ActualMenu
	Versions []MenuRow
	Next     string // cursor of older versions
}

// Template implements Page.
func (*AdminMenuPage) Template() string { return "admin/menu" }

// MenuRow is a version with the name of who published it.
type MenuRow struct {
	xunjia.MenuVersion
	Who string
}

// ActualMenu is what the platform really has, beside what was published last.
type ActualMenu struct {
	Known   bool // the platform has told
	Problem string
	Differs bool
	Number  int64 // of the version published last; 0 for none
	Buttons []xunjia.MenuButton
}

// MenuSlot is a place for a button in the editor.
type MenuSlot struct {
	Form   Form
	Name   string // "b0", "b0.1"
	Label  string
	First  bool // cannot move towards the front
	Last   bool
	Sub    bool
	Filled bool
}

// Slots are the places for top buttons, each with those of its sub-buttons.
func (p *AdminMenuPage) Slots() [][]MenuSlot {
	var all [][]MenuSlot
	for i := range xunjia.MaxMenuButtons {
		name := "b" + strconv.Itoa(i)
		column := []MenuSlot{{Form: p.Form, Name: name, Label: "第 " + strconv.Itoa(i+1) + " 个按钮", First: i == 0, Last: i == xunjia.MaxMenuButtons-1}}
		for j := range xunjia.MaxMenuSubButtons {
			sub := name + "." + strconv.Itoa(j)
			column = append(column, MenuSlot{
				Form: p.Form, Name: sub, Label: "子按钮 " + strconv.Itoa(j+1), First: j == 0, Last: j == xunjia.MaxMenuSubButtons-1,
				Sub: true, Filled: p.Form.Value(sub+".name") != "" || p.Form.Value(sub+".value") != "",
			})
		}
		all = append(all, column)
	}
	return all
}

// Subs counts the filled sub-buttons of a column.
func (p *AdminMenuPage) Subs(column []MenuSlot) (n int) {
	for _, s := range column[1:] {
		if s.Filled {
			n++
		}
	}
	return n
}

// Parts are the fields of a slot, as complaints name them.
func (MenuSlot) Parts() []string { return []string{".name", ".action", ".value"} }

// Actions lists what a button may do.
func (MenuSlot) Actions() []xunjia.MenuAction { return xunjia.MenuActions() }

// AdminMenuVersionPage shows a version, or the draft, before it is published.
type AdminMenuVersionPage struct {
	Layout
	Row    MenuRow
	Actual ActualMenu
}

// Template implements Page.
func (*AdminMenuVersionPage) Template() string { return "admin/menu_version" }

// AdminConditionsPage lists the menus for tags.
type AdminConditionsPage struct {
	Layout
	Form    Form
	Tags    []xunjia.FanTag
	Menus   []ConditionRow
	Draft   []xunjia.MenuButton
	Problem string
	Foreign int // menus at the platform that are not ours
	Match   struct {
		Fan     string
		Problem string
		Buttons []xunjia.MenuButton
	}
}

// Template implements Page.
func (*AdminConditionsPage) Template() string { return "admin/menu_conditions" }

// ConditionRow is a menu for a tag; Missing when the platform has forgotten it.
type ConditionRow struct {
	xunjia.ConditionalMenu
	Tag, Who string
	Missing  bool
}

func accountSamples(now time.Time) []Sample {
	console := func(title, path string) Layout {
		l := sampleLayout(title, "")
		l.Path = path
		return l
	}
	menu := []xunjia.MenuButton{
		{Name: "找采购", Action: xunjia.MenuView, Value: "https://b2b.example.com/purchases"},
		{Name: "发布采购", Action: xunjia.MenuView, Value: "https://b2b.example.com/purchases/new"},
		{Name: "我的", Sub: []xunjia.MenuButton{
			{Name: "我的采购", Action: xunjia.MenuView, Value: "https://b2b.example.com/me/purchases"},
			{Name: "使用帮助", Action: xunjia.MenuClick, Value: "help"},
			{Name: "扫一扫看货", Action: xunjia.MenuScanWait, Value: "scan"},
		}},
	}
	form := Form{Values: map[string][]string{
		"b0.name": {"找采购"}, "b0.action": {"view"}, "b0.value": {"https://b2b.example.com/purchases"},
		"b1.name": {"一个太长的名字"}, "b1.action": {"view"}, "b1.value": {"b2b.example.com"},
		"b2.name": {"我的"}, "b2.0.name": {"我的采购"}, "b2.0.action": {"view"}, "b2.0.value": {"https://b2b.example.com/me/purchases"},
		"b2.1.name": {"使用帮助"}, "b2.1.action": {"click"}, "b2.1.value": {"help"},
	}, Errors: map[string]string{"b1.name": "名称太长：21 个字节，最多 16 个（5 个汉字或 16 个字母）", "b1.value": "网址要以 http:// 或 https:// 开头"}, Message: "有内容需要修改，请看标红的地方"}
	rows := []MenuRow{
		{xunjia.MenuVersion{Number: 3, State: xunjia.MenuFailed, Reason: "网址不在账号的业务域名内（40155）", CreatedAt: now}, "小李"},
		{xunjia.MenuVersion{Number: 2, State: xunjia.MenuPublished, Origin: 1, CreatedAt: now.Add(-time.Hour), PublishedAt: now.Add(-time.Hour)}, "小李"},
		{xunjia.MenuVersion{Number: 1, State: xunjia.MenuPublished, CreatedAt: now.Add(-50 * time.Hour), PublishedAt: now.Add(-50 * time.Hour)}, "系统"},
	}
	tags := []xunjia.FanTag{{ID: 2, Name: "星标组", Fans: 1}, {ID: 100, Name: "供应商", Fans: 230}, {ID: 101, Name: "采购商", Fans: 88}}
	fans := []xunjia.Fan{
		{Identity: xunjia.Identity{ID: 1, UserID: 1, OpenID: "o6_bmjrPTlm6_2sgVt7hMZOPfL2M", Nickname: "老陈", Subscribed: true, CreatedAt: now.Add(-300 * time.Hour)}, Remark: "川源老陈", Name: "川源药材行", Phone: "13800000001", Registered: true, Source: "ADD_SCENE_QR_CODE", Scene: "qr.sample", FollowedAt: now.Add(-300 * time.Hour), Tags: []int64{100}},
		{Identity: xunjia.Identity{ID: 2, OpenID: "o6_bmjrPTlm6_2sgVt7hMZOPfL2N", CreatedAt: now.Add(-20 * time.Hour)}, Blocked: true},
	}
	code := xunjia.QRCode{ID: 7, Scene: "qr.sample", Label: "荷花池市场展位", Action: xunjia.QRPurchase, Target: 12, URL: "http://weixin.qq.com/q/sample", Scans: 320, Follows: 118, CreatedAt: now.Add(-90 * time.Hour), ExpiresAt: now.Add(400 * time.Hour), ScannedAt: now}
	conditions := &AdminConditionsPage{Layout: console("个性化菜单", "/admin/menu/conditions"), Tags: tags, Draft: menu, Foreign: 1,
		Menus: []ConditionRow{{xunjia.ConditionalMenu{ID: 1, MenuID: "400000001", TagID: 100, Buttons: menu, CreatedAt: now}, "供应商", "小李", true}}}
	conditions.Match.Fan, conditions.Match.Buttons = "1", menu
	return []Sample{
		{"admin/menu", &AdminMenuPage{Layout: console("自定义菜单", "/admin/menu"), Form: form, Preview: menu, Versions: rows, Next: "more", Actual: ActualMenu{Known: true, Differs: true, Number: 2, Buttons: menu[:1]}}},
		{"admin/menu empty", &AdminMenuPage{Layout: console("自定义菜单", "/admin/menu"), Actual: ActualMenu{Problem: "微信没有响应"}}},
		{"admin/menu_version", &AdminMenuVersionPage{Layout: console("菜单第 1 版", "/admin/menu/versions/1"), Row: MenuRow{xunjia.MenuVersion{Number: 1, State: xunjia.MenuPublished, Buttons: menu, CreatedAt: now}, "系统"}, Actual: ActualMenu{Known: true, Differs: true, Number: 2, Buttons: menu[:2]}}},
		{"admin/menu_version draft", &AdminMenuVersionPage{Layout: console("发布菜单", "/admin/menu/versions/0"), Row: MenuRow{xunjia.MenuVersion{State: xunjia.MenuDraft, Buttons: menu, CreatedAt: now}, "小李"}}},
		{"admin/menu_conditions", conditions},
		{"admin/menu_conditions empty", &AdminConditionsPage{Layout: console("个性化菜单", "/admin/menu/conditions"), Draft: menu}},
		{"admin/fans", &AdminFansPage{Layout: console("粉丝", "/admin/fans"), Fans: fans, Tags: tags, Next: "/admin/fans?after=x", CanEdit: true, Sync: xunjia.FanSync{State: xunjia.SyncRunning, Done: 4200, Total: 10000}}},
		{"admin/fans empty", &AdminFansPage{Layout: console("粉丝", "/admin/fans"), CanEdit: true, Sync: xunjia.FanSync{State: xunjia.SyncFailed, Done: 100, Total: 10000, Reason: "今天的调用次数用完了"}}},
		{"admin/fan", &AdminFanPage{Layout: console("川源老陈", "/admin/fans/1"), Fan: fans[0], Has: tags[1:2], More: tags[2:], CanEdit: true, Talk: 3, Sent: []FanDelivery{{"新采购单", "微信", "已送达", "", now}}}},
		{"admin/fan blocked", &AdminFanPage{Layout: console("微信用户", "/admin/fans/2"), Fan: fans[1]}},
		{"admin/fan_tags", &AdminTagsPage{Layout: console("粉丝标签", "/admin/fans/tags"), Tags: tags, Most: 100, CanEdit: true, Asked: 101}},
		{"admin/fan_tags empty", &AdminTagsPage{Layout: console("粉丝标签", "/admin/fans/tags"), Most: 100}},
		{"admin/qrcodes", &AdminQRCodesPage{Layout: console("二维码", "/admin/qrcodes"), Codes: []xunjia.QRCode{code, {ID: 6, Label: "小李的推广码", Action: xunjia.QRStaff, CreatedAt: now, DisabledAt: now}}, Now: now, Next: "/admin/qrcodes?after=x"}},
		{"admin/qrcodes empty", &AdminQRCodesPage{Layout: console("二维码", "/admin/qrcodes"), Now: now}},
		{"admin/qrcode_new", &AdminQRCodeNewPage{Layout: console("新建二维码", "/admin/qrcodes/new"), Form: Form{Values: map[string][]string{"action": {"text"}, "days": {"30"}}, Errors: map[string]string{"label": "请填写名称，它会印在二维码下面"}}}},
		{"admin/qrcode", &AdminQRCodePage{Layout: console("荷花池市场展位", "/admin/qrcodes/7"), Code: code, State: xunjia.QRWorks, Who: "小李", Days: []xunjia.QRDay{{Day: 20261123, Scans: 30, Follows: 12}, {Day: 20261122, Scans: 12, Follows: 2}}}},
		{"admin/qrcode unmade", &AdminQRCodePage{Layout: console("小李", "/admin/qrcodes/8"), Code: xunjia.QRCode{ID: 8, Label: "小李", Action: xunjia.QRText, Reply: "您好"}, State: xunjia.QRUnmade}},
		{"admin/qrcode_print", &AdminQRCodePrintPage{Layout: Layout{Title: "荷花池市场展位", Plain: true}, Code: code}},
	}
}
