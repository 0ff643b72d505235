package store_test

import (
	"testing"
	"time"

	"github.com/xunjia/xunjia"
	"github.com/xunjia/xunjia/store"
)

// certification is one that the user can submit.
func (m market) certification(t *testing.T, userID int64, key string) xunjia.Certification {
	t.Helper()
	if err := m.CreateMedia(t.Context(), xunjia.Media{Key: xunjia.PrivatePrefix + key, OwnerID: userID}); err != nil {
		t.Fatal(err)
	}
	return xunjia.Certification{Kind: xunjia.EnterpriseCertification, Name: "岷山药材", Code: "91350100M000100Y43", Person: "陈国强",
		Documents: []string{xunjia.PrivatePrefix + key}}
}

func TestCertification(t *testing.T) {
	eachMarket(t, func(t *testing.T, m market) {
		ctx, user := t.Context(), m.supplier.ID
		typed := m.certification(t, user, "one")
		_, err := m.SubmitCertification(ctx, m.next.ID, typed)
		wantCode(t, "somebody else's picture", err, xunjia.Invalid)
		if n := rows(t, m.Store, "certification"); n != 0 {
			t.Errorf("%d certifications are left of a wrong form", n)
		}
		c, err := m.SubmitCertification(ctx, user, typed)
		if err != nil {
			t.Fatal(err)
		}
		_, err = m.SubmitCertification(ctx, user, typed)
		wantCode(t, "a second one", err, xunjia.Conflict)
		wantCode(t, "withdrawn by somebody else", m.WithdrawCertification(ctx, c.ID, m.next.ID), xunjia.NotFound)
		if err := m.WithdrawCertification(ctx, c.ID, user); err != nil {
			t.Fatal(err)
		}
		wantCode(t, "approved after it was withdrawn", m.ReviewCertification(ctx, c.ID, 1, xunjia.Review{Action: xunjia.ApproveCertification, Until: m.clock.now().Add(time.Hour)}), xunjia.Conflict)

		until := m.clock.now().AddDate(0, 2, 0)
		approve := func(until time.Time) xunjia.Certification {
			t.Helper()
			c, err := m.SubmitCertification(ctx, user, typed)
			if err != nil {
				t.Fatal(err)
			}
			if err := m.ReviewCertification(ctx, c.ID, 1, xunjia.Review{Action: xunjia.ApproveCertification, Until: until}); err != nil {
				t.Fatal(err)
			}
			return c
		}
		first := approve(until)
		if u, _ := m.User(ctx, user); !u.Certified(m.clock.now()) || !u.CertifiedUntil.Equal(until) {
			t.Errorf("certified until %v", u.CertifiedUntil)
		}
		second := approve(until)
		if c, _ := m.Certification(ctx, first.ID); c.State != xunjia.CertificationReplaced {
			t.Errorf("the earlier one is %s", c.State)
		}

		// Reminded twice, ended once.
		remind := func(want int) {
			t.Helper()
			for range 2 {
				if _, err := m.EndCertifications(ctx, 10); err != nil {
					t.Fatal(err)
				}
			}
			if n := rows(t, m.Store, "event WHERE kind = 'certification.ends'"); n != want {
				t.Errorf("%d reminders, want %d", n, want)
			}
		}
		remind(0)
		m.clock.set(until.Add(-29 * 24 * time.Hour))
		remind(1)
		m.clock.set(until.Add(-6 * 24 * time.Hour))
		remind(2)
		m.clock.set(until)
		remind(2)
		if c, _ := m.Certification(ctx, second.ID); c.State != xunjia.CertificationExpired {
			t.Errorf("at its end it is %s", c.State)
		}
		if u, _ := m.User(ctx, user); !u.CertifiedUntil.IsZero() {
			t.Errorf("certified until %v", u.CertifiedUntil)
		}

		// Another name needs another certification.
		third := approve(m.clock.now().AddDate(0, 1, 0))
		p := xunjia.Profile{Kind: xunjia.Trader, Name: m.supplier.Name, Area: "510106"}
		if _, err := m.SaveProfile(ctx, user, p); err != nil {
			t.Fatal(err)
		}
		if u, _ := m.User(ctx, user); !u.Certified(m.clock.now()) {
			t.Error("a profile with the same name ended the certification")
		}
		p.Name = "换了名字"
		if u, err := m.SaveProfile(ctx, user, p); err != nil || u.Certified(m.clock.now()) {
			t.Errorf("certified under another name: %v, %v", u.CertifiedUntil, err)
		}
		if c, _ := m.Certification(ctx, third.ID); c.State != xunjia.CertificationRevoked || c.Reason == "" {
			t.Errorf("after the change of name it is %s, %q", c.State, c.Reason)
		}
	})
}

