package xunjia

import (
	"fmt"
	"time"
)

// resultNotice tells a supplier who was not chosen how the line ended: his rank
// and how far he was from the winner only when the buyer allows it.
func resultNotice(f Facts, at time.Time) Notice {
	r := f.Results[f.Quote.ID]
	text := "采购商选择了其他报价，感谢您的参与。"
	if !r.Sold {
		text = "采购商没有选择任何报价，感谢您的参与。"
	}
	if f.Purchase.ShowRank && r.Rank > 0 {
		text = fmt.Sprintf("您的报价排第 %d（共 %d 家）", r.Rank, r.Of)
		if d := r.Distance(); d != "" {
			text += "，" + d
		}
		text += "。"
	}
	n := Notice{
		Type: SellingNotice, Lane: DirectLane,
		Title:   fmt.Sprintf("您对 %s 的报价未中选", f.Line.Name),
		Text:    fmt.Sprintf("%s 已完成 %s 的采购。%s", f.Buyer.Name, f.Line.Title(), text),
		Content: id(f.Quote.ID), Path: QuotePath(f.Quote.ID),
		Template: TemplateQuoteAnswer, SMS: SMSQuoteAnswer,
		Params: map[string]string{"name": f.Line.Name, "result": "未中选"},
	}
	n.Fields = []NoticeField{
		{"报价品种", f.Line.Title()},
		{"报价金额", r.Price.String() + "元"},
		{"处理结果", "未中选"},
		{"回复内容", text},
		{"处理时间", FullTime(at)},
	}
	return n
}

// counterNotice tells a supplier the price that the buyer would accept.
func counterNotice(f Facts, at time.Time) Notice {
	price := f.Quote.Counter.Price.String() + "元/" + string(f.Quote.Unit)
	text := fmt.Sprintf("%s 希望 %s 的价格是 %s（您报 %s）。", f.Buyer.Name, f.Line.Title(), price, f.Quote.PriceText())
	message := f.Quote.Counter.Message
	if message != "" {
		text += "留言：" + message
	} else {
		message = "采购商还价 " + price
	}
	n := Notice{
		Type: SellingNotice, Lane: DirectLane,
		Title:   "采购商还价：" + f.Line.Name,
		Text:    text,
		Content: id(f.Quote.ID), Path: QuotePath(f.Quote.ID),
		Template: TemplateQuoteAnswer, SMS: SMSQuoteAnswer,
		Params: map[string]string{"name": f.Line.Name, "result": "还价 " + price},
	}
	n.Fields = []NoticeField{
		{"报价品种", f.Line.Title()},
		{"报价金额", f.Quote.Price.String() + "元"},
		{"处理结果", "采购商还价 " + price},
		{"回复内容", message},
		{"处理时间", FullTime(at)},
	}
	return n
}

// undoneNotice tells a supplier that the answer to his quote does not hold.
func undoneNotice(f Facts, at time.Time) Notice {
	text := "采购商撤销了刚才的答复，您的报价继续有效，请等待新的答复"
	n := Notice{
		Type: SellingNotice, Lane: DirectLane,
		Title:   fmt.Sprintf("对您 %s 报价的答复已撤销", f.Line.Name),
		Text:    fmt.Sprintf("%s：%s。", f.Buyer.Name, text),
		Content: id(f.Quote.ID), Path: QuotePath(f.Quote.ID),
		Template: TemplateQuoteAnswer, SMS: SMSQuoteAnswer,
		Params: map[string]string{"name": f.Line.Name, "result": "答复已撤销"},
	}
	n.Fields = []NoticeField{
		{"报价品种", f.Line.Title()},
		{"报价金额", f.Quote.Price.String() + "元"},
		{"处理结果", "答复已撤销"},
		{"回复内容", text},
		{"处理时间", FullTime(at)},
	}
	return n
}
