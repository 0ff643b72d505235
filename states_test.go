package xunjia

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"
)

// go test . -run TestStatesDocument -update writes docs/states.md anew.
var update = flag.Bool("update", false, "write generated documents instead of comparing with them")

// TestStatesDocument keeps docs/states.md in step with the transition tables.
func TestStatesDocument(t *testing.T) {
	const path = "docs/states.md"
	want := statesDocument()
	if *update {
		if err := os.WriteFile(path, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != want {
		t.Errorf("%s is stale: run go test . -run %s -update", path, t.Name())
	}
}

func statesDocument() string {
	var b strings.Builder
	b.WriteString(`# States

Generated from the transition tables in the root package by ` + "`go test . -run TestStatesDocument -update`" + `; do not edit.
The numbers are what the database stores. A change is written only if the row still has the state that it starts from;
otherwise the user is told that somebody was faster.

`)
	machine(&b, "Purchase and line: `status`", PurchaseStatuses(), PurchaseActions(), map[PurchaseAction]string{
		EndQuoting: "the buyer, before the deadline",
		Expire:     "the clock, at the deadline",
		Close:      "the buyer or staff, with a reason",
		Reopen:     "the buyer, with a new deadline",
		Conclude:   "the concluded deal",
	})
	b.WriteString(`A purchase whose deadline is reached counts as ended from that very second, on every page and for every rule,
also before the clock's job has written it.

`)
	machine(&b, "Quote: `state`", QuoteStates(), QuoteActions(), map[QuoteAction]string{
		Accept:     "the buyer",
		Refuse:     "the buyer, with a reason",
		Withdraw:   "the supplier",
		Revise:     "the supplier, with another offer",
		PassOver:   "the concluded deal, for quotes nobody answered",
		UndoAnswer: fmt.Sprintf("the buyer, within %g minutes", UndoWindow.Minutes()),
		CallOff:    "the cancelled deal",
	})
	b.WriteString("Several quotes of a line can be accepted, for parts of its quantity. An answer names the revision that the buyer saw;\na newer one is not answered unseen. The same offer sent twice is one quote and one revision.\n\n")
	machine(&b, "Deal: `state`", DealStates(), DealActions(), map[DealAction]string{
		ConfirmDeal:  "the second of the two sides",
		ChangeDeal:   "either side; both have to confirm again",
		CancelDeal:   "either side, once confirmed both",
		CompleteDeal: "the buyer",
		DisputeDeal:  "either side",
		SettleDeal:   "staff",
		DropDispute:  "the side that opened the dispute",
	})
	b.WriteString("A deal is drafted in the transaction that accepts a quote; taking the answer back deletes the draft unless somebody has\nconfirmed it. When both have confirmed, `quote.status` is 1.\n\n")
	machine(&b, "Dispute: `state`", DisputeStates(), DisputeActions(), map[DisputeAction]string{
		SettleDispute:   "staff, once the other side has answered or its time is up",
		WithdrawDispute: "the side that opened it; the deal is what it was before",
	})
	machine(&b, "Invitation: `state`", InvitationStates(), InvitationActions(), map[InvitationAction]string{
		OpenInvitation:    "the supplier, who looks at the purchase",
		QuoteInvitation:   "the supplier, with a quote",
		DeclineInvitation: "the supplier",
		RevokeInvitation:  "the buyer's side",
		RenewInvitation:   "the buyer's side, inviting again",
	})
	machine(&b, "Question: `state`", QuestionStates(), QuestionActions(), map[QuestionAction]string{
		AnswerAction: "the buyer's side; again to change the answer",
		HideAction:   "the buyer's side or staff, with a reason",
	})
	machine(&b, "Round of pushes: `push_round.state`", RoundStates(), RoundActions(), map[RoundAction]string{
		FinishRound: "the outbox, when everybody of the round has been told",
		FollowRound: "the clock, when too little was measured, or staff",
		StopRound:   "the clock, when nothing more is wanted or possible, or staff",
		ResumeRound: "the buyer, who opens the purchase again",
	})
	machine(&b, "Certification: `state`", CertificationStates(), CertificationActions(), map[CertificationAction]string{
		ApproveCertification:  "staff",
		RejectCertification:   "staff, with a reason",
		WithdrawCertification: "who submitted it",
		RevokeCertification:   "staff, with a reason; the program, when the registered name is changed",
		ExpireCertification:   "the clock",
		ReplaceCertification:  "the approval of a newer one",
	})
	b.WriteString("## Other stored numbers\n\n| column | numbers |\n|---|---|\n")
	fmt.Fprintf(&b, "| `quote.status` | %d 默认 · %d 成功 (a deal came of it) |\n", DefaultQuote, SuccessfulQuote)
	fmt.Fprintf(&b, "| `quote_attachment.type`, `purchase_attachment.type` | %s |\n", numbers(AttachmentTypes()))
	fmt.Fprintf(&b, "| `notification.type` | %s |\n", numbers(NotificationTypes()))
	fmt.Fprintf(&b, "| `notification.status` | %d 未读 · %d 已读 |\n", Unread, Read)
	fmt.Fprintf(&b, "| `purchase.mode` | %s |\n", numbers(PurchaseModes()))
	fmt.Fprintf(&b, "| `users.kind` | %s |\n", numbers(BusinessKinds()))
	return b.String()
}

func numbers[T interface {
	~int
	fmt.Stringer
}](all []T) string {
	var parts []string
	for _, v := range all {
		parts = append(parts, fmt.Sprintf("%d %s", int(v), v))
	}
	return strings.Join(parts, " · ")
}

// machine writes a diagram and a table of one state machine.
func machine[S interface {
	~int
	fmt.Stringer
	After(A) (S, error)
}, A ~string](b *strings.Builder, title string, states []S, actions []A, by map[A]string) {
	fmt.Fprintf(b, "## %s\n\n%s\n\n```mermaid\nstateDiagram-v2\n", title, numbers(states))
	for _, s := range states {
		fmt.Fprintf(b, "    s%d: %d %s\n", int(s), int(s), s)
	}
	for _, s := range states {
		for _, a := range actions {
			if to, err := s.After(a); err == nil {
				fmt.Fprintf(b, "    s%d --> s%d: %s\n", int(s), int(to), a)
			}
		}
	}
	b.WriteString("```\n\n| action | by |")
	for _, s := range states {
		fmt.Fprintf(b, " from %d %s |", int(s), s)
	}
	b.WriteString("\n|---|---|" + strings.Repeat("---|", len(states)) + "\n")
	for _, a := range actions {
		fmt.Fprintf(b, "| %s | %s |", a, by[a])
		for _, s := range states {
			to, err := s.After(a)
			if err != nil {
				b.WriteString(" – |")
				continue
			}
			fmt.Fprintf(b, " %d %s |", int(to), to)
		}
		b.WriteString("\n")
	}
	b.WriteString("\n")
}
