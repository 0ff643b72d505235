package handlers

import (
	"context"
	"crypto/rand"
	"slices"
	"time"

	"github.com/xunjia/xunjia"
	"github.com/xunjia/xunjia/wechat"
)

// How fans are fetched from the platform.
const (
	fanBatch    = 100 // openids that one call tells about
	fanLease    = time.Minute
	fanLook     = 10 * time.Second // how often another instance's or a crashed sync is looked for
	fanCallTime = 15 * time.Second
	forgetBatch = 500
)

// syncFans does what StartFanSync asked for, also what another instance left
// unfinished, until ctx is done.
func (s *Site) syncFans(ctx context.Context) {
	owner := rand.Text()
	tick := time.NewTicker(fanLook)
	defer tick.Stop()
	for {
		if err := s.syncFansOnce(ctx, owner); err != nil && ctx.Err() == nil {
			s.Log.WarnContext(ctx, "fans not fetched", "error", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-s.fansWanted:
		case <-tick.C:
		}
	}
}

// wakeFanSync starts a sync that has just been asked for without waiting.
func (s *Site) wakeFanSync() {
	select {
	case s.fansWanted <- struct{}{}:
	default:
	}
}

// syncFansOnce takes up the sync if there is one to do, and finishes it. A
// refusal by the platform ends it as failed; asked for again, it goes on where
// it stood.
func (s *Site) syncFansOnce(ctx context.Context, owner string) error {
	appID := s.Account.AppID()
	sync, err := s.Store.ClaimFanSync(ctx, appID, owner, fanLease)
	if xunjia.ErrorCode(err) == xunjia.NotFound {
		return nil
	}
	if err != nil {
		return err
	}
	err = s.fetchFans(ctx, owner, &sync)
	if err == nil {
		err = s.fetchBlocked(ctx)
	}
	if err == nil {
		err = s.fetchTags(ctx)
	}
	if ctx.Err() != nil || xunjia.ErrorCode(err) == xunjia.Conflict {
		return nil //nolint:nilerr // whoever claims it next goes on
	}
	sync.State = xunjia.SyncDone
	if err != nil {
		sync.State, sync.Reason = xunjia.SyncFailed, wechat.StaffText(err)
	}
	return s.Store.SaveFans(ctx, owner, sync, nil)
}

// fetchFans asks for everybody who follows, a hundred at a time. The platform
// lists openids in pages of ten thousand that begin after any openid, so the
// last one that was saved is where to go on.
func (s *Site) fetchFans(ctx context.Context, owner string, sync *xunjia.FanSync) error {
	if sync.Phase != xunjia.SyncFans {
		return nil
	}
	if sync.Total == 0 {
		sync.Total = s.countFans(ctx)
	}
	for {
		ids, _, err := s.fanIDs(ctx, sync.Position)
		if err != nil {
			return err
		}
		if len(ids) == 0 {
			break
		}
		for batch := range slices.Chunk(ids, fanBatch) {
			if _, err := s.Store.ClaimFanSync(ctx, sync.AppID, owner, fanLease); err != nil {
				return xunjia.Errorf(xunjia.Conflict, "同步已由另一台服务器接手")
			}
			if err := s.fetchBatch(ctx, owner, sync, batch); err != nil {
				return err
			}
		}
	}
	for {
		done, err := s.Store.ForgetUnseenFans(ctx, sync.AppID, sync.StartedAt, forgetBatch)
		if err != nil {
			return err
		}
		if done {
			break
		}
	}
	sync.Phase, sync.Position = xunjia.SyncBlocked, ""
	return s.Store.SaveFans(ctx, owner, *sync, nil)
}

func (s *Site) fanIDs(ctx context.Context, after string) ([]string, string, error) {
	ctx, cancel := context.WithTimeout(ctx, fanCallTime)
	defer cancel()
	return s.Account.FanIDs(ctx, after)
}

// countFans is how many the platform lists on its first pages, for the bar; it
// grows when there are more.
func (s *Site) countFans(ctx context.Context) (n int64) {
	after := ""
	for range 10 {
		ids, next, err := s.fanIDs(ctx, after)
		n += int64(len(ids))
		if err != nil || next == "" {
			break
		}
		after = next
	}
	return n
}

func (s *Site) fetchBatch(ctx context.Context, owner string, sync *xunjia.FanSync, ids []string) error {
	call, cancel := context.WithTimeout(ctx, fanCallTime)
	defer cancel()
	asked := s.Clock()
	told, err := s.Account.Fans(call, ids)
	if err != nil {
		return err
	}
	fans := make([]xunjia.Fan, len(told))
	for i, f := range told {
		fans[i] = fanOf(f, asked)
	}
	next := *sync
	next.Position, next.Done = ids[len(ids)-1], sync.Done+int64(len(ids))
	next.Total = max(next.Total, next.Done)
	if err := s.Store.SaveFans(ctx, owner, next, fans); err != nil {
		return err
	}
	*sync = next
	return nil
}

func fanOf(f wechat.Fan, asked time.Time) xunjia.Fan {
	return xunjia.Fan{
		Identity: xunjia.Identity{OpenID: f.OpenID, UnionID: f.UnionID, Subscribed: f.Subscribed},
		Remark:   f.Remark, Tags: f.Tags, Source: f.Source, Scene: f.Scene, FollowedAt: f.Since, SyncedAt: asked,
	}
}

// fetchBlocked compares the platform's blacklist with ours.
func (s *Site) fetchBlocked(ctx context.Context) error {
	appID := s.Account.AppID()
	actual := map[string]bool{}
	for after := ""; ; {
		call, cancel := context.WithTimeout(ctx, fanCallTime)
		ids, next, err := s.Account.Blacklist(call, after)
		cancel()
		if err != nil {
			return err
		}
		for _, id := range ids {
			actual[id] = true
		}
		if after = next; after == "" {
			break
		}
	}
	noted, err := s.Store.BlockedFans(ctx, appID)
	if err != nil {
		return err
	}
	var gone, fresh []string
	for _, id := range noted {
		if !actual[id] {
			gone = append(gone, id)
		}
		delete(actual, id)
	}
	for id := range actual {
		fresh = append(fresh, id)
	}
	for blocked, list := range map[bool][]string{true: fresh, false: gone} {
		for batch := range slices.Chunk(list, forgetBatch) {
			if err := s.Store.MarkBlocked(ctx, appID, batch, blocked); err != nil {
				return err
			}
		}
	}
	return nil
}

// fetchTags notes the account's tags.
func (s *Site) fetchTags(ctx context.Context) error {
	call, cancel := context.WithTimeout(ctx, fanCallTime)
	defer cancel()
	told, err := s.Account.Tags(call)
	if err != nil {
		return err
	}
	tags := make([]xunjia.FanTag, len(told))
	for i, t := range told {
		tags[i] = xunjia.FanTag{ID: int64(t.ID), Name: t.Name, Fans: t.Count}
	}
	return s.Store.ReplaceFanTags(ctx, s.Account.AppID(), tags)
}
