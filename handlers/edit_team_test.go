package handlers

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/html"

	"github.com/xunjia/xunjia"
)

// Two members of a company edit the same request: nothing of either is lost, and
// a colleague who only looks may not.
func TestTwoMembersEdit(t *testing.T) {
	m := newMarket(t, nil)
	p := m.publish()
	path := xunjia.PurchasePath(p.ID)
	for b, role := range map[*browser]xunjia.CompanyRole{m.buyer: xunjia.CompanyOwner, m.second: xunjia.CompanyBuyer, m.stranger: xunjia.CompanyViewer} {
		m.exec("UPDATE users SET company_id = 66, company_role = ? WHERE id = ?", int(role), m.id[b])
	}
	m.exec("UPDATE purchase SET company_id = 66 WHERE id = ?", p.ID)
	a := m.stranger.get(path + "/edit")
	wantStatus(t, a, http.StatusForbidden)
	shows(t, a, "您在公司里的角色是“查看”")
	hides(t, m.stranger.get(path), `data-testid="edit"`)
	contains(t, m.second.get(path), `data-testid="edit"`)

	// Both open the form; one puts another quantity and another line, the other
	// a remark and a later deadline.
	first, other := m.buyer, m.second
	first.get(path + "/edit")
	other.get(path + "/edit")
	redirects(t, other.post(path+"/edit", m.editForm(p, "lines.0.quantity", "800", "line", "0", "+line", "1",
		"lines.1.category", m.category("当归"), "lines.1.quantity", "30", "lines.1.unit", "公斤")...), path)
	a = first.post(path+"/edit", m.editForm(p, "remark", "上门收货")...)
	wantStatus(t, a, http.StatusConflict)
	shows(t, a, "您的修改还没有保存", "500公斤 → 800公斤", "增加品种 当归", "放弃我的修改，重新载入", "上门收货")
	contains(t, a, `name="version" value="2"`, `name="lines.0.quantity" value="800"`, `name="lines.1.quantity" value="30"`)
	redirects(t, first.post(path+"/edit", mergedForm(t, a)...), path)
	now, err := m.store.Purchase(t.Context(), p.ID)
	if err != nil || now.Version != 3 || now.Remark != "上门收货" || len(now.Lines) != 2 || now.Lines[0].Quantity != 800_000 || now.Lines[1].Status != xunjia.WaitingForQuote {
		t.Fatalf("after both: %+v, %v", now, err)
	}

	// A deadline that the colleague put off meanwhile stays.
	first.get(path + "/edit")
	later := now.Deadline.Add(72 * time.Hour).Truncate(time.Second)
	if _, err := m.store.ExtendPurchase(t.Context(), p.ID, m.id[other], later); err != nil {
		t.Fatal(err)
	}
	redirects(t, first.post(path+"/edit", m.editForm(now, "remark", "急用")...), path)
	if now, err = m.store.Purchase(t.Context(), p.ID); err != nil || !now.Deadline.Equal(later) || now.Remark != "急用" {
		t.Errorf("until %v, want %v; %q, %v", now.Deadline, later, now.Remark, err)
	}

	a = m.supplier.get(path + "/versions")
	shows(t, a, "第 4 版", "第 1 版", "500公斤 → 800公斤", "备注")
	a = m.browser().get(path + "/versions")
	wantStatus(t, a, http.StatusOK)
	shows(t, a, "第 4 版", "**")
	contains(t, m.browser().get(path), `data-testid="versions"`)
	m.exec("UPDATE purchase SET mode = 1 WHERE id = ?", p.ID)
	wantStatus(t, m.browser().get(path+"/versions"), http.StatusNotFound)
	wantStatus(t, m.supplier.get(path+"/versions"), http.StatusNotFound)
}

