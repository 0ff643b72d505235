package media

import (
	"bytes"
	"compress/zlib"
	"errors"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"strings"

	"github.com/xunjia/xunjia"
)

// PDFMIME is the type of every file that ReadPDF accepts.
const PDFMIME = "application/pdf"

// PDF is a document that was checked. Its bytes are kept as they came.
type PDF struct {
	Data  []byte
	Pages int // as many page objects as can be read; 0: not known
}

// What ReadPDF looks for. The comment before a document's end may be followed
// by a few bytes that mail programs add.
const (
	pdfTail        = 1024
	pdfUnpackedMax = 32 << 20 // of all compressed object streams together
)

var pdfHeader = regexp.MustCompile(`^%PDF-(1\.[0-7]|2\.0)\s`)

// IsPDF tells by the first bytes whether somebody means a PDF.
func IsPDF(head []byte) bool { return bytes.HasPrefix(head, []byte("%PDF-")) }

// ReadPDF reads a document and refuses what could do anything but show pages.
// It is a filter over the names in the file, compressed objects included, and
// no parser: what is accepted is still only ever served as a download. Errors:
// TooLarge, Invalid; any other error of r is returned wrapped.
func ReadPDF(r io.Reader) (PDF, error) {
	data, err := io.ReadAll(io.LimitReader(r, xunjia.MaxFileBytes+1))
	if _, tooLarge := errors.AsType[*http.MaxBytesError](err); tooLarge || len(data) > xunjia.MaxFileBytes {
		return PDF{}, xunjia.Errorf(xunjia.TooLarge, "PDF 太大，请选 %s 以内的", inWords(xunjia.MaxFileBytes))
	}
	if err != nil {
		return PDF{}, fmt.Errorf("media: read upload: %w", err)
	}
	if !pdfHeader.Match(data) {
		return PDF{}, xunjia.Errorf(xunjia.Invalid, "这不是 PDF 文件，请重新选择")
	}
	if tail := data[max(0, len(data)-pdfTail):]; !bytes.Contains(tail, []byte("%%EOF")) {
		return PDF{}, xunjia.Errorf(xunjia.Invalid, "PDF 不完整，可能没有下载完，请重新选择")
	}
	s := pdfScan{room: pdfUnpackedMax}
	if err := s.names(data, true); err != nil {
		return PDF{}, err
	}
	return PDF{Data: data, Pages: s.pages}, nil
}

// pdfScan is what is found on the way through a document.
type pdfScan struct {
	pages int
	room  int64 // bytes that may still be unpacked
}

// names visits every name (/Like#20this) in data. Compressed object streams,
// where modern programs put most objects, are unpacked once.
func (s *pdfScan) names(data []byte, unpack bool) error {
	before := ""
	for at := bytes.IndexByte(data, '/'); at >= 0; {
		name, end := pdfName(data, at+1)
		after := pdfSkip(data, end)
		if err := forbidden(name, after); err != nil {
			return err
		}
		if name == "Page" && before == "Type" {
			s.pages++
		}
		if name == "ObjStm" && unpack {
			if err := s.unpack(data[end:]); err != nil {
				return err
			}
		}
		before = name
		next := bytes.IndexByte(data[end:], '/')
		if next < 0 {
			break
		}
		at = end + next
	}
	return nil
}

// forbidden complains about a name that makes a reader act, if the value after
// it is of the kind that goes with it: three letters also occur by chance in
// compressed pictures.
func forbidden(name string, value []byte) error {
	switch name {
	case "JavaScript", "RichMedia", "EmbeddedFile", "EmbeddedFiles", "Launch":
		return active()
	case "JS", "AA", "OpenAction": // not OpenAction with a list, the place to begin reading that office programs write
		if pdfValue(value) {
			return active()
		}
	case "XFA":
		if pdfValue(value) || len(value) > 0 && value[0] == '[' {
			return active()
		}
	case "Encrypt":
		if pdfValue(value) {
			return xunjia.Errorf(xunjia.Invalid, "PDF 加了密码或限制，请去掉后再上传")
		}
	}
	return nil
}

func active() error {
	return xunjia.Errorf(xunjia.Invalid, "PDF 里有脚本、附件或自动执行的动作，不能上传；请用“打印 → 另存为 PDF”重新做一份")
}

var pdfReference = regexp.MustCompile(`^[0-9]{1,10}[\x00\t\n\f\r ]+[0-9]{1,5}[\x00\t\n\f\r ]+R`)

// pdfValue tells whether a text, a dictionary or a reference begins.
func pdfValue(data []byte) bool {
	return len(data) > 0 && (data[0] == '(' || data[0] == '<' || pdfReference.Match(data[:min(len(data), 64)]))
}

// pdfName reads the name that begins at a place, its #xx escapes resolved; only
// its first 32 characters matter.
func pdfName(data []byte, at int) (name string, end int) {
	const longest = 32
	var b strings.Builder
	for end = at; end < len(data) && !pdfDelimiter(data[end]); end++ {
		c := data[end]
		if c == '#' && end+2 < len(data) {
			if hi, lo := unhex(data[end+1]), unhex(data[end+2]); hi >= 0 && lo >= 0 {
				c = byte(hi<<4 | lo)
				end += 2
			}
		}
		if b.Len() < longest {
			b.WriteByte(c)
		}
	}
	return b.String(), end
}

func unhex(c byte) int {
	switch {
	case c >= '0' && c <= '9':
		return int(c - '0')
	case c >= 'a' && c <= 'f':
		return int(c-'a') + 10
	case c >= 'A' && c <= 'F':
		return int(c-'A') + 10
	}
	return -1
}

// pdfDelimiter tells whether a byte ends a name (ISO 32000-1, 7.2.2).
func pdfDelimiter(c byte) bool {
	return pdfSpace(c) || strings.IndexByte("()<>[]{}/%", c) >= 0
}

func pdfSpace(c byte) bool {
	return c == 0 || c == '\t' || c == '\n' || c == '\f' || c == '\r' || c == ' '
}

// pdfSkip answers what follows white space and comments.
func pdfSkip(data []byte, at int) []byte {
	for at < len(data) {
		switch {
		case pdfSpace(data[at]):
			at++
		case data[at] == '%':
			line := bytes.IndexAny(data[at:], "\r\n")
			if line < 0 {
				return nil
			}
			at += line
		default:
			return data[at:]
		}
	}
	return nil
}

// unpack looks into the object stream whose dictionary goes on in data.
func (s *pdfScan) unpack(data []byte) error {
	const dictionary = 4096 // the rest of one is shorter
	at := bytes.Index(data[:min(len(data), dictionary)], []byte("stream"))
	if at < 0 {
		return nil // the name stands somewhere else
	}
	body := data[at+len("stream"):]
	body = bytes.TrimPrefix(bytes.TrimPrefix(body, []byte("\r")), []byte("\n"))
	z, err := zlib.NewReader(bytes.NewReader(body))
	if err != nil {
		return unreadable(err)
	}
	defer z.Close()
	text, err := io.ReadAll(io.LimitReader(z, s.room+1))
	if s.room -= int64(len(text)); s.room < 0 {
		return unreadable(errors.New("object streams unpack to too much"))
	}
	if len(text) == 0 && err != nil {
		return unreadable(err)
	}
	return s.names(text, false)
}

func unreadable(err error) error {
	return &xunjia.Error{Code: xunjia.Invalid, Message: "PDF 的内容无法检查，请用“打印 → 另存为 PDF”重新做一份", Err: err}
}
