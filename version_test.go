package xunjia

import (
	"slices"
	"strings"
	"testing"
	"time"
)

// editable is a purchase of buyer 1 with a quoted line 5, an open line 6 and a
// line 7 of which something was accepted.
func editable() Purchase {
	return Purchase{ID: 3, BuyerID: 1, Status: WaitingForQuote, Version: 1, QuoteCount: 2,
		Terms: Terms{Area: "510100", Payment: "货到付款", Deadline: noon().Add(48 * time.Hour)},
		Lines: []Line{
			{ID: 5, PurchaseID: 3, CategoryID: 1, Name: "黄连", Spec: "统货", Quantity: 500_000, Unit: "公斤", Status: WaitingForQuote, QuoteCount: 2},
			{ID: 6, PurchaseID: 3, CategoryID: 2, Name: "当归", Quantity: 100_000, Unit: "公斤", Status: WaitingForQuote},
			{ID: 7, PurchaseID: 3, CategoryID: 3, Name: "三七", Quantity: 100_000, Unit: "公斤", Status: WaitingForQuote, Accepted: 50_000, QuoteCount: 1},
		}}
}

// draftOf is what the form holds before anything is changed.
func draftOf(p Purchase) Draft {
	d := Draft{Terms: p.Terms}
	for _, l := range p.Lines {
		if l.Editable() {
			d.Lines = append(d.Lines, l)
		}
	}
	return d
}

// everOf are the lines that quotes stand on.
func everOf(p Purchase) EverQuoted {
	ever := EverQuoted{}
	for _, l := range p.Lines {
		if l.QuoteCount > 0 && p.QuoteCount > 0 {
			ever[l.ID] = true
		}
	}
	return ever
}

func TestEdited(t *testing.T) {
	buyer := User{ID: 1}
	for name, c := range map[string]struct {
		by     User
		change func(*Purchase, *Draft)
		now    time.Time
		code   Code
		field  string
	}{
		"nothing":                 {buyer, func(*Purchase, *Draft) {}, noon(), "", ""},
		"stranger":                {User{ID: 9}, func(*Purchase, *Draft) {}, noon(), NotFound, ""},
		"a viewer":                {User{ID: 2, CompanyID: 8, CompanyRole: CompanyViewer}, func(p *Purchase, _ *Draft) { p.CompanyID = 8 }, noon(), Forbidden, ""},
		"a colleague who buys":    {User{ID: 2, CompanyID: 8, CompanyRole: CompanyBuyer}, func(p *Purchase, _ *Draft) { p.CompanyID = 8 }, noon(), "", ""},
		"after the deadline":      {buyer, func(*Purchase, *Draft) {}, noon().Add(48 * time.Hour), Conflict, ""},
		"deadline that is near":   {buyer, func(*Purchase, *Draft) {}, noon().Add(48*time.Hour - time.Minute), "", ""},
		"closed":                  {buyer, func(p *Purchase, _ *Draft) { p.Status = Closed }, noon(), Conflict, ""},
		"mode":                    {buyer, func(_ *Purchase, d *Draft) { d.Mode = SealedMode }, noon(), Invalid, "mode"},
		"mode without quotes":     {buyer, func(p *Purchase, d *Draft) { p.QuoteCount, d.Mode = 0, SealedMode }, noon(), "", ""},
		"sooner":                  {buyer, func(_ *Purchase, d *Draft) { d.Deadline = noon().Add(24 * time.Hour) }, noon(), Invalid, "deadline"},
		"later":                   {buyer, func(_ *Purchase, d *Draft) { d.Deadline = noon().Add(72 * time.Hour) }, noon(), "", ""},
		"sooner without quotes":   {buyer, func(p *Purchase, d *Draft) { p.QuoteCount, d.Deadline = 0, noon().Add(24*time.Hour) }, noon(), "", ""},
		"other goods":             {buyer, func(_ *Purchase, d *Draft) { d.Lines[0].CategoryID = 9 }, noon(), Invalid, "lines.0.category"},
		"other goods, no quote":   {buyer, func(_ *Purchase, d *Draft) { d.Lines[1].CategoryID = 9 }, noon(), "", ""},
		"another weight":          {buyer, func(_ *Purchase, d *Draft) { d.Lines[0].Unit = "吨" }, noon(), "", ""},
		"pieces":                  {buyer, func(_ *Purchase, d *Draft) { d.Lines[0].Unit = "件" }, noon(), Invalid, "lines.0.unit"},
		"what was accepted":       {buyer, func(p *Purchase, d *Draft) { d.Lines = append(d.Lines, p.Lines[2]) }, noon(), Invalid, "lines.2.category"},
		"another purchase's line": {buyer, func(_ *Purchase, d *Draft) { d.Lines[0].ID = 99 }, noon(), NotFound, ""},
		"the same line twice":     {buyer, func(_ *Purchase, d *Draft) { d.Lines[1].ID = 5 }, noon(), NotFound, ""},
		"no line":                 {buyer, func(p *Purchase, d *Draft) { p.Lines, d.Lines = p.Lines[:2], nil }, noon(), Invalid, "lines"},
		"only what was accepted":  {buyer, func(_ *Purchase, d *Draft) { d.Lines = nil }, noon(), "", ""},
		"only what was bought":    {buyer, func(p *Purchase, d *Draft) { p.Lines[2].Status, d.Lines = Purchased, nil }, noon(), Invalid, "lines"},
		"the last version":        {buyer, func(p *Purchase, _ *Draft) { p.Version = MaxVersions }, noon(), Conflict, ""},
		"the one before":          {buyer, func(p *Purchase, _ *Draft) { p.Version = MaxVersions - 1 }, noon(), "", ""},
		"too many lines":          {buyer, func(p *Purchase, _ *Draft) { p.Lines = append(p.Lines, make([]Line, MaxEditedLines-3)...) }, noon(), "", ""},
		"one more": {buyer, func(p *Purchase, d *Draft) {
			p.Lines = append(p.Lines, make([]Line, MaxEditedLines-3)...)
			d.Lines = append(d.Lines, another())
		}, noon(), Invalid, "lines"},
		"no quantity": {buyer, func(_ *Purchase, d *Draft) { d.Lines[0].Quantity = 0 }, noon(), Invalid, "lines.0.quantity"},
	} {
		p := editable()
		d := draftOf(p)
		c.change(&p, &d)
		_, err := p.Edited(c.by, d, everOf(p), c.now)
		if ErrorCode(err) != c.code || c.field != "" && wrongField(err, c.field) == "" {
			t.Errorf("%s: %v, want %q on %q", name, err, c.code, c.field)
		}
	}
}

