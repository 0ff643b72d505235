package templates

import (
	"net/url"
	"strings"
	"time"

	"github.com/xunjia/xunjia"
)

// Sample is a page with made-up data.
type Sample struct {
	Name string // the template's name, and what is shown: "inbox", "inbox empty"
	Page Page
}

// Samples shows every template full and, where that differs, empty or with
// complaints. A template without a sample fails the tests. Samples of a family
// of pages are gathered in a function of their own, named here.
func Samples(now time.Time) []Sample {
	samples := []Sample{
		{"me", &MePage{Layout: sampleLayout("我的", MeTab), Phone: "138****0001", Area: "四川省成都市金牛区", Kind: "药商", Followed: 12, Level: 2, Face: "川"}},
		{"message", &MessagePage{Layout: sampleLayout("提示", ""), Icon: "alert-circle", Kind: "warn", Heading: "报价已截止，不能再报价", ShowID: true, Links: []Link{{"/", "回到首页"}, {"/purchases", "看看别的采购"}}}},
		{"message error", &MessagePage{Layout: sampleLayout("提示", ""), Icon: "tool", Kind: "bad", Heading: "系统出了点问题，我们已经记录下来，请稍后再试", ShowID: true, Links: []Link{{"/", "回到首页"}}}},
		{"debug", &DebugPage{Layout: sampleLayout("页面样例", ""), Rows: []DebugRow{{"home", "/debug/pages/home"}}}},
	}
	samples = append(samples, listSamples(now)...)
	samples = append(samples, registrationSamples()...)
	samples = append(samples, loginSamples()...)
	samples = append(samples, securitySamples(now)...)
	samples = append(samples, inboxSamples(now)...)
	samples = append(samples, scanSamples(now)...)
	samples = append(samples, businessSamples(now)...)
	samples = append(samples, decideSamples(now)...)
	samples = append(samples, conversationSamples(now)...)
	samples = append(samples, accountSamples(now)...)
	samples = append(samples, growthSamples(now)...)
	samples = append(samples, preferenceSamples(now)...)
	samples = append(samples, announcementSamples(now)...)
	samples = append(samples, companySamples(now)...)
	samples = append(samples, certificationSamples(now)...)
	samples = append(samples, dealSamples(now)...)
	samples = append(samples, lifecycleSamples(now)...)
	samples = append(samples, mediaSamples(now)...)
	samples = append(samples, invitationSamples(now)...)
	samples = append(samples, questionSamples(now)...)
	samples = append(samples, pushSamples(now)...)
	samples = append(samples, versionSamples(now)...)
	return append(samples, adminSamples(now)...)
}

// sampleLayout is that of a user with something unread.
func sampleLayout(title string, tab Tab) Layout {
	return Layout{
		Title: title, Tab: tab, Unread: 3, LoggedIn: true, FormToken: "sample", ICP: "京ICP备00000000号", RequestID: "SAMPLE0123456789",
		User: xunjia.User{ID: 1, Name: "川源药材行", Kind: xunjia.Trader, Area: "510106", Phone: "13800000001"},
	}
}

func samplePurchases(now time.Time) []PurchaseCard {
	purchases := []xunjia.Purchase{
		{ID: 1, Number: "2026112300017", Status: xunjia.WaitingForQuote, Terms: xunjia.Terms{Area: "130682", Deadline: now.Add(75 * time.Hour)}, QuoteCount: 5, PublishedAt: now.Add(-2 * time.Hour), Lines: []xunjia.Line{
			{Name: "黄连", Spec: "单枝 统货", Quantity: 500_000, Unit: "公斤"}, {Name: "当归", Spec: "全归 一级", Quantity: 2_000_000, Unit: "公斤"}, {Name: "党参", Spec: "中条", Quantity: 1_500_000, Unit: "公斤"},
		}},
		{ID: 2, Number: "2026112300016", Status: xunjia.WaitingForQuote, Terms: xunjia.Terms{Area: "510106", Deadline: now.Add(5 * time.Hour)}, PublishedAt: now.Add(-20 * time.Hour), Lines: []xunjia.Line{
			{Name: "三七", Spec: "60头 春七", Quantity: 80_000, Unit: "公斤"},
		}},
		{ID: 3, Number: "2026112200009", Status: xunjia.QuotingEnded, Terms: xunjia.Terms{Area: "340100", Deadline: now.Add(-time.Hour)}, QuoteCount: 12, PublishedAt: now.Add(-80 * time.Hour), Lines: []xunjia.Line{
			{Name: "白芍", Spec: "选货", Quantity: 3_000_000, Unit: "公斤"}, {Name: "牡丹皮", Spec: "刮丹", Quantity: 600_000, Unit: "公斤"},
		}},
	}
	cards := make([]PurchaseCard, 0, len(purchases))
	for i, p := range purchases {
		card := NewPurchaseCard(p, now)
		card.Buyer = []string{"安国**公司", "杏林**药房", "王**"}[i]
		cards = append(cards, card)
	}
	return cards
}

