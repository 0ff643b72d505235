package xunjia_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/xunjia/xunjia"
)

// at is a moment in China.
func at(hour, minute int) time.Time {
	return time.Date(2026, 11, 23, hour, minute, 0, 0, xunjia.China())
}

func rule(id int64, matching xunjia.Matching, priority int, words ...string) xunjia.ReplyRule {
	return xunjia.ReplyRule{ID: id, Trigger: xunjia.OnKeyword, Words: words, Matching: matching, Priority: priority,
		Enabled: true, Answers: []xunjia.ReplyAnswer{{Kind: xunjia.TextAnswer, Text: "x"}}}
}

func with(r xunjia.ReplyRule, change func(*xunjia.ReplyRule)) xunjia.ReplyRule {
	change(&r)
	return r
}

func TestChooseReply(t *testing.T) {
	fallback := with(rule(9, xunjia.Exact, 0), func(r *xunjia.ReplyRule) { r.Trigger = xunjia.OnDefault })
	welcome := with(rule(8, xunjia.Contains, 99, "价格"), func(r *xunjia.ReplyRule) { r.Trigger = xunjia.OnFollow })
	for _, test := range []struct {
		name    string
		rules   []xunjia.ReplyRule
		text    string
		now     time.Time
		rule    int64
		command xunjia.Command
		arg     string
	}{
		{"no rules", nil, "你好", at(10, 0), 0, "", ""},
		{"exact", []xunjia.ReplyRule{rule(1, xunjia.Exact, 0, "价格")}, "价格", at(10, 0), 1, "", ""},
		{"exact is not a part", []xunjia.ReplyRule{rule(1, xunjia.Exact, 0, "价格")}, "问价格", at(10, 0), 0, "", ""},
		{"contains", []xunjia.ReplyRule{rule(1, xunjia.Contains, 0, "价格")}, "请问价格多少", at(10, 0), 1, "", ""},
		{"second word", []xunjia.ReplyRule{rule(1, xunjia.Exact, 0, "价格", "多少钱")}, "多少钱", at(10, 0), 1, "", ""},
		{"full width, case and spaces", []xunjia.ReplyRule{rule(1, xunjia.Exact, 0, "VIP 客户")}, " ｖｉｐ　客户\u200b", at(10, 0), 1, "", ""},
		{"an empty word matches nothing", []xunjia.ReplyRule{rule(1, xunjia.Contains, 0, " ", "")}, "你好", at(10, 0), 0, "", ""},
		{"priority before everything", []xunjia.ReplyRule{rule(1, xunjia.Exact, 1, "价格"), rule(2, xunjia.Contains, 2, "格")}, "价格", at(10, 0), 2, "", ""},
		{"whole text before a part", []xunjia.ReplyRule{rule(1, xunjia.Contains, 1, "价"), rule(2, xunjia.Exact, 1, "价格")}, "价格", at(10, 0), 2, "", ""},
		{"longer word", []xunjia.ReplyRule{rule(1, xunjia.Contains, 1, "价"), rule(2, xunjia.Contains, 1, "价格")}, "问价格", at(10, 0), 2, "", ""},
		{"older rule", []xunjia.ReplyRule{rule(3, xunjia.Contains, 1, "价格"), rule(2, xunjia.Contains, 1, "价格")}, "问价格", at(10, 0), 2, "", ""},
		{"disabled", []xunjia.ReplyRule{with(rule(1, xunjia.Exact, 0, "价格"), func(r *xunjia.ReplyRule) { r.Enabled = false })}, "价格", at(10, 0), 0, "", ""},
		{"without answers", []xunjia.ReplyRule{with(rule(1, xunjia.Exact, 0, "价格"), func(r *xunjia.ReplyRule) { r.Answers = nil })}, "价格", at(10, 0), 0, "", ""},
		{"outside its hours", []xunjia.ReplyRule{with(rule(1, xunjia.Exact, 0, "价格"), func(r *xunjia.ReplyRule) { r.Hours = xunjia.Hours{From: 9 * 60, Until: 10 * 60} })}, "价格", at(10, 0), 0, "", ""},
		{"within its hours", []xunjia.ReplyRule{with(rule(1, xunjia.Exact, 0, "价格"), func(r *xunjia.ReplyRule) { r.Hours = xunjia.Hours{From: 9 * 60, Until: 10 * 60} })}, "价格", at(9, 59), 1, "", ""},
		{"past its days", []xunjia.ReplyRule{with(rule(1, xunjia.Exact, 0, "价格"), func(r *xunjia.ReplyRule) { r.Days.Last = 20261122 })}, "价格", at(0, 0), 0, "", ""},
		{"default", []xunjia.ReplyRule{fallback, welcome}, "随便", at(10, 0), 9, "", ""},
		{"keyword before default", []xunjia.ReplyRule{fallback, rule(1, xunjia.Contains, 0, "价格")}, "价格", at(10, 0), 1, "", ""},
		{"a follow rule answers no text", []xunjia.ReplyRule{welcome}, "价格", at(10, 0), 0, "", ""},
		{"command", []xunjia.ReplyRule{fallback}, "我 的 采 购", at(10, 0), 9, xunjia.PurchasesCommand, ""},
		{"command before a part", []xunjia.ReplyRule{rule(1, xunjia.Contains, 9, "报价")}, "报价　黄连", at(10, 0), 1, xunjia.PricesCommand, "黄连"},
		{"whole text before a command", []xunjia.ReplyRule{rule(1, xunjia.Exact, 0, "帮助")}, "帮助", at(10, 0), 1, "", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			got := xunjia.ChooseReply(test.rules, test.text, test.now)
			if got.Rule.ID != test.rule || got.Command != test.command || got.Argument != test.arg {
				t.Errorf("rule %d, command %q %q; want %d, %q %q", got.Rule.ID, got.Command, got.Argument, test.rule, test.command, test.arg)
			}
		})
	}
}

