package outbox

import (
	"context"
	"crypto/rand"
	"sync"
	"sync/atomic"
	"time"

	"github.com/xunjia/xunjia"
	"github.com/xunjia/xunjia/store"
)

// queue sends the deliveries of one channel and lane. Every queue has slots of
// its own, so that neither a slow channel nor a mass notice holds up a code.
type queue struct {
	channel xunjia.Channel
	lane    xunjia.Lane
	size    int // messages under way at most
	timeout time.Duration
	wake    signal
	freed   signal // a message is done

	busy    atomic.Int64
	pending sync.WaitGroup
}

func newQueue(channel xunjia.Channel, lane xunjia.Lane, size int) *queue {
	q := &queue{channel: channel, lane: lane, size: size, timeout: wechatTimeout, wake: newSignal(), freed: newSignal()}
	if channel == xunjia.SMSChannel {
		q.timeout = smsTimeout
	}
	return q
}

// lease is how long a claimed delivery belongs to its worker.
func (q *queue) lease() time.Duration { return 3*q.timeout + leaseMargin }

// free is how many more messages may be under way.
func (q *queue) free() int { return q.size - int(q.busy.Load()) }

// runQueue works until ctx is done and every message under way is finished.
func (o *Outbox) runQueue(ctx context.Context, q *queue) {
	defer q.pending.Wait()
	tick := time.NewTicker(o.Poll)
	defer tick.Stop()
	for {
		more := false
		if free := q.free(); free > 0 {
			n, err := o.dispatch(ctx, q, free)
			if err != nil && ctx.Err() == nil {
				o.Log.Error("taking messages from the queue failed", "channel", q.channel, "lane", int(q.lane), "err", err)
				pause(ctx)
			}
			more = err == nil && n == free
		}
		if !o.await(ctx, q, tick.C, more) {
			return
		}
	}
}

// await blocks until there is a reason to claim again; false when ctx is done.
// While more messages wait, every quarter of the slots that becomes free is a
// reason: one message at a time would cost a claim each, all of them together
// would wait for the slowest.
func (o *Outbox) await(ctx context.Context, q *queue, tick <-chan time.Time, more bool) bool {
	for {
		select {
		case <-ctx.Done():
			return false
		case <-tick:
			return true
		case <-q.wake:
			return true
		case <-q.freed:
			if more && q.free() >= max(1, q.size/4) {
				return true
			}
		}
	}
}

// dispatch claims up to limit deliveries and begins to send each; it does not
// wait for them. It answers how many it claimed.
func (o *Outbox) dispatch(ctx context.Context, q *queue, limit int) (int, error) {
	if _, paused := o.stops.find(store.PauseName(q.channel)); paused && q.lane != xunjia.UrgentLane {
		return 0, nil
	}
	clock, err := o.readClock(ctx)
	if err != nil {
		return 0, err
	}
	stop, stopped := o.stops.find(string(q.channel))
	if stopped {
		if clock.now().Before(stop.ProbeAt) {
			return 0, nil
		}
		limit = 1
	}
	if limit = o.allowed(ctx, q, limit); limit == 0 {
		return 0, nil
	}
	now := clock.read
	// What is claimed when ctx ends is put back, which needs to be known.
	claiming, cancel := context.WithTimeout(context.WithoutCancel(ctx), leaseMargin)
	defer cancel()
	list, err := o.Store.ClaimDeliveries(claiming, store.DeliveryClaim{
		Channel: q.channel, Lane: q.lane, Owner: rand.Text(), Now: now, Until: now.Add(q.lease()), Limit: limit,
	})
	o.took(ctx, q, limit, len(list))
	if err != nil {
		return 0, err
	}
	for _, d := range list {
		m := &message{o: o, q: q, d: d, clock: clock}
		if stopped {
			m.probes = stop.Name
		}
		q.busy.Add(1)
		q.pending.Go(func() {
			defer func() {
				q.busy.Add(-1)
				q.freed.send()
			}()
			m.handle(ctx)
		})
	}
	return len(list), nil
}
