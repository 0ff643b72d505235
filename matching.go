package xunjia

import (
	"cmp"
	"container/heap"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Nearness tells how what somebody follows relates to what is asked for.
type Nearness int

// The relations, the closest first.
const (
	SameGoods  Nearness = 1 // he follows these very goods
	AliasGoods Nearness = 2 // he follows goods that go by the same name
	GroupGoods Nearness = 3 // he follows a group that they belong to
)

// Candidate is a supplier who may be told of lines of a purchase: he follows
// their goods, and nothing speaks against him but what Rank and PushLoad say.
type Candidate struct {
	ID             int64
	Area           Area
	Kind           BusinessKind
	CertifiedUntil time.Time
	RegisteredAt   time.Time
	ActiveAt       time.Time // when he was last seen; zero: long ago
	Near           Nearness  // of the closest line
	Lines          []int64   // ids of the lines
	Load           PushLoad
}

// newcomerDays is how long somebody counts as a newcomer after registering.
const newcomerDays = 30

// Newcomer tells whether the share of newcomers is for him: he has just
// registered, or was never told of anything.
func (c Candidate) Newcomer(now time.Time) bool {
	return c.Load.PushedAt.IsZero() || now.Sub(c.RegisteredAt) < newcomerDays*24*time.Hour
}

// Silences tells whether the person lets no channel at all carry the kind.
func (p Preferences) Silences(kind EventKind) bool {
	if len(p.Off[kind]) == 0 {
		return false
	}
	spec := kind.Spec()
	return len(spec.Channels) > 0 && !slices.ContainsFunc(spec.Channels, func(c Channel) bool { return !slices.Contains(p.Off[kind], c) })
}

// Rank is how well a candidate fits, and why.
type Rank struct {
	Score int    // 1 to 1000
	Why   string // "同城 +200，已认证 +100"
}

// points is one reason and what it is worth.
type points struct {
	text  string
	worth int
}

// Rank tells how well the candidate fits the purchase: eight reasons, 1000
// points at most, less what Decay takes.
func (c Candidate) Rank(p Purchase, now time.Time) Rank {
	all := []points{
		c.nearness(), c.region(p.Area), c.certified(now), c.qualified(p, now), c.speed(), c.activity(now), c.rest(now),
	}
	score, why := 0, make([]string, 0, len(all)+1)
	for _, f := range all {
		if f.worth > 0 {
			score += f.worth
			why = append(why, f.text+" +"+strconv.Itoa(f.worth))
		}
	}
	if d := c.Load.Decay(now); d < 1000 {
		score = score * d / 1000
		why = append(why, fmt.Sprintf("近 %d 次推送没有点开，减为 %d%%", c.Load.ignoredAt(now), d/10))
	}
	if c.Newcomer(now) {
		why = append(why, "新供应商")
	}
	// 0 would be no place in a sorted list.
	return Rank{Score: max(score, 1), Why: strings.Join(why, "，")}
}

func (c Candidate) nearness() points {
	switch c.Near {
	case SameGoods:
		return points{"关注该品种", 150}
	case AliasGoods:
		return points{"关注同名品种", 100}
	case GroupGoods:
		return points{"关注所属大类", 50}
	}
	return points{}
}

func (c Candidate) region(a Area) points {
	switch {
	case a == "" || c.Area == "":
		return points{}
	case c.Area == a:
		return points{"同区县", 250}
	case c.Area.City() == a.City():
		return points{"同城", 200}
	case c.Area.Province() == a.Province():
		return points{"同省", 120}
	}
	return points{}
}

func (c Candidate) certified(now time.Time) points {
	if c.CertifiedUntil.After(now) {
		return points{"已认证", 100}
	}
	return points{}
}

// qualified counts only where the buyer asks for a qualification; what a
// certified company has shown is the best that is known of it.
func (c Candidate) qualified(p Purchase, now time.Time) points {
	switch {
	case p.Qualification == "":
		return points{}
	case c.CertifiedUntil.After(now) && c.Kind.Company():
		return points{"要求资质：认证企业", 150}
	case c.CertifiedUntil.After(now) || c.Kind.Company():
		return points{"要求资质：部分符合", 50}
	}
	return points{}
}

func (c Candidate) speed() points {
	for _, s := range []struct {
		within time.Duration
		points
	}{
		{30 * time.Minute, points{"半小时内报价", 150}},
		{2 * time.Hour, points{"两小时内报价", 120}},
		{12 * time.Hour, points{"半天内报价", 80}},
		{24 * time.Hour, points{"一天内报价", 40}},
	} {
		if c.Load.Reply > 0 && c.Load.Reply <= s.within {
			return s.points
		}
	}
	return points{}
}

func (c Candidate) activity(now time.Time) points {
	seen := c.ActiveAt
	if c.Load.ReactedAt.After(seen) {
		seen = c.Load.ReactedAt
	}
	switch since := now.Sub(seen); {
	case seen.IsZero():
		return points{}
	case since < 24*time.Hour:
		return points{"今天活跃", 100}
	case since < 7*24*time.Hour:
		return points{"本周活跃", 70}
	case since < 30*24*time.Hour:
		return points{"本月活跃", 40}
	}
	return points{}
}

// rest prefers those who were left alone for longer.
func (c Candidate) rest(now time.Time) points {
	switch since := now.Sub(c.Load.PushedAt); {
	case c.Load.PushedAt.IsZero():
		return points{"还没有推送过", 100}
	case since >= 14*24*time.Hour:
		return points{"两周没有推送", 100}
	case since >= 7*24*time.Hour:
		return points{"一周没有推送", 70}
	case since >= 3*24*time.Hour:
		return points{"三天没有推送", 40}
	case since >= 24*time.Hour:
		return points{"一天没有推送", 20}
	}
	return points{}
}

// PushLoad is what somebody was pushed lately, and how he took it.
type PushLoad struct {
	DayCount  int           // lines pushed on the day of PushedAt, in China
	WeekCount int           // and in its week, which begins on Monday
	Ignored   int           // lines pushed since he last clicked or quoted
	PushedAt  time.Time     // zero: never
	ReactedAt time.Time     // last click or quote; zero: never
	Reply     time.Duration // usual time from click to quote; 0: not known
}

// The decay of those who do not react. The first few pushes cost nothing; every
// further one takes 5 %, down to a quarter; each two days without a push give
// one back, and a click or a quote all of them.
const (
	ignoredFree  = 5
	ignoredCost  = 50
	decayFloor   = 250
	forgiveEvery = 48 * time.Hour
)

// ignoredAt is how many pushes without a reaction still count.
func (l PushLoad) ignoredAt(now time.Time) int {
	if l.PushedAt.IsZero() || now.Before(l.PushedAt) {
		return l.Ignored
	}
	return max(0, l.Ignored-int(now.Sub(l.PushedAt)/forgiveEvery))
}

// Decay is by how much somebody who does not react is pushed less, in
// thousandths: 1000 for somebody who does.
func (l PushLoad) Decay(now time.Time) int {
	over := l.ignoredAt(now) - ignoredFree
	if over <= 0 {
		return 1000
	}
	return max(decayFloor, 1000-over*ignoredCost)
}

// Room is how many more lines he may be pushed today: the caps of the day and
// the week, the former made smaller by Decay. Who has room for one is told of
// all lines of a purchase that concern him, so a cap can be passed by the rest
// of one purchase.
func (l PushLoad) Room(s PushSettings, now time.Time) int {
	l = l.turned(now)
	day := max(1, s.DayCap*l.Decay(now)/1000)
	return max(0, min(day-l.DayCount, s.WeekCap-l.WeekCount))
}

// turned begins a new day and a new week.
func (l PushLoad) turned(now time.Time) PushLoad {
	today, last := chinaDay(now), chinaDay(l.PushedAt)
	if today != last {
		l.DayCount = 0
	}
	if mondays(today) != mondays(last) {
		l.WeekCount = 0
	}
	return l
}

// chinaDay counts the days since 1970 in China, which is eight hours ahead and
// keeps no summer time. It is asked several times for each of a hundred thousand
// people, which a calendar is too slow for.
func chinaDay(t time.Time) int64 { return (t.Unix() + 8*60*60) / (24 * 60 * 60) }

// mondays counts the weeks up to a day; 1970 began on a Thursday.
func mondays(day int64) int64 { return (day + 3) / 7 }

// Pushed counts lines that he is told of now.
func (l PushLoad) Pushed(lines int, now time.Time) PushLoad {
	l = l.turned(now)
	l.DayCount += lines
	l.WeekCount += lines
	l.Ignored = l.ignoredAt(now) + lines
	l.PushedAt = now
	return l
}

// Reacted notes a click or a quote: whatever he ignored is forgotten.
func (l PushLoad) Reacted(now time.Time) PushLoad {
	l.Ignored, l.ReactedAt = 0, now
	return l
}

// Replied notes how long it took him from the click to the quote; older quotes
// count for three quarters.
func (l PushLoad) Replied(took time.Duration) PushLoad {
	switch {
	case took <= 0:
	case l.Reply == 0:
		l.Reply = took
	default:
		l.Reply = (3*l.Reply + took) / 4
	}
	return l
}

// Ranked is a candidate with his rank.
type Ranked struct {
	Candidate
	Rank
	Newcomer bool
	lot      uint64 // decides between equal scores
}

// Selection keeps the best of any number of candidates in the memory of those
// who are wanted.
type Selection struct {
	seed     int64
	size     int
	reserved int
	best     rankedHeap
	fresh    rankedHeap // the best newcomers
	seen     int
}

// NewSelection wants so many people, a share of them, in percent, newcomers.
// Equal scores are decided by lot; the seed, a round's id, makes the lot come
// out the same whenever it is drawn again.
func NewSelection(size, newcomerPercent int, seed int64) *Selection {
	return &Selection{seed: seed, size: size, reserved: size * newcomerPercent / 100}
}

// Add considers one more candidate; false when he is certainly not chosen.
func (s *Selection) Add(c Candidate, p Purchase, now time.Time) bool {
	r := Ranked{Candidate: c, Rank: c.Rank(p, now), Newcomer: c.Newcomer(now), lot: lot(uint64(s.seed), uint64(c.ID))}
	s.seen++
	kept := s.best.keep(r, s.size)
	if r.Newcomer {
		kept = s.fresh.keep(r, s.reserved) || kept
	}
	return kept
}

// lot draws a number from two others, by the finish of splitmix64.
func lot(seed, n uint64) uint64 {
	x := (seed+1)*0x9e3779b97f4a7c15 + n*0xd1b54a32d192ed03
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

// Size is how many are wanted.
func (s *Selection) Size() int { return s.size }

// Kept are those who may still be chosen, in no order; a newcomer may be there
// twice.
func (s *Selection) Kept() []Ranked { return slices.Concat(s.best, s.fresh) }

// Seen counts the candidates.
func (s *Selection) Seen() int { return s.seen }

// Chosen are the selected, the best first.
func (s *Selection) Chosen() []Ranked {
	chosen, taken := slices.Clone(s.fresh), map[int64]bool{}
	for _, r := range chosen {
		taken[r.ID] = true
	}
	for _, r := range sorted(s.best) {
		if len(chosen) < s.size && !taken[r.ID] {
			chosen = append(chosen, r)
		}
	}
	return sorted(chosen)
}

func sorted(list []Ranked) []Ranked {
	list = slices.Clone(list)
	slices.SortFunc(list, func(a, b Ranked) int { return -compareRanked(a, b) })
	return list
}

func compareRanked(a, b Ranked) int {
	return cmp.Or(cmp.Compare(a.Score, b.Score), cmp.Compare(a.lot, b.lot), cmp.Compare(a.ID, b.ID))
}

// rankedHeap has the worst on top.
type rankedHeap []Ranked

func (h rankedHeap) Len() int           { return len(h) }
func (h rankedHeap) Less(i, j int) bool { return compareRanked(h[i], h[j]) < 0 }
func (h rankedHeap) Swap(i, j int)      { h[i], h[j] = h[j], h[i] }

// Push implements heap.Interface.
func (h *rankedHeap) Push(x any) { *h = append(*h, x.(Ranked)) }

// Pop implements heap.Interface.
func (h *rankedHeap) Pop() any {
	old := *h
	last := old[len(old)-1]
	*h = old[:len(old)-1]
	return last
}

// keep adds r and drops the worst beyond most.
func (h *rankedHeap) keep(r Ranked, most int) bool {
	switch {
	case h.Len() < most:
		heap.Push(h, r)
	case most > 0 && compareRanked((*h)[0], r) < 0:
		(*h)[0] = r
		heap.Fix(h, 0)
	default:
		return false
	}
	return true
}
