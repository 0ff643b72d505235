package sim

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httputil"
	"net/url"
	"regexp"
	"strconv"
	"strings"
)

// maxRewrite bounds the bodies that are searched for addresses; larger ones
// pass through unchanged.
const maxRewrite = 4 << 20

// rewriteRequest makes the developer's server see WeChat's browser at its own
// address: host, origin, referer, cookies of this user only.
func (p *phone) rewriteRequest(pr *httputil.ProxyRequest) {
	web := p.target(pr.In)
	pr.SetURL(web)
	pr.Out.Host = web.Host
	h := pr.Out.Header
	h.Set("User-Agent", userAgent)
	h.Set("Accept-Language", "zh-CN,zh;q=0.9,en-US;q=0.8,en;q=0.7")
	h.Set("X-Requested-With", "com.tencent.mm")
	h.Del("Cookie")
	for _, c := range p.cookies().Cookies(pr.Out.URL) {
		pr.Out.AddCookie(c)
	}
	h.Del("Accept-Encoding") // bodies are read below
	h.Set("Accept-Encoding", "identity")
	for _, name := range []string{"Origin", "Referer"} {
		v := h.Get(name)
		switch {
		case v == "":
		case strings.HasPrefix(v, p.base):
			h.Set(name, originOf(web.String())+strings.TrimPrefix(v, p.base))
		case name == "Referer":
			h.Del(name) // the client around the frame is not part of the story
		}
	}
	if h.Get("Sec-Fetch-Dest") == "iframe" {
		h.Set("Sec-Fetch-Dest", "document")
		h.Set("Sec-Fetch-Site", "none")
	}
	// A page that asks its server to sign location.href means its public address.
	pr.Out.URL.RawQuery = p.toPublic(pr.Out.URL.RawQuery, web)
	p.rewriteForm(pr.Out, web)
}

// rewriteForm does the same in small form and JSON bodies.
func (p *phone) rewriteForm(r *http.Request, web *url.URL) {
	kind := r.Header.Get("Content-Type")
	if r.Body == nil || r.ContentLength <= 0 || r.ContentLength > 1<<20 ||
		(!strings.HasPrefix(kind, "application/x-www-form-urlencoded") && !strings.HasPrefix(kind, "application/json")) {
		return
	}
	raw, err := io.ReadAll(r.Body)
	if err != nil {
		r.Body = io.NopCloser(bytes.NewReader(raw))
		return
	}
	out := p.toPublic(string(raw), web)
	r.Body = io.NopCloser(strings.NewReader(out))
	r.ContentLength = int64(len(out))
	r.Header.Set("Content-Length", strconv.Itoa(len(out)))
}

// toPublic replaces the browser's own origin, plain or percent-encoded.
func (p *phone) toPublic(text string, web *url.URL) string {
	public := originOf(web.String())
	return strings.NewReplacer(
		p.base, public,
		url.QueryEscape(p.base), url.QueryEscape(public),
		strings.ToLower(url.QueryEscape(p.base)), url.QueryEscape(public),
		strings.ReplaceAll(p.base, "/", `\/`), strings.ReplaceAll(public, "/", `\/`),
	).Replace(text)
}

// rewriteResponse keeps the user inside of the browser: cookies go to the jar,
// redirects and links to the right origin, frames are allowed.
func (p *phone) rewriteResponse(resp *http.Response) error {
	web := p.target(resp.Request)
	h := resp.Header
	if cookies := resp.Cookies(); len(cookies) > 0 {
		p.cookies().SetCookies(resp.Request.URL, cookies)
		h.Del("Set-Cookie")
	}
	if loc := h.Get("Location"); loc != "" {
		h.Set("Location", p.localise(loc, web))
	}
	h.Del("X-Frame-Options")
	h.Del("Strict-Transport-Security")
	for _, name := range []string{"Content-Security-Policy", "Content-Security-Policy-Report-Only"} {
		if v := h.Get(name); v != "" {
			h.Set(name, frameable(v))
		}
	}
	kind := h.Get("Content-Type")
	html := strings.HasPrefix(kind, "text/html")
	if (!html && !strings.HasPrefix(kind, "application/json")) || resp.ContentLength > maxRewrite || h.Get("Content-Encoding") != "" || resp.Request.Method == http.MethodHead {
		return nil
	}
	raw, err := io.ReadAll(io.LimitReader(resp.Body, maxRewrite))
	if err != nil {
		return err
	}
	if len(raw) < maxRewrite {
		out := p.rewriteConnect(raw)
		if html {
			out = p.rewriteHTML(out, web)
		}
		resp.ContentLength = int64(len(out))
		h.Set("Content-Length", strconv.Itoa(len(out)))
		resp.Body = struct {
			io.Reader
			io.Closer
		}{bytes.NewReader(out), resp.Body}
		return nil
	}
	resp.Body = struct {
		io.Reader
		io.Closer
	}{io.MultiReader(bytes.NewReader(raw), resp.Body), resp.Body}
	return nil
}

