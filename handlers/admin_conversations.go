package handlers

import (
	"context"
	"crypto/rand"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/xunjia/xunjia"
	"github.com/xunjia/xunjia/store"
	"github.com/xunjia/xunjia/templates"
	"github.com/xunjia/xunjia/wechat"
)

func (s *Site) conversations(c *gin.Context) error {
	ctx, now := c.Request.Context(), s.Clock()
	p := &templates.AdminConversationsPage{
		Waiting: c.Query("waiting") == "1", Search: strings.TrimSpace(c.Query("q")), First: c.Query("after") == "",
	}
	p.Title = "会话"
	list, err := s.Store.Conversations(ctx, store.ConversationFilter{Waiting: p.Waiting, Search: p.Search}, xunjia.Page{After: c.Query("after")})
	if err != nil {
		return err
	}
	if p.Total, err = s.Store.WaitingConversations(ctx); err != nil {
		return err
	}
	p.Next = nextPage(c, list.Next)
	for _, talk := range list.Items {
		row := templates.ConversationRow{Conversation: talk}
		if n, until := talk.Window.Left(now); n > 0 {
			row.Left = templates.WindowLeft(until.Sub(now))
		}
		p.Rows = append(p.Rows, row)
	}
	return s.renderAdmin(c, http.StatusOK, p)
}

func (s *Site) conversation(c *gin.Context) error {
	return s.renderConversation(c, http.StatusOK, templates.Form{})
}

// renderConversation shows a conversation, with what was typed when it could not
// be sent.
func (s *Site) renderConversation(c *gin.Context, status int, f templates.Form) error {
	ctx, now := c.Request.Context(), s.Clock()
	id, err := idParam(c)
	if err != nil {
		return err
	}
	talk, err := s.Store.Conversation(ctx, id)
	if err != nil {
		return err
	}
	list, err := s.Store.ChatMessages(ctx, id, xunjia.Page{After: c.Query("after"), Limit: 50})
	if err != nil {
		return err
	}
	names, err := s.Store.StaffNames(ctx)
	if err != nil {
		return err
	}
	p := &templates.AdminConversationPage{
		Form: f, Talk: talk, Latest: c.Query("after") == "", Older: nextPage(c, list.Next),
		CanSend: visitOf(c).staff.Role.Can(xunjia.AnswerFans), FormKey: rand.Text(), Bubbles: bubbles(list.Items, names),
	}
	p.Title, p.Closed = talk.Called(), talk.Window.Closed(now)
	left, until := talk.Window.Left(now)
	p.Left, p.Until = left, templates.WindowLeft(until.Sub(now))
	if s.Account == nil {
		p.Closed = "还没有配置公众号，不能回复"
	}
	// What refreshes itself has been seen by nobody.
	if p.Latest && talk.Unread > 0 && c.GetHeader("HX-Request") == "" {
		if err := s.Store.ReadConversation(ctx, id); err != nil {
			return err
		}
		s.badges.forget()
	}
	return s.renderAdmin(c, status, p)
}

// bubbles turns messages, newest first, into what the page shows.
func bubbles(messages []xunjia.ChatMessage, names map[int64]string) []templates.Bubble {
	var list []templates.Bubble
	day := 0
	for _, m := range slices.Backward(messages) {
		b := templates.Bubble{ChatMessage: m, Out: m.Direction == xunjia.ToFan, Event: m.Direction == xunjia.FromFan && m.Kind == "event"}
		if d := xunjia.Day(m.At); d != day {
			day, b.Day = d, m.At.In(xunjia.China()).Format("2006年1月2日")
		}
		switch {
		case m.Staff != 0:
			b.Who = names[m.Staff]
		case b.Out:
			b.Who = "自动回复"
		}
		if m.Kind == "image" && m.Media != "" {
			switch {
			case !b.Out:
				b.Image = "/admin/conversations/" + strconv.FormatInt(m.Conversation, 10) + "/media/" + strconv.FormatInt(m.ID, 10)
			case m.Staff != 0 || m.Answer.Media != "":
				b.Image = templates.MediaURL(m.Media, "mobile")
			}
		}
		list = append(list, b)
	}
	return list
}

// answerWithin is how long staff wait for the platform; the page's own limit is a
// little longer.
const answerWithin = 6 * time.Second

