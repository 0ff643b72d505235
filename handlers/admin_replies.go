package handlers

import (
	"crypto/rand"
	"errors"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/xunjia/xunjia"
	"github.com/xunjia/xunjia/templates"
	"github.com/xunjia/xunjia/wechat"
)

// replyTrigger is the trigger that a page is about; the keywords without one.
func replyTrigger(text string) xunjia.ReplyTrigger {
	if t := xunjia.ReplyTrigger(text); slices.Contains(xunjia.ReplyTriggers(), t) {
		return t
	}
	return xunjia.OnKeyword
}

func (s *Site) replies(c *gin.Context) error {
	rules, err := s.Store.ReplyRules(c.Request.Context(), s.WeChat.AppID)
	if err != nil {
		return err
	}
	p := &templates.AdminRepliesPage{
		Trigger: replyTrigger(c.Query("trigger")), Search: strings.TrimSpace(c.Query("q")), Test: c.Query("test"),
	}
	p.Title = "自动回复"
	counts, now := map[xunjia.ReplyTrigger]int{}, s.Clock()
	for _, r := range rules {
		counts[r.Trigger]++
		row := templates.NewReplyRow(r, now)
		if r.Trigger == p.Trigger && foundIn(p.Search, append(r.Words, r.Name, row.Preview)...) {
			p.Rows = append(p.Rows, row)
		}
	}
	for _, t := range xunjia.ReplyTriggers() {
		p.Tabs = append(p.Tabs, templates.ReplyTab{Trigger: t, Count: counts[t]})
	}
	if strings.TrimSpace(p.Test) != "" {
		choice := xunjia.ChooseReply(rules, p.Test, now)
		p.Result = &templates.ReplyResult{Command: choice.Command, Rule: choice.Rule, BuiltIn: choice.Rule.ID == 0, Goods: choice.Goods != ""}
	}
	return s.renderAdmin(c, http.StatusOK, p)
}

// foundIn tells whether one of the texts contains what is searched for.
func foundIn(search string, texts ...string) bool {
	search = xunjia.FoldText(search)
	return search == "" || slices.ContainsFunc(texts, func(t string) bool { return strings.Contains(xunjia.FoldText(t), search) })
}

func (s *Site) showNewReply(c *gin.Context) error {
	r := xunjia.ReplyRule{
		Trigger: replyTrigger(c.Query("trigger")), Matching: xunjia.Contains, Priority: 10, Enabled: true,
		Answers: []xunjia.ReplyAnswer{{Kind: xunjia.TextAnswer}},
	}
	f := templates.Form{Values: templates.ReplyValues(r)}
	f.Values.Set("form_key", rand.Text())
	return s.renderReply(c, http.StatusOK, r, f)
}

func (s *Site) showReply(c *gin.Context) error {
	r, err := s.replyRule(c)
	if err != nil {
		return err
	}
	return s.renderReply(c, http.StatusOK, r, templates.Form{Values: templates.ReplyValues(r)})
}

// replyRule is the rule that the address names.
func (s *Site) replyRule(c *gin.Context) (xunjia.ReplyRule, error) {
	id, err := idParam(c)
	if err != nil {
		return xunjia.ReplyRule{}, err
	}
	return s.Store.ReplyRule(c.Request.Context(), s.WeChat.AppID, id)
}

func (s *Site) renderReply(c *gin.Context, status int, r xunjia.ReplyRule, f templates.Form) error {
	p := &templates.AdminReplyPage{Form: f, ID: r.ID, Trigger: r.Trigger, Slots: templates.ReplySlots()}
	p.Title = "自动回复"
	if r.ID != 0 {
		names, err := s.Store.StaffNames(c.Request.Context())
		if err != nil {
			return err
		}
		p.Editor = strings.TrimSpace(names[r.UpdatedBy] + " " + xunjia.ShortTime(r.UpdatedAt) + " 修改")
	}
	return s.renderAdmin(c, status, p)
}

func (s *Site) createReply(c *gin.Context) error {
	return s.saveReplyRule(c, xunjia.ReplyRule{Trigger: replyTrigger(c.PostForm("trigger"))})
}

func (s *Site) saveReply(c *gin.Context) error {
	r, err := s.replyRule(c)
	if err != nil {
		return err
	}
	return s.saveReplyRule(c, r)
}

