package xunjia

import "strings"

// Why tells somebody, in a sentence, why he is told of events of the kind.
// categories are the names of those of the purchase that he follows.
func Why(kind EventKind, t NotificationType, categories []string) string {
	switch {
	case kind == PurchasePublished && len(categories) > 0:
		return "因为您关注了" + strings.Join(categories, "、") + "。"
	case kind == PurchasePublished:
		return "因为当时您关注的品种里有它。"
	case kind == SupplierInvited:
		return "因为采购商邀请您报价。"
	case kind == PurchaseEnding && t == PurchasingNotice:
		return "因为这张采购单是您发布的，或者您看过它、还没有报价。"
	case kind == QuestionAnswered:
		return "因为您对这张采购单提过问，或者报过价。"
	case kind == SystemAnnounced:
		return "这是平台发给大家的通知。"
	case kind == DigestDue:
		return "因为您选择了每日汇总。"
	}
	switch kind.Spec().Topic {
	case BuyingTopic:
		return "因为这张采购单是您或您的公司发布的。"
	case SellingTopic:
		if t == PurchasingNotice {
			return "因为这张采购单是您或您的公司发布的。"
		}
		return "因为您对这张采购单报过价。"
	case DealTopic:
		return "因为您是这笔成交的一方。"
	}
	return "这是您账户的消息。"
}
