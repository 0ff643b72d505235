package outbox

import (
	"context"

	"github.com/xunjia/xunjia"
)

// Rates shares out among all instances how many messages a channel is given;
// *store.Rates is one.
type Rates interface {
	Take(ctx context.Context, name string, perSecond float64, want, reserve int) int
	Use(ctx context.Context, name string, perSecond float64, n int)
}

// allowed is how many of limit messages the queue may take now. Codes never
// wait; mass messages leave a quarter of the rate to those that concern somebody
// directly.
func (o *Outbox) allowed(ctx context.Context, q *queue, limit int) int {
	perSecond := o.PerSecond[q.channel]
	if o.Rates == nil || perSecond <= 0 || q.lane == xunjia.UrgentLane {
		return limit
	}
	reserve := 0
	if q.lane == xunjia.MassLane {
		reserve = int(perSecond / 4)
	}
	return o.Rates.Take(ctx, string(q.channel), perSecond, limit, reserve)
}

// took settles with the bucket once it is known how many of the allowed messages
// there were.
func (o *Outbox) took(ctx context.Context, q *queue, allowed, n int) {
	perSecond := o.PerSecond[q.channel]
	switch {
	case o.Rates == nil || perSecond <= 0:
	case q.lane == xunjia.UrgentLane:
		o.Rates.Use(ctx, string(q.channel), perSecond, n)
	default:
		o.Rates.Use(ctx, string(q.channel), perSecond, n-allowed)
	}
}
