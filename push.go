package xunjia

import (
	"fmt"
	"strconv"
	"time"
)

// RoundState tells how far a round of pushes has come. The numbers are stored.
type RoundState int

// The states. RoundAction tells who moves a round between them.
const (
	RoundRunning  RoundState = 1 // 推送中
	RoundWaiting  RoundState = 2 // 等待反馈
	RoundFollowed RoundState = 3 // 已接下一轮
	RoundStopped  RoundState = 4 // 已停止
)

// RoundStates lists every state.
func RoundStates() []RoundState {
	return []RoundState{RoundRunning, RoundWaiting, RoundFollowed, RoundStopped}
}

// String is the state's Chinese name.
func (s RoundState) String() string {
	switch s {
	case RoundRunning:
		return "推送中"
	case RoundWaiting:
		return "等待反馈"
	case RoundFollowed:
		return "已接下一轮"
	case RoundStopped:
		return "已停止"
	}
	return ""
}

// RoundAction moves a round from one state to another.
type RoundAction string

// The actions.
const (
	FinishRound RoundAction = "finish" // everybody of the round has been told
	FollowRound RoundAction = "follow" // by the clock or staff: the next one begins
	StopRound   RoundAction = "stop"   // by the clock or staff
	ResumeRound RoundAction = "resume" // the purchase takes quotes again
)

// RoundActions lists every action.
func RoundActions() []RoundAction {
	return []RoundAction{FinishRound, FollowRound, StopRound, ResumeRound}
}

// After is the transition table of rounds.
func (s RoundState) After(a RoundAction) (RoundState, error) {
	switch {
	case a == FinishRound && s == RoundRunning:
		return RoundWaiting, nil
	case a == FollowRound && (s == RoundWaiting || s == RoundStopped):
		return RoundFollowed, nil
	case a == StopRound && (s == RoundRunning || s == RoundWaiting):
		return RoundStopped, nil
	case a == ResumeRound && s == RoundStopped:
		return RoundWaiting, nil
	}
	return s, Errorf(Conflict, "这一轮推送现在是“%s”，不能进行这个操作", s)
}

// PushRound is one push of a purchase to a chosen set of suppliers.
type PushRound struct {
	ID         int64
	PurchaseID int64
	Number     int // from 1
	EventID    int64
	State      RoundState
	Wanted     int  // people; 0: everybody
	Exhausted  bool // nobody was left after it
	Reason     string
	StaffID    int64 // who asked for it; 0: the program
	CreatedAt  time.Time
	ToldAt     time.Time // zero while it runs
	NextAt     time.Time // when it is judged
	CountedAt  time.Time // when Counts was counted
	Counts     PushCounts
}

// PushCounts is a funnel: pushes of one line to one person. Capped were left
// out; the others follow each other.
type PushCounts struct {
	Matched, Capped, Sent, Delivered, Clicked, Quoted, Declined, Accepted int
}

// Plus adds up.
func (c PushCounts) Plus(o PushCounts) PushCounts {
	return PushCounts{
		c.Matched + o.Matched, c.Capped + o.Capped, c.Sent + o.Sent, c.Delivered + o.Delivered,
		c.Clicked + o.Clicked, c.Quoted + o.Quoted, c.Declined + o.Declined, c.Accepted + o.Accepted,
	}
}

// FunnelStep is one step of the funnel.
type FunnelStep struct {
	Name    string
	Count   int
	Percent int    // of the matched
	Share   string // the same in words, finer where it is little: 0.3%
}

// Funnel lists the steps in their order.
func (c PushCounts) Funnel() []FunnelStep {
	steps := []FunnelStep{
		{Name: "匹配", Count: c.Matched}, {Name: "发出", Count: c.Sent}, {Name: "送达", Count: c.Delivered},
		{Name: "点开", Count: c.Clicked}, {Name: "报价", Count: c.Quoted}, {Name: "被接受", Count: c.Accepted},
	}
	for i := range steps {
		s := &steps[i]
		s.Percent, s.Share = Percent(s.Count, c.Matched), share(s.Count, c.Matched)
	}
	return steps
}

