package handlers

import (
	"crypto/rand"
	"net/http"
	"strconv"

	"github.com/gin-gonic/gin"

	"github.com/xunjia/xunjia"
	"github.com/xunjia/xunjia/templates"
	"github.com/xunjia/xunjia/wechat"
)

// showWeChat tells which WeChats the visitor is bound to.
func (s *Site) showWeChat(c *gin.Context) error {
	if s.Account == nil {
		return errNoPage()
	}
	v := visitOf(c)
	p := &templates.WeChatPage{Phone: v.user.Phone.Masked()}
	p.Title, p.Tab, p.Back = "微信绑定", templates.MeTab, "/me"
	bound, err := s.Store.IdentitiesOfUser(c.Request.Context(), s.Account.AppID(), v.user.ID)
	if err != nil {
		return err
	}
	p.More = len(bound) < xunjia.MaxIdentities
	for _, i := range bound {
		b := templates.BoundWeChat{ID: i.ID, Name: i.Nickname, Following: i.Subscribed}
		if b.Name == "" {
			b.Name = "微信用户"
		}
		if c.Query("do") == "unbind" && c.Query("id") == strconv.FormatInt(i.ID, 10) {
			p.Unbind = &b
		}
		p.Bound = append(p.Bound, b)
	}
	if c.Query("do") == "unbind" && p.Unbind == nil {
		return xunjia.Errorf(xunjia.NotFound, "没有绑定这个微信")
	}
	return s.render(c, http.StatusOK, p)
}

// bindScan shows a code on a PC. Inside WeChat startBind is the way.
func (s *Site) bindScan(c *gin.Context) error {
	if s.Account == nil {
		return errNoPage()
	}
	return s.showScan(c, xunjia.ScanBind, "/me/wechat")
}

// startBind sends a visitor inside WeChat through OAuth to learn who he is
// there.
func (s *Site) startBind(c *gin.Context) error {
	if s.Account == nil || !inWeChat(c) {
		s.redirect(c, "/me/wechat/scan")
		return nil
	}
	return s.authorizeAt(c, "/me/wechat/return")
}

// finishBind receives him back.
func (s *Site) finishBind(c *gin.Context) error {
	ctx, v := c.Request.Context(), visitOf(c)
	if s.Account == nil {
		return errNoPage()
	}
	if _, err := s.Store.UseOAuthState(ctx, c.Query("state"), v.session.ID); err != nil {
		if known(err).Code != xunjia.Unauthorized {
			return err
		}
		s.redirect(c, "/me/wechat") // loaded twice: the first time decided
		return nil
	}
	if c.Query("code") == "" {
		s.redirect(c, "/me/wechat")
		return nil
	}
	who, err := s.Account.Exchange(ctx, c.Query("code"))
	if err != nil {
		return err
	}
	if who.Snapshot {
		return s.snapshotPage(c)
	}
	identity, err := s.Store.SaveIdentity(ctx, xunjia.Identity{
		AppID: s.Account.AppID(), OpenID: who.OpenID, UnionID: who.UnionID, Nickname: who.Nickname, AvatarURL: who.Avatar, Consented: true,
	})
	if err != nil {
		return err
	}
	return s.bindNow(c, identity.ID)
}

func (s *Site) bindNow(c *gin.Context, identityID int64) error {
	ctx, v := c.Request.Context(), visitOf(c)
	err := s.Store.BindIdentity(ctx, identityID, v.user.ID)
	if xunjia.ErrorCode(err) == xunjia.Conflict {
		identity, loadErr := s.Store.Identity(ctx, identityID)
		if loadErr != nil {
			return loadErr
		}
		if identity.UserID != 0 && identity.UserID != v.user.ID {
			return s.askMerge(c, identity.UserID, false) // perhaps both accounts are his
		}
		return s.sayWhy(c, err, "没有绑定新的微信。", templates.Link{Href: "/me/wechat", Text: "返回"})
	}
	if err != nil {
		return err
	}
	s.flash(c, "微信已绑定，通知会发到微信里")
	s.redirect(c, "/me/wechat")
	return nil
}

// unbindWeChat takes one of the visitor's WeChats away; his phone remains his
// login.
func (s *Site) unbindWeChat(c *gin.Context) error {
	if s.Account == nil {
		return errNoPage()
	}
	id, err := strconv.ParseInt(c.PostForm("id"), 10, 64)
	if err != nil {
		return xunjia.Errorf(xunjia.NotFound, "没有绑定这个微信")
	}
	err = s.Store.UnbindIdentity(c.Request.Context(), id, visitOf(c).user.ID)
	if xunjia.ErrorCode(err) == xunjia.Conflict {
		return s.sayWhy(c, err, "微信没有解除绑定。", templates.Link{Href: "/me/wechat", Text: "返回"})
	}
	if err != nil {
		return err
	}
	s.flash(c, "已解除绑定")
	s.redirect(c, "/me/wechat")
	return nil
}

// authorizeAt is authorize with a page of its own to come back to.
func (s *Site) authorizeAt(c *gin.Context, path string) error {
	state := xunjia.OAuthState{State: rand.Text(), SessionID: visitOf(c).session.ID, ReturnTo: path, Scope: wechat.ScopeUserInfo, CreatedAt: s.Clock()}
	if err := s.Store.CreateOAuthState(c.Request.Context(), state); err != nil {
		return err
	}
	s.redirect(c, s.Account.AuthorizeURL(s.BaseURL+path, state.Scope, state.State))
	return nil
}
