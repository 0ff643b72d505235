package xunjia

import (
	"fmt"
	"strings"
	"time"
)

// AnswerTime is how long a buyer may take over a quote before it counts as not
// answered.
const AnswerTime = 3 * 24 * time.Hour

// MinSample is from how many quotes on figures about answers say anything.
const MinSample = 5

// Figures are what is publicly known of how somebody does business.
type Figures struct {
	Quotes      int // that he made and did not withdraw
	Chosen      int // of these
	Sold        int // completed deals
	Purchases   int // that he published
	Bought      int // completed deals
	Due         int // quotes that he got and answered, or should have
	Answered    int // of these
	AnswerHours int // half of the answers came within so many hours
	Ratings     int
	Stars       int // of all ratings together
}

// ReplyRate is how many of a hundred quotes he answers; false when there are too
// few to tell.
func (f Figures) ReplyRate() (percent int, known bool) {
	if f.Due < MinSample {
		return 0, false
	}
	return f.Answered * 100 / f.Due, true
}

// AnswerClock tells how fast he answers; "" when there are too few answers to
// tell.
func (f Figures) AnswerClock() string {
	switch {
	case f.Answered < MinSample:
		return ""
	case f.AnswerHours < 1:
		return "1 小时内"
	case f.AnswerHours < 48:
		return fmt.Sprintf("约 %d 小时", f.AnswerHours)
	}
	return fmt.Sprintf("约 %d 天", (f.AnswerHours+12)/24)
}

// Average is the average of the ratings in tenths of a star; 0 without any.
func (f Figures) Average() int {
	if f.Ratings == 0 {
		return 0
	}
	return (f.Stars*10 + f.Ratings/2) / f.Ratings
}

// Limits of a showcase.
const (
	MaxShowcase     = 9
	maxIntroduction = 300
)

// Showcase is what somebody shows of himself on his public page.
type Showcase struct {
	Text     string
	Pictures []string // keys
}

// Validate trims the text and reports every field that is wrong: text, pictures.
func (c *Showcase) Validate() error {
	f := FieldErrors{}
	c.Text = strings.TrimSpace(c.Text)
	checkText(f, "text", c.Text, maxIntroduction)
	if len(c.Pictures) > MaxShowcase {
		f.Add("pictures", "最多 %d 张图片", MaxShowcase)
	}
	return f.Err()
}

// ProfilePath is the public page of a user.
func ProfilePath(user int64) string { return "/users/" + id(user) }
