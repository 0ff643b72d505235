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
// Subscription and its SMS are what takes over. A subscription notification has
// Subscription, and SMS; a delivery by SMS has SMS alone.
type payload struct {
	Title    string               `json:"title,omitempty"`    // of the template message
	Template string               `json:"template,omitempty"` // its id in the account
	Data     map[string]string    `json:"data,omitempty"`
	Fields   []xunjia.NoticeField `json:"fields,omitempty"`
	Path     string               `json:"path,omitempty"` // of the page, from the site's root
	SMS      *smsPart             `json:"sms,omitempty"`

	Subscription *subscription `json:"subscription,omitempty"`
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

// writer writes what people are told of one event.
type writer struct {
	o     *Outbox
	event xunjia.Event
	facts xunjia.Facts
	spec  xunjia.EventSpec
	// drafts keeps what was written before: of a purchase, everybody who follows
	// the same of its categories reads the same.
	drafts map[string]draft
}

func (o *Outbox) newWriter(e xunjia.Event, f xunjia.Facts) *writer {
	return &writer{o: o, event: e, facts: f, spec: e.Kind.Spec(), drafts: map[string]draft{}}
}

// draft is a notice in the shape of every channel.
type draft struct {
	ok      bool // there is something to tell
	notice  xunjia.Notice
	wechat  string // payload
	alone   string // the same without the SMS that takes over
	refusal string // why no template message can be written; "" when it can
	sms     string // payload; "" when the notice is not worth an SMS
	expires time.Time
}

// draft writes the notice for the recipient.
func (w *writer) draft(r store.Recipient) draft {
	key := ""
	if w.event.Kind == xunjia.PurchasePublished {
		key = fmt.Sprint(r.Categories)
		if d, ok := w.drafts[key]; ok {
			return d
		}
	}
	var d draft
	f := factsFor(w.facts, r)
	d.notice, d.ok = xunjia.NoticeFor(w.event.Kind, f, r.ID, w.event.CreatedAt)
	if d.ok {
		w.shape(&d)
		if w.event.Kind == xunjia.PurchasePublished {
			d.expires = f.Purchase.Deadline
		}
	}
	if key != "" {
		w.drafts[key] = d
	}
	return d
}

// shape makes the payloads of a notice.
func (w *writer) shape(d *draft) {
	n := d.notice
	body := payload{Title: n.Template, Path: n.Path}
	if n.SMS != "" {
		body.SMS = &smsPart{Key: n.SMS, Params: n.Params}
		d.sms = payload{SMS: body.SMS}.encode()
	}
	if w.o.WeChat == nil || n.Template == "" {
		d.refusal = "这类消息不通过微信发送"
	} else if err := w.o.bind(&body, n.Fields); err != nil {
		d.refusal = wechat.StaffText(err)
	}
	d.wechat = body.encode()
	body.SMS = nil
	d.alone = body.encode()
}

// tell adds to t what the recipient is told: a row in the inbox and the
// deliveries that carry it to him.
func (w *writer) tell(t *store.Told, r store.Recipient, now time.Time) {
	d := w.draft(r)
	if !d.ok {
		return
	}
	n := d.notice
	t.Notifications = append(t.Notifications, xunjia.Notification{
		Type: n.Type, Status: xunjia.Unread, Sender: w.event.Actor, Receiver: r.ID,
		Title: n.Title, Content: n.Content, Text: n.Text, Path: n.Path, Purchase: w.event.PurchaseID, CreatedAt: now,
	})
	base := xunjia.Delivery{
		EventID: w.event.ID, Kind: w.event.Kind, Recipient: r.ID, Lane: n.Lane, State: xunjia.DeliveryPending,
		NextAt: now, CreatedAt: now, ExpiresAt: d.expires,
	}
	t.Deliveries = append(t.Deliveries, w.deliveries(base, d, r)...)
}

// deliveries chooses the channels: the inbox alone for a notice that has neither
// a template message nor an SMS, otherwise WeChat for a fan whose template message can
// be written, otherwise a subscription notification when the recipient agreed to
// one, otherwise SMS when the notice is worth one; each when the recipient
// wants it, and at the time that suits him. A delivery that is skipped tells why
// nothing was sent.
func (w *writer) deliveries(base xunjia.Delivery, d draft, r store.Recipient) []xunjia.Delivery {
	if d.notice.Template == "" && d.sms == "" {
		return nil
	}
	wx := w.byWeChat(base, d, r)
	subscribed, permitted := w.bySubscription(base, d, r)
	if wx.State == xunjia.DeliveryPending {
		if permitted {
			wx.Payload = takenOver(wx.Payload, subscribed)
		}
		return []xunjia.Delivery{wx}
	}
	if permitted && subscribed.State == xunjia.DeliveryPending {
		if r.OpenID == "" {
			return []xunjia.Delivery{subscribed} // nothing to explain
		}
		wx.Reason += "；改发订阅通知"
		return []xunjia.Delivery{wx, subscribed}
	}
	text := w.bySMS(base, d, r)
	switch {
	case text.State != xunjia.DeliveryPending:
		wx.Reason += "；" + text.Reason
		return []xunjia.Delivery{wx}
	case r.OpenID == "":
		return []xunjia.Delivery{text} // nothing to explain
	}
	wx.Reason += "；改发短信"
	return []xunjia.Delivery{wx, text}
}

// byWeChat is the template message, pending or skipped.
func (w *writer) byWeChat(base xunjia.Delivery, d draft, r store.Recipient) xunjia.Delivery {
	base.Channel, base.Address, base.Payload = xunjia.WeChatChannel, r.OpenID, d.wechat
	if !r.Preferences.Carries(w.event.Kind, xunjia.SMSChannel) {
		base.Payload = d.alone
	}
	skip := d.refusal
	if skip == "" && r.OpenID == "" {
		skip = "没有关注公众号"
	}
	return w.planned(base, skip, r)
}

// bySMS is the short message, pending or skipped.
func (w *writer) bySMS(base xunjia.Delivery, d draft, r store.Recipient) xunjia.Delivery {
	base.Channel, base.Address, base.Payload = xunjia.SMSChannel, string(r.Phone), d.sms
	skip := ""
	switch {
	case d.sms == "":
		skip = "这类消息不发短信"
	case r.Phone == "":
		skip = "没有手机号"
	case w.o.SMSCode[d.notice.SMS] == "":
		skip = "没有配置短信模板 " + d.notice.SMS
	}
	return w.planned(base, skip, r)
}

// planned skips the delivery for the given reason, or as the recipient wants,
// or makes it due when it suits him.
func (w *writer) planned(d xunjia.Delivery, skip string, r store.Recipient) xunjia.Delivery {
	plan := r.Preferences.Plan(w.spec, d.Channel, d.NextAt, d.ExpiresAt)
	if skip == "" {
		skip = plan.Skip
	}
	d.NextAt, d.Reason = plan.At, plan.Note
	if skip != "" {
		d.State, d.Reason, d.NextAt = xunjia.DeliverySkipped, skip, d.CreatedAt
	}
	return d
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

// fallback is what takes over from a template message or a subscription
// notification: the latter from the former when the recipient agreed to one, an
// SMS when the notice is worth it.
func (o *Outbox) fallback(d xunjia.Delivery, now time.Time) (xunjia.Delivery, bool) {
	body, err := decodePayload(d.Payload)
	if err != nil || d.Channel == xunjia.SMSChannel || !d.ExpiresAt.IsZero() && !now.Before(d.ExpiresAt) {
		return xunjia.Delivery{}, false
	}
	next := xunjia.Delivery{
		EventID: d.EventID, Kind: d.Kind, Recipient: d.Recipient, Lane: d.Lane, State: xunjia.DeliveryPending,
		NextAt: now, ExpiresAt: d.ExpiresAt, CreatedAt: now,
	}
	switch {
	case d.Channel == xunjia.WeChatChannel && body.Subscription != nil:
		next.Channel, next.Address = xunjia.SubscriptionChannel, body.Subscription.OpenID
		next.Payload = payload{Title: body.Title, Path: body.Path, Subscription: body.Subscription, SMS: body.SMS}.encode()
	case body.SMS != nil && o.SMSCode[body.SMS.Key] != "":
		next.Channel, next.Payload = xunjia.SMSChannel, payload{SMS: body.SMS}.encode()
	default:
		return xunjia.Delivery{}, false
	}
	return next, true
}
