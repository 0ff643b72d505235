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

// adminPurchases lists every purchase, for staff. What was quoted is the buyers'
// business.
func (s *Site) adminPurchases(c *gin.Context) error {
	ctx := c.Request.Context()
	p := &templates.AdminPurchasesPage{Query: strings.TrimSpace(c.Query("q")), Status: c.Query("status")}
	p.Title = "采购单"
	var f store.PurchaseFilter
	if phone, err := xunjia.ParsePhone(p.Query); err == nil {
		f.Phone = phone
	} else {
		f.Number = p.Query
	}
	if n, err := strconv.Atoi(p.Status); err == nil && xunjia.PurchaseStatus(n).String() != "" {
		status := xunjia.PurchaseStatus(n)
		f.Status = &status
	}
	list, err := s.Store.PurchasesForStaff(ctx, f, xunjia.Page{After: c.Query("after")})
	if err != nil {
		return err
	}
	p.Next = nextPage(c, list.Next)
	ids := make([]int64, 0, len(list.Items))
	for _, item := range list.Items {
		ids = append(ids, item.BuyerID)
	}
	buyers, err := s.Store.Users(ctx, ids)
	if err != nil {
		return err
	}
	for _, item := range list.Items {
		p.Rows = append(p.Rows, templates.AdminPurchaseRow{Purchase: item, Now: item.StatusAt(s.Clock()), Buyer: buyers[item.BuyerID]})
	}
	return s.renderAdmin(c, http.StatusOK, p)
}

func (s *Site) adminPurchase(c *gin.Context) error {
	return s.renderAdminPurchase(c, http.StatusOK, templates.Form{})
}

func (s *Site) renderAdminPurchase(c *gin.Context, status int, f templates.Form) error {
	ctx := c.Request.Context()
	id, err := idParam(c)
	if err != nil {
		return err
	}
	p := &templates.AdminPurchasePage{Form: f}
	if p.Purchase, err = s.Store.Purchase(ctx, id); err != nil {
		return err
	}
	if p.Buyer, err = s.Store.User(ctx, p.Purchase.BuyerID); err != nil {
		return err
	}
	if p.Versions, err = s.versionRows(ctx, id, func(u xunjia.User) string { return u.Name }); err != nil {
		return err
	}
	list, err := s.Store.Questions(ctx, p.Purchase, xunjia.User{}, true, xunjia.Page{After: c.Query("after")})
	if err != nil {
		return err
	}
	for _, q := range list.Items {
		p.Questions = append(p.Questions, templates.AdminQuestionRow{Question: q.Question, Asker: q.Asker})
	}
	p.Next, p.Now = partPath("/admin/purchases/"+strconv.FormatInt(id, 10), list.Next), p.Purchase.StatusAt(s.Clock())
	may := visitOf(c).staff.Role.Can(xunjia.ClosePurchases)
	_, fixed := p.Purchase.Status.After(xunjia.Close)
	p.CanClose, p.CanHide = may && fixed == nil, may
	p.Title = "采购单 " + p.Purchase.Number
	return s.renderAdmin(c, status, p)
}

// afterAdminPurchase ends what staff did with a purchase.
func (s *Site) afterAdminPurchase(c *gin.Context, id int64, err error, done string) error {
	if err != nil {
		f := s.form(c)
		if !formErrors(&f, err) {
			return err
		}
		return s.renderAdminPurchase(c, status(xunjia.ErrorCode(err)), f)
	}
	s.Outbox.Wake()
	s.flash(c, done)
	s.redirect(c, "/admin/purchases/"+strconv.FormatInt(id, 10))
	return nil
}

func (s *Site) adminClosePurchase(c *gin.Context) error {
	id, err := idParam(c)
	if err != nil {
		return err
	}
	err = s.Store.ClosePurchaseByStaff(c.Request.Context(), id, visitOf(c).staff.ID, newlines(c.PostForm("reason")))
	return s.afterAdminPurchase(c, id, err, "采购单已关闭，报过价的供应商会收到原因")
}

func (s *Site) adminHideQuestion(c *gin.Context) error {
	id, err := idParam(c)
	if err != nil {
		return err
	}
	question, err := strconv.ParseInt(c.Param("question"), 10, 64)
	if err != nil {
		return errNoPage()
	}
	_, err = s.Store.HideQuestionByStaff(c.Request.Context(), id, question, visitOf(c).staff.ID, newlines(c.PostForm("reason")))
	return s.afterAdminPurchase(c, id, err, "提问已隐藏")
}
