package xunjia

import (
	"slices"
	"strings"
	"testing"
	"time"
)

// facts are of a buyer 1, a supplier 2 and his quote 9 for line 5 of purchase 7.
func facts() Facts {
	l := Line{ID: 5, PurchaseID: 7, Name: "黄连", Spec: "统货", Quantity: 500_000, Unit: "公斤"}
	return Facts{
		Purchase: Purchase{ID: 7, Number: "2026112300000001", BuyerID: 1, Terms: Terms{Area: "510100", Deadline: noon().Add(72 * time.Hour)},
			QuoteCount: 2, Lines: []Line{l, {ID: 6, Name: "当归"}}},
		Line:     l,
		Quote:    Quote{ID: 9, LineID: 5, PurchaseID: 7, SupplierID: 2, Offer: Offer{Price: 28600, Unit: "公斤"}, Message: "请发样品", UpdatedAt: noon()},
		Buyer:    User{ID: 1, Name: "华济堂"},
		Supplier: User{ID: 2, Name: "黄水合作社"},
	}
}

func TestWhoIsToldWhat(t *testing.T) {
	const buyer, supplier, stranger = 1, 2, 3
	const nothing = NotificationType(0)
	for _, c := range []struct {
		kind      EventKind
		recipient int64
		want      NotificationType
		content   string
		words     string // that the notice must contain
	}{
		{PurchasePublished, stranger, PurchasingNotice, "5", "500公斤"},
		{PurchasePublished, buyer, nothing, "", ""},
		{QuoteCreated, buyer, PurchasingNotice, "5", "286.00元/公斤"},
		{QuoteCreated, supplier, nothing, "", ""},
		{QuoteRevised, buyer, PurchasingNotice, "5", "修改了对 黄连 统货 的报价"},
		{QuoteRevised, supplier, nothing, "", ""},
		{QuoteWithdrawn, buyer, PurchasingNotice, "5", "撤回了对 黄连 统货 的报价"},
		{QuoteWithdrawn, stranger, nothing, "", ""},
		{QuoteAccepted, supplier, SellingNotice, "9", "已接受"},
		{QuoteAccepted, buyer, nothing, "", ""},
		{QuoteAccepted, stranger, nothing, "", ""},
		{QuoteRefused, supplier, SellingNotice, "9", "未接受"},
		{QuoteRefused, buyer, nothing, "", ""},
		{PurchaseEnded, supplier, SellingNotice, "9", "报价已结束"},
		{PurchaseEnded, buyer, PurchasingNotice, "5", "请尽快查看"},
		{PurchaseClosed, supplier, SellingNotice, "9", "已关闭"},
		{CodeRequested, buyer, nothing, "", ""},
	} {
		n, told := NoticeFor(c.kind, facts(), c.recipient, noon())
		if told != (c.want != nothing) || n.Type != c.want || n.Content != c.content {
			t.Errorf("%s to %d: told %v, type %d, content %q", c.kind, c.recipient, told, n.Type, n.Content)
		}
		if !told {
			continue
		}
		if !strings.Contains(n.Title+n.Text, c.words) {
			t.Errorf("%s to %d: %q, %q lack %q", c.kind, c.recipient, n.Title, n.Text, c.words)
		}
		if !strings.HasPrefix(n.Path, "/") || n.Title == "" || n.Text == "" {
			t.Errorf("%s to %d: %+v", c.kind, c.recipient, n)
		}
	}
}

func TestReasonOfClosing(t *testing.T) {
	f := facts()
	f.Purchase.Reason = "客户取消订单"
	n, _ := NoticeFor(PurchaseClosed, f, 2, noon())
	if !strings.Contains(n.Text, "客户取消订单") {
		t.Errorf("%q does not give the reason", n.Text)
	}
}

// A template message must fill the lines of the template that staff were told
// to add, in their order, and leave none empty.
func TestNoticesFillTheirTemplates(t *testing.T) {
	labels := map[string][]string{}
	for _, spec := range TemplateSpecs() {
		labels[spec.Title] = spec.Labels
	}
	used := map[string]bool{}
	for _, spec := range Catalogue() {
		kind := spec.Kind
		for recipient := range int64(4) {
			f := sampleFacts(facts().Line, noon())
			f.Quote.Message, f.Event.Kind = "", kind
			n, told := NoticeFor(kind, f, recipient, noon())
			if !told || n.Template == "" {
				continue
			}
			used[n.Template] = true
			var got []string
			for _, field := range n.Fields {
				got = append(got, field.Label)
				if field.Value == "" {
					t.Errorf("%s: %s is empty", kind, field.Label)
				}
			}
			if !slices.Equal(got, labels[n.Template]) {
				t.Errorf("%s fills %v, the template has %v", kind, got, labels[n.Template])
			}
			if n.SMS != "" && len(n.Params) == 0 {
				t.Errorf("%s: an SMS without values", kind)
			}
		}
	}
	for title := range labels {
		if !used[title] {
			t.Errorf("nobody sends %s", title)
		}
	}
}
