package handlers

import (
	"database/sql"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/xunjia/xunjia"
	"github.com/xunjia/xunjia/sms"
)

const (
	userPassword = "correct horse 1"
	userEmail    = xunjia.Email("chen@example.com")
)

// withPassword gives a user of the sample data a password and an e-mail.
func (w *world) withPassword(user int64) *browser {
	w.t.Helper()
	ctx := w.t.Context()
	b := w.member(user)
	hash, err := w.site.passwords.hash(ctx, userPassword)
	if err != nil {
		w.t.Fatal(err)
	}
	id := b.session().ID
	for _, change := range []func() error{
		func() error { return w.store.SetPassword(ctx, id, user, hash) },
		func() error { return w.store.SetEmail(ctx, id, user, userEmail) },
	} {
		if err := w.store.Prove(ctx, id, user); err != nil {
			w.t.Fatal(err)
		}
		if err := change(); err != nil {
			w.t.Fatal(err)
		}
	}
	return b
}

// phoneOf is the phone of a user of the sample data.
func (w *world) phoneOf(user int64) xunjia.Phone {
	w.t.Helper()
	u, err := w.store.User(w.t.Context(), user)
	if err != nil {
		w.t.Fatal(err)
	}
	return u.Phone
}

// code asks for a code on the page with a form and answers it.
func (b *browser) code(page, action string, to xunjia.Phone, fields ...string) string {
	b.t.Helper()
	wantStatus(b.t, b.get(page), http.StatusOK)
	a := b.post(action, append([]string{"do", "code", "captcha", b.captcha()}, fields...)...)
	wantStatus(b.t, a, http.StatusOK)
	contains(b.t, a, "验证码已发送到 "+to.Masked())
	return b.outbox.code(to)
}

// later is when phones may get codes again.
func (w *world) later() {
	w.t.Helper()
	keys, err := w.redis.Keys(w.t.Context(), "{sms}:sent:*").Result()
	if err == nil && len(keys) > 0 {
		err = w.redis.Del(w.t.Context(), keys...).Err()
	}
	if err != nil {
		w.t.Fatal(err)
	}
}

// prove shows by a code who sits at the browser.
func (b *browser) prove(user int64, returnTo string) {
	b.t.Helper()
	code := b.code("/me/security/prove?return="+returnTo, "/me/security/prove", b.phoneOf(user))
	redirects(b.t, b.post("/me/security/prove", "do", "next", "code", code), returnTo)
}

func TestPasswordLogin(t *testing.T) {
	w := newWorld(t, nil)
	w.withPassword(1)
	for _, name := range []string{string(w.phoneOf(1)), " Chen@Example.com "} {
		b := w.browser()
		a := b.get("/login/password?return=%2Fme")
		contains(t, a, "密码登录", "/login/forgot?return=%2Fme", "短信登录")
		before := b.session()
		redirects(t, b.post("/login/password", "login", name, "password", userPassword), "/me")
		if s := b.session(); s.UserID != 1 || s.ID == before.ID || s.IP != "127.0.0.1" || s.Agent != b.agent {
			t.Errorf("%s: session %+v", name, s)
		}
		contains(t, b.get("/me"), "安全设置")
		redirects(t, b.get("/login/password"), "/")
	}
	for _, c := range []struct{ login, password, field, text string }{
		{"", userPassword, "login", "请填写手机号或邮箱"}, {"boss", userPassword, "login", "11 位手机号"},
		{"a@", userPassword, "login", "邮箱格式不正确"}, {string(userEmail), "", "password", "请填写密码"},
	} {
		b := w.browser()
		b.get("/login/password")
		a := b.post("/login/password", "login", c.login, "password", c.password)
		wantStatus(t, a, http.StatusUnprocessableEntity)
		if got := between(a.body, `id="`+c.field+`-error" role="alert">`, "</p>"); !strings.Contains(got, c.text) {
			t.Errorf("%q: field %s says %q", c.login, c.field, got)
		}
		if strings.Contains(a.body, userPassword) {
			t.Error("the password is sent back")
		}
	}
}

// changing is what differs between two pages with the same content.
var changing = regexp.MustCompile(`(value="|/captcha/|编号：<code>)[A-Za-z0-9_-]{20,}`)

