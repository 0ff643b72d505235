package templates

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/xunjia/xunjia"
)

func TestComparePage(t *testing.T) {
	now := sampleTime()
	p := samplePurchase(now)
	p.Lines[0].Accepted = 200_000
	buyer, _, _ := sampleUsers()
	show := func(page *ComparePage) (lines []string) {
		for _, l := range page.Lines {
			for _, q := range l.Quotes {
				mark := ""
				for _, m := range []struct {
					is   bool
					text string
				}{{q.Best, "最低"}, {q.Fastest, "最快"}, {q.Expired, "过期"}, {q.Old, "旧版"}, {q.Certified, "认证"}, {q.Landed.NoInvoice, "不能开票"}, {!q.Stands(), "灰"}} {
					if m.is {
						mark += " " + m.text
					}
				}
				lines = append(lines, fmt.Sprintf("%d %v%s", q.ID, q.Landed.Price(), mark))
			}
		}
		return lines
	}
	page := NewComparePage(p, sampleOffers(p, now), buyer, SortByPrice, now)
	want := []string{
		"43 262.00 旧版 不能开票", "41 279.00 最低 认证", "42 282.95 最快", "44 249.00 过期 灰", "45 312.50 灰",
		"46 112.00 最低 最快 认证", "47 118.00", "48 96.00 灰",
	}
	if d := cmp.Diff(want, show(page)); d != "" {
		t.Errorf("by price (-want +got):\n%s", d)
	}
	order := func(sort CompareSort) (ids []int64) {
		for _, q := range NewComparePage(p, sampleOffers(p, now), buyer, sort, now).Lines[0].Quotes {
			ids = append(ids, q.ID)
		}
		return ids
	}
	for sort, want := range map[CompareSort][]int64{
		SortByLead: {42, 41, 43, 44, 45}, SortByTime: {41, 42, 43, 44, 45}, "nonsense": {43, 41, 42, 44, 45},
	} {
		if got := order(sort); !slices.Equal(got, want) {
			t.Errorf("by %s: %v", sort, got)
		}
	}
	var rows []string
	for _, r := range page.Rows {
		rows = append(rows, fmt.Sprint(r.Supplier.ID, " ", r.Quoted, " ", r.Complete, " ", r.Best, " ", r.Total))
	}
	// 8 has 300 of the 500 that are asked for; 31 has withdrawn one of two.
	if d := cmp.Diff([]string{"7 2 true false 173,100.00", "8 2 false false 176,875.00", "31 1 false false 131,000.00", "32 0 false false 0.00", "33 0 false false 0.00"}, rows); d != "" {
		t.Errorf("rows (-want +got):\n%s", d)
	}
	if !page.CanConclude || !page.Lines[0].CanConclude || page.Lines[1].CanConclude || page.Pending != 5 || page.Lines[0].Live != 3 {
		t.Errorf("conclude %v, %v, %v; pending %d, live %d", page.CanConclude, page.Lines[0].CanConclude, page.Lines[1].CanConclude, page.Pending, page.Lines[0].Live)
	}
	accepted := page.Lines[0].Quotes[2]
	if !accepted.CanUndo || accepted.CanAccept || accepted.Taken() != "200公斤" || !page.Lines[0].Quotes[1].CanAccept {
		t.Errorf("accepted: %+v", accepted)
	}
}

