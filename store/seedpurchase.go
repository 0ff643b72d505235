package store

import (
	"context"
	"fmt"
	"slices"
	"time"

	sq "github.com/Masterminds/squirrel"

	"github.com/xunjia/xunjia"
)

// addPurchase adds a sample request with its lines, quotes and notifications.
func (z *seeder) addPurchase(ctx context.Context, in seedPurchase) error {
	p, err := z.purchase(in)
	if err != nil {
		return err
	}
	p.ID, err = insert(ctx, z.tx, sq.Insert("purchase").SetMap(map[string]any{
		"number": p.Number, "buyer_id": p.BuyerID, "draft_key": in.Key, "status": p.Status, "version": p.Version,
		"area": p.Area, "invoice": p.Invoice, "payment": p.Payment, "remark": p.Remark, "deadline": millis(p.Deadline),
		"reason": p.Reason, "quote_count": p.QuoteCount, "view_count": p.ViewCount,
		"published_at": millis(p.PublishedAt), "ended_at": millis(p.EndedAt),
	}))
	if err != nil {
		return err
	}
	var rows [][]any
	for i, l := range p.Lines {
		rows = append(rows, []any{p.ID, i, l.CategoryID, l.Name, l.Spec, l.Quantity, l.Unit, l.Quality, l.Origin, l.CapPrice,
			l.Status, l.QuoteCount, millis(p.PublishedAt), millis(p.Deadline), p.Area})
	}
	if err := z.insert(ctx, "purchase_line", []string{"purchase_id", "position", "category_id", "name", "spec", "quantity", "unit",
		"quality", "origin", "cap_price", "status", "quote_count", "published_at", "deadline", "area"}, rows); err != nil {
		return err
	}
	ids, err := all(ctx, z.tx, sq.Select("id").From("purchase_line").Where(sq.Eq{"purchase_id": p.ID}).OrderBy("position"), scanInt)
	if err != nil {
		return err
	}
	for i := range p.Lines {
		p.Lines[i].ID = ids[i]
	}
	for i, l := range in.Lines {
		for k, at := range z.attachments(l.Category, slices.Repeat([]xunjia.AttachmentType{xunjia.OtherFile}, l.Pictures)) {
			z.linePictures = append(z.linePictures, []any{ids[i], k, at.Media, at.Type})
		}
		for _, q := range l.Quotes {
			if err := z.addQuote(ctx, p, p.Lines[i], q); err != nil {
				return err
			}
		}
	}
	z.report.Purchases++
	return nil
}

// purchase turns what the file says into a purchase and checks it by the rules
// for drafts, as far as they hold for requests of the past.
func (z *seeder) purchase(in seedPurchase) (xunjia.Purchase, error) {
	buyer, ok := z.users[in.Buyer]
	if !ok {
		return xunjia.Purchase{}, fmt.Errorf("unknown buyer %q", in.Buyer)
	}
	p := xunjia.Purchase{
		BuyerID: buyer.ID, Status: xunjia.WaitingForQuote, Version: 1, Terms: xunjia.Terms{Area: in.Area, Invoice: in.Invoice, Payment: in.Payment, Remark: in.Remark, Deadline: z.tx.now.Add(in.Left).Truncate(time.Minute)}, Reason: in.Reason, ViewCount: in.Views,
		PublishedAt: z.tx.now.Add(-in.Ago),
	}
	p.Number = seedNumber(in.Key, p.PublishedAt)
	if in.Status != nil {
		p.Status = *in.Status
	}
	switch p.Status {
	case xunjia.Closed:
		p.EndedAt = p.PublishedAt.Add(in.Ago / 2)
	case xunjia.QuotingEnded, xunjia.Purchased:
		p.EndedAt = p.Deadline
	}
	for i, l := range in.Lines {
		c, ok := z.categories[l.Category]
		if !ok {
			return p, fmt.Errorf("unknown category %q", l.Category)
		}
		quantity, err := xunjia.ParseQuantity(l.Quantity)
		if err != nil {
			return p, fmt.Errorf("quantity of %s: %w", l.Category, err)
		}
		line := xunjia.Line{Position: i, CategoryID: c.ID, Name: c.Name, Spec: l.Spec, Quantity: quantity, Unit: l.Unit,
			Quality: l.Quality, Origin: l.Origin, Status: p.Status}
		if l.Cap != "" {
			if line.CapPrice, err = xunjia.ParseFen(l.Cap); err != nil {
				return p, fmt.Errorf("cap price of %s: %w", l.Category, err)
			}
		}
		for _, q := range l.Quotes {
			if q.State != xunjia.Withdrawn {
				line.QuoteCount++
			}
		}
		p.QuoteCount += line.QuoteCount
		p.Lines = append(p.Lines, line)
	}
	d := xunjia.Draft{Terms: xunjia.Terms{Area: p.Area, Invoice: p.Invoice, Payment: p.Payment, Remark: p.Remark, Deadline: z.tx.now.Add(xunjia.MaxDeadline / 2)}, Lines: p.Lines}
	return p, d.Validate(z.tx.now)
}

