package handlers

import (
	"context"
	"errors"
	"io"
	"mime/multipart"
	"net/http"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/gin-gonic/gin"

	"github.com/xunjia/xunjia"
	"github.com/xunjia/xunjia/media"
	"github.com/xunjia/xunjia/templates"
)

// upload takes one picture or one PDF (field "file") and answers its key. The
// script of the partial "uploader" calls it, again and again on a bad line: what
// no form uses is deleted after two days.
func (s *Site) upload(c *gin.Context) error {
	files := c.Request.MultipartForm
	if files == nil || len(files.File["file"]) != 1 {
		return xunjia.Errorf(xunjia.Invalid, "请选择一张图片")
	}
	store := s.storeUpload
	if c.PostForm("private") != "" {
		store = s.storePrivate
	}
	m, err := store(c, files.File["file"][0])
	if err != nil {
		return err
	}
	c.JSON(http.StatusOK, uploaded(m))
	return nil
}

// uploaded is what the script is told about what it has uploaded.
func uploaded(m xunjia.Media) gin.H {
	if xunjia.IsFile(m.Key) {
		return gin.H{"key": m.Key, "url": xunjia.FilePath(m.Key), "name": m.Name, "size": xunjia.SizeText(m.Bytes)}
	}
	return gin.H{"key": m.Key, "url": templates.MediaURL(m.Key, string(media.Mobile)), "width": m.Width, "height": m.Height}
}

// storeUpload keeps an uploaded picture or PDF and notes that it is the
// visitor's. What says that it is a PDF, by its content or by its name, is
// treated as one.
func (s *Site) storeUpload(c *gin.Context, file *multipart.FileHeader) (xunjia.Media, error) {
	r, err := file.Open()
	if err != nil {
		return xunjia.Media{}, err
	}
	defer r.Close()
	head := make([]byte, 5)
	if _, err := io.ReadFull(r, head); err != nil && !errors.Is(err, io.ErrUnexpectedEOF) && !errors.Is(err, io.EOF) {
		return xunjia.Media{}, err
	}
	if !media.IsPDF(head) && !strings.EqualFold(path.Ext(file.Filename), ".pdf") {
		return s.storePicture(c, file)
	}
	if _, err := r.Seek(0, io.SeekStart); err != nil {
		return xunjia.Media{}, err
	}
	return s.keepFile(c.Request.Context(), visitOf(c).user.ID, file.Filename, r)
}

// keepFile checks a PDF and notes whose it is.
func (s *Site) keepFile(ctx context.Context, owner int64, name string, r io.Reader) (xunjia.Media, error) {
	doc, err := media.ReadPDF(r)
	if err != nil {
		return xunjia.Media{}, err
	}
	key, err := media.SaveFile(ctx, s.Blobs, doc)
	if err != nil {
		return xunjia.Media{}, err
	}
	return s.noteMedia(ctx, xunjia.Media{
		Key: key, OwnerID: owner, Name: xunjia.FileName(name), MIME: media.PDFMIME, Pages: doc.Pages, Bytes: int64(len(doc.Data)),
	})
}

// noteMedia writes the row of something whose blobs are there, and deletes the
// blobs when it cannot.
func (s *Site) noteMedia(ctx context.Context, m xunjia.Media) (xunjia.Media, error) {
	m.CreatedAt = s.Clock()
	if err := s.Store.CreateMedia(ctx, m); err != nil {
		if gone := media.Remove(context.WithoutCancel(ctx), s.Blobs, m.Key, 0); gone != nil {
			s.Log.WarnContext(ctx, "blobs left behind", "error", gone)
		}
		return xunjia.Media{}, err
	}
	return m, nil
}

// storePrivate keeps a picture that only the visitor and staff may see.
func (s *Site) storePrivate(c *gin.Context, file *multipart.FileHeader) (xunjia.Media, error) {
	return s.storePictureWith(c, file, media.SavePrivate)
}

// storePicture processes an uploaded file and notes that it is the visitor's.
func (s *Site) storePicture(c *gin.Context, file *multipart.FileHeader) (xunjia.Media, error) {
	return s.storePictureWith(c, file, media.Save)
}

// saveImage stores the sizes of a picture: media.Save or media.SavePrivate.
type saveImage func(ctx context.Context, b media.Blobs, img media.Image) (key string, err error)

func (s *Site) storePictureWith(c *gin.Context, file *multipart.FileHeader, save saveImage) (xunjia.Media, error) {
	ctx := c.Request.Context()
	if file.Size > s.MaxUpload {
		return xunjia.Media{}, xunjia.Errorf(xunjia.TooLarge, "图片太大了，每张最多 %d MB", s.MaxUpload>>20)
	}
	r, err := file.Open()
	if err != nil {
		return xunjia.Media{}, err
	}
	defer r.Close()
	return s.keepPicture(ctx, visitOf(c).user.ID, r, save)
}

// keepPicture processes a picture and notes whose it is.
func (s *Site) keepPicture(ctx context.Context, owner int64, r io.Reader, save saveImage) (xunjia.Media, error) {
	img, err := s.Pictures.Process(ctx, r, media.Centre())
	if err != nil {
		return xunjia.Media{}, err
	}
	key, err := save(ctx, s.Blobs, img)
	if err != nil {
		return xunjia.Media{}, err
	}
	return s.noteMedia(ctx, xunjia.Media{
		Key: key, OwnerID: owner, MIME: img.MIME, Width: img.Width, Height: img.Height, Bytes: int64(len(img.Original)),
	})
}

