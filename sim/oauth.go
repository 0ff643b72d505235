package sim

import (
	"maps"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// Rules of web page authorisation.
// [off] developers.weixin.qq.com/doc/service/guide/h5/auth.html
const (
	codeLife       = 5 * time.Minute
	webTokenLife   = 7200 * time.Second
	webRefreshLife = 30 * 24 * time.Hour
)

// oauthCode is what the page hands to the developer's server.
type oauthCode struct {
	acc      *account
	user     *user
	scope    string
	snapshot bool
	expires  time.Time
	used     bool
}

// webToken is a grant of one user to one account.
type webToken struct {
	acc      *account
	user     *user
	openID   string
	scope    string
	snapshot bool
	expires  time.Time
}

func oauthRoutes() map[string]route {
	return map[string]route{
		"/sns/oauth2/access_token":  {open: true, perMin: 50_000, run: webAccessToken}, // [off]
		"/sns/oauth2/refresh_token": {open: true, run: webRefreshToken},
		"/sns/userinfo":             {open: true, run: webUserInfo},
		"/sns/auth":                 {open: true, run: webAuth},
	}
}

func webAccessToken(c *call) (any, *apiError) {
	if err := c.credentials(c.q.Get("appid"), c.q.Get("secret")); err != nil {
		return nil, err
	}
	if c.q.Get("code") == "" {
		return nil, fail(41008)
	}
	if c.q.Get("grant_type") != "authorization_code" {
		return nil, fail(40002)
	}
	if err := c.acc.use(c.r.URL.Path, c.s.routes[c.r.URL.Path], c.now); err != nil {
		return nil, err
	}
	code := c.st.codes[c.q.Get("code")]
	switch {
	case code == nil || code.acc != c.acc || !c.now.Before(code.expires):
		return nil, fail(40029)
	case code.used:
		return nil, fail(40163)
	}
	code.used = true
	grant := &webToken{acc: c.acc, user: code.user, openID: c.st.contact(c.acc, code.user).openID, scope: code.scope, snapshot: code.snapshot}
	if code.snapshot {
		// The snapshot page runs under a virtual account, new each time. [off community 000c2c34068880629ced91a2f56001]
		grant.openID = "o" + c.st.random(27)
	}
	return c.webGrant(grant, "92_"+c.st.random(107)), nil
}

// webGrant issues an access token for the grant; refresh is the refresh token.
func (c *call) webGrant(g *webToken, refresh string) map[string]any {
	if len(c.st.webAuth) > 4096 {
		for _, table := range []map[string]*webToken{c.st.webAuth, c.st.refresh} {
			maps.DeleteFunc(table, func(_ string, t *webToken) bool { return c.now.Sub(t.expires) > time.Hour })
		}
	}
	access := *g
	access.expires = c.now.Add(webTokenLife)
	token := "92_" + c.st.random(107)
	c.st.webAuth[token] = &access
	if c.st.refresh[refresh] == nil {
		long := *g
		long.expires = c.now.Add(webRefreshLife)
		c.st.refresh[refresh] = &long
	}
	out := map[string]any{
		"access_token": token, "expires_in": int(webTokenLife.Seconds()), "refresh_token": refresh, "openid": g.openID, "scope": g.scope,
	}
	if g.scope == "snsapi_userinfo" {
		out["unionid"] = c.unionID(g)
	}
	if g.snapshot {
		out["is_snapshotuser"] = 1
	}
	return out
}

// unionID of the person, or of the virtual one on a snapshot page.
func (c *call) unionID(g *webToken) string {
	if g.snapshot {
		return "o6" + c.st.opaque("snapshot", g.openID)[:26]
	}
	return g.user.unionID
}

func webRefreshToken(c *call) (any, *apiError) {
	if c.q.Get("appid") == "" {
		return nil, fail(41002)
	}
	if c.q.Get("refresh_token") == "" {
		return nil, fail(41003)
	}
	if c.st.account(c.q.Get("appid")) == nil {
		return nil, fail(40013)
	}
	g := c.st.refresh[c.q.Get("refresh_token")]
	switch {
	case g == nil || g.acc.AppID != c.q.Get("appid"):
		return nil, fail(40030)
	case !c.now.Before(g.expires):
		return nil, fail(42002)
	}
	c.acc = g.acc
	return c.webGrant(g, c.q.Get("refresh_token")), nil
}

// webGrantOf checks a page's access token and openid.
func (c *call) webGrantOf() (*webToken, *apiError) {
	if c.q.Get("access_token") == "" {
		return nil, fail(41001)
	}
	if c.q.Get("openid") == "" {
		return nil, fail(41009)
	}
	g := c.st.webAuth[c.q.Get("access_token")]
	switch {
	case g == nil:
		return nil, fail(40001)
	case !c.now.Before(g.expires):
		return nil, fail(42001)
	case g.openID != c.q.Get("openid"):
		return nil, fail(40003)
	}
	c.acc = g.acc
	return g, nil
}

func webUserInfo(c *call) (any, *apiError) {
	g, err := c.webGrantOf()
	if err != nil {
		return nil, err
	}
	if g.scope != "snsapi_userinfo" {
		return nil, fail(48001)
	}
	nickname, picture := g.user.Nickname, c.s.avatarURL(g.user)
	if g.snapshot {
		nickname, picture = "微信用户", c.s.base+"/mmopen/"+c.st.snapshotKey()+"/132"
	}
	return map[string]any{
		"openid": g.openID, "nickname": nickname, "sex": 0, "language": "", "city": "", "province": "", "country": "",
		"headimgurl": picture, "privilege": []string{}, "unionid": c.unionID(g),
	}, nil
}

func webAuth(c *call) (any, *apiError) {
	_, err := c.webGrantOf()
	return nil, err
}

// authorizeRequest is a checked visit to /connect/oauth2/authorize.
type authorizeRequest struct {
	acc                    *account
	redirect, scope, state string
}

// checkAuthorize answers the page's complaint in WeChat's words when the link
// is wrong. Server.mu is held.
func (s *Server) checkAuthorize(q url.Values) (*authorizeRequest, string) {
	acc := s.st.account(q.Get("appid"))
	if acc == nil {
		return nil, "AppID 参数错误，错误码：10013"
	}
	in := &authorizeRequest{acc: acc, redirect: q.Get("redirect_uri"), scope: q.Get("scope"), state: q.Get("state")}
	if q.Get("response_type") != "code" || len(in.state) > 128 {
		return nil, "链接参数错误，错误码：10004"
	}
	if in.scope != "snsapi_base" && in.scope != "snsapi_userinfo" {
		return nil, "Scope 参数错误或没有 Scope 权限，错误码：10005"
	}
	u, err := url.Parse(in.redirect)
	if err != nil || u.Host == "" {
		return nil, "redirect_uri 参数错误，错误码：10003"
	}
	if web, err := url.Parse(acc.WebURL); err != nil || acc.WebURL == "" || !sameHost(u, web) {
		return nil, "redirect_uri 域名与后台配置不一致，错误码：10003"
	}
	return in, ""
}

// sameHost compares the hosts of two addresses; all loopback names are one.
func sameHost(a, b *url.URL) bool {
	if isLoopback(a.Hostname()) && isLoopback(b.Hostname()) {
		return a.Port() == b.Port()
	}
	return strings.EqualFold(a.Host, b.Host)
}

// issueCode lets the user pass; Server.mu is held. It answers the return address.
func (s *Server) issueCode(in *authorizeRequest, u *user, snapshot bool) string {
	now := s.now()
	for k, c := range s.st.codes {
		if now.Sub(c.expires) > time.Hour {
			delete(s.st.codes, k)
		}
	}
	code := "0" + s.st.random(31)
	s.st.codes[code] = &oauthCode{acc: in.acc, user: u, scope: in.scope, snapshot: snapshot, expires: now.Add(codeLife)}
	return withQuery(in.redirect, [2]string{"code", code}, [2]string{"state", in.state})
}

// withQuery appends parameters and leaves the rest of the address as it is.
func withQuery(raw string, pairs ...[2]string) string {
	base, fragment, hasFragment := strings.Cut(raw, "#")
	sep := "?"
	if strings.Contains(base, "?") {
		sep = "&"
	}
	for _, p := range pairs {
		base += sep + p[0] + "=" + url.QueryEscape(p[1])
		sep = "&"
	}
	if hasFragment {
		base += "#" + fragment
	}
	return base
}

// serveConnectOutside answers OAuth links opened outside of a simulated phone.
func (s *Server) serveConnectOutside(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	appID := r.URL.Query().Get("appid")
	page := outsidePage{}
	for _, u := range s.st.users {
		if base := s.phoneURL(u.ID, appID); base != "" {
			page.Users = append(page.Users, outsideUser{u.Nickname, s.avatarURL(u), base + r.URL.RequestURI()})
		}
	}
	s.mu.Unlock()
	renderPage(w, http.StatusOK, "outside", page)
}
