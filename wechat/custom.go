package wechat

import (
	"context"

	"github.com/silenceper/wechat/v2/officialaccount/message"
	"github.com/xunjia/xunjia"
)

// CustomMessage is a customer message (客服消息) of any type.
type CustomMessage = message.CustomerMessage

// SendCustom sends a customer message. The platform takes it only for a while
// after the fan did something: 5 within 48 hours of a message, 3 within a
// minute of following, scanning or a click. RecipientPermanent errors say that
// the window is closed (45015) or used up (45047).
func (a *Account) SendCustom(ctx context.Context, m CustomMessage) error {
	return a.post(ctx, "/cgi-bin/message/custom/send", m, nil)
}

// SendReply sends a reply as a customer message: to staff's answers and to
// replies that came too late for the callback. The error is Invalid for a reply
// that has no such form.
func (a *Account) SendReply(ctx context.Context, openID string, r Reply) error {
	if empty(r) {
		return xunjia.Errorf(xunjia.Invalid, "请填写回复内容")
	}
	m, ok := r.custom(openID)
	if !ok {
		return xunjia.Errorf(xunjia.Invalid, "这种回复不能主动发送")
	}
	return a.SendCustom(ctx, m)
}

// SetTyping shows or hides 对方正在输入 in the fan's chat.
func (a *Account) SetTyping(ctx context.Context, openID string, typing bool) error {
	command := "CancelTyping"
	if typing {
		command = "Typing"
	}
	return a.post(ctx, "/cgi-bin/message/custom/typing", map[string]string{"touser": openID, "command": command}, nil)
}
