package xunjia

import (
	"strings"
	"testing"
	"time"
)

func TestWhoRunsACompany(t *testing.T) {
	owner := User{ID: 1, CompanyID: 7, CompanyRole: CompanyOwner}
	buyer := User{ID: 2, CompanyID: 7, CompanyRole: CompanyBuyer}
	stranger := User{ID: 3, CompanyID: 8, CompanyRole: CompanyOwner}
	nobody := User{ID: 4}
	for name, c := range map[string]struct {
		err  error
		want Code
	}{
		"owner":                 {owner.RunsCompany(), ""},
		"buyer":                 {buyer.RunsCompany(), Forbidden},
		"without a company":     {nobody.RunsCompany(), NotFound},
		"found":                 {nobody.CanFound(), ""},
		"found another":         {buyer.CanFound(), Conflict},
		"set a role":            {owner.CanSetRole(buyer, CompanyApprover, 1), ""},
		"make an owner":         {owner.CanSetRole(buyer, CompanyOwner, 1), ""},
		"last owner down":       {owner.CanSetRole(owner, CompanyBuyer, 1), Conflict},
		"one of two owners":     {owner.CanSetRole(owner, CompanyBuyer, 2), ""},
		"last owner stays one":  {owner.CanSetRole(owner, CompanyOwner, 1), ""},
		"no role":               {owner.CanSetRole(buyer, NoCompanyRole, 1), Invalid},
		"unknown role":          {owner.CanSetRole(buyer, 9, 1), Invalid},
		"another company's":     {owner.CanSetRole(stranger, CompanyBuyer, 1), NotFound},
		"buyer sets a role":     {buyer.CanSetRole(owner, CompanyBuyer, 2), Forbidden},
		"remove":                {owner.CanRemove(buyer), ""},
		"remove a stranger":     {owner.CanRemove(stranger), NotFound},
		"remove oneself":        {owner.CanRemove(owner), Conflict},
		"buyer removes":         {buyer.CanRemove(owner), Forbidden},
		"leave":                 {buyer.CanLeave(1, 2), ""},
		"last owner leaves":     {owner.CanLeave(1, 2), Conflict},
		"last member leaves":    {owner.CanLeave(1, 1), ""},
		"one of two leaves":     {owner.CanLeave(2, 2), ""},
		"leave without company": {nobody.CanLeave(0, 0), NotFound},
	} {
		if ErrorCode(c.err) != c.want {
			t.Errorf("%s: %v, want %q", name, c.err, c.want)
		}
	}
}

func TestCompanyLink(t *testing.T) {
	now := noon()
	works := CompanyLink{ID: 1, CompanyID: 7, Role: CompanyBuyer, MaxUses: 2, Uses: 1, ExpiresAt: now.Add(1)}
	nobody := User{ID: 4}
	for name, c := range map[string]struct {
		change  func(*CompanyLink)
		u       User
		members int
		words   string
	}{
		"works":        {func(*CompanyLink) {}, nobody, MaxMembers - 1, ""},
		"expired":      {func(l *CompanyLink) { l.ExpiresAt = now }, nobody, 1, "已过期"},
		"revoked":      {func(l *CompanyLink) { l.RevokedAt = now }, nobody, 1, "已被撤销"},
		"used up":      {func(l *CompanyLink) { l.Uses = 2 }, nobody, 1, "名额已用完"},
		"full":         {func(*CompanyLink) {}, nobody, MaxMembers, "不能再加入"},
		"in a company": {func(*CompanyLink) {}, User{ID: 2, CompanyID: 7}, 1, "已经在一家公司里"},
	} {
		l := works
		c.change(&l)
		err := l.CanJoin(c.u, c.members, now)
		if (err == nil) != (c.words == "") || err != nil && (ErrorCode(err) != Conflict || !strings.Contains(err.Error(), c.words)) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestCompanyName(t *testing.T) {
	if name, err := CheckCompanyName("  华济堂药业 "); err != nil || name != "华济堂药业" {
		t.Errorf("%q, %v", name, err)
	}
	for _, bad := range []string{"", "华", strings.Repeat("长", maxCompanyName+1), "华济\x00堂"} {
		if _, err := CheckCompanyName(bad); wrongField(err, "name") == "" {
			t.Errorf("%q: %v", bad, err)
		}
	}
}

func TestCompanyNotices(t *testing.T) {
	f := sampleFacts(facts().Line, time.Now())
	for action, words := range map[CompanyAction]string{RoleChanged: "角色现在是审批人", MemberRemoved: "已被移出", MemberLeft: "退出了公司"} {
		f.Entry.Action = action
		if n, ok := NoticeFor(CompanyChanged, f, 2, noon()); !ok || n.Type != SystemNotice || !strings.Contains(n.Text, words) {
			t.Errorf("%s: %+v", action, n)
		}
	}
	f.Entry.Action = MemberJoined
	if n, _ := NoticeFor(CompanyChanged, f, 9, noon()); !strings.Contains(n.Text, "加入公司") {
		t.Errorf("an owner reads %q", n.Text)
	}
	f.Entry = CompanyEntry{} // the company is gone
	if _, ok := NoticeFor(CompanyChanged, f, 2, noon()); ok {
		t.Error("told of a company that is gone")
	}
}
