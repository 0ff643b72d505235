package xunjia

import (
	"strings"
	"testing"
)

func herbs() []Category {
	kg := []Unit{"公斤", "斤", "吨"}
	return []Category{
		{ID: 1, Name: "根茎类"}, // a group
		{ID: 2, ParentID: 1, Name: "黄连", Initials: "hl", Aliases: []string{"川连", "味连"}, Units: kg, Specs: []string{"统货", "选货", "单枝"}, Origins: []string{"四川", "重庆", "湖北"}},
		{ID: 3, ParentID: 1, Name: "当归", Initials: "dg", Aliases: []string{"秦归"}, Units: kg, Specs: []string{"全归 一级", "归头"}, Origins: []string{"甘肃", "岷县"}},
		{ID: 4, ParentID: 1, Name: "黄芪", Initials: "hq", Units: kg, Specs: []string{"大选", "中条"}, Origins: []string{"甘肃"}},
		{ID: 5, ParentID: 1, Name: "三七", Initials: "sq", Aliases: []string{"田七"}, Units: kg, Specs: []string{"20头", "60头", "无数头"}, Origins: []string{"云南文山"}},
		{ID: 6, ParentID: 1, Name: "炙黄芪", Initials: "zhq", Units: kg},
		{ID: 7, ParentID: 1, Name: "蛤蚧", Initials: "gj", Units: []Unit{"对"}},
		{ID: 8, ParentID: 1, Name: "人参", Initials: "rs", Units: []Unit{"公斤", "支"}},
	}
}

func TestParseLine(t *testing.T) {
	for text, want := range map[string]string{ // name | spec | amount | cap | origin | quality | typed
		"黄连 统货 500公斤":               "黄连|统货|500公斤|0.00|||",
		"黄连统货500公斤":                 "黄连|统货|500公斤|0.00|||",
		"1. 黄连 统货 500公斤":            "黄连|统货|500公斤|0.00|||",
		"1.黄连 统货 500公斤":             "黄连|统货|500公斤|0.00|||",
		"（2）当归 归头 1,200公斤":          "当归|归头|1200公斤|0.00|||",
		"③ 黄芪 大选 2吨":                "黄芪|大选|2吨|0.00|||",
		"- 三七 60头 50kg":             "三七|60头|50公斤|0.00|||",
		"田七 60头 50 KG":              "三七|60头|50公斤|0.00|||",
		"川连 0.5吨":                   "黄连||0.5吨|0.00|||",
		"黄连\t选货\t300\t":             "黄连|选货|0|0.00||300|",
		"黄连，选货，３００公斤":               "黄连|选货|300公斤|0.00|||",
		"黄连、选货、300千克":               "黄连|选货|300公斤|0.00|||",
		"黄连；统货；1万斤":                 "黄连|统货|10000斤|0.00|||",
		"黄连 统货 500公斤 限价35":          "黄连|统货|500公斤|35.00|||",
		"黄连 统货 500公斤 限价 35元":        "黄连|统货|500公斤|35.00|||",
		"黄连 统货 500公斤 最高限价：35.5元/公斤": "黄连|统货|500公斤|35.50|||",
		"黄连 500公斤 35元/公斤":           "黄连||500公斤|35.00|||",
		"黄连 500公斤 ≤35元":             "黄连||500公斤|35.00|||",
		"黄连 500公斤 35元以内":            "黄连||500公斤|35.00|||",
		"黄连 500公斤 17.5元/斤":          "黄连||500公斤|35.00|||",
		"黄连 500公斤 不超过￥35":           "黄连||500公斤|35.00|||",
		"黄连 统货 500公斤 产地四川":          "黄连|统货|500公斤|0.00|四川||",
		"黄连 统货 500公斤 产地：湖北利川":       "黄连|统货|500公斤|0.00|湖北利川||",
		"黄连 统货 500公斤 重庆":            "黄连|统货|500公斤|0.00|重庆||",
		"黄连 统货 500公斤 四川产":           "黄连|统货|500公斤|0.00|四川||",
		"黄连 统货 500公斤 无硫 水分13%以内":    "黄连|统货|500公斤|0.00||无硫 水分13%以内|",
		"黄连 500公斤 药典过检，含量达标":        "黄连||500公斤|0.00||药典过检 含量达标|",
		"500公斤黄连":                   "黄连||500公斤|0.00|||",
		"0.5吨黄连 统货":                 "黄连|统货|0.5吨|0.00|||",
		"炙黄芪 100公斤":                 "炙黄芪||100公斤|0.00|||",
		"黄芪 100公斤":                  "黄芪||100公斤|0.00|||",
		"当归 一级 300公斤":               "当归|一级|300公斤|0.00|||",
		"蛤蚧 200对":                   "蛤蚧||200对|0.00|||",
		"人参 50支":                    "人参||50支|0.00|||",
		"人参 5000克":                  "人参||5公斤|0.00|||",
		"人参 0.5克":                   "人参||0.5克|0.00|||", // not a whole number of grams in kilograms
		"黄莲 统货 500公斤":               "|统货|500公斤|0.00|||黄莲",
		"红景天 100公斤 西藏产":             "||100公斤|0.00|西藏||红景天",
		"黄连":                        "黄连||0|0.00|||",
		"黄连 统货":                     "黄连|统货|0|0.00|||",
		"黄连 999999999999999公斤":      "黄连||0|0.00||999999999999999公斤|",
		"某种草药 价格好商量 有多少要多少":         "||0|0.00||价格好商量 有多少要多少|某种草药",
		"黄连 500公斤 限价99999999999999": "黄连||500公斤|0.00||限价99999999999999|",
	} {
		p, err := ParseList(text, herbs())
		if err != nil || len(p.Lines) != 1 {
			t.Errorf("%q: %d lines, %v", text, len(p.Lines), err)
			continue
		}
		l := p.Lines[0]
		amount := "0"
		if l.Quantity > 0 {
			amount = l.Amount()
		}
		if got := strings.Join([]string{l.Name, l.Spec, amount, l.CapPrice.String(), l.Origin, l.Quality, l.Typed}, "|"); got != want {
			t.Errorf("%q\n got %s\nwant %s", text, got, want)
		}
	}
}

