package handlers

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/xunjia/xunjia"
	"github.com/xunjia/xunjia/sheet"
)

// queue writes a delivery as the outbox would.
func (m *market) queue(id, event, recipient int64, kind xunjia.EventKind, channel xunjia.Channel, state xunjia.DeliveryState, address, reason string) {
	m.t.Helper()
	now := time.Now().UnixMilli()
	active, cost, sent := 0, 0, now
	if state == xunjia.DeliveryPending {
		active = 1
	}
	if channel == xunjia.SMSChannel && state != xunjia.DeliveryPending {
		cost = 90
	}
	if state != xunjia.DeliverySent && state != xunjia.DeliveryDelivered {
		sent = 0
	}
	m.exec("INSERT INTO delivery (id, event_id, kind, recipient, channel, lane, state, active, address, payload, attempt, first_try_at, next_at, expires_at, owner, message_id, reason, created_at, sent_at, segments, cost) "+
		"VALUES (?, ?, ?, ?, ?, 1, ?, ?, ?, '内容', 1, 0, ?, 0, '', '', ?, ?, ?, 2, ?)", id, event, string(kind), recipient, string(channel), string(state), active, address, now+3_600_000, reason, now, sent, cost)
}

func TestAdminDeliveries(t *testing.T) {
	m := newMarket(t, nil)
	p := m.publish()
	buyer, supplier := m.id[m.buyer], m.id[m.supplier]
	event := int64(m.count(fmt.Sprintf("SELECT MIN(id) FROM event WHERE purchase_id = %d", p.ID)))
	phone := func(id int64) string {
		u, err := m.store.User(t.Context(), id)
		if err != nil {
			t.Fatal(err)
		}
		return string(u.Phone)
	}
	m.queue(801, event, supplier, xunjia.PurchasePublished, xunjia.WeChatChannel, xunjia.DeliveryFailed, "oFAN1234567890", "对方取消了关注")
	m.queue(802, event, supplier, xunjia.PurchasePublished, xunjia.SMSChannel, xunjia.DeliveryUnknown, phone(supplier), "超时，结果不明")
	m.queue(803, 9999, buyer, xunjia.QuoteCreated, xunjia.SMSChannel, xunjia.DeliveryDelivered, phone(buyer), "")
	m.queue(804, 9998, 0, xunjia.CodeRequested, xunjia.SMSChannel, xunjia.DeliverySent, "13712345678", "")
	m.queue(805, 9999, buyer, xunjia.QuoteCreated, xunjia.WeChatChannel, xunjia.DeliveryPending, "oBUYER12345678", "")
	boss, helper, service := m.at(m.hire("boss", xunjia.OwnerRole, goodPassword)), m.at(m.hire("yunying", xunjia.OperatorRole, goodPassword)), m.at(m.hire("kefu", xunjia.ServiceRole, goodPassword))

	row := func(id int64) string { return fmt.Sprintf(`href="/admin/deliveries/%d"`, id) }
	a := helper.get("/admin/deliveries")
	contains(t, a, row(801), row(802), row(803), row(804), row(805))
	shows(t, a, "对方取消了关注", "137****5678", "0.09 元")
	for _, whole := range []string{phone(buyer), phone(supplier), "13712345678", "oFAN1234567890"} {
		if strings.Contains(a.body, whole) {
			t.Errorf("the list shows the whole address %s", whole)
		}
	}
	for _, c := range []struct {
		query string
		want  []int64
	}{
		{"state=lost", []int64{801, 802}},
		{"state=waiting", []int64{805}},
		{"channel=sms", []int64{802, 803, 804}},
		{"kind=quote.created&channel=sms", []int64{803}},
		{"who=" + phone(supplier), []int64{801, 802}},
		{fmt.Sprintf("who=%d", buyer), []int64{803, 805}},
		{"who=13712345678", []int64{804}},
		{"who=13999999999", nil},
		{"who=somebody", nil},
		{"purchase=" + p.Number, []int64{801, 802}},
		{"purchase=404", nil},
		{"from=2999-01-01", nil},
		{"until=2020-01-01", nil},
	} {
		a := helper.get("/admin/deliveries?" + c.query)
		wantStatus(t, a, http.StatusOK)
		for id := int64(801); id <= 805; id++ {
			want := false
			for _, w := range c.want {
				want = want || w == id
			}
			if got := strings.Contains(a.body, row(id)); got != want {
				t.Errorf("?%s shows %d: %v, want %v", c.query, id, got, want)
			}
		}
		if len(c.want) == 0 {
			shows(t, a, "没有符合条件的投递")
		}
	}
	wantStatus(t, helper.get("/admin/deliveries?from=yesterday"), http.StatusUnprocessableEntity)
	wantStatus(t, helper.get("/admin/deliveries?after=nonsense"), http.StatusUnprocessableEntity)
	wantStatus(t, service.get("/admin/deliveries"), http.StatusForbidden)

	a = helper.get("/admin/deliveries/802")
	shows(t, a, "超时，结果不明", "结果不明：对方可能已经收到", "内容", "微信", "0.09 元，计 2 条")
	contains(t, a, row(801), fmt.Sprintf(`href="/admin/purchases/%d"`, p.ID))
	hides(t, a, phone(supplier))
	a = helper.get("/admin/deliveries/999999")
	wantStatus(t, a, http.StatusNotFound)
	contains(t, a, "没有找到这条投递", "/admin/deliveries") // inside the console
	wantStatus(t, helper.get("/admin/deliveries/803"), http.StatusOK)
	hides(t, helper.get("/admin/deliveries/803"), "重新发送")

	m.outbox.failed = []int64{801, 802}
	helper.get("/admin/deliveries")
	redirects(t, helper.post("/admin/deliveries/802/resend"), "/admin/deliveries/802")
	shows(t, helper.get("/admin/deliveries/802"), "已重新排队发送")
	a = helper.post("/admin/deliveries/802/resend")
	wantStatus(t, a, http.StatusConflict)
	shows(t, a, "这条消息没有失败，不用重发", "超时，结果不明")
	helper.get("/admin/deliveries")
	redirects(t, helper.post("/admin/deliveries/resend", "ids", "801", "+ids", "803", "return", "/admin/deliveries?state=lost"), "/admin/deliveries?state=lost")
	shows(t, helper.get("/admin/deliveries?state=lost"), "1 条已重新排队发送，1 条不能重发：这条消息没有失败，不用重发")
	wantStatus(t, helper.post("/admin/deliveries/resend"), http.StatusUnprocessableEntity)
	wantStatus(t, helper.post("/admin/deliveries/resend", "ids", "x"), http.StatusUnprocessableEntity)
	wantStatus(t, service.post("/admin/deliveries/802/resend"), http.StatusForbidden)

	book := helper.get("/admin/deliveries/export?channel=sms")
	wantStatus(t, book, http.StatusOK)
	if rows, err := sheet.Read([]byte(book.body)); err != nil || len(rows) != 4 || rows[1][5] != "137****5678" {
		t.Errorf("exported %v, %v", rows, err)
	}
	wantStatus(t, boss.get("/admin"), http.StatusOK)
}

