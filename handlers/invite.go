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

func invitePath(purchase int64) string { return xunjia.PurchasePath(purchase) + "/invite" }

// partPath is the address of the next part of a list, also when the page is shown
// at another address after a form was sent; "" at the end.
func partPath(path, after string) string {
	if after == "" {
		return ""
	}
	return path + "?" + url.Values{"after": {after}}.Encode()
}

// inviteOfParam is the purchase of the address, for who may look after it. Its
// invitations are shown also when nobody can be invited any more.
func (s *Site) inviteOfParam(c *gin.Context) (p xunjia.Purchase, shown bool, err error) {
	return s.purchaseOfParam(c, func(p xunjia.Purchase) error { return p.Allows(visitOf(c).user, xunjia.Manage) })
}

// showInvite shows whom a buyer can invite, the links that invite, and who was.
func (s *Site) showInvite(c *gin.Context) error {
	p, shown, err := s.inviteOfParam(c)
	if err != nil || shown {
		return err
	}
	return s.renderInvite(c, http.StatusOK, p, templates.Form{Values: url.Values{"max_uses": {"10"}}})
}

func (s *Site) renderInvite(c *gin.Context, status int, p xunjia.Purchase, f templates.Form) error {
	ctx, now := c.Request.Context(), s.Clock()
	page := &templates.InvitePage{Purchase: p, Open: p.StatusAt(now) == xunjia.WaitingForQuote, Form: f,
		Known: c.Query("from") == "known", Query: strings.TrimSpace(c.Query("q")), Offset: c.Query("offset")}
	if page.Open {
		after, _ := strconv.ParseInt(page.Offset, 10, 64) // nonsense means the beginning
		list, next, err := s.Store.InviteCandidates(ctx, p, store.CandidateQuery{Known: page.Known, Name: page.Query, After: after})
		if err != nil {
			return err
		}
		page.Candidates = list
		if next != 0 {
			page.NextOffset = strconv.FormatInt(next, 10)
		}
	}
	links, err := s.Store.InviteLinks(ctx, p.ID)
	if err != nil {
		return err
	}
	for _, l := range links {
		page.Links = append(page.Links, templates.InviteLinkRow{InviteLink: l, State: l.State(p, now)})
	}
	invited, err := s.Store.Invitations(ctx, p.ID, xunjia.Page{After: c.Query("after")})
	if err != nil {
		return err
	}
	page.Next = partPath(invitePath(p.ID), invited.Next)
	for _, i := range invited.Items {
		_, fixed := i.State.After(xunjia.RevokeInvitation)
		page.Invited = append(page.Invited, templates.InvitedRow{Invitation: i.Invitation, Supplier: i.Supplier, CanRevoke: fixed == nil})
	}
	page.Title, page.Wide, page.Back = "邀请报价", true, xunjia.PurchasePath(p.ID)
	return s.render(c, status, page)
}

// afterInvite ends an operation on invitations: what was not possible stands on
// their page.
func (s *Site) afterInvite(c *gin.Context, p xunjia.Purchase, f templates.Form, err error, done string) error {
	if err != nil {
		if !formErrors(&f, err) {
			return err
		}
		fresh, loadErr := s.Store.Purchase(c.Request.Context(), p.ID)
		if loadErr != nil {
			return loadErr
		}
		return s.renderInvite(c, status(xunjia.ErrorCode(err)), fresh, f)
	}
	s.Outbox.Wake()
	s.flash(c, done)
	s.redirect(c, invitePath(p.ID))
	return nil
}

// inviteSuppliers invites those that were ticked.
func (s *Site) inviteSuppliers(c *gin.Context) error {
	p, shown, err := s.inviteOfParam(c)
	if err != nil || shown {
		return err
	}
	f := s.form(c)
	var ids []int64
	for _, v := range f.Values["supplier"] {
		id, err := strconv.ParseInt(v, 10, 64)
		if err != nil || id <= 0 {
			return s.afterInvite(c, p, f, xunjia.FieldErrors{"supplier": "有供应商不能邀请，请刷新后重新选择"}.Err(), "")
		}
		ids = append(ids, id)
	}
	n, err := s.Store.InviteSuppliers(c.Request.Context(), p.ID, visitOf(c).user.ID, ids)
	return s.afterInvite(c, p, f, err, "已邀请 "+strconv.Itoa(n)+" 家供应商，他们会收到通知")
}

