package store_test

import (
	"fmt"
	"regexp"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/xunjia/xunjia"
	"github.com/xunjia/xunjia/store"
	"github.com/xunjia/xunjia/store/storetest"
)

// person is what columns that hold a user's id are called. Whoever adds a column
// calls it so and adds it to the plan of merges.
var person = regexp.MustCompile(`(^|_)(user|users|buyer|supplier|seller|owner|receiver|sender|actor|recipient|partner|member|author|editor|` +
	`asker|answerer|inviter|invitee|rater|rated|reporter|reviewer|follower|customer|payer|payee|creator|visitor|viewer|other)(_id)?$|(^|_)by(_id)?$|^merged_into$`)

// A column that holds a user's id and that a merge does not know would be left
// with an account that is shut.
func TestMergeKnowsEveryColumn(t *testing.T) {
	s := storetest.Open(t, "sqlite", storetest.SQLite(t))
	var found []string
	for _, column := range strs(t, s.DB(), `SELECT m.name || '.' || c.name FROM sqlite_master m, pragma_table_info(m.name) c
		WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite_%' AND m.name NOT LIKE 'goose_%'`) {
		if person.MatchString(column[len(regexp.MustCompile(`^\w+\.`).FindString(column)):]) {
			found = append(found, column)
		}
	}
	plan := store.MergePlan()
	slices.Sort(plan)
	if d := cmp.Diff(found, plan); d != "" {
		t.Errorf("say in mergePlan what becomes of these when accounts are merged (-schema +plan):\n%s", d)
	}
	for _, name := range []string{"user_id", "buyer_id", "supplier_id", "owner_id", "receiver", "sender", "actor", "recipient", "created_by", "invited_by", "asker_id"} {
		if !person.MatchString(name) {
			t.Errorf("%s is not recognised", name)
		}
	}
	for _, name := range []string{"staff_id", "purchase_id", "id", "identity_id", "nearby_area", "user_agent"} {
		if person.MatchString(name) {
			t.Errorf("%s is taken for a person", name)
		}
	}
}

// ask begins the merge of two users, proved on both sides, and answers the
// session of the first one.
func (m market) ask(t *testing.T, mine, other int64) xunjia.Session {
	t.Helper()
	sess := proved(t, m.Store, mine)
	if err := m.AskMerge(t.Context(), sess.ID, mine, other, true); err != nil {
		t.Fatal(err)
	}
	return sess
}