func registrationSamples() []Sample {
	step := func(title string) Layout {
		return Layout{Title: title, Plain: true, Wide: true, Back: "/", FormToken: "sample"}
	}
	narrow := step("关注品种")
	narrow.Wide = false
	typed := Form{Values: url.Values{"phone": {"1380000"}, "code": {"12"}}, Errors: map[string]string{
		"phone": "请填写 11 位中国大陆手机号", "captcha": "图形验证码不对，请看新的图片", "code": "验证码不对，还可以试 4 次",
	}}
	groups := []CategoryGroup{{Title: "根茎类"}, {Title: "花叶类"}}
	for i, name := range []string{"黄连", "当归", "党参", "白芍", "三七", "川芎", "天麻", "黄芪", "金银花", "菊花", "薄荷"} {
		g := &groups[min(1, i/8)]
		g.Chips = append(g.Chips, CategoryChip{ID: int64(i + 1), Name: name, Keys: name, Checked: i%3 == 0})
	}
	return []Sample{
		{"login", &LoginPage{Layout: step("登录"), Return: "/me"}},
		{"login register", &LoginPage{Layout: step("注册"), Register: true, CodeForm: CodeForm{CaptchaID: "sample", Wait: 48, Sent: "验证码已发送到 138****0001，5 分钟内有效", Form: Form{Values: url.Values{"phone": {"13800000001"}}}}}},
		{"login errors", &LoginPage{Layout: step("注册"), Register: true, CodeForm: CodeForm{CaptchaID: "sample", Form: typed}}},
		{"register_profile", &RegisterProfilePage{Layout: step("填写资料"), Areas: AreaSelects("510000", "510100", "510106"), Form: Form{Values: url.Values{"kind": {"6"}, "name": {"川源药材行"}}}}},
		{"register_profile errors", &RegisterProfilePage{Layout: step("填写资料"), Areas: AreaSelects("", "", ""), Form: Form{Errors: map[string]string{"kind": "请选择您的业务类型", "name": "请填写名称", "area": "请选择所在地区"}}}},
		{"register_profile later", &RegisterProfilePage{Layout: step("修改资料"), Later: true, Areas: AreaSelects("110000", "", "")}},
		{"register_categories", &RegisterCategoriesPage{Layout: narrow, Groups: groups, Followed: 4}},
		{"register_categories errors", &RegisterCategoriesPage{Layout: narrow, Form: Form{Errors: map[string]string{"category": "请至少选择一个品种，有采购时才能通知您"}}}},
		{"register_categories later", &RegisterCategoriesPage{Layout: narrow, Groups: groups, Later: true}},
	}
}

func inboxSamples(now time.Time) []Sample {
	return []Sample{
		{"inbox", &InboxPage{Layout: sampleLayout("消息", InboxTab), Type: xunjia.PurchasingNotice, Next: "more",
			Counts: map[xunjia.NotificationType]int{xunjia.PurchasingNotice: 1, xunjia.SellingNotice: 2},
			Items: []xunjia.Notification{
				{ID: 1, Title: "收到报价：黄连", Text: "川源药材行 对 黄连 统货 报价：138.50元/公斤。", Purchase: 9, CreatedAt: now.Add(-8 * time.Minute)},
				{ID: 4, Title: "收到报价：黄连", Text: "岷山药材 对 黄连 统货 报价：139.00元/公斤。", Purchase: 9, CreatedAt: now.Add(-50 * time.Minute)},
				{ID: 5, Title: "供应商提问：黄连", Text: "黄** 问：可以分批发货吗？", Purchase: 9, CreatedAt: now.Add(-90 * time.Minute), Status: xunjia.Read},
				{ID: 2, Title: "新的采购需求：当归、党参", Text: "安国同仁药业 求购 当归 全归 2000公斤，11月26日 18:00 截止报价。", CreatedAt: now.Add(-5 * time.Hour), Status: xunjia.Read},
				{ID: 3, Title: "采购单报价已结束：" + strings.Repeat("很长的品种名", 6), Text: "您的采购单 2026112300017 报价已结束，共收到 12 条报价，请尽快查看并答复。", CreatedAt: now.Add(-30 * time.Hour), Status: xunjia.Read},
			}}},
		{"inbox empty", &InboxPage{Layout: sampleLayout("消息", InboxTab), Type: xunjia.GrowthNotice}},
	}
}
