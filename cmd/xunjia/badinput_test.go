package main

import (
	"bytes"
	"compress/zlib"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/xunjia/xunjia"
	"github.com/xunjia/xunjia/handlers"
)

// TestBadInput sends the whole program what nobody should send it. Each time
// the visitor reads in Chinese what is wrong, keeps what he typed, and nothing
// is written.
func TestBadInput(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		t.Run("codes", func(t *testing.T) { badCodes(t, w) })
		t.Run("phones", func(t *testing.T) { badPhones(t, w) })
		t.Run("register twice", func(t *testing.T) { registerTwice(t, w) })
		m := market{
			world: w, buyer: w.member(t, "19900000001"), supplier: w.member(t, "19900000007"),
			second: w.member(t, "19900000010"), stranger: w.member(t, "19900000012"),
		}
		t.Run("quotes", m.badQuotes)
		t.Run("pictures", m.badPictures)
		t.Run("foreign ids", m.foreignIDs)
		t.Run("twice", m.twice)
		t.Run("forged forms", m.forgedForms)
		t.Run("strangers", m.strangers)
		t.Run("closed", m.closed) // moves the clock
	})
}

// market is a world with people of the sample data in it.
type market struct {
	*world
	buyer, supplier, second, stranger *visitor
}

func badCodes(t *testing.T, w *world) {
	v, other := w.visitor(), w.visitor()
	v.phone, other.phone = "13911110001", "13911110002"
	code := v.askCode(t, "/register?return=%2Fme")
	other.get(t, "/register")
	w.unchanged(t, func() {
		for _, c := range []struct {
			name, phone, code string
			want              string
		}{
			{"missing", string(v.phone), "", "请填写短信验证码"},
			{"too short", string(v.phone), code[:5], "验证码是 6 位数字"},
			{"too long", string(v.phone), code + "1", "验证码是 6 位数字"},
			{"letters", string(v.phone), "<b>12a", "验证码不正确，还可以再试 4 次"},
			{"wrong", string(v.phone), wrong(code), "验证码不正确，还可以再试 3 次"},
			{"of another phone", string(other.phone), code, "请先获取验证码"},
		} {
			p := v.post(t, "/register", "do", "next", "phone", c.phone, "code", c.code)
			says(t, p, http.StatusUnprocessableEntity, c.want)
			keeps(t, p, `value="`+c.phone+`"`, c.code)
			if v.form.Get("return") != "/me" {
				t.Errorf("%s: the page he came for is forgotten", c.name)
			}
		}
		says(t, other.post(t, "/register", "do", "next", "phone", string(v.phone), "code", code), http.StatusUnprocessableEntity, "请先获取验证码")
		p := v.post(t, "/register", "do", "code", "phone", string(v.phone), "captcha", "")
		says(t, p, http.StatusUnprocessableEntity, "请填写图片里的数字")
		p = v.post(t, "/register", "do", "code", "phone", string(v.phone), "captcha", "abcde")
		says(t, p, http.StatusUnprocessableEntity, "图形验证码不正确")
		eye := v.eye(t)
		eye.forgetCaptchas()
		v.get(t, "/register")
		p = v.post(t, "/register", "do", "code", "phone", string(v.phone), "captcha", eye.captcha())
		says(t, p, http.StatusTooManyRequests, "验证码刚刚发过")
		if p.Header.Get("Retry-After") == "" && !strings.Contains(p.body, "data-wait=") {
			t.Errorf("nothing tells how long to wait: %s", p)
		}
		for range 3 {
			p = v.post(t, "/register", "do", "next", "phone", string(v.phone), "code", wrong(code))
		}
		says(t, p, http.StatusUnprocessableEntity, "输错次数太多")
		says(t, v.post(t, "/register", "do", "next", "phone", string(v.phone), "code", code), http.StatusUnprocessableEntity, "输错次数太多")
		leads(t, v.get(t, "/me"), "/login?return=%2Fme")
	})
	late := w.visitor()
	late.phone = "13911110003"
	known := w.challenges(t)
	code = late.askCode(t, "/login")
	for key := range w.challenges(t) {
		if !known[key] { // five minutes later
			if err := w.redis.HSet(t.Context(), key, "until", "1").Err(); err != nil {
				t.Fatal(err)
			}
		}
	}
	w.unchanged(t, func() {
		says(t, late.post(t, "/login", "do", "next", "phone", string(late.phone), "code", code), http.StatusUnprocessableEntity, "验证码已过期，请重新获取")
	})
}

