package xunjia

import (
	"strings"
	"testing"
	"time"
)

func TestCheckReason(t *testing.T) {
	for reason, want := range map[string]Code{" 计划取消 ": "", "": Invalid, " 好 ": Invalid, strings.Repeat("长", MaxAnswerLength): "", strings.Repeat("长", MaxAnswerLength+1): Invalid, "坏\x00字": Invalid} {
		got, err := CheckReason(reason)
		if ErrorCode(err) != want || err == nil && got != strings.TrimSpace(reason) {
			t.Errorf("%.10q: %q, %v", reason, got, err)
		}
	}
}

// Every status × every operation of the buyer, before the deadline and after.
func TestLifecycle(t *testing.T) {
	buyer := User{ID: 1}
	later := noon().Add(48 * time.Hour)
	for _, c := range []struct {
		status                              PurchaseStatus
		late                                bool
		close, end, extend, reopen          Code
		sealedEnd, sealedExtend, sealedOpen Code
	}{
		{Closed, false, Conflict, Conflict, Conflict, "", Conflict, Conflict, ""},
		{WaitingForQuote, false, "", "", "", Conflict, Conflict, "", Conflict},
		{WaitingForQuote, true, "", Conflict, Conflict, "", Conflict, Conflict, Conflict},
		{QuotingEnded, false, "", Conflict, Conflict, "", Conflict, Conflict, Conflict},
		{QuotingEnded, true, "", Conflict, Conflict, "", Conflict, Conflict, Conflict},
		{Purchased, false, Conflict, Conflict, Conflict, Conflict, Conflict, Conflict, Conflict},
	} {
		p := Purchase{BuyerID: 1, Status: c.status, Terms: Terms{Deadline: noon().Add(time.Hour)}}
		now := noon()
		if c.late {
			now = noon().Add(time.Hour)
		}
		if c.status != WaitingForQuote {
			p.EndedAt = noon()
		}
		if c.status == QuotingEnded || c.status == Purchased { // sealed ones end at the deadline only
			p.EndedAt = p.Deadline
		}
		check := func(what string, err error, want Code) {
			t.Helper()
			if got := ErrorCode(err); got != want {
				t.Errorf("%s, late %v: %s: %q, want %q", c.status, c.late, what, got, want)
			}
		}
		check("close", p.CanClose(buyer), c.close)
		check("end", p.CanEnd(buyer, now), c.end)
		check("extend", p.CanExtend(buyer, later, now), c.extend)
		check("reopen", p.CanReopen(buyer, later, now), c.reopen)
		p.Mode = SealedMode
		check("sealed: end", p.CanEnd(buyer, now), c.sealedEnd)
		check("sealed: extend", p.CanExtend(buyer, later, now), c.sealedExtend)
		check("sealed: reopen", p.CanReopen(buyer, later, now), c.sealedOpen)
		for what, err := range map[string]error{
			"close": p.CanClose(User{ID: 2}), "extend": p.CanExtend(User{ID: 2}, later, now), "reopen": p.CanReopen(User{ID: 2}, later, now),
		} {
			check("a stranger: "+what, err, NotFound)
		}
	}
}

func TestNewDeadlines(t *testing.T) {
	p := Purchase{BuyerID: 1, Status: WaitingForQuote, Terms: Terms{Deadline: noon().Add(48 * time.Hour)}}
	ended := p
	ended.Status = QuotingEnded
	for _, c := range []struct {
		name           string
		deadline       time.Time
		extend, reopen Code
	}{
		{"later", noon().Add(49 * time.Hour), "", ""},
		{"the same", noon().Add(48 * time.Hour), Invalid, ""},
		{"earlier", noon().Add(24 * time.Hour), Invalid, ""},
		{"in a minute", noon().Add(time.Minute), Invalid, Invalid},
		{"none", time.Time{}, Invalid, Invalid},
		{"in two years", noon().Add(2 * MaxDeadline), Invalid, Invalid},
	} {
		if got := ErrorCode(p.CanExtend(User{ID: 1}, c.deadline, noon())); got != c.extend {
			t.Errorf("extend, %s: %q", c.name, got)
		}
		if got := ErrorCode(ended.CanReopen(User{ID: 1}, c.deadline, noon())); got != c.reopen {
			t.Errorf("reopen, %s: %q", c.name, got)
		}
	}
}

func TestLineClosed(t *testing.T) {
	for _, c := range []struct {
		status   PurchaseStatus
		accepted Quantity
		reason   string
		close    Code
		reopens  bool
	}{
		{WaitingForQuote, 0, "", "", false}, {QuotingEnded, 0, "", "", true}, {WaitingForQuote, 1000, "", Conflict, false},
		{Closed, 0, "", Conflict, true}, {Closed, 0, "不要了", Conflict, false}, {Purchased, 0, "", Conflict, false},
	} {
		l := Line{Status: c.status, Accepted: c.accepted, Reason: c.reason}
		got, err := l.Closed("不再需要")
		if ErrorCode(err) != c.close || err == nil && (got.Status != Closed || got.Reason != "不再需要") {
			t.Errorf("%+v: %+v, %v", l, got, err)
		}
		if l.Reopens() != c.reopens {
			t.Errorf("%+v reopens: %v", l, l.Reopens())
		}
	}
	for _, c := range []struct {
		lines []Line
		want  PurchaseStatus
		ok    bool
	}{
		{[]Line{{Status: Closed}, {Status: WaitingForQuote}}, WaitingForQuote, false}, {[]Line{{Status: Purchased}, {Status: QuotingEnded}}, WaitingForQuote, false},
		{[]Line{{Status: Closed}, {Status: Closed}}, Closed, true}, {[]Line{{Status: Closed}, {Status: Purchased}}, Purchased, true},
	} {
		if got, ok := (Purchase{Status: WaitingForQuote}).SettledBy(c.lines); got != c.want || ok != c.ok {
			t.Errorf("%+v: %s, %v", c.lines, got, ok)
		}
	}
}

func TestHidden(t *testing.T) {
	deadline := noon().Add(time.Hour)
	for _, c := range []struct {
		name  string
		mode  PurchaseMode
		ended time.Time
		now   time.Time
		want  bool
	}{
		{"open", OpenMode, time.Time{}, noon(), false},
		{"invited", InvitedMode, time.Time{}, noon(), false},
		{"sealed", SealedMode, time.Time{}, noon(), true},
		{"sealed, a moment before", SealedMode, time.Time{}, deadline.Add(-1), true},
		{"sealed, at the deadline, before the clock's job", SealedMode, time.Time{}, deadline, false},
		{"sealed and ended", SealedMode, deadline, deadline.Add(time.Hour), false},
		{"sealed and closed before the deadline", SealedMode, noon(), deadline.Add(time.Hour), true},
	} {
		p := Purchase{EndedAt: c.ended, Terms: Terms{Mode: c.mode, Deadline: deadline}}
		if got := p.Hidden(c.now); got != c.want {
			t.Errorf("%s: %v", c.name, got)
		}
	}
}
