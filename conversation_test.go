package xunjia_test

import (
	"strings"
	"testing"
	"time"

	"github.com/xunjia/xunjia"
)

// The platform's limits: 5 answers within 48 hours of a message, 3 within a
// minute of a tap.
func TestWindow(t *testing.T) {
	begin := at(12, 0)
	type step func(xunjia.Window) xunjia.Window
	talk := func(after time.Duration) step {
		return func(w xunjia.Window) xunjia.Window { return w.Opened(xunjia.Talked, begin.Add(after)) }
	}
	tap := func(after time.Duration) step {
		return func(w xunjia.Window) xunjia.Window { return w.Opened(xunjia.Tapped, begin.Add(after)) }
	}
	spend := func(after time.Duration, n int) step {
		return func(w xunjia.Window) xunjia.Window {
			for range n {
				w, _ = w.Spend(begin.Add(after))
			}
			return w
		}
	}
	gone := func(w xunjia.Window) xunjia.Window { w.Gone = true; return w }
	for _, test := range []struct {
		name  string
		steps []step
		after time.Duration
		left  int
		until time.Duration // after begin; 0 for never
		why   string
	}{
		{"nothing happened", nil, 0, 0, 0, "48 小时"},
		{"a message", []step{talk(0)}, time.Hour, 5, 48 * time.Hour, ""},
		{"the last moment", []step{talk(0)}, 48*time.Hour - 1, 5, 48 * time.Hour, ""},
		{"48 hours later", []step{talk(0)}, 48 * time.Hour, 0, 0, "48 小时"},
		{"four sent", []step{talk(0), spend(0, 4)}, 0, 1, 48 * time.Hour, ""},
		{"five sent", []step{talk(0), spend(0, 5)}, 0, 0, 0, "用完"},
		{"a sixth changes nothing", []step{talk(0), spend(0, 6), talk(time.Hour)}, time.Hour, 5, 49 * time.Hour, ""},
		{"an older message comes late", []step{talk(time.Hour), spend(time.Hour, 2), talk(0)}, time.Hour, 3, 49 * time.Hour, ""},
		{"a tap", []step{tap(0)}, 59 * time.Second, 3, time.Minute, ""},
		{"a minute after a tap", []step{tap(0)}, time.Minute, 0, 0, "48 小时"},
		{"both", []step{talk(0), tap(0)}, 0, 8, 48 * time.Hour, ""},
		{"the tap is spent first", []step{talk(0), tap(0), spend(0, 3)}, time.Minute, 5, 48 * time.Hour, ""},
		{"then the message", []step{talk(0), tap(0), spend(0, 4)}, time.Minute, 4, 48 * time.Hour, ""},
		{"unfollowed", []step{talk(0), gone}, 0, 0, 0, "取消关注"},
		{"the platform knows better", []step{talk(0), tap(0), xunjia.Window.Shut}, 0, 0, 0, "用完"},
		{"shut until the next message", []step{talk(0), xunjia.Window.Shut, talk(time.Second)}, time.Second, 5, 48*time.Hour + time.Second, ""},
		{"given back", []step{talk(0), spend(0, 2), func(w xunjia.Window) xunjia.Window { return w.Returned(begin) }}, 0, 4, 48 * time.Hour, ""},
		{"nothing to give back", []step{talk(0), func(w xunjia.Window) xunjia.Window { return w.Returned(begin) }}, 0, 5, 48 * time.Hour, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			var w xunjia.Window
			for _, s := range test.steps {
				w = s(w)
			}
			now := begin.Add(test.after)
			left, until := w.Left(now)
			want := time.Time{}
			if test.until != 0 {
				want = begin.Add(test.until)
			}
			if left != test.left || !until.Equal(want) {
				t.Errorf("%d left until %v, want %d until %v", left, until, test.left, want)
			}
			if why := w.Closed(now); (why == "") != (test.why == "") || !strings.Contains(why, test.why) {
				t.Errorf("closed because %q, want %q", why, test.why)
			}
			if _, ok := w.Spend(now); ok != (test.left > 0) {
				t.Errorf("Spend = %v with %d left", ok, test.left)
			}
		})
	}
}

func TestCalled(t *testing.T) {
	c := xunjia.Conversation{OpenID: "oABCDEFGHIJK"}
	for want, change := range map[string]func(){
		"粉丝 …FGHIJK": func() {},
		"小王":         func() { c.Identity.Nickname = "小王" },
		"王老板":        func() { c.Remark = "王老板" },
	} {
		c.Identity.Nickname, c.Remark = "", ""
		if change(); c.Called() != want {
			t.Errorf("Called() = %q, want %q", c.Called(), want)
		}
	}
}
