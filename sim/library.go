package sim

import (
	"slices"
	"strings"
)

// maxTemplates is the size of an account's library. [off] /doc/service/api/notify/template
const maxTemplates = 25

// industryName of an industry code; the simulator knows the first few.
func industryName(code int) map[string]string {
	names := map[int][2]string{
		1: {"IT科技", "互联网|电子商务"}, 2: {"IT科技", "IT软件与服务"}, 3: {"IT科技", "IT硬件与设备"}, 4: {"IT科技", "电子技术"},
		5: {"IT科技", "通信与运营商"}, 6: {"IT科技", "网络游戏"}, 7: {"金融业", "银行"}, 8: {"金融业", "基金|理财|信托"}, 9: {"金融业", "保险"},
		10: {"餐饮", "餐饮"}, 11: {"酒店旅游", "酒店"}, 12: {"酒店旅游", "旅游"}, 13: {"运输与仓储", "快递"}, 14: {"运输与仓储", "物流"},
	}
	n, ok := names[code]
	if !ok {
		n = [2]string{"其它", "其它"}
	}
	return map[string]string{"first_class": n[0], "second_class": n[1]}
}

func setIndustry(c *call) (any, *apiError) {
	var in struct {
		ID1 jsonText `json:"industry_id1"`
		ID2 jsonText `json:"industry_id2"`
	}
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	codes := [2]int{}
	for i, text := range []jsonText{in.ID1, in.ID2} {
		for _, r := range string(text) {
			if r < '0' || r > '9' {
				return nil, fail(40097)
			}
			codes[i] = min(codes[i]*10+int(r-'0'), 1000)
		}
		if codes[i] < 1 || codes[i] > 41 {
			return nil, fail(40097)
		}
	}
	if c.acc.industrySet.n > 0 && sameMonth(c.acc.industrySet.day, c.now) { // once a month [off]
		return nil, fail(43100, "change template too frequently")
	}
	c.acc.industrySet = dayCount{c.now, 1}
	c.acc.industry = codes
	return nil, nil
}

func getIndustry(c *call) (any, *apiError) {
	if c.acc.industry == [2]int{} {
		return nil, fail(40102, "industry not set")
	}
	return map[string]any{"primary_industry": industryName(c.acc.industry[0]), "secondary_industry": industryName(c.acc.industry[1])}, nil
}

// addTemplate takes an entry of the category library (类目模板) by its number.
func addTemplate(c *call) (any, *apiError) {
	var in struct {
		ShortID     string   `json:"template_id_short"`
		KeywordList []string `json:"keyword_name_list"`
	}
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	pub := publicTemplate(strings.TrimPrefix(in.ShortID, "OPENTM"))
	if pub == nil {
		return nil, fail(40037)
	}
	if len(c.acc.templates) >= maxTemplates {
		return nil, fail(45026, "template number exceeds limit")
	}
	t := &Template{ID: c.st.random(43), Title: pub.title}
	counts := map[string]int{}
	for _, f := range pub.fields {
		counts[f.rule]++
		if len(in.KeywordList) > 0 && !slices.Contains(in.KeywordList, f.name) {
			continue
		}
		t.Content += f.name + ":{{" + f.rule + string(rune('0'+counts[f.rule])) + ".DATA}}\n"
		t.Example += f.name + ":示例\n"
	}
	if t.Content == "" {
		return nil, fail(40097)
	}
	c.acc.templates = append(c.acc.templates, t)
	return map[string]any{"errcode": 0, "errmsg": "ok", "template_id": t.ID}, nil
}

func deleteTemplate(c *call) (any, *apiError) {
	var in struct {
		ID string `json:"template_id"`
	}
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	for i, t := range c.acc.templates {
		if t.ID == in.ID {
			c.acc.templates = append(c.acc.templates[:i:i], c.acc.templates[i+1:]...)
			return nil, nil
		}
	}
	return nil, fail(40037)
}
