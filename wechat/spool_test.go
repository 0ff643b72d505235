package wechat

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/xunjia/xunjia"
)

func openSpool(t testing.TB, dir string) *Spool {
	t.Helper()
	s, err := OpenSpool(dir, quiet())
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func inbound(i int) xunjia.Inbound {
	return xunjia.Inbound{
		AppID: testAppID, Key: fmt.Sprintf("m:%d", i), OpenID: "o-1", Kind: "text",
		Body:       messageXML("text", fmt.Sprintf("<Content>第 %d 条</Content><MsgId>%d</MsgId>", i, i)),
		ReceivedAt: time.UnixMilli(1700000000000).UTC(),
	}
}

func TestSpoolSurvivesARestart(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "spool")
	s := openSpool(t, dir)
	for i := range 3 {
		for range 2 { // the platform delivers more than once
			if err := s.Append(inbound(i)); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := os.WriteFile(filepath.Join(dir, "push-cut.tmp"), []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "broken.json"), []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	s = openSpool(t, dir)
	if s.Len() != 4 {
		t.Errorf("%d wait, want 3 and the broken one", s.Len())
	}
	got := map[string]xunjia.Inbound{}
	if err := s.Drain(context.Background(), func(_ context.Context, in xunjia.Inbound) error {
		got[in.Key] = in
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	want := map[string]xunjia.Inbound{"m:0": inbound(0), "m:1": inbound(1), "m:2": inbound(2)}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if s.Len() != 0 || openSpool(t, dir).Len() != 0 {
		t.Errorf("%d are left", s.Len())
	}
	if left, _ := filepath.Glob(filepath.Join(dir, "*")); len(left) != 1 || !strings.HasSuffix(left[0], "broken.json.bad") {
		t.Errorf("files left: %v", left)
	}
}

func TestSpoolKeepsWhatIsRefused(t *testing.T) {
	s := openSpool(t, t.TempDir())
	for i := range 30 {
		if err := s.Append(inbound(i)); err != nil {
			t.Fatal(err)
		}
	}
	down, tried := errors.New("down"), 0
	err := s.Drain(context.Background(), func(context.Context, xunjia.Inbound) error {
		tried++
		return down
	})
	if !errors.Is(err, down) || tried != maxRefused || s.Len() != 30 {
		t.Errorf("%v after %d tries, %d left", err, tried, s.Len())
	}
	err = s.Drain(context.Background(), func(_ context.Context, in xunjia.Inbound) error {
		if in.Key == "m:7" {
			return down
		}
		return nil
	})
	if !errors.Is(err, down) || s.Len() != 1 {
		t.Errorf("one that nobody can store held up others: %v, %d left", err, s.Len())
	}
}

func TestSpoolTakesManyAtOnce(t *testing.T) {
	s := openSpool(t, t.TempDir())
	var wg sync.WaitGroup
	for worker := range 8 {
		wg.Go(func() {
			for i := range 20 {
				if err := s.Append(inbound(worker*10 + i)); err != nil { // half of them twice
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	if s.Len() != 90 {
		t.Errorf("%d wait, want 90", s.Len())
	}
}

func TestPushesOfAnOutageAreHandledLater(t *testing.T) {
	inbox, h := newInbox(), &recorder{reply: TextReply{"好"}}
	var late []string
	spool := openSpool(t, t.TempDir())
	cb := newTestCallback(t, Safe, inbox, h.handle, CallbackOptions{Spool: spool, Late: func(_ context.Context, m Message, _ Reply) error {
		late = append(late, m.Key)
		return nil
	}})
	inbox.set(errors.New("connection refused"), nil)
	s := newSender(testAESKey)
	for range 3 {
		if w := serve(cb, s.push(t, aText)); w.Code != 200 || w.Body.String() != "success" {
			t.Fatalf("%d %q", w.Code, w.Body)
		}
	}
	if err := cb.Replay(context.Background()); err == nil || h.count() != 0 || spool.Len() != 1 {
		t.Fatalf("still down: %v, handled %d, waiting %d", err, h.count(), spool.Len())
	}
	inbox.set(nil, nil)
	for range 2 {
		if err := cb.Replay(context.Background()); err != nil {
			t.Fatal(err)
		}
	}
	serve(cb, s.push(t, aText)) // the platform's last try
	cb.Wait()
	stored, marked := inbox.counts()
	if stored != 1 || marked != 1 || h.count() != 1 || spool.Len() != 0 || cmp.Diff([]string{"m:1"}, late) != "" {
		t.Errorf("stored %d, marked %d, handled %d, waiting %d, late %v", stored, marked, h.count(), spool.Len(), late)
	}
}

func TestNoSuccessWithoutStorage(t *testing.T) {
	dir := t.TempDir()
	for name, spool := range map[string]*Spool{"no spool": nil, "spool is gone": openSpool(t, filepath.Join(dir, "gone"))} {
		os.RemoveAll(filepath.Join(dir, "gone"))
		inbox, h := newInbox(), &recorder{reply: TextReply{"好"}}
		inbox.set(errors.New("down"), nil)
		cb := newTestCallback(t, Safe, inbox, h.handle, CallbackOptions{Spool: spool})
		w := serve(cb, newSender(testAESKey).push(t, aText))
		cb.Wait()
		if w.Code != 500 || strings.Contains(w.Body.String(), "success") || h.count() != 0 {
			t.Errorf("%s: %d %q, handled %d", name, w.Code, w.Body, h.count())
		}
	}
}

// A store that hangs and ignores its context does not hang the answer.
func TestHangingInbox(t *testing.T) {
	dir := t.TempDir()
	for name, c := range map[string]struct {
		spool *Spool
		want  int
	}{"with a spool": {openSpool(t, dir), 200}, "without": {nil, 500}} {
		synctest.Test(t, func(t *testing.T) {
			inbox, h, hang := newInbox(), &recorder{}, make(chan struct{})
			inbox.set(nil, hang)
			cb := newTestCallback(t, Safe, inbox, h.handle, CallbackOptions{Spool: c.spool})
			start := time.Now()
			w := serve(cb, newSender(testAESKey).push(t, aText))
			if took := time.Since(start); w.Code != c.want || took > 3*time.Second {
				t.Errorf("%s: %d after %v", name, w.Code, took)
			}
			close(hang) // it saves after all
			inbox.set(nil, nil)
			cb.Wait()
			if err := cb.Replay(t.Context()); err != nil {
				t.Error(err)
			}
			if stored, _ := inbox.counts(); stored != 1 || h.count() != 1 {
				t.Errorf("%s: stored %d, handled %d", name, stored, h.count())
			}
		})
	}
}

func TestRunReplaysByItself(t *testing.T) {
	spool := openSpool(t, t.TempDir())
	if err := spool.Append(inbound(1)); err != nil {
		t.Fatal(err)
	}
	synctest.Test(t, func(t *testing.T) {
		inbox, h := newInbox(), &recorder{}
		inbox.set(errors.New("down"), nil)
		cb := newTestCallback(t, Safe, inbox, h.handle, CallbackOptions{Spool: spool})
		ctx, stop := context.WithCancel(context.Background())
		go cb.Run(ctx)
		time.Sleep(time.Second)
		inbox.set(nil, nil)
		time.Sleep(5 * time.Second)
		synctest.Wait()
		if h.count() != 1 || spool.Len() != 0 {
			t.Errorf("handled %d, waiting %d", h.count(), spool.Len())
		}
		stop()
	})
}
