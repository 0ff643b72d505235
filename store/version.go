package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	sq "github.com/Masterminds/squirrel"

	"github.com/xunjia/xunjia"
)

// versionContent is purchase_version.content: the purchase as the version made
// it, and what that changed. The changes are kept because not everything that
// happens between two versions is an edit: deadlines are put off, lines closed.
type versionContent struct {
	Terms   xunjia.Terms
	Lines   []xunjia.Line
	Changes []xunjia.Change
}

// Version is one version of a purchase and what it changed.
type Version struct {
	Number    int
	EditorID  int64
	CreatedAt time.Time
	Changes   []xunjia.Change // against the version before; nil for the first
}

// EditPurchase changes a purchase that suppliers may have quoted on: see
// Purchase.Edited for the rule. When somebody else has changed what the editor
// saw, that is a Conflict and nothing is written: see Purchase.CheckSeen. An edit
// that changes nothing makes no version. Everybody who quoted is told. Lines of
// the draft that have an id are those of the purchase.
func (s *Store) EditPurchase(ctx context.Context, id, by int64, seen xunjia.SeenPurchase, d xunjia.Draft) (p xunjia.Purchase, changes []xunjia.Change, err error) {
	err = s.runTx(ctx, func(tx *tx) error {
		changes = nil
		p, err := s.lockPurchase(ctx, tx, id)
		if err != nil {
			return err
		}
		u, err := active(ctx, tx, by)
		if err != nil {
			return err
		}
		if err := p.CanEdit(u, tx.now); err != nil {
			return err
		}
		d, err := p.CheckSeen(seen, d)
		if err != nil {
			return err
		}
		if p.Lines, err = s.lockedLines(ctx, tx, id); err != nil {
			return err
		}
		old := p
		d.Lines = slices.Clone(d.Lines)
		if err := s.checkGoods(ctx, tx, d.Lines); err != nil {
			return err
		}
		ever, err := everQuoted(ctx, tx, id)
		if err != nil {
			return err
		}
		next, err := old.Edited(u, d, ever, tx.now)
		if err != nil {
			return err
		}
		for i := range next.Lines { // the names of their categories as they are now
			if i < len(d.Lines) && next.Lines[i].Editable() {
				next.Lines[i].Name = d.Lines[i].Name
			}
		}
		if err := s.checkTeamImages(ctx, tx, old, u, next.Lines); err != nil {
			return err
		}
		if changes = old.Changes(next); len(changes) == 0 {
			return nil
		}
		next.Version++
		return s.writeVersion(ctx, tx, old, next, changes, by)
	})
	if err != nil {
		return p, nil, err
	}
	p, err = s.Purchase(ctx, id)
	return p, changes, err
}

// lockedLines are the lines of a purchase with their pictures, locked.
func (s *Store) lockedLines(ctx context.Context, tx *tx, id int64) ([]xunjia.Line, error) {
	lines, err := all(ctx, tx, selectLines().Where(sq.Eq{"purchase_id": id}).OrderBy("position").Suffix(s.dialect.forUpdate()), scanLine)
	if err != nil {
		return nil, err
	}
	at := map[int64]int{}
	ids := make([]int64, len(lines))
	for i, l := range lines {
		ids[i], at[l.ID] = l.ID, i
	}
	_, err = all(ctx, tx, sq.Select("line_id", "media", "type").From("purchase_attachment").Where(sq.Eq{"line_id": ids}).OrderBy("line_id", "position"),
		func(row scanner) (struct{}, error) {
			var line int64
			var a xunjia.Attachment
			err := row.Scan(&line, &a.Media, &a.Type)
			if err == nil {
				lines[at[line]].Images = append(lines[at[line]].Images, a)
			}
			return struct{}{}, err
		})
	return lines, err
}

// checkTeamImages checks that every picture is on the purchase already, or is one
// of the editor, of who published it or of a colleague.
func (s *Store) checkTeamImages(ctx context.Context, tx *tx, old xunjia.Purchase, editor xunjia.User, lines []xunjia.Line) error {
	kept := map[string]bool{}
	for _, l := range old.Lines {
		for _, a := range l.Images {
			kept[a.Media] = true
		}
	}
	owners, err := team(ctx, tx, editor)
	if err != nil {
		return err
	}
	var keys []string
	for _, l := range lines {
		keys = append(keys, mediaKeys(l.Images)...)
	}
	own, err := s.useMedia(ctx, tx, keys, sq.Eq{"owner_id": append(owners, old.BuyerID)})
	if err != nil {
		return err
	}
	f := xunjia.FieldErrors{}
	for i, l := range lines {
		for _, a := range l.Images {
			if !own[a.Media] && !kept[a.Media] {
				f.Add(fmt.Sprintf("lines.%d.images", i), "有图片已失效，请重新上传")
			}
		}
	}
	return f.Err()
}

