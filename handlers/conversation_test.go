package handlers

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/xunjia/xunjia"
	"github.com/xunjia/xunjia/sim"
	"github.com/xunjia/xunjia/store"
	"github.com/xunjia/xunjia/store/storetest"
	"github.com/xunjia/xunjia/wechat"
)

// chatWorld is a website whose account lives in the simulator; u1 is a fan.
type chatWorld struct {
	*world
	sim   *sim.Server
	staff *browser
}

func newChatWorld(t *testing.T) *chatWorld {
	t.Helper()
	account := sim.Account{AppID: "wx51a0000000000009", Secret: "51a00000000000000000000000000009", Name: "询价通", Token: "token", Mode: sim.Plain}
	server, err := sim.New(sim.Options{Accounts: []sim.Account{account}})
	if err != nil {
		t.Fatal(err)
	}
	if err := server.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Close() })
	w := &chatWorld{sim: server, world: newWorld(t, func(o *Options) {
		o.WeChat = wechat.Config{AppID: account.AppID, Secret: account.Secret, Token: account.Token, Mode: wechat.Plain,
			Hosts: wechat.Hosts{API: server.URL(), Open: server.URL(), MP: server.URL()}}
		if o.Account, err = wechat.New(o.WeChat, o.Store, wechat.Options{Log: o.Log}); err != nil {
			t.Fatal(err)
		}
		o.DataDir = t.TempDir()
	})}
	account.ServerURL = w.url + "/wechat/callback"
	if err := server.SetAccount(account); err != nil {
		t.Fatal(err)
	}
	w.staff = w.enter(t)
	return w
}

