package handlers

import (
	"cmp"
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/xunjia/xunjia"
	"github.com/xunjia/xunjia/templates"
)

// showQuoteForm shows the form for a line, filled in when the supplier revises
// his quote.
func (s *Site) showQuoteForm(c *gin.Context) error {
	p, shown, err := s.quoteForm(c)
	if err != nil || shown {
		return err
	}
	p.Form = offerForm(p.Old)
	return s.renderQuoteForm(c, http.StatusOK, p)
}

func (s *Site) submitQuote(c *gin.Context) error {
	p, shown, err := s.quoteForm(c)
	if err != nil || shown {
		return err
	}
	p.Form = s.form(c)
	wrong := xunjia.FieldErrors{}
	var attachments []xunjia.Attachment
	for _, t := range xunjia.AttachmentTypes() {
		keys, err := s.uploads(c, p.Form, templates.PhotoName(t), xunjia.MaxImagesPerQuote)
		if err != nil {
			e := known(err)
			if e.Code != xunjia.Invalid {
				return err
			}
			wrong.Add(templates.PhotoName(t), "%s", cmp.Or(e.Fields[templates.PhotoName(t)], e.Message))
		}
		for _, key := range keys {
			attachments = append(attachments, xunjia.Attachment{Media: key, Type: t})
		}
	}
	offer := typedOffer(p.Form, p.Line, s.Clock(), wrong)
	offer.Attachments, offer.Seen = attachments, max(0, seen(p.Form, "seen"))
	for _, err := range []error{offer.Validate(), offer.CheckFor(p.Line, s.Clock())} {
		if e, ok := errors.AsType[*xunjia.Error](err); ok {
			for field, text := range e.Fields {
				wrong.Add(field, "%s", text)
			}
		}
	}
	var q xunjia.Quote
	var fresh bool
	if err = wrong.Err(); err == nil {
		q, fresh, err = s.Store.SubmitQuote(c.Request.Context(), p.Line.ID, visitOf(c).user.ID, offer)
	}
	if err != nil {
		if !formErrors(&p.Form, err) {
			return err
		}
		return s.renderQuoteForm(c, status(xunjia.ErrorCode(err)), p)
	}
	s.Outbox.Wake()
	switch {
	case fresh && p.Old.ID != 0:
		s.flash(c, "报价已更新，采购商会马上收到通知")
	case fresh || p.Old.ID == 0 || p.Old.Revision == 1:
		s.flash(c, "报价已提交，采购商会马上收到通知")
	default:
		s.flash(c, "报价没有变化")
	}
	if strings.Contains(c.GetHeader("Accept"), "application/json") { // the script, which sends on a bad line until it hears
		c.JSON(http.StatusOK, gin.H{"next": xunjia.QuotePath(q.ID)})
		return nil
	}
	s.redirect(c, xunjia.QuotePath(q.ID))
	return nil
}

// typedPrice reads a price and notes in wrong what is the matter with it.
func typedPrice(typed string, wrong xunjia.FieldErrors) xunjia.Fen {
	typed = strings.TrimSpace(typed)
	price, err := xunjia.ParseFen(typed)
	switch {
	case typed == "":
		wrong.Add("price", "请填写报价")
	case strings.HasPrefix(typed, "-"):
		wrong.Add("price", "报价必须大于 0")
	case err != nil:
		wrong.Add("price", "%s", known(err).Message)
	}
	return price
}

