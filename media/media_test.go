package media_test

import (
	"bytes"
	"compress/zlib"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"image"
	"image/color"
	"image/gif"
	"image/jpeg"
	"image/png"
	"io"
	"math"
	"net/http"
	"runtime"
	"strings"
	"sync"
	"testing"
	"testing/iotest"
	"time"

	"github.com/xunjia/xunjia"
	"github.com/xunjia/xunjia/media"
)

// The corners of the test picture, clockwise from the top left.
var corners = [4]color.RGBA{{255, 0, 0, 255}, {0, 255, 0, 255}, {0, 0, 255, 255}, {255, 255, 0, 255}}

// quarters is a picture with one colour in each quarter.
func quarters(w, h int) *image.RGBA {
	img := image.NewRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			switch {
			case y < h/2 && x < w/2:
				img.SetRGBA(x, y, corners[0])
			case y < h/2:
				img.SetRGBA(x, y, corners[1])
			case x >= w/2:
				img.SetRGBA(x, y, corners[2])
			default:
				img.SetRGBA(x, y, corners[3])
			}
		}
	}
	return img
}

func asJPEG(img image.Image) []byte {
	var b bytes.Buffer
	_ = jpeg.Encode(&b, img, &jpeg.Options{Quality: 95})
	return b.Bytes()
}

func asPNG(img image.Image) []byte {
	var b bytes.Buffer
	_ = png.Encode(&b, img)
	return b.Bytes()
}

func asGIF(img image.Image) []byte {
	var b bytes.Buffer
	_ = gif.Encode(&b, img, nil)
	return b.Bytes()
}

// place is where the fake EXIF says that the picture was taken.
const place = "N31.2304 E121.4737 GPS-HERE"

// tiff is an EXIF body with an orientation and a text after it.
func tiff(order binary.AppendByteOrder, orientation uint16) []byte {
	b := []byte("MM\x00\x2a")
	if order == binary.AppendByteOrder(binary.LittleEndian) {
		b = []byte("II\x2a\x00")
	}
	b = order.AppendUint32(b, 8)
	b = order.AppendUint16(b, 2)      // entries
	b = order.AppendUint16(b, 0x010f) // maker
	b = order.AppendUint16(b, 2)      // text
	b = order.AppendUint32(b, uint32(len(place)))
	b = order.AppendUint32(b, 38)     // its offset
	b = order.AppendUint16(b, 0x0112) // orientation
	b = order.AppendUint16(b, 3)      // short
	b = order.AppendUint32(b, 1)
	b = order.AppendUint16(b, orientation)
	b = order.AppendUint16(b, 0)
	b = order.AppendUint32(b, 0) // no further directory
	return append(b, place...)
}

// withEXIF puts an EXIF segment behind a JPEG's first marker, and a comment
// segment before it.
func withEXIF(picture, body []byte) []byte {
	out := append([]byte{}, picture[:2]...)
	out = append(out, 0xff, 0xfe, 0, 6, 'h', 'e', 'r', 'e')
	out = append(out, 0xff, 0xff, 0xe1)
	out = binary.BigEndian.AppendUint16(out, uint16(2+6+len(body)))
	out = append(out, "Exif\x00\x00"...)
	out = append(out, body...)
	return append(out, picture[2:]...)
}

func process(t *testing.T, data []byte) media.Image {
	t.Helper()
	img, err := media.New(media.Limits{}).Process(t.Context(), bytes.NewReader(data), media.Centre())
	if err != nil {
		t.Fatal(err)
	}
	return img
}

func decoded(t *testing.T, data []byte) image.Image {
	t.Helper()
	img, err := jpeg.Decode(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	return img
}

// near tells whether a pixel looks like a colour.
func near(img image.Image, x, y int, want color.RGBA) bool {
	r, g, b, _ := img.At(x, y).RGBA()
	off := func(a uint32, b uint8) bool { return math.Abs(float64(a>>8)-float64(b)) > 48 }
	return !off(r, want.R) && !off(g, want.G) && !off(b, want.B)
}

// sizes writes the three sizes as one text.
func sizes(t *testing.T, img media.Image) string {
	t.Helper()
	var all []string
	for _, data := range [][]byte{img.Original, img.PC, img.Mobile} {
		c, err := jpeg.DecodeConfig(bytes.NewReader(data))
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, fmt.Sprintf("%dx%d", c.Width, c.Height))
	}
	return strings.Join(all, " ")
}

