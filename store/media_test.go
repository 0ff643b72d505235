package store_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/xunjia/xunjia"
	"github.com/xunjia/xunjia/store"
	"github.com/xunjia/xunjia/store/storetest"
)

// TestEveryPlaceOfMediaIsKnown fails when a migration adds a column that looks
// as if keys of media stood in it: what is in no list is deleted as unused.
func TestEveryPlaceOfMediaIsKnown(t *testing.T) {
	s := storetest.Open(t, "sqlite", storetest.SQLite(t))
	looksSo := regexp.MustCompile(`(^|_)(media|picture|pictures|image|images|attachment|attachments|photo|photos|logo|avatar|cover)(_key|_keys|_id)?$`)
	known := store.MediaColumns()
	present := map[string]bool{}
	for _, c := range strs(t, s.DB(), `SELECT m.name || '.' || c.name FROM sqlite_master m, pragma_table_info(m.name) c
		WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite_%' AND m.name NOT LIKE 'goose_%'`) {
		present[c] = true
		if _, column, _ := strings.Cut(c, "."); looksSo.MatchString(column) && !known[c] {
			t.Errorf("%s: name it in mediaPlaces or, with the reason, in mediaElsewhere", c)
		}
	}
	for c := range known {
		if !present[c] {
			t.Errorf("%s is listed and does not exist", c)
		}
	}
}

// sweep dooms everything that can be and answers the keys.
func sweep(t *testing.T, s *store.Store) []string {
	t.Helper()
	var at store.MediaSweep
	for at, err := s.DoomMedia(t.Context(), at, 2); !at.Done; at, err = s.DoomMedia(t.Context(), at, 2) {
		if err != nil {
			t.Fatal(err)
		}
	}
	list, err := s.DoomedMedia(t.Context(), 100)
	if err != nil {
		t.Fatal(err)
	}
	var keys []string
	for _, m := range list {
		keys = append(keys, m.Key)
	}
	slices.Sort(keys)
	return keys
}

func TestUnusedMediaIsDoomed(t *testing.T) {
	eachMarket(t, func(t *testing.T, m market) {
		ctx := t.Context()
		at := func(key string, owner int64) xunjia.Attachment { return m.picture(t, key, owner) }
		onLine, first, second, shared := at("line", m.buyer.ID), at("first", m.supplier.ID), at("second", m.supplier.ID), at("sample", 0)
		at("reply", 0)
		at("dropped", m.buyer.ID)
		at("nobodys", 0)
		d := m.draft("黄连")
		d.Lines[0].Images = []xunjia.Attachment{onLine}
		p, _, err := m.PublishPurchase(ctx, m.buyer.ID, d)
		if err != nil {
			t.Fatal(err)
		}
		for _, pictures := range [][]xunjia.Attachment{{first}, {second}} { // the first one is in the history only
			if _, _, err := m.SubmitQuote(ctx, p.Lines[0].ID, m.supplier.ID, xunjia.Offer{Price: 100, Attachments: pictures}); err != nil {
				t.Fatal(err)
			}
		}
		// The sample data attaches pictures of nobody.
		change(t, m.Store, "UPDATE quote_revision SET attachments = ? WHERE revision = 1", fmt.Sprintf(`[{"Media":"first","Type":3},{"Media":%q,"Type":3}]`, shared.Media))
		rule := xunjia.ReplyRule{Trigger: xunjia.OnFollow, Name: "欢迎", Answers: []xunjia.ReplyAnswer{{Kind: xunjia.NewsAnswer, Title: "标题", URL: "/", Media: "reply"}}}
		if _, err := m.SaveReplyRule(ctx, rule, "form-0123456789", 1); err != nil {
			t.Fatal(err)
		}
		for _, of := range []struct {
			after time.Duration
			want  []string
		}{{xunjia.MediaGrace, nil}, {time.Minute, []string{"dropped", "nobodys"}}} {
			m.clock.advance(of.after)
			if got := sweep(t, m.Store); !slices.Equal(got, of.want) {
				t.Errorf("doomed %q, want %q", got, of.want)
			}
		}
		d.Lines[0].Images = []xunjia.Attachment{{Media: "dropped"}}
		d.Deadline = m.clock.now().Add(time.Hour)
		_, _, err = m.PublishPurchase(ctx, m.buyer.ID, d)
		wantFields(t, "a form with it", err, "lines.0.images")
		_, err = m.Store.Media(ctx, "dropped")
		wantCode(t, "its page", err, xunjia.NotFound)
		if err := m.SaveReplyMedia(ctx, "app", "nobodys", "id", m.clock.now()); err != nil {
			t.Fatal(err)
		}
		for _, key := range []string{"dropped", "nobodys", "nobodys", "line"} {
			if err := m.ForgetMedia(ctx, key); err != nil {
				t.Error(err)
			}
		}
		if n := rows(t, m.Store, "media"); n != 5 {
			t.Errorf("%d rows left, want the 5 that are used", n)
		}
		if n := rows(t, m.Store, "reply_media"); n != 0 {
			t.Errorf("the platform's id of a picture that is gone stayed")
		}
		if versions, err := m.CropVersions(ctx, []string{"dropped", "line"}); err != nil || len(versions) != 1 || versions["line"] != 0 {
			t.Errorf("versions %v, %v", versions, err)
		}
	})
}

