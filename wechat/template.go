package wechat

import (
	"context"
	"regexp"
	"strconv"
	"strings"

	"github.com/silenceper/wechat/v2/officialaccount/message"
	"github.com/xunjia/xunjia"
)

// TemplateMessage is one template message to one fan.
type TemplateMessage struct {
	OpenID     string
	TemplateID string
	URL        string            // opened by a tap; absolute; may be empty
	Data       map[string]string // template key ("thing1") → value, from FillTemplate
	// ClientMsgID makes resending safe: the platform sends once per fan and id
	// within ten minutes. At most 32 characters, required.
	ClientMsgID string
}

// data is the platform's shape of a message's values.
type data map[string]message.TemplateDataItem

func dataOf(values map[string]string) data {
	d := make(data, len(values))
	for k, v := range values {
		d[k] = message.TemplateDataItem{Value: v}
	}
	return d
}

// SendTemplate sends m and answers the platform's id of it, which the result
// event (TemplateResult) repeats. silenceper's own struct is not sent: it always
// holds an empty mini program.
func (a *Account) SendTemplate(ctx context.Context, m TemplateMessage) (msgID string, err error) {
	if m.ClientMsgID == "" || len(m.ClientMsgID) > 32 {
		return "", xunjia.Errorf(xunjia.Invalid, "模板消息缺少防重编号")
	}
	in := struct {
		ToUser      string `json:"touser"`
		TemplateID  string `json:"template_id"`
		URL         string `json:"url,omitempty"`
		Data        data   `json:"data"`
		ClientMsgID string `json:"client_msg_id"`
	}{m.OpenID, m.TemplateID, m.URL, dataOf(m.Data), m.ClientMsgID}
	var out struct {
		MsgID looseInt `json:"msgid"`
	}
	if err := a.post(ctx, "/cgi-bin/message/template/send", in, &out); err != nil {
		return "", err
	}
	return strconv.FormatInt(int64(out.MsgID), 10), nil
}

// PrivateTemplate is a template that was added to the account.
type PrivateTemplate struct {
	ID      string
	Title   string
	Content string // "采购品种:{{thing1.DATA}}\n…"
	Example string
	Fields  []TemplateField // parsed from Content, in its order
}

// TemplateField is one line of a template.
type TemplateField struct {
	Label string // "采购品种"; empty for a line that has only a value
	Key   string // "thing1"
	Kind  string // "thing"
}

// PrivateTemplates lists the account's template messages.
func (a *Account) PrivateTemplates(ctx context.Context) ([]PrivateTemplate, error) {
	var out struct {
		List []message.TemplateItem `json:"template_list"`
	}
	if err := a.get(ctx, "/cgi-bin/template/get_all_private_template", nil, &out); err != nil {
		return nil, err
	}
	list := make([]PrivateTemplate, len(out.List))
	for i, t := range out.List {
		list[i] = PrivateTemplate{
			ID: t.TemplateID, Title: t.Title, Content: t.Content, Example: t.Example, Fields: parseTemplate(t.Content),
		}
	}
	return list, nil
}

// AddTemplate adds a template of the library by its short id (类目模板 id) with
// the chosen labels and answers its id in the account.
func (a *Account) AddTemplate(ctx context.Context, shortID string, labels []string) (id string, err error) {
	in := map[string]any{"template_id_short": shortID, "keyword_name_list": labels}
	var out struct {
		TemplateID string `json:"template_id"`
	}
	err = a.post(ctx, "/cgi-bin/template/api_add_template", in, &out)
	return out.TemplateID, err
}

// DeleteTemplate removes a template from the account.
func (a *Account) DeleteTemplate(ctx context.Context, id string) error {
	return a.post(ctx, "/cgi-bin/template/del_private_template", map[string]string{"template_id": id}, nil)
}

// templateLine finds the place of a value and what stands before it on its
// line.
var templateLine = regexp.MustCompile(`([^\n{}]*)\{\{\s*([A-Za-z_]+)(\d*)\.DATA\s*\}\}`)

// parseTemplate reads the lines of a template's text.
func parseTemplate(content string) []TemplateField {
	var fields []TemplateField
	for _, m := range templateLine.FindAllStringSubmatch(content, -1) {
		fields = append(fields, TemplateField{Label: cleanLabel(m[1]), Key: m[2] + m[3], Kind: m[2]})
	}
	return fields
}

// cleanLabel drops what templates and people write around a label.
func cleanLabel(s string) string {
	return strings.Trim(s, " \t\r\n:：\u3000")
}
