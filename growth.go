package xunjia

import (
	"fmt"
	"time"
)

// Task is something that earns growth points. The numbers are stored.
type Task int

// The tasks.
const (
	RegisterTask     Task = 1 // 完成注册
	FirstQuoteTask   Task = 2 // 首次报价
	FirstRequestTask Task = 3 // 首次发布采购
	FastAnswerTask   Task = 4 // 24 小时内答复报价
	ChosenTask       Task = 5 // 报价被接受
	PhotosTask       Task = 6 // 带图报价
	CertifyTask      Task = 7 // 通过供应商认证
	DealTask         Task = 8 // 双方确认成交
	RatingTask       Task = 9 // 评价交易伙伴
)

// TaskSpec describes a task. The limits are what makes gaming it not worth
// while; 0 is no limit.
type TaskSpec struct {
	Task    Task
	Title   string
	Text    string
	Points  int
	Once    bool
	PerDay  int    // times a calendar day in China
	PerPair int    // times with the same partner within PairWindow
	Path    string // the page on which it is done
}

// PairWindow is the time in which deals with the same partner are counted.
const PairWindow = 30 * 24 * time.Hour

// FastAnswer is how soon a buyer answers a quote to earn FastAnswerTask.
const FastAnswer = 24 * time.Hour

// photoTypes is how many kinds of pictures a quote has to earn PhotosTask.
const photoTypes = 3

// TaskSpecs is the catalogue, in the order of the page.
func TaskSpecs() []TaskSpec {
	return []TaskSpec{
		{Task: RegisterTask, Title: "完成注册", Text: "填写资料并选择关注的品种", Points: 20, Once: true, Path: "/me/categories"},
		{Task: CertifyTask, Title: "通过供应商认证", Text: "上传证照，审核通过后显示认证标志", Points: 50, Once: true, Path: "/me"},
		{Task: FirstQuoteTask, Title: "首次报价", Text: "给任意一张采购单报价", Points: 30, Once: true, Path: "/purchases"},
		{Task: FirstRequestTask, Title: "首次发布采购", Text: "发布您的第一张采购单", Points: 30, Once: true, Path: "/purchases/new"},
		{Task: PhotosTask, Title: "带图报价", Text: "报价时上传至少三类照片", Points: 3, PerDay: 5, Path: "/purchases"},
		{Task: FastAnswerTask, Title: "当天答复", Text: "收到报价后 24 小时内接受或说明原因", Points: 5, PerDay: 5, PerPair: 10, Path: "/me/purchases"},
		{Task: ChosenTask, Title: "报价被接受", Text: "采购商接受了您的报价", Points: 20, PerDay: 3, PerPair: 3, Path: "/me/quotes"},
		{Task: DealTask, Title: "确认成交", Text: "双方确认成交单", Points: 50, PerDay: 3, PerPair: 3, Path: "/me"},
		{Task: RatingTask, Title: "评价伙伴", Text: "成交后给对方评价", Points: 5, PerDay: 5, PerPair: 3, Path: "/me"},
	}
}

// Spec finds the task in the catalogue; the zero TaskSpec for an unknown one.
func (t Task) Spec() TaskSpec {
	for _, s := range TaskSpecs() {
		if s.Task == t {
			return s
		}
	}
	return TaskSpec{}
}

// String is the task's Chinese name.
func (t Task) String() string { return t.Spec().Title }

// Earned counts how often somebody has earned points for a task.
type Earned struct {
	Ever  int
	Today int
	Pair  int // with the partner at hand, within PairWindow
}

// Open tells whether the task earns points once more.
func (t TaskSpec) Open(e Earned) bool {
	done := t.Once && e.Ever > 0 || t.PerDay > 0 && e.Today >= t.PerDay || t.PerPair > 0 && e.Pair >= t.PerPair
	return !done
}

// Award is a task that somebody has done.
type Award struct {
	UserID  int64
	Task    Task
	Subject int64 // what it was done with, by the task: a quote, a request, a deal; 0 for none
	Partner int64 // the other side; 0 for none
}

