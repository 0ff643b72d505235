package templates

import (
	"time"

	"github.com/xunjia/xunjia"
)

// HomePage is where everybody starts: the newest purchases that wait for
// quotes.
type HomePage struct {
	Layout
	Purchases []PurchaseCard
	Followed  bool           // the list holds only what the user follows
	Others    []PurchaseCard // below a short list of those: the newest of the rest
}

// Template implements Page.
func (*HomePage) Template() string { return "home" }

// PurchaseCard is a purchase in a list; the partial purchase-card shows it.
type PurchaseCard struct {
	xunjia.Purchase
	Status xunjia.PurchaseStatus // now
	Left   string                // 还剩 2 天; "" once quoting is over
	Buyer  string                // as the reader may see it; "" hides it
}

// NewPurchaseCard is the purchase as it stands at now.
func NewPurchaseCard(p xunjia.Purchase, now time.Time) PurchaseCard {
	c := PurchaseCard{Purchase: p, Status: p.StatusAt(now)}
	if c.Status == xunjia.WaitingForQuote {
		c.Left = Left(p.Deadline.Sub(now))
	}
	return c
}

// Href is the address of the purchase's page.
func (c PurchaseCard) Href() string { return xunjia.PurchasePath(c.ID) }
