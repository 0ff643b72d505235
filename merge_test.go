package xunjia

import (
	"testing"
	"time"
)

func TestCanMerge(t *testing.T) {
	for _, c := range []struct {
		name       string
		kept, gone User
		want       Code
	}{
		{"two accounts", User{ID: 1}, User{ID: 2}, ""},
		{"itself", User{ID: 1}, User{ID: 1}, Invalid},
		{"nobody", User{ID: 1}, User{}, Invalid},
		{"into nobody", User{}, User{ID: 2}, Invalid},
		{"kept disabled", User{ID: 1, Disabled: true}, User{ID: 2}, Conflict},
		{"gone disabled", User{ID: 1}, User{ID: 2, Disabled: true}, Conflict},
		{"one company", User{ID: 1, CompanyID: 7}, User{ID: 2, CompanyID: 7}, ""},
		{"a company and none", User{ID: 1}, User{ID: 2, CompanyID: 7}, ""},
		{"two companies", User{ID: 1, CompanyID: 8}, User{ID: 2, CompanyID: 7}, Conflict},
	} {
		if got := ErrorCode(CanMerge(c.kept, c.gone)); got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}

func TestMergedUser(t *testing.T) {
	early, late := time.UnixMilli(1000), time.UnixMilli(2000)
	full := User{ID: 2, Phone: "13800000002", Kind: Trader, Name: "乙", Area: "510104", RegisteredAt: early, CertifiedUntil: late, CompanyID: 7, CompanyRole: CompanyOwner}
	for _, c := range []struct {
		name             string
		kept, gone, want User
	}{
		{"an empty account takes the profile", User{ID: 1, Phone: "13800000001"}, full,
			User{ID: 1, Phone: "13800000001", Kind: Trader, Name: "乙", Area: "510104", RegisteredAt: early, CertifiedUntil: late, CompanyID: 7, CompanyRole: CompanyOwner}},
		{"a full one keeps its own", User{ID: 1, Kind: Grower, Name: "甲", Area: "421123", RegisteredAt: late, CompanyID: 7, CompanyRole: CompanyViewer}, full,
			User{ID: 1, Kind: Grower, Name: "甲", Area: "421123", RegisteredAt: early, CertifiedUntil: late, CompanyID: 7, CompanyRole: CompanyOwner}},
		{"nothing comes from an empty one", full, User{ID: 3}, full},
	} {
		if got := MergedUser(c.kept, c.gone); got != c.want {
			t.Errorf("%s: %+v, want %+v", c.name, got, c.want)
		}
	}
	if got := strongerRole(NoCompanyRole, NoCompanyRole); got != NoCompanyRole {
		t.Error(got)
	}
}

// Every pair of states, the first quote being the newer one.
func TestMergedQuotes(t *testing.T) {
	for _, a := range QuoteStates() {
		for _, b := range QuoteStates() {
			newer := Quote{ID: 1, State: a, UpdatedAt: time.UnixMilli(2000)}
			older := Quote{ID: 2, State: b, UpdatedAt: time.UnixMilli(1000)}
			want := int64(1)
			if b == Accepted && a != Accepted || b == Pending && a != Accepted && a != Pending {
				want = 2
			}
			for _, pair := range [][2]Quote{{newer, older}, {older, newer}} {
				stays, goes, err := MergedQuotes(pair[0], pair[1])
				if a == Accepted && b == Accepted {
					if ErrorCode(err) != Conflict {
						t.Errorf("both accepted: %v", err)
					}
				} else if err != nil || stays.ID != want || goes.ID != 3-want {
					t.Errorf("%s newer, %s older: %d stays, %v", a, b, stays.ID, err)
				}
			}
		}
	}
}
