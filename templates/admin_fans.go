package templates

import (
	"time"

	"github.com/xunjia/xunjia"
)

// AdminFansPage lists who follows the account.
type AdminFansPage struct {
	Layout
	Form     Form // the filters: q, state, registered, tag
	Fans     []xunjia.Fan
	Tags     []xunjia.FanTag
	Sync     xunjia.FanSync
	Next     string // address of the next part
	Filtered bool
	CanEdit  bool
}

// Template implements Page.
func (*AdminFansPage) Template() string { return "admin/fans" }

// Percent is how far a sync has come.
func (p *AdminFansPage) Percent() int {
	if p.Sync.Total == 0 {
		return 0
	}
	return int(min(100, p.Sync.Done*100/p.Sync.Total))
}

// AdminFanPage shows one fan.
type AdminFanPage struct {
	Layout
	Fan     xunjia.Fan
	Form    Form
	Has     []xunjia.FanTag
	More    []xunjia.FanTag // the others
	Sent    []FanDelivery
	CanEdit bool
	Talk    int64 // id of his conversation; 0: he has said nothing yet
}

// Template implements Page.
func (*AdminFanPage) Template() string { return "admin/fan" }

// FanDelivery is a notification that was sent to a fan.
type FanDelivery struct {
	Kind, Channel, State, Reason string
	At                           time.Time
}

// AdminTagsPage lists the account's tags.
type AdminTagsPage struct {
	Layout
	Form    Form
	Tags    []xunjia.FanTag
	Most    int
	CanEdit bool
	Asked   int64 // the tag that is about to be deleted
}

// Template implements Page.
func (*AdminTagsPage) Template() string { return "admin/fan_tags" }
