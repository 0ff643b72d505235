package media_test

import (
	"context"
	"encoding/xml"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/xunjia/xunjia"
	"github.com/xunjia/xunjia/media"
)

// bucket is a server that behaves as OSS does towards a client of one bucket.
type bucket struct {
	t    *testing.T
	page int // objects in one answer to a list

	mu      sync.Mutex
	objects map[string][]byte
	written map[string]time.Time
	fail    int           // status of every answer; 0: as usual
	stall   chan struct{} // answers wait until it is closed; nil: they do not
	calls   int
}

// signature is the form of version 4 (help.aliyun.com/zh/oss/developer-reference/recommend-to-use-signature-version-4).
var signature = regexp.MustCompile(`^OSS4-HMAC-SHA256 Credential=test-id/[0-9]{8}/cn-test/oss/aliyun_v4_request,\s?Signature=[0-9a-f]{64}$`)

const ossPrefix = "shop/"

func newBucket(t *testing.T, timeout time.Duration) (*bucket, *media.OSSBlobs) {
	t.Helper()
	b := &bucket{t: t, page: 2, objects: map[string][]byte{}, written: map[string]time.Time{}}
	server := httptest.NewServer(b)
	t.Cleanup(server.Close)
	return b, media.NewOSS(media.OSSOptions{
		Bucket: "pictures", Region: "cn-test", Endpoint: server.URL, Prefix: ossPrefix,
		AccessKeyID: "test-id", AccessKeySecret: "test-key", CallTimeout: timeout,
	})
}

func (b *bucket) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	b.mu.Lock()
	fail, stall := b.fail, b.stall
	b.calls++
	b.mu.Unlock()
	if stall != nil {
		select {
		case <-stall:
		case <-r.Context().Done():
			return
		}
	}
	if !signature.MatchString(r.Header.Get("Authorization")) || r.Header.Get("X-Oss-Date") == "" {
		b.t.Errorf("signature %q at %q", r.Header.Get("Authorization"), r.Header.Get("X-Oss-Date"))
		refuse(w, http.StatusForbidden, "SignatureDoesNotMatch")
		return
	}
	if fail != 0 {
		refuse(w, fail, "InternalError")
		return
	}
	key, ok := strings.CutPrefix(r.URL.Path, "/pictures/")
	if !ok {
		refuse(w, http.StatusNotFound, "NoSuchBucket")
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	switch {
	case r.Method == http.MethodPut:
		b.put(w, r, key)
	case r.Method == http.MethodDelete:
		delete(b.objects, key)
		w.WriteHeader(http.StatusNoContent)
	case r.Method == http.MethodGet && key == "":
		b.list(w, r)
	case r.Method == http.MethodGet && b.objects[key] != nil:
		w.Header().Set("Content-Type", "application/octet-stream")
		w.Header().Set("Last-Modified", b.written[key].UTC().Format(http.TimeFormat))
		_, _ = w.Write(b.objects[key])
	default:
		refuse(w, http.StatusNotFound, "NoSuchKey")
	}
}

func (b *bucket) put(w http.ResponseWriter, r *http.Request, key string) {
	if r.Header.Get("X-Oss-Forbid-Overwrite") != "true" || r.Header.Get("X-Oss-Object-Acl") != "private" {
		b.t.Errorf("put %s: headers %v", key, r.Header)
	}
	want := map[string]string{".jpg": "image/jpeg", ".pdf": "application/pdf"}[key[len(key)-4:]]
	if r.Header.Get("Content-Type") != want {
		b.t.Errorf("put %s as %s", key, r.Header.Get("Content-Type"))
	}
	if b.objects[key] != nil {
		refuse(w, http.StatusConflict, "FileAlreadyExists")
		return
	}
	data, err := io.ReadAll(r.Body)
	if err != nil {
		refuse(w, http.StatusBadRequest, "IncompleteBody")
		return
	}
	b.objects[key], b.written[key] = data, time.Now()
}

func (b *bucket) list(w http.ResponseWriter, r *http.Request) {
	type object struct {
		Key          string
		LastModified string
		Size         int
	}
	var out struct {
		XMLName               xml.Name `xml:"ListBucketResult"`
		IsTruncated           bool
		NextContinuationToken string `xml:",omitempty"`
		EncodingType          string `xml:",omitempty"`
		Contents              []object
	}
	q := r.URL.Query()
	var keys []string
	for key := range b.objects {
		if strings.HasPrefix(key, q.Get("prefix")) && key > q.Get("continuation-token") {
			keys = append(keys, key)
		}
	}
	slices.Sort(keys)
	for i, key := range keys {
		if i == b.page {
			out.IsTruncated, out.NextContinuationToken = true, keys[i-1]
			break
		}
		out.Contents = append(out.Contents, object{key, b.written[key].UTC().Format(time.RFC3339), len(b.objects[key])})
	}
	w.Header().Set("Content-Type", "application/xml")
	_ = xml.NewEncoder(w).Encode(out)
}

