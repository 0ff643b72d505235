package handlers

import (
	"net/http"
	"strconv"

	"github.com/gin-gonic/gin"

	"github.com/xunjia/xunjia"
	"github.com/xunjia/xunjia/templates"
)

// showEditPurchase shows the form of publishing, filled with the purchase.
func (s *Site) showEditPurchase(c *gin.Context) error {
	p, shown, err := s.purchaseOfParam(c, func(p xunjia.Purchase) error { return p.CanEdit(visitOf(c).user, s.Clock()) })
	if err != nil || shown {
		return err
	}
	page := s.editPage(p)
	page.Form = templates.Form{Values: purchaseValues(p)}
	page.Form.Values.Set("version", strconv.Itoa(p.Version))
	return s.renderPublish(c, http.StatusOK, page)
}

// editPage says what of the purchase is fixed.
func (s *Site) editPage(p xunjia.Purchase) *templates.PublishPage {
	page := &templates.PublishPage{Edited: p.ID, Quoted: p.QuoteCount > 0}
	for _, l := range p.Lines {
		if !l.Editable() {
			page.Fixed = append(page.Fixed, l.Summary())
		}
	}
	return page
}

func (s *Site) editPurchase(c *gin.Context) error {
	ctx := c.Request.Context()
	p, shown, err := s.purchaseOfParam(c, func(p xunjia.Purchase) error { return p.CanEdit(visitOf(c).user, s.Clock()) })
	if err != nil || shown {
		return err
	}
	page := s.editPage(p)
	page.Form = s.form(c)
	draft, numbers, wrong, shown, err := s.readPublish(c, page, p.Deadline)
	if err != nil || shown {
		return err
	}
	version, _ := strconv.Atoi(page.Form.Value("version"))
	if version != p.Version { // somebody else was faster: his changes first, then the own ones again
		return s.renderEditConflict(c, page, p, version)
	}
	var changes []xunjia.Change
	if err = wrong.Err(); err == nil {
		_, changes, err = s.Store.EditPurchase(ctx, p.ID, visitOf(c).user.ID, version, draft)
		err = renumber(err, numbers)
	}
	if xunjia.ErrorCode(err) == xunjia.Conflict {
		if p, loadErr := s.Store.Purchase(ctx, p.ID); loadErr == nil && p.Version != version {
			return s.renderEditConflict(c, page, p, version)
		}
	}
	if err != nil {
		if !formErrors(&page.Form, err) {
			return err
		}
		return s.renderPublish(c, status(xunjia.ErrorCode(err)), page)
	}
	s.Outbox.Wake()
	switch {
	case len(changes) == 0:
		s.flash(c, "没有修改")
	case page.Quoted:
		s.flash(c, "已保存，报过价的供应商会收到修改的内容")
	default:
		s.flash(c, "已保存")
	}
	s.redirect(c, xunjia.PurchasePath(p.ID))
	return nil
}

// renderEditConflict shows what the other changed and keeps what was typed:
// saving again puts it on top of his version.
func (s *Site) renderEditConflict(c *gin.Context, page *templates.PublishPage, p xunjia.Purchase, version int) error {
	changes, err := s.Store.ChangesSince(c.Request.Context(), p, version)
	if err != nil {
		return err
	}
	for _, ch := range changes {
		page.Others = append(page.Others, ch.String())
	}
	page.Form.Values.Set("version", strconv.Itoa(p.Version))
	page.Form.Message = "您打开之后，同事刚刚修改了这张采购单。请看过他的修改，再决定是否保存您的内容。"
	return s.renderPublish(c, http.StatusConflict, page)
}

// versions shows how a purchase was changed, to everybody who may see it.
func (s *Site) versions(c *gin.Context) error {
	ctx := c.Request.Context()
	id, err := idParam(c)
	if err != nil {
		return err
	}
	p, err := s.Store.PurchaseFor(ctx, id, visitOf(c).user)
	if err != nil {
		return err
	}
	list, err := s.Store.Versions(ctx, id)
	if err != nil {
		return err
	}
	ids := make([]int64, len(list))
	for i, v := range list {
		ids[i] = v.EditorID
	}
	people, err := s.Store.Users(ctx, ids)
	if err != nil {
		return err
	}
	page := &templates.VersionsPage{Purchase: p}
	for _, v := range list {
		row := templates.VersionRow{Number: v.Number, By: nameFor(visitOf(c), people[v.EditorID]), At: v.CreatedAt}
		for _, ch := range v.Changes {
			row.Changes = append(row.Changes, ch.String())
		}
		page.Versions = append(page.Versions, row)
	}
	page.Title, page.Back = "修改记录", xunjia.PurchasePath(id)
	return s.render(c, http.StatusOK, page)
}

// confirmQuote says that the visitor's quote holds for the purchase as he saw it.
func (s *Site) confirmQuote(c *gin.Context) error {
	id, err := idParam(c)
	if err != nil {
		return err
	}
	version, _ := strconv.Atoi(c.PostForm("version"))
	_, err = s.Store.ConfirmQuote(c.Request.Context(), id, visitOf(c).user.ID, version)
	if xunjia.ErrorCode(err) == xunjia.Conflict {
		return s.renderQuote(c, http.StatusConflict, id, known(err).Message)
	}
	if err != nil {
		return err
	}
	s.Outbox.Wake()
	s.flash(c, "已确认，采购商会收到通知")
	s.redirect(c, xunjia.QuotePath(id))
	return nil
}
