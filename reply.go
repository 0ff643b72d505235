package xunjia

import (
	"slices"
	"strings"
	"time"
	"unicode"
)

// ReplyTrigger says what an automatic reply answers.
type ReplyTrigger string

// The triggers.
const (
	OnFollow  ReplyTrigger = "follow"  // 关注回复: somebody begins to follow
	OnKeyword ReplyTrigger = "keyword" // 关键词回复: a text matches a word
	OnDefault ReplyTrigger = "default" // 默认回复: a message that nothing else answers
)

// ReplyTriggers lists every trigger, in the order of the console's tabs.
func ReplyTriggers() []ReplyTrigger { return []ReplyTrigger{OnKeyword, OnFollow, OnDefault} }

// Name is the trigger in Chinese.
func (t ReplyTrigger) Name() string {
	switch t {
	case OnFollow:
		return "关注回复"
	case OnKeyword:
		return "关键词回复"
	case OnDefault:
		return "默认回复"
	}
	return string(t)
}

// Matching says how a keyword and a text are compared, both folded.
type Matching string

// The ways to compare.
const (
	Exact    Matching = "exact"    // 完全一致
	Contains Matching = "contains" // 包含
)

// Name is the way in Chinese.
func (m Matching) Name() string {
	if m == Exact {
		return "完全一致"
	}
	return "包含"
}

// ReplyKind is the shape of one answer.
type ReplyKind string

// The shapes.
const (
	TextAnswer  ReplyKind = "text"
	ImageAnswer ReplyKind = "image" // an uploaded picture
	NewsAnswer  ReplyKind = "news"  // a card that leads to a page
	VoiceAnswer ReplyKind = "voice" // a permanent voice of the account, by its media id
	VideoAnswer ReplyKind = "video" // a permanent video of the account, by its media id
)

// ReplyKinds lists every shape, in the order of forms.
func ReplyKinds() []ReplyKind {
	return []ReplyKind{TextAnswer, ImageAnswer, NewsAnswer, VoiceAnswer, VideoAnswer}
}

// Name is the shape in Chinese.
func (k ReplyKind) Name() string {
	switch k {
	case TextAnswer:
		return "文字"
	case ImageAnswer:
		return "图片"
	case NewsAnswer:
		return "图文"
	case VoiceAnswer:
		return "语音"
	case VideoAnswer:
		return "视频"
	}
	return string(k)
}

// ReplyAnswer is one answer of a rule.
type ReplyAnswer struct {
	Kind        ReplyKind
	Text        string // of a text, at most 2,048 bytes
	Media       string // key of the uploaded picture: an image, or the cover of a card
	MediaID     string // the platform's: of an image it is looked up from Media, of voice and video typed
	Title       string // of a card or video
	Description string // of a card or video
	URL         string // that a card leads to
}

// ReplyRule is an automatic reply that staff keep.
type ReplyRule struct {
	ID        int64
	Trigger   ReplyTrigger
	Name      string // for staff
	Words     []string
	Matching  Matching
	Priority  int // the highest that matches answers
	Enabled   bool
	Random    bool // one of the answers by chance instead of all
	Hours     Hours
	Days      Days
	Answers   []ReplyAnswer // the first one is the answer itself, the others follow as customer messages
	Version   int           // grows by one with every change
	UpdatedAt time.Time
	UpdatedBy int64 // staff
}

// Hours is a part of every day in China, in minutes after midnight: From
// inclusive, Until exclusive, over midnight when From is later. Equal ones mean
// the whole day.
type Hours struct{ From, Until int }

// Includes tells whether t lies within.
func (h Hours) Includes(t time.Time) bool {
	if h.From == h.Until {
		return true
	}
	t = t.In(China())
	minute := t.Hour()*60 + t.Minute()
	if h.From < h.Until {
		return h.From <= minute && minute < h.Until
	}
	return minute >= h.From || minute < h.Until
}

// Days is a range of calendar days in China, both inclusive, written as Day
// does: 20261123. 0 leaves an end open.
type Days struct{ First, Last int }

// Includes tells whether t lies within.
func (d Days) Includes(t time.Time) bool {
	day := Day(t)
	return (d.First == 0 || day >= d.First) && (d.Last == 0 || day <= d.Last)
}

// Live tells whether the rule may answer at t at all.
func (r ReplyRule) Live(t time.Time) bool {
	return r.Enabled && len(r.Answers) > 0 && r.Hours.Includes(t) && r.Days.Includes(t)
}

// matches tells whether one of the rule's words fits the text, how the best one
// does and how long it is, in characters of the folded word.
func (r ReplyRule) matches(folded string) (how Matching, length int) {
	for _, w := range r.Words {
		w = FoldText(w)
		n := len([]rune(w))
		switch {
		case w == "":
		case folded == w:
			return Exact, n
		case r.Matching == Contains && n > length && strings.Contains(folded, w):
			how, length = Contains, n
		}
	}
	return how, length
}

