package xunjia

import (
	"maps"
	"slices"
	"strings"
	"unicode/utf8"
)

// SMSSpec is one kind of short message as the provider has to review it.
type SMSSpec struct {
	Key  string // SMSNewQuote
	Name string // Chinese
	Text string // with ${variables}; ${site} is the site's address, a fixed text for the provider
}

// SMSSpecs lists every kind of short message.
func SMSSpecs() []SMSSpec {
	return []SMSSpec{
		{SMSCode, "验证码", "您的验证码是${code}，5分钟内有效，请勿告诉他人。"},
		{SMSNewPurchase, "新的采购需求", "有人求购${name} ${quantity}，${deadline}截止报价，点 ${site}/${link} 查看并报价，退订回T。"},
		{SMSNewQuote, "收到报价", "您求购的${name}收到新的报价：${price}，打开公众号“询价通”查看。"},
		{SMSQuoteAnswer, "报价结果", "您对${name}的报价${result}，打开公众号“询价通”查看。"},
		{SMSReminder, "待办提醒", "提醒您：${what}，打开公众号“询价通”处理。"},
	}
}

// SMSName is the Chinese name of a kind of short message.
func SMSName(key string) string {
	for _, s := range SMSSpecs() {
		if s.Key == key {
			return s.Name
		}
	}
	return key
}

// SMSText is what arrives: the reviewed text with its values, behind the sign in
// brackets. The provider may have reviewed another wording; for counting what a
// message costs ours is close enough until its report tells.
func SMSText(key, sign, site string, params map[string]string) string {
	for _, s := range SMSSpecs() {
		if s.Key != key {
			continue
		}
		pairs := []string{"${site}", site}
		for _, name := range slices.Sorted(maps.Keys(params)) {
			pairs = append(pairs, "${"+name+"}", params[name])
		}
		return "【" + sign + "】" + strings.NewReplacer(pairs...).Replace(s.Text)
	}
	return ""
}

// Characters of a short message that is sent as one, and of each part of a
// longer one. [help.aliyun.com/document_detail/101346.html]
const (
	smsWhole = 70
	smsPart  = 67
)

// SMSSegments is how many messages a text is billed as, at least 1.
func SMSSegments(text string) int {
	n := utf8.RuneCountInString(text)
	if n <= smsWhole {
		return 1
	}
	return (n + smsPart - 1) / smsPart
}

// SMSCostCounter names the counter of what short messages cost in a day, in 厘
// (a thousandth of a yuan), and MaxSMSCost is more than any day costs.
const (
	SMSCostCounter = "sms:cost"
	MaxSMSCost     = 1 << 50
)

// UnsubscribesSMS tells whether somebody who answered a short message wants no
// more of them: T, TD, N, R or 退订, in any width and case.
func UnsubscribesSMS(text string) bool {
	text = strings.Map(func(r rune) rune {
		switch {
		case r >= 'Ａ' && r <= 'Ｚ':
			return r - 'Ａ' + 'A'
		case r >= 'ａ' && r <= 'ｚ':
			return r - 'ａ' + 'A'
		}
		return r
	}, strings.ToUpper(strings.TrimSpace(text)))
	text = strings.TrimRight(text, "。.！! 　")
	return slices.Contains([]string{"T", "TD", "N", "R", "退订", "退定", "回T退订", "取消"}, text)
}
