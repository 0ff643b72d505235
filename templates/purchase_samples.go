package templates

import (
	"net/url"
	"time"

	"github.com/xunjia/xunjia"
)

// samplePurchase is one with everything that a page can show.
func samplePurchase(now time.Time) xunjia.Purchase {
	return xunjia.Purchase{
		ID: 1, Number: "2026112300017", BuyerID: 1, Status: xunjia.WaitingForQuote, Version: 1, Terms: xunjia.Terms{Area: "341602", Invoice: "增值税专用发票（9%）", Payment: "货到验收合格后 7 天内付清", Remark: "饮片投料用，必须过检。样品 200 克先寄，检验合格后再发大货。", Deadline: now.Add(67 * time.Hour)}, QuoteCount: 4, ViewCount: 126, PublishedAt: now.Add(-5 * time.Hour),
		Lines: []xunjia.Line{
			{ID: 11, PurchaseID: 1, CategoryID: 2, Name: "黄连", Spec: "统货", Quantity: 500_000, Unit: "公斤", Quality: "2025版药典过检，小檗碱含量≥5.5%，水分≤13%，无硫。", Origin: "重庆石柱", CapPrice: 300_00, Status: xunjia.WaitingForQuote, QuoteCount: 3, Images: []xunjia.Attachment{{Media: "sample", Type: xunjia.OtherFile}}},
			{ID: 12, PurchaseID: 1, Position: 1, CategoryID: 3, Name: "当归", Spec: "归头", Quantity: 300_000, Unit: "公斤", Status: xunjia.WaitingForQuote, QuoteCount: 1},
		},
	}
}

func sampleUsers() (buyer, supplier, other xunjia.User) {
	return xunjia.User{ID: 1, Name: "亳州市华济堂饮片有限公司", Kind: xunjia.SlicesFactory, Area: "341602", Phone: "19900000001"},
		xunjia.User{ID: 7, Name: "石柱黄水黄连专业合作社", Kind: xunjia.Cooperative, Area: "500240", Phone: "19900000007"},
		xunjia.User{ID: 8, Name: "赵德茂", Kind: xunjia.Trader, Area: "341602", Phone: "19900000010"}
}

func sampleQuotes(now time.Time) []CompareQuote {
	_, coop, zhao := sampleUsers()
	photos := []xunjia.Attachment{{Media: "sample", Type: xunjia.HandHeld}, {Media: "sample", Type: xunjia.TestReport}, {Media: "f-sample", Type: xunjia.TestReport, Name: "黄连检测报告2026年第3批.pdf", Bytes: 1_456_789}}
	at := now.Add(-50 * time.Minute)
	return []CompareQuote{
		{Quote: xunjia.Quote{ID: 21, LineID: 11, PurchaseID: 1, SupplierID: 7, Offer: xunjia.Offer{Price: 279_00, Unit: "公斤", Quality: "石柱产统货，含量 5.6% 左右，保过检。", Explanation: "现货 2 吨，可开专票，含运费到亳州。", Attachments: photos}, Revision: 2, CreatedAt: at.Add(-time.Hour), UpdatedAt: at}, Supplier: coop},
		{Quote: xunjia.Quote{ID: 22, LineID: 11, PurchaseID: 1, SupplierID: 8, Offer: xunjia.Offer{Price: 312_50, Unit: "公斤", Quality: "鸡爪连统货"}, State: xunjia.Refused, Message: "价格偏高", Revision: 1, CreatedAt: at, UpdatedAt: at, AnsweredAt: now}, Supplier: zhao},
		{Quote: xunjia.Quote{ID: 23, LineID: 11, PurchaseID: 1, SupplierID: 9, Offer: xunjia.Offer{Price: 286_00, Unit: "公斤"}, State: xunjia.Accepted, Message: "请尽快安排发货", Revision: 1, CreatedAt: at, UpdatedAt: at, AnsweredAt: now}, Supplier: xunjia.User{ID: 9, Name: "周小川", Kind: xunjia.Grower, Area: "510106", Phone: "19900000011"}},
		{Quote: xunjia.Quote{ID: 24, LineID: 12, PurchaseID: 1, SupplierID: 7, Offer: xunjia.Offer{Price: 112_00, Unit: "公斤"}, State: xunjia.Withdrawn, Revision: 1, CreatedAt: at, UpdatedAt: at}, Supplier: coop},
	}
}

// businessSamples are the pages of asking for prices and quoting.
func businessSamples(now time.Time) []Sample {
	p := samplePurchase(now)
	samples := []Sample{
		{"confirm", &ConfirmPage{Layout: Layout{Title: "结束报价", Plain: true, Back: "/purchases/1"}, Heading: "现在结束报价？", Text: "黄连、当归，已收到 4 条报价。", Points: []string{"供应商不能再报价或修改报价", "报过价的供应商会收到通知"}, Action: "/purchases/1/end", Button: "结束报价", TestID: "end-confirm"}},
	}
	samples = append(samples, purchaseSamples(p, now)...)
	samples = append(samples, publishSamples(now)...)
	return append(samples, quoteSamples(p, now)...)
}

