package xunjia

import (
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// Limits of an announcement, in characters.
const (
	MaxAnnouncementTitle = 40
	MaxAnnouncementText  = 2000
	minAnnouncementText  = 5
	announcementExcerpt  = 80 // shown in the inbox
)

// MaxAnnounced is where counting the readers of an announcement ends: it means
// "that many or more".
const MaxAnnounced = 100_000

// Announcement is what staff tell many people at once. Everybody who is
// registered when it is sent and meets every condition of To finds it in the
// inbox.
type Announcement struct {
	ID          int64
	StaffID     int64
	Title       string
	Text        string
	To          AnnouncementAudience
	EventID     int64
	CreatedAt   time.Time
	WithdrawnAt time.Time // zero: it stands
}

// AnnouncementAudience says who is told; what is zero does not matter, so that
// the zero audience is everybody.
type AnnouncementAudience struct {
	Province   Area
	Kind       BusinessKind
	CategoryID int64 // followers of it or of anything in it
}

// AnnouncementPath is the page of an announcement.
func AnnouncementPath(id int64) string { return "/announcements/" + strconv.FormatInt(id, 10) }

// Excerpt is the beginning of the text, in one line.
func (a Announcement) Excerpt() string {
	runes := []rune(strings.Join(strings.Fields(a.Text), " "))
	if len(runes) > announcementExcerpt {
		return string(runes[:announcementExcerpt-1]) + "…"
	}
	return string(runes)
}

// Check trims an announcement and complains on the fields "title", "text",
// "province" and "kind". Whether the category exists is for the store to tell.
func (a Announcement) Check() (Announcement, error) {
	a.Title, a.Text = strings.TrimSpace(a.Title), strings.TrimSpace(a.Text)
	f := FieldErrors{}
	if utf8.RuneCountInString(a.Title) < 2 {
		f.Add("title", "请写标题，至少 2 个字")
	}
	checkText(f, "title", a.Title, MaxAnnouncementTitle)
	if strings.ContainsAny(a.Title, "\r\n") {
		f.Add("title", "标题只能有一行")
	}
	if utf8.RuneCountInString(a.Text) < minAnnouncementText {
		f.Add("text", "请写正文，至少 %d 个字", minAnnouncementText)
	}
	checkText(f, "text", a.Text, MaxAnnouncementText)
	if p := a.To.Province; p != "" && (!p.Valid() || p.Province() != p) {
		f.Add("province", "请选择省份")
	}
	if a.To.Kind != 0 && a.To.Kind.String() == "" {
		f.Add("kind", "请选择业务类型")
	}
	return a, f.Err()
}

// Name says who is told: 所有注册用户, 四川省、药商、关注黄连的用户. category is the
// name of the audience's category.
func (t AnnouncementAudience) Name(category string) string {
	var parts []string
	if t.Province != "" {
		parts = append(parts, t.Province.Name())
	}
	if t.Kind != 0 {
		parts = append(parts, t.Kind.String())
	}
	if t.CategoryID != 0 {
		parts = append(parts, "关注"+category)
	}
	if len(parts) == 0 {
		return "所有注册用户"
	}
	return fmt.Sprintf("%s的用户", strings.Join(parts, "、"))
}
