package templates

import (
	"fmt"
	"net/url"
	"time"

	"github.com/xunjia/xunjia"
)

// sampleOffers are more offers for the sample purchase than sampleQuotes, with
// everything that a comparison shows.
func sampleOffers(p xunjia.Purchase, now time.Time) []CompareQuote {
	_, coop, zhao := sampleUsers()
	coop.CertifiedUntil = now.Add(time.Hour)
	long := xunjia.User{ID: 31, Name: "四川省彭州市川芎白芷专业种植合作联社", Kind: xunjia.Cooperative, Area: "510182"}
	at := now.Add(-3 * time.Hour)
	offer := func(id int64, line int, who xunjia.User, o xunjia.Offer, change func(*xunjia.Quote)) CompareQuote {
		q := xunjia.Quote{ID: id, LineID: p.Lines[line].ID, PurchaseID: p.ID, SupplierID: who.ID, Offer: o, Revision: 1, Version: p.Version,
			CreatedAt: at.Add(time.Duration(id) * time.Minute), UpdatedAt: at.Add(time.Duration(id) * time.Minute)}
		if change != nil {
			change(&q)
		}
		return CompareQuote{Quote: q, Supplier: who}
	}
	return []CompareQuote{
		offer(41, 0, coop, xunjia.Offer{Price: 139_50, Unit: "斤", Kind: xunjia.DeliveredPrice, LeadDays: 3, Quality: "石柱产统货，含量 5.6% 左右，保过检。", Explanation: "现货 2 吨。", ValidUntil: now.Add(72 * time.Hour)}, func(q *xunjia.Quote) {
			q.Revision, q.Counter = 2, xunjia.Counter{Price: 135_00, Message: "量大，能否优惠", At: now}
		}),
		offer(42, 0, zhao, xunjia.Offer{Price: 255_00, Unit: "公斤", TaxRate: 900, Freight: 1_500_00, LeadDays: 0, Available: 300_000, Quality: "鸡爪连统货"}, func(q *xunjia.Quote) {
			q.State, q.Accepted, q.AnsweredAt, q.Message = xunjia.Accepted, 200_000, now.Add(-time.Minute), "请先寄样品"
		}),
		offer(43, 0, long, xunjia.Offer{Price: 262_00, Unit: "公斤", LeadDays: 15, MinQuantity: 50_000}, func(q *xunjia.Quote) { q.Version = 0 }),
		offer(44, 0, xunjia.User{ID: 32, Name: "周小川", Kind: xunjia.Grower, Area: "510106"}, xunjia.Offer{Price: 249_00, Unit: "公斤", Kind: xunjia.TaxedPrice, ValidUntil: now.Add(-time.Hour)}, nil),
		offer(45, 0, xunjia.User{ID: 33, Name: "陇西药农合作社", Kind: xunjia.Cooperative, Area: "621122"}, xunjia.Offer{Price: 312_50, Unit: "公斤", Kind: xunjia.TaxedPrice, LeadDays: 7}, func(q *xunjia.Quote) {
			q.State, q.Message, q.AnsweredAt = xunjia.Refused, "价格高", now.Add(-time.Hour)
		}),
		offer(46, 1, coop, xunjia.Offer{Price: 112_00, Unit: "公斤", Kind: xunjia.TaxedPrice, LeadDays: 3}, nil),
		offer(47, 1, zhao, xunjia.Offer{Price: 118_00, Unit: "公斤", Kind: xunjia.TaxedPrice, LeadDays: 5}, nil),
		offer(48, 1, long, xunjia.Offer{Price: 96_00, Unit: "公斤", Kind: xunjia.TaxedPrice, LeadDays: 10}, func(q *xunjia.Quote) { q.State = xunjia.Withdrawn }),
	}
}

// decideSamples are the pages of comparing, answering and of price histories.
func decideSamples(now time.Time) []Sample {
	p := samplePurchase(now)
	p.Lines[0].Accepted = 200_000
	buyer, coop, _ := sampleUsers()
	compare := NewComparePage(p, sampleOffers(p, now), buyer, SortByPrice, now)
	compare.More, compare.Next = 37, "1-2-3"
	sealed := p
	sealed.Mode = xunjia.SealedMode
	samples := []Sample{
		{"compare", compare},
		{"compare lead", NewComparePage(p, sampleOffers(p, now), buyer, SortByLead, now)},
		{"compare sealed", NewComparePage(sealed, sampleOffers(p, now), buyer, SortByPrice, now)},
		{"compare empty", NewComparePage(samplePurchase(now), nil, buyer, SortByPrice, now)},
	}
	for _, s := range samples {
		layout := sampleLayout("比价", "")
		layout.Wide, layout.Back = true, "/me/purchases"
		*s.Page.Base() = layout
	}
	plain := sampleLayout("报价", "")
	plain.Plain, plain.Wide, plain.Back = true, true, "/purchases/1/compare"
	q := sampleOffers(p, now)[0].Quote
	for _, accept := range []bool{true, false} {
		page := &QuoteAnswerPage{Layout: plain, Quote: q, Line: p.Lines[0], Purchase: p, Supplier: coop, Accept: accept}
		samples = append(samples, Sample{"quote_answer " + page.Do(), page})
	}
	samples = append(samples,
		Sample{"quote_answer errors", &QuoteAnswerPage{Layout: plain, Quote: q, Line: p.Lines[0], Purchase: p, Supplier: coop, Accept: true,
			Form: Form{Message: "这个品种只剩 300公斤 没有定", Values: url.Values{"quantity": {"400"}}, Errors: map[string]string{"quantity": "最多还能接受 300公斤"}}}},
		Sample{"quote_counter", &CounterPage{Layout: plain, Quote: q, Line: p.Lines[0], Purchase: p, Supplier: coop}},
		Sample{"quote_counter errors", &CounterPage{Layout: plain, Quote: q, Line: p.Lines[0], Purchase: p, Supplier: coop,
			Form: Form{Message: "有内容需要修改，请看标红的地方", Values: url.Values{"price": {"200"}}, Errors: map[string]string{"price": "还价应低于供应商的报价 139.50元/斤"}}}})
	refuse := &RefuseQuotesPage{Layout: plain, Purchase: p, More: 3}
	for _, o := range sampleOffers(p, now)[:4] {
		refuse.Quotes = append(refuse.Quotes, RefusableQuote{Quote: o.Quote, Line: p.Lines[0], Supplier: o.Supplier, Chosen: true})
	}
	wrong := *refuse
	wrong.Line, wrong.Form = 11, Form{Message: "有内容需要修改，请看标红的地方", Errors: map[string]string{"message": "请告诉供应商拒绝的原因"}}
	samples = append(samples, Sample{"refuse_quotes", refuse}, Sample{"refuse_quotes errors", &wrong}, Sample{"refuse_quotes empty", &RefuseQuotesPage{Layout: plain, Purchase: p}})
	samples = append(samples, resultSamples(p, q, now)...)
	return append(samples, priceSamples(now)...)
}

