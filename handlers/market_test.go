package handlers

import (
	"bytes"
	"fmt"
	"image"
	"image/jpeg"
	"mime/multipart"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"github.com/xunjia/xunjia"
)

// market is a website with a buyer, two suppliers and a stranger of the sample
// data.
type market struct {
	*world
	buyer, supplier, second, stranger *browser
	id                                map[*browser]int64
}

func newMarket(t *testing.T, change func(*Options)) *market {
	t.Helper()
	m := &market{world: newWorld(t, change), id: map[*browser]int64{}}
	for phone, b := range map[xunjia.Phone]**browser{
		"19900000001": &m.buyer, "19900000007": &m.supplier, "19900000010": &m.second, "19900000012": &m.stranger,
	} {
		u, err := m.store.RegisterPhone(t.Context(), phone, 0)
		if err != nil {
			t.Fatal(err)
		}
		*b = m.member(u.ID)
		m.id[*b] = u.ID
	}
	return m
}

// category is the id of a category of the sample data.
func (m *market) category(name string) string {
	m.t.Helper()
	found, err := m.store.SearchCategories(m.t.Context(), name, 1)
	if err != nil || len(found) != 1 {
		m.t.Fatalf("category %s: %v, %v", name, found, err)
	}
	return jsonNumber(found[0].ID)
}

// draft is what a browser sends for a request of 500 公斤 黄连; edit changes
// or, with "", empties fields.
func (m *market) draft(edit ...string) []string {
	m.t.Helper()
	m.buyer.get("/purchases/new")
	return append([]string{
		"do", "publish", "lines.0.category", m.category("黄连"), "lines.0.spec", "统货", "lines.0.quantity", "500", "lines.0.unit", "公斤",
		"lines.0.cap_price", "300", "province", "340000", "city", "341600", "district", "341602", "deadline", "3",
		"invoice", "增值税普通发票", "payment", "货到付款", "remark", "样品先寄",
	}, edit...)
}

// publish publishes the request and answers it as the store has it.
func (m *market) publish(edit ...string) xunjia.Purchase {
	m.t.Helper()
	a := m.buyer.post("/purchases/new", m.draft(edit...)...)
	wantStatus(m.t, a, http.StatusSeeOther)
	id, err := strconv.ParseInt(strings.TrimPrefix(a.to(), "/purchases/"), 10, 64)
	if err != nil {
		m.t.Fatalf("redirect to %q", a.to())
	}
	p, err := m.store.Purchase(m.t.Context(), id)
	if err != nil {
		m.t.Fatal(err)
	}
	return p
}

// quote quotes on a line and answers the quote as the store has it.
func (m *market) quote(b *browser, line int64, price string) xunjia.Quote {
	m.t.Helper()
	path := fmt.Sprintf("/lines/%d/quote", line)
	wantStatus(m.t, b.get(path), http.StatusOK)
	a := b.post(path, "price", price, "quality", "今年新货", "explanation", "现货")
	wantStatus(m.t, a, http.StatusSeeOther)
	q, err := m.store.QuoteOf(m.t.Context(), line, m.id[b])
	if err != nil {
		m.t.Fatal(err)
	}
	redirects(m.t, a, xunjia.QuotePath(q.ID))
	return q
}

// purchases counts what the browser's user asked for.
func (m *market) purchases(b *browser) int {
	m.t.Helper()
	list, err := m.store.PurchasesOf(m.t.Context(), m.id[b], xunjia.Page{Limit: 100})
	if err != nil {
		m.t.Fatal(err)
	}
	return len(list.Items)
}

// text is what a page shows, without markup.
func text(t *testing.T, a answer) string {
	t.Helper()
	doc, err := html.Parse(strings.NewReader(a.body))
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	for n := range doc.Descendants() {
		if n.Type == html.TextNode {
			b.WriteString(strings.TrimSpace(n.Data))
			b.WriteString(" ")
		}
	}
	return b.String()
}

// shows reports visible text that a page lacks.
func shows(t *testing.T, a answer, texts ...string) {
	t.Helper()
	page := text(t, a)
	for _, want := range texts {
		if !strings.Contains(page, want) {
			t.Errorf("%s %s (%d) does not show %q", a.Request.Method, a.Request.URL.Path, a.StatusCode, want)
		}
	}
}

// hides reports text that a page should not have.
func hides(t *testing.T, a answer, texts ...string) {
	t.Helper()
	for _, unwanted := range texts {
		if strings.Contains(a.body, unwanted) {
			t.Errorf("%s %s shows %q", a.Request.Method, a.Request.URL.Path, unwanted)
		}
	}
}

// file is a picture of a form that is sent without a script.
type file struct {
	field string
	data  []byte
}

func photo(t *testing.T) []byte {
	t.Helper()
	var buf bytes.Buffer
	if err := jpeg.Encode(&buf, image.NewRGBA(image.Rect(0, 0, 40, 30)), nil); err != nil {
		t.Fatal(err)
	}
	return buf.Bytes()
}

// postFiles sends the last page's form with fields and files.
func (b *browser) postFiles(path string, files []file, fields ...string) answer {
	b.t.Helper()
	values := url.Values{}
	for k, v := range b.form {
		values[k] = v
	}
	for i := 0; i+1 < len(fields); i += 2 {
		values.Set(fields[i], fields[i+1])
	}
	var body bytes.Buffer
	m := multipart.NewWriter(&body)
	for k, vs := range values {
		for _, v := range vs {
			_ = m.WriteField(k, v)
		}
	}
	for _, f := range files {
		part, _ := m.CreateFormFile(f.field, "照片.jpg")
		_, _ = part.Write(f.data)
	}
	_ = m.Close()
	r, err := http.NewRequest(http.MethodPost, b.url+path, &body)
	if err != nil {
		b.t.Fatal(err)
	}
	r.Header.Set("Content-Type", m.FormDataContentType())
	return b.do(r)
}

// nextLink is where the link to the next page leads, "" on the last one.
func nextLink(t *testing.T, a answer) string {
	t.Helper()
	doc, err := html.Parse(strings.NewReader(a.body))
	if err != nil {
		t.Fatal(err)
	}
	for n := range doc.Descendants() {
		attr := map[string]string{}
		for _, x := range n.Attr {
			attr[x.Key] = x.Val
		}
		if n.Data == "a" && attr["rel"] == "next" {
			return attr["href"]
		}
	}
	return ""
}
