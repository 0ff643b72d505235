package handlers

import (
	"net/http"
	"strconv"

	"github.com/gin-gonic/gin"

	"github.com/xunjia/xunjia"
	"github.com/xunjia/xunjia/templates"
)

// prices shows the price history of a category.
func (s *Site) prices(c *gin.Context) error {
	ctx := c.Request.Context()
	id, err := strconv.ParseInt(c.Param("category"), 10, 64)
	if err != nil || id <= 0 {
		return xunjia.Errorf(xunjia.NotFound, "没有找到这个品种")
	}
	p := &templates.PricesPage{}
	if p.Category, err = s.Store.Category(ctx, id); err != nil {
		return err
	}
	trends, err := s.Store.PriceTrends(ctx, []int64{id})
	if err != nil {
		return err
	}
	p.Trends = trends[id]
	if p.Quoted, p.Got, err = s.Store.OwnPrices(ctx, visitOf(c).user.ID, id); err != nil {
		return err
	}
	p.Title, p.Wide, p.Back = p.Category.Name+"行情", true, "/"
	return s.render(c, http.StatusOK, p)
}

// trendsOf are the price histories beside lines. A page without them is better
// than none.
func (s *Site) trendsOf(c *gin.Context, lines ...xunjia.Line) []templates.CategoryTrend {
	ids := make([]int64, 0, len(lines))
	for _, l := range lines {
		ids = append(ids, l.CategoryID)
	}
	trends, err := s.Store.PriceTrends(c.Request.Context(), ids)
	if err != nil {
		s.Log.WarnContext(c.Request.Context(), "price history not read", "error", err, "request_id", visitOf(c).requestID)
	}
	return templates.NewCategoryTrends(lines, trends)
}
