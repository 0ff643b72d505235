package handlers

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/xunjia/xunjia"
)

func TestDraftPages(t *testing.T) {
	m := newMarket(t, nil)
	shows(t, m.buyer.get("/me/drafts"), "没有草稿")
	typed := m.draft("lines.0.quantity", "120", "remark", "草稿里的备注")
	key := m.buyer.form.Get("key")
	a := m.buyer.post("/me/drafts", typed...)
	wantStatus(t, a, http.StatusOK)
	contains(t, a, `"version":1`)
	shows(t, m.buyer.get("/me/drafts"), "黄连")
	list, err := m.store.Drafts(t.Context(), m.id[m.buyer], xunjia.Page{})
	if err != nil || len(list.Items) != 1 {
		t.Fatal(list, err)
	}
	open := fmt.Sprintf("/purchases/new?draft=%d", list.Items[0].ID)
	a = m.buyer.get(open)
	shows(t, a, "草稿里的备注")
	contains(t, a, `value="120"`, `name="draft_version" value="1"`, `value="`+key+`"`)
	contains(t, m.supplier.get(open), "没有找到")
	wantStatus(t, m.buyer.get("/purchases/new?draft=x"), http.StatusNotFound)

	// An older window is told, and may overwrite.
	m.buyer.get(open)
	wantStatus(t, m.buyer.post("/me/drafts", slices.Concat(typed, []string{"draft_version", "0", "key", key})...), http.StatusConflict)
	m.buyer.get(open)
	wantStatus(t, m.buyer.post("/me/drafts", slices.Concat(typed, []string{"draft_version", "0", "key", key, "overwrite", "1"})...), http.StatusOK)
	// The button does the same without a script.
	m.buyer.get(open)
	redirects(t, m.buyer.post("/purchases/new", slices.Concat(typed, []string{"do", "save-draft"})...), "/me/drafts")
	m.buyer.get(open)
	a = m.buyer.post("/purchases/new", slices.Concat(typed, []string{"do", "save-draft", "draft_version", "1"})...)
	wantStatus(t, a, http.StatusConflict)
	shows(t, a, "别的窗口里有更新的内容", "草稿里的备注", "覆盖草稿")

	m.buyer.get(open)
	wantStatus(t, m.buyer.post("/purchases/new", slices.Concat(typed, []string{"do", "publish", "key", key})...), http.StatusSeeOther)
	shows(t, m.buyer.get("/me/drafts"), "没有草稿")

	m.supplier.get("/purchases/new")
	wantStatus(t, m.supplier.post(fmt.Sprintf("/me/drafts/%d/delete", list.Items[0].ID)), http.StatusNotFound)
}

func TestArrangingLines(t *testing.T) {
	for do, want := range map[string]string{"up-line:7": "7 2 9", "down-line:7": "2 9 7", "up-line:2": "2 7 9", "down-line:9": "2 7 9", "copy-line:7": "2 7 10 9", "copy-line:99": "2 7 9"} {
		v := url.Values{"line": {"2", "7", "9"}, "lines.7.spec": {"统货"}, "lines.7.id": {"5"}, "lines.7.images": {"a", "b"}}
		action, line, _ := strings.Cut(do, ":")
		arrangeLines(v, action, line)
		if got := strings.Join(v["line"], " "); got != want {
			t.Errorf("%s: %s, want %s", do, got, want)
		}
		if do == "copy-line:7" && (v.Get("lines.10.spec") != "统货" || !slices.Equal(v["lines.10.images"], []string{"a", "b"}) || v.Get("lines.10.id") != "") {
			t.Errorf("the copy holds %v", v)
		}
	}
}
