package xunjia

import (
	"strings"
	"testing"
	"time"
)

func TestQuestionStates(t *testing.T) {
	for _, c := range []struct {
		from         QuestionState
		answer, hide Code
	}{{QuestionOpen, "", ""}, {QuestionDone, "", ""}, {QuestionHidden, Conflict, Conflict}} {
		q := Question{State: c.from, Text: "包装？"}
		p := Purchase{BuyerID: 1}
		got, err := q.Answered(p, User{ID: 1}, "编织袋", noon())
		if ErrorCode(err) != c.answer || err == nil && (got.State != QuestionDone || got.Answer != "编织袋") {
			t.Errorf("%s: answered %+v, %v", c.from, got, err)
		}
		if err == nil && (got.EditedAt.IsZero() == (c.from == QuestionDone) || got.AnsweredAt.IsZero() == (c.from == QuestionOpen)) {
			t.Errorf("%s: times %+v", c.from, got)
		}
		if _, err := q.Answered(p, User{ID: 2}, "编织袋", noon()); ErrorCode(err) != NotFound {
			t.Errorf("%s: answered by a stranger: %v", c.from, err)
		}
		if got, err := q.Hidden("无关"); ErrorCode(err) != c.hide || err == nil && (got.State != QuestionHidden || got.Reason != "无关") {
			t.Errorf("%s: hidden %+v, %v", c.from, got, err)
		}
	}
	company := Purchase{BuyerID: 1, CompanyID: 5}
	for role, want := range map[CompanyRole]Code{CompanyOwner: "", CompanyBuyer: "", CompanyApprover: Forbidden, CompanyViewer: Forbidden} {
		if _, err := (Question{}).Answered(company, User{ID: 3, CompanyID: 5, CompanyRole: role}, "好的", noon()); ErrorCode(err) != want {
			t.Errorf("%s answers: %v", role, err)
		}
	}
}

func TestCanAsk(t *testing.T) {
	for _, s := range PurchaseStatuses() {
		p := Purchase{BuyerID: 1, Status: s, Terms: Terms{Deadline: noon().Add(time.Hour)}}
		want := Conflict
		if s == WaitingForQuote {
			want = ""
		}
		if got := ErrorCode(p.CanAsk(User{ID: 2}, MaxOpenQuestions-1, noon())); got != want {
			t.Errorf("%s: %q", s, got)
		}
		if got := ErrorCode(p.CanAsk(User{ID: 2}, MaxOpenQuestions, noon())); got != Conflict {
			t.Errorf("%s, too many: %q", s, got)
		}
		if got := ErrorCode(p.CanAsk(User{ID: 1}, 0, noon())); got != Forbidden {
			t.Errorf("%s, the buyer: %q", s, got)
		}
		if got := ErrorCode(p.CanAsk(User{ID: 2}, 0, noon().Add(time.Hour))); got != Conflict {
			t.Errorf("%s, late: %q", s, got)
		}
	}
}

func TestQuestionTexts(t *testing.T) {
	for text, want := range map[string]Code{"": Invalid, " 好 ": Invalid, " 包装？ ": "", strings.Repeat("长", MaxQuestion): "", strings.Repeat("长", MaxQuestion+1): Invalid, "坏\x00字": Invalid} {
		got, err := CheckQuestion(text)
		if ErrorCode(err) != want || err == nil && got != strings.TrimSpace(text) {
			t.Errorf("%.10q: %q, %v", text, got, err)
		}
		if _, err := CheckReply(text); ErrorCode(err) != want {
			t.Errorf("reply %.10q: %v", text, err)
		}
	}
	if got := (User{Name: "药兴商行", Kind: Trader, Area: "620102"}).PublicName(); got != "甘肃·药**" {
		t.Errorf("public name %q", got)
	}
	if got := (User{}).PublicName(); got != "匿名用户" {
		t.Errorf("without an area %q", got)
	}
}