// saveReplyRule stores the form over r. Pictures go to the platform first, so
// that what is saved can be sent.
func (s *Site) saveReplyRule(c *gin.Context, r xunjia.ReplyRule) error {
	ctx, f := c.Request.Context(), s.form(c)
	err := s.takeReplyPictures(c, f)
	wrong := xunjia.FieldErrors{}
	r = parseReply(r, f, wrong)
	if err == nil {
		err = mergeFields(wrong, r.Check())
	}
	if err == nil {
		err = s.uploadReplyPictures(c, r)
	}
	if err == nil {
		_, err = s.Store.SaveReplyRule(ctx, r, f.Value("form_key"), visitOf(c).staff.ID)
	}
	if err != nil {
		if !formErrors(&f, err) {
			return err
		}
		return s.renderReply(c, status(xunjia.ErrorCode(err)), r, f)
	}
	s.rulesChanged()
	s.flash(c, "已保存，几秒钟内生效")
	s.redirect(c, "/admin/replies?trigger="+string(r.Trigger))
	return nil
}

// mergeFields adds what could not even be read to what is wrong.
func mergeFields(wrong xunjia.FieldErrors, err error) error {
	if e, ok := errors.AsType[*xunjia.Error](err); ok {
		for field, text := range e.Fields {
			wrong.Add(field, "%s", text)
		}
	}
	return wrong.Err()
}

// takeReplyPictures stores the pictures that came with the form; a new one takes
// the place of the one before.
func (s *Site) takeReplyPictures(c *gin.Context, f templates.Form) error {
	for _, slot := range templates.ReplySlots() {
		field := slot.Prefix + "media"
		if m := c.Request.MultipartForm; m != nil {
			for _, file := range m.File[field+"_file"] {
				if file.Size > 0 {
					f.Values.Del(field)
				}
			}
		}
		keys, err := s.uploads(c, f, field, 1)
		if err != nil {
			return err
		}
		for _, key := range keys {
			if key == "" {
				continue
			}
			if xunjia.IsFile(key) {
				return xunjia.FieldErrors{field: "这里只能用图片，不能用 PDF"}.Err()
			}
			if _, err := s.Store.Media(c.Request.Context(), key); err != nil {
				return xunjia.FieldErrors{field: "图片已经不在了，请重新选择"}.Err()
			}
		}
	}
	return nil
}

// uploadReplyPictures makes sure that the platform has the pictures of an image
// answer.
func (s *Site) uploadReplyPictures(c *gin.Context, r xunjia.ReplyRule) error {
	for i, a := range r.Answers {
		if a.Kind != xunjia.ImageAnswer {
			continue
		}
		field := "answers." + strconv.Itoa(i) + ".media"
		if s.Account == nil {
			return xunjia.FieldErrors{field: "还没有配置公众号，不能使用图片"}.Err()
		}
		if _, err := s.replyMediaID(c.Request.Context(), a.Media); err != nil {
			s.Log.WarnContext(c.Request.Context(), "picture of an automatic reply not uploaded", "error", err)
			return xunjia.FieldErrors{field: "图片上传到微信失败：" + wechat.StaffText(err)}.Err()
		}
	}
	return nil
}

// parseReply reads the form over r; what cannot be read is noted in wrong.
// Unused places among the answers close up, in the form too.
func parseReply(r xunjia.ReplyRule, f templates.Form, wrong xunjia.FieldErrors) xunjia.ReplyRule {
	r.Name, r.Matching = strings.TrimSpace(f.Value("name")), xunjia.Matching(f.Value("matching"))
	r.Enabled, r.Random = f.Value("enabled") == "1", f.Value("random") == "one"
	r.Words, r.Answers = nil, nil
	if r.Trigger == xunjia.OnKeyword {
		for _, w := range strings.FieldsFunc(f.Value("words"), func(c rune) bool { return strings.ContainsRune("\n\r,，、;；", c) }) {
			if w = strings.TrimSpace(w); w != "" && !slices.Contains(r.Words, w) {
				r.Words = append(r.Words, w)
			}
		}
	}
	number := func(field, complaint string) (n int) {
		n, err := strconv.Atoi(strings.TrimSpace(f.Value(field)))
		if err != nil {
			wrong.Add(field, "%s", complaint)
		}
		return n
	}
	r.Priority = number("priority", "优先级是 0 到 999 的整数")
	if r.ID != 0 {
		r.Version = number("version", "页面放得太久了，请刷新后再改")
	}
	r.Hours = xunjia.Hours{From: minuteOf(f, "from", wrong), Until: minuteOf(f, "until", wrong)}
	if (f.Value("from") == "") != (f.Value("until") == "") {
		wrong.Add("until", "开始和结束的时间要一起填写")
	}
	r.Days = xunjia.Days{First: dayOf(f, "first", wrong), Last: dayOf(f, "last", wrong)}
	for _, slot := range templates.ReplySlots() {
		if f.Value(slot.Prefix+"kind") == "" {
			continue
		}
		a := parseReplyAnswer(f, slot.Prefix)
		to := "answers." + strconv.Itoa(len(r.Answers)) + "."
		for _, name := range []string{"kind", "text", "title", "description", "url", "media", "media_id"} {
			value := f.Value(slot.Prefix + name)
			if to != slot.Prefix {
				f.Values.Del(slot.Prefix + name)
			}
			f.Values.Set(to+name, value)
		}
		r.Answers = append(r.Answers, a)
	}
	return r
}

