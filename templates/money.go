package templates

import (
	"fmt"
	"math/big"

	"github.com/xunjia/xunjia"
)

// Total writes the price of a quantity in yuan, grouped by thousands:
// 143,000.00.
func Total(price xunjia.Fen, quantity xunjia.Quantity) string { return group(fen(price, quantity)) }

// fen is price × quantity, rounded to the fen. Large ones exceed 64 bits.
func fen(price xunjia.Fen, quantity xunjia.Quantity) *big.Int {
	n := new(big.Int).Mul(big.NewInt(int64(price)), big.NewInt(int64(quantity)))
	return n.Add(n, big.NewInt(500)).Div(n, big.NewInt(1000))
}

// bigFen is an amount for group.
func bigFen(f xunjia.Fen) *big.Int { return big.NewInt(int64(f)) }

func group(fen *big.Int) string {
	yuan, rest := new(big.Int).DivMod(fen, big.NewInt(100), new(big.Int))
	s := yuan.String()
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return fmt.Sprintf("%s.%02d", s, rest.Int64())
}

// AgainstCap compares a price with the cap: 低于限价 4.7%. It is "" without a cap.
func AgainstCap(price, limit xunjia.Fen) string {
	switch percent := 100 * (float64(price) - float64(limit)) / float64(limit); {
	case limit <= 0:
		return ""
	case price == limit:
		return "等于限价"
	case price < limit:
		return fmt.Sprintf("低于限价 %.1f%%", max(-percent, 0.1))
	default:
		return fmt.Sprintf("高于限价 %.1f%%", max(percent, 0.1))
	}
}
