package store_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/xunjia/xunjia"
	"github.com/xunjia/xunjia/store"
)

// registerMany adds n registered users with ids from 100,001 on: the even ones are
// growers in Sichuan, the others traders in Hebei.
func registerMany(t *testing.T, m market, n int) {
	t.Helper()
	for first := 0; first < n; first += 500 {
		var rows []string
		for i := first; i < min(first+500, n); i++ {
			kind, area := xunjia.Trader, "130600"
			if i%2 == 1 {
				kind, area = xunjia.Grower, "510104"
			}
			rows = append(rows, fmt.Sprintf("(%d, '139%08d', %d, '用户%d', '%s', 0, 1, 1)", 100_001+i, i, kind, i, area))
		}
		change(t, m.Store, "INSERT INTO users (id, phone, kind, name, area, disabled, created_at, registered_at) VALUES "+strings.Join(rows, ", "))
	}
}

// audience reads an announcement's audience part by part.
func audience(t *testing.T, m market, a xunjia.Announcement, limit int) (ids []int64) {
	t.Helper()
	e := xunjia.Event{ID: a.EventID, Kind: xunjia.SystemAnnounced, Subject: a.ID}
	facts, err := m.EventFacts(t.Context(), e)
	if err != nil {
		t.Fatal(err)
	}
	for after := int64(0); ; {
		people, next, err := m.Audience(t.Context(), e, store.AudienceQuery{Facts: facts, AppID: "wx", After: after, Limit: limit})
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range people {
			ids = append(ids, p.ID)
		}
		if next == 0 {
			return ids
		}
		if next <= after {
			t.Fatalf("after %d comes %d", after, next)
		}
		after = next
	}
}

func TestAnnouncementAudience(t *testing.T) {
	eachMarket(t, func(t *testing.T, m market) {
		const n = 12_000 // more than one window
		registerMany(t, m, n)
		huanglian := m.goods["黄连"]
		change(t, m.Store, "UPDATE users SET disabled = 1 WHERE id = 100002")
		change(t, m.Store, "UPDATE users SET registered_at = 0 WHERE id = 100003")
		for _, id := range []int64{100_001, 100_004, 111_000} {
			change(t, m.Store, fmt.Sprintf("INSERT INTO user_category (user_id, category_id) VALUES (%d, %d)", id, huanglian.ID))
		}
		for name, c := range map[string]struct {
			to   xunjia.AnnouncementAudience
			want func(id int64) bool // of the crowd
		}{
			"everybody": {xunjia.AnnouncementAudience{}, func(int64) bool { return true }},
			"Sichuan":   {xunjia.AnnouncementAudience{Province: "510000"}, func(id int64) bool { return id%2 == 0 }},
			"traders":   {xunjia.AnnouncementAudience{Kind: xunjia.Trader}, func(id int64) bool { return id%2 == 1 }},
			"both":      {xunjia.AnnouncementAudience{Kind: xunjia.Trader, Province: "510000"}, func(int64) bool { return false }},
			"goods": {xunjia.AnnouncementAudience{CategoryID: huanglian.ID},
				func(id int64) bool { return id == 100_001 || id == 100_004 || id == 111_000 }},
			"group": {xunjia.AnnouncementAudience{CategoryID: huanglian.ParentID, Kind: xunjia.Grower},
				func(id int64) bool { return id == 100_004 || id == 111_000 }},
		} {
			reach, err := m.AnnouncementReach(t.Context(), c.to)
			if err != nil {
				t.Fatal(err)
			}
			a, err := m.Announce(t.Context(), xunjia.Announcement{StaffID: 1, Title: "放假安排", Text: "国庆期间照常营业。", To: c.to}, name)
			if err != nil {
				t.Fatal(err)
			}
			got := audience(t, m, a, 700)
			if len(got) != reach {
				t.Errorf("%s: %d are told, %d were announced", name, len(got), reach)
			}
			var crowd, want []int64
			for _, id := range got {
				if id > 100_000 {
					crowd = append(crowd, id)
				}
			}
			for id := int64(100_001); id <= 100_000+n; id++ {
				if id != 100_002 && id != 100_003 && c.want(id) {
					want = append(want, id)
				}
			}
			if diff := cmp.Diff(want, crowd); diff != "" {
				t.Errorf("%s: %d instead of %d of the crowd are told", name, len(crowd), len(want))
			}
		}
		_, err := m.Announce(t.Context(), xunjia.Announcement{Title: "放假安排", Text: "国庆期间照常营业。", To: xunjia.AnnouncementAudience{CategoryID: 1 << 40}}, "x")
		if xunjia.ErrorCode(err) != xunjia.Invalid {
			t.Errorf("of goods that do not exist: %v, want Invalid", err)
		}
	})
}