// quoteForm loads the line that a supplier quotes on and his earlier quote. It
// shows the reason itself (true) when he may not quote now.
func (s *Site) quoteForm(c *gin.Context) (p *templates.QuoteNewPage, shown bool, err error) {
	ctx, user, now := c.Request.Context(), visitOf(c).user.ID, s.Clock()
	id, err := idParam(c)
	if err != nil {
		return nil, false, err
	}
	purchase, line, err := s.Store.LineFor(ctx, id, visitOf(c).user)
	if err != nil {
		return nil, false, err
	}
	p = &templates.QuoteNewPage{Purchase: purchase, Line: line, Left: templates.LeftOf(purchase, now)}
	if p.Old, err = s.Store.QuoteOf(ctx, id, user); err != nil && xunjia.ErrorCode(err) != xunjia.NotFound {
		return nil, false, err
	}
	toPurchase := templates.Link{Href: xunjia.PurchasePath(purchase.ID), Text: "查看采购单"}
	if p.Old.ID != 0 {
		toQuote := templates.Link{Href: xunjia.QuotePath(p.Old.ID), Text: "查看我的报价"}
		if _, err := p.Old.State.After(xunjia.Revise); err != nil {
			why := xunjia.Errorf(xunjia.Conflict, "您的报价%s，不能再修改", p.Old.State)
			return nil, true, s.sayWhy(c, why, line.Summary(), toQuote, toPurchase)
		}
		toPurchase = toQuote
	}
	if err := purchase.CanQuote(line, visitOf(c).user, now); err != nil {
		text := line.Summary() + "，采购单现在是“" + purchase.StatusAt(now).String() + "”。"
		return nil, true, s.sayWhy(c, err, text, toPurchase, templates.Link{Href: "/purchases", Text: "看看别的采购"})
	}
	buyer, err := s.Store.User(ctx, purchase.BuyerID)
	if err != nil {
		return nil, false, err
	}
	p.Buyer = buyer.Name
	return p, false, nil
}

func (s *Site) renderQuoteForm(c *gin.Context, status int, p *templates.QuoteNewPage) error {
	p.Title, p.Plain, p.Wide, p.Back = "报价", true, true, xunjia.PurchasePath(p.Purchase.ID)
	if err := s.addQuota(c, p); err != nil {
		return err
	}
	p.Trends = s.trendsOf(c, p.Line)
	if p.Old.ID != 0 {
		p.Title, p.Back = "修改报价", xunjia.QuotePath(p.Old.ID)
	}
	var err error
	if p.Form.Files, err = s.fileNames(c.Request.Context(), p.Form); err != nil {
		return err
	}
	return s.render(c, status, p)
}

// addQuota tells the supplier how many new quotes he has left this week, and
// whether he can decline instead.
func (s *Site) addQuota(c *gin.Context, p *templates.QuoteNewPage) error {
	u := visitOf(c).user
	used, err := s.Store.QuotesThisWeek(c.Request.Context(), u.ID)
	if err != nil {
		return err
	}
	p.Now = s.Clock()
	p.Certified, p.Quota = u.Certified(p.Now), u.QuoteQuota(p.Now)
	p.QuotaLeft = max(0, p.Quota-used)
	p.CanDecline = p.Old.ID == 0 || p.Old.State == xunjia.Withdrawn
	return nil
}

// quote shows a quote to its supplier and its buyer; others are told that it
// does not exist.
func (s *Site) quote(c *gin.Context) error {
	id, err := idParam(c)
	if err != nil {
		return err
	}
	return s.renderQuote(c, http.StatusOK, id, "")
}

