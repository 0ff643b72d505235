package xunjia

import (
	"fmt"
	"strings"
	"time"
	"unicode/utf8"
)

// PurchaseStatus is the state of a purchase and of each of its lines. The
// numbers are stored and come from the replaced system.
type PurchaseStatus int

// The states. PurchaseAction tells who moves a purchase between them.
const (
	Closed          PurchaseStatus = 0 // 关闭
	WaitingForQuote PurchaseStatus = 1 // 等待报价
	QuotingEnded    PurchaseStatus = 2 // 报价结束
	Purchased       PurchaseStatus = 3 // 成功采购
)

// PurchaseStatuses lists every state.
func PurchaseStatuses() []PurchaseStatus {
	return []PurchaseStatus{Closed, WaitingForQuote, QuotingEnded, Purchased}
}

// String is the state's Chinese name.
func (s PurchaseStatus) String() string {
	switch s {
	case Closed:
		return "关闭"
	case WaitingForQuote:
		return "等待报价"
	case QuotingEnded:
		return "报价结束"
	case Purchased:
		return "成功采购"
	}
	return ""
}

// PurchaseAction moves a purchase from one state to another.
type PurchaseAction string

// The actions.
const (
	EndQuoting PurchaseAction = "end"      // by the buyer, before the deadline
	Expire     PurchaseAction = "expire"   // by the clock, at the deadline
	Close      PurchaseAction = "close"    // by the buyer or staff, with a reason
	Reopen     PurchaseAction = "reopen"   // by the buyer, with a new deadline
	Conclude   PurchaseAction = "conclude" // when a deal is concluded
)

// PurchaseActions lists every action.
func PurchaseActions() []PurchaseAction {
	return []PurchaseAction{EndQuoting, Expire, Close, Reopen, Conclude}
}

// After is the transition table of purchases and lines: the state that the
// action leads to, or a Conflict that says why it is not possible.
func (s PurchaseStatus) After(a PurchaseAction) (PurchaseStatus, error) {
	switch a {
	case EndQuoting, Expire:
		if s == WaitingForQuote {
			return QuotingEnded, nil
		}
	case Close:
		if s == WaitingForQuote || s == QuotingEnded {
			return Closed, nil
		}
	case Reopen:
		if s == Closed || s == QuotingEnded {
			return WaitingForQuote, nil
		}
	case Conclude:
		if s == WaitingForQuote || s == QuotingEnded {
			return Purchased, nil
		}
	}
	return s, Errorf(Conflict, "采购单现在是“%s”，不能进行这个操作", s)
}

// Limits of a purchase form.
const (
	MaxLines         = 50
	MaxImagesPerLine = 9
	MinDeadline      = 30 * time.Minute
	MaxDeadline      = 366 * 24 * time.Hour
)

// PurchaseMode tells who may see a purchase and when prices are seen. The
// numbers are stored.
type PurchaseMode int

// The modes.
const (
	OpenMode    PurchaseMode = 0 // 公开询价: every supplier
	InvitedMode PurchaseMode = 1 // 定向询价: only who was invited
	SealedMode  PurchaseMode = 2 // 密封报价: every supplier; prices stay hidden from everybody until the deadline
)

// PurchaseModes lists every mode in the order of forms.
func PurchaseModes() []PurchaseMode { return []PurchaseMode{OpenMode, InvitedMode, SealedMode} }

// String is the mode's Chinese name.
func (m PurchaseMode) String() string {
	switch m {
	case OpenMode:
		return "公开询价"
	case InvitedMode:
		return "定向询价"
	case SealedMode:
		return "密封报价"
	}
	return ""
}

// Terms is what a buyer asks for besides the goods.
type Terms struct {
	Area          Area // where the goods go
	Invoice       string
	Payment       string
	Delivery      string // how the goods are handed over
	Sample        string // whether a sample is wanted
	Qualification string // papers that the supplier must have
	Remark        string
	Deadline      time.Time
	Mode          PurchaseMode
	ShowRank      bool // losers learn their rank and how far they were from the winner
}

// Purchase is what a buyer publishes: terms, a deadline and one or more lines.
type Purchase struct {
	ID        int64
	Number    string         // public, unique: date and digits
	BuyerID   int64          // who published it
	CompanyID int64          // whose members look after it; 0: the buyer alone
	Status    PurchaseStatus // as stored; ask StatusAt for what holds now
	Version   int            // grows by one with every edit
	Terms
	Reason      string // why it was closed
	QuoteCount  int
	ViewCount   int
	PublishedAt time.Time
	EndedAt     time.Time // zero while it waits for quotes
	Lines       []Line
}

