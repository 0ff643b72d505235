package sim

import (
	"net/http"
	"time"
)

// Rules of the access token. [off] developers.weixin.qq.com/doc/service/api/base/api_getstableaccesstoken
const (
	tokenLife     = 7200 * time.Second
	tokenOverlap  = 5 * time.Minute  // the old one lives on after a renewal; a renewal happens this early
	forcePerDay   = 20               // forced refreshes of the stable token
	forceInterval = 30 * time.Second // a forced refresh sooner than this does not refresh
)

// accessToken is one issued token. It stays in the table for a while after its
// end, so that 42001 can be told from 40001.
type accessToken struct {
	acc     *account
	expires time.Time
	revoked bool
}

// grant is the newest token of one of the two isolated families.
type grant struct {
	token   string
	expires time.Time
}

// ticket is a jsapi or wx_card ticket.
type ticket struct {
	value   string
	expires time.Time
}

func tokenRoutes() map[string]route {
	return map[string]route{
		"/cgi-bin/token":                     {method: http.MethodGet, open: true, perDay: 2000, run: getToken}, // [comm]
		"/cgi-bin/stable_token":              {method: http.MethodPost, open: true, perDay: 500_000, perMin: 10_000, run: getStableToken},
		"/cgi-bin/ticket/getticket":          {perDay: 1_000_000, run: getTicket}, // PowerWeChat posts
		"/cgi-bin/getcallbackip":             {run: callbackIPs},
		"/cgi-bin/get_api_domain_ip":         {run: callbackIPs},
		"/cgi-bin/callback/check":            {method: http.MethodPost, run: callbackCheck},
		"/cgi-bin/clear_quota":               {method: http.MethodPost, run: clearQuota},
		"/cgi-bin/clear_quota/v2":            {method: http.MethodPost, open: true, run: clearQuotaV2},
		"/cgi-bin/openapi/quota/get":         {method: http.MethodPost, run: quotaGet},
		"/cgi-bin/openapi/rid/get":           {method: http.MethodPost, run: ridGet},
		"/cgi-bin/shorten/gen":               {method: http.MethodPost, run: shortenGen},
		"/cgi-bin/shorten/fetch":             {method: http.MethodPost, run: shortenFetch},
		"/cgi-bin/get_current_selfmenu_info": {run: selfMenuInfo},
	}
}

// tokenOwner finds the account a token speaks for.
func (st *state) tokenOwner(token string, now time.Time) (*account, *apiError) {
	if token == "" {
		return nil, fail(41001)
	}
	t := st.tokens[token]
	switch {
	case t == nil || t.revoked:
		return nil, fail(40001)
	case !now.Before(t.expires):
		return nil, fail(42001)
	}
	return t.acc, nil
}

// credentials checks appid and secret.
func (c *call) credentials(appID, secret string) *apiError {
	if appID == "" {
		return fail(41002)
	}
	if secret == "" {
		return fail(41004)
	}
	acc := c.st.account(appID)
	if acc == nil {
		return fail(40013)
	}
	if acc.Secret != secret {
		return fail(40125)
	}
	c.acc = acc
	return nil
}

// issue replaces the newest token of g; the one before lives on for keep.
func (st *state) issue(a *account, g *grant, now time.Time, keep time.Duration) {
	if old := st.tokens[g.token]; old != nil {
		if end := now.Add(keep); end.Before(old.expires) {
			old.expires = end
		}
		old.revoked = keep == 0
	}
	for token, t := range st.tokens {
		if now.Sub(t.expires) > 24*time.Hour {
			delete(st.tokens, token)
		}
	}
	g.token, g.expires = "92_"+st.random(133), now.Add(tokenLife)
	st.tokens[g.token] = &accessToken{acc: a, expires: g.expires}
}

func getToken(c *call) (any, *apiError) {
	if c.q.Get("grant_type") != "client_credential" {
		return nil, fail(40002)
	}
	if err := c.credentials(c.q.Get("appid"), c.q.Get("secret")); err != nil {
		return nil, err
	}
	if err := c.acc.use(c.r.URL.Path, c.s.routes[c.r.URL.Path], c.now); err != nil {
		return nil, err
	}
	c.st.issue(c.acc, &c.acc.plain, c.now, tokenOverlap)
	return map[string]any{"access_token": c.acc.plain.token, "expires_in": int(tokenLife.Seconds())}, nil
}

func getStableToken(c *call) (any, *apiError) {
	var in struct {
		GrantType    string `json:"grant_type"`
		AppID        string `json:"appid"`
		Secret       string `json:"secret"`
		ForceRefresh bool   `json:"force_refresh"`
	}
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	if in.GrantType != "client_credential" {
		return nil, fail(40002)
	}
	if err := c.credentials(in.AppID, in.Secret); err != nil {
		return nil, err
	}
	if err := c.acc.use(c.r.URL.Path, c.s.routes[c.r.URL.Path], c.now); err != nil {
		return nil, err
	}
	a := c.acc
	if t := c.st.tokens[a.stable.token]; t == nil || t.revoked || a.stable.expires.Sub(c.now) <= tokenOverlap {
		c.st.issue(a, &a.stable, c.now, tokenOverlap)
	} else if in.ForceRefresh {
		if err := c.forceRefresh(); err != nil {
			return nil, err
		}
	}
	left := int(a.stable.expires.Sub(c.now).Seconds())
	return map[string]any{"access_token": a.stable.token, "expires_in": left}, nil
}

// forceRefresh ends the old token at once. Sooner than 30 s after the last time
// nothing is refreshed; the 21st time in a day is refused.
func (c *call) forceRefresh() *apiError {
	a := c.acc
	if n := len(a.forced); n > 0 && c.now.Sub(a.forced[n-1]) < forceInterval {
		return nil
	}
	today := 0
	for _, t := range a.forced {
		if sameDay(t, c.now) {
			today++
		}
	}
	if today >= forcePerDay {
		return fail(45009)
	}
	if today == 0 {
		a.forced = nil
	}
	a.forced = append(a.forced, c.now)
	c.st.issue(a, &a.stable, c.now, 0)
	return nil
}

// getTicket answers the same ticket until it ends. [off] JS-SDK doc, appendix 1
func getTicket(c *call) (any, *apiError) {
	kind := c.q.Get("type")
	if kind != "jsapi" && kind != "wx_card" {
		return nil, fail(40097)
	}
	t := c.acc.tickets[kind]
	if t == nil || !c.now.Before(t.expires) {
		t = &ticket{value: c.st.random(86), expires: c.now.Add(tokenLife)}
		c.acc.tickets[kind] = t
	}
	return map[string]any{"errcode": 0, "errmsg": "ok", "ticket": t.value, "expires_in": int(t.expires.Sub(c.now).Seconds())}, nil
}

// callbackIPs names the addresses pushes come from: this machine.
func callbackIPs(*call) (any, *apiError) {
	return map[string]any{"ip_list": []string{"127.0.0.1"}}, nil
}

// callbackCheck is 网络检测; the answer has one line per carrier.
func callbackCheck(c *call) (any, *apiError) {
	var in struct {
		Action        string `json:"action"`
		CheckOperator string `json:"check_operator"`
	}
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	return map[string]any{
		"dns":  []map[string]any{{"ip": "127.0.0.1", "real_operator": "CAP"}},
		"ping": []map[string]any{{"ip": "127.0.0.1", "from_operator": "CAP", "package_loss": "0%", "time": "0.100ms"}},
	}, nil
}
