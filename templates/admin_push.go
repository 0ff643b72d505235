package templates

import (
	"fmt"
	"html/template"
	"strings"

	"github.com/xunjia/xunjia"
)

// AdminPushPage is what the pushes of some days came to, and every round.
type AdminPushPage struct {
	Layout
	Days      int
	Rounds    int // of these days
	Funnel    []xunjia.FunnelStep
	PerDay    []PushDay
	Rows      []PushRoundRow
	Next      string // address of the next part
	CanManage bool
}

// Template implements Page.
func (*AdminPushPage) Template() string { return "admin/push" }

// Spans are the numbers of days to choose from.
func (*AdminPushPage) Spans() []int { return []int{7, 30} }

// PushDay is one day of the charts.
type PushDay struct {
	Label  string // 11/23
	Counts xunjia.PushCounts
}

// Charts draw the days: how many were told, how many of a hundred opened the
// message, and how many quoted.
func (p *AdminPushPage) Charts() []template.HTML {
	var matched, clicked, quoted []Bar
	for _, d := range p.PerDay {
		matched = append(matched, Bar{d.Label, d.Counts.Matched})
		clicked = append(clicked, Bar{d.Label, xunjia.Percent(d.Counts.Clicked, d.Counts.Matched)})
		quoted = append(quoted, Bar{d.Label, d.Counts.Quoted})
	}
	return []template.HTML{
		BarChart("push-matched", "每天推送", "人次", matched), BarChart("push-clicked", "点开率", "%", clicked), BarChart("push-quoted", "每天报价", "条", quoted),
	}
}

// PushRoundRow is one round.
type PushRoundRow struct {
	xunjia.PushRound
	Purchase xunjia.Purchase
}

// Badge is the colour of the round's state.
func (r PushRoundRow) Badge() string {
	switch r.State {
	case xunjia.RoundRunning:
		return "text-bg-success"
	case xunjia.RoundWaiting:
		return "text-bg-info"
	}
	return "text-bg-secondary"
}

// ClickPercent is how many of a hundred opened the message.
func (r PushRoundRow) ClickPercent() int { return xunjia.Percent(r.Counts.Clicked, r.Counts.Matched) }

// AdminPushPurchasePage is the pushes of one purchase.
type AdminPushPurchasePage struct {
	Layout
	Purchase xunjia.Purchase
	Now      xunjia.PurchaseStatus
	Funnel   []xunjia.FunnelStep
	Rounds   []PushRoundRow
	Shown    xunjia.PushRound // whose people are listed
	People   []PushedRow
	Next     string // address of the next part of them
	CanPush  bool   // the purchase is one that is pushed
	CanNext  bool
	CanStop  bool
	NextSize int
	Form     Form // size
}

// Template implements Page.
func (*AdminPushPurchasePage) Template() string { return "admin/push_purchase" }

// PushedRow is a supplier with why he was, or would be, told.
type PushedRow struct {
	Supplier xunjia.User
	Score    int
	Why      string
	Lines    []PushedLine
}

// PushedLine is one line that he was told of.
type PushedLine struct {
	xunjia.Push
	Name string
}

// AdminPushPreviewPage is what another round would do.
type AdminPushPreviewPage struct {
	Layout
	Purchase   xunjia.Purchase
	Refusal    string // why there is nothing to try
	Round      int
	Size       int // 0: everybody
	Candidates int
	Reached    int
	Newcomers  int
	Channels   []Stat
	Cost       xunjia.Fen
	Top        []PushedRow
}

// Template implements Page.
func (*AdminPushPreviewPage) Template() string { return "admin/push_preview" }

// AdminPushSettingsPage changes how purchases are pushed.
type AdminPushSettingsPage struct {
	Layout
	Fields []xunjia.PushSetting // as they are by default
	Form   Form                 // by their names, and sms_thousand
}

// Template implements Page.
func (*AdminPushSettingsPage) Template() string { return "admin/push_settings" }

// Bar is one column of a bar chart.
type Bar struct {
	Label string
	Value int
}

// BarChart draws values of days as columns, as SVG without any style of its own.
// id must be unique on the page.
func BarChart(id, title, unit string, bars []Bar) template.HTML {
	if len(bars) == 0 {
		return ""
	}
	top := 4
	for _, b := range bars {
		top = max(top, b.Value)
	}
	step := 1
	for i := 0; top/step >= 4; i++ {
		step = step * []int{2, 5, 2}[i%3] / []int{1, 2, 1}[i%3] // 1, 2, 5, 10, 20, 50 …
	}
	top = (top + step - 1) / step * step
	y := func(v int) float64 {
		return chartBottom - (chartBottom-chartTop)*float64(v)/float64(top)
	}
	var s strings.Builder
	title = template.HTMLEscapeString(title)
	last := bars[len(bars)-1]
	fmt.Fprintf(&s, `<svg class="bars" viewBox="0 0 %d %d" role="img" aria-labelledby="%s-title %s-desc">`, chartWidth, chartHeight, id, id)
	fmt.Fprintf(&s, `<title id="%s-title">%s</title><desc id="%s-desc">%d 天，最后一天 %s 是 %d%s</desc>`, id, title, id, len(bars), template.HTMLEscapeString(last.Label), last.Value, unit)
	fmt.Fprintf(&s, `<text class="bars-title" x="2" y="11">%s（%s）</text>`, title, unit)
	for v := 0; v <= top; v += step {
		fmt.Fprintf(&s, `<line class="bars-grid" x1="%d" y1="%s" x2="%d" y2="%s"/>`, chartLeft, decimal(y(v)), chartRight, decimal(y(v)))
		fmt.Fprintf(&s, `<text class="bars-y" x="%d" y="%s" dy="4">%d</text>`, chartLeft-6, decimal(y(v)), v)
	}
	slot := float64(chartRight-chartLeft) / float64(len(bars))
	every := (len(bars)*chartLabelGap + chartRight - chartLeft - 1) / (chartRight - chartLeft)
	for i, b := range bars {
		x := chartLeft + slot*float64(i)
		fmt.Fprintf(&s, `<rect class="bars-bar" x="%s" y="%s" width="%s" height="%s" rx="2"><title>%s：%d%s</title></rect>`,
			decimal(x+slot*.15), decimal(y(b.Value)), decimal(slot*.7), decimal(chartBottom-y(b.Value)), template.HTMLEscapeString(b.Label), b.Value, unit)
		if (len(bars)-1-i)%max(every, 1) == 0 {
			fmt.Fprintf(&s, `<text class="bars-x" x="%s" y="%d">%s</text>`, decimal(x+slot/2), chartBottom+18, template.HTMLEscapeString(b.Label))
		}
	}
	s.WriteString(`</svg>`)
	return template.HTML(s.String()) // #nosec G203 -- numbers of ours and escaped text
}
