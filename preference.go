package xunjia

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// Preferences is what one person wants to hear, by which channel and when. The
// inbox takes everything; what is not chosen here is as the catalogue has it.
type Preferences struct {
	Off        map[EventKind][]Channel // channels that do not carry the kind
	Quiet      Quiet
	Digest     int     // minutes after midnight, China time, of the daily digest; NoDigest
	Categories []int64 // muted: new requests for them are not told at all
	NoSMS      bool    // no SMS but codes
}

// NoDigest means that new requests are told one by one.
const NoDigest = -1

// Limits of preferences.
const MaxMutedCategories = 200

// Quiet is the time of day when nothing that can wait is sent, in minutes after
// midnight, China time; To may be on the next day. From equal to To is never.
type Quiet struct{ From, To int }

// DefaultPreferences are those of somebody who chose nothing, where the site's
// quiet time is q.
func DefaultPreferences(q Quiet) Preferences {
	return Preferences{Quiet: q, Digest: NoDigest}
}

// ParseQuiet reads 22:00-08:00; off is never. Invalid for anything else.
func ParseQuiet(text string) (Quiet, error) {
	if text == "off" {
		return Quiet{}, nil
	}
	from, to, _ := strings.Cut(text, "-")
	q := Quiet{}
	for _, end := range []struct {
		text string
		at   *int
	}{{from, &q.From}, {to, &q.To}} {
		t, err := time.Parse("15:04", end.text)
		if err != nil {
			return Quiet{}, Errorf(Invalid, "免打扰时间应写成 22:00-08:00 或 off")
		}
		*end.at = t.Hour()*60 + t.Minute()
	}
	return q, nil
}

// End is when the quiet time ends in which t lies; t itself outside of it.
func (q Quiet) End(t time.Time) time.Time {
	if q.From == q.To {
		return t
	}
	local := t.In(China())
	minute := local.Hour()*60 + local.Minute()
	since := (minute - q.From + 24*60) % (24 * 60)
	if length := (q.To - q.From + 24*60) % (24 * 60); since >= length {
		return t
	}
	end := time.Date(local.Year(), local.Month(), local.Day(), 0, q.To, 0, 0, China())
	if q.To <= minute {
		end = end.AddDate(0, 0, 1)
	}
	return end
}

// String is 22:00–08:00.
func (q Quiet) String() string {
	if q.From == q.To {
		return "不设免打扰"
	}
	return Clock(q.From) + "–" + Clock(q.To)
}

// Clock writes minutes after midnight: 08:00.
func Clock(minutes int) string { return fmt.Sprintf("%02d:%02d", minutes/60, minutes%60) }

// Carries tells whether the person lets the channel carry the kind.
func (p Preferences) Carries(kind EventKind, c Channel) bool {
	return !slices.Contains(p.Off[kind], c) && (c != SMSChannel || !p.NoSMS)
}

// Mutes tells whether new requests for the category are not told.
func (p Preferences) Mutes(category int64) bool { return slices.Contains(p.Categories, category) }

// Sending is whether and when a channel carries a notice to somebody.
type Sending struct {
	At   time.Time // when it is planned
	Skip string    // why it is not sent at all, in words; "" when it is
	Note string    // why it waits, in words; "" when it does not
}

// Plan applies the preferences to one channel of a notice that is due now and
// of no use from expires on (zero: always of use).
func (p Preferences) Plan(spec EventSpec, c Channel, now, expires time.Time) Sending {
	s := Sending{At: now}
	if spec.Urgent {
		return s
	}
	switch {
	case slices.Contains(p.Off[spec.Kind], c), c == SubscriptionChannel && slices.Contains(p.Off[spec.Kind], WeChatChannel):
		s.Skip = "收件人不要这类消息的" + c.Name() + "通知"
		return s
	case c == SMSChannel && p.NoSMS:
		s.Skip = "收件人退订了短信"
		return s
	case spec.Kind == PurchasePublished && p.Digest != NoDigest:
		s.Skip = "收进收件人 " + Clock(p.Digest) + " 的每日汇总"
		return s
	}
	if end := p.Quiet.End(now); end.After(now) {
		s.At, s.Note = end, fmt.Sprintf("收件人免打扰（%s），计划 %s 发送", p.Quiet, ShortTime(end))
		if !expires.IsZero() && !end.Before(expires) {
			s.Skip = fmt.Sprintf("收件人免打扰（%s），结束时消息已经过期", p.Quiet)
		}
	}
	return s
}

// Name is the channel's Chinese name.
func (c Channel) Name() string {
	switch c {
	case WeChatChannel:
		return "微信"
	case SubscriptionChannel:
		return "订阅通知"
	case SMSChannel:
		return "短信"
	case InboxChannel:
		return "站内"
	}
	return string(c)
}

// Validate checks what somebody chose and puts it in order.
func (p *Preferences) Validate() error {
	f := FieldErrors{}
	if p.Quiet.From < 0 || p.Quiet.From >= 24*60 || p.Quiet.To < 0 || p.Quiet.To >= 24*60 {
		f.Add("quiet", "请选择免打扰的开始和结束时间")
	}
	if p.Digest != NoDigest && (p.Digest < 0 || p.Digest >= 24*60) {
		f.Add("digest", "请选择每日汇总的时间")
	}
	if len(p.Categories) > MaxMutedCategories {
		f.Add("categories", "最多屏蔽 %d 个品种", MaxMutedCategories)
	}
	for kind, channels := range p.Off {
		spec := kind.Spec()
		p.Off[kind] = slices.Compact(slices.Sorted(slices.Values(channels)))
		if spec.Kind == "" || spec.Urgent || slices.ContainsFunc(channels, func(c Channel) bool { return !spec.Uses(c) }) {
			f.Add("off", "这类消息不能这样设置")
		}
	}
	maps.DeleteFunc(p.Off, func(_ EventKind, c []Channel) bool { return len(c) == 0 })
	p.Categories = slices.Compact(slices.Sorted(slices.Values(p.Categories)))
	return f.Err()
}

// Mute turns off every channel of the kind; Conflict for one that cannot be.
func (p *Preferences) Mute(kind EventKind) error {
	spec := kind.Spec()
	if spec.Urgent || len(spec.Channels) == 0 {
		return Errorf(Conflict, "这类消息不能屏蔽")
	}
	if p.Off == nil {
		p.Off = map[EventKind][]Channel{}
	}
	p.Off[kind] = slices.Sorted(slices.Values(spec.Channels))
	return nil
}
