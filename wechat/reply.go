package wechat

import (
	"encoding/xml"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/silenceper/wechat/v2/officialaccount/message"
	"github.com/xunjia/xunjia"
)

// Reply answers a push, either at once in the answer to it (passive) or later as
// a customer message. A nil Reply is silence.
type Reply interface {
	// passive is silenceper's shape of the reply to m.
	passive(m *Message) (envelope, message.MsgType)
	// custom is its shape as a customer message; false when there is none.
	custom(openID string) (CustomMessage, bool)
}

// envelope is what all passive replies have in common.
type envelope interface {
	SetToUserName(message.CDATA)
	SetFromUserName(message.CDATA)
	SetCreateTime(int64)
	SetMsgType(message.MsgType)
}

// The limits of a reply: bytes of a text, and articles (8, but one only in
// answer to a message that the fan typed or sent).
const (
	maxTextBytes = 2048
	maxArticles  = 8
)

// TextReply is a text; links as <a href="…">…</a> work. What is longer than
// 2,048 bytes is cut.
type TextReply struct{ Content string }

// ImageReply is an uploaded picture.
type ImageReply struct{ MediaID string }

// VoiceReply is an uploaded voice.
type VoiceReply struct{ MediaID string }

// VideoReply is an uploaded video.
type VideoReply struct{ MediaID, ThumbMediaID, Title, Description string }

// MusicReply is a piece of music with an uploaded picture.
type MusicReply struct{ Title, Description, URL, HighQualityURL, ThumbMediaID string }

// Article is one card of a NewsReply.
type Article struct{ Title, Description, ImageURL, URL string }

// NewsReply shows cards that lead to pages.
type NewsReply struct{ Articles []Article }

// TransferReply hands the fan over to the platform's own customer service; a
// full KF account name chooses who.
type TransferReply struct{ KFAccount string }

func (r TextReply) passive(*Message) (envelope, message.MsgType) {
	return message.NewText(r.text()), message.MsgTypeText
}

func (r TextReply) custom(openID string) (CustomMessage, bool) {
	return *message.NewCustomerTextMessage(openID, r.text()), true
}

// text is the content without what XML forbids, cut to the platform's limit.
func (r TextReply) text() string {
	s := strings.Map(func(c rune) rune {
		if c < ' ' && c != '\n' && c != '\t' || c == 0xFFFE || c == 0xFFFF {
			return -1
		}
		return c
	}, strings.ToValidUTF8(r.Content, ""))
	if len(s) <= maxTextBytes {
		return s
	}
	cut := maxTextBytes - len("…")
	for !utf8.RuneStart(s[cut]) {
		cut--
	}
	return s[:cut] + "…"
}

func (r ImageReply) passive(*Message) (envelope, message.MsgType) {
	return message.NewImage(r.MediaID), message.MsgTypeImage
}

func (r ImageReply) custom(openID string) (CustomMessage, bool) {
	return *message.NewCustomerImgMessage(openID, r.MediaID), true
}

func (r VoiceReply) passive(*Message) (envelope, message.MsgType) {
	return message.NewVoice(r.MediaID), message.MsgTypeVoice
}

func (r VoiceReply) custom(openID string) (CustomMessage, bool) {
	return *message.NewCustomerVoiceMessage(openID, r.MediaID), true
}

func (r VideoReply) passive(*Message) (envelope, message.MsgType) {
	return message.NewVideo(r.MediaID, r.Title, r.Description), message.MsgTypeVideo
}

func (r VideoReply) custom(openID string) (CustomMessage, bool) {
	return CustomMessage{ToUser: openID, Msgtype: message.MsgTypeVideo, Video: &message.MediaVideo{
		MediaID: r.MediaID, ThumbMediaID: r.ThumbMediaID, Title: r.Title, Description: r.Description,
	}}, true
}

func (r MusicReply) passive(*Message) (envelope, message.MsgType) {
	m := message.NewMusic(r.Title, r.Description, r.URL, r.HighQualityURL, r.ThumbMediaID)
	m.Music.HQMusicURL = r.HighQualityURL // NewMusic forgets it
	return m, message.MsgTypeMusic
}

func (r MusicReply) custom(openID string) (CustomMessage, bool) {
	return CustomMessage{ToUser: openID, Msgtype: message.MsgTypeMusic, Music: &message.MediaMusic{
		Title: r.Title, Description: r.Description, Musicurl: r.URL, Hqmusicurl: r.HighQualityURL, ThumbMediaID: r.ThumbMediaID,
	}}, true
}

func (r NewsReply) passive(m *Message) (envelope, message.MsgType) {
	most := maxArticles
	if m.Kind != string(message.MsgTypeEvent) {
		most = 1
	}
	var items []*message.Article
	for _, a := range r.Articles[:min(most, len(r.Articles))] {
		items = append(items, message.NewArticle(a.Title, a.Description, a.ImageURL, a.URL))
	}
	return message.NewNews(items), message.MsgTypeNews
}

// A customer message holds one article only.
func (r NewsReply) custom(openID string) (CustomMessage, bool) {
	if len(r.Articles) == 0 {
		return CustomMessage{}, false
	}
	a := r.Articles[0]
	return CustomMessage{ToUser: openID, Msgtype: message.MsgTypeNews, News: &message.MediaNews{
		Articles: []message.MediaArticles{{Title: a.Title, Description: a.Description, URL: a.URL, Picurl: a.ImageURL}},
	}}, true
}

func (r TransferReply) passive(*Message) (envelope, message.MsgType) {
	return message.NewTransferCustomer(r.KFAccount), message.MsgTypeTransfer
}

// There is no way to hand over later.
func (r TransferReply) custom(string) (CustomMessage, bool) { return CustomMessage{}, false }

// empty tells whether the platform would show "service failed" for r instead
// of a reply.
func empty(r Reply) bool {
	switch r := r.(type) {
	case nil:
		return true
	case TextReply:
		return strings.TrimSpace(r.Content) == ""
	case NewsReply:
		return len(r.Articles) == 0
	}
	return false
}

// render writes the passive reply to m as XML. Replies are XML even to JSON
// pushes.
func render(r Reply, m *Message, now time.Time) ([]byte, error) {
	e, kind := r.passive(m)
	e.SetToUserName(message.CDATA(m.OpenID))
	e.SetFromUserName(message.CDATA(m.Account))
	e.SetCreateTime(now.Unix())
	e.SetMsgType(kind)
	b, err := xml.Marshal(e)
	if err != nil {
		return nil, &xunjia.Error{Code: xunjia.Internal, Message: "回复无法生成", Err: err}
	}
	return b, nil
}
