package templates

import (
	"net/url"

	"github.com/xunjia/xunjia"
)

// Tab is an entry of the bar at the bottom, or at the top of a wide screen.
type Tab string

// The tabs. A page that belongs to none leaves the tab empty; a page with
// Plain set shows no bar at all.
const (
	HomeTab    Tab = "home"
	PublishTab Tab = "publish"
	InboxTab   Tab = "inbox"
	MeTab      Tab = "me"
)

// Layout is what surrounds every page. Handlers set Title, Tab and what differs
// from the usual; package handlers fills in the rest.
type Layout struct {
	Title string // of the document, without the product's name
	Tab   Tab
	Plain bool   // no tab bar: forms and steps that want no distraction
	Back  string // path of the arrow at the top of a phone outside WeChat; "" for none
	Wide  bool   // uses the full width of a wide screen

	Flash     Flash
	FormToken string // value of the hidden field form_token
	Unread    int    // notifications
	User      xunjia.User
	LoggedIn  bool
	WeChat    bool // inside WeChat, which shows title and back arrow itself
	ICP       string
	RequestID string
	Path      string // of this page; forms without an action come back to it
	Console   Console
	Share     Share
	SDK       bool // inside WeChat, with an account that signs pages
}

// Share is what a friend sees to whom a page is sent. Empty fields are filled in
// with those of the site.
type Share struct {
	Title string
	Text  string
	Image string // absolute
	Link  string // absolute; without what is the visitor's own
}

// Console is what surrounds pages of the admin console.
type Console struct {
	Name     string // of the staff member; "" before login
	Role     string
	Sections []NavSection
}

// NavSection is a part of the console's navigation.
type NavSection struct {
	Title string
	Items []NavItem
}

// NavItem is one entry; Badge is a number that wants attention, 0 for none.
type NavItem struct {
	Href, Text, Icon string
	Current          bool
	Badge            int
}

// Base implements Page for every struct that embeds Layout.
func (l *Layout) Base() *Layout { return l }

// Flash is a message above the page about what was just done.
type Flash struct {
	Text string
	Bad  bool
}

// Form is what somebody typed and what is wrong with it.
type Form struct {
	Values  url.Values
	Errors  map[string]string
	Message string                  // about the form as a whole
	Files   map[string]xunjia.Media // the PDFs among the values, by key
}

// Value is the field's text as typed.
func (f Form) Value(name string) string { return f.Values.Get(name) }

// Error is the complaint about the field, "" when there is none.
func (f Form) Error(name string) string { return f.Errors[name] }

// Has tells whether the field has the value; for radio buttons and check boxes.
func (f Form) Has(name, value string) bool {
	for _, v := range f.Values[name] {
		if v == value {
			return true
		}
	}
	return false
}
