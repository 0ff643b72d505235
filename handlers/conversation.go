package handlers

import (
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"regexp"
	"strings"
	"sync"
	"time"

	"github.com/xunjia/xunjia"
	"github.com/xunjia/xunjia/store"
	"github.com/xunjia/xunjia/wechat"
)

// Scenes acts on scanned QR codes of the account.
type Scenes interface {
	// Scanned is called when somebody scanned the code with a scene, at the
	// moment that the push names; followed says that he began to follow by it.
	// The reply, when there is one, takes the place of the follow reply. It may
	// be called again for the same scan, with the same moment.
	Scanned(ctx context.Context, identity xunjia.Identity, scene string, at time.Time, followed bool) (wechat.Reply, error)
}

// Conversation answers what fans do in the chat. Its Answer is the handler of
// wechat.NewCallback; it may be called again for a push that failed. Rules of
// staff come first (conversation_rules.go), commands with live data are in
// conversation_commands.go, and what is sent beside the answer to a push is in
// conversation_send.go.
type Conversation struct {
	Store   *store.Store
	Outbox  Outbox
	BaseURL string // links begin with it
	Clock   func() time.Time
	Log     *slog.Logger    // nil: slog.Default()
	Account *wechat.Account // sends what is no answer to a push; nil: nothing is
	Scenes  Scenes          // nil: scans are not acted on

	book    ruleBook
	wake    sync.Once
	due     chan struct{}
	working sync.WaitGroup
}

// Keys of menu buttons that are answered in the chat. Another key is answered as
// if the fan had typed it.
const keyHelp = "help"

// said is one answer: what is sent, and what is kept of it.
type said struct {
	reply wechat.Reply
	text  string // what staff read
	kind  string
	media string
	rule  xunjia.ReplyAnswer // of an answer that staff wrote
}

// Answer says what the fan is told; nil for nothing.
func (v *Conversation) Answer(ctx context.Context, m wechat.Message) (wechat.Reply, error) {
	var answers []said
	var err error
	switch body := m.Body.(type) {
	case wechat.Subscribe:
		answers, err = v.followed(ctx, m, body)
	case wechat.Scan:
		answers, err = v.scanned(ctx, m, body.Scene, false)
	case wechat.TemplateResult:
		return nil, v.confirm(ctx, m, body)
	case wechat.Click:
		answers = v.text(ctx, m, body.Key)
	case wechat.Text:
		answers = v.text(ctx, m, body.Content)
	case wechat.Image, wechat.Voice, wechat.Video, wechat.Location, wechat.Link:
		answers = v.rule(xunjia.PickRule(v.rules(ctx), xunjia.OnDefault, v.Clock()))
		if len(answers) == 0 {
			answers = plain("收到了，谢谢。\n" + v.links())
		}
	case wechat.Unsubscribe:
	default:
		return nil, nil // positions, views and what we do not know need no answer
	}
	if err != nil {
		return nil, err
	}
	fresh, err := v.keep(ctx, m, answers)
	if err != nil || !fresh || len(answers) == 0 {
		return nil, err
	}
	return answers[0].reply, nil
}

// followed greets a new follower.
func (v *Conversation) followed(ctx context.Context, m wechat.Message, body wechat.Subscribe) ([]said, error) {
	if body.Scene != "" {
		// Who scans must be known as a follower by then.
		if err := v.Store.SetSubscribed(ctx, m.AppID, m.OpenID, true, m.At); err != nil {
			return nil, err
		}
		if answers, err := v.scanned(ctx, m, body.Scene, true); err != nil || len(answers) > 0 {
			return answers, err
		}
	}
	if answers := v.rule(xunjia.PickRule(v.rules(ctx), xunjia.OnFollow, v.Clock())); len(answers) > 0 {
		return answers, nil
	}
	return plain(v.welcome()), nil
}

// scanned hands the scene of a QR code on.
func (v *Conversation) scanned(ctx context.Context, m wechat.Message, scene string, followed bool) ([]said, error) {
	if v.Scenes == nil || scene == "" {
		return nil, nil
	}
	identity, err := v.Store.SaveIdentity(ctx, xunjia.Identity{AppID: m.AppID, OpenID: m.OpenID, Subscribed: true})
	if err != nil {
		return nil, err
	}
	reply, err := v.Scenes.Scanned(ctx, identity, scene, m.At, followed)
	if text, ok := reply.(wechat.TextReply); err != nil || reply == nil || ok && strings.TrimSpace(text.Content) == "" {
		return nil, err
	}
	return []said{describe(reply)}, nil
}

// text answers what was typed, or the key of a button.
func (v *Conversation) text(ctx context.Context, m wechat.Message, content string) []said {
	choice := xunjia.ChooseReply(v.rules(ctx), content, v.Clock())
	if choice.Command != "" || choice.Goods != "" {
		if answer := v.command(ctx, m, choice); answer != "" {
			return plain(answer)
		}
	}
	if answers := v.rule(choice.Rule); len(answers) > 0 {
		return answers
	}
	if _, clicked := m.Body.(wechat.Click); clicked {
		return plain(v.help())
	}
	return plain("您好，我是询价通的小助手。\n" + v.links())
}

// rule is what a rule says this time. Answers that cannot be given now, an image
// that the platform no longer has, are left out.
func (v *Conversation) rule(r xunjia.ReplyRule) []said {
	var answers []said
	for _, a := range r.Chosen(rand.IntN) {
		if reply := v.reply(a); reply != nil {
			s := describe(reply)
			s.rule = a
			if a.Media != "" {
				s.media = a.Media
			}
			answers = append(answers, s)
		}
	}
	return answers
}

