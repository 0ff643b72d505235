package handlers

import (
	"net/http"
	"strconv"

	"github.com/gin-gonic/gin"

	"github.com/xunjia/xunjia"
	"github.com/xunjia/xunjia/templates"
)

// showConcludeLine asks whether the buying of a line is finished.
func (s *Site) showConcludeLine(c *gin.Context) error {
	id, err := idParam(c)
	if err != nil {
		return err
	}
	p, l, err := s.Store.PurchaseOfLine(c.Request.Context(), id)
	if err != nil {
		return err
	}
	if err = p.CanConclude(visitOf(c).user, s.Clock()); err == nil {
		_, err = l.Concluded()
	}
	page := &templates.ConfirmPage{
		Heading: "这个品种采购完成？", Text: l.Title() + "，需要 " + l.Amount() + "，已接受 " + l.Accepted.String() + string(l.Unit) + "。",
		Action: "/lines/" + strconv.FormatInt(id, 10) + "/conclude",
	}
	return s.renderConclude(c, p, page, err)
}

// showConcludePurchase asks whether the buying of everything is finished.
func (s *Site) showConcludePurchase(c *gin.Context) error {
	id, err := idParam(c)
	if err != nil {
		return err
	}
	p, err := s.Store.Purchase(c.Request.Context(), id)
	if err != nil {
		return err
	}
	page := &templates.ConfirmPage{
		Heading: "完成采购？", Text: p.Title() + "，共收到 " + strconv.Itoa(p.QuoteCount) + " 条报价。",
		Points: []string{"没有接受报价的品种会关闭"}, Action: xunjia.PurchasePath(id) + "/conclude",
	}
	return s.renderConclude(c, p, page, p.CanConclude(visitOf(c).user, s.Clock()))
}

func (s *Site) renderConclude(c *gin.Context, p xunjia.Purchase, page *templates.ConfirmPage, err error) error {
	if err != nil {
		return s.concludeConflict(c, p, err)
	}
	page.Points = append(page.Points, "没有答复的报价会标为未中选", "报过价、没有中选的供应商会收到结果", "供应商不能再报价，答复不能再撤销")
	page.Button, page.TestID = "采购完成", "conclude-confirm"
	page.Title, page.Plain, page.Back = "完成采购", true, comparePath(p.ID)
	return s.render(c, http.StatusOK, page)
}

// concludeConflict shows the purchase as it stands now and why it cannot be
// concluded; other errors stay what they are.
func (s *Site) concludeConflict(c *gin.Context, p xunjia.Purchase, err error) error {
	if xunjia.ErrorCode(err) != xunjia.Conflict {
		return err
	}
	return s.sayWhy(c, err, p.Title(), templates.Link{Href: comparePath(p.ID), Text: "返回比价"}, templates.Link{Href: xunjia.PurchasePath(p.ID), Text: "查看采购单"})
}

func (s *Site) concludeLine(c *gin.Context) error {
	ctx := c.Request.Context()
	id, err := idParam(c)
	if err != nil {
		return err
	}
	p, l, err := s.Store.PurchaseOfLine(ctx, id)
	if err != nil {
		return err
	}
	if _, err = s.Store.ConcludeLine(ctx, id, visitOf(c).user.ID); err != nil {
		return s.concludeConflict(c, p, err)
	}
	return s.concluded(c, p, l.Title()+" 采购完成，供应商会收到结果")
}

func (s *Site) concludePurchase(c *gin.Context) error {
	ctx := c.Request.Context()
	id, err := idParam(c)
	if err != nil {
		return err
	}
	p, err := s.Store.Purchase(ctx, id)
	if err != nil {
		return err
	}
	if _, err = s.Store.ConcludePurchase(ctx, id, visitOf(c).user.ID); err != nil {
		return s.concludeConflict(c, p, err)
	}
	return s.concluded(c, p, "采购完成，供应商会收到结果")
}

func (s *Site) concluded(c *gin.Context, p xunjia.Purchase, text string) error {
	s.Outbox.Wake()
	s.flash(c, text)
	s.redirect(c, comparePath(p.ID))
	return nil
}
