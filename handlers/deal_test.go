package handlers

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/xunjia/xunjia"
)

// deal accepts a quote of 黄连 and answers the draft of the deal.
func (m *market) deal() xunjia.Deal {
	m.t.Helper()
	p := m.publish()
	q := m.quote(m.supplier, p.Lines[0].ID, "286.5")
	if _, err := m.store.AnswerQuote(m.t.Context(), q.ID, m.id[m.buyer], xunjia.Answer{Action: xunjia.Accept, Revision: 1}); err != nil {
		m.t.Fatal(err)
	}
	d, err := m.store.DealOfQuote(m.t.Context(), q.ID)
	if err != nil {
		m.t.Fatal(err)
	}
	return d
}

func TestDealOnPages(t *testing.T) {
	m := newMarket(t, nil)
	d := m.deal()
	path := xunjia.DealPath(d.ID)
	contains(t, m.buyer.get("/me/deals"), "黄连 统货", "等您确认", path)
	contains(t, m.supplier.get("/me/deals?of=sold"), "黄连 统货", path)
	contains(t, m.supplier.get("/me/deals"), "还没有采购成交")
	wantStatus(t, m.buyer.get("/me/deals?of=nonsense"), 422)
	contains(t, m.buyer.get(path), "双方确认后生效", "286.50", "143250.00", "确认成交", "修改")

	// The supplier changes it, with a mistake first.
	day := time.Now().In(xunjia.China()).AddDate(0, 0, 3).Format(time.DateOnly)
	m.supplier.get(path + "/edit")
	a := m.supplier.post(path+"/edit", "version", "1", "price", "280", "quantity", "900", "delivery_at", day, "terms", "先寄样品再发大货")
	wantStatus(t, a, 422)
	contains(t, a, "最多还能成交 500公斤", "先寄样品再发大货", `value="900"`)
	a = m.supplier.post(path+"/edit", "version", "1", "price", "面议", "quantity", "400", "delivery_at", "明天")
	wantStatus(t, a, 422)
	contains(t, a, "请填写数字", "请选择日期")
	redirects(t, m.supplier.post(path+"/edit", "version", "1", "price", "280", "quantity", "400", "delivery_at", day, "payment_at", day, "terms", "先寄样品"), path)
	contains(t, m.supplier.get(path), "您已确认，等采购商确认", "单价 286.50元/公斤 → 280.00元/公斤", "数量 500公斤 → 400公斤")

	// The buyer's page is old by now.
	m.buyer.get(path)
	a = m.buyer.post(path+"/confirm", "version", "1")
	wantStatus(t, a, http.StatusConflict)
	contains(t, a, "对方刚刚修改了成交单")
	redirects(t, m.buyer.post(path+"/confirm", "version", "2"), path)
	contains(t, m.buyer.get(path), "成交已生效", "确认收货，完成成交", "提交评价")
	a = m.buyer.post(path+"/confirm", "version", "2")
	wantStatus(t, a, http.StatusConflict)

	// Ratings and completion.
	m.buyer.get(path)
	a = m.buyer.post(path+"/rate", "stars", "9", "comment", "货真价实")
	wantStatus(t, a, 422)
	contains(t, a, "请选择 1 到 5 颗星", "货真价实")
	redirects(t, m.buyer.post(path+"/rate", "stars", "5", "comment", "货真价实"), path+"#rating")
	contains(t, m.supplier.get(path), "对方的评价：货真价实", "★★★★★")
	wantStatus(t, m.supplier.get(path+"/complete"), http.StatusForbidden)
	contains(t, m.buyer.get(path+"/complete"), "货已收到，完成成交？")
	redirects(t, m.buyer.post(path+"/complete"), path)
	contains(t, m.buyer.get(path), "成交已完成")
}

func TestDealCancelledOnPages(t *testing.T) {
	m := newMarket(t, nil)
	d := m.deal()
	path := xunjia.DealPath(d.ID)
	m.supplier.get(path)
	contains(t, m.supplier.get(path+"/cancel"), "取消这笔成交？")
	a := m.supplier.post(path+"/cancel", "reason", "")
	wantStatus(t, a, 422)
	contains(t, a, "请告诉对方取消的原因")
	redirects(t, m.supplier.post(path+"/cancel", "reason", "货源不足"), path)
	contains(t, m.buyer.get(path), "成交已取消", "货源不足")
	contains(t, m.supplier.get(xunjia.QuotePath(d.QuoteID)), "成交已取消：货源不足")
	a = m.buyer.get(path + "/edit")
	wantStatus(t, a, http.StatusConflict)
}

