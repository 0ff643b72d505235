package handlers

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/gin-gonic/gin"

	"github.com/xunjia/xunjia"
	"github.com/xunjia/xunjia/sheet"
	"github.com/xunjia/xunjia/store"
	"github.com/xunjia/xunjia/templates"
)

// deliveryStates are the groups of states to choose from.
func deliveryStates() map[string][]xunjia.DeliveryState {
	return map[string][]xunjia.DeliveryState{
		"lost":      {xunjia.DeliveryFailed, xunjia.DeliveryUnknown, xunjia.DeliveryDead},
		"waiting":   {xunjia.DeliveryPending, xunjia.DeliverySending},
		"sent":      {xunjia.DeliverySent},
		"delivered": {xunjia.DeliveryDelivered},
		"skipped":   {xunjia.DeliverySkipped},
		"dead":      {xunjia.DeliveryDead},
	}
}

// deliveries lists every message to anybody, for staff.
func (s *Site) deliveries(c *gin.Context) error {
	ctx := c.Request.Context()
	p := &templates.AdminDeliveriesPage{
		Form: templates.Form{Values: c.Request.URL.Query()}, CanResend: visitOf(c).staff.Role.Can(xunjia.ResendDeliveries),
	}
	p.Title = "投递记录"
	filter, known, err := s.deliveryFilter(ctx, p.Form.Values)
	if err != nil {
		return err
	}
	export := c.Request.URL.Query()
	export.Del("after")
	p.Export = "/admin/deliveries/export?" + export.Encode()
	if !known {
		return s.renderAdmin(c, http.StatusOK, p)
	}
	list, err := s.Store.Deliveries(ctx, filter, xunjia.Page{After: c.Query("after")})
	if err != nil {
		return err
	}
	p.Next = nextPage(c, list.Next)
	if p.Rows, err = s.deliveryRows(ctx, list.Items); err != nil {
		return err
	}
	return s.renderAdmin(c, http.StatusOK, p)
}

// deliveryFilter reads the form above the list. known is false when it names
// somebody, or a purchase, that does not exist.
func (s *Site) deliveryFilter(ctx context.Context, q url.Values) (f store.DeliveryFilter, known bool, err error) {
	days, err := auditFilter(url.Values{"from": q["from"], "until": q["until"]})
	if err != nil {
		return f, false, err
	}
	f.From, f.Until = days.From, days.Until
	f.States = deliveryStates()[q.Get("state")]
	for _, ch := range []xunjia.Channel{xunjia.WeChatChannel, xunjia.SubscriptionChannel, xunjia.SMSChannel} {
		if q.Get("channel") == string(ch) {
			f.Channel = ch
		}
	}
	if spec := xunjia.EventKind(q.Get("kind")).Spec(); spec.Kind != "" {
		f.Kind = spec.Kind
	}
	if number := strings.TrimSpace(q.Get("purchase")); number != "" {
		list, err := s.Store.PurchasesForStaff(ctx, store.PurchaseFilter{Number: number}, xunjia.Page{Limit: 1})
		if err != nil || len(list.Items) == 0 {
			return f, false, err
		}
		f.Purchase = list.Items[0].ID
	}
	who := strings.TrimSpace(q.Get("who"))
	if who == "" {
		return f, true, nil
	}
	if phone, err := xunjia.ParsePhone(who); err == nil {
		u, err := s.Store.UserOfPhone(ctx, phone)
		if xunjia.ErrorCode(err) == xunjia.NotFound { // codes go to strangers as well
			f.Phone = phone
			return f, true, nil
		}
		f.Recipient = u.ID
		return f, err == nil, err
	}
	f.Recipient, err = strconv.ParseInt(who, 10, 64)
	return f, err == nil && f.Recipient > 0, nil
}

