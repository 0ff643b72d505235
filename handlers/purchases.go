package handlers

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/gin-gonic/gin"

	"github.com/xunjia/xunjia"
	"github.com/xunjia/xunjia/templates"
)

// purchases lists what a search asks for; without one, all that waits for quotes.
func (s *Site) purchases(c *gin.Context) error {
	ctx, v := c.Request.Context(), visitOf(c)
	search, f := searchOf(c)
	if !v.loggedIn() {
		search.Quotable = false
	}
	p := &templates.PurchasesPage{Search: search, Form: f, First: c.Query("after") == ""}
	p.Title, p.Wide, p.Back = "采购大厅", true, "/"
	err := search.Validate()
	if p.Search = search; err == nil && len(f.Errors) == 0 {
		p.Form = templates.SearchForm(search)
	} else {
		p.Search = xunjia.Search{Followed: search.Followed}
		if err == nil {
			err = xunjia.FieldErrors(f.Errors).Err()
		}
		formErrors(&p.Form, err)
	}
	if err := s.searchChoices(ctx, p, search); err != nil {
		return err
	}
	if p.Form.Message != "" {
		return s.render(c, http.StatusUnprocessableEntity, p)
	}
	if search.Followed && !v.loggedIn() {
		return s.render(c, http.StatusOK, p) // which asks to log in
	}
	found, err := s.Store.SearchPurchases(ctx, p.Search, v.user, xunjia.Page{After: c.Query("after")})
	if err != nil {
		return err
	}
	p.Next, p.Stopped, p.Taken = found.Next, found.Stopped, taken(search.Text, found.Goods)
	if p.Purchases, err = s.purchaseCards(ctx, v, found.Items); err != nil {
		return err
	}
	return s.render(c, http.StatusOK, p)
}

// searchOf reads a search from the address. What is no choice of the form is not
// asked for; prices that are no numbers are complained about.
func searchOf(c *gin.Context) (xunjia.Search, templates.Form) {
	f := templates.Form{Values: c.Request.URL.Query(), Errors: map[string]string{}}
	area := xunjia.Area(f.Value("city"))
	if province := xunjia.Area(f.Value("province")); area.Province() != province || !area.Valid() {
		area = province
	}
	category, err := strconv.ParseInt(f.Value("category"), 10, 64)
	if err != nil || category < 0 {
		category = 0
	}
	price := func(field string) xunjia.Fen {
		text := strings.TrimSpace(f.Value(field))
		if text == "" {
			return 0
		}
		n, err := xunjia.ParseFen(text)
		if e, ok := errors.AsType[*xunjia.Error](err); ok {
			f.Errors[field] = e.Message
		}
		return n
	}
	return xunjia.Search{
		Text: f.Value("q"), Category: category, Area: area, Within: xunjia.DeadlineWithin(f.Value("within")), Cap: xunjia.CapPrice(f.Value("cap")),
		MinCap: price("min"), MaxCap: price("max"), Followed: f.Value("tab") == "followed", Quotable: f.Value("can") != "",
		Ended: f.Value("status") == "ended", EndingSoon: f.Value("sort") == "ending",
	}, f
}

// searchChoices fills the selects of the form. A category that does not exist is
// not asked for.
func (s *Site) searchChoices(ctx context.Context, p *templates.PurchasesPage, search xunjia.Search) error {
	list, err := s.Store.Categories(ctx)
	if err != nil {
		return err
	}
	p.Areas = templates.SearchAreas(search.Area)
	groups := map[int64]int{}
	for _, k := range list {
		chosen := k.ID == search.Category
		if chosen {
			p.Category = k.Name
		}
		option := templates.Option{Value: strconv.FormatInt(k.ID, 10), Text: k.Name, Selected: chosen}
		if len(k.Units) == 0 {
			option.Text += "（全部）"
			groups[k.ID] = len(p.Categories)
			p.Categories = append(p.Categories, templates.CategoryOptions{Title: k.Name, Options: []templates.Option{option}})
			continue
		}
		if at, ok := groups[k.ParentID]; ok {
			p.Categories[at].Options = append(p.Categories[at].Options, option)
		}
	}
	if p.Category == "" {
		p.Search.Category = 0
	}
	return nil
}

// taken names the goods that a word of the text was taken for, when that is not
// what it says.
func taken(text string, goods []xunjia.Category) string {
	const most = 5
	var names []string
	for _, k := range goods {
		if slices.Contains(strings.Fields(text), k.Name) && len(goods) == 1 {
			return ""
		}
		names = append(names, k.Name)
	}
	if len(names) > most {
		return fmt.Sprintf("%s等%d个品种", strings.Join(names[:most], "、"), len(names))
	}
	return strings.Join(names, "、")
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
