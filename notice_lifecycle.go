package xunjia

import (
	"fmt"
	"time"
)

// lifecycleNotice tells who quoted what became of the request: closed in part,
// put off, or open again.
func lifecycleNotice(kind EventKind, f Facts, at time.Time) Notice {
	n := Notice{Type: SellingNotice, Lane: DirectLane, Content: id(f.Quote.ID), Path: PurchasePath(f.Purchase.ID)}
	var change string
	switch kind {
	case LineClosed:
		n.Title = "品种停止采购：" + f.Line.Name
		n.Text = fmt.Sprintf("%s 不再采购 %s。原因：%s", f.Buyer.Name, f.Line.Title(), f.Line.Reason)
		change = f.Line.Name + " 停止采购"
	case PurchaseExtended:
		n.Title = "报价延期：" + f.Purchase.Title()
		n.Text = fmt.Sprintf("%s 把报价截止时间延长到 %s，您可以修改报价。", f.Buyer.Name, ShortTime(f.Purchase.Deadline))
		change = "延期到 " + ShortTime(f.Purchase.Deadline)
	default:
		n.Title = "重新开放报价：" + f.Purchase.Title()
		n.Text = fmt.Sprintf("%s 重新开放了采购单 %s，%s 截止，欢迎再报价。", f.Buyer.Name, f.Purchase.Number, ShortTime(f.Purchase.Deadline))
		change = "重新开放报价"
	}
	n.Template, n.Fields = TemplatePurchaseNews, purchaseNews(f.Purchase, change, at)
	return n
}

// purchaseNews are the lines of the template message about a changed purchase.
func purchaseNews(p Purchase, change string, at time.Time) []NoticeField {
	return []NoticeField{{"采购单号", p.Number}, {"采购品种", p.Title()}, {"变更内容", change}, {"变更时间", FullTime(at)}}
}
