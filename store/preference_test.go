package store_test

import (
	"slices"
	"sync"
	"testing"

	"github.com/xunjia/xunjia"
)

func TestChangePreferences(t *testing.T) {
	eachMarket(t, func(t *testing.T, m market) {
		ctx, user := t.Context(), m.supplier.ID
		p, err := m.Preferences(ctx, user)
		if err != nil || p.Digest != xunjia.NoDigest || !p.Carries(xunjia.QuoteAccepted, xunjia.SMSChannel) {
			t.Fatalf("nothing chosen: %+v, %v", p, err)
		}
		// One tap each, all at once: none is lost.
		var wg sync.WaitGroup
		for i := range 12 {
			wg.Go(func() {
				if _, err := m.ChangePreferences(ctx, user, func(p *xunjia.Preferences) error {
					p.Categories = append(p.Categories, int64(i+1))
					return nil
				}); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if p, err = m.Preferences(ctx, user); err != nil || len(p.Categories) != 12 {
			t.Errorf("%d of 12 muted categories were kept, %v", len(p.Categories), err)
		}
		if _, err := m.ChangePreferences(ctx, user, func(p *xunjia.Preferences) error {
			p.Quiet.From = -1
			return nil
		}); xunjia.ErrorCode(err) != xunjia.Invalid {
			t.Errorf("a quiet time before midnight: %v", err)
		}
		if p, _ := m.Preferences(ctx, user); p.Quiet.From < 0 {
			t.Error("an invalid choice was kept")
		}
		if _, err := m.ChangePreferences(ctx, 999, func(*xunjia.Preferences) error { return nil }); xunjia.ErrorCode(err) != xunjia.NotFound {
			t.Errorf("nobody's choice: %v", err)
		}
	})
}

func TestNotificationOrigin(t *testing.T) {
	eachMarket(t, func(t *testing.T, m market) {
		ctx := t.Context()
		p := m.publish(t, "黄连")
		change(t, m.Store, "INSERT INTO notification (event_id, type, status, sender, receiver, title, content, text, path, created_at)"+
			" SELECT id, 2, 0, 0, ?, '标题', '', '', '', 1 FROM event WHERE purchase_id = ?", m.supplier.ID, p.ID)
		list, err := m.Notifications(ctx, m.supplier.ID, xunjia.PurchasingNotice, xunjia.Page{})
		if err != nil || len(list.Items) != 1 {
			t.Fatal(list, err)
		}
		id := list.Items[0].ID
		_, e, _, err := m.NotificationOrigin(ctx, id, m.supplier.ID)
		if err != nil || e.Kind != xunjia.PurchasePublished || e.PurchaseID != p.ID {
			t.Errorf("%+v, %v", e, err)
		}
		if _, _, _, err := m.NotificationOrigin(ctx, id, m.buyer.ID); xunjia.ErrorCode(err) != xunjia.NotFound {
			t.Errorf("somebody else's message: %v", err)
		}
		change(t, m.Store, "DELETE FROM event WHERE purchase_id = ?", p.ID)
		if n, e, _, err := m.NotificationOrigin(ctx, id, m.supplier.ID); err != nil || e.Kind != "" || n.ID != id {
			t.Errorf("after the event was pruned: %+v, %v", e, err)
		}
	})
}

// An account that is merged away brings its choices along, or leaves what the
// kept account chose; no SMS stays no SMS.
func TestMergedPreferences(t *testing.T) {
	eachMarket(t, func(t *testing.T, m market) {
		ctx := t.Context()
		for _, u := range []xunjia.User{m.buyer, m.supplier} {
			if _, err := m.ChangePreferences(ctx, u.ID, func(p *xunjia.Preferences) error {
				p.NoSMS, p.Categories = u.ID == m.supplier.ID, []int64{u.ID}
				return nil
			}); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := m.Merge(ctx, m.ask(t, m.buyer.ID, m.supplier.ID).ID, m.buyer.ID, m.buyer.ID); err != nil {
			t.Fatal(err)
		}
		p, err := m.Preferences(ctx, m.buyer.ID)
		if err != nil || !p.NoSMS || !slices.Equal(p.Categories, []int64{m.buyer.ID}) {
			t.Errorf("%+v, %v", p, err)
		}
	})
}