// Awards tells which tasks the event completes, with the facts as they stand
// now: an answer that was undone meanwhile earns nothing.
func Awards(e Event, f Facts) []Award {
	q := f.Quote
	switch e.Kind {
	case UserRegistered:
		return []Award{{UserID: e.Actor, Task: RegisterTask}}
	case PurchasePublished:
		return []Award{{UserID: e.Actor, Task: FirstRequestTask, Subject: e.PurchaseID}}
	case QuoteCreated:
		if q.State == Withdrawn {
			return nil
		}
		awards := []Award{{UserID: q.SupplierID, Task: FirstQuoteTask, Subject: q.ID}}
		shown := map[AttachmentType]bool{}
		for _, a := range q.Attachments {
			shown[a.Type] = true
		}
		if len(shown) >= photoTypes {
			awards = append(awards, Award{UserID: q.SupplierID, Task: PhotosTask, Subject: q.ID})
		}
		return awards
	case QuoteAccepted, QuoteRefused:
		return answerAwards(e, q)
	case CertificationDone:
		if e.Actor == 0 { // rejected: see the event
			return nil
		}
		return []Award{{UserID: e.Subject, Task: CertifyTask}}
	case DealConfirmed:
		if q.Status != SuccessfulQuote {
			return nil
		}
		return []Award{
			{UserID: f.Purchase.BuyerID, Task: DealTask, Subject: q.ID, Partner: q.SupplierID},
			{UserID: q.SupplierID, Task: DealTask, Subject: q.ID, Partner: f.Purchase.BuyerID},
		}
	case DealRated:
		partner := q.SupplierID
		if e.Actor == partner {
			partner = f.Purchase.BuyerID
		}
		return []Award{{UserID: e.Actor, Task: RatingTask, Subject: q.ID, Partner: partner}}
	}
	return nil
}

func answerAwards(e Event, q Quote) (awards []Award) {
	if q.AnsweredAt.IsZero() {
		return nil
	}
	if q.AnsweredAt.Sub(q.UpdatedAt) <= FastAnswer {
		awards = append(awards, Award{UserID: e.Actor, Task: FastAnswerTask, Subject: q.ID, Partner: q.SupplierID})
	}
	if e.Kind == QuoteAccepted && q.State == Accepted {
		awards = append(awards, Award{UserID: q.SupplierID, Task: ChosenTask, Subject: q.ID, Partner: e.Actor})
	}
	return awards
}

// Forfeits tells which awards the event takes back.
func Forfeits(e Event, f Facts) []Award {
	q := f.Quote
	switch e.Kind {
	case AnswerUndone:
		return []Award{
			{UserID: e.Actor, Task: FastAnswerTask, Subject: q.ID},
			{UserID: q.SupplierID, Task: ChosenTask, Subject: q.ID},
		}
	case QuoteWithdrawn:
		return []Award{
			{UserID: q.SupplierID, Task: FirstQuoteTask, Subject: q.ID},
			{UserID: q.SupplierID, Task: PhotosTask, Subject: q.ID},
		}
	}
	return nil
}

// Level is how far somebody has grown.
type Level int

// levels are the points from which each level holds, and its name.
func levels() []struct {
	from int
	name string
} {
	return []struct {
		from int
		name string
	}{{0, "新手"}, {50, "入行"}, {200, "熟手"}, {600, "行家"}, {1500, "掌柜"}, {4000, "老字号"}}
}

// LevelAt is the level of somebody with so many points.
func LevelAt(points int) Level {
	level := Level(1)
	for i, l := range levels() {
		if points >= l.from {
			level = Level(i + 1)
		}
	}
	return level
}

// From is the number of points from which the level holds.
func (l Level) From() int { return levels()[l-1].from }

// Next is the number of points from which the next level holds; 0 at the top.
func (l Level) Next() int {
	if int(l) == len(levels()) {
		return 0
	}
	return levels()[l].from
}

// String is the level's name: 3 级 · 熟手.
func (l Level) String() string { return fmt.Sprintf("%d 级 · %s", int(l), levels()[l-1].name) }
