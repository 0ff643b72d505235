package templates

import (
	"bytes"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/html"
)

// sampleTime is fixed, so that a failure repeats.
func sampleTime() time.Time { return time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC) }

func load(t *testing.T) *Set {
	t.Helper()
	s, err := Load()
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// Every template has a sample and renders all of them.
func TestEveryTemplateRenders(t *testing.T) {
	s := load(t)
	shown := map[string]bool{}
	for _, sample := range Samples(sampleTime()) {
		name := sample.Page.Template()
		shown[name] = true
		if sample.Name != name && !strings.HasPrefix(sample.Name, name+" ") {
			t.Errorf("sample %q is of template %q", sample.Name, name)
		}
		var buf bytes.Buffer
		if err := s.Render(&buf, sample.Page); err != nil {
			t.Errorf("%s: %v", sample.Name, err)
			continue
		}
		checkHTML(t, sample.Name, &buf)
	}
	for _, name := range s.Names() {
		if !shown[name] {
			t.Errorf("template %s has no sample in Samples", name)
		}
	}
}

// checkHTML looks for what the browser would refuse (inline styles and scripts,
// by our Content-Security-Policy) and what a screen reader would miss.
func checkHTML(t *testing.T, page string, r io.Reader) {
	t.Helper()
	doc, err := html.Parse(r)
	if err != nil {
		t.Fatal(err)
	}
	var ids, refs []string
	headings := 0
	for n := range doc.Descendants() {
		if n.Type != html.ElementNode {
			continue
		}
		attr := map[string]string{}
		for _, a := range n.Attr {
			attr[a.Key] = a.Val
			if a.Key == "style" || strings.HasPrefix(a.Key, "on") {
				t.Errorf("%s: <%s> has the attribute %s, which the browser ignores", page, n.Data, a.Key)
			}
		}
		if id := attr["id"]; id != "" {
			ids = append(ids, id)
		}
		if n.Data == "label" && attr["for"] != "" {
			refs = append(refs, attr["for"])
		}
		switch n.Data {
		case "h1":
			headings++
		case "img":
			if _, ok := attr["alt"]; !ok {
				t.Errorf("%s: a picture has no alt", page)
			}
		case "script":
			if attr["src"] == "" && attr["type"] != "text/wxtag-template" { // data, not run
				t.Errorf("%s: inline script", page)
			}
		case "style":
			t.Errorf("%s: inline style sheet", page)
		case "form":
			if attr["method"] == "post" && !hasToken(n) {
				t.Errorf("%s: the form to %s lacks {{template \"token\"}}", page, attr["action"])
			}
		}
	}
	slices.Sort(ids)
	if unique := slices.Compact(slices.Clone(ids)); len(unique) != len(ids) {
		t.Errorf("%s: an id is used twice: %v", page, ids)
	}
	for _, ref := range refs {
		if !slices.Contains(ids, ref) {
			t.Errorf("%s: label for %q, which does not exist", page, ref)
		}
	}
	if headings > 1 {
		t.Errorf("%s: %d top headings", page, headings)
	}
}

func hasToken(form *html.Node) bool {
	for n := range form.Descendants() {
		for _, a := range n.Attr {
			if a.Key == "name" && a.Val == "form_token" {
				return true
			}
		}
	}
	return false
}

// What people type cannot become markup.
func TestTypedTextIsEscaped(t *testing.T) {
	s := load(t)
	page := &LoginPage{CodeForm: CodeForm{Form: Form{Values: map[string][]string{"phone": {`"><script>alert(1)</script>`}}}}}
	var buf bytes.Buffer
	if err := s.Render(&buf, page); err != nil {
		t.Fatal(err)
	}
	if strings.Contains(buf.String(), "<script>alert") {
		t.Error("typed text was not escaped")
	}
}

func TestLeft(t *testing.T) {
	for _, c := range []struct {
		d    time.Duration
		want string
	}{
		{50 * time.Hour, "还剩 2 天"}, {24 * time.Hour, "还剩 1 天"}, {23 * time.Hour, "还剩 23 小时"},
		{90 * time.Second, "还剩 1 分钟"}, {time.Second, "即将截止"}, {0, "已截止"}, {-time.Hour, "已截止"},
	} {
		if got := Left(c.d); got != c.want {
			t.Errorf("Left(%v) = %q, want %q", c.d, got, c.want)
		}
	}
}

func TestAssets(t *testing.T) {
	s := load(t)
	for _, entry := range []string{"h5.css", "admin.css", "app.js"} {
		address, err := s.Asset(entry)
		if err != nil {
			t.Fatal(err)
		}
		plain, kind, ok := s.OpenAsset(strings.TrimPrefix(address, "/assets/"), false)
		small, _, ok2 := s.OpenAsset(strings.TrimPrefix(address, "/assets/"), true)
		if !ok || !ok2 || kind == "" || len(small) >= len(plain) {
			t.Errorf("%s: ok %v %v, type %q, %d of %d bytes", entry, ok, ok2, kind, len(small), len(plain))
		}
	}
	for _, name := range []string{"manifest.json", "../templates.go", ""} {
		if _, _, ok := s.OpenAsset(name, false); ok {
			t.Errorf("%q is served", name)
		}
	}
}