// Before the opening staff learn of nobody that he has quoted.
func TestAdminDeliveriesOfSealedQuotes(t *testing.T) {
	m := newMarket(t, nil)
	p := m.publish()
	m.exec("UPDATE purchase SET mode = ? WHERE id = ?", int(xunjia.SealedMode), p.ID)
	now := time.Now().UnixMilli()
	for i, kind := range []xunjia.EventKind{xunjia.PurchasePublished, xunjia.PurchaseEdited, xunjia.QuoteCreated} {
		m.exec("INSERT INTO event (id, kind, actor, purchase_id, line_id, quote_id, created_at, lane, active, next_at, owner, attempt, told_to, reason) "+
			"VALUES (?, ?, 4242, ?, 0, 5151, ?, 1, 0, 0, '', 0, 0, '')", 7001+i, string(kind), p.ID, now)
	}
	m.queue(901, 7001, m.id[m.supplier], xunjia.PurchasePublished, xunjia.WeChatChannel, xunjia.DeliveryFailed, "oFAN1234567890", "")
	m.queue(902, 7002, m.id[m.supplier], xunjia.PurchaseEdited, xunjia.WeChatChannel, xunjia.DeliveryFailed, "oFAN1234567890", "")
	m.queue(903, 7003, m.id[m.buyer], xunjia.QuoteCreated, xunjia.WeChatChannel, xunjia.DeliveryFailed, "oBUYER12345678", "")
	helper := m.at(m.hire("yunying", xunjia.OperatorRole, goodPassword))
	row := func(id int64) string { return fmt.Sprintf(`href="/admin/deliveries/%d"`, id) }
	for _, path := range []string{"/admin/deliveries", "/admin/deliveries?purchase=" + p.Number, "/admin"} {
		a := helper.get(path)
		contains(t, a, row(901), row(903))
		hides(t, a, row(902))
	}
	a := helper.get("/admin/deliveries/902")
	wantStatus(t, a, http.StatusNotFound)
	shows(t, a, "开标以后才能查看")
	hides(t, helper.get("/admin/deliveries/903"), "4242", "5151")
	m.exec("UPDATE purchase SET deadline = ? WHERE id = ?", now-1000, p.ID)
	contains(t, helper.get("/admin/deliveries"), row(902))
	wantStatus(t, helper.get("/admin/deliveries/902"), http.StatusOK)
	shows(t, helper.get("/admin/deliveries/903"), "4242", "5151")
}

