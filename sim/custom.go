package sim

import (
	"net/http"
	"slices"
	"strings"
	"time"
)

// window is a span in which the account may send customer-service messages.
type window struct {
	until time.Time
	left  int
}

// typingAfter: 对方正在输入 needs words exchanged within the last 30 s. [off] as below
const typingAfter = 30 * time.Second

// typingLasts is how long 对方正在输入 shows; a message ends it. [off] as below
const typingLasts = 15 * time.Second

// endTyping lets the browsers see in time that the account types no more.
func (s *Server) endTyping(who *contact) {
	user, app := who.user.ID, who.acc.AppID
	s.work.Go(func() {
		select {
		case <-time.After(typingLasts):
			s.hub.publish(event{Kind: "state", User: user, AppID: app})
		case <-s.ctx.Done():
		}
	})
}

type windowKind int

// What opens a window, with the platform's spans and counts: a message 5 in 48 h;
// a click menu, subscribing and a scan 3 in 1 min.
// [off] …/Customer_Service/Customer_Service_Messages.html
const (
	windowMessage windowKind = iota
	windowClick
	windowScan
)

// openWindow starts a span. A new message renews the 48 hours and their count.
func (c *contact) openWindow(now time.Time, kind windowKind) {
	c.windows = slices.DeleteFunc(c.windows, func(w window) bool { return !now.Before(w.until) })
	w := window{now.Add(time.Minute), 3}
	if kind == windowMessage {
		w = window{now.Add(48 * time.Hour), 5}
		c.windows = slices.DeleteFunc(c.windows, func(w window) bool { return w.until.Sub(now) > time.Minute })
	}
	c.windows = append(c.windows, w)
}

// spendWindow takes one message out of the span that ends first: 45015 when
// none is open, 45047 when all are used up.
func (c *contact) spendWindow(now time.Time) *apiError {
	if !c.followed {
		return fail(45015)
	}
	best := -1
	open := false
	for i, w := range c.windows {
		if !now.Before(w.until) {
			continue
		}
		open = true
		if w.left > 0 && (best < 0 || w.until.Before(c.windows[best].until)) {
			best = i
		}
	}
	switch {
	case !open:
		return fail(45015)
	case best < 0:
		return fail(45047)
	}
	c.windows[best].left--
	return nil
}

func customRoutes() map[string]route {
	return map[string]route{
		"/cgi-bin/message/custom/send":           {method: http.MethodPost, perDay: 500_000, run: sendCustom},
		"/cgi-bin/message/custom/typing":         {method: http.MethodPost, run: customTyping},
		"/cgi-bin/customservice/getkflist":       {run: func(*call) (any, *apiError) { return map[string]any{"kf_list": []any{}}, nil }},
		"/cgi-bin/customservice/getonlinekflist": {run: func(*call) (any, *apiError) { return map[string]any{"kf_online_list": []any{}}, nil }},
	}
}

// customMessage is the body of custom/send.
type customMessage struct {
	ToUser  string `json:"touser"`
	MsgType string `json:"msgtype"`
	Text    struct {
		Content string `json:"content"`
	} `json:"text"`
	Image mediaRef `json:"image"`
	Voice mediaRef `json:"voice"`
	Video struct {
		mediaRef
		ThumbMediaID string `json:"thumb_media_id"`
		Title        string `json:"title"`
		Description  string `json:"description"`
	} `json:"video"`
	Music struct {
		Title        string `json:"title"`
		Description  string `json:"description"`
		MusicURL     string `json:"musicurl"`
		HQMusicURL   string `json:"hqmusicurl"`
		ThumbMediaID string `json:"thumb_media_id"`
	} `json:"music"`
	News struct {
		Articles []struct {
			Title       string `json:"title"`
			Description string `json:"description"`
			URL         string `json:"url"`
			PicURL      string `json:"picurl"`
		} `json:"articles"`
	} `json:"news"`
	MPNews        mediaRef `json:"mpnews"`
	MPNewsArticle struct {
		ArticleID string `json:"article_id"`
	} `json:"mpnewsarticle"`
	MsgMenu struct {
		Head string `json:"head_content"`
		Tail string `json:"tail_content"`
		List []struct {
			ID      jsonText `json:"id"`
			Content string   `json:"content"`
		} `json:"list"`
	} `json:"msgmenu"`
	MiniProgramPage struct {
		Title        string `json:"title"`
		AppID        string `json:"appid"`
		PagePath     string `json:"pagepath"`
		ThumbMediaID string `json:"thumb_media_id"`
	} `json:"miniprogrampage"`
}

