package handlers

import (
	"context"
	"net/http"
	"net/url"

	"github.com/gin-gonic/gin"

	"github.com/xunjia/xunjia"
	"github.com/xunjia/xunjia/store"
	"github.com/xunjia/xunjia/templates"
)

// questionsOnPurchase is how many questions stand on the purchase's own page.
const questionsOnPurchase = 3

// addTalk adds to a purchase's page how the visitor was invited and what was
// asked; that he looks at it is noted.
func (s *Site) addTalk(c *gin.Context, page *templates.PurchasePage) error {
	ctx, u, p := c.Request.Context(), visitOf(c).user, page.Purchase
	list, err := s.questionRows(ctx, p, u, xunjia.Page{Limit: questionsOnPurchase})
	if err != nil {
		return err
	}
	page.Questions, page.MoreQuestions = list.Items, list.Next != ""
	if !visitOf(c).loggedIn() || page.Mine {
		return nil
	}
	page.CanAsk = p.CanAsk(u, 0, s.Clock()) == nil
	if page.Invitation, err = s.Store.InvitationOf(ctx, p, u.ID); err != nil {
		return err
	}
	return s.Store.SeeInvitation(ctx, page.Invitation)
}

// questionRows are questions as the user may read them.
func (s *Site) questionRows(ctx context.Context, p xunjia.Purchase, u xunjia.User, page xunjia.Page) (rows xunjia.List[templates.QuestionRow], err error) {
	list, err := s.Store.Questions(ctx, p, u, false, page)
	if err != nil {
		return rows, err
	}
	rows.Next = list.Next
	for _, q := range list.Items {
		rows.Items = append(rows.Items, questionRow(p, u, q))
	}
	return rows, nil
}

func questionRow(p xunjia.Purchase, u xunjia.User, q store.QuestionView) templates.QuestionRow {
	return templates.QuestionRow{
		Question: q.Question, Asker: q.Asker.PublicName(), Own: u.ID != 0 && u.ID == q.AskerID,
		CanAnswer: p.Allows(u, xunjia.Manage) == nil && q.State != xunjia.QuestionHidden,
	}
}

// questions lists everything that was asked about a purchase.
func (s *Site) questions(c *gin.Context) error {
	id, err := idParam(c)
	if err != nil {
		return err
	}
	p, err := s.Store.PurchaseFor(c.Request.Context(), id, visitOf(c).user)
	if err != nil {
		return err
	}
	return s.renderQuestions(c, http.StatusOK, p, templates.Form{})
}

func (s *Site) renderQuestions(c *gin.Context, status int, p xunjia.Purchase, f templates.Form) error {
	u := visitOf(c).user
	list, err := s.questionRows(c.Request.Context(), p, u, xunjia.Page{After: c.Query("after")})
	if err != nil {
		return err
	}
	page := &templates.QuestionsPage{Purchase: p, Status: p.StatusAt(s.Clock()), Questions: list.Items, Next: partPath(xunjia.QuestionsPath(p.ID), list.Next), Form: f, Mine: p.Of(u)}
	page.CanAsk = visitOf(c).loggedIn() && p.CanAsk(u, 0, s.Clock()) == nil
	page.Title, page.Back = "提问与回答", xunjia.PurchasePath(p.ID)
	return s.render(c, status, page)
}

// ask puts a supplier's question on the page.
func (s *Site) ask(c *gin.Context) error {
	ctx, u := c.Request.Context(), visitOf(c).user
	id, err := idParam(c)
	if err != nil {
		return err
	}
	p, err := s.Store.PurchaseFor(ctx, id, u)
	if err != nil {
		return err
	}
	f := s.form(c)
	_, err = s.Store.AskQuestion(ctx, id, u.ID, newlines(f.Value("text")))
	if err != nil {
		if !formErrors(&f, err) {
			return err
		}
		return s.renderQuestions(c, status(xunjia.ErrorCode(err)), p, f)
	}
	s.Outbox.Wake()
	s.flash(c, "提问已发布，采购商会收到通知，回答后会通知您")
	s.redirect(c, xunjia.QuestionsPath(id))
	return nil
}

