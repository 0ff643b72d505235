package templates

import (
	"fmt"
	"time"

	"github.com/xunjia/xunjia"
)

// AdminConversationsPage lists the conversations with fans.
type AdminConversationsPage struct {
	Layout
	Waiting bool
	Search  string
	Rows    []ConversationRow
	Next    string // address of the part after
	First   bool   // this is the beginning
	Total   int    // conversations with something unread
}

// Template implements Page.
func (*AdminConversationsPage) Template() string { return "admin/conversations" }

// ConversationRow is one conversation in the list.
type ConversationRow struct {
	xunjia.Conversation
	Left string // how long it may be answered, "" when it may not
}

// AdminConversationPage is one conversation with the form to answer.
type AdminConversationPage struct {
	Layout
	Form
	Talk    xunjia.Conversation
	Bubbles []Bubble // oldest first
	Older   string   // address of older messages, "" at the beginning
	Latest  bool     // the newest messages are shown, as opposed to older ones
	Closed  string   // why nothing can be sent, "" when something can
	Left    int      // messages that may be sent
	Until   string   // for how long: 还剩 2 天
	FormKey string
	CanSend bool // the role may write to fans
}

// Template implements Page.
func (*AdminConversationPage) Template() string { return "admin/conversation" }

// OpenIDTail is the end of the openid, by which the fan can be found.
func (p *AdminConversationPage) OpenIDTail() string {
	return p.Talk.OpenID[max(0, len(p.Talk.OpenID)-6):]
}

// Bubble is one message of a conversation.
type Bubble struct {
	xunjia.ChatMessage
	Day   string // heading above it, "" when it is of the same day as the one before
	Event bool   // something the fan did, no message
	Out   bool
	Who   string // the colleague who wrote it, 自动回复
	Image string // address of the picture to show; "" for none
}

// WindowLeft writes how long a window stays open: 47 小时 12 分.
func WindowLeft(d time.Duration) string {
	switch minutes := int(d / time.Minute); {
	case d <= 0:
		return ""
	case minutes >= 60:
		return fmt.Sprintf("%d 小时 %d 分", minutes/60, minutes%60)
	case minutes > 0:
		return fmt.Sprintf("%d 分钟", minutes)
	}
	return "不到 1 分钟"
}
