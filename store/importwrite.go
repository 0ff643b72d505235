package store

import (
	"context"
	"database/sql"
	"errors"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	sq "github.com/Masterminds/squirrel"

	"github.com/xunjia/xunjia"
)

func (im *importer) varieties(ctx context.Context, rows []oldRow) error {
	type item struct {
		row oldRow
		c   xunjia.Category
	}
	var fresh []item
	named := map[string]bool{}
	var known []importedRow
	for _, r := range rows {
		if column := broken(r); column != "" {
			if err := im.leaveOut(r, column+" 的文字编码已损坏"); err != nil {
				return err
			}
			continue
		}
		c, remarks, reason := im.conv.variety(r)
		switch {
		case reason != "":
			if err := im.leaveOut(r, reason); err != nil {
				return err
			}
			continue
		case im.names[c.Name] != 0:
			known = append(known, importedRow{"variety", r["id"], im.names[c.Name]})
			continue
		case named[c.Name]:
			if err := im.leaveOut(r, "与同批的“"+c.Name+"”重名"); err != nil {
				return err
			}
			continue
		}
		named[c.Name] = true
		if err := im.remark("variety", r["id"], remarks); err != nil {
			return err
		}
		fresh = append(fresh, item{r, c})
	}
	group := im.group
	err := im.commit(ctx, func(p *pending) (err error) {
		p.rows = slices.Clone(known)
		if group = im.group; group == 0 && len(fresh) > 0 {
			if group, err = p.insert(ctx, insertCategory(xunjia.Category{Name: importGroup, Initials: initials(importGroup)})); err != nil {
				return err
			}
		}
		var aliases [][]any
		for _, f := range fresh {
			f.c.ParentID = group
			id, err := p.insert(ctx, insertCategory(f.c))
			if err != nil {
				return err
			}
			for i, a := range f.c.Aliases {
				aliases = append(aliases, []any{id, a, i})
			}
			p.note("variety", f.row["id"], id)
		}
		return p.many(ctx, "category_alias", []string{"category_id", "alias", "position"}, aliases)
	})
	im.group = group
	for _, f := range fresh {
		im.names[f.c.Name] = im.done["variety"][f.row["id"]]
	}
	return err
}

func insertCategory(c xunjia.Category) sq.InsertBuilder {
	return sq.Insert("category").SetMap(map[string]any{"parent_id": c.ParentID, "position": 9000, "name": c.Name,
		"initials": c.Initials, "units": jsonList(c.Units), "specs": jsonList(c.Specs), "origins": jsonList(c.Origins)})
}

// users keep the account that they have made in the new system already, found
// by their phone.
func (im *importer) users(ctx context.Context, rows []oldRow) error {
	type item struct {
		row     oldRow
		u       xunjia.User
		follows []int64
	}
	var items []item
	for _, r := range rows {
		column := broken(r)
		u, followed, remarks, reason := im.conv.user(r)
		if column != "" {
			reason = column + " 的文字编码已损坏"
		}
		if reason != "" {
			if err := im.leaveOut(r, reason); err != nil {
				return err
			}
			continue
		}
		it := item{row: r, u: u}
		for _, old := range followed {
			if id := im.done["variety"][old]; id != 0 && len(it.follows) < xunjia.MaxFollowedCategories && !slices.Contains(it.follows, id) {
				it.follows = append(it.follows, id)
			} else if id == 0 {
				remarks = append(remarks, "关注的品种 "+old+" 不存在，已略过")
			}
		}
		if len(it.follows) > 0 {
			it.u.RegisteredAt = u.CreatedAt
		} else {
			remarks = append(remarks, "没有关注品种，登录时请他选择")
		}
		if err := im.remark("users", r["id"], remarks); err != nil {
			return err
		}
		items = append(items, it)
	}
	return im.commit(ctx, func(p *pending) error {
		byPhone := map[xunjia.Phone]int64{}
		for _, it := range items {
			id, err := im.userOf(ctx, p, byPhone, it.u.Phone)
			if err != nil {
				return err
			}
			if id == 0 {
				if id, err = p.insert(ctx, sq.Insert("users").SetMap(map[string]any{"phone": it.u.Phone, "kind": it.u.Kind, "name": it.u.Name,
					"area": it.u.Area, "disabled": 0, "created_at": millis(it.u.CreatedAt), "registered_at": millis(it.u.RegisteredAt)})); err != nil {
					return err
				}
				follows := make([][]any, len(it.follows))
				for i, c := range it.follows {
					follows[i] = []any{id, c}
				}
				if err := p.many(ctx, "user_category", []string{"user_id", "category_id"}, follows); err != nil {
					return err
				}
			}
			byPhone[it.u.Phone] = id
			p.note("users", it.row["id"], id)
			if openID := strings.TrimSpace(it.row["openid"]); im.AppID != "" && openID != "" && len(openID) <= 64 {
				// One that is known already stays with whom it belongs to.
				if err := p.many(ctx, "wechat_identity", []string{"app_id", "open_id", "user_id", "created_at"},
					[][]any{{im.AppID, openID, id, millis(it.u.CreatedAt)}}); err != nil {
					return err
				}
			}
		}
		return nil
	})
}

