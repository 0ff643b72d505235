package handlers

import (
	"database/sql"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/xunjia/xunjia"
)

// round writes a round of a purchase that told one supplier, as the outbox does,
// and answers the delivery.
func (m *market) round(p xunjia.Purchase, supplier int64) (delivery int64) {
	m.t.Helper()
	now := time.Now().UnixMilli()
	m.exec("INSERT INTO push_round (id, purchase_id, number, event_id, state, wanted, reason, created_at, told_at, matched, sent, clicked) VALUES (71, ?, 1, 7100, 2, 200, '采购单发布', ?, ?, 1, 1, 0)", p.ID, now, now)
	m.exec("INSERT INTO push (line_id, supplier_id, round_id, score, why, created_at) VALUES (?, ?, 71, 450, '同城 +200，已认证 +100', ?)", p.Lines[0].ID, supplier, now)
	m.exec("INSERT INTO notification (event_id, type, status, sender, receiver, title, content, text, path, created_at) VALUES (7100, 2, 0, 0, ?, '', '', '', ?, ?)", supplier, xunjia.PurchasePath(p.ID), now)
	m.exec("INSERT INTO delivery (id, event_id, kind, recipient, channel, lane, state, active, address, payload, attempt, first_try_at, next_at, expires_at, owner, message_id, reason, created_at, sent_at) "+
		"VALUES (7171, 7100, 'purchase.published', ?, 'wechat', 2, 'sent', 0, 'x', '{}', 1, 0, 0, 0, '', '', '', ?, ?)", supplier, now, now)
	return 7171
}

// count reads a number behind the website's back.
func (w *world) count(query string) (n int) {
	w.t.Helper()
	db, err := sql.Open("sqlite", "file:"+w.file+"?_pragma=busy_timeout(5000)")
	if err != nil {
		w.t.Fatal(err)
	}
	defer db.Close()
	if err := db.QueryRowContext(w.t.Context(), query).Scan(&n); err != nil {
		w.t.Fatalf("%s: %v", query, err)
	}
	return n
}

const phoneAgent = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148 MicroMessenger/8.0.50 NetType/4G"

