package store

import (
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"fmt"
	"math/big"
	"slices"
	"time"

	sq "github.com/Masterminds/squirrel"

	"github.com/xunjia/xunjia"
)

func selectPurchases() sq.SelectBuilder {
	return sq.Select("id", "number", "buyer_id", "company_id", "status", "version", "area", "invoice", "payment",
		"delivery", "sample", "qualification", "remark", "deadline", "mode", "show_rank", "reason", "quote_count", "view_count", "published_at", "ended_at").From("purchase")
}

func scanPurchase(row scanner) (p xunjia.Purchase, err error) {
	var deadline, published, ended int64
	err = row.Scan(&p.ID, &p.Number, &p.BuyerID, &p.CompanyID, &p.Status, &p.Version, &p.Area, &p.Invoice, &p.Payment,
		&p.Delivery, &p.Sample, &p.Qualification, &p.Remark, &deadline, &p.Mode, &p.ShowRank, &p.Reason, &p.QuoteCount, &p.ViewCount, &published, &ended)
	p.Deadline, p.PublishedAt, p.EndedAt = moment(deadline), moment(published), moment(ended)
	return p, err
}

func selectLines() sq.SelectBuilder {
	return sq.Select("id", "purchase_id", "position", "category_id", "name", "spec", "quantity", "unit", "quality",
		"origin", "cap_price", "status", "reason", "accepted", "quote_count", "version").From("purchase_line")
}

func scanLine(row scanner) (l xunjia.Line, err error) {
	err = row.Scan(&l.ID, &l.PurchaseID, &l.Position, &l.CategoryID, &l.Name, &l.Spec, &l.Quantity, &l.Unit, &l.Quality,
		&l.Origin, &l.CapPrice, &l.Status, &l.Reason, &l.Accepted, &l.QuoteCount, &l.Version)
	return l, err
}

func errNoPurchase() error { return xunjia.Errorf(xunjia.NotFound, "没有找到这个采购单") }

// numbered makes a public number: the day in China and eight random digits.
func numbered(now time.Time) string {
	n, err := rand.Int(rand.Reader, big.NewInt(100_000_000))
	if err != nil { // crypto/rand does not fail
		panic(err)
	}
	return fmt.Sprintf("%d%08d", xunjia.Day(now), n)
}

// PublishPurchase publishes what a buyer typed, with the event that tells the
// suppliers. A draft whose key the buyer has used before publishes nothing: the
// earlier purchase is answered and fresh is false. The error is Invalid with
// the fields to blame, Forbidden for a disabled user, NotFound for an unknown.
func (s *Store) PublishPurchase(ctx context.Context, buyerID int64, d xunjia.Draft) (p xunjia.Purchase, fresh bool, err error) {
	return s.publish(ctx, buyerID, d, numbered)
}

func (s *Store) publish(ctx context.Context, buyerID int64, d xunjia.Draft, number func(time.Time) string) (p xunjia.Purchase, fresh bool, err error) {
	if d.Key == "" {
		d.Key = rand.Text()
	}
	// Also when the form would no longer be valid, because its deadline is near.
	if p, err = s.purchaseByKey(ctx, buyerID, d.Key); xunjia.ErrorCode(err) != xunjia.NotFound {
		return p, false, err
	}
	d.Lines = slices.Clone(d.Lines)
	if err := d.Validate(s.now()); err != nil {
		return p, false, err
	}
	var id int64
	for range 5 {
		err = s.runTx(ctx, func(tx *tx) error {
			var err error
			id, err = s.insertPurchase(ctx, tx, buyerID, d, number(tx.now))
			return err
		})
		if !isDuplicate(err) {
			break
		}
		// Either the other tap on the button was faster, or the number is taken.
		if p, err := s.purchaseByKey(ctx, buyerID, d.Key); xunjia.ErrorCode(err) != xunjia.NotFound {
			return p, false, err
		}
	}
	if err != nil {
		return p, false, err
	}
	p, err = s.Purchase(ctx, id)
	return p, true, err
}

