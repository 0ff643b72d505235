package store_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/xunjia/xunjia"
	"github.com/xunjia/xunjia/store"
	"github.com/xunjia/xunjia/store/storetest"
)

func TestSeedVolume(t *testing.T) {
	eachMarket(t, func(t *testing.T, m market) {
		before := rows(t, m.Store, "purchase")
		var told []int
		if err := m.SeedVolume(t.Context(), 2500, 2, func(n int) { told = append(told, n) }); err != nil {
			t.Fatal(err)
		}
		if n := rows(t, m.Store, "purchase") - before; n != 2500 {
			t.Errorf("%d purchases", n)
		}
		if diff := cmp.Diff([]int{1000, 2000, 2500}, told); diff != "" {
			t.Errorf("progress:\n%s", diff)
		}
		// A second helping goes on where the first one ended.
		if err := m.SeedVolume(t.Context(), 10, 2, nil); err != nil {
			t.Fatal(err)
		}
		if n := rows(t, m.Store, "purchase") - before; n != 2510 {
			t.Errorf("%d purchases", n)
		}
		list, err := m.OpenPurchases(t.Context(), xunjia.Page{})
		if err != nil || len(list.Items) != xunjia.PageSize {
			t.Fatal(len(list.Items), err)
		}
		p := list.Items[0]
		views, err := m.QuotesOfPurchase(t.Context(), p.ID, p.BuyerID)
		standing := slices.DeleteFunc(views, func(v store.QuoteView) bool { return v.Quote.State == xunjia.Withdrawn })
		if err != nil || len(standing) != p.QuoteCount {
			t.Errorf("%d quotes, counted %d, %v", len(standing), p.QuoteCount, err)
		}
		// Whoever quotes is somebody else than the buyer, and no line has one quote of a person twice.
		if n := rows(t, m.Store, "quote q JOIN purchase p ON p.id = q.purchase_id WHERE q.supplier_id = p.buyer_id AND p.draft_key LIKE 'volume-%'"); n != 0 {
			t.Errorf("%d quotes on the own purchase", n)
		}
		if n := rows(t, m.Store, "quote q JOIN purchase p ON p.id = q.purchase_id WHERE p.draft_key LIKE 'volume-%'"); n != 2*2510 {
			t.Errorf("%d quotes", n)
		}
	})
}

// The rows that MariaDB touches for a page must not grow with the table.
func TestListsCostTheSame(t *testing.T) {
	c := newClock()
	s := storetest.Open(t, "mysql", storetest.MariaDB(t), c.option, func(o *store.Options) { o.MaxOpen = 1 })
	m := openMarket(t, s, c)
	// All of them open, so that nothing but an index can keep the number low.
	grow := func(purchases int) map[string]int {
		if err := m.SeedVolume(t.Context(), purchases, 2, nil); err != nil {
			t.Fatal(err)
		}
		later := c.now().Add(time.Hour).UnixMilli()
		change(t, m.Store, "UPDATE purchase SET status = 1, deadline = ?", later)
		change(t, m.Store, "UPDATE purchase_line SET status = 1, deadline = ?", later)
		return touched(t, m)
	}
	few := grow(4_000) // enough for every list to be longer than a page
	for name, many := range grow(8_000) {
		t.Logf("%s: %d rows of 4,000 purchases, %d of 12,000", name, few[name], many)
		if many > few[name]+few[name]/4+50 {
			t.Errorf("%s touches %d rows of 4,000 purchases and %d of 12,000", name, few[name], many)
		}
	}
}

