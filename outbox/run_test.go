package outbox

import (
	"context"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/xunjia/xunjia/sms"
	"github.com/xunjia/xunjia/wechat"
)

// run runs the outbox until stop is called, which the end of the test does too.
func run(t *testing.T, o *Outbox) (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- o.Run(ctx) }()
	stop = sync.OnceFunc(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("Run: %v", err)
		}
	})
	t.Cleanup(stop)
	return stop
}

func TestMessageLeavesAtOnce(t *testing.T) {
	// A second is promised; a machine that runs other tests beside gets more.
	const atOnce = 3 * time.Second
	each(t, realTime, func(t *testing.T, w *world) {
		fan := w.people(1, true, 1)[0]
		for _, mode := range []string{"woken", "polling"} {
			arrived := make(chan wechat.TemplateMessage, 1)
			w.wx.answer = func(_ int, m wechat.TemplateMessage) (bool, error) {
				arrived <- m
				return true, nil
			}
			o := w.outbox(func(o *Options) {
				if mode == "woken" {
					o.Poll = time.Hour
				}
			})
			stop := run(t, o)
			began := time.Now()
			w.publish(1)
			if mode == "woken" {
				o.Wake()
			}
			select {
			case m := <-arrived:
				if took := time.Since(began); m.OpenID != openIDOf(fan) || took > atOnce {
					t.Errorf("%s: message to %s after %v, want it to %s at once", mode, m.OpenID, took, openIDOf(fan))
				}
			case <-time.After(10 * time.Second):
				t.Fatalf("%s: no message", mode)
			}
			stop()
		}
	})
}

func TestCodeOvertakesMassNotice(t *testing.T) {
	each(t, realTime, func(t *testing.T, w *world) {
		const people = 10_000
		w.people(people, false, 1)
		var mass atomic.Int64
		started, code := make(chan struct{}), make(chan int64, 1)
		begin := sync.OnceFunc(func() { close(started) })
		w.sms.arrived = func(m sms.Message) {
			if m.Template == "SMS_code" {
				code <- mass.Load()
				return
			}
			mass.Add(1)
			begin()
			<-time.After(5 * time.Millisecond) // what a provider takes to answer, at its best
		}
		o := w.outbox()
		stop := run(t, o)
		w.publish(1)
		o.Wake()
		<-started
		ahead := mass.Load()
		if err := o.SendCode(t.Context(), "13900001111", "482913"); err != nil {
			t.Fatal(err)
		}
		select {
		case before := <-code:
			// Counted, not timed: the machine may be busy.
			if n := before - ahead; n > people/10 {
				t.Errorf("%d of %d mass messages left between asking for the code and its arrival", n, people)
			}
		case <-time.After(20 * time.Second):
			t.Fatal("the code did not arrive")
		}
		stop()
		if n := w.count("delivery WHERE state = 'sending'") + w.count("event WHERE owner <> ''"); n != 0 {
			t.Errorf("%d leases left behind by a graceful stop", n)
		}
		if n := w.count("delivery WHERE state = 'unknown'"); n != 0 {
			t.Errorf("%d messages unknown after a graceful stop", n)
		}
	})
}

func TestStopFinishesWhatIsUnderWay(t *testing.T) {
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
	w := newWorld(t, "sqlite", nil)
	w.people(1, true, 1)
	sending, release := make(chan struct{}), make(chan struct{})
	w.wx.answer = func(int, wechat.TemplateMessage) (bool, error) {
		close(sending)
		<-release
		return true, nil
	}
	ctx, cancel := context.WithCancel(t.Context())
	o := w.outbox()
	done := make(chan error)
	go func() { done <- o.Run(ctx) }()
	w.publish(1)
	o.Wake()
	<-sending
	cancel()
	select {
	case <-done:
		t.Fatal("Run returned while a message was under way")
	default:
	}
	close(release)
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	if n := w.count("delivery WHERE state = 'sent' AND owner = ''"); n != 1 {
		t.Error("the message under way is not recorded as sent")
	}
	w.db.Close()
	w.store.Close()
}

func TestSlowMessageDoesNotHoldUpOthers(t *testing.T) {
	w := newWorld(t, "sqlite", nil)
	people := w.people(200, true, 1)
	release := make(chan struct{})
	rest := make(chan struct{})
	var arrived atomic.Int64
	slow := &slowWeChat{fakeWeChat: w.wx, release: release, each: func() {
		if arrived.Add(1) == int64(len(people)-1) {
			close(rest)
		}
	}}
	o := w.outbox(func(o *Options) { o.WeChat = slow })
	stop := run(t, o)
	w.publish(1)
	o.Wake()
	select {
	case <-rest:
	case <-time.After(10 * time.Second):
		t.Errorf("%d of %d messages arrived beside a slow one", arrived.Load(), len(people)-1)
	}
	close(release)
	stop()
	if n := w.count("delivery WHERE state = 'sent'"); n != len(people) {
		t.Errorf("%d sent, want %d", n, len(people))
	}
}

// slowWeChat does not answer the first call until it is released.
type slowWeChat struct {
	*fakeWeChat
	release chan struct{}
	each    func() // after every other call
	called  atomic.Bool
}

func (s *slowWeChat) SendTemplate(ctx context.Context, m wechat.TemplateMessage) (string, error) {
	if s.called.CompareAndSwap(false, true) {
		<-s.release
	} else {
		defer s.each()
	}
	return s.fakeWeChat.SendTemplate(ctx, m)
}
