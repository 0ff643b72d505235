package handlers

import (
	"net/http"
	"strconv"

	"github.com/gin-gonic/gin"

	"github.com/xunjia/xunjia"
	"github.com/xunjia/xunjia/store"
	"github.com/xunjia/xunjia/templates"
)

// answerable tells why the buyer cannot answer the quote now.
func answerable(q xunjia.Quote, p xunjia.Purchase, by xunjia.User) error {
	_, err := q.Answered(p, by, xunjia.Answer{Action: xunjia.Accept, Revision: q.Revision}, q.UpdatedAt)
	return err
}

// showAnswerQuote shows the form with which the buyer accepts or refuses.
func (s *Site) showAnswerQuote(c *gin.Context) error {
	v, err := s.quoteToAnswer(c)
	if err != nil {
		return err
	}
	if err := answerable(v.Quote, v.Purchase, visitOf(c).user); err != nil {
		return s.renderQuote(c, status(xunjia.ErrorCode(err)), v.Quote.ID, known(err).Message)
	}
	return s.renderAnswer(c, http.StatusOK, v, &templates.QuoteAnswerPage{Accept: c.Query("do") != string(xunjia.Refuse)})
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

func (s *Site) renderAnswer(c *gin.Context, status int, v store.QuoteView, p *templates.QuoteAnswerPage) error {
	p.Quote, p.Line, p.Purchase, p.Supplier = v.Quote, v.Line, v.Purchase, v.Supplier
	p.Title, p.Plain, p.Back = "接受报价", true, comparePath(v.Purchase.ID)
	if !p.Accept {
		p.Title = "拒绝报价"
	}
	return s.render(c, status, p)
}

func (s *Site) answerQuote(c *gin.Context) error {
	v, err := s.quoteToAnswer(c)
	if err != nil {
		return err
	}
	p := &templates.QuoteAnswerPage{Form: s.form(c)}
	answer := xunjia.Answer{Action: xunjia.QuoteAction(p.Form.Value("do")), Message: newlines(p.Form.Value("message"))}
	answer.Revision, _ = strconv.Atoi(p.Form.Value("revision"))
	p.Accept = answer.Action == xunjia.Accept
	_, err = s.Store.AnswerQuote(c.Request.Context(), v.Quote.ID, visitOf(c).user.ID, answer)
	switch {
	case xunjia.ErrorCode(err) == xunjia.Conflict:
		// The page shows the quote as it stands now.
		return s.renderQuote(c, http.StatusConflict, v.Quote.ID, known(err).Message)
	case err != nil && formErrors(&p.Form, err):
		return s.renderAnswer(c, status(xunjia.ErrorCode(err)), v, p)
	case err != nil:
		return err
	}
	s.Outbox.Wake()
	if p.Accept {
		s.flash(c, "已接受报价，供应商会马上收到通知")
	} else {
		s.flash(c, "已拒绝报价，供应商会收到您的原因")
	}
	s.redirect(c, comparePath(v.Purchase.ID))
	return nil
}
