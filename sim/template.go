package sim

import (
	"net/http"
	"regexp"
	"slices"
	"strings"
	"time"
)

// dedupeWindow is how long a client_msg_id protects from a second send.
// [off] developers.weixin.qq.com/doc/service/api/notify/template/api_sendtemplatemessage
const dedupeWindow = 10 * time.Minute

// sentOnce remembers a send that carried a client_msg_id.
type sentOnce struct {
	msgID int64
	at    time.Time
}

func templateRoutes() map[string]route {
	t := map[string]route{
		"/cgi-bin/message/template/send":             {method: http.MethodPost, perDay: 100_000, run: sendTemplate},
		"/cgi-bin/template/get_all_private_template": {run: listTemplates},
		"/cgi-bin/template/api_add_template":         {method: http.MethodPost, run: addTemplate},
		"/cgi-bin/template/del_private_template":     {method: http.MethodPost, run: deleteTemplate},
		"/cgi-bin/template/api_set_industry":         {method: http.MethodPost, run: setIndustry},
		"/cgi-bin/template/get_industry":             {run: getIndustry},
	}
	for path, r := range subscribeRoutes() {
		t[path] = r
	}
	return t
}

// fieldValue is one entry of a template message's data.
type fieldValue struct {
	Value jsonText `json:"value"`
	Color string   `json:"color"`
}

func sendTemplate(c *call) (any, *apiError) {
	var in struct {
		ToUser      string                `json:"touser"`
		TemplateID  string                `json:"template_id"`
		URL         string                `json:"url"`
		ClientMsgID string                `json:"client_msg_id"`
		Data        map[string]fieldValue `json:"data"`
		MiniProgram struct {
			AppID    string `json:"appid"`
			PagePath string `json:"pagepath"`
		} `json:"miniprogram"`
	}
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	who := c.acc.byOpenID[in.ToUser]
	if who == nil {
		return nil, fail(40003)
	}
	tpl := c.acc.template(in.TemplateID)
	if tpl == nil {
		return nil, fail(40037)
	}
	if !who.followed {
		return nil, fail(43004)
	}
	once := in.ToUser + "\x00" + in.ClientMsgID
	if in.ClientMsgID != "" {
		if len(in.ClientMsgID) > 32 {
			return nil, fail(47003, "argument invalid! client_msg_id is too long")
		}
		if old, ok := c.acc.sent[once]; ok && c.now.Sub(old.at) < dedupeWindow {
			return map[string]any{"errcode": 0, "errmsg": "ok", "msgid": old.msgID}, nil
		}
	}
	if err := checkFields(tpl, in.Data); err != nil {
		return nil, err
	}
	id := c.st.msgID()
	if in.ClientMsgID != "" {
		c.acc.forgetSent(c.now)
		c.acc.sent[once] = sentOnce{id, c.now}
	}
	status := "success"
	if who.mutesCards {
		status = "failed:user block"
	} else {
		c.s.say(who, Message{From: "account", Type: "template", Title: tpl.Title, URL: in.URL, Template: tpl.card(in.Data, in.URL)})
	}
	c.jobFinish(who, "TEMPLATESENDJOBFINISH", num("MsgID", id), str("Status", status))
	return map[string]any{"errcode": 0, "errmsg": "ok", "msgid": id}, nil
}

// jobFinish pushes a result once the answer to the call has been written.
func (c *call) jobFinish(who *contact, event string, fields ...node) {
	p := c.s.preparePush(who, false, append([]node{str("MsgType", "event"), str("Event", event)}, fields...)...)
	if p != nil {
		c.after = append(c.after, func() { c.s.deliver(p) })
	}
}

// forgetSent drops ids that protect no longer.
func (a *account) forgetSent(now time.Time) {
	if len(a.sent) < 1024 || len(a.sent)%1024 != 0 {
		return
	}
	for k, v := range a.sent {
		if now.Sub(v.at) >= dedupeWindow {
			delete(a.sent, k)
		}
	}
}

func (a *account) template(id string) *Template {
	for _, t := range a.templates {
		if t.ID == id {
			return t
		}
	}
	return nil
}

// placeholder matches {{thing1.DATA}}.
var placeholder = regexp.MustCompile(`\{\{\s*([A-Za-z_]\w*)\.DATA\s*\}\}`)

// keys are the fields of the template in their order.
func (t *Template) keys() []string {
	var out []string
	for _, m := range placeholder.FindAllStringSubmatch(t.Content, -1) {
		if !slices.Contains(out, m[1]) {
			out = append(out, m[1])
		}
	}
	return out
}

// checkFields holds every field of the template to the rule of its kind. The
// errmsg names the field: "data.thing1.value invalid".
func checkFields(t *Template, data map[string]fieldValue) *apiError {
	for _, key := range t.keys() {
		switch key {
		case "first", "remark":
			continue // no longer shown since May 2023
		}
		v, ok := data[key]
		text := string(v.Value)
		if !ok || strings.TrimSpace(text) == "" {
			return fail(47003, "argument invalid! data."+key+".value is empty")
		}
		if !fieldOK(key, text) {
			return fail(47003, "argument invalid! data."+key+".value invalid")
		}
	}
	return nil
}

// card renders the template as the user sees it: a row per line of Content;
// first and remark are not shown, colours are dropped.
// 公告《关于规范公众号模板消息的再次公告》, May 2023
func (t *Template) card(data map[string]fieldValue, link string) *TemplateCard {
	card := &TemplateCard{Title: t.Title, URL: link}
	for line := range strings.SplitSeq(strings.ReplaceAll(t.Content, "\r\n", "\n"), "\n") {
		m := placeholder.FindStringSubmatch(line)
		if m == nil || m[1] == "first" || m[1] == "remark" {
			continue
		}
		label, _, _ := strings.Cut(line, "{{")
		label = strings.TrimRight(strings.TrimSpace(label), ":：")
		value := placeholder.ReplaceAllStringFunc(line[strings.Index(line, "{{"):], func(s string) string {
			return string(data[placeholder.FindStringSubmatch(s)[1]].Value)
		})
		card.Lines = append(card.Lines, TemplateLine{label, value})
	}
	return card
}

func listTemplates(c *call) (any, *apiError) {
	out := []map[string]any{}
	for _, t := range c.acc.templates {
		out = append(out, map[string]any{
			"template_id": t.ID, "title": t.Title, "primary_industry": industryName(c.acc.industry[0])["first_class"], "deputy_industry": industryName(c.acc.industry[0])["second_class"],
			"content": t.Content, "example": t.Example,
		})
	}
	return map[string]any{"template_list": out}, nil
}
