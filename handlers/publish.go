package handlers

import (
	"cmp"
	"crypto/rand"
	"errors"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/xunjia/xunjia"
	"github.com/xunjia/xunjia/templates"
)

// showPublish shows the form of a new purchase: empty, as a copy of one of the
// visitor's side, or a draft of his.
func (s *Site) showPublish(c *gin.Context) error {
	values := url.Values{"line": {"0"}, "deadline": {"7"}}
	setArea(values, visitOf(c).user.Area)
	if from := c.Query("from"); from != "" {
		id, err := strconv.ParseInt(from, 10, 64)
		if err != nil {
			return errNoPage()
		}
		p, err := s.Store.Purchase(c.Request.Context(), id)
		if err != nil {
			return err
		}
		if err := p.Allows(visitOf(c).user, xunjia.Manage); err != nil {
			return err
		}
		values = purchaseValues(p)
		values.Set("deadline", "7")
		values.Del("deadline_at")
		for key := range values { // a copy's lines are new ones
			if _, name, ok := lineField(key); ok && name == "id" {
				values.Del(key)
			}
		}
	}
	page := &templates.PublishPage{}
	if id := c.Query("draft"); id != "" {
		var err error
		if values, err = s.draftValues(c, id); err != nil {
			return err
		}
	} else {
		values.Set("key", rand.Text())
		var err error
		if page.Drafts, err = s.Store.CountDrafts(c.Request.Context(), visitOf(c).user.ID); err != nil {
			return err
		}
	}
	page.Form = templates.Form{Values: values}
	return s.renderPublish(c, http.StatusOK, page)
}

// publish reads the form of a new purchase. Buttons that only change the form
// (a line more or less, the next level of areas) show it again; so do mistakes,
// with everything that was typed and uploaded.
func (s *Site) publish(c *gin.Context) error {
	p := &templates.PublishPage{Form: s.form(c)}
	draft, numbers, wrong, shown, err := s.readPublish(c, p, time.Time{})
	if err != nil || shown {
		return err
	}
	var published xunjia.Purchase
	if err = wrong.Err(); err == nil {
		published, _, err = s.Store.PublishPurchase(c.Request.Context(), visitOf(c).user.ID, draft)
		err = renumber(err, numbers)
	}
	if err != nil {
		if !formErrors(&p.Form, err) {
			return err
		}
		return s.renderPublish(c, status(xunjia.ErrorCode(err)), p)
	}
	s.Outbox.Wake()
	s.flash(c, "已发布，关注这些品种的供应商会马上收到通知")
	s.redirect(c, xunjia.PurchasePath(published.ID))
	return nil
}

// readPublish stores the pictures that came with the form and reads the rest of
// it; wrong tells what is the matter. When a button only changed the form it has
// shown it again. keep is a deadline that is taken as it is, however near.
func (s *Site) readPublish(c *gin.Context, p *templates.PublishPage, keep time.Time) (d xunjia.Draft, numbers []int, wrong xunjia.FieldErrors, shown bool, err error) {
	f := p.Form
	numbers = lineNumbers(f.Values)
	wrong = xunjia.FieldErrors{}
	for _, n := range numbers {
		for _, name := range []string{"images", "reports"} {
			field := templates.LineField(n, name)
			if _, err := s.uploads(c, f, field, xunjia.MaxImagesPerLine); err != nil {
				e := known(err)
				if e.Code != xunjia.Invalid {
					return d, nil, nil, false, err
				}
				wrong.Add(field, "%s", cmp.Or(e.Fields[field], e.Message))
			}
		}
	}
	switch do, n, _ := strings.Cut(f.Value("do"), ":"); do {
	case "add-line":
		if len(numbers) < xunjia.MaxLines {
			f.Values.Add("line", strconv.Itoa(1+slices.Max(append(numbers, -1))))
		}
		return d, nil, nil, true, s.renderPublish(c, http.StatusOK, p)
	case "remove-line":
		f.Values["line"] = slices.DeleteFunc(f.Values["line"], func(have string) bool { return have == n && len(numbers) > 1 })
		return d, nil, nil, true, s.renderPublish(c, http.StatusOK, p)
	case "area":
		return d, nil, nil, true, s.renderPublish(c, http.StatusOK, p)
	case "copy-line", "up-line", "down-line":
		arrangeLines(f.Values, do, n)
		return d, nil, nil, true, s.renderPublish(c, http.StatusOK, p)
	case "save-draft":
		return d, nil, nil, true, s.storeDraft(c, p)
	case "paste":
		return d, nil, nil, true, s.addPasted(c, p)
	case "import":
		return d, nil, nil, true, s.addSheet(c, p)
	case "pick":
		return d, nil, nil, true, s.pickCategory(c, p, n)
	}
	return s.draft(f, numbers, wrong, keep), numbers, wrong, false, nil
}

