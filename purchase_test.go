package xunjia

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// noon is the moment at which the tests of this package happen.
func noon() time.Time { return time.Date(2026, 11, 23, 12, 0, 0, 0, China()) }

func TestPurchaseTransitions(t *testing.T) {
	const no = PurchaseStatus(-1)
	want := map[PurchaseAction][4]PurchaseStatus{
		//          from: Closed          Waiting       Ended            Purchased
		EndQuoting: {no, QuotingEnded, no, no},
		Expire:     {no, QuotingEnded, no, no},
		Close:      {no, Closed, Closed, no},
		Reopen:     {WaitingForQuote, no, WaitingForQuote, no},
		Conclude:   {no, Purchased, Purchased, no},
	}
	if len(want) != len(PurchaseActions()) {
		t.Fatalf("the table has %d actions, the package %d", len(want), len(PurchaseActions()))
	}
	for _, a := range PurchaseActions() {
		for _, s := range PurchaseStatuses() {
			got, err := s.After(a)
			if to := want[a][s]; to == no {
				if ErrorCode(err) != Conflict || got != s {
					t.Errorf("%s.After(%s) = %s, %v; want a conflict and no change", s, a, got, err)
				}
			} else if err != nil || got != to {
				t.Errorf("%s.After(%s) = %s, %v; want %s", s, a, got, err, to)
			}
		}
	}
}

func TestStatusAt(t *testing.T) {
	deadline := noon()
	for _, c := range []struct {
		status PurchaseStatus
		at     time.Time
		want   PurchaseStatus
	}{
		{WaitingForQuote, deadline.Add(-time.Millisecond), WaitingForQuote},
		{WaitingForQuote, deadline, QuotingEnded},
		{WaitingForQuote, deadline.Add(time.Hour), QuotingEnded},
		{Closed, deadline.Add(time.Hour), Closed},
		{Purchased, deadline.Add(-time.Hour), Purchased},
	} {
		p := Purchase{Status: c.status, Terms: Terms{Deadline: deadline}}
		if got := p.StatusAt(c.at); got != c.want {
			t.Errorf("%s at %v: %s, want %s", c.status, c.at.Sub(deadline), got, c.want)
		}
	}
}

