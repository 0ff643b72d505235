package xunjia

import (
	"fmt"
	"slices"
	"strconv"
	"time"
)

// NoticeField is one line of a template message: the label as it stands in
// the template's text ("采购品种") and our value for it.
type NoticeField struct {
	Label string
	Value string
}

// Notice is what one person is told of one event, on every channel.
type Notice struct {
	Type    NotificationType
	Title   string
	Text    string
	Content string // Notification.Content
	Path    string // the page that it leads to
	Lane    Lane

	Template string        // title of the template message; "" when WeChat is not used
	Fields   []NoticeField // its lines
	SMS      string        // key of the SMS template; "" when not worth an SMS
	Params   map[string]string
}

// Facts is what a notice says: the things that an event is about, as they
// stand when the notice is written. Those that do not apply are zero.
type Facts struct {
	Purchase Purchase // with the lines that matter
	Line     Line
	Quote    Quote
	Buyer    User
	Supplier User
	Event    Event
	Deal     Deal
	Results  map[int64]Result // of a concluded line, by quote id
	Sealed   bool             // the quote's prices are hidden
	Question Question
	Asker    User // of the question
	Decline  LineDecline
	Changes  []Change     // of an edited purchase
	Team     []int64      // who is told for the buyer's side; nil: the buyer
	Company  Company      // of a change of its members: Buyer is who did it, Supplier whom it concerns
	Entry    CompanyEntry // the change

	Certification Certification

	Waiting      Waiting
	Login        Login
	Announcement Announcement
	Digest       Digest
}

// Buys tells whether the recipient is told for the buyer's side.
func (f Facts) Buys(recipient int64) bool {
	if f.Team == nil {
		return recipient == f.Purchase.BuyerID
	}
	return slices.Contains(f.Team, recipient)
}

// TemplateSpec describes a template message that staff must have in their
// official account: its title and the labels of its lines.
type TemplateSpec struct {
	Title  string
	Labels []string
}

// Titles of the template messages, as they stand in the template library.
const (
	TemplateNewPurchase   = "新采购需求通知"
	TemplateNewQuote      = "收到报价通知"
	TemplateQuoteAnswer   = "报价结果通知"
	TemplatePurchaseEnded = "采购单结束通知"
	TemplatePurchaseNews  = "采购单变更通知"
	TemplateDeal          = "成交状态通知"
	TemplateReminder      = "待办事项提醒"
	TemplateLogin         = "新设备登录提醒"
)

// TemplateSpecs lists every template message that notices use.
func TemplateSpecs() []TemplateSpec {
	return []TemplateSpec{
		{TemplateNewPurchase, []string{"采购品种", "采购数量", "收货地区", "截止时间", "采购商"}},
		{TemplateNewQuote, []string{"报价品种", "报价金额", "供应商", "报价时间"}},
		{TemplateQuoteAnswer, []string{"报价品种", "报价金额", "处理结果", "回复内容", "处理时间"}},
		{TemplatePurchaseEnded, []string{"采购单号", "采购品种", "报价数量", "结束时间"}},
		{TemplatePurchaseNews, []string{"采购单号", "采购品种", "变更内容", "变更时间"}},
		{TemplateDeal, []string{"成交品种", "成交单价", "成交状态", "成交说明", "更新时间"}},
		{TemplateReminder, []string{"待办事项", "事项内容", "提醒时间"}},
		{TemplateLogin, []string{"登录设备", "登录时间", "登录提示"}},
	}
}

// Keys of the SMS templates; configuration maps them to the provider's codes.
const (
	SMSCode        = "code"     // params: code
	SMSNewPurchase = "purchase" // params: name, quantity, deadline
	SMSNewQuote    = "quote"    // params: name, price
	SMSQuoteAnswer = "result"   // params: name, result
	SMSReminder    = "reminder" // params: what
)

