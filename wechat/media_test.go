package wechat

import (
	"context"
	"net/http"
	"strings"
	"testing"

	"github.com/xunjia/xunjia"
)

func TestMediaRoundTrip(t *testing.T) {
	p, a := newAccount(t)
	ctx := context.Background()
	p.on("/cgi-bin/media/upload", `{"type":"image","media_id":"M1","created_at":1700000000}`)
	id, err := a.UploadMedia(ctx, "image", "药材.jpg", []byte("\xff\xd8jpeg"))
	if err != nil || id != "M1" {
		t.Fatalf("%q, %v", id, err)
	}
	if got := p.last(); got.query != "type=image" || !strings.Contains(got.body, `name="media"; filename="药材.jpg"`) || !strings.Contains(got.body, "\xff\xd8jpeg") {
		t.Errorf("%+v", got)
	}
	p.rotate() // the first try is refused, the second one has the whole body again
	if id, err := a.UploadMedia(ctx, "thumb", "a.jpg", []byte("again")); err != nil || !strings.Contains(p.last().body, "again") {
		t.Errorf("%q, %v", id, err)
	}

	p.handle("/cgi-bin/media/get", func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Query().Get("media_id") {
		case "picture":
			w.Header().Set("Content-Type", "image/jpeg")
			w.Write([]byte("\xff\xd8\x00\x01"))
		case "video":
			w.Write([]byte(`{"video_url":"http://elsewhere/"}`))
		default:
			w.Write([]byte(`{"errcode":40007,"errmsg":"invalid media_id rid: 1"}`))
		}
	})
	m, err := a.DownloadMedia(ctx, "picture")
	if err != nil || string(m.Content) != "\xff\xd8\x00\x01" || m.ContentType != "image/jpeg" {
		t.Errorf("%+v, %v", m, err)
	}
	for _, id := range []string{"video", "expired"} {
		if m, err := a.DownloadMedia(ctx, id); xunjia.ErrorCode(err) != xunjia.Invalid || m.Content != nil {
			t.Errorf("%s: %+v, %v", id, m, err)
		}
	}
}
