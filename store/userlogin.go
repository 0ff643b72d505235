package store

import (
	"context"
	"database/sql"
	"errors"
	"net/netip"
	"strconv"
	"time"

	sq "github.com/Masterminds/squirrel"

	"github.com/xunjia/xunjia"
)

// secret is what a user logs in with beside his phone and his WeChats.
type secret struct {
	email xunjia.Email // "" for none
	hash  string       // "" for none
}

func scanSecret(row scanner) (c secret, err error) {
	err = row.Scan(&c.email, &c.hash)
	return c, err
}

// credentialOf is somebody's e-mail and password, which may both be missing.
func credentialOf(ctx context.Context, r runner, userID int64) (secret, error) {
	c, err := one(ctx, r, sq.Select("COALESCE(email, '')", "password").From("credential").Where(sq.Eq{"user_id": userID}), scanSecret)
	if errors.Is(err, sql.ErrNoRows) {
		return secret{}, nil
	}
	return c, err
}

// lockCredential is credentialOf with a row that is there and locked: what ends
// sessions and what starts one by a password cannot pass each other.
func (s *Store) lockCredential(ctx context.Context, tx *tx, userID int64) (secret, error) {
	if _, err := exec(ctx, tx, sq.Insert("credential").Columns("user_id", "password", "password_at").Values(userID, "", 0).
		Suffix(s.dialect.upsert([]string{"user_id"}))); err != nil {
		return secret{}, err
	}
	return one(ctx, tx, sq.Select("COALESCE(email, '')", "password").From("credential").Where(sq.Eq{"user_id": userID}).
		Suffix(tx.lock), scanSecret)
}

// PasswordOf tells which e-mail address somebody logs in with, "" for none, and
// whether he has a password.
func (s *Store) PasswordOf(ctx context.Context, userID int64) (email xunjia.Email, hasPassword bool, err error) {
	c, err := credentialOf(ctx, s.db, userID)
	return c.email, c.hash != "", err
}

// userOfLogin finds the account of a login name; 0 for a name that nobody has.
func (s *Store) userOfLogin(ctx context.Context, name xunjia.LoginName) (id int64, err error) {
	if name.Email != "" {
		id, err = one(ctx, s.db, sq.Select("user_id").From("credential").Where(sq.Eq{"email": name.Email}), scanInt)
	} else {
		id, err = userOfPhone(ctx, s.db, name.Phone)
	}
	if errors.Is(err, sql.ErrNoRows) || xunjia.ErrorCode(err) == xunjia.NotFound {
		return 0, nil
	}
	return id, err
}

// userAttempt is what a user's failures are counted under: his account, whatever
// name he typed, or the name if it is nobody's.
func userAttempt(id int64, name string, ip netip.Addr) attemptKeys {
	key := "nobody\x00" + name
	if id != 0 {
		key = "user\x00" + strconv.FormatInt(id, 10)
	}
	return attemptKeys{hashToken(key), hashToken("user ip\x00" + ip.String())}
}

// NeedCaptcha tells whether the next login by password of this name, or from
// this address, must come with a captcha.
func (s *Store) NeedCaptcha(ctx context.Context, name xunjia.LoginName, ip netip.Addr) (bool, error) {
	id, err := s.userOfLogin(ctx, name)
	if err != nil {
		return false, err
	}
	return s.needCaptcha(ctx, userAttempt(id, name.String(), ip))
}

// PasswordTry is an attempt that BeginPasswordLogin has let through.
type PasswordTry struct {
	UserID int64  // 0 when the name is nobody's
	Hash   string // what the password must match; "" when there is none
	keys   attemptKeys
}

// BeginPasswordLogin counts an attempt before the password is looked at, as a
// failure until LogInByPassword or ForgivePassword. Errors: RateLimited while
// locked out, Invalid on the field "captcha" when one is needed and none was
// solved. A fault of the database is an error, so nobody gets in unguarded.
func (s *Store) BeginPasswordLogin(ctx context.Context, name xunjia.LoginName, ip netip.Addr, solved bool) (PasswordTry, error) {
	id, err := s.userOfLogin(ctx, name)
	if err != nil {
		return PasswordTry{}, err
	}
	return s.beginPassword(ctx, id, name.String(), ip, solved)
}

// BeginPasswordProof is BeginPasswordLogin for somebody who is logged in and
// types his password again; the lock alone holds, without captchas.
func (s *Store) BeginPasswordProof(ctx context.Context, userID int64, ip netip.Addr) (PasswordTry, error) {
	return s.beginPassword(ctx, userID, "", ip, true)
}

