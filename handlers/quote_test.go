package handlers

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/xunjia/xunjia"
)

func TestQuoteMistakes(t *testing.T) {
	m := newMarket(t, nil)
	line := m.publish().Lines[0].ID
	path := fmt.Sprintf("/lines/%d/quote", line)
	for _, c := range []struct{ name, field, value, want string }{
		{"no price", "price", "", "请填写报价"},
		{"price 0", "price", "0", "报价必须大于 0"},
		{"price 0.00", "price", "0.00", "报价必须大于 0"},
		{"price -1", "price", "-1", "报价必须大于 0"},
		{"price abc", "price", "abc", "请填写数字，最多两位小数"},
		{"three decimals", "price", "1.005", "请填写数字，最多两位小数"},
		{"price too high", "price", "10000000.01", "金额不能超过一千万元"},
		{"somebody's picture", "photos.1", "stolen", "有图片已失效，请重新上传"},
		{"strange sign", "explanation", "a\x00b", "有无法识别的字符"},
	} {
		t.Run(c.name, func(t *testing.T) {
			wantStatus(t, m.supplier.get(path), http.StatusOK)
			a := m.supplier.post(path, "price", "286", "quality", "含量 6.1%", c.field, c.value)
			wantStatus(t, a, http.StatusUnprocessableEntity)
			shows(t, a, c.want, "含量 6.1%")
			if _, err := m.store.QuoteOf(t.Context(), line, m.id[m.supplier]); xunjia.ErrorCode(err) != xunjia.NotFound {
				t.Errorf("a quote was written: %v", err)
			}
		})
	}
}

// Own, ended and accepted: a clear message instead of a form, by GET and POST.
func TestQuotesThatAreNotPossible(t *testing.T) {
	m := newMarket(t, nil)
	open, ended := m.publish(), m.publish()
	accepted := m.quote(m.supplier, open.Lines[0].ID, "286")
	if _, err := m.store.AnswerQuote(t.Context(), accepted.ID, m.id[m.buyer], xunjia.Answer{Action: xunjia.Accept, Revision: 1}); err != nil {
		t.Fatal(err)
	}
	if _, err := m.store.EndPurchase(t.Context(), ended.ID, m.id[m.buyer]); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name   string
		b      *browser
		line   int64
		status int
		want   string
	}{
		{"own purchase", m.buyer, open.Lines[0].ID, http.StatusForbidden, "不能给自己的采购单报价"},
		{"ended", m.supplier, ended.Lines[0].ID, http.StatusConflict, "报价已截止，不能再报价"},
		{"accepted", m.supplier, open.Lines[0].ID, http.StatusConflict, "您的报价已接受，不能再修改"},
	} {
		path := fmt.Sprintf("/lines/%d/quote", c.line)
		a := c.b.get(path)
		wantStatus(t, a, c.status)
		shows(t, a, c.want, "黄连 统货 500公斤")
		c.b.get("/me")
		a = c.b.post(path, "price", "1")
		wantStatus(t, a, c.status)
		shows(t, a, c.want)
	}
	if p, _ := m.store.Purchase(t.Context(), ended.ID); p.QuoteCount != 0 {
		t.Errorf("%d quotes on the ended purchase", p.QuoteCount)
	}
	if q, _ := m.store.QuoteOf(t.Context(), open.Lines[0].ID, m.id[m.supplier]); q.Price != 286_00 {
		t.Errorf("the accepted quote costs %v", q.Price)
	}
}

