package sms_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/xunjia/xunjia"
	"github.com/xunjia/xunjia/sms"
)

// verdict is what a person is told: the message, or "" when the code passed.
func verdict(err error) string {
	if err == nil {
		return ""
	}
	e, ok := errors.AsType[*xunjia.Error](err)
	if !ok {
		return "not an *xunjia.Error: " + err.Error()
	}
	return e.Message
}

// wantVerdict checks that the message begins with want; "" means success.
func wantVerdict(t *testing.T, err error, want string) {
	t.Helper()
	got := verdict(err)
	if want == "" && got != "" || !strings.HasPrefix(got, want) {
		t.Errorf("told %q, want %q", got, want)
	}
}

func TestACodeWorksOnce(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		r := ask(1)
		code := w.issue(t, r)
		if !regexp.MustCompile(`^\d{6}$`).MatchString(code) {
			t.Fatalf("code %q is not six digits", code)
		}
		verify := func(code string) error {
			return w.codes.Verify(t.Context(), r.Phone, r.Purpose, r.Browser, code)
		}
		wantVerdict(t, verify(""), "请填写短信验证码")
		wantVerdict(t, verify(code[:5]), "验证码是 6 位数字")
		wantVerdict(t, verify(other(code)), "验证码不正确，还可以再试 4 次")
		wantVerdict(t, verify(" "+code[:3]+"　"+code[3:]), "")
		wantVerdict(t, verify(code), "验证码已经用过")
		wantVerdict(t, verify(other(code)), "验证码已经用过")
	})
}

func TestFullWidthDigitsPass(t *testing.T) {
	w := embedded(t, nil)
	r := ask(1)
	wide := strings.Map(func(d rune) rune { return d - '0' + '０' }, w.issue(t, r))
	wantVerdict(t, w.codes.Verify(t.Context(), r.Phone, r.Purpose, r.Browser, wide), "")
}

func TestACodeIsBoundToPhonePurposeAndBrowser(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		r := ask(1)
		code := w.issue(t, r)
		ctx := t.Context()
		for range 2 * 5 { // foreign tries use none of the tries up
			wantVerdict(t, w.codes.Verify(ctx, phone(2), r.Purpose, r.Browser, code), "请先获取验证码")
			wantVerdict(t, w.codes.Verify(ctx, r.Phone, sms.Reset, r.Browser, code), "请先获取验证码")
			wantVerdict(t, w.codes.Verify(ctx, r.Phone, r.Purpose, "another", code), "请先获取验证码")
		}
		wantVerdict(t, w.codes.Verify(ctx, r.Phone, r.Purpose, r.Browser, code), "")
	})
}

func TestCodesExpire(t *testing.T) {
	for _, tt := range []struct {
		after time.Duration
		want  string
	}{
		{5*time.Minute - time.Second, ""},
		{5 * time.Minute, "验证码已过期"},
		{59 * time.Minute, "验证码已过期"},
		{61 * time.Minute, "请先获取验证码"},
	} {
		t.Run(tt.after.String(), func(t *testing.T) {
			w := embedded(t, nil)
			r := ask(1)
			code := w.issue(t, r)
			w.advance(tt.after)
			wantVerdict(t, w.codes.Verify(t.Context(), r.Phone, r.Purpose, r.Browser, code), tt.want)
		})
	}
}

func TestANewCodeInvalidatesTheOld(t *testing.T) {
	w := embedded(t, nil)
	r := ask(1)
	old := w.issue(t, r)
	w.advance(time.Minute)
	fresh := w.issue(t, r)
	if old != fresh { // equal once in a million
		wantVerdict(t, w.codes.Verify(t.Context(), r.Phone, r.Purpose, r.Browser, old), "验证码不正确")
	}
	wantVerdict(t, w.codes.Verify(t.Context(), r.Phone, r.Purpose, r.Browser, fresh), "")
}

