package templates

import (
	"net/url"
	"time"

	"github.com/xunjia/xunjia"
)

// QuestionRow is a public question as its reader sees it.
type QuestionRow struct {
	xunjia.Question
	Asker     string // masked
	Own       bool   // the reader asked it
	CanAnswer bool   // the reader may answer and hide it
}

// QuestionsPage lists what was asked about a purchase.
type QuestionsPage struct {
	Layout
	Purchase  xunjia.Purchase
	Status    xunjia.PurchaseStatus // now
	Questions []QuestionRow
	Next      string // address of the next part
	Mine      bool
	CanAsk    bool
	Form      Form // text
}

// Template implements Page.
func (*QuestionsPage) Template() string { return "questions" }

// Script is as for PublishPage.
func (*QuestionsPage) Script() string { return businessScript }

// QuestionAnswerPage answers a question. With the script its middle is shown in
// a dialog on the page before.
type QuestionAnswerPage struct {
	Layout
	Question xunjia.Question
	Form     Form // answer
}

// Template implements Page.
func (*QuestionAnswerPage) Template() string { return "question_answer" }

// AskForm is the empty form on a purchase's page.
func (*PurchasePage) AskForm() Form { return Form{} }

// ModeText explains the purchase's mode to the reader; "" for an open one.
func (p *PurchasePage) ModeText() string {
	switch p.Purchase.Mode {
	case xunjia.InvitedMode:
		return "只有受邀请的供应商能看到和报价。"
	case xunjia.SealedMode:
		switch {
		case p.Status == xunjia.WaitingForQuote:
			return "截止前，包括采购商在内，任何人都看不到价格。"
		case p.Status == xunjia.Closed && p.Purchase.Hidden(p.Purchase.Deadline):
			return "采购单在截止前关闭，价格不再公开。"
		}
		return "已在截止时开标，采购商可以看到所有报价。"
	}
	return ""
}

// Pending tells whether the reader is invited and has not answered yet.
func (p *PurchasePage) Pending() bool {
	_, err := p.Invitation.State.After(xunjia.DeclineInvitation)
	return err == nil && p.Open()
}

// Declined tells whether the reader has declined and may still quote.
func (p *PurchasePage) Declined() bool {
	return p.Invitation.State == xunjia.InvitationDeclined && p.Open()
}

func sampleQuestions(now time.Time) []QuestionRow {
	return []QuestionRow{
		{Question: xunjia.Question{ID: 3, Text: "可以接受陕西产的吗？水分放宽到 14% 行不行？", CreatedAt: now.Add(-20 * time.Minute)}, Asker: "甘肃·药**"},
		{Question: xunjia.Question{ID: 2, Text: "包装要求？", Answer: "25 公斤编织袋，内衬薄膜。\n外面要有产地和批号标签。", State: xunjia.QuestionDone, CreatedAt: now.Add(-3 * time.Hour), AnsweredAt: now.Add(-2 * time.Hour), EditedAt: now.Add(-time.Hour)}, Asker: "安徽·安国**公司", Own: true},
		{Question: xunjia.Question{ID: 1, Text: "我家有货，加微信聊", State: xunjia.QuestionHidden, Reason: "含有联系方式", CreatedAt: now.Add(-5 * time.Hour)}, Asker: "四川·王**"},
	}
}

func questionSamples(now time.Time) []Sample {
	p := samplePurchase(now)
	page := func(list []QuestionRow) *QuestionsPage {
		return &QuestionsPage{Layout: sampleLayout("提问与回答", ""), Purchase: p, Status: p.StatusAt(now), Questions: list}
	}
	asker, wrong, buyer, empty := page(sampleQuestions(now)[:2]), page(sampleQuestions(now)[:1]), page(sampleQuestions(now)), page(nil)
	asker.CanAsk, asker.Next = true, "/purchases/1/questions?after=more"
	wrong.CanAsk, wrong.Form = true, Form{Values: url.Values{"text": {"好"}}, Message: "有内容需要修改，请看标红的地方", Errors: map[string]string{"text": "请写明您的问题，至少 2 个字"}}
	empty.CanAsk, buyer.Mine = true, true
	for i := range buyer.Questions {
		buyer.Questions[i].CanAnswer = buyer.Questions[i].State != xunjia.QuestionHidden
	}
	q := sampleQuestions(now)[0].Question
	answer := &QuestionAnswerPage{Layout: Layout{Title: "回答提问", Plain: true, Back: "/purchases/1/questions"}, Question: q}
	answerWrong := *answer
	answerWrong.Form = Form{Errors: map[string]string{"answer": "请写明您的回答，至少 2 个字"}}
	buyerPage, _, _ := sampleUsers()
	invited := &PurchasePage{Layout: sampleLayout(p.Title(), ""), Purchase: p, Status: p.StatusAt(now), Left: LeftOf(p, now), Buyer: buyerPage, BuyerName: buyerPage.Name,
		Invitation: xunjia.Invitation{State: xunjia.InvitationSeen}, Questions: sampleQuestions(now)[:2], MoreQuestions: true, CanAsk: true}
	invited.Purchase.Mode = xunjia.InvitedMode
	sealed := *invited
	sealed.Purchase.Mode, sealed.Mine, sealed.CanAsk, sealed.Invitation, sealed.Questions = xunjia.SealedMode, true, false, xunjia.Invitation{}, buyer.Questions
	sealed.Can = PurchaseActions{Close: true, Extend: true, Invite: true, Opening: true}
	for _, l := range p.Lines {
		invited.Lines = append(invited.Lines, PurchaseLine{Line: l, Open: true})
		sealed.Lines = append(sealed.Lines, PurchaseLine{Line: l})
	}
	adminPurchase := &AdminPurchasePage{Layout: sampleConsole("采购单 "+p.Number, "/admin/purchases"), Purchase: p, Now: p.StatusAt(now), Buyer: buyerPage, CanClose: true, CanHide: true, Next: "/admin/purchases/1?after=more", Versions: sampleVersions(now)}
	for _, q := range sampleQuestions(now) {
		adminPurchase.Questions = append(adminPurchase.Questions, AdminQuestionRow{Question: q.Question, Asker: buyerPage})
	}
	adminWrong := *adminPurchase
	adminWrong.Questions, adminWrong.Next = nil, ""
	adminWrong.Form = Form{Values: url.Values{"about": {"close"}, "reason": {"无"}}, Message: "有内容需要修改，请看标红的地方", Errors: map[string]string{"reason": "请写明原因，报过价的供应商会看到"}}
	rows := []AdminPurchaseRow{}
	for i, card := range samplePurchases(now) {
		row := AdminPurchaseRow{Purchase: card.Purchase, Now: card.Status, Buyer: buyerPage}
		row.Mode = xunjia.PurchaseModes()[i%3]
		rows = append(rows, row)
	}
	return []Sample{
		{"questions", asker}, {"questions buyer", buyer}, {"questions wrong", wrong}, {"questions empty", empty},
		{"question_answer", answer}, {"question_answer wrong", &answerWrong},
		{"purchase invited", invited}, {"purchase sealed", &sealed},
		{"admin/purchases", &AdminPurchasesPage{Layout: sampleConsole("采购单", "/admin/purchases"), Rows: rows, Next: "/admin/purchases?after=more"}},
		{"admin/purchases empty", &AdminPurchasesPage{Layout: sampleConsole("采购单", "/admin/purchases"), Query: "13800000000", Status: "0"}},
		{"admin/purchase", adminPurchase}, {"admin/purchase wrong", &adminWrong},
	}
}