// The same offer twice is one quote; another one revises it; photos keep their
// types; withdrawn and made again.
func TestRevisingAQuote(t *testing.T) {
	m := newMarket(t, nil)
	p := m.publish()
	line := p.Lines[0].ID
	path := fmt.Sprintf("/lines/%d/quote", line)
	m.supplier.get(path)
	a := m.supplier.postFiles(path, []file{{"photos.1_file", photo(t)}, {"photos.4_file", photo(t)}}, "price", "286", "quality", "新货")
	wantStatus(t, a, http.StatusSeeOther)
	q, err := m.store.QuoteOf(t.Context(), line, m.id[m.supplier])
	if err != nil || len(q.Attachments) != 2 || q.Attachments[0].Type != xunjia.HandHeld || q.Attachments[1].Type != xunjia.TestReport {
		t.Fatalf("quote %+v, %v", q, err)
	}
	shows(t, m.buyer.get(xunjia.QuotePath(q.ID)), "手持", "检测报告")

	a = m.supplier.get(path)
	shows(t, a, "您已报价 286.00元/公斤", "提交新的报价")
	contains(t, a, `value="286.00"`, `value="`+q.Attachments[0].Media+`"`)
	again := []string{"price", "286.00", "quality", "新货"}
	redirects(t, m.supplier.post(path, again...), xunjia.QuotePath(q.ID))
	if q, _ = m.store.QuoteOf(t.Context(), line, m.id[m.supplier]); q.Revision != 1 {
		t.Errorf("the same offer made revision %d", q.Revision)
	}
	m.supplier.get(path)
	redirects(t, m.supplier.post(path, "price", "279", "quality", "新货"), xunjia.QuotePath(q.ID))
	shows(t, m.supplier.get(xunjia.QuotePath(q.ID)), "报价已更新", "279.00", "改过 1 次")
	if q, _ = m.store.QuoteOf(t.Context(), line, m.id[m.supplier]); q.Revision != 2 || len(q.Attachments) != 2 {
		t.Errorf("revised: %+v", q)
	}

	// The buyer still sees the first offer: his answer does not count for the new one.
	m.buyer.get(xunjia.QuotePath(q.ID) + "/answer?do=accept")
	a = m.buyer.post(xunjia.QuotePath(q.ID)+"/answer", "revision", "1")
	wantStatus(t, a, http.StatusConflict)
	shows(t, a, "供应商刚刚修改了报价", "279.00", "待答复")

	shows(t, m.supplier.get(xunjia.QuotePath(q.ID)+"/withdraw"), "撤回这条报价？")
	redirects(t, m.supplier.post(xunjia.QuotePath(q.ID)+"/withdraw"), xunjia.QuotePath(q.ID))
	shows(t, m.supplier.get(xunjia.QuotePath(q.ID)), "报价已撤回", "您撤回了这条报价", "重新报价")
	shows(t, m.buyer.get(xunjia.PurchasePath(p.ID)+"/compare"), "已撤回", "0 家")
	m.buyer.get("/me")
	a = m.buyer.post(xunjia.QuotePath(q.ID)+"/answer", "do", "accept", "revision", "2")
	wantStatus(t, a, http.StatusConflict)
	shows(t, a, "这条报价已撤回")
	m.supplier.get("/me")
	wantStatus(t, m.supplier.post(xunjia.QuotePath(q.ID)+"/withdraw"), http.StatusConflict)

	m.supplier.get(path)
	m.supplier.post(path, "price", "279", "quality", "新货")
	if q, _ = m.store.QuoteOf(t.Context(), line, m.id[m.supplier]); q.State != xunjia.Pending {
		t.Errorf("made again: %v", q.State)
	}
}

// Above the cap is only warned about.
func TestQuoteAboveTheCap(t *testing.T) {
	m := newMarket(t, nil)
	line := m.publish().Lines[0].ID
	path := fmt.Sprintf("/lines/%d/quote", line)
	a := m.supplier.get(path)
	shows(t, a, "采购商限价", "300.00", "高于采购商的限价")
	contains(t, a, `data-cap="300.00"`, `role="status" hidden`)
	a = m.supplier.post(path, "price", "300.01", "photos.2", "stolen") // shown again for another reason
	hides(t, a, `role="status" hidden`)
	if q := m.quote(m.second, line, "300.01"); q.Price != 300_01 {
		t.Errorf("price %v", q.Price)
	}
}

// Two answers at once: the second one is told how things stand.
func TestAnsweringTwice(t *testing.T) {
	m := newMarket(t, nil)
	p := m.publish()
	q := m.quote(m.supplier, p.Lines[0].ID, "286")
	path := xunjia.QuotePath(q.ID) + "/answer"
	m.buyer.get(path + "?do=accept")
	form := m.buyer.form
	redirects(t, m.buyer.post(path), xunjia.PurchasePath(p.ID)+"/compare")
	m.buyer.form = form
	a := m.buyer.post(path, "do", "refuse", "message", "价格偏高")
	wantStatus(t, a, http.StatusConflict)
	shows(t, a, "这条报价已接受", "您接受了这条报价")
	wantStatus(t, m.buyer.get(path+"?do=refuse"), http.StatusConflict)
	m.buyer.form = form
	wantStatus(t, m.buyer.post(path, "do", "sell"), http.StatusUnprocessableEntity)
	v, err := m.store.Quote(t.Context(), q.ID, m.id[m.buyer])
	if err != nil || v.Quote.State != xunjia.Accepted || v.Quote.Message != "" {
		t.Errorf("quote %+v, %v", v.Quote, err)
	}
}

