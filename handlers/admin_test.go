package handlers

import (
	"bytes"
	"mime/multipart"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/xunjia/xunjia"
)

// hire makes somebody of a role with a password.
func (w *world) hire(login string, role xunjia.Role, password string) int64 {
	w.t.Helper()
	ctx := w.t.Context()
	id, _, err := w.store.CreateStaff(ctx, 0, xunjia.Staff{Login: login, Role: role}, time.Hour)
	if err != nil {
		w.t.Fatal(err)
	}
	hash, err := w.site.passwords.hash(ctx, password)
	if err != nil {
		w.t.Fatal(err)
	}
	if err := w.store.SetOwnPassword(ctx, id, "", hash, ""); err != nil {
		w.t.Fatal(err)
	}
	return id
}

// at is the browser of staff who is logged in.
func (w *world) at(staff int64) *browser {
	w.t.Helper()
	b := w.browser()
	token, _, err := w.store.StartSession(w.t.Context(), xunjia.Session{Kind: xunjia.StaffSession, StaffID: staff})
	if err != nil {
		w.t.Fatal(err)
	}
	u, _ := url.Parse(w.url)
	b.http.Jar.SetCookies(u, []*http.Cookie{{Name: "staff", Value: token, Path: "/"}})
	return b
}

const goodPassword = "correct horse battery"

func TestAdminLogin(t *testing.T) {
	w := newWorld(t, nil)
	w.hire("boss", xunjia.OwnerRole, goodPassword)
	b := w.browser()
	redirects(t, b.get("/admin/staff?q=a"), "/admin/login?return=%2Fadmin%2Fstaff%3Fq%3Da")
	wantStatus(t, b.get("/admin/login?return=%2Fadmin%2Fstaff%3Fq%3Da"), http.StatusOK)
	a := b.post("/admin/login", "login", "boss", "password", goodPassword)
	redirects(t, a, "/admin/staff?q=a")
	if cookie := a.Header.Get("Set-Cookie"); !strings.Contains(cookie, "staff=") || !strings.Contains(cookie, "HttpOnly") || !strings.Contains(cookie, "SameSite=Lax") {
		t.Errorf("cookie %q", cookie)
	}
	contains(t, b.get("/admin"), "所有者", "员工账号", "操作日志")
	logins, err := w.store.StaffLogins(t.Context(), 0, xunjia.Page{})
	if err != nil || len(logins.Items) != 1 || !logins.Items[0].OK || logins.Items[0].Agent != b.agent {
		t.Errorf("login log %+v, %v", logins.Items, err)
	}
	redirects(t, b.get("/admin/login"), "/admin")
	b.get("/admin")
	redirects(t, b.post("/admin/leave"), "/admin/login")
	redirects(t, b.get("/admin"), "/admin/login")
	for _, path := range []string{"https://evil.example.com/admin", "//evil.example.com", "/me", "/admin/login"} {
		b := w.browser()
		b.get("/admin/login?return=" + url.QueryEscape(path))
		redirects(t, b.post("/admin/login", "login", "boss", "password", goodPassword), "/admin")
	}
}