// A form that uses a picture while it is being doomed either keeps it or is
// told that it is gone.
func TestDoomedOrUsed(t *testing.T) {
	eachIsolation(t, func(t *testing.T, m market, stores [2]*store.Store) {
		p := m.publish(t, "黄连")
		both := map[bool]int{}
		for round := range 30 {
			supplier := m.user(t, 100+round, "供应商")
			picture := m.picture(t, fmt.Sprintf("race-%d", round), supplier.ID)
			change(t, m.Store, "UPDATE media SET created_at = 1 WHERE media_key = ?", picture.Media)
			done := make(chan error, 1)
			go func() {
				_, _, err := stores[0].SubmitQuote(context.WithoutCancel(t.Context()), p.Lines[0].ID, supplier.ID, xunjia.Offer{Price: 100, Attachments: []xunjia.Attachment{picture}})
				done <- err
			}()
			var at store.MediaSweep
			for !at.Done {
				next, err := stores[1].DoomMedia(t.Context(), at, 10)
				if err != nil {
					t.Fatal(err)
				}
				at = next
			}
			err := <-done
			used := rows(t, m.Store, "quote_attachment WHERE media = ?", picture.Media) == 1
			doomed := rows(t, m.Store, "media WHERE media_key = ? AND doomed_at > 0", picture.Media) == 1
			if used == doomed || used != (err == nil) {
				t.Errorf("round %d: used %v, doomed %v, error %v", round, used, doomed, err)
			}
			if err != nil {
				wantFields(t, "the form", err, "attachments")
			}
			both[used]++
		}
		t.Logf("used %d times, doomed %d times", both[true], both[false])
	})
}

func TestMediaList(t *testing.T) {
	eachMarket(t, func(t *testing.T, m market) {
		ctx := t.Context()
		var keys []string
		for i := range 5 { // three of the same millisecond
			if i > 2 {
				m.clock.advance(time.Second)
			}
			keys = append([]string{m.picture(t, fmt.Sprintf("k%d", i), m.supplier.ID).Media}, keys...)
		}
		p := m.publish(t, "黄连")
		if _, _, err := m.SubmitQuote(ctx, p.Lines[0].ID, m.supplier.ID, xunjia.Offer{Price: 100, Attachments: []xunjia.Attachment{{Media: "k1", Type: xunjia.Detail}}}); err != nil {
			t.Fatal(err)
		}
		m.picture(t, "others", m.buyer.ID)
		for _, tt := range []struct {
			filter xunjia.MediaFilter
			want   string
		}{
			{xunjia.MediaFilter{}, "others k4 k3 k2 k1 k0"},
			{xunjia.MediaFilter{OwnerID: m.supplier.ID}, strings.Join(keys, " ")},
			{xunjia.MediaFilter{Phone: m.buyer.Phone}, "others"},
			{xunjia.MediaFilter{Use: xunjia.UsedInQuotes}, "k1"},
			{xunjia.MediaFilter{Use: xunjia.UsedInPurchases}, ""},
			{xunjia.MediaFilter{Use: xunjia.UsedInReplies}, ""},
			{xunjia.MediaFilter{Use: xunjia.UsedNowhere, OwnerID: m.supplier.ID}, "k4 k3 k2 k0"},
		} {
			var got []string
			page := xunjia.Page{Limit: 2}
			for {
				list, err := m.MediaList(ctx, tt.filter, page)
				if err != nil {
					t.Fatal(err)
				}
				for _, r := range list.Items {
					got = append(got, r.Key)
					if (r.Key == "k1") != slices.Equal(r.Uses, []xunjia.MediaUse{xunjia.UsedInQuotes}) {
						t.Errorf("%s is used in %v", r.Key, r.Uses)
					}
				}
				if page.After = list.Next; page.After == "" {
					break
				}
			}
			if s := strings.Join(got, " "); s != tt.want {
				t.Errorf("%+v: %q, want %q", tt.filter, s, tt.want)
			}
		}
		_, err := m.MediaList(ctx, xunjia.MediaFilter{}, xunjia.Page{After: "x"})
		wantCode(t, "cursor", err, xunjia.Invalid)
	})
}

