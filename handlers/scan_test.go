package handlers

import (
	"bytes"
	"image/png"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/xunjia/xunjia"
)

// scanned logs a PC in by the phone of fan, up to the question on the phone.
func scanned(t *testing.T, w *simWorld, pc *browser, user string) (watch string, token string) {
	t.Helper()
	pc.get("/login")
	code := pc.json("/login/scan?return=%2Fme")
	watch = code["watch"].(string)
	w.scan(user, w.code(pc, watch).URL)
	return watch, w.said(user, `电脑上登录[\s\S]*/scan/([A-Z2-7]+)"`)
}

// A registered fan scans, agrees on his phone, and the PC is his: with a new
// session, once, on that browser only.
func TestScanLogin(t *testing.T) {
	w := newSimWorld(t)
	fan := w.follow("fan")
	user, err := w.store.RegisterPhone(t.Context(), newPhone, fan.ID)
	if err != nil {
		t.Fatal(err)
	}
	pc, thief := w.browser(), w.browser()
	watch, token := scanned(t, w, pc, "fan")
	before := pc.session()
	picture := pc.get("/login/scan/" + w.code(pc, watch).ID + "/picture")
	if img, err := png.Decode(bytes.NewReader([]byte(picture.body))); err != nil || img.Bounds().Dx() < 200 {
		t.Errorf("picture: %v", err)
	}
	if again := pc.json("/login/scan?return=%2Fme"); again["watch"] != watch || again["state"] != "scanned" {
		t.Errorf("the code is not kept: %v", again)
	}
	thief.get("/login")
	wantStatus(t, thief.get(watch), http.StatusNotFound)
	wantStatus(t, thief.get(strings.Split(watch, "?")[0]+"/picture"), http.StatusNotFound)

	phone := w.weChat()
	contains(t, phone.get("/scan/"+token), "在电脑上登录询价通？", newPhone.Masked(), "确认登录", "取消")
	if state := pc.json(watch)["state"]; state != "scanned" {
		t.Errorf("state %v before the answer", state)
	}
	contains(t, phone.post("/scan/"+token, "do", "yes"), "回到电脑上继续")
	wantStatus(t, thief.get(watch), http.StatusNotFound)
	if answer := pc.json(watch); answer["next"] != "/register/profile?return=%2Fme" {
		t.Fatalf("after the answer: %v", answer)
	}
	if s := pc.session(); s.UserID != user.ID || s.Kind != xunjia.UserSession || s.ID == before.ID {
		t.Errorf("session %+v, before %+v", s, before)
	}
	wantStatus(t, pc.get(watch), http.StatusNotFound)
	phone.get("/register?phone=1")
	if a := phone.post("/scan/"+token, "do", "yes"); a.StatusCode != http.StatusNotFound {
		t.Errorf("answered twice: %d %s", a.StatusCode, a.body)
	}
	if thief.session().UserID != 0 || phone.session().UserID != 0 {
		t.Error("somebody else was logged in")
	}
}

func TestScanLoginRefused(t *testing.T) {
	w := newSimWorld(t)
	fan := w.follow("fan")
	if _, err := w.store.RegisterPhone(t.Context(), newPhone, fan.ID); err != nil {
		t.Fatal(err)
	}
	pc := w.browser()
	watch, token := scanned(t, w, pc, "fan")
	// Somebody else who scans the same picture cannot take it over.
	w.scan("other", w.code(pc, watch).URL)
	w.said("other", "二维码已经过期")
	phone := w.weChat()
	phone.get("/scan/" + token)
	contains(t, phone.post("/scan/"+token, "do", "no"), "已取消")
	if state := pc.json(watch)["state"]; state != "refused" {
		t.Errorf("state %v", state)
	}
	contains(t, pc.get(watch), "您在手机上取消了", "重新扫码")
	wantStatus(t, phone.get("/scan/"+token), http.StatusNotFound)
	if fresh := pc.json("/login/scan"); fresh["watch"] == watch || fresh["state"] != "waiting" {
		t.Errorf("no new code: %v", fresh)
	}
	if pc.session().UserID != 0 {
		t.Error("logged in after a no")
	}
}

// A fan who has no account is led to register; until then he cannot agree.
func TestScanLoginOfStranger(t *testing.T) {
	w := newSimWorld(t)
	pc := w.browser() // he follows by this very scan
	watch, token := scanned(t, w, pc, "fan")
	phone := w.weChat()
	contains(t, phone.get("/scan/"+token), "先注册", "/oauth/start?return=%2Fscan%2F"+token)
	phone.get("/register?phone=1")
	wantStatus(t, phone.post("/scan/"+token, "do", "yes"), http.StatusForbidden)
	if state := pc.json(watch)["state"]; state != "scanned" {
		t.Errorf("state %v", state)
	}
}

