package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	sq "github.com/Masterminds/squirrel"

	"github.com/xunjia/xunjia"
)

func selectPCScan() sq.SelectBuilder {
	return sq.Select("id", "session_id", "purpose", "user_id", "app_id", "url", "identity_id", "state", "place", "created_at", "expires_at").From("scan_login")
}

func scanPCScan(row scanner) (p xunjia.PCScan, err error) {
	var created, expires int64
	err = row.Scan(&p.ID, &p.SessionID, &p.Purpose, &p.UserID, &p.AppID, &p.URL, &p.IdentityID, &p.State, &p.Place, &created, &expires)
	p.CreatedAt, p.ExpiresAt = moment(created), moment(expires)
	return p, err
}

func errNoScan() error {
	return xunjia.Errorf(xunjia.NotFound, "这个二维码已经失效，请在电脑上刷新后再扫")
}

// scanPruned is how many old codes a new one clears away.
const scanPruned = 20

// CreatePCScan keeps a code that a browser is about to show; ID, State and the
// times are set here. Make the platform's code for its Scene first.
func (s *Store) CreatePCScan(ctx context.Context, p xunjia.PCScan) (xunjia.PCScan, error) {
	if p.ID == "" || p.SessionID == "" || p.URL == "" {
		return p, errors.New("store: a code for a PC needs id, session and content")
	}
	err := s.runTx(ctx, func(tx *tx) error {
		if _, err := exec(ctx, tx, sq.Delete("scan_login").Where("id IN (SELECT id FROM (SELECT id FROM scan_login"+
			" WHERE expires_at <= ? ORDER BY expires_at LIMIT ?) q)", millis(tx.now.Add(-time.Hour)), scanPruned)); err != nil {
			return err
		}
		p.State, p.CreatedAt, p.ExpiresAt = xunjia.ScanWaiting, tx.now, tx.now.Add(xunjia.ScanLifetime)
		_, err := exec(ctx, tx, sq.Insert("scan_login").
			Columns("id", "session_id", "purpose", "user_id", "app_id", "url", "state", "place", "created_at", "expires_at").
			Values(p.ID, p.SessionID, p.Purpose, p.UserID, p.AppID, p.URL, p.State, truncate(p.Place, 255), millis(p.CreatedAt), millis(p.ExpiresAt)))
		return err
	})
	return p, err
}

// NewPCScanID is the id of a code for a PC, hard to guess.
func NewPCScanID() string { return strings.ToLower(newToken()[:32]) }

// PCScanOfSession answers the newest live code that a browser shows for a
// purpose, or NotFound.
func (s *Store) PCScanOfSession(ctx context.Context, sessionID string, purpose xunjia.ScanPurpose, userID int64) (xunjia.PCScan, error) {
	p, err := one(ctx, s.db, selectPCScan().
		Where(sq.Eq{"session_id": sessionID, "purpose": purpose, "user_id": userID, "state": []xunjia.ScanState{xunjia.ScanWaiting, xunjia.ScanScanned, xunjia.ScanConfirmed}}).
		Where(sq.Gt{"expires_at": millis(s.now())}).OrderBy("created_at DESC").Limit(1), scanPCScan)
	if errors.Is(err, sql.ErrNoRows) {
		return p, errNoScan()
	}
	return p, err
}

// PCScan answers a code to the browser that shows it; NotFound to others.
func (s *Store) PCScan(ctx context.Context, id, sessionID string) (xunjia.PCScan, error) {
	p, err := one(ctx, s.db, selectPCScan().Where(sq.Eq{"id": id, "session_id": sessionID}), scanPCScan)
	if errors.Is(err, sql.ErrNoRows) {
		return p, errNoScan()
	}
	return p, err
}

