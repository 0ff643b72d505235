package sim

import (
	"errors"
	"io"
	"mime/multipart"
	"net/http"
	"net/url"
	"strconv"
	"strings"
)

// maxUserMedia bounds a picture, voice or video that a simulated user sends.
const maxUserMedia = 10 << 20

// clientSend is a user saying something to an account.
func (s *Server) clientSend(r *http.Request) (any, error) {
	if strings.HasPrefix(r.Header.Get("Content-Type"), "multipart/") {
		return s.clientSendMedia(r)
	}
	var in struct {
		Type, Text, Label, Title, Description, URL string
		Lat, Lng                                   float64
		Scale                                      int
		MenuID                                     jsonText `json:"bizmsgmenuid"` // a choice of a menu message
	}
	if err := readJSON(r, &in); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	c, err := s.findChat(r)
	if err != nil {
		return nil, err
	}
	switch in.Type {
	case "text", "":
		if in.Text == "" {
			return nil, badRequest("请输入要发送的文字")
		}
		fields := []node{str("Content", in.Text)}
		if in.MenuID != "" {
			fields = append(fields, str("bizmsgmenuid", string(in.MenuID)))
		}
		return s.userSays(c, Message{Type: "text", Text: in.Text}, fields...)
	case "location":
		if in.Scale == 0 {
			in.Scale = 16
		}
		return s.userSays(c, Message{Type: "location", Lat: in.Lat, Lng: in.Lng, Scale: in.Scale, Label: in.Label},
			node{name: "Location_X", text: ftoa(in.Lat), plain: true}, node{name: "Location_Y", text: ftoa(in.Lng), plain: true},
			num("Scale", int64(in.Scale)), str("Label", in.Label))
	case "link":
		return s.userSays(c, Message{Type: "link", Title: in.Title, Description: in.Description, URL: in.URL},
			str("Title", in.Title), str("Description", in.Description), str("Url", in.URL))
	default:
		return nil, badRequest("不支持的消息类型 %q", in.Type)
	}
}

func ftoa(f float64) string { return strconv.FormatFloat(f, 'f', 6, 64) }

// clientSendMedia is the multipart form of clientSend.
func (s *Server) clientSendMedia(r *http.Request) (any, error) {
	kind, data, name, err := readUpload(r)
	if err != nil {
		return nil, err
	}
	if kind == "" {
		kind = "image"
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	c, err := s.findChat(r)
	if err != nil {
		return nil, err
	}
	switch kind {
	case "image", "voice", "video", "shortvideo":
	default:
		return nil, badRequest("不支持的媒体类型 %q", kind)
	}
	if !c.followed {
		return nil, badRequest("还没有关注这个公众号")
	}
	item := c.acc.keepMedia(s.st, kind, name, data, s.now())
	m := Message{Type: kind, MediaURL: s.pictureURL(c.acc, item)}
	switch kind {
	case "image":
		return s.userSays(c, m, str("PicUrl", m.MediaURL), str("MediaId", item.id))
	case "voice":
		return s.userSays(c, m, str("MediaId", item.id), str("Format", "amr"), str("Recognition", ""))
	default:
		m.Type = "video"
		thumb := c.acc.keepMedia(s.st, "thumb", "thumb.png", identicon(item.id, 120), s.now())
		return s.userSaysAs(c, kind, m, str("MediaId", item.id), str("ThumbMediaId", thumb.id))
	}
}

// readUpload takes type and file out of a multipart body.
func readUpload(r *http.Request) (kind string, data []byte, name string, err error) {
	mr, err := r.MultipartReader()
	if err != nil {
		return "", nil, "", badRequest("上传的内容不完整")
	}
	for {
		var part *multipart.Part
		part, err = mr.NextPart()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return "", nil, "", badRequest("上传的内容不完整")
		}
		raw, err := io.ReadAll(io.LimitReader(part, maxUserMedia+1))
		if err != nil {
			return "", nil, "", badRequest("上传的内容不完整")
		}
		if len(raw) > maxUserMedia {
			return "", nil, "", &clientError{http.StatusRequestEntityTooLarge, "文件超过 10 MB"}
		}
		switch part.FormName() {
		case "type":
			kind = string(raw)
		case "file", "media":
			data, name = raw, part.FileName()
		}
	}
	if len(data) == 0 {
		return "", nil, "", badRequest("请选择文件")
	}
	return kind, data, name, nil
}

func (s *Server) userSays(c *contact, m Message, fields ...node) (any, error) {
	return s.userSaysAs(c, m.Type, m, fields...)
}