// Everything of one account becomes the other's.
func TestMerge(t *testing.T) {
	eachMarket(t, func(t *testing.T, m market) {
		ctx := t.Context()
		kept, gone := m.user(t, 50, "留下的"), m.user(t, 51, "并入的")
		earlier := m.user(t, 52, "更早并入的")
		if _, err := m.Merge(ctx, m.ask(t, gone.ID, earlier.ID).ID, gone.ID, gone.ID); err != nil {
			t.Fatal(err)
		}
		wechat := fan(t, m.Store, "gone")
		if err := m.BindIdentity(ctx, wechat.ID, gone.ID); err != nil {
			t.Fatal(err)
		}
		follow := func(user int64, names ...string) {
			t.Helper()
			var ids []int64
			for _, n := range names {
				ids = append(ids, m.goods[n].ID)
			}
			if _, err := m.FollowCategories(ctx, user, ids); err != nil {
				t.Fatal(err)
			}
		}
		follow(kept.ID, "黄连", "当归")
		follow(gone.ID, "当归", "茯苓")
		s := proved(t, m.Store, gone.ID)
		if err := m.SetEmail(ctx, s.ID, gone.ID, "gone@example.com"); err != nil {
			t.Fatal(err)
		}
		s = proved(t, m.Store, kept.ID)
		if err := m.SetPassword(ctx, s.ID, kept.ID, "kept's"); err != nil {
			t.Fatal(err)
		}
		d := m.draft("黄连")
		d.Key = "one form"
		var purchases []int64
		for _, u := range []int64{kept.ID, gone.ID} {
			p, _, err := m.PublishPurchase(ctx, u, d)
			if err != nil {
				t.Fatal(err)
			}
			purchases = append(purchases, p.ID)
		}
		picture := m.picture(t, "gone's", gone.ID)
		q := m.quote(t, m.publish(t, "茯苓"), gone.ID, 500)
		event := rowID(t, m.Store, "SELECT MAX(id) FROM event")
		for _, r := range []int64{kept.ID, gone.ID} {
			change(t, m.Store, "INSERT INTO notification (event_id, type, status, sender, receiver, title, content, text, path, created_at) VALUES (?, 1, 0, ?, ?, '', '', '', '', 1)", event, gone.ID, r)
			change(t, m.Store, "INSERT INTO notification (type, status, sender, receiver, title, content, text, path, created_at) VALUES (4, 0, 0, ?, '', '', '', '', 1)", r)
			change(t, m.Store, "INSERT INTO growth_entry (user_id, task, subject, partner_id, points, event_id, created_at) VALUES (?, 1, 0, 0, 20, ?, 1)", r, 1000+r)
			change(t, m.Store, "INSERT INTO growth_entry (user_id, task, subject, partner_id, points, event_id, created_at) VALUES (?, 6, 0, 0, 3, ?, 1)", r, 2000+r)
			change(t, m.Store, "DELETE FROM growth_account WHERE user_id = ?", r)
			change(t, m.Store, "INSERT INTO growth_account (user_id, points, updated_at) VALUES (?, 23, 1)", r)
		}

		sess := m.ask(t, kept.ID, gone.ID)
		theirs, _ := start(t, m.Store, xunjia.Session{Kind: xunjia.UserSession, UserID: gone.ID})
		view, err := m.MergeOf(ctx, sess.ID, kept.ID)
		if err != nil || !view.Proved || view.Mine.Purchases != 1 || view.Other.Quotes != 1 || view.Other.Identities != 1 || view.Other.Categories != 2 ||
			view.Other.Email != "gone@example.com" || !view.Mine.HasPassword || view.SameLine != 0 {
			t.Fatalf("%+v, %v", view, err)
		}
		u, err := m.Merge(ctx, sess.ID, kept.ID, kept.ID)
		if err != nil || u.ID != kept.ID || u.Name != "留下的" {
			t.Fatal(u, err)
		}

		_, err = m.SessionByToken(ctx, theirs)
		wantCode(t, "the other's session", err, xunjia.Unauthorized)
		for _, phone := range []xunjia.Phone{gone.Phone, earlier.Phone} {
			if got, err := m.RegisterPhone(ctx, phone, 0); err != nil || got.ID != kept.ID {
				t.Errorf("the phone %s leads to %d, %v", phone, got.ID, err)
			}
		}
		if g, err := m.User(ctx, gone.ID); err != nil || !g.Disabled || g.Phone == gone.Phone {
			t.Errorf("%+v, %v", g, err)
		}
		if i, err := m.Identity(ctx, wechat.ID); err != nil || i.UserID != kept.ID {
			t.Errorf("WeChat of %d, %v", i.UserID, err)
		}
		if ids, err := m.FollowedCategories(ctx, kept.ID); err != nil || len(ids) != 3 {
			t.Errorf("follows %v, %v", ids, err)
		}
		for _, id := range purchases {
			if p, err := m.Purchase(ctx, id); err != nil || p.BuyerID != kept.ID {
				t.Errorf("purchase of %d, %v", p.BuyerID, err)
			}
		}
		if got, err := m.QuoteOf(ctx, q.LineID, kept.ID); err != nil || got.ID != q.ID || got.State != xunjia.Pending {
			t.Errorf("%+v, %v", got, err)
		}
		if got, err := m.Media(ctx, picture.Media); err != nil || got.OwnerID != kept.ID {
			t.Errorf("%+v, %v", got, err)
		}
		if n := rows(t, m.Store, "notification WHERE receiver = ?", kept.ID); n != 3 {
			t.Errorf("%d notifications, want that of the event once and both others", n)
		}
		if g, err := m.Growth(ctx, kept.ID); err != nil || g.Points != 26 || g.Ever[xunjia.RegisterTask] != 1 {
			t.Errorf("points %+v, %v", g, err)
		}
		try, err := m.BeginPasswordLogin(ctx, named(t, "gone@example.com"), home, false)
		if err != nil || try.UserID != kept.ID || try.Hash != "kept's" {
			t.Errorf("%+v, %v", try, err)
		}
		for _, column := range []string{"session WHERE user_id", "wechat_identity WHERE user_id", "credential WHERE user_id", "user_category WHERE user_id", "purchase WHERE buyer_id",
			"quote WHERE supplier_id", "notification WHERE receiver", "notification WHERE sender", "media WHERE owner_id", "growth_entry WHERE user_id", "growth_account WHERE user_id",
			"merge_request WHERE other_id", "merge_request WHERE user_id", "users WHERE merged_into", "event WHERE active = 1 AND actor"} {
			if n := rows(t, m.Store, column+" = ?", gone.ID); n != 0 {
				t.Errorf("%s still names the shut account in %d rows", column, n)
			}
		}
		wantCode(t, "again", func() error { _, err := m.Merge(ctx, sess.ID, kept.ID, kept.ID); return err }(), xunjia.Unauthorized)
		wantCode(t, "with the shut one", m.AskMerge(ctx, sess.ID, kept.ID, gone.ID, true), xunjia.Conflict)
		// A phone of before can become his phone.
		if err := m.Prove(ctx, sess.ID, kept.ID); err != nil {
			t.Fatal(err)
		}
		if err := m.SetPhone(ctx, sess.ID, kept.ID, gone.Phone); err != nil {
			t.Error(err)
		}
		if got, err := m.RegisterPhone(ctx, gone.Phone, 0); err != nil || got.ID != kept.ID {
			t.Errorf("%+v, %v", got, err)
		}
		if got, err := m.RegisterPhone(ctx, kept.Phone, 0); err != nil || got.ID == kept.ID {
			t.Errorf("the phone that he gave up leads to %+v, %v", got, err)
		}
	})
}