// Choice is what answers a text: a command or a rule, or neither.
type Choice struct {
	Command  Command   // "" for none
	Argument string    // of the command: the goods that were asked for
	Rule     ReplyRule // ID 0 for none; beside a command, what answers when the goods do not exist
	Goods    string    // folded, when the text may be the name of goods and only the default reply would answer
}

// ChooseReply decides what answers a text at t. A rule whose word is the whole
// text comes before the built-in commands, so that staff can replace them; the
// commands come before rules whose word is only part of the text; the default
// reply comes last. Among rules the priority decides, then the whole text before
// a part, the longer word, the older rule. The order of rules does not matter.
func ChooseReply(rules []ReplyRule, text string, t time.Time) Choice {
	folded := FoldText(text)
	var best ReplyRule
	var bestHow Matching
	bestLength := 0
	for _, r := range rules {
		if r.Trigger != OnKeyword || !r.Live(t) {
			continue
		}
		how, length := r.matches(folded)
		if how == "" {
			continue
		}
		if best.ID == 0 || before(r, how, length, best, bestHow, bestLength) {
			best, bestHow, bestLength = r, how, length
		}
	}
	if bestHow == Exact {
		return Choice{Rule: best}
	}
	command, argument := ParseCommand(text)
	if best.ID != 0 {
		return Choice{Command: command, Argument: argument, Rule: best}
	}
	choice := Choice{Command: command, Argument: argument, Rule: PickRule(rules, OnDefault, t)}
	if command == "" {
		choice.Goods = goodsName(text)
	}
	return choice
}

// before orders two rules that both match.
func before(r ReplyRule, how Matching, length int, than ReplyRule, thanHow Matching, thanLength int) bool {
	switch {
	case r.Priority != than.Priority:
		return r.Priority > than.Priority
	case how != thanHow:
		return how == Exact
	case length != thanLength:
		return length > thanLength
	}
	return r.ID < than.ID
}

// PickRule answers the rule of a trigger without words that holds at t: the
// highest priority, then the older one. The zero rule means that there is none.
func PickRule(rules []ReplyRule, trigger ReplyTrigger, t time.Time) ReplyRule {
	var best ReplyRule
	for _, r := range rules {
		if r.Trigger == trigger && r.Live(t) &&
			(best.ID == 0 || r.Priority > best.Priority || r.Priority == best.Priority && r.ID < best.ID) {
			best = r
		}
	}
	return best
}

// Chosen is what the rule says this time: all answers, or one of them when the
// rule is random. pick answers a number below n.
func (r ReplyRule) Chosen(pick func(n int) int) []ReplyAnswer {
	if !r.Random || len(r.Answers) < 2 {
		return r.Answers
	}
	return r.Answers[pick(len(r.Answers)):][:1]
}

// FoldText makes texts comparable: full-width letters become ASCII, letters lower
// case, and spaces, control characters and invisible ones go.
func FoldText(s string) string {
	return strings.Map(func(r rune) rune {
		if r >= '！' && r <= '～' {
			r -= '！' - '!'
		}
		switch {
		case unicode.IsSpace(r), unicode.IsControl(r), unicode.Is(unicode.Cf, r):
			return -1
		}
		return unicode.ToLower(r)
	}, s)
}

// Command is a built-in instruction that is answered with live data.
type Command string

// The commands, as users type them.
const (
	HelpCommand      Command = "帮助"
	PurchasesCommand Command = "我的采购"
	QuotesCommand    Command = "我的报价"
	PricesCommand    Command = "报价" // with the name of goods
)

// ParseCommand finds a command in a text, whatever its spaces and width. The
// argument of PricesCommand is the goods' name, never empty; "报价" alone is
// QuotesCommand.
func ParseCommand(text string) (Command, string) {
	folded := strings.TrimRight(FoldText(text), "?!.。、,~")
	switch folded {
	case "帮助", "help", "怎么用":
		return HelpCommand, ""
	case "":
		if s := FoldText(text); s == "?" || s == "??" {
			return HelpCommand, ""
		}
	case "我的采购", "我的采购单":
		return PurchasesCommand, ""
	case "我的报价", "我的报价单", "报价":
		return QuotesCommand, ""
	}
	if goods, ok := strings.CutPrefix(folded, "报价"); ok {
		if goods = strings.Trim(goods, ":,-，：<>[]【】《》"); goods != "" && len([]rune(goods)) <= maxGoodsName {
			return PricesCommand, goods
		}
	}
	return "", ""
}

// goodsName is a short text that may be the name of goods, "" for another one.
// Whether there are such goods is for the store to say.
func goodsName(text string) string {
	goods := strings.Trim(FoldText(text), "?!.。、,~，：:<>[]【】《》")
	if n := len([]rune(goods)); n < 2 || n > maxGoodsName {
		return ""
	}
	return goods
}

// maxGoodsName is how long the name of goods may be in the chat, in characters.
const maxGoodsName = 20