// answerFan sends what staff wrote. The message takes its place in the window
// first, is sent outside any transaction and gets its result afterwards; the same
// form is sent once, however often it is submitted.
func (s *Site) answerFan(c *gin.Context) error {
	ctx := c.Request.Context()
	id, err := idParam(c)
	if err != nil {
		return err
	}
	if _, err := s.Store.Conversation(ctx, id); err != nil {
		return err
	}
	f := s.form(c)
	m, reply, err := s.readAnswer(c, f)
	var sent bool
	if err == nil {
		m.Staff = visitOf(c).staff.ID
		if m, sent, err = s.Store.BeginAnswer(ctx, id, f.Value("form_key"), m); err == nil && sent {
			err = s.deliverAnswer(ctx, m, reply)
		}
	}
	if err != nil {
		if !formErrors(&f, err) {
			return err
		}
		return s.renderConversation(c, status(xunjia.ErrorCode(err)), f)
	}
	s.redirect(c, "/admin/conversations/"+strconv.FormatInt(id, 10))
	return nil
}

// readAnswer reads the form: a text or a picture. A picture is uploaded to the
// platform here, before anything is recorded.
func (s *Site) readAnswer(c *gin.Context, f templates.Form) (m xunjia.ChatMessage, r wechat.Reply, err error) {
	if s.Account == nil {
		return m, nil, xunjia.Errorf(xunjia.Conflict, "还没有配置公众号，不能回复")
	}
	if key := f.Value("form_key"); len(key) < 16 || len(key) > 64 {
		return m, nil, xunjia.Errorf(xunjia.Invalid, "页面放得太久了，请刷新后再发")
	}
	if form := c.Request.MultipartForm; form != nil && len(form.File["image"]) == 1 && form.File["image"][0].Size > 0 {
		picture, err := s.storePicture(c, form.File["image"][0])
		if e := known(err); err != nil && (e.Code == xunjia.Invalid || e.Code == xunjia.TooLarge) {
			return m, nil, xunjia.FieldErrors{"image": e.Message}.Err()
		}
		if err != nil {
			return m, nil, err
		}
		id, err := s.uploadReplyMedia(c.Request.Context(), picture.Key)
		if err != nil {
			s.Log.WarnContext(c.Request.Context(), "picture for a fan not uploaded", "error", err)
			return m, nil, xunjia.FieldErrors{"image": "图片上传到微信失败：" + wechat.StaffText(err)}.Err()
		}
		return xunjia.ChatMessage{Kind: "image", Text: "[图片]", Media: picture.Key}, wechat.ImageReply{MediaID: id}, nil
	}
	text := strings.TrimSpace(strings.ReplaceAll(f.Value("text"), "\r\n", "\n"))
	switch {
	case text == "":
		return m, nil, xunjia.FieldErrors{"text": "请填写回复的内容，或者选择一张图片"}.Err()
	case len(text) > xunjia.MaxReplyText:
		return m, nil, xunjia.FieldErrors{"text": "太长了，最多 2048 字节，大约 680 个汉字"}.Err()
	}
	return xunjia.ChatMessage{Kind: "text", Text: text}, wechat.TextReply{Content: text}, nil
}

// deliverAnswer sends a message that was recorded and records what came of it;
// the page shows a failure beside the message.
func (s *Site) deliverAnswer(ctx context.Context, m xunjia.ChatMessage, r wechat.Reply) error {
	talk, err := s.Store.Conversation(ctx, m.Conversation)
	if err != nil {
		return err
	}
	// A browser that hangs up must not leave the message in between.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), answerWithin)
	defer cancel()
	err = s.Account.SendReply(ctx, talk.OpenID, r)
	s.talk.finish(ctx, m, err)
	if err != nil {
		s.Log.WarnContext(ctx, "message to a fan not sent", "message", m.ID, "error", err)
	}
	return nil
}

// fanPicture shows a picture that a fan sent. The platform keeps it for three
// days and asks for our token, so it comes through here.
func (s *Site) fanPicture(c *gin.Context) error {
	ctx := c.Request.Context()
	id, err := idParam(c)
	if err != nil {
		return err
	}
	message, err := strconv.ParseInt(c.Param("message"), 10, 64)
	if err != nil {
		return errNoPage()
	}
	m, err := s.Store.ChatMessage(ctx, id, message)
	if err != nil {
		return err
	}
	if s.Account == nil || m.Direction != xunjia.FromFan || m.Kind != "image" || m.Media == "" {
		return errNoPage()
	}
	file, err := s.Account.DownloadMedia(ctx, m.Media)
	if err != nil {
		return &xunjia.Error{Code: xunjia.NotFound, Message: "图片已过期，微信只保存三天", Err: err}
	}
	kind := http.DetectContentType(file.Content)
	if !strings.HasPrefix(kind, "image/") {
		return errNoPage()
	}
	h := c.Writer.Header()
	h.Set("Cache-Control", "private, max-age=86400")
	h.Set("Content-Security-Policy", "default-src 'none'; sandbox")
	c.Data(http.StatusOK, kind, file.Content)
	return nil
}
