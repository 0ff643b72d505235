package xunjia

import (
	"fmt"
	"time"
)

// How many new quotes a supplier may make in a week; changing one counts
// nothing.
const (
	WeeklyQuotes          = 20
	WeeklyQuotesCertified = 200
)

// QuoteQuota is how many new quotes the user may make in a week.
func (u User) QuoteQuota(now time.Time) int {
	if u.Certified(now) {
		return WeeklyQuotesCertified
	}
	return WeeklyQuotes
}

// Week numbers the calendar week in China by ISO 8601: 202648.
func Week(t time.Time) int {
	year, week := t.In(China()).ISOWeek()
	return year*100 + week
}

// NextWeek is when the next calendar week in China begins.
func NextWeek(t time.Time) time.Time {
	day := DayStart(t)
	return day.AddDate(0, 0, 7-(int(day.Weekday())+6)%7)
}

// CheckQuota tells why the user, who made so many new quotes this week, may not
// make another one: RateLimited.
func (u User) CheckQuota(used int, now time.Time) error {
	if used < u.QuoteQuota(now) {
		return nil
	}
	text := "本周的 %d 次新报价已经用完，%s 起可以继续报价。已有的报价仍然可以修改"
	if !u.Certified(now) {
		text += fmt.Sprintf("；完成认证后每周可以报 %d 次", WeeklyQuotesCertified)
	}
	return &Error{Code: RateLimited, RetryAfter: NextWeek(now).Sub(now),
		Message: fmt.Sprintf(text, u.QuoteQuota(now), NextWeek(now).Format("1月2日"))}
}