func (im *importer) userOf(ctx context.Context, p *pending, batch map[xunjia.Phone]int64, phone xunjia.Phone) (int64, error) {
	if id := batch[phone]; id != 0 {
		return id, nil
	}
	var r runner = im.st.db
	if p.tx != nil {
		r = p.tx
	}
	id, err := one(ctx, r, sq.Select("id").From("users").Where(sq.Eq{"phone": phone}), scanInt)
	if errors.Is(err, sql.ErrNoRows) {
		err = nil
	}
	return id, err
}

// oldPurchase is a request on its way.
type oldPurchase struct {
	row   oldRow
	p     xunjia.Purchase
	lines []oldLine
}

type oldLine struct {
	row oldRow
	l   xunjia.Line
}

func (im *importer) purchases(ctx context.Context, rows []oldRow) error {
	infos, err := im.belonging(ctx, "purchase_info", "purchaseid", rows, "id", "purchaseid", "varietyid", "name", "specification",
		"quantity", "unit", "quality", "origin", "price", "views", "status")
	if err != nil {
		return err
	}
	var list []oldPurchase
	for _, r := range rows {
		o, reason, err := im.purchase(ctx, r, infos[r["id"]])
		if err != nil {
			return err
		}
		if reason != "" {
			if err := im.leaveOut(r, reason); err != nil {
				return err
			}
			continue
		}
		list = append(list, o)
	}
	made := map[int64]xunjia.Line{}
	err = im.commit(ctx, func(p *pending) error {
		clear(made)
		for _, o := range list {
			if err := im.writePurchase(ctx, p, o, made); err != nil {
				return err
			}
		}
		return nil
	})
	if im.DryRun {
		for id, l := range made {
			im.lines[id] = l
		}
	}
	return err
}

// belonging reads the rows of a table that belong to the given ones, by the
// column that names their owner.
func (im *importer) belonging(ctx context.Context, table, owner string, rows []oldRow, columns ...string) (map[string][]oldRow, error) {
	ids := make([]string, len(rows))
	for i, r := range rows {
		ids[i] = r["id"]
	}
	byOwner := map[string][]oldRow{}
	if len(ids) == 0 {
		return byOwner, nil
	}
	list, err := oldRows(ctx, im.old, sq.Select(columns...).From(table).Where(sq.Eq{owner: ids}).OrderBy("id"), columns)
	for _, r := range list {
		byOwner[r[owner]] = append(byOwner[r[owner]], r)
	}
	return byOwner, err
}