// Whoever fails reads the same whether the account exists, has a password or is
// disabled; after three failures comes a captcha, after five the lock.
func TestPasswordLoginIsGuarded(t *testing.T) {
	said := map[string]string{}
	for _, name := range []string{"known", "nobody", "no password", "disabled"} {
		w := newWorld(t, nil)
		w.withPassword(1)
		login := string(w.phoneOf(1))
		switch name {
		case "nobody":
			login = "19912345678"
		case "no password":
			login = string(w.phoneOf(2))
		case "disabled":
			disable(t, w, 1)
		}
		b := w.browser()
		b.get("/login/password")
		var all strings.Builder
		for i := range 6 {
			fields := []string{"login", login, "password", "wrong horse 1"}
			if i >= 3 {
				fields = append(fields, "captcha", b.captcha())
			}
			a := b.post("/login/password", fields...)
			switch {
			case i < 5:
				wantStatus(t, a, http.StatusUnprocessableEntity)
				contains(t, a, "手机号、邮箱或密码不正确")
			default:
				wantStatus(t, a, http.StatusTooManyRequests)
				contains(t, a, "15 分钟后再试，或改用短信验证码登录")
				if wait, _ := strconv.Atoi(a.Header.Get("Retry-After")); wait < 800 || wait > 900 {
					t.Errorf("Retry-After %q", a.Header.Get("Retry-After"))
				}
			}
			if strings.Contains(a.body, `name="captcha"`) != (i >= 2) {
				t.Errorf("%s, failure %d: captcha %v", name, i+1, i < 2)
			}
			all.WriteString(strings.NewReplacer(login, "LOGIN", w.url, "SITE").Replace(changing.ReplaceAllString(a.body, "$1")))
		}
		said[name] = all.String()
		if name == "known" { // right, but locked out; a code still lets him in
			a := b.post("/login/password", "login", login, "password", userPassword, "captcha", b.captcha())
			wantStatus(t, a, http.StatusTooManyRequests)
			c := w.browser()
			c.askCode("/login", w.phoneOf(1))
			redirects(t, c.post("/login", "do", "next", "phone", login, "code", w.outbox.code(w.phoneOf(1))), "/")
		}
	}
	for name, text := range said {
		if text != said["known"] {
			t.Errorf("%s can be told from an account that exists:\n%s", name, cmp.Diff(said["known"], text))
		}
	}
}

func disable(t *testing.T, w *world, user int64) {
	t.Helper()
	db, err := sql.Open("sqlite", w.file+"?_pragma=busy_timeout(5000)")
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.ExecContext(t.Context(), "UPDATE users SET disabled = 1 WHERE id = ?", user); err != nil {
		t.Fatal(err)
	}
}

func TestPasswordLoginOfTheDisabled(t *testing.T) {
	w := newWorld(t, nil)
	w.withPassword(1)
	disable(t, w, 1)
	b := w.browser()
	b.get("/login/password")
	a := b.post("/login/password", "login", string(userEmail), "password", userPassword)
	wantStatus(t, a, http.StatusForbidden)
	contains(t, a, "您的账号已停用")
}

