package xunjia

import (
	"strings"
	"testing"
	"time"
)

func TestQuota(t *testing.T) {
	now := noon() // a Monday
	plain, certified, lapsed := User{}, User{CertifiedUntil: now.Add(1)}, User{CertifiedUntil: now}
	for _, c := range []struct {
		u    User
		used int
		ok   bool
	}{
		{plain, 0, true}, {plain, WeeklyQuotes - 1, true}, {plain, WeeklyQuotes, false},
		{certified, WeeklyQuotes, true}, {certified, WeeklyQuotesCertified - 1, true}, {certified, WeeklyQuotesCertified, false},
		{lapsed, WeeklyQuotes, false},
	} {
		err := c.u.CheckQuota(c.used, now)
		if (err == nil) != c.ok || err != nil && ErrorCode(err) != RateLimited {
			t.Errorf("%v after %d: %v", c.u.CertifiedUntil, c.used, err)
		}
	}
	if text := plain.CheckQuota(WeeklyQuotes, now).Error(); !strings.Contains(text, "11月30日") || !strings.Contains(text, "认证") {
		t.Error(text)
	}
	if text := certified.CheckQuota(WeeklyQuotesCertified, now).Error(); strings.Contains(text, "认证后") {
		t.Error(text)
	}
}

// The week changes on Monday at midnight in China, wherever the server stands.
func TestWeek(t *testing.T) {
	sunday := time.Date(2026, 11, 29, 23, 59, 59, 0, China())
	monday := sunday.Add(time.Second)
	if Week(sunday) != 202648 || Week(monday) != 202649 || Week(sunday.UTC()) != 202648 {
		t.Errorf("%d, %d", Week(sunday), Week(monday))
	}
	if got := NextWeek(sunday); !got.Equal(monday) {
		t.Errorf("after Sunday comes %v", got)
	}
	if got := NextWeek(monday); !got.Equal(monday.AddDate(0, 0, 7)) {
		t.Errorf("after Monday comes %v", got)
	}
	if got := Week(time.Date(2027, 1, 1, 0, 0, 0, 0, China())); got != 202653 {
		t.Errorf("the first of January 2027 is in week %d", got)
	}
}

func TestCheckDecline(t *testing.T) {
	now := noon()
	p := Purchase{ID: 7, BuyerID: 1, Status: WaitingForQuote, Terms: Terms{Deadline: now.Add(time.Hour)}}
	l := Line{ID: 5, Status: WaitingForQuote}
	supplier := User{ID: 2}
	for name, c := range map[string]struct {
		q      Quote
		by     User
		reason string
		at     time.Time
		want   Code
	}{
		"fine":              {Quote{}, supplier, " 没有这种货 ", now, ""},
		"after taking back": {Quote{ID: 9, State: Withdrawn}, supplier, "没有货", now, ""},
		"quote stands":      {Quote{ID: 9, State: Pending}, supplier, "没有货", now, Conflict},
		"refused quote":     {Quote{ID: 9, State: Refused}, supplier, "没有货", now, Conflict},
		"no reason":         {Quote{}, supplier, " ", now, Invalid},
		"long reason":       {Quote{}, supplier, strings.Repeat("长", maxDeclineReason+1), now, Invalid},
		"own purchase":      {Quote{}, User{ID: 1}, "没有货", now, Forbidden},
		"too late":          {Quote{}, supplier, "没有货", p.Deadline, Conflict},
	} {
		got, err := p.CheckDecline(l, c.q, c.by, c.reason, c.at)
		if ErrorCode(err) != c.want || err == nil && got != strings.TrimSpace(c.reason) {
			t.Errorf("%s: %q, %v", name, got, err)
		}
	}
}

func TestOfferForALine(t *testing.T) {
	now := noon()
	for name, c := range map[string]struct {
		offer Offer
		unit  Unit
		field string
	}{
		"same":        {Offer{Unit: "件"}, "件", ""},
		"weights":     {Offer{Unit: "斤"}, "公斤", ""},
		"as the line": {Offer{}, "公斤", ""},
		"pieces":      {Offer{Unit: "公斤"}, "件", "unit"},
		"nonsense":    {Offer{Unit: "光年"}, "公斤", "unit"},
		"over":        {Offer{ValidUntil: now}, "公斤", "valid_until"},
		"holds":       {Offer{ValidUntil: now.Add(1)}, "公斤", ""},
		"too long":    {Offer{ValidUntil: now.Add(MaxValidity + 1)}, "公斤", "valid_until"},
	} {
		err := c.offer.CheckFor(Line{Unit: c.unit}, now)
		if c.field == "" && err != nil || c.field != "" && wrongField(err, c.field) == "" {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// An offer that has expired is not accepted until its supplier renews it, but it
// can be refused.
func TestExpiredOffer(t *testing.T) {
	now := noon()
	p := Purchase{ID: 7, BuyerID: 1, Status: QuotingEnded}
	q := Quote{ID: 9, PurchaseID: 7, SupplierID: 2, Revision: 1, Offer: Offer{Price: 100, Unit: "公斤", ValidUntil: now}, Counter: Counter{Price: 90}}
	buyer := User{ID: 1}
	for _, c := range []struct {
		at     time.Time
		action QuoteAction
		want   Code
	}{{now.Add(-1), Accept, ""}, {now, Accept, Conflict}, {now, Refuse, ""}} {
		if _, err := q.Answered(p, buyer, Answer{Action: c.action, Message: "太贵了", Revision: 1}, c.at); ErrorCode(err) != c.want {
			t.Errorf("%s at %v: %v", c.action, c.at, err)
		}
	}
	l := Line{Unit: "公斤", Status: QuotingEnded}
	if _, err := q.CounterTaken(p, l, 2, 90, now); ErrorCode(err) != Conflict {
		t.Errorf("a counter-offer taken with an expired offer: %v", err)
	}
	until := now.Add(48 * time.Hour)
	for name, c := range map[string]struct {
		change func(*Purchase, *Line, *Quote)
		by     int64
		until  time.Time
		want   Code
	}{
		"fine":      {func(*Purchase, *Line, *Quote) {}, 2, until, ""},
		"stranger":  {func(*Purchase, *Line, *Quote) {}, 1, until, NotFound},
		"past":      {func(*Purchase, *Line, *Quote) {}, 2, now, Invalid},
		"closed":    {func(p *Purchase, _ *Line, _ *Quote) { p.Status = Closed }, 2, until, Conflict},
		"line gone": {func(_ *Purchase, l *Line, _ *Quote) { l.Status = Closed }, 2, until, Conflict},
		"bought":    {func(p *Purchase, _ *Line, _ *Quote) { p.Status = Purchased }, 2, until, Conflict},
		"answered":  {func(_ *Purchase, _ *Line, q *Quote) { q.State = Refused }, 2, until, Conflict},
	} {
		p, l, q := p, l, q
		c.change(&p, &l, &q)
		o, err := q.Renewed(p, l, c.by, c.until, now)
		if ErrorCode(err) != c.want || err == nil && (!o.ValidUntil.Equal(until) || o.Price != q.Price) {
			t.Errorf("%s: %+v, %v", name, o, err)
		}
	}
}
