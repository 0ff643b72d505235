package store

import (
	"context"
	"database/sql"
	"errors"
	"slices"
	"time"

	sq "github.com/Masterminds/squirrel"

	"github.com/xunjia/xunjia"
)

// PushDay is what the rounds of one day came to.
type PushDay struct {
	Day    time.Time // its beginning in China
	Rounds int
	Counts xunjia.PushCounts
}

// PushDays adds up the rounds since a moment by the day on which they began; a
// day without rounds is missing.
func (s *Store) PushDays(ctx context.Context, since time.Time) ([]PushDay, error) {
	const day = "created_at - (created_at + 28800000) % 86400000 AS day" // China is eight hours ahead
	return all(ctx, s.db, sq.Select(day, "COUNT(*)", "SUM(matched)", "SUM(capped)", "SUM(sent)",
		"SUM(delivered)", "SUM(clicked)", "SUM(quoted)", "SUM(declined)", "SUM(accepted)").From("push_round").
		Where(sq.Expr("created_at >= ?", millis(since))).GroupBy("day").OrderBy("day"), func(row scanner) (d PushDay, err error) {
		var day int64
		c := &d.Counts
		err = row.Scan(&day, &d.Rounds, &c.Matched, &c.Capped, &c.Sent, &c.Delivered, &c.Clicked, &c.Quoted, &c.Declined, &c.Accepted)
		d.Day = moment(day).In(xunjia.China())
		return d, err
	})
}

// RoundView is a round with what it is about.
type RoundView struct {
	xunjia.PushRound
	Purchase xunjia.Purchase // with its lines
}

// PushRounds lists every round, newest first.
func (s *Store) PushRounds(ctx context.Context, page xunjia.Page) (list xunjia.List[RoundView], err error) {
	k, err := newKeyset(page)
	if err != nil {
		return list, err
	}
	rounds, err := all(ctx, s.db, k.apply(selectRounds(), s.dialect, "created_at", "id"), scanRound)
	if err != nil {
		return list, err
	}
	part := cut(k, rounds, func(r xunjia.PushRound) (time.Time, int64) { return r.CreatedAt, r.ID })
	list.Next = part.Next
	ids := make([]int64, 0, len(part.Items))
	for _, r := range part.Items {
		ids = append(ids, r.PurchaseID)
	}
	if len(ids) == 0 {
		return list, nil
	}
	purchases, err := all(ctx, s.db, selectPurchases().Where(sq.Eq{"id": ids}), scanPurchase)
	if err != nil {
		return list, err
	}
	if err := s.addLines(ctx, purchases, false); err != nil {
		return list, err
	}
	for _, r := range part.Items {
		v := RoundView{PushRound: r}
		if i := slices.IndexFunc(purchases, func(p xunjia.Purchase) bool { return p.ID == r.PurchaseID }); i >= 0 {
			v.Purchase = purchases[i]
		}
		list.Items = append(list.Items, v)
	}
	return list, nil
}

// PurchaseRounds lists the rounds of a purchase in their order.
func (s *Store) PurchaseRounds(ctx context.Context, purchaseID int64) ([]xunjia.PushRound, error) {
	return all(ctx, s.db, selectRounds().Where(sq.Eq{"purchase_id": purchaseID}).OrderBy("number"), scanRound)
}

// PushedPerson is somebody who was told in a round, with what he was told of.
type PushedPerson struct {
	Supplier xunjia.User
	Score    int
	Why      string
	Pushes   []xunjia.Push
}

// RoundPushes lists the people of a round, the best score first.
func (s *Store) RoundPushes(ctx context.Context, roundID int64, page xunjia.Page) (list xunjia.List[PushedPerson], err error) {
	k, err := newKeyset(page)
	if err != nil {
		return list, err
	}
	type place struct{ score, supplier int64 }
	places, err := all(ctx, s.db, k.apply(sq.Select("DISTINCT score", "supplier_id").From("push"), s.dialect, "score", "supplier_id", pin{"round_id", roundID}),
		func(row scanner) (p place, err error) {
			err = row.Scan(&p.score, &p.supplier)
			return p, err
		})
	if err != nil {
		return list, err
	}
	// A score takes the place of the time.
	part := cut(k, places, func(p place) (time.Time, int64) { return moment(p.score), p.supplier })
	list.Next = part.Next
	if len(part.Items) == 0 {
		return list, nil
	}
	ids := make([]int64, 0, len(part.Items))
	for _, p := range part.Items {
		ids = append(ids, p.supplier)
	}
	users, err := s.Users(ctx, ids)
	if err != nil {
		return list, err
	}
	first, last := part.Items[0].score, part.Items[len(part.Items)-1].score
	pushes, err := all(ctx, s.db, sq.Select("line_id", "supplier_id", "round_id", "score", "why", "created_at", "clicked_at", "quoted_at", "declined_at").
		From("push").Where(sq.Eq{"round_id": roundID, "supplier_id": ids}).Where(sq.GtOrEq{"score": last}).Where(sq.LtOrEq{"score": first}).OrderBy("line_id"), scanPush)
	if err != nil {
		return list, err
	}
	for _, p := range part.Items {
		person := PushedPerson{Supplier: users[p.supplier], Score: int(p.score)}
		for _, push := range pushes {
			if push.SupplierID == p.supplier {
				person.Why = push.Why
				person.Pushes = append(person.Pushes, push)
			}
		}
		list.Items = append(list.Items, person)
	}
	return list, nil
}

