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

// as changes the mode of a request.
func (m *market) as(mode xunjia.PurchaseMode, p xunjia.Purchase) xunjia.Purchase {
	m.t.Helper()
	m.exec("UPDATE purchase SET mode = ? WHERE id = ?", int(mode), p.ID)
	m.exec("UPDATE purchase_line SET mode = ? WHERE purchase_id = ?", int(mode), p.ID)
	p, err := m.store.Purchase(m.t.Context(), p.ID)
	if err != nil {
		m.t.Fatal(err)
	}
	return p
}

// Nothing of a request for invited suppliers is there for others.
func TestInvitedOnlyPages(t *testing.T) {
	m := newMarket(t, nil)
	p := m.as(xunjia.InvitedMode, m.publish("remark", "只给老供应商看"))
	path := xunjia.PurchasePath(p.ID)
	quote := fmt.Sprintf("/lines/%d/quote", p.Lines[0].ID)
	for _, page := range []string{path, path + "/questions", path + "/compare", path + "/invite", path + "/opening", path + "/decline", quote, "/purchases/999999", "/lines/999999/quote"} {
		for name, b := range map[string]*browser{"stranger": m.stranger, "guest": m.browser()} {
			a := b.get(page)
			if name == "guest" && a.StatusCode == http.StatusSeeOther {
				continue // to log in
			}
			wantStatus(t, a, http.StatusNotFound)
			hides(t, a, "只给老供应商看", "您在公司里的角色")
		}
	}
	for _, page := range []string{path + "/questions", path + "/invite", path + "/decline", path + "/invite/link", path + "/invite/3/revoke"} {
		m.stranger.get("/me")
		wantStatus(t, m.stranger.post(page, "text", "有货吗？", "supplier", "3", "max_uses", "3"), http.StatusNotFound)
	}
	m.stranger.get("/me")
	wantStatus(t, m.stranger.post(quote, "price", "100"), http.StatusNotFound)

	contains(t, m.buyer.get(path), path+"/invite", "定向询价", "只有受邀请的供应商能看到和报价")
	a := m.buyer.get(path + "/invite")
	shows(t, a, "选择供应商", "还没有邀请供应商")
	a = m.buyer.post(path + "/invite")
	wantStatus(t, a, http.StatusUnprocessableEntity)
	shows(t, a, "请选择 1 到 50 家供应商")
	wantStatus(t, m.buyer.post(path+"/invite", "supplier", "nonsense"), http.StatusUnprocessableEntity)
	id := jsonNumber(m.id[m.supplier])
	redirects(t, m.buyer.post(path+"/invite", "supplier", id), path+"/invite")
	a = m.buyer.get(path + "/invite")
	shows(t, a, "已邀请", "石柱黄水黄连专业合作社")

	shows(t, m.supplier.get(path), "采购商邀请您报价", "只给老供应商看")
	shows(t, m.buyer.get(path+"/invite"), "已查看")
	shows(t, m.supplier.get(path+"/decline"), "婉拒这次邀请？")
	redirects(t, m.supplier.post(path+"/decline"), path)
	shows(t, m.supplier.get(path), "您婉拒了邀请")
	shows(t, m.buyer.get(path+"/invite"), "已婉拒")
	wantStatus(t, m.supplier.get(path+"/decline"), http.StatusConflict)
	m.quote(m.supplier, p.Lines[0].ID, "280")
	shows(t, m.buyer.get(path+"/invite"), "已报价")
	a = m.buyer.post(path + "/invite/" + id + "/revoke")
	wantStatus(t, a, http.StatusConflict)
	shows(t, a, "这个供应商现在是“已报价”")
}

var inviteURL = regexp.MustCompile(`/i/([A-Z2-7]{26})"`)

// inviteLink makes a link and answers its path.
func (m *market) inviteLink(p xunjia.Purchase, uses string) string {
	m.t.Helper()
	path := xunjia.PurchasePath(p.ID) + "/invite"
	m.buyer.get(path)
	a := m.buyer.post(path+"/link", "max_uses", uses)
	wantStatus(m.t, a, http.StatusOK)
	found := inviteURL.FindStringSubmatch(a.body)
	if found == nil {
		m.t.Fatalf("no link on %s", a.body)
	}
	return "/i/" + found[1]
}

// Every state of a link is a clear page; a live one leads in.
func TestInviteLinkPages(t *testing.T) {
	now := time.Now()
	m := newMarket(t, func(o *Options) { o.Clock = func() time.Time { return now } })
	p := m.as(xunjia.InvitedMode, m.publish())
	path := xunjia.PurchasePath(p.ID)
	m.buyer.get(path + "/invite")
	a := m.buyer.post(path+"/invite/link", "max_uses", "500")
	wantStatus(t, a, http.StatusUnprocessableEntity)
	shows(t, a, "名额应在 1 到 100 之间")
	contains(t, a, `value="500"`)
	link := m.inviteLink(p, "1")
	picture := m.browser().get(link + "/picture")
	wantStatus(t, picture, http.StatusOK)
	if picture.Header.Get("Content-Type") != "image/png" || len(picture.body) < 100 {
		t.Errorf("picture of type %q", picture.Header.Get("Content-Type"))
	}

	a = m.browser().get(link)
	wantStatus(t, a, http.StatusOK)
	shows(t, a, "邀请您报价", "去报价")
	contains(t, a, "/login?return="+strings.ReplaceAll(link, "/", "%2F"))
	if a.Header.Get("Referrer-Policy") != "same-origin" {
		t.Errorf("Referrer-Policy %q", a.Header.Get("Referrer-Policy"))
	}
	a = m.buyer.get(link)
	wantStatus(t, a, http.StatusForbidden)
	shows(t, a, "这是您自己的采购单")
	redirects(t, m.supplier.get(link), path)
	redirects(t, m.supplier.get(link), path)
	wantStatus(t, m.supplier.get(path), http.StatusOK)
	for _, b := range []*browser{m.second, m.browser()} {
		a = b.get(link)
		wantStatus(t, a, http.StatusConflict)
		shows(t, a, "名额已用完")
	}
	shows(t, m.buyer.get(path+"/invite"), "1/1", "已用完", "通过链接")

	revoked := m.inviteLink(p, "5")
	a = m.buyer.get(path + "/invite")
	found := regexp.MustCompile(`/invite-links/\d+/revoke`).FindString(a.body)
	m.stranger.get("/me")
	wantStatus(t, m.stranger.post(found), http.StatusNotFound)
	m.buyer.get(path + "/invite")
	redirects(t, m.buyer.post(found), path+"/invite")
	a = m.second.get(revoked)
	wantStatus(t, a, http.StatusConflict)
	shows(t, a, "撤销了这个邀请链接")

	late := m.inviteLink(p, "5")
	if _, err := m.store.EndPurchase(t.Context(), p.ID, m.id[m.buyer]); err != nil {
		t.Fatal(err)
	}
	a = m.second.get(late)
	wantStatus(t, a, http.StatusConflict)
	shows(t, a, "这个邀请链接已过期")
	redirects(t, m.supplier.get(late), path) // he is in already
	m.buyer.get("/me")
	a = m.buyer.post(path+"/invite/link", "max_uses", "5")
	wantStatus(t, a, http.StatusConflict)
	shows(t, a, "不能再邀请供应商")
	for _, nothing := range []string{"/i/NOSUCHTOKEN", "/i/NOSUCHTOKEN/picture"} {
		wantStatus(t, m.second.get(nothing), http.StatusNotFound)
	}
	if strings.Contains(m.log.String(), strings.TrimPrefix(late, "/i/")) {
		t.Error("the token stands in the log")
	}
}
