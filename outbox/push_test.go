package outbox

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/xunjia/xunjia"
	"github.com/xunjia/xunjia/store"
)

// rounds steers and counts what is due, and tells it.
func (w *world) rounds(o *Outbox) {
	w.t.Helper()
	if err := o.steerRounds(w.t.Context()); err != nil {
		w.t.Fatal(err)
	}
	work(w.t, o)
}

// pushed lists who was told of a line, in the order of their ids.
func (w *world) pushed(line int64) (ids []int64) {
	w.t.Helper()
	rows, err := w.db.QueryContext(w.t.Context(), "SELECT supplier_id FROM push WHERE line_id = ? ORDER BY supplier_id", line)
	if err != nil {
		w.t.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		var id int64
		if err := rows.Scan(&id); err != nil {
			w.t.Fatal(err)
		}
		ids = append(ids, id)
	}
	return ids
}

// lastRound is a purchase's last round: its number, state and reason.
func (w *world) lastRound(p xunjia.Purchase) string {
	w.t.Helper()
	var number, state int
	var reason string
	if err := w.db.QueryRowContext(w.t.Context(), "SELECT number, state, reason FROM push_round WHERE purchase_id = ? ORDER BY number DESC LIMIT 1", p.ID).
		Scan(&number, &state, &reason); err != nil {
		w.t.Fatal(err)
	}
	return fmt.Sprintf("%d %v %s", number, xunjia.RoundState(state), reason)
}

// click opens the message that somebody got about a purchase.
func (w *world) click(p xunjia.Purchase, person int64) {
	w.t.Helper()
	var id int64
	if err := w.db.QueryRowContext(w.t.Context(), "SELECT MAX(d.id) FROM delivery d JOIN event e ON e.id = d.event_id WHERE e.purchase_id = ? AND d.recipient = ?", p.ID, person).Scan(&id); err != nil {
		w.t.Fatal(err)
	}
	if path, err := w.store.Click(w.t.Context(), id, true); err != nil || path != xunjia.PurchasePath(p.ID) {
		w.t.Fatal(path, err)
	}
}

func TestWhoIsPushed(t *testing.T) {
	each(t, newFakeTime, func(t *testing.T, w *world) {
		w.exec("UPDATE users SET company_id = 7, company_role = 1 WHERE id = ?", w.buyer)
		w.exec("INSERT INTO category (id, parent_id, position, name, initials, units, specs, origins) VALUES " +
			`(10, 0, 1, '根茎', 'gj', '[]', '[]', '[]'), (11, 0, 2, '云连', 'yl', '["公斤"]', '[]', '[]'), (12, 10, 3, '味连', 'wl', '["公斤"]', '[]', '[]')`)
		w.exec("UPDATE category SET parent_id = 10 WHERE id = 1")
		w.exec("INSERT INTO category_alias (category_id, alias, position) VALUES (1, '云连', 1)")
		same, alias, group := w.people(1, true, 1)[0], w.people(1, true, 11)[0], w.people(1, true, 10)[0]
		w.people(1, true, 12) // another one of the group: not asked for
		muted := w.people(2, true, 1)
		w.chooses(muted[0], func(p *xunjia.Preferences) { p.Categories = []int64{1} })
		w.chooses(muted[1], func(p *xunjia.Preferences) { _ = p.Mute(xunjia.PurchasePublished) })
		colleague, disabled, declined, quoted, invited := w.people(1, true, 1)[0], w.people(1, true, 1)[0], w.people(1, true, 1)[0], w.people(1, true, 1)[0], w.people(1, true, 1)[0]
		w.exec("INSERT INTO user_category (user_id, category_id) VALUES (?, 1)", w.buyer)
		w.exec("UPDATE users SET company_id = 7 WHERE id = ?", colleague)
		w.exec("UPDATE users SET disabled = 1 WHERE id = ?", disabled)
		p := w.publish(1)
		for id, state := range map[int64]xunjia.InvitationState{declined: xunjia.InvitationDeclined, invited: xunjia.Invited} {
			w.exec("INSERT INTO invitation (purchase_id, supplier_id, state, invited_by, created_at, updated_at) VALUES (?, ?, ?, ?, 1, 1)", p.ID, id, int(state), w.buyer)
		}
		w.quote(p, quoted)
		work(t, w.outbox())

		if diff := cmp.Diff([]int64{same, alias, group}, w.pushed(p.Lines[0].ID)); diff != "" {
			t.Errorf("pushed (-want +got):\n%s", diff)
		}
		for id, why := range map[int64]string{same: "关注该品种 +150", alias: "关注同名品种 +100", group: "关注所属大类 +50"} {
			if n := w.count("push WHERE supplier_id = ? AND why LIKE ?", id, why+"%"); n != 1 {
				t.Errorf("%d: the reason is not %s", id, why)
			}
		}
		var told []string
		for _, m := range w.wx.delivered {
			if strings.HasSuffix(m.TemplateID, xunjia.TemplateNewPurchase) {
				told = append(told, m.OpenID)
			}
		}
		slices.Sort(told)
		if diff := cmp.Diff([]string{openIDOf(same), openIDOf(alias), openIDOf(group)}, told); diff != "" {
			t.Errorf("template messages (-want +got):\n%s", diff)
		}
	})
}

