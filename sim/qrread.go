package sim

import (
	"bytes"
	"errors"
	"image"
	"image/draw"
	_ "image/gif"  // formats a user may upload
	_ "image/jpeg" // the same
	"math"
	"slices"
)

// errNoQR means that a picture shows no readable QR code.
var errNoQR = errors.New("no readable QR code")

// maxQRPixels bounds the pictures that are searched.
const maxQRPixels = 40_000_000

// readQR decodes the QR code in a PNG, JPEG or GIF: a screenshot, a poster or
// a saved picture, at any size and turned in any way, but not a slanted photo.
func readQR(data []byte) (string, error) {
	cfg, _, err := image.DecodeConfig(bytes.NewReader(data))
	if err != nil || cfg.Width*cfg.Height > maxQRPixels || cfg.Width < 21 || cfg.Height < 21 {
		return "", errNoQR
	}
	img, _, err := image.Decode(bytes.NewReader(data))
	if err != nil {
		return "", errNoQR
	}
	b := newBitmap(img)
	centres := b.finders()
	if len(centres) > 24 {
		centres = centres[:24]
	}
	// Any three finder patterns may be the three corners.
	for i := range centres {
		for j := i + 1; j < len(centres); j++ {
			for k := j + 1; k < len(centres); k++ {
				if grid := b.sample(centres[i], centres[j], centres[k]); grid != nil {
					if text, err := decodeGrid(grid); err == nil {
						return text, nil
					}
				}
			}
		}
	}
	return "", errNoQR
}

// bitmap is a picture in black (true) and white.
type bitmap struct {
	w, h int
	dark []bool
}

// newBitmap splits the grey values in the middle of their range.
func newBitmap(img image.Image) *bitmap {
	r := img.Bounds()
	b := &bitmap{w: r.Dx(), h: r.Dy()}
	rgba := image.NewRGBA(image.Rect(0, 0, b.w, b.h))
	draw.Draw(rgba, rgba.Rect, image.White, image.Point{}, draw.Src) // transparent counts as white
	draw.Draw(rgba, rgba.Rect, img, r.Min, draw.Over)
	grey := make([]int, b.w*b.h)
	low, high := 255, 0
	for i := range grey {
		p := rgba.Pix[4*i : 4*i+3]
		v := (299*int(p[0]) + 587*int(p[1]) + 114*int(p[2])) / 1000
		grey[i] = v
		low, high = min(low, v), max(high, v)
	}
	b.dark = make([]bool, len(grey))
	middle := (low + high) / 2
	for i, v := range grey {
		b.dark[i] = v < middle
	}
	return b
}

func (b *bitmap) at(x, y int) bool {
	return x >= 0 && y >= 0 && x < b.w && y < b.h && b.dark[y*b.w+x]
}

// finder is the middle of a finder pattern; size is that of one module.
type finder struct {
	x, y, size float64
	seen       int
}

// finders looks for dark-light-dark-light-dark runs of 1:1:3:1:1 in rows and
// confirms them in the column.
func (b *bitmap) finders() []finder {
	var found []finder
	for y := range b.h {
		var runs [5]int
		n := 0
		for x := 0; x <= b.w; x++ {
			dark := x < b.w && b.at(x, y)
			if x > 0 && x < b.w && dark == b.at(x-1, y) {
				runs[4]++
				continue
			}
			// A run ended at x; it was dark when the new one is light.
			if n++; n > 5 && !dark && finderRatio(runs) {
				width := runs[0] + runs[1] + runs[2] + runs[3] + runs[4]
				cx := float64(x) - float64(width)/2
				if cy, size, ok := b.column(int(cx), y, float64(width)/7); ok {
					found = mergeFinder(found, finder{cx, cy, (float64(width)/7 + size) / 2, 1})
				}
			}
			copy(runs[:], runs[1:])
			runs[4] = 1
		}
	}
	slices.SortStableFunc(found, func(a, c finder) int { return c.seen - a.seen })
	return found
}

