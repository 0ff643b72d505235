package outbox

import (
	"context"
	"crypto/rand"
	"errors"
	"time"

	"github.com/xunjia/xunjia"
	"github.com/xunjia/xunjia/store"
)

// expander tells people of the events of one lane, one event at a time.
type expander struct {
	lane xunjia.Lane
	wake signal
}

// runExpander works until ctx is done.
func (o *Outbox) runExpander(ctx context.Context, e *expander) {
	tick := time.NewTicker(o.Poll)
	defer tick.Stop()
	for {
		worked, err := o.expandNext(ctx, e.lane)
		switch {
		case ctx.Err() != nil:
			return
		case err != nil:
			o.Log.Error("telling people of an event failed", "err", err)
			pause(ctx)
			continue
		case worked:
			continue
		}
		select {
		case <-ctx.Done():
			return
		case <-e.wake:
		case <-tick.C:
		}
	}
}

// pause waits a second, after a failure that is probably the database's.
func pause(ctx context.Context) {
	select {
	case <-ctx.Done():
	case <-time.After(time.Second):
	}
}

// expandNext takes the next event of the lane; false when there is none.
func (o *Outbox) expandNext(ctx context.Context, lane xunjia.Lane) (bool, error) {
	clock, err := o.readClock(ctx)
	if err != nil {
		return false, err
	}
	now := clock.now()
	claiming, cancel := context.WithTimeout(context.WithoutCancel(ctx), leaseMargin)
	defer cancel()
	job, ok, err := o.Store.ClaimEvent(claiming, store.EventClaim{Lane: lane, Owner: rand.Text(), Now: now, Until: now.Add(eventLease)})
	if err != nil || !ok {
		return false, err
	}
	err = o.expand(ctx, clock, job)
	switch {
	case err == nil:
		o.metrics.events.WithLabelValues(string(job.Event.Kind), "told").Inc()
		return true, nil
	case xunjia.ErrorCode(err) == xunjia.Conflict: // the lease was lost
		return true, nil
	}
	return true, errors.Join(err, o.postpone(ctx, clock, job, err))
}

// postpone gives back an event that could not be told to everybody.
func (o *Outbox) postpone(ctx context.Context, clock dbClock, job store.EventJob, cause error) error {
	p := store.Postponed{EventID: job.Event.ID, Owner: job.Owner, NextAt: clock.now()}
	if ctx.Err() == nil { // otherwise the event is not to blame
		p.NextAt = p.NextAt.Add(backoff(job.Attempt, o.Random()))
		p.Dead = job.Attempt >= maxAttempts
		p.Reason = cause.Error()
		result := "postponed"
		if p.Dead {
			result = "dead"
			o.Log.Error("giving up on an event", "event", job.Event.ID, "kind", job.Event.Kind)
		}
		o.metrics.events.WithLabelValues(string(job.Event.Kind), result).Inc()
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), leaseMargin)
	defer cancel()
	return o.Store.PostponeEvent(ctx, p)
}

// expand tells everybody whom the event concerns, batch by batch. Each batch is
// one transaction that also remembers where to go on, so that another worker
// can take over at any point.
func (o *Outbox) expand(ctx context.Context, clock dbClock, job store.EventJob) error {
	facts, err := o.Store.EventFacts(ctx, job.Event)
	if err != nil {
		return err
	}
	if err := o.Store.AwardGrowth(ctx, job.Event, facts); err != nil {
		return err
	}
	if job.Event.Kind == xunjia.PurchasePublished {
		return o.push(ctx, clock, job, facts)
	}
	if job.Event.Kind == xunjia.PurchaseClosed || job.Event.Kind == xunjia.PurchaseEnded {
		if err := o.withdrawPushes(ctx, job.Event); err != nil {
			return err
		}
	}
	writer := o.newWriter(job.Event, facts)
	query := store.AudienceQuery{Facts: facts, AppID: o.AppID, After: job.ToldTo, Limit: o.Batch}
	for {
		told := store.Told{EventID: job.Event.ID, Owner: job.Owner, To: query.After}
		var people []store.Recipient
		var next int64
		if !obsolete(job.Event, facts.Purchase, clock.now()) {
			if people, next, err = o.Store.Audience(ctx, job.Event, query); err != nil {
				return err
			}
		}
		for _, r := range people {
			// Due at a moment that the database has certainly passed.
			writer.tell(&told, r, clock.read)
		}
		told.Done = next == 0
		told.To = max(told.To, next)
		told.Until = clock.now().Add(eventLease)
		if err := o.Store.Tell(ctx, told); err != nil {
			return err
		}
		o.metrics.told.Add(float64(len(told.Notifications)))
		o.wakeQueues()
		if told.Done {
			return nil
		}
		query.After = next
	}
}

// withdrawPushes keeps back what still waits to tell suppliers of a purchase that
// takes no quotes any more.
func (o *Outbox) withdrawPushes(ctx context.Context, e xunjia.Event) error {
	reason := "采购单已结束报价，没有发送"
	if e.Kind == xunjia.PurchaseClosed {
		reason = "采购单已关闭，没有发送"
	}
	for {
		n, err := o.Store.WithdrawPushes(ctx, e.PurchaseID, reason, o.Batch)
		if err != nil || n == 0 {
			return err
		}
	}
}

// obsolete tells that nobody needs to hear of the event any more: a request for
// quotes that takes none.
func obsolete(e xunjia.Event, p xunjia.Purchase, now time.Time) bool {
	return e.Kind == xunjia.SupplierInvited && p.StatusAt(now) != xunjia.WaitingForQuote
}
