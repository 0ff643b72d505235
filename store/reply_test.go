package store_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/xunjia/xunjia"
	"github.com/xunjia/xunjia/store"
	"github.com/xunjia/xunjia/store/storetest"
)

func priceRule() xunjia.ReplyRule {
	return xunjia.ReplyRule{
		Trigger: xunjia.OnKeyword, Name: "价格", Words: []string{"价格", "多少钱"}, Matching: xunjia.Contains, Priority: 20, Enabled: true,
		Random: true, Hours: xunjia.Hours{From: 540, Until: 1080}, Days: xunjia.Days{First: 20261101, Last: 20261231},
		Answers: []xunjia.ReplyAnswer{
			{Kind: xunjia.TextAnswer, Text: strings.Repeat("药", 682)},
			{Kind: xunjia.ImageAnswer, Media: "picture"},
			{Kind: xunjia.NewsAnswer, Title: "标题", Description: "说明", URL: "/purchases", Media: "cover"},
		},
	}
}

func TestReplyRules(t *testing.T) {
	c := newClock()
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		ctx := t.Context()
		want := priceRule()
		_, err := s.SaveReplyRule(ctx, want, "form-1", 7)
		wantFields(t, "pictures that are gone", err, "answers.1.media", "answers.2.media")
		for _, key := range []string{"picture", "cover"} {
			if err := s.CreateMedia(ctx, xunjia.Media{Key: key}); err != nil {
				t.Fatal(err)
			}
		}
		id, err := s.SaveReplyRule(ctx, want, "form-1", 7)
		if err != nil {
			t.Fatal(err)
		}
		if again, err := s.SaveReplyRule(ctx, want, "form-1", 7); again != id || err != nil {
			t.Errorf("the same form again: %d, %v; want %d", again, err, id)
		}
		want.ID, want.Version, want.UpdatedBy = id, 1, 7
		check := func(want ...xunjia.ReplyRule) {
			t.Helper()
			got, err := s.ReplyRules(ctx, "wx")
			if diff := cmp.Diff(want, got, cmpopts.IgnoreFields(xunjia.ReplyRule{}, "UpdatedAt")); err != nil || diff != "" {
				t.Errorf("ReplyRules: %v (-want +got):\n%s", err, diff)
			}
		}
		check(want)

		// The platform's picture counts until it expires.
		if err := s.SaveReplyMedia(ctx, "wx", "picture", "old", c.now()); err != nil {
			t.Fatal(err)
		}
		check(want)
		if err := s.SaveReplyMedia(ctx, "wx", "picture", "media-1", c.now().Add(time.Hour)); err != nil {
			t.Fatal(err)
		}
		want.Answers[1].MediaID = "media-1"
		check(want)
		if keys, err := s.StaleReplyMedia(ctx, "wx", 2*time.Hour); err != nil || !cmp.Equal(keys, []string{"picture"}) {
			t.Errorf("StaleReplyMedia = %v, %v", keys, err)
		}
		if keys, err := s.StaleReplyMedia(ctx, "wx", time.Minute); err != nil || len(keys) != 0 {
			t.Errorf("StaleReplyMedia = %v, %v; want none", keys, err)
		}

		urgent := xunjia.ReplyRule{Trigger: xunjia.OnDefault, Name: "默认", Matching: xunjia.Exact, Priority: 30, Enabled: true,
			Answers: []xunjia.ReplyAnswer{{Kind: xunjia.TextAnswer, Text: "您好"}}}
		if urgent.ID, err = s.SaveReplyRule(ctx, urgent, "form-2", 7); err != nil {
			t.Fatal(err)
		}
		urgent.Version, urgent.UpdatedBy = 1, 7
		check(urgent, want)

		// A change replaces the answers; one that saw an older version is refused.
		change := want
		change.Name, change.Answers = "价格二", change.Answers[:1]
		if _, err := s.SaveReplyRule(ctx, change, "", 8); err != nil {
			t.Fatal(err)
		}
		_, err = s.SaveReplyRule(ctx, want, "", 9)
		wantCode(t, "an older version", err, xunjia.Conflict)
		change.Version, change.UpdatedBy = 2, 8
		check(urgent, change)

		if err := s.EnableReplyRule(ctx, id, false, 8); err != nil {
			t.Fatal(err)
		}
		change.Version, change.Enabled = 3, false
		check(urgent, change)
		if err := s.DeleteReplyRule(ctx, urgent.ID, 8); err != nil {
			t.Fatal(err)
		}
		check(change)

		wantCode(t, "delete an unknown rule", s.DeleteReplyRule(ctx, 999, 8), xunjia.NotFound)
		wantCode(t, "enable an unknown rule", s.EnableReplyRule(ctx, 999, true, 8), xunjia.NotFound)
		change.ID = 999
		_, err = s.SaveReplyRule(ctx, change, "", 8)
		wantCode(t, "save an unknown rule", err, xunjia.NotFound)
		_, err = s.SaveReplyRule(ctx, xunjia.ReplyRule{}, "form-3", 8)
		wantCode(t, "save an empty rule", err, xunjia.Invalid)

		audits, err := s.Audits(ctx, xunjia.AuditFilter{Action: "reply."}, xunjia.Page{})
		if err != nil {
			t.Fatal(err)
		}
		var actions []string
		for _, a := range audits.Items {
			actions = append(actions, a.Action)
		}
		if diff := cmp.Diff([]string{"reply.deleted", "reply.disabled", "reply.changed", "reply.created", "reply.created"}, actions); diff != "" {
			t.Errorf("audit (-want +got):\n%s", diff)
		}
	}, c.option)
}
