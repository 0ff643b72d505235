package store_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/xunjia/xunjia"
	"github.com/xunjia/xunjia/store"
	"github.com/xunjia/xunjia/store/storetest"
)

// chat is what fans and the account write to each other in a test.
type chat struct {
	*testing.T
	*store.Store
	c *clock
	n int
}

func eachChat(t *testing.T, f func(chat)) {
	t.Helper()
	c := newClock()
	storetest.Each(t, func(t *testing.T, s *store.Store) { f(chat{t, s, c, 0}) }, c.option)
}

// writes records a text of a fan with the automatic answers.
func (c *chat) writes(openID, text string, answers ...string) xunjia.Conversation {
	c.Helper()
	c.n++
	p := store.ConversationPush{AppID: "wx", OpenID: openID, Key: fmt.Sprintf("m:%d", c.n), Opening: xunjia.Talked, Waits: true,
		Message: xunjia.ChatMessage{Kind: "text", Text: text, At: c.c.now()}, DueAt: c.c.now().Add(time.Second)}
	for _, a := range answers {
		p.Answers = append(p.Answers, xunjia.ChatMessage{Kind: "text", Text: a, Answer: xunjia.ReplyAnswer{Kind: xunjia.TextAnswer, Text: a}})
	}
	if fresh, err := c.RecordPush(c.T.Context(), p); !fresh || err != nil {
		c.Fatal(fresh, err)
	}
	return c.with(openID)
}

func (c *chat) with(openID string) xunjia.Conversation {
	c.Helper()
	talk, err := c.ConversationWith(c.T.Context(), "wx", openID)
	if err != nil {
		c.Fatal(err)
	}
	return talk
}

// said lists a conversation, oldest first: "state way: text".
func (c *chat) said(talk xunjia.Conversation) []string {
	c.Helper()
	list, err := c.ChatMessages(c.T.Context(), talk.ID, xunjia.Page{Limit: 100})
	if err != nil {
		c.Fatal(err)
	}
	var out []string
	for _, m := range list.Items {
		out = append([]string{fmt.Sprintf("%s %s: %s", string(m.State), m.Way, m.Text)}, out...)
	}
	return out
}

func (c *chat) left(openID string) int {
	n, _ := c.with(openID).Window.Left(c.c.now())
	return n
}

func TestRecordPush(t *testing.T) {
	eachChat(t, func(c chat) {
		ctx := c.T.Context()
		talk := c.writes("o1", "你好", "您好", "还有", "最后")
		want := []string{"done push: 你好", "done passive: 您好", "queued customer: 还有", "queued customer: 最后"}
		if diff := cmp.Diff(want, c.said(talk)); diff != "" {
			c.Errorf("messages (-want +got):\n%s", diff)
		}
		if talk.Unread != 1 || talk.LastText != "你好" || c.left("o1") != 5 {
			c.Errorf("conversation %+v, %d left", talk, c.left("o1"))
		}
		again := store.ConversationPush{AppID: "wx", OpenID: "o1", Key: "m:1", Opening: xunjia.Talked, Waits: true,
			Message: xunjia.ChatMessage{Kind: "text", Text: "你好", At: c.c.now()}, Answers: []xunjia.ChatMessage{{Text: "您好"}}}
		if fresh, err := c.RecordPush(ctx, again); fresh || err != nil {
			c.Errorf("the same push again: %v, %v", fresh, err)
		}
		if diff := cmp.Diff(want, c.said(talk)); diff != "" {
			c.Errorf("messages after a repetition (-want +got):\n%s", diff)
		}
		if talk := c.with("o1"); talk.Unread != 1 {
			c.Errorf("unread %d after a repetition", talk.Unread)
		}
		long := c.writes("o2", strings.Repeat("药", 1000))
		list, err := c.ChatMessages(ctx, long.ID, xunjia.Page{})
		if err != nil || len(list.Items[0].Text) > 2048 || !strings.HasSuffix(list.Items[0].Text, "…") {
			c.Errorf("a long text is kept with %d bytes, %v", len(list.Items[0].Text), err)
		}
		if err := c.ReadConversation(ctx, talk.ID); err != nil {
			c.Fatal(err)
		}
		if n, err := c.WaitingConversations(ctx); n != 1 || err != nil {
			c.Errorf("%d wait, %v; want 1", n, err)
		}
	})
}