func TestForgottenPassword(t *testing.T) {
	w := newWorld(t, nil)
	elsewhere := w.withPassword(1)
	phone := w.phoneOf(1)
	b := w.browser()
	code := b.code("/login/forgot?return=%2Fme", "/login/forgot", phone, "phone", string(phone))
	for _, c := range []struct{ password, again, field string }{{"short", "short", "password"}, {"new password 2", "new password 3", "again"}, {"x" + string(phone), "x" + string(phone), "password"}} {
		a := b.post("/login/forgot", "do", "next", "phone", string(phone), "code", code, "password", c.password, "again", c.again)
		wantStatus(t, a, http.StatusUnprocessableEntity)
		if between(a.body, `id="`+c.field+`-error" role="alert">`, "</p>") == "" {
			t.Errorf("%q: nothing is said at %s", c.password, c.field)
		}
		if strings.Contains(a.body, c.password+`"`) && c.field == "again" {
			t.Error("the password is sent back")
		}
	}
	// The code of a login, or of another phone, sets no password.
	other := w.browser()
	other.askCode("/login", w.phoneOf(2))
	login := w.outbox.code(w.phoneOf(2))
	other.get("/login/forgot")
	wantStatus(t, other.post("/login/forgot", "do", "next", "phone", string(w.phoneOf(2)), "code", login, "password", "new password 2", "again", "new password 2"), http.StatusUnprocessableEntity)

	redirects(t, b.post("/login/forgot", "do", "next", "phone", string(phone), "code", code, "password", "new password 2", "again", "new password 2"), "/me")
	contains(t, b.get("/me"), "密码已修改，其他设备已退出登录")
	redirects(t, elsewhere.get("/me"), "/login?return=%2Fme")
	c := w.browser()
	c.get("/login/password")
	wantStatus(t, c.post("/login/password", "login", string(phone), "password", userPassword), http.StatusUnprocessableEntity)
	redirects(t, c.post("/login/password", "login", string(phone), "password", "new password 2"), "/")

	// A phone that nobody has: the same answer, until its owner has proved it.
	strange := w.browser()
	code = strange.code("/login/forgot", "/login/forgot", newPhone, "phone", string(newPhone))
	a := strange.post("/login/forgot", "do", "next", "phone", string(newPhone), "code", code, "password", "new password 2", "again", "new password 2")
	wantStatus(t, a, http.StatusUnprocessableEntity)
	contains(t, a, "这个手机号还没有注册")
}

func TestRegisterByEmail(t *testing.T) {
	w := newWorld(t, nil)
	b := w.browser()
	contains(t, b.get("/register"), "/register/email", "邮箱注册")
	redirects(t, b.get("/register?with=email"), "/register/email")
	for _, c := range []struct {
		fields []string
		field  string
	}{
		{[]string{"email", "nobody", "password", userPassword, "again", userPassword}, "email"},
		{[]string{"email", "a@example.com", "password", "short", "again", "short"}, "password"},
		{[]string{"email", "a@example.com", "password", userPassword, "again", "another 1"}, "again"},
		{[]string{"email", "a@example.com", "password", userPassword, "again", userPassword, "captcha", "x"}, "captcha"},
	} {
		b.get("/register/email")
		a := b.post("/register/email", c.fields...)
		wantStatus(t, a, http.StatusUnprocessableEntity)
		if between(a.body, `id="`+c.field+`-error" role="alert">`, "</p>") == "" || strings.Contains(a.body, userPassword) {
			t.Errorf("%v: %s is not blamed, or the password is sent back", c.fields, c.field)
		}
	}
	b.get("/register/email?return=%2Fme")
	redirects(t, b.post("/register/email", "email", " A@Example.com", "password", userPassword, "again", userPassword, "captcha", b.captcha()), "/register?return=%2Fme&with=email")
	a := b.get("/register?return=%2Fme&with=email")
	contains(t, a, "a***@example.com")
	a = b.post("/register", "do", "code", "phone", string(newPhone), "captcha", b.captcha())
	wantStatus(t, a, http.StatusOK)
	a = b.post("/register", "do", "next", "phone", string(newPhone), "code", w.outbox.code(newPhone))
	redirects(t, a, "/register/profile?return=%2Fme")
	c := w.browser()
	c.get("/login/password")
	redirects(t, c.post("/login/password", "login", "a@example.com", "password", userPassword), "/register/profile")

	// The phone of an account that exists: its e-mail and password, no second account.
	known := w.member(2)
	d := w.browser()
	d.get("/register/email")
	redirects(t, d.post("/register/email", "email", "two@example.com", "password", userPassword, "again", userPassword, "captcha", d.captcha()), "/register?with=email")
	code := d.code("/register?with=email", "/register", w.phoneOf(2), "phone", string(w.phoneOf(2)))
	wrong := d.post("/register", "do", "next", "phone", string(w.phoneOf(2)), "code", other(code))
	wantStatus(t, wrong, http.StatusUnprocessableEntity)
	if email, has, err := w.store.PasswordOf(t.Context(), 2); email != "" || has || err != nil {
		t.Errorf("without the code: %q, %v, %v", email, has, err)
	}
	redirects(t, d.post("/register", "do", "next", "phone", string(w.phoneOf(2)), "code", code), "/")
	if d.session().UserID != 2 {
		t.Errorf("%+v", d.session())
	}
	if email, has, err := w.store.PasswordOf(t.Context(), 2); email != "two@example.com" || !has || err != nil {
		t.Errorf("%q, %v, %v", email, has, err)
	}
	redirects(t, known.get("/me"), "/login?return=%2Fme")

	// Who drafts in somebody's browser gains nothing from a plain login there.
	e := w.browser()
	e.get("/register/email")
	redirects(t, e.post("/register/email", "email", "thief@example.com", "password", "thief's own 1", "again", "thief's own 1", "captcha", e.captcha()), "/register?with=email")
	e.askCode("/login", w.phoneOf(3))
	redirects(t, e.post("/login", "do", "next", "phone", string(w.phoneOf(3)), "code", w.outbox.code(w.phoneOf(3))), "/")
	if email, has, _ := w.store.PasswordOf(t.Context(), 3); email != "" || has {
		t.Error("a draft was attached by a plain login")
	}
}

