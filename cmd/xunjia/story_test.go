package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/xunjia/xunjia"
	"github.com/xunjia/xunjia/store/storetest"
)

// TestStory is the main job from beginning to end, in a browser: a supplier and
// a buyer come from WeChat, register, ask, quote, answer and are told.
func TestStory(t *testing.T) {
	t.Run("sqlite", func(t *testing.T) { story(t, nil) })
	t.Run("mariadb", func(t *testing.T) {
		story(t, map[string]string{
			"XUNJIA_DATABASE_DRIVER": "mysql",
			"XUNJIA_DATABASE_DSN":    storetest.MariaDB(t),
			"XUNJIA_REDIS_URL":       storetest.Redis(t),
		})
	})
}

func story(t *testing.T, set map[string]string) {
	var clock clock
	a := startApp(t, clock.now, set)
	window := browser(t)
	buyer, supplier, second := newPerson(t, a, window, "buyer"), newPerson(t, a, window, "supplier"), newPerson(t, a, window, "second")
	desk := newTab(t, window, 1280, 800)
	desk.open(a.sim.URL() + "/sim/?left=buyer&right=supplier")
	left, right := `[data-testid="phone-left"] `, `[data-testid="phone-right"] `

	// The supplier follows the account and gets the welcome with a link.
	desk.follow(right)
	desk.see("欢迎")
	desk.shoot("welcome")
	// He opens the page from the menu; OAuth asks, he registers, and the page
	// that he came for is shown.
	desk.click(right + `[data-testid="menu-2"]`)
	desk.click(right + `[data-testid="menu-2-1"]`)
	page := desk.attribute(right+`[data-testid="frame"]`, "src")
	desk.closeFrame(right)
	supplier.register(page, "岷山药材商行", []string{"黄连", "当归"}, "/me/quotes")
	supplier.shoot("my-quotes")
	// The second supplier registers without following the account.
	second.register(second.base+"/me", "陇西药农合作社", []string{"黄连"}, "/me")
	desk.follow(left)
	buyer.register(buyer.base+"/purchases/new", "康源堂饮片", []string{"陈皮"}, "/purchases/new")

	// The buyer publishes a request with two lines and a picture.
	purchase := buyer.publish("黄连", "当归")
	buyer.shoot("published")
	desk.see("新采购需求通知", "黄连、当归")
	a.expectSMS(t, second.phone, "黄连")

	// Both suppliers quote, one of them from the card in his chat.
	line := a.lineOf(t, purchase, "黄连")
	supplier.quote(line, "286.50", "今年新货，小檗碱 6.1%，无硫")
	second.quote(line, "279", "陇西产统货，保过检")
	buyer.expectNotice("采购消息", "收到报价：黄连")
	desk.see("收到报价通知")
	desk.until("wait for the banners to go", `!document.querySelector('[data-testid="banner"]')`)
	desk.shoot("cards")

	// The buyer compares, accepts one and refuses the other.
	buyer.open(buyer.base + xunjia.PurchasePath(purchase) + "/compare")
	buyer.see("286.50", "279.00")
	buyer.shoot("compare")
	buyer.answer("accept", a.quoteOf(t, purchase, supplier.id), "请先寄样品 200 克")
	buyer.answer("refuse", a.quoteOf(t, purchase, second.id), "这批含量偏低，下次合作")
	supplier.expectNotice("卖货消息", "您对 黄连 的报价已接受")
	second.expectNotice("卖货消息", "您对 黄连 的报价未接受")
	desk.see("报价结果通知", "请先寄样品")
	a.expectSMS(t, second.phone, "未接受")

	// The buyer ends the request; everybody who quoted is told.
	buyer.open(buyer.base + xunjia.PurchasePath(purchase))
	buyer.click(`[data-testid="end-quoting"]`)
	buyer.click(`dialog[open] [data-testid="end-confirm"]`)
	buyer.see("报价结束")
	supplier.expectNotice("卖货消息", "采购单报价已结束")
	second.expectNotice("卖货消息", "采购单报价已结束")
	desk.see("采购单结束通知")

	// Another request ends by itself at its deadline.
	late := buyer.publish("当归", "黄连")
	supplier.quote(a.lineOf(t, late, "当归"), "112", "岷县货")
	clock.advance(31 * 24 * time.Hour)
	a.awaitStatus(t, late, xunjia.QuotingEnded)
	a.awaitNotice(t, buyer.id, xunjia.PurchasingNotice, "采购单报价已结束")
	a.awaitNotice(t, supplier.id, xunjia.SellingNotice, "采购单报价已结束：当归")
}

