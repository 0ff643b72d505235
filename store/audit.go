package store

import (
	"context"
	"strings"
	"time"

	sq "github.com/Masterminds/squirrel"

	"github.com/xunjia/xunjia"
)

// detailMax bounds Audit.Detail, in characters.
const detailMax = 500

// audit writes down what staff changes, in the transaction of the change.
func (tx *tx) audit(ctx context.Context, a xunjia.Audit) error {
	detail := []rune(a.Detail)
	if len(detail) > detailMax {
		detail = append(detail[:detailMax-1], '…')
	}
	_, err := exec(ctx, tx, sq.Insert("audit").Columns("staff_id", "action", "target", "detail", "created_at").
		Values(a.Staff, a.Action, a.Target, string(detail), millis(tx.now)))
	return err
}

func scanAudit(row scanner) (a xunjia.Audit, err error) {
	var at int64
	err = row.Scan(&a.ID, &a.Staff, &a.Action, &a.Target, &a.Detail, &at)
	a.At = moment(at)
	return a, err
}

// Audits answers a part of the audit log, newest first.
func (s *Store) Audits(ctx context.Context, f xunjia.AuditFilter, p xunjia.Page) (xunjia.List[xunjia.Audit], error) {
	k, err := newKeyset(p)
	if err != nil {
		return xunjia.List[xunjia.Audit]{}, err
	}
	q := sq.Select("id", "staff_id", "action", "target", "detail", "created_at").From("audit")
	var pins []pin
	switch noun, isNoun := strings.CutSuffix(f.Action, "."); {
	case f.Action == "":
	case isNoun: // '/' follows '.'
		q = q.Where(sq.GtOrEq{"action": noun + "."}).Where(sq.Lt{"action": noun + "/"})
	case f.Staff == 0:
		pins = append(pins, pin{"action", f.Action})
	default:
		q = q.Where(sq.Eq{"action": f.Action})
	}
	if f.Staff != 0 {
		pins = append(pins, pin{"staff_id", f.Staff})
	}
	if !f.From.IsZero() {
		q = q.Where(sq.GtOrEq{"created_at": millis(f.From)})
	}
	if !f.Until.IsZero() {
		q = q.Where(sq.Lt{"created_at": millis(f.Until)})
	}
	rows, err := all(ctx, s.db, k.apply(q, s.dialect, "created_at", "id", pins...), scanAudit)
	if err != nil {
		return xunjia.List[xunjia.Audit]{}, err
	}
	return cut(k, rows, func(a xunjia.Audit) (time.Time, int64) { return a.At, a.ID }), nil
}
