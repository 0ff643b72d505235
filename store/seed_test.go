package store_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/xunjia/xunjia"
	"github.com/xunjia/xunjia/store"
	"github.com/xunjia/xunjia/store/storetest"
)

func TestSeed(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		begin := time.Now()
		first, err := s.Seed(t.Context(), map[string][]string{"黄连": {"a", "b"}, "当归": {"c"}, "检测报告": {"d"}})
		if err != nil {
			t.Fatal(err)
		}
		t.Logf("%+v in %v", first, time.Since(begin))
		if first.Categories < 60 || first.Users < 12 || first.Purchases < 12 || first.Quotes < 20 || first.Notifications < 40 {
			t.Errorf("too little: %+v", first)
		}
		again, err := s.Seed(t.Context(), nil)
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(store.SeedReport{}, again); d != "" {
			t.Errorf("the second seeding added something:\n%s", d)
		}

		open, err := s.OpenPurchases(t.Context(), xunjia.Page{})
		if err != nil {
			t.Fatal(err)
		}
		if len(open.Items) < 7 {
			t.Errorf("only %d requests are open", len(open.Items))
		}
		pictures, quotes := 0, 0
		for i, p := range open.Items {
			if i > 0 && p.PublishedAt.After(open.Items[i-1].PublishedAt) {
				t.Errorf("%s is newer than the one above it", p.Number)
			}
			quotes += p.QuoteCount
			for _, l := range p.Lines {
				pictures += len(l.Images)
			}
			views, err := s.QuotesOfPurchase(t.Context(), p.ID, p.BuyerID)
			if err != nil {
				t.Fatal(err)
			}
			stand := 0
			for _, v := range views {
				if v.Quote.State != xunjia.Withdrawn {
					stand++
				}
				if v.Supplier.Step() != xunjia.StepDone || !v.Supplier.Area.Valid() || v.Buyer.ID != p.BuyerID {
					t.Errorf("%s: supplier %+v", p.Number, v.Supplier)
				}
			}
			if stand != p.QuoteCount {
				t.Errorf("%s says %d quotes and has %d", p.Number, p.QuoteCount, stand)
			}
		}
		if pictures == 0 || quotes == 0 {
			t.Errorf("%d pictures, %d quotes on the home page", pictures, quotes)
		}
		// A sample buyer can be shown at once what the product does.
		counts, err := s.UnreadCounts(t.Context(), open.Items[len(open.Items)-1].BuyerID)
		if err != nil || counts[xunjia.PurchasingNotice] == 0 {
			t.Errorf("unread: %v, %v", counts, err)
		}
	})
}