// Further answers are sent once each, as far as the window has room.
func TestQueuedAnswers(t *testing.T) {
	eachChat(t, func(c chat) {
		ctx := c.T.Context()
		talk := c.writes("o1", "你好", "一", "二", "三")
		claim := func(want string) (m store.QueuedMessage) {
			c.Helper()
			m, ok, err := c.ClaimMessage(ctx, "wx")
			if err != nil || ok != (want != "") || m.Text != want {
				c.Errorf("claimed %q, %v, %v; want %q", m.Text, ok, err, want)
			}
			return m
		}
		claim("") // not due yet
		c.c.advance(time.Second)
		two := claim("二")
		if two.OpenID != "o1" || two.Answer.Text != "二" || c.left("o1") != 4 {
			c.Errorf("claimed %+v, %d left", two, c.left("o1"))
		}
		if err := c.FinishMessage(ctx, two.ChatMessage, store.SendResult{State: xunjia.MessageSent}); err != nil {
			c.Fatal(err)
		}
		three := claim("三")
		claim("")
		// The program dies: nobody sends it again.
		c.c.advance(3 * time.Minute)
		claim("")
		want := []string{"done push: 你好", "done passive: 一", "sent customer: 二", "unknown customer: 三"}
		if diff := cmp.Diff(want, c.said(talk)); diff != "" {
			c.Errorf("messages (-want +got):\n%s", diff)
		}
		if err := c.FinishMessage(ctx, three.ChatMessage, store.SendResult{State: xunjia.MessageFailed}); err != nil {
			c.Fatal(err)
		}
		if diff := cmp.Diff(want, c.said(talk)); diff != "" || c.left("o1") != 3 {
			c.Errorf("a result after the end counts, %d left (-want +got):\n%s", c.left("o1"), diff)
		}

		c.writes("o1", "再来", "四", "五")
		c.c.advance(49 * time.Hour)
		claim("")
		if got := c.said(talk); !strings.HasPrefix(got[len(got)-1], "skipped customer: 五") {
			c.Errorf("after the window: %q", got)
		}
	})
}

// Staff's answers take their place in the window, once per form.
func TestBeginAnswer(t *testing.T) {
	eachChat(t, func(c chat) {
		ctx := c.T.Context()
		talk := c.writes("o1", "你好")
		begin := func(form string) (xunjia.ChatMessage, bool, error) {
			return c.BeginAnswer(ctx, talk.ID, form, xunjia.ChatMessage{Kind: "text", Text: form, Staff: 7})
		}
		first, fresh, err := begin("a")
		if err != nil || !fresh || c.left("o1") != 4 {
			c.Fatal(fresh, err, c.left("o1"))
		}
		again, fresh, err := begin("a")
		if diff := cmp.Diff(first, again, cmpopts.EquateApproxTime(time.Millisecond)); err != nil || fresh || diff != "" || c.left("o1") != 4 {
			c.Errorf("the same form: fresh %v, %v, %d left (-first +again):\n%s", fresh, err, c.left("o1"), diff)
		}
		if talk := c.with("o1"); talk.Unread != 0 || talk.LastText != "我：a" {
			c.Errorf("after an answer %+v", talk)
		}
		// Refused for another reason: the place comes back.
		if err := c.FinishMessage(ctx, first, store.SendResult{State: xunjia.MessageFailed, Reason: "内容违规"}); err != nil {
			c.Fatal(err)
		}
		if c.left("o1") != 5 {
			c.Errorf("%d left after a refusal, want 5", c.left("o1"))
		}
		second, _, err := begin("b")
		if err != nil {
			c.Fatal(err)
		}
		// The platform says the window is used up: it knows better.
		if err := c.FinishMessage(ctx, second, store.SendResult{State: xunjia.MessageFailed, Shut: true}); err != nil {
			c.Fatal(err)
		}
		_, _, err = begin("c")
		wantCode(c.T, "a shut window", err, xunjia.Conflict)
		c.writes("o1", "还在吗")
		for i := range 5 {
			if _, _, err := begin(fmt.Sprint("d", i)); err != nil {
				c.Fatal(err)
			}
		}
		_, _, err = begin("e")
		wantCode(c.T, "a sixth message", err, xunjia.Conflict)
		c.writes("o1", "喂")
		if err := c.SetSubscribed(ctx, "wx", "o1", false, c.c.now()); err != nil {
			c.Fatal(err)
		}
		_, _, err = begin("f")
		wantCode(c.T, "somebody who unfollowed", err, xunjia.Conflict)
		_, _, err = c.BeginAnswer(ctx, 999, "g", xunjia.ChatMessage{})
		wantCode(c.T, "an unknown conversation", err, xunjia.NotFound)
	})
}

