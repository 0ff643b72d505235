package handlers

import (
	"net/http"
	"strings"

	"github.com/gin-gonic/gin"

	"github.com/xunjia/xunjia"
)

// click leads from the short address in a message to its page, and notes that
// the message was opened.
func (s *Site) click(c *gin.Context) error {
	delivery, ok := s.links.Delivery(c.Param("token"))
	if !ok {
		return xunjia.Errorf(xunjia.NotFound, "没有找到这个链接，请检查是否复制完整")
	}
	path, err := s.Store.Click(c.Request.Context(), delivery, byPerson(c.Request))
	if err != nil {
		return err
	}
	s.redirect(c, path)
	return nil
}

// byPerson tells whether a person opens the page, as far as can be told from
// outside: not a HEAD, not a page that is loaded in case somebody wants it, not
// a program that says that it is one. A program that poses as a browser, as the
// platform's own checks of addresses may, counts.
func byPerson(r *http.Request) bool {
	if r.Method != http.MethodGet {
		return false
	}
	for _, name := range []string{"Sec-Purpose", "Purpose", "X-Purpose", "X-Moz"} {
		if v := strings.ToLower(r.Header.Get(name)); strings.Contains(v, "prefetch") || strings.Contains(v, "preview") || strings.Contains(v, "prerender") {
			return false
		}
	}
	// Browsers that send it say so when somebody follows a link.
	if mode := r.Header.Get("Sec-Fetch-Mode"); mode != "" && mode != "navigate" {
		return false
	}
	agent := strings.ToLower(r.UserAgent())
	if !strings.HasPrefix(agent, "mozilla/") {
		return false
	}
	for _, word := range []string{"bot", "spider", "crawl", "preview", "scanner", "headless", "qq-url-manager", "facebookexternalhit"} {
		if strings.Contains(agent, word) {
			return false
		}
	}
	return true
}
