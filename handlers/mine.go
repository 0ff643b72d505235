package handlers

import (
	"net/http"

	"github.com/gin-gonic/gin"

	"github.com/xunjia/xunjia"
	"github.com/xunjia/xunjia/store"
	"github.com/xunjia/xunjia/templates"
)

// myPurchases lists what the visitor published, all of it or what is in one
// state.
func (s *Site) myPurchases(c *gin.Context) error {
	ctx, user, page := c.Request.Context(), visitOf(c).user.ID, xunjia.Page{After: c.Query("after")}
	states := purchaseTabs()
	chosen := c.Query("status")
	var list xunjia.List[xunjia.Purchase]
	var err error
	if state, ok := states[chosen]; ok {
		list, err = s.Store.PurchasesIn(ctx, user, state, page)
	} else {
		chosen = ""
		list, err = s.Store.PurchasesOf(ctx, user, page)
	}
	if err != nil {
		return err
	}
	p := &templates.MyPurchasesPage{Status: chosen, First: page.After == "", HasCompany: visitOf(c).user.CompanyID != 0}
	p.Title, p.Tab, p.Wide, p.Back = "我的采购", templates.MeTab, true, "/me"
	if err := s.addPurchaseCards(c, p, list); err != nil {
		return err
	}
	return s.render(c, http.StatusOK, p)
}

// myQuotes lists what the visitor quoted, all of it or what has one answer.
func (s *Site) myQuotes(c *gin.Context) error {
	ctx, user, page := c.Request.Context(), visitOf(c).user.ID, xunjia.Page{After: c.Query("after")}
	states := map[string][]xunjia.QuoteState{"pending": {xunjia.Pending}, "accepted": {xunjia.Accepted}, "refused": {xunjia.Refused, xunjia.NotChosen}, "withdrawn": {xunjia.Withdrawn}}
	chosen := c.Query("state")
	var list xunjia.List[store.QuoteView]
	var err error
	if in, ok := states[chosen]; ok {
		list, err = s.Store.QuotesIn(ctx, user, in, page)
	} else {
		chosen = ""
		list, err = s.Store.QuotesBy(ctx, user, page)
	}
	if err != nil {
		return err
	}
	now := s.Clock()
	p := &templates.MyQuotesPage{State: chosen, Next: list.Next, First: page.After == ""}
	p.Title, p.Tab, p.Wide, p.Back = "我的报价", templates.MeTab, true, "/me"
	for _, v := range list.Items {
		p.Quotes = append(p.Quotes, templates.MyQuote{
			Quote: v.Quote, Line: v.Line, Purchase: v.Purchase, Buyer: v.Buyer.Name,
			Status: v.Purchase.StatusAt(now), Left: templates.LeftOf(v.Purchase, now),
		})
	}
	return s.render(c, http.StatusOK, p)
}
