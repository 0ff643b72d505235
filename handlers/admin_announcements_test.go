package handlers

import (
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/xunjia/xunjia"
)

func TestAdminAnnouncements(t *testing.T) {
	m := newMarket(t, nil)
	boss, service := m.at(m.hire("boss", xunjia.OwnerRole, goodPassword)), m.at(m.hire("kefu", xunjia.ServiceRole, goodPassword))
	wantStatus(t, service.get("/admin/announcements"), http.StatusForbidden)
	wantStatus(t, service.post("/admin/announcements", "title", "放假安排", "text", "照常营业，请放心。"), http.StatusForbidden)
	shows(t, boss.get("/admin/announcements"), "还没有发布过系统通知")
	fields := func(change ...string) []string {
		list := []string{"title", "放假安排", "text", "国庆期间照常营业。\n<b>第二段</b>", "province", "", "kind", "", "category", ""}
		for i := 0; i < len(change); i += 2 {
			list = append(list, change[i], change[i+1])
		}
		return list
	}
	boss.get("/admin/announcements/new")
	for _, c := range []struct{ field, value, want string }{
		{"title", "", "请写标题"}, {"title", strings.Repeat("长", 41), "最多 40 个字，现在有 41 个"}, {"text", "好", "请写正文"},
		{"province", "510100", "请选择省份"}, {"kind", "99", "请选择业务类型"}, {"kind", "x", "请选择业务类型"}, {"category", "人参果", "没有叫“人参果”的品种"},
	} {
		for _, path := range []string{"/admin/announcements/preview", "/admin/announcements"} {
			a := boss.post(path, fields(c.field, c.value, "once", "x")...)
			wantStatus(t, a, http.StatusUnprocessableEntity)
			shows(t, a, c.want)
			contains(t, a, `maxlength="80"`) // the form again
			if c.field != "text" {
				shows(t, a, "国庆期间照常营业。")
			}
		}
	}
	if n := m.count("SELECT COUNT(*) FROM announcement"); n != 0 {
		t.Fatalf("%d announcements after wrong forms", n)
	}
	a := boss.post("/admin/announcements/preview", fields("category", "黄连")...)
	wantStatus(t, a, http.StatusOK)
	shows(t, a, "放假安排", "关注黄连的用户")
	hides(t, a, "<b>第二段")
	once := regexp.MustCompile(`name="once" value="([^"]+)"`).FindStringSubmatch(a.body)[1]
	reach := m.count("SELECT COUNT(DISTINCT u.id) FROM users u JOIN user_category c ON c.user_id = u.id JOIN category g ON g.id = c.category_id WHERE g.name = '黄连' AND u.disabled = 0 AND u.registered_at > 0")
	shows(t, a, fmt.Sprintf("发布给 %d 人", reach))
	back := boss.post("/admin/announcements/preview", fields("category", "黄连", "edit", "1")...)
	contains(t, back, `value="黄连"`, `value="放假安排"`)
	wantStatus(t, boss.post("/admin/announcements", fields()...), http.StatusUnprocessableEntity) // without once
	redirects(t, boss.post("/admin/announcements", fields("category", "黄连", "once", once)...), "/admin/announcements/1")
	redirects(t, boss.post("/admin/announcements", fields("category", "黄连", "once", once)...), "/admin/announcements/1")
	if n := m.count("SELECT COUNT(*) FROM announcement"); n != 1 {
		t.Errorf("%d announcements after a double tap", n)
	}

	// The outbox told the supplier, and nobody else.
	m.exec("INSERT INTO notification (event_id, type, status, sender, receiver, title, content, text, path, created_at) "+
		"SELECT event_id, 4, 0, 0, ?, title, '', '', '/announcements/1', ? FROM announcement", m.id[m.supplier], time.Now().UnixMilli())
	page := m.supplier.get("/announcements/1")
	shows(t, page, "放假安排", "国庆期间照常营业。")
	hides(t, page, "<b>第二段")
	wantStatus(t, m.stranger.get("/announcements/1"), http.StatusNotFound)
	wantStatus(t, m.supplier.get("/announcements/2"), http.StatusNotFound)
	redirects(t, m.browser().get("/announcements/1"), "/login?return=%2Fannouncements%2F1")
	shows(t, boss.get("/admin/announcements/1"), "关注黄连的用户", "1 人", "boss", "撤回")
	shows(t, boss.get("/admin/announcements"), "放假安排", "已发布")

	redirects(t, boss.post("/admin/announcements/1/withdraw"), "/admin/announcements/1")
	withdrawn := boss.get("/admin/announcements/1")
	shows(t, withdrawn, "已撤回")
	hides(t, withdrawn, "已送到", "/withdraw")
	again := boss.post("/admin/announcements/1/withdraw")
	wantStatus(t, again, http.StatusConflict)
	shows(t, again, "这条通知已经撤回了")
	gone := m.supplier.get("/announcements/1")
	wantStatus(t, gone, http.StatusNotFound)
	shows(t, gone, "这条通知已经撤回")
	wantStatus(t, boss.get("/admin/announcements/9"), http.StatusNotFound)
	wantStatus(t, boss.get("/admin/announcements?after=x"), http.StatusUnprocessableEntity)
	shows(t, boss.get("/admin/audit"), "系统通知 · 发送", "系统通知 · 撤回")
}