// NoticeFor writes what the recipient is told of the event. The recipient is
// the buyer or one of the suppliers; anybody else is told nothing (false).
func NoticeFor(kind EventKind, f Facts, recipient int64, at time.Time) (Notice, bool) {
	buyer := f.Buys(recipient)
	switch {
	case kind == PurchasePublished && !buyer:
		return newPurchaseNotice(f), true
	case (kind == QuoteCreated || kind == QuoteRevised || kind == QuoteWithdrawn) && buyer && f.Sealed:
		return sealedNotice(kind, f), true
	case (kind == QuoteCreated || kind == QuoteRevised || kind == QuoteWithdrawn) && buyer:
		return quoteNotice(kind, f), true
	case (kind == QuoteAccepted || kind == QuoteRefused) && recipient == f.Quote.SupplierID:
		return answerNotice(kind, f, at), true
	case kind == PurchaseEnded || kind == PurchaseClosed:
		return endedNotice(kind, f, buyer, at), true
	case (kind == LineClosed || kind == PurchaseExtended || kind == PurchaseReopened) && !buyer:
		return lifecycleNotice(kind, f, at), true
	case kind.dealKind() && (buyer || recipient == f.Deal.SupplierID):
		return dealNotice(kind, f, recipient), true
	case kind == PurchaseEdited && !buyer:
		return editedNotice(f, at), true
	case kind == QuoteConfirmed && buyer:
		return confirmedNotice(f), true
	case kind == LineDeclined && buyer:
		return declinedNotice(f), true
	case kind == SupplierInvited && recipient == f.Event.Subject:
		return invitedNotice(f), true
	case (kind == QuestionAsked && buyer || kind == QuestionAnswered && !buyer) && f.Question.State != QuestionHidden:
		return questionNotice(kind, f), true
	case kind == UserRegistered || kind == TaskDone || kind == LevelReached:
		return growthNotice(kind, f), true
	case kind == LineConcluded && recipient == f.Quote.SupplierID:
		return resultNotice(f, at), true
	case kind == PurchaseEnding, kind == QuoteExpiring && recipient == f.Quote.SupplierID, kind == QuotesWaiting && buyer,
		kind == DealWaiting && (buyer || recipient == f.Deal.SupplierID):
		return reminderNotice(kind, f, recipient, at), true
	case kind == CertificationDone && recipient == f.Event.Subject:
		return certifiedNotice(f, at), true
	case kind == CertificationEnds && recipient == f.Event.Subject:
		return expiringNotice(f, at), true
	case kind == CompanyChanged && f.Entry.ID != 0:
		return companyNotice(f, recipient), true
	case kind == DeviceLogin && recipient == f.Event.Actor, kind == DigestDue && recipient == f.Event.Actor, kind == SystemAnnounced:
		return accountNotice(kind, f, at), true
	case kind == QuoteCountered && recipient == f.Quote.SupplierID:
		return counterNotice(f, at), true
	case kind == AnswerUndone && recipient == f.Quote.SupplierID:
		return undoneNotice(f, at), true
	}
	return Notice{}, false
}

func newPurchaseNotice(f Facts) Notice {
	goods, amount := f.Line.Summary(), f.Line.Amount()
	if lines := len(f.Purchase.Lines); lines > 1 {
		goods += fmt.Sprintf(" 等%d个品种", lines)
		amount += fmt.Sprintf("等%d项", lines)
	}
	n := Notice{
		Type: PurchasingNotice, Lane: MassLane,
		Title:   "新的采购需求：" + f.Purchase.Title(),
		Text:    fmt.Sprintf("%s 求购 %s，%s 截止报价。", f.Buyer.Name, goods, ShortTime(f.Purchase.Deadline)),
		Content: id(f.Line.ID), Path: PurchasePath(f.Purchase.ID),
		Template: TemplateNewPurchase, SMS: SMSNewPurchase,
	}
	n.Fields = []NoticeField{
		{"采购品种", f.Purchase.Title()},
		{"采购数量", amount},
		{"收货地区", f.Purchase.Area.Name()},
		{"截止时间", FullTime(f.Purchase.Deadline)},
		{"采购商", f.Buyer.Name},
	}
	n.Params = map[string]string{"name": f.Line.Name, "quantity": f.Line.Amount(), "deadline": ShortTime(f.Purchase.Deadline)}
	return n
}

