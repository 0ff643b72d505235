package xunjia

import (
	"fmt"
	"slices"
	"time"
)

// RemovedLine is why a line is closed that an edit left out.
const RemovedLine = "采购商修改采购单时取消了这个品种"

// CanEdit tells why the user may not edit the purchase now: see Allows; Conflict
// once quoting is over.
func (p Purchase) CanEdit(by User, now time.Time) error {
	if err := p.Allows(by, Manage); err != nil {
		return err
	}
	if s := p.StatusAt(now); s != WaitingForQuote {
		return Errorf(Conflict, "采购单现在是“%s”，不能修改。可以重新开放报价，或者复制一份发布", s)
	}
	return nil
}

// Editable tells whether an edit may change the line: not once something of it
// was accepted, and not when it takes no quotes any more.
func (l Line) Editable() bool { return l.Status == WaitingForQuote && l.Accepted == 0 }

// Edited is the purchase with what somebody typed instead: lines of the draft
// that have an id are those of the purchase, others are new; editable lines that
// the draft leaves out are closed. Lines that are not editable stay as they are.
// It fails as CanEdit does, and with Invalid on the fields of Draft.Validate, mode
// and deadline; quotes came in for the old ones.
func (p Purchase) Edited(by User, d Draft, now time.Time) (Purchase, error) {
	if err := p.CanEdit(by, now); err != nil {
		return p, err
	}
	f := FieldErrors{}
	d.Lines = slices.Clone(d.Lines)
	if e, ok := fieldsOf(d.Validate(now)); ok {
		for field, text := range e {
			if field != "deadline" || !d.Deadline.Equal(p.Deadline) { // one that is near was chosen long ago
				f.Add(field, "%s", text)
			}
		}
	}
	quoted := p.QuoteCount > 0
	if quoted && d.Mode != p.Mode {
		f.Add("mode", "已有报价，不能再改询价方式")
	}
	if quoted && d.Deadline.Before(p.Deadline) {
		f.Add("deadline", "已有报价，截止时间不能提前，可以直接结束报价")
	}
	next := p
	next.Terms, next.Lines = d.Terms, nil
	used := map[int64]bool{}
	for i, typed := range d.Lines {
		l, err := p.editedLine(typed, used, fmt.Sprintf("lines.%d.", i), f)
		if err != nil {
			return p, err
		}
		next.Lines = append(next.Lines, l)
	}
	for _, l := range p.Lines {
		if used[l.ID] {
			continue
		}
		if l.Editable() {
			l.Status, l.Reason = Closed, RemovedLine
		}
		next.Lines = append(next.Lines, l)
	}
	for i := range next.Lines {
		next.Lines[i].Position = i
	}
	return next, f.Err()
}

// editedLine is one line of the draft as the purchase will have it.
func (p Purchase) editedLine(typed Line, used map[int64]bool, prefix string, f FieldErrors) (Line, error) {
	typed.PurchaseID, typed.Status = p.ID, WaitingForQuote
	if typed.ID == 0 {
		return typed, nil
	}
	old, err := p.Line(typed.ID)
	if err != nil || used[typed.ID] {
		return typed, Errorf(NotFound, "没有找到这个采购品种，请重新打开修改页面")
	}
	used[typed.ID] = true
	if !old.Editable() {
		f.Add(prefix+"category", "%s 已接受报价或已停止采购，不能修改", old.Name)
		return old, nil
	}
	l := old
	l.CategoryID, l.Spec, l.Quantity, l.Unit, l.Quality, l.Origin, l.CapPrice, l.Images =
		typed.CategoryID, typed.Spec, typed.Quantity, typed.Unit, typed.Quality, typed.Origin, typed.CapPrice, typed.Images
	switch {
	case old.QuoteCount == 0:
	case l.CategoryID != old.CategoryID:
		f.Add(prefix+"category", "这个品种已有报价，不能换成别的品种；可以移除它，再加一个")
	case !l.Unit.Converts(old.Unit):
		f.Add(prefix+"unit", "这个品种已有报价，不能改成“%s”", l.Unit)
	}
	return l, nil
}

// Change is one thing that differs between two versions of a purchase, in words.
type Change struct {
	What          string // 黄连 统货：数量
	Before, After string // "" for nothing
}

// String is 黄连 统货：数量 500公斤 → 600公斤.
func (c Change) String() string {
	switch {
	case c.Before == "":
		return c.What + " " + c.After
	case c.After == "":
		return c.What + " " + c.Before + " → 取消"
	}
	return c.What + " " + c.Before + " → " + c.After
}

