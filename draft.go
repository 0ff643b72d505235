package xunjia

import "time"

// Limits of drafts.
const (
	MaxDrafts       = 50       // of one user
	MaxDraftContent = 64 << 10 // bytes
)

// SavedDraft is a form of a new purchase that is not finished yet.
type SavedDraft struct {
	ID        int64
	UserID    int64
	Key       string // of the form: publishing it removes the draft
	Title     string // of its goods
	Content   string // JSON of the form's values
	Media     []string
	Version   int // grows by one with every save
	CreatedAt time.Time
	UpdatedAt time.Time
}

// Check tells what is wrong with the draft: Invalid for one without a key,
// TooLarge for one that holds too much.
func (d SavedDraft) Check() error {
	if d.Key == "" || len(d.Key) > 64 {
		return Errorf(Invalid, "草稿无法保存，请重新打开发布页面")
	}
	if len(d.Content) > MaxDraftContent {
		return Errorf(TooLarge, "内容太多了，草稿存不下，请直接发布")
	}
	return nil
}
