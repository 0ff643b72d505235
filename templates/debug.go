package templates

// DebugPage lists every template, in development only.
type DebugPage struct {
	Layout
	Rows []DebugRow
}

// Template implements Page.
func (*DebugPage) Template() string { return "debug" }

// DebugRow is one sample.
type DebugRow struct{ Name, Href string }
