package xunjia

import "fmt"

// PushSettings is what staff decide about the rounds in which purchases are made
// known.
type PushSettings struct {
	FirstSize       int // people in the first round; 0: everybody
	EverybodyUpTo   int // followers up to which the first round is for everybody
	GrowthPercent   int // size of a round, of the one before
	MaxRounds       int
	WaitMinutes     int // between two rounds
	ClickPercent    int // clicks that are a reason to wait
	RoundQuotes     int // quotes that are, for every wait
	EnoughQuotes    int // for a line; no more rounds then
	DayCap          int // lines pushed to one person
	WeekCap         int
	NewcomerPercent int // of every round
	SMSThousand     Fen // what a thousand short messages cost
}

// MaxRoundSize bounds the people of a round that is not for everybody: they are
// held in memory while they are chosen.
const MaxRoundSize = 20_000

// DefaultPushSettings is what holds until staff decide otherwise.
func DefaultPushSettings() PushSettings {
	return PushSettings{
		FirstSize: 200, EverybodyUpTo: 300, GrowthPercent: 200, MaxRounds: 5, WaitMinutes: 30,
		ClickPercent: 20, RoundQuotes: 2, EnoughQuotes: 8, DayCap: 20, WeekCap: 60, NewcomerPercent: 20, SMSThousand: 45_00,
	}
}

// PushSetting is one of the settings as a form shows it.
type PushSetting struct {
	Field, Label, Hint string
	Unit               string
	Low, High          int
	value              *int
}

// Value is what the setting is.
func (s PushSetting) Value() int { return *s.value }

// Set changes it.
func (s PushSetting) Set(n int) { *s.value = n }

// Fields lists the settings that are whole numbers, in the order of the form.
// Setting one changes s.
func (s *PushSettings) Fields() []PushSetting {
	return []PushSetting{
		{"first_size", "第一轮人数", "0 表示第一轮就推送给全部关注者", "人", 0, MaxRoundSize, &s.FirstSize},
		{"everybody_up_to", "全部推送的上限", "关注者不超过这个数时，第一轮就推送给全部关注者", "人", 0, MaxRoundSize, &s.EverybodyUpTo},
		{"growth_percent", "下一轮放大到", "下一轮人数是上一轮的百分之几", "%", 100, 1000, &s.GrowthPercent},
		{"max_rounds", "最多轮数", "", "轮", 1, 20, &s.MaxRounds},
		{"wait_minutes", "每轮等待", "发完后等这么久，再看点开和报价决定下一步", "分钟", 1, 1440, &s.WaitMinutes},
		{"click_percent", "点开率达标", "达到后多等一次再判断", "%", 1, 100, &s.ClickPercent},
		{"round_quotes", "报价数达标", "每等一次至少要有这么多条新报价，否则推送下一轮", "条", 1, 100, &s.RoundQuotes},
		{"enough_quotes", "报价足够", "每个品种有这么多条报价后，不再推送", "条", 1, 200, &s.EnoughQuotes},
		{"day_cap", "每人每天上限", "一个品种算一次", "次", 1, 1_000_000, &s.DayCap},
		{"week_cap", "每人每周上限", "周一重新计数", "次", 1, 1_000_000, &s.WeekCap},
		{"newcomer_percent", "留给新供应商", "注册不满 30 天或还没有推送过的供应商，每轮优先占这么多", "%", 0, 100, &s.NewcomerPercent},
	}
}

// Check tells what is wrong with the settings, by the names of the form.
func (s PushSettings) Check() error {
	wrong := FieldErrors{}
	for _, f := range s.Fields() {
		if n := f.Value(); n < f.Low || n > f.High {
			wrong.Add(f.Field, "应在 %d 到 %d 之间", f.Low, f.High)
		}
	}
	if s.WeekCap < s.DayCap {
		wrong.Add("week_cap", "每周上限不能小于每天上限")
	}
	if s.SMSThousand < 0 || s.SMSThousand > 10_000_00 {
		wrong.Add("sms_thousand", "应在 0 到 10000 元之间")
	}
	return wrong.Err()
}

// Changes says in words what other settings change, for the audit log.
func (s PushSettings) Changes(next PushSettings) (list []string) {
	after := next.Fields()
	for i, f := range s.Fields() {
		if n := after[i].Value(); n != f.Value() {
			list = append(list, fmt.Sprintf("%s %d→%d", f.Label, f.Value(), n))
		}
	}
	if s.SMSThousand != next.SMSThousand {
		list = append(list, fmt.Sprintf("短信每千条 %s→%s 元", s.SMSThousand, next.SMSThousand))
	}
	return list
}
