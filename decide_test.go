package xunjia

import (
	"testing"
	"time"
)

func TestAnswerSees(t *testing.T) {
	q := Quote{PurchaseID: 7, SupplierID: 2, Offer: Offer{Price: 100, Unit: "公斤"}, Revision: 2}
	open := Purchase{ID: 7, BuyerID: 1, Status: WaitingForQuote, Version: 3, Terms: Terms{Deadline: noon().Add(time.Hour)}}
	sealed := open
	sealed.Mode = SealedMode
	for _, c := range []struct {
		name   string
		p      Purchase
		answer Answer
		now    time.Time
		want   Code
	}{
		{"everything as seen", open, Answer{Action: Accept, Revision: 2, Version: 3, Price: 100}, noon(), ""},
		{"revised", open, Answer{Action: Accept, Revision: 1, Version: 3, Price: 100}, noon(), Conflict},
		{"another price", open, Answer{Action: Accept, Revision: 2, Version: 3, Price: 99}, noon(), Conflict},
		{"edited", open, Answer{Action: Accept, Revision: 2, Version: 2, Price: 100}, noon(), Conflict},
		{"sealed", sealed, Answer{Action: Accept, Revision: 2}, noon(), Conflict},
		{"sealed, refused", sealed, Answer{Action: Refuse, Message: "价格高", Revision: 2}, noon(), Conflict},
		{"opened", sealed, Answer{Action: Accept, Revision: 2}, noon().Add(time.Hour), ""},
	} {
		_, err := q.Answered(c.p, User{ID: 1}, c.answer, c.now)
		if ErrorCode(err) != c.want {
			t.Errorf("%s: %v, want %q", c.name, err, c.want)
		}
	}
}

// What each role of a company may do with a quote.
func TestRolesDecide(t *testing.T) {
	p := Purchase{ID: 7, BuyerID: 1, CompanyID: 5, Status: WaitingForQuote, Version: 1, Terms: Terms{Deadline: noon().Add(time.Hour)}}
	offer := Offer{Price: 100, Unit: "公斤"}
	pending := Quote{PurchaseID: 7, SupplierID: 2, Offer: offer, Revision: 1}
	accepted, refused := pending, pending
	accepted.State, accepted.AnsweredAt = Accepted, noon()
	refused.State, refused.AnsweredAt = Refused, noon()
	deeds := map[string]func(by User) error{
		"accept": func(by User) error {
			_, err := pending.Answered(p, by, Answer{Action: Accept, Revision: 1}, noon())
			return err
		},
		"refuse": func(by User) error {
			_, err := pending.Answered(p, by, Answer{Action: Refuse, Message: "价格高", Revision: 1}, noon())
			return err
		},
		"counter": func(by User) error { _, err := pending.Countered(p, by, Counter{Price: 90}, 1, noon()); return err },
		"undo an acceptance": func(by User) error {
			_, err := accepted.AnswerUndone(p, Line{Status: WaitingForQuote}, by, noon())
			return err
		},
		"undo a refusal": func(by User) error {
			_, err := refused.AnswerUndone(p, Line{Status: WaitingForQuote}, by, noon())
			return err
		},
		"conclude": func(by User) error { return p.CanConclude(by, noon()) },
	}
	want := map[string][4]Code{
		//                    owner, buyer, approver, viewer
		"accept":             {"", Forbidden, "", Forbidden},
		"refuse":             {"", "", "", Forbidden},
		"counter":            {"", "", Forbidden, Forbidden},
		"undo an acceptance": {"", Forbidden, "", Forbidden},
		"undo a refusal":     {"", "", "", Forbidden},
		"conclude":           {"", Forbidden, "", Forbidden},
	}
	for name, do := range deeds {
		for i, role := range CompanyRoles() {
			if got := ErrorCode(do(User{ID: 9, CompanyID: 5, CompanyRole: role})); got != want[name][i] {
				t.Errorf("%s by %s: %q, want %q", name, role, got, want[name][i])
			}
		}
		for who, by := range map[string]User{"stranger": {ID: 9}, "member of another company": {ID: 9, CompanyID: 6, CompanyRole: CompanyOwner}, "supplier": {ID: 2}} {
			if got := ErrorCode(do(by)); got != NotFound {
				t.Errorf("%s by a %s: %q", name, who, got)
			}
		}
	}
}