func TestThreeSizes(t *testing.T) {
	for _, tt := range []struct {
		w, h int
		want string
	}{
		{2700, 300, "2560x284 378x284 284x284"},
		{300, 2700, "284x2560 284x213 284x284"},
		{900, 700, "900x700 800x600 360x360"},
		{640, 480, "640x480 640x480 360x360"}, // never enlarged
		{100, 40, "100x40 53x40 40x40"},
		{1, 1, "1x1 1x1 1x1"},
		{4000, 1, "2560x1 1x1 1x1"},
		{1, 4000, "1x2560 1x1 1x1"},
	} {
		t.Run(fmt.Sprintf("%dx%d", tt.w, tt.h), func(t *testing.T) {
			img := process(t, asPNG(image.NewGray(image.Rect(0, 0, tt.w, tt.h))))
			if got := sizes(t, img); got != tt.want {
				t.Errorf("sizes %s, want %s", got, tt.want)
			}
			if got := fmt.Sprintf("%dx%d %s", img.Width, img.Height, img.MIME); got != strings.Fields(tt.want)[0]+" image/jpeg" {
				t.Errorf("says %s", got)
			}
		})
	}
}

func TestEveryOrientationEndsUpright(t *testing.T) {
	const w, h = 240, 120
	upright := quarters(w, h)
	for n := 1; n <= 8; n++ {
		for name, order := range map[string]binary.AppendByteOrder{"II": binary.LittleEndian, "MM": binary.BigEndian} {
			t.Run(fmt.Sprint(n, name), func(t *testing.T) {
				img := process(t, withEXIF(asJPEG(stored(upright, n)), tiff(order, uint16(n))))
				checkUpright(t, img, w, h)
			})
		}
	}
}

// stored is how a camera stores a picture under an EXIF orientation: the exact
// inverse of the table in EXIF 2.32, written as "where does the stored row 0 and
// column 0 belong".
func stored(upright *image.RGBA, n int) *image.RGBA {
	w, h := upright.Rect.Dx(), upright.Rect.Dy()
	size := image.Pt(w, h)
	if n >= 5 {
		size = image.Pt(h, w)
	}
	out := image.NewRGBA(image.Rectangle{Max: size})
	for y := range size.Y {
		for x := range size.X {
			at := map[int]image.Point{
				1: {x, y},                 // row 0 top, column 0 left
				2: {w - 1 - x, y},         // row 0 top, column 0 right
				3: {w - 1 - x, h - 1 - y}, // row 0 bottom, column 0 right
				4: {x, h - 1 - y},         // row 0 bottom, column 0 left
				5: {y, x},                 // row 0 left, column 0 top
				6: {w - 1 - y, x},         // row 0 right, column 0 top
				7: {w - 1 - y, h - 1 - x}, // row 0 right, column 0 bottom
				8: {y, h - 1 - x},         // row 0 left, column 0 bottom
			}[n]
			out.SetRGBA(x, y, upright.RGBAAt(at.X, at.Y))
		}
	}
	return out
}

// checkUpright looks at the four corners of all sizes.
func checkUpright(t *testing.T, img media.Image, w, h int) {
	t.Helper()
	if img.Width != w || img.Height != h {
		t.Errorf("%dx%d, want %dx%d", img.Width, img.Height, w, h)
	}
	for name, data := range map[string][]byte{"original": img.Original, "pc": img.PC, "mobile": img.Mobile} {
		picture := decoded(t, data)
		size := picture.Bounds().Size()
		for i, p := range []image.Point{{5, 5}, {size.X - 6, 5}, {size.X - 6, size.Y - 6}, {5, size.Y - 6}} {
			if !near(picture, p.X, p.Y, corners[i]) {
				t.Errorf("%s: corner %d is %v, want %v", name, i, picture.At(p.X, p.Y), corners[i])
			}
		}
	}
}

// pngChunk is one chunk with its checksum.
func pngChunk(name string, body []byte) []byte {
	b := binary.BigEndian.AppendUint32(nil, uint32(len(body)))
	b = append(append(b, name...), body...)
	return binary.BigEndian.AppendUint32(b, crc32.ChecksumIEEE(b[4:]))
}