// purchase converts a request with its lines and their pictures.
func (im *importer) purchase(ctx context.Context, r oldRow, infos []oldRow) (o oldPurchase, reason string, err error) {
	o.row = r
	buyer := im.done["users"][r["userid"]]
	if buyer == 0 {
		return o, "发布人 " + r["userid"] + " 不存在或没有导入", nil
	}
	if column := broken(r); column != "" {
		return o, column + " 的文字编码已损坏", nil
	}
	p, remarks, reason := im.conv.purchase(r)
	if reason != "" {
		return o, reason, nil
	}
	p.BuyerID = buyer
	attachments, err := im.belonging(ctx, "purchase_attachment", "purchase_infoid", infos, "id", "purchase_infoid", "attachment", "type")
	if err != nil {
		return o, "", err
	}
	for _, info := range infos {
		l, views, lineRemarks, reason := im.conv.line(info, p.Status)
		if column := broken(info); column != "" {
			reason = column + " 的文字编码已损坏"
		}
		if l.CategoryID = im.done["variety"][info["varietyid"]]; l.CategoryID == 0 {
			l.CategoryID = im.names[l.Name]
		}
		if reason == "" && l.CategoryID == 0 {
			reason = "品种 " + info["varietyid"] + " 不存在"
		}
		if reason == "" && len(o.lines) == xunjia.MaxLines {
			reason = "一张采购单最多 50 个品种"
		}
		if reason != "" {
			if err := im.Problem(ImportProblem{Table: "purchase_info", ID: info["id"], Reason: reason}); err != nil {
				return o, "", err
			}
			continue
		}
		p.ViewCount += views
		if l.Images, err = im.pictures(ctx, "purchase_attachment", buyer, attachments[info["id"]], xunjia.MaxImagesPerLine); err != nil {
			return o, "", err
		}
		if err := im.remark("purchase_info", info["id"], lineRemarks); err != nil {
			return o, "", err
		}
		o.lines = append(o.lines, oldLine{info, l})
	}
	if len(o.lines) == 0 {
		return o, "没有一个可以导入的采购品种", nil
	}
	o.p = p
	return o, "", im.remark("purchase", r["id"], remarks)
}

// pictures stores the files of attachments.
func (im *importer) pictures(ctx context.Context, table string, owner int64, rows []oldRow, most int) (list []xunjia.Attachment, err error) {
	for _, r := range rows {
		var reason string
		switch {
		case im.Picture == nil:
			reason = "没有给出附件所在的文件夹"
		case len(list) == most:
			reason = "附件太多"
		case !utf8.ValidString(r["attachment"]):
			reason = "文件名的编码已损坏"
		default:
			key, err := im.Picture(ctx, owner, r["attachment"])
			if ctx.Err() != nil {
				return nil, ctx.Err()
			}
			if err == nil {
				list = append(list, xunjia.Attachment{Media: key, Type: attachmentType(r["type"])})
				continue
			}
			reason = err.Error()
		}
		if err := im.Problem(ImportProblem{Table: table, ID: r["id"], Reason: reason}); err != nil {
			return nil, err
		}
	}
	return list, nil
}

func (im *importer) writePurchase(ctx context.Context, p *pending, o oldPurchase, made map[int64]xunjia.Line) error {
	number := o.row["id"]
	if n, err := im.taken(ctx, p, number); err != nil {
		return err
	} else if n {
		number = numbered(o.p.PublishedAt)
	}
	id, err := p.insert(ctx, sq.Insert("purchase").SetMap(map[string]any{
		"number": number, "buyer_id": o.p.BuyerID, "draft_key": "import:" + o.row["id"], "status": o.p.Status, "version": 1, "area": o.p.Area,
		"invoice": o.p.Invoice, "payment": o.p.Payment, "delivery": o.p.Delivery, "qualification": o.p.Qualification, "remark": o.p.Remark,
		"deadline": millis(o.p.Deadline), "reason": "", "quote_count": 0, "view_count": o.p.ViewCount,
		"published_at": millis(o.p.PublishedAt), "ended_at": millis(o.p.EndedAt),
	}))
	if err != nil {
		return err
	}
	p.note("purchase", o.row["id"], id)
	var pictures [][]any
	for i, line := range o.lines {
		l := line.l
		lineID, err := p.insert(ctx, sq.Insert("purchase_line").SetMap(map[string]any{
			"purchase_id": id, "position": i, "category_id": l.CategoryID, "name": l.Name, "spec": l.Spec, "quantity": l.Quantity,
			"unit": l.Unit, "quality": l.Quality, "origin": l.Origin, "cap_price": l.CapPrice, "status": l.Status, "quote_count": 0,
			"published_at": millis(o.p.PublishedAt), "deadline": millis(o.p.Deadline), "area": o.p.Area,
		}))
		if err != nil {
			return err
		}
		p.note("purchase_info", line.row["id"], lineID)
		l.ID, l.PurchaseID = lineID, id
		made[lineID] = l
		for k, at := range l.Images {
			pictures = append(pictures, []any{lineID, k, at.Media, at.Type})
		}
	}
	return p.many(ctx, "purchase_attachment", []string{"line_id", "position", "media", "type"}, pictures)
}

