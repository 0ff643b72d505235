package templates

import (
	"net/url"
	"time"

	"github.com/xunjia/xunjia"
)

// SecurityPage shows how somebody logs in, and where.
type SecurityPage struct {
	Layout
	Phone       string // masked
	Email       string // masked, "" for none
	HasPassword bool
	Bindable    bool // there is an official account
	Bound       int  // WeChats
	Devices     []Device
}

// Template implements Page.
func (*SecurityPage) Template() string { return "security" }

// Others tells whether there is another device to log out.
func (p *SecurityPage) Others() bool { return len(p.Devices) > 1 }

// Device is a browser in which somebody is logged in.
type Device struct {
	Name  string // Windows 电脑，Chrome 浏览器
	Phone bool
	IP    string
	Since time.Time
	Seen  time.Time
	Here  bool
}

// Icon is a phone or a PC.
func (d Device) Icon() string {
	if d.Phone {
		return "device-mobile"
	}
	return "device-desktop"
}

// ProvePage asks somebody who is logged in to show once more who he is.
type ProvePage struct {
	Layout
	CodeForm    // password; or captcha, code
	Return      string
	HasPassword bool
	Phone       string // masked
}

// Template implements Page.
func (*ProvePage) Template() string { return "prove" }

// SetPasswordPage sets a password.
type SetPasswordPage struct {
	Layout
	Form  Form // password, again
	Email bool // he has an e-mail to log in with
}

// Template implements Page.
func (*SetPasswordPage) Template() string { return "set_password" }

// SetEmailPage sets the e-mail address to log in with.
type SetEmailPage struct {
	Layout
	Form        Form   // email
	Email       string // masked, the present one
	HasPassword bool
}

// Template implements Page.
func (*SetEmailPage) Template() string { return "set_email" }

// SetPhonePage proves another phone: a new one, or that of another account to
// merge with.
type SetPhonePage struct {
	Layout
	CodeForm        // phone, captcha, code
	Phone    string // masked, the present one
	Merge    bool
}

// Template implements Page.
func (*SetPhonePage) Template() string { return "set_phone" }

// Action is where the form goes.
func (p *SetPhonePage) Action() string {
	if p.Merge {
		return "/me/merge"
	}
	return "/me/security/phone"
}

// Label names the phone that is asked for.
func (p *SetPhonePage) Label() string {
	if p.Merge {
		return "另一个账号的手机号"
	}
	return "新手机号"
}

// MergePage shows two accounts of one person side by side.
type MergePage struct {
	Layout
	CodeForm          // captcha, code for the other's phone
	Why      string   // they are about to be merged
	Sides    []Side   // the present account first
	Proved   bool     // the other's phone
	Refused  string   // why they cannot be merged
	Points   []string // what becomes of what
	Limits   []string // what cannot be merged
}

// Template implements Page.
func (*MergePage) Template() string { return "merge" }

// Ready tells whether one of them may be chosen.
func (p *MergePage) Ready() bool { return p.Proved && p.Refused == "" }

// OtherPhone is where the code goes, masked.
func (p *MergePage) OtherPhone() string {
	for _, s := range p.Sides {
		if !s.Mine {
			return s.Phone
		}
	}
	return ""
}

// Side is one of the accounts.
type Side struct {
	ID         int64
	Mine       bool // the present one
	Name       string
	Phone      string // masked
	Kind       string
	Created    time.Time
	Purchases  int
	Quotes     int
	Identities int
	Categories int
	Email      string // masked
}

// NewSide shows an account; the name of one that is not proved is masked.
func NewSide(s xunjia.MergeSide, mine, proved bool) Side {
	name := s.User.Name
	switch {
	case name == "":
		name = "还没有填写名称"
	case !proved:
		name = s.User.MaskedName()
	}
	return Side{
		ID: s.User.ID, Mine: mine, Name: name, Phone: s.User.Phone.Masked(), Kind: s.User.Kind.String(), Created: s.User.CreatedAt,
		Purchases: s.Purchases, Quotes: s.Quotes, Identities: s.Identities, Categories: s.Categories, Email: s.Email.Masked(),
	}
}

