package store_test

import (
	"context"
	"net/netip"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/xunjia/xunjia"
	"github.com/xunjia/xunjia/store"
	"github.com/xunjia/xunjia/store/storetest"
)

func address() netip.Addr { return netip.MustParseAddr("203.0.113.7") }

// hire makes somebody with a password, as if he had used his link.
func hire(t *testing.T, s *store.Store, login string, role xunjia.Role) int64 {
	t.Helper()
	ctx := t.Context()
	id, link, err := s.CreateStaff(ctx, 0, xunjia.Staff{Login: login, Role: role}, time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := s.UseAdminLink(ctx, link); err != nil || got != id {
		t.Fatalf("the new link lets staff %d in, %v; want %d", got, err, id)
	}
	if err := s.SetOwnPassword(ctx, id, "", "hash of "+login, ""); err != nil {
		t.Fatal(err)
	}
	return id
}

func enter(t *testing.T, s *store.Store, id int64) (token string) {
	t.Helper()
	token, _, err := s.FinishStaffLogin(t.Context(), store.StaffEntry{StaffID: id, IP: address(), How: "密码"})
	if err != nil {
		t.Fatal(err)
	}
	return token
}

// actions lists the audit log, newest first.
func actions(t *testing.T, s *store.Store, f xunjia.AuditFilter) (list []string) {
	t.Helper()
	part, err := s.Audits(t.Context(), f, xunjia.Page{Limit: 100})
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range part.Items {
		list = append(list, a.Action)
	}
	return list
}

func TestStaffAccounts(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		ctx := t.Context()
		owner, helper := hire(t, s, "owner.one", xunjia.OwnerRole), hire(t, s, "helper", xunjia.ServiceRole)
		admin := hire(t, s, "admin", xunjia.AdminRole)

		_, _, err := s.CreateStaff(ctx, owner, xunjia.Staff{Login: "helper", Role: xunjia.ServiceRole}, time.Hour)
		wantCode(t, "a taken login name", err, xunjia.Conflict)
		_, _, err = s.CreateStaff(ctx, admin, xunjia.Staff{Login: "second", Role: xunjia.OwnerRole}, time.Hour)
		wantCode(t, "an admin makes an owner", err, xunjia.Forbidden)
		_, _, err = s.CreateStaff(ctx, helper, xunjia.Staff{Login: "second", Role: xunjia.ServiceRole}, time.Hour)
		wantCode(t, "a helper makes somebody", err, xunjia.Forbidden)
		wantCode(t, "the last owner leaves", s.ChangeStaff(ctx, owner, xunjia.Staff{ID: owner, Role: xunjia.AdminRole}), xunjia.Conflict)
		wantCode(t, "the last owner is disabled", s.ChangeStaff(ctx, owner, xunjia.Staff{ID: owner, Role: xunjia.OwnerRole, Disabled: true}), xunjia.Conflict)
		wantCode(t, "nobody", s.ChangeStaff(ctx, owner, xunjia.Staff{ID: 99999, Role: xunjia.AdminRole}), xunjia.NotFound)
		if got := actions(t, s, xunjia.AuditFilter{Staff: owner, Action: "staff.changed"}); got != nil {
			t.Errorf("refused changes are in the audit log: %v", got)
		}

		token := enter(t, s, helper)
		if err := s.ChangeStaff(ctx, admin, xunjia.Staff{ID: helper, Name: "小李", Role: xunjia.OperatorRole}); err != nil {
			t.Fatal(err)
		}
		if _, err := s.SessionByToken(ctx, token); err != nil {
			t.Errorf("a promotion ends the session: %v", err)
		}
		if err := s.ChangeStaff(ctx, admin, xunjia.Staff{ID: helper, Name: "小李", Role: xunjia.OperatorRole, Disabled: true}); err != nil {
			t.Fatal(err)
		}
		_, err = s.SessionByToken(ctx, token)
		wantCode(t, "a session of disabled staff", err, xunjia.Unauthorized)
		_, _, err = s.FinishStaffLogin(ctx, store.StaffEntry{StaffID: helper, IP: address()})
		wantCode(t, "disabled staff enters", err, xunjia.Unauthorized)
		_, _, err = s.CreateStaff(ctx, helper, xunjia.Staff{Login: "third", Role: xunjia.ServiceRole}, time.Hour)
		wantCode(t, "disabled staff acts", err, xunjia.NotFound)

		got, err := s.Audits(ctx, xunjia.AuditFilter{Staff: admin, Action: "staff."}, xunjia.Page{})
		if err != nil || len(got.Items) < 2 || got.Items[0].Detail != "helper：停用" || got.Items[1].Detail != "helper：角色由客服改为运营，姓名由“”改为“小李”" {
			t.Errorf("the audit log says %+v, %v", got.Items, err)
		}
	})
}

