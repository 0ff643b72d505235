package wechat

import (
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/xunjia/xunjia"
)

// FillTemplate puts our fields into the places of a template: labels are
// matched with the template's own text, values are checked against the rule of
// their kind and shortened where that does no harm. Fields that the template
// does not have are left out. The result is the Data of a TemplateMessage. The
// error is Invalid; its Fields tell, by label, what is missing or refused.
//
// The rules are the platform's 参数类别 of template and subscription messages;
// a value that breaks one is answered with 47003 by real accounts, but accepted
// by test accounts.
func FillTemplate(t PrivateTemplate, fields []xunjia.NoticeField) (map[string]string, error) {
	byLabel := make(map[string]string, len(fields))
	for _, f := range fields {
		byLabel[cleanLabel(f.Label)] = f.Value
	}
	filled := make(map[string]string, len(t.Fields))
	wrong := xunjia.FieldErrors{}
	for _, f := range t.Fields {
		if f.Kind == "first" || f.Kind == "remark" {
			continue // no longer shown, whatever is sent
		}
		value, ours := byLabel[f.Label]
		if !ours {
			wrong.Add(f.Label, "模板需要“%s”，但这类通知没有这一项", f.Label)
			continue
		}
		fit, complaint := fitField(f.Kind, value)
		if complaint != "" {
			wrong.Add(f.Label, "“%s”%s", f.Label, complaint)
			continue
		}
		filled[f.Key] = fit
	}
	if len(t.Fields) == 0 {
		wrong.Add(t.Title, "模板“%s”里没有任何字段", t.Title)
	}
	if len(wrong) > 0 {
		return nil, templateError(t, wrong)
	}
	return filled, nil
}

// templateError tells the first complaint, in the template's order.
func templateError(t PrivateTemplate, wrong xunjia.FieldErrors) error {
	first := wrong[t.Title]
	for _, f := range t.Fields {
		if why, ok := wrong[f.Label]; ok {
			first = why
			break
		}
	}
	return &xunjia.Error{Code: xunjia.Invalid, Message: "模板消息无法发送：" + first, Fields: wrong}
}

// Shapes of values.
var (
	numberShape    = regexp.MustCompile(`^[+-]?\d+(\.\d+)?$`)
	letterShape    = regexp.MustCompile(`^[A-Za-z]{1,32}$`)
	characterShape = regexp.MustCompile(`^[!-~]{1,32}$`)
	moneyShape     = regexp.MustCompile(`^[¥￥$€£]?\d{1,10}(\.\d{1,2})?元?$`)
	phoneShape     = regexp.MustCompile(`^[0-9+\-*() ]{1,17}$`)
	carShape       = regexp.MustCompile(`^[\p{Han}A-Z][A-Z0-9]{1,6}[\p{Han}A-Z0-9]?$`)
	phraseShape    = regexp.MustCompile(`^\p{Han}{1,5}$`)
	nameShape      = regexp.MustCompile(`^[\p{Han}A-Za-z\p{P}\p{S} ]+$`)

	timeShape = regexp.MustCompile(`^` + momentPattern + `( ?~ ?` + momentPattern + `)?$`)
	dateShape = regexp.MustCompile(`^` + datePattern + `( ?~ ?` + datePattern + `)?$`)
)

// Parts of timeShape and dateShape.
const (
	clockPattern  = `([01]?\d|2[0-3]):[0-5]\d(:[0-5]\d)?`
	dayPattern    = `(\d{4}[-/]\d{1,2}[-/]\d{1,2}|\d{4}年\d{1,2}月\d{1,2}日)`
	momentPattern = `(` + dayPattern + ` )?` + clockPattern
	datePattern   = dayPattern + `( ` + clockPattern + `)?`
)

// fitField makes a value fit its kind; complaint says in Chinese why it cannot.
func fitField(kind, value string) (fit, complaint string) {
	value = oneLine(value)
	if value == "" {
		return "", "是空的"
	}
	switch kind {
	case "thing":
		return shorten(value, 20), ""
	case "name":
		return fitName(value)
	case "number":
		value = withoutThousands(value)
		return value, unless(numberShape.MatchString(value) && len(value) <= 32, "只能是 32 位以内的数字")
	case "amount":
		value = withoutThousands(value)
		return value, unless(moneyShape.MatchString(value), "只能是 10 位以内的金额，可以带一个币种符号，可以以“元”结尾")
	case "letter":
		return value, unless(letterShape.MatchString(value), "只能是 32 个以内的字母")
	case "symbol":
		return value, unless(onlySymbols(value) && utf8.RuneCountInString(value) <= 5, "只能是 5 个以内的符号")
	case "character_string":
		return value, unless(characterShape.MatchString(value), "只能是 32 位以内的数字、字母或符号，不能有汉字和空格")
	case "time":
		return value, unless(timeShape.MatchString(value), "不是 24 小时制的时间，应当像 2026-11-23 18:05")
	case "date":
		return value, unless(dateShape.MatchString(value), "不是日期，应当像 2026年11月23日")
	case "phone_number":
		return value, unless(phoneShape.MatchString(value), "只能是 17 位以内的电话号码")
	case "car_number":
		return value, unless(utf8.RuneCountInString(value) <= 8 && carShape.MatchString(value), "不是车牌号码")
	case "phrase":
		return value, unless(phraseShape.MatchString(value), "只能是 5 个以内的汉字")
	case "const", "enum":
		// The list of allowed words is shown in the console only.
		return value, unless(utf8.RuneCountInString(value) <= 20, "只能是模板里列出的选项")
	case "keyword":
		return shorten(value, 200), "" // a template of the old library
	}
	return shorten(value, 20), "" // a kind that came later
}

// fitName keeps names within 10 characters, or 20 without Chinese.
func fitName(value string) (fit, complaint string) {
	if !nameShape.MatchString(value) {
		return "", "只能是名字，不能有数字"
	}
	for _, r := range value {
		if unicode.Is(unicode.Han, r) {
			return shorten(value, 10), ""
		}
	}
	return shorten(value, 20), ""
}

func unless(fits bool, complaint string) string {
	if fits {
		return ""
	}
	return complaint
}

// shorten cuts to n characters, the last of them an ellipsis.
func shorten(s string, n int) string {
	runes := []rune(s)
	if len(runes) <= n {
		return s
	}
	return strings.TrimRight(string(runes[:n-1]), " ") + "…"
}

// oneLine turns line breaks, control characters and runs of blanks into one
// blank: values of templates have one line.
func oneLine(s string) string {
	s = strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r), unicode.IsControl(r), r == '\u3000':
			return ' '
		case r == '\u200b' || r == '\ufeff':
			return -1
		}
		return r
	}, strings.ToValidUTF8(s, ""))
	return strings.Join(strings.Fields(s), " ")
}

// withoutThousands drops the separators that people write into numbers.
func withoutThousands(s string) string {
	return strings.ReplaceAll(strings.ReplaceAll(s, ",", ""), "，", "")
}

func onlySymbols(s string) bool {
	for _, r := range s {
		if !unicode.IsPunct(r) && !unicode.IsSymbol(r) {
			return false
		}
	}
	return true
}
