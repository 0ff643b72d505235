package xunjia

import (
	"strings"
	"time"
	"unicode/utf8"
)

// minReason is how long a reason is that others are told, in characters.
const minReason = 2

// CheckReason trims a reason for closing and complains, on the field "reason",
// when it is missing or too long.
func CheckReason(reason string) (string, error) {
	reason = strings.TrimSpace(reason)
	f := FieldErrors{}
	if utf8.RuneCountInString(reason) < minReason {
		f.Add("reason", "请写明原因，报过价的供应商会看到")
	}
	checkText(f, "reason", reason, MaxAnswerLength)
	return reason, f.Err()
}

// CanClose tells why the user may not close the purchase, or a line of it: see
// Allows; Conflict when it is closed or bought already.
func (p Purchase) CanClose(by User) error {
	if err := p.Allows(by, Manage); err != nil {
		return err
	}
	_, err := p.Status.After(Close)
	return err
}

// Closed is the line after it was closed for the reason; Conflict when it is
// closed or bought already, or something of it is.
func (l Line) Closed(reason string) (Line, error) {
	status, err := l.Status.After(Close)
	if err != nil {
		return l, Errorf(Conflict, "这个品种现在是“%s”，不能关闭", l.Status)
	}
	if l.Accepted > 0 {
		return l, Errorf(Conflict, "这个品种已接受了报价，请先完成采购或撤销")
	}
	l.Status, l.Reason = status, reason
	return l, nil
}

// SettledBy is what a purchase becomes when none of its lines takes quotes or
// waits for an answer any more: bought if one of them was, closed otherwise.
// The second result is false while one does.
func (p Purchase) SettledBy(lines []Line) (PurchaseStatus, bool) {
	status := Closed
	for _, l := range lines {
		switch l.Status {
		case WaitingForQuote, QuotingEnded:
			return p.Status, false
		case Purchased:
			status = Purchased
		}
	}
	return status, true
}

// CanExtend tells why the user may not put the deadline off: see Allows;
// Conflict once quoting is over; Invalid, on the field "deadline", when the new
// one is not later than the old or too far away.
func (p Purchase) CanExtend(by User, deadline, now time.Time) error {
	if err := p.Allows(by, Manage); err != nil {
		return err
	}
	if s := p.StatusAt(now); s != WaitingForQuote {
		return Errorf(Conflict, "采购单现在是“%s”，不能延长。可以重新开放报价", s)
	}
	f := FieldErrors{}
	checkDeadline(f, deadline, now)
	if !deadline.After(p.Deadline) {
		f.Add("deadline", "新的截止时间要晚于现在的 %s", FullTime(p.Deadline))
	}
	return f.Err()
}

// CanReopen tells why the user may not let suppliers quote again: see Allows;
// Conflict while they can or once something was bought, and for sealed quotes
// that have been opened; Invalid on the field "deadline".
func (p Purchase) CanReopen(by User, deadline, now time.Time) error {
	if err := p.Allows(by, Manage); err != nil {
		return err
	}
	if _, err := p.StatusAt(now).After(Reopen); err != nil {
		return err
	}
	if p.Mode == SealedMode && !p.Hidden(now) {
		return Errorf(Conflict, "密封报价已经开标，不能重新开放。可以复制一份重新发布")
	}
	f := FieldErrors{}
	checkDeadline(f, deadline, now)
	return f.Err()
}

// Reopens tells whether the line takes quotes again when its purchase does: not
// when it was closed by itself, and not when it was bought.
func (l Line) Reopens() bool {
	return l.Status == QuotingEnded || l.Status == Closed && l.Reason == ""
}
