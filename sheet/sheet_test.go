package sheet

import (
	"archive/zip"
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/xuri/excelize/v2"

	"github.com/xunjia/xunjia"
)

func workbook(t testing.TB, fill func(f *excelize.File)) []byte {
	t.Helper()
	f := excelize.NewFile()
	defer f.Close()
	fill(f)
	var buf bytes.Buffer
	if err := f.Write(&buf); err != nil {
		t.Fatal(err)
	}
	return buf.Bytes()
}

func TestWriteAndRead(t *testing.T) {
	w, err := New("成交", []Column{{"品种", 20}, {"单价", 10}, {"数量", 10}, {"时间", 20}, {"次数", 6}})
	if err != nil {
		t.Fatal(err)
	}
	at := time.Date(2026, 11, 23, 2, 5, 0, 0, time.UTC)
	if err := w.Row("黄连 统货", xunjia.Fen(28650), xunjia.Quantity(500_500), at, 3); err != nil {
		t.Fatal(err)
	}
	if err := w.Row("=HYPERLINK(\"http://x\")", xunjia.Fen(0), xunjia.Quantity(0), time.Time{}); err != nil {
		t.Fatal(err)
	}
	if err := w.Row(struct{}{}); err == nil {
		t.Error("a cell of an unknown kind was written")
	}
	if err := w.Row(1, 2, 3, 4, 5, 6); err == nil {
		t.Error("more cells than columns were written")
	}
	data, err := w.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	got, err := Read(data)
	want := [][]string{
		{"品种", "单价", "数量", "时间", "次数"},
		{"黄连 统货", "286.50", "500.5", "2026-11-23 10:05", "3"},
		{"=HYPERLINK(\"http://x\")", "0.00", "0"},
	}
	if d := cmp.Diff(want, got); err != nil || d != "" {
		t.Errorf("%v (-want +got):\n%s", err, d)
	}
	f, err := excelize.OpenReader(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if formula, err := f.GetCellFormula("成交", "A3"); err != nil || formula != "" {
		t.Errorf("text became the formula %q, %v", formula, err)
	}
}

func TestRead(t *testing.T) {
	set := func(t *testing.T, f *excelize.File, cell string, value any) {
		t.Helper()
		if err := f.SetCellValue("Sheet1", cell, value); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []struct {
		name string
		data []byte
		want string // part of the complaint; "" is no complaint
	}{
		{"empty", nil, "空的"},
		{"text", []byte("黄连,统货,500"), "不是 Excel 文件"},
		{"old format", append([]byte{0xD0, 0xCF, 0x11, 0xE0}, make([]byte, 600)...), "旧版 .xls"},
		{"encrypted", append([]byte{0xD0, 0xCF, 0x11, 0xE0}, utf16("EncryptedPackage")...), "密码"},
		{"too large", append([]byte("PK"), make([]byte, MaxBytes)...), "最多 2 MB"},
		{"no archive", []byte("PK\x03\x04 nonsense"), "已损坏"},
		{"another archive", archive(t, "a.txt", []byte("x")), "已损坏"},
		{"truncated", workbook(t, func(f *excelize.File) { set(t, f, "A1", "黄连") })[:3000], "已损坏"},
		{"zip bomb", archive(t, "xl/worksheets/sheet1.xml", make([]byte, MaxUnzip+1)), "解压后太大"},
		{"too many rows", workbook(t, func(f *excelize.File) { set(t, f, fmt.Sprintf("A%d", MaxRows+1), "x") }), "最多 1000 行"},
		{"too many columns", workbook(t, func(f *excelize.File) { set(t, f, Address(0, MaxColumns), "x") }), "最多 50 列"},
		{"fine", workbook(t, func(f *excelize.File) { set(t, f, "B2", " 黄连\x07 ") }), ""},
		{"long cell", workbook(t, func(f *excelize.File) { set(t, f, "A1", strings.Repeat("长", MaxCell+9)) }), ""},
	} {
		rows, err := Read(c.data)
		if c.want == "" {
			if err != nil {
				t.Errorf("%s: %v", c.name, err)
			}
			for _, row := range rows {
				for _, cell := range row {
					if len([]rune(cell)) > MaxCell || strings.ContainsAny(cell, "\x07") {
						t.Errorf("%s: cell %.40q", c.name, cell)
					}
				}
			}
			continue
		}
		e, ok := errors.AsType[*xunjia.Error](err)
		if !ok || e.Code != xunjia.Invalid || !strings.Contains(e.Message, c.want) {
			t.Errorf("%s: %v, want %q", c.name, err, c.want)
		}
	}
	if Address(6, 1) != "B7" || Address(-9, 0) != "" {
		t.Error("addresses of cells")
	}
}

func archive(t *testing.T, name string, data []byte) []byte {
	t.Helper()
	var buf bytes.Buffer
	w := zip.NewWriter(&buf)
	f, err := w.Create(name)
	if err == nil {
		_, err = f.Write(data)
	}
	if err = errors.Join(err, w.Close()); err != nil {
		t.Fatal(err)
	}
	return buf.Bytes()
}

// Whatever the file holds, reading it ends with rows within the limits or with
// a complaint.
func FuzzRead(f *testing.F) {
	good := workbook(f, func(w *excelize.File) {
		for i := range 5 {
			_ = w.SetSheetRow("Sheet1", fmt.Sprintf("A%d", i+1), &[]any{"黄连", "统货", 500, "公斤"})
		}
	})
	f.Add(good)
	f.Add(good[:len(good)/2])
	f.Add([]byte("PK"))
	f.Fuzz(func(t *testing.T, data []byte) {
		rows, err := Read(data)
		if err != nil && xunjia.ErrorCode(err) != xunjia.Invalid {
			t.Errorf("error %v", err)
		}
		if len(rows) > MaxRows {
			t.Errorf("%d rows", len(rows))
		}
	})
}
