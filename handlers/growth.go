package handlers

import (
	"net/http"

	"github.com/gin-gonic/gin"

	"github.com/xunjia/xunjia"
	"github.com/xunjia/xunjia/templates"
)

// growth shows a member his level, what earns points, and what has.
func (s *Site) growth(c *gin.Context) error {
	ctx, user := c.Request.Context(), visitOf(c).user.ID
	g, err := s.Store.Growth(ctx, user)
	if err != nil {
		return err
	}
	list, err := s.Store.GrowthEntries(ctx, user, xunjia.Page{After: c.Query("after")})
	if err != nil {
		return err
	}
	p := templates.NewGrowthPage(g.Points)
	for _, spec := range xunjia.TaskSpecs() {
		p.Tasks = append(p.Tasks, templates.GrowthTask{TaskSpec: spec, Ever: g.Ever[spec.Task], Today: g.Today[spec.Task]})
	}
	for _, e := range list.Items {
		p.Entries = append(p.Entries, templates.GrowthEntry{Title: e.Task.String(), Points: e.Points, At: e.CreatedAt})
	}
	p.Next, p.First = list.Next, c.Query("after") == ""
	p.Title, p.Tab, p.Wide, p.Back = "成长", templates.MeTab, true, "/me"
	return s.render(c, http.StatusOK, p)
}