func TestFiveTriesThenDead(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		r := ask(1)
		code := w.issue(t, r)
		for left := 4; left > 0; left-- {
			err := w.codes.Verify(t.Context(), r.Phone, r.Purpose, r.Browser, other(code))
			wantVerdict(t, err, fmt.Sprintf("验证码不正确，还可以再试 %d 次", left))
		}
		wantVerdict(t, w.codes.Verify(t.Context(), r.Phone, r.Purpose, r.Browser, other(code)), "输错次数太多")
		err := w.codes.Verify(t.Context(), r.Phone, r.Purpose, r.Browser, code)
		wantVerdict(t, err, "输错次数太多")
		if e, _ := errors.AsType[*xunjia.Error](err); e.Code != xunjia.Invalid || e.Fields["code"] == "" {
			t.Errorf("error %+v does not point at the field", e)
		}
	})
}

func TestTenFailuresLockThePhoneForAnHour(t *testing.T) {
	w := embedded(t, nil)
	r := ask(1)
	for range 2 {
		code := w.issue(t, r)
		for range 5 {
			_ = w.codes.Verify(t.Context(), r.Phone, r.Purpose, r.Browser, other(code))
		}
		w.advance(10 * time.Minute)
	}
	code := w.issue(t, r)
	err := w.codes.Verify(t.Context(), r.Phone, r.Purpose, r.Browser, code)
	wantVerdict(t, err, "这个手机号输错验证码太多次，请 40 分钟后再试")
	e, _ := errors.AsType[*xunjia.Error](err)
	if e.Code != xunjia.RateLimited || e.RetryAfter != 40*time.Minute {
		t.Errorf("%s, retry after %s; want rate_limited, 40m", e.Code, e.RetryAfter)
	}

	w.advance(40 * time.Minute)
	code = w.issue(t, r)
	wantVerdict(t, w.codes.Verify(t.Context(), r.Phone, r.Purpose, r.Browser, code), "")
}

func TestParallelUseOfOneCodeSucceedsOnce(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		for round := range 20 {
			r := ask(round)
			code := w.issue(t, r)
			var passed atomic.Int64
			var group sync.WaitGroup
			for range 16 {
				group.Go(func() {
					if w.codes.Verify(context.Background(), r.Phone, r.Purpose, r.Browser, code) == nil {
						passed.Add(1)
					}
				})
			}
			group.Wait()
			if passed.Load() != 1 {
				t.Fatalf("round %d: %d of 16 passed, want 1", round, passed.Load())
			}
		}
	})
}

// TestGuessing lets 8 attackers guess 10,000 times (fewer on the slow miniredis)
// at 20 phones at once. Four guesses per code are answered "wrong", the fifth
// "dead", and all others are answered without comparing.
func TestGuessing(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		const phones = 20
		guesses := 10_000
		if w.mini != nil {
			guesses = 2_000
		}
		wrong := make([]string, phones)
		for i := range phones {
			wrong[i] = other(w.issue(t, ask(i)))
		}
		var compared [phones]atomic.Int64
		var passed atomic.Int64
		var group sync.WaitGroup
		for attacker := range 8 {
			group.Go(func() {
				for n := attacker; n < guesses; n += 8 {
					r := ask(n % phones)
					err := w.codes.Verify(context.Background(), r.Phone, r.Purpose, r.Browser, wrong[n%phones])
					switch {
					case err == nil:
						passed.Add(1)
					case strings.HasPrefix(verdict(err), "验证码不正确"):
						compared[n%phones].Add(1)
					}
				}
			})
		}
		group.Wait()
		if passed.Load() != 0 {
			t.Errorf("%d guesses passed", passed.Load())
		}
		for i := range compared {
			if n := compared[i].Load(); n != 4 { // the fifth is answered "dead"
				t.Errorf("phone %d: %d guesses answered wrong, want 4", i, n)
			}
		}
	})
}