func TestOrientationOfPNG(t *testing.T) {
	data := asPNG(stored(quarters(240, 120), 6))
	head := 8 + 25 // signature and IHDR
	data = append(append(append([]byte{}, data[:head]...), pngChunk("eXIf", tiff(binary.BigEndian, 6))...), data[head:]...)
	checkUpright(t, process(t, data), 240, 120)
}

func TestDamagedEXIFIsIgnored(t *testing.T) {
	picture := asJPEG(quarters(240, 120))
	whole := tiff(binary.BigEndian, 6)
	far := append([]byte{}, whole...)
	binary.BigEndian.PutUint32(far[4:], 0xfffffff0)
	for n := range len(whole) - len(place) - 20 { // cut before the orientation
		checkUpright(t, process(t, withEXIF(picture, whole[:n])), 240, 120)
	}
	for _, body := range [][]byte{far, tiff(binary.LittleEndian, 0), tiff(binary.LittleEndian, 9)} {
		checkUpright(t, process(t, withEXIF(picture, body)), 240, 120)
	}
}

func TestNothingOfTheUploadedFileSurvives(t *testing.T) {
	const script = "<script>alert(1)</script><?php system('id') ?>"
	jpg := asJPEG(quarters(64, 64))
	for name, data := range map[string][]byte{
		"EXIF":             withEXIF(jpg, tiff(binary.BigEndian, 1)),
		"script after":     append(append([]byte{}, jpg...), script...),
		"script in EXIF":   withEXIF(jpg, append(tiff(binary.BigEndian, 1), script...)),
		"script in PNG":    append(asPNG(quarters(64, 64)), pngChunk("tEXt", []byte(script))...),
		"archive after":    append(append([]byte{}, jpg...), "PK\x03\x04 a jar file "+place...),
		"GIF and a script": append(asGIF(quarters(64, 64)), "=1;"+script...),
	} {
		img := process(t, data)
		for _, out := range [][]byte{img.Original, img.PC, img.Mobile} {
			for _, trace := range []string{"GPS-HERE", "Exif", "script", "php", "PK\x03\x04"} {
				if bytes.Contains(out, []byte(trace)) {
					t.Errorf("%s: %q is in the result", name, trace)
				}
			}
			if !bytes.HasPrefix(out, []byte("\xff\xd8\xff")) {
				t.Errorf("%s: the result is no JPEG", name)
			}
		}
	}
}

func TestFormats(t *testing.T) {
	// A lossless WebP of one red pixel.
	webp := []byte("RIFF\x1a\x00\x00\x00WEBPVP8L\x0d\x00\x00\x00\x2f\x00\x00\x00\x10\x07\x10\x11\x11\x88\x88\xfe\x07\x00")
	for name, data := range map[string][]byte{
		"jpeg": asJPEG(quarters(64, 64)), "png": asPNG(quarters(64, 64)), "gif": asGIF(quarters(64, 64)), "webp": webp,
	} {
		if img := process(t, data); img.Width == 0 {
			t.Errorf("%s: no picture", name)
		}
	}
	// The first frame of an animation, and white where nothing is drawn.
	var moving bytes.Buffer
	frame := func(c color.Color) *image.Paletted {
		return image.NewPaletted(image.Rect(0, 0, 32, 32), color.Palette{c})
	}
	_ = gif.EncodeAll(&moving, &gif.GIF{Image: []*image.Paletted{frame(corners[0]), frame(corners[2])}, Delay: []int{1, 1}})
	if !near(decoded(t, process(t, moving.Bytes()).Original), 16, 16, corners[0]) {
		t.Error("the animation's first frame is not shown")
	}
	clear := process(t, asPNG(image.NewNRGBA(image.Rect(0, 0, 800, 800))))
	for _, data := range [][]byte{clear.Original, clear.PC, clear.Mobile} {
		if !near(decoded(t, data), 16, 16, color.RGBA{255, 255, 255, 255}) {
			t.Error("what is transparent is not white")
		}
	}
}

func TestFocus(t *testing.T) {
	data := asJPEG(quarters(600, 150)) // mobile: a square of 150
	at := func(f media.Focus) image.Image {
		img, err := media.New(media.Limits{}).Process(t.Context(), bytes.NewReader(data), f)
		if err != nil {
			t.Fatal(err)
		}
		return decoded(t, img.Mobile)
	}
	for f, want := range map[media.Focus]color.RGBA{
		{0, 0.5}: corners[0], {0.1, 0}: corners[0], {1, 0.5}: corners[1], {0.9, 1}: corners[1],
	} {
		if !near(at(f), 140, 10, want) || !near(at(f), 10, 10, want) {
			t.Errorf("focus %v shows the wrong side", f)
		}
	}
	for _, f := range []media.Focus{media.Centre(), {math.NaN(), 7}, {-1, math.Inf(1)}} {
		if !near(at(f), 10, 10, corners[0]) || !near(at(f), 140, 10, corners[1]) {
			t.Errorf("focus %v does not show the middle", f)
		}
	}
}