// Changes lists what differs in next, terms first, then the lines in their order.
func (p Purchase) Changes(next Purchase) []Change {
	var list []Change
	add := func(what, before, after string) {
		if before != after {
			list = append(list, Change{what, before, after})
		}
	}
	a, b := p.Terms, next.Terms
	add("收货地区", a.Area.Name(), b.Area.Name())
	add("发票", a.Invoice, b.Invoice)
	add("付款方式", a.Payment, b.Payment)
	add("交货方式", a.Delivery, b.Delivery)
	add("样品要求", a.Sample, b.Sample)
	add("资质要求", a.Qualification, b.Qualification)
	add("备注", a.Remark, b.Remark)
	add("截止时间", FullTime(a.Deadline), FullTime(b.Deadline))
	add("询价方式", a.Mode.String(), b.Mode.String())
	if a.ShowRank != b.ShowRank {
		add("公布名次", yesNo(a.ShowRank), yesNo(b.ShowRank))
	}
	for _, l := range next.Lines {
		old, err := p.Line(l.ID)
		if l.ID == 0 || err != nil {
			list = append(list, Change{What: "增加品种", After: l.Summary()})
			continue
		}
		list = append(list, old.changes(l)...)
	}
	return list
}

// changes lists what differs in the same line of another version.
func (l Line) changes(next Line) []Change {
	if l.Status != Closed && next.Status == Closed && next.Reason == RemovedLine {
		return []Change{{What: "取消品种", After: l.Summary()}}
	}
	var list []Change
	add := func(what, before, after string) {
		if before != after {
			list = append(list, Change{l.Title() + "：" + what, before, after})
		}
	}
	limit := func(l Line) string {
		if l.CapPrice == 0 {
			return ""
		}
		return l.CapPrice.String() + "元/" + string(l.Unit)
	}
	add("品种", l.Name, next.Name)
	add("规格", l.Spec, next.Spec)
	add("数量", l.Amount(), next.Amount())
	add("质量要求", l.Quality, next.Quality)
	add("产地", l.Origin, next.Origin)
	add("最高限价", limit(l), limit(next))
	if !slices.EqualFunc(l.Images, next.Images, Attachment.Same) {
		add("图片和文件", fmt.Sprintf("%d 个", len(l.Images)), fmt.Sprintf("%d 个（有更换）", len(next.Images)))
	}
	return list
}

func yesNo(b bool) string {
	if b {
		return "是"
	}
	return "否"
}

// Outdated tells whether the line has changed since the quote was made or
// confirmed: it cannot be accepted before its supplier says that it holds.
func (q Quote) Outdated(l Line) bool { return q.Version < l.Version }

// CheckCurrent tells why the quote cannot be accepted for the line as it is now:
// Conflict when it is outdated.
func (q Quote) CheckCurrent(l Line) error {
	if q.Outdated(l) {
		return Errorf(Conflict, "%s 的要求在报价之后改过，要等供应商确认或修改报价才能接受", l.Name)
	}
	return nil
}

// Confirmed is the quote whose supplier says that it holds for the version of the
// purchase that he saw. It fails with NotFound for anybody else, and with Conflict
// when the quote was answered, the purchase is settled or has changed again.
func (q Quote) Confirmed(p Purchase, by int64, version int, now time.Time) (Quote, error) {
	switch {
	case by != q.SupplierID:
		return q, Errorf(NotFound, "没有找到这条报价")
	case p.Status == Closed || p.Status == Purchased:
		return q, Errorf(Conflict, "采购单现在是“%s”，不用再确认", p.Status)
	case q.State != Pending:
		return q, Errorf(Conflict, "这条报价%s，不用再确认", q.State)
	case version != p.Version:
		return q, Errorf(Conflict, "采购单刚刚又有修改，请看过新的要求再确认")
	}
	q.Version, q.UpdatedAt = p.Version, now
	return q, nil
}

// editedNotice tells who quoted what the buyer changed.
func editedNotice(f Facts, at time.Time) Notice {
	text := ""
	for i, c := range f.Changes {
		if i == 3 {
			text += fmt.Sprintf("；等 %d 处", len(f.Changes))
			break
		}
		if i > 0 {
			text += "；"
		}
		text += c.String()
	}
	n := Notice{Type: SellingNotice, Lane: DirectLane, Content: id(f.Quote.ID), Path: PurchasePath(f.Purchase.ID)}
	n.Title = "采购单有修改：" + f.Purchase.Title()
	n.Text = fmt.Sprintf("%s 修改了要求：%s。您的报价如果还有效，请点一下确认，或者修改报价。", f.Buyer.Name, text)
	n.Template, n.Fields = TemplatePurchaseNews, purchaseNews(f.Purchase, text, at)
	return n
}

// confirmedNotice tells the buyer that a quote holds for the edited request.
func confirmedNotice(f Facts) Notice {
	name, price := f.Supplier.Name, "："+f.Quote.FullPrice()
	if f.Sealed {
		name, price = f.Supplier.MaskedName(), ""
	}
	return Notice{Type: PurchasingNotice, Lane: DirectLane, Content: id(f.Line.ID), Path: PurchasePath(f.Purchase.ID) + "/compare",
		Title: "供应商确认了报价：" + f.Line.Name, Text: fmt.Sprintf("%s 对 %s 的报价按新的要求仍然有效%s。", name, f.Line.Title(), price)}
}