// The bounds of a rule. Text is counted in bytes, as the platform does; so are
// the card's parts, whose limits it does not publish (these are what clients
// show).
const (
	MaxReplyText    = 2048 // bytes
	MaxReplyWords   = 30
	MaxReplyAnswers = 3 // one at once, and as many more as a click or a follow permits less one
	maxWord         = 30
	maxRuleName     = 40
	maxCardTitle    = 64
	maxCardText     = 120
	maxCardURL      = 1024
	maxMediaID      = 128
)

// Check tells what is wrong with the rule; the error's Fields are those of the
// form: name, words, priority, from, until, first, last, answers, and per answer
// "answers.0.text" and so on.
func (r ReplyRule) Check() error {
	f := FieldErrors{}
	checkText(f, "name", r.Name, maxRuleName)
	if strings.TrimSpace(r.Name) == "" {
		f.Add("name", "请填写名称，方便以后查找")
	}
	if !slices.Contains(ReplyTriggers(), r.Trigger) {
		f.Add("name", "没有这类回复")
	}
	if r.Trigger == OnKeyword {
		r.checkWords(f)
	}
	if r.Priority < 0 || r.Priority > 999 {
		f.Add("priority", "优先级是 0 到 999 的整数")
	}
	if r.Hours.From < 0 || r.Hours.From >= 24*60 {
		f.Add("from", "请填写时间，例如 09:00")
	}
	if r.Hours.Until < 0 || r.Hours.Until > 24*60 {
		f.Add("until", "请填写时间，例如 18:00")
	}
	if r.Days.First != 0 && r.Days.Last != 0 && r.Days.Last < r.Days.First {
		f.Add("last", "结束日期不能早于开始日期")
	}
	switch {
	case len(r.Answers) == 0:
		f.Add("answers", "请至少填写一条回复")
	case len(r.Answers) > MaxReplyAnswers:
		f.Add("answers", "最多 %d 条回复", MaxReplyAnswers)
	}
	for i, a := range r.Answers {
		a.check(f, "answers."+string(rune('0'+i%10))+".")
	}
	return f.Err()
}

func (r ReplyRule) checkWords(f FieldErrors) {
	if r.Matching != Exact && r.Matching != Contains {
		f.Add("matching", "请选择匹配方式")
	}
	if len(r.Words) == 0 {
		f.Add("words", "请填写关键词，一行一个")
	}
	if len(r.Words) > MaxReplyWords {
		f.Add("words", "关键词最多 %d 个", MaxReplyWords)
	}
	for _, w := range r.Words {
		if n := len([]rune(w)); n > maxWord {
			f.Add("words", "关键词最多 %d 个字：%s…", maxWord, string([]rune(w)[:8]))
		}
		if FoldText(w) == "" {
			f.Add("words", "关键词不能只有空格")
		}
	}
}

func (a ReplyAnswer) check(f FieldErrors, prefix string) {
	bytes := func(field, name, value string, limit int) {
		if n := len(value); n > limit {
			f.Add(prefix+field, "%s太长了：%d 字节，最多 %d 字节（一个汉字 3 字节）", name, n, limit)
		}
	}
	card := func() {
		checkText(f, prefix+"title", a.Title, maxCardTitle)
		checkText(f, prefix+"description", a.Description, maxCardText)
	}
	switch a.Kind {
	case TextAnswer:
		bytes("text", "文字", a.Text, MaxReplyText)
		if strings.TrimSpace(a.Text) == "" {
			f.Add(prefix+"text", "请填写回复的文字")
		}
	case ImageAnswer:
		if a.Media == "" {
			f.Add(prefix+"media", "请选择图片")
		}
	case NewsAnswer:
		card()
		if strings.TrimSpace(a.Title) == "" {
			f.Add(prefix+"title", "请填写标题")
		}
		if len(a.URL) > maxCardURL || !webAddress(a.URL) {
			f.Add(prefix+"url", "请填写以 http:// 或 https:// 开头的完整网址，或者以 / 开头的本站页面")
		}
	case VoiceAnswer, VideoAnswer:
		card()
		if a.MediaID == "" || len(a.MediaID) > maxMediaID || strings.ContainsFunc(a.MediaID, func(r rune) bool { return r <= ' ' || r > '~' }) {
			f.Add(prefix+"media_id", "请填写公众号素材库里的 media_id")
		}
	default:
		f.Add(prefix+"kind", "请选择回复的类型")
	}
}

// webAddress tells a page: a full address, or a path of our own site.
func webAddress(s string) bool {
	if strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' || r == '\\' || r == '"' || r == '<' || r == '>' }) {
		return false
	}
	for _, scheme := range []string{"https://", "http://"} {
		if rest, ok := strings.CutPrefix(s, scheme); ok {
			return rest != "" && rest[0] != '/'
		}
	}
	return len(s) > 0 && s[0] == '/' && !strings.HasPrefix(s, "//")
}
