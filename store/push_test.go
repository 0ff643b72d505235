package store_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/xunjia/xunjia"
	"github.com/xunjia/xunjia/store"
)

// follow makes n people follow goods, from number first on.
func (m market) follow(t *testing.T, first, n int, goods string) (ids []int64) {
	t.Helper()
	for i := range n {
		u := m.user(t, first+i, fmt.Sprintf("药商%d", first+i))
		if _, err := m.FollowCategories(t.Context(), u.ID, []int64{m.goods[goods].ID}); err != nil {
			t.Fatal(err)
		}
		ids = append(ids, u.ID)
	}
	return ids
}

// push tells everybody of a purchase's round, as the outbox does.
func (m market) push(t *testing.T, p xunjia.Purchase) {
	t.Helper()
	ctx, now := t.Context(), m.clock.now()
	settings, err := m.PushSettings(ctx)
	if err != nil {
		t.Fatal(err)
	}
	var job store.EventJob
	for job.Event.PurchaseID != p.ID {
		var ok bool
		if job, ok, err = m.ClaimEvent(ctx, store.EventClaim{Lane: xunjia.MassLane, Owner: "me", Now: now, Until: now.Add(time.Minute)}); err != nil || !ok {
			t.Fatal(ok, err)
		}
	}
	round, err := m.OpenRound(ctx, job.Event, now, func() (int, error) { return 0, nil })
	if err != nil {
		t.Fatal(err)
	}
	err = m.MatchBatches(ctx, store.MatchQuery{Purchase: p, Buyer: m.buyer, Lines: p.Lines, Settings: settings, Now: now, Limit: 3}, func(part []store.Matched, next int64) error {
		told := store.Told{EventID: job.Event.ID, Owner: "me", To: next, Until: now.Add(time.Minute), Done: next == 0,
			Round: &store.RoundTold{RoundID: round.ID, Settings: settings, Now: now}}
		for _, c := range part {
			r := c.Rank(p, now)
			for _, l := range c.Lines {
				told.Round.Pushes = append(told.Round.Pushes, xunjia.Push{LineID: l, SupplierID: c.ID, RoundID: round.ID, Score: r.Score, Why: r.Why, CreatedAt: now})
			}
			told.Round.Fresh = append(told.Round.Fresh, c.ID)
			told.Notifications = append(told.Notifications, xunjia.Notification{Type: xunjia.PurchasingNotice, Receiver: c.ID, Path: xunjia.PurchasePath(p.ID), CreatedAt: now})
			told.Deliveries = append(told.Deliveries, xunjia.Delivery{Kind: job.Event.Kind, Recipient: c.ID, Channel: xunjia.WeChatChannel, State: xunjia.DeliverySent, CreatedAt: now})
		}
		return m.Tell(ctx, told)
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestPushSettings(t *testing.T) {
	eachMarket(t, func(t *testing.T, m market) {
		ctx := t.Context()
		s, err := m.PushSettings(ctx)
		if err != nil || s != xunjia.DefaultPushSettings() {
			t.Fatalf("%+v, %v", s, err)
		}
		s.DayCap, s.SMSThousand = 7, 39_00
		for range 2 { // again changes nothing
			if err := m.SavePushSettings(ctx, 1, s); err != nil {
				t.Fatal(err)
			}
		}
		if got, err := m.PushSettings(ctx); err != nil || got != s {
			t.Errorf("%+v, %v", got, err)
		}
		if n := rows(t, m.Store, "audit WHERE action = 'push.settings' AND detail LIKE '%每天上限 20→7%'"); n != 1 {
			t.Errorf("%d lines in the audit log", n)
		}
		s.DayCap = 0
		wantCode(t, "no pushes at all", m.SavePushSettings(ctx, 1, s), xunjia.Invalid)
		// A newer program knows more settings than an older one has written.
		change(t, m.Store, "UPDATE setting SET value = '{\"MaxRounds\": 3}'")
		want := xunjia.DefaultPushSettings()
		want.MaxRounds = 3
		if got, err := m.PushSettings(ctx); err != nil || got != want {
			t.Errorf("%+v, %v", got, err)
		}
	})
}

func TestRoundsByStaff(t *testing.T) {
	eachMarket(t, func(t *testing.T, m market) {
		ctx := t.Context()
		m.follow(t, 10, 4, "黄连")
		p := m.publish(t, "黄连")
		wantCode(t, "before the first round", m.NextRoundByStaff(ctx, p.ID, 1, 10), xunjia.Conflict)
		wantCode(t, "stop it", m.StopRoundsByStaff(ctx, p.ID, 1), xunjia.Conflict)
		wantCode(t, "an unknown purchase", m.NextRoundByStaff(ctx, p.ID+99, 1, 10), xunjia.NotFound)
		wantCode(t, "nobody", m.NextRoundByStaff(ctx, p.ID, 1, 0), xunjia.Invalid)
		m.push(t, p)
		if err := m.StopRoundsByStaff(ctx, p.ID, 1); err != nil {
			t.Fatal(err)
		}
		wantCode(t, "stop it again", m.StopRoundsByStaff(ctx, p.ID, 1), xunjia.Conflict)
		if err := m.NextRoundByStaff(ctx, p.ID, 1, 10); err != nil {
			t.Fatal(err)
		}
		wantCode(t, "while one runs", m.NextRoundByStaff(ctx, p.ID, 1, 10), xunjia.Conflict)
		list, err := m.PurchaseRounds(ctx, p.ID)
		if err != nil || len(list) != 2 || list[0].State != xunjia.RoundFollowed || list[1].State != xunjia.RoundRunning || list[1].Wanted != 10 || list[1].StaffID != 1 {
			t.Fatalf("%+v, %v", list, err)
		}
		if n := events(t, m.Store, xunjia.PurchasePublished, p.ID); n != 2 {
			t.Errorf("%d events, want one for each round", n)
		}
		if n := rows(t, m.Store, "audit WHERE action LIKE 'push.%'"); n != 2 {
			t.Errorf("%d lines in the audit log", n)
		}
		if err := m.StopRoundsByStaff(ctx, p.ID, 1); err != nil {
			t.Fatal(err)
		}
		if _, err := m.ClosePurchase(ctx, p.ID, m.buyer.ID, "不需要了"); err != nil {
			t.Fatal(err)
		}
		wantCode(t, "a closed purchase", m.NextRoundByStaff(ctx, p.ID, 1, 10), xunjia.Conflict)
	})
}

// Two people of the staff press the button, and the clock comes by as well.
func TestOneRoundFollows(t *testing.T) {
	eachIsolation(t, func(t *testing.T, m market, stores [2]*store.Store) {
		m.follow(t, 10, 2, "黄连")
		p := m.publish(t, "黄连")
		m.push(t, p)
		m.clock.advance(time.Hour)
		now := m.clock.now()
		won := atOnce(t, stores, 8, xunjia.Conflict, func(s *store.Store, i int) error {
			if i >= 6 {
				_, err := s.SteerRounds(t.Context(), now, 10)
				if err == nil {
					return xunjia.Errorf(xunjia.Conflict, "not counted")
				}
				return err
			}
			return s.NextRoundByStaff(t.Context(), p.ID, 1, 10)
		})
		if n := rows(t, m.Store, "push_round WHERE purchase_id = ?", p.ID); n != 2 || won > 1 {
			t.Errorf("%d rounds, %d winners", n, won)
		}
	})
}

func TestClick(t *testing.T) {
	eachMarket(t, func(t *testing.T, m market) {
		ctx := t.Context()
		ids := m.follow(t, 10, 2, "黄连")
		p := m.publish(t, "黄连", "当归")
		m.push(t, p)
		delivery := func(user int64) int64 {
			return rowID(t, m.Store, fmt.Sprintf("SELECT id FROM delivery WHERE recipient = %d", user))
		}
		at := m.clock.now()
		for range 2 {
			if path, err := m.Click(ctx, delivery(ids[0]), true); err != nil || path != xunjia.PurchasePath(p.ID) {
				t.Fatal(path, err)
			}
			m.clock.advance(time.Minute)
		}
		if n := rows(t, m.Store, "push WHERE clicked_at = ?", at.UnixMilli()); n != 1 {
			t.Errorf("%d pushes clicked at the first click", n)
		}
		if n := rows(t, m.Store, "push_load WHERE supplier_id = ? AND ignored = 0 AND reacted_at = ?", ids[0], at.UnixMilli()); n != 1 {
			t.Error("his load does not know of the click")
		}
		// The page of a closed purchase is shown as usual.
		if _, err := m.ClosePurchase(ctx, p.ID, m.buyer.ID, "不需要了"); err != nil {
			t.Fatal(err)
		}
		if _, err := m.Click(ctx, delivery(ids[1]), false); err != nil {
			t.Error(err)
		}
		if n := rows(t, m.Store, "delivery WHERE clicked_at > 0"); n != 1 {
			t.Errorf("%d deliveries clicked", n)
		}
		// His account has become a part of another one.
		if _, err := m.Merge(ctx, m.ask(t, m.next.ID, ids[1]).ID, m.next.ID, m.next.ID); err != nil {
			t.Fatal(err)
		}
		if path, err := m.Click(ctx, delivery(ids[1]), true); err != nil || path != xunjia.PurchasePath(p.ID) {
			t.Error(path, err)
		}
		change(t, m.Store, "DELETE FROM notification")
		_, err := m.Click(ctx, delivery(ids[1]), true)
		wantCode(t, "a notice that is not kept", err, xunjia.NotFound)
	})
}

func TestDeclinedPush(t *testing.T) {
	eachMarket(t, func(t *testing.T, m market) {
		ctx := t.Context()
		ids := m.follow(t, 10, 1, "黄连")
		p := m.publish(t, "黄连")
		m.push(t, p)
		if n, err := m.InviteSuppliers(ctx, p.ID, m.buyer.ID, ids); err != nil || n != 1 {
			t.Fatal(n, err)
		}
		if err := m.DeclineInvitation(ctx, p.ID, ids[0]); err != nil {
			t.Fatal(err)
		}
		if n := rows(t, m.Store, "push WHERE declined_at > 0"); n != 1 {
			t.Error("the push does not know that he declined")
		}
	})
}

func TestPreviewRound(t *testing.T) {
	eachMarket(t, func(t *testing.T, m market) {
		ctx := t.Context()
		change(t, m.Store, "DELETE FROM user_category") // that of the samples
		ids := m.follow(t, 10, 30, "黄连")
		for i, id := range ids[:5] {
			who := fan(t, m.Store, fmt.Sprintf("fan%d", i))
			if err := m.BindIdentity(ctx, who.ID, id); err != nil {
				t.Fatal(err)
			}
		}
		change(t, m.Store, "UPDATE wechat_identity SET subscribed = 1")
		p := m.publish(t, "黄连")
		tables := []string{"push", "push_round", "push_load", "event", "delivery", "notification"}
		count := func() (n []int) {
			for _, table := range tables {
				n = append(n, rows(t, m.Store, table))
			}
			return n
		}
		before := count()
		v, err := m.PreviewRound(ctx, store.PreviewQuery{PurchaseID: p.ID, AppID: fanApp, SMS: true})
		if err != nil || v.Round != 1 || v.Size != 0 || v.People != 30 || v.Candidates != 30 || v.WeChat != 5 || v.SMS != 25 || v.Inbox != 0 || v.Cost != 1_13 || len(v.Top) != 20 {
			t.Errorf("%+v, %v", v, err)
		}
		if v.Top[0].User.Name == "" || !strings.Contains(v.Top[0].Why, "关注该品种 +150，同城 +200") {
			t.Errorf("%+v", v.Top[0])
		}
		s := xunjia.DefaultPushSettings()
		s.FirstSize, s.EverybodyUpTo = 10, 5
		if err := m.SavePushSettings(ctx, 1, s); err != nil {
			t.Fatal(err)
		}
		v, err = m.PreviewRound(ctx, store.PreviewQuery{PurchaseID: p.ID, AppID: fanApp})
		if err != nil || v.Size != 10 || v.People != 10 || v.Candidates != 30 || v.SMS != 0 || v.WeChat+v.Inbox != 10 || v.Cost != 0 || len(v.Top) != 10 {
			t.Errorf("%+v, %v", v, err)
		}
		if d := cmp.Diff(before, count()); d != "" {
			t.Errorf("a preview writes into %v (-before +after):\n%s", tables, d)
		}
		if _, err := m.EndPurchase(ctx, p.ID, m.buyer.ID); err != nil {
			t.Fatal(err)
		}
		_, err = m.PreviewRound(ctx, store.PreviewQuery{PurchaseID: p.ID})
		wantCode(t, "an ended purchase", err, xunjia.Conflict)
		_, err = m.PreviewRound(ctx, store.PreviewQuery{PurchaseID: p.ID + 99})
		wantCode(t, "an unknown purchase", err, xunjia.NotFound)
	})
}

func TestPushLists(t *testing.T) {
	eachMarket(t, func(t *testing.T, m market) {
		ctx := t.Context()
		change(t, m.Store, "DELETE FROM user_category") // that of the samples
		m.follow(t, 10, 7, "黄连")
		both := m.follow(t, 20, 1, "当归")
		if _, err := m.FollowCategories(ctx, both[0], []int64{m.goods["黄连"].ID, m.goods["当归"].ID}); err != nil {
			t.Fatal(err)
		}
		first := m.publish(t, "黄连", "当归")
		m.push(t, first)
		m.clock.advance(24 * time.Hour)
		second := m.publish(t, "黄连")
		m.push(t, second)

		list, err := m.PushRounds(ctx, xunjia.Page{Limit: 1})
		if err != nil || len(list.Items) != 1 || list.Items[0].Purchase.ID != second.ID || list.Items[0].Purchase.Title() != "黄连" || list.Next == "" {
			t.Fatalf("%+v, %v", list, err)
		}
		list, err = m.PushRounds(ctx, xunjia.Page{Limit: 1, After: list.Next})
		if err != nil || len(list.Items) != 1 || list.Items[0].Purchase.ID != first.ID || list.Next != "" {
			t.Fatalf("%+v, %v", list, err)
		}
		round := list.Items[0]
		if round.Counts.Matched != 9 || round.Wanted != 0 {
			t.Errorf("%+v", round)
		}
		seen, last := map[int64]int{}, 1001
		for after, parts := "", 0; parts == 0 || after != ""; parts++ {
			page, err := m.RoundPushes(ctx, round.ID, xunjia.Page{Limit: 3, After: after})
			if err != nil || len(page.Items) == 0 || parts > 3 {
				t.Fatal(len(page.Items), err)
			}
			for _, person := range page.Items {
				if person.Score > last || person.Why == "" || person.Supplier.Name == "" {
					t.Errorf("after %d: %+v", last, person)
				}
				last = person.Score
				seen[person.Supplier.ID] += len(person.Pushes)
			}
			after = page.Next
		}
		if len(seen) != 8 || seen[both[0]] != 2 {
			t.Errorf("seen %v, want 8 people, %d with two lines", seen, both[0])
		}
		if why, err := m.PushWhy(ctx, round.EventID, both[0]); err != nil || !strings.HasPrefix(why, "关注该品种 +150") {
			t.Errorf("why %q, %v", why, err)
		}
		if why, err := m.PushWhy(ctx, round.EventID, m.buyer.ID); err != nil || why != "" {
			t.Errorf("why the buyer: %q, %v", why, err)
		}
		_, err = m.RoundPushes(ctx, round.ID, xunjia.Page{After: "nonsense"})
		wantCode(t, "a forged cursor", err, xunjia.Invalid)
		days, err := m.PushDays(ctx, m.clock.now().Add(-48*time.Hour))
		if err != nil || len(days) != 2 || days[0].Rounds != 1 || days[0].Counts.Matched != 9 || days[1].Counts.Matched != 8 {
			t.Errorf("%+v, %v", days, err)
		}
		if want := xunjia.DayStart(m.clock.now()); len(days) == 2 && !days[1].Day.Equal(want) {
			t.Errorf("day %v, want %v", days[1].Day, want)
		}
	})
}
