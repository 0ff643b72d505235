package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"

	"github.com/xunjia/xunjia/config"
)

// patience is how long a test waits for something to appear on a page. It is
// only used up when the test fails.
const patience = time.Minute

// browser starts one Chromium for a test.
func browser(t *testing.T) context.Context {
	t.Helper()
	program := ""
	for _, name := range []string{"/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"} {
		if _, err := os.Stat(name); err == nil {
			program = name
			break
		}
	}
	if program == "" {
		if os.Getenv("XUNJIA_TEST_REQUIRE") != "" {
			t.Fatal("no Chromium on this machine; `make deps` installs it")
		}
		t.Skip("no Chromium on this machine; `make deps` installs it")
	}
	profile, err := os.MkdirTemp("", "xunjia-browser-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { // its helpers write for a moment after the browser has ended
		await(t, "the browser's profile to be gone", func() bool { return os.RemoveAll(profile) == nil })
	})
	options := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(program), chromedp.NoSandbox, chromedp.DisableGPU,
		chromedp.Flag("disable-quic", true), chromedp.Flag("disable-component-update", true),
		chromedp.Flag("lang", "zh-CN"), chromedp.UserDataDir(profile),
	)
	ctx, cancel := chromedp.NewExecAllocator(context.Background(), options...)
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewContext(ctx, chromedp.WithErrorf(func(string, ...any) {})) // events of newer browsers
	t.Cleanup(cancel)
	if err := chromedp.Run(ctx); err != nil {
		t.Fatalf("Chromium does not start: %v", err)
	}
	return ctx
}

// tab is a page in the browser.
type tab struct {
	t   *testing.T
	ctx context.Context
}

func newTab(t *testing.T, browser context.Context, width, height int64) tab {
	t.Helper()
	ctx, cancel := chromedp.NewContext(browser)
	t.Cleanup(cancel)
	// The first Run opens the tab, which lives as long as its context: no
	// time-out here.
	if err := chromedp.Run(ctx, emulation.SetDeviceMetricsOverride(width, height, 1, width < 500)); err != nil {
		t.Fatal(err)
	}
	return tab{t, ctx}
}

// run performs actions and fails the test, with a picture of the page, when
// one of them is not possible.
func (p tab) run(what string, actions ...chromedp.Action) {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, patience)
	defer cancel()
	// A tab in the background neither draws nor takes clicks.
	actions = append([]chromedp.Action{page.BringToFront()}, actions...)
	if err := chromedp.Run(ctx, actions...); err != nil {
		var text, address string
		late, done := context.WithTimeout(p.ctx, 5*time.Second)
		defer done()
		_ = chromedp.Run(late, chromedp.Location(&address), chromedp.Evaluate("document.body.innerText", &text))
		p.shoot("failed")
		p.t.Fatalf("%s: %v\nat %s\n%s", what, err, address, text)
	}
}

func (p tab) open(url string) {
	p.t.Helper()
	p.run("open "+url, chromedp.Navigate(url))
}

// see waits until every text is shown on the page.
func (p tab) see(texts ...string) {
	p.t.Helper()
	for _, text := range texts {
		p.until("see "+text, fmt.Sprintf("!!document.body && document.body.innerText.includes(%q)", text))
	}
}

// until evaluates the condition until it holds, also across navigations.
func (p tab) until(what, condition string) {
	p.t.Helper()
	p.run(what, chromedp.ActionFunc(func(ctx context.Context) error {
		tick := time.NewTicker(30 * time.Millisecond)
		defer tick.Stop()
		for {
			var holds bool
			// An error means that the page is just being replaced.
			if err := chromedp.Evaluate(condition, &holds).Do(ctx); err == nil && holds {
				return nil
			}
			select {
			case <-tick.C:
			case <-ctx.Done():
				return ctx.Err()
			}
		}
	}))
}