func TestConversations(t *testing.T) {
	eachChat(t, func(c chat) {
		ctx := c.T.Context()
		for i := range 5 {
			c.c.advance(time.Minute)
			c.writes(fmt.Sprintf("o_fan%d", i), "你好")
		}
		if _, err := c.SaveIdentity(ctx, xunjia.Identity{AppID: "wx", OpenID: "o_fan2", Nickname: "百分之50%的王"}); err != nil {
			c.Fatal(err)
		}
		if err := c.ReadConversation(ctx, c.with("o_fan4").ID); err != nil {
			c.Fatal(err)
		}
		for _, test := range []struct {
			filter store.ConversationFilter
			want   string
		}{
			{store.ConversationFilter{}, "43210"},
			{store.ConversationFilter{Waiting: true}, "3210"},
			{store.ConversationFilter{Search: "fan3"}, "3"},
			{store.ConversationFilter{Search: "o_fan"}, ""}, // the end of the openid only
			{store.ConversationFilter{Search: "的王"}, "2"},
			{store.ConversationFilter{Search: "50%的"}, "2"},
			{store.ConversationFilter{Search: "%"}, "2"},
			{store.ConversationFilter{Search: "_"}, ""},
			{store.ConversationFilter{Search: "!"}, ""},
		} {
			var got string
			for after := ""; ; {
				list, err := c.Conversations(ctx, test.filter, xunjia.Page{After: after, Limit: 2})
				if err != nil {
					c.Fatal(err)
				}
				for _, talk := range list.Items {
					got += talk.OpenID[len(talk.OpenID)-1:]
				}
				if after = list.Next; after == "" {
					break
				}
			}
			if got != test.want {
				c.Errorf("%+v finds %q, want %q", test.filter, got, test.want)
			}
		}
		_, err := c.Conversation(ctx, 999)
		wantCode(c.T, "unknown conversation", err, xunjia.NotFound)
		_, err = c.ChatMessage(ctx, c.with("o_fan1").ID, 999)
		wantCode(c.T, "unknown message", err, xunjia.NotFound)
		if n, err := c.PruneConversations(ctx, c.c.now().Add(-time.Minute), 100); n != 3 || err != nil {
			c.Errorf("pruned %d, %v; want 3", n, err)
		}
	})
}

// Two colleagues, and the automatic answers, never send more than the platform
// takes.
func TestWindowIsSpentOnce(t *testing.T) {
	stores := twoInstances(t)
	push := store.ConversationPush{AppID: "wx", OpenID: "o", Key: "m:1", Opening: xunjia.Talked, Message: xunjia.ChatMessage{Kind: "text", Text: "你好"}}
	if _, err := stores[0].RecordPush(t.Context(), push); err != nil {
		t.Fatal(err)
	}
	talk, err := stores[0].ConversationWith(t.Context(), "wx", "o")
	if err != nil {
		t.Fatal(err)
	}
	won := crowd(t, stores, func(s *store.Store, i int) (bool, error) {
		_, fresh, err := s.BeginAnswer(t.Context(), talk.ID, fmt.Sprint("form", i), xunjia.ChatMessage{Kind: "text", Text: "x", Staff: 1})
		if xunjia.ErrorCode(err) == xunjia.Conflict {
			return false, nil
		}
		return fresh, err
	})
	if won != 5 {
		t.Errorf("%d messages went into a window of 5", won)
	}
}
