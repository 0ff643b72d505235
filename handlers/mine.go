package handlers

import (
	"net/http"

	"github.com/gin-gonic/gin"

	"github.com/xunjia/xunjia"
	"github.com/xunjia/xunjia/templates"
)

func (s *Site) myPurchases(c *gin.Context) error {
	list, err := s.Store.PurchasesOf(c.Request.Context(), visitOf(c).user.ID, xunjia.Page{After: c.Query("after")})
	if err != nil {
		return err
	}
	p := &templates.MyPurchasesPage{Next: list.Next, First: c.Query("after") == ""}
	p.Title, p.Tab, p.Wide, p.Back = "我的采购", templates.MeTab, true, "/me"
	for _, purchase := range list.Items {
		p.Purchases = append(p.Purchases, templates.NewPurchaseCard(purchase, s.Clock()))
	}
	return s.render(c, http.StatusOK, p)
}

func (s *Site) myQuotes(c *gin.Context) error {
	list, err := s.Store.QuotesBy(c.Request.Context(), visitOf(c).user.ID, xunjia.Page{After: c.Query("after")})
	if err != nil {
		return err
	}
	now := s.Clock()
	p := &templates.MyQuotesPage{Next: list.Next, First: c.Query("after") == ""}
	p.Title, p.Tab, p.Wide, p.Back = "我的报价", templates.MeTab, true, "/me"
	for _, v := range list.Items {
		p.Quotes = append(p.Quotes, templates.MyQuote{
			Quote: v.Quote, Line: v.Line, Purchase: v.Purchase, Buyer: v.Buyer.Name,
			Status: v.Purchase.StatusAt(now), Left: templates.LeftOf(v.Purchase, now),
		})
	}
	return s.render(c, http.StatusOK, p)
}
