package outbox

import (
	"maps"
	"slices"
	"strings"

	"github.com/xunjia/xunjia"
)

// Content is what a delivery says, for staff. A verification code is not shown.
func (o *Outbox) Content(d xunjia.Delivery) xunjia.DeliveryContent {
	body, err := decodePayload(d.Payload)
	if err != nil { // erased, as codes are once they were sent
		return xunjia.DeliveryContent{}
	}
	c := xunjia.DeliveryContent{Title: body.Title, Path: body.Path}
	if d.Channel == xunjia.SMSChannel {
		c = xunjia.DeliveryContent{}
		if part := body.SMS; part != nil {
			params := maps.Clone(part.Params)
			if part.Sealed != "" {
				params = map[string]string{"code": "******"}
			}
			if part.Key == xunjia.SMSNewPurchase && o.Links != nil {
				params["link"] = strings.TrimPrefix(xunjia.ClickPath, "/") + "…"
			}
			c.Title, c.Text = xunjia.SMSName(part.Key), xunjia.SMSText(part.Key, o.SMSSign, o.BaseURL, params)
		}
		return c
	}
	c.Fields = body.Fields
	template, _ := o.templates.titled(body.Title)
	data := body.Data
	if part := body.Subscription; part != nil && d.Channel == xunjia.SubscriptionChannel {
		template, data = o.templates.subscription(part.Template), part.Data
	}
	labels := map[string]string{}
	for _, f := range template.Fields {
		labels[f.Key] = f.Label
		if value, ok := data[f.Key]; ok {
			c.Fields = append(c.Fields, xunjia.NoticeField{Label: f.Label, Value: value})
		}
	}
	for _, key := range slices.Sorted(maps.Keys(data)) {
		if labels[key] == "" { // the account's template is another one now
			c.Fields = append(c.Fields, xunjia.NoticeField{Label: key, Value: data[key]})
		}
	}
	return c
}