// localise maps a redirect: the account's own pages and OAuth links stay on
// this origin, others leave it.
func (p *phone) localise(loc string, web *url.URL) string {
	u, err := url.Parse(loc)
	if err != nil || u.Host == "" {
		return loc
	}
	if strings.HasPrefix(u.Path, "/connect/oauth2/") && !sameHost(u, web) || sameHost(u, web) {
		u.Scheme, u.Host = "http", strings.TrimPrefix(p.base, "http://")
	}
	return u.String()
}

// frameable drops frame-ancestors and lets the bridge script run.
func frameable(policy string) string {
	var keep []string
	for part := range strings.SplitSeq(policy, ";") {
		part = strings.TrimSpace(part)
		name, rest, _ := strings.Cut(part, " ")
		switch {
		case part == "" || name == "frame-ancestors":
			continue
		case (name == "script-src" || name == "script-src-elem" || name == "connect-src" || name == "form-action") && !strings.Contains(rest, "'self'"):
			part = strings.Replace(part, "'none'", "", 1) + " 'self'"
		case name == "img-src" && !strings.Contains(rest, "blob:"):
			part += " blob:" // localIds of wx.chooseImage
		}
		keep = append(keep, part)
	}
	return strings.Join(keep, "; ")
}

// rewriteHTML loads the stand-in scripts and brings links home.
func (p *phone) rewriteHTML(raw []byte, web *url.URL) []byte {
	out := sdkScript.ReplaceAll(raw, []byte("/__wechat/jweixin.js"))
	public := originOf(web.String())
	out = attrLink(public).ReplaceAll(out, []byte("${1}"+p.base+"${2}"))
	if !document.Match(out[:min(len(out), 2048)]) {
		return out // a fragment that a script of the page asked for
	}
	inject := `<script src="/__wechat/bridge.js" data-public="` + public + `"></script>`
	if i := headEnd(out); i >= 0 {
		out = append(out[:i:i], append([]byte(inject), out[i:]...)...)
	} else {
		out = append([]byte(inject), out...)
	}
	p.mu.Lock()
	shown := p.snapshot != nil
	p.mu.Unlock()
	if shown {
		bar := []byte(snapshotBar)
		if i := bytes.LastIndex(out, []byte("</body>")); i >= 0 {
			out = append(out[:i:i], append(bar, out[i:]...)...)
		} else {
			out = append(out, bar...)
		}
	}
	return out
}

// rewriteConnect brings OAuth links in pages and JSON home.
func (p *phone) rewriteConnect(raw []byte) []byte {
	const path = "/connect/oauth2/"
	slash := func(s string) string { return strings.ReplaceAll(s, "/", `\/`) }
	home := p.base + path
	pairs := []string{}
	for _, origin := range []string{"https://open.weixin.qq.com", p.s.base} {
		pairs = append(pairs, origin+path, home, slash(origin+path), slash(home))
	}
	return []byte(strings.NewReplacer(pairs...).Replace(string(raw)))
}

// The JS-SDK on WeChat's own hosts, the opening head tag, and what tells a
// document from a fragment.
var (
	sdkScript = regexp.MustCompile(`(?:https?:)?//res2?\.wx\.qq\.com/open/js/jweixin-[0-9.]+(?:\.min)?\.js`)
	document  = regexp.MustCompile(`(?i)<(?:!doctype|html|head|body)[\s>]`)
	headTag   = regexp.MustCompile(`(?i)<head(?:\s[^>]*)?>`)
)

// attrLink matches an absolute link to origin in an attribute.
func attrLink(origin string) *regexp.Regexp {
	return regexp.MustCompile(`((?:href|action|src)\s*=\s*["']?)` + regexp.QuoteMeta(origin) + `([/?#"'\s>])`)
}

// headEnd is the place right behind the opening head tag.
func headEnd(page []byte) int {
	loc := headTag.FindIndex(page)
	if loc == nil {
		return -1
	}
	return loc[1]
}
