package handlers

import (
	"context"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/xunjia/xunjia"
	"github.com/xunjia/xunjia/store"
	"github.com/xunjia/xunjia/templates"
)

func (s *Site) myDeals(c *gin.Context) error {
	u, now := visitOf(c).user, s.Clock()
	of := store.DealsOf(c.DefaultQuery("of", string(store.DealsBought)))
	list, err := s.Store.Deals(c.Request.Context(), u, of, xunjia.Page{After: c.Query("after")})
	if err != nil {
		return err
	}
	p := &templates.DealsPage{Of: string(of), Next: list.Next, First: c.Query("after") == ""}
	p.Title, p.Tab, p.Wide, p.Back = "成交", templates.MeTab, true, "/me"
	p.Tabs = []templates.Option{{Value: string(store.DealsBought), Text: "我采购的"}, {Value: string(store.DealsSold), Text: "我卖出的"}}
	if u.CompanyID != 0 {
		p.Tabs = append(p.Tabs, templates.Option{Value: string(store.DealsCompany), Text: "公司的"})
	}
	for i := range p.Tabs {
		p.Tabs[i].Selected = p.Tabs[i].Value == p.Of
	}
	for _, v := range list.Items {
		card := templates.DealCard{Deal: v.Deal, Line: v.Line, Partner: v.Supplier.Name}
		side := xunjia.BuyerSide
		if v.Deal.SupplierID == u.ID {
			side, card.Partner = xunjia.SupplierSide, v.Buyer.Name
		}
		_, err := v.Deal.Confirmed(side, v.Deal.Version, now)
		card.Waits = err == nil || v.Deal.CancelSide == side.Other() && v.Deal.State == xunjia.ConfirmedDeal
		p.Deals = append(p.Deals, card)
	}
	return s.render(c, http.StatusOK, p)
}

func (s *Site) deal(c *gin.Context) error {
	return s.renderDeal(c, http.StatusOK, templates.Form{}, "")
}

// renderDeal shows a deal to one of its sides. complaint says why something
// asked for was not done; f is a form on the page with mistakes.
func (s *Site) renderDeal(c *gin.Context, status int, f templates.Form, complaint string) error {
	ctx := c.Request.Context()
	v, side, err := s.dealOfParam(c)
	if err != nil {
		return err
	}
	p := &templates.DealPage{Deal: v.Deal, Line: v.Line, Purchase: v.Purchase, Buyer: v.Buyer, Supplier: v.Supplier, Side: side, Form: f, Now: s.Clock()}
	_, err = v.Deal.SideOf(visitOf(c).user, xunjia.Decide)
	p.Decides = err == nil
	h, err := s.Store.DealHistory(ctx, v.Deal.ID)
	if err != nil {
		return err
	}
	p.Photos, p.Steps, p.Ratings = dealPhotos(h), dealSteps(h, v), h.Ratings
	if p.Disputes, err = s.Store.DisputesOf(ctx, v.Deal.ID); err != nil {
		return err
	}
	p.CanRate = v.Deal.CanRate(s.Clock()) == nil && p.Mine().Stars == 0
	p.Can = dealActions(v.Deal, side, s.Clock())
	p.Title, p.Wide, p.Back = "成交单", true, "/me/deals?of="+string(store.DealsBought)
	if side == xunjia.SupplierSide {
		p.Back = "/me/deals?of=" + string(store.DealsSold)
	}
	if complaint != "" {
		p.Flash = templates.Flash{Text: complaint, Bad: true}
	}
	return s.render(c, status, p)
}

// dealActions asks the rules what a side can do now.
func dealActions(d xunjia.Deal, side xunjia.Side, now time.Time) (can templates.DealActions) {
	_, err := d.Confirmed(side, d.Version, now)
	can.Confirm = err == nil
	_, err = d.State.After(xunjia.ChangeDeal)
	can.Change = err == nil
	_, _, err = d.Cancelled(side, "原因", now)
	can.Cancel = err == nil
	_, err = d.Kept(now)
	can.Keep = err == nil
	_, err = d.Completed(side, now)
	can.Complete = err == nil
	_, err = d.Disputed(now)
	can.Dispute = err == nil
	can.Photos = d.State != xunjia.CancelledDeal
	return can
}

func dealPhotos(h store.DealHistory) (groups []templates.DealPhoto) {
	for _, side := range []xunjia.Side{xunjia.SupplierSide, xunjia.BuyerSide} {
		group := templates.DealPhoto{Side: side}
		for _, photo := range h.Photos {
			if photo.Side == side {
				group.Images = append(group.Images, photo.Attachment)
			}
		}
		if len(group.Images) > 0 {
			groups = append(groups, group)
		}
	}
	return groups
}

func dealSteps(h store.DealHistory, v store.DealView) (steps []templates.DealStep) {
	for _, step := range h.Steps {
		who := v.Buyer.Name
		if step.Side == xunjia.SupplierSide {
			who = v.Supplier.Name
		}
		steps = append(steps, templates.DealStep{Who: who, Changes: step.Changes, At: step.At})
	}
	return steps
}

