package xunjia

import (
	"net/mail"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// Email is a login name beside the phone: lower case, without a display name.
// Nobody has proved that mail to it arrives at its owner.
type Email string

// maxEmail is the length of an e-mail address at most, in bytes.
const maxEmail = 120

// ParseEmail trims an address and turns it into lower case. The error is
// Invalid on the field "email".
func ParseEmail(s string) (Email, error) {
	s = strings.ToLower(strings.TrimSpace(s))
	f := FieldErrors{}
	a, err := mail.ParseAddress(s)
	_, host, _ := strings.Cut(s, "@")
	switch {
	case s == "":
		f.Add("email", "请填写邮箱")
	case len(s) > maxEmail:
		f.Add("email", "邮箱最多 %d 个字符", maxEmail)
	case err != nil || a.Address != s || hasControl(s) || !utf8.ValidString(s) || strings.Contains(s, `"`) ||
		!strings.Contains(host, ".") || strings.HasSuffix(host, "."):
		f.Add("email", "邮箱格式不正确，例如 name@example.com")
	}
	return Email(s), f.Err()
}

// Masked shows the first character of the name and the whole host:
// z***@example.com.
func (e Email) Masked() string {
	name, host, ok := strings.Cut(string(e), "@")
	if !ok {
		return ""
	}
	return string([]rune(name)[:1]) + "***@" + host
}

// LoginName is what somebody types beside a password: one of both.
type LoginName struct {
	Phone Phone
	Email Email
}

// ParseLoginName tells phones and e-mail addresses apart. The error is Invalid
// on the field "login".
func ParseLoginName(s string) (n LoginName, err error) {
	f := FieldErrors{}
	switch s = strings.TrimSpace(s); {
	case s == "":
		f.Add("login", "请填写手机号或邮箱")
	case strings.Contains(s, "@"):
		if n.Email, err = ParseEmail(s); err != nil {
			f.Add("login", "邮箱格式不正确")
		}
	default:
		if n.Phone, err = ParsePhone(s); err != nil {
			f.Add("login", "请填写 11 位手机号，或者邮箱")
		}
	}
	return n, f.Err()
}

// String is the name as it is stored.
func (n LoginName) String() string {
	if n.Email != "" {
		return string(n.Email)
	}
	return string(n.Phone)
}

// The bounds of a user's password, in characters.
const (
	minUserPassword = 8
	maxUserPassword = 64
)

// CheckUserPassword refuses passwords that are easy to guess: those of one kind
// of characters (letters, digits, others) and the account's own phone and
// e-mail. The error's field is "password".
func CheckUserPassword(password string, phone Phone, email Email) error {
	f := FieldErrors{}
	kinds, different := map[int]bool{}, map[rune]bool{}
	for _, r := range password {
		different[r] = true
		switch {
		case unicode.IsDigit(r):
			kinds[0] = true
		case r <= unicode.MaxASCII && unicode.IsLetter(r):
			kinds[1] = true
		default:
			kinds[2] = true
		}
	}
	lower := strings.ToLower(password)
	switch n := utf8.RuneCountInString(password); {
	case n == 0:
		f.Add("password", "请填写密码")
	case n < minUserPassword:
		f.Add("password", "密码至少 %d 位", minUserPassword)
	case n > maxUserPassword:
		f.Add("password", "密码最多 %d 位", maxUserPassword)
	case hasControl(password):
		f.Add("password", "密码里有无法识别的字符")
	case phone != "" && strings.Contains(password, string(phone)), email != "" && strings.Contains(lower, string(email)):
		f.Add("password", "密码不能包含手机号或邮箱")
	case len(kinds) < 2 || len(different) < 4:
		f.Add("password", "密码太简单，请混用字母、数字或符号")
	}
	return f.Err()
}

// CheckNewPassword checks a password that was typed twice; the fields are
// "password" and "again".
func CheckNewPassword(password, again string, phone Phone, email Email) error {
	if err := CheckUserPassword(password, phone, email); err != nil {
		return err
	}
	if password != again {
		return FieldErrors{"again": "两次填写的密码不一样"}.Err()
	}
	return nil
}

// AttemptLimits is how many failures within LockTime lock a name or an address
// out, and what the locked-out may do instead.
type AttemptLimits struct {
	PerName, PerIP int
	Advice         string
}

// StaffAttempts are the limits of the console's login.
func StaffAttempts() AttemptLimits { return AttemptLimits{PerName: LockAfter, PerIP: LockAfterIP} }

// UserAttempts are the limits of users' passwords: tighter, as an SMS code lets
// them in at any time.
func UserAttempts() AttemptLimits {
	return AttemptLimits{PerName: 5, PerIP: 20, Advice: "，或改用短信验证码登录"}
}

// ProofLifetime is how long a browser in which somebody has just typed his
// password, or a code, may change how he logs in.
const ProofLifetime = 10 * time.Minute

// MaxIdentities is how many WeChats of one official account one may bind.
const MaxIdentities = 5

// LoginWays are the ways in which somebody can log in.
type LoginWays struct {
	Phone      Phone
	Password   bool // with an e-mail; one with a phone is a second way of the phone
	Identities int  // bound WeChats
}

// CanUnbind tells why one of his WeChats may not be taken away: Conflict for the
// last way to log in, NotFound without any.
func (w LoginWays) CanUnbind() error {
	_, err := ParsePhone(string(w.Phone))
	switch {
	case w.Identities == 0:
		return Errorf(NotFound, "没有绑定这个微信")
	case w.Identities == 1 && err != nil && !w.Password:
		return Errorf(Conflict, "这是您唯一的登录方式，请先绑定手机号再解除")
	}
	return nil
}