func TestScanCodeExpires(t *testing.T) {
	w := newSimWorld(t)
	fan := w.follow("fan")
	if _, err := w.store.RegisterPhone(t.Context(), newPhone, fan.ID); err != nil {
		t.Fatal(err)
	}
	pc := w.browser()
	watch, _ := scanned(t, w, pc, "fan")
	late := w.site.Clock().Add(xunjia.ScanLifetime + time.Second)
	w.site.Clock = func() time.Time { return late }
	if state := pc.json(watch)["state"]; state != "expired" {
		t.Errorf("state %v", state)
	}
	contains(t, pc.get(watch), "二维码已过期", "换一个二维码")
}

// One browser cannot ask the platform for codes without end.
func TestScanCodesAreLimited(t *testing.T) {
	w := newSimWorld(t)
	day := xunjia.Day(time.Now())
	pc := w.browser()
	pc.get("/login")
	for range scansPerBrowser {
		if _, err := w.store.Spend(t.Context(), "scan:browser:"+pc.session().ID[:32], day, scansPerBrowser); err != nil {
			t.Fatal(err)
		}
	}
	wantStatus(t, pc.get("/login/scan"), http.StatusTooManyRequests)
}

// The platform is down: the phone remains.
func TestScanWithoutPlatform(t *testing.T) {
	w := newSimWorld(t)
	w.ask(http.MethodPost, "/faults", map[string]any{"path": "/cgi-bin/qrcode/create", "kind": "errcode", "errcode": 45009})
	pc := w.browser()
	pc.get("/login")
	a := pc.get("/login/scan")
	wantStatus(t, a, http.StatusServiceUnavailable)
	contains(t, a, "请用手机号登录")
}

// The follower of a purchase's code gets a card; scans count once per person
// and second, and tell who was won.
func TestQRCodeLanding(t *testing.T) {
	w := newSimWorld(t)
	ctx := t.Context()
	boss := w.at(w.hire("boss", xunjia.OwnerRole, goodPassword))
	list, err := w.store.OpenPurchases(ctx, xunjia.Page{Limit: 1})
	if err != nil || len(list.Items) == 0 {
		t.Fatal(err)
	}
	p := list.Items[0]
	boss.get("/admin/qrcodes/new")
	a := boss.post("/admin/qrcodes/new", "label", "", "action", "purchase", "target", "999999", "days", "0")
	wantStatus(t, a, http.StatusUnprocessableEntity)
	contains(t, a, "请填写名称", "有效期要在", "999999")
	a = boss.post("/admin/qrcodes/new", "label", "展位", "action", "purchase", "target", "999999", "days", "7")
	contains(t, a, "没有这张采购单")
	a = boss.post("/admin/qrcodes/new", "label", "展位", "action", "purchase", "target", jsonNumber(p.ID), "days", "7")
	wantStatus(t, a, http.StatusSeeOther)
	page := a.to()
	contains(t, boss.get(page), "展位", "还没有人扫过")
	codes, err := w.store.QRCodes(ctx, simApp, "展", xunjia.Page{})
	if err != nil || len(codes.Items) != 1 || codes.Items[0].URL == "" {
		t.Fatalf("%+v, %v", codes.Items, err)
	}
	q := codes.Items[0]
	w.scan("fan", q.URL)
	w.ask(http.MethodPost, "/users/fan/chats/"+simApp+"/follow", map[string]any{"scene": q.Scene})
	w.said("fan", xunjia.PurchasePath(p.ID))
	w.eventually("the count", func() bool {
		q, err = w.store.QRCode(ctx, simApp, q.ID)
		return err == nil && q.Scans >= 1 && q.Follows == 1
	})
	contains(t, boss.get(page), "新关注", "次，关注 1")
	contains(t, boss.get(page+"/print"), "展位", "微信扫一扫")
	if img, err := png.Decode(strings.NewReader(boss.get(page + "/picture").body)); err != nil || img.Bounds().Dx() != 860 {
		t.Errorf("picture: %v", err)
	}
	boss.get(page)
	redirects(t, boss.post(page, "do", "disable"), page)
	contains(t, boss.get("/admin/qrcodes?q=展"), "已停用")
	// Staff without the permission neither see nor change it.
	service := w.at(w.hire("kefu", xunjia.ServiceRole, goodPassword))
	wantStatus(t, service.get(page), http.StatusForbidden)
	wantStatus(t, boss.get("/admin/qrcodes/4711"), http.StatusNotFound)
}
