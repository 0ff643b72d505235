package xunjia

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

var matchNow = time.Date(2026, 11, 25, 4, 0, 0, 0, time.UTC) // a Wednesday, noon in China

func ago(d time.Duration) time.Time { return matchNow.Add(-d) }

const aDay = 24 * time.Hour

func TestRank(t *testing.T) {
	asked := Purchase{Terms: Terms{Area: "510104"}}
	strict := asked
	strict.Qualification = "GSP 证书"
	old := PushLoad{PushedAt: ago(time.Hour)} // nothing else to say
	known := ago(300 * aDay)
	for _, c := range []struct {
		name string
		p    Purchase
		c    Candidate
		want Rank
	}{
		{"nothing speaks for him", asked, Candidate{Load: old, RegisteredAt: known}, Rank{1, ""}},
		{"same goods", asked, Candidate{Near: SameGoods, Load: old, RegisteredAt: known}, Rank{150, "关注该品种 +150"}},
		{"goods of the same name", asked, Candidate{Near: AliasGoods, Load: old, RegisteredAt: known}, Rank{100, "关注同名品种 +100"}},
		{"the group", asked, Candidate{Near: GroupGoods, Load: old, RegisteredAt: known}, Rank{50, "关注所属大类 +50"}},
		{"same district", asked, Candidate{Area: "510104", Load: old, RegisteredAt: known}, Rank{250, "同区县 +250"}},
		{"same city", asked, Candidate{Area: "510107", Load: old, RegisteredAt: known}, Rank{200, "同城 +200"}},
		{"same province", asked, Candidate{Area: "511402", Load: old, RegisteredAt: known}, Rank{120, "同省 +120"}},
		{"elsewhere", asked, Candidate{Area: "110101", Load: old, RegisteredAt: known}, Rank{1, ""}},
		{"no area", asked, Candidate{Load: old, RegisteredAt: known}, Rank{1, ""}},
		{"certified", asked, Candidate{CertifiedUntil: matchNow.Add(aDay), Load: old, RegisteredAt: known}, Rank{100, "已认证 +100"}},
		{"not any more", asked, Candidate{CertifiedUntil: matchNow, Load: old, RegisteredAt: known}, Rank{1, ""}},
		{"qualified", strict, Candidate{CertifiedUntil: matchNow.Add(aDay), Kind: PharmaFactory, Load: old, RegisteredAt: known}, Rank{250, "已认证 +100，要求资质：认证企业 +150"}},
		{"a company at least", strict, Candidate{Kind: PharmaFactory, Load: old, RegisteredAt: known}, Rank{50, "要求资质：部分符合 +50"}},
		{"not qualified", strict, Candidate{Kind: Grower, Load: old, RegisteredAt: known}, Rank{1, ""}},
		{"fast", asked, Candidate{Load: PushLoad{PushedAt: ago(time.Hour), Reply: 30 * time.Minute}, RegisteredAt: known}, Rank{150, "半小时内报价 +150"}},
		{"slow", asked, Candidate{Load: PushLoad{PushedAt: ago(time.Hour), Reply: 24*time.Hour + 1}, RegisteredAt: known}, Rank{1, ""}},
		{"active today", asked, Candidate{ActiveAt: ago(time.Hour), Load: old, RegisteredAt: known}, Rank{100, "今天活跃 +100"}},
		{"reacted this week", asked, Candidate{ActiveAt: ago(20 * aDay), Load: PushLoad{PushedAt: ago(time.Hour), ReactedAt: ago(2 * aDay)}, RegisteredAt: known}, Rank{70, "本周活跃 +70"}},
		{"asleep", asked, Candidate{ActiveAt: ago(40 * aDay), Load: old, RegisteredAt: known}, Rank{1, ""}},
		{"left alone for two weeks", asked, Candidate{Load: PushLoad{PushedAt: ago(14 * aDay)}, RegisteredAt: known}, Rank{100, "两周没有推送 +100"}},
		{"pushed yesterday", asked, Candidate{Load: PushLoad{PushedAt: ago(30 * time.Hour)}, RegisteredAt: known}, Rank{20, "一天没有推送 +20"}},
		{"never", asked, Candidate{RegisteredAt: known}, Rank{100, "还没有推送过 +100，新供应商"}},
		{"does not react", asked, Candidate{Area: "510104", Load: PushLoad{PushedAt: ago(time.Hour), Ignored: 9}, RegisteredAt: known}, Rank{200, "同区县 +250，近 9 次推送没有点开，减为 80%"}},
		{"everything", strict, Candidate{Near: SameGoods, Area: "510104", CertifiedUntil: matchNow.Add(aDay), Kind: PharmaFactory, ActiveAt: matchNow,
			Load: PushLoad{PushedAt: ago(30 * aDay), Reply: time.Minute}, RegisteredAt: known},
			Rank{1000, "关注该品种 +150，同区县 +250，已认证 +100，要求资质：认证企业 +150，半小时内报价 +150，今天活跃 +100，两周没有推送 +100"}},
	} {
		if diff := cmp.Diff(c.want, c.c.Rank(c.p, matchNow)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", c.name, diff)
		}
	}
}

