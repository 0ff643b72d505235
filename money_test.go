package xunjia

import "testing"

func TestParseFen(t *testing.T) {
	for in, want := range map[string]Fen{
		"68": 6800, "68.5": 6850, "68.50": 6850, "￥68.50": 6850, "¥1": 100, "1,280元": 128000, "1，280.05": 128005,
		"０．０１": 1, "6。5": 650, " 12 ": 1200, "0": 0, "007": 700, "10000000": MaxPrice, "5.": 500,
	} {
		if got, err := ParseFen(in); err != nil || got != want {
			t.Errorf("%q: %d, %v; want %d", in, got, err, want)
		}
	}
	for _, in := range []string{"", " ", "元", "-1", "+1", "1.234", ".5", "1.2.3", "1e3", "面议", "10000000.01", "99999999999999999999", "NaN", "１２a"} {
		if got, err := ParseFen(in); ErrorCode(err) != Invalid {
			t.Errorf("%q: %d, %v; want invalid", in, got, err)
		}
	}
}

func TestParseQuantity(t *testing.T) {
	for in, want := range map[string]Quantity{
		"500": 500_000, "0.5": 500, "1,200": 1_200_000, "0.001": 1, "2.25": 2250, "100000000": MaxQuantity,
	} {
		if got, err := ParseQuantity(in); err != nil || got != want {
			t.Errorf("%q: %d, %v; want %d", in, got, err, want)
		}
	}
	for _, in := range []string{"", "-5", "0.0001", "100000000.001", "五百", "1/2"} {
		if got, err := ParseQuantity(in); ErrorCode(err) != Invalid {
			t.Errorf("%q: %d, %v; want invalid", in, got, err)
		}
	}
}

func TestAmountsAsText(t *testing.T) {
	for f, want := range map[Fen]string{0: "0.00", 1: "0.01", 6850: "68.50", -5: "-0.05", -12345: "-123.45"} {
		if got := f.String(); got != want {
			t.Errorf("%d fen: %s, want %s", int64(f), got, want)
		}
	}
	for q, want := range map[Quantity]string{0: "0", 500_000: "500", 500: "0.5", 1: "0.001", 1_250: "1.25", -1500: "-1.5"} {
		if got := q.String(); got != want {
			t.Errorf("%d: %s, want %s", int64(q), got, want)
		}
	}
}

// FuzzParseFen checks that whatever is accepted reads the same when written.
func FuzzParseFen(f *testing.F) {
	f.Add("68.5")
	f.Add("￥1,280.00元")
	f.Fuzz(func(t *testing.T, s string) {
		v, err := ParseFen(s)
		if err != nil {
			return
		}
		if again, err := ParseFen(v.String()); err != nil || again != v || v < 0 || v > MaxPrice {
			t.Errorf("%q gives %d, written %s, read %d (%v)", s, v, v, again, err)
		}
	})
}
