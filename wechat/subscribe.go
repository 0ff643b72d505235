package wechat

import (
	"context"
	"strings"

	"github.com/silenceper/wechat/v2/officialaccount/message"
	"github.com/xunjia/xunjia"
)

// Subscription is a subscription notification (订阅通知) to one fan. A one-time
// template allows one message for each time that he agreed; then the platform
// answers 43101.
type Subscription struct {
	OpenID     string
	TemplateID string
	Page       string            // URL opened by a tap; may be empty
	Data       map[string]string // template key → value, from FillTemplate
}

// SendSubscription sends s. The platform has no protection against doubles for
// it: an Ambiguous error must not be retried.
func (a *Account) SendSubscription(ctx context.Context, s Subscription) error {
	in := struct {
		ToUser     string `json:"touser"`
		TemplateID string `json:"template_id"`
		Page       string `json:"page,omitempty"`
		Data       data   `json:"data"`
	}{s.OpenID, s.TemplateID, s.Page, dataOf(s.Data)}
	return a.post(ctx, "/cgi-bin/message/subscribe/bizsend", in, nil)
}

// SubscriptionTemplate is a subscription template of the account.
type SubscriptionTemplate struct {
	PrivateTemplate
	LongTerm bool // may be sent as often as wanted; otherwise once per consent
}

// SubscriptionTemplates lists the account's subscription templates.
func (a *Account) SubscriptionTemplates(ctx context.Context) ([]SubscriptionTemplate, error) {
	var out struct {
		Data []message.PrivateSubscribeItem `json:"data"`
	}
	if err := a.get(ctx, "/wxaapi/newtmpl/gettemplate", nil, &out); err != nil {
		return nil, err
	}
	list := make([]SubscriptionTemplate, len(out.Data))
	for i, t := range out.Data {
		list[i] = SubscriptionTemplate{
			PrivateTemplate: PrivateTemplate{
				ID: t.PriTmplID, Title: t.Title, Content: t.Content, Example: t.Example, Fields: parseTemplate(t.Content),
			},
			LongTerm: t.SubType == 3,
		}
	}
	return list, nil
}

// FindSubscription finds the template whose title has one of the titles in it,
// the first of them that any has.
func FindSubscription(list []SubscriptionTemplate, titles []string) (SubscriptionTemplate, bool) {
	for _, title := range titles {
		for _, t := range list {
			if strings.Contains(t.Title, title) {
				return t, true
			}
		}
	}
	return SubscriptionTemplate{}, false
}

// AddSubscriptionTemplate adds a template of the library by its id with the
// chosen keywords (2 to 5 of its numbers) and answers its id in the account.
func (a *Account) AddSubscriptionTemplate(ctx context.Context, tid string, keywords []int, scene string) (id string, err error) {
	if len(keywords) < 2 || len(keywords) > 5 {
		return "", xunjia.Errorf(xunjia.Invalid, "请选择 2 到 5 个关键词")
	}
	in := map[string]any{"tid": tid, "kidList": keywords, "sceneDesc": scene}
	var out struct {
		ID string `json:"priTmplId"`
	}
	err = a.post(ctx, "/wxaapi/newtmpl/addtemplate", in, &out)
	return out.ID, err
}

// DeleteSubscriptionTemplate removes one from the account.
func (a *Account) DeleteSubscriptionTemplate(ctx context.Context, id string) error {
	return a.post(ctx, "/wxaapi/newtmpl/deltemplate", map[string]string{"priTmplId": id}, nil)
}
