package xunjia

import "slices"

// Topic groups the kinds of events where people choose what they want to hear.
type Topic int

// The topics in the order of pages.
const (
	BuyingTopic  Topic = 1 // 我的采购
	SellingTopic Topic = 2 // 我的报价
	DealTopic    Topic = 3 // 成交
	AccountTopic Topic = 4 // 账户与系统
)

// Topics lists every topic.
func Topics() []Topic { return []Topic{BuyingTopic, SellingTopic, DealTopic, AccountTopic} }

// String is the topic's Chinese name.
func (t Topic) String() string {
	switch t {
	case BuyingTopic:
		return "我的采购"
	case SellingTopic:
		return "我的报价"
	case DealTopic:
		return "成交"
	case AccountTopic:
		return "账户与系统"
	}
	return ""
}

// EventSpec is the entry of one kind of event in the catalogue. Everybody who is
// told finds a row in the inbox; Channels are what carries it to him besides.
type EventSpec struct {
	Kind     EventKind
	Name     string // Chinese, for preferences and the console: 收到报价
	Topic    Topic
	Told     string    // who is told, for the documentation
	Channels []Channel // by default, in the order in which they are tried
	Urgent   bool      // also in quiet hours, at once, and whatever the preferences say
}

// Uses tells whether the kind is carried by the channel at all.
func (s EventSpec) Uses(c Channel) bool { return slices.Contains(s.Channels, c) }

// Catalogue lists every kind of event, in the order of docs/events.md.
func Catalogue() []EventSpec {
	wechat, text := []Channel{WeChatChannel}, []Channel{WeChatChannel, SMSChannel}
	return []EventSpec{
		{PurchasePublished, "新的采购需求", SellingTopic, "suppliers who follow a category of it", text, false},
		{SupplierInvited, "邀请报价", SellingTopic, "the invited supplier", text, false},
		{PurchaseEdited, "采购单有修改", SellingTopic, "everyone who quoted", wechat, false},
		{PurchaseExtended, "报价延期", SellingTopic, "everyone who quoted", wechat, false},
		{PurchaseReopened, "重新开放报价", SellingTopic, "everyone who quoted", wechat, false},
		{LineClosed, "品种停止采购", SellingTopic, "everyone who quoted on the line", wechat, false},
		{PurchaseClosed, "采购单关闭", SellingTopic, "everyone who quoted, and the buyer when staff did it", wechat, false},
		{PurchaseEnded, "报价结束", SellingTopic, "everyone who quoted, and the buyer when the deadline did it", wechat, false},
		{PurchaseEnding, "报价即将截止", SellingTopic, "the buyer, and suppliers who looked at it and have not quoted", wechat, false},
		{QuestionAnswered, "采购商回答提问", SellingTopic, "who asked, and everyone who quoted", nil, false},
		{QuoteAccepted, "报价被接受", SellingTopic, "the supplier", text, false},
		{QuoteRefused, "报价未被接受", SellingTopic, "the supplier", text, false},
		{LineConcluded, "报价未中选", SellingTopic, "everyone who quoted on the line and was not chosen", text, false},
		{AnswerUndone, "答复被撤销", SellingTopic, "the supplier", text, false},
		{QuoteCountered, "采购商还价", SellingTopic, "the supplier", text, false},
		{QuoteExpiring, "报价即将过期", SellingTopic, "the supplier", wechat, false},

		{QuoteCreated, "收到报价", BuyingTopic, "the buyer", text, false},
		{QuoteRevised, "报价有变化", BuyingTopic, "the buyer", wechat, false},
		{QuoteWithdrawn, "报价撤回", BuyingTopic, "the buyer", nil, false},
		{QuoteConfirmed, "供应商确认新要求", BuyingTopic, "the buyer", nil, false},
		{LineDeclined, "供应商谢绝报价", BuyingTopic, "the buyer", nil, false},
		{QuestionAsked, "供应商提问", BuyingTopic, "the buyer", nil, false},
		{QuotesWaiting, "还有报价没有答复", BuyingTopic, "the buyer, at most twice, a day apart", text, false},

		{DealChanged, "成交单有修改", DealTopic, "the other side", wechat, false},
		{DealConfirmed, "成交单确认", DealTopic, "the other side", wechat, false},
		{DealWaiting, "成交单等待确认", DealTopic, "the side that has not confirmed", text, false},
		{DealCancelled, "成交取消", DealTopic, "the other side", wechat, false},
		{DealKept, "成交继续有效", DealTopic, "the other side", nil, false},
		{DealCompleted, "成交完成", DealTopic, "the other side", nil, false},
		{DealRated, "收到评价", DealTopic, "the other side", nil, false},
		{DealDisputed, "成交有争议", DealTopic, "the other side", wechat, false},
		{DisputeSettled, "争议处理结果", DealTopic, "both sides", nil, false},

		{UserRegistered, "注册成功", AccountTopic, "the user", nil, false},
		{TaskDone, "完成成长任务", AccountTopic, "the user", nil, false},
		{LevelReached, "成长等级提升", AccountTopic, "the user", nil, false},
		{CompanyChanged, "公司成员变化", AccountTopic, "the member concerned and the company's owners", nil, false},
		{CertificationDone, "认证结果", AccountTopic, "the supplier", wechat, false},
		{CertificationEnds, "认证即将到期", AccountTopic, "the supplier, 30 and 7 days before", wechat, false},
		{SystemAnnounced, "系统通知", AccountTopic, "whom staff chose", nil, false},
		{DeviceLogin, "新设备登录", AccountTopic, "the user", wechat, true},
		{DigestDue, "每日汇总", AccountTopic, "who chose a daily digest", wechat, false},
		{CodeRequested, "短信验证码", AccountTopic, "a phone that waits for it", []Channel{SMSChannel}, true},
	}
}

// Spec is the kind's entry in the catalogue; zero for a kind that has none.
func (k EventKind) Spec() EventSpec {
	for _, s := range Catalogue() {
		if s.Kind == k {
			return s
		}
	}
	return EventSpec{}
}