// TestSendLimits sends step by step; each step names what differs from the
// request before it.
func TestSendLimits(t *testing.T) {
	type step struct {
		wait    time.Duration
		phone   int
		browser string
		ip      string
		want    string // beginning of the refusal; "" means granted
	}
	// times repeats a granted step, each with a phone and browser of its own.
	times := func(n int, wait time.Duration, ip func(i int) string) []step {
		var all []step
		for i := range n {
			all = append(all, step{wait, 100 + i, fmt.Sprint("b", i), ip(i), ""})
		}
		return all
	}
	fixed := func(ip string) func(int) string { return func(int) string { return ip } }
	minute := time.Minute
	for name, tt := range map[string]struct {
		global int64
		steps  []step
	}{
		"a phone, once a minute": {1000, []step{
			{0, 1, "a", "10.0.0.1", ""},
			{30 * time.Second, 1, "b", "10.9.0.1", "验证码刚刚发过，请 30 秒后再试"},
			{0, 2, "b", "10.9.0.1", ""},
			{30 * time.Second, 1, "b", "10.9.0.1", ""},
		}},
		"a phone, five an hour": {1000, []step{
			{0, 1, "a", "10.0.0.1", ""}, {minute, 1, "b", "10.1.0.1", ""}, {minute, 1, "c", "10.2.0.1", ""},
			{minute, 1, "d", "10.3.0.1", ""}, {minute, 1, "e", "10.4.0.1", ""},
			{minute, 1, "f", "10.5.0.1", "这个手机号获取验证码太频繁，请 55 分钟后再试"},
			{55 * minute, 1, "f", "10.5.0.1", ""},
			{minute, 1, "g", "10.6.0.1", ""},
		}},
		"a browser, three an hour": {1000, []step{
			{0, 1, "a", "10.0.0.1", ""}, {0, 2, "a", "10.1.0.1", ""}, {0, 3, "a", "10.2.0.1", ""},
			{minute, 4, "a", "10.3.0.1", "您获取验证码太频繁，请 59 分钟后再试"},
			{59 * minute, 4, "a", "10.3.0.1", ""},
		}},
		"an address, ten an hour": {1000, append(times(10, 0, fixed("10.0.0.1")),
			step{0, 1, "x", "10.0.0.1", "当前网络获取验证码太频繁，请 60 分钟后再试"},
			step{0, 1, "x", "::ffff:10.0.0.1", "当前网络获取验证码太频繁"},
			step{0, 1, "x", "10.0.0.2", ""},
			step{61 * minute, 1, "x", "10.0.0.1", ""},
		)},
		"a /24, thirty an hour": {1000, append(times(30, 0, func(i int) string { return fmt.Sprintf("10.0.0.%d", i) }),
			step{0, 1, "x", "10.0.0.200", "当前网络获取验证码太频繁"},
			step{0, 1, "x", "10.0.1.200", ""},
		)},
		"a /64, thirty an hour": {1000, append(times(30, 0, func(i int) string { return fmt.Sprintf("2001:db8:0:1:%d::1", i) }),
			step{0, 1, "x", "2001:db8:0:1:ffff::1", "当前网络获取验证码太频繁"},
			step{0, 1, "x", "2001:db8:0:2:ffff::1", ""},
		)},
		"everybody, per minute": {5, append(times(5, 0, func(i int) string { return fmt.Sprintf("10.%d.0.1", i) }),
			step{0, 1, "x", "10.99.0.1", "现在获取验证码的人太多，请 60 秒后再试"},
			step{minute, 1, "x", "10.99.0.1", ""},
		)},
		"twenty phones per address and day": {1000, append(times(20, 7*minute, fixed("10.0.0.1")),
			step{7 * minute, 1, "x", "10.0.0.1", "当前网络用过的手机号太多"},
			step{0, 100, "x", "10.0.0.1", ""}, // one of the twenty
			step{22 * time.Hour, 1, "x", "10.0.0.1", ""},
		)},
	} {
		t.Run(name, func(t *testing.T) {
			w := embedded(t, func(o *sms.CodesOptions) { o.GlobalPerMinute = tt.global })
			for i, s := range tt.steps {
				w.advance(s.wait)
				code, err := w.codes.Issue(t.Context(), sms.Request{
					Phone: phone(s.phone), Purpose: sms.Login, Browser: s.browser, IP: netip.MustParseAddr(s.ip),
				})
				if got := verdict(err); s.want == "" && got != "" || !strings.HasPrefix(got, s.want) {
					t.Fatalf("step %d: told %q, want %q", i, got, s.want)
				}
				if e, ok := errors.AsType[*xunjia.Error](err); ok && (e.Code != xunjia.RateLimited || e.RetryAfter <= 0 || code != "") {
					t.Fatalf("step %d: %s, retry after %s, code %q", i, e.Code, e.RetryAfter, code)
				}
			}
		})
	}
}

