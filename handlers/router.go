package handlers

import (
	"net/http"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/xunjia/xunjia"
)

// handler answers a request or tells why not; the audience's adapter renders
// the error.
type handler func(*gin.Context) error

// adapter turns a handler into gin's: it decides who may come and how an error
// looks.
type adapter func(handler) gin.HandlerFunc

// class bounds what one kind of request may cost.
type class struct {
	body    int64         // bytes of a request's body
	timeout time.Duration // of its context; 0 for none
	slots   chan struct{} // at most as many at once; nil for any number
}

// route is one line of the table.
type route struct {
	method, path, audience string
	permission             xunjia.Permission // "" outside the console
}

// router records what it hands to gin, for the golden list and for checking
// return paths.
type router struct {
	site   *Site
	engine *gin.Engine
	table  []route
}

func newRouter(s *Site) (*router, error) {
	engine := gin.New()
	engine.HandleMethodNotAllowed = true
	engine.RedirectTrailingSlash = false
	engine.MaxMultipartMemory = 1 << 20
	if err := engine.SetTrustedProxies(s.TrustedProxies); err != nil {
		return nil, err
	}
	engine.Use(s.observe, s.headers)
	engine.NoRoute(s.lost(errNoPage))
	engine.NoMethod(s.lost(errNoMethod))
	return &router{site: s, engine: engine}, nil
}

// group is routes of one audience and class.
type group struct {
	router     *router
	name       string
	adapter    adapter
	class      class
	permission xunjia.Permission
}

// audience begins a group.
func (r *router) audience(name string, a adapter, c class) group {
	return group{router: r, name: name, adapter: a, class: c}
}

// with is the same audience with another class.
func (g group) with(c class) group {
	g.class = c
	return g
}

// may is the same audience of staff, narrowed to those who have a permission.
func (g group) may(p xunjia.Permission) group {
	g.permission = p
	return g
}

func (g group) get(path string, h handler)  { g.add(http.MethodGet, path, h) }
func (g group) post(path string, h handler) { g.add(http.MethodPost, path, h) }

func (g group) add(method, path string, h handler) {
	g.router.table = append(g.router.table, route{method, path, g.name, g.permission})
	if g.permission != "" {
		h = permitted(g.permission, h)
	}
	g.router.engine.Handle(method, path, bounded(g.class), g.adapter(h))
	if method == http.MethodGet {
		g.router.engine.Handle(http.MethodHead, path, bounded(g.class), g.adapter(h))
	}
}

// leadsTo tells whether path is a page that one may be sent back to.
func (r *router) leadsTo(path string) bool {
	for _, t := range r.table {
		if t.method == http.MethodGet && (t.audience == audiencePage || t.audience == audienceMember) && matches(t.path, path) {
			return true
		}
	}
	return false
}

// matches compares a path with a pattern, segment by segment.
func matches(pattern, path string) bool {
	want, got := strings.Split(pattern, "/"), strings.Split(path, "/")
	if len(want) != len(got) {
		return false
	}
	for i, w := range want {
		if strings.HasPrefix(w, ":") && got[i] != "" {
			continue
		}
		if w != got[i] {
			return false
		}
	}
	return true
}
