package templates

import (
	"strconv"
	"time"

	"github.com/xunjia/xunjia"
)

// CompanyPage is the reader's company, or the form that founds one.
type CompanyPage struct {
	Layout
	Me      xunjia.User
	Company xunjia.Company // ID 0 without one
	Members []xunjia.User
	Links   []CompanyLinkRow // for owners
	Log     []CompanyLogRow
	Next    string // of the log
	First   bool   // of its parts
	Form    Form   // name; role, uses
}

// Template implements Page.
func (*CompanyPage) Template() string { return "company" }

// Runs tells whether the reader decides who is in.
func (p *CompanyPage) Runs() bool { return p.Me.RunsCompany() == nil }

// Roles are what a member can be.
func (p *CompanyPage) Roles() []RoleOption { return roleOptions(xunjia.CompanyBuyer, p.Form) }

// RoleOption is a role with what it may do.
type RoleOption struct {
	Option
	Hint string
}

func roleOptions(chosen xunjia.CompanyRole, f Form) []RoleOption {
	hints := map[xunjia.CompanyRole]string{
		xunjia.CompanyOwner: "什么都可以，还能管理成员", xunjia.CompanyBuyer: "发布和管理采购单，不能接受报价",
		xunjia.CompanyApprover: "接受和拒绝报价、确认成交", xunjia.CompanyViewer: "只能查看",
	}
	if n, err := strconv.Atoi(f.Value("role")); err == nil {
		chosen = xunjia.CompanyRole(n)
	}
	var list []RoleOption
	for _, r := range xunjia.CompanyRoles() {
		list = append(list, RoleOption{Option{Value: strconv.Itoa(int(r)), Text: r.String(), Selected: r == chosen}, hints[r]})
	}
	return list
}

// CompanyLinkRow is a link into the company; Why tells why it does not work any
// more.
type CompanyLinkRow struct {
	xunjia.CompanyLink
	Why string
}

// CompanyLogRow is a line of the log.
type CompanyLogRow struct {
	Text string
	At   time.Time
}

// CompanyLinkPage shows the address of a link, once.
type CompanyLinkPage struct {
	Layout
	Company xunjia.Company
	Link    xunjia.CompanyLink
	URL     string
}

// Template implements Page.
func (*CompanyLinkPage) Template() string { return "company_link" }

// MemberPage lets an owner change a member's role or remove him.
type MemberPage struct {
	Layout
	Member xunjia.User
	Self   bool
}

// Template implements Page.
func (*MemberPage) Template() string { return "company_member" }

// Roles are what the member can be.
func (p *MemberPage) Roles() []RoleOption { return roleOptions(p.Member.CompanyRole, Form{}) }

// JoinCompanyPage asks whoever opened a link whether he wants to come in.
type JoinCompanyPage struct {
	Layout
	Company xunjia.Company
	Link    xunjia.CompanyLink
	Inviter string
	Token   string
	Why     string // why he cannot; "" when he can
}

// Template implements Page.
func (*JoinCompanyPage) Template() string { return "company_join" }

func companySamples(now time.Time) []Sample {
	owner := xunjia.User{ID: 1, Name: "安国同仁药业", Kind: xunjia.TradingCompany, CompanyID: 1, CompanyRole: xunjia.CompanyOwner}
	company := xunjia.Company{ID: 1, Name: "安国同仁药业有限责任公司", CreatedAt: now}
	page := &CompanyPage{Layout: sampleLayout("公司", MeTab), Me: owner, Company: company, First: true, Next: "more",
		Members: []xunjia.User{owner, {ID: 2, Name: "王采购", CompanyID: 1, CompanyRole: xunjia.CompanyBuyer}, {ID: 3, Name: "名字特别长的一位负责审批的同事", CompanyID: 1, CompanyRole: xunjia.CompanyApprover}},
		Links: []CompanyLinkRow{{xunjia.CompanyLink{ID: 1, Role: xunjia.CompanyBuyer, MaxUses: 5, Uses: 2, ExpiresAt: now.Add(100 * time.Hour)}, ""},
			{xunjia.CompanyLink{ID: 2, Role: xunjia.CompanyViewer, MaxUses: 1, Uses: 1, ExpiresAt: now}, "邀请链接的名额已用完"}},
		Log: []CompanyLogRow{{"王采购 加入公司，角色是采购员", now.Add(-time.Hour)}, {"安国同仁药业 创建了公司", now.Add(-26 * time.Hour)}}}
	viewer := *page
	viewer.Me.CompanyRole, viewer.Links = xunjia.CompanyViewer, nil
	none := &CompanyPage{Layout: sampleLayout("公司", MeTab), Form: Form{Values: map[string][]string{"name": {"华"}}, Errors: map[string]string{"name": "请填写公司名称，至少两个字"}, Message: "请检查标出的内容"}}
	plain := sampleLayout("加入公司", MeTab)
	plain.Plain = true
	join := &JoinCompanyPage{Layout: plain, Company: company, Link: page.Links[0].CompanyLink, Inviter: owner.Name, Token: "T"}
	late := *join
	late.Why = "邀请链接已过期，请向公司负责人要一个新的"
	return []Sample{
		{"company", page}, {"company viewer", &viewer}, {"company none", none}, {"company_join", join}, {"company_join late", &late},
		{"company_link", &CompanyLinkPage{Layout: plain, Company: company, Link: page.Links[0].CompanyLink, URL: "https://b2b.example.com/c/EXAMPLETOKENEXAMPLETOKEN"}},
		{"company_member", &MemberPage{Layout: sampleLayout("王采购", MeTab), Member: page.Members[1]}},
	}
}