func (s *Site) revokeInvitation(c *gin.Context) error {
	p, shown, err := s.inviteOfParam(c)
	if err != nil || shown {
		return err
	}
	supplier, err := strconv.ParseInt(c.Param("supplier"), 10, 64)
	if err != nil {
		return errNoPage()
	}
	err = s.Store.RevokeInvitation(c.Request.Context(), p.ID, visitOf(c).user.ID, supplier)
	return s.afterInvite(c, p, s.form(c), err, "邀请已撤销")
}

// createInviteLink makes a link and shows it, once: only its hash is kept.
func (s *Site) createInviteLink(c *gin.Context) error {
	ctx := c.Request.Context()
	p, shown, err := s.inviteOfParam(c)
	if err != nil || shown {
		return err
	}
	f := s.form(c)
	uses, _ := strconv.Atoi(strings.TrimSpace(f.Value("max_uses"))) // 0 is refused
	token, link, err := s.Store.CreateInviteLink(ctx, p.ID, visitOf(c).user.ID, uses)
	if err != nil {
		return s.afterInvite(c, p, f, err, "")
	}
	s.makeInviteQR(ctx, p, link, token)
	page := &templates.InviteLinkPage{Purchase: p, Link: link, URL: s.BaseURL + "/i/" + token, Picture: "/i/" + token + "/picture"}
	page.Title, page.Back = "邀请链接", invitePath(p.ID)
	page.Share = s.sharePurchase(p, xunjia.WaitingForQuote)
	page.Share.Title, page.Share.Link = "邀请您报价："+p.Title(), page.URL
	c.Header("Referrer-Policy", "same-origin") // the address is a secret
	return s.render(c, http.StatusOK, page)
}

// makeInviteQR asks the platform for a code of the link, which also makes those
// who scan it fans. Without one, the picture says the link itself.
func (s *Site) makeInviteQR(ctx context.Context, p xunjia.Purchase, l xunjia.InviteLink, token string) {
	if s.Account == nil {
		return
	}
	call, cancel := context.WithTimeout(ctx, publishTime)
	defer cancel()
	life := min(max(p.Deadline.Sub(s.Clock()).Round(time.Minute), time.Minute), xunjia.MaxQRDays*24*time.Hour)
	code, err := s.Account.CreateQR(call, xunjia.InviteScene(token), life)
	if err == nil {
		err = s.Store.MakeInviteQR(ctx, l.ID, code.URL, s.Clock().Add(life))
	}
	if err != nil {
		s.Log.WarnContext(ctx, "no QR code of the account for an invitation", "error", err)
	}
}

func (s *Site) revokeInviteLink(c *gin.Context) error {
	id, err := idParam(c)
	if err != nil {
		return err
	}
	purchase, err := s.Store.RevokeInviteLink(c.Request.Context(), id, visitOf(c).user.ID)
	if err != nil {
		return err
	}
	s.flash(c, "链接已撤销，用它进来的供应商不受影响")
	s.redirect(c, invitePath(purchase))
	return nil
}

// invitePicture draws the code of a link: the account's, or the link itself.
func (s *Site) invitePicture(c *gin.Context) error {
	token := c.Param("token")
	l, _, err := s.Store.InviteLink(c.Request.Context(), token)
	if err != nil {
		return err
	}
	content := s.BaseURL + "/i/" + token
	if l.QRURL != "" && s.Clock().Before(l.QRUntil) {
		content = l.QRURL
	}
	return writeQR(c, content, 480)
}