// challenges are the keys under which Redis keeps codes.
func (w *world) challenges(t *testing.T) map[string]bool {
	t.Helper()
	keys, err := w.redis.Keys(t.Context(), "*}:code:*").Result()
	if err != nil {
		t.Fatal(err)
	}
	set := map[string]bool{}
	for _, k := range keys {
		set[k] = true
	}
	return set
}

// wrong is another code.
func wrong(code string) string {
	if code[5] == '0' {
		return code[:5] + "1"
	}
	return code[:5] + "0"
}

func badPhones(t *testing.T, w *world) {
	v := w.visitor()
	w.unchanged(t, func() {
		for _, form := range []string{"/login", "/register"} {
			for _, phone := range []string{"", "1391234567", "139123456789", "10912345678", "+1 415 555 0100", "010-88888888", "23912345678", "手机号", "1391234567x", `"><script>`} {
				for _, do := range []string{"code", "next"} {
					eye := v.eye(t)
					eye.forgetCaptchas()
					v.get(t, form)
					p := v.post(t, form, "do", do, "phone", phone, "code", "123456", "captcha", eye.captcha())
					want := "请填写 11 位中国大陆手机号"
					if phone == "" {
						want = "请填写手机号"
					}
					says(t, p, http.StatusUnprocessableEntity, want)
					keeps(t, p, phone)
				}
			}
		}
	})
}

// registerTwice taps "next" many times: one user comes of it, and every other
// tap is told what to do.
func registerTwice(t *testing.T, w *world) {
	v := w.visitor()
	v.phone = "13911110009"
	code := v.askCode(t, "/register")
	before := w.count(t, "SELECT COUNT(*) FROM users")
	form := v.filled("do", "next", "phone", string(v.phone), "code", code)
	count, one := v.mash(t, "/register", form)
	if count[http.StatusSeeOther] != 1 || one[http.StatusSeeOther].to() != "/register/profile" {
		t.Errorf("statuses %v, want one redirect: %v", count, one[http.StatusSeeOther])
	}
	for status, p := range one {
		switch status {
		case http.StatusSeeOther:
		case http.StatusForbidden: // the session was replaced at the login
			says(t, p, status, "返回刷新")
		case http.StatusServiceUnavailable: // a machine too slow for Redis's time-out
			says(t, p, status, "请稍后再试")
		default:
			says(t, p, http.StatusUnprocessableEntity, "验证码")
		}
	}
	if n := w.count(t, "SELECT COUNT(*) FROM users"); n != before+1 {
		t.Errorf("%d users more", n-before)
	}
	// The code is used up, whoever types it.
	late := w.visitor()
	late.get(t, "/register")
	says(t, late.post(t, "/register", "do", "next", "phone", string(v.phone), "code", code), http.StatusUnprocessableEntity, "验证码")

	// The other two steps, many times each.
	says(t, v.get(t, "/register/profile"), http.StatusOK)
	w.unchanged(t, func() {
		p := v.post(t, "/register/profile", "do", "next", "name", "川", "province", "510000")
		says(t, p, http.StatusUnprocessableEntity, "请选择您的业务类型", "名称为 2 到 40 个字", "请选择到城市和区县")
		keeps(t, p, `value="川"`)
	})
	form = v.filled("do", "next", "kind", "7", "name", "陇西药农合作社", "province", "440000", "city", "441900")
	if count, _ = v.mash(t, "/register/profile", form); count[http.StatusSeeOther] != crowd {
		t.Errorf("profile: statuses %v", count)
	}
	says(t, v.get(t, "/register/categories"), http.StatusOK)
	w.unchanged(t, func() {
		says(t, v.post(t, "/register/categories", "do", "next"), http.StatusUnprocessableEntity, "请至少选择一个品种")
		says(t, v.post(t, "/register/categories", "do", "next", "category", "999999999"), http.StatusUnprocessableEntity, "品种")
	})
	followed := w.count(t, "SELECT COUNT(*) FROM user_category")
	if count, _ = v.mash(t, "/register/categories", v.filled("do", "next", "category", w.category(t, "黄连"))); count[http.StatusSeeOther] != crowd {
		t.Errorf("categories: statuses %v", count)
	}
	if n := w.count(t, "SELECT COUNT(*) FROM user_category"); n != followed+1 {
		t.Errorf("follows %d categories", n-followed)
	}
	says(t, v.get(t, "/me"), http.StatusOK, "陇西药农合作社")
}

