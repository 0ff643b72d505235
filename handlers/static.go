package handlers

import (
	"net/http"
	"strings"

	"github.com/gin-gonic/gin"

	"github.com/xunjia/xunjia"
)

// asset serves a style sheet or script, whose name changes with its content.
func (s *Site) asset(c *gin.Context) error {
	gzipped := strings.Contains(c.GetHeader("Accept-Encoding"), "gzip")
	data, contentType, ok := s.templates.OpenAsset(c.Param("name"), gzipped)
	if !ok {
		return errNoPage()
	}
	c.Header("Cache-Control", "public, max-age=31536000, immutable")
	c.Header("Vary", "Accept-Encoding")
	if gzipped {
		c.Header("Content-Encoding", "gzip")
	}
	c.Data(http.StatusOK, contentType, data)
	return nil
}

// areas lists what lies in an area, for the three selects.
func (s *Site) areas(c *gin.Context) error {
	parent := xunjia.Area(c.Param("code"))
	if !parent.Valid() {
		return errNoPage()
	}
	type area struct {
		Code xunjia.Area `json:"code"`
		Name string      `json:"name"`
	}
	list := []area{}
	for _, a := range parent.Children() {
		list = append(list, area{a, a.ShortName()})
	}
	c.Header("Cache-Control", "public, max-age=86400")
	c.JSON(http.StatusOK, list)
	return nil
}

func (s *Site) robots(c *gin.Context) error {
	c.Header("Cache-Control", "public, max-age=86400")
	c.String(http.StatusOK, "User-agent: *\nDisallow: /admin\nDisallow: /me\nDisallow: /inbox\nDisallow: /k/\nDisallow: /oauth\nDisallow: /register\n")
	return nil
}

const faviconSVG = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 64 64"><rect width="64" height="64" rx="16" fill="#0b7a4b"/><path d="M16 22h32M16 33h22M16 44h14" stroke="#fff" stroke-width="6" stroke-linecap="round"/><circle cx="46" cy="43" r="7" fill="#f0c987"/></svg>`

func (s *Site) favicon(c *gin.Context) error {
	c.Header("Cache-Control", "public, max-age=86400")
	c.Data(http.StatusOK, "image/svg+xml", []byte(faviconSVG))
	return nil
}
