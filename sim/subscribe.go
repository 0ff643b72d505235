package sim

import (
	"cmp"
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
)

// subTemplate is a template of subscription notifications (订阅通知).
type subTemplate struct {
	Template
	Type     int // 2 one-time, 3 permanent
	Category int
}

// subCredit is what a user allowed for one such template.
type subCredit struct {
	left   int
	always bool
}

// subscribeRoutes: 订阅通知. [off] developers.weixin.qq.com/doc/service/guide/product/subscription_messages
func subscribeRoutes() map[string]route {
	return map[string]route{
		"/cgi-bin/message/subscribe/bizsend":     {method: http.MethodPost, perDay: 100_000, run: bizSend},
		"/wxaapi/newtmpl/gettemplate":            {run: newtmplList},
		"/wxaapi/newtmpl/addtemplate":            {method: http.MethodPost, run: newtmplAdd},
		"/wxaapi/newtmpl/deltemplate":            {method: http.MethodPost, run: newtmplDelete},
		"/wxaapi/newtmpl/getcategory":            {run: newtmplCategory},
		"/wxaapi/newtmpl/getpubtemplatetitles":   {run: newtmplTitles},
		"/wxaapi/newtmpl/getpubtemplatekeywords": {run: newtmplKeywords},
	}
}

func (a *account) subTemplate(id string) *subTemplate {
	for i := range a.subTemplates {
		if a.subTemplates[i].ID == id {
			return &a.subTemplates[i]
		}
	}
	return nil
}

// bizSend spends one permission: one accept is one send, else 43101.
func bizSend(c *call) (any, *apiError) {
	var in struct {
		ToUser     string                `json:"touser"`
		TemplateID string                `json:"template_id"`
		Page       string                `json:"page"`
		Data       map[string]fieldValue `json:"data"`
	}
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	who := c.acc.byOpenID[in.ToUser]
	if who == nil {
		return nil, fail(40003)
	}
	tpl := c.acc.subTemplate(in.TemplateID)
	if tpl == nil {
		return nil, fail(40037)
	}
	if err := checkFields(&tpl.Template, in.Data); err != nil {
		return nil, err
	}
	credit := who.credits[tpl.ID]
	if credit == nil || (!credit.always && credit.left == 0) {
		return nil, fail(43101)
	}
	if !credit.always {
		credit.left--
	}
	c.s.say(who, Message{From: "account", Type: "template", Title: tpl.Title, URL: in.Page, Template: tpl.card(in.Data, in.Page)})
	id := strconv.FormatInt(c.st.msgID(), 10)
	list := tree("List", str("TemplateId", tpl.ID), str("MsgID", id), str("ErrorCode", "0"), str("ErrorStatus", "success"))
	c.jobFinish(who, "subscribe_msg_sent_event", tree("SubscribeMsgSentEvent", list))
	return nil, nil
}

// subscribeAnswer is what a user answers to the permission dialogue.
type subscribeAnswer struct {
	Accept []string `json:"accept"` // template ids
	Reject []string `json:"reject"`
	Always bool     `json:"always"` // 总是保持以上选择，不再询问
	Scene  int      `json:"scene"`  // 1 web page, 2 article
	Change bool     `json:"change"` // changed in the settings
}

// clientSubscribeMsg answers the dialogue without a page around it.
func (s *Server) clientSubscribeMsg(r *http.Request) (any, error) {
	var in subscribeAnswer
	if err := readJSON(r, &in); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	c, err := s.findChat(r)
	if err != nil {
		return nil, err
	}
	return nil, s.answerSubscribe(c, in)
}

// answerSubscribe books the answer and pushes it: one List per template, and the
// change event for choices made in the settings. Server.mu is held.
func (s *Server) answerSubscribe(c *contact, in subscribeAnswer) error {
	var lists []node
	scene := strconv.Itoa(cmp.Or(in.Scene, 1))
	for _, group := range []struct {
		ids    []string
		status string
	}{{in.Accept, "accept"}, {in.Reject, "reject"}} {
		for _, id := range group.ids {
			if c.acc.subTemplate(id) == nil {
				return missing("订阅模板")
			}
			kids := []node{str("TemplateId", id), str("SubscribeStatusString", group.status)}
			if !in.Change {
				kids = append(kids, str("PopupScene", scene))
			}
			lists = append(lists, tree("List", kids...))
			c.allow(id, group.status == "accept", in.Always, in.Change)
		}
	}
	if len(lists) == 0 {
		return badRequest("没有选择模板")
	}
	if in.Change {
		s.event(c, false, "subscribe_msg_change_event", tree("SubscribeMsgChangeEvent", lists...))
	} else {
		s.event(c, false, "subscribe_msg_popup_event", tree("SubscribeMsgPopupEvent", lists...))
	}
	return nil
}

