package handlers

import (
	"fmt"
	"net/http"
	"strings"

	"github.com/gin-gonic/gin"

	"github.com/xunjia/xunjia"
	"github.com/xunjia/xunjia/store"
	"github.com/xunjia/xunjia/templates"
)

// recogniseStaff lets staff in only.
func (s *Site) recogniseStaff(c *gin.Context) error {
	if token := s.cookie(c, staffCookie); token != "" {
		session, err := s.Store.SessionByToken(c.Request.Context(), token)
		if err != nil && xunjia.ErrorCode(err) != xunjia.Unauthorized {
			return err
		}
		if err == nil && session.StaffID != 0 {
			// Asked every time, so that a new role or an end counts at once.
			staff, err := s.Store.Staff(c.Request.Context(), session.StaffID)
			if err != nil && xunjia.ErrorCode(err) != xunjia.NotFound {
				return err
			}
			if err == nil && !staff.Disabled {
				v := visitOf(c)
				v.staff, v.staffSession = staff, session
				return nil
			}
		}
	}
	return xunjia.Errorf(xunjia.Unauthorized, "请先登录后台")
}

// permitted lets only staff with the permission through.
func permitted(p xunjia.Permission, h handler) handler {
	return func(c *gin.Context) error {
		if role := visitOf(c).staff.Role; !role.Can(p) {
			return xunjia.Errorf(xunjia.Forbidden, "您的角色（%s）不能使用这个功能", role)
		}
		return h(c)
	}
}

// renderAdminError shows an error in the console's dress.
func (s *Site) renderAdminError(c *gin.Context, err error) {
	e, v := known(err), visitOf(c)
	if wantsJSON(c) {
		s.renderError(c, err)
		return
	}
	if code := status(e.Code); code >= 500 || e.Err != nil {
		v.err = e
	}
	if e.Code == xunjia.Unauthorized && v.staff.ID == 0 && c.Request.Method == http.MethodGet && c.FullPath() != "/admin/enter" {
		path := "/admin/login"
		if to := s.safeConsole(c.Request.URL.RequestURI()); to != "/admin" {
			path = withReturn(path, to)
		}
		s.redirect(c, path)
		return
	}
	p := &templates.AdminMessagePage{Heading: e.Message, Text: "请返回重试。", Back: here(c)}
	p.Title = "提示"
	switch e.Code {
	case xunjia.Unauthorized:
		p.Text, p.Back, p.LogIn = "用登录名和密码登录，或者请同事重置密码。在服务器上运行 xunjia admin link，也可以得到一个新的一次性链接。", "", true
	case xunjia.Forbidden:
		p.Text, p.Back = "需要的话，请联系所有者或管理员调整您的角色。", "/admin"
	case xunjia.NotFound:
		p.Text, p.Back = "它可能已经被删除，或者网址不完整。", "/admin"
	}
	for _, text := range e.Fields {
		p.Text = text
		break
	}
	if renderErr := s.renderAdmin(c, status(e.Code), p); renderErr != nil {
		v.err = renderErr
		c.String(status(e.Code), "系统出了点问题，编号 %s\n", v.requestID)
	}
}

// renderAdmin shows a page of the console; forms in it carry the token of the
// staff session.
func (s *Site) renderAdmin(c *gin.Context, status int, p templates.Page) error {
	l := p.Base()
	if id := visitOf(c).staffSession.ID; id != "" {
		l.FormToken, l.Console = s.tokens.make(id), s.console(c)
	} else {
		l.Plain = true
	}
	return s.render(c, status, p)
}

// The dashboard lists the last messages without success of some days.
const (
	lostShown = 10
	lostDays  = 7
)

func (s *Site) dashboard(c *gin.Context) error {
	ctx := c.Request.Context()
	p := &templates.AdminDashboardPage{CanView: visitOf(c).staff.Role.Can(xunjia.ViewDeliveries)}
	p.Title = "概况"
	overview, err := s.Store.Overview(ctx, xunjia.DayStart(s.Clock()))
	if err != nil {
		return err
	}
	p.Stats = []templates.Stat{
		{Label: "用户", Icon: "users", Value: overview.Users, Note: fmt.Sprintf("今天新增 %d", overview.NewUsers)},
		{Label: "今天的采购单", Icon: "package", Value: overview.NewPurchases, Note: fmt.Sprintf("正在询价 %d", overview.OpenPurchases)},
		{Label: "今天的报价", Icon: "receipt", Value: overview.NewQuotes},
	}
	sent := 0
	byState := map[xunjia.DeliveryState]int{}
	for _, b := range overview.DeliveriesToday {
		byState[b.State] += b.Count
		if b.State == xunjia.DeliverySent || b.State == xunjia.DeliveryDelivered {
			sent += b.Count
		}
	}
	p.Stats = append(p.Stats, templates.Stat{Label: "今天发出的通知", Icon: "send", Value: sent})
	p.States = stateCounts(byState)
	stops, err := s.Store.Stops(ctx)
	if err != nil {
		return err
	}
	for _, stop := range stops {
		p.Stops = append(p.Stops, templates.StopRow{Name: stopName(stop.Name), Reason: stop.Reason, Since: stop.Since})
	}
	list, err := s.Store.Deliveries(ctx, store.DeliveryFilter{States: deliveryStates()["lost"], From: s.Clock().AddDate(0, 0, -lostDays)},
		xunjia.Page{Limit: lostShown})
	if err != nil {
		return err
	}
	if p.Lost, err = s.deliveryRows(ctx, list.Items); err != nil {
		return err
	}
	p.More = list.Next != ""
	return s.renderAdmin(c, http.StatusOK, p)
}

// stateCounts names today's deliveries by state, in the order of their life.
func stateCounts(counts map[xunjia.DeliveryState]int) []templates.Count {
	var list []templates.Count
	for _, state := range []xunjia.DeliveryState{
		xunjia.DeliveryPending, xunjia.DeliverySending, xunjia.DeliverySent, xunjia.DeliveryDelivered,
		xunjia.DeliverySkipped, xunjia.DeliveryFailed, xunjia.DeliveryUnknown, xunjia.DeliveryDead,
	} {
		if n := counts[state]; n > 0 {
			list = append(list, templates.Count{Label: stateName(state), Value: n})
		}
	}
	return list
}

// stopName is a channel, or a kind of message on it, in Chinese.
func stopName(name string) string {
	channel, kind, _ := strings.Cut(name, "/")
	if channel == "pause" {
		return xunjia.Channel(kind).Name() + "通知"
	}
	text := xunjia.Channel(channel).Name()
	if kind != "" {
		text += "（" + xunjia.SMSName(kind) + "）"
	}
	return text
}

func stateName(state xunjia.DeliveryState) string {
	switch state {
	case xunjia.DeliveryPending:
		return "等待发送"
	case xunjia.DeliverySending:
		return "正在发送"
	case xunjia.DeliverySent:
		return "已发出"
	case xunjia.DeliveryDelivered:
		return "已送达"
	case xunjia.DeliverySkipped:
		return "不需要发"
	case xunjia.DeliveryDead:
		return "已放弃"
	case xunjia.DeliveryUnknown:
		return "结果不明"
	default:
		return "发送失败"
	}
}

// maskAddress hides phones and openids from whoever looks over a shoulder.
func maskAddress(ch xunjia.Channel, address string) string {
	if ch == xunjia.SMSChannel {
		return xunjia.Phone(address).Masked()
	}
	if len(address) <= 6 {
		return "******"
	}
	return address[:6] + "****"
}
