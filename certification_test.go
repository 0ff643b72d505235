package xunjia

import (
	"testing"
	"time"
)

func TestCreditCode(t *testing.T) {
	// Codes of the standard's own examples and of made-up bodies, check digit
	// worked out by hand.
	for _, good := range []string{"91350100M000100Y43"} {
		if !ValidCreditCode(good) {
			t.Errorf("%s is refused", good)
		}
	}
	for _, bad := range []string{"", "91350100M000100Y4", "91350100M000100Y433", "91350100M000100Y44", "91350100I000100Y43", "91350100m000100Y43", "9135010OM000100Y43"} {
		if ValidCreditCode(bad) {
			t.Errorf("%s is taken", bad)
		}
	}
	// Any single wrong digit is noticed.
	good := "91350100M000100Y43"
	for i := range good {
		for _, r := range creditAlphabet {
			if bad := good[:i] + string(r) + good[i+1:]; bad != good && ValidCreditCode(bad) {
				t.Errorf("%s is taken", bad)
			}
		}
	}
}

func TestCertificationValidate(t *testing.T) {
	now := noon()
	good := func() Certification {
		return Certification{Kind: EnterpriseCertification, Name: " 岷山药材 ", Code: "91350100m000100y43", Person: "陈国强", Documents: []string{"p-a"}, LicenceUntil: now.Add(1)}
	}
	c := good()
	if err := c.Validate(now); err != nil || c.Name != "岷山药材" || c.Code != "91350100M000100Y43" {
		t.Errorf("%+v, %v", c, err)
	}
	for field, change := range map[string]func(*Certification){
		"kind":          func(c *Certification) { c.Kind = 9 },
		"name":          func(c *Certification) { c.Name = "药" },
		"person":        func(c *Certification) { c.Person = "" },
		"code":          func(c *Certification) { c.Code = "123" },
		"licence_until": func(c *Certification) { c.LicenceUntil = now },
		"documents":     func(c *Certification) { c.Documents = nil },
	} {
		c := good()
		change(&c)
		if err := c.Validate(now); wrongField(err, field) == "" {
			t.Errorf("%s: %v", field, err)
		}
	}
	grower := Certification{Kind: GrowerCertification, Name: "黄水村基地", Person: "张三", Code: "nonsense", Documents: []string{"p-a"}}
	if err := grower.Validate(now); err != nil || grower.Code != "" {
		t.Errorf("a grower: %+v, %v", grower, err)
	}
}

func TestReviewed(t *testing.T) {
	now := noon()
	waiting := Certification{ID: 1, UserID: 2, LicenceUntil: now.AddDate(1, 0, 0)}
	approved := waiting
	approved.State = CertificationApproved
	until := now.AddDate(0, 6, 0)
	for name, c := range map[string]struct {
		from  Certification
		r     Review
		want  Code
		field string
	}{
		"approve":             {waiting, Review{Action: ApproveCertification, Until: until}, "", ""},
		"until now":           {waiting, Review{Action: ApproveCertification, Until: now}, Invalid, "until"},
		"beyond the licence":  {waiting, Review{Action: ApproveCertification, Until: now.AddDate(2, 0, 0)}, Invalid, "until"},
		"reject":              {waiting, Review{Action: RejectCertification, Reason: "照片看不清"}, "", ""},
		"reject for nothing":  {waiting, Review{Action: RejectCertification}, Invalid, "reason"},
		"revoke what waits":   {waiting, Review{Action: RevokeCertification, Reason: "造假"}, Conflict, ""},
		"approve twice":       {approved, Review{Action: ApproveCertification, Until: until}, Conflict, ""},
		"revoke":              {approved, Review{Action: RevokeCertification, Reason: "证照造假"}, "", ""},
		"nothing that is one": {waiting, Review{Action: ExpireCertification}, Invalid, ""},
	} {
		got, err := c.from.Reviewed(c.r, 9, now)
		if ErrorCode(err) != c.want || c.field != "" && wrongField(err, c.field) == "" || err == nil && got.ReviewedBy != 9 {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
	}
}

func TestFigures(t *testing.T) {
	few, many := Figures{Due: 4, Answered: 4, AnswerHours: 2}, Figures{Due: 8, Answered: 6, AnswerHours: 5, Ratings: 3, Stars: 14}
	if _, known := few.ReplyRate(); known || few.AnswerClock() != "" {
		t.Error("four quotes say something")
	}
	if p, known := many.ReplyRate(); !known || p != 75 || many.AnswerClock() != "约 5 小时" || many.Average() != 47 {
		t.Errorf("%d%%, %s, %d", p, many.AnswerClock(), many.Average())
	}
	for hours, want := range map[int]string{0: "1 小时内", 47: "约 47 小时", 48: "约 2 天", 71: "约 3 天"} {
		if got := (Figures{Answered: 9, AnswerHours: hours}).AnswerClock(); got != want {
			t.Errorf("%d hours are %s", hours, got)
		}
	}
}

func TestCertifiedUntil(t *testing.T) {
	now := time.Now()
	if (User{}).Certified(now) || !(User{CertifiedUntil: now.Add(1)}).Certified(now) || (User{CertifiedUntil: now}).Certified(now) {
		t.Error("the end of a certification is wrong")
	}
}
