package sim

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"strings"
	"testing"

	qrcode "github.com/skip2/go-qrcode"
)

// Codes of every size and level that another library draws are read back.
func TestReadQR(t *testing.T) {
	levels := []qrcode.RecoveryLevel{qrcode.Low, qrcode.Medium, qrcode.High, qrcode.Highest}
	for _, version := range []int{1, 2, 7, 10, 14, 27} {
		for _, level := range levels {
			content := fmt.Sprintf("http://例.com/v%d?", version)[:10] + strings.Repeat("x", version)
			q, err := qrcode.NewWithForcedVersion(content, version, level)
			if err != nil {
				continue // does not fit
			}
			data, err := q.PNG(-1)
			if err != nil {
				t.Fatal(err)
			}
			if got, err := readQR(data); err != nil || got != content {
				t.Errorf("version %d level %d: %q, %v", version, level, got, err)
			}
		}
	}
	for _, content := range []string{"0123456789", "HELLO WORLD/1", "扫码登录 https://example.com/?a=1&b=2", strings.Repeat("9", 300)} {
		data, _ := qrcode.Encode(content, qrcode.Medium, 300)
		if got, err := readQR(data); err != nil || got != content {
			t.Errorf("%q: %q, %v", content, got, err)
		}
	}
}

// A turned code on a poster, with a logo over its middle, as a JPEG.
func TestReadQRPoster(t *testing.T) {
	const content = "http://weixin.qq.com/q/02abcdefghijklmnopqrstuv"
	data, _ := qrcode.Encode(content, qrcode.Highest, 180)
	code, err := png.Decode(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	for _, turned := range []bool{false, true} {
		poster := image.NewRGBA(image.Rect(0, 0, 350, 450))
		for y := range 450 {
			for x := range 350 {
				poster.Set(x, y, color.White)
			}
		}
		for y := range 180 {
			for x := range 180 {
				c := code.At(x, y)
				if x > 80 && x < 100 && y > 80 && y < 100 {
					c = color.RGBA{7, 193, 96, 255}
				}
				if turned {
					poster.Set(100+179-y, 150+x, c)
				} else {
					poster.Set(100+x, 150+y, c)
				}
			}
		}
		var b bytes.Buffer
		_ = jpeg.Encode(&b, poster, &jpeg.Options{Quality: 80})
		if got, err := readQR(b.Bytes()); err != nil || got != content {
			t.Errorf("turned %v: %q, %v", turned, got, err)
		}
	}
	for name, bad := range map[string][]byte{"no picture": []byte("x"), "no code": identicon("x", 200)} {
		if got, err := readQR(bad); err == nil {
			t.Errorf("%s: read %q", name, got)
		}
	}
}
