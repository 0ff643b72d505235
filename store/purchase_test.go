package store_test

import (
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/xunjia/xunjia"
)

func TestPublish(t *testing.T) {
	eachMarket(t, func(t *testing.T, m market) {
		ctx := t.Context()
		picture := m.picture(t, "p1", m.buyer.ID)
		d := m.draft("黄连", "当归")
		d.Invoice, d.Payment, d.Remark, d.Key = "增值税专用发票", "货到付款", " 急用 ", "form-1"
		d.Lines[0].Spec, d.Lines[0].Origin, d.Lines[0].CapPrice = "统货", "重庆石柱", 30000
		d.Lines[0].Images = []xunjia.Attachment{picture}
		p, fresh, err := m.PublishPurchase(ctx, m.buyer.ID, d)
		if err != nil || !fresh {
			t.Fatal(fresh, err)
		}
		now := m.clock.now().UTC()
		want := xunjia.Purchase{
			BuyerID: m.buyer.ID, Status: xunjia.WaitingForQuote, Version: 1, Terms: xunjia.Terms{Area: "510100", Invoice: "增值税专用发票", Payment: "货到付款", Remark: "急用", Deadline: now.Add(24 * time.Hour)}, PublishedAt: now,
			Lines: []xunjia.Line{
				{CategoryID: m.goods["黄连"].ID, Name: "黄连", Spec: "统货", Quantity: 100_000, Unit: "公斤", Quality: "无硫",
					Origin: "重庆石柱", CapPrice: 30000, Status: xunjia.WaitingForQuote, Images: []xunjia.Attachment{picture}, Version: 1},
				{Position: 1, CategoryID: m.goods["当归"].ID, Name: "当归", Quantity: 100_000, Unit: "公斤", Quality: "无硫",
					Status: xunjia.WaitingForQuote, Version: 1},
			},
		}
		ids := cmp.Options{cmpopts.IgnoreFields(xunjia.Purchase{}, "ID", "Number"), cmpopts.IgnoreFields(xunjia.Line{}, "ID", "PurchaseID")}
		if diff := cmp.Diff(want, p, ids); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
		if !regexp.MustCompile(`^20261123\d{8}$`).MatchString(p.Number) {
			t.Errorf("number %s", p.Number)
		}
		if n := events(t, m.Store, xunjia.PurchasePublished, p.ID); n != 1 {
			t.Errorf("%d events", n)
		}
		stored, line, err := m.PurchaseOfLine(ctx, p.Lines[1].ID)
		if err != nil || cmp.Diff(p, stored) != "" || line.Name != "当归" {
			t.Errorf("of line: %v %v\n%s", line, err, cmp.Diff(p, stored))
		}

		// The same form again, even when its deadline would no longer do.
		m.clock.advance(24*time.Hour - time.Minute)
		before := written(t, m.Store)
		again, fresh, err := m.PublishPurchase(ctx, m.buyer.ID, d)
		if err != nil || fresh || again.ID != p.ID {
			t.Errorf("published again: %d %v %v", again.ID, fresh, err)
		}
		if diff := cmp.Diff(before, written(t, m.Store)); diff != "" {
			t.Error(diff)
		}
		// Another buyer may use the same key.
		d = m.draft("黄连")
		d.Key = "form-1"
		if other, fresh, err := m.PublishPurchase(ctx, m.next.ID, d); err != nil || !fresh || other.ID == p.ID {
			t.Errorf("somebody else's key: %d %v %v", other.ID, fresh, err)
		}
	})
}

