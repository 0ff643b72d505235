package xunjia

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestQuietEnds(t *testing.T) {
	night, lunch := Quiet{22 * 60, 8 * 60}, Quiet{12 * 60, 13*60 + 30}
	at := func(clock string) time.Time {
		v, err := time.ParseInLocation("2006-01-02 15:04:05", "2026-11-23 "+clock, China())
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	for _, c := range []struct {
		quiet Quiet
		at    string
		want  string // clock, +1 for the next day, "" for at once
	}{
		{night, "21:59:59", ""},
		{night, "22:00:00", "08:00 +1"},
		{night, "23:59:59", "08:00 +1"},
		{night, "00:00:00", "08:00"},
		{night, "07:59:59", "08:00"},
		{night, "08:00:00", ""},
		{lunch, "11:59:59", ""},
		{lunch, "12:00:00", "13:30"},
		{lunch, "13:29:59", "13:30"},
		{lunch, "13:30:00", ""},
		{Quiet{}, "03:00:00", ""},
		{Quiet{600, 600}, "10:00:00", ""},
	} {
		now := at(c.at)
		want := now
		if clock, next, _ := strings.Cut(c.want, " "); c.want != "" {
			want = at(clock + ":00")
			if next != "" {
				want = want.AddDate(0, 0, 1)
			}
		}
		if got := c.quiet.End(now); !got.Equal(want) {
			t.Errorf("%v at %s ends %v, not %v", c.quiet, c.at, got, want)
		}
	}
}

func TestParseQuiet(t *testing.T) {
	for text, want := range map[string]Quiet{"22:00-08:00": {1320, 480}, "off": {}, "00:30-00:31": {30, 31}} {
		if got, err := ParseQuiet(text); err != nil || got != want {
			t.Errorf("%s: %v, %v", text, got, err)
		}
	}
	for _, text := range []string{"", "22-8", "22:00", "24:00-08:00", "22:00-08:60", "22:00-08:00-09:00"} {
		if _, err := ParseQuiet(text); ErrorCode(err) != Invalid {
			t.Errorf("%q: %v", text, err)
		}
	}
}

func TestPlan(t *testing.T) {
	day, night := noon(), noon().Add(11*time.Hour)
	morning := noon().Add(20 * time.Hour)
	quiet := DefaultPreferences(Quiet{22 * 60, 8 * 60})
	off, digest, noSMS := quiet, quiet, quiet
	off.Off = map[EventKind][]Channel{QuoteCreated: {WeChatChannel}}
	digest.Digest, noSMS.NoSMS = 18*60, true
	for name, c := range map[string]struct {
		p       Preferences
		kind    EventKind
		channel Channel
		now     time.Time
		expires time.Time
		at      time.Time
		skip    string // a part of the reason
	}{
		"by day":              {quiet, QuoteCreated, WeChatChannel, day, time.Time{}, day, ""},
		"by night":            {quiet, QuoteCreated, WeChatChannel, night, time.Time{}, morning, ""},
		"urgent by night":     {quiet, DeviceLogin, WeChatChannel, night, time.Time{}, night, ""},
		"over by morning":     {quiet, PurchasePublished, WeChatChannel, night, morning, morning, "已经过期"},
		"still of use":        {quiet, PurchasePublished, WeChatChannel, night, morning.Add(1), morning, ""},
		"off":                 {off, QuoteCreated, WeChatChannel, day, time.Time{}, day, "不要这类消息的微信通知"},
		"other channel":       {off, QuoteCreated, SMSChannel, day, time.Time{}, day, ""},
		"other kind":          {off, QuoteRevised, WeChatChannel, day, time.Time{}, day, ""},
		"no SMS":              {noSMS, QuoteCreated, SMSChannel, day, time.Time{}, day, "退订了短信"},
		"no SMS, but WeChat":  {noSMS, QuoteCreated, WeChatChannel, day, time.Time{}, day, ""},
		"code all the same":   {noSMS, CodeRequested, SMSChannel, night, time.Time{}, night, ""},
		"into the digest":     {digest, PurchasePublished, WeChatChannel, day, time.Time{}, day, "18:00 的每日汇总"},
		"not into the digest": {digest, QuoteCreated, WeChatChannel, day, time.Time{}, day, ""},
		"the digest at night": {digest, DigestDue, WeChatChannel, night, time.Time{}, morning, ""},
	} {
		got := c.p.Plan(c.kind.Spec(), c.channel, c.now, c.expires)
		if !got.At.Equal(c.at) || !strings.Contains(got.Skip, c.skip) || (got.Skip == "") != (c.skip == "") {
			t.Errorf("%s: %+v, not at %v, skip %q", name, got, c.at, c.skip)
		}
		if waits := got.At.After(c.now) && got.Skip == ""; waits != (got.Note != "" && got.Skip == "") {
			t.Errorf("%s: the note is %q", name, got.Note)
		}
	}
}

func TestPreferencesValidate(t *testing.T) {
	ok := DefaultPreferences(Quiet{1320, 480})
	ok.Off = map[EventKind][]Channel{QuoteCreated: {SMSChannel, WeChatChannel, SMSChannel}, QuoteRevised: {}}
	ok.Categories = []int64{3, 1, 3}
	if err := ok.Validate(); err != nil {
		t.Fatal(err)
	}
	if got := ok.Off[QuoteCreated]; len(ok.Off) != 1 || len(got) != 2 || !slices.Equal(ok.Categories, []int64{1, 3}) {
		t.Errorf("kept %v, %v", ok.Off, ok.Categories)
	}
	for field, change := range map[string]func(*Preferences){
		"quiet":      func(p *Preferences) { p.Quiet.From = 24 * 60 },
		"digest":     func(p *Preferences) { p.Digest = -2 },
		"categories": func(p *Preferences) { p.Categories = make([]int64, MaxMutedCategories+1) },
		"off":        func(p *Preferences) { p.Off = map[EventKind][]Channel{CodeRequested: {SMSChannel}} },
	} {
		p := DefaultPreferences(Quiet{})
		change(&p)
		if err := p.Validate(); wrongField(err, field) == "" {
			t.Errorf("%s: %v", field, err)
		}
	}
	p := DefaultPreferences(Quiet{})
	p.Off = map[EventKind][]Channel{QuoteRevised: {SMSChannel}} // is never sent by SMS
	if p.Validate() == nil {
		t.Error("a channel that the kind does not use was taken")
	}
}

func TestMute(t *testing.T) {
	p := DefaultPreferences(Quiet{})
	if err := p.Mute(QuoteCreated); err != nil || p.Carries(QuoteCreated, WeChatChannel) || p.Carries(QuoteCreated, SMSChannel) || !p.Carries(QuoteRevised, WeChatChannel) {
		t.Errorf("%v, %v", err, p.Off)
	}
	for _, kind := range []EventKind{CodeRequested, DeviceLogin, TaskDone, "no.such"} {
		if ErrorCode(p.Mute(kind)) != Conflict {
			t.Errorf("%s was muted", kind)
		}
	}
}

func wrongField(err error, field string) string {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Fields[field]
	}
	return ""
}
