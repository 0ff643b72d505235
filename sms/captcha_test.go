package sms_test

import (
	"bytes"
	"context"
	"image/png"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/xunjia/xunjia"
	"github.com/xunjia/xunjia/sms"
)

// solve reads the answer where a person would read the picture.
func solve(t *testing.T, w *world) string {
	t.Helper()
	keys := w.redis.Keys(t.Context(), "*captcha*").Val()
	if len(keys) != 1 {
		t.Fatalf("captchas %v, want one", keys)
	}
	return w.redis.Get(t.Context(), keys[0]).Val()
}

func TestCaptcha(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		captchas := sms.NewCaptchas(w.redis)
		ctx := t.Context()
		id, err := captchas.New(ctx, "mine")
		if err != nil {
			t.Fatal(err)
		}
		var picture bytes.Buffer
		if err := captchas.WritePNG(ctx, &picture, id, "mine"); err != nil {
			t.Fatal(err)
		}
		if img, err := png.DecodeConfig(&picture); err != nil || img.Width != 240 || img.Height != 80 {
			t.Errorf("picture %+v, %v", img, err)
		}
		if err := captchas.WritePNG(ctx, &picture, id, "yours"); xunjia.ErrorCode(err) != xunjia.NotFound {
			t.Errorf("another browser's picture: %v", err)
		}
		answer := solve(t, w)
		wantVerdict(t, captchas.Verify(ctx, id, "yours", answer), "图形验证码已过期")
		wantVerdict(t, captchas.Verify(ctx, id, "mine", " "), "请填写图片里的数字")

		var passed atomic.Int64
		var group sync.WaitGroup
		for range 8 {
			group.Go(func() {
				if captchas.Verify(context.Background(), id, "mine", " "+answer) == nil {
					passed.Add(1)
				}
			})
		}
		group.Wait()
		if passed.Load() != 1 {
			t.Errorf("%d of 8 equal answers passed, want 1", passed.Load())
		}
	})
}

func TestAWrongAnswerUsesTheCaptchaUp(t *testing.T) {
	w := embedded(t, nil)
	captchas := sms.NewCaptchas(w.redis)
	id, _ := captchas.New(t.Context(), "b")
	answer := solve(t, w)
	wantVerdict(t, captchas.Verify(t.Context(), id, "b", strings.Repeat("x", 5)), "图形验证码不正确")
	wantVerdict(t, captchas.Verify(t.Context(), id, "b", answer), "图形验证码已过期")

	id, _ = captchas.New(t.Context(), "b")
	answer = solve(t, w)
	w.advance(5*time.Minute + time.Second)
	wantVerdict(t, captchas.Verify(t.Context(), id, "b", answer), "图形验证码已过期")
}

func TestEveryCaptchaCanBeDrawn(t *testing.T) {
	w := embedded(t, nil)
	captchas := sms.NewCaptchas(w.redis)
	for range 50 { // sizes and positions are random
		id, err := captchas.New(t.Context(), "b")
		if err != nil {
			t.Fatal(err)
		}
		if err := captchas.WritePNG(t.Context(), new(bytes.Buffer), id, "b"); err != nil {
			t.Fatal(err)
		}
	}
}

func TestSeal(t *testing.T) {
	box, err := sms.NewBox(master)
	if err != nil {
		t.Fatal(err)
	}
	one, two := box.Seal(phone(1), "123456"), box.Seal(phone(1), "123456")
	if one == two || strings.Contains(one, "123456") {
		t.Errorf("sealed twice: %s, %s", one, two)
	}
	if code, err := box.Open(phone(1), one); err != nil || code != "123456" {
		t.Errorf("opened %q, %v", code, err)
	}
	stranger, _ := sms.NewBox(append([]byte("x"), master...))
	for name, open := range map[string]func() (string, error){
		"another phone": func() (string, error) { return box.Open(phone(2), one) },
		"another key":   func() (string, error) { return stranger.Open(phone(1), one) },
		"changed":       func() (string, error) { return box.Open(phone(1), "A"+one[1:len(one)-2]+"AA") },
		"empty":         func() (string, error) { return box.Open(phone(1), "") },
		"no base64":     func() (string, error) { return box.Open(phone(1), "!!") },
	} {
		if code, err := open(); err == nil {
			t.Errorf("%s: opened %q", name, code)
		}
	}
	if _, err := sms.NewBox(master[:31]); err == nil {
		t.Error("a master key of 31 bytes was accepted")
	}
}
