package handlers

import (
	"bytes"
	"encoding/json"
	"image"
	"image/png"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/xunjia/xunjia"
)

// Each mistake is told beside its field, nothing typed is lost and nothing is
// published.
func TestPublishMistakes(t *testing.T) {
	m := newMarket(t, nil)
	soon := time.Now().In(xunjia.China()).Add(10 * time.Minute).Format(inputTime)
	for _, c := range []struct {
		name string
		edit []string
		want string
	}{
		{"no category", []string{"lines.0.category", ""}, "请选择品种"},
		{"unknown category", []string{"lines.0.category", "999999"}, "这个品种已下架，请重新选择"},
		{"a group is no goods", []string{"lines.0.category", "1"}, "这个品种已下架，请重新选择"},
		{"no quantity", []string{"lines.0.quantity", ""}, "请填写采购数量"},
		{"quantity 0", []string{"lines.0.quantity", "0"}, "采购数量必须大于 0"},
		{"quantity -1", []string{"lines.0.quantity", "-1"}, "采购数量必须大于 0"},
		{"quantity in words", []string{"lines.0.quantity", "半吨"}, "请填写数字，最多三位小数"},
		{"unit of other goods", []string{"lines.0.unit", "条"}, "不能按“条”采购"},
		{"cap in words", []string{"lines.0.cap_price", "便宜"}, "请填写数字，最多两位小数"},
		{"cap too high", []string{"lines.0.cap_price", "99999999"}, "金额不能超过一千万元"},
		{"somebody's picture", []string{"lines.0.images", "stolen"}, "有图片已失效，请重新上传"},
		{"no area", []string{"province", ""}, "请选择收货地区"},
		{"half an area", []string{"district", ""}, "请选择到城市和区县"},
		{"no deadline", []string{"deadline", ""}, "请选择截止时间"},
		{"exact deadline without a time", []string{"deadline", "at", "deadline_at", "明天"}, "请选择截止的日期和时间"},
		{"deadline too soon", []string{"deadline", "at", "deadline_at", soon}, "截止时间至少在 30 分钟以后"},
		{"deadline too late", []string{"deadline", "at", "deadline_at", "2099-01-01T00:00"}, "截止时间最长一年"},
		{"remark too long", []string{"remark", strings.Repeat("长", 501)}, "最多 500 个字，现在有 501 个"},
		{"no lines", []string{"line", "x"}, "请至少填写一个采购品种"},
	} {
		t.Run(c.name, func(t *testing.T) {
			before := m.purchases(m.buyer)
			edit := append([]string{"lines.0.quality", "无硫，过检"}, c.edit...)
			a := m.buyer.post("/purchases/new", m.draft(edit...)...)
			wantStatus(t, a, http.StatusUnprocessableEntity)
			shows(t, a, c.want, "有内容需要修改")
			if c.name != "no lines" {
				contains(t, a, "无硫，过检", `value="统货"`)
			}
			if got := m.purchases(m.buyer); got != before {
				t.Errorf("%d purchases more", got-before)
			}
		})
	}
}

// A second tap on the button, or going back and sending again, publishes nothing.
func TestPublishTwice(t *testing.T) {
	m := newMarket(t, nil)
	fields := m.draft()
	form := m.buyer.form
	first := m.buyer.post("/purchases/new", fields...)
	wantStatus(t, first, http.StatusSeeOther)
	before := m.purchases(m.buyer)
	m.buyer.form = form
	redirects(t, m.buyer.post("/purchases/new", fields...), first.to())
	if got := m.purchases(m.buyer); got != before {
		t.Errorf("%d purchases more", got-before)
	}
	m.publish() // a new form is a new request
	if got := m.purchases(m.buyer); got != before+1 {
		t.Errorf("a new form published %d", got-before)
	}
}

