package templates

import (
	"net/netip"
	"net/url"
	"time"

	"github.com/xunjia/xunjia"
)

// sampleConsole is a page of the console as an owner sees it.
func sampleConsole(title, path string) Layout {
	item := func(href, text, icon string, badge int) NavItem {
		return NavItem{Href: href, Text: text, Icon: icon, Badge: badge, Current: href == path}
	}
	return Layout{Title: title, Path: path, FormToken: "sample", RequestID: "SAMPLE0123456789", Console: Console{Name: "王小川", Role: "所有者", Sections: []NavSection{
		{Items: []NavItem{item("/admin", "概况", "dashboard", 3)}},
		{Title: "公众号", Items: []NavItem{item("/admin/templates", "模板消息", "template", 0), item("/admin/health", "账号状态", "heartbeat", 1)}},
		{Title: "系统", Items: []NavItem{item("/admin/staff", "员工账号", "user-cog", 0), item("/admin/audit", "操作日志", "history", 0), item("/admin/files", "域名验证文件", "file-certificate", 0)}},
	}}}
}

func adminSamples(now time.Time) []Sample {
	plain := Layout{Title: "进入管理后台", Plain: true, RequestID: "SAMPLE0123456789", FormToken: "sample"}
	stops := []StopRow{{Name: "微信", Reason: "公众号没有模板消息权限，请检查后台设置", Since: now.Add(-time.Hour)}}
	samples := []Sample{
		{"admin/enter", &AdminEnterPage{Layout: plain, Token: "sample"}},
		{"admin/message", &AdminMessagePage{Layout: plain, Heading: "这个链接已经用过或已失效", Text: "在服务器上运行 xunjia admin link，可以得到一个新的一次性链接。", LogIn: true}},
		{"admin/message forbidden", &AdminMessagePage{Layout: sampleConsole("提示", ""), Heading: "您的角色（客服）不能使用这个功能", Back: "/admin"}},
		{"admin/login", &AdminLoginPage{Layout: plain, Return: "/admin"}},
		{"admin/login captcha", &AdminLoginPage{Layout: plain, Return: "/admin", Captcha: true, CaptchaID: "sample",
			Form: Form{Values: url.Values{"login": {"owner"}}, Message: "登录名或密码不正确", Errors: map[string]string{"captcha": "图形验证码不对，请看新的图片"}}}},
		{"admin/dashboard", &AdminDashboardPage{
			Layout: sampleConsole("概况", "/admin"), CanView: true, More: true,
			Stats:  []Stat{{"用户", "users", 1286, "今天新增 14"}, {"今天的采购单", "package", 42, "正在询价 57"}, {"今天的报价", "receipt", 190, ""}, {"今天发出的通知", "send", 8841, ""}},
			States: []Count{{"等待发送", 12}, {"已发出", 5120}, {"已送达", 3721}, {"已放弃", 3}},
			Stops:  stops,
			Lost:   sampleDeliveries(now)[:2],
		}},
		{"admin/dashboard empty", &AdminDashboardPage{Layout: sampleConsole("概况", "/admin")}},
	}
	samples = append(samples, staffSamples(now)...)
	samples = append(samples, deliverySamples(now)...)
	return append(samples, platformSamples(now, stops)...)
}