func (s *Site) renderQuote(c *gin.Context, status int, id int64, complaint string) error {
	user, now := visitOf(c).user.ID, s.Clock()
	v, err := s.Store.Quote(c.Request.Context(), id, user)
	if err != nil {
		return err
	}
	p := &templates.QuotePage{
		Quote: v.Quote, Line: v.Line, Purchase: v.Purchase, Status: v.Purchase.StatusAt(now),
		Supplier: v.Supplier, Buyer: v.Buyer, Mine: user == v.Quote.SupplierID,
	}
	p.Title, p.Wide = "报价详情", true
	p.OtherCertified = p.Other().Certified(now)
	p.Expired = v.Quote.State == xunjia.Pending && v.Quote.Expired(now)
	if p.Mine {
		_, take := v.Quote.CounterTaken(v.Purchase, v.Line, user, v.Quote.Counter.Price, now)
		p.CanTake = take == nil
		if v.Line.Status == xunjia.Purchased && v.Quote.State != xunjia.Withdrawn {
			result, err := s.Store.QuoteResult(c.Request.Context(), v)
			if err != nil {
				return err
			}
			p.Result = &result
		}
		_, revise := v.Quote.State.After(xunjia.Revise)
		_, withdraw := v.Quote.State.After(xunjia.Withdraw)
		p.CanRevise = revise == nil && v.Purchase.CanQuote(v.Line, visitOf(c).user, now) == nil
		p.CanWithdraw = withdraw == nil
		_, renew := v.Quote.Renewed(v.Purchase, v.Line, user, now.Add(24*time.Hour), now)
		p.CanRenew = renew == nil && !v.Quote.ValidUntil.IsZero()
		if v.Quote.State == xunjia.Pending {
			p.Ask = templates.AskForAnswer(s.askFor(c, xunjia.TemplateQuoteAnswer))
		}
		p.Back = "/me/quotes"
	} else {
		if v.Purchase.Hidden(now) {
			return xunjia.Errorf(xunjia.Conflict, "密封报价到截止时才能打开")
		}
		p.CanAccept, p.CanRefuse, p.CanCounter, p.CanUndo = templates.Deeds(v.Quote, v.Purchase, v.Line, visitOf(c).user, now)
		p.UndoLeft = templates.Left(v.Quote.UndoUntil().Sub(now))
		p.Back = comparePath(v.Purchase.ID)
	}
	if v.Quote.State == xunjia.Accepted {
		deal, err := s.Store.DealOfQuote(c.Request.Context(), id)
		switch {
		case err == nil:
			p.Deal = &deal
		case xunjia.ErrorCode(err) != xunjia.NotFound: // accepted before there were deals
			return err
		}
	}
	if complaint != "" {
		p.Flash = templates.Flash{Text: complaint, Bad: true}
	}
	return s.render(c, status, p)
}

func comparePath(purchase int64) string { return xunjia.PurchasePath(purchase) + "/compare" }

// showWithdrawQuote asks whether the quote shall be taken back.
func (s *Site) showWithdrawQuote(c *gin.Context) error {
	user := visitOf(c).user.ID
	id, err := idParam(c)
	if err != nil {
		return err
	}
	v, err := s.Store.Quote(c.Request.Context(), id, user)
	if err != nil {
		return err
	}
	switch _, err := v.Quote.TakenBack(user, "", s.Clock()); {
	case xunjia.ErrorCode(err) == xunjia.Conflict:
		return s.renderQuote(c, http.StatusConflict, id, known(err).Message)
	case err != nil:
		return err
	}
	return s.renderWithdraw(c, http.StatusOK, v.Line, v.Quote, templates.Form{})
}

func (s *Site) renderWithdraw(c *gin.Context, status int, l xunjia.Line, q xunjia.Quote, f templates.Form) error {
	p := &templates.ReasonPage{
		Heading: "撤回这条报价？", Text: l.Title() + "，" + q.PriceText() + "。",
		Points: []string{"采购商会收到撤回的通知", "报价截止前，您可以重新报价"},
		Action: xunjia.QuotePath(q.ID) + "/withdraw", Button: "撤回报价", Form: f,
		Suggest: []string{"货已售出", "价格有变化", "填错了"}, Optional: true, Ask: "可以告诉采购商原因",
	}
	p.Title, p.Plain, p.Back = "撤回报价", true, xunjia.QuotePath(q.ID)
	return s.render(c, status, p)
}

func (s *Site) withdrawQuote(c *gin.Context) error {
	id, err := idParam(c)
	if err != nil {
		return err
	}
	f := s.form(c)
	_, err = s.Store.WithdrawQuote(c.Request.Context(), id, visitOf(c).user.ID, newlines(f.Value("reason")))
	switch xunjia.ErrorCode(err) {
	case xunjia.Conflict:
		return s.renderQuote(c, http.StatusConflict, id, known(err).Message)
	case xunjia.Invalid:
		v, loadErr := s.Store.Quote(c.Request.Context(), id, visitOf(c).user.ID)
		if loadErr != nil {
			return loadErr
		}
		formErrors(&f, err)
		return s.renderWithdraw(c, http.StatusUnprocessableEntity, v.Line, v.Quote, f)
	}
	if err != nil {
		return err
	}
	s.Outbox.Wake()
	s.flash(c, "报价已撤回")
	s.redirect(c, xunjia.QuotePath(id))
	return nil
}
