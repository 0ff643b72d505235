package media

import (
	"image"
	"image/color"
	"math"

	"golang.org/x/image/draw"
)

// fit answers the size of a picture whose longer side is at most side.
func fit(size image.Point, side int) image.Point {
	longer := max(size.X, size.Y)
	if longer <= side {
		return size
	}
	scaled := func(n int) int { return max(1, (n*side+longer/2)/longer) }
	return image.Pt(scaled(size.X), scaled(size.Y))
}

// crop answers the largest box of the proportion width:height in a picture of
// that size, as near to the focus as the edges permit.
func crop(size image.Point, width, height int, focus Focus) image.Rectangle {
	box := image.Pt(size.X, max(1, size.X*height/width))
	if box.Y > size.Y {
		box = image.Pt(max(1, size.Y*width/height), size.Y)
	}
	place := func(total, part int, at float64) int {
		if !(at >= 0 && at <= 1) { // NaN too
			at = 0.5
		}
		return min(max(int(math.Round(at*float64(total)))-part/2, 0), total-part)
	}
	corner := image.Pt(place(size.X, box.X, focus.X), place(size.Y, box.Y, focus.Y))
	return image.Rectangle{Min: corner, Max: corner.Add(box)}
}

// shrink draws a part of src at the given size on white. A fast scaler brings it
// to twice the size first; last does the rest.
func shrink(src image.Image, part image.Rectangle, size image.Point, last draw.Interpolator) *image.RGBA {
	if part.Dx() > 2*size.X && part.Dy() > 2*size.Y {
		half := image.NewRGBA(image.Rect(0, 0, 2*size.X, 2*size.Y))
		draw.ApproxBiLinear.Scale(half, half.Rect, src, part, draw.Src, nil)
		src, part = half, half.Rect
	}
	dst := image.NewRGBA(image.Rectangle{Max: size})
	op := draw.Src
	if o, ok := src.(interface{ Opaque() bool }); !ok || !o.Opaque() {
		draw.Draw(dst, dst.Rect, image.NewUniform(color.White), image.Point{}, draw.Src)
		op = draw.Over
	}
	if part.Size() == size {
		draw.Draw(dst, dst.Rect, src, part.Min, op)
		return dst
	}
	last.Scale(dst, dst.Rect, src, part, op, nil)
	return dst
}

// turn makes a picture upright that was stored with an EXIF orientation.
// Orientations 2, 4, 5 and 7 are mirrored, 5 to 8 lie on their side.
func turn(src *image.RGBA, orientation int) *image.RGBA {
	if orientation <= 1 || orientation > 8 {
		return src
	}
	w, h := src.Rect.Dx(), src.Rect.Dy()
	dst := image.NewRGBA(image.Rect(0, 0, w, h))
	if orientation >= 5 {
		dst = image.NewRGBA(image.Rect(0, 0, h, w))
	}
	for y := range h {
		for x := range w {
			var to image.Point
			switch orientation {
			case 2:
				to = image.Pt(w-1-x, y)
			case 3:
				to = image.Pt(w-1-x, h-1-y)
			case 4:
				to = image.Pt(x, h-1-y)
			case 5:
				to = image.Pt(y, x)
			case 6:
				to = image.Pt(h-1-y, x)
			case 7:
				to = image.Pt(h-1-y, w-1-x)
			case 8:
				to = image.Pt(y, w-1-x)
			}
			from := src.Pix[y*src.Stride+4*x:]
			copy(dst.Pix[to.Y*dst.Stride+4*to.X:][:4], from[:4])
		}
	}
	return dst
}
