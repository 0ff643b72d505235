package handlers

import (
	"net/http"
	"strings"
	"testing"

	"github.com/xunjia/xunjia/sheet"
)

func TestExport(t *testing.T) {
	m := newMarket(t, nil)
	d := m.deal()
	for who, want := range map[*browser]map[string]string{
		m.buyer:    {"purchases": "黄连", "bought": d.Number},
		m.supplier: {"quotes": "286.50", "sold": d.Number},
	} {
		for what, cell := range want {
			a := who.get("/me/export/" + what)
			wantStatus(t, a, http.StatusOK)
			if !strings.Contains(a.Header.Get("Content-Disposition"), what+"-") {
				t.Errorf("%s: %v", what, a.Header)
			}
			rows, err := sheet.Read([]byte(a.body))
			if err != nil || len(rows) < 2 {
				t.Fatalf("%s: %d rows, %v", what, len(rows), err)
			}
			found := false
			for _, row := range rows[1:] {
				found = found || strings.Contains(strings.Join(row, "|"), cell)
			}
			if !found {
				t.Errorf("%s lacks %q: %v", what, cell, rows)
			}
		}
	}
	// Nobody gets another's.
	rows, err := sheet.Read([]byte(m.stranger.get("/me/export/bought").body))
	if err != nil || len(rows) != 1 {
		t.Errorf("a stranger's deals: %v, %v", rows, err)
	}
	wantStatus(t, m.buyer.get("/me/export/users"), http.StatusNotFound)
	redirects(t, m.browser().get("/me/export/deals"), "/login?return=%2Fme%2Fexport%2Fdeals")
}
