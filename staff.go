package xunjia

import (
	"net/netip"
	"regexp"
	"slices"
	"time"
	"unicode"
	"unicode/utf8"
)

// Role is what a staff member does; Role.Can says what that permits.
type Role string

// The roles, from the most powerful.
const (
	OwnerRole    Role = "owner"    // 所有者: everything; there is always one
	AdminRole    Role = "admin"    // 管理员: everything but owners and other admins
	OperatorRole Role = "operator" // 运营: content and the official account
	ServiceRole  Role = "service"  // 客服: fans and their conversations
)

// Roles lists every role, the most powerful first.
func Roles() []Role { return []Role{OwnerRole, AdminRole, OperatorRole, ServiceRole} }

// String is the role's Chinese name.
func (r Role) String() string {
	switch r {
	case OwnerRole:
		return "所有者"
	case AdminRole:
		return "管理员"
	case OperatorRole:
		return "运营"
	case ServiceRole:
		return "客服"
	}
	return string(r)
}

// Permission is one thing that staff may do in the console.
type Permission string

// The permissions. A route of the console names one.
const (
	ViewDashboard     Permission = "dashboard.view"     // the first page
	ResendDeliveries  Permission = "deliveries.resend"  // send again what failed
	ManageStaff       Permission = "staff.manage"       // accounts of staff, login log
	ViewAudit         Permission = "audit.view"         // who changed what
	ManageTemplates   Permission = "templates.manage"   // template messages and their bindings
	ViewHealth        Permission = "health.view"        // state of the official account
	ManageSite        Permission = "site.manage"        // verification files at the root
	EditReplies       Permission = "replies.edit"       // automatic replies in the chat
	ReadConversations Permission = "conversations.read" // what fans write
	AnswerFans        Permission = "conversations.send" // write to fans
	EditMenu          Permission = "menu.edit"          // menu of the official account
	ViewFans          Permission = "fans.view"          // who follows
	EditFans          Permission = "fans.edit"          // tags, remarks, blacklist
	EditQRCodes       Permission = "qrcodes.edit"       // QR codes with a scene
	SettleDisputes    Permission = "disputes.settle"    // disagreements about deals
	EditMedia         Permission = "media.edit"         // pictures: look at all, choose what crops show
	ViewPurchases     Permission = "purchases.view"     // every purchase, without prices
	ClosePurchases    Permission = "purchases.close"    // close them, hide questions
	ViewPushes        Permission = "pushes.view"        // who was told of which purchase, and what came of it
	ReviewSuppliers   Permission = "suppliers.review"   // certifications and their documents
	ManagePushes      Permission = "pushes.manage"      // begin and stop rounds, caps and thresholds
	ViewDeliveries    Permission = "deliveries.view"    // every message that was sent, masked, and what it cost
	ManageChannels    Permission = "channels.manage"    // pause WeChat or SMS
	Announce          Permission = "announcements.send" // tell many people something at once
)

// Permissions lists every permission.
func Permissions() []Permission {
	return []Permission{
		ViewDashboard, ResendDeliveries, ManageStaff, ViewAudit, ManageTemplates, ViewHealth, ManageSite,
		EditReplies, ReadConversations, AnswerFans, EditMenu, ViewFans, EditFans, EditQRCodes, SettleDisputes, EditMedia,
		ViewPurchases, ClosePurchases,
		ViewPushes, ManagePushes, ReviewSuppliers, ViewDeliveries, ManageChannels, Announce,
	}
}

// Can is the one table of who may do what.
func (r Role) Can(p Permission) bool {
	switch p {
	case ViewDashboard, ReadConversations, AnswerFans, ViewFans, EditFans, ViewPurchases, ViewPushes:
		return slices.Contains(Roles(), r)
	case ResendDeliveries, ManageTemplates, ViewHealth, EditReplies, EditMenu, EditQRCodes, SettleDisputes, EditMedia, ClosePurchases, ManagePushes, ReviewSuppliers, ViewDeliveries, Announce:
		return r == OwnerRole || r == AdminRole || r == OperatorRole
	case ManageStaff, ViewAudit, ManageSite, ManageChannels:
		return r == OwnerRole || r == AdminRole
	}
	return false
}

// Manages tells whether r may make, change and disable staff of another role:
// nobody gives away more than what he has himself, and admins leave each other
// alone.
func (r Role) Manages(other Role) bool {
	switch r {
	case OwnerRole:
		return slices.Contains(Roles(), other)
	case AdminRole:
		return other == OperatorRole || other == ServiceRole
	}
	return false
}

// Staff is somebody who works in the console.
type Staff struct {
	ID          int64
	Login       string // what is typed at login
	Name        string // what colleagues see; may be empty
	Role        Role
	Disabled    bool
	HasPassword bool // otherwise only a one-time link lets him in
	CreatedAt   time.Time
	LastLoginAt time.Time // zero for never
}

// Called is the name that colleagues see.
func (s Staff) Called() string {
	if s.Name != "" {
		return s.Name
	}
	return s.Login
}

// CanChange tells whether s may turn target into next. owners counts the
// owners who are not disabled, target among them if he is one.
func (s Staff) CanChange(target, next Staff, owners int) error {
	if !s.Role.Manages(target.Role) || !s.Role.Manages(next.Role) {
		return Errorf(Forbidden, "%s不能管理%s账号", s.Role, higher(target.Role, next.Role))
	}
	was, stays := target.Role == OwnerRole && !target.Disabled, next.Role == OwnerRole && !next.Disabled
	if was && !stays && owners <= 1 {
		return Errorf(Conflict, "这是最后一个所有者，不能停用或改为别的角色，请先设置另一个所有者")
	}
	return nil
}

