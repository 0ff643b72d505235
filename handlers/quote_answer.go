package handlers

import (
	"net/http"
	"strconv"
	"strings"

	"github.com/gin-gonic/gin"

	"github.com/xunjia/xunjia"
	"github.com/xunjia/xunjia/store"
	"github.com/xunjia/xunjia/templates"
)

// showAnswerQuote shows the form with which the buyer accepts or refuses.
func (s *Site) showAnswerQuote(c *gin.Context) error {
	v, err := s.quoteToAnswer(c)
	if err != nil {
		return err
	}
	a := xunjia.Answer{Action: xunjia.Accept, Revision: v.Quote.Revision}
	if c.Query("do") == string(xunjia.Refuse) {
		a.Action, a.Message = xunjia.Refuse, "价格高"
	}
	if _, err = v.Quote.Answered(v.Purchase, visitOf(c).user, a, s.Clock()); err == nil && a.Action == xunjia.Accept {
		if err = v.Quote.CheckCurrent(v.Line); err == nil {
			_, err = v.Quote.Share(v.Line, 0)
		}
	}
	if err != nil {
		return s.renderQuoteConflict(c, v, err)
	}
	return s.renderAnswer(c, http.StatusOK, v, &templates.QuoteAnswerPage{Accept: a.Action == xunjia.Accept})
}

// quoteToAnswer loads the quote for its buyer; it is NotFound for anybody else.
func (s *Site) quoteToAnswer(c *gin.Context) (store.QuoteView, error) {
	user := visitOf(c).user
	id, err := idParam(c)
	if err != nil {
		return store.QuoteView{}, err
	}
	v, err := s.Store.Quote(c.Request.Context(), id, user.ID)
	if err == nil && !v.Purchase.Of(user) {
		err = xunjia.Errorf(xunjia.NotFound, "没有找到这条报价")
	}
	return v, err
}

// renderQuoteConflict shows the quote as it stands now, and why what was asked
// for is not possible. What is not about the quote's state stays an error.
func (s *Site) renderQuoteConflict(c *gin.Context, v store.QuoteView, err error) error {
	switch code := xunjia.ErrorCode(err); code {
	case xunjia.Conflict, xunjia.Forbidden, xunjia.Invalid:
		text := known(err).Message
		for _, field := range known(err).Fields {
			text = field
		}
		if v.Purchase.Hidden(s.Clock()) && visitOf(c).user.ID != v.Quote.SupplierID {
			return err
		}
		return s.renderQuote(c, status(code), v.Quote.ID, text)
	}
	return err
}

func (s *Site) renderAnswer(c *gin.Context, status int, v store.QuoteView, p *templates.QuoteAnswerPage) error {
	p.Quote, p.Line, p.Purchase, p.Supplier = v.Quote, v.Line, v.Purchase, v.Supplier
	p.Title, p.Plain, p.Back = "接受报价", true, comparePath(v.Purchase.ID)
	if !p.Accept {
		p.Title = "拒绝报价"
	}
	return s.render(c, status, p)
}

// seen reads a number that the form carries: what the buyer saw when he
// decided. A form without it is about nothing that is there.
func seen(f templates.Form, name string) int {
	n, err := strconv.Atoi(f.Value(name))
	if err != nil || n <= 0 {
		return -1
	}
	return n
}

// typedAnswer reads the form of an answer and notes in wrong what is the matter
// with it.
func typedAnswer(f templates.Form, wrong xunjia.FieldErrors) xunjia.Answer {
	a := xunjia.Answer{
		Action: xunjia.QuoteAction(f.Value("do")), Message: newlines(f.Value("message")),
		Revision: seen(f, "revision"), Version: seen(f, "version"), Price: -1,
	}
	if price, err := xunjia.ParseFen(f.Value("price")); err == nil && price > 0 {
		a.Price = price
	}
	typed := strings.TrimSpace(f.Value("quantity"))
	if a.Action != xunjia.Accept || typed == "" { // nothing means all of it
		return a
	}
	switch quantity, err := xunjia.ParseQuantity(typed); {
	case err != nil:
		wrong.Add("quantity", "%s", known(err).Message)
	case quantity <= 0:
		wrong.Add("quantity", "接受的数量必须大于 0")
	default:
		a.Quantity = quantity
	}
	return a
}

func (s *Site) answerQuote(c *gin.Context) error {
	v, err := s.quoteToAnswer(c)
	if err != nil {
		return err
	}
	p := &templates.QuoteAnswerPage{Form: s.form(c)}
	wrong := xunjia.FieldErrors{}
	answer := typedAnswer(p.Form, wrong)
	p.Accept = answer.Action == xunjia.Accept
	if err = wrong.Err(); err == nil {
		_, err = s.Store.AnswerQuote(c.Request.Context(), v.Quote.ID, visitOf(c).user.ID, answer)
	}
	switch {
	case xunjia.ErrorCode(err) == xunjia.Conflict && len(known(err).Fields) == 0:
		return s.renderQuoteConflict(c, v, err)
	case err != nil && formErrors(&p.Form, err):
		if v, loadErr := s.quoteToAnswer(c); loadErr == nil { // as much is left as there is now
			return s.renderAnswer(c, status(xunjia.ErrorCode(err)), v, p)
		}
		return err
	case err != nil:
		return err
	}
	s.Outbox.Wake()
	if p.Accept {
		s.flash(c, "已接受报价，供应商会马上收到通知。10 分钟内可以撤销")
	} else {
		s.flash(c, "已拒绝报价，供应商会收到您的原因")
	}
	s.redirect(c, comparePath(v.Purchase.ID))
	return nil
}

// undoAnswer takes the buyer's answer back.
func (s *Site) undoAnswer(c *gin.Context) error {
	v, err := s.quoteToAnswer(c)
	if err != nil {
		return err
	}
	if _, err := s.Store.UndoAnswer(c.Request.Context(), v.Quote.ID, visitOf(c).user.ID); err != nil {
		return s.renderQuoteConflict(c, v, err)
	}
	s.Outbox.Wake()
	s.flash(c, "答复已撤销，供应商会收到通知")
	s.redirect(c, xunjia.QuotePath(v.Quote.ID))
	return nil
}
