package handlers

import (
	"net/http"
	"strconv"

	"github.com/gin-gonic/gin"

	"github.com/xunjia/xunjia"
	"github.com/xunjia/xunjia/templates"
)

// showDeclineLine asks a supplier why he does not quote on a line.
func (s *Site) showDeclineLine(c *gin.Context) error {
	p, shown, err := s.quoteForm(c)
	if err != nil || shown {
		return err
	}
	d, err := s.Store.DeclineOf(c.Request.Context(), p.Line.ID, visitOf(c).user.ID)
	if err != nil {
		return err
	}
	f := templates.Form{Values: map[string][]string{"reason": {d.Reason}}}
	if _, err := p.Purchase.CheckDecline(p.Line, p.Old, visitOf(c).user, xunjia.DeclineReasons()[0], s.Clock()); err != nil {
		return s.sayWhy(c, err, p.Line.Summary(), templates.Link{Href: xunjia.QuotePath(p.Old.ID), Text: "查看我的报价"})
	}
	return s.renderDeclineLine(c, http.StatusOK, p.Line, f)
}

func (s *Site) renderDeclineLine(c *gin.Context, status int, l xunjia.Line, f templates.Form) error {
	id := strconv.FormatInt(l.ID, 10)
	page := &templates.ReasonPage{
		Heading: "不报这个品种？", Text: l.Summary() + "。",
		Points: []string{"采购商会看到您的原因", "截止前改了主意，仍然可以报价", "这个品种不会再提醒您"},
		Action: "/lines/" + id + "/decline", Button: "不报价", Form: f, Suggest: xunjia.DeclineReasons(), Ask: "告诉采购商原因",
	}
	page.Title, page.Plain, page.Back = "不报价", true, "/lines/"+id+"/quote"
	return s.render(c, status, page)
}

func (s *Site) declineLine(c *gin.Context) error {
	id, err := idParam(c)
	if err != nil {
		return err
	}
	ctx, f := c.Request.Context(), s.form(c)
	p, l, err := s.Store.LineFor(ctx, id, visitOf(c).user)
	if err != nil {
		return err
	}
	err = s.Store.DeclineLine(ctx, id, visitOf(c).user.ID, newlines(f.Value("reason")))
	switch xunjia.ErrorCode(err) {
	case xunjia.Invalid:
		formErrors(&f, err)
		return s.renderDeclineLine(c, http.StatusUnprocessableEntity, l, f)
	case xunjia.Conflict, xunjia.Forbidden:
		return s.sayWhy(c, err, l.Summary(), templates.Link{Href: xunjia.PurchasePath(p.ID), Text: "查看采购单"})
	}
	if err != nil {
		return err
	}
	s.Outbox.Wake()
	s.flash(c, "已告诉采购商您不报这个品种")
	s.redirect(c, xunjia.PurchasePath(p.ID))
	return nil
}

// quoteHistory shows every offer that a quote has been.
func (s *Site) quoteHistory(c *gin.Context) error {
	id, err := idParam(c)
	if err != nil {
		return err
	}
	v, list, err := s.Store.QuoteHistory(c.Request.Context(), id, visitOf(c).user.ID)
	if err != nil {
		return err
	}
	p := &templates.QuoteHistoryPage{Quote: v.Quote, Line: v.Line}
	for i, r := range list {
		var before *xunjia.Offer
		if i+1 < len(list) {
			before = &list[i+1].Offer
		}
		p.Revisions = append(p.Revisions, templates.NewRevision(r.Revision, r.Version, r.CreatedAt, r.Offer, before))
	}
	p.Title, p.Back = "报价记录", xunjia.QuotePath(id)
	return s.render(c, http.StatusOK, p)
}

// renewQuote makes the visitor's offer valid for some more days.
func (s *Site) renewQuote(c *gin.Context) error {
	id, err := idParam(c)
	if err != nil {
		return err
	}
	days, err := strconv.Atoi(c.PostForm("days"))
	if err != nil || days < 1 || days > 365 {
		return s.renderQuote(c, http.StatusUnprocessableEntity, id, "请填写要延长的天数，1 到 365 天")
	}
	_, err = s.Store.RenewQuote(c.Request.Context(), id, visitOf(c).user.ID, xunjia.DayStart(s.Clock()).AddDate(0, 0, days+1))
	if code := xunjia.ErrorCode(err); code == xunjia.Conflict || code == xunjia.Invalid {
		return s.renderQuote(c, status(code), id, known(err).Message)
	}
	if err != nil {
		return err
	}
	s.Outbox.Wake()
	s.flash(c, "报价有效期已更新")
	s.redirect(c, xunjia.QuotePath(id))
	return nil
}
