package handlers

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"

	"github.com/gin-gonic/gin"

	"github.com/xunjia/xunjia"
	"github.com/xunjia/xunjia/templates"
)

const preferencesPath = "/me/notices"

// showPreferences shows what the visitor hears of, by which channel and when.
func (s *Site) showPreferences(c *gin.Context) error {
	p, err := s.Store.Preferences(c.Request.Context(), visitOf(c).user.ID)
	if err != nil {
		return err
	}
	return s.renderPreferences(c, http.StatusOK, p, templates.Form{})
}

func (s *Site) renderPreferences(c *gin.Context, status int, chosen xunjia.Preferences, f templates.Form) error {
	page := templates.NewPreferencesPage(chosen)
	page.Form = f
	all, err := s.Store.Categories(c.Request.Context())
	if err != nil {
		return err
	}
	for _, k := range all {
		if chosen.Mutes(k.ID) {
			page.Muted = append(page.Muted, templates.Option{Value: strconv.FormatInt(k.ID, 10), Text: k.Name, Selected: true})
		}
	}
	page.Title, page.Tab, page.Back = "消息设置", templates.MeTab, "/me"
	return s.render(c, status, page)
}

// savePreferences keeps what the form says. Boxes that are not ticked are off,
// so the form names the kinds and categories that it shows.
func (s *Site) savePreferences(c *gin.Context) error {
	f := s.form(c)
	typed, err := s.Store.ChangePreferences(c.Request.Context(), visitOf(c).user.ID, func(p *xunjia.Preferences) error {
		return readPreferences(p, f)
	})
	if xunjia.ErrorCode(err) == xunjia.Invalid {
		formErrors(&f, err)
		_ = readPreferences(&typed, f)
		return s.renderPreferences(c, http.StatusUnprocessableEntity, typed, f)
	}
	if err != nil {
		return err
	}
	s.flash(c, "消息设置已保存")
	s.redirect(c, preferencesPath)
	return nil
}

func readPreferences(p *xunjia.Preferences, f templates.Form) error {
	wrong := xunjia.FieldErrors{}
	number := func(name string) int {
		n, err := strconv.Atoi(f.Value(name))
		if err != nil {
			wrong.Add(name, "请重新选择")
		}
		return n
	}
	p.Quiet = xunjia.Quiet{}
	if f.Has("quiet", "on") {
		p.Quiet = xunjia.Quiet{From: number("quiet_from"), To: number("quiet_to")}
	}
	p.Digest = number("digest")
	p.NoSMS = !f.Has("sms", "on")
	p.Off = map[xunjia.EventKind][]xunjia.Channel{}
	for _, spec := range xunjia.Catalogue() {
		if spec.Urgent {
			continue
		}
		for _, channel := range spec.Channels {
			if !f.Has("on", templates.SwitchValue(spec.Kind, channel)) {
				p.Off[spec.Kind] = append(p.Off[spec.Kind], channel)
			}
		}
	}
	p.Categories = slices.DeleteFunc(slices.Clone(p.Categories), func(id int64) bool {
		text := strconv.FormatInt(id, 10)
		return f.Has("shown", text) && !f.Has("muted", text)
	})
	return wrong.Err()
}

// why shows why the visitor got a message, what became of it, and lets him turn
// such messages off.
func (s *Site) why(c *gin.Context) error {
	id, err := idParam(c)
	if err != nil {
		return err
	}
	ctx, user := c.Request.Context(), visitOf(c).user.ID
	n, e, sent, err := s.Store.NotificationOrigin(ctx, id, user)
	if err != nil {
		return err
	}
	p := &templates.WhyPage{Notification: n, Spec: e.Kind.Spec()}
	if p.Preferences, err = s.Store.Preferences(ctx, user); err != nil {
		return err
	}
	var followed []string
	if e.Kind == xunjia.PurchasePublished {
		if p.Categories, err = s.followedOf(c, e.PurchaseID); err != nil {
			return err
		}
		for _, k := range p.Categories {
			followed = append(followed, k.Name)
		}
		if p.Match, err = s.Store.PushWhy(ctx, e.ID, user); err != nil {
			return err
		}
	}
	p.Text = xunjia.Why(e.Kind, n.Type, followed)
	for _, d := range sent {
		p.Sent = append(p.Sent, templates.WhySent{Channel: d.Channel.Name(), State: deliveryWord(d.State), Reason: d.Reason, Planned: d.NextAt, Waits: d.State == xunjia.DeliveryPending, At: d.SentAt})
	}
	p.Title, p.Tab, p.Back = "为什么收到这条消息", templates.InboxTab, "/inbox?type="+strconv.Itoa(int(n.Type))
	return s.render(c, http.StatusOK, p)
}

// followedOf are the categories of a purchase that the visitor follows.
func (s *Site) followedOf(c *gin.Context, purchase int64) ([]xunjia.Category, error) {
	ctx := c.Request.Context()
	follows, err := s.Store.FollowedCategories(ctx, visitOf(c).user.ID)
	if err != nil {
		return nil, err
	}
	p, err := s.Store.Purchase(ctx, purchase)
	if err != nil {
		return nil, err
	}
	var list []xunjia.Category
	for _, l := range p.Lines {
		known := slices.ContainsFunc(list, func(k xunjia.Category) bool { return k.ID == l.CategoryID })
		if !known && slices.Contains(follows, l.CategoryID) {
			list = append(list, xunjia.Category{ID: l.CategoryID, Name: l.Name})
		}
	}
	return list, nil
}

// mute turns off the messages that one of them is an example of, or turns them
// on again: a kind, or new requests for a category.
func (s *Site) mute(c *gin.Context) error {
	id, err := idParam(c)
	if err != nil {
		return err
	}
	ctx, user := c.Request.Context(), visitOf(c).user.ID
	_, e, _, err := s.Store.NotificationOrigin(ctx, id, user)
	if err != nil {
		return err
	}
	category, _ := strconv.ParseInt(c.PostForm("category"), 10, 64)
	undo := c.PostForm("undo") != ""
	_, err = s.Store.ChangePreferences(ctx, user, func(p *xunjia.Preferences) error {
		switch {
		case category != 0 && undo:
			p.Categories = slices.DeleteFunc(p.Categories, func(k int64) bool { return k == category })
		case category != 0:
			p.Categories = append(p.Categories, category)
		case undo:
			delete(p.Off, e.Kind)
		default:
			return p.Mute(e.Kind)
		}
		return nil
	})
	if err != nil {
		return err
	}
	done := "以后不再用微信和短信发这类消息，消息列表里仍然看得到"
	switch {
	case undo:
		done = "已恢复接收"
	case category != 0:
		done = "以后不再通知您这个品种的新采购"
	}
	s.flash(c, done)
	s.redirect(c, "/inbox/"+url.PathEscape(c.Param("id"))+"/why")
	return nil
}
