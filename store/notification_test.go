package store_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/xunjia/xunjia"
)

func TestInbox(t *testing.T) {
	eachMarket(t, func(t *testing.T, m market) {
		ctx := t.Context()
		for i := range 130 {
			kind := xunjia.PurchasingNotice
			if i%13 == 0 {
				kind = xunjia.SellingNotice
			}
			change(t, m.Store, "INSERT INTO notification (type, status, sender, receiver, title, content, text, path, created_at)"+
				" VALUES (?, 0, 1, ?, '标题', '7', '一句话', '/quotes/7', ?)", kind, m.buyer.ID, 1000+i/2)
		}
		counts, err := m.UnreadCounts(ctx, m.buyer.ID)
		want := map[xunjia.NotificationType]int{xunjia.SellingNotice: 10, xunjia.PurchasingNotice: 100}
		if d := cmp.Diff(want, counts); err != nil || d != "" {
			t.Errorf("%v (-want +got):\n%s", err, d)
		}
		var all []xunjia.Notification
		page := xunjia.Page{Limit: 50}
		for {
			part, err := m.Notifications(ctx, m.buyer.ID, xunjia.PurchasingNotice, page)
			if err != nil {
				t.Fatal(err)
			}
			all = append(all, part.Items...)
			if page.After = part.Next; part.Next == "" {
				break
			}
		}
		if len(all) != 120 {
			t.Fatalf("%d purchasing notices, want 120", len(all))
		}
		for i := 1; i < len(all); i++ {
			if a, b := all[i-1], all[i]; a.CreatedAt.Before(b.CreatedAt) || a.CreatedAt.Equal(b.CreatedAt) && a.ID <= b.ID {
				t.Errorf("%d does not belong before %d", a.ID, b.ID)
			}
		}

		first := all[0]
		_, err = m.Notification(ctx, first.ID, m.supplier.ID)
		wantCode(t, "read by somebody else", err, xunjia.NotFound)
		wantCode(t, "marked by somebody else", m.ReadNotification(ctx, first.ID, m.supplier.ID), xunjia.NotFound)
		wantCode(t, "unknown", m.ReadNotification(ctx, 99999, m.buyer.ID), xunjia.NotFound)
		for range 2 {
			if err := m.ReadNotification(ctx, first.ID, m.buyer.ID); err != nil {
				t.Error(err)
			}
		}
		first.Status = xunjia.Read
		if got, err := m.Notification(ctx, first.ID, m.buyer.ID); err != nil || cmp.Diff(first, got) != "" {
			t.Errorf("%v\n%s", err, cmp.Diff(first, got))
		}
		if err := m.ReadAll(ctx, m.buyer.ID, xunjia.PurchasingNotice); err != nil {
			t.Fatal(err)
		}
		counts, err = m.UnreadCounts(ctx, m.buyer.ID)
		if d := cmp.Diff(map[xunjia.NotificationType]int{xunjia.SellingNotice: 10}, counts); err != nil || d != "" {
			t.Errorf("%v (-want +got):\n%s", err, d)
		}
	})
}
