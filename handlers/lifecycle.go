package handlers

import (
	"context"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/xunjia/xunjia"
	"github.com/xunjia/xunjia/templates"
)

// purchaseOfParam is the purchase of the address, for who may do that with it;
// true when it has shown why he may not now.
func (s *Site) purchaseOfParam(c *gin.Context, may func(xunjia.Purchase) error) (p xunjia.Purchase, shown bool, err error) {
	id, err := idParam(c)
	if err != nil {
		return p, false, err
	}
	if p, err = s.Store.Purchase(c.Request.Context(), id); err != nil {
		return p, false, err
	}
	shown, err = s.refuse(c, p, may(p))
	return p, shown, err
}

// refuse shows a purchase with the reason why something is not possible; true
// when there was one. Other errors come back.
func (s *Site) refuse(c *gin.Context, p xunjia.Purchase, err error) (shown bool, failed error) {
	if code := xunjia.ErrorCode(err); code == xunjia.Conflict || code == xunjia.Forbidden && p.Of(visitOf(c).user) {
		return true, s.renderPurchase(c, status(code), p, known(err).Message)
	}
	return false, err
}

// afterwards ends an operation on a purchase: it shows the purchase as it stands
// now when that was not possible, and says done on its page when it was.
func (s *Site) afterwards(c *gin.Context, id int64, err error, done string) error {
	if code := xunjia.ErrorCode(err); code == xunjia.Conflict || code == xunjia.Forbidden {
		p, loadErr := s.Store.Purchase(c.Request.Context(), id)
		if loadErr != nil {
			return loadErr
		}
		return s.renderPurchase(c, status(code), p, known(err).Message)
	}
	if err != nil {
		return err
	}
	s.Outbox.Wake()
	s.flash(c, done)
	s.redirect(c, xunjia.PurchasePath(id))
	return nil
}

func (s *Site) mayClose(c *gin.Context) func(xunjia.Purchase) error {
	return func(p xunjia.Purchase) error { return p.CanClose(visitOf(c).user) }
}

func (s *Site) showClosePurchase(c *gin.Context) error {
	p, shown, err := s.purchaseOfParam(c, s.mayClose(c))
	if err != nil || shown {
		return err
	}
	return s.renderClosePurchase(c, http.StatusOK, p, templates.Form{})
}

func (s *Site) renderClosePurchase(c *gin.Context, status int, p xunjia.Purchase, f templates.Form) error {
	page := &templates.ReasonPage{
		Heading: "关闭这张采购单？", Text: p.Title() + "，已收到 " + strconv.Itoa(p.QuoteCount) + " 条报价。",
		Points: []string{"供应商不能再报价，您也不能再答复报价", "报过价的供应商会收到原因", "以后可以重新开放"},
		Action: xunjia.PurchasePath(p.ID) + "/close", Button: "关闭采购单", Form: f,
	}
	page.Title, page.Plain, page.Back = "关闭采购单", true, xunjia.PurchasePath(p.ID)
	return s.render(c, status, page)
}

func (s *Site) closePurchase(c *gin.Context) error {
	p, shown, err := s.purchaseOfParam(c, s.mayClose(c))
	if err != nil || shown {
		return err
	}
	f := s.form(c)
	_, err = s.Store.ClosePurchase(c.Request.Context(), p.ID, visitOf(c).user.ID, newlines(f.Value("reason")))
	if xunjia.ErrorCode(err) == xunjia.Invalid && formErrors(&f, err) {
		return s.renderClosePurchase(c, http.StatusUnprocessableEntity, p, f)
	}
	return s.afterwards(c, p.ID, err, "采购单已关闭，报过价的供应商会收到通知")
}

// lineOfParam is the line of the address with its purchase, for who may close it.
func (s *Site) lineOfParam(c *gin.Context) (p xunjia.Purchase, l xunjia.Line, shown bool, err error) {
	id, err := idParam(c)
	if err != nil {
		return p, l, false, err
	}
	if p, l, err = s.Store.PurchaseOfLine(c.Request.Context(), id); err != nil {
		return p, l, false, err
	}
	err = p.CanClose(visitOf(c).user)
	if err == nil {
		_, err = l.Closed("原因")
	}
	shown, err = s.refuse(c, p, err)
	return p, l, shown, err
}

func (s *Site) showCloseLine(c *gin.Context) error {
	p, l, shown, err := s.lineOfParam(c)
	if err != nil || shown {
		return err
	}
	return s.renderCloseLine(c, http.StatusOK, p, l, templates.Form{})
}

func (s *Site) renderCloseLine(c *gin.Context, status int, p xunjia.Purchase, l xunjia.Line, f templates.Form) error {
	id := strconv.FormatInt(l.ID, 10)
	page := &templates.ReasonPage{
		Heading: "关闭这个品种？", Text: l.Summary() + "，已收到 " + strconv.Itoa(l.QuoteCount) + " 条报价。",
		Points: []string{"其他品种不受影响", "报过价的供应商会收到原因", "关闭后不能再开放这个品种"},
		Action: "/lines/" + id + "/close", Button: "关闭品种", Form: f,
	}
	page.Title, page.Plain, page.Back = "关闭品种", true, xunjia.PurchasePath(p.ID)+"#line-"+id
	return s.render(c, status, page)
}

