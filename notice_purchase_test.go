package xunjia

import (
	"fmt"
	"strings"
	"testing"
)

// Nothing that is sent of a sealed quote tells its price or whose it is.
func TestSealedNotices(t *testing.T) {
	f := facts() // as if the store had forgotten to take the price away
	f.Sealed = true
	for _, kind := range []EventKind{QuoteCreated, QuoteRevised, QuoteWithdrawn} {
		n, told := NoticeFor(kind, f, 1, noon())
		all := fmt.Sprintf("%+v", n)
		if !told || !strings.Contains(n.Title, "密封报价") {
			t.Errorf("%s: %+v, %v", kind, n, told)
		}
		for _, secret := range []string{"286", f.Supplier.Name} {
			if strings.Contains(all, secret) {
				t.Errorf("%s tells %q: %s", kind, secret, all)
			}
		}
	}
}

func TestInvitationAndQuestionNotices(t *testing.T) {
	f := facts()
	f.Event = Event{Subject: 2}
	if n, told := NoticeFor(SupplierInvited, f, 2, noon()); !told || n.Lane != DirectLane || !strings.Contains(n.Title, "邀请您报价") || n.Template == "" {
		t.Errorf("invited: %+v, %v", n, told)
	}
	if _, told := NoticeFor(SupplierInvited, f, 3, noon()); told {
		t.Error("somebody else is told of an invitation")
	}
	f.Asker = User{ID: 3, Name: "药兴商行", Kind: Trader, Area: "620102"}
	f.Question = Question{ID: 4, AskerID: 3, Text: "水分多少？", Answer: "13%以内"}
	n, told := NoticeFor(QuestionAsked, f, 1, noon())
	if !told || !strings.Contains(n.Text, "甘肃·药** 问：水分多少？") || n.Path != "/purchases/7/questions" {
		t.Errorf("asked: %+v, %v", n, told)
	}
	if _, told := NoticeFor(QuestionAsked, f, 3, noon()); told {
		t.Error("the asker is told of his own question")
	}
	for _, who := range []int64{2, 3} {
		if n, told := NoticeFor(QuestionAnswered, f, who, noon()); !told || !strings.Contains(n.Text, "13%以内") {
			t.Errorf("answered, to %d: %+v, %v", who, n, told)
		}
	}
	if _, told := NoticeFor(QuestionAnswered, f, 1, noon()); told {
		t.Error("the buyer is told of his own answer")
	}
	f.Question.State = QuestionHidden
	if _, told := NoticeFor(QuestionAnswered, f, 3, noon()); told {
		t.Error("a hidden question is told")
	}
}
