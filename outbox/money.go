package outbox

import (
	"context"
	"maps"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/xunjia/xunjia"
	"github.com/xunjia/xunjia/sms"
	"github.com/xunjia/xunjia/store"
)

// shortMessage is an SMS on its way and what it costs.
type shortMessage struct {
	sms.Message
	key      string // xunjia.SMSNewQuote
	segments int
	cost     int64 // in 厘; 0 once it was given back
	day      int   // on whose budget
}

// compose makes the short message of a payload, or an answer that refuses it.
func (m *message) compose(body payload) (text shortMessage, a answer) {
	part := body.SMS
	if part == nil {
		return text, answer{meaning: refused, reason: "投递内容损坏"}
	}
	template := m.o.SMSCode[part.Key]
	if template == "" {
		return text, answer{meaning: refused, reason: "没有配置短信模板 " + part.Key}
	}
	params := part.Params
	if part.Sealed != "" {
		code, err := m.o.Box.Open(xunjia.Phone(m.d.Address), part.Sealed)
		if err != nil {
			return text, answer{meaning: refused, reason: "验证码无法解封，主密钥可能已更换"}
		}
		params = map[string]string{"code": code}
	}
	if m.o.Links != nil && part.Key == xunjia.SMSNewPurchase {
		params = maps.Clone(params)
		params["link"] = strings.TrimPrefix(xunjia.ClickPath, "/") + m.o.Links.Token(m.d.ID)
	}
	text.key = part.Key
	text.Message = sms.Message{Phone: xunjia.Phone(m.d.Address), Template: template, Params: params, OutID: outID(m.d)}
	text.segments = xunjia.SMSSegments(xunjia.SMSText(part.Key, m.o.SMSSign, m.o.BaseURL, params))
	text.day = xunjia.Day(m.clock.now())
	return text, answer{}
}

// outID names the delivery towards the SMS provider, whose report gives it back:
// the id, and the key that nobody else can know.
func outID(d xunjia.Delivery) string { return strconv.FormatInt(d.ID, 10) + "-" + messageKey(d) }

// charge takes what the message costs from the day's budget. When that is used
// up a notice waits for the next morning, or is skipped if it is of no use then;
// done is true. Codes were admitted before they were made (sms.Codes), so they
// are counted and always go.
func (m *message) charge(ctx context.Context, text *shortMessage) (out store.Outcome, done bool) {
	cost := int64(text.segments) * m.o.SMSPrice
	limit := m.o.SMSBudget
	if limit <= 0 || m.d.Kind == xunjia.CodeRequested {
		limit = xunjia.MaxSMSCost
	}
	used, ok, err := m.o.Store.Charge(ctx, xunjia.SMSCostCounter, text.day, cost, limit)
	now := m.clock.now()
	switch {
	case err != nil: // what guards money refuses
		m.o.Log.Error("charging a short message failed", "delivery", m.d.ID, "err", err)
		return putBack(m.d, m.clock.read, now.Add(firstWait), "短信预算暂时读不到，等待重试"), true
	case ok:
		text.cost = cost
		m.o.budget.used(m.o, text.day, used-cost, used)
		return store.Outcome{}, false
	}
	m.o.budget.exhausted(m.o, text.day, used)
	morning := xunjia.DayStart(now).AddDate(0, 0, 1).Add(budgetMorning)
	if !m.d.ExpiresAt.IsZero() && !morning.Before(m.d.ExpiresAt) {
		out := outcomeOf(m.d)
		out.State, out.Reason = xunjia.DeliverySkipped, "今天的短信预算已用完，没有发送"
		return out, true
	}
	return putBack(m.d, m.clock.read, morning, "今天的短信预算已用完，计划 "+xunjia.ShortTime(morning)+" 发送"), true
}

// budgetMorning is when notices go on that found the budget used up.
const budgetMorning = 9 * time.Hour

// refund gives back what a message was charged that was surely not sent.
func (m *message) refund(ctx context.Context, text *shortMessage) {
	if text.cost == 0 {
		return
	}
	if _, _, err := m.o.Store.Charge(ctx, xunjia.SMSCostCounter, text.day, -text.cost, xunjia.MaxSMSCost); err != nil {
		m.o.Log.Error("giving back the price of a short message failed", "delivery", m.d.ID, "err", err)
		return
	}
	text.cost, text.segments = 0, 0
}

// budget raises the alarms of the daily SMS budget.
type budget struct {
	mu  sync.Mutex
	day int // on which it was used up
}

// alarms are the shares of the budget, in per cent, at which staff are warned.
var alarms = []int64{50, 80, 100}

// used warns when the step from before to after crosses a share. Every crossing
// is seen by one instance, because the database counts.
func (b *budget) used(o *Outbox, day int, before, after int64) {
	if o.SMSBudget <= 0 {
		return
	}
	o.metrics.budget.Set(float64(after) / float64(o.SMSBudget))
	for _, share := range alarms {
		if mark := o.SMSBudget * share / 100; before < mark && mark <= after {
			o.Log.Error("the daily SMS budget is running out", "used_percent", share, "day", day,
				"used_yuan", float64(after)/1000, "budget_yuan", float64(o.SMSBudget)/1000)
		}
	}
}

// exhausted warns once a day and instance that notices wait.
func (b *budget) exhausted(o *Outbox, day int, used int64) {
	b.mu.Lock()
	known := b.day == day
	b.day = day
	b.mu.Unlock()
	if !known {
		o.Log.Error("the daily SMS budget is used up, notices wait for tomorrow", "day", day,
			"used_yuan", float64(used)/1000, "budget_yuan", float64(o.SMSBudget)/1000)
	}
}
