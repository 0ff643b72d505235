package handlers

import (
	"context"
	"errors"
	"time"

	"github.com/xunjia/xunjia"
	"github.com/xunjia/xunjia/store"
	"github.com/xunjia/xunjia/wechat"
)

const (
	keepWithin  = 800 * time.Millisecond // an answer waits so long for being written down
	keepTries   = 20 * time.Second       // writing it down goes on so long
	keepPause   = time.Second
	followUp    = time.Second      // further answers come after the first one
	sweepEvery  = 15 * time.Second // for messages that another instance left behind
	sendWithin  = 15 * time.Second
	finishTries = 3
)

// keep writes down a push and its answers. An answer that is ready does not wait
// for a slow database: writing goes on behind it. fresh is false when the push
// was written down, and so answered, before.
func (v *Conversation) keep(ctx context.Context, m wechat.Message, answers []said) (fresh bool, err error) {
	type result struct {
		fresh bool
		err   error
	}
	done, late := make(chan result, 1), make(chan struct{})
	v.working.Go(func() {
		ctx := context.WithoutCancel(ctx)
		fresh, err := v.write(ctx, m, answers)
		done <- result{fresh, err}
		for until := time.Now().Add(keepTries); err != nil; fresh, err = v.write(ctx, m, answers) {
			select {
			case <-late:
			default:
				return // Answer told of the error: the push comes again
			}
			if time.Now().After(until) {
				v.log().ErrorContext(ctx, "answered push not written down", "key", m.Key, "error", err)
				return
			}
			time.Sleep(keepPause)
		}
		if fresh && len(answers) > 1 {
			v.wakeSender()
		}
	})
	timer := time.NewTimer(keepWithin)
	defer timer.Stop()
	select {
	case r := <-done:
		return r.fresh, r.err
	case <-timer.C:
	}
	close(late)
	select {
	case r := <-done: // at the last moment; an error has ended the writing
		return r.fresh, r.err
	default:
		return true, nil
	}
}

// write is one attempt of keep.
func (v *Conversation) write(ctx context.Context, m wechat.Message, answers []said) (fresh bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, sendWithin)
	defer cancel()
	switch m.Body.(type) {
	case wechat.Subscribe:
		err = v.Store.SetSubscribed(ctx, m.AppID, m.OpenID, true, m.At)
	case wechat.Unsubscribe:
		err = v.Store.SetSubscribed(ctx, m.AppID, m.OpenID, false, m.At)
	}
	if err != nil || m.Key == "" { // without a key nobody could tell it from its repetition
		return true, err
	}
	p := store.ConversationPush{AppID: m.AppID, OpenID: m.OpenID, Key: m.Key, DueAt: v.Clock().Add(followUp)}
	p.Opening, p.Waits, p.Message = received(m)
	for _, a := range answers {
		p.Answers = append(p.Answers, xunjia.ChatMessage{Kind: a.kind, Text: a.text, Media: a.media, Answer: a.rule})
	}
	return v.Store.RecordPush(ctx, p)
}

// received is what is kept of a push, what it opens and whether it waits for
// somebody.
func received(m wechat.Message) (o xunjia.Opening, waits bool, c xunjia.ChatMessage) {
	c = xunjia.ChatMessage{Kind: m.Kind, At: m.At}
	o, waits = xunjia.Talked, true
	switch body := m.Body.(type) {
	case wechat.Text:
		c.Text = body.Content
	case wechat.Image:
		c.Text, c.Media = "[图片]", body.MediaID
	case wechat.Voice:
		c.Text, c.Media = "[语音] "+body.Recognition, body.MediaID
	case wechat.Video:
		c.Kind, c.Text, c.Media = "video", "[视频]", body.MediaID
	case wechat.Location:
		c.Text = "[位置] " + body.Label
	case wechat.Link:
		c.Text = "[链接] " + body.Title + " " + body.URL
	default:
		o, waits = xunjia.Tapped, false
		switch body := m.Body.(type) {
		case wechat.Subscribe:
			c.Text = "关注了公众号"
		case wechat.Unsubscribe:
			o, c.Text = xunjia.NoOpening, "取消了关注"
		case wechat.Scan:
			c.Text = "扫描了二维码"
		case wechat.Click:
			c.Text = "点击了菜单 " + body.Key
		}
	}
	return o, waits, c
}

// late sends an answer that was not ready in time as a customer message.
func (v *Conversation) late(ctx context.Context, m wechat.Message, r wechat.Reply) error {
	record, known, ok, err := v.Store.ClaimLateAnswer(ctx, m.AppID, m.OpenID, m.Key)
	if err != nil {
		// The fan shall have his answer even when nobody can count it.
		v.log().WarnContext(ctx, "late answer sent without a record", "key", m.Key, "error", err)
	}
	if known && !ok {
		return nil // sent already, or the window has no room
	}
	err = v.Account.SendReply(ctx, m.OpenID, r)
	if ok {
		v.finish(ctx, record, err)
	}
	return err
}

// outcome is what the platform made of a message that was sent.
func outcome(err error) store.SendResult {
	switch {
	case err == nil:
		return store.SendResult{State: xunjia.MessageSent}
	case wechat.Classify(err) == wechat.Ambiguous:
		return store.SendResult{State: xunjia.MessageUnknown, Reason: wechat.StaffText(err)}
	}
	r := store.SendResult{State: xunjia.MessageFailed, Reason: wechat.StaffText(err)}
	if e, ok := errors.AsType[*wechat.APIError](err); ok {
		r.Shut = e.Code == 45015 || e.Code == 45047
	}
	return r
}

// finish records what became of a message, whoever waits for it or not.
func (v *Conversation) finish(ctx context.Context, m xunjia.ChatMessage, sent error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), sendWithin)
	defer cancel()
	var err error
	for range finishTries {
		if err = v.Store.FinishMessage(ctx, m, outcome(sent)); err == nil {
			return
		}
	}
	v.log().ErrorContext(ctx, "sent message not marked", "message", m.ID, "error", err)
}

func (v *Conversation) wakeSender() {
	select {
	case v.dues() <- struct{}{}:
	default: // it is awake already
	}
}

func (v *Conversation) dues() chan struct{} {
	v.wake.Do(func() { v.due = make(chan struct{}, 1) })
	return v.due
}

// run sends what is queued until ctx ends, then waits for what is under way.
func (v *Conversation) run(ctx context.Context) {
	defer v.working.Wait()
	tick := time.NewTicker(sweepEvery)
	defer tick.Stop()
	for {
		var soon <-chan time.Time
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		case <-v.dues():
			soon = time.After(followUp)
		}
		if soon != nil {
			select {
			case <-ctx.Done():
				return
			case <-soon:
			}
		}
		v.sendDue(ctx)
	}
}

// sendDue sends every message that is due, one after another.
func (v *Conversation) sendDue(ctx context.Context) {
	for ctx.Err() == nil {
		m, ok, err := v.Store.ClaimMessage(ctx, v.appID())
		if err != nil {
			v.log().WarnContext(ctx, "queued messages not read", "error", err)
			return
		}
		if !ok {
			return
		}
		v.finish(ctx, m.ChatMessage, v.send(ctx, m.OpenID, m.Answer))
	}
}

func (v *Conversation) send(ctx context.Context, openID string, a xunjia.ReplyAnswer) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), sendWithin)
	defer cancel()
	return v.Account.SendReply(ctx, openID, v.reply(a))
}
