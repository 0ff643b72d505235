package handlers

import (
	"context"
	"strings"
	"sync"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/xunjia/xunjia"
	"github.com/xunjia/xunjia/templates"
)

// navEntry is one line of the console's navigation; who lacks the permission
// does not see it.
type navEntry struct {
	href, text, icon string
	permission       xunjia.Permission
}

// navSection is a heading with its lines.
type navSection struct {
	title   string
	entries []navEntry
}

// navigation is the console's menu, in order.
func navigation() []navSection {
	return []navSection{
		{"", []navEntry{
			{"/admin", "概况", "dashboard", xunjia.ViewDashboard},
		}},
		{"业务", []navEntry{
			{"/admin/purchases", "采购单", "package", xunjia.ViewPurchases},
			{"/admin/push", "推送", "send", xunjia.ViewPushes},
			{"/admin/certifications", "供应商认证", "file-certificate", xunjia.ReviewSuppliers},
			{"/admin/disputes", "成交争议", "shield-check", xunjia.SettleDisputes},
		}},
		{"公众号", []navEntry{
			{"/admin/conversations", "会话", "messages", xunjia.ReadConversations},
			{"/admin/replies", "自动回复", "message-chatbot", xunjia.EditReplies},
			{"/admin/menu", "自定义菜单", "menu-2", xunjia.EditMenu},
			{"/admin/fans", "粉丝", "users", xunjia.ViewFans},
			{"/admin/qrcodes", "二维码", "qrcode", xunjia.EditQRCodes},
			{"/admin/templates", "模板消息", "template", xunjia.ManageTemplates},
			{"/admin/health", "账号状态", "heartbeat", xunjia.ViewHealth},
		}},
		{"通知", []navEntry{
			{"/admin/announcements", "系统通知", "bell", xunjia.Announce},
			{"/admin/deliveries", "投递记录", "send", xunjia.ViewDeliveries},
			{"/admin/sms", "短信", "device-mobile", xunjia.ViewDeliveries},
			{"/admin/channels", "发送通道", "tool", xunjia.ViewDeliveries},
		}},
		{"内容", []navEntry{
			{"/admin/media", "图片和文件", "photo", xunjia.EditMedia},
		}},
		{"系统", []navEntry{
			{"/admin/staff", "员工账号", "user-cog", xunjia.ManageStaff},
			{"/admin/audit", "操作日志", "history", xunjia.ViewAudit},
			{"/admin/files", "域名验证文件", "file-certificate", xunjia.ManageSite},
		}},
	}
}

// console fills in what surrounds the page for who is logged in.
func (s *Site) console(c *gin.Context) templates.Console {
	staff := visitOf(c).staff
	badges := s.badges.read(c.Request.Context(), s)
	out := templates.Console{Name: staff.Called(), Role: staff.Role.String()}
	for _, section := range navigation() {
		shown := templates.NavSection{Title: section.title}
		for _, e := range section.entries {
			if staff.Role.Can(e.permission) {
				shown.Items = append(shown.Items, templates.NavItem{
					Href: e.href, Text: e.text, Icon: e.icon, Badge: badges[e.href], Current: under(c.Request.URL.Path, e.href),
				})
			}
		}
		if len(shown.Items) > 0 {
			out.Sections = append(out.Sections, shown)
		}
	}
	return out
}

// under tells whether a page belongs to an entry: /admin/staff/3 to
// /admin/staff. The first page is its own only.
func under(path, href string) bool {
	return path == href || href != "/admin" && strings.HasPrefix(path, href+"/")
}

// badgeLife is how old the numbers beside the navigation may be; they are on
// every page and must cost nothing.
const badgeLife = 10 * time.Second

// badges remembers the numbers that want attention, by href.
type badges struct {
	mu   sync.Mutex
	at   time.Time
	last map[string]int
}

func (b *badges) read(ctx context.Context, s *Site) map[string]int {
	b.mu.Lock()
	defer b.mu.Unlock()
	now := s.Clock()
	if !b.at.IsZero() && now.Sub(b.at) < badgeLife && !now.Before(b.at) {
		return b.last
	}
	fresh, err := s.countBadges(ctx)
	if err != nil {
		s.Log.WarnContext(ctx, "badges of the console not read", "error", err)
		return b.last
	}
	b.at, b.last = now, fresh
	return fresh
}

// forget makes the next page count anew: somebody has just dealt with one.
func (b *badges) forget() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.at = time.Time{}
}

// countBadges counts what waits for staff.
func (s *Site) countBadges(ctx context.Context) (map[string]int, error) {
	backlog, err := s.Store.Backlog(ctx)
	if err != nil {
		return nil, err
	}
	stops, err := s.Store.Stops(ctx)
	if err != nil {
		return nil, err
	}
	waiting, err := s.Store.WaitingConversations(ctx)
	if err != nil {
		return nil, err
	}
	disputes, err := s.Store.CountOpenDisputes(ctx)
	if err != nil {
		return nil, err
	}
	certifications, err := s.Store.WaitingCertifications(ctx)
	if err != nil {
		return nil, err
	}
	counts := map[string]int{"/admin/channels": len(stops), "/admin/certifications": certifications, "/admin/disputes": disputes, "/admin/conversations": waiting}
	for _, b := range backlog {
		if b.State == xunjia.DeliveryDead {
			counts["/admin/deliveries"] += b.Count
		}
	}
	return counts, nil
}