// PushWhy is what spoke for telling somebody of a purchase by the round of an
// event, in words; "" when he was not told by it.
func (s *Store) PushWhy(ctx context.Context, eventID, supplierID int64) (string, error) {
	why, err := one(ctx, s.db, sq.Select("p.why").From("push_round r").Join("purchase_line l ON l.purchase_id = r.purchase_id").
		Join("push p ON p.line_id = l.id AND p.round_id = r.id").Where(sq.Eq{"r.event_id": eventID, "p.supplier_id": supplierID}).Limit(1), scanString)
	if errors.Is(err, sql.ErrNoRows) {
		err = nil
	}
	return why, err
}

func scanPush(row scanner) (p xunjia.Push, err error) {
	var created, clicked, quoted, declined int64
	err = row.Scan(&p.LineID, &p.SupplierID, &p.RoundID, &p.Score, &p.Why, &created, &clicked, &quoted, &declined)
	p.CreatedAt, p.ClickedAt, p.QuotedAt, p.DeclinedAt = moment(created), moment(clicked), moment(quoted), moment(declined)
	return p, err
}

// PushPreview is what another round would do.
type PushPreview struct {
	Round      int // its number
	Size       int // people who are wanted; 0: everybody
	Candidates int // people who could be told
	People     int // who would be told
	WeChat     int // of them by template message
	SMS        int // by short message
	Inbox      int // by neither
	Newcomers  int
	Cost       xunjia.Fen // of the short messages
	Top        []PreviewPerson
}

// PreviewPerson is one of the best of a preview.
type PreviewPerson struct {
	Chosen
	User xunjia.User
}

// previewTop is how many candidates a preview shows.
const previewTop = 20

// PreviewQuery asks what another round would do.
type PreviewQuery struct {
	PurchaseID int64
	AppID      string // of the official account whose fans are reached
	SMS        bool   // short messages about new requests can be sent
}

// PreviewRound tells what the next round of a purchase would do. Nothing is
// written. Conflict when the purchase is pushed to nobody any more.
func (s *Store) PreviewRound(ctx context.Context, q PreviewQuery) (v PushPreview, err error) {
	p, err := s.Purchase(ctx, q.PurchaseID)
	if err != nil {
		return v, err
	}
	now := s.now()
	if p.Mode == xunjia.InvitedMode || p.StatusAt(now) != xunjia.WaitingForQuote {
		return v, xunjia.Errorf(xunjia.Conflict, "这个采购单现在不推送：只有公开或密封、正在等待报价的采购单才会推送")
	}
	settings, err := s.PushSettings(ctx)
	if err != nil {
		return v, err
	}
	match := MatchQuery{Purchase: p, Lines: settings.WantedLines(p, now), Settings: settings, AppID: q.AppID, Now: now, Limit: 1000}
	if match.Buyer, err = s.User(ctx, p.BuyerID); err != nil {
		return v, err
	}
	rounds, err := s.PurchaseRounds(ctx, p.ID)
	if err != nil {
		return v, err
	}
	v.Round = len(rounds) + 1
	if len(rounds) > 0 {
		last := rounds[len(rounds)-1]
		v.Size = settings.NextRound(max(last.Wanted, last.Counts.Matched))
	} else if n, err := s.CountFollowers(ctx, p.Lines, settings.EverybodyUpTo+1); err != nil {
		return v, err
	} else {
		v.Size = settings.FirstRound(n)
	}
	count := func(m Matched) {
		v.People++
		carries := func(c xunjia.Channel) bool {
			return m.Preferences.Digest == xunjia.NoDigest && m.Preferences.Carries(xunjia.PurchasePublished, c)
		}
		switch {
		case m.OpenID != "" && carries(xunjia.WeChatChannel):
			v.WeChat++
		case q.SMS && m.Phone != "" && carries(xunjia.SMSChannel):
			v.SMS++
		default:
			v.Inbox++
		}
		if m.Newcomer(now) {
			v.Newcomers++
		}
	}
	size := v.Size
	if size == 0 {
		size = previewTop
	}
	selection := xunjia.NewSelection(size, settings.NewcomerPercent, 0)
	chosen, err := s.Choose(ctx, match, selection, func(part []Matched) error {
		for _, m := range part {
			if v.Size == 0 {
				count(m)
			}
		}
		return nil
	})
	if err != nil {
		return v, err
	}
	if v.Size != 0 {
		for _, c := range chosen {
			count(c.Matched)
		}
	}
	v.Candidates = selection.Seen()
	v.Cost = xunjia.Fen((int64(v.SMS)*int64(settings.SMSThousand) + 999) / 1000)
	ids := []int64{}
	for _, c := range chosen[:min(previewTop, len(chosen))] {
		ids = append(ids, c.ID)
	}
	users, err := s.Users(ctx, ids)
	for i, id := range ids {
		v.Top = append(v.Top, PreviewPerson{chosen[i], users[id]})
	}
	return v, err
}
