package handlers

import (
	"net/http"

	"github.com/gin-gonic/gin"

	"github.com/xunjia/xunjia"
	"github.com/xunjia/xunjia/templates"
)

// home lists what waits for quotes: to a member first what he follows, then the
// rest.
func (s *Site) home(c *gin.Context) error {
	ctx, v := c.Request.Context(), visitOf(c)
	page := xunjia.Page{After: c.Query("after")}
	part, err := s.Store.Home(ctx, v.user.ID, page)
	if err != nil {
		return err
	}
	p := &templates.HomePage{Follows: part.Follows, Next: part.Next, First: page.After == ""}
	p.Tab, p.Wide = templates.HomeTab, true
	if p.Followed, err = s.purchaseCards(ctx, v, part.Followed); err != nil {
		return err
	}
	if p.Others, err = s.purchaseCards(ctx, v, part.Others); err != nil {
		return err
	}
	return s.render(c, http.StatusOK, p)
}
