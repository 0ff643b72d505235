package templates

import (
	"fmt"
	"time"

	"github.com/xunjia/xunjia"
)

// GrowthPage is a member's level, the tasks and his points ledger.
type GrowthPage struct {
	Layout
	Points  int
	Level   xunjia.Level
	Tasks   []GrowthTask
	Entries []GrowthEntry
	Next    string // for the next page; "" at the end
	First   bool   // of the pages
}

// Template implements Page.
func (*GrowthPage) Template() string { return "growth" }

// NewGrowthPage works out the level.
func NewGrowthPage(points int) *GrowthPage {
	return &GrowthPage{Points: points, Level: xunjia.LevelAt(points)}
}

// Gained is how many points of the way to the next level are behind him.
func (p *GrowthPage) Gained() int { return p.Points - p.Level.From() }

// Span is how long that way is; 1 at the top, where it is walked.
func (p *GrowthPage) Span() int { return max(1, p.Level.Next()-p.Level.From()) }

// Missing tells what the next level takes; "" at the top.
func (p *GrowthPage) Missing() string {
	next := p.Level.Next()
	if next == 0 {
		return ""
	}
	return fmt.Sprintf("再得 %d 成长值升到 %s", next-p.Points, p.Level+1)
}

// GrowthTask is a task with how often the member did it.
type GrowthTask struct {
	xunjia.TaskSpec
	Ever, Today int
}

// Done tells that it earns nothing more, for today or for good.
func (t GrowthTask) Done() bool { return !t.Open(xunjia.Earned{Ever: t.Ever, Today: t.Today}) }

// State tells how far the member is.
func (t GrowthTask) State() string {
	switch {
	case t.Once && t.Ever > 0:
		return "已完成"
	case t.Once:
		return ""
	case t.Done():
		return fmt.Sprintf("今天已满 %d 次", t.PerDay)
	}
	return fmt.Sprintf("今天 %d/%d 次", t.Today, t.PerDay)
}

// GrowthEntry is a line of the ledger.
type GrowthEntry struct {
	Title  string
	Points int
	At     time.Time
}

// Sum writes the points with their sign.
func (e GrowthEntry) Sum() string { return fmt.Sprintf("%+d", e.Points) }

func growthSamples(now time.Time) []Sample {
	full := NewGrowthPage(135)
	full.Layout, full.First, full.Next = sampleLayout("成长", MeTab), true, "next"
	done := map[xunjia.Task][2]int{xunjia.RegisterTask: {1, 0}, xunjia.FirstQuoteTask: {1, 0}, xunjia.PhotosTask: {9, 5}, xunjia.ChosenTask: {2, 1}}
	empty := NewGrowthPage(0)
	empty.Layout, empty.First = sampleLayout("成长", MeTab), true
	top := NewGrowthPage(5210)
	top.Layout, top.First = sampleLayout("成长", MeTab), true
	for _, s := range xunjia.TaskSpecs() {
		full.Tasks = append(full.Tasks, GrowthTask{TaskSpec: s, Ever: done[s.Task][0], Today: done[s.Task][1]})
		empty.Tasks = append(empty.Tasks, GrowthTask{TaskSpec: s})
		top.Tasks = append(top.Tasks, GrowthTask{TaskSpec: s, Ever: 50, Today: 5})
	}
	for i, task := range []xunjia.Task{xunjia.ChosenTask, xunjia.ChosenTask, xunjia.PhotosTask, xunjia.FirstQuoteTask, xunjia.RegisterTask} {
		points := task.Spec().Points
		if i == 0 {
			points = -points
		}
		full.Entries = append(full.Entries, GrowthEntry{Title: task.String(), Points: points, At: now.Add(-time.Duration(i*7) * time.Hour)})
	}
	return []Sample{{"growth", full}, {"growth empty", empty}, {"growth top", top}}
}
