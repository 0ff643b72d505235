package sms

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"strings"
	"time"

	"github.com/dchest/captcha"
	"github.com/redis/go-redis/v9"
	"github.com/xunjia/xunjia"
)

// The shape of a captcha. Five digits stay legible on a small phone.
const (
	captchaDigits = 5
	captchaLife   = 5 * time.Minute
	captchaWidth  = 240 // pixels; shown at half of that on dense screens
	captchaHeight = 80
)

// Captchas makes pictures of digits that a person must read. Each is good for
// one answer, for five minutes and for one browser.
type Captchas struct{ redis redis.UniversalClient }

// NewCaptchas keeps the answers in r.
func NewCaptchas(r redis.UniversalClient) *Captchas { return &Captchas{redis: r} }

// Ping tells whether Redis answers; Unavailable when it does not.
func (c *Captchas) Ping(ctx context.Context) error {
	if err := c.redis.Ping(ctx).Err(); err != nil {
		return captchaDown(err)
	}
	return nil
}

// New makes a captcha for browser (the session id) and answers its id, 26
// letters and digits. Unavailable when Redis is down.
func (c *Captchas) New(ctx context.Context, browser string) (id string, err error) {
	id = rand.Text()
	answer := captcha.RandomDigits(captchaDigits)
	for i := range answer {
		answer[i] += '0'
	}
	if err := c.redis.Set(ctx, captchaKey(id, browser), answer, captchaLife).Err(); err != nil {
		return "", captchaDown(err)
	}
	return id, nil
}

// WritePNG draws the captcha, 240×80 pixels. NotFound when it is gone or another
// browser's.
func (c *Captchas) WritePNG(ctx context.Context, w io.Writer, id, browser string) error {
	answer, err := c.redis.Get(ctx, captchaKey(id, browser)).Bytes()
	if errors.Is(err, redis.Nil) {
		return xunjia.Errorf(xunjia.NotFound, "图形验证码已过期，请换一张")
	}
	if err != nil {
		return captchaDown(err)
	}
	for i := range answer {
		answer[i] -= '0'
	}
	_, err = captcha.NewImage(id, answer, captchaWidth, captchaHeight).WriteTo(w)
	return err
}

// Verify uses the captcha up, whatever the answer is, and checks it. An empty
// answer uses nothing up. Errors: Invalid on the field "captcha", Unavailable
// when Redis is down.
func (c *Captchas) Verify(ctx context.Context, id, browser, answer string) error {
	answer = strings.TrimSpace(digits(answer))
	if answer == "" {
		return invalid("captcha", "请填写图片里的数字")
	}
	want, err := c.redis.GetDel(ctx, captchaKey(id, browser)).Result()
	if errors.Is(err, redis.Nil) {
		return invalid("captcha", "图形验证码已过期，请看新的一张")
	}
	if err != nil {
		return captchaDown(err)
	}
	if answer != want {
		return invalid("captcha", "图形验证码不正确，请看新的一张")
	}
	return nil
}

// captchaKey holds both, so that neither a foreign id nor a foreign browser
// finds anything, and a foreign try uses nothing up.
func captchaKey(id, browser string) string {
	sum := sha256.Sum256([]byte(id + "\x00" + browser))
	return prefix + "captcha:" + hex.EncodeToString(sum[:16])
}

func captchaDown(err error) error {
	return &xunjia.Error{Code: xunjia.Unavailable, Message: "图形验证码暂时不可用，请稍后再试", Err: err}
}
