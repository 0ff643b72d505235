package xunjia

import (
	"errors"
	"strings"
	"testing"
	"time"
	"unicode/utf8"
)

func TestAbandoned(t *testing.T) {
	now := time.Date(2026, 11, 26, 10, 0, 0, 0, time.UTC)
	for _, tt := range []struct {
		name          string
		created, used time.Duration // ago; 0: never
		want          bool
	}{
		{"just uploaded", time.Minute, 0, false},
		{"in time", MediaGrace, 0, false},
		{"too long ago", MediaGrace + time.Millisecond, 0, true},
		{"used since", 100 * 24 * time.Hour, time.Hour, false},
		{"used long ago", 100 * 24 * time.Hour, 3 * 24 * time.Hour, true},
	} {
		m := Media{CreatedAt: now.Add(-tt.created)}
		if tt.used != 0 {
			m.UsedAt = now.Add(-tt.used)
		}
		if got := m.Abandoned(now); got != tt.want {
			t.Errorf("%s: abandoned %v", tt.name, got)
		}
	}
}

func TestFilesAreTestReports(t *testing.T) {
	for _, kind := range append(AttachmentTypes(), 0, 9) {
		for media, file := range map[string]bool{"abc": false, FilePrefix + "abc": true} {
			f := FieldErrors{}
			a := Attachment{Media: media, Type: kind}
			a.check(f, "attachments")
			allowed := kind.String() != "" && (!file || kind == TestReport)
			if a.IsFile() != file || allowed != (f.Err() == nil) {
				t.Errorf("%s as %q: file %v, %v", media, kind, a.IsFile(), f.Err())
			}
		}
	}
	l := Line{Images: []Attachment{{Media: "f-report"}, {Media: "picture", CropVersion: 3}}}
	if p := l.Picture(); p.Media != "picture" || p.CropVersion != 3 {
		t.Errorf("the line's picture is %+v", p)
	}
	if p := (Line{Images: l.Images[:1]}).Picture(); p.Media != "" {
		t.Errorf("a report is shown as the line's picture: %+v", p)
	}
}

func TestFileName(t *testing.T) {
	for typed, want := range map[string]string{
		"黄连 检测报告.pdf":                       "黄连 检测报告.pdf",
		"A.PDF":                             "A.pdf",
		"report":                            "report.pdf",
		"scan.jpg":                          "scan.jpg.pdf",
		`C:\Users\a\报告.pdf`:                 "报告.pdf",
		"../../etc/passwd":                  "passwd.pdf",
		"":                                  "文件.pdf",
		".pdf":                              "文件.pdf",
		"/":                                 "文件.pdf",
		"a\r\nSet-Cookie: x.pdf":            "aSet-Cookie x.pdf",
		"cod\u202efdp.exe":                  "codfdp.exe.pdf",
		`"><script>.pdf`:                    "script.pdf",
		"\xff\xfe报告.pdf":                    "报告.pdf",
		strings.Repeat("长", 300):            strings.Repeat("长", 60) + ".pdf",
		strings.Repeat("长", 59) + ". x.pdf": strings.Repeat("长", 59) + ".pdf",
	} {
		got := FileName(typed)
		if got != want || !utf8.ValidString(got) {
			t.Errorf("%q becomes %q, want %q", typed, got, want)
		}
	}
}

func TestSizeText(t *testing.T) {
	for n, want := range map[int64]string{0: "0 字节", 1023: "1023 字节", 1024: "1 KB", 1536: "2 KB", 1 << 20: "1.0 MB", 1_456_789: "1.4 MB"} {
		if got := SizeText(n); got != want {
			t.Errorf("%d is %q, want %q", n, got, want)
		}
	}
}

func TestFocus(t *testing.T) {
	for f, wrong := range map[Focus]int{{0, 0}: 0, {1000, 1000}: 0, FocusCentre(): 0, {-1, 500}: 1, {500, 1001}: 1, {1001, -1}: 2} {
		fields := 0
		if e, ok := errors.AsType[*Error](f.Check()); ok {
			fields = len(e.Fields)
		}
		if fields != wrong {
			t.Errorf("%v: %d fields are wrong, want %d", f, fields, wrong)
		}
	}
	now := time.UnixMilli(5000)
	if v := (Media{}).NextCrop(now); v != 5000 {
		t.Errorf("version %d", v)
	}
	if v := (Media{CropVersion: 5000}).NextCrop(now); v != 5001 {
		t.Errorf("version %d of the same millisecond", v)
	}
}
