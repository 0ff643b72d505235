package outbox

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/xunjia/xunjia"
	"github.com/xunjia/xunjia/sms"
)

// BenchmarkFanOut publishes a purchase that 1,000 fans follow, in one round, and
// queues what they are told: 1,000 pushes, 1,000 inbox rows and 1,000 deliveries,
// and the row that counts what each person was pushed lately changes. In turns with it, rows of
// the same content go into the same tables by the database's own bulk insert.
// purchases/s counts from the publishing until the last delivery is queued;
// of-bulk is how much of the bulk insert's speed the fan-out reaches, the median
// of the rounds.
func BenchmarkFanOut(b *testing.B) {
	const followers = 1000
	for _, driver := range []string{"sqlite", "mysql"} {
		b.Run(driver, func(b *testing.B) {
			w := newWorld(b, driver, nil)
			w.people(followers, true, 1)
			o := w.outbox()
			var whole, fanOut, bulk []time.Duration
			var ofBulk []float64
			event := int64(1 << 40) // apart from the real ones
			for b.Loop() {
				began := time.Now()
				w.publish(1)
				published := time.Now()
				if worked, err := o.expandNext(b.Context(), xunjia.MassLane); err != nil || !worked {
					b.Fatal(worked, err)
				}
				queued := time.Now()

				rows := bulkRows(followers, event)
				event++
				inserting := time.Now()
				w.bulkInsert(rows)
				inserted := time.Since(inserting)
				whole, fanOut, bulk = append(whole, queued.Sub(began)), append(fanOut, queued.Sub(published)), append(bulk, inserted)
				ofBulk = append(ofBulk, inserted.Seconds()/queued.Sub(published).Seconds())
			}
			if n := w.count("notification WHERE event_id < 1099511627776"); n != b.N*followers {
				b.Fatalf("%d told, want %d", n, b.N*followers)
			}
			if n := w.count("delivery WHERE event_id < 1099511627776"); n != b.N*followers {
				b.Fatalf("%d deliveries queued, want %d", n, b.N*followers)
			}
			b.ReportMetric(0, "ns/op")
			b.ReportMetric(1/median(whole).Seconds(), "purchases/s")
			b.ReportMetric(4*followers/median(fanOut).Seconds(), "rows/s")
			b.ReportMetric(4*followers/median(bulk).Seconds(), "bulk-rows/s")
			b.ReportMetric(median(ofBulk), "of-bulk")
		})
	}
}

// BenchmarkFanOutLarge tells 100,000 fans of one purchase. of-bulk is as in
// BenchmarkFanOut. Then another 100,000 are told while the instance sends, and
// meanwhile somebody publishes and somebody waits for a code: publish-ms and
// code-ms are the median and worst of what that takes, code-ms until the provider
// has the message.
func BenchmarkFanOutLarge(b *testing.B) {
	const followers = 100_000
	for _, driver := range []string{"sqlite", "mysql"} {
		b.Run(driver, func(b *testing.B) {
			w := newWorld(b, driver, nil)
			for range followers / 10_000 {
				w.people(10_000, true, 1)
			}
			o := w.outbox()
			var fanOut, bulk, publishing, coding []time.Duration
			arrived := make(chan struct{}, 1)
			w.sms.arrived = func(sms.Message) { arrived <- struct{}{} }
			for i := range int64(b.N) {
				w.publish(1)
				began := time.Now()
				if worked, err := o.expandNext(b.Context(), xunjia.MassLane); err != nil || !worked {
					b.Fatal(worked, err)
				}
				fanOut = append(fanOut, time.Since(began))
				rows := bulkRows(followers, 1<<40+i)
				began = time.Now()
				w.bulkInsert(rows)
				bulk = append(bulk, time.Since(began))
				w.exec("UPDATE delivery SET active = 0, state = 'skipped'")

				p := w.publish(1)
				ctx, stop := context.WithCancel(b.Context())
				ended := make(chan error, 1)
				go func() { ended <- o.Run(ctx) }()
				for w.count("event WHERE purchase_id = ? AND active = 1", p.ID) > 0 {
					began := time.Now()
					w.publish(2)
					publishing = append(publishing, time.Since(began))
					began = time.Now()
					if err := o.SendCode(b.Context(), xunjia.Phone(phoneOf(int64(len(coding)))), "123456"); err != nil {
						b.Fatal(err)
					}
					<-arrived
					coding = append(coding, time.Since(began))
					<-time.After(100 * time.Millisecond)
				}
				stop()
				if err := <-ended; err != nil {
					b.Fatal(err)
				}
			}
			if n := w.count("notification WHERE event_id < 1099511627776 AND receiver <> ?", w.buyer); n != 2*b.N*followers {
				b.Fatalf("%d told, want %d", n, 2*b.N*followers)
			}
			b.ReportMetric(0, "ns/op")
			b.ReportMetric(followers/median(fanOut).Seconds(), "people/s")
			b.ReportMetric(median(bulk).Seconds()/median(fanOut).Seconds(), "of-bulk")
			b.ReportMetric(median(publishing).Seconds()*1000, "publish-ms")
			b.ReportMetric(slices.Max(publishing).Seconds()*1000, "worst-publish-ms")
			b.ReportMetric(median(coding).Seconds()*1000, "code-ms")
			b.ReportMetric(slices.Max(coding).Seconds()*1000, "worst-code-ms")
		})
	}
}

