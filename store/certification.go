package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	sq "github.com/Masterminds/squirrel"

	"github.com/xunjia/xunjia"
)

func selectCertifications() sq.SelectBuilder {
	return sq.Select("id", "user_id", "kind", "name", "code", "person", "licence_until", "state", "reason", "until", "submitted_at",
		"reviewed_at", "staff_id").From("certification")
}

func scanCertification(row scanner) (c xunjia.Certification, err error) {
	var licence, until, submitted, reviewed int64
	err = row.Scan(&c.ID, &c.UserID, &c.Kind, &c.Name, &c.Code, &c.Person, &licence, &c.State, &c.Reason, &until, &submitted, &reviewed, &c.ReviewedBy)
	c.LicenceUntil, c.Until, c.SubmittedAt, c.ReviewedAt = moment(licence), moment(until), moment(submitted), moment(reviewed)
	return c, err
}

func errNoCertification() error { return xunjia.Errorf(xunjia.NotFound, "没有找到这份认证") }

// SubmitCertification hands in what somebody wants to be certified by. The error
// is Invalid with the fields to blame, Conflict while another one waits.
func (s *Store) SubmitCertification(ctx context.Context, userID int64, c xunjia.Certification) (xunjia.Certification, error) {
	if err := c.Validate(s.now()); err != nil {
		return c, err
	}
	err := s.runTx(ctx, func(tx *tx) error {
		if _, err := active(ctx, tx, userID); err != nil {
			return err
		}
		c.UserID, c.State, c.SubmittedAt = userID, xunjia.CertificationSubmitted, tx.now
		var err error
		c.ID, err = insert(ctx, tx, sq.Insert("certification").SetMap(map[string]any{
			"user_id": userID, "waiting": userID, "kind": c.Kind, "name": c.Name, "code": c.Code, "person": c.Person,
			"licence_until": millis(c.LicenceUntil), "state": c.State, "reason": "", "until": 0, "reminded": 0,
			"submitted_at": millis(tx.now), "reviewed_at": 0, "staff_id": 0,
		}))
		if isDuplicate(err) {
			return xunjia.CanSubmit(&c)
		}
		if err != nil {
			return err
		}
		own, err := s.useMedia(ctx, tx, c.Documents, sq.Eq{"owner_id": userID})
		if err != nil {
			return err
		}
		for i, key := range c.Documents {
			if !own[key] || !xunjia.IsPrivate(key) {
				return xunjia.FieldErrors{"documents": "有照片已失效，请重新上传"}.Err()
			}
			if _, err := exec(ctx, tx, sq.Insert("certification_document").Columns("certification_id", "position", "media").Values(c.ID, i, key)); err != nil {
				return err
			}
		}
		return nil
	})
	return c, err
}

// Certifications lists what the user submitted, newest first, with the documents.
func (s *Store) Certifications(ctx context.Context, userID int64, page xunjia.Page) (list xunjia.List[xunjia.Certification], err error) {
	k, err := newKeyset(page)
	if err != nil {
		return list, err
	}
	rows, err := all(ctx, s.db, k.apply(selectCertifications(), s.dialect, "submitted_at", "id", pin{"user_id", userID}), scanCertification)
	if err != nil {
		return list, err
	}
	list = cut(k, rows, func(c xunjia.Certification) (time.Time, int64) { return c.SubmittedAt, c.ID })
	return list, s.addDocuments(ctx, list.Items)
}

// CertificationsIn lists the certifications in a state, newest first, for staff.
func (s *Store) CertificationsIn(ctx context.Context, state xunjia.CertificationState, page xunjia.Page) (list xunjia.List[xunjia.Certification], err error) {
	k, err := newKeyset(page)
	if err != nil {
		return list, err
	}
	rows, err := all(ctx, s.db, k.apply(selectCertifications(), s.dialect, "submitted_at", "id", pin{"state", state}), scanCertification)
	if err != nil {
		return list, err
	}
	return cut(k, rows, func(c xunjia.Certification) (time.Time, int64) { return c.SubmittedAt, c.ID }), nil
}

// WaitingCertifications counts those that staff have to review, up to 100.
func (s *Store) WaitingCertifications(ctx context.Context) (int, error) {
	n, err := one(ctx, s.db, sq.Select("COUNT(*)").FromSelect(sq.Select("id").From("certification").
		Where(sq.Eq{"state": xunjia.CertificationSubmitted}).Limit(100), "w"), scanInt)
	return int(n), err
}

