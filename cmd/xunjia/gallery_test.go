package main

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"

	"github.com/xunjia/xunjia"
	"github.com/xunjia/xunjia/media"
)

// A finger's way over the screen, in steps as a screen reports them.
func swipe(fromX, fromY, toX, toY float64) chromedp.Action {
	return chromedp.ActionFunc(func(ctx context.Context) error {
		const steps = 8
		point := func(i float64) []*input.TouchPoint {
			return []*input.TouchPoint{{X: fromX + (toX-fromX)*i/steps, Y: fromY + (toY-fromY)*i/steps, ID: 1}}
		}
		if err := input.DispatchTouchEvent(input.TouchStart, point(0)).Do(ctx); err != nil {
			return err
		}
		for i := 1.0; i <= steps; i++ {
			if err := input.DispatchTouchEvent(input.TouchMove, point(i)).Do(ctx); err != nil {
				return err
			}
		}
		return input.DispatchTouchEvent(input.TouchEnd, nil).Do(ctx)
	})
}

func touch(x, y float64) chromedp.Action { return swipe(x, y, x, y) }

// pinch moves two fingers apart around the middle of the screen.
func pinch(x, y, from, to float64) chromedp.Action {
	return chromedp.ActionFunc(func(ctx context.Context) error {
		points := func(apart float64) []*input.TouchPoint {
			return []*input.TouchPoint{{X: x - apart/2, Y: y, ID: 1}, {X: x + apart/2, Y: y, ID: 2}}
		}
		for i, kind := range []input.TouchType{input.TouchStart, input.TouchMove, input.TouchMove, input.TouchMove} {
			if err := input.DispatchTouchEvent(kind, points(from+(to-from)*float64(i)/3)).Do(ctx); err != nil {
				return err
			}
		}
		return input.DispatchTouchEvent(input.TouchEnd, nil).Do(ctx)
	})
}

// What the tests look at: which picture is shown, how large, whether it has
// been loaded.
const (
	zoomed = `new DOMMatrix(getComputedStyle(document.querySelector(".gallery-slide[aria-hidden=false] img")).transform).a`
	loaded = `(i => i.complete && i.naturalWidth > 0)(document.querySelector(".gallery-slide[aria-hidden=false] img"))`
	gone   = `!document.querySelector("dialog.gallery")`
)

func counts(text string) string {
	return fmt.Sprintf(`(document.querySelector(".gallery [role=status]") || {}).textContent === %q && %s`, text, loaded)
}