// column measures the pattern through (x, y) vertically.
func (b *bitmap) column(x, y int, size float64) (middle, module float64, ok bool) {
	var runs [5]int
	limit := int(size*4) + 2
	up := y
	for up >= 0 && b.at(x, up) {
		runs[2]++
		up--
	}
	top := up
	for _, r := range []struct {
		i    int
		dark bool
	}{{1, false}, {0, true}} {
		for top >= 0 && b.at(x, top) == r.dark && runs[r.i] <= limit {
			runs[r.i]++
			top--
		}
	}
	down := y + 1
	for down < b.h && b.at(x, down) {
		runs[2]++
		down++
	}
	bottom := down
	for _, r := range []struct {
		i    int
		dark bool
	}{{3, false}, {4, true}} {
		for bottom < b.h && b.at(x, bottom) == r.dark && runs[r.i] <= limit {
			runs[r.i]++
			bottom++
		}
	}
	total := float64(bottom - top - 1)
	if !finderRatio(runs) || math.Abs(total/7-size) > size*0.5 {
		return 0, 0, false
	}
	return float64(top+1) + total/2, total / 7, true
}

// finderRatio tells whether five runs are 1:1:3:1:1, give or take half.
func finderRatio(r [5]int) bool {
	total := 0
	for _, n := range r {
		if n == 0 {
			return false
		}
		total += n
	}
	if total < 7 {
		return false
	}
	unit := float64(total) / 7
	for i, n := range r {
		want := unit
		if i == 2 {
			want = 3 * unit
		}
		if math.Abs(float64(n)-want) > want*0.5 {
			return false
		}
	}
	return true
}

// mergeFinder counts rows that show the same pattern as one.
func mergeFinder(list []finder, f finder) []finder {
	for i := range list {
		o := &list[i]
		if math.Hypot(o.x-f.x, o.y-f.y) < o.size*2 {
			n := float64(o.seen)
			o.x, o.y, o.size = (o.x*n+f.x)/(n+1), (o.y*n+f.y)/(n+1), (o.size*n+f.size)/(n+1)
			o.seen++
			return list
		}
	}
	return append(list, f)
}

// sample reads the modules of the code with these three corners; nil when they
// cannot be one.
func (b *bitmap) sample(p, q, r finder) [][]bool {
	// The corner at the right angle is opposite of the longest side.
	d := func(a, c finder) float64 { return math.Hypot(a.x-c.x, a.y-c.y) }
	switch longest := max(d(p, q), d(p, r), d(q, r)); longest {
	case d(p, q):
		p, r = r, p
	case d(p, r):
		p, q = q, p
	}
	// Now p is the corner; q goes right and r down, clockwise.
	if (q.x-p.x)*(r.y-p.y)-(q.y-p.y)*(r.x-p.x) < 0 {
		q, r = r, q
	}
	right, down := d(p, q), d(p, r)
	size := (p.size + q.size + r.size) / 3
	if math.Abs(right-down) > 0.1*right || size <= 0 || right < 10*size {
		return nil
	}
	angle := math.Abs(math.Atan2(q.y-p.y, q.x-p.x))
	size *= max(math.Abs(math.Cos(angle)), math.Abs(math.Sin(angle))) // runs are longer across a turned module
	n := int(math.Round((right+down)/2/size)) + 7
	n = 17 + 4*int(math.Round(float64(n-17)/4))
	if n < 21 || n > 177 {
		return nil
	}
	steps := float64(n - 7)
	ux, uy, vx, vy := (q.x-p.x)/steps, (q.y-p.y)/steps, (r.x-p.x)/steps, (r.y-p.y)/steps
	grid := make([][]bool, n)
	for row := range n {
		grid[row] = make([]bool, n)
		for col := range n {
			fx, fy := float64(col)-3, float64(row)-3
			grid[row][col] = b.at(int(math.Floor(p.x+fx*ux+fy*vx)), int(math.Floor(p.y+fx*uy+fy*vy)))
		}
	}
	return grid
}
