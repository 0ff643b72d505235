package xunjia

import (
	"strings"
	"time"
	"unicode/utf8"
)

// Limits of companies.
const (
	MaxMembers        = 50
	MaxCompanyLinks   = 20                 // that still work
	MaxCompanyUses    = 50                 // of one link
	CompanyLinkPeriod = 7 * 24 * time.Hour // a link works
	maxCompanyName    = 40
)

// CompanyAction is something that changes who is in a company, as its log says.
type CompanyAction string

// The actions.
const (
	CompanyCreated   CompanyAction = "created"
	CompanyRenamed   CompanyAction = "renamed"
	MemberJoined     CompanyAction = "joined"
	RoleChanged      CompanyAction = "role"
	MemberRemoved    CompanyAction = "removed"
	MemberLeft       CompanyAction = "left"
	CompanyLinkMade  CompanyAction = "link"
	CompanyLinkEnded CompanyAction = "link_revoked"
)

// CompanyEntry is a line of a company's log. Ids that do not apply are 0.
type CompanyEntry struct {
	ID        int64
	CompanyID int64
	Action    CompanyAction
	ActorID   int64
	SubjectID int64  // the member concerned
	Detail    string // the new name, or the role
	CreatedAt time.Time
}

// CompanyLink lets people into a company who have its address.
type CompanyLink struct {
	ID        int64
	CompanyID int64
	Role      CompanyRole
	MaxUses   int
	Uses      int
	CreatedBy int64
	CreatedAt time.Time
	ExpiresAt time.Time
	RevokedAt time.Time // zero: never
}

// Why tells in words why the link does not work any more; "" when it does.
func (l CompanyLink) Why(now time.Time) string {
	switch {
	case !l.RevokedAt.IsZero():
		return "邀请链接已被撤销"
	case !now.Before(l.ExpiresAt):
		return "邀请链接已过期"
	case l.Uses >= l.MaxUses:
		return "邀请链接的名额已用完"
	}
	return ""
}

// CheckCompanyName trims a company's name; Invalid with the field name.
func CheckCompanyName(name string) (string, error) {
	f := FieldErrors{}
	name = strings.TrimSpace(name)
	if utf8.RuneCountInString(name) < 2 {
		f.Add("name", "请填写公司名称，至少两个字")
	}
	checkText(f, "name", name, maxCompanyName)
	return name, f.Err()
}

// CanFound tells why the user may not found or enter a company: Conflict when he
// is in one.
func (u User) CanFound() error {
	if u.CompanyID != 0 {
		return Errorf(Conflict, "您已经在一家公司里，请先退出再加入别的公司")
	}
	return nil
}

// CanJoin tells why the user may not come in by the link: Conflict when he is in
// a company, the link does not work any more, or the company is full.
func (l CompanyLink) CanJoin(u User, members int, now time.Time) error {
	if err := u.CanFound(); err != nil {
		return err
	}
	if why := l.Why(now); why != "" {
		return Errorf(Conflict, "%s，请向公司负责人要一个新的", why)
	}
	if members >= MaxMembers {
		return Errorf(Conflict, "公司已有 %d 位成员，不能再加入", members)
	}
	return nil
}

// RunsCompany tells why the user may not decide who is in his company: NotFound
// without one, Forbidden for anybody but its owners.
func (u User) RunsCompany() error {
	if u.CompanyID == 0 {
		return Errorf(NotFound, "没有找到公司")
	}
	if u.CompanyRole != CompanyOwner {
		return Errorf(Forbidden, "只有公司负责人可以进行这个操作")
	}
	return nil
}

// CanSetRole tells why the user may not give a member the role, where owners
// counts the owners there are: see RunsCompany; NotFound for somebody who is not
// in the company, Invalid for no role, Conflict for the last owner.
func (u User) CanSetRole(member User, role CompanyRole, owners int) error {
	if err := u.RunsCompany(); err != nil {
		return err
	}
	switch {
	case member.CompanyID != u.CompanyID:
		return Errorf(NotFound, "没有找到这位成员")
	case role.String() == "":
		return Errorf(Invalid, "请选择角色")
	case member.CompanyRole == CompanyOwner && role != CompanyOwner && owners <= 1:
		return Errorf(Conflict, "公司至少要有一位负责人，请先把别人设为负责人")
	}
	return nil
}

// CanRemove tells why the user may not remove a member: as CanSetRole; oneself is
// not removed but leaves.
func (u User) CanRemove(member User) error {
	if err := u.RunsCompany(); err != nil {
		return err
	}
	switch {
	case member.CompanyID != u.CompanyID:
		return Errorf(NotFound, "没有找到这位成员")
	case member.ID == u.ID:
		return Errorf(Conflict, "不能移出自己，要离开请用“退出公司”")
	}
	return nil
}

// CanLeave tells why the user may not leave his company, where owners and members
// are counted with him: NotFound without one, Conflict for the last owner while
// others are in it. Whoever is alone takes the company with him: it ends, and its
// purchases are those of who published them again.
func (u User) CanLeave(owners, members int) error {
	switch {
	case u.CompanyID == 0:
		return Errorf(NotFound, "没有找到公司")
	case u.CompanyRole == CompanyOwner && owners <= 1 && members > 1:
		return Errorf(Conflict, "您是唯一的负责人，请先把别人设为负责人再退出")
	}
	return nil
}

// Text tells what happened, for the log: names are of the actor and of the
// member concerned.
func (e CompanyEntry) Text(actor, subject string) string {
	switch e.Action {
	case CompanyCreated:
		return actor + " 创建了公司"
	case CompanyRenamed:
		return actor + " 把公司名称改为“" + e.Detail + "”"
	case MemberJoined:
		return subject + " 加入公司，角色是" + e.Detail
	case RoleChanged:
		return actor + " 把 " + subject + " 的角色改为" + e.Detail
	case MemberRemoved:
		return actor + " 移出了 " + subject
	case MemberLeft:
		return subject + " 退出了公司"
	case CompanyLinkMade:
		return actor + " 生成了邀请链接，角色是" + e.Detail
	case CompanyLinkEnded:
		return actor + " 撤销了邀请链接"
	}
	return ""
}

// companyNotice tells the member concerned, or an owner, what changed.
func companyNotice(f Facts, recipient int64) Notice {
	n := Notice{Type: SystemNotice, Lane: DirectLane, Path: "/me/company", Title: "公司成员有变化：" + f.Company.Name}
	n.Text = f.Entry.Text(f.Buyer.Name, f.Supplier.Name) + "。"
	if recipient != f.Entry.SubjectID {
		return n
	}
	switch f.Entry.Action {
	case RoleChanged:
		n.Title, n.Text = "您在公司里的角色有变化", "您在“"+f.Company.Name+"”的角色现在是"+f.Entry.Detail+"。"
	case MemberRemoved:
		n.Title, n.Text, n.Path = "您已不在公司里", "您已被移出“"+f.Company.Name+"”。您以公司名义发布的采购单仍由公司处理。", "/me"
	}
	return n
}
