package sms

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	_ "embed" // for the scripts
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"math/big"
	"net/netip"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/xunjia/xunjia"
)

// Purpose is what a code permits; a code for one purpose is worthless for another.
type Purpose string

// The purposes.
const (
	Register Purpose = "register" // open an account
	Login    Purpose = "login"    // log in without a password
	Reset    Purpose = "reset"    // set a new password
	Bind     Purpose = "bind"     // put a phone on an account, or change it
	Prove    Purpose = "prove"    // show once more who is logged in
	Merge    Purpose = "merge"    // make one of two accounts
)

// How long a code lives and how often it may be guessed. A code has a million
// values, so five tries succeed with 5 in a million.
const (
	codeDigits    = 6
	codeLife      = 5 * time.Minute
	codeMemory    = time.Hour // how long "expired" and "used" can be told from "missing"
	codeTries     = 5
	hourlyFailure = 10 // wrong guesses per phone and hour, over all its codes
)

// Budget is an atomic daily counter that survives the loss of Redis. Spend adds
// one to the counter (name, day) unless that would exceed limit, and tells
// whether it did. day is yyyymmdd in China; name has at most 32 bytes.
//
// Spent is what was taken from the counter.
type Budget interface {
	Spend(ctx context.Context, name string, day int, limit int64) (bool, error)
	Spent(ctx context.Context, name string, day int) (int64, error)
}

// Request is somebody asking for a code.
type Request struct {
	Phone    xunjia.Phone
	Purpose  Purpose
	Browser  string     // id of the browser session; the code works in this browser only
	IP       netip.Addr // of the client, as told by a trusted proxy at most
	LoggedIn bool       // logged-in people are served a little beyond the daily budget
}

// CodesOptions is what Codes needs; only Now may be absent.
type CodesOptions struct {
	Redis           redis.UniversalClient
	Budget          Budget
	Master          []byte           // the master key, at least 32 bytes
	GlobalPerMinute int64            // codes a minute for the whole site
	DailyCodes      int64            // codes a day for the whole site
	DailyCost       int64            // what all short messages may cost in a day, in 厘; 0: any amount
	Now             func() time.Time // decides the day of the budget; nil: time.Now
	Log             *slog.Logger     // alarms about the budget
}

// Codes issues and checks verification codes. Redis keeps a MAC of the code
// under a key that is not in Redis, so reading Redis shows no code; every limit
// runs on the clock of Redis, which all instances share.
type Codes struct {
	o   CodesOptions
	key []byte
}