// Line is one item of a purchase.
type Line struct {
	ID         int64
	PurchaseID int64
	Position   int // from 0
	CategoryID int64
	Name       string // of the category when it was published
	Spec       string
	Quantity   Quantity
	Unit       Unit
	Quality    string
	Origin     string
	CapPrice   Fen // per unit; 0 is none
	Status     PurchaseStatus
	Reason     string   // why it was closed
	Accepted   Quantity // of accepted quotes together
	QuoteCount int
	Images     []Attachment
	Version    int // of the purchase in which the line was changed last
}

// AttachmentType tells what a picture or file shows. The numbers are stored.
type AttachmentType int

// The types.
const (
	HandHeld   AttachmentType = 1 // 手持
	Detail     AttachmentType = 2 // 细节
	Bulk       AttachmentType = 3 // 大货
	TestReport AttachmentType = 4 // 检测报告
	OtherFile  AttachmentType = 5 // 其他
)

// AttachmentTypes lists every type in the order of forms.
func AttachmentTypes() []AttachmentType {
	return []AttachmentType{HandHeld, Detail, Bulk, TestReport, OtherFile}
}

// String is the type's Chinese name.
func (t AttachmentType) String() string {
	switch t {
	case HandHeld:
		return "手持"
	case Detail:
		return "细节"
	case Bulk:
		return "大货"
	case TestReport:
		return "检测报告"
	case OtherFile:
		return "其他"
	}
	return ""
}

// Attachment ties a picture or a file to a line or a quote. What follows the
// type is the media's own, filled in where attachments are read for pages.
type Attachment struct {
	Media       string // key of the media
	Type        AttachmentType
	Name        string `json:"-"` // of a file
	Bytes       int64  `json:"-"`
	CropVersion int64  `json:"-"`
}

// IsFile tells whether the attachment is a file and not a picture.
func (a Attachment) IsFile() bool { return IsFile(a.Media) }

// Same tells whether both attach the same media as the same.
func (a Attachment) Same(b Attachment) bool { return a.Media == b.Media && a.Type == b.Type }

// check complains in f about a type that does not exist or does not fit: files
// are test reports.
func (a Attachment) check(f FieldErrors, field string) {
	switch {
	case a.Type.String() == "":
		f.Add(field, "请给每张图片选择类型")
	case a.IsFile() && a.Type != TestReport:
		f.Add(field, "PDF 文件只能放在“检测报告”里")
	}
}

// Title names the purchase by its goods: 黄连、当归等3个品种.
func (p Purchase) Title() string {
	names := make([]string, 0, len(p.Lines))
	for _, l := range p.Lines {
		names = append(names, l.Name)
	}
	if len(names) > 2 {
		return fmt.Sprintf("%s等%d个品种", strings.Join(names[:2], "、"), len(names))
	}
	return strings.Join(names, "、")
}

// StatusAt is the state at the given moment: a purchase has ended once its
// deadline is reached, whether or not the clock job has come by.
func (p Purchase) StatusAt(now time.Time) PurchaseStatus {
	if p.Status == WaitingForQuote && !now.Before(p.Deadline) {
		return QuotingEnded
	}
	return p.Status
}

// Line finds a line by its id; NotFound when it is not one of the purchase's.
func (p Purchase) Line(id int64) (Line, error) {
	for _, l := range p.Lines {
		if l.ID == id {
			return l, nil
		}
	}
	return Line{}, Errorf(NotFound, "没有找到这个采购品种")
}

// Hidden tells whether prices are hidden from everybody but who quoted them:
// sealed quotes are opened at the deadline, and never when the purchase was
// closed before.
func (p Purchase) Hidden(now time.Time) bool {
	opened := p.EndedAt
	if opened.IsZero() {
		opened = now
	}
	return p.Mode == SealedMode && opened.Before(p.Deadline)
}

// CanQuote tells why the supplier may not quote on the line now: Forbidden on
// his own or his company's purchase, Conflict once quoting is over.
func (p Purchase) CanQuote(l Line, supplier User, now time.Time) error {
	if p.Of(supplier) || supplier.ID == p.BuyerID {
		return Errorf(Forbidden, "不能给自己的采购单报价")
	}
	switch p.StatusAt(now) {
	case Closed:
		return Errorf(Conflict, "采购单已关闭，不能再报价")
	case QuotingEnded:
		return Errorf(Conflict, "报价已截止，不能再报价")
	case Purchased:
		return Errorf(Conflict, "采购已经完成，不能再报价")
	}
	if l.Status != WaitingForQuote {
		return Errorf(Conflict, "这个品种已停止报价")
	}
	return nil
}

// CanEnd tells why the user may not end quoting now: see Allows; Conflict when
// it is over already.
func (p Purchase) CanEnd(by User, now time.Time) error {
	if err := p.Allows(by, Manage); err != nil {
		return err
	}
	if p.Mode == SealedMode && p.StatusAt(now) == WaitingForQuote {
		return Errorf(Conflict, "密封报价到截止时间才能开标，不能提前结束")
	}
	_, err := p.StatusAt(now).After(EndQuoting)
	return err
}

