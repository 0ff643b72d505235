package templates

import "html/template"

// SubscriptionAsk is the question, inside WeChat, whether the account may send
// the reader one message of a subscription template (订阅通知). It is not shown
// without a template.
type SubscriptionAsk struct {
	TemplateID string
	Text       string // what the message is good for
	Button     string
	Yes        string // said once he agreed
}

// AskForQuotes asks a buyer whose purchase waits for quotes.
func AskForQuotes(templateID string) SubscriptionAsk {
	return SubscriptionAsk{
		TemplateID: templateID, Button: "有新报价时通知我",
		Text: "有供应商报价，马上在微信里告诉您，不用一直守着页面。",
		Yes:  "已记下，您同意接收一次新报价的微信提醒。",
	}
}

// AskForAnswer asks a supplier whose quote waits for the buyer.
func AskForAnswer(templateID string) SubscriptionAsk {
	return SubscriptionAsk{
		TemplateID: templateID, Button: "采购商答复时通知我",
		Text: "采购商一答复，马上在微信里告诉您结果。",
		Yes:  "已记下，您同意接收一次答复的微信提醒。",
	}
}

// AskStyle is the style sheet of the button, which WeChat draws out of reach of
// ours. The page's Content-Security-Policy names it by its hash.
const AskStyle = ".wx-ask-button{display:block;width:100%;min-height:46px;padding:8px 20px;border:0;border-radius:12px;" +
	"background:#0b7a4b;color:#fff;font-size:16px;font-weight:600;line-height:1.3;text-align:center}"

// Style is AskStyle, for the template.
func (SubscriptionAsk) Style() template.CSS { return AskStyle }
