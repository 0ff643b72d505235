package outbox

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/xunjia/xunjia"
	"github.com/xunjia/xunjia/store"
	"github.com/xunjia/xunjia/wechat"
)

// payload is Delivery.Payload. A delivery by WeChat has Title and either
// Template and Data, or Fields while the account's templates are not known; its
// SMS is what takes over. A delivery by SMS has SMS alone.
type payload struct {
	Title    string               `json:"title,omitempty"`    // of the template message
	Template string               `json:"template,omitempty"` // its id in the account
	Data     map[string]string    `json:"data,omitempty"`
	Fields   []xunjia.NoticeField `json:"fields,omitempty"`
	Path     string               `json:"path,omitempty"` // of the page, from the site's root
	SMS      *smsPart             `json:"sms,omitempty"`
}

// smsPart is a short message.
type smsPart struct {
	Key    string            `json:"key"` // xunjia.SMSNewQuote
	Params map[string]string `json:"params,omitempty"`
	Sealed string            `json:"sealed,omitempty"` // a verification code, for sms.Box
}

func (p payload) encode() string {
	b, err := json.Marshal(p)
	if err != nil {
		panic(err) // strings and maps of strings always marshal
	}
	return string(b)
}

func decodePayload(s string) (p payload, err error) {
	if err := json.Unmarshal([]byte(s), &p); err != nil {
		return p, fmt.Errorf("outbox: payload: %w", err)
	}
	return p, nil
}

// factsFor narrows the facts of an event to what concerns the recipient.
func factsFor(f xunjia.Facts, r store.Recipient) xunjia.Facts {
	if len(r.Categories) > 0 {
		lines := make([]xunjia.Line, 0, len(f.Purchase.Lines))
		for _, l := range f.Purchase.Lines {
			if slices.Contains(r.Categories, l.CategoryID) {
				lines = append(lines, l)
			}
		}
		f.Purchase.Lines = lines
		if len(lines) > 0 {
			f.Line = lines[0]
		}
	}
	if r.QuoteID != 0 {
		f.Quote = xunjia.Quote{ID: r.QuoteID, SupplierID: r.ID, PurchaseID: f.Purchase.ID}
	}
	return f
}

// tell adds to t what the recipient is told of the event: a row in the inbox
// and the deliveries that carry it to him.
func (o *Outbox) tell(t *store.Told, e xunjia.Event, f xunjia.Facts, r store.Recipient, now time.Time) {
	f = factsFor(f, r)
	n, ok := xunjia.NoticeFor(e.Kind, f, r.ID, e.CreatedAt)
	if !ok {
		return
	}
	t.Notifications = append(t.Notifications, xunjia.Notification{
		Type: n.Type, Status: xunjia.Unread, Sender: e.Actor, Receiver: r.ID,
		Title: n.Title, Content: n.Content, Text: n.Text, Path: n.Path, CreatedAt: now,
	})
	d := xunjia.Delivery{
		EventID: e.ID, Kind: e.Kind, Recipient: r.ID, Lane: n.Lane, State: xunjia.DeliveryPending, NextAt: now, CreatedAt: now,
	}
	if e.Kind == xunjia.PurchasePublished {
		d.ExpiresAt = f.Purchase.Deadline
	}
	t.Deliveries = append(t.Deliveries, o.deliveries(d, n, r)...)
}

// deliveries chooses the channels: WeChat for a fan whose template message can
// be written, otherwise SMS when the notice is worth one. A delivery that is
// skipped tells staff why nothing was sent.
func (o *Outbox) deliveries(d xunjia.Delivery, n xunjia.Notice, r store.Recipient) []xunjia.Delivery {
	wx, text := d, d
	wx.Channel, wx.Address = xunjia.WeChatChannel, r.OpenID
	text.Channel, text.Address = xunjia.SMSChannel, string(r.Phone)
	body := payload{Title: n.Template, Path: n.Path}
	if n.SMS != "" {
		body.SMS = &smsPart{Key: n.SMS, Params: n.Params}
	}
	refusal := "没有关注公众号"
	if o.WeChat == nil || n.Template == "" {
		refusal = "这类消息不通过微信发送"
	} else if r.OpenID != "" {
		err := o.bind(&body, n.Fields)
		wx.Payload = body.encode()
		if err == nil {
			return []xunjia.Delivery{wx}
		}
		refusal = wechat.StaffText(err)
	}
	text.Payload = payload{SMS: body.SMS}.encode()
	switch {
	case body.SMS == nil:
		wx.State, wx.Reason = xunjia.DeliverySkipped, refusal+"；这类消息不发短信"
		return []xunjia.Delivery{wx}
	case r.Phone == "":
		wx.State, wx.Reason = xunjia.DeliverySkipped, refusal+"；没有手机号"
		return []xunjia.Delivery{wx}
	case o.SMSCode[body.SMS.Key] == "":
		wx.State, wx.Reason = xunjia.DeliverySkipped, refusal+"；没有配置短信模板 "+body.SMS.Key
		return []xunjia.Delivery{wx}
	case r.OpenID != "" && o.WeChat != nil && n.Template != "":
		wx.State, wx.Reason = xunjia.DeliverySkipped, refusal+"；改发短信"
		return []xunjia.Delivery{wx, text}
	}
	return []xunjia.Delivery{text}
}

// bind fills the account's template with the fields, checking them before
// anything is queued. While the templates are not known it keeps the fields for
// the time of sending.
func (o *Outbox) bind(p *payload, fields []xunjia.NoticeField) error {
	t, err := o.templates.titled(p.Title)
	if errors.Is(err, errTemplatesUnknown) {
		p.Fields = fields
		return nil
	}
	if err != nil {
		return err
	}
	data, err := wechat.FillTemplate(t, fields)
	if err != nil {
		p.Fields = fields // so that it can be sent again once the template is right
		return err
	}
	p.Template, p.Data, p.Fields = t.ID, data, nil
	return nil
}

// fallback is the SMS that takes over from a template message, if it is worth
// one.
func (o *Outbox) fallback(d xunjia.Delivery, now time.Time) (xunjia.Delivery, bool) {
	body, err := decodePayload(d.Payload)
	if err != nil || d.Channel != xunjia.WeChatChannel || body.SMS == nil || o.SMSCode[body.SMS.Key] == "" {
		return xunjia.Delivery{}, false
	}
	if !d.ExpiresAt.IsZero() && !now.Before(d.ExpiresAt) {
		return xunjia.Delivery{}, false
	}
	return xunjia.Delivery{
		EventID: d.EventID, Kind: d.Kind, Recipient: d.Recipient, Channel: xunjia.SMSChannel, Lane: d.Lane,
		State: xunjia.DeliveryPending, Payload: payload{SMS: body.SMS}.encode(),
		NextAt: now, ExpiresAt: d.ExpiresAt, CreatedAt: now,
	}, true
}