// other is a code that is not the right one.
func other(code string) string {
	if code == "123456" {
		return "654321"
	}
	return "123456"
}

func TestSecurityPages(t *testing.T) {
	w := newWorld(t, nil)
	b := w.member(1)
	contains(t, b.get("/me/security"), "登录密码", "未设置", w.phoneOf(1).Masked(), "当前设备", "没有在其他设备上登录")
	for _, page := range []string{"password", "email", "phone"} {
		redirects(t, b.get("/me/security/"+page), "/me/security/prove?return=%2Fme%2Fsecurity%2F"+page)
		b.get("/me")
		redirects(t, b.post("/me/security/"+page, "password", userPassword, "again", userPassword, "email", string(userEmail)), "/me/security/prove?return=%2Fme%2Fsecurity%2F"+page)
	}
	if email, has, _ := w.store.PasswordOf(t.Context(), 1); email != "" || has {
		t.Error("changed without a proof")
	}
	// The return path of the proof leads to pages that want one.
	for path, want := range map[string]string{"/me": "/me/security", "//evil.example.com": "/me/security", "/me/merge": "/me/merge"} {
		b.get("/me/security/prove?return=" + path)
		if got := b.form.Get("return"); got != want {
			t.Errorf("return %q becomes %q", path, got)
		}
	}
	if a := b.get("/me/security/prove"); strings.Contains(a.body, `name="password"`) {
		t.Error("asks for a password that there is not")
	}
	b.prove(1, "/me/security/password")
	redirects(t, b.get("/me/security/prove?return=/me/security/email"), "/me/security/email")
	contains(t, b.get("/me/security/password"), "设置密码")
	a := b.post("/me/security/password", "password", "12345678", "again", "12345678")
	wantStatus(t, a, http.StatusUnprocessableEntity)
	contains(t, a, "密码太简单")
	elsewhere := w.member(1)
	contains(t, b.get("/me/security"), "退出其他设备")
	b.get("/me/security/password")
	redirects(t, b.post("/me/security/password", "password", userPassword, "again", userPassword), "/me/security")
	contains(t, b.get("/me/security"), "密码已保存", "已设置")
	redirects(t, elsewhere.get("/me"), "/login?return=%2Fme")

	// A proof by password, wrong and right; an e-mail; a taken one.
	a = b.get("/me/security/email")
	redirects(t, a, "/me/security/prove?return=%2Fme%2Fsecurity%2Femail")
	b.get(a.to())
	a = b.post("/me/security/prove", "do", "password", "password", "wrong horse 1")
	wantStatus(t, a, http.StatusUnprocessableEntity)
	contains(t, a, "密码不正确")
	redirects(t, b.post("/me/security/prove", "do", "password", "password", userPassword), "/me/security/email")
	b.get("/me/security/email")
	wantStatus(t, b.post("/me/security/email", "email", "nonsense"), http.StatusUnprocessableEntity)
	redirects(t, b.post("/me/security/email", "email", string(userEmail)), "/me/security")
	contains(t, b.get("/me/security"), "c***@example.com")
	second := w.member(2)
	second.prove(2, "/me/security/email")
	second.get("/me/security/email")
	a = second.post("/me/security/email", "email", string(userEmail))
	wantStatus(t, a, http.StatusConflict)
	contains(t, a, "这个邮箱已被其他账号使用", `value="chen@example.com"`)

	// Guessing inside is locked as at the door.
	for i := range 6 {
		b.get("/me/security/prove")
		a = b.post("/me/security/prove", "do", "password", "password", "wrong horse 1")
		if want := map[bool]int{false: 422, true: 429}[i == 5]; a.StatusCode != want {
			t.Errorf("try %d: status %d", i+1, a.StatusCode)
		}
	}
	w.member(1)
	b.get("/me/security")
	redirects(t, b.post("/me/security/devices"), "/me/security")
	if list, err := w.store.Devices(t.Context(), 1); err != nil || len(list) != 1 {
		t.Errorf("%d devices, %v", len(list), err)
	}
}

