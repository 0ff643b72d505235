package handlers

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/xunjia/xunjia"
)

// editForm are the fields of the edit form that the browser shows, with some changed.
func (m *market) editForm(p xunjia.Purchase, change ...string) []string {
	var out []string
	for name, values := range purchaseValues(p) {
		for i, v := range values {
			if i > 0 {
				name = "+" + name
			}
			out = append(out, name, v)
		}
	}
	return append(append(out, "do", "publish"), change...)
}

func TestEditingAPurchase(t *testing.T) {
	m := newMarket(t, nil)
	p := m.publish()
	q := m.quote(m.supplier, p.Lines[0].ID, "280")
	path := xunjia.PurchasePath(p.ID)
	shows(t, m.buyer.get(path), "修改", "复制一份")
	a := m.buyer.get(path + "/edit")
	shows(t, a, "修改采购单", "报过价的供应商会收到修改的内容", "保存修改")
	contains(t, m.supplier.get(path+"/edit"), "没有找到")

	// A mistake keeps what was typed and changes nothing.
	m.buyer.get(path + "/edit")
	a = m.buyer.post(path+"/edit", m.editForm(p, "version", "1", "lines.0.quantity", "-5", "remark", "加急")...)
	wantStatus(t, a, http.StatusUnprocessableEntity)
	shows(t, a, "采购数量必须大于 0", "加急")
	a = m.buyer.post(path+"/edit", m.editForm(p, "version", "1", "mode", "2")...)
	shows(t, a, "已有报价，不能再改询价方式")

	redirects(t, m.buyer.post(path+"/edit", m.editForm(p, "version", "1", "lines.0.quantity", "600", "remark", "加急")...), path)
	shows(t, m.buyer.get(path), "已保存，报过价的供应商会收到修改的内容", "修改过，第 2 版", "加急")
	shows(t, m.supplier.get(path+"/versions"), "第 2 版", "500公斤 → 600公斤")

	// Somebody who opened the form before is shown what changed, and keeps his own.
	m.buyer.get(path + "/edit")
	a = m.buyer.post(path+"/edit", m.editForm(p, "version", "1", "remark", "我的备注")...)
	wantStatus(t, a, http.StatusConflict)
	shows(t, a, "同事的修改", "500公斤 → 600公斤", "我的备注")
	contains(t, a, `name="version" value="2"`)
	if now, _ := m.store.Purchase(t.Context(), p.ID); now.Remark != "加急" {
		t.Errorf("the other's remark was overwritten: %q", now.Remark)
	}

	// The supplier confirms with one tap; before that the buyer cannot accept.
	quote := xunjia.QuotePath(q.ID)
	shows(t, m.buyer.get(quote), "供应商确认后才能接受")
	shows(t, m.supplier.get(quote), "采购单改到了第 2 版", "报价仍有效")
	shows(t, m.supplier.get("/me/quotes"), "要求改过")
	m.buyer.get("/me")
	wantStatus(t, m.buyer.post(quote+"/confirm", "version", "2"), http.StatusNotFound)
	m.supplier.get(quote)
	wantStatus(t, m.supplier.post(quote+"/confirm", "version", "1"), http.StatusConflict)
	redirects(t, m.supplier.post(quote+"/confirm", "version", "2"), quote)
	shows(t, m.supplier.get(quote), "已确认")
}

func TestCopyingAPurchase(t *testing.T) {
	m := newMarket(t, nil)
	p := m.publish()
	m.exec("UPDATE purchase SET delivery = '送货上门', remark = '要看货' WHERE id = ?", p.ID)
	a := m.buyer.get(fmt.Sprintf("/purchases/new?from=%d", p.ID))
	shows(t, a, "发布采购", "要看货")
	contains(t, a, `value="送货上门"`, `value="500"`)
	contains(t, m.supplier.get(fmt.Sprintf("/purchases/new?from=%d", p.ID)), "没有找到")
	wantStatus(t, m.buyer.get("/purchases/new?from=x"), http.StatusNotFound)
}

// Every term of the form is kept; the deadline to the second.
func TestAllTerms(t *testing.T) {
	m := newMarket(t, nil)
	p := m.publish()
	m.buyer.get("/purchases/new")
	form := m.editForm(p, "deadline", "at", "deadline_at", time.Now().Add(49*time.Hour).In(xunjia.China()).Format("2006-01-02T15:04")+":07", "mode", "2", "show_rank", "1",
		"delivery", "送货上门", "sample", "先寄样品", "qualification", "GMP", "lines.0.id", "", "lines.1.id", "")
	a := m.buyer.post("/purchases/new", form...)
	wantStatus(t, a, http.StatusSeeOther)
	list, err := m.store.PurchasesOf(t.Context(), m.id[m.buyer], xunjia.Page{})
	if err != nil {
		t.Fatal(err)
	}
	got := list.Items[0]
	if got.Mode != xunjia.SealedMode || !got.ShowRank || got.Delivery != "送货上门" || got.Sample != "先寄样品" || got.Qualification != "GMP" || got.Deadline.Second() != 7 {
		t.Errorf("kept %+v", got.Terms)
	}
	shows(t, m.supplier.get(xunjia.PurchasePath(got.ID)), "送货上门", "先寄样品", "GMP", "密封报价")
	m.buyer.get("/purchases/new")
	a = m.buyer.post("/purchases/new", m.editForm(p, "mode", "7", "qualification", strings.Repeat("长", 101))...)
	wantStatus(t, a, http.StatusUnprocessableEntity)
	shows(t, a, "请选择询价方式", "最多 100 个字")
}
