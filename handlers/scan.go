package handlers

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"strconv"
	"time"

	"github.com/gin-gonic/gin"
	qrcode "github.com/skip2/go-qrcode"

	"github.com/xunjia/xunjia"
	"github.com/xunjia/xunjia/store"
	"github.com/xunjia/xunjia/templates"
)

// Most codes for PCs in a day: of one browser, of one address (a whole office),
// and of the account, whose quota at the platform is 100,000.
const (
	scansPerBrowser = 50
	scansPerAddress = 1000
	scansPerAccount = 50_000
)

// showScanLogin shows a code; who scans it with WeChat and agrees is logged in
// here.
func (s *Site) showScanLogin(c *gin.Context) error {
	returnTo := s.safeReturn(c.Query("return"))
	if visitOf(c).loggedIn() {
		s.redirect(c, s.nextStep(c, returnTo))
		return nil
	}
	if s.Account == nil {
		s.redirect(c, withReturn("/login", returnTo))
		return nil
	}
	if err := s.needSession(c); err != nil {
		return err
	}
	return s.showScan(c, xunjia.ScanLogin, returnTo)
}

// showScan answers the browser's code for a purpose, a new one when it has
// none that works.
func (s *Site) showScan(c *gin.Context, purpose xunjia.ScanPurpose, returnTo string) error {
	v := visitOf(c)
	scan, err := s.Store.PCScanOfSession(c.Request.Context(), v.session.ID, purpose, v.user.ID)
	if xunjia.ErrorCode(err) == xunjia.NotFound {
		scan, err = s.newScan(c, purpose)
	}
	if err != nil {
		return err
	}
	return s.answerScan(c, scan, returnTo)
}

// newScan asks the platform for a code of this browser's own.
func (s *Site) newScan(c *gin.Context, purpose xunjia.ScanPurpose) (xunjia.PCScan, error) {
	ctx, v := c.Request.Context(), visitOf(c)
	if err := s.spendScan(ctx, v.session.ID, clientIP(c).String()); err != nil {
		return xunjia.PCScan{}, err
	}
	scan := xunjia.PCScan{
		ID: store.NewPCScanID(), SessionID: v.session.ID, Purpose: purpose, UserID: v.user.ID, AppID: s.Account.AppID(),
		Place: xunjia.DeviceName(c.Request.UserAgent()) + "，" + clientIP(c).String(),
	}
	code, err := s.Account.CreateQR(ctx, scan.Scene(), xunjia.ScanLifetime)
	if err != nil {
		return scan, &xunjia.Error{Code: xunjia.Unavailable, Message: "暂时不能用微信扫码，请用手机号登录", Err: err}
	}
	scan.URL = code.URL
	return s.Store.CreatePCScan(ctx, scan)
}

// spendScan holds the limits. Addresses are not written down, only their hash.
func (s *Site) spendScan(ctx context.Context, session, address string) error {
	day := xunjia.Day(s.Clock())
	hash := sha256.Sum256([]byte(strconv.Itoa(day) + address))
	for _, budget := range []struct {
		name  string
		limit int64
	}{
		{"scan:browser:" + session[:min(32, len(session))], scansPerBrowser},
		{"scan:address:" + hex.EncodeToString(hash[:12]), scansPerAddress},
		{"scan:account", scansPerAccount},
	} {
		ok, err := s.Store.Spend(ctx, budget.name, day, budget.limit)
		if err != nil {
			return err
		}
		if !ok {
			return &xunjia.Error{Code: xunjia.RateLimited, Message: "今天扫码的次数太多了，请用手机号登录", RetryAfter: time.Hour}
		}
	}
	return nil
}

// watchScan tells the browser that shows a code what became of it and, when its
// owner has agreed, logs it in or says that the binding is made.
func (s *Site) watchScan(c *gin.Context) error {
	ctx, v := c.Request.Context(), visitOf(c)
	scan, err := s.Store.PCScan(ctx, c.Param("id"), v.session.ID)
	if err != nil {
		return err
	}
	returnTo := s.safeReturn(c.Query("return"))
	if scan.State != xunjia.ScanConfirmed || c.Request.Method != http.MethodGet {
		return s.answerScan(c, scan, returnTo)
	}
	if scan, err = s.Store.UsePCScan(ctx, scan.ID, v.session.ID); err != nil {
		return err
	}
	if scan.Purpose == xunjia.ScanBind {
		s.flash(c, "微信已绑定，通知会发到微信里")
		return s.leaveScan(c, "/me/wechat")
	}
	identity, err := s.Store.Identity(ctx, scan.IdentityID)
	if err != nil {
		return err
	}
	user, err := s.Store.User(ctx, identity.UserID)
	if err != nil {
		return err
	}
	if err := s.logIn(c, user, 0); err != nil {
		return err
	}
	return s.leaveScan(c, s.nextStep(c, returnTo))
}

func (s *Site) leaveScan(c *gin.Context, path string) error {
	if wantsJSON(c) {
		c.JSON(http.StatusOK, gin.H{"state": xunjia.ScanConfirmed, "next": path})
		return nil
	}
	s.redirect(c, path)
	return nil
}