func another() Line { return Line{CategoryID: 4, Name: "党参", Quantity: 1000, Unit: "公斤"} }

// Quotes that were taken back stay in the history: they fix what they were for,
// and sealed ones stay sealed.
func TestEditedAfterWithdrawal(t *testing.T) {
	p := editable()
	p.QuoteCount, p.Mode = 0, SealedMode
	for i := range p.Lines {
		p.Lines[i].QuoteCount = 0
	}
	for field, change := range map[string]func(*Draft){
		"mode":             func(d *Draft) { d.Mode = OpenMode },
		"deadline":         func(d *Draft) { d.Deadline = noon().Add(time.Hour) },
		"lines.0.category": func(d *Draft) { d.Lines[0].CategoryID = 9 },
	} {
		d := draftOf(p)
		change(&d)
		if _, err := p.Edited(User{ID: 1}, d, EverQuoted{5: true}, noon()); wrongField(err, field) == "" {
			t.Errorf("%s was changed after a quote: %v", field, err)
		}
		if _, err := p.Edited(User{ID: 1}, d, nil, noon()); err != nil {
			t.Errorf("%s before any quote: %v", field, err)
		}
	}
}

func TestCheckSeen(t *testing.T) {
	was, later, own := noon().Add(48*time.Hour+300*time.Millisecond), noon().Add(72*time.Hour), noon().Add(96*time.Hour)
	for name, c := range map[string]struct {
		version       int
		saw, is, want time.Time // deadlines: seen, of the purchase, typed
		keeps         time.Time // of the draft afterwards; zero: Conflict
	}{
		"nothing happened":                {2, was.Truncate(time.Second), was, was.Truncate(time.Second), was},
		"changed by the editor":           {2, was, was, own, own},
		"put off by a colleague":          {2, was, later, was, later},
		"put off by both, otherwise":      {2, was, later, own, time.Time{}},
		"put off by both, the same":       {2, was, later, later, time.Time{}},
		"an older version":                {1, was, was, was, time.Time{}},
		"a version that is not there yet": {3, was, was, was, time.Time{}},
		"no form":                         {-1, time.Time{}, was, own, time.Time{}},
	} {
		p := Purchase{Version: 2, Terms: Terms{Deadline: c.is}}
		d, err := p.CheckSeen(SeenPurchase{c.version, c.saw}, Draft{Terms: Terms{Deadline: c.want}})
		if c.keeps.IsZero() != (ErrorCode(err) == Conflict) || err == nil && !d.Deadline.Equal(c.keeps) {
			t.Errorf("%s: %v, %v", name, d.Deadline, err)
		}
	}
}