func TestInvitedPurchaseHasNoRounds(t *testing.T) {
	w := newWorld(t, "sqlite", newFakeTime())
	w.people(3, true, 1)
	p := w.publish(1)
	w.exec("UPDATE purchase SET mode = ? WHERE id = ?", int(xunjia.InvitedMode), p.ID)
	w.untilQuiet(w.outbox())
	if n := w.count("push_round") + w.count("push") + len(w.wx.calls); n != 0 {
		t.Errorf("%d rounds, pushes and messages", n)
	}
}

// Rounds grow until enough is measured.
func TestRounds(t *testing.T) {
	each(t, newFakeTime, func(t *testing.T, w *world) {
		w.pushSettings(`{"FirstSize": 10, "EverybodyUpTo": 5, "MaxRounds": 9, "NewcomerPercent": 20, "EnoughQuotes": 3}`)
		people := w.people(90, true, 1)
		w.exec("UPDATE users SET area = '110101' WHERE id > ?", people[29]) // the first 30 are near
		o := w.outbox(func(o *Options) { o.Batch = 4 })
		p := w.publish(1)
		line := p.Lines[0].ID
		work(t, o)
		first := w.pushed(line)
		if len(first) != 10 || len(w.wx.delivered) != 10 {
			t.Fatalf("%d pushed, %d messages, want 10", len(first), len(w.wx.delivered))
		}
		if first[9] > people[29] {
			t.Errorf("somebody from afar before those nearby: %v", first)
		}
		w.rounds(o)
		if n := len(w.pushed(line)); n != 10 {
			t.Errorf("%d pushed before the wait is over", n)
		}
		w.time.advance(30 * time.Minute)
		w.rounds(o) // nobody has clicked
		if n, r := len(w.pushed(line)), w.lastRound(p); n != 30 || r != "2 等待反馈 第 1 轮点开率 0%，报价 0 条，不够" {
			t.Fatalf("%d pushed, round %s", n, r)
		}
		second := slices.DeleteFunc(w.pushed(line), func(id int64) bool { return slices.Contains(first, id) })
		w.time.advance(time.Minute)
		for _, id := range second[:8] {
			w.click(p, id)
		}
		w.time.advance(29 * time.Minute)
		w.rounds(o)
		if n, r := len(w.pushed(line)), w.lastRound(p); n != 30 || !strings.HasPrefix(r, "2 等待反馈") {
			t.Fatalf("%d pushed, round %s: enough clicks are a reason to wait", n, r)
		}
		w.quote(p, second[0])
		w.quote(p, second[1])
		w.time.advance(30 * time.Minute)
		w.rounds(o)
		if r := w.lastRound(p); !strings.HasPrefix(r, "3 ") {
			t.Fatalf("round %s, want the third: too few quotes", r)
		}
		w.quote(p, second[2])
		w.time.advance(30 * time.Minute)
		w.rounds(o)
		if r := w.lastRound(p); !strings.Contains(r, "已停止 每个品种都有 3 条以上报价") {
			t.Errorf("round %s, want it stopped", r)
		}
		if n := w.count("notification WHERE type = 2 AND receiver IN (SELECT supplier_id FROM push)"); n != w.count("push") {
			t.Errorf("%d rows in inboxes, %d pushes", n, w.count("push"))
		}
	})
}