func TestSaveFocus(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		ctx := t.Context()
		for _, key := range []string{"picture", "f-file"} {
			if err := s.CreateMedia(ctx, xunjia.Media{Key: key, Name: "报告.pdf", Pages: 2}); err != nil {
				t.Fatal(err)
			}
		}
		f := xunjia.Focus{X: 0, Y: 1000}
		if err := s.SaveFocus(ctx, "picture", f, 0, 17, 3); err != nil {
			t.Fatal(err)
		}
		m, err := s.Media(ctx, "picture")
		if err != nil || m.Focus != f || m.CropVersion != 17 {
			t.Errorf("%+v, %v", m, err)
		}
		if n := rows(t, s, "audit WHERE staff_id = 3 AND action = 'media.cropped' AND target = 'media:picture'"); n != 1 {
			t.Errorf("%d lines in the audit log", n)
		}
		wantCode(t, "what another has seen", s.SaveFocus(ctx, "picture", f, 0, 18, 3), xunjia.Conflict)
		wantCode(t, "unknown", s.SaveFocus(ctx, "nothing", f, 0, 18, 3), xunjia.NotFound)
		wantCode(t, "a file", s.SaveFocus(ctx, "f-file", f, 0, 18, 3), xunjia.NotFound)
		wantFields(t, "outside", s.SaveFocus(ctx, "picture", xunjia.Focus{X: -1, Y: 1001}, 17, 18, 3), "x", "y")
		if n := rows(t, s, "audit"); n != 1 {
			t.Errorf("%d lines in the audit log after refusals", n)
		}
		found, err := s.MediaByKey(ctx, []string{"f-file", "nothing"})
		if err != nil || len(found) != 1 || found["f-file"].Name != "报告.pdf" || found["f-file"].Pages != 2 {
			t.Errorf("%+v, %v", found, err)
		}
	})
}

func TestAttachmentsKnowTheirFiles(t *testing.T) {
	eachMarket(t, func(t *testing.T, m market) {
		ctx := t.Context()
		if err := m.CreateMedia(ctx, xunjia.Media{Key: "f-report", OwnerID: m.supplier.ID, Name: "报告.pdf", Bytes: 1234}); err != nil {
			t.Fatal(err)
		}
		p := m.publish(t, "黄连")
		offer := xunjia.Offer{Price: 100, Attachments: []xunjia.Attachment{{Media: "f-report", Type: xunjia.Bulk}}}
		_, _, err := m.SubmitQuote(ctx, p.Lines[0].ID, m.supplier.ID, offer)
		wantFields(t, "a file that shows goods", err, "attachments")
		offer.Attachments[0].Type = xunjia.TestReport
		q, _, err := m.SubmitQuote(ctx, p.Lines[0].ID, m.supplier.ID, offer)
		if err != nil {
			t.Fatal(err)
		}
		v, err := m.Quote(ctx, q.ID, m.supplier.ID)
		if err != nil || len(v.Quote.Attachments) != 1 || v.Quote.Attachments[0].Name != "报告.pdf" || v.Quote.Attachments[0].Bytes != 1234 {
			t.Errorf("%+v, %v", v.Quote.Attachments, err)
		}
		if _, fresh, err := m.SubmitQuote(ctx, p.Lines[0].ID, m.supplier.ID, offer); fresh || err != nil {
			t.Errorf("the same offer again: fresh %v, %v", fresh, err)
		}
	})
}

// wantFields checks that the error blames exactly these fields.
func wantFields(t *testing.T, what string, err error, fields ...string) {
	t.Helper()
	e, ok := errors.AsType[*xunjia.Error](err)
	if !ok || e.Code != xunjia.Invalid || !slices.Equal(slices.Sorted(maps.Keys(e.Fields)), fields) {
		t.Errorf("%s: error %v, want fields %q", what, err, fields)
	}
}
