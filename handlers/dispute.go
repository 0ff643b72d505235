package handlers

import (
	"context"
	"net/http"
	"net/url"
	"strconv"

	"github.com/gin-gonic/gin"

	"github.com/xunjia/xunjia"
	"github.com/xunjia/xunjia/store"
	"github.com/xunjia/xunjia/templates"
)

// showDispute asks what is wrong with a deal, or for more about it.
func (s *Site) showDispute(c *gin.Context) error {
	v, _, err := s.dealOfParam(c)
	if err != nil {
		return err
	}
	if v.Deal.State != xunjia.DisputedDeal {
		if _, err := v.Deal.Disputed(s.Clock()); err != nil {
			return s.renderDeal(c, status(xunjia.ErrorCode(err)), templates.Form{}, known(err).Message)
		}
	}
	return s.renderDispute(c, http.StatusOK, v, templates.Form{})
}

func (s *Site) renderDispute(c *gin.Context, status int, v store.DealView, f templates.Form) error {
	p := &templates.DealDisputePage{Deal: v.Deal, Line: v.Line, Open: v.Deal.State == xunjia.DisputedDeal, Form: f}
	p.Title, p.Plain, p.Back = "成交争议", true, xunjia.DealPath(v.Deal.ID)
	return s.render(c, status, p)
}

func (s *Site) dispute(c *gin.Context) error {
	ctx, user := c.Request.Context(), visitOf(c).user.ID
	v, _, err := s.dealOfParam(c)
	if err != nil {
		return err
	}
	f := s.form(c)
	e := xunjia.DisputeEntry{Text: newlines(f.Value("text"))}
	if e.Media, err = s.uploads(c, f, "media", xunjia.MaxImagesPerLine); err == nil {
		if v.Deal.State == xunjia.DisputedDeal {
			err = s.Store.SpeakInDispute(ctx, v.Deal.ID, user, e)
		} else {
			_, err = s.Store.OpenDispute(ctx, v.Deal.ID, user, e)
		}
	}
	switch code := xunjia.ErrorCode(err); {
	case code == xunjia.Conflict || code == xunjia.Forbidden:
		return s.renderDeal(c, status(code), templates.Form{}, known(err).Message)
	case err != nil && formErrors(&f, err):
		return s.renderDispute(c, status(code), v, f)
	case err != nil:
		return err
	}
	s.Outbox.Wake()
	s.flash(c, "已提交，对方会收到通知")
	s.redirect(c, xunjia.DealPath(v.Deal.ID)+"#dispute")
	return nil
}

func (s *Site) withdrawDispute(c *gin.Context) error {
	return s.settle(c, "争议已撤回", func(ctx context.Context, id, by int64) error {
		_, err := s.Store.WithdrawDispute(ctx, id, by)
		return err
	})
}

// adminDisputes lists disputes for staff.
func (s *Site) adminDisputes(c *gin.Context) error {
	p := &templates.AdminDisputesPage{Now: s.Clock()}
	p.Title = "成交争议"
	if n, err := strconv.Atoi(c.Query("state")); err == nil && xunjia.DisputeState(n).String() != "" {
		p.State = xunjia.DisputeState(n)
	}
	for _, state := range xunjia.DisputeStates() {
		p.Tabs = append(p.Tabs, templates.Option{Value: strconv.Itoa(int(state)), Text: state.String(), Selected: state == p.State})
	}
	list, err := s.Store.Disputes(c.Request.Context(), p.State, xunjia.Page{After: c.Query("after")})
	if err != nil {
		return err
	}
	for _, v := range list.Items {
		p.Rows = append(p.Rows, templates.DisputeRow{Dispute: v.Dispute, Number: v.Deal.Number, Goods: v.Line.Title(),
			Buyer: v.Buyer.Name, Supplier: v.Supplier.Name, Total: v.Deal.Total})
	}
	if list.Next != "" {
		p.Next = "/admin/disputes?" + url.Values{"state": {strconv.Itoa(int(p.State))}, "after": {list.Next}}.Encode()
	}
	return s.renderAdmin(c, http.StatusOK, p)
}

func (s *Site) adminDispute(c *gin.Context) error {
	return s.renderAdminDispute(c, http.StatusOK, templates.Form{})
}

func (s *Site) renderAdminDispute(c *gin.Context, status int, f templates.Form) error {
	ctx := c.Request.Context()
	id, err := idParam(c)
	if err != nil {
		return err
	}
	v, err := s.Store.Dispute(ctx, id)
	if err != nil {
		return err
	}
	h, err := s.Store.DealHistory(ctx, v.Deal.ID)
	if err != nil {
		return err
	}
	p := &templates.AdminDisputePage{Dispute: v.Dispute, Deal: v.Deal, Line: v.Line, Buyer: v.Buyer, Supplier: v.Supplier,
		Photos: dealPhotos(h), Steps: dealSteps(h, v.DealView), Form: f}
	if err := v.CanSettle(s.Clock()); err != nil {
		p.Refusal = known(err).Message
	}
	p.Title = "成交争议"
	return s.renderAdmin(c, status, p)
}

func (s *Site) settleDispute(c *gin.Context) error {
	id, err := idParam(c)
	if err != nil {
		return err
	}
	f := s.form(c)
	err = s.Store.SettleDispute(c.Request.Context(), visitOf(c).staff.ID, id, newlines(f.Value("result")))
	if err != nil {
		if !formErrors(&f, err) {
			return err
		}
		return s.renderAdminDispute(c, status(xunjia.ErrorCode(err)), f)
	}
	s.Outbox.Wake()
	s.badges.forget()
	s.flash(c, "已处理，双方会收到通知")
	s.redirect(c, "/admin/disputes/"+strconv.FormatInt(id, 10))
	return nil
}