// userSaysAs shows the bubble, opens the 48-hour window and pushes. A user who
// does not follow cannot write.
func (s *Server) userSaysAs(c *contact, msgType string, m Message, fields ...node) (any, error) {
	if !c.followed {
		return nil, badRequest("还没有关注这个公众号")
	}
	m.From = "user"
	shown := s.say(c, m)
	c.openWindow(s.now(), windowMessage)
	if c.blacklisted {
		return *shown, nil // the platform swallows what a blacklisted fan says
	}
	all := append([]node{str("MsgType", msgType)}, fields...)
	s.send(c, true, append(all, num("MsgId", s.st.msgID()))...)
	return *shown, nil
}

// follow subscribes; q is the scanned code, nil for other ways. Server.mu is held.
func (s *Server) follow(c *contact, q *qrCode, scene string) {
	if c.followed {
		if q != nil {
			c.openWindow(s.now(), windowScan)
			s.event(c, true, "SCAN", str("EventKey", q.sceneText()), str("Ticket", q.ticket))
		}
		return
	}
	c.followed, c.everFollowed, c.subscribedAt = true, true, s.now()
	c.scene, c.qrScene, c.qrSceneStr = "ADD_SCENE_SEARCH", 0, ""
	if scene != "" {
		c.scene = scene
	}
	key, fields := "", []node(nil)
	if q != nil {
		c.scene, c.qrScene, c.qrSceneStr = "ADD_SCENE_QR_CODE", q.sceneID, q.sceneStr
		key = "qrscene_" + q.sceneText()
		fields = []node{str("Ticket", q.ticket)}
	}
	c.openWindow(s.now(), windowScan)
	s.say(c, Message{From: "system", Type: "event", Text: "你已关注「" + c.acc.Name + "」"})
	s.event(c, true, "subscribe", append([]node{str("EventKey", key)}, fields...)...)
	s.hub.publish(event{Kind: "state", User: c.user.ID, AppID: c.acc.AppID})
}

// unfollow ends the relation: tags, remark and windows go. Server.mu is held.
func (s *Server) unfollow(c *contact) {
	if !c.followed {
		return
	}
	c.followed, c.remark, c.tags, c.windows = false, "", nil, nil
	s.say(c, Message{From: "system", Type: "event", Text: "你已取消关注「" + c.acc.Name + "」"})
	s.event(c, false, "unsubscribe", str("EventKey", ""))
	s.hub.publish(event{Kind: "state", User: c.user.ID, AppID: c.acc.AppID})
}

// clientOpen maps a link in a chat onto the user's browser.
func (s *Server) clientOpen(r *http.Request) (any, error) {
	var in struct {
		URL   string `json:"url"`
		AppID string `json:"app_id"`
	}
	if err := readJSON(r, &in); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	u := s.st.user(r.PathValue("id"))
	if u == nil {
		return nil, missing("用户")
	}
	to := s.openOn(u.ID, in.AppID, in.URL)
	if a := s.st.account(in.AppID); a != nil {
		a.contacts[u.ID].fromAccount = s.now()
	}
	if to == "" {
		return nil, badRequest("这不是网页地址")
	}
	return map[string]string{"open": to}, nil
}

// clientScan is 扫一扫: the text of a QR code, or its picture. With decode it only
// tells the text, as for wx.scanQRCode with needResult.
func (s *Server) clientScan(r *http.Request) (any, error) {
	var in struct {
		Text   string `json:"text"`
		AppID  string `json:"app_id"`
		Decode bool   `json:"decode"`
	}
	if strings.HasPrefix(r.Header.Get("Content-Type"), "multipart/") {
		_, data, _, err := readUpload(r)
		if err != nil {
			return nil, err
		}
		if in.Text, err = readQR(data); err != nil {
			return nil, badRequest("没有识别到二维码")
		}
		in.Decode = r.URL.Query().Get("decode") != ""
	} else if err := readJSON(r, &in); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	u := s.st.user(r.PathValue("id"))
	if u == nil {
		return nil, missing("用户")
	}
	if in.Decode {
		return map[string]string{"kind": "text", "text": in.Text}, nil
	}
	if acc, q := s.st.findQR(in.Text); acc != nil {
		if !q.permanent && s.now().After(q.expires) {
			return nil, badRequest("二维码已过期")
		}
		c := s.st.contact(acc, u)
		q.scans++
		if c.followed {
			s.say(c, Message{From: "system", Type: "event", Text: "你扫描了公众号的二维码"})
		}
		s.follow(c, q, "")
		return map[string]string{"kind": "account", "app_id": acc.AppID, "text": in.Text}, nil
	}
	if to := s.openOn(u.ID, in.AppID, in.Text); to != "" {
		return map[string]string{"kind": "url", "open": to, "text": in.Text}, nil
	}
	return map[string]string{"kind": "text", "text": in.Text}, nil
}

// showqrcode links are scanned too when pasted as text.
func ticketOf(text string) string {
	u, err := url.Parse(strings.TrimSpace(text))
	if err != nil {
		return ""
	}
	return u.Query().Get("ticket")
}
