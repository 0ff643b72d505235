package handlers

import (
	"net/http"
	"strings"

	"github.com/gin-gonic/gin"

	"github.com/xunjia/xunjia"
	"github.com/xunjia/xunjia/store"
	"github.com/xunjia/xunjia/templates"
)

// showCounterQuote shows the form with which the buyer names his price.
func (s *Site) showCounterQuote(c *gin.Context) error {
	v, err := s.quoteToAnswer(c)
	if err != nil {
		return err
	}
	// One fen less: whether he may, not how much.
	counter := xunjia.Counter{Price: v.Quote.Price - 1}
	if _, err := v.Quote.Countered(v.Purchase, visitOf(c).user, counter, v.Quote.Revision, s.Clock()); err != nil {
		return s.renderQuoteConflict(c, v, err)
	}
	return s.renderCounter(c, http.StatusOK, v, &templates.CounterPage{})
}

func (s *Site) renderCounter(c *gin.Context, status int, v store.QuoteView, p *templates.CounterPage) error {
	p.Quote, p.Line, p.Purchase, p.Supplier = v.Quote, v.Line, v.Purchase, v.Supplier
	p.Title, p.Plain, p.Back = "还价", true, comparePath(v.Purchase.ID)
	return s.render(c, status, p)
}

func (s *Site) counterQuote(c *gin.Context) error {
	v, err := s.quoteToAnswer(c)
	if err != nil {
		return err
	}
	p := &templates.CounterPage{Form: s.form(c)}
	wrong := xunjia.FieldErrors{}
	counter := xunjia.Counter{Message: newlines(p.Form.Value("message"))}
	typed := strings.TrimSpace(p.Form.Value("price"))
	counter.Price, err = xunjia.ParseFen(typed)
	switch {
	case typed == "":
		wrong.Add("price", "请填写您能接受的价格")
	case strings.HasPrefix(typed, "-"):
		wrong.Add("price", "还价必须大于 0")
	case err != nil:
		wrong.Add("price", "%s", known(err).Message)
	}
	if err = wrong.Err(); err == nil {
		_, err = s.Store.CounterQuote(c.Request.Context(), v.Quote.ID, visitOf(c).user.ID, counter, seen(p.Form, "revision"))
	}
	switch {
	case xunjia.ErrorCode(err) == xunjia.Conflict:
		return s.renderQuoteConflict(c, v, err)
	case err != nil && formErrors(&p.Form, err):
		return s.renderCounter(c, status(xunjia.ErrorCode(err)), v, p)
	case err != nil:
		return err
	}
	s.Outbox.Wake()
	s.flash(c, "还价已发出，供应商会马上收到通知")
	s.redirect(c, comparePath(v.Purchase.ID))
	return nil
}

// acceptCounter revises the supplier's quote to the price that the buyer named.
func (s *Site) acceptCounter(c *gin.Context) error {
	id, err := idParam(c)
	if err != nil {
		return err
	}
	v, err := s.Store.Quote(c.Request.Context(), id, visitOf(c).user.ID)
	if err != nil {
		return err
	}
	price, err := xunjia.ParseFen(s.form(c).Value("price"))
	if err != nil {
		price = -1 // no price that he saw
	}
	if _, err := s.Store.AcceptCounter(c.Request.Context(), id, visitOf(c).user.ID, price); err != nil {
		return s.renderQuoteConflict(c, v, err)
	}
	s.Outbox.Wake()
	s.flash(c, "已接受还价，报价已更新，采购商会马上收到通知")
	s.redirect(c, xunjia.QuotePath(id))
	return nil
}
