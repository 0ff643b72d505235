package sim

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

// chromium finds the browser; without it the test is skipped.
func chromium(t *testing.T) string {
	t.Helper()
	path, err := exec.LookPath("chromium")
	switch {
	case err == nil:
	case os.Getenv("XUNJIA_TEST_REQUIRE") != "":
		t.Fatal("no Chromium on this machine; `make deps` installs it")
	default:
		t.Skip("no Chromium on this machine; `make deps` installs it")
	}
	return path
}

// In a real browser: the frame runs a page with the official script address,
// wx.config passes, a picture goes through the client around the frame to the
// server, and the page believes that it is in WeChat.
func TestStandInBrowser(t *testing.T) {
	path := chromium(t)
	w := newWorld(t, Plain)
	ticket := w.ok("/cgi-bin/ticket/getticket?type=jsapi", nil)["ticket"].(string)
	phone := w.phone("u1").base
	w.pages(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		rw.Header().Set("Content-Type", "text/html; charset=utf-8")
		switch r.URL.Path {
		case "/parent": // plays the client around the frame
			_, _ = io.WriteString(rw, `<body><script>
window.log = [];
addEventListener("message", (e) => {
  const m = e.data; log.push(m.xunjia_sim + ":" + (m.title ?? m.data?.link ?? ""));
  if (m.id === undefined) return;
  const reply = m.xunjia_sim === "chooseImage"
    ? {ok: true, files: [{name: "a.gif", type: "image/gif", data_url: "data:image/gif;base64,R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7"}]}
    : {ok: true, text: "6901234"};
  e.source.postMessage({xunjia_sim: "reply", id: m.id, ...reply}, "*");
  if (m.xunjia_sim === "scanQRCode") setTimeout(() => { document.title = "done"; }, 100);
});
</script><iframe src="`+phone+`/page?a=1" sandbox="allow-scripts allow-same-origin allow-forms"></iframe></body>`)
		case "/page":
			rw.Header().Set("Content-Security-Policy", "default-src 'self' 'unsafe-inline' https://res.wx.qq.com; frame-ancestors 'none'")
			_, _ = fmt.Fprintf(rw, `<!doctype html><head><title>采购单</title><script src="https://res.wx.qq.com/open/js/jweixin-1.6.0.js"></script></head><body><script>
const say = (s) => fetch("/said?" + encodeURIComponent(s));
document.addEventListener("WeixinJSBridgeReady", () => say("bridge " + /MicroMessenger/.test(navigator.userAgent)));
wx.config({appId: %q, timestamp: 1700000000, nonceStr: "n", signature: %q, jsApiList: ["chooseImage", "uploadImage", "scanQRCode", "updateAppMessageShareData"]});
wx.ready(() => {
  wx.updateAppMessageShareData({title: "t", desc: "d", link: location.href, imgUrl: "/x.png"});
  wx.chooseImage({count: 1, success: (r) => wx.uploadImage({localId: r.localIds[0], success: (u) => {
    say("server " + u.serverId.length);
    wx.getLocation({fail: (e) => say(e.errMsg)});
    wx.scanQRCode({needResult: 1, success: (s) => say("scan " + s.resultStr)});
  }})});
});
wx.error((e) => say(e.errMsg));
</script></body>`, testApp, jsSignature(ticket, "n", "1700000000", w.dev.URL+"/page?a=1"))
		case "/said":
			w.got <- pushed{Content: r.URL.RawQuery}
		}
	}))
	alloc, cancel := chromedp.NewExecAllocator(t.Context(), append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(path), chromedp.NoSandbox)...)
	defer cancel()
	ctx, cancel := chromedp.NewContext(alloc)
	defer cancel()
	ctx, cancel = context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	var log []string
	if err := chromedp.Run(ctx, chromedp.Navigate(w.dev.URL+"/parent"), chromedp.Poll(`document.title === "done"`, nil), chromedp.Evaluate(`log`, &log)); err != nil {
		t.Fatalf("%v; the client heard %v", err, log)
	}
	said := map[string]bool{}
	for range 4 {
		said[w.push().Content] = true
	}
	for _, want := range []string{"bridge%20true", "server%2064", "getLocation%3Apermission%20denied", "scan%206901234"} {
		if !said[want] {
			t.Errorf("the page did not say %s but %v", want, said)
		}
	}
	for _, want := range []string{"page:采购单", "share:" + w.dev.URL + "/page?a=1", "chooseImage:"} {
		if !strings.Contains(strings.Join(log, "\n"), want) {
			t.Errorf("the client did not hear %q but %v", want, log)
		}
	}
}

