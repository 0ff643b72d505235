package handlers

import (
	"net/http"
	"strconv"
	"strings"

	"github.com/gin-gonic/gin"

	"github.com/xunjia/xunjia"
	"github.com/xunjia/xunjia/templates"
)

const companyPath = "/me/company"

// company shows the visitor's company, or the form that founds one.
func (s *Site) company(c *gin.Context) error {
	return s.renderCompany(c, http.StatusOK, templates.Form{})
}

// renderCompany shows the company; f is a form on the page with mistakes.
func (s *Site) renderCompany(c *gin.Context, status int, f templates.Form) error {
	ctx := c.Request.Context()
	u, err := s.Store.User(ctx, visitOf(c).user.ID)
	if err != nil {
		return err
	}
	p := &templates.CompanyPage{Form: f, Me: u}
	p.Title, p.Tab, p.Wide, p.Back = "公司", templates.MeTab, true, "/me"
	if u.CompanyID == 0 {
		return s.render(c, status, p)
	}
	if p.Company, err = s.Store.Company(ctx, u.CompanyID); err != nil {
		return err
	}
	if p.Members, err = s.Store.Members(ctx, u.CompanyID); err != nil {
		return err
	}
	if u.RunsCompany() == nil {
		links, err := s.Store.CompanyLinks(ctx, u.CompanyID)
		if err != nil {
			return err
		}
		for _, l := range links {
			p.Links = append(p.Links, templates.CompanyLinkRow{CompanyLink: l, Why: l.Why(s.Clock())})
		}
	}
	if err := s.addCompanyLog(c, p); err != nil {
		return err
	}
	return s.render(c, status, p)
}

// addCompanyLog writes the log of changes with the names of today.
func (s *Site) addCompanyLog(c *gin.Context, p *templates.CompanyPage) error {
	list, err := s.Store.CompanyLog(c.Request.Context(), p.Company.ID, xunjia.Page{After: c.Query("after")})
	if err != nil {
		return err
	}
	var ids []int64
	for _, e := range list.Items {
		ids = append(ids, e.ActorID, e.SubjectID)
	}
	people, err := s.Store.Users(c.Request.Context(), ids)
	if err != nil {
		return err
	}
	for _, e := range list.Items {
		p.Log = append(p.Log, templates.CompanyLogRow{Text: e.Text(people[e.ActorID].Name, people[e.SubjectID].Name), At: e.CreatedAt})
	}
	p.Next, p.First = partPath(companyPath, list.Next), c.Query("after") == ""
	return nil
}

// afterCompany ends an operation on the company: what was not possible stands on
// its page.
func (s *Site) afterCompany(c *gin.Context, err error, done string) error {
	if err != nil {
		f := s.form(c)
		if !formErrors(&f, err) {
			return err
		}
		return s.renderCompany(c, status(xunjia.ErrorCode(err)), f)
	}
	s.Outbox.Wake()
	s.flash(c, done)
	s.redirect(c, companyPath)
	return nil
}

// saveCompany founds a company, or gives the visitor's another name.
func (s *Site) saveCompany(c *gin.Context) error {
	ctx, u, name := c.Request.Context(), visitOf(c).user, s.form(c).Value("name")
	if u.CompanyID != 0 {
		return s.afterCompany(c, s.Store.RenameCompany(ctx, u.ID, name), "公司名称已修改")
	}
	_, err := s.Store.CreateCompany(ctx, u.ID, name)
	return s.afterCompany(c, err, "公司已创建，可以邀请同事加入")
}

// createCompanyLink makes a link and shows it, once: only its hash is kept.
func (s *Site) createCompanyLink(c *gin.Context) error {
	f := s.form(c)
	role, _ := strconv.Atoi(f.Value("role"))
	uses, _ := strconv.Atoi(strings.TrimSpace(f.Value("uses"))) // 0 is refused, as is no role
	token, link, err := s.Store.CreateCompanyLink(c.Request.Context(), visitOf(c).user.ID, xunjia.CompanyRole(role), uses)
	if err != nil {
		return s.afterCompany(c, err, "")
	}
	company, err := s.Store.Company(c.Request.Context(), link.CompanyID)
	if err != nil {
		return err
	}
	p := &templates.CompanyLinkPage{Company: company, Link: link, URL: s.BaseURL + "/c/" + token}
	p.Title, p.Plain, p.Back = "邀请链接", true, companyPath
	return s.render(c, http.StatusOK, p)
}

func (s *Site) revokeCompanyLink(c *gin.Context) error {
	id, err := idParam(c)
	if err != nil {
		return err
	}
	return s.afterCompany(c, s.Store.RevokeCompanyLink(c.Request.Context(), visitOf(c).user.ID, id), "邀请链接已撤销")
}

// showMember asks an owner what becomes of a member.
func (s *Site) showMember(c *gin.Context) error {
	m, err := s.memberOfParam(c)
	if err != nil {
		return err
	}
	p := &templates.MemberPage{Member: m, Self: m.ID == visitOf(c).user.ID}
	p.Title, p.Back = m.Name, companyPath
	return s.render(c, http.StatusOK, p)
}

// memberOfParam is the member of the address, for the owners of his company.
func (s *Site) memberOfParam(c *gin.Context) (xunjia.User, error) {
	id, err := idParam(c)
	if err != nil {
		return xunjia.User{}, err
	}
	if err := visitOf(c).user.RunsCompany(); err != nil {
		return xunjia.User{}, err
	}
	m, err := s.Store.User(c.Request.Context(), id)
	if err == nil && m.CompanyID != visitOf(c).user.CompanyID {
		err = xunjia.Errorf(xunjia.NotFound, "没有找到这位成员")
	}
	return m, err
}

