package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math"
	"net/netip"
	"slices"
	"time"

	sq "github.com/Masterminds/squirrel"

	"github.com/xunjia/xunjia"
)

// attemptKeys are what failures are counted under: the login name and the
// address, hashed so that a typed password does not end up here in the clear.
type attemptKeys struct{ name, ip string }

func staffAttempt(login string, ip netip.Addr) attemptKeys {
	return attemptKeys{hashToken("login\x00" + login), hashToken("ip\x00" + ip.String())}
}

// needCaptcha tells whether the next attempt must come with a captcha.
func (s *Store) needCaptcha(ctx context.Context, k attemptKeys) (bool, error) {
	rows, err := all(ctx, s.db, sq.Select("failures", "last_at").From("login_attempt").Where(sq.Eq{"name": []string{k.name, k.ip}}), scanAttempts)
	now := s.now()
	return slices.ContainsFunc(rows, func(a xunjia.Attempts) bool { return a.NeedCaptcha(now) }), err
}

// countAttempt counts one as a failure, or tells why none is taken now.
func (s *Store) countAttempt(ctx context.Context, tx *tx, k attemptKeys, limits xunjia.AttemptLimits, solved bool) error {
	keys := []string{k.name, k.ip}
	slices.Sort(keys) // always locked in this order
	for _, key := range keys {
		if _, err := exec(ctx, tx, sq.Insert("login_attempt").Columns("name", "failures", "last_at").Values(key, 0, 0).
			Suffix(s.dialect.upsert([]string{"name"}))); err != nil {
			return err
		}
		attempts, err := one(ctx, tx, sq.Select("failures", "last_at").From("login_attempt").Where(sq.Eq{"name": key}).
			Suffix(s.dialect.forUpdate()), scanAttempts)
		if err != nil {
			return err
		}
		limit := limits.PerName
		if key == k.ip {
			limit = limits.PerIP
		}
		if err := mayTry(attempts, limit, limits.Advice, solved, tx.now); err != nil {
			return err
		}
		if _, err := exec(ctx, tx, sq.Update("login_attempt").Set("failures", attempts.Recent(tx.now)+1).
			Set("last_at", millis(tx.now)).Where(sq.Eq{"name": key})); err != nil {
			return err
		}
	}
	return nil
}

func scanAttempts(row scanner) (a xunjia.Attempts, err error) {
	var last int64
	err = row.Scan(&a.Failures, &last)
	a.LastAt = moment(last)
	return a, err
}

// NeedStaffCaptcha tells whether the next login of this name, or from this
// address, must come with a captcha.
func (s *Store) NeedStaffCaptcha(ctx context.Context, login string, ip netip.Addr) (bool, error) {
	return s.needCaptcha(ctx, staffAttempt(login, ip))
}

// BeginStaffLogin counts an attempt before the password is looked at, as a
// failure until FinishStaffLogin: of many attempts at once no more are let
// through than of one after another. It answers the stored hash of the
// password, with staff 0 and "" for a name that nobody has, or that has no
// password or is disabled. Errors: RateLimited while locked out, Invalid on the
// field "captcha" when one is needed and none was solved. A fault of the
// database is an error, so nobody gets in unguarded.
func (s *Store) BeginStaffLogin(ctx context.Context, login string, ip netip.Addr, solved bool) (staff int64, hash string, err error) {
	err = s.runTx(ctx, func(tx *tx) error {
		staff, hash = 0, ""
		if err := s.countAttempt(ctx, tx, staffAttempt(login, ip), xunjia.StaffAttempts(), solved); err != nil {
			return err
		}
		row, err := one(ctx, tx, sq.Select("id", "password").From("staff").Where(sq.Eq{"login": login, "disabled": 0}).
			Where(sq.NotEq{"password": ""}), func(row scanner) (r struct {
			id   int64
			hash string
		}, err error) {
			return r, row.Scan(&r.id, &r.hash)
		})
		if errors.Is(err, sql.ErrNoRows) {
			return nil
		}
		staff, hash = row.id, row.hash
		return err
	})
	return staff, hash, err
}

// mayTry asks the rules whether an attempt is taken now.
func mayTry(a xunjia.Attempts, limit int, advice string, solved bool, now time.Time) error {
	if wait := a.Locked(limit, now); wait > 0 {
		return &xunjia.Error{Code: xunjia.RateLimited, RetryAfter: wait,
			Message: fmt.Sprintf("失败次数太多，请 %d 分钟后再试%s", int(math.Ceil(wait.Minutes())), advice)}
	}
	if a.NeedCaptcha(now) && !solved {
		return &xunjia.Error{Code: xunjia.Invalid, Message: "请填写图形验证码", Fields: map[string]string{"captcha": "请填写图形验证码"}}
	}
	return nil
}

// StaffEntry is somebody on the way into the console.
type StaffEntry struct {
	StaffID  int64
	Login    string // as typed; "" when he came by a link
	Hash     string // the stored hash that his password was checked against; "" by a link
	IP       netip.Addr
	Agent    string
	How      string // 密码, 一次性链接
	OldToken string // of a session of this browser that ends now; may be ""
}

// The lengths that the login log keeps, in characters.
const (
	agentMax  = 200
	reasonMax = 100
)