func (m market) badQuotes(t *testing.T) {
	line := m.buyer.publish(t).Lines[0].ID
	path := fmt.Sprintf("/lines/%d/quote", line)
	m.unchanged(t, func() {
		m.supplier.get(t, path)
		for _, c := range []struct{ price, want string }{
			{"", "请填写报价"}, {"0", "必须大于 0"}, {"0.00", "必须大于 0"}, {"-1", "必须大于 0"}, {"-0.01", "必须大于 0"},
			{"0.001", "最多两位小数"}, {"便宜", "请填写数字"}, {"NaN", "请填写数字"}, {"1e9", "请填写数字"}, {"99999999", "不能超过一千万元"}, {"99999999999999999999", "请填写数字"},
			{"10000000.01", "一千万元"}, {"1;DROP TABLE quote", "请填写数字"},
		} {
			p := m.supplier.post(t, path, "price", c.price, "quality", "今年新货，无硫", "explanation", "现货 <3 吨>")
			says(t, p, http.StatusUnprocessableEntity, c.want)
			keeps(t, p, "今年新货，无硫", "现货 <3 吨>", `value="`+c.price+`"`)
		}
		long := strings.Repeat("长", 501)
		p := m.supplier.post(t, path, "price", "280", "quality", long)
		says(t, p, http.StatusUnprocessableEntity, "最多 500 个字")
		keeps(t, p, long, `value="280"`)
		p = m.supplier.post(t, path, "price", "280", "photos.1", "nobodys-picture")
		says(t, p, http.StatusUnprocessableEntity, "图片")
		// One's own request, by the page and past it.
		says(t, m.buyer.get(t, path), http.StatusForbidden, "不能给自己的采购单报价")
		m.buyer.get(t, "/me/profile")
		says(t, m.buyer.post(t, path, "price", "1"), http.StatusForbidden, "不能给自己的采购单报价")
	})
	// The form was open when the buyer ended the request.
	m.supplier.get(t, path)
	form := m.supplier.form
	p, _, err := m.store.PurchaseOfLine(t.Context(), line)
	if err != nil {
		t.Fatal(err)
	}
	end := xunjia.PurchasePath(p.ID) + "/end"
	m.buyer.get(t, end)
	leads(t, m.buyer.post(t, end), xunjia.PurchasePath(p.ID))
	m.unchanged(t, func() {
		m.supplier.form = form
		says(t, m.supplier.post(t, path, "price", "280"), http.StatusConflict, "报价已截止，不能再报价")
		says(t, m.supplier.get(t, path), http.StatusConflict, "报价已截止，不能再报价")
	})
}

// closed quotes on requests that are over: at their deadline, to the second,
// closed by the buyer and purchased.
func (m market) closed(t *testing.T) {
	soon := m.clock.now().Add(xunjia.MinDeadline + 2*time.Minute)
	p := m.buyer.publish(t, "deadline", "at", "deadline_at", soon.In(xunjia.China()).Format("2006-01-02T15:04"))
	path := fmt.Sprintf("/lines/%d/quote", p.Lines[0].ID)
	says(t, m.supplier.get(t, path), http.StatusOK)
	m.settle(t)
	m.clock.advance(time.Until(p.Deadline) - time.Duration(m.clock.ahead.Load()))
	says(t, m.supplier.post(t, path, "price", "280", "quality", "今年新货"), http.StatusConflict, "报价已截止，不能再报价")
	if quotes := m.count(t, fmt.Sprintf("SELECT COUNT(*) FROM quote WHERE purchase_id = %d", p.ID)); quotes != 0 {
		t.Errorf("%d quotes after the deadline", quotes)
	}
	m.awaitStatus(t, p.ID, xunjia.QuotingEnded)
	m.settle(t)

	met := map[xunjia.PurchaseStatus]bool{}
	for n := 1; n <= 13; n++ { // the people of the sample data
		u, err := m.store.RegisterPhone(t.Context(), xunjia.Phone(fmt.Sprintf("199000000%02d", n)), 0)
		if err != nil {
			t.Fatal(err)
		}
		list, err := m.store.PurchasesOf(t.Context(), u.ID, xunjia.Page{Limit: 100})
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range list.Items {
			want := map[xunjia.PurchaseStatus]string{xunjia.Closed: "采购单已关闭，不能再报价", xunjia.Purchased: "采购已经完成，不能再报价"}[p.Status]
			if want == "" || u.ID == m.stranger.id {
				continue
			}
			met[p.Status] = true
			path := fmt.Sprintf("/lines/%d/quote", p.Lines[0].ID)
			m.unchanged(t, func() {
				says(t, m.stranger.get(t, path), http.StatusConflict, want)
				m.stranger.get(t, "/me/profile")
				says(t, m.stranger.post(t, path, "price", "280"), http.StatusConflict, want)
			})
		}
	}
	if len(met) != 2 {
		t.Errorf("the sample data has requests of %v only", slices.Collect(maps.Keys(met)))
	}
}

