package store_test

import (
	"context"
	"crypto/rand"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/xunjia/xunjia"
	"github.com/xunjia/xunjia/store"
	"github.com/xunjia/xunjia/store/storetest"
)

// queueDeliveries writes n deliveries that are due.
func queueDeliveries(t *testing.T, s *store.Store, n int) {
	t.Helper()
	const columns = "event_id, kind, recipient, channel, lane, state, active, address, payload, attempt, first_try_at, " +
		"next_at, expires_at, owner, message_id, reason, created_at, sent_at"
	for first := 1; first <= n; first += 500 {
		var rows []string
		for i := first; i < min(first+500, n+1); i++ {
			rows = append(rows, fmt.Sprintf("(1, 'quote.created', %d, 'wechat', 1, 'pending', 1, 'openid', '{}', 0, 0, 1, 0, '', '', '', 1, 0)", i))
		}
		change(t, s, "INSERT INTO delivery ("+columns+") VALUES "+strings.Join(rows, ", "))
	}
}

// naiveClaim is the mistake that the compare-and-swap prevents: it takes what
// it has read without asking whether it is still there.
func naiveClaim(ctx context.Context, s *store.Store, c store.DeliveryClaim) (ids []int64, err error) {
	rows, err := s.DB().QueryContext(ctx, "SELECT id FROM delivery WHERE active = 1 AND next_at <= ? ORDER BY next_at, id LIMIT ?",
		c.Now.UnixMilli(), c.Limit)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var id int64
		if err := rows.Scan(&id); err != nil {
			return nil, err
		}
		ids = append(ids, id)
	}
	if err := rows.Err(); err != nil || len(ids) == 0 {
		return nil, err
	}
	list := strings.Trim(strings.Join(strings.Fields(fmt.Sprint(ids)), ","), "[]")
	return ids, s.RunTx(ctx, func(tx *store.Tx) error {
		_, err := tx.ExecContext(ctx, "UPDATE delivery SET owner = ?, next_at = ? WHERE id IN ("+list+")", c.Owner, c.Until.UnixMilli())
		return err
	})
}

func properClaim(ctx context.Context, s *store.Store, c store.DeliveryClaim) (ids []int64, err error) {
	list, err := s.ClaimDeliveries(ctx, c)
	for _, d := range list {
		ids = append(ids, d.ID)
	}
	return ids, err
}

func TestClaimRace(t *testing.T) {
	type claim func(context.Context, *store.Store, store.DeliveryClaim) ([]int64, error)
	// race lets 24 workers of 3 instances claim everything and answers how many
	// deliveries nobody got and how many more than one got. A SQLite file belongs
	// to one instance.
	race := func(t *testing.T, driver, dsn string, jobs int, claim claim) (missed, doubled int) {
		var mu sync.Mutex
		got := make([]int, jobs+1)
		var wg sync.WaitGroup
		instances := map[string]int{"mysql": 3, "sqlite": 1}[driver]
		for i := range instances {
			s := storetest.Open(t, driver, dsn)
			if i == 0 {
				queueDeliveries(t, s, jobs)
			}
			for range 24 / instances {
				wg.Go(func() {
					for {
						now, err := s.DatabaseTime(t.Context())
						if err != nil {
							t.Error(err)
							return
						}
						ids, err := claim(t.Context(), s, store.DeliveryClaim{Channel: xunjia.WeChatChannel, Lane: xunjia.DirectLane,
							Owner: rand.Text(), Now: now, Until: now.Add(time.Hour), Limit: 100})
						if err != nil {
							t.Error(err)
							return
						}
						mu.Lock()
						for _, id := range ids {
							got[id]++
						}
						mu.Unlock()
						if len(ids) == 0 {
							// Others may have been faster; is anything left?
							var left int64
							err := s.DB().QueryRowContext(t.Context(), "SELECT id FROM delivery WHERE active = 1 AND next_at <= ? LIMIT 1",
								now.UnixMilli()).Scan(&left)
							if err != nil {
								return
							}
						}
					}
				})
			}
		}
		wg.Wait()
		for _, n := range got[1:] {
			if n == 0 {
				missed++
			}
			if n > 1 {
				doubled++
			}
		}
		return missed, doubled
	}
	eachDSN(t, func(t *testing.T, driver, dsn string) {
		if driver == "mysql" { // SQLite's readers are too quick for a small race
			_, doubled := race(t, driver, storetest.MariaDB(t), 2000, naiveClaim)
			if doubled == 0 {
				t.Error("the naive claim doubled nothing: this test sees no doubles")
			}
			t.Logf("naive claim: %d of 2000 doubled", doubled)
		}
		jobs := map[string]int{"mysql": 10_000, "sqlite": 2000}[driver] // the latter is slow under the race detector
		missed, doubled := race(t, driver, dsn, jobs, properClaim)
		if missed != 0 || doubled != 0 {
			t.Errorf("of %d deliveries %d were missed and %d claimed twice", jobs, missed, doubled)
		}
	})
}

