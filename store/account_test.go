package store_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/xunjia/xunjia"
	"github.com/xunjia/xunjia/store"
	"github.com/xunjia/xunjia/store/storetest"
)

const fanApp = "wx0000000000000001"

func fan(t *testing.T, s *store.Store, openID string) xunjia.Identity {
	t.Helper()
	i, err := s.SaveIdentity(t.Context(), xunjia.Identity{AppID: fanApp, OpenID: openID})
	if err != nil {
		t.Fatal(err)
	}
	return i
}

func TestMenuVersions(t *testing.T) {
	c := newClock()
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		ctx := t.Context()
		menu := []xunjia.MenuButton{{Name: "帮助", Action: xunjia.MenuClick, Value: "help"}}
		_, err := s.MenuDraft(ctx, fanApp)
		wantCode(t, "no draft", err, xunjia.NotFound)
		if err := s.SaveMenuDraft(ctx, fanApp, 7, nil); err != nil { // unfinished is fine
			t.Fatal(err)
		}
		_, err = s.BeginMenuVersion(ctx, fanApp, 7, 0, nil)
		wantCode(t, "an empty menu", err, xunjia.Invalid)
		for i, reason := range []string{"", "没有权限", ""} {
			c.advance(time.Minute)
			m, err := s.BeginMenuVersion(ctx, fanApp, 7, 0, menu)
			if err != nil || m.Number != int64(i+1) {
				t.Fatalf("version %+v, %v", m, err)
			}
			if err := s.FinishMenuVersion(ctx, m.ID, reason); err != nil {
				t.Fatal(err)
			}
			wantCode(t, "finished twice", s.FinishMenuVersion(ctx, m.ID, ""), xunjia.Conflict)
		}
		if _, err := s.BeginMenuVersion(ctx, fanApp, 7, 1, menu); err != nil { // the platform never answered
			t.Fatal(err)
		}
		last, err := s.PublishedMenu(ctx, fanApp)
		if err != nil || last.Number != 3 || !xunjia.SameMenu(last.Buttons, menu) {
			t.Errorf("published %+v, %v", last, err)
		}
		list, err := s.MenuVersions(ctx, fanApp, xunjia.Page{Limit: 3})
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, m := range list.Items {
			got = append(got, fmt.Sprint(m.Number, " ", m.State, " ", m.Origin, m.Reason))
		}
		if diff := cmp.Diff([]string{"4 结果未知 1", "3 已发布 0", "2 发布失败 0没有权限"}, got); diff != "" {
			t.Error(diff)
		}
		rest, err := s.MenuVersions(ctx, fanApp, xunjia.Page{Limit: 3, After: list.Next})
		if err != nil || len(rest.Items) != 1 || rest.Next != "" {
			t.Errorf("rest %+v, %v", rest, err)
		}
		audits, err := s.Audits(ctx, xunjia.AuditFilter{Action: "menu."}, xunjia.Page{})
		if err != nil || len(audits.Items) != 4 {
			t.Errorf("audit %+v, %v", audits.Items, err)
		}
		m, err := s.AddConditionalMenu(ctx, fanApp, xunjia.ConditionalMenu{MenuID: "9", TagID: 100, Buttons: menu, Staff: 7})
		if err != nil {
			t.Fatal(err)
		}
		if l, err := s.ConditionalMenus(ctx, fanApp); err != nil || len(l) != 1 || l[0].MenuID != "9" || len(l[0].Buttons) != 1 {
			t.Errorf("conditional menus %+v, %v", l, err)
		}
		if err := s.RemoveConditionalMenu(ctx, fanApp, m.ID, 7); err != nil {
			t.Fatal(err)
		}
		wantCode(t, "removed twice", s.RemoveConditionalMenu(ctx, fanApp, m.ID, 7), xunjia.NotFound)
	}, c.option)
}

