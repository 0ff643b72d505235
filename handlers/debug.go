package handlers

import (
	"net/http"
	"strings"

	"github.com/gin-gonic/gin"

	"github.com/xunjia/xunjia/templates"
)

// debugPages lists every template with its samples; development only.
func (s *Site) debugPages(c *gin.Context) error {
	p := &templates.DebugPage{}
	p.Title = "页面样例"
	for _, sample := range templates.Samples(s.Clock()) {
		p.Rows = append(p.Rows, templates.DebugRow{Name: sample.Name, Href: "/debug/pages/" + strings.ReplaceAll(sample.Name, "/", "~")})
	}
	return s.render(c, http.StatusOK, p)
}

func (s *Site) debugPage(c *gin.Context) error {
	name := strings.ReplaceAll(c.Param("name"), "~", "/")
	for _, sample := range templates.Samples(s.Clock()) {
		if sample.Name == name {
			return s.renderSample(c, sample.Page)
		}
	}
	return errNoPage()
}

// renderSample shows the sample's own layout instead of this visitor's.
func (s *Site) renderSample(c *gin.Context, p templates.Page) error {
	c.Status(http.StatusOK)
	c.Header("Content-Type", "text/html; charset=utf-8")
	return s.templates.Render(c.Writer, p)
}