// parseReplyAnswer reads one answer, of which only what belongs to its kind
// counts.
func parseReplyAnswer(f templates.Form, prefix string) xunjia.ReplyAnswer {
	value := func(name string) string { return strings.TrimSpace(f.Value(prefix + name)) }
	a := xunjia.ReplyAnswer{Kind: xunjia.ReplyKind(value("kind"))}
	switch a.Kind {
	case xunjia.TextAnswer:
		// Browsers send CRLF; the platform counts bytes.
		a.Text = strings.ReplaceAll(value("text"), "\r\n", "\n")
	case xunjia.ImageAnswer:
		a.Media = value("media")
	case xunjia.NewsAnswer:
		a.Media, a.Title, a.Description, a.URL = value("media"), value("title"), value("description"), value("url")
	case xunjia.VoiceAnswer:
		a.MediaID = value("media_id")
	case xunjia.VideoAnswer:
		a.MediaID, a.Title, a.Description = value("media_id"), value("title"), value("description")
	}
	return a
}

// minuteOf reads a time of day; 0 when it is empty.
func minuteOf(f templates.Form, field string, wrong xunjia.FieldErrors) int {
	text := strings.TrimSpace(f.Value(field))
	if text == "" {
		return 0
	}
	for _, layout := range []string{"15:04", "15:04:05"} {
		if t, err := time.Parse(layout, text); err == nil {
			return t.Hour()*60 + t.Minute()
		}
	}
	wrong.Add(field, "请填写时间，例如 09:00")
	return 0
}

// dayOf reads a calendar day; 0 when it is empty.
func dayOf(f templates.Form, field string, wrong xunjia.FieldErrors) int {
	text := strings.TrimSpace(f.Value(field))
	if text == "" {
		return 0
	}
	t, err := time.ParseInLocation(time.DateOnly, text, xunjia.China())
	if err != nil {
		wrong.Add(field, "请填写日期，例如 2026-11-23")
		return 0
	}
	return xunjia.Day(t)
}

func (s *Site) enableReply(c *gin.Context) error {
	id, err := idParam(c)
	if err != nil {
		return err
	}
	r, err := s.Store.ReplyRule(c.Request.Context(), s.WeChat.AppID, id)
	if err != nil {
		return err
	}
	enabled := c.PostForm("enabled") == "1"
	if err := s.Store.EnableReplyRule(c.Request.Context(), id, enabled, visitOf(c).staff.ID); err != nil {
		return err
	}
	s.rulesChanged()
	text := "已停用「"
	if enabled {
		text = "已启用「"
	}
	s.flash(c, text+r.Name+"」")
	s.redirect(c, "/admin/replies?trigger="+string(r.Trigger))
	return nil
}

func (s *Site) showDeleteReply(c *gin.Context) error {
	r, err := s.replyRule(c)
	if err != nil {
		return err
	}
	p := &templates.AdminReplyDeletePage{Rule: r}
	p.Title = "删除自动回复"
	return s.renderAdmin(c, http.StatusOK, p)
}

func (s *Site) deleteReply(c *gin.Context) error {
	r, err := s.replyRule(c)
	if err != nil {
		return err
	}
	if err := s.Store.DeleteReplyRule(c.Request.Context(), r.ID, visitOf(c).staff.ID); err != nil {
		return err
	}
	s.rulesChanged()
	s.flash(c, "已删除「"+r.Name+"」")
	s.redirect(c, "/admin/replies?trigger="+string(r.Trigger))
	return nil
}

// rulesChanged makes this instance answer by the new rules at once.
func (s *Site) rulesChanged() {
	if s.talk != nil {
		s.talk.forget()
	}
}
