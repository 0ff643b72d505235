package handlers

import (
	"crypto/rand"
	"net/http"
	"net/url"

	"github.com/gin-gonic/gin"

	"github.com/xunjia/xunjia"
	"github.com/xunjia/xunjia/templates"
	"github.com/xunjia/xunjia/wechat"
)

// startOAuth sends a visitor inside WeChat to the platform: silently first,
// which is enough for those who have registered.
func (s *Site) startOAuth(c *gin.Context) error {
	returnTo := s.safeReturn(c.Query("return"))
	if s.Account == nil {
		s.redirect(c, withReturn("/login", returnTo))
		return nil
	}
	if visitOf(c).loggedIn() {
		s.redirect(c, s.nextStep(c, returnTo))
		return nil
	}
	if err := s.needSession(c); err != nil {
		return err
	}
	scope := wechat.ScopeBase
	if c.Query("ask") == "1" {
		scope = wechat.ScopeUserInfo
	}
	return s.authorize(c, scope, returnTo, c.Query("again") == "1")
}

// authorize redirects to the platform. The state is bound to this browser's
// session and good for one return; the return path stands in the address as
// well, for the browser that comes back twice.
func (s *Site) authorize(c *gin.Context, scope, returnTo string, again bool) error {
	state := xunjia.OAuthState{State: rand.Text(), SessionID: visitOf(c).session.ID, ReturnTo: returnTo, Scope: scope, CreatedAt: s.Clock()}
	if err := s.Store.CreateOAuthState(c.Request.Context(), state); err != nil {
		return err
	}
	back := s.BaseURL + "/oauth/return"
	q := url.Values{}
	if returnTo != "/" {
		q.Set("return", returnTo)
	}
	if again {
		q.Set("again", "1")
	}
	if len(q) > 0 {
		back += "?" + q.Encode()
	}
	s.redirect(c, s.Account.AuthorizeURL(back, scope, state.State))
	return nil
}

// finishOAuth receives the visitor back. Whatever happens, he ends on an
// address without a code: reloading it does not spend the code again.
func (s *Site) finishOAuth(c *gin.Context) error {
	ctx, v := c.Request.Context(), visitOf(c)
	returnTo := s.safeReturn(c.Query("return"))
	if s.Account == nil {
		return errNoPage()
	}
	state, err := s.Store.UseOAuthState(ctx, c.Query("state"), v.session.ID)
	switch {
	case err == nil:
		returnTo = s.safeReturn(state.ReturnTo)
	case known(err).Code == xunjia.Unavailable || known(err).Code == xunjia.Internal:
		return err
	case c.Query("again") == "1":
		return s.oauthPage(c, http.StatusUnauthorized, returnTo, "微信登录没有完成", "登录页面已经过期，请重新进入。")
	default:
		// WeChat loads the address twice now and then, and people go back: the
		// first load may have logged him in with a newer cookie.
		s.redirect(c, "/oauth/start?"+url.Values{"return": {returnTo}, "again": {"1"}}.Encode())
		return nil
	}
	code := c.Query("code")
	if code == "" {
		return s.oauthPage(c, http.StatusOK, returnTo, "您没有同意授权", "同意以后才能登录，用微信接收报价和采购的通知。")
	}
	who, err := s.Account.Exchange(ctx, code)
	if known(err).Code == xunjia.Unauthorized && err != nil && c.Query("again") != "1" {
		s.redirect(c, "/oauth/start?"+url.Values{"return": {returnTo}, "again": {"1"}}.Encode())
		return nil
	}
	if err != nil {
		return err
	}
	if who.Snapshot {
		return s.snapshotPage(c)
	}
	return s.identify(c, who, state.Scope, returnTo)
}

// identify goes on with a visitor whose openid is known: to the page he came
// for, to WeChat's question, or to registration.
func (s *Site) identify(c *gin.Context, who wechat.OAuthIdentity, scope, returnTo string) error {
	ctx := c.Request.Context()
	identity, err := s.Store.SaveIdentity(ctx, xunjia.Identity{
		AppID: s.Account.AppID(), OpenID: who.OpenID, UnionID: who.UnionID, Nickname: who.Nickname, AvatarURL: who.Avatar,
		Consented: scope == wechat.ScopeUserInfo,
	})
	if err != nil {
		return err
	}
	if identity.UserID != 0 {
		user, err := s.Store.User(ctx, identity.UserID)
		if err != nil {
			return err
		}
		if err := s.logIn(c, user, identity.ID); err != nil {
			return err
		}
		s.redirect(c, s.nextStep(c, returnTo))
		return nil
	}
	if err := s.startSession(c, xunjia.Session{Kind: xunjia.GuestSession, IdentityID: identity.ID}); err != nil {
		return err
	}
	if !identity.Consented {
		return s.authorize(c, wechat.ScopeUserInfo, returnTo, false)
	}
	s.redirect(c, withReturn("/register", returnTo))
	return nil
}

func (s *Site) oauthPage(c *gin.Context, status int, returnTo, heading, text string) error {
	again := "/oauth/start?" + url.Values{"return": {returnTo}, "ask": {"1"}}.Encode()
	p := &templates.MessagePage{Icon: "lock", Kind: "warn", Heading: heading, Text: text, ShowID: status >= http.StatusBadRequest, Links: []templates.Link{
		{Href: again, Text: "重新授权"}, {Href: "/register?" + url.Values{"return": {returnTo}, "phone": {"1"}}.Encode(), Text: "用手机号注册"}, {Href: "/", Text: "先随便看看"},
	}}
	p.Title, p.Plain = "微信登录", true
	return s.render(c, status, p)
}

// snapshotPage greets the visitor of a snapshot page, whose ids belong to
// nobody: he must never get an account.
func (s *Site) snapshotPage(c *gin.Context) error {
	p := &templates.MessagePage{
		Icon: "info-circle", Heading: "请点右下角的“使用完整服务”",
		Text: "您现在看到的是微信的网页快照，不能登录。点“使用完整服务”后就可以注册、发布采购和报价。",
	}
	p.Title, p.Plain = "使用完整服务", true
	return s.render(c, http.StatusOK, p)
}
