package store_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/xunjia/xunjia"
	"github.com/xunjia/xunjia/store"
)

func TestDrafts(t *testing.T) {
	eachMarket(t, func(t *testing.T, m market) {
		ctx, user := t.Context(), m.buyer.ID
		picture := m.picture(t, "draft", user)
		d := xunjia.SavedDraft{Key: "form", Title: "黄连", Content: "{}", Media: []string{picture.Media, picture.Media, "gone"}}
		first, err := m.SaveDraft(ctx, user, d, false)
		if err != nil || first.Version != 1 {
			t.Fatalf("%+v, %v", first, err)
		}
		if n := rows(t, m.Store, "purchase_draft_media"); n != 1 {
			t.Errorf("%d media are kept", n)
		}
		// A second window, which knows nothing of the first.
		_, err = m.SaveDraft(ctx, user, d, false)
		wantCode(t, "an older window", err, xunjia.Conflict)
		d.Version, d.Content = 1, `{"a":["b"]}`
		if got, err := m.SaveDraft(ctx, user, d, false); err != nil || got.Version != 2 || got.ID != first.ID {
			t.Errorf("%+v, %v", got, err)
		}
		d.Version = 1
		if got, err := m.SaveDraft(ctx, user, d, true); err != nil || got.Version != 3 {
			t.Errorf("overwritten: %+v, %v", got, err)
		}
		_, err = m.SavedDraft(ctx, first.ID, m.supplier.ID)
		wantCode(t, "somebody else's", err, xunjia.NotFound)
		wantCode(t, "deleted by somebody else", m.DeleteDraft(ctx, first.ID, m.supplier.ID), xunjia.NotFound)
		_, err = m.SaveDraft(ctx, user, xunjia.SavedDraft{Key: "big", Content: strings.Repeat("x", xunjia.MaxDraftContent+1)}, false)
		wantCode(t, "too much", err, xunjia.TooLarge)
		_, err = m.SaveDraft(ctx, user, xunjia.SavedDraft{Content: "{}"}, false)
		wantCode(t, "no key", err, xunjia.Invalid)

		// Publishing the form ends the draft; it does not come back.
		published := m.draft("黄连")
		published.Key = "form"
		if _, _, err := m.PublishPurchase(ctx, user, published); err != nil {
			t.Fatal(err)
		}
		if n := rows(t, m.Store, "purchase_draft") + rows(t, m.Store, "purchase_draft_media"); n != 0 {
			t.Errorf("%d rows of the draft are left", n)
		}
		_, err = m.SaveDraft(ctx, user, d, true)
		wantCode(t, "after it was published", err, xunjia.Conflict)

		other, err := m.SaveDraft(ctx, user, xunjia.SavedDraft{Key: "other", Title: "当归", Content: "{}"}, false)
		if err != nil {
			t.Fatal(err)
		}
		if list, err := m.Drafts(ctx, user, xunjia.Page{}); err != nil || len(list.Items) != 1 || list.Items[0].Title != "当归" {
			t.Errorf("%+v, %v", list.Items, err)
		}
		if err := m.DeleteDraft(ctx, other.ID, user); err != nil {
			t.Fatal(err)
		}
		wantCode(t, "deleted twice", m.DeleteDraft(ctx, other.ID, user), xunjia.NotFound)
	})
}

// Windows that save at once: at most fifty drafts, and no version is lost
// silently.
func TestDraftsAtOnce(t *testing.T) {
	eachIsolation(t, func(t *testing.T, m market, stores [2]*store.Store) {
		for i := range xunjia.MaxDrafts - 2 {
			change(t, m.Store, "INSERT INTO purchase_draft (user_id, form_key, title, content, version, created_at, updated_at) VALUES (?, ?, '', '{}', 1, 1, 1)", m.buyer.ID, fmt.Sprint("old", i))
		}
		n := atOnce(t, stores, 12, xunjia.Conflict, func(s *store.Store, i int) error {
			_, err := s.SaveDraft(t.Context(), m.buyer.ID, xunjia.SavedDraft{Key: fmt.Sprint("new", i), Content: "{}"}, false)
			return err
		})
		if stored := rows(t, m.Store, "purchase_draft WHERE user_id = ?", m.buyer.ID); n != 2 || stored != xunjia.MaxDrafts {
			t.Errorf("%d were taken, %d are stored", n, stored)
		}
		n = atOnce(t, stores, 10, xunjia.Conflict, func(s *store.Store, i int) error {
			_, err := s.SaveDraft(t.Context(), m.buyer.ID, xunjia.SavedDraft{Key: "old1", Version: 1, Content: fmt.Sprintf(`{"n":["%d"]}`, i)}, false)
			return err
		})
		if n != 1 {
			t.Errorf("%d windows saved over the same version", n)
		}
	})
}
