package xunjia

import "fmt"

// invitedNotice tells a supplier that a buyer wants his quote.
func invitedNotice(f Facts) Notice {
	n := newPurchaseNotice(f)
	n.Lane = DirectLane
	n.Title = "邀请您报价：" + f.Purchase.Title()
	n.Text = fmt.Sprintf("%s 邀请您报价，%s", f.Buyer.Name, n.Text)
	return n
}

// sealedNotice tells the buyer of a quote that nobody may know yet: neither its
// price nor whose it is.
func sealedNotice(kind EventKind, f Facts) Notice {
	what := map[EventKind]string{QuoteCreated: "收到一份密封报价", QuoteRevised: "一份密封报价有修改", QuoteWithdrawn: "一份密封报价已撤回"}[kind]
	n := Notice{
		Type: PurchasingNotice, Lane: DirectLane,
		Title:   what + "：" + f.Line.Name,
		Text:    fmt.Sprintf("%s（%s）。%s 截止后才能看到价格。", what, f.Line.Title(), ShortTime(f.Purchase.Deadline)),
		Content: id(f.Line.ID), Path: PurchasePath(f.Purchase.ID) + "/compare",
	}
	if kind == QuoteWithdrawn {
		return n
	}
	n.Template = TemplateNewQuote
	n.Fields = []NoticeField{
		{"报价品种", f.Line.Title()},
		{"报价金额", "密封，截止后可见"},
		{"供应商", f.Supplier.MaskedName()},
		{"报价时间", FullTime(f.Quote.UpdatedAt)},
	}
	if kind == QuoteCreated {
		n.SMS, n.Params = SMSNewQuote, map[string]string{"name": f.Line.Name, "price": "密封报价"}
	}
	return n
}

// QuestionsPath is the address of the questions about a purchase.
func QuestionsPath(purchase int64) string { return PurchasePath(purchase) + "/questions" }

// questionNotice tells the buyer of a question, or who asked and who quoted of
// its answer.
func questionNotice(kind EventKind, f Facts) Notice {
	n := Notice{Lane: DirectLane, Path: QuestionsPath(f.Purchase.ID)}
	if kind == QuestionAsked {
		n.Type, n.Content = PurchasingNotice, id(f.Line.ID)
		n.Title = "供应商提问：" + f.Purchase.Title()
		n.Text = fmt.Sprintf("%s 问：%s", f.Asker.PublicName(), f.Question.Text)
		return n
	}
	n.Type, n.Content = SellingNotice, id(f.Quote.ID)
	n.Title = "采购商回答了提问：" + f.Purchase.Title()
	if !f.Question.EditedAt.IsZero() {
		n.Title = "采购商修改了回答：" + f.Purchase.Title()
	}
	n.Text = fmt.Sprintf("问：%s\n答：%s", f.Question.Text, f.Question.Answer)
	return n
}

// declinedNotice tells the buyer that a supplier does not quote on a line; who it
// is only when names are not sealed.
func declinedNotice(f Facts) Notice {
	name := f.Supplier.Name
	if f.Sealed {
		name = f.Supplier.MaskedName()
	}
	return Notice{
		Type: PurchasingNotice, Lane: DirectLane,
		Title:   "供应商谢绝报价：" + f.Line.Name,
		Text:    fmt.Sprintf("%s 不报 %s。原因：%s", name, f.Line.Title(), f.Decline.Reason),
		Content: id(f.Line.ID), Path: PurchasePath(f.Purchase.ID) + "/compare",
	}
}
