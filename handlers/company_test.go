package handlers

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/xunjia/xunjia"
)

// joinLink makes a link into the browser's company and answers its path.
func (m *market) joinLink(b *browser, role xunjia.CompanyRole) string {
	m.t.Helper()
	b.get("/me/company")
	a := b.post("/me/company/links", "role", fmt.Sprint(int(role)), "uses", "1")
	wantStatus(m.t, a, http.StatusOK)
	_, rest, _ := strings.Cut(a.body, "/c/")
	token, _, _ := strings.Cut(rest, `"`)
	return "/c/" + token
}

func TestCompanyPages(t *testing.T) {
	m := newMarket(t, nil)
	shows(t, m.buyer.get("/me/company"), "创建公司")
	a := m.buyer.post("/me/company", "name", "华")
	wantStatus(t, a, http.StatusUnprocessableEntity)
	shows(t, a, "请填写公司名称")
	contains(t, a, `value="华"`)
	redirects(t, m.buyer.post("/me/company", "name", "华济堂药业"), "/me/company")
	shows(t, m.buyer.get("/me/company"), "公司已创建", "华济堂药业", "负责人", "邀请同事")
	shows(t, m.buyer.get("/me"), "华济堂药业")
	a = m.buyer.post("/me/company/links", "role", "9", "uses", "0")
	wantStatus(t, a, http.StatusUnprocessableEntity)
	shows(t, a, "请选择角色", "人数应在")

	join := m.joinLink(m.buyer, xunjia.CompanyBuyer)
	shows(t, m.second.get(join), "华济堂药业", "邀请您加入", "采购员")
	redirects(t, m.second.post(join), "/me/company")
	a = m.second.get("/me/company")
	shows(t, a, "已加入公司", "采购员", "变动记录")
	if strings.Contains(a.body, "生成邀请链接</button>") {
		t.Error("a buyer sees the form of links")
	}
	shows(t, m.supplier.get(join), "名额已用完")
	m.supplier.get("/me")
	wantStatus(t, m.supplier.post(join), http.StatusConflict)
	contains(t, m.supplier.get("/c/nonsense"), "没有找到")

	// The colleague's purchase is the company's.
	p := m.publish()
	shows(t, m.second.get("/me/company/purchases"), "公司的采购", p.Title())
	shows(t, m.second.get("/me/purchases"), "公司的")
	if a := m.second.get("/me/export/company"); a.StatusCode != http.StatusOK || !strings.HasPrefix(a.body, "PK") {
		t.Errorf("the export is %d", a.StatusCode)
	}
	wantStatus(t, m.supplier.get("/me/export/company"), http.StatusNotFound)
	wantStatus(t, m.supplier.get("/me/company/purchases"), http.StatusNotFound)

	// Owners decide; others do not.
	member := fmt.Sprintf("/me/company/members/%d", m.id[m.second])
	shows(t, m.buyer.get(member), "保存角色", "移出公司")
	redirects(t, m.buyer.post(member, "role", fmt.Sprint(int(xunjia.CompanyApprover))), "/me/company")
	shows(t, m.buyer.get("/me/company"), "审批人")
	wantStatus(t, m.second.get(member), http.StatusForbidden)
	m.second.get("/me")
	wantStatus(t, m.second.post(member, "role", "1"), http.StatusForbidden)
	m.buyer.get("/me")
	wantStatus(t, m.buyer.post("/me/company/leave"), http.StatusConflict)
	contains(t, m.buyer.get(fmt.Sprintf("/me/company/members/%d", m.id[m.supplier])), "没有找到")
	m.buyer.get(member)
	redirects(t, m.buyer.post(member+"/remove"), "/me/company")
	shows(t, m.second.get("/me/company"), "创建公司")
	contains(t, m.second.get("/purchases/"+fmt.Sprint(p.ID)+"/compare"), "没有找到")
	shows(t, m.buyer.get("/me/company/leave"), "解散公司")
	redirects(t, m.buyer.post("/me/company/leave"), "/me/company")
	shows(t, m.buyer.get("/me/purchases"), p.Title())
}

// What each role may do with a company's purchase.
func TestCompanyRights(t *testing.T) {
	type want struct{ owner, buyer, approver, viewer, stranger int }
	const ok, no, gone = http.StatusOK, http.StatusForbidden, http.StatusNotFound
	m := newMarket(t, nil)
	p := m.publish()
	q := m.quote(m.supplier, p.Lines[0].ID, "280")
	roles := []xunjia.CompanyRole{xunjia.CompanyOwner, xunjia.CompanyBuyer, xunjia.CompanyApprover, xunjia.CompanyViewer}
	for path, w := range map[string]want{
		fmt.Sprintf("/purchases/%d/compare", p.ID):       {ok, ok, ok, ok, gone},
		fmt.Sprintf("/purchases/%d/end", p.ID):           {ok, ok, no, no, gone},
		fmt.Sprintf("/purchases/%d/close", p.ID):         {ok, ok, no, no, gone},
		fmt.Sprintf("/purchases/%d/extend", p.ID):        {ok, ok, no, no, gone},
		fmt.Sprintf("/purchases/%d/invite", p.ID):        {ok, ok, no, no, gone},
		fmt.Sprintf("/purchases/%d/conclude", p.ID):      {ok, no, ok, no, gone},
		fmt.Sprintf("/quotes/%d", q.ID):                  {ok, ok, ok, ok, gone},
		fmt.Sprintf("/quotes/%d/answer?do=accept", q.ID): {ok, no, ok, no, gone},
		fmt.Sprintf("/quotes/%d/answer?do=refuse", q.ID): {ok, ok, ok, no, gone},
		fmt.Sprintf("/quotes/%d/counter", q.ID):          {ok, ok, no, no, gone},
		fmt.Sprintf("/quotes/%d/history", q.ID):          {ok, ok, ok, ok, gone},
	} {
		for i, status := range []int{w.owner, w.buyer, w.approver, w.viewer} {
			m.company(map[*browser]xunjia.CompanyRole{m.buyer: xunjia.CompanyOwner, m.second: roles[i]}, p.ID)
			if a := m.second.get(path); a.StatusCode != status {
				t.Errorf("%s as %s: %d, want %d", path, roles[i], a.StatusCode, status)
			}
		}
		m.exec("UPDATE users SET company_id = 0, company_role = 0 WHERE id = ?", m.id[m.second])
		if a := m.second.get(path); a.StatusCode != w.stranger {
			t.Errorf("%s as a stranger: %d", path, a.StatusCode)
		}
	}
}
