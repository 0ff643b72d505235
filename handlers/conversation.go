package handlers

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/xunjia/xunjia"
	"github.com/xunjia/xunjia/store"
	"github.com/xunjia/xunjia/wechat"
)

// Conversation answers what fans do in the chat. Its Answer is the handler of
// wechat.NewCallback; it may be called again for a push that failed.
type Conversation struct {
	Store   *store.Store
	Outbox  Outbox
	BaseURL string // links begin with it
	Clock   func() time.Time
}

// Keys of menu buttons that are answered in the chat.
const keyHelp = "help"

// Answer says what the fan is told; nil for nothing.
func (v *Conversation) Answer(ctx context.Context, m wechat.Message) (wechat.Reply, error) {
	switch body := m.Body.(type) {
	case wechat.Subscribe:
		if err := v.Store.SetSubscribed(ctx, m.AppID, m.OpenID, true, m.At); err != nil {
			return nil, err
		}
		return v.welcome(), nil
	case wechat.Unsubscribe:
		return nil, v.Store.SetSubscribed(ctx, m.AppID, m.OpenID, false, m.At)
	case wechat.TemplateResult:
		return nil, v.confirm(ctx, m, body)
	case wechat.Click:
		return v.help(), nil
	case wechat.Text:
		return v.text(body.Content), nil
	case wechat.Image, wechat.Voice, wechat.Video, wechat.Location, wechat.Link:
		return wechat.TextReply{Content: "收到了，谢谢。\n" + v.links()}, nil
	}
	return nil, nil // positions, views, scans and what we do not know need no answer
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

func (v *Conversation) text(content string) wechat.Reply {
	switch word := strings.TrimSpace(content); {
	case strings.Contains(word, "帮助") || word == "?" || word == "？":
		return v.help()
	case strings.Contains(word, "我的采购"):
		return wechat.TextReply{Content: "点这里查看" + v.link("/me/purchases", "我的采购")}
	case strings.Contains(word, "我的报价"):
		return wechat.TextReply{Content: "点这里查看" + v.link("/me/quotes", "我的报价")}
	case strings.Contains(word, "采购") || strings.Contains(word, "求购"):
		return wechat.TextReply{Content: "要买什么？点这里" + v.link("/purchases/new", "发布采购") + "，供应商马上报价。"}
	}
	return wechat.TextReply{Content: "您好，我是询价通的小助手。\n" + v.links()}
}

func (v *Conversation) welcome() wechat.Reply {
	return wechat.TextReply{Content: "您好，欢迎关注询价通！\n\n" +
		"要采购：" + v.link("/purchases/new", "发布采购") + "，关注这个品种的供应商马上收到通知。\n" +
		"要供货：" + v.link("/register", "注册并关注品种") + "，有人采购时第一时间通知您，用手机就能报价。\n\n" +
		"回复“帮助”查看怎么用。"}
}

func (v *Conversation) help() wechat.Reply {
	return wechat.TextReply{Content: "询价通怎么用：\n" +
		"1. " + v.link("/purchases", "找采购") + "：看看谁在采购，点开就能报价\n" +
		"2. " + v.link("/purchases/new", "发布采购") + "：填品种、数量和截止时间\n" +
		"3. " + v.link("/inbox", "消息") + "：报价和结果都在这里\n" +
		"4. " + v.link("/me/categories", "关注的品种") + "：决定收到哪些通知"}
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
