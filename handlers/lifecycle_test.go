package handlers

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/xunjia/xunjia"
)

func TestCloseOnPages(t *testing.T) {
	m := newMarket(t, nil)
	p := m.publish()
	path := xunjia.PurchasePath(p.ID)
	m.quote(m.supplier, p.Lines[0].ID, "280")
	contains(t, m.buyer.get(path), path+"/close", path+"/extend", "结束报价")
	contains(t, m.buyer.get(path+"/close"), "关闭这张采购单？", "已收到 1 条报价")
	a := m.buyer.post(path+"/close", "reason", "无")
	wantStatus(t, a, 422)
	contains(t, a, "请写明原因", "无")
	redirects(t, m.buyer.post(path+"/close", "reason", "预算有变"), path)
	contains(t, m.supplier.get(path), "采购商关闭了这张采购单", "预算有变")
	a = m.buyer.get(path + "/close")
	wantStatus(t, a, http.StatusConflict)
	contains(t, a, "采购单现在是“关闭”", "重新开放")

	m.buyer.get(path + "/reopen")
	a = m.buyer.post(path+"/reopen", "deadline", "at", "deadline_at", "2020-01-01T00:00")
	wantStatus(t, a, 422)
	contains(t, a, "截止时间至少在 30 分钟以后", "2020-01-01T00:00")
	redirects(t, m.buyer.post(path+"/reopen", "deadline", "3"), path)
	contains(t, m.supplier.get(path), "等待报价", "修改报价")
}

func TestCloseLineOnPages(t *testing.T) {
	m := newMarket(t, nil)
	p := m.publish("line", "0", "+line", "1", "lines.1.category", m.category("当归"), "lines.1.quantity", "20", "lines.1.unit", "公斤")
	path := fmt.Sprintf("/lines/%d/close", p.Lines[0].ID)
	contains(t, m.buyer.get(xunjia.PurchasePath(p.ID)), path)
	contains(t, m.buyer.get(path), "关闭这个品种？", "其他品种不受影响")
	wantStatus(t, m.buyer.post(path, "reason", ""), 422)
	redirects(t, m.buyer.post(path, "reason", "已经买到"), xunjia.PurchasePath(p.ID))
	a := m.supplier.get(xunjia.PurchasePath(p.ID))
	contains(t, a, "这个品种已停止采购。原因：已经买到", fmt.Sprintf("/lines/%d/quote", p.Lines[1].ID))
	if strings.Contains(a.body, fmt.Sprintf("/lines/%d/quote", p.Lines[0].ID)) {
		t.Error("the closed line still offers to quote")
	}
	wantStatus(t, m.buyer.get(path), http.StatusConflict)
}

func TestExtendOnPages(t *testing.T) {
	now := time.Now()
	m := newMarket(t, func(o *Options) { o.Clock = func() time.Time { return now } })
	p := m.publish()
	path := xunjia.PurchasePath(p.ID) + "/extend"
	contains(t, m.buyer.get(path), "延长报价时间", xunjia.FullTime(p.Deadline))
	a := m.buyer.post(path, "deadline", "at", "deadline_at", now.In(xunjia.China()).Add(24*time.Hour).Format(inputTime))
	wantStatus(t, a, 422)
	contains(t, a, "新的截止时间要晚于现在的")
	wantStatus(t, m.buyer.post(path, "deadline", "nonsense"), 422)
	redirects(t, m.buyer.post(path, "deadline", "7"), xunjia.PurchasePath(p.ID))
	got, err := m.store.Purchase(t.Context(), p.ID)
	if err != nil || got.Deadline.Sub(p.Deadline).Round(time.Hour) != 7*24*time.Hour {
		t.Errorf("deadline %s after %s, %v", got.Deadline, p.Deadline, err)
	}
}

func TestLifecycleIsNobodyElses(t *testing.T) {
	m := newMarket(t, nil)
	p := m.publish()
	for _, path := range []string{xunjia.PurchasePath(p.ID) + "/close", xunjia.PurchasePath(p.ID) + "/extend", xunjia.PurchasePath(p.ID) + "/reopen",
		fmt.Sprintf("/lines/%d/close", p.Lines[0].ID), "/purchases/999999/close", "/lines/999999/close"} {
		wantStatus(t, m.stranger.get(path), http.StatusNotFound)
		m.stranger.get("/me")
		wantStatus(t, m.stranger.post(path, "reason", "捣乱一下", "deadline", "7"), http.StatusNotFound)
	}
	if got, err := m.store.Purchase(t.Context(), p.ID); err != nil || got.Status != xunjia.WaitingForQuote || !got.Deadline.Equal(p.Deadline) {
		t.Errorf("a stranger changed it: %+v, %v", got, err)
	}
}