// addQuote adds a sample quote, its history and what it put into the inboxes.
func (z *seeder) addQuote(ctx context.Context, p xunjia.Purchase, l xunjia.Line, in seedQuote) error {
	supplier, ok := z.users[in.Supplier]
	if !ok {
		return fmt.Errorf("unknown supplier %q", in.Supplier)
	}
	price, err := xunjia.ParseFen(in.Price)
	if err != nil {
		return fmt.Errorf("price of %s for %s: %w", in.Supplier, l.Name, err)
	}
	q := xunjia.Quote{
		LineID: l.ID, PurchaseID: p.ID, SupplierID: supplier.ID, Offer: xunjia.Offer{Price: price, Unit: l.Unit, Quality: in.Quality, Explanation: in.Explanation}, State: in.State, Status: in.Status, Message: in.Message, Revision: 1, Version: 1,
		CreatedAt: z.tx.now.Add(-in.Ago), UpdatedAt: z.tx.now.Add(-in.Ago),
	}
	if in.Answered > 0 {
		q.AnsweredAt = z.tx.now.Add(-in.Answered)
	}
	if q.State == xunjia.Accepted {
		q.Accepted = l.Quantity // the file accepts one quote of a line at most
	}
	q.Attachments = z.attachments(l.Name, in.Pictures)
	o := xunjia.Offer{Price: q.Price, Quality: q.Quality, Explanation: q.Explanation, Attachments: q.Attachments}
	if err := o.Validate(); err != nil {
		return err
	}
	history := []xunjia.Quote{q}
	if in.Was != "" {
		if history[0].Price, err = xunjia.ParseFen(in.Was); err != nil {
			return err
		}
		q.Revision, q.UpdatedAt = 2, q.CreatedAt.Add(in.Ago/3)
		history = append(history, q)
	}
	q.ID, err = insert(ctx, z.tx, sq.Insert("quote").SetMap(map[string]any{
		"line_id": q.LineID, "purchase_id": q.PurchaseID, "supplier_id": q.SupplierID, "price": q.Price, "unit": q.Unit,
		"quality": q.Quality, "explanation": q.Explanation, "state": q.State, "status": q.Status, "message": q.Message,
		"revision": q.Revision, "version": q.Version, "created_at": millis(q.CreatedAt), "updated_at": millis(q.UpdatedAt),
		"answered_at": millis(q.AnsweredAt), "accepted": q.Accepted,
	}))
	if err != nil {
		return err
	}
	if err := z.addDeal(ctx, p, l, q); err != nil {
		return err
	}
	for _, h := range history {
		z.revisions = append(z.revisions, []any{q.ID, h.Revision, h.Version, h.Price, h.Quality, h.Explanation,
			jsonList(h.Attachments), millis(h.UpdatedAt)})
	}
	for i, at := range q.Attachments {
		z.quotePictures = append(z.quotePictures, []any{q.ID, i, at.Media, at.Type})
	}
	z.report.Quotes++
	z.tell(p, l, q)
	return nil
}

// addDeal adds the deal of an accepted sample quote, confirmed by both sides if
// it was successful.
func (z *seeder) addDeal(ctx context.Context, p xunjia.Purchase, l xunjia.Line, q xunjia.Quote) error {
	if q.State != xunjia.Accepted {
		return nil
	}
	if _, err := exec(ctx, z.tx, sq.Update("purchase_line").Set("accepted", q.Accepted).Where(sq.Eq{"id": l.ID})); err != nil {
		return err
	}
	d := xunjia.NewDeal(p, l, q, q.AnsweredAt)
	if q.Status == xunjia.SuccessfulQuote {
		d.State, d.BuyerConfirmedAt, d.SupplierConfirmedAt, d.ConcludedAt = xunjia.ConfirmedDeal, q.AnsweredAt, q.AnsweredAt, q.AnsweredAt
	}
	return insertDeal(ctx, z.tx, d)
}

// tell puts the notices of a sample quote into the inboxes.
func (z *seeder) tell(p xunjia.Purchase, l xunjia.Line, q xunjia.Quote) {
	f := xunjia.Facts{Purchase: p, Line: l, Quote: q}
	for _, u := range z.users {
		switch u.ID {
		case p.BuyerID:
			f.Buyer = u
		case q.SupplierID:
			f.Supplier = u
		}
	}
	put := func(kind xunjia.EventKind, sender, receiver int64, at time.Time) {
		n, ok := xunjia.NoticeFor(kind, f, receiver, at)
		if !ok {
			return
		}
		status := xunjia.Unread
		if z.tx.now.Sub(at) > 24*time.Hour {
			status = xunjia.Read
		}
		z.notify(xunjia.Notification{Type: n.Type, Status: status, Sender: sender, Receiver: receiver, Title: n.Title,
			Content: n.Content, Text: n.Text, Path: n.Path, CreatedAt: at})
	}
	put(xunjia.QuoteCreated, q.SupplierID, p.BuyerID, q.CreatedAt)
	if q.Revision > 1 {
		put(xunjia.QuoteRevised, q.SupplierID, p.BuyerID, q.UpdatedAt)
	}
	switch q.State {
	case xunjia.Accepted:
		put(xunjia.QuoteAccepted, p.BuyerID, q.SupplierID, q.AnsweredAt)
	case xunjia.Refused:
		put(xunjia.QuoteRefused, p.BuyerID, q.SupplierID, q.AnsweredAt)
	}
}