// allow books a permission or takes it away.
func (c *contact) allow(id string, accept, always, change bool) {
	if c.credits[id] == nil {
		c.credits[id] = &subCredit{}
	}
	credit := c.credits[id]
	switch {
	case accept && always:
		credit.always = true
	case accept:
		credit.left++
	case change:
		*credit = subCredit{}
	}
}

func newtmplList(c *call) (any, *apiError) {
	out := []map[string]any{}
	for _, t := range c.acc.subTemplates {
		out = append(out, map[string]any{"priTmplId": t.ID, "title": t.Title, "content": t.Content, "example": t.Example, "type": t.Type})
	}
	return map[string]any{"errcode": 0, "errmsg": "ok", "data": out}, nil
}

func newtmplAdd(c *call) (any, *apiError) {
	var in struct {
		TID       jsonText          `json:"tid"`
		KIDList   []json.RawMessage `json:"kidList"`
		SceneDesc string            `json:"sceneDesc"`
	}
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	pub := publicTemplate(string(in.TID))
	if pub == nil {
		return nil, fail(200014, "invalid tid")
	}
	if len(in.KIDList) < 2 || len(in.KIDList) > 5 {
		return nil, fail(200020, "invalid kidList size")
	}
	var content string
	for _, raw := range in.KIDList {
		var kid jsonText
		_ = json.Unmarshal(raw, &kid)
		n, err := strconv.Atoi(string(kid))
		if err != nil || n < 1 || n > len(pub.fields) {
			return nil, fail(200020, "invalid kidList")
		}
		f := pub.fields[n-1]
		content += f.name + ":{{" + f.rule + strconv.Itoa(n) + ".DATA}}\n"
	}
	if len(c.acc.subTemplates) >= 25 { // 25 for official accounts [gk]
		return nil, fail(200012, "template num exceeds limit")
	}
	t := subTemplate{Template: Template{ID: c.st.random(43), Title: pub.title, Content: content}, Type: 2}
	c.acc.subTemplates = append(c.acc.subTemplates, t)
	return map[string]any{"errcode": 0, "errmsg": "ok", "priTmplId": t.ID}, nil
}

func newtmplDelete(c *call) (any, *apiError) {
	var in struct {
		ID string `json:"priTmplId"`
	}
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	if c.acc.subTemplate(in.ID) == nil {
		return nil, fail(40037)
	}
	c.acc.subTemplates = slices.DeleteFunc(c.acc.subTemplates, func(t subTemplate) bool { return t.ID == in.ID })
	return nil, nil
}

// pubTemplate is an entry of the public library.
type pubTemplate struct {
	tid    int
	title  string
	fields []pubField
}

type pubField struct{ name, rule string }

// publicLibrary is a small library of the simulator's own; the ids below 100000
// belong to the platform.
func publicLibrary() []pubTemplate {
	return []pubTemplate{
		{100001, "报价提醒", []pubField{{"采购品种", "thing"}, {"报价金额", "amount"}, {"报价人", "name"}, {"报价时间", "time"}, {"备注", "thing"}}},
		{100002, "订单状态通知", []pubField{{"订单编号", "character_string"}, {"状态", "phrase"}, {"更新时间", "time"}, {"备注", "thing"}}},
		{100003, "服务到期提醒", []pubField{{"服务名称", "thing"}, {"到期日期", "date"}, {"联系电话", "phone_number"}}},
	}
}

func publicTemplate(tid string) *pubTemplate {
	for _, p := range publicLibrary() {
		if strconv.Itoa(p.tid) == tid {
			return &p
		}
	}
	return nil
}

func newtmplCategory(*call) (any, *apiError) {
	return map[string]any{"errcode": 0, "errmsg": "ok", "data": []map[string]any{{"id": 616, "name": "商家自营"}}}, nil
}

func newtmplTitles(c *call) (any, *apiError) {
	out := []map[string]any{}
	for _, p := range publicLibrary() {
		out = append(out, map[string]any{"tid": p.tid, "title": p.title, "type": 2, "categoryId": "616"})
	}
	return map[string]any{"errcode": 0, "errmsg": "ok", "count": len(out), "data": out}, nil
}

func newtmplKeywords(c *call) (any, *apiError) {
	pub := publicTemplate(c.q.Get("tid"))
	if pub == nil {
		return nil, fail(200014, "invalid tid")
	}
	out := []map[string]any{}
	for i, f := range pub.fields {
		out = append(out, map[string]any{"kid": i + 1, "name": f.name, "rule": f.rule, "example": f.name})
	}
	return map[string]any{"errcode": 0, "errmsg": "ok", "count": len(out), "data": out}, nil
}