func staffSamples(now time.Time) []Sample {
	owner := xunjia.Staff{ID: 1, Login: "owner", Name: "王小川", Role: xunjia.OwnerRole, HasPassword: true, CreatedAt: now.Add(-900 * time.Hour), LastLoginAt: now.Add(-time.Hour)}
	helper := xunjia.Staff{ID: 2, Login: "kefu01", Role: xunjia.ServiceRole, CreatedAt: now.Add(-90 * time.Hour)}
	gone := xunjia.Staff{ID: 3, Login: "li.lei", Name: "李雷", Role: xunjia.OperatorRole, Disabled: true, HasPassword: true, CreatedAt: now.Add(-90 * time.Hour), LastLoginAt: now.Add(-80 * time.Hour)}
	agent := "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36"
	logins := []xunjia.StaffLogin{
		{ID: 2, StaffID: 1, IP: netip.MustParseAddr("203.0.113.24"), Agent: agent, OK: true, How: "密码", At: now.Add(-time.Hour)},
		{ID: 1, IP: netip.MustParseAddr("2001:db8::1"), Agent: agent, How: "密码", Reason: "登录名或密码不正确", At: now.Add(-2 * time.Hour)},
	}
	roles := []Option{{Value: "owner", Text: "所有者"}, {Value: "admin", Text: "管理员"}, {Value: "operator", Text: "运营"}, {Value: "service", Text: "客服"}}
	account := Form{Values: url.Values{"login": {"owner"}, "name": {"王小川"}, "role": {"owner"}}}
	wrong := Form{Values: url.Values{"login": {"王"}, "role": {"service"}}, Message: "有内容需要修改，请看标红的地方", Errors: map[string]string{"login": "登录名要 2 到 32 位，只能用字母、数字和 . _ @ -，以字母或数字开头"}}
	return []Sample{
		{"admin/account", &AdminAccountPage{Layout: sampleConsole("我的账号", "/admin/account"), Staff: owner, Form: account, Logins: logins}},
		{"admin/account new", &AdminAccountPage{Layout: sampleConsole("我的账号", "/admin/account"), Staff: helper, Form: wrong,
			Password: Form{Errors: map[string]string{"password": "密码至少 10 位"}, Message: "有内容需要修改，请看标红的地方"}}},
		{"admin/staff", &AdminStaffPage{Layout: sampleConsole("员工账号", "/admin/staff"), Items: []xunjia.Staff{owner, helper, gone}, Next: "/admin/staff?after=more", CanAdd: true}},
		{"admin/staff empty", &AdminStaffPage{Layout: sampleConsole("员工账号", "/admin/staff"), Search: "没有的人"}},
		{"admin/staff_new", &AdminStaffNewPage{Layout: sampleConsole("新建员工账号", "/admin/staff"), Form: wrong, Roles: roles}},
		{"admin/staff_one", &AdminStaffOnePage{Layout: sampleConsole("王小川", "/admin/staff"), Staff: owner, Form: account, Roles: roles, CanChange: true, Logins: logins}},
		{"admin/staff_one others", &AdminStaffOnePage{Layout: sampleConsole("李雷", "/admin/staff"), Staff: gone}},
		{"admin/staff_link", &AdminStaffLinkPage{Layout: sampleConsole("一次性链接", "/admin/staff"), Staff: helper, Link: "https://b2b.example.com/admin/enter?token=SAMPLE", Hours: 24}},
		{"admin/logins", &AdminLoginsPage{Layout: sampleConsole("登录日志", "/admin/staff"), Items: logins, Names: map[int64]string{1: "王小川"}, Next: "/admin/staff/logins?after=more"}},
		{"admin/logins empty", &AdminLoginsPage{Layout: sampleConsole("登录日志", "/admin/staff")}},
		{"admin/audit", &AdminAuditPage{Layout: sampleConsole("操作日志", "/admin/audit"), Form: Form{Values: url.Values{"staff": {"1"}}}, Staff: []Option{{Value: "1", Text: "王小川"}},
			Nouns: []Option{{Value: "staff.", Text: "员工账号"}}, Next: "/admin/audit?after=more",
			Rows: []AuditRow{{now, "王小川", "员工账号 · 修改", "staff:3", "li.lei：角色由客服改为运营，停用"}, {now, "服务器命令行", "员工账号 · 新建", "staff:2", "新建客服账号 kefu01"}}}},
		{"admin/audit empty", &AdminAuditPage{Layout: sampleConsole("操作日志", "/admin/audit")}},
		{"admin/files", &AdminFilesPage{Layout: sampleConsole("域名验证文件", "/admin/files"), Items: []xunjia.VerifyFile{{Name: "MP_verify_AbCdEfGh12345678.txt", Content: "AbCdEfGh12345678", CreatedAt: now}}}},
		{"admin/files empty", &AdminFilesPage{Layout: sampleConsole("域名验证文件", "/admin/files"), Form: Form{Errors: map[string]string{"file": "请选择文件"}}}},
	}
}

