package store_test

import (
	"errors"
	"fmt"
	"net/netip"
	"testing"
	"time"

	"github.com/xunjia/xunjia"
	"github.com/xunjia/xunjia/store"
	"github.com/xunjia/xunjia/store/storetest"
)

// member registers a phone and opens a session of his that is proved.
func member(t *testing.T, s *store.Store, phone xunjia.Phone) (xunjia.User, xunjia.Session) {
	t.Helper()
	u, err := s.RegisterPhone(t.Context(), phone, 0)
	if err != nil {
		t.Fatal(err)
	}
	return u, proved(t, s, u.ID)
}

func proved(t *testing.T, s *store.Store, user int64) xunjia.Session {
	t.Helper()
	_, sess := start(t, s, xunjia.Session{Kind: xunjia.UserSession, UserID: user, IP: "192.0.2.1", Agent: "Firefox"})
	if err := s.Prove(t.Context(), sess.ID, user); err != nil {
		t.Fatal(err)
	}
	return sess
}

func named(t *testing.T, name string) xunjia.LoginName {
	t.Helper()
	n, err := xunjia.ParseLoginName(name)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

var home = netip.MustParseAddr("192.0.2.9")

func TestPasswordLogin(t *testing.T) {
	c := newClock()
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		ctx := t.Context()
		u, sess := member(t, s, "13800000021")
		if err := s.SetPassword(ctx, sess.ID, u.ID, "hash1"); err != nil {
			t.Fatal(err)
		}
		wantCode(t, "a proof is used up", s.SetEmail(ctx, sess.ID, u.ID, "a@example.com"), xunjia.Unauthorized)
		if err := s.Prove(ctx, sess.ID, u.ID); err != nil {
			t.Fatal(err)
		}
		if err := s.SetEmail(ctx, sess.ID, u.ID, "a@example.com"); err != nil {
			t.Fatal(err)
		}
		if email, has, err := s.PasswordOf(ctx, u.ID); email != "a@example.com" || !has || err != nil {
			t.Error(email, has, err)
		}
		old, _ := start(t, s, xunjia.Session{Kind: xunjia.GuestSession})
		for _, name := range []string{"13800000021", "a@example.com"} {
			try, err := s.BeginPasswordLogin(ctx, named(t, name), home, false)
			if err != nil || try.UserID != u.ID || try.Hash != "hash1" {
				t.Fatalf("%s: %+v, %v", name, try, err)
			}
			token, in, err := s.LogInByPassword(ctx, try, old, xunjia.Session{IP: "192.0.2.9", Agent: "Chrome"})
			if err != nil || in.UserID != u.ID || live(t, s, "new", token).Agent != "Chrome" {
				t.Fatalf("%+v, %v", in, err)
			}
			_, err = s.SessionByToken(ctx, old)
			wantCode(t, "the session before", err, xunjia.Unauthorized)
		}
		if n := rows(t, s, "login_attempt WHERE failures > 0"); n != 0 {
			t.Errorf("%d failures after logins that were right", n)
		}
		try, err := s.BeginPasswordLogin(ctx, named(t, "nobody@example.com"), home, false)
		if err != nil || try.UserID != 0 || try.Hash != "" {
			t.Errorf("%+v, %v", try, err)
		}
		_, _, err = s.LogInByPassword(ctx, try, "", xunjia.Session{})
		wantCode(t, "as nobody", err, xunjia.NotFound)

		// A password that was changed between typing and logging in is worth nothing.
		try, err = s.BeginPasswordLogin(ctx, named(t, "a@example.com"), home, false)
		if err != nil {
			t.Fatal(err)
		}
		token, _ := start(t, s, xunjia.Session{Kind: xunjia.UserSession, UserID: u.ID})
		if got, err := s.ResetPassword(ctx, u.Phone, "hash2"); err != nil || got.ID != u.ID {
			t.Fatal(got, err)
		}
		_, _, err = s.LogInByPassword(ctx, try, "", xunjia.Session{})
		wantCode(t, "the old password", err, xunjia.Unauthorized)
		_, err = s.SessionByToken(ctx, token)
		wantCode(t, "a session before the reset", err, xunjia.Unauthorized)
		_, err = s.ResetPassword(ctx, "13899999999", "hash")
		wantCode(t, "reset of nobody", err, xunjia.NotFound)

		change(t, s, "UPDATE users SET disabled = 1 WHERE id = ?", u.ID)
		try, err = s.BeginPasswordLogin(ctx, named(t, "a@example.com"), home, false)
		if err != nil || try.Hash != "hash2" {
			t.Fatal(try, err)
		}
		_, _, err = s.LogInByPassword(ctx, try, "", xunjia.Session{})
		wantCode(t, "disabled", err, xunjia.Forbidden)
		_, err = s.ResetPassword(ctx, u.Phone, "hash3")
		wantCode(t, "reset of a disabled user", err, xunjia.Forbidden)
	}, c.option)
}