func TestFanSyncSurvivesItsInstance(t *testing.T) {
	c := newClock()
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		ctx := t.Context()
		gone := fan(t, s, "gone")
		if err := s.SetSubscribed(ctx, fanApp, "gone", true, c.now()); err != nil {
			t.Fatal(err)
		}
		_, err := s.ClaimFanSync(ctx, fanApp, "a", time.Minute)
		wantCode(t, "nothing to do", err, xunjia.NotFound)
		c.advance(time.Second)
		if err := s.StartFanSync(ctx, fanApp, 7); err != nil {
			t.Fatal(err)
		}
		wantCode(t, "started twice", s.StartFanSync(ctx, fanApp, 7), xunjia.Conflict)
		sync, err := s.ClaimFanSync(ctx, fanApp, "a", time.Minute)
		if err != nil || sync.Phase != xunjia.SyncFans || sync.Position != "" {
			t.Fatalf("claimed %+v, %v", sync, err)
		}
		_, err = s.ClaimFanSync(ctx, fanApp, "b", time.Minute)
		wantCode(t, "claimed by another", err, xunjia.NotFound)
		// A push that came after the platform was asked says more.
		asked := c.now()
		c.advance(time.Second)
		if err := s.SetSubscribed(ctx, fanApp, "left", false, c.now()); err != nil {
			t.Fatal(err)
		}
		batch := []xunjia.Fan{
			{Identity: xunjia.Identity{OpenID: "stays", Subscribed: true, UnionID: "u1"}, Remark: "老客户", Tags: []int64{100, 101}, Source: "ADD_SCENE_QR_CODE", FollowedAt: asked, SyncedAt: asked},
			{Identity: xunjia.Identity{OpenID: "left", Subscribed: true}, SyncedAt: asked},
		}
		next := sync
		next.Position, next.Done, next.Total = "left", 2, 3
		if err := s.SaveFans(ctx, "a", next, batch); err != nil {
			t.Fatal(err)
		}
		wantCode(t, "saved by another", s.SaveFans(ctx, "b", next, batch), xunjia.Conflict)
		c.advance(2 * time.Minute) // the instance died
		sync, err = s.ClaimFanSync(ctx, fanApp, "b", time.Minute)
		if err != nil || sync.Position != "left" || sync.Done != 2 {
			t.Fatalf("taken up at %+v, %v", sync, err)
		}
		wantCode(t, "the dead one wakes", s.SaveFans(ctx, "a", next, nil), xunjia.Conflict)
		if done, err := s.ForgetUnseenFans(ctx, fanApp, sync.StartedAt, 10); err != nil || !done {
			t.Errorf("forget: %v, %v", done, err)
		}
		if err := s.MarkBlocked(ctx, fanApp, []string{"left"}, true); err != nil {
			t.Fatal(err)
		}
		sync.State = xunjia.SyncDone
		if err := s.SaveFans(ctx, "b", sync, nil); err != nil {
			t.Fatal(err)
		}
		want := map[string]bool{"gone": false, "stays": true, "left": false}
		list, err := s.Fans(ctx, fanApp, xunjia.FanFilter{}, xunjia.Page{})
		if err != nil || len(list.Items) != 3 {
			t.Fatalf("%d fans, %v", len(list.Items), err)
		}
		for _, f := range list.Items {
			if f.Subscribed != want[f.OpenID] {
				t.Errorf("%s follows: %v", f.OpenID, f.Subscribed)
			}
			if f.OpenID == "stays" {
				full, err := s.Fan(ctx, fanApp, f.ID)
				if err != nil || full.Remark != "老客户" || len(full.Tags) != 2 || full.UnionID != "u1" || full.SourceName() != "扫描二维码" {
					t.Errorf("fan %+v, %v", full, err)
				}
			}
		}
		if _, err := s.Fan(ctx, "another account", gone.ID); xunjia.ErrorCode(err) != xunjia.NotFound {
			t.Errorf("fan of another account: %v", err)
		}
	}, c.option)
}

