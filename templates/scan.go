package templates

import "time"

// ScanPage shows a code on a PC, to be scanned with WeChat.
type ScanPage struct {
	Layout
	ID      string
	Bind    bool // binds a WeChat instead of logging in
	Scanned bool // waits for the phone
	Refused bool
	Expired bool
	Watch   string // address that tells what became of it
	Again   string // address that makes a new one
}

// Template implements Page.
func (*ScanPage) Template() string { return "scan" }

// Script asks for the state without reloading the page.
func (*ScanPage) Script() string { return scanScript }

const scanScript = "scan.js"

// Script shows a code beside the form on a wide screen.
func (*LoginPage) Script() string { return scanScript }

// ScanConfirmPage asks on the phone.
type ScanConfirmPage struct {
	Layout
	Token string
	Bind  bool
	Name  string // of the account
	Phone string // masked
	Place string // of the PC
	At    time.Time
}

// Template implements Page.
func (*ScanConfirmPage) Template() string { return "scan_confirm" }

// WeChatPage tells which WeChats somebody is bound to.
type WeChatPage struct {
	Layout
	Bound  []BoundWeChat
	More   bool         // another one may be bound
	Phone  string       // masked; the login that remains
	Unbind *BoundWeChat // asks whether to unbind this one
}

// BoundWeChat is a WeChat that logs into the account.
type BoundWeChat struct {
	ID        int64
	Name      string
	Following bool // the official account
}

// Template implements Page.
func (*WeChatPage) Template() string { return "wechat" }

func scanSamples(now time.Time) []Sample {
	plain := Layout{Title: "微信扫码登录", Plain: true, Back: "/login", FormToken: "sample"}
	me := sampleLayout("微信绑定", MeTab)
	me.Back = "/me"
	return []Sample{
		{"scan", &ScanPage{Layout: plain, ID: "sample", Watch: "/login/scan/sample", Again: "/login/scan"}},
		{"scan scanned", &ScanPage{Layout: plain, ID: "sample", Scanned: true, Watch: "/login/scan/sample", Again: "/login/scan"}},
		{"scan expired", &ScanPage{Layout: plain, ID: "sample", Expired: true, Again: "/login/scan"}},
		{"scan refused", &ScanPage{Layout: plain, ID: "sample", Refused: true, Bind: true, Again: "/me/wechat/scan"}},
		{"scan_confirm", &ScanConfirmPage{Layout: plain, Token: "sample", Name: "川源药材行", Phone: "138****0001", Place: "Windows 电脑，Chrome 浏览器，203.0.113.7", At: now}},
		{"scan_confirm bind", &ScanConfirmPage{Layout: plain, Token: "sample", Bind: true, Name: "川源药材行", Phone: "138****0001", Place: "Windows 电脑，Edge 浏览器，203.0.113.7", At: now}},
		{"wechat", &WeChatPage{Layout: me, Bound: []BoundWeChat{{1, "老陈", true}, {2, "川源药材行的客服微信号", false}}, More: true, Phone: "138****0001"}},
		{"wechat unbind", &WeChatPage{Layout: me, Unbind: &BoundWeChat{1, "老陈", true}, Phone: "138****0001"}},
		{"wechat unbound", &WeChatPage{Layout: me, More: true, Phone: "138****0001"}},
	}
}