func TestShare(t *testing.T) {
	line := Line{Quantity: 100_000, Unit: "公斤", Status: WaitingForQuote}
	part := line
	part.Accepted = 60_000
	full := line
	full.Accepted = 100_000
	closed, bought, ended := line, line, line
	closed.Status, bought.Status, ended.Status = Closed, Purchased, QuotingEnded
	pieces := Line{Quantity: 10_000, Unit: "袋", Status: WaitingForQuote}
	for _, c := range []struct {
		name   string
		line   Line
		offer  Offer
		wanted Quantity
		want   Quantity
		code   Code
	}{
		{"all of it", line, Offer{Unit: "公斤"}, 0, 100_000, ""},
		{"a part", line, Offer{Unit: "公斤"}, 40_500, 40_500, ""},
		{"after the end", ended, Offer{Unit: "公斤"}, 0, 100_000, ""},
		{"what is left", part, Offer{Unit: "公斤"}, 0, 40_000, ""},
		{"exactly what is left", part, Offer{Unit: "公斤"}, 40_000, 40_000, ""},
		{"more than is left", part, Offer{Unit: "公斤"}, 40_001, 0, Conflict},
		{"nothing left", full, Offer{Unit: "公斤"}, 0, 0, Conflict},
		{"minus one", line, Offer{Unit: "公斤"}, -1, 0, Invalid},
		{"below the minimum", line, Offer{Unit: "公斤", MinQuantity: 50_000}, 49_999, 0, Invalid},
		{"the minimum", line, Offer{Unit: "公斤", MinQuantity: 50_000}, 50_000, 50_000, ""},
		{"minimum in another unit", line, Offer{Unit: "斤", MinQuantity: 50_000}, 24_999, 0, Invalid},
		{"minimum in another unit met", line, Offer{Unit: "斤", MinQuantity: 50_000}, 25_000, 25_000, ""},
		{"less left than the minimum", part, Offer{Unit: "公斤", MinQuantity: 50_000}, 0, 0, Invalid},
		{"all that there is", line, Offer{Unit: "公斤", Available: 30_000}, 0, 30_000, ""},
		{"more than there is", line, Offer{Unit: "公斤", Available: 30_000}, 30_001, 0, Invalid},
		{"tonnes", line, Offer{Unit: "吨", Available: 50}, 0, 50_000, ""},
		{"more than there is, in tonnes", line, Offer{Unit: "吨", Available: 50}, 50_001, 0, Invalid},
		{"closed", closed, Offer{Unit: "公斤"}, 0, 0, Conflict},
		{"bought", bought, Offer{Unit: "公斤"}, 0, 0, Conflict},
		{"unit that does not convert", line, Offer{Unit: "袋"}, 0, 0, Conflict},
		{"pieces", pieces, Offer{Unit: "袋"}, 3_000, 3_000, ""},
		{"half a piece", pieces, Offer{Unit: "袋"}, 3_500, 0, Invalid},
		{"pieces that there are", pieces, Offer{Unit: "袋", Available: 4_000}, 0, 4_000, ""},
	} {
		got, err := c.offer.Share(c.line, c.wanted)
		if ErrorCode(err) != c.code || err == nil && got != c.want {
			t.Errorf("%s: %v, %v; want %v, %q", c.name, got, err, c.want, c.code)
		}
		if e, ok := err.(*Error); ok && c.code == Invalid && e.Fields["quantity"] == "" {
			t.Errorf("%s: %v blames no quantity", c.name, e.Fields)
		}
	}
}

