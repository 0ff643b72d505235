package store

import (
	"context"
	"database/sql"
	"errors"
	"slices"
	"time"

	sq "github.com/Masterminds/squirrel"

	"github.com/xunjia/xunjia"
)

func selectInvitations() sq.SelectBuilder {
	return sq.Select("purchase_id", "supplier_id", "state", "link_id", "invited_by", "created_at", "updated_at").From("invitation")
}

func scanInvitation(row scanner) (i xunjia.Invitation, err error) {
	var created, updated int64
	err = row.Scan(&i.PurchaseID, &i.SupplierID, &i.State, &i.LinkID, &i.InvitedBy, &created, &updated)
	i.CreatedAt, i.UpdatedAt = moment(created), moment(updated)
	return i, err
}

// invitationOf is how a supplier stands to a purchase; NotInvited when he was
// not invited. Somebody who has quoted stays in when a purchase becomes one for
// invited suppliers later.
func invitationOf(ctx context.Context, r runner, p xunjia.Purchase, supplierID int64) (xunjia.Invitation, error) {
	none := xunjia.Invitation{PurchaseID: p.ID, SupplierID: supplierID}
	if supplierID == 0 {
		return none, nil
	}
	i, err := one(ctx, r, selectInvitations().Where(sq.Eq{"purchase_id": p.ID, "supplier_id": supplierID}), scanInvitation)
	if !errors.Is(err, sql.ErrNoRows) {
		return i, err
	}
	if p.Mode != xunjia.InvitedMode {
		return none, nil
	}
	_, err = one(ctx, r, sq.Select("id").From("quote").Where(sq.Eq{"purchase_id": p.ID, "supplier_id": supplierID}).Limit(1), scanInt)
	if errors.Is(err, sql.ErrNoRows) {
		return none, nil
	}
	none.State = xunjia.InvitationQuoted
	return none, err
}

// InvitationOf is how somebody stands to a purchase that he sees.
func (s *Store) InvitationOf(ctx context.Context, p xunjia.Purchase, supplierID int64) (xunjia.Invitation, error) {
	return invitationOf(ctx, s.db, p, supplierID)
}

// PurchaseFor finds a purchase for somebody who may see it, a guest has id 0;
// NotFound otherwise, see Purchase.CanSee.
func (s *Store) PurchaseFor(ctx context.Context, id int64, viewer xunjia.User) (xunjia.Purchase, error) {
	p, err := s.Purchase(ctx, id)
	if err != nil || p.CanSee(viewer, xunjia.NotInvited) == nil {
		return p, err
	}
	i, err := invitationOf(ctx, s.db, p, viewer.ID)
	if err == nil {
		err = p.CanSee(viewer, i.State)
	}
	if err != nil {
		return xunjia.Purchase{}, err
	}
	return p, nil
}

// LineFor finds a line and its purchase for somebody who may see them; NotFound
// otherwise.
func (s *Store) LineFor(ctx context.Context, lineID int64, viewer xunjia.User) (xunjia.Purchase, xunjia.Line, error) {
	id, err := s.purchaseIDOfLine(ctx, lineID)
	if err != nil {
		return xunjia.Purchase{}, xunjia.Line{}, err
	}
	p, err := s.PurchaseFor(ctx, id, viewer)
	if xunjia.ErrorCode(err) == xunjia.NotFound { // the words of an unknown line
		err = xunjia.Errorf(xunjia.NotFound, "没有找到这个采购品种")
	}
	if err != nil {
		return p, xunjia.Line{}, err
	}
	l, err := p.Line(lineID)
	return p, l, err
}

// admit tells whether the supplier may come to a locked purchase at all.
func (s *Store) admit(ctx context.Context, tx *tx, p xunjia.Purchase, u xunjia.User) error {
	if p.Mode != xunjia.InvitedMode {
		return nil
	}
	i, err := invitationOf(ctx, tx, p, u.ID)
	if err != nil {
		return err
	}
	return p.CanSee(u, i.State)
}

