package handlers

import (
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/gin-gonic/gin"

	"github.com/xunjia/xunjia"
	"github.com/xunjia/xunjia/sheet"
	"github.com/xunjia/xunjia/templates"
)

// addPasted adds the lines of a pasted list to the form. What cannot be read is
// complained about at the field, and the text stays.
func (s *Site) addPasted(c *gin.Context, p *templates.PublishPage) error {
	all, err := s.Store.Categories(c.Request.Context())
	if err != nil {
		return err
	}
	list, err := xunjia.ParseList(p.Form.Value("paste"), all)
	if err == nil && len(list.Lines) == 0 {
		err = xunjia.Errorf(xunjia.Invalid, "没有找到品种，请一行写一个，例如：黄连 统货 500公斤")
	}
	if err != nil {
		return s.listProblem(c, p, "paste", known(err).Message)
	}
	p.Form.Values.Del("paste")
	return s.renderAdded(c, p, list, all, nil)
}

// listProblem shows the form with a complaint about a list.
func (s *Site) listProblem(c *gin.Context, p *templates.PublishPage, field, text string) error {
	p.Form.Errors = map[string]string{field: text}
	p.ListOpen = true
	return s.renderPublish(c, http.StatusUnprocessableEntity, p)
}

// renderAdded adds lines to the form in place of an empty one and shows it, with
// what could not be read.
func (s *Site) renderAdded(c *gin.Context, p *templates.PublishPage, list xunjia.Pasted, all []xunjia.Category, problems []string) error {
	v := p.Form.Values
	dropEmptyLines(v)
	next := 0
	for _, n := range lineNumbers(v) {
		next = max(next, n+1)
	}
	free := max(0, xunjia.MaxLines-len(lineNumbers(v)))
	if over := len(list.Lines) - free; over > 0 {
		list.Lines, list.Skipped = list.Lines[:free], list.Skipped+over
	}
	p.Form.Errors = map[string]string{}
	for i, l := range list.Lines {
		n := next + i
		v.Add("line", strconv.Itoa(n))
		fillLine(v, n, l.Line)
		if l.Typed != "" {
			v.Set(templates.LineField(n, "typed"), l.Typed)
			p.Form.Errors[templates.LineField(n, "category")] = fmt.Sprintf("没有认出“%s”，请选择品种", l.Typed)
		}
		if l.Unit != "" && !sells(all, l.Line) { // the select would show another one
			p.Form.Errors[templates.LineField(n, "unit")] = fmt.Sprintf("清单里写的是“%s%s”，请核对数量和单位", l.Quantity, l.Unit)
		}
	}
	p.Added, p.AddedProblems, p.ListOpen = list.Summary(), problems, len(problems) > 0
	return s.renderPublish(c, http.StatusOK, p)
}

// sells tells whether the unit of a line is one of its goods', or of any goods
// while they are not known.
func sells(all []xunjia.Category, l xunjia.Line) bool {
	return slices.ContainsFunc(all, func(k xunjia.Category) bool {
		return (l.CategoryID == 0 || l.CategoryID == k.ID) && slices.Contains(k.Units, l.Unit)
	})
}

// fillLine fills one line of the form with what is known of it; zero is not
// written.
func fillLine(v url.Values, n int, l xunjia.Line) {
	set := func(field, text string, known bool) {
		if known {
			v.Set(templates.LineField(n, field), text)
		}
	}
	set("category", strconv.FormatInt(l.CategoryID, 10), l.CategoryID != 0)
	set("spec", l.Spec, l.Spec != "")
	set("quantity", l.Quantity.String(), l.Quantity != 0)
	set("unit", string(l.Unit), l.Unit != "")
	set("quality", l.Quality, l.Quality != "")
	set("origin", l.Origin, l.Origin != "")
	set("cap_price", l.CapPrice.String(), l.CapPrice != 0)
}

// dropEmptyLines takes the lines out of the form in which nothing was typed.
func dropEmptyLines(v url.Values) {
	v["line"] = slices.DeleteFunc(v["line"], func(n string) bool {
		number, err := strconv.Atoi(n)
		if err != nil {
			return true
		}
		for _, field := range []string{"id", "category", "spec", "quantity", "quality", "origin", "cap_price", "images", "reports"} {
			if v.Get(templates.LineField(number, field)) != "" {
				return false
			}
		}
		return true
	})
}

// pickCategory chooses goods that were suggested for a line: pick:3:17.
func (s *Site) pickCategory(c *gin.Context, p *templates.PublishPage, choice string) error {
	line, id, _ := strings.Cut(choice, ":")
	n, err := strconv.Atoi(line)
	if err == nil && slices.Contains(lineNumbers(p.Form.Values), n) {
		p.Form.Values.Set(templates.LineField(n, "category"), id)
		p.Form.Values.Del(templates.LineField(n, "typed"))
	}
	return s.renderPublish(c, http.StatusOK, p)
}

// The columns of the workbook, as its first row names them.
func listColumns() []sheet.Column {
	return []sheet.Column{{Title: "品种", Width: 16}, {Title: "规格", Width: 14}, {Title: "数量", Width: 12}, {Title: "单位", Width: 8},
		{Title: "质量要求", Width: 36}, {Title: "产地", Width: 14}, {Title: "最高限价", Width: 12}, {Title: "备注", Width: 24}}
}