func TestFanFilters(t *testing.T) {
	c := newClock()
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		ctx := t.Context()
		yes, no := true, false
		for i := range 5 {
			c.advance(time.Second)
			f := fan(t, s, fmt.Sprint("openid", i))
			if i == 0 {
				if _, err := s.RegisterPhone(ctx, "13800001234", f.ID); err != nil {
					t.Fatal(err)
				}
			}
			if err := s.SetSubscribed(ctx, fanApp, f.OpenID, i%2 == 0, c.now()); err != nil {
				t.Fatal(err)
			}
			if err := s.SetFanRemark(ctx, fanApp, f.ID, 7, fmt.Sprint("备注", i)); err != nil {
				t.Fatal(err)
			}
			if i == 3 {
				if err := s.SetFanBlocked(ctx, fanApp, f.ID, 7, true); err != nil {
					t.Fatal(err)
				}
				if err := s.TagFans(ctx, fanApp, 7, 100, []int64{f.ID}, true); err != nil {
					t.Fatal(err)
				}
			}
		}
		for _, test := range []struct {
			name string
			f    xunjia.FanFilter
			want []string
		}{
			{"all", xunjia.FanFilter{}, []string{"openid4", "openid3", "openid2", "openid1", "openid0"}},
			{"following", xunjia.FanFilter{Following: &yes}, []string{"openid4", "openid2", "openid0"}},
			{"gone", xunjia.FanFilter{Following: &no}, []string{"openid3", "openid1"}},
			{"blocked", xunjia.FanFilter{Blocked: &yes}, []string{"openid3"}},
			{"tag", xunjia.FanFilter{Tag: 100}, []string{"openid3"}},
			{"other tag", xunjia.FanFilter{Tag: 101}, nil},
			{"remark", xunjia.FanFilter{Query: "备注2"}, []string{"openid2"}},
			{"end of the phone", xunjia.FanFilter{Query: "1234"}, []string{"openid0"}},
			{"middle of the phone", xunjia.FanFilter{Query: "0000"}, nil},
			{"not registered", xunjia.FanFilter{Registered: &no, Following: &no}, []string{"openid3", "openid1"}},
			{"registered", xunjia.FanFilter{Registered: &yes}, nil}, // the phone alone is not all
		} {
			var got []string
			for page := (xunjia.Page{Limit: 2}); ; {
				list, err := s.Fans(ctx, fanApp, test.f, page)
				if err != nil {
					t.Fatal(err)
				}
				for _, f := range list.Items {
					got = append(got, f.OpenID)
				}
				if page.After = list.Next; page.After == "" {
					break
				}
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("%s: %s", test.name, diff)
			}
		}
		if err := s.ReplaceFanTags(ctx, fanApp, []xunjia.FanTag{{ID: 102, Name: "新"}}); err != nil {
			t.Fatal(err)
		}
		if list, err := s.Fans(ctx, fanApp, xunjia.FanFilter{Tag: 100}, xunjia.Page{}); err != nil || len(list.Items) != 0 {
			t.Errorf("a tag that is gone: %v, %v", list.Items, err)
		}
	}, c.option)
}

func TestScansCountOnce(t *testing.T) {
	c := newClock()
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		ctx := t.Context()
		q, err := s.CreateQRCode(ctx, fanApp, 7, xunjia.NewQR{Label: "展位", Action: xunjia.QRText, Reply: "您好", Days: 7})
		if err != nil {
			t.Fatal(err)
		}
		a, b := fan(t, s, "a"), fan(t, s, "b")
		at := c.now()
		for _, scan := range []struct {
			who      int64
			at       time.Time
			followed bool
		}{{a.ID, at, true}, {a.ID, at, true}, {a.ID, at.Add(time.Second), false}, {b.ID, at, true}, {b.ID, at.Add(24 * time.Hour), false}} {
			if _, err := s.CountScan(ctx, fanApp, q.Scene, scan.who, scan.at, scan.followed); err != nil {
				t.Fatal(err)
			}
		}
		_, err = s.CountScan(ctx, fanApp, "of another program", a.ID, at, false)
		wantCode(t, "unknown scene", err, xunjia.NotFound)
		q, err = s.QRCode(ctx, fanApp, q.ID)
		if err != nil || q.Scans != 4 || q.Follows != 2 {
			t.Errorf("code %+v, %v", q, err)
		}
		days, err := s.QRDays(ctx, q.ID, 10)
		if diff := cmp.Diff([]xunjia.QRDay{{Day: xunjia.Day(at.Add(24 * time.Hour)), Scans: 1}, {Day: xunjia.Day(at), Scans: 3, Follows: 2}}, days); diff != "" || err != nil {
			t.Errorf("%s %v", diff, err)
		}
		if s1, s2 := q.State(c.now()), q.State(c.now().AddDate(0, 0, 8)); s1 != xunjia.QRUnmade || s2 != xunjia.QRUnmade {
			t.Errorf("states %s %s", s1, s2)
		}
		if err := s.DisableQRCode(ctx, fanApp, q.ID, 7, true); err != nil {
			t.Fatal(err)
		}
		wantCode(t, "another account's", s.DisableQRCode(ctx, "wx2", q.ID, 7, true), xunjia.NotFound)
	}, c.option)
}

func TestScansAtOnce(t *testing.T) {
	stores := twoInstances(t)
	q, err := stores[0].CreateQRCode(t.Context(), fanApp, 7, xunjia.NewQR{Label: "展位", Action: xunjia.QRText, Reply: "您好"})
	if err != nil {
		t.Fatal(err)
	}
	at := time.Date(2026, 11, 23, 2, 0, 0, 0, time.UTC)
	crowd(t, stores, func(s *store.Store, i int) (bool, error) {
		_, err := s.CountScan(t.Context(), fanApp, q.Scene, int64(i/2+1), at, true) // everybody twice
		return true, err
	})
	if q, err = stores[0].QRCode(t.Context(), fanApp, q.ID); err != nil || q.Scans != 50 || q.Follows != 50 {
		t.Errorf("%+v, %v", q, err)
	}
	if days, err := stores[1].QRDays(t.Context(), q.ID, 5); err != nil || len(days) != 1 || days[0].Scans != 50 {
		t.Errorf("%+v, %v", days, err)
	}
}