// taken tells whether a public number belongs to another purchase.
func (im *importer) taken(ctx context.Context, p *pending, number string) (bool, error) {
	if p.tx == nil {
		return false, nil
	}
	_, err := one(ctx, p.tx, sq.Select("id").From("purchase").Where(sq.Eq{"number": number}), scanInt)
	if errors.Is(err, sql.ErrNoRows) {
		return false, nil
	}
	return err == nil, err
}

// oldQuote is an offer on its way.
type oldQuote struct {
	row oldRow
	q   xunjia.Quote
}

func (im *importer) quotes(ctx context.Context, rows []oldRow) error {
	attachments, err := im.belonging(ctx, "quote_attachment", "quoteid", rows, "id", "quoteid", "attachment", "type")
	if err != nil {
		return err
	}
	var list []oldQuote
	for _, r := range rows {
		q, reason, err := im.quote(ctx, r)
		if err != nil {
			return err
		}
		if reason != "" {
			if err := im.leaveOut(r, reason); err != nil {
				return err
			}
			continue
		}
		if q.Attachments, err = im.pictures(ctx, "quote_attachment", q.SupplierID, attachments[r["id"]], xunjia.MaxImagesPerQuote); err != nil {
			return err
		}
		list = append(list, oldQuote{r, q})
	}
	return im.commit(ctx, func(p *pending) error {
		for _, o := range list {
			if err := im.writeQuote(ctx, p, o); err != nil {
				return err
			}
		}
		return nil
	})
}

func (im *importer) quote(ctx context.Context, r oldRow) (q xunjia.Quote, reason string, err error) {
	supplier, lineID := im.done["users"][r["userid"]], im.done["purchase_info"][r["purchaseinfoid"]]
	switch {
	case supplier == 0:
		return q, "供应商 " + r["userid"] + " 不存在或没有导入", nil
	case lineID == 0:
		return q, "采购品种 " + r["purchaseinfoid"] + " 不存在或没有导入", nil
	}
	if column := broken(r); column != "" {
		return q, column + " 的文字编码已损坏", nil
	}
	l, ok := im.lines[lineID]
	if !ok {
		if l, err = one(ctx, im.st.db, selectLines().Where(sq.Eq{"id": lineID}), scanLine); err != nil {
			return q, "", err
		}
	}
	q, remarks, reason := im.conv.quote(r, l)
	if reason != "" {
		return q, reason, nil
	}
	q.LineID, q.PurchaseID, q.SupplierID = l.ID, l.PurchaseID, supplier
	return q, "", im.remark("quote", r["id"], remarks)
}

// writeQuote writes an offer. A supplier's later offer for the same line is a
// revision of his earlier one.
func (im *importer) writeQuote(ctx context.Context, p *pending, o oldQuote) error {
	q := o.q
	earlier, err := im.earlierQuote(ctx, p, q)
	if err != nil {
		return err
	}
	if q.ID = earlier.ID; q.ID != 0 {
		q.Revision = earlier.Revision + 1
	}
	if p.tx == nil {
		if q.ID == 0 {
			q.ID = im.madeUp()
		}
		im.quoted[[2]int64{q.LineID, q.SupplierID}] = q
		p.note("quote", o.row["id"], q.ID)
		return nil
	}
	// What an accepted quote takes of the line.
	line, err := one(ctx, p.tx, selectLines().Where(sq.Eq{"id": q.LineID}).Suffix(im.st.dialect.forUpdate()), scanLine)
	if err != nil {
		return err
	}
	accepted := line.Accepted - earlier.Accepted
	if q.State == xunjia.Accepted {
		q.Accepted = max(0, line.Quantity-accepted)
	}
	if _, err := exec(ctx, p.tx, sq.Update("purchase_line").Set("accepted", accepted+q.Accepted).Where(sq.Eq{"id": line.ID})); err != nil {
		return err
	}
	if err := rollAgain(ctx, p.tx, q.UpdatedAt); err != nil {
		return err
	}
	columns := merge(offerColumns(q.Offer), stateColumns(q))
	columns["revision"] = q.Revision
	if q.ID != 0 {
		if _, err := exec(ctx, p.tx, sq.Update("quote").SetMap(columns).Where(sq.Eq{"id": q.ID})); err != nil {
			return err
		}
		if _, err := exec(ctx, p.tx, sq.Delete("quote_attachment").Where(sq.Eq{"quote_id": q.ID})); err != nil {
			return err
		}
	} else {
		merge(columns, map[string]any{"line_id": q.LineID, "purchase_id": q.PurchaseID, "supplier_id": q.SupplierID,
			"version": q.Version, "created_at": millis(q.CreatedAt)})
		if q.ID, err = insert(ctx, p.tx, sq.Insert("quote").SetMap(columns)); err != nil {
			return err
		}
		if err := countQuote(ctx, p.tx, q, 1); err != nil {
			return err
		}
	}
	p.note("quote", o.row["id"], q.ID)
	return saveOffer(ctx, p.tx, q)
}