// A login makes a new session and ends the one of this browser before it.
func TestAdminLoginRotates(t *testing.T) {
	w := newWorld(t, nil)
	id := w.hire("boss", xunjia.OwnerRole, goodPassword)
	b := w.at(id)
	u, _ := url.Parse(w.url)
	before := cookieNamed(b, u, "staff")
	token, err := w.store.CreateAdminLink(t.Context(), time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	b.get("/admin/enter?token=" + token)
	redirects(t, b.post("/admin/enter"), "/admin")
	if after := cookieNamed(b, u, "staff"); after == before || after == "" {
		t.Error("the session was kept")
	}
	if _, err := w.store.SessionByToken(t.Context(), before); xunjia.ErrorCode(err) != xunjia.Unauthorized {
		t.Errorf("the session before: %v", err)
	}
}

func cookieNamed(b *browser, u *url.URL, name string) string {
	for _, c := range b.http.Jar.Cookies(u) {
		if c.Name == name {
			return c.Value
		}
	}
	return ""
}

// Whoever fails reads the same, gets a captcha after three and is locked out
// after ten, whether there is such a name or not.
func TestAdminLoginIsGuarded(t *testing.T) {
	token := regexp.MustCompile(`(name="form_token" value=|name="captcha_id" value=|src="/captcha/|SAMPLE|编号 <code>)[^"<]*"?[^">]*`)
	said := map[string]string{}
	for _, login := range []string{"boss", "nobody", "disabled", "linked"} {
		w := newWorld(t, nil)
		w.hire("boss", xunjia.OwnerRole, goodPassword)
		gone := w.hire("disabled", xunjia.ServiceRole, goodPassword)
		if err := w.store.ChangeStaff(t.Context(), 0, xunjia.Staff{ID: gone, Role: xunjia.ServiceRole, Disabled: true}); err != nil {
			t.Fatal(err)
		}
		if _, _, err := w.store.CreateStaff(t.Context(), 0, xunjia.Staff{Login: "linked", Role: xunjia.ServiceRole}, time.Hour); err != nil {
			t.Fatal(err)
		}
		password := "wrong password 1"
		if login == "disabled" {
			password = goodPassword
		}
		b := w.browser()
		b.get("/admin/login")
		for i := range xunjia.LockAfter {
			fields := []string{"login", login, "password", password}
			if i >= xunjia.CaptchaAfter {
				fields = append(fields, "captcha", b.captcha())
			}
			a := b.post("/admin/login", fields...)
			wantStatus(t, a, http.StatusUnprocessableEntity)
			contains(t, a, "登录名或密码不正确")
			if got := strings.Contains(a.body, "captcha_id"); got != (i+1 >= xunjia.CaptchaAfter) {
				t.Errorf("%s, failure %d: captcha %v", login, i+1, got)
			}
			if strings.Contains(a.body, password) {
				t.Errorf("%s: the password is sent back", login)
			}
			said[login] += token.ReplaceAllString(strings.ReplaceAll(a.body, `value="`+login+`"`, ""), "")
			if i == xunjia.CaptchaAfter {
				wrong := b.post("/admin/login", "login", login, "password", goodPassword, "captcha", "")
				contains(t, wrong, "验证码")
			}
		}
		if login != "nobody" && login != "boss" {
			continue
		}
		a := b.post("/admin/login", "login", login, "password", goodPassword, "captcha", b.captcha())
		wantStatus(t, a, http.StatusTooManyRequests)
		contains(t, a, "15 分钟后再试")
	}
	for login, text := range said {
		if text != said["boss"] {
			t.Errorf("%s is told apart from boss", login)
		}
	}
}

// The matrix: every route of the console, every role. What a role lacks is
// refused, what it has is not, and nobody gets in without a role.
func TestEveryRoleVisitsEveryStaffRoute(t *testing.T) {
	w := newWorld(t, nil)
	path := strings.NewReplacer(":id", "999999", ":name", "MP_verify_AbCdEfGh12345678.txt", ":title", url.PathEscape(xunjia.TemplateNewQuote))
	for _, role := range xunjia.Roles() {
		b := w.at(w.hire("is-"+string(role), role, goodPassword))
		b.get("/admin/account")
		token := b.form.Get("form_token")
		visited := 0
		for _, r := range w.site.router.table {
			if r.audience != audienceStaff || r.path == "/admin/leave" || r.path == "/admin/leave-everywhere" {
				continue
			}
			visited++
			var a answer
			if r.method == http.MethodGet {
				a = b.get(path.Replace(r.path))
			} else {
				a = b.post(path.Replace(r.path), "form_token", token)
			}
			name := string(role) + ": " + r.method + " " + r.path
			if r.permission != "" && !role.Can(r.permission) {
				if a.StatusCode != http.StatusForbidden {
					t.Errorf("%s: status %d, want 403", name, a.StatusCode)
				}
				continue
			}
			if a.StatusCode == http.StatusForbidden || a.StatusCode == http.StatusUnauthorized || a.StatusCode >= 500 && w.site.Account != nil {
				t.Errorf("%s: status %d\n%.300s", name, a.StatusCode, a.body)
			}
		}
		if visited < 20 {
			t.Fatalf("only %d routes", visited)
		}
	}
}

// Every route of the console names a permission, or is one's own affair.
func TestStaffRoutesNamePermissions(t *testing.T) {
	own := map[string]bool{"/admin/leave": true, "/admin/leave-everywhere": true, "/admin/account": true, "/admin/account/password": true}
	w := newWorld(t, nil)
	for _, r := range w.site.router.table {
		if r.audience == audienceStaff && r.permission == "" && !own[r.path] {
			t.Errorf("%s %s: every role may", r.method, r.path)
		}
	}
}

// A demotion, a disabled account and a changed password count on the very next
// request.
func TestStaffChangesCountAtOnce(t *testing.T) {
	w := newWorld(t, nil)
	boss := w.at(w.hire("boss", xunjia.OwnerRole, goodPassword))
	id := w.hire("helper", xunjia.AdminRole, goodPassword)
	b := w.at(id)
	wantStatus(t, b.get("/admin/staff"), http.StatusOK)
	page := "/admin/staff/" + itoa(id)
	wantStatus(t, boss.get(page), http.StatusOK)
	redirects(t, boss.post(page, "name", "小李", "role", "service"), "/admin/staff")
	a := b.get("/admin/staff")
	wantStatus(t, a, http.StatusForbidden)
	contains(t, a, "客服", "不能使用这个功能")
	if a := b.get("/admin"); strings.Contains(a.body, `href="/admin/staff"`) || !strings.Contains(a.body, "小李") {
		t.Errorf("the navigation still leads to the staff page, or lacks the name")
	}
	boss.get(page)
	redirects(t, boss.post(page, "name", "小李", "role", "service", "disabled", "1"), "/admin/staff")
	redirects(t, b.get("/admin"), "/admin/login")
	log, err := w.store.Audits(t.Context(), xunjia.AuditFilter{Action: "staff.changed"}, xunjia.Page{})
	if err != nil || len(log.Items) != 2 || !strings.Contains(log.Items[0].Detail, "停用") || !strings.Contains(log.Items[1].Detail, "角色由管理员改为客服") {
		t.Errorf("audit log %+v, %v", log.Items, err)
	}
	contains(t, boss.get("/admin/audit?action=staff."), "停用", "员工账号 · 修改")
	wantStatus(t, boss.get("/admin/audit?from=yesterday"), http.StatusUnprocessableEntity)
}

func itoa(id int64) string { return strconv.FormatInt(id, 10) }

func TestLastOwnerStays(t *testing.T) {
	w := newWorld(t, nil)
	id := w.hire("boss", xunjia.OwnerRole, goodPassword)
	b := w.at(id)
	page := "/admin/staff/" + itoa(id)
	b.get(page)
	a := b.post(page, "name", "", "role", "service")
	wantStatus(t, a, http.StatusConflict)
	contains(t, a, "最后一个所有者")
	admin := w.at(w.hire("admin", xunjia.AdminRole, goodPassword))
	admin.get("/admin/account")
	wantStatus(t, admin.post(page, "name", "", "role", "service"), http.StatusForbidden)
	wantStatus(t, admin.post(page+"/reset"), http.StatusForbidden)
	wantStatus(t, admin.get("/admin/staff/999999"), http.StatusNotFound)
}

// A new colleague comes in by the link that is shown once, sets a password and
// logs in with it.
func TestNewColleague(t *testing.T) {
	w := newWorld(t, nil)
	boss := w.at(w.hire("boss", xunjia.OwnerRole, goodPassword))
	boss.get("/admin/staff/new")
	a := boss.post("/admin/staff/new", "login", "王", "role", "service")
	wantStatus(t, a, http.StatusUnprocessableEntity)
	contains(t, a, "登录名要 2 到 32 位", `value="王"`)
	a = boss.post("/admin/staff/new", "login", "kefu01", "name", "小王", "role", "service")
	wantStatus(t, a, http.StatusOK)
	link := regexp.MustCompile(`/admin/enter\?token=[A-Z2-7]+`).FindString(a.body)
	b := w.browser()
	wantStatus(t, b.get(link), http.StatusOK)
	redirects(t, b.post("/admin/enter"), "/admin/account")
	contains(t, b.get("/admin/account"), "还没有设置密码")
	a = b.post("/admin/account/password", "password", "short", "again", "short")
	wantStatus(t, a, http.StatusUnprocessableEntity)
	contains(t, a, "密码至少 10 位")
	contains(t, b.post("/admin/account/password", "password", goodPassword, "again", "another one, longer"), "两次填写的密码不一样")
	other := w.at(w.staffID("kefu01"))
	redirects(t, b.post("/admin/account/password", "password", goodPassword, "again", goodPassword), "/admin/account")
	wantStatus(t, b.get("/admin/account"), http.StatusOK)
	redirects(t, other.get("/admin"), "/admin/login") // every other browser is out
	b.get("/admin/account")
	contains(t, b.post("/admin/account/password", "old", "not the old one", "password", "new words 123", "again", "new words 123"), "现在的密码不正确")
	redirects(t, b.post("/admin/account/password", "old", goodPassword, "password", "new words 123", "again", "new words 123"), "/admin/account")

	third := w.browser()
	third.get("/admin/login")
	redirects(t, third.post("/admin/login", "login", "kefu01", "password", "new words 123"), "/admin")
	third.get("/admin/account")
	redirects(t, third.post("/admin/account", "login", "wang", "name", "王小明"), "/admin/account")
	contains(t, third.get("/admin/account"), "王小明", `value="wang"`)
	third.get("/admin/account")
	redirects(t, third.post("/admin/leave-everywhere"), "/admin/login")
	redirects(t, b.get("/admin"), "/admin/login")
	wantStatus(t, w.browser().get(link), http.StatusOK) // looking uses nothing up
	again := w.browser()
	again.get(link)
	wantStatus(t, again.post("/admin/enter"), http.StatusUnauthorized)
}

func (w *world) staffID(login string) int64 {
	w.t.Helper()
	staff, err := w.store.StaffByLogin(w.t.Context(), login)
	if err != nil {
		w.t.Fatal(err)
	}
	return staff.ID
}

// Forms of the console carry the token of the staff session, not of the user's.
func TestAdminForgedForms(t *testing.T) {
	w := newWorld(t, nil)
	b := w.at(w.hire("boss", xunjia.OwnerRole, goodPassword))
	b.get("/admin/login") // gives the browser a guest session, too
	b.get("/login")
	guest := b.form.Get("form_token")
	for _, token := range []string{"", "guess", guest} {
		wantStatus(t, b.post("/admin/staff/new", "form_token", token, "login", "evil", "role", "owner"), http.StatusForbidden)
	}
	b.get("/admin/staff/new")
	r := b.request("/admin/staff/new", "login", "evil", "role", "owner")
	r.Header.Set("Sec-Fetch-Site", "cross-site")
	wantStatus(t, b.do(r), http.StatusForbidden)
	if _, err := w.store.StaffByLogin(t.Context(), "evil"); xunjia.ErrorCode(err) != xunjia.NotFound {
		t.Errorf("the account was made: %v", err)
	}
}

func TestVerifyFileAtTheRoot(t *testing.T) {
	w := newWorld(t, nil)
	b := w.at(w.hire("boss", xunjia.OwnerRole, goodPassword))
	const name = "MP_verify_AbCdEfGh12345678.txt"
	send := func(name, content string) answer {
		t.Helper()
		b.get("/admin/files")
		var body bytes.Buffer
		form := multipart.NewWriter(&body)
		_ = form.WriteField("form_token", b.form.Get("form_token"))
		part, err := form.CreateFormFile("file", name)
		if err != nil {
			t.Fatal(err)
		}
		_, _ = part.Write([]byte(content))
		_ = form.Close()
		r, err := http.NewRequest(http.MethodPost, w.url+"/admin/files", &body)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Content-Type", form.FormDataContentType())
		return b.do(r)
	}
	wantStatus(t, w.browser().get("/"+name), http.StatusNotFound)
	wantStatus(t, send("evil.html", "a"), http.StatusUnprocessableEntity)
	wantStatus(t, send(name, "<script>alert(1)</script>中文"), http.StatusUnprocessableEntity)
	wantStatus(t, send(name, strings.Repeat("a", 65)), http.StatusUnprocessableEntity)
	redirects(t, send(name, "AbCdEfGh12345678\n"), "/admin/files")
	a := w.browser().get("/" + name)
	wantStatus(t, a, http.StatusOK)
	if a.body != "AbCdEfGh12345678" || a.Header.Get("Content-Type") != "text/plain; charset=utf-8" || a.Header.Get("Set-Cookie") != "" {
		t.Errorf("%q as %q, cookie %q", a.body, a.Header.Get("Content-Type"), a.Header.Get("Set-Cookie"))
	}
	contains(t, b.get("/admin/files"), name)
	redirects(t, b.post("/admin/files/"+name+"/delete"), "/admin/files")
	wantStatus(t, w.browser().get("/"+name), http.StatusNotFound)
}