func (s *Site) setCompanyRole(c *gin.Context) error {
	id, err := idParam(c)
	if err != nil {
		return err
	}
	role, _ := strconv.Atoi(s.form(c).Value("role"))
	err = s.Store.SetCompanyRole(c.Request.Context(), visitOf(c).user.ID, id, xunjia.CompanyRole(role))
	return s.afterCompany(c, err, "角色已修改")
}

func (s *Site) removeMember(c *gin.Context) error {
	id, err := idParam(c)
	if err != nil {
		return err
	}
	return s.afterCompany(c, s.Store.RemoveMember(c.Request.Context(), visitOf(c).user.ID, id), "已移出公司")
}

// showLeaveCompany asks whether the visitor wants to leave.
func (s *Site) showLeaveCompany(c *gin.Context) error {
	u := visitOf(c).user
	members, err := s.Store.Members(c.Request.Context(), u.CompanyID)
	if err != nil {
		return err
	}
	p := &templates.ConfirmPage{
		Heading: "退出公司？", Text: "您发布的采购单仍由公司处理。",
		Points: []string{"退出后看不到公司的采购单和报价", "以后可以用新的邀请链接再加入"},
		Action: companyPath + "/leave", Button: "退出公司", TestID: "leave-confirm",
	}
	if len(members) == 1 {
		p.Heading, p.Text = "解散公司？", "您是公司里唯一的成员，退出后公司不再存在。"
		p.Points, p.Button = []string{"公司的采购单和成交变回您个人的", "不能恢复"}, "解散公司"
	}
	p.Title, p.Plain, p.Back = "退出公司", true, companyPath
	return s.render(c, http.StatusOK, p)
}

func (s *Site) leaveCompany(c *gin.Context) error {
	return s.afterCompany(c, s.Store.LeaveCompany(c.Request.Context(), visitOf(c).user.ID), "您已退出公司")
}

// showJoinCompany tells whoever opens a link which company it leads into.
func (s *Site) showJoinCompany(c *gin.Context) error {
	l, company, err := s.Store.CompanyLink(c.Request.Context(), c.Param("token"))
	if err != nil {
		return err
	}
	inviter, err := s.Store.User(c.Request.Context(), l.CreatedBy)
	if err != nil {
		return err
	}
	u := visitOf(c).user
	p := &templates.JoinCompanyPage{Company: company, Link: l, Inviter: inviter.Name, Token: c.Param("token"), Why: l.Why(s.Clock())}
	switch {
	case u.CompanyID == company.ID:
		p.Why = "您已经是这家公司的成员"
	case p.Why == "" && u.CanFound() != nil:
		p.Why = known(u.CanFound()).Message
	case p.Why != "":
		p.Why += "，请向公司负责人要一个新的"
	}
	p.Title, p.Plain, p.Back = "加入公司", true, "/me"
	return s.render(c, http.StatusOK, p)
}

func (s *Site) joinCompany(c *gin.Context) error {
	err := s.Store.JoinCompany(c.Request.Context(), visitOf(c).user.ID, c.Param("token"))
	if xunjia.ErrorCode(err) == xunjia.Conflict {
		return s.sayWhy(c, err, "", templates.Link{Href: companyPath, Text: "看看我的公司"})
	}
	return s.afterCompany(c, err, "已加入公司")
}

// companyPurchases lists what the visitor's company published.
func (s *Site) companyPurchases(c *gin.Context) error {
	u, page := visitOf(c).user, xunjia.Page{After: c.Query("after")}
	p := &templates.MyPurchasesPage{First: page.After == "", Company: true, HasCompany: true}
	var in *xunjia.PurchaseStatus
	if state, ok := purchaseTabs()[c.Query("status")]; ok {
		p.Status, in = c.Query("status"), &state
	}
	list, err := s.Store.PurchasesOfCompany(c.Request.Context(), u.CompanyID, in, page)
	if err != nil {
		return err
	}
	if err := s.addPurchaseCards(c, p, list); err != nil {
		return err
	}
	p.Title, p.Tab, p.Wide, p.Back = "公司的采购", templates.MeTab, true, companyPath
	return s.render(c, http.StatusOK, p)
}

// addPurchaseCards shows the purchases of a part; a company's with who published
// them.
func (s *Site) addPurchaseCards(c *gin.Context, p *templates.MyPurchasesPage, list xunjia.List[xunjia.Purchase]) error {
	p.Next = list.Next
	var ids []int64
	for _, purchase := range list.Items {
		p.Purchases = append(p.Purchases, templates.NewPurchaseCard(purchase, s.Clock()))
		ids = append(ids, purchase.BuyerID)
	}
	if !p.Company || len(ids) == 0 {
		return nil
	}
	people, err := s.Store.Users(c.Request.Context(), ids)
	p.Publishers = map[int64]string{}
	for id, u := range people {
		p.Publishers[id] = u.Name
	}
	return err
}

// purchaseTabs are the states of own lists of purchases by their name in the
// address.
func purchaseTabs() map[string]xunjia.PurchaseStatus {
	return map[string]xunjia.PurchaseStatus{"open": xunjia.WaitingForQuote, "ended": xunjia.QuotingEnded, "done": xunjia.Purchased, "closed": xunjia.Closed}
}