func TestOutcomeNeedsTheLease(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		ctx := t.Context()
		queueDeliveries(t, s, 1)
		now := time.UnixMilli(1_800_000_000_000)
		claim := func(now time.Time) xunjia.Delivery {
			t.Helper()
			list, err := s.ClaimDeliveries(ctx, store.DeliveryClaim{Channel: xunjia.WeChatChannel, Lane: xunjia.DirectLane,
				Owner: rand.Text(), Now: now, Until: now.Add(10 * time.Second), Limit: 5})
			if err != nil || len(list) != 1 {
				t.Fatalf("claimed %+v, %v, want one", list, err)
			}
			return list[0]
		}
		first := claim(now)
		second := claim(now.Add(11 * time.Second))
		if second.Attempt != 2 || !second.FirstTryAt.Equal(now) {
			t.Errorf("second claim has attempt %d and first try %v, want 2 and %v", second.Attempt, second.FirstTryAt, now)
		}
		for _, step := range []struct {
			d    xunjia.Delivery
			want bool
		}{{first, false}, {second, true}, {second, false}} {
			kept, err := s.SettleDelivery(ctx, store.Outcome{ID: step.d.ID, Owner: step.d.Owner, State: xunjia.DeliverySent, SentAt: now})
			if err != nil || kept != step.want {
				t.Errorf("outcome of attempt %d: kept %v, %v, want %v", step.d.Attempt, kept, err, step.want)
			}
		}
	})
}

func TestNobodyIsToldTwice(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		ctx := t.Context()
		change(t, s, "INSERT INTO event (kind, actor, purchase_id, line_id, quote_id, created_at, lane, active, next_at, owner, attempt, "+
			"told_to, reason) VALUES ('quote.created', 0, 0, 0, 0, 1, 1, 1, 0, '', 0, 0, '')")
		now := time.UnixMilli(1_800_000_000_000)
		job, ok, err := s.ClaimEvent(ctx, store.EventClaim{Lane: xunjia.DirectLane, Owner: "me", Now: now, Until: now.Add(time.Minute)})
		if err != nil || !ok {
			t.Fatal(ok, err)
		}
		tell := func(owner string, people ...int64) error {
			told := store.Told{EventID: job.Event.ID, Owner: owner, Until: now.Add(time.Minute)}
			for _, p := range people {
				told.Notifications = append(told.Notifications, xunjia.Notification{Type: xunjia.SystemNotice, Receiver: p, Title: "你好"})
				told.Deliveries = append(told.Deliveries, xunjia.Delivery{Recipient: p, Channel: xunjia.SMSChannel, State: xunjia.DeliveryPending})
				told.To = p
			}
			return s.Tell(ctx, told)
		}
		if err := tell("me", 1, 2, 3); err != nil {
			t.Fatal(err)
		}
		if err := tell("me", 2, 3, 4, 5); err != nil {
			t.Fatalf("telling some again: %v", err)
		}
		if err := tell("somebody else", 6); xunjia.ErrorCode(err) != xunjia.Conflict {
			t.Errorf("telling without the lease: %v, want Conflict", err)
		}
		for _, table := range []string{"notification", "delivery"} {
			var rows int
			if err := s.DB().QueryRowContext(ctx, "SELECT COUNT(*) FROM "+table).Scan(&rows); err != nil || rows != 5 {
				t.Errorf("%d rows in %s, %v, want 5", rows, table, err)
			}
		}
	})
}