// questionOfParam is the question of the address, for the purchase's side; true
// when it has shown why nothing can be done with it.
func (s *Site) questionOfParam(c *gin.Context, a xunjia.QuestionAction) (q xunjia.Question, p xunjia.Purchase, shown bool, err error) {
	id, err := idParam(c)
	if err != nil {
		return q, p, false, err
	}
	u := visitOf(c).user
	if q, p, err = s.Store.Question(c.Request.Context(), id, u); err != nil {
		return q, p, false, err
	}
	if err = p.Allows(u, xunjia.Manage); err == nil {
		_, err = q.State.After(a)
	}
	if err != nil {
		shown, err = s.refuseQuestion(c, p, err)
	}
	return q, p, shown, err
}

// refuseQuestion shows the questions of a purchase with the reason why something
// is not possible.
func (s *Site) refuseQuestion(c *gin.Context, p xunjia.Purchase, err error) (shown bool, failed error) {
	switch code := xunjia.ErrorCode(err); code {
	case xunjia.Conflict, xunjia.Forbidden:
		return true, s.renderQuestions(c, status(code), p, templates.Form{Message: known(err).Message})
	}
	return false, err
}

func (s *Site) showAnswerQuestion(c *gin.Context) error {
	q, p, shown, err := s.questionOfParam(c, xunjia.AnswerAction)
	if err != nil || shown {
		return err
	}
	return s.renderAnswerQuestion(c, http.StatusOK, q, p, templates.Form{Values: url.Values{"answer": {q.Answer}}})
}

func (s *Site) renderAnswerQuestion(c *gin.Context, status int, q xunjia.Question, p xunjia.Purchase, f templates.Form) error {
	page := &templates.QuestionAnswerPage{Question: q, Form: f}
	page.Title, page.Plain, page.Back = "回答提问", true, xunjia.QuestionsPath(p.ID)
	return s.render(c, status, page)
}

func (s *Site) answerQuestion(c *gin.Context) error {
	q, p, shown, err := s.questionOfParam(c, xunjia.AnswerAction)
	if err != nil || shown {
		return err
	}
	f := s.form(c)
	_, err = s.Store.AnswerQuestion(c.Request.Context(), q.ID, visitOf(c).user.ID, newlines(f.Value("answer")))
	if xunjia.ErrorCode(err) == xunjia.Invalid && formErrors(&f, err) {
		return s.renderAnswerQuestion(c, http.StatusUnprocessableEntity, q, p, f)
	}
	return s.afterQuestion(c, p, err, "回答已发布，提问和报过价的供应商会收到通知")
}

// afterQuestion ends an operation on a question.
func (s *Site) afterQuestion(c *gin.Context, p xunjia.Purchase, err error, done string) error {
	if err != nil {
		_, err = s.refuseQuestion(c, p, err)
		return err
	}
	s.Outbox.Wake()
	s.flash(c, done)
	s.redirect(c, xunjia.QuestionsPath(p.ID))
	return nil
}

// hidePhrases are reasons for hiding a question.
func hidePhrases() []string {
	return []string{"与采购无关", "含有联系方式", "含有价格", "重复提问"}
}

func (s *Site) showHideQuestion(c *gin.Context) error {
	q, p, shown, err := s.questionOfParam(c, xunjia.HideAction)
	if err != nil || shown {
		return err
	}
	return s.renderHideQuestion(c, http.StatusOK, q, p, templates.Form{})
}

func (s *Site) renderHideQuestion(c *gin.Context, status int, q xunjia.Question, p xunjia.Purchase, f templates.Form) error {
	page := &templates.ReasonPage{
		Heading: "隐藏这个提问？", Text: q.Text, Points: []string{"其他人不再看到这个提问和回答", "提问的供应商会看到原因", "隐藏后不能恢复"},
		Action: c.Request.URL.Path, Button: "隐藏", Form: f, Suggest: hidePhrases(),
	}
	page.Title, page.Plain, page.Back = "隐藏提问", true, xunjia.QuestionsPath(p.ID)
	return s.render(c, status, page)
}

func (s *Site) hideQuestion(c *gin.Context) error {
	q, p, shown, err := s.questionOfParam(c, xunjia.HideAction)
	if err != nil || shown {
		return err
	}
	f := s.form(c)
	_, err = s.Store.HideQuestion(c.Request.Context(), q.ID, visitOf(c).user.ID, newlines(f.Value("reason")))
	if xunjia.ErrorCode(err) == xunjia.Invalid && formErrors(&f, err) {
		return s.renderHideQuestion(c, http.StatusUnprocessableEntity, q, p, f)
	}
	return s.afterQuestion(c, p, err, "提问已隐藏")
}
