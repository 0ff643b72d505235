package templates

import (
	"fmt"
	"time"

	"github.com/xunjia/xunjia"
)

// AdminTemplatesPage lists every notice with the template that carries it.
type AdminTemplatesPage struct {
	Layout
	Problem string // why the account's templates could not be read
	Rows    []TemplateRow
}

// Template implements Page.
func (*AdminTemplatesPage) Template() string { return "admin/templates" }

// TemplateRow is one notice.
type TemplateRow struct {
	Title      string
	Labels     []string
	ID         string // of the template; "" when the account has none
	Chosen     bool   // by staff, not by title
	Complaints []string
}

// AdminTemplatePage is one notice: its template, fields and a preview.
type AdminTemplatePage struct {
	Layout
	Form          Form
	Spec          xunjia.TemplateSpec
	Problem       string
	Gone          bool // staff chose a template that the account no longer has
	Choices       []Option
	TemplateID    string
	TemplateTitle string
	Chosen        bool
	Fields        []TemplateField
	Unused        []string // labels of ours that the template does not show
	Now           time.Time
}

// Template implements Page.
func (*AdminTemplatePage) Template() string { return "admin/template" }

// Sendable tells whether the preview can be sent as it is.
func (p *AdminTemplatePage) Sendable() bool {
	for _, f := range p.Fields {
		if f.Complaint != "" {
			return false
		}
	}
	return len(p.Fields) > 0
}

// TemplateField is one line of a template with a sample.
type TemplateField struct {
	Label, Key, Kind       string
	Given, Sent, Complaint string
	Shortened              bool
}

// AdminHealthPage tells how the official account is doing.
type AdminHealthPage struct {
	Layout
	AppID       string
	Now         time.Time
	Problems    []string
	Parts       []Part
	Credentials []CredentialRow
	Callback    *CallbackStats // nil without an account
	Stops       []StopRow
	Channels    []ChannelToday
	CodesUsed   int64 // verification codes today
	CodesBudget int64 // 0: unknown
	Errors      []CallError
}

// Template implements Page.
func (*AdminHealthPage) Template() string { return "admin/health" }

// Part is something that the account needs.
type Part struct {
	Name string
	OK   bool
	Text string
}

// CredentialRow is a token or a ticket; zero times are unknown.
type CredentialRow struct {
	Name, Masked        string
	ExpiresAt           time.Time
	FetchedAt           time.Time // by this instance
	Left, Age, Lifetime time.Duration
}

// CallbackStats is the callback's last hour.
type CallbackStats struct {
	Mode          string
	Count         int
	P50, P95, Max time.Duration
	Refused       []Count // since the start
}

// ChannelToday is what became of today's messages on a channel.
type ChannelToday struct {
	Name                  string
	Sent, Waiting, Failed int
}

// CallError is a call to the platform that failed.
type CallError struct {
	At   time.Time
	API  string
	Text string
}

// minutes writes a duration for people: 1 小时 20 分钟.
func minutes(d time.Duration) string {
	m := int(d / time.Minute)
	switch {
	case d < 0:
		return "已过期"
	case m >= 60:
		return fmt.Sprintf("%d 小时 %d 分钟", m/60, m%60)
	case m > 0:
		return fmt.Sprintf("%d 分钟", m)
	}
	return "不到 1 分钟"
}

// milliseconds writes a latency: 12 毫秒.
func milliseconds(d time.Duration) string {
	return fmt.Sprintf("%.1f 毫秒", float64(d)/float64(time.Millisecond))
}
