package store

import (
	"context"

	sq "github.com/Masterminds/squirrel"

	"github.com/xunjia/xunjia"
)

// EventFacts loads what notices of the event talk about, as it stands now. Ids
// that the event lacks leave their fact zero.
func (s *Store) EventFacts(ctx context.Context, e xunjia.Event) (f xunjia.Facts, err error) {
	f.Event = e
	if e.Kind == xunjia.DigestDue {
		f.Digest, err = digest(ctx, s.db, e.Actor, moment(e.Subject), e.CreatedAt)
		return f, err
	}
	if e.Kind == xunjia.SystemAnnounced {
		f.Announcement, err = s.Announcement(ctx, e.Subject)
		return f, err
	}
	if e.Kind == xunjia.DeviceLogin {
		f.Login, err = s.loginOf(ctx, e.Subject)
		return f, err
	}
	if e.Kind == xunjia.CertificationDone || e.Kind == xunjia.CertificationEnds {
		f.Certification, err = s.latestCertification(ctx, e.Subject)
		return f, err
	}
	if e.Kind == xunjia.CompanyChanged {
		err = s.companyFacts(ctx, &f)
		return f, err
	}
	if e.PurchaseID == 0 {
		return f, nil
	}
	if f.Purchase, err = s.Purchase(ctx, e.PurchaseID); err != nil {
		return f, err
	}
	if f.Buyer, err = s.User(ctx, f.Purchase.BuyerID); err != nil {
		return f, err
	}
	if f.Team, err = s.teamOf(ctx, f.Purchase, f.Buyer); err != nil {
		return f, err
	}
	if e.QuoteID != 0 {
		view, err := s.quoteView(ctx, e.QuoteID, 0)
		if err != nil {
			return f, err
		}
		f.Quote, f.Line, f.Supplier, f.Sealed = view.Quote, view.Line, view.Supplier, view.Hidden
		if f.Sealed { // growth points count the pictures; notices show none
			list := []xunjia.Quote{f.Quote}
			err = s.addAttachments(ctx, list)
			f.Quote = list[0]
			return f, err
		}
		f.Deal, err = s.DealOfQuote(ctx, e.QuoteID)
		if xunjia.ErrorCode(err) == xunjia.NotFound {
			err = nil
		}
		return f, err
	}
	for _, l := range f.Purchase.Lines {
		if l.ID == e.LineID || e.LineID == 0 {
			f.Line = l
			break
		}
	}
	switch e.Kind {
	case xunjia.QuotesWaiting:
		err = s.waitingFacts(ctx, &f)
	case xunjia.PurchaseEdited:
		f.Changes, err = s.changesOfVersion(ctx, e.PurchaseID, int(e.Subject))
	case xunjia.LineConcluded:
		f.Results, err = s.results(ctx, f.Purchase, f.Line)
	case xunjia.LineDeclined:
		if f.Supplier, err = s.User(ctx, e.Actor); err == nil {
			f.Decline, err = s.DeclineOf(ctx, e.LineID, e.Actor)
		}
		f.Sealed = f.Purchase.Hidden(e.CreatedAt)
	case xunjia.QuestionAsked, xunjia.QuestionAnswered:
		f.Question, f.Asker, err = s.questionFacts(ctx, e.Subject)
	}
	return f, err
}

// Recipient is a person whom an event concerns.
type Recipient struct {
	ID         int64
	Phone      xunjia.Phone
	OpenID     string  // of an identity that follows the account; "" for none
	Categories []int64 // of a published purchase: those of its lines that he follows
	QuoteID    int64   // of an ended purchase: his first quote

	Permits map[string]string // subscription templates that he has agreed to → the openid that did

	Preferences xunjia.Preferences
}

// AudienceQuery asks for a part of an event's recipients.
type AudienceQuery struct {
	Facts xunjia.Facts // from EventFacts
	AppID string       // of the official account whose fans are reached
	After int64        // next of the part before; 0 for the beginning
	Limit int
}

