// Package sheet reads and writes Excel workbooks (.xlsx), within limits: what
// people fill in and upload, and what they take with them. It knows no page and
// no database; cells are text, money, quantities and times. It imports excelize
// and the root package. Begin with Read and New.
package sheet

import (
	"archive/zip"
	"bytes"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/xuri/excelize/v2"

	"github.com/xunjia/xunjia"
)

// Limits of a workbook that Read takes.
const (
	MaxBytes   = 2 << 20  // of the file
	MaxUnzip   = 32 << 20 // of all that is packed in it
	MaxRows    = 1000
	MaxColumns = 50
	MaxCell    = 1000 // characters; longer text is cut
)

// Read answers the cells of the first visible sheet as they are shown, without
// empty rows at the end; formulas count with the value that the file holds. The
// error is Invalid, with a message for who chose the file.
func Read(data []byte) (rows [][]string, err error) {
	switch {
	case len(data) == 0:
		return nil, invalid(nil, "文件是空的")
	case len(data) > MaxBytes:
		return nil, invalid(nil, "文件太大了，最多 %d MB", MaxBytes>>20)
	case bytes.HasPrefix(data, []byte{0xD0, 0xCF, 0x11, 0xE0}): // the container of .xls and of encrypted .xlsx
		if bytes.Contains(data, utf16("EncryptedPackage")) {
			return nil, invalid(nil, "文件有密码，请去掉密码后再上传")
		}
		return nil, invalid(nil, "这是旧版 .xls 文件，请用 Excel 另存为 .xlsx 后再上传")
	case !bytes.HasPrefix(data, []byte("PK")):
		return nil, invalid(nil, "这不是 Excel 文件，请上传 .xlsx")
	}
	if err := checkSize(data); err != nil {
		return nil, err
	}
	// A damaged workbook can make the library panic.
	defer func() {
		if p := recover(); p != nil {
			rows, err = nil, invalid(fmt.Errorf("sheet: panic: %v", p), "文件已损坏，无法读取")
		}
	}()
	file, err := excelize.OpenReader(bytes.NewReader(data), excelize.Options{UnzipSizeLimit: MaxUnzip, UnzipXMLSizeLimit: MaxUnzip})
	if err != nil {
		return nil, invalid(err, "文件已损坏，无法读取")
	}
	defer file.Close()
	return readRows(file)
}

// checkSize adds up what the archive says that it holds; the library checks
// again while it unpacks.
func checkSize(data []byte) error {
	archive, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		return invalid(err, "文件已损坏，无法读取")
	}
	const mostFiles = 1000
	var sum uint64
	for _, f := range archive.File {
		sum += f.UncompressedSize64
	}
	if sum > MaxUnzip || len(archive.File) > mostFiles {
		return invalid(nil, "文件解压后太大，请只保留需要导入的表格")
	}
	return nil
}

func readRows(file *excelize.File) ([][]string, error) {
	name := ""
	for _, s := range file.GetSheetList() {
		if visible, err := file.GetSheetVisible(s); err == nil && visible {
			name = s
			break
		}
	}
	if name == "" {
		return nil, invalid(nil, "文件里没有可以读取的表格")
	}
	it, err := file.Rows(name)
	if err != nil {
		return nil, invalid(err, "文件已损坏，无法读取")
	}
	defer it.Close()
	var rows [][]string
	filled := 0
	for it.Next() {
		if len(rows) == MaxRows {
			return nil, invalid(nil, "最多 %d 行，请分成几个文件", MaxRows)
		}
		cells, err := it.Columns()
		if err != nil {
			return nil, invalid(err, "文件已损坏，无法读取")
		}
		if len(cells) > MaxColumns {
			return nil, invalid(nil, "最多 %d 列，请去掉不需要的列", MaxColumns)
		}
		for i, cell := range cells {
			cells[i] = clean(cell)
		}
		rows = append(rows, cells)
		if strings.Join(cells, "") != "" {
			filled = len(rows)
		}
	}
	if err := it.Error(); err != nil {
		return nil, invalid(err, "文件已损坏，无法读取")
	}
	return rows[:filled], nil
}

