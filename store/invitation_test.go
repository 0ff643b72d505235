package store_test

import (
	"testing"
	"time"

	"github.com/xunjia/xunjia"
	"github.com/xunjia/xunjia/store"
)

// registered is person number n, who follows the goods.
func (m market) registered(t *testing.T, n int, name, goods string) xunjia.User {
	t.Helper()
	u, err := m.FollowCategories(t.Context(), m.user(t, n, name).ID, []int64{m.goods[goods].ID})
	if err != nil {
		t.Fatal(err)
	}
	return u
}

// publishAs publishes a request of a mode.
func (m market) publishAs(t *testing.T, mode xunjia.PurchaseMode, names ...string) xunjia.Purchase {
	t.Helper()
	d := m.draft(names...)
	d.Mode = mode
	p, _, err := m.PublishPurchase(t.Context(), m.buyer.ID, d)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// What is meant for invited suppliers does not exist for anybody else.
func TestInvitedOnly(t *testing.T) {
	eachMarket(t, func(t *testing.T, m market) {
		ctx := t.Context()
		p := m.publishAs(t, xunjia.InvitedMode, "黄连")
		guest := m.registered(t, 50, "受邀供应商", "黄连")
		see := func(u xunjia.User) error {
			_, err := m.PurchaseFor(ctx, p.ID, u)
			_, _, lineErr := m.LineFor(ctx, p.Lines[0].ID, u)
			if xunjia.ErrorCode(err) != xunjia.ErrorCode(lineErr) {
				t.Errorf("purchase %v, line %v", err, lineErr)
			}
			return err
		}
		wantCode(t, "a guest", see(xunjia.User{}), xunjia.NotFound)
		wantCode(t, "a supplier", see(guest), xunjia.NotFound)
		wantCode(t, "the buyer", see(m.buyer), "")
		_, _, err := m.SubmitQuote(ctx, p.Lines[0].ID, guest.ID, xunjia.Offer{Price: 100})
		wantCode(t, "a quote of somebody not invited", err, xunjia.NotFound)
		_, err = m.AskQuestion(ctx, p.ID, guest.ID, "包装要求？")
		wantCode(t, "a question of somebody not invited", err, xunjia.NotFound)
		facts, err := m.EventFacts(ctx, xunjia.Event{Kind: xunjia.PurchasePublished, PurchaseID: p.ID})
		if err != nil {
			t.Fatal(err)
		}
		people, _, err := m.Audience(ctx, xunjia.Event{Kind: xunjia.PurchasePublished, PurchaseID: p.ID}, store.AudienceQuery{Facts: facts, Limit: 1000})
		if err != nil || len(people) != 0 {
			t.Errorf("%d followers are told, %v", len(people), err)
		}
		list, err := m.OpenPurchases(ctx, xunjia.Page{Limit: 100})
		if err != nil {
			t.Fatal(err)
		}
		home, err := m.Home(ctx, guest.ID, xunjia.Page{Limit: 100})
		if err != nil {
			t.Fatal(err)
		}
		for _, l := range append(list.Items, append(home.Followed, home.Others...)...) {
			if l.ID == p.ID {
				t.Error("it is in a list")
			}
		}

		n, err := m.InviteSuppliers(ctx, p.ID, m.buyer.ID, []int64{guest.ID, guest.ID})
		if err != nil || n != 1 {
			t.Fatalf("invited %d, %v", n, err)
		}
		if n, err := m.InviteSuppliers(ctx, p.ID, m.buyer.ID, []int64{guest.ID}); err != nil || n != 0 {
			t.Errorf("invited again %d, %v", n, err)
		}
		e := xunjia.Event{Kind: xunjia.SupplierInvited, PurchaseID: p.ID, Subject: guest.ID}
		if n := rows(t, m.Store, "event WHERE kind = 'supplier.invited' AND purchase_id = ? AND subject = ?", p.ID, guest.ID); n != 1 {
			t.Errorf("%d events", n)
		}
		if people, _, err := m.Audience(ctx, e, store.AudienceQuery{Facts: facts, Limit: 10}); err != nil || len(people) != 1 || people[0].ID != guest.ID {
			t.Errorf("told: %+v, %v", people, err)
		}
		wantCode(t, "the invited", see(guest), "")
		i, err := m.InvitationOf(ctx, p, guest.ID)
		if err != nil || i.State != xunjia.Invited {
			t.Errorf("%+v, %v", i, err)
		}
		for range 2 {
			if err := m.SeeInvitation(ctx, i); err != nil {
				t.Error(err)
			}
		}
		if i, _ = m.InvitationOf(ctx, p, guest.ID); i.State != xunjia.InvitationSeen {
			t.Errorf("after a look: %s", i.State)
		}

		// Out again, and in again.
		wantCode(t, "revoked by a stranger", m.RevokeInvitation(ctx, p.ID, m.next.ID, guest.ID), xunjia.NotFound)
		wantCode(t, "revoked", m.RevokeInvitation(ctx, p.ID, m.buyer.ID, guest.ID), "")
		wantCode(t, "revoked twice", m.RevokeInvitation(ctx, p.ID, m.buyer.ID, guest.ID), xunjia.Conflict)
		wantCode(t, "revoked, not invited", m.RevokeInvitation(ctx, p.ID, m.buyer.ID, m.next.ID), xunjia.NotFound)
		wantCode(t, "the shut out", see(guest), xunjia.NotFound)
		if people, _, err := m.Audience(ctx, e, store.AudienceQuery{Facts: facts, Limit: 10}); err != nil || len(people) != 0 {
			t.Errorf("the shut out is told: %+v, %v", people, err)
		}
		if n, err := m.InviteSuppliers(ctx, p.ID, m.buyer.ID, []int64{guest.ID}); err != nil || n != 1 {
			t.Errorf("invited anew %d, %v", n, err)
		}
		wantCode(t, "declined by somebody not invited", m.DeclineInvitation(ctx, p.ID, m.next.ID), xunjia.NotFound)
		wantCode(t, "declined", m.DeclineInvitation(ctx, p.ID, guest.ID), "")
		wantCode(t, "after declining", see(guest), "")
		m.quote(t, p, guest.ID, 100)
		if i, _ = m.InvitationOf(ctx, p, guest.ID); i.State != xunjia.InvitationQuoted {
			t.Errorf("after quoting: %s", i.State)
		}
		wantCode(t, "revoked after quoting", m.RevokeInvitation(ctx, p.ID, m.buyer.ID, guest.ID), xunjia.Conflict)
		invited, err := m.Invitations(ctx, p.ID, xunjia.Page{})
		if err != nil || len(invited.Items) != 1 || invited.Items[0].Supplier.Name != "受邀供应商" {
			t.Errorf("%+v, %v", invited, err)
		}
		m.clock.advance(48 * time.Hour)
		_, err = m.InviteSuppliers(ctx, p.ID, m.buyer.ID, []int64{m.registered(t, 51, "晚来的", "黄连").ID})
		wantCode(t, "invited after the deadline", err, xunjia.Conflict)
	})
}

// A purchase that takes quotes from everybody and is then made one for invited
// suppliers keeps those who have quoted.
func TestQuotersStayIn(t *testing.T) {
	eachMarket(t, func(t *testing.T, m market) {
		ctx := t.Context()
		p := m.publish(t, "黄连")
		m.quote(t, p, m.supplier.ID, 100)
		if _, err := m.Writer().ExecContext(ctx, "UPDATE purchase SET mode = 1 WHERE id = ?", p.ID); err != nil {
			t.Fatal(err)
		}
		_, err := m.PurchaseFor(ctx, p.ID, m.supplier)
		wantCode(t, "who quoted", err, "")
		_, err = m.PurchaseFor(ctx, p.ID, m.next)
		wantCode(t, "who did not", err, xunjia.NotFound)
		if _, _, err := m.SubmitQuote(ctx, p.Lines[0].ID, m.supplier.ID, xunjia.Offer{Price: 99}); err != nil {
			t.Errorf("revised: %v", err)
		}
	})
}

func TestInviteCandidates(t *testing.T) {
	eachMarket(t, func(t *testing.T, m market) {
		ctx := t.Context()
		old := m.publish(t, "当归")
		known := m.registered(t, 60, "老朋友药行", "当归")
		m.quote(t, old, known.ID, 100)
		var followers []xunjia.User
		for i := range 25 {
			followers = append(followers, m.registered(t, 100+i, "黄连户", "黄连"))
		}
		p := m.publish(t, "黄连")
		seen := map[int64]bool{}
		for q := (store.CandidateQuery{}); ; {
			list, next, err := m.InviteCandidates(ctx, p, q)
			if err != nil {
				t.Fatal(err)
			}
			for _, u := range list {
				if seen[u.ID] {
					t.Errorf("%d twice", u.ID)
				}
				seen[u.ID] = true
			}
			if q.After = next; next == 0 {
				break
			}
		}
		for _, u := range followers {
			if !seen[u.ID] {
				t.Errorf("%d is missing", u.ID)
			}
		}
		if seen[known.ID] || seen[m.buyer.ID] {
			t.Errorf("follows something else %v, the buyer %v", seen[known.ID], seen[m.buyer.ID])
		}
		list, _, err := m.InviteCandidates(ctx, p, store.CandidateQuery{Known: true, Name: "朋友"})
		if err != nil || len(list) != 1 || list[0].ID != known.ID {
			t.Errorf("known: %+v, %v", list, err)
		}
		if list, _, err := m.InviteCandidates(ctx, p, store.CandidateQuery{Known: true, Name: "%'x"}); err != nil || len(list) != 0 {
			t.Errorf("nonsense: %+v, %v", list, err)
		}
		before := written(t, m.Store)
		for what, ids := range map[string][]int64{"a stranger": {m.next.ID}, "nobody": {999999}, "the buyer": {m.buyer.ID}, "none": nil, "too many": make51()} {
			_, err := m.InviteSuppliers(ctx, p.ID, m.buyer.ID, append(ids, ids...))
			wantField(t, what, err, "supplier")
		}
		if n := rows(t, m.Store, "invitation"); n != 0 {
			t.Errorf("%d invitations", n)
		}
		if after := written(t, m.Store); after["event"] != before["event"] {
			t.Error("events were written")
		}
		if n, err := m.InviteSuppliers(ctx, p.ID, m.buyer.ID, []int64{known.ID, followers[0].ID}); err != nil || n != 2 {
			t.Errorf("invited %d, %v", n, err)
		}
		if list, _, err := m.InviteCandidates(ctx, p, store.CandidateQuery{Known: true}); err != nil || len(list) != 0 {
			t.Errorf("still to be invited: %+v, %v", list, err)
		}
	})
}

func make51() []int64 {
	ids := make([]int64, xunjia.MaxInviteOnce+1)
	for i := range ids {
		ids[i] = int64(i + 1)
	}
	return ids
}

func TestInviteLink(t *testing.T) {
	eachMarket(t, func(t *testing.T, m market) {
		ctx := t.Context()
		p := m.publishAs(t, xunjia.InvitedMode, "黄连")
		_, _, err := m.CreateInviteLink(ctx, p.ID, m.next.ID, 1)
		wantCode(t, "by a stranger", err, xunjia.NotFound)
		_, _, err = m.CreateInviteLink(ctx, p.ID, m.buyer.ID, 0)
		wantField(t, "no uses", err, "max_uses")
		token, _, err := m.CreateInviteLink(ctx, p.ID, m.buyer.ID, 1)
		if err != nil || len(token) != 26 {
			t.Fatalf("token %q, %v", token, err)
		}
		if n := rows(t, m.Store, "invite_link WHERE token = ?", token); n != 0 {
			t.Error("the token itself is stored")
		}
		_, err = m.JoinByLink(ctx, "NOSUCHTOKEN", m.supplier.ID)
		wantCode(t, "an unknown token", err, xunjia.NotFound)
		_, err = m.JoinByLink(ctx, token, m.buyer.ID)
		wantCode(t, "the buyer", err, xunjia.Forbidden)
		for range 2 { // the second time uses nothing up
			if id, err := m.JoinByLink(ctx, token, m.supplier.ID); err != nil || id != p.ID {
				t.Fatalf("%d, %v", id, err)
			}
		}
		_, err = m.PurchaseFor(ctx, p.ID, m.supplier)
		wantCode(t, "who came by the link", err, "")
		_, err = m.JoinByLink(ctx, token, m.next.ID)
		wantCode(t, "used up", err, xunjia.Conflict)
		if l, _, err := m.InviteLink(ctx, token); err != nil || l.Uses != 1 || l.State(p, m.clock.now()) != xunjia.LinkUsedUp {
			t.Errorf("%+v, %v", l, err)
		}
		if err := m.RevokeInvitation(ctx, p.ID, m.buyer.ID, m.supplier.ID); err != nil {
			t.Fatal(err)
		}
		_, err = m.JoinByLink(ctx, token, m.supplier.ID)
		wantCode(t, "shut out", err, xunjia.Conflict)

		token, link, err := m.CreateInviteLink(ctx, p.ID, m.buyer.ID, 5)
		if err != nil {
			t.Fatal(err)
		}
		_, err = m.RevokeInviteLink(ctx, link.ID, m.next.ID)
		wantCode(t, "revoked by a stranger", err, xunjia.NotFound)
		for range 2 {
			if id, err := m.RevokeInviteLink(ctx, link.ID, m.buyer.ID); err != nil || id != p.ID {
				t.Errorf("revoked: %d, %v", id, err)
			}
		}
		_, err = m.JoinByLink(ctx, token, m.next.ID)
		wantCode(t, "revoked", err, xunjia.Conflict)

		token, link, err = m.CreateInviteLink(ctx, p.ID, m.buyer.ID, 5)
		if err != nil {
			t.Fatal(err)
		}
		if err := m.MakeInviteQR(ctx, link.ID, "http://weixin.qq.com/q/x", m.clock.now().Add(time.Hour)); err != nil {
			t.Fatal(err)
		}
		if links, err := m.InviteLinks(ctx, p.ID); err != nil || len(links) != 3 {
			t.Errorf("%+v, %v", links, err)
		}
		m.clock.advance(p.Deadline.Sub(m.clock.now()))
		_, err = m.JoinByLink(ctx, token, m.next.ID)
		wantCode(t, "at the deadline", err, xunjia.Conflict)
	})
}

// Three times as many suppliers as a link has room for, at once on two
// instances.
func TestInviteLinkRace(t *testing.T) {
	eachIsolation(t, func(t *testing.T, m market, stores [2]*store.Store) {
		const room = 8
		var suppliers []xunjia.User
		for i := range 3 * room {
			suppliers = append(suppliers, m.user(t, 200+i, "供应商"))
		}
		for range 3 {
			p := m.publishAs(t, xunjia.InvitedMode, "黄连")
			token, link, err := m.CreateInviteLink(t.Context(), p.ID, m.buyer.ID, room)
			if err != nil {
				t.Fatal(err)
			}
			won := atOnce(t, stores, 3*room, xunjia.Conflict, func(s *store.Store, i int) error {
				_, err := s.JoinByLink(t.Context(), token, suppliers[i].ID)
				return err
			})
			n := rows(t, m.Store, "invitation WHERE purchase_id = ? AND link_id = ?", p.ID, link.ID)
			l, _, err := m.InviteLink(t.Context(), token)
			if err != nil || won != room || n != room || l.Uses != room {
				t.Errorf("%d came in, %d invitations, %d uses, %v", won, n, l.Uses, err)
			}
			// One supplier, many tabs.
			q := m.publishAs(t, xunjia.InvitedMode, "黄连")
			token, _, err = m.CreateInviteLink(t.Context(), q.ID, m.buyer.ID, room)
			if err != nil {
				t.Fatal(err)
			}
			won = atOnce(t, stores, 10, "", func(s *store.Store, _ int) error {
				_, err := s.JoinByLink(t.Context(), token, suppliers[0].ID)
				return err
			})
			if l, _, err := m.InviteLink(t.Context(), token); err != nil || won != 10 || l.Uses != 1 {
				t.Errorf("one supplier used %d, %v", l.Uses, err)
			}
		}
	})
}
