package handlers

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"sync"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/xunjia/xunjia"
	"github.com/xunjia/xunjia/templates"
	"github.com/xunjia/xunjia/wechat"
)

// How long the list of subscription templates is believed, also when it could
// not be read, and how long a page waits for it.
const (
	subscriptionsLife = 10 * time.Minute
	subscriptionsWait = time.Second
)

// subscriptions remembers which subscription templates the account has. The
// zero value is ready.
type subscriptions struct {
	mu      sync.Mutex
	reading bool
	at      time.Time
	list    []wechat.SubscriptionTemplate
}

// read answers what is known. When that is old, one page at a time reads anew;
// the others do not wait. What cannot be read stays as it was.
func (k *subscriptions) read(ctx context.Context, s *Site) []wechat.SubscriptionTemplate {
	now := s.Clock()
	k.mu.Lock()
	if k.reading || !k.at.IsZero() && !now.Before(k.at) && now.Sub(k.at) < subscriptionsLife {
		defer k.mu.Unlock()
		return k.list
	}
	k.reading = true
	k.mu.Unlock()
	// A visitor who leaves does not spoil it for the others.
	fetch, cancel := context.WithTimeout(context.WithoutCancel(ctx), subscriptionsWait)
	defer cancel()
	fresh, err := s.Account.SubscriptionTemplates(fetch)
	k.mu.Lock()
	defer k.mu.Unlock()
	k.reading, k.at = false, now
	if err != nil {
		s.Log.WarnContext(ctx, "subscription templates not read", "error", err)
		return k.list
	}
	k.list = fresh
	return fresh
}

// askFor completes a page that may ask for a message: inside WeChat, when the
// account has a subscription template for the notice, and the visitor has not agreed
// to a message that was not sent yet. Without any of that it answers "".
func (s *Site) askFor(c *gin.Context, notice string) (templateID string) {
	ctx, v := c.Request.Context(), visitOf(c)
	if s.Account == nil || !inWeChat(c) {
		return ""
	}
	t, ok := wechat.FindSubscription(s.subscriptions.read(ctx, s), xunjia.SubscriptionTitles(notice))
	if !ok {
		return ""
	}
	id := t.ID
	if v.session.IdentityID != 0 {
		left, err := s.creditsOf(ctx, v.session.IdentityID, id)
		if err != nil {
			s.Log.WarnContext(ctx, "credits not read", "error", err, "request_id", v.requestID)
		}
		if err != nil || left > 0 {
			return ""
		}
	}
	allowOpenTags(c)
	return id
}

func (s *Site) creditsOf(ctx context.Context, identity int64, templateID string) (int64, error) {
	who, err := s.Store.Identity(ctx, identity)
	if err != nil {
		return 0, err
	}
	return s.Store.Credits(ctx, who.AppID, who.OpenID, templateID)
}

// allowOpenTags lets WeChat draw its open tags on this page: the frames that its
// documentation names (developers.weixin.qq.com/doc/offiaccount/OA_Web_Apps/
// Wechat_Open_Tag.html), and the style sheet of our button.
func allowOpenTags(c *gin.Context) {
	sum := sha256.Sum256([]byte(templates.AskStyle))
	h := c.Writer.Header()
	h.Set("Content-Security-Policy", h.Get("Content-Security-Policy")+"; frame-src https://*.qq.com webcompt:"+
		"; style-src 'self' 'sha256-"+base64.StdEncoding.EncodeToString(sum[:])+"'")
}