func (s *Store) beginPassword(ctx context.Context, userID int64, name string, ip netip.Addr, solved bool) (try PasswordTry, err error) {
	err = s.runTx(ctx, func(tx *tx) error {
		try = PasswordTry{UserID: userID, keys: userAttempt(userID, name, ip)}
		if err := s.countAttempt(ctx, tx, try.keys, xunjia.UserAttempts(), solved); err != nil {
			return err
		}
		c, err := credentialOf(ctx, tx, userID)
		try.Hash = c.hash
		return err
	})
	return try, err
}

// ForgivePassword ends an attempt that was right but logs nobody in.
func (s *Store) ForgivePassword(ctx context.Context, try PasswordTry) error {
	return s.runTx(ctx, func(tx *tx) error { return forgive(ctx, tx, try.keys) })
}

func errPasswordChanged() error {
	return xunjia.Errorf(xunjia.Unauthorized, "密码刚刚修改过，请重新登录")
}

// samePassword locks somebody's credential and tells whether it still is the
// one that a password was compared with.
func (s *Store) samePassword(ctx context.Context, tx *tx, try PasswordTry) error {
	c, err := s.lockCredential(ctx, tx, try.UserID)
	if err == nil && (c.hash == "" || c.hash != try.Hash) {
		return errPasswordChanged()
	}
	return err
}

// LogInByPassword starts a session in place of the browser's old one and forgets
// the failures. The error is Forbidden for a disabled user and Unauthorized when
// the password was changed meanwhile.
func (s *Store) LogInByPassword(ctx context.Context, try PasswordTry, oldToken string, next xunjia.Session) (token string, sess xunjia.Session, err error) {
	old := hashToken(oldToken)
	err = s.runTx(ctx, func(tx *tx) error {
		if _, err := active(ctx, tx, try.UserID); err != nil {
			return err
		}
		if err := s.samePassword(ctx, tx, try); err != nil {
			return err
		}
		if err := forgive(ctx, tx, try.keys); err != nil {
			return err
		}
		if _, err := exec(ctx, tx, sq.Delete("session").Where(sq.Eq{"id": old})); err != nil {
			return err
		}
		next.Kind, next.UserID = xunjia.UserSession, try.UserID
		token, sess = begin(next, tx.now)
		if _, err := exec(ctx, tx, insertSession(sess)); err != nil {
			return err
		}
		return s.noteDevice(ctx, tx, sess)
	})
	if err != nil {
		return "", xunjia.Session{}, err
	}
	s.cache.end(ctx, old)
	return token, sess, nil
}

func errUnproved() error {
	return xunjia.Errorf(xunjia.Unauthorized, "请先验证是您本人")
}

// ProveByPassword notes that somebody has typed his password in a session, and
// forgets the failures. Unauthorized when the password or the session is gone.
func (s *Store) ProveByPassword(ctx context.Context, sessionID string, try PasswordTry) error {
	return s.runTx(ctx, func(tx *tx) error {
		if err := s.samePassword(ctx, tx, try); err != nil {
			return err
		}
		if err := forgive(ctx, tx, try.keys); err != nil {
			return err
		}
		return prove(ctx, tx, sessionID, try.UserID)
	})
}

// Prove notes that somebody has just shown in a session that he holds his phone.
func (s *Store) Prove(ctx context.Context, sessionID string, userID int64) error {
	return s.runTx(ctx, func(tx *tx) error { return prove(ctx, tx, sessionID, userID) })
}

func prove(ctx context.Context, tx *tx, sessionID string, userID int64) error {
	n, err := exec(ctx, tx, sq.Update("session").Set("proved_at", millis(tx.now)).Where(sq.Eq{"id": sessionID, "user_id": userID}))
	if err == nil && n == 0 {
		return errNoSession()
	}
	return err
}

// Proved tells whether the session was proved lately.
func (s *Store) Proved(ctx context.Context, sessionID string) (bool, error) {
	at, err := one(ctx, s.db, sq.Select("proved_at").From("session").Where(sq.Eq{"id": sessionID}), scanInt)
	if errors.Is(err, sql.ErrNoRows) {
		return false, nil
	}
	return at > millis(s.now().Add(-xunjia.ProofLifetime)), err
}

