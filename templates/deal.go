package templates

import (
	"fmt"
	"strings"
	"time"

	"github.com/xunjia/xunjia"
)

// DealsPage lists somebody's deals.
type DealsPage struct {
	Layout
	Of    string // bought, sold or company
	Tabs  []Option
	Deals []DealCard
	Next  string // for the next page; "" at the end
	First bool   // of the pages
}

// Template implements Page.
func (*DealsPage) Template() string { return "deals" }

// DealCard is a deal in a list.
type DealCard struct {
	xunjia.Deal
	Line    xunjia.Line
	Partner string
	Waits   bool // for the reader
}

// Href is the address of the deal's page.
func (c DealCard) Href() string { return xunjia.DealPath(c.ID) }

// DealPage is one deal, for its two sides.
type DealPage struct {
	Layout
	Deal     xunjia.Deal
	Line     xunjia.Line
	Purchase xunjia.Purchase
	Buyer    xunjia.User
	Supplier xunjia.User
	Side     xunjia.Side // of the reader
	Decides  bool        // the reader's role lets him act
	Photos   []DealPhoto
	Steps    []DealStep
	Ratings  []xunjia.Rating
	Disputes []xunjia.Dispute // newest first
	CanRate  bool
	Can      DealActions
	Form     Form // photos, stars, comment
	Now      time.Time
}

// DealActions are what the reader can do now.
type DealActions struct{ Confirm, Change, Cancel, Keep, Complete, Dispute, Photos bool }

// Bar tells whether the bar at the bottom has a button.
func (p *DealPage) Bar() bool {
	can := p.Can
	return p.Decides && (can.Confirm || can.Change || can.Cancel || can.Keep || can.Complete)
}

// Template implements Page.
func (*DealPage) Template() string { return "deal" }

// Other is whom the reader deals with.
func (p *DealPage) Other() xunjia.User {
	if p.Side == xunjia.SupplierSide {
		return p.Buyer
	}
	return p.Supplier
}

// Heading says what the deal waits for, from the reader's side.
func (p *DealPage) Heading() string {
	d, other := p.Deal, p.Side.Other()
	switch d.State {
	case xunjia.DraftDeal:
		switch {
		case d.ConfirmedBy(p.Side):
			return fmt.Sprintf("您已确认，等%s确认", other)
		case d.ConfirmedBy(other):
			return fmt.Sprintf("%s已确认，等您确认", other)
		}
		return "请核对成交内容，双方确认后生效"
	case xunjia.ConfirmedDeal:
		switch d.CancelSide {
		case p.Side:
			return fmt.Sprintf("您提出了取消，等%s同意", other)
		case other:
			return fmt.Sprintf("%s想取消这笔成交", other)
		}
		return "成交已生效，请按约定履行"
	case xunjia.CompletedDeal:
		return "成交已完成"
	case xunjia.DisputedDeal:
		return "双方有争议，平台正在处理"
	}
	return "成交已取消"
}

// HeadingIcon is the drawing beside the heading.
func (p *DealPage) HeadingIcon() string {
	switch p.Deal.State {
	case xunjia.ConfirmedDeal, xunjia.CompletedDeal:
		return "circle-check"
	case xunjia.DraftDeal:
		return "clock"
	}
	return "info-circle"
}

// Sides are the two rows of who has confirmed.
func (p *DealPage) Sides() []DealSide {
	return []DealSide{
		{xunjia.BuyerSide, p.Buyer.Name, p.Deal.BuyerConfirmedAt, p.Side == xunjia.BuyerSide},
		{xunjia.SupplierSide, p.Supplier.Name, p.Deal.SupplierConfirmedAt, p.Side == xunjia.SupplierSide},
	}
}

// DealSide is a side with when it confirmed, zero for not yet.
type DealSide struct {
	Side xunjia.Side
	Name string
	At   time.Time
	Me   bool
}

// DealPhoto is a picture of one side.
type DealPhoto struct {
	Side   xunjia.Side
	Images []xunjia.Attachment
}

// DealStep is a change of the draft.
type DealStep struct {
	Who     string
	Changes []string
	At      time.Time
}