// lineNumbers are the numbers of the lines in the form, in their order.
func lineNumbers(values url.Values) []int {
	var numbers []int
	for _, v := range values["line"] {
		n, err := strconv.Atoi(v)
		if err == nil && n >= 0 && n < 1000 && !slices.Contains(numbers, n) && len(numbers) <= xunjia.MaxLines {
			numbers = append(numbers, n)
		}
	}
	return numbers
}

// draft reads what was typed and notes in wrong what cannot be read or breaks
// a rule.
func (s *Site) draft(f templates.Form, numbers []int, wrong xunjia.FieldErrors, keep time.Time) xunjia.Draft {
	now := s.Clock()
	areas := chosenAreas(f.Values)
	d := xunjia.Draft{
		Terms: xunjia.Terms{Area: areas.deepest(), Invoice: f.Value("invoice"), Payment: f.Value("payment"), Delivery: f.Value("delivery"),
			Sample: f.Value("sample"), Qualification: newlines(f.Value("qualification")), Remark: newlines(f.Value("remark")), ShowRank: f.Has("show_rank", "1")},
		Key: f.Value("key"),
	}
	mode, err := strconv.Atoi(cmp.Or(f.Value("mode"), "0"))
	if err != nil {
		mode = -1 // Validate complains
	}
	d.Mode = xunjia.PurchaseMode(mode)
	if len(d.Key) > 64 {
		d.Key = ""
	}
	if areas.incomplete() {
		wrong.Add("area", "请选择到城市和区县")
	}
	switch choice := f.Value("deadline"); choice {
	case "3", "7", "15", "30", "365":
		days, _ := strconv.Atoi(choice)
		d.Deadline = now.Add(time.Duration(days) * 24 * time.Hour).Truncate(time.Minute)
	case "at":
		if d.Deadline = exactTime(f.Value("deadline_at")); d.Deadline.IsZero() {
			wrong.Add("deadline", "请选择截止的日期和时间")
		}
	}
	for _, n := range numbers {
		d.Lines = append(d.Lines, draftLine(f, n, wrong))
	}
	checked := d
	checked.Lines = slices.Clone(d.Lines)
	if e, ok := errors.AsType[*xunjia.Error](renumber(checked.Validate(now), numbers)); ok {
		for field, text := range e.Fields {
			kept := field == "deadline" && !keep.IsZero() && d.Deadline.Equal(keep)
			if !kept && (field != "lines" || keep.IsZero()) { // what an edit needs of lines, its rule knows
				wrong.Add(field, "%s", text)
			}
		}
	}
	return d
}

// exactTime reads what <input type="datetime-local"> sends, in China; zero for
// anything else.
func exactTime(text string) time.Time {
	for _, layout := range []string{inputTime, inputTime + ":05"} {
		if t, err := time.ParseInLocation(layout, text, xunjia.China()); err == nil {
			return t
		}
	}
	return time.Time{}
}

// inputTime is how <input type="datetime-local"> writes a time.
const inputTime = "2006-01-02T15:04"

func draftLine(f templates.Form, n int, wrong xunjia.FieldErrors) xunjia.Line {
	name := func(field string) string { return templates.LineField(n, field) }
	text := func(field string) string { return strings.TrimSpace(f.Value(name(field))) }
	l := xunjia.Line{Spec: text("spec"), Unit: xunjia.Unit(text("unit")), Quality: newlines(text("quality")), Origin: text("origin")}
	l.CategoryID, _ = strconv.ParseInt(text("category"), 10, 64)
	l.ID, _ = strconv.ParseInt(text("id"), 10, 64) // of an edited purchase
	var err error
	switch typed := text("quantity"); {
	case typed == "":
		wrong.Add(name("quantity"), "请填写采购数量")
	case strings.HasPrefix(typed, "-"):
		wrong.Add(name("quantity"), "采购数量必须大于 0")
	default:
		if l.Quantity, err = xunjia.ParseQuantity(typed); err != nil {
			wrong.Add(name("quantity"), "%s", known(err).Message)
		}
	}
	if typed := text("cap_price"); typed != "" {
		if l.CapPrice, err = xunjia.ParseFen(typed); err != nil {
			wrong.Add(name("cap_price"), "%s", known(err).Message)
		}
	}
	for _, key := range f.Values[name("images")] {
		l.Images = append(l.Images, xunjia.Attachment{Media: key, Type: xunjia.OtherFile})
	}
	for _, key := range f.Values[name("reports")] {
		l.Images = append(l.Images, xunjia.Attachment{Media: key, Type: xunjia.TestReport})
	}
	return l
}

// newlines makes one kind of line break of the browser's two characters, so
// that limits count as people do.
func newlines(text string) string { return strings.ReplaceAll(text, "\r\n", "\n") }

