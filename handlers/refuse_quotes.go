package handlers

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/gin-gonic/gin"

	"github.com/xunjia/xunjia"
	"github.com/xunjia/xunjia/templates"
)

// showRefuseQuotes shows the form with which the buyer refuses everything that
// waits for an answer, of one line or of all.
func (s *Site) showRefuseQuotes(c *gin.Context) error {
	p, err := s.refusable(c)
	if err != nil {
		return err
	}
	return s.render(c, http.StatusOK, p)
}

// refusable loads the pending quotes of the purchase, at most as many as can be
// refused at once. It is NotFound for strangers, Forbidden for members who may
// not, Conflict while prices are sealed or the purchase is closed.
func (s *Site) refusable(c *gin.Context) (*templates.RefuseQuotesPage, error) {
	ctx, user := c.Request.Context(), visitOf(c).user
	id, err := idParam(c)
	if err != nil {
		return nil, err
	}
	list, err := s.Store.CompareQuotes(ctx, id, user.ID, "")
	if err != nil {
		return nil, err
	}
	purchase, err := s.Store.Purchase(ctx, id)
	if err != nil {
		return nil, err
	}
	p := &templates.RefuseQuotesPage{Purchase: purchase}
	p.Title, p.Plain, p.Back = "拒绝其余报价", true, comparePath(id)
	if p.Line, err = strconv.ParseInt(c.DefaultQuery("line", "0"), 10, 64); err != nil {
		return nil, xunjia.Errorf(xunjia.NotFound, "没有找到这个采购品种")
	}
	for _, v := range list.Items {
		if v.Quote.State != xunjia.Pending || p.Line != 0 && v.Quote.LineID != p.Line {
			continue
		}
		// Whether he may at all is the same for every quote.
		a := xunjia.Answer{Action: xunjia.Refuse, Message: "价格高", Revision: v.Quote.Revision}
		if _, err := v.Quote.Answered(purchase, user, a, s.Clock()); err != nil {
			return nil, err
		}
		if len(p.Quotes) == xunjia.MaxRefusals {
			p.More++
			continue
		}
		p.Quotes = append(p.Quotes, templates.RefusableQuote{Quote: v.Quote, Line: v.Line, Supplier: v.Supplier, Chosen: true})
	}
	return p, nil
}

func (s *Site) refuseQuotes(c *gin.Context) error {
	p, err := s.refusable(c)
	if err != nil {
		return err
	}
	p.Form = s.form(c)
	chosen := p.Form.Values["quote"]
	for i := range p.Quotes {
		p.Quotes[i].Chosen = slices.Contains(chosen, p.Quotes[i].Value())
	}
	revisions := map[int64]int{}
	for _, v := range chosen {
		id, revision, _ := strings.Cut(v, "-")
		quote, err := strconv.ParseInt(id, 10, 64)
		n, err2 := strconv.Atoi(revision)
		if err != nil || err2 != nil {
			return xunjia.Errorf(xunjia.NotFound, "没有找到这条报价")
		}
		revisions[quote] = n
	}
	n, err := s.Store.RefuseQuotes(c.Request.Context(), p.Purchase.ID, visitOf(c).user.ID, revisions, newlines(p.Form.Value("message")))
	if err != nil {
		if !formErrors(&p.Form, err) {
			return err
		}
		return s.render(c, status(xunjia.ErrorCode(err)), p)
	}
	if n > 0 {
		s.Outbox.Wake()
	}
	text := fmt.Sprintf("已拒绝 %d 条报价，供应商会收到您的原因", n)
	if n < len(revisions) {
		text = fmt.Sprintf("已拒绝 %d 条；另外 %d 条刚刚有变化，请再看看", n, len(revisions)-n)
	}
	s.flash(c, text)
	s.redirect(c, comparePath(p.Purchase.ID))
	return nil
}
