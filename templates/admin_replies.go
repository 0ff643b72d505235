package templates

import (
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/xunjia/xunjia"
)

// AdminRepliesPage lists the automatic replies of one trigger and tells what
// answers a text.
type AdminRepliesPage struct {
	Layout
	Trigger xunjia.ReplyTrigger
	Tabs    []ReplyTab
	Search  string
	Rows    []ReplyRow
	Test    string // what was typed into the test box
	Result  *ReplyResult
}

// Template implements Page.
func (*AdminRepliesPage) Template() string { return "admin/replies" }

// ReplyTab is one trigger.
type ReplyTab struct {
	Trigger xunjia.ReplyTrigger
	Count   int
}

// ReplyRow is one rule in the list.
type ReplyRow struct {
	Rule    xunjia.ReplyRule
	When    string // hours and days in words, "" for always
	Preview string
	Live    bool // may answer at this moment
}

// ReplyResult is what answers the text of the test box.
type ReplyResult struct {
	Command xunjia.Command
	Rule    xunjia.ReplyRule
	BuiltIn bool // nothing of staff's: the program's own words
	Goods   bool // before that, who wants the goods, when the text is their name
}

// NewReplyRow makes a row.
func NewReplyRow(r xunjia.ReplyRule, now time.Time) ReplyRow {
	row := ReplyRow{Rule: r, When: replyWhen(r), Live: r.Live(now)}
	var parts []string
	for _, a := range r.Answers {
		text := a.Text
		if a.Kind != xunjia.TextAnswer {
			text = strings.TrimSpace("[" + a.Kind.Name() + "] " + a.Title)
		}
		parts = append(parts, text)
	}
	sep := " ＋ "
	if r.Random {
		sep = " 或 "
	}
	row.Preview = strings.Join(parts, sep)
	return row
}

// replyWhen writes a time window for people.
func replyWhen(r xunjia.ReplyRule) string {
	var parts []string
	if r.Days.First != 0 || r.Days.Last != 0 {
		parts = append(parts, strings.TrimSpace(dayText(r.Days.First)+" 至 "+dayText(r.Days.Last)))
	}
	if r.Hours.From != r.Hours.Until {
		parts = append(parts, "每天 "+MinuteText(r.Hours.From)+"–"+MinuteText(r.Hours.Until))
	}
	return strings.Join(parts, "，")
}

func dayText(day int) string {
	if day == 0 {
		return ""
	}
	return fmt.Sprintf("%04d-%02d-%02d", day/10000, day/100%100, day%100)
}

// MinuteText writes a minute of the day: 09:30.
func MinuteText(minute int) string { return fmt.Sprintf("%02d:%02d", minute/60, minute%60) }

// AdminReplyPage is the form of one automatic reply.
type AdminReplyPage struct {
	Layout
	Form
	ID      int64 // 0 for a new one
	Trigger xunjia.ReplyTrigger
	Slots   []ReplySlot
	Editor  string // who changed it last, and when
}

// Template implements Page.
func (*AdminReplyPage) Template() string { return "admin/reply" }

// ReplySlot is one answer in the form. Prefix begins the names of its fields.
type ReplySlot struct {
	Prefix string // "answers.0."
	Number int    // from 1
	Kinds  []xunjia.ReplyKind
}

// ReplySlots are the places for answers in the form.
func ReplySlots() []ReplySlot {
	slots := make([]ReplySlot, xunjia.MaxReplyAnswers)
	for i := range slots {
		slots[i] = ReplySlot{Prefix: "answers." + strconv.Itoa(i) + ".", Number: i + 1, Kinds: xunjia.ReplyKinds()}
	}
	return slots
}

// ReplyValues is a rule as its form has it.
func ReplyValues(r xunjia.ReplyRule) url.Values {
	v := url.Values{
		"name": {r.Name}, "words": {strings.Join(r.Words, "\n")}, "matching": {string(r.Matching)},
		"priority": {strconv.Itoa(r.Priority)}, "version": {strconv.Itoa(r.Version)},
		"first": {dayText(r.Days.First)}, "last": {dayText(r.Days.Last)}, "random": {"all"},
	}
	if r.Enabled {
		v.Set("enabled", "1")
	}
	if r.Random {
		v.Set("random", "one")
	}
	if r.Hours.From != r.Hours.Until {
		v.Set("from", MinuteText(r.Hours.From))
		v.Set("until", MinuteText(r.Hours.Until))
	}
	for i, a := range r.Answers {
		p := "answers." + strconv.Itoa(i) + "."
		for name, value := range map[string]string{
			"kind": string(a.Kind), "text": a.Text, "media": a.Media, "title": a.Title, "description": a.Description, "url": a.URL,
		} {
			v.Set(p+name, value)
		}
		if a.Media == "" {
			v.Set(p+"media_id", a.MediaID)
		}
	}
	return v
}

// AdminReplyDeletePage asks before a rule goes for good.
type AdminReplyDeletePage struct {
	Layout
	Rule xunjia.ReplyRule
}

// Template implements Page.
func (*AdminReplyDeletePage) Template() string { return "admin/reply_delete" }
