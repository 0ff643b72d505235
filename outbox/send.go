package outbox

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"time"

	"github.com/xunjia/xunjia"
	"github.com/xunjia/xunjia/store"
	"github.com/xunjia/xunjia/wechat"
)

// message is one claimed delivery on its way.
type message struct {
	o      *Outbox
	q      *queue
	d      xunjia.Delivery
	clock  dbClock // read at the claim
	probes string  // name of the stop that this message tries to end; "" for none
}

// handle sends the message, unless something speaks against it, and records
// what became of it. It goes on when ctx ends: a message that has begun is
// finished, within its own time-outs.
func (m *message) handle(ctx context.Context) {
	stopping := ctx.Err() != nil
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopGrace)
	defer cancel()
	claimed := m.clock.read
	if stopping {
		m.settle(ctx, putBack(m.d, claimed, m.clock.now(), ""), "put_back")
		return
	}
	if out, done := before(m.d, claimed, m.clock.now(), m.q.timeout); done {
		m.settle(ctx, out, string(out.State))
		return
	}
	body, err := decodePayload(m.d.Payload)
	if err != nil {
		m.finish(ctx, answer{meaning: refused, reason: "投递内容损坏"}, shortMessage{})
		return
	}
	if next, held := m.held(ctx, body); held {
		m.settle(ctx, putBack(m.d, claimed, next, "通道暂停，等待恢复"), "held")
		return
	}
	var text shortMessage
	if m.q.channel == xunjia.SMSChannel {
		var a answer
		if text, a = m.compose(body); a.meaning == refused {
			m.finish(ctx, a, text)
			return
		}
		if out, done := m.charge(ctx, &text); done {
			m.settle(ctx, out, "budget")
			return
		}
	}
	began := m.o.Clock()
	a := m.send(ctx, body, text)
	m.o.metrics.seconds.WithLabelValues(string(m.q.channel)).Observe(m.o.Clock().Sub(began).Seconds())
	m.o.applyStop(ctx, a, m.probes, m.clock.now())
	if a.meaning == notSent || a.meaning == blocked || a.meaning == refused {
		m.refund(ctx, &text)
	}
	m.finish(ctx, a, text)
}

// held tells that the channel or this kind of message is stopped, and until
// when this one waits; one message a minute passes as a probe.
func (m *message) held(ctx context.Context, body payload) (next time.Time, held bool) {
	name := m.probes
	if name == "" && m.q.channel == xunjia.SMSChannel && body.SMS != nil {
		name = kindStop(body.SMS.Key)
	}
	if name == "" {
		return time.Time{}, false
	}
	stop, stopped := m.o.stops.find(name)
	if !stopped {
		return time.Time{}, false
	}
	now := m.clock.now()
	later := now.Add(probeEvery)
	if !now.Before(stop.ProbeAt) {
		won, err := m.o.Store.ClaimProbe(ctx, name, now, later)
		if err != nil {
			m.o.Log.Error("claiming a probe failed", "stop", name, "err", err)
		}
		if won {
			m.o.stops.postpone(name, later)
			m.probes = name
			return time.Time{}, false
		}
		m.o.stops.postpone(name, later)
	}
	return later.Add(time.Duration(m.o.Random() * float64(probeEvery) / 2)), true
}

// send makes one try.
func (m *message) send(ctx context.Context, body payload, text shortMessage) answer {
	ctx, cancel := context.WithTimeout(ctx, m.q.timeout)
	defer cancel()
	if m.q.channel == xunjia.SMSChannel {
		id, err := m.o.SMS.Send(ctx, text.Message)
		return judgeSMS(id, err, text.key)
	}
	if m.q.channel == xunjia.SubscriptionChannel {
		return m.sendSubscription(ctx, body)
	}
	return m.sendWeChat(ctx, body)
}