// Picture is the line's first picture, which is no file; Media is "" without one.
func (l Line) Picture() Attachment {
	for _, a := range l.Images {
		if !a.IsFile() {
			return a
		}
	}
	return Attachment{}
}

// Title names the line: 黄连 统货.
func (l Line) Title() string { return strings.TrimSpace(l.Name + " " + l.Spec) }

// Amount writes the quantity with its unit: 500公斤.
func (l Line) Amount() string { return l.Quantity.String() + string(l.Unit) }

// Summary is title and amount in one: 黄连 统货 500公斤.
func (l Line) Summary() string { return l.Title() + " " + l.Amount() }

// Draft is a purchase as a buyer typed it, before it is published.
type Draft struct {
	Terms
	Lines []Line
	Key   string // of the form; a second submission with the same key publishes nothing new
}

// Validate trims the draft and reports every field that is wrong. Fields of a
// line are named lines.0.quantity.
func (d *Draft) Validate(now time.Time) error {
	f := FieldErrors{}
	d.Terms.validate(f, now)
	checkText(f, "key", d.Key, 64)
	switch n := len(d.Lines); {
	case n == 0:
		f.Add("lines", "请至少填写一个采购品种")
	case n > MaxLines:
		f.Add("lines", "一次最多发布 %d 个品种", MaxLines)
	}
	for i := range d.Lines {
		d.Lines[i].validate(f, fmt.Sprintf("lines.%d.", i))
	}
	return f.Err()
}

func (t *Terms) validate(f FieldErrors, now time.Time) {
	for _, text := range []struct {
		field string
		value *string
		limit int
	}{
		{"invoice", &t.Invoice, 40}, {"payment", &t.Payment, 40}, {"delivery", &t.Delivery, 40}, {"sample", &t.Sample, 40},
		{"qualification", &t.Qualification, 100}, {"remark", &t.Remark, 500},
	} {
		*text.value = strings.TrimSpace(*text.value)
		checkText(f, text.field, *text.value, text.limit)
	}
	if !t.Area.Valid() {
		f.Add("area", "请选择收货地区")
	}
	if t.Mode.String() == "" {
		f.Add("mode", "请选择询价方式")
	}
	checkDeadline(f, t.Deadline, now)
}

func checkDeadline(f FieldErrors, deadline, now time.Time) {
	switch {
	case deadline.IsZero():
		f.Add("deadline", "请选择截止时间")
	case deadline.Before(now.Add(MinDeadline)):
		f.Add("deadline", "截止时间至少在 30 分钟以后")
	case deadline.After(now.Add(MaxDeadline)):
		f.Add("deadline", "截止时间最长一年")
	}
}

func (l *Line) validate(f FieldErrors, prefix string) {
	l.Spec, l.Quality, l.Origin = strings.TrimSpace(l.Spec), strings.TrimSpace(l.Quality), strings.TrimSpace(l.Origin)
	if l.CategoryID == 0 {
		f.Add(prefix+"category", "请选择品种")
	}
	if l.Quantity <= 0 {
		f.Add(prefix+"quantity", "采购数量必须大于 0")
	} else if l.Quantity > MaxQuantity {
		f.Add(prefix+"quantity", "采购数量太大了")
	}
	switch {
	case l.Unit == "":
		f.Add(prefix+"unit", "请选择单位")
	case !l.Unit.Weighs() && l.Quantity%1000 != 0:
		f.Add(prefix+"quantity", "按“%s”采购时，数量必须是整数", l.Unit)
	}
	if l.CapPrice < 0 || l.CapPrice > MaxPrice {
		f.Add(prefix+"cap_price", "限价应在 0 到一千万元之间")
	}
	checkText(f, prefix+"spec", l.Spec, 40)
	checkText(f, prefix+"quality", l.Quality, 300)
	checkText(f, prefix+"origin", l.Origin, 40)
	if len(l.Images) > MaxImagesPerLine {
		f.Add(prefix+"images", "每个品种最多 %d 张图片", MaxImagesPerLine)
	}
	for i, at := range l.Images {
		if at.Type == 0 { // a request's form does not ask what its pictures show
			l.Images[i].Type = OtherFile
		}
		l.Images[i].check(f, prefix+"images")
	}
}

// checkText complains about text of more than limit characters, or with
// control characters or broken encoding.
func checkText(f FieldErrors, field, text string, limit int) {
	if n := utf8.RuneCountInString(text); n > limit {
		f.Add(field, "最多 %d 个字，现在有 %d 个", limit, n)
	}
	if hasControl(text) {
		f.Add(field, "有无法识别的字符")
	}
}