func (s *Store) purchaseByKey(ctx context.Context, buyerID int64, key string) (xunjia.Purchase, error) {
	id, err := one(ctx, s.db, sq.Select("id").From("purchase").Where(sq.Eq{"buyer_id": buyerID, "draft_key": key}), scanInt)
	if errors.Is(err, sql.ErrNoRows) {
		return xunjia.Purchase{}, errNoPurchase()
	}
	if err != nil {
		return xunjia.Purchase{}, err
	}
	return s.Purchase(ctx, id)
}

// insertPurchase writes the purchase first, as its unique keys decide between
// two submissions; whatever turns out wrong afterwards undoes it.
func (s *Store) insertPurchase(ctx context.Context, tx *tx, buyerID int64, d xunjia.Draft, number string) (id int64, err error) {
	id, err = insert(ctx, tx, sq.Insert("purchase").SetMap(map[string]any{
		"number": number, "buyer_id": buyerID, "draft_key": d.Key, "status": xunjia.WaitingForQuote, "version": 1,
		"area": d.Area, "invoice": d.Invoice, "payment": d.Payment, "delivery": d.Delivery, "sample": d.Sample,
		"qualification": d.Qualification, "remark": d.Remark, "deadline": millis(d.Deadline), "mode": d.Mode,
		"show_rank": flag(d.ShowRank), "reason": "", "quote_count": 0, "view_count": 0, "published_at": millis(tx.now),
		"ended_at": 0,
	}))
	if err != nil {
		return 0, err
	}
	buyer, err := active(ctx, tx, buyerID)
	if err != nil {
		return 0, err
	}
	if buyer.CompanyID != 0 {
		if !buyer.CompanyRole.Grants(xunjia.Manage) {
			return 0, xunjia.Errorf(xunjia.Forbidden, "您在公司里的角色是“%s”，不能发布采购单", buyer.CompanyRole)
		}
		if _, err := exec(ctx, tx, sq.Update("purchase").Set("company_id", buyer.CompanyID).Where(sq.Eq{"id": id})); err != nil {
			return 0, err
		}
	}
	if err := s.checkGoods(ctx, tx, d.Lines); err != nil {
		return 0, err
	}
	if err := s.checkTeamImages(ctx, tx, xunjia.Purchase{BuyerID: buyerID}, buyer, d.Lines); err != nil {
		return 0, err
	}
	if err := insertLines(ctx, tx, id, d); err != nil {
		return 0, err
	}
	if err := endDraft(ctx, tx, buyerID, d.Key); err != nil {
		return 0, err
	}
	_, err = tx.addEvent(ctx, xunjia.Event{Kind: xunjia.PurchasePublished, Actor: buyerID, PurchaseID: id})
	return id, err
}

// checkGoods checks category and unit of every line and names the lines after
// their categories.
func (s *Store) checkGoods(ctx context.Context, tx *tx, lines []xunjia.Line) error {
	ids := make([]int64, len(lines))
	for i, l := range lines {
		ids[i] = l.CategoryID
	}
	list, err := all(ctx, tx, selectCategories().Where(sq.Eq{"id": ids}), scanCategory)
	if err != nil {
		return err
	}
	f := xunjia.FieldErrors{}
	for i := range lines {
		l := &lines[i]
		at := slices.IndexFunc(list, func(c xunjia.Category) bool { return c.ID == l.CategoryID && len(c.Units) > 0 })
		if at < 0 {
			f.Add(fmt.Sprintf("lines.%d.category", i), "这个品种已下架，请重新选择")
			continue
		}
		l.Name = list[at].Name
		if !slices.Contains(list[at].Units, l.Unit) {
			f.Add(fmt.Sprintf("lines.%d.unit", i), "%s不能按“%s”采购，请重新选择单位", l.Name, l.Unit)
		}
	}
	return f.Err()
}

func mediaKeys(as []xunjia.Attachment) []string {
	keys := make([]string, len(as))
	for i, a := range as {
		keys[i] = a.Media
	}
	return keys
}

