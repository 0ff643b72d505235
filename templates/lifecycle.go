package templates

import (
	"net/url"
	"time"

	"github.com/xunjia/xunjia"
)

// ReasonPage asks why a purchase or a line shall be closed. With the script its
// middle is shown in a dialog on the page before.
type ReasonPage struct {
	Layout
	Heading string
	Text    string
	Points  []string // what follows from it
	Action  string   // where the form goes
	Button  string
	Form    Form     // reason
	Suggest []string // reasons to pick; nil: those for closing

	Optional bool   // it can be left out
	Ask      string // what to write; "": that suppliers read it
}

// Template implements Page.
func (*ReasonPage) Template() string { return "reason" }

// Phrases are reasons to pick instead of typing.
func (p *ReasonPage) Phrases() []string {
	if p.Suggest != nil {
		return p.Suggest
	}
	return []string{"采购计划取消", "已从其他渠道买到", "预算有变", "要求写错了，重新发布"}
}

// DeadlinePage asks for a new deadline, to put the old one off or to let
// suppliers quote again.
type DeadlinePage struct {
	Layout
	Purchase xunjia.Purchase
	Reopen   bool
	Form     Form // deadline, deadline_at
	Earliest string
	Latest   string
}

// Template implements Page.
func (*DeadlinePage) Template() string { return "deadline" }

// Choices are the ways to name the deadline: days from the present one, or from
// now when it is over, or "at" for an exact time.
func (*DeadlinePage) Choices() []Option {
	return []Option{{Value: "3", Text: "3 天"}, {Value: "7", Text: "7 天"}, {Value: "15", Text: "15 天"}, {Value: "30", Text: "30 天"}, {Value: "at", Text: "指定时间"}}
}

func lifecycleSamples(now time.Time) []Sample {
	p := samplePurchases(now)[0].Purchase
	reason := &ReasonPage{Layout: sampleLayout("关闭采购单", ""), Heading: "关闭这张采购单？", Text: "黄连、当归等3个品种，已收到 5 条报价。",
		Points: []string{"供应商不能再报价", "报过价的供应商会收到原因", "以后可以重新开放"}, Action: "/purchases/1/close", Button: "关闭采购单",
		Form: Form{Values: url.Values{"reason": {"无"}}, Errors: map[string]string{"reason": "请写明原因，报过价的供应商会看到"}}}
	extend := &DeadlinePage{Layout: sampleLayout("延长报价", ""), Purchase: p, Form: Form{Values: url.Values{"deadline": {"7"}}}, Earliest: "2026-11-26T12:00", Latest: "2027-11-26T12:00"}
	reopen := &DeadlinePage{Layout: sampleLayout("重新开放", ""), Purchase: p, Reopen: true, Form: Form{Values: url.Values{"deadline": {"at"}}, Errors: map[string]string{"deadline": "截止时间至少在 30 分钟以后"}}, Earliest: "2026-11-26T12:00", Latest: "2027-11-26T12:00"}
	return []Sample{{"reason", reason}, {"deadline", extend}, {"deadline reopen", reopen}}
}