// renumber turns positions in a draft into the numbers of the form's lines.
func renumber(err error, numbers []int) error {
	e, ok := errors.AsType[*xunjia.Error](err)
	if !ok || len(e.Fields) == 0 {
		return err
	}
	fields := make(map[string]string, len(e.Fields))
	for field, text := range e.Fields {
		if position, name, ok := lineField(field); ok && position < len(numbers) {
			field = templates.LineField(numbers[position], name)
		}
		fields[field] = text
	}
	return &xunjia.Error{Code: e.Code, Message: e.Message, Fields: fields, Err: e.Err}
}

// lineField takes lines.0.quantity apart.
func lineField(field string) (number int, name string, ok bool) {
	rest, ok := strings.CutPrefix(field, "lines.")
	if !ok {
		return 0, "", false
	}
	digits, name, ok := strings.Cut(rest, ".")
	number, err := strconv.Atoi(digits)
	return number, name, ok && err == nil
}

func (s *Site) renderPublish(c *gin.Context, status int, p *templates.PublishPage) error {
	p.Title, p.Tab, p.Back, p.Plain, p.Wide = "发布采购", templates.PublishTab, "/", true, true
	if p.Edited != 0 {
		p.Title, p.Back = "修改采购单", xunjia.PurchasePath(p.Edited)
	}
	all, err := s.Store.Categories(c.Request.Context())
	if err != nil {
		return err
	}
	if p.Form.Errors == nil {
		p.Form.Errors = map[string]string{}
	}
	if p.Form.Files, err = s.fileNames(c.Request.Context(), p.Form); err != nil {
		return err
	}
	numbers := lineNumbers(p.Form.Values)
	for _, n := range numbers {
		l := publishLine(all, p, n)
		l.Removable = len(numbers) > 1
		if typed := p.Form.Value(l.Name("typed")); typed != "" && p.Form.Value(l.Name("category")) == "" {
			for _, k := range xunjia.SuggestCategories(typed, all) {
				l.Suggestions = append(l.Suggestions, templates.Option{Value: strconv.FormatInt(k.ID, 10), Text: k.Name})
			}
		}
		p.Lines = append(p.Lines, l)
	}
	a := chosenAreas(p.Form.Values)
	p.Areas = templates.AreaSelects(a.province, a.city, a.district)
	now := s.Clock().In(xunjia.China())
	p.Earliest, p.Latest = now.Add(xunjia.MinDeadline+time.Minute).Format(inputTime), now.Add(xunjia.MaxDeadline-time.Hour).Format(inputTime)
	p.Problems = problems(p.Form.Errors, numbers)
	return s.render(c, status, p)
}

// publishLine offers units, specifications and origins of the chosen category;
// before one is chosen, every unit that there is.
func publishLine(all []xunjia.Category, p *templates.PublishPage, n int) templates.PublishLine {
	l := templates.PublishLine{Number: n, Form: p.Form, Page: p}
	chosen, unit := p.Form.Value(l.Name("category")), p.Form.Value(l.Name("unit"))
	names := map[int64]string{}
	at := map[int64]int{}
	var units, every []xunjia.Unit
	for _, k := range all {
		names[k.ID] = k.Name
		if len(k.Units) == 0 {
			continue
		}
		i, ok := at[k.ParentID]
		if !ok {
			i, at[k.ParentID] = len(l.Categories), len(l.Categories)
			l.Categories = append(l.Categories, templates.CategoryOptions{Title: cmp.Or(names[k.ParentID], "常用品种")})
		}
		id := strconv.FormatInt(k.ID, 10)
		l.Categories[i].Options = append(l.Categories[i].Options, templates.Option{Value: id, Text: k.Name, Selected: id == chosen})
		if id == chosen {
			units, l.Specs, l.Origins = k.Units, k.Specs, k.Origins
		}
		for _, u := range k.Units {
			if !slices.Contains(every, u) {
				every = append(every, u)
			}
		}
	}
	if units == nil {
		units = every
	}
	for _, u := range units {
		l.Units = append(l.Units, templates.Option{Value: string(u), Text: string(u), Selected: string(u) == unit})
	}
	return l
}

// problems lists the complaints in the order of the form's fields.
func problems(wrong map[string]string, numbers []int) []templates.Problem {
	labels := []struct{ name, label string }{
		{"category", "品种"}, {"spec", "规格"}, {"quantity", "数量"}, {"unit", "单位"}, {"quality", "质量要求"},
		{"origin", "产地"}, {"cap_price", "最高限价"}, {"images", "图片"}, {"reports", "检测报告"},
	}
	var list []templates.Problem
	for i, n := range numbers {
		for _, l := range labels {
			if text := wrong[templates.LineField(n, l.name)]; text != "" {
				list = append(list, templates.Problem{Href: "#" + templates.LineField(n, l.name) + "-error", Text: "品种 " + strconv.Itoa(i+1) + " · " + l.label + "：" + text})
			}
		}
	}
	for _, field := range slices.Sorted(maps.Keys(wrong)) {
		if _, _, ok := lineField(field); !ok && wrong[field] != "" {
			list = append(list, templates.Problem{Href: "#" + field + "-error", Text: wrong[field]})
		}
	}
	return list
}