func insertLines(ctx context.Context, tx *tx, purchaseID int64, d xunjia.Draft) error {
	rows := sq.Insert("purchase_line").Columns("purchase_id", "position", "category_id", "name", "spec", "quantity", "unit",
		"quality", "origin", "cap_price", "status", "quote_count", "published_at", "deadline", "mode", "area")
	images := 0
	for i, l := range d.Lines {
		rows = rows.Values(purchaseID, i, l.CategoryID, l.Name, l.Spec, l.Quantity, l.Unit,
			l.Quality, l.Origin, l.CapPrice, xunjia.WaitingForQuote, 0, millis(tx.now), millis(d.Deadline), d.Mode, d.Area)
		images += len(l.Images)
	}
	if _, err := exec(ctx, tx, rows); err != nil || images == 0 {
		return err
	}
	ids, err := all(ctx, tx, sq.Select("id").From("purchase_line").Where(sq.Eq{"purchase_id": purchaseID}).OrderBy("position"), scanInt)
	if err != nil {
		return err
	}
	pictures := sq.Insert("purchase_attachment").Columns("line_id", "position", "media", "type")
	for i, l := range d.Lines {
		for k, at := range l.Images {
			pictures = pictures.Values(ids[i], k, at.Media, at.Type)
		}
	}
	_, err = exec(ctx, tx, pictures)
	return err
}

// Purchase finds a purchase with its lines and all their images; NotFound when
// there is none.
func (s *Store) Purchase(ctx context.Context, id int64) (xunjia.Purchase, error) {
	p, err := one(ctx, s.db, selectPurchases().Where(sq.Eq{"id": id}), scanPurchase)
	if errors.Is(err, sql.ErrNoRows) {
		return p, errNoPurchase()
	}
	if err != nil {
		return p, err
	}
	list := []xunjia.Purchase{p}
	err = s.addLines(ctx, list, true)
	return list[0], err
}

// PurchaseOfLine finds a line and the purchase that it belongs to; NotFound
// when there is none.
func (s *Store) PurchaseOfLine(ctx context.Context, lineID int64) (xunjia.Purchase, xunjia.Line, error) {
	id, err := s.purchaseIDOfLine(ctx, lineID)
	if err != nil {
		return xunjia.Purchase{}, xunjia.Line{}, err
	}
	p, err := s.Purchase(ctx, id)
	if err != nil {
		return p, xunjia.Line{}, err
	}
	l, err := p.Line(lineID)
	return p, l, err
}

// purchaseIDOfLine never changes, so it may be read before a transaction.
func (s *Store) purchaseIDOfLine(ctx context.Context, lineID int64) (int64, error) {
	id, err := one(ctx, s.db, sq.Select("purchase_id").From("purchase_line").Where(sq.Eq{"id": lineID}), scanInt)
	if errors.Is(err, sql.ErrNoRows) {
		return 0, xunjia.Errorf(xunjia.NotFound, "没有找到这个采购品种")
	}
	return id, err
}

// addLines loads the lines of several purchases, and their images: all of
// them, or each line's first.
func (s *Store) addLines(ctx context.Context, list []xunjia.Purchase, allImages bool) error {
	if len(list) == 0 {
		return nil
	}
	index := make(map[int64]int, len(list))
	ids := make([]int64, len(list))
	for i, p := range list {
		index[p.ID], ids[i] = i, p.ID
	}
	lines, err := all(ctx, s.db, selectLines().Where(sq.Eq{"purchase_id": ids}).OrderBy("purchase_id", "position"), scanLine)
	if err != nil || len(lines) == 0 {
		return err
	}
	lineIDs := make([]int64, len(lines))
	for i, l := range lines {
		lineIDs[i] = l.ID
	}
	q := sq.Select("line_id", "media", "type").From("purchase_attachment").
		Where(sq.Eq{"line_id": lineIDs}).OrderBy("line_id", "position")
	if !allImages {
		q = q.Where(sq.Eq{"position": 0})
	}
	images, err := attachments(ctx, s.db, q)
	if err != nil {
		return err
	}
	for _, l := range lines {
		l.Images = images[l.ID]
		p := &list[index[l.PurchaseID]]
		p.Lines = append(p.Lines, l)
	}
	return nil
}

