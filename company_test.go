package xunjia

import "testing"

func TestAllows(t *testing.T) {
	own, company := Purchase{BuyerID: 1}, Purchase{BuyerID: 1, CompanyID: 5}
	member := func(id int64, r CompanyRole) User { return User{ID: id, CompanyID: 5, CompanyRole: r} }
	for _, c := range []struct {
		name                string
		p                   Purchase
		u                   User
		see, manage, decide Code
	}{
		{"his own", own, User{ID: 1}, "", "", ""},
		{"his own, as a viewer of a company", own, member(1, CompanyViewer), "", "", ""},
		{"a stranger's", own, User{ID: 2}, NotFound, NotFound, NotFound},
		{"a guest", own, User{}, NotFound, NotFound, NotFound},
		{"a guest, nobody's", Purchase{}, User{}, NotFound, NotFound, NotFound},
		{"a colleague's own", own, member(2, CompanyOwner), NotFound, NotFound, NotFound},
		{"the company's, owner", company, member(2, CompanyOwner), "", "", ""},
		{"the company's, buyer", company, member(2, CompanyBuyer), "", "", Forbidden},
		{"the company's, approver", company, member(2, CompanyApprover), "", Forbidden, ""},
		{"the company's, viewer", company, member(2, CompanyViewer), "", Forbidden, Forbidden},
		{"the publisher, who left", company, User{ID: 1}, NotFound, NotFound, NotFound},
		{"the publisher, now a viewer", company, member(1, CompanyViewer), "", Forbidden, Forbidden},
		{"another company", company, User{ID: 2, CompanyID: 6, CompanyRole: CompanyOwner}, NotFound, NotFound, NotFound},
	} {
		for right, want := range map[Right]Code{See: c.see, Manage: c.manage, Decide: c.decide} {
			if got := ErrorCode(c.p.Allows(c.u, right)); got != want {
				t.Errorf("%s: %s: %q, want %q", c.name, right, got, want)
			}
		}
	}
	for _, r := range CompanyRoles() {
		if r.String() == "" || !r.Grants(See) {
			t.Errorf("role %d", r)
		}
	}
	for _, right := range Rights() {
		if NoCompanyRole.Grants(right) {
			t.Errorf("no role grants %s", right)
		}
	}
}