func TestDecay(t *testing.T) {
	for _, c := range []struct {
		ignored int
		since   time.Duration
		want    int
	}{
		{0, 0, 1000}, {5, 0, 1000}, {6, 0, 950}, {10, 0, 750}, {20, 0, 250}, {500, 0, 250},
		{10, 47 * time.Hour, 750}, {10, 48 * time.Hour, 800}, {10, 10 * aDay, 1000}, {6, -time.Hour, 950},
	} {
		if got := (PushLoad{Ignored: c.ignored, PushedAt: ago(c.since)}).Decay(matchNow); got != c.want {
			t.Errorf("%d ignored, the last %v ago: %d, want %d", c.ignored, c.since, got, c.want)
		}
	}
	l := PushLoad{Ignored: 20, PushedAt: ago(time.Hour)}
	if got := l.Reacted(matchNow).Decay(matchNow); got != 1000 {
		t.Errorf("after a click %d, want 1000 at once", got)
	}
	// What time has forgiven does not come back with the next push.
	if got := (PushLoad{Ignored: 10, PushedAt: ago(8 * aDay)}).Pushed(1, matchNow).Ignored; got != 7 {
		t.Errorf("%d ignored after a rest of 8 days and one push, want 7", got)
	}
}

func TestRoom(t *testing.T) {
	s := DefaultPushSettings()
	today, yesterday, sunday := ago(time.Hour), ago(24*time.Hour), ago(3*24*time.Hour) // of last week
	for _, c := range []struct {
		name string
		l    PushLoad
		want int
	}{
		{"never pushed", PushLoad{}, 20},
		{"some today", PushLoad{PushedAt: today, DayCount: 13, WeekCount: 13}, 7},
		{"full", PushLoad{PushedAt: today, DayCount: 20, WeekCount: 20}, 0},
		{"more than full", PushLoad{PushedAt: today, DayCount: 23, WeekCount: 23}, 0},
		{"yesterday was full", PushLoad{PushedAt: yesterday, DayCount: 20, WeekCount: 20}, 20},
		{"the week is nearly full", PushLoad{PushedAt: yesterday, DayCount: 20, WeekCount: 57}, 3},
		{"the week is full", PushLoad{PushedAt: yesterday, DayCount: 20, WeekCount: 60}, 0},
		{"last week was full", PushLoad{PushedAt: sunday, DayCount: 20, WeekCount: 60}, 20},
		{"does not react", PushLoad{PushedAt: today, DayCount: 4, WeekCount: 20, Ignored: 20}, 1},
		{"does not react and had his share", PushLoad{PushedAt: today, DayCount: 5, WeekCount: 20, Ignored: 20}, 0},
	} {
		if got := c.l.Room(s, matchNow); got != c.want {
			t.Errorf("%s: %d, want %d", c.name, got, c.want)
		}
	}
	l := PushLoad{}.Pushed(2, matchNow).Pushed(1, matchNow.Add(time.Hour))
	if want := (PushLoad{DayCount: 3, WeekCount: 3, Ignored: 3, PushedAt: matchNow.Add(time.Hour)}); l != want {
		t.Errorf("%+v, want %+v", l, want)
	}
	late := time.Date(2026, 11, 29, 15, 59, 0, 0, time.UTC) // Sunday, 23:59 in China
	if l = l.Pushed(1, late); l.DayCount != 1 || l.WeekCount != 4 {
		t.Errorf("on Sunday: %+v", l)
	}
	if l = l.Pushed(1, late.Add(time.Minute)); l.DayCount != 1 || l.WeekCount != 1 {
		t.Errorf("on Monday: %+v", l)
	}
}

