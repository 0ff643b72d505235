// Package templates holds what people see: one struct and one html/template
// per page, the layouts around them, icons, and the embedded style sheets and
// script. It imports the standard library and the root package, nothing else.
//
// To add a page: write pages/<name>.html with {{define "content"}} (or
// admin/<name>.html for the console), a struct that embeds Layout and whose
// Template method answers "<name>" (or "admin/<name>"), and a sample of it in
// Samples, full and empty. The test executes every template with its samples;
// in development /debug/pages shows them. Styles belong into src/h5.css (then
// `go run ./cmd/assets`); inline styles and scripts are refused by the browser.
// Partials for forms, empty states and cards are in partials.html.
package templates

import (
	"bytes"
	"embed"
	"encoding/json"
	"fmt"
	"html/template"
	"io"
	"io/fs"
	"path"
	"strings"
)

//go:embed layout.html admin_layout.html partials.html admin_partials.html pages admin
var sources embed.FS

//go:embed assets
var assets embed.FS

//go:embed vendor/tabler/*.svg
var icons embed.FS

// Page is one page's data. Embed Layout and write Template.
type Page interface {
	Base() *Layout
	Template() string // "login", "admin/dashboard"
}

// Set is every template, parsed. It is safe for concurrent use.
type Set struct {
	pages    map[string]*template.Template
	manifest map[string]string // "h5.css" → "h5.1a2b3c4d5e.css"
	assets   map[string]bool
}

// Load parses every template, so that a mistake in one stops the start.
func Load() (*Set, error) {
	s := &Set{pages: map[string]*template.Template{}, manifest: map[string]string{}, assets: map[string]bool{}}
	data, err := assets.ReadFile("assets/manifest.json")
	if err != nil {
		return nil, fmt.Errorf("templates: %w", err)
	}
	if err := json.Unmarshal(data, &s.manifest); err != nil {
		return nil, fmt.Errorf("templates: %w", err)
	}
	for _, name := range s.manifest {
		s.assets[name] = true
	}
	funcs, err := s.funcs()
	if err != nil {
		return nil, err
	}
	for layout, folder := range map[string]string{"layout.html": "pages", "admin_layout.html": "admin"} {
		files, err := fs.Glob(sources, folder+"/*.html")
		if err != nil {
			return nil, fmt.Errorf("templates: %w", err)
		}
		for _, file := range files {
			t, err := template.New(layout).Funcs(funcs).ParseFS(sources, layout, "partials.html", "admin_partials.html", file)
			if err != nil {
				return nil, fmt.Errorf("templates: %w", err)
			}
			name := strings.TrimSuffix(strings.TrimPrefix(file, "pages/"), ".html")
			s.pages[name] = t
		}
	}
	return s, nil
}

// Names lists every template.
func (s *Set) Names() []string {
	names := make([]string, 0, len(s.pages))
	for name := range s.pages {
		names = append(names, name)
	}
	return names
}

// Render writes the page as HTML. It renders into memory first: an error
// leaves w untouched.
func (s *Set) Render(w io.Writer, p Page) error {
	t, ok := s.pages[p.Template()]
	if !ok {
		return fmt.Errorf("templates: no template %q", p.Template())
	}
	var buf bytes.Buffer
	if err := t.Execute(&buf, p); err != nil {
		return fmt.Errorf("templates: %s: %w", p.Template(), err)
	}
	_, err := buf.WriteTo(w)
	return err
}

// Asset is the address of an entry of templates/src: "h5.css" →
// /assets/h5.1a2b3c4d5e.css. It never changes its content.
func (s *Set) Asset(entry string) (string, error) {
	name, ok := s.manifest[entry]
	if !ok {
		return "", fmt.Errorf("templates: no asset %q", entry)
	}
	return "/assets/" + name, nil
}

// OpenAsset answers the bytes behind an address that Asset gave, compressed by
// gzip when wanted, and their type. The last result is false for other names.
func (s *Set) OpenAsset(name string, gzipped bool) (data []byte, contentType string, ok bool) {
	if !s.assets[name] {
		return nil, "", false
	}
	file := "assets/" + name
	if gzipped {
		file += ".gz"
	}
	data, err := assets.ReadFile(file)
	if err != nil {
		return nil, "", false
	}
	contentType = "text/javascript; charset=utf-8"
	if path.Ext(name) == ".css" {
		contentType = "text/css; charset=utf-8"
	}
	return data, contentType, true
}
