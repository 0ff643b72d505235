package sim

import (
	"bytes"
	"fmt"
	"hash/fnv"
	"html"
	"image"
	"image/color"
	"image/draw"
	"image/png"
	"io"
	"math"
	"net/http"
	"strconv"

	raster "golang.org/x/image/vector"
)

// avatarURL is the address of a user's picture, in the platform's form.
func (s *Server) avatarURL(u *user) string { return s.base + "/mmopen/" + u.key + "/132" }

// accountAvatarURL is the address of an account's picture; Server.mu is held.
func (s *Server) accountAvatarURL(a *account) string {
	return s.base + "/mmopen/" + s.st.accountKey(a) + "/132"
}

// accountKey names the picture of an account.
func (st *state) accountKey(a *account) string { return st.digest("account", a.AppID)[:24] }

// snapshotKey names the picture of the virtual user on a snapshot page.
func (st *state) snapshotKey() string { return st.digest("snapshot")[:24] }

// serveAvatar draws the picture that belongs to a key: people as PNG, because
// backends download and decode headimgurl; accounts, which no API tells, as a
// tile with the first letter of their name, which needs the browser's fonts.
// The last part of the address is the platform's size: 0, 46, 64, 96 or 132.
func (s *Server) serveAvatar(w http.ResponseWriter, r *http.Request) {
	key := r.PathValue("key")
	s.mu.Lock()
	name, nobody := "", key == s.st.snapshotKey()
	for _, a := range s.st.accounts {
		if s.st.accountKey(a) == key {
			name = a.Name
		}
	}
	s.mu.Unlock()
	w.Header().Set("X-Content-Type-Options", "nosniff")
	if name != "" {
		w.Header().Set("Content-Type", "image/svg+xml")
		w.Header().Set("Content-Security-Policy", "sandbox")
		w.Header().Set("Cache-Control", "no-cache") // the name may change
		_, _ = io.WriteString(w, letterTile(name))  // #nosec G705 -- escaped there
		return
	}
	size, err := strconv.Atoi(r.PathValue("size"))
	if err != nil || size <= 0 || size > 640 {
		size = 640 // "/0" is the largest
	}
	var b bytes.Buffer
	_ = png.Encode(&b, drawFace(key, size, nobody))
	w.Header().Set("Content-Type", "image/png")
	w.Header().Set("Cache-Control", "public, max-age=86400")
	_, _ = w.Write(b.Bytes())
}

// mixed is a stable number for a text, spread over all its bits.
func mixed(text string) uint32 {
	h := fnv.New32a()
	_, _ = io.WriteString(h, text)
	n := h.Sum32()
	n = (n ^ n>>16) * 0x85ebca6b
	n = (n ^ n>>13) * 0xc2b2ae35
	return n ^ n>>16
}

// letterTile is the picture of an account.
func letterTile(name string) string {
	tiles := [][2]string{
		{"#2bbf74", "#0f9d63"}, {"#4f8df7", "#2f63d8"}, {"#f2a13c", "#e07a1f"}, {"#8f7bea", "#6b55cf"},
		{"#ef6b73", "#d2444f"}, {"#31b6bf", "#168a99"},
	}
	tile := tiles[mixed(name)%uint32(len(tiles))]
	return fmt.Sprintf(`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 48 48"><defs><linearGradient id="g" x1="0" y1="0" x2="1" y2="1"><stop offset="0" stop-color="%s"/><stop offset="1" stop-color="%s"/></linearGradient></defs>`+
		`<rect width="48" height="48" fill="url(#g)"/><circle cx="42" cy="6" r="16" fill="#fff" opacity=".12"/>`+
		`<text x="24" y="25" text-anchor="middle" dominant-baseline="central" font-family="PingFang SC,Noto Sans CJK SC,Microsoft YaHei,WenQuanYi Micro Hei,sans-serif" font-size="23" font-weight="600" fill="#fff">%s</text></svg>`,
		tile[0], tile[1], html.EscapeString(string([]rune(name)[:1])))
}

