package templates

import (
	"net/url"
	"time"

	"github.com/xunjia/xunjia"
)

// InvitePage is where a buyer invites suppliers and sees what they did.
type InvitePage struct {
	Layout
	Purchase   xunjia.Purchase
	Open       bool // suppliers can be invited now
	Known      bool // candidates have quoted to the buyer; otherwise they follow the goods
	Query      string
	Offset     string // where this part of the candidates begins
	Candidates []xunjia.User
	NextOffset string // "" at the end
	Links      []InviteLinkRow
	Invited    []InvitedRow
	Next       string // address of the next part of the invited
	Form       Form   // supplier, max_uses
}

// Template implements Page.
func (*InvitePage) Template() string { return "invite" }

// Href is the page with other candidates.
func (p *InvitePage) href(known bool, query, offset string) string {
	q := url.Values{}
	if known {
		q.Set("from", "known")
	}
	if query != "" {
		q.Set("q", query)
	}
	if offset != "" {
		q.Set("offset", offset)
	}
	href := xunjia.PurchasePath(p.Purchase.ID) + "/invite"
	if len(q) > 0 {
		href += "?" + q.Encode()
	}
	return href + "#choose"
}

// FollowersHref shows those who follow the goods.
func (p *InvitePage) FollowersHref() string { return p.href(false, p.Query, "") }

// KnownHref shows those who have quoted before.
func (p *InvitePage) KnownHref() string { return p.href(true, p.Query, "") }

// MoreHref shows the next part of the candidates.
func (p *InvitePage) MoreHref() string { return p.href(p.Known, p.Query, p.NextOffset) }

// Action keeps the choice of candidates when the form is sent.
func (p *InvitePage) Action() string { return p.href(p.Known, p.Query, p.Offset) }

// InviteLinkRow is a link of InvitePage.
type InviteLinkRow struct {
	xunjia.InviteLink
	State xunjia.LinkState
}

// InvitedRow is one who was invited.
type InvitedRow struct {
	xunjia.Invitation
	Supplier  xunjia.User
	CanRevoke bool
}

// InviteLinkPage shows a new link, once.
type InviteLinkPage struct {
	Layout
	Purchase xunjia.Purchase
	Link     xunjia.InviteLink
	URL      string
	Picture  string // address of its QR code
}

// Template implements Page.
func (*InviteLinkPage) Template() string { return "invite_link" }

// Script is as for PublishPage.
func (*InviteLinkPage) Script() string { return businessScript }

// OpeningPage is the record of a sealed purchase.
type OpeningPage struct {
	Layout
	Purchase xunjia.Purchase
	Record   xunjia.OpeningRecord
	By       string // who looked first
}

// Template implements Page.
func (*OpeningPage) Template() string { return "opening" }

// OpeningLine is a line with what was offered for it.
type OpeningLine struct {
	xunjia.Line
	Rows []xunjia.OpeningRow
}

// Lines groups the record by line.
func (p *OpeningPage) Lines() []OpeningLine {
	lines := make([]OpeningLine, 0, len(p.Purchase.Lines))
	for _, l := range p.Purchase.Lines {
		group := OpeningLine{Line: l}
		for _, r := range p.Record.Rows {
			if r.LineID == l.ID {
				group.Rows = append(group.Rows, r)
			}
		}
		lines = append(lines, group)
	}
	return lines
}

func invitationSamples(now time.Time) []Sample {
	p := samplePurchase(now)
	buyer, coop, zhao := sampleUsers()
	full := &InvitePage{Layout: sampleLayout("邀请报价", ""), Purchase: p, Open: true, Known: true, Candidates: []xunjia.User{coop, zhao}, NextOffset: "8", Next: "/purchases/1/invite?after=more",
		Form: Form{Values: url.Values{"max_uses": {"10"}, "supplier": {"7"}}},
		Links: []InviteLinkRow{
			{InviteLink: xunjia.InviteLink{ID: 2, MaxUses: 10, Uses: 3, CreatedAt: now.Add(-time.Hour)}, State: xunjia.LinkLive},
			{InviteLink: xunjia.InviteLink{ID: 1, MaxUses: 1, Uses: 1, CreatedAt: now.Add(-5 * time.Hour)}, State: xunjia.LinkUsedUp},
		}}
	for i, s := range xunjia.InvitationStates() {
		full.Invited = append(full.Invited, InvitedRow{Invitation: xunjia.Invitation{SupplierID: int64(10 + i), State: s, LinkID: int64(i % 2), CreatedAt: now.Add(-time.Duration(i) * time.Hour)}, Supplier: []xunjia.User{coop, zhao}[i%2], CanRevoke: s != xunjia.InvitationQuoted && s != xunjia.InvitationRevoked})
	}
	empty := &InvitePage{Layout: sampleLayout("邀请报价", ""), Purchase: p, Open: true, Query: "不存在的名字",
		Form: Form{Values: url.Values{"max_uses": {"500"}}, Message: "有内容需要修改，请看标红的地方", Errors: map[string]string{"max_uses": "名额应在 1 到 100 之间", "supplier": "请选择 1 到 50 家供应商"}}}
	over := &InvitePage{Layout: sampleLayout("邀请报价", ""), Purchase: p}
	link := &InviteLinkPage{Layout: sampleLayout("邀请链接", ""), Purchase: p, Link: xunjia.InviteLink{ID: 2, MaxUses: 10}, URL: "https://xunjia.example.com/i/ABCDEFGHIJKLMNOPQRSTUVWXYZ", Picture: "/share.png"}
	sealed := p
	sealed.Mode, sealed.Status, sealed.EndedAt, sealed.Deadline = xunjia.SealedMode, xunjia.QuotingEnded, now.Add(-time.Hour), now.Add(-time.Hour)
	opening := &OpeningPage{Layout: sampleLayout("开标记录", ""), Purchase: sealed, By: buyer.Name, Record: xunjia.OpeningRecord{PurchaseID: 1, OpenedAt: now.Add(-20 * time.Minute), OpenedBy: 1, Rows: []xunjia.OpeningRow{
		{LineID: 11, QuoteID: 21, SupplierID: 7, Supplier: coop.Name, Price: 279_00, Unit: "公斤", Landed: 279_00, Revision: 2, SubmittedAt: now.Add(-2 * time.Hour)},
		{LineID: 11, QuoteID: 22, SupplierID: 8, Supplier: zhao.Name, Price: 156_25, Unit: "斤", Landed: 312_50, Revision: 1, SubmittedAt: now.Add(-3 * time.Hour)},
		{LineID: 11, QuoteID: 23, SupplierID: 9, Supplier: "周小川", Price: 286_00, Unit: "公斤", Landed: 286_00, Revision: 1, SubmittedAt: now.Add(-3 * time.Hour), Withdrawn: true},
	}}}
	none := *opening
	none.Record.Rows = nil
	return []Sample{{"invite", full}, {"invite empty", empty}, {"invite over", over}, {"invite_link", link}, {"opening", opening}, {"opening empty", &none}}
}
