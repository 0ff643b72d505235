package handlers

import (
	"net/http"
	"strconv"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/xunjia/xunjia"
	"github.com/xunjia/xunjia/store"
	"github.com/xunjia/xunjia/templates"
)

// pushOverview shows what the pushes of the last days came to, and every round.
func (s *Site) pushOverview(c *gin.Context) error {
	ctx := c.Request.Context()
	p := &templates.AdminPushPage{Days: 7, CanManage: visitOf(c).staff.Role.Can(xunjia.ManagePushes)}
	p.Title = "推送"
	if c.Query("days") == "30" {
		p.Days = 30
	}
	now := s.Clock()
	since := xunjia.DayStart(now).AddDate(0, 0, 1-p.Days)
	days, err := s.Store.PushDays(ctx, since)
	if err != nil {
		return err
	}
	byDay := map[string]xunjia.PushCounts{}
	var total xunjia.PushCounts
	for _, d := range days {
		byDay[d.Day.Format("1/2")] = d.Counts
		total = total.Plus(d.Counts)
		p.Rounds += d.Rounds
	}
	p.Funnel = total.Funnel()
	for i := range p.Days {
		label := since.In(xunjia.China()).AddDate(0, 0, i).Format("1/2")
		p.PerDay = append(p.PerDay, templates.PushDay{Label: label, Counts: byDay[label]})
	}
	list, err := s.Store.PushRounds(ctx, xunjia.Page{After: c.Query("after")})
	if err != nil {
		return err
	}
	for _, v := range list.Items {
		p.Rows = append(p.Rows, templates.PushRoundRow{PushRound: v.PushRound, Purchase: v.Purchase})
	}
	p.Next = nextPage(c, list.Next)
	return s.renderAdmin(c, http.StatusOK, p)
}

func (s *Site) purchasePushes(c *gin.Context) error {
	return s.renderPurchasePushes(c, http.StatusOK, templates.Form{})
}

func (s *Site) renderPurchasePushes(c *gin.Context, status int, f templates.Form) error {
	ctx := c.Request.Context()
	id, err := idParam(c)
	if err != nil {
		return err
	}
	p := &templates.AdminPushPurchasePage{Form: f}
	if p.Purchase, err = s.Store.Purchase(ctx, id); err != nil {
		return err
	}
	now := s.Clock()
	p.Title, p.Now = "推送 "+p.Purchase.Number, p.Purchase.StatusAt(now)
	rounds, err := s.Store.PurchaseRounds(ctx, id)
	if err != nil {
		return err
	}
	p.CanPush = p.Now == xunjia.WaitingForQuote && p.Purchase.Mode != xunjia.InvitedMode
	var total xunjia.PushCounts
	for _, r := range rounds {
		total = total.Plus(r.Counts)
		p.Rounds = append(p.Rounds, templates.PushRoundRow{PushRound: r, Purchase: p.Purchase})
		if strconv.Itoa(r.Number) == c.Query("round") {
			p.Shown = r
		}
	}
	p.Funnel = total.Funnel()
	if len(rounds) > 0 {
		last := rounds[len(rounds)-1]
		if p.Shown.ID == 0 {
			p.Shown = last
		}
		if err := s.choosePushActions(c, p, last); err != nil {
			return err
		}
	}
	list, err := s.Store.RoundPushes(ctx, p.Shown.ID, xunjia.Page{After: c.Query("after")})
	if err != nil {
		return err
	}
	p.Next = nextPage(c, list.Next)
	for _, v := range list.Items {
		row := templates.PushedRow{Supplier: v.Supplier, Score: v.Score, Why: v.Why}
		for _, push := range v.Pushes {
			if p.Purchase.Hidden(now) { // who has quoted is as sealed as his price
				push.QuotedAt = time.Time{}
			}
			line := templates.PushedLine{Push: push}
			if l, err := p.Purchase.Line(push.LineID); err == nil {
				line.Name = l.Name
			}
			row.Lines = append(row.Lines, line)
		}
		p.People = append(p.People, row)
	}
	return s.renderAdmin(c, status, p)
}

// choosePushActions tells what this member of staff can do with the last round.
func (s *Site) choosePushActions(c *gin.Context, p *templates.AdminPushPurchasePage, last xunjia.PushRound) error {
	if !visitOf(c).staff.Role.Can(xunjia.ManagePushes) {
		return nil
	}
	settings, err := s.Store.PushSettings(c.Request.Context())
	if err != nil {
		return err
	}
	_, stop := last.State.After(xunjia.StopRound)
	_, follow := last.State.After(xunjia.FollowRound)
	p.CanStop, p.CanNext = stop == nil, follow == nil && p.CanPush
	p.NextSize = settings.NextRound(max(last.Wanted, last.Counts.Matched))
	return nil
}

// previewPush shows what the next round would do.
func (s *Site) previewPush(c *gin.Context) error {
	ctx := c.Request.Context()
	id, err := idParam(c)
	if err != nil {
		return err
	}
	p := &templates.AdminPushPreviewPage{}
	if p.Purchase, err = s.Store.Purchase(ctx, id); err != nil {
		return err
	}
	p.Title = "预演推送 " + p.Purchase.Number
	v, err := s.Store.PreviewRound(ctx, store.PreviewQuery{PurchaseID: id, AppID: s.WeChat.AppID, SMS: s.PurchaseSMS})
	if xunjia.ErrorCode(err) == xunjia.Conflict {
		p.Refusal = known(err).Message
		return s.renderAdmin(c, http.StatusOK, p)
	}
	if err != nil {
		return err
	}
	p.Round, p.Size, p.Candidates, p.Reached, p.Newcomers, p.Cost = v.Round, v.Size, v.Candidates, v.People, v.Newcomers, v.Cost
	p.Channels = []templates.Stat{
		{Label: "微信模板消息", Icon: "brand-wechat", Value: v.WeChat}, {Label: "短信", Icon: "device-mobile", Value: v.SMS},
		{Label: "只进收件箱", Icon: "inbox", Value: v.Inbox},
	}
	for _, t := range v.Top {
		p.Top = append(p.Top, templates.PushedRow{Supplier: t.User, Score: t.Score, Why: t.Why})
	}
	return s.renderAdmin(c, http.StatusOK, p)
}

// nextPush begins the next round at once.
func (s *Site) nextPush(c *gin.Context) error {
	id, err := idParam(c)
	if err != nil {
		return err
	}
	f := s.form(c)
	size, _ := strconv.Atoi(f.Value("size"))
	err = s.Store.NextRoundByStaff(c.Request.Context(), id, visitOf(c).staff.ID, size)
	return s.afterPush(c, id, f, err, "下一轮推送已开始")
}

func (s *Site) stopPush(c *gin.Context) error {
	id, err := idParam(c)
	if err != nil {
		return err
	}
	err = s.Store.StopRoundsByStaff(c.Request.Context(), id, visitOf(c).staff.ID)
	return s.afterPush(c, id, s.form(c), err, "推送已停止，已经排队的消息仍会发出")
}

func (s *Site) afterPush(c *gin.Context, id int64, f templates.Form, err error, done string) error {
	if err != nil {
		if !formErrors(&f, err) {
			return err
		}
		return s.renderPurchasePushes(c, status(xunjia.ErrorCode(err)), f)
	}
	s.Outbox.Wake()
	s.flash(c, done)
	s.redirect(c, "/admin/push/"+strconv.FormatInt(id, 10))
	return nil
}