// attachments groups rows of owner, media and type by owner, and adds what pages
// show of the media.
func attachments(ctx context.Context, r runner, q sq.SelectBuilder) (map[int64][]xunjia.Attachment, error) {
	type owned struct {
		owner int64
		xunjia.Attachment
	}
	q = q.Columns("COALESCE(m.name, '')", "COALESCE(m.bytes, 0)", "COALESCE(m.crop_version, 0)").LeftJoin("media m ON m.media_key = media")
	rows, err := all(ctx, r, q, func(row scanner) (o owned, err error) {
		err = row.Scan(&o.owner, &o.Media, &o.Type, &o.Name, &o.Bytes, &o.CropVersion)
		return o, err
	})
	byOwner := map[int64][]xunjia.Attachment{}
	for _, o := range rows {
		byOwner[o.owner] = append(byOwner[o.owner], o.Attachment)
	}
	return byOwner, err
}

// EndPurchase ends quoting before the deadline. It is NotFound for strangers,
// Forbidden for members who may not and Conflict when quoting is over already.
func (s *Store) EndPurchase(ctx context.Context, id, by int64) (p xunjia.Purchase, err error) {
	err = s.runTx(ctx, func(tx *tx) error {
		locked, err := s.lockPurchase(ctx, tx, id)
		if err != nil {
			return err
		}
		user, err := active(ctx, tx, by)
		if err != nil {
			return err
		}
		if err := locked.CanEnd(user, tx.now); err != nil {
			return err
		}
		_, err = endQuoting(ctx, tx, sq.Eq{"id": id}, xunjia.Event{Kind: xunjia.PurchaseEnded, Actor: by, PurchaseID: id}, tx.now)
		return err
	})
	if err != nil {
		return xunjia.Purchase{}, err
	}
	return s.Purchase(ctx, id)
}

// lockPurchase reads a purchase without its lines and keeps everybody else from
// changing it, its lines and its quotes: every operation on them begins here.
func (s *Store) lockPurchase(ctx context.Context, tx *tx, id int64) (xunjia.Purchase, error) {
	p, err := one(ctx, tx, selectPurchases().Where(sq.Eq{"id": id}).Suffix(s.dialect.forUpdate()), scanPurchase)
	if errors.Is(err, sql.ErrNoRows) {
		return p, errNoPurchase()
	}
	return p, err
}

// endQuoting moves the event's purchase and its open lines to QuotingEnded if
// it still waits for quotes and where holds; false when it does not.
func endQuoting(ctx context.Context, tx *tx, where sq.Sqlizer, e xunjia.Event, at time.Time) (bool, error) {
	n, err := exec(ctx, tx, sq.Update("purchase").Set("status", xunjia.QuotingEnded).Set("ended_at", millis(at)).
		Where(sq.Eq{"id": e.PurchaseID, "status": xunjia.WaitingForQuote}).Where(where))
	if err != nil || n == 0 {
		return false, err
	}
	if _, err := exec(ctx, tx, sq.Update("purchase_line").Set("status", xunjia.QuotingEnded).
		Where(sq.Eq{"purchase_id": e.PurchaseID, "status": xunjia.WaitingForQuote})); err != nil {
		return false, err
	}
	_, err = tx.addEvent(ctx, e)
	return err == nil, err
}

// EndDuePurchases ends quoting of up to limit purchases whose deadline is
// reached and tells how many it ended. Several instances may do it at once:
// each purchase is ended by one of them.
func (s *Store) EndDuePurchases(ctx context.Context, limit int) (int, error) {
	type due struct{ id, deadline int64 }
	now := s.now()
	list, err := all(ctx, s.db, sq.Select("id", "deadline").From("purchase").
		Where(sq.Eq{"status": xunjia.WaitingForQuote}).Where(sq.LtOrEq{"deadline": millis(now)}).
		OrderBy("deadline", "id").Limit(uint64(max(limit, 0))),
		func(row scanner) (d due, err error) {
			err = row.Scan(&d.id, &d.deadline)
			return d, err
		})
	if err != nil {
		return 0, err
	}
	ended := 0
	for _, d := range list {
		var done bool
		err := s.runTx(ctx, func(tx *tx) (err error) {
			// Not when the deadline was put off meanwhile.
			done, err = endQuoting(ctx, tx, sq.LtOrEq{"deadline": millis(now)},
				xunjia.Event{Kind: xunjia.PurchaseEnded, PurchaseID: d.id}, moment(d.deadline))
			return err
		})
		if err != nil {
			return ended, err
		}
		if done {
			ended++
		}
	}
	return ended, nil
}