// Failures count for the account, whichever name was typed, and for the address.
func TestPasswordLimits(t *testing.T) {
	c := newClock()
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		ctx := t.Context()
		u, sess := member(t, s, "13800000021")
		if err := s.SetEmail(ctx, sess.ID, u.ID, "a@example.com"); err != nil {
			t.Fatal(err)
		}
		for _, names := range [][]string{{"13800000021", "a@example.com"}, {"nobody@example.com"}} {
			for i := range 5 {
				ip := netip.AddrFrom4([4]byte{198, 51, 100, byte(i)})
				if need, err := s.NeedCaptcha(ctx, named(t, names[i%len(names)]), ip); need != (i >= 3) || err != nil {
					t.Errorf("%s: captcha before try %d: %v, %v", names, i+1, need, err)
				}
				_, err := s.BeginPasswordLogin(ctx, named(t, names[i%len(names)]), ip, false)
				if i >= 3 {
					wantCode(t, fmt.Sprint(names, " without a captcha"), err, xunjia.Invalid)
					_, err = s.BeginPasswordLogin(ctx, named(t, names[i%len(names)]), ip, true)
				}
				if err != nil {
					t.Fatalf("%s, try %d: %v", names, i+1, err)
				}
			}
			for _, name := range names {
				_, err := s.BeginPasswordLogin(ctx, named(t, name), home, true)
				var e *xunjia.Error
				if !errors.As(err, &e) || e.Code != xunjia.RateLimited || e.RetryAfter <= 14*time.Minute {
					t.Errorf("%s, the sixth: %v", name, err)
				}
			}
		}
		_, err := s.BeginPasswordProof(ctx, u.ID, home)
		wantCode(t, "typed again inside", err, xunjia.RateLimited)
		if _, err := s.ResetPassword(ctx, u.Phone, "hash"); err != nil {
			t.Fatal(err)
		}
		if _, err := s.BeginPasswordLogin(ctx, named(t, "a@example.com"), home, true); err != nil {
			t.Errorf("after a reset: %v", err)
		}
		c.advance(xunjia.LockTime)
		for i := range 20 {
			if _, err := s.BeginPasswordLogin(ctx, named(t, fmt.Sprintf("n%d@example.com", i)), home, true); err != nil {
				t.Fatalf("address, try %d: %v", i+1, err)
			}
		}
		_, err = s.BeginPasswordLogin(ctx, named(t, "n21@example.com"), home, true)
		wantCode(t, "address, the 21st", err, xunjia.RateLimited)
		c.advance(xunjia.LockTime)
		if _, err := s.BeginPasswordLogin(ctx, named(t, "n21@example.com"), home, false); err != nil {
			t.Errorf("after the lock: %v", err)
		}
	}, c.option)
}

