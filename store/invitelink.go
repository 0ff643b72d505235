package store

import (
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"time"

	sq "github.com/Masterminds/squirrel"

	"github.com/xunjia/xunjia"
)

func selectInviteLinks() sq.SelectBuilder {
	return sq.Select("id", "purchase_id", "max_uses", "uses", "qr_url", "qr_until", "created_by", "created_at", "revoked_at").From("invite_link")
}

func scanInviteLink(row scanner) (l xunjia.InviteLink, err error) {
	var until, created, revoked int64
	err = row.Scan(&l.ID, &l.PurchaseID, &l.MaxUses, &l.Uses, &l.QRURL, &until, &l.CreatedBy, &created, &revoked)
	l.QRUntil, l.CreatedAt, l.RevokedAt = moment(until), moment(created), moment(revoked)
	return l, err
}

func errNoInviteLink() error {
	return xunjia.Errorf(xunjia.NotFound, "没有找到这个邀请链接，请向采购商要一个新的")
}

// CreateInviteLink makes a link that invites up to maxUses suppliers. The token
// goes into the address; only its hash is kept. See Purchase.CanInvite and
// CheckLinkUses.
func (s *Store) CreateInviteLink(ctx context.Context, purchaseID, by int64, maxUses int) (token string, l xunjia.InviteLink, err error) {
	if err := xunjia.CheckLinkUses(maxUses); err != nil {
		return "", l, err
	}
	err = s.runTx(ctx, func(tx *tx) error {
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
		n, err := one(ctx, tx, sq.Select("COUNT(*)").From("invite_link").Where(sq.Eq{"purchase_id": purchaseID}), scanInt)
		if err != nil {
			return err
		}
		if n >= xunjia.MaxLinks {
			return xunjia.FieldErrors{"max_uses": "一张采购单最多 20 个邀请链接"}.Err()
		}
		token = rand.Text()
		l = xunjia.InviteLink{PurchaseID: purchaseID, MaxUses: maxUses, CreatedBy: by, CreatedAt: tx.now}
		l.ID, err = insert(ctx, tx, sq.Insert("invite_link").Columns("purchase_id", "token", "max_uses", "created_by", "created_at").
			Values(purchaseID, hashToken(token), maxUses, by, millis(tx.now)))
		return err
	})
	if err != nil {
		return "", xunjia.InviteLink{}, err
	}
	return token, l, nil
}

// MakeInviteQR notes what the account's QR code of a link says, and until when
// the platform knows it.
func (s *Store) MakeInviteQR(ctx context.Context, id int64, url string, until time.Time) error {
	_, err := s.write(ctx, sq.Update("invite_link").Set("qr_url", url).Set("qr_until", millis(until)).Where(sq.Eq{"id": id}))
	return err
}

// InviteLinks lists the links of a purchase, newest first, MaxLinks at most. The
// caller has checked who asks.
func (s *Store) InviteLinks(ctx context.Context, purchaseID int64) ([]xunjia.InviteLink, error) {
	return all(ctx, s.db, selectInviteLinks().Where(sq.Eq{"purchase_id": purchaseID}).
		OrderBy("created_at DESC", "id DESC").Limit(xunjia.MaxLinks), scanInviteLink)
}

// RevokeInviteLink ends a link; who came in by it stays invited. It answers the
// purchase's id. NotFound for strangers, Forbidden for members who may not;
// doing it again is no error.
func (s *Store) RevokeInviteLink(ctx context.Context, id, by int64) (purchaseID int64, err error) {
	purchaseID, err = one(ctx, s.db, sq.Select("purchase_id").From("invite_link").Where(sq.Eq{"id": id}), scanInt)
	if errors.Is(err, sql.ErrNoRows) {
		return 0, errNoInviteLink()
	}
	if err != nil {
		return 0, err
	}
	err = s.runTx(ctx, func(tx *tx) error {
		p, err := s.lockPurchase(ctx, tx, purchaseID)
		if err != nil {
			return err
		}
		u, err := active(ctx, tx, by)
		if err != nil {
			return err
		}
		if err := p.Allows(u, xunjia.Manage); err != nil {
			return err
		}
		_, err = exec(ctx, tx, sq.Update("invite_link").Set("revoked_at", millis(tx.now)).Where(sq.Eq{"id": id, "revoked_at": 0}))
		return err
	})
	return purchaseID, err
}

// InviteLink finds a link by the token of its address, and its purchase;
// NotFound when there is none.
func (s *Store) InviteLink(ctx context.Context, token string) (xunjia.InviteLink, xunjia.Purchase, error) {
	l, err := one(ctx, s.db, selectInviteLinks().Where(sq.Eq{"token": hashToken(token)}), scanInviteLink)
	if errors.Is(err, sql.ErrNoRows) {
		err = errNoInviteLink()
	}
	if err != nil {
		return l, xunjia.Purchase{}, err
	}
	p, err := s.Purchase(ctx, l.PurchaseID)
	return l, p, err
}

// JoinByLink invites the supplier who opened a link: see InviteLink.CanJoin for
// the rule. Coming again uses nothing up. It answers the purchase's id.
func (s *Store) JoinByLink(ctx context.Context, token string, supplierID int64) (int64, error) {
	hash := hashToken(token)
	purchaseID, err := one(ctx, s.db, sq.Select("purchase_id").From("invite_link").Where(sq.Eq{"token": hash}), scanInt)
	if errors.Is(err, sql.ErrNoRows) {
		return 0, errNoInviteLink()
	}
	if err != nil {
		return 0, err
	}
	err = s.runTx(ctx, func(tx *tx) error {
		p, err := s.lockPurchase(ctx, tx, purchaseID)
		if err != nil {
			return err
		}
		l, err := one(ctx, tx, selectInviteLinks().Where(sq.Eq{"token": hash}).Suffix(s.dialect.forUpdate()), scanInviteLink)
		if err != nil {
			return err
		}
		u, err := active(ctx, tx, supplierID)
		if err != nil {
			return err
		}
		i, err := invitationOf(ctx, tx, p, supplierID)
		if err != nil {
			return err
		}
		if err := l.CanJoin(p, u, i.State, tx.now); err != nil {
			return err
		}
		if i.State != xunjia.NotInvited {
			return nil
		}
		n, err := exec(ctx, tx, sq.Update("invite_link").Set("uses", sq.Expr("uses + 1")).
			Where(sq.Eq{"id": l.ID, "revoked_at": 0}).Where("uses < max_uses"))
		if err != nil {
			return err
		}
		if n == 0 {
			return xunjia.Errorf(xunjia.Conflict, "这个邀请链接的名额已用完，请联系采购商")
		}
		_, err = invite(ctx, tx, xunjia.Invitation{PurchaseID: p.ID, SupplierID: supplierID, LinkID: l.ID, InvitedBy: l.CreatedBy}, xunjia.NotInvited)
		return err
	})
	return purchaseID, err
}
