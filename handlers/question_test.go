package handlers

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/xunjia/xunjia"
)

func TestQuestionsOnPages(t *testing.T) {
	m := newMarket(t, nil)
	p := m.publish()
	path, questions := xunjia.PurchasePath(p.ID), xunjia.QuestionsPath(p.ID)
	wantStatus(t, m.browser().get(questions), http.StatusOK)
	shows(t, m.browser().get(path), "后可以提问")
	contains(t, m.supplier.get(path), `action="`+questions+`"`)
	a := m.supplier.post(questions, "text", "好")
	wantStatus(t, a, http.StatusUnprocessableEntity)
	shows(t, a, "至少 2 个字", "好")
	redirects(t, m.supplier.post(questions, "text", "水分放到<b>十四</b>行吗？"), questions)
	m.buyer.get("/me")
	a = m.buyer.post(questions, "text", "自己问自己")
	wantStatus(t, a, http.StatusForbidden)
	shows(t, a, "不能给自己的采购单提问", "自己问自己")

	list, err := m.store.Questions(t.Context(), p, xunjia.User{}, true, xunjia.Page{})
	if err != nil || len(list.Items) != 1 {
		t.Fatal(list, err)
	}
	q := fmt.Sprintf("/questions/%d", list.Items[0].ID)
	for _, b := range []*browser{m.browser(), m.second, m.supplier} {
		a = b.get(path)
		shows(t, a, "水分放到<b>十四</b>行吗？", "等采购商回答", "重庆·石柱**作社")
		if b != m.supplier { // whose own name stands on his pages
			hides(t, a, "石柱黄水")
		}
		if strings.Contains(a.body, q+"/answer") {
			t.Error("others may answer")
		}
	}
	for _, page := range []string{q + "/answer", q + "/hide", "/questions/999999/answer"} {
		wantStatus(t, m.supplier.get(page), http.StatusNotFound)
		m.supplier.get("/me")
		wantStatus(t, m.supplier.post(page, "answer", "我来回答", "reason", "捣乱一下"), http.StatusNotFound)
	}
	contains(t, m.buyer.get(path), q+"/answer", q+"/hide")
	shows(t, m.buyer.get(q+"/answer"), "回答提问", "十四")
	a = m.buyer.post(q+"/answer", "answer", "行")
	wantStatus(t, a, http.StatusUnprocessableEntity)
	shows(t, a, "请写明您的回答", "行")
	redirects(t, m.buyer.post(q+"/answer", "answer", "可以，要写明产地"), questions)
	shows(t, m.browser().get(path), "可以，要写明产地")
	hides(t, m.browser().get(path), "已修改")
	m.buyer.get(q + "/answer")
	redirects(t, m.buyer.post(q+"/answer", "answer", "不可以"), questions)
	shows(t, m.second.get(questions), "不可以", "已修改")

	shows(t, m.buyer.get(q+"/hide"), "隐藏这个提问？", "含有联系方式")
	wantStatus(t, m.buyer.post(q+"/hide", "reason", ""), http.StatusUnprocessableEntity)
	redirects(t, m.buyer.post(q+"/hide", "reason", "与采购无关"), questions)
	hides(t, m.second.get(questions), "十四", "与采购无关")
	shows(t, m.supplier.get(questions), "十四", "隐藏的原因：与采购无关")
	a = m.buyer.get(q + "/answer")
	wantStatus(t, a, http.StatusConflict)
	shows(t, a, "这个提问已隐藏")
}

func TestTooManyQuestions(t *testing.T) {
	m := newMarket(t, nil)
	p := m.publish()
	questions := xunjia.QuestionsPath(p.ID)
	for i := range xunjia.MaxOpenQuestions {
		m.supplier.get(questions)
		redirects(t, m.supplier.post(questions, "text", fmt.Sprint("问题", i)), questions)
	}
	m.supplier.get(questions)
	a := m.supplier.post(questions, "text", "第六个问题")
	wantStatus(t, a, http.StatusConflict)
	shows(t, a, "您有 5 个提问还没有回答", "第六个问题")
	contains(t, m.second.get(xunjia.PurchasePath(p.ID)), "全部提问")
	if _, err := m.store.EndPurchase(t.Context(), p.ID, m.id[m.buyer]); err != nil {
		t.Fatal(err)
	}
	m.second.get("/me")
	a = m.second.post(questions, "text", "结束以后再问")
	wantStatus(t, a, http.StatusConflict)
	shows(t, a, "不能再提问", "结束以后再问", "报价结束")
}
