package handlers

import (
	"net/url"
	"slices"
	"strings"
	"testing"
)

// filled is a form with the lines, each of them "id quantity"; a line without id
// is new.
func filled(payment, deadline string, lines ...string) url.Values {
	v := url.Values{"payment": {payment}, "deadline_at": {deadline}}
	for n, l := range lines {
		id, quantity, _ := strings.Cut(l, " ")
		addLine(v, n, url.Values{"id": {id}, "quantity": {quantity}})
	}
	return v
}

func TestMergeEdit(t *testing.T) {
	base := func() url.Values { return filled("货到付款", "1日", "5 100", "6 200") }
	for name, c := range map[string]struct{ typed, now, want url.Values }{
		"nothing":                {base(), base(), base()},
		"only here":              {filled("月结", "1日", "5 150", "6 200"), base(), filled("月结", "1日", "5 150", "6 200")},
		"only there":             {base(), filled("月结", "9日", "5 150", "6 200"), filled("月结", "9日", "5 150", "6 200")},
		"different things":       {filled("月结", "1日", "5 100", "6 200"), filled("货到付款", "9日", "5 150", "6 200"), filled("月结", "9日", "5 150", "6 200")},
		"the same thing":         {filled("货到付款", "1日", "5 111", "6 200"), filled("货到付款", "1日", "5 150", "6 200"), filled("货到付款", "1日", "5 111", "6 200")},
		"a line added there":     {base(), filled("货到付款", "1日", "5 100", "6 200", "7 300"), filled("货到付款", "1日", "5 100", "6 200", "7 300")},
		"a line added by each":   {filled("货到付款", "1日", "5 100", "6 200", " 9"), filled("货到付款", "1日", "5 100", "6 200", "7 300"), filled("货到付款", "1日", "5 100", "6 200", " 9", "7 300")},
		"a line removed there":   {base(), filled("货到付款", "1日", "5 100"), filled("货到付款", "1日", "5 100")},
		"removed there, typed":   {filled("货到付款", "1日", "5 100", "6 250"), filled("货到付款", "1日", "5 100"), filled("货到付款", "1日", "5 100", "6 250")},
		"a line removed here":    {filled("货到付款", "1日", "5 100"), filled("货到付款", "1日", "5 100", "6 250"), filled("货到付款", "1日", "5 100")},
		"in another order there": {filled("货到付款", "1日", "5 100", "6 250"), filled("货到付款", "1日", "6 200", "5 150"), filled("货到付款", "1日", "5 150", "6 250")},
	} {
		got := mergeEdit(base(), c.typed, c.now)
		for field := range c.want {
			if !sameValues(got[field], c.want[field]) {
				t.Errorf("%s: %s is %q, want %q", name, field, got[field], c.want[field])
			}
		}
		if !slices.Equal(lineNumbers(got), lineNumbers(c.want)) {
			t.Errorf("%s: lines %v", name, got["line"])
		}
	}
	ticked := url.Values{"show_rank": {"1"}}
	if got := mergeEdit(ticked, url.Values{}, ticked); got.Get("show_rank") != "" {
		t.Error("a tick that was taken away is back")
	}
	if got := mergeEdit(url.Values{}, url.Values{}, ticked); got.Get("show_rank") != "1" {
		t.Error("a tick that the other made is gone")
	}
}