// follow makes the phone's user follow the account, from its profile.
func (p tab) follow(phone string) {
	p.t.Helper()
	p.click(phone + `[data-testid="contact-` + simAppID + `"]`)
	p.click(phone + `[data-testid="follow"]`)
	p.run("wait for the chat's menu", chromedp.WaitVisible(phone+`[data-testid="menu-0"]`, chromedp.ByQuery))
}

// closeFrame closes the phone's in-app browser, by script: a mouse click right
// after another tab was in front is lost now and then.
func (p tab) closeFrame(phone string) {
	p.t.Helper()
	p.until("close the frame", fmt.Sprintf(`(() => {
		document.querySelector(%q)?.click();
		return !document.querySelector(%q);
	})()`, phone+`[data-testid="frame-close"]`, phone+`[data-testid="frame"]`))
}

// person is a simulated WeChat user with the browser inside his WeChat.
type person struct {
	tab
	app   *app
	base  string // of his in-app browser
	phone xunjia.Phone
	id    int64 // once registered
}

func newPerson(t *testing.T, a *app, window context.Context, id string) *person {
	t.Helper()
	var state struct {
		Users []struct {
			ID         string `json:"id"`
			Phone      string `json:"phone"`
			BrowserURL string `json:"browser_url"`
		} `json:"users"`
	}
	a.simJSON(t, "/sim/api/state", &state)
	for _, u := range state.Users {
		if u.ID == id {
			return &person{tab: newTab(t, window, 390, 844), app: a, base: u.BrowserURL, phone: xunjia.Phone(u.Phone)}
		}
	}
	t.Fatalf("no simulated user %s", id)
	return nil
}

// register goes from a page that only members see through OAuth and the three
// steps back to that page.
func (p *person) register(url, name string, categories []string, cameFor string) {
	p.t.Helper()
	ctx := p.ctx
	p.forgetCaptchas()
	p.open(url)
	// The frame in the chat client is the same browser of the same phone: it may
	// have come this far already, or spoil the first try.
	p.until("consent to WeChat's question", `(() => {
		const allow = document.querySelector("#sim-allow");
		if (allow && !allow.dataset.clicked) {
			allow.dataset.clicked = "yes";
			allow.click();
		}
		return !!document.querySelector("[name=phone]");
	})()`)
	p.see("图形验证码")
	p.fill(`[name="phone"]`, string(p.phone))
	p.fill(`[name="captcha"]`, p.captcha())
	p.shoot("register-1")
	p.click(`[name="do"][value="code"]`)
	p.fill(`[name="code"]`, p.app.code(p.t, p.phone))
	p.click(`[name="do"][value="next"].btn`)
	p.see("业务类型")
	p.run("choose a kind of business", chromedp.Click(`input[name="kind"][value="1"] + span`, chromedp.ByQuery))
	p.fill(`[name="name"]`, name)
	p.choose(`[name="province"]`, "四川省")
	p.choose(`[name="city"]`, "成都市")
	p.choose(`[name="district"]`, "锦江区")
	p.shoot("register-2")
	p.click(`[name="do"][value="next"].btn`)
	p.see("您关注哪些品种")
	for _, c := range categories {
		p.run("follow "+c, chromedp.Click(`//label[contains(@class,"chip")][span[text()="`+c+`"]]`, chromedp.BySearch))
	}
	p.shoot("register-3")
	p.click(`.bar [name="do"][value="next"]`)
	p.until("come back to "+cameFor, fmt.Sprintf("location.pathname === %q", cameFor))
	u, err := p.app.store.RegisterPhone(ctx, p.phone, 0)
	if err != nil {
		p.t.Fatal(err)
	}
	if p.id = u.ID; u.Step() != xunjia.StepDone || u.Name != name {
		p.t.Fatalf("registered as %+v", u)
	}
}