// ScanPC notes who scanned a code and answers the secret with which he, and
// nobody else, may confirm. The first one who scans owns the code; scanning
// again gives him a new secret. NotFound when the code is over or another's.
func (s *Store) ScanPC(ctx context.Context, appID, id string, identityID int64) (token string, p xunjia.PCScan, err error) {
	token = newToken()
	err = s.runTx(ctx, func(tx *tx) error {
		n, err := exec(ctx, tx, sq.Update("scan_login").Set("state", xunjia.ScanScanned).Set("identity_id", identityID).Set("token", hashToken(token)).
			Where(sq.Eq{"id": id, "app_id": appID, "state": []xunjia.ScanState{xunjia.ScanWaiting, xunjia.ScanScanned}, "identity_id": []int64{0, identityID}}).
			Where(sq.Gt{"expires_at": millis(tx.now)}))
		if err != nil {
			return err
		}
		if n == 0 {
			return errNoScan()
		}
		p, err = one(ctx, tx, selectPCScan().Where(sq.Eq{"id": id}), scanPCScan)
		return err
	})
	return token, p, err
}

// PCScanByToken answers the code that a scanner was asked about, or NotFound
// when it is over.
func (s *Store) PCScanByToken(ctx context.Context, token string) (xunjia.PCScan, error) {
	p, err := one(ctx, s.db, selectPCScan().Where(sq.Eq{"token": hashToken(token)}), scanPCScan)
	if err == nil && !p.Live(s.now()) || errors.Is(err, sql.ErrNoRows) {
		return xunjia.PCScan{}, errNoScan()
	}
	return p, err
}

// AnswerPCScan is the scanner's yes or no, once. A yes to a login needs a
// registered scanner (Forbidden otherwise); a yes to a binding binds, or is a
// Conflict that says who is in the way.
func (s *Store) AnswerPCScan(ctx context.Context, token string, yes bool) (p xunjia.PCScan, err error) {
	err = s.runTx(ctx, func(tx *tx) error {
		state := xunjia.ScanRefused
		if yes {
			state = xunjia.ScanConfirmed
		}
		n, err := exec(ctx, tx, sq.Update("scan_login").Set("state", state).
			Where(sq.Eq{"token": hashToken(token), "state": xunjia.ScanScanned}).Where(sq.Gt{"expires_at": millis(tx.now)}))
		if err != nil {
			return err
		}
		if n == 0 {
			return errNoScan()
		}
		if p, err = one(ctx, tx, selectPCScan().Where(sq.Eq{"token": hashToken(token)}), scanPCScan); err != nil || !yes {
			return err
		}
		if p.Purpose == xunjia.ScanBind {
			return s.bind(ctx, tx, p.IdentityID, p.UserID)
		}
		user, err := one(ctx, tx, sq.Select("user_id").From("wechat_identity").Where(sq.Eq{"id": p.IdentityID}), scanInt)
		if err != nil {
			return err
		}
		if user == 0 {
			return xunjia.Errorf(xunjia.Forbidden, "您还没有注册，请先注册")
		}
		_, err = active(ctx, tx, user)
		return err
	})
	return p, err
}

// UsePCScan lets the browser that shows a confirmed code have its answer, once.
// The error is NotFound when there is none, or none any more.
func (s *Store) UsePCScan(ctx context.Context, id, sessionID string) (xunjia.PCScan, error) {
	n, err := s.write(ctx, sq.Update("scan_login").Set("state", xunjia.ScanUsed).
		Where(sq.Eq{"id": id, "session_id": sessionID, "state": xunjia.ScanConfirmed}).Where(sq.Gt{"expires_at": millis(s.now())}))
	if err != nil {
		return xunjia.PCScan{}, err
	}
	if n == 0 {
		return xunjia.PCScan{}, errNoScan()
	}
	return s.PCScan(ctx, id, sessionID)
}

