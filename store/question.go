package store

import (
	"context"
	"database/sql"
	"errors"
	"slices"
	"strconv"
	"time"

	sq "github.com/Masterminds/squirrel"

	"github.com/xunjia/xunjia"
)

func selectQuestions() sq.SelectBuilder {
	return sq.Select("id", "purchase_id", "asker_id", "text", "answer", "state", "reason", "created_at", "answered_at", "edited_at").From("question")
}

func scanQuestion(row scanner) (q xunjia.Question, err error) {
	var created, answered, edited int64
	err = row.Scan(&q.ID, &q.PurchaseID, &q.AskerID, &q.Text, &q.Answer, &q.State, &q.Reason, &created, &answered, &edited)
	q.CreatedAt, q.AnsweredAt, q.EditedAt = moment(created), moment(answered), moment(edited)
	return q, err
}

func errNoQuestion() error { return xunjia.Errorf(xunjia.NotFound, "没有找到这个提问") }

// AskQuestion asks the buyer about a purchase, for everybody to read, and tells
// him: see Purchase.CanSee, Purchase.CanAsk and CheckQuestion for the rules.
func (s *Store) AskQuestion(ctx context.Context, purchaseID, askerID int64, text string) (q xunjia.Question, err error) {
	if text, err = xunjia.CheckQuestion(text); err != nil {
		return q, err
	}
	err = s.runTx(ctx, func(tx *tx) error {
		p, err := s.lockPurchase(ctx, tx, purchaseID)
		if err != nil {
			return err
		}
		u, err := active(ctx, tx, askerID)
		if err != nil {
			return err
		}
		if err := s.admit(ctx, tx, p, u); err != nil {
			return err
		}
		open, err := one(ctx, tx, sq.Select("COUNT(*)").From("question").
			Where(sq.Eq{"asker_id": askerID, "purchase_id": purchaseID, "state": xunjia.QuestionOpen}), scanInt)
		if err != nil {
			return err
		}
		if err := p.CanAsk(u, int(open), tx.now); err != nil {
			return err
		}
		q = xunjia.Question{PurchaseID: purchaseID, AskerID: askerID, Text: text, CreatedAt: tx.now}
		if q.ID, err = insert(ctx, tx, sq.Insert("question").Columns("purchase_id", "asker_id", "text", "state", "created_at").
			Values(purchaseID, askerID, text, q.State, millis(tx.now))); err != nil {
			return err
		}
		_, err = tx.addEvent(ctx, xunjia.Event{Kind: xunjia.QuestionAsked, Actor: askerID, PurchaseID: purchaseID, Subject: q.ID})
		return err
	})
	return q, err
}

// changeQuestion locks a question's purchase and the question, asks change for
// the new one and writes it if it still is what change saw.
func (s *Store) changeQuestion(ctx context.Context, id int64, change func(*tx, xunjia.Purchase, xunjia.Question) (xunjia.Question, error), columns func(xunjia.Question) map[string]any) (q xunjia.Question, err error) {
	purchaseID, err := one(ctx, s.db, sq.Select("purchase_id").From("question").Where(sq.Eq{"id": id}), scanInt)
	if errors.Is(err, sql.ErrNoRows) {
		return q, errNoQuestion()
	}
	if err != nil {
		return q, err
	}
	err = s.runTx(ctx, func(tx *tx) error {
		p, err := s.lockPurchase(ctx, tx, purchaseID)
		if err != nil {
			return err
		}
		old, err := one(ctx, tx, selectQuestions().Where(sq.Eq{"id": id}).Suffix(s.dialect.forUpdate()), scanQuestion)
		if err != nil {
			return err
		}
		if q, err = change(tx, p, old); err != nil {
			return err
		}
		n, err := exec(ctx, tx, sq.Update("question").SetMap(columns(q)).Where(sq.Eq{"id": id, "state": old.State}))
		if err == nil && n == 0 {
			err = xunjia.Errorf(xunjia.Conflict, "这个提问刚刚有变化，请刷新后再试")
		}
		return err
	})
	if err != nil {
		return xunjia.Question{}, err
	}
	return q, nil
}

// AnswerQuestion answers a question, or changes the answer; who asked and
// everybody who quoted is told. The same answer again changes nothing. See
// Question.Answered and CheckReply for the rules.
func (s *Store) AnswerQuestion(ctx context.Context, id, by int64, answer string) (xunjia.Question, error) {
	answer, err := xunjia.CheckReply(answer)
	if err != nil {
		return xunjia.Question{}, err
	}
	return s.changeQuestion(ctx, id, func(tx *tx, p xunjia.Purchase, old xunjia.Question) (xunjia.Question, error) {
		u, err := active(ctx, tx, by)
		if err != nil {
			return old, err
		}
		q, err := old.Answered(p, u, answer, tx.now)
		if err != nil {
			return old, err
		}
		if old.State == xunjia.QuestionDone && old.Answer == answer {
			return old, nil
		}
		_, err = tx.addEvent(ctx, xunjia.Event{Kind: xunjia.QuestionAnswered, Actor: by, PurchaseID: p.ID, Subject: id})
		return q, err
	}, func(q xunjia.Question) map[string]any {
		return map[string]any{"state": q.State, "answer": q.Answer, "answered_by": by, "answered_at": millis(q.AnsweredAt), "edited_at": millis(q.EditedAt)}
	})
}

