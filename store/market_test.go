package store_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/xunjia/xunjia"
	"github.com/xunjia/xunjia/store"
	"github.com/xunjia/xunjia/store/storetest"
)

// market is a store with goods, a buyer and two suppliers.
type market struct {
	*store.Store
	clock                 *clock
	buyer, supplier, next xunjia.User
	goods                 map[string]xunjia.Category
}

// eachMarket runs f on both engines.
func eachMarket(t *testing.T, f func(t *testing.T, m market)) {
	t.Helper()
	c := newClock()
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		c.ms.Store(newClock().ms.Load())
		f(t, openMarket(t, s, c))
	}, c.option)
}

func openMarket(t *testing.T, s *store.Store, c *clock) market {
	t.Helper()
	m := market{Store: s, clock: c, goods: map[string]xunjia.Category{}}
	if _, err := s.Seed(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	list, err := s.Categories(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range list {
		m.goods[c.Name] = c
	}
	m.buyer = m.user(t, 0, "采购商")
	m.supplier = m.user(t, 1, "供应商甲")
	m.next = m.user(t, 2, "供应商乙")
	return m
}

// user registers person number n.
func (m market) user(t *testing.T, n int, name string) xunjia.User {
	t.Helper()
	u, err := m.RegisterPhone(t.Context(), xunjia.Phone(fmt.Sprintf("1380013%04d", n)), 0)
	if err == nil {
		u, err = m.SaveProfile(t.Context(), u.ID, xunjia.Profile{Kind: xunjia.Trader, Name: name, Area: "510104"})
	}
	if err != nil {
		t.Fatal(err)
	}
	return u
}

// picture uploads a picture.
func (m market) picture(t *testing.T, key string, owner int64) xunjia.Attachment {
	t.Helper()
	if err := m.CreateMedia(t.Context(), xunjia.Media{Key: key, OwnerID: owner, MIME: "image/jpeg"}); err != nil {
		t.Fatal(err)
	}
	return xunjia.Attachment{Media: key, Type: xunjia.Bulk}
}

// draft asks for the goods of the names, 100公斤 each, within a day.
func (m market) draft(names ...string) xunjia.Draft {
	d := xunjia.Draft{Terms: xunjia.Terms{Area: "510100", Deadline: m.clock.now().Add(24 * time.Hour)}}
	for _, n := range names {
		d.Lines = append(d.Lines, xunjia.Line{CategoryID: m.goods[n].ID, Quantity: 100_000, Unit: "公斤", Quality: "无硫"})
	}
	return d
}

func (m market) publish(t *testing.T, names ...string) xunjia.Purchase {
	t.Helper()
	p, fresh, err := m.PublishPurchase(t.Context(), m.buyer.ID, m.draft(names...))
	if err != nil || !fresh {
		t.Fatal(fresh, err)
	}
	return p
}

// quote submits the supplier's offer for the purchase's first line.
func (m market) quote(t *testing.T, p xunjia.Purchase, supplier int64, price xunjia.Fen) xunjia.Quote {
	t.Helper()
	change(t, m.Store, "DELETE FROM quote_quota WHERE user_id = ?", supplier) // tests quote more often than people
	q, fresh, err := m.SubmitQuote(t.Context(), p.Lines[0].ID, supplier, xunjia.Offer{Price: price, Quality: "无硫"})
	if err != nil || !fresh {
		t.Fatal(fresh, err)
	}
	return q
}

// rows counts the rows of a table, or of a table with a condition.
func rows(t *testing.T, s *store.Store, from string, args ...any) (n int) {
	t.Helper()
	if err := s.DB().QueryRowContext(t.Context(), "SELECT COUNT(*) FROM "+from, args...).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

// events counts the events of a kind about a purchase.
func events(t *testing.T, s *store.Store, kind xunjia.EventKind, purchaseID int64) int {
	t.Helper()
	return rows(t, s, "event WHERE kind = ? AND purchase_id = ?", kind, purchaseID)
}

// written counts the rows of every table that an operation of this package
// writes: a refused one must leave it as it is.
func written(t *testing.T, s *store.Store) map[string]int {
	t.Helper()
	n := map[string]int{}
	for _, table := range []string{"users", "user_category", "purchase", "purchase_line", "purchase_attachment",
		"quote", "quote_revision", "quote_attachment", "notification", "event", "delivery", "deal"} {
		n[table] = rows(t, s, table)
	}
	n["quotes counted"] = rows(t, s, "purchase WHERE quote_count > 0")
	n["purchases open"] = rows(t, s, "purchase WHERE status = 1")
	n["lines open"] = rows(t, s, "purchase_line WHERE status = 1")
	n["quotes pending"] = rows(t, s, "quote WHERE state = 0")
	return n
}