func TestBinding(t *testing.T) {
	c := newClock()
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		ctx := t.Context()
		user := func(phone xunjia.Phone) int64 {
			u, err := s.RegisterPhone(ctx, phone, 0)
			if err != nil {
				t.Fatal(err)
			}
			return u.ID
		}
		one, two := user("13800000011"), user("13800000012")
		a, b := fan(t, s, "a"), fan(t, s, "b")
		if err := s.BindIdentity(ctx, a.ID, one); err != nil {
			t.Fatal(err)
		}
		if err := s.BindIdentity(ctx, a.ID, one); err != nil { // once more is fine
			t.Error(err)
		}
		wantCode(t, "somebody else's", s.BindIdentity(ctx, a.ID, two), xunjia.Conflict)
		wantCode(t, "nobody", s.BindIdentity(ctx, b.ID, 4711), xunjia.NotFound)
		wantCode(t, "nothing", s.BindIdentity(ctx, 4711, two), xunjia.NotFound)
		if err := s.BindIdentity(ctx, b.ID, one); err != nil { // a second WeChat
			t.Error(err)
		}
		for i := range xunjia.MaxIdentities - 2 {
			if err := s.BindIdentity(ctx, fan(t, s, fmt.Sprint("more", i)).ID, one); err != nil {
				t.Error(err)
			}
		}
		wantCode(t, "too many", s.BindIdentity(ctx, fan(t, s, "too many").ID, one), xunjia.Conflict)
		list, err := s.IdentitiesOfUser(ctx, fanApp, one)
		if err != nil || len(list) != xunjia.MaxIdentities || list[0].ID != a.ID {
			t.Errorf("%+v, %v", list, err)
		}
		if list, err := s.IdentitiesOfUser(ctx, fanApp, 0); err != nil || len(list) != 0 {
			t.Errorf("of guests: %+v, %v", list, err)
		}
		wantCode(t, "another's", s.UnbindIdentity(ctx, a.ID, two), xunjia.NotFound)
		if err := s.UnbindIdentity(ctx, a.ID, one); err != nil {
			t.Fatal(err)
		}
		wantCode(t, "unbound twice", s.UnbindIdentity(ctx, a.ID, one), xunjia.NotFound)
		wantCode(t, "guests", s.UnbindIdentity(ctx, a.ID, 0), xunjia.NotFound)
		if i, err := s.IdentityOfUser(ctx, fanApp, one); err != nil || i.ID == a.ID {
			t.Errorf("%+v, %v", i, err)
		}
		// Without a phone the last one stays, unless an e-mail and a password remain.
		lone := user("13800000013")
		last := fan(t, s, "last")
		if err := s.BindIdentity(ctx, last.ID, lone); err != nil {
			t.Fatal(err)
		}
		change(t, s, "UPDATE users SET phone = 'none' WHERE id = ?", lone)
		wantCode(t, "the last way", s.UnbindIdentity(ctx, last.ID, lone), xunjia.Conflict)
		change(t, s, "INSERT INTO credential (user_id, email, password) VALUES (?, 'a@example.com', 'hash')", lone)
		if err := s.UnbindIdentity(ctx, last.ID, lone); err != nil {
			t.Error(err)
		}
		if err := s.BindIdentity(ctx, a.ID, two); err != nil {
			t.Error(err)
		}
	}, c.option)
}

func TestPCScanOnce(t *testing.T) {
	stores := twoInstances(t)
	ctx := t.Context()
	s := stores[0]
	a, b := fan(t, s, "a"), fan(t, s, "b")
	if _, err := s.RegisterPhone(ctx, "13800000011", a.ID); err != nil {
		t.Fatal(err)
	}
	p, err := s.CreatePCScan(ctx, xunjia.PCScan{ID: store.NewPCScanID(), SessionID: "browser", Purpose: xunjia.ScanLogin, AppID: fanApp, URL: "http://weixin.qq.com/q/1"})
	if err != nil {
		t.Fatal(err)
	}
	token, _, err := s.ScanPC(ctx, fanApp, p.ID, a.ID)
	if err != nil {
		t.Fatal(err)
	}
	_, _, err = s.ScanPC(ctx, fanApp, p.ID, b.ID)
	wantCode(t, "the second one who scans", err, xunjia.NotFound)
	_, err = s.UsePCScan(ctx, p.ID, "browser")
	wantCode(t, "used before the answer", err, xunjia.NotFound)
	_, err = s.AnswerPCScan(ctx, "guessed", true)
	wantCode(t, "answered without the secret", err, xunjia.NotFound)
	answered := crowd(t, stores, func(s *store.Store, _ int) (bool, error) {
		_, err := s.AnswerPCScan(ctx, token, true)
		return but(xunjia.NotFound, err)
	})
	_, err = s.UsePCScan(ctx, p.ID, "another browser")
	wantCode(t, "another browser", err, xunjia.NotFound)
	used := crowd(t, stores, func(s *store.Store, _ int) (bool, error) {
		_, err := s.UsePCScan(ctx, p.ID, "browser")
		return but(xunjia.NotFound, err)
	})
	if answered != 1 || used != 1 {
		t.Errorf("answered %d times, used %d times", answered, used)
	}
}

