package media_test

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/xunjia/xunjia"
	"github.com/xunjia/xunjia/media"
)

func local(t *testing.T) (*media.LocalBlobs, string) {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "made", "when", "absent")
	blobs, err := media.OpenLocal(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = blobs.Close() })
	return blobs, dir
}

// files lists every file below dir.
func files(t *testing.T, dir string) []string {
	t.Helper()
	var all []string
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			all = append(all, path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

var picture = media.Image{Original: []byte("the original"), PC: []byte("pc"), Mobile: []byte("mobile")}

func TestSaveServeRemove(t *testing.T) {
	blobs, dir := local(t)
	ctx := t.Context()
	key, err := media.Save(ctx, blobs, picture)
	if err != nil {
		t.Fatal(err)
	}
	second, _ := media.Save(ctx, blobs, picture)
	if len(key) != 26 || key == second {
		t.Errorf("keys %q and %q", key, second)
	}
	if got := files(t, dir); len(got) != 6 {
		t.Errorf("files %v, want 6", got)
	}

	blob, err := blobs.Open(ctx, media.Name(key, media.Original))
	if err != nil {
		t.Fatal(err)
	}
	defer blob.Close()
	if blob.ContentType != "image/jpeg" || blob.Size != 12 || blob.ModTime.IsZero() {
		t.Errorf("blob %+v", blob)
	}
	// What a handler does with it: ranges and "not modified" work.
	serve := func(header, value string) *http.Response {
		r := httptest.NewRequest("GET", "/", nil)
		r.Header.Set(header, value)
		w := httptest.NewRecorder()
		w.Header().Set("ETag", blob.ETag)
		http.ServeContent(w, r, "", blob.ModTime, blob)
		return w.Result()
	}
	if r := serve("If-None-Match", blob.ETag); r.StatusCode != http.StatusNotModified {
		t.Errorf("status %d, want 304", r.StatusCode)
	}
	body, _ := io.ReadAll(serve("Range", "bytes=4-").Body)
	if string(body) != "original" {
		t.Errorf("range %q", body)
	}

	if err := media.Remove(ctx, blobs, key, 0); err != nil {
		t.Fatal(err)
	}
	if err := media.Remove(ctx, blobs, key, 0); err != nil {
		t.Errorf("removing what is gone: %v", err)
	}
	if _, err := blobs.Open(ctx, media.Name(key, media.PC)); xunjia.ErrorCode(err) != xunjia.NotFound {
		t.Errorf("a removed picture: %v", err)
	}
	if got := files(t, dir); len(got) != 3 {
		t.Errorf("files %v, want the 3 of the second", got)
	}
}

func TestABlobIsNeverOverwritten(t *testing.T) {
	blobs, _ := local(t)
	name := media.Name(strings.Repeat("a", 26), media.PC)
	if err := blobs.Put(t.Context(), name, []byte("first")); err != nil {
		t.Fatal(err)
	}
	if err := blobs.Put(t.Context(), name, []byte("second")); xunjia.ErrorCode(err) != xunjia.Conflict {
		t.Errorf("error %v, want conflict", err)
	}
	blob, err := blobs.Open(t.Context(), name)
	if err != nil {
		t.Fatal(err)
	}
	defer blob.Close()
	if body, _ := io.ReadAll(blob); string(body) != "first" {
		t.Errorf("holds %q", body)
	}
}

func TestForeignNamesFindNothing(t *testing.T) {
	blobs, dir := local(t)
	if err := os.WriteFile(filepath.Join(filepath.Dir(dir), "outside.jpg"), []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	key, _ := media.Save(t.Context(), blobs, picture)
	// A symbolic link out of the folder leads nowhere.
	name := media.Name(strings.Repeat("b", 26), media.PC)
	if err := os.MkdirAll(filepath.Join(dir, "bb", "bb"), 0o750); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(filepath.Join(filepath.Dir(dir), "outside.jpg"), filepath.Join(dir, "bb", "bb", name)); err != nil {
		t.Fatal(err)
	}
	if blob, err := blobs.Open(t.Context(), name); err == nil {
		t.Errorf("a link out of the folder was opened: %+v", blob)
	}
	for _, name := range []string{
		"", ".", "..", "../outside.jpg", "/etc/passwd", "..\\outside.jpg", key, strings.ToUpper(key) + "-pc.jpg",
		key + "-huge.jpg", key + "-pc.png", "x/" + media.Name(key, media.PC), media.Name(key, media.PC) + "\n", media.Name(key, "pc/../../x"),
	} {
		if _, err := blobs.Open(t.Context(), name); xunjia.ErrorCode(err) != xunjia.NotFound {
			t.Errorf("open %q: %v, want not found", name, err)
		}
		if err := blobs.Put(t.Context(), name, []byte("x")); err == nil {
			t.Errorf("put %q: accepted", name)
		}
		if err := blobs.Delete(t.Context(), name); err != nil {
			t.Errorf("delete %q: %v", name, err)
		}
	}
	if got := files(t, dir); len(got) != 4 {
		t.Errorf("files %v, want the 3 saved and the link", got)
	}
}

// full is a disk that takes a number of blobs and then no more.
type full struct {
	*media.LocalBlobs
	room int
}

func (f *full) Put(ctx context.Context, name string, data []byte) error {
	if f.room--; f.room < 0 {
		return errors.New("no space left on device")
	}
	return f.LocalBlobs.Put(ctx, name, data)
}

func TestHalfASaveLeavesNothing(t *testing.T) {
	blobs, dir := local(t)
	for room := range 3 {
		if key, err := media.Save(t.Context(), &full{blobs, room}, picture); err == nil || key != "" {
			t.Errorf("saved %q with room for %d", key, room)
		}
	}
	if got := files(t, dir); len(got) != 0 {
		t.Errorf("left behind: %v", got)
	}
}

func TestAFailedWriteLeavesNothing(t *testing.T) {
	blobs, dir := local(t)
	name := media.Name(strings.Repeat("c", 26), media.PC)
	// A file stands where the subfolder should be made.
	if err := os.WriteFile(filepath.Join(dir, "cc"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := blobs.Put(t.Context(), name, []byte("x")); err == nil {
		t.Error("written where nothing can be written")
	}
	if got := files(t, dir); len(got) != 1 {
		t.Errorf("left behind: %v", got)
	}
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	if err := blobs.Put(cancelled, media.Name(strings.Repeat("d", 26), media.PC), []byte("x")); !errors.Is(err, context.Canceled) {
		t.Errorf("put after the end: %v", err)
	}
}