// touched counts the rows that the server reads for each list.
func touched(t *testing.T, m market) map[string]int {
	t.Helper()
	ctx := t.Context()
	deep := xunjia.Page{Limit: 100} // half-way down
	for range rows(t, m.Store, "purchase") / 2 / deep.Limit {
		part, err := m.OpenPurchases(ctx, deep)
		if err != nil {
			t.Fatal(err)
		}
		deep.After = part.Next
	}
	deep.Limit = 0
	open, err := m.OpenPurchases(ctx, deep)
	if err != nil || len(open.Items) == 0 {
		t.Fatal(len(open.Items), err)
	}
	p := open.Items[0]
	views, err := m.QuotesOfPurchase(ctx, p.ID, p.BuyerID)
	if err != nil || len(views) == 0 {
		t.Fatal(len(views), err)
	}
	u, err := m.RegisterPhone(ctx, "19900000008", 0) // a sample who follows many categories
	if err != nil {
		t.Fatal(err)
	}
	supplier := u.ID
	search := func(q xunjia.Search) func() error {
		return func() error {
			_, err := m.SearchPurchases(ctx, q, u, xunjia.Page{})
			return err
		}
	}
	coptis := m.goods["黄连"].ID
	n := map[string]int{}
	for name, run := range map[string]func() error{
		"home":               func() error { _, err := m.OpenPurchases(ctx, xunjia.Page{}); return err },
		"home, deep":         func() error { _, err := m.OpenPurchases(ctx, deep); return err },
		"followed":           search(xunjia.Search{Followed: true}),
		"followed, deep":     func() error { _, err := m.SearchPurchases(ctx, xunjia.Search{Followed: true}, u, deep); return err },
		"my purchases":       func() error { _, err := m.PurchasesOf(ctx, p.BuyerID, xunjia.Page{}); return err },
		"my purchases, deep": func() error { _, err := m.PurchasesOf(ctx, p.BuyerID, deep); return err },
		"my quotes, deep":    func() error { _, err := m.QuotesBy(ctx, supplier, deep); return err },
		"inbox, deep": func() error {
			_, err := m.Notifications(ctx, p.BuyerID, xunjia.PurchasingNotice, deep)
			return err
		},
		"home, member":      func() error { _, err := m.Home(ctx, supplier, xunjia.Page{}); return err },
		"category":          search(xunjia.Search{Category: coptis}),
		"category and area": search(xunjia.Search{Category: coptis, Area: "340000"}),
		"category and city": search(xunjia.Search{Category: coptis, Area: "341600"}),
		"category, ending":  search(xunjia.Search{Category: coptis, EndingSoon: true}),
		"group":             search(xunjia.Search{Category: m.goods["黄连"].ParentID}),
		"area":              search(xunjia.Search{Area: "340000"}),
		"area, ending":      search(xunjia.Search{Area: "340000", EndingSoon: true}),
		"ending":            search(xunjia.Search{EndingSoon: true}),
		"quotable":          search(xunjia.Search{Quotable: true}),
		"words":             search(xunjia.Search{Text: "无此规格"}),
		"cap prices":        search(xunjia.Search{MinCap: 100_00, MaxCap: 200_00}),
		"purchases in": func() error {
			_, err := m.PurchasesIn(ctx, p.BuyerID, xunjia.WaitingForQuote, xunjia.Page{})
			return err
		},
		"quotes in": func() error {
			_, err := m.QuotesIn(ctx, supplier, []xunjia.QuoteState{xunjia.Refused, xunjia.NotChosen}, xunjia.Page{})
			return err
		},
		"purchase":  func() error { _, err := m.Purchase(ctx, p.ID); return err },
		"compare":   func() error { _, err := m.QuotesOfPurchase(ctx, p.ID, p.BuyerID); return err },
		"my quotes": func() error { _, err := m.QuotesBy(ctx, supplier, xunjia.Page{}); return err },
		"quote":     func() error { _, err := m.Quote(ctx, views[0].Quote.ID, p.BuyerID); return err },
		"inbox": func() error {
			_, err := m.Notifications(ctx, p.BuyerID, xunjia.PurchasingNotice, xunjia.Page{})
			return err
		},
		"unread": func() error { _, err := m.UnreadCounts(ctx, p.BuyerID); return err },
	} {
		change(t, m.Store, "FLUSH STATUS")
		if err := run(); err != nil {
			t.Fatal(name, err)
		}
		found, err := m.DB().QueryContext(ctx, "SHOW SESSION STATUS LIKE 'Handler_read%'")
		if err != nil {
			t.Fatal(err)
		}
		for found.Next() {
			var variable string
			var value int
			if err := found.Scan(&variable, &value); err != nil {
				t.Fatal(err)
			}
			n[name] += value
		}
		if err := found.Err(); err != nil {
			t.Fatal(err)
		}
	}
	return n
}

// BenchmarkHome reads the home page's list, its beginning and half-way down, at
// ten thousand and at a million purchases.
func BenchmarkHome(b *testing.B) {
	for _, size := range []int{10_000, 1_000_000} {
		for driver, dsn := range map[string]func(testing.TB) string{"sqlite": storetest.SQLite, "mysql": storetest.MariaDB} {
			var s *store.Store
			var deep xunjia.Page
			open := func(b *testing.B) {
				s = storetest.Open(b, driver, dsn(b))
				if err := s.SeedVolume(b.Context(), size, 0, nil); err != nil {
					b.Fatal(err)
				}
				for range 20 {
					list, err := s.OpenPurchases(b.Context(), xunjia.Page{After: deep.After, Limit: 20})
					if err != nil {
						b.Fatal(err)
					}
					deep.After = list.Next
				}
			}
			b.Run(fmt.Sprintf("%s/%d", driver, size), func(b *testing.B) {
				open(b)
				for name, page := range map[string]xunjia.Page{"first": {}, "deep": deep} {
					b.Run(name, func(b *testing.B) {
						for b.Loop() {
							if list, err := s.OpenPurchases(b.Context(), page); err != nil || len(list.Items) != xunjia.PageSize {
								b.Fatal(len(list.Items), err)
							}
						}
					})
				}
			})
		}
	}
}
