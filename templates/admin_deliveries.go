package templates

import (
	"fmt"
	"html/template"
	"strings"
	"time"

	"github.com/xunjia/xunjia"
)

// Li is an amount in 厘, a thousandth of a yuan.
type Li int64

// String writes yuan with two or, when needed, three decimals: 0.045.
func (l Li) String() string {
	return strings.TrimSuffix(fmt.Sprintf("%d.%03d", l/1000, l%1000), "0")
}

// DeliveryRow is one message to one person.
type DeliveryRow struct {
	ID         int64
	Kind       string
	Channel    string
	Name       string // of the user; "" for whoever is none
	To         string // address, masked
	State      string
	Good, Lost bool
	Reason     string
	Attempt    int
	At, SentAt time.Time
	Planned    time.Time // when it is tried next; zero unless it waits
	Segments   int
	Cost       Li
}

// Badge is the colour of the state.
func (r DeliveryRow) Badge() string {
	switch {
	case r.Good:
		return "text-bg-success"
	case r.Lost:
		return "text-bg-danger"
	}
	return "text-bg-secondary"
}

// AdminDeliveriesPage lists messages.
type AdminDeliveriesPage struct {
	Layout
	Form      Form // the filters
	Rows      []DeliveryRow
	Next      string // address of the next part
	Export    string // address of the workbook
	CanResend bool
}

// Template implements Page.
func (*AdminDeliveriesPage) Template() string { return "admin/deliveries" }

// States are the groups of states to choose from.
func (*AdminDeliveriesPage) States() []Option {
	return []Option{{Value: "lost", Text: "没有成功"}, {Value: "waiting", Text: "等待发送"}, {Value: "sent", Text: "已发出"}, {Value: "delivered", Text: "已送达"}, {Value: "skipped", Text: "不需要发"}, {Value: "dead", Text: "已放弃"}}
}

// Channels are the channels to choose from.
func (*AdminDeliveriesPage) Channels() []Option {
	return []Option{{Value: "wechat", Text: "微信"}, {Value: "subscription", Text: "订阅通知"}, {Value: "sms", Text: "短信"}}
}

// Kinds are the kinds of events to choose from.
func (*AdminDeliveriesPage) Kinds() []Option {
	var list []Option
	for _, spec := range xunjia.Catalogue() {
		list = append(list, Option{Value: string(spec.Kind), Text: spec.Name})
	}
	return list
}

// AnyLost tells that a row of the page can be sent again.
func (p *AdminDeliveriesPage) AnyLost() bool {
	for _, r := range p.Rows {
		if r.Lost && p.CanResend {
			return true
		}
	}
	return false
}

// Here is the address of the list as it is shown.
func (p *AdminDeliveriesPage) Here() string { return "/admin/deliveries?" + p.Form.Values.Encode() }

// AdminDeliveryPage is one message with what led to it.
type AdminDeliveryPage struct {
	Layout
	DeliveryRow
	Others     []DeliveryRow // of the same event to the same person
	Event      xunjia.Event
	Recipient  int64
	Inbox      xunjia.Notification
	Content    xunjia.DeliveryContent
	MessageID  string
	FirstTryAt time.Time
	ExpiresAt  time.Time
	CanResend  bool
	Twice      bool // it may have arrived already
	Complaint  string
}

// Template implements Page.
func (*AdminDeliveryPage) Template() string { return "admin/delivery" }

// AdminDeadEventsPage lists events that were given up.
type AdminDeadEventsPage struct {
	Layout
	Rows     []DeadEventRow
	Next     string
	CanRetry bool
}

// Template implements Page.
func (*AdminDeadEventsPage) Template() string { return "admin/dead_events" }

// DeadEventRow is one of them.
type DeadEventRow struct {
	xunjia.Event
	ToldTo int64
	Reason string
}

// Name is the kind's Chinese name.
func (r DeadEventRow) Name() string { return r.Kind.Spec().Name }

// SMSCounts is what became of short messages and what they cost.
type SMSCounts struct {
	Sent, Delivered, Lost, Waiting, Segments int
	Cost                                     Li
}

// Add counts messages of a state.
func (c *SMSCounts) Add(state xunjia.DeliveryState, n, segments int, cost int64) {
	switch state {
	case xunjia.DeliverySent:
		c.Sent += n
	case xunjia.DeliveryDelivered:
		c.Delivered += n
	case xunjia.DeliveryPending, xunjia.DeliverySending:
		c.Waiting += n
	default:
		c.Lost += n
	}
	c.Segments += segments
	c.Cost += Li(cost)
}

// SMSKind is the short messages about one kind of event.
type SMSKind struct {
	Name string
	SMSCounts
}

// SMSDay is one day of the chart.
type SMSDay struct {
	Label string // 11/23
	Cost  Li
}

// AdminSMSPage is what short messages cost and what became of them.
type AdminSMSPage struct {
	Layout
	Spent, Budget Li // of today; Budget 0: no limit
	Today         SMSCounts
	Kinds         []SMSKind
	Days          []SMSDay
	Rows          []DeliveryRow
	Next          string
	ReportURL     string // where the provider reports to; "" when this person may not see it
	ReplyURL      string
}

// Template implements Page.
func (*AdminSMSPage) Template() string { return "admin/sms" }

// Used is how many per cent of the budget are used, at most 100.
func (p *AdminSMSPage) Used() int {
	if p.Budget == 0 {
		return 0
	}
	return int(min(100, 100*p.Spent/p.Budget))
}

// Alarm is how loud the budget's bar is.
func (p *AdminSMSPage) Alarm() string {
	switch used := p.Used(); {
	case used >= 80:
		return "bg-danger"
	case used >= 50:
		return "bg-warning"
	}
	return "bg-success"
}

// Chart draws the cost of each day in yuan.
func (p *AdminSMSPage) Chart() template.HTML {
	var bars []Bar
	for _, d := range p.Days {
		bars = append(bars, Bar{d.Label, int((d.Cost + 500) / 1000)})
	}
	return BarChart("sms-cost", "每天的短信费用", "元", bars)
}

// AdminChannelsPage is how the channels are doing.
type AdminChannelsPage struct {
	Layout
	Form      Form // of a pause
	Channels  []ChannelState
	CanManage bool
}

// Template implements Page.
func (*AdminChannelsPage) Template() string { return "admin/channels" }

// ChannelState is one channel.
type ChannelState struct {
	Channel string // wechat
	Name    string
	Paused  *StopRow // by staff
	Stops   []StopRow
	Waiting []Count
}