func TestStaffReset(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		ctx := t.Context()
		owner, helper := hire(t, s, "boss", xunjia.OwnerRole), hire(t, s, "helper", xunjia.ServiceRole)
		token := enter(t, s, helper)
		first, err := s.ResetStaff(ctx, owner, helper, time.Hour)
		if err != nil {
			t.Fatal(err)
		}
		second, err := s.ResetStaff(ctx, owner, helper, time.Hour)
		if err != nil {
			t.Fatal(err)
		}
		_, err = s.SessionByToken(ctx, token)
		wantCode(t, "the session before", err, xunjia.Unauthorized)
		_, err = s.UseAdminLink(ctx, first)
		wantCode(t, "the link before", err, xunjia.Unauthorized)
		if id, err := s.UseAdminLink(ctx, second); err != nil || id != helper {
			t.Errorf("the link lets in %d, %v", id, err)
		}
		if staff, hash, err := s.BeginStaffLogin(ctx, "helper", address(), false); staff != 0 || hash != "" || err != nil {
			t.Errorf("after a reset: staff %d, hash %q, %v", staff, hash, err)
		}
		_, err = s.ResetStaff(ctx, helper, owner, time.Hour)
		wantCode(t, "a helper resets the owner", err, xunjia.Forbidden)
		wantCode(t, "the password was replaced", s.SetOwnPassword(ctx, helper, "another hash", "new", ""), xunjia.Conflict)
	})
}

// Two owners who demote each other at the same moment: one remains.
func TestOwnersDemoteEachOther(t *testing.T) {
	stores := twoInstances(t)
	for range 5 {
		var owners [2]int64
		for i, login := range []string{"left", "right"} {
			if found, err := stores[0].StaffByLogin(t.Context(), login); err == nil {
				if err := stores[0].ChangeStaff(t.Context(), 0, xunjia.Staff{ID: found.ID, Role: xunjia.OwnerRole}); err != nil {
					t.Fatal(err)
				}
				owners[i] = found.ID
				continue
			}
			owners[i] = hire(t, stores[0], login, xunjia.OwnerRole)
		}
		crowd(t, stores, func(s *store.Store, i int) (bool, error) {
			// i/2: both instances serve both of them.
			err := s.ChangeStaff(context.Background(), owners[i/2%2], xunjia.Staff{ID: owners[(i/2+1)%2], Role: xunjia.AdminRole})
			if xunjia.ErrorCode(err) == xunjia.Forbidden { // the other was faster
				return false, nil
			}
			return but(xunjia.Conflict, err)
		})
		if left := strs(t, stores[0].DB(), "SELECT login FROM staff WHERE role = 'owner'"); len(left) != 1 {
			t.Fatalf("owners left: %v, want one", left)
		}
	}
}

