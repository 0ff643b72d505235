package templates

import (
	"fmt"
	"strconv"
	"time"

	"github.com/xunjia/xunjia"
)

// PublishPage is the form of a new purchase. The fields of a line are named
// lines.0.category, lines.0.spec …; the numbers that exist are the values of
// the field "line".
type PublishPage struct {
	Layout
	Form     Form // line (several), the terms, deadline, deadline_at, key, version
	Problems []Problem
	Lines    []PublishLine
	Areas    []AreaSelect
	Earliest string // of the exact deadline, as datetime-local writes it
	Latest   string

	Edited int64    // id of the purchase that is edited; 0: a new one
	Quoted bool     // suppliers have quoted on it
	Fixed  []string // its lines that cannot be changed
	Others []string // what somebody else changed meanwhile

	Drafts        int  // that the reader has
	DraftConflict bool // another window has saved a newer one

	ListOpen      bool     // the box of lists is unfolded
	Added         string   // what became of a list
	AddedProblems []string // what of it could not be read
}

// Action is where the form goes.
func (p *PublishPage) Action() string {
	if p.Edited != 0 {
		return xunjia.PurchasePath(p.Edited) + "/edit"
	}
	return "/purchases/new"
}

// Modes are the ways of asking with what each means.
func (p *PublishPage) Modes() []ModeOption {
	hints := map[xunjia.PurchaseMode]string{
		xunjia.OpenMode: "关注这些品种的供应商都能看到和报价", xunjia.InvitedMode: "只有您邀请的供应商能看到和报价",
		xunjia.SealedMode: "截止之前谁也看不到价格，到时一起打开",
	}
	var list []ModeOption
	for i, o := range numbered(xunjia.PurchaseModes(), p.Form.Value("mode")) {
		list = append(list, ModeOption{o, hints[xunjia.PurchaseModes()[i]]})
	}
	return list
}

// ModeOption is a way of asking.
type ModeOption struct {
	Option
	Hint string
}

// More tells whether one of the rarer terms is filled in or wrong.
func (p *PublishPage) More() bool {
	for _, name := range []string{"delivery", "sample", "qualification", "show_rank"} {
		if p.Form.Value(name) != "" || p.Form.Error(name) != "" {
			return true
		}
	}
	return p.Form.Value("mode") != "" && p.Form.Value("mode") != "0" || p.Form.Error("mode") != ""
}

// Deliveries lists what forms offer.
func (*PublishPage) Deliveries() []string {
	return []string{"送货上门", "物流自提", "产地提货", "双方协商"}
}

// WantedSamples lists what forms offer.
func (*PublishPage) WantedSamples() []string {
	return []string{"先寄样品", "需要留样", "不需要样品"}
}

// VersionsPage shows how a purchase was changed.
type VersionsPage struct {
	Layout
	Purchase xunjia.Purchase
	Versions []VersionRow
}

// Template implements Page.
func (*VersionsPage) Template() string { return "versions" }

// VersionRow is one version.
type VersionRow struct {
	Number  int
	By      string
	At      time.Time
	Changes []string
}

// Template implements Page.
func (*PublishPage) Template() string { return "publish" }

// Problem is an entry of the summary above a form with mistakes.
type Problem struct{ Href, Text string }

// PublishLine is one line of the form.
type PublishLine struct {
	Number     int // in the names of its fields
	Form       Form
	Page       *PublishPage
	Categories []CategoryOptions
	Units      []Option
	Specs      []string
	Origins    []string
	Removable  bool

	Suggestions []Option // goods that may be meant by a name that nobody knows
}

// Name is the name of one of the line's fields.
func (l PublishLine) Name(field string) string { return LineField(l.Number, field) }

// Test is the data-testid of one of the line's elements.
func (l PublishLine) Test(part string) string { return fmt.Sprintf("line-%d-%s", l.Number, part) }

// LineField is the name of a field of a line: lines.0.quantity.
func LineField(number int, field string) string {
	return "lines." + strconv.Itoa(number) + "." + field
}

// CategoryOptions is a group of a select.
type CategoryOptions struct {
	Title   string
	Options []Option
}

// Invoices lists what forms offer.
func (*PublishPage) Invoices() []string {
	return []string{"不需要发票", "增值税普通发票", "增值税专用发票（9%）", "增值税专用发票（13%）"}
}

// Payments lists what forms offer.
func (*PublishPage) Payments() []string {
	return []string{"货到验收合格后 7 天内付清", "货到付款", "现款现货", "先款后货", "月结 30 天", "双方协商"}
}

// Deadlines lists the choices of the deadline: days, or "at" for an exact time.
func (*PublishPage) Deadlines() []Option {
	return []Option{{Value: "3", Text: "3 天"}, {Value: "7", Text: "7 天"}, {Value: "15", Text: "15 天"}, {Value: "30", Text: "30 天"}, {Value: "365", Text: "全年"}, {Value: "at", Text: "指定时间"}}
}

// MaxLines is how many lines a purchase can have.
func (*PublishPage) MaxLines() int { return xunjia.MaxLines }

// MaxImages is how many pictures a line can have.
func (PublishLine) MaxImages() int { return xunjia.MaxImagesPerLine }

// DraftsPage lists unfinished purchases.
type DraftsPage struct {
	Layout
	Drafts []xunjia.SavedDraft
	Next   string
}

// Template implements Page.
func (*DraftsPage) Template() string { return "drafts" }
