package handlers

import (
	"net/http"

	"github.com/gin-gonic/gin"

	"github.com/xunjia/xunjia"
	"github.com/xunjia/xunjia/templates"
)

// homePurchases is how many purchases the first page shows.
const homePurchases = 10

func (s *Site) home(c *gin.Context) error {
	ctx, v := c.Request.Context(), visitOf(c)
	p := &templates.HomePage{}
	p.Tab, p.Wide = templates.HomeTab, true
	var list xunjia.List[xunjia.Purchase]
	var err error
	if v.loggedIn() {
		list, err = s.Store.OpenPurchasesFollowedBy(ctx, v.user.ID, xunjia.Page{Limit: homePurchases})
		p.Followed = len(list.Items) > 0
	}
	if err == nil && !p.Followed {
		list, err = s.Store.OpenPurchases(ctx, xunjia.Page{Limit: homePurchases})
	}
	if err != nil {
		return err
	}
	if p.Purchases, err = s.purchaseCards(ctx, v, list.Items); err != nil {
		return err
	}
	return s.render(c, http.StatusOK, p)
}
