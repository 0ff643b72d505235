package outbox

import (
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/xunjia/xunjia"
	"github.com/xunjia/xunjia/store"
	"github.com/xunjia/xunjia/wechat"
)

// slips are the answers after which a message may be sent again: that it was
// not sent, and those that were lost.
type slips struct {
	mu    sync.Mutex
	seen  map[string]int // sends by client_msg_id
	cause map[string]int // reasons to repeat
}

// unexplained counts the sends that nothing gave a reason for.
func (s *slips) unexplained() (n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for id, sends := range s.seen {
		n += max(0, sends-1-s.cause[id])
	}
	return n
}

// fourHosts runs four instances whose clocks are up to a minute wrong until
// everybody has been told, or a message was repeated without a reason. storeOf makes what a host works on of its store with
// the wrong clock.
func fourHosts(t *testing.T, w *world, people int, storeOf func(*store.Store) Store) *slips {
	t.Helper()
	s := &slips{seen: map[string]int{}, cause: map[string]int{}}
	random := rand.New(rand.NewPCG(7, 11))
	w.wx.answer = func(_ int, m wechat.TemplateMessage) (bool, error) {
		s.mu.Lock()
		s.seen[m.ClientMsgID]++
		n := random.IntN(100)
		if n < 25 {
			s.cause[m.ClientMsgID]++
		}
		s.mu.Unlock()
		if n >= 40 && n < 60 { // some calls take long, while others look for work
			w.wx.mu.Unlock()
			<-time.After(time.Duration(n) * 10 * time.Millisecond)
			w.wx.mu.Lock()
		}
		switch {
		case n < 20:
			return false, apiError(-1)
		case n < 25:
			return true, lost()
		}
		return true, nil
	}
	var hosts []*Outbox
	for _, skew := range []time.Duration{-time.Minute, -20 * time.Second, 20 * time.Second, time.Minute} {
		wrong := func() time.Time { return time.Now().Add(skew) }
		host := storeOf(w.open(func(o *store.Options) { o.Clock = wrong }))
		hosts = append(hosts, w.outbox(func(o *Options) { o.Store, o.Clock, o.Poll = host, wrong, 20*time.Millisecond }))
	}
	w.publish(1)
	// The host that is behind queues the messages, so that they are due for all.
	if worked, err := hosts[0].expandNext(t.Context(), xunjia.MassLane); !worked || err != nil {
		t.Fatal(worked, err)
	}
	var stops []func()
	for _, o := range hosts {
		stops = append(stops, run(t, o))
	}
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for end := time.Now().Add(2 * time.Minute); ; <-tick.C {
		if s.unexplained() > 0 || w.count("delivery") == people && w.count("delivery WHERE active = 1") == 0 {
			break
		}
		if time.Now().After(end) {
			t.Errorf("%d of %d deliveries are done", w.count("delivery WHERE active = 0"), people)
			break
		}
	}
	for _, stop := range stops {
		stop()
	}
	return s
}

func TestFourHostsWithWrongClocks(t *testing.T) {
	const people = 600
	// Leases by the hosts' own clocks are the mistake that the database's
	// prevents; this test would notice.
	w := newWorld(t, "mysql", realTime())
	w.people(people, true, 1)
	s := fourHosts(t, w, people, func(s *store.Store) Store { return s })
	if n := s.unexplained(); n == 0 {
		t.Error("leases by wrong clocks repeat nothing: this test sees no duplicates")
	} else {
		t.Logf("by their own clocks the hosts repeated %d of %d messages when this test stopped them", n, people)
	}

	w = newWorld(t, "mysql", realTime())
	w.people(people, true, 1)
	s = fourHosts(t, w, people, func(s *store.Store) Store { return skewed{s, w.store} })
	if n := s.unexplained(); n != 0 {
		t.Errorf("%d messages were sent again without a reason", n)
	}
	if sent := w.count("delivery WHERE state = 'sent'"); len(w.wx.delivered) != people || sent != people {
		t.Errorf("%d messages arrived, %d are recorded as sent, want %d", len(w.wx.delivered), sent, people)
	}
}
