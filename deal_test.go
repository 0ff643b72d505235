package xunjia

import (
	"testing"
	"time"
)

func TestDealTransitions(t *testing.T) {
	const no = DealState(-1)
	want := map[DealAction][5]DealState{
		//      from: DraftDeal, ConfirmedDeal, CompletedDeal, DisputedDeal, CancelledDeal
		ConfirmDeal:  {ConfirmedDeal, no, no, no, no},
		ChangeDeal:   {DraftDeal, no, no, no, no},
		CancelDeal:   {CancelledDeal, CancelledDeal, no, no, no},
		CompleteDeal: {no, CompletedDeal, no, no, no},
		DisputeDeal:  {no, DisputedDeal, DisputedDeal, no, no},
		SettleDeal:   {no, no, no, CompletedDeal, no},
		DropDispute:  {no, no, no, ConfirmedDeal, no},
	}
	if len(want) != len(DealActions()) {
		t.Fatalf("the table has %d actions, the package %d", len(want), len(DealActions()))
	}
	for _, a := range DealActions() {
		for _, s := range DealStates() {
			got, err := s.After(a)
			if to := want[a][s]; to == no {
				if ErrorCode(err) != Conflict || got != s {
					t.Errorf("%s.After(%s) = %s, %v; want a conflict and no change", s, a, got, err)
				}
			} else if err != nil || got != to {
				t.Errorf("%s.After(%s) = %s, %v; want %s", s, a, got, err, to)
			}
		}
	}
}

func TestNewDeal(t *testing.T) {
	p := Purchase{ID: 7, BuyerID: 1, CompanyID: 5, Terms: Terms{Area: "510104", Payment: "货到付款", Invoice: "增值税普通发票"}}
	line := Line{ID: 5, Unit: "公斤", Quantity: 500_000}
	for _, c := range []struct {
		name     string
		line     Line
		offer    Offer
		accepted Quantity
		price    Fen
		unit     Unit
		quantity Quantity
		total    Fen
		freight  Fen
	}{
		{"same unit", line, Offer{Price: 286_50, Unit: "公斤", Freight: 100_00}, 200_000, 286_50, "公斤", 200_000, 57_300_00, 100_00},
		{"per jin", line, Offer{Price: 50_00, Unit: "斤"}, 200_000, 50_00, "斤", 400_000, 20_000_00, 0},
		{"per tonne", line, Offer{Price: 100_000_00, Unit: "吨"}, 200_000, 100_000_00, "吨", 200, 20_000_00, 0},
		{"too fine for a tonne", line, Offer{Price: 100_000_00, Unit: "吨"}, 200_500, 100_00, "公斤", 200_500, 20_050_00, 0},
		{"grams for a tonne's price", Line{Unit: "克"}, Offer{Price: 100_000_00, Unit: "吨"}, 500_000, 10, "克", 500_000, 50_00, 0},
		{"delivered", line, Offer{Price: 100, Unit: "公斤", Kind: DeliveredPrice, Freight: 100_00}, 1000, 100, "公斤", 1000, 100, 0},
		{"pieces", Line{Unit: "袋"}, Offer{Price: 12_00, Unit: "袋"}, 3_000, 12_00, "袋", 3_000, 36_00, 0},
	} {
		c.offer.LeadDays = 3
		d := NewDeal(p, c.line, Quote{ID: 9, SupplierID: 2, Offer: c.offer, Accepted: c.accepted}, noon())
		if d.Price != c.price || d.Unit != c.unit || d.Quantity != c.quantity || d.Total != c.total || d.Freight != c.freight {
			t.Errorf("%s: %v %s × %v = %v, freight %v", c.name, d.Price, d.Unit, d.Quantity, d.Total, d.Freight)
		}
		if d.State != DraftDeal || d.Version != 1 || d.QuoteID != 9 || d.PurchaseID != 7 || d.BuyerID != 1 || d.SupplierID != 2 || d.CompanyID != 5 ||
			!d.DeliveryAt.Equal(DayStart(noon().Add(72*time.Hour))) || d.Terms != "付款方式：货到付款\n发票：增值税普通发票\n收货地区：四川省成都市锦江区" {
			t.Errorf("%s: %+v", c.name, d)
		}
	}
}
