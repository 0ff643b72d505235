package handlers

import (
	"net/http"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestRoutesGolden(t *testing.T) {
	const file = "testdata/routes.golden"
	got := strings.Join(Routes(), "\n") + "\n"
	if *update {
		if err := os.MkdirAll("testdata", 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("routes changed (run with -update after reading this):\n%s", diff)
	}
}

// Nobody in particular visits everything, inside and outside WeChat: nothing
// breaks, and what belongs to somebody is not shown.
func TestAnonymousVisitsEveryRoute(t *testing.T) {
	w := newWorld(t, nil)
	path := strings.NewReplacer(":code", "510000", ":id", "1", ":name", "home", ":key", "nokey", ":variant", "pc")
	for _, r := range w.site.router.table {
		for _, agent := range []string{"curl/8", "MicroMessenger/8.0.66"} {
			for _, accept := range []string{"text/html", "application/json"} {
				b := w.browser()
				b.agent = agent
				request, err := http.NewRequest(r.method, w.url+path.Replace(r.path), strings.NewReader("a=b"))
				if err != nil {
					t.Fatal(err)
				}
				request.Header.Set("Accept", accept)
				request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
				a := b.do(request)
				name := r.method + " " + r.path + " as " + r.audience
				if a.StatusCode >= 500 {
					t.Errorf("%s: status %d\n%s", name, a.StatusCode, a.body)
				}
				switch {
				case r.audience == audienceMember && r.method == http.MethodGet && accept == "text/html":
					if a.StatusCode != http.StatusSeeOther || !strings.HasPrefix(a.to(), "/login?return=") {
						t.Errorf("%s: status %d to %q, want a redirect to login", name, a.StatusCode, a.to())
					}
				case r.audience == audienceStaff && r.method == http.MethodGet && accept == "text/html":
					if a.StatusCode != http.StatusSeeOther || !strings.HasPrefix(a.to(), "/admin/login") {
						t.Errorf("%s: status %d to %q, want a redirect to login", name, a.StatusCode, a.to())
					}
				case r.audience == audienceMember || r.audience == audienceStaff:
					if a.StatusCode != http.StatusUnauthorized {
						t.Errorf("%s: status %d, want 401", name, a.StatusCode)
					}
				case r.method == http.MethodPost:
					if a.StatusCode != http.StatusForbidden {
						t.Errorf("%s without a form token: status %d, want 403", name, a.StatusCode)
					}
				}
			}
		}
	}
}

func TestUnknownPagesAndMethods(t *testing.T) {
	w := newWorld(t, nil)
	b := w.browser()
	a := b.get("/no/such/page")
	wantStatus(t, a, http.StatusNotFound)
	contains(t, a, "没有找到这个页面", "回到首页")
	r, _ := http.NewRequest(http.MethodDelete, w.url+"/login", nil)
	wantStatus(t, b.do(r), http.StatusMethodNotAllowed)
	a = b.get("/areas/99")
	wantStatus(t, a, http.StatusNotFound)
}

// Return paths lead to pages of this site and nowhere else.
func TestSafeReturn(t *testing.T) {
	w := newWorld(t, nil)
	for _, c := range []struct{ path, want string }{
		{"/me", "/me"}, {"/inbox?type=2&after=x", "/inbox?type=2&after=x"}, {"/inbox/7", "/inbox/7"},
		{"", "/"}, {"me", "/"}, {"//evil.example.com/me", "/"}, {`/\evil.example.com`, "/"}, {`/me\..\x`, "/"},
		{"https://evil.example.com/me", "/"}, {"/me\r\nSet-Cookie: a=b", "/"}, {"/no/such/page", "/"}, {"/%2fevil.example.com", "/"},
		{"/oauth/start?return=/me", "/"}, {"/login", "/"}, {"/admin", "/"}, {"/assets/app.js", "/"}, {"/" + strings.Repeat("a", 2000), "/"},
	} {
		if got := w.site.safeReturn(c.path); got != c.want {
			t.Errorf("safeReturn(%q) = %q, want %q", c.path, got, c.want)
		}
	}
}
