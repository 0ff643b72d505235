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
}

// Template implements Page.
func (*AdminMessagePage) Template() string { return "admin/message" }

// AdminDashboardPage is the console's first page.
type AdminDashboardPage struct {
	Layout
	Stats      []Stat
	Deliveries []DeliveryRow
	Dead       []DeadRow
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

// DeliveryRow counts the deliveries of one state.
type DeliveryRow struct {
	State string
	Class string // of the badge: success, warning, danger, secondary
	Count int
}

// DeadRow is a delivery that was given up.
type DeadRow struct {
	ID      int64
	Kind    string
	Channel string
	To      string // masked
	Reason  string
	Attempt int
	At      time.Time
}
