package media

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"image"
	"image/gif"
	"image/jpeg"
	"image/png"
	"io"

	"github.com/xunjia/xunjia"
	"golang.org/x/image/webp"
)

// format is one kind of file that is accepted. The decoder is chosen by the
// first bytes and never guessed again, so both always agree.
type format struct {
	name   string
	decode func(io.Reader) (image.Image, error)
	config func(io.Reader) (image.Config, error)
}

// detect looks at the first bytes. Errors: Invalid.
func detect(data []byte) (format, error) {
	switch {
	case bytes.HasPrefix(data, []byte("\xff\xd8\xff")):
		return format{"jpeg", jpeg.Decode, jpeg.DecodeConfig}, nil
	case bytes.HasPrefix(data, []byte("\x89PNG\r\n\x1a\n")):
		return format{"png", png.Decode, png.DecodeConfig}, nil
	case bytes.HasPrefix(data, []byte("GIF87a")), bytes.HasPrefix(data, []byte("GIF89a")):
		return format{"gif", gif.Decode, gif.DecodeConfig}, nil
	case len(data) >= 12 && string(data[:4]) == "RIFF" && string(data[8:12]) == "WEBP":
		return format{"webp", webp.Decode, webp.DecodeConfig}, nil
	case len(data) == 0:
		return format{}, xunjia.Errorf(xunjia.Invalid, "图片是空的，请重新选择")
	case len(data) >= 12 && string(data[4:8]) == "ftyp":
		return format{}, xunjia.Errorf(xunjia.Invalid, "不支持 HEIC、AVIF 或视频，请在相机设置里选“兼容性最佳”，或发送截图")
	}
	return format{}, xunjia.Errorf(xunjia.Invalid, "只支持 JPG、PNG、GIF、WebP 图片")
}

// dimensions answers every size that a header promises.
func dimensions(f format, data []byte) (sizes []image.Point, err error) {
	defer recovered(&err)
	c, err := f.config(bytes.NewReader(data))
	if err != nil {
		return nil, err
	}
	sizes = []image.Point{{X: c.Width, Y: c.Height}}
	if f.name == "webp" {
		sizes = append(sizes, webpFrames(data)...)
	}
	return sizes, nil
}

// decode reads the pixels.
func decode(f format, data []byte) (img image.Image, err error) {
	defer recovered(&err)
	return f.decode(bytes.NewReader(data))
}

// recovered turns a decoder's panic into an error: a foreign file must not end
// the request without an answer.
func recovered(err *error) {
	if r := recover(); r != nil {
		*err = fmt.Errorf("decoder panicked: %v", r)
	}
}

// webpFrames answers the sizes in the headers of the frames. The extended format
// repeats the size, and the decoder believes the frame whatever the file header
// says, so a small header can hide a huge frame.
func webpFrames(data []byte) []image.Point {
	var sizes []image.Point
	chunks(data, 12, binary.LittleEndian, false, func(name string, body []byte) bool {
		switch {
		case name == "VP8 " && len(body) >= 10:
			w, h := binary.LittleEndian.Uint16(body[6:]), binary.LittleEndian.Uint16(body[8:])
			sizes = append(sizes, image.Pt(int(w&0x3fff), int(h&0x3fff)))
		case name == "VP8L" && len(body) >= 5:
			bits := binary.LittleEndian.Uint32(body[1:])
			sizes = append(sizes, image.Pt(int(bits&0x3fff)+1, int(bits>>14&0x3fff)+1))
		}
		return true
	})
	return sizes
}

// chunks walks the chunks of a RIFF file (name, length, body, padded to even) or
// of a PNG (length, name, body, checksum) from an offset until see says stop or
// the data ends.
func chunks(data []byte, from int, order binary.ByteOrder, isPNG bool, see func(name string, body []byte) bool) {
	for from+8 <= len(data) {
		name, length := string(data[from:from+4]), order.Uint32(data[from+4:])
		if isPNG {
			name, length = string(data[from+4:from+8]), order.Uint32(data[from:])
		}
		from += 8
		end := from + int(min(length, uint32(len(data)-from)))
		if !see(name, data[from:end]) {
			return
		}
		if from = end; isPNG {
			from += 4
		} else {
			from += int(length & 1)
		}
	}
}

// orientation answers the EXIF orientation, 1 to 8; 1 (upright) when there is
// none or it is damaged.
func orientation(f format, data []byte) int {
	var tiff []byte
	switch f.name {
	case "jpeg":
		tiff = jpegEXIF(data)
	case "png":
		chunks(data, 8, binary.BigEndian, true, func(name string, body []byte) bool {
			if name == "eXIf" {
				tiff = body
			}
			return tiff == nil
		})
	case "webp":
		chunks(data, 12, binary.LittleEndian, false, func(name string, body []byte) bool {
			if name == "EXIF" {
				tiff = bytes.TrimPrefix(body, exifHeader)
			}
			return tiff == nil
		})
	}
	n, err := tiffOrientation(tiff)
	if err != nil || n < 1 || n > 8 {
		return 1
	}
	return n
}

// exifHeader stands before the TIFF structure in a JPEG.
var exifHeader = []byte("Exif\x00\x00")

// jpegEXIF finds the TIFF structure in the APP1 segment before the picture data.
func jpegEXIF(data []byte) []byte {
	for at := 2; at+4 <= len(data) && data[at] == 0xff; {
		marker := data[at+1]
		if marker == 0xff { // a fill byte
			at++
			continue
		}
		length := int(binary.BigEndian.Uint16(data[at+2:]))
		if marker == 0xda || length < 2 || at+2+length > len(data) {
			return nil
		}
		body := data[at+4 : at+2+length]
		if marker == 0xe1 && bytes.HasPrefix(body, exifHeader) {
			return body[len(exifHeader):]
		}
		at += 2 + length
	}
	return nil
}

// tiffOrientation reads tag 0x0112 of the first directory (EXIF 2.32, 4.6.4).
func tiffOrientation(tiff []byte) (int, error) {
	if len(tiff) < 8 {
		return 0, io.ErrUnexpectedEOF
	}
	var order binary.ByteOrder = binary.BigEndian
	if string(tiff[:2]) == "II" {
		order = binary.LittleEndian
	}
	at := int64(order.Uint32(tiff[4:]))
	if at+2 > int64(len(tiff)) {
		return 0, io.ErrUnexpectedEOF
	}
	entries := tiff[at+2:]
	for range order.Uint16(tiff[at:]) {
		if len(entries) < 12 {
			return 0, io.ErrUnexpectedEOF
		}
		if order.Uint16(entries) == 0x0112 {
			return int(order.Uint16(entries[8:])), nil
		}
		entries = entries[12:]
	}
	return 0, errors.New("no orientation")
}