// share writes a percentage, below ten with one decimal.
func share(part, whole int) string {
	if whole <= 0 {
		return "—"
	}
	if p := float64(part) * 100 / float64(whole); part > 0 && p < 9.95 {
		return strconv.FormatFloat(p, 'f', 1, 64) + "%"
	}
	return strconv.Itoa(Percent(part, whole)) + "%"
}

// Percent is part of whole, rounded; 0 of nothing.
func Percent(part, whole int) int {
	if whole <= 0 {
		return 0
	}
	return (part*200 + whole) / (2 * whole)
}

// Push is one line told to one supplier.
type Push struct {
	LineID     int64
	SupplierID int64
	RoundID    int64
	Score      int
	Why        string
	CreatedAt  time.Time
	ClickedAt  time.Time
	QuotedAt   time.Time
	DeclinedAt time.Time
}

// Result says in a word what became of it.
func (p Push) Result() string {
	switch {
	case !p.QuotedAt.IsZero():
		return "已报价"
	case !p.DeclinedAt.IsZero():
		return "已婉拒"
	case !p.ClickedAt.IsZero():
		return "已点开"
	}
	return "未点开"
}

// FirstRound is how many people the first round wants of so many followers; 0
// for all of them.
func (s PushSettings) FirstRound(followers int) int {
	if s.FirstSize == 0 || followers <= s.EverybodyUpTo {
		return 0
	}
	return s.FirstSize
}

// NextRound is how many people the round after one of that size wants.
func (s PushSettings) NextRound(size int) int {
	return min(max(size, 1)*s.GrowthPercent/100, MaxRoundSize)
}

// PushStep is what to do with a round whose time has come.
type PushStep struct {
	Action RoundAction // FollowRound, StopRound; "" to go on waiting
	Size   int         // of the next round
	Reason string      // for staff
}

// Wait is how long a round is given before it is judged.
func (s PushSettings) Wait() time.Duration { return time.Duration(s.WaitMinutes) * time.Minute }

// Steer judges the purchase's last round, which waits, by what was measured.
// After the first wait enough clicks or quotes are a reason to wait once more;
// after the next ones only quotes are, for every wait as many.
func (s PushSettings) Steer(p Purchase, r PushRound, now time.Time) PushStep {
	stop := func(reason string, args ...any) PushStep {
		return PushStep{Action: StopRound, Reason: fmt.Sprintf(reason, args...)}
	}
	status := p.StatusAt(now)
	waits := max(1, int(now.Sub(r.ToldAt)/max(s.Wait(), time.Minute)))
	clicked := Percent(r.Counts.Clicked, r.Counts.Matched)
	switch {
	case p.Mode == InvitedMode:
		return stop("改为只邀请供应商报价")
	case status != WaitingForQuote:
		return stop("采购单%s", status)
	case len(s.WantedLines(p, now)) == 0:
		return stop("每个品种都有 %d 条以上报价", s.EnoughQuotes)
	case r.Exhausted:
		return stop("没有更多可以推送的供应商")
	case r.Number >= s.MaxRounds:
		return stop("已推送 %d 轮", r.Number)
	case r.Counts.Quoted >= s.RoundQuotes*waits:
		return PushStep{Reason: fmt.Sprintf("本轮有 %d 条报价，继续等待", r.Counts.Quoted)}
	case waits == 1 && r.Counts.Matched > 0 && r.Counts.Clicked*100 >= s.ClickPercent*r.Counts.Matched:
		return PushStep{Reason: fmt.Sprintf("点开率 %d%%，继续等待报价", clicked)}
	}
	return PushStep{
		Action: FollowRound, Size: s.NextRound(max(r.Wanted, r.Counts.Matched)),
		Reason: fmt.Sprintf("第 %d 轮点开率 %d%%，报价 %d 条，不够", r.Number, clicked, r.Counts.Quoted),
	}
}

// WantedLines are the lines that still take quotes and have too few.
func (s PushSettings) WantedLines(p Purchase, now time.Time) (list []Line) {
	if p.StatusAt(now) != WaitingForQuote {
		return nil
	}
	for _, l := range p.Lines {
		if l.Status == WaitingForQuote && l.QuoteCount < s.EnoughQuotes {
			list = append(list, l)
		}
	}
	return list
}