func TestChangePhone(t *testing.T) {
	w := newWorld(t, nil)
	b := w.member(1)
	old := w.phoneOf(1)
	b.prove(1, "/me/security/phone")
	b.get("/me/security/phone")
	a := b.post("/me/security/phone", "do", "code", "phone", string(old), "captcha", b.captcha())
	wantStatus(t, a, http.StatusUnprocessableEntity)
	contains(t, a, "这就是您现在的手机号")
	code := b.code("/me/security/phone", "/me/security/phone", newPhone, "phone", string(newPhone))
	wantStatus(t, b.post("/me/security/phone", "do", "next", "phone", string(newPhone), "code", other(code)), http.StatusUnprocessableEntity)
	wantStatus(t, b.post("/me/security/phone", "do", "next", "phone", string(w.phoneOf(2)), "code", code), http.StatusUnprocessableEntity)
	redirects(t, b.post("/me/security/phone", "do", "next", "phone", string(newPhone), "code", code), "/me/security")
	contains(t, b.get("/me/security"), newPhone.Masked(), "手机号已更换")
	if u, err := w.store.UserOfPhone(t.Context(), newPhone); err != nil || u.ID != 1 {
		t.Errorf("%+v, %v", u, err)
	}
	if _, err := w.store.UserOfPhone(t.Context(), old); xunjia.ErrorCode(err) != xunjia.NotFound {
		t.Errorf("the old phone: %v", err)
	}
}

// From another account's phone to the page of both, and to one account.
func TestMergeByPhone(t *testing.T) {
	w := newWorld(t, nil)
	b := w.member(1)
	theirs := w.member(2)
	one, two := w.phoneOf(1), w.phoneOf(2)
	b.prove(1, "/me/security/phone")
	code := b.code("/me/security/phone", "/me/security/phone", two, "phone", string(two))
	redirects(t, b.post("/me/security/phone", "do", "next", "phone", string(two), "code", code), "/me/merge")
	contains(t, b.get("/me/merge"), one.Masked(), two.Masked(), "不能撤销", "保留这个账号", "/me/merge/into/1", "/me/merge/into/2")
	for _, path := range []string{"/me/merge/into/3", "/me/merge/into/99999", "/me/merge/into/abc"} {
		wantStatus(t, b.get(path), http.StatusNotFound)
		b.get("/me/merge")
		wantStatus(t, b.post(path), http.StatusNotFound)
	}
	wantStatus(t, theirs.get("/me/merge/into/1"), http.StatusNotFound)
	contains(t, theirs.get("/me/merge"), "另一个账号的手机号")
	a := b.get("/me/merge/into/2")
	contains(t, a, "合并后不能撤销", "确定合并")
	// He keeps the other one and goes on as it.
	redirects(t, b.post("/me/merge/into/2"), "/me/security")
	if s := b.session(); s.UserID != 2 {
		t.Errorf("%+v", s)
	}
	contains(t, b.get("/me/security"), "两个账号已经合并", two.Masked())
	if u, err := w.store.User(t.Context(), 1); err != nil || !u.Disabled {
		t.Errorf("%+v, %v", u, err)
	}
	wantStatus(t, b.post("/me/merge/into/2"), http.StatusNotFound)
	w.later()
	c := w.browser()
	c.askCode("/login", one)
	redirects(t, c.post("/login", "do", "next", "phone", string(one), "code", w.outbox.code(one)), "/")
	if c.session().UserID != 2 {
		t.Errorf("the old phone logs in as %d", c.session().UserID)
	}
}

