package xunjia

import "time"

// Opening is what a fan did that permits the account to write to him. Source:
// 客服消息 of the platform's documentation, "下发条数".
type Opening string

// The openings.
const (
	NoOpening Opening = ""     // everything else: pages that were opened, positions, results
	Talked    Opening = "talk" // a message: 5 answers within 48 hours
	Tapped    Opening = "tap"  // a menu button that is no link, following, a scan: 3 answers within a minute
)

// Grants is how many customer messages an opening permits, and for how long.
func (o Opening) Grants() (count int, span time.Duration) {
	switch o {
	case Talked:
		return 5, 48 * time.Hour
	case Tapped:
		return 3, time.Minute
	}
	return 0, 0
}

// Window is what the platform still permits towards one fan.
type Window struct {
	TalkedAt time.Time // the last message; zero for never
	TalkUsed int       // customer messages since
	TappedAt time.Time
	TapUsed  int
	Gone     bool // unfollowed: nothing may be sent
}

// Opened is the window after the fan did something at a moment. Pushes arrive
// out of order: what is older than the last of its kind changes nothing. A
// message that shares its second with the last one still renews the count.
func (w Window) Opened(o Opening, at time.Time) Window {
	switch {
	case o == Talked && !at.Before(w.TalkedAt):
		w.TalkedAt, w.TalkUsed = at, 0
	case o == Tapped && !at.Before(w.TappedAt):
		w.TappedAt, w.TapUsed = at, 0
	}
	return w
}

// Left is how many messages may be sent at a moment, and until when; 0 and the
// zero time when none.
func (w Window) Left(now time.Time) (count int, until time.Time) {
	if w.Gone {
		return 0, time.Time{}
	}
	for _, span := range w.spans(now) {
		if span.left <= 0 {
			continue
		}
		count += span.left
		if span.until.After(until) {
			until = span.until
		}
	}
	return count, until
}

// Spend takes one message out of the window, of the span that ends first. It
// answers false when nothing is left.
func (w Window) Spend(now time.Time) (Window, bool) {
	if w.Gone {
		return w, false
	}
	spans := w.spans(now)
	talk, tap := spans[0], spans[1]
	switch {
	case tap.left > 0 && (talk.left <= 0 || tap.until.Before(talk.until)):
		w.TapUsed++
	case talk.left > 0:
		w.TalkUsed++
	default:
		return w, false
	}
	return w, true
}

// Returned gives one message back that was not sent after all, to the span that
// still has room for it and ends last: never more than was taken.
func (w Window) Returned(now time.Time) Window {
	spans := w.spans(now)
	switch {
	case w.TalkUsed > 0 && now.Before(spans[0].until):
		w.TalkUsed--
	case w.TapUsed > 0:
		w.TapUsed--
	}
	return w
}

// Shut is the window after the platform said that nothing may be sent, whatever
// was counted here: other programs may write to the same fan.
func (w Window) Shut() Window {
	w.TalkUsed, _ = Talked.Grants()
	w.TapUsed, _ = Tapped.Grants()
	return w
}

// Closed says to staff why nothing can be sent now; "" when something can.
func (w Window) Closed(now time.Time) string {
	if w.Gone {
		return "对方已取消关注，不能再发消息"
	}
	if n, _ := w.Left(now); n > 0 {
		return ""
	}
	spans := w.spans(now)
	if now.Before(spans[0].until) || now.Before(spans[1].until) {
		return "可发送的条数已用完，对方再发来消息后才能继续回复"
	}
	return "已超过 48 小时，对方再发来消息后才能回复"
}

type windowSpan struct {
	left  int // 0 or less when the span is over or used up
	until time.Time
}

// spans are those of the last message and of the last tap.
func (w Window) spans(now time.Time) [2]windowSpan {
	one := func(o Opening, at time.Time, used int) windowSpan {
		if at.IsZero() {
			return windowSpan{}
		}
		count, life := o.Grants()
		s := windowSpan{left: count - used, until: at.Add(life)}
		if !now.Before(s.until) {
			s.left = 0
		}
		return s
	}
	return [2]windowSpan{one(Talked, w.TalkedAt, w.TalkUsed), one(Tapped, w.TappedAt, w.TapUsed)}
}

// Direction tells who wrote a message of a conversation.
type Direction string

// The directions.
const (
	FromFan Direction = "in"
	ToFan   Direction = "out"
)

// Way is how a message of a conversation went.
type Way string

// The ways.
const (
	PushWay     Way = "push"     // from the fan
	PassiveWay  Way = "passive"  // in the answer to his push; free of the window
	CustomerWay Way = "customer" // a customer message, which counts
)

// MessageState is what became of a message of a conversation.
type MessageState string

// The states. A message moves queued → sending → sent, failed or unknown; the
// move to sending is the claim, so nothing is sent twice. It is skipped instead
// when the window has no room for it.
const (
	MessageDone    MessageState = "done"    // received, or answered at once
	MessageQueued  MessageState = "queued"  // to be sent
	MessageSending MessageState = "sending" // somebody is sending it; for long: nobody knows what came of it
	MessageSent    MessageState = "sent"
	MessageFailed  MessageState = "failed" // Reason says why
	MessageUnknown MessageState = "unknown"
	MessageSkipped MessageState = "skipped"
)

// Name is the state in Chinese; "" for what needs no word.
func (s MessageState) Name() string {
	switch s {
	case MessageQueued:
		return "等待发送"
	case MessageSending:
		return "正在发送"
	case MessageFailed:
		return "发送失败"
	case MessageUnknown:
		return "结果不明"
	case MessageSkipped:
		return "没有发送"
	}
	return ""
}

// ChatMessage is one message of a conversation.
type ChatMessage struct {
	ID           int64
	Conversation int64
	Direction    Direction
	Way          Way
	Kind         string // text, image, voice, video, location, link, news, event, …
	Text         string // at most 2 KiB: the text, or what the message is in words
	Media        string // from the fan: the platform's media id; to him: our key of the picture, or the platform's id
	Staff        int64  // who wrote it; 0 for an automatic one
	State        MessageState
	Reason       string // Chinese, why it was not sent
	At           time.Time

	// Answer is what a queued message says.
	Answer ReplyAnswer
}

// Conversation is what the account and one fan wrote to each other.
type Conversation struct {
	ID       int64
	AppID    string
	OpenID   string
	Identity Identity
	Remark   string // staff's own name for the fan
	LastText string
	LastAt   time.Time
	Unread   int // messages that no staff member has seen
	Window   Window
}

// Called is what staff see as the fan's name.
func (c Conversation) Called() string {
	switch {
	case c.Remark != "":
		return c.Remark
	case c.Identity.Nickname != "":
		return c.Identity.Nickname
	}
	return "粉丝 …" + c.OpenID[max(0, len(c.OpenID)-6):]
}

// ChatKept is how long messages of conversations are kept.
const ChatKept = 180 * 24 * time.Hour
