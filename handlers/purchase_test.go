package handlers

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/xunjia/xunjia"
)

// From the request to the answers: publish, quote, compare, accept, refuse, end.
func TestAskingForPrices(t *testing.T) {
	m := newMarket(t, nil)
	before := m.purchases(m.buyer)
	p := m.publish()
	if m.purchases(m.buyer) != before+1 || len(p.Lines) != 1 || p.Lines[0].Summary() != "黄连 统货 500公斤" || p.Lines[0].CapPrice != 300_00 ||
		p.Area != "341602" || p.Remark != "样品先寄" || p.Invoice != "增值税普通发票" || time.Until(p.Deadline).Round(time.Hour) != 72*time.Hour {
		t.Errorf("published %+v", p)
	}
	path, line := xunjia.PurchasePath(p.ID), p.Lines[0].ID
	shows(t, m.buyer.get(path), "已发布，关注这些品种的供应商会马上收到通知", "等待报价", "还没有人报价", "结束报价", p.Number)
	shows(t, m.buyer.get(path+"/compare"), "还没有人报价，有新报价会在微信里通知您")
	shows(t, m.supplier.get("/purchases"), "黄连 统货", "500公斤", "亳州市华济堂饮片有限公司")
	shows(t, m.supplier.get("/purchases?tab=followed"), "黄连 统货")
	guest := m.browser().get("/purchases")
	shows(t, guest, "亳州**公司")
	hides(t, guest, "亳州市华济堂饮片有限公司")

	a := m.supplier.get(path)
	shows(t, a, "亳州市华济堂饮片有限公司", "货到付款", "300.00")
	contains(t, a, fmt.Sprintf(`href="/lines/%d/quote"`, line))
	low, high := m.quote(m.supplier, line, "286.50"), m.quote(m.second, line, "￥312")
	if low.Price != 286_50 || high.Price != 312_00 || low.Quality != "今年新货" {
		t.Errorf("quotes %+v, %+v", low, high)
	}
	shows(t, m.supplier.get(xunjia.QuotePath(low.ID)), "报价已提交，采购商会马上收到通知", "等待采购商答复", "待答复", "143,250.00", "低于限价 4.5%")
	shows(t, m.supplier.get(path), "我的报价", "286.50", "修改报价", "已有 2 家报价")

	a = m.buyer.get(path + "/compare")
	shows(t, a, "石柱黄水黄连专业合作社", "赵德茂", "286.50", "312.00", "最低", "高于限价 4.0%", "2 条待答复")
	if i, j := strings.Index(a.body, "286.50"), strings.Index(a.body, "312.00"); i > j {
		t.Error("the dearer quote comes first")
	}

	answer := func(q xunjia.Quote) string { return xunjia.QuotePath(q.ID) + "/answer" }
	shows(t, m.buyer.get(answer(low)+"?do=accept"), "接受这条报价", "286.50")
	redirects(t, m.buyer.post(answer(low), "message", "请先寄样品 200 克"), path+"/compare")
	shows(t, m.buyer.get(path+"/compare"), "已接受报价，供应商会马上收到通知", "已接受", "请先寄样品 200 克")
	shows(t, m.buyer.get(answer(high)+"?do=refuse"), "拒绝的原因", "价格高")
	a = m.buyer.post(answer(high), "message", " ")
	wantStatus(t, a, http.StatusUnprocessableEntity)
	shows(t, a, "请告诉供应商拒绝的原因", "赵德茂")
	redirects(t, m.buyer.post(answer(high), "message", "价格偏高"), path+"/compare")
	for _, c := range []struct {
		b       *browser
		q       xunjia.Quote
		state   xunjia.QuoteState
		message string
		page    []string
	}{
		{m.supplier, low, xunjia.Accepted, "请先寄样品 200 克", []string{"恭喜，采购商接受了您的报价", "请先寄样品 200 克", "19900000001"}},
		{m.second, high, xunjia.Refused, "价格偏高", []string{"采购商没有接受这条报价", "价格偏高", "重新报价"}},
	} {
		v, err := m.store.Quote(t.Context(), c.q.ID, m.id[c.b])
		if err != nil || v.Quote.State != c.state || v.Quote.Message != c.message {
			t.Errorf("quote %+v, %v", v.Quote, err)
		}
		shows(t, c.b.get(xunjia.QuotePath(c.q.ID)), c.page...)
		shows(t, c.b.get("/me/quotes"), "黄连 统货", c.state.String(), c.message)
	}
	hides(t, m.second.get(xunjia.QuotePath(high.ID)), "19900000001")

	shows(t, m.buyer.get(path+"/end"), "现在结束报价？", "已收到 2 条报价")
	redirects(t, m.buyer.post(path+"/end"), path)
	shows(t, m.buyer.get(path), "报价已结束，报过价的供应商会收到通知", "报价结束", "请比价后答复")
	if p, err := m.store.Purchase(t.Context(), p.ID); err != nil || p.Status != xunjia.QuotingEnded {
		t.Errorf("status %v, %v", p.Status, err)
	}
	a = m.second.get(path)
	shows(t, a, "采购商正在比价")
	hides(t, a, fmt.Sprintf(`href="/lines/%d/quote"`, line))
	shows(t, m.buyer.get("/me/purchases"), "黄连", "报价结束", "比价")
}