// Audience lists whom the event concerns, each person once over all parts: see
// the kinds of events; whom a published purchase is pushed to is MatchBatches'
// business. Disabled users are left out. next is where the following
// part begins, 0 at the end.
func (s *Store) Audience(ctx context.Context, e xunjia.Event, q AudienceQuery) (people []Recipient, next int64, err error) {
	switch e.Kind {
	case xunjia.PurchaseEnded, xunjia.PurchaseClosed, xunjia.PurchaseExtended, xunjia.PurchaseReopened, xunjia.LineClosed, xunjia.PurchaseEdited:
		people, next, err = s.quoters(ctx, e, q)
	case xunjia.QuoteCreated, xunjia.QuoteRevised, xunjia.QuoteWithdrawn, xunjia.QuoteConfirmed:
		people = buyers(q.Facts)
	case xunjia.QuoteAccepted, xunjia.QuoteRefused:
		people = []Recipient{{ID: q.Facts.Quote.SupplierID}}
	case xunjia.DealChanged, xunjia.DealConfirmed, xunjia.DealCancelled, xunjia.DealKept, xunjia.DealCompleted, xunjia.DealRated,
		xunjia.DealDisputed, xunjia.DisputeSettled:
		people = dealSides(e, q.Facts)
	case xunjia.UserRegistered, xunjia.TaskDone, xunjia.LevelReached, xunjia.DigestDue, xunjia.DeviceLogin:
		people = []Recipient{{ID: e.Actor}}
	case xunjia.QuoteCountered, xunjia.AnswerUndone:
		people = []Recipient{{ID: q.Facts.Quote.SupplierID}}
	case xunjia.SystemAnnounced:
		people, next, err = s.announcedTo(ctx, q)
	case xunjia.LineConcluded:
		people, next, err = s.losers(ctx, e, q)
	case xunjia.CertificationDone, xunjia.CertificationEnds:
		people = []Recipient{{ID: e.Subject}}
	case xunjia.CompanyChanged:
		people, err = s.companyAudience(ctx, q.Facts)
	case xunjia.SupplierInvited:
		people, err = s.invited(ctx, e)
	case xunjia.PurchaseEnding:
		people, next, err = s.lookers(ctx, q)
	case xunjia.QuotesWaiting:
		if q.Facts.Waiting.Count > 0 {
			people = buyers(q.Facts)
		}
	case xunjia.QuoteExpiring:
		if q.Facts.Quote.State == xunjia.Pending {
			people = []Recipient{{ID: q.Facts.Quote.SupplierID}}
		}
	case xunjia.DealWaiting:
		if q.Facts.Deal.State == xunjia.DraftDeal {
			people = waitingSides(q.Facts)
		}
	case xunjia.LineDeclined:
		people = buyers(q.Facts)
	case xunjia.QuestionAsked:
		people = buyers(q.Facts)
	case xunjia.QuestionAnswered:
		people, next, err = s.listeners(ctx, e, q)
	}
	if err == nil && len(people) > 0 {
		people, err = s.reachable(ctx, q.AppID, people)
	}
	if err == nil && len(people) > 0 && e.Kind.Lane() == xunjia.DirectLane {
		err = s.addPermits(ctx, q.AppID, people)
	}
	return people, next, err
}

// fansAmong answers by which openid each of the users follows the account, the
// newest one of several; who does not is absent.
func (s *Store) fansAmong(ctx context.Context, appID string, users []int64) (map[int64]string, error) {
	fans, newest := map[int64]string{}, map[int64]int64{}
	// Nothing else is compared in SQL: SQLite would rather read everybody who
	// follows the account than look the users up.
	_, err := all(ctx, s.db, sq.Select("id", "user_id", "app_id", "open_id", "subscribed").From("wechat_identity").
		Where(sq.Eq{"user_id": users}), func(row scanner) (struct{}, error) {
		var id, user int64
		var app, openID string
		var subscribed bool
		err := row.Scan(&id, &user, &app, &openID, &subscribed)
		if app == appID && subscribed && id > newest[user] {
			fans[user], newest[user] = openID, id
		}
		return struct{}{}, err
	})
	return fans, err
}

