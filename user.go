package xunjia

import (
	"strings"
	"time"
	"unicode/utf8"
)

// BusinessKind is what a person does for a living: 1–5 are companies, 6–10
// individuals. The numbers are stored and come from the replaced system.
type BusinessKind int

// The kinds of business.
const (
	TradingCompany   BusinessKind = 1
	SlicesFactory    BusinessKind = 2
	PharmaFactory    BusinessKind = 3
	HospitalPharmacy BusinessKind = 4
	Cooperative      BusinessKind = 5
	Trader           BusinessKind = 6
	Grower           BusinessKind = 7
	Agent            BusinessKind = 8
	Clinic           BusinessKind = 9
	OtherPerson      BusinessKind = 10
)

// BusinessKinds lists every kind in the order in which forms offer them.
func BusinessKinds() []BusinessKind {
	return []BusinessKind{TradingCompany, SlicesFactory, PharmaFactory, HospitalPharmacy, Cooperative,
		Trader, Grower, Agent, Clinic, OtherPerson}
}

// String is the Chinese name of the kind, "" for an unknown one.
func (k BusinessKind) String() string {
	switch k {
	case TradingCompany:
		return "药材公司"
	case SlicesFactory:
		return "饮片厂"
	case PharmaFactory:
		return "制药企业"
	case HospitalPharmacy:
		return "医院药房"
	case Cooperative:
		return "合作社"
	case Trader:
		return "药商"
	case Grower:
		return "种植户"
	case Agent:
		return "采购代理"
	case Clinic:
		return "诊所"
	case OtherPerson:
		return "其他个人"
	}
	return ""
}

// Company tells companies from individuals.
func (k BusinessKind) Company() bool { return k >= TradingCompany && k <= Cooperative }

// RegistrationStep is where a person stands in registering.
type RegistrationStep int

// The steps, in their order.
const (
	StepPhone      RegistrationStep = 1 // no verified phone yet
	StepProfile    RegistrationStep = 2 // kind of business, name and area are missing
	StepCategories RegistrationStep = 3 // has not chosen the categories to follow
	StepDone       RegistrationStep = 4
)

// User is a person or a business that buys, sells, or both.
type User struct {
	ID             int64
	Phone          Phone
	Kind           BusinessKind // 0 until step 2
	Name           string       // of the company or the person; "" until step 2
	Area           Area         // "" until step 2
	Disabled       bool
	CompanyID      int64 // 0 without a company
	CompanyRole    CompanyRole
	CertifiedUntil time.Time // zero: never certified
	CreatedAt      time.Time
	RegisteredAt   time.Time // zero until step 3 is finished
}

// Step tells which registration step comes next.
func (u User) Step() RegistrationStep {
	switch {
	case u.Phone == "":
		return StepPhone
	case u.Kind == 0 || u.Name == "" || u.Area == "":
		return StepProfile
	case u.RegisteredAt.IsZero():
		return StepCategories
	}
	return StepDone
}

// MaskedName is what strangers see of a name: its first character and stars,
// for companies the first two and the last two characters.
func (u User) MaskedName() string {
	r := []rune(u.Name)
	switch {
	case len(r) == 0:
		return "匿名用户"
	case u.Kind.Company() && len(r) > 5:
		return string(r[:2]) + "**" + string(r[len(r)-2:])
	}
	return string(r[:1]) + "**"
}

// Profile is the second registration step, as typed.
type Profile struct {
	Kind BusinessKind
	Name string
	Area Area
}

// Validate trims the profile and reports every field that is wrong: kind,
// name, area.
func (p *Profile) Validate() error {
	p.Name = strings.TrimSpace(p.Name)
	f := FieldErrors{}
	if p.Kind.String() == "" {
		f.Add("kind", "请选择您的业务类型")
	}
	switch n := utf8.RuneCountInString(p.Name); {
	case n == 0:
		f.Add("name", "请填写名称")
	case n < 2 || n > 40:
		f.Add("name", "名称为 2 到 40 个字")
	case hasControl(p.Name):
		f.Add("name", "名称中有无法识别的字符")
	}
	if !p.Area.Valid() {
		f.Add("area", "请选择所在地区")
	}
	return f.Err()
}

// MaxFollowedCategories bounds how many categories a person may follow.
const MaxFollowedCategories = 200

// Identity is one person's account with the official account: an openid. It
// exists before the person registers, and follows or does not.
type Identity struct {
	ID         int64
	UserID     int64 // 0 while nobody has registered with it
	AppID      string
	OpenID     string
	UnionID    string // "" unless the account is bound to an open platform
	Nickname   string
	AvatarURL  string
	Subscribed bool // follows the official account
	Consented  bool // agreed to snsapi_userinfo at least once
	CreatedAt  time.Time
}

// Category is a kind of goods that people ask for and follow.
type Category struct {
	ID       int64
	ParentID int64 // 0 at the top
	Name     string
	Initials string // pinyin initials in lower case: 黄连 → hl
	Aliases  []string
	Units    []Unit   // the first one is the usual one
	Specs    []string // 统货, 选货, 一级 …
	Origins  []string // usual places of origin
}

func hasControl(s string) bool {
	return strings.ContainsFunc(s, func(r rune) bool {
		return (r < ' ' && r != '\n' && r != '\r' && r != '\t') || r == 0x7f || r == utf8.RuneError
	})
}