func TestListOfDeliveries(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		queueDeliveries(t, s, 7)
		change(t, s, "UPDATE delivery SET state = 'dead', active = 0 WHERE id <= 5")
		var got []int64
		page := xunjia.Page{Limit: 2}
		for {
			list, err := s.Deliveries(t.Context(), store.DeliveryFilter{States: []xunjia.DeliveryState{xunjia.DeliveryDead, xunjia.DeliveryFailed}}, page)
			if err != nil {
				t.Fatal(err)
			}
			for _, d := range list.Items {
				got = append(got, d.ID)
				if d.Payload != "" {
					t.Error("the list shows a payload")
				}
			}
			if page.After = list.Next; page.After == "" {
				break
			}
		}
		if diff := cmp.Diff([]int64{5, 4, 3, 2, 1}, got); diff != "" {
			t.Errorf("dead deliveries (-want +got):\n%s", diff)
		}
		if _, err := s.Deliveries(t.Context(), store.DeliveryFilter{}, xunjia.Page{After: "x"}); xunjia.ErrorCode(err) != xunjia.Invalid {
			t.Errorf("bad cursor: %v, want Invalid", err)
		}
	})
}

func TestPruneKeepsWhatIsUnfinished(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		queueDeliveries(t, s, 4)
		change(t, s, "UPDATE delivery SET state = 'sent', active = 0 WHERE id <= 3")
		change(t, s, "UPDATE delivery SET created_at = 5000 WHERE id = 3")
		n, err := s.PruneOutbox(t.Context(), time.UnixMilli(5000), 10)
		if err != nil || n != 2 {
			t.Errorf("pruned %d, %v, want the 2 that are old and done", n, err)
		}
	})
}

func TestOneProbeForAllInstances(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		ctx := t.Context()
		now := time.UnixMilli(1_800_000_000_000)
		for _, reason := range []string{"配额用完", "还是没有"} {
			if err := s.StopChannel(ctx, store.Stop{Name: "wechat", Reason: reason, Since: now, ProbeAt: now.Add(time.Minute)}); err != nil {
				t.Fatal(err)
			}
		}
		stops, err := s.Stops(ctx)
		want := []store.Stop{{Name: "wechat", Reason: "还是没有", Since: now.UTC(), ProbeAt: now.Add(time.Minute).UTC()}}
		if diff := cmp.Diff(want, stops); diff != "" || err != nil {
			t.Fatalf("stops (-want +got), %v:\n%s", err, diff)
		}
		var mu sync.Mutex
		won := 0
		probe := func(at time.Time) {
			ok, err := s.ClaimProbe(ctx, "wechat", at, at.Add(time.Minute))
			mu.Lock()
			defer mu.Unlock()
			if err != nil {
				t.Error(err)
			}
			if ok {
				won++
			}
		}
		probe(now.Add(59 * time.Second))
		if won != 0 {
			t.Error("probed before its time")
		}
		var wg sync.WaitGroup
		for range 8 {
			wg.Go(func() { probe(now.Add(time.Minute)) })
		}
		wg.Wait()
		if won != 1 {
			t.Errorf("%d probes at once, want 1", won)
		}
	})
}

