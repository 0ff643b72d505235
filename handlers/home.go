package handlers

import (
	"net/http"
	"slices"

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
	newest, err := s.Store.OpenPurchases(ctx, xunjia.Page{Limit: homePurchases})
	if err != nil {
		return err
	}
	if p.Purchases, err = s.purchaseCards(ctx, v, newest.Items); err != nil {
		return err
	}
	if v.loggedIn() {
		followed, err := s.Store.OpenPurchasesFollowedBy(ctx, v.user.ID, xunjia.Page{Limit: homePurchases})
		if err != nil {
			return err
		}
		if p.Followed = len(followed.Items) > 0; p.Followed {
			p.Others = without(p.Purchases, followed.Items)
			if p.Purchases, err = s.purchaseCards(ctx, v, followed.Items); err != nil {
				return err
			}
			p.Others = p.Others[:min(len(p.Others), homePurchases-len(p.Purchases))]
		}
	}
	return s.render(c, http.StatusOK, p)
}

// without leaves out the purchases of a list.
func without(cards []templates.PurchaseCard, list []xunjia.Purchase) []templates.PurchaseCard {
	return slices.DeleteFunc(cards, func(c templates.PurchaseCard) bool {
		return slices.ContainsFunc(list, func(p xunjia.Purchase) bool { return p.ID == c.ID })
	})
}
