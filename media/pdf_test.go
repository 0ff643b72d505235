package media_test

import (
	"bytes"
	"compress/zlib"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/xunjia/xunjia"
	"github.com/xunjia/xunjia/media"
)

// asPDF is a document of one page with more entries in its catalogue.
func asPDF(catalogue string, objects ...string) []byte {
	return []byte("%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj\n<< /Type /Catalog /Pages 2 0 R " + catalogue + " >>\nendobj\n" +
		"2 0 obj\n<</Type/Pages/Kids[3 0 R]/Count 1>>\nendobj\n3 0 obj\n<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]>>\nendobj\n" +
		strings.Join(objects, "\n") + "\ntrailer\n<</Root 1 0 R/Size 4>>\nstartxref\n9\n%%EOF\n")
}

// objectStream is a compressed stream of objects, as programs write them today.
func objectStream(text string) string {
	var b bytes.Buffer
	z := zlib.NewWriter(&b)
	_, _ = z.Write([]byte(text))
	_ = z.Close()
	return fmt.Sprintf("9 0 obj\n<</Type/ObjStm/N 1/First 4/Filter/FlateDecode/Length %d>>\nstream\r\n%s\r\nendstream\nendobj", b.Len(), b.Bytes())
}

func TestReadPDF(t *testing.T) {
	const acts, locked, opaque = "PDF 里有脚本", "PDF 加了密码", "PDF 的内容无法检查"
	plain := asPDF("")
	for name, tt := range map[string]struct {
		data []byte
		want string // begins the complaint; "": none
	}{
		"plain":                   {plain, ""},
		"mail's bytes after it":   {append(bytes.Clone(plain), "\r\n\r\n"...), ""},
		"opens at a page":         {asPDF("/OpenAction [3 0 R /Fit]"), ""},
		"names that only look so": {asPDF("/JSX (a) /AAPL 3 /Title (AA JS) /JS"), ""},
		"chance in a picture":     {asPDF("", "4 0 obj <</Length 9>> stream\n\x01/JS\x00\x7f/AA)\nendstream endobj"), ""},
		"objects compressed":      {asPDF("", objectStream("3 0 <</Type/Page>> 5 0 <</Type/Annot>>")), ""},
		"JS":                      {asPDF("/Names <</JS (app.alert\\(1\\))>>"), acts},
		"JS by reference":         {asPDF("/Rendition <</JS 12 0 R>>"), acts},
		"JS behind a comment":     {asPDF("/X <</JS %really\n (app)>>"), acts},
		"JavaScript":              {asPDF("/OpenAction <</S /JavaScript /JS (x)>>"), acts},
		"spelt with numbers":      {asPDF("/X <</S/J#61va#53cript>>"), acts},
		"OpenAction by reference": {asPDF("/OpenAction 7 0 R"), acts},
		"OpenAction":              {asPDF("/OpenAction<</S/GoTo>>"), acts},
		"additional actions":      {asPDF("/AA << /O 4 0 R >>"), acts},
		"launch":                  {asPDF("/A <</S /Launch /F (cmd.exe)>>"), acts},
		"attachment":              {asPDF("/Names <</EmbeddedFiles 5 0 R>>"), acts},
		"form of another kind":    {asPDF("/AcroForm <</XFA [(a) 5 0 R]>>"), acts},
		"script compressed":       {asPDF("", objectStream("7 0 <</S/JavaScript/JS(x)>>")), acts},
		"compressed otherwise":    {asPDF("", "9 0 obj <</Type/ObjStm/Filter[/ASCIIHexDecode/FlateDecode]>> stream\n789c\nendstream"), opaque},
		"a bomb":                  {asPDF("", objectStream(strings.Repeat(" ", 40<<20))), opaque},
		"locked":                  {asPDF("/Encrypt 5 0 R"), locked},
		"cut off":                 {plain[:len(plain)-10], "PDF 不完整"},
		"end long before the end": {append(bytes.Clone(plain), make([]byte, 2000)...), "PDF 不完整"},
		"HTML named PDF":          {[]byte("<html><script>alert(1)</script>%PDF-1.7 %%EOF"), "这不是 PDF 文件"},
		"HTML behind a header":    {[]byte("%PDF-<script>\n%%EOF"), "这不是 PDF 文件"},
		"nothing":                 {nil, "这不是 PDF 文件"},
		"10 MB and a byte":        {append(plain, make([]byte, xunjia.MaxFileBytes+1-len(plain))...), "PDF 太大，请选 10 MB 以内的"},
		"10 MB":                   {append(append(bytes.Clone(plain), make([]byte, xunjia.MaxFileBytes-len(plain)-5)...), "%%EOF"...), ""},
	} {
		t.Run(name, func(t *testing.T) {
			doc, err := media.ReadPDF(bytes.NewReader(tt.data))
			if tt.want == "" {
				if err != nil || !bytes.Equal(doc.Data, tt.data) || doc.Pages < 1 {
					t.Errorf("%d pages: %v", doc.Pages, err)
				}
				return
			}
			e, ok := errors.AsType[*xunjia.Error](err)
			if !ok || doc.Data != nil || !strings.HasPrefix(e.Message, tt.want) || e.Code != xunjia.Invalid && e.Code != xunjia.TooLarge {
				t.Errorf("error %v, want %q", err, tt.want)
			}
		})
	}
	if doc, err := media.ReadPDF(bytes.NewReader(asPDF("", objectStream("3 0 <</Type/Page>> 5 0 << /Type /Page >>")))); err != nil || doc.Pages != 3 {
		t.Errorf("%d pages, want 3: %v", doc.Pages, err)
	}
	broken := errors.New("the line is dead")
	if _, err := media.ReadPDF(iotest.ErrReader(broken)); !errors.Is(err, broken) || xunjia.ErrorCode(err) != xunjia.Internal {
		t.Errorf("error %v", err)
	}
}

func FuzzPDF(f *testing.F) {
	f.Add(asPDF(""))
	f.Add(asPDF("/OpenAction [3 0 R /Fit] /J#"))
	f.Add(asPDF("/JS %", objectStream("3 0 <</Type/Page>>")))
	f.Add([]byte("%PDF-2.0\n/ObjStm stream\n%%EOF"))
	f.Fuzz(func(t *testing.T, data []byte) {
		doc, err := media.ReadPDF(bytes.NewReader(data))
		if err != nil {
			if code := xunjia.ErrorCode(err); code != xunjia.Invalid && code != xunjia.TooLarge {
				t.Fatalf("error %v", err)
			}
			return
		}
		for _, bad := range []string{"/JavaScript ", "/JS(", "/JS <", "/Launch/", "/Encrypt<<"} {
			if bytes.Contains(doc.Data, []byte(bad)) {
				t.Fatalf("accepted with %s", bad)
			}
		}
	})
}
