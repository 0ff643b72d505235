package xunjia

// SubscriptionTitles are the titles, or parts of titles, of subscription
// templates that may carry the notice of a template message, best first: the
// same title, then those of the platform's library. nil for notices that nobody
// is asked to subscribe to.
func SubscriptionTitles(template string) []string {
	switch template {
	case TemplateNewQuote:
		return []string{TemplateNewQuote, "报价提醒", "新报价", "收到报价"}
	case TemplateQuoteAnswer:
		return []string{TemplateQuoteAnswer, "报价结果", "答复", "订单状态"}
	}
	return nil
}
