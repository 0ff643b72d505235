package handlers

import (
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/xunjia/xunjia"
	"github.com/xunjia/xunjia/media"
	"github.com/xunjia/xunjia/templates"
)

// downloadTime is how long a download may take: longer than a page, as ten
// megabytes over a bad line are.
const downloadTime = 10 * time.Minute

// fileOf finds the file that the address names.
func (s *Site) fileOf(c *gin.Context) (xunjia.Media, error) {
	key := c.Param("key")
	if !xunjia.IsFile(key) || len(key) > 64 {
		return xunjia.Media{}, errNoPage()
	}
	m, err := s.Store.Media(c.Request.Context(), key)
	if xunjia.ErrorCode(err) == xunjia.NotFound {
		return m, xunjia.Errorf(xunjia.NotFound, "文件不存在，可能已删除")
	}
	return m, err
}

// file is the page of a PDF. Like a picture it asks for no login: inside WeChat
// the download is blocked on Android, and the system's browser, which opens the
// same address, knows nobody.
func (s *Site) file(c *gin.Context) error {
	m, err := s.fileOf(c)
	if err != nil {
		return err
	}
	p := &templates.FilePage{File: m}
	p.Title = m.Name
	c.Header("X-Robots-Tag", "noindex")
	return s.render(c, http.StatusOK, p)
}

// downloadFile serves a PDF, never to be shown as a page of ours.
func (s *Site) downloadFile(c *gin.Context) error {
	m, err := s.fileOf(c)
	if err != nil {
		return err
	}
	blob, err := s.Blobs.Open(c.Request.Context(), media.FileName(m.Key))
	if err != nil {
		return err
	}
	defer blob.Close()
	_ = http.NewResponseController(c.Writer).SetWriteDeadline(time.Now().Add(downloadTime)) // where it cannot be set, the server's holds
	h := c.Writer.Header()
	h.Set("Content-Type", blob.ContentType)
	h.Set("ETag", blob.ETag)
	h.Set("Cache-Control", keepForever)
	h.Set("Content-Security-Policy", "default-src 'none'; sandbox")
	h.Set("Content-Disposition", "attachment; filename*=UTF-8''"+strings.ReplaceAll(url.QueryEscape(m.Name), "+", "%20"))
	h.Set("X-Robots-Tag", "noindex")
	http.ServeContent(c.Writer, c.Request, "", blob.ModTime, blob)
	return nil
}
