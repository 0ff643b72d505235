package handlers

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/xunjia/xunjia"
)

const newPhone = xunjia.Phone("13912345678")

// askCode opens the form and asks for a code, as without a script.
func (b *browser) askCode(page string, phone xunjia.Phone) {
	b.t.Helper()
	wantStatus(b.t, b.get(page), http.StatusOK)
	a := b.post(strings.SplitN(page, "?", 2)[0], "do", "code", "phone", string(phone), "captcha", b.captcha())
	wantStatus(b.t, a, http.StatusOK)
	contains(b.t, a, "验证码已发送到 "+phone.Masked(), `data-wait="60"`, `value="`+string(phone)+`"`)
}

// From the page that he came for through three steps back to that page.
func TestRegistration(t *testing.T) {
	w := newWorld(t, nil)
	b := w.browser()
	redirects(t, b.get("/inbox?type=2"), "/login?return=%2Finbox%3Ftype%3D2")
	b.askCode("/register?return=%2Finbox%3Ftype%3D2", newPhone)
	guest := b.session()
	a := b.post("/register", "do", "next", "phone", string(newPhone), "code", w.outbox.code(newPhone))
	redirects(t, a, "/register/profile?return=%2Finbox%3Ftype%3D2")
	if s := b.session(); s.ID == guest.ID || s.Kind != xunjia.UserSession || s.UserID == 0 {
		t.Errorf("session after login: %+v, before: %+v", s, guest)
	}

	// Somebody in the middle of registering is no member yet.
	redirects(t, b.get("/me"), "/register/profile?return=%2Fme")
	redirects(t, b.get("/register/categories"), "/register/profile")
	wantStatus(t, b.get(a.to()), http.StatusOK)
	a = b.post("/register/profile", "do", "next", "kind", "6", "name", "  川源药材行 ", "province", "510000", "city", "510100", "district", "510106")
	redirects(t, a, "/register/categories?return=%2Finbox%3Ftype%3D2")

	page := b.get(a.to())
	contains(t, page, "完成注册", "黄连")
	a = b.post("/register/categories", "do", "next")
	wantStatus(t, a, http.StatusUnprocessableEntity)
	contains(t, a, "请至少选择一个品种")
	ids := categoryIDs(t, w)
	a = b.post("/register/categories", "do", "next", "category", ids[0], "+category", ids[1])
	redirects(t, a, "/inbox?type=2")
	a = b.get(a.to())
	wantStatus(t, a, http.StatusOK)
	contains(t, a, "注册成功")
	me := b.get("/me")
	contains(t, me, "川源药材行", "四川省成都市金牛区", "139****5678", "2 个")
	if strings.Contains(me.body, "注册成功") {
		t.Error("the message is shown twice")
	}
	redirects(t, b.get("/login?return=%2Fme"), "/me")
}

func categoryIDs(t *testing.T, w *world) []string {
	t.Helper()
	found, err := w.store.SearchCategories(t.Context(), "黄", 5)
	if err != nil || len(found) < 2 {
		t.Fatalf("categories: %v, %v", found, err)
	}
	var ids []string
	for _, c := range found {
		ids = append(ids, url.QueryEscape(jsonNumber(c.ID)))
	}
	return ids
}

func jsonNumber(n int64) string {
	b, _ := json.Marshal(n)
	return string(b)
}

// What is wrong is said at its field, and what was typed stays.
func TestPhoneFormComplaints(t *testing.T) {
	w := newWorld(t, nil)
	for _, c := range []struct {
		name   string
		fields []string
		status int
		field  string
		text   string
	}{
		{"no phone", []string{"do", "code"}, 422, "phone", "请填写手机号"},
		{"foreign phone", []string{"do", "code", "phone", "+1 415 555 0100"}, 422, "phone", "请填写 11 位中国大陆手机号"},
		{"no captcha", []string{"do", "code", "phone", "13912345678"}, 422, "captcha", "请填写图片里的数字"},
		{"wrong captcha", []string{"do", "code", "phone", "13912345678", "captcha", "abcde"}, 422, "captcha", "图形验证码"},
		{"no code", []string{"do", "next", "phone", "13912345678"}, 422, "code", ""},
		{"code never sent", []string{"do", "next", "phone", "13912345678", "code", "123456"}, 422, "code", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := w.browser()
			b.get("/register?return=%2Fme")
			picture := b.form.Get("captcha_id")
			a := b.post("/register", c.fields...)
			wantStatus(t, a, c.status)
			error := between(a.body, `id="`+c.field+`-error" role="alert">`, "</p>")
			if error == "" || !strings.Contains(error, c.text) {
				t.Errorf("field %s says %q, want %q", c.field, error, c.text)
			}
			if b.form.Get("return") != "/me" {
				t.Errorf("return path became %q", b.form.Get("return"))
			}
			for i := 0; i < len(c.fields); i += 2 {
				if name := c.fields[i]; name == "phone" || name == "code" {
					contains(t, a, `value="`+htmlEscape(c.fields[i+1])+`"`)
				}
			}
			if c.field == "phone" && c.fields[1] == "code" && b.form.Get("captcha_id") != picture {
				t.Error("the captcha was used up by a wrong phone")
			}
			if c.field == "captcha" && b.form.Get("captcha_id") == picture {
				t.Error("the used captcha is shown again")
			}
		})
	}
	if w.outbox.sent != 0 {
		t.Errorf("%d codes were sent", w.outbox.sent)
	}
}

