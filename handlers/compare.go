package handlers

import (
	"net/http"

	"github.com/gin-gonic/gin"

	"github.com/xunjia/xunjia/templates"
)

// compare sets the quotes of a purchase side by side for its buyer; others are
// told that it does not exist.
func (s *Site) compare(c *gin.Context) error {
	ctx, user := c.Request.Context(), visitOf(c).user
	id, err := idParam(c)
	if err != nil {
		return err
	}
	list, err := s.Store.CompareQuotes(ctx, id, user.ID, c.Query("after"))
	if err != nil {
		return err
	}
	purchase, err := s.Store.Purchase(ctx, id)
	if err != nil {
		return err
	}
	quotes := make([]templates.CompareQuote, 0, len(list.Items))
	for _, v := range list.Items {
		quotes = append(quotes, templates.CompareQuote{Quote: v.Quote, Supplier: v.Supplier})
	}
	p := templates.NewComparePage(purchase, quotes, user, templates.CompareSort(c.Query("sort")), s.Clock())
	p.Title, p.Wide, p.Back = "比价", true, "/me/purchases"
	p.More, p.Next = list.Left, list.Next
	if err := s.addDeclines(c, p); err != nil {
		return err
	}
	return s.render(c, http.StatusOK, p)
}

// addDeclines lists who does not quote on each line; names are masked while
// prices are sealed, as those of quotes are.
func (s *Site) addDeclines(c *gin.Context, p *templates.ComparePage) error {
	list, err := s.Store.Declines(c.Request.Context(), p.Purchase.ID)
	for _, d := range list {
		name := d.Supplier.Name
		if p.Sealed {
			name = d.Supplier.MaskedName()
		}
		for i := range p.Lines {
			if p.Lines[i].ID == d.LineID {
				p.Lines[i].Declines = append(p.Lines[i].Declines, templates.CompareDecline{Name: name, Reason: d.Reason})
			}
		}
	}
	return err
}