// Rated is the rating that a side gave; zero stars for none.
func (p *DealPage) Rated(side xunjia.Side) xunjia.Rating {
	for _, r := range p.Ratings {
		if r.Side == side {
			return r
		}
	}
	return xunjia.Rating{}
}

// Mine and Theirs are the ratings that the reader gave and got.
func (p *DealPage) Mine() xunjia.Rating { return p.Rated(p.Side) }

// Theirs is the rating that the reader got.
func (p *DealPage) Theirs() xunjia.Rating { return p.Rated(p.Side.Other()) }

// Dispute is the newest dispute; nil for none.
func (p *DealPage) Dispute() *xunjia.Dispute {
	if len(p.Disputes) == 0 {
		return nil
	}
	return &p.Disputes[0]
}

// Opened tells whether the reader's side opened the newest dispute.
func (p *DealPage) Opened() bool { return p.Dispute() != nil && p.Dispute().Side == p.Side }

// StarChoices are the values of the rating, the best first.
func (*DealPage) StarChoices() []int { return []int{5, 4, 3, 2, 1} }

// MaxPhotos is how many pictures a side may add.
func (*DealPage) MaxPhotos() int { return xunjia.MaxDealPhotos }

// Stars draws a number of stars: ★★★★☆.
func Stars(n int) string { return strings.Repeat("★", n) + strings.Repeat("☆", max(0, 5-n)) }

// DealEditPage is the form with which a side changes a draft.
type DealEditPage struct {
	Layout
	Deal xunjia.Deal
	Line xunjia.Line
	Room string // the most that can be agreed on, with its unit
	Form Form   // version, price, quantity, freight, delivery_at, payment_at, terms
	Day  string // today, as a date field writes it
}

// Template implements Page.
func (*DealEditPage) Template() string { return "deal_edit" }

// DealReasonPage asks why a deal shall be cancelled.
type DealReasonPage struct {
	Layout
	Deal xunjia.Deal
	Line xunjia.Line
	Both bool // the other side has to agree
	Form Form // reason
}

// Template implements Page.
func (*DealReasonPage) Template() string { return "deal_reason" }

// Phrases are reasons to pick instead of typing.
func (*DealReasonPage) Phrases() []string {
	return []string{"采购计划有变", "货源不足", "价格没有谈妥", "交期赶不上", "双方协商取消"}
}

// DealDisputePage is the form with which a side opens a dispute, or says more
// in one that is open.
type DealDisputePage struct {
	Layout
	Deal xunjia.Deal
	Line xunjia.Line
	Open bool // there is a dispute already
	Form Form // text, media
}

// Template implements Page.
func (*DealDisputePage) Template() string { return "deal_dispute" }

// MaxImages is how many pictures go with a statement.
func (*DealDisputePage) MaxImages() int { return xunjia.MaxImagesPerLine }

// AdminDisputesPage lists disputes.
type AdminDisputesPage struct {
	Layout
	State xunjia.DisputeState
	Tabs  []Option
	Rows  []DisputeRow
	Next  string // address; "" at the end
	Now   time.Time
}

// Template implements Page.
func (*AdminDisputesPage) Template() string { return "admin/disputes" }

// DisputeRow is a dispute in the list.
type DisputeRow struct {
	xunjia.Dispute
	Number          string
	Goods           string
	Buyer, Supplier string
	Total           xunjia.Fen
}

// AdminDisputePage is one dispute.
type AdminDisputePage struct {
	Layout
	Dispute  xunjia.Dispute
	Deal     xunjia.Deal
	Line     xunjia.Line
	Buyer    xunjia.User
	Supplier xunjia.User
	Photos   []DealPhoto
	Steps    []DealStep
	Refusal  string // why it cannot be settled yet; "" when it can
	Form     Form   // result
}

// Template implements Page.
func (*AdminDisputePage) Template() string { return "admin/dispute" }

// Name is a side's name.
func (p *AdminDisputePage) Name(side xunjia.Side) string {
	if side == xunjia.BuyerSide {
		return p.Buyer.Name
	}
	return p.Supplier.Name
}