// dealSides are the sides of a deal but for who acted; both when staff did.
func dealSides(e xunjia.Event, f xunjia.Facts) []Recipient {
	var people []Recipient
	if e.Actor == 0 || e.Actor == f.Quote.SupplierID {
		people = buyers(f)
	}
	if e.Actor == 0 || e.Actor != f.Quote.SupplierID { // the buyer or a colleague acted
		people = append(people, Recipient{ID: f.Quote.SupplierID})
	}
	return people
}

// buyers are those who are told for the buyer's side.
func buyers(f xunjia.Facts) []Recipient {
	if f.Team == nil {
		return []Recipient{{ID: f.Purchase.BuyerID}}
	}
	people := make([]Recipient, len(f.Team))
	for i, id := range f.Team {
		people[i] = Recipient{ID: id}
	}
	return people
}

// teamOf are the owners of a company whose purchase somebody published who has
// left it: he may not know any more what becomes of it. nil otherwise.
func (s *Store) teamOf(ctx context.Context, p xunjia.Purchase, buyer xunjia.User) ([]int64, error) {
	if p.CompanyID == 0 || p.Of(buyer) {
		return nil, nil
	}
	return all(ctx, s.db, sq.Select("id").From("users").Where(sq.Eq{"company_id": p.CompanyID, "company_role": xunjia.CompanyOwner}).
		OrderBy("id").Limit(xunjia.MaxMembers), scanInt)
}

// quoters are the suppliers who have quoted on the purchase, or the line of it
// that the event is about, and not withdrawn, and its buyer when the clock ended
// it or staff closed it.
func (s *Store) quoters(ctx context.Context, e xunjia.Event, q AudienceQuery) ([]Recipient, int64, error) {
	on := sq.Eq{"purchase_id": e.PurchaseID}
	if e.LineID != 0 {
		on["line_id"] = e.LineID
	}
	people, err := all(ctx, s.db, sq.Select("supplier_id", "MIN(id)").From("quote").
		Where(on).Where(sq.NotEq{"state": int(xunjia.Withdrawn)}).
		Where(sq.Gt{"supplier_id": q.After}).GroupBy("supplier_id").OrderBy("supplier_id").Limit(uint64(q.Limit)),
		func(row scanner) (r Recipient, err error) {
			err = row.Scan(&r.ID, &r.QuoteID)
			return r, err
		})
	if err != nil {
		return nil, 0, err
	}
	var next int64
	if len(people) == q.Limit {
		next = people[len(people)-1].ID
	}
	if q.After == 0 && (e.Kind == xunjia.PurchaseEnded || e.Kind == xunjia.PurchaseClosed) && e.Actor == 0 {
		people = append(people, buyers(q.Facts)...)
	}
	return people, next, nil
}

// reachable adds phones, openids and preferences, and drops disabled users and
// those who muted every category that the event concerns them by.
func (s *Store) reachable(ctx context.Context, appID string, people []Recipient) ([]Recipient, error) {
	ids := make([]int64, len(people))
	for i, r := range people {
		ids[i] = r.ID
	}
	phones := map[int64]xunjia.Phone{}
	_, err := all(ctx, s.db, sq.Select("id", "phone").From("users").Where(sq.Eq{"id": ids, "disabled": 0}),
		func(row scanner) (struct{}, error) {
			var id int64
			var phone xunjia.Phone
			err := row.Scan(&id, &phone)
			phones[id] = phone
			return struct{}{}, err
		})
	if err != nil {
		return nil, err
	}
	fans, err := s.fansAmong(ctx, appID, ids)
	if err != nil {
		return nil, err
	}
	chosen, err := s.preferencesOf(ctx, s.db, ids)
	if err != nil {
		return nil, err
	}
	kept := people[:0]
	for _, r := range people {
		phone, ok := phones[r.ID]
		if !ok {
			continue
		}
		r.Phone, r.OpenID, r.Preferences = phone, fans[r.ID], xunjia.DefaultPreferences(s.quiet)
		if p, ok := chosen[r.ID]; ok {
			r.Preferences = p
		}
		kept = append(kept, r)
	}
	return kept, nil
}
