package main

import (
	"net/http"
	"strings"
	"testing"

	"github.com/xunjia/xunjia"
)

// A supplier opens a template message on his phone, another one the link in a
// short message: both land on the request, and the round counts them.
func TestOpenedMessagesAreCounted(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, w *world) {
		buyer := w.member(t, "19900000001")
		phone := w.follower(t, "supplier", "岷山药材商行", "黄连")
		reader := xunjia.Phone("19900000007") // follows 黄连, but not the account
		before := len(w.messages(t, reader))
		p := buyer.publish(t)
		await(t, "the card", func() bool { return w.cards(t, "supplier", p) == 1 })
		await(t, "the short message", func() bool { return len(w.messages(t, reader)) > before })
		w.settle(t)

		clicks := func() int { return w.count(t, "SELECT COUNT(*) FROM push WHERE clicked_at > 0") }
		open := func(v *visitor, agent, address string) {
			t.Helper()
			path, ok := strings.CutPrefix(address, w.url)
			if !ok || !strings.HasPrefix(path, xunjia.ClickPath) {
				t.Fatalf("the message leads to %s", address)
			}
			r := v.request(http.MethodGet, path, nil)
			if agent != "" {
				r.Header.Set("User-Agent", agent)
			}
			a := v.do(t, r)
			if a.StatusCode != http.StatusSeeOther || !strings.HasSuffix(a.Header.Get("Location"), xunjia.PurchasePath(p.ID)) {
				t.Fatalf("%s", a)
			}
		}
		for _, b := range w.chat(t, "supplier") {
			if b.Template != nil && w.leadsTo(t, b.Template.URL, xunjia.PurchasePath(p.ID)) {
				open(phone, "", b.Template.URL)
				open(phone, "", b.Template.URL) // again counts nothing
			}
		}
		if n := clicks(); n != 1 {
			t.Errorf("%d clicks after the card was opened", n)
		}
		texts := w.messages(t, reader)
		_, link, ok := strings.Cut(newest(texts), w.url)
		if !ok {
			t.Fatalf("no address in %q", texts)
		}
		link, _, _ = strings.Cut(link, " ")
		open(w.visitor(), "curl/8.5", w.url+link) // a program counts nothing
		open(w.visitor(), "Mozilla/5.0 (Linux; Android 14) Chrome/142.0 Mobile Safari/537.36", w.url+link)
		if n := clicks(); n != 2 {
			t.Errorf("%d clicks after the link was opened", n)
		}
	})
}

// newest is the text about a new request among short messages.
func newest(list []struct{ Text, Code string }) string {
	for _, m := range list {
		if strings.Contains(m.Text, "有人求购") {
			return m.Text
		}
	}
	return ""
}
