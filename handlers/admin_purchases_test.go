package handlers

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/xunjia/xunjia"
)

func TestAdminPurchases(t *testing.T) {
	m := newMarket(t, nil)
	p, other := m.publish(), m.publish()
	m.quote(m.supplier, p.Lines[0].ID, "286.37")
	if _, err := m.store.EndPurchase(t.Context(), other.ID, m.id[m.buyer]); err != nil {
		t.Fatal(err)
	}
	boss, helper := m.at(m.hire("boss", xunjia.OwnerRole, goodPassword)), m.at(m.hire("kefu", xunjia.ServiceRole, goodPassword))
	row := func(p xunjia.Purchase) string { return fmt.Sprintf(`href="/admin/purchases/%d"`, p.ID) }
	for query, want := range map[string]struct{ first, second bool }{
		"": {true, true}, "?q=" + p.Number: {true, false}, "?q=" + p.Number[:8]: {true, true}, "?q=19900000001": {true, true},
		"?q=19900000012": {false, false}, "?q=13812345678": {false, false}, "?q=nonsense%25": {false, false}, "?status=1": {true, false}, "?status=2": {false, true},
		"?status=1&q=19900000001": {true, false}, "?status=0": {false, false}, "?status=9": {true, true},
	} {
		a := boss.get("/admin/purchases" + query)
		wantStatus(t, a, http.StatusOK)
		if strings.Contains(a.body, row(p)) != want.first || strings.Contains(a.body, row(other)) != want.second {
			t.Errorf("%q: first %v, second %v", query, strings.Contains(a.body, row(p)), strings.Contains(a.body, row(other)))
		}
		hides(t, a, "286.37", "19900000001<")
	}
	// A deadline that has passed counts before the clock's job comes by.
	m.exec("UPDATE purchase SET deadline = 1 WHERE id = ?", p.ID)
	contains(t, boss.get("/admin/purchases?status=2&q="+p.Number), row(p))
	hides(t, boss.get("/admin/purchases?status=1&q="+p.Number), row(p))
	wantStatus(t, boss.get("/admin/purchases?after=nonsense"), http.StatusUnprocessableEntity)

	page := fmt.Sprintf("/admin/purchases/%d", p.ID)
	a := helper.get(page)
	shows(t, a, p.Number, "199****0001")
	hides(t, a, "286.37", "关闭采购单")
	wantStatus(t, helper.post(page+"/close", "reason", "违反规定"), http.StatusForbidden)
	shows(t, boss.get(page), "关闭采购单")
	a = boss.post(page+"/close", "reason", "无", "about", "close")
	wantStatus(t, a, http.StatusUnprocessableEntity)
	contains(t, a, ">无</textarea>", "请写明原因")
	redirects(t, boss.post(page+"/close", "reason", "违反规定", "about", "close"), page)
	shows(t, m.supplier.get(xunjia.PurchasePath(p.ID)), "违反规定")
	a = boss.get(page)
	shows(t, a, "违反规定")
	hides(t, a, page+"/close")
	wantStatus(t, boss.post(page+"/close", "reason", "再关一次", "about", "close"), http.StatusConflict)
	shows(t, boss.get("/admin/audit"), "采购单 · 关闭")
	wantStatus(t, boss.get("/admin/purchases/999999"), http.StatusNotFound)
	wantStatus(t, boss.post("/admin/purchases/999999/close", "reason", "没有这个"), http.StatusNotFound)
}

func TestAdminHidesQuestions(t *testing.T) {
	m := newMarket(t, nil)
	p := m.publish()
	q, err := m.store.AskQuestion(t.Context(), p.ID, m.id[m.supplier], "加微信聊")
	if err != nil {
		t.Fatal(err)
	}
	boss := m.at(m.hire("boss", xunjia.OwnerRole, goodPassword))
	page := fmt.Sprintf("/admin/purchases/%d", p.ID)
	hide := fmt.Sprintf("%s/questions/%d/hide", page, q.ID)
	shows(t, boss.get(page), "加微信聊")
	a := boss.post(hide, "reason", "", "about", fmt.Sprintf("question-%d", q.ID))
	wantStatus(t, a, http.StatusUnprocessableEntity)
	boss.get(page)
	redirects(t, boss.post(hide, "reason", "含有联系方式"), page)
	hides(t, m.second.get(xunjia.PurchasePath(p.ID)), "加微信聊")
	wantStatus(t, boss.post(hide, "reason", "再来一次"), http.StatusConflict)
	wantStatus(t, boss.post(fmt.Sprintf("/admin/purchases/%d/questions/%d/hide", p.ID+1, q.ID), "reason", "别的单子"), http.StatusNotFound)
	shows(t, boss.get("/admin/audit"), "提问 · 隐藏", "含有联系方式")
}

// The record of sealed quotes: nobody before the deadline, the buyer after.
func TestOpeningPage(t *testing.T) {
	m := newMarket(t, nil)
	p := m.as(xunjia.SealedMode, m.publish())
	m.quote(m.supplier, p.Lines[0].ID, "286.37")
	m.quote(m.second, p.Lines[0].ID, "251.19")
	path := xunjia.PurchasePath(p.ID) + "/opening"
	shows(t, m.supplier.get(xunjia.PurchasePath(p.ID)), "密封报价", "任何人都看不到价格")
	a := m.buyer.get(path)
	wantStatus(t, a, http.StatusConflict)
	shows(t, a, "截止时才能打开")
	hides(t, a, "286.37", "251.19")
	a = m.buyer.get(xunjia.PurchasePath(p.ID) + "/end")
	wantStatus(t, a, http.StatusConflict)
	shows(t, a, "密封报价到截止时间才能开标，不能提前结束")
	m.exec("UPDATE purchase SET deadline = 1000 WHERE id = ?", p.ID)
	contains(t, m.buyer.get(xunjia.PurchasePath(p.ID)), path)
	a = m.buyer.get(path)
	wantStatus(t, a, http.StatusOK)
	shows(t, a, "开标记录", "286.37", "251.19", "赵德茂")
	if strings.Index(a.body, "251.19") > strings.Index(a.body, "286.37") {
		t.Error("the cheaper one does not stand first")
	}
	for _, b := range []*browser{m.supplier, m.stranger} {
		wantStatus(t, b.get(path), http.StatusNotFound)
	}
	wantStatus(t, m.buyer.get(xunjia.PurchasePath(m.publish().ID)+"/opening"), http.StatusNotFound)
}