// FinishStaffLogin starts a session, forgets the failures of the login name
// and writes the login log. The error is Unauthorized when the account was
// disabled or its password changed meanwhile.
func (s *Store) FinishStaffLogin(ctx context.Context, e StaffEntry) (token string, sess xunjia.Session, err error) {
	err = s.runTx(ctx, func(tx *tx) error {
		who := sq.Eq{"id": e.StaffID, "disabled": 0}
		if e.Hash != "" {
			who["password"] = e.Hash
		}
		n, err := exec(ctx, tx, sq.Update("staff").Set("last_login_at", millis(tx.now)).Where(who))
		if err != nil {
			return err
		}
		if n == 0 {
			return xunjia.Errorf(xunjia.Unauthorized, "账号已停用或密码已修改，请重新登录")
		}
		if e.Login != "" {
			if err := forgive(ctx, tx, staffAttempt(e.Login, e.IP)); err != nil {
				return err
			}
		}
		if e.OldToken != "" {
			if _, err := exec(ctx, tx, sq.Delete("session").Where(sq.Eq{"id": hashToken(e.OldToken)}).Where(sq.NotEq{"staff_id": 0})); err != nil {
				return err
			}
		}
		token, sess = begin(xunjia.Session{Kind: xunjia.StaffSession, StaffID: e.StaffID}, tx.now)
		if _, err := exec(ctx, tx, insertSession(sess)); err != nil {
			return err
		}
		_, err = exec(ctx, tx, insertStaffLogin(e, true, "", tx.now))
		return err
	})
	return token, sess, err
}

// forgive forgets the failures of a login name; the address keeps those that
// were not this attempt.
func forgive(ctx context.Context, tx *tx, k attemptKeys) error {
	if _, err := exec(ctx, tx, sq.Delete("login_attempt").Where(sq.Eq{"name": k.name})); err != nil {
		return err
	}
	_, err := exec(ctx, tx, sq.Update("login_attempt").Set("failures", sq.Expr("failures - 1")).
		Where(sq.Eq{"name": k.ip}).Where(sq.Gt{"failures": 0}))
	return err
}

// ForgiveStaffLogin ends an attempt of BeginStaffLogin that was right but
// starts no session.
func (s *Store) ForgiveStaffLogin(ctx context.Context, login string, ip netip.Addr) error {
	return s.runTx(ctx, func(tx *tx) error { return forgive(ctx, tx, staffAttempt(login, ip)) })
}

// FailStaffLogin writes an attempt that did not succeed into the login log.
func (s *Store) FailStaffLogin(ctx context.Context, e StaffEntry, reason string) error {
	_, err := s.write(ctx, insertStaffLogin(e, false, reason, s.now()))
	return err
}

func insertStaffLogin(e StaffEntry, ok bool, reason string, now time.Time) sq.InsertBuilder {
	return sq.Insert("login_log").Columns("staff_id", "ip", "agent", "ok", "how", "reason", "created_at").
		Values(e.StaffID, e.IP.String(), clip(e.Agent, agentMax), ok, e.How, clip(reason, reasonMax), millis(now))
}

// clip cuts a text that came from outside to n characters of valid UTF-8.
func clip(text string, n int) string {
	runes := []rune(text)
	return string(runes[:min(n, len(runes))])
}

// StaffLogins answers a part of the login log, newest first, of one member of
// staff or, for 0, of all.
func (s *Store) StaffLogins(ctx context.Context, staff int64, p xunjia.Page) (xunjia.List[xunjia.StaffLogin], error) {
	k, err := newKeyset(p)
	if err != nil {
		return xunjia.List[xunjia.StaffLogin]{}, err
	}
	var pins []pin
	if staff != 0 {
		pins = append(pins, pin{"staff_id", staff})
	}
	q := sq.Select("id", "staff_id", "ip", "agent", "ok", "how", "reason", "created_at").From("login_log")
	rows, err := all(ctx, s.db, k.apply(q, s.dialect, "created_at", "id", pins...), func(row scanner) (l xunjia.StaffLogin, err error) {
		var at int64
		var ip string
		err = row.Scan(&l.ID, &l.StaffID, &ip, &l.Agent, &l.OK, &l.How, &l.Reason, &at)
		l.IP, _ = netip.ParseAddr(ip) // written by us; the zero address shows as invalid
		l.At = moment(at)
		return l, err
	})
	if err != nil {
		return xunjia.List[xunjia.StaffLogin]{}, err
	}
	return cut(k, rows, func(l xunjia.StaffLogin) (time.Time, int64) { return l.At, l.ID }), nil
}

// How long lines about logins are kept.
const (
	attemptsKept = 24 * time.Hour
	loginsKept   = 180 * 24 * time.Hour
)

// pruneLogins removes up to limit failures and lines of the login log that are
// too old.
func (s *Store) pruneLogins(ctx context.Context, now time.Time, limit int) error {
	if _, err := s.write(ctx, sq.Delete("login_attempt").Where("name IN (SELECT name FROM (SELECT name FROM login_attempt"+
		" WHERE last_at <= ? ORDER BY last_at LIMIT ?) q)", millis(now.Add(-attemptsKept)), limit)); err != nil {
		return err
	}
	_, err := s.write(ctx, sq.Delete("login_log").Where("id IN (SELECT id FROM (SELECT id FROM login_log"+
		" WHERE created_at <= ? ORDER BY created_at, id LIMIT ?) q)", millis(now.Add(-loginsKept)), limit))
	return err
}