// clean trims a cell, shortens it and drops what no text has.
func clean(cell string) string {
	cell = strings.TrimSpace(strings.Map(func(r rune) rune {
		if r == utf8.RuneError || r < ' ' && r != '\n' && r != '\t' || r == 0x7f {
			return -1
		}
		return r
	}, cell))
	if r := []rune(cell); len(r) > MaxCell {
		return string(r[:MaxCell])
	}
	return cell
}

// utf16 writes ASCII as the container's directory does.
func utf16(s string) []byte {
	var b []byte
	for i := range len(s) {
		b = append(b, s[i], 0)
	}
	return b
}

func invalid(err error, format string, args ...any) error {
	return &xunjia.Error{Code: xunjia.Invalid, Message: fmt.Sprintf(format, args...), Err: err}
}

// Address names a cell as spreadsheets do: (0, 1) is B1.
func Address(row, column int) string {
	name, err := excelize.CoordinatesToCellName(column+1, row+1)
	if err != nil { // only for negative ones
		return ""
	}
	return name
}

// Column is a column of a written table.
type Column struct {
	Title string
	Width float64 // characters
}

// Writer makes a workbook of one table, row by row. It is not safe for
// concurrent use.
type Writer struct {
	file    *excelize.File
	stream  *excelize.StreamWriter
	columns int
	row     int
	money   int // style
}

// New begins a table with a header that stays in view.
func New(name string, columns []Column) (*Writer, error) {
	w := &Writer{file: excelize.NewFile(), columns: len(columns), row: 1}
	if err := w.begin(name, columns); err != nil {
		return nil, errors.Join(fmt.Errorf("sheet: %w", err), w.file.Close())
	}
	return w, nil
}

func (w *Writer) begin(name string, columns []Column) error {
	if err := w.file.SetSheetName("Sheet1", name); err != nil {
		return err
	}
	bold, err := w.file.NewStyle(&excelize.Style{Font: &excelize.Font{Bold: true}})
	if err != nil {
		return err
	}
	format := "#,##0.00"
	if w.money, err = w.file.NewStyle(&excelize.Style{CustomNumFmt: &format}); err != nil {
		return err
	}
	if w.stream, err = w.file.NewStreamWriter(name); err != nil {
		return err
	}
	titles := make([]any, len(columns))
	for i, c := range columns {
		titles[i] = excelize.Cell{StyleID: bold, Value: c.Title}
		if err := w.stream.SetColWidth(i+1, i+1, c.Width); err != nil {
			return err
		}
	}
	if err := w.stream.SetPanes(&excelize.Panes{Freeze: true, YSplit: 1, TopLeftCell: "A2", ActivePane: "bottomLeft"}); err != nil {
		return err
	}
	return w.stream.SetRow("A1", titles)
}

// Row adds a row. Money becomes a number with two decimals, quantities plain
// numbers, times China's; text is never a formula. Other kinds are an error.
func (w *Writer) Row(cells ...any) error {
	if len(cells) > w.columns {
		return fmt.Errorf("sheet: %d cells in %d columns", len(cells), w.columns)
	}
	row := make([]any, len(cells))
	for i, cell := range cells {
		switch v := cell.(type) {
		case string:
			row[i] = v
		case int, int64, float64:
			row[i] = v
		case xunjia.Fen:
			row[i] = excelize.Cell{StyleID: w.money, Value: float64(v) / 100}
		case xunjia.Quantity:
			row[i] = float64(v) / 1000
		case time.Time:
			row[i] = ""
			if !v.IsZero() {
				row[i] = xunjia.FullTime(v)
			}
		default:
			return fmt.Errorf("sheet: no cell for a %T", cell)
		}
	}
	w.row++
	return w.stream.SetRow(Address(w.row-1, 0), row)
}

// Bytes ends the table and answers the workbook.
func (w *Writer) Bytes() ([]byte, error) {
	if err := w.stream.Flush(); err != nil {
		return nil, errors.Join(fmt.Errorf("sheet: %w", err), w.file.Close())
	}
	var buf bytes.Buffer
	err := w.file.Write(&buf)
	return buf.Bytes(), errors.Join(err, w.file.Close())
}
