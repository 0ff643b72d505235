package templates

import (
	"net/url"
	"time"

	"github.com/xunjia/xunjia"
)

// versionSamples are pages about a request that was edited after quotes came in.
func versionSamples(now time.Time) []Sample {
	p := samplePurchase(now)
	p.Version, p.Lines[0].Version = 3, 3
	plain := sampleLayout("接受报价", "")
	plain.Plain = true
	buyer, coop, _ := sampleUsers()
	wide := sampleLayout("报价", "")
	wide.Wide = true
	q := sampleQuotes(now)[0].Quote
	q.Version = 2
	q.LineID = p.Lines[0].ID
	samples := []Sample{
		{"versions", &VersionsPage{Layout: sampleLayout("修改记录", ""), Purchase: p, Versions: sampleVersions(now)}},
		{"versions none", &VersionsPage{Layout: sampleLayout("修改记录", ""), Purchase: samplePurchase(now)}},
		{"quote edited own", &QuotePage{Layout: wide, Quote: q, Line: p.Lines[0], Purchase: p, Status: p.Status, Supplier: coop, Buyer: buyer, Mine: true}},
		{"quote edited", &QuotePage{Layout: wide, Quote: q, Line: p.Lines[0], Purchase: p, Status: p.Status, Supplier: coop, Buyer: buyer}},
		{"quote_answer edited", &QuoteAnswerPage{Layout: plain, Quote: q, Line: p.Lines[1], Purchase: p, Supplier: coop, Accept: true}},
		{"my_quotes edited", &MyQuotesPage{Layout: wide, First: true, Quotes: []MyQuote{
			{Quote: q, Line: p.Lines[0], Purchase: p, Status: p.Status, Left: LeftOf(p, now), Buyer: buyer.Name},
			{Quote: sampleQuotes(now)[1].Quote, Line: p.Lines[0], Purchase: p, Status: p.Status, Left: LeftOf(p, now), Buyer: buyer.Name}}}},
	}
	return append(samples, editSample(now))
}

func editSample(now time.Time) Sample {
	edit := *publishSamples(now)[0].Page.(*PublishPage)
	edit.Title, edit.Back, edit.Added, edit.AddedProblems, edit.Problems, edit.ListOpen = "修改采购单", "/purchases/1", "", nil, nil, false
	edit.Edited, edit.Quoted, edit.Fixed = 1, true, []string{"三七 60头 80公斤"}
	edit.Others = []string{"黄连 统货：数量 500公斤 → 600公斤", "付款方式 货到付款 → 月结 30 天"}
	edit.Form = Form{Message: "您打开之后，同事刚刚修改了这张采购单，您的修改还没有保存。下面是最新内容加上您的修改，看过再保存。",
		Values: url.Values{"line": {"0", "2"}, "deadline": {"at"}, "deadline_at": {now.In(xunjia.China()).Format("2006-01-02T15:04:05")}, "payment": {"月结 30 天"},
			"lines.0.id": {"1"}, "lines.0.category": {"2"}, "lines.0.quantity": {"600"}, "lines.2.quantity": {"100"}, "mode": {"0"}}}
	edit.Lines = nil
	for _, l := range publishSamples(now)[0].Page.(*PublishPage).Lines {
		l.Form, l.Page = edit.Form, &edit
		edit.Lines = append(edit.Lines, l)
	}
	return Sample{"publish edited meanwhile", &edit}
}

func sampleVersions(now time.Time) []VersionRow {
	return []VersionRow{
		{3, "华**堂", now.Add(-time.Hour), []string{"备注 包装用 25 公斤内膜编织袋，交货前两天电话联系仓库，周末不收货"}},
		{2, "华**堂", now.Add(-2 * time.Hour), []string{"黄连 统货：数量 500公斤 → 600公斤", "付款方式 货到付款 → 月结 30 天", "增加品种 党参 统货 100公斤"}},
		{1, "华**堂", now.Add(-9 * time.Hour), nil},
	}
}
