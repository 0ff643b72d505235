package handlers

import (
	"context"
	"crypto/rand"
	"path/filepath"
	"sync"
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
	s.talk = &Conversation{
		Store: s.Store, Outbox: s.Outbox, BaseURL: s.BaseURL, Clock: s.Clock, Log: s.Log, Account: s.Account,
		Scenes: &scans{store: s.Store, baseURL: s.BaseURL, clock: s.Clock},
	}
	options := wechat.CallbackOptions{Clock: s.Clock, Log: s.Log, Late: s.talk.late, Observe: s.Watch.Push}
	if s.DataDir != "" {
		spool, err := wechat.OpenSpool(filepath.Join(s.DataDir, "spool"), s.Log)
		if err != nil {
			return nil, err
		}
		options.Spool, s.spool = spool, spool
	}
	return wechat.NewCallback(s.WeChat, s.Store, s.countCredits(s.talk.Answer), options)
}

// wechatPush hands a push of the platform to the callback.
func (s *Site) wechatPush(c *gin.Context) error {
	s.pushes.ServeHTTP(c.Writer, c.Request)
	return nil
}

// pendingEvery is how often Run looks for pushes that were stored but not
// finished.
const pendingEvery = 15 * time.Second

// Run replays pushes that were kept while the database was down and those that
// a crash cut off, sends what is queued and does the chores of the conversations,
// until ctx is done; then it waits for what is under way. Call it once, beside
// the HTTP server.
func (s *Site) Run(ctx context.Context) {
	var parts sync.WaitGroup
	parts.Go(func() { s.mediaChores(ctx) })
	if s.pushes == nil {
		parts.Wait()
		return
	}
	parts.Go(func() { s.finishPending(ctx) })
	parts.Go(func() { s.talk.run(ctx) })
	parts.Go(func() { s.conversationChores(ctx) })
	parts.Go(func() { s.syncFans(ctx) })
	s.pushes.Run(ctx)
	parts.Wait()
	s.pushes.Wait()
}

func (s *Site) finishPending(ctx context.Context) {
	owner := rand.Text()
	tick := time.NewTicker(pendingEvery)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
		if err := s.finishDue(ctx, owner); err != nil && ctx.Err() == nil {
			s.Log.WarnContext(ctx, "pending pushes not read", "error", err)
		}
	}
}

// finishDue takes up pushes one by one, so that none waits for the others with
// its lease running, until there is none.
func (s *Site) finishDue(ctx context.Context, owner string) error {
	for ctx.Err() == nil {
		in, ok, err := s.Store.ClaimInbound(ctx, owner)
		if err != nil || !ok {
			return err
		}
		// The callback logs what fails; the push comes again.
		_ = s.pushes.Handle(ctx, in)
	}
	return nil
}
