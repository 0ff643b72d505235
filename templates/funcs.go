package templates

import (
	"fmt"
	"html/template"
	"io/fs"
	"path"
	"regexp"
	"strings"
	"time"

	"github.com/xunjia/xunjia"
)

// funcs are the functions of every template.
func (s *Set) funcs() (template.FuncMap, error) {
	drawings, err := loadIcons()
	if err != nil {
		return nil, err
	}
	return template.FuncMap{
		"asset": s.Asset,
		"icon": func(name string) (template.HTML, error) {
			svg, ok := drawings[name]
			if !ok {
				return "", fmt.Errorf("no icon %q in vendor/tabler", name)
			}
			return svg, nil
		},
		"dict":      dict,
		"fullTime":  func(t time.Time) string { return fullTime(t) },
		"shortTime": func(t time.Time) string { return shortTime(t) },
		"isoTime":   func(t time.Time) string { return t.UTC().Format(time.RFC3339) },
		"picture":   MediaURL,
		"crop":      CropURL,
		"isFile":    xunjia.IsFile,
		"filePath":  xunjia.FilePath,
		"sizeText":  xunjia.SizeText,
		"add":       func(a, b int) int { return a + b },
		"badge":     badge,
		"minutes":   minutes,
		"latency":   milliseconds,
		"date":      dateOf,
		"stars":     Stars,
		"join":      strings.Join,
	}, nil
}

// dict makes the argument of a partial: {{template "empty" dict "Icon" "inbox"
// "Title" "还没有消息"}}. A missing key is an empty string.
func dict(pairs ...any) (map[string]any, error) {
	if len(pairs)%2 != 0 {
		return nil, fmt.Errorf("dict needs pairs")
	}
	d := make(map[string]any, len(pairs)/2)
	for i := 0; i < len(pairs); i += 2 {
		key, ok := pairs[i].(string)
		if !ok {
			return nil, fmt.Errorf("dict key %v is no string", pairs[i])
		}
		d[key] = pairs[i+1]
	}
	return d, nil
}

// MediaURL is the address of one size of a picture: original, pc or mobile.
func MediaURL(key, variant string) string {
	if xunjia.IsPrivate(key) {
		return "/me/certification/documents/" + key + "/" + variant
	}
	return "/media/" + key + "/" + variant
}

// CropURL is the address of a crop of an attached picture, which names the
// version of the crop: browsers keep it for a year, and ask anew when staff have
// chosen another part of the picture.
func CropURL(a xunjia.Attachment, variant string) string {
	return fmt.Sprintf("%s?v=%d", MediaURL(a.Media, variant), a.CropVersion)
}

// badge writes a count as the red dot shows it: "" for none, at most 99+.
func badge(n int) string {
	switch {
	case n <= 0:
		return ""
	case n > 99:
		return "99+"
	}
	return fmt.Sprint(n)
}

func fullTime(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return xunjia.FullTime(t)
}

func shortTime(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return xunjia.ShortTime(t)
}

// dateOf writes a day: 2026-11-28; "" for none.
func dateOf(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.In(xunjia.China()).Format(time.DateOnly)
}

var (
	svgInside = regexp.MustCompile(`(?s)<svg[^>]*>(.*)</svg>`)
	svgFrame  = regexp.MustCompile(`<path stroke="none"[^>]*/>`)
)

// loadIcons reads the drawings; decorative as they are, screen readers skip them.
func loadIcons() (map[string]template.HTML, error) {
	files, err := fs.Glob(icons, "vendor/tabler/*.svg")
	if err != nil {
		return nil, fmt.Errorf("templates: %w", err)
	}
	drawings := make(map[string]template.HTML, len(files))
	for _, file := range files {
		data, err := icons.ReadFile(file)
		if err != nil {
			return nil, fmt.Errorf("templates: %w", err)
		}
		inside := svgInside.FindSubmatch(data)
		if inside == nil {
			return nil, fmt.Errorf("templates: %s is no drawing", file)
		}
		body := strings.Join(strings.Fields(svgFrame.ReplaceAllString(string(inside[1]), "")), " ")
		name := strings.TrimSuffix(path.Base(file), ".svg")
		drawings[name] = template.HTML(`<svg class="icon" viewBox="0 0 24 24" aria-hidden="true">` + body + `</svg>`) // #nosec G203 -- embedded files of ours
	}
	return drawings, nil
}

// Left writes how much time is left, in the largest unit: 还剩 2 天.
func Left(d time.Duration) string {
	switch {
	case d >= 24*time.Hour:
		return fmt.Sprintf("还剩 %d 天", int(d/(24*time.Hour)))
	case d >= time.Hour:
		return fmt.Sprintf("还剩 %d 小时", int(d/time.Hour))
	case d >= time.Minute:
		return fmt.Sprintf("还剩 %d 分钟", int(d/time.Minute))
	case d > 0:
		return "即将截止"
	}
	return "已截止"
}
