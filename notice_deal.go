package xunjia

import "fmt"

// DealPath is the address of a deal's page.
func DealPath(deal int64) string { return "/deals/" + id(deal) }

// dealKinds tells the events about deals, which concern one side or both.
func (k EventKind) dealKind() bool {
	switch k {
	case DealChanged, DealConfirmed, DealCancelled, DealKept, DealCompleted, DealRated, DealDisputed, DisputeSettled:
		return true
	}
	return false
}

// dealNotice tells one side of a deal what the other side, or staff, did.
func dealNotice(kind EventKind, f Facts, recipient int64) Notice {
	d := f.Deal
	side, other := BuyerSide, f.Supplier.Name
	if recipient == d.SupplierID {
		side, other = SupplierSide, f.Buyer.Name
	}
	goods := f.Line.Name
	n := Notice{Type: PurchasingNotice, Lane: DirectLane, Content: id(f.Line.ID), Path: DealPath(d.ID)}
	if side == SupplierSide {
		n.Type, n.Content = SellingNotice, id(f.Quote.ID)
	}
	result := ""
	switch {
	case kind == DealChanged:
		n.Title, result = "成交单有修改："+goods, "待您确认"
		n.Text = fmt.Sprintf("%s 修改了 %s 的成交单，请查看并确认。", other, f.Line.Title())
	case kind == DealConfirmed && d.State == DraftDeal:
		n.Title, result = "请确认成交："+goods, "待您确认"
		n.Text = fmt.Sprintf("%s 已确认 %s 的成交单，您确认后成交生效。", other, f.Line.Title())
	case kind == DealConfirmed:
		n.Title, result = "成交已生效："+goods, "已成交"
		n.Text = fmt.Sprintf("双方已确认：%s %s%s，%s元/%s。", f.Line.Title(), d.Quantity, d.Unit, d.Price, d.Unit)
	case kind == DealCancelled && d.State == CancelledDeal:
		n.Title, result = "成交已取消："+goods, "已取消"
		n.Text = fmt.Sprintf("%s 的成交已取消。原因：%s", f.Line.Title(), d.CancelReason)
	case kind == DealCancelled:
		n.Title, result = "对方想取消成交："+goods, "待您答复"
		n.Text = fmt.Sprintf("%s 想取消 %s 的成交：%s。您同意后才会取消。", other, f.Line.Title(), d.CancelReason)
	case kind == DealKept:
		n.Title = "成交继续有效：" + goods
		n.Text = fmt.Sprintf("%s 的成交不取消，继续有效。", f.Line.Title())
	case kind == DealCompleted:
		n.Title = "成交已完成：" + goods
		n.Text = fmt.Sprintf("%s 已确认收货。欢迎给对方一个评价。", other)
	case kind == DealRated:
		n.Title = "收到评价：" + goods
		n.Text = fmt.Sprintf("%s 评价了这笔成交。", other)
	case kind == DealDisputed:
		n.Title, result = "成交有争议："+goods, "请您说明"
		n.Text = fmt.Sprintf("%s 对 %s 的成交提出了争议或补充了说明，请在 72 小时内说明情况。", other, f.Line.Title())
	default:
		n.Title = "争议已处理：" + goods
		n.Text = fmt.Sprintf("%s 的争议已处理完，请查看结果。", f.Line.Title())
	}
	if result != "" {
		n.Template = TemplateDeal
		n.Fields = []NoticeField{
			{"成交品种", f.Line.Title()},
			{"成交单价", d.Price.String() + "元"},
			{"成交状态", result},
			{"成交说明", n.Text},
			{"更新时间", FullTime(f.Event.CreatedAt)},
		}
	}
	return n
}