func purchaseSamples(p xunjia.Purchase, now time.Time) []Sample {
	buyer, _, _ := sampleUsers()
	open := &PurchasePage{Layout: sampleLayout(p.Title(), ""), Purchase: p, Status: p.StatusAt(now), Left: LeftOf(p, now), Buyer: buyer, BuyerName: buyer.Name}
	own := *open
	own.Mine, own.Ask, own.Can = true, AskForQuotes("sampleTemplate"), PurchaseActions{End: true, Close: true, Extend: true}
	for _, l := range p.Lines {
		open.Lines = append(open.Lines, PurchaseLine{Line: l, Open: true})
		own.Lines = append(own.Lines, PurchaseLine{Line: l, Closes: true})
	}
	open.Lines[0].Quote, open.Lines[0].Revise = sampleQuotes(now)[0].Quote, true
	open.Trends = NewCategoryTrends(p.Lines, map[int64][]xunjia.PriceTrend{2: {sampleTrend(now)}})
	open.Quoters = []Quoter{{"岷**社", 2, now.Add(-2 * time.Hour)}, {"川**行", 1, now.Add(-5 * time.Hour)}}
	drafts := &DraftsPage{Layout: sampleLayout("草稿", MeTab), Drafts: []xunjia.SavedDraft{{ID: 1, Title: "黄连、当归等12个品种", UpdatedAt: now}, {ID: 2, Title: "还没有选品种", UpdatedAt: now.Add(-30 * time.Hour)}}}
	samples := []Sample{{"drafts", drafts}, {"drafts none", &DraftsPage{Layout: sampleLayout("草稿", MeTab)}}, {"purchase", open}, {"purchase own", &own}}
	for _, s := range []xunjia.PurchaseStatus{xunjia.Closed, xunjia.QuotingEnded, xunjia.Purchased} {
		over := *open
		over.Status, over.Left, over.BuyerName, over.LoggedIn = s, "", buyer.MaskedName(), false
		over.Purchase.Status, over.Purchase.Reason = s, map[bool]string{true: "需求取消"}[s == xunjia.Closed]
		over.Lines = own.Lines
		samples = append(samples, Sample{"purchase " + s.String(), &over})
	}
	return samples
}

func publishSamples(now time.Time) []Sample {
	layout := sampleLayout("发布采购", PublishTab)
	layout.Plain, layout.Wide, layout.Back = true, true, "/"
	form := Form{Values: url.Values{"line": {"0", "2"}, "deadline": {"7"}, "key": {"sample"}, "lines.0.category": {"2"}, "lines.0.quantity": {"-1"}, "lines.0.images": {"sample"}},
		Message: "有内容需要修改，请看标红的地方", Errors: map[string]string{"lines.0.quantity": "采购数量必须大于 0", "area": "请选择收货地区"}}
	page := &PublishPage{Layout: layout, Form: form, Added: "已加入 12 个品种，其中 2 个没有认出来，请选择品种", AddedProblems: []string{"C7：数量“很多”看不懂"}, ListOpen: true, Areas: AreaSelects("340000", "341600", ""), Earliest: now.Format("2006-01-02T15:04"),
		Problems: []Problem{{"#lines.0.quantity-error", "品种 1 · 数量：采购数量必须大于 0"}, {"#area-error", "请选择收货地区"}}}
	for _, n := range []int{0, 2} {
		page.Lines = append(page.Lines, PublishLine{Number: n, Form: form, Page: page, Removable: true,
			Categories: []CategoryOptions{{"根茎类", []Option{{"2", "黄连", n == 0}, {"3", "当归", false}}}},
			Units:      []Option{{"公斤", "公斤", true}, {"吨", "吨", false}}, Specs: []string{"统货", "选货"}, Origins: []string{"重庆石柱"}})
	}
	return []Sample{{"publish", page}}
}

func quoteSamples(p xunjia.Purchase, now time.Time) []Sample {
	buyer, coop, _ := sampleUsers()
	plain := sampleLayout("报价", "")
	plain.Plain, plain.Wide, plain.Back = true, true, "/purchases/1"
	fresh := &QuoteNewPage{Layout: plain, Purchase: p, Line: p.Lines[0], Buyer: buyer.Name, Left: LeftOf(p, now)}
	fresh.Now, fresh.Quota, fresh.QuotaLeft, fresh.CanDecline = now, xunjia.WeeklyQuotes, 17, true
	samples := []Sample{{"quote_new", fresh}, {"quote_history", historySample(p, now)}}
	for _, q := range sampleQuotes(now)[:2] {
		revise := *fresh
		revise.Old, revise.Form = q.Quote, Form{Values: url.Values{"price": {"312.50"}, "photos.1": {"sample"}}}
		samples = append(samples, Sample{"quote_new " + q.State.String(), &revise})
	}
	wrong := *fresh
	wrong.Form = Form{Values: url.Values{"price": {"abc"}}, Message: "有内容需要修改，请看标红的地方", Errors: map[string]string{"price": "请填写数字，最多两位小数", "attachments": "最多 12 张图片"}}
	samples = append(samples, Sample{"quote_new errors", &wrong})
	for _, state := range xunjia.QuoteStates() {
		for _, mine := range []bool{true, false} {
			q := sampleQuotes(now)[0].Quote
			q.State, q.Message, q.AnsweredAt = state, "请尽快安排发货", now
			page := &QuotePage{Layout: sampleLayout("报价详情", ""), Quote: q, Line: p.Lines[0], Purchase: p, Status: p.Status, Supplier: coop, Buyer: buyer, Mine: mine}
			if mine && state == xunjia.Pending {
				page.Ask = AskForAnswer("sampleTemplate")
			}
			pending := state == xunjia.Pending
			page.CanAccept, page.CanRefuse, page.CanCounter = !mine && pending, !mine && pending, !mine && pending
			page.CanRevise, page.CanWithdraw = mine, mine && pending
			samples = append(samples, Sample{"quote " + state.String() + map[bool]string{true: " 供应商", false: " 采购商"}[mine], page})
		}
	}
	return samples
}
