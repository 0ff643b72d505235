package handlers

import (
	"crypto/rand"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strings"

	"github.com/gin-gonic/gin"

	"github.com/xunjia/xunjia"
	"github.com/xunjia/xunjia/templates"
	"github.com/xunjia/xunjia/wechat"
)

// messageTemplates is the registry: every notice and the template of the
// account that carries it.
func (s *Site) messageTemplates(c *gin.Context) error {
	p := &templates.AdminTemplatesPage{}
	p.Title = "模板消息"
	list, bound, err := s.accountTemplates(c)
	if err != nil {
		p.Problem = wechat.StaffText(err)
	}
	for _, spec := range xunjia.TemplateSpecs() {
		row := templates.TemplateRow{Title: spec.Title, Labels: spec.Labels}
		if t, chosen, ok := choose(list, bound, spec.Title); ok {
			row.ID, row.Chosen = t.ID, chosen
			for _, fit := range wechat.ExplainTemplate(t, xunjia.SampleNotice(spec.Title, s.Clock())) {
				if fit.Complaint != "" {
					row.Complaints = append(row.Complaints, fit.Field.Label+fit.Complaint)
				}
			}
		}
		p.Rows = append(p.Rows, row)
	}
	return s.renderAdmin(c, http.StatusOK, p)
}

// accountTemplates reads the account's templates and staff's choices. Without
// the platform the choices are known still.
func (s *Site) accountTemplates(c *gin.Context) ([]wechat.PrivateTemplate, map[string]string, error) {
	ctx := c.Request.Context()
	if s.Account == nil {
		return nil, nil, xunjia.Errorf(xunjia.Unavailable, "没有配置公众号")
	}
	bound, err := s.Store.TemplateBindings(ctx, s.Account.AppID())
	if err != nil {
		return nil, nil, err
	}
	list, err := s.Account.PrivateTemplates(ctx)
	return list, bound, err
}

// choose finds the template for a title: staff's choice if the account still
// has it, otherwise the one with that title.
func choose(list []wechat.PrivateTemplate, bound map[string]string, title string) (t wechat.PrivateTemplate, chosen, ok bool) {
	for _, candidate := range list {
		if candidate.ID == bound[title] {
			return candidate, true, true
		}
		if candidate.Title == title {
			t, ok = candidate, true
		}
	}
	return t, false, ok
}

// titleParam is the notice that the address names.
func titleParam(c *gin.Context) (xunjia.TemplateSpec, error) {
	for _, spec := range xunjia.TemplateSpecs() {
		if spec.Title == c.Param("title") {
			return spec, nil
		}
	}
	return xunjia.TemplateSpec{}, xunjia.Errorf(xunjia.NotFound, "没有这种通知")
}

func (s *Site) messageTemplate(c *gin.Context) error {
	spec, err := titleParam(c)
	if err != nil {
		return err
	}
	return s.renderTemplate(c, http.StatusOK, spec, templates.Form{Values: url.Values{}})
}

func (s *Site) renderTemplate(c *gin.Context, code int, spec xunjia.TemplateSpec, f templates.Form) error {
	p := &templates.AdminTemplatePage{Form: f, Spec: spec, Now: s.Clock()}
	p.Title = spec.Title
	list, bound, err := s.accountTemplates(c)
	if err != nil {
		p.Problem = wechat.StaffText(err)
	}
	t, chosen, found := choose(list, bound, spec.Title)
	p.Gone = bound[spec.Title] != "" && !chosen && err == nil
	for _, candidate := range list {
		p.Choices = append(p.Choices, templates.Option{Value: candidate.ID, Text: candidate.Title + "（" + shortID(candidate.ID) + "）",
			Selected: chosen && candidate.ID == t.ID})
	}
	if found {
		p.TemplateID, p.TemplateTitle, p.Chosen = t.ID, t.Title, chosen
		for _, fit := range wechat.ExplainTemplate(t, xunjia.SampleNotice(spec.Title, p.Now)) {
			p.Fields = append(p.Fields, templates.TemplateField{
				Label: fit.Field.Label, Key: fit.Field.Key, Kind: fit.Field.Kind,
				Given: fit.Given, Sent: fit.Sent, Complaint: fit.Complaint, Shortened: fit.Shortened,
			})
		}
		p.Unused = unused(spec, t)
	}
	return s.renderAdmin(c, code, p)
}