// resultSamples are a quote's page after an answer, with a counter-offer and at
// the end.
func resultSamples(p xunjia.Purchase, q xunjia.Quote, now time.Time) []Sample {
	buyer, coop, _ := sampleUsers()
	p.ShowRank = true
	page := func(change func(*QuotePage)) *QuotePage {
		x := &QuotePage{Layout: sampleLayout("报价详情", ""), Quote: q, Line: p.Lines[0], Purchase: p, Status: p.Status, Supplier: coop, Buyer: buyer}
		change(x)
		return x
	}
	accepted := func(x *QuotePage) {
		x.Quote.State, x.Quote.Accepted, x.Quote.AnsweredAt, x.Quote.Message, x.Quote.Counter = xunjia.Accepted, 200_000, now, "请先寄样品", xunjia.Counter{}
		d := xunjia.NewDeal(p, p.Lines[0], x.Quote, now)
		d.Number = "D2026112312345678"
		x.Deal = &d
	}
	return []Sample{
		{"quote undo", page(func(x *QuotePage) { accepted(x); x.CanUndo, x.UndoLeft = true, "还剩 9 分钟" })},
		{"quote counter", page(func(x *QuotePage) { x.Mine, x.CanTake, x.CanRevise, x.CanWithdraw = true, true, true, true })},
		{"quote countered", page(func(x *QuotePage) { x.CanAccept, x.CanRefuse, x.CanCounter = true, true, true })},
		{"quote won", page(func(x *QuotePage) {
			accepted(x)
			x.Mine, x.Status, x.Result = true, xunjia.Purchased, &xunjia.Result{Rank: 1, Of: 5, Won: true, Sold: true}
		})},
		{"quote lost", page(func(x *QuotePage) {
			x.Quote.State, x.Quote.Counter = xunjia.NotChosen, xunjia.Counter{}
			x.Mine, x.Status, x.Result = true, xunjia.Purchased, &xunjia.Result{Rank: 3, Of: 5, Sold: true, Beyond: 52}
		})},
	}
}

// sampleTrend is a price history of eleven months.
func sampleTrend(now time.Time) xunjia.PriceTrend {
	t := xunjia.PriceTrend{CategoryID: 2, Unit: "公斤"}
	point := func(period xunjia.PricePeriod, i int) xunjia.PricePoint {
		median := xunjia.Fen(240_00 + 6_00*i + 900*(i%3) - 300*(i%5))
		return xunjia.PricePoint{Period: period, N: 5 + i%9, Suppliers: 3, Median: median, Low: median - 9_00, High: median + 12_50}
	}
	for i := range 11 {
		t.Months = append(t.Months, point(xunjia.MonthOf(now.AddDate(0, i-10, 0)), i))
	}
	for i := range 30 {
		if i%7 != 5 { // weeks with too few
			t.Weeks = append(t.Weeks, point(xunjia.WeekOf(now.AddDate(0, 0, 7*(i-29))), i/3))
		}
	}
	return t
}

func priceSamples(now time.Time) []Sample {
	page := &PricesPage{Layout: sampleLayout("行情", ""), Category: xunjia.Category{ID: 2, Name: "黄连"}, Trends: []xunjia.PriceTrend{sampleTrend(now)}}
	for i := range 3 {
		page.Quoted = append(page.Quoted, xunjia.PriceSample{QuoteID: int64(i + 1), Price: xunjia.Fen(280_00 + i*700), Unit: "公斤", At: now.Add(-time.Duration(i) * 300 * time.Hour)})
	}
	pieces := *page
	pieces.Trends = []xunjia.PriceTrend{{CategoryID: 2, Unit: "袋", Months: sampleTrend(now).Months[:1]}}
	samples := []Sample{{"prices", page}, {"prices one", &pieces}, {"prices empty", &PricesPage{Layout: sampleLayout("行情", ""), Category: xunjia.Category{ID: 2, Name: "黄连"}}}}
	for _, s := range samples {
		s.Page.Base().Back = fmt.Sprintf("/purchases/%d", 1)
	}
	return samples
}