func TestParseCommand(t *testing.T) {
	for text, want := range map[string][2]string{
		"帮助": {"帮助"}, "帮 助！": {"帮助"}, "？": {"帮助"}, "?": {"帮助"}, "ＨＥＬＰ": {"帮助"}, "help": {"帮助"}, "请帮助我": {},
		"我的采购": {"我的采购"}, "我的采购单。": {"我的采购"}, "看我的采购": {},
		"我的报价": {"我的报价"}, "报价": {"我的报价"}, "报价 黄连": {"报价", "黄连"}, "报价：黄连？": {"报价", "黄连"}, "报价黄连": {"报价", "黄连"},
		"报价<黄连>": {"报价", "黄连"}, "　报价　　黄 连 ": {"报价", "黄连"}, "报价：": {}, "": {}, "   ": {}, "黄连报价": {},
		"报价" + strings.Repeat("长", 21): {},
	} {
		command, arg := xunjia.ParseCommand(text)
		if string(command) != want[0] || arg != want[1] {
			t.Errorf("ParseCommand(%q) = %q, %q; want %q", text, command, arg, want)
		}
	}
}

func TestHours(t *testing.T) {
	for _, test := range []struct {
		hours xunjia.Hours
		at    time.Time
		want  bool
	}{
		{xunjia.Hours{}, at(3, 0), true},
		{xunjia.Hours{From: 540, Until: 1080}, at(8, 59), false},
		{xunjia.Hours{From: 540, Until: 1080}, at(9, 0), true},
		{xunjia.Hours{From: 540, Until: 1080}, at(17, 59), true},
		{xunjia.Hours{From: 540, Until: 1080}, at(18, 0), false},
		{xunjia.Hours{From: 1080, Until: 540}, at(23, 0), true},
		{xunjia.Hours{From: 1080, Until: 540}, at(8, 59), true},
		{xunjia.Hours{From: 1080, Until: 540}, at(12, 0), false},
		{xunjia.Hours{From: 540, Until: 1440}, at(23, 59), true},
		{xunjia.Hours{From: 540, Until: 1080}, at(9, 0).UTC(), true}, // whatever the zone of the moment
	} {
		if got := test.hours.Includes(test.at); got != test.want {
			t.Errorf("%+v includes %v: %v", test.hours, test.at, got)
		}
	}
}

func TestChosen(t *testing.T) {
	r := rule(1, xunjia.Exact, 0, "x")
	r.Answers = []xunjia.ReplyAnswer{{Text: "a"}, {Text: "b"}, {Text: "c"}}
	last := func(n int) int { return n - 1 }
	if got := r.Chosen(last); len(got) != 3 {
		t.Errorf("all answers: %v", got)
	}
	r.Random = true
	if diff := cmp.Diff([]xunjia.ReplyAnswer{{Text: "c"}}, r.Chosen(last)); diff != "" {
		t.Errorf("a random answer (-want +got):\n%s", diff)
	}
}

