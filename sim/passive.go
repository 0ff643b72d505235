package sim

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"strings"
)

// passiveReply is what a developer's server may answer to a push.
// [off] developers.weixin.qq.com/doc/service/guide/product/message/Passive_user_reply_message.html
type passiveReply struct {
	XMLName      xml.Name `xml:"xml" json:"-"`
	ToUserName   string
	FromUserName string
	CreateTime   jsonText
	MsgType      string
	Content      string
	Image        struct{ MediaId string }
	Voice        struct{ MediaId string }
	Video        struct{ MediaId, Title, Description string }
	Music        struct{ Title, Description, MusicUrl, HQMusicUrl, ThumbMediaId string }
	ArticleCount int
	Articles     struct {
		Item []struct{ Title, Description, PicUrl, Url string } `xml:"item"`
	}
	// The envelope of an encrypted reply.
	Encrypt      string
	MsgSignature string
	TimeStamp    jsonText
	Nonce        string
}

// maxPassiveText is where the platform refuses a text reply, in bytes. [gk]
const maxPassiveText = 2048

// showReply puts the answer to a push into the chat. The error tells why the
// platform would show its fault bubble instead. Server.mu is held.
func (s *Server) showReply(c *contact, p *push, answer []byte) error {
	answer = bytes.TrimSpace(answer)
	if len(answer) == 0 || string(answer) == "success" {
		return nil
	}
	reply, err := openReply(p, answer)
	if err != nil || reply == nil {
		return err
	}
	if reply.ToUserName != c.openID {
		return fmt.Errorf("回复的 ToUserName 是 %q，不是用户的 openid", reply.ToUserName)
	}
	if reply.FromUserName != p.originalID {
		return fmt.Errorf("回复的 FromUserName 是 %q，不是公众号的原始 ID", reply.FromUserName)
	}
	m, err := s.replyMessage(c, reply, p.label)
	if err != nil || m == nil {
		return err
	}
	s.say(c, *m)
	return nil
}

// openReply parses and, where the mode says so, verifies and decrypts a reply.
func openReply(p *push, answer []byte) (*passiveReply, error) {
	r, err := parseReply(answer)
	if err != nil {
		return nil, err
	}
	if r.Encrypt == "" {
		if p.mode == Safe {
			return nil, errors.New("安全模式下的回复没有加密")
		}
		return r, nil
	}
	if p.mode == Plain {
		return nil, errors.New("明文模式下的回复不应加密")
	}
	if sign(p.token, string(r.TimeStamp), r.Nonce, r.Encrypt) != r.MsgSignature {
		return nil, errors.New("回复的 MsgSignature 不对")
	}
	clear, err := p.cipher.decrypt(r.Encrypt)
	if err != nil {
		return nil, fmt.Errorf("回复解密失败：%w", err)
	}
	clear = bytes.TrimSpace(clear)
	if len(clear) == 0 || string(clear) == "success" {
		return nil, nil //nolint:nilnil // an encrypted "no reply"
	}
	return parseReply(clear)
}

// parseReply reads a reply, encrypted or not, in XML or JSON.
func parseReply(raw []byte) (*passiveReply, error) {
	var r passiveReply
	if bytes.HasPrefix(raw, []byte("{")) {
		if err := json.Unmarshal(raw, &r); err != nil {
			return nil, fmt.Errorf("回复不是正确的 JSON：%w", err)
		}
		return &r, nil
	}
	if err := xml.Unmarshal(raw, &r); err != nil { // #nosec G709 -- plain fields, bounded by post
		return nil, fmt.Errorf("回复不是正确的 XML：%w", err)
	}
	return &r, nil
}

// replyMessage turns a reply into a bubble; nil for a hand-over to customer
// service, which the user does not see.
func (s *Server) replyMessage(c *contact, r *passiveReply, trigger string) (*Message, error) {
	m := &Message{From: "account", Type: r.MsgType}
	media := func(id string, kinds ...string) error {
		item := c.acc.findMedia(id, s.now(), kinds...)
		if item == nil {
			return fmt.Errorf("回复引用的 MediaId %q 不存在或类型不对", id)
		}
		m.MediaURL = s.pictureURL(c.acc, item)
		return nil
	}
	switch r.MsgType {
	case "text":
		if r.Content == "" || len(r.Content) > maxPassiveText {
			return nil, fmt.Errorf("回复的文字有 %d 字节，应为 1 至 %d", len(r.Content), maxPassiveText)
		}
		m.Text = r.Content
		return m, nil
	case "image":
		return m, media(r.Image.MediaId, "image")
	case "voice":
		return m, media(r.Voice.MediaId, "voice")
	case "video":
		m.Title, m.Description = r.Video.Title, r.Video.Description
		return m, media(r.Video.MediaId, "video")
	case "music":
		if thumb := c.acc.findMedia(r.Music.ThumbMediaId, s.now(), "thumb", "image"); thumb != nil {
			m.ThumbURL = s.pictureURL(c.acc, thumb)
		}
		m.Title, m.Description, m.MediaURL, m.URL = r.Music.Title, r.Music.Description, r.Music.MusicUrl, r.Music.HQMusicUrl
		return m, nil
	case "news":
		return m, fillNews(m, r, trigger)
	case "transfer_customer_service":
		return nil, nil //nolint:nilnil // nothing to show
	default:
		return nil, fmt.Errorf("回复的 MsgType %q 不认识", r.MsgType)
	}
}

// fillNews copies the articles. One is shown in answer to a message, up to
// eight in answer to an event; more are cut off. [off] as passiveReply
func fillNews(m *Message, r *passiveReply, trigger string) error {
	items := r.Articles.Item
	if len(items) == 0 || r.ArticleCount != len(items) {
		return fmt.Errorf("图文回复的 ArticleCount 是 %d，实际有 %d 篇", r.ArticleCount, len(items))
	}
	limit := 8
	switch trigger {
	case "text", "image", "voice", "video", "link", "location":
		limit = 1
	}
	for _, a := range items[:min(limit, len(items))] {
		m.Articles = append(m.Articles, Article{strings.TrimSpace(a.Title), a.Description, a.PicUrl, a.Url})
	}
	return nil
}