func (m *message) sendWeChat(ctx context.Context, body payload) answer {
	if m.o.WeChat == nil {
		return answer{meaning: refused, reason: "没有配置公众号"}
	}
	if body.Template == "" {
		if err := m.o.bind(&body, body.Fields); err != nil {
			return answer{meaning: refused, reason: wechat.StaffText(err)}
		}
	}
	if body.Template == "" {
		return answer{meaning: blocked, reason: "还没有读到公众号的模板列表", wait: leaseMargin}
	}
	began := m.clock.now()
	id, err := m.o.WeChat.SendTemplate(ctx, wechat.TemplateMessage{
		OpenID: m.d.Address, TemplateID: body.Template, URL: m.o.address(m.d, body.Path), Data: body.Data,
		ClientMsgID: messageKey(m.d),
	})
	if e, ok := errors.AsType[*wechat.APIError](err); ok && e.Code == notFollowing {
		if err := m.o.Store.SetSubscribed(ctx, m.o.AppID, m.d.Address, false, began); err != nil {
			m.o.Log.Error("noting that somebody does not follow failed", "delivery", m.d.ID, "err", err)
		}
	}
	return judgeWeChat(m.q.channel, id, err, m.d.Attempt, m.clock.now())
}

// notFollowing is the platform's answer about somebody who does not follow the
// account.
const notFollowing = 43004

// messageKey is the delivery's id towards the channels: the same for every try
// and different for every delivery, also those of another database.
func messageKey(d xunjia.Delivery) string {
	sum := sha256.Sum256(fmt.Appendf(nil, "%d:%d:%d:%d", d.ID, d.EventID, d.Recipient, d.CreatedAt.UnixMilli()))
	return hex.EncodeToString(sum[:16])
}

// finish records what a try led to.
func (m *message) finish(ctx context.Context, a answer, text shortMessage) {
	now := m.clock.now()
	out := after(m.d, a, m.clock.read, now, m.o.Random())
	out.Segments, out.Cost = text.segments, text.cost
	if out.State == xunjia.DeliveryFailed {
		if next, ok := m.o.fallback(m.d, m.clock.read); ok {
			out.Fallback = &next
		}
	}
	m.settle(ctx, out, string(out.State))
	if out.Fallback != nil {
		m.o.wakeQueues()
	}
}

// settle writes the outcome. When that fails the lease runs out, and the next
// worker treats the try as one whose end nobody knows.
func (m *message) settle(ctx context.Context, out store.Outcome, result string) {
	log := m.o.Log.With("delivery", m.d.ID, "event", m.d.EventID, "kind", m.d.Kind, "channel", m.q.channel)
	kept, err := m.o.Store.SettleDelivery(ctx, out)
	switch {
	case err != nil:
		result = "unrecorded"
		log.Error("recording the outcome of a message failed", "state", out.State, "err", err)
	case !kept:
		result = "lease_lost"
		log.Warn("outcome dropped: another worker has the message", "state", out.State)
	case out.State == xunjia.DeliveryDead || out.State == xunjia.DeliveryUnknown || out.State == xunjia.DeliveryFailed:
		log.Warn("message not delivered", "state", out.State, "attempt", out.Attempt, "reason", out.Reason)
	case out.State == xunjia.DeliverySent:
		m.o.metrics.wait.WithLabelValues(string(m.q.channel), laneName(m.q.lane)).
			Observe(out.SentAt.Sub(m.d.CreatedAt).Seconds())
	}
	m.o.metrics.deliveries.WithLabelValues(string(m.q.channel), laneName(m.q.lane), result).Inc()
}

// applyStop stops a channel that takes nothing, and lets one go on whose probe
// came through.
func (o *Outbox) applyStop(ctx context.Context, a answer, probes string, now time.Time) {
	var err error
	if a.stop != "" {
		stop := store.Stop{Name: a.stop, Reason: a.reason, Since: now, ProbeAt: now.Add(a.wait)}
		_, already := o.stops.find(a.stop)
		if !already {
			level := o.Log.Warn
			if a.alarm {
				level = o.Log.Error
			}
			level("sending is stopped; one message a minute tries again", "stop", a.stop, "reason", a.reason, "staff_must_act", a.alarm)
		}
		if probes != a.stop || !already {
			err = o.Store.StopChannel(ctx, stop)
		}
		o.stops.put(stop)
		o.metrics.stopped.WithLabelValues(a.stop).Set(1)
	}
	if probes != "" && probes != a.stop && (a.meaning == accepted || a.meaning == refused) {
		err = errors.Join(err, o.Store.ResumeChannel(ctx, probes))
		o.stops.remove(probes)
		o.metrics.stopped.WithLabelValues(probes).Set(0)
		o.Log.Info("sending goes on", "stop", probes)
		o.wakeQueues()
	}
	if err != nil {
		o.Log.Error("recording the stop of a channel failed", "err", err)
	}
}