// reply is an answer of a rule as the platform wants it, nil when it cannot be
// given.
func (v *Conversation) reply(a xunjia.ReplyAnswer) wechat.Reply {
	switch {
	case a.Kind == xunjia.TextAnswer:
		return wechat.TextReply{Content: a.Text}
	case a.Kind == xunjia.NewsAnswer:
		card := wechat.Article{Title: a.Title, Description: a.Description, URL: v.absolute(a.URL)}
		if a.Media != "" {
			card.ImageURL = v.BaseURL + "/media/" + a.Media + "/pc"
		}
		return wechat.NewsReply{Articles: []wechat.Article{card}}
	case a.MediaID == "":
		return nil
	case a.Kind == xunjia.ImageAnswer:
		return wechat.ImageReply{MediaID: a.MediaID}
	case a.Kind == xunjia.VoiceAnswer:
		return wechat.VoiceReply{MediaID: a.MediaID}
	case a.Kind == xunjia.VideoAnswer:
		return wechat.VideoReply{MediaID: a.MediaID, Title: a.Title, Description: a.Description}
	}
	return nil
}

// absolute makes a path of our site an address that works in the chat.
func (v *Conversation) absolute(url string) string {
	if len(url) > 0 && url[0] == '/' {
		return v.BaseURL + url
	}
	return url
}

func plain(text string) []said {
	return []said{describe(wechat.TextReply{Content: text})}
}

// markup is what the chat does not show. Addresses go with it: some let whoever
// opens them log in.
var markup = regexp.MustCompile(`<[^>]*>`)

// describe is what is kept of a reply.
func describe(r wechat.Reply) said {
	s := said{reply: r, kind: "text"}
	switch r := r.(type) {
	case wechat.TextReply:
		s.text = markup.ReplaceAllString(r.Content, "")
	case wechat.NewsReply:
		s.kind = "news"
		for _, a := range r.Articles[:min(1, len(r.Articles))] {
			s.text = "[图文] " + a.Title
		}
	case wechat.ImageReply:
		s.kind, s.text, s.media = "image", "[图片]", r.MediaID
	case wechat.VoiceReply:
		s.kind, s.text, s.media = "voice", "[语音]", r.MediaID
	case wechat.VideoReply:
		s.kind, s.text, s.media = "video", "[视频] "+r.Title, r.MediaID
	case wechat.MusicReply:
		s.kind, s.text = "music", "[音乐] "+r.Title
	case wechat.TransferReply:
		s.kind, s.text = "transfer", "[转接客服]"
	}
	return s
}

// unknownFor is how long a result waits for its message: the platform may
// report it before our own note of the message's id is written.
const unknownFor = 10 * time.Minute

// confirm notes what became of a template message. Messages of other programs
// that use the same account are none of ours.
func (v *Conversation) confirm(ctx context.Context, m wechat.Message, result wechat.TemplateResult) error {
	err := v.Outbox.ConfirmDelivery(ctx, xunjia.WeChatChannel, result.MsgID, result.Sent, result.Status)
	if xunjia.ErrorCode(err) == xunjia.NotFound && v.Clock().Sub(m.At) > unknownFor {
		return nil
	}
	return err
}

func (v *Conversation) log() *slog.Logger {
	if v.Log == nil {
		return slog.Default()
	}
	return v.Log
}

func (v *Conversation) welcome() string {
	return "您好，欢迎关注询价通！\n\n" +
		"要采购：" + v.link("/purchases/new", "发布采购") + "，关注这个品种的供应商马上收到通知。\n" +
		"要供货：" + v.link("/register", "注册并关注品种") + "，有人采购时第一时间通知您，用手机就能报价。\n\n" +
		"回复“帮助”查看怎么用。"
}

func (v *Conversation) help() string {
	return "询价通怎么用：\n" +
		"1. " + v.link("/purchases", "找采购") + "：看看谁在采购，点开就能报价\n" +
		"2. " + v.link("/purchases/new", "发布采购") + "：填品种、数量和截止时间\n" +
		"3. " + v.link("/inbox", "消息") + "：报价和结果都在这里\n" +
		"4. " + v.link("/me/categories", "关注的品种") + "：决定收到哪些通知\n" +
		"也可以直接回复：我的采购、我的报价，或者品种的名称，例如“黄连”，查看正在采购的黄连。"
}

func (v *Conversation) links() string {
	return v.link("/purchases", "找采购") + "　" + v.link("/purchases/new", "发布采购") + "　" + v.link("/me", "我的") + "\n回复“帮助”查看怎么用。"
}

func (v *Conversation) link(path, text string) string {
	return fmt.Sprintf(`<a href="%s%s">%s</a>`, v.BaseURL, path, text)
}

// DefaultMenu is the menu that a new installation begins with.
func DefaultMenu(baseURL string) []*wechat.Button {
	view := func(name, path string) *wechat.Button {
		return &wechat.Button{Type: "view", Name: name, URL: baseURL + path}
	}
	return []*wechat.Button{
		view("找采购", "/purchases"),
		view("发布采购", "/purchases/new"),
		{Name: "我的", SubButtons: []*wechat.Button{
			view("我的采购", "/me/purchases"), view("我的报价", "/me/quotes"), view("消息", "/inbox"),
			view("我的资料", "/me"), {Type: "click", Name: "使用帮助", Key: keyHelp},
		}},
	}
}
