package wechat

import (
	"bytes"
	"context"
	"mime/multipart"
	"net/http"
	"net/url"

	"github.com/xunjia/xunjia"
)

// Media is a file that the platform keeps: a picture that a fan sent or chose on
// a page (the serverId of wx.uploadImage), or one to send.
type Media struct {
	Content     []byte
	ContentType string // as the platform says; trust the content only
}

// UploadMedia keeps a file with the platform for three days, for replies. kind is
// image (up to 10 MB), voice (2 MB), video (10 MB) or thumb (64 KB).
func (a *Account) UploadMedia(ctx context.Context, kind, name string, content []byte) (mediaID string, err error) {
	var body bytes.Buffer
	w := multipart.NewWriter(&body)
	part, err := w.CreateFormFile("media", name)
	if err != nil {
		return "", &xunjia.Error{Code: xunjia.Invalid, Message: "文件名不正确", Err: err}
	}
	_, _ = part.Write(content) // a bytes.Buffer takes everything
	_ = w.Close()
	var out struct {
		MediaID      string `json:"media_id"`
		ThumbMediaID string `json:"thumb_media_id"` // for kind thumb
	}
	err = a.call(ctx, request{
		method: http.MethodPost, path: "/cgi-bin/media/upload", query: url.Values{"type": {kind}},
		in: &form{contentType: w.FormDataContentType(), body: body.Bytes()}, out: &out,
	})
	return out.MediaID + out.ThumbMediaID, err
}

// DownloadMedia fetches a file of at most 12 MB by its media id. Videos are not
// delivered this way; for them the error is Invalid. silenceper only makes a URL
// that carries the token.
func (a *Account) DownloadMedia(ctx context.Context, mediaID string) (Media, error) {
	var m Media
	if err := a.get(ctx, "/cgi-bin/media/get", url.Values{"media_id": {mediaID}}, &m); err != nil {
		return Media{}, err
	}
	if len(m.Content) == 0 { // JSON without an errcode: the address of a video
		return Media{}, xunjia.Errorf(xunjia.Invalid, "这个文件不能下载")
	}
	return m, nil
}