// What a supplier has not read he does not offer for.
func TestQuotingWhileEdited(t *testing.T) {
	m := newMarket(t, nil)
	p := m.publish()
	form := fmt.Sprintf("/lines/%d/quote", p.Lines[0].ID)
	path := xunjia.PurchasePath(p.ID)
	m.supplier.get(form)
	m.buyer.get(path + "/edit")
	redirects(t, m.buyer.post(path+"/edit", m.editForm(p, "lines.0.quantity", "650", "payment", "月结 30 天")...), path)
	a := m.supplier.post(form, "price", "280", "explanation", "现货")
	wantStatus(t, a, http.StatusConflict)
	shows(t, a, "采购商刚刚修改了要求", "650公斤", "现货")
	a = m.supplier.post(form, "price", "280", "explanation", "现货") // from the form that was shown again
	wantStatus(t, a, http.StatusSeeOther)
	q, err := m.store.QuoteOf(t.Context(), p.Lines[0].ID, m.id[m.supplier])
	if err != nil || q.Version != 2 {
		t.Fatalf("for version %d, %v", q.Version, err)
	}

	// Only terms change: the buyer may accept, and is told.
	now, err := m.store.Purchase(t.Context(), p.ID)
	if err != nil {
		t.Fatal(err)
	}
	m.buyer.get(path + "/edit")
	redirects(t, m.buyer.post(path+"/edit", m.editForm(now, "payment", "货到付款")...), path)
	quote := xunjia.QuotePath(q.ID)
	a = m.buyer.get(quote + "/answer?do=accept")
	wantStatus(t, a, http.StatusOK)
	shows(t, a, "针对第 2 版，供应商尚未确认")
	contains(t, m.supplier.get("/me/quotes"), "confirm-quote-"+fmt.Sprint(q.ID))
	contains(t, m.supplier.get(path), "confirm-quote-"+fmt.Sprint(q.ID))
	redirects(t, m.supplier.post(quote+"/confirm", "version", "3"), quote)
	for _, page := range []string{"/me/quotes", path, quote} {
		hides(t, m.supplier.get(page), "confirm-quote-")
	}
	hides(t, m.buyer.get(quote+"/answer?do=accept"), "尚未确认")

	// The line changes: accepting waits for the supplier.
	now.Version = 3
	m.buyer.get(path + "/edit")
	redirects(t, m.buyer.post(path+"/edit", m.editForm(now, "payment", "货到付款", "lines.0.quantity", "700")...), path)
	a = m.buyer.get(quote + "/answer?do=accept")
	wantStatus(t, a, http.StatusConflict)
	shows(t, a, "要等供应商确认")
}

// mergedForm are the fields of the form that a page shows, without hidden ones,
// which the browser sends by itself.
func mergedForm(t *testing.T, a answer) []string {
	t.Helper()
	fields := []string{"do", "publish", "line", "x"} // instead of the last hidden one
	for _, f := range formFields(t, a) {
		fields = append(fields, f[0], f[1])
	}
	if !strings.Contains(strings.Join(fields, " "), "lines.0.quantity") {
		t.Fatalf("no fields of lines in %v", fields)
	}
	return fields
}

// formFields are the names and values that a browser sends of a page's form but
// for hidden inputs, buttons and the fields of other forms.
func formFields(t *testing.T, a answer) (fields [][2]string) {
	t.Helper()
	doc, err := html.Parse(strings.NewReader(a.body))
	if err != nil {
		t.Fatal(err)
	}
	for n := range doc.Descendants() {
		attr := map[string]string{}
		for _, at := range n.Attr {
			attr[at.Key] = at.Val
		}
		_, checked := attr["checked"]
		name := attr["name"]
		switch {
		case n.Type != html.ElementNode || name == "" || attr["type"] == "file":
		case n.Data == "input" && (attr["type"] == "radio" || attr["type"] == "checkbox"):
			if checked {
				fields = append(fields, [2]string{name, attr["value"]})
			}
		case n.Data == "input" && name == "line":
			fields = append(fields, [2]string{"+line", attr["value"]})
		case n.Data == "input" && attr["type"] != "hidden":
			fields = append(fields, [2]string{name, attr["value"]})
		case n.Data == "textarea" && n.FirstChild != nil:
			fields = append(fields, [2]string{name, n.FirstChild.Data})
		case n.Data == "select":
			fields = append(fields, [2]string{name, selected(n)})
		}
	}
	return fields
}

// selected is the value of a select.
func selected(n *html.Node) string {
	value := ""
	for o := range n.Descendants() {
		if o.Type != html.ElementNode || o.Data != "option" {
			continue
		}
		own, chosen := "", false
		for _, at := range o.Attr {
			if at.Key == "value" {
				own = at.Val
			}
			chosen = chosen || at.Key == "selected"
		}
		if own == "" && o.FirstChild != nil && !slices.ContainsFunc(o.Attr, func(at html.Attribute) bool { return at.Key == "value" }) {
			own = o.FirstChild.Data
		}
		if chosen {
			value = own
		}
	}
	return value
}
