package sim

import (
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"time"
)

// massPerMonth is what a fan of a service account can receive.
// [off] developers.weixin.qq.com/doc/service/api/notify/message
const massPerMonth = 4

func massRoutes() map[string]route {
	post := func(f func(*call) (any, *apiError)) route { return route{method: http.MethodPost, run: f} }
	return map[string]route{
		"/cgi-bin/message/mass/sendall": post(massSendAll),
		"/cgi-bin/message/mass/send":    post(massSend),
		"/cgi-bin/message/mass/preview": post(massPreview),
		"/cgi-bin/message/mass/get":     post(massGet),
		"/cgi-bin/message/mass/delete":  post(massDelete),
	}
}

// massMessage is the body of the mass calls.
type massMessage struct {
	Filter struct {
		IsToAll bool `json:"is_to_all"`
		TagID   int  `json:"tag_id"`
	} `json:"filter"`
	ToUser      []string `json:"touser"`
	MsgType     string   `json:"msgtype"`
	ClientMsgID string   `json:"clientmsgid"`
	Text        struct {
		Content string `json:"content"`
	} `json:"text"`
	MPNews mediaRef `json:"mpnews"`
	Voice  mediaRef `json:"voice"`
	Images struct {
		MediaIDs []string `json:"media_ids"`
	} `json:"images"`
	Image   mediaRef `json:"image"`
	MPVideo mediaRef `json:"mpvideo"`
}

// massBubble checks and renders the content.
func (c *call) massBubble(in *massMessage) (*Message, *apiError) {
	switch in.MsgType {
	case "image":
		if len(in.Images.MediaIDs) > 0 {
			in.Image.MediaID = in.Images.MediaIDs[0]
		}
	case "mpvideo":
		return c.customBubble(&customMessage{MsgType: "video"})
	case "text", "voice", "mpnews":
	default:
		return nil, fail(40008)
	}
	m := customMessage{MsgType: in.MsgType, Image: in.Image, Voice: in.Voice, MPNews: in.MPNews}
	m.Text.Content = in.Text.Content
	return c.customBubble(&m)
}

func massSendAll(c *call) (any, *apiError) {
	var in massMessage
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	if !in.Filter.IsToAll && c.acc.tag(in.Filter.TagID) == nil {
		return nil, fail(45159)
	}
	return c.massDeliver(&in, c.acc.followers(func(f *contact) bool {
		return f.followed && (in.Filter.IsToAll || slices.Contains(f.tags, in.Filter.TagID))
	}))
}

func massSend(c *call) (any, *apiError) {
	var in massMessage
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	if len(in.ToUser) < 2 || len(in.ToUser) > 10_000 { // at least 2, at most 10,000 [off]
		return nil, fail(40130, "invalid openid list size, at least two openid")
	}
	var to []*contact
	for _, id := range in.ToUser {
		f := c.acc.byOpenID[id]
		if f == nil {
			return nil, fail(40003)
		}
		if f.followed {
			to = append(to, f)
		}
	}
	return c.massDeliver(&in, to)
}

// massDeliver shows the message to all and reports with MASSSENDJOBFINISH.
func (c *call) massDeliver(in *massMessage, to []*contact) (any, *apiError) {
	m, err := c.massBubble(in)
	if err != nil {
		return nil, err
	}
	if in.ClientMsgID != "" {
		if old, ok := c.acc.sent["mass\x00"+in.ClientMsgID]; ok {
			return nil, fail(45065, "clientmsgid exist, msg_id "+strconv.FormatInt(old.msgID, 10))
		}
	}
	id := c.st.msgID()
	if in.ClientMsgID != "" {
		c.acc.sent["mass\x00"+in.ClientMsgID] = sentOnce{id, c.now}
	}
	sent := 0
	for _, f := range to {
		if f.massThisMonth(c.now) >= massPerMonth {
			continue
		}
		f.massSent = append(f.massSent, c.now)
		c.s.say(f, *m)
		sent++
	}
	c.accountEvent("MASSSENDJOBFINISH", num("MsgID", id), str("Status", "send success"), num("TotalCount", int64(len(to))),
		num("FilterCount", int64(len(to))), num("SentCount", int64(sent)), num("ErrorCount", int64(len(to)-sent)))
	return map[string]any{"errcode": 0, "errmsg": "send job submission success", "msg_id": id, "msg_data_id": c.st.next()}, nil
}

func massPreview(c *call) (any, *apiError) {
	var in struct {
		ToUser string `json:"touser"`
	}
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	f := c.acc.byOpenID[in.ToUser]
	if f == nil {
		return nil, fail(40003)
	}
	var body massMessage
	body.ToUser = nil
	if err := c.decodeMass(&body); err != nil {
		return nil, err
	}
	m, err := c.massBubble(&body)
	if err != nil {
		return nil, err
	}
	c.s.say(f, *m)
	return map[string]any{"errcode": 0, "errmsg": "preview success", "msg_id": c.st.msgID()}, nil
}

func massGet(c *call) (any, *apiError) {
	var in struct {
		MsgID jsonText `json:"msg_id"`
	}
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	return map[string]any{"msg_id": string(in.MsgID), "msg_status": "SEND_SUCCESS"}, nil
}

func massDelete(*call) (any, *apiError) { return nil, nil }

// decodeMass reads a preview, whose touser is one openid instead of a list.
func (c *call) decodeMass(m *massMessage) *apiError {
	var raw map[string]json.RawMessage
	if err := c.decode(&raw); err != nil {
		return err
	}
	delete(raw, "touser")
	rest, err := json.Marshal(raw)
	if err == nil {
		err = json.Unmarshal(rest, m)
	}
	if err != nil {
		return fail(47001)
	}
	return nil
}

func (c *contact) massThisMonth(now time.Time) int {
	n := 0
	for _, t := range c.massSent {
		if sameMonth(t, now) {
			n++
		}
	}
	return n
}
