package templates

import (
	"strconv"
	"time"

	"github.com/xunjia/xunjia"
)

// CertificationPage shows how the reader's certification stands.
type CertificationPage struct {
	Layout
	Certified bool
	Until     time.Time
	Waiting   *xunjia.Certification // that staff have to review; nil for none
	History   []xunjia.Certification
	Next      string
	Form      Form // kind, name, code, person, licence_until, documents
	Now       time.Time
}

// Template implements Page.
func (*CertificationPage) Template() string { return "certification" }

// Script is as for PublishPage.
func (*CertificationPage) Script() string { return businessScript }

// Kinds are what one can be certified as.
func (p *CertificationPage) Kinds() []Option {
	return numbered(xunjia.CertificationKinds(), p.Form.Value("kind"))
}

// Today is the first day that a licence can end.
func (p *CertificationPage) Today() string { return p.Now.In(xunjia.China()).Format(time.DateOnly) }

// Quota tells what certification brings.
func (*CertificationPage) Quota() string {
	return "每周新报价从 " + strconv.Itoa(xunjia.WeeklyQuotes) + " 次提高到 " + strconv.Itoa(xunjia.WeeklyQuotesCertified) + " 次"
}

// AdminCertificationsPage lists certifications.
type AdminCertificationsPage struct {
	Layout
	State xunjia.CertificationState
	Tabs  []Option
	Rows  []CertificationRow
	Next  string // address; "" at the end
}

// Template implements Page.
func (*AdminCertificationsPage) Template() string { return "admin/certifications" }

// CertificationRow is a certification in the list.
type CertificationRow struct {
	xunjia.Certification
	User xunjia.User
}

// AdminCertificationPage is one certification.
type AdminCertificationPage struct {
	Layout
	Certification xunjia.Certification
	User          xunjia.User
	Phone         string // masked
	Form          Form   // until, reason
}

// Template implements Page.
func (*AdminCertificationPage) Template() string { return "admin/certification" }

// Renamed tells whether the licence names somebody else than the account.
func (p *AdminCertificationPage) Renamed() bool { return p.User.Name != p.Certification.Name }

// ProfilePage is the public page of somebody.
type ProfilePage struct {
	Layout
	Member    xunjia.User
	Name      string // as the reader may see it
	Certified bool
	Mine      bool
	Figures   xunjia.Figures
	Showcase  xunjia.Showcase
	Ratings   []ProfileRating
	Next      string
}

// Template implements Page.
func (*ProfilePage) Template() string { return "profile" }

// Pictures implements the choice of the viewer.
func (*ProfilePage) Pictures() bool { return true }

// ProfileRating is a rating with who gave it, masked.
type ProfileRating struct {
	xunjia.Rating
	By string
}

// Average is the average of the ratings: 4.8; "" without any.
func (p *ProfilePage) Average() string {
	if p.Figures.Ratings == 0 {
		return ""
	}
	a := p.Figures.Average()
	return strconv.Itoa(a/10) + "." + strconv.Itoa(a%10)
}

// ReplyRate is 95%, or that there are too few quotes to tell.
func (p *ProfilePage) ReplyRate() string {
	if percent, known := p.Figures.ReplyRate(); known {
		return strconv.Itoa(percent) + "%"
	}
	return "样本不足"
}

// AnswerClock tells how fast he answers, or that there are too few answers.
func (p *ProfilePage) AnswerClock() string {
	if text := p.Figures.AnswerClock(); text != "" {
		return text
	}
	return "样本不足"
}

// Images are the pictures of the showcase as the partial "photos" takes them.
func (p *ProfilePage) Images() []xunjia.Attachment {
	var list []xunjia.Attachment
	for _, key := range p.Showcase.Pictures {
		list = append(list, xunjia.Attachment{Media: key, Type: xunjia.OtherFile})
	}
	return list
}

// ShowcasePage edits what the reader shows of himself.
type ShowcasePage struct {
	Layout
	Form Form // text, pictures
	Me   int64
}

// Template implements Page.
func (*ShowcasePage) Template() string { return "showcase" }