func TestAnswerUndone(t *testing.T) {
	p := Purchase{ID: 7, BuyerID: 1, Status: WaitingForQuote}
	closed, bought := p, p
	closed.Status, bought.Status = Closed, Purchased
	for _, c := range []struct {
		name  string
		state QuoteState
		p     Purchase
		line  PurchaseStatus
		after time.Duration
		want  Code
	}{
		{"accepted", Accepted, p, WaitingForQuote, 0, ""},
		{"refused", Refused, p, QuotingEnded, time.Minute, ""},
		{"at the last moment", Accepted, p, WaitingForQuote, UndoWindow - time.Millisecond, ""},
		{"too late", Accepted, p, WaitingForQuote, UndoWindow, Conflict},
		{"pending", Pending, p, WaitingForQuote, 0, Conflict},
		{"withdrawn", Withdrawn, p, WaitingForQuote, 0, Conflict},
		{"not chosen", NotChosen, p, WaitingForQuote, 0, Conflict},
		{"line bought", Accepted, p, Purchased, 0, Conflict},
		{"line closed", Refused, p, Closed, 0, Conflict},
		{"purchase closed", Accepted, closed, QuotingEnded, 0, Conflict},
		{"other lines bought", Accepted, bought, QuotingEnded, 0, ""},
	} {
		q := Quote{PurchaseID: 7, State: c.state, Message: "好", Accepted: 5, AnsweredAt: noon()}
		got, err := q.AnswerUndone(c.p, Line{Status: c.line}, User{ID: 1}, noon().Add(c.after))
		if ErrorCode(err) != c.want {
			t.Errorf("%s: %v, want %q", c.name, err, c.want)
		}
		if err == nil && (got.State != Pending || got.Message != "" || got.Accepted != 0 || !got.AnsweredAt.IsZero()) {
			t.Errorf("%s: %+v", c.name, got)
		}
		if until := q.UndoUntil(); until.IsZero() != (c.state != Accepted && c.state != Refused) {
			t.Errorf("%s: can be undone until %v", c.name, until)
		}
	}
	if _, err := (Quote{PurchaseID: 8, State: Accepted, AnsweredAt: noon()}).AnswerUndone(p, Line{}, User{ID: 1}, noon()); ErrorCode(err) != NotFound {
		t.Errorf("quote of another purchase: %v", err)
	}
}

func TestCountered(t *testing.T) {
	p := Purchase{ID: 7, BuyerID: 1, Status: WaitingForQuote, Terms: Terms{Deadline: noon().Add(time.Hour)}}
	with := func(change func(*Purchase)) Purchase { q := p; change(&q); return q }
	for _, c := range []struct {
		name     string
		p        Purchase
		state    QuoteState
		counter  Counter
		revision int
		want     Code
	}{
		{"lower", p, Pending, Counter{Price: 90, Message: " 量大 "}, 2, ""},
		{"after the end", with(func(p *Purchase) { p.Status = QuotingEnded }), Pending, Counter{Price: 90}, 2, ""},
		{"the same", p, Pending, Counter{Price: 100}, 2, Invalid},
		{"higher", p, Pending, Counter{Price: 101}, 2, Invalid},
		{"nothing", p, Pending, Counter{}, 2, Invalid},
		{"less than nothing", p, Pending, Counter{Price: -1}, 2, Invalid},
		{"strange sign", p, Pending, Counter{Price: 90, Message: "a\x00b"}, 2, Invalid},
		{"another revision", p, Pending, Counter{Price: 90}, 1, Conflict},
		{"accepted", p, Accepted, Counter{Price: 90}, 2, Conflict},
		{"refused", p, Refused, Counter{Price: 90}, 2, Conflict},
		{"withdrawn", p, Withdrawn, Counter{Price: 90}, 2, Conflict},
		{"not chosen", p, NotChosen, Counter{Price: 90}, 2, Conflict},
		{"closed", with(func(p *Purchase) { p.Status = Closed }), Pending, Counter{Price: 90}, 2, Conflict},
		{"bought", with(func(p *Purchase) { p.Status = Purchased }), Pending, Counter{Price: 90}, 2, Conflict},
		{"sealed", with(func(p *Purchase) { p.Mode = SealedMode }), Pending, Counter{Price: 90}, 2, Conflict},
	} {
		q := Quote{PurchaseID: 7, SupplierID: 2, Offer: Offer{Price: 100, Unit: "公斤"}, State: c.state, Revision: 2}
		got, err := q.Countered(c.p, User{ID: 1}, c.counter, c.revision, noon())
		if ErrorCode(err) != c.want {
			t.Errorf("%s: %v, want %q", c.name, err, c.want)
		}
		if err == nil && (got.Counter.Price != 90 || !got.Counter.At.Equal(noon()) || got.Counter.Message == " 量大 " || got.State != Pending) {
			t.Errorf("%s: %+v", c.name, got)
		}
	}
}

