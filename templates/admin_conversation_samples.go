package templates

import (
	"net/url"
	"time"

	"github.com/xunjia/xunjia"
)

// conversationSamples are the pages of automatic replies and conversations.
func conversationSamples(now time.Time) []Sample {
	page := func(title, path string) Layout {
		l := sampleLayout(title, "")
		l.Path = path
		return l
	}
	price := xunjia.ReplyRule{
		ID: 3, Trigger: xunjia.OnKeyword, Name: "价格咨询", Words: []string{"价格", "多少钱", "怎么卖"}, Matching: xunjia.Contains, Priority: 20,
		Enabled: true, Version: 4, Hours: xunjia.Hours{From: 540, Until: 1080}, Days: xunjia.Days{First: 20261101, Last: 20261231},
		Answers: []xunjia.ReplyAnswer{{Kind: xunjia.TextAnswer, Text: "您好，价格以供应商的报价为准，发布采购以后马上有人报价。"}, {Kind: xunjia.NewsAnswer, Title: "怎么发布采购", Description: "三步就好", URL: "/purchases/new"}},
	}
	night := xunjia.ReplyRule{ID: 4, Trigger: xunjia.OnKeyword, Name: "人工客服", Words: []string{"人工"}, Matching: xunjia.Exact, Priority: 10, Random: true,
		Answers: []xunjia.ReplyAnswer{{Kind: xunjia.TextAnswer, Text: "马上来"}, {Kind: xunjia.TextAnswer, Text: "请稍等"}}}
	tabs := []ReplyTab{{xunjia.OnKeyword, 2}, {xunjia.OnFollow, 0}, {xunjia.OnDefault, 1}}
	complaints := Form{Values: ReplyValues(price), Message: "有内容需要修改，请看标红的地方", Errors: map[string]string{
		"name": "请填写名称，方便以后查找", "words": "请填写关键词，一行一个", "until": "开始和结束的时间要一起填写",
		"answers.0.text": "文字太长了：2049 字节，最多 2048 字节（一个汉字 3 字节）", "answers.1.url": "请填写以 http:// 或 https:// 开头的完整网址，或者以 / 开头的本站页面",
	}}
	fan := xunjia.Conversation{ID: 7, AppID: "wx", OpenID: "o6_bmjrPTlm6_2sgVt7hMZOPfL2M", Remark: "安国王老板", LastText: "黄连现在什么价？要 500 公斤", LastAt: now.Add(-3 * time.Minute), Unread: 2,
		Identity: xunjia.Identity{UserID: 5, Nickname: "王"}, Window: xunjia.Window{TalkedAt: now.Add(-3 * time.Minute), TalkUsed: 1}}
	stranger := xunjia.Conversation{ID: 8, OpenID: "oZ9-xyzABCDEF", LastText: "取消了关注", LastAt: now.Add(-50 * time.Hour), Window: xunjia.Window{Gone: true}}
	said := func(id int64, ago time.Duration, m xunjia.ChatMessage) xunjia.ChatMessage {
		m.ID, m.Conversation, m.At = id, 7, now.Add(-ago)
		return m
	}
	bubbles := []Bubble{
		{ChatMessage: said(1, 26*time.Hour, xunjia.ChatMessage{Kind: "event", Text: "关注了公众号"}), Day: "2026年11月22日", Event: true},
		{ChatMessage: said(2, 26*time.Hour, xunjia.ChatMessage{Kind: "text", Text: "您好，欢迎关注询价通！\n要采购：发布采购，关注这个品种的供应商马上收到通知。"}), Out: true, Who: "自动回复"},
		{ChatMessage: said(3, 5*time.Minute, xunjia.ChatMessage{Kind: "text", Text: "黄连现在什么价？要 500 公斤"}), Day: "2026年11月23日"},
		{ChatMessage: said(4, 4*time.Minute, xunjia.ChatMessage{Kind: "text", Text: "您好，已经请三家供应商给您报价。", State: xunjia.MessageSent}), Out: true, Who: "小李"},
		{ChatMessage: said(5, 3*time.Minute, xunjia.ChatMessage{Kind: "text", Text: "网址 https://example.com/a-very-long-address-that-does-not-break-anywhere-at-all-in-the-bubble", State: xunjia.MessageFailed, Reason: "超过 48 小时没有互动，不能再发"}), Out: true, Who: "小李"},
	}
	return []Sample{
		{"admin/replies", &AdminRepliesPage{Layout: page("自动回复", "/admin/replies"), Trigger: xunjia.OnKeyword, Tabs: tabs, Rows: []ReplyRow{NewReplyRow(price, now), NewReplyRow(night, now)}, Test: "多少钱一公斤", Result: &ReplyResult{Rule: price}}},
		{"admin/replies empty", &AdminRepliesPage{Layout: page("自动回复", "/admin/replies"), Trigger: xunjia.OnFollow, Tabs: tabs, Test: "帮助", Result: &ReplyResult{Command: xunjia.HelpCommand}}},
		{"admin/reply", &AdminReplyPage{Layout: page("自动回复", "/admin/replies/3"), Form: Form{Values: ReplyValues(price)}, ID: 3, Trigger: xunjia.OnKeyword, Slots: ReplySlots(), Editor: "小李 11月23日 18:05 修改"}},
		{"admin/reply errors", &AdminReplyPage{Layout: page("自动回复", "/admin/replies/new"), Form: complaints, Trigger: xunjia.OnKeyword, Slots: ReplySlots()}},
		{"admin/reply follow", &AdminReplyPage{Layout: page("自动回复", "/admin/replies/new"), Form: Form{Values: url.Values{"answers.0.kind": {"image"}}}, Trigger: xunjia.OnFollow, Slots: ReplySlots()}},
		{"admin/reply_delete", &AdminReplyDeletePage{Layout: page("删除自动回复", "/admin/replies/3/delete"), Rule: price}},
		{"admin/conversations", &AdminConversationsPage{Layout: page("会话", "/admin/conversations"), First: true, Total: 1, Next: "/admin/conversations?after=x", Rows: []ConversationRow{{fan, "47 小时 57 分"}, {stranger, ""}}}},
		{"admin/conversations empty", &AdminConversationsPage{Layout: page("会话", "/admin/conversations"), First: true, Search: "找不到的人"}},
		{"admin/conversation", &AdminConversationPage{Layout: page("安国王老板", "/admin/conversations/7"), Talk: fan, Bubbles: bubbles, Latest: true, Left: 4, Until: "47 小时 57 分", FormKey: "sample", CanSend: true}},
		{"admin/conversation closed", &AdminConversationPage{Layout: page("粉丝", "/admin/conversations/8"), Talk: stranger, Latest: true, Closed: stranger.Window.Closed(now), CanSend: true}},
	}
}
