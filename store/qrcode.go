package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"

	sq "github.com/Masterminds/squirrel"

	"github.com/xunjia/xunjia"
)

func selectQR() sq.SelectBuilder {
	return sq.Select("id", "scene", "label", "action", "target", "reply", "url", "staff_id", "scans", "follows",
		"created_at", "expires_at", "disabled_at", "scanned_at").From("qr_code")
}

func scanQR(row scanner) (q xunjia.QRCode, err error) {
	var created, expires, disabled, scanned int64
	err = row.Scan(&q.ID, &q.Scene, &q.Label, &q.Action, &q.Target, &q.Reply, &q.URL, &q.Staff, &q.Scans, &q.Follows,
		&created, &expires, &disabled, &scanned)
	q.CreatedAt, q.ExpiresAt, q.DisabledAt, q.ScannedAt = moment(created), moment(expires), moment(disabled), moment(scanned)
	return q, err
}

func errNoQR() error { return xunjia.Errorf(xunjia.NotFound, "没有找到这个二维码") }

// CreateQRCode keeps a code that the platform is then asked for; MakeQRCode
// notes its answer. The error is Invalid, by field, also for a purchase that
// does not exist.
func (s *Store) CreateQRCode(ctx context.Context, appID string, staff int64, n xunjia.NewQR) (q xunjia.QRCode, err error) {
	if err := n.Validate(); err != nil {
		return q, err
	}
	if n.Action == xunjia.QRPurchase {
		if _, err := s.Purchase(ctx, n.Target); xunjia.ErrorCode(err) == xunjia.NotFound {
			return q, xunjia.FieldErrors{"target": "没有这张采购单"}.Err()
		} else if err != nil {
			return q, err
		}
	}
	err = s.runTx(ctx, func(tx *tx) (err error) {
		q = xunjia.QRCode{Label: strings.TrimSpace(n.Label), Action: n.Action, Target: n.Target, Reply: strings.TrimSpace(n.Reply), Staff: staff, CreatedAt: tx.now}
		q.Scene = "qr." + strings.ToLower(newToken()[:20])
		if n.Days > 0 {
			q.ExpiresAt = tx.now.AddDate(0, 0, n.Days)
		}
		q.ID, err = insert(ctx, tx, sq.Insert("qr_code").
			Columns("app_id", "scene", "label", "action", "target", "reply", "staff_id", "created_at", "expires_at").
			Values(appID, q.Scene, q.Label, q.Action, q.Target, q.Reply, staff, millis(tx.now), millis(q.ExpiresAt)))
		if err != nil {
			return err
		}
		return tx.audit(ctx, xunjia.Audit{Staff: staff, Action: "qrcode.created", Target: fmt.Sprintf("qrcode:%d", q.ID), Detail: q.Action.String() + "：" + q.Label})
	})
	return q, err
}

// MakeQRCode notes what the picture of a code says and until when it works;
// zero for ever. Made again, it works on.
func (s *Store) MakeQRCode(ctx context.Context, id int64, url string, expires time.Time) error {
	_, err := s.write(ctx, sq.Update("qr_code").Set("url", url).Set("expires_at", millis(expires)).Where(sq.Eq{"id": id}))
	return err
}

// QRCode answers a code of the account, or NotFound.
func (s *Store) QRCode(ctx context.Context, appID string, id int64) (xunjia.QRCode, error) {
	q, err := one(ctx, s.db, selectQR().Where(sq.Eq{"id": id, "app_id": appID}), scanQR)
	if errors.Is(err, sql.ErrNoRows) {
		return q, errNoQR()
	}
	return q, err
}

// QRCodes lists the codes whose label holds query, newest first.
func (s *Store) QRCodes(ctx context.Context, appID, query string, p xunjia.Page) (xunjia.List[xunjia.QRCode], error) {
	k, err := newKeyset(p)
	if err != nil {
		return xunjia.List[xunjia.QRCode]{}, err
	}
	q := selectQR()
	if query != "" {
		q = q.Where(sq.Like{"label": "%" + likeText(query) + "%"})
	}
	rows, err := all(ctx, s.db, k.apply(q, s.dialect, "created_at", "id", pin{"app_id", appID}), scanQR)
	if err != nil {
		return xunjia.List[xunjia.QRCode]{}, err
	}
	return cut(k, rows, func(q xunjia.QRCode) (time.Time, int64) { return q.CreatedAt, q.ID }), nil
}

