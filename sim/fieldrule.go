package sim

import (
	"encoding/json"
	"regexp"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// jsonText is a string that may arrive as a JSON number.
type jsonText string

// UnmarshalJSON accepts a string, a number, a boolean or null.
func (t *jsonText) UnmarshalJSON(b []byte) error {
	var s string
	if len(b) > 0 && b[0] == '"' {
		if err := json.Unmarshal(b, &s); err != nil {
			return err
		}
	} else if string(b) != "null" {
		var n any
		if err := json.Unmarshal(b, &n); err != nil {
			return err
		}
		s = string(b)
	}
	*t = jsonText(s)
	return nil
}

// Patterns of the kinds that have one.
var (
	numberRule = regexp.MustCompile(`^[+-]?\d+(\.\d+)?$`)
	letterRule = regexp.MustCompile(`^[A-Za-z]+$`)
	asciiRule  = regexp.MustCompile(`^[\x20-\x7e]+$`)
	amountRule = regexp.MustCompile(`^[¥￥$€£]?\d{1,10}(\.\d+)?元?$`)
	phoneRule  = regexp.MustCompile(`^[0-9+\-() *#]+$`)
	carRule    = regexp.MustCompile(`^[\p{Han}A-Z0-9a-z]+$`)
	hanRule    = regexp.MustCompile(`^\p{Han}+$`)
)

// fieldOK holds a value to the rule of its kind; the kind is the field's name
// without the trailing number. Unknown kinds (keyword1 of old templates) and
// the lists const and enum are free here.
// Table derived from the official parameter description of subscription
// messages, the same in six public repositories [off-derived].
func fieldOK(key, value string) bool {
	kind := strings.TrimRight(key, "0123456789")
	n := utf8.RuneCountInString(value)
	switch kind {
	case "thing":
		return n <= 20
	case "number":
		return n <= 32 && numberRule.MatchString(value)
	case "letter":
		return n <= 32 && letterRule.MatchString(value)
	case "symbol":
		return n <= 5 && !strings.ContainsFunc(value, func(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) })
	case "character_string":
		return n <= 32 && asciiRule.MatchString(value)
	case "time":
		return timeOK(value, true)
	case "date":
		return timeOK(value, false)
	case "amount":
		return amountRule.MatchString(value)
	case "phone_number":
		return n <= 17 && phoneRule.MatchString(value)
	case "car_number":
		return n <= 8 && carRule.MatchString(value)
	case "name":
		return nameOK(value, n)
	case "phrase":
		return n <= 5 && hanRule.MatchString(value)
	default:
		return true
	}
}

// nameOK: up to 10 characters with Chinese, up to 20 letters and symbols without.
func nameOK(value string, n int) bool {
	if strings.ContainsFunc(value, func(r rune) bool { return unicode.Is(unicode.Han, r) }) {
		return n <= 10
	}
	return n <= 20 && !strings.ContainsFunc(value, unicode.IsDigit)
}

// timeOK accepts 24-hour times, optionally after a date, and ranges with ~.
func timeOK(value string, needsClock bool) bool {
	from, to, isRange := strings.Cut(value, "~")
	if isRange && !momentOK(strings.TrimSpace(to), needsClock) {
		return false
	}
	return momentOK(strings.TrimSpace(from), needsClock)
}

func momentOK(s string, needsClock bool) bool {
	clocks := []string{"15:04", "15:04:05"}
	dates := []string{"2006年1月2日", "2006-1-2", "2006/1/2", "2006.1.2"}
	layouts := []string{}
	if needsClock {
		layouts = append(layouts, clocks...)
	} else {
		layouts = append(layouts, dates...)
	}
	for _, d := range dates {
		for _, c := range clocks {
			layouts = append(layouts, d+" "+c)
		}
	}
	for _, l := range layouts {
		if _, err := time.Parse(l, s); err == nil {
			return true
		}
	}
	return false
}
