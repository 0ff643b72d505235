package sim

import (
	"encoding/json"
	"net/http"
	"testing"
	"time"
)

func (w *world) stable(force bool) (string, int64) {
	w.t.Helper()
	out := w.call(http.MethodPost, "/cgi-bin/stable_token", m{"grant_type": "client_credential", "appid": testApp, "secret": testSecret, "force_refresh": force})
	if code(out) != 0 {
		w.t.Fatalf("stable_token: %v", out)
	}
	n, _ := out["expires_in"].(json.Number).Int64()
	return out["access_token"].(string), n
}

// try tells the code of a harmless call with the token.
func (w *world) try(token string) int {
	return code(w.call(http.MethodGet, "/cgi-bin/getcallbackip?access_token="+token, nil))
}

func TestStableToken(t *testing.T) {
	w := newWorld(t, Plain)
	first, left := w.stable(false)
	if left != 7200 {
		t.Errorf("expires_in %d", left)
	}
	w.s.Advance(time.Hour)
	if again, left := w.stable(false); again != first || left != 3600 {
		t.Errorf("after an hour: same %v, %d s left", again == first, left)
	}
	w.s.Advance(56 * time.Minute) // 4 minutes to go: renewed, both valid
	second, left := w.stable(false)
	if second == first || left != 7200 || w.try(first) != 0 || w.try(second) != 0 {
		t.Errorf("renewal: new %v, left %d, old %d, new %d", second != first, left, w.try(first), w.try(second))
	}
	w.s.Advance(4 * time.Minute)
	if w.try(first) != 42001 || w.try(second) != 0 {
		t.Errorf("after the overlap: old %d, new %d", w.try(first), w.try(second))
	}
}

func TestForcedRefresh(t *testing.T) {
	w := newWorld(t, Plain)
	noon := time.Date(2026, 7, 1, 4, 0, 0, 0, time.UTC) // 12:00 in China
	w.s.skew.Store(int64(noon.Sub(w.clock.now)))
	token, _ := w.stable(false)
	next, _ := w.stable(true)
	if next == token || w.try(token) != 40001 || w.try(next) != 0 {
		t.Errorf("forced: new %v, old %d", next != token, w.try(token))
	}
	if same, _ := w.stable(true); same != next {
		t.Error("refreshed again within 30 s")
	}
	for range forcePerDay - 1 {
		w.s.Advance(forceInterval)
		w.stable(true)
	}
	w.s.Advance(forceInterval)
	out := w.call(http.MethodPost, "/cgi-bin/stable_token", m{"grant_type": "client_credential", "appid": testApp, "secret": testSecret, "force_refresh": true})
	if code(out) != 45009 {
		t.Errorf("21st forced refresh: %v", out)
	}
	w.s.Advance(24 * time.Hour)
	before, _ := w.stable(false)
	if after, _ := w.stable(true); after == before {
		t.Error("not refreshed on the next day")
	}
}

// The two token families do not disturb each other; a second cgi-bin/token
// leaves the first alive for five minutes.
func TestPlainToken(t *testing.T) {
	w := newWorld(t, Plain)
	get := func() string {
		return w.call(http.MethodGet, "/cgi-bin/token?grant_type=client_credential&appid="+testApp+"&secret="+testSecret, nil)["access_token"].(string)
	}
	stable, _ := w.stable(false)
	first, second := get(), get()
	if first == second || w.try(first) != 0 || w.try(second) != 0 || w.try(stable) != 0 {
		t.Errorf("first %d, second %d, stable %d", w.try(first), w.try(second), w.try(stable))
	}
	w.s.Advance(tokenOverlap)
	if w.try(first) != 42001 || w.try(second) != 0 {
		t.Errorf("after 5 minutes: first %d, second %d", w.try(first), w.try(second))
	}
}

// Quotas end in 45009, can be cleared, and start anew on the next day in China.
func TestQuota(t *testing.T) {
	w := newWorld(t, Plain)
	w.follow("u1")
	path := "/cgi-bin/user/info?openid=" + w.openID("u1")
	w.client(http.MethodPost, "/quotas", m{"app_id": testApp, "path": "/cgi-bin/user/info", "limit": 2})
	w.ok(path, nil)
	w.ok(path, nil)
	if out := w.api(path, nil); code(out) != 45009 {
		t.Fatalf("third call: %v", out)
	}
	q := w.ok("/cgi-bin/openapi/quota/get", m{"cgi_path": "/cgi-bin/user/info"})["quota"].(m)
	if q["remain"] != json.Number("0") || q["used"] != json.Number("2") {
		t.Errorf("quota/get: %v", q)
	}
	w.ok("/cgi-bin/clear_quota", m{"appid": testApp})
	w.ok(path, nil)
	w.client(http.MethodPost, "/quotas", m{"app_id": testApp, "path": "/cgi-bin/user/info", "used": 2})
	w.s.Advance(24 * time.Hour)
	w.ok(path, nil)
	for range clearsPerMonth {
		w.api("/cgi-bin/clear_quota", m{"appid": testApp})
	}
	if out := w.api("/cgi-bin/clear_quota", m{"appid": testApp}); code(out) != 48006 {
		t.Errorf("11th clear: %v", out)
	}
}

func TestTicket(t *testing.T) {
	w := newWorld(t, Plain)
	a := w.ok("/cgi-bin/ticket/getticket?type=jsapi", nil)
	if b := w.ok("/cgi-bin/ticket/getticket?type=jsapi", nil); a["ticket"] != b["ticket"] {
		t.Error("a new ticket while the old one lives")
	}
	w.s.Advance(2 * time.Hour)
	if c := w.ok("/cgi-bin/ticket/getticket?type=jsapi", nil); a["ticket"] == c["ticket"] {
		t.Error("the ended ticket came again")
	}
}

// Equal seeds give equal answers to equal calls.
func TestDeterministic(t *testing.T) {
	a, b := newWorld(t, Plain), newWorld(t, Plain)
	ta, _ := a.stable(false)
	tb, _ := b.stable(false)
	if ta != tb || a.openID("u1") != b.openID("u1") {
		t.Error("equal seeds, different tokens or openids")
	}
	c := newWorld(t, Plain, func(o *Options) { o.Seed = 8 })
	if tc, _ := c.stable(false); tc == ta || c.openID("u1") == a.openID("u1") {
		t.Error("different seeds, equal tokens or openids")
	}
}