func securitySamples(now time.Time) []Sample {
	l := func(title, back string) Layout {
		layout := sampleLayout(title, MeTab)
		layout.Back = back
		return layout
	}
	devices := []Device{
		{"Windows 电脑，Chrome 浏览器", false, "203.0.113.7", now.Add(-time.Hour), now, true},
		{"苹果手机，微信", true, "2001:db8:85a3:8d3:1319:8a2e:370:7348", now.Add(-50 * time.Hour), now.Add(-3 * time.Hour), false},
	}
	code := CodeForm{CaptchaID: "sample"}
	bad := CodeForm{CaptchaID: "sample", Wait: 20, Sent: "验证码已发送到 138****0002，5 分钟内有效", Form: Form{
		Values: url.Values{"phone": {"13800000002"}, "email": {"chen@example.com"}},
		Errors: map[string]string{"phone": "这就是您现在的手机号", "email": "这个邮箱已被其他账号使用", "password": "密码不正确", "again": "两次填写的密码不一样", "code": "验证码不正确，还可以再试 4 次；请用最新收到的那一条"},
	}}
	sides := []Side{
		{1, true, "川源药材行", "138****0001", "药商", now.Add(-400 * time.Hour), 12, 40, 1, 12, "c***@example.com"},
		{2, false, "安国市同仁堂中药饮片有限公司", "139****0002", "饮片厂", now.Add(-9000 * time.Hour), 3, 0, 2, 120, ""},
	}
	points := []string{"绑定的微信、关注的品种、采购单、报价、图片和消息都归到保留的账号", "两个手机号都能登录保留的账号"}
	limits := []string{"两个账号都报过价的品种有 2 个：每个品种只留一条"}
	return []Sample{
		{"security", &SecurityPage{Layout: l("安全设置", "/me"), Phone: "138****0001", Email: "c***@example.com", HasPassword: true, Bindable: true, Bound: 2, Devices: devices}},
		{"security empty", &SecurityPage{Layout: l("安全设置", "/me"), Phone: "138****0001", Devices: devices[:1]}},
		{"prove", &ProvePage{Layout: l("验证身份", "/me/security"), CodeForm: code, HasPassword: true, Phone: "138****0001"}},
		{"prove errors", &ProvePage{Layout: l("验证身份", "/me/security"), CodeForm: bad, HasPassword: true, Phone: "138****0001"}},
		{"prove code", &ProvePage{Layout: l("验证身份", "/me/security"), CodeForm: code, Phone: "138****0001"}},
		{"set_password", &SetPasswordPage{Layout: l("设置密码", "/me/security")}},
		{"set_password errors", &SetPasswordPage{Layout: l("修改密码", "/me/security"), Email: true, Form: bad.Form}},
		{"set_email", &SetEmailPage{Layout: l("登录邮箱", "/me/security")}},
		{"set_email errors", &SetEmailPage{Layout: l("登录邮箱", "/me/security"), Email: "c***@example.com", HasPassword: true, Form: bad.Form}},
		{"set_phone", &SetPhonePage{Layout: l("更换手机号", "/me/security"), Phone: "138****0001", CodeForm: code}},
		{"set_phone errors", &SetPhonePage{Layout: l("更换手机号", "/me/security"), Phone: "138****0001", CodeForm: bad}},
		{"set_phone merge", &SetPhonePage{Layout: l("合并账号", "/me/security"), Merge: true, CodeForm: code}},
		{"merge", &MergePage{Layout: l("合并账号", "/me/security"), Sides: sides, Proved: true, Points: points, Limits: limits}},
		{"merge unproved", &MergePage{Layout: l("合并账号", "/me/security"), Why: "这个微信已经绑定了您的另一个账号。", Sides: sides, CodeForm: bad, Points: points, Limits: limits}},
		{"merge refused", &MergePage{Layout: l("合并账号", "/me/security"), Sides: sides, Proved: true, Refused: "其中一个账号已停用，不能合并，请联系客服", Points: points, Limits: limits}},
	}
}
