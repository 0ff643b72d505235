package xunjia

import (
	"log/slog"
	"regexp"
	"strings"
)

// Phone is a mainland Chinese mobile number: 11 digits, without +86.
type Phone string

// mobile is the shape of every mainland mobile number: 13x to 19x.
var mobile = regexp.MustCompile(`^1[3-9]\d{9}$`)

// ParsePhone accepts what people type: spaces, dashes, a leading +86 or 0086,
// full-width digits. The error is Invalid on the field "phone".
func ParsePhone(s string) (Phone, error) {
	s = strings.Map(func(r rune) rune {
		switch {
		case r >= '０' && r <= '９':
			return r - '０' + '0'
		case r == ' ' || r == '-' || r == '\u00a0' || r == '\u3000' || r == '\t':
			return -1
		}
		return r
	}, s)
	s = strings.TrimPrefix(strings.TrimPrefix(s, "+86"), "0086")
	if s == "" {
		return "", FieldErrors{"phone": "请填写手机号"}.Err()
	}
	if !mobile.MatchString(s) {
		return "", FieldErrors{"phone": "请填写 11 位中国大陆手机号"}.Err()
	}
	return Phone(s), nil
}

// Masked shows the first three and the last four digits: 138****0000.
func (p Phone) Masked() string {
	if len(p) != 11 {
		return strings.Repeat("*", len(p))
	}
	return string(p[:3]) + "****" + string(p[7:])
}

// LogValue keeps full numbers out of the log.
func (p Phone) LogValue() slog.Value { return slog.StringValue(p.Masked()) }
