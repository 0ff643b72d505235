package xunjia

import (
	"fmt"
	"path"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// Media is a picture or a file that somebody uploaded.
type Media struct {
	Key         string // random; the address of the picture; that of a file begins with FilePrefix
	OwnerID     int64  // 0: staff, or the sample data
	Name        string // of a file, as FileName allows; "" for pictures
	MIME        string
	Width       int // pixels, of the original as stored; 0 for files
	Height      int
	Pages       int   // of a file; 0: not known
	Bytes       int64 // of the original as stored
	Focus       Focus
	CropVersion int64 // of the crops as stored: 0 as uploaded, then the millisecond of the change
	CreatedAt   time.Time
	UsedAt      time.Time // last put into a form that was saved; zero for never
}

// FilePrefix begins the key of a file; a key alone tells what it is of.
const FilePrefix = "f-"

// IsFile tells whether a key is that of a file, which is downloaded, and not
// that of a picture, which is shown.
func IsFile(key string) bool { return strings.HasPrefix(key, FilePrefix) }

// PrivatePrefix begins the key of a picture that only its owner and staff may
// see: the public address of pictures knows none of them.
const PrivatePrefix = "p-"

// IsPrivate tells whether a key is that of a private picture.
func IsPrivate(key string) bool { return strings.HasPrefix(key, PrivatePrefix) }

// FilePath is the page of a file.
func FilePath(key string) string { return "/files/" + key }

// MaxFileBytes is how large a file may be.
const MaxFileBytes = 10 << 20

// MediaGrace is how long something uploaded is kept that nothing refers to: as
// long as somebody may take over a form.
const MediaGrace = 48 * time.Hour

// Abandoned tells whether the media may be deleted if nothing refers to it.
func (m Media) Abandoned(now time.Time) bool {
	limit := now.Add(-MediaGrace)
	return m.CreatedAt.Before(limit) && m.UsedAt.Before(limit)
}

// Focus is the point of a picture that its crops keep in view, in thousandths
// of the width from the left and of the height from the top.
type Focus struct{ X, Y int }

// FocusCentre is the focus that nobody chose.
func FocusCentre() Focus { return Focus{500, 500} }

// Check reports a point outside the picture; the error's fields are "x" and "y".
func (f Focus) Check() error {
	wrong := FieldErrors{}
	if f.X < 0 || f.X > 1000 {
		wrong.Add("x", "应在 0 到 1000 之间")
	}
	if f.Y < 0 || f.Y > 1000 {
		wrong.Add("y", "应在 0 到 1000 之间")
	}
	return wrong.Err()
}

// maxFileName bounds FileName, in characters, without the extension.
const maxFileName = 60

// FileName makes the name of an uploaded PDF safe to show and to save under: no
// folders, no control characters, nothing that turns the direction of writing,
// and the extension it really has.
func FileName(name string) string {
	name = path.Base(strings.ReplaceAll(strings.ToValidUTF8(name, ""), `\`, "/"))
	name = strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) || unicode.Is(unicode.Cf, r) || strings.ContainsRune(`/:*?"<>|`, r) {
			return -1
		}
		return r
	}, name)
	if ext := path.Ext(name); strings.EqualFold(ext, ".pdf") {
		name = strings.TrimSuffix(name, ext)
	}
	name = strings.Trim(name, " .")
	if utf8.RuneCountInString(name) > maxFileName {
		name = strings.TrimRight(string([]rune(name)[:maxFileName]), " .")
	}
	if name == "" {
		name = "文件"
	}
	return name + ".pdf"
}

// SizeText writes a number of bytes as people say it: 820 KB, 1.4 MB.
func SizeText(bytes int64) string {
	switch {
	case bytes < 1<<10:
		return fmt.Sprintf("%d 字节", bytes)
	case bytes < 1<<20:
		return fmt.Sprintf("%d KB", (bytes+1<<9)>>10)
	}
	return fmt.Sprintf("%.1f MB", float64(bytes)/(1<<20))
}

// MediaUse is where a picture or a file is used.
type MediaUse string

// The uses.
const (
	UsedInPurchases MediaUse = "purchases"
	UsedInQuotes    MediaUse = "quotes"
	UsedInDeals     MediaUse = "deals"
	UsedInShowcases MediaUse = "showcases" // on public pages of people

	UsedInCertifications MediaUse = "certifications" // private

	UsedInReplies MediaUse = "replies" // automatic ones and those of staff in the chat
	UsedNowhere   MediaUse = "nowhere"
)

// MediaUses lists every use in the order of forms.
func MediaUses() []MediaUse {
	return []MediaUse{UsedInPurchases, UsedInQuotes, UsedInDeals, UsedInShowcases, UsedInReplies, UsedNowhere}
}

// String is the use's Chinese name.
func (u MediaUse) String() string {
	switch u {
	case UsedInPurchases:
		return "采购单"
	case UsedInQuotes:
		return "报价"
	case UsedInDeals:
		return "成交"
	case UsedInShowcases:
		return "公开主页"
	case UsedInCertifications:
		return "认证"
	case UsedInReplies:
		return "公众号回复"
	case UsedNowhere:
		return "没有使用"
	}
	return ""
}

// MediaFilter narrows the list of media; zero fields narrow nothing.
type MediaFilter struct {
	OwnerID int64
	Phone   Phone // of the owner
	Use     MediaUse
}

// NextCrop is the version of crops that are made now: newer than the ones there
// are, and than any that an interrupted change left behind.
func (m Media) NextCrop(now time.Time) int64 { return max(now.UnixMilli(), m.CropVersion+1) }