// invitationQuoted notes that an invited supplier has quoted.
func invitationQuoted(ctx context.Context, tx *tx, purchaseID, supplierID int64) error {
	var from []xunjia.InvitationState
	for _, s := range xunjia.InvitationStates() {
		if s.Permits(xunjia.QuoteInvitation) {
			from = append(from, s)
		}
	}
	_, err := exec(ctx, tx, sq.Update("invitation").Set("state", xunjia.InvitationQuoted).Set("updated_at", millis(tx.now)).
		Where(sq.Eq{"purchase_id": purchaseID, "supplier_id": supplierID, "state": from}))
	return err
}

// SeeInvitation notes that an invited supplier has looked at the purchase.
func (s *Store) SeeInvitation(ctx context.Context, i xunjia.Invitation) error {
	if !i.State.Permits(xunjia.OpenInvitation) { // he has seen it, or more
		return nil
	}
	to, err := i.State.After(xunjia.OpenInvitation)
	if err != nil {
		return err
	}
	_, err = s.write(ctx, sq.Update("invitation").Set("state", to).Set("updated_at", millis(s.now())).
		Where(sq.Eq{"purchase_id": i.PurchaseID, "supplier_id": i.SupplierID, "state": i.State}))
	return err
}

// InviteSuppliers invites suppliers whom the buyer knows or who follow the goods,
// and tells them; those who are invited already are left as they are. It answers
// how many were new. See Purchase.CanInvite; Invalid on the field "supplier".
func (s *Store) InviteSuppliers(ctx context.Context, purchaseID, by int64, ids []int64) (fresh int, err error) {
	ids = slices.Compact(slices.Sorted(slices.Values(ids)))
	if n := len(ids); n == 0 || n > xunjia.MaxInviteOnce {
		return 0, xunjia.FieldErrors{"supplier": "请选择 1 到 50 家供应商"}.Err()
	}
	err = s.runTx(ctx, func(tx *tx) error {
		fresh = 0
		p, err := s.lockPurchase(ctx, tx, purchaseID)
		if err != nil {
			return err
		}
		u, err := active(ctx, tx, by)
		if err != nil {
			return err
		}
		if err := p.CanInvite(u, tx.now); err != nil {
			return err
		}
		if err := s.checkSuppliers(ctx, tx, p, ids); err != nil {
			return err
		}
		// The purchase's lock keeps this read true.
		old, err := all(ctx, tx, selectInvitations().Where(sq.Eq{"purchase_id": purchaseID}), scanInvitation)
		if err != nil {
			return err
		}
		states := map[int64]xunjia.InvitationState{}
		for _, i := range old {
			states[i.SupplierID] = i.State
		}
		for _, id := range ids {
			done, err := invite(ctx, tx, xunjia.Invitation{PurchaseID: purchaseID, SupplierID: id, InvitedBy: by}, states[id])
			if err != nil {
				return err
			}
			if !done {
				continue
			}
			fresh++
			if _, err := tx.addEvent(ctx, xunjia.Event{Kind: xunjia.SupplierInvited, Actor: by, PurchaseID: purchaseID, Subject: id}); err != nil {
				return err
			}
		}
		if len(old)+fresh > xunjia.MaxInvitees {
			return xunjia.FieldErrors{"supplier": "一张采购单最多邀请 200 家供应商"}.Err()
		}
		return nil
	})
	if err != nil {
		return 0, err
	}
	return fresh, nil
}

// invite writes an invitation, or renews the old one; false when he is invited
// already. The purchase is locked.
func invite(ctx context.Context, tx *tx, i xunjia.Invitation, old xunjia.InvitationState) (bool, error) {
	if old == xunjia.NotInvited {
		_, err := exec(ctx, tx, sq.Insert("invitation").
			Columns("purchase_id", "supplier_id", "state", "link_id", "invited_by", "created_at", "updated_at").
			Values(i.PurchaseID, i.SupplierID, xunjia.Invited, i.LinkID, i.InvitedBy, millis(tx.now), millis(tx.now)))
		return err == nil, err
	}
	if !old.Permits(xunjia.RenewInvitation) {
		return false, nil
	}
	to, err := old.After(xunjia.RenewInvitation)
	if err != nil {
		return false, err
	}
	n, err := exec(ctx, tx, sq.Update("invitation").Set("state", to).Set("invited_by", i.InvitedBy).Set("updated_at", millis(tx.now)).
		Where(sq.Eq{"purchase_id": i.PurchaseID, "supplier_id": i.SupplierID, "state": old}))
	return n == 1, err
}