// bomb is a PNG of a few KB that promises and holds 20000 × 20000 pixels.
func bomb(t *testing.T) []byte {
	t.Helper()
	const side = 20000
	var pixels bytes.Buffer
	z, err := zlib.NewWriterLevel(&pixels, zlib.BestSpeed)
	if err != nil {
		t.Fatal(err)
	}
	row := make([]byte, 1+side/8) // one bit a pixel
	for range side {
		if _, err := z.Write(row); err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	b.WriteString("\x89PNG\r\n\x1a\n")
	chunk := func(name string, data []byte) {
		_ = binary.Write(&b, binary.BigEndian, uint32(len(data)))
		b.WriteString(name)
		b.Write(data)
		_ = binary.Write(&b, binary.BigEndian, crc32.ChecksumIEEE(append([]byte(name), data...)))
	}
	header := binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(nil, side), side)
	chunk("IHDR", append(header, 1, 0, 0, 0, 0))
	chunk("IDAT", pixels.Bytes())
	chunk("IEND", nil)
	return b.Bytes()
}

func (m market) badPictures(t *testing.T) {
	photo, err := samples.ReadFile("samples/黄连.jpg")
	if err != nil {
		t.Fatal(err)
	}
	line := m.buyer.publish(t).Lines[0].ID
	path := fmt.Sprintf("/lines/%d/quote", line)
	m.unchanged(t, func() {
		for _, c := range []struct {
			name   string
			data   []byte
			status int // where it comes alone
			want   string
		}{
			{"25 MB", append(bytes.Clone(photo), make([]byte, 25<<20)...), http.StatusRequestEntityTooLarge, "图片太大了，每张最多 10 MB"},
			{"20000×20000", bomb(t), http.StatusRequestEntityTooLarge, "像素"},
			{"empty", nil, http.StatusUnprocessableEntity, "图片"},
			{"text", []byte("no picture"), http.StatusUnprocessableEntity, "只支持 JPG、PNG、GIF、WebP 图片"},
			{"half a document", []byte("%PDF-1.7\n"), http.StatusUnprocessableEntity, "PDF 不完整"},
			{"a document with a script", []byte("%PDF-1.7\n<</OpenAction<</S/JavaScript/JS(x)>>>>\n%%EOF"), http.StatusUnprocessableEntity, "PDF 里有脚本、附件或自动执行的动作"},
			{"a script", []byte(`<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>`), http.StatusUnprocessableEntity, "只支持 JPG、PNG、GIF、WebP 图片"},
			{"cut off", photo[:len(photo)/3], http.StatusUnprocessableEntity, "图片"},
		} {
			t.Run(c.name, func(t *testing.T) {
				m.supplier.get(t, path)
				p := m.supplier.upload(t, path, []file{{"photos.1_file", c.data}}, "price", "280", "quality", "今年新货，无硫")
				says(t, p, http.StatusUnprocessableEntity, c.want)
				keeps(t, p, `value="280"`, "今年新货，无硫")
				draft := m.buyer.draft(t)
				p = m.buyer.upload(t, "/purchases/new", []file{{"lines.0.images_file", c.data}}, draft...)
				says(t, p, http.StatusUnprocessableEntity, c.want)
				keeps(t, p, `value="500"`, "无硫，过检", "样品先寄")
				m.buyer.get(t, "/me/profile")
				p = m.buyer.upload(t, "/media", []file{{"file", c.data}})
				says(t, p, c.status, c.want)
			})
		}
		m.buyer.get(t, "/me/profile")
		says(t, m.buyer.upload(t, "/media", nil), http.StatusUnprocessableEntity, "请选择一张图片")
	})
}