func TestRoundsStop(t *testing.T) {
	each(t, newFakeTime, func(t *testing.T, w *world) {
		settings := `{"FirstSize": 2, "EverybodyUpTo": 1, "MaxRounds": %d}`
		w.people(7, true, 1)
		o := w.outbox()
		go30 := func() {
			w.time.advance(30 * time.Minute)
			w.rounds(o)
		}
		w.pushSettings(fmt.Sprintf(settings, 2))
		p := w.publish(1)
		work(t, o)
		go30()
		go30()
		if r := w.lastRound(p); r != "2 已停止 已推送 2 轮" {
			t.Error(r)
		}
		w.pushSettings(fmt.Sprintf(settings, 9))
		p = w.publish(1)
		work(t, o)
		go30() // 4 more
		go30() // 1 more: nobody is left
		go30()
		if r := w.lastRound(p); r != "3 已停止 没有更多可以推送的供应商" || len(w.pushed(p.Lines[0].ID)) != 7 {
			t.Error(r)
		}
		p = w.publish(1)
		work(t, o)
		if _, err := w.store.ClosePurchase(t.Context(), p.ID, w.buyer, "不要了，谢谢各位"); err != nil {
			t.Fatal(err)
		}
		go30()
		if r := w.lastRound(p); r != "1 已停止 采购单关闭" {
			t.Error(r)
		}
		if _, err := w.store.ReopenPurchase(t.Context(), p.ID, w.buyer, w.time.now().Add(24*time.Hour)); err != nil {
			t.Fatal(err)
		}
		w.rounds(o)
		if r := w.lastRound(p); !strings.HasPrefix(r, "2 等待反馈") {
			t.Errorf("after the purchase was opened again: %s", r)
		}
		p = w.publish(1)
		work(t, o)
		w.time.advance(4 * 24 * time.Hour)
		w.rounds(o)
		if r := w.lastRound(p); r != "1 已停止 采购单报价结束" {
			t.Error(r)
		}
	})
}

func TestCapsAndRecovery(t *testing.T) {
	each(t, newFakeTime, func(t *testing.T, w *world) {
		w.pushSettings(`{"FirstSize": 0, "DayCap": 3, "WeekCap": 8}`)
		people := w.people(2, true, 1)
		o := w.outbox()
		var told xunjia.Purchase
		publish := func(n int) {
			told = w.publish(1)
			work(t, o)
			for range n - 1 {
				w.publish(1)
				work(t, o)
			}
		}
		pushes := func(id int64) int { return w.count("push WHERE supplier_id = ?", id) }
		publish(5)
		if a, b := pushes(people[0]), pushes(people[1]); a != 3 || b != 3 {
			t.Fatalf("%d and %d pushes on the first day, want 3", a, b)
		}
		w.time.advance(24 * time.Hour)
		publish(5) // 6 each, who have ignored them all
		w.time.advance(24 * time.Hour)
		w.exec("UPDATE push_load SET ignored = 15 WHERE supplier_id = ?", people[0]) // half
		w.click(told, people[1])
		publish(5)
		if a, b := pushes(people[0]), pushes(people[1]); a != 7 || b != 8 {
			t.Errorf("%d and %d pushes, want 7: decayed to one a day; 8: the week is full", a, b)
		}
	})
}