func TestPublishRefuses(t *testing.T) {
	eachMarket(t, func(t *testing.T, m market) {
		ctx := t.Context()
		foreign := m.picture(t, "foreign", m.supplier.ID)
		own := m.picture(t, "own", m.buyer.ID)
		change(t, m.Store, "UPDATE users SET disabled = 1 WHERE id = ?", m.next.ID)
		before := written(t, m.Store)
		for _, c := range []struct {
			name   string
			buyer  int64
			change func(*xunjia.Draft)
			want   xunjia.Code
			field  string
		}{
			{"no lines", m.buyer.ID, func(d *xunjia.Draft) { d.Lines = nil }, xunjia.Invalid, "lines"},
			{"too many lines", m.buyer.ID, func(d *xunjia.Draft) {
				for len(d.Lines) <= xunjia.MaxLines {
					d.Lines = append(d.Lines, d.Lines[0])
				}
			}, xunjia.Invalid, "lines"},
			{"deadline passed", m.buyer.ID, func(d *xunjia.Draft) { d.Deadline = m.clock.now() }, xunjia.Invalid, "deadline"},
			{"unknown category", m.buyer.ID, func(d *xunjia.Draft) { d.Lines[1].CategoryID = 99999 }, xunjia.Invalid, "lines.1.category"},
			{"a group", m.buyer.ID, func(d *xunjia.Draft) { d.Lines[1].CategoryID = m.goods["花类"].ID }, xunjia.Invalid, "lines.1.category"},
			{"unit of other goods", m.buyer.ID, func(d *xunjia.Draft) { d.Lines[0].Unit = "条" }, xunjia.Invalid, "lines.0.unit"},
			{"quantity zero", m.buyer.ID, func(d *xunjia.Draft) { d.Lines[0].Quantity = 0 }, xunjia.Invalid, "lines.0.quantity"},
			{"somebody else's picture", m.buyer.ID, func(d *xunjia.Draft) { d.Lines[1].Images = []xunjia.Attachment{own, foreign} }, xunjia.Invalid, "lines.1.images"},
			{"picture that is none", m.buyer.ID, func(d *xunjia.Draft) { d.Lines[0].Images = []xunjia.Attachment{{Media: "nothing"}} }, xunjia.Invalid, "lines.0.images"},
			{"key too long", m.buyer.ID, func(d *xunjia.Draft) { d.Key = strings.Repeat("k", 65) }, xunjia.Invalid, "key"},
			{"disabled buyer", m.next.ID, func(*xunjia.Draft) {}, xunjia.Forbidden, ""},
			{"nobody", 99999, func(*xunjia.Draft) {}, xunjia.NotFound, ""},
		} {
			d := m.draft("黄连", "当归")
			c.change(&d)
			_, _, err := m.PublishPurchase(ctx, c.buyer, d)
			wantCode(t, c.name, err, c.want)
			wantField(t, c.name, err, c.field)
			if diff := cmp.Diff(before, written(t, m.Store)); diff != "" {
				t.Errorf("%s left something behind:\n%s", c.name, diff)
			}
		}
	})
}

func TestNumberCollision(t *testing.T) {
	eachMarket(t, func(t *testing.T, m market) {
		taken := m.publish(t, "黄连").Number
		tries := 0
		number := func(time.Time) string {
			if tries++; tries < 3 {
				return taken
			}
			return "2026112399999999"
		}
		p, fresh, err := m.Publish(t.Context(), m.buyer.ID, m.draft("当归"), number)
		if err != nil || !fresh || p.Number != "2026112399999999" || tries != 3 {
			t.Errorf("%s %v %v after %d tries", p.Number, fresh, err, tries)
		}
	})
}

func TestOpenPurchases(t *testing.T) {
	eachMarket(t, func(t *testing.T, m market) {
		ctx := t.Context()
		seeded := rows(t, m.Store, "purchase WHERE status = 1")
		want := []int64{}
		for i := range 45 {
			if i%3 != 0 { // several in the same millisecond
				m.clock.advance(time.Second)
			}
			want = append([]int64{m.publish(t, "黄连", "当归", "黄连").ID}, want...)
		}
		list := func(read func(page xunjia.Page) (xunjia.List[xunjia.Purchase], error)) (ids []int64) {
			t.Helper()
			page := xunjia.Page{Limit: 10}
			for range 20 {
				part, err := read(page)
				if err != nil {
					t.Fatal(err)
				}
				for _, p := range part.Items {
					ids = append(ids, p.ID)
					if len(p.Lines) == 0 {
						t.Errorf("%d has no lines", p.ID)
					}
				}
				if part.Next == "" {
					return ids
				}
				page.After = part.Next
			}
			t.Fatal("the list does not end")
			return nil
		}
		home := list(func(p xunjia.Page) (xunjia.List[xunjia.Purchase], error) { return m.OpenPurchases(ctx, p) })
		if d := cmp.Diff(want, home[:len(want)]); d != "" || len(home) != len(want)+seeded {
			t.Errorf("home has %d, want %d:\n%s", len(home), len(want)+seeded, d)
		}
		mine := list(func(p xunjia.Page) (xunjia.List[xunjia.Purchase], error) { return m.PurchasesOf(ctx, m.buyer.ID, p) })
		if d := cmp.Diff(want, mine); d != "" {
			t.Errorf("mine:\n%s", d)
		}

		if _, err := m.FollowCategories(ctx, m.supplier.ID, []int64{m.goods["黄连"].ID, m.goods["蝉蜕"].ID}); err != nil {
			t.Fatal(err)
		}
		read := func(p xunjia.Page) (xunjia.List[xunjia.Purchase], error) {
			found, err := m.SearchPurchases(ctx, xunjia.Search{Followed: true}, m.supplier, p)
			return found.List, err
		}
		if followed := list(read); cmp.Diff(want, followed[:len(want)]) != "" || len(followed) != len(want)+1 {
			t.Errorf("followed has %d, want %d:\n%s", len(followed), len(want)+1, cmp.Diff(want, followed))
		}
		// At its deadline a purchase is gone, before any job has come by.
		m.clock.advance(24*time.Hour - time.Second)
		if home := list(func(p xunjia.Page) (xunjia.List[xunjia.Purchase], error) { return m.OpenPurchases(ctx, p) }); len(home) >= len(want) {
			t.Errorf("%d are open after their deadline", len(home))
		}
		if followed := list(read); len(followed) >= len(want) {
			t.Errorf("%d followed are open after their deadline", len(followed))
		}
		if empty, err := m.SearchPurchases(ctx, xunjia.Search{Followed: true}, m.next, xunjia.Page{}); err != nil || len(empty.Items) != 0 {
			t.Errorf("who follows nothing sees %d, %v", len(empty.Items), err)
		}
		for _, bad := range []string{"x", "AAAA", "!", "AAAAAAAAAAAAAAAAAAAAAAA"} {
			_, err := m.OpenPurchases(ctx, xunjia.Page{After: bad})
			wantCode(t, bad, err, xunjia.Invalid)
		}
	})
}

