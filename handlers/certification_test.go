package handlers

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/xunjia/xunjia"
)

func TestCertificationPages(t *testing.T) {
	m := newMarket(t, nil)
	shows(t, m.supplier.get("/me/certification"), "未认证", "每周新报价从 20 次提高到 200 次")
	a := m.supplier.post("/me/certification", "kind", "1", "name", "岷山药材", "code", "123", "person", "陈")
	wantStatus(t, a, http.StatusUnprocessableEntity)
	shows(t, a, "统一社会信用代码不对", "请填写负责人姓名", "请上传营业执照照片")
	contains(t, a, `value="岷山药材"`)
	m.supplier.get("/me/certification")
	a = m.supplier.postFiles("/me/certification", []file{{"documents_file", []byte("no picture")}}, "kind", "1", "name", "岷山药材", "code", "91350100M000100Y43", "person", "陈国强")
	wantStatus(t, a, http.StatusUnprocessableEntity)
	m.supplier.get("/me/certification")
	a = m.supplier.postFiles("/me/certification", []file{{"documents_file", photo(t)}}, "kind", "1", "name", "岷山药材", "code", "91350100M000100Y43", "person", "陈国强")
	redirects(t, a, "/me/certification")
	shows(t, m.supplier.get("/me/certification"), "正在审核", "撤回修改")

	// The document is the applicant's and the reviewers', nobody else's.
	list, err := m.store.Certifications(t.Context(), m.id[m.supplier], xunjia.Page{})
	if err != nil || len(list.Items) != 1 || len(list.Items[0].Documents) != 1 {
		t.Fatalf("%+v, %v", list.Items, err)
	}
	c, key := list.Items[0], list.Items[0].Documents[0]
	own := "/me/certification/documents/" + key + "/original"
	if a := m.supplier.get(own); a.StatusCode != http.StatusOK || !strings.Contains(a.Header.Get("Cache-Control"), "no-store") {
		t.Errorf("the applicant's own document: %d, %q", a.StatusCode, a.Header.Get("Cache-Control"))
	}
	contains(t, m.second.get(own), "没有找到")
	for _, path := range []string{"/media/" + key + "/original", "/media/" + key + "/mobile", "/files/" + key} {
		if a := m.supplier.get(path); a.StatusCode != http.StatusNotFound {
			t.Errorf("%s is open to everybody: %d", path, a.StatusCode)
		}
	}
	m.second.get("/me")
	wantStatus(t, m.second.post(fmt.Sprintf("/me/certification/%d/withdraw", c.ID)), http.StatusNotFound)

	staff := m.at(m.hire("reviewer", xunjia.OperatorRole, ""))
	shows(t, staff.get("/admin/certifications"), "岷山药材", "91350100M000100Y43")
	page := fmt.Sprintf("/admin/certifications/%d", c.ID)
	shows(t, staff.get(page), "和证照名称不同", "通过，有效期至")
	if a := staff.get(fmt.Sprintf("%s/documents/%s/original", page, key)); a.StatusCode != http.StatusOK {
		t.Errorf("staff see the document: %d", a.StatusCode)
	}
	wantStatus(t, staff.get("/admin/media/"+key), http.StatusNotFound)
	wantStatus(t, m.at(m.hire("service", xunjia.ServiceRole, "")).get(page), http.StatusForbidden)
	staff.get(page)
	a = staff.post(page, "do", "reject", "reason", " ")
	wantStatus(t, a, http.StatusUnprocessableEntity)
	shows(t, a, "请写明原因")
	staff.get(page)
	a = staff.post(page, "do", "approve", "until", "2020-01-01")
	wantStatus(t, a, http.StatusUnprocessableEntity)
	shows(t, a, "有效期要晚于今天")
	staff.get(page)
	until := time.Now().AddDate(0, 0, 300).In(xunjia.China()).Format(time.DateOnly)
	redirects(t, staff.post(page, "do", "approve", "until", until), page)
	wantStatus(t, staff.post(page, "do", "approve", "until", until), http.StatusConflict)
	shows(t, m.supplier.get("/me/certification"), "已认证", until)
	shows(t, m.supplier.get("/me"), "已认证")
}

func TestPublicProfile(t *testing.T) {
	m := newMarket(t, nil)
	p := m.publish()
	m.quote(m.supplier, p.Lines[0].ID, "280")
	path := xunjia.ProfilePath(m.id[m.buyer])
	a := m.supplier.get(path)
	shows(t, a, "作为采购商", "样本不足", "还没有评价")
	u, err := m.store.User(t.Context(), m.id[m.buyer])
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(a.body, string(u.Phone)) {
		t.Error("the phone is public")
	}
	guest := m.browser()
	if a := guest.get(path); a.StatusCode != http.StatusOK || strings.Contains(a.body, u.Name) {
		t.Errorf("a guest sees %d with the full name", a.StatusCode)
	}
	contains(t, m.supplier.get("/users/99999"), "没有找到")
	m.exec("UPDATE users SET disabled = 1 WHERE id = ?", m.id[m.second])
	contains(t, m.supplier.get(xunjia.ProfilePath(m.id[m.second])), "没有找到")

	m.supplier.get("/me/showcase")
	a = m.supplier.post("/me/showcase", "text", strings.Repeat("长", 301))
	wantStatus(t, a, http.StatusUnprocessableEntity)
	shows(t, a, "最多 300 个字")
	m.supplier.get("/me/showcase")
	a = m.supplier.postFiles("/me/showcase", []file{{"pictures_file", photo(t)}}, "text", "自有基地")
	redirects(t, a, xunjia.ProfilePath(m.id[m.supplier]))
	shows(t, m.buyer.get(xunjia.ProfilePath(m.id[m.supplier])), "自有基地", "被接受")
	shows(t, m.supplier.get(xunjia.ProfilePath(m.id[m.supplier])), "编辑公开主页")
}