func TestCounterTaken(t *testing.T) {
	p := Purchase{ID: 7, BuyerID: 1, Status: QuotingEnded}
	closed, bought := p, p
	closed.Status, bought.Status = Closed, Purchased
	for _, c := range []struct {
		name    string
		p       Purchase
		line    PurchaseStatus
		state   QuoteState
		counter Fen
		by      int64
		seen    Fen
		want    Code
	}{
		{"as seen", p, QuotingEnded, Pending, 90, 2, 90, ""},
		{"by the buyer", p, QuotingEnded, Pending, 90, 1, 90, NotFound},
		{"by nobody", p, QuotingEnded, Pending, 90, 0, 90, NotFound},
		{"changed", p, QuotingEnded, Pending, 85, 2, 90, Conflict},
		{"there is none", p, QuotingEnded, Pending, 0, 2, 0, Conflict},
		{"accepted", p, QuotingEnded, Accepted, 90, 2, 90, Conflict},
		{"refused", p, QuotingEnded, Refused, 90, 2, 90, Conflict},
		{"withdrawn", p, QuotingEnded, Withdrawn, 90, 2, 90, Conflict},
		{"not chosen", p, QuotingEnded, NotChosen, 90, 2, 90, Conflict},
		{"closed", closed, QuotingEnded, Pending, 90, 2, 90, Conflict},
		{"line closed", p, Closed, Pending, 90, 2, 90, Conflict},
		{"bought", bought, QuotingEnded, Pending, 90, 2, 90, Conflict},
		{"line bought", p, Purchased, Pending, 90, 2, 90, Conflict},
	} {
		q := Quote{SupplierID: 2, Offer: Offer{Price: 100, Unit: "公斤", Quality: "新货"}, State: c.state, Counter: Counter{Price: c.counter}}
		got, err := q.CounterTaken(c.p, Line{Status: c.line}, c.by, c.seen, noon())
		if ErrorCode(err) != c.want {
			t.Errorf("%s: %v, want %q", c.name, err, c.want)
		}
		if err == nil && (got.Price != 90 || got.Quality != "新货" || got.Unit != "公斤") {
			t.Errorf("%s: %+v", c.name, got)
		}
	}
}

// A revision, by whomever, makes the counter-offer void.
func TestRevisionVoidsTheCounter(t *testing.T) {
	q := Quote{State: Pending, Counter: Counter{Price: 90, Message: "量大", At: noon()}}
	got, err := q.Revised(Offer{Price: 95}, Purchase{}, noon())
	if err != nil || got.Counter != (Counter{}) {
		t.Errorf("%+v, %v", got.Counter, err)
	}
}

func TestConcluding(t *testing.T) {
	const no = PurchaseStatus(-1)
	for _, c := range []struct {
		status         PurchaseStatus
		bought, unsold PurchaseStatus
	}{
		{WaitingForQuote, Purchased, Closed}, {QuotingEnded, Purchased, Closed}, {Closed, no, no}, {Purchased, no, no},
	} {
		for accepted, want := range map[Quantity]PurchaseStatus{5: c.bought, 0: c.unsold} {
			got, err := Line{Status: c.status, Accepted: accepted}.Concluded()
			if want == no != (ErrorCode(err) == Conflict) || err == nil && got != want {
				t.Errorf("line %s with %v accepted: %s, %v", c.status, accepted, got, err)
			}
		}
		p := Purchase{BuyerID: 1, Status: c.status, Terms: Terms{Deadline: noon().Add(time.Hour)}}
		if got := ErrorCode(p.CanConclude(User{ID: 1}, noon())); got != map[bool]Code{true: Conflict}[c.bought == no] {
			t.Errorf("purchase %s: %q", c.status, got)
		}
	}
	sealed := Purchase{BuyerID: 1, Status: WaitingForQuote, Terms: Terms{Mode: SealedMode, Deadline: noon().Add(time.Hour)}}
	if got := ErrorCode(sealed.CanConclude(User{ID: 1}, noon())); got != Conflict {
		t.Errorf("sealed: %q", got)
	}
}