// Of many tries at once no more are let through than of one after another.
func TestPasswordTriesAtOnce(t *testing.T) {
	stores := twoInstances(t)
	if _, err := stores[0].RegisterPhone(t.Context(), "13800000021", 0); err != nil {
		t.Fatal(err)
	}
	name := named(t, "13800000021")
	won := atOnce(t, [2]*store.Store(stores[:2]), 30, xunjia.RateLimited, func(s *store.Store, i int) error {
		_, err := s.BeginPasswordLogin(t.Context(), name, netip.AddrFrom4([4]byte{198, 51, 100, byte(i)}), true)
		return err
	})
	if won != xunjia.UserAttempts().PerName {
		t.Errorf("%d tries were let through", won)
	}
}

func TestProofs(t *testing.T) {
	c := newClock()
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		ctx := t.Context()
		u, sess := member(t, s, "13800000021")
		v, other := member(t, s, "13800000022")
		if ok, err := s.Proved(ctx, sess.ID); !ok || err != nil {
			t.Error(ok, err)
		}
		wantCode(t, "with another's proof", s.SetPhone(ctx, other.ID, u.ID, "13800000023"), xunjia.Unauthorized)
		wantCode(t, "another's session", s.Prove(ctx, other.ID, u.ID), xunjia.Unauthorized)
		wantCode(t, "another's phone", s.SetPhone(ctx, sess.ID, u.ID, v.Phone), xunjia.Conflict)
		if ok, _ := s.Proved(ctx, sess.ID); !ok {
			t.Error("what failed used the proof up")
		}
		if err := s.SetPhone(ctx, sess.ID, u.ID, "13800000023"); err != nil {
			t.Fatal(err)
		}
		if got, err := s.UserOfPhone(ctx, "13800000023"); err != nil || got.ID != u.ID {
			t.Error(got, err)
		}
		_, err := s.UserOfPhone(ctx, u.Phone)
		wantCode(t, "the old phone", err, xunjia.NotFound)
		if err := s.Prove(ctx, sess.ID, u.ID); err != nil {
			t.Fatal(err)
		}
		wantCode(t, "another's e-mail", func() error {
			if err := s.SetEmail(ctx, other.ID, v.ID, "v@example.com"); err != nil {
				return err
			}
			return s.SetEmail(ctx, sess.ID, u.ID, "v@example.com")
		}(), xunjia.Conflict)
		c.advance(xunjia.ProofLifetime)
		if ok, _ := s.Proved(ctx, sess.ID); ok {
			t.Error("still proved")
		}
		wantCode(t, "too late", s.SetPassword(ctx, sess.ID, u.ID, "hash"), xunjia.Unauthorized)

		// By password: the try is forgiven, a wrong hash proves nothing.
		if err := s.Prove(ctx, sess.ID, u.ID); err != nil {
			t.Fatal(err)
		}
		elsewhere, _ := start(t, s, xunjia.Session{Kind: xunjia.UserSession, UserID: u.ID})
		if err := s.SetPassword(ctx, sess.ID, u.ID, "hash"); err != nil {
			t.Fatal(err)
		}
		_, err = s.SessionByToken(ctx, elsewhere)
		wantCode(t, "his other browser", err, xunjia.Unauthorized)
		try, err := s.BeginPasswordProof(ctx, u.ID, home)
		if err != nil {
			t.Fatal(err)
		}
		if err := s.ProveByPassword(ctx, sess.ID, try); err != nil {
			t.Fatal(err)
		}
		if ok, _ := s.Proved(ctx, sess.ID); !ok || rows(t, s, "login_attempt WHERE failures > 0") != 0 {
			t.Error("not proved, or not forgiven")
		}
		try.Hash = "hash of before"
		wantCode(t, "a password of before", s.ProveByPassword(ctx, sess.ID, try), xunjia.Unauthorized)
		if err := s.ForgivePassword(ctx, try); err != nil {
			t.Error(err)
		}
	}, c.option)
}

