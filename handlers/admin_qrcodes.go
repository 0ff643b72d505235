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
	"github.com/xunjia/xunjia/templates"
)

func (s *Site) listQRCodes(c *gin.Context) error {
	ctx := c.Request.Context()
	appID, err := s.needAccount()
	if err != nil {
		return err
	}
	p := &templates.AdminQRCodesPage{Query: strings.TrimSpace(c.Query("q")), Now: s.Clock()}
	p.Title = "二维码"
	list, err := s.Store.QRCodes(ctx, appID, p.Query, xunjia.Page{After: c.Query("after")})
	if err != nil {
		return err
	}
	p.Codes = list.Items
	if list.Next != "" {
		p.Next = "/admin/qrcodes?" + url.Values{"q": {p.Query}, "after": {list.Next}}.Encode()
	}
	return s.renderAdmin(c, http.StatusOK, p)
}

func (s *Site) showNewQRCode(c *gin.Context) error {
	if _, err := s.needAccount(); err != nil {
		return err
	}
	f := templates.Form{Values: url.Values{"action": {string(xunjia.QRPurchase)}, "days": {"30"}}, Errors: map[string]string{}}
	f.Values.Set("target", c.Query("purchase"))
	return s.renderNewQRCode(c, http.StatusOK, f)
}

func (s *Site) renderNewQRCode(c *gin.Context, status int, f templates.Form) error {
	p := &templates.AdminQRCodeNewPage{Form: f}
	p.Title = "新建二维码"
	return s.renderAdmin(c, status, p)
}

// createQRCode keeps the code first and asks the platform then: a code whose
// making failed is there to be made again.
func (s *Site) createQRCode(c *gin.Context) error {
	ctx := c.Request.Context()
	appID, err := s.needAccount()
	if err != nil {
		return err
	}
	f := s.form(c)
	n := xunjia.NewQR{Label: f.Value("label"), Action: xunjia.QRAction(f.Value("action")), Reply: f.Value("reply")}
	n.Target, _ = strconv.ParseInt(strings.TrimSpace(f.Value("target")), 10, 64)
	if n.Action != xunjia.QRPurchase {
		n.Target = 0
	} else {
		n.Reply = ""
	}
	if f.Value("days") != "forever" {
		if n.Days, err = strconv.Atoi(strings.TrimSpace(f.Value("days"))); err != nil || n.Days == 0 {
			n.Days = -1 // refused with the limits
		}
	}
	q, err := s.Store.CreateQRCode(ctx, appID, visitOf(c).staff.ID, n)
	if err != nil {
		if !formErrors(&f, err) {
			return err
		}
		return s.renderNewQRCode(c, http.StatusUnprocessableEntity, f)
	}
	if err := s.makeQRCode(ctx, q); err != nil {
		return staffError(err)
	}
	s.flash(c, "二维码已生成")
	s.redirect(c, "/admin/qrcodes/"+strconv.FormatInt(q.ID, 10))
	return nil
}

// makeQRCode asks the platform for the code's content.
func (s *Site) makeQRCode(ctx context.Context, q xunjia.QRCode) error {
	call, cancel := context.WithTimeout(ctx, publishTime)
	defer cancel()
	life := time.Duration(0)
	if !q.ExpiresAt.IsZero() {
		life = q.ExpiresAt.Sub(s.Clock()).Round(time.Minute)
		life = min(max(life, time.Minute), xunjia.MaxQRDays*24*time.Hour)
	}
	made, err := s.Account.CreateQR(call, q.Scene, life)
	if err != nil {
		return err
	}
	expires := time.Time{}
	if life > 0 {
		expires = s.Clock().Add(life)
	}
	return s.Store.MakeQRCode(context.WithoutCancel(ctx), q.ID, made.URL, expires)
}

func (s *Site) qrOfParam(c *gin.Context) (appID string, q xunjia.QRCode, err error) {
	if appID, err = s.needAccount(); err != nil {
		return "", q, err
	}
	id, err := idParam(c)
	if err != nil {
		return "", q, err
	}
	q, err = s.Store.QRCode(c.Request.Context(), appID, id)
	return appID, q, err
}

// qrDays is how many days with scans a code's page lists.
const qrDays = 30

func (s *Site) showQRCode(c *gin.Context) error {
	_, q, err := s.qrOfParam(c)
	if err != nil {
		return err
	}
	ctx := c.Request.Context()
	p := &templates.AdminQRCodePage{Code: q, State: q.State(s.Clock())}
	p.Title = q.Label
	if p.Days, err = s.Store.QRDays(ctx, q.ID, qrDays); err != nil {
		return err
	}
	names, err := s.Store.StaffNames(ctx)
	if err != nil {
		return err
	}
	p.Who = names[q.Staff]
	return s.renderAdmin(c, http.StatusOK, p)
}

// printQRCode shows nothing but the picture with its label.
func (s *Site) printQRCode(c *gin.Context) error {
	_, q, err := s.qrOfParam(c)
	if err != nil {
		return err
	}
	if q.URL == "" {
		return errNoPage()
	}
	p := &templates.AdminQRCodePrintPage{Code: q}
	p.Title, p.Plain = q.Label, true
	return s.renderAdmin(c, http.StatusOK, p)
}

// qrPicture draws the code, large enough for a poster.
func (s *Site) qrPicture(c *gin.Context) error {
	_, q, err := s.qrOfParam(c)
	if err != nil {
		return err
	}
	if q.URL == "" {
		return errNoPage()
	}
	if c.Query("download") == "1" {
		c.Header("Content-Disposition", "attachment; filename=\"qrcode-"+strconv.FormatInt(q.ID, 10)+".png\"")
	}
	return writeQR(c, q.URL, 860)
}

// changeQRCode stops a code, lets it work again, or asks the platform once more
// for one that was not made.
func (s *Site) changeQRCode(c *gin.Context) error {
	ctx := c.Request.Context()
	appID, q, err := s.qrOfParam(c)
	if err != nil {
		return err
	}
	var said string
	switch c.PostForm("do") {
	case "disable":
		err, said = s.Store.DisableQRCode(ctx, appID, q.ID, visitOf(c).staff.ID, true), "二维码已停用，扫码只会关注公众号"
	case "enable":
		err, said = s.Store.DisableQRCode(ctx, appID, q.ID, visitOf(c).staff.ID, false), "二维码已启用"
	case "make":
		if q.URL != "" {
			return xunjia.Errorf(xunjia.Conflict, "二维码已经生成")
		}
		err, said = s.makeQRCode(ctx, q), "二维码已生成"
	default:
		return xunjia.Errorf(xunjia.Invalid, "没有这个操作")
	}
	if err != nil {
		return staffError(err)
	}
	s.flash(c, said)
	s.redirect(c, "/admin/qrcodes/"+strconv.FormatInt(q.ID, 10))
	return nil
}