func rowID(t *testing.T, s *store.Store, query string) (id int64) {
	t.Helper()
	if err := s.DB().QueryRowContext(t.Context(), query).Scan(&id); err != nil {
		t.Fatal(err)
	}
	return id
}

// Quotes that get into each other's way, and those on one's own purchases.
func TestMergeQuotes(t *testing.T) {
	eachMarket(t, func(t *testing.T, m market) {
		ctx := t.Context()
		kept, gone := m.user(t, 50, "留下的"), m.user(t, 51, "并入的")
		answer := func(q xunjia.Quote, a xunjia.QuoteAction) {
			t.Helper()
			if _, err := m.AnswerQuote(ctx, q.ID, m.buyer.ID, xunjia.Answer{Action: a, Message: "价格偏高", Revision: q.Revision}); err != nil {
				t.Fatal(err)
			}
		}
		both := func() (p xunjia.Purchase, a, b xunjia.Quote) {
			p = m.publish(t, "黄连")
			a = m.quote(t, p, kept.ID, 100)
			m.clock.advance(time.Second)
			b = m.quote(t, p, gone.ID, 200)
			return p, a, b
		}
		newer, newerA, newerB := both()
		taken, takenA, takenB := both()
		answer(takenA, xunjia.Accept)
		refused, refusedA, refusedB := both()
		answer(refusedB, xunjia.Refuse)
		own, _, err := m.PublishPurchase(ctx, kept.ID, m.draft("当归"))
		if err != nil {
			t.Fatal(err)
		}
		onOwn := m.quote(t, own, gone.ID, 300)
		foreign := m.quote(t, own, m.supplier.ID, 310)

		sess := m.ask(t, kept.ID, gone.ID)
		if v, err := m.MergeOf(ctx, sess.ID, kept.ID); err != nil || v.SameLine != 3 || v.BothTaken != 0 || v.Own != 1 {
			t.Errorf("%+v, %v", v, err)
		}
		if _, err := m.Merge(ctx, sess.ID, kept.ID, kept.ID); err != nil {
			t.Fatal(err)
		}
		for _, c := range []struct {
			name     string
			quote    int64
			supplier int64
			state    xunjia.QuoteState
		}{
			{"older", newerA.ID, gone.ID, xunjia.Withdrawn}, {"newer", newerB.ID, kept.ID, xunjia.Pending},
			{"accepted", takenA.ID, kept.ID, xunjia.Accepted}, {"beside the accepted", takenB.ID, gone.ID, xunjia.Withdrawn},
			{"beside the refused", refusedA.ID, kept.ID, xunjia.Pending}, {"refused", refusedB.ID, gone.ID, xunjia.Refused},
			{"on the own purchase", onOwn.ID, kept.ID, xunjia.Withdrawn}, {"somebody else's", foreign.ID, m.supplier.ID, xunjia.Pending},
		} {
			if n := rows(t, m.Store, "quote WHERE id = ? AND supplier_id = ? AND state = ?", c.quote, c.supplier, c.state); n != 1 {
				t.Errorf("%s is not of %d and %s", c.name, c.supplier, c.state)
			}
		}
		for p, want := range map[int64]int{newer.ID: 1, taken.ID: 1, refused.ID: 2, own.ID: 1} {
			if got, err := m.Purchase(ctx, p); err != nil || got.QuoteCount != want || got.Lines[0].QuoteCount != want {
				t.Errorf("purchase %d counts %d and %d quotes, want %d, %v", p, got.QuoteCount, got.Lines[0].QuoteCount, want, err)
			}
		}
		if n := events(t, m.Store, xunjia.QuoteWithdrawn, newer.ID); n != 1 {
			t.Errorf("%d events", n)
		}
	})
}