// TestGallery looks at the pictures of a quote with fingers, with the mouse and
// with the keyboard.
func TestGallery(t *testing.T) {
	a := startApp(t, time.Now, nil)
	quote, token := quoteWithPictures(t, a)
	path := xunjia.QuotePath(quote.ID)
	b := browser(t)
	first, second, last := "1 / 3　手持", "2 / 3　细节", "3 / 3　检测报告"
	open := func(p tab) {
		p.click("a[data-lightbox]")
		p.until("the first picture", counts(first))
	}

	t.Run("touch", func(t *testing.T) {
		p := newTab(t, b, 390, 844)
		p.run("a touch screen", emulation.SetTouchEmulationEnabled(true).WithMaxTouchPoints(5))
		p.logIn(a.url, token)
		p.open(a.url + path)
		open(p)
		p.until("the neighbour is loaded ahead", `!!document.querySelectorAll(".gallery-slide img")[1].src && !document.querySelectorAll(".gallery-slide img")[2].src`)
		p.run("swipe", swipe(320, 420, 60, 425))
		p.until("the second picture", counts(second))
		p.run("swipe on", swipe(320, 420, 60, 425))
		p.until("the last picture", counts(last))
		p.run("swipe beyond the end", swipe(320, 420, 60, 425))
		p.until("still the last picture", counts(last))
		p.run("swipe back", swipe(60, 420, 320, 425))
		p.until("the second picture again", counts(second))
		p.run("tap twice", touch(195, 420), touch(197, 421))
		p.until("zoomed", zoomed+" > 2")
		p.shoot("zoomed")
		p.run("drag", swipe(300, 420, 100, 400))
		p.until("moved, not swiped", counts(second)+" && "+strings.Replace(zoomed, ").a", ").e", 1)+" < -50")
		p.run("tap twice", touch(195, 420), touch(197, 421))
		p.until("as large as before", zoomed+" === 1")
		p.run("pinch", pinch(195, 420, 80, 260))
		p.until("zoomed", zoomed+" > 2")
		p.run("pinch back", pinch(195, 420, 300, 40))
		p.until("as large as before", zoomed+" === 1")
		p.run("drag down", swipe(195, 400, 200, 700))
		p.until("closed", gone)
		if got := p.path(); got != path {
			t.Errorf("closing led to %s", got)
		}
		open(p)
		p.run("tap beside it", touch(195, 800))
		p.until("closed", gone)
		open(p)
		p.run("the phone's back button", chromedp.Evaluate("history.back()", nil))
		p.until("closed", gone)
		if got := p.path(); got != path {
			t.Errorf("the back button led to %s", got)
		}
		open(p)
		p.click(".gallery-close")
		p.until("closed", gone+` && document.activeElement.matches("a[data-lightbox]")`)
	})

	t.Run("mouse and keyboard", func(t *testing.T) {
		p := newTab(t, b, 1280, 800)
		p.logIn(a.url, token)
		p.open(a.url + path)
		open(p)
		p.shoot("open")
		p.click(".gallery-go.next")
		p.until("the second picture", counts(second))
		p.run("wheel", input.DispatchMouseEvent(input.MouseWheel, 640, 400).WithDeltaX(0).WithDeltaY(-400))
		p.until("zoomed", zoomed+" > 1.3")
		p.run("zoom back", chromedp.KeyEvent("0"))
		p.until("as large as before", zoomed+" === 1")
		p.run("double click", chromedp.MouseClickXY(640, 400), chromedp.MouseClickXY(640, 400))
		p.until("zoomed", zoomed+" > 2")
		p.run("right", chromedp.KeyEvent("\u0303")) // ArrowRight
		p.until("the last picture, not zoomed", counts(last)+" && "+zoomed+" === 1")
		p.run("home", chromedp.KeyEvent("\u0306"))
		p.until("the first picture", counts(first))
		p.run("tab", chromedp.KeyEvent("\t"), chromedp.KeyEvent("\t"), chromedp.KeyEvent("\t"), chromedp.KeyEvent("\t"))
		p.until("the focus stays inside", `document.activeElement === document.body || !!document.activeElement.closest("dialog")`)
		p.run("escape", chromedp.KeyEvent("\u001b"))
		p.until("closed", gone)
		if got := p.path(); got != path {
			t.Errorf("closing led to %s", got)
		}
	})
}

// logIn takes a session that exists.
func (p tab) logIn(url, token string) {
	p.t.Helper()
	p.run("take the session", network.SetCookie("sid", token).WithURL(url))
}

// quoteWithPictures is a quote with three pictures and the session of its
// supplier.
func quoteWithPictures(t *testing.T, a *app) (q xunjia.Quote, token string) {
	t.Helper()
	ctx := t.Context()
	list, err := a.store.OpenPurchases(ctx, xunjia.Page{})
	if err != nil {
		t.Fatal(err)
	}
	buyer := list.Items[0].BuyerID
	supplier := buyer%5 + 1
	if supplier == buyer {
		supplier++
	}
	blobs, release, err := openBlobs(a.cfg)
	if err != nil {
		t.Fatal(err)
	}
	defer release()
	o := xunjia.Offer{Price: 27_900}
	for kind, file := range map[xunjia.AttachmentType]string{xunjia.HandHeld: "黄连", xunjia.Detail: "黄连2", xunjia.TestReport: "检测报告"} {
		data, err := samples.ReadFile("samples/" + file + ".jpg")
		if err != nil {
			t.Fatal(err)
		}
		key, err := media.Save(ctx, blobs, media.Image{Original: data, PC: data, Mobile: data})
		if err == nil {
			err = a.store.CreateMedia(ctx, xunjia.Media{Key: key, OwnerID: supplier})
		}
		if err != nil {
			t.Fatal(err)
		}
		o.Attachments = append(o.Attachments, xunjia.Attachment{Media: key, Type: kind})
	}
	slices.SortFunc(o.Attachments, func(a, b xunjia.Attachment) int { return cmp.Compare(a.Type, b.Type) })
	if q, _, err = a.store.SubmitQuote(ctx, list.Items[0].Lines[0].ID, supplier, o); err != nil {
		t.Fatal(err)
	}
	if token, _, err = a.store.StartSession(ctx, xunjia.Session{Kind: xunjia.UserSession, UserID: supplier}); err != nil {
		t.Fatal(err)
	}
	return q, token
}
