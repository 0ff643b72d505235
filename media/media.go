// Package media turns what people upload into pictures that are safe to serve:
// decoded within limits, turned upright, stripped of location data, re-encoded
// as JPEG in three sizes; it checks PDF documents; and it keeps both as blobs,
// in a folder or in Aliyun OSS. It imports the root types for errors and knows
// neither HTTP pages nor SQL. Begin with Processor, ReadPDF and Blobs.
package media

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"image/jpeg"
	"io"
	"net/http"
	"time"

	"github.com/xunjia/xunjia"
	"golang.org/x/image/draw"
)

// MIME is the type of every picture that Process makes.
const MIME = "image/jpeg"

// quality of the JPEGs: 82 is where a larger file stops looking better.
const quality = 82

// The sizes of the variants in pixels; smaller pictures are never enlarged.
const (
	originalSide = 2560
	pcWidth      = 800
	pcHeight     = 600
	mobileSide   = 360
)

// atOnce is how many pictures are decoded at the same time: one of 25 megapixels
// takes up to 300 MiB while it is decoded.
const atOnce = 2

// slotWait is how long an upload waits for its turn.
const slotWait = 10 * time.Second

// Limits bounds an upload.
type Limits struct {
	Bytes  int64 // of the file; 0: 10 MiB
	Pixels int   // width × height; 0: 25 million
	Side   int   // longer side in pixels; 0: 8000
}

// Focus is the point of interest that a crop keeps in view, as fractions of
// width and height of the upright picture, 0 to 1.
type Focus struct{ X, Y float64 }

// Centre is the focus nobody chose.
func Centre() Focus { return Focus{0.5, 0.5} }

// Image is a processed picture: JPEGs without any metadata.
type Image struct {
	Original []byte // longer side at most 2560 px
	PC       []byte // 4:3, at most 800×600
	Mobile   []byte // square, at most 360×360
	Width    int    // of Original
	Height   int    // of Original
	MIME     string
}

// Processor processes uploads, two at a time. It is safe for concurrent use.
type Processor struct {
	limits Limits
	slots  chan struct{}
}

// New answers a Processor; zero limits take their defaults.
func New(limits Limits) *Processor {
	if limits.Bytes <= 0 {
		limits.Bytes = 10 << 20
	}
	if limits.Pixels <= 0 {
		limits.Pixels = 25_000_000
	}
	if limits.Side <= 0 {
		limits.Side = 8000
	}
	return &Processor{limits: limits, slots: make(chan struct{}, atOnce)}
}

// Process reads a JPEG, PNG, GIF (its first frame) or WebP and makes the three
// sizes. Errors: TooLarge (bytes or pixels), Invalid (no picture, damaged,
// another format), Unavailable when ctx ends or no slot gets free within 10 s;
// any other error of r is returned wrapped.
func (p *Processor) Process(ctx context.Context, r io.Reader, focus Focus) (Image, error) {
	data, err := io.ReadAll(io.LimitReader(r, p.limits.Bytes+1))
	if _, tooLarge := errors.AsType[*http.MaxBytesError](err); tooLarge || int64(len(data)) > p.limits.Bytes {
		return Image{}, xunjia.Errorf(xunjia.TooLarge, "图片太大，请选 %s 以内的", inWords(p.limits.Bytes))
	}
	if err != nil {
		return Image{}, fmt.Errorf("media: read upload: %w", err)
	}
	f, err := detect(data)
	if err != nil {
		return Image{}, err
	}
	if err := p.checkSize(f, data); err != nil {
		return Image{}, err
	}
	if err := p.wait(ctx); err != nil {
		return Image{}, err
	}
	defer func() { <-p.slots }()
	src, err := decode(f, data)
	if err != nil {
		return Image{}, damaged(err)
	}
	return variants(ctx, src, orientation(f, data), focus)
}