func TestParseList(t *testing.T) {
	p, err := ParseList("采购清单：\r\n\r\n黄连 500公斤\n  \n---\n红景天 10公斤\n当归 20公斤\n", herbs())
	if err != nil || len(p.Lines) != 4 || p.Unknown() != 2 {
		t.Fatalf("%+v, %v", p.Lines, err)
	}
	p, err = ParseList(strings.Repeat("黄连 1公斤\n", MaxLines+7), herbs())
	if err != nil || len(p.Lines) != MaxLines || p.Skipped != 7 || !strings.Contains(p.Summary(), "7 行没有加入") {
		t.Errorf("%d lines, %d skipped, %v", len(p.Lines), p.Skipped, err)
	}
	if _, err := ParseList(strings.Repeat("长", MaxPasteLine+1), herbs()); ErrorCode(err) != Invalid || !strings.Contains(err.Error(), "第 1 行") {
		t.Errorf("a long line: %v", err)
	}
	if _, err := ParseList(strings.Repeat("黄连\n", MaxPaste), herbs()); ErrorCode(err) != Invalid {
		t.Errorf("a long list: %v", err)
	}
}

func TestSuggestCategories(t *testing.T) {
	for typed, want := range map[string]string{"黄莲": "黄连", "hl": "黄连", "田七粉": "三七", "秦归片": "当归", "黄蓍": "黄连"} {
		got := SuggestCategories(typed, herbs())
		if len(got) == 0 || len(got) > 3 || got[0].Name != want {
			t.Errorf("%s: %v", typed, got)
		}
	}
	if got := SuggestCategories("螺丝刀", herbs()); len(got) != 0 {
		t.Errorf("a screwdriver is like %v", got)
	}
	if c, ok := MatchCategory(" 川连 ", herbs()); !ok || c.Name != "黄连" {
		t.Error("an alias was not matched")
	}
	if _, ok := MatchCategory("根茎类", herbs()); ok {
		t.Error("a group was taken for goods")
	}
}

func FuzzParseList(f *testing.F) {
	for _, s := range []string{"黄连 统货 500公斤 限价35元/公斤", "1. 当归 1,200kg 产地甘肃\n③黄芪 2吨", "\xff\x00０．５吨", "（1）", "黄连 99999999999999999999万吨"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		p, err := ParseList(text, herbs())
		if err != nil {
			return
		}
		if len(p.Lines) > MaxLines {
			t.Fatalf("%d lines", len(p.Lines))
		}
		for _, l := range p.Lines {
			if l.Quantity < 0 || l.Quantity > MaxQuantity || l.CapPrice < 0 || l.CapPrice > MaxPrice || (l.Typed == "") != (l.CategoryID != 0) {
				t.Errorf("%q: %+v", text, l)
			}
			wrong := FieldErrors{}
			for _, field := range []struct {
				text string
				most int
			}{{l.Spec, 40}, {l.Quality, 300}, {l.Origin, 40}, {l.Typed, 20}} {
				checkText(wrong, "x", field.text, field.most)
			}
			if len(wrong) > 0 {
				t.Errorf("%q: %+v: %v", text, l, wrong)
			}
		}
	})
}
