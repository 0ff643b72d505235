package templates

import (
	"time"

	"github.com/xunjia/xunjia"
)

// listSamples are the lists of purchases and quotes.
func listSamples(now time.Time) []Sample {
	cards := samplePurchases(now)
	home := sampleLayout("首页", HomeTab)
	mine := sampleLayout("", MeTab)
	mine.Wide, home.Wide = true, true
	quotes := &MyQuotesPage{Layout: mine, Next: "more"}
	p := samplePurchase(now)
	for i, q := range sampleQuotes(now) {
		quotes.Quotes = append(quotes.Quotes, MyQuote{Quote: q.Quote, Line: p.Lines[i/3], Purchase: p, Status: p.Status, Left: LeftOf(p, now), Buyer: "亳州市华济堂饮片有限公司"})
	}
	samples := []Sample{
		{"home", &HomePage{Layout: home, First: true, Follows: true, Followed: cards[:1], Others: cards[1:], Next: "more"}},
		{"home guest", &HomePage{Layout: Layout{Tab: HomeTab, Wide: true}, First: true, Others: cards, Next: "more"}},
		{"home follows nothing", &HomePage{Layout: home, First: true, Others: cards}},
		{"home nothing followed is open", &HomePage{Layout: home, First: true, Follows: true, Others: cards}},
		{"home further", &HomePage{Layout: home, Follows: true, Others: cards}},
		{"home empty", &HomePage{Layout: Layout{Tab: HomeTab, Wide: true}, First: true}},
		{"my_purchases", &MyPurchasesPage{Layout: mine, Purchases: cards, Next: "more", First: true}},
		{"my_purchases further", &MyPurchasesPage{Layout: mine, Purchases: cards, Status: "open"}},
		{"my_purchases empty", &MyPurchasesPage{Layout: mine, First: true}},
		{"my_purchases none closed", &MyPurchasesPage{Layout: mine, First: true, Status: "closed"}},
		{"my_quotes", quotes},
		{"my_quotes empty", &MyQuotesPage{Layout: mine, First: true}},
		{"my_quotes none withdrawn", &MyQuotesPage{Layout: mine, First: true, State: "withdrawn"}},
	}
	return append(samples, searchSamples(cards)...)
}

func searchSamples(cards []PurchaseCard) []Sample {
	hall := sampleLayout("采购大厅", "")
	hall.Wide = true
	page := func(s xunjia.Search) *PurchasesPage {
		return &PurchasesPage{Layout: hall, First: true, Search: s, Form: SearchForm(s), Areas: SearchAreas(s.Area), Category: "黄连",
			Categories: []CategoryOptions{{"根茎类", []Option{{"1", "根茎类（全部）", false}, {"2", "黄连", s.Category == 2}, {"3", "当归", false}}}}}
	}
	plain := page(xunjia.Search{})
	plain.Purchases, plain.Next = cards, "more"
	narrow := xunjia.Search{Text: "川连 统货", Category: 2, Area: "341600", Within: xunjia.EndsIn3Days, Cap: xunjia.WithCap, MinCap: 200_00, MaxCap: 350_50, Quotable: true, EndingSoon: true}
	narrowed := page(narrow)
	narrowed.Purchases, narrowed.Next, narrowed.Taken = cards, "more", "黄连"
	stopped := page(xunjia.Search{Text: "凤尾"})
	stopped.Purchases, stopped.Next, stopped.Stopped = cards[:1], "more", true
	wrong := page(xunjia.Search{})
	wrong.Form.Values.Set("min", "十块")
	wrong.Form.Errors["min"], wrong.Form.Message = "请填写数字，最多两位小数", "有内容需要修改，请看标红的地方"
	guest := page(xunjia.Search{Followed: true})
	guest.Layout = Layout{Title: "采购大厅", Wide: true}
	further := page(xunjia.Search{Ended: true})
	further.First, further.Purchases = false, cards[2:]
	return []Sample{
		{"purchases", plain},
		{"purchases narrowed", narrowed},
		{"purchases nothing found", page(narrow)},
		{"purchases stopped", stopped},
		{"purchases further", further},
		{"purchases errors", wrong},
		{"purchases empty", page(xunjia.Search{})},
		{"purchases followed", page(xunjia.Search{Followed: true})},
		{"purchases guest", guest},
	}
}
