package templates

import (
	"fmt"

	"github.com/xunjia/xunjia"
)

// InboxPage is one tab of a user's notifications.
type InboxPage struct {
	Layout
	Type   xunjia.NotificationType
	Counts map[xunjia.NotificationType]int // unread
	Items  []xunjia.Notification
	Next   string // for the next page; "" at the end
}

// Template implements Page.
func (*InboxPage) Template() string { return "inbox" }

// NoticeTab is one of the four tabs.
type NoticeTab struct {
	xunjia.NotificationType
	Unread  int
	Current bool
}

// Href is the address of the tab.
func (t NoticeTab) Href() string { return fmt.Sprintf("/inbox?type=%d", int(t.NotificationType)) }

// Tabs are the four tabs in their order.
func (p *InboxPage) Tabs() []NoticeTab {
	var tabs []NoticeTab
	for _, t := range xunjia.NotificationTypes() {
		tabs = append(tabs, NoticeTab{t, p.Counts[t], t == p.Type})
	}
	return tabs
}

// NoticeGroup is the newest message about a request with the older ones of the
// same page below it.
type NoticeGroup struct {
	xunjia.Notification
	Older []xunjia.Notification
}

// OlderUnread counts the unread ones below the newest.
func (g NoticeGroup) OlderUnread() int {
	n := 0
	for _, o := range g.Older {
		if o.Status == xunjia.Unread {
			n++
		}
	}
	return n
}

// Groups puts the messages about one request together, in the order of their
// newest.
func (p *InboxPage) Groups() []NoticeGroup {
	var groups []NoticeGroup
	at := map[int64]int{}
	for _, n := range p.Items {
		if i, ok := at[n.Purchase]; ok && n.Purchase != 0 {
			groups[i].Older = append(groups[i].Older, n)
			continue
		}
		at[n.Purchase] = len(groups)
		groups = append(groups, NoticeGroup{Notification: n})
	}
	return groups
}

// UnreadHere counts the unread ones of this tab.
func (p *InboxPage) UnreadHere() int { return p.Counts[p.Type] }

// Icon is the drawing of the tab's notifications.
func (p *InboxPage) Icon() string {
	switch p.Type {
	case xunjia.SellingNotice:
		return "receipt"
	case xunjia.PurchasingNotice:
		return "package"
	case xunjia.GrowthNotice:
		return "trophy"
	default:
		return "bell"
	}
}

// EmptyText says what will come to this tab.
func (p *InboxPage) EmptyText() string {
	switch p.Type {
	case xunjia.SellingNotice:
		return "您的报价有了结果，会在这里告诉您。"
	case xunjia.PurchasingNotice:
		return "关注的品种有新采购，或您的采购单收到报价，会在这里告诉您。"
	case xunjia.GrowthNotice:
		return "完成任务获得的成长记录会出现在这里。"
	default:
		return "平台的公告和提醒会出现在这里。"
	}
}
