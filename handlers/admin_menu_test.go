package handlers

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/xunjia/xunjia"
	"github.com/xunjia/xunjia/wechat"
)

// menuOf reads what the simulated platform has.
func (w *simWorld) platformMenu() []xunjia.MenuButton {
	w.t.Helper()
	menu, _, err := w.site.Account.Menus(w.t.Context())
	if err != nil {
		w.t.Fatal(err)
	}
	return menuOf(menu.Buttons)
}

// Staff edit, are told what the platform would refuse, publish, and go back.
func TestMenuEditor(t *testing.T) {
	w := newSimWorld(t)
	if err := w.site.PublishMenu(t.Context()); err != nil {
		t.Fatal(err)
	}
	first := w.platformMenu()
	if len(first) != 3 || len(first[2].Sub) != 5 {
		t.Fatalf("default menu %+v", first)
	}
	boss := w.at(w.hire("boss", xunjia.OwnerRole, goodPassword))
	contains(t, boss.get("/admin/menu"), "粉丝看到的是第 1 版", "系统", `value="找采购"`)
	a := boss.post("/admin/menu", "do", "publish", "b0.name", "名字有六个字", "b0.action", "view", "b0.value", "example.com", "b2.name", "", "b2.3.name", "看货", "b2.3.action", "click", "b2.3.value", "")
	wantStatus(t, a, http.StatusUnprocessableEntity)
	contains(t, a, "名称太长：18 个字节，最多 16 个", "网址要以 http://", "请填写KEY", "请填写名称", `value="名字有六个字"`, `value="看货"`)

	boss.get("/admin/menu")
	form := []string{"do", "preview", "b0.name", "看货", "b0.action", "scancode_waitmsg", "b0.value", "scan", "b1.name", "我的", "b1.1.name", "消息", "b1.1.action", "view", "b1.1.value", w.url + "/inbox"}
	contains(t, boss.post("/admin/menu", form...), "<span>看货</span>", "<li>消息</li>")
	if w.platformMenu()[0].Name != "找采购" {
		t.Error("a preview was published")
	}
	a = boss.post("/admin/menu", append([]string{"do", "b0>"}, form[2:]...)...)
	if strings.Index(a.body, "<span>看货</span>") < strings.Index(a.body, "消息</li>") {
		t.Error("the button was not moved")
	}
	redirects(t, boss.post("/admin/menu", append([]string{"do", "publish"}, form[2:]...)...), "/admin/menu/versions/0")
	contains(t, boss.get("/admin/menu/versions/0"), "现在发布？", "看货", "找采购")
	redirects(t, boss.post("/admin/menu/versions/0"), "/admin/menu")
	now := w.platformMenu()
	if now[0].Name != "看货" || now[0].Action != xunjia.MenuScanWait || len(now[1].Sub) != 1 {
		t.Errorf("the platform has %+v", now)
	}
	contains(t, boss.get("/admin/menu"), "第 2 版", "boss")

	// Somebody changes it elsewhere.
	if err := w.site.Account.CreateMenu(t.Context(), []*wechat.Button{{Type: "click", Name: "别处", Key: "x"}}); err != nil {
		t.Fatal(err)
	}
	contains(t, boss.get("/admin/menu"), "微信上的菜单和第 2 版不一样", "别处")
	contains(t, boss.get("/admin/menu/versions/1"), "把第 1 版重新发布？")
	redirects(t, boss.post("/admin/menu/versions/1"), "/admin/menu")
	if !xunjia.SameMenu(w.platformMenu(), first) {
		t.Error("not the first version")
	}
	contains(t, boss.get("/admin/menu"), "（同第 1 版）")

	// A refusal changes nothing and is kept.
	w.ask(http.MethodPost, "/faults", map[string]any{"path": "/cgi-bin/menu/create", "kind": "errcode", "errcode": 48001})
	boss.get("/admin/menu/versions/2")
	a = boss.post("/admin/menu/versions/2")
	wantStatus(t, a, http.StatusServiceUnavailable)
	contains(t, a, "48001")
	contains(t, boss.get("/admin/menu"), "发布失败", "48001", "粉丝看到的是第 3 版")
	wantStatus(t, boss.get("/admin/menu/versions/99"), http.StatusNotFound)
	wantStatus(t, w.at(w.hire("kefu", xunjia.ServiceRole, goodPassword)).get("/admin/menu"), http.StatusForbidden)
}