// Without a script lines come and go by buttons, files come with the form, and
// nothing typed gets lost on the way.
func TestPublishWithoutScript(t *testing.T) {
	m := newMarket(t, nil)
	fields := m.draft("do", "add-line", "lines.0.origin", "重庆石柱")
	a := m.buyer.postFiles("/purchases/new", []file{{"lines.0.images_file", photo(t)}}, fields...)
	wantStatus(t, a, http.StatusOK)
	contains(t, a, `data-testid="line-1-quantity"`, `value="重庆石柱"`, `value="500"`, `name="lines.0.images"`)
	shows(t, a, "统货", "单枝") // specifications follow the category
	hides(t, a, "条草")
	picture := m.buyer.form.Get("lines.0.images")

	values := url.Values{}
	for i := 0; i < len(fields); i += 2 {
		values.Set(fields[i], fields[i+1])
	}
	for k := range values {
		if !strings.HasPrefix(k, "lines.0.") {
			continue
		}
		values.Set(strings.Replace(k, "lines.0.", "lines.1.", 1), values.Get(k))
	}
	values.Set("do", "remove-line:0")
	values.Set("lines.1.category", m.category("当归"))
	values.Set("lines.1.quantity", "2.5")
	values.Set("lines.1.unit", "吨")
	send := func(edit ...string) answer {
		var list []string
		for k := range values {
			list = append(list, k, values.Get(k))
		}
		r := m.buyer.request("/purchases/new", append(list, edit...)...)
		return m.buyer.do(r)
	}
	a = send("line", "0", "+line", "1")
	wantStatus(t, a, http.StatusOK)
	if strings.Contains(a.body, `data-testid="line-0-quantity"`) || !strings.Contains(a.body, `value="2.5"`) {
		t.Error("the wrong line was removed")
	}
	// A mistake in the line that is left is told at its own field.
	values.Set("do", "publish")
	a = send("line", "1", "lines.1.quantity", "0")
	contains(t, a, `id="lines.1.quantity-error" role="alert">采购数量必须大于 0`)
	shows(t, a, "品种 1 · 数量：采购数量必须大于 0")
	a = send("line", "1", "lines.1.images", picture)
	wantStatus(t, a, http.StatusSeeOther)
	list, err := m.store.PurchasesOf(t.Context(), m.id[m.buyer], xunjia.Page{Limit: 1})
	if err != nil {
		t.Fatal(err)
	}
	p, err := m.store.Purchase(t.Context(), list.Items[0].ID)
	if err != nil || len(p.Lines) != 1 || p.Lines[0].Name != "当归" || p.Lines[0].Amount() != "2.5吨" || len(p.Lines[0].Images) != 1 || p.Lines[0].Images[0].Media != picture {
		t.Errorf("published %+v, %v", p, err)
	}
}

// Pictures that are too large or none at all are told at their field.
func TestPublishPictures(t *testing.T) {
	m := newMarket(t, nil)
	var wide bytes.Buffer
	if err := png.Encode(&wide, image.NewGray(image.Rect(0, 0, 20000, 3))); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name string
		data []byte
		want string
	}{
		{"25 MB", append(photo(t), make([]byte, 25<<20)...), "图片太大了，每张最多 10 MB"},
		{"no picture", []byte("%PDF-1.7 没有图片"), "图片"},
		{"20000 wide", wide.Bytes(), "图片"},
	} {
		before := m.purchases(m.buyer)
		a := m.buyer.postFiles("/purchases/new", []file{{"lines.0.images_file", c.data}}, m.draft()...)
		wantStatus(t, a, http.StatusUnprocessableEntity)
		shows(t, a, "品种 1 · 图片：", c.want)
		contains(t, a, `value="500"`)
		if m.purchases(m.buyer) != before {
			t.Errorf("%s: published all the same", c.name)
		}
	}
	var ten []file
	for range xunjia.MaxImagesPerLine + 1 {
		ten = append(ten, file{"lines.0.images_file", photo(t)})
	}
	a := m.buyer.postFiles("/purchases/new", ten, m.draft()...)
	wantStatus(t, a, http.StatusUnprocessableEntity)
	shows(t, a, "图片太多了")
}

func TestCategorySearch(t *testing.T) {
	m := newMarket(t, nil)
	for _, q := range []string{"黄连", "川连", "hl"} {
		var found []foundCategory
		a := m.browser().get("/categories/search?q=" + url.QueryEscape(q))
		if err := json.Unmarshal([]byte(a.body), &found); err != nil || len(found) == 0 || found[0].Name != "黄连" || found[0].Units[0] != "公斤" || len(found[0].Specs) == 0 {
			t.Errorf("%s: %s, %v", q, a.body, err)
		}
	}
	a := m.browser().get("/categories/search?id=" + m.category("当归"))
	if !strings.HasPrefix(a.body, `[{"id":`) || !strings.Contains(a.body, "归头") {
		t.Errorf("by id: %s", a.body)
	}
	if a := m.browser().get("/categories/search?q=" + url.QueryEscape("没有这种货")); strings.TrimSpace(a.body) != "[]" {
		t.Errorf("nothing found: %s", a.body)
	}
	wantStatus(t, m.browser().get("/categories/search?id=x"), http.StatusNotFound)
	wantStatus(t, m.browser().get("/categories/search?id=999999"), http.StatusNotFound)
}