// foreignIDs asks for everything that has an id, with ids of others and ids
// that are none.
func (m market) foreignIDs(t *testing.T) {
	p := m.buyer.publish(t)
	quote := m.supplier.quote(t, p.Lines[0].ID, "286")
	m.awaitNotice(t, m.buyer.id, xunjia.PurchasingNotice, "收到报价")
	notices, err := m.store.Notifications(t.Context(), m.buyer.id, xunjia.PurchasingNotice, xunjia.Page{})
	if err != nil {
		t.Fatal(err)
	}
	foreign := map[string]int64{"purchases": p.ID, "quotes": quote, "inbox": notices.Items[0].ID}
	none := []string{"999999999", "0", "-1", "x", "1.5", "1e3", "9223372036854775808", "1%20OR%201=1", "%F0%9F%98%80", "１"}
	m.unchanged(t, func() {
		for _, line := range handlers.Routes() {
			method, pattern, audience := route(line)
			if audience != "member" && pattern != "/purchases/:id" || !strings.Contains(pattern, ":") {
				continue
			}
			noun := strings.Split(pattern, "/")[1]
			ids := none
			open := pattern == "/purchases/:id" || pattern == "/purchases/:id/questions" || pattern == "/purchases/:id/versions" // for every supplier
			if id, ok := foreign[noun]; ok && !open {
				ids = append(slices.Clone(none), fmt.Sprint(id))
			}
			for _, id := range ids {
				m.stranger.get(t, "/me/profile")
				path := strings.Replace(pattern, ":id", id, 1)
				var a answer
				if method == http.MethodGet {
					a = m.stranger.get(t, path)
				} else {
					a = m.stranger.post(t, path, "do", "accept", "revision", "1", "message", "好的", "price", "1")
				}
				says(t, a, http.StatusNotFound, "没有找到")
			}
		}
		// The supplier and the buyer may not do what is the other's.
		for v, paths := range map[*visitor][]string{
			m.supplier: {xunjia.PurchasePath(p.ID) + "/end", xunjia.QuotePath(quote) + "/answer"},
			m.buyer:    {xunjia.QuotePath(quote) + "/withdraw"},
		} {
			for _, path := range paths {
				v.get(t, "/me/profile")
				says(t, v.post(t, path, "do", "accept", "revision", "1"), http.StatusNotFound, "没有找到")
				says(t, v.get(t, path), http.StatusNotFound, "没有找到")
			}
		}
		guest, other := m.visitor(), m.visitor()
		guest.get(t, "/login")
		other.get(t, "/login")
		says(t, other.get(t, "/captcha/"+guest.form.Get("captcha_id")), http.StatusNotFound, "图形验证码已过期")
		says(t, guest.get(t, "/purchases?after=nonsense"), http.StatusUnprocessableEntity)
		says(t, guest.get(t, "/nothing/here"), http.StatusNotFound, "没有找到这个页面")
		says(t, guest.do(t, guest.request(http.MethodDelete, "/me", nil)), http.StatusMethodNotAllowed, "不能这样访问")
		m.badMedia(t)
	})
}

// badMedia asks for pictures that do not exist and offers one of somebody else.
func (m market) badMedia(t *testing.T) {
	for _, path := range []string{"/media/nokey/pc", "/media/..%2f..%2fsecret/pc", "/media/x/huge", "/media/%00/pc"} {
		says(t, m.stranger.get(t, path), http.StatusNotFound)
	}
	list, err := m.store.OpenPurchases(t.Context(), xunjia.Page{Limit: 100})
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range list.Items {
		if len(p.Lines[0].Images) == 0 {
			continue
		}
		a := m.buyer.post(t, "/purchases/new", m.buyer.draft(t, "lines.0.images", p.Lines[0].Images[0].Media)...)
		says(t, a, http.StatusUnprocessableEntity, "有图片已失效，请重新上传")
		return
	}
	t.Error("no request of the sample data has a picture")
}

// route takes a line of handlers.Routes apart.
func route(line string) (method, pattern, audience string) {
	parts := strings.Fields(line)
	return parts[0], parts[1], strings.Trim(parts[2], "()")
}
