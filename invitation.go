package xunjia

import (
	"strings"
	"time"
)

// InvitationState tells where an invited supplier stands. The numbers are
// stored; 0 stands for somebody who was never invited.
type InvitationState int

// The states. InvitationAction tells who moves an invitation between them.
const (
	NotInvited         InvitationState = 0
	Invited            InvitationState = 1 // 已邀请
	InvitationSeen     InvitationState = 2 // 已查看
	InvitationQuoted   InvitationState = 3 // 已报价
	InvitationDeclined InvitationState = 4 // 已婉拒
	InvitationRevoked  InvitationState = 5 // 已撤销
)

// InvitationStates lists every state of an invitation that exists.
func InvitationStates() []InvitationState {
	return []InvitationState{Invited, InvitationSeen, InvitationQuoted, InvitationDeclined, InvitationRevoked}
}

// String is the state's Chinese name.
func (s InvitationState) String() string {
	switch s {
	case NotInvited:
		return "未邀请"
	case Invited:
		return "已邀请"
	case InvitationSeen:
		return "已查看"
	case InvitationQuoted:
		return "已报价"
	case InvitationDeclined:
		return "已婉拒"
	case InvitationRevoked:
		return "已撤销"
	}
	return ""
}

// InvitationAction moves an invitation from one state to another.
type InvitationAction string

// The actions.
const (
	OpenInvitation    InvitationAction = "open"    // by the supplier, who looks at the purchase
	QuoteInvitation   InvitationAction = "quote"   // by the supplier, with a quote
	DeclineInvitation InvitationAction = "decline" // by the supplier
	RevokeInvitation  InvitationAction = "revoke"  // by the buyer
	RenewInvitation   InvitationAction = "renew"   // by the buyer, who invites again
)

// InvitationActions lists every action.
func InvitationActions() []InvitationAction {
	return []InvitationAction{OpenInvitation, QuoteInvitation, DeclineInvitation, RevokeInvitation, RenewInvitation}
}

// After is the transition table of invitations: the state that the action leads
// to, or a Conflict that says why it is not possible.
func (s InvitationState) After(a InvitationAction) (InvitationState, error) {
	pending := s == Invited || s == InvitationSeen
	switch {
	case a == OpenInvitation && s == Invited:
		return InvitationSeen, nil
	case a == QuoteInvitation && (pending || s == InvitationQuoted || s == InvitationDeclined):
		return InvitationQuoted, nil
	case a == DeclineInvitation && pending:
		return InvitationDeclined, nil
	case a == RevokeInvitation && (pending || s == InvitationDeclined):
		return InvitationRevoked, nil
	case a == RenewInvitation && (s == InvitationDeclined || s == InvitationRevoked):
		return Invited, nil
	}
	return s, Errorf(Conflict, "这个供应商现在是“%s”，不能进行这个操作", s)
}

// Permits tells whether After does.
func (s InvitationState) Permits(a InvitationAction) bool {
	_, err := s.After(a)
	return err == nil
}

// Invitation lets one supplier see and quote on a purchase.
type Invitation struct {
	PurchaseID int64
	SupplierID int64
	State      InvitationState
	LinkID     int64 // of the link by which he came; 0: he was chosen by name
	InvitedBy  int64 // user id
	CreatedAt  time.Time
	UpdatedAt  time.Time
}

// Limits of inviting.
const (
	MaxInvitees   = 200 // of one purchase
	MaxInviteOnce = 50  // suppliers chosen at a time
	MaxLinks      = 20  // of one purchase, those included that are over
	MaxLinkUses   = 100
)

// CanSee tells why the user may not see the purchase: NotFound, as if it did not
// exist, for those whom it was not meant for.
func (p Purchase) CanSee(u User, s InvitationState) error {
	if p.Mode != InvitedMode || p.Of(u) || s != NotInvited && s != InvitationRevoked {
		return nil
	}
	return Errorf(NotFound, "没有找到这个采购单")
}

// CanInvite tells why the user may not invite suppliers now: see Allows;
// Conflict once quoting is over.
func (p Purchase) CanInvite(by User, now time.Time) error {
	if err := p.Allows(by, Manage); err != nil {
		return err
	}
	if s := p.StatusAt(now); s != WaitingForQuote {
		return Errorf(Conflict, "采购单现在是“%s”，不能再邀请供应商", s)
	}
	return nil
}

// LinkState is what became of an invitation link.
type LinkState string

// The states.
const (
	LinkLive    LinkState = "有效"
	LinkUsedUp  LinkState = "已用完"
	LinkExpired LinkState = "已过期" // with the purchase's deadline, or because it was closed
	LinkRevoked LinkState = "已撤销"
)

// InviteLink invites whoever opens it, up to a number of suppliers.
type InviteLink struct {
	ID         int64
	PurchaseID int64
	MaxUses    int
	Uses       int
	QRURL      string    // what the account's QR code says; "" when there is none
	QRUntil    time.Time // the platform knows the code until then
	CreatedBy  int64
	CreatedAt  time.Time
	RevokedAt  time.Time // zero while it was not
}

// State tells whether the link works at now. It ends with its purchase's
// deadline, so it lives on when that is put off.
func (l InviteLink) State(p Purchase, now time.Time) LinkState {
	switch {
	case !l.RevokedAt.IsZero():
		return LinkRevoked
	case p.StatusAt(now) != WaitingForQuote:
		return LinkExpired
	case l.Uses >= l.MaxUses:
		return LinkUsedUp
	}
	return LinkLive
}

// CanJoin tells why the user is not invited by the link: Forbidden on the own
// side's purchase, Conflict when the link does not work or he was shut out.
// Somebody who is invited already may come in by any link, however it stands.
func (l InviteLink) CanJoin(p Purchase, u User, s InvitationState, now time.Time) error {
	switch state := l.State(p, now); {
	case p.Of(u) || u.ID == p.BuyerID:
		return Errorf(Forbidden, "这是您自己的采购单，请把链接发给供应商")
	case s == InvitationRevoked:
		return Errorf(Conflict, "采购商撤销了对您的邀请")
	case s != NotInvited:
		return nil
	case state == LinkRevoked:
		return Errorf(Conflict, "采购商撤销了这个邀请链接")
	case state == LinkExpired:
		return Errorf(Conflict, "报价已截止，这个邀请链接已过期")
	case state == LinkUsedUp:
		return Errorf(Conflict, "这个邀请链接的名额已用完，请联系采购商")
	}
	return nil
}

// CheckLinkUses complains, on the field "max_uses", about a number of suppliers
// that no link can invite.
func CheckLinkUses(n int) error {
	if n < 1 || n > MaxLinkUses {
		return FieldErrors{"max_uses": "名额应在 1 到 100 之间"}.Err()
	}
	return nil
}

// inviteScene begins the scene of a QR code with an invitation.
const inviteScene = "iv."

// InviteScene is what the platform pushes when the code of a link is scanned.
func InviteScene(token string) string { return inviteScene + token }

// InviteOfScene answers the token of the link with a scene; false for other
// scenes.
func InviteOfScene(scene string) (token string, ok bool) {
	return strings.CutPrefix(scene, inviteScene)
}