// openInvitation is where an invitation link leads: a supplier is invited and
// goes on to the purchase, somebody else reads how to become one.
func (s *Site) openInvitation(c *gin.Context) error {
	ctx, v, token := c.Request.Context(), visitOf(c), c.Param("token")
	c.Header("Referrer-Policy", "same-origin") // the address is a secret
	l, p, err := s.Store.InviteLink(ctx, token)
	if xunjia.ErrorCode(err) == xunjia.NotFound {
		return s.inviteOver(c, err, "请检查链接是否完整。", templates.Link{Href: "/purchases", Text: "看看别的采购"})
	}
	if err != nil {
		return err
	}
	if v.loggedIn() && v.user.Step() == xunjia.StepDone {
		if c.Request.Method != http.MethodGet { // a preview invites nobody
			c.Status(http.StatusOK)
			return nil
		}
		id, err := s.Store.JoinByLink(ctx, token, v.user.ID)
		switch xunjia.ErrorCode(err) {
		case "":
			s.redirect(c, xunjia.PurchasePath(id))
			return nil
		case xunjia.Forbidden:
			if v.user.Disabled {
				return err
			}
			return s.inviteOver(c, err, "用微信转发，或者让对方扫二维码。", templates.Link{Href: invitePath(p.ID), Text: "管理邀请"})
		case xunjia.Conflict:
			return s.inviteOver(c, err, "", templates.Link{Href: "/purchases", Text: "看看别的采购"})
		}
		return err
	}
	if state := l.State(p, s.Clock()); state != xunjia.LinkLive {
		err := l.CanJoin(p, v.user, xunjia.NotInvited, s.Clock())
		return s.inviteOver(c, err, "如果您已经接受过邀请，请登录后再打开。", templates.Link{Href: s.nextStep(c, c.Request.URL.Path), Text: "登录"})
	}
	buyer, err := s.Store.User(ctx, p.BuyerID)
	if err != nil {
		return err
	}
	page := &templates.MessagePage{Icon: "mail", Heading: buyer.MaskedName() + " 邀请您报价",
		Text:  p.Title() + "，" + xunjia.ShortTime(p.Deadline) + " 截止。登录或注册只要一分钟，完成后直接进入采购单。",
		Links: []templates.Link{{Href: s.nextStep(c, c.Request.URL.Path), Text: "去报价"}}}
	page.Title, page.Plain = "邀请报价", true
	return s.render(c, http.StatusOK, page)
}

func (s *Site) inviteOver(c *gin.Context, err error, text string, link templates.Link) error {
	e := known(err)
	page := &templates.MessagePage{Icon: "mail", Kind: "warn", Heading: e.Message, Text: text, Links: []templates.Link{link, {Href: "/", Text: "回到首页"}}}
	page.Title, page.Plain = "邀请报价", true
	return s.render(c, status(e.Code), page)
}

// showDecline asks an invited supplier whether he really will not quote.
func (s *Site) showDecline(c *gin.Context) error {
	ctx, u := c.Request.Context(), visitOf(c).user
	id, err := idParam(c)
	if err != nil {
		return err
	}
	p, err := s.Store.PurchaseFor(ctx, id, u)
	if err != nil {
		return err
	}
	i, err := s.Store.InvitationOf(ctx, p, u.ID)
	if err != nil {
		return err
	}
	if i.State == xunjia.NotInvited {
		return errNoPage()
	}
	if _, err := i.State.After(xunjia.DeclineInvitation); err != nil {
		return s.renderPurchase(c, http.StatusConflict, p, "邀请现在是“"+i.State.String()+"”，不能婉拒")
	}
	page := &templates.ConfirmPage{
		Heading: "婉拒这次邀请？", Text: p.Title() + "，" + xunjia.ShortTime(p.Deadline) + " 截止。",
		Points: []string{"采购商会看到您不参与这次报价", "截止前改主意了，仍然可以报价"},
		Action: xunjia.PurchasePath(id) + "/decline", Button: "婉拒", TestID: "decline-confirm",
	}
	page.Title, page.Plain, page.Back = "婉拒邀请", true, xunjia.PurchasePath(id)
	return s.render(c, http.StatusOK, page)
}

func (s *Site) decline(c *gin.Context) error {
	id, err := idParam(c)
	if err != nil {
		return err
	}
	err = s.Store.DeclineInvitation(c.Request.Context(), id, visitOf(c).user.ID)
	return s.afterwards(c, id, err, "已婉拒，感谢您的答复")
}