func TestOfferForAnEditedRequest(t *testing.T) {
	p := Purchase{Version: 3}
	o := Offer{Price: 100, Unit: "公斤"}
	q := Quote{ID: 1, Offer: o, Version: 2}
	for name, c := range map[string]struct {
		price     Fen
		seen      int
		state     QuoteState
		stale     bool // CheckSeen complains
		reaffirms bool
	}{
		"the same, and he saw the newest":    {100, 3, Pending, false, true},
		"the same, before the edit":          {100, 2, Pending, true, false},
		"the same, he does not say":          {100, 0, Pending, false, false},
		"another price":                      {90, 3, Pending, false, false},
		"another price, before the edit":     {90, 2, Pending, true, false},
		"the same, but it was accepted":      {100, 3, Accepted, false, false},
		"the same, but he had taken it back": {100, 3, Withdrawn, false, false},
	} {
		q, o := q, o
		q.State, o.Price, o.Seen = c.state, c.price, c.seen
		if got := ErrorCode(o.CheckSeen(p)) == Conflict; got != c.stale {
			t.Errorf("%s: stale %v", name, got)
		}
		if got := o.Reaffirms(q, p); got != c.reaffirms {
			t.Errorf("%s: reaffirms %v", name, got)
		}
	}
	q.Version = 3
	if o.Seen = 3; o.Reaffirms(q, p) {
		t.Error("a quote that stands for the newest version is confirmed again")
	}
}

func TestEditedLines(t *testing.T) {
	p := editable()
	d := draftOf(p)
	d.Payment = "月结 30 天"
	d.Lines = []Line{{CategoryID: 4, Name: "党参", Quantity: 1000, Unit: "公斤"}, d.Lines[0]} // 当归 is left out
	d.Lines[1].Quantity = 600_000
	next, err := p.Edited(User{ID: 1}, d, everOf(p), noon())
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for i, l := range next.Lines {
		names = append(names, l.Name+" "+l.Status.String())
		if l.Position != i {
			t.Errorf("%s stands at %d", l.Name, l.Position)
		}
	}
	if want := []string{"党参 等待报价", "黄连 等待报价", "当归 关闭", "三七 等待报价"}; !slices.Equal(names, want) {
		t.Errorf("lines %v, want %v", names, want)
	}
	if l := next.Lines[2]; l.Reason != RemovedLine {
		t.Errorf("why: %q", l.Reason)
	}
	if l := next.Lines[3]; l.Accepted != 50_000 {
		t.Errorf("what was accepted of 三七 is %v", l.Accepted)
	}
	var text []string
	for _, c := range p.Changes(next) {
		text = append(text, c.String())
	}
	want := []string{"付款方式 货到付款 → 月结 30 天", "增加品种 党参 1公斤", "黄连 统货：数量 500公斤 → 600公斤", "取消品种 当归 100公斤"}
	if !slices.Equal(text, want) {
		t.Errorf("changes\n%s\nwant\n%s", strings.Join(text, "\n"), strings.Join(want, "\n"))
	}
	if c := p.Changes(p); len(c) != 0 {
		t.Errorf("nothing changed, and yet %v", c)
	}
}

func TestConfirmed(t *testing.T) {
	p := Purchase{ID: 3, Version: 2, Status: WaitingForQuote}
	q := Quote{ID: 9, SupplierID: 2, Version: 1}
	for name, c := range map[string]struct {
		change  func(*Purchase, *Line, *Quote)
		by      int64
		version int
		want    Code
	}{
		"fine":             {func(*Purchase, *Line, *Quote) {}, 2, 2, ""},
		"quoting is over":  {func(p *Purchase, _ *Line, _ *Quote) { p.Status = QuotingEnded }, 2, 2, ""},
		"somebody else":    {func(*Purchase, *Line, *Quote) {}, 1, 2, NotFound},
		"an older version": {func(*Purchase, *Line, *Quote) {}, 2, 1, Conflict},
		"closed":           {func(p *Purchase, _ *Line, _ *Quote) { p.Status = Closed }, 2, 2, Conflict},
		"bought":           {func(p *Purchase, _ *Line, _ *Quote) { p.Status = Purchased }, 2, 2, Conflict},
		"line taken out":   {func(_ *Purchase, l *Line, _ *Quote) { l.Status = Closed }, 2, 2, Conflict},
		"line bought":      {func(_ *Purchase, l *Line, _ *Quote) { l.Status = Purchased }, 2, 2, Conflict},
		"withdrawn":        {func(_ *Purchase, _ *Line, q *Quote) { q.State = Withdrawn }, 2, 2, Conflict},
		"accepted":         {func(_ *Purchase, _ *Line, q *Quote) { q.State = Accepted }, 2, 2, Conflict},
	} {
		p, l, q := p, Line{Status: WaitingForQuote}, q
		c.change(&p, &l, &q)
		if q.Unconfirmed(p, l) != (c.want == "" || c.by == 1 || c.version == 1) {
			t.Errorf("%s: is asked for %v", name, q.Unconfirmed(p, l))
		}
		got, err := q.Confirmed(p, l, c.by, c.version, noon())
		if ErrorCode(err) != c.want || err == nil && got.Version != 2 {
			t.Errorf("%s: version %d, %v", name, got.Version, err)
		}
	}
	if q.CheckCurrent(Line{Version: 1}) != nil || ErrorCode(q.CheckCurrent(Line{Version: 2})) != Conflict {
		t.Error("a quote for a line that has changed can be accepted, or one for a line that has not cannot")
	}
}
