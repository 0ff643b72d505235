package xunjia

import (
	"fmt"
	"strings"
	"time"
)

// Waiting is what a buyer has not answered yet.
type Waiting struct {
	Count  int    // of quotes
	Lowest string // the lowest price of the line that has waited longest, with its unit; "" when prices are hidden
}

// Login is a login from a device that was not seen before.
type Login struct {
	Device string // 微信（iPhone）
	IP     string
	At     time.Time
}

// Digest is what was kept for somebody's daily summary.
type Digest struct {
	Count  int
	Titles []string // the newest few
}

// When people are reminded, before something ends or after nothing happened.
const (
	EndingSoon   = 2 * time.Hour  // a purchase, before its deadline
	ExpiringSoon = 24 * time.Hour // a quote, before the end of its validity
	ReminderGap  = 24 * time.Hour // between two reminders of the same
	MaxReminders = 2              // of unanswered quotes
)

// reminderNotice reminds somebody of what is his turn to do.
func reminderNotice(kind EventKind, f Facts, recipient int64, at time.Time) Notice {
	n := Notice{Type: PurchasingNotice, Lane: DirectLane, Template: TemplateReminder}
	var task string
	switch kind {
	case PurchaseEnding:
		n.Path, n.Content = PurchasePath(f.Purchase.ID), id(f.Line.ID)
		n.Title, task = "报价即将截止："+f.Purchase.Title(), "报价即将截止"
		n.Text = fmt.Sprintf("%s 求购的 %s %s 截止报价，想报价请抓紧。", f.Buyer.Name, f.Purchase.Title(), ShortTime(f.Purchase.Deadline))
		if f.Buys(recipient) {
			n.Path += "/compare"
			n.Text = fmt.Sprintf("您的采购单 %s 在 %s 截止，已收到 %d 条报价。需要更多报价可以延期。", f.Purchase.Number, ShortTime(f.Purchase.Deadline), f.Purchase.QuoteCount)
		}
	case QuoteExpiring:
		n.Type, n.Content, n.Path = SellingNotice, id(f.Quote.ID), QuotePath(f.Quote.ID)
		n.Title, task = "您的报价即将过期："+f.Line.Name, "报价即将过期"
		n.Text = fmt.Sprintf("您对 %s 的报价 %s 过期，过期后采购商不能接受。价格不变的话，点一下就能延长。", f.Line.Title(), ShortTime(f.Quote.ValidUntil))
	case QuotesWaiting:
		n.Path, n.Content = PurchasePath(f.Purchase.ID)+"/compare", id(f.Line.ID)
		n.Title, task = fmt.Sprintf("还有 %d 条报价等您答复", f.Waiting.Count), "报价等待答复"
		n.Text = fmt.Sprintf("采购单 %s（%s）还有 %d 条报价没有答复", f.Purchase.Number, f.Purchase.Title(), f.Waiting.Count)
		if f.Waiting.Lowest != "" {
			n.Text += "，最低 " + f.Waiting.Lowest
		}
		n.Text += "。及时答复会提高您的回复率。"
		n.SMS, n.Params = SMSReminder, map[string]string{"what": fmt.Sprintf("还有%d条报价等您答复", f.Waiting.Count)}
	default: // DealWaiting
		n.Path, n.Content = DealPath(f.Deal.ID), id(f.Line.ID)
		if recipient == f.Deal.SupplierID {
			n.Type, n.Content = SellingNotice, id(f.Quote.ID)
		}
		n.Title, task = "成交单等您确认："+f.Line.Name, "成交单等待确认"
		n.Text = fmt.Sprintf("%s 的成交单还没有生效，请您查看并确认。", f.Line.Title())
		n.SMS, n.Params = SMSReminder, map[string]string{"what": f.Line.Name + "的成交单等您确认"}
	}
	n.Fields = reminderFields(task, n.Text, at)
	return n
}

func reminderFields(task, text string, at time.Time) []NoticeField {
	return []NoticeField{{"待办事项", task}, {"事项内容", text}, {"提醒时间", FullTime(at)}}
}

// accountNotice tells somebody of his account, or what staff announce.
func accountNotice(kind EventKind, f Facts, at time.Time) Notice {
	n := Notice{Type: SystemNotice, Lane: kind.Lane()}
	switch kind {
	case DeviceLogin:
		n.Path = "/me/security"
		n.Title = "您的账户在新设备上登录"
		n.Text = fmt.Sprintf("%s，%s，IP %s。如果不是您本人，请马上修改密码并退出其他设备。", FullTime(f.Login.At), f.Login.Device, f.Login.IP)
		n.Template = TemplateLogin
		n.Fields = []NoticeField{{"登录设备", f.Login.Device}, {"登录时间", FullTime(f.Login.At)}, {"登录提示", "不是本人操作请马上改密码"}}
	case DigestDue:
		n.Path = "/inbox"
		n.Title = fmt.Sprintf("今天有 %d 条消息", f.Digest.Count)
		n.Text = strings.Join(f.Digest.Titles, "；")
		if f.Digest.Count > len(f.Digest.Titles) {
			n.Text += " 等"
		}
		n.Template, n.Fields = TemplateReminder, reminderFields("每日汇总", n.Title+"："+n.Text, at)
	default: // SystemAnnounced
		n.Title, n.Text, n.Path = f.Announcement.Title, f.Announcement.Excerpt(), AnnouncementPath(f.Announcement.ID)
	}
	return n
}
