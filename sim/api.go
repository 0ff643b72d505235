package sim

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// maxBody bounds one platform request; permanent videos are the largest at 10 MB.
// [off] developers.weixin.qq.com/doc/service/api/material
const maxBody = 12 << 20

// route is one platform interface.
type route struct {
	method string // GET, POST or "" for both
	open   bool   // takes no access_token
	perDay int    // calls a day and account, 0: unlimited
	perMin int    // calls a minute and account, 0: unlimited
	run    func(*call) (any, *apiError)
}

// call is one platform request while it is served, under Server.mu.
type call struct {
	s     *Server
	st    *state
	acc   *account // the owner of the access_token; nil on open routes until found
	r     *http.Request
	q     url.Values
	body  []byte
	now   time.Time
	after []func() // run once the answer has been written
}

// apiError is the platform's error answer.
type apiError struct {
	Code int
	Msg  string
}

// rawBody is an answer that is not JSON.
type rawBody struct {
	contentType string
	filename    string
	data        []byte
}

// routeTable lists every interface played. Daily limits: community copies of
// 接口调用频次限制 [comm], unless the area's file says otherwise.
func routeTable() map[string]route {
	t := map[string]route{}
	for _, area := range []map[string]route{tokenRoutes(), oauthRoutes(), templateRoutes(), menuRoutes(), userRoutes(), customRoutes(), mediaRoutes()} {
		for path, r := range area {
			t[path] = r
		}
	}
	return t
}

// handler is the mux of the simulator's own address.
func (s *Server) handler() http.Handler {
	mux := http.NewServeMux()
	for _, prefix := range []string{"/cgi-bin/", "/sns/", "/wxaapi/"} {
		mux.HandleFunc(prefix, s.servePlatform)
	}
	mux.HandleFunc("/connect/", s.serveConnectOutside)
	mux.HandleFunc("GET /__wechat/bridge.js", script(bridgeJS)) // for the pages that WeChat itself shows
	mux.HandleFunc("GET /mmopen/{key}/{size}", s.serveAvatar)
	mux.HandleFunc("GET /mmbiz/{app}/{id}", s.servePicture)
	mux.HandleFunc("GET /s/{app}/{id}/{n}", s.serveArticle)
	mux.HandleFunc("/aliyun/", s.serveAliyun)
	mux.HandleFunc("/{$}", func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPost || r.URL.Query().Get("Action") != "" {
			s.serveAliyun(w, r)
			return
		}
		http.Redirect(w, r, "/sim/", http.StatusFound)
	})
	mux.Handle("/sim/", s.guardClient(s.clientHandler()))
	return mux
}

// servePlatform answers one interface of api.weixin.qq.com.
func (s *Server) servePlatform(w http.ResponseWriter, r *http.Request) {
	begin := time.Now()
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if err != nil {
		if _, big := errors.AsType[*http.MaxBytesError](err); big {
			http.Error(w, "413 Request Entity Too Large", http.StatusRequestEntityTooLarge)
		}
		return
	}
	entry := RequestLog{Kind: "api", Method: r.Method, Path: r.URL.Path, Query: redactQuery(r.URL.Query()), Request: excerpt(body)}
	if !s.injectFault(w, r, &entry) {
		status, header, out, after := s.runRoute(r, body, &entry)
		h := w.Header()
		for k, v := range header {
			h.Set(k, v)
		}
		h.Set("X-Content-Type-Options", "nosniff")
		w.WriteHeader(status)
		_, _ = w.Write(out) // #nosec G705 -- JSON, or media with nosniff
		_ = http.NewResponseController(w).Flush()
		for _, f := range after {
			s.work.Go(f)
		}
	}
	entry.MS = time.Since(begin).Milliseconds()
	s.record(entry)
}

// runRoute executes the route under the lock and renders its answer.
func (s *Server) runRoute(r *http.Request, body []byte, entry *RequestLog) (int, map[string]string, []byte, []func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := &call{s: s, st: s.st, r: r, q: r.URL.Query(), body: body, now: s.now()}
	result, fail := c.serve()
	if c.acc != nil {
		entry.AppID = c.acc.AppID
	}
	if fail != nil {
		rid := c.rid()
		entry.RID, entry.ErrCode, entry.ErrMsg = rid, fail.Code, fail.Msg
		result = map[string]any{"errcode": fail.Code, "errmsg": fail.Msg + " rid: " + rid}
	}
	entry.Status = http.StatusOK
	if raw, ok := result.(rawBody); ok {
		h := map[string]string{"Content-Type": raw.contentType}
		if raw.filename != "" {
			h["Content-Disposition"] = mime.FormatMediaType("attachment", map[string]string{"filename": raw.filename})
		}
		entry.Response = fmt.Sprintf("%s, %d bytes", raw.contentType, len(raw.data))
		return http.StatusOK, h, raw.data, c.after
	}
	if result == nil {
		result = map[string]any{"errcode": 0, "errmsg": "ok"}
	}
	out := marshal(result)
	entry.Response = excerpt(out)
	return http.StatusOK, map[string]string{"Content-Type": "application/json; encoding=utf-8"}, out, c.after
}

// serve checks what all interfaces check, then runs the route.
func (c *call) serve() (any, *apiError) {
	rt, ok := c.s.routes[c.r.URL.Path]
	if !ok {
		return nil, fail(40066)
	}
	switch {
	case rt.method == http.MethodPost && c.r.Method != http.MethodPost:
		return nil, fail(43002)
	case rt.method == http.MethodGet && c.r.Method != http.MethodGet:
		return nil, fail(43001)
	}
	if !rt.open {
		acc, err := c.st.tokenOwner(c.q.Get("access_token"), c.now)
		if err != nil {
			return nil, err
		}
		c.acc = acc
		if err := acc.use(c.r.URL.Path, rt, c.now); err != nil {
			return nil, err
		}
	}
	return rt.run(c)
}

// rid is the request id at the end of an errmsg: three groups of hex digits,
// the first is the time.
func (c *call) rid() string {
	return fmt.Sprintf("%08x-%08x-%08x", uint32(c.now.Unix()), c.st.rng.Uint32(), c.st.rng.Uint32()) // #nosec G115
}

// decode reads the JSON body into v.
func (c *call) decode(v any) *apiError {
	if len(bytes.TrimSpace(c.body)) == 0 {
		return fail(44002)
	}
	if err := json.Unmarshal(c.body, v); err != nil {
		return fail(47001)
	}
	return nil
}

// marshal writes JSON the way the platform does: Chinese and & as they are.
func marshal(v any) []byte {
	var buf bytes.Buffer
	enc := json.NewEncoder(&buf)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return []byte(`{"errcode":-1,"errmsg":"system error"}`)
	}
	return bytes.TrimRight(buf.Bytes(), "\n")
}

// redactQuery drops secrets from what the request log shows.
func redactQuery(q url.Values) string {
	for _, k := range []string{"access_token", "secret", "refresh_token", "Signature", "AccessKeyId"} {
		if q.Has(k) {
			q.Set(k, "***")
		}
	}
	return strings.ReplaceAll(q.Encode(), url.QueryEscape("***"), "***")
}

// excerpt is the part of a body the request log keeps.
func excerpt(b []byte) string {
	const keep = 4096
	if len(b) > keep {
		b = b[:keep]
	}
	return strings.ToValidUTF8(string(b), "�")
}
