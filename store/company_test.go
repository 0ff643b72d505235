package store_test

import (
	"fmt"
	"sync/atomic"
	"testing"

	"github.com/xunjia/xunjia"
	"github.com/xunjia/xunjia/store"
)

// found makes a company of the buyer's.
func (m market) found(t *testing.T) xunjia.Company {
	t.Helper()
	c, err := m.CreateCompany(t.Context(), m.buyer.ID, "华济堂药业")
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// join lets a user into the buyer's company.
func (m market) join(t *testing.T, userID int64, role xunjia.CompanyRole) {
	t.Helper()
	token, _, err := m.CreateCompanyLink(t.Context(), m.buyer.ID, role, 1)
	if err != nil {
		t.Fatal(err)
	}
	if err := m.JoinCompany(t.Context(), userID, token); err != nil {
		t.Fatal(err)
	}
}

func TestCompany(t *testing.T) {
	eachMarket(t, func(t *testing.T, m market) {
		ctx := t.Context()
		c := m.found(t)
		_, err := m.CreateCompany(ctx, m.buyer.ID, "另一家")
		wantCode(t, "a second company", err, xunjia.Conflict)
		_, err = m.CreateCompany(ctx, m.supplier.ID, "")
		wantCode(t, "no name", err, xunjia.Invalid)
		m.join(t, m.supplier.ID, xunjia.CompanyViewer)
		wantCode(t, "rename by a viewer", m.RenameCompany(ctx, m.supplier.ID, "改名"), xunjia.Forbidden)
		if err := m.RenameCompany(ctx, m.buyer.ID, "华济堂"); err != nil {
			t.Fatal(err)
		}
		members, err := m.Members(ctx, c.ID)
		if err != nil || len(members) != 2 || members[0].ID != m.buyer.ID || members[1].CompanyRole != xunjia.CompanyViewer {
			t.Errorf("members %+v, %v", members, err)
		}

		// A viewer sees the purchase, and may do no more.
		p := m.publish(t, "黄连")
		if p.CompanyID != c.ID {
			t.Errorf("the purchase is of company %d", p.CompanyID)
		}
		viewer, _ := m.User(ctx, m.supplier.ID)
		if p.Allows(viewer, xunjia.See) != nil || xunjia.ErrorCode(p.Allows(viewer, xunjia.Manage)) != xunjia.Forbidden {
			t.Error("a viewer's rights are wrong")
		}
		_, _, err = m.SubmitQuote(ctx, p.Lines[0].ID, m.supplier.ID, xunjia.Offer{Price: 1})
		wantCode(t, "a colleague quotes", err, xunjia.Forbidden)
		if err := m.SetCompanyRole(ctx, m.buyer.ID, m.supplier.ID, xunjia.CompanyBuyer); err != nil {
			t.Fatal(err)
		}
		closed := xunjia.Closed
		for status, want := range map[*xunjia.PurchaseStatus]int{nil: 1, &closed: 0} {
			if list, err := m.PurchasesOfCompany(ctx, c.ID, status, xunjia.Page{}); err != nil || len(list.Items) != want {
				t.Errorf("%v: %d purchases, %v", status, len(list.Items), err)
			}
		}

		wantCode(t, "removed by a buyer", m.RemoveMember(ctx, m.supplier.ID, m.buyer.ID), xunjia.Forbidden)
		wantCode(t, "a stranger removed", m.RemoveMember(ctx, m.buyer.ID, m.next.ID), xunjia.NotFound)
		wantCode(t, "the last owner leaves", m.LeaveCompany(ctx, m.buyer.ID), xunjia.Conflict)
		if err := m.RemoveMember(ctx, m.buyer.ID, m.supplier.ID); err != nil {
			t.Fatal(err)
		}
		wantCode(t, "rename after being removed", m.RenameCompany(ctx, m.supplier.ID, "改名"), xunjia.NotFound)
		log, err := m.CompanyLog(ctx, c.ID, xunjia.Page{})
		if got := fmt.Sprint(len(log.Items), " ", log.Items[0].Action); err != nil || got != "6 removed" {
			t.Errorf("the log has %s, %v", got, err)
		}

		// Alone, he takes the company with him; the purchase is his again.
		if err := m.LeaveCompany(ctx, m.buyer.ID); err != nil {
			t.Fatal(err)
		}
		if p, err := m.Purchase(ctx, p.ID); err != nil || p.CompanyID != 0 {
			t.Errorf("the purchase is of company %d, %v", p.CompanyID, err)
		}
		_, err = m.Company(ctx, c.ID)
		wantCode(t, "the company", err, xunjia.NotFound)
	})
}

func TestCompanyLinks(t *testing.T) {
	eachMarket(t, func(t *testing.T, m market) {
		ctx := t.Context()
		m.found(t)
		_, _, err := m.CreateCompanyLink(ctx, m.buyer.ID, xunjia.NoCompanyRole, 0)
		wantCode(t, "nonsense", err, xunjia.Invalid)
		_, _, err = m.CreateCompanyLink(ctx, m.next.ID, xunjia.CompanyBuyer, 1)
		wantCode(t, "without a company", err, xunjia.NotFound)
		token, l, err := m.CreateCompanyLink(ctx, m.buyer.ID, xunjia.CompanyBuyer, 1)
		if err != nil {
			t.Fatal(err)
		}
		wantCode(t, "wrong token", m.JoinCompany(ctx, m.next.ID, "x"), xunjia.NotFound)
		wantCode(t, "the owner himself", m.JoinCompany(ctx, m.buyer.ID, token), xunjia.Conflict)
		if err := m.JoinCompany(ctx, m.supplier.ID, token); err != nil {
			t.Fatal(err)
		}
		wantCode(t, "used up", m.JoinCompany(ctx, m.next.ID, token), xunjia.Conflict)
		wantCode(t, "revoked by a buyer", m.RevokeCompanyLink(ctx, m.supplier.ID, l.ID), xunjia.Forbidden)
		second, l, err := m.CreateCompanyLink(ctx, m.buyer.ID, xunjia.CompanyBuyer, 5)
		if err != nil {
			t.Fatal(err)
		}
		for range 2 {
			if err := m.RevokeCompanyLink(ctx, m.buyer.ID, l.ID); err != nil {
				t.Fatal(err)
			}
		}
		wantCode(t, "revoked", m.JoinCompany(ctx, m.next.ID, second), xunjia.Conflict)
		third, _, err := m.CreateCompanyLink(ctx, m.buyer.ID, xunjia.CompanyBuyer, 5)
		if err != nil {
			t.Fatal(err)
		}
		m.clock.advance(xunjia.CompanyLinkPeriod)
		wantCode(t, "expired", m.JoinCompany(ctx, m.next.ID, third), xunjia.Conflict)
	})
}

// Whatever two owners do to each other and themselves at once, one stays.
func TestOneOwnerStays(t *testing.T) {
	eachIsolation(t, func(t *testing.T, m market, stores [2]*store.Store) {
		c := m.found(t)
		m.join(t, m.supplier.ID, xunjia.CompanyOwner)
		m.join(t, m.next.ID, xunjia.CompanyBuyer)
		for round := range 15 {
			pair := [2]int64{m.buyer.ID, m.supplier.ID}
			atOnce(t, stores, 2, xunjia.Conflict, func(s *store.Store, i int) error {
				var err error
				if round%2 == 0 {
					err = s.SetCompanyRole(t.Context(), pair[i], pair[i], xunjia.CompanyViewer)
				} else {
					err = s.SetCompanyRole(t.Context(), pair[i], pair[1-i], xunjia.CompanyViewer)
				}
				if xunjia.ErrorCode(err) == xunjia.Forbidden { // he is no owner any more
					return xunjia.Errorf(xunjia.Conflict, "late")
				}
				return err
			})
			if n := rows(t, m.Store, "users WHERE company_id = ? AND company_role = 1", c.ID); n != 1 {
				t.Fatalf("round %d: %d owners", round, n)
			}
			for _, id := range pair {
				change(t, m.Store, "UPDATE users SET company_role = 1 WHERE id = ?", id)
			}
		}
	})
}

// One place in a link, many who want it; and one person with two links.
func TestJoinAtOnce(t *testing.T) {
	eachIsolation(t, func(t *testing.T, m market, stores [2]*store.Store) {
		c := m.found(t)
		token, _, err := m.CreateCompanyLink(t.Context(), m.buyer.ID, xunjia.CompanyViewer, 3)
		if err != nil {
			t.Fatal(err)
		}
		people := make([]int64, 10)
		for i := range people {
			people[i] = m.user(t, 100+i, "同事").ID
		}
		if n := atOnce(t, stores, 10, xunjia.Conflict, func(s *store.Store, i int) error { return s.JoinCompany(t.Context(), people[i], token) }); n != 3 {
			t.Errorf("%d came in by a link for 3", n)
		}
		if n := rows(t, m.Store, "users WHERE company_id = ?", c.ID); n != 4 {
			t.Errorf("%d members", n)
		}
		var in atomic.Int32
		atOnce(t, stores, 6, xunjia.Conflict, func(s *store.Store, i int) error {
			_, err := s.CreateCompany(t.Context(), m.next.ID, fmt.Sprintf("公司%d号", i))
			if err == nil {
				in.Add(1)
			}
			return err
		})
		if in.Load() != 1 || rows(t, m.Store, "company WHERE created_by = ?", m.next.ID) != 1 {
			t.Errorf("one person founded %d companies", in.Load())
		}
	})
}

// Whoever left a company hears no more of what he published for it; its owners
// do.
func TestWhoHearsForACompany(t *testing.T) {
	eachMarket(t, func(t *testing.T, m market) {
		ctx := t.Context()
		m.found(t)
		m.join(t, m.supplier.ID, xunjia.CompanyBuyer)
		p, _, err := m.PublishPurchase(ctx, m.supplier.ID, m.draft("黄连"))
		if err != nil {
			t.Fatal(err)
		}
		q, _, err := m.SubmitQuote(ctx, p.Lines[0].ID, m.next.ID, xunjia.Offer{Price: 100})
		if err != nil {
			t.Fatal(err)
		}
		told := func() []int64 {
			t.Helper()
			e := xunjia.Event{Kind: xunjia.QuoteCreated, Actor: m.next.ID, PurchaseID: p.ID, LineID: q.LineID, QuoteID: q.ID}
			f, err := m.EventFacts(ctx, e)
			if err != nil {
				t.Fatal(err)
			}
			people, _, err := m.Audience(ctx, e, store.AudienceQuery{Facts: f, Limit: 10})
			if err != nil {
				t.Fatal(err)
			}
			var ids []int64
			for _, r := range people {
				if _, ok := xunjia.NoticeFor(e.Kind, f, r.ID, m.clock.now()); ok {
					ids = append(ids, r.ID)
				}
			}
			return ids
		}
		if got := told(); len(got) != 1 || got[0] != m.supplier.ID {
			t.Errorf("told: %v, want who published", got)
		}
		if err := m.LeaveCompany(ctx, m.supplier.ID); err != nil {
			t.Fatal(err)
		}
		if got := told(); len(got) != 1 || got[0] != m.buyer.ID {
			t.Errorf("told after he left: %v, want the owner", got)
		}
	})
}
