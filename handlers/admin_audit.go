package handlers

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/xunjia/xunjia"
	"github.com/xunjia/xunjia/templates"
)

// auditNouns are what staff changes, for the filter and for the log; a new noun
// of xunjia.Audit.Action belongs here.
func auditNouns() []templates.Option {
	return []templates.Option{
		{Value: "staff.", Text: "员工账号"}, {Value: "delivery.", Text: "通知投递"}, {Value: "template.", Text: "模板消息"},
		{Value: "file.", Text: "验证文件"}, {Value: "reply.", Text: "自动回复"}, {Value: "conversation.", Text: "会话"},
		{Value: "menu.", Text: "菜单"}, {Value: "fan.", Text: "粉丝"}, {Value: "tag.", Text: "标签"}, {Value: "qrcode.", Text: "二维码"},
		{Value: "purchase.", Text: "采购单"}, {Value: "question.", Text: "提问"},
		{Value: "push.", Text: "推送"}, {Value: "channel.", Text: "发送通道"}, {Value: "announcement.", Text: "系统通知"},
	}
}

// auditVerbs are what is done to them.
func auditVerbs() map[string]string {
	return map[string]string{
		"created": "新建", "changed": "修改", "saved": "保存", "deleted": "删除", "reset": "重置密码", "password": "改密码",
		"account": "改资料", "logout": "全部退出", "resent": "重发", "bound": "选择模板", "tested": "测试发送",
		"published": "发布", "restored": "回滚", "synced": "同步", "sent": "发送", "answered": "回复", "enabled": "启用", "disabled": "停用",
		"blocked": "拉黑", "unblocked": "移出黑名单", "tagged": "打标签", "untagged": "去标签", "remarked": "改备注", "renamed": "改名",
		"close": "关闭", "hide": "隐藏", "withdrawn": "撤回",
		"settings": "改设置", "paused": "暂停", "resumed": "恢复", "retried": "重试", "next": "推送下一轮", "stopped": "停止",
		"sync_started": "开始同步", "condition_added": "新增个性化菜单", "condition_removed": "删除个性化菜单",
	}
}

// actionName is an action in Chinese, as far as it is known.
func actionName(action string) string {
	noun, verb, _ := strings.Cut(action, ".")
	for _, n := range auditNouns() {
		if n.Value == noun+"." {
			noun = n.Text
		}
	}
	if text, ok := auditVerbs()[verb]; ok {
		verb = text
	}
	return noun + " · " + verb
}

func (s *Site) auditLog(c *gin.Context) error {
	ctx := c.Request.Context()
	p := &templates.AdminAuditPage{Form: templates.Form{Values: c.Request.URL.Query()}, Nouns: auditNouns()}
	p.Title = "操作日志"
	filter, err := auditFilter(p.Form.Values)
	if err != nil {
		return err
	}
	list, err := s.Store.Audits(ctx, filter, xunjia.Page{After: c.Query("after")})
	if err != nil {
		return err
	}
	names, err := s.Store.StaffNames(ctx)
	if err != nil {
		return err
	}
	p.Next, p.Staff = nextPage(c, list.Next), staffOptions(names)
	for _, a := range list.Items {
		who := names[a.Staff]
		if a.Staff == 0 {
			who = "服务器命令行"
		}
		p.Rows = append(p.Rows, templates.AuditRow{At: a.At, Who: who, Action: actionName(a.Action), Target: a.Target, Detail: a.Detail})
	}
	return s.renderAdmin(c, http.StatusOK, p)
}

// auditFilter reads the form above the log; dates are days in China.
func auditFilter(q url.Values) (f xunjia.AuditFilter, err error) {
	if id := q.Get("staff"); id != "" {
		if f.Staff, err = strconv.ParseInt(id, 10, 64); err != nil {
			return f, xunjia.Errorf(xunjia.Invalid, "没有这位员工")
		}
	}
	f.Action = q.Get("action")
	for _, part := range []struct {
		name string
		at   *time.Time
		days int
	}{{"from", &f.From, 0}, {"until", &f.Until, 1}} {
		text := q.Get(part.name)
		if text == "" {
			continue
		}
		day, err := time.ParseInLocation(time.DateOnly, text, xunjia.China())
		if err != nil {
			return f, xunjia.Errorf(xunjia.Invalid, "日期应当像 2026-11-23")
		}
		*part.at = day.AddDate(0, 0, part.days)
	}
	return f, nil
}