// Every field of an offer is kept, shown to both, and complained about where it
// is wrong; what was typed stays.
func TestOfferFields(t *testing.T) {
	m := newMarket(t, nil)
	p := m.publish()
	path := fmt.Sprintf("/lines/%d/quote", p.Lines[0].ID)
	fine := func(change ...string) []string {
		return append([]string{"price", "140.5", "unit", "斤", "kind", "0", "tax_rate", "9", "freight", "500", "lead_days", "3", "available", "600",
			"min_quantity", "50", "sample", "1", "valid", "7", "quality", "新货", "explanation", "玉林发货"}, change...)
	}
	for field, c := range map[string]struct{ name, value, complaint string }{
		"price":        {"price", "abc", "数字"},
		"unit":         {"unit", "件", "不能按“件”报价"},
		"kind":         {"kind", "7", "请选择价格类型"},
		"tax_rate":     {"tax_rate", "35", "开票加点应在 0 到 20 之间"},
		"freight":      {"freight", "很多", "请填写金额"},
		"lead_days":    {"lead_days", "一周", "请填写天数"},
		"available":    {"available", "-1", "数量"},
		"min_quantity": {"min_quantity", "700", "起订量不能超过可供数量"},
		"sample":       {"sample", "x", "请选择是否提供样品"},
		"valid_until":  {"valid", "0x", "请选择有效期"},
	} {
		m.supplier.get(path)
		a := m.supplier.post(path, fine(c.name, c.value)...)
		if a.StatusCode != http.StatusUnprocessableEntity || !strings.Contains(a.body, `id="`+field+`-error"`) {
			t.Errorf("%s: %d", field, a.StatusCode)
		}
		shows(t, a, "玉林发货")
		if !strings.Contains(a.body, c.complaint) {
			t.Errorf("%s: no complaint like %q", field, c.complaint)
		}
	}
	m.supplier.get(path)
	a := m.supplier.post(path, fine("valid", "at", "valid_at", "2020-01-01")...)
	shows(t, a, "有效期要晚于现在")
	if q, err := m.store.QuoteOf(t.Context(), p.Lines[0].ID, m.id[m.supplier]); err == nil {
		t.Fatalf("a wrong form made %+v", q)
	}

	m.supplier.get(path)
	wantStatus(t, m.supplier.post(path, fine()...), http.StatusSeeOther)
	q, err := m.store.QuoteOf(t.Context(), p.Lines[0].ID, m.id[m.supplier])
	if err != nil {
		t.Fatal(err)
	}
	want := xunjia.Offer{Price: 140_50, Unit: "斤", TaxRate: 900, Freight: 500_00, LeadDays: 3, Available: 600_000, MinQuantity: 50_000,
		Sample: xunjia.FreeSample, Quality: "新货", Explanation: "玉林发货", ValidUntil: q.ValidUntil}
	if !q.Offer.Equal(want) || q.ValidUntil.IsZero() {
		t.Errorf("kept %+v", q.Offer)
	}
	for _, b := range []*browser{m.supplier, m.buyer} {
		shows(t, b.get(xunjia.QuotePath(q.ID)), "600斤", "50斤", "3 天", "免费寄样", "玉林发货")
	}
	contains(t, m.supplier.get(path), `value="9"`, `value="500.00"`, `<option value="斤" selected`)
	shows(t, m.second.get(path), "本周还可以新报价 20 次")
}

func TestHistoryRenewalAndDecline(t *testing.T) {
	m := newMarket(t, nil)
	p := m.publish()
	line := p.Lines[0].ID
	path := fmt.Sprintf("/lines/%d/quote", line)
	m.supplier.get(path)
	m.supplier.post(path, "price", "286", "valid", "3")
	m.supplier.get(path)
	m.supplier.post(path, "price", "279", "valid", "3", "lead_days", "5")
	q, err := m.store.QuoteOf(t.Context(), line, m.id[m.supplier])
	if err != nil {
		t.Fatal(err)
	}
	history := xunjia.QuotePath(q.ID) + "/history"
	for _, b := range []*browser{m.supplier, m.buyer} {
		shows(t, b.get(history), "第 2 次报价", "286.00", "279.00", "备货")
	}
	contains(t, m.second.get(history), "没有找到")

	m.exec("UPDATE quote SET valid_until = 1 WHERE id = ?", q.ID)
	shows(t, m.supplier.get(xunjia.QuotePath(q.ID)), "报价已过期", "延长 7 天")
	m.supplier.get(xunjia.QuotePath(q.ID))
	redirects(t, m.supplier.post(xunjia.QuotePath(q.ID)+"/renew", "days", "7"), xunjia.QuotePath(q.ID))
	shows(t, m.supplier.get(xunjia.QuotePath(q.ID)), "报价有效期已更新")
	m.buyer.get("/me")
	wantStatus(t, m.buyer.post(xunjia.QuotePath(q.ID)+"/renew", "days", "7"), http.StatusNotFound)
	m.supplier.get("/me")
	wantStatus(t, m.supplier.post(xunjia.QuotePath(q.ID)+"/renew", "days", "9999"), http.StatusUnprocessableEntity)

	decline := fmt.Sprintf("/lines/%d/decline", line)
	shows(t, m.second.get(decline), "不报这个品种", "数量太少")
	a := m.second.post(decline, "reason", " ")
	wantStatus(t, a, http.StatusUnprocessableEntity)
	shows(t, a, "请选择或填写不报价的原因")
	redirects(t, m.second.post(decline, "reason", "数量太少"), xunjia.PurchasePath(p.ID))
	shows(t, m.second.get(xunjia.PurchasePath(p.ID)), "您说了不报：数量太少")
	shows(t, m.buyer.get(comparePath(p.ID)), "1 家谢绝报价", "数量太少")
	m.supplier.get("/me")
	wantStatus(t, m.supplier.post(decline, "reason", "没有货了"), http.StatusConflict)
	shows(t, m.second.get(xunjia.PurchasePath(p.ID)), "谁报了价")
}