func TestMergeRefuses(t *testing.T) {
	eachMarket(t, func(t *testing.T, m market) {
		ctx := t.Context()
		a, b := m.user(t, 50, "张甲"), m.user(t, 51, "李乙")
		sess := proved(t, m.Store, a.ID)
		merge := func(session string, user, keep int64) error {
			_, err := m.Merge(ctx, session, user, keep)
			return err
		}
		wantCode(t, "nothing begun", merge(sess.ID, a.ID, a.ID), xunjia.NotFound)
		wantCode(t, "with oneself", m.AskMerge(ctx, sess.ID, a.ID, a.ID, true), xunjia.Invalid)
		wantCode(t, "with nobody", m.AskMerge(ctx, sess.ID, a.ID, 99999, true), xunjia.NotFound)
		if err := m.AskMerge(ctx, sess.ID, a.ID, b.ID, false); err != nil {
			t.Fatal(err)
		}
		wantCode(t, "the other is not proved", merge(sess.ID, a.ID, a.ID), xunjia.NotFound)
		other := proved(t, m.Store, b.ID)
		wantCode(t, "proved from elsewhere", m.ProveMerge(ctx, other.ID, b.ID), xunjia.NotFound)
		_, err := m.MergeOf(ctx, other.ID, b.ID)
		wantCode(t, "seen from elsewhere", err, xunjia.NotFound)
		if err := m.ProveMerge(ctx, sess.ID, a.ID); err != nil {
			t.Fatal(err)
		}
		wantCode(t, "another's session", merge(sess.ID, b.ID, a.ID), xunjia.Unauthorized)
		before := written(t, m.Store)
		wantCode(t, "a stranger is kept", merge(sess.ID, a.ID, m.buyer.ID), xunjia.Invalid)
		change(t, m.Store, "UPDATE users SET disabled = 1 WHERE id = ?", b.ID)
		wantCode(t, "disabled", merge(sess.ID, a.ID, a.ID), xunjia.Conflict)
		change(t, m.Store, "UPDATE users SET disabled = 0, company_id = 1 WHERE id = ?", b.ID)
		change(t, m.Store, "UPDATE users SET company_id = 2 WHERE id = ?", a.ID)
		wantCode(t, "two companies", merge(sess.ID, a.ID, a.ID), xunjia.Conflict)
		change(t, m.Store, "UPDATE users SET company_id = 0")
		if d := cmp.Diff(before, written(t, m.Store)); d != "" {
			t.Errorf("a refused merge left something behind:\n%s", d)
		}
		p := m.publish(t, "黄连")
		for _, u := range []int64{a.ID, b.ID} {
			q := m.quote(t, p, u, 100)
			if _, err := m.AnswerQuote(ctx, q.ID, m.buyer.ID, xunjia.Answer{Action: xunjia.Accept, Revision: 1, Quantity: 50_000}); err != nil {
				t.Fatal(err)
			}
		}
		if v, err := m.MergeOf(ctx, sess.ID, a.ID); err != nil || v.BothTaken != 1 {
			t.Errorf("%+v, %v", v, err)
		}
		before = written(t, m.Store)
		wantCode(t, "two promises", merge(sess.ID, a.ID, a.ID), xunjia.Conflict)
		if d := cmp.Diff(before, written(t, m.Store)); d != "" {
			t.Errorf("a refused merge left something behind:\n%s", d)
		}
		if err := m.DropMerge(ctx, sess.ID); err != nil {
			t.Fatal(err)
		}
		wantCode(t, "dropped", m.ProveMerge(ctx, sess.ID, a.ID), xunjia.NotFound)
		if err := m.AskMerge(ctx, sess.ID, a.ID, b.ID, true); err != nil {
			t.Fatal(err)
		}
		m.clock.advance(xunjia.MergeLifetime)
		if err := m.Prove(ctx, sess.ID, a.ID); err != nil {
			t.Fatal(err)
		}
		wantCode(t, "too late", merge(sess.ID, a.ID, a.ID), xunjia.NotFound)
	})
}