func quoteNotice(kind EventKind, f Facts) Notice {
	price := f.Quote.FullPrice()
	n := Notice{
		Type: PurchasingNotice, Lane: DirectLane,
		Content: id(f.Line.ID), Path: PurchasePath(f.Purchase.ID) + "/compare",
		Template: TemplateNewQuote,
	}
	switch kind {
	case QuoteRevised:
		n.Title = "报价有变化：" + f.Line.Name
		n.Text = fmt.Sprintf("%s 修改了对 %s 的报价：%s。", f.Supplier.Name, f.Line.Title(), price)
	case QuoteWithdrawn:
		n.Title = "报价已撤回：" + f.Line.Name
		n.Text = fmt.Sprintf("%s 撤回了对 %s 的报价。", f.Supplier.Name, f.Line.Title())
		if f.Quote.Withdrawal != "" {
			n.Text += "原因：" + f.Quote.Withdrawal
		}
		n.Template = "" // the template is about a price, and there is none any more
	default:
		n.Title = "收到报价：" + f.Line.Name
		n.Text = fmt.Sprintf("%s 对 %s 报价：%s。", f.Supplier.Name, f.Line.Title(), price)
		n.SMS = SMSNewQuote
	}
	n.Fields = []NoticeField{
		{"报价品种", f.Line.Title()},
		{"报价金额", f.Quote.Price.String() + "元"},
		{"供应商", f.Supplier.Name},
		{"报价时间", FullTime(f.Quote.UpdatedAt)},
	}
	n.Params = map[string]string{"name": f.Line.Name, "price": price}
	return n
}

func answerNotice(kind EventKind, f Facts, at time.Time) Notice {
	result := "已接受"
	if kind == QuoteRefused {
		result = "未接受"
	}
	message := f.Quote.Message
	if message == "" {
		message = "采购商没有留言"
	}
	n := Notice{
		Type: SellingNotice, Lane: DirectLane,
		Title:   fmt.Sprintf("您对 %s 的报价%s", f.Line.Name, result),
		Text:    fmt.Sprintf("%s：%s", f.Buyer.Name, message),
		Content: id(f.Quote.ID), Path: QuotePath(f.Quote.ID),
		Template: TemplateQuoteAnswer, SMS: SMSQuoteAnswer,
	}
	n.Fields = []NoticeField{
		{"报价品种", f.Line.Title()},
		{"报价金额", f.Quote.Price.String() + "元"},
		{"处理结果", result},
		{"回复内容", message},
		{"处理时间", FullTime(at)},
	}
	n.Params = map[string]string{"name": f.Line.Name, "result": result}
	return n
}

func endedNotice(kind EventKind, f Facts, buyer bool, at time.Time) Notice {
	word := "报价已结束"
	if kind == PurchaseClosed {
		word = "已关闭"
	}
	n := Notice{
		Type: SellingNotice, Lane: DirectLane,
		Title:   fmt.Sprintf("采购单%s：%s", word, f.Purchase.Title()),
		Text:    fmt.Sprintf("%s 的采购单 %s %s，共收到 %d 条报价。", f.Buyer.Name, f.Purchase.Number, word, f.Purchase.QuoteCount),
		Content: id(f.Quote.ID), Path: PurchasePath(f.Purchase.ID),
		Template: TemplatePurchaseEnded,
	}
	if buyer {
		n.Type, n.Content = PurchasingNotice, id(f.Line.ID)
		n.Text = fmt.Sprintf("您的采购单 %s %s，共收到 %d 条报价，请尽快查看并答复。", f.Purchase.Number, word, f.Purchase.QuoteCount)
		switch {
		case kind == PurchaseClosed:
			n.Text = fmt.Sprintf("您的采购单 %s 已被平台关闭，共收到 %d 条报价。", f.Purchase.Number, f.Purchase.QuoteCount)
		case f.Purchase.QuoteCount == 0:
			n.Text = fmt.Sprintf("您的采购单 %s %s，没有收到报价，可以改一改要求再发布一次。", f.Purchase.Number, word)
		}
		n.Path = PurchasePath(f.Purchase.ID) + "/compare"
	}
	if f.Purchase.Reason != "" {
		n.Text += "原因：" + f.Purchase.Reason
	}
	n.Fields = []NoticeField{
		{"采购单号", f.Purchase.Number},
		{"采购品种", f.Purchase.Title()},
		{"报价数量", strconv.Itoa(f.Purchase.QuoteCount)},
		{"结束时间", FullTime(at)},
	}
	return n
}

// PurchasePath is the address of a purchase's page.
func PurchasePath(purchase int64) string { return "/purchases/" + id(purchase) }

// QuotePath is the address of a quote's page.
func QuotePath(quote int64) string { return "/quotes/" + id(quote) }

func id(n int64) string { return strconv.FormatInt(n, 10) }
