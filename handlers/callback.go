package handlers

import (
	"context"
	"path/filepath"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/xunjia/xunjia/wechat"
)

// newCallback makes the account's callback, which verifies, stores and
// answers; what is answered stands in conversation.go.
func (s *Site) newCallback() (*wechat.Callback, error) {
	if s.Account == nil || s.WeChat.Token == "" {
		return nil, nil // no account, no route
	}
	talk := &Conversation{Store: s.Store, Outbox: s.Outbox, BaseURL: s.BaseURL, Clock: s.Clock}
	options := wechat.CallbackOptions{Clock: s.Clock, Log: s.Log, Late: func(ctx context.Context, m wechat.Message, r wechat.Reply) error {
		return s.Account.SendReply(ctx, m.OpenID, r)
	}}
	if s.DataDir != "" {
		spool, err := wechat.OpenSpool(filepath.Join(s.DataDir, "spool"), s.Log)
		if err != nil {
			return nil, err
		}
		options.Spool = spool
	}
	return wechat.NewCallback(s.WeChat, s.Store, talk.Answer, options)
}

// wechatPush hands a push of the platform to the callback.
func (s *Site) wechatPush(c *gin.Context) error {
	s.pushes.ServeHTTP(c.Writer, c.Request)
	return nil
}

// What Run takes up again: pushes that were stored but not finished.
const (
	pendingEvery = 15 * time.Second
	pendingAge   = time.Minute
	pendingBatch = 100
)

// Run replays pushes that were kept while the database was down and those that
// a crash cut off, until ctx is done; then it waits for those under way. Call
// it once, beside the HTTP server.
func (s *Site) Run(ctx context.Context) {
	if s.pushes == nil {
		<-ctx.Done()
		return
	}
	go s.finishPending(ctx)
	s.pushes.Run(ctx)
	s.pushes.Wait()
}

func (s *Site) finishPending(ctx context.Context) {
	tick := time.NewTicker(pendingEvery)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
		list, err := s.Store.PendingInbound(ctx, pendingAge, pendingBatch)
		if err != nil {
			if ctx.Err() == nil {
				s.Log.WarnContext(ctx, "pending pushes not read", "error", err)
			}
			continue
		}
		for _, in := range list {
			// The callback logs what fails; the push stays pending.
			_ = s.pushes.Handle(ctx, in)
		}
	}
}

// PublishMenu shows the default menu to the account's fans.
func (s *Site) PublishMenu(ctx context.Context) error {
	return s.Account.CreateMenu(ctx, DefaultMenu(s.BaseURL))
}
