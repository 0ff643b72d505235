package templates

import (
	"net/url"
	"strconv"
	"time"

	"github.com/xunjia/xunjia"
)

// pushSamples are the console's pages of pushes.
func pushSamples(now time.Time) []Sample {
	p := samplePurchase(now)
	_, coop, zhao := sampleUsers()
	first := xunjia.PushRound{ID: 1, PurchaseID: 1, Number: 1, State: xunjia.RoundFollowed, Wanted: 200, Reason: "采购单发布", CreatedAt: now.Add(-90 * time.Minute), CountedAt: now.Add(-time.Minute),
		Counts: xunjia.PushCounts{Matched: 412, Capped: 3, Sent: 398, Delivered: 371, Clicked: 38, Quoted: 1, Declined: 2}}
	second := xunjia.PushRound{ID: 2, PurchaseID: 1, Number: 2, State: xunjia.RoundWaiting, Wanted: 400, Reason: "第 1 轮点开率 9%，报价 1 条，不够", CreatedAt: now.Add(-50 * time.Minute),
		NextAt: now.Add(10 * time.Minute), CountedAt: now.Add(-time.Minute), Counts: xunjia.PushCounts{Matched: 800, Sent: 777, Delivered: 702, Clicked: 163, Quoted: 3, Accepted: 1}}
	rounds := []PushRoundRow{{first, p}, {second, p}}
	why := "关注该品种 +150，同省 +120，已认证 +100，两小时内报价 +120，今天活跃 +100，三天没有推送 +40"
	people := []PushedRow{
		{coop, 630, why, []PushedLine{{xunjia.Push{QuotedAt: now, ClickedAt: now}, "黄连"}, {xunjia.Push{ClickedAt: now}, "当归"}}},
		{zhao, 412, "关注该品种 +150，同区县 +250，还没有推送过 +100，近 9 次推送没有点开，减为 80%，新供应商", []PushedLine{{xunjia.Push{}, "黄连"}}},
	}
	total := first.Counts.Plus(second.Counts).Funnel()
	week, month := samplePushDays(now, 7), samplePushDays(now, 30)
	purchase := AdminPushPurchasePage{Layout: sampleConsole("推送 "+p.Number, "/admin/push"), Purchase: p, Now: xunjia.WaitingForQuote, Funnel: total, Rounds: rounds, Shown: second,
		People: people, Next: "/admin/push/1?after=more", CanPush: true, CanNext: true, CanStop: true, NextSize: 800}
	wrong := purchase
	wrong.Form = Form{Values: url.Values{"size": {"0"}}, Message: "有内容需要修改，请看标红的地方", Errors: map[string]string{"size": "请填写 1 到 20000 的人数"}}
	settings := Form{Values: url.Values{"sms_thousand": {"45.00"}}}
	defaults := xunjia.DefaultPushSettings()
	for _, f := range defaults.Fields() {
		settings.Values.Set(f.Field, strconv.Itoa(f.Value()))
	}
	bad := Form{Values: url.Values{"day_cap": {"0"}}, Message: "有内容需要修改，请看标红的地方", Errors: map[string]string{"day_cap": "应在 1 到 1000000 之间"}}
	return []Sample{
		{"admin/push", &AdminPushPage{Layout: sampleConsole("推送", "/admin/push"), Days: 7, Rounds: 61, Funnel: total, PerDay: week, Rows: rounds, Next: "/admin/push?after=more", CanManage: true}},
		{"admin/push month", &AdminPushPage{Layout: sampleConsole("推送", "/admin/push"), Days: 30, Rounds: 240, Funnel: total, PerDay: month, Rows: rounds}},
		{"admin/push empty", &AdminPushPage{Layout: sampleConsole("推送", "/admin/push"), Days: 7, Funnel: xunjia.PushCounts{}.Funnel(), PerDay: make([]PushDay, 7)}},
		{"admin/push_purchase", &purchase},
		{"admin/push_purchase wrong", &wrong},
		{"admin/push_purchase empty", &AdminPushPurchasePage{Layout: sampleConsole("推送 "+p.Number, "/admin/push"), Purchase: p, Now: xunjia.QuotingEnded}},
		{"admin/push_preview", &AdminPushPreviewPage{Layout: sampleConsole("预演推送", "/admin/push"), Purchase: p, Round: 3, Size: 800, Candidates: 2140, Reached: 800, Newcomers: 160,
			Channels: []Stat{{"微信模板消息", "brand-wechat", 612, ""}, {"短信", "device-mobile", 171, ""}, {"只进收件箱", "inbox", 17, ""}}, Cost: 7_70, Top: people}},
		{"admin/push_preview refused", &AdminPushPreviewPage{Layout: sampleConsole("预演推送", "/admin/push"), Purchase: p, Refusal: "这个采购单现在不推送：只有公开或密封、正在等待报价的采购单才会推送"}},
		{"admin/push_settings", &AdminPushSettingsPage{Layout: sampleConsole("推送设置", "/admin/push"), Fields: defaults.Fields(), Form: settings}},
		{"admin/push_settings wrong", &AdminPushSettingsPage{Layout: sampleConsole("推送设置", "/admin/push"), Fields: defaults.Fields(), Form: bad}},
	}
}

func samplePushDays(now time.Time, n int) (days []PushDay) {
	for i := range n {
		days = append(days, PushDay{now.AddDate(0, 0, i+1-n).Format("1/2"), xunjia.PushCounts{Matched: 300 + i*i%7*90 + i*31, Clicked: 60 + i*11%40, Quoted: 9 + i*5%8}})
	}
	return days
}