func TestAdminDeadEvents(t *testing.T) {
	m := newMarket(t, nil)
	p := m.publish()
	event := m.count(fmt.Sprintf("SELECT MIN(id) FROM event WHERE purchase_id = %d", p.ID))
	helper := m.at(m.hire("yunying", xunjia.OperatorRole, goodPassword))
	shows(t, helper.get("/admin/deliveries/events"), "没有被放弃的事件")
	m.exec("UPDATE event SET active = 0, dead = 1, attempt = 12, told_to = 7, reason = '读取收件人失败' WHERE id = ?", event)
	retry := fmt.Sprintf("/admin/deliveries/events/%d/retry", event)
	a := helper.get("/admin/deliveries/events")
	shows(t, a, "读取收件人失败")
	contains(t, a, retry)
	redirects(t, helper.post(retry), "/admin/deliveries/events")
	if n := m.count(fmt.Sprintf("SELECT COUNT(*) FROM event WHERE id = %d AND active = 1 AND dead = 0 AND attempt = 0 AND told_to = 7", event)); n != 1 {
		t.Error("the event does not go on from where it stopped")
	}
	shows(t, helper.get("/admin/deliveries/events"), "没有被放弃的事件", "已经继续通知")
	wantStatus(t, helper.post(retry), http.StatusConflict)
	wantStatus(t, helper.post("/admin/deliveries/events/999999/retry"), http.StatusNotFound)
}

func TestAdminChannels(t *testing.T) {
	m := newMarket(t, nil)
	m.queue(805, 9999, m.id[m.buyer], xunjia.QuoteCreated, xunjia.WeChatChannel, xunjia.DeliveryPending, "oBUYER12345678", "")
	boss, helper := m.at(m.hire("boss", xunjia.OwnerRole, goodPassword)), m.at(m.hire("yunying", xunjia.OperatorRole, goodPassword))
	a := helper.get("/admin/channels")
	shows(t, a, "微信", "短信", "与本人有关", "群发")
	hides(t, a, "暂停发送")
	wantStatus(t, helper.post("/admin/channels/sms/pause", "reason", "试试"), http.StatusForbidden)

	boss.get("/admin/channels")
	a = boss.post("/admin/channels/sms/pause", "reason", " ")
	wantStatus(t, a, http.StatusUnprocessableEntity)
	shows(t, a, "请写暂停的原因")
	a = boss.post("/admin/channels/sms/pause", "reason", strings.Repeat("长", MaxPauseReason+1))
	wantStatus(t, a, http.StatusUnprocessableEntity)
	shows(t, a, "原因最多 100 个字")
	wantStatus(t, boss.post("/admin/channels/pigeon/pause", "reason", "x"), http.StatusNotFound)
	wantStatus(t, boss.post("/admin/channels/sms/resume"), http.StatusConflict)
	redirects(t, boss.post("/admin/channels/sms/pause", "reason", "换签名"), "/admin/channels")
	shows(t, helper.get("/admin/channels"), "boss：换签名")
	wantStatus(t, boss.post("/admin/channels/sms/pause", "reason", "又一次"), http.StatusConflict)
	boss.get("/admin/channels")
	redirects(t, boss.post("/admin/channels/sms/resume"), "/admin/channels")
	hides(t, helper.get("/admin/channels"), "换签名")
	shows(t, boss.get("/admin/audit"), "换签名")
}

func TestAdminSMS(t *testing.T) {
	m := newMarket(t, func(o *Options) { o.SMSBudget = 500_000 })
	m.queue(803, 9999, m.id[m.buyer], xunjia.QuoteCreated, xunjia.SMSChannel, xunjia.DeliveryDelivered, "19900000001", "")
	m.queue(804, 9998, 0, xunjia.CodeRequested, xunjia.SMSChannel, xunjia.DeliverySent, "13712345678", "")
	m.queue(805, 9999, m.id[m.supplier], xunjia.QuoteCreated, xunjia.SMSChannel, xunjia.DeliveryFailed, "19900000007", "空号")
	m.queue(806, 9999, m.id[m.second], xunjia.QuoteCreated, xunjia.SMSChannel, xunjia.DeliveryPending, "19900000010", "")
	m.exec("INSERT INTO counter (name, day, used) VALUES (?, ?, 180)", xunjia.SMSCostCounter, xunjia.Day(time.Now()))
	boss, helper := m.at(m.hire("boss", xunjia.OwnerRole, goodPassword)), m.at(m.hire("yunying", xunjia.OperatorRole, goodPassword))
	a := boss.get("/admin/sms")
	shows(t, a, "0.18", "500", "收到报价", "短信验证码", "137****5678", "已送达 1", "已发出 1", "没有成功 1", "等待 1")
	contains(t, a, "/sms/secret-part/reports", "/sms/secret-part/replies")
	hides(t, a, "13712345678")
	hides(t, helper.get("/admin/sms"), "secret-part")
	wantStatus(t, boss.get("/admin/sms?after=x"), http.StatusUnprocessableEntity)
}