// earlierQuote is the supplier's quote for the line so far, zero for none.
func (im *importer) earlierQuote(ctx context.Context, p *pending, q xunjia.Quote) (xunjia.Quote, error) {
	if earlier, ok := im.quoted[[2]int64{q.LineID, q.SupplierID}]; ok || p.tx == nil {
		return earlier, nil
	}
	earlier, err := one(ctx, p.tx, selectQuotes().Where(sq.Eq{"line_id": q.LineID, "supplier_id": q.SupplierID}), scanQuote)
	if errors.Is(err, sql.ErrNoRows) {
		return xunjia.Quote{}, nil
	}
	return earlier, err
}

func (im *importer) notifications(ctx context.Context, rows []oldRow) error {
	type item struct {
		id string
		n  xunjia.Notification
	}
	var list []item
	for _, r := range rows {
		n, reason, err := im.notification(ctx, r)
		if err != nil {
			return err
		}
		if reason != "" {
			if err := im.leaveOut(r, reason); err != nil {
				return err
			}
			continue
		}
		list = append(list, item{r["id"], n})
	}
	return im.commit(ctx, func(p *pending) error {
		for _, it := range list {
			n := it.n
			id, err := p.insert(ctx, sq.Insert("notification").SetMap(map[string]any{"type": n.Type, "status": n.Status, "sender": n.Sender,
				"receiver": n.Receiver, "title": n.Title, "content": n.Content, "text": n.Text, "path": n.Path, "created_at": millis(n.CreatedAt)}))
			if err != nil {
				return err
			}
			p.note("notification", it.id, id)
		}
		return nil
	})
}

func (im *importer) notification(ctx context.Context, r oldRow) (n xunjia.Notification, reason string, err error) {
	if column := broken(r); column != "" {
		return n, column + " 的文字编码已损坏", nil
	}
	n, remarks, reason := im.conv.notification(r)
	if reason != "" {
		return n, reason, nil
	}
	if n.Receiver = im.done["users"][r["receiver"]]; n.Receiver == 0 {
		return n, "收件人 " + r["receiver"] + " 不存在或没有导入", nil
	}
	n.Sender = im.done["users"][r["sender"]]
	switch n.Type {
	case xunjia.SellingNotice:
		quote := im.done["quote"][n.Content]
		if quote == 0 {
			return n, "报价 " + n.Content + " 不存在或没有导入", nil
		}
		n.Content, n.Path = strconv.FormatInt(quote, 10), xunjia.QuotePath(quote)
	case xunjia.PurchasingNotice:
		line := im.done["purchase_info"][n.Content]
		if line == 0 {
			return n, "采购品种 " + n.Content + " 不存在或没有导入", nil
		}
		purchase := im.lines[line].PurchaseID
		if purchase == 0 {
			if purchase, err = im.st.purchaseIDOfLine(ctx, line); err != nil {
				return n, "", err
			}
		}
		n.Content, n.Path = strconv.FormatInt(line, 10), xunjia.PurchasePath(purchase)
	default:
		n.Text, n.Content, n.Path = n.Content, "", "/inbox"
	}
	return n, "", im.remark("notification", r["id"], remarks)
}
