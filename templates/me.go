package templates

import "github.com/xunjia/xunjia"

// MePage is a user's own corner.
type MePage struct {
	Layout
	Phone    string // masked
	Area     string
	Kind     string
	Followed int
	Level    xunjia.Level

	Certified   bool
	CompanyName string // "" without one

	Bindable  bool // there is an official account
	Bound     bool // to a WeChat identity
	Face      string
	Purchases int // of his own that are shown by "我的采购"; -1 hides the number
}

// Template implements Page.
func (*MePage) Template() string { return "me" }
