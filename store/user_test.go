package store_test

import (
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/xunjia/xunjia"
)

func TestRegister(t *testing.T) {
	eachMarket(t, func(t *testing.T, m market) {
		ctx := t.Context()
		identity, err := m.SaveIdentity(ctx, xunjia.Identity{AppID: "wx1", OpenID: "o1"})
		if err != nil {
			t.Fatal(err)
		}
		u, err := m.RegisterPhone(ctx, "13900139000", identity.ID)
		if err != nil || u.Step() != xunjia.StepProfile {
			t.Fatal(u, err)
		}
		if got, err := m.Identity(ctx, identity.ID); err != nil || got.UserID != u.ID {
			t.Errorf("identity of %d, %v", got.UserID, err)
		}
		again, err := m.RegisterPhone(ctx, "13900139000", identity.ID)
		if err != nil || again.ID != u.ID {
			t.Errorf("registered again: %+v, %v", again, err)
		}

		u, err = m.SaveProfile(ctx, u.ID, xunjia.Profile{Kind: xunjia.Grower, Name: " 罗兴旺 ", Area: "421123"})
		if err != nil || u.Name != "罗兴旺" || u.Step() != xunjia.StepCategories {
			t.Errorf("%+v, %v", u, err)
		}
		first := m.clock.now()
		u, err = m.FollowCategories(ctx, u.ID, []int64{m.goods["茯苓"].ID, m.goods["皮类"].ID, m.goods["杜仲"].ID})
		if err != nil || u.Step() != xunjia.StepDone || !u.RegisteredAt.Equal(first) {
			t.Errorf("%+v, %v", u, err)
		}
		got, err := m.FollowedCategories(ctx, u.ID)
		want := []int64{m.goods["茯苓"].ID}
		for _, n := range []string{"杜仲", "黄柏", "厚朴", "牡丹皮", "肉桂"} {
			want = append(want, m.goods[n].ID)
		}
		slices.Sort(want)
		if d := cmp.Diff(want, got); err != nil || d != "" {
			t.Errorf("a group stands for its goods: %v\n%s", err, d)
		}
		m.clock.advance(time.Hour)
		u, err = m.FollowCategories(ctx, u.ID, []int64{m.goods["天麻"].ID})
		if err != nil || !u.RegisteredAt.Equal(first) {
			t.Errorf("registered at %v, %v", u.RegisteredAt, err)
		}
		if got, err := m.FollowedCategories(ctx, u.ID); err != nil || !slices.Equal(got, []int64{m.goods["天麻"].ID}) {
			t.Errorf("%v, %v", got, err)
		}
		if stored, err := m.User(ctx, u.ID); err != nil || cmp.Diff(u, stored) != "" {
			t.Errorf("%v\n%s", err, cmp.Diff(u, stored))
		}
	})
}

func TestRegisterRefuses(t *testing.T) {
	eachMarket(t, func(t *testing.T, m market) {
		ctx := t.Context()
		identity, err := m.SaveIdentity(ctx, xunjia.Identity{AppID: "wx1", OpenID: "o1"})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := m.RegisterPhone(ctx, "13900139000", identity.ID); err != nil {
			t.Fatal(err)
		}
		change(t, m.Store, "UPDATE users SET disabled = 1 WHERE id = ?", m.next.ID)
		before := written(t, m.Store)
		follow := func(ids ...int64) error { _, err := m.FollowCategories(ctx, m.buyer.ID, ids); return err }
		for _, c := range []struct {
			name string
			run  func() error
			want xunjia.Code
		}{
			{"identity of somebody else", func() error { _, err := m.RegisterPhone(ctx, "13900139001", identity.ID); return err }, xunjia.Conflict},
			{"unknown identity", func() error { _, err := m.RegisterPhone(ctx, "13900139002", 99999); return err }, xunjia.NotFound},
			{"disabled", func() error { _, err := m.RegisterPhone(ctx, m.next.Phone, 0); return err }, xunjia.Forbidden},
			{"profile of nobody", func() error {
				_, err := m.SaveProfile(ctx, 99999, xunjia.Profile{Kind: xunjia.Trader, Name: "张三", Area: "510104"})
				return err
			}, xunjia.NotFound},
			{"empty profile", func() error { _, err := m.SaveProfile(ctx, m.buyer.ID, xunjia.Profile{}); return err }, xunjia.Invalid},
			{"follow nothing", func() error { return follow() }, xunjia.Invalid},
			{"follow the unknown", func() error { return follow(m.goods["茯苓"].ID, 99999) }, xunjia.Invalid},
			{"follow as nobody", func() error { _, err := m.FollowCategories(ctx, 99999, []int64{m.goods["茯苓"].ID}); return err }, xunjia.NotFound},
			{"nobody", func() error { _, err := m.User(ctx, 99999); return err }, xunjia.NotFound},
		} {
			wantCode(t, c.name, c.run(), c.want)
			if d := cmp.Diff(before, written(t, m.Store)); d != "" {
				t.Errorf("%s left something behind:\n%s", c.name, d)
			}
		}
	})
}