func TestStaffLoginIsLimited(t *testing.T) {
	c := newClock()
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		ctx, ip := t.Context(), address()
		for _, login := range []string{"boss", "nobody"} { // the same for a name that nobody has
			if login == "boss" {
				hire(t, s, login, xunjia.OwnerRole)
			}
			try := func(solved bool) error {
				_, _, err := s.BeginStaffLogin(ctx, login, ip, solved)
				return err
			}
			for i := range xunjia.CaptchaAfter {
				if err := try(false); err != nil {
					t.Fatalf("%s, attempt %d: %v", login, i, err)
				}
			}
			if need, err := s.NeedStaffCaptcha(ctx, login, netip.MustParseAddr("192.0.2.1")); !need || err != nil {
				t.Errorf("%s: no captcha after %d failures, from elsewhere too: %v", login, xunjia.CaptchaAfter, err)
			}
			wantCode(t, login+": no captcha", try(false), xunjia.Invalid)
			for range xunjia.LockAfter - xunjia.CaptchaAfter {
				if err := try(true); err != nil {
					t.Fatal(err)
				}
			}
			c.advance(14 * time.Minute)
			err := try(true)
			wantCode(t, login+": locked", err, xunjia.RateLimited)
			if !strings.Contains(err.Error(), "1 分钟") {
				t.Errorf("%s: %v", login, err)
			}
			c.advance(time.Minute)
			if err := try(false); err != nil {
				t.Errorf("%s: after the lock: %v", login, err)
			}
			c.advance(time.Hour)
		}
		// Success forgets the failures of the name, not those of the address.
		for range 2 {
			if _, _, err := s.BeginStaffLogin(ctx, "nobody", ip, true); err != nil {
				t.Fatal(err)
			}
		}
		id, hash, err := s.BeginStaffLogin(ctx, "boss", ip, true)
		if err != nil || hash != "hash of boss" {
			t.Fatal(hash, err)
		}
		entry := store.StaffEntry{StaffID: id, Login: "boss", Hash: hash, IP: ip, Agent: strings.Repeat("很长", 300), How: "密码"}
		if _, _, err := s.FinishStaffLogin(ctx, entry); err != nil {
			t.Fatal(err)
		}
		if need, _ := s.NeedStaffCaptcha(ctx, "boss", ip); need {
			t.Error("a captcha after success")
		}
		if _, _, err := s.BeginStaffLogin(ctx, "somebody", ip, false); err != nil {
			t.Fatal(err)
		}
		if need, _ := s.NeedStaffCaptcha(ctx, "boss", ip); !need {
			t.Error("the address's failures were forgotten")
		}
		if err := s.FailStaffLogin(ctx, store.StaffEntry{IP: ip, How: "密码"}, "登录名或密码不正确"); err != nil {
			t.Fatal(err)
		}
		logins, err := s.StaffLogins(ctx, 0, xunjia.Page{Limit: 2})
		if err != nil || len(logins.Items) != 2 || logins.Items[0].OK == logins.Items[1].OK || logins.Items[0].IP != ip {
			t.Errorf("login log %+v, %v", logins, err)
		}
		entry.Hash = "an older hash"
		_, _, err = s.FinishStaffLogin(ctx, entry)
		wantCode(t, "the password changed meanwhile", err, xunjia.Unauthorized)
		c.advance(200 * 24 * time.Hour)
		if _, err := s.PruneSessions(ctx, 100); err != nil {
			t.Fatal(err)
		}
		if logins, err := s.StaffLogins(ctx, 0, xunjia.Page{}); err != nil || len(logins.Items) != 0 {
			t.Errorf("%d old logins remain, %v", len(logins.Items), err)
		}
	}, c.option)
}

// Many attempts at once are no more than one after another.
func TestStaffLoginRace(t *testing.T) {
	stores := twoInstances(t)
	won := crowd(t, stores, func(s *store.Store, _ int) (bool, error) {
		_, _, err := s.BeginStaffLogin(context.Background(), "boss", address(), true)
		return but(xunjia.RateLimited, err)
	})
	if won != xunjia.LockAfter {
		t.Errorf("%d attempts were let through, want %d", won, xunjia.LockAfter)
	}
}

