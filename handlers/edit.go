package handlers

import (
	"context"
	"net/http"
	"net/url"
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
	page.Form = templates.Form{Values: editValues(p)}
	return s.renderPublish(c, http.StatusOK, page)
}

// editValues fill the form, with what the editor sees of the purchase: its version,
// and the deadline, which can be put off without a new one.
func editValues(p xunjia.Purchase) url.Values {
	v := purchaseValues(p)
	if p.Fixed() && v.Get(templates.LineField(0, "id")) == "" {
		v.Del("line") // no line can be changed; the form for an empty one would have to be filled in
	}
	v.Set("version", strconv.Itoa(p.Version))
	v.Set("until", v.Get("deadline_at"))
	return v
}

// seenPurchase is what the form says that the editor saw. A form without it is
// about nothing that is there.
func seenPurchase(f templates.Form) xunjia.SeenPurchase {
	return xunjia.SeenPurchase{Version: seen(f, "version"), Deadline: exactTime(f.Value("until"))}
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
	saw := seenPurchase(page.Form)
	draft, numbers, wrong, shown, err := s.readPublish(c, page, saw.Deadline)
	if err != nil || shown {
		return err
	}
	if _, err := p.CheckSeen(saw, draft); err != nil { // somebody else was faster: his changes first, then the own ones again
		return s.renderEditConflict(c, page, p, saw)
	}
	var changes []xunjia.Change
	if err = wrong.Err(); err == nil {
		_, changes, err = s.Store.EditPurchase(ctx, p.ID, visitOf(c).user.ID, saw, draft)
		err = renumber(err, numbers)
	}
	if xunjia.ErrorCode(err) == xunjia.Conflict {
		now, loadErr := s.Store.Purchase(ctx, p.ID)
		if loadErr != nil {
			return loadErr
		}
		if _, changed := now.CheckSeen(saw, draft); changed != nil {
			return s.renderEditConflict(c, page, now, saw)
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

// renderEditConflict shows what the other changed, and the form with what was
// typed on top of it: saving again undoes nothing of his by accident.
func (s *Site) renderEditConflict(c *gin.Context, page *templates.PublishPage, p xunjia.Purchase, saw xunjia.SeenPurchase) error {
	old, err := s.Store.PurchaseSeen(c.Request.Context(), p, saw)
	switch {
	case xunjia.ErrorCode(err) == xunjia.NotFound: // a form that was never shown
		page.Form.Values = editValues(p)
	case err != nil:
		return err
	default:
		for _, ch := range old.Changes(p) {
			page.Others = append(page.Others, ch.String())
		}
		now := editValues(p)
		merged := mergeEdit(editValues(old), page.Form.Values, now)
		merged["version"], merged["until"] = now["version"], now["until"]
		page.Form.Values = merged
	}
	page.Form.Message = "您打开之后，同事刚刚修改了这张采购单，您的修改还没有保存。下面是最新内容加上您的修改，看过再保存。"
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
	page := &templates.VersionsPage{Purchase: p}
	page.Versions, err = s.versionRows(ctx, id, func(u xunjia.User) string { return nameFor(visitOf(c), u) })
	if err != nil {
		return err
	}
	page.Title, page.Back = "修改记录", xunjia.PurchasePath(id)
	return s.render(c, http.StatusOK, page)
}

// versionRows lists the versions of a purchase; name tells how the reader may see
// who made them.
func (s *Site) versionRows(ctx context.Context, id int64, name func(xunjia.User) string) ([]templates.VersionRow, error) {
	list, err := s.Store.Versions(ctx, id)
	if err != nil {
		return nil, err
	}
	ids := make([]int64, len(list))
	for i, v := range list {
		ids[i] = v.EditorID
	}
	people, err := s.Store.Users(ctx, ids)
	if err != nil {
		return nil, err
	}
	rows := make([]templates.VersionRow, len(list))
	for i, v := range list {
		rows[i] = templates.VersionRow{Number: v.Number, By: name(people[v.EditorID]), At: v.CreatedAt}
		for _, ch := range v.Changes {
			rows[i].Changes = append(rows[i].Changes, ch.String())
		}
	}
	return rows, nil
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
