package templates

import "time"

// AdminEnterPage asks to press a button: opening a one-time link must not use
// it up, because chat programs open links to preview them.
type AdminEnterPage struct {
	Layout
	Token string
}

// Template implements Page.
func (*AdminEnterPage) Template() string { return "admin/enter" }

// AdminMessagePage says one thing to staff.
type AdminMessagePage struct {
	Layout
	Heading string
	Text    string
	Back    string // address of the link back; "" for none
	LogIn   bool   // offers to log in
}

// Template implements Page.
func (*AdminMessagePage) Template() string { return "admin/message" }

// AdminDashboardPage is the console's first page.
type AdminDashboardPage struct {
	Layout
	Stats   []Stat
	States  []Count // today's deliveries
	Stops   []StopRow
	Lost    []DeliveryRow // the last messages without success
	More    bool          // there are more of them
	CanView bool          // the records of deliveries
}

// Template implements Page.
func (*AdminDashboardPage) Template() string { return "admin/dashboard" }

// Stat is one number.
type Stat struct {
	Label string
	Icon  string
	Value int
	Note  string
}

// Count is a number with its name.
type Count struct {
	Label string
	Value int
}

// StopRow is a channel that takes nothing at the moment.
type StopRow struct {
	Name    string
	Kind    string // of short message; "" for the whole channel
	Reason  string
	Since   time.Time
	ProbeAt time.Time // when it tries again by itself
}