func TestClickLink(t *testing.T) {
	m := newMarket(t, nil)
	p := m.publish()
	delivery := m.round(p, m.id[m.supplier])
	path := xunjia.ClickPath + m.site.links.Token(delivery)
	clicked := func() int { return m.count("SELECT COUNT(*) FROM push WHERE clicked_at > 0") }
	guest := m.browser()
	guest.agent = phoneAgent
	for _, agent := range []string{"", "curl/8.5.0", "Mozilla/5.0 (compatible; bingbot/2.0)", "QQ-URL-Manager", "Mozilla/5.0 HeadlessChrome/120"} {
		robot := m.browser()
		robot.agent = agent
		redirects(t, robot.get(path), xunjia.PurchasePath(p.ID))
	}
	head, err := http.NewRequestWithContext(t.Context(), http.MethodHead, m.url+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	redirects(t, guest.do(head), xunjia.PurchasePath(p.ID))
	if n := clicked(); n != 0 {
		t.Fatalf("%d clicks by robots", n)
	}
	redirects(t, guest.get(path), xunjia.PurchasePath(p.ID))
	if n := clicked(); n != 1 {
		t.Errorf("%d clicks, want 1", n)
	}
	for _, bad := range []string{"nonsense", m.site.links.Token(delivery + 1), strings.ToUpper(m.site.links.Token(delivery)), strings.Repeat("0", 19)} {
		a := guest.get(xunjia.ClickPath + bad)
		wantStatus(t, a, http.StatusNotFound)
		shows(t, a, "没有找到")
	}
}

func TestByPerson(t *testing.T) {
	for _, c := range []struct {
		method, agent, header, value string
		want                         bool
	}{
		{"GET", phoneAgent, "", "", true},
		{"GET", phoneAgent, "Sec-Fetch-Mode", "navigate", true},
		{"GET", phoneAgent, "Sec-Fetch-Mode", "cors", false},
		{"GET", phoneAgent, "Sec-Purpose", "prefetch;prerender", false},
		{"GET", phoneAgent, "Purpose", "prefetch", false},
		{"GET", phoneAgent, "X-Moz", "prefetch", false},
		{"GET", phoneAgent, "X-Purpose", "preview", false},
		{"HEAD", phoneAgent, "", "", false},
		{"GET", "", "", "", false},
		{"GET", "Go-http-client/1.1", "", "", false},
		{"GET", "Mozilla/5.0 (compatible; Baiduspider/2.0)", "", "", false},
	} {
		r, err := http.NewRequestWithContext(t.Context(), c.method, "/k/x", nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("User-Agent", c.agent)
		if c.header != "" {
			r.Header.Set(c.header, c.value)
		}
		if got := byPerson(r); got != c.want {
			t.Errorf("%s %q %s: %s → %v, want %v", c.method, c.agent, c.header, c.value, got, c.want)
		}
	}
}

func TestAdminPushes(t *testing.T) {
	m := newMarket(t, func(o *Options) { o.PurchaseSMS = true })
	p, other := m.publish(), m.publish()
	m.round(p, m.id[m.supplier])
	boss, helper := m.at(m.hire("boss", xunjia.OwnerRole, goodPassword)), m.at(m.hire("kefu", xunjia.ServiceRole, goodPassword))
	page := fmt.Sprintf("/admin/push/%d", p.ID)

	a := helper.get("/admin/push")
	shows(t, a, p.Title(), "第 1 轮", "等待反馈", "采购单发布")
	contains(t, a, `class="bars"`, `href="`+page+`?round=1"`)
	hides(t, a, "/admin/push/settings")
	wantStatus(t, helper.get("/admin/push?days=30"), http.StatusOK)
	wantStatus(t, helper.get("/admin/push?after=nonsense"), http.StatusUnprocessableEntity)
	a = helper.get(page)
	shows(t, a, "同城 +200，已认证 +100", "199****0007", "未点开")
	hides(t, a, "19900000007", page+"/next", page+"/stop")
	shows(t, helper.get(fmt.Sprintf("/admin/push/%d", other.ID)), "还没有推送")
	wantStatus(t, helper.get("/admin/push/999999"), http.StatusNotFound)
	wantStatus(t, helper.get(page+"?after=nonsense"), http.StatusUnprocessableEntity)
	wantStatus(t, helper.post(page+"/next", "size", "10"), http.StatusForbidden)

	// Trying changes nothing.
	a = helper.get(page + "/preview")
	shows(t, a, "第 2 轮", "这里什么都不会发出", "短信费用约")
	if n := m.count("SELECT COUNT(*) FROM push_round"); n != 1 {
		t.Errorf("%d rounds after a preview", n)
	}
	wantStatus(t, helper.get("/admin/push/999999/preview"), http.StatusNotFound)

	boss.get(page)
	a = boss.post(page+"/next", "size", "0")
	wantStatus(t, a, http.StatusUnprocessableEntity)
	contains(t, a, "请填写 1 到 20000 的人数", `value="0"`)
	redirects(t, boss.post(page+"/next", "size", "400"), page)
	shows(t, boss.get(page), "第 2 轮", "推送中", "人工推送")
	wantStatus(t, boss.post(page+"/next", "size", "400"), http.StatusConflict)
	redirects(t, boss.post(page+"/stop"), page)
	wantStatus(t, boss.post(page+"/stop"), http.StatusConflict)
	wantStatus(t, boss.post("/admin/push/999999/stop"), http.StatusNotFound)
	m.exec("UPDATE push SET quoted_at = 1")
	shows(t, boss.get(page+"?round=1"), "已报价")
	m.exec("UPDATE purchase SET mode = ? WHERE id = ?", int(xunjia.SealedMode), p.ID)
	hides(t, boss.get(page+"?round=1"), "已报价") // who did is sealed too
	shows(t, boss.get("/admin/audit"), "推送 · 推送下一轮", "推送 · 停止")
	m.exec("UPDATE purchase SET status = 2 WHERE id = ?", p.ID)
	shows(t, boss.get(page+"/preview"), "现在不推送")
}

func TestAdminPushSettings(t *testing.T) {
	m := newMarket(t, nil)
	boss, helper := m.at(m.hire("boss", xunjia.OwnerRole, goodPassword)), m.at(m.hire("kefu", xunjia.ServiceRole, goodPassword))
	wantStatus(t, helper.get("/admin/push/settings"), http.StatusForbidden)
	a := boss.get("/admin/push/settings")
	contains(t, a, `name="day_cap" inputmode="numeric" maxlength="7" value="20"`, `value="45.00"`)
	fields := func(change ...string) []string {
		s := xunjia.DefaultPushSettings()
		var list []string
		for _, f := range s.Fields() {
			list = append(list, f.Field, fmt.Sprint(f.Value()))
		}
		list = append(list, "sms_thousand", "39.5")
		for i := 0; i < len(change); i += 2 {
			for j := 0; j < len(list); j += 2 {
				if list[j] == change[i] {
					list[j+1] = change[i+1]
				}
			}
		}
		return list
	}
	for _, c := range []struct{ field, value, want string }{
		{"day_cap", "0", "应在 1 到 1000000 之间"}, {"day_cap", "many", "请填写整数"}, {"day_cap", "99999999999999999999", "请填写整数"},
		{"week_cap", "5", "每周上限不能小于每天上限"}, {"sms_thousand", "便宜", "请填写金额"}, {"newcomer_percent", "101", "应在 0 到 100 之间"},
	} {
		a := boss.post("/admin/push/settings", fields(c.field, c.value)...)
		wantStatus(t, a, http.StatusUnprocessableEntity)
		contains(t, a, c.want, `value="`+c.value+`"`)
	}
	if n := m.count("SELECT COUNT(*) FROM setting"); n != 0 {
		t.Errorf("%d settings after wrong input", n)
	}
	redirects(t, boss.post("/admin/push/settings", fields("day_cap", "7")...), "/admin/push/settings")
	contains(t, boss.get("/admin/push/settings"), `value="7"`, `value="39.50"`)
	shows(t, boss.get("/admin/audit"), "推送 · 改设置", "每人每天上限 20→7")
}
