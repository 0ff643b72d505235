package handlers

import (
	"context"
	"io"
	"time"

	"github.com/xunjia/xunjia"
	"github.com/xunjia/xunjia/media"
)

// The chores of the conversations, and how long things are kept.
const (
	choresEvery  = 10 * time.Minute
	inboundKept  = 7 * 24 * time.Hour // pushes that are done with; see store.PruneInbound
	mediaLife    = 71 * time.Hour     // the platform keeps an uploaded picture for three days
	mediaMargin  = 12 * time.Hour     // pictures of rules are uploaded again before they expire
	pruneBatch   = 1000
	pruneBatches = 20 // in one go: chores must not hold up a busy database
)

// conversationChores uploads pictures again before the platform forgets them and
// deletes what is past its time, until ctx ends. Doing it in several instances
// at once does no harm.
func (s *Site) conversationChores(ctx context.Context) {
	tick := time.NewTicker(choresEvery)
	defer tick.Stop()
	for {
		if err := s.renewReplyMedia(ctx); err != nil && ctx.Err() == nil {
			s.Log.WarnContext(ctx, "pictures of automatic replies not renewed", "error", err)
		}
		if err := s.pruneConversations(ctx); err != nil && ctx.Err() == nil {
			s.Log.WarnContext(ctx, "old messages not deleted", "error", err)
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
	}
}

func (s *Site) pruneConversations(ctx context.Context) error {
	now := s.Clock()
	for _, prune := range []func() (int, error){
		func() (int, error) { return s.Store.PruneInbound(ctx, now.Add(-inboundKept), pruneBatch) },
		func() (int, error) { return s.Store.PruneConversations(ctx, now.Add(-xunjia.ChatKept), pruneBatch) },
	} {
		for range pruneBatches {
			n, err := prune()
			if err != nil {
				return err
			}
			if n < pruneBatch {
				break
			}
		}
	}
	return nil
}

func (s *Site) renewReplyMedia(ctx context.Context) error {
	stale, err := s.Store.StaleReplyMedia(ctx, s.Account.AppID(), mediaMargin)
	if err != nil {
		return err
	}
	for _, key := range stale {
		if _, err := s.uploadReplyMedia(ctx, key); err != nil {
			return err
		}
	}
	if len(stale) > 0 {
		s.talk.forget()
	}
	return nil
}

// replyMediaID answers the platform's id of a picture of ours, which is uploaded
// when the platform does not keep it for much longer.
func (s *Site) replyMediaID(ctx context.Context, key string) (string, error) {
	id, err := s.Store.ReplyMediaID(ctx, s.Account.AppID(), key, time.Minute)
	if err != nil || id != "" {
		return id, err
	}
	return s.uploadReplyMedia(ctx, key)
}

// uploadReplyMedia hands a picture of ours to the platform.
func (s *Site) uploadReplyMedia(ctx context.Context, key string) (string, error) {
	blob, err := s.Blobs.Open(ctx, media.Name(key, media.Original))
	if err != nil {
		return "", err
	}
	defer blob.Close()
	content, err := io.ReadAll(blob)
	if err != nil {
		return "", err
	}
	expires := s.Clock().Add(mediaLife)
	id, err := s.Account.UploadMedia(ctx, "image", key+".jpg", content)
	if err != nil {
		return "", err
	}
	return id, s.Store.SaveReplyMedia(ctx, s.Account.AppID(), key, id, expires)
}
