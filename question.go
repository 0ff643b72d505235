package xunjia

import (
	"strings"
	"time"
	"unicode/utf8"
)

// QuestionState tells how far a public question has come. The numbers are
// stored.
type QuestionState int

// The states. QuestionAction tells who moves a question between them.
const (
	QuestionOpen   QuestionState = 0 // 待回答
	QuestionDone   QuestionState = 1 // 已回答
	QuestionHidden QuestionState = 2 // 已隐藏, with a reason that who asked can read
)

// QuestionStates lists every state.
func QuestionStates() []QuestionState {
	return []QuestionState{QuestionOpen, QuestionDone, QuestionHidden}
}

// String is the state's Chinese name.
func (s QuestionState) String() string {
	switch s {
	case QuestionOpen:
		return "待回答"
	case QuestionDone:
		return "已回答"
	case QuestionHidden:
		return "已隐藏"
	}
	return ""
}

// QuestionAction moves a question from one state to another.
type QuestionAction string

// The actions.
const (
	AnswerAction QuestionAction = "answer" // by the buyer's side; again to change the answer
	HideAction   QuestionAction = "hide"   // by the buyer's side or staff, with a reason
)

// QuestionActions lists every action.
func QuestionActions() []QuestionAction { return []QuestionAction{AnswerAction, HideAction} }

// After is the transition table of questions: the state that the action leads
// to, or a Conflict that says why it is not possible.
func (s QuestionState) After(a QuestionAction) (QuestionState, error) {
	switch {
	case s != QuestionHidden && a == AnswerAction:
		return QuestionDone, nil
	case s != QuestionHidden && a == HideAction:
		return QuestionHidden, nil
	}
	return s, Errorf(Conflict, "这个提问%s，不能进行这个操作", s)
}

// Limits of questions and answers, in characters, and of how many a supplier may
// have waiting for an answer on one purchase.
const (
	minQuestion      = 2
	MaxQuestion      = 300
	MaxOpenQuestions = 5
)

// Question is what a supplier asks about a purchase, for everybody to read.
type Question struct {
	ID         int64
	PurchaseID int64
	AskerID    int64
	Text       string
	Answer     string
	State      QuestionState
	Reason     string    // why it was hidden
	CreatedAt  time.Time // asked
	AnsweredAt time.Time // zero while open
	EditedAt   time.Time // zero: the answer is the first one
}

// CheckQuestion trims a question and complains on the field "text".
func CheckQuestion(text string) (string, error) {
	return checkSaying("text", text, "请写明您的问题")
}

// CheckReply trims the answer to a question and complains on the field "answer".
func CheckReply(text string) (string, error) {
	return checkSaying("answer", text, "请写明您的回答")
}

func checkSaying(field, text, missing string) (string, error) {
	text = strings.TrimSpace(text)
	f := FieldErrors{}
	if utf8.RuneCountInString(text) < minQuestion {
		f.Add(field, "%s，至少 %d 个字", missing, minQuestion)
	}
	checkText(f, field, text, MaxQuestion)
	return text, f.Err()
}

// CanAsk tells why the user may not ask about the purchase: Forbidden on the own
// side's, Conflict once quoting is over or while as many as allowed of his
// questions wait for an answer.
func (p Purchase) CanAsk(u User, open int, now time.Time) error {
	if p.Of(u) || u.ID == p.BuyerID {
		return Errorf(Forbidden, "不能给自己的采购单提问")
	}
	if s := p.StatusAt(now); s != WaitingForQuote {
		return Errorf(Conflict, "采购单现在是“%s”，不能再提问", s)
	}
	if open >= MaxOpenQuestions {
		return Errorf(Conflict, "您有 %d 个提问还没有回答，请等采购商回答后再问", open)
	}
	return nil
}

// Answered is the question with the answer of the purchase's side: see Allows;
// Conflict when it was hidden. Another answer replaces the first and is marked.
func (q Question) Answered(p Purchase, by User, answer string, now time.Time) (Question, error) {
	if err := p.Allows(by, Manage); err != nil {
		return q, err
	}
	state, err := q.State.After(AnswerAction)
	if err != nil {
		return q, err
	}
	if q.State == QuestionDone {
		q.EditedAt = now
	} else {
		q.AnsweredAt = now
	}
	q.State, q.Answer = state, answer
	return q, nil
}

// Hidden is the question after it was hidden for the reason; Conflict when it
// was already.
func (q Question) Hidden(reason string) (Question, error) {
	state, err := q.State.After(HideAction)
	if err != nil {
		return q, err
	}
	q.State, q.Reason = state, reason
	return q, nil
}

// PublicName is how somebody is called where everybody reads: 甘肃·药**.
func (u User) PublicName() string {
	place := strings.NewReplacer("省", "", "市", "").Replace(u.Area.Province().ShortName())
	if place == "" {
		return u.MaskedName()
	}
	return place + "·" + u.MaskedName()
}
