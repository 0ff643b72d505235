package handlers

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/xunjia/xunjia"
	"github.com/xunjia/xunjia/templates"
)

// healthTime bounds one look at a dependency.
const healthTime = 1500 * time.Millisecond

// codesBudget is the name under which package sms counts codes.
const codesBudget = "sms:codes"

// accountHealth shows how the official account and what it needs are doing.
// What cannot be read is said on the page instead of replacing it.
func (s *Site) accountHealth(c *gin.Context) error {
	ctx := c.Request.Context()
	p := &templates.AdminHealthPage{Now: s.Clock()}
	p.Title = "账号状态"
	s.healthOfParts(ctx, p)
	s.healthOfCredentials(ctx, p)
	s.healthOfCallback(p)
	if err := s.healthOfSending(ctx, p); err != nil {
		p.Problems = append(p.Problems, "发送情况暂时读不到："+known(err).Message)
	}
	for _, f := range s.Watch.lastErrors() {
		p.Errors = append(p.Errors, templates.CallError{At: f.at, API: f.api, Text: f.meaning()})
	}
	return s.renderAdmin(c, http.StatusOK, p)
}

func (s *Site) healthOfParts(ctx context.Context, p *templates.AdminHealthPage) {
	ctx, cancel := context.WithTimeout(ctx, healthTime)
	defer cancel()
	add := func(name string, err error, good string) {
		part := templates.Part{Name: name, OK: err == nil, Text: good}
		if err != nil {
			part.Text = known(err).Message
		}
		p.Parts = append(p.Parts, part)
	}
	start := s.Clock()
	err := s.Store.Ping(ctx)
	add("数据库", err, fmt.Sprintf("正常，%d 毫秒", s.Clock().Sub(start).Milliseconds()))
	start = s.Clock()
	err = s.Captchas.Ping(ctx)
	add("Redis", err, fmt.Sprintf("正常，%d 毫秒", s.Clock().Sub(start).Milliseconds()))
	waiting := templates.Part{Name: "本机暂存的推送", OK: true, Text: "没有"}
	if s.spool != nil && s.spool.Len() > 0 {
		waiting.OK, waiting.Text = false, fmt.Sprintf("%d 条，数据库恢复后自动处理", s.spool.Len())
	}
	p.Parts = append(p.Parts, waiting)
	stuck, err := s.Store.StuckInbound(ctx)
	add("放弃处理的推送", err, "没有")
	if last := &p.Parts[len(p.Parts)-1]; stuck > 0 {
		last.OK, last.Text = false, fmt.Sprintf("%d 条，每次处理都失败，请查看日志", stuck)
	}
}

func (s *Site) healthOfCredentials(ctx context.Context, p *templates.AdminHealthPage) {
	if s.Account == nil {
		p.Problems = append(p.Problems, "没有配置公众号")
		return
	}
	p.AppID = s.Account.AppID()
	list, err := s.Account.Credentials(ctx)
	if err != nil {
		p.Problems = append(p.Problems, "凭证暂时读不到："+known(err).Message)
		return
	}
	for _, credential := range list {
		row := templates.CredentialRow{Masked: credential.Masked, ExpiresAt: credential.ExpiresAt, Left: credential.ExpiresAt.Sub(p.Now)}
		switch credential.Kind {
		case "access_token":
			row.Name, row.Lifetime, row.FetchedAt = "接口凭证 access_token", 2*time.Hour, s.Watch.lastCall("/cgi-bin/stable_token")
		default:
			row.Name, row.Lifetime, row.FetchedAt = "网页凭证 jsapi_ticket", 2*time.Hour, s.Watch.lastCall("/cgi-bin/ticket/getticket")
		}
		if row.Left > 0 {
			row.Age = max(0, row.Lifetime-row.Left)
		}
		p.Credentials = append(p.Credentials, row)
	}
}

func (s *Site) healthOfCallback(p *templates.AdminHealthPage) {
	if s.pushes == nil {
		return
	}
	stats := s.Watch.pushStats()
	p.Callback = &templates.CallbackStats{Mode: string(s.WeChat.Mode), Count: stats.count, P50: stats.p50, P95: stats.p95, Max: stats.max}
	for _, why := range slices.Sorted(maps.Keys(stats.refused)) {
		p.Callback.Refused = append(p.Callback.Refused, templates.Count{Label: why, Value: stats.refused[why]})
	}
}

func (s *Site) healthOfSending(ctx context.Context, p *templates.AdminHealthPage) error {
	stops, err := s.Store.Stops(ctx)
	if err != nil {
		return err
	}
	for _, stop := range stops {
		p.Stops = append(p.Stops, templates.StopRow{Name: stopName(stop.Name), Reason: stop.Reason, Since: stop.Since})
	}
	today, err := s.Store.DeliveriesSince(ctx, xunjia.DayStart(p.Now))
	if err != nil {
		return err
	}
	for _, ch := range []xunjia.Channel{xunjia.WeChatChannel, xunjia.SubscriptionChannel, xunjia.SMSChannel} {
		row := templates.ChannelToday{Name: ch.Name()}
		for _, b := range today {
			if b.Channel != ch {
				continue
			}
			switch b.State {
			case xunjia.DeliverySent, xunjia.DeliveryDelivered:
				row.Sent += b.Count
			case xunjia.DeliveryPending, xunjia.DeliverySending:
				row.Waiting += b.Count
			case xunjia.DeliveryFailed, xunjia.DeliveryDead, xunjia.DeliveryUnknown:
				row.Failed += b.Count
			}
		}
		p.Channels = append(p.Channels, row)
	}
	used, err := s.Store.Spent(ctx, codesBudget, xunjia.Day(p.Now))
	p.CodesUsed, p.CodesBudget = used, s.SMSCodes
	return err
}
