package xunjia

import "time"

// China is the time zone in which users read and type times.
func China() *time.Location { return time.FixedZone("CST", 8*60*60) }

// FullTime writes a moment as template messages want it: 2026-11-23 18:05.
func FullTime(t time.Time) string { return t.In(China()).Format("2006-01-02 15:04") }

// ShortTime writes a moment for people: 11月23日 18:05.
func ShortTime(t time.Time) string { return t.In(China()).Format("1月2日 15:04") }

// DayStart is when the calendar day in China began.
func DayStart(t time.Time) time.Time {
	y, m, d := t.In(China()).Date()
	return time.Date(y, m, d, 0, 0, 0, 0, China())
}

// Day numbers the calendar day in China: 20261123.
func Day(t time.Time) int {
	y, m, d := t.In(China()).Date()
	return y*10000 + int(m)*100 + d
}