func (s *Site) dealOfParam(c *gin.Context) (store.DealView, xunjia.Side, error) {
	id, err := idParam(c)
	if err != nil {
		return store.DealView{}, 0, err
	}
	return s.Store.Deal(c.Request.Context(), id, visitOf(c).user.ID)
}

// settle does something with the deal of the address, says done on its page, or
// shows the page with the reason why it was not possible.
func (s *Site) settle(c *gin.Context, done string, do func(ctx context.Context, id, by int64) error) error {
	id, err := idParam(c)
	if err != nil {
		return err
	}
	err = do(c.Request.Context(), id, visitOf(c).user.ID)
	if code := xunjia.ErrorCode(err); code == xunjia.Conflict || code == xunjia.Forbidden {
		return s.renderDeal(c, status(code), templates.Form{}, known(err).Message)
	}
	if err != nil {
		return err
	}
	s.Outbox.Wake()
	s.flash(c, done)
	s.redirect(c, xunjia.DealPath(id))
	return nil
}

func (s *Site) confirmDeal(c *gin.Context) error {
	version, _ := strconv.Atoi(c.Request.PostFormValue("version"))
	return s.settle(c, "已确认成交，对方会马上收到通知", func(ctx context.Context, id, by int64) error {
		_, err := s.Store.ConfirmDeal(ctx, id, by, version)
		return err
	})
}

func (s *Site) keepDeal(c *gin.Context) error {
	return s.settle(c, "成交继续有效", func(ctx context.Context, id, by int64) error {
		_, err := s.Store.KeepDeal(ctx, id, by)
		return err
	})
}

// showCompleteDeal asks whether the goods have come.
func (s *Site) showCompleteDeal(c *gin.Context) error {
	v, side, err := s.dealOfParam(c)
	if err != nil {
		return err
	}
	if _, err := v.Deal.Completed(side, s.Clock()); err != nil {
		return s.renderDeal(c, status(xunjia.ErrorCode(err)), templates.Form{}, known(err).Message)
	}
	p := &templates.ConfirmPage{
		Heading: "货已收到，完成成交？", Text: v.Line.Title() + "，" + v.Deal.Quantity.String() + string(v.Deal.Unit) + "。",
		Points: []string{"请先核对数量和质量", "完成后 30 天内仍可以提出争议", "双方可以互相评价"},
		Action: xunjia.DealPath(v.Deal.ID) + "/complete", Button: "确认完成", TestID: "deal-complete-confirm",
	}
	p.Title, p.Plain, p.Back = "完成成交", true, xunjia.DealPath(v.Deal.ID)
	return s.render(c, http.StatusOK, p)
}

func (s *Site) completeDeal(c *gin.Context) error {
	return s.settle(c, "成交已完成，给对方一个评价吧", func(ctx context.Context, id, by int64) error {
		_, err := s.Store.CompleteDeal(ctx, id, by)
		return err
	})
}

func (s *Site) showCancelDeal(c *gin.Context) error {
	v, side, err := s.dealOfParam(c)
	if err != nil {
		return err
	}
	if _, _, err := v.Deal.Cancelled(side, "原因", s.Clock()); err != nil {
		return s.renderDeal(c, status(xunjia.ErrorCode(err)), templates.Form{}, known(err).Message)
	}
	return s.renderCancelDeal(c, http.StatusOK, v, side, templates.Form{})
}

func (s *Site) renderCancelDeal(c *gin.Context, status int, v store.DealView, side xunjia.Side, f templates.Form) error {
	p := &templates.DealReasonPage{Deal: v.Deal, Line: v.Line, Form: f}
	p.Both = v.Deal.State == xunjia.ConfirmedDeal && v.Deal.CancelSide != side.Other()
	p.Title, p.Plain, p.Back = "取消成交", true, xunjia.DealPath(v.Deal.ID)
	return s.render(c, status, p)
}

func (s *Site) cancelDeal(c *gin.Context) error {
	v, side, err := s.dealOfParam(c)
	if err != nil {
		return err
	}
	f := s.form(c)
	d, err := s.Store.CancelDeal(c.Request.Context(), v.Deal.ID, visitOf(c).user.ID, newlines(f.Value("reason")))
	switch code := xunjia.ErrorCode(err); {
	case code == xunjia.Conflict || code == xunjia.Forbidden:
		return s.renderDeal(c, status(code), templates.Form{}, known(err).Message)
	case err != nil && formErrors(&f, err):
		return s.renderCancelDeal(c, status(code), v, side, f)
	case err != nil:
		return err
	}
	s.Outbox.Wake()
	s.flash(c, "已提出取消，等对方同意")
	if d.State == xunjia.CancelledDeal {
		s.flash(c, "成交已取消")
	}
	s.redirect(c, xunjia.DealPath(d.ID))
	return nil
}