func platformSamples(now time.Time, stops []StopRow) []Sample {
	spec := xunjia.TemplateSpecs()[0]
	fields := []TemplateField{
		{Label: "采购品种", Key: "thing1", Kind: "thing", Given: "当归、黄连", Sent: "当归、黄连"},
		{Label: "采购商", Key: "thing5", Kind: "thing", Given: "安国同仁药业有限责任公司北京朝阳分公司", Sent: "安国同仁药业有限责任公司北京朝阳分公…", Shortened: true},
	}
	refused := append(fields[:1:1], TemplateField{Label: "截止时间", Key: "phrase2", Kind: "phrase", Given: "2026-11-26 18:00", Complaint: "只能是 5 个以内的汉字"})
	id, choices := "simTemplate00000000000000000000000000000001", []Option{{Value: "x", Text: "新采购需求通知（simTem…0001）", Selected: true}}
	return []Sample{
		{"admin/templates", &AdminTemplatesPage{Layout: sampleConsole("模板消息", "/admin/templates"), Rows: []TemplateRow{
			{Title: spec.Title, Labels: spec.Labels, ID: id, Chosen: true},
			{Title: "收到报价通知", Labels: []string{"报价品种", "报价金额"}},
			{Title: "报价结果通知", Labels: []string{"报价品种"}, ID: id, Complaints: []string{"处理时间不是 24 小时制的时间"}},
		}}},
		{"admin/templates problem", &AdminTemplatesPage{Layout: sampleConsole("模板消息", "/admin/templates"), Problem: "AppSecret 不正确，请检查公众号配置（40125）", Rows: []TemplateRow{{Title: spec.Title}}}},
		{"admin/template", &AdminTemplatePage{Layout: sampleConsole(spec.Title, "/admin/templates"), Spec: spec, Choices: choices, TemplateID: id, TemplateTitle: spec.Title, Fields: fields, Unused: []string{"收货地区"}, Now: now}},
		{"admin/template refused", &AdminTemplatePage{Layout: sampleConsole(spec.Title, "/admin/templates"), Spec: spec, Choices: choices, TemplateID: id, TemplateTitle: spec.Title, Fields: refused, Gone: true, Now: now}},
		{"admin/template missing", &AdminTemplatePage{Layout: sampleConsole(spec.Title, "/admin/templates"), Spec: spec, Now: now}},
		{"admin/health", &AdminHealthPage{
			Layout: sampleConsole("账号状态", "/admin/health"), AppID: "wx5107000000000001", Now: now, Stops: stops,
			Parts: []Part{{"数据库", true, "正常，1 毫秒"}, {"Redis", false, "图形验证码暂时不可用"}, {"本机暂存的推送", false, "3 条，数据库恢复后自动处理"}, {"放弃处理的推送", false, "1 条，每次处理都失败，请查看日志"}},
			Credentials: []CredentialRow{
				{Name: "接口凭证 access_token", Masked: "83_c…", ExpiresAt: now.Add(80 * time.Minute), Left: 80 * time.Minute, Age: 40 * time.Minute, FetchedAt: now.Add(-40 * time.Minute)},
				{Name: "网页凭证 jsapi_ticket"},
			},
			Callback:  &CallbackStats{Mode: "safe", Count: 1289, P50: 6 * time.Millisecond, P95: 21 * time.Millisecond, Max: 380 * time.Millisecond, Refused: []Count{{"签名不正确", 4}}},
			Channels:  []ChannelToday{{"微信", 5120, 12, 3}, {"短信", 230, 0, 0}},
			CodesUsed: 86, CodesBudget: 5000,
			Errors: []CallError{{now, "/cgi-bin/message/template/send", "用户没有关注公众号（43004，rid 6574-0001）"}},
		}},
		{"admin/health empty", &AdminHealthPage{Layout: sampleConsole("账号状态", "/admin/health"), Problems: []string{"没有配置公众号"}, Now: now}},
	}
}