// checkSuppliers refuses people whom the buyer could not have chosen.
func (s *Store) checkSuppliers(ctx context.Context, tx *tx, p xunjia.Purchase, ids []int64) error {
	known := map[int64]bool{}
	for _, q := range []sq.SelectBuilder{followersOf(p.ID), quotersFor(p)} {
		found, err := all(ctx, tx, sq.Select("id").From("users").Where(sq.Eq{"id": ids}).
			Where(sq.Expr("id IN (?)", q)).Where(eligible(p)), scanInt)
		if err != nil {
			return err
		}
		for _, id := range found {
			known[id] = true
		}
	}
	if len(known) < len(ids) {
		return xunjia.FieldErrors{"supplier": "有供应商不能邀请，请刷新后重新选择"}.Err()
	}
	return nil
}

// followersOf are those who follow goods of the purchase.
func followersOf(purchaseID int64) sq.SelectBuilder {
	return sq.Select("c.user_id").From("user_category c").
		Where("c.category_id IN (SELECT l.category_id FROM purchase_line l WHERE l.purchase_id = ?)", purchaseID)
}

// quotersFor are those who have quoted to the purchase's buyer, or his company,
// before.
func quotersFor(p xunjia.Purchase) sq.SelectBuilder {
	side := sq.Eq{"o.buyer_id": p.BuyerID}
	if p.CompanyID != 0 {
		side = sq.Eq{"o.company_id": p.CompanyID}
	}
	return sq.Select("q.supplier_id").From("quote q").Join("purchase o ON o.id = q.purchase_id").Where(side)
}

// eligible are users who can quote on the purchase.
func eligible(p xunjia.Purchase) sq.Sqlizer {
	can := sq.And{sq.Eq{"users.disabled": 0}, sq.Gt{"users.registered_at": 0}, sq.NotEq{"users.id": p.BuyerID}}
	if p.CompanyID != 0 {
		can = append(can, sq.NotEq{"users.company_id": p.CompanyID})
	}
	return can
}

// RevokeInvitation shuts an invited supplier out again: see
// InvitationState.After. It is NotFound for strangers and for somebody who was
// not invited, Forbidden for members who may not.
func (s *Store) RevokeInvitation(ctx context.Context, purchaseID, by, supplierID int64) error {
	return s.changeInvitation(ctx, purchaseID, by, supplierID, xunjia.RevokeInvitation, func(p xunjia.Purchase, u xunjia.User) error {
		return p.Allows(u, xunjia.Manage)
	})
}

// DeclineInvitation is an invited supplier's no.
func (s *Store) DeclineInvitation(ctx context.Context, purchaseID, supplierID int64) error {
	return s.changeInvitation(ctx, purchaseID, supplierID, supplierID, xunjia.DeclineInvitation, func(xunjia.Purchase, xunjia.User) error { return nil })
}

func (s *Store) changeInvitation(ctx context.Context, purchaseID, by, supplierID int64, a xunjia.InvitationAction, may func(xunjia.Purchase, xunjia.User) error) error {
	return s.runTx(ctx, func(tx *tx) error {
		p, err := s.lockPurchase(ctx, tx, purchaseID)
		if err != nil {
			return err
		}
		u, err := active(ctx, tx, by)
		if err != nil {
			return err
		}
		if err := may(p, u); err != nil {
			return err
		}
		i, err := one(ctx, tx, selectInvitations().Where(sq.Eq{"purchase_id": purchaseID, "supplier_id": supplierID}).Suffix(s.dialect.forUpdate()), scanInvitation)
		if errors.Is(err, sql.ErrNoRows) { // he is not to learn whether there is such a purchase
			return errNoPurchase()
		}
		if err != nil {
			return err
		}
		to, err := i.State.After(a)
		if err != nil {
			return err
		}
		n, err := exec(ctx, tx, sq.Update("invitation").Set("state", to).Set("updated_at", millis(tx.now)).
			Where(sq.Eq{"purchase_id": purchaseID, "supplier_id": supplierID, "state": i.State}))
		if err == nil && n == 0 {
			err = xunjia.Errorf(xunjia.Conflict, "邀请刚刚有变化，请刷新后再试")
		}
		if err != nil || a != xunjia.DeclineInvitation {
			return err
		}
		lines, err := all(ctx, tx, sq.Select("id").From("purchase_line").Where(sq.Eq{"purchase_id": purchaseID}), scanInt)
		if err != nil {
			return err
		}
		return pushDeclined(ctx, tx, lines, supplierID)
	})
}