// team are the ids of the user and his colleagues.
func team(ctx context.Context, r runner, u xunjia.User) ([]int64, error) {
	if u.CompanyID == 0 {
		return []int64{u.ID}, nil
	}
	return all(ctx, r, sq.Select("id").From("users").Where(sq.Eq{"company_id": u.CompanyID}).Limit(xunjia.MaxMembers), scanInt)
}

// writeVersion stores the edited purchase and both versions in its history.
func (s *Store) writeVersion(ctx context.Context, tx *tx, old, next xunjia.Purchase, changes []xunjia.Change, by int64) error {
	t := next.Terms
	n, err := exec(ctx, tx, sq.Update("purchase").SetMap(map[string]any{
		"version": next.Version, "area": t.Area, "invoice": t.Invoice, "payment": t.Payment, "delivery": t.Delivery, "sample": t.Sample,
		"qualification": t.Qualification, "remark": t.Remark, "deadline": millis(t.Deadline), "mode": t.Mode, "show_rank": flag(t.ShowRank),
	}).Where(sq.Eq{"id": old.ID, "version": old.Version, "status": xunjia.WaitingForQuote}))
	if err != nil {
		return err
	}
	if n == 0 {
		return xunjia.Errorf(xunjia.Conflict, "采购单刚刚有变化，请刷新后再试")
	}
	// Out of the way: no two lines of a purchase stand at the same position.
	if _, err := exec(ctx, tx, sq.Update("purchase_line").Set("position", sq.Expr("-1 - position")).Where(sq.Eq{"purchase_id": old.ID})); err != nil {
		return err
	}
	fresh := false
	for i := range next.Lines {
		l := &next.Lines[i]
		if before, err := old.Line(l.ID); l.ID == 0 || err != nil || len(changesOf(before, *l)) > 0 {
			l.Version = next.Version
		}
		fresh = fresh || l.ID == 0
		if err := writeLine(ctx, tx, next, l); err != nil {
			return err
		}
	}
	if fresh { // suppliers who follow the new goods are looked for
		if err := resumeRounds(ctx, tx, old.ID); err != nil {
			return err
		}
	}
	if old.Version == 1 {
		if err := keepVersion(ctx, tx, old, nil, old.BuyerID, old.PublishedAt); err != nil {
			return err
		}
	}
	if err := keepVersion(ctx, tx, next, changes, by, tx.now); err != nil {
		return err
	}
	_, err = tx.addEvent(ctx, xunjia.Event{Kind: xunjia.PurchaseEdited, Actor: by, PurchaseID: old.ID, Subject: int64(next.Version)})
	return err
}

// changesOf lists what differs between two versions of a line.
func changesOf(a, b xunjia.Line) []xunjia.Change {
	return xunjia.Purchase{Lines: []xunjia.Line{a}}.Changes(xunjia.Purchase{Lines: []xunjia.Line{b}})
}

// writeLine stores one line of an edited purchase, a new one with the id that it
// gets.
func writeLine(ctx context.Context, tx *tx, p xunjia.Purchase, l *xunjia.Line) error {
	row := map[string]any{
		"position": l.Position, "category_id": l.CategoryID, "name": l.Name, "spec": l.Spec, "quantity": l.Quantity, "unit": l.Unit,
		"quality": l.Quality, "origin": l.Origin, "cap_price": l.CapPrice, "status": l.Status, "reason": l.Reason, "version": l.Version,
		"deadline": millis(p.Deadline), "mode": p.Mode, "area": p.Area,
	}
	var err error
	if l.ID == 0 {
		row["purchase_id"], row["quote_count"], row["published_at"] = p.ID, 0, millis(p.PublishedAt)
		if l.ID, err = insert(ctx, tx, sq.Insert("purchase_line").SetMap(row)); err != nil {
			return err
		}
	} else if _, err = exec(ctx, tx, sq.Update("purchase_line").SetMap(row).Where(sq.Eq{"id": l.ID})); err != nil {
		return err
	}
	if l.Version != p.Version {
		return nil
	}
	if _, err := exec(ctx, tx, sq.Delete("purchase_attachment").Where(sq.Eq{"line_id": l.ID})); err != nil || len(l.Images) == 0 {
		return err
	}
	pictures := sq.Insert("purchase_attachment").Columns("line_id", "position", "media", "type")
	for k, a := range l.Images {
		pictures = pictures.Values(l.ID, k, a.Media, a.Type)
	}
	_, err = exec(ctx, tx, pictures)
	return err
}