// Two members of staff decide at once; one of them does.
func TestReviewAtOnce(t *testing.T) {
	eachIsolation(t, func(t *testing.T, m market, stores [2]*store.Store) {
		c, err := m.SubmitCertification(t.Context(), m.supplier.ID, m.certification(t, m.supplier.ID, "one"))
		if err != nil {
			t.Fatal(err)
		}
		n := atOnce(t, stores, 10, xunjia.Conflict, func(s *store.Store, i int) error {
			r := xunjia.Review{Action: xunjia.ApproveCertification, Until: m.clock.now().AddDate(1, 0, 0)}
			if i%2 == 0 {
				r = xunjia.Review{Action: xunjia.RejectCertification, Reason: "看不清"}
			}
			return s.ReviewCertification(t.Context(), c.ID, int64(i+1), r)
		})
		if events := rows(t, m.Store, "event WHERE kind = 'certification.done'"); n != 1 || events != 1 {
			t.Errorf("%d decided, %d events", n, events)
		}
	})
}

func TestFiguresOfSomebody(t *testing.T) {
	eachMarket(t, func(t *testing.T, m market) {
		ctx := t.Context()
		for i := range 6 {
			p := m.publish(t, "黄连")
			q := m.quote(t, p, m.supplier.ID, xunjia.Fen(100+i))
			m.clock.advance(2 * time.Hour)
			if i < 5 {
				if _, err := m.AnswerQuote(ctx, q.ID, m.buyer.ID, xunjia.Answer{Action: xunjia.Accept, Revision: 1}); err != nil {
					t.Fatal(err)
				}
			}
		}
		f, err := m.Figures(ctx, m.buyer.ID)
		if percent, known := f.ReplyRate(); err != nil || !known || percent != 100 || f.Purchases != 6 || f.AnswerHours != 2 {
			t.Errorf("%+v, %v", f, err)
		}
		// The sixth counts once it has waited too long; the figures of before are shown for an hour.
		m.clock.advance(30 * time.Minute)
		if again, _ := m.Figures(ctx, m.buyer.ID); again != f {
			t.Errorf("counted anew within the hour: %+v", again)
		}
		m.clock.advance(xunjia.AnswerTime)
		if f, err = m.Figures(ctx, m.buyer.ID); err != nil || f.Due != 6 || f.Answered != 5 {
			t.Errorf("%+v, %v", f, err)
		}
		if f, err := m.Figures(ctx, m.supplier.ID); err != nil || f.Quotes != 6 || f.Chosen != 5 {
			t.Errorf("the supplier's: %+v, %v", f, err)
		}
	})
}

func TestShowcase(t *testing.T) {
	eachMarket(t, func(t *testing.T, m market) {
		ctx := t.Context()
		picture := m.picture(t, "show", m.supplier.ID)
		if err := m.SaveShowcase(ctx, m.supplier.ID, xunjia.Showcase{Text: " 自有基地 ", Pictures: []string{picture.Media}}); err != nil {
			t.Fatal(err)
		}
		wantCode(t, "somebody else's picture", m.SaveShowcase(ctx, m.next.ID, xunjia.Showcase{Pictures: []string{picture.Media}}), xunjia.Invalid)
		show, err := m.Showcase(ctx, m.supplier.ID)
		if err != nil || show.Text != "自有基地" || len(show.Pictures) != 1 {
			t.Errorf("%+v, %v", show, err)
		}
	})
}