// Certification finds a certification with its documents; NotFound when there is
// none.
func (s *Store) Certification(ctx context.Context, id int64) (xunjia.Certification, error) {
	c, err := one(ctx, s.db, selectCertifications().Where(sq.Eq{"id": id}), scanCertification)
	if errors.Is(err, sql.ErrNoRows) {
		return c, errNoCertification()
	}
	if err != nil {
		return c, err
	}
	list := []xunjia.Certification{c}
	err = s.addDocuments(ctx, list)
	return list[0], err
}

func (s *Store) addDocuments(ctx context.Context, list []xunjia.Certification) error {
	at := map[int64]int{}
	ids := make([]int64, len(list))
	for i, c := range list {
		ids[i], at[c.ID] = c.ID, i
	}
	if len(ids) == 0 {
		return nil
	}
	_, err := all(ctx, s.db, sq.Select("certification_id", "media").From("certification_document").Where(sq.Eq{"certification_id": ids}).
		OrderBy("certification_id", "position"), func(row scanner) (struct{}, error) {
		var id int64
		var key string
		err := row.Scan(&id, &key)
		if err == nil {
			list[at[id]].Documents = append(list[at[id]].Documents, key)
		}
		return struct{}{}, err
	})
	return err
}

// WithdrawCertification takes a waiting certification back. NotFound for anybody
// else's, Conflict once it was reviewed.
func (s *Store) WithdrawCertification(ctx context.Context, id, userID int64) error {
	return s.changeCertification(ctx, id, func(_ *tx, c xunjia.Certification) (xunjia.Certification, error) {
		if c.UserID != userID {
			return c, errNoCertification()
		}
		var err error
		c.State, err = c.State.After(xunjia.WithdrawCertification)
		return c, err
	})
}

// ReviewCertification approves, rejects or revokes a certification: see
// Certification.Reviewed for the rule. An approval certifies the user and
// replaces what was approved before.
func (s *Store) ReviewCertification(ctx context.Context, id, staffID int64, r xunjia.Review) error {
	return s.changeCertification(ctx, id, func(tx *tx, c xunjia.Certification) (xunjia.Certification, error) {
		next, err := c.Reviewed(r, staffID, tx.now)
		if err != nil {
			return next, err
		}
		if r.Action == xunjia.ApproveCertification {
			if _, err := exec(ctx, tx, sq.Update("certification").Set("state", xunjia.CertificationReplaced).
				Where(sq.Eq{"user_id": c.UserID, "state": xunjia.CertificationApproved}).Where(sq.NotEq{"id": id})); err != nil {
				return next, err
			}
		}
		if err := certify(ctx, tx, next); err != nil {
			return next, err
		}
		return next, tx.audit(ctx, xunjia.Audit{Staff: staffID, Action: "certification." + string(r.Action), Target: fmt.Sprintf("certification:%d", id), Detail: next.Name + " " + next.Reason})
	})
}

// certify writes what a certification means to the user, and the event that
// tells him.
func certify(ctx context.Context, tx *tx, c xunjia.Certification) error {
	until, actor := int64(0), int64(0)
	switch c.State {
	case xunjia.CertificationApproved:
		until, actor = millis(c.Until), c.UserID
	case xunjia.CertificationRejected: // an earlier one may still hold
		_, err := tx.addEvent(ctx, xunjia.Event{Kind: xunjia.CertificationDone, Subject: c.UserID})
		return err
	}
	if _, err := exec(ctx, tx, sq.Update("users").Set("certified_until", until).Where(sq.Eq{"id": c.UserID})); err != nil {
		return err
	}
	_, err := tx.addEvent(ctx, xunjia.Event{Kind: xunjia.CertificationDone, Actor: actor, Subject: c.UserID})
	return err
}

// changeCertification locks a certification, asks change for what becomes of it
// and writes that if its state is still what change saw.
func (s *Store) changeCertification(ctx context.Context, id int64, change func(*tx, xunjia.Certification) (xunjia.Certification, error)) error {
	return s.runTx(ctx, func(tx *tx) error {
		c, err := one(ctx, tx, selectCertifications().Where(sq.Eq{"id": id}).Suffix(s.dialect.forUpdate()), scanCertification)
		if errors.Is(err, sql.ErrNoRows) {
			return errNoCertification()
		}
		if err != nil {
			return err
		}
		next, err := change(tx, c)
		if err != nil {
			return err
		}
		return writeCertification(ctx, tx, c, next)
	})
}