// InvitationView is an invitation with who was invited.
type InvitationView struct {
	xunjia.Invitation
	Supplier xunjia.User
}

// Invitations lists who was invited to a purchase, newest first. The caller has
// checked who asks.
func (s *Store) Invitations(ctx context.Context, purchaseID int64, page xunjia.Page) (list xunjia.List[InvitationView], err error) {
	k, err := newKeyset(page)
	if err != nil {
		return list, err
	}
	rows, err := all(ctx, s.db, k.apply(selectInvitations(), s.dialect, "created_at", "supplier_id", pin{"purchase_id", purchaseID}), scanInvitation)
	if err != nil {
		return list, err
	}
	part := cut(k, rows, func(i xunjia.Invitation) (time.Time, int64) { return i.CreatedAt, i.SupplierID })
	list.Next = part.Next
	ids := make([]int64, 0, len(part.Items))
	for _, i := range part.Items {
		ids = append(ids, i.SupplierID)
	}
	users, err := s.Users(ctx, ids)
	for _, i := range part.Items {
		list.Items = append(list.Items, InvitationView{i, users[i.SupplierID]})
	}
	return list, err
}

// CandidateQuery looks for suppliers to invite.
type CandidateQuery struct {
	Known bool   // those who have quoted to the buyer before; otherwise those who follow the goods
	Name  string // part of it
	After int64  // user id, of the part before
}

// InviteCandidates lists, in the order of their ids, suppliers who can be invited
// to a purchase and are not yet; next is 0 at the end. The caller has checked who
// asks.
func (s *Store) InviteCandidates(ctx context.Context, p xunjia.Purchase, c CandidateQuery) (list []xunjia.User, next int64, err error) {
	free := selectUsers().Where(eligible(p)).Where(sq.Gt{"users.id": c.After}).
		Where("NOT EXISTS (SELECT 1 FROM invitation i WHERE i.purchase_id = ? AND i.supplier_id = users.id AND i.state <> ? AND i.state <> ?)",
			p.ID, int(xunjia.InvitationRevoked), int(xunjia.InvitationDeclined)).
		OrderBy("users.id").Limit(xunjia.PageSize + 1)
	if c.Name != "" {
		free = free.Where(sq.Like{"users.name": "%" + likeText(c.Name) + "%"})
	}
	from := followersOf(p.ID)
	if c.Known {
		from = quotersFor(p)
	}
	list, err = all(ctx, s.db, free.Where(sq.Expr("users.id IN (?)", from)), scanUser)
	if err != nil || len(list) <= xunjia.PageSize {
		return list, 0, err
	}
	list = list[:xunjia.PageSize]
	return list, list[len(list)-1].ID, nil
}

// invited is whom an invitation concerns, unless it was taken back meanwhile.
func (s *Store) invited(ctx context.Context, e xunjia.Event) ([]Recipient, error) {
	ids, err := all(ctx, s.db, sq.Select("supplier_id").From("invitation").
		Where(sq.Eq{"purchase_id": e.PurchaseID, "supplier_id": e.Subject}).Where(sq.NotEq{"state": int(xunjia.InvitationRevoked)}), scanInt)
	if err != nil || len(ids) == 0 {
		return nil, err
	}
	return []Recipient{{ID: ids[0]}}, nil
}
