package templates

import (
	"strconv"
	"time"

	"github.com/xunjia/xunjia"
)

// PreferencesPage lets somebody choose what he hears of, by which channel and
// when.
type PreferencesPage struct {
	Layout
	Form   Form
	Chosen xunjia.Preferences
	Topics []PreferenceTopic
	Muted  []Option // categories
}

// Template implements Page.
func (*PreferencesPage) Template() string { return "preferences" }

// PreferenceTopic is a group of kinds.
type PreferenceTopic struct {
	Title string
	Kinds []PreferenceKind
}

// PreferenceKind is one row: a kind of message and the channels that may carry
// it.
type PreferenceKind struct {
	Name     string
	Switches []PreferenceSwitch
}

// PreferenceSwitch is one channel of a row; Value is "" where there is none.
type PreferenceSwitch struct {
	Value   string
	Label   string
	Checked bool
}

// SwitchValue names a switch in the form.
func SwitchValue(kind xunjia.EventKind, c xunjia.Channel) string {
	return string(kind) + "/" + string(c)
}

// NewPreferencesPage lays out what can be chosen, as it is chosen now. Kinds
// that only the inbox tells are not listed, nor urgent ones.
func NewPreferencesPage(p xunjia.Preferences) *PreferencesPage {
	page := &PreferencesPage{Chosen: p}
	for _, topic := range xunjia.Topics() {
		t := PreferenceTopic{Title: topic.String()}
		for _, spec := range xunjia.Catalogue() {
			if spec.Topic != topic || spec.Urgent || len(spec.Channels) == 0 {
				continue
			}
			k := PreferenceKind{Name: spec.Name}
			for _, c := range []xunjia.Channel{xunjia.WeChatChannel, xunjia.SMSChannel} {
				s := PreferenceSwitch{}
				if spec.Uses(c) {
					off := false
					for _, o := range p.Off[spec.Kind] {
						off = off || o == c
					}
					s = PreferenceSwitch{Value: SwitchValue(spec.Kind, c), Label: spec.Name + "：" + c.Name(), Checked: !off}
				}
				k.Switches = append(k.Switches, s)
			}
			t.Kinds = append(t.Kinds, k)
		}
		page.Topics = append(page.Topics, t)
	}
	return page
}

// HasQuiet tells whether there is a quiet time.
func (p *PreferencesPage) HasQuiet() bool { return p.Chosen.Quiet.From != p.Chosen.Quiet.To }

// Clocks offers the half hours of a day for the quiet time; those of a night
// when there is none yet.
func (p *PreferencesPage) Clocks(from bool) []Option {
	chosen, start := p.Chosen.Quiet.To, 8*60
	if from {
		chosen, start = p.Chosen.Quiet.From, 22*60
	}
	if !p.HasQuiet() {
		chosen = start
	}
	return clocks(chosen, 30)
}

// Digests offers the hours of a daily digest.
func (p *PreferencesPage) Digests() []Option {
	never := Option{Value: strconv.Itoa(xunjia.NoDigest), Text: "不汇总", Selected: p.Chosen.Digest == xunjia.NoDigest}
	return append([]Option{never}, clocks(p.Chosen.Digest, 60)...)
}

func clocks(chosen, step int) []Option {
	var list []Option
	for m := 0; m < 24*60; m += step {
		list = append(list, Option{Value: strconv.Itoa(m), Text: xunjia.Clock(m), Selected: m == chosen})
	}
	return list
}

// WhyPage tells why somebody got a message and what became of it.
type WhyPage struct {
	Layout
	Notification xunjia.Notification
	Spec         xunjia.EventSpec // zero once the event is forgotten
	Preferences  xunjia.Preferences
	Text         string
	Match        string            // of a request that was pushed: what spoke for telling him
	Categories   []xunjia.Category // followed, that the message is about
	Sent         []WhySent
}

// Template implements Page.
func (*WhyPage) Template() string { return "why" }

// WhySent is what one channel did with the message.
type WhySent struct {
	Channel string
	State   string
	Reason  string
	Waits   bool
	Planned time.Time
	At      time.Time // zero when it was not sent
}

// Muteable tells whether the kind can be turned off.
func (p *WhyPage) Muteable() bool { return !p.Spec.Urgent && len(p.Spec.Channels) > 0 }

// Muted tells whether every channel of the kind is off.
func (p *WhyPage) Muted() bool {
	return p.Muteable() && len(p.Preferences.Off[p.Spec.Kind]) == len(p.Spec.Channels)
}

func preferenceSamples(now time.Time) []Sample {
	chosen := xunjia.DefaultPreferences(xunjia.Quiet{From: 22 * 60, To: 8 * 60})
	chosen.Off = map[xunjia.EventKind][]xunjia.Channel{xunjia.QuoteRevised: {xunjia.WeChatChannel}}
	full := NewPreferencesPage(chosen)
	full.Layout = sampleLayout("消息设置", MeTab)
	full.Muted = []Option{{Value: "7", Text: "黄连", Selected: true}, {Value: "8", Text: "三七", Selected: true}}
	none := NewPreferencesPage(xunjia.DefaultPreferences(xunjia.Quiet{}))
	none.Layout = sampleLayout("消息设置", MeTab)
	none.Form = Form{Message: "请检查标出的内容", Errors: map[string]string{"quiet": "请选择免打扰的开始和结束时间"}}
	n := xunjia.Notification{ID: 12, Type: xunjia.PurchasingNotice, Title: "新的采购需求：黄连", Text: "华济堂 求购 黄连 统货 500公斤，11月26日 12:00 截止报价。", Path: "/purchases/7", CreatedAt: now}
	why := &WhyPage{Layout: sampleLayout("为什么收到这条消息", InboxTab), Notification: n, Spec: xunjia.PurchasePublished.Spec(), Preferences: chosen,
		Text: "因为您关注了黄连。", Match: "关注该品种 +150，同城 +200，两小时内报价 +120", Categories: []xunjia.Category{{ID: 7, Name: "黄连"}},
		Sent: []WhySent{{Channel: "微信", State: "不需要发", Reason: "没有关注公众号；改发短信"}, {Channel: "短信", State: "等待发送", Waits: true, Reason: "收件人免打扰（22:00–08:00）", Planned: now.Add(9 * time.Hour)}}}
	old := &WhyPage{Layout: sampleLayout("为什么收到这条消息", InboxTab), Notification: n, Text: "这是您账户的消息。"}
	return []Sample{{"preferences", full}, {"preferences wrong", none}, {"why", why}, {"why old", old}}
}
