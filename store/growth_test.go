package store_test

import (
	"testing"
	"time"

	"github.com/xunjia/xunjia"
	"github.com/xunjia/xunjia/store"
)

// happened writes an event of the given kind about a quote as the outbox sees it.
func happened(t *testing.T, s *store.Store, kind xunjia.EventKind, id int64, q xunjia.Quote, actor int64) (xunjia.Event, xunjia.Facts) {
	t.Helper()
	e := xunjia.Event{ID: id, Kind: kind, Actor: actor, PurchaseID: q.PurchaseID, LineID: q.LineID, QuoteID: q.ID}
	f, err := s.EventFacts(t.Context(), e)
	if err != nil {
		t.Fatal(err)
	}
	return e, f
}

func points(t *testing.T, s *store.Store, user int64) int {
	t.Helper()
	g, err := s.Growth(t.Context(), user)
	if err != nil {
		t.Fatal(err)
	}
	return g.Points
}

func TestAwardGrowth(t *testing.T) {
	eachMarket(t, func(t *testing.T, m market) {
		ctx := t.Context()
		p := m.publish(t, "黄连")
		q := m.quote(t, p, m.supplier.ID, 6850)
		award := func(kind xunjia.EventKind, id, actor int64) {
			t.Helper()
			e, f := happened(t, m.Store, kind, id, q, actor)
			if err := m.AwardGrowth(ctx, e, f); err != nil {
				t.Fatal(err)
			}
		}
		for range 3 { // a worker that took over
			award(xunjia.QuoteCreated, 901, m.supplier.ID)
		}
		if got := points(t, m.Store, m.supplier.ID); got != 30 {
			t.Errorf("first quote: %d points", got)
		}
		answered, err := m.AnswerQuote(ctx, q.ID, m.buyer.ID, xunjia.Answer{Action: xunjia.Accept, Revision: 1})
		if err != nil {
			t.Fatal(err)
		}
		q = answered
		award(xunjia.QuoteAccepted, 902, m.buyer.ID)
		if s, b := points(t, m.Store, m.supplier.ID), points(t, m.Store, m.buyer.ID); s != 50 || b != 5 {
			t.Errorf("accepted: supplier %d, buyer %d points", s, b)
		}
		award(xunjia.AnswerUndone, 903, m.buyer.ID)
		award(xunjia.AnswerUndone, 903, m.buyer.ID)
		if s, b := points(t, m.Store, m.supplier.ID), points(t, m.Store, m.buyer.ID); s != 30 || b != 0 {
			t.Errorf("undone: supplier %d, buyer %d points", s, b)
		}
		g, err := m.Growth(ctx, m.supplier.ID)
		if err != nil || g.Ever[xunjia.FirstQuoteTask] != 1 || g.Ever[xunjia.ChosenTask] != 0 || g.Today[xunjia.ChosenTask] != 1 {
			t.Errorf("growth %+v, %v", g, err)
		}
		first, err := m.GrowthEntries(ctx, m.supplier.ID, xunjia.Page{Limit: 2})
		if err != nil || len(first.Items) != 2 || first.Items[0].Points+first.Items[1].Points != 0 || first.Next == "" {
			t.Fatalf("ledger %+v, %v", first, err)
		}
		rest, err := m.GrowthEntries(ctx, m.supplier.ID, xunjia.Page{Limit: 2, After: first.Next})
		if err != nil || len(rest.Items) != 1 || rest.Items[0].Points != 30 {
			t.Errorf("ledger, part two %+v, %v", rest, err)
		}
	})
}

// Whoever registers is welcomed, and gets the first points and level by it.
func TestRegistrationGrows(t *testing.T) {
	eachMarket(t, func(t *testing.T, m market) {
		ctx := t.Context()
		u := m.user(t, 50, "新来的")
		for range 2 { // the second time is a change, not a registration
			if _, err := m.FollowCategories(ctx, u.ID, []int64{m.goods["黄连"].ID}); err != nil {
				t.Fatal(err)
			}
		}
		now, err := m.DatabaseTime(ctx)
		if err != nil {
			t.Fatal(err)
		}
		kinds := map[xunjia.EventKind]int{}
		for range 5 {
			job, ok, err := m.ClaimEvent(ctx, store.EventClaim{Lane: xunjia.DirectLane, Owner: "w", Now: now.Add(time.Hour), Until: now.Add(2 * time.Hour)})
			if err != nil {
				t.Fatal(err)
			}
			if !ok {
				break
			}
			kinds[job.Event.Kind]++
			f, err := m.EventFacts(ctx, job.Event)
			if err != nil {
				t.Fatal(err)
			}
			if err := m.AwardGrowth(ctx, job.Event, f); err != nil {
				t.Fatal(err)
			}
			n, ok := xunjia.NoticeFor(job.Event.Kind, f, u.ID, job.Event.CreatedAt)
			people, _, err := m.Audience(ctx, job.Event, store.AudienceQuery{Facts: f, Limit: 10})
			if !ok || n.Title == "" || err != nil || len(people) != 1 || people[0].ID != u.ID {
				t.Errorf("%s: %+v told to %+v, %v", job.Event.Kind, n, people, err)
			}
			if err := m.Tell(ctx, store.Told{EventID: job.Event.ID, Owner: "w", Done: true}); err != nil {
				t.Fatal(err)
			}
		}
		if kinds[xunjia.UserRegistered] != 1 || kinds[xunjia.TaskDone] != 1 || points(t, m.Store, u.ID) != 20 {
			t.Errorf("events %v, %d points", kinds, points(t, m.Store, u.ID))
		}
	})
}

// Many workers on two instances, with many quotes: the daily limit holds.
func TestGrowthLimitsHold(t *testing.T) {
	eachIsolation(t, func(t *testing.T, m market, stores [2]*store.Store) {
		ctx := t.Context()
		var events []xunjia.Event
		var facts []xunjia.Facts
		for i := range 8 {
			p, _, err := m.PublishPurchase(ctx, m.user(t, 300+i, "采购商").ID, m.draft("黄连"))
			if err != nil {
				t.Fatal(err)
			}
			q := m.quote(t, p, m.supplier.ID, 100)
			if q, err = m.AnswerQuote(ctx, q.ID, p.BuyerID, xunjia.Answer{Action: xunjia.Accept, Revision: 1}); err != nil {
				t.Fatal(err)
			}
			e, f := happened(t, m.Store, xunjia.QuoteAccepted, int64(1000+i), q, p.BuyerID)
			events, facts = append(events, e), append(facts, f)
		}
		atOnce(t, stores, 32, xunjia.Unavailable, func(s *store.Store, i int) error {
			return s.AwardGrowth(ctx, events[i%8], facts[i%8])
		})
		if got, want := points(t, m.Store, m.supplier.ID), 3*xunjia.ChosenTask.Spec().Points; got != want {
			t.Errorf("%d points in a day, want %d", got, want)
		}
	})
}
