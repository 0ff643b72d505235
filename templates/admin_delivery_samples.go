package templates

import (
	"net/url"
	"time"

	"github.com/xunjia/xunjia"
)

func sampleDeliveries(now time.Time) []DeliveryRow {
	return []DeliveryRow{
		{ID: 771, Kind: "新采购单", Channel: "微信", Name: "岷山药材商行", To: "o6_bmj****", State: "已放弃", Lost: true, Reason: "微信多次没有响应", Attempt: 12, At: now.Add(-3 * time.Hour)},
		{ID: 770, Kind: "收到报价", Channel: "短信", Name: "康源堂采购部", To: "139****0001", State: "结果不明", Lost: true, Reason: "短信平台没有及时回答，可能已经发出；为免重复，不会自动重发", Attempt: 1, At: now.Add(-3 * time.Hour), Segments: 1, Cost: 45},
		{ID: 769, Kind: "短信验证码", Channel: "短信", To: "138****0002", State: "已送达", Good: true, Attempt: 1, At: now.Add(-4 * time.Hour), SentAt: now.Add(-4 * time.Hour), Segments: 1, Cost: 45},
		{ID: 768, Kind: "新采购单", Channel: "短信", Name: "陇西药农合作社", To: "137****0003", State: "等待发送", Reason: "今天的短信预算已用完，计划 11月24日 09:00 发送", At: now.Add(-4 * time.Hour), Planned: now.Add(20 * time.Hour)},
		{ID: 767, Kind: "新采购单", Channel: "微信", Name: "亳州中药材", To: "o6_bmk****", State: "不需要发", Reason: "收件人不要这类消息的微信通知；这类消息不发短信", At: now.Add(-5 * time.Hour)},
	}
}

func deliverySamples(now time.Time) []Sample {
	rows := sampleDeliveries(now)
	filters := Form{Values: url.Values{"state": {"lost"}, "channel": {"sms"}}}
	sms := &AdminSMSPage{
		Layout: sampleConsole("短信", "/admin/sms"), Spent: 61_245, Budget: 100_000, Rows: rows[1:4], Next: "/admin/sms?after=768",
		Today:     SMSCounts{Sent: 38, Delivered: 1204, Lost: 9, Waiting: 12, Segments: 1361, Cost: 61_245},
		Kinds:     []SMSKind{{"新采购单", SMSCounts{Sent: 30, Delivered: 604, Lost: 6, Cost: 55_710}}, {"短信验证码", SMSCounts{Sent: 8, Delivered: 600, Lost: 3, Cost: 5_535}}},
		ReportURL: "https://b2b.example.com/sms/0000/reports", ReplyURL: "https://b2b.example.com/sms/0000/replies",
	}
	for i := range 30 {
		sms.Days = append(sms.Days, SMSDay{now.AddDate(0, 0, i-29).Format("1/2"), Li(20_000 + 7919*int64(i)%61_245)})
	}
	page := &AdminDeliveryPage{
		Layout: sampleConsole("投递 770", "/admin/deliveries"), DeliveryRow: rows[1], Others: rows[:1], Recipient: 12, MessageID: "900619746936498440^0",
		Event: xunjia.Event{ID: 9, Kind: xunjia.QuoteCreated, Actor: 7, PurchaseID: 3, QuoteID: 5, CreatedAt: now.Add(-3 * time.Hour)},
		Inbox: xunjia.Notification{ID: 4, Title: "收到新的报价：黄连", Text: "岷山药材商行报价 140.50 元/公斤，点开查看。"}, CanResend: true, Twice: true,
		Content: xunjia.DeliveryContent{Title: "收到报价", Text: "【询价通】您求购的黄连收到新的报价：140.50元/公斤，打开公众号“询价通”查看。"},
	}
	wechat := &AdminDeliveryPage{
		Layout: sampleConsole("投递 771", "/admin/deliveries"), DeliveryRow: rows[0], Recipient: 8, Complaint: "这条投递已经发出、正在发送或内容已清除，不能重发",
		Content: xunjia.DeliveryContent{Title: xunjia.TemplateNewPurchase, Path: "/purchases/3", Fields: []xunjia.NoticeField{
			{Label: "采购品种", Value: "黄连 统货"}, {Label: "采购数量", Value: "500公斤"}, {Label: "截止时间", Value: "2026年11月26日 18:00"}}},
	}
	return []Sample{
		{"admin/deliveries", &AdminDeliveriesPage{Layout: sampleConsole("投递记录", "/admin/deliveries"), Form: filters, Rows: rows, Next: "/admin/deliveries?after=767", Export: "/admin/deliveries/export", CanResend: true}},
		{"admin/deliveries empty", &AdminDeliveriesPage{Layout: sampleConsole("投递记录", "/admin/deliveries"), Form: filters, Export: "/admin/deliveries/export"}},
		{"admin/delivery", page},
		{"admin/delivery wechat", wechat},
		{"admin/dead_events", &AdminDeadEventsPage{Layout: sampleConsole("放弃的事件", "/admin/deliveries"), CanRetry: true, Rows: []DeadEventRow{
			{xunjia.Event{ID: 44, Kind: xunjia.QuoteCreated, PurchaseID: 3, CreatedAt: now.Add(-time.Hour)}, 0, "store: SELECT id FROM users: 连接中断"}}}},
		{"admin/dead_events empty", &AdminDeadEventsPage{Layout: sampleConsole("放弃的事件", "/admin/deliveries")}},
		{"admin/sms", sms},
		{"admin/sms empty", &AdminSMSPage{Layout: sampleConsole("短信", "/admin/sms"), Budget: 100_000, Days: sms.Days[:1]}},
		{"admin/channels", &AdminChannelsPage{Layout: sampleConsole("发送通道", "/admin/channels"), CanManage: true,
			Form: Form{Values: url.Values{"channel": {"sms"}}, Errors: map[string]string{"reason": "请写暂停的原因，同事会看到"}},
			Channels: []ChannelState{
				{Channel: "wechat", Name: "微信", Paused: &StopRow{Reason: "王小川：模板审核没有通过，改好再发", Since: now.Add(-time.Hour)}, Waiting: []Count{{"与本人有关", 3}, {"群发", 1204}}},
				{Channel: "sms", Name: "短信", Stops: []StopRow{{Name: "sms/purchase", Kind: "新的采购需求", Reason: "短信模板不存在或没有通过审核", Since: now.Add(-time.Hour), ProbeAt: now.Add(time.Minute)}}, Waiting: []Count{{"验证码", 0}, {"与本人有关", 3}, {"群发", 12}}},
			}}},
	}
}
