package handlers

import (
	"context"
	"net/http"

	"github.com/gin-gonic/gin"

	"github.com/xunjia/xunjia"
	"github.com/xunjia/xunjia/templates"
)

// purchases lists what waits for quotes: everything, or what the visitor
// follows.
func (s *Site) purchases(c *gin.Context) error {
	ctx, v := c.Request.Context(), visitOf(c)
	p := &templates.PurchasesPage{Followed: c.Query("tab") == "followed", First: c.Query("after") == ""}
	p.Title, p.Wide, p.Back = "采购大厅", true, "/"
	if p.Followed && !v.loggedIn() {
		return s.render(c, http.StatusOK, p) // which asks to log in
	}
	page := xunjia.Page{After: c.Query("after")}
	var list xunjia.List[xunjia.Purchase]
	var err error
	if p.Followed {
		list, err = s.Store.OpenPurchasesFollowedBy(ctx, v.user.ID, page)
	} else {
		list, err = s.Store.OpenPurchases(ctx, page)
	}
	if err != nil {
		return err
	}
	p.Next = list.Next
	p.Purchases, err = s.purchaseCards(ctx, v, list.Items)
	if err != nil {
		return err
	}
	return s.render(c, http.StatusOK, p)
}

// purchaseCards adds the buyers' names, as the visitor may see them.
func (s *Site) purchaseCards(ctx context.Context, v *visit, list []xunjia.Purchase) ([]templates.PurchaseCard, error) {
	ids := make([]int64, 0, len(list))
	for _, p := range list {
		ids = append(ids, p.BuyerID)
	}
	buyers, err := s.Store.Users(ctx, ids)
	if err != nil {
		return nil, err
	}
	cards := make([]templates.PurchaseCard, 0, len(list))
	for _, p := range list {
		card := templates.NewPurchaseCard(p, s.Clock())
		card.Buyer = nameFor(v, buyers[p.BuyerID])
		cards = append(cards, card)
	}
	return cards, nil
}

// nameFor is a user's name as the visitor may see it: only members see all of it.
func nameFor(v *visit, u xunjia.User) string {
	if v.loggedIn() && v.user.Step() == xunjia.StepDone && !v.user.Disabled {
		return u.Name
	}
	return u.MaskedName()
}
