package store

import (
	"context"
	"fmt"
	"time"

	sq "github.com/Masterminds/squirrel"
	"github.com/redis/go-redis/v9"

	"github.com/xunjia/xunjia"
)

// viewsKept is how long it is remembered who looked at a purchase on a day.
const viewsKept = 36 * time.Hour

// CountView counts that somebody looked at a purchase, once a day; viewer tells
// people apart and is kept nowhere. Redis remembers them, in a sketch of a few
// kilobytes that mistakes one newcomer in a hundred for somebody seen before;
// without Redis every look counts. An unknown id does nothing.
func (s *Store) CountView(ctx context.Context, id int64, viewer string) error {
	if s.cache != nil && !s.cache.firstView(ctx, id, xunjia.Day(s.now()), viewer) {
		return nil
	}
	_, err := s.write(ctx, sq.Update("purchase").Set("view_count", sq.Expr("view_count + 1")).Where(sq.Eq{"id": id}))
	return err
}

// firstView tells whether the viewer has not looked that day; true when Redis
// cannot say.
func (c *sessionCache) firstView(ctx context.Context, id int64, day int, viewer string) bool {
	key := fmt.Sprintf("views:%d:%d", id, day)
	var added *redis.IntCmd
	_, err := c.client.Pipelined(ctx, func(p redis.Pipeliner) error {
		added = p.PFAdd(ctx, key, viewer)
		p.Expire(ctx, key, viewsKept)
		return nil
	})
	return err != nil || added.Val() == 1
}