func TestCredits(t *testing.T) {
	stores := twoInstances(t)
	ctx, s := t.Context(), stores[0]
	add := func(key string, changes ...store.CreditChange) {
		t.Helper()
		for range 2 { // a push handled again counts once
			if err := s.ChangeCredits(ctx, fanApp, "fan", key, changes); err != nil {
				t.Fatal(err)
			}
		}
	}
	want := func(template string, n int64) {
		t.Helper()
		if got, err := s.Credits(ctx, fanApp, "fan", template); err != nil || got != n {
			t.Errorf("%s: %d credits, want %d (%v)", template, got, n, err)
		}
	}
	want("t1", 0)
	for i := range 30 {
		add(fmt.Sprint("e", i), store.CreditChange{TemplateID: "t1", Add: 1}, store.CreditChange{TemplateID: "t2", Add: 1})
	}
	want("t1", 30)
	took := crowd(t, stores, func(s *store.Store, _ int) (bool, error) { return s.TakeCredit(ctx, fanApp, "fan", "t1") })
	if took != 30 {
		t.Errorf("took %d of 30", took)
	}
	want("t1", 0)
	if err := s.ReturnCredit(ctx, fanApp, "fan", "t1"); err != nil {
		t.Fatal(err)
	}
	want("t1", 1)
	add("off", store.CreditChange{TemplateID: "t2", Clear: true})
	want("t2", 0)
	add("on again", store.CreditChange{TemplateID: "t2", Add: 1})
	want("t2", 1)
}

func TestMoveIdentities(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		ctx := t.Context()
		const fresh = "wx0000000000000002"
		register := func(phone xunjia.Phone, identity int64) int64 {
			u, err := s.RegisterPhone(ctx, phone, identity)
			if err != nil {
				t.Fatal(err)
			}
			return u.ID
		}
		at := func(app, openID string) xunjia.Identity {
			i, err := s.SaveIdentity(ctx, xunjia.Identity{AppID: app, OpenID: openID, UnionID: "union-" + openID})
			if err != nil {
				t.Fatal(err)
			}
			return i
		}
		a := register("13800000011", at(fanApp, "a").ID)
		b := register("13800000012", at(fanApp, "b").ID)
		register("13800000013", at(fanApp, "c").ID)
		at(fanApp, "guest")
		at(fresh, "b2") // came to the new account before the move
		register("13800000014", at(fresh, "c2").ID)
		moved := map[string]string{"a": "a2", "b": "b2", "c": "c2", "guest": "g2"}
		report, err := s.TryMoveIdentities(ctx, fanApp, fresh, moved)
		if err != nil || report != (store.MoveReport{Moved: 3, Refused: 1}) {
			t.Errorf("tried: %+v, %v", report, err)
		}
		_, err = s.IdentityByOpenID(ctx, fresh, "a2")
		wantCode(t, "after only trying", err, xunjia.NotFound)
		report, err = s.MoveIdentities(ctx, fanApp, fresh, moved)
		if err != nil || report != (store.MoveReport{Moved: 3, Refused: 1}) {
			t.Errorf("report %+v, %v", report, err)
		}
		report, err = s.MoveIdentities(ctx, fanApp, fresh, moved)
		if err != nil || report != (store.MoveReport{Already: 3, Refused: 1}) {
			t.Errorf("repeated: %+v, %v", report, err)
		}
		for openID, user := range map[string]int64{"a2": a, "b2": b, "g2": 0} {
			i, err := s.IdentityByOpenID(ctx, fresh, openID)
			if err != nil || i.UserID != user {
				t.Errorf("%s: %+v, %v", openID, i, err)
			}
		}
		if list, err := s.IdentitiesAfter(ctx, fanApp, 0, 3); err != nil || len(list) != 3 || list[0].OpenID != "a" {
			t.Errorf("%+v, %v", list, err)
		}
	})
}
