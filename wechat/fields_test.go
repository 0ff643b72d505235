package wechat

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/xunjia/xunjia"
)

func TestFieldRules(t *testing.T) {
	han := func(n int) string { return strings.Repeat("药", n) }
	const refused = "\x00"
	for _, c := range []struct{ kind, value, want string }{
		{"thing", "黄连 统货", "黄连 统货"},
		{"thing", han(20), han(20)},
		{"thing", han(21), han(19) + "…"},
		{"thing", "  两行\r\n文字\u3000和\x01控制符 ", "两行 文字 和 控制符"},
		{"thing", " \u200b\n", refused},
		{"number", "1,280.50", "1280.50"},
		{"number", "500公斤", refused},
		{"number", strings.Repeat("1", 32), strings.Repeat("1", 32)},
		{"number", strings.Repeat("1", 33), refused},
		{"number", "1.2.3", refused},
		{"letter", "ABC", "ABC"},
		{"letter", "AB1", refused},
		{"letter", strings.Repeat("a", 33), refused},
		{"symbol", "￥￥+-*", "￥￥+-*"},
		{"symbol", "+-*/+-", refused},
		{"symbol", "a", refused},
		{"character_string", "XJ-20261123-0001", "XJ-20261123-0001"},
		{"character_string", strings.Repeat("a", 32), strings.Repeat("a", 32)},
		{"character_string", strings.Repeat("a", 33), refused},
		{"character_string", "单号1", refused},
		{"time", "18:05", "18:05"},
		{"time", "2026-11-23 18:05", "2026-11-23 18:05"},
		{"time", "2026年11月23日 18:05:09", "2026年11月23日 18:05:09"},
		{"time", "2026-11-23 08:00~2026-11-23 18:00", "2026-11-23 08:00~2026-11-23 18:00"},
		{"time", "24:05", refused},
		{"time", "明天下午", refused},
		{"time", "2026-11-23", refused},
		{"date", "2026年11月23日", "2026年11月23日"},
		{"date", "2026-11-23 18:05", "2026-11-23 18:05"},
		{"date", "2026-11-23 ~ 2026-11-30", "2026-11-23 ~ 2026-11-30"},
		{"date", "11月23日", refused},
		{"amount", "68.50元", "68.50元"},
		{"amount", "￥1,280", "￥1280"},
		{"amount", "68.50元/公斤", refused},
		{"amount", "12345678901", refused},
		{"amount", "¥$1", refused},
		{"phone_number", "138****0000", "138****0000"},
		{"phone_number", "+86-0766-66888866", "+86-0766-66888866"},
		{"phone_number", "0766-66888866-1234", refused},
		{"phone_number", "电话", refused},
		{"car_number", "皖S12345", "皖S12345"},
		{"car_number", "粤A8Z888挂", "粤A8Z888挂"},
		{"car_number", "粤A8Z8888挂", refused},
		{"car_number", "货车", refused},
		{"name", "王掌柜", "王掌柜"},
		{"name", han(10), han(10)},
		{"name", han(11), han(9) + "…"},
		{"name", strings.Repeat("a", 21), strings.Repeat("a", 19) + "…"},
		{"name", "张三1", refused},
		{"phrase", "已接受", "已接受"},
		{"phrase", han(6), refused},
		{"phrase", "OK", refused},
		{"const", "待处理", "待处理"},
		{"const", han(21), refused},
		{"keyword", han(50), han(50)},
		{"newkind", han(30), han(19) + "…"},
	} {
		got, complaint := fitField(c.kind, c.value)
		if c.want == refused {
			if complaint == "" {
				t.Errorf("%s %q was accepted as %q", c.kind, c.value, got)
			}
			continue
		}
		if got != c.want || complaint != "" {
			t.Errorf("%s %q: %q %s, want %q", c.kind, c.value, got, complaint, c.want)
		}
	}
}

func TestFillTemplate(t *testing.T) {
	tpl := PrivateTemplate{ID: "t", Title: "新采购需求通知", Fields: parseTemplate(
		"{{first.DATA}}\n采购品种：{{thing1.DATA}}\n采购数量: {{character_string2.DATA}}\n截止时间:{{time3.DATA}}\n{{remark.DATA}}")}
	fields := []xunjia.NoticeField{
		{Label: "采购品种", Value: "黄连 统货"}, {Label: "采购数量", Value: "500kg"},
		{Label: "截止时间", Value: "2026-11-26 18:00"}, {Label: "采购商", Value: "不在模板里"},
	}
	got, err := FillTemplate(tpl, fields)
	want := map[string]string{"thing1": "黄连 统货", "character_string2": "500kg", "time3": "2026-11-26 18:00"}
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Errorf("%v %s", err, diff)
	}

	fields[1].Value, fields[2].Value = "500公斤", "明天"
	_, err = FillTemplate(tpl, fields)
	e, ok := errors.AsType[*xunjia.Error](err)
	if !ok || e.Code != xunjia.Invalid || len(e.Fields) != 2 || !strings.Contains(e.Message, "采购数量") || Classify(err) != PayloadPermanent {
		t.Errorf("two wrong fields: %v", err)
	}
	if _, err = FillTemplate(tpl, fields[:1]); err == nil {
		t.Error("missing fields were not noticed")
	}
	if _, err = FillTemplate(PrivateTemplate{Title: "空的"}, fields); err == nil {
		t.Error("a template without fields was accepted")
	}
}