func TestDevices(t *testing.T) {
	c := newClock()
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		ctx := t.Context()
		u, here := member(t, s, "13800000021")
		c.advance(time.Minute)
		token, there := start(t, s, xunjia.Session{Kind: xunjia.UserSession, UserID: u.ID, IP: "2001:db8::1", Agent: fmt.Sprintf("%0200d", 1)})
		list, err := s.Devices(ctx, u.ID)
		if err != nil || len(list) != 2 || list[0].ID != there.ID || list[0].IP != "2001:db8::1" || len(list[0].Agent) != xunjia.MaxAgent {
			t.Errorf("%+v, %v", list, err)
		}
		if list, err := s.Devices(ctx, 0); err != nil || len(list) != 0 {
			t.Errorf("of guests: %+v, %v", list, err)
		}
		if err := s.EndOtherSessions(ctx, u.ID, here.ID); err != nil {
			t.Fatal(err)
		}
		_, err = s.SessionByToken(ctx, token)
		wantCode(t, "the other one", err, xunjia.Unauthorized)
		if list, err := s.Devices(ctx, u.ID); err != nil || len(list) != 1 || list[0].ID != here.ID {
			t.Errorf("%+v, %v", list, err)
		}
	}, c.option)
}

// An e-mail and a password wait for a phone and become those of its account.
func TestRegisterEmail(t *testing.T) {
	c := newClock()
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		ctx := t.Context()
		_, _, err := s.RegisterEmail(ctx, "browser", "13800000031", 0)
		wantCode(t, "without a draft", err, xunjia.NotFound)
		if _, err := s.UserOfPhone(ctx, "13800000031"); xunjia.ErrorCode(err) != xunjia.NotFound {
			t.Error("a refused registration left a user behind")
		}
		draft := func(session string, email xunjia.Email, hash string) {
			t.Helper()
			if err := s.DraftCredential(ctx, session, email, hash); err != nil {
				t.Fatal(err)
			}
		}
		draft("browser", "old@example.com", "old")
		draft("browser", "a@example.com", "hash") // typed again
		_, err = s.DraftedEmail(ctx, "another")
		wantCode(t, "another browser", err, xunjia.NotFound)
		u, taken, err := s.RegisterEmail(ctx, "browser", "13800000031", 0)
		if err != nil || taken || u.Step() != xunjia.StepProfile {
			t.Fatal(u, taken, err)
		}
		_, _, err = s.RegisterEmail(ctx, "browser", "13800000031", 0)
		wantCode(t, "twice", err, xunjia.NotFound)
		if try, err := s.BeginPasswordLogin(ctx, named(t, "a@example.com"), home, false); err != nil || try.UserID != u.ID || try.Hash != "hash" {
			t.Errorf("%+v, %v", try, err)
		}

		// An account that exists gets them, and its other browsers are logged out.
		v, elsewhere := member(t, s, "13800000032")
		draft("pc", "v@example.com", "v")
		got, taken, err := s.RegisterEmail(ctx, "pc", "13800000032", 0)
		if err != nil || taken || got.ID != v.ID {
			t.Fatal(got, taken, err)
		}
		if n := rows(t, s, "session WHERE id = ?", elsewhere.ID); n != 0 {
			t.Error("the session of before lives")
		}
		// Somebody else's address stays his; the password counts.
		draft("pc", "a@example.com", "w")
		got, taken, err = s.RegisterEmail(ctx, "pc", "13800000033", 0)
		if err != nil || !taken {
			t.Fatal(got, taken, err)
		}
		if email, has, err := s.PasswordOf(ctx, got.ID); email != "" || !has || err != nil {
			t.Error(email, has, err)
		}
		draft("pc", "late@example.com", "x")
		c.advance(time.Hour)
		_, err = s.DraftedEmail(ctx, "pc")
		wantCode(t, "too late", err, xunjia.NotFound)
		if _, err := s.PruneSessions(ctx, 100); err != nil || rows(t, s, "credential_draft") != 0 {
			t.Errorf("old drafts: %v", err)
		}
	}, c.option)
}