// tap clicks an element once it is there; by script, because a mouse click that
// is sent while a sheet comes up may miss.
func tap(selector string) chromedp.Action {
	return chromedp.Poll(fmt.Sprintf(`(() => { const el = document.querySelector(%q); el?.click(); return !!el; })()`, selector), nil)
}

// A page asks for subscription notifications with the open tag. In the client,
// the user allows one of two and refuses the other.
func TestSubscribeDialogue(t *testing.T) {
	path := chromium(t)
	w := newWorld(t, Plain)
	ticket := w.ok("/cgi-bin/ticket/getticket?type=jsapi", nil)["ticket"].(string)
	first := w.ok("/wxaapi/newtmpl/addtemplate", m{"tid": "100001", "kidList": []int{1, 2}})["priTmplId"].(string)
	second := w.ok("/wxaapi/newtmpl/addtemplate", m{"tid": "100002", "kidList": []int{1, 2}})["priTmplId"].(string)
	w.pages(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/said" {
			w.got <- pushed{Content: r.URL.Query().Get("q")}
			return
		}
		rw.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, _ = fmt.Fprintf(rw, `<!doctype html><head><title>订阅</title><script src="https://res.wx.qq.com/open/js/jweixin-1.6.0.js"></script></head><body>
<wx-open-subscribe template="%s,%s" id="ask"><script type="text/wxtag-template"><button>订阅</button></script></wx-open-subscribe><script>
const tag = document.getElementById("ask"), say = (s) => fetch("/said?q=" + encodeURIComponent(s));
tag.addEventListener("success", (e) => say(e.detail.subscribeDetails));
tag.addEventListener("error", (e) => say(e.detail.errMsg));
wx.config({appId: %q, timestamp: 1, nonceStr: "n", signature: %q, jsApiList: [], openTagList: ["wx-open-subscribe"]});
wx.ready(() => tag.click());
</script></body>`, first, second, testApp, jsSignature(ticket, "n", "1", w.dev.URL+"/page"))
	}))
	w.follow("u1")
	w.ok("/cgi-bin/menu/create", m{"button": []m{{"type": "view", "name": "订阅", "url": w.dev.URL + "/page"}}})
	alloc, cancel := chromedp.NewExecAllocator(t.Context(), append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(path), chromedp.NoSandbox, chromedp.WindowSize(1280, 900))...)
	defer cancel()
	ctx, cancel := chromedp.NewContext(alloc)
	defer cancel()
	ctx, cancel = context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	phone := `[data-testid="phone-left"] `
	if err := chromedp.Run(ctx,
		chromedp.Navigate(w.s.URL()+"/sim/?left=u1"),
		tap(phone+`[data-testid="contact-`+testApp+`"]`),
		tap(phone+`[data-testid="menu-0"]`),
		tap(phone+`[data-testid="subscribe-`+second+`"]`),
		tap(phone+`[data-testid="subscribe-allow"]`)); err != nil {
		t.Fatal(err)
	}
	var popup, details string
	for popup == "" || details == "" {
		switch p := w.push(); {
		case p.Event == "subscribe_msg_popup_event":
			popup = p.XML
		case p.Content != "":
			details = p.Content
		}
	}
	status := func(text, id string) string {
		_, rest, _ := strings.Cut(text, id)
		accept, reject := strings.Index(rest, "accept"), strings.Index(rest, "reject")
		if reject < 0 || accept >= 0 && accept < reject {
			return "accept"
		}
		return "reject"
	}
	for id, want := range map[string]string{first: "accept", second: "reject"} {
		if got := status(popup, id); got != want {
			t.Errorf("the event says %s of %s: %s", got, id, popup)
		}
		if got := status(details, id); got != want {
			t.Errorf("the page heard %s of %s: %s", got, id, details)
		}
	}
	data := m{"thing1": m{"value": "黄连"}, "amount2": m{"value": "100元"}}
	if out := w.ok("/cgi-bin/message/subscribe/bizsend", m{"touser": w.openID("u1"), "template_id": first, "data": data}); code(out) != 0 {
		t.Errorf("the permission is not there: %v", out)
	}
}