func higher(a, b Role) Role {
	if slices.Index(Roles(), b) < slices.Index(Roles(), a) {
		return b
	}
	return a
}

var loginShape = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._@-]{1,31}$`)

// The bounds of a password, in characters. The upper one only bounds the work.
const (
	minPassword = 10
	maxPassword = 128
)

// CheckStaff checks what staff may change about an account; the error's Fields
// are "login", "name" and "role".
func CheckStaff(s Staff) error {
	wrong := FieldErrors{}
	if !loginShape.MatchString(s.Login) {
		wrong.Add("login", "登录名要 2 到 32 位，只能用字母、数字和 . _ @ -，以字母或数字开头")
	}
	if utf8.RuneCountInString(s.Name) > 20 {
		wrong.Add("name", "姓名最多 20 个字")
	}
	if !slices.Contains(Roles(), s.Role) {
		wrong.Add("role", "请选择角色")
	}
	return wrong.Err()
}

// CheckPassword refuses passwords that are easy to guess; the error's field is
// "password".
func CheckPassword(password, login string) error {
	wrong := FieldErrors{}
	different := map[rune]bool{}
	digits := true
	for _, r := range password {
		different[r] = true
		digits = digits && unicode.IsDigit(r)
	}
	switch n := utf8.RuneCountInString(password); {
	case n < minPassword:
		wrong.Add("password", "密码至少 %d 位", minPassword)
	case n > maxPassword:
		wrong.Add("password", "密码最多 %d 位", maxPassword)
	case digits || len(different) < 5:
		wrong.Add("password", "密码太简单，请混用字母、数字或符号，也可以用一句话")
	case password == login:
		wrong.Add("password", "密码不能和登录名相同")
	}
	return wrong.Err()
}

// Limits of logging in by password. They are counted per login name and per
// address; an address stands for a whole office, so more fails there.
const (
	CaptchaAfter   = 3  // failures
	LockAfter      = 10 // failures of one login name
	LockAfterIP    = 30 // failures from one address
	LockTime       = 15 * time.Minute
	attemptsForget = LockTime // failures older than this do not count
)

// Attempts counts failures of one login name or one address.
type Attempts struct {
	Failures int
	LastAt   time.Time
}

// Recent is the number of failures that still count.
func (a Attempts) Recent(now time.Time) int {
	if now.Sub(a.LastAt) >= attemptsForget {
		return 0
	}
	return a.Failures
}

// NeedCaptcha tells whether the next attempt must come with a captcha.
func (a Attempts) NeedCaptcha(now time.Time) bool { return a.Recent(now) >= CaptchaAfter }

// Locked answers how long no attempt is taken, 0 when one may be made.
func (a Attempts) Locked(limit int, now time.Time) time.Duration {
	if a.Recent(now) < limit {
		return 0
	}
	return max(0, a.LastAt.Add(LockTime).Sub(now))
}

// StaffLogin is one line of the login log.
type StaffLogin struct {
	ID      int64
	StaffID int64 // 0: the login name is nobody's
	IP      netip.Addr
	Agent   string // the browser's own words, cut
	OK      bool
	How     string // 密码, 一次性链接
	Reason  string // why not
	At      time.Time
}

// Audit is one change by staff, written in the transaction of the change.
type Audit struct {
	ID     int64
	Staff  int64  // who; 0 for the operator at the server's command line
	Action string // what, "noun.verb": "reply.saved"
	Target string // to what, "noun:id": "reply:12"
	Detail string // in Chinese, for colleagues; no secrets, no full phone numbers
	At     time.Time
}

// AuditFilter narrows the audit log; zero fields narrow nothing.
type AuditFilter struct {
	Staff  int64
	Action string // an action, or a noun with its dot: "reply."
	From   time.Time
	Until  time.Time // exclusive
}

// TemplateBinding is staff's choice of a template message for a title of
// TemplateSpecs.
type TemplateBinding struct {
	Title      string
	TemplateID string
}

// KnownTemplate tells whether a title is one of TemplateSpecs.
func KnownTemplate(title string) bool {
	return slices.ContainsFunc(TemplateSpecs(), func(s TemplateSpec) bool { return s.Title == title })
}

// VerifyFile is a file that the platform asks for at the root of the site, to
// prove that the domain is ours.
type VerifyFile struct {
	Name      string // MP_verify_….txt
	Content   string
	CreatedAt time.Time
}

var verifyName = regexp.MustCompile(`^MP_verify_[A-Za-z0-9]{16}\.txt$`)

// verifyMax is how long such a file is at most, in bytes.
const verifyMax = 64

// Check tells what is wrong with the file; the error's field is "file".
func (f VerifyFile) Check() error {
	wrong := FieldErrors{}
	switch {
	case !verifyName.MatchString(f.Name):
		wrong.Add("file", "文件名应当像 MP_verify_xxxxxxxxxxxxxxxx.txt，请上传从公众号后台下载的原文件，不要改名")
	case f.Content == "":
		wrong.Add("file", "文件是空的")
	case len(f.Content) > verifyMax:
		wrong.Add("file", "文件太大了，验证文件最多 %d 个字符", verifyMax)
	default:
		for _, r := range f.Content {
			if r > unicode.MaxASCII || !unicode.IsPrint(r) {
				wrong.Add("file", "文件里有不能识别的内容，请上传从公众号后台下载的原文件")
				break
			}
		}
	}
	return wrong.Err()
}