// headerPNG is a PNG that promises a size and holds nearly nothing.
func headerPNG(w, h uint32) []byte {
	b := []byte("\x89PNG\r\n\x1a\n")
	size := binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(nil, w), h)
	b = append(b, pngChunk("IHDR", append(size, 8, 6, 0, 0, 0))...)
	var packed bytes.Buffer
	z := zlib.NewWriter(&packed)
	_, _ = z.Write(make([]byte, 1<<20))
	_ = z.Close()
	b = append(b, pngChunk("IDAT", packed.Bytes())...)
	return append(b, pngChunk("IEND", nil)...)
}

// hiddenWebP is a WebP whose file header says 1×1 and whose frame is huge.
func hiddenWebP() []byte {
	body := append([]byte("VP8X\x0a\x00\x00\x00"), make([]byte, 10)...)
	body = append(body, "VP8L\x06\x00\x00\x00\x2f"...)
	body = binary.LittleEndian.AppendUint32(body, 16383|16383<<14)
	body = append(body, 0)
	out := binary.LittleEndian.AppendUint32([]byte("RIFF"), uint32(4+len(body)))
	return append(append(out, "WEBP"...), body...)
}

func TestRefusals(t *testing.T) {
	jpg, pngs := asJPEG(quarters(640, 480)), asPNG(quarters(640, 480))
	gifHeader := []byte("GIF89a\xff\xff\xff\xff\x00\x00\x00")
	for name, tt := range map[string]struct {
		data []byte
		code xunjia.Code
		want string
	}{
		"25 MB":                 {append(jpg, make([]byte, 25<<20)...), xunjia.TooLarge, "图片太大，请选 10 MB 以内的"},
		"20000×20000":           {headerPNG(20000, 20000), xunjia.TooLarge, "图片尺寸 20000×20000 太大：长边不能超过 8000 像素，总共不能超过 2500 万像素"},
		"8001 wide":             {headerPNG(8001, 1), xunjia.TooLarge, "图片尺寸 8001×1 太大"},
		"26 megapixels":         {headerPNG(5200, 5000), xunjia.TooLarge, "图片尺寸 5200×5000 太大"},
		"GIF of 65535":          {gifHeader, xunjia.TooLarge, "图片尺寸 65535×65535 太大"},
		"WebP hiding its size":  {hiddenWebP(), xunjia.TooLarge, "图片尺寸 16384×16384 太大"},
		"PNG of 2^31":           {headerPNG(1<<31-1, 1<<31-1), "", ""},
		"zero pixels":           {headerPNG(0, 10), xunjia.Invalid, "图片打不开"},
		"truncated JPEG":        {jpg[:len(jpg)/2], xunjia.Invalid, "图片打不开"},
		"truncated PNG":         {pngs[:len(pngs)/2], xunjia.Invalid, "图片打不开"},
		"header only":           {jpg[:3], xunjia.Invalid, "图片打不开"},
		"PNG that lies":         {headerPNG(4000, 4000), xunjia.Invalid, "图片打不开"},
		"PNG named by its text": {[]byte("‰PNG and so on"), xunjia.Invalid, "只支持 JPG、PNG、GIF、WebP 图片"},
		"HTML":                  {[]byte("<html><img src=x>"), xunjia.Invalid, "只支持"},
		"SVG":                   {[]byte(`<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>`), xunjia.Invalid, "只支持"},
		"BMP":                   {[]byte("BM" + strings.Repeat("\x00", 60)), xunjia.Invalid, "只支持"},
		"HEIC":                  {[]byte("\x00\x00\x00\x18ftypheic\x00\x00\x00\x00mif1heic"), xunjia.Invalid, "不支持 HEIC"},
		"PDF":                   {[]byte("%PDF-1.7"), xunjia.Invalid, "只支持"},
		"nothing":               {nil, xunjia.Invalid, "图片是空的"},
		"JPEG head, PNG body":   {append([]byte("\xff\xd8\xff"), pngs...), xunjia.Invalid, "图片打不开"},
	} {
		t.Run(name, func(t *testing.T) {
			p := media.New(media.Limits{})
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			img, err := p.Process(t.Context(), bytes.NewReader(tt.data), media.Centre())
			runtime.ReadMemStats(&after)
			e, ok := errors.AsType[*xunjia.Error](err)
			if !ok || img.Original != nil {
				t.Fatalf("error %v, picture %v", err, img.Original != nil)
			}
			if tt.code != "" && (e.Code != tt.code || !strings.HasPrefix(e.Message, tt.want)) {
				t.Errorf("%s %q, want %s %q", e.Code, e.Message, tt.code, tt.want)
			}
			// io.ReadAll doubles its buffer, which is up to five times the file.
			if used := after.TotalAlloc - before.TotalAlloc; e.Code == xunjia.TooLarge && used > 64<<20 {
				t.Errorf("refusing it took %d MiB", used>>20)
			}
		})
	}
}

