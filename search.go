package xunjia

import (
	"strings"
	"time"
)

// Search says which requests a list shows. The zero value shows all that can be
// quoted on, newest first. What is for invited suppliers only is in no list.
type Search struct {
	Text       string         // goods by name, alias or pinyin initials; words of the specification; a number
	Category   int64          // goods or a group of them; 0: all
	Area       Area           // province or city where the goods go; "": all
	Within     DeadlineWithin // how near the deadline is
	Cap        CapPrice       // whether there is a cap price
	MinCap     Fen            // of the cap price, per unit; 0: open
	MaxCap     Fen
	Followed   bool // only goods that the viewer follows
	Quotable   bool // only what the viewer can still quote on
	Ended      bool // what is over, instead of what is open
	EndingSoon bool // the nearest deadline first; not together with Ended
}

// MaxSearchText is how many characters are searched for.
const MaxSearchText = 40

// DeadlineWithin bounds how far away a deadline is.
type DeadlineWithin string

// The bounds.
const (
	AnyDeadline DeadlineWithin = ""
	EndsToday   DeadlineWithin = "today" // until midnight in China
	EndsIn3Days DeadlineWithin = "3"
	EndsIn7Days DeadlineWithin = "7"
)

// DeadlinesWithin lists every bound in the order of forms.
func DeadlinesWithin() []DeadlineWithin {
	return []DeadlineWithin{AnyDeadline, EndsToday, EndsIn3Days, EndsIn7Days}
}

// String is the bound's Chinese name, "" for an unknown one.
func (w DeadlineWithin) String() string {
	switch w {
	case AnyDeadline:
		return "全部"
	case EndsToday:
		return "今天截止"
	case EndsIn3Days:
		return "3天内"
	case EndsIn7Days:
		return "7天内"
	}
	return ""
}

// Until is the latest deadline within the bound; zero for AnyDeadline.
func (w DeadlineWithin) Until(now time.Time) time.Time {
	switch w {
	case EndsToday:
		return DayStart(now).AddDate(0, 0, 1)
	case EndsIn3Days:
		return now.Add(3 * 24 * time.Hour)
	case EndsIn7Days:
		return now.Add(7 * 24 * time.Hour)
	}
	return time.Time{}
}

// CapPrice asks whether a line names a cap price.
type CapPrice string

// The wishes.
const (
	AnyCap  CapPrice = ""
	WithCap CapPrice = "given"
	NoCap   CapPrice = "none"
)

// CapPrices lists every wish in the order of forms.
func CapPrices() []CapPrice { return []CapPrice{AnyCap, WithCap, NoCap} }

// String is the wish's Chinese name, "" for an unknown one.
func (c CapPrice) String() string {
	switch c {
	case AnyCap:
		return "全部"
	case WithCap:
		return "有限价"
	case NoCap:
		return "不限价"
	}
	return ""
}

// Validate trims the search and reports what is wrong, by the fields q, min and
// max. What it does not know is taken for not asked.
func (s *Search) Validate() error {
	f := FieldErrors{}
	s.Text = strings.Join(strings.Fields(s.Text), " ")
	checkText(f, "q", s.Text, MaxSearchText)
	if s.Within.String() == "" {
		s.Within = AnyDeadline
	}
	if s.Cap.String() == "" {
		s.Cap = AnyCap
	}
	if !s.Area.Valid() {
		s.Area = ""
	}
	s.Area = s.Area.City()
	if s.MinCap < 0 || s.MinCap > MaxPrice {
		f.Add("min", "价格应在 0 到一千万元之间")
	}
	if s.MaxCap < 0 || s.MaxCap > MaxPrice {
		f.Add("max", "价格应在 0 到一千万元之间")
	}
	if s.MaxCap > 0 && s.MinCap > s.MaxCap {
		f.Add("max", "最高价不能低于最低价")
	}
	if s.MinCap > 0 || s.MaxCap > 0 {
		s.Cap = WithCap // a price range is about cap prices that are given
	}
	if s.Ended {
		s.Within, s.EndingSoon, s.Quotable = AnyDeadline, false, false // what is over ends no more
	}
	return f.Err()
}

// Number is the text when it can be the number of a request: 14 to 20 digits.
func (s Search) Number() (string, bool) {
	n := FoldText(s.Text)
	if len(n) < 14 || len(n) > 20 || strings.Trim(n, "0123456789") != "" {
		return "", false
	}
	return n, true
}

// Narrowed tells whether anything but the tab, the state and the order was
// chosen.
func (s Search) Narrowed() bool {
	return s.Text != "" || s.Category != 0 || s.Area != "" || s.Within != AnyDeadline || s.Cap != AnyCap || s.Quotable
}

// Listed tells whether the viewer may find the purchase by its number: what is
// for invited suppliers only is found by its buyer alone.
func (p Purchase) Listed(viewer User) bool {
	return p.Mode != InvitedMode || p.Of(viewer)
}
