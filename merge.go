package xunjia

import "time"

// MergeLifetime is how long a merge may be thought over.
const MergeLifetime = 30 * time.Minute

// MergeSide is one of two accounts of a person, as the conflict page shows it.
type MergeSide struct {
	User        User
	Email       Email // "" for none
	HasPassword bool
	Purchases   int
	Quotes      int
	Identities  int // bound WeChats
	Categories  int // followed
}

// CanMerge tells why gone may not be merged into kept: Invalid for an account
// with itself, Conflict when one of them is disabled or each is in a company of
// its own.
func CanMerge(kept, gone User) error {
	switch {
	case kept.ID == gone.ID || kept.ID == 0 || gone.ID == 0:
		return Errorf(Invalid, "请选择要保留的账号")
	case kept.Disabled || gone.Disabled:
		return Errorf(Conflict, "其中一个账号已停用，不能合并，请联系客服")
	case kept.CompanyID != 0 && gone.CompanyID != 0 && kept.CompanyID != gone.CompanyID:
		return Errorf(Conflict, "两个账号属于不同的公司，不能合并，请先退出其中一家公司")
	}
	return nil
}

// MergedUser is the kept account after the merge: its own profile, completed by
// the other's where it has none; a company's more powerful role; the longer
// certification; the earlier registration.
func MergedUser(kept, gone User) User {
	u := kept
	if u.Kind == 0 || u.Name == "" || u.Area == "" {
		if gone.Kind != 0 && gone.Name != "" && gone.Area != "" {
			u.Kind, u.Name, u.Area = gone.Kind, gone.Name, gone.Area
		}
	}
	if u.CompanyID == 0 {
		u.CompanyID, u.CompanyRole = gone.CompanyID, gone.CompanyRole
	} else if gone.CompanyID == u.CompanyID {
		u.CompanyRole = strongerRole(u.CompanyRole, gone.CompanyRole)
	}
	if gone.CertifiedUntil.After(u.CertifiedUntil) {
		u.CertifiedUntil = gone.CertifiedUntil
	}
	if u.RegisteredAt.IsZero() || !gone.RegisteredAt.IsZero() && gone.RegisteredAt.Before(u.RegisteredAt) {
		u.RegisteredAt = gone.RegisteredAt
	}
	return u
}

// strongerRole is the first of the two in the order of CompanyRoles.
func strongerRole(a, b CompanyRole) CompanyRole {
	for _, r := range CompanyRoles() {
		if r == a || r == b {
			return r
		}
	}
	return a
}

// MergedQuotes decides between the quotes of two merged accounts on one line:
// the accepted one stays, otherwise one that still waits for its answer,
// otherwise the newer one. The other one is withdrawn if it still waits. Two
// accepted ones are a Conflict: both are promises.
func MergedQuotes(a, b Quote) (stays, goes Quote, err error) {
	if a.State == Accepted && b.State == Accepted {
		return a, b, Errorf(Conflict, "两个账号对同一个品种的报价都已被接受，不能合并，请联系客服")
	}
	rank := func(q Quote) int {
		switch q.State {
		case Accepted:
			return 2
		case Pending:
			return 1
		}
		return 0
	}
	if rank(a) > rank(b) || rank(a) == rank(b) && !a.UpdatedAt.Before(b.UpdatedAt) {
		return a, b, nil
	}
	return b, a, nil
}