func TestCheckReplyRule(t *testing.T) {
	good := with(rule(0, xunjia.Contains, 10, "价格"), func(r *xunjia.ReplyRule) { r.Name = "价格" })
	answer := func(a xunjia.ReplyAnswer) func(*xunjia.ReplyRule) {
		return func(r *xunjia.ReplyRule) { r.Answers = []xunjia.ReplyAnswer{a} }
	}
	for _, test := range []struct {
		name   string
		change func(*xunjia.ReplyRule)
		field  string
	}{
		{"good", func(*xunjia.ReplyRule) {}, ""},
		{"no name", func(r *xunjia.ReplyRule) { r.Name = " " }, "name"},
		{"no words", func(r *xunjia.ReplyRule) { r.Words = nil }, "words"},
		{"a follow reply needs no words", func(r *xunjia.ReplyRule) { r.Words, r.Trigger = nil, xunjia.OnFollow }, ""},
		{"a long word", func(r *xunjia.ReplyRule) { r.Words = []string{strings.Repeat("长", 31)} }, "words"},
		{"only spaces", func(r *xunjia.ReplyRule) { r.Words = []string{"　"} }, "words"},
		{"priority", func(r *xunjia.ReplyRule) { r.Priority = 1000 }, "priority"},
		{"days", func(r *xunjia.ReplyRule) { r.Days = xunjia.Days{First: 20261124, Last: 20261123} }, "last"},
		{"no answers", func(r *xunjia.ReplyRule) { r.Answers = nil }, "answers"},
		{"too many", func(r *xunjia.ReplyRule) { r.Answers = append(r.Answers, r.Answers[0], r.Answers[0], r.Answers[0]) }, "answers"},
		{"2,048 bytes", answer(xunjia.ReplyAnswer{Kind: xunjia.TextAnswer, Text: strings.Repeat("药", 682) + "ab"}), ""},
		{"2,049 bytes", answer(xunjia.ReplyAnswer{Kind: xunjia.TextAnswer, Text: strings.Repeat("药", 683)}), "answers.0.text"},
		{"no text", answer(xunjia.ReplyAnswer{Kind: xunjia.TextAnswer, Text: " \n"}), "answers.0.text"},
		{"no picture", answer(xunjia.ReplyAnswer{Kind: xunjia.ImageAnswer}), "answers.0.media"},
		{"card", answer(xunjia.ReplyAnswer{Kind: xunjia.NewsAnswer, Title: "t", URL: "/purchases"}), ""},
		{"card without a title", answer(xunjia.ReplyAnswer{Kind: xunjia.NewsAnswer, URL: "https://example.com"}), "answers.0.title"},
		{"card to a script", answer(xunjia.ReplyAnswer{Kind: xunjia.NewsAnswer, Title: "t", URL: "javascript:alert(1)"}), "answers.0.url"},
		{"card to another host by path", answer(xunjia.ReplyAnswer{Kind: xunjia.NewsAnswer, Title: "t", URL: "//example.com"}), "answers.0.url"},
		{"media id", answer(xunjia.ReplyAnswer{Kind: xunjia.VoiceAnswer, MediaID: "a b"}), "answers.0.media_id"},
		{"unknown kind", answer(xunjia.ReplyAnswer{Kind: "dance"}), "answers.0.kind"},
	} {
		t.Run(test.name, func(t *testing.T) {
			err := with(good, test.change).Check()
			if test.field == "" {
				if err != nil {
					t.Errorf("refused: %v", err)
				}
				return
			}
			e, _ := err.(*xunjia.Error)
			if e == nil || e.Fields[test.field] == "" {
				t.Errorf("error %v, want one of the field %s", err, test.field)
			}
		})
	}
}

// The name of goods is looked up only when nothing of staff but the default
// reply would answer.
func TestGoodsAreNamed(t *testing.T) {
	fallback := xunjia.ReplyRule{ID: 1, Trigger: xunjia.OnDefault, Enabled: true, Answers: []xunjia.ReplyAnswer{{Kind: xunjia.TextAnswer, Text: "您好"}}}
	keyword := func(how xunjia.Matching, word string) xunjia.ReplyRule {
		r := fallback
		r.ID, r.Trigger, r.Matching, r.Words = 2, xunjia.OnKeyword, how, []string{word}
		return r
	}
	for _, c := range []struct {
		text  string
		rules []xunjia.ReplyRule
		want  string
	}{
		{"黄连", nil, "黄连"},
		{" 黄　连？", []xunjia.ReplyRule{fallback}, "黄连"},
		{"HL", nil, "hl"},
		{"黄连", []xunjia.ReplyRule{fallback, keyword(xunjia.Exact, "黄连")}, ""},
		{"黄连", []xunjia.ReplyRule{fallback, keyword(xunjia.Contains, "黄")}, ""},
		{"黄连", []xunjia.ReplyRule{keyword(xunjia.Exact, "黄")}, "黄连"},
		{"报价 黄连", nil, ""},
		{"帮助", nil, ""},
		{"黄", nil, ""},
		{strings.Repeat("黄", 21), nil, ""},
		{"？", nil, ""},
	} {
		choice := xunjia.ChooseReply(c.rules, c.text, time.Now())
		if choice.Goods != c.want {
			t.Errorf("%q with %d rules: %q, want %q", c.text, len(c.rules), choice.Goods, c.want)
		}
	}
}
