package templates

import (
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/xunjia/xunjia"
)

// AnnouncementPage is what staff tell many people at once, as they read it.
type AnnouncementPage struct {
	Layout
	Announcement xunjia.Announcement
}

// Template implements Page.
func (*AnnouncementPage) Template() string { return "announcement" }

// AnnouncementRow is one in the console's list.
type AnnouncementRow struct {
	xunjia.Announcement
	Who      string // of the staff
	Audience string
}

// AdminAnnouncementsPage lists them.
type AdminAnnouncementsPage struct {
	Layout
	Rows []AnnouncementRow
	Next string // address of the next part
}

// Template implements Page.
func (*AdminAnnouncementsPage) Template() string { return "admin/announcements" }

// AdminAnnouncementNewPage writes one.
type AdminAnnouncementNewPage struct {
	Layout
	Form  Form
	Goods []xunjia.Category
}

// Template implements Page.
func (*AdminAnnouncementNewPage) Template() string { return "admin/announcement_new" }

// Provinces are the choices of area.
func (p *AdminAnnouncementNewPage) Provinces() []Option {
	var list []Option
	for _, a := range xunjia.Area("").Children() {
		list = append(list, Option{Value: string(a), Text: a.Name(), Selected: p.Form.Has("province", string(a))})
	}
	return list
}

// Kinds are the choices of business.
func (p *AdminAnnouncementNewPage) Kinds() []Option {
	var list []Option
	for _, k := range xunjia.BusinessKinds() {
		value := strconv.Itoa(int(k))
		list = append(list, Option{Value: value, Text: k.String(), Selected: p.Form.Has("kind", value)})
	}
	return list
}

// AdminAnnouncementPreviewPage shows what will be told to how many.
type AdminAnnouncementPreviewPage struct {
	Layout
	Form         Form // carries what was written to the next step
	Announcement xunjia.Announcement
	Audience     string
	Reach        int
	Once         string // identifies the form
}

// Template implements Page.
func (*AdminAnnouncementPreviewPage) Template() string { return "admin/announcement_preview" }

// AdminAnnouncementPage shows one with what came of it.
type AdminAnnouncementPage struct {
	Layout
	AnnouncementRow
	Told, Read int
	More       bool // others are still to be told
	Complaint  string
}

// Template implements Page.
func (*AdminAnnouncementPage) Template() string { return "admin/announcement" }

// Capped tells that more people than are counted were told.
func (p *AdminAnnouncementPage) Capped() bool { return p.Told >= xunjia.MaxAnnounced }

func announcementSamples(now time.Time) []Sample {
	a := xunjia.Announcement{ID: 3, Title: "国庆期间客服时间调整", CreatedAt: now.Add(-2 * time.Hour),
		Text: "各位用户：\n\n10 月 1 日至 7 日，客服时间调整为每天 9:00 至 18:00，节后恢复正常。\n期间报价、成交和短信通知不受影响。", To: xunjia.AnnouncementAudience{Province: "510000"}}
	old := a
	old.ID, old.Title, old.To, old.WithdrawnAt = 2, "黄连品种等级标准更新", xunjia.AnnouncementAudience{CategoryID: 7}, now.Add(-time.Hour)
	goods := []xunjia.Category{{ID: 7, Name: "黄连"}, {ID: 8, Name: "三七"}}
	values := url.Values{"title": {a.Title}, "text": {a.Text}, "province": {"510000"}}
	return []Sample{
		{"announcement", &AnnouncementPage{Layout: sampleLayout("系统通知", InboxTab), Announcement: a}},
		{"admin/announcements", &AdminAnnouncementsPage{Layout: sampleConsole("系统通知", "/admin/announcements"), Next: "/admin/announcements?after=x",
			Rows: []AnnouncementRow{{a, "王小川", "四川省的用户"}, {old, "王小川", "关注黄连的用户"}}}},
		{"admin/announcements empty", &AdminAnnouncementsPage{Layout: sampleConsole("系统通知", "/admin/announcements")}},
		{"admin/announcement_new", &AdminAnnouncementNewPage{Layout: sampleConsole("发布系统通知", ""), Goods: goods}},
		{"admin/announcement_new wrong", &AdminAnnouncementNewPage{Layout: sampleConsole("发布系统通知", ""), Goods: goods, Form: Form{
			Values: url.Values{"title": {strings.Repeat("长", 41)}, "category": {"人参果"}}, Message: "请检查标出的内容",
			Errors: map[string]string{"title": "最多 40 个字，现在有 41 个", "text": "请写正文，至少 5 个字", "category": "没有叫“人参果”的品种，请从列表中选择"}}}},
		{"admin/announcement_preview", &AdminAnnouncementPreviewPage{Layout: sampleConsole("确认系统通知", ""), Form: Form{Values: values}, Announcement: a, Audience: "四川省的用户", Reach: 1286, Once: "sample"}},
		{"admin/announcement", &AdminAnnouncementPage{Layout: sampleConsole(a.Title, ""), AnnouncementRow: AnnouncementRow{a, "王小川", "四川省的用户"}, Told: 1286, Read: 431, More: true}},
		{"admin/announcement withdrawn", &AdminAnnouncementPage{Layout: sampleConsole(old.Title, ""), AnnouncementRow: AnnouncementRow{old, "王小川", "关注黄连的用户"}, Complaint: "这条通知已经撤回了"}},
	}
}
