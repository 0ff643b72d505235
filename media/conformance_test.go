package media_test

import (
	"bytes"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/xunjia/xunjia"
	"github.com/xunjia/xunjia/media"
)

// TestEveryStoreKeepsBlobsAlike holds what is written at media.Blobs.
func TestEveryStoreKeepsBlobsAlike(t *testing.T) {
	for name, open := range map[string]func(t *testing.T) media.Blobs{
		"local": func(t *testing.T) media.Blobs { b, _ := local(t); return b },
		"oss":   func(t *testing.T) media.Blobs { _, b := newBucket(t, 0); return b },
	} {
		t.Run(name, func(t *testing.T) { conforms(t, open(t)) })
	}
}

func conforms(t *testing.T, blobs media.Blobs) {
	ctx := t.Context()
	begin := time.Now().Add(-2 * time.Second)
	key, err := media.Save(ctx, blobs, picture)
	if err != nil {
		t.Fatal(err)
	}
	file, err := media.SaveFile(ctx, blobs, media.PDF{Data: []byte("%PDF-1.7 text")})
	if err != nil || !xunjia.IsFile(file) || xunjia.IsFile(key) {
		t.Fatalf("file %q, picture %q: %v", file, key, err)
	}
	if err := media.SaveCrops(ctx, blobs, key, 1700000000000, media.Image{PC: []byte("new pc"), Mobile: []byte("new mobile")}); err != nil {
		t.Fatal(err)
	}
	want := map[string]string{
		media.Name(key, media.Original): "the original", media.Name(key, media.PC): "pc", media.Name(key, media.Mobile): "mobile",
		media.CropName(key, media.PC, 1700000000000): "new pc", media.CropName(key, media.Mobile, 1700000000000): "new mobile",
		media.FileName(file): "%PDF-1.7 text",
	}
	seen := map[string]string{}
	for name := range want {
		blob, err := blobs.Open(ctx, name)
		if err != nil {
			t.Fatal(err)
		}
		if blob.ETag != `"`+name+`"` || blob.ModTime.Before(begin) || strings.HasSuffix(name, ".pdf") != (blob.ContentType == media.PDFMIME) {
			t.Errorf("%s: %+v", name, blob)
		}
		if _, err := blob.Seek(2, io.SeekStart); err != nil {
			t.Error(err)
		}
		rest, _ := io.ReadAll(blob)
		if blob.Size != int64(len(rest))+2 || !strings.HasSuffix(want[name], string(rest)) {
			t.Errorf("%s holds …%q of %d", name, rest, blob.Size)
		}
		if err := blob.Close(); err != nil {
			t.Error(err)
		}
		if k, version, ok := media.Parse(name); !ok || k != key && k != file || strings.Contains(name, "17000") != (version == 1700000000000) {
			t.Errorf("%s is taken apart into %q, %d", name, k, version)
		}
		if err := blobs.Put(ctx, name, []byte("other")); xunjia.ErrorCode(err) != xunjia.Conflict {
			t.Errorf("%s twice: %v", name, err)
		}
	}
	if err := blobs.Each(ctx, func(name string, written time.Time) error {
		if written.Before(begin) {
			t.Errorf("%s written %s", name, written)
		}
		seen[name] = want[name]
		return nil
	}); err != nil || len(seen) != len(want) {
		t.Errorf("shown %v: %v", seen, err)
	}
	stop := errors.New("enough")
	if err := blobs.Each(ctx, func(string, time.Time) error { return stop }); !errors.Is(err, stop) {
		t.Errorf("an error of the reader: %v", err)
	}
	for range 2 { // the second time there is nothing left
		if err := errors.Join(media.Remove(ctx, blobs, key, 1700000000000), media.Remove(ctx, blobs, file, 0)); err != nil {
			t.Error(err)
		}
	}
	for name := range want {
		if _, err := blobs.Open(ctx, name); xunjia.ErrorCode(err) != xunjia.NotFound {
			t.Errorf("%s after its end: %v", name, err)
		}
	}
	for _, name := range []string{"", "..", key, file, file + ".jpg", key + ".pdf", key + "-pc.0.jpg", key + "-original.12.jpg", "f-" + key + "-pc.jpg"} {
		if _, _, ok := media.Parse(name); ok {
			t.Errorf("%q is no name", name)
		}
		if err := blobs.Put(ctx, name, []byte("x")); err == nil {
			t.Errorf("%q was written", name)
		}
		if _, err := blobs.Open(ctx, name); xunjia.ErrorCode(err) != xunjia.NotFound {
			t.Errorf("%q: %v", name, err)
		}
	}
}

func TestRecropFollowsTheFocus(t *testing.T) {
	p := media.New(media.Limits{})
	whole := process(t, asPNG(quarters(1600, 400)))
	for x, corner := range map[float64]int{0: 0, 1: 1} {
		img, err := p.Recrop(t.Context(), bytes.NewReader(whole.Original), media.Focus{X: x, Y: 0.5})
		if err != nil || img.Original != nil {
			t.Fatalf("%v, original %v", err, img.Original != nil)
		}
		for _, data := range [][]byte{img.PC, img.Mobile} {
			crop := decoded(t, data)
			if middle := crop.Bounds().Dx() / 2; !near(crop, middle, 20, corners[corner]) {
				t.Errorf("focus %v shows %v, want %v", x, crop.At(middle, 20), corners[corner])
			}
		}
	}
	if _, err := p.Recrop(t.Context(), strings.NewReader("no picture"), media.Centre()); xunjia.ErrorCode(err) != xunjia.Invalid {
		t.Errorf("error %v", err)
	}
	// As uploaded and made anew with the same focus are alike.
	again, err := p.Recrop(t.Context(), bytes.NewReader(whole.Original), media.Centre())
	if err != nil || slices.Max([]int{len(again.PC) - len(whole.PC), len(whole.PC) - len(again.PC)}) > len(whole.PC)/10 {
		t.Errorf("%d and %d bytes: %v", len(again.PC), len(whole.PC), err)
	}
}
