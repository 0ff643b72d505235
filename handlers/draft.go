package handlers

import (
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/gin-gonic/gin"

	"github.com/xunjia/xunjia"
	"github.com/xunjia/xunjia/templates"
)

const draftsPath = "/me/drafts"

// drafts lists the visitor's unfinished purchases.
func (s *Site) drafts(c *gin.Context) error {
	list, err := s.Store.Drafts(c.Request.Context(), visitOf(c).user.ID, xunjia.Page{After: c.Query("after")})
	if err != nil {
		return err
	}
	p := &templates.DraftsPage{Drafts: list.Items, Next: partPath(draftsPath, list.Next)}
	p.Title, p.Tab, p.Back = "草稿", templates.MeTab, "/me/purchases"
	return s.render(c, http.StatusOK, p)
}

// saveDraft keeps what the script of the form sends while somebody types.
func (s *Site) saveDraft(c *gin.Context) error {
	f := s.form(c)
	d, err := s.keepDraft(c, f)
	if err != nil {
		return err
	}
	c.JSON(http.StatusOK, gin.H{"id": d.ID, "version": d.Version, "at": d.UpdatedAt.In(xunjia.China()).Format("15:04")})
	return nil
}

// keepDraft saves the form as a draft.
func (s *Site) keepDraft(c *gin.Context, f templates.Form) (xunjia.SavedDraft, error) {
	kept := url.Values{}
	var media []string
	for name, values := range f.Values {
		switch _, field, ok := lineField(name); {
		case slices.Contains([]string{"form_token", "do", "paste", "draft_version", "overwrite"}, name), ok && field == "id":
			continue
		case ok && (field == "images" || field == "reports"):
			media = append(media, values...)
		}
		kept[name] = values
	}
	content, err := json.Marshal(kept)
	if err != nil {
		return xunjia.SavedDraft{}, err
	}
	title, err := s.draftTitle(c, f)
	if err != nil {
		return xunjia.SavedDraft{}, err
	}
	version, _ := strconv.Atoi(f.Value("draft_version"))
	d := xunjia.SavedDraft{Key: f.Value("key"), Title: title, Content: string(content), Media: media, Version: version}
	return s.Store.SaveDraft(c.Request.Context(), visitOf(c).user.ID, d, f.Value("overwrite") != "")
}

// draftTitle names a draft by its goods.
func (s *Site) draftTitle(c *gin.Context, f templates.Form) (string, error) {
	all, err := s.Store.Categories(c.Request.Context())
	if err != nil {
		return "", err
	}
	var p xunjia.Purchase
	for _, n := range lineNumbers(f.Values) {
		id, _ := strconv.ParseInt(f.Value(templates.LineField(n, "category")), 10, 64)
		if i := slices.IndexFunc(all, func(k xunjia.Category) bool { return k.ID == id }); i >= 0 {
			p.Lines = append(p.Lines, xunjia.Line{Name: all[i].Name})
		}
	}
	if len(p.Lines) == 0 {
		return "还没有选品种", nil
	}
	return p.Title(), nil
}

// draftValues are the form's values of a draft of the visitor's.
func (s *Site) draftValues(c *gin.Context, id string) (url.Values, error) {
	n, err := strconv.ParseInt(id, 10, 64)
	if err != nil {
		return nil, errNoPage()
	}
	d, err := s.Store.SavedDraft(c.Request.Context(), n, visitOf(c).user.ID)
	if err != nil {
		return nil, err
	}
	values := url.Values{}
	if err := json.Unmarshal([]byte(d.Content), &values); err != nil {
		return nil, err
	}
	values.Set("key", d.Key)
	values.Set("draft_version", strconv.Itoa(d.Version))
	return values, nil
}

// storeDraft is the button that keeps the form for later, for pages without a
// script and for people who want to see it happen.
func (s *Site) storeDraft(c *gin.Context, p *templates.PublishPage) error {
	d, err := s.keepDraft(c, p.Form)
	if err != nil {
		if !formErrors(&p.Form, err) {
			return err
		}
		p.DraftConflict = xunjia.ErrorCode(err) == xunjia.Conflict
		return s.renderPublish(c, status(xunjia.ErrorCode(err)), p)
	}
	s.flash(c, "已存为草稿："+d.Title)
	s.redirect(c, draftsPath)
	return nil
}

func (s *Site) deleteDraft(c *gin.Context) error {
	id, err := idParam(c)
	if err != nil {
		return err
	}
	if err := s.Store.DeleteDraft(c.Request.Context(), id, visitOf(c).user.ID); err != nil {
		return err
	}
	s.flash(c, "草稿已删除")
	s.redirect(c, draftsPath)
	return nil
}

// arrangeLines copies or moves a line of the form: copy-line:3, up-line:3,
// down-line:3. The number of a line stays with it.
func arrangeLines(v url.Values, do, line string) {
	at := slices.Index(v["line"], line)
	if at < 0 {
		return
	}
	lines := v["line"]
	switch do {
	case "up-line":
		if at > 0 {
			lines[at-1], lines[at] = lines[at], lines[at-1]
		}
	case "down-line":
		if at+1 < len(lines) {
			lines[at+1], lines[at] = lines[at], lines[at+1]
		}
	case "copy-line":
		numbers := lineNumbers(v)
		if len(numbers) >= xunjia.MaxLines {
			return
		}
		from, _ := strconv.Atoi(line)
		next := 1 + slices.Max(numbers)
		prefix := templates.LineField(from, "")
		for name, values := range v {
			if field, ok := strings.CutPrefix(name, prefix); ok && field != "id" {
				v[templates.LineField(next, field)] = slices.Clone(values)
			}
		}
		v["line"] = slices.Insert(lines, at+1, strconv.Itoa(next))
	}
}