// useProof is the first statement of whatever changes a login: it uses the proof
// up, so each one permits one change. Unauthorized without one.
func useProof(ctx context.Context, tx *tx, sessionID string, userID int64) error {
	n, err := exec(ctx, tx, sq.Update("session").Set("proved_at", 0).Where(sq.Eq{"id": sessionID, "user_id": userID}).
		Where(sq.Gt{"proved_at": millis(tx.now.Add(-xunjia.ProofLifetime))}))
	if err == nil && n == 0 {
		return errUnproved()
	}
	return err
}

func setPassword(ctx context.Context, tx *tx, userID int64, hash string) error {
	_, err := exec(ctx, tx, sq.Update("credential").Set("password", hash).Set("password_at", millis(tx.now)).Where(sq.Eq{"user_id": userID}))
	return err
}

// SetPassword gives a user a password and logs him out in every other browser.
// It uses up the session's proof: Unauthorized without one.
func (s *Store) SetPassword(ctx context.Context, sessionID string, userID int64, hash string) error {
	var ended []string
	err := s.runTx(ctx, func(tx *tx) error {
		if err := useProof(ctx, tx, sessionID, userID); err != nil {
			return err
		}
		if _, err := s.lockCredential(ctx, tx, userID); err != nil {
			return err
		}
		if err := setPassword(ctx, tx, userID, hash); err != nil {
			return err
		}
		var err error
		ended, err = endSessions(ctx, tx, userID, sessionID)
		return err
	})
	if err != nil {
		return err
	}
	s.cache.end(ctx, ended...)
	return nil
}

// ResetPassword gives the owner of a proved phone a new password, forgets his
// failures and logs him out everywhere. NotFound for a phone that nobody has,
// Forbidden for a disabled user.
func (s *Store) ResetPassword(ctx context.Context, phone xunjia.Phone, hash string) (u xunjia.User, err error) {
	var ended []string
	err = s.runTx(ctx, func(tx *tx) error {
		if u, err = lockPhone(ctx, tx, phone); err != nil {
			return err
		}
		if _, err := s.lockCredential(ctx, tx, u.ID); err != nil {
			return err
		}
		if err := setPassword(ctx, tx, u.ID, hash); err != nil {
			return err
		}
		if _, err := exec(ctx, tx, sq.Delete("login_attempt").Where(sq.Eq{"name": userAttempt(u.ID, "", netip.Addr{}).name})); err != nil {
			return err
		}
		ended, err = endSessions(ctx, tx, u.ID, "")
		return err
	})
	if err != nil {
		return xunjia.User{}, err
	}
	s.cache.end(ctx, ended...)
	return u, nil
}

func errEmailTaken() error {
	return &xunjia.Error{Code: xunjia.Conflict, Message: "这个邮箱已被其他账号使用", Fields: map[string]string{"email": "这个邮箱已被其他账号使用"}}
}

// SetEmail gives a user the address to log in with. It uses up the session's
// proof: Unauthorized without one; Conflict when the address is somebody else's.
func (s *Store) SetEmail(ctx context.Context, sessionID string, userID int64, email xunjia.Email) error {
	return s.runTx(ctx, func(tx *tx) error {
		if err := useProof(ctx, tx, sessionID, userID); err != nil {
			return err
		}
		if _, err := s.lockCredential(ctx, tx, userID); err != nil {
			return err
		}
		_, err := exec(ctx, tx, sq.Update("credential").Set("email", email).Where(sq.Eq{"user_id": userID}))
		if isDuplicate(err) {
			return errEmailTaken()
		}
		return err
	})
}

// SetPhone gives a user another phone, which he has proved. It uses up the
// session's proof: Unauthorized without one; Conflict when it is somebody
// else's phone. The phone of an account that was merged into this one is his.
func (s *Store) SetPhone(ctx context.Context, sessionID string, userID int64, phone xunjia.Phone) error {
	return s.runTx(ctx, func(tx *tx) error {
		if err := useProof(ctx, tx, sessionID, userID); err != nil {
			return err
		}
		if _, err := active(ctx, tx, userID); err != nil {
			return err
		}
		switch owner, err := userOfPhone(ctx, tx, phone); {
		case err == nil && owner != userID:
			return errPhoneTaken()
		case err != nil && xunjia.ErrorCode(err) != xunjia.NotFound:
			return err
		}
		if _, err := exec(ctx, tx, sq.Update("users").Set("merged_phone", "").Where(sq.Eq{"merged_phone": phone, "merged_into": userID})); err != nil {
			return err
		}
		_, err := exec(ctx, tx, sq.Update("users").Set("phone", phone).Where(sq.Eq{"id": userID}))
		if isDuplicate(err) {
			return errPhoneTaken()
		}
		return err
	})
}

