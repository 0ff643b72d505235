package templates

import (
	"slices"
	"strings"
	"time"

	"github.com/xunjia/xunjia"
)

// AdminLoginPage asks for login name and password.
type AdminLoginPage struct {
	Layout
	Form      Form
	Return    string // path of the console
	Captcha   bool
	CaptchaID string
}

// Template implements Page.
func (*AdminLoginPage) Template() string { return "admin/login" }

// AdminAccountPage is one's own account.
type AdminAccountPage struct {
	Layout
	Form     Form // login name and name
	Password Form
	Staff    xunjia.Staff
	Logins   []xunjia.StaffLogin
}

// Template implements Page.
func (*AdminAccountPage) Template() string { return "admin/account" }

// AdminStaffPage lists the staff.
type AdminStaffPage struct {
	Layout
	Search string
	Items  []xunjia.Staff
	Next   string
	CanAdd bool
}

// Template implements Page.
func (*AdminStaffPage) Template() string { return "admin/staff" }

// AdminStaffNewPage makes an account.
type AdminStaffNewPage struct {
	Layout
	Form  Form
	Roles []Option
}

// Template implements Page.
func (*AdminStaffNewPage) Template() string { return "admin/staff_new" }

// AdminStaffOnePage changes an account and shows its logins.
type AdminStaffOnePage struct {
	Layout
	Form      Form
	Staff     xunjia.Staff
	Roles     []Option
	CanChange bool
	Self      bool
	Logins    []xunjia.StaffLogin
	Next      string
}

// Template implements Page.
func (*AdminStaffOnePage) Template() string { return "admin/staff_one" }

// AdminStaffLinkPage shows a one-time link, once.
type AdminStaffLinkPage struct {
	Layout
	Staff xunjia.Staff
	Link  string
	Hours int
}

// Template implements Page.
func (*AdminStaffLinkPage) Template() string { return "admin/staff_link" }

// AdminLoginsPage is the login log.
type AdminLoginsPage struct {
	Layout
	Items []xunjia.StaffLogin
	Names map[int64]string
	Next  string
}

// Template implements Page.
func (*AdminLoginsPage) Template() string { return "admin/logins" }

// AdminAuditPage is the log of changes.
type AdminAuditPage struct {
	Layout
	Form  Form // the filter
	Staff []Option
	Nouns []Option
	Rows  []AuditRow
	Next  string
}

// Template implements Page.
func (*AdminAuditPage) Template() string { return "admin/audit" }

// AuditRow is one change.
type AuditRow struct {
	At                          time.Time
	Who, Action, Target, Detail string
}

// AdminFilesPage holds the platform's verification files.
type AdminFilesPage struct {
	Layout
	Form    Form
	Items   []xunjia.VerifyFile
	BaseURL string
}

// Template implements Page.
func (*AdminFilesPage) Template() string { return "admin/files" }

// SortOptions sorts by what is shown.
func SortOptions(list []Option) {
	slices.SortFunc(list, func(a, b Option) int { return strings.Compare(a.Text, b.Text) })
}