func (s *Site) closeLine(c *gin.Context) error {
	p, l, shown, err := s.lineOfParam(c)
	if err != nil || shown {
		return err
	}
	f := s.form(c)
	_, err = s.Store.CloseLine(c.Request.Context(), l.ID, visitOf(c).user.ID, newlines(f.Value("reason")))
	if xunjia.ErrorCode(err) == xunjia.Invalid && formErrors(&f, err) {
		return s.renderCloseLine(c, http.StatusUnprocessableEntity, p, l, f)
	}
	return s.afterwards(c, p.ID, err, "品种已关闭，报过价的供应商会收到通知")
}

// newDeadline reads the form of DeadlinePage: days from the given moment, or an
// exact time. The zero time stands for nothing that can be read.
func newDeadline(f templates.Form, from time.Time) time.Time {
	switch choice := f.Value("deadline"); choice {
	case "3", "7", "15", "30":
		days, _ := strconv.Atoi(choice)
		return from.AddDate(0, 0, days).Truncate(time.Second)
	case "at":
		return exactTime(f.Value("deadline_at"))
	}
	return time.Time{}
}

// deadlineOperation is extending or reopening.
type deadlineOperation struct {
	reopen bool
	can    func(p xunjia.Purchase, deadline, now time.Time) error
	do     func(ctx context.Context, id, by int64, deadline time.Time) (xunjia.Purchase, error)
	done   string
}

func (s *Site) extending(c *gin.Context) deadlineOperation {
	u := visitOf(c).user
	return deadlineOperation{false, func(p xunjia.Purchase, deadline, now time.Time) error { return p.CanExtend(u, deadline, now) },
		s.Store.ExtendPurchase, "报价时间已延长，报过价的供应商会收到通知"}
}

func (s *Site) reopening(c *gin.Context) deadlineOperation {
	u := visitOf(c).user
	return deadlineOperation{true, func(p xunjia.Purchase, deadline, now time.Time) error { return p.CanReopen(u, deadline, now) },
		s.Store.ReopenPurchase, "已重新开放报价，报过价的供应商会收到通知"}
}

func (s *Site) showExtend(c *gin.Context) error { return s.showDeadline(c, s.extending(c)) }
func (s *Site) extend(c *gin.Context) error     { return s.setDeadline(c, s.extending(c)) }
func (s *Site) showReopen(c *gin.Context) error { return s.showDeadline(c, s.reopening(c)) }
func (s *Site) reopen(c *gin.Context) error     { return s.setDeadline(c, s.reopening(c)) }

// possible asks the rule with a deadline that is certainly good, so that only
// the state and the user can be to blame.
func (o deadlineOperation) possible(now time.Time) func(xunjia.Purchase) error {
	return func(p xunjia.Purchase) error {
		err := o.can(p, now.Add(xunjia.MaxDeadline), now)
		if xunjia.ErrorCode(err) == xunjia.Invalid {
			return nil
		}
		return err
	}
}

func (s *Site) showDeadline(c *gin.Context, o deadlineOperation) error {
	p, shown, err := s.purchaseOfParam(c, o.possible(s.Clock()))
	if err != nil || shown {
		return err
	}
	return s.renderDeadline(c, http.StatusOK, p, o, templates.Form{Values: url.Values{"deadline": {"7"}}})
}

func (s *Site) renderDeadline(c *gin.Context, status int, p xunjia.Purchase, o deadlineOperation, f templates.Form) error {
	now := s.Clock().In(xunjia.China())
	page := &templates.DeadlinePage{Purchase: p, Reopen: o.reopen, Form: f,
		Earliest: now.Add(xunjia.MinDeadline + time.Minute).Format(inputTime), Latest: now.Add(xunjia.MaxDeadline - time.Hour).Format(inputTime)}
	page.Title, page.Plain, page.Back = "报价截止时间", true, xunjia.PurchasePath(p.ID)
	return s.render(c, status, page)
}

func (s *Site) setDeadline(c *gin.Context, o deadlineOperation) error {
	p, shown, err := s.purchaseOfParam(c, o.possible(s.Clock()))
	if err != nil || shown {
		return err
	}
	f, from := s.form(c), p.Deadline
	if o.reopen {
		from = s.Clock()
	}
	_, err = o.do(c.Request.Context(), p.ID, visitOf(c).user.ID, newDeadline(f, from))
	if xunjia.ErrorCode(err) == xunjia.Invalid && formErrors(&f, err) {
		return s.renderDeadline(c, http.StatusUnprocessableEntity, p, o, f)
	}
	return s.afterwards(c, p.ID, err, o.done)
}
