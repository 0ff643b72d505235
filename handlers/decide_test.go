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

// exec changes what is stored behind the website's back.
func (w *world) exec(statement string, args ...any) {
	w.t.Helper()
	db, err := sql.Open("sqlite", "file:"+w.file+"?_pragma=busy_timeout(5000)")
	if err != nil {
		w.t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.ExecContext(w.t.Context(), statement, args...); err != nil {
		w.t.Fatalf("%s: %v", statement, err)
	}
	if err := w.redis.FlushAll(w.t.Context()).Err(); err != nil { // sessions are cached
		w.t.Fatal(err)
	}
}

// company makes the browsers members of one company, which the purchases then
// belong to.
func (m *market) company(roles map[*browser]xunjia.CompanyRole, purchases ...int64) {
	m.t.Helper()
	for b, role := range roles {
		m.exec("UPDATE users SET company_id = 66, company_role = ? WHERE id = ?", int(role), m.id[b])
	}
	for _, id := range purchases {
		m.exec("UPDATE purchase SET company_id = 66 WHERE id = ?", id)
	}
}

func (m *market) state(q xunjia.Quote) xunjia.Quote {
	m.t.Helper()
	got, err := m.store.QuoteOf(m.t.Context(), q.LineID, q.SupplierID)
	if err != nil {
		m.t.Fatal(err)
	}
	return got
}

// Landed prices, sorting, marks, a part accepted and taken back.
func TestComparing(t *testing.T) {
	m := newMarket(t, nil)
	p := m.publish()
	line := p.Lines[0].ID
	low, high := m.quote(m.supplier, line, "286.50"), m.quote(m.second, line, "290")
	m.exec("UPDATE quote SET tax_rate = 900, lead_days = 2 WHERE id = ?", low.ID)
	m.exec("UPDATE quote SET kind = 1, lead_days = 9, freight = 50000 WHERE id = ?", high.ID)
	m.exec("UPDATE users SET certified_until = ? WHERE id = ?", time.Now().Add(time.Hour).UnixMilli(), m.id[m.second])
	m.exec("UPDATE purchase SET version = 2 WHERE id = ?", p.ID)
	path := xunjia.PurchasePath(p.ID) + "/compare"
	a := m.buyer.get(path)
	shows(t, a, "312.29", "286.50元/公斤 不含税，开票加 9%", "291.00", "290.00元/公斤 含税，运费 500.00元", "最低", "2天，最快", "已认证", "旧版要求", "高于限价 4.1%", "低于限价 3.0%")
	first := func(a answer) int { return strings.Index(a.body, `data-testid="quote-`) }
	if at := first(a); !strings.HasPrefix(a.body[at:], fmt.Sprintf(`data-testid="quote-%d"`, high.ID)) {
		t.Error("the lowest landed price does not come first")
	}
	a = m.buyer.get(path + "?sort=lead")
	if at := first(a); !strings.HasPrefix(a.body[at:], fmt.Sprintf(`data-testid="quote-%d"`, low.ID)) {
		t.Error("the fastest does not come first")
	}
	wantStatus(t, m.buyer.get(path+"?after=nonsense"), http.StatusUnprocessableEntity)

	answer := xunjia.QuotePath(high.ID) + "/answer"
	shows(t, m.buyer.get(answer+"?do=accept"), "接受的数量", "需要 500公斤", "10 分钟内可以撤销")
	for typed, want := range map[string]string{"-1": "请填写数字", "abc": "请填写数字", "0": "接受的数量必须大于 0"} {
		m.buyer.get(answer + "?do=accept")
		a = m.buyer.post(answer, "quantity", typed)
		wantStatus(t, a, http.StatusUnprocessableEntity)
		shows(t, a, want)
		contains(t, a, `value="`+typed+`"`)
	}
	m.buyer.get(answer + "?do=accept")
	a = m.buyer.post(answer, "quantity", "501")
	wantStatus(t, a, http.StatusConflict)
	shows(t, a, "最多还能接受 500公斤")
	m.buyer.get(answer + "?do=accept")
	redirects(t, m.buyer.post(answer, "quantity", "200"), path)
	shows(t, m.buyer.get(path), "已接受 200公斤", "还差 300公斤", "撤销答复", "这个品种采购完成")
	a = m.buyer.get(xunjia.QuotePath(high.ID))
	shows(t, a, "接受的数量 200公斤", "待确认", "可以撤销，", "还剩 9 分钟")
	shows(t, m.second.get(xunjia.QuotePath(high.ID)), "接受的数量 200公斤")
	hides(t, m.second.get(xunjia.QuotePath(high.ID)), "撤销答复")

	undo := xunjia.QuotePath(high.ID) + "/undo"
	m.second.get("/me")
	wantStatus(t, m.second.post(undo), http.StatusNotFound)
	m.buyer.get(xunjia.QuotePath(high.ID))
	redirects(t, m.buyer.post(undo), xunjia.QuotePath(high.ID))
	shows(t, m.buyer.get(xunjia.QuotePath(high.ID)), "答复已撤销，供应商会收到通知", "这条报价等您答复")
	m.buyer.get("/me")
	a = m.buyer.post(undo)
	wantStatus(t, a, http.StatusConflict)
	if q := m.state(high); q.State != xunjia.Pending || q.Accepted != 0 {
		t.Errorf("%+v", q)
	}
}

// The offer or the request changed since the buyer looked.
func TestAnswersToWhatWasSeen(t *testing.T) {
	m := newMarket(t, nil)
	p := m.publish()
	q := m.quote(m.supplier, p.Lines[0].ID, "286")
	answer := xunjia.QuotePath(q.ID) + "/answer"
	for _, c := range []struct{ name, field, value, want string }{
		{"another revision", "revision", "2", "供应商刚刚修改了报价"},
		{"no revision", "revision", "", "供应商刚刚修改了报价"},
		{"another price", "price", "285", "供应商刚刚修改了报价"},
		{"no price", "price", "", "供应商刚刚修改了报价"},
		{"another version", "version", "7", "采购单刚刚有修改"},
		{"no version", "version", "", "采购单刚刚有修改"},
	} {
		m.buyer.get(answer + "?do=accept")
		a := m.buyer.post(answer, c.field, c.value)
		wantStatus(t, a, http.StatusConflict)
		shows(t, a, c.want)
	}
	if got := m.state(q); got.State != xunjia.Pending {
		t.Errorf("%+v", got)
	}
}

func TestCounterOffer(t *testing.T) {
	m := newMarket(t, nil)
	p := m.publish()
	q := m.quote(m.supplier, p.Lines[0].ID, "286")
	path := xunjia.QuotePath(q.ID)
	shows(t, m.buyer.get(path+"/counter"), "您能接受的价格", "286.00")
	for typed, want := range map[string]string{"": "请填写您能接受的价格", "286": "还价应低于供应商的报价", "-5": "还价必须大于 0", "abc": "请填写数字"} {
		m.buyer.get(path + "/counter")
		a := m.buyer.post(path+"/counter", "price", typed, "message", "量大")
		wantStatus(t, a, http.StatusUnprocessableEntity)
		shows(t, a, want, "量大")
	}
	m.buyer.get(path + "/counter")
	redirects(t, m.buyer.post(path+"/counter", "price", "270", "message", "量大，能否优惠"), xunjia.PurchasePath(p.ID)+"/compare")
	shows(t, m.buyer.get(xunjia.PurchasePath(p.ID)+"/compare"), "您还价 270.00元/公斤", "量大，能否优惠")
	a := m.supplier.get(path)
	shows(t, a, "采购商还价", "270.00", "量大，能否优惠", "接受还价")
	contains(t, a, `action="`+path+`/counter/accept"`)
	for who, b := range map[string]*browser{"stranger": m.stranger, "another supplier": m.second} {
		b.get("/me")
		wantStatus(t, b.post(path+"/counter/accept", "price", "270"), http.StatusNotFound)
		if a := b.get(path + "/counter"); a.StatusCode != http.StatusNotFound {
			t.Errorf("%s: %d", who, a.StatusCode)
		}
	}
	m.buyer.get("/me")
	wantStatus(t, m.buyer.post(path+"/counter/accept", "price", "270"), http.StatusNotFound)
	m.supplier.get("/me")
	a = m.supplier.post(path+"/counter/accept", "price", "260")
	wantStatus(t, a, http.StatusConflict)
	shows(t, a, "采购商刚刚修改了还价")
	m.supplier.get(path)
	redirects(t, m.supplier.post(path+"/counter/accept", "price", "270.00"), path)
	shows(t, m.supplier.get(path), "已接受还价，报价已更新", "270.00", "改过 1 次")
	if got := m.state(q); got.Price != 270_00 || got.Revision != 2 || got.Counter.Price != 0 || got.Quality != "今年新货" {
		t.Errorf("%+v", got)
	}
	m.supplier.get("/me")
	wantStatus(t, m.supplier.post(path+"/counter/accept", "price", "270"), http.StatusConflict)
	m.buyer.get("/me")
	wantStatus(t, m.buyer.post(path+"/counter", "price", "260", "revision", "1"), http.StatusConflict)
}

func TestRefusingTheRest(t *testing.T) {
	m := newMarket(t, nil)
	p := m.publish()
	line := p.Lines[0].ID
	a, b := m.quote(m.supplier, line, "286"), m.quote(m.second, line, "290")
	path := xunjia.PurchasePath(p.ID) + "/refuse"
	shows(t, m.buyer.get(fmt.Sprintf("%s?line=%d", path, line)), "石柱黄水黄连专业合作社", "赵德茂", "价格高", "质量不符", "数量不够", "交期太长", "全部拒绝")
	shows(t, m.buyer.get(path+"?line=999999"), "没有待答复的报价")
	box := func(q xunjia.Quote) string { return fmt.Sprintf("%d-%d", q.ID, q.Revision) }
	m.buyer.get(path)
	got := m.buyer.post(path, "quote", box(b), "message", " ")
	wantStatus(t, got, http.StatusUnprocessableEntity)
	shows(t, got, "请告诉供应商拒绝的原因")
	got = m.buyer.post(path, "quote", "", "message", "价格高")
	wantStatus(t, got, http.StatusNotFound)
	m.buyer.get("/me")
	wantStatus(t, m.buyer.post(path, "quote", "999999-1", "message", "价格高"), http.StatusNotFound)
	for _, who := range []*browser{m.stranger, m.supplier} {
		wantStatus(t, who.get(path), http.StatusNotFound)
		who.get("/me")
		wantStatus(t, who.post(path, "quote", box(b), "message", "价格高"), http.StatusNotFound)
	}
	m.buyer.get(path)
	redirects(t, m.buyer.post(path, "quote", box(b), "message", "价格高"), xunjia.PurchasePath(p.ID)+"/compare")
	shows(t, m.buyer.get(xunjia.PurchasePath(p.ID)+"/compare"), "已拒绝 1 条报价")
	if m.state(a).State != xunjia.Pending || m.state(b).State != xunjia.Refused || m.state(b).Message != "价格高" {
		t.Errorf("%v, %v", m.state(a).State, m.state(b))
	}
	// What changed meanwhile is left alone.
	m.buyer.get(path)
	m.buyer.post(path, "quote", fmt.Sprintf("%d-7", a.ID), "message", "价格高")
	shows(t, m.buyer.get(xunjia.PurchasePath(p.ID)+"/compare"), "另外 1 条刚刚有变化")
}

func TestConcluding(t *testing.T) {
	m := newMarket(t, nil)
	p := m.publish()
	m.exec("UPDATE purchase SET show_rank = 1 WHERE id = ?", p.ID)
	line := p.Lines[0].ID
	won, lost := m.quote(m.supplier, line, "100"), m.quote(m.second, line, "105.20")
	ofLine, all := fmt.Sprintf("/lines/%d/conclude", line), xunjia.PurchasePath(p.ID)+"/conclude"
	for _, path := range []string{ofLine, all} {
		m.buyer.get("/me")
		a := m.buyer.post(path)
		wantStatus(t, a, http.StatusConflict)
		shows(t, a, "还没有接受任何报价")
		for _, who := range []*browser{m.stranger, m.supplier} {
			wantStatus(t, who.get(path), http.StatusNotFound)
			who.get("/me")
			wantStatus(t, who.post(path), http.StatusNotFound)
		}
	}
	hides(t, m.second.get(xunjia.QuotePath(lost.ID)), `data-testid="result"`)
	m.buyer.get(xunjia.QuotePath(won.ID) + "/answer?do=accept")
	m.buyer.post(xunjia.QuotePath(won.ID)+"/answer", "quantity", "300")
	shows(t, m.buyer.get(ofLine), "这个品种采购完成？", "已接受 300公斤")
	shows(t, m.buyer.get(all), "完成采购？")
	redirects(t, m.buyer.post(ofLine), xunjia.PurchasePath(p.ID)+"/compare")
	shows(t, m.buyer.get(xunjia.PurchasePath(p.ID)+"/compare"), "采购完成，供应商会收到结果", "未中选", "成功采购")
	shows(t, m.second.get(xunjia.QuotePath(lost.ID)), "未中选", "第 2 名，共 2 家", "比成交价高 5.2%")
	shows(t, m.supplier.get(xunjia.QuotePath(won.ID)), "中选", "第 1 名，共 2 家")
	m.exec("UPDATE purchase SET show_rank = 0 WHERE id = ?", p.ID)
	a := m.second.get(xunjia.QuotePath(lost.ID))
	shows(t, a, "未中选")
	hides(t, a, "共 2 家", "比成交价高")
	wantStatus(t, m.buyer.get(ofLine), http.StatusConflict)
	m.buyer.get("/me")
	wantStatus(t, m.buyer.post(all), http.StatusConflict)
	m.buyer.get("/me")
	wantStatus(t, m.buyer.post(xunjia.QuotePath(won.ID)+"/undo"), http.StatusConflict)
	for _, unknown := range []string{"/lines/999999/conclude", "/purchases/999999/conclude", "/purchases/999999/refuse", "/quotes/999999/counter", "/prices/999999", "/prices/x", "/prices/0"} {
		wantStatus(t, m.buyer.get(unknown), http.StatusNotFound)
	}
}

// Members of the company, by their roles.
func TestMembersRights(t *testing.T) {
	m := newMarket(t, nil)
	p := m.publish()
	q := m.quote(m.supplier, p.Lines[0].ID, "286")
	compare, quote := xunjia.PurchasePath(p.ID)+"/compare", xunjia.QuotePath(q.ID)
	m.company(map[*browser]xunjia.CompanyRole{m.buyer: xunjia.CompanyBuyer, m.second: xunjia.CompanyViewer, m.stranger: xunjia.CompanyApprover}, p.ID)
	has := func(b *browser, marks ...string) {
		t.Helper()
		a := b.get(compare)
		wantStatus(t, a, http.StatusOK)
		for _, mark := range []string{"accept", "refuse", "counter"} {
			id := fmt.Sprintf(`data-testid="%s-%d"`, mark, q.ID)
			if strings.Contains(a.body, id) != strings.Contains(strings.Join(marks, " "), mark) {
				t.Errorf("%s: shown %v, want %v", mark, strings.Contains(a.body, id), marks)
			}
		}
	}
	has(m.buyer, "refuse", "counter")
	has(m.second)
	has(m.stranger, "accept", "refuse")
	for _, c := range []struct {
		b      *browser
		method string
		path   string
	}{
		{m.buyer, "GET", quote + "/answer?do=accept"}, {m.buyer, "POST", quote + "/answer"}, {m.buyer, "GET", xunjia.PurchasePath(p.ID) + "/conclude"},
		{m.buyer, "POST", xunjia.PurchasePath(p.ID) + "/conclude"}, {m.second, "GET", quote + "/answer?do=refuse"}, {m.second, "GET", quote + "/counter"},
		{m.second, "POST", quote + "/counter"}, {m.second, "GET", xunjia.PurchasePath(p.ID) + "/refuse"}, {m.stranger, "GET", quote + "/counter"}, {m.stranger, "POST", quote + "/counter"},
	} {
		var a answer
		if c.method == "GET" {
			a = c.b.get(c.path)
		} else {
			c.b.get("/me")
			a = c.b.post(c.path, "do", "accept", "revision", "1", "version", "1", "price", "286")
		}
		if a.StatusCode != http.StatusForbidden {
			t.Errorf("%s %s: %d", c.method, c.path, a.StatusCode)
		}
		shows(t, a, "您在公司里的角色是")
	}
	m.stranger.get(quote + "/answer?do=accept")
	redirects(t, m.stranger.post(quote+"/answer", "quantity", "100"), compare)
}

// Sealed quotes show who quoted and how many until the deadline, on every page.
func TestSealedQuotes(t *testing.T) {
	m := newMarket(t, nil)
	p := m.publish()
	q := m.quote(m.second, p.Lines[0].ID, "286.37")
	m.exec("UPDATE purchase SET mode = ? WHERE id = ?", int(xunjia.SealedMode), p.ID)
	compare, quote := xunjia.PurchasePath(p.ID)+"/compare", xunjia.QuotePath(q.ID)
	a := m.buyer.get(compare)
	shows(t, a, "密封报价", "自动打开", "赵**")
	hides(t, a, "286.37", "赵德茂")
	for _, path := range []string{quote, quote + "/answer?do=accept", quote + "/answer?do=refuse", quote + "/counter", xunjia.PurchasePath(p.ID) + "/refuse", xunjia.PurchasePath(p.ID) + "/conclude"} {
		a := m.buyer.get(path)
		wantStatus(t, a, http.StatusConflict)
		hides(t, a, "286.37", "赵德茂")
	}
	m.buyer.get("/me")
	a = m.buyer.post(quote+"/answer", "do", "accept", "revision", "1", "version", "1", "price", "286.37")
	wantStatus(t, a, http.StatusConflict)
	shows(t, m.second.get(quote), "286.37")
	m.exec("UPDATE purchase SET deadline = 1 WHERE id = ?", p.ID)
	shows(t, m.buyer.get(compare), "286.37", "赵德茂")
}

func TestPricesPage(t *testing.T) {
	m := newMarket(t, nil)
	p := m.publish()
	category := "/prices/" + m.category("黄连")
	shows(t, m.buyer.get(category), "黄连行情", "报价还不够多")
	month, week := xunjia.MonthOf(time.Now()), xunjia.WeekOf(time.Now())
	for _, period := range []xunjia.PricePeriod{month, week} {
		m.exec("INSERT INTO price_point (category_id, unit, period, n, suppliers, median, low, high, updated_at) VALUES (?, '公斤', ?, 6, 4, 28000, 27000, 29000, 1)", m.category("黄连"), int(period))
	}
	a := m.buyer.get(category)
	shows(t, a, "按月", "按周", "看数字", "280.00", "270.00–290.00")
	contains(t, a, `<svg class="chart"`, `role="img"`)
	contains(t, m.supplier.get(xunjia.PurchasePath(p.ID)), `data-testid="price-trend"`)
	contains(t, m.supplier.get(fmt.Sprintf("/lines/%d/quote", p.Lines[0].ID)), `data-testid="price-trend"`)
	hides(t, m.browser().get(xunjia.PurchasePath(p.ID)), `data-testid="price-trend"`)
	m.exec("UPDATE price_point SET suppliers = 2")
	hides(t, m.buyer.get(category), "280.00")
	if a := m.browser().get(category); a.StatusCode == http.StatusOK {
		t.Error("guests read the prices")
	}
}
