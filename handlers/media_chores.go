package handlers

import (
	"context"
	"fmt"
	"time"

	"github.com/xunjia/xunjia"
	"github.com/xunjia/xunjia/media"
	"github.com/xunjia/xunjia/store"
)

// How often what nobody uses is looked for, and how much at a time.
const (
	doomEvery   = 10 * time.Minute
	doomBatch   = 500
	doomBatches = 20
	strayEvery  = 12 * time.Hour
	strayBatch  = 500
)

// mediaChores deletes pictures and files that nothing refers to, and blobs
// without a row, until ctx ends. It may be killed at any point and run in
// several instances at once: what one began another ends.
func (s *Site) mediaChores(ctx context.Context) {
	doom, stray := time.NewTicker(doomEvery), time.NewTicker(strayEvery)
	defer doom.Stop()
	defer stray.Stop()
	var at store.MediaSweep
	for {
		var err error
		select {
		case <-doom.C:
			at, err = s.deleteUnused(ctx, at)
		case <-stray.C:
			err = s.deleteStrays(ctx)
		case <-ctx.Done():
			return
		}
		if err != nil && ctx.Err() == nil {
			s.Log.WarnContext(ctx, "unused pictures not deleted", "error", err)
		}
	}
}

// deleteUnused goes on with a sweep for a while and deletes what is doomed: first
// the blobs, then the row, without which nobody would find the blobs.
func (s *Site) deleteUnused(ctx context.Context, at store.MediaSweep) (store.MediaSweep, error) {
	for range doomBatches {
		var err error
		if at, err = s.Store.DoomMedia(ctx, at, doomBatch); err != nil {
			return at, err
		}
		if at.Done {
			break
		}
	}
	doomed, err := s.Store.DoomedMedia(ctx, doomBatch)
	if err != nil {
		return at, err
	}
	deleted := 0
	var bytes int64
	for _, m := range doomed {
		if err := media.Remove(ctx, s.Blobs, m.Key, m.CropVersion); err != nil {
			return at, err
		}
		if err := s.Store.ForgetMedia(ctx, m.Key); err != nil {
			return at, err
		}
		deleted++
		bytes += m.Bytes
	}
	if deleted > 0 || at.Done && at.Seen > 0 {
		s.Log.InfoContext(ctx, "unused pictures and files deleted", "deleted", deleted, "bytes", bytes, "looked_at", at.Seen, "whole_sweep", at.Done)
	}
	return at, nil
}

// strays are blobs that were written long ago.
type strays struct {
	names          []string
	known, deleted int
}

// deleteStrays deletes blobs that no row knows: a crash between writing the two
// leaves some, and one between a new crop and the end of the old one. All of them
// older than two days: before that the row may be yet to come.
func (s *Site) deleteStrays(ctx context.Context) error {
	limit := s.Clock().Add(-xunjia.MediaGrace)
	var batch strays
	err := s.Blobs.Each(ctx, func(name string, written time.Time) error {
		if !written.Before(limit) {
			return nil
		}
		if batch.names = append(batch.names, name); len(batch.names) < strayBatch {
			return nil
		}
		return s.checkStrays(ctx, &batch)
	})
	if err == nil {
		err = s.checkStrays(ctx, &batch)
	}
	if batch.deleted > 0 {
		s.Log.InfoContext(ctx, "blobs without a row deleted", "deleted", batch.deleted, "kept", batch.known)
	}
	return err
}

// checkStrays looks the blobs up and deletes those that are nobody's. Many of
// them and few known ones mean that this is another installation's database:
// then it touches none.
func (s *Site) checkStrays(ctx context.Context, b *strays) error {
	keys := make([]string, 0, len(b.names))
	for _, name := range b.names {
		key, _, _ := media.Parse(name)
		keys = append(keys, key)
	}
	versions, err := s.Store.CropVersions(ctx, keys)
	if err != nil {
		return err
	}
	var lost []string
	for _, name := range b.names {
		key, version, _ := media.Parse(name)
		present, known := versions[key]
		isCrop := !xunjia.IsFile(key) && name != media.Name(key, media.Original)
		if known && (!isCrop || version == present) {
			b.known++
			continue
		}
		lost = append(lost, name)
	}
	b.names = b.names[:0]
	if len(lost) > strayBatch/10 && len(lost) > b.known {
		return fmt.Errorf("more blobs without a row (%d) than with one (%d): is this the right database?", len(lost), b.known)
	}
	for _, name := range lost {
		if err := s.Blobs.Delete(ctx, name); err != nil {
			return err
		}
		b.deleted++
	}
	return nil
}