func refuse(w http.ResponseWriter, status int, code string) {
	w.Header().Set("Content-Type", "application/xml")
	w.WriteHeader(status)
	_, _ = io.WriteString(w, `<?xml version="1.0" encoding="UTF-8"?><Error><Code>`+code+`</Code><Message>no</Message><RequestId>1</RequestId></Error>`)
}

func TestOSSKeepsOthersApart(t *testing.T) {
	b, blobs := newBucket(t, 0)
	b.objects["elsewhere/"+media.Name(strings.Repeat("a", 26), media.PC)] = []byte("x")
	b.objects[ossPrefix+"readme.txt"] = []byte("x")
	if _, err := blobs.Open(t.Context(), media.Name(strings.Repeat("a", 26), media.PC)); xunjia.ErrorCode(err) != xunjia.NotFound {
		t.Errorf("another program's object: %v", err)
	}
	if err := blobs.Each(t.Context(), func(name string, _ time.Time) error { return errors.New(name) }); err != nil {
		t.Errorf("listed: %v", err)
	}
	calls := b.calls
	if _, err := blobs.Open(t.Context(), "../readme.txt"); xunjia.ErrorCode(err) != xunjia.NotFound || b.calls != calls {
		t.Errorf("a name that is none: %v, %d calls", err, b.calls-calls)
	}
}

// Whatever OSS answers, an upload or a look is told that it may be better later,
// once, and a mistake of ours is not.
func TestOSSFails(t *testing.T) {
	b, blobs := newBucket(t, 0)
	name := media.Name(strings.Repeat("a", 26), media.PC)
	all := map[string]func() error{
		"put":    func() error { return blobs.Put(t.Context(), name, []byte("x")) },
		"open":   func() error { _, err := blobs.Open(t.Context(), name); return err },
		"delete": func() error { return blobs.Delete(t.Context(), name) },
		"each":   func() error { return blobs.Each(t.Context(), func(string, time.Time) error { return nil }) },
	}
	for status, want := range map[int]xunjia.Code{500: xunjia.Unavailable, 503: xunjia.Unavailable, 429: xunjia.Unavailable, 403: xunjia.Internal} {
		b.fail = status
		for what, do := range all {
			before := b.calls
			if err := do(); xunjia.ErrorCode(err) != want || b.calls != before+1 {
				t.Errorf("%s answered with %d: %v after %d calls", what, status, err, b.calls-before)
			}
		}
	}
	lost := media.NewOSS(media.OSSOptions{Bucket: "pictures", Region: "cn-test", Endpoint: "http://127.0.0.1:1", AccessKeyID: "test-id", AccessKeySecret: "test-key"})
	if _, err := lost.Open(t.Context(), name); xunjia.ErrorCode(err) != xunjia.Unavailable {
		t.Errorf("nobody listens: %v", err)
	}
	wrong := media.NewOSS(media.OSSOptions{Bucket: "another", Region: "cn-test", Endpoint: lostEndpoint(t), AccessKeyID: "test-id", AccessKeySecret: "test-key"})
	if _, err := wrong.Open(t.Context(), name); xunjia.ErrorCode(err) != xunjia.Internal {
		t.Errorf("no such bucket: %v, want a mistake of ours", err)
	}
}

// lostEndpoint knows no bucket.
func lostEndpoint(t *testing.T) string {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		refuse(w, http.StatusNotFound, "NoSuchBucket")
	}))
	t.Cleanup(server.Close)
	return server.URL
}

func TestOSSIsSlow(t *testing.T) {
	b, blobs := newBucket(t, 50*time.Millisecond)
	b.stall = make(chan struct{})
	defer close(b.stall)
	name := media.Name(strings.Repeat("a", 26), media.PC)
	if _, err := blobs.Open(t.Context(), name); xunjia.ErrorCode(err) != xunjia.Unavailable {
		t.Errorf("no answer in time: %v", err)
	}
	if err := blobs.Put(t.Context(), name, []byte("x")); xunjia.ErrorCode(err) != xunjia.Unavailable {
		t.Errorf("no answer in time: %v", err)
	}
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := blobs.Open(gone, name); !errors.Is(err, context.Canceled) {
		t.Errorf("the reader is gone: %v", err)
	}
}
