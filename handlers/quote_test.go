package handlers

import (
	"fmt"
	"net/http"
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
	shows(t, m.supplier.get(xunjia.QuotePath(q.ID)), "报价已更新", "279.00", "修改过")
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