func TestAnUploadThatBreaksOff(t *testing.T) {
	_, err := media.New(media.Limits{}).Process(t.Context(), iotest.ErrReader(io.ErrUnexpectedEOF), media.Centre())
	if !errors.Is(err, io.ErrUnexpectedEOF) || xunjia.ErrorCode(err) != xunjia.Internal {
		t.Errorf("error %v, want the reader's own", err)
	}
}

func TestTheServersOwnLimitIsTooLargeToo(t *testing.T) {
	body := http.MaxBytesReader(nil, io.NopCloser(bytes.NewReader(make([]byte, 100))), 50)
	_, err := media.New(media.Limits{Bytes: 64 << 10}).Process(t.Context(), body, media.Centre())
	if e, _ := errors.AsType[*xunjia.Error](err); e == nil || e.Code != xunjia.TooLarge || e.Message != "图片太大，请选 64 KB 以内的" {
		t.Errorf("error %v", err)
	}
}

func TestManyAtOnce(t *testing.T) {
	p := media.New(media.Limits{})
	data := asJPEG(quarters(400, 300))
	var group sync.WaitGroup
	for range 12 {
		group.Go(func() {
			if _, err := p.Process(context.Background(), bytes.NewReader(data), media.Centre()); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()

	ctx, cancel := context.WithTimeout(t.Context(), time.Nanosecond)
	defer cancel()
	<-ctx.Done()
	_, err := p.Process(ctx, bytes.NewReader(data), media.Centre())
	if xunjia.ErrorCode(err) != xunjia.Unavailable {
		t.Errorf("a request that was given up: %v, want unavailable", err)
	}
}

func FuzzProcess(f *testing.F) {
	small := quarters(20, 10)
	for _, seed := range [][]byte{
		asJPEG(small), asPNG(small), asGIF(small), hiddenWebP(), headerPNG(30, 30),
		withEXIF(asJPEG(small), tiff(binary.LittleEndian, 6)), {}, []byte("\xff\xd8\xff\xe1\x00\x00"),
	} {
		f.Add(seed)
	}
	p := media.New(media.Limits{Pixels: 1 << 16, Side: 1 << 10, Bytes: 1 << 16})
	f.Fuzz(func(t *testing.T, data []byte) {
		img, err := p.Process(context.Background(), bytes.NewReader(data), media.Centre())
		if err != nil {
			if code := xunjia.ErrorCode(err); code != xunjia.Invalid && code != xunjia.TooLarge {
				t.Fatalf("error %v", err)
			}
			return
		}
		if img.Width < 1 || img.Height < 1 || len(img.Mobile) == 0 {
			t.Fatalf("half a picture: %d×%d", img.Width, img.Height)
		}
	})
}

// BenchmarkProcess is a photo of twelve megapixels, as phones make them.
func BenchmarkProcess(b *testing.B) {
	img := image.NewRGBA(image.Rect(0, 0, 4000, 3000))
	for i := range img.Pix {
		img.Pix[i] = byte(i / 7)
	}
	data := asJPEG(img)
	p := media.New(media.Limits{Bytes: 1 << 30})
	b.ReportAllocs()
	for b.Loop() {
		if _, err := p.Process(b.Context(), bytes.NewReader(data), media.Centre()); err != nil {
			b.Fatal(err)
		}
	}
}