// The best total needs several suppliers who offer everything.
func TestBestTotal(t *testing.T) {
	now := sampleTime()
	p := samplePurchase(now)
	buyer, coop, zhao := sampleUsers()
	quote := func(id int64, line int, who xunjia.User, price xunjia.Fen) CompareQuote {
		return CompareQuote{Quote: xunjia.Quote{ID: id, LineID: p.Lines[line].ID, PurchaseID: 1, SupplierID: who.ID, Offer: xunjia.Offer{Price: price, Unit: "公斤", Kind: xunjia.TaxedPrice}, Revision: 1}, Supplier: who}
	}
	quotes := []CompareQuote{quote(1, 0, coop, 100), quote(2, 1, coop, 300), quote(3, 0, zhao, 110), quote(4, 1, zhao, 200)}
	for _, r := range NewComparePage(p, quotes, buyer, SortByPrice, now).Rows {
		if !r.Complete || r.Best != (r.Supplier.ID == zhao.ID) { // 550 + 600 against 500 + 900
			t.Errorf("%s: %+v", r.Supplier.Name, r)
		}
	}
	for _, r := range NewComparePage(p, quotes[:3], buyer, SortByPrice, now).Rows {
		if r.Best {
			t.Errorf("%s has the best of one total", r.Supplier.Name)
		}
	}
}

// Sealed quotes show who made them, masked, and nothing else.
func TestSealedComparison(t *testing.T) {
	now := sampleTime()
	p := samplePurchase(now)
	p.Mode = xunjia.SealedMode
	buyer, _, _ := sampleUsers()
	page := NewComparePage(p, sampleOffers(p, now), buyer, SortByPrice, now)
	if !page.Sealed || len(page.Lines) != 0 || len(page.Rows) != 0 || page.Pending != 0 || len(page.Names) != 5 || slices.Contains(page.Names, "赵德茂") || !slices.Contains(page.Names, "赵**") {
		t.Errorf("sealed: %+v", page)
	}
	if page := NewComparePage(p, sampleOffers(p, now), buyer, SortByPrice, p.Deadline); page.Sealed || len(page.Lines) != 2 {
		t.Error("not opened at the deadline")
	}
}

// Members see the buttons of their rights only.
func TestDeeds(t *testing.T) {
	now := sampleTime()
	p := samplePurchase(now)
	p.CompanyID = 5
	q := sampleOffers(p, now)[0].Quote
	for role, want := range map[xunjia.CompanyRole][4]bool{
		xunjia.CompanyOwner: {true, true, true}, xunjia.CompanyBuyer: {false, true, true},
		xunjia.CompanyApprover: {true, true, false}, xunjia.CompanyViewer: {},
	} {
		accept, refuse, counter, undo := Deeds(q, p, p.Lines[0], xunjia.User{ID: 9, CompanyID: 5, CompanyRole: role}, now)
		if got := [4]bool{accept, refuse, counter, undo}; got != want {
			t.Errorf("%s: %v", role, got)
		}
	}
	full := p.Lines[0]
	full.Accepted = full.Quantity
	if accept, refuse, _, _ := Deeds(q, p, full, xunjia.User{ID: 9, CompanyID: 5, CompanyRole: xunjia.CompanyOwner}, now); accept || !refuse {
		t.Error("nothing is left, and yet it can be accepted")
	}
	q.State, q.AnsweredAt = xunjia.Refused, now.Add(-time.Minute)
	if _, _, _, undo := Deeds(q, p, p.Lines[0], xunjia.User{ID: 9, CompanyID: 5, CompanyRole: xunjia.CompanyBuyer}, now); !undo {
		t.Error("his refusal cannot be taken back")
	}
}

func TestQuotedPrice(t *testing.T) {
	for want, o := range map[string]xunjia.Offer{
		"68.50元/公斤 不含税":                 {Price: 68_50, Unit: "公斤"},
		"68.50元/公斤 不含税，开票加 9%":          {Price: 68_50, Unit: "公斤", TaxRate: 900},
		"68.50元/公斤 含税，运费 500.00元":       {Price: 68_50, Unit: "公斤", Kind: xunjia.TaxedPrice, TaxRate: 900, Freight: 500_00},
		"68.50元/斤 含税到货价":                {Price: 68_50, Unit: "斤", Kind: xunjia.DeliveredPrice, Freight: 1},
		"1.00元/袋 不含税，开票加 1.5%，运费 0.01元": {Price: 100, Unit: "袋", TaxRate: 150, Freight: 1},
	} {
		if got := QuotedPrice(o); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}