func TestLimitsOnRealRedis(t *testing.T) {
	w := external(t, func(o *sms.CodesOptions) { o.GlobalPerMinute = 30 })
	w.issue(t, ask(1))
	_, err := w.codes.Issue(t.Context(), ask(1))
	wantVerdict(t, err, "验证码刚刚发过，请")

	// 200 people at once: exactly the rest of the minute's thirty is granted.
	var granted atomic.Int64
	var group sync.WaitGroup
	for i := range 200 {
		group.Go(func() {
			if _, err := w.codes.Issue(context.Background(), ask(10+i)); err == nil {
				granted.Add(1)
			}
		})
	}
	group.Wait()
	if granted.Load() != 29 {
		t.Errorf("%d granted, want 29", granted.Load())
	}
}

func TestDailyCapsSurviveTheLossOfRedis(t *testing.T) {
	w := embedded(t, nil)
	for i := range 10 {
		r := ask(i)
		r.Phone = phone(1)
		w.issue(t, r)
		w.mini.FlushAll()
	}
	_, err := w.codes.Issue(t.Context(), ask(1))
	wantVerdict(t, err, "这个手机号今天获取验证码的次数已用完，请明天再试")
	if e, _ := errors.AsType[*xunjia.Error](err); e.RetryAfter != 12*time.Hour {
		t.Errorf("retry after %s, want midnight in China", e.RetryAfter)
	}
	w.mini.FlushAll()
	w.advance(12 * time.Hour)
	w.issue(t, ask(1))
}

func TestDailyBudget(t *testing.T) {
	var log bytes.Buffer
	w := embedded(t, func(o *sms.CodesOptions) {
		o.DailyCodes, o.Log = 10, slog.New(slog.NewTextHandler(&log, nil))
	})
	captcha := func() bool { return w.codes.NeedCaptcha(t.Context(), netip.MustParseAddr("192.0.2.1"), "stranger") }
	for i := range 10 {
		if i == 5 && !strings.Contains(log.String(), "used=5 budget=10") {
			t.Errorf("no alarm at one half:\n%s", log.String())
		}
		if got, want := captcha(), i >= 8; got != want {
			t.Errorf("after %d of 10: captcha for strangers %v, want %v", i, got, want)
		}
		w.issue(t, ask(i))
	}
	_, err := w.codes.Issue(t.Context(), ask(20))
	wantVerdict(t, err, "今天的验证码已经发完")
	for i := range 3 {
		r := ask(30 + i)
		r.LoggedIn = true
		_, err := w.codes.Issue(t.Context(), r)
		wantVerdict(t, err, []string{"", "", "今天的验证码已经发完"}[i])
	}
	if strings.Contains(log.String(), "19900") {
		t.Errorf("the log shows a phone:\n%s", log.String())
	}
}

