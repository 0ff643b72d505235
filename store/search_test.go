package store_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/xunjia/xunjia"
	"github.com/xunjia/xunjia/store/storetest"
)

// shop is a market without the sample requests, so that a search finds only what
// a test published.
type shop struct {
	market
	t *testing.T
}

func eachShop(t *testing.T, f func(t *testing.T, m shop)) {
	t.Helper()
	eachMarket(t, func(t *testing.T, m market) {
		change(t, m.Store, "UPDATE purchase SET status = 0")
		change(t, m.Store, "UPDATE purchase_line SET status = 0")
		f(t, shop{m, t})
	})
}

// ask publishes a request; edit changes what is asked for.
func (m shop) ask(goods string, edit func(d *xunjia.Draft)) int64 {
	m.t.Helper()
	m.clock.advance(time.Second)
	d := m.draft(goods)
	if edit != nil {
		edit(&d)
	}
	p, _, err := m.PublishPurchase(m.t.Context(), m.buyer.ID, d)
	if err != nil {
		m.t.Fatal(err)
	}
	return p.ID
}

// search reads every part of what the viewer finds.
func (m shop) search(q xunjia.Search, viewer xunjia.User, limit int) (ids []int64) {
	m.t.Helper()
	if err := q.Validate(); err != nil {
		m.t.Fatal(err)
	}
	page := xunjia.Page{Limit: limit}
	for range 50 {
		part, err := m.SearchPurchases(m.t.Context(), q, viewer, page)
		if err != nil {
			m.t.Fatal(err)
		}
		for _, p := range part.Items {
			ids = append(ids, p.ID)
		}
		if part.Next == "" {
			return ids
		}
		page.After = part.Next
	}
	m.t.Fatal("the list does not end")
	return nil
}

func (m shop) finds(name string, q xunjia.Search, want ...int64) {
	m.t.Helper()
	for _, limit := range []int{0, 1, 2} {
		if diff := cmp.Diff(want, m.search(q, m.supplier, limit)); diff != "" {
			m.t.Errorf("%s, %d a page (-want +got):\n%s", name, limit, diff)
		}
	}
}

