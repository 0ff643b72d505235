package xunjia

import (
	"strings"
	"time"
)

// SessionKind tells whom a session belongs to; it decides how long it lives.
type SessionKind string

// The kinds with their idle and absolute lifetimes.
const (
	GuestSession SessionKind = "guest" // a browser before login: 1 day idle, 1 day absolute
	UserSession  SessionKind = "user"  // 7 days idle, 30 days absolute
	StaffSession SessionKind = "staff" // 30 minutes idle, 12 hours absolute
)

// Idle is how long the session may lie unused.
func (k SessionKind) Idle() time.Duration {
	switch k {
	case UserSession:
		return 7 * 24 * time.Hour
	case StaffSession:
		return 30 * time.Minute
	default:
		return 24 * time.Hour
	}
}

// Absolute is how long the session lives at most.
func (k SessionKind) Absolute() time.Duration {
	switch k {
	case UserSession:
		return 30 * 24 * time.Hour
	case StaffSession:
		return 12 * time.Hour
	default:
		return 24 * time.Hour
	}
}

// Session is one browser's login, or its waiting for one.
type Session struct {
	ID         string // hash of the token that the cookie carries; safe to store and to compare with
	Kind       SessionKind
	UserID     int64 // 0 for guests and staff
	IdentityID int64 // the WeChat identity that OAuth found; 0 outside WeChat
	StaffID    int64
	CreatedAt  time.Time
	LastSeenAt time.Time
	ExpiresAt  time.Time // the absolute end
	IP         string    // from where it began
	Agent      string    // the browser in its own words, at most MaxAgent characters
}

// MaxAgent is how much is kept of what a browser says of itself, in characters.
const MaxAgent = 120

// Live tells whether the session may still be used.
func (s Session) Live(now time.Time) bool {
	return now.Before(s.ExpiresAt) && now.Before(s.LastSeenAt.Add(s.Kind.Idle()))
}

// OAuthState remembers why a browser was sent to WeChat's OAuth page. It is
// used once, by the same browser, within five minutes.
type OAuthState struct {
	State     string
	SessionID string
	ReturnTo  string // a path of this site
	Scope     string // snsapi_base or snsapi_userinfo
	CreatedAt time.Time
}

// OAuthStateLifetime is how long WeChat's code and our state are good for.
const OAuthStateLifetime = 5 * time.Minute

// DeviceName tells a browser by what it says of itself: Windows 电脑，Chrome
// 浏览器.
func DeviceName(agent string) string {
	system := "电脑"
	for _, known := range [][2]string{{"Windows", "Windows 电脑"}, {"Macintosh", "苹果电脑"}, {"Android", "安卓手机"}, {"iPhone", "苹果手机"}, {"Linux", "Linux 电脑"}} {
		if strings.Contains(agent, known[0]) {
			system = known[1]
			break
		}
	}
	for _, known := range [][2]string{{"MicroMessenger/", "微信"}, {"Edg/", "Edge 浏览器"}, {"Firefox/", "火狐浏览器"}, {"Chrome/", "Chrome 浏览器"}, {"Safari/", "Safari 浏览器"}} {
		if strings.Contains(agent, known[0]) {
			return system + "，" + known[1]
		}
	}
	return system
}