func TestAuditLog(t *testing.T) {
	c := newClock()
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		ctx, begin := t.Context(), c.now()
		for _, title := range []string{xunjia.TemplateNewQuote, xunjia.TemplateNewPurchase, xunjia.TemplateNewQuote} {
			if err := s.BindTemplate(ctx, 7, "wx1", xunjia.TemplateBinding{Title: title, TemplateID: "tpl-" + title}); err != nil {
				t.Fatal(err)
			}
			c.advance(time.Minute)
		}
		file := xunjia.VerifyFile{Name: "MP_verify_AbCdEfGh12345678.txt", Content: "AbCdEfGh12345678"}
		if err := s.SaveVerifyFile(ctx, 8, file); err != nil {
			t.Fatal(err)
		}
		wantCode(t, "a bad file", s.SaveVerifyFile(ctx, 8, xunjia.VerifyFile{Name: "a.txt", Content: "a"}), xunjia.Invalid)
		wantCode(t, "no such file", s.DeleteVerifyFile(ctx, 8, "a.txt"), xunjia.NotFound)
		wantCode(t, "no such notice", s.BindTemplate(ctx, 7, "wx1", xunjia.TemplateBinding{Title: "没有"}), xunjia.NotFound)
		for _, f := range []struct {
			filter xunjia.AuditFilter
			want   int
		}{
			{xunjia.AuditFilter{}, 4}, {xunjia.AuditFilter{Staff: 8}, 1}, {xunjia.AuditFilter{Action: "template."}, 3}, {xunjia.AuditFilter{Action: "template.bound"}, 3},
			{xunjia.AuditFilter{Action: "template", Staff: 7}, 0}, {xunjia.AuditFilter{Action: "file.saved", Staff: 8}, 1}, {xunjia.AuditFilter{Action: "file.", Staff: 7}, 0},
			{xunjia.AuditFilter{From: begin.Add(time.Minute)}, 3}, {xunjia.AuditFilter{Until: begin.Add(time.Minute)}, 1},
			{xunjia.AuditFilter{From: begin.Add(time.Minute), Until: begin.Add(2 * time.Minute), Staff: 7}, 1},
		} {
			if got := actions(t, s, f.filter); len(got) != f.want {
				t.Errorf("%+v: %v, want %d", f.filter, got, f.want)
			}
		}
		var seen []int64
		for page := (xunjia.Page{Limit: 3}); ; {
			part, err := s.Audits(ctx, xunjia.AuditFilter{}, page)
			if err != nil {
				t.Fatal(err)
			}
			for _, a := range part.Items {
				seen = append(seen, a.Staff)
			}
			if page.After = part.Next; page.After == "" {
				break
			}
		}
		if diff := cmp.Diff([]int64{8, 7, 7, 7}, seen); diff != "" {
			t.Errorf("in parts (-want +got):\n%s", diff)
		}
		bound, err := s.TemplateBindings(ctx, "wx1")
		if err != nil || len(bound) != 2 || bound[xunjia.TemplateNewQuote] != "tpl-"+xunjia.TemplateNewQuote {
			t.Errorf("bindings %v, %v", bound, err)
		}
		if err := s.BindTemplate(ctx, 7, "wx1", xunjia.TemplateBinding{Title: xunjia.TemplateNewQuote}); err != nil {
			t.Fatal(err)
		}
		if bound, err := s.TemplateBindings(ctx, "wx1"); err != nil || len(bound) != 1 {
			t.Errorf("bindings after one was taken back: %v, %v", bound, err)
		}
		if got, err := s.VerifyFile(ctx, file.Name); err != nil || got.Content != file.Content {
			t.Errorf("file %+v, %v", got, err)
		}
	}, c.option)
}

func TestOverview(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		ctx := t.Context()
		if o, err := s.Overview(ctx, time.Now()); err != nil || o.Users != 0 || o.NewQuotes != 0 {
			t.Fatalf("empty: %+v, %v", o, err)
		}
		if _, err := s.Seed(ctx, nil); err != nil {
			t.Fatal(err)
		}
		all, err := s.Overview(ctx, time.Unix(0, 0))
		if err != nil || all.Users == 0 || all.NewUsers != all.Users || all.NewQuotes == 0 || all.NewPurchases == 0 || all.OpenPurchases == 0 {
			t.Fatalf("since ever: %+v, %v", all, err)
		}
		for _, days := range []int{1, 3, 10, 400} {
			since := time.Now().AddDate(0, 0, -days)
			got, err := s.Overview(ctx, since)
			if err != nil {
				t.Fatal(err)
			}
			want := strs(t, s.DB(), "SELECT CAST(COUNT(*) AS CHAR) FROM quote WHERE created_at >= "+millisText(since))
			if want[0] != count(got.NewQuotes) {
				t.Errorf("quotes of %d days: %d, want %s", days, got.NewQuotes, want[0])
			}
		}
	})
}

func count(n int) string { return strconv.Itoa(n) }

func millisText(t time.Time) string { return strconv.FormatInt(t.UnixMilli(), 10) }
