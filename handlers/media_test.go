package handlers

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/xunjia/xunjia"
	"github.com/xunjia/xunjia/media"
	"github.com/xunjia/xunjia/store"
)

// mediaWorld is a world that knows where its blobs lie.
func mediaWorld(t *testing.T) (w *world, dir string) {
	t.Helper()
	dir = t.TempDir()
	blobs, err := media.OpenLocal(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = blobs.Close() })
	return newWorld(t, func(o *Options) { o.Blobs = blobs }), dir
}

// blobs counts the files below a folder.
func blobs(t *testing.T, dir string) (n int) {
	t.Helper()
	err := filepath.WalkDir(dir, func(_ string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			n++
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// report is a document of one page with something more in its catalogue.
func report(more string) []byte {
	return []byte("%PDF-1.7\n1 0 obj <</Type/Catalog/Pages 2 0 R" + more + ">> endobj\n2 0 obj <</Type/Pages/Kids[3 0 R]/Count 1>> endobj\n" +
		"3 0 obj <</Type/Page/Parent 2 0 R>> endobj\ntrailer <</Root 1 0 R>>\n%%EOF\n")
}

// striped is red on the left and blue on the right.
func striped(t *testing.T) []byte {
	t.Helper()
	img := image.NewRGBA(image.Rect(0, 0, 900, 300))
	for x := range 900 {
		for y := range 300 {
			img.Set(x, y, color.RGBA{R: 255 * uint8((900-x)/451), B: 255 * uint8(x/450), A: 255})
		}
	}
	var b bytes.Buffer
	if err := jpeg.Encode(&b, img, nil); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// keyOf reads what an upload answered.
func keyOf(t *testing.T, a answer) (made struct{ Key, URL, Name, Size string }) {
	t.Helper()
	wantStatus(t, a, http.StatusOK)
	if err := json.Unmarshal([]byte(a.body), &made); err != nil || made.Key == "" {
		t.Fatalf("answer %s: %v", a.body, err)
	}
	return made
}

func TestFiles(t *testing.T) {
	w, dir := mediaWorld(t)
	b := w.member(1)
	b.get("/me")
	data := report("/OpenAction [3 0 R /Fit]")
	made := keyOf(t, b.uploadAs(`C:\报告\黄连 检测(1).PDF`, data))
	if !xunjia.IsFile(made.Key) || made.Name != "黄连 检测(1).pdf" || made.URL != "/files/"+made.Key || made.Size == "" {
		t.Errorf("made %+v", made)
	}
	guest := w.browser()
	page := guest.get(made.URL)
	wantStatus(t, page, http.StatusOK)
	contains(t, page, "黄连 检测(1).pdf", "1 页", made.URL+"/download")
	if strings.Contains(page.body, "用浏览器打开") {
		t.Error("the hint for WeChat is shown elsewhere")
	}
	contains(t, w.weChat().get(made.URL), "用浏览器打开", "右上角")
	p := guest.get(made.URL + "/download")
	wantStatus(t, p, http.StatusOK)
	for header, want := range map[string]string{
		"Content-Type": "application/pdf", "X-Content-Type-Options": "nosniff", "Content-Security-Policy": "default-src 'none'; sandbox",
		"Content-Disposition": "attachment; filename*=UTF-8''%E9%BB%84%E8%BF%9E%20%E6%A3%80%E6%B5%8B%281%29.pdf", "Accept-Ranges": "bytes", "Set-Cookie": "",
	} {
		if got := p.Header.Get(header); got != want {
			t.Errorf("%s: %q, want %q", header, got, want)
		}
	}
	if p.body != string(data) {
		t.Error("another document came back")
	}
	r := guest.request(made.URL + "/download")
	r.Method, r.Body = http.MethodGet, nil
	r.Header.Set("Range", "bytes=0-3")
	if part := guest.do(r); part.StatusCode != http.StatusPartialContent || part.body != "%PDF" {
		t.Errorf("a part: %d %q", part.StatusCode, part.body)
	}
	for _, path := range []string{"/media/" + made.Key + "/original", "/media/" + made.Key + "/mobile", "/files/f-nobody", "/files/f-nobody/download", "/files/x"} {
		wantStatus(t, guest.get(path), http.StatusNotFound)
	}
	for name, c := range map[string]struct {
		file string
		data []byte
		want string
	}{
		"HTML":           {"a.pdf", []byte("<html><script>alert(1)</script>"), "这不是 PDF 文件"},
		"a script":       {"a.pdf", report("/OpenAction <</S/JavaScript/JS(app.alert(1))>>"), "PDF 里有脚本"},
		"a script, .jpg": {"a.jpg", report("/AA 3 0 R"), "PDF 里有脚本"},
		"empty":          {"a.pdf", nil, "这不是 PDF 文件"},
		"10 MB and one":  {"a.pdf", append(report(""), make([]byte, xunjia.MaxFileBytes)...), "PDF 太大，请选 10 MB 以内的"},
	} {
		b.get("/me")
		a := b.uploadAs(c.file, c.data)
		if a.StatusCode != http.StatusUnprocessableEntity && a.StatusCode != http.StatusRequestEntityTooLarge || !strings.Contains(a.body, c.want) {
			t.Errorf("%s: %d %s", name, a.StatusCode, a.body)
		}
	}
	if n := blobs(t, dir); n != 1 {
		t.Errorf("%d blobs, want the one document", n)
	}
	// The same file again does no harm.
	b.get("/me")
	if again := keyOf(t, b.uploadAs("a.pdf", data)); again.Key == made.Key {
		t.Error("two uploads have one key")
	}
}

func TestFilesInForms(t *testing.T) {
	w, _ := mediaWorld(t)
	purchase := w.published(t)
	b := w.member(2)
	path := fmt.Sprintf("/lines/%d/quote", purchase.Lines[0].ID)
	b.get(path)
	doc := file{field: "photos.4_file", data: report("")}
	// A mistake elsewhere: the document is kept and named.
	a := b.postFiles(path, []file{doc}, "price", "")
	wantStatus(t, a, http.StatusUnprocessableEntity)
	contains(t, a, "请填写报价", `name="photos.4" value="f-`, "thumb-file", ".pdf")
	b.get(path)
	wrong := doc
	wrong.field = "photos.1_file"
	a = b.postFiles(path, []file{wrong}, "price", "100")
	wantStatus(t, a, http.StatusUnprocessableEntity)
	contains(t, a, "PDF 文件只能放在“检测报告”里")
	b.get(path)
	a = b.postFiles(path, []file{doc}, "price", "100")
	wantStatus(t, a, http.StatusSeeOther)
	a = b.get(a.Header.Get("Location"))
	contains(t, a, `class="photo-file"><a href="/files/f-`, ".pdf")
	if strings.Contains(a.body, `src="/media/f-`) {
		t.Error("a document is shown as a picture")
	}
}

// published is a purchase of member 1.
func (w *world) published(t *testing.T) xunjia.Purchase {
	t.Helper()
	list, err := w.store.Categories(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range list {
		if len(c.Units) == 0 {
			continue
		}
		d := xunjia.Draft{Terms: xunjia.Terms{Area: "510100", Deadline: time.Now().Add(24 * time.Hour)}, Lines: []xunjia.Line{{CategoryID: c.ID, Quantity: 1000, Unit: c.Units[0]}}}
		p, _, err := w.store.PublishPurchase(t.Context(), 1, d)
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	t.Fatal("no goods")
	return xunjia.Purchase{}
}

// reddish tells whether the middle of a JPEG is red.
func reddish(t *testing.T, a answer) bool {
	t.Helper()
	wantStatus(t, a, http.StatusOK)
	img, err := jpeg.Decode(strings.NewReader(a.body))
	if err != nil {
		t.Fatal(err)
	}
	r, _, b, _ := img.At(img.Bounds().Dx()/2, img.Bounds().Dy()/2).RGBA()
	return r > b
}

func TestFocusOfCrops(t *testing.T) {
	w, dir := mediaWorld(t)
	member := w.member(1)
	member.get("/me")
	key := keyOf(t, member.upload(striped(t))).Key
	staff := w.at(w.hire("operator", xunjia.OperatorRole, "a long enough password 1"))
	contains(t, staff.get("/admin/media"), "/admin/media/"+key, "没有使用")
	contains(t, staff.get("/admin/media?owner=1"), key)
	if a := staff.get("/admin/media?owner=2&use=nowhere"); strings.Contains(a.body, key) || !strings.Contains(a.body, "没有符合条件的图片") {
		t.Error("the list of somebody else shows it")
	}
	wantStatus(t, staff.get("/admin/media?owner=nobody"), http.StatusUnprocessableEntity)
	wantStatus(t, staff.get("/admin/media?after=x"), http.StatusUnprocessableEntity)
	wantStatus(t, staff.get("/admin/media/unknown"), http.StatusNotFound)

	path := "/admin/media/" + key
	wantStatus(t, staff.get(path), http.StatusOK)
	for i, x := range []string{"0", "1000"} {
		redirects(t, staff.post(path, "x", x, "y", "500"), path)
		a := staff.get(path)
		contains(t, a, "裁切已更新")
		m, err := w.store.Media(t.Context(), key)
		if err != nil || m.CropVersion == 0 || m.Focus.Y != 500 {
			t.Fatalf("%+v, %v", m, err)
		}
		for _, variant := range []string{"pc", "mobile"} {
			address := "/media/" + key + "/" + variant
			now, old, plain := w.browser().get(fmt.Sprintf("%s?v=%d", address, m.CropVersion)), w.browser().get(address+"?v=0"), w.browser().get(address)
			for _, p := range []answer{now, old, plain} {
				if reddish(t, p) != (i == 0) {
					t.Errorf("focus %s: %s shows the other side", x, variant)
				}
			}
			if now.Header.Get("Cache-Control") != keepForever || old.Header.Get("Cache-Control") != keepShortly || plain.Header.Get("Cache-Control") != keepShortly {
				t.Errorf("kept %q, %q, %q", now.Header.Get("Cache-Control"), old.Header.Get("Cache-Control"), plain.Header.Get("Cache-Control"))
			}
			if now.Header.Get("ETag") == "" || now.Header.Get("ETag") != plain.Header.Get("ETag") {
				t.Errorf("tags %q and %q", now.Header.Get("ETag"), plain.Header.Get("ETag"))
			}
		}
		if n := blobs(t, dir); n != 3 {
			t.Errorf("%d blobs, want original and two crops", n)
		}
	}
	a := staff.post(path, "x", "1001", "y", "")
	wantStatus(t, a, http.StatusUnprocessableEntity)
	contains(t, a, "应在 0 到 1000 之间", `value="1001"`)
	wantStatus(t, staff.post(path, "x", "1", "y", "1", "version", "7"), http.StatusConflict)
	audits, err := w.store.Audits(t.Context(), xunjia.AuditFilter{Action: "media.cropped"}, xunjia.Page{})
	if err != nil || len(audits.Items) != 2 || audits.Items[0].Target != "media:"+key {
		t.Errorf("audit %+v, %v", audits.Items, err)
	}
	service := w.at(w.hire("service", xunjia.ServiceRole, "a long enough password 2"))
	wantStatus(t, service.get("/admin/media"), http.StatusForbidden)
	if n := blobs(t, dir); n != 3 {
		t.Errorf("%d blobs after refusals", n)
	}
}

func TestUnusedMediaIsDeleted(t *testing.T) {
	w, dir := mediaWorld(t)
	ctx := t.Context()
	b := w.member(1)
	b.get("/me")
	fresh := keyOf(t, b.upload(striped(t))).Key
	long := time.Now().Add(-xunjia.MediaGrace - time.Hour)
	for range 3 {
		img, err := w.site.Pictures.Process(ctx, bytes.NewReader(striped(t)), media.Centre())
		if err != nil {
			t.Fatal(err)
		}
		key, err := media.Save(ctx, w.site.Blobs, img)
		if err == nil {
			err = w.store.CreateMedia(ctx, xunjia.Media{Key: key, OwnerID: 1, CreatedAt: long})
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	// Killed between dooming and deleting, and a second instance at the same time.
	if _, err := w.store.DoomMedia(ctx, store.MediaSweep{}, 10); err != nil {
		t.Fatal(err)
	}
	killed, cancel := context.WithCancel(ctx)
	cancel()
	if _, err := w.site.deleteUnused(killed, store.MediaSweep{}); err == nil {
		t.Error("it did not notice its end")
	}
	for range 2 {
		at, err := w.site.deleteUnused(ctx, store.MediaSweep{})
		if err != nil || !at.Done {
			t.Fatalf("%+v, %v", at, err)
		}
	}
	if n := blobs(t, dir); n != 3 {
		t.Errorf("%d blobs, want those of the fresh picture", n)
	}
	wantStatus(t, b.get("/media/"+fresh+"/mobile"), http.StatusOK)
	if log := w.log.String(); !strings.Contains(log, "deleted=3") {
		t.Errorf("no counts in the log: %s", log)
	}
}

func TestStraysAreDeleted(t *testing.T) {
	w, dir := mediaWorld(t)
	ctx := t.Context()
	b := w.member(1)
	b.get("/me")
	key := keyOf(t, b.upload(striped(t))).Key
	lost, err := media.Save(ctx, w.site.Blobs, media.Image{Original: []byte("x"), PC: []byte("x"), Mobile: []byte("x")})
	if err == nil {
		err = media.SaveCrops(ctx, w.site.Blobs, key, 17, media.Image{PC: []byte("x"), Mobile: []byte("x")}) // interrupted
	}
	if err != nil {
		t.Fatal(err)
	}
	if err := w.site.deleteStrays(ctx); err != nil || blobs(t, dir) != 8 {
		t.Fatalf("%d blobs: young ones were deleted, %v", blobs(t, dir), err)
	}
	age := func() {
		long := time.Now().Add(-xunjia.MediaGrace - time.Hour)
		if err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
			if err == nil && !d.IsDir() {
				err = os.Chtimes(path, long, long)
			}
			return err
		}); err != nil {
			t.Fatal(err)
		}
	}
	age()
	for range 2 {
		if err := w.site.deleteStrays(ctx); err != nil || blobs(t, dir) != 3 {
			t.Errorf("%d blobs left, want the 3 of the picture: %v", blobs(t, dir), err)
		}
	}
	if _, err := w.site.Blobs.Open(ctx, media.Name(lost, media.Original)); xunjia.ErrorCode(err) != xunjia.NotFound {
		t.Errorf("the stray: %v", err)
	}
	// Somebody else's folder with a hundred blobs stays as it is.
	for range 34 {
		if _, err := media.Save(ctx, w.site.Blobs, media.Image{Original: []byte("x"), PC: []byte("x"), Mobile: []byte("x")}); err != nil {
			t.Fatal(err)
		}
	}
	age()
	if err := w.site.deleteStrays(ctx); err == nil || blobs(t, dir) != 105 {
		t.Errorf("%d blobs of 105 left: %v", blobs(t, dir), err)
	}
}
