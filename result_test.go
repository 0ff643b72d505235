package xunjia

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestResults(t *testing.T) {
	line := Line{Quantity: 100_000, Unit: "公斤"}
	quote := func(id int64, price Fen, unit Unit, state QuoteState) Quote {
		return Quote{ID: id, Offer: Offer{Price: price, Unit: unit}, State: state}
	}
	quotes := []Quote{
		quote(1, 105_20, "公斤", NotChosen), quote(2, 100_00, "公斤", Accepted), quote(3, 50_00, "斤", NotChosen),
		quote(4, 90_00, "公斤", Refused), quote(5, 80_00, "公斤", Withdrawn), quote(6, 1, "袋", NotChosen), quote(7, 110_00, "公斤", Accepted),
	}
	want := map[int64]Result{
		4: {Price: 90_00, Rank: 1, Of: 6, Sold: true, Beyond: -100},
		2: {Price: 100_00, Rank: 2, Of: 6, Won: true, Sold: true},
		3: {Price: 50_00, Rank: 2, Of: 6, Sold: true},
		1: {Price: 105_20, Rank: 4, Of: 6, Sold: true, Beyond: 52},
		7: {Price: 110_00, Rank: 5, Of: 6, Won: true, Sold: true, Beyond: 100},
		6: {Price: 1, Of: 6, Sold: true},
	}
	got := Results(Terms{}, line, quotes)
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
	for id, text := range map[int64]string{4: "比成交价低 10.0%", 2: "", 3: "和成交价相同", 1: "比成交价高 5.2%", 7: "", 6: ""} {
		if d := got[id].Distance(); d != text {
			t.Errorf("%d: %q, want %q", id, d, text)
		}
	}
	unsold := Results(Terms{}, line, quotes[:1])
	if r := unsold[1]; r.Sold || r.Rank != 1 || r.Distance() != "" {
		t.Errorf("nobody won: %+v", r)
	}
	if len(Results(Terms{}, line, nil)) != 0 {
		t.Error("results of nothing")
	}
}

func TestResultNotices(t *testing.T) {
	f := facts()
	f.Results = map[int64]Result{9: {Price: 28600, Rank: 3, Of: 5, Sold: true, Beyond: 52}}
	f.Quote.Counter = Counter{Price: 27000, Message: "量大，能否便宜些"}
	for _, c := range []struct {
		kind      EventKind
		rank      bool
		recipient int64
		words     []string
		not       string
	}{
		{LineConcluded, true, 2, []string{"未中选", "您的报价排第 3（共 5 家），比成交价高 5.2%"}, ""},
		{LineConcluded, false, 2, []string{"未中选", "选择了其他报价"}, "排第"},
		{QuoteCountered, false, 2, []string{"采购商还价", "270.00元/公斤", "286.00元/公斤", "量大，能否便宜些"}, ""},
		{AnswerUndone, false, 2, []string{"已撤销", "报价继续有效"}, ""},
		{LineConcluded, true, 1, nil, ""}, {QuoteCountered, false, 1, nil, ""}, {AnswerUndone, false, 3, nil, ""},
	} {
		f.Purchase.ShowRank = c.rank
		n, told := NoticeFor(c.kind, f, c.recipient, noon())
		if told != (c.words != nil) {
			t.Errorf("%s to %d: told %v", c.kind, c.recipient, told)
			continue
		}
		for _, w := range c.words {
			if !strings.Contains(n.Title+n.Text, w) {
				t.Errorf("%s: %q, %q lack %q", c.kind, n.Title, n.Text, w)
			}
		}
		if c.not != "" && strings.Contains(n.Text, c.not) {
			t.Errorf("%s: %q contains %q", c.kind, n.Text, c.not)
		}
		if told && (n.Type != SellingNotice || n.Path != "/quotes/9") {
			t.Errorf("%s: %+v", c.kind, n)
		}
	}
	unsold := f
	unsold.Results = map[int64]Result{9: {Price: 28600, Of: 1, Rank: 1}}
	if n, _ := NoticeFor(LineConcluded, unsold, 2, noon()); !strings.Contains(n.Text, "没有选择任何报价") {
		t.Errorf("nobody won: %q", n.Text)
	}
}