func TestSearchPurchases(t *testing.T) {
	eachShop(t, func(t *testing.T, m shop) {
		day := 24 * time.Hour
		coptis := m.ask("黄连", func(d *xunjia.Draft) {
			d.Area, d.Lines[0].Spec, d.Lines[0].CapPrice = "341602", "单枝 统货", 150_00
			d.Deadline = m.clock.now().Add(10 * day)
		})
		angelica := m.ask("当归", func(d *xunjia.Draft) {
			d.Area, d.Lines[0].Origin = "341202", "甘肃岷县"
			d.Deadline = m.clock.now().Add(2 * day)
		})
		both := m.ask("黄连", func(d *xunjia.Draft) {
			d.Area, d.Lines[0].CapPrice = "510104", 250_00
			d.Lines = append(d.Lines, d.Lines[0], xunjia.Line{CategoryID: m.goods["菊花"].ID, Quantity: 1000, Unit: "公斤", Spec: "胎菊"})
			d.Deadline = m.clock.now().Add(5 * time.Hour)
		})
		group := m.goods["黄连"].ParentID
		m.finds("everything", xunjia.Search{}, both, angelica, coptis)
		m.finds("nearest deadline", xunjia.Search{EndingSoon: true}, both, angelica, coptis)
		m.finds("goods", xunjia.Search{Category: m.goods["黄连"].ID}, both, coptis)
		m.finds("goods, nearest deadline", xunjia.Search{Category: m.goods["黄连"].ID, EndingSoon: true}, both, coptis)
		m.finds("a group", xunjia.Search{Category: group}, both, angelica, coptis)
		m.finds("another group", xunjia.Search{Category: m.goods["菊花"].ParentID}, both)
		m.finds("goods nobody wants", xunjia.Search{Category: m.goods["天麻"].ID})
		m.finds("unknown goods", xunjia.Search{Category: 99999})
		m.finds("province", xunjia.Search{Area: "340000"}, angelica, coptis)
		m.finds("city", xunjia.Search{Area: "341600"}, coptis)
		m.finds("city, nearest deadline", xunjia.Search{Area: "341600", EndingSoon: true}, coptis)
		m.finds("goods and province", xunjia.Search{Category: m.goods["黄连"].ID, Area: "340000"}, coptis)
		m.finds("goods and city", xunjia.Search{Category: m.goods["黄连"].ID, Area: "510100"}, both)
		m.finds("goods and province, nearest deadline", xunjia.Search{Category: m.goods["黄连"].ID, Area: "340000", EndingSoon: true}, coptis)
		m.finds("today", xunjia.Search{Within: xunjia.EndsToday}, slices.DeleteFunc([]int64{both}, func(int64) bool {
			return xunjia.Day(m.clock.now().Add(5*time.Hour)) != xunjia.Day(m.clock.now())
		})...)
		m.finds("in three days", xunjia.Search{Within: xunjia.EndsIn3Days}, both, angelica)
		m.finds("in seven days", xunjia.Search{Within: xunjia.EndsIn7Days, EndingSoon: true}, both, angelica)
		m.finds("with a cap", xunjia.Search{Cap: xunjia.WithCap}, both, coptis)
		m.finds("without", xunjia.Search{Cap: xunjia.NoCap}, both, angelica) // 菊花 has none
		m.finds("from 200", xunjia.Search{MinCap: 200_00}, both)
		m.finds("to 200", xunjia.Search{MaxCap: 200_00}, coptis)
		m.finds("between", xunjia.Search{MinCap: 160_00, MaxCap: 200_00})
		m.finds("the cap is that of the goods", xunjia.Search{Category: m.goods["菊花"].ID, Cap: xunjia.WithCap})
		m.finds("name", xunjia.Search{Text: "黄连"}, both, coptis)
		m.finds("alias", xunjia.Search{Text: "味连"}, both, coptis)
		m.finds("initials", xunjia.Search{Text: "HL"}, both, coptis)
		m.finds("beginning of a name", xunjia.Search{Text: "当"}, angelica)
		m.finds("name and specification", xunjia.Search{Text: "黄连 统货"}, coptis)
		m.finds("specification", xunjia.Search{Text: "胎菊"}, both)
		m.finds("origin", xunjia.Search{Text: "岷县"}, angelica)
		m.finds("nothing", xunjia.Search{Text: "100%_"})
		m.finds("a name outside the chosen group", xunjia.Search{Text: "黄连", Category: m.goods["菊花"].ID})
		p, err := m.Purchase(t.Context(), coptis)
		if err != nil {
			t.Fatal(err)
		}
		m.finds("number", xunjia.Search{Text: p.Number, Category: m.goods["菊花"].ID}, coptis)
		m.finds("another number", xunjia.Search{Text: "2099010100000000"})

		// What the supplier has quoted on, is his or is closed cannot be quoted on.
		m.finds("quotable", xunjia.Search{Quotable: true}, both, angelica, coptis)
		m.quote(t, p, m.supplier.ID, 100_00)
		q := m.quote(t, must(m.Purchase(t.Context(), angelica)), m.supplier.ID, 100_00)
		m.finds("quotable after quoting", xunjia.Search{Quotable: true}, both)
		m.finds("quotable of the goods", xunjia.Search{Quotable: true, Category: m.goods["黄连"].ID}, both)
		if _, err := m.WithdrawQuote(t.Context(), q.ID, m.supplier.ID, ""); err != nil {
			t.Fatal(err)
		}
		m.finds("quotable after withdrawing", xunjia.Search{Quotable: true}, both, angelica)
		if mine := m.search(xunjia.Search{Quotable: true}, m.buyer, 0); len(mine) != 0 {
			t.Errorf("the buyer could quote on %v", mine)
		}

		// Followed.
		if got := m.search(xunjia.Search{Followed: true}, m.supplier, 0); len(got) != 0 {
			t.Errorf("who follows nothing sees %v", got)
		}
		if _, err := m.FollowCategories(t.Context(), m.supplier.ID, []int64{m.goods["菊花"].ID, m.goods["当归"].ID}); err != nil {
			t.Fatal(err)
		}
		m.finds("followed", xunjia.Search{Followed: true}, both, angelica)
		m.finds("followed in a group", xunjia.Search{Followed: true, Category: group}, angelica)

		// Over.
		m.finds("none is over", xunjia.Search{Ended: true})
		if _, err := m.EndPurchase(t.Context(), angelica, m.buyer.ID); err != nil {
			t.Fatal(err)
		}
		m.finds("over", xunjia.Search{Ended: true}, angelica)
		m.finds("over, of the goods", xunjia.Search{Ended: true, Category: m.goods["当归"].ID}, angelica)
		m.finds("open still", xunjia.Search{}, both, coptis)
		m.clock.advance(6 * time.Hour)
		m.finds("past its deadline", xunjia.Search{}, coptis)
		m.finds("past its deadline, by deadline", xunjia.Search{EndingSoon: true}, coptis)
		m.finds("past its deadline, goods", xunjia.Search{Category: m.goods["菊花"].ID}, nil...)
	})
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// A request for invited suppliers is found nowhere but by its buyer, among his
// own; a sealed one is found like any other.
func TestInvitedRequestsAreFoundNowhere(t *testing.T) {
	eachShop(t, func(t *testing.T, m shop) {
		ctx := t.Context()
		mode := func(mode xunjia.PurchaseMode) func(*xunjia.Draft) {
			return func(d *xunjia.Draft) {
				d.Mode, d.Area, d.Lines[0].CapPrice, d.Lines[0].Spec = mode, "341602", 10_00, "统货"
			}
		}
		sealed := m.ask("黄连", mode(xunjia.SealedMode))
		hidden := m.ask("黄连", mode(xunjia.InvitedMode))
		if _, err := m.FollowCategories(ctx, m.supplier.ID, []int64{m.goods["黄连"].ID}); err != nil {
			t.Fatal(err)
		}
		p := must(m.Purchase(ctx, hidden))
		coptis := m.goods["黄连"].ID
		searches := []xunjia.Search{{}, {EndingSoon: true}, {Category: coptis}, {Category: coptis, EndingSoon: true}, {Category: coptis, Area: "340000"},
			{Category: m.goods["黄连"].ParentID}, {Area: "340000"}, {Area: "341600"}, {Area: "340000", EndingSoon: true}, {Within: xunjia.EndsIn3Days},
			{Cap: xunjia.WithCap}, {MinCap: 1}, {Text: "黄连"}, {Text: "统货"}, {Quotable: true}, {Followed: true}}
		for _, q := range searches {
			for _, viewer := range []xunjia.User{{}, m.supplier, m.buyer} {
				if viewer.ID != m.supplier.ID && (q.Followed || q.Quotable) {
					continue
				}
				if diff := cmp.Diff([]int64{sealed}, m.search(q, viewer, 0)); diff != "" {
					t.Errorf("%+v for user %d (-want +got):\n%s", q, viewer.ID, diff)
				}
			}
		}
		for _, viewer := range []xunjia.User{{}, m.supplier} {
			if got := m.search(xunjia.Search{Text: p.Number}, viewer, 0); len(got) != 0 {
				t.Errorf("found by number: %v", got)
			}
		}
		if diff := cmp.Diff([]int64{hidden}, m.search(xunjia.Search{Text: p.Number}, m.buyer, 0)); diff != "" {
			t.Errorf("the buyer by number:\n%s", diff)
		}
		lists := map[string]func() ([]xunjia.Purchase, error){
			"open": func() ([]xunjia.Purchase, error) {
				l, err := m.OpenPurchases(ctx, xunjia.Page{})
				return l.Items, err
			},
			"of goods": func() ([]xunjia.Purchase, error) { return m.OpenPurchasesOf(ctx, coptis, 5) },
			"home of a guest": func() ([]xunjia.Purchase, error) {
				part, err := m.Home(ctx, 0, xunjia.Page{})
				return append(part.Followed, part.Others...), err
			},
			"home of a member": func() ([]xunjia.Purchase, error) {
				part, err := m.Home(ctx, m.supplier.ID, xunjia.Page{})
				return append(part.Followed, part.Others...), err
			},
		}
		for name, list := range lists {
			if got, err := list(); err != nil || len(got) != 1 || got[0].ID != sealed {
				t.Errorf("%s: %d, %v", name, len(got), err)
			}
		}
		mine, err := m.PurchasesOf(ctx, m.buyer.ID, xunjia.Page{})
		if err != nil || len(mine.Items) != 2 {
			t.Errorf("the buyer's own: %d, %v", len(mine.Items), err)
		}
		// Nor once they are over.
		m.clock.advance(25 * time.Hour)
		if n, err := m.EndDuePurchases(ctx, 10); err != nil || n != 2 {
			t.Fatal(n, err)
		}
		m.finds("over", xunjia.Search{Ended: true}, sealed)
		m.finds("over, goods", xunjia.Search{Ended: true, Category: coptis}, sealed)
	})
}

func TestHome(t *testing.T) {
	eachShop(t, func(t *testing.T, m shop) {
		ctx := t.Context()
		var followed, others []int64
		for i := range 47 {
			if i%3 != 0 {
				others = append(others, m.ask("当归", nil))
				continue
			}
			// Followed also when only one of its lines is.
			followed = append(followed, m.ask("当归", func(d *xunjia.Draft) {
				d.Lines = append(d.Lines, xunjia.Line{CategoryID: m.goods["黄连"].ID, Quantity: 1000, Unit: "公斤"})
			}))
		}
		slices.Reverse(followed)
		slices.Reverse(others)
		read := func(user int64, limit int) (first, second []int64, parts []string) {
			page := xunjia.Page{Limit: limit}
			for range 60 {
				part, err := m.Home(ctx, user, page)
				if err != nil {
					t.Fatal(err)
				}
				for _, p := range part.Followed {
					first = append(first, p.ID)
				}
				for _, p := range part.Others {
					second = append(second, p.ID)
				}
				parts = append(parts, fmt.Sprintf("%d+%d", len(part.Followed), len(part.Others)))
				if page.After = part.Next; page.After == "" {
					return first, second, parts
				}
			}
			t.Fatal("the list does not end")
			return nil, nil, nil
		}
		all := append(append([]int64{}, followed...), others...)
		slices.SortFunc(all, func(a, b int64) int { return int(b - a) })
		if first, second, _ := read(0, 0); len(first) != 0 || cmp.Diff(all, second) != "" {
			t.Errorf("a guest sees %v and %v", first, second)
		}
		if first, second, _ := read(m.supplier.ID, 0); len(first) != 0 || cmp.Diff(all, second) != "" {
			t.Errorf("who follows nothing sees %v and %v", first, second)
		}
		if _, err := m.FollowCategories(ctx, m.supplier.ID, []int64{m.goods["黄连"].ID}); err != nil {
			t.Fatal(err)
		}
		for limit, want := range map[int]string{20: "16+4 0+20 0+7", 16: "16+0 0+16 0+15", 8: "8+0 8+0 0+8 0+8 0+8 0+7", 1: ""} {
			first, second, parts := read(m.supplier.ID, limit)
			if diff := cmp.Diff(followed, first) + cmp.Diff(others, second); diff != "" {
				t.Errorf("%d a page:\n%s", limit, diff)
			}
			if got := strings.Join(parts, " "); want != "" && got != want {
				t.Errorf("%d a page: %s, want %s", limit, got, want)
			}
		}
		// All that there is is followed, and it fills the page: nothing comes after.
		if _, err := m.FollowCategories(ctx, m.next.ID, []int64{m.goods["当归"].ID}); err != nil {
			t.Fatal(err)
		}
		if first, second, parts := read(m.next.ID, 47); len(first) != 47 || len(second) != 0 || len(parts) != 1 {
			t.Errorf("%d and %d in %v", len(first), len(second), parts)
		}
		for _, bad := range []string{"x", "fx", "oAAAA", "o!", "f"} {
			_, err := m.Home(ctx, m.supplier.ID, xunjia.Page{After: bad})
			if bad != "f" {
				wantCode(t, bad, err, xunjia.Invalid)
			}
		}
	})
}

// What no index knows is asked of a bounded number of rows for each page; the
// cursor goes on where it stopped, and misses nothing.
func TestSearchStops(t *testing.T) {
	eachShop(t, func(t *testing.T, m shop) {
		rare := m.ask("黄连", func(d *xunjia.Draft) { d.Lines[0].Spec = "凤尾" })
		if err := m.SeedVolume(t.Context(), 4500, 0, nil); err != nil {
			t.Fatal(err)
		}
		change(t, m.Store, "UPDATE purchase SET status = 1, mode = 0, deadline = ?, published_at = ? + id WHERE draft_key LIKE 'volume-%'",
			m.clock.now().Add(time.Hour).UnixMilli(), m.clock.now().UnixMilli())
		q := xunjia.Search{Text: "凤尾"}
		var pages []int
		page := xunjia.Page{}
		for {
			part, err := m.SearchPurchases(t.Context(), q, xunjia.User{}, page)
			if err != nil {
				t.Fatal(err)
			}
			pages = append(pages, len(part.Items))
			if part.Stopped != (part.Next != "") {
				t.Errorf("stopped %v with next %q", part.Stopped, part.Next)
			}
			if page.After = part.Next; page.After == "" {
				if len(part.Items) != 1 || part.Items[0].ID != rare {
					t.Errorf("the last page has %d", len(part.Items))
				}
				break
			}
		}
		if diff := cmp.Diff([]int{0, 0, 1}, pages); diff != "" {
			t.Errorf("pages (-want +got):\n%s", diff)
		}
	})
}

// Who follows more than are merged still sees all of it.
func TestManyFollowed(t *testing.T) {
	eachShop(t, func(t *testing.T, m shop) {
		var follows []int64
		for _, c := range m.goods {
			if len(c.Units) > 0 && c.Name != "天麻" {
				follows = append(follows, c.ID)
			}
		}
		if len(follows) < 60 {
			t.Fatalf("only %d goods", len(follows))
		}
		if _, err := m.FollowCategories(t.Context(), m.supplier.ID, follows); err != nil {
			t.Fatal(err)
		}
		other, want := m.ask("天麻", nil), m.ask("黄连", nil)
		m.finds("followed", xunjia.Search{Followed: true}, want)
		part, err := m.Home(t.Context(), m.supplier.ID, xunjia.Page{})
		if err != nil || len(part.Followed) != 1 || len(part.Others) != 1 || part.Others[0].ID != other {
			t.Errorf("%+v, %v", part, err)
		}
	})
}

// SQLite reads candidates from an index in its order, from the place of
// the cursor. What MariaDB does is counted by TestListsCostTheSame.
func TestSearchPlans(t *testing.T) {
	m := openMarket(t, storetest.Open(t, "sqlite", storetest.SQLite(t)), newClock())
	list, err := m.OpenPurchases(t.Context(), xunjia.Page{Limit: 1})
	if err != nil || list.Next == "" {
		t.Fatal(list.Next, err)
	}
	for _, c := range []struct {
		search xunjia.Search
		want   string
	}{
		{xunjia.Search{}, "purchase USING INDEX purchase_newest (listing=? AND published_at<?)"},
		{xunjia.Search{EndingSoon: true}, "purchase USING INDEX purchase_ending (listing=? AND deadline>?)"},
		{xunjia.Search{Area: "340000"}, "purchase USING INDEX purchase_place (listing=? AND province=? AND published_at<?)"},
		{xunjia.Search{Area: "341600", EndingSoon: true}, "purchase USING INDEX purchase_place_ending (listing=? AND province=? AND deadline>?)"},
		{xunjia.Search{Category: 2}, "purchase_line USING INDEX purchase_line_newest (category_id=? AND listing=? AND published_at<?)"},
		{xunjia.Search{Category: 2, EndingSoon: true}, "purchase_line USING INDEX purchase_line_ending (category_id=? AND listing=? AND deadline>?)"},
		{xunjia.Search{Category: 2, Area: "340000"}, "purchase_line USING INDEX purchase_line_place (category_id=? AND listing=? AND province=? AND published_at<?)"},
	} {
		plan, err := m.SearchPlan(t.Context(), c.search, list.Next)
		if err != nil || !strings.Contains(plan, c.want) {
			t.Errorf("%+v: %v\n%s\nlacks %s", c.search, err, plan, c.want)
		}
	}
}

// Candidates are compared by their ids, whatever else is asked for.
func TestCheckPlans(t *testing.T) {
	m := openMarket(t, storetest.Open(t, "sqlite", storetest.SQLite(t)), newClock())
	for _, q := range []xunjia.Search{
		{Text: "黄连 统货"}, {Text: "凤尾"}, {Category: 2, Cap: xunjia.WithCap}, {Category: 2, Quotable: true}, {Quotable: true},
		{Area: "341600", Within: xunjia.EndsToday, MinCap: 1},
	} {
		plan, err := m.CheckPlan(t.Context(), q, m.supplier)
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(plan) {
			line = strings.TrimSpace(line)
			if strings.HasPrefix(line, "SEARCH p USING INTEGER PRIMARY KEY") || strings.HasSuffix(line, "(purchase_id=?)") ||
				strings.HasSuffix(line, "(line_id=? AND supplier_id=?) LEFT-JOIN") || line == "USE TEMP B-TREE FOR DISTINCT" {
				continue
			}
			t.Errorf("%+v: %s", q, line)
		}
	}
}

func TestMineByState(t *testing.T) {
	eachShop(t, func(t *testing.T, m shop) {
		ctx := t.Context()
		byState := map[xunjia.QuoteState][]int64{}
		var all []int64
		for i := range 25 {
			id := m.ask("黄连", nil)
			q := m.quote(t, must(m.Purchase(ctx, id)), m.supplier.ID, 100)
			state := xunjia.QuoteStates()[i%5]
			change(t, m.Store, "UPDATE quote SET state = ? WHERE id = ?", state, q.ID)
			change(t, m.Store, "UPDATE purchase SET status = ? WHERE id = ?", i%4, id)
			byState[state] = append([]int64{q.ID}, byState[state]...)
			all = append([]int64{id}, all...)
		}
		refused := append(append([]int64{}, byState[xunjia.Refused]...), byState[xunjia.NotChosen]...)
		slices.SortFunc(refused, func(a, b int64) int { return int(b - a) })
		for _, c := range []struct {
			states []xunjia.QuoteState
			want   []int64
		}{
			{[]xunjia.QuoteState{xunjia.Pending}, byState[xunjia.Pending]},
			{[]xunjia.QuoteState{xunjia.Accepted}, byState[xunjia.Accepted]},
			{[]xunjia.QuoteState{xunjia.Refused, xunjia.NotChosen}, refused},
		} {
			for _, limit := range []int{1, 3, 20} {
				var got []int64
				page := xunjia.Page{Limit: limit}
				for {
					part, err := m.QuotesIn(ctx, m.supplier.ID, c.states, page)
					if err != nil {
						t.Fatal(err)
					}
					for _, v := range part.Items {
						got = append(got, v.Quote.ID)
					}
					if page.After = part.Next; page.After == "" {
						break
					}
				}
				if diff := cmp.Diff(c.want, got); diff != "" {
					t.Errorf("%v, %d a page (-want +got):\n%s", c.states, limit, diff)
				}
			}
		}
		for _, status := range xunjia.PurchaseStatuses() {
			list, err := m.PurchasesIn(ctx, m.buyer.ID, status, xunjia.Page{Limit: 100})
			if err != nil || len(list.Items) == 0 {
				t.Fatal(len(list.Items), err)
			}
			for _, p := range list.Items {
				if p.Status != status {
					t.Errorf("%s among %s", p.Status, status)
				}
			}
		}
		if other, err := m.QuotesIn(ctx, m.next.ID, []xunjia.QuoteState{xunjia.Pending}, xunjia.Page{}); err != nil || len(other.Items) != 0 {
			t.Errorf("somebody else's: %d, %v", len(other.Items), err)
		}
	})
}