// bind ties an identity to a user who has fewer than the most of its account.
func (s *Store) bind(ctx context.Context, tx *tx, identityID, userID int64) error {
	// The user's row is the lock for his identities.
	if _, err := one(ctx, tx, sq.Select("id").From("users").Where(sq.Eq{"id": userID}).Suffix(s.dialect.forUpdate()), scanInt); err != nil {
		if errors.Is(err, sql.ErrNoRows) {
			return errNoUser()
		}
		return err
	}
	if _, err := active(ctx, tx, userID); err != nil {
		return err
	}
	i, err := one(ctx, tx, selectIdentity().Where(sq.Eq{"id": identityID}).Suffix(s.dialect.forUpdate()), scanIdentity)
	if errors.Is(err, sql.ErrNoRows) {
		return xunjia.Errorf(xunjia.NotFound, "没有找到这个微信身份")
	}
	if err != nil {
		return err
	}
	if i.UserID == userID {
		return nil
	}
	if i.UserID != 0 {
		return xunjia.Errorf(xunjia.Conflict, "这个微信已经绑定了另一个账号，请先用它登录并解除绑定")
	}
	others, err := one(ctx, tx, sq.Select("COUNT(*)").From("wechat_identity").Where(sq.Eq{"user_id": userID, "app_id": i.AppID}), scanInt)
	if err != nil {
		return err
	}
	if others >= xunjia.MaxIdentities {
		return xunjia.Errorf(xunjia.Conflict, "一个账号最多绑定 %d 个微信，请先解除其中一个", xunjia.MaxIdentities)
	}
	_, err = exec(ctx, tx, sq.Update("wechat_identity").Set("user_id", userID).Where(sq.Eq{"id": identityID}))
	return err
}

// BindIdentity ties an identity to a user. The error is a Conflict when the
// identity is somebody else's or the user has too many of this account.
func (s *Store) BindIdentity(ctx context.Context, identityID, userID int64) error {
	return s.runTx(ctx, func(tx *tx) error { return s.bind(ctx, tx, identityID, userID) })
}

// UnbindIdentity takes one of a user's WeChats away from his account. The error
// is NotFound when it is not his and Conflict when he could not log in any more.
func (s *Store) UnbindIdentity(ctx context.Context, identityID, userID int64) error {
	return s.runTx(ctx, func(tx *tx) error {
		// The user's row is the lock for his identities.
		u, err := active(ctx, tx, userID)
		if err != nil {
			return err
		}
		ids, err := all(ctx, tx, sq.Select("id").From("wechat_identity").Where(sq.Eq{"user_id": userID}), scanInt)
		if err != nil {
			return err
		}
		ways := xunjia.LoginWays{Phone: u.Phone}
		if slices.Contains(ids, identityID) {
			ways.Identities = len(ids)
		}
		known, err := credentialOf(ctx, tx, userID)
		if err != nil {
			return err
		}
		ways.Password = known.hash != "" && known.email != ""
		if err := ways.CanUnbind(); err != nil {
			return err
		}
		_, err = exec(ctx, tx, sq.Update("wechat_identity").Set("user_id", 0).Where(sq.Eq{"id": identityID, "user_id": userID}))
		return err
	})
}

// IdentitiesOfUser lists the WeChats of an official account that a user has
// bound, the oldest first; at most 50.
func (s *Store) IdentitiesOfUser(ctx context.Context, appID string, userID int64) ([]xunjia.Identity, error) {
	if userID == 0 {
		return nil, nil
	}
	return all(ctx, s.db, selectIdentity().Where(sq.Eq{"app_id": appID, "user_id": userID}).OrderBy("created_at", "id").Limit(50), scanIdentity)
}

// IdentityOfUser answers a WeChat that a user is bound to, or NotFound.
func (s *Store) IdentityOfUser(ctx context.Context, appID string, userID int64) (xunjia.Identity, error) {
	if userID == 0 {
		return xunjia.Identity{}, fmt.Errorf("store: nobody's identity: %w", xunjia.Errorf(xunjia.NotFound, "没有绑定微信"))
	}
	return s.identity(ctx, sq.Eq{"app_id": appID, "user_id": userID})
}