func TestDeliveriesByFilter(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		ctx := t.Context()
		day := func(n int) time.Time { return time.UnixMilli(1_800_000_000_000).AddDate(0, 0, n) }
		const columns = "id, event_id, kind, recipient, channel, lane, state, active, address, payload, attempt, first_try_at, " +
			"next_at, expires_at, owner, message_id, reason, created_at, sent_at"
		// A million ids and few rows: pages have to look through empty windows.
		for id, row := range map[int]struct {
			event, recipient int
			kind, channel    string
			state            string
			day              int
		}{
			1:         {1, 7, "quote.created", "wechat", "sent", 0},
			2:         {1, 7, "quote.created", "sms", "dead", 0},
			500_000:   {2, 8, "quote.created", "sms", "failed", 1},
			1_000_000: {3, 0, "code.requested", "sms", "sent", 2},
			1_000_001: {2, 9, "quote.revised", "wechat", "failed", 2},
		} {
			change(t, s, fmt.Sprintf("INSERT INTO delivery ("+columns+") VALUES (%d, %d, '%s', %d, '%s', 1, '%s', 0, '13700000000', '{}', 1, 0, 0, 0, '', '', '', %d, 0)",
				id, row.event, row.kind, row.recipient, row.channel, row.state, day(row.day).UnixMilli()))
		}
		change(t, s, "INSERT INTO event (id, kind, actor, purchase_id, line_id, quote_id, created_at, lane, active, next_at, owner, attempt, "+
			"told_to, reason) VALUES (2, 'quote.created', 0, 42, 0, 0, 1, 1, 0, 0, '', 0, 0, '')")
		for name, c := range map[string]struct {
			filter store.DeliveryFilter
			want   []int64
		}{
			"all":          {store.DeliveryFilter{}, []int64{1_000_001, 1_000_000, 500_000, 2, 1}},
			"state":        {store.DeliveryFilter{States: []xunjia.DeliveryState{xunjia.DeliveryFailed, xunjia.DeliveryDead}}, []int64{1_000_001, 500_000, 2}},
			"channel":      {store.DeliveryFilter{Channel: xunjia.WeChatChannel}, []int64{1_000_001, 1}},
			"kind":         {store.DeliveryFilter{Kind: xunjia.QuoteCreated}, []int64{500_000, 2, 1}},
			"recipient":    {store.DeliveryFilter{Recipient: 7}, []int64{2, 1}},
			"phone":        {store.DeliveryFilter{Phone: "13700000000", Kind: xunjia.CodeRequested}, []int64{1_000_000}},
			"purchase":     {store.DeliveryFilter{Purchase: 42}, []int64{1_000_001, 500_000}},
			"no purchase":  {store.DeliveryFilter{Purchase: 43}, nil},
			"since":        {store.DeliveryFilter{From: day(1)}, []int64{1_000_001, 1_000_000, 500_000}},
			"before":       {store.DeliveryFilter{Until: day(2)}, []int64{500_000, 2, 1}},
			"one day":      {store.DeliveryFilter{From: day(1), Until: day(2)}, []int64{500_000}},
			"after it all": {store.DeliveryFilter{From: day(3)}, nil},
		} {
			var got []int64
			pages := 0
			for after := ""; ; pages++ {
				list, err := s.Deliveries(ctx, c.filter, xunjia.Page{After: after, Limit: 2})
				if err != nil || len(list.Items) > 2 {
					t.Fatalf("%s: %d rows, %v", name, len(list.Items), err)
				}
				for _, d := range list.Items {
					got = append(got, d.ID)
				}
				if after = list.Next; after == "" {
					break
				}
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("%s (-want +got):\n%s", name, diff)
			}
			if pages > 10 {
				t.Errorf("%s took %d pages", name, pages)
			}
		}
		if _, err := s.Deliveries(ctx, store.DeliveryFilter{}, xunjia.Page{After: "x"}); xunjia.ErrorCode(err) != xunjia.Invalid {
			t.Errorf("a nonsense page: %v, want Invalid", err)
		}
	})
}
