package templates

import (
	"time"

	"github.com/xunjia/xunjia"
)

// HomePage is where everybody starts: what waits for quotes, first what the
// reader follows and then the rest.
type HomePage struct {
	Layout
	Followed []PurchaseCard
	Others   []PurchaseCard
	Follows  bool   // the reader follows something
	Next     string // for the next part; "" at the end
	First    bool   // of the parts
}

// More leads to the next part.
func (p *HomePage) More() More { return moreAt("/", nil, p.Next) }

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
