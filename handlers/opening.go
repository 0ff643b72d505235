package handlers

import (
	"net/http"

	"github.com/gin-gonic/gin"

	"github.com/xunjia/xunjia"
	"github.com/xunjia/xunjia/templates"
)

// opening shows the record of a sealed purchase to its buyer's side; looking at
// it first writes it.
func (s *Site) opening(c *gin.Context) error {
	ctx, u := c.Request.Context(), visitOf(c).user
	p, shown, err := s.purchaseOfParam(c, func(p xunjia.Purchase) error { return p.CanOpen(u, s.Clock()) })
	if err != nil || shown {
		return err
	}
	record, err := s.Store.OpenSealed(ctx, p.ID, u.ID)
	if err != nil {
		_, err = s.refuse(c, p, err)
		return err
	}
	page := &templates.OpeningPage{Purchase: p, Record: record}
	if by, err := s.Store.User(ctx, record.OpenedBy); err == nil {
		page.By = by.Name
	} else if xunjia.ErrorCode(err) != xunjia.NotFound {
		return err
	}
	page.Title, page.Wide, page.Back = "开标记录", true, xunjia.PurchasePath(p.ID)
	return s.render(c, http.StatusOK, page)
}