func TestCanQuote(t *testing.T) {
	const buyer, supplier = 1, 2
	for _, c := range []struct {
		name   string
		status PurchaseStatus
		line   PurchaseStatus
		who    int64
		late   bool
		want   Code
	}{
		{"open", WaitingForQuote, WaitingForQuote, supplier, false, ""},
		{"own", WaitingForQuote, WaitingForQuote, buyer, false, Forbidden},
		{"own and closed", Closed, Closed, buyer, false, Forbidden},
		{"late", WaitingForQuote, WaitingForQuote, supplier, true, Conflict},
		{"closed", Closed, WaitingForQuote, supplier, false, Conflict},
		{"ended", QuotingEnded, WaitingForQuote, supplier, false, Conflict},
		{"purchased", Purchased, WaitingForQuote, supplier, false, Conflict},
		{"line closed", WaitingForQuote, Closed, supplier, false, Conflict},
		{"line ended", WaitingForQuote, QuotingEnded, supplier, false, Conflict},
		{"line purchased", WaitingForQuote, Purchased, supplier, false, Conflict},
	} {
		p := Purchase{BuyerID: buyer, Status: c.status, Terms: Terms{Deadline: noon().Add(time.Hour)}}
		if c.late {
			p.Deadline = noon()
		}
		if got := ErrorCode(p.CanQuote(Line{Status: c.line}, User{ID: c.who}, noon())); got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}

func TestCanEnd(t *testing.T) {
	for _, c := range []struct {
		name   string
		status PurchaseStatus
		who    int64
		late   bool
		want   Code
	}{
		{"buyer", WaitingForQuote, 1, false, ""},
		{"somebody else", WaitingForQuote, 2, false, NotFound},
		{"nobody", WaitingForQuote, 0, false, NotFound},
		{"after the deadline", WaitingForQuote, 1, true, Conflict},
		{"ended", QuotingEnded, 1, false, Conflict},
		{"closed", Closed, 1, false, Conflict},
		{"purchased", Purchased, 1, false, Conflict},
	} {
		p := Purchase{BuyerID: 1, Status: c.status, Terms: Terms{Deadline: noon().Add(time.Hour)}}
		if c.late {
			p.Deadline = noon()
		}
		if got := ErrorCode(p.CanEnd(User{ID: c.who}, noon())); got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}

func draft() Draft {
	return Draft{
		Terms: Terms{Area: "510100", Invoice: "增值税专用发票", Payment: "货到付款", Deadline: noon().Add(72 * time.Hour)},
		Lines: []Line{
			{CategoryID: 1, Quantity: 500_000, Unit: "公斤", Quality: "过检，无硫"},
			{CategoryID: 2, Quantity: 1, Unit: "吨", CapPrice: MaxPrice},
		},
	}
}

func TestDraftValidate(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(*Draft)
		want   []string // fields that are to blame
	}{
		{"good", func(*Draft) {}, nil},
		{"soonest deadline", func(d *Draft) { d.Deadline = noon().Add(MinDeadline) }, nil},
		{"deadline too soon", func(d *Draft) { d.Deadline = noon().Add(MinDeadline - time.Second) }, []string{"deadline"}},
		{"deadline passed", func(d *Draft) { d.Deadline = noon().Add(-time.Hour) }, []string{"deadline"}},
		{"no deadline", func(d *Draft) { d.Deadline = time.Time{} }, []string{"deadline"}},
		{"latest deadline", func(d *Draft) { d.Deadline = noon().Add(MaxDeadline) }, nil},
		{"deadline too late", func(d *Draft) { d.Deadline = noon().Add(MaxDeadline + time.Second) }, []string{"deadline"}},
		{"no area", func(d *Draft) { d.Area = "" }, []string{"area"}},
		{"unknown area", func(d *Draft) { d.Area = "999999" }, []string{"area"}},
		{"no lines", func(d *Draft) { d.Lines = nil }, []string{"lines"}},
		{"most lines", func(d *Draft) { d.Lines = manyLines(MaxLines) }, nil},
		{"too many lines", func(d *Draft) { d.Lines = manyLines(MaxLines + 1) }, []string{"lines"}},
		{"no category", func(d *Draft) { d.Lines[1].CategoryID = 0 }, []string{"lines.1.category"}},
		{"quantity zero", func(d *Draft) { d.Lines[0].Quantity = 0 }, []string{"lines.0.quantity"}},
		{"quantity negative", func(d *Draft) { d.Lines[0].Quantity = -1 }, []string{"lines.0.quantity"}},
		{"quantity huge", func(d *Draft) { d.Lines[0].Quantity = MaxQuantity + 1 }, []string{"lines.0.quantity"}},
		{"no unit", func(d *Draft) { d.Lines[0].Unit = "" }, []string{"lines.0.unit"}},
		{"cap price negative", func(d *Draft) { d.Lines[0].CapPrice = -1 }, []string{"lines.0.cap_price"}},
		{"cap price huge", func(d *Draft) { d.Lines[0].CapPrice = MaxPrice + 1 }, []string{"lines.0.cap_price"}},
		{"quality long", func(d *Draft) { d.Lines[0].Quality = strings.Repeat("好", 301) }, []string{"lines.0.quality"}},
		{"quality full", func(d *Draft) { d.Lines[0].Quality = strings.Repeat("好", 300) }, nil},
		{"remark with a control character", func(d *Draft) { d.Remark = "a\x00b" }, []string{"remark"}},
		{"remark in a broken encoding", func(d *Draft) { d.Remark = "\xff\xfe" }, []string{"remark"}},
		{"remark of two paragraphs", func(d *Draft) { d.Remark = "一\r\n二" }, nil},
		{"key too long", func(d *Draft) { d.Key = strings.Repeat("k", 65) }, []string{"key"}},
		{"too many images", func(d *Draft) { d.Lines[0].Images = make([]Attachment, MaxImagesPerLine+1) }, []string{"lines.0.images"}},
		{"image of an unknown type", func(d *Draft) { d.Lines[0].Images = []Attachment{{Media: "k", Type: 9}} }, []string{"lines.0.images"}},
		{"several at once", func(d *Draft) { d.Area, d.Lines[0].Unit, d.Lines[1].Quantity = "", "", 0 },
			[]string{"area", "lines.0.unit", "lines.1.quantity"}},
	} {
		d := draft()
		c.change(&d)
		checkFields(t, c.name, d.Validate(noon()), c.want)
	}
}

func TestDraftValidateTidies(t *testing.T) {
	d := draft()
	d.Remark, d.Lines[0].Spec = " 备注 ", "\t统货 "
	d.Lines[0].Images = []Attachment{{Media: "k"}}
	if err := d.Validate(noon()); err != nil {
		t.Fatal(err)
	}
	if d.Remark != "备注" || d.Lines[0].Spec != "统货" {
		t.Errorf("not trimmed: %q, %q", d.Remark, d.Lines[0].Spec)
	}
	if got := d.Lines[0].Images[0].Type; got != OtherFile {
		t.Errorf("a picture without a type became %d, want %d", got, OtherFile)
	}
}

func TestPurchaseTexts(t *testing.T) {
	l := Line{Name: "黄连", Spec: "统货", Quantity: 500_000, Unit: "公斤"}
	if got := l.Summary(); got != "黄连 统货 500公斤" {
		t.Error(got)
	}
	if got := (Line{Name: "黄连"}).Title(); got != "黄连" {
		t.Error(got)
	}
	for want, names := range map[string][]string{
		"": nil, "黄连": {"黄连"}, "黄连、当归": {"黄连", "当归"}, "黄连、当归等3个品种": {"黄连", "当归", "白芍"},
	} {
		p := Purchase{}
		for _, n := range names {
			p.Lines = append(p.Lines, Line{Name: n})
		}
		if got := p.Title(); got != want {
			t.Errorf("%v: %q, want %q", names, got, want)
		}
	}
}

func TestPurchaseLine(t *testing.T) {
	p := Purchase{Lines: []Line{{ID: 3}, {ID: 5}}}
	if l, err := p.Line(5); err != nil || l.ID != 5 {
		t.Error(l, err)
	}
	if _, err := p.Line(4); ErrorCode(err) != NotFound {
		t.Error(err)
	}
}

func manyLines(n int) []Line {
	lines := make([]Line, n)
	for i := range lines {
		lines[i] = Line{CategoryID: 1, Quantity: 1, Unit: "公斤"}
	}
	return lines
}

// checkFields checks that err blames exactly the fields, or is nil for none.
func checkFields(t *testing.T, name string, err error, fields []string) {
	t.Helper()
	if len(fields) == 0 {
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		return
	}
	e, ok := errors.AsType[*Error](err)
	if !ok || e.Code != Invalid {
		t.Errorf("%s: %v, want invalid", name, err)
		return
	}
	want := map[string]bool{}
	for _, f := range fields {
		want[f] = true
	}
	got := map[string]bool{}
	for f, message := range e.Fields {
		got[f] = message != ""
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("%s: fields (-want +got):\n%s", name, d)
	}
}
