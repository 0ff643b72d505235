package templates

import "github.com/xunjia/xunjia"

// FilePage is the page of a PDF, from which it is downloaded.
type FilePage struct {
	Layout
	File xunjia.Media
}

// Template implements Page.
func (*FilePage) Template() string { return "file" }
