package handlers

import (
	"net/http"
	"strconv"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/xunjia/xunjia"
	"github.com/xunjia/xunjia/store"
	"github.com/xunjia/xunjia/templates"
)

func (s *Site) purchase(c *gin.Context) error {
	id, err := idParam(c)
	if err != nil {
		return err
	}
	p, err := s.Store.PurchaseFor(c.Request.Context(), id, visitOf(c).user)
	if err != nil {
		return err
	}
	if c.Request.Method == http.MethodGet && !p.Of(visitOf(c).user) {
		// A page without its counter is better than none.
		if err := s.Store.CountView(c.Request.Context(), id, viewer(c)); err != nil {
			s.Log.WarnContext(c.Request.Context(), "view not counted", "error", err, "request_id", visitOf(c).requestID)
		}
	}
	return s.renderPurchase(c, http.StatusOK, p, "")
}

// viewer tells those apart who look at a page: users, else browsers with a
// session, else addresses with what their browser calls itself.
func viewer(c *gin.Context) string {
	v := visitOf(c)
	switch {
	case v.user.ID != 0:
		return "user " + strconv.FormatInt(v.user.ID, 10)
	case v.session.ID != "":
		return "session " + v.session.ID
	}
	return "address " + clientIP(c).String() + " " + c.Request.UserAgent()
}

// renderPurchase shows a purchase; complaint says why something asked for was
// not done.
func (s *Site) renderPurchase(c *gin.Context, status int, p xunjia.Purchase, complaint string) error {
	ctx, v, now := c.Request.Context(), visitOf(c), s.Clock()
	buyer, err := s.Store.User(ctx, p.BuyerID)
	if err != nil {
		return err
	}
	page := &templates.PurchasePage{
		Purchase: p, Status: p.StatusAt(now), Left: templates.LeftOf(p, now),
		Buyer: buyer, BuyerName: nameFor(v, buyer), Mine: p.Of(v.user),
	}
	page.BuyerCertified = buyer.Certified(now)
	page.Title, page.Wide, page.Back = p.Title(), true, "/purchases"
	if page.Mine {
		page.Back = "/me/purchases"
	}
	page.Share = s.sharePurchase(p, page.Status)
	page.Can = purchaseActions(p, v.user, now)
	if page.Mine && page.Open() {
		page.Ask = templates.AskForQuotes(s.askFor(c, xunjia.TemplateNewQuote))
	}
	if complaint != "" {
		page.Flash = templates.Flash{Text: complaint, Bad: true}
	}
	if v.loggedIn() {
		page.Trends = s.trendsOf(c, p.Lines...)
	}
	var quotes map[int64]xunjia.Quote // the visitor's own
	if v.loggedIn() && !page.Mine {
		ids := make([]int64, 0, len(p.Lines))
		for _, l := range p.Lines {
			ids = append(ids, l.ID)
		}
		if quotes, err = s.Store.QuotesForLines(ctx, ids, v.user.ID); err != nil {
			return err
		}
	}
	if err := s.addTalk(c, page); err != nil {
		return err
	}
	if err := s.addQuoters(c, page); err != nil {
		return err
	}
	declined, err := s.Store.DeclinesOf(ctx, p.ID, v.user.ID)
	if err != nil {
		return err
	}
	for _, l := range p.Lines {
		line := templates.PurchaseLine{Line: l, Open: p.CanQuote(l, v.user, now) == nil, Declined: declined[l.ID]}
		if v.loggedIn() && !page.Mine {
			line.Quote = quotes[l.ID]
			_, blocked := line.Quote.State.After(xunjia.Revise)
			line.Revise = line.Open && blocked == nil
		}
		_, blocked := l.Closed("原因")
		line.Closes = page.Can.Close && blocked == nil && len(p.Lines) > 1
		page.Lines = append(page.Lines, line)
	}
	return s.render(c, status, page)
}

// addQuoters lists who quoted, with masked names; while prices are sealed not
// even that.
func (s *Site) addQuoters(c *gin.Context, page *templates.PurchasePage) error {
	if page.Purchase.QuoteCount == 0 || page.Purchase.Hidden(s.Clock()) {
		return nil
	}
	list, err := s.Store.Quoters(c.Request.Context(), page.Purchase.ID)
	for _, q := range list {
		page.Quoters = append(page.Quoters, templates.Quoter{Name: q.Supplier.MaskedName(), Lines: q.Lines, At: q.At})
	}
	page.MoreQuoters = len(list) == store.MaxQuoters
	return err
}

// purchaseActions asks the rules what the user can do with his purchase now.
func purchaseActions(p xunjia.Purchase, u xunjia.User, now time.Time) templates.PurchaseActions {
	possible := func(err error) bool { return err == nil || xunjia.ErrorCode(err) == xunjia.Invalid }
	far := now.Add(xunjia.MaxDeadline)
	return templates.PurchaseActions{
		End: p.CanEnd(u, now) == nil, Close: p.CanClose(u) == nil,
		Extend: possible(p.CanExtend(u, far, now)), Reopen: possible(p.CanReopen(u, far, now)),
		Invite:  p.CanInvite(u, now) == nil,
		Opening: p.CanOpen(u, now) == nil,
		Edit:    p.CanEdit(u, now) == nil, Copy: p.Allows(u, xunjia.Manage) == nil,
	}
}

// showEndPurchase asks whether quoting shall end. It answers 404 to everybody
// but the buyer.
func (s *Site) showEndPurchase(c *gin.Context) error {
	p, shown, err := s.purchaseOfParam(c, func(p xunjia.Purchase) error { return p.CanEnd(visitOf(c).user, s.Clock()) })
	if err != nil || shown {
		return err
	}
	page := &templates.ConfirmPage{
		Heading: "现在结束报价？", Text: p.Title() + "，已收到 " + strconv.Itoa(p.QuoteCount) + " 条报价。",
		Points: []string{"供应商不能再报价或修改报价", "报过价的供应商会收到通知", "您还可以继续比价，接受或拒绝报价"},
		Action: xunjia.PurchasePath(p.ID) + "/end", Button: "结束报价", TestID: "end-confirm",
	}
	page.Title, page.Plain, page.Back = "结束报价", true, xunjia.PurchasePath(p.ID)
	return s.render(c, http.StatusOK, page)
}

func (s *Site) endPurchase(c *gin.Context) error {
	ctx := c.Request.Context()
	id, err := idParam(c)
	if err != nil {
		return err
	}
	_, err = s.Store.EndPurchase(ctx, id, visitOf(c).user.ID)
	return s.afterwards(c, id, err, "报价已结束，报过价的供应商会收到通知")
}

// sayWhy shows why something is not possible now, with ways on.
func (s *Site) sayWhy(c *gin.Context, err error, text string, links ...templates.Link) error {
	e := known(err)
	p := &templates.MessagePage{Icon: "alert-circle", Kind: "warn", Heading: e.Message, Text: text, Links: links, ShowID: true}
	p.Title = "提示"
	return s.render(c, status(e.Code), p)
}