// Script is as for PublishPage.
func (*ShowcasePage) Script() string { return businessScript }

func certificationSamples(now time.Time) []Sample {
	buyer, coop, _ := sampleUsers()
	c := xunjia.Certification{ID: 3, UserID: 2, Kind: xunjia.EnterpriseCertification, Name: "岷山药材有限公司", Code: "91350100M000100Y43", Person: "陈国强",
		Documents: []string{"p-sample"}, SubmittedAt: now.Add(-20 * time.Hour), LicenceUntil: now.AddDate(2, 0, 0)}
	done := c
	done.State, done.Until = xunjia.CertificationApproved, now.AddDate(1, 0, 0)
	rejected := c
	rejected.State, rejected.Reason = xunjia.CertificationRejected, "营业执照照片看不清，请重拍"
	layout := func() Layout { return sampleLayout("认证", MeTab) }
	values := func(c xunjia.Certification) Form {
		return Form{Values: map[string][]string{"kind": {"1"}, "name": {c.Name}, "code": {c.Code}, "person": {c.Person}, "documents": {"p-sample"}}}
	}
	wrong := values(c)
	wrong.Message, wrong.Errors = "请检查标出的内容", map[string]string{"code": "统一社会信用代码不对，应是 18 位，请照营业执照核对"}
	var tabs []Option
	for _, s := range xunjia.CertificationStates() {
		tabs = append(tabs, Option{Value: strconv.Itoa(int(s)), Text: s.String(), Selected: s == 0})
	}
	profile := &ProfilePage{Layout: sampleLayout(coop.Name, ""), Member: coop, Name: coop.Name, Certified: true, Showcase: xunjia.Showcase{Text: "自有基地两千亩，\n统货、选货都有，可到产地看货。", Pictures: []string{"sample", "sample2"}},
		Figures: xunjia.Figures{Quotes: 128, Chosen: 31, Sold: 12, Purchases: 9, Bought: 4, Due: 40, Answered: 38, AnswerHours: 5, Ratings: 11, Stars: 53},
		Ratings: []ProfileRating{{xunjia.Rating{Stars: 5, Comment: "货和照片一样，发货快", CreatedAt: now}, "华**堂"}, {xunjia.Rating{Stars: 4, CreatedAt: now}, "安国**公司"}}}
	fresh := &ProfilePage{Layout: sampleLayout(buyer.Name, ""), Member: buyer, Name: buyer.MaskedName(), Mine: true}
	console := func() Layout { return sampleConsole("供应商认证", "/admin/certifications") }
	return []Sample{
		{"certification", &CertificationPage{Layout: layout(), Form: values(c), Now: now}},
		{"certification waiting", &CertificationPage{Layout: layout(), Waiting: &c, History: []xunjia.Certification{c, rejected}, Form: values(c), Now: now}},
		{"certification done", &CertificationPage{Layout: layout(), Certified: true, Until: done.Until, History: []xunjia.Certification{done, rejected}, Form: values(c), Now: now}},
		{"certification errors", &CertificationPage{Layout: layout(), History: []xunjia.Certification{rejected}, Form: wrong, Now: now}},
		{"admin/certifications", &AdminCertificationsPage{Layout: console(), Tabs: tabs, Rows: []CertificationRow{{c, coop}}}},
		{"admin/certifications empty", &AdminCertificationsPage{Layout: console(), Tabs: tabs}},
		{"admin/certification", &AdminCertificationPage{Layout: console(), Certification: c, User: coop, Phone: coop.Phone.Masked(), Form: Form{Values: map[string][]string{"until": {"2027-11-26"}}}}},
		{"admin/certification done", &AdminCertificationPage{Layout: console(), Certification: done, User: coop, Phone: coop.Phone.Masked()}},
		{"profile", profile}, {"profile new", fresh},
		{"showcase", &ShowcasePage{Layout: sampleLayout("公开主页", MeTab), Me: 2, Form: Form{Values: map[string][]string{"text": {profile.Showcase.Text}, "pictures": {"sample"}}}}},
	}
}