func (s *Site) showEditDeal(c *gin.Context) error {
	v, _, err := s.dealOfParam(c)
	if err != nil {
		return err
	}
	d := v.Deal
	if _, err := d.State.After(xunjia.ChangeDeal); err != nil {
		return s.renderDeal(c, status(xunjia.ErrorCode(err)), templates.Form{}, known(err).Message)
	}
	values := url.Values{"version": {strconv.Itoa(d.Version)}, "price": {d.Price.String()}, "quantity": {d.Quantity.String()}, "terms": {d.Terms},
		"delivery_at": {inputDay(d.DeliveryAt)}, "payment_at": {inputDay(d.PaymentAt)}}
	if d.Freight > 0 {
		values.Set("freight", d.Freight.String())
	}
	return s.renderEditDeal(c, http.StatusOK, v, templates.Form{Values: values})
}

// inputDay writes a day as <input type="date"> wants it; "" for none.
func inputDay(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.In(xunjia.China()).Format(time.DateOnly)
}

func (s *Site) renderEditDeal(c *gin.Context, status int, v store.DealView, f templates.Form) error {
	p := &templates.DealEditPage{Deal: v.Deal, Line: v.Line, Form: f, Day: inputDay(s.Clock())}
	p.Room = v.Deal.Room(v.Line, v.Quote).String() + string(v.Deal.Unit)
	p.Title, p.Plain, p.Back = "修改成交单", true, xunjia.DealPath(v.Deal.ID)
	return s.render(c, status, p)
}

func (s *Site) editDeal(c *gin.Context) error {
	v, _, err := s.dealOfParam(c)
	if err != nil {
		return err
	}
	f := s.form(c)
	wrong := xunjia.FieldErrors{}
	change := xunjia.DealChange{Price: typedPrice(f.Value("price"), wrong), Terms: newlines(f.Value("terms"))}
	change.Version, _ = strconv.Atoi(f.Value("version"))
	if change.Quantity, err = xunjia.ParseQuantity(strings.TrimSpace(f.Value("quantity"))); err != nil {
		wrong.Add("quantity", "%s", known(err).Message)
	}
	if typed := strings.TrimSpace(f.Value("freight")); typed != "" {
		if change.Freight, err = xunjia.ParseFen(typed); err != nil {
			wrong.Add("freight", "%s", known(err).Message)
		}
	}
	change.DeliveryAt = typedDay(f, "delivery_at", wrong)
	if f.Value("payment_at") != "" {
		change.PaymentAt = typedDay(f, "payment_at", wrong)
	}
	if err = wrong.Err(); err == nil {
		_, err = s.Store.ChangeDeal(c.Request.Context(), v.Deal.ID, visitOf(c).user.ID, change)
	}
	switch code := xunjia.ErrorCode(err); {
	case code == xunjia.Conflict || code == xunjia.Forbidden:
		return s.renderDeal(c, status(code), templates.Form{}, known(err).Message)
	case err != nil && formErrors(&f, err):
		return s.renderEditDeal(c, status(code), v, f)
	case err != nil:
		return err
	}
	s.Outbox.Wake()
	s.flash(c, "已保存，等对方确认")
	s.redirect(c, xunjia.DealPath(v.Deal.ID))
	return nil
}

// typedDay reads a date and notes in wrong when it is none.
func typedDay(f templates.Form, field string, wrong xunjia.FieldErrors) time.Time {
	day, err := time.ParseInLocation(time.DateOnly, f.Value(field), xunjia.China())
	if err != nil {
		wrong.Add(field, "请选择日期")
	}
	return day
}

func (s *Site) addDealPhotos(c *gin.Context) error {
	id, err := idParam(c)
	if err != nil {
		return err
	}
	f := s.form(c)
	keys, err := s.uploads(c, f, "photos", xunjia.MaxDealPhotos)
	if err == nil && len(keys) == 0 {
		err = xunjia.FieldErrors{"photos": "请先选择照片"}.Err()
	}
	if err == nil {
		photos := make([]xunjia.Attachment, len(keys))
		for i, key := range keys {
			photos[i] = xunjia.Attachment{Media: key, Type: xunjia.Bulk}
		}
		err = s.Store.AddDealPhotos(c.Request.Context(), id, visitOf(c).user.ID, photos)
	}
	if err != nil {
		if !formErrors(&f, err) {
			return err
		}
		return s.renderDeal(c, status(xunjia.ErrorCode(err)), f, f.Message)
	}
	s.flash(c, "照片已保存")
	s.redirect(c, xunjia.DealPath(id)+"#photos")
	return nil
}

func (s *Site) rateDeal(c *gin.Context) error {
	id, err := idParam(c)
	if err != nil {
		return err
	}
	f := s.form(c)
	r := xunjia.Rating{Comment: newlines(f.Value("comment"))}
	r.Stars, _ = strconv.Atoi(f.Value("stars"))
	if err := s.Store.RateDeal(c.Request.Context(), id, visitOf(c).user.ID, r); err != nil {
		if !formErrors(&f, err) {
			return err
		}
		return s.renderDeal(c, status(xunjia.ErrorCode(err)), f, f.Message)
	}
	s.Outbox.Wake()
	s.flash(c, "谢谢您的评价")
	s.redirect(c, xunjia.DealPath(id)+"#rating")
	return nil
}
