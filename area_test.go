package xunjia

import (
	"slices"
	"strings"
	"testing"
)

func TestAreaNames(t *testing.T) {
	for a, want := range map[Area][2]string{
		"510104": {"四川省成都市锦江区", "锦江区"},
		"510100": {"四川省成都市", "成都市"},
		"510000": {"四川省", "四川省"},
		"110101": {"北京市东城区", "东城区"},
		"110000": {"北京市", "北京市"},
		"341602": {"安徽省亳州市谯城区", "谯城区"},
		"999999": {"", ""},
		"":       {"", ""},
		"5101":   {"", ""},
	} {
		if got := [2]string{a.Name(), a.ShortName()}; got != want {
			t.Errorf("%s: %q, want %q", a, got, want)
		}
		if a.Valid() != (want[1] != "") {
			t.Errorf("%s: valid is %v", a, a.Valid())
		}
	}
	if p, c := Area("510104").Province(), Area("510104").City(); p != "510000" || c != "510100" {
		t.Errorf("province %s, city %s", p, c)
	}
}

// Every area must be reachable from the top, level by level, as the form's
// three selects reach it, and must have a name.
func TestAreaTree(t *testing.T) {
	var count func(a Area) int
	count = func(a Area) int {
		n := 1
		if a.Name() == "" || !a.Valid() {
			t.Errorf("%s has no name", a)
		}
		if a[2:] == "0000" || a[4:] == "00" {
			for _, c := range a.Children() {
				n += count(c)
			}
		}
		return n
	}
	total := 0
	provinces := Area("").Children()
	for _, p := range provinces {
		total += count(p)
	}
	if len(provinces) < 31 || !slices.Contains(provinces, "530000") {
		t.Errorf("%d provinces", len(provinces))
	}
	if lines := len(strings.Split(strings.TrimSpace(areaText), "\n")); total != lines {
		t.Errorf("%d areas can be reached, the table has %d", total, lines)
	}
}
