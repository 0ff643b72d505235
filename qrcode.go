package xunjia

import (
	"strings"
	"time"
	"unicode/utf8"
)

// QRAction is what somebody gets who scans a code of the account.
type QRAction string

// The actions.
const (
	QRText     QRAction = "text"     // a text
	QRPurchase QRAction = "purchase" // an invitation to a purchase
	QRStaff    QRAction = "staff"    // a greeting in a staff member's name, for counting who brings fans
)

// QRActions lists the actions in the order in which forms offer them.
func QRActions() []QRAction { return []QRAction{QRPurchase, QRStaff, QRText} }

// String is the action's Chinese name, "" for an unknown one.
func (a QRAction) String() string {
	switch a {
	case QRText:
		return "回复文字"
	case QRPurchase:
		return "邀请看采购单"
	case QRStaff:
		return "员工推广码"
	}
	return ""
}

// Code is the action as it is stored.
func (a QRAction) Code() string { return string(a) }

// QRCode is a code of the account that staff made.
type QRCode struct {
	ID         int64
	Scene      string // what the platform pushes when it is scanned
	Label      string // written below the printed picture
	Action     QRAction
	Target     int64  // id of the purchase
	Reply      string // text; of a staff code, the greeting
	URL        string // what the picture says; "" until the platform has made it
	Staff      int64  // who made it
	Scans      int64
	Follows    int64 // scans by which somebody became a fan
	CreatedAt  time.Time
	ExpiresAt  time.Time // zero for a permanent one
	DisabledAt time.Time // zero while it works
	ScannedAt  time.Time // last
}

// QRState is what became of a code.
type QRState string

// The states.
const (
	QRWorks    QRState = "有效"
	QRExpired  QRState = "已过期"
	QRDisabled QRState = "已停用"
	QRUnmade   QRState = "未生成"
)

// State tells whether the code works at now.
func (q QRCode) State(now time.Time) QRState {
	switch {
	case !q.DisabledAt.IsZero():
		return QRDisabled
	case q.URL == "":
		return QRUnmade
	case !q.ExpiresAt.IsZero() && !now.Before(q.ExpiresAt):
		return QRExpired
	}
	return QRWorks
}

// NewQR is what staff type to make a code.
type NewQR struct {
	Label  string
	Action QRAction
	Target int64
	Reply  string
	Days   int // it works; 0 makes a permanent one
}

// MaxQRDays is the longest life of a temporary code, by the platform.
const MaxQRDays = 30

const (
	maxQRLabel = 20  // characters: one line of the printed picture
	maxQRReply = 300 // characters
)

// Validate checks what was typed. The error is Invalid, by field.
func (n NewQR) Validate() error {
	f := FieldErrors{}
	switch length := utf8.RuneCountInString(strings.TrimSpace(n.Label)); {
	case length == 0:
		f.Add("label", "请填写名称，它会印在二维码下面")
	case length > maxQRLabel:
		f.Add("label", "名称最多 %d 个字", maxQRLabel)
	}
	if n.Days < 0 || n.Days > MaxQRDays {
		f.Add("days", "有效期要在 1 到 %d 天之间，或者永久", MaxQRDays)
	}
	switch {
	case n.Action.String() == "":
		f.Add("action", "请选择扫码后做什么")
	case n.Action == QRPurchase && n.Target <= 0:
		f.Add("target", "请填写采购单的编号")
	case n.Action != QRPurchase && strings.TrimSpace(n.Reply) == "":
		f.Add("reply", "请填写扫码后回复的文字")
	}
	if utf8.RuneCountInString(n.Reply) > maxQRReply {
		f.Add("reply", "最多 %d 个字", maxQRReply)
	}
	return f.Err()
}

// QRDay counts the scans of a code on one day.
type QRDay struct {
	Day     int // yyyymmdd in China
	Scans   int64
	Follows int64
}

// ScanPurpose is why a browser on a PC shows a code.
type ScanPurpose string

// The purposes.
const (
	ScanLogin ScanPurpose = "login" // the scanner's account opens in the browser
	ScanBind  ScanPurpose = "bind"  // the scanner's WeChat is bound to the browser's user
)

// ScanState is where a login by scanning stands.
type ScanState string

// The states. The scan moves waiting to scanned, the scanner moves scanned to
// confirmed or refused, the browser that shows the code moves confirmed to used.
const (
	ScanWaiting   ScanState = "waiting"
	ScanScanned   ScanState = "scanned"
	ScanConfirmed ScanState = "confirmed"
	ScanRefused   ScanState = "refused"
	ScanUsed      ScanState = "used"
)

// ScanLifetime is how long a code for a PC is good for.
const ScanLifetime = 5 * time.Minute

// PCScan is a code that a browser on a PC shows to be scanned with WeChat.
type PCScan struct {
	ID         string
	SessionID  string // of the browser
	Purpose    ScanPurpose
	UserID     int64 // who binds, for ScanBind
	AppID      string
	URL        string // what the picture says
	IdentityID int64  // who scanned; 0 before
	State      ScanState
	Place      string // where the browser is, for the scanner to recognise
	CreatedAt  time.Time
	ExpiresAt  time.Time
}

// pcScene begins the scene of a code for a PC.
const pcScene = "pc."

// Scene is what the platform pushes when the code is scanned.
func (p PCScan) Scene() string { return pcScene + p.ID }

// PCScanOfScene answers the id of the PC's code with a scene; false for other
// scenes.
func PCScanOfScene(scene string) (id string, ok bool) { return strings.CutPrefix(scene, pcScene) }

// Live tells whether the code still leads anywhere.
func (p PCScan) Live(now time.Time) bool {
	return now.Before(p.ExpiresAt) && p.State != ScanUsed && p.State != ScanRefused
}
