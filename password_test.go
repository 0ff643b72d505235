package xunjia

import (
	"errors"
	"strings"
	"testing"
	"time"
)

// field answers the complaint about a field, "" for none.
func field(err error, name string) string {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Fields[name]
	}
	return ""
}

func TestParseEmail(t *testing.T) {
	for _, c := range []struct{ typed, want, complaint string }{
		{" Chen.Wei@Example.COM ", "chen.wei@example.com", ""},
		{"a+b@mail.example.cn", "a+b@mail.example.cn", ""},
		{"", "", "请填写邮箱"},
		{"   ", "", "请填写邮箱"},
		{"name", "", "格式不正确"},
		{"name@localhost", "", "格式不正确"},
		{"name@example.com.", "", "格式不正确"},
		{"Name <name@example.com>", "", "格式不正确"},
		{`"a b"@example.com`, "", "格式不正确"},
		{"a@b@example.com", "", "格式不正确"},
		{"a\x00@example.com", "", "格式不正确"},
		{"a@example.com, b@example.com", "", "格式不正确"},
		{strings.Repeat("a", 108) + "@example.com", strings.Repeat("a", 108) + "@example.com", ""},
		{strings.Repeat("a", 109) + "@example.com", "", "最多 120"},
	} {
		got, err := ParseEmail(c.typed)
		if c.complaint == "" && (err != nil || string(got) != c.want) || c.complaint != "" && !strings.Contains(field(err, "email"), c.complaint) {
			t.Errorf("ParseEmail(%q) = %q, %v", c.typed, got, err)
		}
	}
	if got := Email("chen@example.com").Masked(); got != "c***@example.com" {
		t.Error(got)
	}
	if got := Email("").Masked(); got != "" {
		t.Error(got)
	}
}

func TestParseLoginName(t *testing.T) {
	for _, c := range []struct {
		typed string
		want  LoginName
		ok    bool
	}{
		{" 138 0013 8000", LoginName{Phone: "13800138000"}, true},
		{"A@Example.com", LoginName{Email: "a@example.com"}, true},
		{"", LoginName{}, false}, {"1380013", LoginName{}, false}, {"a@", LoginName{}, false}, {"boss", LoginName{}, false},
	} {
		got, err := ParseLoginName(c.typed)
		if c.ok != (err == nil) || c.ok && got != c.want || !c.ok && field(err, "login") == "" {
			t.Errorf("%q: %+v, %v", c.typed, got, err)
		}
		if c.ok && got.String() != string(c.want.Phone)+string(c.want.Email) {
			t.Errorf("%q is written %q", c.typed, got)
		}
	}
}

func TestUserPasswords(t *testing.T) {
	for _, c := range []struct{ password, complaint string }{
		{"", "请填写密码"}, {"abc1234", "至少 8"}, {"abcd1234", ""}, {"a1" + strings.Repeat("b", 62), "太简单"},
		{"a1c" + strings.Repeat("bd", 30) + "x", ""}, {"a1c" + strings.Repeat("bd", 31), "最多 64"},
		{"12345678", "太简单"}, {"abcdefgh", "太简单"}, {"ABCDefgh", "太简单"}, {"!!!!@@@@", "太简单"}, {"我的密码我的密码", "太简单"},
		{"a1a1a1a1", "太简单"}, {"我的密码1234", ""}, {"abcd efgh", ""}, {"13800138000", "不能包含"}, {"x13800138000", "不能包含"},
		{"chen@example.com1", "不能包含"}, {"CHEN@example.COM", "不能包含"}, {"abcd\x00123", "无法识别"},
	} {
		err := CheckUserPassword(c.password, "13800138000", "chen@example.com")
		if c.complaint == "" && err != nil || c.complaint != "" && !strings.Contains(field(err, "password"), c.complaint) {
			t.Errorf("%q: %v, want %q", c.password, err, c.complaint)
		}
	}
	if err := CheckNewPassword("abcd1234", "abcd1234", "", ""); err != nil {
		t.Error(err)
	}
	if err := CheckNewPassword("abcd1234", "abcd1235", "", ""); field(err, "again") == "" {
		t.Error(err)
	}
	if err := CheckNewPassword("1", "2", "", ""); field(err, "password") == "" {
		t.Error(err)
	}
}

func TestUserAttempts(t *testing.T) {
	now := time.Now()
	staff, user := StaffAttempts(), UserAttempts()
	for _, c := range []struct {
		failures, limit int
		locked          bool
	}{{4, user.PerName, false}, {5, user.PerName, true}, {19, user.PerIP, false}, {20, user.PerIP, true}, {5, staff.PerName, false}, {10, staff.PerName, true}} {
		a := Attempts{Failures: c.failures, LastAt: now.Add(-time.Minute)}
		if got := a.Locked(c.limit, now); (got > 0) != c.locked {
			t.Errorf("%d of %d: %v", c.failures, c.limit, got)
		}
		if a.Locked(c.limit, now.Add(LockTime)) != 0 {
			t.Errorf("%d of %d: locked for good", c.failures, c.limit)
		}
	}
}

func TestLoginWays(t *testing.T) {
	for _, c := range []struct {
		ways LoginWays
		want Code
	}{
		{LoginWays{Phone: "13800138000", Identities: 1}, ""},
		{LoginWays{Phone: "13800138000"}, NotFound},
		{LoginWays{Phone: "m12", Identities: 1}, Conflict},
		{LoginWays{Identities: 1}, Conflict},
		{LoginWays{Identities: 2}, ""},
		{LoginWays{Identities: 1, Password: true}, ""},
	} {
		if got := ErrorCode(c.ways.CanUnbind()); got != c.want {
			t.Errorf("%+v: %q, want %q", c.ways, got, c.want)
		}
	}
}