// However often and wherever the form is sent, there is one announcement.
func TestAnnounceOnce(t *testing.T) {
	eachMarket(t, func(t *testing.T, m market) {
		var wg sync.WaitGroup
		ids := make([]int64, 12)
		for i := range ids {
			wg.Go(func() {
				a, err := m.Announce(t.Context(), xunjia.Announcement{StaffID: 1, Title: "放假安排", Text: "国庆期间照常营业。"}, "one form")
				if err != nil {
					t.Error(err)
				}
				ids[i] = a.ID
			})
		}
		wg.Wait()
		for _, id := range ids {
			if id != ids[0] {
				t.Fatalf("announcements %v", ids)
			}
		}
		if n := rows(t, m.Store, "event WHERE kind = 'system.announced'"); n != 1 {
			t.Errorf("%d events, want 1", n)
		}
	})
}

func TestWithdrawAnnouncement(t *testing.T) {
	eachMarket(t, func(t *testing.T, m market) {
		ctx := t.Context()
		registerMany(t, m, 1200)
		a, err := m.Announce(ctx, xunjia.Announcement{StaffID: 1, Title: "放假安排", Text: "国庆期间照常营业。"}, "form")
		if err != nil {
			t.Fatal(err)
		}
		now, err := m.DatabaseTime(ctx)
		if err != nil {
			t.Fatal(err)
		}
		var job store.EventJob
		for job.Event.ID != a.EventID {
			var ok bool
			if job, ok, err = m.ClaimEvent(ctx, store.EventClaim{Lane: xunjia.MassLane, Owner: "me", Now: now.Add(time.Minute), Until: now.Add(time.Hour)}); err != nil || !ok {
				t.Fatal(ok, err)
			}
		}
		tell := func(from, to int64) error {
			told := store.Told{EventID: a.EventID, Owner: "me", Until: now.Add(time.Hour), To: to}
			for id := from; id <= to; id++ {
				told.Notifications = append(told.Notifications, xunjia.Notification{Type: xunjia.SystemNotice, Receiver: id, Title: a.Title, Path: xunjia.AnnouncementPath(a.ID)})
			}
			return m.Tell(ctx, told)
		}
		if err := tell(100_001, 100_800); err != nil {
			t.Fatal(err)
		}
		if told, read, more, err := m.AnnouncementFigures(ctx, a); err != nil || told != 800 || read != 0 || !more {
			t.Errorf("told %d, read %d, more %v, %v", told, read, more, err)
		}
		if _, err := m.AnnouncementTo(ctx, a.ID, 100_001); err != nil {
			t.Errorf("who was told cannot read: %v", err)
		}
		if _, err := m.AnnouncementTo(ctx, a.ID, 100_801); xunjia.ErrorCode(err) != xunjia.NotFound {
			t.Errorf("who was not told: %v, want NotFound", err)
		}
		if err := m.WithdrawAnnouncement(ctx, 1, a.ID); err != nil {
			t.Fatal(err)
		}
		if err := tell(100_801, 101_200); xunjia.ErrorCode(err) != xunjia.Conflict {
			t.Errorf("telling goes on after the withdrawal: %v, want Conflict", err)
		}
		if _, err := m.AnnouncementTo(ctx, a.ID, 100_001); xunjia.ErrorCode(err) != xunjia.NotFound || !strings.Contains(err.Error(), "已经撤回") {
			t.Errorf("reading what was withdrawn: %v", err)
		}
		if left := audience(t, m, a, 100); len(left) != 0 {
			t.Errorf("%d are still to be told", len(left))
		}
		for range 10 {
			if _, err := m.ClearAnnouncements(ctx, 300); err != nil {
				t.Fatal(err)
			}
		}
		if n := rows(t, m.Store, fmt.Sprintf("notification WHERE event_id = %d", a.EventID)); n != 0 {
			t.Errorf("%d rows stay in inboxes", n)
		}
		for err, want := range map[error]xunjia.Code{
			m.WithdrawAnnouncement(ctx, 1, a.ID): xunjia.Conflict,
			m.WithdrawAnnouncement(ctx, 1, 999):  xunjia.NotFound,
		} {
			if xunjia.ErrorCode(err) != want {
				t.Errorf("%v, want %s", err, want)
			}
		}
	})
}