// NewCodes checks the options.
func NewCodes(o CodesOptions) (*Codes, error) {
	if o.Redis == nil || o.Budget == nil || o.Log == nil || o.GlobalPerMinute < 1 || o.DailyCodes < 1 {
		return nil, errors.New("sms: codes need redis, a budget, a log and limits")
	}
	key, err := derive(o.Master, "xunjia sms code v1")
	if err != nil {
		return nil, err
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	return &Codes{o: o, key: key}, nil
}

//go:embed issue.lua
var issueSource string

//go:embed store.lua
var storeSource string

//go:embed verify.lua
var verifySource string

// The scripts run on Redis 7.0 and on miniredis. Each is one atomic step.
var (
	issueScript  = redis.NewScript(issueSource)
	storeScript  = redis.NewScript(storeSource)
	verifyScript = redis.NewScript(verifySource)
)

// Issue counts the request against every limit and then makes a new code of six
// digits, which the caller seals and queues. It invalidates the code before it
// for this phone and purpose. What was counted stays counted when a later step
// fails. Errors: Invalid, RateLimited with RetryAfter, Unavailable when Redis or
// the budget is down (nothing may be sent then).
func (c *Codes) Issue(ctx context.Context, r Request) (code string, err error) {
	if _, err := xunjia.ParsePhone(string(r.Phone)); err != nil {
		return "", err
	}
	if r.Purpose == "" || r.Browser == "" {
		return "", xunjia.Errorf(xunjia.Invalid, "页面已过期，请刷新后再试")
	}
	if err := c.count(ctx, r); err != nil {
		return "", err
	}
	if err := c.spend(ctx, r); err != nil {
		return "", err
	}
	n, err := rand.Int(rand.Reader, big.NewInt(1_000_000))
	if err != nil {
		return "", fmt.Errorf("sms: random code: %w", err)
	}
	code = fmt.Sprintf("%0*d", codeDigits, n)
	browser := c.hash("browser", r.Browser)
	err = storeScript.Run(ctx, c.o.Redis, []string{c.challenge(r.Phone, r.Purpose)},
		c.mac(r.Phone, r.Purpose, r.Browser, code), browser,
		codeLife.Milliseconds(), codeMemory.Milliseconds()).Err()
	if err != nil {
		return "", unavailable(err)
	}
	return code, nil
}

// spend draws on the daily budgets in SQL and raises the alarm as they run out.
func (c *Codes) spend(ctx context.Context, r Request) error {
	day, midnight := c.today()
	if c.o.DailyCost > 0 && !r.LoggedIn { // the outbox counts what is sent
		cost, err := c.o.Budget.Spent(ctx, xunjia.SMSCostCounter, day)
		if err != nil {
			return unavailable(err)
		}
		if cost >= c.o.DailyCost {
			c.o.Log.ErrorContext(ctx, "sms: a code is refused, the daily budget is used up", "budget_yuan", c.o.DailyCost/1000)
			return limited("今天的短信已经发完，请明天再试，或用密码、微信登录", midnight)
		}
	}
	ok, err := c.o.Budget.Spend(ctx, "sms:"+c.hash("phone", string(r.Phone)), day, dailyPerPhone)
	if err != nil {
		return unavailable(err)
	}
	if !ok {
		return limited("这个手机号今天获取验证码的次数已用完，请明天再试", midnight)
	}
	limit := c.o.DailyCodes
	if r.LoggedIn {
		limit += limit / 5
	}
	if ok, err = c.o.Budget.Spend(ctx, "sms:codes", day, limit); err != nil {
		return unavailable(err)
	}
	if !ok {
		c.o.Log.ErrorContext(ctx, "sms: daily budget is used up", "budget", c.o.DailyCodes)
		return limited("今天的验证码已经发完，请明天再试，或用密码、微信登录", midnight)
	}
	used, err := c.o.Redis.Incr(ctx, dayKey(day)).Result()
	if err != nil {
		return unavailable(err)
	}
	if used == 1 {
		// A failure here leaves one small key behind, nothing worse.
		_ = c.o.Redis.Expire(ctx, dayKey(day), 48*time.Hour).Err()
	}
	if budget := c.o.DailyCodes; used == (budget+1)/2 || used == c.captchaFrom() {
		c.o.Log.WarnContext(ctx, "sms: daily budget is running out", "used", used, "budget", budget)
	}
	return nil
}

// NeedCaptcha tells whether a picture captcha must come before the next code:
// from the second code per address or browser within an hour, and for everybody
// once 80 % of the daily budget is used. It answers true when Redis is down.
func (c *Codes) NeedCaptcha(ctx context.Context, ip netip.Addr, browser string) bool {
	day, _ := c.today()
	pipe := c.o.Redis.Pipeline()
	recent := pipe.Exists(ctx, c.ipKey(ip), c.browserKey(browser)) // both live for an hour
	used := pipe.Get(ctx, dayKey(day))
	if _, err := pipe.Exec(ctx); err != nil && !errors.Is(err, redis.Nil) {
		return true
	}
	n, _ := used.Int64() // 0 when nothing was sent today
	return recent.Val() > 0 || n >= c.captchaFrom()
}

// today answers the day as yyyymmdd in China and how much of it is left.
func (c *Codes) today() (day int, left time.Duration) {
	now := c.o.Now().In(china)
	midnight := time.Date(now.Year(), now.Month(), now.Day()+1, 0, 0, 0, 0, china)
	return now.Year()*10000 + int(now.Month())*100 + now.Day(), midnight.Sub(now)
}

// captchaFrom is how many codes a day may go out before everybody meets a captcha.
func (c *Codes) captchaFrom() int64 { return max(1, c.o.DailyCodes*4/5) }

// Verify compares the code and, when it is right, uses it up: of several equal
// attempts at once exactly one succeeds. Errors: Invalid on the field "code"
// (missing, wrong, expired, used), RateLimited with RetryAfter, Unavailable when
// Redis is down.
func (c *Codes) Verify(ctx context.Context, phone xunjia.Phone, purpose Purpose, browser, code string) error {
	code = digits(code)
	if code == "" {
		return invalid("code", "请填写短信验证码")
	}
	if len(code) != codeDigits {
		return invalid("code", "验证码是 6 位数字")
	}
	answer, err := verifyScript.Run(ctx, c.o.Redis,
		[]string{c.challenge(phone, purpose), prefix + "fail:" + c.hash("phone", string(phone))},
		c.mac(phone, purpose, browser, code), c.hash("browser", browser),
		codeTries, hourlyFailure, time.Hour.Milliseconds(), rand.Text()).Slice()
	if err != nil {
		return unavailable(err)
	}
	word, _ := answer[0].(string)
	n, _ := answer[1].(int64)
	switch word {
	case "ok":
		return nil
	case "missing":
		return invalid("code", "请先获取验证码；验证码只在获取它的手机或电脑上有效")
	case "used":
		return invalid("code", "验证码已经用过，请重新获取")
	case "expired":
		return invalid("code", "验证码已过期，请重新获取")
	case "dead":
		return invalid("code", "输错次数太多，这个验证码已作废，请重新获取")
	case "wrong":
		return invalid("code", "验证码不正确，还可以再试 %d 次；请用最新收到的那一条", n)
	case "locked":
		wait := time.Duration(n) * time.Millisecond
		return limited("这个手机号输错验证码太多次，请 "+inWords(wait)+"后再试", wait)
	}
	return unavailable(fmt.Errorf("script answered %q", word))
}

// prefix begins every key. The braces keep all of them in one slot of a
// cluster, because the scripts touch several at once.
const prefix = "{sms}:"

func dayKey(day int) string { return fmt.Sprintf(prefix+"day:%d", day) }

func (c *Codes) challenge(phone xunjia.Phone, purpose Purpose) string {
	return prefix + "code:" + string(purpose) + ":" + c.hash("phone", string(phone))
}

// mac is what Redis keeps of a code. Its parts cannot run into each other: the
// code has a fixed length, and no phone or purpose holds a zero byte.
func (c *Codes) mac(phone xunjia.Phone, purpose Purpose, browser, code string) string {
	return c.sum("code", string(phone), string(purpose), browser, code)
}

// hash names a person or browser in a key without showing who it is.
func (c *Codes) hash(kind, value string) string { return c.sum(kind, value)[:16] }

func (c *Codes) sum(parts ...string) string {
	h := hmac.New(sha256.New, c.key)
	h.Write([]byte(strings.Join(parts, "\x00")))
	return hex.EncodeToString(h.Sum(nil))
}

// china is the zone that days are counted in; it has had no summer time since 1991.
var china = time.FixedZone("CST", 8*60*60)

// digits turns full-width digits into plain ones and drops spaces.
func digits(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r >= '０' && r <= '９':
			return r - '０' + '0'
		case r == ' ' || r == '\u3000' || r == '\u00a0' || r == '\t':
			return -1
		}
		return r
	}, s)
}

func invalid(field, format string, args ...any) error {
	message := fmt.Sprintf(format, args...)
	return &xunjia.Error{Code: xunjia.Invalid, Message: message, Fields: map[string]string{field: message}}
}

func limited(message string, wait time.Duration) error {
	return &xunjia.Error{Code: xunjia.RateLimited, Message: message, RetryAfter: wait}
}

// unavailable closes the door: without the counters nothing is sent or believed.
func unavailable(err error) error {
	return &xunjia.Error{Code: xunjia.Unavailable, Message: "验证码服务暂时不可用，请稍后再试", Err: err}
}