func hiddenColumns(q xunjia.Question) map[string]any {
	return map[string]any{"state": q.State, "reason": q.Reason}
}

// HideQuestion takes a question of the own purchase from the page, for a reason
// that who asked can read: see Question.Hidden and CheckReason for the rules.
func (s *Store) HideQuestion(ctx context.Context, id, by int64, reason string) (xunjia.Question, error) {
	reason, err := xunjia.CheckReason(reason)
	if err != nil {
		return xunjia.Question{}, err
	}
	return s.changeQuestion(ctx, id, func(tx *tx, p xunjia.Purchase, old xunjia.Question) (xunjia.Question, error) {
		u, err := active(ctx, tx, by)
		if err == nil {
			err = p.Allows(u, xunjia.Manage)
		}
		if err != nil {
			return old, err
		}
		return old.Hidden(reason)
	}, hiddenColumns)
}

// HideQuestionByStaff takes a question that breaks the rules of the site from
// the page of the purchase. It is audited.
func (s *Store) HideQuestionByStaff(ctx context.Context, purchaseID, id, staffID int64, reason string) (xunjia.Question, error) {
	reason, err := xunjia.CheckReason(reason)
	if err != nil {
		return xunjia.Question{}, err
	}
	return s.changeQuestion(ctx, id, func(tx *tx, p xunjia.Purchase, old xunjia.Question) (xunjia.Question, error) {
		if p.ID != purchaseID {
			return old, errNoQuestion()
		}
		q, err := old.Hidden(reason)
		if err != nil {
			return old, err
		}
		return q, tx.audit(ctx, xunjia.Audit{Staff: staffID, Action: "question.hide", Target: p.Number + " 提问 " + strconv.FormatInt(id, 10), Detail: reason})
	}, hiddenColumns)
}

// Question finds a question for the purchase's side; NotFound for anybody else.
func (s *Store) Question(ctx context.Context, id int64, viewer xunjia.User) (xunjia.Question, xunjia.Purchase, error) {
	q, err := one(ctx, s.db, selectQuestions().Where(sq.Eq{"id": id}), scanQuestion)
	if errors.Is(err, sql.ErrNoRows) {
		err = errNoQuestion()
	}
	if err != nil {
		return xunjia.Question{}, xunjia.Purchase{}, err
	}
	p, err := s.Purchase(ctx, q.PurchaseID)
	if err == nil && !p.Of(viewer) {
		err = errNoQuestion()
	}
	if err != nil {
		return xunjia.Question{}, xunjia.Purchase{}, err
	}
	return q, p, nil
}

// QuestionView is a question with who asked.
type QuestionView struct {
	xunjia.Question
	Asker xunjia.User
}

// Questions lists the questions about a purchase, newest first. Hidden ones are
// read by who asked, by the purchase's side and by staff alone. The caller has
// checked that the viewer may see the purchase.
func (s *Store) Questions(ctx context.Context, p xunjia.Purchase, viewer xunjia.User, staff bool, page xunjia.Page) (list xunjia.List[QuestionView], err error) {
	k, err := newKeyset(page)
	if err != nil {
		return list, err
	}
	q := selectQuestions()
	if !staff && !p.Of(viewer) {
		shown := sq.Or{sq.NotEq{"state": int(xunjia.QuestionHidden)}}
		if viewer.ID != 0 {
			shown = append(shown, sq.Eq{"asker_id": viewer.ID})
		}
		q = q.Where(shown)
	}
	rows, err := all(ctx, s.db, k.apply(q, s.dialect, "created_at", "id", pin{"purchase_id", p.ID}), scanQuestion)
	if err != nil {
		return list, err
	}
	part := cut(k, rows, func(q xunjia.Question) (time.Time, int64) { return q.CreatedAt, q.ID })
	list.Next = part.Next
	ids := make([]int64, 0, len(part.Items))
	for _, q := range part.Items {
		ids = append(ids, q.AskerID)
	}
	users, err := s.Users(ctx, ids)
	for _, q := range part.Items {
		list.Items = append(list.Items, QuestionView{q, users[q.AskerID]})
	}
	return list, err
}

func (s *Store) questionFacts(ctx context.Context, id int64) (q xunjia.Question, asker xunjia.User, err error) {
	if q, err = one(ctx, s.db, selectQuestions().Where(sq.Eq{"id": id}), scanQuestion); err != nil {
		return q, asker, err
	}
	asker, err = s.User(ctx, q.AskerID)
	return q, asker, err
}

// listeners are who asked the question and everybody who quoted.
func (s *Store) listeners(ctx context.Context, e xunjia.Event, q AudienceQuery) ([]Recipient, int64, error) {
	asker := q.Facts.Question.AskerID
	people, next, err := s.quoters(ctx, e, q)
	if err != nil {
		return nil, 0, err
	}
	people = slices.DeleteFunc(people, func(r Recipient) bool { return r.ID == asker })
	if q.After == 0 {
		people = append(people, Recipient{ID: asker})
	}
	return people, next, nil
}
