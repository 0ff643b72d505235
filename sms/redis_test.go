package sms_test

import (
	"context"
	"log/slog"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"
	"github.com/xunjia/xunjia"
	"github.com/xunjia/xunjia/sms"
)

// master is a key for tests only.
var master = []byte("0123456789abcdefghijklmnopqrstuv")

// noon is when every test begins, in China.
var noon = time.Date(2026, 3, 2, 12, 0, 0, 0, time.FixedZone("CST", 8*60*60))

// world is Redis, the budget in SQL and the clock around one Codes.
type world struct {
	redis   redis.UniversalClient
	mini    *miniredis.Miniredis // nil on a real Redis, whose clock cannot be moved
	budget  *budget
	now     time.Time
	options sms.CodesOptions
	codes   *sms.Codes
}

// advance moves the clock of Redis and of the budget.
func (w *world) advance(d time.Duration) {
	w.now = w.now.Add(d)
	w.mini.FastForward(d)
	w.mini.SetTime(w.now)
}

// budget is the counter that the store keeps in SQL.
type budget struct {
	sync.Mutex
	spent map[string]map[int]int64
	err   error
}

func (b *budget) Spend(_ context.Context, name string, day int, limit int64) (bool, error) {
	b.Lock()
	defer b.Unlock()
	if b.err != nil {
		return false, b.err
	}
	if b.spent[name] == nil {
		b.spent[name] = map[int]int64{}
	}
	if b.spent[name][day] >= limit {
		return false, nil
	}
	b.spent[name][day]++
	return true, nil
}

func (b *budget) Spent(_ context.Context, name string, day int) (int64, error) {
	b.Lock()
	defer b.Unlock()
	return b.spent[name][day], b.err
}

// embedded is a world on miniredis.
func embedded(t *testing.T, change func(*sms.CodesOptions)) *world {
	t.Helper()
	mini := miniredis.RunT(t)
	mini.SetTime(noon)
	w := &world{mini: mini, now: noon}
	w.build(t, redis.NewClient(&redis.Options{Addr: mini.Addr()}), change)
	return w
}

// external is a world on a redis-server of its own; the test is skipped when the
// machine has none.
func external(t *testing.T, change func(*sms.CodesOptions)) *world {
	t.Helper()
	binary, err := exec.LookPath("redis-server")
	if err != nil {
		t.Skip("no redis-server on this machine")
	}
	dir, err := os.MkdirTemp("", "redis") // t.TempDir is too long for a socket
	if err != nil {
		t.Fatal(err)
	}
	socket := filepath.Join(dir, "s")
	server := exec.Command(binary, "--port", "0", "--unixsocket", socket, "--dir", dir, "--save", "", "--appendonly", "no")
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = server.Process.Kill()
		_ = server.Wait()
		_ = os.RemoveAll(dir)
	})
	client := redis.NewClient(&redis.Options{Network: "unix", Addr: socket, MaxRetries: 300, MinRetryBackoff: 5 * time.Millisecond, MaxRetryBackoff: 20 * time.Millisecond})
	if err := client.Ping(t.Context()).Err(); err != nil {
		t.Fatalf("redis-server does not answer: %v", err)
	}
	w := &world{now: noon}
	w.build(t, client, change)
	return w
}

func (w *world) build(t *testing.T, client *redis.Client, change func(*sms.CodesOptions)) {
	t.Helper()
	t.Cleanup(func() { _ = client.Close() })
	w.redis, w.budget = client, &budget{spent: map[string]map[int]int64{}}
	w.options = sms.CodesOptions{
		Redis: client, Budget: w.budget, Master: master, GlobalPerMinute: 1000, DailyCodes: 10000,
		Now: func() time.Time { return w.now }, Log: slog.New(slog.DiscardHandler),
	}
	if change != nil {
		change(&w.options)
	}
	codes, err := sms.NewCodes(w.options)
	if err != nil {
		t.Fatal(err)
	}
	w.codes = codes
}

// onBoth runs a test that needs no moving clock on either kind of Redis.
func onBoth(t *testing.T, test func(t *testing.T, w *world)) {
	t.Helper()
	t.Run("miniredis", func(t *testing.T) { test(t, embedded(t, nil)) })
	t.Run("redis-server", func(t *testing.T) { test(t, external(t, nil)) })
}

// phone is the number with this index, of a block that is nobody's.
func phone(i int) xunjia.Phone {
	return xunjia.Phone([]byte{'1', '9', '9', '0', '0', '0', '0' + byte(i/10000%10), '0' + byte(i/1000%10), '0' + byte(i/100%10), '0' + byte(i/10%10), '0' + byte(i%10)})
}

// ask is an ordinary request; every index has its own phone, browser and network.
func ask(i int) sms.Request {
	return sms.Request{
		Phone: phone(i), Purpose: sms.Register, Browser: "browser-" + string(phone(i)),
		IP: netip.AddrFrom4([4]byte{10, byte(i >> 8), byte(i), 1}),
	}
}

// issue asks for a code that must be granted.
func (w *world) issue(t *testing.T, r sms.Request) string {
	t.Helper()
	code, err := w.codes.Issue(t.Context(), r)
	if err != nil {
		t.Fatalf("issue: %v", err)
	}
	return code
}

// other is a code that differs from the given one.
func other(code string) string {
	return code[:5] + string('0'+(code[5]-'0'+1)%10)
}
