package handlers

import (
	"net/http"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/xunjia/xunjia"
	"github.com/xunjia/xunjia/templates"
)

// staffCookie is apart from the users' cookie: one browser may be both.
const staffCookie = "staff"

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
	p := &templates.AdminMessagePage{Heading: e.Message, Text: "在服务器上运行 xunjia admin link，可以得到一个新的一次性链接。"}
	if e.Code != xunjia.Unauthorized {
		p.Text = "请返回重试。"
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

func (s *Site) showAdminEnter(c *gin.Context) error {
	if err := s.needSession(c); err != nil {
		return err
	}
	p := &templates.AdminEnterPage{Token: c.Query("token")}
	p.Title, p.Plain = "进入管理后台", true
	// The address holds the token: nobody we link to may see it.
	c.Header("Referrer-Policy", "same-origin")
	return s.render(c, http.StatusOK, p)
}

func (s *Site) adminEnter(c *gin.Context) error {
	ctx := c.Request.Context()
	staffID, err := s.Store.UseAdminLink(ctx, c.PostForm("token"))
	if err != nil {
		switch xunjia.ErrorCode(err) {
		case xunjia.NotFound, xunjia.Unauthorized, xunjia.Invalid, xunjia.Conflict:
			err = &xunjia.Error{Code: xunjia.Unauthorized, Message: "这个链接已经用过或已失效", Err: err}
		}
		s.renderAdminError(c, err)
		return nil
	}
	token, _, err := s.Store.StartSession(ctx, xunjia.Session{Kind: xunjia.StaffSession, StaffID: staffID})
	if err != nil {
		return err
	}
	s.setCookie(c, staffCookie, token, xunjia.StaffSession.Absolute())
	s.redirect(c, "/admin")
	return nil
}

func (s *Site) leaveAdmin(c *gin.Context) error {
	if token := s.cookie(c, staffCookie); token != "" {
		if err := s.Store.EndSession(c.Request.Context(), token); err != nil {
			return err
		}
	}
	s.setCookie(c, staffCookie, "", -time.Second)
	s.redirect(c, "/")
	return nil
}

// deadShown is how many deliveries without success the dashboard lists.
const deadShown = 20

func (s *Site) dashboard(c *gin.Context) error {
	ctx := c.Request.Context()
	p := &templates.AdminDashboardPage{}
	p.Title = "概况"
	backlog, err := s.Store.Backlog(ctx)
	if err != nil {
		return err
	}
	counts := map[xunjia.DeliveryState]int{}
	for _, b := range backlog {
		counts[b.State] += b.Count
	}
	p.Stats = []templates.Stat{
		{Label: "等待发送", Icon: "clock", Value: counts[xunjia.DeliveryPending]},
		{Label: "正在发送", Icon: "send", Value: counts[xunjia.DeliverySending]},
		{Label: "多次未成，已放弃", Icon: "alert-circle", Value: counts[xunjia.DeliveryDead]},
	}
	stops, err := s.Store.Stops(ctx)
	if err != nil {
		return err
	}
	for _, stop := range stops {
		p.Stops = append(p.Stops, templates.StopRow{Name: stop.Name, Reason: stop.Reason, Since: stop.Since})
	}
	lost, err := s.Store.Deliveries(ctx, []xunjia.DeliveryState{xunjia.DeliveryDead, xunjia.DeliveryFailed, xunjia.DeliveryUnknown}, xunjia.Page{Limit: deadShown})
	if err != nil {
		return err
	}
	for _, d := range lost.Items {
		p.Dead = append(p.Dead, templates.DeadRow{
			ID: d.ID, State: stateName(d.State), Kind: eventName(d.Kind), Channel: channelName(d.Channel), To: maskAddress(d.Channel, d.Address),
			Reason: d.Reason, Attempt: d.Attempt, At: d.CreatedAt,
		})
	}
	return s.renderAdmin(c, http.StatusOK, p)
}

func (s *Site) resendDelivery(c *gin.Context) error {
	id, err := idParam(c)
	if err != nil {
		return err
	}
	if err := s.Outbox.Resend(c.Request.Context(), id); err != nil {
		return err
	}
	s.flash(c, "已重新排队发送")
	s.redirect(c, "/admin")
	return nil
}

func channelName(ch xunjia.Channel) string {
	switch ch {
	case xunjia.WeChatChannel:
		return "微信"
	case xunjia.SMSChannel:
		return "短信"
	default:
		return "站内"
	}
}

func stateName(state xunjia.DeliveryState) string {
	switch state {
	case xunjia.DeliveryDead:
		return "已放弃"
	case xunjia.DeliveryUnknown:
		return "结果不明"
	default:
		return "发送失败"
	}
}

func eventName(kind xunjia.EventKind) string {
	switch kind {
	case xunjia.PurchasePublished:
		return "新采购单"
	case xunjia.PurchaseEnded:
		return "报价结束"
	case xunjia.PurchaseClosed:
		return "采购单关闭"
	case xunjia.QuoteCreated:
		return "收到报价"
	case xunjia.QuoteRevised:
		return "修改报价"
	case xunjia.QuoteWithdrawn:
		return "撤回报价"
	case xunjia.QuoteAccepted:
		return "接受报价"
	case xunjia.QuoteRefused:
		return "拒绝报价"
	case xunjia.CodeRequested:
		return "验证码"
	default:
		return string(kind)
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