func TestLongListsAreCut(t *testing.T) {
	eachMarket(t, func(t *testing.T, m market) {
		for range 105 {
			m.publish(t, "黄连")
		}
		for limit, want := range map[int]int{0: xunjia.PageSize, -1: xunjia.PageSize, 7: 7, 1_000_000: 100} {
			got, err := m.PurchasesOf(t.Context(), m.buyer.ID, xunjia.Page{Limit: limit})
			if err != nil || len(got.Items) != want || got.Next == "" {
				t.Errorf("limit %d: %d rows, %v", limit, len(got.Items), err)
			}
		}
	})
}

func TestEndPurchase(t *testing.T) {
	eachMarket(t, func(t *testing.T, m market) {
		ctx := t.Context()
		p := m.publish(t, "黄连", "当归")
		_, err := m.EndPurchase(ctx, p.ID, m.supplier.ID)
		wantCode(t, "by somebody else", err, xunjia.NotFound)
		_, err = m.EndPurchase(ctx, 99999, m.buyer.ID)
		wantCode(t, "unknown", err, xunjia.NotFound)
		m.clock.advance(time.Hour)
		ended, err := m.EndPurchase(ctx, p.ID, m.buyer.ID)
		if err != nil || ended.Status != xunjia.QuotingEnded || !ended.EndedAt.Equal(m.clock.now()) {
			t.Errorf("%+v, %v", ended, err)
		}
		for _, l := range ended.Lines {
			if l.Status != xunjia.QuotingEnded {
				t.Errorf("%s is %s", l.Name, l.Status)
			}
		}
		_, err = m.EndPurchase(ctx, p.ID, m.buyer.ID)
		wantCode(t, "again", err, xunjia.Conflict)
		if n := events(t, m.Store, xunjia.PurchaseEnded, p.ID); n != 1 {
			t.Errorf("%d events", n)
		}

		late := m.publish(t, "黄连")
		m.clock.advance(24 * time.Hour)
		_, err = m.EndPurchase(ctx, late.ID, m.buyer.ID)
		wantCode(t, "after the deadline", err, xunjia.Conflict)
	})
}

func TestEndDuePurchases(t *testing.T) {
	eachMarket(t, func(t *testing.T, m market) {
		ctx := t.Context()
		if _, err := m.EndDuePurchases(ctx, 1000); err != nil {
			t.Fatal(err)
		}
		p := m.publish(t, "黄连", "当归")
		m.clock.advance(24*time.Hour - time.Millisecond)
		if _, err := m.EndDuePurchases(ctx, 1000); err != nil {
			t.Fatal(err)
		}
		if got, err := m.Purchase(ctx, p.ID); err != nil || got.Status != xunjia.WaitingForQuote {
			t.Errorf("ended a millisecond early: %s, %v", got.Status, err)
		}
		m.clock.advance(time.Millisecond)
		if n, err := m.EndDuePurchases(ctx, 1000); err != nil || n != 1 {
			t.Errorf("ended %d, %v", n, err)
		}
		got, err := m.Purchase(ctx, p.ID)
		if err != nil || got.Status != xunjia.QuotingEnded || got.Lines[1].Status != xunjia.QuotingEnded || !got.EndedAt.Equal(p.Deadline) {
			t.Errorf("%+v, %v", got, err)
		}
		if n := rows(t, m.Store, "event WHERE kind = ? AND purchase_id = ? AND actor = 0", xunjia.PurchaseEnded, p.ID); n != 1 {
			t.Errorf("%d events", n)
		}
		if n, err := m.EndDuePurchases(ctx, 1000); err != nil || n != 0 {
			t.Errorf("ended %d again, %v", n, err)
		}
	})
}

// wantField checks that err blames exactly the field, or none for "".
func wantField(t *testing.T, what string, err error, field string) {
	t.Helper()
	var fields map[string]string
	if e, ok := err.(*xunjia.Error); ok {
		fields = e.Fields
	}
	if field == "" && len(fields) == 0 {
		return
	}
	if len(fields) != 1 || fields[field] == "" {
		t.Errorf("%s: fields %v, want %s", what, fields, field)
	}
}