func TestConditionalMenu(t *testing.T) {
	w := newSimWorld(t)
	ctx := t.Context()
	fan := w.follow("fan")
	if err := w.site.PublishMenu(ctx); err != nil {
		t.Fatal(err)
	}
	boss := w.at(w.hire("boss", xunjia.OwnerRole, goodPassword))
	boss.get("/admin/fans/tags")
	contains(t, boss.post("/admin/fans/tags", "do", "create", "name", strings.Repeat("字", 11)), "名称太长")
	redirects(t, boss.post("/admin/fans/tags", "do", "create", "name", "供应商"), "/admin/fans/tags")
	tags, err := w.store.FanTags(ctx, simApp)
	if err != nil || len(tags) != 1 {
		t.Fatalf("%+v, %v", tags, err)
	}
	tag := fmt.Sprint(tags[0].ID)
	page := "/admin/fans/" + fmt.Sprint(fan.ID)
	boss.get(page)
	redirects(t, boss.post(page, "do", "tag", "tag", tag), page)
	boss.get("/admin/menu")
	boss.post("/admin/menu", "do", "save", "b0.name", "专享", "b0.action", "click", "b0.value", "vip")
	contains(t, boss.get("/admin/menu/conditions"), "专享", "还没有个性化菜单")
	wantStatus(t, boss.post("/admin/menu/conditions", "tag", "4711"), http.StatusUnprocessableEntity)
	redirects(t, boss.post("/admin/menu/conditions", "tag", tag), "/admin/menu/conditions")
	contains(t, boss.get("/admin/menu/conditions"), "供应商", "删除")
	contains(t, boss.get("/admin/menu/conditions/match?fan="+fmt.Sprint(fan.ID)), "<span>专享</span>")
	menus, err := w.store.ConditionalMenus(ctx, simApp)
	if err != nil || len(menus) != 1 {
		t.Fatalf("%+v, %v", menus, err)
	}
	boss.get("/admin/menu/conditions")
	redirects(t, boss.post(fmt.Sprintf("/admin/menu/conditions/%d/delete", menus[0].ID)), "/admin/menu/conditions")
	if _, actual, err := w.site.Account.Menus(ctx); err != nil || len(actual) != 0 {
		t.Errorf("the platform still has %+v, %v", actual, err)
	}
}

// What the platform knows about fans comes here; a failure in between is taken
// up where it stood.
func TestFanSync(t *testing.T) {
	w := newSimWorld(t)
	ctx := t.Context()
	fan, other := w.follow("fan"), w.follow("other")
	account := w.site.Account
	tag, err := account.CreateTag(ctx, "采购商")
	if err != nil {
		t.Fatal(err)
	}
	for _, err := range []error{account.AddTag(ctx, int64(tag.ID), []string{fan.OpenID}), account.SetRemark(ctx, fan.OpenID, "老客户"), account.Block(ctx, []string{other.OpenID})} {
		if err != nil {
			t.Fatal(err)
		}
	}
	boss := w.at(w.hire("boss", xunjia.OwnerRole, goodPassword))
	contains(t, boss.get("/admin/fans"), "还没有从微信同步过")
	w.ask(http.MethodPost, "/faults", map[string]any{"path": "/cgi-bin/tags/get", "kind": "errcode", "errcode": 45009, "count": 1})
	for _, want := range []string{"中断", "同步完成"} {
		boss.get("/admin/fans")
		redirects(t, boss.post("/admin/fans/sync"), "/admin/fans")
		contains(t, boss.get("/admin/fans"), "正在从微信同步")
		if err := w.site.syncFansOnce(ctx, "test"); err != nil {
			t.Fatal(err)
		}
		contains(t, boss.get("/admin/fans"), want)
	}
	contains(t, boss.get("/admin/fans?q=老客"), "老客户")
	if a := boss.get("/admin/fans?q=老客"); strings.Contains(a.body, fmt.Sprintf("/admin/fans/%d\"", other.ID)) {
		t.Error("the search shows everybody")
	}
	contains(t, boss.get("/admin/fans?state=blocked"), fmt.Sprintf("/admin/fans/%d\"", other.ID))
	contains(t, boss.get(fmt.Sprintf("/admin/fans/%d", fan.ID)), "采购商", "老客户", "没有注册")

	page := fmt.Sprintf("/admin/fans/%d", other.ID)
	boss.get(page)
	wantStatus(t, boss.post(page, "do", "remark", "remark", strings.Repeat("长", 31)), http.StatusUnprocessableEntity)
	redirects(t, boss.post(page, "do", "unblock"), page)
	if list, _, err := account.Blacklist(ctx, ""); err != nil || len(list) != 0 {
		t.Errorf("blacklist %v, %v", list, err)
	}
	boss.get("/admin/fans")
	redirects(t, boss.post("/admin/fans/tagged", "do", "tag", "tag", fmt.Sprint(tag.ID), "+fan", fmt.Sprint(fan.ID), "+fan", fmt.Sprint(other.ID)), "/admin/fans")
	if ids, _, err := account.TaggedFanIDs(ctx, int64(tag.ID), ""); err != nil || len(ids) != 2 {
		t.Errorf("tagged %v, %v", ids, err)
	}
	w.ask(http.MethodPost, "/faults", map[string]any{"path": "/cgi-bin/user/info/updateremark", "kind": "errcode", "errcode": 45009})
	boss.get(page)
	wantStatus(t, boss.post(page, "do", "remark", "remark", "新备注"), http.StatusServiceUnavailable)
	if f, err := w.store.Fan(ctx, simApp, other.ID); err != nil || f.Remark != "" {
		t.Errorf("noted what the platform refused: %q, %v", f.Remark, err)
	}
	wantStatus(t, boss.get("/admin/fans/4711"), http.StatusNotFound)
}
