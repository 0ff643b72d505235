package handlers

import (
	"net/http"
	"slices"
	"testing"

	"github.com/xunjia/xunjia"
	"github.com/xunjia/xunjia/templates"
)

func TestPreferencesPage(t *testing.T) {
	w := newWorld(t, nil)
	user := registered(t, w, newPhone, "新用户")
	b := w.member(user.ID)
	contains(t, b.get("/me/notices"), "免打扰", "新采购每日汇总", "收到报价：短信")
	on := []string{"digest", "1080", "quiet", "on", "quiet_from", "1380", "quiet_to", "420"}
	for _, spec := range xunjia.Catalogue() {
		if spec.Uses(xunjia.WeChatChannel) {
			on = append(on, "+on", templates.SwitchValue(spec.Kind, xunjia.WeChatChannel))
		}
	}
	redirects(t, b.post("/me/notices", on...), "/me/notices")
	p, err := w.store.Preferences(t.Context(), user.ID)
	if err != nil || p.Digest != 18*60 || p.Quiet != (xunjia.Quiet{From: 23 * 60, To: 7 * 60}) || !p.NoSMS ||
		!p.Carries(xunjia.QuoteCreated, xunjia.WeChatChannel) || !slices.Equal(p.Off[xunjia.QuoteCreated], []xunjia.Channel{xunjia.SMSChannel}) {
		t.Errorf("kept %+v, %v", p, err)
	}
	b.get("/me/notices")
	a := b.post("/me/notices", "digest", "-1", "quiet", "on", "quiet_from", "1500", "quiet_to", "420", "sms", "on")
	wantStatus(t, a, http.StatusUnprocessableEntity)
	contains(t, a, "请选择免打扰的开始和结束时间")
	if again, _ := w.store.Preferences(t.Context(), user.ID); !again.NoSMS || again.Quiet != p.Quiet {
		t.Errorf("a wrong form changed something: %+v", again)
	}
}

func TestWhyAndMute(t *testing.T) {
	w := newWorld(t, nil)
	user := registered(t, w, newPhone, "新用户")
	b := w.member(user.ID)
	purchase := somePurchase(t, w)
	p, err := w.store.Purchase(t.Context(), purchase)
	if err != nil {
		t.Fatal(err)
	}
	category := p.Lines[0].CategoryID
	if _, err := w.store.FollowCategories(t.Context(), user.ID, []int64{category}); err != nil {
		t.Fatal(err)
	}
	n := tell(t, w, user.ID, xunjia.Event{Kind: xunjia.PurchasePublished, PurchaseID: purchase})
	why := "/inbox/" + jsonNumber(n.ID) + "/why"
	contains(t, b.get(why), "因为您关注了"+p.Lines[0].Name, "的新采购", "消息设置")
	redirects(t, b.post("/inbox/"+jsonNumber(n.ID)+"/mute", "category", jsonNumber(category)), why)
	contains(t, b.get(why), "以后不再通知您这个品种的新采购", "已屏蔽")
	contains(t, b.get("/me/notices"), "已屏蔽的品种", p.Lines[0].Name)
	b.get(why)
	redirects(t, b.post("/inbox/"+jsonNumber(n.ID)+"/mute", "category", "", "undo", ""), why)
	if prefs, _ := w.store.Preferences(t.Context(), user.ID); prefs.Carries(xunjia.PurchasePublished, xunjia.WeChatChannel) || !prefs.Mutes(category) {
		t.Errorf("muted: %+v", prefs)
	}
	b.get(why)
	redirects(t, b.post("/inbox/"+jsonNumber(n.ID)+"/mute", "undo", "1", "category", ""), why)
	b.get(why)
	redirects(t, b.post("/inbox/"+jsonNumber(n.ID)+"/mute", "undo", "1", "category", jsonNumber(category)), why)
	if prefs, _ := w.store.Preferences(t.Context(), user.ID); !prefs.Carries(xunjia.PurchasePublished, xunjia.SMSChannel) || prefs.Mutes(category) {
		t.Errorf("taken back: %+v", prefs)
	}
	stranger := w.member(1)
	contains(t, stranger.get(why), "没有找到")
	stranger.get("/me")
	wantStatus(t, stranger.post("/inbox/"+jsonNumber(n.ID)+"/mute"), http.StatusNotFound)
}

// Messages about one request stand together.
func TestInboxGroups(t *testing.T) {
	w := newWorld(t, nil)
	user := registered(t, w, newPhone, "新用户")
	b := w.member(user.ID)
	purchase := somePurchase(t, w)
	for range 3 {
		tell(t, w, user.ID, xunjia.Event{Kind: xunjia.QuoteCreated, PurchaseID: purchase})
	}
	contains(t, b.get("/inbox?type=2"), "这张采购单的另外 2 条消息")
}

// registered is a new user with everything that registration asks.
func registered(t *testing.T, w *world, phone xunjia.Phone, name string) xunjia.User {
	t.Helper()
	ctx := t.Context()
	user, err := w.store.RegisterPhone(ctx, phone, 0)
	if err != nil {
		t.Fatal(err)
	}
	if user, err = w.store.SaveProfile(ctx, user.ID, xunjia.Profile{Kind: xunjia.Trader, Name: name, Area: "510106"}); err != nil {
		t.Fatal(err)
	}
	cats, err := w.store.SearchCategories(ctx, "黄", 1)
	if err != nil || len(cats) == 0 {
		t.Fatal(err)
	}
	if user, err = w.store.FollowCategories(ctx, user.ID, []int64{cats[0].ID}); err != nil {
		t.Fatal(err)
	}
	return user
}

// tell puts a message about the event into a user's inbox.
func tell(t *testing.T, w *world, user int64, e xunjia.Event) xunjia.Notification {
	t.Helper()
	w.exec("INSERT INTO event (kind, actor, purchase_id, line_id, quote_id, created_at, lane, active, next_at, owner, attempt, told_to, reason)"+
		" VALUES (?, 0, ?, 0, 0, 1, 1, 0, 0, '', 0, 0, '')", string(e.Kind), e.PurchaseID)
	w.exec("INSERT INTO notification (event_id, type, status, sender, receiver, title, content, text, path, purchase_id, created_at)"+
		" SELECT MAX(id), 2, 0, 0, ?, '一条消息', '', '内容', '/me', ?, 1 FROM event", user, e.PurchaseID)
	list, err := w.store.Notifications(t.Context(), user, xunjia.PurchasingNotice, xunjia.Page{})
	if err != nil || len(list.Items) == 0 {
		t.Fatalf("inbox: %v", err)
	}
	return list.Items[0]
}