// deliveryRows shows deliveries with the names of the people, and no more of
// their addresses than staff need.
func (s *Site) deliveryRows(ctx context.Context, list []xunjia.Delivery) ([]templates.DeliveryRow, error) {
	ids := make([]int64, 0, len(list))
	for _, d := range list {
		if d.Recipient != 0 {
			ids = append(ids, d.Recipient)
		}
	}
	people, err := s.Store.Users(ctx, ids)
	if err != nil {
		return nil, err
	}
	rows := make([]templates.DeliveryRow, 0, len(list))
	for _, d := range list {
		rows = append(rows, deliveryRow(d, people[d.Recipient].Name))
	}
	return rows, nil
}

func deliveryRow(d xunjia.Delivery, name string) templates.DeliveryRow {
	row := templates.DeliveryRow{
		ID: d.ID, Kind: d.Kind.Spec().Name, Channel: d.Channel.Name(), Name: name, To: maskAddress(d.Channel, d.Address),
		State: stateName(d.State), Reason: d.Reason, Attempt: d.Attempt, At: d.CreatedAt, SentAt: d.SentAt,
		Segments: d.Segments, Cost: templates.Li(d.Cost),
	}
	row.Lost = lost(d.State)
	row.Good = d.State == xunjia.DeliverySent || d.State == xunjia.DeliveryDelivered
	if d.State == xunjia.DeliveryPending {
		row.Planned = d.NextAt
	}
	return row
}

// lost tells that a message came to nothing.
func lost(state xunjia.DeliveryState) bool {
	return state == xunjia.DeliveryFailed || state == xunjia.DeliveryUnknown || state == xunjia.DeliveryDead
}

// deliveryPath is the console's page of one delivery.
func deliveryPath(id int64) string { return "/admin/deliveries/" + strconv.FormatInt(id, 10) }

func (s *Site) delivery(c *gin.Context) error {
	return s.renderDelivery(c, http.StatusOK, "")
}

func (s *Site) renderDelivery(c *gin.Context, status int, complaint string) error {
	ctx := c.Request.Context()
	id, err := idParam(c)
	if err != nil {
		return err
	}
	v, err := s.Store.Delivery(ctx, id)
	if err != nil {
		return err
	}
	rows, err := s.deliveryRows(ctx, append([]xunjia.Delivery{v.Delivery}, v.Others...))
	if err != nil {
		return err
	}
	p := &templates.AdminDeliveryPage{
		DeliveryRow: rows[0], Others: rows[1:], Event: v.Event, Recipient: v.Recipient, Inbox: v.Notice, MessageID: v.MessageID,
		FirstTryAt: v.FirstTryAt, ExpiresAt: v.ExpiresAt, Content: s.Outbox.Content(v.Delivery), Complaint: complaint,
	}
	p.Title = "投递 " + strconv.FormatInt(id, 10)
	again := lost(v.State) || v.State == xunjia.DeliverySkipped
	p.CanResend = again && v.Payload != "" && visitOf(c).staff.Role.Can(xunjia.ResendDeliveries)
	p.Twice = v.State == xunjia.DeliveryUnknown
	return s.renderAdmin(c, status, p)
}

func (s *Site) resendDelivery(c *gin.Context) error {
	id, err := idParam(c)
	if err != nil {
		return err
	}
	err = s.Outbox.Resend(c.Request.Context(), visitOf(c).staff.ID, id)
	if xunjia.ErrorCode(err) == xunjia.Conflict {
		return s.renderDelivery(c, http.StatusConflict, known(err).Message)
	}
	if err != nil {
		return err
	}
	s.badges.forget()
	s.flash(c, "已重新排队发送")
	s.redirect(c, deliveryPath(id))
	return nil
}

// mostResent is how many deliveries are sent again at once.
const mostResent = 100