// Once all short messages together have used up the day's money, strangers get
// no codes; those who are logged in still do.
func TestDailyCost(t *testing.T) {
	w := embedded(t, func(o *sms.CodesOptions) { o.DailyCost = 1000 })
	w.issue(t, ask(1))
	w.budget.spent[xunjia.SMSCostCounter] = map[int]int64{xunjia.Day(noon): 999}
	w.issue(t, ask(2))
	w.budget.spent[xunjia.SMSCostCounter][xunjia.Day(noon)] = 1000
	_, err := w.codes.Issue(t.Context(), ask(3))
	wantVerdict(t, err, "今天的短信已经发完")
	r := ask(4)
	r.LoggedIn = true
	w.issue(t, r)
}

func TestNeedCaptchaFromTheSecondCode(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		r := ask(1)
		elsewhere := netip.MustParseAddr("192.0.2.1")
		need := func(ip netip.Addr, browser string) bool { return w.codes.NeedCaptcha(t.Context(), ip, browser) }
		if need(r.IP, r.Browser) {
			t.Error("needed before the first code")
		}
		w.issue(t, r)
		if !need(r.IP, "another") || !need(elsewhere, r.Browser) {
			t.Error("not needed for the second code")
		}
		if need(elsewhere, "another") {
			t.Error("needed for somebody else")
		}
		if w.mini != nil {
			w.advance(time.Hour + time.Second)
			if need(r.IP, r.Browser) {
				t.Error("needed an hour later")
			}
		}
	})
}

func TestDoorsCloseWithoutRedisOrBudget(t *testing.T) {
	w := embedded(t, nil)
	r := ask(1)
	code := w.issue(t, r)
	closed := func(err error) {
		t.Helper()
		if xunjia.ErrorCode(err) != xunjia.Unavailable || !strings.HasSuffix(verdict(err), "暂时不可用，请稍后再试") {
			t.Errorf("error %v, want unavailable", err)
		}
	}
	w.budget.err = errors.New("connection refused")
	_, err := w.codes.Issue(t.Context(), ask(2))
	closed(err)

	w.mini.SetError("LOADING")
	_, err = w.codes.Issue(t.Context(), ask(3))
	closed(err)
	closed(w.codes.Verify(t.Context(), r.Phone, r.Purpose, r.Browser, code))
	if !w.codes.NeedCaptcha(t.Context(), r.IP, r.Browser) {
		t.Error("no captcha while Redis is down")
	}
	captchas := sms.NewCaptchas(w.redis)
	_, err = captchas.New(t.Context(), "b")
	closed(err)
	closed(captchas.WritePNG(t.Context(), new(bytes.Buffer), "id", "b"))
	closed(captchas.Verify(t.Context(), "id", "b", "12345"))
}

func TestRedisShowsNeitherPhoneNorCode(t *testing.T) {
	w := embedded(t, nil)
	r := ask(1)
	code := w.issue(t, r)
	_ = w.codes.Verify(t.Context(), r.Phone, r.Purpose, r.Browser, other(code))
	dump := w.mini.Dump()
	for _, secret := range []string{string(r.Phone), code, r.Browser} {
		if strings.Contains(dump, secret) {
			t.Errorf("Redis holds %q:\n%s", secret, dump)
		}
	}
}

func TestIssueRefusesNonsense(t *testing.T) {
	w := embedded(t, nil)
	for name, change := range map[string]func(*sms.Request){
		"landline":   func(r *sms.Request) { r.Phone = "02112345678" },
		"no phone":   func(r *sms.Request) { r.Phone = "" },
		"no browser": func(r *sms.Request) { r.Browser = "" },
		"no purpose": func(r *sms.Request) { r.Purpose = "" },
	} {
		r := ask(1)
		change(&r)
		if _, err := w.codes.Issue(t.Context(), r); xunjia.ErrorCode(err) != xunjia.Invalid {
			t.Errorf("%s: error %v, want invalid", name, err)
		}
	}
	if keys := w.mini.Keys(); len(keys) != 0 {
		t.Errorf("nonsense was counted: %v", keys)
	}
}