func htmlEscape(s string) string { return strings.ReplaceAll(s, "+", "&#43;") }

func between(s, from, to string) string {
	_, rest, _ := strings.Cut(s, from)
	text, _, _ := strings.Cut(rest, to)
	return text
}

// A code works once, for its phone, in its browser, and not too many guesses.
func TestCodes(t *testing.T) {
	w := newWorld(t, nil)
	b := w.browser()
	b.askCode("/login", newPhone)
	code := w.outbox.code(newPhone)

	other := w.browser()
	other.get("/login")
	wantStatus(t, other.post("/login", "do", "next", "phone", string(newPhone), "code", code), 422)
	wantStatus(t, b.post("/login", "do", "next", "phone", "13912345679", "code", code), 422)
	wrong := "000000"
	if code == wrong {
		wrong = "000001"
	}
	a := b.post("/login", "do", "next", "phone", string(newPhone), "code", wrong)
	wantStatus(t, a, 422)
	redirects(t, b.post("/login", "do", "next", "phone", string(newPhone), "code", code), "/register/profile")

	again := w.browser()
	again.get("/login")
	wantStatus(t, again.post("/login", "do", "next", "phone", string(newPhone), "code", code), 422)
}

// Asking twice within a minute is refused, with the time to wait.
func TestTooOften(t *testing.T) {
	w := newWorld(t, nil)
	b := w.browser()
	b.askCode("/login", newPhone)
	a := b.post("/login", "do", "code", "phone", string(newPhone), "captcha", b.captcha())
	wantStatus(t, a, http.StatusTooManyRequests)
	if a.Header.Get("Retry-After") == "" && !strings.Contains(a.body, "data-wait=") {
		t.Error("nothing tells how long to wait")
	}
	contains(t, a, "验证码刚刚发过")
	if w.outbox.sent != 1 {
		t.Errorf("%d codes were sent, want 1", w.outbox.sent)
	}
}

// The answer does not tell whether a phone is known.
func TestSameAnswerForKnownAndUnknownPhones(t *testing.T) {
	w := newWorld(t, nil)
	known, err := w.store.User(t.Context(), 1)
	if err != nil {
		t.Fatal(err)
	}
	pages := map[xunjia.Phone]string{}
	for _, phone := range []xunjia.Phone{known.Phone, newPhone} {
		b := w.browser()
		b.get("/login")
		r := b.request("/login", "do", "code", "phone", string(phone), "captcha", b.captcha())
		r.Header.Set("Accept", "application/json")
		a := b.do(r)
		wantStatus(t, a, http.StatusOK)
		var body map[string]any
		if err := json.Unmarshal([]byte(a.body), &body); err != nil {
			t.Fatal(err)
		}
		if body["wait"] != 60.0 || body["captcha"] == "" {
			t.Errorf("answer to the script: %v", body)
		}
		delete(body, "captcha")
		text, _ := json.Marshal(body)
		pages[phone] = strings.ReplaceAll(string(text), phone.Masked(), "PHONE")
	}
	if pages[known.Phone] != pages[newPhone] {
		t.Errorf("known: %s\nunknown: %s", pages[known.Phone], pages[newPhone])
	}
}

func TestProfileComplaints(t *testing.T) {
	w := newWorld(t, nil)
	user, err := w.store.RegisterPhone(t.Context(), newPhone, 0)
	if err != nil {
		t.Fatal(err)
	}
	b := w.member(user.ID)
	b.get("/register/profile")
	a := b.post("/register/profile", "do", "next", "name", "川", "province", "510000")
	wantStatus(t, a, 422)
	contains(t, a, "请选择您的业务类型", "名称为 2 到 40 个字", "请选择到城市和区县", `value="川"`, `<option value="510100">`)

	// Without a script a button loads the next level.
	a = b.post("/register/profile", "do", "area", "province", "510000", "city", "510100", "kind", "7")
	wantStatus(t, a, http.StatusOK)
	contains(t, a, `<option value="510106">`, `value="7" checked`)

	// A city that has no districts is enough; a province with one city too.
	redirects(t, b.post("/register/profile", "do", "next", "kind", "7", "name", "东莞药农", "province", "440000", "city", "441900"), "/register/categories")
	b.get("/register/profile")
	redirects(t, b.post("/register/profile", "do", "next", "kind", "7", "name", "北京药农", "province", "110000", "district", "110105"), "/register/categories")

	// Search without a script keeps what is chosen.
	b.get("/register/categories")
	a = b.post("/register/categories", "do", "search", "q", "hl", "category", categoryIDs(t, w)[0])
	wantStatus(t, a, http.StatusOK)
	contains(t, a, `value="hl"`, "checked", "hidden")
}

func TestLaterChanges(t *testing.T) {
	w := newWorld(t, nil)
	b := w.member(1)
	b.get("/me/profile")
	a := b.post("/me/profile", "do", "next", "kind", "3", "name", "新名称制药有限公司", "province", "440000", "city", "441900")
	redirects(t, a, "/me")
	contains(t, b.get("/me"), "资料已保存", "新名称制药有限公司", "东莞市")
	b.get("/me/categories")
	redirects(t, b.post("/me/categories", "do", "next", "category", categoryIDs(t, w)[0]), "/me")
	contains(t, b.get("/me"), "1 个")
	b.get("/me")
	redirects(t, b.post("/logout"), "/")
	redirects(t, b.get("/me"), "/login?return=%2Fme")
}