func TestMergeFromSecurity(t *testing.T) {
	w := newWorld(t, nil)
	b := w.member(1)
	two := w.phoneOf(2)
	code := b.code("/me/merge", "/me/merge", newPhone, "phone", string(newPhone))
	a := b.post("/me/merge", "do", "next", "phone", string(newPhone), "code", code)
	wantStatus(t, a, http.StatusUnprocessableEntity)
	contains(t, a, "这个手机号没有账号")
	code = b.code("/me/merge", "/me/merge", two, "phone", string(two))
	redirects(t, b.post("/me/merge", "do", "next", "phone", string(two), "code", code), "/me/merge")
	// His own side is to be proved as well.
	redirects(t, b.get("/me/merge/into/1"), "/me/security/prove?return=%2Fme%2Fmerge%2Finto%2F1")
	b.get("/me/merge")
	redirects(t, b.post("/me/merge/into/1"), "/me/security/prove?return=%2Fme%2Fmerge%2Finto%2F1")
	b.get("/me/merge")
	redirects(t, b.post("/me/merge/drop"), "/me/security")
	contains(t, b.get("/me/merge"), "另一个账号的手机号")

	// A disabled account is refused, with a clear page.
	disable(t, w, 2)
	w.later()
	c := w.member(3)
	code = c.code("/me/merge", "/me/merge", two, "phone", string(two))
	a = c.post("/me/merge", "do", "next", "phone", string(two), "code", code)
	wantStatus(t, a, http.StatusConflict)
	contains(t, a, "其中一个账号已停用，不能合并", "两个账号都没有改变")
}

// A WeChat that belongs to another account: its phone must be proved first.
func TestMergeByWeChat(t *testing.T) {
	w := newSimWorld(t)
	fan := w.follow("fan")
	if err := w.store.BindIdentity(t.Context(), fan.ID, 2); err != nil {
		t.Fatal(err)
	}
	b := w.member(1)
	b.agent = w.weChat().agent
	redirects(t, b.get(w.consent("fan", b.get("/me/wechat/bind").to(), "allow")), "/me/merge")
	name := ""
	if u, err := w.store.User(t.Context(), 2); err == nil {
		name = u.Name
	}
	a := b.get("/me/merge")
	if strings.Contains(a.body, name) || strings.Contains(a.body, "保留这个账号") {
		t.Error("tells, or permits, too much before the other phone is proved")
	}
	redirects(t, b.get("/me/merge/into/1"), "/me/merge")
	two := w.phoneOf(2)
	code := b.code("/me/merge", "/me/merge/prove", two)
	wantStatus(t, b.post("/me/merge/prove", "do", "next", "code", other(code)), http.StatusUnprocessableEntity)
	redirects(t, b.post("/me/merge/prove", "do", "next", "code", code), "/me/merge")
	contains(t, b.get("/me/merge"), name, "保留这个账号")
	b.prove(1, "/me/merge/into/1")
	b.get("/me/merge/into/1")
	redirects(t, b.post("/me/merge/into/1"), "/me/security")
	if i, err := w.store.Identity(t.Context(), fan.ID); err != nil || i.UserID != 1 {
		t.Errorf("%+v, %v", i, err)
	}
	if b.session().UserID != 1 {
		t.Errorf("%+v", b.session())
	}
	guest := w.browser()
	guest.get("/login")
	wantStatus(t, guest.post("/me/merge/prove", "do", "next", "code", code), http.StatusUnauthorized)
}

// A code for one purpose is worthless for another.
func TestPurposesDiffer(t *testing.T) {
	seen := map[sms.Purpose]bool{}
	for _, p := range []sms.Purpose{sms.Register, sms.Login, sms.Reset, sms.Bind, sms.Prove, sms.Merge} {
		if seen[p] {
			t.Errorf("%s twice", p)
		}
		seen[p] = true
	}
	w := newWorld(t, nil)
	b := w.member(1)
	code := b.code("/me/security/prove", "/me/security/prove", w.phoneOf(1))
	guest := w.browser()
	guest.get("/login")
	wantStatus(t, guest.post("/login", "do", "next", "phone", string(w.phoneOf(1)), "code", code), http.StatusUnprocessableEntity)
}