// drawFace draws a person's picture, size pixels square; nobody is the grey
// figure of somebody who is not known.
func drawFace(key string, size int, nobody bool) image.Image {
	p := &painter{img: image.NewRGBA(image.Rect(0, 0, size, size)), scale: float32(size) / 48}
	n := mixed(key)
	pick := func(shift int, list ...uint32) uint32 { return list[(n>>shift)%uint32(len(list))] } // #nosec G115 -- short lists
	if nobody {
		p.rect(0, 0, 48, 48, 0xd5d9dd)
		p.fill(shoulders, 0xf7f8f9)
		p.ellipse(24, 22, 9, 10, 0xf7f8f9)
		return p.img
	}
	skin := pick(2, 0xffdfc4, 0xf6cfa8, 0xeebd93, 0xfbe0cf)
	hair := pick(5, 0x2f2a2a, 0x4a342a, 0x1f2430, 0x6b4a35)
	style := (n >> 17) % 4
	p.rect(0, 0, 48, 48, pick(13, 0xcfe6f5, 0xd6f0de, 0xfde4d3, 0xe6def7, 0xfdf0c7, 0xd9ecec))
	if style == 1 {
		p.rect(12, 20, 24, 16, hair)
	}
	p.fill(shoulders, pick(9, 0x3b82c4, 0x2fa36b, 0xc9574f, 0x7a63b8, 0xd99a2b, 0x41707f))
	p.fill([]float32{20, 31, 20, 31, 28, 31, 28, 31, 28, 31, 28, 36, 28, 36, 28, 38, 26.2, 39.5, 24, 39.5, 21.8, 39.5, 20, 38, 20, 36}, skin)
	p.ellipse(24, 23, 9.5, 11, skin)
	p.fill(hairStyle(style), hair)
	p.ellipse(20.3, 24, 1.1, 1.1, 0x3a2f2f)
	p.ellipse(27.7, 24, 1.1, 1.1, 0x3a2f2f)
	p.fill([]float32{20.6, 28.6, 22.4, 30.4, 25.6, 30.4, 27.4, 28.6, 27.8, 29.2, 27.8, 29.2, 27.4, 29.7, 25.6, 31.7, 22.4, 31.7, 20.6, 29.7, 20.2, 29.2, 20.2, 29.2, 20.6, 28.6}, 0xb0604f)
	return p.img
}

// Shapes are a point and then cubic Bézier curves of six numbers each, in a
// square of 48 units.
var shoulders = []float32{8, 48, 8, 40, 14, 35.5, 24, 35.5, 34, 35.5, 40, 40, 40, 48, 40, 48, 8, 48, 8, 48}

// hairStyle is one of four cuts.
func hairStyle(n uint32) []float32 {
	switch n {
	case 0:
		return []float32{13, 21, 12, 12, 17, 7, 24, 7, 31, 7, 36, 12, 35, 21, 33, 17, 32, 15, 31, 14, 27, 16, 22, 16, 18, 14, 16, 16, 14, 18, 13, 21}
	case 1:
		return []float32{12, 31, 10, 18, 14, 7, 24, 7, 34, 7, 38, 18, 36, 31, 34, 33, 32, 32, 32, 30, 32, 30, 32, 19, 32, 19, 29, 18, 27, 17, 25, 14, 23, 17, 20, 18, 16, 19, 16, 19, 16, 30, 16, 30, 16, 32, 14, 33, 12, 31}
	case 2:
		return []float32{13.5, 19, 13.5, 11, 17.5, 7, 24, 7, 30.5, 7, 34.5, 11, 34.5, 19, 33.5, 16, 32, 14, 30.5, 13, 29.5, 14.5, 19.5, 15, 17.5, 13, 16, 14, 14.5, 16, 13.5, 19}
	default:
		return []float32{12, 24, 10, 12, 15, 6, 25, 7, 32, 7.5, 36, 14, 35, 23, 34, 20, 33, 17, 32, 15, 26, 15, 21, 13, 19, 11, 18, 15, 15, 20, 12, 24}
	}
}

// painter fills smooth shapes.
type painter struct {
	img   *image.RGBA
	scale float32 // pixels per unit
}

// fill paints a shape in a colour 0xRRGGBB.
func (p *painter) fill(shape []float32, rgb uint32) {
	size := p.img.Bounds().Dx()
	z := raster.NewRasterizer(size, size)
	at := func(i int) (float32, float32) { return shape[i] * p.scale, shape[i+1] * p.scale }
	z.MoveTo(at(0))
	for i := 2; i+5 < len(shape); i += 6 {
		x1, y1 := at(i)
		x2, y2 := at(i + 2)
		x3, y3 := at(i + 4)
		z.CubeTo(x1, y1, x2, y2, x3, y3)
	}
	z.ClosePath()
	z.DrawOp = draw.Over
	ink := image.NewUniform(color.RGBA{uint8(rgb >> 16), uint8(rgb >> 8), uint8(rgb), 0xff}) // #nosec G115 -- the bytes of a colour
	z.Draw(p.img, p.img.Bounds(), ink, image.Point{})
}

func (p *painter) rect(x, y, w, h float32, rgb uint32) {
	a, b := x+w, y+h
	p.fill([]float32{x, y, x, y, a, y, a, y, a, y, a, b, a, b, a, b, x, b, x, b, x, b, x, y, x, y}, rgb)
}

func (p *painter) ellipse(cx, cy, rx, ry float32, rgb uint32) {
	k := float32(4 * (math.Sqrt2 - 1) / 3)
	kx, ky := rx*k, ry*k
	p.fill([]float32{
		cx + rx, cy, cx + rx, cy + ky, cx + kx, cy + ry, cx, cy + ry, cx - kx, cy + ry, cx - rx, cy + ky, cx - rx, cy,
		cx - rx, cy - ky, cx - kx, cy - ry, cx, cy - ry, cx + kx, cy - ry, cx + rx, cy - ky, cx + rx, cy,
	}, rgb)
}
