package outbox

import (
	"context"
	"errors"
	"time"
)

// chore is something that is done again and again.
type chore struct {
	name  string
	every time.Duration
	do    func(ctx context.Context) error
}

// How much is kept, and how much is deleted or ended at a time.
const (
	keepOutbox  = 90 * 24 * time.Hour
	keepPushes  = 180 * 24 * time.Hour // longer than a purchase takes quotes
	choreBatch  = 500
	choreRounds = 20
)

// chores are the regular jobs besides sending. Every instance does them; the
// statements behind them do no harm when two do the same at once.
func (o *Outbox) chores() []chore {
	return []chore{
		{"read the account's templates", time.Second, o.templates.refresh},
		{"read stopped channels", time.Second, o.readStops},
		{"end due purchases", time.Second, o.endDuePurchases},
		{"steer rounds of pushes", 5 * time.Second, o.steerRounds},
		{"count rounds of pushes", 5 * time.Second, func(ctx context.Context) error {
			now, err := o.Store.DatabaseTime(ctx)
			if err == nil {
				_, err = o.Store.CountRounds(ctx, now, roundBatch)
			}
			return err
		}},
		{"count the backlog", 15 * time.Second, o.countBacklog},
		{"prune sessions", time.Minute, func(ctx context.Context) error {
			return untilDone(ctx, func() (int, error) { return o.Store.PruneSessions(ctx, choreBatch) })
		}},
		{"remind people", time.Minute, o.remind},
		{"end certifications", time.Minute, o.endCertifications},
		{"clear withdrawn announcements", 5 * time.Second, func(ctx context.Context) error {
			return untilEmpty(ctx, func() (int, error) { return o.Store.ClearAnnouncements(ctx, choreBatch) })
		}},
		{"make daily digests", time.Minute, o.makeDigests},
		{"roll up prices", time.Minute, func(ctx context.Context) error {
			return untilDone(ctx, func() (int, error) { return o.Store.RollPrices(ctx, choreBatch) })
		}},
		{"prune deliveries", 10 * time.Minute, o.prune},
	}
}

// runChore does the chore at once and then at its interval until ctx is done.
func (o *Outbox) runChore(ctx context.Context, c chore) {
	tick := time.NewTicker(c.every)
	defer tick.Stop()
	for {
		if err := c.do(ctx); err != nil && ctx.Err() == nil {
			o.Log.Error("a regular job failed", "job", c.name, "err", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

func (o *Outbox) endDuePurchases(ctx context.Context) error {
	return untilDone(ctx, func() (int, error) {
		n, err := o.Store.EndDuePurchases(ctx, choreBatch)
		if n > 0 {
			o.Wake()
		}
		return n, err
	})
}

func (o *Outbox) remind(ctx context.Context) error {
	n, err := o.Store.Remind(ctx, choreBatch)
	if n > 0 {
		o.Wake()
	}
	return err
}

func (o *Outbox) endCertifications(ctx context.Context) error {
	return untilDone(ctx, func() (int, error) {
		n, err := o.Store.EndCertifications(ctx, choreBatch)
		if n > 0 {
			o.Wake()
		}
		return n, err
	})
}

func (o *Outbox) makeDigests(ctx context.Context) error {
	return untilDone(ctx, func() (int, error) {
		n, err := o.Store.MakeDigests(ctx, choreBatch)
		if n > 0 {
			o.Wake()
		}
		return n, err
	})
}

func (o *Outbox) prune(ctx context.Context) error {
	now, err := o.Store.DatabaseTime(ctx)
	if err != nil {
		return err
	}
	return errors.Join(
		untilDone(ctx, func() (int, error) { return o.Store.PruneOutbox(ctx, now.Add(-keepOutbox), choreBatch) }),
		untilEmpty(ctx, func() (int, error) { return o.Store.PrunePushes(ctx, now.Add(-keepPushes), choreBatch) }),
	)
}

// untilEmpty repeats do while it does anything, a bounded number of times.
func untilEmpty(ctx context.Context, do func() (int, error)) error {
	for range choreRounds {
		n, err := do()
		if err != nil || n == 0 || ctx.Err() != nil {
			return err
		}
	}
	return nil
}

// untilDone repeats do while it does a full batch, a bounded number of times.
func untilDone(ctx context.Context, do func() (int, error)) error {
	for range choreRounds {
		n, err := do()
		if err != nil || n < choreBatch || ctx.Err() != nil {
			return err
		}
	}
	return nil
}

func (o *Outbox) countBacklog(ctx context.Context) error {
	list, err := o.Store.Backlog(ctx)
	if err != nil {
		return err
	}
	o.metrics.backlog.Reset()
	for _, b := range list {
		o.metrics.backlog.WithLabelValues(string(b.Channel), laneName(b.Lane), string(b.State)).Set(float64(b.Count))
	}
	return nil
}
