package xunjia

import (
	"testing"
	"time"
)

// Every state × every action.
func TestInvitationStates(t *testing.T) {
	const no = NotInvited
	want := map[InvitationState][]InvitationState{ // open, quote, decline, revoke, renew
		NotInvited:         {no, no, no, no, no},
		Invited:            {InvitationSeen, InvitationQuoted, InvitationDeclined, InvitationRevoked, no},
		InvitationSeen:     {no, InvitationQuoted, InvitationDeclined, InvitationRevoked, no},
		InvitationQuoted:   {no, InvitationQuoted, no, no, no},
		InvitationDeclined: {no, InvitationQuoted, no, InvitationRevoked, Invited},
		InvitationRevoked:  {no, no, no, no, Invited},
	}
	for _, s := range append(InvitationStates(), NotInvited) {
		for i, a := range InvitationActions() {
			got, err := s.After(a)
			if to := want[s][i]; to == no && ErrorCode(err) != Conflict || to != no && (err != nil || got != to) {
				t.Errorf("%s, %s: %s, %v", s, a, got, err)
			}
		}
		if s.String() == "" {
			t.Errorf("%d has no name", s)
		}
	}
}

// Every mode × every kind of visitor × every state of an invitation.
func TestCanSee(t *testing.T) {
	buyer, supplier, guest := User{ID: 1}, User{ID: 2}, User{}
	colleague := User{ID: 3, CompanyID: 5, CompanyRole: CompanyViewer}
	for _, mode := range PurchaseModes() {
		p := Purchase{BuyerID: 1, Terms: Terms{Mode: mode}}
		for _, s := range append(InvitationStates(), NotInvited) {
			want := Code("")
			if mode == InvitedMode && (s == NotInvited || s == InvitationRevoked) {
				want = NotFound
			}
			if got := ErrorCode(p.CanSee(supplier, s)); got != want {
				t.Errorf("%s, supplier, %s: %q, want %q", mode, s, got, want)
			}
			if err := p.CanSee(buyer, s); err != nil {
				t.Errorf("%s, buyer: %v", mode, err)
			}
		}
		want := Code("")
		if mode == InvitedMode {
			want = NotFound
		}
		if got := ErrorCode(p.CanSee(guest, NotInvited)); got != want {
			t.Errorf("%s, guest: %q", mode, got)
		}
		p.CompanyID = 5
		if err := p.CanSee(colleague, NotInvited); err != nil {
			t.Errorf("%s, colleague: %v", mode, err)
		}
	}
}

func TestInviteLinks(t *testing.T) {
	now := noon()
	for _, c := range []struct {
		name    string
		status  PurchaseStatus
		late    bool
		uses    int
		revoked bool
		want    LinkState
		join    Code // of somebody who was not invited
	}{
		{"live", WaitingForQuote, false, 1, false, LinkLive, ""},
		{"used up", WaitingForQuote, false, 2, false, LinkUsedUp, Conflict},
		{"late", WaitingForQuote, true, 0, false, LinkExpired, Conflict},
		{"ended", QuotingEnded, false, 0, false, LinkExpired, Conflict},
		{"closed", Closed, false, 0, false, LinkExpired, Conflict},
		{"bought", Purchased, false, 0, false, LinkExpired, Conflict},
		{"revoked", WaitingForQuote, false, 0, true, LinkRevoked, Conflict},
	} {
		p := Purchase{BuyerID: 1, Status: c.status, Terms: Terms{Deadline: now.Add(time.Hour)}}
		if c.late {
			p.Deadline = now
		}
		l := InviteLink{MaxUses: 2, Uses: c.uses}
		if c.revoked {
			l.RevokedAt = now
		}
		if got := l.State(p, now); got != c.want {
			t.Errorf("%s: %s", c.name, got)
		}
		for s, want := range map[InvitationState]Code{NotInvited: c.join, Invited: "", InvitationDeclined: "", InvitationQuoted: "", InvitationRevoked: Conflict} {
			if got := ErrorCode(l.CanJoin(p, User{ID: 2}, s, now)); got != want {
				t.Errorf("%s, %s: %q, want %q", c.name, s, got, want)
			}
		}
		if got := ErrorCode(l.CanJoin(p, User{ID: 1}, NotInvited, now)); got != Forbidden {
			t.Errorf("%s, the buyer: %q", c.name, got)
		}
		want := Conflict
		if c.status == WaitingForQuote && !c.late {
			want = ""
		}
		if got := ErrorCode(p.CanInvite(User{ID: 1}, now)); got != want {
			t.Errorf("%s: invite: %q", c.name, got)
		}
		if got := ErrorCode(p.CanInvite(User{ID: 2}, now)); got != NotFound {
			t.Errorf("%s: a stranger invites: %q", c.name, got)
		}
	}
	for n, want := range map[int]Code{0: Invalid, -1: Invalid, 1: "", MaxLinkUses: "", MaxLinkUses + 1: Invalid} {
		if got := ErrorCode(CheckLinkUses(n)); got != want {
			t.Errorf("%d uses: %q", n, got)
		}
	}
	if token, ok := InviteOfScene(InviteScene("ABC")); !ok || token != "ABC" {
		t.Errorf("scene: %q, %v", token, ok)
	}
	if _, ok := InviteOfScene("qr.abc"); ok {
		t.Error("somebody else's scene was taken")
	}
}