type mediaRef struct {
	MediaID string `json:"media_id"`
}

func sendCustom(c *call) (any, *apiError) {
	var in customMessage
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	who := c.acc.byOpenID[in.ToUser]
	if who == nil {
		return nil, fail(40003)
	}
	m, err := c.customBubble(&in)
	if err != nil {
		return nil, err
	}
	if err := who.spendWindow(c.now); err != nil {
		return nil, err
	}
	c.s.say(who, *m)
	return nil, nil
}

// customBubble checks the content and renders it.
func (c *call) customBubble(in *customMessage) (*Message, *apiError) {
	m := &Message{From: "account", Type: in.MsgType}
	media := func(id string, kinds ...string) *apiError {
		item := c.acc.findMedia(id, c.now, kinds...)
		if item == nil {
			return fail(40007)
		}
		m.MediaURL = c.s.pictureURL(c.acc, item)
		return nil
	}
	switch in.MsgType {
	case "text":
		if in.Text.Content == "" {
			return nil, fail(44004)
		}
		if len(in.Text.Content) > 2048 { // [gk]
			return nil, fail(45002)
		}
		m.Text = in.Text.Content
		return m, nil
	case "image":
		return m, media(in.Image.MediaID, "image")
	case "voice":
		return m, media(in.Voice.MediaID, "voice")
	case "video":
		m.Title, m.Description = in.Video.Title, in.Video.Description
		return m, media(in.Video.MediaID, "video")
	case "music":
		m.Title, m.Description, m.MediaURL, m.URL = in.Music.Title, in.Music.Description, in.Music.MusicURL, in.Music.HQMusicURL
		if err := c.thumb(m, in.Music.ThumbMediaID); err != nil {
			return nil, err
		}
		return m, nil
	case "news":
		if len(in.News.Articles) != 1 { // 1 since October 2018 [off]
			return nil, fail(45008, "article size out of limit")
		}
		a := in.News.Articles[0]
		m.Articles = []Article{{a.Title, a.Description, a.PicURL, a.URL}}
		return m, nil
	case "mpnews", "mpnewsarticle":
		return c.articleBubble(m, in)
	case "msgmenu":
		m.Type, m.Text = "text", in.menuText()
		return m, nil
	case "miniprogrampage":
		m.Type, m.Title, m.Description = "link", in.MiniProgramPage.Title, "小程序"
		return m, c.thumb(m, in.MiniProgramPage.ThumbMediaID)
	default:
		return nil, fail(40008)
	}
}

func (c *call) thumb(m *Message, id string) *apiError {
	item := c.acc.findMedia(id, c.now, "thumb", "image")
	if item == nil {
		return fail(40007)
	}
	m.ThumbURL = c.s.pictureURL(c.acc, item)
	return nil
}

// menuText writes a menu message with its links, which send the choice back:
// weixin://bizmsgmenu?msgmenucontent=…&msgmenuid=….
func (in *customMessage) menuText() string {
	var b strings.Builder
	b.WriteString(in.MsgMenu.Head + "\n")
	for _, item := range in.MsgMenu.List {
		b.WriteString(`<a href="weixin://bizmsgmenu?msgmenucontent=` + item.Content + `&msgmenuid=` + string(item.ID) + `">` + item.Content + "</a>\n")
	}
	b.WriteString(in.MsgMenu.Tail)
	return b.String()
}

// customTyping shows or takes away 对方正在输入.
func customTyping(c *call) (any, *apiError) {
	var in struct {
		ToUser  string `json:"touser"`
		Command string `json:"command"`
	}
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	who := c.acc.byOpenID[in.ToUser]
	if who == nil {
		return nil, fail(40003)
	}
	if c.now.Sub(who.lastTalk) >= typingAfter {
		return nil, fail(45080)
	}
	switch in.Command {
	case "Typing":
		if c.now.Before(who.typing) {
			return nil, fail(45081)
		}
		who.typing = c.now.Add(typingLasts)
		c.s.endTyping(who)
	case "CancelTyping":
		who.typing = time.Time{}
	default:
		return nil, fail(45072, "invalid command")
	}
	c.s.hub.publish(event{Kind: "state", User: who.user.ID, AppID: c.acc.AppID})
	return nil, nil
}