// forgetCaptchas and captcha read the one open captcha where the program keeps
// its answer: a test cannot read the picture, which is its purpose.
func (p *person) forgetCaptchas() {
	p.t.Helper()
	keys, err := p.app.redis.Keys(p.ctx, "*captcha:*").Result()
	if err == nil && len(keys) > 0 {
		err = p.app.redis.Del(p.ctx, keys...).Err()
	}
	if err != nil {
		p.t.Fatal(err)
	}
}

func (p *person) captcha() string {
	p.t.Helper()
	keys, err := p.app.redis.Keys(p.ctx, "*captcha:*").Result()
	if err != nil || len(keys) != 1 {
		p.t.Fatalf("open captchas: %v, %v", keys, err)
	}
	answer, err := p.app.redis.Get(p.ctx, keys[0]).Result()
	if err != nil {
		p.t.Fatal(err)
	}
	return answer
}

// publish fills in the form with two lines and a picture and answers the id of
// the purchase.
func (p *person) publish(first, other string) int64 {
	p.t.Helper()
	p.open(p.base + "/purchases/new")
	p.choose(`[data-testid="line-0-category"]`, first)
	p.fill(`[data-testid="line-0-quantity"]`, "500")
	p.choose(`[data-testid="line-0-unit"]`, "公斤")
	p.fill(`[data-testid="line-0-quality"]`, "无硫，过检")
	p.upload(`[data-testid="line-0-file"]`, picture(p.t))
	p.run("wait for the picture", chromedp.WaitReady(`input[name="lines.0.images"]`, chromedp.ByQuery))
	p.click(`[data-testid="add-line"]`)
	p.choose(`[data-testid="line-1-category"]`, other)
	p.fill(`[data-testid="line-1-quantity"]`, "2.5")
	p.choose(`[data-testid="line-1-unit"]`, "吨")
	p.click(`[data-testid="deadline-3-label"]`)
	p.shoot("publish")
	p.click(`[data-testid="publish-submit"]`)
	p.see("已发布")
	return number(p.t, p.path())
}

func (p *person) quote(line int64, price, quality string) {
	p.t.Helper()
	p.open(fmt.Sprintf("%s/lines/%d/quote", p.base, line))
	p.fill(`[data-testid="quote-price"]`, price)
	p.nextStep()
	p.fill(`[data-testid="quote-quality"]`, quality)
	p.upload(`[data-testid="quote-file"]`, picture(p.t))
	p.run("wait for the picture", chromedp.WaitReady(`input[name="photos.1"]`, chromedp.ByQuery))
	p.nextStep()
	p.shoot("quote")
	p.click(`[data-testid="quote-submit"]`)
	p.see("待答复")
}

// nextStep goes on in the quote form, which has steps on phones only.
func (p tab) nextStep() {
	p.t.Helper()
	p.run("next step", chromedp.Evaluate(`(() => { const b = document.querySelector('[data-testid="quote-next"]'); if (!b.hidden) b.click(); })()`, nil))
}

func (p *person) answer(action string, quote int64, message string) {
	p.t.Helper()
	p.open(p.base + xunjia.QuotePath(quote))
	p.click(fmt.Sprintf(`[data-testid="%s-%d"]`, action, quote))
	p.fill(`dialog[open] [data-testid="answer-message"]`, message)
	p.shoot(action)
	p.click(`dialog[open] [data-testid="answer-submit"]`)
	p.see(map[string]string{"accept": "已接受", "refuse": "已拒绝"}[action])
}