// What belongs to somebody else does not exist, whatever is tried.
func TestForeignIDs(t *testing.T) {
	m := newMarket(t, nil)
	p := m.publish()
	q := m.quote(m.supplier, p.Lines[0].ID, "286")
	quote, path := xunjia.QuotePath(q.ID), xunjia.PurchasePath(p.ID)
	for _, who := range []struct {
		name string
		b    *browser
		get  []string
		post []string
	}{
		{"stranger", m.stranger, []string{path + "/compare", path + "/end", quote, quote + "/answer?do=accept", quote + "/withdraw"}, []string{path + "/end", quote + "/answer", quote + "/withdraw"}},
		{"supplier", m.supplier, []string{path + "/compare", path + "/end", quote + "/answer?do=accept"}, []string{path + "/end", quote + "/answer"}},
		{"buyer", m.buyer, []string{quote + "/withdraw"}, []string{quote + "/withdraw"}},
		{"anybody", m.buyer, []string{"/purchases/999999", "/purchases/x", "/purchases/-1", "/lines/999999/quote", "/lines/0/quote", "/quotes/999999"}, []string{"/purchases/999999/end", "/lines/999999/quote", "/quotes/999999/answer", "/quotes/999999/withdraw"}},
	} {
		for _, address := range who.get {
			a := who.b.get(address)
			wantStatus(t, a, http.StatusNotFound)
			shows(t, a, "没有找到")
		}
		for _, address := range who.post {
			who.b.get("/me")
			a := who.b.post(address, "do", "accept", "revision", "1", "message", "好的", "price", "1")
			wantStatus(t, a, http.StatusNotFound)
		}
	}
	v, err := m.store.Quote(t.Context(), q.ID, m.id[m.buyer])
	if err != nil || v.Quote.State != xunjia.Pending || v.Purchase.Status != xunjia.WaitingForQuote {
		t.Errorf("quote %v, purchase %v, %v", v.Quote.State, v.Purchase.Status, err)
	}
}

// Guests read the request and are led through login to the form for a quote.
func TestGuestsReadPurchases(t *testing.T) {
	m := newMarket(t, nil)
	p := m.publish()
	guest := m.browser()
	a := guest.get(xunjia.PurchasePath(p.ID))
	wantStatus(t, a, http.StatusOK)
	shows(t, a, "亳州**公司", "报价", "登录")
	hides(t, a, "亳州市华济堂饮片有限公司", "结束报价")
	quote := fmt.Sprintf("/lines/%d/quote", p.Lines[0].ID)
	redirects(t, guest.get(quote), "/login?return="+strings.ReplaceAll(quote, "/", "%2F"))
	shows(t, guest.get("/purchases?tab=followed"), "登录后查看您关注的采购")
	if got, err := m.store.Purchase(t.Context(), p.ID); err != nil || got.ViewCount != 1 {
		t.Errorf("%d views, want the guest's one; %v", got.ViewCount, err)
	}
	m.buyer.get(xunjia.PurchasePath(p.ID))
	if got, _ := m.store.Purchase(t.Context(), p.ID); got.ViewCount != 1 {
		t.Errorf("the buyer's own look was counted: %d", got.ViewCount)
	}
}

// Ending twice, and ending what ended by itself, says how things stand.
func TestEndingTwice(t *testing.T) {
	now := time.Now()
	m := newMarket(t, func(o *Options) { o.Clock = func() time.Time { return now } })
	path := xunjia.PurchasePath(m.publish().ID)
	m.buyer.get(path + "/end")
	redirects(t, m.buyer.post(path+"/end"), path)
	m.buyer.get("/me")
	a := m.buyer.post(path + "/end")
	wantStatus(t, a, http.StatusConflict)
	shows(t, a, "采购单现在是“报价结束”", "比价")
	wantStatus(t, m.buyer.get(path+"/end"), http.StatusConflict)
}

func TestPurchaseListPages(t *testing.T) {
	m := newMarket(t, nil)
	for range xunjia.PageSize {
		m.publish()
	}
	for _, c := range []struct {
		b    *browser
		path string
	}{{m.browser(), "/purchases"}, {m.supplier, "/purchases?tab=followed"}, {m.buyer, "/me/purchases"}} {
		seen, path := 0, c.path
		for pages := 0; path != ""; pages++ {
			a := c.b.get(path)
			wantStatus(t, a, http.StatusOK)
			seen += strings.Count(a.body, `data-testid="purchase-card"`) + strings.Count(a.body, `data-testid="my-purchase"`)
			path = nextLink(t, a)
			if pages > 20 {
				t.Fatal("the list does not end")
			}
		}
		if seen <= xunjia.PageSize {
			t.Errorf("%s: %d purchases on all pages", c.path, seen)
		}
	}
	wantStatus(t, m.buyer.get("/purchases?after=nonsense"), http.StatusUnprocessableEntity)
}