// The queue of one purchase is chosen while others are told: the caps hold, and
// nobody hears of a line twice.
func TestWorkersPushAtOnce(t *testing.T) {
	w := newWorld(t, "mysql", nil)
	w.pushSettings(`{"FirstSize": 0, "DayCap": 3, "WeekCap": 60}`)
	people := w.people(60, true, 1)
	for range 8 {
		w.publish(1)
	}
	outboxes := []*Outbox{w.outbox(func(o *Options) { o.Batch = 20 }), w.outbox(func(o *Options) { o.Store, o.Batch = w.open(), 20 })}
	var wg sync.WaitGroup
	for i := range 4 {
		wg.Go(func() {
			for {
				worked, err := outboxes[i%2].expandNext(t.Context(), xunjia.MassLane)
				if err != nil {
					t.Error(err)
				}
				if !worked {
					return
				}
			}
		})
	}
	wg.Wait()
	if n := w.count("event WHERE active = 1 AND kind = 'purchase.published'"); n != 0 {
		t.Fatalf("%d purchases left", n)
	}
	// Exactly the cap: a worker that was late found the person full.
	if n := w.count("(SELECT supplier_id FROM push GROUP BY supplier_id HAVING COUNT(*) <> 3) x"); n != 0 {
		t.Errorf("%d people were not told of 3 lines", n)
	}
	if n := w.count("push"); n != 3*len(people) {
		t.Errorf("%d pushes, want %d", n, 3*len(people))
	}
	for _, table := range []string{"notification WHERE type = 2", "delivery WHERE kind = 'purchase.published'"} {
		if n := w.count(table); n != 3*len(people) {
			t.Errorf("%s: %d rows, want one for every push", table, n)
		}
	}
	if n := w.count("(SELECT SUM(matched) m, SUM(matched + capped) s FROM push_round) x WHERE m = ?", 3*len(people)); n != 1 {
		t.Error("the rounds do not count their pushes")
	}
	if n := w.count("push_load WHERE day_count = 3 AND week_count = 3 AND ignored = 3"); n != len(people) {
		t.Errorf("%d of %d people counted", n, len(people))
	}
}

// A worker that chose people and then lost its lease tells nobody.
type sleepy struct {
	*store.Store
	sleep func()
	once  sync.Once
}

func (s *sleepy) Tell(ctx context.Context, t store.Told) error {
	if len(t.Deliveries) > 0 {
		s.once.Do(s.sleep)
	}
	return s.Store.Tell(ctx, t)
}

func TestSleepyWorkerPushesNobodyTwice(t *testing.T) {
	each(t, newFakeTime, func(t *testing.T, w *world) {
		w.pushSettings(`{"FirstSize": 10, "EverybodyUpTo": 5}`)
		w.people(40, true, 1)
		other := w.outbox()
		slow := w.outbox(func(o *Options) {
			o.Store = &sleepy{Store: w.store, sleep: func() {
				w.time.advance(time.Minute)
				if worked, err := other.expandNext(t.Context(), xunjia.MassLane); err != nil || !worked {
					t.Error(worked, err)
				}
			}}
		})
		p := w.publish(1)
		if _, err := slow.expandNext(t.Context(), xunjia.MassLane); err != nil {
			t.Fatal(err)
		}
		if n, m := len(w.pushed(p.Lines[0].ID)), w.count("delivery"); n != 10 || m != 10 {
			t.Errorf("%d pushes, %d deliveries, want 10", n, m)
		}
	})
}

// A round that is interrupted goes on to the size that was wanted.
func TestInterruptedRoundGoesOn(t *testing.T) {
	each(t, newFakeTime, func(t *testing.T, w *world) {
		w.pushSettings(`{"FirstSize": 30, "EverybodyUpTo": 5}`)
		w.people(100, true, 1)
		p := w.publish(1)
		killed := w.outbox(func(o *Options) { o.Store, o.Batch = &dying{w.store, 2}, 10 })
		if _, err := killed.expandNext(t.Context(), xunjia.MassLane); err == nil {
			t.Fatal("not interrupted")
		}
		if n := len(w.pushed(p.Lines[0].ID)); n != 20 {
			t.Fatalf("%d pushed before the interruption", n)
		}
		w.time.advance(time.Minute)
		work(t, w.outbox())
		if n := len(w.pushed(p.Lines[0].ID)); n != 30 || len(w.wx.delivered) != 30 {
			t.Errorf("%d pushed, %d messages, want 30", n, len(w.wx.delivered))
		}
		if n := w.count("push_round WHERE matched = 30 AND state = 2 AND exhausted = 0"); n != 1 {
			t.Error("the round does not say so")
		}
	})
}

