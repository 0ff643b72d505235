package xunjia

import (
	"fmt"
	"strconv"
	"strings"
)

// Fen is an amount of money in hundredths of a yuan.
type Fen int64

// MaxPrice is the highest price a form accepts: ten million yuan.
const MaxPrice Fen = 10_000_000_00

// ParseFen reads yuan as people type them: "68", "68.5", "￥68.50", "1,280元".
// The result is not negative. The error is Invalid with a message that fits
// beneath the field.
func ParseFen(s string) (Fen, error) {
	s = strings.TrimSuffix(strings.TrimLeft(clean(s), "￥¥"), "元")
	n, err := parseDecimal(s, 2)
	if err != nil {
		return 0, Errorf(Invalid, "请填写数字，最多两位小数")
	}
	if Fen(n) > MaxPrice {
		return 0, Errorf(Invalid, "金额不能超过一千万元")
	}
	return Fen(n), nil
}

// String writes yuan with two decimals: "68.50".
func (f Fen) String() string {
	sign, n := "", int64(f)
	if n < 0 {
		sign, n = "-", -n
	}
	return fmt.Sprintf("%s%d.%02d", sign, n/100, n%100)
}

// Quantity is an amount of goods in thousandths of its unit.
type Quantity int64

// MaxQuantity is the largest amount a form accepts: a hundred million units.
const MaxQuantity Quantity = 100_000_000_000

// ParseQuantity reads "500", "0.5" or "1,200" with at most three decimals. The
// result is not negative.
func ParseQuantity(s string) (Quantity, error) {
	n, err := parseDecimal(clean(s), 3)
	if err != nil {
		return 0, Errorf(Invalid, "请填写数字，最多三位小数")
	}
	if Quantity(n) > MaxQuantity {
		return 0, Errorf(Invalid, "数量太大了")
	}
	return Quantity(n), nil
}

// String writes the amount without needless zeros: "500", "0.5".
func (q Quantity) String() string {
	sign, n := "", int64(q)
	if n < 0 {
		sign, n = "-", -n
	}
	s := fmt.Sprintf("%s%d.%03d", sign, n/1000, n%1000)
	return strings.TrimRight(strings.TrimRight(s, "0"), ".")
}

// Unit is what a quantity counts: 公斤, 吨, 袋.
type Unit string

// clean turns full-width digits, separators and spaces into what strconv reads.
func clean(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r >= '０' && r <= '９':
			return r - '０' + '0'
		case r == '．' || r == '。':
			return '.'
		case r == ',' || r == '，' || r == ' ' || r == '\u3000':
			return -1
		}
		return r
	}, s)
}

// parseDecimal reads a non-negative decimal with at most places decimals and
// answers it multiplied by 10^places.
func parseDecimal(s string, places int) (int64, error) {
	whole, frac, _ := strings.Cut(s, ".")
	if whole == "" || len(whole) > 12 || len(frac) > places {
		return 0, strconv.ErrSyntax
	}
	digits := whole + frac + strings.Repeat("0", places-len(frac))
	for _, r := range digits {
		if r < '0' || r > '9' {
			return 0, strconv.ErrSyntax
		}
	}
	return strconv.ParseInt(digits, 10, 64)
}
