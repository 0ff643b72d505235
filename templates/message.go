package templates

// MessagePage says one thing: an error, or what to do next.
type MessagePage struct {
	Layout
	Icon    string // of vendor/tabler
	Kind    string // "", "bad" or "warn"
	Heading string
	Text    string
	Links   []Link // the first one is the main one
	ShowID  bool   // the request id, for asking support
}

// Template implements Page.
func (*MessagePage) Template() string { return "message" }

// Link is a way on.
type Link struct{ Href, Text string }