func (p tab) click(selector string) {
	p.t.Helper()
	p.run("click "+selector, chromedp.WaitVisible(selector, chromedp.ByQuery),
		// Into the middle, where no bar at the edge covers it; and until the tab,
		// which may just have come to the front, draws.
		chromedp.Evaluate(fmt.Sprintf(`document.querySelector(%q).scrollIntoView({block: "center", behavior: "instant"});
			new Promise(drawn => requestAnimationFrame(() => requestAnimationFrame(drawn)))`, selector), nil,
			func(p *runtime.EvaluateParams) *runtime.EvaluateParams { return p.WithAwaitPromise(true) }),
		chromedp.ActionFunc(func(ctx context.Context) error {
			// A click that leads to another page is sometimes never
			// acknowledged; what is expected next tells whether it arrived.
			ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
			defer cancel()
			if err := chromedp.Click(selector, chromedp.ByQuery).Do(ctx); !errors.Is(err, context.DeadlineExceeded) {
				return err
			}
			return nil
		}))
}

func (p tab) fill(selector, text string) {
	p.t.Helper()
	p.run("fill "+selector, chromedp.WaitVisible(selector, chromedp.ByQuery),
		chromedp.Evaluate(fmt.Sprintf("document.querySelector(%q).value = ''", selector), nil), chromedp.SendKeys(selector, text, chromedp.ByQuery))
}

// choose picks the option of a select by its text or its value.
func (p tab) choose(selector, option string) {
	p.t.Helper()
	script := fmt.Sprintf(`(() => {
		const select = document.querySelector(%q);
		const option = select && [...select.options].find(o => o.text.trim() === %q || o.value === %q);
		if (!option) return false;
		select.value = option.value;
		select.dispatchEvent(new Event("input", {bubbles: true}));
		select.dispatchEvent(new Event("change", {bubbles: true}));
		return true;
	})()`, selector, option, option)
	p.until("choose "+option+" in "+selector, script)
}

func (p tab) upload(selector, file string) {
	p.t.Helper()
	p.run("upload into "+selector, chromedp.SetUploadFiles(selector, []string{file}, chromedp.ByQuery))
}

func (p tab) attribute(selector, name string) (value string) {
	p.t.Helper()
	p.run("read "+name+" of "+selector, chromedp.WaitReady(selector, chromedp.ByQuery),
		chromedp.AttributeValue(selector, name, &value, nil, chromedp.ByQuery))
	return value
}

func (p tab) path() (path string) {
	p.t.Helper()
	p.run("read the address", chromedp.Evaluate("location.pathname + location.search", &path))
	return path
}

// shoot saves a picture of the page where XUNJIA_TEST_SHOTS says.
func (p tab) shoot(name string) {
	dir := os.Getenv("XUNJIA_TEST_SHOTS")
	if dir == "" {
		return
	}
	var picture []byte
	ctx, cancel := context.WithTimeout(p.ctx, patience)
	defer cancel()
	if err := chromedp.Run(ctx, page.BringToFront(), chromedp.CaptureScreenshot(&picture)); err != nil {
		p.t.Logf("no picture of %s: %v", name, err)
		return
	}
	file := filepath.Join(dir, strings.ReplaceAll(p.t.Name(), "/", "-")+"-"+name+".png")
	if err := os.WriteFile(file, picture, 0o600); err != nil {
		p.t.Log(err)
	}
}

// clock is the time of the program under test: the real one, set forward.
type clock struct{ ahead atomic.Int64 }

func (c *clock) now() time.Time           { return time.Now().Add(time.Duration(c.ahead.Load())) }
func (c *clock) advance(by time.Duration) { c.ahead.Add(int64(by)) }

// startApp starts the whole program on free ports and ends it with the test.
func startApp(t *testing.T, now func() time.Time, set map[string]string) *app {
	t.Helper()
	vars := []string{"XUNJIA_LISTEN=127.0.0.1:0", "XUNJIA_OPS_LISTEN=off", "XUNJIA_SIM_LISTEN=127.0.0.1:0",
		"XUNJIA_LOG_LEVEL=warn", "XUNJIA_DATA_DIR=" + t.TempDir()}
	for k, v := range set {
		vars = append(vars, k+"="+v)
	}
	cfg, err := config.Load("", vars)
	if err != nil {
		t.Fatal(err)
	}
	a, err := start(context.Background(), cfg, newLogger(cfg), now)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(a.close)
	return a
}