func TestStoppedRoundTellsNobodyElse(t *testing.T) {
	each(t, newFakeTime, func(t *testing.T, w *world) {
		w.people(30, true, 1)
		p := w.publish(1)
		stopping := &interrupter{Store: w.store, at: 2, do: func() {
			if err := w.store.StopRoundsByStaff(t.Context(), p.ID, 1); err != nil {
				t.Error(err)
			}
		}}
		o := w.outbox(func(o *Options) { o.Store, o.Batch = stopping, 10 })
		if _, err := o.expandNext(t.Context(), xunjia.MassLane); err != nil {
			t.Fatal(err)
		}
		w.time.advance(time.Minute)
		work(t, o)
		if n := len(w.pushed(p.Lines[0].ID)); n != 10 || w.lastRound(p) != "1 已停止 人工停止" {
			t.Errorf("%d pushed, %s", n, w.lastRound(p))
		}
		if n := w.count("event WHERE active = 1"); n != 0 {
			t.Error("the event is never done")
		}
	})
}

// interrupter does something else before a batch is told.
type interrupter struct {
	*store.Store
	at    int // the batch, from 1
	do    func()
	calls int
}

func (s *interrupter) Tell(ctx context.Context, t store.Told) error {
	if s.calls++; s.calls == s.at {
		s.do()
	}
	return s.Store.Tell(ctx, t)
}

// A purchase that is closed while people are told is told to nobody else.
func TestClosedWhilePushed(t *testing.T) {
	each(t, newFakeTime, func(t *testing.T, w *world) {
		w.people(30, true, 1)
		p := w.publish(1)
		closing := &interrupter{Store: w.store, at: 2, do: func() {
			if _, err := w.store.ClosePurchase(t.Context(), p.ID, w.buyer, "不要了，谢谢各位"); err != nil {
				t.Error(err)
			}
		}}
		o := w.outbox(func(o *Options) { o.Store, o.Batch = closing, 10 })
		if _, err := o.expandNext(t.Context(), xunjia.MassLane); err != nil {
			t.Fatal(err)
		}
		w.time.advance(time.Minute)
		work(t, o)
		if n := len(w.pushed(p.Lines[0].ID)); n != 10 {
			t.Errorf("%d pushed, want 10", n)
		}
		w.time.advance(30 * time.Minute)
		w.rounds(o)
		if r := w.lastRound(p); r != "1 已停止 采购单关闭" {
			t.Error(r)
		}
	})
}