func errPhoneTaken() error {
	return &xunjia.Error{Code: xunjia.Conflict, Message: "这个手机号已有账号", Fields: map[string]string{"phone": "这个手机号已有账号"}}
}

// draftLifetime is how long an e-mail and a password wait for a phone.
const draftLifetime = 30 * time.Minute

// DraftCredential keeps what somebody wants to log in with until he has proved
// a phone in the same browser.
func (s *Store) DraftCredential(ctx context.Context, sessionID string, email xunjia.Email, hash string) error {
	_, err := s.write(ctx, sq.Insert("credential_draft").Columns("session_id", "email", "password", "created_at").
		Values(sessionID, email, hash, millis(s.now())).
		Suffix(s.dialect.upsert([]string{"session_id"}, "email", "password", "created_at")))
	return err
}

// DraftedEmail is the address that waits for a phone in a browser; NotFound when
// there is none, or none any more.
func (s *Store) DraftedEmail(ctx context.Context, sessionID string) (xunjia.Email, error) {
	email, err := one(ctx, s.db, sq.Select("email").From("credential_draft").Where(sq.Eq{"session_id": sessionID}).
		Where(sq.Gt{"created_at": millis(s.now().Add(-draftLifetime))}), scanString)
	if errors.Is(err, sql.ErrNoRows) {
		return "", errNoDraft()
	}
	return xunjia.Email(email), err
}

func errNoDraft() error {
	return xunjia.Errorf(xunjia.NotFound, "邮箱和密码填写得太久了，请重新填写")
}

// RegisterEmail is RegisterPhone with the e-mail and password that wait in the
// browser: they become those of the phone's account, new or not, whose other
// sessions end. taken tells that the address is another account's; the password
// counts then all the same. The error is NotFound when nothing waits.
func (s *Store) RegisterEmail(ctx context.Context, sessionID string, phone xunjia.Phone, identityID int64) (u xunjia.User, taken bool, err error) {
	known, err := s.phoneKnown(ctx, phone)
	if err != nil {
		return u, false, err
	}
	var ended []string
	err = s.runTx(ctx, func(tx *tx) error {
		draft, err := one(ctx, tx, sq.Select("email", "password").From("credential_draft").Where(sq.Eq{"session_id": sessionID}).
			Suffix(tx.lock), scanSecret)
		if errors.Is(err, sql.ErrNoRows) {
			return errNoDraft()
		}
		if err != nil {
			return err
		}
		if _, err := exec(ctx, tx, sq.Delete("credential_draft").Where(sq.Eq{"session_id": sessionID})); err != nil {
			return err
		}
		if u, err = s.registerPhone(ctx, tx, phone, identityID, known); err != nil {
			return err
		}
		if _, err := s.lockCredential(ctx, tx, u.ID); err != nil {
			return err
		}
		owner, err := one(ctx, tx, sq.Select("user_id").From("credential").Where(sq.Eq{"email": draft.email}), scanInt)
		if err != nil && !errors.Is(err, sql.ErrNoRows) {
			return err
		}
		if taken = err == nil && owner != u.ID; !taken {
			if _, err := exec(ctx, tx, sq.Update("credential").Set("email", draft.email).Where(sq.Eq{"user_id": u.ID})); err != nil {
				return err
			}
		}
		if err := setPassword(ctx, tx, u.ID, draft.hash); err != nil {
			return err
		}
		ended, err = endSessions(ctx, tx, u.ID, sessionID)
		return err
	})
	if isDuplicate(err) {
		err = errEmailTaken() // by somebody who was faster by a moment
	}
	if err != nil {
		return xunjia.User{}, false, err
	}
	s.cache.end(ctx, ended...)
	return u, taken, nil
}

// pruneDrafts removes what nobody finished.
func (s *Store) pruneDrafts(ctx context.Context, now time.Time, limit int) error {
	for _, t := range []struct {
		table string
		life  time.Duration
	}{{"credential_draft", draftLifetime}, {"merge_request", xunjia.MergeLifetime}} {
		if _, err := s.write(ctx, sq.Delete(t.table).Where("session_id IN (SELECT session_id FROM (SELECT session_id FROM "+t.table+
			" WHERE created_at <= ? ORDER BY created_at LIMIT ?) q)", millis(now.Add(-t.life)), limit)); err != nil {
			return err
		}
	}
	return nil
}
