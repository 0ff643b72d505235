package handlers

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/xunjia/xunjia"
)

// lacks fails when the page holds one of the texts.
func lacks(t *testing.T, a answer, texts ...string) {
	t.Helper()
	for _, text := range texts {
		if strings.Contains(a.body, text) {
			t.Errorf("%q is on the page", text)
		}
	}
}

func card(p xunjia.Purchase) string {
	return fmt.Sprintf(`href="%s" data-testid="purchase-card"`, xunjia.PurchasePath(p.ID))
}

func TestSearchPage(t *testing.T) {
	m := newMarket(t, nil)
	p := m.publish("lines.0.spec", "凤尾 统货", "province", "340000", "city", "341600", "district", "341602")
	guest := m.browser()

	a := guest.get("/purchases?q=川连&province=340000&city=341600&within=7&cap=given&min=200&max=400&sort=ending&category=" + m.category("黄连"))
	wantStatus(t, a, http.StatusOK)
	contains(t, a, card(p), "“川连”", "亳州市", "7天内截止", "限价 200–400 元", "按品种查找：黄连", "清除全部", "找到 ", `value="400"`)
	lacks(t, a, "只看我还能报价的")
	// Each chip leads to the search without it.
	contains(t, a, "/purchases?category="+m.category("黄连")+"&amp;city=341600&amp;max=400&amp;min=200&amp;province=340000&amp;sort=ending&amp;within=7\" aria-label=\"去掉条件 “川连”\"")

	for query, found := range map[string]bool{
		"q=" + p.Number: true, "q=凤尾": true, "q=hl": true, "q=黄连 凤尾": true, "q=黄连 没有": false, "province=110000": false, "max=100": false,
		"status=ended": false, "cap=none&q=凤尾": false, "min=100&cap=none": true, // a range asks for caps
		"within=x&cap=y&sort=z&status=q&province=1&city=2&category=-3&tab=t&can=1": true, // ignored
		"category=99999": true,
	} {
		a := guest.get("/purchases?" + encoded(t, query))
		wantStatus(t, a, http.StatusOK)
		if strings.Contains(a.body, card(p)) != found {
			t.Errorf("%s: found %v", query, !found)
		}
	}
	a = guest.get("/purchases?q=" + url.QueryEscape("没有这种东西") + "&province=110000")
	contains(t, a, "没有符合这些条件的采购", "去掉 北京市", "去掉 “没有这种东西”", "清除全部条件", "看看已结束的")

	for query, complaint := range map[string]string{
		"min=abc": "请填写数字", "max=-1": "请填写数字", "min=5&max=3": "最高价不能低于最低价", "q=" + strings.Repeat("长", 41): "最多 40 个字",
		"max=99999999999": "不能超过一千万元",
	} {
		a := guest.get("/purchases?" + encoded(t, query))
		wantStatus(t, a, http.StatusUnprocessableEntity)
		contains(t, a, complaint)
		lacks(t, a, "purchase-card")
	}
	wantStatus(t, guest.get("/purchases?after=x"), http.StatusUnprocessableEntity)
	contains(t, guest.get("/purchases?tab=followed&q=黄连"), "登录后查看您关注的采购")

	// What can still be quoted on.
	contains(t, m.supplier.get("/purchases?can=1&q=凤尾"), card(p), "我能报价的", "只看我还能报价的")
	lacks(t, m.buyer.get("/purchases?can=1&q=凤尾"), card(p))
	if _, _, err := m.store.SubmitQuote(t.Context(), p.Lines[0].ID, m.id[m.supplier], xunjia.Offer{Price: 100, Quality: "好"}); err != nil {
		t.Fatal(err)
	}
	lacks(t, m.supplier.get("/purchases?can=1&q=凤尾"), card(p))
	contains(t, m.second.get("/purchases?can=1&q=凤尾"), card(p))
}

// encoded makes an address of what a person would type.
func encoded(t *testing.T, query string) string {
	t.Helper()
	v, err := url.ParseQuery(query)
	if err != nil {
		t.Fatal(err)
	}
	return v.Encode()
}

// The pages of a list hold everything once, by links alone.
func TestListsPageByPage(t *testing.T) {
	m := newMarket(t, nil)
	if err := m.store.SeedVolume(t.Context(), 2500, 2, nil); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{"/", "/purchases", "/purchases?sort=ending", "/purchases?status=ended&q=hl", "/me/purchases", "/me/purchases?status=done",
		"/me/quotes", "/me/quotes?state=refused"} {
		seen := map[string]bool{}
		next, pages := path, 0
		for ; next != "" && pages < 100; pages++ {
			a := m.supplier.get(next)
			wantStatus(t, a, http.StatusOK)
			for _, id := range []string{"purchase-card", "my-purchase", "my-quote"} {
				for _, part := range strings.Split(a.body, `" data-testid="`+id+`"`) {
					href := part[strings.LastIndex(part, `"`)+1:]
					if !strings.HasPrefix(href, "/purchases/") && !strings.HasPrefix(href, "/quotes/") {
						continue
					}
					if seen[href] {
						t.Errorf("%s: %s twice", path, href)
					}
					seen[href] = true
				}
			}
			if next = nextLink(t, a); next == "" {
				contains(t, a, "没有更多了")
			}
		}
		if pages < 2 || next != "" || len(seen) <= xunjia.PageSize {
			t.Errorf("%s: %d pages, %d items, then %q", path, pages, len(seen), next)
		}
	}
}