// Clicks, quotes and what the channels say are counted.
func TestRoundIsCounted(t *testing.T) {
	each(t, newFakeTime, func(t *testing.T, w *world) {
		ctx := t.Context()
		people := w.people(4, true, 1)
		inboxOnly := w.people(1, false, 1)
		w.exec("UPDATE users SET phone = CONCAT('x', id) WHERE id = ?", inboxOnly[0])
		links, err := xunjia.NewClickLinks([]byte(strings.Repeat("k", 32)))
		if err != nil {
			t.Fatal(err)
		}
		o := w.outbox(func(o *Options) { o.Links = links })
		p := w.publish(1)
		work(t, o)
		// The messages name their deliveries.
		for _, m := range w.wx.delivered {
			token := strings.TrimPrefix(m.URL, "https://b2b.example.com/k/")
			id, ok := links.Delivery(token)
			if !ok {
				t.Fatalf("address %s", m.URL)
			}
			if m.OpenID == openIDOf(people[0]) || m.OpenID == openIDOf(people[1]) {
				for range 2 {
					if path, err := w.store.Click(ctx, id, true); err != nil || path != xunjia.PurchasePath(p.ID) {
						t.Fatal(path, err)
					}
				}
			}
			if m.OpenID == openIDOf(people[2]) {
				if _, err := w.store.Click(ctx, id, false); err != nil { // a robot
					t.Fatal(err)
				}
				if err := o.ConfirmDelivery(ctx, xunjia.WeChatChannel, "msg-"+m.ClientMsgID, true, ""); err != nil {
					t.Fatal(err)
				}
			}
		}
		if link := w.sms.delivered[0].Params["link"]; !strings.HasPrefix(link, "k/") || len(link) != 21 {
			t.Errorf("link in the short message: %q", link)
		}
		w.time.advance(10 * time.Minute)
		q := w.quote(p, people[0])
		if _, err := w.store.AnswerQuote(ctx, q.ID, w.buyer, xunjia.Answer{Action: xunjia.Accept, Message: "好", Revision: 1}); err != nil {
			t.Fatal(err)
		}
		w.time.advance(time.Minute)
		if n, err := w.store.CountRounds(ctx, w.time.now(), 10); n != 1 || err != nil {
			t.Fatal(n, err)
		}
		if n := w.count("push_round WHERE matched = 5 AND sent = 5 AND delivered = 3 AND clicked = 2 AND quoted = 1 AND accepted = 1 AND declined = 0"); n != 1 {
			t.Error("the round is not counted")
		}
		if n := w.count("push_load WHERE supplier_id = ? AND reply = ? AND ignored = 0", people[0], 10*60*1000); n != 1 {
			t.Error("the time from click to quote is not kept")
		}
		if n, err := w.store.CountRounds(ctx, w.time.now(), 10); n != 0 || err != nil {
			t.Errorf("counted again at once: %d, %v", n, err)
		}
		if _, err := w.store.Click(ctx, 1<<40, true); xunjia.ErrorCode(err) != xunjia.NotFound {
			t.Errorf("unknown delivery: %v", err)
		}
	})
}

// A purchase that a hundred thousand follow is chosen from in the memory of
// those who are wanted.
func TestChoosingFromMany(t *testing.T) {
	if testing.Short() {
		t.Skip("fills a database")
	}
	w := newWorld(t, "sqlite", newFakeTime())
	w.pushSettings(`{"FirstSize": 200}`)
	w.people(20_000, true, 1)
	p := w.publish(1)
	work(t, w.outbox())
	if n := len(w.pushed(p.Lines[0].ID)); n != 200 {
		t.Errorf("%d pushed, want 200", n)
	}
}

// What still waits to be sent of a purchase that was closed is kept back, and
// old pushes are forgotten.
func TestClosedPurchaseKeepsItsMessagesBack(t *testing.T) {
	each(t, newFakeTime, func(t *testing.T, w *world) {
		fans := w.people(3, true, 1)
		w.people(2, false, 1)
		o := w.outbox()
		p := w.publish(1)
		if worked, err := o.expandNext(t.Context(), xunjia.MassLane); err != nil || !worked {
			t.Fatal(worked, err)
		}
		// One message may have arrived already: it is not touched.
		w.exec("UPDATE delivery SET first_try_at = next_at, attempt = 1 WHERE recipient = ?", fans[0])
		if _, err := w.store.ClosePurchase(t.Context(), p.ID, w.buyer, "不要了，谢谢各位"); err != nil {
			t.Fatal(err)
		}
		w.untilQuiet(o)
		const kept = "delivery WHERE kind = 'purchase.published' AND state = 'skipped' AND reason = '采购单已关闭，没有发送'"
		if n := w.count(kept); n != 4 {
			t.Errorf("%d messages kept back, want 4", n)
		}
		if len(w.sms.calls) != 0 {
			t.Errorf("%d short messages were sent", len(w.sms.calls))
		}

		if n, err := w.store.PrunePushes(t.Context(), w.time.now(), 100); err != nil || n != 0 {
			t.Errorf("pruned %d of today, %v", n, err)
		}
		w.time.advance(keepPushes + time.Hour)
		if err := o.prune(t.Context()); err != nil {
			t.Fatal(err)
		}
		if n := w.count("push"); n != 0 {
			t.Errorf("%d pushes are kept after half a year", n)
		}
		if n := w.count("push_round"); n != 1 {
			t.Errorf("%d rounds left, want the one with its counts", n)
		}
	})
}
