package templates

import (
	"net/url"
	"time"

	"github.com/xunjia/xunjia"
)

// sampleDeal is a deal in a state, confirmed by both sides unless it is a draft.
func sampleDeal(state xunjia.DealState, now time.Time) xunjia.Deal {
	d := xunjia.Deal{ID: 1, Number: "D2026112300000017", QuoteID: 1, BuyerID: 1, SupplierID: 2, State: state, Price: 28650, Unit: "公斤",
		Quantity: 350_000, Total: 10_027_500, Kind: xunjia.TaxedPrice, Freight: 68_000, DeliveryAt: now.Add(5 * 24 * time.Hour),
		PaymentAt: now.Add(35 * 24 * time.Hour), Terms: "付款方式：货到验收合格后 7 天内付清\n发票：增值税专用发票（9%）\n先寄 200 克样品，大货与样品一致",
		Version: 2, CreatedAt: now.Add(-30 * time.Hour), UpdatedAt: now.Add(-time.Hour), SupplierConfirmedAt: now.Add(-time.Hour)}
	if state != xunjia.DraftDeal {
		d.BuyerConfirmedAt, d.ConcludedAt = now, now
	}
	return d
}

func dealSamples(now time.Time) []Sample {
	line := xunjia.Line{ID: 1, Name: "黄连", Spec: "单枝 统货", Quantity: 500_000, Unit: "公斤"}
	buyer := xunjia.User{ID: 1, Name: "安国康源堂中药饮片有限公司", Kind: xunjia.SlicesFactory, Area: "130683", Phone: "13800000001"}
	supplier := xunjia.User{ID: 2, Name: "岷山药材商行", Kind: xunjia.Trader, Area: "621121", Phone: "13800000002"}
	page := func(state xunjia.DealState, side xunjia.Side) *DealPage {
		return &DealPage{Layout: sampleLayout("成交单", ""), Deal: sampleDeal(state, now), Line: line, Buyer: buyer, Supplier: supplier, Side: side, Decides: true, Now: now}
	}
	draft := page(xunjia.DraftDeal, xunjia.BuyerSide)
	draft.Can = DealActions{Confirm: true, Change: true, Cancel: true, Photos: true}
	draft.Steps = []DealStep{{Who: supplier.Name, Changes: []string{"单价 290.00元/公斤 → 286.50元/公斤", "数量 300公斤 → 350公斤"}, At: now.Add(-time.Hour)}}
	confirmed := page(xunjia.ConfirmedDeal, xunjia.SupplierSide)
	confirmed.Deal.CancelSide, confirmed.Deal.CancelReason = xunjia.BuyerSide, "采购计划有变"
	confirmed.Can = DealActions{Cancel: true, Keep: true, Dispute: true, Photos: true}
	confirmed.Photos = []DealPhoto{{xunjia.SupplierSide, []xunjia.Attachment{{Media: "sample1", Type: xunjia.Bulk}, {Media: "sample2", Type: xunjia.Detail}}}}
	done := page(xunjia.CompletedDeal, xunjia.BuyerSide)
	done.CanRate, done.Can = true, DealActions{Dispute: true, Photos: true}
	done.Ratings = []xunjia.Rating{{Side: xunjia.SupplierSide, Stars: 4, Comment: "付款及时，下次再合作", CreatedAt: now}}
	disputed := page(xunjia.DisputedDeal, xunjia.SupplierSide)
	dispute := xunjia.Dispute{ID: 1, Side: xunjia.BuyerSide, Reason: "到货含量只有 4.8%，低于约定的 5.5%", RespondUntil: now.Add(50 * time.Hour), CreatedAt: now.Add(-22 * time.Hour),
		Entries: []xunjia.DisputeEntry{
			{Side: xunjia.BuyerSide, Text: "到货含量只有 4.8%，低于约定的 5.5%，附检测报告。", Media: []string{"sample1"}, CreatedAt: now.Add(-22 * time.Hour)},
			{Side: xunjia.SupplierSide, Text: "同批留样检测为 5.6%，请求复检。", CreatedAt: now.Add(-2 * time.Hour)},
		}}
	disputed.Disputes, disputed.Can = []xunjia.Dispute{dispute}, DealActions{Dispute: true, Photos: true}
	settled := dispute
	settled.State, settled.Result, settled.ClosedAt = xunjia.SettledDispute, "经复检为 5.2%，双方同意按九五折结算。", now
	edit := Form{Values: url.Values{"price": {"286.50"}, "quantity": {"900"}, "freight": {"680"}, "delivery_at": {"2026-11-28"}, "terms": {"先寄样品"}},
		Errors: map[string]string{"quantity": "最多还能成交 500公斤"}, Message: "有内容需要修改，请看标红的地方"}
	cards := []DealCard{
		{sampleDeal(xunjia.DraftDeal, now), line, supplier.Name, true}, {sampleDeal(xunjia.ConfirmedDeal, now), line, supplier.Name, false},
		{sampleDeal(xunjia.CompletedDeal, now), line, "陇西药农合作社", false}, {sampleDeal(xunjia.DisputedDeal, now), line, supplier.Name, false},
	}
	tabs := []Option{{Value: "bought", Text: "我采购的", Selected: true}, {Value: "sold", Text: "我卖出的"}, {Value: "company", Text: "公司的"}}
	states := []Option{{Value: "0", Text: "处理中", Selected: true}, {Value: "1", Text: "已裁定"}, {Value: "2", Text: "已撤回"}}
	return []Sample{
		{"deals", &DealsPage{Layout: sampleLayout("成交", MeTab), Of: "bought", Tabs: tabs, Deals: cards, First: true, Next: "next"}},
		{"deals empty", &DealsPage{Layout: sampleLayout("成交", MeTab), Of: "sold", Tabs: tabs, First: true}},
		{"deal", draft}, {"deal confirmed", confirmed}, {"deal completed", done}, {"deal disputed", disputed},
		{"deal_edit", &DealEditPage{Layout: sampleLayout("修改成交单", ""), Deal: draft.Deal, Line: line, Room: "500公斤", Form: edit, Day: "2026-11-23"}},
		{"deal_reason", &DealReasonPage{Layout: sampleLayout("取消成交", ""), Deal: confirmed.Deal, Line: line, Both: true, Form: Form{Errors: map[string]string{"reason": "请告诉对方取消的原因"}}}},
		{"deal_dispute", &DealDisputePage{Layout: sampleLayout("提出争议", ""), Deal: confirmed.Deal, Line: line, Form: Form{Values: url.Values{"media": {"sample1"}}}}},
		{"admin/disputes", &AdminDisputesPage{Layout: sampleConsole("成交争议", "/admin/disputes"), Tabs: states, Now: now, Rows: []DisputeRow{{dispute, "D2026112300000017", "黄连 单枝 统货", buyer.Name, supplier.Name, 10_027_500}}}},
		{"admin/disputes empty", &AdminDisputesPage{Layout: sampleConsole("成交争议", "/admin/disputes"), Tabs: states, Now: now}},
		{"admin/dispute", &AdminDisputePage{Layout: sampleConsole("成交争议", "/admin/disputes"), Dispute: dispute, Deal: disputed.Deal, Line: line, Buyer: buyer, Supplier: supplier, Steps: draft.Steps}},
		{"admin/dispute settled", &AdminDisputePage{Layout: sampleConsole("成交争议", "/admin/disputes"), Dispute: settled, Deal: done.Deal, Line: line, Buyer: buyer, Supplier: supplier, Refusal: "争议已裁定"}},
	}
}
