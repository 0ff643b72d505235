package handlers

import (
	"io"
	"net/http"
	"strings"

	"github.com/gin-gonic/gin"

	"github.com/xunjia/xunjia"
	"github.com/xunjia/xunjia/templates"
)

// verifyFile serves a verification file at the root, where the platform looks
// for it.
func (s *Site) verifyFile(c *gin.Context) error {
	f, err := s.Store.VerifyFile(c.Request.Context(), "MP_verify_"+c.Param("code"))
	if err != nil {
		return err
	}
	c.Header("Cache-Control", "no-store")
	c.Data(http.StatusOK, "text/plain; charset=utf-8", []byte(f.Content))
	return nil
}

func (s *Site) files(c *gin.Context) error { return s.renderFiles(c, http.StatusOK, templates.Form{}) }

func (s *Site) renderFiles(c *gin.Context, code int, f templates.Form) error {
	list, err := s.Store.VerifyFiles(c.Request.Context())
	if err != nil {
		return err
	}
	p := &templates.AdminFilesPage{Form: f, Items: list, BaseURL: s.BaseURL}
	p.Title = "域名验证文件"
	return s.renderAdmin(c, code, p)
}

// fileRead is how much of an uploaded file is looked at; good ones are far
// shorter.
const fileRead = 1 << 10

func (s *Site) saveFile(c *gin.Context) error {
	f := templates.Form{Errors: map[string]string{}}
	file, err := readVerifyFile(c)
	if err == nil {
		err = s.Store.SaveVerifyFile(c.Request.Context(), visitOf(c).staff.ID, file)
	}
	if err != nil {
		if !formErrors(&f, err) {
			return err
		}
		return s.renderFiles(c, status(known(err).Code), f)
	}
	s.flash(c, "已保存，马上可以在公众平台验证")
	s.redirect(c, "/admin/files")
	return nil
}

func readVerifyFile(c *gin.Context) (f xunjia.VerifyFile, err error) {
	part, err := c.FormFile("file")
	if err != nil {
		wrong := xunjia.FieldErrors{}
		wrong.Add("file", "请选择文件")
		return f, wrong.Err()
	}
	opened, err := part.Open()
	if err != nil {
		return f, err
	}
	defer opened.Close()
	data, err := io.ReadAll(io.LimitReader(opened, fileRead))
	if err != nil {
		return f, err
	}
	return xunjia.VerifyFile{Name: part.Filename, Content: strings.TrimSpace(string(data))}, nil
}

func (s *Site) deleteFile(c *gin.Context) error {
	if err := s.Store.DeleteVerifyFile(c.Request.Context(), visitOf(c).staff.ID, c.Param("name")); err != nil {
		return err
	}
	s.flash(c, "已删除")
	s.redirect(c, "/admin/files")
	return nil
}