// answerScan shows a code, as a page that asks again by itself or to a script.
func (s *Site) answerScan(c *gin.Context, scan xunjia.PCScan, returnTo string) error {
	left := int(scan.ExpiresAt.Sub(s.Clock()) / time.Second)
	live := scan.Live(s.Clock())
	watch := withReturn("/login/scan/"+scan.ID, returnTo)
	if wantsJSON(c) {
		state := string(scan.State)
		if !live && scan.State != xunjia.ScanRefused {
			state = "expired"
		}
		c.JSON(http.StatusOK, gin.H{"state": state, "picture": "/login/scan/" + scan.ID + "/picture", "watch": watch, "left": max(0, left)})
		return nil
	}
	p := &templates.ScanPage{
		ID: scan.ID, Bind: scan.Purpose == xunjia.ScanBind, Scanned: scan.State == xunjia.ScanScanned,
		Refused: scan.State == xunjia.ScanRefused, Expired: !live && scan.State != xunjia.ScanRefused, Watch: watch,
	}
	p.Again = withReturn("/login/scan", returnTo)
	p.Title, p.Plain, p.Back = "微信扫码登录", true, withReturn("/login", returnTo)
	if p.Bind {
		p.Title, p.Back, p.Again = "绑定微信", "/me/wechat", "/me/wechat/scan"
	}
	return s.render(c, http.StatusOK, p)
}

// scanPicture draws a code for the browser that it belongs to.
func (s *Site) scanPicture(c *gin.Context) error {
	scan, err := s.Store.PCScan(c.Request.Context(), c.Param("id"), visitOf(c).session.ID)
	if err != nil {
		return err
	}
	return writeQR(c, scan.URL, 320)
}

// writeQR answers a picture of what a code says, size pixels wide.
func writeQR(c *gin.Context, content string, size int) error {
	png, err := qrcode.Encode(content, qrcode.Medium, size)
	if err != nil {
		return err
	}
	c.Data(http.StatusOK, "image/png", png)
	return nil
}

// showConfirmScan asks the one who scanned, on his phone. The address came to
// him alone, in the chat.
func (s *Site) showConfirmScan(c *gin.Context) error {
	ctx, v := c.Request.Context(), visitOf(c)
	c.Header("Referrer-Policy", "same-origin") // the address is a secret
	scan, err := s.Store.PCScanByToken(ctx, c.Param("token"))
	if err != nil {
		return s.scanOver(c, err)
	}
	identity, err := s.Store.Identity(ctx, scan.IdentityID)
	if err != nil {
		return err
	}
	if v.session.IdentityID != 0 && v.session.IdentityID != identity.ID {
		return s.scanOver(c, xunjia.Errorf(xunjia.Forbidden, "请用扫码的那个微信打开这个链接"))
	}
	if scan.State == xunjia.ScanConfirmed {
		return s.scanDone(c, scan, true)
	}
	if scan.Purpose == xunjia.ScanLogin && identity.UserID == 0 {
		return s.registerFirst(c)
	}
	if err := s.needSession(c); err != nil {
		return err
	}
	p := &templates.ScanConfirmPage{Token: c.Param("token"), Bind: scan.Purpose == xunjia.ScanBind, Place: scan.Place, At: scan.CreatedAt}
	who := identity.UserID
	if p.Bind {
		who = scan.UserID
	}
	user, err := s.Store.User(ctx, who)
	if err != nil {
		return err
	}
	p.Name, p.Phone = user.Name, user.Phone.Masked()
	p.Title, p.Plain = "确认登录", true
	if p.Bind {
		p.Title = "确认绑定"
	}
	return s.render(c, http.StatusOK, p)
}

// confirmScan takes the scanner's answer.
func (s *Site) confirmScan(c *gin.Context) error {
	yes := c.PostForm("do") == "yes"
	scan, err := s.Store.AnswerPCScan(c.Request.Context(), c.Param("token"), yes)
	switch xunjia.ErrorCode(err) {
	case "":
		return s.scanDone(c, scan, yes)
	case xunjia.Conflict, xunjia.NotFound:
		return s.scanOver(c, err)
	case xunjia.Forbidden:
		return s.sayWhy(c, err, "注册完成后，再到电脑上扫码登录。", templates.Link{Href: "/register", Text: "去注册"})
	}
	return err
}

func (s *Site) registerFirst(c *gin.Context) error {
	here := c.Request.URL.Path
	next := s.loginPath(c, here)
	p := &templates.MessagePage{Icon: "user", Kind: "warn", Heading: "先注册，再在电脑上登录",
		Text: "这个微信还没有注册询价通。注册只要一分钟，完成后回到这里确认登录。", Links: []templates.Link{{Href: next, Text: "去注册"}}}
	p.Title, p.Plain = "先注册", true
	return s.render(c, http.StatusOK, p)
}

func (s *Site) scanOver(c *gin.Context, err error) error {
	e := known(err)
	p := &templates.MessagePage{Icon: "clock", Kind: "warn", Heading: e.Message, Text: "二维码 5 分钟内有效，只能用一次。", Links: []templates.Link{{Href: "/", Text: "回到首页"}}}
	if e.Code == xunjia.Conflict { // another account has this WeChat
		p.Text = "如果两个账号都是您的，请在电脑上打开“我的 → 安全设置 → 合并账号”。"
	}
	p.Title, p.Plain = "扫码登录", true
	return s.render(c, status(e.Code), p)
}

func (s *Site) scanDone(c *gin.Context, scan xunjia.PCScan, yes bool) error {
	p := &templates.MessagePage{Icon: "circle-check", Heading: "已确认，请回到电脑上继续", Links: []templates.Link{{Href: "/", Text: "回到首页"}}}
	p.Title, p.Plain = "扫码登录", true
	switch {
	case !yes:
		p.Icon, p.Heading, p.Text = "x", "已取消", "电脑上不会登录。如果不是您本人操作，请放心，什么都没有发生。"
	case scan.Purpose == xunjia.ScanBind:
		p.Title, p.Heading, p.Text = "绑定微信", "绑定成功", "以后采购和报价的通知会发到这个微信，在微信里打开询价通不用再登录。"
	}
	return s.render(c, http.StatusOK, p)
}
