package handlers

import (
	"context"

	"github.com/xunjia/xunjia/store"
	"github.com/xunjia/xunjia/wechat"
)

// notWanted is the platform's code for a fan who has refused a subscription
// template.
const notWanted = 43101

// countCredits keeps count of the subscription notifications that fans permit
// and hands every other push on.
func (s *Site) countCredits(next wechat.Handler) wechat.Handler {
	return func(ctx context.Context, m wechat.Message) (wechat.Reply, error) {
		var changes []store.CreditChange
		switch body := m.Body.(type) {
		case wechat.SubscriptionAnswers:
			popup := m.Event == "subscribe_msg_popup_event"
			for _, a := range body {
				switch {
				case a.Accepted && popup: // each question answered yes permits one message
					changes = append(changes, store.CreditChange{TemplateID: a.TemplateID, Add: 1})
				case !a.Accepted && !popup: // switched off in the account's settings
					changes = append(changes, store.CreditChange{TemplateID: a.TemplateID, Clear: true})
				}
			}
		case wechat.SubscriptionResults:
			for _, r := range body {
				if r.Code == notWanted {
					changes = append(changes, store.CreditChange{TemplateID: r.TemplateID, Clear: true})
				}
			}
		default:
			return next(ctx, m)
		}
		if len(changes) == 0 {
			return nil, nil
		}
		return nil, s.Store.ChangeCredits(ctx, m.AppID, m.OpenID, m.Key, changes)
	}
}