func keepVersion(ctx context.Context, tx *tx, p xunjia.Purchase, changes []xunjia.Change, editor int64, at time.Time) error {
	content, err := json.Marshal(versionContent{p.Terms, p.Lines, changes})
	if err != nil {
		return err
	}
	_, err = exec(ctx, tx, sq.Insert("purchase_version").Columns("purchase_id", "version", "editor_id", "content", "created_at").
		Values(p.ID, p.Version, editor, string(content), millis(at)))
	return err
}

// maxVersions bounds how many versions are listed.
const maxVersions = 50

// Versions lists the newest versions of a purchase with what each of them
// changed; the caller has checked who asks.
func (s *Store) Versions(ctx context.Context, purchaseID int64) ([]Version, error) {
	return all(ctx, s.db, sq.Select("version", "editor_id", "content", "created_at").From("purchase_version").
		Where(sq.Eq{"purchase_id": purchaseID}).OrderBy("version DESC").Limit(maxVersions), func(r scanner) (v Version, err error) {
		var at int64
		var content string
		if err := r.Scan(&v.Number, &v.EditorID, &content, &at); err != nil {
			return v, err
		}
		var kept versionContent
		err = json.Unmarshal([]byte(content), &kept)
		v.CreatedAt, v.Changes = moment(at), kept.Changes
		return v, err
	})
}

// versionOf reads what was kept of a version; NotFound when nothing was.
func (s *Store) versionOf(ctx context.Context, purchaseID int64, number int) (v versionContent, err error) {
	content, err := one(ctx, s.db, sq.Select("content").From("purchase_version").Where(sq.Eq{"purchase_id": purchaseID, "version": number}), scanString)
	if errors.Is(err, sql.ErrNoRows) {
		return v, xunjia.Errorf(xunjia.NotFound, "没有找到这一版")
	}
	if err != nil {
		return v, err
	}
	return v, json.Unmarshal([]byte(content), &v)
}

// changesOfVersion lists what one version changed.
func (s *Store) changesOfVersion(ctx context.Context, purchaseID int64, number int) ([]xunjia.Change, error) {
	v, err := s.versionOf(ctx, purchaseID, number)
	return v.Changes, err
}

// PurchaseSeen is the purchase as an editor saw it who has not seen what was
// changed since; its status and counts are today's. NotFound when there was no
// such version.
func (s *Store) PurchaseSeen(ctx context.Context, p xunjia.Purchase, seen xunjia.SeenPurchase) (xunjia.Purchase, error) {
	if seen.Version != p.Version {
		v, err := s.versionOf(ctx, p.ID, seen.Version)
		if err != nil {
			return p, err
		}
		p.Version, p.Terms, p.Lines = seen.Version, v.Terms, v.Lines
	}
	p.Deadline = seen.Deadline
	return p, nil
}

// everQuoted tells on which lines of a locked purchase suppliers have quoted.
func everQuoted(ctx context.Context, tx *tx, purchaseID int64) (xunjia.EverQuoted, error) {
	lines, err := all(ctx, tx, sq.Select("DISTINCT line_id").From("quote").Where(sq.Eq{"purchase_id": purchaseID}), scanInt)
	ever := xunjia.EverQuoted{}
	for _, id := range lines {
		ever[id] = true
	}
	return ever, err
}

// ConfirmQuote says that the supplier's quote holds for the version of the
// purchase that he saw: see Quote.Confirmed for the rule. Doing it again is no
// error and tells nobody.
func (s *Store) ConfirmQuote(ctx context.Context, quoteID, supplierID int64, version int) (xunjia.Quote, error) {
	return s.changeQuote(ctx, quoteID, supplierID, func(tx *tx, t table) (xunjia.Quote, error) {
		return confirmQuote(ctx, tx, t, version)
	})
}

// confirmQuote confirms a quote for who is at the table.
func confirmQuote(ctx context.Context, tx *tx, t table, version int) (xunjia.Quote, error) {
	old := t.quote
	q, err := old.Confirmed(t.purchase, t.line, t.by.ID, version, tx.now)
	if err != nil || q.Version == old.Version {
		return old, err
	}
	n, err := exec(ctx, tx, sq.Update("quote").Set("version", q.Version).Set("updated_at", millis(q.UpdatedAt)).
		Where(sq.Eq{"id": q.ID, "state": old.State, "revision": old.Revision}))
	if err != nil {
		return q, err
	}
	if n == 0 {
		return q, errQuoteChanged()
	}
	_, err = tx.addEvent(ctx, quoteEvent(xunjia.QuoteConfirmed, q, t.by.ID))
	return q, err
}