func TestHomePage(t *testing.T) {
	m := newMarket(t, nil)
	fresh, err := m.store.RegisterPhone(t.Context(), newPhone, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := m.store.SaveProfile(t.Context(), fresh.ID, xunjia.Profile{Kind: xunjia.Trader, Name: "新用户", Area: "510106"}); err != nil {
		t.Fatal(err)
	}
	b := m.member(fresh.ID)
	contains(t, b.get("/"), "关注您经营的品种", "最新采购")
	p := m.publish()
	if _, err := m.store.FollowCategories(t.Context(), fresh.ID, []int64{p.Lines[0].CategoryID}); err != nil {
		t.Fatal(err)
	}
	a := b.get("/")
	contains(t, a, "我关注的采购", "其他最新采购", card(p))
	lacks(t, a, "关注您经营的品种")
	if strings.Count(a.body, card(p)) != 1 || strings.Index(a.body, card(p)) > strings.Index(a.body, "其他最新采购") {
		t.Error("what is followed is not first, or is there twice")
	}
	guest := m.browser().get("/")
	contains(t, guest, "最新采购", card(p))
	lacks(t, guest, "我关注的采购", "关注您经营的品种")
	wantStatus(t, b.get("/?after=zzz"), http.StatusUnprocessableEntity)
}

// What is for invited suppliers only is on no page that others can search.
func TestInvitedRequestIsOnNoPage(t *testing.T) {
	m := newMarket(t, nil)
	coptis := m.category("黄连")
	found, err := m.store.SearchCategories(t.Context(), "黄连", 1)
	if err != nil {
		t.Fatal(err)
	}
	publish := func(mode xunjia.PurchaseMode) xunjia.Purchase {
		p, _, err := m.store.PublishPurchase(t.Context(), m.id[m.buyer], xunjia.Draft{
			Terms: xunjia.Terms{Area: "341602", Mode: mode, Deadline: time.Now().Add(24 * time.Hour)},
			Lines: []xunjia.Line{{CategoryID: found[0].ID, Quantity: 1000, Unit: "公斤", Spec: "凤尾", CapPrice: 300_00}},
		})
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	hidden, sealed := publish(xunjia.InvitedMode), publish(xunjia.SealedMode)
	for _, path := range []string{"/", "/purchases", "/purchases?tab=followed", "/purchases?q=黄连", "/purchases?q=凤尾", "/purchases?q=" + hidden.Number,
		"/purchases?category=" + coptis, "/purchases?province=340000", "/purchases?sort=ending", "/purchases?can=1", "/purchases?cap=given"} {
		for _, b := range []*browser{m.browser(), m.supplier} {
			a := b.get(path)
			lacks(t, a, card(hidden))
			if path == "/purchases?q=凤尾" {
				contains(t, a, card(sealed))
			}
		}
	}
	contains(t, m.buyer.get("/me/purchases"), xunjia.PurchasePath(hidden.ID)+`"`)
}

func TestMyListsByState(t *testing.T) {
	m := newMarket(t, nil)
	p := m.publish()
	if _, _, err := m.store.SubmitQuote(t.Context(), p.Lines[0].ID, m.id[m.supplier], xunjia.Offer{Price: 123_00, Quality: "好"}); err != nil {
		t.Fatal(err)
	}
	mine, quoted := xunjia.PurchasePath(p.ID)+`" data-testid="my-purchase"`, "123.00"
	contains(t, m.buyer.get("/me/purchases?status=open"), mine)
	lacks(t, m.buyer.get("/me/purchases?status=ended"), mine)
	contains(t, m.buyer.get("/me/purchases?status=nonsense"), mine)
	contains(t, m.supplier.get("/me/quotes?state=pending"), quoted)
	lacks(t, m.supplier.get("/me/quotes?state=withdrawn"), quoted)
	if _, err := m.store.EndPurchase(t.Context(), p.ID, m.id[m.buyer]); err != nil {
		t.Fatal(err)
	}
	contains(t, m.buyer.get("/me/purchases?status=ended"), mine)
	lacks(t, m.buyer.get("/me/purchases?status=open"), mine)
	contains(t, m.stranger.get("/me/quotes?state=accepted"), "没有这样的报价")
}

// The name of goods alone is answered with who wants them; a rule of staff wins.
func TestGoodsInTheChat(t *testing.T) {
	w := newChatWorld(t)
	w.fan("follow", struct{}{})
	w.wantHeard(1, "欢迎关注")
	w.says("川连")
	w.wantHeard(2, "正在采购黄连，点开就能报价")
	w.says("川 连？")
	w.wantHeard(3, w.url+"/purchases?category=")
	w.says("没有这种药")
	w.wantHeard(4, "小助手")
	wantStatus(t, w.staff.get("/admin/replies/new?trigger=keyword"), http.StatusOK)
	redirects(t, w.staff.post("/admin/replies/new", "priority", "10", "enabled", "1", "name", "连", "words", "连", "matching", "contains",
		"answers.0.kind", "text", "answers.0.text", "请找客服"), "/admin/replies?trigger=keyword")
	w.says("黄连")
	w.wantHeard(5, "请找客服")
}