func TestReplied(t *testing.T) {
	l := PushLoad{}.Replied(time.Hour)
	if l.Reply != time.Hour {
		t.Errorf("first reply %v", l.Reply)
	}
	if l = l.Replied(5 * time.Hour); l.Reply != 2*time.Hour {
		t.Errorf("second reply %v, want 2h", l.Reply)
	}
	if l = l.Replied(-time.Hour); l.Reply != 2*time.Hour {
		t.Errorf("a clock that went back counts: %v", l.Reply)
	}
}

func TestSelection(t *testing.T) {
	p := Purchase{Terms: Terms{Area: "510104"}}
	known := ago(300 * aDay)
	near := func(id int64, area Area) Candidate {
		return Candidate{ID: id, Area: area, RegisteredAt: known, Load: PushLoad{PushedAt: ago(time.Hour)}}
	}
	fresh := func(id int64) Candidate {
		return Candidate{ID: id, Area: "110101", RegisteredAt: ago(aDay), Load: PushLoad{PushedAt: ago(time.Hour)}}
	}
	choose := func(size, percent int, list []Candidate) (ids []int64) {
		s := NewSelection(size, percent, 1)
		for _, c := range list {
			s.Add(c, p, matchNow)
		}
		if s.Seen() != len(list) {
			t.Errorf("%d seen, want %d", s.Seen(), len(list))
		}
		for _, r := range s.Chosen() {
			ids = append(ids, r.ID)
		}
		return ids
	}
	crowd := []Candidate{near(1, "110101"), near(2, "510104"), near(3, "510107"), near(4, "511402"), near(5, "110101"), fresh(6), fresh(7)}
	for _, c := range []struct {
		name          string
		size, percent int
		list          []Candidate
		want          []int64
	}{
		{"the best", 3, 0, crowd, []int64{2, 3, 4}},
		{"a place for a newcomer", 3, 34, crowd, nil},
		{"nobody wanted", 0, 20, crowd, nil},
		{"fewer than wanted", 5, 20, crowd[:2], []int64{2, 1}},
		{"no newcomers: nothing is kept free", 3, 50, crowd[:4], []int64{2, 3, 4}},
	} {
		got := choose(c.size, c.percent, c.list)
		if c.name == "a place for a newcomer" {
			if len(got) != 3 || !slices.Equal(got[:2], []int64{2, 3}) || got[2] < 6 {
				t.Errorf("%s: %v, want 2, 3 and one of 6 and 7", c.name, got)
			}
			continue
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
	// Equal candidates: the lot decides, not who came first, and always the same way.
	var equal []Candidate
	for id := int64(1); id <= 1000; id++ {
		equal = append(equal, near(id, "110101"))
	}
	one := choose(100, 0, equal)
	slices.Reverse(equal)
	if two := choose(100, 0, equal); !slices.Equal(one, two) {
		t.Error("the order in which candidates come changes who is chosen")
	}
	late := 0
	for _, id := range one {
		if id > 500 {
			late++
		}
	}
	if late < 30 || late > 70 {
		t.Errorf("%d of 100 chosen are of the later half", late)
	}
}

func TestRoundAfter(t *testing.T) {
	want := map[string]RoundState{
		"1 finish": RoundWaiting, "1 stop": RoundStopped, "2 follow": RoundFollowed, "2 stop": RoundStopped, "4 follow": RoundFollowed, "4 resume": RoundWaiting,
	}
	for _, s := range RoundStates() {
		if s.String() == "" {
			t.Errorf("state %d has no name", s)
		}
		for _, a := range RoundActions() {
			key := fmt.Sprintf("%d %s", s, a)
			got, err := s.After(a)
			if to, ok := want[key]; ok != (err == nil) || ok && got != to {
				t.Errorf("%s: %v, %v", key, got, err)
			} else if !ok && ErrorCode(err) != Conflict {
				t.Errorf("%s: %v, want a conflict", key, err)
			}
		}
	}
}

func TestSteer(t *testing.T) {
	s := DefaultPushSettings()
	p := Purchase{Terms: Terms{Deadline: matchNow.Add(aDay)}, Status: WaitingForQuote,
		Lines: []Line{{ID: 1, Status: WaitingForQuote, QuoteCount: 8}, {ID: 2, Status: WaitingForQuote, QuoteCount: 7}, {ID: 3, Status: Closed}}}
	r := PushRound{Number: 1, State: RoundWaiting, Wanted: 200, ToldAt: ago(30 * time.Minute), Counts: PushCounts{Matched: 200, Clicked: 39, Quoted: 1}}
	for _, c := range []struct {
		name   string
		change func(p *Purchase, r *PushRound)
		want   RoundAction
		size   int
		reason string
	}{
		{"too little", func(*Purchase, *PushRound) {}, FollowRound, 400, "点开率 20%"},
		{"enough clicks", func(_ *Purchase, r *PushRound) { r.Counts.Clicked = 40 }, "", 0, "点开率 20%，继续"},
		{"clicks but no quotes, for long", func(_ *Purchase, r *PushRound) { r.Counts.Clicked, r.ToldAt = 40, ago(time.Hour) }, FollowRound, 400, ""},
		{"enough quotes of the round", func(_ *Purchase, r *PushRound) { r.Counts.Quoted = 2 }, "", 0, "2 条报价"},
		{"no more quotes since", func(_ *Purchase, r *PushRound) { r.Counts.Quoted, r.ToldAt = 2, ago(time.Hour) }, FollowRound, 400, ""},
		{"quotes keep coming", func(_ *Purchase, r *PushRound) { r.Counts.Quoted, r.ToldAt = 4, ago(time.Hour) }, "", 0, ""},
		{"closed", func(p *Purchase, _ *PushRound) { p.Status = Closed }, StopRound, 0, "关闭"},
		{"deadline", func(p *Purchase, _ *PushRound) { p.Deadline = matchNow }, StopRound, 0, "报价结束"},
		{"enough quotes of every line", func(p *Purchase, _ *PushRound) { p.Lines = p.Lines[:1] }, StopRound, 0, "8 条以上"},
		{"nobody left", func(_ *Purchase, r *PushRound) { r.Exhausted = true }, StopRound, 0, "没有更多"},
		{"enough rounds", func(_ *Purchase, r *PushRound) { r.Number = 5 }, StopRound, 0, "5 轮"},
		{"invited only now", func(p *Purchase, _ *PushRound) { p.Mode = InvitedMode }, StopRound, 0, "邀请"},
		{"nobody was there", func(_ *Purchase, r *PushRound) { r.Counts, r.Wanted = PushCounts{}, 200 }, FollowRound, 400, "点开率 0%"},
	} {
		p, r := p, r
		c.change(&p, &r)
		got := s.Steer(p, r, matchNow)
		if got.Action != c.want || got.Size != c.size || !strings.Contains(got.Reason, c.reason) {
			t.Errorf("%s: %+v, want %q %d %q", c.name, got, c.want, c.size, c.reason)
		}
	}
}

func TestRoundSizes(t *testing.T) {
	s := DefaultPushSettings()
	for followers, want := range map[int]int{0: 0, 300: 0, 301: 200, 100_000: 200} {
		if got := s.FirstRound(followers); got != want {
			t.Errorf("first round of %d followers: %d, want %d", followers, got, want)
		}
	}
	s.FirstSize = 0
	if got := s.FirstRound(100_000); got != 0 {
		t.Errorf("a first round for everybody wants %d", got)
	}
	for size, want := range map[int]int{0: 2, 200: 400, 19_000: MaxRoundSize} {
		if got := s.NextRound(size); got != want {
			t.Errorf("after %d: %d, want %d", size, got, want)
		}
	}
}

func TestPushSettingsCheck(t *testing.T) {
	if err := DefaultPushSettings().Check(); err != nil {
		t.Error(err)
	}
	s := DefaultPushSettings()
	for i, f := range s.Fields() {
		for _, n := range []int{f.Low - 1, f.High + 1} {
			s := DefaultPushSettings()
			s.Fields()[i].Set(n)
			e, ok := s.Check().(*Error)
			if !ok || e.Fields[f.Field] == "" {
				t.Errorf("%s = %d: %v", f.Field, n, s.Check())
			}
		}
	}
	s.WeekCap = s.DayCap - 1
	if e, ok := s.Check().(*Error); !ok || e.Fields["week_cap"] == "" {
		t.Error("a week smaller than a day passes")
	}
	next := DefaultPushSettings()
	next.DayCap, next.SMSThousand = 10, 50_00
	if diff := cmp.Diff([]string{"每人每天上限 20→10", "短信每千条 45.00→50.00 元"}, DefaultPushSettings().Changes(next)); diff != "" {
		t.Errorf("changes (-want +got):\n%s", diff)
	}
}

func TestClickLinks(t *testing.T) {
	links, err := NewClickLinks([]byte(strings.Repeat("k", 32)))
	if err != nil {
		t.Fatal(err)
	}
	other, _ := NewClickLinks([]byte(strings.Repeat("l", 32)))
	seen := map[string]bool{}
	for _, id := range []int64{1, 2, 3, 255, 1 << 20, 1<<48 - 1} {
		token := links.Token(id)
		if got, ok := links.Delivery(token); !ok || got != id || len(token) != 19 {
			t.Errorf("%d → %q → %d, %v", id, token, got, ok)
		}
		if token != links.Token(id) || seen[token[:6]] {
			t.Errorf("%q: not the same again, or like its neighbour", token)
		}
		seen[token[:6]] = true
		if _, ok := other.Delivery(token); ok {
			t.Error("another key reads the token")
		}
		for i := range token {
			for _, r := range []byte("0aZ") {
				if changed := token[:i] + string(r) + token[i+1:]; changed != token {
					if _, ok := links.Delivery(changed); ok {
						t.Fatalf("%q passes for %q", changed, token)
					}
				}
			}
		}
	}
	for _, bad := range []string{"", "1", strings.Repeat("0", 19), strings.Repeat("z", 19), strings.Repeat("é", 19), "../../../etc/passwd"} {
		if _, ok := links.Delivery(bad); ok {
			t.Errorf("%q passes", bad)
		}
	}
	if _, err := NewClickLinks([]byte("short")); err == nil {
		t.Error("a short key passes")
	}
}

func FuzzClickLinks(f *testing.F) {
	links, err := NewClickLinks([]byte(strings.Repeat("k", 32)))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(links.Token(7), int64(7))
	f.Fuzz(func(t *testing.T, token string, id int64) {
		if got, ok := links.Delivery(token); ok && links.Token(got) != token {
			t.Errorf("%q reads as %d, whose token is another", token, got)
		}
		if id >= 0 && id < 1<<48 {
			if got, ok := links.Delivery(links.Token(id)); !ok || got != id {
				t.Errorf("%d → %d, %v", id, got, ok)
			}
		}
	})
}

func TestFunnel(t *testing.T) {
	got := PushCounts{Matched: 1000, Capped: 9, Sent: 994, Delivered: 500, Clicked: 99, Quoted: 3}.Plus(PushCounts{Clicked: 1}).Funnel()
	want := []FunnelStep{{"匹配", 1000, 100, "100%"}, {"发出", 994, 99, "99%"}, {"送达", 500, 50, "50%"}, {"点开", 100, 10, "10%"}, {"报价", 3, 0, "0.3%"}, {"被接受", 0, 0, "0%"}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if s := (PushCounts{}).Funnel()[0].Share; s != "—" {
		t.Errorf("of nothing: %s", s)
	}
}

func TestSilences(t *testing.T) {
	p := Preferences{}
	if p.Silences(PurchasePublished) || p.Silences(UserRegistered) {
		t.Error("somebody who chose nothing is silent")
	}
	p.Off = map[EventKind][]Channel{PurchasePublished: {WeChatChannel}}
	if p.Silences(PurchasePublished) {
		t.Error("one channel is left")
	}
	if err := p.Mute(PurchasePublished); err != nil || !p.Silences(PurchasePublished) || p.Silences(SupplierInvited) {
		t.Errorf("muted: %v, %v", p.Silences(PurchasePublished), err)
	}
}