// checkSize looks at the headers only, so that a bomb costs nothing.
func (p *Processor) checkSize(f format, data []byte) error {
	sizes, err := dimensions(f, data)
	if err != nil {
		return damaged(err)
	}
	for _, s := range sizes {
		if s.X < 1 || s.Y < 1 {
			return damaged(errors.New("no pixels"))
		}
		if s.X > p.limits.Side || s.Y > p.limits.Side || s.X*s.Y > p.limits.Pixels {
			return xunjia.Errorf(xunjia.TooLarge, "图片尺寸 %d×%d 太大：长边不能超过 %d 像素，总共不能超过 %d 万像素",
				s.X, s.Y, p.limits.Side, p.limits.Pixels/10000)
		}
	}
	return nil
}

// wait takes a slot.
func (p *Processor) wait(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, slotWait)
	defer cancel()
	select {
	case p.slots <- struct{}{}:
		return nil
	case <-ctx.Done():
		return busy(ctx.Err())
	}
}

// Recrop makes the crops of a stored original anew; the Image holds nothing
// else. Errors as of Process.
func (p *Processor) Recrop(ctx context.Context, original io.Reader, focus Focus) (Image, error) {
	data, err := io.ReadAll(original)
	if err != nil {
		return Image{}, fmt.Errorf("media: read original: %w", err)
	}
	f, err := detect(data)
	if err != nil {
		return Image{}, err
	}
	if err := p.wait(ctx); err != nil {
		return Image{}, err
	}
	defer func() { <-p.slots }()
	src, err := decode(f, data)
	if err != nil {
		return Image{}, damaged(err)
	}
	// The same way that an upload goes; of the same size already, it is copied.
	upright := shrink(src, src.Bounds(), fit(src.Bounds().Size(), originalSide), draw.ApproxBiLinear)
	out := Image{MIME: MIME}
	if err := crops(ctx, &out, upright, focus); err != nil {
		return Image{}, err
	}
	return out, nil
}

// variants makes the three sizes. The picture is shrunk before it is turned,
// which moves far fewer pixels. The best scaler is for the crops only: at the
// size of the original it would need 250 MB and a second, and show no better.
func variants(ctx context.Context, src image.Image, orientation int, focus Focus) (Image, error) {
	size := src.Bounds().Size()
	upright := turn(shrink(src, src.Bounds(), fit(size, originalSide), draw.ApproxBiLinear), orientation)
	out := Image{Width: upright.Rect.Dx(), Height: upright.Rect.Dy(), MIME: MIME}
	if err := encode(ctx, &out.Original, upright); err != nil {
		return Image{}, err
	}
	if err := crops(ctx, &out, upright, focus); err != nil {
		return Image{}, err
	}
	return out, nil
}

// crops makes the two crops of an upright picture.
func crops(ctx context.Context, out *Image, upright *image.RGBA, focus Focus) error {
	for _, v := range []struct {
		into          *[]byte
		width, height int
	}{
		{&out.PC, pcWidth, pcHeight},
		{&out.Mobile, mobileSide, mobileSide},
	} {
		box := crop(upright.Rect.Size(), v.width, v.height, focus)
		target := image.Pt(min(v.width, box.Dx()), min(v.height, box.Dy()))
		if err := encode(ctx, v.into, shrink(upright, box, target, draw.CatmullRom)); err != nil {
			return err
		}
	}
	return nil
}

func encode(ctx context.Context, into *[]byte, picture image.Image) error {
	if ctx.Err() != nil {
		return busy(ctx.Err())
	}
	var b bytes.Buffer
	if err := jpeg.Encode(&b, picture, &jpeg.Options{Quality: quality}); err != nil {
		return fmt.Errorf("media: encode: %w", err)
	}
	*into = b.Bytes()
	return nil
}

// inWords writes a number of bytes as people say it.
func inWords(n int64) string {
	if n < 1<<20 {
		return fmt.Sprintf("%d KB", n>>10)
	}
	return fmt.Sprintf("%d MB", n>>20)
}

func damaged(err error) error {
	return &xunjia.Error{Code: xunjia.Invalid, Message: "图片打不开，可能已损坏，请换一张", Err: err}
}

func busy(err error) error {
	return &xunjia.Error{Code: xunjia.Unavailable, Message: "上传图片的人太多，请稍后再试", Err: err}
}
