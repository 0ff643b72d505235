package xunjia

import "time"

// CompanyRole is what a member may do with the requests of his company. The
// numbers are stored.
type CompanyRole int

// The roles.
const (
	NoCompanyRole   CompanyRole = 0 // in no company
	CompanyOwner    CompanyRole = 1 // 负责人: everything, and who is a member
	CompanyBuyer    CompanyRole = 2 // 采购员: publishes and looks after requests, but does not accept
	CompanyApprover CompanyRole = 3 // 审批人: accepts and refuses quotes
	CompanyViewer   CompanyRole = 4 // 查看: looks only
)

// CompanyRoles lists the roles that a member can have.
func CompanyRoles() []CompanyRole {
	return []CompanyRole{CompanyOwner, CompanyBuyer, CompanyApprover, CompanyViewer}
}

// String is the role's Chinese name.
func (r CompanyRole) String() string {
	switch r {
	case CompanyOwner:
		return "负责人"
	case CompanyBuyer:
		return "采购员"
	case CompanyApprover:
		return "审批人"
	case CompanyViewer:
		return "查看"
	}
	return ""
}

// Right is something that somebody may do with a request.
type Right string

// The rights.
const (
	See    Right = "see"    // the quotes and everything else about it
	Manage Right = "manage" // publish, edit, end, close, extend, answer questions, refuse and counter quotes
	Decide Right = "decide" // accept quotes and settle deals, take answers back, refuse
)

// Rights lists every right.
func Rights() []Right { return []Right{See, Manage, Decide} }

// Grants is the table of roles and rights.
func (r CompanyRole) Grants(right Right) bool {
	switch r {
	case CompanyOwner:
		return true
	case CompanyBuyer:
		return right == See || right == Manage
	case CompanyApprover:
		return right == See || right == Decide
	case CompanyViewer:
		return right == See
	}
	return false
}

// Company lets several people look after the same requests.
type Company struct {
	ID        int64
	Name      string
	CreatedBy int64 // user id
	CreatedAt time.Time
}

// Of tells whether the user is on the buyer's side of the purchase: a company's
// purchase belongs to its members, any other to who published it.
func (p Purchase) Of(u User) bool {
	if p.CompanyID != 0 {
		return u.CompanyID == p.CompanyID
	}
	return u.ID != 0 && u.ID == p.BuyerID
}

// Allows tells why the user may not do that with the purchase: NotFound for
// strangers, Forbidden for a member whose role lacks the right.
func (p Purchase) Allows(u User, right Right) error {
	if !p.Of(u) {
		return Errorf(NotFound, "没有找到这个采购单")
	}
	if p.CompanyID != 0 && !u.CompanyRole.Grants(right) {
		return Errorf(Forbidden, "您在公司里的角色是“%s”，不能进行这个操作，请联系公司负责人", u.CompanyRole)
	}
	return nil
}