// resendDeliveries queues the chosen deliveries again, each on its own: what
// cannot be sent again does not keep the others back.
func (s *Site) resendDeliveries(c *gin.Context) error {
	chosen := c.PostFormArray("ids")
	if len(chosen) == 0 || len(chosen) > mostResent {
		return xunjia.Errorf(xunjia.Invalid, "请选择 1 到 %d 条要重发的投递", mostResent)
	}
	queued, refused := 0, 0
	why := ""
	for _, text := range chosen {
		id, err := strconv.ParseInt(text, 10, 64)
		if err != nil {
			return xunjia.Errorf(xunjia.Invalid, "选择的投递不对，请刷新后再试")
		}
		err = s.Outbox.Resend(c.Request.Context(), visitOf(c).staff.ID, id)
		switch xunjia.ErrorCode(err) {
		case xunjia.Conflict, xunjia.NotFound:
			refused++
			why = known(err).Message
		default:
			if err != nil {
				return err
			}
			queued++
		}
	}
	s.badges.forget()
	text := fmt.Sprintf("%d 条已重新排队发送", queued)
	if refused > 0 {
		text += fmt.Sprintf("，%d 条不能重发：%s", refused, why)
	}
	s.flash(c, text)
	s.redirect(c, s.safeConsole(c.PostForm("return")))
	return nil
}

// exportDeliveries sends the filtered list as an Excel workbook.
func (s *Site) exportDeliveries(c *gin.Context) error {
	ctx := c.Request.Context()
	filter, known, err := s.deliveryFilter(ctx, c.Request.URL.Query())
	if err != nil {
		return err
	}
	w, err := sheet.New("投递记录", []sheet.Column{
		{Title: "编号", Width: 10}, {Title: "时间", Width: 20}, {Title: "事件", Width: 18}, {Title: "渠道", Width: 8}, {Title: "收件人", Width: 20},
		{Title: "地址", Width: 16}, {Title: "状态", Width: 10}, {Title: "原因", Width: 40}, {Title: "次数", Width: 6}, {Title: "计费条数", Width: 10},
		{Title: "费用（元）", Width: 12},
	})
	if err != nil {
		return err
	}
	for n, after := 0, ""; known && n < exportRows; {
		list, err := s.Store.Deliveries(ctx, filter, xunjia.Page{After: after, Limit: exportPage})
		if err != nil {
			return err
		}
		rows, err := s.deliveryRows(ctx, list.Items)
		if err != nil {
			return err
		}
		for _, r := range rows {
			if err := w.Row(r.ID, r.At, r.Kind, r.Channel, r.Name, r.To, r.State, r.Reason, r.Attempt, r.Segments, float64(r.Cost)/1000); err != nil {
				return err
			}
		}
		n += len(rows)
		if after = list.Next; after == "" {
			break
		}
	}
	data, err := w.Bytes()
	if err != nil {
		return err
	}
	return s.workbook(c, "deliveries", data)
}

// deadEvents lists the events that not everybody could be told of.
func (s *Site) deadEvents(c *gin.Context) error {
	p := &templates.AdminDeadEventsPage{CanRetry: visitOf(c).staff.Role.Can(xunjia.ResendDeliveries)}
	p.Title = "放弃的事件"
	list, err := s.Store.DeadEvents(c.Request.Context(), xunjia.Page{After: c.Query("after")})
	if err != nil {
		return err
	}
	p.Next = nextPage(c, list.Next)
	for _, e := range list.Items {
		p.Rows = append(p.Rows, templates.DeadEventRow{Event: e.Event, ToldTo: e.ToldTo, Reason: e.Reason})
	}
	return s.renderAdmin(c, http.StatusOK, p)
}

func (s *Site) retryEvent(c *gin.Context) error {
	id, err := idParam(c)
	if err != nil {
		return err
	}
	if err := s.Store.RetryEvent(c.Request.Context(), visitOf(c).staff.ID, id); err != nil {
		return err
	}
	s.Outbox.Wake()
	s.flash(c, "已经继续通知")
	s.redirect(c, "/admin/deliveries/events")
	return nil
}
