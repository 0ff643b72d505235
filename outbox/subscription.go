package outbox

import (
	"context"
	"errors"

	"github.com/xunjia/xunjia"
	"github.com/xunjia/xunjia/store"
	"github.com/xunjia/xunjia/wechat"
)

// subscription is a subscription notification in a payload.
type subscription struct {
	OpenID   string            `json:"openid"` // that agreed; need not follow the account
	Template string            `json:"template"`
	Data     map[string]string `json:"data"`
	LongTerm bool              `json:"long_term,omitempty"` // costs no consent
}

// bySubscription is the subscription notification of a notice; false when the
// recipient did not agree to any that can carry it.
func (w *writer) bySubscription(base xunjia.Delivery, d draft, r store.Recipient) (xunjia.Delivery, bool) {
	if len(r.Permits) == 0 || w.o.WeChat == nil {
		return xunjia.Delivery{}, false
	}
	t, ok := wechat.FindSubscription(w.o.templates.subscriptions(), xunjia.SubscriptionTitles(d.notice.Template))
	if !ok || r.Permits[t.ID] == "" {
		return xunjia.Delivery{}, false
	}
	data, err := wechat.FillTemplate(t.PrivateTemplate, d.notice.Fields)
	if err != nil {
		w.o.Log.Warn("a subscription template does not fit its notice", "title", t.Title, "reason", wechat.StaffText(err))
		return xunjia.Delivery{}, false
	}
	body := payload{Title: t.Title, Path: d.notice.Path, Subscription: &subscription{
		OpenID: r.Permits[t.ID], Template: t.ID, Data: data, LongTerm: t.LongTerm,
	}}
	if d.notice.SMS != "" && r.Preferences.Carries(w.event.Kind, xunjia.SMSChannel) {
		body.SMS = &smsPart{Key: d.notice.SMS, Params: d.notice.Params}
	}
	base.Channel, base.Address, base.Payload = xunjia.SubscriptionChannel, body.Subscription.OpenID, body.encode()
	return w.planned(base, "", r), true
}

// takenOver is the payload of a template message that the subscription
// notification takes over from.
func takenOver(wechat string, by xunjia.Delivery) string {
	p, err := decodePayload(wechat)
	next, failed := decodePayload(by.Payload)
	if err != nil || failed != nil {
		return wechat
	}
	p.Subscription = next.Subscription
	return p.encode()
}

// sendSubscription spends one of the consents of the recipient.
func (m *message) sendSubscription(ctx context.Context, body payload) answer {
	part := body.Subscription
	if part == nil || m.o.WeChat == nil {
		return answer{meaning: refused, reason: "投递内容损坏"}
	}
	if !part.LongTerm {
		ok, err := m.o.Store.TakeCredit(ctx, m.o.AppID, part.OpenID, part.Template)
		if err != nil {
			return answer{meaning: notSent, reason: "没有读到订阅次数"}
		}
		if !ok {
			return answer{meaning: refused, reason: "订阅次数已经用完"}
		}
	}
	err := m.o.WeChat.SendSubscription(ctx, wechat.Subscription{
		OpenID: part.OpenID, TemplateID: part.Template, Page: m.o.address(m.d, body.Path), Data: part.Data,
	})
	a := judgeWeChat(m.q.channel, "", err, m.d.Attempt, m.clock.now())
	e, known := errors.AsType[*wechat.APIError](err)
	spent := err == nil || a.meaning == doubtful || known && e.Code == 43101
	if !spent && !part.LongTerm {
		if err := m.o.Store.ReturnCredit(context.WithoutCancel(ctx), m.o.AppID, part.OpenID, part.Template); err != nil {
			m.o.Log.Error("giving back a consent failed", "delivery", m.d.ID, "err", err)
		}
	}
	return a
}
