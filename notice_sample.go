package xunjia

import "time"

// SampleNotice answers the lines of a template message with made-up values, as
// the program would write them at the given moment; nil for a title that is
// none of TemplateSpecs. Some values are long on purpose, to show what is
// shortened.
func SampleNotice(title string, now time.Time) []NoticeField {
	line := Line{ID: 1, PurchaseID: 1, Name: "当归", Spec: "全归 一级 无硫", Quantity: 2_000_000, Unit: "公斤"}
	f := Facts{
		Purchase: Purchase{ID: 1, Number: "2026112300017", BuyerID: 1, Terms: Terms{Area: "130682", Deadline: now.Add(3 * 24 * time.Hour)}, QuoteCount: 5,
			Lines: []Line{line, {Name: "黄连", Spec: "单枝 统货", Quantity: 500_000, Unit: "公斤"}}},
		Line:     line,
		Quote:    Quote{ID: 1, PurchaseID: 1, LineID: 1, SupplierID: 2, Offer: Offer{Price: 6850, Unit: "公斤"}, Message: "价格合适，请先寄两公斤样品，确认质量后签合同", UpdatedAt: now},
		Buyer:    User{ID: 1, Name: "安国同仁药业有限责任公司"},
		Supplier: User{ID: 2, Name: "川源药材行"},
	}
	for kind, recipient := range map[EventKind]int64{PurchasePublished: 2, QuoteCreated: 1, QuoteAccepted: 2, PurchaseEnded: 1} {
		if n, ok := NoticeFor(kind, f, recipient, now); ok && n.Template == title {
			return n.Fields
		}
	}
	return nil
}
