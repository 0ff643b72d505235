package templates

import "net/url"

// LoginPage proves a phone: the first step of registering and, outside WeChat,
// the way to log in.
type LoginPage struct {
	Layout
	Form      Form   // phone, captcha, code
	Register  bool   // one of three steps, in WeChat's words
	Return    string // the page he came for
	CaptchaID string // "" when pictures are not available just now
	Wait      int    // seconds until another code may be asked for
	Sent      string // 验证码已发送到 138****0000
	Scan      bool   // WeChat's scan may be used instead
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
	if p.Return == "" || p.Return == "/" {
		return "/login/scan"
	}
	return "/login/scan?" + url.Values{"return": {p.Return}}.Encode()
}
