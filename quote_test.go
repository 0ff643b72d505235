package xunjia

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestQuoteTransitions(t *testing.T) {
	const no = QuoteState(-1)
	want := map[QuoteAction][5]QuoteState{
		//          from: Pending  Accepted Refused  Withdrawn NotChosen
		Accept:     {Accepted, no, no, no, no},
		Refuse:     {Refused, no, no, no, no},
		Withdraw:   {Withdrawn, no, no, no, no},
		Revise:     {Pending, no, Pending, Pending, no},
		PassOver:   {NotChosen, no, no, no, no},
		UndoAnswer: {no, Pending, Pending, no, no},
		CallOff:    {no, Refused, no, no, no},
	}
	if len(want) != len(QuoteActions()) {
		t.Fatalf("the table has %d actions, the package %d", len(want), len(QuoteActions()))
	}
	for _, a := range QuoteActions() {
		for _, s := range QuoteStates() {
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

func TestAnswered(t *testing.T) {
	const buyer, supplier = 1, 2
	accept := Answer{Action: Accept, Revision: 2}
	refuse := Answer{Action: Refuse, Message: "价格偏高", Revision: 2}
	for _, c := range []struct {
		name   string
		status PurchaseStatus
		state  QuoteState
		by     int64
		answer Answer
		code   Code
		want   QuoteState
	}{
		{"accept", WaitingForQuote, Pending, buyer, accept, "", Accepted},
		{"refuse", WaitingForQuote, Pending, buyer, refuse, "", Refused},
		{"accept after the end", QuotingEnded, Pending, buyer, accept, "", Accepted},
		{"accept another one after the deal", Purchased, Pending, buyer, accept, "", Accepted},
		{"closed", Closed, Pending, buyer, accept, Conflict, 0},
		{"by the supplier", WaitingForQuote, Pending, supplier, accept, NotFound, 0},
		{"by nobody", WaitingForQuote, Pending, 0, accept, NotFound, 0},
		{"older offer seen", WaitingForQuote, Pending, buyer, Answer{Action: Accept, Revision: 1}, Conflict, 0},
		{"no offer seen", WaitingForQuote, Pending, buyer, Answer{Action: Accept}, Conflict, 0},
		{"no action", WaitingForQuote, Pending, buyer, Answer{Revision: 2}, Invalid, 0},
		{"not a buyer's action", WaitingForQuote, Pending, buyer, Answer{Action: Withdraw, Revision: 2}, Invalid, 0},
		{"refuse without a reason", WaitingForQuote, Pending, buyer, Answer{Action: Refuse, Revision: 2}, Invalid, 0},
		{"refuse with spaces", WaitingForQuote, Pending, buyer, Answer{Action: Refuse, Message: "  贵 ", Revision: 2}, Invalid, 0},
		{"long message", WaitingForQuote, Pending, buyer, Answer{Action: Accept, Message: strings.Repeat("好", MaxAnswerLength+1), Revision: 2}, Invalid, 0},
		{"accepted already", WaitingForQuote, Accepted, buyer, accept, Conflict, 0},
		{"refused already", WaitingForQuote, Refused, buyer, accept, Conflict, 0},
		{"withdrawn", WaitingForQuote, Withdrawn, buyer, accept, Conflict, 0},
		{"not chosen", WaitingForQuote, NotChosen, buyer, refuse, Conflict, 0},
	} {
		p := Purchase{ID: 7, BuyerID: buyer, Status: c.status, Terms: Terms{Deadline: noon().Add(time.Hour)}}
		q := Quote{PurchaseID: 7, SupplierID: supplier, State: c.state, Revision: 2}
		got, err := q.Answered(p, User{ID: c.by}, c.answer, noon())
		if ErrorCode(err) != c.code {
			t.Errorf("%s: %v, want %q", c.name, err, c.code)
			continue
		}
		if err != nil {
			if d := cmp.Diff(q, got); d != "" {
				t.Errorf("%s: changed in spite of the error:\n%s", c.name, d)
			}
			continue
		}
		if got.State != c.want || !got.AnsweredAt.Equal(noon()) || got.Message != c.answer.Message {
			t.Errorf("%s: %+v", c.name, got)
		}
	}
	if _, err := (Quote{PurchaseID: 8, Revision: 2}).Answered(Purchase{ID: 7, BuyerID: buyer}, User{ID: buyer}, accept, noon()); ErrorCode(err) != NotFound {
		t.Errorf("quote of another purchase: %v", err)
	}
}

func TestRepeats(t *testing.T) {
	q := Quote{Offer: Offer{Price: 6850, Quality: "无硫", Explanation: "含税", Attachments: []Attachment{{Media: "a", Type: Bulk}}}}
	same := Offer{Price: 6850, Quality: "无硫", Explanation: "含税", Attachments: []Attachment{{Media: "a", Type: Bulk}}}
	for _, c := range []struct {
		name   string
		state  QuoteState
		change func(*Offer)
		want   bool
	}{
		{"same", Pending, func(*Offer) {}, true},
		{"same after acceptance", Accepted, func(*Offer) {}, true},
		{"same after refusal", Refused, func(*Offer) {}, true},
		{"same after withdrawal", Withdrawn, func(*Offer) {}, false},
		{"price", Pending, func(o *Offer) { o.Price-- }, false},
		{"quality", Pending, func(o *Offer) { o.Quality = "" }, false},
		{"tax", Pending, func(o *Offer) { o.Kind = TaxedPrice }, false},
		{"validity", Pending, func(o *Offer) { o.ValidUntil = noon() }, false},
		{"explanation", Pending, func(o *Offer) { o.Explanation = "" }, false},
		{"fewer pictures", Pending, func(o *Offer) { o.Attachments = nil }, false},
		{"other type", Pending, func(o *Offer) { o.Attachments = []Attachment{{Media: "a", Type: Detail}} }, false},
	} {
		o := same
		c.change(&o)
		q.State = c.state
		if got := o.Repeats(q); got != c.want {
			t.Errorf("%s: %v", c.name, got)
		}
	}
}

func TestRevised(t *testing.T) {
	o := Offer{Price: 6600, Quality: "新货"}
	q := Quote{ID: 1, Offer: Offer{Price: 6850}, State: Refused, Message: "贵了", AnsweredAt: noon(), Revision: 1, Version: 1}
	got, err := q.Revised(o, Purchase{Version: 3}, noon())
	if err != nil {
		t.Fatal(err)
	}
	want := Quote{ID: 1, Offer: Offer{Price: 6600, Quality: "新货"}, State: Pending, Revision: 2, Version: 3, UpdatedAt: noon()}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
	q.State = Accepted
	if _, err := q.Revised(o, Purchase{}, noon()); ErrorCode(err) != Conflict {
		t.Errorf("an accepted quote was revised: %v", err)
	}
}

func TestOfferValidate(t *testing.T) {
	for _, c := range []struct {
		name  string
		offer Offer
		want  []string
	}{
		{"good", Offer{Price: 1, Quality: " 好 ", Attachments: []Attachment{{Media: "k", Type: HandHeld}, {Media: "l", Type: OtherFile}}}, nil},
		{"highest", Offer{Price: MaxPrice}, nil},
		{"too high", Offer{Price: MaxPrice + 1}, []string{"price"}},
		{"zero", Offer{}, []string{"price"}},
		{"minus one", Offer{Price: -1}, []string{"price"}},
		{"long texts", Offer{Price: 1, Quality: strings.Repeat("好", 501), Explanation: strings.Repeat("好", 501)}, []string{"quality", "explanation"}},
		{"control character", Offer{Price: 1, Quality: "a\x07"}, []string{"quality"}},
		{"too many pictures", Offer{Price: 1, Attachments: pictures(MaxImagesPerQuote + 1)}, []string{"attachments"}},
		{"most pictures", Offer{Price: 1, Attachments: pictures(MaxImagesPerQuote)}, nil},
		{"type missing", Offer{Price: 1, Attachments: []Attachment{{Media: "k", Type: 0}}}, []string{"attachments"}},
		{"type unknown", Offer{Price: 1, Attachments: []Attachment{{Media: "k", Type: 6}}}, []string{"attachments"}},
	} {
		checkFields(t, c.name, c.offer.Validate(), c.want)
	}
}

func pictures(n int) []Attachment {
	as := make([]Attachment, n)
	for i := range as {
		as[i] = Attachment{Media: "k", Type: Detail}
	}
	return as
}

func TestTakenBack(t *testing.T) {
	for _, c := range []struct {
		name  string
		state QuoteState
		by    int64
		want  Code
	}{
		{"pending", Pending, 2, ""},
		{"by somebody else", Pending, 1, NotFound},
		{"accepted", Accepted, 2, Conflict},
		{"refused", Refused, 2, Conflict},
		{"withdrawn", Withdrawn, 2, Conflict},
		{"not chosen", NotChosen, 2, Conflict},
	} {
		got, err := Quote{SupplierID: 2, State: c.state, Revision: 3}.TakenBack(c.by, "", noon())
		if ErrorCode(err) != c.want {
			t.Errorf("%s: %v, want %q", c.name, err, c.want)
		}
		if err == nil && (got.State != Withdrawn || got.Revision != 3 || !got.UpdatedAt.Equal(noon())) {
			t.Errorf("%s: %+v", c.name, got)
		}
	}
}
