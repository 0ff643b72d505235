package templates

import "net/url"

// CodeForm is a form that asks for a code sent to a phone: the partials
// captcha-field and code-field show it.
type CodeForm struct {
	Form      Form   // captcha, code and the form's own fields
	CaptchaID string // "" when pictures are not available just now
	Wait      int    // seconds until another code may be asked for
	Sent      string // 验证码已发送到 138****0000
}

// TabLink is one of several ways to do the same thing.
type TabLink struct {
	Href, Text string
	Current    bool
}

// tabLinks makes a row of tabs that keep the page to return to.
func tabLinks(current, returnTo string, tabs ...[2]string) []TabLink {
	links := make([]TabLink, len(tabs))
	for i, t := range tabs {
		links[i] = TabLink{Href: returning(t[0], returnTo), Text: t[1], Current: t[0] == current}
	}
	return links
}

// returning is a path that leads back to another one afterwards.
func returning(path, returnTo string) string {
	if returnTo == "" || returnTo == "/" {
		return path
	}
	return path + "?" + url.Values{"return": {returnTo}}.Encode()
}

// loginTabs are the ways to log in.
func loginTabs(current, returnTo string, scan bool) []TabLink {
	tabs := [][2]string{{"/login", "短信登录"}, {"/login/password", "密码登录"}}
	if scan {
		tabs = append(tabs, [2]string{"/login/scan", "扫码登录"})
	}
	return tabLinks(current, returnTo, tabs...)
}

// registerTabs are the ways to register.
func registerTabs(current, returnTo string) []TabLink {
	return tabLinks(current, returnTo, [2]string{"/register", "手机号注册"}, [2]string{"/register/email", "邮箱注册"})
}

// LoginPage proves a phone: the first step of registering and, outside WeChat,
// the way to log in.
type LoginPage struct {
	Layout
	CodeForm        // phone, captcha, code
	Register bool   // one of three steps, in WeChat's words
	Return   string // the page he came for
	Scan     bool   // WeChat's scan may be used instead
	Email    string // masked; with a password it waits for this phone
}

// Template implements Page.
func (*LoginPage) Template() string { return "login" }

// Action is where the form goes.
func (p *LoginPage) Action() string {
	if p.Register {
		return "/register"
	}
	return "/login"
}

// ScanAction is where somebody goes who would rather scan with WeChat.
func (p *LoginPage) ScanAction() string {
	return returning("/login/scan", p.Return)
}

// Tabs are the other ways to do the same.
func (p *LoginPage) Tabs() []TabLink {
	if p.Register {
		return registerTabs("/register", p.Return)
	}
	return loginTabs("/login", p.Return, p.Scan && !p.WeChat)
}

// LoginPasswordPage logs in by a password.
type LoginPasswordPage struct {
	Layout
	Form      Form // login, password, captcha
	Return    string
	Captcha   bool // one is needed
	CaptchaID string
	Scan      bool
}

// Template implements Page.
func (*LoginPasswordPage) Template() string { return "login_password" }

// Tabs are the other ways to log in.
func (p *LoginPasswordPage) Tabs() []TabLink {
	return loginTabs("/login/password", p.Return, p.Scan && !p.WeChat)
}

// Forgot is where somebody goes who has forgotten his password.
func (p *LoginPasswordPage) Forgot() string { return returning("/login/forgot", p.Return) }

// ForgotPage sets a new password with the help of a phone.
type ForgotPage struct {
	Layout
	CodeForm // phone, captcha, code, password, again
	Return   string
}

// Template implements Page.
func (*ForgotPage) Template() string { return "forgot" }

// RegisterEmailPage begins a registration with an e-mail address and a password.
type RegisterEmailPage struct {
	Layout
	CodeForm // email, password, again, captcha
	Return   string
}

// Template implements Page.
func (*RegisterEmailPage) Template() string { return "register_email" }

// Tabs are the other ways to register.
func (p *RegisterEmailPage) Tabs() []TabLink { return registerTabs("/register/email", p.Return) }

func loginSamples() []Sample {
	step := func(title string) Layout {
		return Layout{Title: title, Plain: true, Wide: true, Back: "/login", FormToken: "sample"}
	}
	wrong := Form{Values: url.Values{"login": {"chen@example.com"}}, Message: "手机号、邮箱或密码不正确", Errors: map[string]string{"captcha": "图形验证码不正确，请看新的一张"}}
	typed := Form{Values: url.Values{"phone": {"13800000001"}, "email": {"chen@example"}, "code": {"123456"}}, Errors: map[string]string{
		"email": "邮箱格式不正确，例如 name@example.com", "password": "密码太简单，请混用字母、数字或符号", "again": "两次填写的密码不一样", "captcha": "请填写图片里的数字",
	}}
	return []Sample{
		{"login_password", &LoginPasswordPage{Layout: step("登录"), Scan: true, Return: "/me"}},
		{"login_password captcha", &LoginPasswordPage{Layout: step("登录"), Scan: true, Captcha: true, CaptchaID: "sample", Form: wrong}},
		{"login_password locked", &LoginPasswordPage{Layout: step("登录"), Form: Form{Values: url.Values{"login": {"13800000001"}}, Message: "失败次数太多，请 15 分钟后再试，或改用短信验证码登录"}}},
		{"login email", &LoginPage{Layout: step("注册"), Register: true, Email: "c***@example.com", CodeForm: CodeForm{CaptchaID: "sample"}}},
		{"forgot", &ForgotPage{Layout: step("忘记密码"), CodeForm: CodeForm{CaptchaID: "sample"}}},
		{"forgot errors", &ForgotPage{Layout: step("忘记密码"), CodeForm: CodeForm{CaptchaID: "sample", Form: typed, Wait: 30, Sent: "验证码已发送到 138****0001，5 分钟内有效"}}},
		{"register_email", &RegisterEmailPage{Layout: step("注册"), CodeForm: CodeForm{CaptchaID: "sample"}}},
		{"register_email errors", &RegisterEmailPage{Layout: step("注册"), CodeForm: CodeForm{CaptchaID: "sample", Form: typed}}},
	}
}
