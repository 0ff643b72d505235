package handlers

import (
	"slices"
	"sync"
	"time"

	"github.com/xunjia/xunjia/wechat"
)

// Watch remembers, in memory and for this instance alone, how the official
// account has been doing: the latencies of the callback and the last errors of
// calls. Metrics know more; this is what staff can look at.
type Watch struct {
	clock func() time.Time

	mu       sync.Mutex
	pushes   []pushSeen // a ring: the newest overwrite the oldest
	next     int
	refused  map[string]int
	refusals int
	calls    map[string]callSeen // by API
	errors   []callFailed        // newest last
}

type pushSeen struct {
	at   time.Time
	took time.Duration
}

// callSeen is the last success of an API.
type callSeen struct {
	at   time.Time
	took time.Duration
}

type callFailed struct {
	at  time.Time
	api string
	err error
}

// What is remembered.
const (
	pushesKept = 4096
	errorsKept = 20
	callsKept  = 100
	pushWindow = time.Hour
)

// NewWatch makes a Watch; hand its Call to wechat.Options.Observe.
func NewWatch(clock func() time.Time) *Watch {
	return &Watch{clock: clock, refused: map[string]int{}, calls: map[string]callSeen{}}
}

// Call notes a request to the platform.
func (w *Watch) Call(api string, took time.Duration, err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	now := w.clock()
	if err == nil {
		if _, known := w.calls[api]; known || len(w.calls) < callsKept {
			w.calls[api] = callSeen{now, took}
		}
		return
	}
	w.errors = append(w.errors, callFailed{now, api, err})
	if len(w.errors) > errorsKept {
		w.errors = slices.Delete(w.errors, 0, len(w.errors)-errorsKept)
	}
}

// Push notes a request to the callback.
func (w *Watch) Push(took time.Duration, refused string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if refused != "" {
		w.refusals++
		w.refused[refusalName(refused)]++
		return
	}
	seen := pushSeen{w.clock(), took}
	if len(w.pushes) < pushesKept {
		w.pushes = append(w.pushes, seen)
		return
	}
	w.pushes[w.next] = seen
	w.next = (w.next + 1) % pushesKept
}

// refusalName is why a push was refused, for staff. Whatever is not known is
// one kind, so that a stranger cannot fill the memory with new ones.
func refusalName(why string) string {
	switch why {
	case "signature", "msg_signature":
		return "签名不正确"
	case "timestamp":
		return "时间相差太多"
	case "plain push in safe mode", "sealed push in plain mode":
		return "加密方式与配置不符"
	case "body":
		return "内容太大"
	case "no echostr", "method":
		return "不是微信的请求"
	}
	return "内容不能识别或不能解密"
}

// pushStats is the callback's last hour.
type pushStats struct {
	count         int
	p50, p95, max time.Duration
	refused       map[string]int // since the start
}

func (w *Watch) pushStats() pushStats {
	w.mu.Lock()
	defer w.mu.Unlock()
	since := w.clock().Add(-pushWindow)
	var took []time.Duration
	for _, p := range w.pushes {
		if p.at.After(since) {
			took = append(took, p.took)
		}
	}
	stats := pushStats{count: len(took), refused: map[string]int{}}
	for why, n := range w.refused {
		stats.refused[why] = n
	}
	if len(took) > 0 {
		slices.Sort(took)
		stats.p50, stats.p95, stats.max = took[len(took)/2], took[len(took)*95/100], took[len(took)-1]
	}
	return stats
}

// lastCall is when an API last succeeded; zero for never, in this process.
func (w *Watch) lastCall(api string) time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.calls[api].at
}

// lastErrors are the last failed calls, newest first.
func (w *Watch) lastErrors() []callFailed {
	w.mu.Lock()
	defer w.mu.Unlock()
	list := slices.Clone(w.errors)
	slices.Reverse(list)
	return list
}

// meaning explains a failed call to staff.
func (f callFailed) meaning() string { return wechat.StaffText(f.err) }