// enter is the browser of the owner.
func (w *world) enter(t *testing.T) *browser {
	t.Helper()
	token, err := w.store.CreateAdminLink(t.Context(), time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	b := w.browser()
	b.get("/admin/enter?token=" + token)
	if a := b.post("/admin/enter"); a.StatusCode != http.StatusSeeOther {
		t.Fatalf("not let in: %d", a.StatusCode)
	}
	return b
}

// fan does something in the simulated chat: follow, unfollow, messages.
func (w *chatWorld) fan(what string, body any) {
	w.t.Helper()
	data, err := json.Marshal(body)
	if err != nil {
		w.t.Fatal(err)
	}
	res, err := http.Post(w.chatURL()+what, "application/json", bytes.NewReader(data))
	if err != nil {
		w.t.Fatal(err)
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		w.t.Fatalf("the simulator answers %d to %s", res.StatusCode, what)
	}
}

func (w *chatWorld) says(text string) { w.fan("messages", map[string]string{"Text": text}) }

func (w *chatWorld) chatURL() string {
	return w.sim.URL() + "/sim/api/users/u1/chats/" + w.site.WeChat.AppID + "/"
}

// heard lists what the account told the fan.
func (w *chatWorld) heard() (texts []string) {
	w.t.Helper()
	res, err := http.Get(w.chatURL() + "messages?limit=500")
	if err != nil {
		w.t.Fatal(err)
	}
	defer res.Body.Close()
	var out struct{ Messages []sim.Message }
	if err := json.NewDecoder(res.Body).Decode(&out); err != nil {
		w.t.Fatal(err)
	}
	for _, m := range out.Messages {
		switch {
		case m.From != "account":
		case len(m.Articles) > 0:
			texts = append(texts, m.Type+": "+m.Articles[0].Title+" "+m.Articles[0].URL)
		case m.Type == "text":
			texts = append(texts, m.Text)
		default:
			texts = append(texts, m.Type)
		}
	}
	return texts
}

// eventually waits for what happens in the background.
func eventually(t *testing.T, what string, happened func() bool) {
	t.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for end := time.Now().Add(20 * time.Second); !happened(); <-tick.C {
		if time.Now().After(end) {
			t.Fatalf("%s did not happen", what)
		}
	}
}

// wantHeard waits until the fan has heard n answers and answers the last one.
func (w *chatWorld) wantHeard(n int, text string) {
	w.t.Helper()
	eventually(w.t, fmt.Sprintf("answer %d with %q", n, text), func() bool { return len(w.heard()) >= n })
	if heard := w.heard(); len(heard) != n || !strings.Contains(heard[n-1], text) {
		w.t.Errorf("the fan heard %q; want %d answers, the last with %q", heard, n, text)
	}
}

// Staff set replies, fans hear them: follow, keyword with a second message behind
// it, default; then staff answer by hand until the window is used up.
func TestRepliesAndConversations(t *testing.T) {
	w := newChatWorld(t)
	ctx, stop := context.WithCancel(t.Context())
	var running sync.WaitGroup
	running.Go(func() { w.site.Run(ctx) })
	defer running.Wait()
	defer stop()

	create := func(trigger string, fields ...string) answer {
		t.Helper()
		wantStatus(t, w.staff.get("/admin/replies/new?trigger="+trigger), http.StatusOK)
		return w.staff.post("/admin/replies/new", append([]string{"priority", "10", "enabled", "1"}, fields...)...)
	}
	redirects(t, create("follow", "name", "欢迎", "answers.0.kind", "text", "answers.0.text", "欢迎您！"), "/admin/replies?trigger=follow")
	redirects(t, create("keyword", "name", "价格", "words", "价格\n多少钱", "matching", "contains",
		"answers.0.kind", "text", "answers.0.text", "请看报价", "answers.2.kind", "news", "answers.2.title", "怎么采购", "answers.2.url", "/purchases/new"),
		"/admin/replies?trigger=keyword")
	redirects(t, create("default", "name", "默认", "answers.0.kind", "text", "answers.0.text", "稍后回复您"), "/admin/replies?trigger=default")

	a := create("keyword", "name", "坏的", "words", "", "priority", "很高", "from", "09:00", "answers.0.kind", "text", "answers.0.text", strings.Repeat("药", 683))
	wantStatus(t, a, http.StatusUnprocessableEntity)
	contains(t, a, "请填写关键词", "优先级是 0 到 999", "要一起填写", "2049 字节", `value="坏的"`, `value="很高"`, strings.Repeat("药", 683))
	contains(t, w.staff.get("/admin/replies?test=这个多少钱"), "关键词回复「<a", "价格</a>")
	contains(t, w.staff.get("/admin/replies?test=报价+黄连"), "内置指令「报价」")

	w.fan("follow", struct{}{})
	w.wantHeard(1, "欢迎您！")
	w.says("请问　多少钱？")
	w.wantHeard(3, "news: 怎么采购 "+w.url+"/purchases/new")
	w.says("你好")
	w.wantHeard(4, "稍后回复您")
	w.says("我的采购")
	w.wantHeard(5, w.url+"/register")
	w.says("报价：黄 连")
	w.wantHeard(6, "黄连")

	list := w.staff.get("/admin/conversations")
	contains(t, list, "报价：黄 连", "可回复 47 小时 59 分")
	talk, err := w.store.Conversations(t.Context(), store.ConversationFilter{}, xunjia.Page{})
	if err != nil || len(talk.Items) != 1 {
		t.Fatal(talk, err)
	}
	path := fmt.Sprintf("/admin/conversations/%d", talk.Items[0].ID)
	left := func() int {
		t.Helper()
		c, err := w.store.Conversation(t.Context(), talk.Items[0].ID)
		if err != nil {
			t.Fatal(err)
		}
		n, _ := c.Window.Left(time.Now())
		return n
	}
	page := w.staff.get(path)
	contains(t, page, "关注了公众号", "请问　多少钱？", "请看报价", "[图文] 怎么采购", fmt.Sprintf("还可以发 %d 条", left()))
	contains(t, w.staff.get("/admin/conversations?waiting=1"), "没有未读的会话")

	// The simulator counts as the platform does, and so do we.
	sent := 0
	for ; left() > 0; sent++ {
		w.staff.get(path)
		redirects(t, w.staff.post(path, "text", fmt.Sprint("人工 ", sent)), path)
		redirects(t, w.staff.post(path, "text", "又点了一次"), path) // the same form
	}
	w.wantHeard(6+sent, fmt.Sprint("人工 ", sent-1))
	page = w.staff.get(path)
	contains(t, page, "可发送的条数已用完", "<fieldset disabled")
	a = w.staff.post(path, "text", "第六条")
	wantStatus(t, a, http.StatusConflict)
	contains(t, a, "可发送的条数已用完", "第六条")
	wantStatus(t, w.staff.get("/admin/conversations/999"), http.StatusNotFound)
	wantStatus(t, w.staff.get("/admin/replies/999"), http.StatusNotFound)

	// Somebody else used the window up: the platform's words are shown.
	w.says("在吗")
	w.wantHeard(7+sent, "稍后回复您")
	for range left() {
		if err := w.site.Account.SendReply(t.Context(), talk.Items[0].OpenID, wechat.TextReply{Content: "别的程序"}); err != nil {
			t.Fatal(err)
		}
	}
	w.staff.get(path)
	redirects(t, w.staff.post(path, "text", "太晚了"), path)
	contains(t, w.staff.get(path), "发送失败", "可发送的条数已用完")

	w.fan("unfollow", struct{}{})
	eventually(t, "leaving", func() bool {
		c, err := w.store.Conversation(t.Context(), talk.Items[0].ID)
		return err == nil && c.Window.Gone
	})
	contains(t, w.staff.get(path), "对方已取消关注")
}

// The rules answer from memory while the database does not.
func TestRulesSurviveTheDatabase(t *testing.T) {
	now := time.Now()
	server := storetest.StartMariaDB(t, false)
	s := storetest.Open(t, "mysql", server.DSN(t))
	talk := &Conversation{Store: s, BaseURL: "https://example.com", Clock: func() time.Time { return now }, Log: slog.New(slog.DiscardHandler)}
	rule := xunjia.ReplyRule{Trigger: xunjia.OnDefault, Name: "默认", Matching: xunjia.Exact, Enabled: true,
		Answers: []xunjia.ReplyAnswer{{Kind: xunjia.TextAnswer, Text: "在的"}}}
	if _, err := s.SaveReplyRule(t.Context(), rule, "form", 1); err != nil {
		t.Fatal(err)
	}
	if len(talk.rules(t.Context())) != 1 {
		t.Fatal("the rule is not read")
	}
	server.Kill(t)
	now = now.Add(time.Hour)
	if got := talk.text(t.Context(), wechat.Message{Body: wechat.Text{}}, "你好"); len(got) != 1 || got[0].text != "在的" {
		t.Errorf("without a database the fan hears %+v", got)
	}
	talk.working.Wait()
}

// pushed is a text push of a fan.
func pushed(openID string, id int) string {
	return fmt.Sprintf("<xml><ToUserName>gh_1</ToUserName><FromUserName>%s</FromUserName><CreateTime>%d</CreateTime>"+
		"<MsgType>text</MsgType><Content>第 %d 条</Content><MsgId>%d</MsgId></xml>", openID, time.Now().Unix(), id, 1000+id)
}

// mariaWorld is a website on a MariaDB that others may share.
func mariaWorld(t *testing.T, s *store.Store) (*world, *platform) {
	t.Helper()
	p := newPlatform(t)
	w := newWorld(t, func(o *Options) {
		cfg := wechat.Config{AppID: "wx0123456789abcdef", Secret: "secret", Token: "token", Mode: wechat.Plain,
			Hosts: wechat.Hosts{API: p.URL, Open: "https://open.example.com", MP: p.URL}}
		account, err := wechat.New(cfg, s, wechat.Options{Log: o.Log})
		if err != nil {
			t.Fatal(err)
		}
		o.Store, o.Account, o.WeChat, o.DataDir = s, account, cfg, t.TempDir()
	})
	return w, p
}

// chatLog counts, by text, what the fans' conversations hold: the messages they
// sent and the answers.
func chatLog(t *testing.T, s *store.Store, fans ...string) (in, out map[string]int) {
	t.Helper()
	in, out = map[string]int{}, map[string]int{}
	for _, fan := range fans {
		talk, err := s.ConversationWith(t.Context(), "wx0123456789abcdef", fan)
		if xunjia.ErrorCode(err) == xunjia.NotFound {
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		for after := ""; ; {
			list, err := s.ChatMessages(t.Context(), talk.ID, xunjia.Page{After: after, Limit: 100})
			if err != nil {
				t.Fatal(err)
			}
			for _, m := range list.Items {
				if m.Direction == xunjia.FromFan {
					in[m.Text]++
				} else {
					out[m.Text]++
				}
			}
			if after = list.Next; after == "" {
				break
			}
		}
	}
	return in, out
}

// 1,000 messages, delivered five times each to two instances, are processed once
// each.
func TestEachMessageIsProcessedOnce(t *testing.T) {
	dsn := storetest.MariaDB(t)
	worlds := [2]*world{}
	for i := range worlds {
		worlds[i], _ = mariaWorld(t, storetest.Open(t, "mysql", dsn))
	}
	const messages, deliveries = 1000, 5
	fans := make([]string, 50)
	for i := range fans {
		fans[i] = fmt.Sprintf("fan%d", i)
	}
	type delivery struct{ message, site int }
	work := make(chan delivery)
	var wg sync.WaitGroup
	var mu sync.Mutex
	answered := map[int]int{}
	for range 16 {
		wg.Go(func() {
			for d := range work {
				a := worlds[d.site].push(pushed(fans[d.message%len(fans)], d.message))
				if a.StatusCode != http.StatusOK {
					t.Errorf("status %d", a.StatusCode)
				}
				if a.body != "success" {
					mu.Lock()
					answered[d.message]++
					mu.Unlock()
				}
			}
		})
	}
	for m := range messages {
		for d := range deliveries {
			work <- delivery{m, (m + d) % 2}
		}
	}
	close(work)
	wg.Wait()
	for _, w := range worlds {
		w.site.pushes.Wait()
		w.site.talk.working.Wait()
	}
	for m, n := range answered {
		if n != 1 {
			t.Errorf("message %d was answered %d times", m, n)
		}
	}
	in, out := chatLog(t, worlds[0].site.Store, fans...)
	want := map[string]int{}
	for m := range messages {
		want[fmt.Sprintf("第 %d 条", m)] = 1
	}
	if diff := cmp.Diff(want, in); diff != "" {
		t.Errorf("messages (-want +got):\n%s", diff)
	}
	answers := 0
	for _, n := range out {
		answers += n
	}
	if answers != messages {
		t.Errorf("%d answers to %d messages", answers, messages)
	}
}

// While the database hangs or is dead, pushes go to the disk and are taken up
// afterwards: nothing is lost, nothing is processed twice, and every push is
// answered before the platform hangs up.
func TestPushesSurviveTheDatabase(t *testing.T) {
	server := storetest.StartMariaDB(t, false)
	var ahead atomic.Int64 // what is left behind is taken up after minutes
	w, platform := mariaWorld(t, storetest.Open(t, "mysql", server.DSN(t), func(o *store.Options) {
		o.Clock = func() time.Time { return time.Now().Add(time.Duration(ahead.Load())) }
	}))
	var slowest time.Duration
	sent, passive := 0, 0
	send := func(n int) {
		t.Helper()
		for range n {
			begin := time.Now()
			a := w.push(pushed("fan", sent))
			if slowest = max(slowest, time.Since(begin)); a.StatusCode != http.StatusOK {
				t.Errorf("push %d: status %d", sent, a.StatusCode)
			}
			if a.body != "success" {
				passive++
			}
			if again := w.push(pushed("fan", sent)); again.body != "success" { // the platform repeats
				t.Errorf("push %d was answered twice", sent)
			}
			sent++
		}
	}
	send(3)
	resume := server.Pause(t)
	send(2)
	resume()
	send(2)
	server.Kill(t)
	send(3)
	server.Start(t)
	send(2)
	w.site.pushes.Wait()
	w.site.talk.working.Wait()
	eventually(t, "replaying", func() bool { return w.site.pushes.Replay(t.Context()) == nil })
	eventually(t, "everything in the conversation", func() bool {
		ahead.Add(int64(time.Minute))
		if err := w.site.finishDue(t.Context(), "test"); err != nil {
			t.Fatal(err)
		}
		in, _ := chatLog(t, w.site.Store, "fan")
		return len(in) == sent
	})
	w.site.talk.working.Wait()
	in, _ := chatLog(t, w.site.Store, "fan")
	platform.mu.Lock()
	late := platform.calls["/cgi-bin/message/custom/send"]
	platform.mu.Unlock()
	if late > 5 || passive+late > sent {
		t.Errorf("%d pushes: %d answered at once and %d later, of which the platform takes 5", sent, passive, late)
	}
	for text, n := range in {
		if n != 1 {
			t.Errorf("%q is there %d times", text, n)
		}
	}
	if slowest > 4500*time.Millisecond {
		t.Errorf("the slowest push took %v", slowest)
	}
}