// unused are labels of ours that the template does not show.
func unused(spec xunjia.TemplateSpec, t wechat.PrivateTemplate) []string {
	shown := map[string]bool{}
	for _, f := range t.Fields {
		shown[f.Label] = true
	}
	var list []string
	for _, label := range spec.Labels {
		if !shown[label] {
			list = append(list, label)
		}
	}
	return list
}

// shortID is enough of a template's id to tell it from others.
func shortID(id string) string {
	if len(id) <= 12 {
		return id
	}
	return id[:6] + "…" + id[len(id)-4:]
}

// bindTemplate keeps staff's choice.
func (s *Site) bindTemplate(c *gin.Context) error {
	spec, err := titleParam(c)
	if err != nil {
		return err
	}
	f := s.form(c)
	list, _, err := s.accountTemplates(c)
	if err != nil {
		return &xunjia.Error{Code: xunjia.Unavailable, Message: "暂时读不到公众号的模板：" + wechat.StaffText(err), Err: err}
	}
	id := f.Value("template")
	known := id == ""
	for _, t := range list {
		known = known || t.ID == id
	}
	if !known {
		f.Errors["template"] = "公众号里没有这个模板，请刷新后重新选择"
		return s.renderTemplate(c, http.StatusUnprocessableEntity, spec, f)
	}
	b := xunjia.TemplateBinding{Title: spec.Title, TemplateID: id}
	if err := s.Store.BindTemplate(c.Request.Context(), visitOf(c).staff.ID, s.Account.AppID(), b); err != nil {
		return err
	}
	s.flash(c, "已保存，半分钟内对新的通知生效")
	s.redirect(c, templatePath(spec.Title))
	return nil
}

func templatePath(title string) string { return "/admin/templates/" + url.PathEscape(title) }

var openIDShape = regexp.MustCompile(`^[A-Za-z0-9_-]{6,64}$`)

// testTemplate sends the notice with sample values to one fan.
func (s *Site) testTemplate(c *gin.Context) error {
	spec, err := titleParam(c)
	if err != nil {
		return err
	}
	f := s.form(c)
	openID := strings.TrimSpace(f.Value("openid"))
	if !openIDShape.MatchString(openID) {
		f.Errors["openid"] = "请填写一位粉丝的 openid，可以在“粉丝”页面里复制"
		return s.renderTemplate(c, http.StatusUnprocessableEntity, spec, f)
	}
	id, err := s.sendSample(c, spec, openID)
	if err != nil {
		f.Errors["openid"] = wechat.StaffText(err)
		return s.renderTemplate(c, http.StatusUnprocessableEntity, spec, f)
	}
	detail := fmt.Sprintf("给 %s 测试发送“%s”，消息号 %s", maskAddress(xunjia.WeChatChannel, openID), spec.Title, id)
	if err := s.Store.TemplateTested(c.Request.Context(), visitOf(c).staff.ID, spec.Title, detail); err != nil {
		return err
	}
	s.flash(c, "已发送，请在手机上查看")
	s.redirect(c, templatePath(spec.Title))
	return nil
}

// sendSample sends the samples of a notice and answers the platform's id.
func (s *Site) sendSample(c *gin.Context, spec xunjia.TemplateSpec, openID string) (string, error) {
	list, bound, err := s.accountTemplates(c)
	if err != nil {
		return "", err
	}
	t, _, found := choose(list, bound, spec.Title)
	if !found {
		return "", xunjia.Errorf(xunjia.Invalid, "公众号里没有标题为“%s”的模板", spec.Title)
	}
	data, err := wechat.FillTemplate(t, xunjia.SampleNotice(spec.Title, s.Clock()))
	if err != nil {
		return "", err
	}
	return s.Account.SendTemplate(c.Request.Context(), wechat.TemplateMessage{
		OpenID: openID, TemplateID: t.ID, URL: s.BaseURL + "/", Data: data, ClientMsgID: "t" + rand.Text(),
	})
}

// staffOptions are colleagues to choose from, by name.
func staffOptions(names map[int64]string) []templates.Option {
	list := make([]templates.Option, 0, len(names))
	for id, name := range names {
		list = append(list, templates.Option{Value: fmt.Sprint(id), Text: name})
	}
	templates.SortOptions(list)
	return list
}
