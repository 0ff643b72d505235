package xunjia

import (
	"fmt"
	"slices"
)

// Result is how a quote did among those of its line.
type Result struct {
	Price  Fen // as quoted
	Rank   int // by landed price, from 1; equal prices share a rank; 0 when it cannot be compared
	Of     int // how many quotes stood
	Won    bool
	Sold   bool // somebody won
	Beyond int  // above the cheapest winner, in tenths of a percent; negative below
}

// Results ranks the quotes of a line, by quote id; withdrawn ones are left out.
func Results(t Terms, l Line, quotes []Quote) map[int64]Result {
	type entry struct {
		Quote
		landed Landed
	}
	var list []entry
	for _, q := range quotes {
		if q.State != Withdrawn {
			list = append(list, entry{q, q.Landed(t, l)})
		}
	}
	slices.SortStableFunc(list, func(a, b entry) int { return a.landed.Compare(b.landed) })
	winner := slices.IndexFunc(list, func(e entry) bool { return e.State == Accepted })
	results := make(map[int64]Result, len(list))
	rank := 0
	for i, e := range list {
		if i == 0 || e.landed.Compare(list[i-1].landed) != 0 {
			rank = i + 1
		}
		r := Result{Price: e.Price, Of: len(list), Won: e.State == Accepted, Sold: winner >= 0}
		if e.landed.Known() {
			r.Rank = rank
		}
		if r.Sold {
			r.Beyond = e.landed.Beyond(list[winner].landed)
		}
		results[e.ID] = r
	}
	return results
}

// Distance writes how far the quote was from the winner: 比成交价高 5.2%. It is
// "" when nobody won or the quote itself did.
func (r Result) Distance() string {
	switch {
	case !r.Sold || r.Won || r.Rank == 0:
		return ""
	case r.Beyond == 0:
		return "和成交价相同"
	case r.Beyond < 0:
		return fmt.Sprintf("比成交价低 %d.%d%%", -r.Beyond/10, -r.Beyond%10)
	}
	return fmt.Sprintf("比成交价高 %d.%d%%", r.Beyond/10, r.Beyond%10)
}
