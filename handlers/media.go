package handlers

import (
	"context"
	"io"
	"mime/multipart"
	"net/http"

	"github.com/gin-gonic/gin"

	"github.com/xunjia/xunjia"
	"github.com/xunjia/xunjia/media"
	"github.com/xunjia/xunjia/templates"
)

// uploadPicture takes one picture (field "file") and answers its key. The
// script of the partial "uploader" calls it.
func (s *Site) uploadPicture(c *gin.Context) error {
	files := c.Request.MultipartForm
	if files == nil || len(files.File["file"]) != 1 {
		return xunjia.Errorf(xunjia.Invalid, "请选择一张图片")
	}
	m, err := s.storePicture(c, files.File["file"][0])
	if err != nil {
		return err
	}
	c.JSON(http.StatusOK, gin.H{"key": m.Key, "url": templates.MediaURL(m.Key, string(media.Mobile)), "width": m.Width, "height": m.Height})
	return nil
}

// storePicture processes an uploaded file and notes that it is the visitor's.
func (s *Site) storePicture(c *gin.Context, file *multipart.FileHeader) (xunjia.Media, error) {
	ctx := c.Request.Context()
	if file.Size > s.MaxUpload {
		return xunjia.Media{}, xunjia.Errorf(xunjia.TooLarge, "图片太大了，每张最多 %d MB", s.MaxUpload>>20)
	}
	r, err := file.Open()
	if err != nil {
		return xunjia.Media{}, err
	}
	defer r.Close()
	return s.keepPicture(ctx, visitOf(c).user.ID, r)
}

// keepPicture processes a picture and notes whose it is.
func (s *Site) keepPicture(ctx context.Context, owner int64, r io.Reader) (xunjia.Media, error) {
	img, err := s.Pictures.Process(ctx, r, media.Centre())
	if err != nil {
		return xunjia.Media{}, err
	}
	key, err := media.Save(ctx, s.Blobs, img)
	if err != nil {
		return xunjia.Media{}, err
	}
	m := xunjia.Media{
		Key: key, OwnerID: owner, MIME: img.MIME, Width: img.Width, Height: img.Height,
		Bytes: int64(len(img.Original)), CreatedAt: s.Clock(),
	}
	if err := s.Store.CreateMedia(ctx, m); err != nil {
		if gone := media.Remove(ctx, s.Blobs, key, 0); gone != nil {
			s.Log.WarnContext(ctx, "picture left behind", "error", gone)
		}
		return xunjia.Media{}, err
	}
	return m, nil
}

// uploads answers the keys of the pictures in a form's uploader field: those
// that the script has uploaded already and those that came with the form
// itself, which are stored now. The form's values hold all of them afterwards,
// so that showing it again loses none. The complaint about a picture is Invalid
// on the field.
func (s *Site) uploads(c *gin.Context, f templates.Form, field string, most int) ([]string, error) {
	keys := f.Values[field]
	if m := c.Request.MultipartForm; m != nil {
		for _, file := range m.File[field+"_file"] {
			if file.Size == 0 && file.Filename == "" {
				continue
			}
			if len(keys) >= most {
				return keys, xunjia.FieldErrors{field: "图片太多了"}.Err()
			}
			stored, err := s.storePicture(c, file)
			if e := known(err); err != nil && (e.Code == xunjia.Invalid || e.Code == xunjia.TooLarge) {
				return keys, &xunjia.Error{Code: xunjia.Invalid, Message: e.Message, Fields: map[string]string{field: e.Message}, Err: e.Err}
			}
			if err != nil {
				return keys, err
			}
			keys = append(keys, stored.Key)
			f.Values[field] = keys
		}
	}
	if len(keys) > most {
		return keys, xunjia.FieldErrors{field: "图片太多了"}.Err()
	}
	return keys, nil
}

// picture serves one size of a picture. WeChat saves and previews pictures
// without cookies, so none are asked for; the key is secret enough.
func (s *Site) picture(c *gin.Context) error {
	variant := media.Variant(c.Param("variant"))
	switch variant {
	case media.Original, media.PC, media.Mobile:
	default:
		return errNoPage()
	}
	blob, err := s.Blobs.Open(c.Request.Context(), media.Name(c.Param("key"), variant))
	if err != nil {
		return err
	}
	defer blob.Close()
	h := c.Writer.Header()
	h.Set("Content-Type", blob.ContentType)
	h.Set("ETag", blob.ETag)
	h.Set("Cache-Control", "public, max-age=31536000, immutable")
	h.Set("Content-Security-Policy", "default-src 'none'; sandbox")
	h.Set("Cross-Origin-Resource-Policy", "cross-origin") // cards and articles inside WeChat show it
	h.Set("Content-Disposition", "inline")
	http.ServeContent(c.Writer, c.Request, "", blob.ModTime, blob)
	return nil
}