func writeCertification(ctx context.Context, tx *tx, old, next xunjia.Certification) error {
	n, err := exec(ctx, tx, sq.Update("certification").Set("waiting", nil).Set("state", next.State).Set("reason", next.Reason).
		Set("until", millis(next.Until)).Set("reviewed_at", millis(next.ReviewedAt)).Set("staff_id", next.ReviewedBy).
		Where(sq.Eq{"id": old.ID, "state": old.State}))
	if err == nil && n == 0 {
		err = xunjia.Errorf(xunjia.Conflict, "别的同事刚刚处理了这份认证，请刷新后再看")
	}
	return err
}

// revokeRenamed ends the certification of somebody who changed the name that it
// stands for. The caller's transaction has locked the user.
func revokeRenamed(ctx context.Context, tx *tx, userID int64) error {
	c, err := one(ctx, tx, selectCertifications().Where(sq.Eq{"user_id": userID, "state": xunjia.CertificationApproved}).OrderBy("id DESC").Limit(1).Suffix(tx.lock), scanCertification)
	if errors.Is(err, sql.ErrNoRows) {
		return nil
	}
	if err != nil {
		return err
	}
	next := c
	if next.State, err = c.State.After(xunjia.RevokeCertification); err != nil {
		return err
	}
	next.Reason = "名称有修改，需要重新认证"
	if err := writeCertification(ctx, tx, c, next); err != nil {
		return err
	}
	return certify(ctx, tx, next)
}

// How long before the end of a certification its holder is reminded.
const (
	firstReminder = 30 * 24 * time.Hour
	lastReminder  = 7 * 24 * time.Hour
)

// EndCertifications ends up to limit certifications whose time is over, and
// reminds the holders of those that end soon; it answers how many there were.
func (s *Store) EndCertifications(ctx context.Context, limit int) (int, error) {
	now := s.now()
	over := sq.And{sq.Eq{"state": xunjia.CertificationApproved}, sq.LtOrEq{"until": millis(now)}}
	soon := sq.And{sq.Eq{"state": xunjia.CertificationApproved}, sq.Gt{"until": millis(now)}, sq.Or{
		sq.And{sq.LtOrEq{"until": millis(now.Add(firstReminder))}, sq.Eq{"reminded": 0}},
		sq.And{sq.LtOrEq{"until": millis(now.Add(lastReminder))}, sq.Eq{"reminded": 1}},
	}}
	ids, err := all(ctx, s.db, sq.Select("id").From("certification").Where(sq.Or{over, soon}).OrderBy("until", "id").Limit(uint64(limit)), scanInt)
	for _, id := range ids {
		if err := s.endCertification(ctx, id, soon); err != nil {
			return 0, err
		}
	}
	return len(ids), err
}

func (s *Store) endCertification(ctx context.Context, id int64, soon sq.Sqlizer) error {
	return s.runTx(ctx, func(tx *tx) error {
		c, err := one(ctx, tx, selectCertifications().Where(sq.Eq{"id": id}).Suffix(s.dialect.forUpdate()), scanCertification)
		if err != nil || c.State != xunjia.CertificationApproved {
			return err
		}
		if tx.now.Before(c.Until) {
			left := 1
			if c.Until.Sub(tx.now) <= lastReminder {
				left = 2
			}
			n, err := exec(ctx, tx, sq.Update("certification").Set("reminded", left).Where(sq.Eq{"id": id}).Where(soon))
			if err != nil || n == 0 { // another instance reminded him
				return err
			}
			_, err = tx.addEvent(ctx, xunjia.Event{Kind: xunjia.CertificationEnds, Subject: c.UserID})
			return err
		}
		next := c
		if next.State, err = c.State.After(xunjia.ExpireCertification); err != nil {
			return err
		}
		if err := writeCertification(ctx, tx, c, next); err != nil {
			return err
		}
		return certify(ctx, tx, next)
	})
}

// latestCertification is what a notice about somebody's certification talks of.
func (s *Store) latestCertification(ctx context.Context, userID int64) (xunjia.Certification, error) {
	c, err := one(ctx, s.db, selectCertifications().Where(sq.Eq{"user_id": userID}).
		Where(sq.NotEq{"state": []xunjia.CertificationState{xunjia.CertificationSubmitted, xunjia.CertificationWithdrawn, xunjia.CertificationReplaced}}).
		OrderBy("reviewed_at DESC", "id DESC").Limit(1), scanCertification)
	if errors.Is(err, sql.ErrNoRows) {
		return c, nil
	}
	return c, err
}
