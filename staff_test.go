package xunjia

import (
	"strings"
	"testing"
	"time"
)

// The whole table: a permission that is added must be decided for every role.
func TestRolePermissions(t *testing.T) {
	const o, a, p, s = "owner", "admin", "operator", "service"
	want := map[Permission][]string{
		ViewDashboard: {o, a, p, s}, ReadConversations: {o, a, p, s}, AnswerFans: {o, a, p, s}, ViewFans: {o, a, p, s}, EditFans: {o, a, p, s}, ViewPurchases: {o, a, p, s}, ViewPushes: {o, a, p, s},
		ResendDeliveries: {o, a, p}, ManageTemplates: {o, a, p}, ViewHealth: {o, a, p}, EditReplies: {o, a, p}, EditMenu: {o, a, p}, EditQRCodes: {o, a, p}, SettleDisputes: {o, a, p}, EditMedia: {o, a, p}, ClosePurchases: {o, a, p}, ManagePushes: {o, a, p}, ReviewSuppliers: {o, a, p}, ViewDeliveries: {o, a, p}, Announce: {o, a, p},
		ManageStaff: {o, a}, ViewAudit: {o, a}, ManageSite: {o, a}, ManageChannels: {o, a},
	}
	if len(want) != len(Permissions()) {
		t.Errorf("the table has %d permissions, there are %d", len(want), len(Permissions()))
	}
	for _, permission := range Permissions() {
		for _, role := range append(Roles(), "", "stranger") {
			allowed := false
			for _, r := range want[permission] {
				allowed = allowed || r == string(role)
			}
			if got := role.Can(permission); got != allowed {
				t.Errorf("%q.Can(%s) = %v, want %v", role, permission, got, allowed)
			}
		}
	}
	for _, role := range Roles() {
		if role.Can("") || role.Can("no.such") {
			t.Errorf("%s may do what does not exist", role)
		}
	}
}

func TestStaffChanges(t *testing.T) {
	as := func(r Role) Staff { return Staff{ID: 9, Role: r} }
	off := func(s Staff) Staff { s.Disabled = true; return s }
	for _, c := range []struct {
		name             string
		by, target, next Staff
		owners           int
		want             Code
	}{
		{"owner demotes one of two owners", as(OwnerRole), as(OwnerRole), as(AdminRole), 2, ""},
		{"owner demotes the last owner", as(OwnerRole), as(OwnerRole), as(AdminRole), 1, Conflict},
		{"owner disables the last owner", as(OwnerRole), as(OwnerRole), off(as(OwnerRole)), 1, Conflict},
		{"owner renames the last owner", as(OwnerRole), as(OwnerRole), as(OwnerRole), 1, ""},
		{"a disabled owner is no owner", as(OwnerRole), off(as(OwnerRole)), off(as(AdminRole)), 1, ""},
		{"owner makes an owner", as(OwnerRole), as(ServiceRole), as(OwnerRole), 1, ""},
		{"admin promotes a helper to operator", as(AdminRole), as(ServiceRole), as(OperatorRole), 1, ""},
		{"admin disables an operator", as(AdminRole), as(OperatorRole), off(as(OperatorRole)), 1, ""},
		{"admin makes an admin", as(AdminRole), as(OperatorRole), as(AdminRole), 1, Forbidden},
		{"admin demotes an owner", as(AdminRole), as(OwnerRole), as(ServiceRole), 2, Forbidden},
		{"admin disables an admin", as(AdminRole), as(AdminRole), off(as(AdminRole)), 1, Forbidden},
		{"operator changes a helper", as(OperatorRole), as(ServiceRole), as(ServiceRole), 1, Forbidden},
		{"helper promotes himself", as(ServiceRole), as(ServiceRole), as(OwnerRole), 1, Forbidden},
		{"an unknown role", as(OwnerRole), as(ServiceRole), as("root"), 1, Forbidden},
	} {
		if got := ErrorCode(c.by.CanChange(c.target, c.next, c.owners)); got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}

func TestAttempts(t *testing.T) {
	now := time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		failures int
		ago      time.Duration
		captcha  bool
		locked   time.Duration
	}{
		{0, 0, false, 0}, {2, time.Minute, false, 0}, {3, time.Minute, true, 0}, {9, 0, true, 0},
		{10, 5 * time.Minute, true, 10 * time.Minute}, {10, 15 * time.Minute, false, 0}, {40, 0, true, 15 * time.Minute},
	} {
		a := Attempts{c.failures, now.Add(-c.ago)}
		if a.NeedCaptcha(now) != c.captcha || a.Locked(LockAfter, now) != c.locked {
			t.Errorf("%d failures, %v ago: captcha %v, locked %v; want %v, %v", c.failures, c.ago, a.NeedCaptcha(now), a.Locked(LockAfter, now), c.captcha, c.locked)
		}
	}
}

func TestPasswordsAndAccounts(t *testing.T) {
	for password, good := range map[string]bool{
		"correct horse": true, "采购单要在周五之前发布": true, "short1!": false, "1234567890123": false,
		"aaaaaaaaaaaa1": false, "owner.owner": false, strings.Repeat("长密码1a", 30): false,
	} {
		if err := CheckPassword(password, "owner.owner"); (err == nil) != good {
			t.Errorf("CheckPassword(%q) = %v", password, err)
		}
	}
	for login, good := range map[string]bool{"owner": true, "li.lei@example": true, "a": false, "王小川": false, "-x": false, "a b": false, strings.Repeat("a", 33): false} {
		if err := CheckStaff(Staff{Login: login, Role: ServiceRole}); (err == nil) != good {
			t.Errorf("CheckStaff(%q) = %v", login, err)
		}
	}
	if CheckStaff(Staff{Login: "owner", Role: "root"}) == nil {
		t.Error("an unknown role is accepted")
	}
}

func TestVerifyFiles(t *testing.T) {
	const name = "MP_verify_AbCdEfGh12345678.txt"
	for _, c := range []struct {
		name, content string
		good          bool
	}{
		{name, "AbCdEfGh12345678", true}, {name, strings.Repeat("a", 64), true}, {name, strings.Repeat("a", 65), false}, {name, "", false},
		{name, "<script>\n", false}, {name, "中文", false}, {name, "a\x00b", false},
		{"MP_verify_short.txt", "a", false}, {"../MP_verify_AbCdEfGh12345678.txt", "a", false}, {"MP_verify_AbCdEfGh12345678.html", "a", false}, {name + "\n", "a", false},
	} {
		if err := (VerifyFile{Name: c.name, Content: c.content}).Check(); (err == nil) != c.good {
			t.Errorf("%q with %q: %v", c.name, c.content, err)
		}
	}
}

// A sample has exactly the lines that the notice promises.
func TestSampleNotices(t *testing.T) {
	now := time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC)
	for _, spec := range TemplateSpecs() {
		fields := SampleNotice(spec.Title, now)
		if len(fields) != len(spec.Labels) {
			t.Errorf("%s: %d lines, want %d", spec.Title, len(fields), len(spec.Labels))
			continue
		}
		for i, f := range fields {
			if f.Label != spec.Labels[i] || f.Value == "" {
				t.Errorf("%s: line %d is %q with %q", spec.Title, i, f.Label, f.Value)
			}
		}
	}
	if SampleNotice("没有这种通知", now) != nil {
		t.Error("an unknown title has a sample")
	}
}
