package xunjia

import (
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// CertificationKind is what somebody is certified as. The numbers are stored.
type CertificationKind int

// The kinds.
const (
	EnterpriseCertification CertificationKind = 1 // 企业
	ShopCertification       CertificationKind = 2 // 个体工商户
	GrowerCertification     CertificationKind = 3 // 种植户, who has no licence
)

// CertificationKinds lists every kind in the order of forms.
func CertificationKinds() []CertificationKind {
	return []CertificationKind{EnterpriseCertification, ShopCertification, GrowerCertification}
}

// String is the kind's Chinese name.
func (k CertificationKind) String() string {
	switch k {
	case EnterpriseCertification:
		return "企业"
	case ShopCertification:
		return "个体工商户"
	case GrowerCertification:
		return "种植户"
	}
	return ""
}

// Licensed tells whether the kind has a business licence with a code.
func (k CertificationKind) Licensed() bool {
	return k == EnterpriseCertification || k == ShopCertification
}

// CertificationState tells how far a certification has come. The numbers are
// stored.
type CertificationState int

// The states. CertificationAction tells who moves one between them.
const (
	CertificationSubmitted CertificationState = 0 // 待审核
	CertificationApproved  CertificationState = 1 // 已通过
	CertificationRejected  CertificationState = 2 // 未通过
	CertificationWithdrawn CertificationState = 3 // 已撤回
	CertificationRevoked   CertificationState = 4 // 已撤销
	CertificationExpired   CertificationState = 5 // 已过期
	CertificationReplaced  CertificationState = 6 // 已更新, by a newer one
)

// CertificationStates lists every state.
func CertificationStates() []CertificationState {
	return []CertificationState{CertificationSubmitted, CertificationApproved, CertificationRejected, CertificationWithdrawn,
		CertificationRevoked, CertificationExpired, CertificationReplaced}
}

// String is the state's Chinese name.
func (s CertificationState) String() string {
	switch s {
	case CertificationSubmitted:
		return "待审核"
	case CertificationApproved:
		return "已通过"
	case CertificationRejected:
		return "未通过"
	case CertificationWithdrawn:
		return "已撤回"
	case CertificationRevoked:
		return "已撤销"
	case CertificationExpired:
		return "已过期"
	case CertificationReplaced:
		return "已更新"
	}
	return ""
}

// CertificationAction moves a certification from one state to another.
type CertificationAction string

// The actions.
const (
	ApproveCertification  CertificationAction = "approve"  // by staff
	RejectCertification   CertificationAction = "reject"   // by staff, with a reason
	WithdrawCertification CertificationAction = "withdraw" // by who submitted it
	RevokeCertification   CertificationAction = "revoke"   // by staff, with a reason; when the registered name changes
	ExpireCertification   CertificationAction = "expire"   // by the clock
	ReplaceCertification  CertificationAction = "replace"  // when a newer one is approved
)

// CertificationActions lists every action.
func CertificationActions() []CertificationAction {
	return []CertificationAction{ApproveCertification, RejectCertification, WithdrawCertification, RevokeCertification, ExpireCertification, ReplaceCertification}
}

// After is the transition table of certifications: the state that the action
// leads to, or a Conflict that says why it is not possible.
func (s CertificationState) After(a CertificationAction) (CertificationState, error) {
	switch {
	case s == CertificationSubmitted && a == ApproveCertification:
		return CertificationApproved, nil
	case s == CertificationSubmitted && a == RejectCertification:
		return CertificationRejected, nil
	case s == CertificationSubmitted && a == WithdrawCertification:
		return CertificationWithdrawn, nil
	case s == CertificationApproved && a == RevokeCertification:
		return CertificationRevoked, nil
	case s == CertificationApproved && a == ExpireCertification:
		return CertificationExpired, nil
	case s == CertificationApproved && a == ReplaceCertification:
		return CertificationReplaced, nil
	}
	return s, Errorf(Conflict, "这份认证现在是“%s”，不能进行这个操作", s)
}

// Limits of certifications.
const (
	MaxDocuments      = 9
	MaxCertification  = 3 * 366 * 24 * time.Hour // that staff can give
	CertificationYear = 365 * 24 * time.Hour     // that the console proposes
	maxLegalName      = 60
	maxPersonName     = 20
)

// Certification is what somebody submitted to be certified.
type Certification struct {
	ID           int64
	UserID       int64
	Kind         CertificationKind
	Name         string    // as registered
	Code         string    // unified social credit code; "" for growers
	Person       string    // who answers for it
	LicenceUntil time.Time // zero: the licence has no end
	Documents    []string  // keys of private pictures
	State        CertificationState
	Reason       string    // why it was rejected or revoked
	Until        time.Time // of an approved one
	SubmittedAt  time.Time
	ReviewedAt   time.Time // zero before
	ReviewedBy   int64     // staff id
}

// Validate trims what was typed and reports every field that is wrong: kind,
// name, code, person, licence_until, documents.
func (c *Certification) Validate(now time.Time) error {
	f := FieldErrors{}
	c.Name, c.Person = strings.TrimSpace(c.Name), strings.TrimSpace(c.Person)
	c.Code = strings.ToUpper(strings.TrimSpace(c.Code))
	if c.Kind.String() == "" {
		f.Add("kind", "请选择认证类型")
	}
	if utf8.RuneCountInString(c.Name) < 2 {
		f.Add("name", "请填写证照上的名称")
	}
	checkText(f, "name", c.Name, maxLegalName)
	if utf8.RuneCountInString(c.Person) < 2 {
		f.Add("person", "请填写负责人姓名")
	}
	checkText(f, "person", c.Person, maxPersonName)
	switch {
	case !c.Kind.Licensed():
		c.Code, c.LicenceUntil = "", time.Time{}
	case !ValidCreditCode(c.Code):
		f.Add("code", "统一社会信用代码不对，应是 18 位，请照营业执照核对")
	case !c.LicenceUntil.IsZero() && !now.Before(c.LicenceUntil):
		f.Add("licence_until", "营业执照已过期，请先换新的")
	}
	switch n := len(c.Documents); {
	case n == 0 && c.Kind.Licensed():
		f.Add("documents", "请上传营业执照照片")
	case n == 0:
		f.Add("documents", "请上传土地承包、产地证明等照片")
	case n > MaxDocuments:
		f.Add("documents", "最多 %d 张照片", MaxDocuments)
	}
	return f.Err()
}

// CanSubmit tells why the user may not submit a certification, given the one
// that waits: Conflict while one waits.
func CanSubmit(waiting *Certification) error {
	if waiting != nil {
		return Errorf(Conflict, "您的认证正在审核，结果出来前不能再提交；要修改请先撤回")
	}
	return nil
}

// Review is what staff decide.
type Review struct {
	Action CertificationAction // ApproveCertification, RejectCertification or RevokeCertification
	Reason string
	Until  time.Time // of an approval
}

// Reviewed is the certification after staff decided: Conflict when its state does
// not permit that, Invalid with the fields reason or until.
func (c Certification) Reviewed(r Review, staff int64, now time.Time) (Certification, error) {
	if !slices.Contains([]CertificationAction{ApproveCertification, RejectCertification, RevokeCertification}, r.Action) {
		return c, Errorf(Invalid, "请选择通过、不通过或撤销")
	}
	state, err := c.State.After(r.Action)
	if err != nil {
		return c, err
	}
	f := FieldErrors{}
	r.Reason = strings.TrimSpace(r.Reason)
	checkText(f, "reason", r.Reason, MaxAnswerLength)
	if r.Action != ApproveCertification && utf8.RuneCountInString(r.Reason) < minRefusalLength {
		f.Add("reason", "请写明原因，申请人会看到")
	}
	if r.Action == ApproveCertification {
		switch {
		case !now.Before(r.Until):
			f.Add("until", "有效期要晚于今天")
		case r.Until.After(now.Add(MaxCertification)):
			f.Add("until", "有效期最长三年")
		case !c.LicenceUntil.IsZero() && r.Until.After(c.LicenceUntil):
			f.Add("until", "不能超过营业执照的有效期 %s", c.LicenceUntil.In(China()).Format(time.DateOnly))
		}
		c.Until = r.Until
	}
	c.State, c.Reason, c.ReviewedAt, c.ReviewedBy = state, r.Reason, now, staff
	return c, f.Err()
}

// creditAlphabet are the digits of a unified social credit code, in the order of
// their values: I, O, S, V and Z are none. Source: GB 32100-2015, table 2.
const creditAlphabet = "0123456789ABCDEFGHJKLMNPQRTUWXY"

// ValidCreditCode checks a unified social credit code: 18 digits, the last of
// which is the check digit of the others. Source: GB 32100-2015, section 4.6.
func ValidCreditCode(code string) bool {
	if len(code) != 18 {
		return false
	}
	sum, weight := 0, 1
	for i := range 17 {
		v := strings.IndexByte(creditAlphabet, code[i])
		if v < 0 {
			return false
		}
		sum += v * weight
		weight = weight * 3 % 31
	}
	return creditAlphabet[(31-sum%31)%31] == code[17]
}

// CertificationPath is the page of one's own certification.
const CertificationPath = "/me/certification"

// certifiedNotice tells a supplier what staff decided.
func certifiedNotice(f Facts, at time.Time) Notice {
	c := f.Certification
	n := Notice{Type: SystemNotice, Lane: DirectLane, Path: CertificationPath, Template: TemplateReminder}
	task := "认证结果"
	switch c.State {
	case CertificationApproved:
		n.Title = "认证已通过"
		n.Text = "您的" + c.Kind.String() + "认证已通过，有效期至 " + c.Until.In(China()).Format(time.DateOnly) + "，每周可以报更多价。"
	case CertificationRejected:
		n.Title, n.Text = "认证没有通过", "您的"+c.Kind.String()+"认证没有通过，原因："+c.Reason+"。改好后可以重新提交。"
	case CertificationRevoked:
		n.Title, n.Text = "认证已撤销", "您的认证已撤销，原因："+c.Reason+"。可以重新提交认证。"
	case CertificationExpired:
		n.Title, n.Text = "认证已过期", "您的认证已过期，请重新提交，否则每周能报的价会减少。"
	default:
		n.Title, n.Text = "认证更新", "您的认证有新的进展，请查看。"
	}
	n.Fields = reminderFields(task, n.Text, at)
	return n
}

// expiringNotice reminds a supplier that his certification ends soon.
func expiringNotice(f Facts, at time.Time) Notice {
	n := Notice{Type: SystemNotice, Lane: DirectLane, Path: CertificationPath, Template: TemplateReminder, Title: "认证即将到期"}
	n.Text = "您的认证 " + f.Certification.Until.In(China()).Format(time.DateOnly) + " 到期，请提前重新提交，通过后接着有效。"
	n.Fields = reminderFields("认证即将到期", n.Text, at)
	return n
}