// uploads answers the keys of the pictures in a form's uploader field: those
// that the script has uploaded already and those that came with the form
// itself, which are stored now. The form's values hold all of them afterwards,
// so that showing it again loses none. A key that comes twice counts once. The
// complaint about a picture is Invalid on the field.
func (s *Site) uploads(c *gin.Context, f templates.Form, field string, most int) ([]string, error) {
	return s.uploadsWith(c, f, field, most, s.storeUpload)
}

// uploadsWith is uploads for pictures that come with the form and are stored by
// store.
func (s *Site) uploadsWith(c *gin.Context, f templates.Form, field string, most int, store func(*gin.Context, *multipart.FileHeader) (xunjia.Media, error)) ([]string, error) {
	var keys []string
	for _, key := range f.Values[field] {
		if !slices.Contains(keys, key) && len(keys) <= most {
			keys = append(keys, key)
		}
	}
	f.Values[field] = keys
	if m := c.Request.MultipartForm; m != nil {
		for _, file := range m.File[field+"_file"] {
			if file.Size == 0 && file.Filename == "" {
				continue
			}
			if len(keys) >= most {
				return keys, xunjia.FieldErrors{field: "图片太多了"}.Err()
			}
			stored, err := store(c, file)
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

// fileNames answers what is known of the PDFs among a form's values, for the
// tiles of the partial "uploader".
func (s *Site) fileNames(ctx context.Context, f templates.Form) (map[string]xunjia.Media, error) {
	var keys []string
	for _, values := range f.Values {
		for _, v := range values {
			if xunjia.IsFile(v) && len(v) < 64 {
				keys = append(keys, v)
			}
		}
	}
	return s.Store.MediaByKey(ctx, keys)
}

// How long browsers may keep a picture. Under an address that names the version
// of a crop, as under that of an original, there will never be another one.
const (
	keepForever = "public, max-age=31536000, immutable"
	keepShortly = "public, max-age=300"
)

// picture serves one size of a picture. WeChat saves and previews pictures
// without cookies, so none are asked for; the key is secret enough.
func (s *Site) picture(c *gin.Context) error {
	ctx, key, variant := c.Request.Context(), c.Param("key"), media.Variant(c.Param("variant"))
	if xunjia.IsPrivate(key) {
		return errNoPage()
	}
	var blob *media.Blob
	var err error
	keep := keepForever
	switch variant {
	case media.Original:
		blob, err = s.Blobs.Open(ctx, media.Name(key, variant))
	case media.PC, media.Mobile:
		blob, keep, err = s.openCrop(ctx, key, variant, c.Query("v"))
	default:
		return errNoPage()
	}
	if err != nil {
		return err
	}
	defer blob.Close()
	h := c.Writer.Header()
	h.Set("Content-Type", blob.ContentType)
	h.Set("ETag", blob.ETag)
	h.Set("Cache-Control", keep)
	h.Set("Content-Security-Policy", "default-src 'none'; sandbox")
	h.Set("Cross-Origin-Resource-Policy", "cross-origin") // cards and articles inside WeChat show it
	h.Set("Content-Disposition", "inline")
	http.ServeContent(c.Writer, c.Request, "", blob.ModTime, blob)
	return nil
}

// openCrop opens a crop and tells how long it may be kept. Pages that know which
// crops a picture has name their version; where it is not named, or is not there
// any more, the present one is shown.
func (s *Site) openCrop(ctx context.Context, key string, v media.Variant, version string) (blob *media.Blob, keep string, err error) {
	if n, err := strconv.ParseInt(version, 10, 64); err == nil && n >= 0 {
		blob, err := s.Blobs.Open(ctx, media.CropName(key, v, n))
		if xunjia.ErrorCode(err) != xunjia.NotFound {
			return blob, keepForever, err
		}
	}
	for range 2 { // the first time it may just be replaced
		m, err := s.Store.Media(ctx, key)
		if err != nil {
			return nil, "", err
		}
		blob, err = s.Blobs.Open(ctx, media.CropName(key, v, m.CropVersion))
		if xunjia.ErrorCode(err) != xunjia.NotFound {
			return blob, keepShortly, err
		}
	}
	return nil, "", xunjia.Errorf(xunjia.NotFound, "图片不存在，可能已删除")
}

// serveDocument serves a private picture to somebody who may see it; nobody may
// keep it.
func (s *Site) serveDocument(c *gin.Context, key string) error {
	variant := media.Variant(c.Param("variant"))
	if variant != media.Original && variant != media.Mobile {
		return errNoPage()
	}
	blob, err := s.Blobs.Open(c.Request.Context(), media.Name(key, variant))
	if err != nil {
		return err
	}
	defer blob.Close()
	h := c.Writer.Header()
	h.Set("Content-Type", blob.ContentType)
	h.Set("Cache-Control", "private, no-store")
	h.Set("Content-Security-Policy", "default-src 'none'; sandbox")
	h.Set("Content-Disposition", "inline")
	http.ServeContent(c.Writer, c.Request, "", blob.ModTime, blob)
	return nil
}