// likeText takes the meaning of wildcards from a text that somebody typed:
// neither engine agrees with the other on how to escape them.
func likeText(text string) string { return strings.NewReplacer("%", "_", `\`, "_").Replace(text) }

// DisableQRCode stops a code, or lets it work again. Scanning a stopped one
// follows the account and nothing more.
func (s *Store) DisableQRCode(ctx context.Context, appID string, id, staff int64, disable bool) error {
	return s.runTx(ctx, func(tx *tx) error {
		at, action, detail := int64(0), "qrcode.enabled", "重新启用二维码"
		if disable {
			at, action, detail = millis(tx.now), "qrcode.disabled", "停用二维码"
		}
		n, err := exec(ctx, tx, sq.Update("qr_code").Set("disabled_at", at).Where(sq.Eq{"id": id, "app_id": appID}))
		if err != nil {
			return err
		}
		if n == 0 {
			return errNoQR()
		}
		return tx.audit(ctx, xunjia.Audit{Staff: staff, Action: action, Target: fmt.Sprintf("qrcode:%d", id), Detail: detail})
	})
}

// CountScan notes that somebody scanned a code at a moment and answers the
// code. The platform tells of one scan several times now and then, and a push
// may be handled again: the same person in the same second counts once.
// NotFound for a scene that is not one of ours.
func (s *Store) CountScan(ctx context.Context, appID, scene string, identityID int64, at time.Time, followed bool) (q xunjia.QRCode, err error) {
	err = s.runTx(ctx, func(tx *tx) error {
		q, err = one(ctx, tx, selectQR().Where(sq.Eq{"app_id": appID, "scene": scene}).Suffix(s.dialect.forUpdate()), scanQR)
		if errors.Is(err, sql.ErrNoRows) {
			return errNoQR()
		}
		if err != nil {
			return err
		}
		fresh, err := exec(ctx, tx, s.dialect.insertIgnore(sq.Insert("qr_scan").
			Columns("qr_id", "identity_id", "second", "followed").Values(q.ID, identityID, at.Unix(), flag(followed))))
		if err != nil || fresh == 0 {
			return err
		}
		follows := flag(followed)
		if _, err := exec(ctx, tx, sq.Update("qr_code").Set("scans", sq.Expr("scans + 1")).
			Set("follows", sq.Expr("follows + ?", follows)).Set("scanned_at", millis(at)).Where(sq.Eq{"id": q.ID})); err != nil {
			return err
		}
		day := xunjia.Day(at)
		n, err := exec(ctx, tx, sq.Update("qr_day").Set("scans", sq.Expr("scans + 1")).Set("follows", sq.Expr("follows + ?", follows)).
			Where(sq.Eq{"qr_id": q.ID, "day": day}))
		if err != nil || n > 0 {
			return err
		}
		// The code's row is locked: nobody else makes the first of the day.
		_, err = exec(ctx, tx, sq.Insert("qr_day").Columns("qr_id", "day", "scans", "follows").Values(q.ID, day, 1, follows))
		return err
	})
	return q, err
}

// QRDays counts a code's scans per day, newest first, for days on which there
// were any.
func (s *Store) QRDays(ctx context.Context, id int64, limit int) ([]xunjia.QRDay, error) {
	return all(ctx, s.db, sq.Select("day", "scans", "follows").From("qr_day").Where(sq.Eq{"qr_id": id}).
		OrderBy("day DESC").Limit(uint64(max(0, limit))), func(row scanner) (d xunjia.QRDay, err error) {
		err = row.Scan(&d.Day, &d.Scans, &d.Follows)
		return d, err
	})
}
