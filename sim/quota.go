package sim

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// clearsPerMonth is how often all quotas can be reset. [gk]
const clearsPerMonth = 10

// dayCount counts what may happen so often a day.
type dayCount struct {
	day time.Time
	n   int
}

// add counts one more, or refuses it.
func (d *dayCount) add(now time.Time, limit int) bool {
	if !sameDay(d.day, now) {
		d.day, d.n = now, 0
	}
	if d.n >= limit {
		return false
	}
	d.n++
	return true
}

// resetQuota forgets today's counts, up to ten times a month.
func (a *account) resetQuota(now time.Time) *apiError {
	a.cleared = slices.DeleteFunc(a.cleared, func(t time.Time) bool { return !sameMonth(t, now) })
	if len(a.cleared) >= clearsPerMonth {
		return fail(48006)
	}
	a.cleared = append(a.cleared, now)
	for _, q := range a.quota {
		q.used = 0
	}
	return nil
}

func clearQuota(c *call) (any, *apiError) {
	var in struct {
		AppID string `json:"appid"`
	}
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	if in.AppID != c.acc.AppID {
		return nil, fail(40013)
	}
	return nil, c.acc.resetQuota(c.now)
}

// clearQuotaV2 works with the app secret when the token quota itself is used up.
func clearQuotaV2(c *call) (any, *apiError) {
	appID, secret := c.q.Get("appid"), c.q.Get("appsecret")
	if appID == "" {
		var in struct {
			AppID     string `json:"appid"`
			AppSecret string `json:"appsecret"`
		}
		if err := c.decode(&in); err != nil {
			return nil, err
		}
		appID, secret = in.AppID, in.AppSecret
	}
	if err := c.credentials(appID, secret); err != nil {
		return nil, err
	}
	return nil, c.acc.resetQuota(c.now)
}

func quotaGet(c *call) (any, *apiError) {
	var in struct {
		CGIPath string `json:"cgi_path"`
	}
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	path := "/" + strings.TrimLeft(in.CGIPath, "/")
	rt, ok := c.s.routes[path]
	if !ok {
		return nil, fail(76021, "cgi_path not found, please check")
	}
	limit, used := c.s.quotaOf(c.acc, path, c.now)
	if limit == 0 {
		return nil, fail(76022, "could not use this cgi_path, no permission")
	}
	out := map[string]any{"errcode": 0, "errmsg": "ok", "quota": map[string]any{"daily_limit": limit, "used": used, "remain": max(0, limit-used)}}
	if rt.perMin > 0 {
		out["rate_limit"] = map[string]any{"call_count": rt.perMin, "refresh_second": 60}
	}
	return out, nil
}

// ridGet tells what the call with that rid was. [off] openapi/rid/get
func ridGet(c *call) (any, *apiError) {
	var in struct {
		RID string `json:"rid"`
	}
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	for _, e := range c.st.log.entries {
		if in.RID == "" || e.RID != in.RID {
			continue
		}
		if e.AppID != c.acc.AppID {
			return nil, fail(76012, "the rid is not yours")
		}
		return map[string]any{"errcode": 0, "errmsg": "ok", "request": map[string]any{
			"invoke_time": e.At / 1000, "cost_in_ms": e.MS, "request_url": e.Path + "?" + e.Query,
			"request_body": e.Request, "response_body": e.Response, "client_ip": "127.0.0.1",
		}}, nil
	}
	return nil, fail(76011)
}

// shortened is one long text behind a short key.
type shortened struct {
	text    string
	created time.Time
	expires time.Time
}

const shortenMaxLife = 30 * 24 * 3600 // seconds [off] /doc/service/api/shorten

func shortenGen(c *call) (any, *apiError) {
	var in struct {
		LongData      string `json:"long_data"`
		ExpireSeconds int64  `json:"expire_seconds"`
	}
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	if in.LongData == "" || len(in.LongData) > 4096 {
		return nil, fail(40035)
	}
	if in.ExpireSeconds <= 0 || in.ExpireSeconds > shortenMaxLife {
		in.ExpireSeconds = shortenMaxLife
	}
	key := c.st.random(15)
	if c.acc.shorts == nil {
		c.acc.shorts = map[string]shortened{}
	}
	c.acc.shorts[key] = shortened{in.LongData, c.now, c.now.Add(time.Duration(in.ExpireSeconds) * time.Second)}
	return map[string]any{"errcode": 0, "errmsg": "ok", "short_key": key}, nil
}

func shortenFetch(c *call) (any, *apiError) {
	var in struct {
		ShortKey string `json:"short_key"`
	}
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	v, ok := c.acc.shorts[in.ShortKey]
	if !ok || !c.now.Before(v.expires) {
		return nil, fail(40035, fmt.Sprintf("invalid parameter: short_key %q", in.ShortKey))
	}
	return map[string]any{
		"errcode": 0, "errmsg": "ok", "long_data": v.text, "create_time": v.created.Unix(), "expire_seconds": int(v.expires.Sub(c.now).Seconds()),
	}, nil
}