// Strangers learn nothing of a deal, whatever they ask for.
func TestDealIsNobodyElses(t *testing.T) {
	m := newMarket(t, nil)
	path := xunjia.DealPath(m.deal().ID)
	for _, page := range []string{path, path + "/edit", path + "/cancel", path + "/complete", path + "/dispute", "/deals/999999", "/deals/x"} {
		wantStatus(t, m.stranger.get(page), http.StatusNotFound)
	}
	for _, page := range []string{"/edit", "/confirm", "/cancel", "/keep", "/complete", "/rate", "/dispute", "/dispute/withdraw", "/photos"} {
		m.stranger.get("/me")
		a := m.stranger.post(path+page, "version", "1", "reason", "随便看看", "stars", "1", "text", "我不是其中一方", "photos", "x",
			"price", "1", "quantity", "1", "delivery_at", "2030-01-01")
		if a.StatusCode != http.StatusNotFound && a.StatusCode != 422 { // a wrong form is told first
			t.Errorf("%s: status %d", page, a.StatusCode)
		}
		if strings.Contains(a.body, "黄连") {
			t.Errorf("%s tells of the deal", page)
		}
	}
	redirects(t, m.browser().get(path), "/login?return="+strings.ReplaceAll(path, "/", "%2F"))
}

func TestDisputeOnPages(t *testing.T) {
	now := time.Now()
	m := newMarket(t, func(o *Options) { o.Clock = func() time.Time { return now } })
	d := m.deal()
	path := xunjia.DealPath(d.ID)
	wantStatus(t, m.buyer.get(path+"/dispute"), http.StatusConflict)
	for b, by := range map[*browser]int64{m.buyer: m.id[m.buyer], m.supplier: m.id[m.supplier]} {
		if _, err := m.store.ConfirmDeal(t.Context(), d.ID, by, 1); err != nil {
			t.Fatal(b, err)
		}
	}
	contains(t, m.buyer.get(path), "对成交有争议？")
	contains(t, m.buyer.get(path+"/dispute"), "提出争议", "72 小时")
	a := m.buyer.post(path+"/dispute", "text", "坏")
	wantStatus(t, a, 422)
	contains(t, a, "至少 5 个字")
	redirects(t, m.buyer.post(path+"/dispute", "text", "到货含量不够，要求退货"), path+"#dispute")
	contains(t, m.supplier.get(path), "双方有争议", "到货含量不够，要求退货", "补充说明")
	m.supplier.get(path + "/dispute")
	redirects(t, m.supplier.post(path+"/dispute", "text", "留样检测合格，请复检"), path+"#dispute")

	list, err := m.store.Disputes(t.Context(), xunjia.OpenDispute, xunjia.Page{})
	if err != nil || len(list.Items) != 1 {
		t.Fatal(list, err)
	}
	token, err := m.store.CreateAdminLink(t.Context(), time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	staff := m.world.browser()
	staff.get("/admin/enter?token=" + token)
	staff.post("/admin/enter")
	contains(t, staff.get("/admin/disputes"), "黄连 统货", d.Number)
	page := "/admin/disputes/" + jsonNumber(list.Items[0].ID)
	contains(t, staff.get(page), "留样检测合格，请复检", "提交处理结果")
	a = staff.post(page, "result", "短")
	wantStatus(t, a, 422)
	contains(t, a, "请写清处理结果")
	redirects(t, staff.post(page, "result", "经复检合格，按约定付款"), page)
	contains(t, m.buyer.get(path), "经复检合格，按约定付款")
	contains(t, staff.get("/admin/disputes?state=1"), d.Number)
	contains(t, staff.get("/admin/disputes"), "没有处理中的争议")
	wantStatus(t, staff.get("/admin/disputes/99999"), http.StatusNotFound)
	if _, err := m.store.Dispute(t.Context(), list.Items[0].ID); err != nil {
		t.Error(err)
	}
}
