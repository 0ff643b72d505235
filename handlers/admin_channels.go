package handlers

import (
	"net/http"
	"strings"

	"github.com/gin-gonic/gin"

	"github.com/xunjia/xunjia"
	"github.com/xunjia/xunjia/store"
	"github.com/xunjia/xunjia/templates"
)

// MaxPauseReason is how long the reason of a pause may be, in characters.
const MaxPauseReason = 100

// sendingChannels are those that staff can pause.
func sendingChannels() []xunjia.Channel {
	return []xunjia.Channel{xunjia.WeChatChannel, xunjia.SubscriptionChannel, xunjia.SMSChannel}
}

// channels shows how each channel is doing and what waits.
func (s *Site) channels(c *gin.Context) error {
	return s.renderChannels(c, http.StatusOK, templates.Form{})
}

func (s *Site) renderChannels(c *gin.Context, status int, f templates.Form) error {
	ctx := c.Request.Context()
	p := &templates.AdminChannelsPage{Form: f, CanManage: visitOf(c).staff.Role.Can(xunjia.ManageChannels)}
	p.Title = "发送通道"
	stops, err := s.Store.Stops(ctx)
	if err != nil {
		return err
	}
	backlog, err := s.Store.Backlog(ctx)
	if err != nil {
		return err
	}
	for _, ch := range sendingChannels() {
		row := templates.ChannelState{Channel: string(ch), Name: ch.Name()}
		for _, stop := range stops {
			name, kind, _ := strings.Cut(stop.Name, "/")
			switch {
			case stop.Name == store.PauseName(ch):
				row.Paused = &templates.StopRow{Name: stop.Name, Reason: stop.Reason, Since: stop.Since}
			case name == string(ch):
				shown := templates.StopRow{Name: stop.Name, Kind: kind, Reason: stop.Reason, Since: stop.Since, ProbeAt: stop.ProbeAt}
				if kind != "" {
					shown.Kind = xunjia.SMSName(kind)
				}
				row.Stops = append(row.Stops, shown)
			}
		}
		for _, lane := range []xunjia.Lane{xunjia.UrgentLane, xunjia.DirectLane, xunjia.MassLane} {
			waiting := templates.Count{Label: map[xunjia.Lane]string{
				xunjia.UrgentLane: "验证码", xunjia.DirectLane: "与本人有关", xunjia.MassLane: "群发",
			}[lane]}
			for _, b := range backlog {
				if b.Channel == ch && b.Lane == lane && b.State != xunjia.DeliveryDead {
					waiting.Value += b.Count
				}
			}
			switch { // codes go by SMS alone, and nobody is told of many things by subscription
			case lane == xunjia.UrgentLane && ch != xunjia.SMSChannel, lane == xunjia.MassLane && ch == xunjia.SubscriptionChannel:
			default:
				row.Waiting = append(row.Waiting, waiting)
			}
		}
		p.Channels = append(p.Channels, row)
	}
	return s.renderAdmin(c, status, p)
}

// channelParam is the channel of the address.
func channelParam(c *gin.Context) (xunjia.Channel, error) {
	for _, ch := range sendingChannels() {
		if c.Param("name") == string(ch) {
			return ch, nil
		}
	}
	return "", errNoPage()
}

func (s *Site) pauseChannel(c *gin.Context) error {
	ch, err := channelParam(c)
	if err != nil {
		return err
	}
	f := s.form(c)
	reason := strings.TrimSpace(f.Value("reason"))
	complaints := xunjia.FieldErrors{}
	switch {
	case reason == "":
		complaints.Add("reason", "请写暂停的原因，同事会看到")
	case len([]rune(reason)) > MaxPauseReason:
		complaints.Add("reason", "原因最多 %d 个字", MaxPauseReason)
	}
	err = complaints.Err()
	if err == nil {
		who := visitOf(c).staff.Called()
		err = s.Store.PauseChannel(c.Request.Context(), visitOf(c).staff.ID, store.PauseName(ch), who+"："+reason)
	}
	if err != nil {
		if !formErrors(&f, err) {
			return err
		}
		f.Values.Set("channel", string(ch))
		return s.renderChannels(c, status(xunjia.ErrorCode(err)), f)
	}
	s.badges.forget()
	s.flash(c, ch.Name()+"已暂停发送，验证码照常")
	s.redirect(c, "/admin/channels")
	return nil
}

// resumeChannel ends a pause, or lets a channel that stopped by itself try now.
func (s *Site) resumeChannel(c *gin.Context) error {
	ch, err := channelParam(c)
	if err != nil {
		return err
	}
	name := store.PauseName(ch)
	if stop := c.PostForm("stop"); stop == string(ch) || strings.HasPrefix(stop, string(ch)+"/") {
		name = stop
	}
	if err := s.Store.ResumePaused(c.Request.Context(), visitOf(c).staff.ID, name); err != nil {
		return err
	}
	s.badges.forget()
	s.Outbox.Wake()
	s.flash(c, ch.Name()+"已恢复发送")
	s.redirect(c, "/admin/channels")
	return nil
}