// BenchmarkChoose chooses the 200 whom the first round of a purchase tells from
// 20,000 who follow its goods: the longer way, on which everybody is looked at
// and scored.
func BenchmarkChoose(b *testing.B) {
	const followers = 20_000
	for _, driver := range []string{"sqlite", "mysql"} {
		b.Run(driver, func(b *testing.B) {
			w := newWorld(b, driver, nil)
			w.pushSettings(`{"FirstSize": 200, "DayCap": 1000000, "WeekCap": 1000000}`)
			w.people(followers, true, 1)
			o := w.outbox()
			var took []time.Duration
			for b.Loop() {
				w.publish(1)
				began := time.Now()
				if worked, err := o.expandNext(b.Context(), xunjia.MassLane); err != nil || !worked {
					b.Fatal(worked, err)
				}
				took = append(took, time.Since(began))
			}
			if n := w.count("push"); n != b.N*200 {
				b.Fatalf("%d pushed, want %d", n, b.N*200)
			}
			b.ReportAllocs()
			b.ReportMetric(followers/median(took).Seconds(), "people/s")
		})
	}
}

// median is the middle one of some measurements; others on the machine disturb
// it less than a mean.
func median[T float64 | time.Duration](values []T) T {
	return slices.Sorted(slices.Values(values))[len(values)/2]
}

// bulkRows makes rows like those of a fan-out.
func bulkRows(n int, event int64) (tables []bulkTable) {
	var notes, deliveries, pushes, loads [][]any
	body := payload{
		Title: xunjia.TemplateNewPurchase, Template: "template-" + xunjia.TemplateNewPurchase, Path: "/purchases/1",
		Data: map[string]string{"thing0": "黄连", "thing1": "500公斤", "thing2": "四川省成都市锦江区", "thing3": "2026-11-26 18:00", "thing4": "药商1"},
		SMS:  &smsPart{Key: xunjia.SMSNewPurchase, Params: map[string]string{"name": "黄连", "quantity": "500公斤", "deadline": "11月26日 18:00"}},
	}.encode()
	now := time.Now().UnixMilli()
	for i := range int64(n) {
		person := i + 2
		notes = append(notes, []any{event, 2, 0, 1, person, "新的采购需求：黄连", "1", "药商1 求购 黄连 统货 500公斤，11月26日 18:00 截止报价。", "/purchases/1", now})
		deliveries = append(deliveries, []any{event, string(xunjia.PurchasePublished), person, "wechat", 2, "pending", 1,
			openIDOf(person), body, 0, 0, now, now, "", "", "", now, 0})
		pushes = append(pushes, []any{event, person, event, 450, "关注该品种 +150，同区县 +250，三天没有推送 +40，近 9 次推送没有点开，减为 80%", now})
		loads = append(loads, []any{event*int64(n) + person, 3, 9, 9, now, 0, 0})
	}
	return []bulkTable{
		{"notification (event_id, type, status, sender, receiver, title, content, text, path, created_at)", notes},
		{"delivery (event_id, kind, recipient, channel, lane, state, active, address, payload, attempt, first_try_at, next_at, " +
			"expires_at, owner, message_id, reason, created_at, sent_at)", deliveries},
		{"push (line_id, supplier_id, round_id, score, why, created_at)", pushes},
		{"push_load (supplier_id, day_count, week_count, ignored, pushed_at, reacted_at, reply)", loads},
	}
}

// bulkTable is rows of one table.
type bulkTable struct {
	into string
	rows [][]any
}

// bulkInsert writes the rows in transactions of 500 people, as the fan-out does.
func (w *world) bulkInsert(tables []bulkTable) {
	w.t.Helper()
	const batch = 500
	ctx := w.t.Context()
	for i := 0; i < len(tables[0].rows); i += batch {
		tx, err := w.db.BeginTx(ctx, nil)
		if err != nil {
			w.t.Fatal(err)
		}
		for _, t := range tables {
			rows := t.rows[i : i+batch]
			one := "(" + strings.TrimSuffix(strings.Repeat("?,", len(rows[0])), ",") + ")"
			var args []any
			for _, r := range rows {
				args = append(args, r...)
			}
			query := fmt.Sprintf("INSERT INTO %s VALUES %s", t.into, strings.TrimSuffix(strings.Repeat(one+",", len(rows)), ","))
			if _, err := tx.ExecContext(ctx, query, args...); err != nil {
				w.t.Fatal(err)
			}
		}
		if err := tx.Commit(); err != nil {
			w.t.Fatal(err)
		}
	}
}
