package xunjia

import (
	"fmt"
	"slices"
	"time"
)

// RemovedLine is why a line is closed that an edit left out.
const RemovedLine = "采购商修改采购单时取消了这个品种"

// Limits of editing: everybody who quoted is told of each version, and lines that
// were taken out stay.
const (
	MaxVersions    = 50
	MaxEditedLines = 2 * MaxLines // closed ones included
)

// CanEdit tells why the user may not edit the purchase now: see Allows; Conflict
// once quoting is over, and after MaxVersions.
func (p Purchase) CanEdit(by User, now time.Time) error {
	if err := p.Allows(by, Manage); err != nil {
		return err
	}
	if s := p.StatusAt(now); s != WaitingForQuote {
		return Errorf(Conflict, "采购单现在是“%s”，不能修改。可以重新开放报价，或者复制一份发布", s)
	}
	if p.Version >= MaxVersions {
		return Errorf(Conflict, "这张采购单已修改到第 %d 版，不能再修改。可以复制一份发布", p.Version)
	}
	return nil
}

// Editable tells whether an edit may change the line: not once something of it
// was accepted, and not when it takes no quotes any more.
func (l Line) Editable() bool { return l.Status == WaitingForQuote && l.Accepted == 0 }

// SeenPurchase is what an editor saw of a purchase when he opened the form.
type SeenPurchase struct {
	Version  int
	Deadline time.Time // it can be put off without a new version; to the second, as forms write it
}

// CheckSeen complains when the purchase is no longer the one that the editor saw,
// and answers his draft with the deadline that holds now if he left it alone.
func (p Purchase) CheckSeen(seen SeenPurchase, d Draft) (Draft, error) {
	if p.Version != seen.Version {
		return d, Errorf(Conflict, "采购单刚刚被同事修改过，请看过他的修改再保存")
	}
	same := func(a, b time.Time) bool { return a.Unix() == b.Unix() }
	switch {
	case same(d.Deadline, seen.Deadline):
		d.Deadline = p.Deadline
	case !same(p.Deadline, seen.Deadline):
		return d, Errorf(Conflict, "截止时间刚刚被同事改到 %s，请看过再保存", FullTime(p.Deadline))
	}
	return d, nil
}

// Fixed tells whether suppliers can quote on the purchase however it is edited: it
// has a line that takes quotes and cannot be changed.
func (p Purchase) Fixed() bool {
	return slices.ContainsFunc(p.Lines, func(l Line) bool { return !l.Editable() && l.Status == WaitingForQuote })
}

// EverQuoted tells on which lines suppliers have quoted, also those who have taken
// their quotes back: what they said stays in the history.
type EverQuoted map[int64]bool

// Edited is the purchase with what somebody typed instead: lines of the draft
// that have an id are those of the purchase, others are new; editable lines that
// the draft leaves out are closed. Lines that are not editable stay as they are.
// It fails as CanEdit does, and with Invalid on the fields of Draft.Validate, mode
// and deadline; quotes came in for the old ones.
func (p Purchase) Edited(by User, d Draft, ever EverQuoted, now time.Time) (Purchase, error) {
	if err := p.CanEdit(by, now); err != nil {
		return p, err
	}
	f := FieldErrors{}
	d.Lines = slices.Clone(d.Lines)
	if e, ok := fieldsOf(d.Validate(now)); ok {
		for field, text := range e {
			near := field == "deadline" && d.Deadline.Equal(p.Deadline) // chosen long ago
			if !near && (field != "lines" || len(d.Lines) > 0 || !p.Fixed()) {
				f.Add(field, "%s", text)
			}
		}
	}
	quoted := len(ever) > 0
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
		l, err := p.editedLine(typed, used, ever, fmt.Sprintf("lines.%d.", i), f)
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
	if n := len(next.Lines); n > max(MaxEditedLines, len(p.Lines)) {
		f.Add("lines", "加上取消的品种一共 %d 个，最多 %d 个。可以复制一份发布", n, MaxEditedLines)
	}
	return next, f.Err()
}

// editedLine is one line of the draft as the purchase will have it.
func (p Purchase) editedLine(typed Line, used map[int64]bool, ever EverQuoted, prefix string, f FieldErrors) (Line, error) {
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
	case !ever[old.ID]:
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

// short is the change with long texts cut, for notices.
func (c Change) short() string {
	cut := func(s string) string {
		if r := []rune(s); len(r) > 30 {
			return string(r[:29]) + "…"
		}
		return s
	}
	c.Before, c.After = cut(c.Before), cut(c.After)
	return c.String()
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
// when the quote was answered, the line or the purchase is settled or has changed
// again.
func (q Quote) Confirmed(p Purchase, l Line, by int64, version int, now time.Time) (Quote, error) {
	switch {
	case by != q.SupplierID:
		return q, Errorf(NotFound, "没有找到这条报价")
	case p.Status == Closed || p.Status == Purchased:
		return q, Errorf(Conflict, "采购单现在是“%s”，不用再确认", p.Status)
	case l.Status == Closed || l.Status == Purchased:
		return q, Errorf(Conflict, "这个品种已停止采购，不用再确认")
	case q.State != Pending:
		return q, Errorf(Conflict, "这条报价%s，不用再确认", q.State)
	case version != p.Version:
		return q, Errorf(Conflict, "采购单刚刚又有修改，请看过新的要求再确认")
	}
	q.Version, q.UpdatedAt = p.Version, now
	return q, nil
}

// Unconfirmed tells whether the quote was made for an earlier version of the
// purchase, and its supplier can still say that it holds.
func (q Quote) Unconfirmed(p Purchase, l Line) bool {
	_, err := q.Confirmed(p, l, q.SupplierID, p.Version, time.Time{})
	return err == nil && q.Version < p.Version
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
		text += c.short()
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
