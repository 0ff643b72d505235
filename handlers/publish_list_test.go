package handlers

import (
	"archive/zip"
	"bytes"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/xuri/excelize/v2"

	"github.com/xunjia/xunjia"
	"github.com/xunjia/xunjia/sheet"
)

func TestPastingAList(t *testing.T) {
	m := newMarket(t, nil)
	m.buyer.get("/purchases/new")
	a := m.buyer.post("/purchases/new", "do", "paste", "line", "0", "remark", "急用", "paste", "1. 黄连 统货 500公斤 限价350\n当归 2吨\n黄莲 选货 30公斤\n三七 20件\n")
	wantStatus(t, a, http.StatusOK)
	shows(t, a, "已加入 4 个品种，其中 1 个没有认出来", "没有认出“黄莲”", "您是不是要找", "清单里写的是“20件”", "急用")
	contains(t, a, `value="500"`, `value="350.00"`, `name="lines.2.typed" value="黄莲"`, `name="do" value="pick:2:`)
	if n := strings.Count(a.body, `data-line="`); n != 4 {
		t.Errorf("%d lines in the form: the empty one was not replaced", n)
	}
	// One tap on what was meant.
	_, rest, _ := strings.Cut(a.body, `value="pick:2:`)
	id, _, _ := strings.Cut(rest, `"`)
	a = m.buyer.post("/purchases/new", "line", "0", "+line", "2", "do", "pick:2:"+id, "lines.2.typed", "黄莲", "lines.2.quantity", "30")
	contains(t, a, `<option value="`+id+`" selected`)
	if strings.Contains(a.body, "您是不是要找") {
		t.Error("asked again after it was chosen")
	}
	for paste, want := range map[string]string{"": "一行写一个", "----\n1.\n": "一行写一个", strings.Repeat("长", 300): "太长"} {
		m.buyer.get("/purchases/new")
		a = m.buyer.post("/purchases/new", "do", "paste", "paste", paste, "remark", "留着")
		wantStatus(t, a, http.StatusUnprocessableEntity)
		shows(t, a, want, "留着")
	}
	m.buyer.get("/purchases/new")
	a = m.buyer.post("/purchases/new", "do", "paste", "paste", strings.Repeat("黄连 1公斤\n", 60))
	shows(t, a, "已加入 50 个品种", "10 行没有加入")
}

func TestImportingASheet(t *testing.T) {
	m := newMarket(t, nil)
	before, err := m.store.PurchasesOf(t.Context(), m.id[m.buyer], xunjia.Page{})
	if err != nil {
		t.Fatal(err)
	}
	a := m.buyer.get("/purchases/new/template.xlsx")
	wantStatus(t, a, http.StatusOK)
	rows, err := sheet.Read([]byte(a.body))
	if err != nil || len(rows) != 2 || rows[0][0] != "品种" {
		t.Fatalf("the template %v, %v", rows, err)
	}
	filled, err := excelize.OpenReader(strings.NewReader(a.body))
	if err != nil {
		t.Fatal(err)
	}
	for cell, value := range map[string]any{
		"A3": "黄连", "B3": "统货", "C3": 500, "D3": "公斤", "G3": "350", "H3": "加急",
		"A4": "没听说过", "C4": "很多", "D4": "公斤", "A5": "川连", "C5": 0.5, "D5": "吨",
	} {
		if err := filled.SetCellValue("采购清单", cell, value); err != nil {
			t.Fatal(err)
		}
	}
	var workbook bytes.Buffer
	if err := filled.Write(&workbook); err != nil {
		t.Fatal(err)
	}
	send := func(data []byte) answer {
		t.Helper()
		m.buyer.get("/purchases/new")
		return m.buyer.postFiles("/purchases/new", []file{{"sheet", data}}, "do", "import", "line", "0", "remark", "留着")
	}
	a = send(workbook.Bytes())
	wantStatus(t, a, http.StatusOK)
	shows(t, a, "已加入 3 个品种，其中 1 个没有认出来", "C4：数量“很多”看不懂", "没有认出“没听说过”", "加急", "留着")
	contains(t, a, `value="350.00"`)
	if strings.Contains(a.body, exampleMark) {
		t.Error("the example was imported")
	}

	var bomb bytes.Buffer
	z := zip.NewWriter(&bomb)
	w, err := z.Create("xl/worksheets/sheet1.xml")
	if err != nil {
		t.Fatal(err)
	}
	zeros := make([]byte, 1<<20)
	for range 40 {
		if _, err := w.Write(zeros); err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	other, err := sheet.New("别的表", []sheet.Column{{Title: "姓名"}})
	if err != nil {
		t.Fatal(err)
	}
	wrong, err := other.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		data []byte
		want string
	}{
		"broken":          {workbook.Bytes()[:800], "已损坏"},
		"bomb":            {bomb.Bytes(), "解压后太大"},
		"no workbook":     {[]byte("品种,数量\n黄连,5\n"), "不是 Excel 文件"},
		"old":             {[]byte("\xD0\xCF\x11\xE0rest"), "旧版 .xls"},
		"another table":   {wrong, "没有找到“品种”"},
		"only an example": {[]byte(m.buyer.get("/purchases/new/template.xlsx").body), "没有要采购的品种"},
	} {
		a := send(c.data)
		if a.StatusCode != http.StatusUnprocessableEntity {
			t.Errorf("%s: %d", name, a.StatusCode)
		}
		shows(t, a, c.want, "留着")
	}
	if list, _ := m.store.PurchasesOf(t.Context(), m.id[m.buyer], xunjia.Page{}); len(list.Items) != len(before.Items) {
		t.Errorf("%d purchases were published", len(list.Items)-len(before.Items))
	}
}

func TestManyRows(t *testing.T) {
	all := []xunjia.Category{{ID: 1, Name: "黄连", Units: []xunjia.Unit{"公斤"}}}
	rows := [][]string{{"给供应商看的清单"}, {"备注", "数量", "品种"}}
	for i := range 60 {
		rows = append(rows, []string{"", fmt.Sprint(i + 1), "黄连"})
	}
	list, problems, err := linesOfSheet(rows, all)
	if err != nil || len(list.Lines) != xunjia.MaxLines || list.Skipped != 10 || len(problems) != 0 || list.Lines[1].Quantity != 2000 || list.Lines[1].Unit != "公斤" {
		t.Errorf("%d lines, %d skipped, %v, %v", len(list.Lines), list.Skipped, problems, err)
	}
}