// listTemplate sends an empty workbook to fill in, with an example.
func (s *Site) listTemplate(c *gin.Context) error {
	w, err := sheet.New("采购清单", listColumns())
	if err != nil {
		return err
	}
	if err := w.Row(exampleMark+"黄连", "统货", "500", "公斤", "无硫，水分13%以内", "重庆", "35", "这一行是示例，导入时会跳过"); err != nil {
		return err
	}
	data, err := w.Bytes()
	if err != nil {
		return err
	}
	c.Header("Content-Disposition", `attachment; filename="purchase-list.xlsx"`)
	c.Data(http.StatusOK, "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", data)
	return nil
}

// exampleMark begins the name of goods in the example.
const exampleMark = "示例："

// addSheet adds the rows of an uploaded workbook to the form.
func (s *Site) addSheet(c *gin.Context, p *templates.PublishPage) error {
	rows, err := readSheet(c)
	if err != nil {
		e := known(err)
		if e.Code != xunjia.Invalid {
			return err
		}
		return s.listProblem(c, p, "sheet", e.Message)
	}
	all, err := s.Store.Categories(c.Request.Context())
	if err != nil {
		return err
	}
	list, problems, err := linesOfSheet(rows, all)
	if err != nil {
		return s.listProblem(c, p, "sheet", known(err).Message)
	}
	return s.renderAdded(c, p, list, all, problems)
}

// readSheet reads the workbook that came with the form.
func readSheet(c *gin.Context) ([][]string, error) {
	m := c.Request.MultipartForm
	if m == nil || len(m.File["sheet"]) == 0 || m.File["sheet"][0].Size == 0 {
		return nil, xunjia.Errorf(xunjia.Invalid, "请选择一个 .xlsx 文件")
	}
	f, err := m.File["sheet"][0].Open()
	if err != nil {
		return nil, err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, sheet.MaxBytes+1))
	if err != nil {
		return nil, err
	}
	return sheet.Read(data)
}

// linesOfSheet reads the rows below the headings, which stand in one of the first
// rows in any order. problems names the cells that cannot be read; their lines
// come without them.
func linesOfSheet(rows [][]string, all []xunjia.Category) (list xunjia.Pasted, problems []string, err error) {
	const lookFor = 5
	column := map[string]int{}
	head := -1
	for i, row := range rows[:min(lookFor, len(rows))] {
		for j, cell := range row {
			for _, c := range listColumns() {
				if strings.TrimSpace(cell) == c.Title {
					column[c.Title] = j
				}
			}
		}
		if _, ok := column["品种"]; ok {
			head = i
			break
		}
	}
	if head < 0 {
		return list, nil, xunjia.Errorf(xunjia.Invalid, "前 %d 行里没有找到“品种”这一列，请用模板填写", lookFor)
	}
	for i, row := range rows[head+1:] {
		r := sheetRow{cells: row, number: head + 1 + i, column: column}
		name := r.cell("品种")
		switch {
		case strings.Join(row, "") == "" || strings.HasPrefix(name, exampleMark):
			continue
		case len(list.Lines) == xunjia.MaxLines:
			list.Skipped++
			continue
		}
		l := r.line(name, all)
		problems = append(problems, r.problems...)
		list.Lines = append(list.Lines, l)
	}
	if len(list.Lines) == 0 {
		return list, nil, xunjia.Errorf(xunjia.Invalid, "表格里没有要采购的品种")
	}
	return list, problems[:min(len(problems), 20)], nil
}

// sheetRow is a row of a workbook.
type sheetRow struct {
	cells    []string
	number   int // from 0
	column   map[string]int
	problems []string
}

func (r *sheetRow) cell(title string) string {
	j, ok := r.column[title]
	if !ok || j >= len(r.cells) {
		return ""
	}
	return strings.TrimSpace(r.cells[j])
}

// complain names the cell in which something is wrong: B7：数量看不懂.
func (r *sheetRow) complain(title, text string) {
	r.problems = append(r.problems, sheet.Address(r.number, r.column[title])+"："+text)
}

// text is a cell of at most so many characters.
func (r *sheetRow) text(title string, most int) string {
	t := []rune(r.cell(title))
	if len(t) > most {
		r.complain(title, fmt.Sprintf("%s最多 %d 个字，多出的没有导入", title, most))
		t = t[:most]
	}
	return string(t)
}

// line reads the row.
func (r *sheetRow) line(name string, all []xunjia.Category) (l xunjia.PastedLine) {
	if category, ok := xunjia.MatchCategory(name, all); ok {
		l.CategoryID, l.Name = category.ID, category.Name
		defer l.FitUnit(category)
	} else if l.Typed = r.text("品种", 20); l.Typed == "" {
		l.Typed = "（没有填）"
		r.complain("品种", "没有填写品种")
	}
	l.Spec, l.Origin, l.Unit = r.text("规格", 40), r.text("产地", 40), xunjia.Unit(r.text("单位", 4))
	l.Quality = strings.TrimSpace(r.text("质量要求", 300))
	if note := r.cell("备注"); note != "" {
		l.Quality = strings.TrimSpace(l.Quality + " " + note)
		if q := []rune(l.Quality); len(q) > 300 {
			l.Quality = string(q[:300])
		}
	}
	var err error
	if typed := r.cell("数量"); typed != "" {
		if l.Quantity, err = xunjia.ParseQuantity(typed); err != nil {
			r.complain("数量", "数量“"+typed+"”看不懂")
		}
	}
	if typed := r.cell("最高限价"); typed != "" {
		if l.CapPrice, err = xunjia.ParseFen(typed); err != nil {
			r.complain("最高限价", "限价“"+typed+"”看不懂")
		}
	}
	return l
}