// The same phone verified in several browsers at once is one user.
func TestRegisterAtOnce(t *testing.T) {
	stores := twoInstances(t)
	ids := make([]int64, 40)
	var wg sync.WaitGroup
	for i := range ids {
		wg.Go(func() {
			u, err := stores[i%2].RegisterPhone(t.Context(), "13900139000", 0)
			if err != nil {
				t.Error(err)
			}
			ids[i] = u.ID
		})
	}
	wg.Wait()
	if got := slices.Compact(ids); len(got) != 1 || got[0] == 0 {
		t.Errorf("users %v", got)
	}
}

func TestSearchCategories(t *testing.T) {
	eachMarket(t, func(t *testing.T, m market) {
		for q, want := range map[string][]string{
			"黄":          {"黄连", "黄芪", "黄柏", "连翘", "栀子", "蒲公英"}, // names before aliases: 黄花条, 黄栀子, 黄花地丁
			"黄连":         {"黄连"},
			" 川连 ":       {"黄连"},
			"HL":         {"黄连"}, // 花类, a group, is not for sale
			"bz":         {"白术", "白芷"},
			"连翘":         {"连翘"},
			"%":          nil,
			"_":          nil,
			"'":          nil,
			"":           nil,
			"没有这种":       nil,
			"\U0010FFFF": nil,
		} {
			got, err := m.SearchCategories(t.Context(), q, 0)
			if err != nil {
				t.Errorf("%q: %v", q, err)
				continue
			}
			var names []string
			for _, c := range got {
				names = append(names, c.Name)
			}
			if d := cmp.Diff(want, names); d != "" {
				t.Errorf("%q (-want +got):\n%s", q, d)
			}
		}
		if got, err := m.SearchCategories(t.Context(), "黄", 2); err != nil || len(got) != 2 {
			t.Errorf("%d, %v", len(got), err)
		}
	})
}

func TestCategories(t *testing.T) {
	eachMarket(t, func(t *testing.T, m market) {
		c, err := m.Category(t.Context(), m.goods["黄连"].ID)
		if err != nil {
			t.Fatal(err)
		}
		want := xunjia.Category{ID: c.ID, ParentID: m.goods["根茎类"].ID, Name: "黄连", Initials: "hl",
			Aliases: []string{"川连", "味连", "鸡爪连"}, Units: []xunjia.Unit{"公斤", "斤", "吨", "克"},
			Specs: []string{"统货", "选货", "单枝", "一级"}, Origins: []string{"重庆石柱", "湖北利川", "四川峨眉"}}
		if d := cmp.Diff(want, c); d != "" {
			t.Error(d)
		}
		_, err = m.Category(t.Context(), 99999)
		wantCode(t, "unknown category", err, xunjia.NotFound)

		list, err := m.Categories(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		seen := map[int64]bool{0: true}
		for _, c := range list {
			if !seen[c.ParentID] {
				t.Errorf("%s comes before its group", c.Name)
			}
			if group := c.ParentID == 0; group != (len(c.Units) == 0) {
				t.Errorf("%s has units %v", c.Name, c.Units)
			}
			seen[c.ID] = true
		}
	})
}
