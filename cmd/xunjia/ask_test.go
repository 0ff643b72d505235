package main

import (
	"context"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/chromedp"

	"github.com/xunjia/xunjia"
)

// A buyer who has published is asked in WeChat whether he wants to hear of new
// quotes. He taps the card and allows it: the page says so, and the account may
// send him one message.
func TestAskedAfterPublishing(t *testing.T) {
	a := startApp(t, time.Now, nil)
	template, err := a.account.AddSubscriptionTemplate(t.Context(), "100001", []int{1, 2}, "采购询价")
	if err != nil {
		t.Fatal(err)
	}
	window := browser(t)
	buyer := newPerson(t, a, window, "buyer")
	desk := newTab(t, window, 1280, 900)
	desk.open(a.sim.URL() + "/sim/?left=buyer")
	phone := `[data-testid="phone-left"] `
	desk.follow(phone)
	buyer.register(buyer.base+"/purchases/new", "康源堂饮片", []string{"陈皮"}, "/purchases/new")
	purchase := buyer.publish("黄连", "当归")
	// In a browser of the desktop there is no WeChat around the page; it is
	// looked at again in the chat client.
	desk.click(phone + `[data-testid="menu-2"]`)
	desk.click(phone + `[data-testid="menu-2-0"]`)
	frame := phone + `[data-testid="frame"]`
	desk.run("open the purchase in the frame", chromedp.WaitReady(frame, chromedp.ByQuery),
		chromedp.SetAttributeValue(frame, "src", buyer.base+xunjia.PurchasePath(purchase), chromedp.ByQuery))
	desk.inFrame("tap the card", frame, func(page *cdp.Node) chromedp.Action {
		return chromedp.Click(`[data-testid="subscribe"]`, chromedp.ByQuery, chromedp.FromNode(page), chromedp.NodeVisible)
	})
	desk.shoot("asked")
	desk.click(phone + `[data-testid="subscribe-allow"]`)
	var said string
	desk.inFrame("read the answer", frame, func(page *cdp.Node) chromedp.Action {
		return chromedp.Text(`[data-testid="subscribe-answer"]`, &said, chromedp.ByQuery, chromedp.FromNode(page), chromedp.NodeVisible)
	})
	if said != "已记下，您同意接收一次新报价的微信提醒。" {
		t.Errorf("the page says %q", said)
	}
	desk.shoot("allowed")
	who, err := a.store.IdentityOfUser(t.Context(), simAppID, buyer.id)
	if err != nil {
		t.Fatal(err)
	}
	desk.run("wait for the credit", chromedp.ActionFunc(func(ctx context.Context) error {
		return again(ctx, func() (bool, error) {
			n, err := a.store.Credits(ctx, simAppID, who.OpenID, template)
			return n == 1, err
		})
	}))
}

// inFrame performs an action in a page's frame, again until it is possible: the
// frame may just be changing its page.
func (p tab) inFrame(what, selector string, do func(*cdp.Node) chromedp.Action) {
	p.t.Helper()
	p.run(what, chromedp.ActionFunc(func(ctx context.Context) error {
		return again(ctx, func() (bool, error) {
			try, cancel := context.WithTimeout(ctx, 2*time.Second)
			defer cancel()
			var frames []*cdp.Node
			if chromedp.Nodes(selector, &frames, chromedp.ByQuery).Do(try) != nil {
				return false, nil
			}
			return do(frames[0]).Do(try) == nil, nil
		})
	}))
}

// again asks until the answer is yes.
func again(ctx context.Context, ok func() (bool, error)) error {
	tick := time.NewTicker(30 * time.Millisecond)
	defer tick.Stop()
	for {
		if done, err := ok(); done || err != nil {
			return err
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}
