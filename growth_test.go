package xunjia

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestAwards(t *testing.T) {
	photos := []Attachment{{Media: "a", Type: HandHeld}, {Media: "b", Type: Detail}, {Media: "c", Type: Bulk}}
	quote := func(change func(*Quote)) Facts {
		q := Quote{ID: 5, SupplierID: 2, UpdatedAt: noon(), AnsweredAt: noon().Add(time.Hour)}
		change(&q)
		return Facts{Purchase: Purchase{ID: 7, BuyerID: 1}, Quote: q}
	}
	for _, c := range []struct {
		name  string
		event Event
		facts Facts
		want  []Award
	}{
		{"registered", Event{Kind: UserRegistered, Actor: 3}, Facts{}, []Award{{UserID: 3, Task: RegisterTask}}},
		{"published", Event{Kind: PurchasePublished, Actor: 1, PurchaseID: 7}, Facts{}, []Award{{UserID: 1, Task: FirstRequestTask, Subject: 7}}},
		{"quoted", Event{Kind: QuoteCreated}, quote(func(*Quote) {}), []Award{{UserID: 2, Task: FirstQuoteTask, Subject: 5}}},
		{"quoted and withdrawn", Event{Kind: QuoteCreated}, quote(func(q *Quote) { q.State = Withdrawn }), nil},
		{"quoted with photos", Event{Kind: QuoteCreated}, quote(func(q *Quote) { q.Attachments = photos }),
			[]Award{{UserID: 2, Task: FirstQuoteTask, Subject: 5}, {UserID: 2, Task: PhotosTask, Subject: 5}}},
		{"three photos of one kind", Event{Kind: QuoteCreated}, quote(func(q *Quote) {
			q.Attachments = []Attachment{{Media: "a", Type: Bulk}, {Media: "b", Type: Bulk}, {Media: "c", Type: Bulk}}
		}),
			[]Award{{UserID: 2, Task: FirstQuoteTask, Subject: 5}}},
		{"accepted", Event{Kind: QuoteAccepted, Actor: 1}, quote(func(q *Quote) { q.State = Accepted }),
			[]Award{{UserID: 1, Task: FastAnswerTask, Subject: 5, Partner: 2}, {UserID: 2, Task: ChosenTask, Subject: 5, Partner: 1}}},
		{"accepted late", Event{Kind: QuoteAccepted, Actor: 1}, quote(func(q *Quote) { q.State, q.AnsweredAt = Accepted, noon().Add(FastAnswer+time.Second) }),
			[]Award{{UserID: 2, Task: ChosenTask, Subject: 5, Partner: 1}}},
		{"accepted and undone", Event{Kind: QuoteAccepted, Actor: 1}, quote(func(q *Quote) { q.AnsweredAt = time.Time{} }), nil},
		{"accepted, undone and refused", Event{Kind: QuoteAccepted, Actor: 1}, quote(func(q *Quote) { q.State = Refused }),
			[]Award{{UserID: 1, Task: FastAnswerTask, Subject: 5, Partner: 2}}},
		{"refused", Event{Kind: QuoteRefused, Actor: 1}, quote(func(q *Quote) { q.State = Refused }), []Award{{UserID: 1, Task: FastAnswerTask, Subject: 5, Partner: 2}}},
		{"certified", Event{Kind: CertificationDone, Actor: 9, Subject: 2}, Facts{}, []Award{{UserID: 2, Task: CertifyTask}}},
		{"not certified", Event{Kind: CertificationDone, Subject: 2}, Facts{}, nil},
		{"confirmed by one", Event{Kind: DealConfirmed}, quote(func(q *Quote) { q.State = Accepted }), nil},
		{"confirmed by both", Event{Kind: DealConfirmed}, quote(func(q *Quote) { q.Status = SuccessfulQuote }),
			[]Award{{UserID: 1, Task: DealTask, Subject: 5, Partner: 2}, {UserID: 2, Task: DealTask, Subject: 5, Partner: 1}}},
		{"rated by the buyer", Event{Kind: DealRated, Actor: 1}, quote(func(*Quote) {}), []Award{{UserID: 1, Task: RatingTask, Subject: 5, Partner: 2}}},
		{"rated by the supplier", Event{Kind: DealRated, Actor: 2}, quote(func(*Quote) {}), []Award{{UserID: 2, Task: RatingTask, Subject: 5, Partner: 1}}},
		{"something else", Event{Kind: QuoteRevised, Actor: 2}, quote(func(*Quote) {}), nil},
	} {
		if d := cmp.Diff(c.want, Awards(c.event, c.facts)); d != "" {
			t.Errorf("%s: (-want +got):\n%s", c.name, d)
		}
	}
	if got := len(Forfeits(Event{Kind: AnswerUndone, Actor: 1}, quote(func(*Quote) {}))); got != 2 {
		t.Errorf("an undone answer takes back %d", got)
	}
	if got := len(Forfeits(Event{Kind: QuoteWithdrawn, Actor: 2}, quote(func(*Quote) {}))); got != 2 {
		t.Errorf("a withdrawn quote takes back %d", got)
	}
	if got := Forfeits(Event{Kind: QuoteAccepted, Actor: 1}, quote(func(*Quote) {})); got != nil {
		t.Errorf("an acceptance takes back %v", got)
	}
}

func TestTaskLimits(t *testing.T) {
	for _, c := range []struct {
		name string
		task Task
		e    Earned
		want bool
	}{
		{"first time", FirstQuoteTask, Earned{}, true},
		{"once only", FirstQuoteTask, Earned{Ever: 1}, false},
		{"again", ChosenTask, Earned{Ever: 90, Today: 2, Pair: 2}, true},
		{"enough for today", ChosenTask, Earned{Ever: 3, Today: 3}, false},
		{"enough with this partner", ChosenTask, Earned{Ever: 3, Pair: 3}, false},
	} {
		if got := c.task.Spec().Open(c.e); got != c.want {
			t.Errorf("%s: %v", c.name, got)
		}
	}
	for _, s := range TaskSpecs() {
		if s.Title == "" || s.Text == "" || s.Points <= 0 || s.Path == "" || !s.Once && s.PerDay == 0 {
			t.Errorf("task %+v", s)
		}
	}
}

func TestLevels(t *testing.T) {
	for points, want := range map[int]Level{-5: 1, 0: 1, 49: 1, 50: 2, 199: 2, 200: 3, 4000: 6, 1 << 30: 6} {
		if got := LevelAt(points); got != want {
			t.Errorf("%d points: level %d, want %d", points, got, want)
		}
	}
	for l := Level(1); l < 6; l++ {
		if l.Next() <= l.From() || LevelAt(l.Next()) != l+1 {
			t.Errorf("level %d: from %d to %d", l, l.From(), l.Next())
		}
	}
	if Level(6).Next() != 0 || Level(3).String() != "3 级 · 熟手" {
		t.Error("the top level, or a level's name")
	}
}
