package xunjia

import "time"

// SampleNotice answers the lines of a template message with made-up values, as
// the program would write them at the given moment; nil for a title that is
// none of TemplateSpecs. Some values are long on purpose, to show what is
// shortened.
func SampleNotice(title string, now time.Time) []NoticeField {
	line := Line{ID: 1, PurchaseID: 1, Name: "当归", Spec: "全归 一级 无硫", Quantity: 2_000_000, Unit: "公斤"}
	f := sampleFacts(line, now)
	for kind, recipient := range map[EventKind]int64{PurchasePublished: 2, QuoteCreated: 1, QuoteAccepted: 2, PurchaseEnded: 1,
		PurchaseExtended: 2, DealConfirmed: 2, QuotesWaiting: 1, DeviceLogin: 1} {
		f.Event.Kind = kind
		if n, ok := NoticeFor(kind, f, recipient, now); ok && n.Template == title {
			return n.Fields
		}
	}
	return nil
}

// sampleFacts are of a buyer 1, a supplier 2 and his quote on the line.
func sampleFacts(line Line, now time.Time) Facts {
	line.Reason = "已从别处买到"
	return Facts{
		Purchase: Purchase{ID: 1, Number: "2026112300017", BuyerID: 1, Terms: Terms{Area: "130682", Deadline: now.Add(3 * 24 * time.Hour)}, QuoteCount: 5,
			Lines: []Line{line, {Name: "黄连", Spec: "单枝 统货", Quantity: 500_000, Unit: "公斤"}}},
		Line: line,
		Quote: Quote{ID: 1, PurchaseID: 1, LineID: 1, SupplierID: 2, Offer: Offer{Price: 6850, Unit: "公斤", ValidUntil: now.Add(20 * time.Hour)},
			Message: "价格合适，请先寄两公斤样品，确认质量后签合同", UpdatedAt: now, Counter: Counter{Price: 6500}},
		Buyer:         User{ID: 1, Name: "安国同仁药业有限责任公司"},
		Supplier:      User{ID: 2, Name: "川源药材行"},
		Event:         Event{Actor: 1, Subject: 1, CreatedAt: now},
		Deal:          Deal{ID: 1, BuyerID: 1, SupplierID: 2, Price: 6850, Unit: "公斤", Quantity: 2_000_000},
		Question:      Question{ID: 1, Text: "可以分两批发货吗？", Answer: "可以，第一批月底前到。", State: QuestionDone},
		Asker:         User{ID: 3, Name: "陇西药农合作社"},
		Results:       map[int64]Result{1: {Price: 6850, Rank: 2, Of: 5, Sold: true, Beyond: 12}},
		Decline:       LineDecline{LineID: 1, SupplierID: 2, Reason: "数量太少"},
		Company:       Company{ID: 1, Name: "安国同仁药业"},
		Entry:         CompanyEntry{ID: 1, CompanyID: 1, Action: RoleChanged, ActorID: 1, SubjectID: 2, Detail: "审批人"},
		Certification: Certification{Kind: EnterpriseCertification, State: CertificationApproved, Until: now.AddDate(1, 0, 0)},
		Changes:       []Change{{"当归 全归 一级 无硫：数量", "1500公斤", "2000公斤"}},
		Waiting:       Waiting{Count: 3, Lowest: "68.50元/公斤"},
		Login:         Login{Device: "微信（iPhone）", IP: "203.0.113.7", At: now},
		Announcement:  Announcement{ID: 1, Title: "国庆期间客服时间", Text: "10 月 1 日至 7 日，客服时间为 9:00 至 18:00。"},
		Digest:        Digest{Count: 12, Titles: []string{"新的采购需求：当归", "新的采购需求：黄连"}},
	}
}
