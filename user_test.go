package xunjia

import (
	"strings"
	"testing"
)

func TestRegistrationStep(t *testing.T) {
	full := User{Phone: "13800138000", Kind: Trader, Name: "张三", Area: "510100", RegisteredAt: noon()}
	for _, c := range []struct {
		name   string
		change func(*User)
		want   RegistrationStep
	}{
		{"nothing", func(u *User) { *u = User{} }, StepPhone},
		{"no kind", func(u *User) { u.Kind = 0 }, StepProfile},
		{"no name", func(u *User) { u.Name = "" }, StepProfile},
		{"no area", func(u *User) { u.Area = "" }, StepProfile},
		{"no categories yet", func(u *User) { u.RegisteredAt = User{}.RegisteredAt }, StepCategories},
		{"done", func(*User) {}, StepDone},
	} {
		u := full
		c.change(&u)
		if got := u.Step(); got != c.want {
			t.Errorf("%s: %d, want %d", c.name, got, c.want)
		}
	}
}

func TestMaskedName(t *testing.T) {
	for _, c := range []struct {
		kind BusinessKind
		name string
		want string
	}{
		{Trader, "", "匿名用户"},
		{Trader, "张三", "张**"},
		{TradingCompany, "岷县康源药材有限公司", "岷县**公司"},
		{TradingCompany, "康源药材行", "康**"},
		{Trader, "岷县康源药材有限公司", "岷**"},
	} {
		if got := (User{Kind: c.kind, Name: c.name}).MaskedName(); got != c.want {
			t.Errorf("%d %s: %s, want %s", c.kind, c.name, got, c.want)
		}
	}
}

func TestProfileValidate(t *testing.T) {
	for _, c := range []struct {
		name    string
		profile Profile
		want    []string
	}{
		{"good", Profile{Trader, " 张三 ", "510104"}, nil},
		{"whole province", Profile{Trader, "张三", "510000"}, nil},
		{"empty", Profile{}, []string{"kind", "name", "area"}},
		{"unknown kind", Profile{11, "张三", "510104"}, []string{"kind"}},
		{"one character", Profile{Trader, "张", "510104"}, []string{"name"}},
		{"forty", Profile{Trader, strings.Repeat("张", 40), "510104"}, nil},
		{"forty-one", Profile{Trader, strings.Repeat("张", 41), "510104"}, []string{"name"}},
		{"control character", Profile{Trader, "张\x00三", "510104"}, []string{"name"}},
		{"unknown area", Profile{Trader, "张三", "519999"}, []string{"area"}},
		{"not a code", Profile{Trader, "张三", "成都"}, []string{"area"}},
	} {
		p := c.profile
		checkFields(t, c.name, p.Validate(), c.want)
		if p.Name != strings.TrimSpace(c.profile.Name) {
			t.Errorf("%s: not trimmed: %q", c.name, p.Name)
		}
	}
}

func TestBusinessKinds(t *testing.T) {
	companies := 0
	for i, k := range BusinessKinds() {
		if int(k) != i+1 || k.String() == "" {
			t.Errorf("kind %d at %d: %q", k, i, k)
		}
		if k.Company() {
			companies++
		}
	}
	if companies != 5 {
		t.Errorf("%d kinds are companies, want 5", companies)
	}
}
