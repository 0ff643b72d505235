package xunjia

import (
	"strings"
	"time"
	"unicode/utf8"
)

// LineDecline is a supplier's word that he does not quote on a line.
type LineDecline struct {
	LineID     int64
	SupplierID int64
	Reason     string
	CreatedAt  time.Time
}

// DeclineReasons are what forms offer to tap.
func DeclineReasons() []string {
	return []string{"没有这种货", "价格达不到要求", "数量太少", "数量太多，供不上", "交货时间来不及"}
}

const maxDeclineReason = 100

// CheckDecline trims why a supplier does not quote, and tells why he may not
// decline the line: as CanQuote, Conflict while his own quote stands, or
// Invalid with the field reason.
func (p Purchase) CheckDecline(l Line, q Quote, supplier User, reason string, now time.Time) (string, error) {
	if err := p.CanQuote(l, supplier, now); err != nil {
		return "", err
	}
	if q.ID != 0 && q.State != Withdrawn {
		return "", Errorf(Conflict, "您对这个品种报过价，不想供货请撤回报价")
	}
	f := FieldErrors{}
	reason = strings.TrimSpace(reason)
	if utf8.RuneCountInString(reason) < minRefusalLength {
		f.Add("reason", "请选择或填写不报价的原因")
	}
	checkText(f, "reason", reason, maxDeclineReason)
	return reason, f.Err()
}