// expectNotice waits until the notification is in the tab of the inbox.
func (p *person) expectNotice(tab, title string) {
	p.t.Helper()
	kind := xunjia.PurchasingNotice
	if tab == xunjia.SellingNotice.String() {
		kind = xunjia.SellingNotice
	}
	p.app.awaitNotice(p.t, p.id, kind, title)
	p.open(fmt.Sprintf("%s/inbox?type=%d", p.base, kind))
	p.see(tab, title)
	p.shoot("inbox")
}

// picture is a photo to upload.
func picture(t *testing.T) string {
	t.Helper()
	data, err := samples.ReadFile("samples/黄连.jpg")
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "photo.jpg")
	if err := os.WriteFile(file, data, 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

func number(t *testing.T, path string) (n int64) {
	t.Helper()
	digits := regexp.MustCompile(`\d+`).FindString(path)
	if _, err := fmt.Sscan(digits, &n); err != nil {
		t.Fatalf("no number in %q", path)
	}
	return n
}

// simJSON asks the simulator.
func (a *app) simJSON(t *testing.T, path string, into any) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, a.sim.URL()+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if err := json.NewDecoder(res.Body).Decode(into); err != nil {
		t.Fatal(err)
	}
}

// messages are the SMS of a phone, newest first.
func (a *app) messages(t *testing.T, phone xunjia.Phone) []struct{ Text, Code string } {
	t.Helper()
	var inbox struct {
		Messages []struct{ Text, Code string } `json:"messages"`
	}
	a.simJSON(t, "/sim/api/sms?limit=20&phone="+string(phone), &inbox)
	return inbox.Messages
}

// code waits for the verification code that reaches the phone.
func (a *app) code(t *testing.T, phone xunjia.Phone) (code string) {
	t.Helper()
	await(t, "a code for "+string(phone), func() bool {
		for _, m := range a.messages(t, phone) {
			if m.Code != "" {
				code = m.Code
				return true
			}
		}
		return false
	})
	return code
}

func (a *app) expectSMS(t *testing.T, phone xunjia.Phone, text string) {
	t.Helper()
	await(t, "an SMS with "+text, func() bool {
		for _, m := range a.messages(t, phone) {
			if strings.Contains(m.Text, text) {
				return true
			}
		}
		return false
	})
}

func (a *app) awaitNotice(t *testing.T, user int64, kind xunjia.NotificationType, title string) {
	t.Helper()
	await(t, "the notification "+title, func() bool {
		list, err := a.store.Notifications(t.Context(), user, kind, xunjia.Page{})
		if err != nil {
			t.Fatal(err)
		}
		for _, n := range list.Items {
			if strings.Contains(n.Title, title) {
				return true
			}
		}
		return false
	})
}

func (a *app) awaitStatus(t *testing.T, purchase int64, status xunjia.PurchaseStatus) {
	t.Helper()
	await(t, "the purchase to be "+status.String(), func() bool {
		p, err := a.store.Purchase(t.Context(), purchase)
		if err != nil {
			t.Fatal(err)
		}
		return p.Status == status
	})
}

func (a *app) lineOf(t *testing.T, purchase int64, category string) int64 {
	t.Helper()
	p, err := a.store.Purchase(t.Context(), purchase)
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range p.Lines {
		if l.Name == category {
			return l.ID
		}
	}
	t.Fatalf("purchase %d has no line for %s", purchase, category)
	return 0
}

func (a *app) quoteOf(t *testing.T, purchase, supplier int64) int64 {
	t.Helper()
	p, err := a.store.Purchase(t.Context(), purchase)
	if err != nil {
		t.Fatal(err)
	}
	quotes, err := a.store.QuotesOfPurchase(t.Context(), purchase, p.BuyerID)
	if err != nil {
		t.Fatal(err)
	}
	for _, q := range quotes {
		if q.Quote.SupplierID == supplier {
			return q.Quote.ID
		}
	}
	t.Fatalf("no quote of user %d", supplier)
	return 0
}

// await looks again and again until something is so.
func await(t *testing.T, what string, so func() bool) {
	t.Helper()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for end := time.Now().Add(patience); time.Now().Before(end); <-tick.C {
		if so() {
			return
		}
	}
	t.Fatalf("waited in vain for %s", what)
}
