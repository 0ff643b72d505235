package store_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/xunjia/xunjia"
	"github.com/xunjia/xunjia/store"
)

func TestQuestions(t *testing.T) {
	eachMarket(t, func(t *testing.T, m market) {
		ctx := t.Context()
		p := m.publish(t, "黄连")
		_, err := m.AskQuestion(ctx, p.ID, m.supplier.ID, "好")
		wantField(t, "too short", err, "text")
		_, err = m.AskQuestion(ctx, p.ID, m.buyer.ID, "自问自答？")
		wantCode(t, "by the buyer", err, xunjia.Forbidden)
		_, err = m.AskQuestion(ctx, 999999, m.supplier.ID, "有吗？")
		wantCode(t, "an unknown purchase", err, xunjia.NotFound)
		var asked []xunjia.Question
		for i := range xunjia.MaxOpenQuestions {
			m.clock.advance(time.Second)
			q, err := m.AskQuestion(ctx, p.ID, m.supplier.ID, fmt.Sprintf(" 问题 %d ", i))
			if err != nil || q.Text != fmt.Sprintf("问题 %d", i) {
				t.Fatal(q, err)
			}
			asked = append(asked, q)
		}
		_, err = m.AskQuestion(ctx, p.ID, m.supplier.ID, "再问一个")
		wantCode(t, "too many", err, xunjia.Conflict)
		if _, err := m.AskQuestion(ctx, p.ID, m.next.ID, "别人还可以问"); err != nil {
			t.Error(err)
		}

		id := asked[0].ID
		_, err = m.AnswerQuestion(ctx, id, m.supplier.ID, "我来回答")
		wantCode(t, "answered by a stranger", err, xunjia.NotFound)
		_, err = m.AnswerQuestion(ctx, id, m.buyer.ID, "")
		wantField(t, "no answer", err, "answer")
		q, err := m.AnswerQuestion(ctx, id, m.buyer.ID, "编织袋")
		if err != nil || q.State != xunjia.QuestionDone || !q.EditedAt.IsZero() {
			t.Fatal(q, err)
		}
		if _, err := m.AnswerQuestion(ctx, id, m.buyer.ID, "编织袋"); err != nil { // the second tap
			t.Error(err)
		}
		if n := events(t, m.Store, xunjia.QuestionAnswered, p.ID); n != 1 {
			t.Errorf("%d events of the answer", n)
		}
		m.clock.advance(time.Minute)
		if q, err = m.AnswerQuestion(ctx, id, m.buyer.ID, "纸箱"); err != nil || q.EditedAt.IsZero() || q.AnsweredAt.Equal(q.EditedAt) {
			t.Errorf("changed: %+v, %v", q, err)
		}
		if _, err := m.AskQuestion(ctx, p.ID, m.supplier.ID, "又可以问了"); err != nil {
			t.Error(err)
		}

		_, err = m.HideQuestion(ctx, asked[1].ID, m.next.ID, "捣乱")
		wantCode(t, "hidden by a stranger", err, xunjia.NotFound)
		if _, err := m.HideQuestion(ctx, asked[1].ID, m.buyer.ID, "与采购无关"); err != nil {
			t.Fatal(err)
		}
		_, err = m.AnswerQuestion(ctx, asked[1].ID, m.buyer.ID, "晚了")
		wantCode(t, "answered when hidden", err, xunjia.Conflict)
		_, err = m.HideQuestionByStaff(ctx, p.ID+1, asked[2].ID, 9, "违规")
		wantCode(t, "of another purchase", err, xunjia.NotFound)
		if _, err := m.HideQuestionByStaff(ctx, p.ID, asked[2].ID, 9, "含有联系方式"); err != nil {
			t.Fatal(err)
		}
		if n := rows(t, m.Store, "audit WHERE staff_id = 9 AND action = 'question.hide'"); n != 1 {
			t.Errorf("%d lines of audit", n)
		}
		for _, c := range []struct {
			name  string
			who   xunjia.User
			staff bool
			want  int
		}{
			{"a guest", xunjia.User{}, false, 5}, {"another supplier", m.next, false, 5},
			{"who asked", m.supplier, false, 7}, {"the buyer", m.buyer, false, 7}, {"staff", xunjia.User{}, true, 7},
		} {
			list, err := m.Questions(ctx, p, c.who, c.staff, xunjia.Page{})
			if err != nil || len(list.Items) != c.want {
				t.Errorf("%s reads %d, want %d, %v", c.name, len(list.Items), c.want, err)
			}
		}
		// In parts, none twice.
		seen := map[int64]bool{}
		for page := (xunjia.Page{Limit: 2}); ; {
			list, err := m.Questions(ctx, p, m.buyer, false, page)
			if err != nil {
				t.Fatal(err)
			}
			for _, q := range list.Items {
				seen[q.ID] = true
			}
			if page.After = list.Next; list.Next == "" {
				break
			}
		}
		if len(seen) != 7 {
			t.Errorf("%d in parts", len(seen))
		}
		m.clock.advance(48 * time.Hour)
		_, err = m.AskQuestion(ctx, p.ID, m.next.ID, "现在呢？")
		wantCode(t, "after the deadline", err, xunjia.Conflict)
	})
}

// Who asked and everybody who quoted hear of the answer, once each.
func TestWhoHearsAnswers(t *testing.T) {
	eachMarket(t, func(t *testing.T, m market) {
		ctx := t.Context()
		p := m.publish(t, "黄连")
		asker := m.user(t, 30, "提问人")
		quoters := []xunjia.User{m.supplier, m.next, m.user(t, 31, "第三家")}
		for _, u := range quoters {
			m.quote(t, p, u.ID, 100)
		}
		for _, who := range []xunjia.User{asker, quoters[1]} {
			q, err := m.AskQuestion(ctx, p.ID, who.ID, "包装要求？")
			if err != nil {
				t.Fatal(err)
			}
			e := xunjia.Event{Kind: xunjia.QuestionAnswered, PurchaseID: p.ID, Subject: q.ID}
			facts, err := m.EventFacts(ctx, e)
			if err != nil || facts.Question.ID != q.ID || facts.Asker.ID != who.ID {
				t.Fatalf("%+v, %v", facts, err)
			}
			want := []int64{who.ID}
			for _, u := range quoters {
				if u.ID != who.ID {
					want = append(want, u.ID)
				}
			}
			slices.Sort(want)
			var told []int64
			for query := (store.AudienceQuery{Facts: facts, Limit: 2}); ; {
				people, next, err := m.Audience(ctx, e, query)
				if err != nil {
					t.Fatal(err)
				}
				for _, r := range people {
					told = append(told, r.ID)
				}
				if query.After = next; next == 0 {
					break
				}
			}
			slices.Sort(told)
			if !slices.Equal(told, want) {
				t.Errorf("told %v, want %v", told, want)
			}
		}
	})
}

// As many questions as are allowed, however many are sent at once.
func TestQuestionRace(t *testing.T) {
	eachIsolation(t, func(t *testing.T, m market, stores [2]*store.Store) {
		p := m.publish(t, "黄连")
		won := atOnce(t, stores, 20, xunjia.Conflict, func(s *store.Store, i int) error {
			_, err := s.AskQuestion(t.Context(), p.ID, m.supplier.ID, fmt.Sprint("问题 ", i))
			return err
		})
		if won != xunjia.MaxOpenQuestions {
			t.Errorf("%d questions", won)
		}
	})
}
