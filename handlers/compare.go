package handlers

import (
	"net/http"

	"github.com/gin-gonic/gin"

	"github.com/xunjia/xunjia/templates"
)

// compare sets the quotes of a purchase side by side for its buyer; others are
// told that it does not exist.
func (s *Site) compare(c *gin.Context) error {
	ctx := c.Request.Context()
	id, err := idParam(c)
	if err != nil {
		return err
	}
	views, err := s.Store.QuotesOfPurchase(ctx, id, visitOf(c).user.ID)
	if err != nil {
		return err
	}
	purchase, err := s.Store.Purchase(ctx, id)
	if err != nil {
		return err
	}
	quotes := make([]templates.CompareQuote, 0, len(views))
	for _, v := range views {
		quotes = append(quotes, templates.CompareQuote{Quote: v.Quote, Supplier: v.Supplier})
	}
	p := templates.NewComparePage(purchase, quotes, s.Clock())
	p.Title, p.Wide, p.Back = "比价", true, "/me/purchases"
	return s.render(c, http.StatusOK, p)
}