// Both accounts begin a merge with each other, on two instances: one succeeds.
func TestMergeOnce(t *testing.T) {
	eachIsolation(t, func(t *testing.T, m market, stores [2]*store.Store) {
		for round := range 5 {
			a, b := m.user(t, 100+2*round, "张甲"), m.user(t, 101+2*round, "李乙")
			sessions := []xunjia.Session{m.ask(t, a.ID, b.ID), m.ask(t, b.ID, a.ID)}
			won := make([]bool, 4)
			var wg sync.WaitGroup
			for i := range won {
				wg.Go(func() {
					mine := []int64{a.ID, b.ID}[i%2]
					_, err := stores[i/2].Merge(t.Context(), sessions[i%2].ID, mine, mine)
					won[i] = err == nil
					switch xunjia.ErrorCode(err) {
					case "", xunjia.Unauthorized, xunjia.NotFound, xunjia.Conflict:
					default:
						t.Errorf("%d: %v", i, err)
					}
				})
			}
			wg.Wait()
			if n := len(slices.DeleteFunc(won, func(w bool) bool { return !w })); n != 1 {
				t.Errorf("%d merges succeeded", n)
			}
			if n := rows(t, m.Store, "users WHERE id IN (?, ?) AND disabled = 0", a.ID, b.ID); n != 1 {
				t.Errorf("%d accounts remain", n)
			}
		}
	})
}

// While accounts are merged the one that goes quotes and publishes: all of it
// comes before, and is the kept one's, or after, and is refused.
func TestMergeWhileQuoting(t *testing.T) {
	eachIsolation(t, func(t *testing.T, m market, stores [2]*store.Store) {
		for round := range 6 {
			kept, gone := m.user(t, 100+2*round, "留下的"), m.user(t, 101+2*round, "并入的")
			p := m.publish(t, "黄连", "当归", "茯苓")
			m.quote(t, p, kept.ID, 100)
			sess := m.ask(t, kept.ID, gone.ID)
			var wg sync.WaitGroup
			began := make(chan struct{})
			work := func(f func() error) {
				wg.Go(func() {
					<-began
					switch err := f(); xunjia.ErrorCode(err) {
					case "", xunjia.Forbidden:
					default:
						t.Errorf("round %d: %v", round, err)
					}
				})
			}
			for i := range p.Lines {
				work(func() error {
					_, _, err := stores[i%2].SubmitQuote(t.Context(), p.Lines[i].ID, gone.ID, xunjia.Offer{Price: xunjia.Fen(200 + i)})
					return err
				})
			}
			work(func() error {
				_, _, err := stores[0].PublishPurchase(t.Context(), gone.ID, m.draft("黄连"))
				return err
			})
			work(func() error {
				_, err := stores[1].Merge(t.Context(), sess.ID, kept.ID, kept.ID)
				return err
			})
			close(began)
			wg.Wait()
			if n := rows(t, m.Store, "users WHERE id = ? AND merged_into = ?", gone.ID, kept.ID); n != 1 {
				t.Fatalf("round %d: not merged", round)
			}
			for _, left := range []string{"purchase WHERE buyer_id = ?", fmt.Sprintf("quote WHERE supplier_id = ? AND state <> %d", xunjia.Withdrawn)} {
				if n := rows(t, m.Store, left, gone.ID); n != 0 {
					t.Errorf("round %d: %d rows left: %s", round, n, left)
				}
			}
			stand := rows(t, m.Store, "quote WHERE purchase_id = ? AND state = 0", p.ID)
			if got, err := m.Purchase(t.Context(), p.ID); err != nil || got.QuoteCount != stand {
				t.Errorf("round %d: %d quotes counted, %d stand, %v", round, got.QuoteCount, stand, err)
			}
		}
	})
}
